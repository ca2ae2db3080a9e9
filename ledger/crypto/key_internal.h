/* What a signing key holds; for ledger/crypto only. */
#ifndef LG_CRYPTO_KEY_INTERNAL_H
#define LG_CRYPTO_KEY_INTERNAL_H

#include "ledger/crypto/sign.h"

#include <sodium.h>

/* In guarded memory, sealed. libsodium's secret half is seed ‖ public key. Bytes only: guarded memory is not
 * aligned. */
struct lg_signing_key {
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    lg_public_key public;
};

_Static_assert(LG_SEED_LEN == crypto_sign_SEEDBYTES && LG_PUBLIC_KEY_LEN == crypto_sign_PUBLICKEYBYTES &&
                   LG_SIGNATURE_LEN == crypto_sign_BYTES,
               "sizes of Ed25519");

#endif
