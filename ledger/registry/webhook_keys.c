#include "ledger/registry/webhook_keys.h"

#include "ledger/crypto/hash.h"
#include "ledger/crypto/secret.h"

#include <stdlib.h>

struct lg_webhook_keys {
    uint8_t *master; /* secret memory, LG_WEBHOOK_SECRET_LEN bytes */
    lg_signing_key *signing;
};

_Static_assert((int)LG_WEBHOOK_SECRET_LEN == (int)LG_HASH_LEN, "a secret is one HMAC-SHA-256");

/* Somebody may have made it before: that one counts. */
static lg_err unless_there(lg_err err)
{
    return err == LG_ALREADY_EXISTS ? LG_OK : err;
}

lg_err lg_webhook_keys_make(const char *dir, lg_report *report)
{
    lg_arena *arena = lg_arena_open();
    lg_report first, second; /* that a file is there is nothing to tell */
    lg_report_init(&first, arena);
    lg_report_init(&second, arena);
    uint8_t *master = lg_secret_alloc(LG_WEBHOOK_SECRET_LEN);
    lg_random(master, LG_WEBHOOK_SECRET_LEN);
    lg_err err = unless_there(lg_secret_file_write(lg_arena_printf(arena, "%s/keys/webhook.key", dir), master,
                                                   LG_WEBHOOK_SECRET_LEN, &first));
    lg_secret_free(master);
    if (!err) {
        lg_signing_key *key = lg_signing_key_new();
        err =
            unless_there(lg_key_file_write(lg_arena_printf(arena, "%s/keys/webhook.jwk", dir), key, &second));
        lg_signing_key_close(key);
    }
    const char *detail = first.err == err ? first.detail : second.detail;
    if (err)
        (void)lg_fail(report, err, "%s", detail ? detail : LG_TEXT("The keys of webhooks cannot be made."));
    lg_arena_close(arena);
    return err;
}

lg_err lg_webhook_keys_open(const char *dir, lg_webhook_keys **out, lg_report *report)
{
    lg_webhook_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return LG_NO_MEMORY;
    lg_arena *arena = lg_arena_open();
    keys->master = lg_secret_alloc(LG_WEBHOOK_SECRET_LEN);
    lg_err err = lg_secret_file_read(lg_arena_printf(arena, "%s/keys/webhook.key", dir), keys->master,
                                     LG_WEBHOOK_SECRET_LEN, report);
    if (!err)
        err = lg_key_file_read(lg_arena_printf(arena, "%s/keys/webhook.jwk", dir), &keys->signing, report);
    lg_arena_close(arena);
    if (err) {
        lg_webhook_keys_close(keys);
        return err;
    }
    lg_secret_seal(keys->master);
    *out = keys;
    return LG_OK;
}

void lg_webhook_keys_close(lg_webhook_keys *keys)
{
    if (!keys)
        return;
    lg_secret_free(keys->master);
    lg_signing_key_close(keys->signing);
    free(keys);
}

void lg_webhook_secret(const lg_webhook_keys *keys, lg_webhook_id id, int64_t generation,
                       uint8_t out[LG_WEBHOOK_SECRET_LEN])
{
    static const char tag[] = "tallystick webhook secret"; /* its NUL ends it */
    uint8_t number[8];
    for (size_t i = 0; i < sizeof number; i++)
        number[i] = (uint8_t)((uint64_t)generation >> (56 - 8 * i));
    const lg_bytes parts[] = {lg_bytes_of(tag, sizeof tag), lg_bytes_of(id.uuid.b, sizeof id.uuid.b),
                              lg_bytes_of(number, sizeof number)};
    lg_hash mac = lg_hmac_sha256(lg_bytes_of(keys->master, LG_WEBHOOK_SECRET_LEN), parts, 3);
    for (size_t i = 0; i < LG_WEBHOOK_SECRET_LEN; i++)
        out[i] = mac.b[i];
    lg_wipe(&mac, sizeof mac);
}

const lg_signing_key *lg_webhook_signing_key(const lg_webhook_keys *keys)
{
    return keys->signing;
}
