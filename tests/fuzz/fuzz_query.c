/* Targets of requests: a path, '?', a query. */
#include "server/http/internal.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static http_result never(http_request *request)
{
    (void)request;
    abort();
}

static const char *const names[] = {"limit", "cursor", "life", NULL};
static const char *const types[] = {"application/json", NULL};
static const http_route routes[] = {
    {HTTP_GET, "/v1/claims", never, 0, NULL, names, NULL, false, NULL},
    {HTTP_GET, "/v1/claims/{id}", never, 0, NULL, names, NULL, false, NULL},
    {HTTP_POST, "/v1/claims/{id}/split", never, 10, types, NULL, NULL, false, NULL},
    {HTTP_GET, "/tile/{rest*}", never, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/tile/entries/{rest*}", never, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/v1/claims/{id}/by/{day}", never, 0, NULL, NULL, NULL, false, NULL},
};

static void find(const http_router *router, lg_arena *arena, const char *path)
{
    http_target target;
    for (int method = HTTP_GET; method <= HTTP_POST; method++) {
        if (!router_find(router, arena, (http_method)method, path, &target))
            continue;
        FUZZ_HOLDS(target.route->method == (http_method)method && target.param_count <= HTTP_PARAMS_MAX);
        for (size_t i = 0; i < target.param_count; i++)
            FUZZ_HOLDS(target.params[i] && lg_text_is_utf8(lg_bytes_str(target.params[i])));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static http_router *router;
    lg_arena *arena = fuzz_arena();
    lg_report report;
    lg_report_init(&report, arena);
    if (!router)
        FUZZ_HOLDS(router_open(routes, sizeof routes / sizeof *routes, &router, &report) == LG_OK);
    char *path = lg_arena_strndup(arena, data, len), *query = strchr(path, '?');
    const char *values[sizeof names / sizeof *names] = {0};
    if (query)
        *query++ = '\0';
    find(router, arena, path);
    if (!query)
        return 0;
    lg_err err = query_parse(query, names, values, &report);
    if (err)
        fuzz_refusal_is_sound(&report, err);
    for (size_t i = 0; names[i]; i++)
        FUZZ_HOLDS(!values[i] || lg_text_is_utf8(lg_bytes_str(values[i])));
    return 0;
}
