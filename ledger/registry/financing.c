/* Financings from the instruction to the end: the money is reported paid out, or not; pledges are released,
 * overdue claims go back to the seller. */
#include "ledger/registry/financing.h"

/* ---- who may ---- */

/* The financing the path names, if the signer is a side of it or has the role. */
static lg_err find(lg_act *act, lg_role role, lg_financing *out)
{
    const lg_signer *signer = &act->command->signers[0];
    lg_err err = lg_financing_by_id(act->db, (lg_financing_id){act->command->subject}, act->arena, out);
    if (err == LG_NOT_FOUND || (!err && out->lender.v != signer->no.v && out->seller.v != signer->no.v &&
                                !lg_signer_has(signer, role)))
        return lg_fail(act->report, LG_NOT_FOUND, "No financing that you may see has this id.");
    return err;
}

static lg_err require_lender(lg_act *act, const lg_financing *row)
{
    if (row->lender.v == act->command->signers[0].no.v)
        return LG_OK;
    return lg_fail(act->report, LG_NOT_PERMITTED, "Only the financing's lender may do this.");
}

static lg_err require_status(lg_act *act, const lg_financing *row, lg_financing_status status)
{
    if (row->status == status)
        return LG_OK;
    return lg_fail(act->report, LG_WRONG_STATE, "The financing is %s; this needs it to be %s.",
                   lg_financing_status_name(row->status), lg_financing_status_name(status));
}

/* What a lender alone does, in one status. */
static lg_err find_own(lg_act *act, lg_financing_status status, lg_financing *out)
{
    lg_err err = find(act, LG_ROLE_COUNT, out);
    if (!err)
        err = require_lender(act, out);
    return err ? err : require_status(act, out, status);
}

/* ---- its claims ---- */

