/* For the tests of server/http: a real server with a small route table, and a client that speaks through a
 * raw socket, so that tests can send what no HTTP library would. */
#ifndef TESTS_UNIT_HTTP_RIG_H
#define TESTS_UNIT_HTTP_RIG_H

#include "ledger/base/arena.h"
#include "ledger/crypto/secret.h"
#include "server/http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RIG_BODY_MAX = 100000, RIG_QUEUE_MAX = 512 };

/* The other thread: takes suspended requests and resumes them, unless its gate is closed. */
typedef struct rig {
    http_server *server;
    pthread_t worker;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    http_request *queue[RIG_QUEUE_MAX];
    size_t queued, seen;
    bool gate_closed, hanging, stop;
    logger *log;
    char last_fault[1024]; /* line of the log */
} rig;

static http_result rig_echo(http_request *request)
{
    lg_bytes body = http_body(request);
    http_set_header(request, "X-Type", http_media_type(request));
    return http_answer_text(request, 200, "application/octet-stream", body);
}

static http_result rig_params(http_request *request)
{
    lg_buf body = {0};
    const char *color = http_query(request, "color");
    lg_json_open(&body);
    lg_json_put_str(&body, "id", http_param(request, "id"));
    lg_json_put_str(&body, "path", http_path(request));
    lg_json_put_str(&body, "color", color);
    lg_json_close(&body);
    return http_answer_json(request, 200, &body);
}

static http_result rig_rest(http_request *request)
{
    return http_answer_text(request, 200, "text/plain", lg_bytes_str(http_param(request, "rest")));
}

static http_result rig_named(http_request *request)
{
    return http_answer_static(request, 200, "text/plain", lg_bytes_str(http_route_of(request)->arg));
}

static http_result rig_tagged(http_request *request)
{
    if (http_etag_matches(request, "v1"))
        return http_answer_not_modified(request);
    return http_answer_text(request, 200, "text/plain", lg_bytes_str("version 1"));
}

static http_result rig_broken(http_request *request)
{
    return http_answer_problem(request, lg_fail(http_report(request), LG_IO, "the disk said no"), NULL);
}

static http_result rig_faulty(http_request *request)
{
    lg_report *report = http_report(request);
    lg_fault_add(report, "required", "/invoice/number", "The member 'number' is \"missing\".");
    lg_fault_add(report, "out_of_range", "/amount", "Too large.");
    return http_answer_problem(request, lg_fail(report, LG_INVALID_FIELDS, "Two fields."),
                               ",\"receivable\":{\"id\":7}");
}

static http_result rig_busy(http_request *request)
{
    return http_answer_problem(request, LG_OVERLOADED, NULL);
}

static http_result rig_stranger(http_request *request)
{
    return http_answer_problem(request, LG_UNAUTHENTICATED, NULL);
}

static http_result rig_after(http_request *request)
{
    return http_answer_text(request, 200, "text/plain", lg_bytes_str(http_data(request)));
}

static http_result rig_later(http_request *request)
{
    rig *r = http_context(request);
    lg_bytes body = http_body(request);
    http_set_data(request, lg_arena_strndup(http_arena(request), body.data, body.len));
    http_result result = http_suspend(request, rig_after);
    pthread_mutex_lock(&r->lock);
    assert_true(r->queued < RIG_QUEUE_MAX);
    r->queue[r->queued++] = request;
    r->seen++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return result;
}

/* Keeps its thread until rig_hang says no more. */
static http_result rig_keep_thread(http_request *request)
{
    rig *r = http_context(request);
    pthread_mutex_lock(&r->lock);
    r->seen++;
    pthread_cond_broadcast(&r->changed);
    while (r->hanging)
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
    return http_answer_text(request, 200, "text/plain", lg_bytes_str("awake"));
}

/* The address that the request is said to come from. */
static http_result rig_client(http_request *request)
{
    return http_answer_text(request, 200, "text/plain", lg_bytes_str(http_client_address(request)));
}

