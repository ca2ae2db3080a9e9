#include "ledger/store/delivery_rows.h"

#include "ledger/store/rows_internal.h"

static const char *const state_names[LG_DELIVERY_STATE_COUNT] = {
    [LG_DELIVERY_PENDING] = "pending",
    [LG_DELIVERY_DELIVERED] = "delivered",
    [LG_DELIVERY_DEAD] = "dead",
    [LG_DELIVERY_SKIPPED] = "skipped",
};

const char *lg_delivery_state_name(lg_delivery_state state)
{
    return (unsigned)state < LG_DELIVERY_STATE_COUNT ? state_names[state] : "unknown";
}

#define COLUMNS                                                                                              \
    "webhook_no, seq, type, state, attempts, next_attempt_at, last_attempt_at, last_status, last_error, "    \
    "delivered_at, duration_ms"

lg_err lg_delivery_put(lg_db *db, const lg_delivery *row)
{
    static const lg_sql sql = {
        "INSERT INTO deliveries (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        " ON CONFLICT (webhook_no, seq) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,"
        " next_attempt_at = excluded.next_attempt_at, last_attempt_at = excluded.last_attempt_at,"
        " last_status = excluded.last_status, last_error = excluded.last_error,"
        " delivered_at = excluded.delivered_at, duration_ms = excluded.duration_ms"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->webhook.v);
    lg_bind_int(&query, 2, row->seq);
    lg_bind_text(&query, 3, row->type);
    lg_bind_text(&query, 4, lg_delivery_state_name(row->state));
    lg_bind_int(&query, 5, row->attempts);
    lg_bind_int_or_null(&query, 6, row->next_attempt_at);
    lg_bind_int_or_null(&query, 7, row->last_attempt_at);
    lg_bind_int_or_null(&query, 8, row->last_status);
    lg_bind_text(&query, 9, row->last_error);
    lg_bind_int_or_null(&query, 10, row->delivered_at);
    if (row->last_attempt_at)
        lg_bind_int(&query, 11, row->duration_ms);
    return lg_query_run(&query);
}

