/* `list`: pages of items as a table or as JSON, or all of them as CSV. */
#include "server/client/describe.h"
#include "server/client/export.h"
#include "server/client/http.h"
#include "server/client/listing.h"
#include "server/client/pages.h"

#include <inttypes.h>
#include <string.h>

/* What is read, with the options that are filters as query parameters. */
static const char *query_path(client *c, lg_arena *arena, const char *pattern)
{
    lg_buf path = {0};
    for (const char *p = pattern; *p; p++) {
        if (*p == '%')
            lg_buf_str(&path, client_url_escape(arena, c->args.operands[0]));
        else
            lg_buf_char(&path, *p);
    }
    char separator = '?';
    for (const client_option *option = c->command->options; option && option->name; option++) {
        const char *value = client_option_value(c, option->name);
        if (!option->value || !value || strcmp(option->name, "csv") == 0)
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

/* The path of the page after this one, in the arena of the run; NULL at the end. Entries go by number, all
 * else by cursor. */
static const char *next_page(client *c, const char *path, const json_t *page)
{
    const json_t *items = json_object_get(page, "items");
    const char *cursor = json_string_value(json_object_get(page, "next_cursor"));
    const json_t *size = json_object_get(page, "size");
    size_t count = json_array_size(items);
    if (cursor)
        return client_path_with(c->arena, path, "cursor", cursor);
    if (!size || count == 0)
        return NULL;
    json_int_t last = json_integer_value(json_object_get(json_array_get(items, count - 1), "seq"));
    return last + 1 < json_integer_value(size)
               ? client_path_with(c->arena, path, "from",
                                  lg_arena_printf(c->arena, "%" PRId64, (int64_t)last + 1))
               : NULL;
}

/* For a lender, whose requests are those of others. */
static const char *nothing_of(client *c, const client_listing *listing)
{
    size_t i;
    json_t *me = NULL, *role;
    bool lends = false;
    if (strcmp(listing->name, "requests") != 0 || client_option_given(c, "part") ||
        client_get_json(c, c->arena, "/v1/me", &me) != CLIENT_OK)
        return client_text(c, "nothing");
    json_array_foreach(json_object_get(json_object_get(me, "participant"), "roles"), i, role) lends =
        lends || (json_is_string(role) && strcmp(json_string_value(role), "lender") == 0);
    json_decref(me);
    return lends ? client_text(c, "nothing; --part addressed shows those that lenders were asked with")
                 : client_text(c, "nothing");
}

static client_exit pages_print(client *c, const client_listing *listing, client_table *table)
{
    const char *path = query_path(c, c->arena, listing->path);
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
                client_listing_row(c, table, listing, item);
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
        client_say(c, STYLE_DIM, "%s", nothing_of(c, listing));
    return CLIENT_OK;
}

/* "list claims" names what is listed; "program list" lists programs; "finance list", financings. */
static const client_listing *listing_of(client *c)
{
    const char *name = c->command->name, *blank = strchr(name, ' ');
    if (strcmp(name, "finance list") == 0)
        return client_listing_find("financings");
    return client_listing_find(strcmp(blank + 1, "list") == 0
                                   ? lg_arena_printf(c->arena, "%.*ss", (int)(blank - name), name)
                                   : blank + 1);
}

client_exit command_list(client *c)
{
    const client_listing *listing = listing_of(c);
    client_exit code;
    if (client_option_given(c, "csv"))
        return client_export(c, query_path(c, c->arena, lg_arena_printf(c->arena, "%s.csv", listing->path)),
                             client_option_value(c, "csv"));
    if (c->json && !client_option_given(c, "all")) {
        json_t *page = NULL;
        code = client_get_json(c, c->arena, query_path(c, c->arena, listing->path), &page);
        if (code == CLIENT_OK)
            client_print_json(page);
        json_decref(page);
        return code;
    }
    lg_arena *arena = lg_arena_open();
    client_table table = client_listing_start(c, arena, listing);
    if (c->json)
        fputs("{\"items\":[", stdout);
    code = pages_print(c, listing, &table);
    if (c->json && code == CLIENT_OK)
        fputs("],\"next_cursor\":null}\n", stdout);
    lg_arena_close(arena);
    return code;
}
