/* What tokens let custody sign, without HTTP: names, scopes, limits and two pairs of eyes; and that the audit
 * finds an operator whose program passes over them. */
#include "tests/unit/custody_story.h"

#include "ledger/registry/internal.h"
#include "server/server.h"

static const lg_uuid none = {{0}};

typedef struct house {
    actor clerk; /* a core enterprise in custody */
    lg_uuid first, second, second_of_first;
} house;

static house open_house(rig *r)
{
    house h;
    enroll_in_custody(r, &h.clerk, "Northgate", "core_enterprise");
    h.first = issue_token(r, &r->operator, none, &h.clerk, NULL);
    h.second = issue_token(r, &r->operator, none, &h.clerk, NULL);
    h.second_of_first = issue_token(r, &h.clerk, h.first, &h.clerk, NULL);
    OK(act_with(r, &h.clerk, h.first, LG_CMD_FOUR_EYES_SET, four_eyes_url(r, &h.clerk),
                "{\"currency\":\"CNY\",\"above\":\"100.00\"}"));
    lg_signing_key_close(r->buyer.key);
    r->buyer = h.clerk; /* invoices are on it */
    return h;
}

/* A receivable on the house; its path for confirming. */
static const char *receivable_on(rig *r)
{
    submit_fresh(r);
    return receivable_url(r, "confirm");
}

/* ---- the token in the header ---- */

static void custody_names_its_token_and_nobody_else_does(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    const char *url = receivable_on(r);
    IS(act_with(r, &h.clerk, none, LG_CMD_CONFIRM, url, "{}"), LG_MALFORMED_JWS);
    IS(act_with(r, &r->supplier, h.first, LG_CMD_WITHDRAW, receivable_url(r, "withdraw"), "{}"),
       LG_MALFORMED_JWS);
    IS(act_with(r, &h.clerk, lg_uuid_new(), LG_CMD_CONFIRM, url, "{}"), LG_UNAUTHENTICATED);
    lg_uuid of_another = issue_token(r, &r->supplier, none, &r->supplier, NULL);
    IS(act_with(r, &h.clerk, of_another, LG_CMD_CONFIRM, url, "{}"), LG_UNAUTHENTICATED);
}

static void a_token_is_held_to_its_scopes_by_the_act_itself(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    const char *url = receivable_on(r);
    OK(act_with(r, &h.clerk, h.first, LG_CMD_TOKEN_ISSUE, "/v1/tokens",
                token_payload(r, &h.clerk, "\"submit\"", NULL)));
    lg_uuid narrow = r->outcome.results[0].token.id.uuid;
    IS(act_with(r, &h.clerk, narrow, LG_CMD_CONFIRM, url, "{}"), LG_SCOPE_MISSING);
    OK(act_with(r, &h.clerk, h.first, LG_CMD_TOKEN_REVOKE,
                lg_arena_printf(r->arena, "/v1/tokens/%s/revoke", lg_uuid_format(narrow).s), "{}"));
    IS(act_with(r, &h.clerk, narrow, LG_CMD_CONFIRM, url, "{}"), LG_TOKEN_REVOKED);
}

/* ---- the audit ---- */

static json_t *findings_of(rig *r)
{
    char *text = NULL;
    lg_report report;
    lg_report_init(&report, r->arena);
    rig_detach(r);
    lg_err err = server_audit(&(server_audit_request){.dir = r->dir}, r->arena, &text, &report);
    json_t *json = json_loads(text, 0, NULL), *findings = json_object_get(json, "findings");
    assert_non_null(findings);
    IS(err, json_array_size(findings) ? LG_CORRUPT : LG_OK);
    json_incref(findings);
    json_decref(json);
    rig_attach(r);
    return findings;
}

/* The operator's own program may do what a token asks without asking what the token may. */
static void pass_over(rig *r, const actor *who, lg_uuid token, lg_command_type type, const char *url,
                      const char *payload)
{
    lg_command command = {.type = type, .subject = rig_subject(url)};
    lg_result result = {0};
    lg_outcome outcome = {.results = &result, .count = 1};
    OK(rig_prepare(r, &command, with_token_jws(r, who, token, url, payload), url));
    OK(lg_ledger_begin(r->ledger));
    int64_t first = lg_ledger_next_seq(r->ledger);
    lg_act act = {
        .registry = r->registry,
        .ledger = r->ledger,
        .db = lg_ledger_db(r->ledger),
        .arena = r->arena,
        .command = &command,
        .token = NULL,
        .now = lg_ledger_clock(r->ledger),
        .outcome = &outcome,
        .result = &result,
        .report = &r->report,
    };
    OK(type == LG_CMD_SUBMIT ? lg_do_submit(&act, 0) : lg_do_command(&act));
    OK(api_render(act.db, r->arena, &command, &outcome, &outcome.status, &outcome.answer));
    const lg_command_row row = {.first_seq = first,
                                .entry_count = lg_ledger_next_seq(r->ledger) - first,
                                .signer = command.signers[0].no,
                                .jti = command.jti,
                                .url = url,
                                .status = outcome.status,
                                .answer = outcome.answer.data,
                                .jws = command.jws};
    OK(lg_command_insert(act.db, &row));
    lg_buf_clear(&outcome.answer);
    OK(lg_ledger_commit(r->ledger));
}

