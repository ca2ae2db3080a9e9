/* A request's life: line → headers → body → handler → (suspended → finish) → answer sent. MHD calls in at
 * each step, always on the thread of the request's connection. */
#include "server/http/internal.h"

#include "ledger/base/calendar.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"

#include <stdlib.h>
#include <string.h>

static http_connection *connection_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* ---- connections ---- */

/* Bodies of all requests together: 300 strangers with 12 MB each must not take the machine's memory. */
#define BODY_BYTES_MAX ((size_t)256 * 1024 * 1024)

static void drop_body(http_request *request)
{
    atomic_fetch_sub(&request->server->body_bytes, request->body_cap);
    free(request->body);
    request->body = NULL;
    request->body_cap = 0;
}

static void sink_abandon(http_request *request)
{
    if (request->sink_open)
        request->route->sink->abandon(request);
    request->sink_open = false;
}

static void release(http_request *request)
{
    if (request->body)
        drop_body(request);
    sink_abandon(request);
    if (request->gone)
        request->gone(request->data);
    request->gone = NULL;
    if (request->paused) /* the client went while it had to wait */
        server_leave(request->server);
    request->paused = false;
    if (request->counted)
        server_leave(request->server);
    request->counted = false;
}

/* Frees the request as well. */
static void request_end(http_request *request)
{
    release(request);
    request->connection->request = NULL;
    lg_arena_close(request->arena);
}

void request_on_connection(void *context, struct MHD_Connection *mhd, void **slot,
                           enum MHD_ConnectionNotificationCode code)
{
    http_worker *worker = context;
    http_connection *connection = *slot;
    switch (code) {
    case MHD_CONNECTION_NOTIFY_STARTED:
        *slot = accept_begin(worker, mhd);
        break;
    case MHD_CONNECTION_NOTIFY_CLOSED:
        if (connection->request)
            request_end(connection->request);
        accept_end(worker, connection);
        *slot = NULL;
        break;
    }
}

/* ---- one request ---- */

static http_request *request_begin(http_server *server, http_connection *connection,
                                   struct MHD_Connection *mhd)
{
    if (connection->request) /* MHD tells the end only of those whose headers it read */
        request_end(connection->request);
    lg_arena *arena = lg_arena_open();
    http_request *request = lg_arena_alloc(arena, sizeof *request);
    request->server = server;
    request->connection = connection;
    request->mhd = mhd;
    request->arena = arena;
    request->method = "";
    connection->request = request;
    request->begun_us = lg_monotonic_us();
    lg_report_init(&request->report, arena);
    uint8_t bits[8];
    lg_random(bits, sizeof bits);
    lg_hex_write(request->id, bits, sizeof bits);
    return request;
}

void *request_on_line(void *context, const char *target, struct MHD_Connection *mhd)
{
    http_server *server = context;
    http_connection *connection = connection_of(mhd);
    http_request *request = request_begin(server, connection, mhd);
    size_t len = strlen(target), path_len = strcspn(target, "?");
    request->line_end = target + len + 1;
    request->target_len = len;
    /* MHD decodes in place later, so the target as sent is kept here; an overlong one is not. */
    bool fits = len <= HTTP_TARGET_MAX;
    request->path = fits ? lg_arena_strndup(request->arena, target, path_len) : "";
    request->query_text =
        fits && target[path_len] ? lg_arena_strdup(request->arena, target + path_len + 1) : "";
    deadline_enter(connection, PHASE_RECEIVING, 0);
    return request;
}

void request_on_completed(void *context, struct MHD_Connection *mhd, void **slot,
                          enum MHD_RequestTerminationCode code)
{
    (void)context, (void)mhd, (void)code;
    http_request *request = *slot;
    if (!request)
        return;
    *slot = NULL;
    http_connection *connection = request->connection;
    access_log(request);
    stats_count(request->server->stats, request);
    request_end(request);
    deadline_enter(connection, PHASE_IDLE, 0);
}

/* Without an answer in MHD's queue the connection ends: the client was cut off meanwhile, or a handler is at
 * fault. */
static enum MHD_Result outcome(http_request *request)
{
    /* Who asks and does not read the answer holds nothing of what it sent. */
    if (request->body)
        drop_body(request);
    if (request->stage == STAGE_ANSWERED)
        return MHD_YES;
    access_fault(request, "The connection is closed without an answer.", NULL, NULL);
    return MHD_NO;
}

