/* Arguments: operands and options in any order, `--name value` or `--name=value`, `--` ends the options. */
#include "server/client/client.h"

#include <string.h>

static const client_option *option_find(const client_option *options, const char *name, size_t len)
{
    for (; options && options->name; options++)
        if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
            return options;
    return NULL;
}

static client_exit option_add(client *c, int argc, char *const *argv, int *at)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const client_option *option = option_find(c->command->options, name, len);
    if (!option)
        option = option_find(client_common_options, name, len);
    if (!option)
        return client_fail(c, CLIENT_USAGE, "%s has no option --%s.", c->command->name,
                           lg_arena_strndup(c->arena, name, len));
    const char *value = NULL;
    if (!option->value && equals)
        return client_fail(c, CLIENT_USAGE, "--%s takes no value.", option->name);
    if (option->value) {
        if (equals)
            value = equals + 1;
        else if (*at + 1 < argc)
            value = argv[++*at];
        if (!value || !*value)
            return client_fail(c, CLIENT_USAGE, "--%s needs a value: %s.", option->name, option->value);
    }
    if (c->args.option_count == CLIENT_OPTIONS_MAX)
        return client_fail(c, CLIENT_USAGE, "More than %d options.", CLIENT_OPTIONS_MAX);
    c->args.options[c->args.option_count].name = option->name;
    c->args.options[c->args.option_count++].value = value;
    return CLIENT_OK;
}

client_exit client_args_parse(client *c, int argc, char *const *argv)
{
    bool options_end = false;
    c->args.operands = lg_arena_array(c->arena, (size_t)argc + 1, sizeof *c->args.operands);
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        if (!options_end && strcmp(arg, "--") == 0) {
            options_end = true;
        } else if (!options_end && strcmp(arg, "-h") == 0) {
            c->args.option_count = 1;
            c->args.options[0].name = "help";
            break;
        } else if (!options_end && strncmp(arg, "--", 2) == 0) {
            client_exit code = option_add(c, argc, argv, &i);
            if (code != CLIENT_OK)
                return code;
        } else if (!options_end && arg[0] == '-' && arg[1]) {
            return client_fail(c, CLIENT_USAGE, "Options have long names only: %s is none.", arg);
        } else {
            c->args.operands[c->args.operand_count++] = arg;
        }
    }
    c->json = client_option_given(c, "json");
    const char *lang = client_option_value(c, "lang");
    language named;
    if (lang && !language_named(lang, &named))
        return client_fail(c, CLIENT_USAGE, "--lang must be en or zh, not \"%s\".", lang);
    if (client_option_given(c, "help"))
        return CLIENT_OK;
    if (c->args.operand_count < c->command->operands_min)
        return client_fail(c, CLIENT_USAGE, "%s needs %s.", c->command->name, c->command->operands);
    if (c->args.operand_count > c->command->operands_max)
        return client_fail(c, CLIENT_USAGE, "%s does not know what to do with \"%s\".", c->command->name,
                           c->args.operands[c->command->operands_max]);
    return CLIENT_OK;
}

const char *client_option_value(const client *c, const char *name)
{
    for (size_t i = c->args.option_count; i-- > 0;)
        if (strcmp(c->args.options[i].name, name) == 0)
            return c->args.options[i].value;
    return NULL;
}

bool client_option_given(const client *c, const char *name)
{
    for (size_t i = 0; i < c->args.option_count; i++)
        if (strcmp(c->args.options[i].name, name) == 0)
            return true;
    return false;
}

client_exit client_option_number(client *c, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const char *text = client_option_value(c, name);
    if (text && !client_number_parse(text, min, max, out))
        return client_fail(c, CLIENT_USAGE, "--%s must be a whole number from %lld to %lld, not \"%s\".",
                           name, (long long)min, (long long)max, text);
    return CLIENT_OK;
}
