/* Errors, arena, buffer and JSON writer, strict JSON reading, calendar, ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/buf.h"
#include "ledger/base/calendar.h"
#include "ledger/base/json.h"
#include "ledger/base/text.h"
#include "ledger/base/uuid.h"
#include "ledger/crypto/secret.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static lg_arena *arena;

static lg_report fresh_report(void)
{
    lg_report report;
    lg_report_init(&report, arena);
    return report;
}

/* --- errors --- */

static void every_error_has_a_unique_slug_a_title_and_a_kind(void **state)
{
    (void)state;
    for (int i = 0; i < LG_ERROR_COUNT; i++) {
        const char *slug = lg_err_slug((lg_err)i);
        assert_true(strspn(slug, "abcdefghijklmnopqrstuvwxyz-") == strlen(slug) && *slug);
        assert_true(strlen(lg_err_title((lg_err)i)) > 3);
        assert_int_equal(lg_err_kind((lg_err)i) == LG_KIND_NONE, i == LG_OK);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(slug, lg_err_slug((lg_err)j));
    }
    assert_string_equal(lg_err_slug((lg_err)LG_ERROR_COUNT), "internal-error");
    assert_string_equal(lg_err_slug((lg_err)-1), "internal-error");
}

static void a_report_keeps_the_first_hundred_faults_in_order(void **state)
{
    (void)state;
    lg_report report = fresh_report();
    for (int i = 0; i < 150; i++)
        lg_fault_add(&report, "code", "/p", "fault %d", i);
    assert_int_equal(report.fault_count, 150);
    int kept = 0;
    for (const lg_fault *fault = report.first; fault; fault = fault->next)
        assert_string_equal(fault->detail, lg_arena_printf(arena, "fault %d", kept++));
    assert_int_equal(kept, 100);
    assert_int_equal(report.err, LG_OK);
    assert_int_equal(lg_fail(&report, LG_BUSY, "because of %s", "x"), LG_BUSY);
    assert_int_equal(report.err, LG_BUSY);
    assert_string_equal(report.detail, "because of x");
    assert_int_equal(lg_fail(NULL, LG_IO, "nobody listens"), LG_IO);
}

/* --- arena --- */

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    lg_arena *own = lg_arena_open();
    for (int round = 0; round < 3; round++) {
        uint8_t *last = NULL;
        size_t last_len = 0;
        for (size_t len = 0; len < 40000; len = len * 2 + 1) {
            uint8_t *data = lg_arena_alloc(own, len);
            assert_int_equal((uintptr_t)data % alignof(max_align_t), 0);
            for (size_t i = 0; i < len; i++)
                assert_int_equal(data[i], 0);
            memset(data, 0xee, len);
            for (size_t i = 0; i < last_len; i++)
                assert_int_equal(last[i], 0xee);
            last = data;
            last_len = len;
        }
        lg_arena_reset(own);
    }
    lg_bytes copy = lg_arena_copy(own, lg_bytes_of("a\0b", 3));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.data, "a\0b\0", 4);
    assert_string_equal(lg_arena_printf(own, "%s-%d", "x", 7), "x-7");
    assert_int_equal(lg_bytes_str(NULL).len, 0);
    lg_arena_close(own);
    lg_arena_close(NULL);
}

/* --- buffer and JSON writer --- */

