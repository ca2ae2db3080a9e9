/* Sealing small secrets under a master key (libsodium secretbox: XSalsa20-Poly1305 with a random 192-bit
 * nonce). */
#ifndef LG_CRYPTO_SEAL_H
#define LG_CRYPTO_SEAL_H

#include "ledger/crypto/sign.h"

enum { LG_SEAL_KEY_LEN = 32 };

/* The seed of a signing key, sealed; base64url text in the arena. */
char *lg_seal_signing_key(lg_arena *arena, const uint8_t master_key[LG_SEAL_KEY_LEN],
                          const lg_signing_key *key);
/* LG_CORRUPT if it was not sealed under this master key, or is not whole. */
lg_err lg_unseal_signing_key(lg_arena *arena, const uint8_t master_key[LG_SEAL_KEY_LEN], lg_bytes sealed,
                             lg_signing_key **out) LG_MUST_CHECK;

#endif
