/* Lists of claims: of a party, of a root, and what time makes due.
 *
 * A party's list has one arm for each role it may have in a claim; every arm walks the index of that role, in
 * the order of acceptance from the cursor on, and the filters only sift the rows it passes. The other orders
 * keep the best `limit` of the party's own rows. So the statements are fixed: one per arm, order and
 * direction. */
#include "ledger/store/claim_internal.h"

#include "ledger/store/rows_internal.h"

#include <stdlib.h>

static lg_err read_all(lg_query *query, lg_arena *arena, lg_claim **rows, size_t *count)
{
    lg_row_list list = {0};
    while (lg_query_next(query))
        lg_claim_read(query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(query);
}

/* ---- the statements. 1 party; 2 and 3 the cursor's sort value and claim; 4 limit; 5 to 16 the filters; 17:
 * several arms are asked, and none repeats the claims of those before it ---- */

/* One term to the planner (the CASE makes it so): of many it would guess that next to nothing is left, and
 * then sort rather than follow the index to the limit. */
#define FILTERS                                                                                              \
    " AND CASE WHEN (?5 IS NULL OR currency = ?5) AND (?6 = 0 OR creditor_no = ?6) AND (?7 = 0 OR "          \
    "debtor_no = ?7)"                                                                                        \
    " AND due_day BETWEEN ?8 AND ?9 AND outstanding_minor BETWEEN ?10 AND ?11"                               \
    " AND (?12 IS NULL OR life = ?12) AND (?13 IS NULL OR encumbrance = ?13)"                                \
    " AND (?14 < 0 OR ?14 = CASE WHEN locks <> 0 OR EXISTS (SELECT 1 FROM participants AS p"                 \
    " WHERE p.participant_no = debtor_no AND p.stopped = 1) THEN 1 ELSE 0 END)"                              \
    " AND (?15 IS NULL OR EXISTS (SELECT 1 FROM participants AS p"                                           \
    " WHERE p.participant_no = debtor_no AND instr(?15, ',' || p.rating || ',') > 0))"                       \
    " AND (?16 < 0 OR hop <= ?16) THEN 1 ELSE 0 END = 1"

/* What the first creditor keeps, what anybody else holds or a part, and what the first creditor parted with:
 * no claim is two of them. */
#define AS_KEEPER   "creditor_no = ?1 AND parent_no IS NULL AND holder_no = creditor_no"
#define AS_HOLDER   "holder_no = ?1 AND (parent_no IS NOT NULL OR holder_no <> creditor_no)"
#define AS_DEBTOR   "debtor_no = ?1"
#define AS_CREDITOR "creditor_no = ?1 AND parent_no IS NULL AND holder_no <> creditor_no"
#define AS_LENDER   "lender_no = ?1"
#define AS_OFFERED  "offered_to_no = ?1"
#define AS_FREEZER  "frozen_by_no = ?1"

/* The roles of the arms before. */
#define UP_TO_HOLDER   "holder_no = ?1"
#define UP_TO_DEBTOR   UP_TO_HOLDER " OR debtor_no = ?1"
#define UP_TO_CREDITOR UP_TO_DEBTOR " OR (creditor_no = ?1 AND parent_no IS NULL)"
#define UP_TO_LENDER   UP_TO_CREDITOR " OR lender_no IS NOT DISTINCT FROM ?1"
#define UP_TO_OFFERED  UP_TO_LENDER " OR offered_to_no IS NOT DISTINCT FROM ?1"
#define UP_TO_FREEZER  UP_TO_OFFERED " OR frozen_by_no IS NOT DISTINCT FROM ?1"
#define EXCEPT(roles)  " AND NOT (?17 <> 0 AND (" roles "))"

/* 18: 0 if the party is a lender, else the party again; 19 now; 20 the fields that filters and order speak
 * of. The fields that all valid views of the claim show together; NULL if there is none. */
#define VIEWED                                                                                               \
    "(SELECT max(v.fields & 1) | max(v.fields & 2) | max(v.fields & 4) | max(v.fields & 8)"                  \
    " | max(v.fields & 16) | max(v.fields & 32) | max(v.fields & 64) | max(v.fields & 128)"                  \
    " | max(v.fields & 256) FROM claim_views AS v WHERE v.participant_no IN (?1, ?18)"                       \
    " AND v.claim_no = claims.claim_no"                                                                      \
    " AND (v.valid_until IS NULL OR v.valid_until >= ?19))"
/* What the party sees without any grant (lg_claim_see). */
#define SEEN "(" UP_TO_FREEZER ")"
#define AS_GRANTED                                                                                           \
    "claim_no IN (SELECT v.claim_no FROM claim_views AS v WHERE v.participant_no IN (?1, ?18))"              \
    " AND ((" VIEWED " | CASE WHEN " SEEN " THEN 511 ELSE 0 END) & ?20) = ?20"
_Static_assert(LG_FIELDS_ALL == 511, "AS_GRANTED counts the fields");

#define LIST_OF(column, arm)                                                                                 \
    {                                                                                                        \
        {"SELECT " column ", claim_no FROM claims WHERE " arm FILTERS " AND (" column                        \
         ", claim_no) < (?2, ?3) ORDER BY " column " DESC, claim_no DESC LIMIT ?4"},                         \
        {                                                                                                    \
            "SELECT " column ", claim_no FROM claims WHERE " arm FILTERS " AND (" column                     \
            ", claim_no) > (?2, ?3) ORDER BY " column ", claim_no LIMIT ?4"                                  \
        }                                                                                                    \
    }
#define SUMS_OF(arm)                                                                                         \
    {                                                                                                        \
        "SELECT currency, face_minor, outstanding_minor FROM claims WHERE " arm FILTERS                      \
    }
#define ARM(of_parts, arm)                                                                                   \
    {                                                                                                        \
        .parts = of_parts, .sums = SUMS_OF(arm), .lists = {                                                  \
            [LG_BY_ACCEPTED_AT] = LIST_OF("accepted_at", arm),                                               \
            [LG_BY_DUE_DATE] = LIST_OF("due_day", arm),                                                      \
            [LG_BY_AMOUNT] = LIST_OF("outstanding_minor", arm),                                              \
        }                                                                                                    \
    }

typedef struct list_arm {
    unsigned parts; /* for which it is asked: a set of lg_claims_part */
    lg_sql sums;
    lg_sql lists[LG_CLAIM_SORT_COUNT][2]; /* descending, ascending */
} list_arm;

#define PART(part) (1u << LG_CLAIMS_ANY | 1u << (part))
#define BOTH(a, b) (PART(a) | PART(b))
static const list_arm arms[] = {
    ARM(BOTH(LG_CLAIMS_HOLDER, LG_CLAIMS_CREDITOR), AS_KEEPER),
    ARM(PART(LG_CLAIMS_HOLDER), AS_HOLDER),
    ARM(PART(LG_CLAIMS_DEBTOR), AS_DEBTOR EXCEPT(UP_TO_HOLDER)),
    ARM(PART(LG_CLAIMS_CREDITOR), AS_CREDITOR EXCEPT(UP_TO_DEBTOR)),
    ARM(PART(LG_CLAIMS_LENDER), AS_LENDER EXCEPT(UP_TO_CREDITOR)),
    ARM(PART(LG_CLAIMS_OFFERED), AS_OFFERED EXCEPT(UP_TO_LENDER)),
    ARM(PART(LG_CLAIMS_ANY), AS_FREEZER EXCEPT(UP_TO_OFFERED)), /* not a part that can be asked for alone */
    ARM(PART(LG_CLAIMS_GRANTED), AS_GRANTED EXCEPT(UP_TO_FREEZER)),
};
enum { ARM_COUNT = sizeof arms / sizeof *arms };

/* ---- filters ---- */

lg_claim_filter lg_claim_filter_of(lg_participant_no party, bool is_lender, lg_time now)
{
    return (lg_claim_filter){
        .party = party,
        .is_lender = is_lender,
        .now = now,
        .due_from = INT32_MIN,
        .due_to = INT32_MAX,
        .amount_max = INT64_MAX,
        .life = -1,
        .encumbrance = -1,
        .locked = -1,
        .hop_max = -1,
    };
}

/* The fields that the filters speak of. */
static unsigned asked_fields(const lg_claim_filter *filter)
{
    const struct {
        bool asked;
        lg_claim_field field;
    } all[] = {
        {filter->currency || filter->amount_min > 0 || filter->amount_max < INT64_MAX, LG_FIELD_AMOUNTS},
        {filter->due_from > INT32_MIN || filter->due_to < INT32_MAX, LG_FIELD_DUE_DATE},
        {filter->debtor.v || filter->ratings, LG_FIELD_DEBTOR},
        {filter->creditor.v, LG_FIELD_CREDITOR},
        {filter->life >= 0 || filter->encumbrance >= 0 || filter->locked >= 0, LG_FIELD_STATE},
        {filter->hop_max >= 0, LG_FIELD_LINEAGE},
    };
    unsigned fields = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        fields |= all[i].asked ? 1u << all[i].field : 0;
    return fields;
}

static unsigned sorted_fields(lg_claim_sort sort)
{
    switch (sort) {
    case LG_BY_DUE_DATE:
        return 1u << LG_FIELD_DUE_DATE;
    case LG_BY_AMOUNT:
        return 1u << LG_FIELD_AMOUNTS;
    case LG_BY_ACCEPTED_AT: /* is also the order in which things were granted, near enough */
    case LG_CLAIM_SORT_COUNT:
        break;
    }
    return 0;
}

static void bind_filter(lg_query *query, const list_arm *arm, const lg_claim_filter *filter, unsigned fields)
{
    lg_bind_int(query, 1, filter->party.v);
    lg_bind_text(query, 5, filter->currency);
    lg_bind_int(query, 6, filter->creditor.v);
    lg_bind_int(query, 7, filter->debtor.v);
    lg_bind_int(query, 8, filter->due_from);
    lg_bind_int(query, 9, filter->due_to);
    lg_bind_int(query, 10, filter->amount_min);
    lg_bind_int(query, 11, filter->amount_max);
    lg_bind_text(query, 12, filter->life < 0 ? NULL : lg_claim_life_name((lg_claim_life)filter->life));
    lg_bind_text(query, 13,
                 filter->encumbrance < 0 ? NULL : lg_encumbrance_name((lg_encumbrance)filter->encumbrance));
    lg_bind_int(query, 14, filter->locked);
    lg_bind_text(query, 15, filter->ratings);
    lg_bind_int(query, 16, filter->hop_max);
    if (!(arm->parts & 1u << LG_CLAIMS_HOLDER))
        lg_bind_int(query, 17, filter->part == LG_CLAIMS_ANY);
    if (!(arm->parts & 1u << LG_CLAIMS_GRANTED))
        return;
    lg_bind_int(query, 18, filter->is_lender ? 0 : filter->party.v);
    lg_bind_int(query, 19, filter->now);
    lg_bind_int(query, 20, fields);
}

static bool is_asked(const list_arm *arm, const lg_claim_filter *filter)
{
    return filter->party.v != 0 && (arm->parts & 1u << filter->part);
}

/* ---- lists of a party ---- */

int64_t lg_claim_sort_value(const lg_claim *row, lg_claim_sort sort)
{
    switch (sort) {
    case LG_BY_DUE_DATE:
        return row->due_day;
    case LG_BY_AMOUNT:
        return row->outstanding_minor;
    case LG_BY_ACCEPTED_AT:
    case LG_CLAIM_SORT_COUNT:
        break;
    }
    return row->accepted_at;
}

typedef struct list_place {
    int64_t value, no;
} list_place;

static int compare_places(const void *a, const void *b)
{
    const list_place *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->no > y->no) - (x->no < y->no);
}

