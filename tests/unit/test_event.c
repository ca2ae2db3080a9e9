/* Events: every type goes to facts and back, whole and at its least; and what is not exactly one is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ledger/crypto/secret.h"
#include "ledger/registry/event.h"

#include <string.h>

#define IS(call, expected) assert_string_equal(lg_err_slug(call), lg_err_slug(expected))

static lg_arena *arena;
static lg_report report;

static int open_arena(void **state)
{
    (void)state;
    arena = lg_arena_open();
    lg_report_init(&report, arena);
    return lg_crypto_init() == LG_OK ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return 0;
}

/* What each type must carry and may carry, written down a second time. `submission` stands for the facts
 * below. */
static const char submission_must[] = " receivable_id submitted_by submitter_id format invoice_number "
                                      "issue_date due_date currency gross_minor amount_minor"
                                      " document_sha256 confirm_by policy_version review_outcome checks";
static const char submission_may[] =
    " creditor_id debtor_id part order_reference contract_reference payee documents note";

static const struct spec {
    lg_event_type type;
    bool submission;
    const char *must, *may;
} specs[] = {
    {LG_EV_PARTICIPANT_REGISTERED, false, "participant_id name roles identifiers public_key valid_from",
     "country group key_in_custody"},
    {LG_EV_PARTICIPANT_STATUS_CHANGED, false, "participant_id suspended", "reason"},
    {LG_EV_PARTICIPANT_STOP_CHANGED, false, "participant_id stopped", "reason"},
    {LG_EV_CREDIT_LINE_SET, false, "participant_id currency", "limit_minor"},
    {LG_EV_KEY_ADDED, false, "participant_id public_key valid_from", "valid_until key_in_custody"},
    {LG_EV_KEY_REVOKED, false, "participant_id kid", "reason"},
    {LG_EV_TOKEN_ISSUED, false, "token_id participant_id scopes expires_at",
     "label amount_limits_minor issued_with"},
    {LG_EV_TOKEN_REVOKED, false, "token_id participant_id", ""},
    {LG_EV_POLICY_SET, false, "policy_version policy", ""},
    {LG_EV_RECEIVABLE_REGISTERED, true, "", ""},
    {LG_EV_RECEIVABLE_HELD, true, "", "verify_by"},
    {LG_EV_RECEIVABLE_REJECTED, true, "", ""},
    {LG_EV_CLAIM_ACCEPTED, true, "claim_id origin face_minor", ""},
    {LG_EV_CLAIM_ACCEPTED, false, "receivable_id claim_id origin face_minor", "note"},
    {LG_EV_REVIEW_APPROVED, false, "receivable_id confirm_by policy_version", "note"},
    {LG_EV_REVIEW_REJECTED, false, "receivable_id", "reason note"},
    {LG_EV_REVIEW_VERIFIED, false, "receivable_id answer outcome policy_version",
     "reference answered_at note hindered_by confirm_by"},
    {LG_EV_RECEIVABLE_DECLINED, false, "receivable_id", "reason note"},
    {LG_EV_RECEIVABLE_WITHDRAWN, false, "receivable_id", "reason note"},
    {LG_EV_RECEIVABLE_EXPIRED, false, "receivable_id", "reason note"},
    {LG_EV_FOUR_EYES_SET, false, "participant_id currency", "above_minor"},
    {LG_EV_APPROVAL_ASKED, false, "approval_id participant_id token_id kind currency expires_at",
     "receivable_id amount_minor note"},
    {LG_EV_APPROVAL_GIVEN, false, "approval_id", "token_id note"},
};
enum { SPEC_COUNT = sizeof specs / sizeof *specs };

static const char *must_of(const struct spec *s)
{
    return lg_arena_printf(arena, " by %s%s ", s->must, s->submission ? submission_must : "");
}

static const char *may_of(const struct spec *s)
{
    return lg_arena_printf(arena, " countersigned_by custody %s%s ", s->may,
                           s->submission ? submission_may : "");
}

static bool names(const char *list, const char *name)
{
    return strstr(list, lg_arena_printf(arena, " %s ", name)) != NULL;
}

static size_t count_words(const char *list)
{
    size_t count = 0;
    for (const char *at = list + strspn(list, " "); *at; at += strspn(at, " ")) {
        at += strcspn(at, " ");
        count++;
    }
    return count;
}

