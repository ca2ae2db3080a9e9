/* The audit: a registry made through the library is clean; and whatever is changed in its files is found and
 * named. */
#include "tests/unit/custody_story.h"

#include "ledger/base/json.h"
#include "ledger/registry/internal.h"
#include "ledger/store/pack.h"
#include "server/server.h"

#include <fcntl.h>
#include <sqlite3.h>

static rig *r;
static actor lender, tier2;
static lg_uuid kept_claim;
static lg_uuid waiting_receivable; /* for the external verifier */
static char database[96], head[96];
static char *whole;
static size_t whole_len;

/* A claim's life: divided, passed on, financed, paid, credited; so that no table stays empty. */
static const char *claim_url(const lg_claim *claim, const char *what)
{
    return lg_arena_printf(r->arena, "/v1/claims/%s/%s", lg_uuid_format(claim->id.uuid).s, what);
}

static const char *open_program(const char *kind, const char *recourse)
{
    OK(act_as(
        r, &lender, LG_CMD_PROGRAM_OPEN, "/v1/programs",
        lg_arena_printf(r->arena,
                        "{\"name\":\"Core\",\"kind\":\"%s\",\"recourse\":%s,\"currency\":\"CNY\","
                        "\"debtors\":[\"%s\"],\"tenor_max_days\":180,\"amount_min\":\"1.00\","
                        "\"amount_max\":\"9000.00\",\"advance_rate_ppm\":800000,\"annual_rate_ppm\":45000,"
                        "\"day_count\":360,\"total_limit\":\"9000.00\",\"debtor_limit\":\"5000.00\","
                        "\"valid_until\":\"2999-01-01T00:00:00Z\"}",
                        kind, recourse, r->buyer.id_text)));
    return lg_arena_strdup(r->arena, lg_uuid_format(r->outcome.results[0].program->id.uuid).s);
}

/* An act that records several entries: its answer is one, about what all of them left. */
static void act_several_times_at_once(const actor *holder, const char *claim)
{
    const char *ids[4]; /* of one lender, one offer of a kind */
    for (int i = 0; i < 4; i++)
        ids[i] = open_program(i % 2 ? "sale" : "pledge", i / 2 ? "true" : "false");
    OK(act_as(r, holder, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
              lg_arena_printf(r->arena, "{\"claims\":[\"%s\"],\"pay_to\":\"DE02 1203\"}", claim)));
    const int64_t first = r->outcome.results[0].entry.seq;
    assert_int_equal(r->outcome.results[0].offer_count, 4);
    assert_int_equal(r->outcome.entry_count, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(r->outcome.entries[i].seq, first + i);
    OK(act_as(r, holder, LG_CMD_REQUEST_WITHDRAW,
              lg_arena_printf(r->arena, "/v1/financing_requests/%s/withdraw",
                              lg_uuid_format(r->outcome.results[0].request->id.uuid).s),
              "{}"));
    for (int i = 0; i < 4; i++)
        OK(act_as(r, &lender, LG_CMD_PROGRAM_CLOSE,
                  lg_arena_printf(r->arena, "/v1/programs/%s/close", ids[i]), "{}"));
}

static void finance(const actor *holder, const char *claim)
{
    open_program("sale", "true");
    OK(act_as(r, holder, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
              lg_arena_printf(r->arena, "{\"claims\":[\"%s\"],\"lenders\":[\"%s\"],\"pay_to\":\"DE02 1203\"}",
                              claim, lender.id_text)));
    assert_int_equal(r->outcome.results[0].offer_count, 1);
    OK(act_as(r, holder, LG_CMD_OFFER_ACCEPT,
              lg_arena_printf(r->arena, "/v1/offers/%s/accept",
                              lg_uuid_format(r->outcome.results[0].offers[0].id.uuid).s),
              "{}"));
    OK(act_as(r, &lender, LG_CMD_FINANCING_DISBURSE,
              lg_arena_printf(r->arena, "/v1/financings/%s/disburse",
                              lg_uuid_format(r->outcome.results[0].financing->id.uuid).s),
              "{\"bank_reference\":\"B-1\",\"registration_number\":\"ZD-1\"}"));
}

static void disclose(const char *claim, const lg_receivable *sold)
{
    OK(act_as(r, &r->supplier, LG_CMD_GRANT_MAKE, "/v1/grants",
              lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"participant\":\"%s\",\"fields\":[\"amounts\"]}",
                              claim, lender.id_text)));
    OK(act_as(r, &lender, LG_CMD_INVOICE_CHECK, "/v1/checks",
              lg_arena_printf(
                  r->arena,
                  "{\"seller\":{\"participant\":\"%s\"},\"buyer\":{\"participant\":\"%s\"},"
                  "\"number\":\"%s\",\"issue_date\":\"%s\",\"currency\":\"CNY\",\"gross_amount\":\"%s\"}",
                  r->supplier.id_text, r->buyer.id_text, sold->invoice_number,
                  lg_day_format(sold->issue_day).s, lg_amount_format(sold->gross_minor, sold->currency).s)));
    assert_true(r->outcome.results[0].check_registered);
}

