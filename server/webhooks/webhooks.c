/* The delivery thread: its life, its turn, and what other threads may ask of it. */
#include "server/webhooks/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    IDLE_CONNECTIONS_MAX = 512,
    IDLE_CONNECTION_S = 600, /* most receivers close earlier; curl notices */
    SLEEP_MAX_MS = 60000,
    LOG_LINES_PER_MINUTE = 30,
};

logger *webhooks_log(webhooks *w)
{
    lg_time minute = lg_now() / (60 * LG_TIME_PER_SECOND);
    if (minute != w->log_minute) {
        w->log_minute = minute;
        w->log_lines = 0;
    }
    return w->log_lines++ < LOG_LINES_PER_MINUTE ? w->config.log : NULL;
}

/* ---- the thread ---- */

static void take_asked(webhooks *w)
{
    pthread_mutex_lock(&w->lock);
    webhooks_replay *all = w->asked;
    w->asked = NULL;
    w->asked_last = &w->asked;
    pthread_mutex_unlock(&w->lock);
    for (webhooks_replay *next; all; all = next) {
        next = all->next;
        jobs_add(w, all, all->webhook);
    }
}

static int until_ms(lg_time due, lg_time now, int most)
{
    int64_t ms = due <= now ? 0 : (due - now + 999) / 1000;
    return ms < most ? (int)ms : most;
}

/* How long nothing will be due. */
static int sleep_ms(const webhooks *w, lg_time now)
{
    int ms = SLEEP_MAX_MS;
    if (w->waiting)
        ms = until_ms(w->earliest, now, ms);
    if (w->journal_since) {
        lg_time due = w->journal_since + JOURNAL_WAIT_MS * INT64_C(1000);
        ms = until_ms(due > w->journal_blocked ? due : w->journal_blocked, now, ms);
    }
    if (w->survey_due)
        ms = until_ms(w->survey_due, now, ms);
    return ms;
}

/* One turn: look, start, send, collect, write. True if there is more to do at once. */
static bool turn(webhooks *w, bool *looking)
{
    int running;
    take_asked(w);
    if (atomic_exchange(&w->woken, false))
        *looking = true;
    if (*looking)
        *looking = outbox_step(w);
    endpoints_due(w, lg_now());
    deliver_some(w);
    curl_multi_perform(w->multi, &running);
    transfers_collect(w);
    bool more = jobs_step(w);
    journal_maybe_flush(w, lg_now());
    endpoints_bury(w);
    watch_turn(w, lg_now());
    return more || *looking || deliver_more(w);
}

/* What is under way may still end well. */
static void wind_up(webhooks *w)
{
    lg_time until = lg_now() + CLOSE_GRACE_MS * INT64_C(1000);
    int running;
    for (lg_time now; w->flying && (now = lg_now()) < until;) {
        curl_multi_poll(w->multi, NULL, 0, until_ms(until, now, CLOSE_GRACE_MS), NULL);
        curl_multi_perform(w->multi, &running);
        transfers_collect(w);
    }
    if (journal_flush(w) != LG_OK)
        log_event(w->config.log, LOG_ERROR, "webhook.results_lost",
                  "The last results could not be written; what they tell of is sent again.");
}

static void *run(void *arg)
{
    webhooks *w = arg;
    bool looking = true;
    while (!atomic_load(&w->closing)) {
        bool more = turn(w, &looking);
        curl_multi_poll(w->multi, NULL, 0, more ? 0 : sleep_ms(w, lg_now()), NULL);
    }
    take_asked(w);
    jobs_clear(w);
    wind_up(w);
    return NULL;
}

/* ---- for other threads ---- */

void webhooks_wake(void *arg)
{
    webhooks *w = arg;
    if (!atomic_exchange(&w->woken, true))
        curl_multi_wakeup(w->multi);
}

lg_err webhooks_ask(webhooks *w, webhooks_replay *replay)
{
    replay->next = NULL;
    pthread_mutex_lock(&w->lock);
    bool closing = atomic_load(&w->closing);
    if (!closing) {
        *w->asked_last = replay;
        w->asked_last = &replay->next;
    }
    pthread_mutex_unlock(&w->lock);
    if (closing)
        return LG_STOPPING;
    curl_multi_wakeup(w->multi);
    return LG_OK;
}

lg_readers *webhooks_readers(webhooks *w)
{
    return w->readers;
}

const lg_webhook_keys *webhooks_keys(const webhooks *w)
{
    return w->keys;
}

bool webhooks_private_ok(const webhooks *w)
{
    return w->config.private_ok;
}

/* ---- its life ---- */

static lg_err open_databases(webhooks *w, lg_report *report)
{
    const char *side = lg_arena_printf(w->arena, "%s/webhooks.db", w->config.dir);
    const char *ledger = lg_arena_printf(w->arena, "%s/ledger.db", w->config.dir);
    lg_err err = lg_db_open(side, LG_DB_SIDE, &w->store, report);
    if (!err)
        err = lg_readers_open_side(side, w->config.readers, &w->readers, report);
    if (!err)
        err = lg_db_open(ledger, LG_DB_READER, &w->ledger, report);
    return err;
}

static lg_err open_curl(webhooks *w, lg_report *report)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(w->multi = curl_multi_init()))
        return lg_fail(report, LG_INTERNAL, "libcurl cannot start.");
    curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
    return LG_OK;
}

static void release(webhooks *w)
{
    transfers_clear(w);
    if (w->multi)
        curl_multi_cleanup(w->multi);
    endpoints_clear(w);
    free(w->journal);
    for (size_t i = 0; i < w->type_count; i++)
        free(w->types[i]);
    lg_readers_close(w->readers);
    lg_db_close(w->ledger);
    lg_db_close(w->store);
    lg_webhook_keys_close(w->keys);
    lg_arena_close(w->arena);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

lg_err webhooks_open(const webhooks_config *config, webhooks **out, lg_report *report)
{
    webhooks *w = calloc(1, sizeof *w);
    if (!w)
        return LG_NO_MEMORY;
    w->config = *config;
    watch_open(&w->watch);
    w->arena = lg_arena_open();
    w->asked_last = &w->asked;
    w->jobs_last = &w->jobs;
    pthread_mutex_init(&w->lock, NULL);
    lg_err err = lg_webhook_keys_make(config->dir, report);
    if (!err)
        err = lg_webhook_keys_open(config->dir, &w->keys, report);
    if (!err)
        err = open_databases(w, report);
    if (!err)
        err = open_curl(w, report);
    if (!err && (err = outbox_start(w)) == LG_OK)
        err = jobs_start(w);
    if (!err && pthread_create(&w->thread, NULL, run, w) != 0)
        err = LG_NO_MEMORY;
    if (err) {
        jobs_clear(w);
        release(w);
        return err;
    }
    if (config->private_ok)
        log_event(
            w->config.log, LOG_WARN, "webhook.private",
            "Webhooks may go to http and private addresses (--webhooks-private): this is for rehearsals.");
    *out = w;
    return LG_OK;
}

void webhooks_close(webhooks *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    atomic_store(&w->closing, true);
    pthread_mutex_unlock(&w->lock);
    curl_multi_wakeup(w->multi);
    pthread_join(w->thread, NULL);
    release(w);
}
