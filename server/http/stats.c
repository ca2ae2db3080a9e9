/* What the HTTP layer counts: requests by route and class of status, how long they took by group of routes,
 * problems by type. Each request costs a few additions to memory of its own; nothing waits for another
 * thread. */
#include "server/http/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_CLASSES = 5, NAME_MAX_LEN = 40 };

static const int64_t us_bounds[] = {100,   250,    500,    1000,   2500,    5000,    10000,   25000,
                                    50000, 100000, 250000, 500000, 1000000, 2500000, 10000000};

/* The routes whose paths share their first words, such as all below /v1/claims; those without a path that
 * matched: "none". */
typedef struct group {
    char name[NAME_MAX_LEN];
    http_method method;
    lg_histogram duration_us;
} group;

typedef struct route_stats {
    metrics_counter by_class[STATUS_CLASSES]; /* 1xx to 5xx */
    group *group;
} route_stats;

struct http_stats {
    const http_route *routes;
    size_t route_count, group_count;
    group *groups; /* one a route at most */
    metrics_counter unrouted[STATUS_CLASSES];
    metrics_counter problems[LG_ERROR_COUNT];
    metrics_counter unanswered, body_bytes, answer_bytes;
    metrics_counter connections[STATS_CONNECTION_EVENTS];
    route_stats by_route[];
};

/* "/v1/claims/{id}/split" is of the group "claims", "/tile/{rest*}" of "tile". */
static void name_group(const char *path, char out[NAME_MAX_LEN])
{
    if (strncmp(path, "/v1/", 4) == 0)
        path += 3;
    size_t len = strcspn(path + 1, "/.");
    len = len < NAME_MAX_LEN ? len : NAME_MAX_LEN - 1;
    memcpy(out, path + 1, len);
    out[len] = '\0';
}

static group *find_group(http_stats *stats, const http_route *route)
{
    char name[NAME_MAX_LEN];
    name_group(route->path, name);
    for (size_t i = 0; i < stats->group_count; i++) {
        if (stats->groups[i].method == route->method && strcmp(stats->groups[i].name, name) == 0)
            return &stats->groups[i];
    }
    group *made = &stats->groups[stats->group_count++];
    *made = (group){.method = route->method, .duration_us = LG_HISTOGRAM_OF(us_bounds)};
    memcpy(made->name, name, sizeof name);
    return made;
}

http_stats *stats_open(const http_route *routes, size_t route_count)
{
    http_stats *stats = calloc(1, sizeof *stats + route_count * sizeof stats->by_route[0]);
    if (stats)
        stats->groups = calloc(route_count + 1, sizeof *stats->groups);
    if (!stats || !stats->groups)
        lg_die("out of memory");
    stats->routes = routes;
    stats->route_count = route_count;
    for (size_t i = 0; i < route_count; i++)
        stats->by_route[i].group = find_group(stats, &routes[i]);
    return stats;
}

void stats_close(http_stats *stats)
{
    if (stats)
        free(stats->groups);
    free(stats);
}

void stats_count(http_stats *stats, const http_request *request)
{
    route_stats *route = request->route ? &stats->by_route[request->route - stats->routes] : NULL;
    if (!request->status) {
        metrics_add(&stats->unanswered, 1);
        return;
    }
    metrics_add(&(route ? route->by_class : stats->unrouted)[request->status / 100 - 1], 1);
    if (request->problem)
        metrics_add(&stats->problems[request->problem], 1);
    metrics_add(&stats->body_bytes, (int64_t)request->body_len);
    metrics_add(&stats->answer_bytes, (int64_t)request->answer_len);
    if (route && request->complete_us)
        lg_histogram_add(&route->group->duration_us, request->answered_us - request->complete_us);
}

void stats_connection(http_stats *stats, stats_connection_event event)
{
    metrics_add(&stats->connections[event], 1);
}

/* ---- telling ---- */

static const char *method_name(http_method method)
{
    return method == HTTP_GET ? "GET" : "POST";
}

