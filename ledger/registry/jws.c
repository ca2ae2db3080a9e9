#include "ledger/registry/jws.h"

#include "ledger/base/buf.h"
#include "ledger/base/json_plain.h"
#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/secret.h"

#include <stdlib.h>
#include <string.h>

/* Strings of the JWS are the sender's; what may be in them is bounded before anything else looks. */
enum { KID_LEN = 43, AUD_MAX = 255, URL_MAX = 1024, CTY_MAX = 64, PROTECTED_MAX = 16 * 1024 };
#define IAT_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Members of a flattened JWS. */
enum { PAYLOAD, PROTECTED, SIGNATURE, FLATTENED };

static lg_err malformed(lg_report *report, const char *what)
{
    return lg_fail(report, LG_MALFORMED_JWS, "%s", what);
}

static const char *string_member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) && json_string_length(value) == strlen(json_string_value(value))
               ? json_string_value(value)
               : NULL;
}

static bool only_members(const json_t *object, const char *const *allowed)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const char *const *a = allowed;
        while (*a && strcmp(*a, name) != 0)
            a++;
        if (!*a)
            return false;
    }
    return true;
}

bool lg_jti_is_valid(const char *text)
{
    size_t len = strlen(text);
    return len >= LG_JTI_MIN && len <= LG_JTI_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

static lg_err bounded(lg_arena *arena, const json_t *header, const char *name, size_t max, const char **out,
                      lg_report *report)
{
    const char *text = string_member(header, name);
    if (!text || !*text || strlen(text) > max)
        return lg_fail(report, LG_MALFORMED_JWS,
                       "The protected header's %s must be a string of 1 to %zu bytes.", name, max);
    *out = lg_arena_strdup(arena, text);
    return LG_OK;
}

static lg_err read_header(lg_arena *arena, const json_t *header, lg_jws_signature *out, lg_report *report)
{
    static const char *const allowed[] = {"alg", "kid", "aud",        "url",   "iat", "jti",
                                          "cty", "typ", "submission", "token", NULL};
    if (!json_is_object(header) || !only_members(header, allowed))
        return malformed(report, "The protected header must be an object of alg, kid, aud, url, iat, jti "
                                 "and, where needed, cty, typ, submission "
                                 "and token; other members are not understood.");
    const json_t *iat = json_object_get(header, "iat"), *submission = json_object_get(header, "submission");
    lg_err err = bounded(arena, header, "alg", 32, &out->alg, report);
    if (!err)
        err = bounded(arena, header, "kid", KID_LEN, &out->kid, report);
    if (!err)
        err = bounded(arena, header, "aud", AUD_MAX, &out->aud, report);
    if (!err)
        err = bounded(arena, header, "url", URL_MAX, &out->url, report);
    if (!err)
        err = bounded(arena, header, "jti", LG_JTI_MAX, &out->jti, report);
    if (!err && json_object_get(header, "cty"))
        err = bounded(arena, header, "cty", CTY_MAX, &out->cty, report);
    if (err)
        return err;
    if (!lg_jti_is_valid(out->jti))
        return malformed(
            report,
            "The protected header's jti must be 22 to 64 base64url characters (at least 128 random bits).");
    if (!json_is_integer(iat) || json_integer_value(iat) < 0 || json_integer_value(iat) > IAT_MAX)
        return malformed(report, "The protected header's iat must be an integer of Unix seconds.");
    if (json_object_get(header, "typ") && !string_member(header, "typ"))
        return malformed(report, "The protected header's typ must be a string.");
    const char *token = string_member(header, "token");
    if (json_object_get(header, "token") && (!token || !lg_uuid_parse(token, &out->token)))
        return malformed(report, "The protected header's token must be the id of a bearer token.");
    out->iat = json_integer_value(iat);
    if (submission) {
        if (!json_is_object(submission))
            return malformed(report, "The protected header's submission must be an object.");
        char *text = json_dumps(submission, JSON_COMPACT);
        out->submission = lg_arena_strdup(arena, text ? text : "{}");
        free(text);
    }
    return LG_OK;
}

static lg_bytes signing_input_of(lg_arena *arena, lg_bytes protected, lg_bytes payload)
{
    uint8_t *input = lg_arena_alloc(arena, protected.len + payload.len + 2);
    memcpy(input, protected.data, protected.len);
    input[protected.len] = '.';
    memcpy(input + protected.len + 1, payload.data, payload.len);
    return lg_bytes_of(input, protected.len + 1 + payload.len);
}

/* All three are base64url. */
static lg_err read_signature(lg_arena *arena, lg_bytes protected, lg_bytes signature, lg_bytes payload,
                             lg_jws_signature *out, lg_report *report)
{
    lg_bytes header_text, signature_bytes;
    json_t *header;
    if (protected.len > PROTECTED_MAX)
        return lg_fail(report, LG_MALFORMED_JWS, "protected must be at most %d characters long.",
                       PROTECTED_MAX);
    if (!lg_base64url_decode(arena, protected, &header_text))
        return malformed(report, "protected is not base64url without padding.");
    if (!lg_base64url_decode(arena, signature, &signature_bytes) || signature_bytes.len > 1024)
        return malformed(report, "signature is not base64url without padding.");
    lg_err err = lg_json_load(header_text, &header, report);
    if (err)
        return malformed(report, "The protected header is not well-formed JSON.");
    err = read_header(arena, header, out, report);
    json_decref(header);
    if (err)
        return err;
    /* A signature of another length cannot verify; it is kept as zeros so that alg is judged first. */
    if (signature_bytes.len == LG_SIGNATURE_LEN)
        memcpy(out->signature.b, signature_bytes.data, LG_SIGNATURE_LEN);
    out->signing_input = signing_input_of(arena, protected, payload);
    return LG_OK;
}

static lg_err read_member(lg_arena *arena, const json_t *object, const char *payload, lg_jws_signature *out,
                          lg_report *report)
{
    const char *protected = string_member(object, "protected"),
               *signature = string_member(object, "signature");
    if (!protected || !signature)
        return malformed(report, "A signature needs the strings protected and signature.");
    return read_signature(arena, lg_bytes_str(protected), lg_bytes_str(signature), lg_bytes_str(payload), out,
                          report);
}

static lg_err read_signatures(lg_arena *arena, const json_t *object, const char *payload, lg_jws *out,
                              lg_report *report)
{
    static const char *const flattened[] = {"protected", "payload", "signature", NULL};
    static const char *const general[] = {"payload", "signatures", NULL};
    static const char *const each[] = {"protected", "signature", NULL};
    const json_t *list = json_object_get(object, "signatures");
    if (!list) {
        if (!only_members(object, flattened))
            return malformed(report,
                             "A flattened JWS has protected, payload and signature, and nothing else.");
        out->signature_count = 1;
        return read_member(arena, object, payload, &out->signatures[0], report);
    }
    if (!only_members(object, general) || !json_is_array(list) || json_array_size(list) < 1 ||
        json_array_size(list) > LG_JWS_SIGNATURES_MAX)
        return malformed(report, "A general JWS has payload and one or two signatures, and nothing else.");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_object(item) || !only_members(item, each))
            return malformed(report, "Each of the signatures has protected and signature, and nothing else.");
        lg_err err = read_member(arena, item, payload, &out->signatures[i], report);
        if (err)
            return err;
    }
    out->signature_count = json_array_size(list);
    return LG_OK;
}

