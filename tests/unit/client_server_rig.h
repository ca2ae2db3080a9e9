/* A server of canned answers on the loopback interface, and a client that talks to it. */
#ifndef TESTS_CLIENT_SERVER_RIG_H
#define TESTS_CLIENT_SERVER_RIG_H

#include "tests/unit/client_rig.h"

#include "server/client/act.h"
#include "server/client/http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWERS_MAX = 4, REQUEST_MAX = 8192 };

/* One connection per answer; NULL hangs up instead. */
typedef struct canned {
    const char *answers[ANSWERS_MAX];
    char requests[ANSWERS_MAX][REQUEST_MAX];
    size_t count;
    int fd;
    pthread_t thread;
    char url[64];
} canned;

/* Until the body is there: what Content-Length says, or the header alone. */
static inline bool request_is_whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length: ");
    return end && (!length || strlen(end + 4) >= strtoul(length + strlen("content-length: "), NULL, 10));
}

static inline void *serve(void *ctx)
{
    canned *server = ctx;
    for (size_t i = 0; i < server->count; i++) {
        int connection = accept(server->fd, NULL, NULL);
        char *request = server->requests[i];
        size_t len = 0;
        while (connection >= 0 && !request_is_whole(request) && len + 1 < REQUEST_MAX) {
            ssize_t got = read(connection, request + len, REQUEST_MAX - 1 - len);
            if (got <= 0)
                break;
            len += (size_t)got;
        }
        const char *answer = server->answers[i];
        if (answer && send(connection, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            request[0] = '\0';
        close(connection);
    }
    return NULL;
}

static inline void canned_open(canned *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    while (server->count < ANSWERS_MAX && server->answers[server->count])
        server->count++;
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->fd, 4), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static inline void canned_close(canned *server)
{
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    close(server->fd);
}

static inline const char *body_of(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    return end ? end + 4 : "";
}

/* A key file for the client to sign with, in a folder of its own; key_remove takes both away. */
static inline void key_make(client *c)
{
    char folder[] = "/tmp/tallystick-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    c->config.key = lg_arena_printf(c->arena, "%s/key.jwk", folder);
    lg_signing_key *key = lg_signing_key_new();
    assert_int_equal(lg_key_file_write(c->config.key, key, &c->report), LG_OK);
    lg_signing_key_close(key);
    c->config.origin = "receivables.example.com";
}

static inline void key_remove(client *c)
{
    char *folder = lg_arena_strdup(c->arena, c->config.key);
    *strrchr(folder, '/') = '\0';
    unlink(c->config.key);
    rmdir(folder);
}

#endif
