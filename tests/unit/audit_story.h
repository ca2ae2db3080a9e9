/* A registry in which no table is empty, and what the tests of the audit do to it. */
#ifndef TESTS_AUDIT_STORY_H
#define TESTS_AUDIT_STORY_H

#include "tests/unit/custody_story.h"

#include "ledger/base/json.h"
#include "ledger/registry/internal.h"
#include "ledger/store/entry_pack.h"
#include "ledger/store/pack.h"
#include "server/server.h"

#include <fcntl.h>
#include <sqlite3.h>

enum { WITHDRAWN = 20 }; /* so many that a run of the supplier's entries is full (store/party_runs.h) */

static rig *r;
static actor lender, tier2;
static lg_uuid kept_claim;
static lg_uuid waiting_receivable; /* for the external verifier */
static char database[96], head[96];
static char *whole;
static size_t whole_len;
static const char *state_folder; /* audits go on from the state there; NULL: they look at everything */

/* A claim's life: divided, passed on, financed, paid, credited; so that no table stays empty. */
static inline const char *claim_url(const lg_claim *claim, const char *what)
{
    return lg_arena_printf(r->arena, "/v1/claims/%s/%s", lg_uuid_format(claim->id.uuid).s, what);
}

static inline const char *open_program(const char *kind, const char *recourse)
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
static inline void act_several_times_at_once(const actor *holder, const char *claim)
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

static inline void finance(const actor *holder, const char *claim)
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

static inline void disclose(const char *claim, const lg_receivable *sold)
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

static inline void act_out_a_claims_life(void)
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
static inline void verify_some(void)
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
static inline void act_in_custody(void)
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

static inline void act_out_a_story(void)
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
    for (int i = 0; i < WITHDRAWN; i++) {
        submit_fresh(r);
        OK(act_as(r, &r->supplier, LG_CMD_WITHDRAW, receivable_url(r, "withdraw"), "{}"));
    }
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
static inline void submit_a_file(void)
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

static inline void save_file(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

/* The database as it is now is what `tamper` begins with. */
static inline void remember_whole(void)
{
    free(whole);
    int fd = open(database, O_RDONLY);
    whole_len = (size_t)lseek(fd, 0, SEEK_END);
    whole = malloc(whole_len);
    assert_int_equal(pread(fd, whole, whole_len, 0), (ssize_t)whole_len);
    close(fd);
}

static inline int make_registry(void **state)
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
    remember_whole();
    return 0;
}

static inline int drop_registry(void **state)
{
    (void)state;
    free(whole);
    rig_close(r);
    return 0;
}

/* SQL's unpacked(BLOB): the text of a packed column. */
static inline void sql_unpacked(sqlite3_context *context, int count, sqlite3_value **values)
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
static inline void sql_packed(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    lg_packer *packer = lg_packer_open();
    lg_bytes packed =
        lg_pack(packer, LG_PACK_DISCLOSURES, lg_bytes_str((const char *)sqlite3_value_text(values[0])));
    sqlite3_result_blob(context, packed.data, (int)packed.len, SQLITE_TRANSIENT);
    lg_packer_close(packer);
}

/* Of an entry's body: entry_text(BLOB), and entry_kept(TEXT), which is how a body of any kind is packed. */
static inline void sql_entry_text(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    lg_bytes text;
    OK(lg_entry_unpack(
        r->arena, lg_bytes_of(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0])), &text));
    sqlite3_result_text(context, (const char *)text.data, (int)text.len, SQLITE_TRANSIENT);
}

static inline void sql_entry_kept(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    lg_buf packed = {0};
    lg_entry_keep(&packed, lg_bytes_str((const char *)sqlite3_value_text(values[0])));
    sqlite3_result_blob(context, packed.data, (int)packed.len, SQLITE_TRANSIENT);
    lg_buf_clear(&packed);
}

/* Past the authorizer, the triggers and the foreign keys. */
static inline void tamper(const char *sql)
{
    sqlite3 *handle;
    char *said = NULL;
    save_file(database, whole, whole_len);
    assert_int_equal(sqlite3_open(database, &handle), SQLITE_OK);
    sqlite3_create_function(handle, "unpacked", 1, SQLITE_UTF8, NULL, sql_unpacked, NULL, NULL);
    sqlite3_create_function(handle, "packed", 1, SQLITE_UTF8, NULL, sql_packed, NULL, NULL);
    sqlite3_create_function(handle, "entry_text", 1, SQLITE_UTF8, NULL, sql_entry_text, NULL, NULL);
    sqlite3_create_function(handle, "entry_kept", 1, SQLITE_UTF8, NULL, sql_entry_kept, NULL, NULL);
    for (const char *table = "entries\0commands\0nodes\0checkpoints\0"; *table; table += strlen(table) + 1) {
        char drop[200];
        snprintf(drop, sizeof drop,
                 "DROP TRIGGER IF EXISTS %s_keep; DROP TRIGGER IF EXISTS %s_stay; PRAGMA "
                 "ignore_check_constraints = ON",
                 table, table);
        assert_int_equal(sqlite3_exec(handle, drop, NULL, NULL, NULL), SQLITE_OK);
    }
    if (sqlite3_exec(handle, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    if (strncmp(sql, "SELECT", 6) != 0 && sqlite3_total_changes(handle) == 0)
        fail_msg("changed nothing: %s", sql);
    sqlite3_close(handle);
}

static inline json_t *audit(const char *sql, lg_err expected)
{
    char *text = NULL;
    lg_report report;
    lg_report_init(&report, r->arena);
    lg_err err =
        server_audit(&(server_audit_request){.dir = r->dir, .state = state_folder}, r->arena, &text, &report);
    if (err != expected)
        fail_msg("%s: %s: %s %.2000s", sql, lg_err_slug(err), report.detail ? report.detail : "",
                 text ? strstr(text, "\"findings") : "");
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

/* The audit finds this, in words that name the table and say what is wrong there. */
static inline void found(const char *sql, const char *table, const char *words)
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

#endif
