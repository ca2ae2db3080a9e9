/* What the subcommands of a claim's life say to the registry, and what they tell of its answers. */
#include "tests/unit/client_server_rig.h"

#include "ledger/registry/jws.h"
#include "server/client/describe.h"
#include "server/client/post.h"

#include <sys/stat.h>

#define NOTHING "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
#define CLAIM   "0198f0c0-0000-7000-8000-000000000001"
#define OTHER   "0198f0c0-0000-7000-8000-000000000002"

enum { WORDS_MAX = 48 };

static client_exit parse(client *c, const char *const *words)
{
    int argc = 0;
    while (words[argc])
        argc++;
    return client_args_parse(c, argc, (char *const *)(uintptr_t)words);
}

/* What the function prints on standard output, in the client's arena. */
static char *captured(client *c, void (*print)(client *c, void *ctx), void *ctx)
{
    FILE *file = tmpfile();
    int before = dup(STDOUT_FILENO);
    char text[8192];
    fflush(stdout);
    assert_true(file && before >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    print(c, ctx);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    rewind(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    fclose(file);
    return lg_arena_strdup(c->arena, text);
}

static void run_command(client *c, void *code)
{
    *(client_exit *)code = c->command->run(c);
}

/* ---- what is sent ---- */

static void test_every_posting_row_of_the_menu_says_what_it_sends(void **state)
{
    (void)state;
    client_menu_place place = {0};
    for (const client_command *command; (command = client_command_next(&place));) {
        const client_post *post = client_post_find(command->name);
        int taken = 0;
        if (command->run == command_post)
            assert_non_null(post);
        if (!post)
            continue;
        for (const char *p = post->path; *p; p++)
            taken += *p == '%';
        for (const post_member *member = post->members; member->member; member++) {
            const client_option *option = command->options;
            taken += member->option == NULL;
            while (member->option && option && option->name && strcmp(option->name, member->option) != 0)
                option++;
            if (member->option && !(option && option->name))
                fail_msg("%s has no --%s", command->name, member->option);
        }
        if (command->run == command_post) {
            assert_int_equal(taken, command->operands_min);
            assert_int_equal(taken, command->operands_max);
        }
    }
}

/* A command line, and the request it becomes. */
static const struct {
    const char *command, *words[WORDS_MAX], *path, *payload;
} sent[] = {
    {"split",
     {CLAIM, "100.00", "0.01"},
     "/v1/claims/" CLAIM "/split",
     "{\"parts\":[{\"amount\":\"100.00\"},{\"amount\":\"0.01\"}]}"},
    {"transfer",
     {CLAIM, "--to", "A=10.00", "--to", "B=5.00", "--respond-within-days", "3"},
     "/v1/claims/" CLAIM "/transfer",
     "{\"respond_within_days\":3,\"recipients\":[{\"participant\":\"A\",\"amount\":\"10.00\"},"
     "{\"participant\":\"B\",\"amount\":\"5.00\"}]}"},
    {"transfer",
     {CLAIM, "--to", "A"},
     "/v1/claims/" CLAIM "/transfer",
     "{\"recipients\":[{\"participant\":\"A\"}]}"},
    {"accept-transfer", {CLAIM}, "/v1/claims/" CLAIM "/accept_transfer", "{}"},
    {"decline-transfer",
     {CLAIM, "--note", "no"},
     "/v1/claims/" CLAIM "/decline_transfer",
     "{\"note\":\"no\"}"},
    {"cancel-transfer", {CLAIM}, "/v1/claims/" CLAIM "/cancel_transfer", "{}"},
    {"lapse-transfer", {CLAIM}, "/v1/claims/" CLAIM "/lapse_transfer", "{}"},
    {"acknowledge", {CLAIM}, "/v1/claims/" CLAIM "/acknowledge", "{}"},
    {"dispute",
     {CLAIM, "--reason", "duplicate"},
     "/v1/claims/" CLAIM "/dispute",
     "{\"reason\":\"duplicate\"}"},
    {"resolve", {CLAIM, "--note", "n"}, "/v1/claims/" CLAIM "/resolve", "{\"note\":\"n\"}"},
    {"freeze",
     {CLAIM, "--order", "(2026) 1"},
     "/v1/claims/" CLAIM "/freeze",
     "{\"order_reference\":\"(2026) 1\"}"},
    {"unfreeze",
     {CLAIM, "--order", "(2026) 1"},
     "/v1/claims/" CLAIM "/unfreeze",
     "{\"order_reference\":\"(2026) 1\"}"},
    {"age", {CLAIM}, "/v1/claims/" CLAIM "/age", "{}"},
    {"write-off", {CLAIM, "--note", "n"}, "/v1/claims/" CLAIM "/write_off", "{\"note\":\"n\"}"},
    {"participant rating",
     {OTHER, "AA+", "--agency", "X"},
     "/v1/participants/" OTHER "/rating",
     "{\"rating\":\"AA+\",\"agency\":\"X\"}"},
    {"participant rating", {OTHER, "none"}, "/v1/participants/" OTHER "/rating", "{\"rating\":null}"},
    {"grant make",
     {CLAIM, OTHER, "--fields", "amounts,state"},
     "/v1/grants",
     "{\"claim\":\"" CLAIM "\",\"participant\":\"" OTHER "\",\"fields\":[\"amounts\",\"state\"]}"},
    {"grant revoke", {OTHER}, "/v1/grants/" OTHER "/revoke", "{}"},
    {"check",
     {"N 1", "--issue-date", "2026-11-01", "--currency", "CNY", "--amount", "9.00", "--seller", OTHER,
      "--debtor", "uscc=9132,tax-id=7"},
     "/v1/checks",
     "{\"number\":\"N 1\",\"issue_date\":\"2026-11-01\",\"currency\":\"CNY\",\"gross_amount\":\"9.00\","
     "\"seller\":{\"participant\":\"" OTHER "\"},"
     "\"buyer\":{\"identifiers\":{\"uscc\":\"9132\",\"tax_id\":\"7\"}}}"},
    {"program open",
     {"P",
      "--kind",
      "sale",
      "--recourse",
      "no",
      "--currency",
      "CNY",
      "--debtor",
      "all",
      "--tenor-max",
      "180",
      "--amount-min",
      "1.00",
      "--amount-max",
      "900.00",
      "--advance-rate",
      "80%",
      "--annual-rate",
      "4.35%",
      "--day-count",
      "360",
      "--total-limit",
      "1000.00",
      "--valid-until",
      "2027-01-01T00:00:00Z"},
     "/v1/programs",
     "{\"name\":\"P\",\"kind\":\"sale\",\"recourse\":false,\"currency\":\"CNY\",\"debtors\":[],"
     "\"tenor_max_days\":180,\"amount_min\":\"1.00\",\"amount_max\":\"900.00\","
     "\"advance_rate_ppm\":800000,\"annual_rate_ppm\":43500,\"day_count\":360,"
     "\"total_limit\":\"1000.00\",\"valid_until\":\"2027-01-01T00:00:00Z\"}"},
    {"program close", {OTHER}, "/v1/programs/" OTHER "/close", "{}"},
    {"finance request",
     {CLAIM, OTHER, "--pay-to", "IBAN 1", "--lender", "A,B", "--lender", "C"},
     "/v1/financing_requests",
     "{\"lenders\":[\"A\",\"B\",\"C\"],\"pay_to\":\"IBAN 1\",\"claims\":[\"" CLAIM "\",\"" OTHER "\"]}"},
    {"finance withdraw", {OTHER}, "/v1/financing_requests/" OTHER "/withdraw", "{}"},
    {"finance lapse-request", {OTHER}, "/v1/financing_requests/" OTHER "/lapse", "{}"},
    {"offer make",
     {OTHER, "--kind", "pledge", "--recourse", "yes", "--advance-rate", "65.5%", "--annual-rate", "1ppm",
      "--day-count", "365", "--fee", "12.00", "--valid-until", "2027-01-01T00:00:00Z",
      "--disburse-within-minutes", "30"},
     "/v1/offers",
     "{\"request\":\"" OTHER "\",\"kind\":\"pledge\",\"recourse\":true,\"advance_rate_ppm\":655000,"
     "\"annual_rate_ppm\":1,\"day_count\":365,\"fee_amount\":\"12.00\","
     "\"valid_until\":\"2027-01-01T00:00:00Z\",\"disburse_within_minutes\":30}"},
    {"offer withdraw", {OTHER}, "/v1/offers/" OTHER "/withdraw", "{}"},
    {"finance accept", {OTHER}, "/v1/offers/" OTHER "/accept", "{}"},
    {"finance disburse",
     {OTHER, "--reference", "B1", "--registration-number", "Z1"},
     "/v1/financings/" OTHER "/disburse",
     "{\"bank_reference\":\"B1\",\"registration_number\":\"Z1\"}"},
    {"finance cancel", {OTHER}, "/v1/financings/" OTHER "/cancel", "{}"},
    {"finance lapse", {OTHER}, "/v1/financings/" OTHER "/lapse", "{}"},
    {"finance register",
     {OTHER, "Z1"},
     "/v1/financings/" OTHER "/register",
     "{\"registration_number\":\"Z1\"}"},
    {"finance release", {OTHER}, "/v1/financings/" OTHER "/release", "{}"},
    {"finance recourse", {OTHER}, "/v1/financings/" OTHER "/recourse", "{}"},
    {"finance repurchase",
     {OTHER, "--reference", "B2"},
     "/v1/financings/" OTHER "/repurchase",
     "{\"bank_reference\":\"B2\"}"},
    {"pay",
     {CLAIM, "9.00", "--reference", "B3", "--paid-on", "2027-02-18"},
     "/v1/payments",
     "{\"claim\":\"" CLAIM "\",\"amount\":\"9.00\",\"bank_reference\":\"B3\",\"paid_on\":\"2027-02-18\"}"},
    {"reverse", {OTHER, "--reason", "r"}, "/v1/payments/" OTHER "/reverse", "{\"reason\":\"r\"}"},
    {"credit-note",
     {CLAIM, "1.00", "--reference", "C1"},
     "/v1/proposals",
     "{\"claim\":\"" CLAIM "\",\"amount\":\"1.00\",\"reference\":\"C1\",\"kind\":\"credit_note\"}"},
    {"void", {CLAIM}, "/v1/proposals", "{\"claim\":\"" CLAIM "\",\"kind\":\"void\"}"},
    {"proposal accept", {OTHER}, "/v1/proposals/" OTHER "/accept", "{}"},
    {"proposal decline", {OTHER}, "/v1/proposals/" OTHER "/decline", "{}"},
    {"webhook add",
     {"https://h.example/x", "--events", "claim.,financing.accepted"},
     "/v1/webhooks",
     "{\"url\":\"https://h.example/x\",\"events\":[\"claim.\",\"financing.accepted\"]}"},
    {"webhook rotate", {OTHER}, "/v1/webhooks/" OTHER "/rotate", "{}"},
    {"webhook replay", {OTHER, "--seq", "7"}, "/v1/webhooks/" OTHER "/replay", "{\"seq\":7}"},
    {"webhook replay", {OTHER, "--from", "0"}, "/v1/webhooks/" OTHER "/replay", "{\"from_seq\":0}"},
    {"webhook remove", {OTHER}, "/v1/webhooks/" OTHER "/remove", "{}"},
    {"participant revoke-key", {OTHER, "../k"}, "/v1/participants/" OTHER "/keys/..%2Fk/revoke", "{}"},
    {"participant credit-line",
     {OTHER, "--currency", "CNY", "--limit", "none"},
     "/v1/participants/" OTHER "/credit_line",
     "{\"currency\":\"CNY\",\"limit\":null}"},
    {"confirm", {OTHER, "--amount", "5.00"}, "/v1/receivables/" OTHER "/confirm", "{\"amount\":\"5.00\"}"},
};

static void test_commands_send_what_was_typed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
        canned server = {.answers = {NOTHING}};
        client c = new_client(sent[i].command);
        client_exit code;
        lg_jws jws;
        assert_int_equal(parse(&c, sent[i].words), CLIENT_OK);
        canned_open(&server);
        key_make(&c);
        c.config.url = server.url;
        c.json = true;
        captured(&c, run_command, &code);
        canned_close(&server);
        key_remove(&c);
        /* An empty answer proves nothing, and a replay need not be proven. */
        assert_int_equal(code, strstr(sent[i].path, "/replay") ? CLIENT_OK : CLIENT_UNVERIFIED);
        const char *line = lg_arena_printf(c.arena, "POST %s HTTP/1.1\r\n", sent[i].path);
        assert_memory_equal(server.requests[0], line, strlen(line));
        assert_int_equal(lg_jws_parse(c.arena, lg_bytes_str(body_of(server.requests[0])), &jws, &c.report),
                         LG_OK);
        assert_string_equal(lg_arena_strndup(c.arena, (const char *)jws.payload.data, jws.payload.len),
                            sent[i].payload);
        client_http_close(c.http);
        end_client(&c);
    }
}

