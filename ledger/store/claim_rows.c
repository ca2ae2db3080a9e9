/* One claim's row, its changes, and the states it had before. Lists are in claim_list.c, views in
 * claim_views.c. */
#include "ledger/store/claim_internal.h"

#include "ledger/store/known.h"
#include "ledger/store/rows_internal.h"

static const char *const origin_names[] = {"confirmed", "accepted", "both_signed", "tacit"};
enum { ORIGIN_COUNT = sizeof origin_names / sizeof *origin_names };

static const char *const life_names[LG_CLAIM_LIFE_COUNT] = {
    [LG_CLAIM_CONFIRMED] = "confirmed",
    [LG_CLAIM_DUE] = "due",
    [LG_CLAIM_PART_PAID] = "part_paid",
    [LG_CLAIM_OVERDUE] = "overdue",
    [LG_CLAIM_DEFAULTED] = "defaulted",
    [LG_CLAIM_SETTLED] = "settled",
    [LG_CLAIM_SPLIT] = "split",
    [LG_CLAIM_VOID] = "void",
    [LG_CLAIM_WRITTEN_OFF] = "written_off",
};
static const char *const encumbrance_names[LG_ENCUMBRANCE_COUNT] = {
    [LG_FREE] = "free",       [LG_OFFERED] = "offered", [LG_RESERVED] = "reserved",
    [LG_PLEDGED] = "pledged", [LG_SOLD] = "sold",       [LG_POOLED] = "pooled",
};
static const char *const lock_names[LG_LOCK_COUNT] = {
    [LG_LOCK_DISPUTED] = "disputed",
    [LG_LOCK_FROZEN] = "frozen",
    [LG_LOCK_DEBTOR_STOPPED] = "debtor_stopped",
};

const char *lg_claim_life_name(lg_claim_life life)
{
    return (unsigned)life < LG_CLAIM_LIFE_COUNT ? life_names[life] : "unknown";
}

const char *lg_encumbrance_name(lg_encumbrance encumbrance)
{
    return (unsigned)encumbrance < LG_ENCUMBRANCE_COUNT ? encumbrance_names[encumbrance] : "unknown";
}

const char *lg_claim_lock_name(lg_claim_lock lock)
{
    return (unsigned)lock < LG_LOCK_COUNT ? lock_names[lock] : "unknown";
}

lg_claim_life lg_claim_life_from(const lg_claim *claim)
{
    if (claim->outstanding_minor == 0)
        return LG_CLAIM_SETTLED;
    if (claim->age == LG_AGE_DEFAULTED)
        return LG_CLAIM_DEFAULTED;
    if (claim->age == LG_AGE_OVERDUE)
        return LG_CLAIM_OVERDUE;
    if (claim->paid_minor > 0)
        return LG_CLAIM_PART_PAID;
    return claim->age == LG_AGE_DUE ? LG_CLAIM_DUE : LG_CLAIM_CONFIRMED;
}

/* Columns from FIXED on are those that change; a version has them too. */
enum { FIXED = 12 };

/* The changing columns, from column `at` on. */
static void read_changing(lg_query *query, int at, lg_arena *arena, lg_claim *out)
{
    out->hop = lg_column_int(query, at);
    out->holder.v = lg_column_int(query, at + 1);
    out->held_seq = lg_column_int(query, at + 2);
    out->outstanding_minor = lg_column_int(query, at + 3);
    out->paid_minor = lg_column_int(query, at + 4);
    out->diluted_minor = lg_column_int(query, at + 5);
    out->life = (lg_claim_life)lg_column_name(query, at + 6, arena, life_names, LG_CLAIM_LIFE_COUNT);
    out->age = (lg_claim_age)lg_column_bits(query, at + 7, 2);
    out->next_age_day = lg_column_is_null(query, at + 8) ? LG_DAY_NEVER : lg_column_day(query, at + 8);
    out->encumbrance =
        (lg_encumbrance)lg_column_name(query, at + 9, arena, encumbrance_names, LG_ENCUMBRANCE_COUNT);
    out->locks = lg_column_bits(query, at + 10, LG_LOCK_COUNT);
    out->lender.v = lg_column_int(query, at + 11);
    out->lent_seq = lg_column_int(query, at + 12);
    out->financing.v = lg_column_int(query, at + 13);
    out->request.v = lg_column_int(query, at + 14);
    out->offered_to.v = lg_column_int(query, at + 15);
    out->respond_by = lg_column_int(query, at + 16);
    out->disputed_by.v = lg_column_int(query, at + 17);
    out->dispute_reason = lg_column_text(query, at + 18, arena);
    out->dispute_note = lg_column_text(query, at + 19, arena);
    out->disputed_at = lg_column_int(query, at + 20);
    out->frozen_by.v = lg_column_int(query, at + 21);
    out->order_reference = lg_column_text(query, at + 22, arena);
    out->notified_at = lg_column_int(query, at + 23);
    out->acknowledged_at = lg_column_int(query, at + 24);
    out->updated_at = lg_column_int(query, at + 25);
    out->last_seq = lg_column_int(query, at + 26);
}

