/* What receivables, claims and financings are to the positions of their parties (store/movement_rows.h).
 * Whatever writes one of the three tells what it was before and is now; what moved follows from the two. */
#ifndef LG_REGISTRY_MOVEMENT_H
#define LG_REGISTRY_MOVEMENT_H

#include "ledger/registry/internal.h"
#include "ledger/store/financing_rows.h"

/* `before` NULL: it is new. */
lg_err lg_apply_receivable_moved(const lg_apply *apply, const lg_receivable *before,
                                 const lg_receivable *after) LG_MUST_CHECK;
lg_err lg_apply_claim_moved(const lg_apply *apply, const lg_claim *before,
                            const lg_claim *after) LG_MUST_CHECK;
lg_err lg_apply_financing_moved(const lg_apply *apply, const lg_financing *before,
                                const lg_financing *after) LG_MUST_CHECK;

#endif
