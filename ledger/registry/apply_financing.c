/* Projections of events on financings. */
#include "ledger/registry/financing.h"
#include "ledger/registry/movement.h"

/* ---- limits ---- */

/* The advances on all claims of a financing are drawn from its program, or (sign -1) given back. */
static lg_err draw(const lg_apply *apply, const lg_financing *row, int sign)
{
    lg_financed_claim *links;
    size_t count = 0;
    lg_err err =
        row->program.v ? lg_financing_claims(apply->db, row->no, apply->arena, &links, &count) : LG_OK;
    for (size_t i = 0; i < count && !err; i++) {
        lg_claim claim;
        err = lg_claim_get(apply->db, links[i].claim, apply->arena, &claim);
        if (!err)
            err = lg_program_draw(apply->db, row->program, claim.debtor, sign * links[i].advance_minor);
    }
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

/* ---- what becomes of claims ---- */

typedef lg_err (*claim_change)(const lg_apply *apply, const lg_financing *row, lg_claim *claim);

static lg_err set_free(const lg_apply *apply, const lg_financing *row, lg_claim *claim)
{
    (void)apply, (void)row;
    claim->encumbrance = LG_FREE;
    claim->lender = (lg_participant_no){0};
    claim->lent_seq = 0;
    claim->financing = (lg_financing_no){0};
    return LG_OK;
}

static lg_err sell(const lg_apply *apply, const lg_financing *row, lg_claim *claim)
{
    if (!lg_claim_is_live(claim))
        return set_free(apply, row, claim); /* paid while the money was under way */
    lg_err err = lg_apply_holder(apply, claim, row->lender);
    claim->encumbrance = LG_SOLD;
    claim->lender = (lg_participant_no){0};
    claim->lent_seq = 0;
    return err ? err : lg_apply_title(apply, claim, row->lender);
}

static lg_err pledge(const lg_apply *apply, const lg_financing *row, lg_claim *claim)
{
    if (!lg_claim_is_live(claim))
        return set_free(apply, row, claim);
    claim->encumbrance = LG_PLEDGED;
    claim->lender = row->lender;
    claim->lent_seq = apply->seq;
    claim->notified_at = apply->at; /* the debtor is to pay the lender */
    claim->acknowledged_at = 0;
    return lg_apply_title(apply, claim, row->lender);
}

/* What is unpaid goes back to the seller; what was paid meanwhile is done with, and stays where it is. */
static lg_err give_back(const lg_apply *apply, const lg_financing *row, lg_claim *claim)
{
    lg_err err = LG_OK;
    if (!lg_claim_is_live(claim))
        return set_free(apply, row, claim);
    if (claim->disputed_by.v == row->lender.v)
        lg_apply_dispute_end(claim); /* it has nothing to dispute any more, and nobody else could end it */
    if (claim->holder.v != row->seller.v) {
        err = lg_apply_holder(apply, claim, row->seller);
        if (!err)
            err = lg_apply_title(apply, claim, row->seller);
    }
    return err ? err : set_free(apply, row, claim);
}

/* Notice to its debtor: what it owes, and to whom from now on; nothing of the terms, or of others' claims. */
static lg_err notify(const lg_apply *apply, const lg_event *event, const lg_claim *claim)
{
    for (size_t i = 0; i < event->part_count; i++)
        if (lg_uuid_equal(event->parts[i].claim_id, claim->id.uuid))
            return lg_entry_party_insert(apply->db, apply->seq, claim->debtor, LG_SHARE_ALONE + (int)i + 1);
    return LG_CORRUPT;
}

/* The claims it still rests on change. `notice`: their debtors are to pay somebody else. */
static lg_err change_claims(const lg_apply *apply, const lg_event *event, const lg_financing *row,
                            claim_change change, bool notice)
{
    lg_financed_claim *links;
    size_t count = 0;
    lg_err err = lg_financing_claims(apply->db, row->no, apply->arena, &links, &count);
    for (size_t i = 0; i < count && !err; i++) {
        lg_claim claim;
        err = lg_claim_get(apply->db, links[i].claim, apply->arena, &claim);
        if (err || claim.financing.v != row->no.v)
            continue;
        err = change(apply, row, &claim);
        if (!err)
            err = lg_apply_claim_change(apply, &claim);
        if (!err && notice && lg_claim_is_live(&claim))
            err = notify(apply, event, &claim);
    }
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

/* ---- acceptance ---- */

static lg_err reserve(const lg_apply *apply, const lg_event *event, const lg_financing *row,
                      lg_financed_claim *links)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < event->part_count && !err; i++) {
        lg_claim claim;
        err = lg_apply_claim_of(apply, event->parts[i].claim_id, &claim);
        if (err)
            return err;
        links[i] = (lg_financed_claim){
            .claim = claim.no,
            .id = claim.id,
            .amount_minor = claim.outstanding_minor,
            .advance_minor = event->parts[i].amount_minor,
        };
        claim.encumbrance = LG_RESERVED;
        claim.request = (lg_request_no){0};
        claim.financing = row->no;
        claim.lender = row->lender;
        claim.lent_seq = apply->seq;
        err = lg_apply_claim_change(apply, &claim);
    }
    return err;
}

