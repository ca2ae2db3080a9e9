#include "server/webhooks/sign.h"

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/secret.h"

static void add_base64(lg_buf *out, const char *version, const void *data, size_t len)
{
    char text[(LG_SIGNATURE_LEN + 2) / 3 * 4 + 1];
    lg_base64_write(text, data, len);
    if (out->len)
        lg_buf_char(out, ' ');
    lg_buf_str(out, version);
    lg_buf_str(out, text);
}

void webhook_sign_v1(lg_buf *out, lg_bytes secret, lg_bytes content)
{
    lg_hash mac = lg_hmac_sha256(secret, &content, 1);
    add_base64(out, "v1,", mac.b, sizeof mac.b);
}

void webhook_sign_v1a(lg_buf *out, const lg_signing_key *key, lg_bytes content)
{
    lg_signature signature = lg_sign(key, content);
    add_base64(out, "v1a,", signature.b, sizeof signature.b);
}

bool webhook_overlaps(int64_t generation, lg_time rotated_at, lg_time now)
{
    return generation > 1 && rotated_at && now < rotated_at + WEBHOOK_OVERLAP;
}

static void sign_generation(lg_buf *out, const webhook_signer *signer, int64_t generation, lg_bytes content)
{
    uint8_t secret[LG_WEBHOOK_SECRET_LEN];
    lg_webhook_secret(signer->keys, signer->id, generation, secret);
    webhook_sign_v1(out, lg_bytes_of(secret, sizeof secret), content);
    lg_wipe(secret, sizeof secret);
}

void webhook_sign(lg_buf *out, const webhook_signer *signer, lg_time now, lg_bytes content)
{
    sign_generation(out, signer, signer->generation, content);
    if (webhook_overlaps(signer->generation, signer->rotated_at, now))
        sign_generation(out, signer, signer->generation - 1, content);
    webhook_sign_v1a(out, lg_webhook_signing_key(signer->keys), content);
}

char *webhook_secret_text(lg_arena *arena, const lg_webhook_keys *keys, lg_webhook_id id, int64_t generation)
{
    uint8_t secret[LG_WEBHOOK_SECRET_LEN];
    char base64[(LG_WEBHOOK_SECRET_LEN + 2) / 3 * 4 + 1];
    lg_webhook_secret(keys, id, generation, secret);
    lg_base64_write(base64, secret, sizeof secret);
    char *text = lg_arena_printf(arena, "whsec_%s", base64);
    lg_wipe(secret, sizeof secret);
    lg_wipe(base64, sizeof base64);
    return text;
}

char *webhook_public_text(lg_arena *arena, const lg_webhook_keys *keys)
{
    lg_public_key key = lg_signing_key_public(lg_webhook_signing_key(keys));
    return lg_arena_printf(arena, "whpk_%s", lg_base64_encode(arena, lg_bytes_of(key.b, sizeof key.b)));
}

char *webhook_message_id(lg_arena *arena, lg_webhook_id id, int64_t seq)
{
    char hex[2 * sizeof id.uuid.b + 1];
    lg_hex_write(hex, id.uuid.b, sizeof id.uuid.b);
    return lg_arena_printf(arena, "msg_%s_%lld", hex, (long long)seq);
}
