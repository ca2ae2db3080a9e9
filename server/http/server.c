/* The daemon: listening, MHD's threads, and stopping in an order that loses no answer. */
#include "server/http/internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 1024, /* bursts of new connections beyond what the threads accept at once */
    /* Per connection, for request line, headers and one piece of the body; more in headers is answered 431.
     */
    CONNECTION_MEMORY = 32 * 1024,
    CONNECTIONS_MAX = 1024,
    CONNECTIONS_PER_ADDRESS_MAX = 512,
    DEADLINE_MS = 30 * 1000,
    IDLE_MS = 60 * 1000,
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

static http_config with_defaults(const http_config *config)
{
    http_config full = *config;
    if (!full.threads)
        full.threads = cores();
    if (!full.connections_max)
        full.connections_max = CONNECTIONS_MAX;
    if (!full.connections_per_address_max)
        full.connections_per_address_max = CONNECTIONS_PER_ADDRESS_MAX;
    if (!full.deadline_ms)
        full.deadline_ms = DEADLINE_MS;
    if (!full.idle_ms)
        full.idle_ms = IDLE_MS;
    return full;
}

/* "address:port" or "[address]:port" to a socket address. The caller frees *out. */
static lg_err resolve(const char *listen_text, struct addrinfo **out, lg_report *report)
{
    const char *colon = strrchr(listen_text, ':');
    size_t host_len = colon ? (size_t)(colon - listen_text) : 0;
    char host[256];
    if (host_len >= 2 && listen_text[0] == '[' && listen_text[host_len - 1] == ']') {
        listen_text++;
        host_len -= 2;
    }
    if (!colon || host_len == 0 || host_len >= sizeof host)
        return lg_fail(report, LG_BAD_REQUEST,
                       "The address to listen on must look like 127.0.0.1:8080 or [::1]:8080.");
    memcpy(host, listen_text, host_len);
    host[host_len] = '\0';
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int failure = getaddrinfo(host, colon + 1, &hints, out);
    if (failure)
        return lg_fail(report, LG_BAD_REQUEST, "Cannot listen on %s port %s: %s.", host, colon + 1,
                       gai_strerror(failure));
    return LG_OK;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static lg_err open_socket(http_server *server, bool *ipv6, lg_report *report)
{
    struct addrinfo *address = NULL;
    const int on = 1;
    lg_err err = resolve(server->config.listen, &address, report);
    if (err)
        return err;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        err = lg_fail(report, LG_IO, "Cannot listen on %s: %s.", server->config.listen, strerror(errno));
        if (fd >= 0)
            close(fd);
    } else {
        server->listen_fd = fd;
        server->port = port_of(fd);
        *ipv6 = address->ai_family == AF_INET6;
    }
    freeaddrinfo(address);
    return err;
}

/* MHD's own decoding of targets is not used: what it would make of a bad escape is lenient. */
static size_t leave_encoded(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context, (void)mhd;
    return strlen(text);
}

/* Poll and a pool of threads, not epoll: at hundreds of connections MHD 0.9.75 leaves requests unread with
 * epoll. */
static struct MHD_Daemon *start_daemon(http_server *server, bool ipv6)
{
    const http_config *config = &server->config;
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (ipv6 ? MHD_USE_IPv6 : 0U);
    /* A pool of one is refused by MHD; without the option there is one thread. Strictness about Host and
     * blanks is check.c's. */
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, server->listen_fd, NULL},
        {MHD_OPTION_LISTEN_BACKLOG_SIZE, BACKLOG, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, config->connections_max, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, config->connections_per_address_max, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_encoded, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)request_on_line, server},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_on_completed, server},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)request_on_connection, server},
        {config->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, config->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, request_on_data, server, MHD_OPTION_ARRAY, options,
                            MHD_OPTION_END);
}

static void server_free(http_server *server)
{
    router_close(server->router);
    stats_close(server->stats);
    pthread_cond_destroy(&server->drained);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

lg_err http_server_open(const http_config *config, http_server **out, lg_report *report)
{
    bool ipv6 = false, sweeping = false;
    http_server *server = calloc(1, sizeof *server);
    if (!server)
        lg_die("out of memory");
    server->config = with_defaults(config);
    server->listen_fd = -1;
    server->stats = stats_open(config->routes, config->route_count);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->drained, NULL);

    lg_err err = router_open(config->routes, config->route_count, &server->router, report);
    if (!err)
        err = open_socket(server, &ipv6, report);
    if (!err) {
        err = deadline_open(&server->deadlines, server->config.deadline_ms, server->config.idle_ms);
        sweeping = !err;
        if (err)
            err = lg_fail(report, err, "Cannot start the thread that watches deadlines.");
    }
    if (!err) {
        server->daemon = start_daemon(server, ipv6);
        if (!server->daemon)
            err = lg_fail(report, LG_IO, "Cannot start the HTTP server on %s.", config->listen);
    }
    if (err) {
        /* After a failed start it is MHD's matter whether the socket is closed; a second close could hit
         * another file. */
        if (sweeping)
            deadline_close(&server->deadlines);
        else if (server->listen_fd >= 0)
            close(server->listen_fd);
        server_free(server);
        return err;
    }
    log_event(server->config.log, LOG_INFO, "http.listening", NULL, log_text("listen", server->config.listen),
              log_number("port", server->port), log_number("threads", server->config.threads));
    *out = server;
    return LG_OK;
}

uint16_t http_server_port(const http_server *server)
{
    return server->port;
}

void http_server_quiesce(http_server *server)
{
    if (atomic_exchange(&server->stopping, true))
        return;
    MHD_quiesce_daemon(server->daemon);
    /* MHD's threads may look at it until they end, so it is closed later; those who connect are refused from
     * now on. */
    shutdown(server->listen_fd, SHUT_RDWR);
}

void http_server_close(http_server *server)
{
    if (!server)
        return;
    http_server_quiesce(server);
    pthread_mutex_lock(&server->lock);
    while (atomic_load(&server->running) > 0)
        pthread_cond_wait(&server->drained, &server->lock);
    pthread_mutex_unlock(&server->lock);
    MHD_stop_daemon(server->daemon);
    deadline_close(&server->deadlines);
    close(server->listen_fd);
    log_event(server->config.log, LOG_INFO, "http.stopped", NULL, log_number("port", server->port));
    server_free(server);
}
