/* The delivery thread against a real ledger and receivers on the loopback interface: order, retries,
 * endpoints that do not answer, dead letters, replays, restarts, and what is never called. */
#include "tests/unit/webhook_rig.h"

/* ---- stories ---- */

static void assert_signed(rig *r, const hit *h, const lg_webhook *webhook)
{
    lg_buf content = {0}, expected = {0};
    lg_bytes raw;
    lg_signature signature;
    uint8_t secret[LG_WEBHOOK_SECRET_LEN];
    lg_buf_printf(&content, "%s.%s.%s", h->id, h->timestamp, h->body);
    lg_webhook_secret(webhooks_keys(r->w), webhook->id, webhook->generation, secret);
    webhook_sign_v1(&expected, lg_bytes_of(secret, sizeof secret), lg_buf_bytes(&content));
    assert_memory_equal(h->signature, expected.data, expected.len);
    const char *v1a = strstr(h->signature, " v1a,");
    assert_non_null(v1a);
    assert_true(lg_base64_decode(r->ledger->arena, lg_bytes_str(v1a + 5), &raw));
    assert_int_equal(raw.len, sizeof signature.b);
    memcpy(signature.b, raw.data, raw.len);
    lg_public_key key = lg_signing_key_public(lg_webhook_signing_key(webhooks_keys(r->w)));
    assert_true(lg_verify(&key, lg_buf_bytes(&content), &signature));
    lg_buf_clear(&content);
    lg_buf_clear(&expected);
}

static void a_message_proves_itself(void **state)
{
    rig *r = *state;
    json_t *message;
    lg_entry_row row;
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    int64_t seq = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 1);
    const hit *h = &r->receiver->hits[0];
    assert_id(h, &webhook, seq);
    assert_signed(r, h, &webhook);
    OK(lg_json_load(lg_bytes_of(h->body, h->body_len), &message, NULL));
    assert_string_equal(json_string_value(json_object_get(message, "type")), "claim.accepted");
    const json_t *data = json_object_get(message, "data");
    assert_int_equal(json_integer_value(json_object_get(data, "seq")), seq);
    assert_string_equal(json_string_value(json_object_get(data, "participant")),
                        "aa010000-0000-0000-0000-000000000000");
    assert_string_equal(json_string_value(json_object_get(json_object_get(data, "facts"), "amount")),
                        "12.50");
    assert_int_equal(json_array_size(json_object_get(data, "disclosures")), 3);
    lg_delivery delivered = await_state(r, webhook.no, seq, LG_DELIVERY_DELIVERED, 1);
    assert_int_equal(delivered.last_status, 200);
    assert_string_equal(delivered.type, "claim.accepted");
    assert_null(delivered.last_error);
    lg_db *db;
    OK(lg_db_open(r->ledger->database, LG_DB_READER, &db, NULL));
    OK(lg_entry_get(db, seq, r->ledger->arena, &row));
    const char *text = json_string_value(json_object_get(data, "entry"));
    assert_int_equal(strlen(text), row.body.len);
    assert_memory_equal(text, row.body.data, row.body.len);
    lg_db_close(db);
    json_decref(message);
}

static void everyone_gets_what_is_theirs_and_asked_for(void **state)
{
    rig *r = *state;
    entry(r, "claim.accepted", 1, LG_SHARE_ALL); /* before the endpoint was there */
    lg_webhook all = endpoint(r, 1, "/all", "[]");
    endpoint(r, 1, "/some", "[\"financing.\",\"claim.split\"]");
    endpoint(r, 2, "/other", "[]");
    entry(r, "claim.accepted", 3, LG_SHARE_ALL);
    int64_t first = entry(r, "claim.accepted", 1, LG_SHARE_TITLE);
    int64_t second = entry(r, "financing.accepted", 1, 1);
    int64_t third = entry(r, "claim.split", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 5);
    await_state(r, all.no, third, LG_DELIVERY_DELIVERED, 1);
    assert_int_equal(receiver_count(r->receiver), 5);
    size_t seen_all = 0, seen_some = 0;
    for (size_t i = 0; i < 5; i++) {
        const hit *h = &r->receiver->hits[i];
        assert_string_not_equal(h->path, "/other");
        seen_all += strcmp(h->path, "/all") == 0;
        seen_some += strcmp(h->path, "/some") == 0;
        if (strstr(h->body, "claim.accepted"))
            assert_null(strstr(h->body, "12.50")); /* the title alone */
        if (strstr(h->body, "financing.accepted")) {
            assert_non_null(strstr(h->body, "part_1"));
            assert_null(strstr(h->body, "part_2"));
        }
    }
    assert_int_equal(seen_all, 3);
    assert_int_equal(seen_some, 2);
    assert_int_equal(delivery_of(r, all.no, first).state, LG_DELIVERY_DELIVERED);
    assert_int_equal(delivery_of(r, all.no, second).state, LG_DELIVERY_DELIVERED);
}

