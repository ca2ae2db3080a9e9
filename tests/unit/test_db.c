/* The store's connection: errors in our own words, savepoints, what the authorizer denies, schema versions,
 * and readers' snapshots. */
#include "tests/unit/rows_rig.h"

#include "ledger/crypto/secret.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[] = "/tmp/tallystick-db-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    if (lg_crypto_init() != LG_OK || !mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/ledger.db", folder);
    return 0;
}

static void remove_files(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static int remove_folder(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
}

static lg_err once(lg_db *db, const char *sql)
{
    lg_query query = lg_query_start_once(db, sql);
    return lg_query_run(&query);
}

static int64_t number(lg_db *db, const char *sql)
{
    lg_query query = lg_query_start_once(db, sql);
    int64_t found = lg_query_next(&query) ? lg_column_int(&query, 0) : -1;
    OK(lg_query_end(&query));
    return found;
}

static lg_db *open_db(lg_db_mode mode)
{
    lg_db *db;
    OK(lg_db_open(path, mode, &db, NULL));
    return db;
}

/* Past every guard, as someone with the file in hand. */
static void tamper(const char *sql)
{
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void the_authorizer_denies(void **state)
{
    rig *r = *state;
    static const char *const denied[] = {
        "UPDATE entries SET body = x'7b7d'",
        "DELETE FROM entries",
        "UPDATE disclosures SET body = ''",
        "DELETE FROM disclosures WHERE seq = 0",
        "UPDATE commands SET status = 200",
        "DELETE FROM commands",
        "UPDATE nodes SET hashes = zeroblob(512)",
        "DELETE FROM nodes",
        "UPDATE checkpoints SET size = 1",
        "DELETE FROM checkpoints",
        "CREATE TABLE x (a)",
        "CREATE INDEX x ON entries (body)",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TRIGGER x AFTER INSERT ON entries BEGIN SELECT 1; END",
        "CREATE TEMP TABLE x (a)",
        "DROP TABLE entries",
        "DROP TRIGGER entries_keep",
        "ALTER TABLE entries RENAME TO other",
        "ATTACH ':memory:' AS x",
        "DETACH main",
        "PRAGMA user_version = 0",
        "PRAGMA synchronous = OFF",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = ON",
        "REINDEX",
        "ANALYZE",
        "CREATE VIRTUAL TABLE x USING fts5(a)",
    };
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        lg_err err = once(r->db, denied[i]);
        if (err != LG_INTERNAL)
            fail_msg("%s: %s", denied[i], lg_err_slug(err));
    }
    OK(once(r->db, "UPDATE participants SET name = 'x' WHERE participant_no = 1"));
    OK(once(r->db, "DELETE FROM identifiers"));
    OK(once(r->db, "PRAGMA integrity_check"));
    assert_int_equal(number(r->db, "SELECT count(*) FROM entries"), 64);
}

/* The second of three ways: without the authorizer, triggers still refuse. */
static void triggers_refuse_too(void **state)
{
    rig *r = *state;
    refuse(r, "UPDATE entries SET body = x'7b7d'", "entries are append-only");
    refuse(r, "DELETE FROM entries", "entries are append-only");
    force(r, "INSERT INTO checkpoints VALUES (1, zeroblob(32)); INSERT INTO nodes VALUES (0, zeroblob(512));"
             "INSERT INTO commands VALUES (1, 1, 1, zeroblob(12), 'j', 'u', 200, 0, x'00')");
    refuse(r, "UPDATE checkpoints SET size = 2", "checkpoints are append-only");
    refuse(r, "DELETE FROM checkpoints", "checkpoints are append-only");
    refuse(r, "UPDATE nodes SET place = 2", "nodes are append-only");
    refuse(r, "DELETE FROM nodes", "nodes are append-only");
    refuse(r, "UPDATE commands SET status = 2", "commands are append-only");
    refuse(r, "DELETE FROM commands", "commands are append-only");
}

static void errors_in_our_words(void **state)
{
    rig *r = *state;
    IS(once(r->db, "INSERT INTO entries VALUES (0, x'7b7d')"), LG_ALREADY_EXISTS); /* primary key */
    IS(once(r->db, "INSERT INTO entries VALUES (-1, x'7b7d')"), LG_INTERNAL);      /* CHECK */
    IS(once(r->db, "INSERT INTO entries VALUES (99, 'text')"), LG_INTERNAL);       /* STRICT */
    IS(once(r->db, "INSERT INTO disclosures VALUES (999, 'x')"), LG_INTERNAL);     /* foreign key */
    IS(once(r->db, "INSERT INTO participants SELECT 77, id, name, NULL, NULL, 0, 0, 0, NULL, NULL, 0, 0 FROM "
                   "participants"
                   " WHERE participant_no = 1"),
       LG_ALREADY_EXISTS); /* UNIQUE */
    IS(once(r->db, "SELECT nothing FROM nowhere"), LG_INTERNAL);
    IS(once(r->db, "SELECT"), LG_INTERNAL);
    assert_true(strlen(lg_db_message(r->db)) > 0);
    uint8_t hash[32];
    lg_query query = lg_query_start_once(r->db, "SELECT x'00'");
    assert_true(lg_query_next(&query));
    lg_column_fixed(&query, 0, hash, sizeof hash); /* of another length than it must have */
    IS(lg_query_end(&query), LG_CORRUPT);
    query = lg_query_start_once(r->db, "SELECT ?1");
    lg_bind_int(&query, 2, 1); /* no such parameter */
    assert_false(lg_query_next(&query));
    IS(lg_query_end(&query), LG_INTERNAL);
    IS(lg_query_end(&query), LG_INTERNAL); /* ending twice is harmless */
}

static void nulls_and_zeros(void **state)
{
    rig *r = *state;
    lg_query query = lg_query_start_once(r->db, "SELECT ?1, ?2, ?3, ?4, ''");
    lg_bind_int_or_null(&query, 1, 0);
    lg_bind_text(&query, 2, NULL);
    lg_bind_blob(&query, 3, NULL, 5);
    lg_bind_int_or_null(&query, 4, INT64_MIN);
    assert_true(lg_query_next(&query));
    assert_true(lg_column_is_null(&query, 0) && lg_column_is_null(&query, 1) && lg_column_is_null(&query, 2));
    assert_null(lg_column_text(&query, 1, r->arena));
    assert_int_equal(lg_column_blob(&query, 2, r->arena).len, 0);
    assert_true(lg_column_int(&query, 3) == INT64_MIN);
    assert_string_equal(lg_column_text(&query, 4, r->arena), "");
    OK(lg_query_end(&query));
}

static void savepoints_nest(void **state)
{
    rig *r = *state;
    OK(lg_db_begin(r->db));
    assert_true(lg_db_in_transaction(r->db));
    for (unsigned depth = 0; depth < 4; depth++) {
        OK(lg_db_savepoint(r->db, depth));
        OK(lg_entry_insert(r->db, 100 + depth, lg_bytes_str("{}"), ""));
    }
    OK(lg_db_rollback_to(r->db, 3));
    assert_int_equal(number(r->db, "SELECT max(seq) FROM entries"), 102);
    OK(lg_db_release(r->db, 2));
    OK(lg_db_rollback_to(r->db, 1)); /* undoes what 2 kept */
    assert_int_equal(number(r->db, "SELECT max(seq) FROM entries"), 100);
    OK(lg_db_release(r->db, 0));
    OK(lg_db_commit(r->db));
    assert_false(lg_db_in_transaction(r->db));
    assert_int_equal(number(r->db, "SELECT max(seq) FROM entries"), 100);
    OK(lg_db_begin(r->db));
    OK(lg_entry_insert(r->db, 200, lg_bytes_str("{}"), ""));
    lg_db_rollback(r->db);
    lg_db_rollback(r->db); /* nothing open: fine */
    assert_int_equal(number(r->db, "SELECT max(seq) FROM entries"), 100);
}

static void newer_and_older_schemas_are_refused(void **state)
{
    (void)state;
    lg_arena *arena = lg_arena_open();
    lg_report report;
    lg_db *db = open_db(LG_DB_WRITER);
    lg_report_init(&report, arena);
    lg_db_close(db);
    db = open_db(LG_DB_WRITER); /* nothing left to migrate */
    lg_db_close(db);
    tamper("PRAGMA user_version = 999");
    IS(lg_db_open(path, LG_DB_WRITER, &db, &report), LG_SCHEMA_UNKNOWN);
    IS(lg_db_open(path, LG_DB_READER, &db, &report), LG_SCHEMA_UNKNOWN);
    assert_non_null(strstr(report.detail, "999"));
    tamper("PRAGMA user_version = 1");
    IS(lg_db_open(path, LG_DB_READER, &db, &report), LG_SCHEMA_UNKNOWN); /* a reader migrates nothing */
    assert_non_null(strstr(report.detail, "migrated"));
    remove_files();
    tamper("PRAGMA user_version = 1"); /* of nobody's making: it does not say that it is a ledger */
    IS(lg_db_open(path, LG_DB_WRITER, &db, &report), LG_SCHEMA_UNKNOWN);
    assert_non_null(strstr(report.detail, "no ledger of this program"));
    remove_files();
    db = open_db(LG_DB_WRITER);
    lg_db_close(db);
    tamper(
        "PRAGMA application_id = 0x54414c59; PRAGMA user_version = 7"); /* without movements: before 0008 */
    IS(lg_db_open(path, LG_DB_WRITER, &db, &report), LG_SCHEMA_UNKNOWN);
    IS(lg_db_open(path, LG_DB_READER, &db, &report), LG_SCHEMA_UNKNOWN);
    assert_non_null(strstr(report.detail, "before its first release"));
    remove_files();
    IS(lg_db_open(path, LG_DB_READER, &db, &report), LG_IO);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 200; i++)
        fputs("this is no database\n", file);
    fclose(file);
    IS(lg_db_open(path, LG_DB_WRITER, &db, &report), LG_CORRUPT);
    remove_files();
    lg_arena_close(arena);
}

