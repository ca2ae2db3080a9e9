/* Fingerprints of invoices: the same however written, different for anything that makes another invoice, and
 * alike for what is nearly the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ledger/crypto/secret.h"
#include "ledger/registry/registry.h"

#include <string.h>

typedef struct invoice {
    uint8_t seller, buyer;
    const char *number;
    lg_day issue_day;
    const char *currency;
    int64_t gross_minor;
} invoice;

static const uint8_t key[LG_HASH_KEY_LEN] = {1, 2, 3};
static const invoice first = {1, 2, "RE-2026/0042", 20000, "CNY", 123456};
static lg_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = lg_arena_open();
    return lg_crypto_init() == LG_OK ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return 0;
}

static lg_fingerprint make(const invoice *in)
{
    lg_currency currency = {0};
    memcpy(currency.code, in->currency, 3);
    return lg_fingerprint_make(key, arena, (lg_participant_id){{{in->seller}}},
                               (lg_participant_id){{{in->buyer}}}, in->number, in->issue_day, currency,
                               in->gross_minor);
}

/* exact, number and sale: which of the three keys of `other` are those of the first invoice. */
static void compare(const invoice *other, bool exact, bool number, bool sale)
{
    lg_fingerprint a = make(&first), b = make(other);
    assert_int_equal(memcmp(a.exact, b.exact, LG_KEYED_LEN) == 0, exact);
    assert_int_equal(a.number_key == b.number_key, number);
    assert_int_equal(a.similar_key == b.similar_key, sale);
}

static void the_same_invoice(void **state)
{
    (void)state;
    compare(&first, true, true, true);
    compare(&(invoice){1, 2, "  RE-2026/0042\t", 20000, "CNY", 123456}, true, true,
            true); /* white space is no difference */
    /* The buyer cannot key an invoice: registered on another debtor it is the same one. */
    compare(&(invoice){1, 9, "RE-2026/0042", 20000, "CNY", 123456}, true, true, false);
}

static void another_invoice(void **state)
{
    (void)state;
    compare(&(invoice){3, 2, "RE-2026/0042", 20000, "CNY", 123456}, false, false, false);
    compare(&(invoice){1, 2, "RE-2026/0043", 20000, "CNY", 123456}, false, false, true);
    compare(&(invoice){1, 2, "RE-2026/0042", 20001, "CNY", 123456}, false, true, true);
    compare(&(invoice){1, 2, "RE-2026/0042", 20000, "USD", 123456}, false, true, false);
    compare(&(invoice){1, 2, "RE-2026/0042", 20000, "CNY", 123457}, false, true, false);
    compare(&(invoice){1, 2, "RE-2026/0042", 20000, "CNY", -123456}, false, true, false);
}

static void numbers_alike(void **state)
{
    (void)state;
    const char *const alike[] = {"re-2026/0042",   "RE 2026 0042",
                                 "RE.20260042",    "\xef\xbc\xb2\xef\xbc\xa5-2026/0042",
                                 "RE-002026/0042", "RE-2026/42"};
    const char *const unlike[] = {"R-2026/0042", "2026/0042", "RE-2026/0042-1"};
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
        invoice other = first;
        other.number = alike[i];
        compare(&other, false, true, true);
    }
    for (size_t i = 0; i < sizeof unlike / sizeof *unlike; i++) {
        invoice other = first;
        other.number = unlike[i];
        compare(&other, false, false, true);
    }
}

/* Fields are joined so that none can flow into the next. */
static void fields_do_not_run_together(void **state)
{
    (void)state;
    lg_fingerprint a = make(&(invoice){1, 2, "1", 20000, "CNY", 23});
    lg_fingerprint b = make(&(invoice){1, 2, "12", 20000, "CNY", 3});
    assert_memory_not_equal(a.exact, b.exact, LG_KEYED_LEN);
}

static void keyed_and_never_zero(void **state)
{
    (void)state;
    const uint8_t other_key[LG_HASH_KEY_LEN] = {9};
    lg_fingerprint mine = make(&first), other;
    other = lg_fingerprint_make(other_key, arena, (lg_participant_id){{{1}}}, (lg_participant_id){{{2}}},
                                first.number, first.issue_day, (lg_currency){"CNY"}, first.gross_minor);
    assert_memory_not_equal(mine.exact, other.exact, LG_KEYED_LEN);
    assert_true(mine.number_key != other.number_key && mine.similar_key != other.similar_key);
    assert_true(mine.number_key != mine.similar_key);
    for (int i = 0; i < 1000; i++) {
        invoice in = first;
        in.gross_minor = i;
        in.number = lg_arena_printf(arena, "%d", i);
        lg_fingerprint made = make(&in);
        assert_true(made.number_key > 0 && made.similar_key > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_invoice),     cmocka_unit_test(another_invoice),
        cmocka_unit_test(numbers_alike),        cmocka_unit_test(fields_do_not_run_together),
        cmocka_unit_test(keyed_and_never_zero),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
