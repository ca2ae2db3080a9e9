/* What is done with the registry when all else is measured: the server is started again and again, then the
 * registry audited. */
#ifndef TESTS_BENCH_ENDING_H
#define TESTS_BENCH_ENDING_H

#include "tests/bench/scenario.h"
#include "tests/bench/serving.h"

typedef struct start_up_result {
    size_t starts;                /* of each kind; 0: not asked for */
    uint64_t clean_ns, killed_ns; /* from exec until it listens, the slowest */
    uint64_t wal_bytes;           /* what it found in the WAL after the last kill */
    size_t writes;                /* answered before each kill */
} start_up_result;

/* After a clean stop, and after SIGKILL right behind `writes` registrations. The server runs before and
 * after; its port changes. */
start_up_result ending_start_up(serving *s, world *w, size_t writes, unsigned limit_s);

#endif
