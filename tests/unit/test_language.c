/* Languages: what the catalogue holds comes back from finished sentences, whatever their arguments are; and
 * who is answered in which language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/language/internal.h"

#include <stdlib.h>
#include <string.h>

static lg_arena *arena;

static const char *zh(const char *sentence)
{
    return language_sentence(LANGUAGE_CHINESE, arena, sentence);
}

/* ---- the catalogue ---- */

/* The format with a sample for each argument: numbers, and words that no format holds. */
static const char *sample(const format *of)
{
    lg_buf out = {0};
    for (size_t i = 0; i < of->count; i++) {
        const format_piece *piece = &of->pieces[i];
        lg_buf_add(&out, piece->text.data, piece->text.len);
        if (piece->number)
            lg_buf_printf(&out, "%u", 70 + piece->argument);
        else
            lg_buf_printf(&out, "Zq%u", piece->argument);
    }
    lg_buf_add(&out, of->tail.data, of->tail.len);
    const char *copy = lg_arena_strndup(arena, out.data ? out.data : "", out.len);
    lg_buf_clear(&out);
    return copy;
}

static bool is_sentence(const char *english, format *out)
{
    return !strchr(english, '\4') && format_parse(arena, english, out) && out->tells;
}

static void every_format_is_found_again_in_its_sentence(void **state)
{
    (void)state;
    size_t wrong = 0, seen = 0;
    for (size_t i = 1; i < catalogue_count(catalogue_messages); i++) {
        const char *english, *chinese;
        format of, in_chinese;
        catalogue_entry(catalogue_messages, i, &english, &chinese);
        if (!is_sentence(english, &of))
            continue;
        seen++;
        assert_true(format_parse(arena, chinese, &in_chinese));
        /* The arguments are numbered alike in both, so the Chinese sample has the same words in its places.
         */
        const char *sentence = sample(&of), *expected = sample(&in_chinese);
        if (strcmp(zh(sentence), expected) != 0) {
            print_error("%s\n  became: %s\n  wanted: %s\n", english, zh(sentence), expected);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
    assert_true(seen > 500);
}

static void every_error_has_a_chinese_title(void **state)
{
    (void)state;
    for (int err = LG_OK + 1; err < LG_ERROR_COUNT; err++)
        assert_string_not_equal(zh(lg_err_title((lg_err)err)), lg_err_title((lg_err)err));
}

static void english_stays_as_it_is(void **state)
{
    (void)state;
    const char *title = lg_err_title(LG_NOT_FOUND);
    assert_ptr_equal(language_sentence(LANGUAGE_ENGLISH, arena, title), title);
    assert_ptr_equal(language_text(LANGUAGE_ENGLISH, title), title);
    assert_ptr_equal(zh("Nobody ever wrote this sentence."), zh("Nobody ever wrote this sentence."));
    assert_string_equal(zh(""), "");
}

/* ---- sentences with arguments of strangers ---- */

static void what_a_user_wrote_is_carried_over_as_it_is(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "供应商有限公司",      "%s", "%n%n%n", "%1$s", "a\\\"b", "Bank of China", "The claim",
        "This key was revoked"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *sentence = lg_arena_printf(arena, "The seller %s is suspended.", texts[i]);
        assert_string_not_equal(zh(sentence), sentence);
        assert_non_null(strstr(zh(sentence), texts[i]));
    }
}

/* One who is called like the words around a name could make a sentence that is read in two ways: then none is
 * chosen. */
static void a_sentence_that_can_be_read_in_two_ways_stays_english(void **state)
{
    (void)state;
    const char *const sentences[] = {
        "Invoice A of B of 2026-11-20 over 100.00 CNY is registered already.",
        "The seller X has not the role Y has not the role supplier.",
    };
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        assert_ptr_equal(zh(sentences[i]), sentences[i]);
}

static void a_name_that_is_a_sentence_is_not_translated(void **state)
{
    (void)state;
    const char *name = lg_err_title(LG_NOT_FOUND);
    assert_non_null(strstr(zh(lg_arena_printf(arena, "The seller %s is suspended.", name)), name));
}

static void what_follows_a_colon_is_a_sentence_of_its_own(void **state)
{
    (void)state;
    const char *inner = "number is required.", *outer = "3 rules are broken; the first: number is required.";
    assert_string_not_equal(zh(inner), inner);
    assert_non_null(strstr(zh(outer), zh(inner)));
}

/* Each reading is counted in time that does not depend on what the text holds. */
static void long_and_crowded_sentences_end(void **state)
{
    (void)state;
    char crowd[SENTENCE_MAX + 200];
    for (size_t i = 0; i < sizeof crowd; i++)
        crowd[i] = " of over is:"[i % 12];
    crowd[sizeof crowd - 1] = '\0';
    const char *whole = lg_arena_printf(arena, "Invoice %s", crowd);
    assert_ptr_equal(zh(whole), whole);
    crowd[SENTENCE_MAX / 2] = '\0';
    whole = lg_arena_printf(arena, "Invoice %s of %s over %s is registered already.", crowd, crowd, crowd);
    assert_ptr_equal(zh(whole), whole);
}

/* ---- formats ---- */

static void formats_are_read_as_printf_reads_them(void **state)
{
    (void)state;
    format of;
    format_match match;
    assert_true(format_parse(arena, "%s has %lld of %.16s…, 100 %% of %zu.", &of));
    assert_int_equal(of.count, 4);
    assert_int_equal(format_read(&of, lg_bytes_str("a b has -12 of x…, 100 % of 7."), &match), 1);
    assert_memory_equal(match.arguments[0].data, "a b", 3);
    assert_memory_equal(match.arguments[1].data, "-12", 3);
    assert_int_equal(format_read(&of, lg_bytes_str("a has x of x…, 100 % of 7."), &match), 0);
    assert_true(format_parse(arena, "%2$s 和 %1$lld", &of));
    assert_int_equal(of.pieces[0].argument, 1);
    assert_int_equal(of.pieces[1].argument, 0);
    assert_true(format_parse(arena, "%.*s is", &of));
    assert_int_equal(of.pieces[0].argument, 1);
    static const char *const bad[] = {"100 %", "%x", "%9$s", "%0$s", "%s%s%s%s%s%s%s%s%s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(format_parse(arena, bad[i], &of));
}

/* ---- documents ---- */

static void only_titles_and_details_of_json_change(void **state)
{
    (void)state;
    static const char json[] =
        "{\"title\":\"The signature does not verify\", \"note\":\"The signature does not verify\","
        "\"facts\":{\"detail\":\"The signature does not verify\",\"a\":[{\"b\":\"}\"}]},"
        "\"errors\":[{\"detail\":\"number is required.\",\"code\":\"required\"}],"
        "\"entry\":\"{\\\"title\\\":\\\"The signature does not verify\\\"}\",\"detail\":null}";
    const char *title = "The signature does not verify", *detail = "number is required.";
    lg_buf out = {0};
    language_json(LANGUAGE_CHINESE, lg_bytes_str(json), &out);
    const char *expected = lg_arena_printf(
        arena,
        "{\"title\":\"%s\", \"note\":\"%s\",\"facts\":{\"detail\":\"%s\",\"a\":[{\"b\":\"}\"}]},"
        "\"errors\":[{\"detail\":\"%s\",\"code\":\"required\"}],"
        "\"entry\":\"{\\\"title\\\":\\\"%s\\\"}\",\"detail\":null}",
        zh(title), title, title, zh(detail), title);
    assert_string_equal(out.data, expected);
    lg_buf_reset(&out);
    language_json(LANGUAGE_ENGLISH, lg_bytes_str(json), &out);
    assert_string_equal(out.data, json);
    lg_buf_clear(&out);
}

static void what_json_escapes_is_understood(void **state)
{
    (void)state;
    static const char json[] =
        "{\"detail\":\"The header names a column \\\"a\\u001fb\\tc\\\" the registry does not know.\"}";
    lg_buf out = {0};
    language_json(LANGUAGE_CHINESE, lg_bytes_str(json), &out);
    assert_non_null(strstr(out.data, "a\\u001fb\\tc"));
    assert_null(strstr(out.data, "The header"));
    lg_buf_clear(&out);
}

static void broken_json_is_copied(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"title\":\"",
                                        "{\"title\":\"\\",
                                        "{\"facts\":{",
                                        "{\"facts\":",
                                        "\"",
                                        "{\"title\"",
                                        "{\"title\":",
                                        "[\"title\":]",
                                        "",
                                        "{\"facts\":\"x",
                                        "{\"title\":\"\\u4e2d\"}",
                                        "{\"title\":\"\\u00",
                                        "{\"title\":\"\\u00\"}",
                                        "{\"title\":\"\\u0000\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        lg_buf out = {0};
        language_json(LANGUAGE_CHINESE, lg_bytes_str(texts[i]), &out);
        assert_string_equal(out.data ? out.data : "", texts[i]);
        lg_buf_clear(&out);
    }
}

/* ---- who is answered in which language ---- */

static void accept_language_is_read_by_weight(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        language expected;
    } cases[] = {
        {NULL, LANGUAGE_ENGLISH},
        {"", LANGUAGE_ENGLISH},
        {"zh", LANGUAGE_CHINESE},
        {"ZH-cn", LANGUAGE_CHINESE},
        {"zh-Hans-CN, en;q=0.5", LANGUAGE_CHINESE},
        {"zh-TW", LANGUAGE_CHINESE},
        {"en, zh", LANGUAGE_ENGLISH},
        {"zh, en", LANGUAGE_CHINESE},
        {"en;q=0.3, zh;q=0.7", LANGUAGE_CHINESE},
        {"en;q=0.7,zh;q=0.300", LANGUAGE_ENGLISH},
        {"zh;q=0", LANGUAGE_ENGLISH},
        {"zh;q=0.000, *", LANGUAGE_ENGLISH},
        {"*", LANGUAGE_ENGLISH},
        {"en;q=0, *;q=0.5", LANGUAGE_CHINESE},
        {"de, fr;q=0.9, zh;q=0.1", LANGUAGE_CHINESE},
        {"de", LANGUAGE_ENGLISH},
        {"zh ; q=0.8 , en ; q=0.2", LANGUAGE_CHINESE},
        /* what is no weight, or no range */
        {"zh;q=2, en", LANGUAGE_ENGLISH},
        {"zh;q=1.5, en;q=0.1", LANGUAGE_ENGLISH},
        {"zh;q=-1", LANGUAGE_ENGLISH},
        {"zh;q=", LANGUAGE_ENGLISH},
        {"zh;q", LANGUAGE_ENGLISH},
        {"zh;level=1", LANGUAGE_ENGLISH},
        {"zhx", LANGUAGE_ENGLISH},
        {"z", LANGUAGE_ENGLISH},
        {",,,;;;,zh", LANGUAGE_CHINESE},
        {"zh;q=0.0000001", LANGUAGE_ENGLISH},
        {"zh q=1", LANGUAGE_ENGLISH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (language_accepted(cases[i].header) != cases[i].expected)
            fail_msg("Accept-Language: %s", cases[i].header);
}

static void a_locale_need_not_be_installed(void **state)
{
    (void)state;
    static const struct {
        const char *lc_all, *lc_messages, *lc_ctype, *lang, *list;
        language expected;
    } cases[] = {
        {NULL, NULL, NULL, NULL, NULL, LANGUAGE_ENGLISH},
        {NULL, NULL, NULL, "zh_CN.UTF-8", NULL, LANGUAGE_CHINESE},
        {NULL, NULL, NULL, "zh_SG.utf8@x", NULL, LANGUAGE_CHINESE},
        {NULL, NULL, NULL, "zh_CN.GB18030", NULL, LANGUAGE_ENGLISH}, /* a terminal that is not UTF-8 */
        {NULL, NULL, NULL, "zh_CN", NULL, LANGUAGE_ENGLISH},         /* which by itself means GB2312 */
        {"C", NULL, NULL, "zh_CN.UTF-8", "zh", LANGUAGE_ENGLISH},
        {"zh_CN.UTF-8", "en_US.UTF-8", NULL, "en_US.UTF-8", NULL, LANGUAGE_CHINESE},
        {"", "zh_CN.UTF-8", NULL, "en_US.UTF-8", NULL, LANGUAGE_CHINESE},
        {NULL, "zh_CN.UTF-8", "C", "en_US.UTF-8", NULL, LANGUAGE_ENGLISH},
        {NULL, NULL, NULL, "de_DE.UTF-8", "de:zh:en", LANGUAGE_CHINESE},
        {NULL, NULL, NULL, "zh_CN.UTF-8", "en", LANGUAGE_ENGLISH},
        {NULL, NULL, NULL, "de_DE.UTF-8", NULL, LANGUAGE_ENGLISH},
        {NULL, NULL, NULL, "C.UTF-8", "zh", LANGUAGE_ENGLISH},
    };
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG", "LANGUAGE"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const values[] = {cases[i].lc_all, cases[i].lc_messages, cases[i].lc_ctype, cases[i].lang,
                                      cases[i].list};
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            if (values[k])
                setenv(names[k], values[k], 1);
            else
                unsetenv(names[k]);
        }
        if (language_of_environment() != cases[i].expected)
            fail_msg("environment %zu", i);
    }
}

static int open_arena(void **state)
{
    (void)state;
    arena = lg_arena_open();
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_is_found_again_in_its_sentence),
        cmocka_unit_test(every_error_has_a_chinese_title),
        cmocka_unit_test(english_stays_as_it_is),
        cmocka_unit_test(what_a_user_wrote_is_carried_over_as_it_is),
        cmocka_unit_test(a_sentence_that_can_be_read_in_two_ways_stays_english),
        cmocka_unit_test(a_name_that_is_a_sentence_is_not_translated),
        cmocka_unit_test(what_follows_a_colon_is_a_sentence_of_its_own),
        cmocka_unit_test(long_and_crowded_sentences_end),
        cmocka_unit_test(formats_are_read_as_printf_reads_them),
        cmocka_unit_test(only_titles_and_details_of_json_change),
        cmocka_unit_test(what_json_escapes_is_understood),
        cmocka_unit_test(broken_json_is_copied),
        cmocka_unit_test(accept_language_is_read_by_weight),
        cmocka_unit_test(a_locale_need_not_be_installed),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
