/* What is refused, with which error and in which words, and that nothing of it stays: who deals with itself,
 * who is not what an act needs, and what comes too late, twice, or in too large an amount. */
#include "tests/unit/registry_rig.h"

static rig *r;
static actor both;   /* sells and lends */
static actor debtor; /* owes and lends */
static actor judge;  /* sells and reviews */
static actor lender, bank, tier2;

static int set_up_all(void **state)
{
    set_up_companies(state);
    r = *state;
    enroll(r, &both, "Trader", "supplier\",\"lender");
    enroll(r, &debtor, "Group Finance", "core_enterprise\",\"lender");
    enroll(r, &judge, "Cooperative", "supplier\",\"reviewer");
    enroll(r, &lender, "Lender", "lender");
    enroll(r, &bank, "Bank", "bank");
    enroll(r, &tier2, "Tier 2", "supplier");
    return 0;
}

static int tear_down_all(void **state)
{
    actor *const actors[] = {&both, &debtor, &judge, &lender, &bank, &tier2};
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++)
        lg_signing_key_close(actors[i]->key);
    return tear_down(state);
}

static const char *print(const char *fmt, ...) LG_PRINTF(1, 2);
static const char *print(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = lg_arena_vprintf(r->arena, fmt, args);
    va_end(args);
    return text;
}

static const char *text_of(lg_uuid id)
{
    return print("%s", lg_uuid_format(id).s);
}

/* Refused with this error, and these words, or the fault at this pointer; and nothing was recorded. */
static void refused(const actor *who, lg_command_type type, const char *url, const char *payload,
                    lg_err expected, const char *words)
{
    const int64_t before = lg_ledger_next_seq(r->ledger);
    lg_err err = act_as(r, who, type, url, payload);
    const char *said = r->report.detail ? r->report.detail : "";
    if (err != expected || !strstr(said, words))
        fail_msg("%s: expected %s \"%s\", got %s \"%s\"", url, lg_err_slug(expected), words, lg_err_slug(err),
                 said);
    assert_int_equal(lg_ledger_next_seq(r->ledger), before);
}

/* A confirmed claim of 100.00 on `on`; its id. */
static const char *claim_of(const actor *holder, const actor *on)
{
    int n = ++r->serial;
    OK(act_as(r, holder, LG_CMD_SUBMIT, "/v1/receivables",
              print("{\"invoice\":{\"number\":\"RF-%d\",\"issue_date\":\"%s\",\"due_date\":\"%s\","
                    "\"currency\":\"CNY\",\"gross_amount\":\"%d.25\",\"seller\":{\"participant\":\"%s\"},"
                    "\"buyer\":{\"participant\":\"%s\"}}}",
                    n, day_from_today(r, -5), day_from_today(r, 60), 1000 + n, holder->id_text,
                    on->id_text)));
    OK(act_as(r, on, LG_CMD_CONFIRM, receivable_url(r, "confirm"), "{\"amount\":\"100.00\"}"));
    return text_of(r->outcome.results[0].claim.id.uuid);
}

static lg_uuid request_of(const actor *holder, const char *claim, const char *more)
{
    OK(act_as(r, holder, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
              print("{\"claims\":[\"%s\"],\"pay_to\":\"DE02\"%s}", claim, more)));
    return r->outcome.results[0].request->id.uuid;
}

static const char *offer_on(lg_uuid request, const char *kind, const char *recourse)
{
    return print("{\"request\":\"%s\",\"kind\":\"%s\",\"recourse\":%s,\"advance_rate_ppm\":800000,"
                 "\"annual_rate_ppm\":45000,\"day_count\":360,\"disburse_within_minutes\":60,"
                 "\"valid_until\":\"2999-01-01T00:00:00Z\"}",
                 text_of(request), kind, recourse);
}

