/* Payloads of which one member is something else: of every way a financing, a payment and a credit note go.
 */
#include "tests/unit/life_story.h"

#include "tests/unit/payload_sweep.h"

static void a_member_is_taken_or_refused_where_it_is(void **state)
{
    (void)state;
    r = rig_open();
    sweep_payloads();
    act_out_a_story();
    rig_close(r);
    assert_in_range(payloads_taken, 100, 100000);
    assert_in_range(payloads_refused, 1000, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_taken_or_refused_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
