/* webhooks.db: results are gathered and written a few times a second, in one transaction with the position in
 * the outbox. A crash in between means that what was sent is sent again, under the same id. */
#include "server/webhooks/internal.h"

#include <stdlib.h>

enum { WAL_PAGES_IDLE = 1000, WAL_PAGES_MAX = 16000, POSITION_LAG_MAX = 10000 };

static void journal_touch(webhooks *w)
{
    if (!w->journal_since)
        w->journal_since = lg_now();
}

void journal_add(webhooks *w, const lg_delivery *row)
{
    if (w->journal_count == w->journal_cap) {
        w->journal_cap = w->journal_cap ? w->journal_cap * 2 : JOURNAL_STEP;
        w->journal = realloc(w->journal, w->journal_cap * sizeof *w->journal);
        if (!w->journal)
            lg_die("out of memory");
    }
    w->journal[w->journal_count++] = *row;
    journal_touch(w);
}

void journal_dirty(webhooks *w, endpoint *e)
{
    if (!e->dirty) {
        e->dirty = true;
        e->dirty_next = w->dirty;
        w->dirty = e;
    }
    journal_touch(w);
}

void journal_take_queue(webhooks *w, endpoint *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const message *m = &e->queue[(e->first + i) % QUEUE_MAX];
        if (!m->stored)
            journal_add(w, &(lg_delivery){.webhook = e->row.no, .seq = m->seq, .type = m->type});
    }
    e->count = 0;
    e->backlog = true;
}

/* The last entry whose every row is dispatched. */
static int64_t settled_seq(const webhooks *w)
{
    return w->at.participant.v == INT64_MAX ? w->at.seq : w->at.seq - 1;
}

/* The position alone is worth a write only when looking again from the old one would take a while. */
void journal_moved(webhooks *w)
{
    if (settled_seq(w) - w->stored_seq >= POSITION_LAG_MAX)
        journal_touch(w);
}

/* Messages that are in memory alone. */
static lg_err put_queue(webhooks *w, const endpoint *e)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < e->count && !err; i++) {
        const message *m = &e->queue[(e->first + i) % QUEUE_MAX];
        const lg_delivery row = {.webhook = e->row.no, .seq = m->seq, .type = m->type};
        if (!m->stored)
            err = lg_delivery_put(w->store, &row);
    }
    return err;
}

static lg_err put_all(webhooks *w)
{
    lg_err err = LG_OK;
    for (const endpoint *e = w->dirty; e && !err; e = e->dirty_next)
        err = put_queue(w, e);
    /* After the queues: a failed attempt's row says more than the bare one. */
    for (size_t i = 0; i < w->journal_count && !err; i++)
        err = lg_delivery_put(w->store, &w->journal[i]);
    if (!err && settled_seq(w) != w->stored_seq)
        err = lg_delivery_position_set(w->store, settled_seq(w));
    return err;
}

static void forget_written(webhooks *w)
{
    for (endpoint *e = w->dirty, *next; e; e = next) {
        next = e->dirty_next;
        e->dirty = false;
        for (size_t i = 0; i < e->count; i++)
            e->queue[(e->first + i) % QUEUE_MAX].stored = true;
    }
    w->dirty = NULL;
    w->journal_count = 0;
    w->journal_since = w->journal_blocked = 0;
    w->stored_seq = settled_seq(w);
}

static lg_err failed(webhooks *w, lg_err err)
{
    w->journal_blocked = lg_now() + LG_TIME_PER_SECOND;
    log_event(webhooks_log(w), LOG_ERROR, "webhook.results_unwritten",
              "Results cannot be written; trying again.", log_text("problem", lg_err_slug(err)),
              log_text("detail", lg_db_message(w->store)));
    return err;
}

lg_err journal_flush(webhooks *w)
{
    if (!w->dirty && !w->journal_count && settled_seq(w) == w->stored_seq)
        return LG_OK;
    lg_err err = lg_db_begin(w->store);
    if (!err)
        err = put_all(w);
    if (!err)
        err = lg_db_commit(w->store);
    if (err) {
        lg_db_rollback(w->store);
        return failed(w, err);
    }
    forget_written(w);
    return LG_OK;
}

