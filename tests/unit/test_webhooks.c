/* Webhooks, the parts that need no network: signatures against known answers, the guard of addresses and
 * URLs, the schedule of attempts, the store of deliveries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/file.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/log/entry.h"
#include "ledger/store/delivery_rows.h"
#include "server/outbound/address.h"
#include "server/outbound/url.h"
#include "server/webhooks/backoff.h"
#include "server/webhooks/sign.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK(call)           assert_string_equal(lg_err_slug(call), lg_err_slug(LG_OK))
#define IS(call, expected) assert_string_equal(lg_err_slug(call), lg_err_slug(expected))

static lg_arena *arena;
static char dir[64];

static int set_up(void **state)
{
    (void)state;
    OK(lg_crypto_init());
    arena = lg_arena_open();
    strcpy(dir, "/tmp/tallystick-webhooks-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return mkdir(lg_arena_printf(arena, "%s/keys", dir), 0700);
}

static int tear_down(void **state)
{
    static const char *const names[] = {"keys/webhook.key", "keys/webhook.jwk", "webhooks.db",
                                        "webhooks.db-wal", "webhooks.db-shm"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(lg_arena_printf(arena, "%s/%s", dir, names[i]));
    rmdir(lg_arena_printf(arena, "%s/keys", dir));
    int failed = rmdir(dir);
    lg_arena_close(arena);
    return failed;
}

/* ---- signatures ---- */

/* The test vector that the Standard Webhooks libraries share. */
static const char content[] = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";