static lg_uuid id(uint8_t byte)
{
    return (lg_uuid){{byte, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
}

/* Everything set that any type knows; the encoder takes what its type's table names. */
static lg_event full(lg_event_type type, bool submission)
{
    return (lg_event){
        .type = type,
        .by = id(1),
        .countersigned_by = id(2),
        .custody = true,
        .participant_id = id(3),
        .name = "\xe9\x93\xb6 \"Quote\" \\ & <Co>",
        .country = "CN",
        .group = "Group / 1",
        .roles = "[\"supplier\",\"lender\"]",
        .identifiers = "[[\"uscc\",\"91440300708461136T\"]]",
        .public_key = {{9, 8, 7}},
        .key_in_custody = true,
        .valid_from = 1,
        .valid_until = 376200 * LG_TIME_PER_DAY - 1, /* the last instant of 2999 */
        .kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        .suspended = true,
        .stopped = true,
        .reason = "value_differs",
        .note = "two\tlines are none",
        .currency = {"CNY"},
        .limit_minor = LG_AMOUNT_MAX,
        .token_id = id(4),
        .scopes = "[\"read\"]",
        .label = "",
        .amount_limits = "{\"CNY\":1}",
        .issued_with = id(9),
        .approval_id = id(10),
        .kind = "confirm",
        .expires_at = LG_TIME_PER_SECOND,
        .policy_version = 7,
        .policy = "{\"a\":1}",
        .receivable_id = id(5),
        .submitted_by = "creditor",
        .submitter_id = id(6),
        .creditor_id = id(6),
        .debtor_id = id(7),
        .format = "ubl",
        .invoice_number = submission ? "RE-2026/0001" : NULL,
        .issue_day = -25567, /* 1900-01-01 */
        .due_day = 376199,   /* 2999-12-31 */
        .gross_minor = LG_AMOUNT_MAX,
        .amount_minor = 1,
        .part = "1/2",
        .order_reference = "PO",
        .contract_reference = "C",
        .payee = "Factor",
        .document_sha256 = {{0xab, 0xcd}},
        .documents = "[{\"kind\":\"order\"}]",
        .verify_by = 3,
        .answer = "genuine",
        .answered_at = 4,
        .hindered_by = "credit_line",
        .reference = "TAX-1",
        .confirm_by = 1700000000123456,
        .review_outcome = "warn",
        .checks = "[]",
        .claim_id = id(8),
        .origin = "tacit",
        .face_minor = 42,
    };
}

static lg_event least(lg_event_type type, bool submission)
{
    lg_event event = full(type, submission);
    event.countersigned_by = event.creditor_id = event.debtor_id = event.issued_with = (lg_uuid){{0}};
    event.custody = event.key_in_custody = false;
    event.suspended = event.stopped = false; /* not optional: false is said */
    event.country = event.group = event.reason = event.note = event.label = event.part =
        event.order_reference = NULL;
    event.contract_reference = event.payee = event.documents = event.amount_limits = NULL;
    event.valid_until = event.verify_by = event.answered_at = 0;
    event.reference = event.hindered_by = NULL;
    if (type == LG_EV_REVIEW_VERIFIED) /* every other one that knows it must say it */
        event.confirm_by = 0;
    event.limit_minor = LG_ABSENT;
    if (type == LG_EV_APPROVAL_ASKED)
        event.receivable_id = (lg_uuid){{0}};
    if (type == LG_EV_APPROVAL_GIVEN)
        event.token_id = (lg_uuid){{0}};
    return event;
}

static void assert_same_facts(const lg_fact *a, size_t a_count, const lg_fact *b, size_t b_count)
{
    assert_int_equal(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        assert_string_equal(a[i].name, b[i].name);
        assert_string_equal(a[i].value, b[i].value);
    }
}

static lg_err decode(const lg_event *like, const lg_fact *facts, size_t count, lg_event *out)
{
    return lg_event_decode(arena, lg_event_name(like->type), facts, count, out, &report);
}

static void round_trip(const lg_event *event, lg_event *back, lg_fact *facts, size_t *count)
{
    lg_fact again[LG_ENTRY_FACTS_MAX];
    size_t again_count;
    lg_event_encode(arena, event, facts, count);
    IS(decode(event, facts, *count, back), LG_OK);
    lg_event_encode(arena, back, again, &again_count);
    assert_same_facts(facts, *count, again, again_count);
}

static void every_type_goes_and_comes_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        lg_fact facts[LG_ENTRY_FACTS_MAX];
        size_t count;
        lg_event back, event = full(specs[i].type, specs[i].submission);
        round_trip(&event, &back, facts, &count);
        assert_int_equal(count, count_words(must_of(&specs[i])) + count_words(may_of(&specs[i])));
        for (size_t f = 0; f < count; f++)
            assert_true(names(must_of(&specs[i]), facts[f].name) || names(may_of(&specs[i]), facts[f].name));
        assert_int_equal(back.type, event.type);
        assert_true(lg_uuid_equal(back.by, event.by) &&
                    lg_uuid_equal(back.countersigned_by, event.countersigned_by));
        assert_true(back.custody);
    }
}

