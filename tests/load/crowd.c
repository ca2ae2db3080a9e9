/* Bursts of requests over many connections at once, each answer matched to its request.
 *
 *     crowd PORT CONNECTIONS BURSTS SIZE FILE
 *
 * FILE holds requests as they go over the wire, each behind a line "KIND LENGTH STATUS NEEDLE": KIND is C for
 * a command, which is sent once, or R for a read, which is sent again and again; the answer must have the
 * status and hold the needle, which no other request's answer holds. Every burst has its share of the
 * commands, and reads for the rest. All connections send at once, and each goes on as soon as it is answered:
 * three of four are kept from burst to burst, the fourth is a new one for each request.
 *
 * Prints one JSON object; exits 0 if every request was answered as it should be. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    ANSWER_MAX = 4 * 1024 * 1024,
    SILENCE_MS = 20 * 1000, /* no answer at all for so long: what is outstanding hangs */
    NEEDLE_MAX = 80,
    FRESH_OF = 4, /* one connection of so many is new for each request */
};

typedef struct request {
    const char *bytes;
    size_t len;
    int status;
    char needle[NEEDLE_MAX];
} request;

typedef struct request_list {
    request *items;
    size_t count, next;
} request_list;

typedef struct connection {
    int fd; /* -1: not connected */
    bool fresh;
    const request *asked; /* NULL: at rest */
    size_t sent, in_len, in_cap;
    char *in;
    int64_t started_ns;
} connection;

typedef struct crowd {
    uint16_t port;
    int epoll;
    connection *connections;
    size_t connection_count;
    request_list commands, reads;
    size_t burst_commands, burst_reads; /* still to be sent in this burst */
    size_t outstanding;
    size_t answered, wrong, lost, hung, connected;
    int64_t slowest_ns, heard_ns;
} crowd;

static void fail(const char *what)
{
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Shows the first few of what went wrong, with the request's line. */
static void complain(const char *what, const request *asked, const char *answer)
{
    enum { SHOWN = 8 };
    static int count;
    if (count++ < SHOWN)
        fprintf(stderr, "crowd: %s: %.*s; expected %d with %s; got: %.500s\n", what,
                (int)strcspn(asked->bytes, "\r"), asked->bytes, asked->status, asked->needle, answer);
}

/* ---- the file ---- */

static char *read_file(const char *path, size_t *len)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0)
        fail(path);
    char *text = malloc((size_t)about.st_size + 1);
    size_t have = 0;
    while (text && have < (size_t)about.st_size) {
        ssize_t n = read(fd, text + have, (size_t)about.st_size - have);
        if (n <= 0)
            fail(path);
        have += (size_t)n;
    }
    if (!text)
        fail("memory");
    text[have] = '\0';
    close(fd);
    *len = have;
    return text;
}

static void add(request_list *list, const request *one)
{
    if ((list->count & (list->count - 1)) == 0) {
        size_t cap = list->count ? 2 * list->count : 1;
        list->items = realloc(list->items, cap * sizeof *list->items);
        if (!list->items)
            fail("memory");
    }
    list->items[list->count++] = *one;
}

static void load_requests(crowd *c, const char *path)
{
    size_t len;
    const char *at = read_file(path, &len), *end = at + len;
    while (at < end) {
        request one = {0};
        char kind;
        int head_len = 0;
        if (sscanf(at, "%c %zu %d %n", &kind, &one.len, &one.status, &head_len) != 3)
            fail("the file of requests is malformed");
        size_t needle_len = strcspn(at + head_len, "\n");
        one.bytes = at + head_len + needle_len + 1;
        if (needle_len >= NEEDLE_MAX || one.bytes > end || one.len > (size_t)(end - one.bytes))
            fail("the file of requests is malformed");
        memcpy(one.needle, at + head_len, needle_len);
        add(kind == 'C' ? &c->commands : &c->reads, &one);
        at = one.bytes + one.len;
    }
}

/* ---- connections ---- */

static void watch(const crowd *c, connection *one, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = one};
    if (epoll_ctl(c->epoll, how, one->fd, &event) != 0)
        fail("epoll_ctl");
}

static void hang_up(connection *one)
{
    close(one->fd);
    one->fd = -1;
}