static void strings_are_escaped_exactly_as_jcs_asks(void **state)
{
    (void)state;
    lg_buf buf = {0};
    /* RFC 8785 section 3.2.3's example string, and every control character */
    lg_json_str(&buf, "\xe2\x82\xac$\x0f\nA'B\"\\\\\"/");
    assert_string_equal(buf.data, "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
    for (char c = 1; c < 0x20; c++) {
        static const char *const brief[] = {
            ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
        const char *escape = c <= '\r' ? brief[(int)c] : NULL;
        lg_buf_reset(&buf);
        lg_json_strn(&buf, &c, 1);
        assert_string_equal(buf.data, escape ? lg_arena_printf(arena, "\"%s\"", escape)
                                             : lg_arena_printf(arena, "\"\\u%04x\"", (unsigned)c));
    }
    lg_buf_reset(&buf);
    lg_json_strn(&buf, "a\0b", 3);
    assert_string_equal(buf.data, "\"a\\u0000b\"");
    lg_buf_reset(&buf);
    lg_json_str(&buf, "\x7f/<>&\xe5\xa5\x91\xf0\x9f\x98\x80"); /* all as it is */
    assert_string_equal(buf.data, "\"\x7f/<>&\xe5\xa5\x91\xf0\x9f\x98\x80\"");
    lg_buf_clear(&buf);
}

/* Of a text in which this byte stands at one place, and behind which nothing may be read. */
static void quote_with(int c, size_t at, size_t len)
{
    char *text = malloc(len), *terminated = malloc(len + 1);
    lg_buf buf = {0};
    memset(text, c % 2 ? 'x' : '\xff', len);
    text[at] = (char)c;
    memcpy(terminated, text, len);
    terminated[len] = '\0';
    lg_json_quote(&buf, text, len);
    assert_int_equal(buf.data[0], '"');
    assert_memory_equal(buf.data + 1, text, at);
    assert_int_equal(buf.data[at + 1] == '\\', c < 0x20 || c == '"' || c == '\\');
    assert_int_equal(buf.data[buf.len - 1], '"');
    assert_memory_equal(buf.data + buf.len - (len - at), text + at + 1, len - at - 1);
    if (c)
        assert_string_equal(lg_json_quoted(arena, terminated), buf.data);
    lg_buf_clear(&buf);
    free(terminated);
    free(text);
}

/* Whatever stands before and behind it, and however full the buffer is. */
static void every_byte_is_escaped_or_not_at_every_place(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++)
        for (size_t len = 1; len <= 40; len++)
            for (size_t at = 0; at < len; at++)
                quote_with(c, at, len);
    assert_string_equal(lg_json_quoted(arena, ""), "\"\"");
    assert_string_equal(lg_json_quoted(arena, NULL), "null");
    assert_string_equal(lg_int_format(INT64_MAX).s, "9223372036854775807");
    assert_string_equal(lg_int_format(0).s, "0");
    for (size_t filled = 400; filled < 520; filled++) {
        lg_buf buf = {0};
        for (size_t i = 0; i < filled; i++)
            lg_buf_char(&buf, '[');
        lg_json_strn(&buf, "\x01\x02\x03", 3);
        assert_string_equal(buf.data + filled, "\"\\u0001\\u0002\\u0003\"");
        lg_json_int(&buf, INT64_MIN);
        assert_string_equal(buf.data + filled + 20, ",-9223372036854775808");
        lg_buf_clear(&buf);
    }
}

static void the_writer_puts_commas_where_they_belong(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_json_open(&buf);
    lg_json_put_int(&buf, "a", INT64_MIN);
    lg_json_put_str(&buf, "b{[:", NULL);
    lg_json_key(&buf, "c");
    lg_json_list(&buf);
    lg_json_int(&buf, 1);
    lg_json_str(&buf, "[");
    lg_json_str(&buf, "{");
    lg_json_str(&buf, ":");
    lg_json_list(&buf);
    lg_json_end(&buf);
    lg_json_open(&buf);
    lg_json_close(&buf);
    lg_json_bool(&buf, true);
    lg_json_null(&buf);
    lg_json_end(&buf);
    lg_json_put_bool(&buf, "d", false);
    lg_json_put_raw(&buf, "e", "{\"x\":1}");
    lg_json_put_str(&buf, "f", "");
    lg_json_close(&buf);
    assert_string_equal(
        buf.data, "{\"a\":-9223372036854775808,\"b{[:\":null,\"c\":[1,\"[\",\"{\",\":\",[],{},true,null],"
                  "\"d\":false,\"e\":{\"x\":1},\"f\":\"\"}");
    lg_buf_reset(&buf);
    lg_buf_str(&buf, "[1, ");
    lg_json_quote(&buf, "q\"", 2);
    lg_buf_char(&buf, ']');
    assert_string_equal(buf.data, "[1, \"q\\\"\"]");
    lg_buf_clear(&buf);
    assert_int_equal(lg_buf_bytes(&buf).len, 0);
}

static void a_buffer_grows_through_every_size(void **state)
{
    (void)state;
    lg_buf buf = {0};
    for (int i = 0; i < 3000; i++)
        lg_buf_printf(&buf, "%04d", i);
    assert_int_equal(buf.len, 12000);
    for (int i = 0; i < 3000; i++)
        assert_memory_equal(buf.data + 4 * i, lg_arena_printf(arena, "%04d", i), 4);
    lg_buf_clear(&buf);
    assert_null(buf.data);
}

/* --- reading JSON --- */

static lg_err load(const char *text, size_t len)
{
    json_t *value = NULL;
    lg_report report = fresh_report();
    lg_err err = lg_json_load(lg_bytes_of(text, len), &value, &report);
    if (err != LG_OK) {
        assert_null(value);
        assert_int_equal(report.err, LG_MALFORMED_JSON);
        assert_non_null(report.detail);
    }
    json_decref(value);
    return err;
}

static void only_strict_json_is_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "1",
        "\"x\"",
        "null",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "[01]",
        "[+1]",
        "[.5]",
        "[1.]",
        "[0x1]",
        "[NaN]",
        "[Infinity]",
        "[1]x",
        "[1][2]",
        "[1] // c",
        "[\"\t\"]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[\"\\ud800\"]",
        "[\"\\u0000\"]",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":2}",
        "[\"\xff\"]",
        "[\"\xc0\x80\"]",
        "[\"\xed\xa0\x80\"]",
        "\xef\xbb\xbf[]",
        "[1e999]",
        "[99999999999999999999]",
        "[tru]",
        "[True]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (load(bad[i], strlen(bad[i])) != LG_MALFORMED_JSON)
            fail_msg("accepted %s", bad[i]);
    assert_int_equal(load("[1]\0", 4), LG_MALFORMED_JSON);
    assert_int_equal(load(" [1, {\"\xe5\xa5\x91\": \"\\ud83d\\ude00\"}] \r\n",
                          strlen(" [1, {\"\xe5\xa5\x91\": \"\\ud83d\\ude00\"}] \r\n")),
                     LG_OK);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    enum { MANY = 1000000 };
    char *text = lg_arena_alloc(arena, 2 * MANY);
    for (size_t depth = 1; depth <= 2 * LG_JSON_DEPTH_MAX; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(load(text, 2 * depth), depth <= LG_JSON_DEPTH_MAX ? LG_OK : LG_MALFORMED_JSON);
    }
    memset(text, '[', MANY);
    assert_int_equal(load(text, MANY), LG_MALFORMED_JSON);
    /* brackets inside strings are no depth, whatever is escaped */
    static const char in_string[] =
        "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[\\\\\",\"[[[\"]";
    assert_int_equal(load(in_string, strlen(in_string)), LG_OK);
    assert_int_equal(load("[\"\\", 3), LG_MALFORMED_JSON);
}

