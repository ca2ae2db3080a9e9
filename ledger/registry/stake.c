#include "ledger/registry/stake.h"

#include "ledger/registry/claim.h"
#include "ledger/registry/financing.h"
#include "ledger/registry/payment.h"

#include <string.h>

static lg_err missing(lg_err err)
{
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err add(lg_stake *out, lg_currency currency, int64_t amount_minor)
{
    out->currency = currency;
    return lg_amount_add(out->amount_minor, amount_minor, &out->amount_minor) ? LG_OK : LG_CORRUPT;
}

/* What is outstanding of the claim. */
static lg_err whole_claim(lg_act *act, lg_uuid id, lg_stake *out)
{
    lg_claim claim;
    lg_err err = missing(lg_claim_by_id(act->db, (lg_claim_id){id}, act->arena, &claim));
    return err ? err : add(out, claim.currency, claim.outstanding_minor);
}

/* What is outstanding of the claims that the parts name, whatever amounts the parts tell. */
static lg_err whole_parts(lg_act *act, const lg_event *event, lg_stake *out)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < event->part_count && !err; i++)
        err = whole_claim(act, event->parts[i].claim_id, out);
    return err;
}

/* The whole claim, or what of it goes to somebody. */
static lg_err offered(lg_act *act, const lg_event *event, lg_stake *out)
{
    lg_claim claim;
    if (event->part_count == 0)
        return whole_claim(act, event->claim_id, out);
    lg_err err = missing(lg_claim_by_id(act->db, (lg_claim_id){event->claim_id}, act->arena, &claim));
    out->pointer = "/recipients";
    for (size_t i = 0; i < event->part_count && !err; i++)
        if (!lg_uuid_is_nil(event->parts[i].participant_id))
            err = add(out, claim.currency, event->parts[i].amount_minor);
    return err;
}

static lg_err confirmed(lg_act *act, const lg_event *event, lg_stake *out)
{
    lg_receivable row;
    if (event->invoice_number) /* its receivable comes with it */
        return add(out, event->currency, event->face_minor);
    if (act->command->type == LG_CMD_LAPSE)
        return LG_OK; /* silence is not the operator's own commitment */
    lg_err err =
        missing(lg_receivable_by_id(act->db, (lg_receivable_id){event->receivable_id}, act->arena, &row));
    if (act->command->amount_text)
        out->pointer = "/amount";
    return err ? err : add(out, row.currency, event->face_minor);
}

static lg_err disbursed(lg_act *act, const lg_event *event, lg_stake *out)
{
    lg_financing row;
    lg_err err =
        missing(lg_financing_by_id(act->db, (lg_financing_id){event->financing_id}, act->arena, &row));
    return err ? err : add(out, row.currency, lg_financing_net(&row));
}

static lg_err reversed(lg_act *act, const lg_event *event, lg_stake *out)
{
    lg_payment row;
    lg_err err = missing(lg_payment_by_id(act->db, (lg_payment_id){event->payment_id}, act->arena, &row));
    return err ? err : add(out, row.currency, row.amount_minor);
}

/* A credit note is for its amount, a void for all that is outstanding. */
static lg_err proposed(lg_act *act, lg_uuid claim_id, int64_t amount_minor, lg_stake *out)
{
    lg_claim claim;
    if (amount_minor == 0)
        return whole_claim(act, claim_id, out);
    lg_err err = missing(lg_claim_by_id(act->db, (lg_claim_id){claim_id}, act->arena, &claim));
    return err ? err : add(out, claim.currency, amount_minor);
}

static lg_err accepted(lg_act *act, const lg_event *event, lg_stake *out)
{
    lg_proposal row;
    lg_claim claim;
    lg_err err = missing(lg_proposal_by_id(act->db, (lg_proposal_id){event->proposal_id}, act->arena, &row));
    if (!err)
        err = missing(lg_claim_get(act->db, row.claim, act->arena, &claim));
    return err ? err : proposed(act, claim.id.uuid, row.amount_minor, out);
}

/* Amounts that the event itself tells; `pointer` of the payload's member. */
static lg_err told(const lg_event *event, int64_t amount_minor, const char *pointer, lg_stake *out)
{
    out->pointer = pointer;
    return add(out, event->currency, amount_minor);
}

static const char *submitted_pointer(const lg_event *event)
{
    if (strcmp(event->format, "json") != 0)
        return "";
    return event->amount_minor == event->gross_minor ? "/invoice/gross_amount" : "/amount";
}

