/* What time does: receivables, transfers, financing requests and financings past their deadlines lapse, and
 * claims fall due, overdue and into default, by commands the operator's own key signs. */
#ifndef SERVICE_SWEEPER_H
#define SERVICE_SWEEPER_H

#include "server/api/api.h"

enum { SWEEP_EVERY_SECONDS = 60 };

typedef struct sweep_result {
    int64_t lapsed, aged, failed; /* aged: steps of claims */
    lg_err err;                   /* LG_OK, or why the sweep could not go on */
} sweep_result;

/* Starts the thread, which sweeps at once and then every SWEEP_EVERY_SECONDS. */
lg_err sweeper_open(api_context *api, sweeper **out) LG_MUST_CHECK;
/* Ends the thread; a sweep under way is finished. Requests still waiting are answered LG_STOPPING. */
void sweeper_close(sweeper *sweeper);

/* A sweep someone asked for; lives in the asker's arena. */
typedef struct sweep_request {
    sweep_result result;
    void (*done)(struct sweep_request *request); /* on the sweeper's thread */
    void *owner;
    struct sweep_request *next;
} sweep_request;
/* Of all sweeps since the start; any thread. */
typedef struct sweeper_stats {
    int64_t done, cut_short; /* sweeps */
    int64_t lapsed, aged, failed;
    lg_time last_at; /* when the last one that was done ended */
} sweeper_stats;
sweeper_stats sweeper_get_stats(sweeper *sweeper);
/* LG_STOPPING when closing. */
lg_err sweeper_ask(sweeper *sweeper, sweep_request *request) LG_MUST_CHECK;

#endif
