#include "ledger/registry/identifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int open_arena(void **state)
{
    *state = lg_arena_open();
    return 0;
}

static int close_arena(void **state)
{
    lg_arena_close(*state);
    return 0;
}

static lg_identifier_verdict verdict(lg_scheme scheme, const char *value)
{
    return lg_identifier_check((lg_identifier){.scheme = scheme, .value = value});
}

static void check_digits_are_judged(void **state)
{
    (void)state;
    static const struct {
        lg_scheme scheme;
        const char *value;
        lg_identifier_verdict verdict;
    } cases[] = {
        {LG_SCHEME_USCC, "91440300708461136T", LG_IDENTIFIER_OK},
        {LG_SCHEME_USCC, "91310000132207185Y", LG_IDENTIFIER_OK},
        {LG_SCHEME_USCC, "91440300708461136U", LG_IDENTIFIER_BAD_CHECK},
        {LG_SCHEME_USCC, "91440300708461163T", LG_IDENTIFIER_BAD_CHECK},
        {LG_SCHEME_USCC, "9144030070846113", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_USCC, "91440300708461136TT", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_USCC, "9144O300708461136T", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_USCC, "91A40300708461136T", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_USCC, "91440300708461136t", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_LEI, "5493001KJTIIGC8Y1R12", LG_IDENTIFIER_OK},
        {LG_SCHEME_LEI, "529900NW4MB26HAMB170", LG_IDENTIFIER_OK},
        {LG_SCHEME_LEI, "5493001KJTIIGC8Y1R13", LG_IDENTIFIER_BAD_CHECK},
        {LG_SCHEME_LEI, "5493001KJTIIGC8Y1RAB", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_LEI, "5493001KJTIIGC8Y1R1", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_GLN, "5790000436101", LG_IDENTIFIER_OK},
        {LG_SCHEME_GLN, "1238764941386", LG_IDENTIFIER_OK},
        {LG_SCHEME_GLN, "5790000436102", LG_IDENTIFIER_BAD_CHECK},
        {LG_SCHEME_GLN, "1111111111", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_GLN, "57900004361O1", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_TAX_ID, "DE814826136", LG_IDENTIFIER_OK},
        {LG_SCHEME_TAX_ID, "", LG_IDENTIFIER_BAD_FORM},
        {LG_SCHEME_REGISTRATION_NO, "HRB23117", LG_IDENTIFIER_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (verdict(cases[i].scheme, cases[i].value) != cases[i].verdict)
            fail_msg("%s %s", lg_scheme_name(cases[i].scheme), cases[i].value);
}

/* What a check digit is for: one wrong character, anywhere, is noticed (GB 32100-2015 and MOD 97-10 both
 * promise it). */
static void any_one_wrong_character_is_noticed(void **state)
{
    (void)state;
    static const struct {
        lg_scheme scheme;
        const char *value, *alphabet;
    } cases[] = {
        {LG_SCHEME_USCC, "91320594MA1WJ4QX8P", "0123456789ABCDEFGHJKLMNPQRTUWXY"},
        {LG_SCHEME_LEI, "529900NW4MB26HAMB170", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
        {LG_SCHEME_GLN, "4260123456016", "0123456789"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(verdict(cases[i].scheme, cases[i].value), LG_IDENTIFIER_OK);
        for (size_t at = 0; cases[i].value[at]; at++) {
            for (const char *c = cases[i].alphabet; *c; c++) {
                char value[32] = "";
                memcpy(value, cases[i].value, strlen(cases[i].value));
                if (value[at] == *c || (cases[i].scheme == LG_SCHEME_LEI && (value[at] > '9') != (*c > '9')))
                    continue;
                value[at] = *c;
                if (verdict(cases[i].scheme, value) == LG_IDENTIFIER_OK)
                    fail_msg("%s passes", value);
            }
        }
    }
}

static void spellings_of_one_identifier_become_one(void **state)
{
    lg_arena *arena = *state;
    static const struct {
        lg_scheme in;
        const char *text;
        lg_scheme out;
        const char *value;
    } cases[] = {
        {LG_SCHEME_TAX_ID, "DE 814.826.136", LG_SCHEME_TAX_ID, "DE814826136"},
        {LG_SCHEME_TAX_ID, "de37/302/30168", LG_SCHEME_TAX_ID, "DE3730230168"},
        {LG_SCHEME_TAX_ID, "NL8200.98.395.B.01", LG_SCHEME_TAX_ID, "NL820098395B01"},
        {LG_SCHEME_TAX_ID, "91440300708461136t", LG_SCHEME_USCC, "91440300708461136T"},
        {LG_SCHEME_REGISTRATION_NO, "9144 0300 7084 6113 6T", LG_SCHEME_USCC, "91440300708461136T"},
        {LG_SCHEME_TAX_ID, "91440300708461136U", LG_SCHEME_TAX_ID, "91440300708461136U"},
        {LG_SCHEME_USCC, "９１４４０３００７０８４６１１３６ｔ", LG_SCHEME_USCC, "91440300708461136T"},
        {LG_SCHEME_USCC, "91440300\u3000708461136\u00a0T", LG_SCHEME_USCC, "91440300708461136T"},
        {LG_SCHEME_LEI, "5493-001K-JTII-GC8Y-1R12", LG_SCHEME_LEI, "5493001KJTIIGC8Y1R12"},
        {LG_SCHEME_REGISTRATION_NO, "沪ICP备 12", LG_SCHEME_REGISTRATION_NO, "沪ICP备12"},
        {LG_SCHEME_REGISTRATION_NO, " - . / ", LG_SCHEME_REGISTRATION_NO, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lg_identifier got = lg_identifier_normalise(arena, cases[i].in, cases[i].text);
        assert_string_equal(got.value, cases[i].value);
        assert_int_equal(got.scheme, cases[i].out);
    }
}

static void schemes_have_names(void **state)
{
    (void)state;
    for (lg_scheme scheme = 0; scheme < LG_SCHEME_COUNT; scheme++) {
        lg_scheme out = LG_SCHEME_COUNT;
        assert_true(lg_scheme_parse(lg_scheme_name(scheme), &out));
        assert_int_equal(out, scheme);
    }
    lg_scheme out;
    assert_false(lg_scheme_parse("USCC", &out));
    assert_false(lg_scheme_parse("duns", &out));
    assert_false(lg_scheme_parse(NULL, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_digits_are_judged),
        cmocka_unit_test(any_one_wrong_character_is_noticed),
        cmocka_unit_test_setup_teardown(spellings_of_one_identifier_become_one, open_arena, close_arena),
        cmocka_unit_test(schemes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
