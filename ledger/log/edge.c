#include "ledger/log/tree_internal.h"

#include <stdlib.h>
#include <string.h>

struct lg_edge {
    int64_t size;
    lg_spine spine;      /* of spine.size; built when first asked for at a size */
    lg_tile_cache older; /* the fallback, for tiles that have left memory: full ones, which never change */
    lg_tile tiles[LG_TILE_LEVELS][2]; /* per level the current tile and the one before, at n & 1 */
};

static int64_t nodes_of_level(const lg_edge *edge, unsigned level)
{
    return edge->size >> (LG_TILE_HEIGHT * level);
}

/* The tile if it is in memory. */
static const lg_tile *find_tile(const lg_edge *edge, unsigned level, int64_t n)
{
    const lg_tile *tile = &edge->tiles[level][n & 1];
    return tile->n == n ? tile : NULL;
}

static lg_err load_level(lg_edge *edge, lg_node_reader read, void *ctx, unsigned level)
{
    int64_t count = nodes_of_level(edge, level), n = count / LG_TILE_WIDTH;
    unsigned width = (unsigned)(count % LG_TILE_WIDTH);
    lg_err err = LG_OK;
    if (width > 0)
        err = lg_tile_load(&edge->tiles[level][n & 1], read, ctx, level, n, width);
    if (err == LG_OK && n > 0)
        err = lg_tile_load(&edge->tiles[level][(n - 1) & 1], read, ctx, level, n - 1, LG_TILE_WIDTH);
    return err;
}

/* What is stored as the root of a level's last full tile must be its root: a flipped bit must not get signed.
 */
static lg_err check_level(const lg_edge *edge, unsigned level)
{
    int64_t n = nodes_of_level(edge, level + 1) - 1; /* the last full tile of `level`, and its node above */
    if (n < 0)
        return LG_OK;
    const lg_tile *tile = find_tile(edge, level, n), *above = find_tile(edge, level + 1, n / LG_TILE_WIDTH);
    if (!tile || !above)
        return LG_INTERNAL;
    return lg_hash_equal(lg_tile_root(tile), lg_tile_node(above, 0, n % LG_TILE_WIDTH)) ? LG_OK : LG_CORRUPT;
}

lg_err lg_edge_open(lg_node_reader read, void *ctx, int64_t size, lg_edge **out)
{
    if (size < 0 || size > LG_TREE_SIZE_MAX)
        return LG_INTERNAL;
    lg_edge *edge = calloc(1, sizeof *edge);
    if (!edge)
        lg_die("out of memory");
    edge->size = size;
    edge->older = (lg_tile_cache){.read = read, .ctx = ctx, .size = size};
    for (unsigned level = 0; level < LG_TILE_LEVELS; level++)
        edge->tiles[level][0].n = edge->tiles[level][1].n = -1;
    lg_err err = LG_OK;
    for (unsigned level = 0; err == LG_OK && level < LG_TILE_LEVELS; level++)
        err = load_level(edge, read, ctx, level);
    for (unsigned level = 0; err == LG_OK && level + 1 < LG_TILE_LEVELS; level++)
        err = check_level(edge, level);
    if (err == LG_OK)
        *out = edge;
    else
        lg_edge_close(edge);
    return err;
}

void lg_edge_close(lg_edge *edge)
{
    if (!edge)
        return;
    lg_tile_cache_clear(&edge->older);
    free(edge);
}

int64_t lg_edge_size(const lg_edge *edge)
{
    return edge->size;
}

unsigned lg_edge_append(lg_edge *edge, const lg_hash *leaf, lg_new_node out[LG_TILE_LEVELS + 1])
{
    unsigned count = 0;
    lg_new_node node = {.level = 0, .n = edge->size, .hash = *leaf};
    if (edge->size >= LG_TREE_SIZE_MAX)
        lg_die("the ledger is full");
    for (;;) {
        if (out)
            out[count] = node;
        count++;
        int64_t n = node.n / LG_TILE_WIDTH;
        lg_tile *tile = &edge->tiles[node.level][n & 1];
        if (tile->n != n)
            lg_tile_start(tile, n);
        lg_tile_push(tile, &node.hash);
        if (tile->width < LG_TILE_WIDTH)
            break;
        node = (lg_new_node){.level = node.level + 1, .n = n, .hash = *lg_tile_root(tile)};
    }
    edge->older.size = ++edge->size;
    return count;
}

/* The hashes of a row that is, or was by the last append, part of a current tile: every second level of rows
 * is a tile's own nodes, the one above it the subtrees of sixteen within. */
