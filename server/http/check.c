/* What is refused before a byte of the body is stored: target, route, method, query, media type, length. */
#include "server/http/internal.h"

#include <string.h>
#include <strings.h>

/* The headers that say where the request goes and how its body comes. */
struct framing {
    unsigned host_count, length_count, encoding_count, authorization_count;
    const char *length, *encoding, *type, *coding, *expect;
    size_t cookies_len;
    const char *end; /* of what was seen last in the request as it lies in MHD's memory */
    bool garbled;    /* a line that two readers could read in different ways */
};

/* RFC 9110 section 5.6.2 */
static bool is_token(const char *text)
{
    for (const char *at = text; *at; at++) {
        const bool alphanumeric =
            (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
        if (!alphanumeric && !strchr("!#$%&'*+-.^_`|~", *at))
            return false;
    }
    return *text != '\0';
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return true;
    }
    return false;
}

/* MHD is lenient: it keeps "Content-Length " as a name of its own, drops what a folded line adds and what
 * follows a NUL, and takes a bare CR into the value. Whoever stands in front may read such a line as another
 * length, and then one request hides in another. MHD ends names, values and lines in place, with a NUL for
 * each byte of colon and line end, so that in an honest request the next line begins one or two NULs behind
 * the last. */
static bool is_in_line(const char *end, const char *name, const char *value)
{
    const char *behind = name + strlen(name) + 1;
    if (name != end + 1 && (name != end + 2 || end[1]))
        return false;
    return value == behind + strspn(behind, " \t");
}

/* Behind the last line there are two line ends and nothing else, such as a line that MHD left out. */
static bool ends_there(const http_request *request, const char *end)
{
    enum { LINE_END_MAX = 2 }; /* CR LF */
    size_t size = MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
    size_t seen = (size_t)(end - request->method);
    return size >= seen + 2 && size <= seen + 2 * LINE_END_MAX;
}

static enum MHD_Result see_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct framing *framing = context;
    framing->garbled |= !is_token(name) || has_control(value) || !is_in_line(framing->end, name, value);
    framing->end = value + strlen(value);
    if (strcasecmp(name, "Content-Length") == 0) {
        framing->length = value;
        framing->length_count++;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        framing->encoding = value;
        framing->encoding_count++;
    } else if (strcasecmp(name, "Content-Type") == 0) {
        framing->type = framing->type ? "" : value;
    } else if (strcasecmp(name, "Content-Encoding") == 0) {
        framing->coding = value;
    } else if (strcasecmp(name, "Expect") == 0) {
        framing->expect = value;
    } else if (strcasecmp(name, "Cookie") == 0) {
        framing->cookies_len += strlen(value);
    } else if (strcasecmp(name, "Host") == 0) {
        framing->host_count++;
    } else if (strcasecmp(name, "Authorization") == 0) {
        framing->authorization_count++;
    }
    return MHD_YES;
}

static bool parse_length(const char *text, uint64_t *out)
{
    uint64_t length = 0;
    if (!*text || strlen(text) > 18)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        length = length * 10 + (uint64_t)(*text - '0');
    }
    *out = length;
    return true;
}

/* RFC 9112 section 6.3: a body whose end two readers could see in different places is refused. */
static lg_err check_framing(http_request *request, const struct framing *framing)
{
    lg_report *report = &request->report;
    if (framing->garbled || !ends_there(request, framing->end))
        return lg_fail(report, LG_BAD_REQUEST, "A header line is malformed.");
    if (framing->length_count > 1 || framing->encoding_count > 1 ||
        (framing->length_count && framing->encoding_count))
        return lg_fail(report, LG_BAD_REQUEST, "The length of the body is given more than once.");
    if (framing->encoding && strcasecmp(framing->encoding, "chunked") != 0)
        return lg_fail(report, LG_BAD_REQUEST, "The only transfer encoding taken is chunked.");
    if (framing->length && !parse_length(framing->length, &request->body_expected))
        return lg_fail(report, LG_BAD_REQUEST, "Content-Length is not a length.");
    return LG_OK;
}

static bool has_blank_or_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

/* RFC 9112 sections 3 and 3.2. MHD's own strict mode would close without an answer, or with a garbled one. */
static lg_err check_line(http_request *request, const char *version, const struct framing *framing)
{
    lg_report *report = &request->report;
    /* A NUL ends the C string early, and then the version does not follow it. */
    if (version != request->line_end || strncmp(version, "HTTP/1.", 7) != 0 ||
        has_blank_or_control(request->path) || has_blank_or_control(request->query_text))
        return lg_fail(report, LG_BAD_REQUEST, "The request line is malformed.");
    if (framing->host_count > 1 || (framing->host_count == 0 && strcmp(version, "HTTP/1.0") != 0))
        return lg_fail(report, LG_BAD_REQUEST, "The request must have one Host header.");
    /* RFC 9110 section 5.3: of two, a proxy may believe the other one. */
    if (framing->authorization_count > 1)
        return lg_fail(report, LG_BAD_REQUEST, "The request has more than one Authorization header.");
    return LG_OK;
}

