/* What a bearer token lets the registry's custody sign: its state and scope, the amount it may commit, and
 * that it gives no more than it has. */
#include "ledger/registry/internal.h"

#include "ledger/registry/stake.h"

lg_err lg_token_check_time(const lg_token *token, lg_time now, lg_report *report)
{
    if (token->revoked_at != 0)
        return lg_fail(report, LG_TOKEN_REVOKED, "This token was revoked at %s.",
                       lg_time_format(token->revoked_at).s);
    if (token->expires_at <= now)
        return lg_fail(report, LG_TOKEN_EXPIRED, "This token expired at %s.",
                       lg_time_format(token->expires_at).s);
    return LG_OK;
}

lg_err lg_token_check_scope(const lg_token *token, lg_scope scope, lg_report *report)
{
    if (token->scopes >> scope & 1u)
        return LG_OK;
    return lg_fail(report, LG_SCOPE_MISSING, "This token lacks the scope '%s'.", lg_scope_name(scope));
}

lg_err lg_require_token(lg_act *act)
{
    const lg_command *c = act->command;
    act->token = NULL;
    if (lg_uuid_is_nil(c->token.uuid))
        return LG_OK;
    lg_token *token = lg_arena_alloc(act->arena, sizeof *token);
    lg_err err = lg_token_by_id(act->db, c->token, act->arena, token);
    if (err == LG_NOT_FOUND || (!err && token->participant.v != c->signers[0].no.v))
        return lg_fail(act->report, LG_UNAUTHENTICATED, "The signer has no bearer token of this id.");
    if (!err)
        err = lg_token_check_time(token, act->now, act->report);
    if (!err)
        err = lg_token_check_scope(token, lg_command_scope(c->type), act->report);
    act->token = token;
    return err;
}

/* ---- amounts ---- */

lg_err lg_require_within_token(lg_act *act, const lg_event *event)
{
    lg_stake stake;
    int64_t limit_minor;
    if (!act->token || !act->token->limited)
        return LG_OK;
    lg_err err = lg_stake_of(act, event, &stake);
    if (err || stake.amount_minor == 0)
        return err;
    err = lg_token_limit_get(act->db, act->token->token_no, stake.currency, &limit_minor);
    if (err || stake.amount_minor <= limit_minor)
        return err;
    const char *name = *stake.pointer ? stake.pointer + 1 : "the amount";
    lg_fault_add(act->report, "above_token_limit", stake.pointer,
                 "%s %s (%s) is above what this token may commit at a time, which is %s %s.",
                 lg_amount_format(stake.amount_minor, stake.currency).s, stake.currency.code, name,
                 lg_amount_format(limit_minor, stake.currency).s, stake.currency.code);
    return lg_fail(act->report, LG_TOKEN_LIMIT, "%s", act->report->last->detail);
}

/* ---- no token gives more than it has ---- */

static lg_err check_limits(lg_act *act)
{
    const lg_command *c = act->command;
    lg_err err = LG_OK;
    if (!act->token->limited)
        return LG_OK;
    if (!c->limited)
        lg_fault_add(act->report, "wider_than_issuer", "/amount_limits",
                     "amount_limits is required: the token that asks has limits itself.");
    for (size_t i = 0; i < c->limit_count && !err; i++) {
        const lg_token_limit *limit = &c->limits[i];
        int64_t own;
        err = lg_token_limit_get(act->db, act->token->token_no, limit->currency, &own);
        if (!err && limit->limit_minor > own)
            lg_fault_add(act->report, "wider_than_issuer",
                         lg_arena_printf(act->arena, "/amount_limits/%s", limit->currency.code),
                         "amount_limits/%s is %s; the token that asks is limited to %s.",
                         limit->currency.code, lg_amount_format(limit->limit_minor, limit->currency).s,
                         lg_amount_format(own, limit->currency).s);
    }
    return err;
}

lg_err lg_require_narrower(lg_act *act)
{
    const lg_command *c = act->command;
    if (!act->token)
        return LG_OK;
    for (int scope = 0; scope < LG_SCOPE_COUNT; scope++)
        if ((c->scopes & ~act->token->scopes) >> scope & 1u)
            lg_fault_add(act->report, "wider_than_issuer", "/scopes",
                         "scopes has '%s', which the token that asks has not.",
                         lg_scope_name((lg_scope)scope));
    if (c->expires_at > act->token->expires_at)
        lg_fault_add(act->report, "wider_than_issuer", "/expires_at",
                     "expires_at is after %s, when the token that asks expires.",
                     lg_time_format(act->token->expires_at).s);
    lg_err err = check_limits(act);
    if (!err && act->report->fault_count > 0)
        err = lg_fail(act->report, LG_WIDER_THAN_ISSUER, "%s", act->report->first->detail);
    return err;
}
