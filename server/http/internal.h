/* What the files of this folder share. One connection has one request object with one arena, made at its
 * first request and used again for the next ones, so that a request on a kept connection costs no allocation
 * but its body and its answer.
 *
 * Threads: a request belongs to the HTTP thread of its connection, except between http_suspend and
 * http_resume. Only the connection's phase word and the list of connections are touched by the sweeper as
 * well. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "server/base/metrics.h"
#include "server/http/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    HTTP_PATH_MAX = 2048,   /* bytes of a request's path */
    HTTP_TARGET_MAX = 8192, /* bytes of path and query together */
    HTTP_SEGMENTS_MAX = 12, /* of a route's path */
    HTTP_QUERY_MAX = 24,    /* of a route */
    HTTP_METHODS = 2,       /* HTTP_GET, HTTP_POST */
    HTTP_NOTES_MAX = 8,     /* fields that a handler adds to a request's line in the log */
};

/* ---- deadline.c ---- */

/* Where a connection is, and so which limit it runs against. */
typedef enum {
    PHASE_OPEN,      /* accepted, no request line yet: deadline */
    PHASE_RECEIVING, /* from the request line to the last byte of the body: deadline */
    PHASE_WORKING,   /* the handler's or the writer's time: no limit of the client's */
    PHASE_SENDING,   /* the client reads the answer: deadline, more for long answers */
    PHASE_IDLE,      /* kept alive between requests: idle limit */
    PHASE_CUT,       /* shut down by the sweeper; final */
} http_phase;

typedef struct http_connection {
    struct http_connection *previous, *next; /* the sweeper's list, under its lock */
    int fd;                                  /* MHD's; open for as long as the connection is in the list */
    _Atomic uint64_t state;                  /* http_phase, and above it the millisecond at which it ends */
    http_request *request;                   /* owned; NULL before the first */
} http_connection;

typedef struct http_deadlines {
    pthread_mutex_t lock; /* guards the list and `stop` */
    pthread_cond_t wake;
    pthread_t sweeper;
    http_connection *first;
    unsigned deadline_ms, idle_ms;
    bool stop;
} http_deadlines;

lg_err deadline_open(http_deadlines *deadlines, unsigned deadline_ms, unsigned idle_ms) LG_MUST_CHECK;
void deadline_close(http_deadlines *deadlines);
void deadline_watch(http_deadlines *deadlines, http_connection *connection);
/* Before MHD closes the socket: afterwards its number may belong to another connection. */
void deadline_forget(http_deadlines *deadlines, http_connection *connection);
/* Enters a phase; answer_len counts for PHASE_SENDING. False if the sweeper has cut the connection: send
 * nothing more. */
bool deadline_enter(http_deadlines *deadlines, http_connection *connection, http_phase phase,
                    size_t answer_len);

/* ---- router.c ---- */

typedef struct http_match {
    const http_route *route;    /* NULL: no route */
    bool allowed[HTTP_METHODS]; /* methods this path takes */
    size_t param_count;         /* of the route */
    lg_bytes names[HTTP_PARAMS_MAX];
    lg_bytes values[HTTP_PARAMS_MAX]; /* as sent, within `path` */
} http_match;

/* `method` NULL: one that no route has. */
void router_match(const http_router *router, const http_method *method, const char *path, http_match *out);

/* ---- query.c ---- */

/* Decodes %XX, and + to a blank if `plus`. NULL if an escape is malformed or the result is not UTF-8 without
 * NUL. */
char *query_decode(lg_arena *arena, lg_bytes text, bool plus);
/* Puts each parameter of `text` (behind the ?) at its name's place in `values`. LG_BAD_QUERY, naming the
 * parameter, otherwise. */
lg_err query_parse(const char *text, const char *const *names, const char **values,
                   lg_report *report) LG_MUST_CHECK;

/* ---- request.c ---- */

typedef enum { STAGE_HEADERS, STAGE_BODY, STAGE_RUNNING, STAGE_SUSPENDED, STAGE_ANSWERED } http_stage;

