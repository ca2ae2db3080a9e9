#include "ledger/registry/distribute.h"

#include <stdlib.h>

/* What a claim's whole part leaves over, in units of 1/Σowed. */
typedef struct fraction {
    int64_t rest;
    size_t at;
} fraction;

static int larger_then_older(const void *a, const void *b)
{
    const fraction *x = a, *y = b;
    if (x->rest != y->rest)
        return x->rest > y->rest ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

void lg_distribute(lg_arena *arena, int64_t amount, const int64_t *owed, size_t count, int64_t *shares)
{
    int64_t total = 0, left = amount;
    fraction *fractions = lg_arena_array(arena, count, sizeof *fractions);
    for (size_t i = 0; i < count; i++)
        total += owed[i];
    for (size_t i = 0; i < count; i++) {
        /* Two amounts of up to 53 bits: their product needs more than 64. */
        __int128 scaled = total ? (__int128)amount * owed[i] : 0;
        shares[i] = total ? (int64_t)(scaled / total) : 0;
        fractions[i] = (fraction){.rest = total ? (int64_t)(scaled % total) : 0, .at = i};
        left -= shares[i];
    }
    qsort(fractions, count, sizeof *fractions, larger_then_older);
    /* The fractions sum to `left` wholes and each is less than one, so there are enough of them above zero.
     */
    for (size_t i = 0; i < count && left > 0; i++, left--)
        shares[fractions[i].at]++;
}
