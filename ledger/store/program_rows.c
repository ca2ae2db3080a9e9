#include "ledger/store/program_rows.h"

#include "ledger/store/financing_internal.h"

#define COLUMNS                                                                                              \
    "p.program_no, p.id, p.lender_no, p.name, p.kind, p.recourse, p.currency, p.tenor_min_days, "            \
    "p.tenor_max_days, p.amount_min_minor, p.amount_max_minor, p.advance_rate_ppm, p.annual_rate_ppm, "      \
    "p.day_count, p.fee_minor, p.fee_rate_ppm, p.total_limit_minor, p.debtor_limit_minor, p.drawn_minor, "   \
    "p.valid_until, p.offer_valid_minutes, p.disburse_within_minutes, p.opened_at, p.closed_at, p.last_seq"

const char *lg_program_status_name(lg_program_status status)
{
    switch (status) {
    case LG_PROGRAM_OPEN:
        return "open";
    case LG_PROGRAM_CLOSED:
        return "closed";
    case LG_PROGRAM_EXPIRED:
        return "expired";
    }
    return "unknown";
}

lg_financing_kind lg_column_kind(lg_query *query, int at, lg_arena *arena)
{
    lg_financing_kind kind = LG_SALE;
    if (!lg_financing_kind_parse(lg_column_text(query, at, arena), &kind))
        lg_query_spoil(query);
    return kind;
}

