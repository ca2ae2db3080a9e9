/* The audit of a registry whose operator recorded, with good signatures, what the rules forbade. */
#include "tests/unit/audit_story.h"

static bool set_back; /* its clock is, to just before the last entry */

static lg_time clock_now(void)
{
    lg_entry_row row;
    lg_entry last;
    if (!set_back)
        return lg_ledger_clock(r->ledger);
    OK(lg_entry_get(lg_ledger_db(r->ledger), lg_ledger_next_seq(r->ledger) - 1, r->arena, &row));
    OK(lg_entry_parse(r->arena, row.body, &last, &r->report));
    return last.at - 1;
}

/* The operator's own program may record what it likes of a command: here `times` entries of an event. */
static void record(const lg_command *command, lg_event *event, int times)
{
    lg_result result = {0};
    lg_outcome outcome = {.results = &result, .count = 1};
    OK(lg_ledger_begin(r->ledger));
    int64_t first = lg_ledger_next_seq(r->ledger);
    lg_act act = {
        .registry = r->registry,
        .ledger = r->ledger,
        .db = lg_ledger_db(r->ledger),
        .arena = r->arena,
        .command = command,
        .now = clock_now(),
        .outcome = &outcome,
        .result = &result,
        .report = &r->report,
    };
    for (int i = 0; i < times; i++)
        OK(lg_act_record(&act, event));
    OK(api_render(act.db, r->arena, command, &outcome, &outcome.status, &outcome.answer));
    const lg_command_row row = {.first_seq = first,
                                .entry_count = times,
                                .signer = command->signers[0].no,
                                .jti = command->jti,
                                .url = command->url,
                                .status = outcome.status,
                                .answer = outcome.answer.data,
                                .jws = command->jws};
    OK(lg_command_insert(act.db, &row));
    lg_buf_clear(&outcome.answer);
    OK(lg_ledger_commit(r->ledger));
}

