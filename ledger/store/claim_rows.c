/* Rows of claims. */
#include "ledger/store/receivable_rows.h"
#include "ledger/store/rows_internal.h"

#define CLAIM_COLUMNS                                                                                        \
    "claim_no, id, receivable_no, root_no, parent_no, hop, origin, holder_no, creditor_no, debtor_no, "      \
    "currency,"                                                                                              \
    " face_minor, outstanding_minor, due_day, life, encumbrance, locks, accepted_at, updated_at, last_seq"

static const char *const origin_names[] = {"confirmed", "accepted", "both_signed", "tacit"};
enum { ORIGIN_COUNT = sizeof origin_names / sizeof *origin_names, LOCK_BITS = 31 };

static void claim_read(lg_query *query, lg_arena *arena, lg_claim *out)
{
    *out = (lg_claim){
        .no = {lg_column_int(query, 0)},
        .receivable = {lg_column_int(query, 2)},
        .root = {lg_column_int(query, 3)},
        .parent = {lg_column_int(query, 4)},
        .hop = lg_column_int(query, 5),
        .origin = origin_names[lg_column_name(query, 6, arena, origin_names, ORIGIN_COUNT)],
        .holder = {lg_column_int(query, 7)},
        .creditor = {lg_column_int(query, 8)},
        .debtor = {lg_column_int(query, 9)},
        .currency = lg_column_currency(query, 10, arena),
        .face_minor = lg_column_int(query, 11),
        .outstanding_minor = lg_column_int(query, 12),
        .due_day = lg_column_day(query, 13),
        .life = lg_column_text(query, 14, arena),
        .encumbrance = lg_column_text(query, 15, arena),
        .locks = lg_column_bits(query, 16, LOCK_BITS),
        .accepted_at = lg_column_int(query, 17),
        .updated_at = lg_column_int(query, 18),
        .last_seq = lg_column_int(query, 19),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

static lg_err claim_one(lg_query *query, lg_arena *arena, lg_claim *out)
{
    bool found = lg_query_next(query);
    if (found)
        claim_read(query, arena, out);
    return lg_query_end_found(query, found);
}

lg_err lg_claim_get(lg_db *db, lg_claim_no no, lg_arena *arena, lg_claim *out)
{
    static const lg_sql sql = {"SELECT " CLAIM_COLUMNS " FROM claims WHERE claim_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return claim_one(&query, arena, out);
}

lg_err lg_claim_by_id(lg_db *db, lg_claim_id id, lg_arena *arena, lg_claim *out)
{
    static const lg_sql sql = {"SELECT " CLAIM_COLUMNS " FROM claims WHERE id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return claim_one(&query, arena, out);
}

lg_err lg_claim_insert(lg_db *db, const lg_claim *row)
{
    static const lg_sql sql = {"INSERT INTO claims (" CLAIM_COLUMNS
                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
                               " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->receivable.v);
    lg_bind_int(&query, 4, row->root.v);
    lg_bind_int_or_null(&query, 5, row->parent.v);
    lg_bind_int(&query, 6, row->hop);
    lg_bind_text(&query, 7, row->origin);
    lg_bind_int(&query, 8, row->holder.v);
    lg_bind_int(&query, 9, row->creditor.v);
    lg_bind_int(&query, 10, row->debtor.v);
    lg_bind_text(&query, 11, row->currency.code);
    lg_bind_int(&query, 12, row->face_minor);
    lg_bind_int(&query, 13, row->outstanding_minor);
    lg_bind_int(&query, 14, row->due_day);
    lg_bind_text(&query, 15, row->life);
    lg_bind_text(&query, 16, row->encumbrance);
    lg_bind_int(&query, 17, row->locks);
    lg_bind_int(&query, 18, row->accepted_at);
    lg_bind_int(&query, 19, row->updated_at);
    lg_bind_int(&query, 20, row->last_seq);
    return lg_query_run(&query);
}

bool lg_claim_visible(const lg_claim *row, lg_participant_no party)
{
    return party.v != 0 &&
           (row->holder.v == party.v || row->creditor.v == party.v || row->debtor.v == party.v);
}

/* As in receivable_list.c: one fixed statement per index and direction. Parameters: 1 party, 2 cursor, 3
 * limit, then the filters. */
#define ROWS "SELECT " CLAIM_COLUMNS " FROM claims"
#define FILTERS                                                                                              \
    " AND (?4 IS NULL OR life = ?4) AND (?5 IS NULL OR currency = ?5)"                                       \
    " AND (?6 = 0 OR creditor_no = ?6) AND (?7 = 0 OR debtor_no = ?7) AND due_day BETWEEN ?8 AND ?9"
#define BEFORE       " AND claim_no < ?2"
#define AFTER        " AND claim_no > ?2"
#define NEWEST_FIRST " ORDER BY claim_no DESC LIMIT ?3"
#define OLDEST_FIRST " ORDER BY claim_no LIMIT ?3"

#define AS_HOLDER   ROWS " WHERE holder_no = ?1" FILTERS
#define AS_CREDITOR ROWS " WHERE creditor_no = ?1" FILTERS
#define AS_DEBTOR   ROWS " WHERE debtor_no = ?1" FILTERS
/* The arms of "any part" exclude each other. */
#define AS_CREDITOR_ONLY ROWS " WHERE creditor_no = ?1 AND holder_no <> ?1" FILTERS
#define AS_DEBTOR_ONLY   ROWS " WHERE debtor_no = ?1 AND holder_no <> ?1 AND creditor_no <> ?1" FILTERS

static const lg_sql holder_lists[] = {{AS_HOLDER BEFORE NEWEST_FIRST}, {AS_HOLDER AFTER OLDEST_FIRST}};
static const lg_sql creditor_lists[] = {{AS_CREDITOR BEFORE NEWEST_FIRST}, {AS_CREDITOR AFTER OLDEST_FIRST}};
static const lg_sql debtor_lists[] = {{AS_DEBTOR BEFORE NEWEST_FIRST}, {AS_DEBTOR AFTER OLDEST_FIRST}};
static const lg_sql any_lists[] = {
    {AS_HOLDER BEFORE " UNION ALL " AS_CREDITOR_ONLY BEFORE " UNION ALL " AS_DEBTOR_ONLY BEFORE NEWEST_FIRST},
    {AS_HOLDER AFTER " UNION ALL " AS_CREDITOR_ONLY AFTER " UNION ALL " AS_DEBTOR_ONLY AFTER OLDEST_FIRST},
};

static const lg_sql *part_lists(lg_party_part part)
{
    switch (part) {
    case LG_PART_CREDITOR:
        return creditor_lists;
    case LG_PART_DEBTOR:
        return debtor_lists;
    case LG_PART_HOLDER:
        return holder_lists;
    case LG_PART_ANY:
        break;
    }
    return any_lists;
}

lg_err lg_claim_list(lg_db *db, const lg_claim_filter *filter, lg_arena *arena, lg_claim **rows,
                     size_t *count)
{
    int64_t from = filter->after_no == 0 && !filter->ascending ? INT64_MAX : filter->after_no;
    lg_query query = lg_query_start(db, &part_lists(filter->part)[filter->ascending]);
    lg_bind_int(&query, 1, filter->party.v);
    lg_bind_int(&query, 2, from);
    lg_bind_int(&query, 3, (int64_t)filter->limit);
    lg_bind_text(&query, 4, filter->life);
    lg_bind_text(&query, 5, filter->currency);
    lg_bind_int(&query, 6, filter->creditor.v);
    lg_bind_int(&query, 7, filter->debtor.v);
    lg_bind_int(&query, 8, filter->due_from);
    lg_bind_int(&query, 9, filter->due_to);
    lg_row_list list = {0};
    while (lg_query_next(&query))
        claim_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