static void readers_see_snapshots(void **state)
{
    (void)state;
    lg_readers *readers;
    lg_db *writer = open_db(LG_DB_WRITER);
    OK(lg_entry_insert(writer, 0, lg_bytes_str("{}"), ""));
    OK(lg_readers_open(path, 2, &readers, NULL));
    lg_db *early = lg_readers_take(readers);
    assert_int_equal(number(early, "SELECT count(*) FROM entries"), 1);
    OK(lg_db_begin(writer));
    OK(lg_entry_insert(writer, 1, lg_bytes_str("{}"), ""));
    lg_db *late = lg_readers_take(readers);
    assert_ptr_not_equal(early, late);
    assert_int_equal(number(late, "SELECT count(*) FROM entries"), 1); /* not committed */
    OK(lg_db_commit(writer));
    assert_true(lg_db_wal_pages(writer) > 0);
    assert_int_equal(number(early, "SELECT count(*) FROM entries"), 1); /* the snapshot stays */
    OK(lg_db_checkpoint(writer));                                       /* a reader in the way is no error */
    lg_readers_give(readers, early);
    early = lg_readers_take(readers);
    assert_int_equal(number(early, "SELECT count(*) FROM entries"), 2);
    IS(once(early, "INSERT INTO entries VALUES (5, x'7b7d')"), LG_IO); /* read-only */
    lg_readers_give(readers, early);
    lg_readers_give(readers, late);
    OK(lg_db_checkpoint(writer));
    assert_int_equal(lg_db_wal_pages(writer), 0);
    lg_readers_close(readers);
    lg_db_close(writer);
    remove_files();
}

