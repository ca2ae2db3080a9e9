/* Answers: one MHD response each, with the headers every answer has. */
#include "server/http/internal.h"

#include "ledger/base/calendar.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Seconds after which a client may try again: long enough to let a queue drain, short enough to be worth
 * waiting for. */
#define RETRY_AFTER "1"

static http_header_line *find_header(const http_request *request, const char *name)
{
    http_header_line *line = request->headers;
    while (line && strcasecmp(line->name, name) != 0)
        line = line->next;
    return line;
}

void http_set_header(http_request *request, const char *name, const char *value)
{
    http_header_line *line = find_header(request, name);
    if (line) {
        line->value = lg_arena_strdup(request->arena, value);
        return;
    }
    line = lg_arena_alloc(request->arena, sizeof *line);
    *line = (http_header_line){
        .name = lg_arena_strdup(request->arena, name),
        .value = lg_arena_strdup(request->arena, value),
        .next = request->headers,
    };
    request->headers = line;
}

static bool has_header(const http_request *request, const char *name)
{
    return find_header(request, name) != NULL;
}

static void set_default(http_request *request, const char *name, const char *value)
{
    if (!has_header(request, name))
        http_set_header(request, name, value);
}

language http_language(const http_request *request)
{
    return language_accepted(http_header(request, "Accept-Language"));
}

/* What is said in the reader's language must not be kept for another's. */
static void set_language(http_request *request, language spoken)
{
    set_default(request, "Content-Language", language_tag(spoken));
    set_default(request, "Vary", "Accept-Language");
}

static void add_headers(http_request *request, struct MHD_Response *response, const char *content_type)
{
    bool added = true;
    if (content_type)
        added &= MHD_add_response_header(response, "Content-Type", content_type) == MHD_YES;
    added &= MHD_add_response_header(response, "X-Request-Id", request->id) == MHD_YES;
    added &= MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES;
    if (!has_header(request, "Cache-Control"))
        added &= MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES;
    if (request->secure && *request->connection->profile->hsts)
        added &= MHD_add_response_header(response, "Strict-Transport-Security",
                                         request->connection->profile->hsts) == MHD_YES;
    if (request->last || atomic_load(&request->server->draining))
        added &= MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    for (const http_header_line *line = request->headers; line; line = line->next)
        added &= MHD_add_response_header(response, line->name, line->value) == MHD_YES;
    if (!added)
        access_fault(request, "A header of the answer was refused.", NULL, NULL);
}

http_result answer_queue(http_request *request, int status, const char *content_type,
                         struct MHD_Response *response, size_t len)
{
    if (!response)
        lg_die("out of memory for an answer");
    if (request->stage == STAGE_ANSWERED) {
        access_fault(request, "The request was answered twice.", NULL, NULL);
    } else {
        add_headers(request, response, content_type);
        if (deadline_enter(request->connection, PHASE_SENDING, len) &&
            MHD_queue_response(request->mhd, (unsigned)status, response) == MHD_YES)
            request->stage = STAGE_ANSWERED;
        request->answered_us = lg_monotonic_us();
        request->status = status;
        request->answer_len = len;
    }
    MHD_destroy_response(response);
    return HTTP_ANSWERED;
}

static http_result queue_buf(http_request *request, int status, const char *content_type, lg_buf *body_take)
{
    static char nothing[] = "";
    struct MHD_Response *response;
    size_t len = body_take->len;
    if (body_take->data)
        response = MHD_create_response_from_buffer(len, body_take->data, MHD_RESPMEM_MUST_FREE);
    else
        response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    *body_take = (lg_buf){0};
    return answer_queue(request, status, content_type, response, len);
}

/* Every JSON answer passes here, and here alone its sentences become the reader's. */
static http_result queue_json(http_request *request, int status, const char *content_type, lg_buf *body_take)
{
    language spoken = http_language(request);
    set_language(request, spoken);
    if (spoken != LANGUAGE_ENGLISH) {
        lg_buf translated = {0};
        language_json(spoken, lg_buf_bytes(body_take), &translated);
        lg_buf_clear(body_take);
        *body_take = translated;
    }
    return queue_buf(request, status, content_type, body_take);
}

