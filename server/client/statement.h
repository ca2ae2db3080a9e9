/* One day's statement as the registry serves it, and whether it holds: entries against the signed checkpoint,
 * sums against their movements. */
#ifndef CLIENT_STATEMENT_H
#define CLIENT_STATEMENT_H

#include "ledger/log/note.h"
#include "ledger/registry/money.h"
#include "server/client/client.h"
#include "server/client/statement_facts.h"

/* The day's summary; *out is the caller's (json_decref). offset NULL: UTC. */
client_exit client_statement_get(client *c, const char *date, const char *offset,
                                 json_t **out) CLIENT_MUST_CHECK;

/* Takes one entry of the day; `arena` lasts until the next. */
typedef client_exit (*statement_take)(void *ctx, lg_arena *arena, const json_t *entry);

/* Walks the day's entries, page by page, and checks them as they come:
 * that they are the statement's, in number and in every sum; that each position's opening, movements and
 * closing add up; and, with a verifier, that each is in the tree of a checkpoint which that key signed.
 * With `facts` (else NULL) each amount is also held against the facts of its entry, one request each.
 * CLIENT_UNVERIFIED with a sentence that names what does not hold. `take` may be NULL. */
client_exit client_statement_walk(client *c, const json_t *statement, const lg_verifier *verifier,
                                  facts_count *facts, statement_take take, void *ctx) CLIENT_MUST_CHECK;
/* c->config.vkey, if there is one; else *has stays false and the person is warned. */
client_exit client_statement_verifier(client *c, lg_verifier *out, bool *has) CLIENT_MUST_CHECK;

/* A decimal string of the currency's scale, also one that is a sum, as minor units. */
bool client_minor_parse(const char *text, lg_currency currency, int64_t *minor) LG_MUST_CHECK;

#endif
