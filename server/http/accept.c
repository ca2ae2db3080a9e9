/* Accepting: one thread takes connections from all listening sockets, within the limits, and gives each to
 * the worker that has fewest.
 *
 * MHD could accept by itself, but not on several sockets, nor count clients behind a proxy apart, nor leave a
 * socket open that outlives this process. */
#include "server/http/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    AT_ONCE_MAX = 64,  /* taken from one socket before the others are looked at */
    SHORTAGE_MS = 100, /* until the next try when descriptors or memory have run out */
    LAST_ROUNDS = 64,  /* of AT_ONCE_MAX, for those who had connected when draining began */
};

static http_worker *lightest_worker(http_server *server, bool tls)
{
    http_worker *best = NULL;
    for (size_t i = 0; i < server->worker_count; i++) {
        http_worker *worker = &server->workers[i];
        if (worker->tls == tls &&
            (!best || atomic_load(&worker->connections) < atomic_load(&best->connections)))
            best = worker;
    }
    return best;
}

/* Counts the connection in; false if its address has as many as it may. */
static bool count_in(http_server *server, const http_address *address)
{
    pthread_mutex_lock(&server->lock);
    const http_profile *profile = server->profile;
    unsigned max = address_is_known(address) ? profile->connections_per_address_max : UINT_MAX; /* alive.c */
    if (profile_trusts(profile, address))
        max = profile->connections_max;
    bool in = address_enter(&server->addresses, address, max);
    pthread_mutex_unlock(&server->lock);
    return in;
}

static void count_out(http_server *server, const http_address *address)
{
    pthread_mutex_lock(&server->lock);
    address_leave(&server->addresses, address);
    unsigned max = server->profile->connections_max;
    pthread_mutex_unlock(&server->lock);
    if (atomic_fetch_sub(&server->connections, 1) >= max)
        eventfd_write(server->wake_fd, 1); /* the acceptor waits for room */
}

bool accept_give(http_worker *worker, int fd, const struct sockaddr *from, socklen_t len)
{
    http_server *server = worker->server;
    const http_address address = address_of(from);
    if (!count_in(server, &address)) {
        stats_connection(server->stats, STATS_OVER_ADDRESS);
        close(fd);
        return false;
    }
    stats_connection(server->stats, STATS_ACCEPTED);
    atomic_fetch_add(&server->connections, 1);
    atomic_fetch_add(&worker->connections, 1);
    if (MHD_add_connection(worker->daemon, fd, from, len) == MHD_YES)
        return true;
    /* MHD has closed it. */
    atomic_fetch_sub(&worker->connections, 1);
    count_out(server, &address);
    return false;
}

/* Accepts one connection; false when there is none, or not now. */
static bool take_one(http_server *server, const http_listener *listener, bool *shortage)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    int fd = accept4(listener->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        const int why = errno;
        if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM) {
            *shortage = true;
            stats_connection(server->stats, STATS_SHORTAGE);
        }
        return why == ECONNABORTED || why == EINTR;
    }
    /* Beyond its address's limit it is closed at once. */
    (void)accept_give(lightest_worker(server, listener->tls), fd, (struct sockaddr *)&from, len);
    return true;
}

static bool has_room(http_server *server)
{
    pthread_mutex_lock(&server->lock);
    unsigned max = server->profile->connections_max;
    pthread_mutex_unlock(&server->lock);
    return atomic_load(&server->connections) < max;
}

/* False when there may be more. */
static bool take_waiting(http_server *server, const http_listener *listener, bool *shortage)
{
    for (int i = 0; i < AT_ONCE_MAX; i++) {
        if (!has_room(server) || !take_one(server, listener, shortage))
            return true;
    }
    return false;
}

/* True when nobody waits any more. */
static bool take_all(http_server *server, bool *shortage)
{
    bool all = true;
    *shortage = false;
    for (size_t i = 0; i < server->listeners.count; i++)
        all &= take_waiting(server, &server->listeners.list[i], shortage);
    return all;
}

/* A socket of ours would reset those who wait when it is closed, so they are taken first, within reason. One
 * that was passed to us keeps them for whoever comes next. */
static void take_last(http_server *server)
{
    bool shortage = false;
    for (int i = 0; i < LAST_ROUNDS && !server->listeners.inherited && !shortage; i++) {
        if (take_all(server, &shortage))
            break;
    }
}

static void *accept_all(void *context)
{
    http_server *server = context;
    struct pollfd polled[HTTP_LISTENERS_MAX + 1];
    bool shortage = false;
    while (!atomic_load(&server->draining)) {
        bool listening = !shortage && has_room(server);
        polled[0] = (struct pollfd){.fd = server->wake_fd, .events = POLLIN};
        nfds_t count = 1;
        for (size_t i = 0; i < server->listeners.count && listening; i++)
            polled[count++] = (struct pollfd){.fd = server->listeners.list[i].fd, .events = POLLIN};
        if (poll(polled, count, shortage ? SHORTAGE_MS : -1) < 0 && errno != EINTR)
            lg_die("http: poll failed: %s", strerror(errno));
        eventfd_t ignored;
        if (polled[0].revents)
            (void)!eventfd_read(server->wake_fd, &ignored);
        if (!atomic_load(&server->draining))
            (void)take_all(server, &shortage);
    }
    take_last(server);
    return NULL;
}

lg_err accept_open(http_server *server, lg_report *report)
{
    if (pthread_create(&server->acceptor, NULL, accept_all, server) == 0)
        return LG_OK;
    return lg_fail(report, LG_NO_MEMORY, "Cannot start the thread that accepts connections.");
}

void accept_close(http_server *server)
{
    eventfd_write(server->wake_fd, 1);
    pthread_join(server->acceptor, NULL);
}

/* ---- on the workers' threads ---- */

http_connection *accept_begin(http_worker *worker, struct MHD_Connection *mhd)
{
    http_server *server = worker->server;
    http_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        lg_die("out of memory for a connection");
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->peer =
        address_of(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    connection->tls = worker->tls;
    pthread_mutex_lock(&server->lock);
    connection->profile = server->profile;
    atomic_fetch_add(&connection->profile->users, 1);
    pthread_mutex_unlock(&server->lock);
    connection->trusted = profile_trusts(connection->profile, &connection->peer);
    if (worker->tls)
        tls_begin(connection, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session);
    deadline_watch(&server->deadlines, connection);
    return connection;
}

void accept_end(http_worker *worker, http_connection *connection)
{
    deadline_forget(&worker->server->deadlines, connection);
    atomic_fetch_sub(&worker->connections, 1);
    count_out(worker->server, &connection->peer);
    profile_drop(connection->profile);
    free(connection);
}
