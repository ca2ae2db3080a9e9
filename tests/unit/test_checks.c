/* The gateway's checks: the table's order, each check passing and failing by its code, and what is done twice
 * or once. */
#include "tests/unit/registry_rig.h"

/* A submission between two registered companies that passes everything. */
typedef struct scene {
    lg_submission submission;
    lg_policy policy;
    lg_party seller, buyer;
    lg_fingerprint fingerprint;
    lg_review_input input;
    lg_review review;
} scene;

static scene make_scene(rig *r)
{
    scene s = {.policy = lg_policy_default()};
    lg_day today = lg_day_of(lg_now());
    s.policy.version = 1;
    s.submission = (lg_submission){
        .number = "RE-1",
        .issue_day = today - 10,
        .due_day = today + 60,
        .currency = {"CNY"},
        .gross_minor = 10000,
        .payable_minor = 9000,
        .amount_minor = 8000,
        .seller = {.name = "Supplier Ltd", .pointer = "/invoice/seller"},
        .buyer = {.name = "Core AG", .pointer = "/invoice/buyer"},
        .payee = {.pointer = "/invoice/payee"},
    };
    s.seller.found = s.buyer.found = true;
    OK(lg_participant_by_id(lg_ledger_db(r->ledger), r->supplier.id, r->arena, &s.seller.row));
    OK(lg_participant_by_id(lg_ledger_db(r->ledger), r->buyer.id, r->arena, &s.buyer.row));
    return s;
}

static lg_fingerprint fingerprint_of(rig *r, const scene *s)
{
    static const uint8_t key[LG_HASH_KEY_LEN] = {5};
    const lg_submission *in = &s->submission;
    return lg_fingerprint_make(key, r->arena, s->seller.row.id, s->buyer.row.id, in->number, in->issue_day,
                               in->currency, in->gross_minor);
}

static void judge(rig *r, scene *s, bool inside)
{
    s->fingerprint = fingerprint_of(r, s);
    bool approval = s->input.on_approval, stranger = !s->input.signer_is_seller && s->input.today == 1;
    s->input = (lg_review_input){
        .submission = &s->submission,
        .policy = &s->policy,
        .today = lg_day_of(lg_now()),
        .on_approval = approval,
        .db = inside ? lg_ledger_db(r->ledger) : NULL,
        .seller = inside ? &s->seller : NULL,
        .buyer = inside ? &s->buyer : NULL,
        .signer_is_seller = !stranger,
        .fingerprint = s->seller.found && s->buyer.found ? &s->fingerprint : NULL,
    };
    OK(gateway_review(&s->input, r->arena, &s->review));
}

/* This check has this outcome at this place; every other one passes, and the review is as bad as it. */
static void says(rig *r, scene s, const char *code, lg_review_outcome outcome, const char *pointer)
{
    bool met = false;
    s.review = (lg_review){0};
    judge(r, &s, true);
    for (size_t i = 0; i < s.review.count; i++) {
        const lg_check_result *result = &s.review.results[i];
        if (strcmp(result->code, code) != 0) {
            if (result->outcome != LG_OUTCOME_PASS)
                fail_msg("%s, expected only %s: %s", result->code, code, result->detail);
            continue;
        }
        met = true;
        assert_string_equal(lg_review_outcome_name(result->outcome), lg_review_outcome_name(outcome));
        assert_string_equal(result->pointer, pointer);
        assert_int_equal(result->detail != NULL, outcome != LG_OUTCOME_PASS);
    }
    assert_true(met);
    assert_int_equal(s.review.outcome, outcome);
}

static void the_table_is_the_contract(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "number_form",        "dates_form",         "amount_within_invoice", "currency_allowed",
        "seller_identifiers", "buyer_identifiers",  "seller_registered",     "buyer_registered",
        "parties_distinct",   "signer_is_party",    "invoice_unused",        "invoice_similar",
        "due_after_issue",    "tenor_within_limit", "not_past_due",          "debtor_not_stopped",
        "credit_line",        "documents_attached", "payee_is_seller",       "external_verifier",
    };
    size_t count = sizeof codes / sizeof *codes;
    for (size_t i = 0; i < count; i++)
        assert_string_equal(gateway_check_code(i), codes[i]);
    assert_null(gateway_check_code(count));
}

static void all_pass(void **state)
{
    scene s = make_scene(*state);
    says(*state, s, "number_form", LG_OUTCOME_PASS, "");
    judge(*state, &s, true);
    for (size_t i = 0; i < s.review.count; i++)
        assert_string_equal(s.review.results[i].code, gateway_check_code(i));
    /* The one that the policy does not ask for was not made, so it says nothing. */
    assert_string_equal(gateway_check_code(s.review.count), "external_verifier");
}

