/* `list` and `show`. */
#include "server/client/menu.h"

/* Of claims and of their totals. */
#define CLAIM_FILTERS                                                                                        \
    {"part", "PART", "any creditor debtor holder lender offered granted"},                                   \
        {"life", "LIFE", "confirmed due part_paid overdue defaulted settled split void written_off"},        \
        {"encumbrance", "STATE", "free offered reserved pledged sold pooled"},                               \
        {"locked", "true|false", "disputed, frozen, or the debtor stopped"}, {"currency", "CUR", ""},        \
        {"creditor", "ID", ""}, {"debtor", "ID", ""}, {"rating", "RATING,…", "the debtor's"},                \
        {"hop-max", "N", "passed on so often at most"}, {"due-from", "DATE", ""}, {"due-to", "DATE", ""},    \
        {"amount-min", "AMOUNT", "with --currency"},                                                         \
    {                                                                                                        \
        "amount-max", "AMOUNT", "with --currency"                                                            \
    }

const client_option menu_filter_page[] = {MENU_PAGE, {0}};
const client_option menu_filter_grants[] = {{"part", "PART", "given or received"}, MENU_PAGE, {0}};
const client_option menu_filter_programs[] = {
    {"lender", "ID", ""}, {"currency", "CUR", ""}, {"status", "STATUS", "open or closed"}, MENU_PAGE, {0}};
const client_option menu_filter_requests[] = {
    {"part", "PART", "mine (default), or addressed: those that lenders were asked with"},
    {"status", "STATUS", "open withdrawn lapsed accepted"},
    MENU_PAGE,
    {0}};
const client_option menu_filter_offers[] = {
    {"status", "STATUS", "open withdrawn accepted lapsed"}, MENU_PAGE, {0}};
const client_option menu_filter_proposals[] = {
    {"status", "STATUS", "open effective declined expired"}, MENU_PAGE, {0}};
const client_option menu_filter_financings[] = {
    {"part", "PART", "lender or seller"},
    {"status", "STATUS", "instructed disbursed cancelled lapsed released repaid recourse repurchased"},
    MENU_PAGE,
    {0}};

const client_command menu_lists[] = {
    {"list receivables", "", "receivables one is party to", NULL, command_list, 0, 0,
     MENU_OPTIONS({"part", "PART", "creditor, debtor or any"},
                  {"life", "LIFE", "held registered confirmed rejected withdrawn expired"},
                  {"currency", "CUR", ""}, {"creditor", "ID", ""}, {"debtor", "ID", ""},
                  {"due-from", "DATE", ""}, {"due-to", "DATE", ""},
                  {"amount-min", "AMOUNT", "with --currency"}, {"amount-max", "AMOUNT", "with --currency"},
                  {"number", "TEXT", "the invoice's"}, {"order", "asc|desc", "by registration"}, MENU_PAGE)},
    {"list claims", "", "claims one has a part in, or may read", NULL, command_list, 0, 0,
     MENU_OPTIONS(CLAIM_FILTERS, {"sort", "KEY", "accepted_at due_date amount"}, {"order", "asc|desc", ""},
                  {"csv", "FILE", "all of them as CSV; \"-\" is standard output"}, MENU_PAGE)},
    {"list totals", "", "sums of claims by currency", NULL, command_list, 0, 0, MENU_OPTIONS(CLAIM_FILTERS)},
    {"list grants", "", "grants given and received", NULL, command_list, 0, 0, menu_filter_grants},
    {"list programs", "", "lenders' programs", NULL, command_list, 0, 0, menu_filter_programs},
    {"list requests", "", "requests for financing", NULL, command_list, 0, 0, menu_filter_requests},
    {"list offers", "", "offers made or received", NULL, command_list, 0, 0, menu_filter_offers},
    {"list financings", "", "financings", NULL, command_list, 0, 0, menu_filter_financings},
    {"list payments", "", "payments one has a part in", NULL, command_list, 0, 0,
     MENU_OPTIONS({"claim", "ID", "of this claim"}, MENU_PAGE)},
    {"list proposals", "", "credit notes and voidings that concern one", NULL, command_list, 0, 0,
     menu_filter_proposals},
    {"list webhooks", "", "one's webhooks", NULL, command_list, 0, 0, menu_filter_page},
    {"list reviews", "", "what the gateway found (reviewer, operator)", NULL, command_list, 0, 0,
     MENU_OPTIONS({"outcome", "OUTCOME", "pass warn hold reject"},
                  {"open", "true|false", "waiting for a decision"},
                  {"waits-for", "reviewer|verifier", "of those, whose turn it is"}, MENU_PAGE)},
    {"list participants", "", "the participants", NULL, command_list, 0, 0,
     MENU_OPTIONS({"role", "ROLE", ""}, {"status", "STATUS", ""}, {"name", "TEXT", ""}, MENU_PAGE)},
    {"list entries", "", "the ledger's entries", NULL, command_list, 0, 0,
     MENU_OPTIONS({"from", "SEQ", "the first one"}, {"limit", "N", "up to 1000"},
                  {"all", NULL, "to the end"})},
    {0},
};

const client_command menu_shows[] = {
    {"show receivable", "ID", "one receivable", NULL, command_show, 1, 1, MENU_OPTIONS(MENU_HISTORY)},
    {"show claim", "ID", "one claim", NULL, command_show, 1, 1, MENU_OPTIONS(MENU_HISTORY)},
    {"show grant", "ID", "one grant", NULL, command_show, 1, 1, NULL},
    {"show program", "ID", "one program", NULL, command_show, 1, 1, NULL},
    {"show request", "ID", "one request for financing", NULL, command_show, 1, 1, NULL},
    {"show offer", "ID", "one offer", NULL, command_show, 1, 1, NULL},
    {"show financing", "ID", "one financing, with the instruction to pay", NULL, command_show, 1, 1, NULL},
    {"show payment", "ID", "one payment and its shares", NULL, command_show, 1, 1, NULL},
    {"show proposal", "ID", "one proposal and who has signed", NULL, command_show, 1, 1, NULL},
    {"show webhook", "ID", "one webhook", NULL, command_show, 1, 1, NULL},
    {"show review", "ID", "the gateway's findings on a receivable", NULL, command_show, 1, 1, NULL},
    {"show participant", "ID", "one participant", NULL, command_show, 1, 1, NULL},
    {"show entry", "SEQ", "one ledger entry", NULL, command_show, 1, 1, NULL},
    {0},
};