static void nobody_finances_itself(void **state)
{
    (void)state;
    const char *own = claim_of(&both, &r->buyer), *owed = claim_of(&r->supplier, &debtor);
    lg_uuid request = request_of(&both, own, "");
    refused(&both, LG_CMD_OFFER_MAKE, "/v1/offers", offer_on(request, "sale", "true"), LG_NOT_PERMITTED,
            "Nobody makes an offer on its own request.");
    request = request_of(&r->supplier, owed, "");
    refused(&debtor, LG_CMD_OFFER_MAKE, "/v1/offers", offer_on(request, "sale", "true"), LG_NOT_PERMITTED,
            "Nobody finances its own debt.");
    const struct {
        const actor *holder, *asked, *on;
        const char *words;
    } asks[] = {
        {&both, &both, &r->buyer, "lenders[0] is the holder itself."},
        {&r->supplier, &debtor, &debtor, "lenders[0] is the debtor of a claim."},
        {&r->supplier, &bank, &debtor, "lenders[0] has not the role lender."},
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        const char *claim = claim_of(asks[i].holder, asks[i].on);
        refused(asks[i].holder, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
                print("{\"claims\":[\"%s\"],\"lenders\":[\"%s\"],\"pay_to\":\"DE02\"}", claim,
                      asks[i].asked->id_text),
                LG_INVALID_FIELDS, asks[i].words);
        assert_string_equal(r->report.first->pointer, "/lenders/0");
    }
    const char *claim = claim_of(&r->supplier, &r->buyer);
    refused(&r->supplier, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
            print("{\"claims\":[\"%s\"],\"lenders\":[\"%s\"],\"pay_to\":\"DE02\"}", claim, claim),
            LG_NOT_FOUND, "No participant has the id lenders[0].");
    OK(act_as(r, &r->operator, LG_CMD_PARTICIPANT_SUSPEND,
              print("/v1/participants/%s/suspend", lender.id_text), "{\"reason\":\"late\"}"));
    refused(&r->supplier, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
            print("{\"claims\":[\"%s\"],\"lenders\":[\"%s\"],\"pay_to\":\"DE02\"}", claim, lender.id_text),
            LG_INVALID_FIELDS, "lenders[0] is suspended.");
}

static void an_offer_is_what_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *kind, *recourse, *words;
    } rows[] = {
        {",\"kind\":\"sale\"", "pledge", "true", "The request asks for a sale."},
        {",\"kind\":\"pledge\"", "sale", "true", "The request asks for a pledge."},
        {",\"recourse\":true", "sale", "false", "The request asks for one with recourse."},
        {",\"recourse\":false", "sale", "true", "The request asks for one without recourse."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const lg_uuid request = request_of(&r->supplier, claim_of(&r->supplier, &r->buyer), rows[i].asked);
        refused(&lender, LG_CMD_OFFER_MAKE, "/v1/offers", offer_on(request, rows[i].kind, rows[i].recourse),
                LG_INVALID_FIELDS, rows[i].words);
    }
    const lg_uuid request = request_of(&r->supplier, claim_of(&r->supplier, &r->buyer), "");
    refused(&lender, LG_CMD_OFFER_MAKE, "/v1/offers",
            print("{\"request\":\"%s\",\"kind\":\"sale\",\"recourse\":true,\"advance_rate_ppm\":800000,"
                  "\"annual_rate_ppm\":45000,\"day_count\":360,\"disburse_within_minutes\":60,"
                  "\"valid_until\":\"2999-01-01T00:00:00Z\",\"fee_amount\":\"1.001\"}",
                  text_of(request)),
            LG_INVALID_FIELDS, "fee_amount breaks a rule.");
    refused(&lender, LG_CMD_OFFER_MAKE, "/v1/offers",
            print("{\"request\":\"%s\",\"kind\":\"sale\",\"recourse\":true,\"advance_rate_ppm\":800000,"
                  "\"annual_rate_ppm\":45000,\"day_count\":360,\"disburse_within_minutes\":60,"
                  "\"valid_until\":\"2999-01-01T00:00:00Z\",\"fee_amount\":\"80.00\"}",
                  text_of(request)),
            LG_AMOUNT_OUT_OF_RANGE, "After interest and fee nothing would be paid out.");
    const lg_uuid traders = request_of(&both, claim_of(&both, &r->buyer), "");
    OK(act_as(r, &lender, LG_CMD_OFFER_MAKE, "/v1/offers", offer_on(traders, "sale", "true")));
    const char *offer = text_of(r->outcome.results[0].offers[0].id.uuid);
    refused(&both, LG_CMD_OFFER_WITHDRAW, print("/v1/offers/%s/withdraw", offer), "{}", LG_NOT_PERMITTED,
            "Only its lender may withdraw an offer.");
    refused(&lender, LG_CMD_OFFER_ACCEPT, print("/v1/offers/%s/accept", offer), "{}", LG_NOT_PERMITTED, "");
    refused(&tier2, LG_CMD_OFFER_ACCEPT, print("/v1/offers/%s/accept", offer), "{}", LG_NOT_FOUND,
            "No offer");
}

