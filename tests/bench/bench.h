/* The parts of the measuring program. One thread; a failure anywhere ends the program with a message and exit
 * code 1, so that a figure is only ever printed for work that was answered as it should be. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "ledger/base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

void bench_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t bench_clock_ns(void); /* monotonic */
/* A line on standard error that redraws itself; nothing when that is not a terminal. */
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
} usage;

usage usage_read(int pid);
/* The same once the process has gone quiet: work put off until after the last answer belongs to the answers.
 */
usage usage_read_settled(int pid);
uint64_t usage_peak_memory_bytes(int pid);
uint64_t usage_file_bytes(const char *dir, const char *name); /* 0 if there is none */

/* ---- what this machine cannot do faster ---- */

typedef struct floor_costs {
    uint64_t verify_ns, sha256_ns, parse_ns, fdatasync_ns; /* of one each; medians */
} floor_costs;

/* `command` is a signed submission; `scratch` a file to be made and removed, on the registry's file system.
 */
floor_costs floor_measure(const char *command, const char *scratch);

/* ---- HTTP load ---- */

typedef struct load_answer {
    int status;
    lg_bytes body; /* NUL-terminated behind the end; borrowed for the call */
} load_answer;

/* Requests 0 to count − 1, each a whole HTTP/1.1 request. */
typedef struct load_work {
    const char *label;
    size_t count;
    void *context;
    /* Bytes that live until the next call for the same `scratch`, which the work may use to build them. */
    lg_bytes (*request)(void *context, size_t index, lg_buf *scratch);
    bool (*accept)(void *context, size_t index, const load_answer *answer); /* false: not what was expected */
} load_work;

typedef struct load_result {
    size_t done;
    uint64_t elapsed_ns;
    uint64_t *latency_ns; /* `done` of them, sorted; the caller frees */
} load_result;

typedef struct load load;

/* Open connections to 127.0.0.1, each with one small request behind it. */
load *load_open(uint16_t port, size_t connections);
/* Keeps all connections busy, one request outstanding on each, until all requests are answered or, after
 * `limit_s`, no new ones are sent. */
load_result load_run(load *l, unsigned limit_s, const load_work *work);
void load_close(load *l);

/* ---- results ---- */

typedef struct bench_result {
    const char *scenario;
    bool is_write;
    size_t connections, done;
    uint64_t elapsed_ns, p50_ns, p90_ns, p99_ns, p999_ns;
    usage used;
    size_t commits; /* distinct checkpoints in the receipts; 0: not a write */
} bench_result;

typedef struct bench_report {
    const char *machine; /* a line about where this ran */
    uint64_t seed;
    bool quick;
    floor_costs before, after;
    const bench_result *results;
    size_t result_count;
    int64_t entries;
    uint64_t database_bytes, wal_bytes, peak_memory_bytes;
} bench_report;

void report_table(FILE *out, const bench_report *report);
void report_json(FILE *out, const bench_report *report);

#endif
