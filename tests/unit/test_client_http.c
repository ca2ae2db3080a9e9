/* The client's requests against a server of canned answers on the loopback interface: what is sent again, and
 * what is not believed. */
#include "tests/unit/client_server_rig.h"

#include "ledger/registry/jws.h"

/* Sends one signed command to the server; the client stays open for the test to look at. */
static client_exit send_command(client *c, canned *server, client_answer *answer)
{
    c->json = true; /* no warnings on standard error */
    c->config.url = server->url;
    key_make(c);
    client_act act = {.path = "/v1/sweeps", .payload = lg_bytes_str("{}")};
    client_exit code = client_act_send(c, c->arena, &act, answer);
    key_remove(c);
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
