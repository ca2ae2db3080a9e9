/* The HTTP layer: libmicrohttpd behind a static route table. Nothing else in the program includes
 * microhttpd.h.
 *
 * A request is read whole (within its route's limit), then its handler runs on the HTTP thread and either
 * answers or suspends. A suspended request is resumed by another thread (the writer, after commit), and its
 * `finish` function then answers, again on an HTTP thread. Limits on everything a client controls live here:
 * header size, body size, connections in all and per address, and a total deadline per request that slow
 * drips cannot restart. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "ledger/base/buf.h"
#include "server/base/log.h"
#include "server/language/language.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct http_request http_request;
typedef struct http_server http_server;

/* What a handler returns; must not be dropped, so that a handler that forgets to answer does not compile
 * cleanly. */
typedef enum { HTTP_ANSWERED, HTTP_SUSPENDED } http_result;

typedef http_result (*http_handler)(http_request *request);

typedef enum { HTTP_GET, HTTP_POST } http_method; /* HEAD is served from GET */

/* A route that takes its body as it comes, instead of whole: for bodies that are long, or of no known length.
 * All of it is called on the HTTP thread and must not block. */
typedef struct http_body_sink {
    /* Once the headers were found in order. An error refuses the request, and nothing else is called. */
    lg_err (*begin)(http_request *request);
    /* Takes some of the bytes. If not all, the client has to wait: await_room is called next, and calls
     * http_resume when there is room, from any thread or at once. */
    size_t (*take)(http_request *request, const char *data, size_t len);
    void (*await_room)(http_request *request);
    /* The rest will not come; the handler is not called. */
    void (*abandon)(http_request *request);
} http_body_sink;

/* One line of the static route table. Path segments in braces are parameters ("/v1/claims/{id}/split"); a
 * last segment "{rest*}" takes the whole remainder. */
typedef struct http_route {
    http_method method;
    const char *path;
    http_handler handler;
    size_t body_max;            /* bytes; 0 for GET */
    const char *const *types;   /* accepted media types, NULL-terminated; NULL for GET */
    const char *const *query;   /* accepted query parameters, NULL-terminated; NULL: none */
    const void *arg;            /* for handlers that serve several routes */
    bool quiet;                 /* asked all the time: its requests are logged at LOG_DEBUG */
    const http_body_sink *sink; /* takes the body; NULL: http_body has it whole */
} http_route;

/* Of a client's address, in its requests' lines of the log: it is personal data. */
typedef enum {
    HTTP_ADDRESS_OFF,       /* nothing */
    HTTP_ADDRESS_TRUNCATED, /* its network: IPv4 /24, IPv6 /48 */
    HTTP_ADDRESS_FULL
} http_logged_address;

/* What http_server_reload may change. A connection lives under the settings it began with. */
typedef struct http_settings {
    unsigned connections_max;             /* 0: 1024 */
    unsigned connections_per_address_max; /* 0: 512; trusted proxies are free of it */
    unsigned deadline_ms;                 /* to send a request, and to read its answer; 0: 30,000 */
    unsigned idle_ms;                     /* keep-alive without a request; 0: 60,000 */
    const char *tls_certificate;        /* PEM file, the chain with the server's own first; NULL: no https */
    const char *tls_key;                /* PEM file that others cannot read */
    unsigned hsts_max_age_s;            /* told on https (RFC 6797); 0: not */
    const char *const *trusted_proxies; /* addresses or networks whose X-Forwarded-… and X-Request-Id count */
    size_t trusted_proxy_count;
    const char *const *exempt; /* networks of which http_client_is_exempt is true */
    size_t exempt_count;
    http_logged_address logged_address;
} http_settings;

/* A listening socket that another process opened (systemd). */
typedef struct http_inherited {
    int fd; /* taken */
    bool tls;
    bool ours; /* of http_listen: closed when nothing more is accepted, as nobody else has it */
} http_inherited;
/* Listens at an address (http_config.listen) ahead of the server: for ports that only root may have. tls:
 * whether an address without a scheme is https. */
lg_err http_listen(const char *text, bool tls, http_inherited *out, lg_report *report) LG_MUST_CHECK;

