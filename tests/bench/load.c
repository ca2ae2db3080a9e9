/* The client side: one thread, epoll, connections that stay open, one request outstanding on each. */
#include "ledger/base/buf.h"
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    RECEIVE_STEP = 64 * 1024,
    SILENCE_MS = 20 * 1000, /* no answer at all for so long: the run has hung */
    PROGRESS_EVERY = 256,   /* answers */
};

typedef struct connection {
    struct connection *next_idle;
    int fd;
    size_t index; /* of the request outstanding */
    bool busy, waits_to_send;
    uint64_t started_ns;
    lg_bytes out;
    size_t sent;
    lg_buf scratch;
    char *in; /* NUL-terminated behind in_len */
    size_t in_len, in_cap;
} connection;

struct load {
    const load_work *work;
    connection *connections, *idle;
    size_t connection_count;
    int epoll;
    size_t next, outstanding, done;
    uint64_t start_ns, stop_ns; /* no new request from the latter on */
    uint64_t heard_ns;          /* the last answer */
    uint64_t latest_ns;
    uint64_t *latency_ns;
};

/* One small request answered: the server has accepted the connection and given it to a thread. */
static void warm(const connection *c, uint16_t port)
{
    static const struct timeval patience = {.tv_sec = SILENCE_MS / 1000};
    char text[1024];
    size_t len = 0;
    int request_len =
        snprintf(text, sizeof text, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port);
    if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        send(c->fd, text, (size_t)request_len, MSG_NOSIGNAL) != request_len)
        bench_fail("cannot send to 127.0.0.1:%u: %s", port, strerror(errno));
    do {
        ssize_t n = recv(c->fd, text + len, sizeof text - 1 - len, 0);
        if (n <= 0)
            bench_fail("GET /healthz is not answered");
        len += (size_t)n;
        text[len] = '\0';
    } while (!strstr(text, "\r\n\r\n{") || text[len - 1] != '}');
    if (strncmp(text, "HTTP/1.1 200 ", 13) != 0)
        bench_fail("GET /healthz: %s", text);
}

static void open_connection(load *l, connection *c, uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof address) != 0)
        bench_fail("cannot connect to 127.0.0.1:%u: %s", port, strerror(errno));
    warm(c, port);
    if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
        bench_fail("cannot set up a socket: %s", strerror(errno));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        bench_fail("epoll_ctl: %s", strerror(errno));
}

static void close_connection(connection *c)
{
    close(c->fd);
    lg_buf_clear(&c->scratch);
    free(c->in);
}

/* Asks epoll to tell when sending is possible, or no longer. */
static void wait_to_send(load *l, connection *c, bool wait)
{
    struct epoll_event event = {.events = EPOLLIN | (wait ? EPOLLOUT : 0), .data.ptr = c};
    if (c->waits_to_send == wait)
        return;
    c->waits_to_send = wait;
    if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &event) != 0)
        bench_fail("epoll_ctl: %s", strerror(errno));
}

static void send_more(load *l, connection *c)
{
    while (c->sent < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n < 0)
            bench_fail("%s: request %zu: cannot send: %s", l->work->label, c->index, strerror(errno));
        c->sent += (size_t)n;
    }
    wait_to_send(l, c, c->sent < c->out.len);
}

/* When the next request may go out; UINT64_MAX: never. */
static uint64_t next_due_ns(const load *l)
{
    uint64_t due = l->start_ns + l->next * l->work->interval_ns;
    bool over = l->next == l->work->count || (l->work->stop && atomic_load(l->work->stop)) ||
                due >= l->stop_ns || bench_clock_ns() >= l->stop_ns;
    return over ? UINT64_MAX : due;
}

static void start(load *l, connection *c, uint64_t due_ns)
{
    c->index = l->next++;
    c->busy = true;
    c->sent = 0;
    c->in_len = 0;
    c->out = l->work->request(l->work->context, c->index, &c->scratch);
    c->started_ns = bench_clock_ns();
    if (l->work->interval_ns && c->started_ns - due_ns > l->latest_ns)
        l->latest_ns = c->started_ns - due_ns;
    if (l->work->from_due)
        c->started_ns = due_ns;
    l->outstanding++;
    send_more(l, c);
}

/* Sends what is due, as long as connections are free for it. The time until the next is due; UINT64_MAX if
 * nothing more is or all connections are busy. */
static uint64_t start_due(load *l)
{
    while (l->idle) {
        uint64_t due = next_due_ns(l), now = bench_clock_ns();
        if (due == UINT64_MAX)
            break;
        if (due > now)
            return due - now;
        connection *c = l->idle;
        l->idle = c->next_idle;
        start(l, c, due);
    }
    return UINT64_MAX;
}

static void rest(load *l, connection *c)
{
    c->busy = false;
    c->next_idle = l->idle;
    l->idle = c;
}

/* Status and body once all of it is there. */
static bool whole_answer(const load *l, connection *c, load_answer *out)
{
    static const char length_name[] = "\r\nContent-Length:";
    char *head_end = c->in_len ? memmem(c->in, c->in_len, "\r\n\r\n", 4) : NULL;
    if (!head_end)
        return false;
    head_end[2] = '\0'; /* the search for the length ends with the headers */
    const char *length = strcasestr(c->in, length_name);
    if (strncmp(c->in, "HTTP/1.1 ", 9) != 0 || !length)
        bench_fail("%s: request %zu: not an answer of HTTP/1.1 with a length:\n%s", l->work->label, c->index,
                   c->in);
    head_end[2] = '\r';
    size_t head_len = (size_t)(head_end - c->in) + 4;
    size_t body_len = strtoul(length + sizeof length_name - 1, NULL, 10);
    if (c->in_len > head_len + body_len)
        bench_fail("%s: request %zu: more was answered than was asked", l->work->label, c->index);
    *out = (load_answer){
        .status = (int)strtol(c->in + 9, NULL, 10),
        .body = lg_bytes_of(c->in + head_len, body_len),
        .started_ns = c->started_ns,
        .answered_ns = bench_clock_ns(),
    };
    return c->in_len == head_len + body_len;
}

