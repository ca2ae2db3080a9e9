/* Which endpoint sends next, and what an attempt's outcome means for its queue. */
#include "ledger/crypto/secret.h"
#include "ledger/store/participant_rows.h"
#include "server/webhooks/backoff.h"
#include "server/webhooks/internal.h"

/* An attempt that takes longer makes the endpoint doubtful: it must not hold the room of those that answer.
 */
enum { SLOW_MS = 2000, STATUS_GONE = 410 };
#define SUSPENDED_WAIT (24 * 60 * 60 * LG_TIME_PER_SECOND)

/* How many of each list start in one turn. */
static const unsigned starts_at_once[LIST_COUNT] = {[LIST_LIVE] = 32, [LIST_BEHIND] = 8, [LIST_DOUBTFUL] = 8};

static bool has_room(const webhooks *w, list_name list)
{
    switch (list) {
    case LIST_LIVE:
        return w->flying < FLYING_MAX;
    case LIST_BEHIND:
        return w->flying < FLYING_BEHIND_MAX;
    case LIST_DOUBTFUL:
        return w->flying < FLYING_BEHIND_MAX && w->flying_doubtful < FLYING_DOUBTFUL_MAX;
    case LIST_COUNT:
        break;
    }
    return false;
}

static void settle(webhooks *w, endpoint *e, const attempt *result, lg_delivery_state state)
{
    message *m = endpoint_head(e);
    journal_add(w, &(lg_delivery){
                       .webhook = e->row.no,
                       .seq = m->seq,
                       .type = m->type,
                       .state = state,
                       .attempts = m->attempts,
                       .next_attempt_at = state == LG_DELIVERY_PENDING ? m->due : 0,
                       .last_attempt_at = result->started,
                       .delivered_at = state == LG_DELIVERY_DELIVERED ? lg_now() : 0,
                       .last_status = result->status,
                       .last_error = result->error,
                       .duration_ms = result->duration_ms,
                   });
    if (state == LG_DELIVERY_PENDING)
        m->stored = true; /* the journal has its row */
    else
        endpoint_pop(e);
}

/* Something of ours stands in the way (the store or the ledger cannot be read): no fault of the endpoint. */
static void postpone(webhooks *w, endpoint *e, lg_err err)
{
    log_event(webhooks_log(w), LOG_ERROR, "webhook.postponed", "The endpoint must wait: a fault of ours.",
              log_text("endpoint", lg_uuid_format(e->row.id.uuid).s), log_text("problem", lg_err_slug(err)));
    endpoint_wait(w, e, lg_now() + LG_TIME_PER_SECOND);
}

/* How long the head must not be sent; 0: at once. A suspended participant is told nothing; that it acts again
 * is an entry, which ends the wait (outbox.c). */
static lg_err wait_until(webhooks *w, endpoint *e, lg_time *due)
{
    bool suspended;
    lg_time now = lg_now();
    lg_err err = lg_participant_is_suspended(w->ledger, e->row.participant, &suspended);
    *due = endpoint_head(e)->due > now ? endpoint_head(e)->due : 0;
    if (!err && suspended)
        *due = now + SUSPENDED_WAIT;
    return err;
}

/* The endpoint is in no list. */
static void start(webhooks *w, endpoint *e)
{
    lg_time due = 0;
    lg_err err = e->count ? LG_OK : journal_load(w, e);
    if (!err && e->count == 0)
        return;
    if (!err)
        err = wait_until(w, e, &due);
    if (due) {
        endpoint_wait(w, e, due);
        return;
    }
    if (!err)
        err = transfer_start(w, e);
    if (err == LG_NOT_FOUND) {
        settle(w, e, &(attempt){0}, LG_DELIVERY_SKIPPED);
        endpoint_ready(w, e);
    } else if (err) {
        postpone(w, e, err);
    }
}

void deliver_some(webhooks *w)
{
    for (int list = 0; list < LIST_COUNT; list++) {
        endpoint *e;
        for (unsigned i = 0; i < starts_at_once[list] && has_room(w, (list_name)list); i++)
            if ((e = endpoint_take(w, (list_name)list)))
                start(w, e);
    }
}

bool deliver_more(const webhooks *w)
{
    for (int list = 0; list < LIST_COUNT; list++)
        if (w->ready[list].first && has_room(w, (list_name)list))
            return true;
    return false;
}

static void recovered(webhooks *w, endpoint *e)
{
    if (e->down)
        log_event(webhooks_log(w), LOG_INFO, "webhook.recovered", "The endpoint takes messages again.",
                  log_text("endpoint", lg_uuid_format(e->row.id.uuid).s));
    e->down = false;
}

static void gave_up(webhooks *w, endpoint *e, int64_t seq, const attempt *result)
{
    if (!e->down)
        log_event(webhooks_log(w), LOG_WARN, "webhook.dead", "The endpoint is dead: a message was given up.",
                  log_text("endpoint", lg_uuid_format(e->row.id.uuid).s), log_text("error", result->error),
                  log_number("status", result->status), log_number("seq", seq));
    e->down = true;
}

static void retry_or_give_up(webhooks *w, endpoint *e, const attempt *result)
{
    message *m = endpoint_head(e);
    uint32_t random;
    int64_t delay;
    lg_random(&random, sizeof random);
    if (result->status != STATUS_GONE &&
        webhook_backoff(m->attempts, result->retry_after_s, random, &delay)) {
        watch_attempt(w, WEBHOOKS_FAILED, result->duration_ms);
        m->due = lg_now() + delay;
        settle(w, e, result, e->removed ? LG_DELIVERY_SKIPPED : LG_DELIVERY_PENDING);
    } else {
        const int64_t seq = m->seq;
        watch_attempt(w, WEBHOOKS_DEAD, result->duration_ms);
        settle(w, e, result, LG_DELIVERY_DEAD);
        gave_up(w, e, seq, result);
    }
}

void deliver_result(webhooks *w, endpoint *e, const attempt *result)
{
    bool delivered = result->status / 100 == 2 && !result->error;
    endpoint_head(e)->attempts++;
    e->place = PLACE_IDLE;
    e->doubtful = !delivered || result->duration_ms > SLOW_MS;
    if (delivered) {
        watch_attempt(w, WEBHOOKS_DELIVERED, result->duration_ms);
        settle(w, e, result, LG_DELIVERY_DELIVERED);
        recovered(w, e);
    } else {
        retry_or_give_up(w, e, result);
    }
    if (e->reload) {
        e->reload = false;
        journal_take_queue(w, e);
    }
    endpoint_ready(w, e);
}