static lg_err rows_get(lg_query *query, lg_arena *arena, lg_delivery **rows, size_t *count)
{
    lg_row_list list = {0};
    while (lg_query_next(query)) {
        lg_delivery *row = lg_row_add(&list, arena, sizeof *row);
        *row = (lg_delivery){
            .webhook = {lg_column_int(query, 0)},
            .seq = lg_column_int(query, 1),
            .type = lg_column_text(query, 2, arena),
            .state = (lg_delivery_state)lg_column_name(query, 3, arena, state_names, LG_DELIVERY_STATE_COUNT),
            .attempts = lg_column_int(query, 4),
            .next_attempt_at = lg_column_int(query, 5),
            .last_attempt_at = lg_column_int(query, 6),
            .last_status = lg_column_int(query, 7),
            .last_error = lg_column_text(query, 8, arena),
            .delivered_at = lg_column_int(query, 9),
            .duration_ms = lg_column_int(query, 10),
        };
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(query);
}

lg_err lg_delivery_list_pending(lg_db *db, lg_webhook_no webhook, size_t limit, lg_arena *arena,
                                lg_delivery **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM deliveries WHERE webhook_no = ?1"
                               " AND state = 'pending' ORDER BY seq LIMIT ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, webhook.v);
    lg_bind_int(&query, 2, (int64_t)limit);
    return rows_get(&query, arena, rows, count);
}

lg_err lg_delivery_count_pending(lg_db *db, lg_webhook_no webhook, int64_t *count)
{
    static const lg_sql sql = {"SELECT count(*) FROM deliveries WHERE webhook_no = ?1 AND state = 'pending'"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, webhook.v);
    *count = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

lg_err lg_delivery_list(lg_db *db, const lg_delivery_filter *filter, lg_arena *arena, lg_delivery **rows,
                        size_t *count)
{
    /* The state is written out so that SQLite sees the partial index fit. */
    const char *state = filter->state < 0
                            ? ""
                            : lg_arena_printf(arena, " AND state = '%s'",
                                              lg_delivery_state_name((lg_delivery_state)filter->state));
    const char *beyond = filter->beyond_seq < 0 ? ""
                         : filter->oldest_first ? " AND seq > ?2"
                                                : " AND seq < ?2";
    lg_query query = lg_query_start_once(
        db, lg_arena_printf(arena,
                            "SELECT " COLUMNS " FROM deliveries WHERE webhook_no = ?1%s%s ORDER BY seq%s"
                            " LIMIT ?3",
                            state, beyond, filter->oldest_first ? "" : " DESC"));
    lg_bind_int(&query, 1, filter->webhook.v);
    if (filter->beyond_seq >= 0)
        lg_bind_int(&query, 2, filter->beyond_seq);
    lg_bind_int(&query, 3, (int64_t)filter->limit);
    return rows_get(&query, arena, rows, count);
}

/* The last of the next `limit` messages from `from` on; LG_NOT_FOUND if there are fewer. */
static lg_err step_end(lg_db *db, lg_webhook_no webhook, int64_t from, size_t limit, int64_t *out)
{
    static const lg_sql sql = {
        "SELECT seq FROM deliveries WHERE webhook_no = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1 OFFSET ?3"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, webhook.v);
    lg_bind_int(&query, 2, from);
    lg_bind_int(&query, 3, (int64_t)limit - 1);
    bool found = lg_query_next(&query);
    *out = found ? lg_column_int(&query, 0) : 0;
    return lg_query_end_found(&query, found);
}

lg_err lg_delivery_requeue(lg_db *db, lg_webhook_no webhook, int64_t *from, int64_t last, size_t limit,
                           int64_t *changed)
{
    static const lg_sql sql = {
        "UPDATE deliveries SET state = 'pending', attempts = 0, next_attempt_at = NULL,"
        " delivered_at = NULL WHERE webhook_no = ?1 AND seq BETWEEN ?2 AND ?3"};
    int64_t end;
    lg_err err = step_end(db, webhook, *from, limit, &end);
    if (err && err != LG_NOT_FOUND)
        return err;
    if (err == LG_NOT_FOUND || end > last)
        end = last;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, webhook.v);
    lg_bind_int(&query, 2, *from);
    lg_bind_int(&query, 3, end);
    err = lg_query_run(&query);
    if (!err) {
        *changed += lg_db_changes(db);
        *from = end + 1;
    }
    return err;
}

lg_err lg_delivery_skip(lg_db *db, lg_webhook_no webhook, size_t limit, int64_t *changed)
{
    static const lg_sql sql = {
        "UPDATE deliveries SET state = 'skipped', next_attempt_at = NULL WHERE webhook_no = ?1 AND seq IN"
        " (SELECT seq FROM deliveries WHERE webhook_no = ?1 AND state = 'pending' ORDER BY seq LIMIT ?2)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, webhook.v);
    lg_bind_int(&query, 2, (int64_t)limit);
    lg_err err = lg_query_run(&query);
    *changed = err ? 0 : lg_db_changes(db);
    return err;
}

lg_err lg_delivery_next_waiting(lg_db *db, lg_webhook_no after, lg_webhook_no *out)
{
    static const lg_sql sql = {"SELECT webhook_no FROM deliveries WHERE state = 'pending' AND webhook_no > ?1"
                               " ORDER BY webhook_no LIMIT 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, after.v);
    out->v = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

lg_err lg_delivery_position(lg_db *db, int64_t *seq)
{
    static const lg_sql sql = {"SELECT seq FROM position WHERE id = 1"};
    lg_query query = lg_query_start(db, &sql);
    bool found = lg_query_next(&query);
    *seq = found ? lg_column_int(&query, 0) : -1;
    return lg_query_end_found(&query, found);
}

lg_err lg_delivery_position_set(lg_db *db, int64_t seq)
{
    static const lg_sql sql = {"UPDATE position SET seq = ?1 WHERE id = 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    return lg_query_run_found(&query);
}
