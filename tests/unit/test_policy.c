/* The policy: its text and back, each rule of each field, and the stored versions. */
#include "ledger/base/buf.h"
#include "ledger/crypto/secret.h"
#include "ledger/registry/policy.h"
#include "ledger/store/participant_rows.h"
#include "tests/unit/rows_rig.h"

static lg_report report;

static lg_err decode(rig *r, const char *text, lg_policy *out)
{
    json_t *object;
    lg_report_init(&report, r->arena);
    OK(lg_json_load(lg_bytes_str(text), &object, &report));
    lg_err err = lg_policy_decode(object, "/policy", out, &report);
    json_decref(object);
    return err;
}

static const char *standard(rig *r)
{
    const lg_policy policy = lg_policy_default();
    return lg_policy_format(r->arena, &policy);
}

/* The standard policy with one field as given, or without it. */
static const char *with(rig *r, const char *field, const char *value)
{
    json_t *object = json_loads(standard(r), 0, NULL);
    if (value)
        assert_int_equal(json_object_set_new(object, field, json_loads(value, JSON_DECODE_ANY, NULL)), 0);
    else
        assert_int_equal(json_object_del(object, field), 0);
    char *text = json_dumps(object, JSON_COMPACT);
    const char *copy = lg_arena_strdup(r->arena, text);
    free(text);
    json_decref(object);
    return copy;
}

static void the_default_is_canonical(void **state)
{
    rig *r = *state;
    assert_string_equal(standard(r),
                        "{\"after_deadline\":\"expire\",\"checks_per_day\":1000,\"confirm_past_due\":false"
                        ",\"confirm_within_days\":30,\"currencies\":[],\"default_after_days\":90"
                        ",\"default_tenor_days\":0,\"documents_required\":0,\"early_payment\":\"record\""
                        ",\"grace_days\":0,\"hop_max\":10,\"overpayment\":\"refuse\",\"past_due\":\"warn\""
                        ",\"payee_redirected\":\"hold\",\"proposal_days\":14,\"request_valid_days\":7"
                        ",\"similar_within_days\":7,\"split_claims_max\":100,\"split_parts_max\":100"
                        ",\"split_watch_claims\":50,\"tenor_max_days\":365,\"tenor_warn_days\":180"
                        ",\"transfer_respond_days\":7}");
}

static void text_and_back(void **state)
{
    rig *r = *state;
    lg_policy back;
    const lg_policy policy = {
        .version = 9,
        .tenor_warn_days = 90,
        .tenor_max_days = 90,
        .default_tenor_days = 60,
        .confirm_within_days = 0,
        .after_deadline = LG_AFTER_DEADLINE_ACCEPT,
        .past_due = LG_OUTCOME_REJECT,
        .confirm_past_due = true,
        .documents_required = 16,
        .similar_within_days = 0,
        .payee_redirected = LG_OUTCOME_WARN,
        .currencies = {{"CNY"}, {"JPY"}},
        .currency_count = 2,
        .transfer_respond_days = 90,
        .hop_max = 0,
        .split_parts_max = 2,
        .split_claims_max = 3,
        .split_watch_claims = 4,
        .grace_days = 5,
        .default_after_days = 6,
        .early_payment = LG_PAYMENT_REFUSE,
        .overpayment = LG_PAYMENT_RECORD,
        .request_valid_days = 8,
        .proposal_days = 9,
        .checks_per_day = 10,
    };
    const char *text = lg_policy_format(r->arena, &policy);
    OK(decode(r, text, &back));
    assert_string_equal(lg_policy_format(r->arena, &back), text);
    assert_int_equal(back.currency_count, 2);
    assert_string_equal(back.currencies[1].code, "JPY");
    assert_true(back.confirm_past_due && back.after_deadline == LG_AFTER_DEADLINE_ACCEPT);
    assert_true(back.early_payment == LG_PAYMENT_REFUSE && back.overpayment == LG_PAYMENT_RECORD);
    assert_true(back.hop_max == 0 && back.split_parts_max == 2 && back.checks_per_day == 10);
}

static void every_field_is_required(void **state)
{
    rig *r = *state;
    lg_policy out;
    const char *const fields[] = {"after_deadline",
                                  "checks_per_day",
                                  "confirm_past_due",
                                  "confirm_within_days",
                                  "currencies",
                                  "default_after_days",
                                  "default_tenor_days",
                                  "documents_required",
                                  "early_payment",
                                  "grace_days",
                                  "hop_max",
                                  "overpayment",
                                  "past_due",
                                  "payee_redirected",
                                  "proposal_days",
                                  "request_valid_days",
                                  "similar_within_days",
                                  "split_claims_max",
                                  "split_parts_max",
                                  "split_watch_claims",
                                  "tenor_max_days",
                                  "tenor_warn_days",
                                  "transfer_respond_days"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        IS(decode(r, with(r, fields[i], NULL), &out), LG_INVALID_FIELDS);
        assert_int_equal(report.fault_count, 1);
        assert_string_equal(report.first->code, "required");
        assert_string_equal(report.first->pointer, lg_arena_printf(r->arena, "/policy/%s", fields[i]));
        IS(decode(r, with(r, fields[i], "null"), &out), LG_INVALID_FIELDS);
        IS(decode(r, with(r, fields[i], "{}"), &out), LG_INVALID_FIELDS);
    }
    IS(decode(r, "{}", &out), LG_INVALID_FIELDS);
    assert_int_equal(report.fault_count, sizeof fields / sizeof *fields);
}

