#include "ledger/store/webhook_rows.h"

#include "ledger/store/rows_internal.h"

#define COLUMNS                                                                                              \
    "webhook_no, id, participant_no, url, events, description, generation, registered_at, rotated_at, "      \
    "removed_at, last_seq"

static void row_read(lg_query *query, lg_arena *arena, lg_webhook *out)
{
    *out = (lg_webhook){
        .no = {lg_column_int(query, 0)},
        .participant = {lg_column_int(query, 2)},
        .url = lg_column_text(query, 3, arena),
        .events = lg_column_text(query, 4, arena),
        .description = lg_column_text(query, 5, arena),
        .generation = lg_column_int(query, 6),
        .registered_at = lg_column_int(query, 7),
        .rotated_at = lg_column_int(query, 8),
        .removed_at = lg_column_int(query, 9),
        .last_seq = lg_column_int(query, 10),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

static lg_err row_get(lg_query *query, lg_arena *arena, lg_webhook *out)
{
    bool found = lg_query_next(query);
    if (found)
        row_read(query, arena, out);
    return lg_query_end_found(query, found);
}

static lg_err rows_get(lg_query *query, lg_arena *arena, lg_webhook **rows, size_t *count)
{
    lg_row_list list = {0};
    while (lg_query_next(query))
        row_read(query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(query);
}

lg_err lg_webhook_by_id(lg_db *db, lg_webhook_id id, lg_arena *arena, lg_webhook *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM webhooks WHERE id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return row_get(&query, arena, out);
}

lg_err lg_webhook_insert(lg_db *db, const lg_webhook *row)
{
    static const lg_sql sql = {"INSERT INTO webhooks (" COLUMNS
                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->participant.v);
    lg_bind_text(&query, 4, row->url);
    lg_bind_text(&query, 5, row->events);
    lg_bind_text(&query, 6, row->description);
    lg_bind_int(&query, 7, row->generation);
    lg_bind_int(&query, 8, row->registered_at);
    lg_bind_int_or_null(&query, 9, row->rotated_at);
    lg_bind_int_or_null(&query, 10, row->removed_at);
    lg_bind_int(&query, 11, row->last_seq);
    return lg_query_run(&query);
}

lg_err lg_webhook_update(lg_db *db, const lg_webhook *row)
{
    static const lg_sql sql = {"UPDATE webhooks SET generation = ?2, rotated_at = ?3, removed_at = ?4,"
                               " last_seq = ?5 WHERE webhook_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_int(&query, 2, row->generation);
    lg_bind_int_or_null(&query, 3, row->rotated_at);
    lg_bind_int_or_null(&query, 4, row->removed_at);
    lg_bind_int(&query, 5, row->last_seq);
    return lg_query_run_found(&query);
}

lg_err lg_webhook_list(lg_db *db, lg_participant_no participant, lg_webhook_no after, size_t limit,
                       lg_arena *arena, lg_webhook **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM webhooks WHERE participant_no = ?1"
                               " AND webhook_no > ?2 ORDER BY webhook_no LIMIT ?3"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, after.v);
    lg_bind_int(&query, 3, (int64_t)limit);
    return rows_get(&query, arena, rows, count);
}

lg_err lg_webhook_count_active(lg_db *db, lg_participant_no participant, int64_t *count)
{
    static const lg_sql sql = {
        "SELECT count(*) FROM webhooks WHERE participant_no = ?1 AND removed_at IS NULL"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    *count = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

lg_err lg_webhook_list_active(lg_db *db, lg_webhook_no after, size_t limit, lg_arena *arena,
                              lg_webhook **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM webhooks WHERE webhook_no > ?1"
                               " AND removed_at IS NULL ORDER BY webhook_no LIMIT ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, after.v);
    lg_bind_int(&query, 2, (int64_t)limit);
    return rows_get(&query, arena, rows, count);
}

lg_err lg_webhook_list_changed(lg_db *db, int64_t seq, lg_arena *arena, lg_webhook **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM webhooks WHERE last_seq > ?1 ORDER BY last_seq"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    return rows_get(&query, arena, rows, count);
}

lg_err lg_outbox_range(lg_db *db, lg_outbox_row after, size_t limit, lg_arena *arena, lg_outbox_row **rows,
                       size_t *count)
{
    static const lg_sql sql = {"SELECT DISTINCT seq, participant_no FROM parties"
                               " WHERE (seq, participant_no) > (?1, ?2) ORDER BY seq, participant_no"
                               " LIMIT ?3"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, after.seq);
    lg_bind_int(&query, 2, after.participant.v);
    lg_bind_int(&query, 3, (int64_t)limit);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_outbox_row *row = lg_row_add(&list, arena, sizeof *row);
        row->seq = lg_column_int(&query, 0);
        row->participant.v = lg_column_int(&query, 1);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_outbox_head(lg_db *db, int64_t *seq)
{
    static const lg_sql sql = {"SELECT coalesce(max(seq), -1) FROM entries"};
    lg_query query = lg_query_start(db, &sql);
    *seq = lg_query_next(&query) ? lg_column_int(&query, 0) : -1;
    return lg_query_end(&query);
}