typedef struct http_config {
    /* "127.0.0.1:8080", "https://[::1]:0"; port 0 chooses a free one. Without a scheme it is https if there
     * is a certificate. */
    const char *const *listen;
    size_t listen_count;
    const http_inherited *inherited; /* if there are any, they are used instead of `listen` */
    size_t inherited_count;
    unsigned threads; /* 0: one per core */
    http_settings settings;
    const http_route *routes; /* borrowed, static */
    size_t route_count;
    void *context; /* http_context() gives it to handlers */
    /* Asked once a request's headers are read, before its body is; NULL: all are admitted. An error refuses
     * it. The route may be NULL. */
    lg_err (*admit)(http_request *request);
    /* Told of each problem that is answered; may be NULL. */
    void (*on_problem)(http_request *request, lg_err err);
    logger *log; /* borrowed; may be NULL */
} http_config;

lg_err http_server_open(const http_config *config, http_server **out, lg_report *report) LG_MUST_CHECK;
/* Whether a server would take them: reads the certificate. */
lg_err http_settings_check(const http_settings *settings, lg_report *report) LG_MUST_CHECK;
/* All of the new settings, or, after an error, none. */
lg_err http_server_reload(http_server *server, const http_settings *settings,
                          lg_report *report) LG_MUST_CHECK;
size_t http_server_listener_count(const http_server *server);
/* "https://127.0.0.1:8443": as it listens, with the port chosen. */
const char *http_server_url(const http_server *server, size_t listener);
uint16_t http_server_port(const http_server *server); /* of the first listener */

/* Stopping, in three steps, all by one thread:
 * quiesce: nothing more is accepted; each open connection ends with its next answer, or when it stays idle;
 * cut:     requests are answered 503 stopping, downloads end, clients that are slow are cut;
 * close:   cut, then waits until every suspended request has been resumed and its answer sent. */
void http_server_quiesce(http_server *server);
size_t http_server_connections(const http_server *server);
void http_server_cut(http_server *server);
void http_server_close(http_server *server);
/* What it has counted since it was opened (server/base/metrics.h). */
void http_server_metrics(const http_server *server, lg_buf *buf);

/* Do all threads answer? Asks each of them, waiting at most timeout_ms in all. */
bool http_server_is_alive(http_server *server, unsigned timeout_ms);

/* What a setting may say. */
bool http_listen_is_valid(const char *text);
bool http_network_is_valid(const char *text); /* "10.0.0.0/8", "::1" */

/* ---- inside a handler ---- */
void *http_context(const http_request *request);
const http_server *http_server_of(const http_request *request);
lg_arena *http_arena(const http_request *request); /* lives until the answer is sent */
lg_report *http_report(http_request *request);     /* for lg_fail; http_answer_problem sends it */
const http_route *http_route_of(const http_request *request);
const char *http_path(const http_request *request); /* without query, as sent */
/* A path parameter of the route, percent-decoded UTF-8; never NULL. */
const char *http_param(const http_request *request, const char *name);
const char *http_query(const http_request *request, const char *name);  /* decoded; NULL if absent */
const char *http_header(const http_request *request, const char *name); /* NULL if absent */
/* The client's address as a key: IPv4 as ::ffff:a.b.c.d, of IPv6 the first 64 bits, which one subscriber has.
 */
void http_client_subscriber(const http_request *request, uint8_t out[16]);
bool http_client_is_exempt(const http_request *request);  /* http_settings.exempt names it */
const char *http_media_type(const http_request *request); /* of the body, lower case, without parameters */
lg_bytes http_body(const http_request *request);
const char *http_request_id(const http_request *request); /* ours, or that of a trusted proxy */
/* The client's address: the connection's, or behind trusted proxies the one they tell. In the arena. */
const char *http_client_address(const http_request *request);
/* Adds a field to the request's line in the log: for ids that the registry made, and numbers (see log.h).
 * Text is copied; beyond HTTP_NOTES_MAX fields there is no room, and no harm. */
void http_note(http_request *request, log_field field);
language http_language(const http_request *request); /* what Accept-Language asks for */

/* ---- answering: each returns HTTP_ANSWERED and may be called once, on the HTTP thread only. Bodies are
 * copied or taken before they return. ---- */
