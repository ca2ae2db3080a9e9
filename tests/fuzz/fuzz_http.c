/* Whatever arrives at a connection: the real HTTP server with a few routes, one connection an input. Each
 * answer must begin as one does, and no status may blame the server. */
#include "server/http/http.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BODY_MAX = 1000, ANSWERS_MAX = 1 << 20 };

static http_result echo(http_request *request)
{
    http_set_header(request, "X-Type", http_media_type(request));
    return http_answer_text(request, 200, "application/octet-stream", http_body(request));
}

static http_result tell(http_request *request)
{
    const char *colour = http_query(request, "colour");
    (void)http_language(request);
    if (http_etag_matches(request, "v1"))
        return http_answer_not_modified(request);
    return http_answer_text(request, 200, "text/plain",
                            lg_bytes_str(colour ? colour : http_param(request, "id")));
}

static http_result problem(http_request *request)
{
    lg_fault_add(http_report(request), "required", "/invoice/number", "The member 'number' is missing.");
    return http_answer_problem(request, lg_fail(http_report(request), LG_INVALID_FIELDS, "One field."), NULL);
}

static const char *const types[] = {"application/json", "text/csv", NULL};
static const char *const query[] = {"colour", NULL};
static const http_route routes[] = {
    {HTTP_POST, "/echo", echo, BODY_MAX, types, NULL, NULL, false, NULL},
    {HTTP_GET, "/things/{id}", tell, 0, NULL, query, NULL, false, NULL},
    {HTTP_POST, "/problem", problem, BODY_MAX, types, NULL, NULL, false, NULL},
};

static http_server *open_server(void)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    const http_config config = {
        .listen = listen,
        .listen_count = 1,
        .threads = 1,
        .settings = {.deadline_ms = 5000, .idle_ms = 5000},
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
    };
    http_server *server = NULL;
    lg_report report;
    lg_report_init(&report, fuzz_arena());
    FUZZ_HOLDS(http_server_open(&config, &server, &report) == LG_OK);
    return server;
}

static int connect_to(const http_server *server)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(http_server_port(server)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 60};
    const struct linger reset = {.l_onoff = 1}; /* leaves no TIME_WAIT: ports are few */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FUZZ_HOLDS(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return fd;
}

static void check_answer(const char *answer)
{
    char *end;
    FUZZ_HOLDS(strncmp(answer, "HTTP/1.1 ", 9) == 0 || strncmp(answer, "HTTP/1.0 ", 9) == 0);
    long status = strtol(answer + 9, &end, 10);
    FUZZ_HOLDS(*end == ' ' && ((status >= 100 && status < 500) || status == 501 || status == 505));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static http_server *server;
    static char answers[ANSWERS_MAX];
    if (!server)
        server = open_server();
    int fd = connect_to(server);
    for (size_t sent = 0; sent < len;) {
        ssize_t now = send(fd, data + sent, len - sent, MSG_NOSIGNAL);
        if (now <= 0)
            break; /* refused in the middle */
        sent += (size_t)now;
    }
    shutdown(fd, SHUT_WR);
    size_t got = 0;
    for (ssize_t now;
         got < sizeof answers - 1 && (now = recv(fd, answers + got, sizeof answers - 1 - got, 0)) > 0;)
        got += (size_t)now;
    answers[got] = '\0';
    close(fd);
    if (got > 0)
        check_answer(answers);
    return 0;
}
