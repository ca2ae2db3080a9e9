/* Whether an entry's own facts, which the signed ledger commits to, say the amounts that a statement shows.
 */
#ifndef CLIENT_STATEMENT_FACTS_H
#define CLIENT_STATEMENT_FACTS_H

#include "server/client/client.h"

typedef struct facts_count {
    int64_t movements; /* looked at */
    int64_t stated;    /* whose amount the entry's facts say; the others carry on what was there before */
} facts_count;

/* Fetches the facts of a statement's entry, which must be disclosures of that very entry (its text is known
 * to be in the ledger), and holds its movements against them. CLIENT_UNVERIFIED if one says another amount.
 */
client_exit client_facts_hold(client *c, lg_arena *arena, const json_t *item,
                              facts_count *count) CLIENT_MUST_CHECK;

#endif
