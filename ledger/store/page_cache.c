#include "ledger/store/page_cache.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    LOCK_BYTE = 0x40000000, /* the page that has it is never used (sqlite.org/fileformat.html, 1.4) */
    LARGE_CHUNK = 2 * 1024 * 1024,
    SMALL_CHUNK = 128 * 1024,
    LARGE_FROM = 4096, /* pages of a cache that grows by large chunks */
    BUCKETS_MIN = 256,
    LEAF_LIVES = 1,
    INNER_LIVES = 8,
};

/* What is told of one page. */
typedef struct slot {
    sqlite3_pcache_page page; /* first: SQLite is handed this */
    struct slot *next;        /* in its bucket, or of those that are free */
    unsigned number;          /* 0: free */
    bool is_held;
    uint8_t lives; /* how often the hand passes before it takes the page */
} slot;

/* Pages with their extras, one behind the other; then their slots; then this. */
typedef struct chunk {
    struct chunk *next;
    void *memory;
    slot *slots;
    unsigned count, made; /* slots; the first `made` of them were ever used */
    bool is_large;
} chunk;

/* Of one connection, and so of one thread at a time. */
typedef struct cache {
    int page_size, extra;
    unsigned max;            /* pages, as far as SQLite lets go of them */
    unsigned count, held;    /* pages; those that SQLite holds or has not written yet */
    chunk *chunks, *filling; /* in order; those before `filling` are used up, those behind it empty */
    slot *free;
    slot **buckets;        /* by the low bits of the number */
    unsigned bucket_count; /* a power of two */
    chunk *hand;           /* where the clock's hand stands, */
    unsigned hand_at;      /* and at which slot */
    unsigned highest;      /* no page has a higher number, but for the one on its way */
    unsigned lock_page;    /* the number that pages have on their way to another */
    bool on_its_way;       /* one has it now */
} cache;

/* ---- memory ---- */

static chunk *chunk_open(const cache *c)
{
    const bool is_large = c->max >= LARGE_FROM;
    const size_t len = is_large ? LARGE_CHUNK : SMALL_CHUNK, unit = (size_t)(c->page_size + c->extra);
    const size_t count = (len - sizeof(chunk)) / (unit + sizeof(slot));
    uint8_t *memory = is_large ? aligned_alloc(len, len) : sqlite3_malloc64(len);
    if (!memory)
        return NULL;
    if (is_large)
        (void)madvise(memory, len, MADV_HUGEPAGE); /* a kernel without has small pages */
    slot *slots = (slot *)(memory + count * unit);
    chunk *made = (chunk *)(slots + count);
    *made = (chunk){.memory = memory, .slots = slots, .count = (unsigned)count, .is_large = is_large};
    return made;
}

static void chunk_close(chunk *gone)
{
    if (gone->is_large)
        free(gone->memory);
    else
        sqlite3_free(gone->memory);
}

static bool add_chunk(cache *c)
{
    chunk *added = chunk_open(c);
    if (!added)
        return false;
    *(c->filling ? &c->filling->next : &c->chunks) = added;
    c->filling = added;
    return true;
}

/* A slot that has no page; NULL: no memory. */
static slot *fresh(cache *c)
{
    slot *s = c->free;
    if (s) {
        c->free = s->next;
        return s;
    }
    if (c->filling && c->filling->made == c->filling->count && c->filling->next)
        c->filling = c->filling->next;
    if ((!c->filling || c->filling->made == c->filling->count) && !add_chunk(c))
        return NULL;
    chunk *in = c->filling;
    const size_t unit = (size_t)(c->page_size + c->extra);
    uint8_t *place = (uint8_t *)in->memory + in->made * unit;
    s = &in->slots[in->made++];
    *s = (slot){.page = {.pBuf = place, .pExtra = place + c->page_size}};
    return s;
}

/* ---- finding pages ---- */

static slot **bucket_of(const cache *c, unsigned number)
{
    return &c->buckets[number & (c->bucket_count - 1)];
}

