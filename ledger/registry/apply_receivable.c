/* Projections of events about receivables and claims. */
#include "ledger/registry/claim.h"
#include "ledger/registry/movement.h"

#include <string.h>

lg_err lg_apply_number_of(const lg_apply *apply, const lg_uuid *id, lg_participant_no *out)
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

/* An answer registers it, rejects it, or leaves it to a reviewer. */
static lg_receivable_life life_verified(const lg_event *event)
{
    const char *reject = lg_review_outcome_name(LG_OUTCOME_REJECT);
    if (event->confirm_by)
        return LG_LIFE_REGISTERED;
    return strcmp(event->review_outcome, reject) == 0 ? LG_LIFE_REJECTED : LG_LIFE_HELD;
}

static lg_receivable_life life_after(const lg_event *event)
{
    switch ((int)event->type) {
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
    case LG_EV_REVIEW_VERIFIED:
        return life_verified(event);
    case LG_EV_RECEIVABLE_WITHDRAWN:
        return LG_LIFE_WITHDRAWN;
    case LG_EV_RECEIVABLE_EXPIRED:
        return LG_LIFE_EXPIRED;
    }
    return LG_LIFE_COUNT;
}

/* The entry tells of the receivable, and who may see that now reads it. Registering what was held lets the
 * other side see it, and with it what went before. */
static lg_err tell(const lg_apply *apply, const lg_receivable *row, bool let_in)
{
    const lg_participant_no sides[] = {row->submitter, row->creditor, row->debtor};
    lg_err err = lg_history_insert(apply->db, row->no.v, apply->seq);
    for (size_t i = 0; i < sizeof sides / sizeof *sides && !err; i++) {
        if (!lg_receivable_visible(row, sides[i]))
            continue;
        err = let_in ? lg_entry_party_insert_history(apply->db, row->no.v, sides[i], LG_SHARE_ALL)
                     : lg_entry_party_insert(apply->db, apply->seq, sides[i], LG_SHARE_ALL);
    }
    return err;
}

static lg_err fill_parties(const lg_apply *apply, const lg_event *event, lg_receivable *row)
{
    lg_err err = lg_apply_number_of(apply, &event->submitter_id, &row->submitter);
    if (!err)
        err = lg_apply_number_of(apply, &event->creditor_id, &row->creditor);
    if (!err)
        err = lg_apply_number_of(apply, &event->debtor_id, &row->debtor);
    return err;
}

/* Keyed hashes are made anew from the facts: they never were any. */
static lg_fingerprint fingerprint_of(const lg_apply *apply, const lg_event *event)
{
    if (apply->fingerprint)
        return *apply->fingerprint;
    return lg_fingerprint_make(apply->hash_key, apply->arena, (lg_participant_id){event->creditor_id},
                               (lg_participant_id){event->debtor_id}, event->invoice_number, event->issue_day,
                               event->currency, event->gross_minor);
}

static lg_err insert_receivable(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_receivable *row = &result->receivable;
    *row = (lg_receivable){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->receivable_id},
        .life = life_after(event),
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
    /* A rejected submission leaves the invoice free for another. */
    if (event->type != LG_EV_RECEIVABLE_REJECTED) {
        row->has_fingerprint = true;
        row->fingerprint = fingerprint_of(apply, event);
    }
    if (event->type == LG_EV_CLAIM_ACCEPTED) {
        row->confirmed_minor = event->face_minor;
        row->claim = (lg_claim_no){lg_row_no(apply->seq, 1)};
    }
    err = lg_receivable_insert(apply->db, row);
    if (!err)
        lg_apply_receivable_moved(apply, NULL, row);
    if (!err)
        err = tell(apply, row, false);
    if (!err && event->verify_by)
        err = lg_verification_insert(apply->db, row->no, event->verify_by);
    if (!err && (row->life == LG_LIFE_REGISTERED || row->life == LG_LIFE_CONFIRMED))
        err = lg_exposure_change(apply->db, row->debtor, row->currency, row->amount_minor);
    if (!err && event->type == LG_EV_CLAIM_ACCEPTED)
        err = lg_apply_claim_accepted(apply, event, row, result);
    result->has_receivable = true;
    return err;
}

static lg_err decide(const lg_apply *apply, const lg_event *event, lg_receivable *row)
{
    row->decision = event->type == LG_EV_REVIEW_APPROVED ? "approved" : "rejected";
    row->decided_at = apply->at;
    row->decision_note = event->note;
    return lg_apply_number_of(apply, &event->by, &row->decided_by);
}

