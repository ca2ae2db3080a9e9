/* Payloads of commands: each command with all its members and at its least, and every fault by its code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ledger/crypto/secret.h"
#include "ledger/registry/registry.h"

#include <string.h>

#define KEY  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define UUID "0190b3a4-0000-7000-8000-000000000001"
#define HEX  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define WHEN "2026-11-22T01:02:03Z"

static lg_arena *arena;
static lg_report report;
static lg_command command;

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

static lg_err decode(lg_command_type type, const char *payload)
{
    json_t *object;
    lg_report_init(&report, arena);
    command = (lg_command){.type = type};
    assert_int_equal(lg_json_load(lg_bytes_str(payload), &object, &report), LG_OK);
    lg_err err = lg_command_decode(object, &command, &report);
    json_decref(object);
    return err;
}

static void takes(lg_command_type type, const char *payload)
{
    lg_err err = decode(type, payload);
    if (err)
        fail_msg("%s: %s: %s", payload, lg_err_slug(err), report.detail);
    assert_int_equal(report.fault_count, 0);
}

/* Exactly one fault, of this code at this place. */
static void faults(lg_command_type type, const char *payload, const char *code, const char *pointer)
{
    lg_err err = decode(type, payload);
    if (err != LG_INVALID_FIELDS || report.fault_count != 1 || strcmp(report.first->code, code) != 0 ||
        strcmp(report.first->pointer, pointer) != 0)
        fail_msg("%s: %s, %zu faults, first %s at %s", payload, lg_err_slug(err), report.fault_count,
                 report.first ? report.first->code : "-", report.first ? report.first->pointer : "-");
    assert_string_equal(report.detail, report.first->detail);
}

#define REGISTER(members) "{\"name\":\"N\",\"public_key\":\"" KEY "\"," members "}"
#define SUPPLIER(members) REGISTER("\"roles\":[\"supplier\"],\"identifiers\":{" members "}")

static void registering(void **state)
{
    (void)state;
    const lg_command_type t = LG_CMD_PARTICIPANT_REGISTER;
    takes(t,
          "{\"name\":\"\xe4\xb8\xad\",\"country\":\"CN\",\"group\":\"G\",\"roles\":[\"supplier\",\"lender\"],"
          "\"identifiers\":{\"uscc\":\"91440300708461136T\",\"lei\":\"5493001KJTIIGC8Y1R12\"},\"public_key\":"
          "\"" KEY "\"}");
    assert_int_equal(command.roles, 1u << LG_ROLE_SUPPLIER | 1u << LG_ROLE_LENDER);
    assert_int_equal(command.identifier_count, 2);
    assert_string_equal(command.country, "CN");
    takes(t, REGISTER("\"roles\":[\"operator\"]"));
    assert_null(command.group);
    takes(t, "{\"name\":\"N\",\"roles\":[\"bank\"],\"custody\":true}");
    assert_true(command.custody);
    /* A real GLN often fails its check digit; and in China tax number and USCC are one. */
    takes(t, SUPPLIER("\"gln\":\"4012345000010\""));
    takes(t, SUPPLIER("\"uscc\":\"91440300708461136T\",\"tax_id\":\"9144 0300 7084 6113 6T\""));
    assert_int_equal(command.identifier_count, 1);
}

