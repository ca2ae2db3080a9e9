#include "server/client/describe.h"

#include "server/client/http.h"
#include "server/client/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *scalar_text(lg_arena *arena, const json_t *value)
{
    if (!value || json_is_null(value))
        return NULL;
    if (json_is_string(value))
        return lg_arena_strdup(arena, json_string_value(value));
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        lg_die("out of memory");
    char *copy = lg_arena_strdup(arena, text);
    free(text);
    return copy;
}

const char *client_field(lg_arena *arena, const json_t *object, const char *path)
{
    const char *dot;
    while ((dot = strchr(path, '.'))) {
        object = json_object_get(object, lg_arena_strndup(arena, path, (size_t)(dot - path)));
        path = dot + 1;
    }
    return scalar_text(arena, json_object_get(object, path));
}

bool client_is_being_verified(lg_arena *arena, const json_t *receivable)
{
    const char *state = client_field(arena, receivable, "review.verification.state");
    return state && strcmp(state, "pending") == 0;
}

/* Names are asked for once per id of a run. */
const char *client_participant_name(client *c, const char *id)
{
    enum { NAMES_MAX = 256 }; /* ids beyond stay ids: a list is not worth more requests */
    if (!id || !c->config.token)
        return id;
    if (!c->names)
        c->names = json_object();
    const char *known = json_string_value(json_object_get(c->names, id));
    if (known || json_object_size(c->names) >= NAMES_MAX)
        return known ? known : id;
    lg_arena *arena = lg_arena_open();
    client_request request = {.path =
                                  lg_arena_printf(arena, "/v1/participants/%s", client_url_escape(arena, id)),
                              .token = c->config.token};
    client_response response;
    json_t *answer = NULL;
    if (client_http_send(c, arena, &request, &response) == CLIENT_OK && response.status == 200 &&
        lg_json_load(response.body, &answer, NULL) == LG_OK) {
        const json_t *name = json_object_get(json_object_get(answer, "participant"), "name");
        if (!name)
            name = json_object_get(answer, "name");
        known = json_string_value(name);
    }
    json_object_set_new(c->names, id, json_string(known ? known : id));
    json_decref(answer);
    lg_arena_close(arena);
    return json_string_value(json_object_get(c->names, id));
}

static bool names_a_participant(const char *key)
{
    static const char *const keys[] = {"creditor", "debtor",      "holder",     "participant", "by",
                                       "seller",   "buyer",       "lender",     "offered_to",  "grantor",
                                       "payee",    "proposed_by", "recorded_by"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

const char *client_or_dash(const char *text)
{
    return text ? text : "–";
}

char *client_percent(lg_arena *arena, int64_t ppm)
{
    enum { PPM_PER_PERCENT = 10000 };
    int64_t part = ppm % PPM_PER_PERCENT;
    if (part == 0)
        return lg_arena_printf(arena, "%" PRId64 "%%", ppm / PPM_PER_PERCENT);
    char *text = lg_arena_printf(arena, "%" PRId64 ".%04" PRId64, ppm / PPM_PER_PERCENT, part);
    size_t len = strlen(text);
    while (text[len - 1] == '0')
        len--;
    return lg_arena_printf(arena, "%.*s%%", (int)len, text);
}

static void list_print(client *c, const json_t *list, unsigned depth);

static size_t widest_key(const json_t *object)
{
    const char *key;
    json_t *value;
    size_t widest = 0;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        bool shown = !json_is_object(value) && !json_is_null(value) && strlen(key) > widest;
        widest = shown ? strlen(key) : widest;
    }
    return widest;
}

static void scalar_print(client *c, const char *key, const json_t *value, size_t key_width, unsigned depth)
{
    const char *text = client_clean(c->arena, scalar_text(c->arena, value));
    client_style style = client_style_of(text);
    printf("%*s%s%-*s%s  %s%s%s", (int)(2 * depth), "", client_style_on(c->colour, STYLE_DIM), (int)key_width,
           key, client_style_off(c->colour), client_style_on(c->colour, style), text,
           client_style_off(c->colour));
    if (names_a_participant(key) && json_is_string(value)) {
        const char *name = client_participant_name(c, json_string_value(value));
        if (strcmp(name, json_string_value(value)) != 0)
            printf("  %s", client_clean(c->arena, name));
    }
    fputc('\n', stdout);
}

void client_print_members(client *c, const json_t *thing, unsigned depth)
{
    const char *key;
    json_t *value;
    size_t width = widest_key(thing);
    json_object_foreach((json_t *)(uintptr_t)thing, key, value)
    {
        const char *name = client_clean(c->arena, key);
        if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0))
            continue;
        if (json_is_object(value)) {
            printf("%*s%s%s%s\n", (int)(2 * depth), "", client_style_on(c->colour, STYLE_BOLD), name,
                   client_style_off(c->colour));
            client_print_members(c, value, depth + 1);
        } else if (json_is_array(value)) {
            printf("%*s%s%-*s%s", (int)(2 * depth), "", client_style_on(c->colour, STYLE_DIM), (int)width,
                   name, client_style_off(c->colour));
            list_print(c, value, depth + 1);
        } else {
            scalar_print(c, name, value, width, depth);
        }
    }
}

/* The members that any of the objects has, in the order of their first appearance; returns how many. */
static size_t members_of_all(client *c, const json_t *list, const char *names[TABLE_COLUMNS_MAX])
{
    size_t i, count = 0;
    json_t *item, *value;
    const char *key;
    json_array_foreach(list, i, item)
    {
        json_object_foreach(item, key, value)
        {
            size_t known = 0;
            while (known < count && strcmp(names[known], key) != 0)
                known++;
            if (known == count && count < TABLE_COLUMNS_MAX && !json_is_null(value))
                names[count++] = lg_arena_strdup(c->arena, key);
        }
    }
    return count;
}

/* Objects as a table; anything else on one line. */
static void list_print(client *c, const json_t *list, unsigned depth)
{
    size_t i;
    json_t *item;
    const char *names[TABLE_COLUMNS_MAX], *titles[TABLE_COLUMNS_MAX];
    if (!json_is_object(json_array_get(list, 0))) {
        json_array_foreach(list, i, item) printf(
            "%s%s", i ? ", " : "  ", client_clean(c->arena, client_or_dash(scalar_text(c->arena, item))));
        fputc('\n', stdout);
        return;
    }
    fputc('\n', stdout);
    size_t columns = members_of_all(c, list, names);
    for (size_t column = 0; column < columns; column++)
        titles[column] = client_clean(c->arena, names[column]);
    client_table table = client_table_start(c->arena, titles, columns);
    json_array_foreach(list, i, item)
    {
        client_table_row(&table);
        for (size_t column = 0; column < columns; column++) {
            const char *text = scalar_text(c->arena, json_object_get(item, names[column]));
            if (text && names_a_participant(names[column]))
                text = client_participant_name(c, text);
            client_table_cell(&table, text, text ? client_style_of(text) : STYLE_PLAIN);
        }
    }
    client_table_print(&table, c->colour, lg_arena_printf(c->arena, "%*s", (int)(2 * depth), ""));
}