static enum MHD_Result refuse(http_request *request, lg_err err)
{
    if (http_answer_problem(request, err, NULL) != HTTP_ANSWERED)
        return MHD_NO;
    return outcome(request);
}

static enum MHD_Result run(http_request *request, http_handler handler)
{
    request->stage = STAGE_RUNNING;
    http_result result = handler(request);
    /* A suspended request may be in another thread's hands by now, but its stage is only ever written by this
     * one. */
    if (result == HTTP_SUSPENDED && request->stage == STAGE_SUSPENDED)
        return MHD_YES;
    return outcome(request);
}

static enum MHD_Result on_headers(http_request *request, const char *method, const char *version)
{
    bool now = false;
    request->method = method;
    request->stage = STAGE_BODY;
    forwarded_read(request);
    request->refusal = check_request(request, version, &now);
    if (!(request->refusal && now) && request->server->config.admit) {
        lg_err err = request->server->config.admit(request);
        request->refusal = err ? err : request->refusal;
    }
    if (!request->refusal && request->route->sink) {
        request->refusal = request->route->sink->begin(request);
        request->sink_open = !request->refusal;
    }
    if (request->refusal && now) {
        request->last = true;
        return refuse(request, request->refusal);
    }
    return MHD_YES;
}

/* Grows by doubling: memory follows what has come, not what was announced, but for small bodies. */
static lg_err reserve_body(http_request *request, size_t need)
{
    enum { FIRST = 4096, TRUSTED = 64 * 1024 };
    if (need <= request->body_cap)
        return LG_OK;
    size_t cap = request->body_cap ? request->body_cap * 2 : FIRST;
    if (request->body_cap == 0 && request->body_expected > 0 && request->body_expected <= TRUSTED)
        cap = (size_t)request->body_expected + 1;
    if (cap < need)
        cap = need;
    size_t more = cap - request->body_cap;
    if (atomic_fetch_add(&request->server->body_bytes, more) + more > BODY_BYTES_MAX) {
        atomic_fetch_sub(&request->server->body_bytes, more);
        return LG_OVERLOADED;
    }
    char *body = realloc(request->body, cap);
    if (!body)
        lg_die("out of memory for a body of %zu bytes", need);
    request->body = body;
    request->body_cap = cap;
    return LG_OK;
}

static void on_body(http_request *request, const char *data, size_t len)
{
    if (request->refusal)
        return;
    if (len > request->route->body_max - request->body_len) {
        /* Only a chunked body comes so far. The rest of it is thrown away as it comes. */
        drop_body(request);
        request->last = true;
        request->refusal = lg_fail(&request->report, LG_BODY_TOO_LARGE, "The body is larger than %zu bytes.",
                                   request->route->body_max);
        return;
    }
    if (reserve_body(request, request->body_len + len + 1) != LG_OK) {
        drop_body(request);
        request->last = true;
        request->refusal = lg_fail(&request->report, LG_OVERLOADED,
                                   "The bodies being received fill the memory set aside for them.");
        return;
    }
    memcpy(request->body + request->body_len, data, len);
    request->body_len += len;
    request->body[request->body_len] = '\0';
}

/* Some of a streamed body. What is left in *len comes again. */
static enum MHD_Result on_stream(http_request *request, const char *data, size_t *len)
{
    const http_body_sink *sink = request->route->sink;
    if (request->paused) {
        request->paused = false;
        server_leave(request->server);
        if (!deadline_go_on(request->connection, request->left_ms))
            return MHD_NO;
    }
    if (*len > request->route->body_max - request->sunk) {
        request->last = true;
        request->refusal = lg_fail(&request->report, LG_BODY_TOO_LARGE, "The body is larger than %zu bytes.",
                                   request->route->body_max);
        sink_abandon(request);
        *len = 0;
        return MHD_YES;
    }
    size_t took = sink->take(request, data, *len);
    if (!deadline_earn(request->connection, request->sunk, took))
        return MHD_NO;
    request->sunk += took;
    *len -= took;
    if (*len == 0)
        return MHD_YES;
    request->paused = true;
    request->left_ms = deadline_pause(request->connection);
    /* A suspended connection would not survive the daemon's end, so that the stop must wait for it. */
    if (!server_enter(request->server)) {
        request->paused = false;
        server_leave(request->server);
        return MHD_NO;
    }
    MHD_suspend_connection(request->mhd);
    sink->await_room(request);
    return MHD_YES;
}

