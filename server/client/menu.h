/* What the tables of the menu (menu_*.c) share. A row tells people what there is; what it sends is told in
 * the commands_*.c of its subject. */
#ifndef CLIENT_MENU_H
#define CLIENT_MENU_H

#include "server/client/client.h"

#define MENU_OPTIONS(...) ((const client_option[]){__VA_ARGS__, {0}})

#define MENU_RECEIPT                                                                                         \
    {                                                                                                        \
        "receipt", "FILE", "keep the receipt in FILE (`prove --check FILE` checks it)"                       \
    }
#define MENU_PAGE                                                                                            \
    {"limit", "N", "items a page, up to 1000"}, {"cursor", "TEXT", "the page after this cursor"},            \
    {                                                                                                        \
        "all", NULL, "follow the cursors to the end"                                                         \
    }
#define MENU_HISTORY                                                                                         \
    {"history", NULL, "with its ledger entries"}, {"limit", "N", "of these at most; default 1000"},          \
    {                                                                                                        \
        "order", "asc|desc", "of these; default: oldest first"                                               \
    }
#define MENU_NOTE                                                                                            \
    {                                                                                                        \
        "note", "TEXT", "a remark that goes on record"                                                       \
    }

extern const client_command menu_registry[], menu_participants[], menu_receivables[], menu_claims[],
    menu_payments[], menu_financing[], menu_offers[], menu_lists[], menu_shows[], menu_webhooks[],
    menu_statements[], menu_ledger[];

/* Filters that two rows share (menu_read.c). */
extern const client_option menu_filter_page[], menu_filter_grants[], menu_filter_programs[],
    menu_filter_requests[], menu_filter_offers[], menu_filter_proposals[], menu_filter_financings[];

#endif
