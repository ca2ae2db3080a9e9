/* Keys of participants. */
#include "ledger/store/known.h"
#include "ledger/store/rows_internal.h"

/* All columns of a key but its kid. */
#define KEY_COLUMNS "key_no, participant_no, public_key, custody, valid_from, valid_until, revoked_at"

static void key_read(lg_query *query, lg_key *out)
{
    *out = (lg_key){
        .key_no = lg_column_int(query, 0),
        .participant = {lg_column_int(query, 1)},
        .custody = lg_column_int(query, 3) != 0,
        .valid_from = lg_column_int(query, 4),
        .valid_until = lg_column_int(query, 5),
        .revoked_at = lg_column_int(query, 6),
    };
    lg_column_fixed(query, 2, out->public_key.b, sizeof out->public_key.b);
}

/* false unless it has the length of a kid */
static bool kid_copy(const char *text, lg_kid *out)
{
    if (!text || strlen(text) != sizeof out->s - 1)
        return false;
    memcpy(out->s, text, sizeof out->s);
    return true;
}

lg_err lg_key_get(lg_db *db, const char *kid, lg_key *out)
{
    static const lg_sql sql = {"SELECT " KEY_COLUMNS " FROM keys WHERE kid = ?1"};
    lg_kid asked;
    if (!kid_copy(kid, &asked))
        return LG_NOT_FOUND;
    if (lg_known_key(lg_db_known(db), &asked, out))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_text(&query, 1, asked.s);
    bool found = lg_query_next(&query);
    if (found) {
        key_read(&query, out);
        out->kid = asked;
    }
    lg_err err = lg_query_end_found(&query, found);
    if (!err)
        lg_known_keep_key(lg_db_known(db), out);
    return err;
}

lg_err lg_key_insert(lg_db *db, const lg_key *row)
{
    static const lg_sql sql = {"INSERT INTO keys (kid, " KEY_COLUMNS
                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
    lg_query query = lg_query_start(db, &sql);
    lg_db_unsettle(db);
    lg_bind_text(&query, 1, row->kid.s);
    lg_bind_int(&query, 2, row->key_no);
    lg_bind_int(&query, 3, row->participant.v);
    lg_bind_blob(&query, 4, row->public_key.b, sizeof row->public_key.b);
    lg_bind_int(&query, 5, row->custody);
    lg_bind_int(&query, 6, row->valid_from);
    lg_bind_int_or_null(&query, 7, row->valid_until);
    lg_bind_int_or_null(&query, 8, row->revoked_at);
    return lg_query_run(&query);
}

lg_err lg_key_revoke(lg_db *db, const char *kid, lg_time at)
{
    static const lg_sql sql = {"UPDATE keys SET revoked_at = ?2 WHERE kid = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_db_unsettle(db);
    lg_bind_text(&query, 1, kid);
    lg_bind_int(&query, 2, at);
    return lg_query_run_found(&query);
}

lg_err lg_key_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_key **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " KEY_COLUMNS
                               ", kid FROM keys WHERE participant_no = ?1 ORDER BY key_no, kid"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_key *row = lg_row_add(&list, arena, sizeof *row);
        key_read(&query, row);
        if (!kid_copy(lg_column_text(&query, 7, arena), &row->kid))
            lg_query_spoil(&query);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