static void act_out_a_claims_life(void)
{
    enroll(r, &lender, "Bank", "lender");
    enroll(r, &tier2, "Tier 2", "supplier");
    submit_fresh(r);
    OK(act_as(r, &r->buyer, LG_CMD_CONFIRM, receivable_url(r, "confirm"), "{\"amount\":\"1000.00\"}"));
    const lg_receivable sold = r->outcome.results[0].receivable;
    const lg_claim root = r->outcome.results[0].claim;
    OK(act_as(r, &r->supplier, LG_CMD_CLAIM_SPLIT, claim_url(&root, "split"),
              "{\"parts\":[{\"amount\":\"400.00\"},{\"amount\":\"600.00\"}]}"));
    assert_int_equal(r->outcome.results[0].claim_count, 2);
    const lg_claim passed = r->outcome.results[0].claims[0], kept = r->outcome.results[0].claims[1];
    OK(act_as(r, &r->supplier, LG_CMD_CLAIM_TRANSFER, claim_url(&passed, "transfer"),
              lg_arena_printf(r->arena, "{\"recipients\":[{\"participant\":\"%s\"}]}", tier2.id_text)));
    OK(act_as(r, &tier2, LG_CMD_TRANSFER_ACCEPT, claim_url(&passed, "accept_transfer"), "{}"));
    const char *passed_id = lg_arena_strdup(r->arena, lg_uuid_format(passed.id.uuid).s);
    const char *kept_id = lg_arena_strdup(r->arena, lg_uuid_format(kept.id.uuid).s);
    kept_claim = kept.id.uuid;
    act_several_times_at_once(&r->supplier, kept_id);
    disclose(kept_id, &sold);
    finance(&tier2, passed_id);
    OK(act_as(r, &r->buyer, LG_CMD_PAYMENT_RECORD, "/v1/payments",
              lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"amount\":\"100.01\",\"bank_reference\":\"P-1\"}",
                              kept_id)));
    OK(act_as(r, &r->supplier, LG_CMD_PROPOSAL_MAKE, "/v1/proposals",
              lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"kind\":\"credit_note\",\"amount\":\"10.00\"}",
                              kept_id)));
    OK(act_as(r, &r->buyer, LG_CMD_PROPOSAL_ACCEPT,
              lg_arena_printf(r->arena, "/v1/proposals/%s/accept",
                              lg_uuid_format(r->outcome.results[0].proposal->id.uuid).s),
              "{}"));
    OK(act_as(r, &lender, LG_CMD_WEBHOOK_REGISTER, "/v1/webhooks",
              "{\"url\":\"https://lender.example.com/hook\",\"events\":[\"financing.\"]}"));
    lg_signing_key_close(lender.key);
    lg_signing_key_close(tier2.key);
}

/* One that the external verifier finds genuine, and one that it has not answered. */
static void verify_some(void)
{
    change_policy(r, "external_verifier", "{\"mode\":\"required\",\"within_seconds\":86400}");
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r)));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_HELD);
    OK(act_as(r, &r->operator, LG_CMD_VERIFY,
              lg_arena_printf(r->arena, "/v1/reviews/%s/verify",
                              lg_uuid_format(r->outcome.results[0].receivable.id.uuid).s),
              "{\"answer\":\"genuine\",\"reference\":\"T-1\",\"answered_at\":\"2026-11-22T01:02:03Z\"}"));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_REGISTERED);
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r)));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_HELD);
    waiting_receivable = r->outcome.results[0].receivable.id.uuid;
    change_policy(r, "external_verifier", "{\"mode\":\"off\",\"within_seconds\":1}");
}

