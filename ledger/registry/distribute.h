/* Dividing a payment among claims: pro rata to what each is owed, exact to the last minor unit. */
#ifndef LG_REGISTRY_DISTRIBUTE_H
#define LG_REGISTRY_DISTRIBUTE_H

#include "ledger/base/arena.h"

/* shares[i] is what owed[i] gets of `amount`: the whole part of amount·owed[i]/Σowed, and the units that are
 * left go one each to the largest fractions, of equal ones to the earlier claim (largest remainder method).
 * The shares sum to amount and none exceeds owed[i]. Oldest claim first; 0 ≤ amount ≤ Σowed, every owed[i] ≥
 * 0, Σowed within int64_t. `arena` lends working memory. */
void lg_distribute(lg_arena *arena, int64_t amount, const int64_t *owed, size_t count, int64_t *shares);

#endif