/* Each value costs jansson some hundred bytes, each message is shown to people: what a client can make long
 * or many is bounded before, and shortened. */
static void what_is_crowded_or_ill_formed_is_told_in_text(void **state)
{
    (void)state;
    enum { VALUES = 100000 };
    char *text = lg_arena_alloc(arena, 2 * VALUES + 8);
    json_t *value = NULL;
    lg_report report = fresh_report();
    memset(text, ',', 2 * VALUES);
    text[0] = '[';
    for (size_t i = 1; i < 2 * VALUES; i += 2)
        text[i] = '7';
    text[2 * VALUES] = ']'; /* VALUES numbers and their list */
    assert_int_equal(lg_json_load(lg_bytes_of(text, 2 * VALUES + 1), &value, &report), LG_MALFORMED_JSON);
    assert_string_equal(report.detail, "The JSON text holds more than 100,000 values.");
    memset(text, ' ', 4); /* two fewer: as many as may be */
    text[4] = '[';
    assert_int_equal(lg_json_load(lg_bytes_of(text, 2 * VALUES + 1), &value, &report), LG_OK);
    assert_int_equal(json_array_size(value), VALUES - 2);
    json_decref(value);
    memset(text, ',', VALUES + 2); /* also where a bracket comes behind the last comma that may be */
    text[VALUES - 1] = '[';
    assert_int_equal(lg_json_load(lg_bytes_of(text, VALUES + 2), &value, &report), LG_MALFORMED_JSON);
    assert_string_equal(report.detail, "The JSON text holds more than 100,000 values.");
    /* jansson cuts what it quotes off inside a character: then nothing is quoted. */
    memset(text, 'a', 200);
    memcpy(text, "[x", 2);
    for (size_t i = 2; i < 200; i += 3)
        memcpy(text + i, "\xe5\xa5\x91", 3);
    for (size_t len = 100; len < 106; len++) {
        assert_int_equal(lg_json_load(lg_bytes_of(text, len), &value, &report), LG_MALFORMED_JSON);
        assert_int_equal(lg_text_is_utf8(lg_bytes_str(report.detail)), 1);
    }
}

