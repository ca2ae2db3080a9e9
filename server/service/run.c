/* `tallystick serve` from start to end: signals, reload, drain, and what the service manager is told. */
#include "server/service/sandbox.h"
#include "server/service/service.h"
#include "server/service/systemd.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { DRAIN_LOOK_MS = 20, STEP_MAX_MS = 60 * 1000 };

/* The thread that waits for signals, and what it needs between them. */
typedef struct runner {
    service s;
    const char *dir;
    const server_options *options;
    sigset_t signals;
    unsigned watchdog_ms; /* 0: off */
    watchdog *dog;
    int64_t fed_ms; /* when the watchdog was last told */
} runner;

static int64_t now_ms(void)
{
    return lg_monotonic_us() / 1000;
}

/* ---- watchdog ---- */

/* Every third of the period; a look that fails is repeated then, and the third one in a row ends us. */
static void feed_watchdog(runner *r)
{
    if (!r->watchdog_ms || now_ms() - r->fed_ms < r->watchdog_ms / 3)
        return;
    r->fed_ms = now_ms();
    if (watchdog_looks_well(r->dog, r->watchdog_ms / 3))
        systemd_notify("WATCHDOG=1");
    else
        log_event(r->s.api.log, LOG_ERROR, "watchdog.unwell",
                  "The writer or an HTTP thread makes no progress; the service manager is not told that all "
                  "is well.");
}

/* The next signal within wait_ms, the watchdog being fed meanwhile; 0: none came. wait_ms < 0: for ever. */
static int next_signal(runner *r, int64_t wait_ms)
{
    const int64_t until = wait_ms < 0 ? INT64_MAX : now_ms() + wait_ms;
    for (;;) {
        feed_watchdog(r);
        int64_t step = until - now_ms();
        if (r->watchdog_ms && step > r->watchdog_ms / 3)
            step = r->watchdog_ms / 3;
        if (step > STEP_MAX_MS)
            step = STEP_MAX_MS;
        if (step < 0)
            step = 0;
        const struct timespec pause = {.tv_sec = step / 1000, .tv_nsec = step % 1000 * 1000000};
        siginfo_t info;
        int received = sigtimedwait(&r->signals, &info, &pause);
        if (received == SIGHUP && info.si_code == SI_KERNEL)
            return SIGTERM; /* the terminal has gone, nobody asks for a reload */
        if (received > 0)
            return received;
        if (errno == EAGAIN && now_ms() >= until)
            return 0;
    }
}

/* ---- reload ---- */

/* refused: why the last reload changed nothing, or NULL. */
static void tell_ready(const runner *r, const char *refused)
{
    lg_published *published = lg_ledger_published(r->s.api.ledger);
    systemd_notify("READY=1\nSTATUS=Serving at %s, %" PRId64 " entries.%s%s",
                   http_server_url(r->s.api.http, 0), published->size,
                   refused ? " The last reload was refused: " : "", refused ? refused : "");
    lg_published_drop(published);
}

/* What can fail comes first, so that after a refusal everything is as it was. */
static lg_err apply_settings(runner *r, server_config *fresh, lg_report *report)
{
    const http_settings http = service_http_settings(fresh);
    lg_err err = http_server_reload(r->s.api.http, &http, report);
    if (err)
        return err;
    limit_rule rules[LIMIT_COUNT];
    service_limit_rules(fresh, rules);
    limiter_set_rules(r->s.limits.buckets, rules);
    logger_set_level(r->s.api.log, config_log_level(fresh));
    if (r->s.current != r->s.config)
        config_close(r->s.current);
    r->s.current = fresh;
    return LG_OK;
}

static void reload(runner *r)
{
    lg_arena *arena = lg_arena_open();
    lg_report report;
    server_config *fresh = NULL;
    lg_report_init(&report, arena);
    systemd_notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64, now_ms() * 1000);
    lg_err err = config_load(r->dir, r->options, &fresh, &report);
    if (!err) {
        err = apply_settings(r, fresh, &report);
        if (err)
            config_close(fresh);
    }
    const char *refused = !err ? NULL : report.detail ? report.detail : lg_err_title(err);
    if (refused) {
        log_event(r->s.api.log, LOG_ERROR, "service.reload_refused", "The settings stay as they were.",
                  log_text("detail", refused));
    } else {
        const char *waiting = config_waiting(r->s.config, fresh, arena);
        log_event(r->s.api.log, LOG_INFO, "service.reloaded", NULL, log_text("next_start_changes", waiting));
    }
    tell_ready(r, refused);
    lg_arena_close(arena);
}

