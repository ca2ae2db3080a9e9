#include "ledger/registry/money.h"

#include <string.h>

/* ISO 4217 list one as of 2026 (with XCG, ZWG, SLE, VED; without the withdrawn ANG, BGN, CUC, HRK, SLL, ZWL),
 * by number of decimals. Left out: metals, testing codes, units of account (XDR, XSU, XUA, XAD) and the codes
 * flagged as funds. Each code is followed by one blank. */
static const struct {
    int scale;
    const char *codes;
} currencies[] = {
    {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "},
    {2, "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
        "CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL "
        "HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT "
        "MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB "
        "SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
        "USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "},
    {3, "BHD IQD JOD KWD LYD OMR TND "},
    {4, "UYW "},
};

/* -1: not a code of the list. */
static int scale_of(const char *code)
{
    for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++)
        for (const char *at = currencies[i].codes; *at; at += 4)
            if (memcmp(at, code, 3) == 0)
                return currencies[i].scale;
    return -1;
}

bool lg_currency_parse(const char *text, lg_currency *out)
{
    if (!text || strlen(text) != 3 || scale_of(text) < 0)
        return false;
    memcpy(out->code, text, sizeof out->code);
    return true;
}

int lg_currency_scale(lg_currency currency)
{
    int scale = scale_of(currency.code);
    if (scale < 0)
        lg_die("currency \"%.3s\" was never parsed", currency.code);
    return scale;
}

bool lg_currency_equal(lg_currency a, lg_currency b)
{
    return memcmp(a.code, b.code, sizeof a.code) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Appends one decimal digit to *minor; false when the result would pass LG_AMOUNT_MAX. */
static bool push_digit(int64_t *minor, int digit)
{
    if (*minor > (LG_AMOUNT_MAX - digit) / 10)
        return false;
    *minor = *minor * 10 + digit;
    return true;
}

/* The shape of a decimal text: where its digits are. */
struct decimal {
    const char *whole, *fraction;
    size_t whole_len, fraction_len;
    bool negative, has_point;
};

static bool decimal_split(const char *text, struct decimal *out)
{
    *out = (struct decimal){0};
    if (*text == '-' || *text == '+')
        out->negative = *text++ == '-';
    out->whole = text;
    while (is_digit(*text))
        text++;
    out->whole_len = (size_t)(text - out->whole);
    out->has_point = *text == '.';
    if (out->has_point)
        text++;
    out->fraction = text;
    while (is_digit(*text))
        text++;
    out->fraction_len = (size_t)(text - out->fraction);
    return *text == '\0' && out->whole_len + out->fraction_len > 0;
}

/* Digits beyond the scale are dropped: the caller has seen that they are zeros. */
static lg_amount_parse_result decimal_value(const struct decimal *decimal, int scale, int64_t *minor)
{
    int64_t value = 0;
    for (size_t i = 0; i < decimal->whole_len; i++)
        if (!push_digit(&value, decimal->whole[i] - '0'))
            return LG_AMOUNT_TOO_LARGE;
    for (size_t i = 0; i < (size_t)scale; i++)
        if (!push_digit(&value, i < decimal->fraction_len ? decimal->fraction[i] - '0' : 0))
            return LG_AMOUNT_TOO_LARGE;
    *minor = decimal->negative ? -value : value;
    return LG_AMOUNT_OK;
}

lg_amount_parse_result lg_amount_parse(const char *text, lg_currency currency, int64_t *minor)
{
    struct decimal decimal;
    if (!text || *text == '+' || !decimal_split(text, &decimal) || decimal.whole_len == 0)
        return LG_AMOUNT_MALFORMED;
    if (decimal.has_point && decimal.fraction_len == 0)
        return LG_AMOUNT_MALFORMED;
    if (decimal.whole_len > 1 && *decimal.whole == '0')
        return LG_AMOUNT_MALFORMED;
    if (decimal.negative)
        return LG_AMOUNT_NEGATIVE;
    int scale = lg_currency_scale(currency);
    if (decimal.fraction_len != (size_t)scale)
        return LG_AMOUNT_WRONG_SCALE;
    return decimal_value(&decimal, scale, minor);
}

lg_amount_parse_result lg_amount_parse_decimal(const char *text, lg_currency currency, int64_t *minor)
{
    struct decimal decimal;
    if (!text || !decimal_split(text, &decimal))
        return LG_AMOUNT_MALFORMED;
    int scale = lg_currency_scale(currency);
    for (size_t i = (size_t)scale; i < decimal.fraction_len; i++)
        if (decimal.fraction[i] != '0')
            return LG_AMOUNT_WRONG_SCALE;
    return decimal_value(&decimal, scale, minor);
}

/* Digits are written from the last to the first, by hand: a page of a list has hundreds of amounts. */
lg_money_text lg_amount_format(int64_t minor, lg_currency currency)
{
    lg_money_text text;
    char reversed[sizeof text.s];
    const int scale = lg_currency_scale(currency);
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    size_t len = 0;
    for (int digits = 0; size || digits <= scale; digits++, size /= 10) {
        if (digits == scale && scale > 0)
            reversed[len++] = '.';
        reversed[len++] = (char)('0' + size % 10);
    }
    if (minor < 0)
        reversed[len++] = '-';
    for (size_t i = 0; i < len; i++)
        text.s[i] = reversed[len - 1 - i];
    text.s[len] = '\0';
    return text;
}

static bool within(int64_t amount)
{
    return amount >= -LG_AMOUNT_MAX && amount <= LG_AMOUNT_MAX;
}

bool lg_amount_add(int64_t a, int64_t b, int64_t *sum)
{
    int64_t result;
    if (__builtin_add_overflow(a, b, &result) || !within(result))
        return false;
    *sum = result;
    return true;
}

bool lg_amount_sub(int64_t a, int64_t b, int64_t *difference)
{
    int64_t result;
    if (__builtin_sub_overflow(a, b, &result) || !within(result))
        return false;
    *difference = result;
    return true;
}
