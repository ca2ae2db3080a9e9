#include "ledger/crypto/hash.h"

/* OpenSSL's low-level SHA-256 is deprecated in favour of EVP, but it is what makes hashing cheap here: with
 * the CPU's SHA extensions it is several times faster than libsodium's, and it needs neither EVP's algorithm
 * fetch nor an allocation, which for the 65 bytes of a tree node would cost more than the hash. The three
 * functions cannot fail. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

_Static_assert(LG_HASH_LEN == SHA256_DIGEST_LENGTH && LG_HASH_LEN == crypto_auth_hmacsha256_BYTES,
               "lg_hash holds a SHA-256");
_Static_assert(LG_HASH_KEY_LEN >= crypto_generichash_KEYBYTES_MIN &&
                   LG_HASH_KEY_LEN <= crypto_generichash_KEYBYTES_MAX,
               "BLAKE2b takes keys of this length");
_Static_assert(LG_KEYED_LEN >= crypto_generichash_BYTES_MIN, "BLAKE2b gives digests of this length");

lg_hash lg_sha256(lg_bytes bytes)
{
    SHA256_CTX ctx;
    lg_hash out;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, bytes.data, bytes.len);
    SHA256_Final(out.b, &ctx);
    return out;
}

lg_hash lg_sha256_cat(lg_bytes prefix, lg_bytes a, lg_bytes b)
{
    SHA256_CTX ctx;
    lg_hash out;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, prefix.data, prefix.len);
    SHA256_Update(&ctx, a.data, a.len);
    SHA256_Update(&ctx, b.data, b.len);
    SHA256_Final(out.b, &ctx);
    return out;
}

lg_hash lg_hmac_sha256(lg_bytes key, const lg_bytes *parts, size_t count)
{
    crypto_auth_hmacsha256_state state;
    lg_hash out;
    crypto_auth_hmacsha256_init(&state, key.data, key.len);
    for (size_t i = 0; i < count; i++)
        crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].len);
    crypto_auth_hmacsha256_final(&state, out.b);
    sodium_memzero(&state, sizeof state);
    return out;
}

bool lg_hash_equal(const lg_hash *a, const lg_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static void add_field(crypto_generichash_state *state, lg_bytes field)
{
    if (field.len > UINT32_MAX)
        lg_die("keyed hash over a field of %zu bytes", field.len);
    uint32_t n = (uint32_t)field.len;
    const uint8_t len[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    crypto_generichash_update(state, len, sizeof len);
    crypto_generichash_update(state, field.data, field.len);
}

void lg_keyed_hash(const uint8_t key[LG_HASH_KEY_LEN], const char *tag, const lg_bytes *fields,
                   size_t field_count, uint8_t out[LG_KEYED_LEN])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, LG_HASH_KEY_LEN, LG_KEYED_LEN);
    add_field(&state, lg_bytes_str(tag)); /* the tag is the first field */
    for (size_t i = 0; i < field_count; i++)
        add_field(&state, fields[i]);
    crypto_generichash_final(&state, out, LG_KEYED_LEN);
    sodium_memzero(&state, sizeof state);
}
