/* `list` and `show`. */
#include "ledger/base/calendar.h"
#include "server/client/commands.h"
#include "server/client/describe.h"
#include "server/client/http.h"
#include "server/client/table.h"

#include <inttypes.h>
#include <string.h>

typedef enum { CELL_TEXT, CELL_STATE, CELL_NAME, CELL_LIST, CELL_FINDINGS, CELL_SHORT } cell_kind;

typedef struct list_column {
    const char *title; /* begins with '>' if aligned to the right */
    const char *field;
    cell_kind kind;
} list_column;

typedef struct list_kind {
    const char *name, *path;
    list_column columns[TABLE_COLUMNS_MAX]; /* ends with a NULL title */
} list_kind;

static const list_kind kinds[] = {
    {"receivables",
     "/v1/receivables",
     {{"ID", "id", 0},
      {"LIFE", "life", CELL_STATE},
      {"INVOICE", "invoice.number", 0},
      {">AMOUNT", "amount", 0},
      {"CUR", "currency", 0},
      {"DUE", "due_date", 0},
      {"CREDITOR", "creditor", CELL_NAME},
      {"DEBTOR", "debtor", CELL_NAME}}},
    {"claims",
     "/v1/claims",
     {{"ID", "id", 0},
      {"LIFE", "life", CELL_STATE},
      {"ORIGIN", "origin", 0},
      {">OUTSTANDING", "outstanding_amount", 0},
      {"CUR", "currency", 0},
      {"DUE", "due_date", 0},
      {"HOLDER", "holder", CELL_NAME},
      {"DEBTOR", "debtor", CELL_NAME},
      {">SEQ", "seq", 0}}},
    {"reviews",
     "/v1/reviews",
     {{"ID", "id", 0},
      {"LIFE", "life", CELL_STATE},
      {"OUTCOME", "review.outcome", CELL_STATE},
      {"INVOICE", "invoice.number", 0},
      {">AMOUNT", "amount", 0},
      {"CUR", "currency", 0},
      {"FINDINGS", "review.checks", CELL_FINDINGS}}},
    {"participants",
     "/v1/participants",
     {{"ID", "id", 0}, {"NAME", "name", 0}, {"ROLES", "roles", CELL_LIST}, {"STATUS", "status", CELL_STATE}}},
    {"entries",
     "/v1/entries",
     {{">SEQ", "seq", 0}, {"TYPE", "type", 0}, {"AT", "at", 0}, {"LEAF", "leaf", CELL_SHORT}}},
    {"tokens",
     "/v1/tokens",
     {{"ID", "id", 0},
      {"LABEL", "label", 0},
      {"SCOPES", "scopes", CELL_LIST},
      {"PARTICIPANT", "participant", CELL_NAME},
      {"EXPIRES", "expires_at", 0},
      {"REVOKED", "revoked_at", 0}}},
};

/* "list claims" names its kind; "participant list" lists participants. */
static const list_kind *kind_of(const char *command)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t singular = strlen(kinds[i].name) - 1;
        const char *last = strrchr(command, ' ') + 1;
        if (strcmp(last, kinds[i].name) == 0 ||
            (strcmp(last, "list") == 0 && strncmp(command, kinds[i].name, singular) == 0))
            return &kinds[i];
    }
    lg_die("%s lists nothing", command);
}

/* Strings of a list, or the codes of the checks that did not pass, joined. */
static const char *joined(lg_arena *arena, const json_t *list, bool findings)
{
    lg_buf text = {0};
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *outcome = json_string_value(json_object_get(item, "outcome"));
        const char *word =
            findings ? json_string_value(json_object_get(item, "code")) : json_string_value(item);
        if (!word || (findings && outcome && strcmp(outcome, "pass") == 0))
            continue;
        lg_buf_printf(&text, "%s%s", text.len ? " " : "", word);
    }
    char *copy = text.len ? lg_arena_strndup(arena, text.data, text.len) : NULL;
    lg_buf_clear(&text);
    return copy;
}

static const json_t *value_at(const json_t *object, const char *path)
{
    const char *dot = strchr(path, '.');
    char first[32];
    if (!dot)
        return json_object_get(object, path);
    snprintf(first, sizeof first, "%.*s", (int)(dot - path), path);
    return value_at(json_object_get(object, first), dot + 1);
}

