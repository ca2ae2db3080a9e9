/* What the commands_*.c files share. */
#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

#include "server/client/client.h"

/* Sets object[member] to the option's value if it was given. */
void client_member_from_option(const client *c, json_t *object, const char *member, const char *option);
/* Adds the words of "a,b c" to the list. */
void client_words_add(json_t *list, const char *text);
/* A path whose last segment is an id typed by a person, escaped. */
const char *client_path(client *c, const char *prefix, const char *id);

#endif
