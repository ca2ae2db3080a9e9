/* What follows a growing tree: its right edge, which the writer keeps, and the prover, which readers keep.
 * They answer as storage does, and read little. */
#include "tests/unit/tree_story.h"

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
        store_add_middle(&s);
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
        assert_in_range(s.nodes_read, 0, 2 * LG_ROW_WIDTH);
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

/* The nodes of a level of rows: leaves, roots of sixteen, tile roots, and of those the roots of sixteen. */
static const lg_hash *nodes_of_rows(const store *s, unsigned level, lg_hash above[LG_ROW_WIDTH])
{
    assert_in_range(level, 0, 4);
    if (level < 3)
        return s->level[level == 0 ? 0 : level == 1 ? 3 : 1];
    for (unsigned i = 0; i < LG_ROW_WIDTH && 16 * i + 16 <= s->count[1]; i++)
        above[i] = root_of_sixteen(&s->level[1][16 * i]);
    return level == 3 ? above : s->level[2];
}

/* The tail has what a level has behind its full rows, and nothing else. */
static void assert_tail(const lg_edge *edge, const store *s)
{
    lg_tree_tail tail;
    lg_hash above[LG_ROW_WIDTH], out[LG_ROW_WIDTH];
    unsigned all = 0;
    lg_edge_tail(edge, &tail);
    for (unsigned level = 0; level < 5; level++) {
        const int64_t end = tail.size >> (4 * level), start = end / LG_ROW_WIDTH * LG_ROW_WIDTH;
        const unsigned count = (unsigned)(end - start);
        all += count;
        assert_int_equal(lg_tail_read(&tail, level, start, count, out), LG_OK);
        assert_memory_equal(out, nodes_of_rows(s, level, above) + start, count * sizeof *out);
        assert_int_equal(lg_tail_read(&tail, level, start, count + 1, out), LG_CORRUPT);
        assert_int_equal(lg_tail_read(&tail, level, start - 1, 1, out), LG_CORRUPT);
    }
    assert_int_equal(lg_tail_count(tail.size), all);
}

static void every_node_is_once_in_a_row_that_is_full(void **state)
{
    (void)state;
    store s;
    lg_edge *edge;
    int64_t filled[LG_ROW_LEVELS] = {0};
    store_open(&s);
    assert_int_equal(lg_edge_open(store_read, &s, 0, &edge), LG_OK);
    for (int64_t size = 1; size <= LARGEST; size++) {
        lg_new_node nodes[LG_TILE_LEVELS + 1];
        lg_tree_row rows[LG_ROW_LEVELS];
        lg_hash above[LG_ROW_WIDTH];
        store_add(&s, nodes, lg_edge_append(edge, &leaves[size - 1], nodes));
        store_add_middle(&s);
        for (unsigned i = 0, count = lg_edge_rows(edge, rows); i < count; i++) {
            assert_int_equal(rows[i].n, filled[rows[i].level]++);
            assert_memory_equal(rows[i].hashes,
                                nodes_of_rows(&s, rows[i].level, above) + rows[i].n * LG_ROW_WIDTH,
                                LG_ROW_WIDTH * sizeof(lg_hash));
        }
        for (unsigned level = 0; level < LG_ROW_LEVELS; level++)
            assert_int_equal(filled[level], size >> (4 * (level + 1)));
        if (size % 97 == 0 || size < 300 || size > LARGEST - 300)
            assert_tail(edge, &s);
    }
    lg_edge_close(edge);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prover_follows_a_growing_tree),
        cmocka_unit_test(the_edge_equals_storage_where_tiles_end),
        cmocka_unit_test(every_node_is_once_in_a_row_that_is_full),
        cmocka_unit_test(recent_entries_are_proven_without_reading),
        cmocka_unit_test(an_edge_over_flipped_bits_does_not_open),
    };
    return cmocka_run_group_tests_name("edge", tests, set_up, tear_down);
}
