/* From server.json and flags to server_config, strictly: what is unknown, of the wrong type or out of range
 * is refused, naming the file or flag, the setting and the rule. */
#include "server/service/config.h"

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/base/text.h"
#include "server/http/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 256 * 1024, LIST_MAX = 64 };

typedef enum { INT, BOOL, TEXT, FILE_PATH, CHOICE, ADDRESSES, NETWORKS } setting_type;
#define SETTING_TYPE_INT       INT
#define SETTING_TYPE_BOOL      BOOL
#define SETTING_TYPE_TEXT      TEXT
#define SETTING_TYPE_FILE      FILE_PATH
#define SETTING_TYPE_CHOICE    CHOICE
#define SETTING_TYPE_ADDRESSES ADDRESSES
#define SETTING_TYPE_NETWORKS  NETWORKS

typedef struct setting {
    const char *name, *flag;
    int64_t min, max;
    const char *preset, *value;
    size_t offset; /* in server_config */
    setting_type type;
    bool reloads;
} setting;

#define SETTING_ROW(name_, flag_, type_, min_, max_, default_, when_, value_, help_)                         \
    {#name_,                                                                                                 \
     flag_,                                                                                                  \
     min_,                                                                                                   \
     max_,                                                                                                   \
     default_,                                                                                               \
     value_,                                                                                                 \
     offsetof(server_config, name_),                                                                         \
     SETTING_TYPE_##type_,                                                                                   \
     SETTING_##when_},
#define SETTING_RELOAD true
#define SETTING_START  false
static const setting settings[] = {SERVER_SETTINGS(SETTING_ROW)};
enum { SETTING_COUNT = sizeof settings / sizeof *settings };

/* Where a value comes from. */
typedef struct source {
    server_config *config;
    lg_report *report;
    const char *file; /* NULL: a flag, or a default */
} source;

/* "DIR/server.json: threads" or "--threads". */
static const char *label(const source *from, const setting *s)
{
    lg_arena *arena = from->report->arena;
    return from->file ? lg_arena_printf(arena, "%s: %s", from->file, s->name)
                      : lg_arena_printf(arena, "--%s", s->flag);
}

static const char *pointer(const source *from, const setting *s)
{
    return lg_arena_printf(from->report->arena, "/%s", s->name);
}

static void *place(const source *from, const setting *s)
{
    return (char *)from->config + s->offset;
}

static bool is_list(const setting *s)
{
    return s->type == ADDRESSES || s->type == NETWORKS;
}

/* ---- one value ---- */

static void take_int(const source *from, const setting *s, int64_t number)
{
    if (number >= s->min && number <= s->max)
        *(int64_t *)place(from, s) = number;
    else
        lg_fault_add(from->report, "out_of_range", pointer(from, s), "%s must be from %lld to %lld.",
                     label(from, s), (long long)s->min, (long long)s->max);
}

static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);
    for (const char *at = choices; *at; at += strcspn(at, "|"), at += *at == '|') {
        if (strcspn(at, "|") == len && memcmp(at, text, len) == 0)
            return true;
    }
    return false;
}

/* Text that may stand where this setting's text, or an item of its list, stands. */
static bool is_good_text(const source *from, const setting *s, const char *text)
{
    lg_report *report = from->report;
    if (!*text || !lg_text_is_line(lg_bytes_str(text))) {
        lg_fault_add(report, "bad_character", pointer(from, s),
                     "%s must hold text without control characters and without white space at its ends.",
                     label(from, s));
        return false;
    }
    switch (s->type) {
    case TEXT:
        if ((int64_t)strlen(text) >= s->min && (int64_t)strlen(text) <= s->max)
            return true;
        lg_fault_add(report, "too_long", pointer(from, s), "%s must be from %lld to %lld bytes long.",
                     label(from, s), (long long)s->min, (long long)s->max);
        return false;
    case CHOICE:
        if (is_choice(s->value, text))
            return true;
        lg_fault_add(report, "not_a_choice", pointer(from, s), "%s must be one of %s, not \"%s\".",
                     label(from, s), s->value, text);
        return false;
    case ADDRESSES:
        if (http_listen_is_valid(text))
            return true;
        lg_fault_add(
            report, "not_an_address", pointer(from, s),
            "%s must be an address and a port, like 127.0.0.1:8080 or https://[::1]:8443, not \"%s\".",
            label(from, s), text);
        return false;
    case NETWORKS:
        if (http_network_is_valid(text))
            return true;
        lg_fault_add(report, "not_a_network", pointer(from, s),
                     "%s must be an address or a network, like 10.0.0.0/8 or ::1, not \"%s\".",
                     label(from, s), text);
        return false;
    case FILE_PATH:
    case INT:
    case BOOL:
        break;
    }
    return true;
}

static void take_text(const source *from, const setting *s, const char *text)
{
    if (!is_good_text(from, s, text))
        return;
    lg_arena *arena = from->config->arena;
    const char *slash = from->file ? strrchr(from->file, '/') : NULL;
    if (s->type == FILE_PATH && slash && *text != '/')
        text = lg_arena_printf(arena, "%.*s/%s", (int)(slash - from->file), from->file, text);
    *(const char **)place(from, s) = lg_arena_strdup(arena, text);
}

