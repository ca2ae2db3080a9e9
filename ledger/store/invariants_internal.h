/* Rules that no statement can ask, because what they speak of is packed. */
#ifndef LG_STORE_INVARIANTS_INTERNAL_H
#define LG_STORE_INVARIANTS_INTERNAL_H

#include "ledger/store/invariants.h"

#define LIVE_C                                                                                               \
    "(c.life = 'confirmed' OR c.life = 'due' OR c.life = 'part_paid' OR c.life = 'overdue' OR c.life = "     \
    "'defaulted')"

/* Who hears of the rows that break a rule. */
typedef struct lg_invariant_breach {
    const char *table, *rule;
    lg_table_differ differ;
    void *ctx;
} lg_invariant_breach;
typedef lg_err (*lg_invariant_check)(lg_db *db, const lg_invariant_breach *breach);

/* invariants_positions.c */
lg_err lg_check_position_steps(lg_db *db, const lg_invariant_breach *breach) LG_MUST_CHECK;
lg_err lg_check_positions(lg_db *db, const lg_invariant_breach *breach) LG_MUST_CHECK;

#endif