static void put_classes(lg_buf *buf, const char *method, const char *route, const metrics_counter *by_class)
{
    char labels[256];
    for (int class = 0; class < STATUS_CLASSES; class ++) {
        int64_t count = metrics_get(&by_class[class]);
        if (count == 0)
            continue;
        snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\",status=\"%dxx\"", method, route,
                 class + 1);
        metrics_sample(buf, "tallystick_http_requests_total", labels, count);
    }
}

static void put_durations(const http_stats *stats, lg_buf *buf)
{
    char labels[128];
    metrics_family(buf, "tallystick_http_request_duration_seconds", "histogram",
                   "From the last byte of a request to the first of its answer, by groups of routes that "
                   "were asked for.");
    for (size_t i = 0; i < stats->group_count; i++) {
        const group *g = &stats->groups[i];
        if (metrics_get(&g->duration_us.sum) == 0)
            continue;
        snprintf(labels, sizeof labels, "method=\"%s\",group=\"%s\"", method_name(g->method), g->name);
        metrics_histogram(buf, "tallystick_http_request_duration_seconds", labels, &g->duration_us, 1000000);
    }
}

/* Those that an alarm may wait for are told from the start, the others once there are any. */
static void put_problems(const http_stats *stats, lg_buf *buf)
{
    char labels[128];
    metrics_family(buf, "tallystick_http_problems_total", "counter",
                   "Answers that tell of a problem, by its type.");
    for (int err = LG_OK + 1; err < LG_ERROR_COUNT; err++) {
        int64_t count = metrics_get(&stats->problems[err]);
        if (count == 0 && lg_err_kind((lg_err)err) == LG_KIND_CALLER)
            continue;
        snprintf(labels, sizeof labels, "problem=\"%s\"", lg_err_slug((lg_err)err));
        metrics_sample(buf, "tallystick_http_problems_total", labels, count);
    }
}

static void put_connections(const http_server *server, lg_buf *buf)
{
    const http_stats *stats = server->stats;
    metrics_one(buf, "tallystick_http_connections", "gauge", "Open connections.",
                (int64_t)http_server_connections(server));
    metrics_one(buf, "tallystick_http_connections_accepted_total", "counter",
                "Connections that were accepted.", metrics_get(&stats->connections[STATS_ACCEPTED]));
    metrics_family(buf, "tallystick_http_connections_refused_total", "counter",
                   "Connections closed at once because their address has as many as it may (address), and "
                   "times that none "
                   "could be accepted for want of descriptors or memory (shortage).");
    metrics_sample(buf, "tallystick_http_connections_refused_total", "reason=\"address\"",
                   metrics_get(&stats->connections[STATS_OVER_ADDRESS]));
    metrics_sample(buf, "tallystick_http_connections_refused_total", "reason=\"shortage\"",
                   metrics_get(&stats->connections[STATS_SHORTAGE]));
}

void http_server_metrics(const http_server *server, lg_buf *buf)
{
    const http_stats *stats = server->stats;
    metrics_family(buf, "tallystick_http_requests_total", "counter",
                   "Requests that were answered, by method, route and class of status (GET includes HEAD).");
    for (size_t i = 0; i < stats->route_count; i++)
        put_classes(buf, method_name(stats->routes[i].method), stats->routes[i].path,
                    stats->by_route[i].by_class);
    put_classes(buf, "any", "none", stats->unrouted);
    put_durations(stats, buf);
    put_connections(server, buf);
    put_problems(stats, buf);
    metrics_one(buf, "tallystick_http_unanswered_total", "counter",
                "Requests whose client was gone, or was cut off, before there was an answer.",
                metrics_get(&stats->unanswered));
    metrics_one(buf, "tallystick_http_request_body_bytes_total", "counter", "Bytes of bodies received.",
                metrics_get(&stats->body_bytes));
    metrics_one(buf, "tallystick_http_answer_body_bytes_total", "counter", "Bytes of bodies sent.",
                metrics_get(&stats->answer_bytes));
    metrics_one(buf, "tallystick_http_requests_in_flight", "gauge",
                "Requests received whole and not yet sent an answer.",
                (int64_t)atomic_load(&server->running));
    metrics_one(buf, "tallystick_tls_certificate_expiry_timestamp_seconds", "gauge",
                "When the certificate of https expires; 0 without https.",
                atomic_load(&server->certificate_expires_s));
}
