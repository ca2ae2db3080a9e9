/* The review queue: what becomes of what the gateway held, by a reviewer's decision or an external verifier's
 * answer. */
#include "ledger/registry/internal.h"

#include "ledger/store/verification_rows.h"

#include <string.h>

static lg_err held_subject(lg_act *act, lg_receivable *row)
{
    const lg_signer *signer = &act->command->signers[0];
    if (!lg_signer_has(signer, LG_ROLE_REVIEWER) && !lg_signer_has(signer, LG_ROLE_OPERATOR))
        return lg_fail(act->report, LG_NOT_PERMITTED, "This needs the role reviewer.");
    lg_err err = lg_receivable_subject(act, row);
    if (!err && (row->creditor.v == signer->no.v || row->debtor.v == signer->no.v))
        return lg_fail(act->report, LG_NOT_PERMITTED, "A party to the receivable cannot review it.");
    return err ? err : lg_require_life(act, row, LG_LIFE_HELD);
}

/* Time has passed since the gateway held it: what depends on the present is asked again. */
static lg_err judge_again(lg_act *act, const lg_receivable *row, lg_policy *policy, lg_review *review)
{
    lg_party seller = {.found = true}, buyer = {.found = true};
    const lg_submission submission = {
        .number = row->invoice_number,
        .issue_day = row->issue_day,
        .due_day = row->due_day,
        .currency = row->currency,
        .gross_minor = row->gross_minor,
        .payable_minor = row->gross_minor,
        .amount_minor = row->amount_minor,
        .part = row->part,
        .seller.pointer = "/invoice/seller",
        .buyer.pointer = "/invoice/buyer",
    };
    lg_err err = lg_act_policy(act, policy);
    if (!err)
        err = lg_participant_get(act->db, row->creditor, act->arena, &seller.row);
    if (!err)
        err = lg_participant_get(act->db, row->debtor, act->arena, &buyer.row);
    const lg_review_input input = {
        .submission = &submission,
        .policy = policy,
        .today = lg_day_of(act->now),
        .on_approval = true,
        .db = act->db,
        .seller = &seller,
        .buyer = &buyer,
        .signer_is_seller = !row->by_debtor,
        .signer_is_buyer = row->by_debtor,
        .fingerprint = &row->fingerprint,
        .except = row->no,
    };
    if (!err)
        err = lg_registry_review(act->registry)(&input, act->arena, review);
    return err;
}

lg_err lg_do_review_approve(lg_act *act)
{
    lg_receivable row;
    lg_policy policy;
    lg_review review = {0};
    lg_err err = held_subject(act, &row);
    if (!err)
        err = judge_again(act, &row, &policy, &review);
    if (!err && review.outcome == LG_OUTCOME_REJECT)
        err = lg_report_rejection(act, &review);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_REVIEW_APPROVED,
        .receivable_id = row.id.uuid,
        .confirm_by = act->now + policy.confirm_within_days * LG_TIME_PER_DAY,
        .policy_version = policy.version,
        .note = act->command->note,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_review_reject(lg_act *act)
{
    lg_receivable row;
    lg_err err = held_subject(act, &row);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_REVIEW_REJECTED,
        .receivable_id = row.id.uuid,
        .note = act->command->note,
    };
    return lg_act_record(act, &event);
}

/* ---- the external verifier ---- */

/* What an answer comes to. Only the verifier's own word that the invoice is genuine passes. */
static lg_review_outcome outcome_of(lg_verifier_answer answer, lg_verifier_mode mode)
{
    switch (answer) {
    case LG_ANSWER_GENUINE:
        return LG_OUTCOME_PASS;
    case LG_ANSWER_NOT_GENUINE:
        return LG_OUTCOME_REJECT;
    case LG_ANSWER_DIFFERS:
        return LG_OUTCOME_HOLD;
    case LG_ANSWER_UNKNOWN:
    case LG_ANSWER_NONE:
    case LG_ANSWER_COUNT:
        break;
    }
    return mode == LG_VERIFIER_ADVISORY ? LG_OUTCOME_WARN : LG_OUTCOME_HOLD;
}

