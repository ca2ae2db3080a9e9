#include "ledger/registry/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static lg_currency currency(const char *code)
{
    lg_currency out;
    assert_true(lg_currency_parse(code, &out));
    return out;
}

static void currencies_have_their_iso_scale(void **state)
{
    (void)state;
    assert_int_equal(lg_currency_scale(currency("CNY")), 2);
    assert_int_equal(lg_currency_scale(currency("EUR")), 2);
    assert_int_equal(lg_currency_scale(currency("HUF")), 2);
    assert_int_equal(lg_currency_scale(currency("MGA")), 2);
    assert_int_equal(lg_currency_scale(currency("ZWG")), 2);
    assert_int_equal(lg_currency_scale(currency("JPY")), 0);
    assert_int_equal(lg_currency_scale(currency("ISK")), 0);
    assert_int_equal(lg_currency_scale(currency("KWD")), 3);
    assert_int_equal(lg_currency_scale(currency("UYW")), 4);
}

static void what_is_no_current_currency_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "CN",  "cny", "CNYY", "RMB", "XXX", "XAU", "XDR", "XAD",
                                      "CLF", "CHE", "HRK", "BGN",  "ZWL", "DEM", "Y B", " US", "€"};
    lg_currency out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (lg_currency_parse(bad[i], &out))
            fail_msg("%s was taken", bad[i]);
    assert_false(lg_currency_parse(NULL, &out));
}

static void the_exact_form_takes_one_text_for_each_amount(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code;
        lg_amount_parse_result result;
        int64_t minor;
    } cases[] = {
        {"1234.56", "CNY", LG_AMOUNT_OK, 123456},
        {"0.01", "CNY", LG_AMOUNT_OK, 1},
        {"0.00", "CNY", LG_AMOUNT_OK, 0},
        {"1234", "JPY", LG_AMOUNT_OK, 1234},
        {"1.234", "KWD", LG_AMOUNT_OK, 1234},
        {"1.2345", "UYW", LG_AMOUNT_OK, 12345},
        {"90071992547409.91", "CNY", LG_AMOUNT_OK, LG_AMOUNT_MAX},
        {"90071992547409.92", "CNY", LG_AMOUNT_TOO_LARGE, 0},
        {"9007199254740991", "JPY", LG_AMOUNT_OK, LG_AMOUNT_MAX},
        {"9007199254740992", "JPY", LG_AMOUNT_TOO_LARGE, 0},
        {"99999999999999999999999999999999.00", "CNY", LG_AMOUNT_TOO_LARGE, 0},
        {"1234.5", "CNY", LG_AMOUNT_WRONG_SCALE, 0},
        {"1234", "CNY", LG_AMOUNT_WRONG_SCALE, 0},
        {"1234.560", "CNY", LG_AMOUNT_WRONG_SCALE, 0},
        {"1234.0", "JPY", LG_AMOUNT_WRONG_SCALE, 0},
        {"-1.00", "CNY", LG_AMOUNT_NEGATIVE, 0},
        {"01.00", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"00.10", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"+1.00", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"1e3", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"1,000.00", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"1.00 ", "CNY", LG_AMOUNT_MALFORMED, 0},
        {" 1.00", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"1.", "CNY", LG_AMOUNT_MALFORMED, 0},
        {".50", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"-", "CNY", LG_AMOUNT_MALFORMED, 0},
        {".", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"１.00", "CNY", LG_AMOUNT_MALFORMED, 0},
        {"NaN", "CNY", LG_AMOUNT_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t minor = 0;
        lg_amount_parse_result result = lg_amount_parse(cases[i].text, currency(cases[i].code), &minor);
        if (result != cases[i].result || minor != cases[i].minor)
            fail_msg("\"%s\" %s: %d, %lld", cases[i].text, cases[i].code, (int)result, (long long)minor);
    }
}