static void connect_one(crowd *c, connection *one)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(c->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    const struct linger reset = {.l_onoff = 1, .l_linger = 0}; /* leaves no port waiting behind */
    one->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (one->fd < 0 || setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        setsockopt(one->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0)
        fail("socket");
    if (connect(one->fd, (const struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        fail("connect");
    c->connected++;
    watch(c, one, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static const request *next_request(crowd *c)
{
    request_list *list = NULL;
    /* Commands spread over the burst. */
    if (c->burst_commands &&
        (!c->burst_reads || (size_t)rand() % (c->burst_commands + c->burst_reads) < c->burst_commands)) {
        list = &c->commands;
        c->burst_commands--;
    } else if (c->burst_reads) {
        list = &c->reads;
        c->burst_reads--;
    }
    return list ? &list->items[list->next++ % list->count] : NULL;
}

static void send_more(crowd *c, connection *one)
{
    while (one->sent < one->asked->len) {
        ssize_t n = send(one->fd, one->asked->bytes + one->sent, one->asked->len - one->sent, MSG_NOSIGNAL);
        if (n < 0)
            break; /* EAGAIN, not yet connected; a broken connection is found by reading */
        one->sent += (size_t)n;
    }
    watch(c, one, EPOLL_CTL_MOD, EPOLLIN | (one->sent < one->asked->len ? EPOLLOUT : 0U));
}

static void ask(crowd *c, connection *one)
{
    one->asked = next_request(c);
    if (!one->asked)
        return;
    one->sent = one->in_len = 0;
    one->started_ns = now_ns();
    c->outstanding++;
    if (one->fd < 0)
        connect_one(c, one);
    else
        send_more(c, one);
}

/* The length of the whole answer, once its headers are there; 0: not yet. */
static size_t answer_len(const connection *one)
{
    const char *end = memmem(one->in, one->in_len, "\r\n\r\n", 4);
    const char *length = end ? strcasestr(one->in, "\r\ncontent-length:") : NULL;
    if (!end)
        return 0;
    return (size_t)(end - one->in) + 4 + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

static void settle(crowd *c, connection *one, size_t *count)
{
    (*count)++;
    one->asked = NULL;
    c->outstanding--;
}

static void judge(crowd *c, connection *one)
{
    const request *asked = one->asked;
    int64_t now = now_ns();
    c->heard_ns = now;
    if (now - one->started_ns > c->slowest_ns)
        c->slowest_ns = now - one->started_ns;
    if (strtol(one->in + 9, NULL, 10) != asked->status || !strstr(one->in, asked->needle)) {
        complain("a wrong answer", asked, one->in);
        settle(c, one, &c->wrong);
    } else {
        settle(c, one, &c->answered);
    }
    if (one->fresh)
        hang_up(one);
    ask(c, one);
}

static void lose(crowd *c, connection *one)
{
    hang_up(one);
    if (!one->asked)
        return; /* at rest */
    complain("the connection ended", one->asked, one->in_len ? one->in : "nothing");
    settle(c, one, &c->lost);
    ask(c, one);
}

static void receive(crowd *c, connection *one)
{
    enum { STEP = 64 * 1024 };
    if (one->in_cap - one->in_len < STEP + 1) {
        one->in_cap = 2 * one->in_cap + STEP + 1;
        one->in = realloc(one->in, one->in_cap);
        if (!one->in || one->in_cap > ANSWER_MAX)
            fail("an answer is too long");
    }
    ssize_t n = recv(one->fd, one->in + one->in_len, STEP, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        lose(c, one);
        return;
    }
    one->in_len += (size_t)n;
    one->in[one->in_len] = '\0';
    size_t whole = one->asked ? answer_len(one) : 0;
    if (!one->asked || (whole && one->in_len > whole)) {
        fprintf(stderr, "crowd: more was answered than was asked: %.300s\n", one->in);
        c->wrong++;
    }
    if (one->asked && whole && one->in_len >= whole)
        judge(c, one);
}

/* ---- bursts ---- */

static void give_up(crowd *c)
{
    for (size_t i = 0; i < c->connection_count; i++) {
        connection *one = &c->connections[i];
        if (!one->asked)
            continue;
        complain("no answer", one->asked, one->in_len ? one->in : "nothing");
        settle(c, one, &c->hung);
        hang_up(one);
    }
}

static void burst(crowd *c)
{
    struct epoll_event events[EVENTS];
    c->heard_ns = now_ns();
    for (size_t i = 0; i < c->connection_count; i++)
        ask(c, &c->connections[i]);
    while (c->outstanding) {
        int count = epoll_wait(c->epoll, events, EVENTS, 1000);
        for (int i = 0; i < count; i++) {
            connection *one = events[i].data.ptr;
            if (one->fd >= 0 && (events[i].events & EPOLLOUT) && one->asked)
                send_more(c, one);
            if (one->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                receive(c, one);
        }
        if (now_ns() - c->heard_ns > SILENCE_MS * INT64_C(1000000)) {
            give_up(c);
            return;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: crowd PORT CONNECTIONS BURSTS SIZE FILE\n");
        return 2;
    }
    crowd c = {.port = (uint16_t)atoi(argv[1]), .connection_count = strtoul(argv[2], NULL, 10)};
    const size_t bursts = strtoul(argv[3], NULL, 10), size = strtoul(argv[4], NULL, 10);
    load_requests(&c, argv[5]);
    c.epoll = epoll_create1(EPOLL_CLOEXEC);
    c.connections = calloc(c.connection_count, sizeof *c.connections);
    if (c.epoll < 0 || !c.connections || !c.reads.count)
        fail("nothing to do");
    for (size_t i = 0; i < c.connection_count; i++)
        c.connections[i] = (connection){.fd = -1, .fresh = i % FRESH_OF == 0};
    int64_t start_ns = now_ns();
    for (size_t i = 0; i < bursts && !c.hung; i++) {
        c.burst_commands = c.commands.count * (i + 1) / bursts - c.commands.count * i / bursts;
        c.burst_reads = size > c.burst_commands ? size - c.burst_commands : 0;
        burst(&c);
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\rburst %zu of %zu", i + 1, bursts);
    }
    double elapsed_s = (double)(now_ns() - start_ns) / 1e9;
    printf("{\"bursts\":%zu,\"requests\":%zu,\"answered\":%zu,\"wrong\":%zu,\"lost\":%zu,\"hung\":%zu,"
           "\"commands\":%zu,\"connections_opened\":%zu,\"slowest_ms\":%.1f,\"elapsed_s\":%.2f}\n",
           bursts, c.answered + c.wrong + c.lost + c.hung, c.answered, c.wrong, c.lost, c.hung,
           c.commands.count, c.connected, (double)c.slowest_ns / 1e6, elapsed_s);
    return c.wrong || c.lost || c.hung || c.answered != bursts * size;
}