static void every_type_goes_and_comes_at_its_least(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        lg_fact facts[LG_ENTRY_FACTS_MAX];
        size_t count;
        lg_event back, event = least(specs[i].type, specs[i].submission);
        round_trip(&event, &back, facts, &count);
        assert_int_equal(count, count_words(must_of(&specs[i])));
        for (size_t f = 0; f < count; f++)
            assert_true(names(must_of(&specs[i]), facts[f].name));
        assert_true(lg_uuid_is_nil(back.countersigned_by) && !back.custody);
        assert_true(back.limit_minor == LG_ABSENT);
    }
}

static void values_come_back_exactly(void **state)
{
    (void)state;
    lg_fact facts[LG_ENTRY_FACTS_MAX];
    size_t count;
    lg_event back, event = full(LG_EV_RECEIVABLE_HELD, true);
    round_trip(&event, &back, facts, &count);
    assert_string_equal(back.invoice_number, event.invoice_number);
    assert_string_equal(back.note, event.note);
    assert_string_equal(back.documents, event.documents);
    assert_int_equal(back.issue_day, event.issue_day);
    assert_int_equal(back.due_day, event.due_day);
    assert_true(back.gross_minor == event.gross_minor && back.amount_minor == 1);
    assert_true(back.confirm_by == event.confirm_by && back.policy_version == 7);
    assert_string_equal(back.currency.code, "CNY");
    assert_memory_equal(back.document_sha256.b, event.document_sha256.b, LG_HASH_LEN);
    event = full(LG_EV_PARTICIPANT_REGISTERED, false);
    round_trip(&event, &back, facts, &count);
    assert_string_equal(back.name, event.name);
    assert_memory_equal(back.public_key.b, event.public_key.b, LG_PUBLIC_KEY_LEN);
    assert_true(back.valid_from == 1 && back.key_in_custody);
    event = full(LG_EV_TOKEN_ISSUED, false);
    round_trip(&event, &back, facts, &count);
    assert_string_equal(back.label, ""); /* empty is not absent */
    event = full(LG_EV_KEY_ADDED, false);
    round_trip(&event, &back, facts, &count);
    assert_true(back.valid_until == event.valid_until);
}

static void genesis_says_nothing(void **state)
{
    (void)state;
    lg_fact facts[LG_ENTRY_FACTS_MAX] = {{"by", "\"01020304-0506-0708-090a-0b0c0d0e0f10\""}};
    size_t count;
    lg_event back, event = full(LG_EV_GENESIS, false);
    lg_event_encode(arena, &event, facts + 1, &count);
    assert_int_equal(count, 0);
    IS(decode(&event, NULL, 0, &back), LG_OK);
    IS(decode(&event, facts, 1, &back), LG_CORRUPT);
}

static void missing_facts_are_corruption(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        lg_fact facts[LG_ENTRY_FACTS_MAX], fewer[LG_ENTRY_FACTS_MAX];
        size_t count;
        lg_event back, event = full(specs[i].type, specs[i].submission);
        lg_event_encode(arena, &event, facts, &count);
        for (size_t missing = 0; missing < count; missing++) {
            size_t kept = 0;
            for (size_t f = 0; f < count; f++)
                if (f != missing)
                    fewer[kept++] = facts[f];
            bool must = names(must_of(&specs[i]), facts[missing].name);
            IS(decode(&event, fewer, kept, &back), must ? LG_CORRUPT : LG_OK);
        }
    }
}

static void foreign_and_repeated_facts_are_corruption(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        lg_fact facts[LG_ENTRY_FACTS_MAX];
        size_t count;
        lg_event back, event = least(specs[i].type, specs[i].submission);
        lg_event_encode(arena, &event, facts, &count);
        facts[count] = (lg_fact){"unheard_of", "1"};
        IS(decode(&event, facts, count + 1, &back), LG_CORRUPT);
        facts[count] = facts[0];
        IS(decode(&event, facts, count + 1, &back), LG_CORRUPT);
    }
}

