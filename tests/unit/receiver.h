/* A receiver of webhooks on the loopback interface: one thread, many kept connections, answers as a test
 * says. */
#ifndef RECEIVER_H
#define RECEIVER_H

#include "ledger/base/arena.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVER_CONNECTIONS = 64, RECEIVER_HITS = 4096, RECEIVER_REQUEST_MAX = 256 * 1024 };

typedef struct hit {
    char path[64], id[96], timestamp[24], signature[400];
    char *body;
    size_t body_len;
    int status; /* answered; 0: not */
} hit;

typedef struct receiver receiver;
struct receiver {
    /* The status for request n (from 0) to this path; 0 leaves it without an answer. Called under the lock.
     */
    int (*answer)(receiver *r, const char *path, size_t n);
    const char *extra; /* header lines of each answer, or NULL */
    size_t answer_len; /* of each answer's body */
    int listener, wake[2];
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    hit hits[RECEIVER_HITS];
    size_t count, accepted;
    bool closing;
    struct {
        int fd;
        char *data;
        size_t len;
    } connections[RECEIVER_CONNECTIONS];
};

static inline int always_ok(receiver *r, const char *path, size_t n)
{
    (void)r, (void)path, (void)n;
    return 200;
}

static inline void header_copy(const char *head, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);
    out[0] = '\0';
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " ");
            snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
            return;
        }
    }
}

static inline void receiver_reply(receiver *r, int fd, int status)
{
    char head[512];
    char *body = calloc(1, r->answer_len + 1);
    memset(body, 'x', r->answer_len);
    int len = snprintf(head, sizeof head, "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\n%s\r\n", status,
                       r->answer_len, r->extra ? r->extra : "");
    if (send(fd, head, (size_t)len, MSG_NOSIGNAL) == len && r->answer_len)
        (void)!send(fd, body, r->answer_len, MSG_NOSIGNAL);
    free(body);
}

/* One whole request at the start of the connection's data; false if more must be read. */
static inline bool receiver_take(receiver *r, size_t at)
{
    char number[16], *data = r->connections[at].data;
    char *end = strstr(data, "\r\n\r\n");
    if (!end)
        return false;
    header_copy(data, "content-length", number, sizeof number);
    size_t head_len = (size_t)(end - data) + 4, body_len = strtoul(number, NULL, 10);
    if (r->connections[at].len < head_len + body_len)
        return false;
    pthread_mutex_lock(&r->lock);
    hit *h = &r->hits[r->count];
    sscanf(data, "%*s %63s", h->path);
    header_copy(data, "webhook-id", h->id, sizeof h->id);
    header_copy(data, "webhook-timestamp", h->timestamp, sizeof h->timestamp);
    header_copy(data, "webhook-signature", h->signature, sizeof h->signature);
    h->body = malloc(body_len + 1);
    memcpy(h->body, data + head_len, body_len);
    h->body[body_len] = '\0';
    h->body_len = body_len;
    h->status = r->answer(r, h->path, r->count);
    int status = h->status;
    r->count++;
    pthread_cond_broadcast(&r->arrived);
    pthread_mutex_unlock(&r->lock);
    r->connections[at].len -= head_len + body_len;
    memmove(data, data + head_len + body_len, r->connections[at].len + 1);
    if (status)
        receiver_reply(r, r->connections[at].fd, status);
    return true;
}

static inline void receiver_read(receiver *r, size_t at)
{
    char *to = r->connections[at].data + r->connections[at].len;
    ssize_t got = recv(r->connections[at].fd, to, RECEIVER_REQUEST_MAX - r->connections[at].len, 0);
    if (got <= 0) {
        close(r->connections[at].fd);
        free(r->connections[at].data);
        r->connections[at].data = NULL;
        return;
    }
    to[got] = '\0';
    r->connections[at].len += (size_t)got;
    while (receiver_take(r, at))
        ;
}

static inline void receiver_accept(receiver *r)
{
    int fd = accept(r->listener, NULL, NULL);
    for (size_t i = 0; i < RECEIVER_CONNECTIONS && fd >= 0; i++) {
        if (r->connections[i].data)
            continue;
        r->connections[i].fd = fd;
        r->connections[i].len = 0;
        r->connections[i].data = calloc(1, RECEIVER_REQUEST_MAX + 1);
        pthread_mutex_lock(&r->lock);
        r->accepted++;
        pthread_mutex_unlock(&r->lock);
        return;
    }
    if (fd >= 0)
        close(fd);
}

static inline void *receiver_run(void *arg)
{
    receiver *r = arg;
    for (bool closing = false; !closing;) {
        struct pollfd fds[RECEIVER_CONNECTIONS + 2] = {{.fd = r->wake[0], .events = POLLIN},
                                                       {.fd = r->listener, .events = POLLIN}};
        for (size_t i = 0; i < RECEIVER_CONNECTIONS; i++)
            fds[i + 2] =
                (struct pollfd){.fd = r->connections[i].data ? r->connections[i].fd : -1, .events = POLLIN};
        poll(fds, RECEIVER_CONNECTIONS + 2, -1);
        for (size_t i = 0; i < RECEIVER_CONNECTIONS; i++)
            if (fds[i + 2].fd >= 0 && fds[i + 2].revents)
                receiver_read(r, i);
        if (fds[1].revents)
            receiver_accept(r);
        pthread_mutex_lock(&r->lock);
        closing = r->closing;
        pthread_mutex_unlock(&r->lock);
    }
    return NULL;
}

/* port 0: a free one. */
static inline receiver *receiver_open(uint16_t port)
{
    receiver *r = calloc(1, sizeof *r);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof address;
    int yes = 1;
    r->answer = always_ok;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->arrived, NULL);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r->listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(r->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(r->listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(r->listener, 64) != 0 ||
        getsockname(r->listener, (struct sockaddr *)&address, &len) != 0 || pipe(r->wake) != 0)
        lg_die("the receiver cannot listen");
    r->port = ntohs(address.sin_port);
    if (pthread_create(&r->thread, NULL, receiver_run, r) != 0)
        lg_die("no thread for the receiver");
    return r;
}

static inline void receiver_close(receiver *r)
{
    pthread_mutex_lock(&r->lock);
    r->closing = true;
    pthread_mutex_unlock(&r->lock);
    (void)!write(r->wake[1], "x", 1);
    pthread_join(r->thread, NULL);
    for (size_t i = 0; i < RECEIVER_CONNECTIONS; i++) {
        if (r->connections[i].data)
            close(r->connections[i].fd);
        free(r->connections[i].data);
    }
    for (size_t i = 0; i < r->count; i++)
        free(r->hits[i].body);
    close(r->listener);
    close(r->wake[0]);
    close(r->wake[1]);
    pthread_cond_destroy(&r->arrived);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Waits until so many requests have come. */
static inline void receiver_await(receiver *r, size_t count)
{
    pthread_mutex_lock(&r->lock);
    while (r->count < count)
        pthread_cond_wait(&r->arrived, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

static inline size_t receiver_count(receiver *r)
{
    pthread_mutex_lock(&r->lock);
    size_t count = r->count;
    pthread_mutex_unlock(&r->lock);
    return count;
}

#endif
