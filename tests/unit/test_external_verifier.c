/* The external verifier's parts that need no network: the queue, pauses, the cache, and what counts as an
 * answer. */
#include "ledger/crypto/secret.h"
#include "server/verifier/answer.h"
#include "server/verifier/breaker.h"
#include "server/verifier/cache.h"
#include "server/verifier/queue.h"
#include "tests/unit/rows_rig.h"

enum { MANY = 500 };

/* ---- the queue ---- */

static question *add(question_queue *queue, int64_t no, int64_t due_ms)
{
    return queue_add(queue, (lg_receivable_no){no}, (lg_receivable_id){{{0}}}, 0, due_ms);
}

static void the_soonest_comes_first_and_of_equals_the_oldest(void **state)
{
    (void)state;
    question_queue queue = {0};
    add(&queue, 1, 30);
    add(&queue, 2, 10);
    add(&queue, 3, 10);
    add(&queue, 4, 20);
    static const int64_t order[] = {2, 3, 4, 1};
    for (size_t i = 0; i < 4; i++) {
        question *q = queue_first(&queue);
        assert_int_equal(q->no.v, order[i]);
        queue_take(&queue, q, PLACE_CALLING);
    }
    assert_null(queue_first(&queue));
    queue_clear(&queue);
}

/* Taken from anywhere, put back, dropped, and found: against an array that is searched. */
static void it_holds_what_a_plain_list_would(void **state)
{
    (void)state;
    question_queue queue = {0};
    question *all[MANY] = {0};
    uint32_t random = 1;
    for (int step = 0; step < 20000; step++) {
        random = random * 1664525 + 1013904223;
        size_t at = random >> 8 & 511;
        if (at >= MANY)
            continue;
        if (step < MANY)
            all[step] = add(&queue, step + 1, random >> 20);
        question *q = all[at];
        if (q && q->place == PLACE_WAITING && random & 1) {
            queue_take(&queue, q, PLACE_CALLING);
        } else if (q && q->place == PLACE_CALLING && random & 2) {
            queue_put(&queue, q, random >> 20);
        } else if (q && q->place == PLACE_CALLING && step > 15000) {
            queue_drop(&queue, q);
            all[at] = NULL;
            assert_null(queue_find(&queue, (lg_receivable_no){(int64_t)at + 1}));
        }
        const question *first = NULL;
        size_t waiting = 0;
        for (size_t i = 0; i < MANY; i++) {
            if (!all[i] || all[i]->place != PLACE_WAITING)
                continue;
            waiting++;
            if (!first || all[i]->due_ms < first->due_ms)
                first = all[i];
        }
        assert_ptr_equal(queue_first(&queue), first);
        assert_int_equal(queue.waiting, waiting);
        if (all[at])
            assert_ptr_equal(queue_find(&queue, (lg_receivable_no){(int64_t)at + 1}), all[at]);
    }
    queue_clear(&queue);
}

/* ---- pauses ---- */

static void after_five_failures_one_question_tries(void **state)
{
    (void)state;
    breaker b = {0};
    assert_int_equal(breaker_room(&b, 0, 0, 8), 8);
    assert_int_equal(breaker_room(&b, 0, 8, 8), 0);
    for (int i = 0; i < BREAKER_FAILURES - 1; i++)
        assert_false(breaker_failure(&b, 1000, 0, 0));
    assert_int_equal(breaker_room(&b, 1000, 3, 8), 5);
    assert_true(breaker_failure(&b, 1000, 0, 0));
    assert_int_equal(b.resume_ms, 2000);
    assert_false(breaker_failure(&b, 1999, 0, 0)); /* was under way */
    assert_int_equal(breaker_room(&b, 1999, 0, 8), 0);
    assert_int_equal(breaker_room(&b, 2000, 0, 8), 1);
    assert_int_equal(breaker_room(&b, 2000, 1, 8), 0);
    assert_true(breaker_failure(&b, 2000, 0, 0));
    assert_int_equal(b.resume_ms, 4000);
    assert_true(breaker_failure(&b, 4000, 90, 0)); /* it asked for a longer one */
    assert_int_equal(b.resume_ms, 94000);
    assert_true(breaker_success(&b));
    assert_false(breaker_success(&b));
    assert_int_equal(breaker_room(&b, 94000, 0, 8), 8);
}

static void delays_grow_to_five_minutes_and_vary(void **state)
{
    (void)state;
    assert_int_equal(breaker_retry_ms(1, 0, 0), 1000);
    assert_int_equal(breaker_retry_ms(2, 0, 0), 2000);
    assert_int_equal(breaker_retry_ms(100, 0, 0), 300000);
    assert_in_range(breaker_retry_ms(100, 0, UINT32_MAX), 374000, 375000);
    assert_int_equal(breaker_retry_ms(1, 1000000, 0), 3600000); /* an hour at most */
}

/* ---- the cache ---- */

