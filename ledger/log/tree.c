#include "ledger/log/tree_internal.h"

#include <string.h>

lg_hash lg_node_hash(const lg_hash *left, const lg_hash *right)
{
    uint8_t bytes[1 + 2 * LG_HASH_LEN] = {0x01};
    memcpy(bytes + 1, left->b, LG_HASH_LEN);
    memcpy(bytes + 1 + LG_HASH_LEN, right->b, LG_HASH_LEN);
    return lg_sha256(lg_bytes_of(bytes, sizeof bytes));
}

lg_err lg_spine_build(lg_subtree_reader read, void *ctx, int64_t size, lg_spine *out)
{
    unsigned h = 0;
    out->size = 0;
    lg_err err = read(ctx, 0, size - 1, &out->last[0]);
    for (int64_t i = size - 1; err == LG_OK && i > 0; i >>= 1, h++) {
        out->last[h + 1] = out->last[h];
        if (i & 1) { /* a complete subtree stands to its left */
            lg_hash left;
            err = read(ctx, h, i - 1, &left);
            if (err == LG_OK)
                out->last[h + 1] = lg_node_hash(&left, &out->last[h]);
        }
    }
    if (err == LG_OK) {
        out->size = size;
        out->height = h;
    }
    return err;
}

/* Appends the siblings of subtree (h, i) and of those that hold it, up to the root: the mirror of RFC 9162
 * section 2.1.3.2. */
static lg_err climb(lg_subtree_reader read, void *ctx, const lg_spine *spine, unsigned h, int64_t i,
                    lg_proof *out)
{
    for (; h < spine->height; h++, i >>= 1) {
        int64_t last = (spine->size - 1) >> h, sibling = i ^ 1;
        if (sibling > last)
            continue; /* the last subtree, alone at this height */
        lg_hash *place = &out->hashes[out->count++];
        if (sibling == last) {
            *place = spine->last[h];
            continue;
        }
        lg_err err = read(ctx, h, sibling, place);
        if (err != LG_OK)
            return err;
    }
    return LG_OK;
}

lg_err lg_walk_inclusion(lg_subtree_reader read, void *ctx, const lg_spine *spine, int64_t index,
                         lg_proof *out)
{
    out->count = 0;
    return climb(read, ctx, spine, 0, index, out);
}

lg_err lg_walk_consistency(lg_subtree_reader read, void *ctx, const lg_spine *spine, int64_t old_size,
                           lg_proof *out)
{
    unsigned h = 0;
    int64_t i = old_size - 1;
    out->count = 0;
    if (old_size == spine->size)
        return LG_OK;
    for (; i & 1; i >>= 1)
        h++;
    /* (h, i) is the old tree's last complete subtree. If it is the whole old tree, the verifier knows its
     * root. */
    if (i > 0) {
        lg_err err = read(ctx, h, i, &out->hashes[out->count++]);
        if (err != LG_OK)
            return err;
    }
    return climb(read, ctx, spine, h, i, out);
}

lg_err lg_tree_root(lg_node_reader read, void *ctx, int64_t size, lg_hash *out)
{
    if (size < 0 || size > LG_TREE_SIZE_MAX)
        return LG_INTERNAL;
    if (size == 0) {
        *out = lg_sha256(lg_bytes_of(NULL, 0));
        return LG_OK;
    }
    lg_tile_cache cache = {.read = read, .ctx = ctx, .size = size};
    lg_spine spine;
    lg_err err = lg_spine_build(lg_tile_cache_subtree, &cache, size, &spine);
    if (err == LG_OK)
        *out = spine.last[spine.height];
    lg_tile_cache_clear(&cache);
    return err;
}

lg_err lg_tree_prove_inclusion(lg_node_reader read, void *ctx, int64_t index, int64_t size, lg_proof *out)
{
    if (index < 0 || index >= size || size > LG_TREE_SIZE_MAX)
        return LG_INTERNAL;
    lg_tile_cache cache = {.read = read, .ctx = ctx, .size = size};
    lg_spine spine;
    lg_err err = lg_spine_build(lg_tile_cache_subtree, &cache, size, &spine);
    if (err == LG_OK)
        err = lg_walk_inclusion(lg_tile_cache_subtree, &cache, &spine, index, out);
    lg_tile_cache_clear(&cache);
    return err;
}

lg_err lg_tree_prove_consistency(lg_node_reader read, void *ctx, int64_t old_size, int64_t size,
                                 lg_proof *out)
{
    if (old_size <= 0 || old_size > size || size > LG_TREE_SIZE_MAX)
        return LG_INTERNAL;
    lg_tile_cache cache = {.read = read, .ctx = ctx, .size = size};
    lg_spine spine;
    lg_err err = lg_spine_build(lg_tile_cache_subtree, &cache, size, &spine);
    if (err == LG_OK)
        err = lg_walk_consistency(lg_tile_cache_subtree, &cache, &spine, old_size, out);
    lg_tile_cache_clear(&cache);
    return err;
}