static void put(cache *c, slot *s, unsigned number)
{
    slot **bucket = bucket_of(c, number);
    s->number = number;
    s->next = *bucket;
    *bucket = s;
}

static void take_out(cache *c, slot *s)
{
    slot **link = bucket_of(c, s->number);
    while (*link != s)
        link = &(*link)->next;
    *link = s->next;
}

static slot *find(const cache *c, unsigned number)
{
    slot *s = *bucket_of(c, number);
    while (s && s->number != number)
        s = s->next;
    return s;
}

/* As many buckets as pages. Without memory for them pages are found more slowly. */
static void widen(cache *c)
{
    const unsigned old_count = c->bucket_count;
    slot **old = c->buckets, **wide = sqlite3_malloc64(2 * (uint64_t)old_count * sizeof(slot *));
    if (!wide)
        return;
    memset(wide, 0, 2 * (size_t)old_count * sizeof(slot *));
    c->buckets = wide;
    c->bucket_count = 2 * old_count;
    for (unsigned i = 0; i < old_count; i++)
        for (slot *s = old[i], *next; s; s = next) {
            next = s->next;
            put(c, s, s->number);
        }
    sqlite3_free(old);
}

static void drop(cache *c, slot *s)
{
    take_out(c, s);
    c->held -= s->is_held;
    c->count--;
    s->number = 0;
    s->is_held = false;
    s->next = c->free;
    c->free = s;
}

static void step(cache *c)
{
    if (++c->hand_at >= c->hand->made) {
        c->hand = c->hand == c->filling || !c->hand->next ? c->chunks : c->hand->next;
        c->hand_at = 0;
    }
}

/* Every look-up in a tree passes the pages above its leaves, and each of them serves some hundred leaves: so
 * these stay through many leaves that are read once. sqlite.org/fileformat.html, 1.6: what a page is. */
static uint8_t lives_of(const slot *s)
{
    enum { INNER_OF_INDEX = 2, INNER_OF_TABLE = 5 };
    const uint8_t type = *(const uint8_t *)s->page.pBuf;
    return type == INNER_OF_INDEX || type == INNER_OF_TABLE ? INNER_LIVES : LEAF_LIVES;
}

/* Takes its slot from the first page that has no lives left; NULL: all are held. */
static slot *evict(cache *c)
{
    if (c->held >= c->count)
        return NULL;
    for (;;) {
        if (!c->hand || c->hand_at >= c->hand->made) {
            c->hand = c->chunks;
            c->hand_at = 0;
        }
        slot *s = &c->hand->slots[c->hand_at];
        step(c);
        if (s->number == 0 || s->is_held)
            continue;
        if (s->lives == 0) {
            take_out(c, s);
            c->count--;
            return s;
        }
        s->lives--;
    }
}

/* ---- the calls ---- */

static sqlite3_pcache *create(int page_size, int extra, int purgeable)
{
    (void)purgeable; /* one that is not never has a page that is not held */
    cache *c = sqlite3_malloc(sizeof *c);
    slot **buckets = sqlite3_malloc(BUCKETS_MIN * sizeof *buckets);
    if (!c || !buckets) {
        sqlite3_free(c);
        sqlite3_free(buckets);
        return NULL;
    }
    memset(buckets, 0, BUCKETS_MIN * sizeof *buckets);
    *c = (cache){.page_size = page_size,
                 .extra = (extra + 7) & ~7,
                 .buckets = buckets,
                 .bucket_count = BUCKETS_MIN,
                 .lock_page = LOCK_BYTE / (unsigned)page_size + 1};
    return (sqlite3_pcache *)c;
}

static void destroy(sqlite3_pcache *handle)
{
    cache *c = (cache *)handle;
    for (chunk *gone = c->chunks, *next; gone; gone = next) {
        next = gone->next;
        chunk_close(gone);
    }
    sqlite3_free(c->buckets);
    sqlite3_free(c);
}