static lg_err read_payload(lg_arena *arena, lg_bytes payload, lg_jws *out, lg_report *report)
{
    return lg_base64url_decode(arena, payload, &out->payload)
               ? LG_OK
               : malformed(report, "payload is not base64url without padding.");
}

/* As programs write a command that one signs: the strings are read where they are. */
static lg_err read_flattened(lg_arena *arena, const lg_bytes *values, lg_jws *out, lg_report *report)
{
    lg_err err = read_payload(arena, values[PAYLOAD], out, report);
    out->signature_count = 1;
    return err ? err
               : read_signature(arena, values[PROTECTED], values[SIGNATURE], values[PAYLOAD],
                                &out->signatures[0], report);
}

lg_err lg_jws_parse(lg_arena *arena, lg_bytes bytes, lg_jws *out, lg_report *report)
{
    static const char *const flattened[] = {
        [PAYLOAD] = "payload", [PROTECTED] = "protected", [SIGNATURE] = "signature"};
    lg_bytes values[FLATTENED];
    json_t *object;
    *out = (lg_jws){.bytes = bytes};
    if (lg_json_plain_strings(bytes, flattened, FLATTENED, values))
        return read_flattened(arena, values, out, report);
    lg_err err = lg_json_load(bytes, &object, report);
    if (err)
        return err;
    const char *payload = string_member(object, "payload");
    if (!json_is_object(object) || !payload)
        err = malformed(report, "A signed command is a JWS in JSON serialization with a payload.");
    else
        err = read_payload(arena, lg_bytes_str(payload), out, report);
    if (!err)
        err = read_signatures(arena, object, payload, out, report);
    json_decref(object);
    return err;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

lg_err lg_jws_check(const lg_jws *jws, const char *origin, const char *url, lg_report *report)
{
    const lg_jws_signature *first = &jws->signatures[0];
    for (size_t i = 0; i < jws->signature_count; i++) {
        const lg_jws_signature *s = &jws->signatures[i];
        if (strcmp(s->alg, "EdDSA") != 0 && strcmp(s->alg, "Ed25519") != 0)
            return lg_fail(report, LG_WRONG_ALG, "alg is %s; only EdDSA (or Ed25519) is taken.",
                           lg_text_clip(report->arena, s->alg, 32));
        if (strcmp(s->aud, origin) != 0)
            return lg_fail(report, LG_WRONG_AUDIENCE, "aud is not %s, this registry's origin.", origin);
        if (strcmp(s->url, url ? url : first->url) != 0)
            return lg_fail(report, LG_WRONG_URL, "url is not %s, the path of this request.",
                           url ? url : first->url);
        if (strcmp(s->jti, first->jti) != 0 || !same_text(s->cty, first->cty) ||
            !same_text(s->submission, first->submission))
            return malformed(report, "Two signatures of one command must agree on jti, cty and submission.");
    }
    return LG_OK;
}

static void write_header(lg_buf *buf, const lg_signing_key *key, const lg_jws_header *header, const char *jti)
{
    lg_public_key public_key = lg_signing_key_public(key);
    lg_json_open(buf);
    lg_json_put_str(buf, "alg", "EdDSA");
    lg_json_put_str(buf, "aud", header->aud);
    if (header->cty)
        lg_json_put_str(buf, "cty", header->cty);
    lg_json_put_int(buf, "iat", header->iat);
    lg_json_put_str(buf, "jti", jti);
    lg_json_put_str(buf, "kid", lg_kid_of(&public_key).s);
    if (header->submission)
        lg_json_put_raw(buf, "submission", header->submission);
    if (!lg_uuid_is_nil(header->token))
        lg_json_put_str(buf, "token", lg_uuid_format(header->token).s);
    lg_json_put_str(buf, "url", header->url);
    lg_json_close(buf);
}

const char *lg_jti_new(lg_arena *arena)
{
    enum { BEGIN = 8, RANDOM = 16 };
    uint8_t bytes[BEGIN + RANDOM];
    memcpy(bytes, lg_uuid_new().b, BEGIN);
    lg_random(bytes + BEGIN, RANDOM);
    return lg_base64url_encode(arena, lg_bytes_of(bytes, sizeof bytes));
}

const char *lg_jti_among(lg_arena *arena, const char *many, const char *one)
{
    enum { VERSION_AT = 6, VERSION = 0x70 }; /* it begins as if with a time, which they share */
    uint8_t bytes[VERSION_AT + 1 + LG_HASH_LEN];
    const lg_hash all = lg_sha256(lg_bytes_str(many)),
                  hash = lg_sha256(lg_bytes_str(lg_arena_printf(arena, "%s\n%s", many, one)));
    memcpy(bytes, all.b, VERSION_AT);
    bytes[VERSION_AT] = VERSION;
    memcpy(bytes + VERSION_AT + 1, hash.b, LG_HASH_LEN);
    return lg_base64url_encode(arena, lg_bytes_of(bytes, sizeof bytes));
}

static const char *jti_of(lg_arena *arena, const lg_jws_header *header)
{
    return header->jti ? header->jti : lg_jti_new(arena);
}

/* Members "protected" and "signature" of one signer. */
static void add_signature(lg_buf *out, lg_arena *arena, const lg_signing_key *key,
                          const lg_jws_header *header, const char *jti, const char *payload)
{
    lg_buf text = {0};
    write_header(&text, key, header, jti);
    char *protected = lg_base64url_encode(arena, lg_buf_bytes(&text));
    lg_buf_reset(&text);
    lg_buf_str(&text, protected);
    lg_buf_char(&text, '.');
    lg_buf_str(&text, payload);
    lg_signature signature = lg_sign(key, lg_buf_bytes(&text));
    lg_json_put_str(out, "protected", protected);
    lg_json_put_str(out, "signature",
                    lg_base64url_encode(arena, lg_bytes_of(signature.b, sizeof signature.b)));
    lg_buf_clear(&text);
}

static char *finish(lg_arena *arena, lg_buf *out)
{
    lg_json_close(out);
    char *jws = lg_arena_strndup(arena, out->data, out->len);
    lg_buf_clear(out);
    return jws;
}

char *lg_jws_compose(lg_arena *arena, const lg_signing_key *key, const lg_jws_header *header,
                     lg_bytes payload)
{
    lg_buf out = {0};
    const char *encoded = lg_base64url_encode(arena, payload);
    lg_json_open(&out);
    lg_json_put_str(&out, "payload", encoded);
    add_signature(&out, arena, key, header, jti_of(arena, header), encoded);
    return finish(arena, &out);
}

char *lg_jws_compose_two(lg_arena *arena, const lg_signing_key *first, const lg_signing_key *second,
                         const lg_jws_header *header, lg_bytes payload)
{
    lg_buf out = {0};
    const char *encoded = lg_base64url_encode(arena, payload), *jti = jti_of(arena, header);
    const lg_signing_key *const keys[] = {first, second};
    lg_json_open(&out);
    lg_json_put_str(&out, "payload", encoded);
    lg_json_key(&out, "signatures");
    lg_json_list(&out);
    for (int i = 0; i < 2; i++) {
        lg_json_open(&out);
        add_signature(&out, arena, keys[i], header, jti, encoded);
        lg_json_close(&out);
    }
    lg_json_end(&out);
    return finish(arena, &out);
}