static void every_rule_by_its_code(void **state)
{
    rig *r = *state;
    static const char *const bad[][4] = {
        {"after_deadline", "\"ignore\"", "unknown_value", "/policy/after_deadline"},
        {"past_due", "\"pass\"", "unknown_value", "/policy/past_due"},
        {"payee_redirected", "\"maybe\"", "unknown_value", "/policy/payee_redirected"},
        {"confirm_past_due", "1", "not_a_boolean", "/policy/confirm_past_due"},
        {"confirm_within_days", "366", "out_of_range", "/policy/confirm_within_days"},
        {"confirm_within_days", "-1", "out_of_range", "/policy/confirm_within_days"},
        {"confirm_within_days", "30.0", "not_an_integer", "/policy/confirm_within_days"},
        {"default_tenor_days", "3651", "out_of_range", "/policy/default_tenor_days"},
        {"documents_required", "17", "out_of_range", "/policy/documents_required"},
        {"similar_within_days", "366", "out_of_range", "/policy/similar_within_days"},
        {"tenor_max_days", "0", "out_of_range", "/policy/tenor_max_days"},
        {"tenor_max_days", "179", "out_of_range", "/policy/tenor_warn_days"},
        {"tenor_warn_days", "366", "out_of_range", "/policy/tenor_warn_days"},
        {"currencies", "\"CNY\"", "not_a_list", "/policy/currencies"},
        {"currencies", "[\"CNY\",\"cny\"]", "unknown_currency", "/policy/currencies/1"},
        {"currencies", "[1]", "unknown_currency", "/policy/currencies/0"},
        {"transfer_respond_days", "0", "out_of_range", "/policy/transfer_respond_days"},
        {"hop_max", "1001", "out_of_range", "/policy/hop_max"},
        {"split_parts_max", "1", "out_of_range", "/policy/split_parts_max"},
        {"split_claims_max", "101", "out_of_range", "/policy/split_claims_max"},
        {"split_watch_claims", "101", "out_of_range", "/policy/split_watch_claims"},
        {"grace_days", "366", "out_of_range", "/policy/grace_days"},
        {"default_after_days", "3651", "out_of_range", "/policy/default_after_days"},
        {"early_payment", "\"hold\"", "unknown_value", "/policy/early_payment"},
        {"overpayment", "true", "not_a_string", "/policy/overpayment"},
        {"request_valid_days", "91", "out_of_range", "/policy/request_valid_days"},
        {"proposal_days", "0", "out_of_range", "/policy/proposal_days"},
        {"checks_per_day", "1000001", "out_of_range", "/policy/checks_per_day"},
        {"colour", "1", "unknown_field", "/policy/colour"},
    };
    lg_policy out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        IS(decode(r, with(r, bad[i][0], bad[i][1]), &out), LG_INVALID_FIELDS);
        assert_int_equal(report.fault_count, 1);
        assert_string_equal(report.first->code, bad[i][2]);
        assert_string_equal(report.first->pointer, bad[i][3]);
    }
    lg_buf list = {0};
    lg_json_list(&list);
    for (int i = 0; i < LG_POLICY_CURRENCIES_MAX; i++)
        lg_json_str(&list, "CNY");
    lg_json_end(&list);
    OK(decode(r, with(r, "currencies", list.data), &out));
    list.len--;
    lg_buf_str(&list, ",\"CNY\"]");
    IS(decode(r, with(r, "currencies", list.data), &out), LG_INVALID_FIELDS);
    assert_string_equal(report.first->code, "not_a_list");
    lg_buf_clear(&list);
}

static void versions_are_loaded(void **state)
{
    rig *r = *state;
    lg_policy out;
    IS(lg_policy_load(r->db, 0, r->arena, &out), LG_NOT_FOUND);
    OK(lg_policy_insert(r->db, &(lg_policy_row){.version = 1, .set_at = 1, .body = standard(r)}));
    OK(lg_policy_insert(
        r->db, &(lg_policy_row){.version = 2, .set_at = 2, .body = with(r, "tenor_max_days", "200")}));
    OK(lg_policy_load(r->db, 0, r->arena, &out));
    assert_true(out.version == 2 && out.tenor_max_days == 200);
    OK(lg_policy_load(r->db, 1, r->arena, &out));
    assert_true(out.version == 1 && out.tenor_max_days == 365);
    IS(lg_policy_load(r->db, 3, r->arena, &out), LG_NOT_FOUND);
    OK(lg_policy_insert(
        r->db, &(lg_policy_row){.version = 3, .set_at = 3, .body = with(r, "past_due", "\"pass\"")}));
    IS(lg_policy_load(r->db, 0, r->arena, &out), LG_CORRUPT);
    assert_true(out.version == 0); /* nothing a cache could take for a version */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_default_is_canonical), STORY(text_and_back),       STORY(every_field_is_required),
        STORY(every_rule_by_its_code),   STORY(versions_are_loaded),
    };
    if (lg_crypto_init() != LG_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
