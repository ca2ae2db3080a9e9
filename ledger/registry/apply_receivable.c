/* Projections of events about receivables and claims. */
#include "ledger/registry/internal.h"

#include <string.h>

static lg_err number_of(const lg_apply *apply, const lg_uuid *id, lg_participant_no *out)
{
    *out = (lg_participant_no){0};
    if (lg_uuid_is_nil(*id))
        return LG_OK;
    lg_err err = lg_participant_no_of(apply->db, (lg_participant_id){*id}, out);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static bool parse_format(const char *text, lg_invoice_format *out)
{
    for (int i = 0; i < LG_FORMAT_COUNT; i++) {
        if (strcmp(lg_invoice_format_name((lg_invoice_format)i), text) == 0) {
            *out = (lg_invoice_format)i;
            return true;
        }
    }
    return false;
}

static lg_receivable_life life_after(lg_event_type type)
{
    switch (type) {
    case LG_EV_RECEIVABLE_HELD:
        return LG_LIFE_HELD;
    case LG_EV_RECEIVABLE_REGISTERED:
    case LG_EV_REVIEW_APPROVED:
        return LG_LIFE_REGISTERED;
    case LG_EV_CLAIM_ACCEPTED:
        return LG_LIFE_CONFIRMED;
    case LG_EV_RECEIVABLE_REJECTED:
    case LG_EV_REVIEW_REJECTED:
    case LG_EV_RECEIVABLE_DECLINED:
        return LG_LIFE_REJECTED;
    case LG_EV_RECEIVABLE_WITHDRAWN:
        return LG_LIFE_WITHDRAWN;
    case LG_EV_RECEIVABLE_EXPIRED:
        return LG_LIFE_EXPIRED;
    case LG_EV_GENESIS:
    case LG_EV_PARTICIPANT_REGISTERED:
    case LG_EV_PARTICIPANT_STATUS_CHANGED:
    case LG_EV_PARTICIPANT_STOP_CHANGED:
    case LG_EV_CREDIT_LINE_SET:
    case LG_EV_KEY_ADDED:
    case LG_EV_KEY_REVOKED:
    case LG_EV_TOKEN_ISSUED:
    case LG_EV_TOKEN_REVOKED:
    case LG_EV_POLICY_SET:
    case LG_EV_COUNT:
        break;
    }
    return LG_LIFE_COUNT;
}

/* A claim is born with the amount the other side stands for, held by the creditor. */
static lg_err insert_claim(const lg_apply *apply, const lg_event *event, const lg_receivable *receivable,
                           lg_result *result)
{
    result->claim = (lg_claim){
        .no = {apply->seq},
        .id = {event->claim_id},
        .receivable = receivable->no,
        .root = {apply->seq},
        .origin = event->origin,
        .holder = receivable->creditor,
        .creditor = receivable->creditor,
        .debtor = receivable->debtor,
        .currency = receivable->currency,
        .face_minor = event->face_minor,
        .outstanding_minor = event->face_minor,
        .due_day = receivable->due_day,
        .life = "confirmed",
        .encumbrance = "free",
        .accepted_at = apply->at,
        .updated_at = apply->at,
        .last_seq = apply->seq,
    };
    result->has_claim = true;
    lg_err err = lg_claim_insert(apply->db, &result->claim);
    /* When both signed at once, receivable and claim share their entry and with it their number. */
    if (!err && receivable->no.v != apply->seq)
        err = lg_history_insert(apply->db, apply->seq, apply->seq);
    return err;
}

static lg_err fill_parties(const lg_apply *apply, const lg_event *event, lg_receivable *row)
{
    lg_err err = number_of(apply, &event->submitter_id, &row->submitter);
    if (!err)
        err = number_of(apply, &event->creditor_id, &row->creditor);
    if (!err)
        err = number_of(apply, &event->debtor_id, &row->debtor);
    return err;
}

static lg_err insert_receivable(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_receivable *row = &result->receivable;
    *row = (lg_receivable){
        .no = {apply->seq},
        .id = {event->receivable_id},
        .life = life_after(event->type),
        .by_debtor = strcmp(event->submitted_by, "debtor") == 0,
        .invoice_number = event->invoice_number,
        .issue_day = event->issue_day,
        .due_day = event->due_day,
        .currency = event->currency,
        .gross_minor = event->gross_minor,
        .amount_minor = event->amount_minor,
        .part = event->part,
        .order_reference = event->order_reference,
        .contract_reference = event->contract_reference,
        .note = event->note,
        .payee = event->payee,
        .document_sha256 = event->document_sha256,
        .documents = event->documents ? event->documents : "[]",
        .confirm_by = event->confirm_by,
        .policy_version = event->policy_version,
        .terms_version = event->policy_version,
        .checks = event->checks,
        .registered_at = apply->at,
        .updated_at = apply->at,
        .last_seq = apply->seq,
    };
    if (!parse_format(event->format, &row->format) ||
        !lg_review_outcome_parse(event->review_outcome, &row->review_outcome))
        return LG_CORRUPT;
    lg_err err = fill_parties(apply, event, row);
    if (err)
        return err;
    /* A rejected submission leaves the invoice free for another. The keyed hash is made anew from the facts:
     * it never was one. */
    if (event->type != LG_EV_RECEIVABLE_REJECTED) {
        row->has_fingerprint = true;
        row->fingerprint =
            lg_fingerprint_make(apply->hash_key, apply->arena, (lg_participant_id){event->creditor_id},
                                (lg_participant_id){event->debtor_id}, row->invoice_number, row->issue_day,
                                row->currency, row->gross_minor);
    }
    if (event->type == LG_EV_CLAIM_ACCEPTED) {
        row->confirmed_minor = event->face_minor;
        row->claim = (lg_claim_no){apply->seq};
    }
    err = lg_receivable_insert(apply->db, row);
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    if (!err && (row->life == LG_LIFE_REGISTERED || row->life == LG_LIFE_CONFIRMED))
        err = lg_exposure_change(apply->db, row->debtor, row->currency, row->amount_minor);
    if (!err && event->type == LG_EV_CLAIM_ACCEPTED)
        err = insert_claim(apply, event, row, result);
    result->has_receivable = true;
    return err;
}

static lg_err decide(const lg_apply *apply, const lg_event *event, lg_receivable *row)
{
    row->decision = event->type == LG_EV_REVIEW_APPROVED ? "approved" : "rejected";
    row->decided_at = apply->at;
    row->decision_note = event->note;
    return number_of(apply, &event->by, &row->decided_by);
}

/* How the debtor's exposure moves when a receivable goes from one life to the next. */
static int64_t exposure_change(const lg_receivable *row, lg_receivable_life before, const lg_event *event)
{
    if (event->type == LG_EV_REVIEW_APPROVED)
        return row->amount_minor;
    if (event->type == LG_EV_CLAIM_ACCEPTED)
        return event->face_minor - row->amount_minor; /* the rest is disputed, not owed */
    return before == LG_LIFE_REGISTERED ? -row->amount_minor : 0;
}

static lg_err change_receivable(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_receivable *row = &result->receivable;
    lg_err err = lg_receivable_by_id(apply->db, (lg_receivable_id){event->receivable_id}, apply->arena, row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    result->has_receivable = true;
    lg_receivable_life before = row->life;
    row->life = life_after(event->type);
    row->updated_at = apply->at;
    row->last_seq = apply->seq;
    if (event->type == LG_EV_REVIEW_APPROVED || event->type == LG_EV_REVIEW_REJECTED) {
        err = decide(apply, event, row);
        if (event->type == LG_EV_REVIEW_APPROVED) {
            row->confirm_by = event->confirm_by;
            row->terms_version = event->policy_version;
        }
    } else if (event->type == LG_EV_CLAIM_ACCEPTED) {
        row->confirmed_minor = event->face_minor;
        row->claim = (lg_claim_no){apply->seq};
    } else { /* declined, withdrawn, expired */
        row->reason = event->reason;
        row->reason_note = event->note;
    }
    if (row->life != LG_LIFE_REGISTERED && row->life != LG_LIFE_CONFIRMED)
        row->has_fingerprint = false; /* the invoice is free again */
    int64_t change = exposure_change(row, before, event);
    if (!err && change)
        err = lg_exposure_change(apply->db, row->debtor, row->currency, change);
    if (!err)
        err = lg_receivable_update(apply->db, row);
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    if (!err && event->type == LG_EV_CLAIM_ACCEPTED)
        err = insert_claim(apply, event, row, result);
    return err;
}

lg_err lg_apply_receivable_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    return event->invoice_number ? insert_receivable(apply, event, result)
                                 : change_receivable(apply, event, result);
}

lg_err lg_event_apply(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    switch (event->type) {
    case LG_EV_GENESIS:
        return LG_OK;
    case LG_EV_PARTICIPANT_REGISTERED:
    case LG_EV_PARTICIPANT_STATUS_CHANGED:
    case LG_EV_PARTICIPANT_STOP_CHANGED:
    case LG_EV_CREDIT_LINE_SET:
    case LG_EV_KEY_ADDED:
    case LG_EV_KEY_REVOKED:
    case LG_EV_TOKEN_ISSUED:
    case LG_EV_TOKEN_REVOKED:
    case LG_EV_POLICY_SET:
        return lg_apply_participant_event(apply, event, result);
    case LG_EV_RECEIVABLE_REGISTERED:
    case LG_EV_RECEIVABLE_HELD:
    case LG_EV_RECEIVABLE_REJECTED:
    case LG_EV_REVIEW_APPROVED:
    case LG_EV_REVIEW_REJECTED:
    case LG_EV_CLAIM_ACCEPTED:
    case LG_EV_RECEIVABLE_DECLINED:
    case LG_EV_RECEIVABLE_WITHDRAWN:
    case LG_EV_RECEIVABLE_EXPIRED:
        return lg_apply_receivable_event(apply, event, result);
    case LG_EV_COUNT:
        break;
    }
    return LG_INTERNAL;
}