static bool has_fault(const lg_report *report, const char *code, const char *pointer)
{
    for (const lg_fault *fault = report->first; fault; fault = fault->next)
        if (strcmp(fault->code, code) == 0 && strcmp(fault->pointer, pointer) == 0)
            return true;
    return false;
}

static void the_decoder_notes_every_broken_rule(void **state)
{
    (void)state;
    static const char text[] = "{\"s\":\"good\",\"empty\":\"\",\"long\":\"abcdef\",\"line\":\"a\\nb\","
                               "\"edge\":\" a\",\"n\":5,\"real\":5.0,"
                               "\"low\":-1,\"b\":true,\"null\":null,\"a/b~c\":1,\"extra\":{}}";
    json_t *value;
    int64_t n = -7;
    bool b = false;
    lg_report report = fresh_report();
    assert_int_equal(lg_json_load(lg_bytes_str(text), &value, &report), LG_OK);
    lg_decoder d = lg_decode_object(value, "/top", &report);
    assert_string_equal(lg_decode_str(&d, "s", true, 4), "good");
    assert_null(lg_decode_str(&d, "empty", true, 4));
    assert_null(lg_decode_str(&d, "long", true, 5));
    assert_null(lg_decode_str(&d, "line", true, 5));
    assert_null(lg_decode_str(&d, "edge", false, 5));
    assert_null(lg_decode_str(&d, "n", false, 5));
    assert_null(lg_decode_str(&d, "absent", false, 5));
    assert_null(lg_decode_str(&d, "missing", true, 5));
    assert_null(lg_decode_str(&d, "null", true, 5));
    assert_true(lg_decode_int(&d, "n", true, 5, 5, &n));
    assert_int_equal(n, 5);
    assert_false(lg_decode_int(&d, "real", true, 0, 9, &n));
    assert_false(lg_decode_int(&d, "low", true, 0, 9, &n));
    assert_true(lg_decode_bool(&d, "b", true, &b));
    assert_true(b);
    assert_false(lg_decode_bool(&d, "n", true, &b));
    assert_int_equal(n, 5);
    assert_false(lg_decode_int(&d, "a/b~c", true, 2, 3, &n));
    lg_decode_finish(&d);
    assert_true(has_fault(&report, "empty", "/top/empty"));
    assert_true(has_fault(&report, "too_long", "/top/long"));
    assert_true(has_fault(&report, "bad_character", "/top/line"));
    assert_true(has_fault(&report, "bad_character", "/top/edge"));
    assert_true(has_fault(&report, "not_a_string", "/top/n"));
    assert_true(has_fault(&report, "required", "/top/missing"));
    assert_true(has_fault(&report, "required", "/top/null"));
    assert_true(has_fault(&report, "not_an_integer", "/top/real"));
    assert_true(has_fault(&report, "out_of_range", "/top/low"));
    assert_true(has_fault(&report, "not_a_boolean", "/top/n"));
    assert_true(has_fault(&report, "out_of_range", "/top/a~1b~0c"));
    assert_true(has_fault(&report, "unknown_field", "/top/extra"));
    assert_int_equal(report.fault_count, 12);
    json_decref(value);
    value = json_array();
    report = fresh_report();
    d = lg_decode_object(value, "", &report);
    assert_null(lg_decode_str(&d, "s", true, 4));
    lg_decode_finish(&d);
    assert_true(has_fault(&report, "not_an_object", ""));
    assert_int_equal(report.fault_count, 1);
    json_decref(value);
}

static void names_that_are_no_fields_are_told_briefly(void **state)
{
    (void)state;
    lg_report report = fresh_report();
    char name[66];
    json_t *object = json_object();
    bool b = true;
    memset(name, 'n', 65);
    name[65] = '\0';
    json_object_set_new(object, name, json_null());
    json_object_set_new(object, name + 1, json_null()); /* 64 bytes are shown */
    json_object_set_new(object, "known", json_false());
    lg_decoder d = lg_decode_object(object, "", &report);
    assert_true(lg_decode_bool(&d, "known", true, &b));
    assert_false(b);
    assert_false(lg_decode_bool(&d, "absent", false, &b));
    lg_decode_finish(&d);
    assert_int_equal(report.fault_count, 2);
    assert_string_equal(report.first->detail, "A name of 65 bytes is not a field here.");
    assert_string_equal(report.first->pointer, "");
    assert_string_equal(report.first->next->pointer, lg_arena_printf(arena, "/%s", name + 1));
    for (int i = 0; i < 200; i++)
        json_object_set_new(object, lg_arena_printf(arena, "more%d", i), json_null());
    report = fresh_report();
    d = lg_decode_object(object, "", &report);
    lg_decode_finish(&d);
    assert_int_equal(report.fault_count, 100);
    json_decref(object);
    report = fresh_report();
    d = lg_decode_object(NULL, "/gone", &report);
    assert_false(lg_decode_bool(&d, "b", true, &b));
    assert_int_equal(report.fault_count, 1);
    assert_string_equal(report.first->detail, "/gone must be an object.");
}

