/* Projections of payments. */
#include "ledger/registry/financing.h"
#include "ledger/registry/payment.h"

static lg_payment *keep(const lg_apply *apply, lg_result *result)
{
    result->payment = lg_arena_alloc(apply->arena, sizeof *result->payment);
    return result->payment;
}

/* One share: the claim is paid, and holder and payee learn of their own part; so does the lender it is
 * reserved for. */
static lg_err pay_part(const lg_apply *apply, const lg_payment *payment, const lg_event_part *part,
                       int number)
{
    lg_claim claim;
    lg_payment_share share = {.payment = payment->no, .amount_minor = part->amount_minor};
    lg_err err = lg_apply_claim_of(apply, part->claim_id, &claim);
    if (!err)
        err = lg_apply_number_of(apply, &part->participant_id, &share.payee);
    if (err)
        return err;
    if (!lg_claim_is_live(&claim) || part->amount_minor < 1 || part->amount_minor > claim.outstanding_minor)
        return LG_CORRUPT;
    const lg_participant_no lender = claim.lender; /* what settles it may end the reservation */
    share.claim = claim.no;
    share.holder = claim.holder;
    err = lg_payment_share_insert(apply->db, &share);
    if (!err)
        err = lg_apply_owed(apply, &claim, claim.paid_minor + part->amount_minor, claim.diluted_minor);
    if (!err)
        err = lg_apply_claim_change(apply, &claim);
    if (!err)
        err = lg_entry_party_insert(apply->db, apply->seq, share.payee, number);
    if (!err)
        err = lg_entry_party_insert(apply->db, apply->seq, share.holder, number);
    if (!err && lender.v)
        err = lg_entry_party_insert(apply->db, apply->seq, lender, number);
    if (!err && claim.life == LG_CLAIM_SETTLED && claim.financing.v)
        err = lg_apply_financing_settled(apply, &claim);
    return err;
}

static lg_err apply_recorded(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_claim root;
    lg_payment *row = keep(apply, result);
    lg_err err = lg_apply_claim_of(apply, event->claim_id, &root);
    if (err)
        return err;
    *row = (lg_payment){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->payment_id},
        .root = root.no,
        .debtor = root.debtor,
        .amount_minor = event->amount_minor,
        .excess_minor = event->excess_minor,
        .currency = event->currency,
        .bank_reference = event->bank_reference,
        .paid_day = event->paid_day,
        .recorded_at = apply->at,
        .last_seq = apply->seq,
    };
    err = lg_apply_number_of(apply, &event->by, &row->recorded_by);
    if (!err)
        err = lg_payment_insert(apply->db, row);
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    for (size_t i = 0; i < event->part_count && !err; i++)
        err = pay_part(apply, row, &event->parts[i], (int)i + 1);
    if (!err)
        err = lg_apply_party(apply, row->debtor);
    return err ? err : lg_apply_party(apply, row->recorded_by);
}

/* The amount is outstanding again. */
static lg_err take_back(const lg_apply *apply, const lg_payment_share *share)
{
    lg_claim claim;
    lg_err err = lg_claim_get(apply->db, share->claim, apply->arena, &claim);
    if (!err)
        err = lg_apply_owed(apply, &claim, claim.paid_minor - share->amount_minor, claim.diluted_minor);
    if (!err)
        err = lg_apply_claim_change(apply, &claim);
    if (!err)
        err = lg_apply_financing_reopened(apply, &claim);
    if (!err)
        err = lg_apply_stop_debtor(apply, &claim); /* it may have been cleared since */
    if (!err)
        err = lg_apply_party(apply, share->holder);
    if (!err)
        err = lg_apply_party(apply, claim.lender);
    return err ? err : lg_apply_party(apply, share->payee);
}

static lg_err apply_reversed(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_payment_share *shares;
    size_t count;
    lg_payment *row = keep(apply, result);
    lg_err err = lg_payment_by_id(apply->db, (lg_payment_id){event->payment_id}, apply->arena, row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row->reversed_at = apply->at;
    row->reverse_reason = event->reason;
    row->last_seq = apply->seq;
    err = lg_payment_update(apply->db, row);
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    if (!err)
        err = lg_payment_shares(apply->db, row->no, apply->arena, &shares, &count);
    for (size_t i = 0; !err && i < count; i++)
        err = take_back(apply, &shares[i]);
    if (!err)
        err = lg_apply_party(apply, row->debtor);
    return err ? err : lg_apply_party(apply, row->recorded_by);
}

lg_err lg_apply_payment_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    if (event->type == LG_EV_PAYMENT_RECORDED)
        return apply_recorded(apply, event, result);
    if (event->type == LG_EV_PAYMENT_REVERSED)
        return apply_reversed(apply, event, result);
    return lg_apply_proposal_event(apply, event, result);
}
