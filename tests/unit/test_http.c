/* server/http: routes, what is refused before a handler sees it, and the answers' form. */
#include "tests/unit/http_rig.h"

static rig *server;

static int open_server(void **state)
{
    (void)state;
    if (lg_crypto_init())
        return -1;
    server = rig_open(0, 0);
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    rig_close(server);
    return 0;
}

/* Asks and compares status and, unless NULL, body. */
static void expect(const char *request, int status, const char *body)
{
    answer *a = rig_ask(server, request, strlen(request), strncmp(request, "HEAD", 4) == 0);
    assert_int_equal(a->status, status);
    if (body)
        assert_string_equal(a->body, body);
    free(a);
}

static void expect_get(const char *target, int status, const char *body)
{
    answer *a = rig_get(server, target);
    assert_int_equal(a->status, status);
    if (body)
        assert_string_equal(a->body, body);
    free(a);
}

static void expect_problem(const char *target, int status, const char *slug)
{
    char type[100];
    answer *a = rig_get(server, target);
    snprintf(type, sizeof type, "{\"type\":\"urn:tallystick:problem:%s\",", slug);
    assert_int_equal(a->status, status);
    assert_memory_equal(a->body, type, strlen(type));
    answer_expect(a, "Content-Type", "application/problem+json");
    free(a);
}

static void routes_and_parameters(void **state)
{
    (void)state;
    expect_get("/things/42", 200, "{\"id\":\"42\",\"path\":\"/things/42\",\"color\":null}");
    expect_get("/things/a%2Fb%c3%A9?color=r%20e+d", 200,
               "{\"id\":\"a/b\xc3\xa9\",\"path\":\"/things/a%2Fb%c3%A9\",\"color\":\"r e d\"}");
    expect_get("/things/1+1?", 200, "{\"id\":\"1+1\",\"path\":\"/things/1+1\",\"color\":null}");
    expect_get("/things/1?color=", 200, "{\"id\":\"1\",\"path\":\"/things/1\",\"color\":\"\"}");
    expect_get("/things/special", 200, "special");
    expect_get("/things/42/history", 200, "history");
    expect_get("/tile/0/x001/067.p/8", 200, "0/x001/067.p/8");
    expect_get("/tile/entries/5", 200, "entries");
    expect_get("/tile/entries", 200,
               "entries"); /* by {rest*}, which the literal pattern leaves to the wider one */
}

static void unknown_paths(void **state)
{
    (void)state;
    const char *const paths[] = {"/",          "/nothing", "/things", "/things/",       "/things//history",
                                 "/things/1/", "/tile/",   "/tile",   "/things/1/hist", "//things/1",
                                 "/Things/1"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        expect_problem(paths[i], 404, "not-found");
}

static void bad_targets(void **state)
{
    (void)state;
    expect_problem("/things/%", 400, "bad-request");
    expect_problem("/things/%4", 400, "bad-request");
    expect_problem("/things/%zz", 400, "bad-request");
    expect_problem("/things/a%00b", 400, "bad-request");
    expect_problem("/things/%ff", 400, "bad-request");
    expect_problem("/nothing/%", 400, "bad-request");
    expect_problem("http://x/things/1", 400, "bad-request");
    static const char nul[] = "GET /things/a\0b HTTP/1.1\r\nHost: x\r\n\r\n";
    answer *a = rig_ask(server, nul, sizeof nul - 1, false);
    assert_int_equal(a->status, 400);
    free(a);

    char path[9000] = "/things/";
    memset(path + 8, 'a', 2048 - 8);
    expect_get(path, 200, NULL);
    path[2048] = 'a';
    expect_problem(path, 414, "uri-too-long");
    memset(path + 8, 'a', sizeof path - 9);
    expect_problem(path, 414, "uri-too-long");
}

static void malformed_request_lines(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /things/a b HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /things/a  HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /things/a\t HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /things/a?color=\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /things/a HTTP/1.1\r\n\r\n",
        "GET /things/a HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        answer *a = rig_ask(server, requests[i], strlen(requests[i]), false);
        assert_int_equal(a->status, 400);
        assert_non_null(strstr(a->body, "urn:tallystick:problem:bad-request"));
        free(a);
    }
    expect("GET /things/special HTTP/1.0\r\n\r\n", 200, "special");
}