/* How the debtor's exposure moves when a receivable goes from one life to the next. */
static int64_t exposure_change(const lg_receivable *row, lg_receivable_life before, const lg_event *event)
{
    if (before == LG_LIFE_HELD)
        return row->life == LG_LIFE_REGISTERED ? row->amount_minor : 0;
    if (event->type == LG_EV_CLAIM_ACCEPTED)
        return event->face_minor - row->amount_minor; /* the rest is disputed, not owed */
    return before == LG_LIFE_REGISTERED ? -row->amount_minor : 0;
}

static lg_err keep_answer(const lg_apply *apply, const lg_event *event, lg_receivable *row)
{
    lg_verification answered = {
        .receivable = row->no,
        .reference = event->reference,
        .note = event->note,
        .answered_at = event->answered_at,
        .hindered_by = event->hindered_by,
        .recorded_at = apply->at,
    };
    if (!lg_verifier_answer_parse(event->answer, &answered.answer) ||
        !lg_review_outcome_parse(event->review_outcome, &answered.outcome))
        return LG_CORRUPT;
    if (row->life == LG_LIFE_REJECTED) {
        row->reason = event->answer;
        row->reason_note = event->note;
    }
    lg_err err = lg_verification_update(apply->db, &answered);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

/* What registers what was held gives it its terms. */
static void set_terms(const lg_event *event, lg_receivable *row)
{
    row->confirm_by = event->confirm_by;
    row->terms_version = event->policy_version;
}

/* What the event means for the row, but for its life. */
static lg_err change_by(const lg_apply *apply, const lg_event *event, lg_receivable *row)
{
    switch ((int)event->type) {
    case LG_EV_REVIEW_APPROVED:
        set_terms(event, row);
        return decide(apply, event, row);
    case LG_EV_REVIEW_REJECTED:
        return decide(apply, event, row);
    case LG_EV_REVIEW_VERIFIED:
        row->verified = row->life == LG_LIFE_REGISTERED;
        if (row->verified)
            set_terms(event, row);
        return keep_answer(apply, event, row);
    case LG_EV_CLAIM_ACCEPTED:
        row->confirmed_minor = event->face_minor;
        row->claim = (lg_claim_no){lg_row_no(apply->seq, 1)};
        return LG_OK;
    }
    row->reason = event->reason; /* declined, withdrawn, expired */
    row->reason_note = event->note;
    return LG_OK;
}

static lg_err find_receivable(const lg_apply *apply, const lg_event *event, lg_receivable *out)
{
    const lg_receivable_id id = {event->receivable_id};
    if (apply->receivable && lg_uuid_equal(apply->receivable->id.uuid, id.uuid)) {
        *out = *apply->receivable;
        return LG_OK;
    }
    lg_err err = lg_receivable_by_id(apply->db, id, apply->arena, out);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err change_receivable(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_receivable *row = &result->receivable;
    lg_err err = find_receivable(apply, event, row);
    if (err)
        return err;
    result->has_receivable = true;
    const lg_receivable before = *row;
    row->life = life_after(event);
    row->updated_at = apply->at;
    row->last_seq = apply->seq;
    err = change_by(apply, event, row);
    if (!err && before.life == LG_LIFE_HELD && event->type != LG_EV_REVIEW_VERIFIED)
        err = lg_verification_overtake(apply->db, row->no);
    if (row->life != LG_LIFE_HELD && row->life != LG_LIFE_REGISTERED && row->life != LG_LIFE_CONFIRMED)
        row->has_fingerprint = false; /* the invoice is free again */
    int64_t change = exposure_change(row, before.life, event);
    if (!err && change)
        err = lg_exposure_change(apply->db, row->debtor, row->currency, change);
    if (!err)
        err = lg_receivable_update(apply->db, row);
    if (!err)
        lg_apply_receivable_moved(apply, &before, row);
    if (!err)
        err = tell(apply, row, before.life == LG_LIFE_HELD && row->life == LG_LIFE_REGISTERED);
    if (!err && event->type == LG_EV_CLAIM_ACCEPTED)
        err = lg_apply_claim_accepted(apply, event, row, result);
    return err;
}

lg_err lg_apply_receivable_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    return event->invoice_number ? insert_receivable(apply, event, result)
                                 : change_receivable(apply, event, result);
}