/* The first `limit` places of one arm join the list. */
static lg_err list_arm_places(lg_db *db, const list_arm *arm, const lg_claim_filter *filter, lg_arena *arena,
                              lg_row_list *list)
{
    const int64_t start = filter->ascending ? INT64_MIN : INT64_MAX;
    lg_query query = lg_query_start(db, &arm->lists[filter->sort][filter->ascending]);
    lg_bind_int(&query, 2, filter->has_after ? filter->after_value : start);
    lg_bind_int(&query, 3, filter->has_after ? filter->after.v : start);
    lg_bind_int(&query, 4, (int64_t)filter->limit);
    bind_filter(&query, arm, filter, asked_fields(filter) | sorted_fields(filter->sort));
    while (lg_query_next(&query)) {
        list_place *place = lg_row_add(list, arena, sizeof *place);
        *place = (list_place){lg_column_int(&query, 0), lg_column_int(&query, 1)};
    }
    return lg_query_end(&query);
}

lg_err lg_claim_list(lg_db *db, const lg_claim_filter *filter, lg_arena *arena, lg_claim **rows,
                     size_t *count)
{
    lg_row_list list = {0};
    lg_err err = LG_OK;
    *count = 0;
    for (size_t i = 0; i < ARM_COUNT && !err; i++) {
        if (is_asked(&arms[i], filter))
            err = list_arm_places(db, &arms[i], filter, arena, &list);
    }
    list_place *places = list.rows;
    if (list.count > 1)
        qsort(places, list.count, sizeof *places, compare_places);
    size_t found = list.count < filter->limit ? list.count : filter->limit;
    *rows = lg_arena_array(arena, found ? found : 1, sizeof **rows);
    for (; *count < found && !err; ++*count) {
        size_t at = filter->ascending ? *count : list.count - 1 - *count;
        err = lg_claim_get(db, (lg_claim_no){places[at].no}, arena, *rows + *count);
    }
    return err;
}

