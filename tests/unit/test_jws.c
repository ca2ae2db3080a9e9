/* Signed commands: every malformed form, the checks of the header, and round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ledger/base/buf.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/registry/jws.h"

#include <stdlib.h>
#include <string.h>

#define ORIGIN "ledger.example.com/unit"
#define URL    "/v1/receivables"
#define JTI    "0123456789abcdefghijKL"
#define KID    "0123456789012345678901234567890123456789012"

#define IS(call, expected) assert_string_equal(lg_err_slug(call), lg_err_slug(expected))

static lg_arena *arena;
static lg_report report;

static int open_arena(void **state)
{
    (void)state;
    arena = lg_arena_open();
    lg_report_init(&report, arena);
    return lg_crypto_init() == LG_OK ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return 0;
}

static const char *b64(const char *text)
{
    return lg_base64url_encode(arena, lg_bytes_str(text));
}

static const char *header(const char *members)
{
    return lg_arena_printf(arena,
                           "{\"alg\":\"EdDSA\",\"kid\":\"" KID "\",\"aud\":\"" ORIGIN "\",\"url\":\"" URL
                           "\",\"iat\":1700000000,\"jti\":\"" JTI "\"%s}",
                           members);
}

/* A flattened JWS whose signature is 64 zero bytes: its form is all that is judged. */
static const char *flattened(const char *header_text)
{
    uint8_t zeros[LG_SIGNATURE_LEN] = {0};
    return lg_arena_printf(arena, "{\"protected\":\"%s\",\"payload\":\"e30\",\"signature\":\"%s\"}",
                           b64(header_text), lg_base64url_encode(arena, lg_bytes_of(zeros, sizeof zeros)));
}

static lg_err parse(const char *text, lg_jws *out)
{
    return lg_jws_parse(arena, lg_bytes_str(text), out, &report);
}

static void assert_malformed(const char *text)
{
    lg_jws out;
    lg_err err = parse(text, &out);
    if (err != LG_MALFORMED_JWS)
        fail_msg("%s: %s", lg_err_slug(err), text);
    assert_non_null(report.detail);
    assert_int_equal(report.err, LG_MALFORMED_JWS);
}

