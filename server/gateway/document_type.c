#include "server/gateway/document_type.h"

#include "ledger/base/error.h"

#include <stddef.h>
#include <string.h>

/* UNTDID 1001 codes, each followed by a blank. Prepayment invoices (386, 500) are refused because nothing has
 * been delivered yet: what they ask for is no debt for goods or services, and the final invoice repeats it.
 * Factored invoices (393, 472, 473, 501) say that the claim has been assigned already. Debit notes, partial,
 * corrected, self-billed and metered invoices are debts like any other. */
static const struct {
    const char *codes;
    gw_type_refusal refusal; /* no code: accepted */
} kinds[] = {
    {"380 80 82 84 218 219 295 326 331 382 383 384 385 387 388 389 390 394 395 456 457 471 527 575 623 633 "
     "780 875 876 877 ",
     {NULL, NULL}},
    {"381 81 83 261 262 296 308 396 420 458 502 503 532 ",
     {"credit_note", LG_TEXT("a credit note lowers what the buyer owes and cannot itself be owed")}},
    {"386 500 ",
     {"prepayment", LG_TEXT("a prepayment invoice asks for money before anything is delivered, so no "
                            "receivable stands behind it yet")}},
    {"325 ", {"pro_forma", LG_TEXT("a pro-forma invoice announces an invoice and creates no debt")}},
    {"393 472 473 501 ",
     {"factored_invoice",
      LG_TEXT("a factored invoice says itself that the claim has been assigned to a factor already")}},
    {"751 ", {"accounting_only", LG_TEXT("invoice information for accounting only must not be paid")}},
};

/* Whole code in a list; the list's blanks delimit. */
static bool holds(const char *codes, const char *code)
{
    size_t len = strlen(code);
    for (const char *at = codes; *at; at += strcspn(at, " ") + 1)
        if (strcspn(at, " ") == len && memcmp(at, code, len) == 0)
            return true;
    return false;
}

bool gw_type_can_be_receivable(const char *type_code, gw_type_refusal *refusal)
{
    if (!type_code)
        return true;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (holds(kinds[i].codes, type_code)) {
            *refusal = kinds[i].refusal;
            return !refusal->code;
        }
    }
    *refusal = (gw_type_refusal){"unsupported_document_type",
                                 LG_TEXT("this type is no invoice, or one that the registry does not know")};
    return false;
}
