#include "ledger/base/file.h"
#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/key_internal.h"
#include "ledger/crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TEXT_MAX = 4096,         /* bytes of a key file; other tools add members */
    COORDINATE_TEXT_LEN = 43 /* base64url of 32 bytes */
};

lg_err lg_key_file_write(const char *path, const lg_signing_key *key, lg_report *report)
{
    char x[COORDINATE_TEXT_LEN + 1];
    char *d = lg_secret_alloc(COORDINATE_TEXT_LEN + 1);
    char *text = lg_secret_alloc(TEXT_MAX);
    sodium_bin2base64(d, COORDINATE_TEXT_LEN + 1, key->secret, LG_SEED_LEN,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    lg_base64url_write(x, key->public.b, LG_PUBLIC_KEY_LEN);
    int len =
        snprintf(text, TEXT_MAX, "{\"crv\":\"Ed25519\",\"d\":\"%s\",\"kty\":\"OKP\",\"x\":\"%s\"}\n", d, x);
    lg_err err = lg_file_create(path, lg_bytes_of(text, (size_t)len), 0600, report);
    lg_secret_free(text);
    lg_secret_free(d);
    return err;
}

static bool member_is(const json_t *jwk, const char *name, const char *expected)
{
    const char *value = json_string_value(json_object_get(jwk, name));
    return value && strcmp(value, expected) == 0;
}

/* Not lg_base64url_decode: the seed must not pass through an arena. */
static bool read_coordinate(const json_t *value, uint8_t out[32])
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len;
    return json_string_length(value) == COORDINATE_TEXT_LEN &&
           strspn(json_string_value(value), allowed) == COORDINATE_TEXT_LEN &&
           sodium_base642bin(out, 32, json_string_value(value), COORDINATE_TEXT_LEN, NULL, &len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           len == 32;
}

/* NULL unless the text is a JWK whose d belongs to its x. */
static lg_signing_key *parse_jwk(lg_bytes text)
{
    lg_signing_key *key = NULL;
    json_t *jwk;
    uint8_t seed[LG_SEED_LEN], x[LG_PUBLIC_KEY_LEN];
    /* No report: jansson's messages quote the text, and this text is secret. */
    if (lg_json_load(text, &jwk, NULL) != LG_OK)
        return NULL;
    json_t *d = json_object_get(jwk, "d");
    if (member_is(jwk, "kty", "OKP") && member_is(jwk, "crv", "Ed25519") && read_coordinate(d, seed) &&
        read_coordinate(json_object_get(jwk, "x"), x)) {
        key = lg_signing_key_from_seed(seed);
        if (memcmp(key->public.b, x, sizeof x) != 0) {
            lg_signing_key_close(key);
            key = NULL;
        }
    }
    lg_wipe(seed, sizeof seed);
    if (json_is_string(d))
        lg_wipe((char *)(uintptr_t)json_string_value(d), json_string_length(d));
    json_decref(jwk);
    return key;
}

lg_err lg_key_file_read(const char *path, lg_signing_key **out, lg_report *report)
{
    uint8_t *text = lg_secret_alloc(TEXT_MAX);
    size_t len = 0;
    lg_err err = lg_file_read_private(path, text, TEXT_MAX, &len, report);
    if (err == LG_OK) {
        lg_signing_key *key = parse_jwk(lg_bytes_of(text, len));
        if (key)
            *out = key;
        else
            err = lg_fail(report, LG_CORRUPT,
                          "%s is not an Ed25519 private key in JWK form whose d belongs to its x.", path);
    }
    lg_secret_free(text);
    return err;
}
