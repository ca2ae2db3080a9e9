/* Settings: flags beat the environment, the environment beats the file. */
#include "server/client/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_MAX = 64 * 1024 }; /* bytes */

typedef struct setting {
    const char *name, *variable;
    size_t offset; /* in client_config */
} setting;

static const setting settings[] = {
    {"url", "TALLYSTICK_URL", offsetof(client_config, url)},
    {"key", "TALLYSTICK_KEY", offsetof(client_config, key)},
    {"token", "TALLYSTICK_TOKEN", offsetof(client_config, token)},
    {"origin", "TALLYSTICK_ORIGIN", offsetof(client_config, origin)},
    {"vkey", "TALLYSTICK_VKEY", offsetof(client_config, vkey)},
    {"cacert", "TALLYSTICK_CACERT", offsetof(client_config, cacert)},
};
enum { SETTING_COUNT = sizeof settings / sizeof *settings };

static const char **setting_in(client_config *config, const setting *s)
{
    return (const char **)(void *)((char *)config + s->offset);
}

/* A directory of the XDG base directory specification, or its default under the home directory. */
static char *xdg_path(lg_arena *arena, const char *variable, const char *fallback, const char *name)
{
    const char *base = getenv(variable);
    if (base && *base == '/')
        return lg_arena_printf(arena, "%s/tallystick/%s", base, name);
    const char *home = getenv("HOME");
    return home && *home ? lg_arena_printf(arena, "%s/%s/tallystick/%s", home, fallback, name) : NULL;
}

char *client_config_path(lg_arena *arena)
{
    return xdg_path(arena, "XDG_CONFIG_HOME", ".config", "config");
}

char *client_state_path(lg_arena *arena, const char *name)
{
    return xdg_path(arena, "XDG_STATE_HOME", ".local/state", name);
}

static char *trimmed(lg_arena *arena, const char *text, size_t len)
{
    while (len && (*text == ' ' || *text == '\t'))
        text++, len--;
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
        len--;
    return lg_arena_strndup(arena, text, len);
}

static client_exit line_take(client *c, const char *path, int number, const char *line, size_t len)
{
    const char *text = trimmed(c->arena, line, len);
    if (!*text || *text == '#')
        return CLIENT_OK;
    const char *equals = strchr(text, '=');
    if (!equals)
        return client_fail(c, CLIENT_LOCAL, "%s, line %d: not of the form \"key = value\".", path, number);
    const char *name = trimmed(c->arena, text, (size_t)(equals - text));
    const char *value = trimmed(c->arena, equals + 1, strlen(equals + 1));
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings[i].name, name) != 0)
            continue;
        const char **place = setting_in(&c->config, &settings[i]);
        if (!*place && *value)
            *place = value;
        return CLIENT_OK;
    }
    return client_fail(c, CLIENT_LOCAL,
                       "%s, line %d: there is no setting \"%s\" (url, key, token, origin, vkey, cacert).",
                       path, number, name);
}

client_exit client_config_read(client *c, const char *path, lg_bytes text)
{
    const char *at = (const char *)text.data, *end = at + text.len;
    for (int number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        client_exit code = line_take(c, path, number, at, (size_t)(stop - at));
        if (code != CLIENT_OK)
            return code;
        at = stop + 1;
    }
    return CLIENT_OK;
}

client_exit client_config_load(client *c)
{
    int64_t timeout_s = 60, retries = 4;
    if (c->command->run == command_serve)
        return CLIENT_OK; /* asks no registry; its --config names the server's settings */
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char **place = setting_in(&c->config, &settings[i]);
        const char *variable = getenv(settings[i].variable);
        *place = client_option_value(c, settings[i].name);
        if (place == &c->config.url && c->command->run == command_sign)
            *place = NULL; /* there --url is the path of the command */
        if (!*place && variable && *variable)
            *place = variable;
    }
    c->config.countersign = client_option_value(c, "countersign");
    client_exit code = client_option_number(c, "timeout", 1, 3600, &timeout_s);
    if (code == CLIENT_OK)
        code = client_option_number(c, "retries", 0, 20, &retries);
    if (code != CLIENT_OK)
        return code;
    c->timeout_s = (unsigned)timeout_s;
    c->attempts = (unsigned)retries + 1;

    const char *named = client_option_value(c, "config");
    const char *path = named ? named : client_config_path(c->arena);
    lg_bytes text;
    if (!path || (!named && access(path, F_OK) != 0))
        return CLIENT_OK;
    code = client_file_read(c, c->arena, path, CONFIG_MAX, &text);
    return code == CLIENT_OK ? client_config_read(c, path, text) : code;
}
