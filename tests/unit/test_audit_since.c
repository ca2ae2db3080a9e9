/* An audit that goes on from an earlier one: what it sees of new entries and of what they touch, what it
 * leaves to a full audit, and that its state is either the one before or the one after. */
#include "tests/unit/audit_story.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[96], kept_path[128];
static char *kept; /* the state as the first audit left it */
static size_t kept_len;
static int64_t size_before; /* entries that the first audit saw */
static lg_uuid waiting;     /* a receivable from before, confirmed since */

static char *read_file(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    *len = (size_t)lseek(fd, 0, SEEK_END);
    char *bytes = malloc(*len);
    assert_int_equal(pread(fd, bytes, *len, 0), (ssize_t)*len);
    close(fd);
    return bytes;
}

static void forget_since(void)
{
    save_file(kept_path, kept, kept_len);
}

static json_int_t number(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

static void change_state(const char *sql)
{
    sqlite3 *handle;
    char *said = NULL;
    forget_since();
    assert_int_equal(sqlite3_open(kept_path, &handle), SQLITE_OK);
    if (sqlite3_exec(handle, "DROP TRIGGER nodes_keep; DROP TRIGGER checkpoints_keep", NULL, NULL, &said) ||
        sqlite3_exec(handle, sql, NULL, NULL, &said))
        fail_msg("%s: %s", sql, said);
    assert_int_not_equal(sqlite3_total_changes(handle), 0);
    sqlite3_close(handle);
}

static void found_since(const char *sql, const char *table, const char *words)
{
    forget_since();
    found(sql, table, words);
}

static int make_two_audits(void **state)
{
    make_registry(state);
    rig_attach(r);
    const char *buyer = lg_arena_printf(r->arena, "/v1/participants/%s", r->buyer.id_text);
    OK(act_as(r, &r->operator, LG_CMD_PARTICIPANT_ACTIVATE, lg_arena_printf(r->arena, "%s/activate", buyer),
              "{\"reason\":\"paid\"}"));
    OK(act_as(r, &r->operator, LG_CMD_DEBTOR_CLEAR, lg_arena_printf(r->arena, "%s/clear", buyer),
              "{\"reason\":\"paid\"}"));
    submit_fresh(r);
    waiting = r->outcome.results[0].receivable.id.uuid;
    rig_detach(r);
    snprintf(folder, sizeof folder, "%s-state", r->dir);
    snprintf(kept_path, sizeof kept_path, "%s/audit.db", folder);
    state_folder = folder;
    json_t *json = audit("the first", LG_OK);
    size_before = number(json, "entries");
    assert_null(json_object_get(json, "audited_before"));
    json_decref(json);
    kept = read_file(kept_path, &kept_len);
    remember_whole();
    return 0;
}

static int drop_both(void **state)
{
    free(kept);
    unlink(kept_path);
    rmdir(folder);
    return drop_registry(state);
}

static void nothing_new(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        json_t *json = audit("nothing new", LG_OK);
        assert_int_equal(number(json, "entries"), 0);
        assert_int_equal(number(json, "audited_before"), size_before);
        assert_int_equal(json_array_size(json_object_get(json, "not_looked_at_again")), 4);
        json_decref(json);
    }
}

static void one_new_entry(void **state)
{
    (void)state;
    rig_attach(r);
    OK(act_as(r, &r->operator, LG_CMD_CREDIT_LINE_SET,
              lg_arena_printf(r->arena, "/v1/participants/%s/credit_line", r->buyer.id_text),
              "{\"currency\":\"CNY\",\"limit\":\"500001.00\"}"));
    rig_detach(r);
    json_t *json = audit("one", LG_OK);
    assert_int_equal(number(json, "entries"), 1);
    assert_int_equal(number(json, "commands"), 1);
    assert_int_equal(number(json, "audited_before"), size_before);
    json_decref(json);
    json = audit("the state went along", LG_OK);
    assert_int_equal(number(json, "entries"), 0);
    assert_int_equal(number(json, "audited_before"), size_before + 1);
    json_decref(json);
}

