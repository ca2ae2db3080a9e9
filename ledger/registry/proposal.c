/* Credit notes and voids: proposed by one of those who must sign, and effective with the last signature. */
#include "ledger/registry/payment.h"

static void add_signer(lg_proposal_signers *signers, lg_participant_no participant)
{
    if (participant.v && !lg_proposal_signer_find(signers, participant))
        signers->rows[signers->count++] = (lg_proposal_signer){.participant = participant};
}

void lg_proposal_signers_of(const lg_claim *claim, lg_proposal_signers *out)
{
    *out = (lg_proposal_signers){0};
    add_signer(out, claim->creditor);
    add_signer(out, claim->debtor);
    add_signer(out, claim->holder);
    add_signer(out, claim->lender);
}

/* ---- may it take effect ---- */

/* A void undoes a claim to which nothing has happened yet. */
static lg_err require_untouched(lg_act *act, const lg_claim *claim)
{
    if (claim->parent.v)
        return lg_fail(act->report, LG_WRONG_STATE,
                       "The claim is a part of another; only an undivided one is voided.");
    if (claim->paid_minor || claim->diluted_minor)
        return lg_fail(act->report, LG_WRONG_STATE,
                       "The claim is %s: %s %s of it is paid or credited already.",
                       lg_claim_life_name(claim->life),
                       lg_amount_format(claim->paid_minor + claim->diluted_minor, claim->currency).s,
                       claim->currency.code);
    if (claim->holder.v != claim->creditor.v)
        return lg_fail(act->report, LG_WRONG_STATE,
                       "The claim was passed on; its creditor no longer holds it.");
    return LG_OK;
}

/* The registry's order: life, locks, encumbrance. A dispute may end in a credit note or a void; a court's
 * order is not to be gone around by one. */
static lg_err require_possible(lg_act *act, const lg_claim *claim, lg_proposal_kind kind)
{
    lg_err err = lg_require_live(act, claim);
    if (!err && kind == LG_PROPOSAL_VOID)
        err = require_untouched(act, claim);
    if (!err && claim->frozen_by.v)
        err = lg_fail(act->report, LG_CLAIM_LOCKED, "The claim is frozen by the order %s.",
                      claim->order_reference);
    /* Nobody accepts less than was offered to it. */
    if (!err && (kind == LG_PROPOSAL_VOID || claim->encumbrance == LG_OFFERED))
        err = lg_require_free(act, claim);
    return err;
}

static lg_err require_within(lg_act *act, const lg_claim *claim, int64_t amount_minor)
{
    if (amount_minor <= claim->outstanding_minor)
        return LG_OK;
    return lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE,
                   "A credit note is for at most what is outstanding, %s %s.",
                   lg_amount_format(claim->outstanding_minor, claim->currency).s, claim->currency.code);
}

static lg_err take_effect(lg_act *act, lg_uuid proposal_id, const lg_claim *claim, lg_proposal_kind kind,
                          int64_t amount_minor)
{
    lg_event event = {
        .type = kind == LG_PROPOSAL_VOID ? LG_EV_CLAIM_VOIDED : LG_EV_CLAIM_DILUTED,
        .proposal_id = proposal_id,
        .claim_id = claim->id.uuid,
        .amount_minor = amount_minor,
    };
    return lg_act_record(act, &event);
}

/* ---- proposing ---- */

/* Who would have to sign finds the claim, such as the creditor of a part that was passed on; so does who sees
 * it. */
static lg_err find_claim(lg_act *act, lg_claim_id id, lg_claim *claim, lg_proposal_signers *signers)
{
    lg_err err = lg_claim_by_id(act->db, id, act->arena, claim);
    if (!err) {
        lg_proposal_signers_of(claim, signers);
        if (lg_proposal_signer_find(signers, act->command->signers[0].no))
            return LG_OK;
    }
    return err && err != LG_NOT_FOUND ? err : lg_act_claim(act, id, claim);
}

lg_err lg_do_proposal_make(lg_act *act)
{
    const lg_payment_payload *payload = act->command->payment;
    lg_claim claim;
    lg_policy policy;
    lg_proposal_signers signers;
    int64_t amount = 0;
    lg_err err = find_claim(act, payload->claim, &claim, &signers);
    if (err)
        return err;
    if (!lg_proposal_signer_find(&signers, act->command->signers[0].no))
        return lg_fail(act->report, LG_NOT_PERMITTED,
                       "Only the claim's creditor, debtor, holder or lender may propose this.");
    err = require_possible(act, &claim, payload->kind);
    if (!err && payload->kind == LG_PROPOSAL_CREDIT_NOTE)
        err = lg_require_amount(act, act->command->amount_text, claim.currency, "/amount", &amount);
    if (!err)
        err = require_within(act, &claim, amount);
    if (!err)
        err = lg_act_policy(act, &policy);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_PROPOSAL_MADE,
        .proposal_id = lg_uuid_new(),
        .claim_id = claim.id.uuid,
        .kind = lg_proposal_kind_name(payload->kind),
        .amount_minor = amount,
        .reference = payload->reference,
        .expires_at = act->now + policy.proposal_days * LG_TIME_PER_DAY,
        .note = act->command->note,
    };
    err = lg_act_record(act, &event);
    if (!err && signers.count == 1)
        err = take_effect(act, event.proposal_id, &claim, payload->kind, amount);
    return err;
}