/* ---- sums ---- */

/* The total of a currency, its place made where the alphabet has it; NULL if there is no room. */
static lg_claim_total *total_of(lg_claim_total *totals, size_t *count, lg_currency currency)
{
    size_t at = 0;
    while (at < *count && strcmp(totals[at].currency.code, currency.code) < 0)
        at++;
    if (at < *count && lg_currency_equal(totals[at].currency, currency))
        return &totals[at];
    if (*count == LG_TOTALS_MAX)
        return NULL;
    memmove(&totals[at + 1], &totals[at], (*count - at) * sizeof *totals);
    ++*count;
    totals[at] = (lg_claim_total){.currency = currency};
    return &totals[at];
}

static lg_err add_arm(lg_db *db, const list_arm *arm, const lg_claim_filter *filter, lg_claim_total *totals,
                      size_t *count)
{
    lg_err err = LG_OK;
    lg_query query = lg_query_start(db, &arm->sums);
    bind_filter(&query, arm, filter, asked_fields(filter) | 1u << LG_FIELD_AMOUNTS);
    while (!err && lg_query_next(&query)) {
        lg_currency currency = {0};
        lg_column_fixed(&query, 0, currency.code, 3);
        lg_claim_total *total = total_of(totals, count, currency);
        if (!total)
            lg_query_spoil(&query);
        else if (__builtin_add_overflow(total->face_minor, lg_column_int(&query, 1), &total->face_minor) ||
                 __builtin_add_overflow(total->outstanding_minor, lg_column_int(&query, 2),
                                        &total->outstanding_minor))
            err = LG_AMOUNT_OUT_OF_RANGE;
        else
            total->count++;
    }
    lg_err ended = lg_query_end(&query);
    return ended ? ended : err;
}