/* The claim that comes of the receivable from before, and what a claim can live through. */
static void many_new_entries(void **state)
{
    (void)state;
    rig_attach(r);
    OK(act_as(r, &r->buyer, LG_CMD_CONFIRM,
              lg_arena_printf(r->arena, "/v1/receivables/%s/confirm", lg_uuid_format(waiting).s), "{}"));
    const lg_claim claim = r->outcome.results[0].claim;
    OK(act_as(r, &r->supplier, LG_CMD_CLAIM_SPLIT, claim_url(&claim, "split"),
              lg_arena_printf(r->arena, "{\"parts\":[{\"amount\":\"1.00\"},{\"amount\":\"%s\"}]}",
                              lg_amount_format(claim.outstanding_minor - 100, claim.currency).s)));
    submit_a_file();
    OK(act_as(r, &r->buyer, LG_CMD_PAYMENT_RECORD, "/v1/payments",
              lg_arena_printf(r->arena,
                              "{\"claim\":\"%s\",\"amount\":\"0.01\",\"bank_reference\":\"P-since\"}",
                              lg_uuid_format(claim.id.uuid).s)));
    for (int i = 0; i < 300; i++) /* more than one chunk of the audit's */
        OK(act_as(r, &r->operator, LG_CMD_CREDIT_LINE_SET,
                  lg_arena_printf(r->arena, "/v1/participants/%s/credit_line", r->buyer.id_text),
                  lg_arena_printf(r->arena, "{\"currency\":\"CNY\",\"limit\":\"%d.00\"}", 600000 + i)));
    rig_detach(r);
    remember_whole();
    json_t *json = audit("many", LG_OK);
    assert_true(number(json, "entries") > 300);
    json_decref(json);
    state_folder = NULL;
    json_decref(audit("all of it", LG_OK));
    state_folder = folder;
    forget_since();
    json = audit("both at once", LG_OK);
    assert_int_equal(number(json, "audited_before"), size_before);
    json_decref(json);
}

/* The statement, with the number of the first new entry for its '@'. */
static const char *of_new(const char *sql)
{
    const char *at = strchr(sql, '@');
    return lg_arena_printf(r->arena, "%.*s%lld%s", (int)(at - sql), sql, (long long)size_before, at + 1);
}

static void what_is_new(void **state)
{
    (void)state;
    found_since(of_new("UPDATE entries SET body = entry_kept(replace(entry_text(body), '\"v\":1', '\"v\":2'))"
                       " WHERE seq = @"),
                "entries", "are not an entry");
    found_since(of_new("DELETE FROM entries WHERE seq = @ + 1"), "entries", "the entry is missing");
    found_since(of_new("DELETE FROM disclosures WHERE seq = @ + 1"), "disclosures", "facts are there");
    found_since(
        "UPDATE commands SET (texts, jws_len) = (SELECT texts, jws_len FROM commands WHERE first_seq = 7)"
        " WHERE first_seq = (SELECT max(first_seq) FROM commands)",
        "commands", "do not hash");
    found_since("DELETE FROM checkpoints WHERE size = (SELECT max(size) - 1 FROM checkpoints)", "checkpoints",
                "commits");
    /* The last of sixteen: those before it may have been audited. */
    found_since(of_new("UPDATE nodes SET hashes = CAST(substr(hashes, 1, 480) || zeroblob(32) AS BLOB) WHERE "
                       "place = @ / 16"),
                "nodes", "hashes is 00000000000000000000000000000000 from byte 480 on");
    found_since("UPDATE writer SET hash = zeroblob(32)", "writer", "does not name the last entry");
    found_since("UPDATE writer SET tail = zeroblob(length(tail))", "writer", "the end of the tree");
    found_since(of_new("INSERT INTO disclosures SELECT max(seq) + 1, x'0078' FROM entries WHERE seq > @"),
                "disclosures", "belong to no entry");
}

static void what_the_new_touches(void **state)
{
    (void)state;
    const char *row =
        lg_arena_printf(r->arena,
                        "id = (SELECT id FROM receivables WHERE receivable_no < %lld AND life = 'confirmed'"
                        " ORDER BY receivable_no DESC LIMIT 1)",
                        (long long)lg_row_no(size_before, 0));
    found_since(lg_arena_printf(r->arena, "UPDATE receivables SET note = 'x' WHERE %s", row), "receivables",
                "note is x");
    found_since(lg_arena_printf(r->arena, "DELETE FROM receivables WHERE %s", row), "receivables",
                "the row is missing");
    found_since(
        "UPDATE claims SET face_minor = face_minor + 1 WHERE claim_no = (SELECT max(claim_no) FROM claims)",
        "claims", "face_minor is");
    found_since("UPDATE exposures SET used_minor = used_minor + 1", "exposures", "used_minor is");
    found_since("UPDATE party_entries SET positions = x'00' WHERE seq = (SELECT max(seq) FROM party_entries)",
                "party_entries", "positions is 00");
    found_since("DELETE FROM party_entries WHERE seq = (SELECT max(seq) FROM party_entries)", "party_entries",
                "the row is missing");
    found_since("INSERT INTO history SELECT 128 * max(seq), 2 FROM entries", "history",
                "not of the ledger's making");
    found_since("INSERT INTO parties SELECT max(seq), 999, 0 FROM entries", "parties",
                "not of the ledger's making");
    /* Who may do what is looked at whole, however old. */
    found_since("UPDATE keys SET public_key = zeroblob(32) WHERE key_no = (SELECT min(key_no) FROM keys)",
                "keys", "public_key is");
    found_since("UPDATE policies SET body = replace(body, '365', '366') WHERE version = 1", "policies",
                "body is");
    found_since("UPDATE participants SET roles = 511", "participants", "roles is 511");
}

