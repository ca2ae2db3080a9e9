/* The Merkle tree against the recursive definitions of RFC 9162 section 2.1, written here a second time and
 * sharing nothing with the library but SHA-256. */
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
    lg_hash *level[4]; /* the last: the middle nodes */
    int64_t count[4];
    int64_t reads, nodes_read;
    bool fail; /* answer LG_IO */
} store;

static lg_hash *leaves;                    /* LARGEST of them */
static lg_hash memo[EVERY + 1][EVERY + 1]; /* mth(lo, hi) */
static bool known[EVERY + 1][EVERY + 1];

static lg_err store_read(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out)
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

static void store_open(store *s)
{
    *s = (store){0};
    for (unsigned i = 0; i < 4; i++)
        s->level[i] = calloc(i == 0 ? LARGEST : 1 + LARGEST / LG_MIDDLE_WIDTH, sizeof(lg_hash));
}

static void store_close(store *s)
{
    for (unsigned i = 0; i < 4; i++)
        free(s->level[i]);
}

static void store_add(store *s, const lg_new_node *nodes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_in_range(nodes[i].level, 0, 2);
        assert_int_equal(nodes[i].n, s->count[nodes[i].level]);
        s->level[nodes[i].level][s->count[nodes[i].level]++] = nodes[i].hash;
    }
}

static void store_add_middle(store *s, const lg_edge *edge)
{
    lg_new_node node;
    if (!lg_edge_middle(edge, &node))
        return;
    assert_int_equal(node.level, LG_MIDDLE_LEVEL);
    assert_int_equal(node.n, s->count[3]);
    s->level[3][s->count[3]++] = node.hash;
}

/* --- the definitions, again --- */

static lg_hash node_of(lg_hash left, lg_hash right)
{
    uint8_t bytes[65] = {1};
    memcpy(bytes + 1, &left, 32);
    memcpy(bytes + 33, &right, 32);
    return lg_sha256(lg_bytes_of(bytes, 65));
}

