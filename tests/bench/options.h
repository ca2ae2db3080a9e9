/* The command line of the measuring program. */
#ifndef TESTS_BENCH_OPTIONS_H
#define TESTS_BENCH_OPTIONS_H

#include "tests/bench/scenario.h"

enum { LEVELS_MAX = 8 };

/* Among the scenarios' names, after all of them: the headline (instruction.h), reads while writes saturate
 * (beside.h), and what is done with the registry at the end (ending.h). */
#define NAME_INSTRUCTION "instruction"
#define NAME_BESIDE      "beside"
#define NAME_START_UP    "start-up"
#define NAME_AUDIT       "audit"

typedef struct options {
    const char *tallystick, *bare, *dir, *syncs, *machine;
    const char *only; /* names separated by commas, or NULL */
    scenario_level levels[LEVELS_MAX];
    size_t level_count;
    size_t operations;
    size_t financings, others;
    unsigned per_second; /* of the headline */
    unsigned limit_s;
    uint64_t seed;
    bool quick, json;
} options;

/* Ends the program where something is wrong with them. */
options options_read(int argc, char **argv);
bool options_choose(const options *o, const char *name);

#endif
