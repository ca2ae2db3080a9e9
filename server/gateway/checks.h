/* The gateway's checks: an ordered table of named questions about a submission (DOMAIN: form, parties,
 * uniqueness, tenor, debtor standing, trade background, payee). Each answers pass, warn, hold or reject with
 * a sentence that names the field. */
#ifndef GW_CHECKS_H
#define GW_CHECKS_H

#include "ledger/registry/registry.h"

/* An lg_review_fn. Outside a transaction (input->db NULL) it makes the checks that need none; inside, those
 * that are not in the review yet, and puts all results in the table's order. */
lg_err gateway_review(const lg_review_input *input, lg_arena *arena, lg_review *review);

/* Code of the check at this place of the table, NULL behind the last; for documentation and tests. */
const char *gateway_check_code(size_t index);
/* How often this check was made in this process, and came to that. */
int64_t gateway_check_count(size_t index, lg_review_outcome outcome);

#endif