/* The largest power of two smaller than n. */
static int64_t split_of(int64_t n)
{
    int64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

/* MTH(D[lo:hi]), section 2.1.1. */
static lg_hash mth(int64_t lo, int64_t hi)
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
static void path(int64_t m, int64_t lo, int64_t hi, lg_proof *out)
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
static void subproof(int64_t m, int64_t lo, int64_t hi, bool b, lg_proof *out)
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
static bool rebuild(int64_t m, int64_t n, lg_hash leaf, const lg_proof *proof, unsigned *left, lg_hash *out)
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

static bool inclusion_holds(lg_hash leaf, int64_t m, int64_t n, const lg_proof *proof, lg_hash root)
{
    unsigned left = proof->count;
    lg_hash again;
    return rebuild(m, n, leaf, proof, &left, &again) && left == 0 && memcmp(&again, &root, 32) == 0;
}

/* Both roots rebuilt from a consistency proof. */
static bool rebuild_both(int64_t m, int64_t n, bool b, lg_hash old_root, const lg_proof *proof,
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

static bool consistency_holds(int64_t m, lg_hash old_root, int64_t n, lg_hash new_root, const lg_proof *proof)
{
    unsigned left = proof->count;
    lg_hash old, new;
    return rebuild_both(m, n, true, old_root, proof, &left, &old, &new) && left == 0 &&
           memcmp(&old, &old_root, 32) == 0 && memcmp(&new, &new_root, 32) == 0;
}

static void assert_same_proof(const lg_proof *a, const lg_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hashes, b->hashes, a->count * sizeof(lg_hash));
}

/* --- tests --- */

/* A tree is grown entry by entry; at each size every path is made three ways: by the definition, from
 * storage, from the edge, and with the prover's memory. */
static void every_inclusion_path_is_right(void **state)
{
    (void)state;
    store s;
    lg_edge *edge;
    store_open(&s);
    lg_prover *prover = lg_prover_open();
    assert_int_equal(lg_edge_open(store_read, &s, 0, &edge), LG_OK);
    for (int64_t size = 1; size <= EVERY; size++) {
        lg_new_node nodes[LG_TILE_LEVELS + 1];
        lg_hash root, stored_root;
        lg_spine spine;
        store_add(&s, nodes, lg_edge_append(edge, &leaves[size - 1], nodes));
        store_add_middle(&s, edge);
        assert_int_equal(lg_edge_size(edge), size);
        assert_int_equal(lg_edge_spine(edge, &spine), LG_OK);
        lg_hash expected_root = mth(0, size);
        assert_int_equal(lg_edge_root(edge, &root), LG_OK);
        assert_memory_equal(&root, &expected_root, 32);
        assert_int_equal(lg_tree_root(store_read, &s, size, &stored_root), LG_OK);
        assert_memory_equal(&stored_root, &expected_root, 32);
        for (int64_t index = 0; index < size; index++) {
            lg_proof expected = {.count = 0}, remembered, stored, proven;
            path(index, 0, size, &expected);
            assert_true(inclusion_holds(leaves[index], index, size, &expected, root));
            assert_int_equal(lg_edge_prove_inclusion(edge, index, &remembered), LG_OK);
            assert_same_proof(&remembered, &expected);
            assert_int_equal(lg_tree_prove_inclusion(store_read, &s, index, size, &stored), LG_OK);
            assert_same_proof(&stored, &expected);
            assert_int_equal(lg_prover_inclusion(prover, store_read, &s, &spine, index, &proven), LG_OK);
            assert_same_proof(&proven, &expected);
            assert_int_equal(
                lg_verify_inclusion(&leaves[index], index, size, &root, stored.hashes, stored.count), LG_OK);
        }
    }
    lg_prover_close(prover);
    lg_edge_close(edge);
    store_close(&s);
}

/* While a tree grows past its tiles' ends, proofs of old and new entries stay right, and cost no more. */
static void a_prover_follows_a_growing_tree(void **state)
{
    (void)state;
    store s;
    lg_edge *edge;
    lg_prover *prover = lg_prover_open();
    uint64_t random = 1;
    store_open(&s);
    assert_int_equal(lg_edge_open(store_read, &s, 0, &edge), LG_OK);
    for (int64_t size = 1; size <= LARGEST; size++) {
        lg_new_node nodes[LG_TILE_LEVELS + 1];
        store_add(&s, nodes, lg_edge_append(edge, &leaves[size - 1], nodes));
        store_add_middle(&s, edge);
        if (size % 97 != 0 && size < LARGEST - 300)
            continue;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        const int64_t index = (int64_t)((random >> 33) % (uint64_t)size);
        lg_spine spine;
        lg_proof proven, stored;
        assert_int_equal(lg_edge_spine(edge, &spine), LG_OK);
        assert_int_equal(spine.size, size);
        assert_int_equal(lg_prover_inclusion(prover, store_read, &s, &spine, index, &proven), LG_OK);
        assert_int_equal(lg_tree_prove_inclusion(store_read, &s, index, size, &stored), LG_OK);
        assert_same_proof(&proven, &stored);
        /* The same again: what is above is remembered, of the rest sixteen leaves and middle nodes are read.
         */
        s.nodes_read = 0;
        assert_int_equal(lg_prover_inclusion(prover, store_read, &s, &spine, index, &proven), LG_OK);
        assert_same_proof(&proven, &stored);
        assert_in_range(s.nodes_read, 0, 2 * LG_MIDDLE_WIDTH);
        assert_int_equal(lg_prover_inclusion(prover, store_read, &s, &spine, size, &proven), LG_INTERNAL);
    }
    s.fail = true;
    lg_spine spine;
    lg_proof proven;
    assert_int_equal(lg_edge_spine(edge, &spine), LG_OK);
    assert_int_equal(lg_prover_inclusion(prover, store_read, &s, &spine, 3, &proven), LG_IO);
    lg_prover_close(prover);
    lg_edge_close(edge);
    store_close(&s);
}

static void grow(store *s, int64_t size)
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

static void every_consistency_proof_is_right(void **state)
{
    (void)state;
    store s;
    grow(&s, EVERY_CONSISTENCY);
    for (int64_t size = 1; size <= EVERY_CONSISTENCY; size++) {
        lg_hash root = mth(0, size);
        for (int64_t old = 1; old <= size; old++) {
            lg_proof expected = {.count = 0}, proof;
            lg_hash old_root = mth(0, old);
            subproof(old, 0, size, true, &expected);
            assert_int_equal(lg_tree_prove_consistency(store_read, &s, old, size, &proof), LG_OK);
            assert_same_proof(&proof, &expected);
            assert_true(consistency_holds(old, old_root, size, root, &proof));
            assert_int_equal(lg_verify_consistency(old, &old_root, size, &root, proof.hashes, proof.count),
                             LG_OK);
        }
    }
    store_close(&s);
}

/* A tampered proof must be refused by the library exactly when the definition refuses it, and never be
 * accepted. */
static void refuse_inclusion(int64_t index, int64_t size, lg_hash leaf, lg_hash root, const lg_proof *proof)
{
    assert_int_equal(lg_verify_inclusion(&leaf, index, size, &root, proof->hashes, proof->count),
                     LG_PROOF_INVALID);
    if (index >= 0 && index < size)
        assert_false(inclusion_holds(leaf, index, size, proof, root));
}

static lg_proof without(const lg_proof *proof, unsigned at)
{
    lg_proof out = *proof;
    memmove(out.hashes + at, out.hashes + at + 1, (proof->count - at - 1) * sizeof(lg_hash));
    out.count--;
    return out;
}

static lg_proof with(const lg_proof *proof, unsigned at, lg_hash hash)
{
    lg_proof out = *proof;
    memmove(out.hashes + at + 1, out.hashes + at, (proof->count - at) * sizeof(lg_hash));
    out.hashes[at] = hash;
    out.count++;
    return out;
}

static void flip(lg_hash *hash, unsigned bit)
{
    hash->b[bit / 8 % 32] ^= (uint8_t)(1u << bit % 8);
}

static void tampered_inclusion_proofs_are_refused(void **state)
{
    (void)state;
    unsigned bit = 0;
    for (int64_t size = 1; size <= 130; size++) {
        for (int64_t index = 0; index < size; index++) {
            lg_proof proof = {.count = 0}, bad;
            lg_hash root = mth(0, size), leaf = leaves[index];
            path(index, 0, size, &proof);
            for (unsigned i = 0; i < proof.count; i++) {
                bad = proof;
                flip(&bad.hashes[i], bit++);
                refuse_inclusion(index, size, leaf, root, &bad);
                bad = without(&proof, i);
                refuse_inclusion(index, size, leaf, root, &bad);
                bad = with(&proof, i, proof.hashes[i]);
                refuse_inclusion(index, size, leaf, root, &bad);
                if (i + 1 < proof.count) {
                    bad = proof;
                    bad.hashes[i] = proof.hashes[i + 1];
                    bad.hashes[i + 1] = proof.hashes[i];
                    refuse_inclusion(index, size, leaf, root, &bad);
                }
            }
            bad = with(&proof, proof.count, root);
            refuse_inclusion(index, size, leaf, root, &bad);
            lg_hash other = leaf;
            flip(&other, bit++);
            refuse_inclusion(index, size, other, root, &proof);
            other = root;
            flip(&other, bit++);
            refuse_inclusion(index, size, leaf, other, &proof);
            for (int64_t wrong = -1; wrong <= size; wrong++)
                if (wrong != index)
                    refuse_inclusion(wrong, size, leaf, root, &proof);
            refuse_inclusion(index, 0, leaf, root, &proof);
            refuse_inclusion(index, -1, leaf, root, &proof);
            refuse_inclusion(index, INT64_C(1) << 53, leaf, root, &proof);
            assert_int_equal(lg_verify_inclusion(&leaf, index, INT64_MAX, &root, proof.hashes, proof.count),
                             LG_PROOF_INVALID);
        }
    }
}

/* Only a size in which the path has the same turns can pass with the same hashes; the signed checkpoint fixes
 * the size. What must hold: the library says what the definition says. */
static void a_wrong_size_is_judged_as_the_definition_judges_it(void **state)
{
    (void)state;
    for (int64_t size = 1; size <= 70; size++)
        for (int64_t index = 0; index < size; index++) {
            lg_proof proof = {.count = 0};
            lg_hash root = mth(0, size);
            path(index, 0, size, &proof);
            for (int64_t claimed = index + 1; claimed <= 140; claimed++) {
                bool holds = inclusion_holds(leaves[index], index, claimed, &proof, root);
                assert_int_equal(
                    lg_verify_inclusion(&leaves[index], index, claimed, &root, proof.hashes, proof.count),
                    holds ? LG_OK : LG_PROOF_INVALID);
            }
        }
}

/* Nor may a path pass at another place of another tree, such as one of a larger tree for a tree of one entry.
 */
static void a_wrong_place_is_judged_as_the_definition_judges_it(void **state)
{
    (void)state;
    for (int64_t size = 1; size <= 20; size++)
        for (int64_t index = 0; index < size; index++) {
            lg_proof proof = {.count = 0};
            lg_hash root = mth(0, size), leaf = leaves[index];
            path(index, 0, size, &proof);
            for (int64_t claimed = 1; claimed <= 34; claimed++)
                for (int64_t place = 0; place < claimed; place++) {
                    bool holds = inclusion_holds(leaf, place, claimed, &proof, root);
                    lg_err err = lg_verify_inclusion(&leaf, place, claimed, &root, proof.hashes, proof.count);
                    assert_int_equal(err, holds ? LG_OK : LG_PROOF_INVALID);
                }
        }
}

static void refuse_consistency(int64_t old, lg_hash old_root, int64_t size, lg_hash root,
                               const lg_proof *proof)
{
    assert_int_equal(lg_verify_consistency(old, &old_root, size, &root, proof->hashes, proof->count),
                     LG_PROOF_INVALID);
    if (old > 0 && old <= size)
        assert_false(consistency_holds(old, old_root, size, root, proof));
}

static void tampered_consistency_proofs_are_refused(void **state)
{
    (void)state;
    unsigned bit = 0;
    for (int64_t size = 1; size <= 130; size++) {
        for (int64_t old = 1; old <= size; old++) {
            lg_proof proof = {.count = 0}, bad;
            lg_hash root = mth(0, size), old_root = mth(0, old), other;
            subproof(old, 0, size, true, &proof);
            for (unsigned i = 0; i < proof.count; i++) {
                bad = proof;
                flip(&bad.hashes[i], bit++);
                refuse_consistency(old, old_root, size, root, &bad);
                bad = without(&proof, i);
                refuse_consistency(old, old_root, size, root, &bad);
                bad = with(&proof, i, proof.hashes[i]);
                refuse_consistency(old, old_root, size, root, &bad);
                if (i + 1 < proof.count) {
                    bad = proof;
                    bad.hashes[i] = proof.hashes[i + 1];
                    bad.hashes[i + 1] = proof.hashes[i];
                    refuse_consistency(old, old_root, size, root, &bad);
                }
            }
            bad = with(&proof, proof.count, root);
            refuse_consistency(old, old_root, size, root, &bad);
            other = old_root;
            flip(&other, bit++);
            refuse_consistency(old, other, size, root, &proof);
            other = root;
            flip(&other, bit++);
            refuse_consistency(old, old_root, size, other, &proof);
            refuse_consistency(size + 1, old_root, size, root, &proof);
            refuse_consistency(-1, old_root, size, root, &proof);
            refuse_consistency(old, old_root, -size, root, &proof);
            for (int64_t wrong = 1; wrong <= 140; wrong++) {
                bool holds = wrong <= size && consistency_holds(wrong, old_root, size, root, &proof);
                assert_int_equal(
                    lg_verify_consistency(wrong, &old_root, size, &root, proof.hashes, proof.count),
                    holds ? LG_OK : LG_PROOF_INVALID);
                if (wrong != old)
                    assert_false(holds);
            }
        }
    }
}

static void the_empty_tree_has_its_own_root_and_every_tree_extends_it(void **state)
{
    (void)state;
    store s;
    lg_edge *edge;
    lg_hash root, empty = lg_sha256(lg_bytes_str("")), other = leaves[1];
    store_open(&s);
    assert_int_equal(lg_tree_root(store_read, &s, 0, &root), LG_OK);
    assert_memory_equal(&root, &empty, 32);
    assert_int_equal(lg_edge_open(store_read, &s, 0, &edge), LG_OK);
    assert_int_equal(lg_edge_root(edge, &root), LG_OK);
    assert_memory_equal(&root, &empty, 32);
    lg_edge_close(edge);
    assert_int_equal(s.reads, 0);
    assert_int_equal(lg_verify_consistency(0, &empty, 5, &other, NULL, 0), LG_OK);
    assert_int_equal(lg_verify_consistency(0, &empty, 0, &empty, NULL, 0), LG_OK);
    assert_int_equal(lg_verify_consistency(0, &other, 5, &other, NULL, 0), LG_PROOF_INVALID);
    assert_int_equal(lg_verify_consistency(0, &other, 0, &other, NULL, 0), LG_PROOF_INVALID);
    assert_int_equal(lg_verify_consistency(0, &empty, 0, &other, NULL, 0), LG_PROOF_INVALID);
    assert_int_equal(lg_verify_consistency(0, &empty, 5, &other, &other, 1), LG_PROOF_INVALID);
    store_close(&s);
}

static void questions_outside_the_tree_are_refused(void **state)
{
    (void)state;
    store s;
    lg_edge *edge;
    lg_proof proof;
    lg_hash out[2];
    grow(&s, 300);
    assert_int_equal(lg_tree_prove_inclusion(store_read, &s, 300, 300, &proof), LG_INTERNAL);
    assert_int_equal(lg_tree_prove_inclusion(store_read, &s, -1, 300, &proof), LG_INTERNAL);
    assert_int_equal(lg_tree_prove_inclusion(store_read, &s, 0, 0, &proof), LG_INTERNAL);
    assert_int_equal(lg_tree_prove_consistency(store_read, &s, 0, 300, &proof), LG_INTERNAL);
    assert_int_equal(lg_tree_prove_consistency(store_read, &s, 301, 300, &proof), LG_INTERNAL);
    assert_int_equal(lg_tree_root(store_read, &s, -1, out), LG_INTERNAL);
    assert_int_equal(lg_tree_root(store_read, &s, INT64_MAX, out), LG_INTERNAL);
    assert_int_equal(lg_edge_open(store_read, &s, -1, &edge), LG_INTERNAL);
    assert_int_equal(lg_edge_open(store_read, &s, INT64_MAX, &edge), LG_INTERNAL);
    assert_int_equal(lg_edge_open(store_read, &s, 300, &edge), LG_OK);
    assert_int_equal(lg_edge_prove_inclusion(edge, 300, &proof), LG_INTERNAL);
    assert_int_equal(lg_edge_prove_inclusion(edge, -1, &proof), LG_INTERNAL);
    assert_int_equal(lg_edge_read(edge, 0, 299, 2, out), LG_INTERNAL);
    assert_int_equal(lg_edge_read(edge, 0, 255, 2, out), LG_INTERNAL);
    assert_int_equal(lg_edge_read(edge, 0, -1, 1, out), LG_INTERNAL);
    assert_int_equal(lg_edge_read(edge, 0, 0, 0, out), LG_INTERNAL);
    assert_int_equal(lg_edge_read(edge, 1, 1, 1, out), LG_INTERNAL);
    assert_int_equal(lg_edge_read(edge, LG_TILE_LEVELS, 0, 1, out), LG_INTERNAL);
    lg_edge_close(edge);
    store_close(&s);
}

static void a_failing_read_is_passed_on(void **state)
{
    (void)state;
    store s;
    lg_edge *edge;
    lg_proof proof;
    lg_hash root;
    grow(&s, 1000);
    assert_int_equal(lg_edge_open(store_read, &s, 1000, &edge), LG_OK);
    s.fail = true;
    assert_int_equal(lg_tree_root(store_read, &s, 1000, &root), LG_IO);
    assert_int_equal(lg_tree_prove_inclusion(store_read, &s, 3, 1000, &proof), LG_IO);
    assert_int_equal(lg_tree_prove_consistency(store_read, &s, 3, 1000, &proof), LG_IO);
    assert_int_equal(lg_edge_prove_inclusion(edge, 3, &proof), LG_IO);
    s.fail = false;
    assert_int_equal(lg_edge_prove_inclusion(edge, 3, &proof), LG_OK);
    s.fail = true;
    lg_edge *second;
    assert_int_equal(lg_edge_open(store_read, &s, 1000, &second), LG_IO);
    lg_edge_close(edge);
    store_close(&s);
}

/* Whatever the edge answers, from memory or not, is what storage answers. */
static void assert_edge_equals_store(lg_edge *edge, store *s, int64_t size)
{
    for (unsigned level = 0; level < 3; level++) {
        int64_t count = size >> (8 * level);
        for (int64_t first = 0; first < count; first += LG_TILE_WIDTH) {
            unsigned width = count - first < LG_TILE_WIDTH ? (unsigned)(count - first) : LG_TILE_WIDTH;
            lg_hash out[LG_TILE_WIDTH];
            assert_int_equal(lg_edge_read(edge, level, first, width, out), LG_OK);
            assert_memory_equal(out, s->level[level] + first, width * sizeof *out);
            if (width > 2) {
                assert_int_equal(lg_edge_read(edge, level, first + 1, width - 2, out), LG_OK);
                assert_memory_equal(out, s->level[level] + first + 1, (width - 2) * sizeof *out);
            }
        }
    }
}

static void assert_edge_proves_like_store(lg_edge *edge, store *s, int64_t size)
{
    lg_hash root, stored_root;
    assert_int_equal(lg_edge_root(edge, &root), LG_OK);
    assert_int_equal(lg_tree_root(store_read, s, size, &stored_root), LG_OK);
    assert_memory_equal(&root, &stored_root, 32);
    for (int64_t step = 0; step < 40; step++) {
        int64_t index = step < 20 ? size - 1 - step : (step - 20) * size / 20;
        lg_proof proof, stored, through;
        if (index < 0)
            continue;
        assert_int_equal(lg_edge_prove_inclusion(edge, index, &proof), LG_OK);
        assert_int_equal(lg_tree_prove_inclusion(store_read, s, index, size, &stored), LG_OK);
        assert_int_equal(lg_tree_prove_inclusion(lg_edge_read, edge, index, size, &through), LG_OK);
        assert_same_proof(&proof, &stored);
        assert_same_proof(&through, &stored);
        assert_true(inclusion_holds(leaves[index], index, size, &proof, root));
    }
}

static void the_edge_equals_storage_where_tiles_end(void **state)
{
    (void)state;
    static const int64_t stops[] = {1,    255,  256,  257,   511,   512,   513,   767,   768,   769,
                                    4095, 4096, 4097, 65279, 65280, 65281, 65535, 65536, 65537, 65590};
    store s;
    lg_edge *grown, *loaded;
    store_open(&s);
    assert_int_equal(lg_edge_open(store_read, &s, 0, &grown), LG_OK);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        while (lg_edge_size(grown) < stops[i]) {
            lg_new_node nodes[LG_TILE_LEVELS + 1];
            store_add(&s, nodes, lg_edge_append(grown, &leaves[lg_edge_size(grown)], nodes));
        }
        assert_int_equal(lg_edge_open(store_read, &s, stops[i], &loaded), LG_OK);
        assert_edge_equals_store(grown, &s, stops[i]);
        assert_edge_equals_store(loaded, &s, stops[i]);
        assert_edge_proves_like_store(grown, &s, stops[i]);
        assert_edge_proves_like_store(loaded, &s, stops[i]);
        lg_hash root, defined = mth(0, stops[i]);
        assert_int_equal(lg_edge_root(loaded, &root), LG_OK);
        assert_memory_equal(&root, &defined, 32);
        lg_edge_close(loaded);
    }
    lg_edge_close(grown);
    store_close(&s);
}

