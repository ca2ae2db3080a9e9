/* What holders, debtors, recipients, authorities and time do with a claim: each command checks the state and
 * records what happens. Splits and transfers are in claim_split.c. */
#include "ledger/registry/claim.h"

#include <string.h>

/* ---- what acts on claims share ---- */

lg_err lg_act_claim(lg_act *act, lg_claim_id id, lg_claim *out)
{
    const lg_signer *signer = &act->command->signers[0];
    lg_claim_sight sight = {0};
    lg_err err = lg_claim_by_id(act->db, id, act->arena, out);
    if (!err)
        err = lg_claim_see(act->db, out, signer->no, lg_signer_has(signer, LG_ROLE_LENDER), act->now, &sight);
    if (err == LG_NOT_FOUND || (!err && sight.access == LG_ACCESS_NONE))
        return lg_fail(act->report, LG_NOT_FOUND, "No claim that you may see has this id.");
    return err;
}

/* Any claim, for those who act by office: LG_NOT_PERMITTED without the role. */
static lg_err claim_in_office(lg_act *act, lg_role role, lg_claim_id id, lg_claim *out)
{
    lg_err err = lg_require_role(act, role);
    if (!err)
        err = lg_claim_by_id(act->db, id, act->arena, out);
    return err == LG_NOT_FOUND ? lg_fail(act->report, err, "No claim has this id.") : err;
}

static bool signed_by(const lg_act *act, lg_participant_no participant)
{
    return act->command->signers[0].no.v == participant.v;
}

lg_err lg_require_holder(lg_act *act, const lg_claim *claim)
{
    if (signed_by(act, claim->holder))
        return LG_OK;
    return lg_fail(act->report, LG_NOT_PERMITTED, "Only the claim's holder may do this.");
}

lg_err lg_require_live(lg_act *act, const lg_claim *claim)
{
    if (lg_claim_is_live(claim))
        return LG_OK;
    return lg_fail(act->report, LG_WRONG_STATE, "The claim is %s; nothing is owed on it any more.",
                   lg_claim_life_name(claim->life));
}

lg_err lg_require_unlocked(lg_act *act, const lg_claim *claim)
{
    lg_participant debtor;
    if (claim->locks >> LG_LOCK_FROZEN & 1u)
        return lg_fail(act->report, LG_CLAIM_LOCKED, "The claim is frozen by the order %s.",
                       claim->order_reference);
    if (claim->locks >> LG_LOCK_DISPUTED & 1u)
        return lg_fail(act->report, LG_CLAIM_LOCKED, "The claim is disputed (%s).", claim->dispute_reason);
    lg_err err = lg_participant_get(act->db, claim->debtor, act->arena, &debtor);
    if (!err && debtor.stopped)
        err = lg_fail(act->report, LG_CLAIM_LOCKED, "The claim's debtor is on the stop list.");
    return err;
}

lg_err lg_require_free(lg_act *act, const lg_claim *claim)
{
    if (claim->encumbrance == LG_FREE)
        return LG_OK;
    return lg_fail(act->report, LG_CLAIM_ENCUMBERED, "The claim is %s; this needs it to be free.",
                   lg_encumbrance_name(claim->encumbrance));
}

lg_err lg_require_amount(lg_act *act, const char *text, lg_currency currency, const char *pointer,
                         int64_t *out)
{
    const char *name = pointer + 1;
    switch (lg_amount_parse(text, currency, out)) {
    case LG_AMOUNT_OK:
        break;
    case LG_AMOUNT_WRONG_SCALE:
        lg_fault_add(act->report, "wrong_scale", pointer, "%s must have exactly %d decimals for %s.", name,
                     lg_currency_scale(currency), currency.code);
        return lg_fail(act->report, LG_INVALID_FIELDS, "%s breaks a rule.", name);
    case LG_AMOUNT_TOO_LARGE:
        return lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE, "%s is larger than any amount here can be.",
                       name);
    case LG_AMOUNT_MALFORMED:
    case LG_AMOUNT_NEGATIVE:
        lg_fault_add(act->report, "malformed_amount", pointer,
                     "%s must be a decimal number without a sign, such as 1234.56.", name);
        return lg_fail(act->report, LG_INVALID_FIELDS, "%s breaks a rule.", name);
    }
    if (*out < 1)
        return lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE, "%s must be above zero.", name);
    return LG_OK;
}

/* A freeze blocks everything but payment; the other locks do not hinder those who quarrel. */
static lg_err require_unfrozen(lg_act *act, const lg_claim *claim)
{
    if (!claim->frozen_by.v)
        return LG_OK;
    return lg_fail(act->report, LG_CLAIM_LOCKED, "The claim is frozen by the order %s.",
                   claim->order_reference);
}

/* An event about the claim alone. */
static lg_err record(lg_act *act, const lg_claim *claim, lg_event_type type)
{
    lg_event event = {
        .type = type,
        .claim_id = claim->id.uuid,
        .reason = act->command->reason,
        .note = act->command->note,
        .order_reference = act->command->claim->order_reference,
    };
    return lg_act_record(act, &event);
}

