#include "ledger/store/movement_rows.h"

#include "ledger/store/known.h"
#include "ledger/store/rows_internal.h"

static const char *const account_names[LG_ACCOUNT_COUNT] = {
    [LG_ACCOUNT_RECEIVABLES_REGISTERED] = "receivables_registered",
    [LG_ACCOUNT_PAYABLES_REGISTERED] = "payables_registered",
    [LG_ACCOUNT_CLAIMS_HELD] = "claims_held",
    [LG_ACCOUNT_CLAIMS_OWED] = "claims_owed",
    [LG_ACCOUNT_CLAIMS_RESERVED] = "claims_reserved",
    [LG_ACCOUNT_CLAIMS_PLEDGED] = "claims_pledged",
    [LG_ACCOUNT_ADVANCES_MADE] = "advances_made",
    [LG_ACCOUNT_ADVANCES_RECEIVED] = "advances_received",
};

const char *lg_account_name(lg_account account)
{
    return (unsigned)account < LG_ACCOUNT_COUNT ? account_names[account] : "unknown";
}

/* ---- entries by party ---- */

lg_err lg_party_entry_insert(lg_db *db, lg_participant_no participant, const lg_party_entry *row)
{
    static const lg_sql sql = {
        "INSERT INTO party_entries (participant_no, seq, subject) VALUES (?1, ?2, ?3)"};
    const uint8_t *subject = lg_uuid_is_nil(row->subject) ? NULL : row->subject.b;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, row->seq);
    lg_bind_blob(&query, 3, subject, sizeof row->subject.b);
    return lg_query_run(&query);
}