void lg_claim_read(lg_query *query, lg_arena *arena, lg_claim *out)
{
    *out = (lg_claim){
        .no = {lg_column_int(query, 0)},
        .receivable = {lg_column_int(query, 2)},
        .root = {lg_column_int(query, 3)},
        .parent = {lg_column_int(query, 4)},
        .origin = origin_names[lg_column_name(query, 5, arena, origin_names, ORIGIN_COUNT)],
        .creditor = {lg_column_int(query, 6)},
        .debtor = {lg_column_int(query, 7)},
        .currency = lg_column_currency(query, 8, arena),
        .face_minor = lg_column_int(query, 9),
        .due_day = lg_column_day(query, 10),
        .accepted_at = lg_column_int(query, 11),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
    read_changing(query, FIXED, arena, out);
}

static void bind_day(lg_query *query, int at, lg_day day)
{
    if (day != LG_DAY_NEVER)
        lg_bind_int(query, at, day);
    else
        lg_bind_int_or_null(query, at, 0);
}

/* The changing columns, as the parameters from `at` on. */
static void bind_changing(lg_query *query, int at, const lg_claim *row)
{
    lg_bind_int(query, at, row->hop);
    lg_bind_int(query, at + 1, row->holder.v);
    lg_bind_int(query, at + 2, row->held_seq);
    lg_bind_int(query, at + 3, row->outstanding_minor);
    lg_bind_int(query, at + 4, row->paid_minor);
    lg_bind_int(query, at + 5, row->diluted_minor);
    lg_bind_text(query, at + 6, lg_claim_life_name(row->life));
    lg_bind_int(query, at + 7, row->age);
    bind_day(query, at + 8, row->next_age_day);
    lg_bind_text(query, at + 9, lg_encumbrance_name(row->encumbrance));
    lg_bind_int(query, at + 10, row->locks);
    lg_bind_int_or_null(query, at + 11, row->lender.v);
    lg_bind_int_or_null(query, at + 12, row->lent_seq);
    lg_bind_int_or_null(query, at + 13, row->financing.v);
    lg_bind_int_or_null(query, at + 14, row->request.v);
    lg_bind_int_or_null(query, at + 15, row->offered_to.v);
    lg_bind_int_or_null(query, at + 16, row->respond_by);
    lg_bind_int_or_null(query, at + 17, row->disputed_by.v);
    lg_bind_text(query, at + 18, row->dispute_reason);
    lg_bind_text(query, at + 19, row->dispute_note);
    lg_bind_int_or_null(query, at + 20, row->disputed_at);
    lg_bind_int_or_null(query, at + 21, row->frozen_by.v);
    lg_bind_text(query, at + 22, row->order_reference);
    lg_bind_int_or_null(query, at + 23, row->notified_at);
    lg_bind_int_or_null(query, at + 24, row->acknowledged_at);
    lg_bind_int(query, at + 25, row->updated_at);
    lg_bind_int(query, at + 26, row->last_seq);
}

/* The writer reads a claim several times for one entry. */
static void remember(lg_db *db, const lg_claim *row)
{
    lg_claim kept = *row;
    const size_t origin = lg_name_find(origin_names, ORIGIN_COUNT, row->origin);
    if (origin < ORIGIN_COUNT) {
        kept.origin = origin_names[origin];
        lg_known_keep_claim(lg_db_known(db), &kept);
    } else {
        lg_known_forget_claim(lg_db_known(db), row->no);
    }
}

static lg_err claim_one(lg_query *query, lg_arena *arena, lg_claim *out)
{
    bool found = lg_query_next(query);
    if (found)
        lg_claim_read(query, arena, out);
    lg_err err = lg_query_end_found(query, found);
    if (!err)
        remember(query->db, out);
    return err;
}

lg_err lg_claim_get(lg_db *db, lg_claim_no no, lg_arena *arena, lg_claim *out)
{
    static const lg_sql sql = {"SELECT " LG_CLAIM_COLUMNS " FROM claims WHERE claim_no = ?1"};
    if (lg_known_claim(lg_db_known(db), no, out))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return claim_one(&query, arena, out);
}

lg_err lg_claim_by_id(lg_db *db, lg_claim_id id, lg_arena *arena, lg_claim *out)
{
    static const lg_sql sql = {"SELECT " LG_CLAIM_COLUMNS " FROM claims WHERE id = ?1"};
    if (lg_known_claim_by_id(lg_db_known(db), id, out))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return claim_one(&query, arena, out);
}

lg_err lg_claim_insert(lg_db *db, const lg_claim *row)
{
    static const lg_sql sql = {"INSERT INTO claims (" LG_CLAIM_COLUMNS
                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
                               " ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28,"
                               " ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39)"};
    lg_query start = lg_query_start(db, &sql), *query = &start;
    lg_bind_int(query, 1, row->no.v);
    lg_bind_uuid(query, 2, &row->id.uuid);
    lg_bind_int(query, 3, row->receivable.v);
    lg_bind_int(query, 4, row->root.v);
    lg_bind_int_or_null(query, 5, row->parent.v);
    lg_bind_text(query, 6, row->origin);
    lg_bind_int(query, 7, row->creditor.v);
    lg_bind_int(query, 8, row->debtor.v);
    lg_bind_text(query, 9, row->currency.code);
    lg_bind_int(query, 10, row->face_minor);
    lg_bind_int(query, 11, row->due_day);
    lg_bind_int(query, 12, row->accepted_at);
    bind_changing(query, FIXED + 1, row);
    lg_err err = lg_query_run(query);
    if (!err)
        remember(db, row);
    return err;
}

/* The state that ends here stays readable; of several changes by one entry the first one's. */
static lg_err keep_version(lg_db *db, const lg_claim *row)
{
    static const lg_sql sql = {"INSERT INTO claim_versions (claim_no, until_seq, " LG_CLAIM_CHANGING ")"
                               " SELECT claim_no, ?2, " LG_CLAIM_CHANGING " FROM claims WHERE claim_no = ?1"
                               " ON CONFLICT (claim_no, until_seq) DO NOTHING"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_int(&query, 2, row->last_seq);
    return lg_query_run(&query);
}

/* A column that is named is written to its indexes anew, changed or not: so who holds it, and what time does
 * to it, is named only when it changes. */
#define CHANGE(and_also)                                                                                     \
    {                                                                                                        \
        "UPDATE claims SET outstanding_minor = ?5, paid_minor = ?6, diluted_minor = ?7, encumbrance = ?11, " \
        "locks = ?12, lender_no = ?13, lent_seq = ?14, financing_no = ?15, request_no = ?16, "               \
        "offered_to_no = ?17, respond_by = ?18, disputed_by_no = ?19, dispute_reason = ?20, "                \
        "dispute_note = ?21, disputed_at = ?22, frozen_by_no = ?23, order_reference = ?24, "                 \
        "notified_at = ?25, acknowledged_at = ?26, updated_at = ?27, last_seq = ?28" and_also                \
        " WHERE claim_no = ?1"                                                                               \
    }
#define HOLDER ", hop = ?2, holder_no = ?3, held_seq = ?4"
#define AGE    ", life = ?8, age = ?9, next_age_day = ?10"

lg_err lg_claim_update(lg_db *db, const lg_claim *before, const lg_claim *row)
{
    static const lg_sql sql[2][2] = {{CHANGE(""), CHANGE(AGE)}, {CHANGE(HOLDER), CHANGE(HOLDER AGE)}};
    const bool holder = row->hop != before->hop || row->holder.v != before->holder.v ||
                        row->held_seq != before->held_seq,
               age = row->life != before->life || row->age != before->age ||
                     row->next_age_day != before->next_age_day;
    lg_known_forget_claim(lg_db_known(db), row->no);
    lg_err err = keep_version(db, row);
    if (err)
        return err;
    lg_query query = lg_query_start(db, &sql[holder][age]);
    lg_bind_int(&query, 1, row->no.v);
    bind_changing(&query, 2, row);
    err = lg_query_run_found(&query);
    if (!err)
        remember(db, row);
    return err;
}

lg_err lg_claim_version(lg_db *db, lg_claim_no no, int64_t seq, lg_arena *arena, lg_claim *out)
{
    static const lg_sql sql = {"SELECT " LG_CLAIM_CHANGING
                               " FROM claim_versions WHERE claim_no = ?1 AND until_seq > ?2"
                               " ORDER BY until_seq LIMIT 1"};
    if (lg_row_seq(no.v) > seq)
        return LG_NOT_FOUND;
    lg_err err = lg_claim_get(db, no, arena, out);
    if (err)
        return err;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, seq);
    if (lg_query_next(&query))
        read_changing(&query, 0, arena, out);
    return lg_query_end(&query);
}
