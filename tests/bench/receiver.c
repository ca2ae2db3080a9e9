#include "tests/bench/receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 512, EVENTS = 64, MESSAGE_MAX = 256 * 1024 };

typedef struct connection {
    int fd;
    char *in; /* NUL-terminated behind len */
    size_t len;
} connection;

struct receiver {
    int listener, wake, epoll;
    uint16_t port;
    pthread_t thread;
    connection connections[CONNECTIONS_MAX];
    size_t connection_count;
    size_t endpoint_count, kept;
    int64_t *last_seq; /* by endpoint */
    atomic_size_t passed;
    lg_arena *arena; /* of the messages; the thread's until it has ended */
    receiver_message *messages;
    size_t cap;
    pthread_mutex_t lock; /* of the next line */
    size_t count;
    pthread_cond_t arrived;
};

/* ---- the thread ---- */

static void watch(const receiver *r, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        bench_fail("the receiver: epoll_ctl: %s", strerror(errno));
}

static void accept_one(receiver *r)
{
    const int on = 1;
    if (r->connection_count == CONNECTIONS_MAX)
        bench_fail("the receiver: more than %d connections", CONNECTIONS_MAX);
    connection *c = &r->connections[r->connection_count++];
    c->fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
    c->in = malloc(MESSAGE_MAX + 1);
    if (c->fd < 0 || !c->in || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        bench_fail("the receiver cannot accept: %s", strerror(errno));
    watch(r, c->fd, c);
}

static void keep(receiver *r, const connection *c, size_t head_len, uint64_t now)
{
    if (r->count == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 1024;
        r->messages = reallocarray(r->messages, r->cap, sizeof *r->messages);
        if (!r->messages)
            bench_fail("out of memory");
    }
    r->messages[r->count] = (receiver_message){
        .arrived_ns = now,
        .head = lg_arena_strndup(r->arena, c->in, head_len),
        .body = lg_arena_copy(r->arena, lg_bytes_of(c->in + head_len, c->len - head_len)),
    };
    pthread_mutex_lock(&r->lock);
    r->count++;
    pthread_cond_signal(&r->arrived);
    pthread_mutex_unlock(&r->lock);
}

/* A message once is what a receiver that answers at once may expect, and each entry after the one before. */
static size_t check_order(const receiver *r, const connection *c)
{
    static const char before[] = "\"data\":{\"seq\":";
    const char *at = strstr(c->in, before);
    size_t endpoint = strtoul(c->in + strlen("POST /"), NULL, 10);
    int64_t seq = at ? strtoll(at + sizeof before - 1, NULL, 10) : -1;
    if (endpoint >= r->endpoint_count || seq <= r->last_seq[endpoint])
        bench_fail("the receiver: not the endpoint's next message:\n%.4000s", c->in);
    r->last_seq[endpoint] = seq;
    return endpoint;
}

/* A connection stays open; the sender writes its next message only after the answer to this one. */
static void take_message(receiver *r, connection *c)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char length_name[] = "\r\nContent-Length:";
    const char *end = memmem(c->in, c->len, "\r\n\r\n", 4), *length = strcasestr(c->in, length_name);
    if (!end)
        return;
    if (!length || length > end)
        bench_fail("the receiver: a message without a length:\n%s", c->in);
    size_t head_len = (size_t)(end - c->in) + 4;
    size_t whole = head_len + strtoul(length + sizeof length_name - 1, NULL, 10);
    if (c->len < whole)
        return;
    uint64_t now = bench_clock_ns();
    if (c->len > whole || send(c->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) != sizeof answer - 1)
        bench_fail("the receiver: more than a message, or no way to answer it");
    if (check_order(r, c) < r->kept)
        keep(r, c, head_len, now);
    else
        atomic_fetch_add(&r->passed, 1);
    c->len = 0;
}

static void receive(receiver *r, connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->len, MESSAGE_MAX - c->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* the sender may close when it likes, but not in the middle, and no message is so long */
        if (c->len)
            bench_fail("the receiver: %zu bytes of a message, then nothing", c->len);
        epoll_ctl(r->epoll, EPOLL_CTL_DEL, c->fd, NULL);
        return;
    }
    c->len += (size_t)n;
    c->in[c->len] = '\0';
    take_message(r, c);
}

static void *run(void *arg)
{
    receiver *r = arg;
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(r->epoll, events, EVENTS, -1);
        if (count < 0 && errno != EINTR)
            bench_fail("the receiver: epoll_wait: %s", strerror(errno));
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &r->wake)
                return NULL;
            if (events[i].data.ptr == &r->listener)
                accept_one(r);
            else
                receive(r, events[i].data.ptr);
        }
    }
}

/* ---- for others ---- */

static void listen_somewhere(receiver *r)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (r->listener < 0 || bind(r->listener, (const struct sockaddr *)&address, len) != 0 ||
        listen(r->listener, CONNECTIONS_MAX) != 0 ||
        getsockname(r->listener, (struct sockaddr *)&address, &len) != 0)
        bench_fail("the receiver cannot listen: %s", strerror(errno));
    r->port = ntohs(address.sin_port);
}

receiver *receiver_open(size_t endpoints, size_t kept)
{
    pthread_condattr_t clock;
    receiver *r = calloc(1, sizeof *r);
    if (!r)
        bench_fail("out of memory");
    r->arena = lg_arena_open();
    r->endpoint_count = endpoints;
    r->kept = kept;
    r->last_seq = lg_arena_array(r->arena, endpoints, sizeof *r->last_seq);
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->wake = eventfd(0, EFD_CLOEXEC);
    if (r->epoll < 0 || r->wake < 0)
        bench_fail("the receiver: out of descriptors");
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&r->arrived, &clock);
    pthread_condattr_destroy(&clock);
    listen_somewhere(r);
    watch(r, r->listener, &r->listener);
    watch(r, r->wake, &r->wake);
    if (pthread_create(&r->thread, NULL, run, r) != 0)
        bench_fail("the receiver: no thread");
    return r;
}

size_t receiver_passed(const receiver *r)
{
    return atomic_load(&r->passed);
}

uint16_t receiver_port(const receiver *r)
{
    return r->port;
}

size_t receiver_wait(receiver *r, size_t count, unsigned limit_s)
{
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += limit_s;
    pthread_mutex_lock(&r->lock);
    while (r->count < count && waited == 0)
        waited = pthread_cond_timedwait(&r->arrived, &r->lock, &until);
    size_t there = r->count;
    pthread_mutex_unlock(&r->lock);
    return there;
}

const receiver_message *receiver_stop(receiver *r, size_t *count)
{
    const uint64_t one = 1;
    if (write(r->wake, &one, sizeof one) != sizeof one)
        bench_fail("the receiver cannot be stopped");
    pthread_join(r->thread, NULL);
    *count = r->count;
    return r->messages;
}

void receiver_close(receiver *r)
{
    for (size_t i = 0; i < r->connection_count; i++) {
        close(r->connections[i].fd);
        free(r->connections[i].in);
    }
    close(r->listener);
    close(r->wake);
    close(r->epoll);
    pthread_cond_destroy(&r->arrived);
    pthread_mutex_destroy(&r->lock);
    lg_arena_close(r->arena);
    free(r->messages);
    free(r);
}
