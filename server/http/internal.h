/* What the files of this folder share. A request lies in its own arena, whose memory the next request takes
 * over as soon as the answer is sent: a connection without a request holds neither.
 *
 * Threads: a request belongs to the HTTP thread of its connection, except between http_suspend and
 * http_resume. Only the connection's phase word and the list of connections are touched by the sweeper as
 * well. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "server/base/metrics.h"
#include "server/http/http.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum {
    HTTP_PATH_MAX = 2048,   /* bytes of a request's path */
    HTTP_TARGET_MAX = 8192, /* bytes of path and query together */
    HTTP_SEGMENTS_MAX = 12, /* of a route's path */
    HTTP_QUERY_MAX = 24,    /* of a route */
    HTTP_METHODS = 2,       /* HTTP_GET, HTTP_POST */
    /* A refused body up to this size is read and thrown away before the answer, so that the client, which is
     * still sending, gets to read it: closing a socket with unread bytes resets the connection and may take
     * the answer with it. */
    HTTP_SWALLOW_MAX = 16 * 1024 * 1024,
    /* Of each connection, for request line, headers and one piece of the body, and the answer's head. MHD
     * clears all of it for each request, and the busy connections' shares should fit a core's cache. */
    HTTP_CONNECTION_MEMORY = 24 * 1024,
    HTTP_NOTES_MAX = 8, /* fields that a handler adds to a request's line in the log */
    HTTP_REQUEST_ID_MAX = 64,
};

/* ---- address.c ---- */

typedef struct http_address {
    uint8_t bytes[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d; all zero: unknown */
} http_address;
typedef struct http_address_text {
    char s[46];
} http_address_text;
typedef struct http_network {
    http_address base;
    unsigned bits; /* 0 to 128 */
} http_network;

http_address address_of(const struct sockaddr *from);
bool address_is_known(const http_address *address);
bool address_parse(const char *text, http_address *out) LG_MUST_CHECK;
/* One subscriber has a whole /64 of IPv6, so its first half stands for it. */
http_address address_subscriber(const http_address *address);
/* Its network: the first 24 bits of IPv4, 48 of IPv6. */
http_address address_truncated(const http_address *address);
http_address_text address_format(const http_address *address);
bool network_parse(const char *text, http_network *out) LG_MUST_CHECK;
bool network_holds(const http_network *network, const http_address *address);

/* Connections by address, IPv6 by its first 64 bits. The caller locks. */
enum { ADDRESS_BUCKETS = 1024 };
typedef struct address_count address_count;
typedef struct address_counts {
    address_count *buckets[ADDRESS_BUCKETS];
} address_counts;
/* False, and not counted, if the address has `max` (at least 1) already. */
bool address_enter(address_counts *counts, const http_address *address, unsigned max) LG_MUST_CHECK;
void address_leave(address_counts *counts, const http_address *address);
/* At the end: libmicrohttpd says nothing of connections that it was given and had not begun when it stopped.
 */
void address_forget_all(address_counts *counts);

/* ---- tls.c ---- */

typedef struct tls_certificate tls_certificate;
typedef struct http_connection http_connection;

/* The priorities MHD is given: which versions, ciphers and signatures. */
extern const char tls_priorities[];
/* Chain and key, read, checked and found to belong together. */
lg_err tls_load(const char *certificate_path, const char *key_path, tls_certificate **out,
                lg_report *report) LG_MUST_CHECK;
void tls_free(tls_certificate *certificate);
int64_t tls_expires_s(const tls_certificate *certificate); /* UNIX time; 0 for NULL */
/* Given to MHD: finds the certificate of the session's connection. */
gnutls_certificate_retrieve_function2 tls_retrieve;
/* Makes an accepted connection answer those who speak plain http. */
void tls_begin(http_connection *connection, gnutls_session_t session);

/* ---- profile.c ---- */

/* Settings as they are used; shared by the connections that began under them. */
typedef struct http_profile {
    atomic_uint users;
    unsigned connections_max, connections_per_address_max, deadline_ms, idle_ms;
    tls_certificate *certificate; /* NULL: no https */
    char hsts[48];                /* "": not told */
    http_network *trusted;
    size_t trusted_count;
    http_network *exempt;
    size_t exempt_count;
    http_logged_address logged_address;
} http_profile;

lg_err profile_open(const http_settings *settings, http_profile **out, lg_report *report) LG_MUST_CHECK;
/* One user less; the last one frees it. */
void profile_drop(http_profile *profile);
bool profile_exempts(const http_profile *profile, const http_address *address);
bool profile_trusts(const http_profile *profile, const http_address *address);

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

struct http_connection {
    struct http_connection *previous, *next; /* the sweeper's list, under its lock */
    int fd;                                  /* MHD's; open for as long as the connection is in the list */
    bool tls, tls_begun;                     /* begun: the first byte has been looked at */
    bool trusted;                            /* comes from a trusted proxy */
    http_address peer;
    http_profile *profile;  /* one use of it */
    _Atomic uint64_t state; /* http_phase, and above it the millisecond at which it ends */
    http_request *request;  /* owned; NULL before the first */
};

typedef struct http_deadlines {
    pthread_mutex_t lock; /* guards the list and `stop` */
    pthread_cond_t wake;
    pthread_t sweeper;
    http_connection *first;
    unsigned interval_ms;      /* between looks */
    uint64_t drain_ms, cut_ms; /* when that began; 0: not yet */
    bool stop;
} http_deadlines;

lg_err deadline_open(http_deadlines *deadlines, const http_profile *profile) LG_MUST_CHECK;
void deadline_close(http_deadlines *deadlines);
/* Looks as often as these settings need from now on. */
void deadline_follow(http_deadlines *deadlines, const http_profile *profile);
/* From now on connections without a request are cut soon. */
void deadline_drain(http_deadlines *deadlines);
/* From now on all are cut but those whose answer is being made or sent. */
void deadline_cut(http_deadlines *deadlines);
void deadline_watch(http_deadlines *deadlines, http_connection *connection);
/* Before MHD closes the socket: afterwards its number may belong to another connection. */
void deadline_forget(http_deadlines *deadlines, http_connection *connection);
/* Enters a phase; answer_len counts for PHASE_SENDING. False if the sweeper has cut the connection: send
 * nothing more. */
bool deadline_enter(http_connection *connection, http_phase phase, size_t answer_len);

/* Bytes of a streamed body came. One that keeps coming may last as long as it takes: every BODY_BYTES_PER_MS
 * bytes earn it a millisecond, up to a whole deadline ahead. A slow drip earns less than it uses up. */
bool deadline_earn(http_connection *connection, uint64_t before, uint64_t len);
/* We make the client wait: what is left of its time is put aside, and given back. */
uint64_t deadline_pause(http_connection *connection);
bool deadline_go_on(http_connection *connection, uint64_t left_ms);

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
    bool sink_open;         /* route->sink began and is owed an end */
    bool paused;            /* the sink has no room; counted in the server's `running` */
    uint64_t left_ms;       /* of the deadline, while paused */
    uint64_t sunk;          /* bytes of the body that the sink took */
    http_handler finish;
    void *data;
    void (*gone)(void *data); /* owed while suspended; NULL: nothing is */
    http_header_line *headers;
    http_address client; /* behind proxies that are trusted */
    bool secure;         /* the client speaks https, with us or such a proxy */
    char id[HTTP_REQUEST_ID_MAX + 1];
    /* For the log. Moments are monotonic, in microseconds; 0: did not come. */
    int64_t begun_us, complete_us, answered_us;
    int status;        /* of the answer; 0: none */
    lg_err problem;    /* that it tells of */
    size_t answer_len; /* bytes of its body */
    log_field notes[HTTP_NOTES_MAX];
    size_t note_count;
};

