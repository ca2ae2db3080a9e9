#include "ledger/log/tree_internal.h"

#include <stdlib.h>

/* Where the row of subtrees of height `row` starts among the 511 nodes: 0, 256, 384, … 510. */
static unsigned row_start(unsigned row)
{
    const unsigned all = 2 * LG_TILE_WIDTH;
    return all - (all >> row);
}

void lg_tile_start(lg_tile *tile, int64_t n)
{
    tile->n = n;
    tile->width = 0;
}

void lg_tile_push(lg_tile *tile, const lg_hash *node)
{
    unsigned i = tile->width++;
    tile->nodes[i] = *node;
    /* A node with an odd number completes the subtree above it, and perhaps the one above that. */
    for (unsigned row = 0; i & 1; row++, i >>= 1) {
        const lg_hash *pair = &tile->nodes[row_start(row) + i - 1];
        tile->nodes[row_start(row + 1) + (i >> 1)] = lg_node_hash(&pair[0], &pair[1]);
    }
}

const lg_hash *lg_tile_node(const lg_tile *tile, unsigned row, int64_t i)
{
    return &tile->nodes[row_start(row) + (unsigned)i];
}

lg_err lg_tile_load(lg_tile *tile, lg_node_reader read, void *ctx, unsigned level, int64_t n, unsigned width)
{
    lg_hash nodes[LG_TILE_WIDTH];
    lg_tile_start(tile, -1);
    lg_err err = read(ctx, level, n * LG_TILE_WIDTH, width, nodes);
    if (err != LG_OK)
        return err;
    lg_tile_start(tile, n);
    for (unsigned i = 0; i < width; i++)
        lg_tile_push(tile, &nodes[i]);
    return LG_OK;
}

void lg_tile_cache_clear(lg_tile_cache *cache)
{
    for (unsigned level = 0; level < LG_TILE_LEVELS; level++) {
        free(cache->tiles[level]);
        cache->tiles[level] = NULL;
    }
}

lg_err lg_tile_cache_subtree(void *ctx, unsigned height, int64_t i, lg_hash *out)
{
    lg_tile_cache *cache = ctx;
    unsigned level = height / LG_TILE_HEIGHT, row = height % LG_TILE_HEIGHT;
    int64_t first = i << row, n = first / LG_TILE_WIDTH; /* node and tile, of that level */
    if (level >= LG_TILE_LEVELS)
        return LG_INTERNAL;
    lg_tile *tile = cache->tiles[level];
    if (!tile) {
        tile = cache->tiles[level] = malloc(sizeof *tile);
        if (!tile)
            lg_die("out of memory");
        lg_tile_start(tile, -1);
    }
    if (tile->n != n) {
        int64_t rest = (cache->size >> (LG_TILE_HEIGHT * level)) - n * LG_TILE_WIDTH;
        lg_err err = lg_tile_load(tile, cache->read, cache->ctx, level, n,
                                  rest < LG_TILE_WIDTH ? (unsigned)rest : LG_TILE_WIDTH);
        if (err != LG_OK)
            return err;
    }
    *out = *lg_tile_node(tile, row, i - ((n * LG_TILE_WIDTH) >> row));
    return LG_OK;
}
