/* No fact of any entry can be otherwise than it was signed or follows: submissions, participants, custody,
 * and a claim's life. */
#include "tests/unit/rich_story.h"

#include "tests/unit/facts_sweep.h"

static void no_fact_can_be_otherwise(void **state)
{
    (void)state;
    r = rig_open();
    sweep_facts();
    act_out_a_story();
    act_out_the_rest();
    submit_a_file();
    rig_close(r);
    assert_in_range(judgements, 1000, 100000);
    assert_in_range(impossible, 200, judgements);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_fact_can_be_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
