/* The floor of a whole request: a server that only parses, verifies and keeps (bare/server.c), measured in
 * the same run, by the same client and with the same commands as ours. */
#ifndef TESTS_BENCH_BARE_H
#define TESTS_BENCH_BARE_H

#include "tests/bench/scenario.h"
#include "tests/bench/serving.h"

/* In a folder of its own beside the registry, with the keys of the world's parties. */
void bare_start(serving *bare, const char *binary, const world *w, const char *syncs);
/* A scenario that is `at_bare`, as scenario_measure does the others. */
bench_result bare_measure(const scenario *s, world *w, const serving *bare, scenario_level level,
                          size_t count, unsigned limit_s);

#endif