static void the_invoices_form_takes_what_xsd_decimal_allows(void **state)
{
    (void)state;
    static const struct {
        const char *text, *code;
        lg_amount_parse_result result;
        int64_t minor;
    } cases[] = {
        {"1125", "DKK", LG_AMOUNT_OK, 112500},
        {"2337.5", "DKK", LG_AMOUNT_OK, 233750},
        {"87859.00", "HUF", LG_AMOUNT_OK, 8785900},
        {"-12.30", "EUR", LG_AMOUNT_OK, -1230},
        {"+12.30", "EUR", LG_AMOUNT_OK, 1230},
        {"12.3000000", "EUR", LG_AMOUNT_OK, 1230},
        {"0012.3", "EUR", LG_AMOUNT_OK, 1230},
        {".5", "EUR", LG_AMOUNT_OK, 50},
        {"5.", "EUR", LG_AMOUNT_OK, 500},
        {"-0.00", "EUR", LG_AMOUNT_OK, 0},
        {"1234.000", "JPY", LG_AMOUNT_OK, 1234},
        {"1234.001", "JPY", LG_AMOUNT_WRONG_SCALE, 0},
        {"12.345", "EUR", LG_AMOUNT_WRONG_SCALE, 0},
        {"90071992547409.92", "EUR", LG_AMOUNT_TOO_LARGE, 0},
        {"-90071992547409.91", "EUR", LG_AMOUNT_OK, -LG_AMOUNT_MAX},
        {"1.234,56", "EUR", LG_AMOUNT_MALFORMED, 0},
        {"1E2", "EUR", LG_AMOUNT_MALFORMED, 0},
        {"--1", "EUR", LG_AMOUNT_MALFORMED, 0},
        {"", "EUR", LG_AMOUNT_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t minor = 0;
        lg_amount_parse_result result =
            lg_amount_parse_decimal(cases[i].text, currency(cases[i].code), &minor);
        if (result != cases[i].result || minor != cases[i].minor)
            fail_msg("\"%s\" %s: %d, %lld", cases[i].text, cases[i].code, (int)result, (long long)minor);
    }
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    static const char *const codes[] = {"CNY", "JPY", "KWD", "UYW"};
    static const int64_t amounts[] = {0, 1, 9, 10, 99, 100, 101, 999, 1000, 10000, 123456789, LG_AMOUNT_MAX};
    for (size_t c = 0; c < sizeof codes / sizeof *codes; c++) {
        for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
            int64_t minor = -1;
            lg_money_text text = lg_amount_format(amounts[i], currency(codes[c]));
            assert_int_equal(lg_amount_parse(text.s, currency(codes[c]), &minor), LG_AMOUNT_OK);
            assert_true(minor == amounts[i]);
        }
    }
    assert_string_equal(lg_amount_format(5, currency("CNY")).s, "0.05");
    assert_string_equal(lg_amount_format(-5, currency("KWD")).s, "-0.005");
    assert_string_equal(lg_amount_format(INT64_MIN, currency("CNY")).s, "-92233720368547758.08");
}

static void sums_stop_at_the_limit(void **state)
{
    (void)state;
    int64_t out = 7;
    assert_true(lg_amount_add(1, 2, &out));
    assert_int_equal(out, 3);
    assert_false(lg_amount_add(LG_AMOUNT_MAX, 1, &out));
    assert_false(lg_amount_add(INT64_MAX, INT64_MAX, &out));
    assert_false(lg_amount_sub(-LG_AMOUNT_MAX, 1, &out));
    assert_false(lg_amount_sub(INT64_MIN, 1, &out));
    assert_int_equal(out, 3);
    assert_true(lg_amount_sub(1, 2, &out));
    assert_int_equal(out, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(currencies_have_their_iso_scale),
        cmocka_unit_test(what_is_no_current_currency_is_refused),
        cmocka_unit_test(the_exact_form_takes_one_text_for_each_amount),
        cmocka_unit_test(the_invoices_form_takes_what_xsd_decimal_allows),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(sums_stop_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
