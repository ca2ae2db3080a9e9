#include "ledger/store/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IDLE_MS = 50 /* without work; only then may the writer be busy for long with the WAL */ };

static const int64_t jobs_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
static const int64_t us_bounds[] = {100,   250,   500,    1000,   2500,   5000,    10000,
                                    25000, 50000, 100000, 250000, 500000, 1000000, 5000000};

struct lg_writer {
    lg_ledger *ledger;
    size_t queue_max;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    lg_job *first, **last; /* the queue */
    size_t queued;
    bool closing;
    lg_writer_stats stats;
    lg_writer_watch watch;
    void (*broken)(void *ctx);
    void *broken_ctx;
    void (*committed)(void *ctx);
    void *committed_ctx;
};

lg_err lg_writer_submit(lg_writer *writer, lg_job *job)
{
    lg_err err = LG_OK;
    pthread_mutex_lock(&writer->lock);
    if (writer->closing) {
        err = LG_STOPPING;
    } else if (writer->queued >= writer->queue_max) {
        err = LG_OVERLOADED;
    } else {
        job->next = NULL;
        job->queued_us = lg_monotonic_us();
        *writer->last = job;
        writer->last = &job->next;
        writer->queued++;
        pthread_cond_signal(&writer->arrived);
    }
    pthread_mutex_unlock(&writer->lock);
    return err;
}

typedef enum { WORK, NOTHING_FOR_LONG, CLOSED } what_next;

/* CLOSED when nothing is left, NOTHING_FOR_LONG only if there is something to tidy. */
static what_next wait_for_work(lg_writer *writer)
{
    const bool untidy = lg_ledger_is_untidy(writer->ledger);
    struct timespec until;
    int timed_out = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += IDLE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&writer->lock);
    while (!writer->first && !writer->closing && !timed_out)
        timed_out = untidy ? pthread_cond_timedwait(&writer->arrived, &writer->lock, &until)
                           : pthread_cond_wait(&writer->arrived, &writer->lock);
    what_next next = writer->first ? WORK : writer->closing ? CLOSED : NOTHING_FOR_LONG;
    pthread_mutex_unlock(&writer->lock);
    return next;
}

/* Up to a batch of what has queued up. */
static lg_job *take_batch(lg_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    lg_job *batch = writer->first, **end = &writer->first;
    for (size_t weight = 0; *end; end = &(*end)->next) {
        weight += (*end)->weight ? (*end)->weight : 1;
        if (weight > LG_WRITER_BATCH_MAX && end != &writer->first)
            break;
        writer->queued--;
    }
    if (end != &writer->first) {
        lg_job *rest = *end;
        *end = NULL;
        writer->first = rest;
        if (!rest)
            writer->last = &writer->first;
    }
    pthread_mutex_unlock(&writer->lock);
    return batch;
}

/* Applies one job; an error is returned when the transaction is lost. */
static lg_err apply_freely(lg_writer *writer, lg_job *job)
{
    lg_db *db = lg_ledger_db(writer->ledger);
    job->first_seq = lg_ledger_next_seq(writer->ledger);
    job->err = job->apply(job, writer->ledger);
    if (!lg_db_in_transaction(db))
        return job->err ? job->err : LG_INTERNAL; /* SQLite rolled everything back (disk full, I/O error) */
    if (!job->err)
        job->entry_count = (size_t)(lg_ledger_next_seq(writer->ledger) - job->first_seq);
    return LG_OK;
}

/* The same under a savepoint: a refusal undoes only the job. */
static lg_err apply_guarded(lg_writer *writer, lg_job *job)
{
    lg_mark mark;
    lg_err err = lg_ledger_mark(writer->ledger, 0, &mark);
    if (!err)
        err = apply_freely(writer, job);
    if (err)
        return err;
    return job->err ? lg_ledger_undo(writer->ledger, mark) : lg_ledger_keep(writer->ledger, mark);
}

/* A savepoint copies each page that is then written, which costs as much as many a command. Nearly all
 * refusals come before anything is written; so a batch is first applied without savepoints, and if a job is
 * refused that has written, all of it again, with them. */
static lg_err apply_batch(lg_writer *writer, lg_job *batch)
{
    lg_db *db = lg_ledger_db(writer->ledger);
    bool spoilt = false;
    lg_err err = LG_OK;
    for (lg_job *job = batch; job && !err && !spoilt; job = job->next) {
        int64_t changes = lg_db_changes_ever(db);
        err = apply_freely(writer, job);
        spoilt = !err && job->err && lg_db_changes_ever(db) != changes;
    }
    if (err || !spoilt)
        return err;
    err = lg_ledger_begin_anew(writer->ledger);
    for (lg_job *job = batch; job && !err; job = job->next) {
        lg_report_init(&job->report, job->arena);
        job->entry_count = 0;
        err = apply_guarded(writer, job);
    }
    return err;
}

static void prove(lg_writer *writer, lg_job *job)
{
    if (job->entry_count == 0)
        return;
    job->proofs = lg_arena_array(job->arena, job->entry_count, sizeof *job->proofs);
    job->published = lg_ledger_published(writer->ledger);
    for (size_t i = 0; i < job->entry_count; i++)
        if (lg_ledger_prove(writer->ledger, job->first_seq + (int64_t)i, &job->proofs[i]) != LG_OK)
            lg_die("a committed entry cannot be proven: the tree in memory is damaged");
}