static void the_verifier_is_asked_last(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    s.policy.verifier = (lg_verifier_policy){.mode = LG_VERIFIER_ADVISORY, .within_seconds = 60};
    says(r, s, "external_verifier", LG_OUTCOME_HOLD, "");
    s.policy.verifier.mode = LG_VERIFIER_REQUIRED;
    says(r, s, "external_verifier", LG_OUTCOME_HOLD, "");
    s.policy.verifier.currency_count = 1;
    s.policy.verifier.currencies[0].currency = s.submission.currency;
    s.policy.verifier.currencies[0].from_minor = s.submission.gross_minor;
    says(r, s, "external_verifier", LG_OUTCOME_HOLD, "");
    snprintf(s.policy.verifier.countries[0], 3, "XX");
    s.policy.verifier.country_count = 1;
    s.seller.row.country = NULL; /* not known: it may be one of them */
    says(r, s, "external_verifier", LG_OUTCOME_HOLD, "");
    s.seller.row.country = "XX";
    says(r, s, "external_verifier", LG_OUTCOME_HOLD, "");

    s.seller.row.country = "CN";
    s.review = (lg_review){0};
    judge(r, &s, true);
    assert_int_equal(s.review.outcome, LG_OUTCOME_PASS);
    s.policy.verifier.country_count = 0;
    s.policy.verifier.currencies[0].from_minor++;
    s.review = (lg_review){0};
    judge(r, &s, true);
    assert_int_equal(s.review.outcome, LG_OUTCOME_PASS);
    s.policy.verifier.currencies[0] = (typeof(s.policy.verifier.currencies[0])){{"EUR"}, 0};
    s.review = (lg_review){0};
    judge(r, &s, true);
    assert_int_equal(s.review.outcome, LG_OUTCOME_PASS);
    s.policy.verifier.currency_count = 0;
    s.submission.number = "-0/"; /* rejected anyway: nobody is bothered */
    says(r, s, "number_form", LG_OUTCOME_REJECT, "/invoice/number");
}

static void form(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    s.submission.number = "-0/";
    says(r, s, "number_form", LG_OUTCOME_REJECT, "/invoice/number");
    s = make_scene(r);
    s.submission.issue_day = lg_day_of(lg_now()) + 2;
    says(r, s, "dates_form", LG_OUTCOME_REJECT, "/invoice/issue_date");
    s.submission.issue_day--; /* east of Greenwich it is tomorrow already */
    says(r, s, "dates_form", LG_OUTCOME_PASS, "");
    s = make_scene(r);
    s.submission.due_day_by_policy = true;
    says(r, s, "dates_form", LG_OUTCOME_WARN, "/invoice/due_date");
    s = make_scene(r);
    s.submission.amount_minor = 9001;
    says(r, s, "amount_within_invoice", LG_OUTCOME_REJECT, "/amount");
    s.submission.amount_minor = s.submission.payable_minor;
    says(r, s, "amount_within_invoice", LG_OUTCOME_PASS, "");
    s = make_scene(r);
    s.policy.currencies[0] = (lg_currency){"EUR"};
    s.policy.currency_count = 1;
    says(r, s, "currency_allowed", LG_OUTCOME_REJECT, "/invoice/currency");
    s.policy.currencies[s.policy.currency_count++] = (lg_currency){"CNY"};
    says(r, s, "currency_allowed", LG_OUTCOME_PASS, "");
}

