/* What people see: colour where the stream is a terminal and NO_COLOR is not set, text from outside stripped
 * of control characters, problems with every broken rule, and a progress line for long work. */
#ifndef CLIENT_OUTPUT_H
#define CLIENT_OUTPUT_H

#include "server/client/client.h"

#include <time.h>

typedef enum {
    STYLE_PLAIN,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_RED,
    STYLE_GREEN,
    STYLE_YELLOW,
    STYLE_CYAN
} client_style;

void client_output_init(client *c);
const char *client_style_on(bool colour, client_style style); /* escape sequence, or "" */
const char *client_style_off(bool colour);
/* The colour that a state's name (life, outcome, status) is shown in. */
client_style client_style_of(const char *state);

/* Text from outside as one line that a terminal cannot be steered with: control characters and malformed
 * UTF-8 become '?'. */
char *client_clean(lg_arena *arena, const char *text);
/* Columns that the text takes on a terminal: wide characters (Chinese) count two. */
size_t client_width(const char *text);

/* What goes on, on standard error; nothing with --json. */
void client_print_warning(client *c, const char *text);
/* One line on standard output: a mark, bold text. */
void client_say(client *c, client_style style, const char *fmt, ...) LG_PRINTF(3, 4);
/* The reason of a failed run: on standard error, and as JSON on standard output with --json. */
void client_print_failure(client *c, client_exit code);
/* title, detail, each error with its pointer; a line each. */
void client_print_problem(client *c, FILE *stream, const json_t *problem, const char *indent);
void client_print_json(const json_t *value); /* indented, with a newline */

typedef struct client_progress {
    const client *c;
    bool on, shown;
    struct timespec last;
} client_progress;

client_progress client_progress_start(const client *c);
/* what: a text of the catalogue */
void client_progress_show(client_progress *p, const char *what, int64_t done, int64_t total);
void client_progress_end(client_progress *p); /* wipes the line */

#endif
