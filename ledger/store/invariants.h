/* Rules that hold between the tables after every entry (the domain's invariants). */
#ifndef LG_STORE_INVARIANTS_H
#define LG_STORE_INVARIANTS_H

#include "ledger/store/db.h"

/* Asks each rule of the whole database; `differ` hears of every row that breaks one. *checked: how many rules
 * were asked. */
lg_err lg_db_check_invariants(lg_db *db, lg_table_differ differ, void *ctx, int64_t *checked) LG_MUST_CHECK;
/* One of them: 0 to lg_invariant_count() - 1. */
lg_err lg_db_check_invariant(lg_db *db, size_t number, lg_table_differ differ, void *ctx) LG_MUST_CHECK;
size_t lg_invariant_count(void);

#endif
