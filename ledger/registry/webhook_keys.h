/* What webhooks are signed with (Standard Webhooks 1.0.0): a secret for each endpoint and generation, derived
 * so that none is ever stored, and one Ed25519 key of the registry.
 *
 * keys/webhook.key holds 32 random bytes, keys/webhook.jwk the Ed25519 key. Whoever loses the first loses
 * every endpoint's secret; a new one is like rotating them all. */
#ifndef LG_REGISTRY_WEBHOOK_KEYS_H
#define LG_REGISTRY_WEBHOOK_KEYS_H

#include "ledger/base/uuid.h"
#include "ledger/crypto/sign.h"

enum { LG_WEBHOOK_SECRET_LEN = 32 };

typedef struct lg_webhook_keys lg_webhook_keys;

/* Makes those of the two files that are not there yet: in a new registry, and in one older than webhooks. */
lg_err lg_webhook_keys_make(const char *dir, lg_report *report) LG_MUST_CHECK;
lg_err lg_webhook_keys_open(const char *dir, lg_webhook_keys **out, lg_report *report) LG_MUST_CHECK;
void lg_webhook_keys_close(lg_webhook_keys *keys); /* NULL is fine */

/* Any thread. The caller wipes what it got. */
void lg_webhook_secret(const lg_webhook_keys *keys, lg_webhook_id id, int64_t generation,
                       uint8_t out[LG_WEBHOOK_SECRET_LEN]);
/* Borrowed; lives as long as `keys`. */
const lg_signing_key *lg_webhook_signing_key(const lg_webhook_keys *keys);

#endif
