/* The route table, compiled once at start. Patterns are tried most literal first, so "/v1/claims/sweep" wins
 * over
 * "/v1/claims/{id}" wherever they stand in the table. */
#include "server/http/internal.h"

#include <stdlib.h>
#include <string.h>

/* Their order is the order in which patterns are tried. */
enum { SEGMENT_LITERAL = 'a', SEGMENT_PARAM = 'b', SEGMENT_REST = 'c' };

struct segment {
    lg_bytes text; /* the literal, or the parameter's name */
    char kind;
};

struct pattern {
    const http_route *route;
    size_t literal_len; /* bytes before the first parameter: the quick test */
    size_t segment_count;
    struct segment segments[HTTP_SEGMENTS_MAX];
    char order[HTTP_SEGMENTS_MAX + 1]; /* the segments' kinds; smaller is more literal */
};

struct http_router {
    size_t count;
    struct pattern patterns[];
};

static struct segment segment_of(lg_bytes text)
{
    const char *data = (const char *)text.data;
    if (text.len < 3 || data[0] != '{' || data[text.len - 1] != '}')
        return (struct segment){.text = text, .kind = SEGMENT_LITERAL};
    if (data[text.len - 2] == '*')
        return (struct segment){.text = lg_bytes_of(data + 1, text.len - 3), .kind = SEGMENT_REST};
    return (struct segment){.text = lg_bytes_of(data + 1, text.len - 2), .kind = SEGMENT_PARAM};
}

static size_t list_len(const char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

static bool compile(const http_route *route, struct pattern *out)
{
    const char *at = route->path;
    size_t params = 0;
    *out = (struct pattern){.route = route, .literal_len = strcspn(at, "{")};
    if (!route->handler || list_len(route->query) > HTTP_QUERY_MAX ||
        (route->method != HTTP_GET) != (route->types != NULL))
        return false;
    while (*at == '/') {
        size_t len = strcspn(++at, "/");
        if (out->segment_count == HTTP_SEGMENTS_MAX)
            return false;
        struct segment segment = segment_of(lg_bytes_of(at, len));
        params += segment.kind != SEGMENT_LITERAL;
        out->order[out->segment_count] = segment.kind;
        out->segments[out->segment_count++] = segment;
        at += len;
        if (segment.kind == SEGMENT_REST)
            break;
    }
    return *at == '\0' && out->segment_count > 0 && params <= HTTP_PARAMS_MAX;
}

static int by_order(const void *a, const void *b)
{
    const struct pattern *left = a, *right = b;
    return strcmp(left->order, right->order);
}

lg_err router_open(const http_route *routes, size_t count, http_router **out, lg_report *report)
{
    http_router *router = calloc(1, sizeof *router + count * sizeof router->patterns[0]);
    if (!router)
        lg_die("out of memory");
    router->count = count;
    for (size_t i = 0; i < count; i++) {
        if (!compile(&routes[i], &router->patterns[i])) {
            router_close(router);
            return lg_fail(report, LG_INTERNAL, "The route table's entry '%s' is not well formed.",
                           routes[i].path);
        }
    }
    qsort(router->patterns, count, sizeof router->patterns[0], by_order);
    *out = router;
    return LG_OK;
}

void router_close(http_router *router)
{
    free(router);
}

static bool matches(const struct pattern *pattern, const char *path, http_match *out)
{
    out->param_count = 0;
    for (size_t i = 0; i < pattern->segment_count; i++) {
        const struct segment *segment = &pattern->segments[i];
        if (*path != '/')
            return false;
        path++;
        size_t len = segment->kind == SEGMENT_REST ? strlen(path) : strcspn(path, "/");
        if (segment->kind == SEGMENT_LITERAL) {
            if (len != segment->text.len || memcmp(path, segment->text.data, len) != 0)
                return false;
        } else {
            if (len == 0)
                return false;
            out->names[out->param_count] = segment->text;
            out->values[out->param_count++] = lg_bytes_of(path, len);
        }
        path += len;
    }
    return *path == '\0';
}

void router_match(const http_router *router, const http_method *method, const char *path, http_match *out)
{
    size_t path_len = strlen(path);
    *out = (http_match){0};
    for (size_t i = 0; i < router->count; i++) {
        const struct pattern *pattern = &router->patterns[i];
        if (path_len < pattern->literal_len || memcmp(path, pattern->route->path, pattern->literal_len) != 0)
            continue;
        if (!matches(pattern, path, out))
            continue;
        out->allowed[pattern->route->method] = true;
        if (method && pattern->route->method == *method) {
            out->route = pattern->route;
            return;
        }
    }
}

bool router_find(const http_router *router, lg_arena *arena, http_method method, const char *path,
                 http_target *out)
{
    http_match match;
    router_match(router, &method, path, &match);
    if (!match.route)
        return false;
    *out = (http_target){.route = match.route, .param_count = match.param_count};
    for (size_t i = 0; i < match.param_count; i++) {
        out->names[i] = match.names[i];
        out->params[i] = query_decode(arena, match.values[i], false);
        if (!out->params[i])
            return false;
    }
    return true;
}

const char *http_target_param(const http_target *target, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < target->param_count; i++) {
        if (target->names[i].len == len && memcmp(target->names[i].data, name, len) == 0)
            return target->params[i];
    }
    return NULL;
}
