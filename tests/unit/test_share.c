/* Which facts a party's shares show. */
#include "ledger/registry/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool shows(int share, const char *name)
{
    lg_shares shares = lg_shares_of(share);
    return lg_shares_show(&shares, name);
}

static void all_and_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"claim_id", "invoice_number", "part", "part_1", "part_100", "", "by"};
    const lg_shares none = {0}, all = lg_shares_of(LG_SHARE_ALL);
    assert_true(lg_shares_are_none(&none));
    assert_false(lg_shares_are_none(&all));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(lg_shares_show(&all, names[i]));
        assert_false(lg_shares_show(&none, names[i]));
    }
}

static void a_title_is_eight_facts(void **state)
{
    (void)state;
    static const char *const shown[] = {"receivable_id", "claim_id", "origin",      "face_minor",
                                        "currency",      "due_date", "creditor_id", "debtor_id"};
    static const char *const hidden[] = {
        "invoice_number", "gross_minor", "amount_minor", "note",   "by",         "documents",
        "part_1",         "claim_id_",   "claim",        "checks", "request_id", "order_reference"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        assert_true(shows(LG_SHARE_TITLE, shown[i]));
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        assert_false(shows(LG_SHARE_TITLE, hidden[i]));
}

static void a_request_is_two_facts(void **state)
{
    (void)state;
    static const char *const hidden[] = {"by",       "total_minor", "part_1",  "lenders",
                                         "pay_to",   "fields",      "note",    "kind",
                                         "offer_id", "claim_id",    "request", "lender_id"};
    assert_true(shows(LG_SHARE_REQUEST, "request_id"));
    assert_true(shows(LG_SHARE_REQUEST, "currency"));
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        assert_false(shows(LG_SHARE_REQUEST, hidden[i]));
}

static void a_part_hides_the_others(void **state)
{
    (void)state;
    assert_true(shows(7, "part_7"));
    assert_false(shows(7, "part_1"));
    assert_false(shows(7, "part_70"));
    assert_false(shows(7, "part_77"));
    assert_false(shows(7, "part_71"));  /* 64 on */
    assert_false(shows(7, "part_135")); /* 128 on */
    assert_false(shows(7, "part_99999999999999999999"));
    assert_true(shows(70, "part_70"));
    assert_false(shows(70, "part_6"));
    static const char *const common[] = {"part",  "part_",   "part_7_note", "part_a",
                                         "parts", "xpart_1", "amount_minor"};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        assert_true(shows(7, common[i]));
        assert_false(shows(LG_SHARE_ALONE + 7, common[i]));
    }
    assert_true(shows(LG_SHARE_ALONE + 7, "part_7"));
    assert_false(shows(LG_SHARE_ALONE + 7, "part_8"));
}

/* Of every share that there is, the set shows what one of its members shows; and it says when it grew. */
static void a_set_shows_what_any_of_its_shares_shows(void **state)
{
    (void)state;
    static const int shares[] = {LG_SHARE_ALL,
                                 LG_SHARE_TITLE,
                                 LG_SHARE_REQUEST,
                                 1,
                                 2,
                                 66,
                                 LG_SHARE_PARTS_MAX,
                                 LG_SHARE_ALONE + 1,
                                 LG_SHARE_ALONE + 2,
                                 LG_SHARE_ALONE + 66,
                                 LG_SHARE_ALONE + LG_SHARE_PARTS_MAX};
    static const char *const names[] = {"claim_id", "request_id", "currency", "note",    "part_1",
                                        "part_2",   "part_3",     "part_66",  "part_127"};
    enum { SHARES = sizeof shares / sizeof *shares, NAMES = sizeof names / sizeof *names };
    for (unsigned members = 0; members < 1u << SHARES; members++) {
        lg_shares set = {0};
        for (size_t i = 0; i < SHARES; i++) {
            if (!(members >> i & 1u))
                continue;
            bool more = false, before[NAMES];
            for (size_t k = 0; k < NAMES; k++)
                before[k] = lg_shares_show(&set, names[k]);
            bool grew = lg_shares_add(&set, shares[i]);
            for (size_t k = 0; k < NAMES; k++) {
                bool now = lg_shares_show(&set, names[k]);
                assert_true(now || !before[k]);
                assert_int_equal(now, before[k] || shows(shares[i], names[k]));
                more = more || now != before[k];
            }
            assert_int_equal(grew, more);
            assert_false(lg_shares_add(&set, shares[i]));
        }
        assert_int_equal(lg_shares_are_none(&set), members == 0);
    }
}

static void known_shares(void **state)
{
    (void)state;
    static const int64_t known[] = {-2, -1, 0, 1, 100, 127, 129, 255},
                         unknown[] = {-3, 128, 256, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(lg_share_is_known(known[i]));
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_false(lg_share_is_known(unknown[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_and_nothing),
        cmocka_unit_test(a_title_is_eight_facts),
        cmocka_unit_test(a_request_is_two_facts),
        cmocka_unit_test(a_part_hides_the_others),
        cmocka_unit_test(a_set_shows_what_any_of_its_shares_shows),
        cmocka_unit_test(known_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
