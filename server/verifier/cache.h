/* Invoices that the service said are genuine: the same question is not asked twice within their validity. No
 * other answer is kept, since what is wrong may be set right. */
#ifndef VERIFIER_CACHE_H
#define VERIFIER_CACHE_H

#include "ledger/base/calendar.h"
#include "ledger/crypto/hash.h"
#include "server/verifier/answer.h"

typedef struct answer_cache answer_cache;

answer_cache *cache_open(lg_time valid); /* how long; 0: nothing is kept */
void cache_close(answer_cache *cache);   /* NULL is fine */
/* identity: digest of all that tells one invoice from another, its amount included. */
void cache_put(answer_cache *cache, const lg_hash *identity, const verifier_answer *answer, lg_time now);
/* The answer as it was, with strings of the arena; false: not known, or not any more. */
bool cache_get(const answer_cache *cache, const lg_hash *identity, lg_time now, lg_arena *arena,
               verifier_answer *out);

#endif
