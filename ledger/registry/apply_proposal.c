/* Projections of proposals, and of the credit notes and voids they become. */
#include "ledger/registry/financing.h"
#include "ledger/registry/payment.h"

static lg_err tell_signers(const lg_apply *apply, const lg_proposal_signers *signers)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < signers->count && !err; i++)
        err = lg_apply_party(apply, signers->rows[i].participant);
    return err;
}

/* ---- proposing ---- */

static lg_err sign(lg_proposal_signers *signers, lg_participant_no participant, lg_time at)
{
    for (size_t i = 0; i < signers->count; i++) {
        if (signers->rows[i].participant.v == participant.v) {
            signers->rows[i].signed_at = at;
            return LG_OK;
        }
    }
    return LG_CORRUPT;
}

static lg_err propose(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_proposal *row = result->proposal;
    lg_proposal_signers signers;
    lg_claim claim;
    lg_err err = lg_apply_claim_of(apply, event->claim_id, &claim);
    if (err)
        return err;
    *row = (lg_proposal){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->proposal_id},
        .claim = claim.no,
        .amount_minor = event->amount_minor,
        .reference = event->reference,
        .note = event->note,
        .status = LG_PROPOSAL_OPEN,
        .expires_at = event->expires_at,
        .proposed_at = apply->at,
        .last_seq = apply->seq,
    };
    if (!lg_proposal_kind_parse(event->kind, &row->kind))
        return LG_CORRUPT;
    lg_proposal_signers_of(&claim, &signers);
    err = lg_apply_number_of(apply, &event->by, &row->proposed_by);
    if (!err)
        err = sign(&signers, row->proposed_by, apply->at); /* the proposal is its signature */
    if (!err)
        err = lg_proposal_insert(apply->db, row);
    if (!err)
        err = lg_proposal_signers_insert(apply->db, row->no, &signers);
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    return err ? err : tell_signers(apply, &signers);
}

/* ---- what the others make of it ---- */

static lg_err accept(const lg_apply *apply, const lg_event *event, const lg_proposal *row, lg_result *result)
{
    lg_participant_no signer;
    lg_err err = lg_apply_number_of(apply, &event->by, &signer);
    if (!err)
        err = lg_proposal_sign(apply->db, row->no, signer, apply->at);
    if (!err)
        err = lg_claim_get(apply->db, row->claim, apply->arena, &result->claim);
    result->has_claim = !err;
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err dilute(const lg_apply *apply, const lg_event *event, lg_claim *claim)
{
    if (!lg_claim_is_live(claim) || event->amount_minor < 1 || event->amount_minor > claim->outstanding_minor)
        return LG_CORRUPT;
    lg_err err = lg_apply_owed(apply, claim, claim->paid_minor, claim->diluted_minor + event->amount_minor);
    if (!err)
        err = lg_apply_claim_change(apply, claim);
    if (!err)
        err = lg_apply_claim_parties(apply, claim);
    if (!err && claim->life == LG_CLAIM_SETTLED && claim->financing.v)
        err = lg_apply_financing_settled(apply, claim);
    return err;
}

/* The invoice may be registered anew. */
static lg_err free_invoice(const lg_apply *apply, lg_receivable_no no)
{
    lg_receivable row;
    lg_err err = lg_receivable_get(apply->db, no, apply->arena, &row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row.has_fingerprint = false;
    row.updated_at = apply->at;
    row.last_seq = apply->seq;
    err = lg_receivable_update(apply->db, &row);
    return err ? err : lg_history_insert(apply->db, no.v, apply->seq);
}

static lg_err cancel(const lg_apply *apply, lg_claim *claim)
{
    if (!lg_claim_is_live(claim))
        return LG_CORRUPT;
    int64_t outstanding = claim->outstanding_minor;
    claim->life = LG_CLAIM_VOID;
    claim->outstanding_minor = 0;
    lg_err err = lg_exposure_change(apply->db, claim->debtor, claim->currency, -outstanding);
    if (!err)
        err = lg_apply_claim_change(apply, claim);
    if (!err)
        err = lg_apply_claim_parties(apply, claim);
    return err ? err : free_invoice(apply, claim->receivable);
}

/* The last signature is there: the claim changes. */
static lg_err take_effect(const lg_apply *apply, const lg_event *event, lg_proposal *row, lg_result *result)
{
    lg_claim *claim = &result->claim;
    lg_err err = lg_apply_claim_of(apply, event->claim_id, claim);
    if (err)
        return err;
    result->has_claim = true;
    row->status = LG_PROPOSAL_EFFECTIVE;
    err = event->type == LG_EV_CLAIM_VOIDED ? cancel(apply, claim) : dilute(apply, event, claim);
    /* A financing that was repaid by it may have changed the claim once more. */
    return err ? err : lg_apply_claim_of(apply, event->claim_id, claim);
}

static lg_err change(const lg_apply *apply, const lg_event *event, lg_proposal *row, lg_result *result)
{
    switch ((int)event->type) {
    case LG_EV_PROPOSAL_ACCEPTED:
        return accept(apply, event, row, result);
    case LG_EV_PROPOSAL_DECLINED:
        row->status = LG_PROPOSAL_DECLINED;
        return LG_OK;
    case LG_EV_CLAIM_DILUTED:
    case LG_EV_CLAIM_VOIDED:
        return take_effect(apply, event, row, result);
    }
    return LG_INTERNAL;
}

lg_err lg_apply_proposal_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_proposal_signers signers;
    lg_proposal *row = result->proposal = lg_arena_alloc(apply->arena, sizeof *row);
    if (event->type == LG_EV_PROPOSAL_MADE)
        return propose(apply, event, result);
    lg_err err = lg_proposal_by_id(apply->db, (lg_proposal_id){event->proposal_id}, apply->arena, row);
    if (!err)
        err = lg_proposal_signers_get(apply->db, row->no, &signers);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    err = change(apply, event, row, result);
    row->last_seq = apply->seq;
    if (!err)
        err = lg_proposal_update(apply->db, row);
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    return err ? err : tell_signers(apply, &signers);
}
