/* The table of subcommands: what `help` prints and what client_command_find searches. To add one: a line
 * here, a function in the commands_*.c of its subject. */
#include "server/client/client.h"

#define OPTIONS(...) ((const client_option[]){__VA_ARGS__, {0}})
#define RECEIPT                                                                                              \
    {                                                                                                        \
        "receipt", "FILE", "keep the receipt in FILE (`prove --check FILE` checks it)"                       \
    }
#define PAGE                                                                                                 \
    {"limit", "N", "items a page, up to 1000"}, {"cursor", "TEXT", "the page after this cursor"},            \
    {                                                                                                        \
        "all", NULL, "follow the cursors to the end"                                                         \
    }
#define HISTORY                                                                                              \
    {                                                                                                        \
        "history", NULL, "with its ledger entries, oldest first"                                             \
    }
#define NOTE                                                                                                 \
    {                                                                                                        \
        "note", "TEXT", "a remark that goes on record"                                                       \
    }

/* Enough for any folder of invoices. */
enum { MANY = 1 << 20 };

const client_option client_common_options[] = {
    {"url", "URL", "the registry (TALLYSTICK_URL)"},
    {"key", "FILE", "the key file that signs (TALLYSTICK_KEY)"},
    {"token", "TOKEN", "the bearer token that reads (TALLYSTICK_TOKEN)"},
    {"origin", "NAME", "the registry's name, which commands are signed for (TALLYSTICK_ORIGIN)"},
    {"vkey", "KEY", "the log's verifier key (TALLYSTICK_VKEY)"},
    {"config", "FILE", "settings file; default ~/.config/tallystick/config"},
    {"timeout", "SECONDS", "per request; default 60"},
    {"retries", "N", "repetitions after no answer or \"try again\"; default 4"},
    {"json", NULL, "machine output"},
    {"help", NULL, "explains the command"},
    {0},
};

