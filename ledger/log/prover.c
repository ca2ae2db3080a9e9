#include "ledger/log/tree_internal.h"

#include <pthread.h>
#include <stdlib.h>

enum { KEPT_TILES = 1024 /* of 16 KiB each; a ledger of 67 million entries has as many of level 1 */ };

/* A tile stays at its own place until another of the same place is asked for. */
struct lg_prover {
    pthread_mutex_t lock;
    struct kept {
        unsigned level;
        lg_tile *tile; /* NULL: none */
    } kept[KEPT_TILES];
};

lg_prover *lg_prover_open(void)
{
    lg_prover *prover = calloc(1, sizeof *prover);
    if (!prover)
        lg_die("out of memory");
    pthread_mutex_init(&prover->lock, NULL);
    return prover;
}

void lg_prover_close(lg_prover *prover)
{
    if (!prover)
        return;
    for (size_t i = 0; i < KEPT_TILES; i++)
        free(prover->kept[i].tile);
    pthread_mutex_destroy(&prover->lock);
    free(prover);
}

/* Sixteen neighbours of one level. */
typedef struct sixteen {
    int64_t n; /* the number of the subtree they are; -1: none */
    lg_hash hashes[LG_ROW_WIDTH];
} sixteen;

/* The root over 2^row of them. A proof asks for few of the subtrees, so only these are hashed. */
static lg_hash root_over(const lg_hash *hashes, unsigned row)
{
    if (row == 0)
        return *hashes;
    const lg_hash left = root_over(hashes, row - 1), right = root_over(hashes + (1u << (row - 1)), row - 1);
    return lg_node_hash(&left, &right);
}

/* One proof on its way. Complete subtrees are all that is asked for: the ragged side is in the spine. */
typedef struct walk {
    lg_prover *prover;
    lg_node_reader read;
    void *ctx;
    int64_t size;
    sixteen leaves, middle;
} walk;

/* As many as the tree has. */
static lg_err load_sixteen(walk *w, sixteen *s, unsigned level, int64_t n)
{
    const int64_t all = level == 0 ? w->size : w->size / LG_ROW_WIDTH, rest = all - n * LG_ROW_WIDTH;
    const unsigned width = rest < LG_ROW_WIDTH ? (unsigned)rest : LG_ROW_WIDTH;
    lg_err err = w->read(w->ctx, level, n * LG_ROW_WIDTH, width, s->hashes);
    s->n = err ? -1 : n;
    return err;
}

/* Subtree i of height `row` above the nodes of a level, which is complete. */
static lg_err from_sixteen(walk *w, sixteen *s, unsigned level, unsigned row, int64_t i, lg_hash *out)
{
    const int64_t first = i << row, n = first / LG_ROW_WIDTH;
    lg_err err = s->n == n ? LG_OK : load_sixteen(w, s, level, n);
    if (err == LG_OK)
        *out = root_over(&s->hashes[first % LG_ROW_WIDTH], row);
    return err;
}

static struct kept *place_of(lg_prover *prover, unsigned level, int64_t n)
{
    return &prover->kept[((uint64_t)n + level * UINT64_C(0x9e3779b9)) % KEPT_TILES];
}

/* What is kept may be of an earlier size: narrower than the tile is now, but never otherwise. */
static bool find_kept(lg_prover *prover, unsigned level, int64_t n, unsigned row, int64_t place, lg_hash *out)
{
    pthread_mutex_lock(&prover->lock);
    const struct kept *kept = place_of(prover, level, n);
    const bool found = kept->tile && kept->level == level && kept->tile->n == n &&
                       (place + 1) << row <= (int64_t)kept->tile->width;
    if (found)
        *out = *lg_tile_node(kept->tile, row, place);
    pthread_mutex_unlock(&prover->lock);
    return found;
}

static void keep(lg_prover *prover, unsigned level, lg_tile *tile_take)
{
    pthread_mutex_lock(&prover->lock);
    struct kept *kept = place_of(prover, level, tile_take->n);
    lg_tile *old = kept->tile;
    if (old && kept->level == level && old->n == tile_take->n && old->width >= tile_take->width) {
        old = tile_take; /* another thread was faster */
    } else {
        kept->level = level;
        kept->tile = tile_take;
    }
    pthread_mutex_unlock(&prover->lock);
    free(old);
}

static lg_err from_tile(walk *w, unsigned level, unsigned row, int64_t i, lg_hash *out)
{
    const int64_t n = (i << row) / LG_TILE_WIDTH, place = i - ((n * LG_TILE_WIDTH) >> row);
    if (find_kept(w->prover, level, n, row, place, out))
        return LG_OK;
    const int64_t rest = (w->size >> (LG_TILE_HEIGHT * level)) - n * LG_TILE_WIDTH;
    lg_tile *tile = malloc(sizeof *tile);
    if (!tile)
        lg_die("out of memory");
    lg_err err =
        lg_tile_load(tile, w->read, w->ctx, level, n, rest < LG_TILE_WIDTH ? (unsigned)rest : LG_TILE_WIDTH);
    if (err != LG_OK) {
        free(tile);
        return err;
    }
    *out = *lg_tile_node(tile, row, place);
    keep(w->prover, level, tile);
    return LG_OK;
}

/* An lg_subtree_reader. */
static lg_err read_subtree(void *ctx, unsigned height, int64_t i, lg_hash *out)
{
    walk *w = ctx;
    const unsigned level = height / LG_TILE_HEIGHT;
    if (level >= LG_TILE_LEVELS)
        return LG_INTERNAL;
    if (height < LG_ROW_HEIGHT)
        return from_sixteen(w, &w->leaves, 0, height, i, out);
    if (level == 0)
        return from_sixteen(w, &w->middle, LG_MIDDLE_LEVEL, height - LG_ROW_HEIGHT, i, out);
    return from_tile(w, level, height % LG_TILE_HEIGHT, i, out);
}

lg_err lg_prover_inclusion(lg_prover *prover, lg_node_reader read, void *ctx, const lg_spine *spine,
                           int64_t index, lg_proof *out)
{
    if (index < 0 || index >= spine->size)
        return LG_INTERNAL;
    walk w = {.prover = prover, .read = read, .ctx = ctx, .size = spine->size};
    w.leaves.n = w.middle.n = -1;
    return lg_walk_inclusion(read_subtree, &w, spine, index, out);
}
