/* The audit: a registry made through the library is clean; and whatever is changed in its files is found and
 * named. */
#include "tests/unit/audit_story.h"

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

static unsigned scans; /* of tables, by the replay */

static int note_scan(unsigned what, void *ctx, void *statement, void *unused)
{
    sqlite3 *handle = sqlite3_db_handle(statement);
    const char *sql = sqlite3_sql(statement);
    int steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1) +
                sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_AUTOINDEX, 1);
    (void)what, (void)ctx, (void)unused;
    if (sqlite3_db_readonly(handle, "main") ||
        !strstr(sqlite3_db_filename(handle, "main"), "tallystick-audit") ||
        (strncmp(sql, "SELECT", 6) != 0 && strncmp(sql, "UPDATE", 6) != 0) || steps == 0)
        return 0;
    print_error("%d steps of a scan: %s\n", steps, sql);
    scans++;
    return 0;
}

static int watch_connection(sqlite3 *handle, const char **message, const struct sqlite3_api_routines *api)
{
    (void)message, (void)api;
    return sqlite3_trace_v2(handle, SQLITE_TRACE_PROFILE, note_scan, NULL);
}

/* The rebuilt database goes without the indexes of lists: no act may need one of them. */
static void the_replay_scans_nothing(void **state)
{
    (void)state;
    tamper("SELECT 1");
    scans = 0;
    sqlite3_auto_extension((void (*)(void))watch_connection);
    json_decref(audit("nothing changed", LG_OK));
    sqlite3_reset_auto_extension();
    assert_int_equal(scans, 0);
}

/* What lists are read by the rebuilt database does not have: SQLite looks at its content, and what it is to
 * be is this program's word. */
static void indexes_and_definitions(void **state)
{
    (void)state;
    static const char change[] = "PRAGMA writable_schema = ON; UPDATE writer SET holder = 'x';"
                                 " UPDATE sqlite_schema SET sql = replace(sql, '%s', '%s') WHERE name = '%s'";
    const char *other_index =
                   lg_arena_printf(r->arena, change, "(debtor_no", "(holder_no", "claims_by_debtor"),
               *no_check = lg_arena_printf(r->arena, change, "CHECK (gross_minor > 0)", "", "receivables");
    found(other_index, "database", "missing from index claims_by_debtor");
    found(other_index, "database", "sql is CREATE INDEX claims_by_debtor");
    found(no_check, "database", "sql is CREATE TABLE receivables");
    found("DROP INDEX claims_by_holder; UPDATE writer SET holder = 'x'", "database", "the row is missing");
    found("CREATE TABLE more (x); UPDATE writer SET holder = 'x'", "database", "not of the ledger's making");
}

static void the_ledger_itself(void **state)
{
    (void)state;
    found("UPDATE entries SET body = entry_kept(replace(entry_text(body), '\"v\":1', '\"v\":2')) WHERE "
          "seq = 5",
          "entries", "are not an entry");
    found("UPDATE entries SET body = entry_kept(replace(entry_text(body), '\"seq\":5', '\"seq\":6')) "
          "WHERE seq = 5",
          "entries", "says it is number 6");
    found("UPDATE entries SET body = entry_kept(entry_text(body) || ' ') WHERE seq = 5", "entries",
          "are not an entry");
    found("UPDATE entries SET body = (SELECT body FROM entries WHERE seq = 4) WHERE seq = 5", "entries",
          "chain is broken");
    found("UPDATE entries SET body = x'ff' WHERE seq = 5", "entries", "cannot be unpacked");
    found("UPDATE entries SET body = x'' WHERE seq = 0", "entries", "cannot be unpacked");
    found("UPDATE entries SET body = substr(body, 1, 1)", "entries", "cannot be unpacked");
    found("UPDATE entries SET body = substr(body, 1, length(body) - 30) WHERE seq = 1", "entries",
          "cannot be unpacked");
    found("UPDATE entries SET body = CAST(body || 'x' AS BLOB) WHERE seq = 5", "entries", "chain is broken");
    found("DELETE FROM entries WHERE seq = 5", "entries", "the entry is missing");
    found("DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)", "checkpoints",
          "the entries are fewer");
    found("INSERT INTO entries SELECT max(seq) + 1, body FROM entries", "checkpoints", "does not cover");
    found("INSERT INTO entries SELECT 9007199254740990, body FROM entries WHERE seq = 1", "entries",
          "beyond the end");
    found("UPDATE disclosures SET body = packed(unpacked(body) || replace(hex(zeroblob(100)), '0', '~x'))"
          " WHERE seq = 6",
          "disclosures", "more disclosures than an entry may have");
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
    found("UPDATE commands SET jti_key = zeroblob(12) WHERE first_seq = 6", "commands", "jti_key");
    found("UPDATE commands SET (signer_no, jti_key, jti) = (SELECT signer_no, jti_key, jti FROM commands"
          " WHERE first_seq = 6) WHERE first_seq = 7",
          "commands", "its jti was used by the command of entry 6");
    found("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'jti_key', 'signer_no')"
          " WHERE name = 'commands_by_jti'; UPDATE writer SET holder = 'x'",
          "database", "missing from index commands_by_jti");
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
    /* Texts that are none, past the schema. */
    found(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' TEXT NOT NULL', ' TEXT')"
        " WHERE name = 'commands'; PRAGMA writable_schema = RESET;"
        " UPDATE commands SET jti = NULL, url = NULL WHERE first_seq = 6",
        "commands", "the jti beside the command is not the one signed");
    found("UPDATE commands SET entry_count = 0 WHERE first_seq = 6", "commands", "it claims 0 entries");
    found("UPDATE commands SET entry_count = -1 WHERE entry_count = 2", "commands", "it claims -1 entries");
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
    found("UPDATE nodes SET hashes = zeroblob(512) WHERE place = 0", "nodes", "hashes is 0000");
    found("DELETE FROM nodes WHERE place = 0", "nodes", "row is missing");
    found("INSERT INTO nodes VALUES (-562949953421312, zeroblob(512))", "nodes",
          "not of the ledger's making");
    found("UPDATE checkpoints SET root = zeroblob(32) WHERE size = 5", "checkpoints", "root is not that");
    found("DELETE FROM checkpoints WHERE size = 5", "checkpoints", "commits");
    found("INSERT INTO checkpoints VALUES (99999, zeroblob(32))", "checkpoints", "the entries are fewer");
    found("UPDATE writer SET seq = seq - 1", "writer", "does not name the last entry");
    found("UPDATE writer SET hash = zeroblob(32)", "writer", "does not name the last entry");
    found("UPDATE writer SET tail = zeroblob(length(tail))", "writer", "the end of the tree");
    found("UPDATE writer SET tail = substr(tail, 33)", "writer", "the end of the tree");
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
    IS(server_audit(&(server_audit_request){.dir = "/nonexistent"}, r->arena, &text, &report), LG_NOT_FOUND);
    tamper("PRAGMA user_version = 999; UPDATE writer SET holder = 'x'");
    IS(server_audit(&(server_audit_request){.dir = r->dir}, r->arena, &text, &report), LG_SCHEMA_UNKNOWN);
}

