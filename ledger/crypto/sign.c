#include "ledger/crypto/sign.h"

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/key_internal.h"
#include "ledger/crypto/secret.h"

#include <stdio.h>
#include <string.h>

lg_signing_key *lg_signing_key_from_seed(const uint8_t seed[LG_SEED_LEN])
{
    lg_signing_key *key = lg_secret_alloc(sizeof *key);
    if (crypto_sign_seed_keypair(key->public.b, key->secret, seed) != 0)
        lg_die("Ed25519 key generation failed");
    lg_secret_seal(key);
    return key;
}

lg_signing_key *lg_signing_key_new(void)
{
    uint8_t seed[LG_SEED_LEN];
    lg_random(seed, sizeof seed);
    lg_signing_key *key = lg_signing_key_from_seed(seed);
    lg_wipe(seed, sizeof seed);
    return key;
}

void lg_signing_key_close(lg_signing_key *key)
{
    lg_secret_free(key);
}

lg_public_key lg_signing_key_public(const lg_signing_key *key)
{
    return key->public;
}

lg_signature lg_sign(const lg_signing_key *key, lg_bytes message)
{
    lg_signature signature;
    if (crypto_sign_detached(signature.b, NULL, message.data, message.len, key->secret) != 0)
        lg_die("Ed25519 signing failed");
    return signature;
}

bool lg_verify(const lg_public_key *key, lg_bytes message, const lg_signature *signature)
{
    return crypto_sign_verify_detached(signature->b, message.data, message.len, key->b) == 0;
}

bool lg_public_key_is_valid(const lg_public_key *key)
{
    return crypto_core_ed25519_is_valid_point(key->b) == 1;
}

lg_kid lg_kid_of(const lg_public_key *key)
{
    /* RFC 7638 section 3.2 with RFC 8037 section 2: the required members only, in this order, no white space.
     */
    char x[44], jwk[128];
    lg_base64url_write(x, key->b, sizeof key->b);
    int len = snprintf(jwk, sizeof jwk, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
    lg_hash thumbprint = lg_sha256(lg_bytes_of(jwk, (size_t)len));
    lg_kid kid;
    lg_base64url_write(kid.s, thumbprint.b, sizeof thumbprint.b);
    return kid;
}
