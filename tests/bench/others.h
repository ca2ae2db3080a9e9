/* Other clients at work while something else is measured: a thread that keeps its connections busy with a
 * mixture of commands, signed as they go out, and pages. The world is its own until it has stopped. */
#ifndef TESTS_BENCH_OTHERS_H
#define TESTS_BENCH_OTHERS_H

#include "tests/bench/world.h"

typedef struct others others;

typedef enum { OTHERS_REGISTER, OTHERS_CONFIRM, OTHERS_SPLIT, OTHERS_LIST, OTHERS_KINDS } others_kind;

typedef struct others_result {
    size_t connections;
    size_t done[OTHERS_KINDS];
    uint64_t elapsed_ns, p50_ns, p99_ns; /* of all kinds together */
} others_result;

const char *others_name(others_kind kind);
/* Returns once they are well under way. */
others *others_start(world *w, size_t connections, bool only_writes);
others_result others_stop(others *o);

#endif
