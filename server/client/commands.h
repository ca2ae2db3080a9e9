/* What the commands_*.c files share. */
#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

#include "server/client/client.h"

/* Sets object[member] to the option's value if it was given. */
void client_member_from_option(const client *c, json_t *object, const char *member, const char *option);
/* Adds the words of "a,b c" to the list. */
void client_words_add(json_t *list, const char *text);
/* What `help` ends with, one fact a line (commands_help.c). */
extern const char *const client_exit_codes_text, *const client_settings_text;
/* The manual pages tallystick(1) and tallystick-server.json(5), to standard output (manual.c). */
void client_manual_program(void);
void client_manual_settings(void);
/* A completion script, to standard output; false if the shell is none of bash, zsh and fish (completion.c).
 */
bool client_completion(const char *shell);
/* A path whose last segment is an id typed by a person, escaped. */
const char *client_path(client *c, const char *prefix, const char *id);

#endif
