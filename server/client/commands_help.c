#include "server/client/commands.h"
#include "server/client/output.h"
#include "server/client/post.h"

#include <string.h>

const char client_exit_codes_text[] = "  0  done\n"
                                      "  1  the registry refused; the problem is printed\n"
                                      "  2  the command line is wrong\n"
                                      "  3  no answer from the registry, or it asks to try again later\n"
                                      "  4  a signature, proof, ledger or audit does not hold\n"
                                      "  5  a fault on this machine: a file, a key\n"
                                      "  6  reconcile: the registry and the books differ\n";

const char client_settings_text[] =
    "Settings come from options, then from the environment (TALLYSTICK_URL, TALLYSTICK_KEY, "
    "TALLYSTICK_TOKEN,\n"
    "TALLYSTICK_ORIGIN, TALLYSTICK_VKEY, TALLYSTICK_CACERT), then from ~/.config/tallystick/config, whose "
    "lines are `key = "
    "value` with the keys\n"
    "url, key, token, origin, vkey and cacert. Set origin or vkey: if both are absent, the registry's name "
    "is taken "
    "from its own\n"
    "checkpoint, and then whoever answers at the URL chooses what you sign for. NO_COLOR switches colour "
    "off.\n"
    "A signed command that gets no answer is sent again as it was, which never acts twice.\n";

/* `command` NULL: the common options. */
static void options_print(client *c, const char *command, const client_option *options)
{
    for (; options && options->name; options++) {
        char left[48];
        snprintf(left, sizeof left, "--%s%s%s", options->name, options->value ? " " : "",
                 options->value ? options->value : "");
        int pad = 30 - (int)client_width(left);
        bool needed = command && client_post_option_needed(command, options->name);
        printf("  %s%s%s%*s %s%s%s\n", client_style_on(c->colour, STYLE_CYAN), left,
               client_style_off(c->colour), pad > 0 ? pad : 0, "", options->help,
               needed && *options->help ? " " : "", needed ? "(required)" : "");
    }
}

/* Folds at blanks so that lines stay within 100 columns. */
static void paragraph_print(const char *text)
{
    enum { WIDTH = 100 };
    size_t column = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column && column + 1 + len > WIDTH) {
            fputc('\n', stdout);
            column = 0;
        }
        printf("%s%.*s", column ? " " : "", (int)len, text);
        column += len + (column ? 1 : 0);
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', stdout);
}

static void line_print(client *c, const client_command *command)
{
    char left[64];
    snprintf(left, sizeof left, "%s %s", command->name, command->operands);
    int pad = 30 - (int)client_width(left);
    printf("  %s%s%s%*s %s\n", client_style_on(c->colour, STYLE_CYAN), left, client_style_off(c->colour),
           pad > 0 ? pad : 0, "", command->help);
}

static void command_print(client *c, const client_command *command)
{
    printf("%stallystick %s%s%s%s\n\n", client_style_on(c->colour, STYLE_BOLD), command->name,
           *command->operands ? " " : "", command->operands, client_style_off(c->colour));
    paragraph_print(lg_arena_printf(c->arena, "%s.", command->help));
    if (command->more)
        paragraph_print(command->more);
    if (command->options) {
        printf("\nOptions:\n");
        options_print(c, command->name, command->options);
    }
    printf("\nCommon options:\n");
    options_print(c, NULL, client_common_options);
    printf("\nExit codes:\n%s", client_exit_codes_text);
}

static void overview_print(client *c)
{
    printf("%stallystick%s %s: a receivables registry that anyone can verify. Server, client and verifier in "
           "one.\n\n",
           client_style_on(c->colour, STYLE_BOLD), client_style_off(c->colour), CLIENT_VERSION);
    for (const client_group *group = client_groups; group->title; group++) {
        printf("%s%s%s%s\n", group == client_groups ? "" : "\n", client_style_on(c->colour, STYLE_BOLD),
               group->title, client_style_off(c->colour));
        for (const client_command *command = group->commands; command->name; command++)
            line_print(c, command);
    }
    printf("\nOptions of every command:\n");
    options_print(c, NULL, client_common_options);
    printf("\n%s\nExit codes:\n%s", client_settings_text, client_exit_codes_text);
}

/* What packages install. */
static client_exit generated_print(client *c)
{
    const char *page = client_option_value(c, "man"), *shell = client_option_value(c, "completion");
    if (shell)
        return client_completion(shell)
                   ? CLIENT_OK
                   : client_fail(c, CLIENT_USAGE, "--completion knows bash, zsh and fish, not \"%s\".",
                                 shell);
    if (strcmp(page, "1") == 0)
        client_manual_program();
    else if (strcmp(page, "5") == 0)
        client_manual_settings();
    else
        return client_fail(c, CLIENT_USAGE, "--man is 1 (the program) or 5 (server.json), not \"%s\".", page);
    return CLIENT_OK;
}

client_exit command_help(client *c)
{
    int words = 0;
    int asked = c->args.operand_count;
    bool by_option = c->command && c->command->run != command_help; /* `tallystick submit --help` */
    if (by_option) {
        command_print(c, c->command);
        return CLIENT_OK;
    }
    if (client_option_given(c, "man") || client_option_given(c, "completion"))
        return generated_print(c);
    if (asked == 0) {
        overview_print(c);
        return CLIENT_OK;
    }
    const char *first = c->args.operands[0];
    const client_command *command =
        client_command_find(asked, (char *const *)(uintptr_t)c->args.operands, &words);
    if (command) {
        command_print(c, command);
        return CLIENT_OK;
    }
    bool found = false;
    size_t len = strlen(first);
    for (client_menu_place place = {0}; (command = client_command_next(&place));) {
        if (strncmp(command->name, first, len) == 0 && command->name[len] == ' ') {
            line_print(c, command);
            found = true;
        }
    }
    return found ? CLIENT_OK : client_fail(c, CLIENT_USAGE, "There is no command \"%s\".", first);
}
