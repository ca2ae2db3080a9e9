/* Signatures of the Standard Webhooks specification, version 1.0.0, over "<id>.<timestamp>.<body>". */
#ifndef WEBHOOKS_SIGN_H
#define WEBHOOKS_SIGN_H

#include "ledger/base/buf.h"
#include "ledger/base/calendar.h"
#include "ledger/registry/webhook_keys.h"

#include <stdbool.h>

/* For how long the secret before the present one signs too: 24 hours. */
#define WEBHOOK_OVERLAP LG_TIME_PER_DAY

typedef struct webhook_signer {
    const lg_webhook_keys *keys;
    lg_webhook_id id;
    int64_t generation;
    lg_time rotated_at; /* 0: never */
} webhook_signer;

/* Does the secret before the present one still sign? */
bool webhook_overlaps(int64_t generation, lg_time rotated_at, lg_time now);

/* "v1,<base64 of HMAC-SHA-256>" */
void webhook_sign_v1(lg_buf *out, lg_bytes secret, lg_bytes content);
/* "v1a,<base64 of Ed25519>" */
void webhook_sign_v1a(lg_buf *out, const lg_signing_key *key, lg_bytes content);
/* The id of an endpoint's message about entry `seq`: the same in every attempt and replay. */
char *webhook_message_id(lg_arena *arena, lg_webhook_id id, int64_t seq);

/* The header's value: v1 with the endpoint's secret, v1 with the one before it during the overlap, and v1a.
 */
void webhook_sign(lg_buf *out, const webhook_signer *signer, lg_time now, lg_bytes content);

/* "whsec_…" and "whpk_…" as receivers want them; the first is a secret to wipe. */
char *webhook_secret_text(lg_arena *arena, const lg_webhook_keys *keys, lg_webhook_id id, int64_t generation);
char *webhook_public_text(lg_arena *arena, const lg_webhook_keys *keys);

#endif
