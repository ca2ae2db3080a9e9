/* The life of one receivable as chance has it: registered, mostly confirmed, then split, handed on, financed
 * and paid, as often as such things happen, until it is left as it is. */
#ifndef TESTS_BENCH_GENERATE_LIFE_H
#define TESTS_BENCH_GENERATE_LIFE_H

#include "ledger/registry/registry.h"
#include "tests/bench/world.h"

typedef enum {
    LIFE_REGISTER,
    LIFE_CONFIRM,
    LIFE_DECLINE,
    LIFE_SPLIT,
    LIFE_OFFER,
    LIFE_OFFER_PART,
    LIFE_TAKE,
    LIFE_REQUEST,
    LIFE_ACCEPT,
    LIFE_DISBURSE,
    LIFE_PAY,
    LIFE_PAY_PART,
    LIFE_OVER,
} life_step;
const char *life_step_name(life_step step);

typedef struct life {
    world_receivable r;
    unsigned hops, splits;
    life_step step; /* the one under way */
} life;

/* How often each debtor and supplier comes: Zipf. */
typedef struct life_chances life_chances;
life_chances *life_chances_open(const world *w);
void life_chances_close(life_chances *chances);

/* What is done next, LIFE_OVER if nothing. *random moves on. */
life_step life_next(life *l, const life_chances *chances, uint64_t *random);
/* The command for l->step; in the arena. */
world_act life_act(life *l, world *w, lg_arena *arena, uint64_t *random);
/* What came of it. False: the life is over. */
bool life_took(life *l, const lg_result *result, uint64_t *random);

#endif
