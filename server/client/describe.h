/* Telling people what the registry answered: summaries of one line, all members of a thing, names for ids. */
#ifndef CLIENT_DESCRIBE_H
#define CLIENT_DESCRIBE_H

#include "server/client/output.h"

/* The value at "invoice.number" as text: strings as they are, numbers and booleans as JSON; NULL if absent or
 * null. */
const char *client_field(lg_arena *arena, const json_t *object, const char *path);
/* The participant's name, asked of the registry once per id; the id itself when it cannot be told. */
const char *client_participant_name(client *c, const char *id);
/* Parts per million as "4.35%". */
char *client_percent(lg_arena *arena, int64_t ppm);
const char *client_or_dash(const char *text); /* NULL is "–" */
/* Has it been handed to an external verifier that has not answered yet? */
bool client_is_being_verified(lg_arena *arena, const json_t *receivable);

/* "receivable 0193… registered: invoice A-1, 1200.00 CNY, due 2027-01-31" (summary.c). Kinds it has no
 * sentence for are told by id and state alone. */
void client_print_summary(client *c, const char *kind, const json_t *thing);
bool client_summary_known(const char *kind); /* whether there is a sentence */
/* Every member that is set, aligned; objects inside are indented, lists of objects become tables. */
void client_print_members(client *c, const json_t *thing, unsigned depth);

#endif