static const lg_hash *row_of(const lg_edge *edge, unsigned level, int64_t n)
{
    const unsigned height = level % 2 * LG_ROW_HEIGHT;
    const int64_t first = n * LG_ROW_WIDTH, tile = (first << height) / LG_TILE_WIDTH;
    return lg_tile_node(&edge->tiles[level / 2][tile & 1], height,
                        first - ((tile * LG_TILE_WIDTH) >> height));
}

unsigned lg_edge_rows(const lg_edge *edge, lg_tree_row out[LG_ROW_LEVELS])
{
    unsigned count = 0;
    for (int64_t n = edge->size; n > 0 && n % LG_ROW_WIDTH == 0; count++) {
        n /= LG_ROW_WIDTH;
        out[count] = (lg_tree_row){.level = count, .n = n - 1, .hashes = row_of(edge, count, n - 1)};
    }
    return count;
}

void lg_edge_tail(const lg_edge *edge, lg_tree_tail *out)
{
    lg_hash *place = out->hashes;
    unsigned level = 0;
    out->size = edge->size;
    for (int64_t n = edge->size; n > 0; n /= LG_ROW_WIDTH, level++) {
        const size_t count = (size_t)(n % LG_ROW_WIDTH);
        if (count)
            memcpy(place, row_of(edge, level, n / LG_ROW_WIDTH), count * sizeof *place);
        place += count;
    }
}

/* Where the growing row of the level begins in the tail, given the size; how many nodes the level has then
 * replaces it. */
static unsigned growing_row(int64_t *size, unsigned level)
{
    unsigned place = 0;
    for (; level > 0; level--, *size /= LG_ROW_WIDTH)
        place += (unsigned)(*size % LG_ROW_WIDTH);
    return place;
}

unsigned lg_tail_count(int64_t size)
{
    return growing_row(&size, LG_ROW_LEVELS);
}

lg_err lg_tail_read(const lg_tree_tail *tail, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    int64_t end = tail->size;
    const unsigned place = growing_row(&end, level);
    const int64_t start = end - end % LG_ROW_WIDTH;
    if (first < start || first + count > end)
        return LG_CORRUPT;
    memcpy(out, &tail->hashes[place + (first - start)], count * sizeof *out);
    return LG_OK;
}

lg_err lg_edge_read(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    lg_edge *edge = ctx;
    if (level >= LG_TILE_LEVELS || first < 0 || count == 0 || first % LG_TILE_WIDTH + count > LG_TILE_WIDTH ||
        first + count > nodes_of_level(edge, level))
        return LG_INTERNAL;
    const lg_tile *tile = find_tile(edge, level, first / LG_TILE_WIDTH);
    if (!tile)
        return edge->older.read(edge->older.ctx, level, first, count, out);
    memcpy(out, lg_tile_node(tile, 0, first % LG_TILE_WIDTH), count * sizeof *out);
    return LG_OK;
}

/* An lg_subtree_reader. */
static lg_err read_subtree(void *ctx, unsigned height, int64_t i, lg_hash *out)
{
    lg_edge *edge = ctx;
    unsigned level = height / LG_TILE_HEIGHT, row = height % LG_TILE_HEIGHT;
    int64_t n = (i << row) / LG_TILE_WIDTH;
    if (level >= LG_TILE_LEVELS)
        return LG_INTERNAL;
    const lg_tile *tile = find_tile(edge, level, n);
    if (!tile)
        return lg_tile_cache_subtree(&edge->older, height, i, out);
    *out = *lg_tile_node(tile, row, i - ((n * LG_TILE_WIDTH) >> row));
    return LG_OK;
}

/* edge->size > 0. */
static lg_err need_spine(lg_edge *edge)
{
    return edge->spine.size == edge->size ? LG_OK
                                          : lg_spine_build(read_subtree, edge, edge->size, &edge->spine);
}

lg_err lg_edge_root(lg_edge *edge, lg_hash *out)
{
    if (edge->size == 0) {
        *out = lg_sha256(lg_bytes_of(NULL, 0));
        return LG_OK;
    }
    lg_err err = need_spine(edge);
    if (err == LG_OK)
        *out = edge->spine.last[edge->spine.height];
    return err;
}

lg_err lg_edge_spine(lg_edge *edge, lg_spine *out)
{
    lg_err err = edge->size > 0 ? need_spine(edge) : LG_OK;
    if (err == LG_OK)
        *out = edge->size > 0 ? edge->spine : (lg_spine){0};
    return err;
}

lg_err lg_edge_prove_inclusion(lg_edge *edge, int64_t index, lg_proof *out)
{
    if (index < 0 || index >= edge->size)
        return LG_INTERNAL;
    lg_err err = need_spine(edge);
    return err == LG_OK ? lg_walk_inclusion(read_subtree, edge, &edge->spine, index, out) : err;
}
