/* server/http: whom a request comes from, behind proxies that are trusted, and by the word of those that are
 * not. */
#include "tests/unit/http_rig.h"

static http_settings trusting(const char *const *networks, size_t count)
{
    return (http_settings){.trusted_proxies = networks, .trusted_proxy_count = count};
}

static void expect_client(const rig *r, const char *headers, const char *expected)
{
    char text[4000];
    int len = snprintf(text, sizeof text, "GET /client HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);
    answer *a = rig_ask(r, text, (size_t)len, false);
    assert_int_equal(a->status, 200);
    assert_string_equal(a->body, expected);
    free(a);
}

static void settle(rig *r, const char *const *networks, size_t count)
{
    const http_settings settings = trusting(networks, count);
    assert_int_equal(http_server_reload(r->server, &settings, NULL), LG_OK);
}

static void a_stranger_is_who_it_is(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    static const char *const elsewhere[] = {"10.0.0.0/8", "::1"};
    expect_client(r, "X-Forwarded-For: 203.0.113.7\r\n", "127.0.0.1");
    settle(r, elsewhere, 2);
    expect_client(r, "X-Forwarded-For: 203.0.113.7\r\n", "127.0.0.1");
    rig_close(r);
}

static void a_trusted_proxy_is_believed_as_far_as_it_sees(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    static const char *const trusted[] = {"127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"};
    settle(r, trusted, 3);
    expect_client(r, "", "127.0.0.1");
    expect_client(r, "X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7");
    expect_client(r, "X-Forwarded-For: 203.0.113.7:4711\r\n", "203.0.113.7");
    expect_client(r, "X-Forwarded-For: 2001:db8::9\r\n", "2001:db8::9");
    expect_client(r, "X-Forwarded-For: [2001:db8::9]:4711\r\n", "2001:db8::9");
    expect_client(r, "X-Forwarded-For:  203.0.113.7 \r\n", "203.0.113.7");
    /* What the client itself claims stands left of what the proxy saw. */
    expect_client(r, "X-Forwarded-For: 198.51.100.1, 203.0.113.7\r\n", "203.0.113.7");
    expect_client(r, "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7");
    /* Through two proxies of ours. */
    expect_client(r, "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.1.2.3\r\n", "203.0.113.7");
    expect_client(r, "X-Forwarded-For: 203.0.113.7, 2001:db8:1::5, 10.1.2.3\r\n", "203.0.113.7");
    /* All of them ours: the outermost. */
    expect_client(r, "X-Forwarded-For: 10.9.9.9, 10.1.2.3\r\n", "10.9.9.9");
    /* What is no address ends what can be known. */
    expect_client(r, "X-Forwarded-For: unknown\r\n", "127.0.0.1");
    expect_client(r, "X-Forwarded-For: 203.0.113.7, _hidden, 10.1.2.3\r\n", "10.1.2.3");
    expect_client(r, "X-Forwarded-For: 203.0.113.7, , \r\n", "127.0.0.1");
    expect_client(r, "X-Forwarded-For: 1.2.3.4.5\r\n", "127.0.0.1");
    rig_close(r);
}

static void a_long_list_is_read_from_its_end(void **state)
{
    (void)state;
    rig *r = rig_open(0, 0);
    static const char *const trusted[] = {"127.0.0.1", "10.0.0.0/8"};
    settle(r, trusted, 2);
    char headers[3000] = "X-Forwarded-For: ";
    for (int i = 0; i < 100; i++)
        strcat(headers, "198.51.100.1, ");
    strcat(headers, "203.0.113.7, 10.0.0.1\r\n");
    expect_client(r, headers, "203.0.113.7");
    strcpy(headers, "X-Forwarded-For: 203.0.113.7");
    for (int i = 0; i < 100; i++)
        strcat(headers, ", 10.0.0.1");
    strcat(headers, "\r\n");
    expect_client(r, headers, "10.0.0.1"); /* so many proxies nobody has */
    rig_close(r);
}

static void networks_are_told_from_other_texts(void **state)
{
    (void)state;
    static const char *const good[] = {"0.0.0.0/0", "127.0.0.1", "10.0.0.0/8",    "10.1.2.3/32",
                                       "::/0",      "::1",       "2001:db8::/32", "::ffff:10.0.0.0/104"};
    static const char *const bad[] = {
        "",          "/8",          "10.0.0.0/33",   "10.0.0/8", "::1/129",    "10.0.0.0/",  "10.0.0.0/8x",
        "localhost", "10.0.0.0/-1", "10.0.0.0/0008", "[::1]",    "1.2.3.4:80", " 10.0.0.0/8"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(http_network_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(http_network_is_valid(bad[i]));
}

static void places_to_listen_are_told_from_other_texts(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1:8080", "[::1]:0", "https://0.0.0.0:8443", "http://[::]:80",
                                       "localhost:65535"};
    static const char *const bad[] = {"",
                                      ":80",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "::1:80",
                                      "[]:80",
                                      "ftp://127.0.0.1:80",
                                      "https://127.0.0.1:80/",
                                      "127.0.0.1:8080x"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(http_listen_is_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(http_listen_is_valid(bad[i]));
}

static int init(void **state)
{
    (void)state;
    return lg_crypto_init() ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_is_who_it_is),
        cmocka_unit_test(a_trusted_proxy_is_believed_as_far_as_it_sees),
        cmocka_unit_test(a_long_list_is_read_from_its_end),
        cmocka_unit_test(networks_are_told_from_other_texts),
        cmocka_unit_test(places_to_listen_are_told_from_other_texts),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