/* --- calendar --- */

static void known_days_and_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        lg_day day;
    } days[] = {{"1970-01-01", 0},     {"1969-12-31", -1},     {"2026-11-22", 20779}, {"2024-02-29", 19782},
                {"2000-02-29", 11016}, {"1900-01-01", -25567}, {"2999-12-31", 376199}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        lg_day day;
        assert_true(lg_day_parse(days[i].text, &day));
        assert_int_equal(day, days[i].day);
        assert_string_equal(lg_day_format(day).s, days[i].text);
    }
    lg_time time;
    assert_true(lg_time_parse("2026-11-22T01:02:03.456789Z", &time));
    assert_int_equal(time, INT64_C(1795309323456789));
    assert_string_equal(lg_time_format(time).s, "2026-11-22T01:02:03.456789Z");
    assert_true(lg_time_parse("2026-11-22T01:02:03.4Z", &time));
    assert_int_equal(time, INT64_C(1795309323400000));
    assert_true(lg_time_parse("1969-12-31T23:59:59.999999Z", &time));
    assert_int_equal(time, -1);
    assert_string_equal(lg_time_format(-1).s, "1969-12-31T23:59:59.999999Z");
    assert_int_equal(lg_day_of(-1), -1);
    assert_int_equal(lg_day_of(0), 0);
    assert_int_equal(lg_day_of(LG_TIME_PER_DAY - 1), 0);
    assert_int_equal(lg_day_of(-LG_TIME_PER_DAY), -1);
    assert_true(lg_time_parse("1900-01-01T00:00:00Z", &time));
    assert_true(lg_time_is_valid(time));
    assert_false(lg_time_is_valid(time - 1));
    assert_true(lg_time_parse("2999-12-31T23:59:59.999999Z", &time));
    assert_true(lg_time_is_valid(time));
    assert_false(lg_time_is_valid(time + 1));
    assert_false(lg_time_is_valid(INT64_MAX));
    assert_false(lg_time_is_valid(INT64_MIN));
    assert_string_equal(lg_time_format(INT64_MAX).s, "invalid");
    assert_string_equal(lg_time_format(INT64_MIN).s, "invalid");
    assert_string_equal(lg_day_format(INT32_MAX).s, "invalid");
    assert_string_equal(lg_day_format(INT32_MIN).s, "invalid");
}

/* Against the C library's own calendar. */
static void every_day_from_1900_to_2999_goes_there_and_back(void **state)
{
    (void)state;
    for (lg_day day = -25567; day <= 376199; day++) {
        time_t seconds = (time_t)day * 86400;
        struct tm tm;
        char expected[32], compact[32];
        lg_day again;
        gmtime_r(&seconds, &tm);
        strftime(expected, sizeof expected, "%Y-%m-%d", &tm);
        strftime(compact, sizeof compact, "%Y%m%d", &tm);
        if (strcmp(lg_day_format(day).s, expected) != 0 || !lg_day_parse(expected, &again) || again != day ||
            !lg_day_parse_compact(compact, &again) || again != day)
            fail_msg("day %d", day);
    }
}