/* One command with more entries than the audit reads at once: its answer names what all of them made. */
static void a_long_file(void **state)
{
    (void)state;
    enum { ROWS = 700 };
    lg_buf csv = {0};
    tamper("SELECT 1");
    rig_attach(r);
    lg_buf_str(&csv, "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n");
    for (int i = 0; i < ROWS; i++)
        lg_buf_str(&csv,
                   lg_arena_printf(r->arena, "LONG-%d,%s,%s,CNY,%d.01,%s,%s\n", i, day_from_today(r, -3),
                                   day_from_today(r, 30), 20 + i, r->supplier.id_text, r->buyer.id_text));
    const lg_jws_header header = rig_header("/v1/receivables", "text/csv");
    OK(rig_send(r, LG_CMD_SUBMIT, "/v1/receivables",
                lg_jws_compose(r->arena, r->supplier.key, &header, lg_buf_bytes(&csv))));
    lg_buf_clear(&csv);
    assert_int_equal(r->outcome.entry_count, ROWS);
    rig_detach(r);
    json_t *json = audit("a long file", LG_OK);
    assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
    json_decref(json);
}

/* Commands of megabytes: those that the audit has no room for beside the others of their chunk are read when
 * it is their turn, and judged like any other. */
static void large_commands(void **state)
{
    (void)state;
    enum { FILES = 5, CELL = 1500 * 1000 };
    lg_buf csv = {0};
    rig_attach(r); /* as the long file left it */
    char *cell = malloc(CELL);
    memset(cell, 'x', CELL);
    for (int i = 0; i < FILES; i++) {
        lg_buf_reset(&csv);
        lg_buf_str(&csv, "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n");
        lg_buf_str(&csv,
                   lg_arena_printf(r->arena, "LARGE-%d,%s,%s,CNY,%d.01,%s,%s\n", i, day_from_today(r, -3),
                                   day_from_today(r, 30), 20 + i, r->supplier.id_text, r->buyer.id_text));
        lg_buf_add(&csv, cell, CELL);
        lg_buf_str(&csv, ",,,,,,\n");
        const lg_jws_header header = rig_header("/v1/receivables", "text/csv");
        OK(rig_send(r, LG_CMD_SUBMIT, "/v1/receivables",
                    lg_jws_compose(r->arena, r->supplier.key, &header, lg_buf_bytes(&csv))));
        assert_int_equal(r->outcome.entry_count, 1);
    }
    free(cell);
    lg_buf_clear(&csv);
    rig_detach(r);
    json_t *json = audit("large commands", LG_OK);
    assert_int_equal(json_array_size(json_object_get(json, "findings")), 0);
    json_decref(json);
    remember_whole();
    found("UPDATE commands SET texts = packed(replace(unpacked(texts), '\"signature\":\"', "
          "'\"signature\":\"A')), jws_len = jws_len + 1"
          " WHERE first_seq = (SELECT max(first_seq) FROM commands)",
          "commands", "do not hash to the entry's req");
    found("UPDATE commands SET status = 202 WHERE first_seq = (SELECT max(first_seq) FROM commands)",
          "commands", "status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_untouched_one_is_clean),
        cmocka_unit_test(the_replay_scans_nothing),
        cmocka_unit_test(indexes_and_definitions),
        cmocka_unit_test(the_ledger_itself),
        cmocka_unit_test(the_commands),
        cmocka_unit_test(tree_head_and_right),
        cmocka_unit_test(every_projection),
        cmocka_unit_test(missing_and_extra_rows),
        cmocka_unit_test(the_head_file),
        cmocka_unit_test(what_cannot_be_audited),
        cmocka_unit_test(a_long_file),
        cmocka_unit_test(large_commands),
    };
    return cmocka_run_group_tests(tests, make_registry, drop_registry);
}