static void identifiers(void **state)
{
    rig *r = *state;
    static const struct {
        lg_identifier identifier;
        lg_review_outcome outcome;
    } cases[] = {
        {{LG_SCHEME_USCC, "91440300708461136T"}, LG_OUTCOME_PASS},
        {{LG_SCHEME_USCC, "91440300708461136A"}, LG_OUTCOME_REJECT},
        {{LG_SCHEME_LEI, "5493001KJTIIGC8Y1R12"}, LG_OUTCOME_PASS},
        {{LG_SCHEME_LEI, "5493001KJTIIGC8Y1R13"}, LG_OUTCOME_REJECT},
        {{LG_SCHEME_GLN, "4012345000009"}, LG_OUTCOME_PASS},
        {{LG_SCHEME_GLN, "4012345000010"}, LG_OUTCOME_WARN},
        {{LG_SCHEME_TAX_ID, "ANYTHING"}, LG_OUTCOME_PASS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scene s = make_scene(r);
        bool pass = cases[i].outcome == LG_OUTCOME_PASS;
        s.submission.seller.identifiers[s.submission.seller.identifier_count++] = cases[i].identifier;
        says(r, s, "seller_identifiers", cases[i].outcome, pass ? "" : "/invoice/seller");
        s = make_scene(r);
        s.submission.buyer.identifiers[s.submission.buyer.identifier_count++] = cases[i].identifier;
        says(r, s, "buyer_identifiers", cases[i].outcome, pass ? "" : "/invoice/buyer");
    }
    scene s = make_scene(r); /* the worst of several counts, wherever it stands */
    s.submission.seller.identifiers[0] = cases[1].identifier;
    s.submission.seller.identifiers[1] = cases[5].identifier;
    s.submission.seller.identifier_count = 2;
    says(r, s, "seller_identifiers", LG_OUTCOME_REJECT, "/invoice/seller");
    s.submission.seller.identifiers[0] = cases[5].identifier;
    s.submission.seller.identifiers[1] = cases[1].identifier;
    says(r, s, "seller_identifiers", LG_OUTCOME_REJECT, "/invoice/seller");
}

static void parties(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    s.seller.found = false;
    says(r, s, "seller_registered", LG_OUTCOME_REJECT, "/invoice/seller");
    s.seller.ambiguous = true;
    says(r, s, "seller_registered", LG_OUTCOME_REJECT, "/invoice/seller");
    s = make_scene(r);
    s.buyer.found = false;
    says(r, s, "buyer_registered", LG_OUTCOME_REJECT, "/invoice/buyer");
    s = make_scene(r);
    s.buyer.row.suspended = true;
    says(r, s, "buyer_registered", LG_OUTCOME_REJECT, "/invoice/buyer");
    s = make_scene(r);
    s.seller.row.roles = 1u << LG_ROLE_CORE_ENTERPRISE;
    says(r, s, "seller_registered", LG_OUTCOME_REJECT, "/invoice/seller");
    s = make_scene(r);
    s.seller.row.roles |= 1u << LG_ROLE_CORE_ENTERPRISE;
    s.buyer = s.seller;
    says(r, s, "parties_distinct", LG_OUTCOME_REJECT, "/invoice/buyer");
    s = make_scene(r);
    s.input.today = 1; /* judge() takes this for a stranger's signature */
    says(r, s, "signer_is_party", LG_OUTCOME_REJECT, "");
}

/* Puts a registered part of the scene's invoice into the table. */
static void plant(rig *r, const scene *s, int64_t no, const char *part, int64_t amount_minor)
{
    lg_receivable row = {
        .no = {no},
        .id = {{{(uint8_t)no, 1}}},
        .life = LG_LIFE_REGISTERED,
        .submitter = s->seller.row.no,
        .creditor = s->seller.row.no,
        .debtor = s->buyer.row.no,
        .invoice_number = s->submission.number,
        .issue_day = s->submission.issue_day,
        .due_day = s->submission.due_day,
        .currency = s->submission.currency,
        .gross_minor = s->submission.gross_minor,
        .amount_minor = amount_minor,
        .part = part,
        .documents = "[]",
        .checks = "[]",
        .has_fingerprint = true,
        .fingerprint = fingerprint_of(r, s),
        .policy_version = 1,
    };
    OK(lg_receivable_insert(lg_ledger_db(r->ledger), &row));
}

static void uniqueness(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    OK(lg_ledger_begin(r->ledger));
    plant(r, &s, 900, "1/2", 6000);
    s.submission.part = "2/2";
    s.submission.amount_minor = 4000; /* exactly the rest */
    says(r, s, "invoice_unused", LG_OUTCOME_PASS, "");
    s.submission.amount_minor = 4001;
    says(r, s, "invoice_unused", LG_OUTCOME_REJECT, "/amount");
    s.submission.amount_minor = 1;
    s.submission.part = "1/2";
    says(r, s, "invoice_unused", LG_OUTCOME_REJECT, "/invoice/number");
    s.submission.part = NULL;
    says(r, s, "invoice_unused", LG_OUTCOME_REJECT, "/part");
    scene other = make_scene(r);
    other.submission.number = "RE-2";
    other.submission.gross_minor = 20000;
    plant(r, &other, 901, NULL, 20000);
    other.submission.part = "1/2";
    says(r, other, "invoice_unused", LG_OUTCOME_REJECT, "/invoice/number");
    lg_ledger_abort(r->ledger);
}

static void similarity(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    OK(lg_ledger_begin(r->ledger));
    plant(r, &s, 900, NULL, 8000);
    s.submission.number = "re 01";
    s.submission.gross_minor = s.submission.payable_minor = 9999; /* another sale */
    says(r, s, "invoice_similar", LG_OUTCOME_HOLD, "/invoice/number");
    s.input.on_approval = true;
    says(r, s, "invoice_similar", LG_OUTCOME_PASS, "");
    s = make_scene(r);
    s.submission.number = "OTHER-77";
    s.submission.issue_day -= 7;
    says(r, s, "invoice_similar", LG_OUTCOME_HOLD, "/invoice/gross_amount");
    s.submission.issue_day--;
    says(r, s, "invoice_similar", LG_OUTCOME_PASS, "");
    s.policy.similar_within_days = 8;
    says(r, s, "invoice_similar", LG_OUTCOME_HOLD, "/invoice/gross_amount");
    lg_ledger_abort(r->ledger);
}

static void tenor(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    lg_day today = lg_day_of(lg_now());
    s.submission.issue_day = s.submission.due_day;
    s.submission.due_day = s.submission.issue_day = today;
    says(r, s, "due_after_issue", LG_OUTCOME_REJECT, "/invoice/due_date");
    s.submission.due_day = today + 180;
    says(r, s, "tenor_within_limit", LG_OUTCOME_PASS, "");
    s.submission.due_day = today + 181;
    says(r, s, "tenor_within_limit", LG_OUTCOME_WARN, "/invoice/due_date");
    s.submission.due_day = today + 365;
    says(r, s, "tenor_within_limit", LG_OUTCOME_WARN, "/invoice/due_date");
    s.submission.due_day = today + 366;
    says(r, s, "tenor_within_limit", LG_OUTCOME_REJECT, "/invoice/due_date");
    s = make_scene(r);
    s.submission.due_day = today;
    says(r, s, "not_past_due", LG_OUTCOME_PASS, "");
    s.submission.due_day = today - 1;
    for (lg_review_outcome outcome = LG_OUTCOME_WARN; outcome <= LG_OUTCOME_REJECT; outcome++) {
        s.policy.past_due = outcome;
        says(r, s, "not_past_due", outcome, "/invoice/due_date");
    }
}

static void the_debtors_standing(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    lg_db *db = lg_ledger_db(r->ledger);
    s.buyer.row.stopped = true;
    says(r, s, "debtor_not_stopped", LG_OUTCOME_REJECT, "/invoice/buyer");
    s = make_scene(r);
    OK(lg_ledger_begin(r->ledger));
    OK(lg_exposure_change(db, s.buyer.row.no, s.submission.currency, 2000));
    says(r, s, "credit_line", LG_OUTCOME_PASS, ""); /* no line: no limit */
    OK(lg_credit_line_set(db, s.buyer.row.no, s.submission.currency, 10000));
    says(r, s, "credit_line", LG_OUTCOME_PASS, "");
    OK(lg_credit_line_set(db, s.buyer.row.no, s.submission.currency, 9999));
    says(r, s, "credit_line", LG_OUTCOME_REJECT, "/amount");
    OK(lg_credit_line_set(db, s.buyer.row.no, s.submission.currency, 0));
    says(r, s, "credit_line", LG_OUTCOME_REJECT, "/amount");
    lg_ledger_abort(r->ledger);
}

static void background_and_payee(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    s.policy.documents_required = 1;
    says(r, s, "documents_attached", LG_OUTCOME_REJECT, "/documents");
    s.submission.documents[s.submission.document_count++].kind = LG_DOC_INVOICE; /* proves no delivery */
    says(r, s, "documents_attached", LG_OUTCOME_REJECT, "/documents");
    s.submission.documents[s.submission.document_count++].kind = LG_DOC_DELIVERY_NOTE;
    says(r, s, "documents_attached", LG_OUTCOME_PASS, "");
    s = make_scene(r);
    s.submission.has_payee = true;
    s.submission.payee.name = "Factor Bank";
    for (lg_review_outcome outcome = LG_OUTCOME_WARN; outcome <= LG_OUTCOME_REJECT; outcome++) {
        s.policy.payee_redirected = outcome;
        says(r, s, "payee_is_seller", outcome, "/invoice/payee");
    }
    s.submission.payee.name = "Supplier Ltd";
    says(r, s, "payee_is_seller", LG_OUTCOME_PASS, "");
    s.submission.payee.identifiers[s.submission.payee.identifier_count++] =
        (lg_identifier){LG_SCHEME_TAX_ID, "DE1"};
    says(r, s, "payee_is_seller", LG_OUTCOME_REJECT,
         "/invoice/payee"); /* the name alone does not outweigh it */
    /* Another identifier of the seller's, which the directory knows and the invoice need not name. */
    OK(lg_identifier_insert(lg_ledger_db(r->ledger), (lg_identifier){LG_SCHEME_TAX_ID, "DE1"},
                            s.seller.row.no));
    says(r, s, "payee_is_seller", LG_OUTCOME_PASS, "");
}

/* What was judged without a transaction stands as it was, in its place, and the rest is added. */
static void early_results_are_kept(void **state)
{
    rig *r = *state;
    scene s = make_scene(r);
    s.submission.number = "-";
    judge(r, &s, false);
    assert_int_equal(s.review.count, 10);
    assert_int_equal(s.review.outcome, LG_OUTCOME_REJECT);
    const char *detail = s.review.results[0].detail;
    s.submission.number = "RE-1"; /* would pass now */
    judge(r, &s, true);
    assert_int_equal(s.review.count, 19);
    assert_ptr_equal(s.review.results[0].detail, detail);
    assert_int_equal(s.review.outcome, LG_OUTCOME_REJECT);
    for (size_t i = 0; i < s.review.count; i++)
        assert_string_equal(s.review.results[i].code, gateway_check_code(i));
}

/* A command read under one policy and applied under the next is judged by the next. */
static void the_policy_changes_in_between(void **state)
{
    rig *r = *state;
    const lg_jws_header header = rig_header("/v1/receivables", NULL);
    lg_command early = {.type = LG_CMD_SUBMIT};
    char *jws = lg_jws_compose(r->arena, r->supplier.key, &header, lg_bytes_str(fresh_invoice(r)));
    OK(rig_prepare(r, &early, jws, "/v1/receivables"));
    assert_int_equal(early.early_reviews[0].policy_version, 1);
    assert_int_equal(early.early_reviews[0].outcome, LG_OUTCOME_PASS);
    change_policy(r, "currencies", "[\"EUR\"]");
    lg_report_init(&r->report, r->arena);
    OK(rig_apply(r, &early));
    const lg_receivable *row = &r->outcome.results[0].receivable;
    assert_int_equal(r->outcome.status, 422);
    assert_int_equal(row->policy_version, 2);
    assert_int_equal(row->life, LG_LIFE_REJECTED);
    assert_true(has_fault(&r->outcome.results[0].report, "currency_allowed", "/invoice/currency"));
}

/* A due date that a policy supplied which is no longer in force is no date to record. */
static void the_default_tenor_changes_in_between(void **state)
{
    rig *r = *state;
    const lg_jws_header header = rig_header("/v1/receivables", NULL);
    lg_command early = {.type = LG_CMD_SUBMIT};
    change_policy(r, "default_tenor_days", "30");
    const char *payload = lg_arena_printf(r->arena,
                                          "{\"invoice\":{\"number\":\"N-1\",\"issue_date\":\"%s\","
                                          "\"currency\":\"CNY\",\"gross_amount\":\"1.00\","
                                          "\"buyer\":{\"participant\":\"%s\"}}}",
                                          day_from_today(r, -1), r->buyer.id_text);
    char *jws = lg_jws_compose(r->arena, r->supplier.key, &header, lg_bytes_str(payload));
    OK(rig_prepare(r, &early, jws, "/v1/receivables"));
    change_policy(r, "default_tenor_days", "40");
    lg_report_init(&r->report, r->arena);
    IS(rig_apply(r, &early), LG_BUSY);
    lg_command again = {.type = LG_CMD_SUBMIT};
    OK(rig_prepare(r, &again, jws, "/v1/receivables"));
    OK(rig_apply(r, &again));
    const lg_receivable *row = &r->outcome.results[0].receivable;
    assert_int_equal(row->due_day - row->issue_day, 40);
    assert_int_equal(row->review_outcome, LG_OUTCOME_WARN);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up_companies, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_the_contract),
        STORY(all_pass),
        STORY(the_verifier_is_asked_last),
        STORY(form),
        STORY(identifiers),
        STORY(parties),
        STORY(uniqueness),
        STORY(similarity),
        STORY(tenor),
        STORY(the_debtors_standing),
        STORY(background_and_payee),
        STORY(early_results_are_kept),
        STORY(the_policy_changes_in_between),
        STORY(the_default_tenor_changes_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