static void only_what_is_genuine_is_kept_and_not_for_ever(void **state)
{
    rig *r = *state;
    answer_cache *cache = cache_open(100);
    const lg_hash mine = lg_sha256(lg_bytes_str("mine")), other = lg_sha256(lg_bytes_str("other"));
    verifier_answer found, answer = {.answer = LG_ANSWER_NOT_GENUINE};
    for (int kind = LG_ANSWER_NOT_GENUINE; kind < LG_ANSWER_COUNT; kind++) {
        answer.answer = (lg_verifier_answer)kind;
        cache_put(cache, &mine, &answer, 1000);
        assert_false(cache_get(cache, &mine, 1000, r->arena, &found));
    }
    answer = (verifier_answer){.answer = LG_ANSWER_GENUINE, .reference = "T-1", .answered_at = 7};
    cache_put(cache, &mine, &answer, 1000);
    assert_true(cache_get(cache, &mine, 1099, r->arena, &found));
    assert_string_equal(found.reference, "T-1");
    assert_null(found.note);
    assert_int_equal(found.answered_at, 7);
    assert_false(cache_get(cache, &other, 1000, r->arena, &found));
    assert_false(cache_get(cache, &mine, 1100, r->arena, &found));
    assert_false(cache_get(cache, &mine, 999, r->arena, &found)); /* the clock was set back */
    lg_hash beside = mine;                                        /* of the same place */
    beside.b[31] ^= 1;
    cache_put(cache, &beside, &answer, 1000);
    assert_false(cache_get(cache, &mine, 1000, r->arena, &found));
    cache_close(cache);
    cache = cache_open(0);
    cache_put(cache, &mine, &answer, 1000);
    assert_false(cache_get(cache, &mine, 1000, r->arena, &found));
    cache_close(cache);
}

/* ---- answers ---- */

static const uint8_t secret[VERIFIER_SECRET_LEN] = {1, 2, 3};
#define ID "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"

/* What is made of an answer that is proper but for this body. */
static const char *verdict(rig *r, const char *body, verifier_answer *out)
{
    lg_buf signature = {0};
    question_sign(&signature, secret, ID, "1795309323", lg_bytes_str(body));
    const raw_answer raw = {
        .status = 200,
        .content_type = "application/json; charset=utf-8",
        .id = ID,
        .timestamp = "1795309323",
        .signature = lg_arena_printf(r->arena, "v1a,AAAA %s", signature.data),
        .body = lg_bytes_str(body),
    };
    lg_buf_clear(&signature);
    return answer_read(r->arena, &raw, secret, ID, "1795309323", out);
}

static void a_proper_answer_counts(void **state)
{
    rig *r = *state;
    verifier_answer answer;
    assert_null(verdict(r, "{\"id\":\"" ID "\",\"answer\":\"differs\"}", &answer));
    assert_int_equal(answer.answer, LG_ANSWER_DIFFERS);
    assert_true(!answer.reference && !answer.note && !answer.answered_at);
    assert_null(
        verdict(r,
                "{\"note\":\"\xe5\xa5\x91\",\"reference\":\"T-1\",\"answered_at\":\"2026-11-22T01:02:03Z\","
                "\"answer\":\"genuine\",\"id\":\"" ID "\"}",
                &answer));
    assert_int_equal(answer.answer, LG_ANSWER_GENUINE);
    assert_string_equal(answer.note, "\xe5\xa5\x91");
    assert_string_equal(lg_time_format(answer.answered_at).s, "2026-11-22T01:02:03.000000Z");
}

static void anything_else_does_not(void **state)
{
    rig *r = *state;
    verifier_answer answer;
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "\"genuine\"",
        "{}",
        "{\"answer\":\"genuine\"}",
        "{\"id\":\"" ID "\"}",
        "{\"id\":\"" ID "\",\"answer\":\"none\"}",
        "{\"id\":\"" ID "\",\"answer\":true}",
        "{\"id\":\"" ID "\",\"answer\":\"genuine\"} x",
        "{\"id\":\"" ID "\",\"answer\":\"genuine\",\"x\":1}",
        "{\"id\":\"" ID "\",\"answer\":\"genuine\",\"note\":\"two\\nlines\"}",
        "{\"id\":\"" ID "\",\"answer\":\"genuine\",\"answered_at\":\"now\"}",
        "{\"id\":\"" ID "\",\"answer\":\"genuine\",\"answered_at\":\"1970-01-01T00:00:00Z\"}",
        "{\"id\":\"0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d18\",\"answer\":\"genuine\"}",
        "{\"id\":\"" ID "\",\"answer\":\"not_genuine\",\"answer\":\"genuine\"}",
        "{\"id\":\"" ID "\",\"answer\":\"gen",
        "\xff\xfe",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (!verdict(r, bodies[i], &answer))
            fail_msg("counts: %s", bodies[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_soonest_comes_first_and_of_equals_the_oldest),
        cmocka_unit_test(it_holds_what_a_plain_list_would),
        cmocka_unit_test(after_five_failures_one_question_tries),
        cmocka_unit_test(delays_grow_to_five_minutes_and_vary),
        STORY(only_what_is_genuine_is_kept_and_not_for_ever),
        STORY(a_proper_answer_counts),
        STORY(anything_else_does_not),
    };
    assert_int_equal(lg_crypto_init(), LG_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
