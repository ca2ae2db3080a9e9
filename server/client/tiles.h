/* A log's tiles and entry bundles as someone serves them (C2SP tlog-tiles): fetched one by one, lengths
 * checked, content believed by nobody. */
#ifndef CLIENT_TILES_H
#define CLIENT_TILES_H

#include "ledger/log/entry.h"
#include "ledger/log/tree.h"
#include "server/client/client.h"

/* GET of a path below the log's URL, at most max bytes. *absent is set, with CLIENT_OK, if there is nothing
 * of that name. */
typedef client_exit (*tiles_fetch)(void *ctx, lg_arena *arena, const char *path, size_t max, lg_bytes *out,
                                   bool *absent);

enum { TILES_CACHE = 8 };

typedef struct tiles {
    client *c; /* for the reason of a failure */
    tiles_fetch fetch;
    void *ctx;
    int64_t size;        /* of the tree that is read */
    int64_t fetched;     /* tiles and bundles so far */
    lg_arena *scratch;   /* of one fetch */
    client_exit failure; /* of the last read through tiles_read_nodes */
    struct {
        bool used;
        unsigned level, width;
        int64_t n;
        lg_hash hashes[LG_TILE_WIDTH];
    } cache[TILES_CACHE];
    unsigned cache_next;
} tiles;

void tiles_open(tiles *t, client *c, tiles_fetch fetch, void *ctx, int64_t size);
void tiles_close(tiles *t);
/* How wide the tile at (level, n) is in the tree of t->size. 0: there is none. Level 0 holds for bundles too.
 */
unsigned tiles_width(const tiles *t, unsigned level, int64_t n);
/* The first `width` hashes of a tile. A partial tile may have been replaced by the full one, whose beginning
 * is the same. */
client_exit tiles_get(tiles *t, unsigned level, int64_t n, unsigned width, lg_hash *out) CLIENT_MUST_CHECK;
/* The first `width` entries of bundle n, in arena. */
client_exit tiles_get_entries(tiles *t, lg_arena *arena, int64_t n, unsigned width,
                              lg_bytes *out) CLIENT_MUST_CHECK;
/* An lg_node_reader whose ctx is the tiles. LG_IO: t->failure says how. */
lg_err tiles_read_nodes(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out);

/* Tiles of the registry that c->config.url names. */
client_exit tiles_fetch_http(void *client_ctx, lg_arena *arena, const char *path, size_t max, lg_bytes *out,
                             bool *absent);

#endif
