/* Dividing a payment: exact, pro rata, remainders by largest fraction and then by age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/registry/distribute.h"
#include "ledger/registry/money.h"

enum { MANY = 1000 };

static int64_t sum_of(const int64_t *values, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* Rules that hold for every division: exact, never more than is owed, and within one unit of the exact share.
 */
static void divide(int64_t amount, const int64_t *owed, size_t count, int64_t *shares)
{
    lg_arena *arena = lg_arena_open();
    lg_distribute(arena, amount, owed, count, shares);
    lg_arena_close(arena);
    int64_t total = sum_of(owed, count);
    assert_true(sum_of(shares, count) == amount);
    for (size_t i = 0; i < count; i++) {
        assert_true(shares[i] >= 0 && shares[i] <= owed[i]);
        __int128 off = (__int128)shares[i] * total - (__int128)amount * owed[i];
        assert_true(total == 0 || (off > -(__int128)total && off < total));
    }
}

static void check(int64_t amount, size_t count, const int64_t *owed, const int64_t *expected)
{
    int64_t shares[8];
    divide(amount, owed, count, shares);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(shares[i], expected[i]);
}

static void worked_examples(void **state)
{
    (void)state;
    check(100, 1, (int64_t[]){250}, (int64_t[]){100});
    check(250, 2, (int64_t[]){100, 150}, (int64_t[]){100, 150});
    check(100, 3, (int64_t[]){100, 200, 300}, (int64_t[]){17, 33, 50}); /* 16.67 33.33 50 */
    check(101, 3, (int64_t[]){100, 200, 300},
          (int64_t[]){17, 34, 50}); /* 16.83 33.67 50.5: the largest fractions first */
    check(1, 3, (int64_t[]){1, 1, 2}, (int64_t[]){0, 0, 1});
    check(0, 2, (int64_t[]){5, 7}, (int64_t[]){0, 0});
    check(3, 4, (int64_t[]){0, 2, 0, 2}, (int64_t[]){0, 2, 0, 1});
    check(0, 0, (int64_t[]){0}, (int64_t[]){0});
    check(0, 2, (int64_t[]){0, 0}, (int64_t[]){0, 0});
}

static void equal_fractions_go_to_the_oldest(void **state)
{
    (void)state;
    check(100, 3, (int64_t[]){100, 100, 100}, (int64_t[]){34, 33, 33});
    check(101, 3, (int64_t[]){100, 100, 100}, (int64_t[]){34, 34, 33});
    check(2, 4, (int64_t[]){1, 1, 1, 1}, (int64_t[]){1, 1, 0, 0});
    check(5, 4, (int64_t[]){3, 9, 3, 9}, (int64_t[]){1, 2, 0, 2}); /* .625 1.875 .625 1.875 */
}

static void the_largest_amounts_do_not_overflow(void **state)
{
    (void)state;
    int64_t owed[100], shares[100];
    for (size_t i = 0; i < 100; i++)
        owed[i] = LG_AMOUNT_MAX / 100 - (int64_t)i;
    divide(sum_of(owed, 100), owed, 100, shares);
    assert_memory_equal(shares, owed, sizeof owed);
    divide(sum_of(owed, 100) - 1, owed, 100, shares);
    divide(LG_AMOUNT_MAX / 2, owed, 100, shares);
    check(LG_AMOUNT_MAX - 1, 1, (int64_t[]){LG_AMOUNT_MAX}, (int64_t[]){LG_AMOUNT_MAX - 1});
    check(LG_AMOUNT_MAX, 2, (int64_t[]){LG_AMOUNT_MAX, 1}, (int64_t[]){LG_AMOUNT_MAX - 1, 1});
    check(LG_AMOUNT_MAX, 2, (int64_t[]){1, LG_AMOUNT_MAX}, (int64_t[]){1, LG_AMOUNT_MAX - 1});
}

static void many_small_claims(void **state)
{
    (void)state;
    int64_t owed[MANY], shares[MANY];
    for (size_t i = 0; i < MANY; i++)
        owed[i] = 1;
    for (int64_t amount = 0; amount <= MANY; amount += 37) {
        divide(amount, owed, MANY, shares);
        for (int64_t i = 0; i < MANY; i++)
            assert_int_equal(shares[i], i < amount); /* one unit each, to the oldest */
    }
    owed[MANY - 1] = 500; /* a larger claim is served before the small ones, though it is the newest */
    divide(3, owed, MANY, shares);
    assert_int_equal(shares[MANY - 1], 1);
    assert_true(shares[0] == 1 && shares[1] == 1 && shares[2] == 0);
}

/* Paid off in instalments, every claim ends at exactly what it was owed. */
static void instalments_leave_nothing_behind(void **state)
{
    (void)state;
    int64_t owed[97], shares[97];
    uint64_t random = 11;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 97; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            owed[i] = (int64_t)(random >> (40 + random % 24));
        }
        for (int64_t total; (total = sum_of(owed, 97)) > 0;) {
            divide(total > 40 ? total * 2 / 5 : total, owed, 97, shares);
            for (size_t i = 0; i < 97; i++)
                owed[i] -= shares[i];
        }
        for (size_t i = 0; i < 97; i++)
            assert_int_equal(owed[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_examples),
        cmocka_unit_test(equal_fractions_go_to_the_oldest),
        cmocka_unit_test(the_largest_amounts_do_not_overflow),
        cmocka_unit_test(many_small_claims),
        cmocka_unit_test(instalments_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
