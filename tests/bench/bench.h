/* The parts of the measuring program. A failure anywhere ends the program with a message and exit code 1, so
 * that a figure is only ever printed for work that was answered as it should be. One thread, but for the
 * headline (instruction.h), which says what its three threads share. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "ledger/base/buf.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void bench_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t bench_clock_ns(void); /* monotonic */
/* A line on standard error that redraws itself; nothing when that is not a terminal. One thread at a time. */
void bench_progress(const char *label, size_t done, size_t total);
void bench_progress_end(void);

/* Deterministic 32 bytes for a name: keys, tokens and choices all come from the run's seed. */
void bench_seeded(uint64_t seed, const char *purpose, uint64_t n, uint8_t out[32]);
/* SplitMix64 (Steele, Lea, Flood 2014): the next of a stream of well-mixed numbers. */
uint64_t bench_next(uint64_t *state);

/* ---- the server's process, as the kernel accounts for it ---- */

typedef struct usage {
    uint64_t cpu_ns;                   /* run time of all its threads (schedstat) */
    uint64_t user_ticks, system_ticks; /* the same, apart, but coarse */
    uint64_t written_bytes;            /* sent to storage */
    uint64_t read_bytes;               /* by read and pread: of files, whoever had them */
} usage;

usage usage_read(int pid);
/* The same once the process has gone quiet: work put off until after the last answer belongs to the answers.
 */
usage usage_read_settled(int pid);
usage usage_between(const usage *a, const usage *b);
/* Run time of all processes since the machine started, and what its host took from it (proc_stat(5)). */
uint64_t usage_machine_ns(void);
/* Of this process. */
uint64_t usage_self_ns(void);
uint64_t usage_peak_memory_bytes(int pid);
uint64_t usage_file_bytes(const char *dir, const char *name); /* 0 if there is none */

/* ---- what this machine cannot do faster ---- */

typedef struct floor_costs {
    uint64_t verify_ns, sha256_ns, parse_ns, fdatasync_ns; /* of one each; medians */
    uint64_t page_ns;                                      /* of one; a mean */
} floor_costs;

/* `command` is a signed submission; `scratch` a file to be made and removed, on the registry's file system;
 * `database` the one that pages are read from. */
floor_costs floor_measure(const char *command, const char *scratch, const char *database);

/* ---- HTTP load ---- */

typedef struct load_answer {
    int status;
    lg_bytes body;        /* NUL-terminated behind the end; borrowed for the call */
    uint64_t started_ns;  /* before the request's first byte was written */
    uint64_t answered_ns; /* the answer's last byte was read */
} load_answer;

bool answer_has(const load_answer *answer, const char *text);
size_t answer_count(const load_answer *answer, const char *text); /* how often it occurs */
bool answer_starts(const load_answer *answer, const char *text);
/* The id that follows `before`; false if there is none. */
bool answer_id(const load_answer *answer, const char *before, char out[37]);
/* The number that follows `before`; -1 if there is none. */
int64_t answer_number(const load_answer *answer, const char *before);

/* Requests 0 to count − 1, each a whole HTTP/1.1 request. */
typedef struct load_work {
    const char *label;
    size_t count;
    void *context;
    /* Bytes that live until the next call for the same `scratch`, which the work may use to build them. */
    lg_bytes (*request)(void *context, size_t index, lg_buf *scratch);
    bool (*accept)(void *context, size_t index, const load_answer *answer); /* false: not what was expected */
    /* An operation of several requests: true if this answer is right and another request (in *next, bytes as
     * those of `request`) belongs to the operation. NULL: none does. */
    bool (*follow)(void *context, size_t index, const load_answer *answer, lg_buf *scratch, lg_bytes *next);
    bool from_due;           /* latencies count from when the request was due, late or not */
    uint64_t interval_ns;    /* request n is not sent before n intervals; 0: as fast as they are answered */
    const atomic_bool *stop; /* set by another thread: no new request; NULL: nobody does */
    bool quiet;              /* no progress line: another thread shows its own */
} load_work;

typedef struct load_result {
    size_t done;
    uint64_t elapsed_ns;
    uint64_t latest_ns;   /* the most that a request went out later than its interval said */
    uint64_t *latency_ns; /* `done` of them, sorted; the caller frees */
} load_result;

/* Nearest rank among `count` sorted values; 999 is p99.9. 0 of none. */
uint64_t load_percentile(const uint64_t *sorted, size_t count, size_t permille);

typedef struct load load;

/* Open connections to 127.0.0.1, each with one small request behind it. */
load *load_open(uint16_t port, size_t connections);
/* Keeps all connections busy, one request outstanding on each (or, with an interval, as many as it asks for),
 * until all requests are answered or, after `limit_s`, no new ones are sent. */
load_result load_run(load *l, unsigned limit_s, const load_work *work);
void load_close(load *l);

/* ---- results ---- */

/* What was seen of the server meanwhile (watch.h). */
typedef struct watched {
    uint64_t wal_peak_bytes, peak_memory_bytes;
    int64_t syncs;                     /* -1: nobody counts them */
    uint64_t batches, commit_total_ns; /* of the writer, with something to record */
} watched;

typedef struct bench_result {
    const char *scenario;
    bool is_write;
    size_t connections, done;
    unsigned per_second; /* asked for, whatever was answered; 0: as fast as they were answered */
    unsigned commands;   /* of one operation; 0: it reads */
    uint64_t elapsed_ns, p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
    usage used;
    size_t commits; /* distinct checkpoints in the receipts; 0: not a write */
    watched seen;
} bench_result;

#endif