static void many_come_in_order_over_one_connection(void **state)
{
    rig *r = *state;
    int64_t seqs[300];
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    for (size_t i = 0; i < 300; i++)
        seqs[i] = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 300);
    for (size_t i = 0; i < 300; i++)
        assert_id(&r->receiver->hits[i], &webhook, seqs[i]);
    await_state(r, webhook.no, seqs[299], LG_DELIVERY_DELIVERED, 1);
    assert_int_equal(r->receiver->accepted, 1);
    assert_int_equal(receiver_count(r->receiver), 300);
}

static int fails_once(receiver *r, const char *path, size_t n)
{
    (void)r, (void)path;
    return n == 0 ? 500 : 204;
}

static void a_failure_is_tried_again_before_what_follows(void **state)
{
    rig *r = *state;
    r->receiver->answer = fails_once;
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    int64_t first = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    int64_t second = entry(r, "claim.split", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 1);
    lg_delivery row = await_state(r, webhook.no, first, LG_DELIVERY_PENDING, 1);
    assert_int_equal(row.last_status, 500);
    assert_in_range(row.next_attempt_at - row.last_attempt_at, LG_TIME_PER_SECOND, 20 * LG_TIME_PER_SECOND);
    receiver_await(r->receiver, 3);
    assert_id(&r->receiver->hits[0], &webhook, first);
    assert_id(&r->receiver->hits[1], &webhook, first);
    assert_id(&r->receiver->hits[2], &webhook, second);
    assert_int_equal(await_state(r, webhook.no, first, LG_DELIVERY_DELIVERED, 2).attempts, 2);
    assert_int_equal(await_state(r, webhook.no, second, LG_DELIVERY_DELIVERED, 1).attempts, 1);
}

static int silent_on_dead(receiver *r, const char *path, size_t n)
{
    (void)r, (void)n;
    return strcmp(path, "/dead") == 0 ? 0 : 200;
}

static void who_does_not_answer_delays_nobody(void **state)
{
    rig *r = *state;
    r->receiver->answer = silent_on_dead;
    lg_webhook dead = endpoint(r, 1, "/dead", "[]");
    lg_webhook live = endpoint(r, 1, "/live", "[]");
    int64_t last = 0;
    for (int i = 0; i < 100; i++)
        last = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 101);
    await_state(r, live.no, last, LG_DELIVERY_DELIVERED, 1);
    assert_int_equal(delivery_of(r, dead.no, last).state, LG_DELIVERY_PENDING);
    assert_int_equal(receiver_count(r->receiver), 101); /* one under way to the dead one, not more */
}

static int gone_first(receiver *r, const char *path, size_t n)
{
    (void)r, (void)path;
    return n == 0 ? 410 : 200;
}

static void what_is_given_up_can_be_replayed(void **state)
{
    rig *r = *state;
    int64_t queued;
    r->receiver->answer = gone_first;
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    int64_t first = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    await_state(r, webhook.no, first, LG_DELIVERY_DEAD, 1);
    assert_true(logged(r, "is dead"));
    int64_t second = entry(r, "claim.split", 1, LG_SHARE_ALL); /* the queue goes on */
    receiver_await(r->receiver, 2);
    assert_id(&r->receiver->hits[1], &webhook, second);
    await_state(r, webhook.no, second, LG_DELIVERY_DELIVERED, 1);
    assert_true(logged(r, "takes messages again"));
    OK(replay(r, webhook.no, first, first, &queued));
    assert_int_equal(queued, 1);
    receiver_await(r->receiver, 3);
    assert_string_equal(r->receiver->hits[2].id, r->receiver->hits[0].id);
    assert_string_equal(r->receiver->hits[2].body, r->receiver->hits[0].body);
    await_state(r, webhook.no, first, LG_DELIVERY_DELIVERED, 1);
    OK(replay(r, webhook.no, 0, LG_SEQ_MAX, &queued));
    assert_int_equal(queued, 2);
    receiver_await(r->receiver, 5);
    assert_id(&r->receiver->hits[3], &webhook, first);
    assert_id(&r->receiver->hits[4], &webhook, second);
    IS(replay(r, (lg_webhook_no){77}, 0, LG_SEQ_MAX, &queued), LG_NOT_FOUND);
}

