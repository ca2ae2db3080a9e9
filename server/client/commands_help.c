#include "server/client/commands.h"
#include "server/client/output.h"
#include "server/client/post.h"

#include <string.h>
#include <unistr.h>
#include <uniwidth.h>

const char *const client_exit_codes_text =
    LG_TEXT("  0  done\n"
            "  1  the registry refused; the problem is printed\n"
            "  2  the command line is wrong\n"
            "  3  no answer from the registry, or it asks to try again later\n"
            "  4  a signature, proof, ledger or audit does not hold\n"
            "  5  a fault on this machine: a file, a key\n"
            "  6  reconcile: the registry and the books differ\n");

const char *const client_settings_text = LG_TEXT(
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
    "A signed command that gets no answer is sent again as it was, which never acts twice.\n"
    "People read English, or Chinese where LC_ALL, LC_MESSAGES, LANG (of a UTF-8 terminal) or --lang say "
    "so.\n");

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
               client_style_off(c->colour), pad > 0 ? pad : 0, "",
               *options->help ? client_text(c, options->help) : "", needed && *options->help ? " " : "",
               needed ? client_text(c, "(required)") : "");
    }
}

/* The character at `text` may begin a line: behind a blank, or where one side is a wide character (Chinese is
 * written without blanks) and punctuation is not torn from its word. */
static bool may_break_before(ucs4_t before, ucs4_t at)
{
    static const char closing[] = "，。；：、！？）》」”…", opening[] = "（《「“";
    uint8_t utf8[6];
    int len = u8_uctomb(utf8, at, sizeof utf8), before_len;
    if (before == ' ')
        return at != ' ';
    if (len <= 0 || (uc_width(before, "UTF-8") < 2 && uc_width(at, "UTF-8") < 2))
        return false;
    bool closes = memmem(closing, sizeof closing - 1, utf8, (size_t)len) != NULL;
    before_len = u8_uctomb(utf8, before, sizeof utf8);
    return !closes && before_len > 0 && !memmem(opening, sizeof opening - 1, utf8, (size_t)before_len);
}

/* Bytes of text up to where a line may end, blanks behind it included. */
static size_t piece_len(const char *text)
{
    ucs4_t before = 0, at;
    size_t len = 0;
    for (int step; (step = u8_strmbtouc(&at, (const uint8_t *)text + len)) > 0; len += (size_t)step) {
        if (len && may_break_before(before, at))
            break;
        before = at;
    }
    return len;
}

/* Folds so that lines stay within 100 columns. */
static void paragraph_print(client *c, const char *text)
{
    enum { WIDTH = 100 };
    size_t column = 0, gap = 0; /* blanks that are owed if the line goes on */
    for (size_t len; (len = piece_len(text)) > 0; text += len) {
        size_t word = len;
        while (word && text[word - 1] == ' ')
            word--;
        size_t width = client_width(lg_arena_strndup(c->arena, text, word));
        if (column && column + gap + width > WIDTH) {
            fputc('\n', stdout);
            column = gap = 0;
        }
        printf("%*s%.*s", (int)gap, "", (int)word, text);
        column += gap + width;
        gap = len - word;
    }
    fputc('\n', stdout);
}

static void line_print(client *c, const client_command *command)
{
    char left[64];
    snprintf(left, sizeof left, "%s %s", command->name, command->operands);
    int pad = 30 - (int)client_width(left);
    printf("  %s%s%s%*s %s\n", client_style_on(c->colour, STYLE_CYAN), left, client_style_off(c->colour),
           pad > 0 ? pad : 0, "", client_text(c, command->help));
}

static void command_print(client *c, const client_command *command)
{
    printf("%stallystick %s%s%s%s\n\n", client_style_on(c->colour, STYLE_BOLD), command->name,
           *command->operands ? " " : "", command->operands, client_style_off(c->colour));
    paragraph_print(c, lg_arena_printf(c->arena, client_text(c, "%s."), client_text(c, command->help)));
    if (command->more)
        paragraph_print(c, client_text(c, command->more));
    if (command->options) {
        printf("\n%s\n", client_text(c, "Options:"));
        options_print(c, command->name, command->options);
    }
    printf("\n%s\n", client_text(c, "Common options:"));
    options_print(c, NULL, client_common_options);
    printf("\n%s\n%s", client_text(c, "Exit codes:"), client_text(c, client_exit_codes_text));
}

static void overview_print(client *c)
{
    printf("%stallystick%s %s%s\n\n", client_style_on(c->colour, STYLE_BOLD), client_style_off(c->colour),
           CLIENT_VERSION,
           client_text(
               c, ": a receivables registry that anyone can verify. Server, client and verifier in one."));
    for (const client_group *group = client_groups; group->title; group++) {
        printf("%s%s%s%s\n", group == client_groups ? "" : "\n", client_style_on(c->colour, STYLE_BOLD),
               client_text(c, group->title), client_style_off(c->colour));
        for (const client_command *command = group->commands; command->name; command++)
            line_print(c, command);
    }
    printf("\n%s\n", client_text(c, "Options of every command:"));
    options_print(c, NULL, client_common_options);
    printf("\n%s\n%s\n%s", client_text(c, client_settings_text), client_text(c, "Exit codes:"),
           client_text(c, client_exit_codes_text));
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