static void take_list(const source *from, const setting *s, const char *const *items, size_t count)
{
    if ((int64_t)count < s->min || (int64_t)count > s->max) {
        lg_fault_add(from->report, "out_of_range", pointer(from, s), "%s must hold from %lld to %lld items.",
                     label(from, s), (long long)s->min, (long long)s->max);
        return;
    }
    const char **copy = lg_arena_array(from->config->arena, count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        if (!is_good_text(from, s, items[i]))
            return;
        copy[i] = lg_arena_strdup(from->config->arena, items[i]);
    }
    *(server_list *)place(from, s) = (server_list){.items = copy, .count = count};
}

/* ---- typed: flags and defaults ---- */

static void take_number(const source *from, const setting *s, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits >= 1 && digits <= 18 && !text[digits])
        take_int(from, s, strtoll(text, NULL, 10));
    else
        lg_fault_add(from->report, "not_an_integer", pointer(from, s),
                     "%s must be a whole number, not \"%s\".", label(from, s), text);
}

static void take_typed(const source *from, const setting *s, const char *text)
{
    switch (s->type) {
    case INT:
        take_number(from, s, text);
        break;
    case BOOL:
        *(bool *)place(from, s) = true;
        break;
    case TEXT:
    case FILE_PATH:
    case CHOICE:
        take_text(from, s, text);
        break;
    case ADDRESSES:
    case NETWORKS: {
        const char *items[LIST_MAX + 1];
        size_t count = 0;
        for (char *copy = lg_arena_strdup(from->config->arena, text), *item;
             count <= LIST_MAX && (item = strsep(&copy, ","));)
            items[count++] = item;
        take_list(from, s, items, count);
        break;
    }
    }
}

/* All that was typed for one setting: the last one, or for a list all of them. */
static const char *typed_for(lg_arena *arena, const server_options *options, const setting *s)
{
    const char *text = NULL;
    for (size_t i = 0; i < options->flag_count; i++) {
        const server_flag *flag = &options->flags[i];
        if (strcmp(flag->name, s->flag) != 0)
            continue;
        const char *value = flag->value ? flag->value : "";
        text = text && is_list(s) ? lg_arena_printf(arena, "%s,%s", text, value) : value;
    }
    return text;
}

/* ---- server.json ---- */

static void wrong_type(const source *from, const setting *s, const char *fmt, ...) LG_PRINTF(3, 4);
static void wrong_type(const source *from, const setting *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lg_fault_add(from->report, "wrong_type", pointer(from, s), "%s",
                 lg_arena_vprintf(from->report->arena, fmt, args));
    va_end(args);
}

static void take_json_list(const source *from, const setting *s, const json_t *value)
{
    const char *items[LIST_MAX];
    size_t i, count = json_is_array(value) ? json_array_size(value) : LIST_MAX + 1;
    json_t *item;
    if (count > LIST_MAX) {
        wrong_type(from, s, "%s must be a list of texts.", label(from, s));
        return;
    }
    json_array_foreach(value, i, item)
    {
        items[i] = json_string_value(item);
        if (!items[i]) {
            wrong_type(from, s, "%s must be a list of texts.", label(from, s));
            return;
        }
    }
    take_list(from, s, items, count);
}

static void take_json(const source *from, const setting *s, const json_t *value)
{
    switch (s->type) {
    case INT:
        if (json_is_integer(value))
            take_int(from, s, json_integer_value(value));
        else
            wrong_type(from, s, "%s must be a whole number.", label(from, s));
        break;
    case BOOL:
        if (json_is_boolean(value))
            *(bool *)place(from, s) = json_is_true(value);
        else
            wrong_type(from, s, "%s must be true or false.", label(from, s));
        break;
    case TEXT:
    case FILE_PATH:
    case CHOICE:
        if (json_is_string(value))
            take_text(from, s, json_string_value(value));
        else
            wrong_type(from, s, "%s must be a text.", label(from, s));
        break;
    case ADDRESSES:
    case NETWORKS:
        take_json_list(from, s, value);
        break;
    }
}

static void take_object(const source *from, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const setting *s = settings;
        while (s < settings + SETTING_COUNT && strcmp(s->name, key) != 0)
            s++;
        if (s < settings + SETTING_COUNT)
            take_json(from, s, value);
        else
            lg_fault_add(from->report, "unknown_field", "", "%s: there is no setting \"%s\".", from->file,
                         lg_text_is_line(lg_bytes_str(key)) ? lg_text_clip(from->report->arena, key, 64)
                                                            : "?");
    }
}

static lg_err read_text(const char *path, lg_buf *text, lg_report *report)
{
    char piece[4096];
    size_t got;
    FILE *file = fopen(path, "re");
    if (!file)
        return lg_fail(report, LG_IO, "%s cannot be read: %s.", path, strerror(errno));
    while (text->len <= FILE_MAX && (got = fread(piece, 1, sizeof piece, file)) > 0)
        lg_buf_add(text, piece, got);
    bool failed = ferror(file);
    fclose(file);
    if (failed)
        return lg_fail(report, LG_IO, "%s cannot be read.", path);
    if (text->len > FILE_MAX)
        return lg_fail(report, LG_IO, "%s is longer than %d bytes.", path, FILE_MAX);
    return LG_OK;
}

