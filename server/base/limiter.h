/* Rate limits: for each budget and each key (an address, a token, a participant) a bucket that starts full
 * with `burst` units and fills by `per_minute`. A request takes units from it, and is refused while there are
 * too few.
 *
 * Memory is fixed: a table of slots, a few of which a key may be in. A bucket that is full again needs no
 * slot, so a flood of addresses pushes out those who owe least first, and whoever is over a limit stays
 * known. */
#ifndef BASE_LIMITER_H
#define BASE_LIMITER_H

#include "ledger/base/error.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct limiter limiter;

typedef struct limit_rule {
    int64_t per_minute; /* 0: no limit */
    int64_t burst;      /* at least 1 */
} limit_rule;

typedef struct limit_key {
    uint8_t bytes[16];
} limit_key;

typedef struct limit_answer {
    bool allowed;
    int64_t remaining; /* units left */
    int64_t full_s;    /* until the bucket is full again */
    int64_t retry_s;   /* if refused: until what was asked for can be had; otherwise 0 */
} limit_answer;

enum { LIMIT_BUDGETS_MAX = 16, LIMIT_SLOTS_DEFAULT = 1 << 16 };

/* `budgets` rules. slots: a power of two of at least 512, LIMIT_SLOTS_DEFAULT if 0. */
limiter *limiter_open(const limit_rule *rules, unsigned budgets, unsigned slots);
void limiter_close(limiter *limiter); /* NULL is fine */
/* If these are other rules, all buckets start full again. */
void limiter_set_rules(limiter *limiter, const limit_rule *rules);
limit_rule limiter_rule(const limiter *limiter, unsigned budget);

/* Takes `cost` units, or nothing. More than a bucket holds can be had when it is full. cost 0 only looks:
 * allowed is whether there is a unit. now_us: a monotonic clock's. Any thread. */
limit_answer limiter_take(limiter *limiter, unsigned budget, const limit_key *key, int64_t cost,
                          int64_t now_us);
/* Takes units whether or not they are there, as far as to an empty bucket. */
void limiter_charge(limiter *limiter, unsigned budget, const limit_key *key, int64_t cost, int64_t now_us);

#endif