/* It says that it does not look there, and a full audit does. */
static void what_is_old_is_left_to_a_full_audit(void **state)
{
    (void)state;
    static const char *const old[][2] = {
        {"receivables",
         "UPDATE receivables SET note = 'x' WHERE receivable_no = (SELECT min(receivable_no) FROM"
         " receivables)"},
        {"disclosures", "DELETE FROM disclosures WHERE seq = 6"},
        {"entries", "UPDATE entries SET body = entry_kept(entry_text(body) || ' ') WHERE seq = 5"},
    };
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        forget_since();
        tamper(old[i][1]);
        json_decref(audit(old[i][1], LG_OK));
        state_folder = NULL;
        json_t *json = audit(old[i][1], LG_CORRUPT), *findings = json_object_get(json, "findings");
        assert_string_equal(json_string_value(json_object_get(json_array_get(findings, 0), "table")),
                            old[i][0]);
        json_decref(json);
        state_folder = folder;
    }
}

static void another_history(void **state)
{
    (void)state;
    found_since("UPDATE nodes SET hashes = zeroblob(512) WHERE place = 0", "nodes", "has another root");
    found_since("DELETE FROM nodes WHERE place = 0", "nodes", "has another root");
    found_since(of_new("UPDATE entries SET body = entry_kept(entry_text(body) || ' ') WHERE seq = @ - 1"),
                "entries", "not those that were audited before");
    found_since("UPDATE entries SET body = entry_kept(entry_text(body) || ' ') WHERE seq = 0", "state",
                "of another registry");
    found_since("DELETE FROM entries WHERE seq = 0", "state", "of another registry");
    found_since("UPDATE entries SET body = x'ff' WHERE seq = 0", "state", "of another registry");
    found_since(of_new("UPDATE entries SET body = x'01' WHERE seq = @ - 1"), "entries",
                "not those that were audited before");
    found_since(of_new("UPDATE entries SET body = x'01' WHERE seq = @"), "entries", "cannot be unpacked");
    found_since(of_new("DELETE FROM checkpoints WHERE size >= @"), "entries", "it is older");
}

static void what_it_found_it_finds_again(void **state)
{
    (void)state;
    const char *sql = "DELETE FROM party_entries WHERE seq = (SELECT max(seq) FROM party_entries)";
    found_since(sql, "party_entries", "the row is missing");
    found(sql, "party_entries", "the row is missing");
    tamper("SELECT 1");
    json_t *json = audit("mended", LG_OK);
    assert_int_equal(number(json, "audited_before"), size_before);
    json_decref(json);
}

static void its_own_state_tampered_with(void **state)
{
    (void)state;
    static const char *const damage[] = {
        "UPDATE checkpoints SET root = zeroblob(32)",
        "UPDATE nodes SET hashes = zeroblob(512)",
        "UPDATE writer SET seq = seq - 1",
        "DROP TABLE writer; UPDATE participants SET country = country",
        "PRAGMA user_version = 1; UPDATE participants SET country = country",
        "PRAGMA application_id = 1; UPDATE participants SET country = country",
    };
    lg_report report;
    char *text = NULL;
    const server_audit_request request = {.dir = r->dir, .state = folder};
    tamper("SELECT 1");
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        change_state(damage[i]);
        lg_report_init(&report, r->arena);
        lg_err err = server_audit(&request, r->arena, &text, &report);
        if (err != LG_SCHEMA_UNKNOWN)
            fail_msg("%s: %s", damage[i], lg_err_slug(err));
        assert_non_null(strstr(report.detail, "Begin it anew"));
        assert_null(text);
    }
    save_file(kept_path, "no database at all, but long enough to be taken for the beginning of one", 72);
    lg_report_init(&report, r->arena);
    IS(server_audit(&request, r->arena, &text, &report), LG_SCHEMA_UNKNOWN);
    /* A row that the new entries rest on or write: then the two differ, and a full audit tells which is
     * right. */
    change_state("UPDATE exposures SET used_minor = used_minor + 1");
    found("SELECT 1", "exposures", "used_minor is");
    change_state("UPDATE receivables SET gross_minor = gross_minor + 1, amount_minor = amount_minor + 1");
    json_decref(audit("another receivable", LG_CORRUPT));
    const server_audit_request anew = {.dir = r->dir, .state = folder, .anew = true};
    OK(server_audit(&anew, r->arena, &text, &report));
    json_t *json = audit("begun anew", LG_OK);
    assert_int_equal(number(json, "entries"), 0);
    json_decref(json);
}

