/* Signed commands: composing, sending, and checking the receipt that comes back. */
#ifndef CLIENT_ACT_H
#define CLIENT_ACT_H

#include "ledger/crypto/sign.h"
#include "server/client/client.h"
#include "server/client/http.h"
#include "server/client/receipt.h"

typedef struct client_act {
    const char *path;
    lg_bytes payload;
    const char *cty;        /* NULL: JSON */
    const char *submission; /* JSON text for the header, or NULL */
    const char *jti;        /* NULL: fresh */
} client_act;

typedef struct client_answer {
    long status;               /* 2xx, or the refusal's */
    json_t *body;              /* owned: client_answer_clear; an object */
    lg_bytes text;             /* as received, in the arena */
    checked_receipt *receipts; /* those that came with it, all of which hold; in the arena */
    size_t receipt_count;
} client_answer;

void client_answer_clear(client_answer *answer);

/* The registry's name: configured, or else the first line of its checkpoint, asked for once. A name that
 * comes from the server itself protects against nothing: whoever answers there chooses what is signed for, so
 * pinning it is safer. */
client_exit client_origin(client *c, const char **out) CLIENT_MUST_CHECK;
/* The key file at path; NULL: the configured one. */
client_exit client_key_open(client *c, const char *path, lg_signing_key **out) CLIENT_MUST_CHECK;
/* The JWS text: signed with the configured key, and with the second one if there is one. */
client_exit client_act_compose(client *c, lg_arena *arena, const client_act *act,
                               lg_bytes *out) CLIENT_MUST_CHECK;
/* Whose receipts are to be believed: the configured key's, or any that bear the registry's name. */
client_exit client_receipt_terms(client *c, lg_arena *arena, receipt_terms *out) CLIENT_MUST_CHECK;
/* Sends a command and, when accepted, checks every receipt in the answer. is_signed: the request's body is
 * what their entries must name, and no receipt may be missing. CLIENT_REFUSED leaves the problem in
 * c->problem. */
client_exit client_act_deliver(client *c, lg_arena *arena, const client_request *request, bool is_signed,
                               client_answer *out) CLIENT_MUST_CHECK;
/* Composes and delivers: signed, or, if a token is named and no key, as it is, for the registry to sign. */
client_exit client_act_send(client *c, lg_arena *arena, const client_act *act,
                            client_answer *out) CLIENT_MUST_CHECK;
/* A whole subcommand around one JSON command: sends the payload (consumed), keeps the receipt if --receipt
 * says so, and prints the answer: as it is with --json, otherwise in a few lines. answer may be NULL; else it
 * is the caller's to clear. */
client_exit client_act_run(client *c, const char *path, json_t *payload_take,
                           client_answer *answer) CLIENT_MUST_CHECK;
/* --receipt FILE: writes the answer's receipt there. */
client_exit client_receipt_keep(client *c, const json_t *receipt) CLIENT_MUST_CHECK;
/* The lines that tell what an accepted command did. */
void client_print_outcome(client *c, const json_t *answer);

#endif
