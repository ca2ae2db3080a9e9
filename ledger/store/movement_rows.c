#include "ledger/store/movement_rows.h"

#include "ledger/store/known.h"
#include "ledger/store/rows_internal.h"

/* ---- writing ---- */

static const lg_sql entry_of = {
    "SELECT subject, positions FROM party_entries WHERE seq = ?1 AND participant_no = ?2"};

/* False, and LG_CORRUPT, if there is none: that there is one says the participant's run. */
static bool find_entry(lg_query *query, lg_participant_no participant, int64_t seq)
{
    lg_bind_int(query, 1, seq);
    lg_bind_int(query, 2, participant.v);
    if (lg_query_next(query))
        return true;
    lg_query_spoil(query);
    return false;
}

/* What is `stands` of the participant's last row before entry `seq`. */
static lg_err find_stands(lg_db *db, lg_participant_no participant, int64_t seq, lg_arena *arena,
                          lg_bytes *out)
{
    lg_party_walk *walk = lg_arena_alloc(arena, sizeof *walk);
    int64_t last;
    *out = (lg_bytes){0};
    lg_party_walk_start(walk, db, participant, LG_AS_PARTY, seq, false);
    if (!lg_party_walk_next(walk, &last))
        return walk->err;
    lg_query query = lg_query_start(db, &entry_of);
    if (find_entry(&query, participant, last) && !lg_column_is_null(&query, 1)) {
        *out = lg_column_blob(&query, 1, arena);
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
    return err ? err : lg_party_run_add(db, participant, row->seq, row->concerns | LG_AS_PARTY, arena);
}

/* ---- reading ---- */

static bool column_positions(lg_query *query, int at, int64_t seq, lg_arena *arena, lg_positions *out)
{
    lg_err err = lg_positions_unpack(lg_column_borrow(query, at), seq, arena, out);
    if (err != LG_OK)
        lg_query_spoil(query);
    return err == LG_OK;
}

/* A participant's rows of the entries from `from` on and before `until`, in order. */
typedef struct range {
    lg_party_walk walk;
    lg_query query;
    int64_t until, seq; /* the row's */
} range;

static range *start_range(lg_db *db, lg_participant_no participant, int64_t from, int64_t until,
                          lg_arena *arena)
{
    range *r = lg_arena_alloc(arena, sizeof *r);
    r->until = until;
    r->query = lg_query_start(db, &entry_of);
    lg_party_walk_start(&r->walk, db, participant, LG_AS_PARTY, from, true);
    return r;
}

static bool next_in_range(range *r)
{
    if (r->query.err || !lg_party_walk_next(&r->walk, &r->seq) || r->seq >= r->until)
        return false;
    lg_query_again(&r->query);
    return find_entry(&r->query, r->walk.participant, r->seq);
}

static lg_err end_range(range *r)
{
    lg_err err = lg_query_end(&r->query);
    return err ? err : r->walk.err;
}

lg_err lg_party_entries(lg_db *db, lg_participant_no participant, int64_t from, int64_t until, size_t limit,
                        lg_arena *arena, lg_party_entry **rows, size_t *count)
{
    lg_row_list list = {0};
    lg_positions positions;
    range *r = start_range(db, participant, from, until, arena);
    while (list.count < limit && next_in_range(r)) {
        lg_party_entry *row = lg_row_add(&list, arena, sizeof *row);
        row->seq = r->seq;
        if (!lg_column_is_null(&r->query, 0))
            lg_column_fixed(&r->query, 0, row->subject.b, sizeof row->subject.b);
        if (!column_positions(&r->query, 1, row->seq, arena, &positions))
            break;
        row->type = positions.type;
        row->movements = positions.movements;
        row->movement_count = positions.movement_count;
    }
    *rows = list.rows;
    *count = list.count;
    return end_range(r);
}

lg_err lg_positions_at(lg_db *db, lg_participant_no participant, int64_t seq, lg_arena *arena,
                       lg_positions *out)
{
    lg_query query = lg_query_start(db, &entry_of);
    if (find_entry(&query, participant, seq))
        (void)column_positions(&query, 1, seq, arena, out);
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
    range *r = start_range(db, participant, from, until, arena);
    *next = until;
    while (list.count < limit && next_in_range(r)) {
        const int64_t seq = r->seq;
        lg_arena_reset(one);
        if (!column_positions(&r->query, 1, seq, one, &positions))
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
    return end_range(r);
}
