/* The command line: a static menu of subcommands (menu.c), each a function that takes the client's state
 * and returns an exit code. What every subcommand shares lives here: arguments, settings, the sentence
 * that explains a failure. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "server/language/language.h"
#include "server/version.h"

#include <stdbool.h>
#include <stdio.h>

#define CLIENT_VERSION TALLYSTICK_VERSION

/* The program's exit codes, as `tallystick help` states them. */
typedef enum {
    CLIENT_OK = 0,
    CLIENT_REFUSED = 1,     /* the registry refused */
    CLIENT_USAGE = 2,       /* the command line is wrong */
    CLIENT_UNREACHABLE = 3, /* no answer, or the registry asks to try again */
    CLIENT_UNVERIFIED = 4,  /* a signature, proof or audit does not hold */
    CLIENT_LOCAL = 5,       /* a fault on this machine: file, key, directory */
    CLIENT_DIFFERS = 6,     /* reconcile: the registry and the books do not agree */
} client_exit;

#define CLIENT_MUST_CHECK __attribute__((warn_unused_result))

typedef struct client client;

/* An option of a subcommand: `--name VALUE`, or a switch if value is NULL. */
typedef struct client_option {
    const char *name;
    const char *value; /* how help writes it */
    const char *help;
} client_option;

typedef struct client_command {
    const char *name;     /* one or two words: "participant add" */
    const char *operands; /* for help: "ID", "FILE…" */
    const char *help;     /* one line */
    const char *more;     /* further paragraphs, or NULL */
    client_exit (*run)(client *c);
    int operands_min, operands_max;
    const client_option *options; /* ends with a NULL name; NULL: none of its own */
} client_command;

enum { CLIENT_OPTIONS_MAX = 160 }; /* room for a transfer to a hundred */

typedef struct client_args {
    const char **operands;
    int operand_count;
    struct {
        const char *name, *value; /* value NULL: a switch */
    } options[CLIENT_OPTIONS_MAX];
    size_t option_count;
} client_args;

/* Where requests go and who signs them. Precedence: flag, then environment, then file. */
typedef struct client_config {
    const char *url;         /* NULL: not set */
    const char *key;         /* path of a key file */
    const char *token;       /* bearer token */
    const char *origin;      /* the registry's name, the commands' `aud` */
    const char *vkey;        /* the log's verifier key */
    const char *cacert;      /* PEM file of the authorities to trust for https; NULL: the system's */
    const char *countersign; /* path of a second key file, of --countersign, or NULL */
} client_config;

struct client {
    lg_arena *arena;  /* lives as long as the run */
    lg_report report; /* for the ledger's functions; in the arena */
    const client_command *command;
    client_args args;
    client_config config;
    language language;       /* of what people read */
    bool json;               /* machine output on stdout */
    bool quiet;              /* the failure has been told already */
    bool colour, colour_err; /* of stdout and stderr */
    unsigned timeout_s, attempts;
    struct client_http *http;                  /* opened by the first request */
    void (*warn)(client *c, const char *text); /* told what goes on; NULL: nobody is */
    const char *message;                       /* why it failed, for a person */
    const char *hint;                          /* what to do about it, or NULL */
    json_t *problem;                           /* the registry's problem document, or NULL; owned */
    json_t *names;                             /* participant id → name, as far as asked; owned */
};

/* Runs the command line; returns the exit code. */
int client_main(int argc, char **argv);

/* Subcommands of one subject, in the order of help. */
typedef struct client_group {
    const char *title;
    const client_command *commands; /* NULL name at the end */
} client_group;
extern const client_group client_groups[]; /* NULL title at the end */
extern const client_option client_common_options[];

/* Steps through the subcommands of all groups: start with a zeroed place; NULL at the end. */
typedef struct client_menu_place {
    size_t group, command;
} client_menu_place;
const client_command *client_command_next(client_menu_place *place);
/* The subcommand that begins argv, longest name first, and how many words it took; NULL if there is none. */
const client_command *client_command_find(int argc, char *const *argv, int *words);

/* A text in the reader's language; a word of which `context` says what it means here ("state"). The functions
 * below that take a format translate it themselves. */
const char *client_text(const client *c, const char *english) __attribute__((format_arg(2)));
const char *client_word(const client *c, const char *context, const char *english);