/* The first finding says so, of as many as are expected. */
static void finds(rig *r, const char *words, size_t expected)
{
    json_t *findings = findings_of(r);
    const char *detail = json_string_value(json_object_get(json_array_get(findings, 0), "detail"));
    if (json_array_size(findings) != expected || !strstr(detail, words))
        fail_msg("expected \"%s\", found %s", words, json_dumps(findings, JSON_COMPACT));
    json_decref(findings);
}

static void an_honest_house_is_clean(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    const char *url = receivable_on(r);
    OK(act_with(r, &h.clerk, h.first, LG_CMD_CONFIRM, url, "{}"));
    assert_int_equal(r->outcome.status, 202);
    IS(act_with(r, &h.clerk, h.second_of_first, LG_CMD_CONFIRM, url, "{}"), LG_SAME_TOKEN);
    OK(act_with(r, &h.clerk, h.second, LG_CMD_CONFIRM, url, "{}"));
    assert_int_equal(r->outcome.status, 200);
    assert_int_equal(r->outcome.entry_count, 2); /* the claim, and who gave the second half */
    json_t *findings = findings_of(r);
    assert_int_equal(json_array_size(findings), 0);
    json_decref(findings);
}

static void one_pair_of_eyes_is_found(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    pass_over(r, &h.clerk, h.first, LG_CMD_CONFIRM, receivable_on(r), "{}");
    finds(r, "by the rules it had to be a approval.asked", 1);
}

static void two_tokens_of_one_line_are_found(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    const char *url = receivable_on(r);
    OK(act_with(r, &h.clerk, h.first, LG_CMD_CONFIRM, url, "{}"));
    pass_over(r, &h.clerk, h.second_of_first, LG_CMD_CONFIRM, url, "{}");
    finds(r, "waits for a token of another line", 1);
}

static void a_loosened_setting_is_found(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    pass_over(r, &h.clerk, h.first, LG_CMD_FOUR_EYES_SET, four_eyes_url(r, &h.clerk),
              "{\"currency\":\"CNY\",\"above\":null}");
    finds(r, "by the rules it had to be a approval.asked", 1);
}

static void an_amount_above_the_limit_is_found(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    lg_uuid limited = issue_token(r, &h.clerk, h.first, &h.clerk, "{\"CNY\":\"90.00\"}");
    pass_over(r, &h.clerk, limited, LG_CMD_CONFIRM, receivable_on(r), "{\"amount\":\"90.01\"}");
    finds(r, "90.01 CNY (amount) is above what this token may commit at a time, which is 90.00 CNY", 1);
}

/* A submission is not decided again, but its token is. */
static void a_submission_above_the_limit_is_found(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    lg_uuid limited = issue_token(r, &h.clerk, h.first, &h.clerk, "{\"CNY\":\"90.00\"}");
    pass_over(r, &h.clerk, limited, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r));
    finds(r, "is above what this token may commit at a time", 1);
}

static void a_payable_by_one_pair_of_eyes_is_found(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    pass_over(r, &h.clerk, h.first, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r));
    finds(r, "A payable is a confirmation", 1);
}

static void a_wider_token_is_found(void **state)
{
    rig *r = *state;
    house h = open_house(r);
    lg_uuid limited = issue_token(r, &h.clerk, h.first, &h.clerk, "{\"CNY\":\"90.00\"}");
    pass_over(r, &h.clerk, limited, LG_CMD_TOKEN_ISSUE, "/v1/tokens",
              token_payload(r, &h.clerk, "\"admin\"", NULL));
    finds(r, "amount_limits is required", 2); /* the act, and the rule between the tables */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(custody_names_its_token_and_nobody_else_does, set_up_companies,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_token_is_held_to_its_scopes_by_the_act_itself, set_up_companies,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_honest_house_is_clean, set_up_companies, tear_down),
        cmocka_unit_test_setup_teardown(one_pair_of_eyes_is_found, set_up_companies, tear_down),
        cmocka_unit_test_setup_teardown(two_tokens_of_one_line_are_found, set_up_companies, tear_down),
        cmocka_unit_test_setup_teardown(a_loosened_setting_is_found, set_up_companies, tear_down),
        cmocka_unit_test_setup_teardown(an_amount_above_the_limit_is_found, set_up_companies, tear_down),
        cmocka_unit_test_setup_teardown(a_submission_above_the_limit_is_found, set_up_companies, tear_down),
        cmocka_unit_test_setup_teardown(a_payable_by_one_pair_of_eyes_is_found, set_up_companies, tear_down),
        cmocka_unit_test_setup_teardown(a_wider_token_is_found, set_up_companies, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