static lg_err load_claims(lg_act *act, const lg_financing *row, lg_financed_claim **links, lg_claim **claims,
                          size_t *count)
{
    lg_err err = lg_financing_claims(act->db, row->no, act->arena, links, count);
    *claims = lg_arena_array(act->arena, *count + 1, sizeof **claims);
    for (size_t i = 0; i < *count && !err; i++)
        err = lg_claim_get(act->db, (*links)[i].claim, act->arena, &(*claims)[i]);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

/* A right in a claim does not pass while a court has frozen it. */
static lg_err require_not_frozen(lg_act *act, const lg_financing *row)
{
    lg_financed_claim *links;
    lg_claim *claims;
    size_t count;
    lg_err err = load_claims(act, row, &links, &claims, &count);
    for (size_t i = 0; i < count && !err; i++)
        if (lg_claim_is_live(&claims[i]) && claims[i].locks >> LG_LOCK_FROZEN & 1u)
            err = lg_fail(act->report, LG_CLAIM_LOCKED, "The claim %s is frozen by the order %s.",
                          lg_uuid_format(claims[i].id.uuid).s, claims[i].order_reference);
    return err;
}

/* The money is paid out by now: what was disputed or partly paid meanwhile does not undo that, and must not
 * let another lender have the claims. Only where nothing is owed any more is there nothing to take. */
static lg_err require_something_owed(lg_act *act, const lg_financing *row)
{
    lg_financed_claim *links;
    lg_claim *claims;
    size_t count;
    bool live = false;
    lg_err err = load_claims(act, row, &links, &claims, &count);
    for (size_t i = 0; i < count && !err; i++)
        live = live || lg_claim_is_live(&claims[i]);
    if (!err && !live)
        err = lg_fail(act->report, LG_WRONG_STATE, "Nothing is owed on its claims any more: the first is %s.",
                      lg_claim_life_name(claims[0].life));
    return err;
}

/* Whom the claim's debtor is to pay once the financing's event has taken place. */
static lg_participant_no payee_after(const lg_financing *row, const lg_claim *claim, lg_event_type type)
{
    if (!lg_claim_is_live(claim))
        return claim->holder; /* what is paid or written off stays where it is */
    if (type == LG_EV_FINANCING_DISBURSED)
        return row->lender;
    return type == LG_EV_FINANCING_REPURCHASED ? row->seller : claim->holder;
}

lg_err lg_financing_parts(lg_db *db, lg_arena *arena, const lg_financing *row, lg_event_type type,
                          lg_event_part **parts, size_t *count)
{
    lg_financed_claim *links;
    lg_err err = lg_financing_claims(db, row->no, arena, &links, count);
    *parts = lg_arena_array(arena, *count + 1, sizeof **parts);
    for (size_t i = 0; i < *count && !err; i++) {
        lg_claim claim;
        lg_participant_id payee;
        err = lg_claim_get(db, links[i].claim, arena, &claim);
        if (!err)
            err = lg_participant_id_of(db, payee_after(row, &claim, type), &payee);
        if (!err)
            (*parts)[i] = (lg_event_part){claim.id.uuid, payee.uuid, claim.outstanding_minor};
    }
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

/* ---- the acts ---- */

static lg_event event_of(const lg_act *act, lg_event_type type)
{
    return (lg_event){
        .type = type,
        .financing_id = act->command->subject,
        .bank_reference = act->command->financing->bank_reference,
        .registration_number = act->command->financing->registration_number,
        .note = act->command->note,
    };
}

static lg_err record(lg_act *act, lg_event_type type)
{
    lg_event event = event_of(act, type);
    return lg_act_record(act, &event);
}

/* The debtors are to pay somebody else from now on. */
static lg_err record_with_parts(lg_act *act, const lg_financing *row, lg_event_type type)
{
    lg_event event = event_of(act, type);
    lg_event_part *parts;
    lg_err err = lg_financing_parts(act->db, act->arena, row, type, &parts, &event.part_count);
    event.parts = parts;
    return err ? err : lg_act_record(act, &event);
}

static lg_err disburse(lg_act *act)
{
    lg_financing row;
    lg_err err = find(act, LG_ROLE_BANK, &row);
    if (!err && !lg_signer_has(&act->command->signers[0], LG_ROLE_BANK))
        err = require_lender(act, &row);
    if (!err)
        err = require_status(act, &row, LG_FINANCING_INSTRUCTED);
    if (!err)
        err = require_something_owed(act, &row);
    if (!err)
        err = require_not_frozen(act, &row);
    if (!err && act->now > row.disburse_by)
        err = lg_fail(act->report, LG_PAST_DEADLINE, "It had to be disbursed by %s.",
                      lg_time_format(row.disburse_by).s);
    return err ? err : record_with_parts(act, &row, LG_EV_FINANCING_DISBURSED);
}

static lg_err cancel(lg_act *act)
{
    lg_financing row;
    lg_err err = find_own(act, LG_FINANCING_INSTRUCTED, &row);
    return err ? err : record(act, LG_EV_FINANCING_CANCELLED);
}

static lg_err lapse(lg_act *act)
{
    lg_financing row;
    lg_err err = lg_require_role(act, LG_ROLE_OPERATOR);
    if (!err)
        err = find(act, LG_ROLE_OPERATOR, &row);
    if (!err)
        err = require_status(act, &row, LG_FINANCING_INSTRUCTED);
    if (!err && act->now <= row.disburse_by)
        err = lg_fail(act->report, LG_NOT_YET_DUE, "It may be disbursed until %s.",
                      lg_time_format(row.disburse_by).s);
    return err ? err : record(act, LG_EV_FINANCING_LAPSED);
}

static lg_err keep_registration(lg_act *act)
{
    lg_financing row;
    lg_err err = find(act, LG_ROLE_COUNT, &row);
    if (!err)
        err = require_lender(act, &row);
    if (!err && (row.status == LG_FINANCING_CANCELLED || row.status == LG_FINANCING_LAPSED))
        err = lg_fail(act->report, LG_WRONG_STATE, "The financing is %s; there is nothing to register.",
                      lg_financing_status_name(row.status));
    return err ? err : record(act, LG_EV_FINANCING_REGISTERED);
}

static lg_err release(lg_act *act)
{
    lg_financing row;
    lg_err err = find_own(act, LG_FINANCING_DISBURSED, &row);
    if (!err && row.kind != LG_PLEDGE)
        err = lg_fail(act->report, LG_WRONG_STATE, "The claims were sold; only a pledge is released.");
    if (!err)
        err = require_not_frozen(act, &row);
    return err ? err : record_with_parts(act, &row, LG_EV_FINANCING_RELEASED);
}

static lg_err take_recourse(lg_act *act)
{
    lg_financing row;
    lg_financed_claim *links;
    lg_claim *claims;
    size_t count = 0;
    bool late = false;
    lg_err err = find_own(act, LG_FINANCING_DISBURSED, &row);
    if (!err && !row.recourse)
        err = lg_fail(act->report, LG_WRONG_STATE, "The financing is without recourse.");
    if (!err)
        err = load_claims(act, &row, &links, &claims, &count);
    for (size_t i = 0; i < count && !err; i++)
        late = late || (lg_claim_is_live(&claims[i]) && claims[i].age >= LG_AGE_OVERDUE);
    if (!err && !late)
        err = lg_fail(act->report, LG_NOT_YET_DUE, "No claim of this financing is overdue.");
    return err ? err : record(act, LG_EV_FINANCING_RECOURSE);
}

static lg_err repurchase(lg_act *act)
{
    lg_financing row;
    lg_err err = find_own(act, LG_FINANCING_RECOURSE, &row);
    if (!err)
        err = require_not_frozen(act, &row);
    return err ? err : record_with_parts(act, &row, LG_EV_FINANCING_REPURCHASED);
}

lg_err lg_do_financing_act(lg_act *act)
{
    switch ((int)act->command->type) {
    case LG_CMD_PROGRAM_OPEN:
    case LG_CMD_PROGRAM_CLOSE:
        return lg_do_program_act(act);
    case LG_CMD_FINANCING_REQUEST:
    case LG_CMD_REQUEST_WITHDRAW:
    case LG_CMD_REQUEST_LAPSE:
        return lg_do_request_act(act);
    case LG_CMD_OFFER_MAKE:
    case LG_CMD_OFFER_WITHDRAW:
    case LG_CMD_OFFER_ACCEPT:
        return lg_do_offer_act(act);
    case LG_CMD_FINANCING_DISBURSE:
        return disburse(act);
    case LG_CMD_FINANCING_CANCEL:
        return cancel(act);
    case LG_CMD_FINANCING_LAPSE:
        return lapse(act);
    case LG_CMD_FINANCING_REGISTER:
        return keep_registration(act);
    case LG_CMD_FINANCING_RELEASE:
        return release(act);
    case LG_CMD_FINANCING_RECOURSE:
        return take_recourse(act);
    case LG_CMD_FINANCING_REPURCHASE:
        return repurchase(act);
    }
    return LG_INTERNAL;
}
