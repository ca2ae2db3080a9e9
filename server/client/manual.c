/* The manual pages, written from the menu and the table of settings: what `help` says is what they say.
 * man(7) macros, UTF-8. */
#include "server/client/client.h"
#include "server/client/commands.h"
#include "server/client/post.h"
#include "server/service/config.h"

#include <ctype.h>
#include <string.h>

/* Text between macros: a hyphen that can be copied, no macro by accident. */
static void roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            fputc(*text, stdout);
    }
}

/* A line of text; its parts are set in the font of their turn: roman, bold, italic. */
static void line(const char *roman, const char *bold, const char *italic)
{
    roff(roman);
    if (*bold) {
        fputs("\\fB", stdout);
        roff(bold);
        fputs("\\fR", stdout);
    }
    if (*italic) {
        fputs(" \\fI", stdout);
        roff(italic);
        fputs("\\fR", stdout);
    }
    fputc('\n', stdout);
}

static void heading(const char *title)
{
    fputs(".SH ", stdout);
    for (; *title; title++)
        fputc(toupper((unsigned char)*title), stdout);
    fputc('\n', stdout);
}

static void title(const char *name, int section, const char *about)
{
    printf(".TH %s %d \"\" \"Tallystick %s\" \"Tallystick\"\n.SH NAME\n", name, section, CLIENT_VERSION);
    printf("%s \\- %s\n", name, about);
}

static void options(const char *command, const client_option *list)
{
    for (; list && list->name; list++) {
        char name[48];
        snprintf(name, sizeof name, "--%s", list->name);
        puts(".TP");
        line("", name, list->value ? list->value : "");
        roff(list->help);
        bool needed = command && client_post_option_needed(command, list->name);
        puts(needed ? (*list->help ? " (required)" : "(required)") : "");
    }
}

static void command(const client_command *row)
{
    puts(".TP");
    line("", row->name, row->operands);
    roff(row->help);
    puts(".");
    if (row->more) {
        puts(".sp");
        roff(row->more);
        fputc('\n', stdout);
    }
    if (row->options) {
        puts(".RS");
        options(row->name, row->options);
        puts(".RE");
    }
}

static void commands(void)
{
    for (const client_group *group = client_groups; group->title; group++) {
        fputs(".SS ", stdout);
        roff(group->title);
        fputc('\n', stdout);
        for (const client_command *row = group->commands; row->name; row++)
            command(row);
    }
}

/* Text whose lines are to stay lines. */
static void lines(const char *text)
{
    puts(".nf");
    while (*text) {
        size_t len = strcspn(text, "\n");
        char row[256];
        snprintf(row, sizeof row, "%.*s", (int)len, text);
        roff(row);
        fputc('\n', stdout);
        text += len + (text[len] == '\n');
    }
    puts(".fi");
}

void client_manual_program(void)
{
    title("tallystick", 1, "a receivables registry that anyone can verify: server, client and verifier");
    heading("synopsis");
    line("", "tallystick", "COMMAND [OPERANDS] [OPTIONS]");
    heading("description");
    puts("Suppliers submit invoices, core enterprises confirm what they owe, lenders finance and hold the "
         "claims; every\n"
         "accepted act is an entry of a signed, hash\\-chained ledger. The program is all of it: it serves a "
         "registry, acts\n"
         "for a participant, and verifies a ledger with nothing but its public key.");
    heading("commands");
    commands();
    heading("options of every command");
    options(NULL, client_common_options);
    heading("environment");
    roff(client_settings_text);
    heading("exit status");
    lines(client_exit_codes_text);
    heading("files");
    puts(".TP");
    line("", "~/.config/tallystick/config", "");
    puts("Settings of the client.\n.TP");
    line("", "~/.local/state/tallystick/", "");
    puts("The newest checkpoint of each ledger that was verified.\n.TP");
    line("", "DIR/server.json", "");
    puts("Settings of a registry.\n.TP");
    line("", "DIR/keys/", "");
    puts("A registry's keys. Back them up apart from its database.");
    heading("see also");
    line("", "tallystick-server.json", "(5)");
}

/* ---- tallystick-server.json(5) ---- */

typedef struct setting_text {
    const char *name, *type, *reload, *help;
} setting_text;

#define WHEN_RELOAD LG_TEXT("A reload (SIGHUP) changes it.")
#define WHEN_START  LG_TEXT("The next start changes it.")
#define SETTING_TEXT(name, flag, type, min, max, def, when, value, help)                                     \
    {#name, #type, WHEN_##when, help SETTING_HELP_##type(min, max, def)},
static const setting_text settings[] = {SERVER_SETTINGS(SETTING_TEXT)};

static const char *kind_of(const char *type)
{
    if (strcmp(type, "INT") == 0)
        return "integer";
    if (strcmp(type, "BOOL") == 0)
        return "true or false";
    return strcmp(type, "ADDRESSES") == 0 ? "list of strings" : "string";
}

void client_manual_settings(void)
{
    title("tallystick-server.json", 5, "settings of tallystick serve");
    heading("description");
    puts("A JSON object. Each member is also an option of\n.B tallystick serve\n(with \\- for _), which wins "
         "over the file.\n"
         "What is unknown, of another type or out of range is refused, by name;\n.B tallystick serve DIR "
         "\\-\\-check\\-config\n"
         "only looks.");
    heading("members");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        puts(".TP");
        line("", settings[i].name, kind_of(settings[i].type));
        roff(settings[i].help);
        puts(".");
        puts(settings[i].reload);
    }
    heading("see also");
    line("", "tallystick", "(1)");
}
