#include "ledger/store/page_cache.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum { LOCK_BYTE = 0x40000000 /* the page that has it is never used (sqlite.org/fileformat.html, 1.4) */ };

typedef struct cache {
    sqlite3_pcache *real;
    unsigned highest;   /* of the pages it may hold, but for the one on its way */
    unsigned lock_page; /* the number that pages have on their way to another */
    bool on_its_way;    /* one has it now */
} cache;

static sqlite3_pcache_methods2 real;

static sqlite3_pcache *of(sqlite3_pcache *handle)
{
    return ((cache *)handle)->real;
}

static sqlite3_pcache *create(int page_size, int extra, int purgeable)
{
    cache *c = sqlite3_malloc(sizeof *c);
    if (!c)
        return NULL;
    *c = (cache){.real = real.xCreate(page_size, extra, purgeable),
                 .lock_page = LOCK_BYTE / (unsigned)page_size + 1};
    if (c->real)
        return (sqlite3_pcache *)c;
    sqlite3_free(c);
    return NULL;
}

static void destroy(sqlite3_pcache *handle)
{
    real.xDestroy(of(handle));
    sqlite3_free(handle);
}

static void set_size(sqlite3_pcache *handle, int pages)
{
    real.xCachesize(of(handle), pages);
}

static int count(sqlite3_pcache *handle)
{
    return real.xPagecount(of(handle));
}

static sqlite3_pcache_page *fetch(sqlite3_pcache *handle, unsigned number, int make)
{
    cache *c = (cache *)handle;
    sqlite3_pcache_page *page = real.xFetch(c->real, number, make);
    if (page && number > c->highest)
        c->highest = number;
    return page;
}

static void unpin(sqlite3_pcache *handle, sqlite3_pcache_page *page, int discard)
{
    real.xUnpin(of(handle), page, discard);
}

static void renumber(sqlite3_pcache *handle, sqlite3_pcache_page *page, unsigned old, unsigned number)
{
    cache *c = (cache *)handle;
    real.xRekey(c->real, page, old, number);
    if (old == c->lock_page)
        c->on_its_way = false;
    if (number == c->lock_page)
        c->on_its_way = true;
    else if (number > c->highest)
        c->highest = number;
}

static void drop_from(sqlite3_pcache *handle, unsigned number)
{
    cache *c = (cache *)handle;
    if (number > c->highest && !c->on_its_way)
        return;
    real.xTruncate(c->real, number);
    if (number <= c->highest)
        c->highest = number - 1;
    if (number <= c->lock_page)
        c->on_its_way = false;
}

static void shrink(sqlite3_pcache *handle)
{
    real.xShrink(of(handle));
}

void lg_page_cache_install(void)
{
    sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &real);
    sqlite3_pcache_methods2 ours = real;
    ours.xCreate = create;
    ours.xDestroy = destroy;
    ours.xCachesize = set_size;
    ours.xPagecount = count;
    ours.xFetch = fetch;
    ours.xUnpin = unpin;
    ours.xRekey = renumber;
    ours.xTruncate = drop_from;
    ours.xShrink = shrink;
    sqlite3_config(SQLITE_CONFIG_PCACHE2, &ours);
}
