/* Commands about participants, their keys and tokens, and the policy: each checks the state and records one
 * event. */
#include "ledger/registry/internal.h"

#include "ledger/base/buf.h"

#include <string.h>

typedef const char *(*name_of)(unsigned bit);

static const char *role_of(unsigned bit)
{
    return lg_role_name((lg_role)bit);
}

static const char *scope_of(unsigned bit)
{
    return lg_scope_name((lg_scope)bit);
}

static char *bits_json(lg_arena *arena, unsigned bits, unsigned count, name_of name)
{
    lg_buf buf = {0};
    lg_json_list(&buf);
    for (unsigned bit = 0; bit < count; bit++)
        if (bits >> bit & 1u)
            lg_json_str(&buf, name(bit));
    lg_json_end(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

char *lg_roles_json(lg_arena *arena, unsigned roles)
{
    return bits_json(arena, roles, LG_ROLE_COUNT, role_of);
}

char *lg_scopes_json(lg_arena *arena, unsigned scopes)
{
    return bits_json(arena, scopes, LG_SCOPE_COUNT, scope_of);
}

char *lg_limits_json(lg_arena *arena, const lg_token_limit *limits, size_t count)
{
    lg_buf buf = {0};
    lg_json_open(&buf);
    for (size_t i = 0; i < count; i++)
        lg_json_put_int(&buf, limits[i].currency.code, limits[i].limit_minor);
    lg_json_close(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

char *lg_identifiers_json(lg_arena *arena, const lg_identifier *identifiers, size_t count)
{
    lg_buf buf = {0};
    lg_json_list(&buf);
    for (size_t i = 0; i < count; i++) {
        lg_json_list(&buf);
        lg_json_str(&buf, lg_scheme_name(identifiers[i].scheme));
        lg_json_str(&buf, identifiers[i].value);
        lg_json_end(&buf);
    }
    lg_json_end(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

/* One company, one registration: an identifier has one owner, or a duplicate invoice could hide behind a
 * second account. */
static lg_err check_identifiers_free(lg_act *act)
{
    const lg_command *c = act->command;
    for (size_t i = 0; i < c->identifier_count; i++) {
        lg_participant_no owner;
        lg_err err = lg_identifier_owner(act->db, c->identifiers[i], &owner);
        const char *scheme = lg_scheme_name(c->identifiers[i].scheme);
        if (err == LG_OK)
            lg_fault_add(act->report, "identifier_taken",
                         lg_arena_printf(act->arena, "/identifiers/%s", scheme),
                         "%s %s belongs to a registered participant.", scheme, c->identifiers[i].value);
        else if (err != LG_NOT_FOUND)
            return err;
    }
    return act->report->fault_count
               ? lg_fail(act->report, LG_ALREADY_EXISTS, "An identifier is registered already.")
               : LG_OK;
}

static lg_err check_key_free(lg_act *act)
{
    lg_key existing;
    lg_err err = lg_key_get(act->db, lg_kid_of(&act->command->public_key).s, &existing);
    if (err == LG_OK)
        return lg_fail(act->report, LG_ALREADY_EXISTS,
                       "This public key is registered already; a key belongs to one participant, once.");
    return err == LG_NOT_FOUND ? LG_OK : err;
}

lg_err lg_do_participant_register(lg_act *act)
{
    const lg_command *c = act->command;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = check_identifiers_free(act);
    if (!err)
        err = check_key_free(act);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_PARTICIPANT_REGISTERED,
        .participant_id = lg_uuid_new(),
        .name = c->name,
        .country = c->country,
        .group = c->group,
        .roles = lg_roles_json(act->arena, c->roles),
        .identifiers = lg_identifiers_json(act->arena, c->identifiers, c->identifier_count),
        .public_key = c->public_key,
        .key_in_custody = c->custody,
        .valid_from = act->now,
    };
    return lg_act_record(act, &event);
}

/* The participant the path names. */
static lg_err subject(lg_act *act, lg_participant *out)
{
    lg_err err = lg_participant_by_id(act->db, (lg_participant_id){act->command->subject}, act->arena, out);
    return err == LG_NOT_FOUND ? lg_fail(act->report, LG_NOT_FOUND, "No participant has this id.") : err;
}

/* The operator may act for anyone here, and a participant for itself. A stranger learns no more than that. */
static lg_err require_self_or_operator(lg_act *act, lg_participant_no no)
{
    const lg_signer *signer = &act->command->signers[0];
    if (signer->no.v == no.v || lg_signer_has(signer, LG_ROLE_OPERATOR))
        return LG_OK;
    return lg_fail(act->report, LG_NOT_PERMITTED, "Only the participant itself or the operator may do this.");
}

lg_err lg_do_participant_status(lg_act *act)
{
    lg_participant row;
    bool suspend = act->command->type == LG_CMD_PARTICIPANT_SUSPEND;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = subject(act, &row);
    if (err)
        return err;
    if (row.suspended == suspend)
        return lg_fail(act->report, LG_WRONG_STATE,
                       suspend ? LG_TEXT("The participant is suspended already.")
                               : LG_TEXT("The participant is active already."));
    if (suspend && row.no.v == act->command->signers[0].no.v)
        return lg_fail(act->report, LG_WRONG_STATE, "The operator cannot suspend itself.");
    lg_event event = {
        .type = LG_EV_PARTICIPANT_STATUS_CHANGED,
        .participant_id = row.id.uuid,
        .suspended = suspend,
        .reason = act->command->reason,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_debtor_stop(lg_act *act)
{
    lg_participant row;
    bool stop = act->command->type == LG_CMD_DEBTOR_STOP;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = subject(act, &row);
    if (err)
        return err;
    if (!lg_has_role(row.roles, LG_ROLE_CORE_ENTERPRISE))
        return lg_fail(act->report, LG_WRONG_STATE,
                       "Only a core_enterprise can be on the debtors' stop list.");
    if (row.stopped == stop)
        return lg_fail(act->report, LG_WRONG_STATE,
                       stop ? LG_TEXT("The debtor is on the stop list already.")
                            : LG_TEXT("The debtor is not on the stop list."));
    int64_t unpaid = 0;
    if (!stop)
        err = lg_claim_count_unpaid(act->db, row.no, &unpaid);
    if (!err && unpaid > 0)
        err = lg_fail(act->report, LG_WRONG_STATE,
                      "The debtor has %lld unpaid overdue claims; it stays on the stop list.",
                      (long long)unpaid);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_PARTICIPANT_STOP_CHANGED,
        .participant_id = row.id.uuid,
        .stopped = stop,
        .reason = act->command->reason,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_participant_rate(lg_act *act)
{
    lg_participant row;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = subject(act, &row);
    if (!err && !act->command->rating && !row.rating)
        err = lg_fail(act->report, LG_WRONG_STATE, "The participant has no rating that could be removed.");
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_PARTICIPANT_RATED,
        .participant_id = row.id.uuid,
        .rating = act->command->rating,
        .agency = act->command->agency,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_credit_line(lg_act *act)
{
    lg_participant row;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = subject(act, &row);
    if (err)
        return err;
    if (!lg_has_role(row.roles, LG_ROLE_CORE_ENTERPRISE))
        return lg_fail(act->report, LG_WRONG_STATE, "Only a core_enterprise has a credit line.");
    lg_event event = {
        .type = LG_EV_CREDIT_LINE_SET,
        .participant_id = row.id.uuid,
        .currency = act->command->currency,
        .limit_minor = act->command->limit_minor,
    };
    return lg_act_record(act, &event);
}

/* A time that only the registry's clock could judge. */
static lg_err invalid(lg_act *act, const char *pointer, const char *sentence)
{
    lg_fault_add(act->report, "out_of_range", pointer, "%s", sentence);
    return lg_fail(act->report, LG_INVALID_FIELDS, "%s", sentence);
}

lg_err lg_do_key_add(lg_act *act)
{
    const lg_command *c = act->command;
    lg_participant row;
    lg_err err = subject(act, &row);
    if (!err)
        err = require_self_or_operator(act, row.no);
    /* With it one would sign what no token may: without limits, four eyes or end. */
    if (!err && act->token && !c->custody)
        err = lg_fail(act->report, LG_WIDER_THAN_ISSUER,
                      "A key of one's own may do more than any token; a key must sign for it, such as the "
                      "operator's.");
    if (!err)
        err = check_key_free(act);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_KEY_ADDED,
        .participant_id = row.id.uuid,
        .public_key = c->public_key,
        .key_in_custody = c->custody,
        .valid_from = c->valid_from ? c->valid_from : act->now,
        .valid_until = c->valid_until,
    };
    if (event.valid_until && event.valid_until <= event.valid_from)
        return invalid(act, "/valid_until", "valid_until must be after valid_from.");
    return lg_act_record(act, &event);
}

/* An operator without a usable key could never act again, not even to expire what is due. */
static lg_err keep_one_operator_key(lg_act *act, const lg_participant *row, const char *kid)
{
    lg_key *keys;
    size_t count;
    lg_err err = lg_has_role(row->roles, LG_ROLE_OPERATOR)
                     ? lg_key_list(act->db, row->no, act->arena, &keys, &count)
                     : LG_OK;
    if (err || !lg_has_role(row->roles, LG_ROLE_OPERATOR))
        return err;
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].kid.s, kid) != 0 && !keys[i].revoked_at && keys[i].valid_from <= act->now &&
            (!keys[i].valid_until || keys[i].valid_until > act->now))
            return LG_OK;
    return lg_fail(act->report, LG_WRONG_STATE, "The operator's last valid key cannot be revoked.");
}

lg_err lg_do_key_revoke(lg_act *act)
{
    lg_participant row;
    lg_key key;
    lg_err err = subject(act, &row);
    if (!err)
        err = require_self_or_operator(act, row.no);
    if (!err)
        err = lg_key_get(act->db, act->command->kid, &key);
    if (err == LG_NOT_FOUND || (!err && key.participant.v != row.no.v))
        return lg_fail(act->report, LG_NOT_FOUND, "This participant has no key of that kid.");
    if (!err && key.revoked_at)
        return lg_fail(act->report, LG_WRONG_STATE, "The key was revoked at %s.",
                       lg_time_format(key.revoked_at).s);
    if (!err)
        err = keep_one_operator_key(act, &row, key.kid.s);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_KEY_REVOKED,
        .participant_id = row.id.uuid,
        .kid = lg_arena_strdup(act->arena, key.kid.s),
        .reason = act->command->reason,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_token_issue(lg_act *act)
{
    const lg_command *c = act->command;
    lg_participant row;
    lg_token existing;
    lg_err err = lg_participant_by_id(act->db, c->participant, act->arena, &row);
    if (err == LG_NOT_FOUND)
        return lg_fail(act->report, LG_NOT_FOUND, "No participant has the id in participant.");
    if (!err)
        err = require_self_or_operator(act, row.no);
    if (!err) {
        err = lg_token_by_hash(act->db, &c->token_sha256, act->arena, &existing);
        err = err == LG_OK ? lg_fail(act->report, LG_ALREADY_EXISTS,
                                     "This token is registered already; make a fresh random one.")
                           : (err == LG_NOT_FOUND ? LG_OK : err);
    }
    if (err)
        return err;
    if (c->expires_at <= act->now)
        return invalid(act, "/expires_at", "expires_at must be in the future.");
    err = lg_require_narrower(act);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_TOKEN_ISSUED,
        .token_id = lg_uuid_new(),
        .participant_id = row.id.uuid,
        .scopes = lg_scopes_json(act->arena, c->scopes),
        .label = c->label,
        .expires_at = c->expires_at,
        .amount_limits = c->limited ? lg_limits_json(act->arena, c->limits, c->limit_count) : NULL,
        .issued_with = c->token.uuid,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_token_revoke(lg_act *act)
{
    lg_token token;
    lg_participant_id owner;
    lg_err err = lg_token_by_id(act->db, (lg_token_id){act->command->subject}, act->arena, &token);
    /* To a stranger another's token is not there. */
    if (err == LG_NOT_FOUND || (!err && require_self_or_operator(act, token.participant) != LG_OK))
        return lg_fail(act->report, LG_NOT_FOUND, "No token of yours has this id.");
    if (!err && token.revoked_at)
        return lg_fail(act->report, LG_WRONG_STATE, "The token was revoked at %s.",
                       lg_time_format(token.revoked_at).s);
    if (!err)
        err = lg_participant_id_of(act->db, token.participant, &owner);
    if (err)
        return err;
    lg_event event = {.type = LG_EV_TOKEN_REVOKED, .token_id = token.id.uuid, .participant_id = owner.uuid};
    return lg_act_record(act, &event);
}

lg_err lg_do_policy_set(lg_act *act)
{
    lg_policy current;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = lg_act_policy(act, &current);
    if (err)
        return err;
    if (act->command->base_version != current.version)
        return lg_fail(act->report, LG_VERSION_CONFLICT,
                       "base_version is %lld, the current policy is version %lld.",
                       (long long)act->command->base_version, (long long)current.version);
    lg_event event = {
        .type = LG_EV_POLICY_SET,
        .policy_version = current.version + 1,
        .policy = lg_policy_format(act->arena, &act->command->policy),
    };
    lg_registry_forget_policy(act->registry);
    return lg_act_record(act, &event);
}