static void row_add(client *c, client_table *table, const list_kind *kind, const json_t *item)
{
    client_table_row(table);
    for (const list_column *column = kind->columns; column->title; column++) {
        client_style style = STYLE_PLAIN;
        const char *text = NULL;
        switch (column->kind) {
        case CELL_LIST:
        case CELL_FINDINGS:
            text = joined(table->arena, value_at(item, column->field), column->kind == CELL_FINDINGS);
            break;
        case CELL_NAME:
            text = client_participant_name(c, client_field(table->arena, item, column->field));
            break;
        case CELL_STATE:
            text = client_field(table->arena, item, column->field);
            style = text ? client_style_of(text) : STYLE_PLAIN;
            break;
        case CELL_SHORT:
            text = client_field(table->arena, item, column->field);
            text = text ? lg_arena_printf(table->arena, "%.16s…", text) : NULL;
            break;
        case CELL_TEXT:
            text = client_field(table->arena, item, column->field);
            break;
        }
        client_table_cell(table, text, style);
    }
}

/* The list's path with the options that are filters as query parameters. */
static const char *query_path(client *c, lg_arena *arena, const list_kind *kind)
{
    lg_buf path = {0};
    lg_buf_str(&path, kind->path);
    char separator = '?';
    for (const client_option *option = c->command->options; option && option->name; option++) {
        const char *value = client_option_value(c, option->name);
        if (!option->value || !value)
            continue;
        lg_buf_char(&path, separator);
        for (const char *p = option->name; *p; p++)
            lg_buf_char(&path, *p == '-' ? '_' : *p);
        lg_buf_printf(&path, "=%s", client_url_escape(arena, value));
        separator = '&';
    }
    char *copy = lg_arena_strndup(arena, path.data, path.len);
    lg_buf_clear(&path);
    return copy;
}

/* Sets "name=value" in a path that may hold it already. */
static const char *path_with(lg_arena *arena, const char *path, const char *name, const char *value)
{
    const char *query = strchr(path, '?');
    const char *value_text = client_url_escape(arena, value);
    size_t name_len = strlen(name);
    for (const char *at = query; at; at = strchr(at + 1, '&')) {
        if (strncmp(at + 1, name, name_len) != 0 || at[1 + name_len] != '=')
            continue;
        const char *rest = strchr(at + 1, '&');
        return lg_arena_printf(arena, "%.*s%s=%s%s", (int)(at + 1 - path), path, name, value_text,
                               rest ? rest : "");
    }
    return lg_arena_printf(arena, "%s%c%s=%s", path, query ? '&' : '?', name, value_text);
}

/* The path of the page after this one, in the arena of the run; NULL at the end. Entries go by number, all
 * else by cursor. */
static const char *next_page(client *c, const char *path, const json_t *page)
{
    const json_t *items = json_object_get(page, "items");
    const char *cursor = json_string_value(json_object_get(page, "next_cursor"));
    const json_t *size = json_object_get(page, "size");
    size_t count = json_array_size(items);
    if (cursor)
        return path_with(c->arena, path, "cursor", cursor);
    if (!size || count == 0)
        return NULL;
    json_int_t last = json_integer_value(json_object_get(json_array_get(items, count - 1), "seq"));
    return last + 1 < json_integer_value(size)
               ? path_with(c->arena, path, "from", lg_arena_printf(c->arena, "%" PRId64, (int64_t)last + 1))
               : NULL;
}

static client_exit pages_print(client *c, const list_kind *kind, client_table *table)
{
    const char *path = query_path(c, c->arena, kind);
    bool all = client_option_given(c, "all"), more = false;
    size_t i, shown = 0;
    json_t *item;
    for (; path; path = all ? path : NULL) {
        json_t *page = NULL;
        client_exit code = client_get_json(c, table->arena, path, &page);
        if (code != CLIENT_OK)
            return code;
        json_array_foreach(json_object_get(page, "items"), i, item)
        {
            if (c->json)
                printf("%s\n", shown ? "," : "");
            if (c->json)
                json_dumpf(item, stdout, JSON_COMPACT);
            else
                row_add(c, table, kind, item);
            shown++;
        }
        path = next_page(c, path, page);
        more = path != NULL;
        json_decref(page);
        if (!c->json && shown)
            client_table_print(table, c->colour, "");
        lg_arena_reset(table->arena);
    }
    if (!c->json && more && !all)
        client_say(c, STYLE_DIM, "… more: --all shows them");
    if (!c->json && !shown)
        client_say(c, STYLE_DIM, "nothing");
    return CLIENT_OK;
}