http_result http_answer_json(http_request *request, int status, lg_buf *body_take)
{
    return queue_json(request, status, "application/json", body_take);
}

http_result http_answer_refusal(http_request *request, int status, lg_buf *body_take)
{
    return queue_json(request, status, "application/problem+json", body_take);
}

http_result http_answer_text(http_request *request, int status, const char *content_type, lg_bytes body)
{
    /* MHD takes void * and only reads. */
    void *data = (void *)(uintptr_t)(body.len ? (const void *)body.data : "");
    return answer_queue(request, status, content_type,
                        MHD_create_response_from_buffer(body.len, data, MHD_RESPMEM_MUST_COPY), body.len);
}

http_result http_answer_bytes(http_request *request, int status, const char *content_type, lg_buf *body_take)
{
    return queue_buf(request, status, content_type, body_take);
}

http_result http_answer_static(http_request *request, int status, const char *content_type, lg_bytes body)
{
    void *data = (void *)(uintptr_t)(body.len ? (const void *)body.data : "");
    return answer_queue(request, status, content_type,
                        MHD_create_response_from_buffer(body.len, data, MHD_RESPMEM_PERSISTENT), body.len);
}

http_result http_answer_file(http_request *request, int status, const char *content_type, int fd_take)
{
    struct stat st;
    if (fstat(fd_take, &st) != 0)
        lg_die("an open file cannot be looked at");
    return answer_queue(request, status, content_type,
                        MHD_create_response_from_fd64((uint64_t)st.st_size, fd_take), (size_t)st.st_size);
}

http_result http_answer_problem(http_request *request, lg_err err, const char *extra_members)
{
    lg_buf body = {0};
    if (err == LG_OK)
        err = lg_fail(&request->report, LG_INTERNAL, "a problem was to be sent where there is none");
    int status = http_status_of(err);
    request->problem = err;
    if (request->server->config.on_problem)
        request->server->config.on_problem(request, err);
    /* A detail that belongs to another error may quote the request. */
    if (lg_err_kind(err) == LG_KIND_OURS)
        access_fault(request, "The request failed.", lg_err_slug(err),
                     request->report.err == err ? request->report.detail : NULL);
    if (status == 401)
        set_default(request, "WWW-Authenticate", "Bearer");
    if (status == 429 || status == 503)
        set_default(request, "Retry-After", RETRY_AFTER);
    http_problem_json(&body, err, &request->report,
                      lg_arena_printf(request->arena, ",\"instance\":\"urn:tallystick:request:%s\"%s",
                                      request->id, extra_members ? extra_members : ""));
    return http_answer_refusal(request, status, &body);
}

/* If-None-Match (RFC 9110 section 13.1.2): "*", or a list of tags, compared weakly. */
static bool names_tag(const char *list, const char *quoted)
{
    size_t len = strlen(quoted);
    for (;;) {
        list += strspn(list, " \t,");
        if (*list == '*')
            return true;
        if (strncmp(list, "W/", 2) == 0)
            list += 2;
        if (strncmp(list, quoted, len) == 0)
            return true;
        const char *end = *list == '"' ? strchr(list + 1, '"') : NULL;
        if (!end)
            return false;
        list = end + 1;
    }
}

bool http_etag_matches(http_request *request, const char *etag_without_quotes)
{
    language spoken = http_language(request);
    const char *quoted =
        spoken == LANGUAGE_ENGLISH
            ? lg_arena_printf(request->arena, "\"%s\"", etag_without_quotes)
            : lg_arena_printf(request->arena, "\"%s-%s\"", etag_without_quotes, language_tag(spoken));
    set_language(request, spoken);
    const char *asked = http_header(request, "If-None-Match");
    set_default(request, "ETag", quoted);
    /* A tag is of use only to those who may keep the answer; they must still ask each time. */
    set_default(request, "Cache-Control", "private, no-cache");
    return asked && names_tag(asked, quoted);
}

http_result http_answer_not_modified(http_request *request)
{
    lg_buf none = {0};
    return queue_buf(request, 304, NULL, &none);
}