/* ---- an open transfer ---- */

static lg_err require_open_transfer(lg_act *act, const lg_claim *claim)
{
    if (claim->offered_to.v)
        return LG_OK;
    return lg_fail(act->report, LG_WRONG_STATE, "No transfer of this claim waits for an answer; it is %s.",
                   lg_encumbrance_name(claim->encumbrance));
}

/* Those who were granted a view learn nothing of a claim's state by asking for what is not theirs. */
static lg_err require_party(lg_act *act, const lg_claim *claim)
{
    const lg_signer *signer = &act->command->signers[0];
    lg_claim_sight sight;
    lg_err err =
        lg_claim_see(act->db, claim, signer->no, lg_signer_has(signer, LG_ROLE_LENDER), act->now, &sight);
    if (!err && sight.access == LG_ACCESS_GRANTED)
        err = lg_fail(act->report, LG_NOT_PERMITTED, "Only the transfer's recipient may answer it.");
    return err;
}

static lg_err answer_transfer(lg_act *act, const lg_claim *claim, bool accept)
{
    lg_err err = require_party(act, claim);
    if (!err)
        err = require_open_transfer(act, claim);
    if (!err && !signed_by(act, claim->offered_to))
        err = lg_fail(act->report, LG_NOT_PERMITTED, "Only the transfer's recipient may answer it.");
    if (!err && accept)
        err = lg_require_live(act, claim);
    if (!err && accept)
        err = lg_require_unlocked(act, claim);
    if (!err && act->now > claim->respond_by)
        err = lg_fail(act->report, LG_PAST_DEADLINE, "The deadline was %s.",
                      lg_time_format(claim->respond_by).s);
    return err ? err : record(act, claim, accept ? LG_EV_CLAIM_TRANSFERRED : LG_EV_CLAIM_TRANSFER_DECLINED);
}

static lg_err cancel_transfer(lg_act *act, const lg_claim *claim)
{
    lg_err err = lg_require_holder(act, claim);
    if (!err)
        err = require_open_transfer(act, claim);
    return err ? err : record(act, claim, LG_EV_CLAIM_TRANSFER_CANCELLED);
}

static lg_err lapse_transfer(lg_act *act, const lg_claim *claim)
{
    lg_err err = require_open_transfer(act, claim);
    if (!err && act->now <= claim->respond_by)
        err =
            lg_fail(act->report, LG_NOT_YET_DUE, "The deadline is %s.", lg_time_format(claim->respond_by).s);
    return err ? err : record(act, claim, LG_EV_CLAIM_TRANSFER_LAPSED);
}

/* ---- notice, dispute, freeze ---- */

static lg_err acknowledge(lg_act *act, const lg_claim *claim)
{
    if (!signed_by(act, claim->debtor))
        return lg_fail(act->report, LG_NOT_PERMITTED, "Only the claim's debtor acknowledges a notice.");
    if (!claim->notified_at)
        return lg_fail(act->report, LG_WRONG_STATE, "The claim was not passed on; there is no notice yet.");
    if (claim->acknowledged_at)
        return lg_fail(act->report, LG_WRONG_STATE, "The notice was acknowledged at %s.",
                       lg_time_format(claim->acknowledged_at).s);
    return record(act, claim, LG_EV_CLAIM_ACKNOWLEDGED);
}

static lg_err require_debtor_or_holder(lg_act *act, const lg_claim *claim)
{
    if (signed_by(act, claim->debtor) || signed_by(act, claim->holder))
        return LG_OK;
    return lg_fail(act->report, LG_NOT_PERMITTED, "Only the claim's debtor or holder may do this.");
}

static lg_err dispute(lg_act *act, const lg_claim *claim)
{
    lg_err err = require_debtor_or_holder(act, claim);
    if (!err)
        err = lg_require_live(act, claim);
    if (!err && claim->disputed_by.v)
        err = lg_fail(act->report, LG_WRONG_STATE, "The claim is disputed already (%s).",
                      claim->dispute_reason);
    if (!err)
        err = require_unfrozen(act, claim);
    /* Who has just sold it cannot cast doubt on what it sold. */
    if (!err && claim->encumbrance == LG_RESERVED && signed_by(act, claim->holder) &&
        !signed_by(act, claim->debtor))
        err = lg_require_free(act, claim);
    return err ? err : record(act, claim, LG_EV_CLAIM_DISPUTED);
}

static lg_err resolve(lg_act *act, const lg_claim *claim)
{
    lg_err err = require_debtor_or_holder(act, claim);
    if (err)
        return err;
    if (!claim->disputed_by.v)
        return lg_fail(act->report, LG_WRONG_STATE, "The claim is not disputed.");
    if (!signed_by(act, claim->disputed_by))
        return lg_fail(act->report, LG_NOT_PERMITTED, "Only who disputed the claim may end the dispute.");
    err = require_unfrozen(act, claim);
    return err ? err : record(act, claim, LG_EV_CLAIM_DISPUTE_RESOLVED);
}

