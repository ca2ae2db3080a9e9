/* Participants, tokens and policies as JSON. */
#include "server/api/serve.h"

#include "ledger/crypto/encoding.h"
#include "ledger/store/approval_rows.h"

#include <string.h>

static void put_roles(lg_buf *buf, unsigned roles)
{
    lg_json_key(buf, "roles");
    lg_json_list(buf);
    for (int role = 0; role < LG_ROLE_COUNT; role++) {
        if (lg_has_role(roles, (lg_role)role))
            lg_json_str(buf, lg_role_name((lg_role)role));
    }
    lg_json_end(buf);
}

void json_put_scopes(lg_buf *buf, unsigned scopes)
{
    lg_json_key(buf, "scopes");
    lg_json_list(buf);
    for (int scope = 0; scope < LG_SCOPE_COUNT; scope++) {
        if (scopes >> scope & 1u)
            lg_json_str(buf, lg_scope_name((lg_scope)scope));
    }
    lg_json_end(buf);
}

static lg_err put_identifiers(lg_buf *buf, lg_db *db, lg_arena *arena, lg_participant_no no)
{
    lg_identifier *rows;
    size_t count;
    lg_err err = lg_identifier_list(db, no, arena, &rows, &count);
    if (err != LG_OK)
        return err;
    lg_json_key(buf, "identifiers");
    lg_json_open(buf);
    for (size_t i = 0; i < count; i++)
        lg_json_put_str(buf, lg_scheme_name(rows[i].scheme), rows[i].value);
    lg_json_close(buf);
    return LG_OK;
}

static lg_err put_credit_lines(lg_buf *buf, lg_db *db, lg_arena *arena, lg_participant_no no)
{
    lg_credit_line *rows;
    size_t count;
    lg_err err = lg_credit_line_list(db, no, arena, &rows, &count);
    if (err != LG_OK)
        return err;
    lg_json_key(buf, "credit_lines");
    lg_json_list(buf);
    for (size_t i = 0; i < count; i++) {
        bool limited = rows[i].limit_minor >= 0;
        lg_json_open(buf);
        lg_json_put_str(buf, "currency", rows[i].currency.code);
        lg_json_put_str(buf, "limit",
                        limited ? lg_amount_format(rows[i].limit_minor, rows[i].currency).s : NULL);
        lg_json_put_str(buf, "used", lg_amount_format(rows[i].used_minor, rows[i].currency).s);
        lg_json_close(buf);
    }
    lg_json_end(buf);
    return LG_OK;
}

static void put_key(lg_buf *buf, const lg_key *key)
{
    char public_key[(LG_PUBLIC_KEY_LEN * 4 + 2) / 3 + 1];
    lg_base64url_write(public_key, key->public_key.b, LG_PUBLIC_KEY_LEN);
    lg_json_open(buf);
    lg_json_put_str(buf, "kid", key->kid.s);
    lg_json_put_str(buf, "public_key", public_key);
    json_put_time(buf, "valid_from", key->valid_from);
    json_put_time(buf, "valid_until", key->valid_until);
    json_put_time(buf, "revoked_at", key->revoked_at);
    lg_json_put_bool(buf, "custody", key->custody);
    lg_json_close(buf);
}

static lg_err put_keys(lg_buf *buf, lg_db *db, lg_arena *arena, lg_participant_no no)
{
    lg_key *rows;
    size_t count;
    lg_err err = lg_key_list(db, no, arena, &rows, &count);
    if (err != LG_OK)
        return err;
    lg_json_key(buf, "keys");
    lg_json_list(buf);
    for (size_t i = 0; i < count; i++)
        put_key(buf, &rows[i]);
    lg_json_end(buf);
    return LG_OK;
}

/* As the operator recorded it; for everyone to see. */
static void put_rating(lg_buf *buf, const lg_participant *row)
{
    lg_json_key(buf, "rating");
    if (!row->rating) {
        lg_json_null(buf);
        return;
    }
    lg_json_open(buf);
    lg_json_put_str(buf, "rating", row->rating);
    lg_json_put_str(buf, "agency", row->rating_agency);
    lg_json_close(buf);
}

