#include "ledger/store/payment_rows.h"

#include "ledger/store/rows_internal.h"

#define REST                                                                                                 \
    ", p.id, p.root_no, p.debtor_no, p.recorded_by_no, p.amount_minor, p.excess_minor, p.currency, "         \
    "p.bank_reference, p.paid_day, p.recorded_at, p.reversed_at, p.reverse_reason, p.last_seq"
#define COLUMNS "p.payment_no" REST

static void payment_read(lg_query *query, lg_arena *arena, lg_payment *out)
{
    *out = (lg_payment){
        .no = {lg_column_int(query, 0)},
        .root = {lg_column_int(query, 2)},
        .debtor = {lg_column_int(query, 3)},
        .recorded_by = {lg_column_int(query, 4)},
        .amount_minor = lg_column_int(query, 5),
        .excess_minor = lg_column_int(query, 6),
        .currency = lg_column_currency(query, 7, arena),
        .bank_reference = lg_column_text(query, 8, arena),
        .paid_day = lg_column_day(query, 9),
        .recorded_at = lg_column_int(query, 10),
        .reversed_at = lg_column_int(query, 11),
        .reverse_reason = lg_column_text(query, 12, arena),
        .last_seq = lg_column_int(query, 13),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

lg_err lg_payment_by_id(lg_db *db, lg_payment_id id, lg_arena *arena, lg_payment *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM payments AS p WHERE p.id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    bool found = lg_query_next(&query);
    if (found)
        payment_read(&query, arena, out);
    return lg_query_end_found(&query, found);
}

lg_err lg_payment_insert(lg_db *db, const lg_payment *row)
{
    static const lg_sql sql = {
        "INSERT INTO payments (payment_no, id, root_no, debtor_no, recorded_by_no, amount_minor, "
        "excess_minor, currency,"
        " bank_reference, paid_day, recorded_at, reversed_at, reverse_reason, last_seq)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->root.v);
    lg_bind_int(&query, 4, row->debtor.v);
    lg_bind_int(&query, 5, row->recorded_by.v);
    lg_bind_int(&query, 6, row->amount_minor);
    lg_bind_int(&query, 7, row->excess_minor);
    lg_bind_text(&query, 8, row->currency.code);
    lg_bind_text(&query, 9, row->bank_reference);
    lg_bind_int(&query, 10, row->paid_day);
    lg_bind_int(&query, 11, row->recorded_at);
    lg_bind_int_or_null(&query, 12, row->reversed_at);
    lg_bind_text(&query, 13, row->reverse_reason);
    lg_bind_int(&query, 14, row->last_seq);
    return lg_query_run(&query);
}

lg_err lg_payment_update(lg_db *db, const lg_payment *row)
{
    static const lg_sql sql = {
        "UPDATE payments SET reversed_at = ?2, reverse_reason = ?3, last_seq = ?4 WHERE payment_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_int_or_null(&query, 2, row->reversed_at);
    lg_bind_text(&query, 3, row->reverse_reason);
    lg_bind_int(&query, 4, row->last_seq);
    return lg_query_run_found(&query);
}

lg_err lg_payment_reference_stands(lg_db *db, lg_participant_no recorded_by, const char *bank_reference,
                                   bool *stands)
{
    static const lg_sql sql = {
        "SELECT 1 FROM payments WHERE recorded_by_no = ?1 AND bank_reference = ?2 AND reversed_at IS NULL"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, recorded_by.v);
    lg_bind_text(&query, 2, bank_reference);
    *stands = lg_query_next(&query);
    return lg_query_end(&query);
}

/* ---- shares ---- */

lg_err lg_payment_share_insert(lg_db *db, const lg_payment_share *row)
{
    static const lg_sql sql = {"INSERT INTO payment_shares (payment_no, claim_no, holder_no, payee_no, "
                               "amount_minor) VALUES (?1, ?2, ?3, ?4, ?5)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->payment.v);
    lg_bind_int(&query, 2, row->claim.v);
    lg_bind_int(&query, 3, row->holder.v);
    lg_bind_int(&query, 4, row->payee.v);
    lg_bind_int(&query, 5, row->amount_minor);
    return lg_query_run(&query);
}

lg_err lg_payment_shares(lg_db *db, lg_payment_no payment, lg_arena *arena, lg_payment_share **rows,
                         size_t *count)
{
    static const lg_sql sql = {"SELECT claim_no, holder_no, payee_no, amount_minor FROM payment_shares"
                               " WHERE payment_no = ?1 ORDER BY claim_no"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, payment.v);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_payment_share *row = lg_row_add(&list, arena, sizeof *row);
        *row = (lg_payment_share){
            .payment = payment,
            .claim = {lg_column_int(&query, 0)},
            .holder = {lg_column_int(&query, 1)},
            .payee = {lg_column_int(&query, 2)},
            .amount_minor = lg_column_int(&query, 3),
        };
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_payment_visible(lg_db *db, const lg_payment *row, lg_participant_no viewer, bool *visible)
{
    static const lg_sql sql = {
        "SELECT 1 FROM payment_shares WHERE payment_no = ?1 AND (holder_no = ?2 OR payee_no = ?2) LIMIT 1"};
    *visible = lg_payment_sees_all(row, viewer);
    if (*visible || viewer.v == 0)
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_int(&query, 2, viewer.v);
    *visible = lg_query_next(&query);
    return lg_query_end(&query);
}

/* ---- lists ---- */

#define ROWS   "SELECT " COLUMNS " FROM payments AS p WHERE "
#define PAGE   " AND p.payment_no < ?2"
#define NEWEST " ORDER BY 1 DESC LIMIT ?3"
/* A payment once, though it paid the viewer on several claims: by the oldest of them. */
#define SHARES                                                                                               \
    "SELECT s.payment_no" REST                                                                               \
    " FROM payment_shares AS s CROSS JOIN payments AS p ON p.payment_no = s.payment_no WHERE "               \
    "s.payment_no < ?2 AND p.debtor_no <> ?1 AND p.recorded_by_no <> ?1"
#define NO_OLDER                                                                                             \
    " AND NOT EXISTS (SELECT 1 FROM payment_shares AS o WHERE o.payment_no = s.payment_no AND o.claim_no < " \
    "s.claim_no"
#define NOT_PAYEE                                                                                            \
    " AND NOT EXISTS (SELECT 1 FROM payment_shares AS q WHERE q.payment_no = s.payment_no AND q.payee_no = " \
    "?1)"

/* The arms exclude each other, and each walks one index from the newest on: as debtor, as who recorded it, as
 * who was paid, as holder of a claim whose lender was paid. Parameters: 1 viewer, 2 cursor, 3 limit. */
#define MINE                                                                                                 \
    ROWS "p.debtor_no = ?1" PAGE " UNION ALL " ROWS "p.recorded_by_no = ?1 AND p.debtor_no <> ?1" PAGE       \
         " UNION ALL " SHARES " AND s.payee_no = ?1" NO_OLDER " AND o.payee_no = ?1)"                        \
         " UNION ALL " SHARES " AND s.holder_no = ?1" NOT_PAYEE NO_OLDER " AND o.holder_no = ?1)" NEWEST

/* Of one root: few, so the viewer's are sifted out. 4: the root. */
#define OF_ROOT                                                                                              \
    ROWS "p.root_no = ?4" PAGE                                                                               \
         " AND (p.debtor_no = ?1 OR p.recorded_by_no = ?1 OR EXISTS (SELECT 1 FROM payment_shares AS s"      \
         " WHERE s.payment_no = p.payment_no AND (s.holder_no = ?1 OR s.payee_no = ?1)))" NEWEST

lg_err lg_payment_list(lg_db *db, const lg_payment_filter *filter, lg_arena *arena, lg_payment **rows,
                       size_t *count)
{
    static const lg_sql mine = {MINE}, of_root = {OF_ROOT};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, filter->root.v ? &of_root : &mine);
    lg_bind_int(&query, 1, filter->viewer.v);
    lg_bind_int(&query, 2, filter->before_no ? filter->before_no : INT64_MAX);
    lg_bind_int(&query, 3, (int64_t)filter->limit);
    if (filter->root.v)
        lg_bind_int(&query, 4, filter->root.v);
    while (lg_query_next(&query))
        payment_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