/* A confirmation that two tokens must give, and one of them gave. */
static void act_in_custody(void)
{
    const lg_uuid key = {{0}};
    const actor buyer = r->buyer;
    enroll_in_custody(r, &r->buyer, "Northgate", "core_enterprise");
    lg_uuid token = issue_token(r, &r->operator, key, &r->buyer, "{\"CNY\":\"5000.00\"}");
    OK(act_with(r, &r->buyer, token, LG_CMD_FOUR_EYES_SET, four_eyes_url(r, &r->buyer),
                "{\"currency\":\"CNY\",\"above\":\"100.00\"}"));
    submit_fresh(r);
    OK(act_with(r, &r->buyer, token, LG_CMD_CONFIRM, receivable_url(r, "confirm"), "{}"));
    assert_int_equal(r->outcome.status, 202);
    lg_signing_key_close(r->buyer.key);
    r->buyer = buyer;
}

static void act_out_a_story(void)
{
    enroll_all(r);
    const char *buyer = lg_arena_printf(r->arena, "/v1/participants/%s", r->buyer.id_text);
    const char *url = lg_arena_printf(r->arena, "%s/credit_line", buyer);
    OK(act_as(r, &r->operator, LG_CMD_CREDIT_LINE_SET, url,
              "{\"currency\":\"CNY\",\"limit\":\"500000.00\"}"));
    OK(act_as(r, &r->operator, LG_CMD_CREDIT_LINE_SET, url, "{\"currency\":\"EUR\",\"limit\":\"1.00\"}"));
    OK(act_as(r, &r->operator, LG_CMD_CREDIT_LINE_SET, url, "{\"currency\":\"EUR\",\"limit\":null}"));
    lg_signing_key *spare = lg_signing_key_new();
    lg_public_key spare_public = lg_signing_key_public(spare);
    OK(act_as(r, &r->buyer, LG_CMD_KEY_ADD, lg_arena_printf(r->arena, "%s/keys", buyer),
              lg_arena_printf(r->arena, "{\"public_key\":\"%s\"}", rig_public_text(r, spare))));
    OK(act_as(r, &r->buyer, LG_CMD_KEY_REVOKE,
              lg_arena_printf(r->arena, "%s/keys/%s/revoke", buyer, lg_kid_of(&spare_public).s),
              "{\"reason\":\"lost\"}"));
    lg_signing_key_close(spare);
    OK(act_as(r, &r->supplier, LG_CMD_TOKEN_ISSUE, "/v1/tokens",
              lg_arena_printf(r->arena,
                              "{\"participant\":\"%s\",\"token_sha256\":\"%064d\",\"scopes\":[\"read\"],"
                              "\"expires_at\":\"2999-01-01T00:00:00Z\",\"label\":\"till\"}",
                              r->supplier.id_text, 7)));
    const char *token = lg_uuid_format(r->outcome.results[0].token.id.uuid).s;
    OK(act_as(r, &r->supplier, LG_CMD_TOKEN_REVOKE, lg_arena_printf(r->arena, "/v1/tokens/%s/revoke", token),
              "{}"));
    submit_fresh(r);
    OK(act_as(r, &r->buyer, LG_CMD_CONFIRM, receivable_url(r, "confirm"),
              "{\"amount\":\"900.00\",\"note\":\"less\"}"));
    submit_fresh(r);
    OK(act_as(r, &r->buyer, LG_CMD_DECLINE, receivable_url(r, "reject"), "{\"reason\":\"duplicate\"}"));
    submit_fresh(r);
    OK(act_as(r, &r->supplier, LG_CMD_WITHDRAW, receivable_url(r, "withdraw"), "{}"));
    OK(act_together(r, &r->supplier, &r->buyer, LG_CMD_SUBMIT, "/v1/receivables", NULL, fresh_invoice(r)));
    change_policy(r, "tenor_max_days", "200");
    const char *alike = invoice_named(r, "lk-00012", "77.00", "");
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", invoice_named(r, "LK-12", "77.00", "")));
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", alike));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_HELD);
    const char *review = lg_arena_printf(r->arena, "/v1/reviews/%s/approve",
                                         lg_uuid_format(r->outcome.results[0].receivable.id.uuid).s);
    OK(act_as(r, &r->reviewer, LG_CMD_REVIEW_APPROVE, review, "{\"note\":\"another one\"}"));
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", alike)); /* rejected: used */
    assert_int_equal(r->outcome.status, 422);
    verify_some();
    act_out_a_claims_life();
    act_in_custody();
    OK(act_as(r, &r->operator, LG_CMD_DEBTOR_STOP, lg_arena_printf(r->arena, "%s/stop", buyer),
              "{\"reason\":\"late\"}"));
    OK(act_as(r, &r->operator, LG_CMD_PARTICIPANT_SUSPEND, lg_arena_printf(r->arena, "%s/suspend", buyer),
              "{\"reason\":\"late\"}"));
}

