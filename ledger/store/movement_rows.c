#include "ledger/store/movement_rows.h"

#include "ledger/store/known.h"
#include "ledger/store/rows_internal.h"

/* ---- writing ---- */

/* What is `stands` of the participant's last row before entry `seq`. */
static lg_err find_stands(lg_db *db, lg_participant_no participant, int64_t seq, lg_arena *arena,
                          lg_bytes *out)
{
    static const lg_sql sql = {"SELECT positions FROM party_entries WHERE participant_no = ?1 AND seq < ?2"
                               " ORDER BY seq DESC LIMIT 1"};
    *out = (lg_bytes){0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, seq);
    if (lg_query_next(&query) && !lg_column_is_null(&query, 0)) {
        *out = lg_column_blob(&query, 0, arena);
        query.err = lg_positions_stand_len(*out, &out->len);
    }
    return lg_query_end(&query);
}

static lg_err move(lg_bytes stands, lg_party_entry *row, lg_arena *arena, lg_bytes *blob)
{
    lg_positions positions;
    lg_err err = lg_positions_unpack(stands, row->seq, arena, &positions);
    if (err != LG_OK)
        return err;
    positions.type = row->type;
    positions.movements = row->movements;
    positions.movement_count = row->movement_count;
    err = lg_positions_move(&positions, arena);
    if (err == LG_OK)
        *blob = lg_positions_pack(&positions, row->seq, arena);
    return err;
}

lg_err lg_party_entry_insert(lg_db *db, lg_participant_no participant, lg_party_entry *row, lg_arena *arena)
{
    static const lg_sql sql = {
        "INSERT INTO party_entries (participant_no, seq, subject, positions) VALUES (?1, ?2, ?3, ?4)"};
    lg_known *known = lg_db_known(db);
    lg_bytes stands, blob;
    lg_err err = lg_known_stands(known, participant, &stands)
                     ? LG_OK
                     : find_stands(db, participant, row->seq, arena, &stands);
    blob = stands;
    if (err == LG_OK && row->movement_count > 0)
        err = move(stands, row, arena, &blob);
    if (err != LG_OK)
        return err;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, row->seq);
    lg_bind_blob(&query, 3, lg_uuid_is_nil(row->subject) ? NULL : row->subject.b, sizeof row->subject.b);
    lg_bind_blob(&query, 4, blob.len > 0 ? blob.data : NULL, blob.len);
    err = lg_query_run(&query);
    if (err == LG_OK)
        err = lg_positions_stand_len(blob, &blob.len);
    if (err == LG_OK)
        lg_known_keep_stands(known, participant, blob);
    return err;
}

/* ---- reading ---- */

static bool column_positions(lg_query *query, int at, int64_t seq, lg_arena *arena, lg_positions *out)
{
    lg_err err = lg_positions_unpack(lg_column_borrow(query, at), seq, arena, out);
    if (err != LG_OK)
        lg_query_spoil(query);
    return err == LG_OK;
}

/* Each participant's rows of these entries, in order. */
static lg_query start_range(lg_db *db, lg_participant_no participant, int64_t from, int64_t until,
                            int64_t limit)
{
    static const lg_sql sql = {"SELECT seq, subject, positions FROM party_entries WHERE participant_no = ?1"
                               " AND seq >= ?2 AND seq < ?3 ORDER BY seq LIMIT ?4"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, from);
    lg_bind_int(&query, 3, until);
    lg_bind_int(&query, 4, limit);
    return query;
}

lg_err lg_party_entries(lg_db *db, lg_participant_no participant, int64_t from, int64_t until, size_t limit,
                        lg_arena *arena, lg_party_entry **rows, size_t *count)
{
    lg_row_list list = {0};
    lg_positions positions;
    lg_query query = start_range(db, participant, from, until, (int64_t)limit);
    while (lg_query_next(&query)) {
        lg_party_entry *row = lg_row_add(&list, arena, sizeof *row);
        row->seq = lg_column_int(&query, 0);
        if (!lg_column_is_null(&query, 1))
            lg_column_fixed(&query, 1, row->subject.b, sizeof row->subject.b);
        if (!column_positions(&query, 2, row->seq, arena, &positions))
            break;
        row->type = positions.type;
        row->movements = positions.movements;
        row->movement_count = positions.movement_count;
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_positions_before(lg_db *db, lg_participant_no participant, int64_t until, lg_arena *arena,
                           lg_position **rows, size_t *count)
{
    lg_bytes stands;
    lg_positions positions = {0};
    lg_err err = find_stands(db, participant, until, arena, &stands);
    if (err == LG_OK)
        err = lg_positions_unpack(stands, until, arena, &positions);
    *rows = lg_arena_array(arena, positions.count + 1, sizeof **rows);
    *count = 0;
    for (unsigned account = 0; account < LG_ACCOUNT_COUNT; account++)
        for (size_t i = 0; i < positions.count; i++)
            if (positions.rows[i].account == account)
                (*rows)[(*count)++] = positions.rows[i];
    for (size_t i = 0; i < *count && err == LG_OK; i++)
        err = (*rows)[i].balance.amount_minor < 0 ? LG_AMOUNT_OUT_OF_RANGE : LG_OK;
    return err;
}

lg_err lg_movements(lg_db *db, lg_participant_no participant, const lg_position *of, int64_t from,
                    int64_t until, size_t limit, lg_arena *arena, lg_moved **rows, size_t *count,
                    int64_t *next)
{
    lg_row_list list = {0};
    lg_arena *one = lg_arena_open();
    lg_positions positions;
    lg_query query = start_range(db, participant, from, until, INT64_MAX);
    *next = until;
    while (list.count < limit && lg_query_next(&query)) {
        const int64_t seq = lg_column_int(&query, 0);
        lg_arena_reset(one);
        if (!column_positions(&query, 2, seq, one, &positions))
            break;
        for (size_t i = 0; i < positions.movement_count; i++) {
            const lg_movement *row = &positions.movements[i];
            if (row->account == of->account && lg_currency_equal(row->currency, of->currency))
                *(lg_moved *)lg_row_add(&list, arena, sizeof **rows) = (lg_moved){seq, positions.type, *row};
        }
        if (list.count >= limit)
            *next = seq + 1;
    }
    lg_arena_close(one);
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