static void registering_wrongly(void **state)
{
    (void)state;
    const lg_command_type t = LG_CMD_PARTICIPANT_REGISTER;
    faults(t, "{\"roles\":[\"bank\"],\"public_key\":\"" KEY "\"}", "required", "/name");
    faults(t, "{\"name\":\"\",\"roles\":[\"bank\"],\"public_key\":\"" KEY "\"}", "empty", "/name");
    faults(t, "{\"name\":\" N\",\"roles\":[\"bank\"],\"public_key\":\"" KEY "\"}", "bad_character", "/name");
    faults(t, "{\"name\":7,\"roles\":[\"bank\"],\"public_key\":\"" KEY "\"}", "not_a_string", "/name");
    faults(t,
           lg_arena_printf(arena, "{\"name\":\"%0257d\",\"roles\":[\"bank\"],\"public_key\":\"" KEY "\"}", 0),
           "too_long", "/name");
    faults(t, "{\"name\":\"N\",\"roles\":[\"bank\"]}", "required", "/public_key");
    faults(t, "{\"name\":\"N\",\"roles\":[\"bank\"],\"custody\":false}", "required", "/public_key");
    faults(t, REGISTER("\"roles\":[\"bank\"],\"custody\":true"), "contradiction", "/public_key");
    faults(t, "{\"name\":\"N\",\"roles\":[\"bank\"],\"custody\":\"yes\",\"public_key\":\"" KEY "\"}",
           "not_a_boolean", "/custody");
    faults(t, "{\"name\":\"N\",\"roles\":[\"bank\"],\"public_key\":\"AAAA\"}", "malformed_key",
           "/public_key");
    faults(t, "{\"name\":\"N\",\"roles\":[\"bank\"],\"public_key\":\"" KEY "=\"}", "malformed_key",
           "/public_key");
    faults(t,
           "{\"name\":\"N\",\"roles\":[\"bank\"],\"public_key\":"
           "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
           "weak_key", "/public_key");
    faults(t, REGISTER("\"x\":1,\"roles\":[\"bank\"]"), "unknown_field", "/x");
    faults(t, REGISTER("\"country\":\"cn\",\"roles\":[\"bank\"]"), "malformed_country", "/country");
    faults(t, REGISTER("\"country\":\"CHN\",\"roles\":[\"bank\"]"), "too_long", "/country");
    faults(t, "{\"name\":\"N\",\"public_key\":\"" KEY "\"}", "required", "/roles");
    faults(t, REGISTER("\"roles\":[]"), "not_a_list", "/roles");
    faults(t, REGISTER("\"roles\":\"bank\""), "not_a_list", "/roles");
    faults(t, REGISTER("\"roles\":[\"bank\",\"king\"]"), "unknown_value", "/roles/1");
    faults(t, REGISTER("\"roles\":[7]"), "unknown_value", "/roles/0");
    faults(t, REGISTER("\"roles\":[\"bank\",\"bank\"]"), "duplicate", "/roles/1");
    faults(t, REGISTER("\"roles\":[\"supplier\"]"), "required", "/identifiers");
    faults(t, SUPPLIER(""), "required", "/identifiers");
    faults(t, REGISTER("\"roles\":[\"bank\"],\"identifiers\":[]"), "not_an_object", "/identifiers");
    faults(t, SUPPLIER("\"uscc\":\"91440300708461136A\""), "wrong_check_digit", "/identifiers/uscc");
    faults(t, SUPPLIER("\"lei\":\"5493001KJTIIGC8Y1R13\""), "wrong_check_digit", "/identifiers/lei");
    faults(t, SUPPLIER("\"lei\":\"5493\""), "malformed_identifier", "/identifiers/lei");
    faults(t, SUPPLIER("\"gln\":\"40\""), "malformed_identifier", "/identifiers/gln");
    faults(t, SUPPLIER("\"tax_id\":\"DE1\",\"vat\":\"1\""), "unknown_field", "/identifiers/vat");
    assert_int_equal(decode(t, "{}"), LG_INVALID_FIELDS);
    assert_int_equal(report.fault_count, 3); /* all at once */
    assert_int_equal(decode(t, "[]"), LG_INVALID_FIELDS);
    assert_string_equal(report.first->code, "not_an_object");
}

