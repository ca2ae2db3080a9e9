/* Text: UTF-8, lines for people, collapsing, and numbers that are alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/text.h"

#include <stdlib.h>
#include <string.h>

static lg_arena *arena;

static void utf8_is_checked_by_the_table(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xe0\xa0",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "a\xc2",
        "\xe2\x82\x41",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(lg_text_is_utf8(lg_bytes_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(lg_text_is_utf8(lg_bytes_str(bad[i])));
        assert_false(lg_text_is_line(lg_bytes_str(bad[i])));
    }
}

static void a_line_has_no_controls_and_no_outer_space(void **state)
{
    (void)state;
    static const char *const good[] = {"a",
                                       "a b",
                                       "\xe5\xa5\x91\xe7\xba\xa6 \xe5\x85\xac\xe5\x8f\xb8",
                                       "a\xc2\xa0z",
                                       "a\xe3\x80\x80z",
                                       "\xf0\x9f\x98\x80",
                                       "\xe2\x80\xa7",
                                       "a\xe2\x80\x8c"
                                       "b", /* the joiners U+200C and U+200D */
                                       "a\xe2\x80\x8d"
                                       "b",
                                       "a\xef\xbf\xbc"
                                       "b", /* U+FFFC, behind the controls of annotations */
                                       "\xc2\xa1"};
    static const char *const bad[] = {
        "a\xc2\xad"
        "b", /* soft hyphen */
        "a\xe2\x80\x8b"
        "b", /* zero-width space */
        "a\xef\xbf\xb0"
        "b",
        "a\xef\xbf\xb9"
        "b",
        "a\xef\xbf\xbb"
        "b",
        "a\xe2\xa0\x80"
        "b", /* the blank of Braille */
        " a",
        "a ",
        " ",
        "\xc2\xa0"
        "a",
        "a\xe3\x80\x80",
        "\xe3\x80\x80"
        "a",
        "\xe2\x80\x80"
        "a",
        "a\xe2\x80\x8a",
        "\xe1\x9a\x80"
        "a",
        "a\xe2\x80\xaf",
        "a\xe2\x81\x9f",
        "a\tb",
        "a\nb",
        "a\rb",
        "a\x01",
        "a\x1f"
        "b",
        "a\x7f"
        "b",
        "a\xc2\x80"
        "b",
        "a\xc2\x85"
        "b",
        "a\xc2\x9f"
        "b",
        "a\xe2\x80\xa8"
        "b",
        "a\xe2\x80\xa9"
        "b",
        "a\xe2\x80\xaa"
        "b",
        "a\xe2\x80\xae"
        "b",
        "a\xe2\x81\xa6"
        "b",
        "a\xe2\x81\xa9"
        "b",
        "\xef\xbb\xbf"
        "a",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(lg_text_is_line(lg_bytes_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (lg_text_is_line(lg_bytes_str(bad[i])))
            fail_msg("line %zu accepted", i);
    assert_false(lg_text_is_line(lg_bytes_of("a\0b", 3)));
}

/* A text of which all other characters are ASCII that shows, and behind which nothing may be read. */
static void judge_with(int c, size_t at, size_t len)
{
    char text[24] = "", *alone = malloc(len);
    const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    memset(text, 'x', len);
    text[at] = (char)c;
    memcpy(alone, text, len);
    const lg_bytes bytes = lg_bytes_of(alone, len);
    assert_int_equal(lg_text_is_utf8(bytes), c < 0x80);
    assert_int_equal(lg_text_is_line(bytes), (c > ' ' && c < 0x7f) || (c == ' ' && at > 0 && at < len - 1));
    free(alone);
    if (!blank) {
        assert_string_equal(lg_text_collapse(arena, text), text);
        return;
    }
    text[at] = ' ';
    if (at > 0 && at < len - 1) {
        assert_string_equal(lg_text_collapse(arena, text), text);
    } else {
        const char *without = at == 0 ? text + 1 : lg_arena_strndup(arena, text, len - 1);
        assert_string_equal(lg_text_collapse(arena, text), without);
    }
}

static void every_byte_is_judged_alike_at_every_place(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++)
        for (size_t len = 1; len <= 20; len++)
            for (size_t at = 0; at < len; at++)
                judge_with(c, at, len);
}

static void collapsing_folds_white_space(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {" \t\n", ""},
        {"a", "a"},
        {"  a \n\t b  ", "a b"},
        {"\xe3\x80\x80\xe5\xa5\x91\xe3\x80\x80 \xc2\xa0\xe7\xba\xa6\xe3\x80\x80",
         "\xe5\xa5\x91 \xe7\xba\xa6"},
        {"a\xff b", "a\xff b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(lg_text_collapse(arena, rows[i][0]), rows[i][1]);
}

static void numbers_that_are_alike(void **state)
{
    (void)state;
    static const char *const alike[][2] = {
        {"inv-2026/001", "INV2026001"},
        {"INV 2026 001", "inv.2026.1"},
        {"INV-0001", "inv1"},
        {"RE-2026/0042", "RE-2026/42"},
        {"0001", "1"},
        {"1-001", "1001"},
        {"\xef\xbc\xa9\xef\xbc\xae\xef\xbc\xb6\xef\xbc\x8d\xef\xbc\x90\xef\xbc\x91",
         "INV1"}, /* full-width INV-01 */
        {"A\xe2\x80\x8b"
         "1",
         "A1"}, /* zero-width space */
        {"A\xe2\x80\x93"
         "1",
         "A-1"}, /* en dash */
        {"A\xc2\xa0"
         "1",
         "A 1"}, /* no-break space */
        {"\xe5\x8f\x91\xe7\xa5\xa8 007", "\xe5\x8f\x91\xe7\xa5\xa8-7"},
    };
    static const char *const unlike[][2] = {
        {"1001", "101"}, {"A100", "A1"}, {"RE-2026/4200", "RE-2026/42"}, {"RE-2026/42", "RE-2026/42-1"},

        {"1", "2"},
    };
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
        assert_true(lg_text_alike(arena, alike[i][0], alike[i][1]));
        assert_string_equal(lg_text_skeleton(arena, alike[i][0]), lg_text_skeleton(arena, alike[i][1]));
    }
    for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++)
        assert_false(lg_text_alike(arena, unlike[i][0], unlike[i][1]));
}

