/* server/base/limiter: what a bucket gives, when it gives again, and a flood of keys. The clock is the
 * test's. */
#include "server/base/limiter.h"

#include "ledger/crypto/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND = 1000000, BUDGETS = 2 };
static const limit_rule rules[BUDGETS] = {{.per_minute = 60, .burst = 3},
                                          {.per_minute = 600000, .burst = 100}};

static limit_key key_of(uint64_t number)
{
    limit_key key = {{0}};
    memcpy(key.bytes, &number, sizeof number);
    return key;
}

static void a_bucket_empties_and_fills(void **state)
{
    (void)state;
    limiter *l = limiter_open(rules, BUDGETS, 0);
    const limit_key key = key_of(1), other = key_of(2);
    int64_t now = 1000 * (int64_t)SECOND;
    for (int left = 2; left >= 0; left--) {
        limit_answer a = limiter_take(l, 0, &key, 1, now);
        assert_true(a.allowed);
        assert_int_equal(a.remaining, left);
        assert_int_equal(a.full_s, 3 - left);
        assert_int_equal(a.retry_s, 0);
    }
    limit_answer refused = limiter_take(l, 0, &key, 1, now);
    assert_false(refused.allowed);
    assert_int_equal(refused.remaining, 0);
    assert_int_equal(refused.retry_s, 1);
    assert_int_equal(refused.full_s, 3);
    /* Being refused costs nothing; others are not concerned, nor are other budgets. */
    assert_int_equal(limiter_take(l, 0, &key, 1, now).retry_s, 1);
    assert_true(limiter_take(l, 0, &other, 3, now).allowed);
    assert_true(limiter_take(l, 1, &key, 100, now).allowed);
    assert_false(limiter_take(l, 0, &key, 1, now + SECOND - 1).allowed);
    assert_true(limiter_take(l, 0, &key, 1, now + SECOND).allowed);
    assert_false(limiter_take(l, 0, &key, 1, now + SECOND).allowed);
    assert_int_equal(limiter_take(l, 0, &key, 1, now + 1000 * SECOND).remaining,
                     2); /* never more than the burst */
    limiter_close(l);
}

static void what_costs_more(void **state)
{
    (void)state;
    limiter *l = limiter_open(rules, BUDGETS, 0);
    const limit_key key = key_of(7);
    int64_t now = SECOND;
    assert_int_equal(limiter_take(l, 1, &key, 60, now).remaining, 40);
    limit_answer a = limiter_take(l, 1, &key, 41, now);
    assert_false(a.allowed);
    assert_int_equal(a.remaining, 40);
    assert_int_equal(a.retry_s, 1);
    assert_true(limiter_take(l, 1, &key, 40, now).allowed);
    /* More than a bucket holds needs a full one, and empties it. */
    assert_false(limiter_take(l, 1, &key, 5000, now + 9999).allowed);
    assert_int_equal(limiter_take(l, 1, &key, 5000, now + 10000).remaining, 0);
    limiter_close(l);
}

static void looking_and_charging(void **state)
{
    (void)state;
    limiter *l = limiter_open(rules, BUDGETS, 0);
    const limit_key key = key_of(3);
    int64_t now = SECOND;
    for (int i = 0; i < 10; i++)
        assert_true(limiter_take(l, 0, &key, 0, now).allowed);
    for (int i = 0; i < 10; i++) /* as far as to an empty bucket, not beyond */
        limiter_charge(l, 0, &key, 1, now);
    assert_int_equal(limiter_take(l, 0, &key, 0, now).retry_s, 1);
    assert_true(limiter_take(l, 0, &key, 0, now + SECOND).allowed);
    limiter_close(l);
}

static void other_rules(void **state)
{
    (void)state;
    const limit_rule stricter[BUDGETS] = {{.per_minute = 1, .burst = 1}, {.per_minute = 0, .burst = 1}};
    limiter *l = limiter_open(rules, BUDGETS, 0);
    const limit_key key = key_of(3);
    int64_t now = SECOND;
    assert_true(limiter_take(l, 0, &key, 3, now).allowed);
    limiter_set_rules(l, rules); /* the same ones */
    assert_false(limiter_take(l, 0, &key, 1, now).allowed);
    limiter_set_rules(l, stricter);
    assert_true(limiter_take(l, 0, &key, 1, now).allowed);
    assert_int_equal(limiter_take(l, 0, &key, 1, now).retry_s, 60);
    for (int i = 0; i < 1000; i++)
        assert_true(limiter_take(l, 1, &key, 1000, now).allowed); /* no limit */
    assert_int_equal(limiter_rule(l, 0).per_minute, 1);
    limiter_close(l);
}

/* A thousand times more addresses than slots: none is refused for what others did, and who was over stays so.
 */
static void a_flood_of_keys(void **state)
{
    (void)state;
    enum { SLOTS = 512, KEYS = SLOTS * 1000 };
    limiter *l = limiter_open(rules, BUDGETS, SLOTS);
    const limit_key culprit = key_of(UINT64_MAX);
    int64_t now = SECOND;
    assert_true(limiter_take(l, 0, &culprit, 3, now).allowed);
    for (uint64_t i = 0; i < KEYS; i++) {
        const limit_key key = key_of(i);
        assert_true(limiter_take(l, 0, &key, 1, now).allowed);
        if (i % 997 == 0)
            assert_false(limiter_take(l, 0, &culprit, 1, now).allowed);
    }
    limiter_close(l);
}

static int set_up(void **state)
{
    (void)state;
    return lg_crypto_init() ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_empties_and_fills),
        cmocka_unit_test(what_costs_more),
        cmocka_unit_test(looking_and_charging),
        cmocka_unit_test(other_rules),
        cmocka_unit_test(a_flood_of_keys),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