static void reasons_and_notes(void **state)
{
    (void)state;
    const lg_command_type with_reason[] = {LG_CMD_PARTICIPANT_SUSPEND, LG_CMD_PARTICIPANT_ACTIVATE,
                                           LG_CMD_DEBTOR_STOP, LG_CMD_DEBTOR_CLEAR};
    const lg_command_type without[] = {LG_CMD_TOKEN_REVOKE, LG_CMD_LAPSE};
    for (size_t i = 0; i < sizeof with_reason / sizeof *with_reason; i++) {
        takes(with_reason[i], "{\"reason\":\"because\"}");
        assert_string_equal(command.reason, "because");
        faults(with_reason[i], "{}", "required", "/reason");
        faults(with_reason[i], "{\"reason\":\"r\",\"note\":\"n\"}", "unknown_field", "/note");
        faults(with_reason[i], lg_arena_printf(arena, "{\"reason\":\"%01001d\"}", 0), "too_long", "/reason");
    }
    takes(LG_CMD_KEY_REVOKE, "{}");
    takes(LG_CMD_KEY_REVOKE, "{\"reason\":\"lost\"}");
    faults(LG_CMD_KEY_REVOKE, "{\"kid\":\"x\"}", "unknown_field", "/kid");
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        takes(without[i], "{}");
        faults(without[i], "{\"note\":\"n\"}", "unknown_field", "/note");
    }
    takes(LG_CMD_WITHDRAW, "{}");
    takes(LG_CMD_ACCEPT, "{\"note\":\"n\"}");
    faults(LG_CMD_ACCEPT, "{\"amount\":\"1.00\"}", "unknown_field", "/amount");
    takes(LG_CMD_REVIEW_APPROVE, "{\"note\":\"n\"}");
    faults(LG_CMD_REVIEW_APPROVE, "{}", "required", "/note");
    faults(LG_CMD_REVIEW_REJECT, "{\"note\":null}", "required", "/note");
    takes(LG_CMD_CONFIRM, "{\"amount\":\"12.30\",\"note\":\"n\"}");
    assert_string_equal(command.amount_text, "12.30");
    faults(LG_CMD_CONFIRM, "{\"amount\":12.30}", "not_a_string", "/amount");
    faults(LG_CMD_CONFIRM, lg_arena_printf(arena, "{\"amount\":\"%033d\"}", 0), "too_long", "/amount");
}

static void declining(void **state)
{
    (void)state;
    const char *const reasons[] = {"unrecognised", "duplicate",     "differs_from_contract",
                                   "no_relation",  "value_differs", "other"};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        takes(LG_CMD_DECLINE, lg_arena_printf(arena, "{\"reason\":\"%s\"}", reasons[i]));
    takes(LG_CMD_DECLINE, "{\"reason\":\"other\",\"note\":\"n\"}");
    faults(LG_CMD_DECLINE, "{}", "required", "/reason");
    faults(LG_CMD_DECLINE, "{\"reason\":\"Other\"}", "unknown_value", "/reason");
}

static void keys(void **state)
{
    (void)state;
    takes(LG_CMD_KEY_ADD, "{\"public_key\":\"" KEY "\"}");
    assert_true(command.valid_from == 0 && command.valid_until == 0);
    takes(LG_CMD_KEY_ADD, "{\"public_key\":\"" KEY "\",\"valid_from\":\"" WHEN
                          "\",\"valid_until\":\"2027-01-01T00:00:00Z\"}");
    assert_true(command.valid_until > command.valid_from);
    takes(LG_CMD_KEY_ADD, "{\"custody\":true}");
    faults(LG_CMD_KEY_ADD, "{}", "required", "/public_key");
    faults(LG_CMD_KEY_ADD, "{\"public_key\":\"" KEY "\",\"valid_from\":\"2026-11-22\"}", "malformed_time",
           "/valid_from");
    faults(LG_CMD_KEY_ADD, "{\"public_key\":\"" KEY "\",\"valid_until\":\"2026-11-22T25:00:00Z\"}",
           "malformed_time", "/valid_until");
    /* An instant that stands for "never" inside must not become one. */
    faults(LG_CMD_KEY_ADD, "{\"public_key\":\"" KEY "\",\"valid_until\":\"1970-01-01T00:00:00Z\"}",
           "out_of_range", "/valid_until");
    faults(LG_CMD_KEY_ADD, "{\"public_key\":\"" KEY "\",\"valid_from\":\"1969-01-01T00:00:00Z\"}",
           "out_of_range", "/valid_from");
}

#define TOKEN(participant, hash, scopes, expires)                                                            \
    "{\"participant\":\"" participant "\",\"token_sha256\":\"" hash "\",\"scopes\":" scopes                  \
    ",\"expires_at\":\"" expires "\"}"

