/* Money: an integer of minor units with an ISO 4217 currency. Never floating point. */
#ifndef LG_REGISTRY_MONEY_H
#define LG_REGISTRY_MONEY_H

#include "ledger/base/arena.h"

#include <stdbool.h>

#define LG_AMOUNT_MAX ((INT64_C(1) << 53) - 1) /* minor units; so that every JSON reader can hold it */

/* An ISO 4217 alphabetic code, NUL-terminated. */
typedef struct lg_currency {
    char code[4];
} lg_currency;
typedef struct lg_money_text {
    char s[32];
} lg_money_text;

/* A code of the current ISO 4217 list with a minor unit (no XXX, no metals, no funds codes). Exactly three
 * capital letters. */
bool lg_currency_parse(const char *text, lg_currency *out) LG_MUST_CHECK;
int lg_currency_scale(lg_currency currency); /* 0, 2, 3 or 4 decimals */
bool lg_currency_equal(lg_currency a, lg_currency b);

typedef enum {
    LG_AMOUNT_OK,
    LG_AMOUNT_MALFORMED, /* not decimal digits with at most one point */
    LG_AMOUNT_NEGATIVE,
    LG_AMOUNT_WRONG_SCALE,
    LG_AMOUNT_TOO_LARGE,
} lg_amount_parse_result;

/* Exactly the currency's scale ("1234.56", "1234", "1.234"): digits, no sign, no leading zeros but a single
 * one, no exponent. */
lg_amount_parse_result lg_amount_parse(const char *text, lg_currency currency, int64_t *minor) LG_MUST_CHECK;
/* As invoices write xsd:decimal: a sign, fewer decimals, more decimals if those are zeros, leading zeros
 * ("1125", "2337.5", "87859.00", "-12.30"). *minor may be negative. */
lg_amount_parse_result lg_amount_parse_decimal(const char *text, lg_currency currency,
                                               int64_t *minor) LG_MUST_CHECK;
lg_money_text lg_amount_format(int64_t minor, lg_currency currency);

bool lg_amount_add(int64_t a, int64_t b, int64_t *sum) LG_MUST_CHECK; /* false if outside ±LG_AMOUNT_MAX */
bool lg_amount_sub(int64_t a, int64_t b, int64_t *difference) LG_MUST_CHECK;

#endif