static void v1_is_the_published_vector(void **state)
{
    (void)state;
    lg_bytes secret;
    lg_buf out = {0};
    assert_true(lg_base64_decode(arena, lg_bytes_str("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &secret));
    webhook_sign_v1(&out, secret, lg_bytes_str(content));
    assert_string_equal(out.data, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    lg_buf_clear(&out);
}

/* RFC 4231, test case 2. */
static void hmac_is_that_of_the_rfc(void **state)
{
    (void)state;
    const lg_bytes parts[] = {lg_bytes_str("what do ya want "), lg_bytes_str("for nothing?")};
    lg_hash mac = lg_hmac_sha256(lg_bytes_str("Jefe"), parts, 2);
    assert_string_equal(lg_hex_encode(arena, lg_bytes_of(mac.b, sizeof mac.b)),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void v1a_is_ed25519_over_the_same(void **state)
{
    (void)state;
    uint8_t seed[LG_SEED_LEN];
    lg_buf out = {0};
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    lg_signing_key *key = lg_signing_key_from_seed(seed);
    webhook_sign_v1a(&out, key, lg_bytes_str(content));
    assert_string_equal(
        out.data,
        "v1a,yoUrgEkc12aGqm0n4Sydmdz55xJfTz4AsAgieHFjmkR7LJtqVCZOQYzvvHjI5kAey+r4iaBGxTFRrl2iBQxtDQ==");
    lg_signing_key_close(key);
    lg_buf_clear(&out);
}

static lg_webhook_id some_id(void)
{
    lg_webhook_id id;
    assert_true(lg_uuid_parse("0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17", &id.uuid));
    return id;
}

static lg_webhook_keys *keys_of_known_bytes(void)
{
    uint8_t master[LG_WEBHOOK_SECRET_LEN];
    lg_webhook_keys *keys;
    for (size_t i = 0; i < sizeof master; i++)
        master[i] = (uint8_t)i;
    OK(lg_secret_file_write(lg_arena_printf(arena, "%s/keys/webhook.key", dir), master, sizeof master, NULL));
    OK(lg_webhook_keys_make(dir, NULL)); /* the other file; this one stays */
    OK(lg_webhook_keys_open(dir, &keys, NULL));
    return keys;
}

static void secrets_are_derived(void **state)
{
    (void)state;
    struct stat info;
    lg_webhook_keys *keys = keys_of_known_bytes();
    const char *first = webhook_secret_text(arena, keys, some_id(), 1);
    assert_string_equal(first, "whsec_j5MGEkYJXcLZgQ4ZlGBjA7hepk9DVzNFp3SI5hRVgO8=");
    assert_string_not_equal(first, webhook_secret_text(arena, keys, some_id(), 2));
    lg_webhook_id other = some_id();
    other.uuid.b[15] ^= 1;
    assert_string_not_equal(first, webhook_secret_text(arena, keys, other, 1));
    const char *public_text = webhook_public_text(arena, keys);
    assert_int_equal(strlen(public_text), 5 + 44);
    assert_memory_equal(public_text, "whpk_", 5);
    lg_webhook_keys_close(keys);
    OK(lg_webhook_keys_make(dir, NULL));
    OK(lg_webhook_keys_open(dir, &keys, NULL));
    assert_string_equal(webhook_secret_text(arena, keys, some_id(), 1), first);
    assert_string_equal(webhook_public_text(arena, keys), public_text);
    lg_webhook_keys_close(keys);
    static const char *const names[] = {"webhook.key", "webhook.jwk"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(stat(lg_arena_printf(arena, "%s/keys/%s", dir, names[i]), &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text++)
        count++;
    return count;
}

static void both_generations_sign_for_a_day(void **state)
{
    (void)state;
    lg_webhook_keys *keys = keys_of_known_bytes();
    const lg_time rotated = 1000 * LG_TIME_PER_DAY;
    const struct {
        int64_t generation;
        lg_time rotated_at, now;
        size_t signatures;
    } cases[] = {
        {1, 0, rotated, 1},
        {2, rotated, rotated, 2},
        {2, rotated, rotated + LG_TIME_PER_DAY - 1, 2},
        {2, rotated, rotated + LG_TIME_PER_DAY, 1},
        {7, rotated, rotated + 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const webhook_signer signer = {.keys = keys,
                                       .id = some_id(),
                                       .generation = cases[i].generation,
                                       .rotated_at = cases[i].rotated_at};
        lg_buf all = {0}, newest = {0};
        uint8_t secret[LG_WEBHOOK_SECRET_LEN];
        webhook_sign(&all, &signer, cases[i].now, lg_bytes_str(content));
        assert_int_equal(count_of(all.data, "v1,"), cases[i].signatures);
        assert_int_equal(count_of(all.data, "v1a,"), 1);
        assert_int_equal(count_of(all.data, " "), cases[i].signatures);
        lg_webhook_secret(keys, some_id(), cases[i].generation, secret);
        webhook_sign_v1(&newest, lg_bytes_of(secret, sizeof secret), lg_bytes_str(content));
        assert_memory_equal(all.data, newest.data, newest.len);
        lg_buf_clear(&all);
        lg_buf_clear(&newest);
    }
    lg_webhook_keys_close(keys);
}

static void ids_name_endpoint_and_entry(void **state)
{
    (void)state;
    assert_string_equal(webhook_message_id(arena, some_id(), 42), "msg_0192f1c86d2e7b419c550a4e8f3b2d17_42");
}

/* ---- addresses ---- */

static const char *refusal_of(const char *text, uint16_t port)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
        return outbound_address_refusal((const struct sockaddr *)&in4);
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return outbound_address_refusal((const struct sockaddr *)&in6);
}

static void only_public_addresses_are_called(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.0.170",
        "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        /* IPv6 */
        "::", "::1", "::2", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:10.0.0.1", "::8.8.8.8", "fc00::1",
        "fd12:3456::1", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1",
        "2001:2::1", "2001::1", "2001:1ff::1", "2002:7f00:1::1", "3fff::1", "3fff:fff::1",
        "64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "100::1",
        "5f00::1", "4000::1", "1fff::1", "e000::1"};
    static const char *const allowed[] = {
        "1.1.1.1",        "8.8.8.8",         "9.255.255.255", "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",    "126.255.255.255", "128.0.0.0",     "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0",      "192.0.1.0",     "192.0.3.0",       "192.167.255.255",
        "192.169.0.0",    "198.17.255.255",  "198.20.0.0",    "223.255.255.255", "2606:4700::1111",
        "2001:200::1",    "2a00:1450::1",    "2400:cb00::1",  "3ffe::1",         "3fff:1000::1",
        "2003::1",        "64:ff9b::8.8.8.8"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (!refusal_of(refused[i], 443))
            fail_msg("%s would be called", refused[i]);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (refusal_of(allowed[i], 443))
            fail_msg("%s would not be called: %s", allowed[i], refusal_of(allowed[i], 443));
    struct sockaddr other = {.sa_family = AF_UNIX};
    assert_non_null(outbound_address_refusal(&other));
}

static void only_harmless_ports_are_called(void **state)
{
    (void)state;
    static const uint16_t refused[] = {0, 1, 22, 25, 53, 80, 110, 442, 444, 465, 587, 993, 1023};
    static const uint16_t allowed[] = {443, 1024, 8443, 65535};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_non_null(refusal_of("8.8.8.8", refused[i]));
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        assert_null(refusal_of("8.8.8.8", allowed[i]));
}

/* ---- URLs ---- */

static void urls_are_checked(void **state)
{
    (void)state;
    const char *why;
    char long_url[OUTBOUND_URL_MAX + 2];
    static const char *const refused[] = {"",
                                          "example.com",
                                          "//example.com/",
                                          "http://example.com/",
                                          "ftp://example.com/",
                                          "file:///etc/passwd",
                                          "https://",
                                          "https:///x",
                                          "https://user@example.com/",
                                          "https://user:pw@example.com/",
                                          "https://example.com/#here",
                                          "https://example.com:0/",
                                          "https://example.com:25/",
                                          "https://example.com:80/",
                                          "https://example.com:99999/",
                                          "https://127.0.0.1/",
                                          "https://127.1/",
                                          "https://2130706433/",
                                          "https://0x7f000001/",
                                          "https://0177.0.0.1/",
                                          "https://10.0.0.1/",
                                          "https://[::1]/",
                                          "https://[::ffff:127.0.0.1]/",
                                          "https://[fe80::1%25eth0]/",
                                          "https://[2001:db8::1]/",
                                          "https://localhost/",
                                          "https://localhost./",
                                          "https://a.localhost/",
                                          "https://a.LOCALHOST./",
                                          "https://hook.localdomain/",
                                          "https://hook.localdomain../",
                                          "https://127.0.0.1./",
                                          "https://intranet/",
                                          "https://exa mple.com/",
                                          "https://example.com/\n",
                                          "https://b\xc3\xbc"
                                          "cher.example/",
                                          "gopher://example.com/",
                                          "javascript:alert(1)"};
    static const char *const allowed[] = {"https://example.com",
                                          "https://example.com/",
                                          "https://example.com:443/in?key=1&b=2",
                                          "https://example.com:8443/tallystick/",
                                          "HTTPS://EXAMPLE.COM/",
                                          "https://8.8.8.8/",
                                          "https://[2606:4700::1111]:8443/",
                                          "https://xn--bcher-kva.example/%C3%BC"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (outbound_url_check(refused[i], false, &why))
            fail_msg("'%s' was taken", refused[i]);
        assert_non_null(why);
    }
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (!outbound_url_check(allowed[i], false, &why))
            fail_msg("'%s' was refused: %s", allowed[i], why);
    memset(long_url, 'a', sizeof long_url);
    memcpy(long_url, "https://example.com/", 20);
    long_url[OUTBOUND_URL_MAX + 1] = '\0';
    assert_false(outbound_url_check(long_url, false, &why));
    long_url[OUTBOUND_URL_MAX] = '\0';
    assert_true(outbound_url_check(long_url, false, &why));
}

static void rehearsals_may_stay_at_home(void **state)
{
    (void)state;
    const char *why;
    static const char *const allowed[] = {"http://127.0.0.1:8000/hook", "http://localhost:80/",
                                          "http://[::1]:81/", "https://10.0.0.1/", "https://example.com/"};
    static const char *const refused[] = {"ftp://127.0.0.1/", "http://user@127.0.0.1/",
                                          "http://127.0.0.1/#x"};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        assert_true(outbound_url_check(allowed[i], true, &why));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_false(outbound_url_check(refused[i], true, &why));
}

/* ---- the schedule ---- */

static void attempts_come_ever_later_and_end(void **state)
{
    (void)state;
    static const int64_t seconds[] = {1, 5, 30, 120, 600, 1800, 7200, 21600, 43200, 86400};
    static const uint32_t randoms[] = {0, 1, 0x80000000, UINT32_MAX};
    int64_t delay;
    for (int64_t failure = 1; failure < WEBHOOK_ATTEMPTS_MAX; failure++) {
        const int64_t least = seconds[failure - 1] * 1000000;
        for (size_t i = 0; i < sizeof randoms / sizeof *randoms; i++) {
            assert_true(webhook_backoff(failure, 0, randoms[i], &delay));
            assert_in_range(delay, least, least + least / 4);
        }
        assert_true(webhook_backoff(failure, 0, 0, &delay));
        assert_int_equal(delay, least);
        assert_true(webhook_backoff(failure, 0, UINT32_MAX, &delay));
        assert_true(delay > least + least / 5);
    }
    assert_false(webhook_backoff(0, 0, 0, &delay));
    assert_false(webhook_backoff(WEBHOOK_ATTEMPTS_MAX, 0, 0, &delay));
    assert_false(webhook_backoff(INT64_MAX, 0, 0, &delay));
}

static void a_wish_to_wait_is_honoured_up_to_an_hour(void **state)
{
    (void)state;
    int64_t delay;
    assert_true(webhook_backoff(1, 60, 0, &delay));
    assert_int_equal(delay, 60000000);
    assert_true(webhook_backoff(1, 1000000, 0, &delay));
    assert_int_equal(delay, 3600000000);
    assert_true(webhook_backoff(8, 60, 0, &delay)); /* a shorter one changes nothing */
    assert_int_equal(delay, 21600000000);
    assert_true(webhook_backoff(1, INT64_MAX, 0, &delay));
    assert_int_equal(delay, 3600000000);
}

/* ---- the store ---- */

static lg_db *store_open(void)
{
    lg_db *db;
    OK(lg_db_open(lg_arena_printf(arena, "%s/webhooks.db", dir), LG_DB_SIDE, &db, NULL));
    return db;
}

static void put(lg_db *db, int64_t webhook, int64_t seq, lg_delivery_state state)
{
    OK(lg_delivery_put(
        db, &(lg_delivery){.webhook = {webhook}, .seq = seq, .type = "policy.set", .state = state}));
}

static size_t listed(lg_db *db, const lg_delivery_filter *filter, int64_t *first)
{
    lg_delivery *rows;
    size_t count;
    OK(lg_delivery_list(db, filter, arena, &rows, &count));
    *first = count ? rows[0].seq : -1;
    return count;
}

static void the_store_lists_counts_and_takes_up_again(void **state)
{
    (void)state;
    lg_db *db = store_open();
    int64_t seq, count, changed = 0, from = 2;
    lg_webhook_no no;
    OK(lg_delivery_position(db, &seq));
    assert_int_equal(seq, -1);
    OK(lg_delivery_position_set(db, 9));
    for (int64_t i = 1; i <= 9; i++)
        put(db, 128, i, i % 3 == 0 ? LG_DELIVERY_DEAD : LG_DELIVERY_DELIVERED);
    put(db, 256, 4, LG_DELIVERY_PENDING);
    lg_delivery_filter filter = {.webhook = {128}, .state = -1, .beyond_seq = -1, .limit = 100};
    assert_int_equal(listed(db, &filter, &seq), 9);
    assert_int_equal(seq, 9);
    filter.state = LG_DELIVERY_DEAD;
    assert_int_equal(listed(db, &filter, &seq), 3);
    filter.oldest_first = true;
    filter.beyond_seq = 3;
    assert_int_equal(listed(db, &filter, &seq), 2);
    assert_int_equal(seq, 6);
    OK(lg_delivery_count_pending(db, (lg_webhook_no){128}, &count));
    assert_int_equal(count, 0);
    for (int steps = 0; from <= LG_SEQ_MAX; steps++) {
        OK(lg_delivery_requeue(db, (lg_webhook_no){128}, &from, LG_SEQ_MAX, 3, &changed));
        assert_true(steps < 4);
    }
    assert_int_equal(changed, 8);
    OK(lg_delivery_count_pending(db, (lg_webhook_no){128}, &count));
    assert_int_equal(count, 8);
    OK(lg_delivery_next_waiting(db, (lg_webhook_no){0}, &no));
    assert_int_equal(no.v, 128);
    OK(lg_delivery_skip(db, no, 5, &changed));
    assert_int_equal(changed, 5);
    OK(lg_delivery_skip(db, no, 5, &changed));
    assert_int_equal(changed, 3);
    OK(lg_delivery_next_waiting(db, (lg_webhook_no){0}, &no));
    assert_int_equal(no.v, 256);
    OK(lg_delivery_next_waiting(db, no, &no));
    assert_int_equal(no.v, 0);
    lg_db_close(db);
    db = store_open();
    OK(lg_delivery_position(db, &seq));
    assert_int_equal(seq, 9);
    lg_db_close(db);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(v1_is_the_published_vector),
        TEST(hmac_is_that_of_the_rfc),
        TEST(v1a_is_ed25519_over_the_same),
        TEST(secrets_are_derived),
        TEST(both_generations_sign_for_a_day),
        TEST(ids_name_endpoint_and_entry),
        TEST(only_public_addresses_are_called),
        TEST(only_harmless_ports_are_called),
        TEST(urls_are_checked),
        TEST(rehearsals_may_stay_at_home),
        TEST(attempts_come_ever_later_and_end),
        TEST(a_wish_to_wait_is_honoured_up_to_an_hour),
        TEST(the_store_lists_counts_and_takes_up_again),
    };
    return cmocka_run_group_tests_name("webhooks", tests, NULL, NULL);
}
