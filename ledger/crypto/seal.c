#include "ledger/crypto/seal.h"

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/key_internal.h"
#include "ledger/crypto/secret.h"

#include <string.h>

enum {
    BOX_LEN = LG_SEED_LEN + crypto_secretbox_MACBYTES,
    SEALED_LEN = crypto_secretbox_NONCEBYTES + BOX_LEN,
};
_Static_assert((int)LG_SEAL_KEY_LEN == (int)crypto_secretbox_KEYBYTES, "length of the master key");

char *lg_seal_signing_key(lg_arena *arena, const uint8_t master_key[LG_SEAL_KEY_LEN],
                          const lg_signing_key *key)
{
    uint8_t sealed[SEALED_LEN];
    lg_random(sealed, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, key->secret, LG_SEED_LEN, sealed, master_key);
    return lg_base64url_encode(arena, lg_bytes_of(sealed, sizeof sealed));
}

lg_err lg_unseal_signing_key(lg_arena *arena, const uint8_t master_key[LG_SEAL_KEY_LEN], lg_bytes sealed,
                             lg_signing_key **out)
{
    lg_bytes raw;
    lg_err err = LG_CORRUPT;
    if (!lg_base64url_decode(arena, sealed, &raw) || raw.len != SEALED_LEN)
        return LG_CORRUPT;
    uint8_t *seed = lg_secret_alloc(LG_SEED_LEN);
    if (crypto_secretbox_open_easy(seed, raw.data + crypto_secretbox_NONCEBYTES, BOX_LEN, raw.data,
                                   master_key) == 0) {
        *out = lg_signing_key_from_seed(seed);
        err = LG_OK;
    }
    lg_secret_free(seed);
    return err;
}