/* Applies and commits; all or nothing. */
static lg_err record(lg_writer *writer, lg_job *batch, int64_t begun_us, int64_t *commit_us)
{
    lg_writer_watch *watch = &writer->watch;
    int64_t first_seq = lg_ledger_next_seq(writer->ledger);
    lg_err err = lg_ledger_begin(writer->ledger);
    if (!err)
        err = apply_batch(writer, batch);
    const int64_t applied_us = lg_monotonic_us();
    if (err)
        lg_ledger_abort(writer->ledger);
    else
        err = lg_ledger_commit(writer->ledger);
    if (err || lg_ledger_next_seq(writer->ledger) == first_seq)
        return err;
    if (writer->committed)
        writer->committed(writer->committed_ctx);
    *commit_us = lg_monotonic_us() - applied_us;
    lg_histogram_add(&watch->apply_us, applied_us - begun_us);
    lg_histogram_add(&watch->commit_us, *commit_us);
    lg_histogram_add(&watch->sync_us, lg_ledger_sync_us(writer->ledger));
    return LG_OK;
}

static void tell_if_broken(lg_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool broke = lg_ledger_is_broken(writer->ledger) && !writer->stats.broken;
    writer->stats.broken = lg_ledger_is_broken(writer->ledger);
    pthread_mutex_unlock(&writer->lock);
    if (broke && writer->broken)
        writer->broken(writer->broken_ctx);
}

static void run_batch(lg_writer *writer, lg_job *batch)
{
    const int64_t begun_us = lg_monotonic_us();
    int64_t commit_us = 0;
    lg_err err = record(writer, batch, begun_us, &commit_us);

    int64_t jobs = 0, entries = 0;
    for (lg_job *job = batch, *next; job; job = next) {
        next = job->next; /* after done() the job is gone */
        if (err) {
            /* Nothing of this batch was recorded, or (LG_OUTCOME_UNKNOWN) nobody knows whether it was; a
             * refusal may have rested on what was not. All may try again. */
            job->err = err;
            job->entry_count = 0;
            lg_report_init(&job->report, job->arena); /* what it says of a refusal is not what went wrong */
        }
        prove(writer, job);
        job->wait_us = begun_us - job->queued_us;
        job->commit_us = commit_us;
        lg_histogram_add(&writer->watch.wait_us, job->wait_us);
        jobs++;
        entries += (int64_t)job->entry_count;
        job->done(job);
    }
    lg_histogram_add(&writer->watch.batch_jobs, jobs);
    pthread_mutex_lock(&writer->lock);
    writer->stats.batches++;
    writer->stats.jobs += jobs;
    writer->stats.entries += entries;
    pthread_mutex_unlock(&writer->lock);
}

static void tidy(lg_writer *writer, bool idle)
{
    lg_writer_watch *watch = &writer->watch;
    bool moved;
    lg_err err = lg_ledger_tidy(writer->ledger, idle, &moved);
    if (moved)
        atomic_fetch_add_explicit(err ? &watch->checkpoint_failures : &watch->checkpoints, 1,
                                  memory_order_relaxed);
    atomic_store_explicit(&watch->wal_pages, lg_db_wal_pages(lg_ledger_db(writer->ledger)),
                          memory_order_relaxed);
    tell_if_broken(writer);
}

static void *run(void *arg)
{
    lg_writer *writer = arg;
    bool goes_on = true;
    while (goes_on) {
        switch (wait_for_work(writer)) {
        case WORK:
            run_batch(writer, take_batch(writer));
            tidy(writer, false);
            break;
        case NOTHING_FOR_LONG:
            tidy(writer, true);
            break;
        case CLOSED:
            goes_on = false;
            break;
        }
    }
    return NULL;
}

lg_err lg_writer_open(lg_ledger *ledger, size_t queue_max, lg_writer **out)
{
    lg_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return LG_NO_MEMORY;
    writer->ledger = ledger;
    writer->queue_max = queue_max ? queue_max : LG_WRITER_QUEUE_DEFAULT;
    writer->last = &writer->first;
    writer->watch = (lg_writer_watch){
        .batch_jobs = LG_HISTOGRAM_OF(jobs_bounds),
        .wait_us = LG_HISTOGRAM_OF(us_bounds),
        .apply_us = LG_HISTOGRAM_OF(us_bounds),
        .commit_us = LG_HISTOGRAM_OF(us_bounds),
        .sync_us = LG_HISTOGRAM_OF(us_bounds),
    };
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->arrived, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&writer->thread, NULL, run, writer) != 0) {
        free(writer);
        return LG_NO_MEMORY;
    }
    *out = writer;
    return LG_OK;
}

void lg_writer_on_broken(lg_writer *writer, void (*broken)(void *ctx), void *ctx)
{
    writer->broken = broken;
    writer->broken_ctx = ctx;
}

void lg_writer_on_commit(lg_writer *writer, void (*committed)(void *ctx), void *ctx)
{
    writer->committed = committed;
    writer->committed_ctx = ctx;
}

void lg_writer_close(lg_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->closing = true;
    pthread_cond_signal(&writer->arrived);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->arrived);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

lg_writer_watch *lg_writer_watched(lg_writer *writer)
{
    return &writer->watch;
}

lg_writer_stats lg_writer_get_stats(lg_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    lg_writer_stats stats = writer->stats;
    stats.queued = writer->queued;
    pthread_mutex_unlock(&writer->lock);
    return stats;
}
