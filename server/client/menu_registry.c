/* Running a registry; its participants, reviews and policy; the ledger and its proofs. */
#include "server/client/menu.h"
#include "server/service/config.h"

const client_command menu_registry[] = {
    {"init", "DIR", "make a new registry in DIR",
     "Makes the keys, the ledger and its first entries. Prints the verifier key that the "
     "world checks the ledger with, and the operator's id and key file. --origin NAME (required) is the "
     "registry's name.",
     command_init, 1, 1, NULL /* --origin is common to all */},
    {"serve", "DIR", "serve the registry in DIR",
     "Prints \"listening on http://ADDR:PORT\" for each address when ready. Settings come from options, then "
     "from the JSON object in DIR/server.json, whose members have the options' names with _ for -; what is "
     "unknown or out of range there is refused. SIGHUP reads settings and certificates anew and takes all of "
     "them "
     "or none. SIGTERM and SIGINT finish what was accepted and stop; a second one does so without waiting "
     "for "
     "slow clients. Listening sockets that systemd passes are used in place of --listen, and it is told of "
     "readiness, reloads, stopping and, as a watchdog, of progress.",
     command_serve, 1, 1,
     MENU_OPTIONS(SERVER_SETTINGS(SETTING_OPTION){"config", "FILE", "settings file; default DIR/server.json"},
                  {"check-config", NULL, "only say whether the settings are good"})},
    {"audit", "DIR", "check everything from inside",
     "Recomputes chain, tree, commands, signatures and every table of the registry in "
     "DIR and compares. With --state, a clean audit leaves in FOLDER what it rebuilt, and the next one goes "
     "on from "
     "there: it replays only the new entries, and says what it did not look at again. FOLDER is to be kept "
     "by who "
     "audits, out of reach of who runs the registry, and holds all that the registry does.",
     command_audit, 1, 1,
     MENU_OPTIONS(
         {"state", "FOLDER", "go on from the last audit with this folder, and leave the state there"},
         {"anew", NULL, "audit everything, and begin the state in FOLDER anew"})},
    {"keygen", "FILE", "make a signing key",
     "Writes an Ed25519 key as a JWK of mode 0600 to FILE, which must not exist; prints its kid and "
     "its public key, which the operator registers.",
     command_keygen, 1, 1, NULL},
    {"review approve", "ID", "let a held receivable in (reviewer)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_NOTE, MENU_RECEIPT)},
    {"review reject", "ID", "refuse a held receivable (reviewer)", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_NOTE, MENU_RECEIPT)},
    {"policy show", "", "the gateway's policy", NULL, command_show, 0, 0,
     MENU_OPTIONS({"version", "N", "an older one"})},
    {"policy set", "FILE", "set the gateway's policy (operator)",
     "FILE holds all fields, as `policy show --json` prints them. The version it replaces is taken from "
     "--base-version, from FILE, or else "
     "from the registry.",
     command_policy_set, 1, 1, MENU_OPTIONS({"base-version", "N", "the version it replaces"}, MENU_RECEIPT)},
    {"sweep", "", "do now what time has made due (operator)", NULL, command_sweep, 0, 0, NULL},
    {"version", "", "print the version", NULL, command_version, 0, 0, NULL},
    {"help", "[COMMAND]", "explain a command", NULL, command_help, 0, 2,
     MENU_OPTIONS({"man", "1|5", "print the manual page of the program, or of server.json"},
                  {"completion", "bash|zsh|fish", "print the completion script of a shell"})},
    {0},
};