static lg_err fill(lg_db *db, int64_t *seq)
{
    static char body[60000];
    lg_err err = LG_OK;
    memset(body, ' ', sizeof body);
    for (*seq = 1000; !err && *seq < 1100; ++*seq)
        err = lg_entry_insert(db, *seq, lg_bytes_of(body, sizeof body), "");
    return err;
}

/* SQLite says SQLITE_FULL for its own limit of pages as for ENOSPC. */
static void a_full_disk_is_told_apart(void **state)
{
    rig *r = *state;
    int64_t seq;
    force(r, "PRAGMA max_page_count = 500");
    OK(lg_db_begin(r->db));
    IS(fill(r->db, &seq), LG_DISK_FULL);
    lg_db_rollback(r->db);
    assert_int_equal(number(r->db, "SELECT count(*) FROM entries"), 64);
    OK(lg_entry_insert(r->db, 64, lg_bytes_str("{}"), ""));
}

/* A write that fails for another reason (here: a limit on file sizes) is undone: work can go on. */
static void a_failed_write_is_undone(void **state)
{
    (void)state;
    lg_db *writer = open_db(LG_DB_WRITER);
    struct rlimit before, tight;
    int64_t seq;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = 1 << 20;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    lg_err err = fill(writer, &seq);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    IS(err, LG_IO);
    OK(lg_entry_insert(writer, seq - 1, lg_bytes_str("{}"), ""));
    assert_int_equal(number(writer, "SELECT count(*) FROM entries"), seq - 1000);
    lg_db_close(writer);
    remove_files();
}

