/* What is seen of the server while a scenario runs, without asking it: the WAL's size and its memory, each at
 * its highest, and its syncs; and what it says itself of its commits. */
#ifndef TESTS_BENCH_WATCH_H
#define TESTS_BENCH_WATCH_H

#include "tests/bench/world.h"

typedef struct watch watch;
watch *watch_start(world *w, int pid);
/* When the server has settled: work put off belongs to what put it off. */
watched watch_stop(watch *watch_take);

#endif
