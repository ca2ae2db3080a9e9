#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/log/canonical.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum {
    SALT_TEXT_LEN = (LG_SALT_LEN * 4 + 2) / 3, /* base64url characters */
    ARRAY_BARE = 64,                           /* bytes: about what an array has beside its value */
};

/* ["<salt>", "<name>", <value>], spaced as RFC 9901 section 4.2.1 recommends, for the sake of its test
 * vectors. */
static void write_plain(lg_buf *out, const uint8_t salt[LG_SALT_LEN], const lg_fact *fact)
{
    char salt_text[SALT_TEXT_LEN + 1];
    lg_base64url_write(salt_text, salt, LG_SALT_LEN);
    lg_buf_add(out, "[\"", 2);
    lg_buf_add(out, salt_text, SALT_TEXT_LEN);
    lg_buf_add(out, "\", ", 3);
    lg_json_quote(out, fact->name, strlen(fact->name));
    lg_buf_add(out, ", ", 2);
    lg_buf_str(out, fact->value);
    lg_buf_char(out, ']');
}

char *lg_disclosure_make(lg_arena *arena, const uint8_t salt[LG_SALT_LEN], const char *name,
                         const char *value)
{
    lg_buf plain = {0};
    write_plain(&plain, salt, &(lg_fact){name, value});
    char *text = lg_base64url_encode(arena, lg_buf_bytes(&plain));
    lg_buf_clear(&plain);
    return text;
}

lg_hash lg_disclosure_digest(lg_bytes disclosure)
{
    return lg_sha256(disclosure);
}

lg_digest_text lg_digest_format(const lg_hash *digest)
{
    lg_digest_text out;
    lg_base64url_write(out.s, digest->b, LG_HASH_LEN);
    return out;
}

/* A digest, and the first eight letters of its text, which nearly always say where it belongs. */
typedef struct placed_digest {
    uint64_t letters;
    lg_hash digest;
} placed_digest;

static placed_digest place_digest(const lg_hash *digest)
{
    enum { BYTES = 6 };
    placed_digest out = {.digest = *digest};
    char letters[sizeof out.letters + 1];
    lg_base64url_write(letters, digest->b, BYTES);
    memcpy(&out.letters, letters, sizeof out.letters);
    out.letters = be64toh(out.letters);
    return out;
}

static int by_text(const void *a, const void *b)
{
    const placed_digest *x = a, *y = b;
    if (x->letters != y->letters)
        return x->letters < y->letters ? -1 : 1;
    return strcmp(lg_digest_format(&x->digest).s, lg_digest_format(&y->digest).s);
}

/* Sorted, so that their order says nothing of which fact is which. */
static const lg_hash *sort_digests(lg_arena *arena, placed_digest *placed, size_t count)
{
    lg_hash *digests = lg_arena_array(arena, count, sizeof *digests);
    if (count > 0)
        qsort(placed, count, sizeof *placed, by_text);
    for (size_t i = 0; i < count; i++)
        digests[i] = placed[i].digest;
    return digests;
}

/* The array of each fact, one behind the other. */
static lg_bytes *write_arrays(lg_arena *arena, const lg_fact *facts, size_t count, const uint8_t *salts)
{
    lg_buf plain = {0};
    lg_bytes *arrays = lg_arena_array(arena, count, sizeof *arrays);
    size_t values_len = 0;
    for (size_t i = 0; i < count; i++)
        values_len += strlen(facts[i].value);
    lg_buf_reserve(&plain, values_len + count * ARRAY_BARE);
    for (size_t i = 0; i < count; i++) {
        const size_t start = plain.len;
        write_plain(&plain, salts + i * LG_SALT_LEN, &facts[i]);
        arrays[i].len = plain.len - start;
    }
    const lg_bytes all = lg_arena_copy(arena, lg_buf_bytes(&plain));
    lg_buf_clear(&plain);
    for (size_t i = 0, at = 0; i < count; at += arrays[i++].len)
        arrays[i].data = all.data + at;
    return arrays;
}

lg_disclosures lg_disclose_facts(lg_arena *arena, const lg_fact *facts, size_t fact_count)
{
    uint8_t *salts = lg_arena_array(arena, fact_count, LG_SALT_LEN);
    lg_random(salts, fact_count * LG_SALT_LEN);
    const lg_bytes *arrays = write_arrays(arena, facts, fact_count, salts);
    placed_digest *placed = lg_arena_array(arena, fact_count, sizeof *placed);
    size_t joined_len = 0;
    for (size_t i = 0; i < fact_count; i++)
        joined_len += (arrays[i].len * 4 + 2) / 3 + 1;
    char *joined = lg_arena_alloc(arena, joined_len + 1), *p = joined;
    for (size_t i = 0; i < fact_count; i++) {
        if (i > 0)
            *p++ = '~';
        size_t len = lg_base64url_write(p, arrays[i].data, arrays[i].len);
        const lg_hash digest = lg_disclosure_digest(lg_bytes_of(p, len));
        placed[i] = place_digest(&digest);
        p += len;
    }
    return (lg_disclosures){.count = fact_count,
                            .joined = joined,
                            .digests = sort_digests(arena, placed, fact_count),
                            .arrays = arrays,
                            .salts = salts};
}

static bool is_json_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The third element of a valid JSON array of two strings and a value, as it was written but without white
 * space between tokens: no number and no escape changes its form. */
static char *compact_third(lg_arena *arena, lg_bytes array)
{
    char *out = lg_arena_alloc(arena, array.len + 1);
    size_t len = 0, commas = 0;
    bool in_string = false;
    for (size_t i = 0; i < array.len; i++) {
        char c = (char)array.data[i];
        bool keep = commas >= 2;
        if (in_string) {
            if (c == '\\') {
                if (keep)
                    out[len++] = c;
                c = (char)array.data[++i];
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == ',' && !keep) {
            commas++;
        } else if (is_json_space(c)) {
            continue;
        }
        if (keep)
            out[len++] = c;
    }
    out[len - 1] = '\0'; /* the array's own bracket */
    return out;
}

static bool is_salt(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    return text && len >= SALT_TEXT_LEN && lg_base64url_span(text) == len;
}

/* RFC 9901 section 4.2.1: a claim name may not be one of the two that carry digests. */
static bool is_fact_name(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strcmp(text, "_sd") != 0 && strcmp(text, "...") != 0;
}

lg_err lg_disclosure_parse(lg_arena *arena, lg_bytes disclosure, lg_fact *out, lg_report *report)
{
    lg_bytes plain;
    json_t *array;
    if (!lg_base64url_decode(arena, disclosure, &plain))
        return lg_fail(report, LG_CORRUPT, "The disclosure is not base64url.");
    if (lg_canonical_fact(arena, plain, out))
        return LG_OK;
    if (lg_json_load(plain, &array, NULL) != LG_OK)
        return lg_fail(report, LG_CORRUPT, "The disclosure is not strict JSON.");
    lg_err err = LG_OK;
    if (json_is_array(array) && json_array_size(array) == 3 && is_salt(json_array_get(array, 0)) &&
        is_fact_name(json_array_get(array, 1))) {
        const json_t *name = json_array_get(array, 1);
        out->name = lg_arena_strndup(arena, json_string_value(name), json_string_length(name));
        out->value = compact_third(arena, plain);
    } else {
        err = lg_fail(report, LG_CORRUPT, "The disclosure is not an array of salt, name and value.");
    }
    json_decref(array);
    return err;
}
