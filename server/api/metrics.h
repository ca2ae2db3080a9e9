/* What the API counts, and GET /metrics, which gathers the figures of the whole service. */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "server/api/api.h"
#include "server/base/metrics.h"

typedef enum {
    API_ACCEPTED, /* recorded, also what the gateway holds */
    API_REPLAYED, /* answered again: the same command was accepted before */
    API_REJECTED, /* recorded as rejected by the gateway */
    API_REFUSED,  /* the caller's fault; nothing recorded */
    API_RETRY,    /* the caller may try again; nothing recorded */
    API_FAILED,   /* a fault of ours; nothing recorded */
    API_RESULTS
} api_result;

struct api_counters {
    metrics_counter commands[LG_CMD_COUNT][API_RESULTS];
};

/* One command is done with: err, or, if that is LG_OK, recorded with this status, or replayed. Once for each
 * command, also for each of a batch. */
void api_count_command(api_context *api, lg_command_type type, lg_err err, bool replayed, int status);

/* The routes of the listener for machines that watch: /metrics without a token, and health. */
extern const http_route api_watch_routes[];
extern const size_t api_watch_route_count;

#endif
