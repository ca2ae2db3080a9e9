/* The fast way through plain JSON never says anything but what jansson says, however a text is damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/json_plain.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 200000, TEXT_MAX = 512 };

/* What both read, and what only jansson does or nobody. */
static const char *const texts[] = {
    "{\"invoice\":{\"number\":\"2026/"
    "0042\",\"gross_amount\":\"1250.00\",\"lines\":[{\"no\":1},{\"no\":-20}]},"
    "\"paid\":false,\"debtor\":{\"name\":\"\xe5\xa5\x91\xe7\xba\xa6 GmbH & Co\"},\"part\":null,\"ok\":true}",
    " [ 1 , 0 , -7 , 123456789012345678 , [ ] , { } , \"\" , \"\xf0\x9f\x98\x80\" ]\r\n\t",
    "{\"protected\":\"eyJhbGciOiJFZERTQSJ9\",\"payload\":\"e30\",\"signature\":\"AAAA_-\"}",
    "{\"a\":{\"a\":{\"a\":{\"a\":[[[[[[1]]]]]]}}},\"b\":\"\\u00e9\\n\",\"c\":1.5,\"d\":1e3,\"e\":-0}",
};

/* SplitMix64 (Steele, Lea, Flood 2014): the same damage in every run. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t damage(char *text, size_t len, uint64_t *state)
{
    static const char hostile[] = "{}[]:,\"\\ \n\t\0-+.eE0129truefalsn/ux\xff\xc3\xa9\xed\xa0\x80\x7f\x1f";
    for (uint64_t writes = next_random(state) % 4; writes > 0; writes--)
        text[next_random(state) % len] = hostile[next_random(state) % (sizeof hostile - 1)];
    if (next_random(state) % 4 == 0) {
        const size_t piece = 1 + next_random(state) % 24;
        memmove(text + next_random(state) % (len - piece), text + next_random(state) % (len - piece), piece);
    }
    return next_random(state) % 8 == 0 ? next_random(state) % len : len;
}

/* Behind which nothing may be read. */
static char *exact_copy(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    return copy;
}

/* Whether the fast way took it. */
static bool both_agree(const char *text, size_t len)
{
    json_error_t error;
    char *copy = exact_copy(text, len);
    json_t *plain = lg_json_load_plain(lg_bytes_of(copy, len));
    free(copy);
    if (!plain)
        return false;
    json_t *strict = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!strict || !json_equal(plain, strict))
        fail_msg("read otherwise: %.*s", (int)len, text);
    char *one = json_dumps(plain, JSON_PRESERVE_ORDER), *other = json_dumps(strict, JSON_PRESERVE_ORDER);
    assert_string_equal(one, other);
    free(one);
    free(other);
    json_decref(plain);
    json_decref(strict);
    return true;
}

static void what_is_plain_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_true(both_agree(texts[i], strlen(texts[i])));
    assert_true(both_agree("{}", 2));
    assert_true(both_agree("[\"a\",{}]", 8));
    static const char *const others[] = {
        "",           "1",
        "\"a\"",      "null",
        "[1,]",       "[,1]",
        "{\"a\"}",    "{\"a\":1,\"a\":1}",
        "[01]",       "[-]",
        "[-0]",       "[1.0]",
        "[1e1]",      "[1234567890123456789]",
        "[\"\\n\"]",  "[\"\t\"]",
        "[\"\xff\"]", "[tru]",
        "[truee]",    "[1]x",
        "[1",         "{\"a\":1",
        "[\"a",       "[]]",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(lg_json_load_plain(lg_bytes_str(others[i])));
    assert_null(lg_json_load_plain((lg_bytes){0}));
}