/* A CSV whose second row cannot be read: one command, two entries. */
static void submit_a_file(void)
{
    const char *csv = lg_arena_printf(
        r->arena,
        "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n"
        "CSV-1,%s,%s,CNY,10.01,%s,%s\nCSV-2,never,%s,CNY,10.02,%s,%s\nCSV-3,%s,%s,CNY,10.03,%s,%s\n",
        day_from_today(r, -3), day_from_today(r, 30), r->supplier.id_text, r->buyer.id_text,
        day_from_today(r, 30), r->supplier.id_text, r->buyer.id_text, day_from_today(r, -3),
        day_from_today(r, 31), r->supplier.id_text, r->buyer.id_text);
    const lg_jws_header header = rig_header("/v1/receivables", "text/csv");
    OK(rig_send(r, LG_CMD_SUBMIT, "/v1/receivables",
                lg_jws_compose(r->arena, r->supplier.key, &header, lg_bytes_str(csv))));
    assert_int_equal(r->outcome.count, 3);
    IS(r->outcome.results[1].err, LG_INVALID_FIELDS);
}

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

static void save_file(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

static int make_registry(void **state)
{
    (void)state;
    r = rig_open();
    act_out_a_story();
    rig_detach(r);
    rig_attach(r); /* opening anew leaves nothing to find either */
    submit_a_file();
    rig_detach(r);
    snprintf(database, sizeof database, "%s/ledger.db", r->dir);
    snprintf(head, sizeof head, "%s/head", r->dir);
    int fd = open(database, O_RDONLY);
    whole_len = (size_t)lseek(fd, 0, SEEK_END);
    whole = malloc(whole_len);
    assert_int_equal(pread(fd, whole, whole_len, 0), (ssize_t)whole_len);
    close(fd);
    return 0;
}

static int drop_registry(void **state)
{
    (void)state;
    free(whole);
    rig_close(r);
    return 0;
}

/* SQL's unpacked(BLOB): the text of a packed column. */
static void sql_unpacked(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    lg_packer *packer = lg_packer_open();
    lg_bytes text;
    assert_int_equal(
        lg_unpack(packer, lg_bytes_of(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0])),
                  r->arena, &text),
        LG_OK);
    sqlite3_result_text(context, (const char *)text.data, (int)text.len, SQLITE_TRANSIENT);
    lg_packer_close(packer);
}

/* And packed(TEXT), as disclosures are. */
static void sql_packed(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    lg_packer *packer = lg_packer_open();
    lg_bytes packed =
        lg_pack(packer, LG_PACK_DISCLOSURES, lg_bytes_str((const char *)sqlite3_value_text(values[0])));
    sqlite3_result_blob(context, packed.data, (int)packed.len, SQLITE_TRANSIENT);
    lg_packer_close(packer);
}