lg_err lg_party_entries(lg_db *db, lg_participant_no participant, int64_t from, int64_t until, size_t limit,
                        lg_arena *arena, lg_party_entry **rows, size_t *count)
{
    static const lg_sql sql = {
        "SELECT seq, subject FROM party_entries WHERE participant_no = ?1 AND seq >= ?2"
        " AND seq < ?3 ORDER BY seq LIMIT ?4"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, from);
    lg_bind_int(&query, 3, until);
    lg_bind_int(&query, 4, (int64_t)limit);
    while (lg_query_next(&query)) {
        lg_party_entry *row = lg_row_add(&list, arena, sizeof *row);
        row->seq = lg_column_int(&query, 0);
        if (!lg_column_is_null(&query, 1))
            lg_column_fixed(&query, 1, row->subject.b, sizeof row->subject.b);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_party_entries_span(lg_db *db, lg_participant_no participant, int64_t from, int64_t until,
                             int64_t *count, int64_t *first, int64_t *last)
{
    static const lg_sql sql = {"SELECT count(*), min(seq), max(seq) FROM party_entries"
                               " WHERE participant_no = ?1 AND seq >= ?2 AND seq < ?3"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, from);
    lg_bind_int(&query, 3, until);
    *count = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    if (*count > 0) {
        *first = lg_column_int(&query, 1);
        *last = lg_column_int(&query, 2);
    }
    return lg_query_end(&query);
}

/* ---- positions and what moves them ---- */

static void bind_key(lg_query *query, const lg_position_key *key)
{
    lg_bind_int(query, 1, key->participant.v);
    lg_bind_int(query, 2, key->account);
    lg_bind_text(query, 3, key->currency.code);
}

#define OF_POSITION " FROM movements WHERE participant_no = ?1 AND account = ?2 AND currency = ?3"

/* The last movement before entry `until`: its balance, and its line plus one if it is of entry `seq`. */
static lg_err last_before(lg_db *db, const lg_position_key *key, int64_t until, int64_t seq, lg_balance *out,
                          int64_t *line)
{
    static const lg_sql sql = {"SELECT items_after, amount_after_minor, seq, line" OF_POSITION
                               " AND seq < ?4 ORDER BY seq DESC, line DESC LIMIT 1"};
    lg_query query = lg_query_start(db, &sql);
    bind_key(&query, key);
    lg_bind_int(&query, 4, until);
    *out = (lg_balance){0};
    *line = 0;
    if (lg_query_next(&query)) {
        *out = (lg_balance){lg_column_int(&query, 0), lg_column_int(&query, 1)};
        if (lg_column_int(&query, 2) == seq)
            *line = lg_column_int(&query, 3) + 1;
    }
    return lg_query_end(&query);
}

/* Where the position stands that the row is to move, and the row's line. */
static lg_err stand(lg_db *db, lg_movement *row, lg_balance *out)
{
    lg_movement last;
    if (!lg_known_last_movement(lg_db_known(db), &row->position, &last))
        return last_before(db, &row->position, row->seq + 1, row->seq, out, &row->line);
    *out = last.after;
    row->line = last.seq == row->seq ? last.line + 1 : 0;
    return LG_OK;
}

lg_err lg_movement_insert(lg_db *db, lg_movement *row)
{
    static const lg_sql sql = {
        "INSERT INTO movements (participant_no, account, currency, seq, line, type, subject_no, items,"
        " amount_minor, items_after, amount_after_minor) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11)"};
    lg_balance before;
    lg_err err = stand(db, row, &before);
    if (err != LG_OK)
        return err;
    row->after.items = before.items + row->items;
    /* What may not be refused any more wraps around, and comes back as it went. */
    row->after.amount_minor = (int64_t)((uint64_t)before.amount_minor + (uint64_t)row->amount_minor);
    lg_query query = lg_query_start(db, &sql);
    bind_key(&query, &row->position);
    lg_bind_int(&query, 4, row->seq);
    lg_bind_int(&query, 5, row->line);
    lg_bind_int(&query, 6, row->type);
    lg_bind_int(&query, 7, row->subject_no);
    lg_bind_int(&query, 8, row->items);
    lg_bind_int(&query, 9, row->amount_minor);
    lg_bind_int(&query, 10, row->after.items);
    lg_bind_int(&query, 11, row->after.amount_minor);
    err = lg_query_run(&query);
    if (!err)
        lg_known_keep_movement(lg_db_known(db), row);
    return err;
}

lg_err lg_position_before(lg_db *db, const lg_position_key *key, int64_t until, lg_balance *out)
{
    int64_t line;
    lg_err err = last_before(db, key, until, -1, out, &line);
    return err == LG_OK && out->amount_minor < 0 ? LG_AMOUNT_OUT_OF_RANGE : err;
}

/* The participant's next position in the order of account and currency; false if there is none. */
static bool next_position(lg_db *db, lg_position_key *key, lg_arena *arena, lg_err *err)
{
    static const lg_sql sql = {"SELECT account, currency FROM movements WHERE participant_no = ?1"
                               " AND (account, currency) > (?2, ?3) ORDER BY account, currency LIMIT 1"};
    const lg_position_key last = *key;
    lg_query query = lg_query_start(db, &sql);
    bind_key(&query, &last);
    bool found = lg_query_next(&query);
    if (found) {
        key->account = (lg_account)lg_column_int(&query, 0);
        key->currency = lg_column_currency(&query, 1, arena);
    }
    *err = lg_query_end(&query);
    return found && *err == LG_OK;
}

/* Did it move before entry `until`? */
static lg_err has_moved(lg_db *db, const lg_position_key *key, int64_t until, bool *out)
{
    static const lg_sql sql = {"SELECT EXISTS (SELECT 1" OF_POSITION " AND seq < ?4)"};
    lg_query query = lg_query_start(db, &sql);
    bind_key(&query, key);
    lg_bind_int(&query, 4, until);
    *out = lg_query_next(&query) && lg_column_int(&query, 0);
    return lg_query_end(&query);
}

lg_err lg_positions(lg_db *db, lg_participant_no participant, int64_t until, lg_arena *arena,
                    lg_position_key **keys, size_t *count)
{
    lg_row_list list = {0};
    lg_err err = LG_OK;
    lg_position_key key = {.participant = participant};
    while (next_position(db, &key, arena, &err)) {
        bool moved;
        err = has_moved(db, &key, until, &moved);
        if (err != LG_OK)
            break;
        if (moved)
            *(lg_position_key *)lg_row_add(&list, arena, sizeof key) = key;
    }
    *keys = list.rows;
    *count = list.count;
    return err;
}

lg_err lg_movements(lg_db *db, const lg_position_key *key, int64_t after_seq, int64_t after_line,
                    int64_t until, size_t limit, lg_arena *arena, lg_movement **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT seq, line, type, subject_no, items, amount_minor, items_after,"
                               " amount_after_minor" OF_POSITION
                               " AND (seq, line) > (?4, ?5) AND seq < ?6 ORDER BY seq, line LIMIT ?7"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    bind_key(&query, key);
    lg_bind_int(&query, 4, after_seq);
    lg_bind_int(&query, 5, after_line);
    lg_bind_int(&query, 6, until);
    lg_bind_int(&query, 7, (int64_t)limit);
    while (lg_query_next(&query)) {
        lg_movement *row = lg_row_add(&list, arena, sizeof *row);
        *row = (lg_movement){
            .position = *key,
            .seq = lg_column_int(&query, 0),
            .line = lg_column_int(&query, 1),
            .type = (int)lg_column_int(&query, 2),
            .subject_no = lg_column_int(&query, 3),
            .items = lg_column_int(&query, 4),
            .amount_minor = lg_column_int(&query, 5),
            .after = {lg_column_int(&query, 6), lg_column_int(&query, 7)},
        };
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
