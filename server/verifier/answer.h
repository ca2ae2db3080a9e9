/* What is asked and what counts as an answer: bodies and signatures, no network. */
#ifndef VERIFIER_ANSWER_H
#define VERIFIER_ANSWER_H

#include "ledger/base/buf.h"
#include "ledger/crypto/hash.h"
#include "ledger/store/verification_rows.h"

enum {
    VERIFIER_SECRET_LEN = 32,
    VERIFIER_ANSWER_MAX = 16 * 1024, /* bytes of an answer's body */
};

typedef struct verifier_answer {
    lg_verifier_answer answer;
    const char *reference, *note; /* may be NULL */
    lg_time answered_at;          /* 0: not said */
} verifier_answer;

/* The question about a held receivable as JSON, and the digest of what tells its invoice from others. */
lg_err question_build(lg_db *db, lg_arena *arena, const lg_receivable *row, lg_buf *body,
                      lg_hash *identity) LG_MUST_CHECK;

/* "v1,<base64 of HMAC-SHA-256>" over "<id>.<timestamp>.<body>": the Standard Webhooks format, both ways. */
void question_sign(lg_buf *out, const uint8_t *secret, const char *id, const char *timestamp, lg_bytes body);

/* An answer as it came. Strings may be NULL where a header is missing. */
typedef struct raw_answer {
    long status;
    const char *content_type, *id, *timestamp, *signature;
    lg_bytes body;
} raw_answer;

/* The answer to the question of this id and timestamp, or a sentence's end that says why it does not count;
 * NULL: it does. Its strings are in the arena. */
const char *answer_read(lg_arena *arena, const raw_answer *raw, const uint8_t *secret, const char *id,
                        const char *timestamp, verifier_answer *out);

#endif
