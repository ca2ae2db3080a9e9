#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"
#include "ledger/log/note.h"

#include <string.h>

enum {
    KEY_ID_LEN = 4,
    TYPED_KEY_LEN = 1 + LG_PUBLIC_KEY_LEN,
    TYPED_KEY_BASE64_LEN = TYPED_KEY_LEN / 3 * 4,
};

/* White space that lg_text_is_line allows inside a line, as UTF-8. */
static const char *const spaces[] = {
    " ",
    "\u00a0",
    "\u1680",
    "\xe2\x80\x80",
    "\xe2\x80\x81",
    "\xe2\x80\x82",
    "\xe2\x80\x83",
    "\xe2\x80\x84",
    "\xe2\x80\x85",
    "\xe2\x80\x86",
    "\xe2\x80\x87",
    "\xe2\x80\x88",
    "\xe2\x80\x89",
    "\xe2\x80\x8a",
    "\u202f",
    "\u205f",
    "\u3000",
};

bool lg_key_name_is_valid(const char *name)
{
    size_t len = strnlen(name, LG_ORIGIN_MAX + 1);
    if (len == 0 || len > LG_ORIGIN_MAX || strchr(name, '+') || !lg_text_is_line(lg_bytes_of(name, len)))
        return false;
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (strstr(name, spaces[i]))
            return false;
    return true;
}

lg_verifier lg_verifier_make(lg_arena *arena, const char *name, uint8_t type, const lg_public_key *key)
{
    lg_verifier verifier = {.name = lg_arena_strdup(arena, name), .type = type, .key = *key};
    const uint8_t separator[2] = {'\n', type};
    lg_hash hash =
        lg_sha256_cat(lg_bytes_str(name), lg_bytes_of(separator, 2), lg_bytes_of(key->b, LG_PUBLIC_KEY_LEN));
    memcpy(verifier.key_id, hash.b, KEY_ID_LEN);
    return verifier;
}

char *lg_vkey_format(lg_arena *arena, const lg_verifier *verifier)
{
    uint8_t typed[TYPED_KEY_LEN] = {verifier->type};
    char id[2 * KEY_ID_LEN + 1], key[TYPED_KEY_BASE64_LEN + 1];
    memcpy(typed + 1, verifier->key.b, LG_PUBLIC_KEY_LEN);
    lg_hex_write(id, verifier->key_id, KEY_ID_LEN);
    lg_base64_write(key, typed, sizeof typed);
    return lg_arena_printf(arena, "%s+%s+%s", verifier->name, id, key);
}

lg_err lg_vkey_parse(lg_arena *arena, const char *text, lg_verifier *out, lg_report *report)
{
    uint8_t id[KEY_ID_LEN];
    lg_public_key key;
    lg_bytes typed;
    /* Names hold no '+', base64 may: the first two separate. */
    const char *plus = strchr(text, '+');
    size_t name_len = plus ? (size_t)(plus - text) : 0;
    const char *rest = plus ? plus + 1 : "";
    if (name_len == 0 || name_len > LG_ORIGIN_MAX ||
        strnlen(rest, 2 * KEY_ID_LEN + 1 + TYPED_KEY_BASE64_LEN + 1) !=
            2 * KEY_ID_LEN + 1 + TYPED_KEY_BASE64_LEN ||
        rest[2 * KEY_ID_LEN] != '+' || !lg_hex_decode(lg_bytes_of(rest, 2 * KEY_ID_LEN), id, KEY_ID_LEN) ||
        !lg_base64_decode(arena, lg_bytes_str(rest + 2 * KEY_ID_LEN + 1), &typed) ||
        typed.len != TYPED_KEY_LEN)
        return lg_fail(report, LG_NOTE_INVALID, "The verifier key is not name+id+key.");
    const char *name = lg_arena_strndup(arena, text, name_len);
    if (!lg_key_name_is_valid(name))
        return lg_fail(report, LG_NOTE_INVALID, "The verifier key's name is malformed.");
    if (typed.data[0] != LG_KEY_ED25519 && typed.data[0] != LG_KEY_COSIGNATURE)
        return lg_fail(report, LG_NOTE_INVALID, "The verifier key of %s is of an unknown type.", name);
    memcpy(key.b, typed.data + 1, LG_PUBLIC_KEY_LEN);
    lg_verifier verifier = lg_verifier_make(arena, name, typed.data[0], &key);
    if (memcmp(verifier.key_id, id, KEY_ID_LEN) != 0)
        return lg_fail(report, LG_NOTE_INVALID, "The verifier key of %s has a key id that is not its own.",
                       name);
    *out = verifier;
    return LG_OK;
}
