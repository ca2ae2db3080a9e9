/* Roots and proofs against the definitions: every one that is right is made and taken, every one that is not
 * is refused. */
#include "tests/unit/tree_story.h"

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
        store_add_middle(&s);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_inclusion_path_is_right),
        cmocka_unit_test(every_consistency_proof_is_right),
        cmocka_unit_test(tampered_inclusion_proofs_are_refused),
        cmocka_unit_test(a_wrong_size_is_judged_as_the_definition_judges_it),
        cmocka_unit_test(a_wrong_place_is_judged_as_the_definition_judges_it),
        cmocka_unit_test(tampered_consistency_proofs_are_refused),
        cmocka_unit_test(the_empty_tree_has_its_own_root_and_every_tree_extends_it),
        cmocka_unit_test(questions_outside_the_tree_are_refused),
        cmocka_unit_test(a_failing_read_is_passed_on),
    };
    return cmocka_run_group_tests_name("tree", tests, set_up, tear_down);
}
