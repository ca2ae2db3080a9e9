/* Do the threads that answer still answer? Each is asked through a socket pair, past all limits and listening
 * sockets. A thread for https answers that it speaks https, which shows as much. */
#include "server/http/internal.h"

#include "ledger/base/calendar.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    return lg_monotonic_us() / 1000;
}

/* The end to hear the answer at; -1: it cannot be asked. */
static int ask(http_worker *worker)
{
    static const char question[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const struct sockaddr_un nobody = {.sun_family = AF_UNIX};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    if (send(ends[0], question, sizeof question - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof question - 1) &&
        accept_give(worker, ends[1], (const struct sockaddr *)&nobody, sizeof nobody))
        return ends[0];
    close(ends[0]);
    return -1;
}

static bool hears(int fd, int64_t until_ms)
{
    char byte;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    int64_t left = until_ms - now_ms();
    return poll(&polled, 1, left > 0 ? (int)left : 0) == 1 && recv(fd, &byte, 1, 0) == 1;
}

bool http_server_is_alive(http_server *server, unsigned timeout_ms)
{
    const int64_t until_ms = now_ms() + timeout_ms;
    bool alive = true;
    int *ends = calloc(server->worker_count, sizeof *ends);
    if (!ends)
        lg_die("out of memory");
    for (size_t i = 0; i < server->worker_count; i++)
        ends[i] = ask(&server->workers[i]);
    for (size_t i = 0; i < server->worker_count; i++) {
        alive = alive && ends[i] >= 0 && hears(ends[i], until_ms);
        if (ends[i] >= 0)
            close(ends[i]);
    }
    free(ends);
    return alive;
}
