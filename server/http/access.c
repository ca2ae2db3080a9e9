/* One line in the log for each request, and one for each fault while it was served.
 *
 * A line names the route, not the path, and of the path's parameters only an id or a number: what else a
 * client may write into a path, its query and its body is never logged. */
#include "server/http/internal.h"

#include "ledger/base/calendar.h"
#include "ledger/base/uuid.h"

#include <string.h>

/* The methods there are; what else a client says is its own invention. */
static const char *method_name(const http_request *request)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(request->method, known[i]) == 0)
            return known[i];
    }
    return "other";
}

static const char *route_name(const http_request *request)
{
    return request->route ? request->route->path : "none";
}

/* The first parameter of the path that is a UUID or a short number; NULL: none. */
static const char *id_of(const http_request *request)
{
    lg_uuid uuid;
    for (size_t i = 0; request->route && i < request->param_count; i++) {
        const char *text = request->params[i];
        if (text && (lg_uuid_parse(text, &uuid) ||
                     (*text && strlen(text) <= 16 && !text[strspn(text, "0123456789")])))
            return text;
    }
    return NULL;
}

void access_fault(const http_request *request, const char *message, const char *why, const char *detail)
{
    log_event(request->server->config.log, LOG_ERROR, "request.fault", message,
              log_text("request_id", request->id), log_text("method", method_name(request)),
              log_text("route", route_name(request)), log_text("id", id_of(request)),
              log_text("problem", why), log_text("detail", detail));
}

/* "" unless addresses are logged. */
static http_address_text logged_address(const http_request *request)
{
    http_address address = request->client;
    switch (request->connection->profile->logged_address) {
    case HTTP_ADDRESS_FULL:
        return address_format(&address);
    case HTTP_ADDRESS_TRUNCATED:
        address = address_truncated(&address);
        return address_format(&address);
    case HTTP_ADDRESS_OFF:
        break;
    }
    return (http_address_text){""};
}

/* How many fields a line has besides the handler's. */
enum { OWN_FIELDS = 11 };

void access_log(const http_request *request)
{
    logger *log = request->server->config.log;
    log_level level = request->route && request->route->quiet ? LOG_DEBUG : LOG_INFO;
    if (!logger_takes(log, level))
        return;
    const int64_t now = lg_monotonic_us();
    log_field fields[OWN_FIELDS + HTTP_NOTES_MAX + 1];
    size_t count = 0;
    fields[count++] = log_text("request_id", request->id);
    fields[count++] = log_text("method", method_name(request));
    fields[count++] = log_text("route", route_name(request));
    fields[count++] = log_text("id", id_of(request));
    fields[count++] = log_number("status", request->status);
    fields[count++] = log_text("problem", request->problem ? lg_err_slug(request->problem) : NULL);
    fields[count++] = log_number("body_bytes", (int64_t)request->body_len);
    fields[count++] = log_number("answer_bytes", (int64_t)request->answer_len);
    /* What the server took, from the request's last byte to the answer's first; and all of it, with the
     * client's part. */
    if (request->complete_us && request->answered_us)
        fields[count++] = log_number("duration_us", request->answered_us - request->complete_us);
    fields[count++] = log_number("total_us", now - request->begun_us);
    const http_address_text address = logged_address(request);
    fields[count++] = log_text("address", *address.s ? address.s : NULL);
    memcpy(&fields[count], request->notes, request->note_count * sizeof *fields);
    count += request->note_count;
    fields[count] = (log_field){0};
    log_write(log, level, "request", NULL, fields);
}
