/* How the tree is walked, shared by proofs from storage (tree.c) and from the writer's memory (edge.c).
 *
 * A complete subtree of height h, number i, is the tree over the entries [i·2^h, (i+1)·2^h). Every hash of a
 * proof is either the root of one, or the root of the cut-off subtree that holds the last entry (the spine).
 */
#ifndef LG_LOG_TREE_INTERNAL_H
#define LG_LOG_TREE_INTERNAL_H

#include "ledger/log/tree.h"

enum {
    LG_TILE_HEIGHT = 8, /* 2^8 = LG_TILE_WIDTH */
    LG_ROW_HEIGHT = 4,  /* 2^4 = LG_ROW_WIDTH */
};
#define LG_TREE_SIZE_MAX (INT64_C(1) << 53)

/* A tile with the roots of all complete subtrees inside it, so that none is hashed twice. */
typedef struct lg_tile {
    int64_t n;                            /* its number within its level; -1: none */
    unsigned width;                       /* nodes it has so far */
    lg_hash nodes[2 * LG_TILE_WIDTH - 1]; /* row of height 0 first: 256, 128, … 1 */
} lg_tile;

void lg_tile_start(lg_tile *tile, int64_t n);
void lg_tile_push(lg_tile *tile, const lg_hash *node); /* width < LG_TILE_WIDTH */
/* Reads the first `width` nodes of tile n and hashes them up; on failure the tile is none. */
lg_err lg_tile_load(lg_tile *tile, lg_node_reader read, void *ctx, unsigned level, int64_t n,
                    unsigned width) LG_MUST_CHECK;
/* Root of the complete subtree of height `row` (0 to 8, within the tile), number i counted from the tile's
 * start. */
const lg_hash *lg_tile_node(const lg_tile *tile, unsigned row, int64_t i);
static inline const lg_hash *lg_tile_root(const lg_tile *tile)
{
    return lg_tile_node(tile, LG_TILE_HEIGHT, 0);
}

/* Tiles read from storage, the last one of each level kept. Zero it, set read, ctx and size; clear it at the
 * end. */
typedef struct lg_tile_cache {
    lg_node_reader read;
    void *ctx;
    int64_t size; /* of the tree: says how wide the rightmost tiles are */
    lg_tile *tiles[LG_TILE_LEVELS];
} lg_tile_cache;

void lg_tile_cache_clear(lg_tile_cache *cache);

/* Where the roots of complete subtrees come from. */
typedef lg_err (*lg_subtree_reader)(void *ctx, unsigned height, int64_t i, lg_hash *out);
lg_err lg_tile_cache_subtree(void *cache, unsigned height, int64_t i,
                             lg_hash *out) LG_MUST_CHECK; /* an lg_subtree_reader */

lg_err lg_spine_build(lg_subtree_reader read, void *ctx, int64_t size,
                      lg_spine *out) LG_MUST_CHECK; /* size > 0 */
lg_err lg_walk_inclusion(lg_subtree_reader read, void *ctx, const lg_spine *spine, int64_t index,
                         lg_proof *out) LG_MUST_CHECK;
lg_err lg_walk_consistency(lg_subtree_reader read, void *ctx, const lg_spine *spine, int64_t old_size,
                           lg_proof *out) LG_MUST_CHECK;

#endif
