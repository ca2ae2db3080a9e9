/* Four eyes: above an amount that a participant sets, custody signs a confirmation only when two of its
 * tokens say the same. The first half is recorded and waits; the second makes it whole.
 *
 * Two tokens are different when they are of different lines. A line is a token that a key signed for (the
 * operator's, or the participant's own) and all tokens that were issued with it, and with those: who holds
 * one token cannot make itself a second pair of eyes. */
#include "ledger/registry/internal.h"

#include <string.h>

enum { APPROVAL_DAYS = 7 /* that a first half waits */ };

/* ---- the first half ---- */

/* Why this first half counts no more; LG_OK if it waits. */
static lg_err require_waiting(lg_act *act, const lg_approval *half)
{
    lg_approval_status status;
    lg_err err = lg_approval_status_at(act->db, act->arena, half, act->now, &status);
    if (err || status == LG_APPROVAL_WAITING)
        return err;
    if (status == LG_APPROVAL_EXPIRED)
        return lg_fail(act->report, LG_PAST_DEADLINE, "The first half waited until %s; start again.",
                       lg_time_format(half->expires_at).s);
    if (status == LG_APPROVAL_OVERTAKEN)
        return lg_fail(act->report, LG_WRONG_STATE,
                       "The first half counts no more: what it is about went on without it, or its token was "
                       "revoked.");
    return lg_fail(act->report, LG_WRONG_STATE, "The first half is %s.", lg_approval_status_name(status));
}

static lg_err find_named(lg_act *act, const lg_approval_terms *terms, lg_approval *half)
{
    lg_err err = lg_approval_by_id(act->db, act->command->approval, act->arena, half);
    if (err == LG_NOT_FOUND || (!err && (half->participant.v != act->command->signers[0].no.v ||
                                         half->receivable.v != terms->receivable.v)))
        return lg_fail(act->report, LG_NOT_FOUND, "No approval of yours about this has the id in approval.");
    return err ? err : require_waiting(act, half);
}

/* The first half that waits for this; no 0 if there is none. One that counts no more is as good as none. */
static lg_err find_half(lg_act *act, const lg_approval_terms *terms, lg_approval *half)
{
    lg_approval_status status = LG_APPROVAL_WAITING;
    if (!lg_uuid_is_nil(act->command->approval.uuid))
        return find_named(act, terms, half);
    lg_err err = LG_NOT_FOUND;
    if (act->token)
        err = lg_approval_waiting(act->db, act->command->signers[0].no, terms->receivable, terms->currency,
                                  act->arena, half);
    if (!err)
        err = lg_approval_status_at(act->db, act->arena, half, act->now, &status);
    if (err == LG_NOT_FOUND || status != LG_APPROVAL_WAITING)
        *half = (lg_approval){.no = {0}};
    return err == LG_NOT_FOUND ? LG_OK : err;
}

static const char *amount_text(lg_arena *arena, int64_t amount_minor, lg_currency currency)
{
    if (amount_minor < 0)
        return "none";
    return lg_arena_printf(arena, "%s %s", lg_amount_format(amount_minor, currency).s, currency.code);
}

static lg_err require_same_terms(lg_act *act, const lg_approval_terms *terms, const lg_approval *half)
{
    int64_t amount = terms->amount_minor == LG_ABSENT ? -1 : terms->amount_minor;
    if (half->amount_minor == amount)
        return LG_OK;
    lg_fault_add(act->report, "differs", half->receivable.v ? "/amount" : "/above",
                 "The first half says %s, this one %s.",
                 amount_text(act->arena, half->amount_minor, half->currency),
                 amount_text(act->arena, amount, half->currency));
    return lg_fail(act->report, LG_TERMS_DIFFER, "%s", act->report->last->detail);
}

