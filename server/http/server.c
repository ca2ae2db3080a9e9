/* The server: MHD's threads, settings that change under way, and stopping in an order that loses no answer.
 */
#include "server/http/internal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    /* Never reached, since accept.c counts: MHD 0.9.75 locks itself up at its own limit. */
    WORKER_CONNECTIONS_MAX = 1 << 20,
};

bool server_enter(http_server *server)
{
    /* First counted, then asked: http_server_close does the two the other way round, so that one of them sees
     * the other. */
    atomic_fetch_add(&server->running, 1);
    return !atomic_load(&server->stopping);
}

void server_leave(http_server *server)
{
    if (atomic_fetch_sub(&server->running, 1) == 1 && atomic_load(&server->stopping)) {
        pthread_mutex_lock(&server->lock);
        pthread_cond_broadcast(&server->drained);
        pthread_mutex_unlock(&server->lock);
    }
}

static unsigned cores(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

/* MHD's own decoding of targets is not used: what it would make of a bad escape is lenient. */
static size_t leave_encoded(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context, (void)mhd;
    return strlen(text);
}

/* Poll, not epoll: at hundreds of connections MHD 0.9.75 leaves requests unread with epoll. One daemon a
 * thread, since MHD's own pool needs a listening socket. */
static struct MHD_Daemon *start_daemon(http_worker *worker)
{
    http_server *server = worker->server;
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
                     (worker->tls ? MHD_USE_TLS : 0U);
    /* Strictness about Host and blanks is check.c's. */
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_LIMIT, WORKER_CONNECTIONS_MAX, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_CONNECTION_MEMORY, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_encoded, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)request_on_line, server},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_on_completed, server},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)request_on_connection, worker},
        {worker->tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, 0, (void *)(uintptr_t)tls_priorities},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_retrieve},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, request_on_data, server, MHD_OPTION_ARRAY, options,
                            MHD_OPTION_END);
}

/* As many threads for http and for https as the settings say, where there is a socket of the kind. */
static lg_err start_workers(http_server *server, lg_report *report)
{
    for (int tls = 0; tls < 2; tls++) {
        bool wanted = false;
        for (size_t i = 0; i < server->listeners.count; i++)
            wanted |= server->listeners.list[i].tls == tls;
        for (unsigned i = 0; i < server->config.threads && wanted; i++) {
            http_worker *worker = &server->workers[server->worker_count];
            worker->server = server;
            worker->tls = tls;
            worker->daemon = start_daemon(worker);
            if (!worker->daemon)
                return lg_fail(report, LG_IO, "Cannot start the threads of the HTTP server.");
            server->worker_count++;
        }
    }
    return LG_OK;
}

static void stop_workers(http_server *server)
{
    for (size_t i = 0; i < server->worker_count; i++)
        MHD_stop_daemon(server->workers[i].daemon);
    server->worker_count = 0;
}

static void server_free(http_server *server)
{
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    profile_drop(server->profile);
    router_close(server->router);
    stats_close(server->stats);
    pthread_cond_destroy(&server->drained);
    pthread_mutex_destroy(&server->lock);
    address_forget_all(&server->addresses);
    free(server->workers);
    free(server);
}

static http_server *server_alloc(const http_config *config)
{
    http_server *server = calloc(1, sizeof *server);
    if (!server)
        lg_die("out of memory");
    server->config = *config;
    if (!server->config.threads)
        server->config.threads = cores();
    server->workers = calloc(2 * server->config.threads, sizeof *server->workers);
    if (!server->workers)
        lg_die("out of memory");
    server->stats = stats_open(config->routes, config->route_count);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->drained, NULL);
    return server;
}

lg_err http_server_open(const http_config *config, http_server **out, lg_report *report)
{
    bool sweeping = false;
    http_server *server = server_alloc(config);
    lg_err err =
        server->wake_fd < 0 ? lg_fail(report, LG_IO, "Cannot make an event: %s.", strerror(errno)) : LG_OK;
    if (!err)
        err = router_open(config->routes, config->route_count, &server->router, report);
    if (!err)
        err = profile_open(&config->settings, &server->profile, report);
    if (!err)
        err = listeners_open(&server->listeners, config, report);
    if (!err) {
        err = deadline_open(&server->deadlines, server->profile);
        sweeping = !err;
        if (err)
            err = lg_fail(report, err, "Cannot start the thread that watches deadlines.");
    }
    if (!err)
        err = start_workers(server, report);
    if (!err)
        err = accept_open(server, report);
    if (err) {
        stop_workers(server);
        if (sweeping)
            deadline_close(&server->deadlines);
        listeners_close(&server->listeners);
        server_free(server);
        return err;
    }
    atomic_store(&server->certificate_expires_s, tls_expires_s(server->profile->certificate));
    for (size_t i = 0; i < server->listeners.count; i++)
        log_event(server->config.log, LOG_INFO, "http.listening", NULL,
                  log_text("url", server->listeners.list[i].url),
                  log_number("threads", server->config.threads));
    *out = server;
    return LG_OK;
}

lg_err http_server_reload(http_server *server, const http_settings *settings, lg_report *report)
{
    http_profile *made;
    lg_err err = profile_open(settings, &made, report);
    if (err)
        return err;
    for (size_t i = 0; i < server->listeners.count; i++) {
        if (!server->listeners.list[i].tls || made->certificate)
            continue;
        profile_drop(made);
        return lg_fail(report, LG_BAD_REQUEST, "%s needs a certificate.", server->listeners.list[i].url);
    }
    deadline_follow(&server->deadlines, made);
    atomic_store(&server->certificate_expires_s, tls_expires_s(made->certificate));
    pthread_mutex_lock(&server->lock);
    http_profile *old = server->profile;
    server->profile = made;
    pthread_mutex_unlock(&server->lock);
    profile_drop(old);
    eventfd_write(server->wake_fd, 1); /* there may be room for more connections */
    return LG_OK;
}

size_t http_server_listener_count(const http_server *server)
{
    return server->listeners.count;
}

const char *http_server_url(const http_server *server, size_t listener)
{
    return server->listeners.list[listener].url;
}

uint16_t http_server_port(const http_server *server)
{
    return server->listeners.list[0].port;
}

size_t http_server_connections(const http_server *server)
{
    return atomic_load(&server->connections);
}

void http_server_quiesce(http_server *server)
{
    if (atomic_exchange(&server->draining, true))
        return;
    accept_close(server);
    /* Only closed: a socket that was passed to us goes on collecting connections for whoever comes next. */
    listeners_close(&server->listeners);
    deadline_drain(&server->deadlines);
}

void http_server_cut(http_server *server)
{
    http_server_quiesce(server);
    atomic_store(&server->stopping, true);
    deadline_cut(&server->deadlines);
}

void http_server_close(http_server *server)
{
    if (!server)
        return;
    http_server_cut(server);
    pthread_mutex_lock(&server->lock);
    while (atomic_load(&server->running) > 0)
        pthread_cond_wait(&server->drained, &server->lock);
    pthread_mutex_unlock(&server->lock);
    stop_workers(server);
    deadline_close(&server->deadlines);
    log_event(server->config.log, LOG_INFO, "http.stopped", NULL);
    server_free(server);
}