/* Past the authorizer, the triggers and the foreign keys. */
static void tamper(const char *sql)
{
    sqlite3 *handle;
    char *said = NULL;
    save_file(database, whole, whole_len);
    assert_int_equal(sqlite3_open(database, &handle), SQLITE_OK);
    sqlite3_create_function(handle, "unpacked", 1, SQLITE_UTF8, NULL, sql_unpacked, NULL, NULL);
    sqlite3_create_function(handle, "packed", 1, SQLITE_UTF8, NULL, sql_packed, NULL, NULL);
    for (const char *table = "entries\0commands\0nodes\0checkpoints\0"; *table; table += strlen(table) + 1) {
        char drop[200];
        snprintf(drop, sizeof drop,
                 "DROP TRIGGER %s_keep; DROP TRIGGER %s_stay; PRAGMA ignore_check_constraints = ON", table,
                 table);
        assert_int_equal(sqlite3_exec(handle, drop, NULL, NULL, NULL), SQLITE_OK);
    }
    if (sqlite3_exec(handle, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    if (strncmp(sql, "SELECT", 6) != 0 && sqlite3_total_changes(handle) == 0)
        fail_msg("changed nothing: %s", sql);
    sqlite3_close(handle);
}

static json_t *audit(const char *sql, lg_err expected)
{
    char *text = NULL;
    lg_report report;
    lg_report_init(&report, r->arena);
    lg_err err = server_audit(r->dir, r->arena, &text, NULL, NULL, &report);
    if (err != expected)
        fail_msg("%s: %s: %s %s", sql, lg_err_slug(err), report.detail ? report.detail : "",
                 text ? text : "");
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

/* The audit finds this, in words that name the table and say what is wrong there. */
static void found(const char *sql, const char *table, const char *words)
{
    tamper(sql);
    json_t *json = audit(sql, LG_CORRUPT), *finding;
    size_t i;
    bool named = false;
    json_array_foreach(json_object_get(json, "findings"), i, finding)
    {
        const char *in = json_string_value(json_object_get(finding, "table"));
        const char *detail = json_string_value(json_object_get(finding, "detail"));
        named = named || (strcmp(in, table) == 0 && strstr(detail, words));
    }
    if (!named)
        fail_msg("%s: not found in %s as \"%s\": %s", sql, table, words,
                 json_dumps(json_object_get(json, "findings"), JSON_COMPACT));
    json_decref(json);
}

static void the_untouched_one_is_clean(void **state)
{
    (void)state;
    tamper("SELECT 1");
    json_t *json = audit("nothing changed", LG_OK), *rows;
    const char *table;
    assert_true(json_is_true(json_object_get(json, "ok")));
    assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
    json_object_foreach(json_object_get(json, "tables"), table, rows)
    {
        if (json_integer_value(rows) == 0)
            fail_msg("the story leaves %s empty", table);
    }
    json_int_t entries = json_integer_value(json_object_get(json, "entries"));
    assert_int_equal(json_integer_value(json_object_get(json, "commands")),
                     entries - 7); /* the CSV made two, one act five, an offer came with a request; a
                                      credit note with its last signature */
    json_decref(json);
}

static void the_ledger_itself(void **state)
{
    (void)state;
    found("UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), '\"v\":1', '\"v\":2') AS BLOB) WHERE "
          "seq = 5",
          "entries", "are not an entry");
    found("UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), '\"seq\":5', '\"seq\":6') AS BLOB) "
          "WHERE seq = 5",
          "entries", "says it is number 6");
    found("UPDATE entries SET body = CAST(CAST(body AS TEXT) || ' ' AS BLOB) WHERE seq = 5", "entries",
          "are not an entry");
    found("UPDATE entries SET body = (SELECT body FROM entries WHERE seq = 4) WHERE seq = 5", "entries",
          "chain is broken");
    found("DELETE FROM entries WHERE seq = 5", "entries", "the entry is missing");
    found("DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)", "checkpoints",
          "the entries are fewer");
    found("INSERT INTO entries SELECT max(seq) + 1, body FROM entries", "checkpoints", "does not cover");
    found("INSERT INTO entries SELECT 9007199254740990, body FROM entries WHERE seq = 1", "entries",
          "beyond the end");
    found("UPDATE disclosures SET body = packed(replace(unpacked(body), 'W', 'X')) WHERE seq = 6",
          "disclosures", "does not belong");
    found("UPDATE disclosures SET body = packed(substr(unpacked(body), instr(unpacked(body), '~') + 1)) "
          "WHERE seq = 6",
          "disclosures", "facts are there");
    found("UPDATE disclosures SET body = substr(body, 1, 20) WHERE seq = 6", "disclosures",
          "cannot be unpacked");
    found("UPDATE disclosures SET body = x'ff' WHERE seq = 6", "disclosures", "cannot be unpacked");
    found("UPDATE disclosures SET body = x'' WHERE seq = 6", "disclosures", "cannot be unpacked");
    found("DELETE FROM disclosures WHERE seq = 6", "disclosures", "facts are there");
    found("UPDATE disclosures SET body = (SELECT body FROM disclosures WHERE seq = 7) WHERE seq = 6",
          "disclosures", "does not belong");
    found("INSERT INTO disclosures SELECT max(seq) + 1, x'0078' FROM entries", "disclosures",
          "belong to no entry");
}

static void the_commands(void **state)
{
    (void)state;
    found("UPDATE commands SET texts = packed(replace(unpacked(texts), '\"signature\":\"', "
          "'\"signature\":\"A')), jws_len = jws_len + 1 WHERE first_seq = 6",
          "commands", "do not hash to the entry's req");
    found("UPDATE commands SET jws_len = jws_len + 1 WHERE first_seq = 6", "commands",
          "not a signed command");
    found("UPDATE commands SET (texts, jws_len) = (SELECT texts, jws_len FROM commands WHERE first_seq = 7) "
          "WHERE first_seq = 6",
          "commands", "jti beside the command");
    found("UPDATE commands SET texts = x'00', jws_len = 0 WHERE first_seq = 6", "commands",
          "not a signed command");
    found("UPDATE commands SET texts = substr(texts, 1, 100) WHERE first_seq = 6", "commands",
          "cannot be unpacked");
    found("UPDATE commands SET texts = x'' WHERE first_seq = 6", "commands", "cannot be unpacked");
    found("UPDATE commands SET jws_len = jws_len + 100000 WHERE first_seq = 6", "commands",
          "cannot be unpacked");
    found("UPDATE commands SET jws_len = -1 WHERE first_seq = 6", "commands", "cannot be unpacked");
    found("UPDATE commands SET jti = 'AAAAAAAAAAAAAAAAAAAAAA' WHERE first_seq = 6", "commands",
          "jti beside the command");
    found("UPDATE commands SET jti_key = jti_key + 1 WHERE first_seq = 6", "commands", "jti_key");
    found("UPDATE commands SET url = '/v1/policy' WHERE first_seq = 6", "commands", "url is not");
    found("UPDATE commands SET signer_no = signer_no + 1 WHERE first_seq = 6", "commands",
          "signer beside the command");
    found("UPDATE commands SET status = 202 WHERE first_seq = 6", "commands", "status");
    found("UPDATE commands SET texts = packed(substr(unpacked(texts), 1, jws_len) || "
          "replace(substr(unpacked(texts), jws_len + 1), 'a', 'b')) WHERE first_seq = 6",
          "commands", "stored answer");
    found("UPDATE commands SET texts = packed(substr(unpacked(texts), 1, jws_len)) WHERE first_seq = 6",
          "commands", "stored answer");
    found("UPDATE commands SET entry_count = 2 WHERE first_seq = 6", "commands", "do not hash");
    found("UPDATE commands SET entry_count = 4611686018427387904 WHERE first_seq = 6", "commands",
          "the ledger ends before");
    found("UPDATE commands SET entry_count = 1 WHERE entry_count = 2", "commands", "no command begins");
    found("DELETE FROM commands WHERE first_seq = 6", "commands", "no command begins");
    found(
        "INSERT INTO commands SELECT first_seq + 1, 1, signer_no, jti_key, jti, url, status, jws_len, texts "
        "FROM commands"
        " WHERE entry_count = 2",
        "commands", "were caused by");
}

static void tree_head_and_right(void **state)
{
    (void)state;
    found("UPDATE nodes SET hash = zeroblob(32) WHERE level = 0 AND n = 3", "nodes", "hash is 0000");
    found("DELETE FROM nodes WHERE level = 0 AND n = 3", "nodes", "row is missing");
    found("INSERT INTO nodes VALUES (1, 0, zeroblob(32))", "nodes", "not of the ledger's making");
    found("UPDATE checkpoints SET root = zeroblob(32) WHERE size = 5", "checkpoints", "root is not that");
    found("DELETE FROM checkpoints WHERE size = 5", "checkpoints", "commits");
    found("INSERT INTO checkpoints VALUES (99999, zeroblob(32))", "checkpoints", "the entries are fewer");
    found("UPDATE writer SET seq = seq - 1", "writer", "does not name the last entry");
    found("UPDATE writer SET hash = zeroblob(32)", "writer", "does not name the last entry");
}

/* One value of every column that anything rests on. */
static void every_projection(void **state)
{
    (void)state;
    static const char *const values[][2] = {
        {"participants", "name = 'Mallory'"},
        {"participants", "country = 'ZZ'"},
        {"participants", "group_name = 'G'"},
        {"participants", "roles = roles | 256"},
        {"participants", "suspended = 1 - suspended"},
        {"participants", "stopped = 1 - stopped"},
        {"participants", "registered_at = 1"},
        {"participants", "last_seq = 0"},
        {"participants", "id = zeroblob(16)"},
        {"keys", "public_key = zeroblob(32)"},
        {"keys", "custody = 1 - custody"},
        {"keys", "valid_from = 1"},
        {"keys", "valid_until = 1"},
        {"keys", "revoked_at = 1"},
        {"tokens", "token_sha256 = zeroblob(32)"},
        {"tokens", "scopes = 1"},
        {"tokens", "expires_at = 1"},
        {"tokens", "revoked_at = 1"},
        {"tokens", "line_no = 1"},
        {"token_limits", "limit_minor = limit_minor + 1"},
        {"four_eyes", "above_minor = above_minor + 1"},
        {"approvals", "status = 'given'"},
        {"approvals", "amount_minor = 1"},
        {"credit_lines", "limit_minor = limit_minor + 1"},
        {"exposures", "used_minor = used_minor - 1"},
        {"policies", "body = replace(body, '365', '366')"},
        {"receivables", "amount_minor = amount_minor + 1"},
        {"receivables", "gross_minor = gross_minor + 1"},
        {"receivables", "confirmed_minor = 7"},
        {"receivables", "due_day = due_day + 1"},
        {"receivables", "invoice_number = 'X'"},
        {"receivables", "life = 'expired'"},
        {"receivables", "document_sha256 = zeroblob(32)"},
        {"receivables", "checks = '[]'"},
        {"receivables", "decision_note = 'no'"},
        {"receivables", "fingerprint = NULL"},
        {"receivables", "fingerprint = zeroblob(16)"},
        {"receivables", "number_key = 1"},
        {"receivables", "similar_key = 1"},
        {"receivables", "verified = 1"},
        {"verifications", "state = 'overtaken'"},
        {"verifications", "verify_by = verify_by + 1"},
        {"verifications", "answer = 'unknown'"},
        {"verifications", "outcome = 'warn'"},
        {"verifications", "reference = 'T-2'"},
        {"verifications", "hindered_by = 'credit_line'"},
        {"claims", "face_minor = face_minor + 1"},
        {"claims", "outstanding_minor = outstanding_minor - 1"},
        {"claims", "holder_no = holder_no + 1"},
        {"claims", "locks = 1"},
        {"claims", "encumbrance = 'sold'"},
        {"claims", "life = 'void'"},
        {"claims", "paid_minor = paid_minor + 1"},
        {"claims", "encumbrance = 'pledged'"},
        {"claims", "next_age_day = 1"},
        {"grants", "fields = 511"},
        {"grants", "revoked_at = 1"},
        {"programs", "drawn_minor = drawn_minor - 1"},
        {"programs", "total_limit_minor = total_limit_minor + 1"},
        {"requests", "status = 'open'"},
        {"requests", "pay_to = 'elsewhere'"},
        {"offers", "advance_minor = advance_minor + 1"},
        {"offers", "status = 'lapsed'"},
        {"financings", "bank_reference = 'X'"},
        {"financings", "status = 'repaid'"},
        {"payments", "excess_minor = 1"},
        {"payments", "bank_reference = 'X'"},
        {"proposals", "status = 'open'"},
        {"webhooks", "url = 'https://elsewhere.example.com'"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *table = values[i][0], *change = values[i][1];
        const char *key = strcmp(table, "keys") == 0           ? "kid"
                          : strcmp(table, "credit_lines") == 0 ? "participant_no"
                          : strcmp(table, "exposures") == 0    ? "participant_no"
                          : strcmp(table, "four_eyes") == 0    ? "participant_no"
                          : strcmp(table, "token_limits") == 0 ? "token_no"
                                                               : "rowid";
        const char *column = lg_arena_strndup(r->arena, change, strcspn(change, " "));
        const char *where = strncmp(change, "fingerprint", 11) == 0 ? " WHERE fingerprint IS NOT NULL" : "";
        const char *pick = strcmp(table, "policies") == 0 ? "min" : "max";
        if (strcmp(table, "keys") == 0 && strncmp(change, "revoked", 7) == 0)
            where = " WHERE revoked_at IS NULL";
        found(lg_arena_printf(r->arena, "UPDATE %s SET %s WHERE %s = (SELECT %s(%s) FROM %s%s)", table,
                              change, key, pick, key, table, where),
              table, lg_arena_printf(r->arena, "%s is ", column));
    }
}

static void missing_and_extra_rows(void **state)
{
    (void)state;
    static const char *const tables[] = {
        "participants",    "identifiers",    "keys",         "tokens",
        "credit_lines",    "exposures",      "policies",     "receivables",
        "claims",          "history",        "parties",      "claim_versions",
        "claim_views",     "grants",         "check_counts", "programs",
        "program_debtors", "program_draws",  "requests",     "request_claims",
        "request_lenders", "offers",         "financings",   "financing_claims",
        "payments",        "payment_shares", "proposals",    "proposal_signers",
        "webhooks",        "verifications",  "token_limits", "four_eyes",
        "approvals"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        found(lg_arena_printf(r->arena, "DELETE FROM %s", tables[i]), tables[i], "the row is missing");
    static const char *const extra[][2] = {
        {"identifiers", "INSERT INTO identifiers SELECT 'lei', '', participant_no FROM participants LIMIT 1"},
        {"identifiers",
         "INSERT INTO identifiers SELECT 'lei', 'X', participant_no FROM participants LIMIT 1"},
        {"participants",
         "INSERT INTO participants SELECT 9999, zeroblob(16), 'M', NULL, NULL, 256, 0, 0, NULL, NULL, 1, 1"},
        {"keys", "INSERT INTO keys SELECT 'kid', 1, participant_no, zeroblob(32), 0, 1, NULL, NULL FROM "
                 "participants LIMIT 1"},
        {"credit_lines",
         "INSERT INTO credit_lines SELECT participant_no, 'USD', 1 FROM participants LIMIT 1"},
        {"exposures", "INSERT INTO exposures SELECT participant_no, 'USD', 1 FROM participants LIMIT 1"},
        {"policies", "INSERT INTO policies SELECT 99, set_seq, set_at, body FROM policies WHERE version = 1"},
        {"history", "INSERT INTO history VALUES (1, 2)"},
        {"parties", "INSERT INTO parties VALUES (0, 128, 0)"},
        {"parties", "UPDATE parties SET share = 1 WHERE seq = (SELECT max(seq) FROM parties)"},
        {"tokens", "INSERT INTO tokens SELECT 9999, zeroblob(16), participant_no, zeroblob(32), 31, NULL, 9, "
                   "NULL, NULL, NULL, 0 FROM tokens LIMIT 1"},
        {"grants",
         "INSERT INTO grants SELECT 9999, zeroblob(16), claim_no, 1, 1, 1, NULL, NULL, 1, NULL FROM grants"},
        {"check_counts", "INSERT INTO check_counts SELECT participant_no, 1, 1 FROM participants LIMIT 1"},
        {"program_draws", "INSERT INTO program_draws SELECT program_no, 1, 0 FROM programs"},
        {"payment_shares", "INSERT INTO payment_shares SELECT payment_no, 1, 1, 1, 1 FROM payments"},
        {"proposal_signers", "INSERT INTO proposal_signers SELECT proposal_no, 99, 1, 1 FROM proposals"},
    };
    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++)
        found(extra[i][1], extra[i][0], "not of the ledger's making");
}

static void the_head_file(void **state)
{
    (void)state;
    char bytes[8192];
    int fd = open(head, O_RDONLY);
    ssize_t len = read(fd, bytes, sizeof bytes);
    assert_true(len > 0);
    close(fd);
    save_file(head, bytes, 10);
    found("UPDATE writer SET holder = 'x'", "head", "cannot be read");
    unlink(head);
    found("UPDATE writer SET holder = 'x'", "head", "cannot be read");
    OK(lg_head_create(head, "other.example.com/x", NULL));
    found("UPDATE writer SET holder = 'x'", "head", "of the ledger other.example.com/x");
    unlink(head);
    lg_head *moved;
    lg_hash root = {{1}};
    OK(lg_head_create(head, ORIGIN, NULL));
    OK(lg_head_open(head, &moved, NULL));
    const lg_checkpoint empty = lg_head_get(moved);
    OK(lg_head_swap(moved, &empty, &(lg_checkpoint){ORIGIN, 3, root}));
    found("UPDATE writer SET holder = 'x'", "head", "root is not that");
    const lg_checkpoint three = lg_head_get(moved);
    OK(lg_head_swap(moved, &three, &(lg_checkpoint){ORIGIN, 100000, root}));
    found("UPDATE writer SET holder = 'x'", "head", "it is older");
    lg_head_close(moved);
    save_file(head, bytes, (size_t)len);
    tamper("SELECT 1");
    json_decref(audit("nothing changed", LG_OK));
}

static void what_cannot_be_audited(void **state)
{
    (void)state;
    char *text;
    lg_report report;
    lg_report_init(&report, r->arena);
    tamper("SELECT 1");
    IS(server_audit("/nonexistent", r->arena, &text, NULL, NULL, &report), LG_NOT_FOUND);
    tamper("PRAGMA user_version = 999; UPDATE writer SET holder = 'x'");
    IS(server_audit(r->dir, r->arena, &text, NULL, NULL, &report), LG_SCHEMA_UNKNOWN);
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
        cmocka_unit_test(the_untouched_one_is_clean),
        cmocka_unit_test(the_ledger_itself),
        cmocka_unit_test(the_commands),
        cmocka_unit_test(tree_head_and_right),
        cmocka_unit_test(every_projection),
        cmocka_unit_test(missing_and_extra_rows),
        cmocka_unit_test(the_head_file),
        cmocka_unit_test(what_the_operator_forges),
        cmocka_unit_test(what_gets_past_the_verifier),
        cmocka_unit_test(what_cannot_be_audited),
    };
    return cmocka_run_group_tests(tests, make_registry, drop_registry);
}