static enum MHD_Result on_complete(http_request *request)
{
    http_server *server = request->server;
    if (!deadline_enter(request->connection, PHASE_WORKING, 0))
        return MHD_NO;
    request->counted = true;
    request->complete_us = lg_monotonic_us();
    if (!server_enter(server))
        return refuse(request, LG_STOPPING);
    if (request->refusal)
        return refuse(request, request->refusal);
    request->sink_open = false; /* the handler's from here on */
    return run(request, request->route->handler);
}

enum MHD_Result request_on_data(void *context, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data, size_t *data_len,
                                void **slot)
{
    (void)context, (void)mhd, (void)url;
    http_request *request = *slot;
    switch (request->stage) {
    case STAGE_HEADERS:
        return on_headers(request, method, version);
    case STAGE_BODY:
        if (*data_len == 0)
            return on_complete(request);
        if (request->sink_open)
            return on_stream(request, data, data_len);
        on_body(request, data, *data_len);
        *data_len = 0;
        return MHD_YES;
    case STAGE_SUSPENDED:
        request->gone = NULL;
        return run(request, request->finish);
    case STAGE_ANSWERED:
        *data_len = 0;
        return MHD_YES;
    case STAGE_RUNNING:
        break;
    }
    return MHD_NO;
}

/* ---- suspending ---- */

http_result http_suspend(http_request *request, http_handler finish)
{
    request->finish = finish;
    request->stage = STAGE_SUSPENDED;
    MHD_suspend_connection(request->mhd);
    return HTTP_SUSPENDED;
}

void http_resume(http_request *request)
{
    MHD_resume_connection(request->mhd);
}

/* ---- what handlers read ---- */

void http_set_data(http_request *request, void *data)
{
    request->data = data;
}

void http_on_gone(http_request *request, void (*gone)(void *data))
{
    request->gone = gone;
}

void *http_data(const http_request *request)
{
    return request->data;
}

void *http_context(const http_request *request)
{
    return request->server->config.context;
}

const http_server *http_server_of(const http_request *request)
{
    return request->server;
}

lg_arena *http_arena(const http_request *request)
{
    return request->arena;
}

lg_report *http_report(http_request *request)
{
    return &request->report;
}

const http_route *http_route_of(const http_request *request)
{
    return request->route;
}

const char *http_path(const http_request *request)
{
    return request->path;
}

const char *http_param(const http_request *request, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < request->param_count; i++) {
        if (request->param_names[i].len == len && memcmp(request->param_names[i].data, name, len) == 0)
            return request->params[i];
    }
    lg_die("route %s has no parameter '%s'", request->route->path, name);
}

const char *http_query(const http_request *request, const char *name)
{
    const char *const *names = request->route->query;
    for (size_t i = 0; names && names[i]; i++) {
        if (strcmp(names[i], name) == 0)
            return request->query[i];
    }
    return NULL;
}

const char *http_header(const http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, name);
}

const char *http_request_id(const http_request *request)
{
    return request->id;
}

void http_note(http_request *request, log_field field)
{
    if (request->note_count == HTTP_NOTES_MAX)
        return;
    if (field.text)
        field.text = lg_arena_strdup(request->arena, field.text);
    request->notes[request->note_count++] = field;
}

const char *http_client_address(const http_request *request)
{
    return lg_arena_strdup(request->arena, address_format(&request->client).s);
}

void http_client_subscriber(const http_request *request, uint8_t out[16])
{
    const http_address subscriber = address_subscriber(&request->client);
    memcpy(out, subscriber.bytes, sizeof subscriber.bytes);
}

bool http_client_is_exempt(const http_request *request)
{
    return profile_exempts(request->connection->profile, &request->client);
}

const char *http_media_type(const http_request *request)
{
    return request->media_type;
}

lg_bytes http_body(const http_request *request)
{
    return lg_bytes_of(request->body ? request->body : "", request->body_len);
}
