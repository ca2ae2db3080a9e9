/* Financings, and the claims each rests on. */
#include "ledger/store/financing_rows.h"

#include "ledger/store/financing_internal.h"

static const char *const status_names[LG_FINANCING_STATUS_COUNT] = {
    [LG_FINANCING_INSTRUCTED] = "instructed", [LG_FINANCING_DISBURSED] = "disbursed",
    [LG_FINANCING_CANCELLED] = "cancelled",   [LG_FINANCING_LAPSED] = "lapsed",
    [LG_FINANCING_RELEASED] = "released",     [LG_FINANCING_REPAID] = "repaid",
    [LG_FINANCING_RECOURSE] = "recourse",     [LG_FINANCING_REPURCHASED] = "repurchased",
};

const char *lg_financing_status_name(lg_financing_status status)
{
    return (unsigned)status < LG_FINANCING_STATUS_COUNT ? status_names[status] : "unknown";
}

#define COLUMNS                                                                                              \
    "financing_no, id, offer_no, request_no, lender_no, seller_no, program_no, kind, recourse, currency, "   \
    "advance_minor, interest_minor, fee_minor, pay_to, status, disburse_by, bank_reference, "                \
    "registration_number, accepted_at, disbursed_at, updated_at, last_seq"

static void row_read(lg_query *query, lg_arena *arena, lg_financing *out)
{
    *out = (lg_financing){
        .no = {lg_column_int(query, 0)},
        .offer = {lg_column_int(query, 2)},
        .request = {lg_column_int(query, 3)},
        .lender = {lg_column_int(query, 4)},
        .seller = {lg_column_int(query, 5)},
        .program = {lg_column_int(query, 6)},
        .kind = lg_column_kind(query, 7, arena),
        .recourse = lg_column_int(query, 8) != 0,
        .currency = lg_column_currency(query, 9, arena),
        .advance_minor = lg_column_int(query, 10),
        .interest_minor = lg_column_int(query, 11),
        .fee_minor = lg_column_int(query, 12),
        .pay_to = lg_column_text(query, 13, arena),
        .status =
            (lg_financing_status)lg_column_name(query, 14, arena, status_names, LG_FINANCING_STATUS_COUNT),
        .disburse_by = lg_column_int(query, 15),
        .bank_reference = lg_column_text(query, 16, arena),
        .registration_number = lg_column_text(query, 17, arena),
        .accepted_at = lg_column_int(query, 18),
        .disbursed_at = lg_column_int(query, 19),
        .updated_at = lg_column_int(query, 20),
        .last_seq = lg_column_int(query, 21),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

static lg_err row_get(lg_query *query, lg_arena *arena, lg_financing *out)
{
    bool found = lg_query_next(query);
    if (found)
        row_read(query, arena, out);
    return lg_query_end_found(query, found);
}

static lg_err insert_row(lg_db *db, const lg_financing *row)
{
    static const lg_sql sql = {"INSERT INTO financings (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                               "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->offer.v);
    lg_bind_int(&query, 4, row->request.v);
    lg_bind_int(&query, 5, row->lender.v);
    lg_bind_int(&query, 6, row->seller.v);
    lg_bind_int_or_null(&query, 7, row->program.v);
    lg_bind_text(&query, 8, lg_financing_kind_name(row->kind));
    lg_bind_int(&query, 9, row->recourse);
    lg_bind_text(&query, 10, row->currency.code);
    lg_bind_int(&query, 11, row->advance_minor);
    lg_bind_int(&query, 12, row->interest_minor);
    lg_bind_int(&query, 13, row->fee_minor);
    lg_bind_text(&query, 14, row->pay_to);
    lg_bind_text(&query, 15, lg_financing_status_name(row->status));
    lg_bind_int(&query, 16, row->disburse_by);
    lg_bind_text(&query, 17, row->bank_reference);
    lg_bind_text(&query, 18, row->registration_number);
    lg_bind_int(&query, 19, row->accepted_at);
    lg_bind_int_or_null(&query, 20, row->disbursed_at);
    lg_bind_int(&query, 21, row->updated_at);
    lg_bind_int(&query, 22, row->last_seq);
    return lg_query_run(&query);
}

static lg_err insert_claim(lg_db *db, lg_financing_no no, const lg_financed_claim *claim, size_t place)
{
    static const lg_sql sql = {"INSERT INTO financing_claims (financing_no, place, claim_no, amount_minor, "
                               "advance_minor) VALUES (?1, ?2, ?3, ?4, ?5)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, (int64_t)place);
    lg_bind_int(&query, 3, claim->claim.v);
    lg_bind_int(&query, 4, claim->amount_minor);
    lg_bind_int(&query, 5, claim->advance_minor);
    return lg_query_run(&query);
}

lg_err lg_financing_insert(lg_db *db, const lg_financing *row, const lg_financed_claim *claims, size_t count)
{
    lg_err err = insert_row(db, row);
    for (size_t i = 0; i < count && !err; i++)
        err = insert_claim(db, row->no, &claims[i], i);
    return err;
}

lg_err lg_financing_get(lg_db *db, lg_financing_no no, lg_arena *arena, lg_financing *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM financings WHERE financing_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return row_get(&query, arena, out);
}

lg_err lg_financing_by_id(lg_db *db, lg_financing_id id, lg_arena *arena, lg_financing *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM financings WHERE id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return row_get(&query, arena, out);
}

lg_err lg_financing_update(lg_db *db, const lg_financing *row)
{
    static const lg_sql sql = {
        "UPDATE financings SET status = ?2, bank_reference = ?3, registration_number = ?4, disbursed_at = ?5,"
        " updated_at = ?6, last_seq = ?7 WHERE financing_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_text(&query, 2, lg_financing_status_name(row->status));
    lg_bind_text(&query, 3, row->bank_reference);
    lg_bind_text(&query, 4, row->registration_number);
    lg_bind_int_or_null(&query, 5, row->disbursed_at);
    lg_bind_int(&query, 6, row->updated_at);
    lg_bind_int(&query, 7, row->last_seq);
    return lg_query_run_found(&query);
}

lg_err lg_financing_claims(lg_db *db, lg_financing_no no, lg_arena *arena, lg_financed_claim **rows,
                           size_t *count)
{
    static const lg_sql sql = {"SELECT x.claim_no, c.id, x.amount_minor, x.advance_minor"
                               " FROM financing_claims AS x CROSS JOIN claims AS c ON c.claim_no = x.claim_no"
                               " WHERE x.financing_no = ?1 ORDER BY x.place"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    while (lg_query_next(&query)) {
        lg_financed_claim *row = lg_row_add(&list, arena, sizeof *row);
        row->claim.v = lg_column_int(&query, 0);
        lg_column_fixed(&query, 1, row->id.uuid.b, sizeof row->id.uuid.b);
        row->amount_minor = lg_column_int(&query, 2);
        row->advance_minor = lg_column_int(&query, 3);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_financing_unsettled(lg_db *db, lg_financing_no no, int64_t *count)
{
    static const lg_sql sql = {"SELECT count(*) FROM financing_claims AS x"
                               " CROSS JOIN claims AS c ON c.claim_no = x.claim_no"
                               " WHERE x.financing_no = ?1 AND c.outstanding_minor > 0"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    *count = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

/* ---- lists ---- */

lg_err lg_financing_list(lg_db *db, const lg_financing_filter *filter, lg_arena *arena, lg_financing **rows,
                         size_t *count)
{
#define OF(who)                                                                                              \
    "SELECT " COLUMNS " FROM financings WHERE " who                                                          \
    " = ?1 AND financing_no < ?2 AND (?3 IS NULL OR status = ?3)"
#define NEWEST_FIRST " ORDER BY 1 DESC LIMIT ?4"
    static const lg_sql lender = {OF("lender_no") NEWEST_FIRST};
    static const lg_sql seller = {OF("seller_no") NEWEST_FIRST};
    /* Two indexed walks, merged; nobody is both. */
    static const lg_sql any = {OF("lender_no") " UNION ALL " OF("seller_no") NEWEST_FIRST};
#undef OF
#undef NEWEST_FIRST
    const lg_sql *sql = &any;
    if (filter->part != LG_FINANCING_PART_ANY)
        sql = filter->part == LG_FINANCING_PART_LENDER ? &lender : &seller;
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, sql);
    lg_bind_int(&query, 1, filter->viewer.v);
    lg_bind_int(&query, 2, filter->before_no ? filter->before_no : INT64_MAX);
    lg_bind_text(&query, 3,
                 filter->status < 0 ? NULL : lg_financing_status_name((lg_financing_status)filter->status));
    lg_bind_int(&query, 4, (int64_t)filter->limit);
    while (lg_query_next(&query))
        row_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_financing_waiting(lg_db *db, lg_time now, size_t limit, lg_arena *arena, lg_financing_id **ids,
                            size_t *count)
{
    static const lg_sql sql = {"SELECT id FROM financings WHERE status = 'instructed' AND disburse_by < ?1"
                               " ORDER BY disburse_by LIMIT ?2"};
    lg_row_list list;
    lg_err err = lg_ids_due(db, &sql, now, limit, arena, &list);
    *ids = list.rows;
    *count = list.count;
    return err;
}