static lg_err same_line(lg_act *act, const lg_approval *half, bool *out)
{
    lg_token first;
    lg_err err = lg_token_get(act->db, half->token_no, act->arena, &first);
    *out = !err && act->token && first.line_no == act->token->line_no;
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_time earliest(lg_time a, lg_time b)
{
    return b && b < a ? b : a;
}

static lg_err ask(lg_act *act, const lg_approval_terms *terms)
{
    lg_time until = act->now + APPROVAL_DAYS * LG_TIME_PER_DAY;
    lg_event event = {
        .type = LG_EV_APPROVAL_ASKED,
        .approval_id = lg_uuid_new(),
        .participant_id = act->command->signers[0].id.uuid,
        .token_id = act->token->id.uuid,
        .kind = lg_approval_kind_name(terms->kind),
        .receivable_id = terms->receivable_id,
        .currency = terms->currency,
        .limit_minor = terms->amount_minor,
        .expires_at = earliest(earliest(until, terms->until), act->token->expires_at),
        .note = act->command->note,
    };
    return lg_act_record(act, &event);
}

/* One token is not enough for this amount, or for this change. */
static lg_err needs_two(lg_act *act, const lg_approval_terms *terms, bool *out)
{
    int64_t above;
    *out = false;
    if (!act->token)
        return LG_OK;
    lg_err err = lg_four_eyes_get(act->db, act->command->signers[0].no, terms->currency, &above);
    if (!err) /* the setting is loosened, or the amount is above it */
        *out = terms->amount_minor == LG_ABSENT || terms->amount_minor > above;
    return err == LG_NOT_FOUND ? LG_OK : err;
}

lg_err lg_four_eyes_pass(lg_act *act, const lg_approval_terms *terms, lg_approval *half, bool *go)
{
    bool two, same = false;
    *go = false;
    *half = (lg_approval){.no = {0}};
    lg_err err = needs_two(act, terms, &two);
    if (!err)
        err = find_half(act, terms, half);
    if (!err && half->no.v)
        err = require_same_terms(act, terms, half);
    if (!err && half->no.v)
        err = same_line(act, half, &same);
    if (err)
        return err;
    if (half->no.v && same && two)
        return lg_fail(act->report, LG_SAME_TOKEN,
                       "This token, or one of its line, said so at %s; it waits for a token of another line "
                       "until %s.",
                       lg_time_format(half->asked_at).s, lg_time_format(half->expires_at).s);
    if (!half->no.v && two)
        return ask(act, terms);
    *go = true;
    if (same || !act->token)
        half->no.v = 0; /* two are not needed any more: what becomes of it overtakes the first half */
    return LG_OK;
}

lg_err lg_four_eyes_give(lg_act *act, const lg_approval *half)
{
    if (!half->no.v)
        return LG_OK;
    lg_event event = {
        .type = LG_EV_APPROVAL_GIVEN,
        .approval_id = half->id.uuid,
        .token_id = act->command->token.uuid,
    };
    return lg_act_record(act, &event);
}

lg_err lg_submission_allowed(lg_act *act, const lg_event *event)
{
    bool two = false;
    const lg_approval_terms terms = {.currency = event->currency, .amount_minor = event->amount_minor};
    lg_err err = lg_require_within_token(act, event);
    if (!err && event->type != LG_EV_RECEIVABLE_REJECTED && strcmp(event->submitted_by, "debtor") == 0)
        err = needs_two(act, &terms, &two);
    if (err || !two)
        return err;
    return lg_fail(act->report, LG_FOUR_EYES,
                   "A payable is a confirmation; one of %s needs two tokens: let the creditor submit it, and "
                   "confirm it with both.",
                   amount_text(act->arena, event->amount_minor, event->currency));
}

/* ---- withdrawing it ---- */

static lg_err withdraw(lg_act *act)
{
    lg_approval half;
    lg_err err = lg_approval_by_id(act->db, (lg_approval_id){act->command->subject}, act->arena, &half);
    if (err == LG_NOT_FOUND || (!err && half.participant.v != act->command->signers[0].no.v))
        return lg_fail(act->report, LG_NOT_FOUND, "No approval of yours has this id.");
    if (!err && half.kind == LG_APPROVAL_FOUR_EYES)
        err =
            lg_fail(act->report, LG_WRONG_STATE,
                    "A change of the four-eyes setting is withdrawn by setting the amount that is in force.");
    if (!err)
        err = require_waiting(act, &half);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_APPROVAL_WITHDRAWN,
        .approval_id = half.id.uuid,
        .token_id = act->command->token.uuid,
        .note = act->command->note,
    };
    return lg_act_record(act, &event);
}

/* ---- the setting ---- */

/* What one token may say alone, to stay as it is or be tightened, ends a change that waits. */
static lg_err set(lg_act *act)
{
    const lg_command *c = act->command;
    const lg_approval_terms terms = {
        .kind = LG_APPROVAL_FOUR_EYES, .currency = c->currency, .amount_minor = c->limit_minor};
    lg_approval half = {.no = {0}};
    int64_t above;
    bool go = true, two;
    if (!lg_uuid_equal(c->subject, c->signers[0].id.uuid))
        return lg_fail(act->report, LG_NOT_PERMITTED, "Only the participant itself may do this.");
    lg_err err = lg_four_eyes_get(act->db, c->signers[0].no, c->currency, &above);
    if (err == LG_NOT_FOUND && c->limit_minor == LG_ABSENT)
        return lg_fail(act->report, LG_WRONG_STATE, "Nothing is set for %s that could be lifted.",
                       c->currency.code);
    if (!err || err == LG_NOT_FOUND)
        err = needs_two(act, &terms, &two);
    if (!err && two)
        err = lg_four_eyes_pass(act, &terms, &half, &go);
    if (err || !go)
        return err;
    lg_event event = {
        .type = LG_EV_FOUR_EYES_SET,
        .participant_id = c->subject,
        .currency = c->currency,
        .limit_minor = c->limit_minor,
    };
    err = lg_act_record(act, &event);
    return err ? err : lg_four_eyes_give(act, &half);
}

lg_err lg_do_custody_act(lg_act *act)
{
    return act->command->type == LG_CMD_FOUR_EYES_SET ? set(act) : withdraw(act);
}
