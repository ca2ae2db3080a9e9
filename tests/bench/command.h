/* The commands of a receivable's life, ready to be sent: who signs what, to which path. */
#ifndef TESTS_BENCH_COMMAND_H
#define TESTS_BENCH_COMMAND_H

#include "tests/bench/world.h"

/* A new invoice from the supplier to the core enterprise of `draft`, whose amount is set. */
lg_bytes command_register(world *w, lg_arena *arena, world_receivable *draft);
lg_bytes command_confirm(world *w, lg_arena *arena, world_receivable *r);
lg_bytes command_split(world *w, lg_arena *arena, world_receivable *r);
lg_bytes command_transfer(world *w, lg_arena *arena, world_receivable *r); /* whole, to the next supplier */
lg_bytes command_take(world *w, lg_arena *arena, world_receivable *r);     /* who accepts it */
lg_bytes command_request(world *w, lg_arena *arena, world_receivable *r);  /* to r->lender, chosen here */
lg_bytes command_accept(world *w, lg_arena *arena, world_receivable *r);
lg_bytes command_disburse(world *w, lg_arena *arena, world_receivable *r);
lg_bytes command_pay(world *w, lg_arena *arena, world_receivable *r); /* all of it */

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
