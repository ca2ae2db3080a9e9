/* Financing requests and the offers on them. */
#include "ledger/store/financing_rows.h"

#include "ledger/store/financing_internal.h"

static const char *const request_status_names[LG_REQUEST_STATUS_COUNT] = {
    [LG_REQUEST_OPEN] = "open",
    [LG_REQUEST_WITHDRAWN] = "withdrawn",
    [LG_REQUEST_LAPSED] = "lapsed",
    [LG_REQUEST_ACCEPTED] = "accepted",
};
static const char *const offer_status_names[LG_OFFER_STATUS_COUNT] = {
    [LG_OFFER_OPEN] = "open",
    [LG_OFFER_WITHDRAWN] = "withdrawn",
    [LG_OFFER_ACCEPTED] = "accepted",
    [LG_OFFER_LAPSED] = "lapsed",
};

const char *lg_request_status_name(lg_request_status status)
{
    return (unsigned)status < LG_REQUEST_STATUS_COUNT ? request_status_names[status] : "unknown";
}

const char *lg_offer_status_name(lg_offer_status status)
{
    return (unsigned)status < LG_OFFER_STATUS_COUNT ? offer_status_names[status] : "unknown";
}

/* ---- requests ---- */

#define REQUEST_REST                                                                                         \
    "r.id, r.holder_no, r.currency, r.total_minor, r.kind, r.recourse, r.any_lender, r.fields, r.pay_to, "   \
    "r.note, r.status, r.valid_until, r.requested_at, r.last_seq"
#define REQUEST "r.request_no, " REQUEST_REST