static void a_restart_goes_on_where_it_was(void **state)
{
    rig *r = *state;
    int64_t seqs[80];
    r->receiver->answer = silent_on_dead;
    lg_webhook webhook = endpoint(r, 1, "/dead", "[]");
    for (size_t i = 0; i < 80; i++)
        seqs[i] = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 1);
    engine_close(r); /* with one under way and many waiting */
    pthread_mutex_lock(&r->receiver->lock);
    r->receiver->answer = always_ok;
    pthread_mutex_unlock(&r->receiver->lock);
    OK(reopen(r->ledger));
    engine_open(r, true);
    int64_t more = entry(r, "claim.split", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 82);
    for (size_t i = 0; i < 80; i++)
        assert_id(&r->receiver->hits[i + 1], &webhook, seqs[i]);
    assert_id(&r->receiver->hits[81], &webhook, more);
    await_state(r, webhook.no, more, LG_DELIVERY_DELIVERED, 1);
    engine_close(r);
    OK(reopen(r->ledger));
    engine_open(r, true);
    await_state(r, webhook.no, more, LG_DELIVERY_DELIVERED, 1);
    assert_int_equal(receiver_count(r->receiver), 82); /* nothing twice */
}

static void a_lost_store_means_everything_again(void **state)
{
    rig *r = *state;
    static const char *const names[] = {"webhooks.db", "webhooks.db-wal", "webhooks.db-shm"};
    int64_t seqs[40];
    entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    for (size_t i = 0; i < 40; i++)
        seqs[i] = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 40);
    engine_close(r);
    for (size_t i = 0; i < 3; i++)
        unlink(lg_arena_printf(r->ledger->arena, "%s/%s", r->ledger->dir, names[i]));
    OK(reopen(r->ledger));
    engine_open(r, true);
    receiver_await(r->receiver, 80);
    for (size_t i = 0; i < 40; i++)
        assert_id(&r->receiver->hits[40 + i], &webhook, seqs[i]);
}

static void a_new_secret_signs_beside_the_old(void **state)
{
    rig *r = *state;
    lg_buf content = {0}, old = {0};
    uint8_t secret[LG_WEBHOOK_SECRET_LEN];
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    webhook.generation = 2;
    webhook.rotated_at = lg_now();
    change(r, &webhook, "webhook.rotated");
    entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 1);
    const hit *h = &r->receiver->hits[0];
    assert_signed(r, h, &webhook);
    lg_buf_printf(&content, "%s.%s.%s", h->id, h->timestamp, h->body);
    lg_webhook_secret(webhooks_keys(r->w), webhook.id, 1, secret);
    webhook_sign_v1(&old, lg_bytes_of(secret, sizeof secret), lg_buf_bytes(&content));
    assert_non_null(strstr(h->signature, old.data));
    lg_buf_clear(&content);
    lg_buf_clear(&old);
}

static void a_removed_endpoint_is_left_alone(void **state)
{
    rig *r = *state;
    int64_t queued;
    r->receiver->answer = silent_on_dead;
    lg_webhook webhook = endpoint(r, 1, "/dead", "[]"), live = endpoint(r, 1, "/live", "[]");
    int64_t first = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    int64_t second = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    receiver_await(r->receiver, 3);
    await_state(r, webhook.no, second, LG_DELIVERY_PENDING, 0);
    webhook.removed_at = lg_now();
    change(r, &webhook, "webhook.removed");
    int64_t last = entry(r, "claim.split", 1, LG_SHARE_ALL);
    await_state(r, live.no, last, LG_DELIVERY_DELIVERED, 1);
    await_state(r, webhook.no, first, LG_DELIVERY_SKIPPED, 0);
    await_state(r, webhook.no, second, LG_DELIVERY_SKIPPED, 0);
    assert_int_equal(delivery_of(r, webhook.no, last).state, LG_DELIVERY_STATE_COUNT);
    IS(replay(r, webhook.no, 0, LG_SEQ_MAX, &queued), LG_NOT_FOUND);
}

