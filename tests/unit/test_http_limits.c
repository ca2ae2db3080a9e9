/* server/http: bodies, connections that live on, slow and vanishing clients, many at once, and stopping. */
#include "tests/unit/http_rig.h"

enum { CONNECTIONS = 50, PIPELINED = 4 };

#define POST_HEAD "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

static answer *heap_answer(void)
{
    answer *a = malloc(sizeof *a);
    assert_non_null(a);
    return a;
}

static void say_post(client *c, const char *path, const char *body)
{
    char text[1000];
    int len =
        snprintf(text, sizeof text, POST_HEAD "Content-Length: %zu\r\n\r\n%s", path, strlen(body), body);
    client_send(c, text, (size_t)len);
}

static void keep_alive_and_pipelining(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    client *c = client_open(r);
    answer *a = heap_answer();
    for (int i = 0; i < 3; i++) {
        say_post(c, "/echo", "one");
        client_read(c, a, false);
        assert_int_equal(a->status, 200);
        assert_string_equal(a->body, "one");
    }
    /* A refusal does not cost the connection if its body was read. */
    say_post(c, "/nothing", "two");
    client_read(c, a, false);
    assert_int_equal(a->status, 404);
    say_post(c, "/echo", "three");
    client_say(c, "GET /things/4 HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    say_post(c, "/later", "five");
    client_read(c, a, false);
    assert_string_equal(a->body, "three");
    client_read(c, a, false);
    assert_string_equal(a->body, "{\"id\":\"4\",\"path\":\"/things/4\",\"color\":null}");
    client_read(c, a, false);
    assert_int_equal(a->status, 404);
    client_read(c, a, false);
    assert_string_equal(a->body, "five");
    free(a);
    client_close(c);
    rig_close(r);
}

static void large_and_chunked_bodies(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    client *c = client_open(r);
    answer *a = heap_answer();
    char text[300], *body = malloc(RIG_BODY_MAX + 1);
    assert_non_null(body);
    for (size_t i = 0; i <= RIG_BODY_MAX; i++)
        body[i] = (char)('a' + i % 23);

    int len = snprintf(text, sizeof text, POST_HEAD "Content-Length: %d\r\n\r\n", "/echo", RIG_BODY_MAX);
    client_send(c, text, (size_t)len);
    client_send(c, body, RIG_BODY_MAX);
    client_read(c, a, false);
    assert_int_equal(a->status, 200);
    assert_int_equal(a->body_len, RIG_BODY_MAX);
    assert_memory_equal(a->body, body, RIG_BODY_MAX);

    len = snprintf(text, sizeof text, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n", "/echo");
    client_send(c, text, (size_t)len);
    client_say(c, "5\r\nhello\r\n1\r\n \r\n6;x=y\r\nworld!\r\n0\r\n\r\n");
    client_read(c, a, false);
    assert_int_equal(a->status, 200);
    assert_string_equal(a->body, "hello world!");

    /* One byte more than the route takes, in two chunks: all is read, then refused, then closed. */
    client_send(c, text, (size_t)len);
    len = snprintf(text, sizeof text, "%x\r\n", RIG_BODY_MAX);
    client_send(c, text, (size_t)len);
    client_send(c, body, RIG_BODY_MAX);
    client_say(c, "\r\n1\r\nx\r\n0\r\n\r\n");
    client_read(c, a, false);
    assert_int_equal(a->status, 413);
    answer_expect(a, "Connection", "close");
    assert_true(client_sees_end(c));
    client_close(c);
    free(body);
    free(a);
    rig_close(r);
}

static void announced_too_large(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    answer *a = heap_answer();
    /* Sent all the same: the answer comes behind it. */
    client *c = client_open(r);
    say_post(c, "/things/1", "12345678901");
    client_read(c, a, false);
    assert_int_equal(a->status, 413);
    answer_expect(a, "Connection", "close");
    assert_true(client_sees_end(c));
    client_close(c);
    /* Gigantic, or the client asks first: the answer comes at once. */
    static const char *const heads[] = {
        "Content-Length: 99999999999\r\n\r\n",
        "Content-Length: 100001\r\nExpect: 100-continue\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        c = client_open(r);
        client_say(c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n");
        client_say(c, heads[i]);
        client_read(c, a, false);
        assert_int_equal(a->status, 413);
        assert_int_equal(c->len, 0);
        assert_true(client_sees_end(c));
        client_close(c);
    }
    /* Asking first is answered with leave to go on if nothing stands against it. */
    c = client_open(r);
    client_say(c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n"
                  "Expect: 100-continue\r\n\r\n");
    client_read(c, a, false);
    assert_int_equal(a->status, 100);
    client_say(c, "ab");
    client_read(c, a, false);
    assert_int_equal(a->status, 200);
    assert_string_equal(a->body, "ab");
    client_close(c);
    free(a);
    rig_close(r);
}

static void ambiguous_framing(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
        "Transfer-Encoding: gzip\r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 2x\r\n\r\n",
    };
    rig *r = rig_open(0, 0);
    answer *a = heap_answer();
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        client *c = client_open(r);
        client_say(c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n");
        client_say(c, heads[i]);
        client_read(c, a, false);
        assert_int_equal(a->status, 400);
        assert_true(client_sees_end(c));
        client_close(c);
    }
    free(a);
    rig_close(r);
}

static void clients_that_vanish(void **state)
{
    (void)state;
    static const char *const starts[] = {
        "",
        "PO",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 50000\r\n\r\nhalf",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nhal",
    };
    rig *r = rig_open(0, 0);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        client *c = client_open(r);
        client_say(c, starts[i]);
        shutdown(c->fd, SHUT_WR);
        char rest[1000];
        while (recv(c->fd, rest, sizeof rest, 0) > 0) {
        }
        client_close(c);
    }
    /* Gone while the request is with the other thread. */
    rig_gate(r, true);
    client *c = client_open(r);
    say_post(c, "/later", "nobody reads this");
    rig_await(r, 1);
    client_close(c);
    rig_gate(r, false);
    answer *a = rig_get(r, "/things/special");
    assert_int_equal(a->status, 200);
    free(a);
    rig_close(r);
}

/* Sends a byte now and then until the server has had enough, which shows as the end of the stream or a reset.
 */
static void drip(client *c, char byte)
{
    struct timeval gap = {.tv_usec = 20 * 1000};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &gap, sizeof gap);
    for (;;) {
        ssize_t got = recv(c->fd, c->data + c->len, sizeof c->data - 1 - c->len, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return;
        if (got > 0)
            c->len += (size_t)got;
        c->data[c->len] = '\0';
        if (send(c->fd, &byte, 1, MSG_NOSIGNAL) < 0)
            return;
    }
}

static void slow_clients_are_cut(void **state)
{
    (void)state;
    rig *r = rig_open(300, 60000);
    client *c = client_open(r);
    drip(c, 'G'); /* never a whole request line */
    client_close(c);

    c = client_open(r);
    client_say(c, "GET /things/1 HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    drip(c, 'a');
    assert_memory_equal(c->data, "HTTP/1.1 408 ", 13);
    client_close(c);

    c = client_open(r);
    client_say(c,
               "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 100000\r\n\r\n");
    drip(c, 'a');
    assert_memory_equal(c->data, "HTTP/1.1 408 ", 13);
    assert_non_null(strstr(c->data, "\r\n\r\n{\"type\":\"urn:tallystick:problem:request-timeout\","));
    client_close(c);

    c = client_open(r);
    assert_true(client_sees_end(c)); /* says nothing at all */
    client_close(c);

    /* The deadline is the client's: it does not run while the registry works. The silent one is cut long
     * after its start. */
    rig_gate(r, true);
    client *patient = client_open(r), *silent = client_open(r);
    say_post(patient, "/later", "worth waiting for");
    rig_await(r, 1);
    assert_true(client_sees_end(silent));
    client_close(silent);
    silent = client_open(r);
    assert_true(client_sees_end(silent));
    client_close(silent);
    rig_gate(r, false);
    answer *a = heap_answer();
    client_read(patient, a, false);
    assert_int_equal(a->status, 200);
    assert_string_equal(a->body, "worth waiting for");
    free(a);
    client_close(patient);
    rig_close(r);
}

static void idle_connections_are_closed(void **state)
{
    (void)state;
    rig *r = rig_open(60000, 200);
    client *c = client_open(r);
    answer *a = heap_answer();
    say_post(c, "/echo", "x");
    client_read(c, a, false);
    assert_int_equal(a->status, 200);
    assert_true(client_sees_end(c));
    free(a);
    client_close(c);
    rig_close(r);
}

static void many_suspended_at_once(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    client *clients[CONNECTIONS];
    answer *a = heap_answer();
    char body[40];
    rig_gate(r, true);
    for (int i = 0; i < CONNECTIONS; i++) {
        clients[i] = client_open(r);
        for (int j = 0; j < PIPELINED; j++) {
            snprintf(body, sizeof body, "request %d of %d", j, i);
            say_post(clients[i], "/later", body);
        }
    }
    rig_await(r, CONNECTIONS); /* one of each connection is with the other thread, all at the same time */
    rig_gate(r, false);
    for (int i = 0; i < CONNECTIONS; i++) {
        for (int j = 0; j < PIPELINED; j++) {
            client_read(clients[i], a, false);
            assert_int_equal(a->status, 200);
            snprintf(body, sizeof body, "request %d of %d", j, i);
            assert_string_equal(a->body, body);
        }
        client_close(clients[i]);
    }
    free(a);
    rig_close(r);
}

static void *close_rig(void *context)
{
    rig_close(context);
    return NULL;
}

static void stopping_loses_no_answer(void **state)
{
    (void)state;
    enum { RUNNING = 8 };
    rig *r = rig_open(0, 0);
    client *running[RUNNING], *idle = client_open(r), *silent = client_open(r), *half = client_open(r);
    answer *a = heap_answer();
    rig_gate(r, true);
    for (int i = 0; i < RUNNING; i++) {
        running[i] = client_open(r);
        say_post(running[i], "/later", "in flight");
    }
    say_post(idle, "/echo", "x");
    client_read(idle, a, false);
    client_say(half,
               "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 8\r\n\r\nhalf");
    rig_await(r, RUNNING);

    /* Those who are connected are still served, once. */
    http_server_quiesce(r->server);
    assert_int_equal(rig_connect(r), -1);
    say_post(idle, "/echo", "in time");
    client_read(idle, a, false);
    assert_int_equal(a->status, 200);
    answer_expect(a, "Connection", "close");
    assert_true(client_sees_end(idle));
    client_say(half, "half");
    client_read(half, a, false);
    assert_string_equal(a->body, "halfhalf");
    assert_true(client_sees_end(half));
    assert_true(client_sees_end(silent)); /* who asks for nothing is not waited for */

    pthread_t closer;
    assert_int_equal(pthread_create(&closer, NULL, close_rig, r), 0);
    for (int i = 0; i < RUNNING; i++) {
        client_read(running[i], a, false);
        assert_int_equal(a->status, 200);
        assert_string_equal(a->body, "in flight");
        client_close(running[i]);
    }
    pthread_join(closer, NULL);
    client_close(half);
    client_close(idle);
    client_close(silent);
    free(a);
}

static void a_cut_ends_what_is_not_being_answered(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    client *half = client_open(r), *silent = client_open(r), *running = client_open(r);
    answer *a = heap_answer();
    rig_gate(r, true);
    say_post(running, "/later", "in flight");
    client_say(half,
               "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 8\r\n\r\nhalf");
    rig_await(r, 1);
    http_server_cut(r->server);
    assert_true(client_sees_end(half));
    assert_true(client_sees_end(silent));
    rig_gate(r, false);
    client_read(running, a, false);
    assert_int_equal(a->status, 200);
    answer_expect(a, "Connection", "close");
    client_close(running);
    client_close(half);
    client_close(silent);
    free(a);
    rig_close(r);
}

/* Each thread is asked, and one that hangs in a handler is found. */
static void a_thread_that_hangs_is_noticed(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    assert_true(http_server_is_alive(r->server, 60000));
    assert_true(http_server_is_alive(r->server, 60000));
    rig_hang(r, true);
    client *c = client_open(r);
    client_say(c, "GET /hang HTTP/1.1\r\nHost: x\r\n\r\n");
    rig_await(r, 1);
    assert_false(http_server_is_alive(r->server, 100));
    rig_hang(r, false);
    answer *a = heap_answer();
    client_read(c, a, false);
    assert_int_equal(a->status, 200);
    assert_true(http_server_is_alive(r->server, 60000));
    free(a);
    client_close(c);
    rig_close(r);
}

static void limits_of_connections(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    lg_arena *arena = lg_arena_open();
    lg_report report;
    lg_report_init(&report, arena);
    http_settings settings = {.connections_max = 3, .connections_per_address_max = 2};
    assert_int_equal(http_server_reload(r->server, &settings, &report), LG_OK);
    client *first = client_open(r), *second = client_open(r);
    answer *a = heap_answer();
    say_post(first, "/echo", "1");
    client_read(first, a, false);
    assert_int_equal(a->status, 200);
    say_post(second, "/echo", "2");
    client_read(second, a, false);
    assert_int_equal(a->status, 200);
    client *third = client_open(r);
    assert_true(client_sees_end(third)); /* one too many of this address */
    client_close(third);

    /* A trusted proxy may take all there are; who comes then waits until there is room. */
    static const char *const trusted[] = {"127.0.0.0/8"};
    settings.trusted_proxies = trusted;
    settings.trusted_proxy_count = 1;
    assert_int_equal(http_server_reload(r->server, &settings, &report), LG_OK);
    third = client_open(r);
    say_post(third, "/echo", "3");
    client_read(third, a, false);
    assert_int_equal(a->status, 200);
    client *fourth = client_open(r);
    say_post(fourth, "/echo", "4");
    client_close(first);
    client_read(fourth, a, false);
    assert_int_equal(a->status, 200);
    assert_string_equal(a->body, "4");

    static const char *const wrong[] = {"127.0.0.0/33"};
    settings.trusted_proxies = wrong;
    assert_int_equal(http_server_reload(r->server, &settings, &report), LG_BAD_REQUEST);
    client_close(second);
    client_close(third);
    client_close(fourth);
    free(a);
    lg_arena_close(arena);
    rig_close(r);
}

static int init(void **state)
{
    (void)state;
    return lg_crypto_init() ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep_alive_and_pipelining),
        cmocka_unit_test(large_and_chunked_bodies),
        cmocka_unit_test(announced_too_large),
        cmocka_unit_test(ambiguous_framing),
        cmocka_unit_test(clients_that_vanish),
        cmocka_unit_test(slow_clients_are_cut),
        cmocka_unit_test(idle_connections_are_closed),
        cmocka_unit_test(many_suspended_at_once),
        cmocka_unit_test(stopping_loses_no_answer),
        cmocka_unit_test(a_cut_ends_what_is_not_being_answered),
        cmocka_unit_test(a_thread_that_hangs_is_noticed),
        cmocka_unit_test(limits_of_connections),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
