/* What the files of `serve` share. */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "server/api/api.h"
#include "server/api/limits.h"
#include "server/api/metrics.h"
#include "server/service/config.h"
#include "server/verifier/verifier.h"

#include <stdatomic.h>

enum { SERVICE_INHERITED_MAX = 16 };

typedef struct service {
    api_context api;
    lg_arena *arena;
    server_config *config;  /* of the start: what opening was given borrows from it */
    server_config *current; /* of the last reload, or the same */
    struct api_counters counters;
    struct api_limits limits;
    http_server *watch; /* for machines that watch; NULL: there is none */
    verifier *verifier;
    http_inherited inherited[SERVICE_INHERITED_MAX]; /* listening sockets that systemd opened */
    size_t inherited_count;
    atomic_bool broken; /* the ledger refuses further work */
} service;

/* serve.c */
lg_err service_open_log(service *s) LG_MUST_CHECK;
http_settings service_http_settings(const server_config *config);
void service_limit_rules(const server_config *config, limit_rule out[LIMIT_COUNT]);
/* After a failure too, service_close follows. */
lg_err service_open(service *s, const char *dir, lg_report *report) LG_MUST_CHECK;
void service_close(service *s);

/* watchdog.c: does the service make progress? The writer finishes a job, every HTTP thread answers, within
 * the time. */
typedef struct watchdog watchdog;
watchdog *watchdog_open(service *s);
bool watchdog_looks_well(watchdog *dog, unsigned timeout_ms);
/* After the writer has closed. */
void watchdog_close(watchdog *dog);

#endif