static lg_err fill(const lg_apply *apply, const lg_event *event, const lg_offer *offer,
                   const lg_request *request, lg_financing *row)
{
    *row = (lg_financing){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->financing_id},
        .offer = offer->no,
        .request = request->no,
        .lender = offer->lender,
        .seller = request->holder,
        .program = offer->program,
        .recourse = event->recourse,
        .currency = event->currency,
        .advance_minor = event->advance_minor,
        .interest_minor = event->interest_minor,
        .fee_minor = event->fee_minor,
        .pay_to = event->pay_to,
        .status = LG_FINANCING_INSTRUCTED,
        .disburse_by = event->disburse_by,
        .accepted_at = apply->at,
        .updated_at = apply->at,
        .last_seq = apply->seq,
    };
    return lg_financing_kind_parse(event->kind, &row->kind) ? LG_OK : LG_CORRUPT;
}

static lg_err accept(const lg_apply *apply, const lg_event *event, lg_financing *row)
{
    lg_offer offer;
    lg_request request;
    lg_financed_claim *links = lg_arena_array(apply->arena, event->part_count + 1, sizeof *links);
    lg_err err = lg_offer_by_id(apply->db, (lg_offer_id){event->offer_id}, apply->arena, &offer);
    if (!err)
        err = lg_request_get(apply->db, offer.request, apply->arena, &request);
    if (!err)
        err = fill(apply, event, &offer, &request, row);
    if (!err)
        err = lg_apply_party(apply, row->lender); /* the other lenders learn less of it, below */
    /* First the accepted one: the others lapse with the request. */
    if (!err)
        err = lg_offer_end(apply->db, offer.no, LG_OFFER_ACCEPTED, apply->seq);
    if (!err)
        err = lg_apply_request_end(apply, &request, LG_REQUEST_ACCEPTED);
    if (!err)
        err = lg_history_insert(apply->db, offer.no.v, apply->seq);
    if (!err)
        err = reserve(apply, event, row, links);
    if (!err)
        err = lg_financing_insert(apply->db, row, links, event->part_count);
    if (!err)
        err = draw(apply, row, 1);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

/* ---- what follows ---- */

static lg_err disburse(const lg_apply *apply, const lg_event *event, lg_financing *row)
{
    lg_participant_no reporter;
    row->status = LG_FINANCING_DISBURSED;
    row->disbursed_at = apply->at;
    row->bank_reference = event->bank_reference;
    if (event->registration_number)
        row->registration_number = event->registration_number;
    lg_err err = change_claims(apply, event, row, row->kind == LG_SALE ? sell : pledge, true);
    if (!err)
        err = lg_apply_number_of(apply, &event->by, &reporter); /* it may be a bank that is no side of it */
    return err ? err : lg_apply_party(apply, reporter);
}

static lg_err end(const lg_apply *apply, const lg_event *event, lg_financing *row, lg_financing_status status,
                  claim_change change, bool notice)
{
    row->status = status;
    lg_err err = draw(apply, row, -1);
    return err ? err : change_claims(apply, event, row, change, notice);
}

static lg_err change_financing(const lg_apply *apply, const lg_event *event, lg_financing *row)
{
    switch ((int)event->type) {
    case LG_EV_FINANCING_DISBURSED:
        return disburse(apply, event, row);
    case LG_EV_FINANCING_CANCELLED:
        return end(apply, event, row, LG_FINANCING_CANCELLED, set_free, false);
    case LG_EV_FINANCING_LAPSED:
        return end(apply, event, row, LG_FINANCING_LAPSED, set_free, false);
    case LG_EV_FINANCING_RELEASED:
        return end(apply, event, row, LG_FINANCING_RELEASED, set_free, true);
    case LG_EV_FINANCING_REPURCHASED:
        return end(apply, event, row, LG_FINANCING_REPURCHASED, give_back, true);
    case LG_EV_FINANCING_REGISTERED:
        row->registration_number = event->registration_number;
        return LG_OK;
    case LG_EV_FINANCING_RECOURSE:
        row->status = LG_FINANCING_RECOURSE;
        return LG_OK;
    }
    return LG_CORRUPT;
}

static lg_err write_change(const lg_apply *apply, lg_financing *row)
{
    lg_financing before;
    row->updated_at = apply->at;
    row->last_seq = apply->seq;
    lg_err err = lg_financing_get(apply->db, row->no, apply->arena, &before);
    if (!err)
        err = lg_financing_update(apply->db, row);
    if (!err)
        lg_apply_financing_moved(apply, &before, row);
    return err;
}

static lg_err apply_financing(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_financing *row = lg_arena_alloc(apply->arena, sizeof *row);
    lg_err err;
    if (event->type == LG_EV_FINANCING_ACCEPTED) {
        err = accept(apply, event, row);
    } else {
        err = lg_financing_by_id(apply->db, (lg_financing_id){event->financing_id}, apply->arena, row);
        if (!err)
            err = change_financing(apply, event, row);
        if (!err)
            err = write_change(apply, row);
    }
    result->financing = row;
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    if (!err)
        err = lg_apply_party(apply, row->lender);
    if (!err)
        err = lg_apply_party(apply, row->seller);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

/* The seller holds the claims no more and is no party to what is paid on them, but its debt to the lender
 * ends, or begins anew, with the entry: it learns that there is one, and of its facts the currency. */
static lg_err tell_seller(const lg_apply *apply, const lg_financing *row)
{
    lg_err err = lg_history_insert(apply->db, row->no.v, apply->seq);
    return err ? err : lg_entry_party_insert(apply->db, apply->seq, row->seller, LG_SHARE_REQUEST);
}

lg_err lg_apply_financing_settled(const lg_apply *apply, const lg_claim *claim)
{
    lg_financing row;
    int64_t unsettled;
    if (!claim->financing.v)
        return LG_OK;
    lg_err err = lg_financing_get(apply->db, claim->financing, apply->arena, &row);
    if (!err)
        err = lg_financing_unsettled(apply->db, row.no, &unsettled);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    if (unsettled > 0 || (row.status != LG_FINANCING_DISBURSED && row.status != LG_FINANCING_RECOURSE))
        return LG_OK;
    row.status = LG_FINANCING_REPAID;
    err = draw(apply, &row, -1);
    if (!err)
        err = write_change(apply, &row);
    return err ? err : tell_seller(apply, &row);
}

lg_err lg_apply_financing_reopened(const lg_apply *apply, const lg_claim *claim)
{
    lg_financing row;
    if (!claim->financing.v)
        return LG_OK;
    lg_err err = lg_financing_get(apply->db, claim->financing, apply->arena, &row);
    if (err || row.status != LG_FINANCING_REPAID)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row.status = LG_FINANCING_DISBURSED;
    err = draw(apply, &row, 1);
    if (!err)
        err = write_change(apply, &row);
    return err ? err : tell_seller(apply, &row);
}

lg_err lg_apply_financing_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    switch ((int)event->type) {
    case LG_EV_PROGRAM_OPENED:
    case LG_EV_PROGRAM_CLOSED:
        return lg_apply_program_event(apply, event, result);
    case LG_EV_FINANCING_REQUESTED:
    case LG_EV_REQUEST_WITHDRAWN:
    case LG_EV_REQUEST_LAPSED:
        return lg_apply_request_event(apply, event, result);
    case LG_EV_OFFER_MADE:
    case LG_EV_OFFER_WITHDRAWN:
        return lg_apply_offer_event(apply, event, result);
    }
    return apply_financing(apply, event, result);
}
