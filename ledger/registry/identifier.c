#include "ledger/registry/identifier.h"

#include <string.h>

enum { USCC_LEN = 18, LEI_LEN = 20, GLN_LEN = 13 };

static const char *const scheme_names[LG_SCHEME_COUNT] = {
    [LG_SCHEME_USCC] = "uscc",
    [LG_SCHEME_LEI] = "lei",
    [LG_SCHEME_GLN] = "gln",
    [LG_SCHEME_TAX_ID] = "tax_id",
    [LG_SCHEME_REGISTRATION_NO] = "registration_no",
};

const char *lg_scheme_name(lg_scheme scheme)
{
    return scheme < LG_SCHEME_COUNT ? scheme_names[scheme] : "unknown";
}

bool lg_scheme_parse(const char *text, lg_scheme *out)
{
    for (lg_scheme scheme = 0; scheme < LG_SCHEME_COUNT; scheme++) {
        if (text && strcmp(text, scheme_names[scheme]) == 0) {
            *out = scheme;
            return true;
        }
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* GB 32100-2015: 31 characters, digits and capitals without I, O, S, V and Z; characters 3 to 8 are the
 * administrative division, all digits; the last is (31 - Σ value_i · 3^i mod 31) mod 31. */
static lg_identifier_verdict check_uscc(const char *value)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    if (strlen(value) != USCC_LEN)
        return LG_IDENTIFIER_BAD_FORM;
    int sum = 0, weight = 1, last = 0;
    for (int i = 0; i < USCC_LEN; i++) {
        const char *at = strchr(alphabet, value[i]);
        if (!at || (i >= 2 && i < 8 && !is_digit(value[i])))
            return LG_IDENTIFIER_BAD_FORM;
        last = (int)(at - alphabet);
        if (i < USCC_LEN - 1)
            sum += last * weight;
        weight = weight * 3 % 31;
    }
    return (31 - sum % 31) % 31 == last ? LG_IDENTIFIER_OK : LG_IDENTIFIER_BAD_CHECK;
}

/* ISO 17442: 18 digits or capitals and two check digits; read as in ISO 7064 MOD 97-10 (A = 10 … Z = 35) the
 * rest is 1. */
static lg_identifier_verdict check_lei(const char *value)
{
    if (strlen(value) != LEI_LEN)
        return LG_IDENTIFIER_BAD_FORM;
    int rest = 0;
    for (int i = 0; i < LEI_LEN; i++) {
        if (is_digit(value[i]))
            rest = (rest * 10 + (value[i] - '0')) % 97;
        else if (is_capital(value[i]) && i < LEI_LEN - 2)
            rest = (rest * 100 + (value[i] - 'A' + 10)) % 97;
        else
            return LG_IDENTIFIER_BAD_FORM;
    }
    return rest == 1 ? LG_IDENTIFIER_OK : LG_IDENTIFIER_BAD_CHECK;
}

/* GS1 General Specifications 7.9: weights 1 and 3 alternate; the sum with the check digit is a multiple of
 * ten. */
static lg_identifier_verdict check_gln(const char *value)
{
    if (strlen(value) != GLN_LEN)
        return LG_IDENTIFIER_BAD_FORM;
    int sum = 0;
    for (int i = 0; i < GLN_LEN; i++) {
        if (!is_digit(value[i]))
            return LG_IDENTIFIER_BAD_FORM;
        sum += (value[i] - '0') * (i % 2 ? 3 : 1);
    }
    return sum % 10 == 0 ? LG_IDENTIFIER_OK : LG_IDENTIFIER_BAD_CHECK;
}

lg_identifier_verdict lg_identifier_check(lg_identifier identifier)
{
    size_t len = strlen(identifier.value);
    if (len == 0 || len > LG_IDENTIFIER_MAX)
        return LG_IDENTIFIER_BAD_FORM;
    switch (identifier.scheme) {
    case LG_SCHEME_USCC:
        return check_uscc(identifier.value);
    case LG_SCHEME_LEI:
        return check_lei(identifier.value);
    case LG_SCHEME_GLN:
        return check_gln(identifier.value);
    case LG_SCHEME_TAX_ID:
    case LG_SCHEME_REGISTRATION_NO:
        return LG_IDENTIFIER_OK;
    case LG_SCHEME_COUNT:
        break;
    }
    return LG_IDENTIFIER_BAD_FORM;
}

/* Folds the UTF-8 sequence at *p (moving on) to one ASCII character, when it is a full-width form (U+FF01 to
 * U+FF5E, three bytes), the ideographic space U+3000 or the no-break space U+00A0; otherwise takes one byte
 * as it is. */
static char folded(const unsigned char **p)
{
    const unsigned char *s = *p;
    if (s[0] == 0xef && (s[1] == 0xbc || s[1] == 0xbd) && (s[2] & 0xc0) == 0x80) {
        int code = 0xf000 | (s[1] & 0x3f) << 6 | (s[2] & 0x3f);
        if (code >= 0xff01 && code <= 0xff5e) {
            *p += 3;
            return (char)(code - 0xff01 + '!');
        }
    }
    if (s[0] == 0xe3 && s[1] == 0x80 && s[2] == 0x80) {
        *p += 3;
        return ' ';
    }
    if (s[0] == 0xc2 && s[1] == 0xa0) {
        *p += 2;
        return ' ';
    }
    (*p)++;
    return (char)s[0];
}

lg_identifier lg_identifier_normalise(lg_arena *arena, lg_scheme scheme, const char *value)
{
    const unsigned char *p = (const unsigned char *)value;
    char *out = lg_arena_alloc(arena, strlen(value) + 1);
    size_t len = 0;
    while (*p) {
        char c = folded(&p);
        if (c == ' ' || (c >= '\t' && c <= '\r') || c == '.' || c == '-' || c == '/')
            continue;
        out[len++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out[len] = '\0';
    if ((scheme == LG_SCHEME_TAX_ID || scheme == LG_SCHEME_REGISTRATION_NO) &&
        check_uscc(out) == LG_IDENTIFIER_OK)
        scheme = LG_SCHEME_USCC;
    return (lg_identifier){.scheme = scheme, .value = out};
}