static void ill_typed_facts_are_corruption(void **state)
{
    (void)state;
    static const char json_facts[] = " amount_limits_minor roles identifiers scopes policy documents checks ";
    static const char text_facts[] = " name country group reason note answer outcome reference hindered_by "
                                     "kid label submitted_by format invoice_number part order_reference"
                                     " contract_reference payee review_outcome origin kind ";
    static const char integer_facts[] =
        " limit_minor above_minor policy_version gross_minor amount_minor face_minor ";
    static const char boolean_facts[] = " custody key_in_custody suspended stopped ";
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        lg_fact facts[LG_ENTRY_FACTS_MAX];
        size_t count;
        lg_event back, event = full(specs[i].type, specs[i].submission);
        lg_event_encode(arena, &event, facts, &count);
        for (size_t f = 0; f < count; f++) {
            const lg_fact kept = facts[f];
            const struct {
                const char *value;
                bool fits;
            } tries[] = {
                {"{", false},
                {"", false},
                {"nonsense", false},
                {"{\"a\":1,\"a\":2}", false},
                {"null", names(json_facts, kept.name)},
                {"1.0", names(json_facts, kept.name)},
                {"[\"x\"]", names(json_facts, kept.name)},
                {"1", names(json_facts, kept.name) || names(integer_facts, kept.name)},
                {"true", names(json_facts, kept.name) || names(boolean_facts, kept.name)},
                {"\"x\"", names(json_facts, kept.name) || names(text_facts, kept.name)},
            };
            for (size_t t = 0; t < sizeof tries / sizeof *tries; t++) {
                facts[f].value = tries[t].value;
                lg_err err = decode(&event, facts, count, &back);
                if ((err == LG_OK) != tries[t].fits || (err && err != LG_CORRUPT))
                    fail_msg("%s of %s as %s: %s", kept.name, lg_event_name(event.type), tries[t].value,
                             lg_err_slug(err));
            }
            facts[f] = kept;
        }
    }
}

static void texts_of_typed_facts_are_strict(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"issue_date", "\"2026-02-29\""},
        {"issue_date", "\"2026-2-2\""},
        {"issue_date", "\"1899-12-31\""},
        {"confirm_by", "\"2026-11-22T01:02:03\""},
        {"confirm_by", "\"2026-11-22T01:02:03+00:00\""},
        {"currency", "\"cny\""},
        {"currency", "\"CNYX\""},
        {"document_sha256", "\"ABCD\""},
        {"receivable_id", "\"0102\""},
        {"gross_minor", "9223372036854775808"},
        {"gross_minor", "\"1\""},
    };
    lg_fact facts[LG_ENTRY_FACTS_MAX];
    size_t count;
    lg_event back, event = full(LG_EV_RECEIVABLE_REGISTERED, true);
    lg_event_encode(arena, &event, facts, &count);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (size_t f = 0; f < count; f++) {
            const lg_fact kept = facts[f];
            if (strcmp(kept.name, bad[i].name) != 0)
                continue;
            facts[f].value = bad[i].value;
            IS(decode(&event, facts, count, &back), LG_CORRUPT);
            facts[f] = kept;
        }
    }
    IS(decode(&event, facts, count, &back), LG_OK);
}

static void unknown_types_are_corruption(void **state)
{
    (void)state;
    lg_event back;
    const char *const types[] = {"", "claim", "claim.Accepted", "claim.accepted ", "receivable.settled"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        IS(lg_event_decode(arena, types[i], NULL, 0, &back, &report), LG_CORRUPT);
    for (int a = 0; a < LG_EV_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(lg_event_name((lg_event_type)a), lg_event_name((lg_event_type)b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_goes_and_comes_whole),
        cmocka_unit_test(every_type_goes_and_comes_at_its_least),
        cmocka_unit_test(values_come_back_exactly),
        cmocka_unit_test(genesis_says_nothing),
        cmocka_unit_test(missing_facts_are_corruption),
        cmocka_unit_test(foreign_and_repeated_facts_are_corruption),
        cmocka_unit_test(ill_typed_facts_are_corruption),
        cmocka_unit_test(texts_of_typed_facts_are_strict),
        cmocka_unit_test(unknown_types_are_corruption),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
