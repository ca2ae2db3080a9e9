#include "server/client/client.h"

#include "ledger/crypto/secret.h"
#include "server/client/http.h"
#include "server/client/output.h"

#include <string.h>

/* "list" and "claims" are the words of "list claims". */
static bool is_called(const client_command *command, int words, char *const *argv)
{
    const char *blank = strchr(command->name, ' ');
    size_t first = blank ? (size_t)(blank - command->name) : strlen(command->name);
    return (blank ? 2 : 1) == words && strlen(argv[0]) == first &&
           memcmp(argv[0], command->name, first) == 0 && (!blank || strcmp(argv[1], blank + 1) == 0);
}

const client_command *client_command_find(int argc, char *const *argv, int *words)
{
    for (int take = argc < 2 ? argc : 2; take > 0; take--) {
        client_menu_place place = {0};
        for (const client_command *command; (command = client_command_next(&place));) {
            if (!is_called(command, take, argv))
                continue;
            *words = take;
            return command;
        }
    }
    return NULL;
}

/* The commands that begin with the word, a line each; NULL if there is none. */
static const char *group_lines(client *c, const char *word)
{
    client_menu_place place = {0};
    lg_buf text = {0};
    size_t len = strlen(word);
    for (const client_command *command; (command = client_command_next(&place));) {
        if (strncmp(command->name, word, len) != 0 || command->name[len] != ' ')
            continue;
        const char *left = lg_arena_printf(c->arena, "%s %s", command->name, command->operands);
        int pad = 30 - (int)client_width(left);
        lg_buf_printf(&text, "%s  %s%*s %s", text.len ? "\n" : "", left, pad > 0 ? pad : 0, "",
                      client_text(c, command->help));
    }
    const char *copy = text.len ? lg_arena_strndup(c->arena, text.data, text.len) : NULL;
    lg_buf_clear(&text);
    return copy;
}

static client_exit unknown_command(client *c, int argc, char **argv)
{
    c->hint = client_text(c, "See `tallystick help`.");
    if (argc == 0)
        return client_fail(c, CLIENT_USAGE, "No command is given.");
    const char *lines = argc == 1 ? group_lines(c, argv[0]) : NULL;
    if (lines) {
        c->hint = lines;
        return client_fail(c, CLIENT_USAGE, "\"%s\" is a group; these are its commands:", argv[0]);
    }
    client_menu_place place = {0};
    for (const client_command *command; (command = client_command_next(&place));) {
        size_t len = strlen(argv[0]);
        if (strncmp(command->name, argv[0], len) == 0 && command->name[len] == ' ') {
            c->hint = lg_arena_printf(c->arena, client_text(c, "See `tallystick help %s`."), argv[0]);
            return argc > 1 ? client_fail(c, CLIENT_USAGE, "There is no command \"%s %s\".", argv[0], argv[1])
                            : client_fail(c, CLIENT_USAGE, "There is no command \"%s\".", argv[0]);
        }
    }
    return client_fail(c, CLIENT_USAGE, "There is no command \"%s\".", argv[0]);
}

static client_exit run(client *c, int argc, char **argv)
{
    int words = 0;
    bool asks_help = argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0);
    bool asks_version = argc > 0 && strcmp(argv[0], "--version") == 0;
    c->command = client_command_find(argc, argv, &words);
    if (asks_help)
        return command_help(c);
    if (!c->command && argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        const char *lines = group_lines(c, argv[0]);
        if (lines) {
            puts(lines);
            return CLIENT_OK;
        }
    }
    if (asks_version)
        return command_version(c);
    if (!c->command)
        return unknown_command(c, argc, argv);
    client_exit code = client_args_parse(c, argc - words, argv + words);
    if (code == CLIENT_OK && client_option_given(c, "help"))
        return command_help(c);
    if (code == CLIENT_OK)
        code = client_config_load(c);
    return code == CLIENT_OK ? c->command->run(c) : code;
}

/* Before anything is said, even about the arguments themselves: --lang, else the environment. */
static language language_of(int argc, char **argv)
{
    language chosen = language_of_environment();
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--lang=", 7) == 0)
            (void)language_named(argv[i] + 7, &chosen);
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            (void)language_named(argv[++i], &chosen);
    }
    return chosen;
}

int client_main(int argc, char **argv)
{
    client c = {.arena = lg_arena_open(), .language = language_of(argc, argv), .warn = client_print_warning};
    lg_report_init(&c.report, c.arena);
    client_output_init(&c);
    lg_json_init();
    client_exit code = lg_crypto_init() == LG_OK && lg_forbid_core_dumps() == LG_OK
                           ? run(&c, argc - 1, argv + 1)
                           : client_fail(&c, CLIENT_LOCAL, "The cryptographic library cannot start.");
    if (code != CLIENT_OK)
        client_print_failure(&c, code);
    if (fflush(stdout) != 0 && code == CLIENT_OK)
        code = CLIENT_LOCAL; /* a full disk or a closed pipe: what was printed did not arrive */
    client_http_close(c.http);
    json_decref(c.problem);
    json_decref(c.names);
    lg_arena_close(c.arena);
    return (int)code;
}
