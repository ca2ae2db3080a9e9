#include "ledger/log/tree.h"

/* RFC 9162 section 2.1.3.2; fn, sn and r are its names. */
lg_err lg_verify_inclusion(const lg_hash *leaf, int64_t index, int64_t size, const lg_hash *root,
                           const lg_hash *proof, size_t proof_count)
{
    if (index < 0 || index >= size)
        return LG_PROOF_INVALID;
    int64_t fn = index, sn = size - 1;
    lg_hash r = *leaf;
    for (size_t i = 0; i < proof_count; i++) {
        if (sn == 0) /* also bounds the loop, whatever proof_count says */
            return LG_PROOF_INVALID;
        if ((fn & 1) || fn == sn) {
            r = lg_node_hash(&proof[i], &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = lg_node_hash(&r, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && lg_hash_equal(&r, root) ? LG_OK : LG_PROOF_INVALID;
}

/* The cases section 2.1.4.2 leaves out: equal sizes, and an empty old tree, which every tree extends. */
static lg_err verify_without_hashes(int64_t old_size, const lg_hash *old_root, int64_t size,
                                    const lg_hash *root, size_t proof_count)
{
    if (proof_count != 0)
        return LG_PROOF_INVALID;
    if (old_size == 0) {
        lg_hash empty = lg_sha256(lg_bytes_of(NULL, 0));
        if (!lg_hash_equal(old_root, &empty))
            return LG_PROOF_INVALID;
    }
    return old_size != size || lg_hash_equal(old_root, root) ? LG_OK : LG_PROOF_INVALID;
}

/* RFC 9162 section 2.1.4.2; fn, sn, fr and sr are its names. */
lg_err lg_verify_consistency(int64_t old_size, const lg_hash *old_root, int64_t size, const lg_hash *root,
                             const lg_hash *proof, size_t proof_count)
{
    if (old_size < 0 || old_size > size)
        return LG_PROOF_INVALID;
    if (old_size == 0 || old_size == size)
        return verify_without_hashes(old_size, old_root, size, root, proof_count);
    if (proof_count == 0)
        return LG_PROOF_INVALID;
    bool power_of_two = (old_size & (old_size - 1)) == 0;
    int64_t fn = old_size - 1, sn = size - 1;
    for (; fn & 1; fn >>= 1)
        sn >>= 1;
    lg_hash fr = power_of_two ? *old_root : proof[0], sr = fr;
    for (size_t i = power_of_two ? 0 : 1; i < proof_count; i++) {
        if (sn == 0)
            return LG_PROOF_INVALID;
        if ((fn & 1) || fn == sn) {
            fr = lg_node_hash(&proof[i], &fr);
            sr = lg_node_hash(&proof[i], &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = lg_node_hash(&sr, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && lg_hash_equal(&fr, old_root) && lg_hash_equal(&sr, root) ? LG_OK : LG_PROOF_INVALID;
}
