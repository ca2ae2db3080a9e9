/* What happens to invoices, claims and payments. */
#include "server/client/menu.h"

/* Enough for any folder of invoices. */
enum { MANY = 1 << 20, PARTS_MAX = 100 };

const client_command menu_receivables[] = {
    {"submit", "FILE…", "submit invoices: JSON, UBL, CII, CSV",
     "The format is told from the content; a folder stands for its .json, .xml and .csv files. XML and CSV "
     "files are signed as they "
     "are. A JSON file is the whole payload or just the invoice object. With --json one file gives the "
     "registry's answer as it is, "
     "several give {\"results\":[{\"file\",\"format\",\"status\",\"answer\"}…]}. Fifty files or more, and "
     "CSV files "
     "of any length with --state or --report, are sent in batches with a state file: a run that was "
     "interrupted goes on "
     "when the same command is given again. What went in is not sent again; what was refused is, once the "
     "file has "
     "changed.",
     command_submit, 1, MANY,
     MENU_OPTIONS(
         {"seller", "ID", "the seller's participant id"}, {"debtor", "ID", "the buyer's participant id"},
         {"amount", "AMOUNT", "what is registered; default: what is payable"},
         {"due-date", "DATE", "if the file has none, or instead"},
         {"part", "LABEL", "names this part of the invoice"},
         {"document", "KIND=FILE|SHA256",
          "a document behind it (contract order delivery_note …); may be repeated"},
         {"countersign", "FILE", "key file of the other side: both sign at once"},
         {"state", "FILE", "remember here what was sent; default from 50 files on: in the state folder"},
         {"report", "FILE", "what became of each file and CSV row, as CSV or (.json) JSON"},
         {"retry-refused", NULL, "send again what was refused in earlier runs"}, MENU_RECEIPT)},
    {"confirm", "ID", "confirm a receivable (its debtor)", NULL, command_post, 1, 1,
     MENU_OPTIONS({"amount", "AMOUNT", "if only a part is acknowledged"}, MENU_NOTE, MENU_RECEIPT)},
    {"accept", "ID", "accept a payable (its supplier)", NULL, command_post, 1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {"reject", "ID", "reject a receivable (the other side)", NULL, command_post, 1, 1,
     MENU_OPTIONS(
         {"reason", "CODE", "unrecognised duplicate differs_from_contract no_relation value_differs other"},
         MENU_NOTE, MENU_RECEIPT)},
    {"withdraw", "ID", "take back what one submitted", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_NOTE, MENU_RECEIPT)},
    {"lapse", "ID", "close a receivable past its deadline (operator)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {0},
};

const client_command menu_claims[] = {
    {"split", "CLAIM AMOUNT…", "divide a claim (its holder)",
     "The amounts sum to what is outstanding; each becomes a claim of its own.", command_split, 3,
     1 + PARTS_MAX, MENU_OPTIONS(MENU_NOTE, MENU_RECEIPT)},
    {"transfer", "CLAIM", "pass a claim on, whole or in part (its holder)",
     "The recipient accepts with `accept-transfer`. One --to without an amount passes the whole claim on; "
     "amounts "
     "divide it, and what is left stays the holder's.",
     command_transfer, 1, 1,
     MENU_OPTIONS({"to", "ID[=AMOUNT]", "a participant, and how much; may be repeated"},
                  {"respond-within-days", "N", "how long the recipient has; default: by policy"}, MENU_NOTE,
                  MENU_RECEIPT)},
    {"accept-transfer", "CLAIM", "take over a claim that is offered (its recipient)", NULL, command_post, 1,
     1, MENU_OPTIONS(MENU_RECEIPT)},
    {"decline-transfer", "CLAIM", "do not take over a claim that is offered (its recipient)", NULL,
     command_post, 1, 1, MENU_OPTIONS(MENU_NOTE, MENU_RECEIPT)},
    {"cancel-transfer", "CLAIM", "take a transfer back before it is accepted (its holder)", NULL,
     command_post, 1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {"lapse-transfer", "CLAIM", "close a transfer past its deadline (operator)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"acknowledge", "CLAIM", "confirm that one knows who holds it now (its debtor)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"dispute", "CLAIM", "dispute a claim, which locks it (its debtor or holder)", NULL, command_post, 1, 1,
     MENU_OPTIONS(
         {"reason", "CODE", "unrecognised duplicate differs_from_contract no_relation value_differs other"},
         MENU_NOTE, MENU_RECEIPT)},
    {"resolve", "CLAIM", "end a dispute (who disputed)", NULL, command_post, 1, 1,
     MENU_OPTIONS({"note", "TEXT", "how it ended; goes on record"}, MENU_RECEIPT)},
    {"freeze", "CLAIM", "freeze a claim by order (authority)", NULL, command_post, 1, 1,
     MENU_OPTIONS({"order", "TEXT", "the order's reference"}, MENU_NOTE, MENU_RECEIPT)},
    {"unfreeze", "CLAIM", "lift a freeze (the same authority)", NULL, command_post, 1, 1,
     MENU_OPTIONS({"order", "TEXT", "the order's reference"}, MENU_NOTE, MENU_RECEIPT)},
    {"age", "CLAIM", "record that a claim is due, overdue or defaulted (operator)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"write-off", "CLAIM", "write off a defaulted claim (its holder)", NULL, command_post, 1, 1,
     MENU_OPTIONS({"note", "TEXT", "why; goes on record"}, MENU_RECEIPT)},
    {"lineage", "CLAIM", "what a claim was divided from and into", NULL, command_lineage, 1, 1, NULL},
    {"certificate", "CLAIM", "who holds a claim and who has which rank, with proof",
     "Every entry in the certificate is checked against its proof before it is shown.", command_certificate,
     1, 1,
     MENU_OPTIONS({"at", "TIME", "as of then (RFC 3339, UTC); default: now"}, {"out", "FILE", "keep it"})},
    {"grant make", "CLAIM PARTICIPANT", "let a participant read a claim (its holder)", NULL, command_post, 2,
     2,
     MENU_OPTIONS({"fields", "FIELD,…",
                   "amounts due_date debtor creditor holder state invoice documents lineage; default all"},
                  {"valid-until", "TIME", "RFC 3339, UTC"}, MENU_NOTE, MENU_RECEIPT)},
    {"grant revoke", "GRANT", "take back what was granted", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"grant list", "", "grants given and received", NULL, command_list, 0, 0, menu_filter_grants},
    {"grant show", "GRANT", "one grant", NULL, command_show, 1, 1, NULL},
    {0},
};

const client_command menu_payments[] = {
    {"pay", "CLAIM AMOUNT", "record a payment (debtor, bank)",
     "CLAIM may be any part: the payment is on the whole debt, shared among all its live parts in proportion "
     "to what is outstanding.",
     command_post, 2, 2,
     MENU_OPTIONS({"reference", "TEXT", "the bank's reference"},
                  {"paid-on", "DATE", "when it was paid; default: today"}, MENU_RECEIPT)},
    {"reverse", "PAYMENT", "reverse a payment that was recorded wrongly (who recorded it)", NULL,
     command_post, 1, 1, MENU_OPTIONS({"reason", "TEXT", "goes on record"}, MENU_RECEIPT)},
    {"credit-note", "CLAIM AMOUNT", "propose to lower a claim (creditor, debtor)",
     "It takes effect when all whom it concerns have accepted with `proposal accept`.", command_propose, 2, 2,
     MENU_OPTIONS({"reference", "TEXT", "the credit note's number"}, MENU_NOTE, MENU_RECEIPT)},
    {"void", "CLAIM", "propose to void a claim (creditor, debtor)",
     "It takes effect when all whom it concerns have accepted with `proposal accept`.", command_propose, 1, 1,
     MENU_OPTIONS({"reference", "TEXT", "of the cancelled invoice"}, MENU_NOTE, MENU_RECEIPT)},
    {"proposal accept", "PROPOSAL", "sign a credit note or voiding that another proposed", NULL, command_post,
     1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {"proposal decline", "PROPOSAL", "refuse a credit note or voiding", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_RECEIPT)},
    {"proposal list", "", "credit notes and voidings that concern one", NULL, command_list, 0, 0,
     menu_filter_proposals},
    {"proposal show", "PROPOSAL", "one proposal and who has signed", NULL, command_show, 1, 1, NULL},
    {0},
};
