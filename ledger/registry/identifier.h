/* Identifiers of companies and their check digits. */
#ifndef LG_REGISTRY_IDENTIFIER_H
#define LG_REGISTRY_IDENTIFIER_H

#include "ledger/base/arena.h"

#include <stdbool.h>

typedef enum {
    LG_SCHEME_USCC,            /* Chinese unified social credit code, GB 32100-2015 */
    LG_SCHEME_LEI,             /* legal entity identifier, ISO 17442 */
    LG_SCHEME_GLN,             /* GS1 global location number, 13 digits, mod 10 */
    LG_SCHEME_TAX_ID,          /* VAT or other tax registration; no check digit is judged */
    LG_SCHEME_REGISTRATION_NO, /* number in a trade register */
    LG_SCHEME_COUNT,
} lg_scheme;

enum { LG_IDENTIFIER_MAX = 64, LG_IDENTIFIERS_MAX = 8 };

typedef struct lg_identifier {
    lg_scheme scheme;
    const char *value; /* normalised */
} lg_identifier;

typedef enum {
    LG_IDENTIFIER_OK,
    LG_IDENTIFIER_BAD_FORM,  /* length or alphabet */
    LG_IDENTIFIER_BAD_CHECK, /* the check digit does not belong */
} lg_identifier_verdict;

const char *lg_scheme_name(lg_scheme scheme); /* "uscc" … */
bool lg_scheme_parse(const char *text, lg_scheme *out) LG_MUST_CHECK;

/* Letters and digits alone, upper case, compatibility forms folded (lg_text_letters_and_digits). "" if
 * nothing is left. A tax_id or registration_no that is a valid USCC becomes scheme uscc (in China they are
 * one number). */
lg_identifier lg_identifier_normalise(lg_arena *arena, lg_scheme scheme, const char *value);
lg_identifier_verdict lg_identifier_check(lg_identifier identifier); /* takes a normalised one */

#endif
