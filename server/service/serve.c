/* `tallystick init`, and of `serve` the opening of everything in order, and its closing in the reverse one.
 */
#include "server/service/service.h"

#include "ledger/base/file.h"
#include "ledger/crypto/secret.h"
#include "server/api/bulk.h"
#include "server/api/command.h"
#include "server/api/serve.h"
#include "server/docs/docs.h"
#include "server/gateway/checks.h"
#include "server/service/folder.h"
#include "server/service/sweeper.h"
#include "server/uploads/uploads.h"
#include "server/webhooks/webhooks.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES_WANTED = 32 * 1024,           /* for as many connections as the settings allow */
    FREED_KEPT = 32 * 1024 * 1024,      /* bytes at the end of each of malloc's arenas */
    MAPPED_ALONE_FROM = 1 * 1024 * 1024 /* bytes of a block that gets pages of its own */
};

lg_err server_init(const char *dir, const char *origin, lg_arena *arena, char **summary_json,
                   lg_report *report)
{
    lg_participant_id operator_id;
    lg_signing_key *operator_key;
    lg_buf buf = {0};
    umask(077);
    lg_err err = lg_registry_create(dir, origin, arena, &operator_id, report);
    if (err)
        return err;
    const char *key_path = lg_arena_printf(arena, "%s/keys/operator.jwk", dir);
    const char *stored_origin, *vkey;
    err = lg_key_file_read(key_path, &operator_key, report);
    if (err)
        return err;
    lg_public_key public_key = lg_signing_key_public(operator_key);
    lg_signing_key_close(operator_key);
    err = service_read_origin(dir, arena, &stored_origin, &vkey, report);
    if (err)
        return err;
    lg_json_open(&buf);
    lg_json_put_str(&buf, "origin", stored_origin);
    lg_json_put_str(&buf, "vkey", vkey);
    lg_json_put_str(&buf, "operator", lg_uuid_format(operator_id.uuid).s);
    lg_json_put_str(&buf, "operator_kid", lg_kid_of(&public_key).s);
    lg_json_put_str(&buf, "operator_key", key_path);
    lg_json_close(&buf);
    *summary_json = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return LG_OK;
}

/* On the writer's thread: ends the service, so that a supervisor starts it anew and opening finds out what
 * the disk holds. */
static void stop_broken(void *ctx)
{
    service *s = ctx;
    atomic_store(&s->broken, true);
    log_event(
        s->api.log, LOG_ERROR, "storage.failed",
        "Storage failed: what the disk holds is not known; stopping, so that a new start can find out.");
    kill(getpid(), SIGTERM);
}

/* On the writer's thread. */
static void committed(void *ctx)
{
    service *s = ctx;
    webhooks_wake(s->api.webhooks);
    verifier_wake(s->api.verifier);
}

/* Each connection is a descriptor; the usual soft limit of 1,024 is too low for that and the database. */
static void raise_file_limit(logger *log)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FILES_WANTED) {
        limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            log_event(log, LOG_WARN, "service.file_limit",
                      "The limit of open files cannot be raised; serving with the one there is.",
                      log_number("limit", (int64_t)limit.rlim_max));
    }
}

/* Memory that was freed stays for the next request: what goes back to the kernel comes again page by page,
 * each to be cleared, and both as dear as reading a row. */
static void keep_freed_memory(void)
{
    (void)mallopt(M_TRIM_THRESHOLD, FREED_KEPT);
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_ALONE_FROM);
}

static unsigned core_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

/* The place of `text` among the names; it is one of them (config.h). */
static int choice_of(const char *const *names, const char *text)
{
    int i = 0;
    while (strcmp(names[i], text) != 0)
        i++;
    return i;
}

lg_err service_open_log(service *s)
{
    const logger_config config = {
        .form = (log_form)choice_of(log_form_names, s->config->log_format),
        .level = config_log_level(s->config),
        .fd = STDERR_FILENO,
    };
    return logger_open(&config, &s->api.log);
}

/* Few connections, and a thread of its own: when all others are busy it still tells so. */
static lg_err open_watch(service *s, lg_report *report)
{
    const http_config config = {
        .listen = &s->config->metrics_listen,
        .listen_count = 1,
        .threads = 1,
        .settings = {.connections_max = 32},
        .routes = api_watch_routes,
        .route_count = api_watch_route_count,
        .context = &s->api,
        .log = s->api.log,
    };
    return http_server_open(&config, &s->watch, report);
}

static const char *const address_choices[] = {"off", "truncated", "full", NULL}; /* by http_logged_address */

http_settings service_http_settings(const server_config *config)
{
    return (http_settings){
        .connections_max = (unsigned)config->connections_max,
        .connections_per_address_max = (unsigned)config->connections_per_address_max,
        .deadline_ms = (unsigned)config->request_deadline_ms,
        .idle_ms = (unsigned)config->idle_ms,
        .tls_certificate = config->tls_certificate,
        .tls_key = config->tls_key,
        .hsts_max_age_s = (unsigned)config->hsts_max_age_s,
        .trusted_proxies = config->trusted_proxies.items,
        .trusted_proxy_count = config->trusted_proxies.count,
        .exempt = config->rate_exempt.items,
        .exempt_count = config->rate_exempt.count,
        .logged_address = (http_logged_address)choice_of(address_choices, config->log_addresses),
    };
}