static void tokens(void **state)
{
    (void)state;
    takes(LG_CMD_TOKEN_ISSUE, TOKEN(UUID, HEX, "[\"read\",\"admin\"]", WHEN));
    assert_int_equal(command.scopes, 1u << LG_SCOPE_READ | 1u << LG_SCOPE_ADMIN);
    assert_int_equal(command.token_sha256.b[0], 0xe3);
    faults(LG_CMD_TOKEN_ISSUE, TOKEN("x", HEX, "[\"read\"]", WHEN), "malformed_id", "/participant");
    faults(LG_CMD_TOKEN_ISSUE, TOKEN(UUID, "E3", "[\"read\"]", WHEN), "malformed_hash", "/token_sha256");
    faults(LG_CMD_TOKEN_ISSUE, TOKEN(UUID, HEX "00", "[\"read\"]", WHEN), "too_long", "/token_sha256");
    faults(LG_CMD_TOKEN_ISSUE, TOKEN(UUID, HEX, "[\"write\"]", WHEN), "unknown_value", "/scopes/0");
    faults(LG_CMD_TOKEN_ISSUE, TOKEN(UUID, HEX, "[\"read\",\"read\"]", WHEN), "duplicate", "/scopes/1");
    faults(LG_CMD_TOKEN_ISSUE, TOKEN(UUID, HEX, "[]", WHEN), "not_a_list", "/scopes");
    faults(LG_CMD_TOKEN_ISSUE, TOKEN(UUID, HEX, "[\"read\"]", "soon"), "malformed_time", "/expires_at");
    assert_int_equal(decode(LG_CMD_TOKEN_ISSUE, "{}"), LG_INVALID_FIELDS);
    assert_int_equal(report.fault_count, 4);
}

static void credit_lines(void **state)
{
    (void)state;
    const lg_command_type t = LG_CMD_CREDIT_LINE_SET;
    takes(t, "{\"currency\":\"JPY\",\"limit\":\"1234\"}");
    assert_true(command.limit_minor == 1234);
    takes(t, "{\"currency\":\"CNY\",\"limit\":\"0.00\"}");
    assert_true(command.limit_minor == 0);
    takes(t, "{\"currency\":\"CNY\",\"limit\":null}");
    assert_true(command.limit_minor == LG_ABSENT);
    faults(t, "{\"currency\":\"CNY\"}", "required", "/limit");
    faults(t, "{\"limit\":\"1.00\"}", "required", "/currency");
    faults(t, "{\"currency\":\"XXX\",\"limit\":\"1.00\"}", "unknown_currency", "/currency");
    faults(t, "{\"currency\":\"CNY\",\"limit\":1}", "not_a_string", "/limit");
    const char *const bad[] = {
        "1", "1.0", "1.000", "-1.00", "+1.00", "01.00", "1e2", "1,00", "90071992547409.92"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        faults(t, lg_arena_printf(arena, "{\"currency\":\"CNY\",\"limit\":\"%s\"}", bad[i]),
               "malformed_amount", "/limit");
    takes(t, "{\"currency\":\"CNY\",\"limit\":\"90071992547409.91\"}");
    assert_true(command.limit_minor == LG_AMOUNT_MAX);
}

static void policies(void **state)
{
    (void)state;
    const lg_policy standard = lg_policy_default();
    const char *policy = lg_policy_format(arena, &standard);
    takes(LG_CMD_POLICY_SET, lg_arena_printf(arena, "{\"base_version\":3,\"policy\":%s}", policy));
    assert_true(command.base_version == 3 && command.policy.tenor_max_days == 365);
    faults(LG_CMD_POLICY_SET, lg_arena_printf(arena, "{\"policy\":%s}", policy), "required", "/base_version");
    faults(LG_CMD_POLICY_SET, lg_arena_printf(arena, "{\"base_version\":1.0,\"policy\":%s}", policy),
           "not_an_integer", "/base_version");
    faults(LG_CMD_POLICY_SET, lg_arena_printf(arena, "{\"base_version\":-1,\"policy\":%s}", policy),
           "out_of_range", "/base_version");
    faults(LG_CMD_POLICY_SET, "{\"base_version\":1}", "required", "/policy");
    faults(LG_CMD_POLICY_SET, "{\"base_version\":1,\"policy\":[]}", "not_an_object", "/policy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registering),
        cmocka_unit_test(registering_wrongly),
        cmocka_unit_test(reasons_and_notes),
        cmocka_unit_test(declining),
        cmocka_unit_test(keys),
        cmocka_unit_test(tokens),
        cmocka_unit_test(credit_lines),
        cmocka_unit_test(policies),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
