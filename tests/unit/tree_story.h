/* For the tests of the Merkle tree: storage in memory, and the recursive definitions of RFC 9162 section 2.1,
 * written here a second time and sharing nothing with the library but SHA-256. */
#ifndef TESTS_UNIT_TREE_STORY_H
#define TESTS_UNIT_TREE_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/crypto/secret.h"
#include "ledger/log/tree.h"

#include <stdlib.h>
#include <string.h>

enum { EVERY = 600, EVERY_CONSISTENCY = 320, LARGEST = 65600 };

/* What storage would hold. */
typedef struct store {
    lg_hash *level[4]; /* the last: the middle nodes, roots of sixteen leaves */
    int64_t count[4];
    int64_t reads, nodes_read;
    bool fail; /* answer LG_IO */
} store;

static lg_hash *leaves;                    /* LARGEST of them */
static lg_hash memo[EVERY + 1][EVERY + 1]; /* mth(lo, hi) */
static bool known[EVERY + 1][EVERY + 1];

static inline lg_err store_read(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    store *s = ctx;
    s->reads++;
    if (s->fail)
        return LG_IO;
    assert_in_range(count, 1, LG_TILE_WIDTH);
    assert_int_equal(first / LG_TILE_WIDTH, (first + count - 1) / LG_TILE_WIDTH); /* never across a tile */
    if (level == LG_MIDDLE_LEVEL)
        level = 3;
    assert_in_range(level, 0, 3);
    assert_true(first >= 0 && first + count <= s->count[level]);
    memcpy(out, s->level[level] + first, count * sizeof *out);
    s->nodes_read += count;
    return LG_OK;
}

static inline void store_open(store *s)
{
    *s = (store){0};
    for (unsigned i = 0; i < 4; i++)
        s->level[i] = calloc(i == 0 ? LARGEST : 1 + LARGEST / LG_ROW_WIDTH, sizeof(lg_hash));
}

static inline void store_close(store *s)
{
    for (unsigned i = 0; i < 4; i++)
        free(s->level[i]);
}

static inline void store_add(store *s, const lg_new_node *nodes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_in_range(nodes[i].level, 0, 2);
        assert_int_equal(nodes[i].n, s->count[nodes[i].level]);
        s->level[nodes[i].level][s->count[nodes[i].level]++] = nodes[i].hash;
    }
}

static inline lg_hash root_of_sixteen(const lg_hash *hashes)
{
    lg_hash row[LG_ROW_WIDTH];
    memcpy(row, hashes, sizeof row);
    for (unsigned width = LG_ROW_WIDTH / 2; width > 0; width /= 2)
        for (unsigned i = 0; i < width; i++)
            row[i] = lg_sha256_cat(lg_bytes_of("\1", 1), lg_bytes_of(&row[2 * i], sizeof *row),
                                   lg_bytes_of(&row[2 * i + 1], sizeof *row));
    return row[0];
}

/* The root of the last sixteen leaves, if they are sixteen. */
static inline void store_add_middle(store *s)
{
    const int64_t size = s->count[0];
    if (size % LG_ROW_WIDTH == 0)
        s->level[3][s->count[3]++] = root_of_sixteen(&s->level[0][size - LG_ROW_WIDTH]);
}

/* --- the definitions, again --- */

static inline lg_hash node_of(lg_hash left, lg_hash right)
{
    uint8_t bytes[65] = {1};
    memcpy(bytes + 1, &left, 32);
    memcpy(bytes + 33, &right, 32);
    return lg_sha256(lg_bytes_of(bytes, 65));
}

