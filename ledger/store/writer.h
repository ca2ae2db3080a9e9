/* The single writer: one thread that takes jobs from a bounded queue, applies as many as are waiting in one
 * transaction (a refusal undoes its own job alone), commits once, and only then reports them done.
 *
 * No job waits for company: a batch is whatever had queued up while the batch before it was being committed,
 * so a lone client pays one commit and a crowd shares one. Between batches the
 * writer moves the WAL into the database, step by step, and all of it when nothing has come for a while
 * (wal.h). */
#ifndef LG_STORE_WRITER_H
#define LG_STORE_WRITER_H

#include "ledger/base/histogram.h"
#include "ledger/store/ledger.h"

typedef struct lg_writer lg_writer;
typedef struct lg_job lg_job;

/* Work for the writer, embedded in the caller's own struct. The caller keeps it alive until `done`. */
struct lg_job {
    /* Runs on the writer's thread. LG_OK keeps what it wrote; an error undoes it. May run again, from the
     * beginning: what it left in the job of another attempt must not matter, and all that was written then
     * is undone. */
    lg_err (*apply)(lg_job *job, lg_ledger *ledger);
    /* Runs on the writer's thread once the batch is durable (or failed). The job is the caller's again. */
    void (*done)(lg_job *job);
    size_t weight;    /* entries it may append at most; 0 counts as 1. Bounds a batch. */
    lg_arena *arena;  /* lives as long as the job */
    lg_report report; /* apply may fill it; its err is job->err */

    /* Filled by the writer before `done`: */
    lg_err err;
    int64_t wait_us;   /* from being handed over until its batch began, */
    int64_t commit_us; /* and how long that batch's commit took */
    int64_t first_seq;
    size_t entry_count; /* entries the job appended; 0 after an error */
    lg_proof *proofs;   /* entry_count of them, in the arena */
    lg_published
        *published; /* the checkpoint that includes them; the caller drops it. NULL when entry_count is 0 */

    int64_t queued_us; /* monotonic */
    lg_job *next;      /* the queue's */
};

enum {
    LG_WRITER_QUEUE_DEFAULT = 4096,
    LG_WRITER_BATCH_MAX = 512 /* entries, but for a single job that is larger */
};

/* Starts the thread; the ledger belongs to it until close. */
lg_err lg_writer_open(lg_ledger *ledger, size_t queue_max, lg_writer **out) LG_MUST_CHECK;
/* Told once, on the writer's thread, when the ledger refuses further work (lg_ledger_is_broken): a write or
 * sync failed, and only opening anew finds out what the disk holds. Set before the first job. */
void lg_writer_on_broken(lg_writer *writer, void (*broken)(void *ctx), void *ctx);
/* Told on the writer's thread after each commit that appended entries, before its jobs are reported done.
 * Must not block. Set before the first job. */
void lg_writer_on_commit(lg_writer *writer, void (*committed)(void *ctx), void *ctx);
/* Hands a job over; LG_OVERLOADED when the queue is full, LG_STOPPING when closing (the job then stays the
 * caller's). Any thread. */
lg_err lg_writer_submit(lg_writer *writer, lg_job *job) LG_MUST_CHECK;
/* Finishes what is queued, then ends the thread. */
void lg_writer_close(lg_writer *writer);

typedef struct lg_writer_stats {
    int64_t batches, jobs, entries;
    size_t queued;
    bool broken; /* the ledger refuses further work; see lg_ledger_commit */
} lg_writer_stats;
lg_writer_stats lg_writer_get_stats(lg_writer *writer);

/* What the writer does, for those who watch; any thread reads. Times in microseconds. */
typedef struct lg_writer_watch {
    lg_histogram batch_jobs, wait_us, apply_us, commit_us;
    lg_histogram sync_us;                             /* the disk's part of a commit */
    _Atomic int64_t checkpoints, checkpoint_failures; /* of the WAL into the database */
    _Atomic int64_t wal_pages;
} lg_writer_watch;
lg_writer_watch *lg_writer_watched(lg_writer *writer);

#endif
