/* The audit of a registry whose operator recorded, with good signatures, what the rules forbade. */
#include "tests/unit/audit_story.h"

/* The operator's own program may record what it likes of a command: here `times` entries of an event. */
static void forge(lg_command_type type, const char *url, const char *payload, lg_event *event, int times)
{
    const lg_jws_header header = rig_header(url, NULL);
    const char *jws = lg_jws_compose(r->arena, r->operator.key, &header, lg_bytes_str(payload));
    lg_command command = {.type = type, .subject = rig_subject(url)};
    lg_result result = {0};
    lg_outcome outcome = {.results = &result, .count = 1};
    OK(rig_prepare(r, &command, jws, url));
    OK(lg_ledger_begin(r->ledger));
    int64_t first = lg_ledger_next_seq(r->ledger);
    lg_act act = {
        .registry = r->registry,
        .ledger = r->ledger,
        .db = lg_ledger_db(r->ledger),
        .arena = r->arena,
        .command = &command,
        .now = lg_ledger_clock(r->ledger),
        .outcome = &outcome,
        .result = &result,
        .report = &r->report,
    };
    for (int i = 0; i < times; i++)
        OK(lg_act_record(&act, event));
    OK(api_render(act.db, r->arena, &command, &outcome, &outcome.status, &outcome.answer));
    const lg_command_row row = {.first_seq = first,
                                .entry_count = times,
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

/* Everything fits together, signatures included, and yet the rules forbade it. */
static void found_forged(lg_command_type type, const char *url, const char *payload, lg_event *event,
                         int times, const char *words)
{
    char bytes[8192];
    int fd = open(head, O_RDONLY);
    ssize_t len = read(fd, bytes, sizeof bytes);
    assert_true(len > 0);
    close(fd);
    tamper("SELECT 1");
    rig_attach(r);
    forge(type, url, payload, event, times);
    rig_detach(r);
    json_t *json = audit("forged", LG_CORRUPT), *findings = json_object_get(json, "findings"), *finding;
    size_t i;
    assert_int_equal(json_array_size(findings), times);
    json_array_foreach(findings, i, finding)
    {
        const char *detail = json_string_value(json_object_get(finding, "detail"));
        if (i + 1 == (size_t)times && !strstr(detail, words))
            fail_msg("expected \"%s\", found: %s", words, detail);
    }
    json_decref(json);
    save_file(head, bytes, (size_t)len);
    tamper("SELECT 1");
}

/* A gateway that lets everything in. */
static lg_err blind_review(const lg_review_input *input, lg_arena *arena, lg_review *review)
{
    (void)arena;
    *review = (lg_review){.policy_version = input->policy->version, .outcome = LG_OUTCOME_PASS};
    return LG_OK;
}

/* Also past its own review the operator gets nothing that the policy wants verified. */
static void what_gets_past_the_verifier(void **state)
{
    (void)state;
    char bytes[8192];
    int fd = open(head, O_RDONLY);
    ssize_t len = read(fd, bytes, sizeof bytes);
    assert_true(len > 0);
    close(fd);
    tamper("SELECT 1");
    rig_review = blind_review;
    rig_attach(r);
    change_policy(r, "external_verifier", "{\"mode\":\"advisory\",\"within_seconds\":60}");
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r)));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_REGISTERED);
    rig_detach(r);
    rig_review = gateway_review;
    json_t *json = audit("unverified", LG_CORRUPT), *findings = json_object_get(json, "findings");
    assert_int_equal(json_array_size(findings), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(findings, 0), "detail")),
                        "the policy wants the external verifier asked first");
    json_decref(json);
    save_file(head, bytes, (size_t)len);
    tamper("SELECT 1");
}

static void what_the_operator_forges(void **state)
{
    (void)state;
    const char *buyer = lg_arena_printf(r->arena, "/v1/participants/%s", r->buyer.id_text);
    lg_event event = {
        .type = LG_EV_PARTICIPANT_STOP_CHANGED, .participant_id = r->buyer.id.uuid, .reason = "paid"};
    found_forged(LG_CMD_DEBTOR_CLEAR, lg_arena_printf(r->arena, "%s/clear", buyer), "{\"reason\":\"paid\"}",
                 &event, 6, "the command causes no such entry");
    event.stopped = true;
    found_forged(LG_CMD_DEBTOR_STOP, lg_arena_printf(r->arena, "%s/stop", buyer), "{\"reason\":\"paid\"}",
                 &event, 1, "The debtor is on the stop list already");
    event = (lg_event){.type = LG_EV_CLAIM_FROZEN, .claim_id = kept_claim, .order_reference = "O-1"};
    const char *claim = lg_arena_printf(r->arena, "/v1/claims/%s", lg_uuid_format(kept_claim).s);
    found_forged(LG_CMD_CLAIM_FREEZE, lg_arena_printf(r->arena, "%s/freeze", claim),
                 "{\"order_reference\":\"O-1\"}", &event, 1, "This needs the role authority");
    event = (lg_event){.type = LG_EV_CLAIM_DUE, .claim_id = kept_claim, .next_day = LG_DAY_NEVER};
    found_forged(LG_CMD_CLAIM_AGE, lg_arena_printf(r->arena, "%s/age", claim), "{}", &event, 1,
                 "Time moves this claim on at");
    const char *verify =
        lg_arena_printf(r->arena, "/v1/reviews/%s/verify", lg_uuid_format(waiting_receivable).s);
    event = (lg_event){.type = LG_EV_REVIEW_VERIFIED,
                       .receivable_id = waiting_receivable,
                       .answer = "genuine",
                       .review_outcome = "pass",
                       .policy_version = 4};
    found_forged(LG_CMD_VERIFY, verify, "{\"answer\":\"not_genuine\"}", &event, 1,
                 "the verifier's answer is not what was signed");
    event.answer = "unknown";
    event.confirm_by = lg_now();
    found_forged(LG_CMD_VERIFY, verify, "{\"answer\":\"unknown\"}", &event, 1, "by the rules it had to be");
    event.answer = "none";
    event.note = "silence";
    event.review_outcome = "hold";
    found_forged(LG_CMD_VERIFY, verify, "{\"answer\":\"none\",\"note\":\"silence\"}", &event, 1,
                 "The verifier may answer until");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_operator_forges),
        cmocka_unit_test(what_gets_past_the_verifier),
    };
    return cmocka_run_group_tests(tests, make_registry, drop_registry);
}
