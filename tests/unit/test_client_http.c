/* The client's requests against a server of canned answers on the loopback interface: what is sent again, and
 * what is not believed. */
#include "tests/unit/client_rig.h"

#include "ledger/registry/jws.h"
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
static bool request_is_whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length: ");
    return end && (!length || strlen(end + 4) >= strtoul(length + strlen("content-length: "), NULL, 10));
}

static void *serve(void *ctx)
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

static void canned_open(canned *server)
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

static void canned_close(canned *server)
{
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    close(server->fd);
}

static const char *body_of(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    return end ? end + 4 : "";
}

/* Sends one signed command to the server; the client stays open for the test to look at. */
static client_exit send_command(client *c, canned *server, client_answer *answer)
{
    char path[] = "/tmp/tallystick-test-XXXXXX";
    assert_non_null(mkdtemp(path));
    const char *key_path = lg_arena_printf(c->arena, "%s/key.jwk", path);
    lg_signing_key *key = lg_signing_key_new();
    assert_int_equal(lg_key_file_write(key_path, key, &c->report), LG_OK);
    lg_signing_key_close(key);
    c->json = true; /* no warnings on standard error */
    c->config.url = server->url;
    c->config.key = key_path;
    c->config.origin = "receivables.example.com";
    client_act act = {.path = "/v1/sweeps", .payload = lg_bytes_str("{}")};
    client_exit code = client_act_send(c, c->arena, &act, answer);
    unlink(key_path);
    rmdir(path);
    return code;
}

static void end(client *c, canned *server, client_answer *answer)
{
    client_answer_clear(answer);
    canned_close(server);
    client_http_close(c->http);
    end_client(c);
}

#define BUSY                                                                                                 \
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
#define DONE                                                                                                 \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\nConnection: "                \
    "close\r\n\r\n{\"lapsed\":0}"

static void test_a_command_is_sent_again_as_it_was(void **state)
{
    (void)state;
    canned server = {.answers = {BUSY, DONE}};
    client c = new_client("sweep");
    client_answer answer;
    lg_jws jws;
    c.attempts = 3;
    canned_open(&server);
    assert_int_equal(send_command(&c, &server, &answer), CLIENT_OK);
    assert_int_equal(answer.status, 200);
    assert_string_equal(body_of(server.requests[0]), body_of(server.requests[1]));
    assert_non_null(strstr(server.requests[0], "Content-Type: application/jose+json"));
    assert_null(strstr(server.requests[0], "Authorization"));
    assert_int_equal(lg_jws_parse(c.arena, lg_bytes_str(body_of(server.requests[1])), &jws, &c.report),
                     LG_OK);
    assert_int_equal(lg_jws_check(&jws, "receivables.example.com", "/v1/sweeps", &c.report), LG_OK);
    end(&c, &server, &answer);
}

static void test_a_busy_registry_is_given_up_in_the_end(void **state)
{
    (void)state;
    canned server = {.answers = {BUSY, BUSY}};
    client c = new_client("sweep");
    client_answer answer;
    c.attempts = 2;
    canned_open(&server);
    assert_int_equal(send_command(&c, &server, &answer), CLIENT_UNREACHABLE);
    end(&c, &server, &answer);
}

static void test_a_refusal_is_kept_and_not_repeated(void **state)
{
    (void)state;
    canned server = {
        .answers = {
            "HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n"
            "{\"type\":\"urn:tallystick:problem:wrong-state\",\"title\":\"Not now\",\"status\":409}"}};
    client c = new_client("sweep");
    client_answer answer;
    c.attempts = 3;
    canned_open(&server);
    assert_int_equal(send_command(&c, &server, &answer), CLIENT_REFUSED);
    assert_int_equal(answer.status, 409);
    assert_string_equal(json_string_value(json_object_get(c.problem, "type")),
                        "urn:tallystick:problem:wrong-state");
    end(&c, &server, &answer);
}

static void test_redirects_are_not_followed(void **state)
{
    (void)state;
    canned server = {.answers = {"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: "
                                 "0\r\nConnection: close\r\n\r\n"}};
    client c = new_client("sweep");
    client_answer answer;
    c.attempts = 3;
    canned_open(&server);
    assert_int_equal(send_command(&c, &server, &answer), CLIENT_UNREACHABLE);
    end(&c, &server, &answer);
}

static void test_an_answer_is_read_within_its_bound(void **state)
{
    (void)state;
    static const size_t bounds[] = {11, 12};
    for (size_t i = 0; i < 2; i++) {
        canned server = {.answers = {DONE}};
        client c = new_client("sweep");
        client_answer none = {0};
        client_response response;
        c.json = true;
        canned_open(&server);
        c.config.url = server.url;
        c.config.token = "ts_test";
        client_request request = {.path = "/x", .max = bounds[i], .token = c.config.token};
        assert_int_equal(client_http_send(&c, c.arena, &request, &response),
                         i ? CLIENT_OK : CLIENT_UNREACHABLE);
        end(&c, &server, &none);
        assert_non_null(strstr(server.requests[0], "GET /x HTTP/1.1"));
        assert_non_null(strstr(server.requests[0], "Authorization: Bearer ts_test"));
    }
}

static void test_a_receipt_that_does_not_hold_is_not_believed(void **state)
{
    (void)state;
    canned server = {.answers = {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
                                 "{\"receipt\":{\"seq\":1,\"leaf\":\"\",\"entry\":\"{}\",\"proof\":\"\"}}"}};
    client c = new_client("sweep");
    client_answer answer;
    canned_open(&server);
    assert_int_equal(send_command(&c, &server, &answer), CLIENT_UNVERIFIED);
    end(&c, &server, &answer);
}

static void test_urls_that_are_no_registry_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"ftp://127.0.0.1",       "127.0.0.1:80",       "http://user@127.0.0.1",
                                       "http://127.0.0.1/?x=1", "file:///etc/passwd", ""};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        client c = new_client("sweep");
        client_request request = {.path = "/"};
        client_response response;
        c.config.url = urls[i];
        assert_int_equal(client_http_send(&c, c.arena, &request, &response), CLIENT_USAGE);
        end_client(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_command_is_sent_again_as_it_was),
        cmocka_unit_test(test_a_busy_registry_is_given_up_in_the_end),
        cmocka_unit_test(test_a_refusal_is_kept_and_not_repeated),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_an_answer_is_read_within_its_bound),
        cmocka_unit_test(test_a_receipt_that_does_not_hold_is_not_believed),
        cmocka_unit_test(test_urls_that_are_no_registry_are_refused),
    };
    return cmocka_run_group_tests_name("client http", tests, set_up, NULL);
}
