#include "ledger/log/canonical.h"

#include "ledger/crypto/encoding.h"

#include <string.h>

enum {
    DIGEST_LEN = 43,    /* base64url of 32 bytes */
    SALT_LEN_MIN = 22,  /* base64url of LG_SALT_LEN bytes */
    TIME_LEN = 27,      /* 2026-11-22T01:02:03.456789Z */
    DIGITS_MAX = 15,    /* whatever they are, they are a seq, and a whole number anywhere */
    LIST_DEPTH_MAX = 4, /* of arrays in arrays; a part's is 1 */
};

typedef struct scan {
    const char *at, *end;
} scan;

static bool took(scan *s, const char *literal)
{
    const size_t len = strlen(literal);
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, literal, len) != 0)
        return false;
    s->at += len;
    return true;
}

static bool took_char(scan *s, char c)
{
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* A number that is not negative, without leading zeros. */
static bool took_number(scan *s, int64_t *out)
{
    const char *start = s->at;
    int64_t value = 0;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
        if (s->at - start == DIGITS_MAX)
            return false;
        value = value * 10 + (*s->at - '0');
    }
    *out = value;
    return s->at > start && (*start != '0' || s->at - start == 1);
}

/* ---- entries ---- */

static bool took_digest(scan *s, lg_hash *out)
{
    uint8_t bytes[DIGEST_LEN];
    size_t len;
    if (!took_char(s, '"') || s->end - s->at < DIGEST_LEN ||
        lg_base64url_decode_run(lg_bytes_of(s->at, DIGEST_LEN), bytes, &len) != DIGEST_LEN ||
        len != LG_HASH_LEN)
        return false;
    memcpy(out->b, bytes, LG_HASH_LEN);
    s->at += DIGEST_LEN;
    return took_char(s, '"');
}

static bool took_digests(scan *s, lg_arena *arena, lg_entry *out)
{
    enum { APART = DIGEST_LEN + 3 }; /* with quotes and a comma */
    size_t count = 0;
    while ((size_t)(s->end - s->at) > count * APART && s->at[count * APART] == '"')
        count++;
    if (count > LG_ENTRY_FACTS_MAX)
        return false;
    lg_hash *digests = lg_arena_array(arena, count, sizeof *digests);
    for (size_t i = 0; i < count; i++)
        if ((i > 0 && !took_char(s, ',')) || !took_digest(s, &digests[i]) ||
            (i > 0 && memcmp(s->at - APART - DIGEST_LEN - 1, s->at - DIGEST_LEN - 1, DIGEST_LEN) >= 0))
            return false;
    out->digests = digests;
    out->digest_count = count;
    return true;
}

/* Only what formats to the same text again. */
static bool took_time(scan *s, lg_time *out)
{
    char text[TIME_LEN + 1];
    if (s->end - s->at < TIME_LEN)
        return false;
    memcpy(text, s->at, TIME_LEN);
    text[TIME_LEN] = '\0';
    s->at += TIME_LEN;
    return lg_time_parse(text, out) && strcmp(lg_time_format(*out).s, text) == 0;
}

static bool took_hash(scan *s, lg_hash *out)
{
    if (s->end - s->at < 2 * LG_HASH_LEN ||
        !lg_hex_decode(lg_bytes_of(s->at, 2 * LG_HASH_LEN), out->b, LG_HASH_LEN))
        return false;
    s->at += 2 * LG_HASH_LEN;
    return true;
}

static bool took_type(scan *s, lg_arena *arena, const char **out)
{
    const char *start = s->at;
    while (s->at < s->end && ((*s->at >= 'a' && *s->at <= 'z') || (*s->at >= '0' && *s->at <= '9') ||
                              *s->at == '.' || *s->at == '_'))
        s->at++;
    const size_t len = (size_t)(s->at - start);
    *out = lg_arena_strndup(arena, start, len);
    return len >= 1 && len <= LG_ENTRY_TYPE_MAX && strcmp(*out, "genesis") != 0;
}

bool lg_canonical_entry(lg_arena *arena, lg_bytes bytes, lg_entry *out)
{
    scan s = {(const char *)bytes.data, (const char *)bytes.data + bytes.len};
    lg_entry entry = {0};
    /* Members in the order of RFC 8785 section 3.2.3. */
    if (!took(&s, "{\"_sd\":[") || !took_digests(&s, arena, &entry) ||
        !took(&s, "],\"_sd_alg\":\"sha-256\",\"at\":\"") || !took_time(&s, &entry.at) ||
        !took(&s, "\",\"prev\":\"") || !took_hash(&s, &entry.prev) || !took(&s, "\",\"req\":\"") ||
        !took_hash(&s, &entry.req) || !took(&s, "\",\"seq\":") || !took_number(&s, &entry.seq) ||
        !took(&s, ",\"type\":\"") || !took_type(&s, arena, &entry.type) || !took(&s, "\",\"v\":1}") ||
        s.at != s.end || entry.seq == 0)
        return false;
    *out = entry;
    return true;
}
_Static_assert(LG_ENTRY_VERSION == 1, "as the text says");

/* ---- disclosures ---- */

/* A string of ASCII without escapes; its opening quote was taken. */
static bool took_text(scan *s, lg_bytes *out)
{
    const char *start = s->at;
    while (s->at < s->end && *s->at >= ' ' && *s->at != '"' && *s->at != '\\') /* char is signed */
        s->at++;
    *out = lg_bytes_of(start, (size_t)(s->at - start));
    return took_char(s, '"');
}

static bool took_value(scan *s, unsigned depth);

static bool took_list(scan *s, unsigned depth)
{
    if (depth == LIST_DEPTH_MAX)
        return false;
    if (took_char(s, ']'))
        return true;
    do
        if (!took_value(s, depth + 1))
            return false;
    while (took_char(s, ','));
    return took_char(s, ']');
}

/* Without white space, so that it is compact as it is. */
static bool took_value(scan *s, unsigned depth)
{
    lg_bytes text;
    int64_t number;
    if (took_char(s, '"'))
        return took_text(s, &text);
    if (took_char(s, '['))
        return took_list(s, depth);
    return took(s, "true") || took(s, "false") || took(s, "null") || took_number(s, &number);
}
_Static_assert((char)-1 < 0, "took_text takes a byte above 0x7f for one below a space");

static bool is_reserved(lg_bytes name)
{
    return (name.len == 3 && (memcmp(name.data, "_sd", 3) == 0 || memcmp(name.data, "...", 3) == 0));
}

bool lg_canonical_fact(lg_arena *arena, lg_bytes array, lg_fact *out)
{
    scan s = {(const char *)array.data, (const char *)array.data + array.len};
    lg_bytes salt, name;
    if (!took(&s, "[\"") || !took_text(&s, &salt) || salt.len < SALT_LEN_MIN ||
        lg_base64url_span((const char *)salt.data) != salt.len || !took(&s, ", \"") ||
        !took_text(&s, &name) || is_reserved(name) || !took(&s, ", "))
        return false;
    const char *value = s.at;
    if (!took_value(&s, 0) || !took_char(&s, ']') || s.at != s.end)
        return false;
    out->name = lg_arena_strndup(arena, name.data, name.len);
    out->value = lg_arena_strndup(arena, value, (size_t)(s.at - 1 - value));
    return true;
}