static void row_read(lg_query *query, lg_arena *arena, lg_program *out)
{
    *out = (lg_program){
        .no = {lg_column_int(query, 0)},
        .lender = {lg_column_int(query, 2)},
        .name = lg_column_text(query, 3, arena),
        .terms.kind = lg_column_kind(query, 4, arena),
        .terms.recourse = lg_column_int(query, 5) != 0,
        .currency = lg_column_currency(query, 6, arena),
        .tenor_min_days = lg_column_int(query, 7),
        .tenor_max_days = lg_column_int(query, 8),
        .amount_min_minor = lg_column_int(query, 9),
        .amount_max_minor = lg_column_int(query, 10),
        .terms.advance_rate_ppm = lg_column_int(query, 11),
        .terms.annual_rate_ppm = lg_column_int(query, 12),
        .terms.day_count = lg_column_int(query, 13),
        .fee = {lg_column_int(query, 14), lg_column_int(query, 15)},
        .total_limit_minor = lg_column_int(query, 16),
        .debtor_limit_minor = lg_column_int(query, 17),
        .drawn_minor = lg_column_int(query, 18),
        .valid_until = lg_column_int(query, 19),
        .offer_valid_minutes = lg_column_int(query, 20),
        .terms.disburse_within_minutes = lg_column_int(query, 21),
        .opened_at = lg_column_int(query, 22),
        .closed_at = lg_column_int(query, 23),
        .last_seq = lg_column_int(query, 24),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

static lg_err row_get(lg_query *query, lg_arena *arena, lg_program *out)
{
    bool found = lg_query_next(query);
    if (found)
        row_read(query, arena, out);
    return lg_query_end_found(query, found);
}

static lg_err rows_add(lg_query *query, lg_arena *arena, lg_row_list *list)
{
    while (lg_query_next(query))
        row_read(query, arena, lg_row_add(list, arena, sizeof(lg_program)));
    return lg_query_end(query);
}

static lg_err rows_get(lg_query *query, lg_arena *arena, lg_program **rows, size_t *count)
{
    lg_row_list list = {0};
    lg_err err = rows_add(query, arena, &list);
    *rows = list.rows;
    *count = list.count;
    return err;
}

static lg_err insert_debtor(lg_db *db, const lg_program *row, lg_participant_no debtor, size_t place)
{
    static const lg_sql sql = {
        "INSERT INTO program_debtors (debtor_no, program_no, place, open_until) VALUES (?1, ?2, ?3, ?4)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, debtor.v);
    lg_bind_int(&query, 2, row->no.v);
    lg_bind_int(&query, 3, (int64_t)place);
    lg_bind_int(&query, 4, row->valid_until);
    return lg_query_run(&query);
}

static lg_err insert_row(lg_db *db, const lg_program *row)
{
    static const lg_sql sql = {
        "INSERT INTO programs (program_no, id, lender_no, name, kind, recourse, currency, tenor_min_days,"
        " tenor_max_days, amount_min_minor, amount_max_minor, advance_rate_ppm, annual_rate_ppm, day_count,"
        " fee_minor, fee_rate_ppm, total_limit_minor, debtor_limit_minor, drawn_minor, valid_until,"
        " offer_valid_minutes, disburse_within_minutes, opened_at, closed_at, last_seq)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
        "?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->lender.v);
    lg_bind_text(&query, 4, row->name);
    lg_bind_text(&query, 5, lg_financing_kind_name(row->terms.kind));
    lg_bind_int(&query, 6, row->terms.recourse);
    lg_bind_text(&query, 7, row->currency.code);
    lg_bind_int(&query, 8, row->tenor_min_days);
    lg_bind_int(&query, 9, row->tenor_max_days);
    lg_bind_int(&query, 10, row->amount_min_minor);
    lg_bind_int(&query, 11, row->amount_max_minor);
    lg_bind_int(&query, 12, row->terms.advance_rate_ppm);
    lg_bind_int(&query, 13, row->terms.annual_rate_ppm);
    lg_bind_int(&query, 14, row->terms.day_count);
    lg_bind_int(&query, 15, row->fee.fixed_minor);
    lg_bind_int(&query, 16, row->fee.rate_ppm);
    lg_bind_int(&query, 17, row->total_limit_minor);
    lg_bind_int_or_null(&query, 18, row->debtor_limit_minor);
    lg_bind_int(&query, 19, row->drawn_minor);
    lg_bind_int(&query, 20, row->valid_until);
    lg_bind_int(&query, 21, row->offer_valid_minutes);
    lg_bind_int(&query, 22, row->terms.disburse_within_minutes);
    lg_bind_int(&query, 23, row->opened_at);
    lg_bind_int_or_null(&query, 24, row->closed_at);
    lg_bind_int(&query, 25, row->last_seq);
    return lg_query_run(&query);
}

lg_err lg_program_insert(lg_db *db, const lg_program *row, const lg_participant_no *debtors, size_t count)
{
    lg_err err = insert_row(db, row);
    if (!err && count == 0)
        err = insert_debtor(db, row, (lg_participant_no){0}, 0);
    for (size_t i = 0; i < count && !err; i++)
        err = insert_debtor(db, row, debtors[i], i);
    return err;
}

lg_err lg_program_get(lg_db *db, lg_program_no no, lg_arena *arena, lg_program *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM programs AS p WHERE p.program_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return row_get(&query, arena, out);
}

lg_err lg_program_by_id(lg_db *db, lg_program_id id, lg_arena *arena, lg_program *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM programs AS p WHERE p.id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return row_get(&query, arena, out);
}

lg_err lg_program_debtors(lg_db *db, lg_program_no no, lg_arena *arena, lg_participant_no **rows,
                          size_t *count)
{
    static const lg_sql sql = {"SELECT debtor_no FROM program_debtors WHERE program_no = ?1 ORDER BY place"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    while (lg_query_next(&query)) {
        int64_t debtor = lg_column_int(&query, 0);
        if (debtor)
            ((lg_participant_no *)lg_row_add(&list, arena, sizeof **rows))->v = debtor;
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_program_takes(lg_db *db, lg_program_no no, lg_participant_no debtor, bool *out)
{
    static const lg_sql sql = {
        "SELECT 1 FROM program_debtors WHERE debtor_no IN (0, ?1) AND program_no = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, debtor.v);
    lg_bind_int(&query, 2, no.v);
    *out = lg_query_next(&query);
    return lg_query_end(&query);
}

lg_err lg_program_close(lg_db *db, lg_program_no no, lg_time at, int64_t seq)
{
    static const lg_sql program = {"UPDATE programs SET closed_at = ?2, last_seq = ?3 WHERE program_no = ?1"};
    static const lg_sql its_debtors = {"UPDATE program_debtors SET open_until = NULL WHERE program_no = ?1"};
    lg_query query = lg_query_start(db, &program);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, at);
    lg_bind_int(&query, 3, seq);
    lg_err err = lg_query_run_found(&query);
    if (err)
        return err;
    query = lg_query_start(db, &its_debtors);
    lg_bind_int(&query, 1, no.v);
    return lg_query_run(&query);
}

lg_err lg_program_count_open(lg_db *db, lg_participant_no lender, lg_time now, int64_t *count)
{
    static const lg_sql sql = {
        "SELECT count(*) FROM programs WHERE lender_no = ?1 AND closed_at IS NULL AND valid_until >= ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, lender.v);
    lg_bind_int(&query, 2, now);
    *count = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

/* ---- draws ---- */

lg_err lg_program_drawn_on(lg_db *db, lg_program_no no, lg_participant_no debtor, int64_t *minor)
{
    static const lg_sql sql = {
        "SELECT drawn_minor FROM program_draws WHERE program_no = ?1 AND debtor_no = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, debtor.v);
    *minor = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

static lg_err drawn_in_all(lg_db *db, lg_program_no no, int64_t *minor)
{
    static const lg_sql sql = {"SELECT drawn_minor FROM programs WHERE program_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    bool found = lg_query_next(&query);
    *minor = found ? lg_column_int(&query, 0) : 0;
    return lg_query_end_found(&query, found);
}

lg_err lg_program_draw(lg_db *db, lg_program_no no, lg_participant_no debtor, int64_t change_minor)
{
    static const lg_sql on_debtor = {
        "INSERT INTO program_draws (program_no, debtor_no, drawn_minor) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (program_no, debtor_no) DO UPDATE SET drawn_minor = excluded.drawn_minor"};
    static const lg_sql in_all = {"UPDATE programs SET drawn_minor = ?2 WHERE program_no = ?1"};
    int64_t debtors, all;
    lg_err err = lg_program_drawn_on(db, no, debtor, &debtors);
    if (!err)
        err = drawn_in_all(db, no, &all);
    if (err)
        return err;
    if (!lg_amount_add(debtors, change_minor, &debtors) || debtors < 0 ||
        !lg_amount_add(all, change_minor, &all) || all < 0)
        return LG_CORRUPT;
    lg_query query = lg_query_start(db, &on_debtor);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, debtor.v);
    lg_bind_int(&query, 3, debtors);
    err = lg_query_run(&query);
    if (err)
        return err;
    query = lg_query_start(db, &in_all);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, all);
    return lg_query_run(&query);
}

/* ---- lists ---- */

/* Who asks all lenders, asks those that finance the debtor; who asks few, looks at what they offer. */
lg_err lg_program_candidates(lg_db *db, lg_lenders_asked asked, lg_currency currency,
                             lg_participant_no debtor, lg_time now, lg_arena *arena, lg_program **rows,
                             size_t *count)
{
    static const lg_sql of_all = {"SELECT " COLUMNS " FROM program_debtors AS d"
                                  " CROSS JOIN programs AS p ON p.program_no = d.program_no"
                                  " WHERE d.debtor_no IN (0, ?1) AND d.open_until >= ?3 AND p.currency = ?2"};
    static const lg_sql of_one = {
        "SELECT " COLUMNS " FROM programs AS p WHERE p.lender_no = ?4 AND p.closed_at IS NULL"
        " AND p.valid_until >= ?3 AND p.currency = ?2 AND EXISTS (SELECT 1 FROM program_debtors AS d"
        " WHERE d.debtor_no IN (0, ?1) AND d.program_no = p.program_no)"};
    lg_row_list list = {0};
    lg_err err = LG_OK;
    for (size_t i = 0; i < (asked.all ? 1 : asked.count) && !err; i++) {
        lg_query query = lg_query_start(db, asked.all ? &of_all : &of_one);
        lg_bind_int(&query, 1, debtor.v);
        lg_bind_text(&query, 2, currency.code);
        lg_bind_int(&query, 3, now);
        if (!asked.all)
            lg_bind_int(&query, 4, asked.lenders[i].v);
        err = rows_add(&query, arena, &list);
    }
    *rows = list.rows;
    *count = list.count;
    return err;
}

lg_err lg_program_list(lg_db *db, const lg_program_filter *filter, lg_arena *arena, lg_program **rows,
                       size_t *count)
{
#define WANTED                                                                                               \
    " p.program_no < ?1 AND (?2 IS NULL OR p.currency = ?2) AND (?3 <> 0 OR (p.closed_at IS NULL AND"        \
    " p.valid_until >= ?4)) AND (?3 <> 1 OR p.closed_at IS NOT NULL) ORDER BY p.program_no DESC LIMIT ?5"
    static const lg_sql of_all = {"SELECT " COLUMNS " FROM programs AS p WHERE" WANTED};
    static const lg_sql of_one = {"SELECT " COLUMNS " FROM programs AS p WHERE p.lender_no = ?6 AND" WANTED};
#undef WANTED
    lg_query query = lg_query_start(db, filter->lender.v ? &of_one : &of_all);
    lg_bind_int(&query, 1, filter->before_no ? filter->before_no : INT64_MAX);
    lg_bind_text(&query, 2, filter->currency);
    lg_bind_int(&query, 3, filter->status);
    lg_bind_int(&query, 4, filter->now);
    lg_bind_int(&query, 5, (int64_t)filter->limit);
    if (filter->lender.v)
        lg_bind_int(&query, 6, filter->lender.v);
    return rows_get(&query, arena, rows, count);
}
