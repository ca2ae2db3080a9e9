/* Endpoints that participants register for webhooks: the acts, and their projections. Secrets are derived
 * from the endpoint's id and generation (webhook_keys.h), so that none is ever recorded. */
#include "ledger/registry/internal.h"

enum { WEBHOOKS_MAX = 16 /* of one participant, at one time */ };

static lg_err subject(lg_act *act, lg_webhook *out)
{
    lg_err err = lg_webhook_by_id(act->db, (lg_webhook_id){act->command->subject}, act->arena, out);
    if (err == LG_NOT_FOUND || (!err && out->participant.v != act->command->signers[0].no.v))
        return lg_fail(act->report, LG_NOT_FOUND, "No webhook of yours has this id.");
    if (!err && out->removed_at)
        return lg_fail(act->report, LG_WRONG_STATE, "The webhook was removed at %s.",
                       lg_time_format(out->removed_at).s);
    return err;
}

static lg_err register_webhook(lg_act *act)
{
    int64_t active;
    lg_err err = lg_webhook_count_active(act->db, act->command->signers[0].no, &active);
    if (!err && active >= WEBHOOKS_MAX)
        err = lg_fail(act->report, LG_LIMIT_EXCEEDED, "A participant has at most %d webhooks; remove one.",
                      WEBHOOKS_MAX);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_WEBHOOK_REGISTERED,
        .webhook_id = lg_uuid_new(),
        .url = act->command->url_to_call,
        .events = act->command->events,
        .description = act->command->description,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_webhook_act(lg_act *act)
{
    lg_webhook row;
    if (act->command->type == LG_CMD_WEBHOOK_REGISTER)
        return register_webhook(act);
    lg_err err = subject(act, &row);
    if (err)
        return err;
    lg_event event = {
        .type = act->command->type == LG_CMD_WEBHOOK_ROTATE ? LG_EV_WEBHOOK_ROTATED : LG_EV_WEBHOOK_REMOVED,
        .webhook_id = row.id.uuid,
        .generation = row.generation + 1,
    };
    return lg_act_record(act, &event);
}

/* ---- projection ---- */

static lg_err insert(const lg_apply *apply, const lg_event *event, lg_webhook *row)
{
    *row = (lg_webhook){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->webhook_id},
        .url = event->url,
        .events = event->events,
        .description = event->description,
        .generation = 1,
        .registered_at = apply->at,
        .last_seq = apply->seq,
    };
    lg_err err = lg_apply_number_of(apply, &event->by, &row->participant);
    return err ? err : lg_webhook_insert(apply->db, row);
}

static lg_err change(const lg_apply *apply, const lg_event *event, lg_webhook *row)
{
    lg_err err = lg_webhook_by_id(apply->db, (lg_webhook_id){event->webhook_id}, apply->arena, row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row->last_seq = apply->seq;
    if (event->type == LG_EV_WEBHOOK_ROTATED) {
        row->generation = event->generation;
        row->rotated_at = apply->at;
    } else {
        row->removed_at = apply->at;
    }
    return lg_webhook_update(apply->db, row);
}

lg_err lg_apply_webhook_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_webhook *row = &result->webhook;
    lg_err err =
        event->type == LG_EV_WEBHOOK_REGISTERED ? insert(apply, event, row) : change(apply, event, row);
    result->has_webhook = true;
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    return err ? err : lg_entry_party_insert(apply->db, apply->seq, row->participant, LG_SHARE_ALL);
}