static void forge(lg_command_type type, const char *url, const char *payload, lg_event *event, int times)
{
    const lg_jws_header header = rig_header(url, NULL);
    const char *jws = lg_jws_compose(r->arena, r->operator.key, &header, lg_bytes_str(payload));
    lg_command command = {.type = type, .subject = rig_subject(url)};
    OK(rig_prepare(r, &command, jws, url));
    record(&command, event, times);
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

/* ---- whose signature it was ---- */

static lg_signer signer_of(const actor *who)
{
    lg_participant row;
    OK(lg_participant_by_id(lg_ledger_db(r->ledger), who->id, r->arena, &row));
    return (lg_signer){.no = row.no, .id = row.id, .roles = row.roles};
}

/* A webhook of `who`, whatever key signed for it. */
static lg_command webhook_of(const actor *who, const lg_signing_key *key, lg_uuid token)
{
    static const char url[] = "/v1/webhooks";
    lg_jws_header header = rig_header(url, NULL);
    lg_jws parsed;
    json_t *payload;
    header.token = token;
    const char *jws = lg_jws_compose(r->arena, key, &header,
                                     lg_bytes_str("{\"url\":\"https://a.example.com/\",\"events\":[]}"));
    lg_command command = {.type = LG_CMD_WEBHOOK_REGISTER, .signers = {signer_of(who)}, .signer_count = 1};
    OK(lg_jws_parse(r->arena, lg_bytes_str(jws), &parsed, &r->report));
    command.jws = parsed.bytes;
    command.req = lg_sha256(parsed.bytes);
    command.jti = parsed.signatures[0].jti;
    command.url = url;
    command.payload = parsed.payload;
    OK(lg_json_load(command.payload, &payload, &r->report));
    OK(lg_command_decode(payload, &command, &r->report));
    json_decref(payload);
    return command;
}

/* Recorded, it makes so many findings, one of them in these words. */
static void found_signed(const lg_command *command, const char *words, size_t count)
{
    lg_event event = {.type = LG_EV_WEBHOOK_REGISTERED,
                      .webhook_id = lg_uuid_new(),
                      .url = command->url_to_call,
                      .events = command->events};
    record(command, &event, 1);
    rig_detach(r);
    json_t *json = audit("signed otherwise", LG_CORRUPT), *findings = json_object_get(json, "findings");
    char *said = json_dumps(findings, JSON_COMPACT);
    if (json_array_size(findings) != count || !strstr(said, words))
        fail_msg("expected \"%s\", found: %s", words, said);
    free(said);
    json_decref(json);
}

enum who_signs {
    SUSPENDED,
    REVOKED,
    NOT_YET,
    NO_LONGER,
    STRANGER,
    NAMES_ANOTHER,
    NAMES_A_SECOND,
    SAYS_CUSTODY,
    NAMES_A_TOKEN,
    DAMAGED,
    SIGNINGS
};

static lg_signing_key *spare_key(const char *validity)
{
    lg_signing_key *key = lg_signing_key_new();
    OK(act_as(r, &r->operator, LG_CMD_KEY_ADD,
              lg_arena_printf(r->arena, "/v1/participants/%s/keys", r->supplier.id_text),
              lg_arena_printf(r->arena, "{\"public_key\":\"%s\"%s}", rig_public_text(r, key), validity)));
    return key;
}

static lg_command signed_by(enum who_signs who, lg_signing_key **key)
{
    const lg_uuid none = {{0}};
    lg_command command;
    switch (who) {
    case SUSPENDED: /* since the story's end */
        return webhook_of(&r->buyer, r->buyer.key, none);
    case REVOKED:
        *key = spare_key("");
        const lg_public_key public = lg_signing_key_public(*key);
        OK(act_as(r, &r->supplier, LG_CMD_KEY_REVOKE,
                  lg_arena_printf(r->arena, "/v1/participants/%s/keys/%s/revoke", r->supplier.id_text,
                                  lg_kid_of(&public).s),
                  "{\"reason\":\"lost\"}"));
        return webhook_of(&r->supplier, *key, none);
    case NOT_YET:
        *key = spare_key(",\"valid_from\":\"2998-01-01T00:00:00Z\"");
        return webhook_of(&r->supplier, *key, none);
    case NO_LONGER:
        *key = spare_key(",\"valid_from\":\"2020-01-01T00:00:00Z\",\"valid_until\":\"2021-01-01T00:00:00Z\"");
        return webhook_of(&r->supplier, *key, none);
    case STRANGER:
        *key = lg_signing_key_new();
        return webhook_of(&r->supplier, *key, none);
    case NAMES_ANOTHER:
        command = webhook_of(&r->supplier, r->supplier.key, none);
        command.signers[0].id = r->buyer.id;
        return command;
    case NAMES_A_SECOND:
        command = webhook_of(&r->supplier, r->supplier.key, none);
        command.signers[1] = signer_of(&r->buyer);
        command.signer_count = 2;
        return command;
    case SAYS_CUSTODY:
        command = webhook_of(&r->supplier, r->supplier.key, none);
        command.signers[0].custody = true;
        return command;
    case NAMES_A_TOKEN:
        return webhook_of(&r->supplier, r->supplier.key,
                          issue_token(r, &r->supplier, none, &r->supplier, NULL));
    case DAMAGED:
        command = webhook_of(&r->supplier, r->supplier.key, none);
        char *text = lg_arena_strndup(r->arena, command.jws.data, command.jws.len);
        char *at = strstr(text, "\"signature\":\"") + 14;
        *at = *at == 'A' ? 'B' : 'A';
        command.jws = lg_bytes_of(text, command.jws.len);
        command.req = lg_sha256(command.jws);
        return command;
    case SIGNINGS:
        break;
    }
    fail();
    return (lg_command){0};
}

static void who_signed_is_who_it_says(void **state)
{
    static const struct {
        const char *words;
        size_t count;
    } expected[SIGNINGS] = {
        [SUSPENDED] = {"the signer Core AG was suspended then", 1},
        [REVOKED] = {" was not valid at ", 1},
        [NOT_YET] = {" was not valid at ", 1},
        [NO_LONGER] = {" was not valid at ", 1},
        [STRANGER] = {" was not registered then", 3},
        [NAMES_ANOTHER] = {"`by` is not who signed the command", 1},
        [NAMES_A_SECOND] = {"`countersigned_by` is not who signed second", 1},
        [SAYS_CUSTODY] = {"`custody` does not match the key that signed", 1},
        [NAMES_A_TOKEN] = {"it names a token, but custody did not sign it", 1},
        [DAMAGED] = {" does not verify", 1},
    };
    char bytes[8192];
    (void)state;
    int fd = open(head, O_RDONLY);
    ssize_t len = read(fd, bytes, sizeof bytes);
    assert_true(len > 0);
    close(fd);
    for (int who = 0; who < SIGNINGS; who++) {
        lg_signing_key *key = NULL;
        tamper("SELECT 1");
        rig_attach(r);
        const lg_command command = signed_by((enum who_signs)who, &key);
        found_signed(&command, expected[who].words, expected[who].count);
        lg_signing_key_close(key);
        save_file(head, bytes, (size_t)len);
    }
    tamper("SELECT 1");
}

static void time_does_not_go_back(void **state)
{
    (void)state;
    lg_event event = {.type = LG_EV_PARTICIPANT_STATUS_CHANGED,
                      .participant_id = r->buyer.id.uuid,
                      .suspended = false,
                      .reason = "paid"};
    set_back = true;
    found_forged(LG_CMD_PARTICIPANT_ACTIVATE,
                 lg_arena_printf(r->arena, "/v1/participants/%s/activate", r->buyer.id_text),
                 "{\"reason\":\"paid\"}", &event, 1, "at goes back in time");
    set_back = false;
}

static bool is_found(const json_t *report, const char *table, const char *words)
{
    const json_t *finding;
    size_t i;
    json_array_foreach(json_object_get(report, "findings"), i, finding)
    {
        if (strcmp(json_string_value(json_object_get(finding, "table")), table) == 0 &&
            strstr(json_string_value(json_object_get(finding, "detail")), words))
            return true;
    }
    return false;
}

/* The folder says which registry it is; a name or key that the ledger does not bear is found. */
static void a_registry_under_another_name(void **state)
{
    (void)state;
    char right[512] = "";
    const char *path = lg_arena_printf(r->arena, "%s/origin", r->dir);
    int fd = open(path, O_RDONLY);
    assert_true(read(fd, right, sizeof right - 1) > 0);
    close(fd);
    const lg_public_key key = {{1, 2, 3}};
    const char *const names[] = {"other.example.com/unit", ORIGIN};
    for (size_t i = 0; i < 2; i++) {
        const lg_verifier its = lg_verifier_make(r->arena, names[i], LG_KEY_ED25519, &key);
        const char *text = lg_arena_printf(r->arena, "%s\n%s\n", names[i], lg_vkey_format(r->arena, &its));
        save_file(path, text, strlen(text));
        json_t *json = audit("another name", LG_CORRUPT);
        assert_true(is_found(json, "entries", "genesis names another origin or verifier key"));
        assert_int_equal(is_found(json, "head", "the head file is of the ledger " ORIGIN), i == 0);
        json_decref(json);
    }
    save_file(path, right, strlen(right));
    json_decref(audit("its own name", LG_OK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_operator_forges),      cmocka_unit_test(what_gets_past_the_verifier),
        cmocka_unit_test(who_signed_is_who_it_says),     cmocka_unit_test(time_does_not_go_back),
        cmocka_unit_test(a_registry_under_another_name),
    };
    return cmocka_run_group_tests(tests, make_registry, drop_registry);
}
