/* Answers that come in pages, put together. */
#include "server/client/pages.h"

#include "server/client/http.h"

#include <inttypes.h>
#include <string.h>

const char *client_path_with(lg_arena *arena, const char *path, const char *name, const char *value)
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

client_exit client_get_pages(client *c, const char *path, int64_t page, int64_t most, json_t **out)
{
    json_t *whole = NULL, *items = NULL;
    client_exit code = CLIENT_OK;
    lg_arena *arena = lg_arena_open(); /* one answer at a time */
    for (int64_t have = 0; path && have < most && code == CLIENT_OK;) {
        json_t *answer = NULL;
        int64_t wanted = most - have < page ? most - have : page;
        path = client_path_with(c->arena, path, "limit", lg_arena_printf(c->arena, "%" PRId64, wanted));
        code = client_get_json(c, arena, path, &answer);
        if (code != CLIENT_OK)
            break;
        json_t *more = json_object_get(answer, "items"), *next = json_object_get(answer, "next_cursor");
        const size_t got = json_array_size(more);
        if (!whole) {
            whole = json_incref(answer);
            items = more;
        } else {
            json_array_extend(items, more);
            json_object_set(whole, "next_cursor", next ? next : json_null());
        }
        have += (int64_t)got;
        /* A page without items would lead nowhere. */
        const char *cursor = got ? json_string_value(next) : NULL;
        path = cursor ? client_path_with(c->arena, path, "cursor", cursor) : NULL;
        json_decref(answer);
        lg_arena_reset(arena);
    }
    lg_arena_close(arena);
    if (code == CLIENT_OK)
        *out = whole;
    else
        json_decref(whole);
    return code;
}