client_exit command_list(client *c)
{
    const list_kind *kind = kind_of(c->command->name);
    const char *titles[TABLE_COLUMNS_MAX];
    size_t columns = 0;
    client_exit code;
    for (; kind->columns[columns].title; columns++)
        titles[columns] = kind->columns[columns].title;
    if (c->json && !client_option_given(c, "all")) {
        json_t *page = NULL;
        code = client_get_json(c, c->arena, query_path(c, c->arena, kind), &page);
        if (code == CLIENT_OK)
            client_print_json(page);
        json_decref(page);
        return code;
    }
    lg_arena *arena = lg_arena_open();
    client_table table = client_table_start(arena, titles, columns);
    if (c->json)
        fputs("{\"items\":[", stdout);
    code = pages_print(c, kind, &table);
    if (c->json && code == CLIENT_OK)
        fputs("],\"next_cursor\":null}\n", stdout);
    lg_arena_close(arena);
    return code;
}

/* What a thing is called in answers and where it is read. */
static const struct {
    const char *word, *path;
} things[] = {{"receivable", "/v1/receivables/"},   {"claim", "/v1/claims/"},  {"review", "/v1/reviews/"},
              {"participant", "/v1/participants/"}, {"entry", "/v1/entries/"}, {"policy", "/v1/policy"}};

/* Each entry in a line, and the facts that are disclosed to us below it. */
static void history_print(client *c, const json_t *history)
{
    enum { FACT_WIDTH_MAX = 160 }; /* bytes; longer ones (the gateway's findings) are in `show receivable` */
    size_t i;
    json_t *item, *value;
    const char *name;
    json_array_foreach(json_object_get(history, "items"), i, item)
    {
        client_say(c, STYLE_BOLD, "entry %s  %s  %s", client_field(c->arena, item, "seq"),
                   client_field(c->arena, item, "type"), client_field(c->arena, item, "at"));
        json_object_foreach(json_object_get(item, "facts"), name, value)
        {
            const char *text = client_field(c->arena, json_object_get(item, "facts"), name);
            if (text)
                client_say(c, STYLE_PLAIN, "  %-20s %s", name, strlen(text) > FACT_WIDTH_MAX ? "…" : text);
        }
    }
}

/* "show claim", "participant show", "policy show": the word that is not "show" names the thing. */
client_exit command_show(client *c)
{
    const char *name = c->command->name, *blank = strchr(name, ' ');
    const char *word =
        strncmp(name, "show", 4) == 0 ? blank + 1 : lg_arena_strndup(c->arena, name, (size_t)(blank - name));
    const char *path = NULL, *version = client_option_value(c, "version");
    json_t *answer = NULL, *history = NULL;
    for (size_t i = 0; i < sizeof things / sizeof *things; i++)
        if (strcmp(things[i].word, word) == 0)
            path = things[i].path;
    if (!path)
        lg_die("%s shows nothing", name);
    if (c->args.operand_count)
        path = client_path(c, path, c->args.operands[0]);
    else if (version)
        path = client_path(c, "/v1/policy/", version);
    client_exit code = client_get_json(c, c->arena, path, &answer);
    if (code == CLIENT_OK && client_option_given(c, "history"))
        code = client_get_json(c, c->arena, lg_arena_printf(c->arena, "%s/history", path), &history);
    if (code == CLIENT_OK && c->json) {
        if (history)
            json_object_set(answer, "history", json_object_get(history, "items"));
        client_print_json(answer);
    } else if (code == CLIENT_OK) {
        const json_t *inner = json_object_get(answer, word);
        client_print_members(c, json_is_object(inner) ? inner : answer, 0);
        if (history)
            history_print(c, history);
    }
    json_decref(answer);
    json_decref(history);
    return code;
}