lg_err lg_stake_of(lg_act *act, const lg_event *event, lg_stake *out)
{
    *out = (lg_stake){.pointer = ""};
    switch (event->type) {
    case LG_EV_RECEIVABLE_REGISTERED:
    case LG_EV_RECEIVABLE_HELD:
        return told(event, event->amount_minor, submitted_pointer(event), out);
    case LG_EV_CLAIM_ACCEPTED:
        return confirmed(act, event, out);
    case LG_EV_APPROVAL_ASKED:
        return lg_uuid_is_nil(event->receivable_id)
                   ? LG_OK
                   : told(event, event->limit_minor, act->command->amount_text ? "/amount" : "", out);
    case LG_EV_CLAIM_TRANSFER_OFFERED:
        return offered(act, event, out);
    case LG_EV_CLAIM_SPLIT:
    case LG_EV_CLAIM_TRANSFERRED:
    case LG_EV_CLAIM_WRITTEN_OFF:
        return whole_claim(act, event->claim_id, out);
    case LG_EV_PROGRAM_OPENED:
        return told(event, event->total_limit_minor, "/total_limit", out);
    case LG_EV_FINANCING_REQUESTED:
        return told(event, event->amount_minor, "/claims", out);
    case LG_EV_OFFER_MADE: /* what a program offers at once is not the doing of who asked */
        return lg_uuid_is_nil(event->program_id) ? told(event, event->advance_minor, "", out) : LG_OK;
    case LG_EV_FINANCING_ACCEPTED:
    case LG_EV_FINANCING_RELEASED:
    case LG_EV_FINANCING_REPURCHASED:
        return whole_parts(act, event, out);
    case LG_EV_FINANCING_DISBURSED:
        return disbursed(act, event, out);
    case LG_EV_PAYMENT_RECORDED:
        return told(event, event->amount_minor, "/amount", out);
    case LG_EV_PAYMENT_REVERSED:
        return reversed(act, event, out);
    case LG_EV_PROPOSAL_MADE:
        if (event->amount_minor)
            out->pointer = "/amount";
        return proposed(act, event->claim_id, event->amount_minor, out);
    case LG_EV_PROPOSAL_ACCEPTED:
        return accepted(act, event, out);
    case LG_EV_CLAIM_DILUTED: /* counted with the proposal that it follows from */
    case LG_EV_CLAIM_VOIDED:
    case LG_EV_APPROVAL_GIVEN: /* counted with the act that it lets through */
    case LG_EV_RECEIVABLE_REJECTED:
    case LG_EV_RECEIVABLE_DECLINED:
    case LG_EV_RECEIVABLE_WITHDRAWN:
    case LG_EV_RECEIVABLE_EXPIRED:
    case LG_EV_REVIEW_APPROVED:
    case LG_EV_REVIEW_REJECTED:
    case LG_EV_REVIEW_VERIFIED:
    case LG_EV_CLAIM_TRANSFER_DECLINED:
    case LG_EV_CLAIM_TRANSFER_CANCELLED:
    case LG_EV_CLAIM_TRANSFER_LAPSED:
    case LG_EV_CLAIM_ACKNOWLEDGED:
    case LG_EV_CLAIM_DISPUTED:
    case LG_EV_CLAIM_DISPUTE_RESOLVED:
    case LG_EV_CLAIM_FROZEN:
    case LG_EV_CLAIM_UNFROZEN:
    case LG_EV_CLAIM_DUE:
    case LG_EV_CLAIM_OVERDUE:
    case LG_EV_CLAIM_DEFAULTED:
    case LG_EV_WATCH_RAISED:
    case LG_EV_GRANT_MADE:
    case LG_EV_GRANT_REVOKED:
    case LG_EV_INVOICE_CHECKED:
    case LG_EV_PROGRAM_CLOSED:
    case LG_EV_REQUEST_WITHDRAWN:
    case LG_EV_REQUEST_LAPSED:
    case LG_EV_OFFER_WITHDRAWN:
    case LG_EV_FINANCING_CANCELLED:
    case LG_EV_FINANCING_LAPSED:
    case LG_EV_FINANCING_REGISTERED:
    case LG_EV_FINANCING_RECOURSE:
    case LG_EV_PROPOSAL_DECLINED:
    case LG_EV_APPROVAL_WITHDRAWN:
    case LG_EV_FOUR_EYES_SET:
    case LG_EV_GENESIS:
    case LG_EV_PARTICIPANT_REGISTERED:
    case LG_EV_PARTICIPANT_STATUS_CHANGED:
    case LG_EV_PARTICIPANT_STOP_CHANGED:
    case LG_EV_PARTICIPANT_RATED:
    case LG_EV_CREDIT_LINE_SET:
    case LG_EV_KEY_ADDED:
    case LG_EV_KEY_REVOKED:
    case LG_EV_TOKEN_ISSUED:
    case LG_EV_TOKEN_REVOKED:
    case LG_EV_POLICY_SET:
    case LG_EV_WEBHOOK_REGISTERED:
    case LG_EV_WEBHOOK_ROTATED:
    case LG_EV_WEBHOOK_REMOVED:
    case LG_EV_COUNT:
        break;
    }
    return LG_OK;
}