static lg_err put_four_eyes(lg_buf *buf, lg_db *db, lg_arena *arena, lg_participant_no no)
{
    lg_four_eyes *rows;
    size_t count;
    lg_err err = lg_four_eyes_list(db, no, arena, &rows, &count);
    if (err != LG_OK)
        return err;
    lg_json_key(buf, "four_eyes");
    lg_json_list(buf);
    for (size_t i = 0; i < count; i++) {
        lg_json_open(buf);
        lg_json_put_str(buf, "currency", rows[i].currency.code);
        json_put_amount(buf, "above", rows[i].above_minor, rows[i].currency);
        lg_json_close(buf);
    }
    lg_json_end(buf);
    return LG_OK;
}

/* What concerns the operator and the participant itself. */
static lg_err put_standing(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_participant *row)
{
    int64_t overdue;
    lg_err err = lg_claim_count_unpaid(db, row->no, &overdue);
    if (err != LG_OK)
        return err;
    lg_json_put_bool(buf, "stopped", row->stopped);
    lg_json_put_int(buf, "overdue_claims", overdue);
    err = put_credit_lines(buf, db, arena, row->no);
    return err != LG_OK ? err : put_four_eyes(buf, db, arena, row->no);
}

lg_err json_participant(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_participant *row, bool with_private)
{
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_put_str(buf, "name", row->name);
    lg_json_put_str(buf, "country", row->country);
    put_roles(buf, row->roles);
    lg_err err = put_identifiers(buf, db, arena, row->no);
    lg_json_put_str(buf, "status", row->suspended ? "suspended" : "active");
    put_rating(buf, row);
    if (err == LG_OK && with_private)
        err = put_standing(buf, db, arena, row);
    if (err == LG_OK)
        err = put_keys(buf, db, arena, row->no);
    json_put_time(buf, "registered_at", row->registered_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_close(buf);
    return err;
}

lg_err json_put_limits(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_token *row)
{
    lg_token_limit *limits;
    size_t count;
    lg_err err = lg_token_limit_list(db, row->token_no, arena, &limits, &count);
    if (err != LG_OK)
        return err;
    lg_json_key(buf, "amount_limits");
    if (!row->limited) {
        lg_json_null(buf);
        return LG_OK;
    }
    lg_json_open(buf);
    for (size_t i = 0; i < count; i++)
        json_put_amount(buf, limits[i].currency.code, limits[i].limit_minor, limits[i].currency);
    lg_json_close(buf);
    return LG_OK;
}

/* Member `key`: the token's id; null for number 0. */
static lg_err put_token_id(lg_buf *buf, lg_db *db, lg_arena *arena, const char *key, int64_t token_no)
{
    lg_token token = {.id = {{{0}}}};
    lg_err err = token_no ? json_related(lg_token_get(db, token_no, arena, &token)) : LG_OK;
    json_put_id(buf, key, token.id.uuid);
    return err;
}

lg_err json_token(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_token *row)
{
    lg_participant_id owner;
    lg_err err = json_related(lg_participant_id_of(db, row->participant, &owner));
    if (err != LG_OK)
        return err;
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_put_str(buf, "participant", lg_uuid_format(owner.uuid).s);
    json_put_scopes(buf, row->scopes);
    lg_json_put_str(buf, "label", row->label);
    json_put_time(buf, "expires_at", row->expires_at);
    json_put_time(buf, "revoked_at", row->revoked_at);
    err = json_put_limits(buf, db, arena, row);
    if (err == LG_OK)
        err = put_token_id(buf, db, arena, "issued_with", row->issued_with_no);
    if (err == LG_OK)
        err = put_token_id(buf, db, arena, "line", row->line_no);
    lg_json_close(buf);
    return err;
}

void json_policy(lg_buf *buf, const lg_policy_row *row)
{
    lg_json_open(buf);
    lg_json_put_int(buf, "version", row->version);
    json_put_time(buf, "set_at", row->set_at);
    lg_json_put_int(buf, "seq", row->set_seq);
    /* The stored object's members join these: its text without the opening brace, which brings the closing
     * one. */
    if (strlen(row->body) > 2) {
        lg_buf_char(buf, ',');
        lg_buf_str(buf, row->body + 1);
    } else {
        lg_json_close(buf);
    }
}