static void impossible_dates_and_times_are_refused(void **state)
{
    (void)state;
    static const char *const days[] = {
        "",           "2026",       "2026-13-01", "2026-00-01",  "2026-01-00",  "2026-01-32",
        "2026-02-29", "2100-02-29", "2026-04-31", "1899-12-31",  "3000-01-01",  "2026-1-01",
        "2026-01-1",  "2026/01/01", "20260101",   "2026-01-01 ", " 2026-01-01", "2026-01-01Z",
        "-026-01-01", "+026-01-01", "0000-01-01", "2026-01-0a",  "02026-01-01", "2026-01-01T",
    };
    static const char *const compact[] = {"",         "2026-01-01", "2026010", "202601011",
                                          "20260229", "20261301",   "2026 101"};
    static const char *const times[] = {
        "",
        "2026-11-22",
        "2026-11-22T01:02:03",
        "2026-11-22T01:02Z",
        "2026-11-22 01:02:03Z",
        "2026-11-22t01:02:03Z",
        "2026-11-22T01:02:03z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T23:60:00Z",
        "2026-11-22T23:59:60Z",
        "2026-11-22T01:02:03.Z",
        "2026-11-22T01:02:03.1234567Z",
        "2026-11-22T01:02:03,5Z",
        "2026-11-22T01:02:03+00:00",
        "2026-11-22T01:02:03Z ",
        "2026-02-30T01:02:03Z",
        "2026-11-22T1:02:03Z",
        "2026-11-22T-1:02:03Z",
    };
    lg_day day;
    lg_time time;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        if (lg_day_parse(days[i], &day))
            fail_msg("accepted %s", days[i]);
    for (size_t i = 0; i < sizeof compact / sizeof *compact; i++)
        if (lg_day_parse_compact(compact[i], &day))
            fail_msg("accepted %s", compact[i]);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (lg_time_parse(times[i], &time))
            fail_msg("accepted %s", times[i]);
}

/* --- ids --- */

static void ids_grow_and_are_version_7(void **state)
{
    (void)state;
    lg_uuid last = lg_uuid_new();
    for (int i = 0; i < 20000; i++) { /* more than 4096 a millisecond */
        lg_uuid id = lg_uuid_new();
        assert_true(memcmp(last.b, id.b, 16) < 0);
        assert_int_equal(id.b[6] >> 4, 7);
        assert_int_equal(id.b[8] >> 6, 2);
        last = id;
    }
    lg_time now = lg_now();
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | lg_uuid_new().b[i];
    assert_in_range(ms, now / 1000 - 60000, now / 1000 + 60000);
}

enum { IDS = 2000, THREADS = 4 };

static void *make_ids(void *out)
{
    lg_uuid *ids = out;
    for (int i = 0; i < IDS; i++)
        ids[i] = lg_uuid_new();
    return NULL;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(lg_uuid));
}

static void threads_make_different_ids(void **state)
{
    (void)state;
    lg_uuid *ids = calloc(IDS * THREADS, sizeof *ids);
    pthread_t threads[THREADS];
    assert_non_null(ids);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, ids + IDS * i), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    qsort(ids, IDS * THREADS, sizeof *ids, by_bytes);
    for (int i = 1; i < IDS * THREADS; i++)
        assert_memory_not_equal(&ids[i - 1], &ids[i], 8); /* the time and counter part alone differs */
    free(ids);
}

static void ids_in_text_form(void **state)
{
    (void)state;
    static const char text[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"; /* RFC 9562 appendix A.6 */
    static const char *const bad[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2x79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398 ",
    };
    lg_uuid id, other;
    assert_true(lg_uuid_parse(text, &id));
    assert_string_equal(lg_uuid_format(id).s, text);
    assert_true(lg_uuid_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", &other));
    assert_true(lg_uuid_equal(id, other));
    other.b[15] ^= 1;
    assert_false(lg_uuid_equal(id, other));
    assert_false(lg_uuid_is_nil(id));
    assert_true(lg_uuid_is_nil((lg_uuid){0}));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(lg_uuid_parse(bad[i], &id));
}

static int set_up(void **state)
{
    (void)state;
    arena = lg_arena_open();
    return lg_crypto_init() == LG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_unique_slug_a_title_and_a_kind),
        cmocka_unit_test(a_report_keeps_the_first_hundred_faults_in_order),
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(strings_are_escaped_exactly_as_jcs_asks),
        cmocka_unit_test(every_byte_is_escaped_or_not_at_every_place),
        cmocka_unit_test(the_writer_puts_commas_where_they_belong),
        cmocka_unit_test(a_buffer_grows_through_every_size),
        cmocka_unit_test(only_strict_json_is_read),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(the_decoder_notes_every_broken_rule),
        cmocka_unit_test(what_is_crowded_or_ill_formed_is_told_in_text),
        cmocka_unit_test(names_that_are_no_fields_are_told_briefly),
        cmocka_unit_test(known_days_and_times),
        cmocka_unit_test(every_day_from_1900_to_2999_goes_there_and_back),
        cmocka_unit_test(impossible_dates_and_times_are_refused),
        cmocka_unit_test(ids_grow_and_are_version_7),
        cmocka_unit_test(threads_make_different_ids),
        cmocka_unit_test(ids_in_text_form),
    };
    return cmocka_run_group_tests_name("base", tests, set_up, tear_down);
}