lg_err lg_claim_totals(lg_db *db, const lg_claim_filter *filter, lg_claim_total *out, size_t *count)
{
    lg_err err = LG_OK;
    *count = 0;
    for (size_t i = 0; i < ARM_COUNT && !err; i++) {
        if (is_asked(&arms[i], filter))
            err = add_arm(db, &arms[i], filter, out, count);
    }
    return err;
}

/* ---- of one root ---- */

#define ROWS "SELECT " LG_CLAIM_COLUMNS " FROM claims"

lg_err lg_claim_family_page(lg_db *db, lg_claim_no root, lg_claim_no after, size_t limit, lg_arena *arena,
                            lg_claim **rows, size_t *count)
{
    static const lg_sql sql = {ROWS " WHERE claim_no = ?1 AND claim_no > ?2 UNION ALL " ROWS
                                    " WHERE root_no = ?1 AND parent_no IS NOT NULL AND claim_no > ?2"
                                    " ORDER BY claim_no LIMIT ?3"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, root.v);
    lg_bind_int(&query, 2, after.v);
    lg_bind_int(&query, 3, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
    return read_all(&query, arena, rows, count);
}

lg_err lg_claim_family(lg_db *db, lg_claim_no root, lg_arena *arena, lg_claim **rows, size_t *count)
{
    return lg_claim_family_page(db, root, (lg_claim_no){0}, SIZE_MAX, arena, rows, count);
}

static lg_err count_one(lg_db *db, const lg_sql *sql, int64_t parameter, int64_t *count)
{
    lg_query query = lg_query_start(db, sql);
    lg_bind_int(&query, 1, parameter);
    *count = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

/* Counts within one family or one debtor's unpaid claims, never over a table. */
lg_err lg_claim_count_live(lg_db *db, lg_claim_no root, int64_t *count)
{
    static const lg_sql sql = {
        "SELECT (SELECT count(*) FROM claims WHERE claim_no = ?1 AND life <> 'settled' AND life <> 'split'"
        " AND life <> 'void' AND life <> 'written_off')"
        " + (SELECT count(*) FROM claims WHERE root_no = ?1 AND parent_no IS NOT NULL AND life <> 'settled'"
        " AND life <> 'split' AND life <> 'void' AND life <> 'written_off')"};
    return count_one(db, &sql, root.v, count);
}

lg_err lg_claim_count_unpaid(lg_db *db, lg_participant_no debtor, int64_t *count)
{
    static const lg_sql sql = {
        "SELECT count(*) FROM claims WHERE debtor_no = ?1 AND (life = 'overdue' OR life = 'defaulted')"};
    return count_one(db, &sql, debtor.v, count);
}

/* ---- what time makes due ---- */

lg_err lg_claim_unanswered(lg_db *db, lg_time now, size_t limit, lg_arena *arena, lg_claim_id **ids,
                           size_t *count)
{
    static const lg_sql sql = {"SELECT id FROM claims WHERE respond_by IS NOT NULL AND respond_by < ?1"
                               " ORDER BY respond_by, claim_no LIMIT ?2"};
    lg_row_list list;
    lg_err err = lg_ids_due(db, &sql, now, limit, arena, &list);
    *ids = list.rows;
    *count = list.count;
    return err;
}

lg_err lg_claim_ageing(lg_db *db, lg_day today, size_t limit, lg_arena *arena, lg_claim_id **ids,
                       size_t *count)
{
    static const lg_sql sql = {
        "SELECT id FROM claims INDEXED BY claims_ageing WHERE next_age_day <= ?1"
        " AND (life = 'confirmed' OR life = 'due' OR life = 'part_paid' OR life = 'overdue')"
        " ORDER BY next_age_day, claim_no LIMIT ?2"};
    lg_row_list list;
    lg_err err = lg_ids_due(db, &sql, today, limit, arena, &list);
    *ids = list.rows;
    *count = list.count;
    return err;
}
