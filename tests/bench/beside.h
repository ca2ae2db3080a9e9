/* Reads while others write as fast as they are answered, and the same reads alone. */
#ifndef TESTS_BENCH_BESIDE_H
#define TESTS_BENCH_BESIDE_H

#include "tests/bench/others.h"
#include "tests/bench/scenario.h"

enum { BESIDE_MAX = 8 };

typedef struct beside_result {
    const char *scenario;
    bench_result alone, beside; /* of beside there are no figures of the server's but the following */
    double alone_cpu_ns;        /* of the server, per read */
    double beside_cpu_ns;       /* what the writes cost when they were alone is taken off; see README */
    double writes_alone_per_second, writes_beside_per_second;
} beside_result;

/* Each of the read scenarios for `seconds` both ways, `readers` at once and `writers` others. */
size_t beside_measure(world *w, int pid, size_t readers, size_t writers, unsigned seconds,
                      beside_result results[BESIDE_MAX]);

#endif
