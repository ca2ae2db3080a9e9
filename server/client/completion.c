/* Completion for shells, written from the menu. Each script offers commands by their words, then the options
 * of the command, and files where an operand or option names one. */
#include "server/client/client.h"
#include "server/client/commands.h"

#include <string.h>

/* Does help's word for it name something in the file system? */
static bool is_file(const char *value)
{
    return value && (strstr(value, "FILE") || strstr(value, "DIR") || strstr(value, "FOLDER"));
}

/* "a|b": values to choose from; anything else is free text. */
static bool is_choice(const char *value)
{
    return value && strchr(value, '|') && value[0] >= 'a' && value[0] <= 'z';
}

static void choices(const char *value)
{
    for (; *value; value++)
        fputc(*value == '|' ? ' ' : *value, stdout);
}

typedef void (*option_writer)(const client_option *option, const void *about);

static void each_option(const client_command *command, option_writer write, const void *about)
{
    for (const client_option *o = command->options; o && o->name; o++)
        write(o, about);
    for (const client_option *o = client_common_options; o->name; o++)
        write(o, about);
}

/* ---- bash ---- */

static void bash_name(const client_option *option, const void *about)
{
    (void)about;
    printf(" --%s", option->name);
}

static void bash_value(const client_option *option, const void *about)
{
    const client_command *command = about;
    if (is_file(option->value)) {
        printf("    '%s --%s') files=1;;\n", command->name, option->name);
    } else if (is_choice(option->value)) {
        printf("    '%s --%s') words='", command->name, option->name);
        choices(option->value);
        printf("';;\n");
    } else if (option->value) {
        printf("    '%s --%s') words='';;\n", command->name, option->name);
    }
}

static void bash_commands(void)
{
    const client_command *command;
    for (client_menu_place place = {0}; (command = client_command_next(&place));) {
        printf("    '%s') command='%s' files=%d options='", command->name, command->name,
               is_file(command->operands));
        each_option(command, bash_name, command);
        printf("';;\n");
    }
}

static void bash_values(void)
{
    const client_command *command;
    for (client_menu_place place = {0}; (command = client_command_next(&place));)
        each_option(command, bash_value, command);
}