static void skeletons_leave_letters_and_digits(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"inv-2026/001", "INV2261"},
        {"000", ""},
        {"--//..", ""},
        {"A0B00C100", "ABC1"},
        {"\xef\xbd\x81\xef\xbd\x9a", "AZ"},
        {"\xc3\xa9t\xc3\xa9", "ETE"},             /* accents go */
        {"\xe2\x85\xa7", "VIII"},                 /* a number that is a letter's kind */
        {"\xe0\xb9\x93", "3"},                    /* Thai three */
        {"\xf0\x90\x84\x87", "\xf0\x90\x84\x87"}, /* Aegean one: a number, and no decimal digit */
        {"a\xff"
         "b",
         "AB"}, /* no UTF-8: callers check */
        {"\xe5\x8f\x91 7", "\xe5\x8f\x91"
                           "7"}, /* other scripts stay */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(lg_text_skeleton(arena, rows[i][0]), rows[i][1]);
}

static void equal_texts(void **state)
{
    (void)state;
    char copy[] = "a";
    assert_true(lg_text_equal(NULL, NULL));
    assert_true(lg_text_equal("a", copy));
    assert_false(lg_text_equal("a", NULL));
    assert_false(lg_text_equal(NULL, ""));
    assert_false(lg_text_equal("a", "b"));
}

static int set_up(void **state)
{
    (void)state;
    arena = lg_arena_open();
    return 0;
}

static void clipping_cuts_between_characters(void **state)
{
    (void)state;
    assert_string_equal(lg_text_clip(arena, "Rechnung", 8), "Rechnung");
    assert_string_equal(lg_text_clip(arena, "Rechnungen", 9), "Rechnu…");
    assert_string_equal(lg_text_clip(arena, "a\xc3\xa4\xc3\xa4\xc3\xa4", 6), "a\xc3\xa4…");
    assert_string_equal(lg_text_clip(arena, "\xf1\xa4\xb3\xa4\xf1\xa4\xb3\xa4", 6), "…");
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
        cmocka_unit_test(utf8_is_checked_by_the_table),
        cmocka_unit_test(a_line_has_no_controls_and_no_outer_space),
        cmocka_unit_test(every_byte_is_judged_alike_at_every_place),
        cmocka_unit_test(collapsing_folds_white_space),
        cmocka_unit_test(numbers_that_are_alike),
        cmocka_unit_test(skeletons_leave_letters_and_digits),
        cmocka_unit_test(equal_texts),
        cmocka_unit_test(clipping_cuts_between_characters),
    };
    return cmocka_run_group_tests_name("text", tests, set_up, tear_down);
}