static const char *const rig_types[] = {"application/json", "text/csv", NULL};
static const char *const rig_query[] = {"color", "limit", NULL};
static const http_route rig_routes[] = {
    {HTTP_POST, "/echo", rig_echo, RIG_BODY_MAX, rig_types, NULL, NULL, false, NULL},
    {HTTP_GET, "/things/{id}", rig_params, 0, NULL, rig_query, NULL, false, NULL},
    {HTTP_GET, "/things/special", rig_named, 0, NULL, NULL, "special", false, NULL},
    {HTTP_POST, "/things/{id}", rig_echo, 10, rig_types, NULL, NULL, false, NULL},
    {HTTP_GET, "/things/{id}/history", rig_named, 0, NULL, NULL, "history", false, NULL},
    {HTTP_GET, "/tile/{rest*}", rig_rest, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/tile/entries/{rest*}", rig_named, 0, NULL, NULL, "entries", false, NULL},
    {HTTP_GET, "/tagged", rig_tagged, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/broken", rig_broken, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/faulty", rig_faulty, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/busy", rig_busy, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/stranger", rig_stranger, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/hang", rig_keep_thread, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_GET, "/client", rig_client, 0, NULL, NULL, NULL, false, NULL},
    {HTTP_POST, "/later", rig_later, RIG_BODY_MAX, rig_types, NULL, NULL, false, NULL},
};

static void *rig_work(void *context)
{
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        while (!r->stop && (r->gate_closed || r->queued == 0))
            pthread_cond_wait(&r->changed, &r->lock);
        if (r->queued == 0)
            break;
        http_request *request = r->queue[--r->queued];
        pthread_mutex_unlock(&r->lock);
        http_resume(request);
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void rig_log(void *context, const char *line)
{
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    if (strstr(line, " error request.fault "))
        snprintf(r->last_fault, sizeof r->last_fault, "%s", line);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_gate(rig *r, bool closed)
{
    pthread_mutex_lock(&r->lock);
    r->gate_closed = closed;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static inline void rig_hang(rig *r, bool hanging)
{
    pthread_mutex_lock(&r->lock);
    r->hanging = hanging;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

/* Until that many requests in all have been suspended or kept. */
static inline void rig_await(rig *r, size_t seen)
{
    pthread_mutex_lock(&r->lock);
    while (r->seen < seen)
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

static inline rig *rig_open(unsigned deadline_ms, unsigned idle_ms)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    lg_arena *arena = lg_arena_open();
    lg_report report;
    lg_report_init(&report, arena);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    const logger_config logging = {.sink = rig_log, .context = r};
    assert_int_equal(logger_open(&logging, &r->log), LG_OK);
    static const char *const listen[] = {"127.0.0.1:0"};
    const http_config config = {
        .listen = listen,
        .listen_count = 1,
        .threads = 2,
        .settings = {.deadline_ms = deadline_ms, .idle_ms = idle_ms},
        .routes = rig_routes,
        .route_count = sizeof rig_routes / sizeof rig_routes[0],
        .context = r,
        .log = r->log,
    };
    assert_int_equal(http_server_open(&config, &r->server, &report), LG_OK);
    assert_int_not_equal(http_server_port(r->server), 0);
    assert_int_equal(pthread_create(&r->worker, NULL, rig_work, r), 0);
    lg_arena_close(arena);
    return r;
}

static inline void rig_close(rig *r)
{
    rig_gate(r, false);
    http_server_close(r->server);
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->worker, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    logger_close(r->log);
    free(r);
}

/* ---- the client ---- */

/* A connection, with what came and was not yet looked at. */
typedef struct client {
    int fd;
    size_t len;
    char data[2 * RIG_BODY_MAX];
} client;

typedef struct answer {
    int status; /* 0: the server closed the connection before a whole answer */
    char head[4096];
    char body[RIG_BODY_MAX + 1];
    size_t body_len;
} answer;

static inline int rig_connect(const rig *r)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(http_server_port(r->server))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* Only so that a server that hangs fails the test instead of stopping it. */
    struct timeval patience = {.tv_sec = 60};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline client *client_open(const rig *r)
{
    client *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->fd = rig_connect(r);
    assert_true(c->fd >= 0);
    return c;
}

static inline void client_close(client *c)
{
    close(c->fd);
    free(c);
}

static inline void client_send(client *c, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t sent = send(c->fd, at, len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        at += sent;
        len -= (size_t)sent;
    }
}

static inline void client_say(client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

/* False at the end of the stream. */
static inline bool client_fill(client *c)
{
    assert_true(c->len < sizeof c->data - 1);
    ssize_t got = recv(c->fd, c->data + c->len, sizeof c->data - 1 - c->len, 0);
    if (got <= 0)
        return false;
    c->len += (size_t)got;
    c->data[c->len] = '\0';
    return true;
}

/* Blocks until the server has closed the connection; false if it did not. */
static inline bool client_sees_end(client *c)
{
    char byte;
    return recv(c->fd, &byte, 1, 0) == 0;
}

/* The value of a header, in *out; NULL if absent. */
static inline const char *answer_header(const answer *a, const char *name, char out[256])
{
    size_t len = strlen(name);
    for (const char *line = strstr(a->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " ");
            snprintf(out, 256, "%.*s", (int)strcspn(value, "\r"), value);
            return out;
        }
    }
    return NULL;
}

static inline void answer_expect(const answer *a, const char *name, const char *value)
{
    char text[256];
    assert_non_null(answer_header(a, name, text));
    assert_string_equal(text, value);
}

/* A problem names its request as the header does; then the member is taken out, so that what is left can be
 * foretold. */
static inline void answer_take_instance(answer *a)
{
    char id[256], member[300];
    char *found = strstr(a->body, ",\"instance\":");
    if (!found)
        return;
    answer_header(a, "X-Request-Id", id);
    size_t len = (size_t)snprintf(member, sizeof member, ",\"instance\":\"urn:tallystick:request:%s\"", id);
    assert_memory_equal(found, member, len);
    memmove(found, found + len, strlen(found + len) + 1);
    a->body_len -= len;
}

static inline void client_read(client *c, answer *a, bool head_only)
{
    char *end, number[256];
    memset(a, 0, sizeof *a);
    while (c->len == 0 || !(end = strstr(c->data, "\r\n\r\n"))) {
        if (!client_fill(c))
            return;
    }
    size_t head_len = (size_t)(end - c->data) + 4;
    assert_true(head_len < sizeof a->head);
    memcpy(a->head, c->data, head_len);
    int status = (int)strtol(a->head + strlen("HTTP/1.1 "), NULL, 10);
    if (!head_only && status >= 200 && status != 304 && answer_header(a, "Content-Length", number))
        a->body_len = (size_t)strtoul(number, NULL, 10);
    assert_true(a->body_len <= RIG_BODY_MAX);
    while (c->len < head_len + a->body_len) {
        if (!client_fill(c))
            return;
    }
    memcpy(a->body, c->data + head_len, a->body_len);
    c->len -= head_len + a->body_len;
    memmove(c->data, c->data + head_len + a->body_len, c->len);
    c->data[c->len] = '\0';
    a->status = status;
    answer_take_instance(a);
}

/* The answer to one request on a connection of its own; the caller frees it. */
static inline answer *rig_ask(const rig *r, const void *request, size_t len, bool head_only)
{
    answer *a = malloc(sizeof *a);
    assert_non_null(a);
    client *c = client_open(r);
    client_send(c, request, len);
    client_read(c, a, head_only);
    client_close(c);
    return a;
}

static inline answer *rig_get(const rig *r, const char *target)
{
    char text[12000];
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    return rig_ask(r, text, (size_t)len, false);
}

#endif