/* An answer counts until the deadline; that there is none can be said only after it. */
static lg_err check_answer_time(lg_act *act, const lg_verification *row)
{
    const bool none = act->command->answer == LG_ANSWER_NONE;
    if (none && act->now <= row->verify_by)
        return lg_fail(act->report, LG_NOT_YET_DUE, "The verifier may answer until %s.",
                       lg_time_format(row->verify_by).s);
    if (!none && act->now > row->verify_by)
        return lg_fail(act->report, LG_PAST_DEADLINE, "The verifier could answer until %s.",
                       lg_time_format(row->verify_by).s);
    return LG_OK;
}

/* Did another check than the verifier's hold it? That one is for a reviewer to judge. */
static lg_err held_otherwise(const lg_receivable *row, const char **code, lg_arena *arena)
{
    json_t *checks = NULL;
    const json_t *check;
    size_t i;
    *code = NULL;
    if (lg_json_load(lg_bytes_str(row->checks), &checks, NULL) != LG_OK)
        return LG_CORRUPT;
    json_array_foreach(checks, i, check)
    {
        const char *name = json_string_value(json_object_get(check, "code")),
                   *outcome = json_string_value(json_object_get(check, "outcome"));
        if (!*code && name && outcome && strcmp(name, LG_CHECK_VERIFIER) != 0 &&
            strcmp(outcome, lg_review_outcome_name(LG_OUTCOME_HOLD)) == 0)
            *code = lg_arena_strdup(arena, name);
    }
    json_decref(checks);
    return LG_OK;
}

/* The verifier is content; is everything else? The first check that is not keeps it for a reviewer. */
static lg_err find_hindrance(lg_act *act, const lg_receivable *row, const char **code)
{
    lg_policy policy;
    lg_review review = {0};
    lg_err err = held_otherwise(row, code, act->arena);
    if (!err && !*code)
        err = judge_again(act, row, &policy, &review);
    for (size_t i = 0; i < review.count && !err && !*code; i++)
        if (review.results[i].outcome == LG_OUTCOME_REJECT)
            *code = review.results[i].code;
    return err;
}

static lg_err record_answer(lg_act *act, const lg_receivable *row)
{
    const lg_command *c = act->command;
    lg_policy asked_under, now;
    const char *hindrance = NULL;
    lg_err err = lg_policy_load(act->db, row->policy_version, act->arena, &asked_under);
    if (!err)
        err = lg_act_policy(act, &now);
    if (err)
        return err;
    const lg_review_outcome outcome = outcome_of(c->answer, asked_under.verifier.mode);
    const bool lets_in = outcome == LG_OUTCOME_PASS || outcome == LG_OUTCOME_WARN;
    if (lets_in)
        err = find_hindrance(act, row, &hindrance);
    lg_event event = {
        .type = LG_EV_REVIEW_VERIFIED,
        .receivable_id = row->id.uuid,
        .answer = lg_verifier_answer_name(c->answer),
        .review_outcome = lg_review_outcome_name(outcome),
        .reference = c->reference,
        .answered_at = c->answered_at,
        .note = c->note,
        .hindered_by = hindrance,
        .policy_version = now.version,
    };
    if (lets_in && !hindrance)
        event.confirm_by = act->now + now.confirm_within_days * LG_TIME_PER_DAY;
    return err ? err : lg_act_record(act, &event);
}

lg_err lg_do_verify(lg_act *act)
{
    lg_receivable row;
    lg_verification pending;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = held_subject(act, &row);
    if (err)
        return err;
    err = lg_verification_get(act->db, row.no, act->arena, &pending);
    if (err == LG_NOT_FOUND || (!err && pending.state != LG_VERIFICATION_PENDING))
        return lg_fail(act->report, LG_WRONG_STATE, "No answer of a verifier is awaited for it.");
    if (!err)
        err = check_answer_time(act, &pending);
    return err ? err : record_answer(act, &row);
}
