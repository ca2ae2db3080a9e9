#include "ledger/registry/identifier.h"

#include "ledger/base/text.h"

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

static bool is_ascii(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value >= 0x80)
            return false;
    return true;
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
    case LG_SCHEME_TAX_ID: /* no country's uses other letters; look-alikes from other scripts would be another
                              company */
        return is_ascii(identifier.value) ? LG_IDENTIFIER_OK : LG_IDENTIFIER_BAD_FORM;
    case LG_SCHEME_REGISTRATION_NO:
        return LG_IDENTIFIER_OK;
    case LG_SCHEME_COUNT:
        break;
    }
    return LG_IDENTIFIER_BAD_FORM;
}

lg_identifier lg_identifier_normalise(lg_arena *arena, lg_scheme scheme, const char *value)
{
    const char *out = lg_text_letters_and_digits(arena, value);
    if ((scheme == LG_SCHEME_TAX_ID || scheme == LG_SCHEME_REGISTRATION_NO) &&
        check_uscc(out) == LG_IDENTIFIER_OK)
        scheme = LG_SCHEME_USCC;
    return (lg_identifier){.scheme = scheme, .value = out};
}
