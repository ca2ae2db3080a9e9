/* The Merkle tree over the entries (RFC 9162 section 2.1), read as node(level, n): level 0 holds the leaf
 * hashes, level k the roots of the full tiles (256 wide) of level k - 1. Every tile of every size is one
 * range of nodes. It is stored in rows of sixteen, see lg_tree_row. */
#ifndef LG_LOG_TREE_H
#define LG_LOG_TREE_H

#include "ledger/crypto/hash.h"

#include <stdbool.h>

enum {
    LG_TILE_WIDTH = 256,
    LG_TILE_LEVELS = 7, /* 256^7 > 2^53 */
    LG_PROOF_MAX = 64,  /* hashes in a proof of a tree below 2^63 */
    LG_ROW_WIDTH = 16,  /* 16 · 16 = LG_TILE_WIDTH */
    LG_ROW_LEVELS = 2 * LG_TILE_LEVELS,
    /* To a reader of nodes: the roots of 16 leaves each, so that a proof need not read and hash 256 leaves.
     */
    LG_MIDDLE_LEVEL = LG_TILE_LEVELS,
    LG_TREE_HEIGHT_MAX = 8 * LG_TILE_LEVELS, /* of a tree whose nodes can be stored; a tile is 8 high */
};

/* Reads `count` consecutive nodes of one level, all of which exist. Ranges never cross a tile. */
typedef lg_err (*lg_node_reader)(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out);

typedef struct lg_proof {
    lg_hash hashes[LG_PROOF_MAX];
    unsigned count;
} lg_proof;

lg_hash lg_node_hash(const lg_hash *left, const lg_hash *right); /* SHA-256(0x01 ‖ left ‖ right) */

/* Root of the tree of the first `size` entries; size 0 gives SHA-256 of nothing. */
lg_err lg_tree_root(lg_node_reader read, void *ctx, int64_t size, lg_hash *out) LG_MUST_CHECK;
/* Inclusion path of entry `index` in the tree of `size` (RFC 9162 section 2.1.3.1); 0 ≤ index < size. */
lg_err lg_tree_prove_inclusion(lg_node_reader read, void *ctx, int64_t index, int64_t size,
                               lg_proof *out) LG_MUST_CHECK;
/* Consistency of the trees of old_size and size (section 2.1.4.1); 0 < old_size ≤ size; empty if equal. */
lg_err lg_tree_prove_consistency(lg_node_reader read, void *ctx, int64_t old_size, int64_t size,
                                 lg_proof *out) LG_MUST_CHECK;

/* The subtrees of growing height that hold the last entry, cut off at `size`: last[height] is the root. With
 * them a proof needs nothing from the ragged right side. */
typedef struct lg_spine {
    int64_t size; /* 0: not built */
    unsigned height;
    lg_hash last[LG_TREE_HEIGHT_MAX + 1];
} lg_spine;

/* Inclusion paths of any entries, for many threads. Of the lowest level it reads 16 leaves and 16 middle
 * nodes, which costs the same however large the tree is; tiles of higher levels stay in memory, 16 MiB of
 * them at most. */
typedef struct lg_prover lg_prover;
lg_prover *lg_prover_open(void);
void lg_prover_close(lg_prover *prover);
/* In the tree of spine->size > index. */
lg_err lg_prover_inclusion(lg_prover *prover, lg_node_reader read, void *ctx, const lg_spine *spine,
                           int64_t index, lg_proof *out) LG_MUST_CHECK;

/* Verification, sections 2.1.3.2 and 2.1.4.2. LG_PROOF_INVALID if it does not hold. Pure: feed it anything.
 */
lg_err lg_verify_inclusion(const lg_hash *leaf, int64_t index, int64_t size, const lg_hash *root,
                           const lg_hash *proof, size_t proof_count) LG_MUST_CHECK;
lg_err lg_verify_consistency(int64_t old_size, const lg_hash *old_root, int64_t size, const lg_hash *root,
                             const lg_hash *proof, size_t proof_count) LG_MUST_CHECK;

/* The right edge of a growing tree, kept in memory by the writer: for each level the current tile and the one
 * before it, so that appending, the root, and proofs of recent entries read nothing. Older nodes come from
 * the fallback reader. */
typedef struct lg_edge lg_edge;

/* A node that an append brought into being. */
typedef struct lg_new_node {
    unsigned level;
    int64_t n;
    lg_hash hash;
} lg_new_node;

/* Loads the edge of a tree of `size` through `read` (kept, with ctx, as the fallback). */
lg_err lg_edge_open(lg_node_reader read, void *ctx, int64_t size, lg_edge **out) LG_MUST_CHECK;
void lg_edge_close(lg_edge *edge);
int64_t lg_edge_size(const lg_edge *edge);
/* Appends a leaf; writes the new nodes (the leaf itself, and a root per tile it completed) to out, unless
 * that is NULL, and returns how many. */
unsigned lg_edge_append(lg_edge *edge, const lg_hash *leaf, lg_new_node out[LG_TILE_LEVELS + 1]);

/* How the tree is stored: row n of level k holds the roots of the subtrees 16n to 16n + 15 of height 4k, of
 * level 0 the leaf hashes. It is written once, when it is full, so a row never changes. */
typedef struct lg_tree_row {
    unsigned level; /* below LG_ROW_LEVELS */
    int64_t n;
    const lg_hash *hashes; /* LG_ROW_WIDTH of them */
} lg_tree_row;

/* What is in no full row yet: of each level, the lowest first, the hashes of the row that grows there. They
 * are as many as that hexadecimal digit of the tree's size says, the last one the lowest level's. */
typedef struct lg_tree_tail {
    int64_t size; /* of the tree */
    lg_hash hashes[LG_ROW_LEVELS * (LG_ROW_WIDTH - 1)];
} lg_tree_tail;

/* The rows that the last append filled; their hashes are the edge's, until the next append. */
unsigned lg_edge_rows(const lg_edge *edge, lg_tree_row out[LG_ROW_LEVELS]);
void lg_edge_tail(const lg_edge *edge, lg_tree_tail *out);
unsigned lg_tail_count(int64_t size); /* hashes in the tail of a tree of that size */
/* Of a level of rows, hashes first … first + count - 1; LG_CORRUPT unless they are all in the tail. */
lg_err lg_tail_read(const lg_tree_tail *tail, unsigned level, int64_t first, unsigned count,
                    lg_hash *out) LG_MUST_CHECK;
/* An lg_node_reader over memory first, the fallback second; ctx is the edge. */
lg_err lg_edge_read(void *edge, unsigned level, int64_t first, unsigned count, lg_hash *out);

/* What the writer asks after every batch: root and inclusion path at the edge's own size. The hashing for the
 * ragged right side is done once per size; each path after that is copies. index < size. */
lg_err lg_edge_root(lg_edge *edge, lg_hash *out) LG_MUST_CHECK;
lg_err lg_edge_spine(lg_edge *edge, lg_spine *out) LG_MUST_CHECK; /* size 0 if the tree is empty */
lg_err lg_edge_prove_inclusion(lg_edge *edge, int64_t index, lg_proof *out) LG_MUST_CHECK;

/* Path of a tile as in C2SP tlog-tiles: level is "0".."63" or "entries" (level < 0), n in groups of three,
 * e.g. x001/x234/067, then ".p/<width>" when partial. Parses what follows "/tile/". width 256 means full.
 * false if not exactly such a path. */
bool lg_tile_path_parse(const char *path, int *level, int64_t *n, unsigned *width) LG_MUST_CHECK;
char *lg_tile_path_format(lg_arena *arena, int level, int64_t n, unsigned width);

#endif
