#include "ledger/log/entry.h"

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"
#include "ledger/log/canonical.h"
#include "ledger/log/note.h"

#include <string.h>

enum {
    VKEY_MAX = LG_ORIGIN_MAX + 1 + 8 + 1 + 44, /* name+hex(4)+base64(33) */
    ENTRY_BARE = 512,                          /* bytes: about what one without digests has */
    DIGEST_LEN = 43,                           /* base64url of 32 bytes */
};

static const char GENESIS[] = "genesis";

lg_hash lg_leaf_hash(lg_bytes entry)
{
    static const uint8_t prefix = 0x00;
    return lg_sha256_cat(lg_bytes_of(&prefix, 1), entry, lg_bytes_of(NULL, 0));
}

static bool is_type(const char *type)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._";
    size_t len = strlen(type);
    return len >= 1 && len <= LG_ENTRY_TYPE_MAX && strspn(type, allowed) == len;
}

bool lg_entry_has_digest(const lg_entry *entry, const lg_hash *digest)
{
    for (size_t i = 0; i < entry->digest_count; i++)
        if (lg_hash_equal(&entry->digests[i], digest))
            return true;
    return false;
}

/* Entry 0, and only entry 0, names the log; its prev is zeros. */
static bool is_genesis(const lg_entry *entry)
{
    static const lg_hash zeros;
    return strcmp(entry->type, GENESIS) == 0 && lg_hash_equal(&entry->prev, &zeros) && entry->origin &&
           lg_key_name_is_valid(entry->origin) && entry->vkey && strlen(entry->vkey) <= VKEY_MAX &&
           *entry->vkey && lg_text_is_line(lg_bytes_str(entry->vkey));
}

static bool is_encodable(const lg_entry *entry)
{
    if (entry->seq < 0 || entry->seq > LG_SEQ_MAX || !entry->type || !is_type(entry->type) ||
        entry->digest_count > LG_ENTRY_FACTS_MAX || !lg_time_is_valid(entry->at))
        return false;
    if (entry->seq == 0)
        return is_genesis(entry);
    return strcmp(entry->type, GENESIS) != 0 && !entry->origin && !entry->vkey;
}

/* False if they are not in order, each once. */
static bool put_digests(lg_buf *text, const lg_hash *digests, size_t count)
{
    enum { APART = DIGEST_LEN + 3 }; /* with quotes and a comma */
    char *place = count ? lg_buf_extend(text, count * APART - 1) : NULL;
    for (size_t i = 0; i < count; i++, place += APART) {
        if (i > 0)
            place[-1] = ',';
        place[0] = '"';
        lg_base64url_write(place + 1, digests[i].b, LG_HASH_LEN);
        place[1 + DIGEST_LEN] = '"';
        if (i > 0 && memcmp(place + 1 - APART, place + 1, DIGEST_LEN) >= 0)
            return false;
    }
    return true;
}

static void put_hash(lg_buf *text, const lg_hash *hash)
{
    lg_hex_write(lg_buf_extend(text, (size_t)2 * LG_HASH_LEN), hash->b, LG_HASH_LEN);
}

lg_err lg_entry_encode(lg_arena *arena, const lg_entry *entry, lg_bytes *out)
{
    if (!is_encodable(entry))
        return LG_INTERNAL;
    lg_buf text = {0};
    lg_buf_reserve(&text, ENTRY_BARE + entry->digest_count * (DIGEST_LEN + 3));
    /* Members in the order of RFC 8785 section 3.2.3; canonical.c reads it so. */
    lg_buf_str(&text, "{\"_sd\":[");
    const bool in_order = put_digests(&text, entry->digests, entry->digest_count);
    lg_buf_str(&text, "],\"_sd_alg\":\"sha-256\",\"at\":\"");
    lg_buf_str(&text, lg_time_format(entry->at).s);
    lg_buf_str(&text, "\"");
    if (entry->seq == 0)
        lg_json_put_str(&text, "origin", entry->origin);
    lg_buf_str(&text, ",\"prev\":\"");
    put_hash(&text, &entry->prev);
    lg_buf_str(&text, "\",\"req\":\"");
    put_hash(&text, &entry->req);
    lg_buf_str(&text, "\",\"seq\":");
    lg_buf_str(&text, lg_int_format(entry->seq).s);
    lg_buf_str(&text, ",\"type\":\"");
    lg_buf_str(&text, entry->type);
    lg_buf_str(&text, "\",\"v\":1");
    if (entry->seq == 0)
        lg_json_put_str(&text, "vkey", entry->vkey);
    lg_json_close(&text);
    lg_err err = in_order && text.len <= LG_ENTRY_MAX ? LG_OK : LG_INTERNAL;
    if (err == LG_OK)
        *out = lg_arena_copy(arena, lg_buf_bytes(&text));
    lg_buf_clear(&text);
    return err;
}