void service_limit_rules(const server_config *config, limit_rule out[LIMIT_COUNT])
{
    out[LIMIT_LEDGER] = (limit_rule){config->rate_ledger_per_minute, config->rate_ledger_burst};
    out[LIMIT_REQUESTS] = (limit_rule){config->rate_requests_per_minute, config->rate_requests_burst};
    out[LIMIT_FAILURES] = (limit_rule){config->rate_failures_per_minute, config->rate_failures_burst};
    out[LIMIT_READS] = (limit_rule){config->rate_reads_per_minute, config->rate_reads_burst};
    out[LIMIT_COMMANDS] = (limit_rule){config->rate_commands_per_minute, config->rate_commands_burst};
}

static lg_err make_docs(api_context *api, lg_report *report)
{
    lg_err err = LG_OK;
    for (language in = 0; in < LANGUAGES && !err; in++)
        err = docs_page(in, api_openapi(in), &api->docs[in], report);
    return err;
}

lg_err service_open(service *s, const char *dir, lg_report *report)
{
    const server_config *config = s->config;
    lg_signing_key *log_key = NULL;
    raise_file_limit(s->api.log);
    keep_freed_memory();
    unsigned threads = config->threads ? (unsigned)config->threads : core_count();
    lg_err err = service_read_origin(dir, s->arena, &s->api.origin, &s->api.vkey, report);
    const lg_registry_config registry = {
        .dir = dir, .origin = s->api.origin, .review = gateway_review, .render = api_render};
    if (!err)
        err = lg_registry_open(&registry, &s->api.registry, report);
    if (!err)
        err = lg_key_file_read(lg_arena_printf(s->arena, "%s/keys/log.jwk", dir), &log_key, report);
    if (!err)
        err = lg_ledger_open(dir, s->api.origin, log_key, &s->api.ledger, report);
    if (!err && strcmp(lg_ledger_vkey(s->api.ledger), s->api.vkey) != 0)
        err = lg_fail(report, LG_CORRUPT, "keys/log.jwk is not the key that %s/origin names.", dir);
    if (!err) /* one for each HTTP thread, for the sweeper, the verifier, and each thread of bulk work */
        err = lg_readers_open(lg_arena_printf(s->arena, "%s/ledger.db", dir), threads + 2 + BULK_THREADS_MAX,
                              &s->api.readers, report);
    if (!err)
        err = lg_readers_favor(s->api.readers, threads);
    if (!err)
        lg_readers_remember(s->api.readers, lg_ledger_changes(s->api.ledger));
    if (!err)
        err = lg_writer_open(s->api.ledger, 0, &s->api.writer);
    if (!err)
        lg_writer_on_broken(s->api.writer, stop_broken, s);
    const webhooks_config delivery = {
        .dir = dir, .readers = threads, .private_ok = config->webhooks_private, .log = s->api.log};
    if (!err)
        err = webhooks_open(&delivery, &s->api.webhooks, report);
    const verifier_config verification = {
        .dir = dir,
        .url = config->verifier_url,
        .ca = config->verifier_ca,
        .timeout_ms = config->verifier_timeout_ms,
        .at_once = config->verifier_at_once,
        .cache_valid_s = config->verifier_cache_s,
    };
    if (!err)
        err = verifier_open(&verification, &s->api, &s->api.verifier, report);
    if (!err)
        lg_writer_on_commit(s->api.writer, committed, s);
    if (!err)
        err = router_open(api_routes, api_route_count, &s->api.router, report);
    s->api.bulk = bulk_open();
    s->api.uploads = uploads_open();
    if (!err)
        err = verifier_start(s->api.verifier);
    if (!err)
        err = sweeper_open(&s->api, &s->api.sweeper);
    if (!err)
        err = make_docs(&s->api, report);
    limit_rule rules[LIMIT_COUNT];
    service_limit_rules(config, rules);
    s->limits.buckets = limiter_open(rules, LIMIT_COUNT, 0);
    const http_config http = {
        .listen = config->listen.items,
        .listen_count = config->listen.count,
        .inherited = s->inherited,
        .inherited_count = s->inherited_count,
        .threads = threads,
        .settings = service_http_settings(config),
        .routes = api_routes,
        .route_count = api_route_count,
        .context = &s->api,
        .admit = api_limit_admit,
        .on_problem = api_limit_problem,
        .log = s->api.log,
    };
    if (!err)
        err = http_server_open(&http, &s->api.http, report);
    return err || !config->metrics_listen ? err : open_watch(s, report);
}

/* Requests first, then what they wait for. */
void service_close(service *s)
{
    if (s->api.http)
        http_server_quiesce(s->api.http);
    http_server_close(s->watch); /* which tells of the other one */
    http_server_close(s->api.http);
    bulk_close(s->api.bulk);
    uploads_close(s->api.uploads);
    sweeper_close(s->api.sweeper);
    verifier_stop(s->api.verifier);
    lg_writer_close(s->api.writer); /* which wakes webhooks and verifier */
    webhooks_close(s->api.webhooks);
    verifier_close(s->api.verifier);
    lg_readers_close(s->api.readers);
    for (language in = 0; in < LANGUAGES; in++)
        lg_buf_clear(&s->api.docs[in]);
    lg_ledger_close(s->api.ledger);
    lg_registry_close(s->api.registry);
    router_close(s->api.router);
    limiter_close(s->limits.buckets);
    logger_close(s->api.log);
    if (s->current != s->config)
        config_close(s->current);
    config_close(s->config);
    lg_arena_close(s->arena);
}
