/* The menu: what `help` prints and what client_command_find searches. */
#include "server/client/menu.h"

const client_option client_common_options[] = {
    {"url", "URL", "the registry (TALLYSTICK_URL)"},
    {"key", "FILE", "the key file that signs (TALLYSTICK_KEY)"},
    {"token", "TOKEN", "the bearer token that reads (TALLYSTICK_TOKEN)"},
    {"origin", "NAME", "the registry's name, which commands are signed for (TALLYSTICK_ORIGIN)"},
    {"vkey", "KEY", "the log's verifier key (TALLYSTICK_VKEY)"},
    {"cacert", "FILE",
     "PEM file of the authorities to trust for https, instead of the system's (TALLYSTICK_CACERT)"},
    {"config", "FILE", "settings file; default ~/.config/tallystick/config"},
    {"timeout", "SECONDS", "per request; default 60"},
    {"retries", "N", "repetitions after no answer or \"try again\"; default 4"},
    {"lang", "en|zh", "the language of what people read; default: as LANG says"},
    {"json", NULL, "machine output"},
    {"help", NULL, "explains the command"},
    {0},
};

const client_group client_groups[] = {
    {"A registry of one's own", menu_registry},
    {"Participants, keys, tokens", menu_participants},
    {"Invoices becoming claims", menu_receivables},
    {"Claims", menu_claims},
    {"Payments and corrections", menu_payments},
    {"Financing: holders", menu_financing},
    {"Financing: lenders", menu_offers},
    {"Lists", menu_lists},
    {"One thing", menu_shows},
    {"Statements", menu_statements},
    {"Webhooks", menu_webhooks},
    {"Ledger and proofs", menu_ledger},
    {0},
};

const client_command *client_command_next(client_menu_place *place)
{
    while (client_groups[place->group].title) {
        const client_command *command = &client_groups[place->group].commands[place->command];
        if (command->name) {
            place->command++;
            return command;
        }
        place->group++;
        place->command = 0;
    }
    return NULL;
}
