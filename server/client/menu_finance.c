/* Financing, and webhooks. */
#include "server/client/menu.h"

enum { CLAIMS_MAX = 50 };

#define RATES                                                                                                \
    {"kind", "KIND", "sale or pledge"}, {"recourse", "yes|no", "whether the seller answers for it"},         \
        {"advance-rate", "RATE", "of what is outstanding, like 80%"},                                        \
        {"annual-rate", "RATE", "interest a year, like 4.35% or 43500ppm"},                                  \
        {"day-count", "360|365", "days that interest counts as a year"},                                     \
        {"fee", "AMOUNT", "a fee for each financing"},                                                       \
    {                                                                                                        \
        "fee-rate", "RATE", "a fee on what is advanced"                                                      \
    }

const client_command menu_financing[] = {
    {"finance request", "CLAIM…", "ask for financing of claims (their holder)",
     "Programs that fit make their offers at once; the best net amount comes first.", command_finance_request,
     1, CLAIMS_MAX,
     MENU_OPTIONS({"pay-to", "ACCOUNT", "where the money shall go"},
                  {"lender", "ID,…", "only these; default: any; may be repeated"},
                  {"kind", "KIND", "sale or pledge; default: either"},
                  {"recourse", "yes|no", "default: either"},
                  {"fields", "FIELD,…", "what lenders may read; default: all"},
                  {"valid-until", "TIME", "RFC 3339, UTC; default: by policy"}, MENU_NOTE, MENU_RECEIPT)},
    {"finance offers", "REQUEST", "the offers for a request", NULL, command_finance_offers, 1, 1, NULL},
    {"finance accept", "OFFER", "accept an offer (the holder)",
     "The claims are reserved and the lender is told at once to pay.", command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"finance withdraw", "REQUEST", "take a request back (the holder)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"finance lapse-request", "REQUEST", "close a request past its deadline (operator)", NULL, command_post,
     1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {"finance requests", "", "requests for financing", NULL, command_list, 0, 0, menu_filter_requests},
    {"finance list", "", "financings", NULL, command_list, 0, 0, menu_filter_financings},
    {"finance show", "FINANCING", "one financing, with the instruction to pay", NULL, command_show, 1, 1,
     NULL},
    {0},
};

const client_command menu_offers[] = {
    {"program open", "NAME", "make a standing offer for all claims that fit (lender)", NULL, command_post, 1,
     1,
     MENU_OPTIONS(RATES, {"currency", "CUR", "ISO 4217 code"},
                  {"debtor", "ID,…", "of these debtors, or \"all\"; may be repeated"},
                  {"tenor-min", "DAYS", "days to the due date at least"},
                  {"tenor-max", "DAYS", "days to the due date at most"},
                  {"amount-min", "AMOUNT", "of a request, at least"},
                  {"amount-max", "AMOUNT", "of a request, at most"},
                  {"total-limit", "AMOUNT", "advanced under the program at any time"},
                  {"debtor-limit", "AMOUNT", "the same, for each debtor"},
                  {"valid-until", "TIME", "RFC 3339, UTC"},
                  {"offer-valid-minutes", "N", "how long its offers stand; default 1440"},
                  {"disburse-within-minutes", "N", "how long payment may take; default 1440"}, MENU_RECEIPT)},
    {"program close", "PROGRAM", "end a program (its lender)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"program list", "", "lenders' programs", NULL, command_list, 0, 0, menu_filter_programs},
    {"program show", "PROGRAM", "one program", NULL, command_show, 1, 1, NULL},
    {"check", "NUMBER", "ask whether an invoice is registered or financed (lender)",
     "Nothing else about it is told; how often one may ask is limited, and each question goes on record. A "
     "party "
     "is a participant's id or identifiers: uscc=…, lei=…, gln=…, tax_id=…, registration_no=….",
     command_check, 1, 1,
     MENU_OPTIONS({"seller", "PARTY", "who sold"}, {"debtor", "PARTY", "who bought"},
                  {"issue-date", "DATE", "the invoice's"}, {"currency", "CUR", "ISO 4217 code"},
                  {"amount", "AMOUNT", "its gross amount"}, MENU_RECEIPT)},
    {"offer make", "REQUEST", "offer to finance a request (lender)", NULL, command_post, 1, 1,
     MENU_OPTIONS(RATES, {"valid-until", "TIME", "RFC 3339, UTC"},
                  {"disburse-within-minutes", "N", "how long payment may take"}, MENU_RECEIPT)},
    {"offer withdraw", "OFFER", "take an offer back (its lender)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"offer list", "", "offers made or received", NULL, command_list, 0, 0, menu_filter_offers},
    {"offer show", "OFFER", "one offer", NULL, command_show, 1, 1, NULL},
    {"finance disburse", "FINANCING", "confirm that the money was paid (lender, bank)", NULL, command_post, 1,
     1,
     MENU_OPTIONS({"reference", "TEXT", "the bank's reference"},
                  {"registration-number", "TEXT", "in the register of movable property (中登网)"},
                  MENU_RECEIPT)},
    {"finance cancel", "FINANCING", "give up a financing before it is paid (its lender)", NULL, command_post,
     1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {"finance lapse", "FINANCING", "close a financing that was not paid in time (operator)", NULL,
     command_post, 1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {"finance register", "ID NUMBER", "keep its number in the register of movable property (中登网)", NULL,
     command_post, 2, 2, MENU_OPTIONS(MENU_RECEIPT)},
    {"finance release", "FINANCING", "free pledged claims (its lender)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"finance recourse", "FINANCING", "turn to the seller for overdue claims (its lender)", NULL,
     command_post, 1, 1, MENU_OPTIONS(MENU_NOTE, MENU_RECEIPT)},
    {"finance repurchase", "FINANCING", "record that the seller took unpaid claims back (its lender)", NULL,
     command_post, 1, 1, MENU_OPTIONS({"reference", "TEXT", "the bank's reference"}, MENU_RECEIPT)},
    {0},
};

const client_command menu_webhooks[] = {
    {"webhook add", "URL", "be told of ledger entries at an address (https)",
     "`webhook secret` prints what the receiver verifies deliveries with (Standard Webhooks). Entry types "
     "begin with receivable. claim. grant. program. request. offer. financing. payment. proposal. A request "
     "that is open to any lender is not posted to lenders: they read it with `finance requests --part "
     "addressed`.",
     command_post, 1, 1,
     MENU_OPTIONS({"events", "TYPE,…", "entry types, or beginnings ending in \".\"; default all"},
                  {"description", "TEXT", "to tell webhooks apart"}, MENU_RECEIPT)},
    {"webhook list", "", "one's webhooks", NULL, command_list, 0, 0, menu_filter_page},
    {"webhook show", "WEBHOOK", "one webhook", NULL, command_show, 1, 1, NULL},
    {"webhook rotate", "WEBHOOK", "replace its secret", NULL, command_post, 1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {"webhook remove", "WEBHOOK", "end it", NULL, command_post, 1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {"webhook secret", "WEBHOOK", "print what deliveries are verified with",
     "The secret of `v1` signatures, the one before it while both count, and the public key of `v1a` "
     "signatures. Needs a token of the scope admin.",
     command_webhook_secret, 1, 1, NULL},
    {"webhook deliveries", "WEBHOOK", "what became of its messages", NULL, command_list, 1, 1,
     MENU_OPTIONS({"state", "STATE", "pending delivered dead skipped"}, {"order", "asc|desc", "by entry"},
                  MENU_PAGE)},
    {"webhook replay", "WEBHOOK", "send messages once more", NULL, command_webhook_replay, 1, 1,
     MENU_OPTIONS({"seq", "SEQ", "the message of this entry alone; this or --from is required"},
                  {"from", "SEQ", "all messages from this entry on; this or --seq is required"})},
    {0},
};
