/* Projections of events on claims. */
#include "ledger/registry/claim.h"

#include "ledger/base/text.h"
#include "ledger/registry/movement.h"

#include <string.h>

/* ---- what the projections of claims, financing and payments share ---- */

lg_err lg_apply_claim_of(const lg_apply *apply, lg_uuid id, lg_claim *out)
{
    lg_err err = lg_claim_by_id(apply->db, (lg_claim_id){id}, apply->arena, out);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

lg_err lg_apply_claim_change(const lg_apply *apply, lg_claim *claim)
{
    lg_claim before;
    claim->updated_at = apply->at;
    claim->last_seq = apply->seq;
    lg_err err = lg_claim_get(apply->db, claim->no, apply->arena, &before);
    if (!err)
        err = lg_claim_update(apply->db, &before, claim);
    if (!err)
        lg_apply_claim_moved(apply, &before, claim);
    return err ? err : lg_history_insert(apply->db, claim->no.v, apply->seq);
}

lg_err lg_apply_party(const lg_apply *apply, lg_participant_no participant)
{
    return participant.v ? lg_entry_party_insert(apply->db, apply->seq, participant, LG_SHARE_ALL) : LG_OK;
}

lg_err lg_apply_claim_parties(const lg_apply *apply, const lg_claim *claim)
{
    const lg_participant_no parties[] = {claim->holder, claim->debtor, claim->lender, claim->offered_to};
    lg_err err = LG_OK;
    for (size_t i = 0; i < sizeof parties / sizeof *parties && !err; i++)
        err = lg_apply_party(apply, parties[i]);
    return err;
}

lg_err lg_apply_title(const lg_apply *apply, const lg_claim *claim, lg_participant_no participant)
{
    lg_claim at = *claim;
    /* Of the invoice's entry: who owes it to whom, in which currency and when. */
    lg_err err =
        lg_entry_party_insert(apply->db, lg_row_seq(claim->receivable.v), participant, LG_SHARE_TITLE);
    while (!err) {
        /* A child's number in its entry is its part's; a root came whole. */
        int share = at.parent.v ? lg_row_index(at.no.v) : LG_SHARE_TITLE;
        err = lg_entry_party_insert(apply->db, lg_row_seq(at.no.v), participant, share);
        if (!err)
            err = lg_entry_party_insert_history(apply->db, at.no.v, participant, LG_SHARE_TITLE);
        if (err || !at.parent.v)
            break;
        err = lg_claim_get(apply->db, at.parent, apply->arena, &at);
    }
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

lg_err lg_apply_holder(const lg_apply *apply, lg_claim *claim, lg_participant_no holder)
{
    claim->holder = holder;
    claim->held_seq = apply->seq;
    claim->notified_at = apply->at;
    claim->acknowledged_at = 0;
    return lg_claim_view_end(apply->db,
                             claim->no); /* whom the one before let see it is not the new one's concern */
}

lg_err lg_apply_owed(const lg_apply *apply, lg_claim *claim, int64_t paid_minor, int64_t diluted_minor)
{
    int64_t before = claim->outstanding_minor, gone;
    if (paid_minor < 0 || diluted_minor < 0 || !lg_amount_add(paid_minor, diluted_minor, &gone) ||
        gone > claim->face_minor)
        return LG_CORRUPT;
    claim->paid_minor = paid_minor;
    claim->diluted_minor = diluted_minor;
    claim->outstanding_minor = claim->face_minor - gone;
    claim->life = lg_claim_life_from(claim);
    return lg_exposure_change(apply->db, claim->debtor, claim->currency, claim->outstanding_minor - before);
}

/* ---- opening claims ---- */

lg_err lg_apply_claim_accepted(const lg_apply *apply, const lg_event *event, const lg_receivable *receivable,
                               lg_result *result)
{
    result->claim = (lg_claim){
        .no = receivable->claim,
        .id = {event->claim_id},
        .receivable = receivable->no,
        .root = receivable->claim,
        .origin = event->origin,
        .holder = receivable->creditor,
        .held_seq = apply->seq,
        .creditor = receivable->creditor,
        .debtor = receivable->debtor,
        .currency = receivable->currency,
        .face_minor = event->face_minor,
        .outstanding_minor = event->face_minor,
        .due_day = receivable->due_day,
        .next_age_day = receivable->due_day,
        .accepted_at = apply->at,
        .updated_at = apply->at,
        .last_seq = apply->seq,
    };
    result->has_claim = true;
    lg_err err = lg_claim_insert(apply->db, &result->claim);
    if (!err)
        lg_apply_claim_moved(apply, NULL, &result->claim);
    return err ? err : lg_history_insert(apply->db, result->claim.no.v, apply->seq);
}

/* One child: all that the parent is, over its part of the amount. */
static lg_err open_child(const lg_apply *apply, const lg_event *event, const lg_claim *parent, size_t at,
                         lg_claim *child)
{
    const lg_event_part *part = &event->parts[at];
    *child = *parent;
    child->no = (lg_claim_no){lg_row_no(apply->seq, (int)at + 1)};
    child->id = (lg_claim_id){part->claim_id};
    child->parent = parent->no;
    child->face_minor = child->outstanding_minor = part->amount_minor;
    child->paid_minor = child->diluted_minor = 0;
    child->life = lg_claim_life_from(child);
    child->updated_at = apply->at;
    child->last_seq = apply->seq;
    lg_err err = lg_apply_number_of(apply, &part->participant_id, &child->offered_to);
    if (!err && child->offered_to.v) {
        child->encumbrance = LG_OFFERED;
        child->respond_by = event->respond_by;
        err = lg_entry_party_insert(apply->db, apply->seq, child->offered_to, (int)at + 1);
    }
    if (!err)
        err = lg_claim_insert(apply->db, child);
    if (!err)
        lg_apply_claim_moved(apply, NULL, child);
    return err ? err : lg_history_insert(apply->db, child->no.v, apply->seq);
}

/* The parent closes: what was outstanding on it lives on in the children. */
static lg_err divide(const lg_apply *apply, const lg_event *event, lg_claim *parent, lg_result *result)
{
    const lg_claim before = *parent;
    result->claims = lg_arena_array(apply->arena, event->part_count, sizeof *result->claims);
    result->claim_count = event->part_count;
    lg_err err = LG_OK;
    for (size_t i = 0; i < event->part_count && !err; i++)
        err = open_child(apply, event, &before, i, &result->claims[i]);
    parent->life = LG_CLAIM_SPLIT;
    parent->outstanding_minor = 0;
    return err;
}

static lg_err offer_transfer(const lg_apply *apply, const lg_event *event, lg_claim *claim, lg_result *result)
{
    if (event->part_count > 0)
        return divide(apply, event, claim, result);
    claim->encumbrance = LG_OFFERED;
    claim->respond_by = event->respond_by;
    return lg_apply_number_of(apply, &event->recipient_id, &claim->offered_to);
}

/* ---- the other changes ---- */

static void close_transfer(lg_claim *claim)
{
    claim->encumbrance = LG_FREE;
    claim->offered_to = (lg_participant_no){0};
    claim->respond_by = 0;
}

static lg_err transfer(const lg_apply *apply, lg_claim *claim)
{
    lg_participant_no from = claim->holder, to = claim->offered_to;
    lg_err err = lg_apply_holder(apply, claim, to);
    claim->hop++;
    close_transfer(claim);
    if (!err)
        err = lg_apply_party(apply, from);
    return err ? err : lg_apply_title(apply, claim, to);
}

static void set_lock(lg_claim *claim, lg_claim_lock lock, bool on)
{
    claim->locks = on ? claim->locks | 1u << lock : claim->locks & ~(1u << lock);
}

static lg_err dispute(const lg_apply *apply, const lg_event *event, lg_claim *claim)
{
    set_lock(claim, LG_LOCK_DISPUTED, true);
    claim->dispute_reason = event->reason;
    claim->dispute_note = event->note;
    claim->disputed_at = apply->at;
    return lg_apply_number_of(apply, &event->by, &claim->disputed_by);
}

void lg_apply_dispute_end(lg_claim *claim)
{
    set_lock(claim, LG_LOCK_DISPUTED, false);
    claim->dispute_reason = claim->dispute_note = NULL;
    claim->disputed_at = 0;
    claim->disputed_by = (lg_participant_no){0};
}

static lg_err freeze(const lg_apply *apply, const lg_event *event, lg_claim *claim)
{
    set_lock(claim, LG_LOCK_FROZEN, true);
    claim->order_reference = event->order_reference;
    lg_err err = lg_apply_number_of(apply, &event->by, &claim->frozen_by);
    return err ? err : lg_apply_party(apply, claim->frozen_by);
}

static lg_err unfreeze(const lg_apply *apply, lg_claim *claim)
{
    lg_err err = lg_apply_party(apply, claim->frozen_by);
    set_lock(claim, LG_LOCK_FROZEN, false);
    claim->order_reference = NULL;
    claim->frozen_by = (lg_participant_no){0};
    return err;
}

lg_err lg_apply_stop_debtor(const lg_apply *apply, const lg_claim *claim)
{
    lg_participant debtor;
    if (claim->life != LG_CLAIM_OVERDUE && claim->life != LG_CLAIM_DEFAULTED)
        return LG_OK;
    lg_err err = lg_participant_get(apply->db, claim->debtor, apply->arena, &debtor);
    if (err || debtor.stopped)
        return err;
    debtor.stopped = true;
    debtor.last_seq = apply->seq;
    err = lg_participant_update(apply->db, &debtor);
    return err ? err : lg_history_insert(apply->db, debtor.no.v, apply->seq);
}

static lg_err age(const lg_apply *apply, const lg_event *event, lg_claim *claim)
{
    claim->age = event->type == LG_EV_CLAIM_DUE       ? LG_AGE_DUE
                 : event->type == LG_EV_CLAIM_OVERDUE ? LG_AGE_OVERDUE
                                                      : LG_AGE_DEFAULTED;
    claim->next_age_day = event->next_day;
    claim->life = lg_claim_life_from(claim);
    return lg_apply_stop_debtor(apply, claim);
}

static lg_err write_off(const lg_apply *apply, lg_claim *claim)
{
    claim->life = LG_CLAIM_WRITTEN_OFF;
    return lg_exposure_change(apply->db, claim->debtor, claim->currency, -claim->outstanding_minor);
}

static lg_err change(const lg_apply *apply, const lg_event *event, lg_claim *claim, lg_result *result)
{
    switch ((int)event->type) {
    case LG_EV_CLAIM_SPLIT:
        return divide(apply, event, claim, result);
    case LG_EV_CLAIM_TRANSFER_OFFERED:
        return offer_transfer(apply, event, claim, result);
    case LG_EV_CLAIM_TRANSFERRED:
        return transfer(apply, claim);
    case LG_EV_CLAIM_TRANSFER_DECLINED:
    case LG_EV_CLAIM_TRANSFER_CANCELLED:
    case LG_EV_CLAIM_TRANSFER_LAPSED:
        close_transfer(claim);
        return LG_OK;
    case LG_EV_CLAIM_ACKNOWLEDGED:
        claim->acknowledged_at = apply->at;
        return LG_OK;
    case LG_EV_CLAIM_DISPUTED:
        return dispute(apply, event, claim);
    case LG_EV_CLAIM_DISPUTE_RESOLVED:
        lg_apply_dispute_end(claim);
        return LG_OK;
    case LG_EV_CLAIM_FROZEN:
        return freeze(apply, event, claim);
    case LG_EV_CLAIM_UNFROZEN:
        return unfreeze(apply, claim);
    case LG_EV_CLAIM_DUE:
    case LG_EV_CLAIM_OVERDUE:
    case LG_EV_CLAIM_DEFAULTED:
        return age(apply, event, claim);
    case LG_EV_CLAIM_WRITTEN_OFF:
        return write_off(apply, claim);
    }
    return LG_INTERNAL;
}

/* Who is told: the parties as they were before and as they are after. An offer of the whole is between holder
 * and recipient until it is accepted; so is what ends it. */
static lg_err tell(const lg_apply *apply, const lg_event *event, const lg_claim *claim)
{
    bool between_two = (event->type == LG_EV_CLAIM_TRANSFER_OFFERED && event->part_count == 0) ||
                       event->type == LG_EV_CLAIM_TRANSFER_DECLINED ||
                       event->type == LG_EV_CLAIM_TRANSFER_CANCELLED ||
                       event->type == LG_EV_CLAIM_TRANSFER_LAPSED;
    if (!between_two)
        return lg_apply_claim_parties(apply, claim);
    lg_err err = lg_apply_party(apply, claim->holder);
    return err ? err : lg_apply_party(apply, claim->offered_to);
}

/* Who moved it on because time did, and is no party to it, still reads what it signed. */
static lg_err tell_office(const lg_apply *apply, const lg_event *event)
{
    lg_participant_no signer;
    bool by_time = event->type == LG_EV_CLAIM_DUE || event->type == LG_EV_CLAIM_OVERDUE ||
                   event->type == LG_EV_CLAIM_DEFAULTED || event->type == LG_EV_CLAIM_TRANSFER_LAPSED;
    if (!by_time)
        return LG_OK;
    lg_err err = lg_apply_number_of(apply, &event->by, &signer);
    return err ? err : lg_apply_party(apply, signer);
}

/* The operators, who watch how claims are divided. */
static lg_err raise_watch(const lg_apply *apply, const lg_claim *root)
{
    const lg_participant_filter filter = {.role = LG_ROLE_OPERATOR, .suspended = -1, .limit = 16};
    lg_participant *operators;
    size_t count;
    lg_err err = lg_participant_list(apply->db, &filter, apply->arena, &operators, &count);
    for (size_t i = 0; i < count && !err; i++)
        err = lg_apply_party(apply, operators[i].no);
    return err ? err : lg_history_insert(apply->db, root->no.v, apply->seq);
}

lg_err lg_apply_claim_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_claim claim;
    lg_err err = lg_apply_claim_of(apply, event->claim_id, &claim);
    if (err)
        return err;
    if (event->type == LG_EV_WATCH_RAISED)
        return raise_watch(apply, &claim);
    err = tell(apply, event, &claim);
    if (!err)
        err = change(apply, event, &claim, result);
    if (!err)
        err = lg_apply_claim_change(apply, &claim);
    if (!err)
        err = tell(apply, event, &claim);
    if (!err)
        err = tell_office(apply, event);
    result->claim = claim;
    result->has_claim = true;
    result->has_children = event->type == LG_EV_CLAIM_SPLIT || event->type == LG_EV_CLAIM_TRANSFER_OFFERED;
    return err;
}
