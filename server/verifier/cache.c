#include "server/verifier/cache.h"

#include <stdlib.h>
#include <string.h>

/* A place for each beginning of a digest: what comes later takes it over. */
enum { PLACES = 4096 };

typedef struct place {
    lg_hash identity;
    lg_time kept_at;        /* 0: empty */
    verifier_answer answer; /* its strings are owned */
} place;

struct answer_cache {
    lg_time valid;
    place places[PLACES];
};

static place *place_of(const answer_cache *cache, const lg_hash *identity)
{
    size_t at = ((size_t)identity->b[0] << 8 | identity->b[1]) % PLACES;
    return (place *)&cache->places[at];
}

static char *copy(const char *text)
{
    char *copied = text ? strdup(text) : NULL;
    if (text && !copied)
        lg_die("out of memory");
    return copied;
}

static void place_clear(place *p)
{
    free((char *)p->answer.reference);
    free((char *)p->answer.note);
    *p = (place){0};
}

answer_cache *cache_open(lg_time valid)
{
    answer_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        lg_die("out of memory");
    cache->valid = valid;
    return cache;
}

void cache_close(answer_cache *cache)
{
    for (size_t i = 0; cache && i < PLACES; i++)
        place_clear(&cache->places[i]);
    free(cache);
}

void cache_put(answer_cache *cache, const lg_hash *identity, const verifier_answer *answer, lg_time now)
{
    place *p = place_of(cache, identity);
    if (!cache->valid || answer->answer != LG_ANSWER_GENUINE)
        return;
    place_clear(p);
    *p = (place){.identity = *identity, .kept_at = now, .answer = *answer};
    p->answer.reference = copy(answer->reference);
    p->answer.note = copy(answer->note);
}

bool cache_get(const answer_cache *cache, const lg_hash *identity, lg_time now, lg_arena *arena,
               verifier_answer *out)
{
    const place *p = place_of(cache, identity);
    /* A clock that was set back makes nothing valid for longer. */
    if (!p->kept_at || now < p->kept_at || now - p->kept_at >= cache->valid ||
        !lg_hash_equal(&p->identity, identity))
        return false;
    *out = p->answer;
    out->reference = p->answer.reference ? lg_arena_strdup(arena, p->answer.reference) : NULL;
    out->note = p->answer.note ? lg_arena_strdup(arena, p->answer.note) : NULL;
    return true;
}