/* A failed checkpoint loses nothing: the next one goes on. */
static void tidy(webhooks *w)
{
    int pages = lg_db_wal_pages(w->store);
    if (pages > WAL_PAGES_MAX || (pages > WAL_PAGES_IDLE && !w->flying))
        (void)!lg_db_checkpoint(w->store);
}

void journal_maybe_flush(webhooks *w, lg_time now)
{
    if (!w->journal_since || now < w->journal_blocked)
        return;
    if (w->journal_count < JOURNAL_STEP && now - w->journal_since < JOURNAL_WAIT_MS * INT64_C(1000) &&
        now >= w->journal_since)
        return;
    if (journal_flush(w) == LG_OK)
        tidy(w);
}

lg_err journal_load(webhooks *w, endpoint *e)
{
    lg_delivery *rows;
    size_t count = 0;
    lg_err err = journal_flush(w);
    lg_arena_reset(w->arena);
    if (!err)
        err = lg_delivery_list_pending(w->store, e->row.no, QUEUE_MAX, w->arena, &rows, &count);
    if (err)
        return err;
    e->first = 0;
    for (size_t i = 0; i < count; i++)
        endpoint_push(e, (message){.seq = rows[i].seq,
                                   .type = outbox_type(w, rows[i].type),
                                   .attempts = rows[i].attempts,
                                   .due = rows[i].next_attempt_at,
                                   .stored = true});
    e->backlog = count == QUEUE_MAX;
    return LG_OK;
}

/* ---- jobs: changes to many rows of one endpoint, a step at a time ---- */

/* The store's order holds again once the queue is filled from it anew. */
static void reload(webhooks *w, endpoint *e)
{
    if (e->place == PLACE_FLYING)
        e->reload = true;
    else
        journal_take_queue(w, e);
}

void jobs_add(webhooks *w, webhooks_replay *replay, lg_webhook_no webhook)
{
    job *j = calloc(1, sizeof *j);
    if (!j)
        lg_die("out of memory");
    *j = (job){.replay = replay, .webhook = webhook};
    if (replay && (j->held = endpoint_find(w, webhook)))
        j->held->holds++;
    *w->jobs_last = j;
    w->jobs_last = &j->next;
}

lg_err jobs_start(webhooks *w)
{
    lg_webhook_no no = {0};
    lg_err err;
    while (!(err = lg_delivery_next_waiting(w->store, no, &no)) && no.v)
        if (!endpoint_find(w, no))
            jobs_add(w, NULL, no);
    return err;
}

static void job_end(webhooks *w, lg_err err)
{
    job *j = w->jobs;
    w->jobs = j->next;
    if (!w->jobs)
        w->jobs_last = &w->jobs;
    if (j->held) {
        j->held->holds--;
        if (!j->held->removed) {
            reload(w, j->held);
            if (j->held->place == PLACE_WAITING)
                endpoint_hurry(w, j->held);
            endpoint_ready(w, j->held);
        }
    }
    if (j->replay) {
        j->replay->err = err;
        j->replay->done(j->replay);
    }
    free(j);
}

static lg_err replay_step(webhooks *w, job *j, bool *ended)
{
    webhooks_replay *replay = j->replay;
    if (!j->held || j->held->removed)
        return LG_NOT_FOUND;
    lg_err err =
        lg_delivery_requeue(w->store, j->webhook, &replay->from, replay->last, JOB_STEP, &replay->queued);
    *ended = replay->from > replay->last;
    return err;
}

bool jobs_step(webhooks *w)
{
    job *j = w->jobs;
    bool ended = false;
    int64_t skipped;
    if (!j)
        return false;
    /* The rows must be there before they can be changed. */
    lg_err err = journal_flush(w);
    if (!err && j->replay) {
        err = replay_step(w, j, &ended);
    } else if (!err) {
        err = lg_delivery_skip(w->store, j->webhook, JOB_STEP, &skipped);
        ended = !err && skipped < JOB_STEP;
    }
    if (err || ended)
        job_end(w, err);
    return w->jobs != NULL;
}

void jobs_clear(webhooks *w)
{
    while (w->jobs)
        job_end(w, LG_STOPPING);
}