static lg_err check_target(http_request *request)
{
    lg_report *report = &request->report;
    if (request->target_len > HTTP_TARGET_MAX)
        return lg_fail(report, LG_URI_TOO_LONG, "The request target is longer than %d bytes.",
                       HTTP_TARGET_MAX);
    size_t path_len = strlen(request->path);
    if (path_len > HTTP_PATH_MAX)
        return lg_fail(report, LG_URI_TOO_LONG, "The path is longer than %d bytes.", HTTP_PATH_MAX);
    if (request->path[0] != '/')
        return lg_fail(report, LG_BAD_REQUEST, "The request target is not a path.");
    if (!query_decode(request->arena, lg_bytes_of(request->path, path_len), false))
        return lg_fail(report, LG_BAD_REQUEST, "The path is not percent-encoded UTF-8.");
    return LG_OK;
}

/* What MHD keeps of a request lies in the memory in which it writes the head of the answer: what it received,
 * the cookies once more, and a record for each header, cookie and argument. If that head found no room, the
 * command would be done and its answer never sent. */
static lg_err check_memory(http_request *request, const struct framing *framing)
{
    enum { RECORD = 64, ANSWER_HEAD = 1024, REQUEST_MAX = HTTP_CONNECTION_MEMORY - ANSWER_HEAD };
    const enum MHD_ValueKind kinds = MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND;
    const size_t received =
        MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
    const size_t records = (size_t)MHD_get_connection_values(request->mhd, kinds, NULL, NULL);
    if (received + framing->cookies_len + records * RECORD <= REQUEST_MAX)
        return LG_OK;
    return lg_fail(&request->report, LG_HEADERS_TOO_LARGE,
                   "The request line and the headers, with %d bytes more for each header, cookie and query "
                   "parameter, and the cookies twice, are more than %d bytes.",
                   RECORD, REQUEST_MAX);
}

/* NULL: a method that no route has. */
static const http_method *method_of(const char *name)
{
    static const http_method get = HTTP_GET, post = HTTP_POST;
    if (strcmp(name, "GET") == 0 || strcmp(name, "HEAD") == 0)
        return &get;
    return strcmp(name, "POST") == 0 ? &post : NULL;
}

static lg_err refuse_route(http_request *request, const http_match *match)
{
    const bool get = match->allowed[HTTP_GET], post = match->allowed[HTTP_POST];
    if (!get && !post)
        return lg_fail(&request->report, LG_NOT_FOUND, "There is no resource at this path.");
    const char *allowed = get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : "POST";
    http_set_header(request, "Allow", allowed);
    return lg_fail(&request->report, LG_METHOD_NOT_ALLOWED, "This resource takes only: %s.", allowed);
}

static lg_err check_route(http_request *request)
{
    http_match match;
    router_match(request->server->router, method_of(request->method), request->path, &match);
    if (!match.route)
        return refuse_route(request, &match);
    request->param_count = match.param_count;
    for (size_t i = 0; i < match.param_count; i++) {
        request->param_names[i] = match.names[i];
        request->params[i] = query_decode(request->arena, match.values[i], false);
        if (!request->params[i])
            return lg_fail(&request->report, LG_BAD_REQUEST,
                           "A segment of the path is not percent-encoded UTF-8.");
    }
    request->route = match.route;
    return query_parse(request->query_text, match.route->query, request->query, &request->report);
}

/* The type without parameters, in lower case: "application/json; charset=utf-8" is "application/json". */
static const char *media_type_of(lg_arena *arena, const char *header)
{
    size_t len = strcspn(header, "; \t");
    char *type = lg_arena_strndup(arena, header, len);
    for (size_t i = 0; i < len; i++) {
        if (type[i] >= 'A' && type[i] <= 'Z')
            type[i] = (char)(type[i] - 'A' + 'a');
    }
    return type;
}

static lg_err check_type(http_request *request, const struct framing *framing)
{
    const char *const *types = request->route->types;
    if (!types)
        return LG_OK;
    const char *list = "";
    request->media_type = framing->type ? media_type_of(request->arena, framing->type) : NULL;
    bool plain = !framing->coding || strcasecmp(framing->coding, "identity") == 0;
    for (size_t i = 0; types[i]; i++) {
        if (plain && request->media_type && strcmp(types[i], request->media_type) == 0)
            return LG_OK;
        list = lg_arena_printf(request->arena, "%s%s%s", list, i ? ", " : "", types[i]);
    }
    http_set_header(request, "Accept-Post", list);
    if (!plain)
        return lg_fail(&request->report, LG_UNSUPPORTED_MEDIA_TYPE,
                       "The body must come without a content encoding.");
    return lg_fail(&request->report, LG_UNSUPPORTED_MEDIA_TYPE, "The body must be one of: %s.", list);
}

static lg_err check_length(http_request *request)
{
    if (request->body_expected <= request->route->body_max)
        return LG_OK;
    request->last = true;
    if (request->route->body_max == 0)
        return lg_fail(&request->report, LG_BODY_TOO_LARGE, "This resource takes no body.");
    return lg_fail(&request->report, LG_BODY_TOO_LARGE, "The body is larger than %zu bytes.",
                   request->route->body_max);
}

lg_err check_request(http_request *request, const char *version, bool *now)
{
    struct framing framing = {.end = version + strlen(version)};
    MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, see_header, &framing);
    lg_err err = check_framing(request, &framing);
    *now = err != LG_OK || framing.expect || request->body_expected > HTTP_SWALLOW_MAX;
    if (!err)
        err = check_line(request, version, &framing);
    if (!err)
        err = check_target(request);
    if (!err)
        err = check_memory(request, &framing);
    if (!err)
        err = check_route(request);
    if (!err)
        err = check_type(request, &framing);
    if (!err)
        err = check_length(request);
    return err;
}