static void turn_a_bit(off_t at)
{
    int fd = open(path, O_RDWR);
    char byte;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (char)(byte ^ 4);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Whatever bit of a page turns, it is read no more; who examines the damage sees it. */
static void a_bit_that_turned_is_never_believed(void **state)
{
    (void)state;
    lg_db *writer = open_db(LG_DB_WRITER), *db;
    for (int64_t seq = 0; seq < 50; seq++)
        OK(lg_entry_insert(writer, seq, lg_bytes_str("{\"of\":\"some length, so that there are pages\"}"),
                           ""));
    OK(lg_db_checkpoint(writer));
    const int64_t root = number(writer, "SELECT rootpage FROM sqlite_schema WHERE name = 'entries'");
    lg_db_close(writer);
    for (off_t at = (root - 1) * 4096; at < root * 4096; at += 61) {
        turn_a_bit(at);
        db = open_db(LG_DB_READER);
        IS(once(db, "SELECT * FROM entries"), LG_CORRUPT);
        lg_db_close(db);
        db = open_db(LG_DB_EXAMINER);
        lg_err err = once(db, "SELECT * FROM entries");
        assert_true(err == LG_OK || err == LG_CORRUPT); /* the latter where the page's very form is broken */
        lg_db_close(db);
        turn_a_bit(at);
    }
    db = open_db(LG_DB_READER);
    OK(once(db, "SELECT * FROM entries"));
    lg_db_close(db);
    remove_files();
}

/* A page of its own content in the place of another one. */
static void a_page_that_belongs_elsewhere_is_not_believed(void **state)
{
    (void)state;
    static char page[4096];
    lg_db *db = open_db(LG_DB_WRITER);
    const int64_t entries = number(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'entries'");
    const int64_t nodes = number(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'nodes'");
    lg_db_close(db);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, page, sizeof page, (nodes - 1) * 4096), sizeof page);
    assert_int_equal(pwrite(fd, page, sizeof page, (entries - 1) * 4096), sizeof page);
    close(fd);
    db = open_db(LG_DB_READER);
    IS(once(db, "SELECT * FROM entries"), LG_CORRUPT);
    lg_db_close(db);
    remove_files();
}

static void a_second_writer_is_busy(void **state)
{
    (void)state;
    lg_db *first = open_db(LG_DB_WRITER), *second = open_db(LG_DB_WRITER);
    OK(lg_db_begin(first));
    IS(lg_db_begin(second), LG_BUSY);
    OK(lg_db_commit(first));
    OK(lg_db_begin(second));
    lg_db_rollback(second);
    lg_db_close(first);
    lg_db_close(second);
    remove_files();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_authorizer_denies),
        STORY(triggers_refuse_too),
        STORY(errors_in_our_words),
        STORY(nulls_and_zeros),
        STORY(savepoints_nest),
        cmocka_unit_test(newer_and_older_schemas_are_refused),
        cmocka_unit_test(readers_see_snapshots),
        STORY(a_full_disk_is_told_apart),
        cmocka_unit_test(a_failed_write_is_undone),
        cmocka_unit_test(a_bit_that_turned_is_never_believed),
        cmocka_unit_test(a_page_that_belongs_elsewhere_is_not_believed),
        cmocka_unit_test(a_second_writer_is_busy),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
