#include "server/service/sweeper.h"

#include "server/api/command.h"
#include "server/api/metrics.h"

#include "ledger/store/financing_rows.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LAPSES_AT_ONCE = 256 };

struct sweeper {
    api_context *api;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool closing;
    sweep_request *asked;
    sweeper_stats stats; /* under the lock */
    /* Jobs of the round under way that the writer has not reported yet. */
    pthread_mutex_t round_lock;
    pthread_cond_t round_done;
    size_t pending;
};

static void lapse_done(lg_job *job)
{
    sweeper *s = ((api_command *)job)->owner;
    pthread_mutex_lock(&s->round_lock);
    s->pending--;
    pthread_cond_signal(&s->round_done);
    pthread_mutex_unlock(&s->round_lock);
}

/* ---- what time makes due ---- */

/* Ids of at most LAPSES_AT_ONCE things that are due. */
typedef lg_err (*find_due)(lg_db *db, lg_arena *arena, lg_uuid **ids, size_t *count);

#define FIND_DUE(name_, id_type_, find_, until_)                                                             \
    static lg_err name_(lg_db *db, lg_arena *arena, lg_uuid **ids, size_t *count)                            \
    {                                                                                                        \
        id_type_ *found = NULL;                                                                              \
        lg_err err = find_(db, until_, LAPSES_AT_ONCE, arena, &found, count);                                \
        *ids = (lg_uuid *)found; /* an id is a struct of one UUID */                                         \
        return err;                                                                                          \
    }
FIND_DUE(find_receivables, lg_receivable_id, lg_receivable_lapsed, lg_now() - 1)
FIND_DUE(find_transfers, lg_claim_id, lg_claim_unanswered, lg_now())
FIND_DUE(find_requests, lg_request_id, lg_request_waiting, lg_now())
FIND_DUE(find_financings, lg_financing_id, lg_financing_waiting, lg_now())
FIND_DUE(find_claims, lg_claim_id, lg_claim_ageing, lg_day_of(lg_now()))

typedef struct sweep_kind {
    find_due find;
    const char *path; /* of the command, with the id in it */
    const char *what; /* for the log */
    lg_command_type type;
    bool steps; /* one thing may be due several times over */
} sweep_kind;

static const sweep_kind kinds[] = {
    {find_receivables, "/v1/receivables/%s/lapse", "a receivable past its deadline", LG_CMD_LAPSE, false},
    {find_transfers, "/v1/claims/%s/lapse_transfer", "a transfer past its deadline", LG_CMD_TRANSFER_LAPSE,
     false},
    {find_requests, "/v1/financing_requests/%s/lapse", "a financing request past its end",
     LG_CMD_REQUEST_LAPSE, false},
    {find_financings, "/v1/financings/%s/lapse", "a financing that was not disbursed in time",
     LG_CMD_FINANCING_LAPSE, false},
    {find_claims, "/v1/claims/%s/age", "a claim that time moves on", LG_CMD_CLAIM_AGE, true},
};

/* Signs and queues one command. An error means it was not queued. */
static lg_err queue_command(sweeper *s, lg_db *db, lg_arena *arena, const sweep_kind *kind, lg_uuid id,
                            api_command **out)
{
    lg_report report;
    lg_report_init(&report, arena);
    api_command *c = lg_arena_alloc(arena, sizeof *c);
    const lg_uuid_text text = lg_uuid_format(id);
    const char *gap = strstr(kind->path, "%s");
    const char *url =
        lg_arena_printf(arena, "%.*s%s%s", (int)(gap - kind->path), kind->path, text.s, gap + 2);
    const char *jws = lg_registry_sign_as_operator(s->api->registry, arena, url, "{}");
    c->command.subject = id;
    c->owner = s;
    lg_err err = api_command_prepare(c, s->api, db, arena, lg_bytes_str(jws), url, kind->type, &report);
    if (err)
        return err;
    /* Jobs of one round run one after another on the writer's thread, but this thread goes on allocating
     * meanwhile. */
    c->job.arena = lg_arena_open();
    c->job.report.arena = c->job.arena;
    c->job.done = lapse_done;
    pthread_mutex_lock(&s->round_lock);
    s->pending++;
    pthread_mutex_unlock(&s->round_lock);
    err = lg_writer_submit(s->api->writer, &c->job);
    if (err) {
        pthread_mutex_lock(&s->round_lock);
        s->pending--;
        pthread_mutex_unlock(&s->round_lock);
        lg_arena_close(c->job.arena);
        return err;
    }
    *out = c;
    return LG_OK;
}

/* The operator must hear of it: what time makes due stays undone until it is mended. The first of a sweep
 * speaks for all. */
static void note_failure(sweeper *s, const sweep_kind *kind, sweep_result *result, lg_err err)
{
    if (result->failed++ == 0)
        log_event(s->api->log, LOG_ERROR, "sweep.failed",
                  "What is past its time cannot be closed; is keys/operator.jwk a valid key?",
                  log_text("what", kind->what), log_text("problem", lg_err_slug(err)));
}