const client_command client_commands[] = {
    {"init", "DIR", "make a new registry in DIR",
     "Makes the keys, the ledger and its first entries. Prints the verifier key that the "
     "world checks the ledger with, and the operator's id and key file.",
     command_init, 1, 1, NULL /* --origin is common to all */},
    {"serve", "DIR", "serve the registry in DIR",
     "Prints \"listening on http://ADDR:PORT\" when ready. SIGTERM and SIGINT drain and stop it.",
     command_serve, 1, 1,
     OPTIONS({"listen", "ADDR:PORT", "default 127.0.0.1:8080; port 0 chooses a free one"},
             {"threads", "N", "default: one per core"})},
    {"audit", "DIR", "check everything from inside",
     "Recomputes chain, tree, commands, signatures and every table of the registry in "
     "DIR and compares.",
     command_audit, 1, 1, NULL},
    {"keygen", "FILE", "make a signing key",
     "Writes an Ed25519 key as a JWK of mode 0600 to FILE, which must not exist; prints its kid and "
     "its public key, which the operator registers.",
     command_keygen, 1, 1, NULL},

    {"participant add", "NAME", "register a participant (operator)", NULL, command_participant_add, 1, 1,
     OPTIONS({"role", "ROLE,…",
              "supplier core_enterprise lender bank issuer authority auditor witness operator reviewer"},
             {"public-key", "KEY", "its public key, as keygen prints it"},
             {"custody", NULL, "the registry keeps a key for it instead"}, {"country", "CC", "ISO 3166 code"},
             {"group", "NAME", "the group of companies it belongs to"},
             {"uscc", "CODE", "unified social credit code (GB 32100)"},
             {"lei", "CODE", "legal entity identifier (ISO 17442)"},
             {"gln", "CODE", "global location number"}, {"tax-id", "CODE", "tax number"},
             {"registration-no", "CODE", "commercial register number"}, RECEIPT)},
    {"participant list", "", "the participants", NULL, command_list, 0, 0,
     OPTIONS({"role", "ROLE", "only with that role"}, {"status", "STATUS", "active or suspended"},
             {"name", "TEXT", "only of that name"}, PAGE)},
    {"participant show", "ID", "one participant", NULL, command_show, 1, 1, NULL},
    {"participant suspend", "ID", "forbid a participant to act (operator)", NULL, command_participant_act, 1,
     1, OPTIONS({"reason", "TEXT", "goes on record"}, RECEIPT)},
    {"participant activate", "ID", "let a suspended participant act again (operator)", NULL,
     command_participant_act, 1, 1, OPTIONS({"reason", "TEXT", "goes on record"}, RECEIPT)},
    {"participant stop", "ID", "put a debtor on the stop list (operator)", NULL, command_participant_act, 1,
     1, OPTIONS({"reason", "TEXT", "goes on record"}, RECEIPT)},
    {"participant clear", "ID", "take a debtor off the stop list (operator)", NULL, command_participant_act,
     1, 1, OPTIONS({"reason", "TEXT", "goes on record"}, RECEIPT)},
    {"participant credit-line", "ID", "set or remove a debtor's credit line (operator)", NULL,
     command_participant_credit_line, 1, 1,
     OPTIONS({"currency", "CUR", "ISO 4217 code"},
             {"limit", "AMOUNT", "\"0.00\" allows nothing; \"none\" removes the line"}, RECEIPT)},
    {"participant add-key", "ID", "add a signing key", NULL, command_participant_add_key, 1, 1,
     OPTIONS({"public-key", "KEY", "as keygen prints it"},
             {"custody", NULL, "the registry keeps the key instead"}, {"valid-from", "TIME", "RFC 3339, UTC"},
             {"valid-until", "TIME", "RFC 3339, UTC"}, RECEIPT)},
    {"participant revoke-key", "ID KID", "revoke a signing key", NULL, command_participant_revoke_key, 2, 2,
     OPTIONS({"reason", "TEXT", "goes on record"}, RECEIPT)},

    {"token create", "", "make a bearer token",
     "The token is made here and printed once; the registry only ever sees its hash.", command_token_create,
     0, 0,
     OPTIONS({"participant", "ID", "whose token; default: of the token in use"},
             {"scope", "SCOPE,…", "read (default) submit confirm finance admin"},
             {"days", "N", "valid for so many days; default 90"}, {"label", "TEXT", "to tell tokens apart"},
             RECEIPT)},
    {"token list", "", "the tokens", NULL, command_list, 0, 0,
     OPTIONS({"participant", "ID", "whose (operator)"}, PAGE)},
    {"token revoke", "ID", "revoke a token", NULL, command_token_revoke, 1, 1, OPTIONS(RECEIPT)},

    {"submit", "FILE…", "submit invoices: JSON, UBL, CII, CSV",
     "The format is told from the content; a folder stands for its .json, .xml and .csv files. XML and CSV "
     "files are signed as they "
     "are. A JSON file is the whole payload or just the invoice object. With --json one file gives the "
     "registry's answer as it is, "
     "several give {\"results\":[{\"file\",\"format\",\"status\",\"answer\"}…]}.",
     command_submit, 1, MANY,
     OPTIONS({"seller", "ID", "the seller's participant id"}, {"debtor", "ID", "the buyer's participant id"},
             {"amount", "AMOUNT", "what is registered; default: what is payable"},
             {"due-date", "DATE", "if the file has none, or instead"},
             {"part", "LABEL", "names this part of the invoice"},
             {"document", "KIND=FILE|SHA256",
              "a document behind it (contract order delivery_note …); may be repeated"},
             {"countersign", "FILE", "key file of the other side: both sign at once"}, RECEIPT)},
    {"confirm", "ID", "confirm a receivable (its debtor)", NULL, command_confirm, 1, 1,
     OPTIONS({"amount", "AMOUNT", "if only a part is acknowledged"}, NOTE, RECEIPT)},
    {"accept", "ID", "accept a payable (its supplier)", NULL, command_receivable_act, 1, 1, OPTIONS(RECEIPT)},
    {"reject", "ID", "reject a receivable (the other side)", NULL, command_receivable_act, 1, 1,
     OPTIONS(
         {"reason", "CODE", "unrecognised duplicate differs_from_contract no_relation value_differs other"},
         NOTE, RECEIPT)},
    {"withdraw", "ID", "take back what one submitted", NULL, command_receivable_act, 1, 1,
     OPTIONS(NOTE, RECEIPT)},
    {"lapse", "ID", "close a receivable past its deadline (operator)", NULL, command_receivable_act, 1, 1,
     OPTIONS(RECEIPT)},

    {"list receivables", "", "receivables one is party to", NULL, command_list, 0, 0,
     OPTIONS({"part", "PART", "creditor, debtor or any"},
             {"life", "LIFE", "held registered confirmed rejected withdrawn expired"},
             {"currency", "CUR", ""}, {"creditor", "ID", ""}, {"debtor", "ID", ""}, {"due-from", "DATE", ""},
             {"due-to", "DATE", ""}, {"amount-min", "AMOUNT", "with --currency"},
             {"amount-max", "AMOUNT", "with --currency"}, {"number", "TEXT", "the invoice's"},
             {"order", "asc|desc", "by registration"}, PAGE)},
    {"list claims", "", "claims one is party to", NULL, command_list, 0, 0,
     OPTIONS({"part", "PART", "holder, creditor, debtor or any"}, {"life", "LIFE", ""},
             {"currency", "CUR", ""}, {"creditor", "ID", ""}, {"debtor", "ID", ""}, {"due-from", "DATE", ""},
             {"due-to", "DATE", ""}, {"order", "asc|desc", ""}, PAGE)},
    {"list reviews", "", "what the gateway found (reviewer, operator)", NULL, command_list, 0, 0,
     OPTIONS({"outcome", "OUTCOME", "pass warn hold reject"},
             {"open", "true|false", "waiting for a decision"}, PAGE)},
    {"list participants", "", "the participants", NULL, command_list, 0, 0,
     OPTIONS({"role", "ROLE", ""}, {"status", "STATUS", ""}, {"name", "TEXT", ""}, PAGE)},
    {"list entries", "", "the ledger's entries", NULL, command_list, 0, 0,
     OPTIONS({"from", "SEQ", "the first one"}, {"limit", "N", "up to 1000"}, {"all", NULL, "to the end"})},
    {"show receivable", "ID", "one receivable", NULL, command_show, 1, 1, OPTIONS(HISTORY)},
    {"show claim", "ID", "one claim", NULL, command_show, 1, 1, OPTIONS(HISTORY)},
    {"show review", "ID", "the gateway's findings on a receivable", NULL, command_show, 1, 1, NULL},
    {"show participant", "ID", "one participant", NULL, command_show, 1, 1, NULL},
    {"show entry", "SEQ", "one ledger entry", NULL, command_show, 1, 1, NULL},

    {"review approve", "ID", "let a held receivable in (reviewer)", NULL, command_review, 1, 1,
     OPTIONS(NOTE, RECEIPT)},
    {"review reject", "ID", "refuse a held receivable (reviewer)", NULL, command_review, 1, 1,
     OPTIONS(NOTE, RECEIPT)},
    {"policy show", "", "the gateway's policy", NULL, command_show, 0, 0,
     OPTIONS({"version", "N", "an older one"})},
    {"policy set", "FILE", "set the gateway's policy (operator)",
     "FILE holds all fields, as `policy show --json` prints them. The version it replaces is taken from "
     "--base-version, from FILE, or else "
     "from the registry.",
     command_policy_set, 1, 1, OPTIONS({"base-version", "N", "the version it replaces"}, RECEIPT)},
    {"sweep", "", "do now what time has made due (operator)", NULL, command_sweep, 0, 0, NULL},

    {"sign", "FILE", "sign a command and print the JWS",
     "Here --url is the path that the command is for: `tallystick sign --url /v1/receivables/ID/confirm FILE "
     "| curl -H 'Content-Type: "
     "application/jose+json' --data-binary @- …`. FILE \"-\" is standard input. The registry's name comes "
     "from --origin, --vkey or the "
     "configuration; without them from the registry of TALLYSTICK_URL.",
     command_sign, 1, 1,
     OPTIONS({"cty", "TYPE", "content type of a payload that is not JSON"},
             {"submission", "JSON", "header member for XML and CSV"},
             {"jti", "TEXT", "instead of a random one"},
             {"countersign", "FILE", "a second key's signature too"})},
    {"verify", "URL", "check a ledger from outside with its public key alone",
     "Checks the checkpoint's signature, that it continues the one seen before, every entry's bytes and "
     "place in the chain, and every tile. "
     "Remembers the checkpoint in --state. Later runs check what is new, unless --full is given. A ledger "
     "that shrank or contradicts "
     "what was seen gives exit code 4, and both checkpoints are kept as evidence.",
     command_verify, 0, 1,
     OPTIONS({"state", "FILE", "default ~/.local/state/tallystick/<hash of the key>"},
             {"full", NULL, "check everything again"})},
    {"prove", "SEQ|ID", "fetch, or check, the proof of an entry",
     "Takes an entry's number, or the id of a receivable or claim (its latest entry). --out keeps entry and "
     "proof in one JSON file. "
     "`prove --check FILE --vkey KEY` checks such a file, a receipt, or an answer that holds one, without "
     "any network; a bare tlog-proof "
     "needs --entry FILE with the entry's exact bytes.",
     command_prove, 0, 1,
     OPTIONS({"out", "FILE", "keep it"}, {"bare", NULL, "keep only the tlog-proof"},
             {"check", "FILE", "check this, offline"},
             {"entry", "FILE", "the entry that a bare proof is of"})},
    {"version", "", "print the version", NULL, command_version, 0, 0, NULL},
    {"help", "[COMMAND]", "explain a command", NULL, command_help, 0, 2, NULL},
    {0},
};