/* Notes why the run fails (the first reason wins) and returns `code`. */
client_exit client_fail(client *c, client_exit code, const char *fmt, ...) LG_PRINTF(3, 4);
/* The same from the ledger library's report, after "what: " unless what is NULL. */
client_exit client_fail_report(client *c, client_exit code, const char *what);
/* Tells c->warn. */
void client_warn(client *c, const char *fmt, ...) LG_PRINTF(2, 3);

/* ---- arguments (args.c) ---- */

/* Parses what follows the subcommand's name against its options and the common ones. */
client_exit client_args_parse(client *c, int argc, char *const *argv) CLIENT_MUST_CHECK;
const char *client_option_value(const client *c, const char *name); /* the last one given; NULL if absent */
bool client_option_given(const client *c, const char *name);
/* A decimal integer in [min, max]; fails with CLIENT_USAGE. Leaves *out alone if the option is absent. */
client_exit client_option_number(client *c, const char *name, int64_t min, int64_t max,
                                 int64_t *out) CLIENT_MUST_CHECK;
bool client_number_parse(const char *text, int64_t min, int64_t max, int64_t *out) LG_MUST_CHECK;

/* ---- settings (config.c) ---- */

/* Fills c->config from flags, environment and file. A file named with --config must exist; the default one
 * need not. */
client_exit client_config_load(client *c) CLIENT_MUST_CHECK;
/* Reads `key = value` lines; # starts a comment. Values already set stay. */
client_exit client_config_read(client *c, const char *path, lg_bytes text) CLIENT_MUST_CHECK;
/* $XDG_CONFIG_HOME/tallystick/config or $XDG_STATE_HOME/tallystick/…, with the defaults of the XDG base
 * directory specification; NULL if there is no home directory. */
char *client_config_path(lg_arena *arena);
char *client_state_path(lg_arena *arena, const char *name);

/* ---- files (files.c) ---- */

/* The whole file, NUL-terminated, in the arena; "-" is standard input. At most max bytes. */
client_exit client_file_read(client *c, lg_arena *arena, const char *path, size_t max,
                             lg_bytes *out) CLIENT_MUST_CHECK;
/* A file written piece by piece that has its name only once it is whole; "-" is standard output. After
 * client_writer_open comes client_writer_close, which throws away what is not to be kept. */
typedef struct client_writer {
    const char *path;
    char *temporary; /* NULL: standard output */
    unsigned mode;
    int fd;
} client_writer;
client_exit client_writer_open(client *c, const char *path, client_writer *out) CLIENT_MUST_CHECK;
client_exit client_writer_add(client *c, client_writer *writer, lg_bytes bytes) CLIENT_MUST_CHECK;
client_exit client_writer_close(client *c, client_writer *writer, bool keep) CLIENT_MUST_CHECK;
/* Replaces the file atomically: temporary name, sync, rename. "-" is standard output. */
client_exit client_file_write(client *c, const char *path, unsigned mode, lg_bytes bytes) CLIENT_MUST_CHECK;
/* Makes the directories above path, mode 0700. */
client_exit client_directories_make(client *c, const char *path) CLIENT_MUST_CHECK;
/* SHA-256 of a file's bytes as 64 hexadecimal digits, without reading it into memory at once. */
client_exit client_file_digest(client *c, const char *path, char hex[65]) CLIENT_MUST_CHECK;

/* ---- subcommands ---- */

client_exit command_init(client *c);
client_exit command_serve(client *c);
client_exit command_audit(client *c);
client_exit command_keygen(client *c);
client_exit command_version(client *c);
client_exit command_help(client *c);
client_exit command_participant_add(client *c);
client_exit command_participant_add_key(client *c);
client_exit command_approval_give(client *c);
client_exit command_token_create(client *c);
client_exit command_submit(client *c);
client_exit command_split(client *c);
client_exit command_transfer(client *c);
client_exit command_lineage(client *c);
client_exit command_certificate(client *c);
client_exit command_propose(client *c); /* credit-note, void */
client_exit command_check(client *c);
client_exit command_finance_request(client *c);
client_exit command_finance_offers(client *c);
client_exit command_webhook_secret(client *c);
client_exit command_webhook_replay(client *c);
client_exit command_sweep(client *c);
client_exit command_policy_set(client *c);
client_exit command_list(client *c);
client_exit command_show(client *c);
client_exit command_statement(client *c);
client_exit command_reconcile(client *c);
client_exit command_sign(client *c);
client_exit command_verify(client *c);
client_exit command_prove(client *c);
/* All that post.h's tables describe. */
client_exit command_post(client *c);

#endif