static void set_size(sqlite3_pcache *handle, int pages)
{
    ((cache *)handle)->max = pages > 0 ? (unsigned)pages : 0;
}

static int count(sqlite3_pcache *handle)
{
    return (int)((cache *)handle)->count;
}

static void hold(cache *c, slot *s)
{
    c->held += !s->is_held;
    s->is_held = true;
}

static sqlite3_pcache_page *fetch(sqlite3_pcache *handle, unsigned number, int make)
{
    cache *c = (cache *)handle;
    slot *s = find(c, number);
    if (s) {
        hold(c, s);
        return &s->page;
    }
    /* SQLite, told no the first time, writes pages that wait to be written and asks again with 2. */
    if (!make || (make == 1 && c->held >= c->max - c->max / 10))
        return NULL;
    if (c->count < c->max)
        s = fresh(c);
    if (!s)
        s = evict(c);
    if (!s)
        s = fresh(c);
    if (!s)
        return NULL;
    memset(s->page.pExtra, 0, (size_t)c->extra); /* by which SQLite knows that it is new */
    put(c, s, number);
    hold(c, s);
    if (++c->count > c->bucket_count)
        widen(c);
    if (number > c->highest)
        c->highest = number;
    return &s->page;
}

static void unpin(sqlite3_pcache *handle, sqlite3_pcache_page *page, int discard)
{
    cache *c = (cache *)handle;
    slot *s = (slot *)page;
    c->held -= s->is_held;
    s->is_held = false;
    s->lives = lives_of(s);
    if (discard || c->count > c->max)
        drop(c, s);
}

static void renumber(sqlite3_pcache *handle, sqlite3_pcache_page *page, unsigned old, unsigned number)
{
    cache *c = (cache *)handle;
    slot *s = (slot *)page, *there = find(c, number);
    if (there && there != s)
        drop(c, there);
    take_out(c, s);
    put(c, s, number);
    if (old == c->lock_page)
        c->on_its_way = false;
    if (number == c->lock_page)
        c->on_its_way = true;
    else if (number > c->highest)
        c->highest = number;
}

static void drop_all(cache *c)
{
    memset(c->buckets, 0, c->bucket_count * sizeof *c->buckets);
    for (chunk *in = c->chunks; in; in = in->next)
        in->made = 0;
    c->filling = c->chunks;
    c->free = NULL;
    c->count = c->held = 0;
    c->hand = NULL;
}

static void drop_from(sqlite3_pcache *handle, unsigned number)
{
    cache *c = (cache *)handle;
    if (number > c->highest && !c->on_its_way)
        return;
    if (number <= 1) {
        drop_all(c);
    } else if (!c->on_its_way && c->highest - number < c->count) {
        for (unsigned n = number; n <= c->highest; n++) {
            slot *s = find(c, n);
            if (s)
                drop(c, s);
        }
    } else {
        for (chunk *in = c->chunks; in; in = in->next)
            for (unsigned i = 0; i < in->made; i++)
                if (in->slots[i].number >= number)
                    drop(c, &in->slots[i]);
    }
    if (number <= c->highest)
        c->highest = number ? number - 1 : 0;
    if (number <= c->lock_page)
        c->on_its_way = false;
}

/* Memory goes back with the cache. */
static void shrink(sqlite3_pcache *handle)
{
    (void)handle;
}

static int start(void *context)
{
    (void)context;
    return SQLITE_OK;
}

void lg_page_cache_install(void)
{
    static const sqlite3_pcache_methods2 methods = {
        .iVersion = 1,
        .xInit = start,
        .xCreate = create,
        .xDestroy = destroy,
        .xCachesize = set_size,
        .xPagecount = count,
        .xFetch = fetch,
        .xUnpin = unpin,
        .xRekey = renumber,
        .xTruncate = drop_from,
        .xShrink = shrink,
    };
    sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods);
}