static lg_err freeze(lg_act *act, const lg_claim *claim)
{
    lg_err err = lg_require_live(act, claim);
    if (!err && claim->frozen_by.v)
        err = lg_fail(act->report, LG_WRONG_STATE, "The claim is frozen already, by the order %s.",
                      claim->order_reference);
    return err ? err : record(act, claim, LG_EV_CLAIM_FROZEN);
}

static lg_err unfreeze(lg_act *act, const lg_claim *claim)
{
    if (!claim->frozen_by.v)
        return lg_fail(act->report, LG_WRONG_STATE, "The claim is not frozen.");
    if (!signed_by(act, claim->frozen_by))
        return lg_fail(act->report, LG_NOT_PERMITTED, "Only the authority that froze the claim may free it.");
    return record(act, claim, LG_EV_CLAIM_UNFROZEN);
}

/* ---- time, and giving up ---- */

/* One step of due, overdue, defaulted. When the next step is due is told by the policy of this moment, and
 * stands. */
static lg_err age(lg_act *act, const lg_claim *claim)
{
    lg_policy policy;
    lg_err err = lg_require_live(act, claim);
    if (!err && claim->next_age_day == LG_DAY_NEVER)
        err = lg_fail(act->report, LG_WRONG_STATE, "The claim is %s; time does not move it further.",
                      lg_claim_life_name(claim->life));
    if (!err && lg_day_of(act->now) < claim->next_age_day)
        err = lg_fail(act->report, LG_NOT_YET_DUE, "Time moves this claim on at %s.",
                      lg_day_format(claim->next_age_day).s);
    if (!err)
        err = lg_act_policy(act, &policy);
    if (err)
        return err;
    lg_event event = {.type = LG_EV_CLAIM_DUE, .claim_id = claim->id.uuid, .next_day = LG_DAY_NEVER};
    if (claim->age == LG_AGE_NONE) {
        event.next_day = claim->due_day + (lg_day)policy.grace_days + 1;
    } else if (claim->age == LG_AGE_DUE) {
        event.type = LG_EV_CLAIM_OVERDUE;
        event.next_day = claim->next_age_day + (lg_day)policy.default_after_days;
    } else {
        event.type = LG_EV_CLAIM_DEFAULTED;
    }
    return lg_act_record(act, &event);
}

static lg_err write_off(lg_act *act, const lg_claim *claim)
{
    lg_err err = lg_require_holder(act, claim);
    if (!err && claim->life != LG_CLAIM_DEFAULTED)
        err = lg_fail(act->report, LG_WRONG_STATE, "The claim is %s; only a defaulted one is written off.",
                      lg_claim_life_name(claim->life));
    if (!err)
        err = require_unfrozen(act, claim);
    if (!err && claim->encumbrance != LG_SOLD)
        err = lg_require_free(act, claim);
    return err ? err : record(act, claim, LG_EV_CLAIM_WRITTEN_OFF);
}

/* What is done by office reaches every claim; everything else those one may see. */
static lg_err find(lg_act *act, lg_claim *out)
{
    const lg_claim_id id = {act->command->subject};
    switch ((int)act->command->type) {
    case LG_CMD_TRANSFER_LAPSE:
    case LG_CMD_CLAIM_AGE:
        return claim_in_office(act, LG_ROLE_OPERATOR, id, out);
    case LG_CMD_CLAIM_FREEZE:
    case LG_CMD_CLAIM_UNFREEZE:
        return claim_in_office(act, LG_ROLE_AUTHORITY, id, out);
    }
    return lg_act_claim(act, id, out);
}

lg_err lg_do_claim_act(lg_act *act)
{
    lg_claim claim = {.no = {0}};
    lg_err err = find(act, &claim);
    if (err)
        return err;
    switch ((int)act->command->type) {
    case LG_CMD_CLAIM_SPLIT:
        return lg_do_split(act, &claim);
    case LG_CMD_CLAIM_TRANSFER:
        return lg_do_transfer(act, &claim);
    case LG_CMD_TRANSFER_ACCEPT:
        return answer_transfer(act, &claim, true);
    case LG_CMD_TRANSFER_DECLINE:
        return answer_transfer(act, &claim, false);
    case LG_CMD_TRANSFER_CANCEL:
        return cancel_transfer(act, &claim);
    case LG_CMD_TRANSFER_LAPSE:
        return lapse_transfer(act, &claim);
    case LG_CMD_CLAIM_ACKNOWLEDGE:
        return acknowledge(act, &claim);
    case LG_CMD_CLAIM_DISPUTE:
        return dispute(act, &claim);
    case LG_CMD_CLAIM_RESOLVE:
        return resolve(act, &claim);
    case LG_CMD_CLAIM_FREEZE:
        return freeze(act, &claim);
    case LG_CMD_CLAIM_UNFREEZE:
        return unfreeze(act, &claim);
    case LG_CMD_CLAIM_AGE:
        return age(act, &claim);
    case LG_CMD_CLAIM_WRITE_OFF:
        return write_off(act, &claim);
    }
    return LG_INTERNAL;
}
