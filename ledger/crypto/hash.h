/* SHA-256 (FIPS 180-4), and a keyed hash (BLAKE2b, RFC 7693) for values that must not be guessable from
 * outside. */
#ifndef LG_CRYPTO_HASH_H
#define LG_CRYPTO_HASH_H

#include "ledger/base/arena.h"

#include <stdbool.h>

enum { LG_HASH_LEN = 32, LG_KEYED_LEN = 16, LG_HASH_KEY_LEN = 32 };

typedef struct lg_hash {
    uint8_t b[LG_HASH_LEN];
} lg_hash;

lg_hash lg_sha256(lg_bytes bytes);
/* SHA-256 of prefix ‖ a ‖ b. */
lg_hash lg_sha256_cat(lg_bytes prefix, lg_bytes a, lg_bytes b);
/* HMAC-SHA-256 (RFC 2104) of parts joined without a separator. */
lg_hash lg_hmac_sha256(lg_bytes key, const lg_bytes *parts, size_t count);
bool lg_hash_equal(const lg_hash *a, const lg_hash *b);

/* A 128-bit BLAKE2b keyed with `key` over fields joined unambiguously (each preceded by its length as u32be).
 * `tag` separates uses of one key. 16 bytes to `out`. */
void lg_keyed_hash(const uint8_t key[LG_HASH_KEY_LEN], const char *tag, const lg_bytes *fields,
                   size_t field_count, uint8_t out[LG_KEYED_LEN]);

#endif
