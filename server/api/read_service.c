/* The service itself: is it alive, does it take commands, what does it offer. No token. */
#include "server/api/serve.h"

static http_result answer_constant(http_request *request, const char *json)
{
    return http_answer_static(request, 200, "application/json", lg_bytes_str(json));
}

http_result read_health(http_request *request)
{
    return answer_constant(request, "{\"status\":\"ok\"}");
}

http_result read_ready(http_request *request)
{
    api_context *api = http_context(request);
    if (lg_writer_get_stats(api->writer).broken) {
        lg_err err = lg_fail(http_report(request), LG_BUSY,
                             "Nothing can be recorded until the registry is started again.");
        return http_answer_problem(request, err, NULL);
    }
    if (atomic_load(&api->draining))
        return http_answer_problem(request, LG_STOPPING, NULL);
    lg_published *published = lg_ledger_published(api->ledger);
    lg_buf body = {0};
    lg_json_open(&body);
    lg_json_put_str(&body, "status", "ready");
    lg_json_put_int(&body, "size", published->size);
    lg_json_close(&body);
    lg_published_drop(published);
    return http_answer_json(request, 200, &body);
}

static language spoken_language(http_request *request)
{
    language spoken = http_language(request);
    http_set_header(request, "Content-Language", language_tag(spoken));
    http_set_header(request, "Vary", "Accept-Language");
    return spoken;
}

http_result read_openapi(http_request *request)
{
    return http_answer_static(request, 200, "application/json", api_openapi(spoken_language(request)));
}

http_result read_docs(http_request *request)
{
    api_context *api = http_context(request);
    /* A page of text and style: whatever it were made to hold, nothing in it could run or call out. */
    http_set_header(request, "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                    "frame-ancestors 'none'");
    return http_answer_static(request, 200, "text/html; charset=utf-8",
                              lg_buf_bytes(&api->docs[spoken_language(request)]));
}