_Static_assert(LG_ENTRY_VERSION == 1, "as the text says");

/* A copy of a string member; NULL if absent or of another type. */
static const char *take_text(lg_arena *arena, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value)
               ? lg_arena_strndup(arena, json_string_value(value), json_string_length(value))
               : NULL;
}

static bool take_hash(const json_t *object, const char *name, lg_hash *out)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) &&
           lg_hex_decode(lg_bytes_of(json_string_value(value), json_string_length(value)), out->b,
                         LG_HASH_LEN);
}

static bool take_digests(lg_arena *arena, const json_t *object, lg_entry *entry)
{
    const json_t *list = json_object_get(object, "_sd");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > LG_ENTRY_FACTS_MAX)
        return false;
    lg_hash *digests = lg_arena_array(arena, count, sizeof *digests);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        const lg_bytes text = lg_bytes_of(json_string_value(value), json_string_length(value));
        lg_bytes bytes;
        if (!json_is_string(value) || !lg_base64url_decode(arena, text, &bytes) || bytes.len != LG_HASH_LEN)
            return false;
        memcpy(digests[i].b, bytes.data, LG_HASH_LEN);
    }
    entry->digests = digests;
    entry->digest_count = count;
    return true;
}

static bool take_members(lg_arena *arena, const json_t *object, lg_entry *entry)
{
    const char *at = take_text(arena, object, "at");
    const json_t *seq = json_object_get(object, "seq");
    *entry = (lg_entry){
        .type = take_text(arena, object, "type"),
        .origin = take_text(arena, object, "origin"),
        .vkey = take_text(arena, object, "vkey"),
        .seq = json_integer_value(seq),
    };
    return entry->type && at && lg_time_parse(at, &entry->at) && json_is_integer(seq) &&
           take_hash(object, "prev", &entry->prev) && take_hash(object, "req", &entry->req) &&
           take_digests(arena, object, entry);
}

lg_err lg_entry_parse(lg_arena *arena, lg_bytes bytes, lg_entry *out, lg_report *report)
{
    json_t *object;
    lg_entry entry;
    lg_bytes again;
    if (bytes.len > LG_ENTRY_MAX)
        return lg_fail(report, LG_CORRUPT, "An entry of %zu bytes is longer than %d.", bytes.len,
                       LG_ENTRY_MAX);
    if (lg_canonical_entry(arena, bytes, out))
        return LG_OK;
    if (lg_json_load(bytes, &object, NULL) != LG_OK)
        return lg_fail(report, LG_CORRUPT, "The entry is not strict JSON.");
    bool complete = take_members(arena, object, &entry);
    json_decref(object);
    if (!complete)
        return lg_fail(report, LG_CORRUPT, "A member of the entry is missing or malformed.");
    /* Unknown members, another order, spacing, escapes or a wrong constant: all of them show as other bytes.
     */
    if (lg_entry_encode(arena, &entry, &again) != LG_OK)
        return lg_fail(report, LG_CORRUPT, "A member of entry %lld is outside its bounds.",
                       (long long)entry.seq);
    if (again.len != bytes.len || memcmp(again.data, bytes.data, bytes.len) != 0)
        return lg_fail(report, LG_CORRUPT, "Entry %lld is not in its canonical form.", (long long)entry.seq);
    *out = entry;
    return LG_OK;
}