/* The callbacks given to MHD; `server` is their context, the http_worker that of request_on_connection. */
void *request_on_line(void *server, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_on_data(void *server, struct MHD_Connection *mhd, const char *url, const char *method,
                                const char *version, const char *data, size_t *data_len, void **request);
void request_on_completed(void *server, struct MHD_Connection *mhd, void **request,
                          enum MHD_RequestTerminationCode code);
void request_on_connection(void *worker, struct MHD_Connection *mhd, void **connection,
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
typedef enum {
    STATS_ACCEPTED,     /* a connection was */
    STATS_OVER_ADDRESS, /* one was closed at once: its address has as many as it may */
    STATS_SHORTAGE,     /* none could be: descriptors or memory have run out */
    STATS_CONNECTION_EVENTS
} stats_connection_event;
void stats_connection(http_stats *stats, stats_connection_event event);

/* ---- forwarded.c ---- */

/* What trusted proxies say of the client: its address, https or not, the request's id. */
void forwarded_read(http_request *request);

/* ---- listen.c ---- */

typedef struct http_listener {
    int fd;
    bool tls;
    uint16_t port;
    char url[80];
} http_listener;

enum { HTTP_LISTENERS_MAX = 64 };

typedef struct http_listeners {
    http_listener list[HTTP_LISTENERS_MAX];
    size_t count;
    bool inherited; /* passed to us: others will use them after us */
} http_listeners;

/* The inherited sockets, or else those of `listen`. On failure none is open. */
lg_err listeners_open(http_listeners *listeners, const http_config *config, lg_report *report) LG_MUST_CHECK;
void listeners_close(http_listeners *listeners);

/* ---- server.c ---- */

/* One thread of MHD, with the connections it was given. */
typedef struct http_worker {
    http_server *server;
    struct MHD_Daemon *daemon;
    bool tls;
    atomic_uint connections;
} http_worker;

struct http_server {
    http_config config; /* what is not in the profile */
    http_router *router;
    http_deadlines deadlines;
    http_stats *stats;
    http_listeners listeners;
    http_worker *workers;
    size_t worker_count;
    pthread_t acceptor;
    int wake_fd; /* eventfd: the acceptor shall look up */
    atomic_bool draining, stopping;
    atomic_uint connections;
    _Atomic int64_t certificate_expires_s; /* 0: no https */
    atomic_size_t body_bytes;              /* held by bodies of all requests */
    atomic_uint running;                   /* requests given to a handler and not yet completed */
    pthread_mutex_t lock;                  /* guards what follows */
    http_profile *profile;                 /* for new connections; one use of it */
    address_counts addresses;
    pthread_cond_t drained;
};

/* ---- accept.c ---- */

lg_err accept_open(http_server *server, lg_report *report) LG_MUST_CHECK;
/* Takes what has connected already, then ends the thread. */
void accept_close(http_server *server);
/* Takes the socket: to the worker, or closed if the address `from` has as many as it may. */
bool accept_give(http_worker *worker, int fd, const struct sockaddr *from, socklen_t len);
/* On the worker's thread, when MHD starts and ends a connection. */
http_connection *accept_begin(http_worker *worker, struct MHD_Connection *mhd);
void accept_end(http_worker *worker, http_connection *connection);

/* Counts a request in; false if the server is stopping (it is counted all the same). */
bool server_enter(http_server *server);
void server_leave(http_server *server);

#endif
