/* Inclusion and consistency proofs, computed with pieces that an attacker chooses. The input is a list of
 * choices; where it is used up the honest value stands. What is accepted must be true. */
#include "tests/fuzz/honest_log.h"

#include <string.h>

/* Replaces, drops, adds or bends hashes of a proof. */
static void bend(const honest_log *log, fuzz_input *input, lg_proof *proof)
{
    while (input->left > 0) {
        unsigned how = fuzz_byte(input), at = fuzz_byte(input);
        if (how % 4 == 0 && proof->count > 0) {
            proof->hashes[at % proof->count].b[fuzz_byte(input) % LG_HASH_LEN] ^= (uint8_t)fuzz_byte(input);
        } else if (how % 4 == 1 && proof->count > 0) {
            proof->count--;
        } else if (how % 4 == 2 && proof->count < LG_PROOF_MAX) {
            proof->hashes[proof->count++] = log->nodes[0][fuzz_number(input) % HONEST_SIZE];
        } else if (proof->count > 0) {
            proof->hashes[at % proof->count] = log->nodes[0][fuzz_number(input) % HONEST_SIZE];
        }
    }
}

static void inclusion(const honest_log *log, fuzz_input *input)
{
    lg_proof proof = {0};
    int64_t seq = fuzz_number(input) % HONEST_SIZE;
    int64_t index = (int64_t)fuzz_number(input), size = (int64_t)fuzz_number(input);
    lg_hash leaf = log->nodes[0][fuzz_number(input) % HONEST_SIZE];
    FUZZ_HOLDS(lg_tree_prove_inclusion(honest_read, (void *)log, seq, HONEST_SIZE, &proof) == LG_OK);
    FUZZ_HOLDS(lg_verify_inclusion(&log->nodes[0][seq], seq, HONEST_SIZE, &log->head.root, proof.hashes,
                                   proof.count) == LG_OK);
    bend(log, input, &proof);
    if (lg_verify_inclusion(&leaf, index, HONEST_SIZE, &log->head.root, proof.hashes, proof.count) == LG_OK)
        FUZZ_HOLDS(index < HONEST_SIZE && lg_hash_equal(&leaf, &log->nodes[0][index]));
    /* Another size than the root's: nothing can be said but that it ends, in bounds. */
    lg_err any = lg_verify_inclusion(&leaf, index, size, &log->head.root, proof.hashes, proof.count);
    FUZZ_HOLDS(any == LG_OK || any == LG_PROOF_INVALID);
}

static void consistency(const honest_log *log, fuzz_input *input)
{
    lg_proof proof = {0};
    lg_hash old_root;
    int64_t old_size = 1 + fuzz_number(input) % HONEST_SIZE, claimed = (int64_t)fuzz_number(input);
    FUZZ_HOLDS(lg_tree_prove_consistency(honest_read, (void *)log, old_size, HONEST_SIZE, &proof) == LG_OK);
    FUZZ_HOLDS(lg_tree_root(honest_read, (void *)log, old_size, &old_root) == LG_OK);
    FUZZ_HOLDS(lg_verify_consistency(old_size, &old_root, HONEST_SIZE, &log->head.root, proof.hashes,
                                     proof.count) == LG_OK);
    unsigned flip = fuzz_byte(input);
    old_root.b[flip % LG_HASH_LEN] ^= (uint8_t)(flip >> 5);
    bend(log, input, &proof);
    if (lg_verify_consistency(claimed, &old_root, HONEST_SIZE, &log->head.root, proof.hashes, proof.count) !=
        LG_OK)
        return;
    lg_hash true_root;
    FUZZ_HOLDS(claimed > 0 && claimed <= HONEST_SIZE);
    FUZZ_HOLDS(lg_tree_root(honest_read, (void *)log, claimed, &true_root) == LG_OK);
    FUZZ_HOLDS(lg_hash_equal(&true_root, &old_root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const honest_log *log = honest_open();
    fuzz_input input = {data, len};
    if (fuzz_byte(&input) % 2)
        inclusion(log, &input);
    else
        consistency(log, &input);
    return 0;
}
