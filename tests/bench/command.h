/* The commands of a receivable's life: who says what, to which path. */
#ifndef TESTS_BENCH_COMMAND_H
#define TESTS_BENCH_COMMAND_H

#include "tests/bench/world.h"

/* A new invoice from the supplier to the core enterprise of `draft`, whose amount is set. */
world_act command_register(world *w, lg_arena *arena, world_receivable *draft);
/* The same on terms of the caller's, from one supplier, a custodian perhaps. */
world_act command_register_on(world *w, lg_arena *arena, world_receivable *draft, const world_party *supplier,
                              const world_terms *terms);
world_act command_confirm(world *w, lg_arena *arena, world_receivable *r);
world_act command_decline(world *w, lg_arena *arena, world_receivable *r);
world_act command_split(world *w, lg_arena *arena, world_receivable *r);
world_act command_transfer(world *w, lg_arena *arena, world_receivable *r); /* whole, to r->recipient */
world_act command_transfer_part(world *w, lg_arena *arena, world_receivable *r, int64_t minor);
world_act command_take(world *w, lg_arena *arena, world_receivable *r);    /* who accepts it */
world_act command_request(world *w, lg_arena *arena, world_receivable *r); /* to r->lender, chosen here */
world_act command_accept(world *w, lg_arena *arena, world_receivable *r);
world_act command_disburse(world *w, lg_arena *arena, world_receivable *r);
world_act command_pay(world *w, lg_arena *arena, world_receivable *r); /* all of it */
world_act command_pay_part(world *w, lg_arena *arena, world_receivable *r, int64_t minor);

/* Whether the answer is as it should be; what it says is noted in r, the stage too. */
bool answered_confirm(const load_answer *answer, world_receivable *r);
bool answered_split(const load_answer *answer, world_receivable *r);
bool answered_transfer(const load_answer *answer, world_receivable *r);
bool answered_take(const load_answer *answer, world_receivable *r);
bool answered_request(const load_answer *answer, world_receivable *r);
bool answered_accept(const load_answer *answer, world_receivable *r);
bool answered_disburse(const load_answer *answer, world_receivable *r);
bool answered_pay(const load_answer *answer, world_receivable *r);

/* The id in the answer to a registration. */
bool answered_register(const load_answer *answer, char id[37]);

#endif