typedef struct http_header_line {
    const char *name, *value;
    struct http_header_line *next;
} http_header_line;

struct http_request {
    http_server *server;
    http_connection *connection;
    struct MHD_Connection *mhd;
    lg_arena *arena;
    lg_report report;
    http_stage stage;
    lg_err refusal;       /* found wrong before the body was read; answered behind it */
    bool counted;         /* in the server's `running` */
    bool last;            /* the connection ends with this answer */
    const char *line_end; /* where the HTTP version follows the target in MHD's memory */
    size_t target_len;
    const char *method;      /* as sent, for log lines */
    const char *path;        /* as sent */
    const char *query_text;  /* "" if none */
    const http_route *route; /* NULL until routed */
    size_t param_count;
    lg_bytes param_names[HTTP_PARAMS_MAX];
    const char *params[HTTP_PARAMS_MAX];
    const char *query[HTTP_QUERY_MAX]; /* in the order of route->query */
    const char *media_type;            /* NULL if the request names none */
    char *body;                        /* malloc'ed */
    size_t body_len, body_cap;
    uint64_t body_expected; /* Content-Length; 0 if absent */
    http_handler finish;
    void *data;
    http_header_line *headers;
    char id[17];
    /* For the log. Moments are monotonic, in microseconds; 0: did not come. */
    int64_t begun_us, complete_us, answered_us;
    int status;        /* of the answer; 0: none */
    lg_err problem;    /* that it tells of */
    size_t answer_len; /* bytes of its body */
    log_field notes[HTTP_NOTES_MAX];
    size_t note_count;
};

/* The callbacks given to MHD; `server` is their context. */
void *request_on_line(void *server, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_on_data(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
                                const char *version, const char *data, size_t *data_len, void **request);
void request_on_completed(void *server, struct MHD_Connection *mhd, void **request,
                          enum MHD_RequestTerminationCode code);
void request_on_connection(void *server, struct MHD_Connection *mhd, void **connection,
                           enum MHD_ConnectionNotificationCode code);

/* ---- answer.c ---- */

/* Takes the response, of `len` bytes. When it cannot be queued the request stays unanswered and its
 * connection is closed. */
http_result answer_queue(http_request *request, int status, const char *content_type,
                         struct MHD_Response *response, size_t len) LG_MUST_CHECK;

/* ---- check.c ---- */

/* Everything that can be refused before the body is read; on LG_OK the request is routed. `now` is set if the
 * body's framing cannot be trusted, or the client waits for leave to send it: then the answer must not wait
 * for the body. */
lg_err check_request(http_request *request, const char *version, bool *now) LG_MUST_CHECK;

/* ---- access.c ---- */

/* A fault of ours, or of a handler, in this request. why: an error's slug, or NULL; detail: NULL, or a
 * sentence of ours. */
void access_fault(const http_request *request, const char *message, const char *why, const char *detail);
/* The request is over: its line. */
void access_log(const http_request *request);

/* ---- stats.c ---- */

typedef struct http_stats http_stats;
http_stats *stats_open(const http_route *routes, size_t route_count); /* borrowed, static */
void stats_close(http_stats *stats);                                  /* NULL is fine */
/* The request is over. */
void stats_count(http_stats *stats, const http_request *request);

/* ---- server.c ---- */

struct http_server {
    http_config config; /* defaults filled in */
    http_router *router;
    http_deadlines deadlines;
    struct MHD_Daemon *daemon;
    http_stats *stats;
    int listen_fd;
    uint16_t port;
    atomic_bool stopping;
    atomic_size_t body_bytes; /* held by bodies of all requests */
    atomic_uint running;      /* requests given to a handler and not yet completed */
    pthread_mutex_t lock;
    pthread_cond_t drained;
};

/* Counts a request in; false if the server is stopping (it is counted all the same). */
bool server_enter(http_server *server);
void server_leave(http_server *server);

#endif