/* ---- drain ---- */

/* True once a second signal says that there is no time. */
static bool hastened(runner *r, int64_t wait_ms)
{
    int received;
    const int64_t until = now_ms() + wait_ms;
    do
        received = next_signal(r, until - now_ms());
    while (received == SIGHUP);
    return received != 0;
}

/* First load balancers hear that we are not ready, while all goes on; then nothing more is accepted, and
 * those who are connected get their answers. */
static void drain(runner *r)
{
    http_server *http = r->s.api.http;
    log_event(r->s.api.log, LOG_INFO, "service.stopping", "Finishing what was accepted.");
    systemd_notify("STOPPING=1\nSTATUS=Finishing what was accepted.");
    atomic_store(&r->s.api.draining, true);
    if (atomic_load(&r->s.broken) || hastened(r, r->s.current->drain_delay_ms))
        return;
    http_server_quiesce(http);
    const int64_t until = now_ms() + r->s.current->drain_deadline_ms;
    while (http_server_connections(http) > 0 && now_ms() < until) {
        if (hastened(r, DRAIN_LOOK_MS))
            break;
    }
    size_t left = http_server_connections(http);
    if (left > 0)
        log_event(r->s.api.log, LOG_WARN, "service.cut", "The time to finish is over.",
                  log_number("connections", (int64_t)left));
}

/* ---- start to end ---- */

/* Blocked before any thread starts, so that all of them inherit it and only this one gets the signals. */
static void block_signals(runner *r)
{
    sigemptyset(&r->signals);
    sigaddset(&r->signals, SIGTERM);
    sigaddset(&r->signals, SIGINT);
    sigaddset(&r->signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &r->signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit shall be an error of write, not the end of us */
}

/* Who will serve as somebody else listens first, as root: ports below 1024 are nobody else's. */
static lg_err take_ports(service *s, lg_report *report)
{
    const server_config *config = s->config;
    lg_err err = LG_OK;
    if (!config->user || s->inherited_count > 0)
        return LG_OK;
    for (size_t i = 0; i < config->listen.count && !err; i++) {
        err = http_listen(config->listen.items[i], config->tls_certificate != NULL, &s->inherited[i], report);
        s->inherited_count += !err;
    }
    return err;
}

static lg_err start(runner *r, lg_report *report)
{
    service *s = &r->s;
    sandbox confined = {0};
    lg_err err = config_load(r->dir, r->options, &s->config, report);
    s->current = s->config;
    if (!err)
        err = systemd_sockets(s->inherited, SERVICE_INHERITED_MAX, &s->inherited_count,
                              s->config->tls_certificate != NULL, report);
    if (!err)
        err = take_ports(s, report);
    if (!err)
        err = sandbox_become(s->config->user, report);
    if (!err)
        err = sandbox_enter(r->dir, s->config, &confined, report);
    if (!err)
        err = service_open_log(s);
    if (err)
        return err;
    sandbox_tell(&confined, s->api.log);
    return service_open(s, r->dir, report);
}

static void tell_addresses(const service *s)
{
    for (size_t i = 0; i < http_server_listener_count(s->api.http); i++)
        printf("listening on %s\n", http_server_url(s->api.http, i));
    if (s->watch)
        printf("metrics on %s\n", http_server_url(s->watch, 0));
    fflush(stdout);
}

lg_err server_serve(const char *dir, const server_options *options, lg_report *report)
{
    runner r = {.s = {.arena = lg_arena_open(), .api.dir = dir}, .dir = dir, .options = options};
    r.s.api.counters = &r.s.counters;
    r.s.api.limits = &r.s.limits;
    umask(077); /* the database is nobody else's to read */
    block_signals(&r);
    lg_err err = start(&r, report);
    if (!err) {
        r.watchdog_ms = systemd_watchdog_ms();
        r.dog = watchdog_open(&r.s);
        tell_addresses(&r.s);
        tell_ready(&r, NULL);
        while (next_signal(&r, -1) == SIGHUP)
            reload(&r);
        drain(&r);
        if (atomic_load(&r.s.broken))
            err = lg_fail(report, LG_IO,
                          "Storage failed while serving; nothing unconfirmed was acknowledged. Start again.");
    }
    service_close(&r.s);
    watchdog_close(r.dog);
    return err;
}

lg_err server_check_config(const char *dir, const server_options *options, lg_report *report)
{
    server_config *config = NULL;
    lg_err err = config_load(dir, options, &config, report);
    if (err)
        return err;
    const http_settings http = service_http_settings(config);
    err = http_settings_check(&http, report);
    config_close(config);
    return err;
}