static lg_err take_file(source *from, const char *path)
{
    lg_report *report = from->report;
    lg_buf text = {0};
    json_t *value = NULL;
    lg_err err = read_text(path, &text, report);
    from->file = path;
    if (!err && (err = lg_json_load(lg_buf_bytes(&text), &value, report)) != LG_OK)
        err = lg_fail(report, err, "%s: %s", path, report->detail ? report->detail : lg_err_title(err));
    if (!err && !json_is_object(value))
        err = lg_fail(report, LG_INVALID_FIELDS, "%s must hold one JSON object.", path);
    if (!err)
        take_object(from, value);
    json_decref(value);
    lg_buf_clear(&text);
    return err;
}

/* ---- all of it ---- */

static void take_defaults(server_config *config, lg_report *report)
{
    const source from = {.config = config, .report = report};
    for (const setting *s = settings; s < settings + SETTING_COUNT; s++) {
        if (s->preset)
            take_typed(&from, s, s->preset);
    }
    if (report->fault_count)
        lg_die("settings: a default breaks its own rule");
}

static void take_flags(server_config *config, const server_options *options, lg_report *report)
{
    const source from = {.config = config, .report = report};
    for (const setting *s = settings; s < settings + SETTING_COUNT; s++) {
        const char *text = typed_for(config->arena, options, s);
        if (text)
            take_typed(&from, s, text);
    }
}

/* Rules between settings, wherever they come from. */
static void check_together(const server_config *config, lg_report *report)
{
    if (!config->tls_certificate != !config->tls_key)
        lg_fault_add(report, "required", "/tls_key", "tls_certificate and tls_key must be set together.");
    for (size_t i = 0; i < config->listen.count && !config->tls_certificate; i++) {
        if (strncmp(config->listen.items[i], "https:", 6) == 0)
            lg_fault_add(report, "required", "/tls_certificate",
                         "tls_certificate must be set, because listen has %s.", config->listen.items[i]);
    }
}

/* The report's faults as its detail, a sentence each. */
static lg_err refuse(lg_report *report, lg_err err)
{
    const char *lines = "";
    for (const lg_fault *fault = report->first; fault; fault = fault->next)
        lines = lg_arena_printf(report->arena, "%s%s%s", lines, *lines ? " " : "", fault->detail);
    return lg_fail(report, err, "%s", lines);
}

lg_err config_load(const char *dir, const server_options *options, server_config **out, lg_report *report)
{
    lg_arena *arena = lg_arena_open();
    server_config *config = lg_arena_alloc(arena, sizeof *config);
    const char *path =
        options->config_file ? options->config_file : lg_arena_printf(arena, "%s/server.json", dir);
    config->arena = arena;
    take_defaults(config, report);
    lg_err err = LG_OK;
    if (options->config_file || access(path, F_OK) == 0) {
        source from = {.config = config, .report = report};
        config->path = lg_arena_strdup(arena, path);
        err = take_file(&from, config->path);
        if (!err && report->fault_count)
            err = refuse(report, LG_INVALID_FIELDS);
    }
    if (!err) {
        take_flags(config, options, report);
        check_together(config, report);
        if (report->fault_count)
            err = refuse(report, LG_BAD_REQUEST);
    }
    if (err)
        config_close(config);
    else
        *out = config;
    return err;
}

void config_close(server_config *config)
{
    if (config)
        lg_arena_close(config->arena);
}

static bool same_value(const setting *s, const void *a, const void *b)
{
    switch (s->type) {
    case INT:
        return *(const int64_t *)a == *(const int64_t *)b;
    case BOOL:
        return *(const bool *)a == *(const bool *)b;
    case TEXT:
    case FILE_PATH:
    case CHOICE:
        return lg_text_equal(*(const char *const *)a, *(const char *const *)b);
    case ADDRESSES:
    case NETWORKS:
        break;
    }
    const server_list *left = a, *right = b;
    bool same = left->count == right->count;
    for (size_t i = 0; i < left->count && same; i++)
        same = strcmp(left->items[i], right->items[i]) == 0;
    return same;
}

const char *config_waiting(const server_config *started, const server_config *fresh, lg_arena *arena)
{
    const char *names = NULL;
    for (const setting *s = settings; s < settings + SETTING_COUNT; s++) {
        if (s->reloads || same_value(s, (const char *)started + s->offset, (const char *)fresh + s->offset))
            continue;
        names = names ? lg_arena_printf(arena, "%s %s", names, s->name) : s->name;
    }
    return names;
}

log_level config_log_level(const server_config *config)
{
    log_level level = LOG_DEBUG;
    while (strcmp(log_level_names[level], config->log_level) != 0)
        level++; /* it is one of them */
    return level;
}
