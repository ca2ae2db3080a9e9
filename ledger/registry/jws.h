/* Signed commands: JWS (RFC 7515) with Ed25519 (RFC 8037) in JSON serialization, flattened, or general with
 * up to two signatures where two parties sign one act; the protected header as in ACME (RFC 8555
 * section 6.2). Stored verbatim: what is hashed into the ledger's `req` is the exact bytes received. */
#ifndef LG_REGISTRY_JWS_H
#define LG_REGISTRY_JWS_H

#include "ledger/base/json.h"
#include "ledger/base/uuid.h"
#include "ledger/crypto/sign.h"

#include <stdbool.h>

enum { LG_JWS_SIGNATURES_MAX = 2, LG_JTI_MIN = 22, LG_JTI_MAX = 64 };

typedef struct lg_jws_signature {
    const char *alg; /* as claimed; lg_jws_check judges it */
    const char *kid;
    const char *aud;
    const char *url;
    const char *jti;
    int64_t iat;            /* unix seconds */
    const char *cty;        /* NULL: JSON */
    const char *submission; /* JSON text of the header's `submission` member, or NULL */
    lg_uuid token;          /* in custody: the id of the bearer token it was given with; nil: none */
    lg_bytes signing_input; /* ASCII(protected ‖ '.' ‖ payload) */
    lg_signature signature;
} lg_jws_signature;

typedef struct lg_jws {
    lg_bytes bytes;   /* as received; borrowed from the caller */
    lg_bytes payload; /* decoded */
    lg_jws_signature signatures[LG_JWS_SIGNATURES_MAX];
    size_t signature_count;
} lg_jws;

/* Takes the form apart; LG_MALFORMED_JWS (or LG_MALFORMED_JSON) with a sentence otherwise. Verifies nothing.
 */
lg_err lg_jws_parse(lg_arena *arena, lg_bytes bytes, lg_jws *out, lg_report *report) LG_MUST_CHECK;
/* alg, aud and url of every signature, and that two signatures agree on jti and cty. url NULL: the command
 * names it itself, because it comes among others. LG_WRONG_ALG, LG_WRONG_AUDIENCE, LG_WRONG_URL. */
lg_err lg_jws_check(const lg_jws *jws, const char *origin, const char *url, lg_report *report) LG_MUST_CHECK;

/* LG_JTI_MIN to LG_JTI_MAX characters of the base64url alphabet. */
bool lg_jti_is_valid(const char *text);
/* A fresh one: what a UUID of version 7 begins with, 8 bytes of time and a counter, and 128 random bits. That
 * it grows with time keeps the registry's index of them quick. */
const char *lg_jti_new(lg_arena *arena);
/* That of one of many which come together: the same for the same two texts. They lie side by side too. */
const char *lg_jti_among(lg_arena *arena, const char *many, const char *one);

/* What a signer says in the protected header. jti NULL: a fresh one. */
typedef struct lg_jws_header {
    const char *aud, *url, *jti;
    int64_t iat;            /* unix seconds */
    const char *cty;        /* or NULL */
    const char *submission; /* JSON text, or NULL */
    lg_uuid token;          /* nil unless custody signs */
} lg_jws_header;

/* A flattened JWS for the command, NUL-terminated, in the arena. */
char *lg_jws_compose(lg_arena *arena, const lg_signing_key *key, const lg_jws_header *header,
                     lg_bytes payload);
/* A general JWS with both keys' signatures over one payload. */
char *lg_jws_compose_two(lg_arena *arena, const lg_signing_key *first, const lg_signing_key *second,
                         const lg_jws_header *header, lg_bytes payload);

#endif
