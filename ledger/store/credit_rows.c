/* Credit lines, what is used of them, and the gateway's policies. */
#include "ledger/store/known.h"
#include "ledger/store/participant_rows.h"
#include "ledger/store/rows_internal.h"

static lg_err credit_line_remove(lg_db *db, lg_participant_no no, lg_currency currency)
{
    static const lg_sql sql = {"DELETE FROM credit_lines WHERE participant_no = ?1 AND currency = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, currency.code);
    return lg_query_run(&query);
}

lg_err lg_credit_line_set(lg_db *db, lg_participant_no no, lg_currency currency, int64_t limit_minor)
{
    static const lg_sql sql = {
        "INSERT INTO credit_lines (participant_no, currency, limit_minor) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (participant_no, currency) DO UPDATE SET limit_minor = excluded.limit_minor"};
    if (limit_minor < 0)
        return credit_line_remove(db, no, currency);
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, currency.code);
    lg_bind_int(&query, 3, limit_minor);
    return lg_query_run(&query);
}

lg_err lg_credit_line_get(lg_db *db, lg_participant_no no, lg_currency currency, lg_credit_line *out)
{
    static const lg_sql sql = {
        "SELECT coalesce((SELECT limit_minor FROM credit_lines WHERE participant_no = ?1 AND currency = ?2), "
        "-1),"
        " (SELECT used_minor FROM exposures WHERE participant_no = ?1 AND currency = ?2)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, currency.code);
    *out = (lg_credit_line){.currency = currency, .limit_minor = -1};
    if (lg_query_next(&query)) {
        out->limit_minor = lg_column_int(&query, 0);
        out->used_minor = lg_column_int(&query, 1);
    }
    return lg_query_end(&query);
}

/* By currency. A currency in which nothing is limited and nothing owed is left out. */
lg_err lg_credit_line_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_credit_line **rows,
                           size_t *count)
{
    static const lg_sql sql = {
        "SELECT currency, limit_minor, (SELECT used_minor FROM exposures AS e"
        " WHERE e.participant_no = l.participant_no AND e.currency = l.currency)"
        " FROM credit_lines AS l WHERE participant_no = ?1"
        " UNION ALL"
        " SELECT currency, -1, used_minor FROM exposures AS e WHERE participant_no = ?1 AND used_minor > 0"
        " AND NOT EXISTS (SELECT 1 FROM credit_lines AS l"
        " WHERE l.participant_no = e.participant_no AND l.currency = e.currency)"
        " ORDER BY 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_credit_line *row = lg_row_add(&list, arena, sizeof *row);
        row->currency = lg_column_currency(&query, 0, arena);
        row->limit_minor = lg_column_int(&query, 1);
        row->used_minor = lg_column_int(&query, 2);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

static lg_err exposure_insert(lg_db *db, lg_participant_no no, lg_currency currency, int64_t used_minor)
{
    static const lg_sql sql = {
        "INSERT INTO exposures (participant_no, currency, used_minor) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (participant_no, currency) DO NOTHING"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, currency.code);
    lg_bind_int(&query, 3, used_minor);
    lg_err err = lg_query_run(&query);
    /* A row that is there and yet was not updated would leave its bounds. */
    return err == LG_OK && lg_db_changes(db) == 0 ? LG_CORRUPT : err;
}

/* One statement in the common case. The bounds make sure that the database's own addition cannot overflow. */
lg_err lg_exposure_change(lg_db *db, lg_participant_no no, lg_currency currency, int64_t change_minor)
{
    static const lg_sql sql = {
        "UPDATE exposures SET used_minor = used_minor + ?3"
        " WHERE participant_no = ?1 AND currency = ?2 AND used_minor BETWEEN ?4 AND ?5"};
    if (change_minor == 0)
        return LG_OK;
    if (change_minor < -LG_EXPOSURE_MAX || change_minor > LG_EXPOSURE_MAX)
        return LG_CORRUPT;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, currency.code);
    lg_bind_int(&query, 3, change_minor);
    lg_bind_int(&query, 4, change_minor < 0 ? -change_minor : 0);
    lg_bind_int(&query, 5, change_minor > 0 ? LG_EXPOSURE_MAX - change_minor : LG_EXPOSURE_MAX);
    lg_err err = lg_query_run(&query);
    if (err != LG_OK || lg_db_changes(db) == 1)
        return err;
    return change_minor > 0 ? exposure_insert(db, no, currency, change_minor) : LG_CORRUPT;
}

lg_err lg_policy_newest(lg_db *db, int64_t *version)
{
    static const lg_sql sql = {"SELECT version FROM policies ORDER BY version DESC LIMIT 1"};
    if (lg_known_policy(lg_db_known(db), version))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    bool found = lg_query_next(&query);
    *version = found ? lg_column_int(&query, 0) : 0;
    lg_err err = lg_query_end_found(&query, found);
    if (!err)
        lg_known_keep_policy(lg_db_known(db), *version);
    return err;
}

lg_err lg_policy_get(lg_db *db, int64_t version, lg_arena *arena, lg_policy_row *out)
{
    static const lg_sql exact = {"SELECT version, set_seq, set_at, body FROM policies WHERE version = ?1"};
    static const lg_sql newest = {
        "SELECT version, set_seq, set_at, body FROM policies ORDER BY version DESC LIMIT 1"};
    lg_query query = lg_query_start(db, version == 0 ? &newest : &exact);
    if (version != 0)
        lg_bind_int(&query, 1, version);
    bool found = lg_query_next(&query);
    if (found)
        *out = (lg_policy_row){
            .version = lg_column_int(&query, 0),
            .set_seq = lg_column_int(&query, 1),
            .set_at = lg_column_int(&query, 2),
            .body = lg_column_text(&query, 3, arena),
        };
    return lg_query_end_found(&query, found);
}

lg_err lg_policy_insert(lg_db *db, const lg_policy_row *row)
{
    static const lg_sql sql = {
        "INSERT INTO policies (version, set_seq, set_at, body) VALUES (?1, ?2, ?3, ?4)"};
    lg_query query = lg_query_start(db, &sql);
    lg_db_unsettle(db);
    lg_bind_int(&query, 1, row->version);
    lg_bind_int(&query, 2, row->set_seq);
    lg_bind_int(&query, 3, row->set_at);
    lg_bind_text(&query, 4, row->body);
    return lg_query_run(&query);
}