/* ---- signing and declining ---- */

/* The open proposal the path names, if the signer is one of those who must sign it. */
static lg_err find_open(lg_act *act, lg_proposal *out, lg_proposal_signers *signers,
                        const lg_proposal_signer **self)
{
    lg_err err = lg_proposal_by_id(act->db, (lg_proposal_id){act->command->subject}, act->arena, out);
    if (!err)
        err = lg_proposal_signers_get(act->db, out->no, signers);
    *self = err ? NULL : lg_proposal_signer_find(signers, act->command->signers[0].no);
    if (err == LG_NOT_FOUND || (!err && !*self))
        return lg_fail(act->report, LG_NOT_FOUND, "No proposal for you to sign has this id.");
    if (!err && out->status != LG_PROPOSAL_OPEN)
        err =
            lg_fail(act->report, LG_WRONG_STATE, "The proposal is %s.", lg_proposal_status_name(out->status));
    return err;
}

static lg_err check_deadline(lg_act *act, const lg_proposal *proposal)
{
    if (act->now <= proposal->expires_at)
        return LG_OK;
    return lg_fail(act->report, LG_PAST_DEADLINE, "The proposal expired at %s.",
                   lg_time_format(proposal->expires_at).s);
}

static bool is_last(const lg_proposal_signers *signers, lg_participant_no signing)
{
    for (size_t i = 0; i < signers->count; i++)
        if (!signers->rows[i].signed_at && signers->rows[i].participant.v != signing.v)
            return false;
    return true;
}

/* Time has passed since it was proposed: nobody's right may be lowered who was not asked. */
static lg_err require_still_possible(lg_act *act, const lg_proposal *proposal,
                                     const lg_proposal_signers *signers, const lg_claim *claim)
{
    lg_err err = lg_require_live(act, claim);
    if (!err && !lg_proposal_signer_find(signers, claim->holder))
        err = lg_fail(act->report, LG_WRONG_STATE,
                      "The claim was passed on since; its holder was not asked to sign.");
    if (!err && claim->lender.v && !lg_proposal_signer_find(signers, claim->lender))
        err = lg_fail(act->report, LG_WRONG_STATE, "The claim is %s since; its lender was not asked to sign.",
                      lg_encumbrance_name(claim->encumbrance));
    /* A right that is newer than the signatures was not what they spoke of, even if it is one signer's again.
     */
    if (!err &&
        (claim->held_seq > lg_row_seq(proposal->no.v) || claim->lent_seq > lg_row_seq(proposal->no.v)))
        err = lg_fail(act->report, LG_WRONG_STATE,
                      "The claim was passed on or financed since; propose it anew.");
    if (!err)
        err = require_possible(act, claim, proposal->kind);
    return err ? err : require_within(act, claim, proposal->amount_minor);
}

lg_err lg_do_proposal_accept(lg_act *act)
{
    lg_proposal proposal;
    lg_proposal_signers signers;
    const lg_proposal_signer *self;
    lg_claim claim;
    lg_err err = find_open(act, &proposal, &signers, &self);
    if (err)
        return err;
    if (self->signed_at)
        return lg_fail(act->report, LG_WRONG_STATE, "You signed it at %s; others have not yet.",
                       lg_time_format(self->signed_at).s);
    bool last = is_last(&signers, self->participant);
    err = check_deadline(act, &proposal);
    if (!err)
        err = lg_claim_get(act->db, proposal.claim, act->arena, &claim);
    if (!err && last)
        err = require_still_possible(act, &proposal, &signers, &claim);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    lg_event event = {.type = LG_EV_PROPOSAL_ACCEPTED, .proposal_id = proposal.id.uuid};
    err = lg_act_record(act, &event);
    if (!err && last)
        err = take_effect(act, proposal.id.uuid, &claim, proposal.kind, proposal.amount_minor);
    return err;
}

lg_err lg_do_proposal_decline(lg_act *act)
{
    lg_proposal proposal;
    lg_proposal_signers signers;
    const lg_proposal_signer *self;
    lg_err err = find_open(act, &proposal, &signers, &self);
    if (!err)
        err = check_deadline(act, &proposal);
    if (err)
        return err;
    lg_event event = {.type = LG_EV_PROPOSAL_DECLINED, .proposal_id = proposal.id.uuid};
    return lg_act_record(act, &event);
}