static void private_addresses_are_not_called(void **state)
{
    rig *r = *state;
    lg_webhook plain = endpoint(r, 1, "/a", "[]");
    work secure = {.act = act_register,
                   .type = "webhook.registered",
                   .webhook = {.id.uuid = lg_uuid_new(),
                               .participant = {1},
                               .url = lg_arena_printf(r->ledger->arena, "https://localhost:%u/",
                                                      (unsigned)r->receiver->port),
                               .events = "[]",
                               .generation = 1,
                               .registered_at = 1}};
    run(r, &secure);
    engine_close(r);
    OK(reopen(r->ledger));
    engine_open(r, false);
    int64_t seq = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    lg_delivery row = await_state(r, secure.webhook.no, seq, LG_DELIVERY_PENDING, 1);
    assert_string_equal(row.last_error, "the address is not a public one");
    assert_int_equal(row.last_status, 0);
    row = await_state(r, plain.no, seq, LG_DELIVERY_PENDING, 1); /* http is no protocol then */
    assert_non_null(row.last_error);
    assert_int_equal(r->receiver->accepted, 0);
}

static int redirects(receiver *r, const char *path, size_t n)
{
    (void)path, (void)n;
    r->extra = "Location: /elsewhere\r\n";
    return 307;
}

static void redirects_are_failures(void **state)
{
    rig *r = *state;
    r->receiver->answer = redirects;
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    int64_t seq = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    assert_int_equal(await_state(r, webhook.no, seq, LG_DELIVERY_PENDING, 1).last_status, 307);
    for (size_t i = 0; i < receiver_count(r->receiver); i++)
        assert_string_equal(r->receiver->hits[i].path, "/a");
}

static void long_answers_are_not_heard_out(void **state)
{
    rig *r = *state;
    r->receiver->answer_len = 4 * 1024 * 1024;
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    int64_t seq = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    assert_int_equal(await_state(r, webhook.no, seq, LG_DELIVERY_DELIVERED, 1).attempts, 1);
}

static int overloaded(receiver *r, const char *path, size_t n)
{
    (void)path, (void)n;
    r->extra = "Retry-After: 600\r\n";
    return 503;
}

static void a_wish_to_wait_is_kept(void **state)
{
    rig *r = *state;
    int64_t queued;
    r->receiver->answer = overloaded;
    lg_webhook webhook = endpoint(r, 1, "/a", "[]");
    int64_t seq = entry(r, "claim.accepted", 1, LG_SHARE_ALL);
    lg_delivery row = await_state(r, webhook.no, seq, LG_DELIVERY_PENDING, 1);
    assert_in_range(row.next_attempt_at - row.last_attempt_at, 600 * LG_TIME_PER_SECOND,
                    700 * LG_TIME_PER_SECOND);
    pthread_mutex_lock(&r->receiver->lock);
    r->receiver->answer = always_ok;
    pthread_mutex_unlock(&r->receiver->lock);
    OK(replay(r, webhook.no, seq, seq, &queued)); /* "I am back" */
    assert_int_equal(queued, 1);
    await_state(r, webhook.no, seq, LG_DELIVERY_DELIVERED, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        TEST(a_message_proves_itself),
        TEST(everyone_gets_what_is_theirs_and_asked_for),
        TEST(many_come_in_order_over_one_connection),
        TEST(a_failure_is_tried_again_before_what_follows),
        TEST(who_does_not_answer_delays_nobody),
        TEST(what_is_given_up_can_be_replayed),
        TEST(a_restart_goes_on_where_it_was),
        TEST(a_lost_store_means_everything_again),
        TEST(a_new_secret_signs_beside_the_old),
        TEST(a_removed_endpoint_is_left_alone),
        TEST(private_addresses_are_not_called),
        TEST(redirects_are_failures),
        TEST(long_answers_are_not_heard_out),
        TEST(a_wish_to_wait_is_kept),
    };
    return cmocka_run_group_tests_name("webhook delivery", tests, NULL, NULL);
}