static void recent_entries_are_proven_without_reading(void **state)
{
    (void)state;
    store s;
    lg_edge *edge;
    lg_proof proof;
    grow(&s, 65590);
    assert_int_equal(lg_edge_open(store_read, &s, 65590, &edge), LG_OK);
    s.reads = 0;
    for (int64_t index = 65590 - 257; index < 65590; index++)
        assert_int_equal(lg_edge_prove_inclusion(edge, index, &proof), LG_OK);
    assert_int_equal(s.reads, 0);
    assert_int_equal(lg_edge_prove_inclusion(edge, 5, &proof), LG_OK);
    assert_int_equal(s.reads, 1); /* the one tile of leaves that has left memory */
    lg_edge_close(edge);
    store_close(&s);
}

static void an_edge_over_flipped_bits_does_not_open(void **state)
{
    (void)state;
    store s;
    lg_edge *edge;
    grow(&s, 65590);
    flip(&s.level[0][65400], 7); /* in the last full tile of leaves */
    assert_int_equal(lg_edge_open(store_read, &s, 65590, &edge), LG_CORRUPT);
    flip(&s.level[0][65400], 7);
    flip(&s.level[1][255], 200); /* its root */
    assert_int_equal(lg_edge_open(store_read, &s, 65590, &edge), LG_CORRUPT);
    flip(&s.level[1][255], 200);
    flip(&s.level[2][0], 0);
    assert_int_equal(lg_edge_open(store_read, &s, 65590, &edge), LG_CORRUPT);
    flip(&s.level[2][0], 0);
    assert_int_equal(lg_edge_open(store_read, &s, 65590, &edge), LG_OK);
    lg_edge_close(edge);
    store_close(&s);
}

