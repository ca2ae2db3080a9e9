/* Named kinds of load. Each request's answer is checked; each scenario leaves the world as the next one needs
 * it. */
#ifndef TESTS_BENCH_SCENARIO_H
#define TESTS_BENCH_SCENARIO_H

#include "tests/bench/world.h"

enum { SCENARIO_PAGE_ITEMS = 50 };

typedef struct scenario_run scenario_run;

typedef struct scenario {
    const char *name, *what;
    bool is_write;
    bool at_bare;           /* done to the bare server (bare.h), not to ours */
    unsigned share;         /* one of so many operations is done: the dear ones are done less often */
    world_stage takes;      /* receivables of this stage are used up; STAGE_NONE: none are */
    const char *before;     /* the scenario that brings them there */
    unsigned uses;          /* one of so many operations uses one up; 0: each does */
    unsigned commands;      /* of one operation; 0: one, or none if it reads */
    size_t connections_max; /* more at once the server does not take; 0: any */
    /* How many of `count` can be done now, with what they need made ready. */
    size_t (*prepare)(scenario_run *run, size_t count);
    lg_bytes (*request)(void *run, size_t index, lg_buf *scratch);
    bool (*follow)(void *run, size_t index, const load_answer *answer, lg_buf *scratch, lg_bytes *next);
    bool (*accept)(void *run, size_t index, const load_answer *answer);
    /* For acts on a receivable (command.h): what is sent, and whether the answer is right. */
    world_act (*command)(world *w, lg_arena *arena, world_receivable *r);
    bool (*answered)(const load_answer *answer, world_receivable *r);
} scenario;

extern const scenario scenarios[];
extern const size_t scenario_count;

const scenario *scenario_named(const char *name); /* NULL: there is none */
/* Makes what `count` operations use up, as far as it is not there; not measured. */
void scenario_supply(const scenario *s, world *w, size_t count, unsigned limit_s);
/* How hard it is pressed: so many connections, each busy all the time; or, with a rate, as many requests a
 * second whether those before are answered or not, on as many of the connections as that takes. */
typedef struct scenario_level {
    size_t connections;
    unsigned per_second; /* 0: as fast as they are answered */
} scenario_level;

/* What a run of `count` operations at most measured. */
bench_result scenario_measure(const scenario *s, world *w, int pid, scenario_level level, size_t count,
                              unsigned limit_s);
/* The same without a look at the server: it is over when the last answer is there. */
bench_result scenario_do(const scenario *s, world *w, size_t connections, size_t count, unsigned limit_s);
/* The ledger's size, from its checkpoint. */
int64_t scenario_log_size(world *w);

#endif