static void collect(sweeper *s, const sweep_kind *kind, api_command **queued, size_t count,
                    sweep_result *result)
{
    pthread_mutex_lock(&s->round_lock);
    while (s->pending > 0)
        pthread_cond_wait(&s->round_done, &s->round_lock);
    pthread_mutex_unlock(&s->round_lock);
    for (size_t i = 0; i < count; i++) {
        api_command *c = queued[i];
        api_count_command(s->api, c->command.type, c->job.err, c->outcome.replayed, c->outcome.status);
        if (c->job.err == LG_WRONG_STATE || c->job.err == LG_NOT_YET_DUE)
            ; /* somebody else was quicker: it is not due any more */
        else if (c->job.err)
            note_failure(s, kind, result, c->job.err);
        else if (kind->steps)
            result->aged++;
        else
            result->lapsed++;
        lg_published_drop(c->job.published);
        lg_buf_clear(&c->outcome.answer);
        lg_arena_close(c->job.arena);
    }
}

/* One round of at most LAPSES_AT_ONCE; *more tells whether to go on. */
static lg_err sweep_round(sweeper *s, const sweep_kind *kind, sweep_result *result, bool *more)
{
    lg_arena *arena = lg_arena_open();
    lg_uuid *ids;
    size_t count = 0, queued_count = 0;
    api_command *queued[LAPSES_AT_ONCE];
    lg_db *db = lg_readers_take(s->api->readers);
    int64_t done_before = result->lapsed + result->aged;
    lg_err err = kind->find(db, arena, &ids, &count);
    for (size_t i = 0; i < count && !err; i++) {
        lg_err one = queue_command(s, db, arena, kind, ids[i], &queued[queued_count]);
        if (one == LG_OK)
            queued_count++;
        else if (lg_err_kind(one) == LG_KIND_CALLER)
            note_failure(s, kind, result, one); /* such as an operator key that was revoked */
        else
            err = one;
    }
    lg_readers_give(s->api->readers, db);
    collect(s, kind, queued, queued_count, result);
    lg_arena_close(arena);
    *more = !err && (kind->steps || count == LAPSES_AT_ONCE) && result->lapsed + result->aged > done_before;
    return err;
}

static void count_sweep(sweeper *s, const sweep_result *result)
{
    pthread_mutex_lock(&s->lock);
    s->stats.lapsed += result->lapsed;
    s->stats.aged += result->aged;
    s->stats.failed += result->failed;
    if (result->err) {
        s->stats.cut_short++;
    } else {
        s->stats.done++;
        s->stats.last_at = lg_now();
    }
    pthread_mutex_unlock(&s->lock);
}

static sweep_result sweep(sweeper *s)
{
    sweep_result result = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !result.err; i++) {
        bool more = true;
        while (more && !result.err)
            result.err = sweep_round(s, &kinds[i], &result, &more);
    }
    if (result.err)
        log_event(s->api->log, LOG_WARN, "sweep.cut_short", "The next sweep goes on.",
                  log_text("problem", lg_err_slug(result.err)));
    log_event(s->api->log, result.lapsed + result.aged > 0 ? LOG_INFO : LOG_DEBUG, "sweep.done", NULL,
              log_number("lapsed", result.lapsed), log_number("aged", result.aged),
              log_number("failed", result.failed));
    count_sweep(s, &result);
    return result;
}

sweeper_stats sweeper_get_stats(sweeper *s)
{
    pthread_mutex_lock(&s->lock);
    sweeper_stats stats = s->stats;
    pthread_mutex_unlock(&s->lock);
    return stats;
}

static sweep_request *take_asked(sweeper *s)
{
    sweep_request *asked = s->asked;
    s->asked = NULL;
    return asked;
}

/* Waits until someone asks, a minute has passed, or closing. False when closing. */
static bool wait_for_work(sweeper *s, sweep_request **asked)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += SWEEP_EVERY_SECONDS;
    pthread_mutex_lock(&s->lock);
    int timed_out = 0;
    while (!s->closing && !s->asked && !timed_out)
        timed_out = pthread_cond_timedwait(&s->wake, &s->lock, &until);
    bool go_on = !s->closing;
    *asked = take_asked(s);
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void answer(sweep_request *asked, sweep_result result)
{
    while (asked) {
        sweep_request *next = asked->next;
        asked->result = result;
        asked->done(asked);
        asked = next;
    }
}

static void *run(void *arg)
{
    sweeper *s = arg;
    sweep_request *asked = NULL;
    do
        answer(asked, sweep(s));
    while (wait_for_work(s, &asked));
    answer(asked, (sweep_result){.err = LG_STOPPING});
    return NULL;
}

lg_err sweeper_ask(sweeper *s, sweep_request *request)
{
    lg_err err = LG_OK;
    pthread_mutex_lock(&s->lock);
    if (s->closing) {
        err = LG_STOPPING;
    } else {
        request->next = s->asked;
        s->asked = request;
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->lock);
    return err;
}

lg_err sweeper_open(api_context *api, sweeper **out)
{
    sweeper *s = calloc(1, sizeof *s);
    pthread_condattr_t monotonic;
    if (!s)
        return LG_NO_MEMORY;
    s->api = api;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->round_lock, NULL);
    pthread_cond_init(&s->round_done, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&s->thread, NULL, run, s) != 0) {
        free(s);
        return LG_NO_MEMORY;
    }
    *out = s;
    return LG_OK;
}

void sweeper_close(sweeper *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_cond_destroy(&s->round_done);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->round_lock);
    free(s);
}
