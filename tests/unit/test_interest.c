/* What an advance costs: known answers, halves to even, and amounts at the edge of what can be held. */
#include "ledger/registry/interest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void an_advance_is_rounded_down(void **state)
{
    (void)state;
    assert_int_equal(lg_part_floor(1000000, 800000), 800000);
    assert_int_equal(lg_part_floor(999, 900000), 899); /* 899.1 */
    assert_int_equal(lg_part_floor(1, 999999), 0);
    assert_int_equal(lg_part_floor(0, 1000000), 0);
    assert_int_equal(lg_part_floor(LG_AMOUNT_MAX, LG_PPM), LG_AMOUNT_MAX);
    assert_int_equal(lg_part_floor(LG_AMOUNT_MAX, 1), LG_AMOUNT_MAX / LG_PPM);
}

static void interest_runs_by_the_day(void **state)
{
    (void)state;
    /* 8,000.00 at 4.35 % for 90 of 360 days: 87.00; of 365 days: 85.808… */
    assert_int_equal(lg_interest(800000, 43500, 90, 360), 8700);
    assert_int_equal(lg_interest(800000, 43500, 90, 365), 8581);
    assert_int_equal(lg_interest(800000, 43500, 365, 365), 34800);
    assert_int_equal(lg_interest(800000, 43500, 0, 360), 0);
    assert_int_equal(lg_interest(800000, 43500, -5, 360), 0);
    assert_int_equal(lg_interest(800000, 0, 90, 360), 0);
}

static void halves_go_to_the_even_neighbour(void **state)
{
    (void)state;
    /* 10 % for 36 of 360 days is one hundredth: 50 → 0.5, 150 → 1.5, 250 → 2.5, 350 → 3.5 */
    assert_int_equal(lg_interest(50, 100000, 36, 360), 0);
    assert_int_equal(lg_interest(150, 100000, 36, 360), 2);
    assert_int_equal(lg_interest(250, 100000, 36, 360), 2);
    assert_int_equal(lg_interest(350, 100000, 36, 360), 4);
    assert_int_equal(lg_interest(249, 100000, 36, 360), 2);
    assert_int_equal(lg_interest(251, 100000, 36, 360), 3);
    /* A day count that is odd has no halves but whole ones. */
    assert_int_equal(lg_interest(365, 500000, 1, 365), 0);  /* 0.5 */
    assert_int_equal(lg_interest(1095, 500000, 1, 365), 2); /* 1.5 */
}

static void the_largest_products_are_exact(void **state)
{
    (void)state;
    assert_int_equal(lg_interest(LG_AMOUNT_MAX, LG_PPM, 360, 360), LG_AMOUNT_MAX);
    assert_int_equal(lg_interest(LG_AMOUNT_MAX, LG_PPM, 180, 360),
                     LG_AMOUNT_MAX / 2 + 1); /* odd: half to even */
    assert_int_equal(lg_interest(LG_AMOUNT_MAX, LG_PPM, 361, 360), -1);
    assert_int_equal(lg_interest(LG_AMOUNT_MAX, LG_PPM, INT32_MAX, 360), -1);
    assert_int_equal(lg_interest(LG_AMOUNT_MAX, 1, 3650, 365), LG_AMOUNT_MAX / 100000);
}

static const lg_terms plain = {.advance_rate_ppm = 800000, .annual_rate_ppm = 43500, .day_count = 360};

static void a_price_is_the_sum_over_the_claims(void **state)
{
    (void)state;
    const lg_fee fee = {.fixed_minor = 100, .rate_ppm = 1500};
    lg_priced claims[] = {{.outstanding_minor = 1000000, .due_day = 190},
                          {.outstanding_minor = 250001, .due_day = 130},
                          {.outstanding_minor = 9, .due_day = 90}}; /* past due: no interest */
    lg_price price;
    assert_true(lg_price_terms(&plain, &fee, 100, claims, 3, &price));
    assert_int_equal(claims[0].advance_minor, 800000);
    assert_int_equal(claims[1].advance_minor, 200000);
    assert_int_equal(claims[2].advance_minor, 7);
    assert_int_equal(price.advance_minor, 1000007);
    assert_int_equal(price.interest_minor, 8700 + 725);
    assert_int_equal(price.fee_minor, 100 + 1500); /* 1500.0105 */
    assert_int_equal(price.net_minor, 1000007 - 9425 - 1600);
}

static void an_offer_that_pays_nothing_is_none(void **state)
{
    (void)state;
    const lg_terms free_of_interest = {.advance_rate_ppm = LG_PPM, .day_count = 365};
    lg_priced claim = {.outstanding_minor = 100, .due_day = 10};
    lg_price price;
    assert_true(lg_price_terms(&free_of_interest, &(lg_fee){99, 0}, 0, &claim, 1, &price));
    assert_int_equal(price.net_minor, 1);
    assert_false(lg_price_terms(&free_of_interest, &(lg_fee){100, 0}, 0, &claim, 1, &price));
    assert_false(lg_price_terms(&free_of_interest, &(lg_fee){0, LG_PPM}, 0, &claim, 1, &price));
    assert_false(lg_price_terms(&free_of_interest, &(lg_fee){LG_AMOUNT_MAX, LG_PPM}, 0, &claim, 1, &price));
    claim.outstanding_minor = 0;
    assert_false(lg_price_terms(&free_of_interest, &(lg_fee){0, 0}, 0, &claim, 1, &price));
}

static void sums_beyond_what_can_be_held_are_refused(void **state)
{
    (void)state;
    const lg_terms terms = {.advance_rate_ppm = LG_PPM, .annual_rate_ppm = LG_PPM, .day_count = 360};
    lg_priced claims[] = {{.outstanding_minor = LG_AMOUNT_MAX, .due_day = 0},
                          {.outstanding_minor = 1, .due_day = 0}};
    lg_price price;
    assert_true(lg_price_terms(&terms, &(lg_fee){0, 0}, 0, claims, 1, &price));
    assert_int_equal(price.net_minor, LG_AMOUNT_MAX);
    assert_false(lg_price_terms(&terms, &(lg_fee){0, 0}, 0, claims, 2, &price));
    claims[0].due_day = 3600;
    assert_false(lg_price_terms(&terms, &(lg_fee){0, 0}, 0, claims, 1, &price));
}

static void kinds_have_names(void **state)
{
    (void)state;
    lg_financing_kind kind = LG_SALE;
    assert_true(lg_financing_kind_parse("pledge", &kind));
    assert_int_equal(kind, LG_PLEDGE);
    assert_false(lg_financing_kind_parse("gift", &kind));
    assert_false(lg_financing_kind_parse(NULL, &kind));
    assert_string_equal(lg_financing_kind_name(LG_SALE), "sale");
    assert_string_equal(lg_financing_kind_name(LG_FINANCING_KIND_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_advance_is_rounded_down),
        cmocka_unit_test(interest_runs_by_the_day),
        cmocka_unit_test(halves_go_to_the_even_neighbour),
        cmocka_unit_test(the_largest_products_are_exact),
        cmocka_unit_test(a_price_is_the_sum_over_the_claims),
        cmocka_unit_test(an_offer_that_pays_nothing_is_none),
        cmocka_unit_test(sums_beyond_what_can_be_held_are_refused),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
