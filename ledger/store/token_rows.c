/* Bearer tokens of participants, and what they may commit. */
#include "ledger/store/known.h"
#include "ledger/store/rows_internal.h"

static const char *const scope_names[LG_SCOPE_COUNT] = {
    [LG_SCOPE_READ] = "read",       [LG_SCOPE_SUBMIT] = "submit", [LG_SCOPE_CONFIRM] = "confirm",
    [LG_SCOPE_FINANCE] = "finance", [LG_SCOPE_ADMIN] = "admin",
};

const char *lg_scope_name(lg_scope scope)
{
    return (unsigned)scope < LG_SCOPE_COUNT ? scope_names[scope] : "unknown";
}

bool lg_scope_parse(const char *text, lg_scope *out)
{
    size_t found = lg_name_find(scope_names, LG_SCOPE_COUNT, text);
    if (found == LG_SCOPE_COUNT)
        return false;
    *out = (lg_scope)found;
    return true;
}

#define TOKEN_COLUMNS                                                                                        \
    "token_no, id, participant_no, token_sha256, scopes, label, expires_at, revoked_at, issued_with_no, "    \
    "line_no, limited"

static void token_read(lg_query *query, lg_arena *arena, lg_token *out)
{
    *out = (lg_token){
        .token_no = lg_column_int(query, 0),
        .participant = {lg_column_int(query, 2)},
        .scopes = lg_column_bits(query, 4, LG_SCOPE_COUNT),
        .label = lg_column_text(query, 5, arena),
        .expires_at = lg_column_int(query, 6),
        .revoked_at = lg_column_int(query, 7),
        .issued_with_no = lg_column_int(query, 8),
        .line_no = lg_column_int(query, 9),
        .limited = lg_column_int(query, 10) != 0,
    };
    if (!out->line_no)
        out->line_no = out->token_no;
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
    lg_column_fixed(query, 3, out->token_sha256.b, sizeof out->token_sha256.b);
}

static lg_err token_one(lg_query *query, lg_arena *arena, lg_token *out)
{
    bool found = lg_query_next(query);
    if (found)
        token_read(query, arena, out);
    return lg_query_end_found(query, found);
}

lg_err lg_token_by_hash(lg_db *db, const lg_hash *token_sha256, lg_arena *arena, lg_token *out)
{
    static const lg_sql sql = {"SELECT " TOKEN_COLUMNS " FROM tokens WHERE token_sha256 = ?1"};
    if (lg_known_token(lg_db_known(db), token_sha256, arena, out))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_blob(&query, 1, token_sha256->b, sizeof token_sha256->b);
    lg_err err = token_one(&query, arena, out);
    if (!err)
        lg_known_keep_token(lg_db_known(db), out);
    return err;
}

lg_err lg_token_by_id(lg_db *db, lg_token_id id, lg_arena *arena, lg_token *out)
{
    static const lg_sql sql = {"SELECT " TOKEN_COLUMNS " FROM tokens WHERE id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return token_one(&query, arena, out);
}

lg_err lg_token_get(lg_db *db, int64_t token_no, lg_arena *arena, lg_token *out)
{
    static const lg_sql sql = {"SELECT " TOKEN_COLUMNS " FROM tokens WHERE token_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, token_no);
    return token_one(&query, arena, out);
}

lg_err lg_token_insert(lg_db *db, const lg_token *row)
{
    static const lg_sql sql = {"INSERT INTO tokens (" TOKEN_COLUMNS
                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"};
    lg_query query = lg_query_start(db, &sql);
    lg_db_unsettle(db);
    lg_bind_int(&query, 1, row->token_no);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->participant.v);
    lg_bind_blob(&query, 4, row->token_sha256.b, sizeof row->token_sha256.b);
    lg_bind_int(&query, 5, row->scopes);
    lg_bind_text(&query, 6, row->label);
    lg_bind_int(&query, 7, row->expires_at);
    lg_bind_int_or_null(&query, 8, row->revoked_at);
    lg_bind_int_or_null(&query, 9, row->issued_with_no);
    lg_bind_int_or_null(&query, 10, row->line_no == row->token_no ? 0 : row->line_no);
    lg_bind_int(&query, 11, row->limited);
    return lg_query_run(&query);
}

lg_err lg_token_revoke(lg_db *db, int64_t token_no, lg_time at)
{
    static const lg_sql sql = {"UPDATE tokens SET revoked_at = ?2 WHERE token_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_db_unsettle(db);
    lg_bind_int(&query, 1, token_no);
    lg_bind_int(&query, 2, at);
    return lg_query_run_found(&query);
}

lg_err lg_token_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_token **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " TOKEN_COLUMNS
                               " FROM tokens WHERE participant_no = ?1 ORDER BY token_no"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_row_list list = {0};
    while (lg_query_next(&query))
        token_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

/* ---- what they may commit ---- */

lg_err lg_token_limit_insert(lg_db *db, int64_t token_no, const lg_token_limit *row)
{
    static const lg_sql sql = {
        "INSERT INTO token_limits (token_no, currency, limit_minor) VALUES (?1, ?2, ?3)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, token_no);
    lg_bind_text(&query, 2, row->currency.code);
    lg_bind_int(&query, 3, row->limit_minor);
    return lg_query_run(&query);
}

lg_err lg_token_limit_get(lg_db *db, int64_t token_no, lg_currency currency, int64_t *limit_minor)
{
    static const lg_sql sql = {"SELECT limit_minor FROM token_limits WHERE token_no = ?1 AND currency = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, token_no);
    lg_bind_text(&query, 2, currency.code);
    *limit_minor = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

lg_err lg_token_limit_list(lg_db *db, int64_t token_no, lg_arena *arena, lg_token_limit **rows, size_t *count)
{
    static const lg_sql sql = {
        "SELECT currency, limit_minor FROM token_limits WHERE token_no = ?1 ORDER BY currency"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, token_no);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_token_limit *row = lg_row_add(&list, arena, sizeof *row);
        row->currency = lg_column_currency(&query, 0, arena);
        row->limit_minor = lg_column_int(&query, 1);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