static void query_parameters(void **state)
{
    (void)state;
    answer *a = rig_get(server, "/things/1?shape=round");
    assert_int_equal(a->status, 400);
    assert_string_equal(
        a->body,
        "{\"type\":\"urn:tallystick:problem:bad-query\",\"title\":\"A query parameter is unknown or "
        "out of range\",\"status\":400,\"detail\":\"The query parameter 'shape' is unknown here.\"}");
    free(a);
    a = rig_get(server, "/things/1?color=red&limit=5&color=red");
    assert_int_equal(a->status, 400);
    assert_non_null(strstr(a->body, "The query parameter 'color' is given more than once."));
    free(a);
    expect_problem("/things/1?color=%", 400, "bad-query");
    expect_problem("/things/1?color=a%00", 400, "bad-query");
    expect_problem("/things/1?%ff=1", 400, "bad-query");
    expect_problem("/tagged?color=red", 400, "bad-query");
    expect_get("/things/1?&color=red&", 200, "{\"id\":\"1\",\"path\":\"/things/1\",\"color\":\"red\"}");
}

static void methods(void **state)
{
    (void)state;
    static const struct {
        const char *request, *allow;
    } cases[] = {
        {"POST /tagged HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "GET, HEAD"},
        {"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", "POST"},
        {"OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n", "POST"},
        {"DELETE /things/1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET, HEAD, POST"},
        {"PUT /tagged HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "GET, HEAD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer *a = rig_ask(server, cases[i].request, strlen(cases[i].request), false);
        assert_int_equal(a->status, 405);
        answer_expect(a, "Allow", cases[i].allow);
        free(a);
    }
    expect("PUT /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404, NULL);
    const char *head = "HEAD /things/special HTTP/1.1\r\nHost: x\r\n\r\n";
    answer *a = rig_ask(server, head, strlen(head), true);
    assert_int_equal(a->status, 200);
    answer_expect(a, "Content-Length", "7");
    free(a);
    expect("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n", 405, NULL);
}

static void media_types(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/jsonx\r\n",
        "Content-Type: application/json\r\nContent-Type: text/csv\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
    };
    char text[300];
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        int len = snprintf(text, sizeof text,
                           "POST /echo HTTP/1.1\r\nHost: x\r\n%sContent-Length: 2\r\n\r\n{}", refused[i]);
        answer *a = rig_ask(server, text, (size_t)len, false);
        assert_int_equal(a->status, 415);
        answer_expect(a, "Accept-Post", "application/json, text/csv");
        free(a);
    }
    const char *good = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
                       "Content-Length: 2\r\n\r\n{}";
    answer *a = rig_ask(server, good, strlen(good), false);
    assert_int_equal(a->status, 200);
    assert_string_equal(a->body, "{}");
    answer_expect(a, "X-Type", "application/json");
    free(a);
}

static void every_answer_has(const answer *a)
{
    char id[256];
    assert_non_null(answer_header(a, "X-Request-Id", id));
    assert_int_equal(strlen(id), 16);
    assert_int_equal(strspn(id, "0123456789abcdef"), 16);
    answer_expect(a, "X-Content-Type-Options", "nosniff");
}

static void headers_of_answers(void **state)
{
    (void)state;
    char first[256], second[256];
    answer *a = rig_get(server, "/things/1"), *b = rig_get(server, "/nothing");
    every_answer_has(a);
    every_answer_has(b);
    answer_expect(a, "Cache-Control", "no-store");
    answer_expect(b, "Cache-Control", "no-store");
    assert_string_not_equal(answer_header(a, "X-Request-Id", first),
                            answer_header(b, "X-Request-Id", second));
    free(a);
    free(b);
    a = rig_get(server, "/busy");
    assert_int_equal(a->status, 503);
    answer_expect(a, "Retry-After", "1");
    free(a);
    a = rig_get(server, "/stranger");
    assert_int_equal(a->status, 401);
    answer_expect(a, "WWW-Authenticate", "Bearer");
    free(a);
}

static void entity_tags(void **state)
{
    (void)state;
    static const struct {
        const char *tags;
        int status;
    } cases[] = {
        {"\"v1\"", 304}, {"W/\"v1\"", 304}, {"\"v0\", \"v1\"", 304}, {"*", 304},
        {"\"v2\"", 200}, {"v1", 200},       {"\"v0\",\"", 200},      {"\"xv1\"", 200},
    };
    char text[300];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int len = snprintf(text, sizeof text, "GET /tagged HTTP/1.1\r\nHost: x\r\nIf-None-Match: %s\r\n\r\n",
                           cases[i].tags);
        answer *a = rig_ask(server, text, (size_t)len, false);
        assert_int_equal(a->status, cases[i].status);
        assert_string_equal(a->body, cases[i].status == 304 ? "" : "version 1");
        answer_expect(a, "ETag", "\"v1\"");
        answer_expect(a, "Cache-Control", "private, no-cache");
        every_answer_has(a);
        free(a);
    }
}

