/* Projections of events about participants, keys, tokens, credit lines and the policy. */
#include "ledger/registry/internal.h"

#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"

#include <string.h>

/* Arrays in facts were written by this program; what cannot be read there is corruption. */
static lg_err read_bits(const char *json, bool (*parse)(const char *, unsigned *), unsigned *bits)
{
    json_t *list = json_loads(json, 0, NULL), *item;
    lg_err err = json_is_array(list) ? LG_OK : LG_CORRUPT;
    size_t i;
    *bits = 0;
    json_array_foreach(list, i, item)
    {
        unsigned bit;
        if (!json_is_string(item) || !parse(json_string_value(item), &bit))
            err = LG_CORRUPT;
        else
            *bits |= 1u << bit;
    }
    json_decref(list);
    return err;
}

static bool parse_role(const char *text, unsigned *bit)
{
    lg_role role;
    bool ok = lg_role_parse(text, &role);
    *bit = ok ? (unsigned)role : 0;
    return ok;
}

static bool parse_scope(const char *text, unsigned *bit)
{
    lg_scope scope;
    bool ok = lg_scope_parse(text, &scope);
    *bit = ok ? (unsigned)scope : 0;
    return ok;
}

static lg_err insert_identifiers(const lg_apply *apply, const char *json, lg_participant_no no)
{
    json_t *list = json_loads(json, 0, NULL), *item;
    lg_err err = json_is_array(list) ? LG_OK : LG_CORRUPT;
    size_t i;
    json_array_foreach(list, i, item)
    {
        lg_identifier identifier;
        const char *scheme = json_string_value(json_array_get(item, 0)),
                   *value = json_string_value(json_array_get(item, 1));
        if (!scheme || !value || !lg_scheme_parse(scheme, &identifier.scheme)) {
            err = LG_CORRUPT;
            break;
        }
        identifier.value = value;
        err = lg_identifier_insert(apply->db, identifier, no);
        if (err)
            break;
    }
    json_decref(list);
    return err;
}

static lg_err insert_key(const lg_apply *apply, const lg_event *event, lg_participant_no no)
{
    const lg_key key = {
        .kid = lg_kid_of(&event->public_key),
        .key_no = lg_row_no(apply->seq, 0),
        .participant = no,
        .public_key = event->public_key,
        .custody = event->key_in_custody,
        .valid_from = event->valid_from,
        .valid_until = event->valid_until,
    };
    return lg_key_insert(apply->db, &key);
}

/* The entry tells of the participant, who reads it, as does who signed: itself or the operator. */
static lg_err tell(const lg_apply *apply, const lg_event *event, lg_participant_no no)
{
    lg_participant_no signer;
    lg_err err = lg_history_insert(apply->db, no.v, apply->seq);
    if (!err)
        err = lg_entry_party_insert(apply->db, apply->seq, no, LG_SHARE_ALL);
    if (!err)
        err = lg_apply_number_of(apply, &event->by, &signer);
    if (!err && signer.v)
        err = lg_entry_party_insert(apply->db, apply->seq, signer, LG_SHARE_ALL);
    return err;
}

static lg_err register_participant(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_participant row = {
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->participant_id},
        .name = event->name,
        .country = event->country,
        .group = event->group,
        .registered_at = apply->at,
        .last_seq = apply->seq,
    };
    lg_err err = read_bits(event->roles, parse_role, &row.roles);
    if (!err)
        err = lg_participant_insert(apply->db, &row);
    if (!err)
        err = insert_identifiers(apply, event->identifiers, row.no);
    if (!err)
        err = insert_key(apply, event, row.no);
    if (!err)
        err = tell(apply, event, row.no);
    result->participant = row;
    result->has_participant = true;
    return err;
}

/* The token's hash is in the command, not on the ledger; the entry's `req` commits to the command. */
static lg_err token_hash(const lg_apply *apply, lg_hash *out)
{
    json_t *payload =
        json_loadb((const char *)apply->payload.data, apply->payload.len, JSON_REJECT_DUPLICATES, NULL);
    const char *hex = json_string_value(json_object_get(payload, "token_sha256"));
    lg_err err = hex && lg_hex_decode(lg_bytes_str(hex), out->b, LG_HASH_LEN) ? LG_OK : LG_CORRUPT;
    json_decref(payload);
    return err;
}

