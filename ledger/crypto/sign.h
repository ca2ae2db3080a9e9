/* Ed25519 (RFC 8032), through libsodium. */
#ifndef LG_CRYPTO_SIGN_H
#define LG_CRYPTO_SIGN_H

#include "ledger/base/arena.h"

#include <stdbool.h>

enum { LG_SEED_LEN = 32, LG_PUBLIC_KEY_LEN = 32, LG_SIGNATURE_LEN = 64 };

typedef struct lg_public_key {
    uint8_t b[LG_PUBLIC_KEY_LEN];
} lg_public_key;
typedef struct lg_signature {
    uint8_t b[LG_SIGNATURE_LEN];
} lg_signature;

/* A key pair; the secret half lives in guarded memory. Immutable, so safe to share between threads. */
typedef struct lg_signing_key lg_signing_key;

lg_signing_key *lg_signing_key_from_seed(const uint8_t seed[LG_SEED_LEN]);
lg_signing_key *lg_signing_key_new(void); /* random */
void lg_signing_key_close(lg_signing_key *key);
lg_public_key lg_signing_key_public(const lg_signing_key *key);
lg_signature lg_sign(const lg_signing_key *key, lg_bytes message);
bool lg_verify(const lg_public_key *key, lg_bytes message, const lg_signature *signature) LG_MUST_CHECK;

/* A point of the curve's prime-order group, not of small order: what a participant may register. */
bool lg_public_key_is_valid(const lg_public_key *key) LG_MUST_CHECK;

/* Key files: JWK (RFC 8037) {"crv":"Ed25519","d":"…","kty":"OKP","x":"…"}, mode 0600, written to a temporary
 * name, synced and renamed. Loading refuses a file that others can read (LG_IO), and a d that does not belong
 * to x. lg_key_file_write fails with LG_ALREADY_EXISTS rather than overwrite. */
lg_err lg_key_file_write(const char *path, const lg_signing_key *key, lg_report *report) LG_MUST_CHECK;
lg_err lg_key_file_read(const char *path, lg_signing_key **out, lg_report *report) LG_MUST_CHECK;

/* kid of a public key: base64url of the SHA-256 JWK thumbprint (RFC 7638, RFC 8037 appendix A.3), 43
 * characters. */
typedef struct lg_kid {
    char s[44];
} lg_kid;
lg_kid lg_kid_of(const lg_public_key *key);

#endif
