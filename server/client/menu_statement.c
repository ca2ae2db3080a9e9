/* Rows of the menu: daily statements and how they compare with one's own books. */
#include "server/client/menu.h"

const client_command menu_statements[] = {
    {"statement", "DATE", "one day: opening, movements and closing of each position",
     "The day's entries are fetched and added up, and with --vkey checked against the signed ledger: exit "
     "code 4 "
     "if anything does not hold. A day is meant in UTC unless --utc-offset says otherwise.",
     command_statement, 1, 1,
     MENU_OPTIONS({"utc-offset", "+HH:MM", "the zone of the business day, as +08:00"},
                  {"entries", NULL, "with every entry of the day and what it moved"},
                  {"csv", "FILE", "the whole as CSV; \"-\" is standard output"})},
    {0},
};