static lg_err insert_limits(const lg_apply *apply, const char *json, int64_t token_no)
{
    json_t *object = json_loads(json, 0, NULL), *item;
    lg_err err = json_is_object(object) ? LG_OK : LG_CORRUPT;
    const char *code;
    json_object_foreach(object, code, item)
    {
        lg_token_limit limit = {.limit_minor = json_integer_value(item)};
        if (!err && (!lg_currency_parse(code, &limit.currency) || !json_is_integer(item)))
            err = LG_CORRUPT;
        if (!err)
            err = lg_token_limit_insert(apply->db, token_no, &limit);
    }
    json_decref(object);
    return err;
}

/* A token that another asked for is of that one's line. */
static lg_err find_line(const lg_apply *apply, const lg_event *event, lg_token *row)
{
    lg_token issuer;
    row->line_no = row->token_no;
    if (lg_uuid_is_nil(event->issued_with))
        return LG_OK;
    lg_err err = lg_token_by_id(apply->db, (lg_token_id){event->issued_with}, apply->arena, &issuer);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row->issued_with_no = issuer.token_no;
    row->line_no = issuer.line_no;
    return LG_OK;
}

static lg_err issue_token(const lg_apply *apply, const lg_event *event, lg_participant_no no,
                          lg_result *result)
{
    lg_token row = {
        .token_no = lg_row_no(apply->seq, 0),
        .id = {event->token_id},
        .participant = no,
        .label = event->label,
        .expires_at = event->expires_at,
        .limited = event->amount_limits != NULL,
    };
    lg_err err = read_bits(event->scopes, parse_scope, &row.scopes);
    if (!err)
        err = token_hash(apply, &row.token_sha256);
    if (!err)
        err = find_line(apply, event, &row);
    if (!err)
        err = lg_token_insert(apply->db, &row);
    if (!err && row.limited)
        err = insert_limits(apply, event->amount_limits, row.token_no);
    result->token = row;
    result->has_token = true;
    return err;
}

static lg_err revoke_token(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_err err = lg_token_by_id(apply->db, (lg_token_id){event->token_id}, apply->arena, &result->token);
    if (!err)
        err = lg_token_revoke(apply->db, result->token.token_no, apply->at);
    result->token.revoked_at = apply->at;
    result->has_token = true;
    return err;
}

static lg_err set_policy(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    result->policy = (lg_policy_row){
        .version = event->policy_version,
        .set_seq = apply->seq,
        .set_at = apply->at,
        .body = event->policy,
    };
    result->has_policy = true;
    return lg_policy_insert(apply->db, &result->policy);
}

/* Events about a participant that is there: the row notes the entry, whatever else changes. */
static lg_err change_participant(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_participant *row = &result->participant;
    lg_err err =
        lg_participant_by_id(apply->db, (lg_participant_id){event->participant_id}, apply->arena, row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    result->has_participant = true;
    row->last_seq = apply->seq;
    if (event->type == LG_EV_PARTICIPANT_STATUS_CHANGED)
        row->suspended = event->suspended;
    else if (event->type == LG_EV_PARTICIPANT_STOP_CHANGED)
        row->stopped = event->stopped;
    else if (event->type == LG_EV_PARTICIPANT_RATED) {
        row->rating = event->rating;
        row->rating_agency = event->agency;
    } else if (event->type == LG_EV_CREDIT_LINE_SET)
        err = lg_credit_line_set(apply->db, row->no, event->currency,
                                 event->limit_minor == LG_ABSENT ? -1 : event->limit_minor);
    else if (event->type == LG_EV_KEY_ADDED)
        err = insert_key(apply, event, row->no);
    else if (event->type == LG_EV_KEY_REVOKED)
        err = lg_key_revoke(apply->db, event->kid, apply->at);
    else if (event->type == LG_EV_TOKEN_ISSUED)
        err = issue_token(apply, event, row->no, result);
    else if (event->type == LG_EV_TOKEN_REVOKED)
        err = revoke_token(apply, event, result);
    if (!err)
        err = lg_participant_update(apply->db, row);
    return err ? err : tell(apply, event, row->no);
}

lg_err lg_apply_participant_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    if (event->type == LG_EV_PARTICIPANT_REGISTERED)
        return register_participant(apply, event, result);
    if (event->type == LG_EV_POLICY_SET)
        return set_policy(apply, event, result);
    return change_participant(apply, event, result);
}