/* The next request of the same operation, if the work has one. */
static bool go_on(load *l, connection *c, const load_answer *answer)
{
    lg_bytes next;
    if (!l->work->follow || !l->work->follow(l->work->context, c->index, answer, &c->scratch, &next))
        return false;
    l->heard_ns = answer->answered_ns;
    c->sent = 0;
    c->in_len = 0;
    c->out = next;
    send_more(l, c);
    return true;
}

static void take_answer(load *l, connection *c, const load_answer *answer)
{
    if (go_on(l, c, answer))
        return;
    l->latency_ns[l->done++] = answer->answered_ns - c->started_ns;
    l->heard_ns = answer->answered_ns;
    l->outstanding--;
    if (!l->work->accept(l->work->context, c->index, answer)) {
        int line_len = (int)strcspn((const char *)c->out.data, "\r");
        bench_fail("%s: request %zu was not answered as it should be\n%.*s\nstatus %d\n%.4000s",
                   l->work->label, c->index, line_len, (const char *)c->out.data, answer->status,
                   (const char *)answer->body.data);
    }
    if (l->done % PROGRESS_EVERY == 0 && !l->work->quiet)
        bench_progress(l->work->label, l->done, l->work->count);
    rest(l, c);
    start_due(l);
}

static void receive(load *l, connection *c)
{
    load_answer answer;
    if (c->in_cap - c->in_len < RECEIVE_STEP + 1) {
        c->in_cap = 2 * c->in_cap + RECEIVE_STEP + 1;
        c->in = realloc(c->in, c->in_cap);
        if (!c->in)
            bench_fail("out of memory");
    }
    ssize_t n = recv(c->fd, c->in + c->in_len, RECEIVE_STEP, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        bench_fail("%s: the server closed a connection (%s, %zu bytes of an answer)", l->work->label,
                   n == 0 ? "end of stream" : strerror(errno), c->in_len);
    c->in_len += (size_t)n;
    c->in[c->in_len] = '\0';
    if (!c->busy)
        bench_fail("%s: an answer without a request:\n%.1000s", l->work->label, c->in);
    if (whole_answer(l, c, &answer))
        take_answer(l, c, &answer);
}

static void wait_for_events(load *l, uint64_t due_in_ns)
{
    struct epoll_event events[EVENTS];
    const uint64_t silence_ns = SILENCE_MS * UINT64_C(1000000);
    uint64_t wait_ns = due_in_ns < silence_ns ? due_in_ns : silence_ns;
    const struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000),
                                  .tv_nsec = (long)(wait_ns % 1000000000)};
    int count = epoll_pwait2(l->epoll, events, EVENTS, &wait, NULL);
    if (count < 0 && errno != EINTR)
        bench_fail("epoll_pwait2: %s", strerror(errno));
    if (count == 0 && l->outstanding > 0 && bench_clock_ns() - l->heard_ns >= silence_ns)
        bench_fail("%s: no answer for %d s to %zu requests sent (%zu answered before)", l->work->label,
                   SILENCE_MS / 1000, l->outstanding, l->done);
    for (int i = 0; i < count; i++) {
        connection *c = events[i].data.ptr;
        if (events[i].events & EPOLLOUT)
            send_more(l, c);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            receive(l, c);
    }
}

static void run(load *l)
{
    for (;;) {
        uint64_t due_in_ns = start_due(l);
        if (due_in_ns == UINT64_MAX && l->outstanding == 0)
            return;
        wait_for_events(l, due_in_ns);
    }
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

uint64_t load_percentile(const uint64_t *sorted, size_t count, size_t permille)
{
    size_t rank = (count * permille + 999) / 1000;
    return count ? sorted[rank ? rank - 1 : 0] : 0;
}

load *load_open(uint16_t port, size_t connections)
{
    load *l = calloc(1, sizeof *l);
    if (!l)
        bench_fail("out of memory");
    l->connection_count = connections;
    l->connections = calloc(connections, sizeof *l->connections);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!l->connections || l->epoll < 0)
        bench_fail("out of memory or descriptors");
    for (size_t i = 0; i < connections; i++)
        open_connection(l, &l->connections[i], port);
    return l;
}

load_result load_run(load *l, unsigned limit_s, const load_work *work)
{
    l->work = work;
    l->next = l->done = 0;
    l->latency_ns = calloc(work->count + 1, sizeof *l->latency_ns);
    if (!l->latency_ns)
        bench_fail("out of memory");
    l->latest_ns = 0;
    l->start_ns = l->heard_ns = bench_clock_ns();
    l->stop_ns = l->start_ns + limit_s * UINT64_C(1000000000);
    l->idle = NULL;
    for (size_t i = l->connection_count; i > 0; i--)
        rest(l, &l->connections[i - 1]);
    run(l);
    load_result result = {.done = l->done,
                          .elapsed_ns = bench_clock_ns() - l->start_ns,
                          .latest_ns = l->latest_ns,
                          .latency_ns = l->latency_ns};
    if (!work->quiet)
        bench_progress_end();
    qsort(result.latency_ns, result.done, sizeof *result.latency_ns, compare_u64);
    return result;
}

void load_close(load *l)
{
    for (size_t i = 0; i < l->connection_count; i++)
        close_connection(&l->connections[i]);
    close(l->epoll);
    free(l->connections);
    free(l);
}