const client_command menu_participants[] = {
    {"participant add", "NAME", "register a participant (operator)", NULL, command_participant_add, 1, 1,
     MENU_OPTIONS({"role", "ROLE,…",
                   "supplier core_enterprise lender bank issuer authority auditor witness operator reviewer"},
                  {"public-key", "KEY", "its public key, as keygen prints it; this or --custody is required"},
                  {"custody", NULL, "the registry keeps a key for it instead"},
                  {"country", "CC", "ISO 3166 code"},
                  {"group", "NAME", "the group of companies it belongs to"},
                  {"uscc", "CODE", "unified social credit code (GB 32100)"},
                  {"lei", "CODE", "legal entity identifier (ISO 17442)"},
                  {"gln", "CODE", "global location number"}, {"tax-id", "CODE", "tax number"},
                  {"registration-no", "CODE", "commercial register number"}, MENU_RECEIPT)},
    {"participant list", "", "the participants", NULL, command_list, 0, 0,
     MENU_OPTIONS({"role", "ROLE", "only with that role"}, {"status", "STATUS", "active or suspended"},
                  {"name", "TEXT", "only of that name"}, MENU_PAGE)},
    {"participant show", "ID", "one participant", NULL, command_show, 1, 1, NULL},
    {"participant suspend", "ID", "forbid a participant to act (operator)", NULL, command_post, 1, 1,
     MENU_OPTIONS({"reason", "TEXT", "goes on record"}, MENU_RECEIPT)},
    {"participant activate", "ID", "let a suspended participant act again (operator)", NULL, command_post, 1,
     1, MENU_OPTIONS({"reason", "TEXT", "goes on record"}, MENU_RECEIPT)},
    {"participant stop", "ID", "put a debtor on the stop list (operator)", NULL, command_post, 1, 1,
     MENU_OPTIONS({"reason", "TEXT", "goes on record"}, MENU_RECEIPT)},
    {"participant clear", "ID", "take a debtor off the stop list (operator)", NULL, command_post, 1, 1,
     MENU_OPTIONS({"reason", "TEXT", "goes on record"}, MENU_RECEIPT)},
    {"participant credit-line", "ID", "set or remove a debtor's credit line (operator)", NULL, command_post,
     1, 1,
     MENU_OPTIONS({"currency", "CUR", "ISO 4217 code"},
                  {"limit", "AMOUNT", "\"0.00\" allows nothing; \"none\" removes the line"}, MENU_RECEIPT)},
    {"participant rating", "ID RATING", "record a participant's credit rating (operator)",
     "RATING \"none\" removes it.", command_post, 2, 2,
     MENU_OPTIONS({"agency", "NAME", "who rates it so"}, MENU_RECEIPT)},
    {"participant add-key", "ID", "add a signing key", NULL, command_participant_add_key, 1, 1,
     MENU_OPTIONS({"public-key", "KEY", "as keygen prints it; this or --custody is required"},
                  {"custody", NULL, "the registry keeps the key instead"},
                  {"valid-from", "TIME", "RFC 3339, UTC"}, {"valid-until", "TIME", "RFC 3339, UTC"},
                  MENU_RECEIPT)},
    {"participant revoke-key", "ID KID", "revoke a signing key", NULL, command_post, 2, 2,
     MENU_OPTIONS({"reason", "TEXT", "goes on record"}, MENU_RECEIPT)},

    {"participant four-eyes", "ID", "set from which amount on two tokens must confirm",
     "Where the registry keeps the participant's key. Raising or lifting it takes two tokens as well.",
     command_post, 1, 1,
     MENU_OPTIONS({"currency", "CUR", "ISO 4217 code"},
                  {"above", "AMOUNT", "\"0.00\" means always; \"none\" lets one token be enough"},
                  MENU_RECEIPT)},
    {"approval list", "", "what one token said and a second one must say too", NULL, command_list, 0, 0,
     MENU_OPTIONS({"status", "STATUS", "waiting given withdrawn overtaken expired"}, MENU_PAGE)},
    {"approval show", "APPROVAL", "one of them", NULL, command_show, 1, 1, NULL},
    {"approval give", "APPROVAL", "say the same, with a token of another line", NULL, command_approval_give,
     1, 1, MENU_OPTIONS(MENU_NOTE, MENU_RECEIPT)},
    {"approval withdraw", "APPROVAL", "take the first half back", NULL, command_post, 1, 1,
     MENU_OPTIONS(MENU_NOTE, MENU_RECEIPT)},

    {"token create", "", "make a bearer token",
     "The token is made here and printed once; the registry only ever sees its hash. A token that is asked "
     "for with another token has no scope, limit or time that the other has not.",
     command_token_create, 0, 0,
     MENU_OPTIONS({"participant", "ID", "whose token; default: the owner of --token, else required"},
                  {"scope", "SCOPE,…", "read (default) submit confirm finance admin"},
                  {"days", "N", "valid for so many days; default 90"},
                  {"label", "TEXT", "to tell tokens apart"},
                  {"limit", "CUR=AMOUNT",
                   "what one command with it may commit at most; may be repeated; once given, nothing in "
                   "other currencies"},
                  MENU_RECEIPT)},
    {"token list", "", "the tokens", NULL, command_list, 0, 0,
     MENU_OPTIONS({"participant", "ID", "whose (operator)"}, MENU_PAGE)},
    {"token revoke", "ID", "revoke a token", NULL, command_post, 1, 1, MENU_OPTIONS(MENU_RECEIPT)},
    {0},
};

const client_command menu_ledger[] = {
    {"sign", "FILE", "sign a command and print the JWS",
     "Here --url is the path that the command is for: `tallystick sign --url /v1/receivables/ID/confirm FILE "
     "| curl -H 'Content-Type: "
     "application/jose+json' --data-binary @- …`. FILE \"-\" is standard input. The registry's name comes "
     "from --origin, --vkey or the "
     "configuration; without them from the registry of TALLYSTICK_URL.",
     command_sign, 1, 1,
     MENU_OPTIONS({"cty", "TYPE", "content type of a payload that is not JSON"},
                  {"submission", "JSON", "header member for XML and CSV"},
                  {"jti", "TEXT", "instead of a fresh one"},
                  {"countersign", "FILE", "a second key's signature too"})},
    {"verify", "URL", "check a ledger from outside with its public key alone",
     "Checks the checkpoint's signature, that it continues the one seen before, every entry's bytes and "
     "place in the chain, and every tile. "
     "Remembers the checkpoint in --state. Later runs check what is new, unless --full is given. A ledger "
     "that shrank or contradicts "
     "what was seen gives exit code 4, and both checkpoints are kept as evidence.",
     command_verify, 0, 1,
     MENU_OPTIONS({"state", "FILE", "default ~/.local/state/tallystick/<hash of the key>"},
                  {"full", NULL, "check everything again"})},
    {"prove", "SEQ|ID", "fetch, or check, the proof of an entry",
     "Takes an entry's number, or the id of a receivable or claim (its latest entry). --out keeps entry and "
     "proof in one JSON file. "
     "`prove --check FILE --vkey KEY` checks such a file, a receipt, a certificate, or an answer that holds "
     "one, without any network; a bare tlog-proof "
     "needs --entry FILE with the entry's exact bytes.",
     command_prove, 0, 1,
     MENU_OPTIONS({"out", "FILE", "keep it"}, {"bare", NULL, "keep only the tlog-proof"},
                  {"check", "FILE", "check this, offline"},
                  {"entry", "FILE", "the entry that a bare proof is of"})},
    {0},
};