static void die(void *ctx, int64_t done, int64_t total)
{
    (void)ctx, (void)done, (void)total;
    kill(getpid(), SIGKILL);
}

static void be_cut_short(bool anew)
{
    const server_audit_request request = {.dir = r->dir, .state = folder, .anew = anew, .progress = die};
    pid_t child = fork();
    if (child == 0) {
        char *text;
        lg_report report;
        lg_report_init(&report, r->arena);
        _exit(server_audit(&request, r->arena, &text, &report) == LG_OK ? 1 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void cut_short(void **state)
{
    (void)state;
    tamper("SELECT 1");
    forget_since();
    for (int anew = 0; anew < 2; anew++) {
        be_cut_short(anew);
        json_t *json = audit("after it was cut short", LG_OK);
        assert_int_equal(number(json, "audited_before"), size_before);
        json_decref(json);
        forget_since();
    }
}

/* Dies with pages written and their journal beside them. */
static void leave_a_journal_behind(void)
{
    forget_since();
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *handle;
        const char *sql = "DROP TRIGGER nodes_keep; PRAGMA cache_size = 1; BEGIN;"
                          "UPDATE participants SET country = 'XX'; UPDATE nodes SET hashes = zeroblob(512);"
                          "UPDATE history SET seq = seq";
        const bool good = sqlite3_open(kept_path, &handle) == SQLITE_OK &&
                          sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK &&
                          sqlite3_db_cacheflush(handle) == SQLITE_OK;
        _exit(good ? 77 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 77);
}

/* What was to bring the old state back must not meet the new one. */
static void begun_anew_beside_a_journal(void **state)
{
    (void)state;
    const char *journal = lg_arena_printf(r->arena, "%s-journal", kept_path);
    lg_report report;
    char *text = NULL;
    lg_report_init(&report, r->arena);
    tamper("SELECT 1");
    leave_a_journal_behind();
    assert_int_equal(access(journal, F_OK), 0);
    OK(server_audit(&(server_audit_request){.dir = r->dir, .state = folder, .anew = true}, r->arena, &text,
                    &report));
    assert_int_not_equal(access(journal, F_OK), 0);
    json_t *json = audit("begun anew", LG_OK);
    assert_int_equal(number(json, "entries"), 0);
    json_decref(json);
    forget_since();
}

static void a_folder_that_others_write_in(void **state)
{
    (void)state;
    lg_report report;
    char *text = NULL;
    tamper("SELECT 1");
    for (int anew = 0; anew < 2; anew++) {
        const server_audit_request request = {.dir = r->dir, .state = folder, .anew = anew};
        lg_report_init(&report, r->arena);
        assert_int_equal(chmod(folder, 0777), 0);
        IS(server_audit(&request, r->arena, &text, &report), LG_IO);
        assert_non_null(strstr(report.detail, "only its owner can write in"));
        if (geteuid() == 0) {
            assert_int_equal(chmod(folder, 0700) | chown(folder, 65534, 65534), 0);
            IS(server_audit(&request, r->arena, &text, &report), LG_IO);
            assert_int_equal(chown(folder, 0, 0), 0);
        }
        assert_int_equal(chmod(folder, 0755), 0);
    }
    json_decref(audit("its owner's again", LG_OK));
    forget_since();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_new),
        cmocka_unit_test(one_new_entry),
        cmocka_unit_test(many_new_entries),
        cmocka_unit_test(what_is_new),
        cmocka_unit_test(what_the_new_touches),
        cmocka_unit_test(what_is_old_is_left_to_a_full_audit),
        cmocka_unit_test(another_history),
        cmocka_unit_test(what_it_found_it_finds_again),
        cmocka_unit_test(its_own_state_tampered_with),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(begun_anew_beside_a_journal),
        cmocka_unit_test(a_folder_that_others_write_in),
    };
    return cmocka_run_group_tests(tests, make_two_audits, drop_both);
}
