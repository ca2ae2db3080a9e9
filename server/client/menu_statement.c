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
                  {"facts", NULL, "also hold each amount against its entry's facts: a request an entry"},
                  {"csv", "FILE", "the whole as CSV; \"-\" is standard output"})},
    {"reconcile", "DATE|FROM..TO FILE", "the movements of these days against a CSV file of one's own books",
     "Each row of FILE is a movement: an amount, its currency, and the claim's id, the invoice's number or a "
     "reference; also a due date, debtor, creditor and state, if there are such columns. Columns are found "
     "by their "
     "headers, in any order; others are ignored. Rows are matched by claim, else by invoice, else by "
     "reference, "
     "first those with the same amount. The file is UTF-8, with or without a byte order mark (from GB18030: "
     "iconv -f "
     "GB18030 -t UTF-8); its delimiter is found in the first row. Amounts have a sign: what left the account "
     "is "
     "negative. Ends with 0 only if all agree, with 6 if anything differs.",
     command_reconcile, 2, 2,
     MENU_OPTIONS(
         {"account", "ACCOUNT", "what is compared: claims_held (default), claims_owed, …"},
         {"only", "TYPE,…", "entries of these types alone, as claim.accepted"},
         {"utc-offset", "+HH:MM", "the zone of the business day, as +08:00"},
         {"net", NULL, "one row a claim: what its movements come to; from one's first day on, what is open"},
         {"facts", NULL, "also hold each amount against its entry's facts: a request an entry"},
         {"unsigned", NULL, "the file's amounts have no sign"},
         {"decimal", "point|comma", "how amounts are written; default point"},
         {"dates", "ymd|dmy|mdy", "the order of dates; default ymd, with -, / or . between"},
         {"delimiter", "CHAR", "between columns, or the word tab"},
         {"all-in", "CUR", "currency of all rows, where no column has it"},
         {"states", "WORD=LIFE,…", "what the file's states are called here: open=confirmed,paid=settled"},
         {"amount", "HEADER", "column of amounts"}, {"currency", "HEADER", "column of currencies"},
         {"invoice", "HEADER", "column of invoice numbers"}, {"claim", "HEADER", "column of claim ids"},
         {"reference", "HEADER", "column of order references"}, {"due", "HEADER", "column of due dates"},
         {"debtor", "HEADER", "column of debtors: name, id, or USCC, LEI …"},
         {"creditor", "HEADER", "column of creditors, likewise"}, {"status", "HEADER", "column of states"})},
    {0},
};