/* Titles and details of JSON answers, and of problems below, are put into the language asked for. */
http_result http_answer_json(http_request *request, int status, lg_buf *body_take) LG_MUST_CHECK;
http_result http_answer_text(http_request *request, int status, const char *content_type,
                             lg_bytes body) LG_MUST_CHECK;
/* The same without a copy. */
http_result http_answer_bytes(http_request *request, int status, const char *content_type,
                              lg_buf *body_take) LG_MUST_CHECK;
/* The body must outlive every answer of the process. */
http_result http_answer_static(http_request *request, int status, const char *content_type,
                               lg_bytes body) LG_MUST_CHECK;
/* The whole of a file, which is closed after it was sent. */
http_result http_answer_file(http_request *request, int status, const char *content_type,
                             int fd_take) LG_MUST_CHECK;
/* The next piece of a streamed body into the empty `out`; nothing at the end. Called on the HTTP thread each
 * time the client has taken the piece before, so that no more than one is held. After an error the connection
 * is closed in the middle, which the client tells by the last chunk that is missing. */
typedef lg_err (*http_produce)(void *stream, lg_buf *out);
/* A body of any length, in constant memory. stream_take goes to `release` in every case, on any HTTP thread
 * and perhaps after the request is gone. */
http_result http_answer_stream(http_request *request, int status, const char *content_type,
                               http_produce produce, void (*release)(void *stream),
                               void *stream_take) LG_MUST_CHECK;
/* RFC 9457 problem for err; detail and errors[] from the report. Extra members (JSON text ",…" without
 * braces) may be NULL. */
http_result http_answer_problem(http_request *request, lg_err err, const char *extra_members) LG_MUST_CHECK;
/* The same of a problem document that is written already. */
http_result http_answer_refusal(http_request *request, int status, lg_buf *body_take) LG_MUST_CHECK;
/* A header of the answer to come; of two with one name the later counts. */
void http_set_header(http_request *request, const char *name, const char *value);
/* Sets ETag (each language has its own), and Cache-Control to "private, no-cache" unless set before; true if
 * If-None-Match names it: the caller then returns http_answer_not_modified. */
bool http_etag_matches(http_request *request, const char *etag_without_quotes);
http_result http_answer_not_modified(http_request *request) LG_MUST_CHECK;

/* ---- suspending: http_suspend, then hand the request to another thread, then return HTTP_SUSPENDED. ---- */
http_result http_suspend(http_request *request, http_handler finish) LG_MUST_CHECK;
void http_resume(http_request *request);               /* from any thread, exactly once */
void http_set_data(http_request *request, void *data); /* the handler's own, for finish */
void *http_data(const http_request *request);
/* Takes the data back if the client goes before finish runs: MHD then ends the request without asking. */
void http_on_gone(http_request *request, void (*gone)(void *data));

/* ---- router.c: where a request goes; also for those that came inside another one ---- */
typedef struct http_router http_router;
/* LG_INTERNAL with a detail if the table itself is wrong. The routes are borrowed. */
lg_err router_open(const http_route *routes, size_t count, http_router **out,
                   lg_report *report) LG_MUST_CHECK;
void router_close(http_router *router); /* NULL is fine */

enum { HTTP_PARAMS_MAX = 6 }; /* of a route */
typedef struct http_target {
    const http_route *route;
    size_t param_count;
    lg_bytes names[HTTP_PARAMS_MAX];
    const char *params[HTTP_PARAMS_MAX]; /* decoded, in the arena */
} http_target;
/* The route of `path`, which has no query. False if there is none. */
bool router_find(const http_router *router, lg_arena *arena, http_method method, const char *path,
                 http_target *out) LG_MUST_CHECK;
const char *http_target_param(const http_target *target, const char *name); /* NULL if it has none */

/* ---- problem.c: the one table from errors to statuses ---- */
int http_status_of(lg_err err);
const char *http_problem_type(lg_arena *arena, lg_err err); /* "urn:tallystick:problem:<slug>" */
/* The problem as JSON text, also for results inside a list. */
void http_problem_json(lg_buf *buf, lg_err err, const lg_report *report, const char *extra_members);

#endif
