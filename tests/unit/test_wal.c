/* Moving the WAL in steps: until the database is synced, the WAL alone holds all that came since; it stays
 * bounded; readers hold it back without harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/store/log_rows.h"
#include "ledger/store/wal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK(expression) assert_string_equal(lg_err_slug(expression), "ok")

enum {
    BODY_LEN = 60000,
    ENTRIES_PER_COMMIT = 20, /* some 300 pages */
    FULL = 16000,            /* pages, as wal.c has it */
    STEP = 500,              /* and this */
    FULL_AND_A_BIT = FULL + 2 * STEP,
};

static char folder[] = "/tmp/tallystick-wal-XXXXXX";
static char path[64], wal_path[64], torn[64], torn_wal[64], synced[64];
static lg_db *db;
static lg_wal *wal;
static int64_t next_seq;

static void copy(const char *from, const char *to)
{
    static char bytes[1 << 20];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t len; (len = read(in, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(out, bytes, (size_t)len), len);
    close(in);
    close(out);
}

static int64_t entries_in(lg_db *of)
{
    static const lg_sql sql = {"SELECT count(*) FROM entries"};
    lg_query query = lg_query_start(of, &sql);
    assert_true(lg_query_next(&query));
    int64_t count = lg_column_int(&query, 0);
    OK(lg_query_end(&query));
    return count;
}

static void commit(void)
{
    static char body[BODY_LEN];
    memset(body, ' ', sizeof body);
    OK(lg_db_begin(db));
    for (int i = 0; i < ENTRIES_PER_COMMIT; i++)
        OK(lg_entry_insert(db, next_seq++, lg_bytes_of(body, sizeof body), ""));
    OK(lg_db_commit(db));
}

/* What a power cut may leave at worst: of the database only what was synced when the WAL last began anew, and
 * the WAL. */
static void assert_nothing_is_lost(void)
{
    lg_db *left;
    copy(synced, torn);
    copy(wal_path, torn_wal);
    OK(lg_db_open(torn, LG_DB_WRITER, &left, NULL));
    assert_int_equal(entries_in(left), next_seq);
    lg_db_close(left);
    unlink(torn);
}

static int open_all(void **state)
{
    (void)state;
    next_seq = 0;
    OK(lg_db_open(path, LG_DB_WRITER, &db, NULL));
    OK(lg_db_checkpoint(db));
    OK(lg_wal_open(db, path, &wal, NULL));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    lg_wal_close(wal);
    lg_db_close(db);
    OK(lg_db_open(path, LG_DB_WRITER, &db, NULL)); /* a clean end leaves all in the database */
    assert_int_equal(entries_in(db), next_seq);
    lg_db_close(db);
    unlink(path);
    return 0;
}

static void steps_leave_the_wal_whole(void **state)
{
    (void)state;
    unsigned steps = 0, anew = 0;
    copy(path, synced);
    for (int last = 0; anew < 2;) {
        bool moved;
        commit();
        int pages = lg_db_wal_pages(db);
        if (pages < last)
            anew++;
        assert_true(pages <= FULL_AND_A_BIT);
        OK(lg_wal_step(wal, &moved));
        steps += moved;
        if (moved && (steps % 12 == 2 || pages > FULL - 1500) && pages < FULL)
            assert_nothing_is_lost();
        if (lg_db_wal_pages(db) == 0)
            copy(path, synced);
        last = pages;
    }
    assert_in_range(steps, 2 * FULL / (STEP + 320), 2 * FULL / STEP + 4);
    assert_false(lg_db_sync_failed(db));
}

static void the_file_of_the_database_grows_before_the_wal_is_full(void **state)
{
    (void)state;
    struct stat before, after;
    bool moved;
    assert_int_equal(stat(path, &before), 0);
    while (lg_db_wal_pages(db) < FULL / 2) {
        commit();
        OK(lg_wal_step(wal, &moved));
    }
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size > before.st_size + FULL / 4 * 4096);
}

static void when_idle_everything_is_moved(void **state)
{
    (void)state;
    bool moved;
    assert_false(lg_wal_is_due(wal));
    for (int i = 0; i < 10; i++) {
        commit();
        OK(lg_wal_step(wal, &moved));
    }
    assert_true(lg_wal_is_due(wal));
    OK(lg_wal_finish(wal));
    assert_int_equal(lg_db_wal_pages(db), 0);
    assert_false(lg_wal_is_due(wal));
    commit();
    assert_true(lg_db_wal_pages(db) < 1000); /* it began anew */
}

static void a_reader_holds_it_back_and_no_longer(void **state)
{
    (void)state;
    lg_readers *readers;
    bool moved;
    commit();
    OK(lg_readers_open(path, 1, &readers, NULL));
    lg_db *reader = lg_readers_take(readers);
    const int64_t seen = entries_in(reader);
    while (lg_db_wal_pages(db) < FULL_AND_A_BIT + 1000) {
        commit();
        OK(lg_wal_step(wal, &moved));
    }
    assert_int_equal(entries_in(reader), seen);
    OK(lg_wal_finish(wal));
    assert_true(lg_db_wal_pages(db) > FULL);
    assert_false(lg_wal_is_due(wal)); /* trying again would move nothing */
    lg_readers_give(readers, reader);
    commit();
    assert_true(lg_wal_is_due(wal));
    OK(lg_wal_finish(wal));
    assert_int_equal(lg_db_wal_pages(db), 0);
    lg_readers_close(readers);
}

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ledger.db", folder);
    snprintf(wal_path, sizeof wal_path, "%s/ledger.db-wal", folder);
    snprintf(torn, sizeof torn, "%s/torn.db", folder);
    snprintf(torn_wal, sizeof torn_wal, "%s/torn.db-wal", folder);
    snprintf(synced, sizeof synced, "%s/synced.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(synced);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_leave_the_wal_whole, open_all, close_all),
        cmocka_unit_test_setup_teardown(the_file_of_the_database_grows_before_the_wal_is_full, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(when_idle_everything_is_moved, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_reader_holds_it_back_and_no_longer, open_all, close_all),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