static void bash(void)
{
    const client_command *command;
    printf("# bash completion of tallystick\n_tallystick() {\n"
           "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} try command= options= "
           "files=0 words=\n"
           "  for try in \"${COMP_WORDS[1]-}\" \"${COMP_WORDS[1]-} ${COMP_WORDS[2]-}\"; do\n"
           "    case $try in\n");
    bash_commands();
    printf("    esac\n  done\n"
           "  if [[ -z $command || ( $command == *' '* && $COMP_CWORD -lt 3 ) || $COMP_CWORD -lt 2 ]]; then\n"
           "    local all=(");
    for (client_menu_place place = {0}; (command = client_command_next(&place));)
        printf("'%s' ", command->name);
    printf(")\n"
           "    for try in \"${all[@]}\"; do\n"
           "      if [[ $COMP_CWORD -eq 1 ]]; then words+=\" ${try%%%% *}\"\n"
           "      elif [[ $COMP_CWORD -eq 2 && $try == \"${COMP_WORDS[1]} \"* ]]; then words+=\" ${try#* "
           "}\"; fi\n"
           "    done\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\" | sort -u))\n"
           "    return\n  fi\n"
           "  if [[ $prev == --* && $cur != --* ]]; then\n"
           "    case \"$command $prev\" in\n");
    bash_values();
    printf("    *) words=\"$options\";;\n"
           "    esac\n"
           "  elif [[ $cur == -* || $files -eq 0 ]]; then words=$options\n  fi\n"
           "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "  if [[ $files -eq 1 && $cur != -* ]]; then COMPREPLY+=($(compgen -f -- \"$cur\")); fi\n"
           "}\ncomplete -o filenames -F _tallystick tallystick\n");
}

/* ---- zsh ---- */

/* Inside single quotes, in a specification where ':' and brackets mean something. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr(":[]\\", *text))
            printf("\\%c", *text);
        else
            fputc(*text, stdout);
    }
}

static void zsh_option(const client_option *option, const void *about)
{
    (void)about;
    printf(" \\\n      '*--%s", option->name);
    printf("[");
    zsh_text(option->help);
    printf("]");
    if (option->value) {
        printf(":");
        zsh_text(option->value);
        if (is_choice(option->value)) {
            printf(":(");
            choices(option->value);
            printf(")");
        } else {
            printf(is_file(option->value) ? ":_files" : ": ");
        }
    }
    printf("'");
}

static void zsh(void)
{
    const client_command *command;
    printf("#compdef tallystick\n"
           "# One argument is one word of the command line; commands have one or two.\n"
           "_tallystick() {\n  local -a commands=(\n");
    for (client_menu_place place = {0}; (command = client_command_next(&place));) {
        printf("    '%s:", command->name);
        zsh_text(command->help);
        printf("'\n");
    }
    printf("  )\n  local command=$words[2]\n"
           "  (( ${commands[(I)$words[2] ${words[3]:-?}:*]} )) && command=\"$words[2] $words[3]\"\n"
           "  if (( CURRENT == 2 )); then\n"
           "    local -aU first=(${${commands%%%%:*}%%%% *})\n    _describe command commands -- first; "
           "return\n  fi\n"
           "  if (( CURRENT == 3 )) && (( ${commands[(I)$words[2] *]} )); then\n"
           "    local -a second=(${${(M)commands:#$words[2] *}#* })\n    _describe command second; return\n  "
           "fi\n"
           "  case $command in\n");
    for (client_menu_place place = {0}; (command = client_command_next(&place));) {
        printf("    '%s') _arguments", command->name);
        each_option(command, zsh_option, NULL);
        printf(" \\\n      '*:%s:%s';;\n", *command->operands ? "operand" : "",
               is_file(command->operands) ? "_files" : " ");
    }
    printf("  esac\n}\n_tallystick \"$@\"\n");
}

/* ---- fish ---- */

static void fish_text(const char *text)
{
    fputc('\'', stdout);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', stdout);
        fputc(*text, stdout);
    }
    fputc('\'', stdout);
}

static void fish_option(const client_option *option, const void *about)
{
    const client_command *command = about;
    const char *second = strchr(command->name, ' ');
    printf("complete -c tallystick -n '__fish_seen_subcommand_from %.*s",
           second ? (int)(second - command->name) : (int)strlen(command->name), command->name);
    if (second)
        printf("; and __fish_seen_subcommand_from%s", second);
    printf("' -l %s", option->name);
    if (is_choice(option->value)) {
        printf(" -x -a '");
        choices(option->value);
        printf("'");
    } else if (option->value) {
        printf(is_file(option->value) ? " -r" : " -x");
    }
    printf(" -d ");
    fish_text(option->help);
    fputc('\n', stdout);
}

static void fish_command(const client_command *command)
{
    const char *second = strchr(command->name, ' ');
    int first_len = second ? (int)(second - command->name) : (int)strlen(command->name);
    printf("complete -c tallystick -n __fish_use_subcommand -f -a %.*s", first_len, command->name);
    if (second)
        printf("\ncomplete -c tallystick -n '__fish_seen_subcommand_from %.*s' -f -a%s", first_len,
               command->name, second);
    printf(" -d ");
    fish_text(command->help);
    fputc('\n', stdout);
}

static void fish(void)
{
    const client_command *command;
    printf("# fish completion of tallystick\n");
    for (client_menu_place place = {0}; (command = client_command_next(&place));) {
        fish_command(command);
        each_option(command, fish_option, command);
    }
}

bool client_completion(const char *shell)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shell, shells[i].name) == 0) {
            shells[i].write();
            return true;
        }
    }
    return false;
}
