#include "server/base/limiter.h"

#include "ledger/base/arena.h"
#include "ledger/crypto/secret.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, SHARDS = 64 };
#define NS_PER_MINUTE INT64_C(60000000000)
#define NS_PER_SECOND INT64_C(1000000000)

/* The bucket as the moment at which it will be full (the generic cell rate algorithm, with ITU-T I.371's
 * names: the theoretical arrival time): one number, and a slot whose moment has passed is a free one. */
typedef struct slot {
    limit_key key;
    int64_t full_at; /* ns */
    uint32_t budget;
} slot;

struct limiter {
    uint64_t secret[2]; /* nobody can tell which keys share a set */
    unsigned budgets, set_mask;
    _Atomic int64_t per_minute[LIMIT_BUDGETS_MAX], burst[LIMIT_BUDGETS_MAX];
    pthread_mutex_t locks[SHARDS]; /* of the sets with that remainder */
    slot *slots;                   /* WAYS to a set */
};

limiter *limiter_open(const limit_rule *rules, unsigned budgets, unsigned slots)
{
    limiter *l = calloc(1, sizeof *l);
    slots = slots ? slots : LIMIT_SLOTS_DEFAULT;
    if (l)
        l->slots = calloc(slots, sizeof *l->slots);
    if (!l || !l->slots)
        lg_die("out of memory");
    l->budgets = budgets;
    l->set_mask = slots / WAYS - 1;
    lg_random(l->secret, sizeof l->secret);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&l->locks[i], NULL);
    limiter_set_rules(l, rules);
    return l;
}

void limiter_close(limiter *l)
{
    if (!l)
        return;
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&l->locks[i]);
    free(l->slots);
    free(l);
}

void limiter_set_rules(limiter *l, const limit_rule *rules)
{
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_lock(&l->locks[i]);
    bool changed = false;
    for (unsigned i = 0; i < l->budgets; i++) {
        changed |= atomic_exchange(&l->per_minute[i], rules[i].per_minute) != rules[i].per_minute;
        changed |= atomic_exchange(&l->burst[i], rules[i].burst) != rules[i].burst;
    }
    if (changed)
        memset(l->slots, 0, ((size_t)l->set_mask + 1) * WAYS * sizeof *l->slots);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_unlock(&l->locks[i]);
}

limit_rule limiter_rule(const limiter *l, unsigned budget)
{
    return (limit_rule){atomic_load(&l->per_minute[budget]), atomic_load(&l->burst[budget])};
}

/* Multiply and fold: cheap, and with a secret of which nothing is ever told. */
static unsigned set_of(const limiter *l, unsigned budget, const limit_key *key)
{
    uint64_t halves[2];
    memcpy(halves, key->bytes, sizeof halves);
    unsigned __int128 product =
        (unsigned __int128)(halves[0] ^ l->secret[0] ^ budget) * ((halves[1] ^ l->secret[1]) | 1);
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    folded *= UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(folded >> 32) & l->set_mask;
}

/* The key's slot, or the one of its set whose bucket is fullest, made the key's. Under the set's lock. */
static slot *find(limiter *l, unsigned set, unsigned budget, const limit_key *key)
{
    slot *slots = &l->slots[(size_t)set * WAYS], *fullest = slots;
    for (slot *s = slots; s < slots + WAYS; s++) {
        if (s->full_at && s->budget == budget && memcmp(&s->key, key, sizeof *key) == 0)
            return s;
        if (s->full_at < fullest->full_at)
            fullest = s;
    }
    *fullest = (slot){.key = *key, .budget = budget};
    return fullest;
}

static limit_answer take(limiter *l, unsigned budget, const limit_key *key, int64_t cost, int64_t now_us,
                         bool forced)
{
    const limit_rule rule = limiter_rule(l, budget);
    if (rule.per_minute == 0)
        return (limit_answer){.allowed = true};
    const int64_t unit = NS_PER_MINUTE / rule.per_minute, capacity = unit * rule.burst, now = now_us * 1000;
    const unsigned set = set_of(l, budget, key);
    const int64_t asked = unit * (cost > rule.burst ? rule.burst : cost ? cost : 1);
    pthread_mutex_lock(&l->locks[set % SHARDS]);
    slot *s = find(l, set, budget, key);
    int64_t full_at = s->full_at > now ? s->full_at : now;
    const int64_t missing = full_at + asked - capacity - now;
    const bool allowed = missing <= 0;
    if (cost && allowed)
        full_at += asked;
    else if (cost && forced)
        full_at = now + capacity;
    s->full_at = full_at;
    pthread_mutex_unlock(&l->locks[set % SHARDS]);
    return (limit_answer){
        .allowed = allowed,
        .remaining = (capacity - (full_at - now)) / unit,
        .full_s = (full_at - now + NS_PER_SECOND - 1) / NS_PER_SECOND,
        .retry_s = allowed ? 0 : (missing + NS_PER_SECOND - 1) / NS_PER_SECOND,
    };
}

limit_answer limiter_take(limiter *l, unsigned budget, const limit_key *key, int64_t cost, int64_t now_us)
{
    return take(l, budget, key, cost, now_us, false);
}

void limiter_charge(limiter *l, unsigned budget, const limit_key *key, int64_t cost, int64_t now_us)
{
    (void)take(l, budget, key, cost, now_us, true);
}