static void problems(void **state)
{
    (void)state;
    expect_get(
        "/faulty", 422,
        "{\"type\":\"urn:tallystick:problem:invalid-fields\",\"title\":\"One or more fields break a rule\","
        "\"status\":422,\"detail\":\"Two fields.\",\"errors\":["
        "{\"code\":\"required\",\"pointer\":\"/invoice/number\",\"detail\":\"The member 'number' is "
        "\\\"missing\\\".\"},"
        "{\"code\":\"out_of_range\",\"pointer\":\"/amount\",\"detail\":\"Too "
        "large.\"}],\"receivable\":{\"id\":7}}");
    /* Our own faults: the client learns nothing of the inside, the log everything. */
    expect_get("/broken", 500,
               "{\"type\":\"urn:tallystick:problem:io-error\",\"title\":\"Reading or writing storage "
               "failed\",\"status\":500}");
    pthread_mutex_lock(&server->lock);
    assert_non_null(
        strstr(server->last_fault, " method=GET route=/broken problem=io-error detail=\"the disk said no\""));
    pthread_mutex_unlock(&server->lock);
}

static void every_error_has_a_status(void **state)
{
    (void)state;
    for (int i = 0; i < LG_ERROR_COUNT; i++) {
        int status = http_status_of((lg_err)i);
        switch (lg_err_kind((lg_err)i)) {
        case LG_KIND_NONE:
            assert_int_equal(status, 200);
            break;
        case LG_KIND_CALLER:
            assert_in_range(status, 400, 499);
            assert_int_not_equal(status, 429);
            break;
        case LG_KIND_RETRY:
            assert_true(status == 429 || status == 503 || status == 507);
            break;
        case LG_KIND_OURS:
            assert_int_equal(status, i == LG_NO_MEMORY || i == LG_OUTCOME_UNKNOWN ? 503 : 500);
            break;
        }
    }
    assert_int_equal(http_status_of(LG_JTI_REUSED), 409);
    assert_int_equal(http_status_of(LG_STALE_COMMAND), 401);
    assert_int_equal(http_status_of(LG_NOT_PERMITTED), 403);
    assert_int_equal(http_status_of(LG_AMOUNT_OUT_OF_RANGE), 422);
    assert_int_equal(http_status_of(LG_DISK_FULL), 507);
}

static void wrong_route_tables_are_refused(void **state)
{
    (void)state;
    static const http_route wrong[] = {
        {HTTP_GET, "things", rig_named, 0, NULL, NULL, NULL, false, NULL},
        {HTTP_GET, "/a/{rest*}/b", rig_named, 0, NULL, NULL, NULL, false, NULL},
        {HTTP_GET, "/a", NULL, 0, NULL, NULL, NULL, false, NULL},
        {HTTP_POST, "/a", rig_echo, 10, NULL, NULL, NULL, false, NULL},
        {HTTP_GET, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}", rig_named, 0, NULL, NULL, NULL, false, NULL},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        http_server *none = NULL;
        static const char *const listen[] = {"127.0.0.1:0"};
        http_config config = {.listen = listen, .listen_count = 1, .routes = &wrong[i], .route_count = 1};
        assert_int_equal(http_server_open(&config, &none, NULL), LG_INTERNAL);
        assert_null(none);
    }
}

static void wrong_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "8080",
                                        ":8080",
                                        "127.0.0.1",
                                        "127.0.0.1:x",
                                        "::1:80",
                                        "[::1:80",
                                        "300.0.0.1:80",
                                        "ftp://127.0.0.1:80",
                                        "127.0.0.1:65536",
                                        "https://127.0.0.1:0"};
    lg_arena *arena = lg_arena_open();
    lg_report report;
    lg_report_init(&report, arena);
    const char *const taken[] = {"127.0.0.1:0", http_server_url(server->server, 0)};
    http_server *none = NULL;
    http_config config = {.routes = rig_routes, .route_count = 1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        config.listen = &wrong[i];
        config.listen_count = 1;
        assert_int_equal(http_server_open(&config, &none, &report), LG_BAD_REQUEST);
    }
    config.listen = taken;
    config.listen_count = 2;
    assert_int_equal(http_server_open(&config, &none, &report), LG_IO);
    assert_non_null(strstr(report.detail, "Address already in use"));
    lg_arena_close(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_and_parameters),
        cmocka_unit_test(unknown_paths),
        cmocka_unit_test(bad_targets),
        cmocka_unit_test(malformed_request_lines),
        cmocka_unit_test(query_parameters),
        cmocka_unit_test(methods),
        cmocka_unit_test(media_types),
        cmocka_unit_test(headers_of_answers),
        cmocka_unit_test(entity_tags),
        cmocka_unit_test(problems),
        cmocka_unit_test(every_error_has_a_status),
        cmocka_unit_test(wrong_route_tables_are_refused),
        cmocka_unit_test(wrong_addresses_are_refused),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