static int set_up(void **state)
{
    (void)state;
    leaves = calloc(LARGEST, sizeof *leaves);
    for (uint32_t i = 0; leaves && i < LARGEST; i++)
        leaves[i] = lg_sha256_cat(lg_bytes_of("", 1), lg_bytes_of(&i, sizeof i), lg_bytes_str("leaf"));
    return leaves && lg_crypto_init() == LG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(leaves);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_inclusion_path_is_right),
        cmocka_unit_test(a_prover_follows_a_growing_tree),
        cmocka_unit_test(every_consistency_proof_is_right),
        cmocka_unit_test(tampered_inclusion_proofs_are_refused),
        cmocka_unit_test(a_wrong_size_is_judged_as_the_definition_judges_it),
        cmocka_unit_test(a_wrong_place_is_judged_as_the_definition_judges_it),
        cmocka_unit_test(tampered_consistency_proofs_are_refused),
        cmocka_unit_test(the_empty_tree_has_its_own_root_and_every_tree_extends_it),
        cmocka_unit_test(questions_outside_the_tree_are_refused),
        cmocka_unit_test(a_failing_read_is_passed_on),
        cmocka_unit_test(the_edge_equals_storage_where_tiles_end),
        cmocka_unit_test(recent_entries_are_proven_without_reading),
        cmocka_unit_test(an_edge_over_flipped_bits_does_not_open),
    };
    return cmocka_run_group_tests_name("tree", tests, set_up, tear_down);
}