static void depth_and_number_of_values_are_bounded(void **state)
{
    (void)state;
    static char many[30002];
    char deep[2 * LG_JSON_DEPTH_MAX + 2];
    memset(deep, '[', LG_JSON_DEPTH_MAX + 1);
    memset(deep + LG_JSON_DEPTH_MAX + 1, ']', LG_JSON_DEPTH_MAX + 1);
    assert_null(lg_json_load_plain(lg_bytes_of(deep, sizeof deep)));
    assert_true(both_agree(deep + 1, sizeof deep - 2));
    memset(many, ' ', sizeof many);
    many[0] = '[';
    for (size_t i = 1; i < sizeof many - 1; i++)
        many[i] = i % 2 ? '1' : ',';
    many[sizeof many - 1] = ']';
    assert_null(lg_json_load_plain(lg_bytes_of(many, sizeof many)));
}

static void damaged_texts_are_read_as_jansson_reads_them(void **state)
{
    (void)state;
    uint64_t random = 20261122;
    size_t taken = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        char text[TEXT_MAX];
        const char *from = texts[round % (sizeof texts / sizeof *texts)];
        size_t len = strlen(from);
        memcpy(text, from, len);
        len = damage(text, len, &random);
        taken += both_agree(text, len);
    }
    assert_in_range(taken, ROUNDS / 10, ROUNDS);
}

static const char *const names[] = {"payload", "protected", "signature"};

/* True if the members were found; then jansson finds the same and no others. */
static bool strings_agree(const char *text, size_t len)
{
    lg_bytes values[3];
    char *copy = exact_copy(text, len);
    if (!lg_json_plain_strings(lg_bytes_of(copy, len), names, 3, values)) {
        free(copy);
        return false;
    }
    json_t *strict = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_object_size(strict), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(strict, names[i]);
        assert_int_equal(json_string_length(value), values[i].len);
        assert_memory_equal(json_string_value(value), values[i].data, values[i].len);
    }
    json_decref(strict);
    free(copy);
    return true;
}

static void members_of_a_signed_command_are_found_where_they_are(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{\"payload\":\"e30\",\"protected\":\"eyJ9\",\"signature\":\"\"}",
        " {\n\"signature\" : \"AAAA_-\" ,\t\"protected\":\"\xc3\xa9\",\"payload\":\"a longer one than "
        "sixteen\" } \r\n",
    };
    static const char *const others[] = {
        "",
        "{}",
        "{\"payload\":\"\",\"protected\":\"\"}",
        "{\"payload\":\"\",\"protected\":\"\",\"signature\":\"\",\"signature\":\"\"}",
        "{\"payload\":\"\",\"protected\":\"\",\"payload\":\"\"}",
        "{\"payload\":\"\",\"protected\":\"\",\"signature\":\"\",\"header\":\"\"}",
        "{\"payload\":\"\",\"protected\":\"\",\"signature\":1}",
        "{\"payload\":\"\",\"protected\":\"\",\"signatur\":\"\"}",
        "{\"payload\":\"\\u0041\",\"protected\":\"\",\"signature\":\"\"}",
        "{\"payload\":\"\xff\",\"protected\":\"\",\"signature\":\"\"}",
        "{\"payload\":\"\",\"protected\":\"\",\"signature\":\"\"",
        "{\"payload\":\"\",\"protected\":\"\",\"signature\":\"\",}",
        "{\"payload\":\"\",\"protected\":\"\",\"signature\":\"\"}x",
        "[{\"payload\":\"\",\"protected\":\"\",\"signature\":\"\"}]",
    };
    uint64_t random = 20261128;
    size_t taken = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(strings_agree(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(strings_agree(others[i], strlen(others[i])));
    for (size_t round = 0; round < ROUNDS; round++) {
        char text[TEXT_MAX];
        const size_t len = strlen(good[round % 2]);
        memcpy(text, good[round % 2], len);
        taken += strings_agree(text, damage(text, len, &random));
    }
    assert_in_range(taken, ROUNDS / 10, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_plain_is_taken),
        cmocka_unit_test(depth_and_number_of_values_are_bounded),
        cmocka_unit_test(damaged_texts_are_read_as_jansson_reads_them),
        cmocka_unit_test(members_of_a_signed_command_are_found_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