static void shapes_that_are_no_jws(void **state)
{
    (void)state;
    const char *const texts[] = {
        "{}",
        "[]",
        "[{\"payload\":\"e30\"}]",
        "{\"payload\":\"e30\"}",
        "{\"payload\":1,\"protected\":\"e30\",\"signature\":\"\"}",
        "{\"payload\":null,\"protected\":\"e30\",\"signature\":\"\"}",
        "{\"payload\":\"e30=\",\"protected\":\"e30\",\"signature\":\"\"}",
        "{\"payload\":\"e 0\",\"protected\":\"e30\",\"signature\":\"\"}",
        "{\"payload\":\"e31\",\"protected\":\"e30\",\"signature\":\"\"}", /* trailing bits */
        "{\"payload\":\"e30\",\"protected\":\"e30\"}",
        "{\"payload\":\"e30\",\"signature\":\"e30\"}",
        "{\"payload\":\"e30\",\"protected\":7,\"signature\":\"e30\"}",
        "{\"payload\":\"e30\",\"protected\":\"e30=\",\"signature\":\"e30\"}",
        "{\"payload\":\"e30\",\"protected\":\"+/+/\",\"signature\":\"e30\"}",
        "{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"e30\"}", /* an empty header */
        "{\"payload\":\"e30\",\"protected\":\"W10\",\"signature\":\"e30\"}", /* [] */
        "{\"payload\":\"e30\",\"protected\":\"bm8\",\"signature\":\"e30\"}", /* not JSON */
        "{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"e30\",\"header\":{}}",
        "{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"e30\",\"signatures\":[]}",
        "{\"payload\":\"e30\",\"signatures\":[]}",
        "{\"payload\":\"e30\",\"signatures\":{}}",
        "{\"payload\":\"e30\",\"signatures\":null}",
        "{\"payload\":\"e30\",\"signatures\":[1]}",
        "{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"e30\"}]}",
        "{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"e30\",\"signature\":\"\",\"header\":{}}]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_malformed(texts[i]);
}

static void text_that_is_no_json(void **state)
{
    (void)state;
    lg_jws out;
    const char *const texts[] = {
        "", "x", "\"jws\"", "{\"payload\":\"e30\",\"payload\":\"e30\"}", "{} {}", "{\"payload\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        IS(parse(texts[i], &out), LG_MALFORMED_JSON);
}

static void headers_that_break_a_rule(void **state)
{
    (void)state;
    const char *const members[] = {
        ",\"crit\":[\"b64\"]", ",\"b64\":false",     ",\"nonce\":\"x\"",       ",\"jwk\":{}",
        ",\"cty\":1",          ",\"cty\":\"\"",      ",\"cty\":null",          ",\"typ\":1",
        ",\"typ\":null",       ",\"submission\":[]", ",\"submission\":\"{}\"", ",\"submission\":null",
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_malformed(flattened(header(members[i])));
    assert_malformed(flattened(header(lg_arena_printf(arena, ",\"cty\":\"%065d\"", 0))));
}

/* The header with one member replaced. */
static const char *header_with(const char *name, const char *value)
{
    json_t *object = json_loads(header(""), 0, NULL);
    if (value)
        assert_int_equal(json_object_set_new(object, name, json_loads(value, JSON_DECODE_ANY, NULL)), 0);
    else
        assert_int_equal(json_object_del(object, name), 0);
    char *text = json_dumps(object, JSON_COMPACT);
    const char *copy = lg_arena_strdup(arena, text);
    free(text);
    json_decref(object);
    return copy;
}

static void each_member_is_needed_and_typed(void **state)
{
    (void)state;
    const char *const names[] = {"alg", "kid", "aud", "url", "iat", "jti"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_malformed(flattened(header_with(names[i], NULL)));
        assert_malformed(flattened(header_with(names[i], "null")));
        assert_malformed(flattened(header_with(names[i], "[]")));
        assert_malformed(flattened(header_with(names[i], "true")));
        assert_malformed(flattened(header_with(names[i], "\"\"")));
    }
    const char *const bad[][2] = {
        {"iat", "1700000000.0"},
        {"iat", "-1"},
        {"iat", "253402300800"},
        {"iat", "\"1700000000\""},
        {"iat", "1e9"},
        {"jti", "\"012345678901234567890\""},
        {"jti", "\"0123456789abcdefghijK=\""},
        {"jti", "\"0123456789abcdefghijK+\""},
        {"jti", "\"0123456789abcdefghij KL\""},
        {"kid", "\"" KID "4\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_malformed(flattened(header_with(bad[i][0], bad[i][1])));
    assert_malformed(flattened(header_with("jti", lg_arena_printf(arena, "\"%065d\"", 0))));
    assert_malformed(flattened(header_with("aud", lg_arena_printf(arena, "\"%0256d\"", 0))));
    assert_malformed(flattened(header_with("url", lg_arena_printf(arena, "\"%01025d\"", 0))));
    assert_malformed(flattened(header_with("alg", lg_arena_printf(arena, "\"%033d\"", 0))));
}

static void bounds_are_taken(void **state)
{
    (void)state;
    lg_jws out;
    IS(parse(flattened(header_with("iat", "253402300799")), &out), LG_OK);
    assert_int_equal(out.signatures[0].iat, INT64_C(253402300799));
    IS(parse(flattened(header_with("iat", "0")), &out), LG_OK);
    IS(parse(flattened(header_with("jti", lg_arena_printf(arena, "\"%064d\"", 0))), &out), LG_OK);
    IS(parse(flattened(header_with("aud", lg_arena_printf(arena, "\"%0255d\"", 0))), &out), LG_OK);
    IS(parse(flattened(header(",\"typ\":\"JOSE+JSON\",\"cty\":\"text/csv\",\"submission\":{\"part\":\"1\"}")),
             &out),
       LG_OK);
    assert_string_equal(out.signatures[0].cty, "text/csv");
    assert_string_equal(out.signatures[0].submission, "{\"part\":\"1\"}");
    assert_int_equal(out.payload.len, 2);
    assert_memory_equal(out.payload.data, "{}", 2);
    assert_true(lg_jti_is_valid(JTI));
    assert_false(lg_jti_is_valid("short"));
}

/* Made anew they grow; made of the same two texts they are the same, and those of one group begin alike. */
static void jtis_lie_side_by_side(void **state)
{
    (void)state;
    const char *last = lg_jti_new(arena);
    assert_true(lg_jti_is_valid(last));
    for (int i = 0; i < 1000; i++) {
        lg_bytes before, now;
        const char *next = lg_jti_new(arena);
        assert_true(lg_base64url_decode(arena, lg_bytes_str(last), &before) &&
                    lg_base64url_decode(arena, lg_bytes_str(next), &now));
        assert_true(now.len == 24 && memcmp(before.data, now.data, 8) < 0);
        assert_memory_not_equal(before.data + 8, now.data + 8, 16);
        last = next;
    }
    const char *one = lg_jti_among(arena, "an upload", "1");
    assert_true(lg_jti_is_valid(one));
    assert_string_equal(one, lg_jti_among(arena, "an upload", "1"));
    assert_string_not_equal(one, lg_jti_among(arena, "an upload", "2"));
    assert_memory_equal(one, lg_jti_among(arena, "an upload", "2"), 8);
    assert_memory_not_equal(one, lg_jti_among(arena, "another", "1"), 8);
}

/* A signature of a wrong length has the form of one; it just cannot verify. */
static void wrong_lengths_of_signatures(void **state)
{
    (void)state;
    lg_jws out;
    lg_signature zeros = {{0}};
    const char *text = lg_arena_printf(
        arena, "{\"protected\":\"%s\",\"payload\":\"\",\"signature\":\"AAAA\"}", b64(header("")));
    IS(parse(text, &out), LG_OK);
    assert_int_equal(out.payload.len, 0);
    assert_memory_equal(out.signatures[0].signature.b, zeros.b, sizeof zeros.b);
    assert_malformed(lg_arena_printf(
        arena, "{\"protected\":\"%s\",\"payload\":\"\",\"signature\":\"%01400d\"}", b64(header("")), 0));
}

static lg_err check(const char *header_text)
{
    lg_jws out;
    IS(parse(flattened(header_text), &out), LG_OK);
    return lg_jws_check(&out, ORIGIN, URL, &report);
}

static void alg_then_aud_then_url(void **state)
{
    (void)state;
    const char *const algs[] = {"\"none\"", "\"HS256\"", "\"ES256\"", "\"eddsa\"", "\"Ed448\"", "\"EdDSA \""};
    IS(check(header("")), LG_OK);
    IS(check(header_with("alg", "\"Ed25519\"")), LG_OK);
    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++)
        IS(check(header_with("alg", algs[i])), LG_WRONG_ALG);
    IS(check(header_with("aud", "\"ledger.example.com/UNIT\"")), LG_WRONG_AUDIENCE);
    IS(check(header_with("aud", "\"ledger.example.com/unit/\"")), LG_WRONG_AUDIENCE);
    IS(check(header_with("url", "\"/v1/receivables/\"")), LG_WRONG_URL);
    IS(check(header_with("url", "\"https://ledger.example.com/v1/receivables\"")), LG_WRONG_URL);
}

static const char *general(const char *first, const char *second)
{
    return lg_arena_printf(
        arena,
        "{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"%s\",\"signature\":\"AAAA\"},"
        "{\"protected\":\"%s\",\"signature\":\"AAAA\"}]}",
        b64(first), b64(second));
}

static lg_err check_two(const char *first, const char *second)
{
    lg_jws out;
    IS(parse(general(first, second), &out), LG_OK);
    assert_int_equal(out.signature_count, 2);
    return lg_jws_check(&out, ORIGIN, URL, &report);
}

static void two_signatures_must_agree(void **state)
{
    (void)state;
    IS(check_two(header(""), header("")), LG_OK);
    IS(check_two(header(""), header_with("iat", "1700000099")), LG_OK);
    IS(check_two(header(""), header_with("alg", "\"none\"")), LG_WRONG_ALG);
    IS(check_two(header(""), header_with("aud", "\"other\"")), LG_WRONG_AUDIENCE);
    IS(check_two(header(""), header_with("url", "\"/v1/claims\"")), LG_WRONG_URL);
    IS(check_two(header(""), header_with("jti", "\"ABCDEFGHIJKLMNOPQRSTUVWX\"")), LG_MALFORMED_JWS);
    IS(check_two(header(",\"cty\":\"text/csv\""), header("")), LG_MALFORMED_JWS);
    IS(check_two(header(""), header(",\"cty\":\"text/csv\"")), LG_MALFORMED_JWS);
    IS(check_two(header(",\"submission\":{}"), header(",\"submission\":{\"part\":\"1\"}")), LG_MALFORMED_JWS);
    const char *one = "{\"protected\":\"e30\",\"signature\":\"AAAA\"}";
    assert_malformed(
        lg_arena_printf(arena, "{\"payload\":\"e30\",\"signatures\":[%s,%s,%s]}", one, one, one));
}

/* RFC 8037 appendices A.1, A.2, A.4 and A.5; the kid of A.3. */
static void known_answer_of_rfc_8037(void **state)
{
    (void)state;
    static const char input[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    lg_bytes seed, public_key, expected;
    assert_true(
        lg_base64url_decode(arena, lg_bytes_str("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"), &seed));
    assert_true(
        lg_base64url_decode(arena, lg_bytes_str("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), &public_key));
    assert_true(lg_base64url_decode(
        arena,
        lg_bytes_str(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
        &expected));
    lg_signing_key *key = lg_signing_key_from_seed(seed.data);
    lg_public_key made = lg_signing_key_public(key);
    assert_memory_equal(made.b, public_key.data, sizeof made.b);
    assert_string_equal(lg_kid_of(&made).s, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    lg_signature signature = lg_sign(key, lg_bytes_str(input));
    assert_memory_equal(signature.b, expected.data, sizeof signature.b);
    assert_true(lg_verify(&made, lg_bytes_str(input), &signature));
    signature.b[63] ^= 1;
    assert_false(lg_verify(&made, lg_bytes_str(input), &signature));
    lg_signing_key_close(key);
}

static void what_is_composed_verifies(void **state)
{
    (void)state;
    lg_jws out;
    lg_signing_key *key = lg_signing_key_new();
    lg_public_key public_key = lg_signing_key_public(key);
    const lg_jws_header said = {.aud = ORIGIN,
                                .url = URL,
                                .iat = 1700000001,
                                .cty = "application/xml",
                                .submission = "{\"part\":\"\xe7\x94\xb2\"}"};
    char *text = lg_jws_compose(arena, key, &said, lg_bytes_str("<Invoice/>"));
    IS(parse(text, &out), LG_OK);
    const lg_jws_signature *s = &out.signatures[0];
    assert_int_equal(out.signature_count, 1);
    assert_ptr_equal(out.bytes.data, text);
    assert_memory_equal(out.payload.data, "<Invoice/>", 10);
    assert_string_equal(s->kid, lg_kid_of(&public_key).s);
    assert_int_equal(s->iat, 1700000001);
    assert_string_equal(s->submission, said.submission);
    assert_true(lg_jti_is_valid(s->jti));
    assert_true(lg_verify(&public_key, s->signing_input, &s->signature));
    IS(lg_jws_check(&out, ORIGIN, URL, &report), LG_OK);
    lg_jws again;
    IS(parse(lg_jws_compose(arena, key, &said, lg_bytes_str("<Invoice/>")), &again), LG_OK);
    assert_string_not_equal(again.signatures[0].jti, s->jti);
    lg_signing_key_close(key);
}

static void two_compose_one_act(void **state)
{
    (void)state;
    lg_jws out;
    lg_signing_key *keys[2] = {lg_signing_key_new(), lg_signing_key_new()};
    const lg_jws_header said = {.aud = ORIGIN, .url = URL, .iat = 1700000001, .jti = JTI};
    IS(parse(lg_jws_compose_two(arena, keys[0], keys[1], &said, lg_bytes_str("{}")), &out), LG_OK);
    assert_int_equal(out.signature_count, 2);
    IS(lg_jws_check(&out, ORIGIN, URL, &report), LG_OK);
    for (size_t i = 0; i < 2; i++) {
        lg_public_key public_key = lg_signing_key_public(keys[i]), other = lg_signing_key_public(keys[1 - i]);
        const lg_jws_signature *s = &out.signatures[i];
        assert_string_equal(s->jti, JTI);
        assert_string_equal(s->kid, lg_kid_of(&public_key).s);
        assert_true(lg_verify(&public_key, s->signing_input, &s->signature));
        assert_false(lg_verify(&other, s->signing_input, &s->signature));
    }
    lg_signing_key_close(keys[0]);
    lg_signing_key_close(keys[1]);
}

/* No flipped byte of a signed command gives another command that verifies. */
static void no_flipped_byte_verifies(void **state)
{
    (void)state;
    lg_signing_key *key = lg_signing_key_new();
    lg_public_key public_key = lg_signing_key_public(key);
    const lg_jws_header said = {.aud = ORIGIN, .url = URL, .iat = 1700000001, .jti = JTI};
    char *text = lg_jws_compose(arena, key, &said, lg_bytes_str("{\"amount\":\"1.00\"}"));
    for (size_t i = 0; text[i]; i++) {
        lg_jws out;
        text[i] ^= 1;
        if (parse(text, &out) == LG_OK)
            assert_false(
                lg_verify(&public_key, out.signatures[0].signing_input, &out.signatures[0].signature));
        text[i] ^= 1;
    }
    lg_signing_key_close(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_that_are_no_jws),    cmocka_unit_test(text_that_is_no_json),
        cmocka_unit_test(headers_that_break_a_rule), cmocka_unit_test(each_member_is_needed_and_typed),
        cmocka_unit_test(bounds_are_taken),          cmocka_unit_test(wrong_lengths_of_signatures),
        cmocka_unit_test(alg_then_aud_then_url),     cmocka_unit_test(two_signatures_must_agree),
        cmocka_unit_test(known_answer_of_rfc_8037),  cmocka_unit_test(what_is_composed_verifies),
        cmocka_unit_test(jtis_lie_side_by_side),     cmocka_unit_test(two_compose_one_act),
        cmocka_unit_test(no_flipped_byte_verifies),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