static void test_what_cannot_be_meant_is_not_sent(void **state)
{
    (void)state;
    static const struct {
        const char *command, *words[WORDS_MAX], *says;
    } cases[] = {
        {"split", {CLAIM, "1.00"}, "split needs"},
        {"split", {CLAIM, "1.00", "01.00"}, "A part must be an amount"},
        {"split", {CLAIM, "1.00", "-1.00"}, "Options have long names only"},
        {"split", {CLAIM, "1.00", "1e3"}, "1e3"},
        {"split", {CLAIM, "1.00", "1."}, "1."},
        {"split", {CLAIM, "1.00", "1,00"}, "1,00"},
        {"transfer", {CLAIM}, "transfer needs --to"},
        {"transfer", {CLAIM, "--to", "A="}, "amount"},
        {"transfer", {CLAIM, "--to", "A", "--respond-within-days", "two"}, "a whole number"},
        {"dispute", {CLAIM}, "dispute needs --reason"},
        {"freeze", {CLAIM}, "freeze needs --order"},
        {"pay", {CLAIM, "9.00"}, "pay needs --reference"},
        {"pay", {CLAIM, ".5", "--reference", "B"}, "The amount must be an amount"},
        {"offer make", {OTHER, "--kind", "sale", "--recourse", "maybe"}, "--recourse must be yes or no"},
        {"offer make", {OTHER, "--kind", "sale", "--recourse", "no", "--advance-rate", "80"}, "4.35%"},
        {"offer make", {OTHER, "--kind", "sale", "--recourse", "no", "--advance-rate", "0.00001%"}, "4.35%"},
        {"offer make", {OTHER, "--kind", "sale", "--recourse", "no", "--advance-rate", "8 ppm"}, "4.35%"},
        {"check",
         {"N", "--issue-date", "d", "--currency", "CNY", "--amount", "1.00", "--seller", "uscc="},
         "--seller must be"},
        {"check",
         {"N", "--issue-date", "d", "--currency", "CNY", "--amount", "1.00", "--seller", OTHER},
         "check needs --debtor"},
        {"finance request", {CLAIM}, "finance request needs --pay-to"},
        {"webhook add", {"\xff"}, "not UTF-8"},
        {"webhook replay", {OTHER}, "either --seq or --from"},
        {"webhook replay", {OTHER, "--seq", "1", "--from", "1"}, "either --seq or --from"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        client c = new_client(cases[i].command);
        client_exit code = parse(&c, cases[i].words);
        if (code == CLIENT_OK)
            code = c.command->run(&c);
        assert_int_equal(code, CLIENT_USAGE);
        if (!strstr(c.message, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", c.message, cases[i].says);
        end_client(&c);
    }
}

/* ---- what is read ---- */

static void expect_get(const char *command, const char *const *words, const char *answer, const char *target,
                       const char *const *shown)
{
    canned server = {.answers = {answer}};
    client c = new_client(command);
    client_exit code;
    assert_int_equal(parse(&c, words), CLIENT_OK);
    canned_open(&server);
    c.config.url = server.url;
    char *output = captured(&c, run_command, &code);
    canned_close(&server);
    assert_int_equal(code, CLIENT_OK);
    const char *line = lg_arena_printf(c.arena, "GET %s HTTP/1.1\r\n", target);
    assert_memory_equal(server.requests[0], line, strlen(line));
    for (; *shown; shown++)
        if (!strstr(output, *shown))
            fail_msg("\"%s\" is not in:\n%s", *shown, output);
    client_http_close(c.http);
    end_client(&c);
}

#define OK_JSON    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define WORDS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void test_lists_pass_their_filters_on(void **state)
{
    (void)state;
    expect_get("list claims",
               WORDS("--part", "lender", "--rating", "AAA,AA+", "--hop-max", "2", "--sort", "amount"),
               OK_JSON "{\"items\":[],\"next_cursor\":null}",
               "/v1/claims?part=lender&rating=AAA%2CAA%2B&hop_max=2&sort=amount", WORDS("nothing"));
    expect_get("list totals", WORDS("--encumbrance", "sold"),
               OK_JSON "{\"items\":[{\"currency\":\"CNY\",\"count\":2,\"face_amount\":\"9.00\","
                       "\"outstanding_amount\":\"8.00\"}]}",
               "/v1/claims/totals?encumbrance=sold", WORDS("OUTSTANDING", "CNY", "8.00"));
    expect_get("program list", WORDS("--status", "open"),
               OK_JSON "{\"items\":[{\"id\":\"" OTHER "\",\"status\":\"open\",\"name\":\"P\","
                       "\"recourse\":false,\"annual_rate_ppm\":43500}],\"next_cursor\":null}",
               "/v1/programs?status=open", WORDS("4.35%", " no "));
    expect_get("finance list", WORDS("--part", "seller"), OK_JSON "{\"items\":[],\"next_cursor\":null}",
               "/v1/financings?part=seller", WORDS("nothing"));
    expect_get("webhook deliveries", WORDS(OTHER, "--limit", "5"),
               OK_JSON "{\"items\":[],\"next_cursor\":null}", "/v1/webhooks/" OTHER "/deliveries?limit=5",
               WORDS("nothing"));
}

static void test_things_are_told_in_a_sentence(void **state)
{
    (void)state;
    expect_get("finance show", WORDS(OTHER),
               OK_JSON "{\"id\":\"" OTHER "\",\"status\":\"instructed\",\"lender\":\"L\",\"kind\":\"sale\","
                       "\"recourse\":true,\"currency\":\"CNY\",\"net_amount\":\"79.20\",\"instruction\":"
                       "{\"pay_to\":\"ACC\",\"amount\":\"79.20\",\"currency\":\"CNY\",\"reference\":\"REF\","
                       "\"disburse_by\":\"2026-11-23T00:00:00Z\"}}",
               "/v1/financings/" OTHER,
               WORDS("sale with recourse to L, net 79.20 CNY; pay 79.20 CNY to ACC, reference REF, until "
                     "2026-11-23T00:00:00Z"));
    expect_get(
        "proposal show", WORDS(OTHER),
        OK_JSON "{\"id\":\"" OTHER "\",\"kind\":\"credit_note\",\"claim\":\"C\",\"amount\":\"1.00\","
                "\"currency\":\"CNY\",\"status\":\"open\",\"expires_at\":\"T\",\"signers\":["
                "{\"participant\":\"A\",\"signed_at\":\"T\"},{\"participant\":\"B\",\"signed_at\":null}]}",
        "/v1/proposals/" OTHER, WORDS("credit note of 1.00 CNY on claim C, until T; to be signed by B\n"));
    expect_get("show payment", WORDS(OTHER),
               OK_JSON
               "{\"id\":\"" OTHER "\",\"status\":\"recorded\",\"amount\":\"5.00\",\"currency\":\"CNY\","
               "\"excess_amount\":\"0.00\",\"debtor\":\"D\",\"paid_on\":\"2027-02-18\","
               "\"bank_reference\":\"B\",\"shares\":[{\"claim\":\"C\",\"holder\":\"H\",\"payee\":\"L\","
               "\"amount\":\"5.00\"}]}",
               "/v1/payments/" OTHER, WORDS("5.00 CNY by D on 2027-02-18, bank reference B\n"));
    expect_get("show claim", WORDS(CLAIM),
               OK_JSON "{\"id\":\"" CLAIM "\",\"life\":\"overdue\",\"outstanding_amount\":\"5.00\","
                       "\"currency\":\"CNY\",\"due_date\":\"2027-02-18\",\"holder\":\"H\","
                       "\"encumbrance\":\"pledged\",\"lender\":\"L\",\"locks\":[\"frozen\"]}",
               "/v1/claims/" CLAIM,
               WORDS("overdue: 5.00 CNY outstanding, due 2027-02-18, held by H, pledged to L, frozen\n"));
    expect_get("finance offers", WORDS(OTHER),
               OK_JSON "{\"id\":\"" OTHER "\",\"status\":\"open\",\"claims\":[\"C\"],\"currency\":\"CNY\","
                       "\"total_amount\":\"9.00\",\"kind\":null,\"recourse\":null,\"valid_until\":\"T\","
                       "\"offers\":[{\"id\":\"O\",\"status\":\"open\",\"net_amount\":\"8.00\"}]}",
               "/v1/financing_requests/" OTHER,
               WORDS("sale or pledge, 1 claim, 9.00 CNY, until T\n", "8.00"));
}

static void test_a_lineage_is_shown_as_a_tree(void **state)
{
    (void)state;
    expect_get("lineage", WORDS(CLAIM),
               OK_JSON
               "{\"root\":\"R\",\"items\":[{\"id\":\"R\",\"parent\":null,\"hop\":0},"
               "{\"id\":\"B\",\"parent\":\"R\",\"hop\":1},{\"id\":\"A\",\"parent\":\"R\",\"hop\":0},"
               "{\"id\":\"BB\",\"parent\":\"B\",\"hop\":1},{\"id\":\"X\",\"parent\":\"X\",\"hop\":1}]}",
               "/v1/claims/" CLAIM "/lineage?limit=1000", WORDS("\nR ", "\n  B ", "\n    BB ", "\n  A "));
}

/* A history of more entries than one page holds, as far as it is asked for. */
static void test_pages_are_put_together(void **state)
{
    (void)state;
    static const char THING[] = OK_JSON "{\"id\":\"" CLAIM "\"}";
    static const char FIRST[] = OK_JSON "{\"items\":[{\"seq\":7,\"type\":\"claim.accepted\",\"at\":\"T\"},"
                                        "{\"seq\":8,\"type\":\"claim.disputed\",\"at\":\"T\"}],"
                                        "\"next_cursor\":\"x+y\"}";
    static const char LAST[] = OK_JSON "{\"items\":[{\"seq\":9,\"type\":\"claim.frozen\",\"at\":\"T\"}],"
                                       "\"next_cursor\":null}";
    static const char BEYOND[] = OK_JSON "{\"items\":[{\"seq\":9,\"type\":\"claim.frozen\",\"at\":\"T\"}],"
                                         "\"next_cursor\":\"z\"}";
    static const struct {
        const char *limit, *last, *targets[2];
        bool more;
    } cases[] = {
        {NULL, LAST, {"?order=desc&limit=200", "?order=desc&limit=200&cursor=x%2By"}, false},
        {"3", LAST, {"?order=desc&limit=3", "?order=desc&limit=1&cursor=x%2By"}, false},
        {"3", BEYOND, {"?order=desc&limit=3", "?order=desc&limit=1&cursor=x%2By"}, true},
        {"2", NULL, {"?order=desc&limit=2", NULL}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        canned server = {.answers = {THING, FIRST, cases[i].last}};
        client c = new_client("show claim");
        client_exit code;
        assert_int_equal(
            parse(&c, cases[i].limit ? WORDS(CLAIM, "--history", "--order", "desc", "--limit", cases[i].limit)
                                     : WORDS(CLAIM, "--history", "--order", "desc")),
            CLIENT_OK);
        canned_open(&server);
        c.config.url = server.url;
        char *output = captured(&c, run_command, &code);
        canned_close(&server);
        assert_int_equal(code, CLIENT_OK);
        for (size_t at = 0; at < 2 && cases[i].targets[at]; at++) {
            const char *line = lg_arena_printf(c.arena, "GET /v1/claims/" CLAIM "/history%s HTTP/1.1\r\n",
                                               cases[i].targets[at]);
            assert_memory_equal(server.requests[1 + at], line, strlen(line));
        }
        assert_non_null(strstr(output, "entry 8  claim.disputed"));
        assert_int_equal(strstr(output, "entry 9  claim.frozen") != NULL, cases[i].last != NULL);
        assert_int_equal(strstr(output, "more: --limit") != NULL, cases[i].more);
        client_http_close(c.http);
        end_client(&c);
    }
}

static void test_a_certificate_that_does_not_hold_is_not_kept(void **state)
{
    (void)state;
    canned server = {
        .answers = {
            OK_JSON
            "{\"claim\":{},\"entries\":[{\"seq\":1,\"leaf\":\"\",\"entry\":\"{}\",\"proof\":\"\"}]}"}};
    client c = new_client("certificate");
    assert_int_equal(parse(&c, WORDS(CLAIM, "--at", "2027-01-01T00:00:00Z", "--out", "/nonexistent/x")),
                     CLIENT_OK);
    canned_open(&server);
    c.config.url = server.url;
    assert_int_equal(c.command->run(&c), CLIENT_UNVERIFIED);
    canned_close(&server);
    assert_non_null(
        strstr(server.requests[0], "GET /v1/claims/" CLAIM "/certificate?at=2027-01-01T00%3A00%3A00Z HTTP"));
    client_http_close(c.http);
    end_client(&c);
}

/* ---- CSV ---- */

static client_exit export_to(client *c, canned *server, const char *path)
{
    client_exit code;
    assert_int_equal(parse(c, WORDS("--currency", "CNY", "--csv", path)), CLIENT_OK);
    canned_open(server);
    c->config.url = server->url;
    c->config.token = "ts_test";
    c->attempts = 2;
    c->json = true;
    captured(c, run_command, &code);
    canned_close(server);
    assert_non_null(strstr(server->requests[0], "GET /v1/claims.csv?currency=CNY HTTP/1.1"));
    assert_non_null(strstr(server->requests[0], "Authorization: Bearer ts_test"));
    return code;
}

static void test_an_export_has_its_name_only_when_it_is_whole(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *content;
        client_exit code;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\nid,note\n1,\"a\"\n",
         "id,note\n1,\"a\"\n", CLIENT_OK},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\nid\n1\n", "before",
         CLIENT_UNREACHABLE},
        {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{\"title\":\"Bad query\"}", "before",
         CLIENT_REFUSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char folder[] = "/tmp/tallystick-test-XXXXXX";
        canned server = {.answers = {cases[i].answer}};
        client c = new_client("list claims");
        lg_bytes got;
        assert_non_null(mkdtemp(folder));
        const char *path = lg_arena_printf(c.arena, "%s/claims.csv", folder);
        assert_int_equal(client_file_write(&c, path, 0600, lg_bytes_str("before")), CLIENT_OK);
        assert_int_equal(export_to(&c, &server, path), cases[i].code);
        assert_int_equal(client_file_read(&c, c.arena, path, 100, &got), CLIENT_OK);
        assert_string_equal(lg_arena_strndup(c.arena, (const char *)got.data, got.len), cases[i].content);
        unlink(path);
        assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
        client_http_close(c.http);
        end_client(&c);
    }
}

static void test_rates_are_shown_in_percent(void **state)
{
    (void)state;
    client c = new_client("version");
    assert_string_equal(client_percent(c.arena, 43500), "4.35%");
    assert_string_equal(client_percent(c.arena, 800000), "80%");
    assert_string_equal(client_percent(c.arena, 1), "0.0001%");
    assert_string_equal(client_percent(c.arena, 0), "0%");
    end_client(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_posting_row_of_the_menu_says_what_it_sends),
        cmocka_unit_test(test_commands_send_what_was_typed),
        cmocka_unit_test(test_what_cannot_be_meant_is_not_sent),
        cmocka_unit_test(test_lists_pass_their_filters_on),
        cmocka_unit_test(test_things_are_told_in_a_sentence),
        cmocka_unit_test(test_a_lineage_is_shown_as_a_tree),
        cmocka_unit_test(test_pages_are_put_together),
        cmocka_unit_test(test_a_certificate_that_does_not_hold_is_not_kept),
        cmocka_unit_test(test_an_export_has_its_name_only_when_it_is_whole),
        cmocka_unit_test(test_rates_are_shown_in_percent),
    };
    return cmocka_run_group_tests_name("client commands", tests, set_up, NULL);
}
