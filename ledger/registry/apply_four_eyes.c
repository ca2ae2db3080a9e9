/* Projections of four eyes: the setting, and what waits for a second token. Nobody but the participant reads
 * their entries: the other side of a receivable hears of a confirmation when it is one. */
#include "ledger/registry/internal.h"

static lg_err tell(const lg_apply *apply, int64_t subject, lg_participant_no no)
{
    lg_err err = lg_history_insert(apply->db, subject, apply->seq);
    return err ? err : lg_entry_party_insert(apply->db, apply->seq, no, LG_SHARE_ALL);
}

static lg_err close(const lg_apply *apply, lg_approval *row, lg_approval_status status, int64_t second_no)
{
    row->status = status;
    row->second_no = second_no;
    row->closed_at = apply->at;
    row->last_seq = apply->seq;
    return lg_approval_update(apply->db, row);
}

/* What waited for the same thing waits no more. */
static lg_err overtake(const lg_apply *apply, lg_participant_no no, lg_receivable_no receivable,
                       lg_currency currency)
{
    lg_approval row;
    lg_err err = lg_approval_waiting(apply->db, no, receivable, currency, apply->arena, &row);
    if (err)
        return err == LG_NOT_FOUND ? LG_OK : err;
    return close(apply, &row, LG_APPROVAL_OVERTAKEN, 0);
}

static lg_err token_no(const lg_apply *apply, const lg_uuid *id, int64_t *out)
{
    lg_token token;
    *out = 0;
    if (lg_uuid_is_nil(*id))
        return LG_OK;
    lg_err err = lg_token_by_id(apply->db, (lg_token_id){*id}, apply->arena, &token);
    *out = err ? 0 : token.token_no;
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err ask(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_approval *row = result->approval = lg_arena_alloc(apply->arena, sizeof *row);
    *row = (lg_approval){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->approval_id},
        .currency = event->currency,
        .amount_minor = event->limit_minor == LG_ABSENT ? -1 : event->limit_minor,
        .note = event->note,
        .status = LG_APPROVAL_WAITING,
        .asked_at = apply->at,
        .expires_at = event->expires_at,
        .last_seq = apply->seq,
    };
    if (!lg_approval_kind_parse(event->kind, &row->kind))
        return LG_CORRUPT;
    lg_err err = lg_apply_number_of(apply, &event->participant_id, &row->participant);
    if (!err)
        err = token_no(apply, &event->token_id, &row->token_no);
    if (!err && !lg_uuid_is_nil(event->receivable_id)) {
        err = lg_receivable_by_id(apply->db, (lg_receivable_id){event->receivable_id}, apply->arena,
                                  &result->receivable);
        row->receivable = result->receivable.no;
        result->has_receivable = true;
    }
    if (!err)
        err = overtake(apply, row->participant, row->receivable, row->currency);
    if (!err)
        err = lg_approval_insert(apply->db, row);
    if (!err)
        err = tell(apply, row->no.v, row->participant);
    if (!err && row->receivable.v)
        err = lg_history_insert(apply->db, row->receivable.v, apply->seq);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err answer(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_approval *row = result->approval = lg_arena_alloc(apply->arena, sizeof *row);
    int64_t second_no = 0;
    lg_err err = lg_approval_by_id(apply->db, (lg_approval_id){event->approval_id}, apply->arena, row);
    if (!err)
        err = token_no(apply, &event->token_id, &second_no);
    if (!err)
        err =
            close(apply, row, event->type == LG_EV_APPROVAL_GIVEN ? LG_APPROVAL_GIVEN : LG_APPROVAL_WITHDRAWN,
                  second_no);
    if (!err)
        err = tell(apply, row->no.v, row->participant);
    if (!err && row->receivable.v)
        err = lg_history_insert(apply->db, row->receivable.v, apply->seq);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err set(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_participant *row = &result->participant;
    lg_err err =
        lg_participant_by_id(apply->db, (lg_participant_id){event->participant_id}, apply->arena, row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    result->has_participant = true;
    row->last_seq = apply->seq;
    err = lg_four_eyes_set(apply->db, row->no, event->currency,
                           event->limit_minor == LG_ABSENT ? -1 : event->limit_minor);
    if (!err)
        err = overtake(apply, row->no, (lg_receivable_no){0}, event->currency);
    if (!err)
        err = lg_participant_update(apply->db, row);
    return err ? err : tell(apply, row->no.v, row->no);
}

lg_err lg_apply_custody_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    if (event->type == LG_EV_APPROVAL_ASKED)
        return ask(apply, event, result);
    return event->type == LG_EV_FOUR_EYES_SET ? set(apply, event, result) : answer(apply, event, result);
}