static void request_read(lg_query *query, lg_arena *arena, lg_request *out)
{
    *out = (lg_request){
        .no = {lg_column_int(query, 0)},
        .holder = {lg_column_int(query, 2)},
        .currency = lg_column_currency(query, 3, arena),
        .total_minor = lg_column_int(query, 4),
        .kind = lg_column_is_null(query, 5) ? LG_EITHER : (int)lg_column_kind(query, 5, arena),
        .recourse = lg_column_is_null(query, 6) ? LG_EITHER : lg_column_int(query, 6) != 0,
        .any_lender = lg_column_int(query, 7) != 0,
        .fields = lg_column_bits(query, 8, LG_FIELD_COUNT),
        .pay_to = lg_column_text(query, 9, arena),
        .note = lg_column_text(query, 10, arena),
        .status = (lg_request_status)lg_column_name(query, 11, arena, request_status_names,
                                                    LG_REQUEST_STATUS_COUNT),
        .valid_until = lg_column_int(query, 12),
        .requested_at = lg_column_int(query, 13),
        .last_seq = lg_column_int(query, 14),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

static lg_err request_one(lg_query *query, lg_arena *arena, lg_request *out)
{
    bool found = lg_query_next(query);
    if (found)
        request_read(query, arena, out);
    return lg_query_end_found(query, found);
}

static lg_err insert_request(lg_db *db, const lg_request *row)
{
    static const lg_sql sql = {
        "INSERT INTO requests (request_no, id, holder_no, currency, total_minor, kind, recourse, any_lender,"
        " fields, pay_to, note, status, valid_until, requested_at, last_seq)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->holder.v);
    lg_bind_text(&query, 4, row->currency.code);
    lg_bind_int(&query, 5, row->total_minor);
    lg_bind_text(&query, 6,
                 row->kind == LG_EITHER ? NULL : lg_financing_kind_name((lg_financing_kind)row->kind));
    if (row->recourse == LG_EITHER)
        lg_bind_int_or_null(&query, 7, 0);
    else
        lg_bind_int(&query, 7, row->recourse);
    lg_bind_int(&query, 8, row->any_lender);
    lg_bind_int(&query, 9, row->fields);
    lg_bind_text(&query, 10, row->pay_to);
    lg_bind_text(&query, 11, row->note);
    lg_bind_text(&query, 12, lg_request_status_name(row->status));
    lg_bind_int(&query, 13, row->valid_until);
    lg_bind_int(&query, 14, row->requested_at);
    lg_bind_int(&query, 15, row->last_seq);
    return lg_query_run(&query);
}

static lg_err insert_claim(lg_db *db, lg_request_no no, const lg_financed_claim *claim, size_t place)
{
    static const lg_sql sql = {
        "INSERT INTO request_claims (request_no, place, claim_no, amount_minor) VALUES (?1, ?2, ?3, ?4)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, (int64_t)place);
    lg_bind_int(&query, 3, claim->claim.v);
    lg_bind_int(&query, 4, claim->amount_minor);
    return lg_query_run(&query);
}

static lg_err insert_lender(lg_db *db, lg_request_no no, lg_participant_no lender, size_t place)
{
    static const lg_sql sql = {
        "INSERT INTO request_lenders (lender_no, request_no, place) VALUES (?1, ?2, ?3)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, lender.v);
    lg_bind_int(&query, 2, no.v);
    lg_bind_int(&query, 3, (int64_t)place);
    return lg_query_run(&query);
}

lg_err lg_request_insert(lg_db *db, const lg_request *row, const lg_financed_claim *claims,
                         size_t claim_count, const lg_participant_no *lenders, size_t lender_count)
{
    lg_err err = insert_request(db, row);
    for (size_t i = 0; i < claim_count && !err; i++)
        err = insert_claim(db, row->no, &claims[i], i);
    for (size_t i = 0; i < lender_count && !err; i++)
        err = insert_lender(db, row->no, lenders[i], i);
    return err;
}

lg_err lg_request_get(lg_db *db, lg_request_no no, lg_arena *arena, lg_request *out)
{
    static const lg_sql sql = {"SELECT " REQUEST " FROM requests AS r WHERE r.request_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return request_one(&query, arena, out);
}

lg_err lg_request_by_id(lg_db *db, lg_request_id id, lg_arena *arena, lg_request *out)
{
    static const lg_sql sql = {"SELECT " REQUEST " FROM requests AS r WHERE r.id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return request_one(&query, arena, out);
}

lg_err lg_request_claims(lg_db *db, lg_request_no no, lg_arena *arena, lg_financed_claim **rows,
                         size_t *count)
{
    static const lg_sql sql = {"SELECT x.claim_no, c.id, x.amount_minor FROM request_claims AS x"
                               " CROSS JOIN claims AS c ON c.claim_no = x.claim_no"
                               " WHERE x.request_no = ?1 ORDER BY x.place"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    while (lg_query_next(&query)) {
        lg_financed_claim *row = lg_row_add(&list, arena, sizeof *row);
        row->claim.v = lg_column_int(&query, 0);
        lg_column_fixed(&query, 1, row->id.uuid.b, sizeof row->id.uuid.b);
        row->amount_minor = lg_column_int(&query, 2);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_request_lenders(lg_db *db, lg_request_no no, lg_arena *arena, lg_participant_no **rows,
                          size_t *count)
{
    static const lg_sql sql = {"SELECT lender_no FROM request_lenders WHERE request_no = ?1 ORDER BY place"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    while (lg_query_next(&query))
        ((lg_participant_no *)lg_row_add(&list, arena, sizeof **rows))->v = lg_column_int(&query, 0);
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_request_names(lg_db *db, lg_request_no no, lg_participant_no lender, bool *out)
{
    static const lg_sql sql = {"SELECT 1 FROM request_lenders WHERE lender_no = ?1 AND request_no = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, lender.v);
    lg_bind_int(&query, 2, no.v);
    *out = lg_query_next(&query);
    return lg_query_end(&query);
}

lg_err lg_request_end(lg_db *db, lg_request_no no, lg_request_status status, int64_t seq)
{
    static const lg_sql sql = {"UPDATE requests SET status = ?2, last_seq = ?3 WHERE request_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, lg_request_status_name(status));
    lg_bind_int(&query, 3, seq);
    return lg_query_run_found(&query);
}

lg_err lg_request_list(lg_db *db, const lg_request_filter *filter, lg_arena *arena, lg_request **rows,
                       size_t *count)
{
    static const lg_sql own = {"SELECT " REQUEST " FROM requests AS r WHERE r.holder_no = ?1"
                               " AND r.request_no < ?2 AND (?3 IS NULL OR r.status = ?3)"
                               " ORDER BY r.request_no DESC LIMIT ?4"};
    /* Two indexed walks, merged. */
    static const lg_sql addressed = {
        "SELECT l.request_no, " REQUEST_REST " FROM request_lenders AS l"
        " CROSS JOIN requests AS r ON r.request_no = l.request_no WHERE l.lender_no = ?1"
        " AND l.request_no < ?2 AND (?3 IS NULL OR r.status = ?3)"
        " UNION ALL SELECT " REQUEST " FROM requests AS r WHERE r.any_lender = 1 AND r.status = 'open'"
        " AND r.request_no < ?2 AND r.holder_no <> ?1 AND (?3 IS NULL OR ?3 = 'open')"
        " ORDER BY 1 DESC LIMIT ?4"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, filter->addressed ? &addressed : &own);
    lg_bind_int(&query, 1, filter->viewer.v);
    lg_bind_int(&query, 2, filter->before_no ? filter->before_no : INT64_MAX);
    lg_bind_text(&query, 3,
                 filter->status < 0 ? NULL : lg_request_status_name((lg_request_status)filter->status));
    lg_bind_int(&query, 4, (int64_t)filter->limit);
    while (lg_query_next(&query))
        request_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_request_waiting(lg_db *db, lg_time now, size_t limit, lg_arena *arena, lg_request_id **ids,
                          size_t *count)
{
    static const lg_sql sql = {"SELECT id FROM requests WHERE status = 'open' AND valid_until < ?1"
                               " ORDER BY valid_until LIMIT ?2"};
    lg_row_list list;
    lg_err err = lg_ids_due(db, &sql, now, limit, arena, &list);
    *ids = list.rows;
    *count = list.count;
    return err;
}

/* ---- offers ---- */

#define OFFER                                                                                                \
    "offer_no, id, request_no, lender_no, program_no, kind, recourse, advance_rate_ppm, annual_rate_ppm, "   \
    "day_count, advance_minor, interest_minor, fee_minor, valid_until, disburse_within_minutes, status, "    \
    "offered_at, last_seq"

static void offer_read(lg_query *query, lg_arena *arena, lg_offer *out)
{
    *out = (lg_offer){
        .no = {lg_column_int(query, 0)},
        .request = {lg_column_int(query, 2)},
        .lender = {lg_column_int(query, 3)},
        .program = {lg_column_int(query, 4)},
        .terms =
            {
                .kind = lg_column_kind(query, 5, arena),
                .recourse = lg_column_int(query, 6) != 0,
                .advance_rate_ppm = lg_column_int(query, 7),
                .annual_rate_ppm = lg_column_int(query, 8),
                .day_count = lg_column_int(query, 9),
                .disburse_within_minutes = lg_column_int(query, 14),
            },
        .advance_minor = lg_column_int(query, 10),
        .interest_minor = lg_column_int(query, 11),
        .fee_minor = lg_column_int(query, 12),
        .valid_until = lg_column_int(query, 13),
        .status =
            (lg_offer_status)lg_column_name(query, 15, arena, offer_status_names, LG_OFFER_STATUS_COUNT),
        .offered_at = lg_column_int(query, 16),
        .last_seq = lg_column_int(query, 17),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

static lg_err offer_one(lg_query *query, lg_arena *arena, lg_offer *out)
{
    bool found = lg_query_next(query);
    if (found)
        offer_read(query, arena, out);
    return lg_query_end_found(query, found);
}

static lg_err offers_get(lg_query *query, lg_arena *arena, lg_offer **rows, size_t *count)
{
    lg_row_list list = {0};
    while (lg_query_next(query))
        offer_read(query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(query);
}

lg_err lg_offer_insert(lg_db *db, const lg_offer *row)
{
    static const lg_sql sql = {"INSERT INTO offers (" OFFER ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                               "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->request.v);
    lg_bind_int(&query, 4, row->lender.v);
    lg_bind_int_or_null(&query, 5, row->program.v);
    lg_bind_text(&query, 6, lg_financing_kind_name(row->terms.kind));
    lg_bind_int(&query, 7, row->terms.recourse);
    lg_bind_int(&query, 8, row->terms.advance_rate_ppm);
    lg_bind_int(&query, 9, row->terms.annual_rate_ppm);
    lg_bind_int(&query, 10, row->terms.day_count);
    lg_bind_int(&query, 11, row->advance_minor);
    lg_bind_int(&query, 12, row->interest_minor);
    lg_bind_int(&query, 13, row->fee_minor);
    lg_bind_int(&query, 14, row->valid_until);
    lg_bind_int(&query, 15, row->terms.disburse_within_minutes);
    lg_bind_text(&query, 16, lg_offer_status_name(row->status));
    lg_bind_int(&query, 17, row->offered_at);
    lg_bind_int(&query, 18, row->last_seq);
    return lg_query_run(&query);
}

lg_err lg_offer_get(lg_db *db, lg_offer_no no, lg_arena *arena, lg_offer *out)
{
    static const lg_sql sql = {"SELECT " OFFER " FROM offers WHERE offer_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return offer_one(&query, arena, out);
}

lg_err lg_offer_by_id(lg_db *db, lg_offer_id id, lg_arena *arena, lg_offer *out)
{
    static const lg_sql sql = {"SELECT " OFFER " FROM offers WHERE id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return offer_one(&query, arena, out);
}

lg_err lg_offer_end(lg_db *db, lg_offer_no no, lg_offer_status status, int64_t seq)
{
    static const lg_sql sql = {"UPDATE offers SET status = ?2, last_seq = ?3 WHERE offer_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, lg_offer_status_name(status));
    lg_bind_int(&query, 3, seq);
    return lg_query_run_found(&query);
}

lg_err lg_offer_lapse(lg_db *db, lg_request_no request, int64_t seq)
{
    static const lg_sql sql = {"UPDATE offers SET status = 'lapsed', last_seq = ?2"
                               " WHERE request_no = ?1 AND status = 'open'"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, request.v);
    lg_bind_int(&query, 2, seq);
    return lg_query_run(&query);
}

lg_err lg_offer_on_request(lg_db *db, lg_request_no request, lg_participant_no lender, lg_arena *arena,
                           lg_offer **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " OFFER " FROM offers WHERE request_no = ?1"
                               " AND (?2 = 0 OR lender_no = ?2) ORDER BY offer_no"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, request.v);
    lg_bind_int(&query, 2, lender.v);
    return offers_get(&query, arena, rows, count);
}

lg_err lg_offer_list(lg_db *db, lg_participant_no lender, int status, int64_t before_no, size_t limit,
                     lg_arena *arena, lg_offer **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " OFFER " FROM offers WHERE lender_no = ?1 AND offer_no < ?2"
                               " AND (?3 IS NULL OR status = ?3) ORDER BY offer_no DESC LIMIT ?4"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, lender.v);
    lg_bind_int(&query, 2, before_no ? before_no : INT64_MAX);
    lg_bind_text(&query, 3, status < 0 ? NULL : lg_offer_status_name((lg_offer_status)status));
    lg_bind_int(&query, 4, (int64_t)limit);
    return offers_get(&query, arena, rows, count);
}