/* A program makes no offer to whom it is not for. */
static void programs_keep_to_their_terms(void **state)
{
    (void)state;
    static const char terms[] =
        "{\"name\":\"P\",\"kind\":\"sale\",\"recourse\":%s,\"currency\":\"CNY\",\"debtors\":[],"
        "\"tenor_min_days\":%d,\"tenor_max_days\":%d,\"amount_min\":\"%s\",\"amount_max\":\"%s\","
        "\"advance_rate_ppm\":800000,\"annual_rate_ppm\":%d,\"day_count\":360,\"total_limit\":\"%s\","
        "\"valid_until\":\"2999-01-01T00:00:00Z\"}";
    static const struct {
        const actor *lends, *on;
        const char *recourse;
        int tenor_min, tenor_max;
        const char *min, *max, *total;
        size_t offers;
    } rows[] = {
        {&lender, NULL, "true", 0, 90, "1.00", "900.00", "900.00", 1},
        {&lender, NULL, "true", 61, 90, "1.00", "900.00", "900.00", 0}, /* due too soon */
        {&lender, NULL, "true", 0, 59, "1.00", "900.00", "900.00", 0},  /* too late */
        {&lender, NULL, "true", 0, 90, "100.01", "900.00", "900.00", 0},
        {&lender, NULL, "true", 0, 90, "1.00", "99.99", "900.00", 0},
        {&lender, NULL, "true", 0, 90, "1.00", "900.00", "79.99", 0}, /* the advance is 80.00 */
        {&lender, NULL, "false", 0, 90, "1.00", "900.00", "80.00", 1},
        {&debtor, &debtor, "true", 0, 90, "1.00", "900.00", "900.00", 0}, /* its own debt */
        {&both, NULL, "true", 0, 90, "1.00", "900.00", "900.00", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *claim = claim_of(&r->supplier, rows[i].on ? rows[i].on : &r->buyer);
        OK(act_as(r, rows[i].lends, LG_CMD_PROGRAM_OPEN, "/v1/programs",
                  print(terms, rows[i].recourse, rows[i].tenor_min, rows[i].tenor_max, rows[i].min,
                        rows[i].max, 45000, rows[i].total)));
        const char *program = text_of(r->outcome.results[0].program->id.uuid);
        request_of(&r->supplier, claim, "");
        if (r->outcome.results[0].offer_count != rows[i].offers)
            fail_msg("row %zu: %zu offers", i, r->outcome.results[0].offer_count);
        OK(act_as(r, rows[i].lends, LG_CMD_PROGRAM_CLOSE, print("/v1/programs/%s/close", program), "{}"));
        refused(rows[i].lends, LG_CMD_PROGRAM_CLOSE, print("/v1/programs/%s/close", program), "{}",
                LG_WRONG_STATE, "The program was closed at");
    }
    /* Its own claim; and who wants no recourse, or does. */
    OK(act_as(r, &both, LG_CMD_PROGRAM_OPEN, "/v1/programs",
              print(terms, "true", 0, 90, "1.00", "900.00", 45000, "900.00")));
    request_of(&both, claim_of(&both, &r->buyer), "");
    assert_int_equal(r->outcome.results[0].offer_count, 0);
    request_of(&r->supplier, claim_of(&r->supplier, &r->buyer), ",\"recourse\":false");
    assert_int_equal(r->outcome.results[0].offer_count, 0);
    request_of(&r->supplier, claim_of(&r->supplier, &r->buyer), ",\"kind\":\"pledge\"");
    assert_int_equal(r->outcome.results[0].offer_count, 0);
    /* The cheaper one first, whichever was opened first. */
    const int rates[] = {30000, 60000};
    for (size_t i = 0; i < 2; i++)
        OK(act_as(r, &lender, LG_CMD_PROGRAM_OPEN, "/v1/programs",
                  print(terms, i ? "true" : "false", 0, 90, "1.00", "900.00", rates[i], "900.00")));
    request_of(&r->supplier, claim_of(&r->supplier, &r->buyer), "");
    assert_int_equal(r->outcome.results[0].offer_count, 3);
    for (size_t i = 1; i < 3; i++)
        assert_true(r->outcome.results[0].offers[i - 1].interest_minor <=
                    r->outcome.results[0].offers[i].interest_minor);
    refused(&lender, LG_CMD_PROGRAM_CLOSE, print("/v1/programs/%s/close", lender.id_text), "{}", LG_NOT_FOUND,
            "No program has this id.");
    refused(&lender, LG_CMD_PROGRAM_OPEN, "/v1/programs",
            "{\"name\":\"P\",\"kind\":\"sale\",\"recourse\":true,\"currency\":\"CNY\",\"debtors\":[],"
            "\"tenor_max_days\":90,\"amount_min\":\"1.00\",\"amount_max\":\"2.00\","
            "\"advance_rate_ppm\":800000,\"annual_rate_ppm\":1,\"day_count\":360,\"total_limit\":\"9.00\","
            "\"valid_until\":\"2020-01-01T00:00:00Z\"}",
            LG_INVALID_FIELDS, "valid_until must be in the future.");
}

static void amounts_are_what_is_there(void **state)
{
    (void)state;
    const char *claim = claim_of(&r->supplier, &r->buyer), *split = print("/v1/claims/%s/split", claim);
    static const struct {
        const char *first, *second;
        lg_err err;
        const char *words;
    } parts[] = {
        {"90071992547409.91", "90071992547409.91", LG_AMOUNT_OUT_OF_RANGE, "too large"},
        {"99.00", "1.01", LG_AMOUNT_OUT_OF_RANGE, "100.01"},
        {"99.0", "1.00", LG_INVALID_FIELDS, "breaks a rule"},
        {"90071992547409.92", "1.00", LG_AMOUNT_OUT_OF_RANGE, "larger than any amount"},
        {"-1.00", "1.00", LG_INVALID_FIELDS, "breaks a rule"},
        {"0.00", "100.00", LG_AMOUNT_OUT_OF_RANGE, ""},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        refused(
            &r->supplier, LG_CMD_CLAIM_SPLIT, split,
            print("{\"parts\":[{\"amount\":\"%s\"},{\"amount\":\"%s\"}]}", parts[i].first, parts[i].second),
            parts[i].err, parts[i].words);
    submit_fresh(r);
    const char *confirm = receivable_url(r, "confirm");
    static const struct {
        const char *amount;
        lg_err err;
        const char *words;
    } confirmed[] = {
        {"1.0", LG_INVALID_FIELDS, "amount breaks a rule."},
        {"1,00", LG_INVALID_FIELDS, "amount breaks a rule."},
        {"90071992547409.92", LG_AMOUNT_OUT_OF_RANGE, "larger than any amount"},
        {"0.00", LG_AMOUNT_OUT_OF_RANGE, ""},
        {"9000.00", LG_AMOUNT_OUT_OF_RANGE, ""},
    };
    for (size_t i = 0; i < sizeof confirmed / sizeof *confirmed; i++)
        refused(&r->buyer, LG_CMD_CONFIRM, confirm, print("{\"amount\":\"%s\"}", confirmed[i].amount),
                confirmed[i].err, confirmed[i].words);
    OK(act_as(r, &r->buyer, LG_CMD_CONFIRM, confirm, "{}"));
}

static void administration_has_its_order(void **state)
{
    (void)state;
    const char *self = print("/v1/participants/%s", r->operator.id_text),
               *supplier = print("/v1/participants/%s", r->supplier.id_text),
               *buyer = print("/v1/participants/%s", r->buyer.id_text);
    const char *line = "{\"currency\":\"CNY\",\"limit\":\"1.00\"}", *why = "{\"reason\":\"x\"}";
    refused(&r->operator, LG_CMD_PARTICIPANT_SUSPEND, print("%s/suspend", self), why, LG_WRONG_STATE,
            "The operator cannot suspend itself.");
    refused(&r->operator, LG_CMD_PARTICIPANT_ACTIVATE, print("%s/activate", supplier), why, LG_WRONG_STATE,
            "The participant is active already.");
    refused(&r->operator, LG_CMD_DEBTOR_STOP, print("%s/stop", supplier), why, LG_WRONG_STATE,
            "Only a core_enterprise can be on the debtors' stop list.");
    refused(&r->operator, LG_CMD_DEBTOR_CLEAR, print("%s/clear", buyer), why, LG_WRONG_STATE,
            "The debtor is not on the stop list.");
    OK(act_as(r, &r->operator, LG_CMD_DEBTOR_STOP, print("%s/stop", buyer), why));
    refused(&r->operator, LG_CMD_DEBTOR_STOP, print("%s/stop", buyer), why, LG_WRONG_STATE,
            "The debtor is on the stop list already.");
    refused(&r->operator, LG_CMD_CREDIT_LINE_SET, print("%s/credit_line", supplier), line, LG_WRONG_STATE,
            "Only a core_enterprise has a credit line.");
    refused(&r->operator, LG_CMD_CREDIT_LINE_SET,
            print("/v1/participants/%s/credit_line", "00000000-0000-7000-8000-000000000001"), line,
            LG_NOT_FOUND, "No participant");
    refused(&r->operator, LG_CMD_TOKEN_ISSUE, "/v1/tokens",
            print("{\"participant\":\"00000000-0000-7000-8000-000000000001\",\"token_sha256\":\"%064d\","
                  "\"scopes\":[\"read\"],\"expires_at\":\"2999-01-01T00:00:00Z\"}",
                  1),
            LG_NOT_FOUND, "No participant has the id in participant.");
    refused(&r->supplier, LG_CMD_TOKEN_ISSUE, "/v1/tokens",
            print("{\"participant\":\"%s\",\"token_sha256\":\"%064d\",\"scopes\":[\"read\"],"
                  "\"expires_at\":\"2020-01-01T00:00:00Z\"}",
                  r->supplier.id_text, 2),
            LG_INVALID_FIELDS, "expires_at must be in the future.");
    const char *token = print("{\"participant\":\"%s\",\"token_sha256\":\"%064d\",\"scopes\":[\"read\"],"
                              "\"expires_at\":\"2999-01-01T00:00:00Z\"}",
                              r->supplier.id_text, 3);
    OK(act_as(r, &r->supplier, LG_CMD_TOKEN_ISSUE, "/v1/tokens", token));
    const char *revoke = print("/v1/tokens/%s/revoke", text_of(r->outcome.results[0].token.id.uuid));
    refused(&r->supplier, LG_CMD_TOKEN_ISSUE, "/v1/tokens", token, LG_ALREADY_EXISTS,
            "This token is registered already");
    refused(&tier2, LG_CMD_TOKEN_REVOKE, revoke, "{}", LG_NOT_FOUND, "No token of yours has this id.");
    OK(act_as(r, &r->supplier, LG_CMD_TOKEN_REVOKE, revoke, "{}"));
    refused(&r->supplier, LG_CMD_TOKEN_REVOKE, revoke, "{}", LG_WRONG_STATE, "The token was revoked at");
}

static void webhooks_are_few_and_end(void **state)
{
    (void)state;
    const char *hook = "{\"url\":\"https://lender.example.com/hook\",\"events\":[]}", *url = NULL;
    for (int i = 0; i < 16; i++) {
        OK(act_as(r, &lender, LG_CMD_WEBHOOK_REGISTER, "/v1/webhooks", hook));
        url = print("/v1/webhooks/%s", text_of(r->outcome.results[0].webhook.id.uuid));
    }
    refused(&lender, LG_CMD_WEBHOOK_REGISTER, "/v1/webhooks", hook, LG_LIMIT_EXCEEDED,
            "A participant has at most 16 webhooks; remove one.");
    refused(&bank, LG_CMD_WEBHOOK_ROTATE, print("%s/rotate", url), "{}", LG_NOT_FOUND,
            "No webhook of yours has this id.");
    OK(act_as(r, &lender, LG_CMD_WEBHOOK_REMOVE, print("%s/remove", url), "{}"));
    refused(&lender, LG_CMD_WEBHOOK_REMOVE, print("%s/remove", url), "{}", LG_WRONG_STATE,
            "The webhook was removed at");
    refused(&lender, LG_CMD_WEBHOOK_ROTATE, print("%s/rotate", url), "{}", LG_WRONG_STATE,
            "The webhook was removed at");
    OK(act_as(r, &lender, LG_CMD_WEBHOOK_REGISTER, "/v1/webhooks", hook));
}

static void who_submits_and_who_reviews(void **state)
{
    (void)state;
    refused(&bank, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r), LG_NOT_PERMITTED,
            "Submitting needs the role supplier or core_enterprise.");
    const actor *const seconds[] = {&tier2, &debtor};
    for (size_t i = 0; i < 2; i++) {
        IS(act_together(r, &r->supplier, seconds[i], LG_CMD_SUBMIT, "/v1/receivables", NULL,
                        fresh_invoice(r)),
           LG_NOT_PERMITTED);
        assert_string_equal(r->report.detail,
                            "Two signed, but they are not this invoice's seller and buyer.");
    }
    IS(act_together(r, &tier2, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", NULL, fresh_invoice(r)),
       LG_NOT_PERMITTED);
    IS(act_together(r, &r->buyer, &tier2, LG_CMD_SUBMIT, "/v1/receivables", NULL, fresh_invoice(r)),
       LG_NOT_PERMITTED);
    OK(act_together(r, &r->buyer, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", NULL, fresh_invoice(r)));
    const char *payee =
        print("{\"invoice\":{\"number\":\"RF-held\",\"issue_date\":\"%s\",\"due_date\":\"%s\","
              "\"currency\":\"CNY\",\"gross_amount\":\"77.25\",\"seller\":{\"participant\":\"%s\"},"
              "\"buyer\":{\"participant\":\"%s\"},\"payee\":{\"name\":\"Elsewhere\",\"identifiers\":"
              "{\"tax_id\":\"EF1\"}}}}",
              day_from_today(r, -5), day_from_today(r, 60), judge.id_text, r->buyer.id_text);
    OK(act_as(r, &judge, LG_CMD_SUBMIT, "/v1/receivables", payee));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_HELD);
    const char *held = text_of(r->outcome.results[0].receivable.id.uuid);
    const char *approve = print("/v1/reviews/%s/approve", held);
    refused(&judge, LG_CMD_REVIEW_APPROVE, approve, "{\"note\":\"mine\"}", LG_NOT_PERMITTED,
            "A party to the receivable cannot review it.");
    refused(&lender, LG_CMD_REVIEW_APPROVE, approve, "{\"note\":\"x\"}", LG_NOT_PERMITTED,
            "the role reviewer");
    OK(act_as(r, &r->reviewer, LG_CMD_REVIEW_APPROVE, approve, "{\"note\":\"seen\"}"));
    refused(&r->reviewer, LG_CMD_REVIEW_APPROVE, approve, "{\"note\":\"again\"}", LG_WRONG_STATE, "");
    refused(&r->buyer, LG_CMD_WITHDRAW, print("/v1/receivables/%s/withdraw", held), "{}", LG_NOT_PERMITTED,
            "Only who submitted it may withdraw it.");
    refused(&tier2, LG_CMD_WITHDRAW, print("/v1/receivables/%s/withdraw", held), "{}", LG_NOT_FOUND,
            "No receivable of yours has this id.");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up_all, tear_down_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(nobody_finances_itself),       STORY(an_offer_is_what_was_asked_for),
        STORY(programs_keep_to_their_terms), STORY(amounts_are_what_is_there),
        STORY(administration_has_its_order), STORY(webhooks_are_few_and_end),
        STORY(who_submits_and_who_reviews),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