/* The largest power of two smaller than n. */
static inline int64_t split_of(int64_t n)
{
    int64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

/* MTH(D[lo:hi]), section 2.1.1. */
static inline lg_hash mth(int64_t lo, int64_t hi)
{
    if (hi - lo == 1)
        return leaves[lo];
    if (hi <= EVERY && known[lo][hi])
        return memo[lo][hi];
    int64_t k = split_of(hi - lo);
    lg_hash hash = node_of(mth(lo, lo + k), mth(lo + k, hi));
    if (hi <= EVERY) {
        memo[lo][hi] = hash;
        known[lo][hi] = true;
    }
    return hash;
}

/* PATH(m, D[lo:hi]), section 2.1.3.1. */
static inline void path(int64_t m, int64_t lo, int64_t hi, lg_proof *out)
{
    if (hi - lo == 1)
        return;
    int64_t k = split_of(hi - lo);
    bool left = m < k;
    if (left)
        path(m, lo, lo + k, out);
    else
        path(m - k, lo + k, hi, out);
    out->hashes[out->count++] = left ? mth(lo + k, hi) : mth(lo, lo + k);
}

/* SUBPROOF(m, D[lo:hi], b), section 2.1.4.1. */
static inline void subproof(int64_t m, int64_t lo, int64_t hi, bool b, lg_proof *out)
{
    if (m == hi - lo) {
        if (!b)
            out->hashes[out->count++] = mth(lo, hi);
        return;
    }
    int64_t k = split_of(hi - lo);
    if (m <= k) {
        subproof(m, lo, lo + k, b, out);
        out->hashes[out->count++] = mth(lo + k, hi);
    } else {
        subproof(m - k, lo + k, hi, false, out);
        out->hashes[out->count++] = mth(lo, lo + k);
    }
}

/* Root rebuilt from a path, taking hashes off its end as the recursion goes down; false if there are too few.
 */
static inline bool rebuild(int64_t m, int64_t n, lg_hash leaf, const lg_proof *proof, unsigned *left,
                           lg_hash *out)
{
    if (n == 1) {
        *out = leaf;
        return true;
    }
    if (*left == 0)
        return false;
    lg_hash other = proof->hashes[--*left], inner;
    int64_t k = split_of(n);
    if (m < k) {
        if (!rebuild(m, k, leaf, proof, left, &inner))
            return false;
        *out = node_of(inner, other);
    } else {
        if (!rebuild(m - k, n - k, leaf, proof, left, &inner))
            return false;
        *out = node_of(other, inner);
    }
    return true;
}

static inline bool inclusion_holds(lg_hash leaf, int64_t m, int64_t n, const lg_proof *proof, lg_hash root)
{
    unsigned left = proof->count;
    lg_hash again;
    return rebuild(m, n, leaf, proof, &left, &again) && left == 0 && memcmp(&again, &root, 32) == 0;
}

/* Both roots rebuilt from a consistency proof. */
static inline bool rebuild_both(int64_t m, int64_t n, bool b, lg_hash old_root, const lg_proof *proof,
                                unsigned *left, lg_hash *old, lg_hash *new)
{
    if (m == n) {
        if (!b && *left == 0)
            return false;
        *old = *new = b ? old_root : proof->hashes[--*left];
        return true;
    }
    if (*left == 0)
        return false;
    lg_hash other = proof->hashes[--*left];
    int64_t k = split_of(n);
    if (m <= k) {
        if (!rebuild_both(m, k, b, old_root, proof, left, old, new))
            return false;
        *new = node_of(*new, other);
    } else {
        if (!rebuild_both(m - k, n - k, false, old_root, proof, left, old, new))
            return false;
        *old = node_of(other, *old);
        *new = node_of(other, *new);
    }
    return true;
}

static inline bool consistency_holds(int64_t m, lg_hash old_root, int64_t n, lg_hash new_root,
                                     const lg_proof *proof)
{
    unsigned left = proof->count;
    lg_hash old, new;
    return rebuild_both(m, n, true, old_root, proof, &left, &old, &new) && left == 0 &&
           memcmp(&old, &old_root, 32) == 0 && memcmp(&new, &new_root, 32) == 0;
}

static inline void assert_same_proof(const lg_proof *a, const lg_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hashes, b->hashes, a->count * sizeof(lg_hash));
}

static inline void grow(store *s, int64_t size)
{
    lg_edge *edge;
    store_open(s);
    assert_int_equal(lg_edge_open(store_read, s, 0, &edge), LG_OK);
    for (int64_t i = 0; i < size; i++) {
        lg_new_node nodes[LG_TILE_LEVELS + 1];
        store_add(s, nodes, lg_edge_append(edge, &leaves[i], nodes));
    }
    assert_int_equal(s->reads, 0); /* growing never reads */
    lg_edge_close(edge);
}

static inline void flip(lg_hash *hash, unsigned bit)
{
    hash->b[bit / 8 % 32] ^= (uint8_t)(1u << bit % 8);
}

static inline int set_up(void **state)
{
    (void)state;
    leaves = calloc(LARGEST, sizeof *leaves);
    for (uint32_t i = 0; leaves && i < LARGEST; i++)
        leaves[i] = lg_sha256_cat(lg_bytes_of("", 1), lg_bytes_of(&i, sizeof i), lg_bytes_str("leaf"));
    return leaves && lg_crypto_init() == LG_OK ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    free(leaves);
    return 0;
}

#endif
