/* Gathering a WAL's writes: a commit is one write, nothing waits behind its end, and no order changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/store/wal_gather.h"

#include <string.h>

enum { PAGE = 4096, FRAME = LG_FRAME_HEADER_LEN + PAGE, FILE_LEN = 200 * FRAME };

typedef struct disk {
    sqlite3_file base;
    uint8_t bytes[FILE_LEN];
    int writes;
    bool is_full;
} disk;

static int put(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    disk *d = (disk *)file;
    if (d->is_full)
        return SQLITE_FULL;
    assert_true(at >= 0 && at + len <= FILE_LEN);
    memcpy(d->bytes + at, data, (size_t)len);
    d->writes++;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {.iVersion = 1, .xWrite = put};
static disk file;
static uint8_t expected[FILE_LEN];
static lg_gather gather;

static int anew(void **state)
{
    (void)state;
    memset(&file, 0, sizeof file);
    memset(expected, 0, sizeof expected);
    file.base.pMethods = &methods;
    gather = (lg_gather){0};
    return 0;
}

static int closed(void **state)
{
    (void)state;
    lg_gather_close(&gather);
    return 0;
}

static int give(const void *data, int len, sqlite3_int64 at)
{
    memcpy(expected + at, data, (size_t)len);
    return lg_gather_write(&gather, &file.base, data, len, at);
}

/* One frame as SQLite hands it over: the header says how many pages the database has if a commit ends here.
 */
static int frame(int n, uint8_t fill, bool ends_commit)
{
    uint8_t header[LG_FRAME_HEADER_LEN] = {[3] = fill, [7] = ends_commit ? 9 : 0}, page[PAGE];
    memset(page, fill, sizeof page);
    const sqlite3_int64 at = LG_WAL_HEADER_LEN + (sqlite3_int64)n * FRAME;
    int code = give(header, sizeof header, at);
    return code == SQLITE_OK ? give(page, sizeof page, at + LG_FRAME_HEADER_LEN) : code;
}

static int header(void)
{
    static const uint8_t bytes[LG_WAL_HEADER_LEN] = "the header of the file";
    return give(bytes, sizeof bytes, 0);
}

static void assert_written(int writes)
{
    assert_memory_equal(file.bytes, expected, FILE_LEN);
    assert_int_equal(file.writes, writes);
}

static void a_commit_is_one_write(void **state)
{
    (void)state;
    assert_int_equal(header(), SQLITE_OK);
    for (int n = 0; n < 5; n++)
        assert_int_equal(frame(n, (uint8_t)(n + 1), false), SQLITE_OK);
    assert_int_equal(file.writes, 0);
    assert_int_equal(frame(5, 6, true), SQLITE_OK);
    assert_written(1);
    assert_int_equal(frame(6, 7, true), SQLITE_OK);
    assert_written(2);
}

static void much_is_written_in_parts(void **state)
{
    (void)state;
    assert_int_equal(header(), SQLITE_OK);
    for (int n = 0; n < 100; n++)
        assert_int_equal(frame(n, (uint8_t)(n + 1), n == 99), SQLITE_OK);
    assert_written(4); /* 131,071 bytes at most with one call: 31 frames */
}

static void what_comes_before_a_sync_is_written(void **state)
{
    (void)state;
    assert_int_equal(header(), SQLITE_OK);
    assert_int_equal(frame(0, 1, false), SQLITE_OK);
    assert_int_equal(lg_gather_flush(&gather, &file.base), SQLITE_OK);
    assert_written(1);
    assert_int_equal(lg_gather_flush(&gather, &file.base), SQLITE_OK);
    assert_written(1);
}

static void a_frame_that_is_written_again_is_the_later_one(void **state)
{
    (void)state;
    uint8_t page[PAGE];
    memset(page, 0xaa, sizeof page);
    assert_int_equal(header(), SQLITE_OK);
    for (int n = 0; n < 3; n++)
        assert_int_equal(frame(n, (uint8_t)(n + 1), false), SQLITE_OK);
    assert_int_equal(give(page, sizeof page, LG_WAL_HEADER_LEN + FRAME + LG_FRAME_HEADER_LEN), SQLITE_OK);
    assert_written(2);
    /* A commit that was given up: the next one begins where it began. */
    assert_int_equal(frame(3, 4, false), SQLITE_OK);
    assert_int_equal(frame(0, 8, false), SQLITE_OK);
    assert_int_equal(frame(1, 9, true), SQLITE_OK);
    assert_memory_equal(file.bytes, expected, FILE_LEN);
}

static void after_a_checkpoint_the_file_begins_anew(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(header(), SQLITE_OK);
        assert_int_equal(frame(0, (uint8_t)(10 + round), false), SQLITE_OK);
        assert_int_equal(frame(1, (uint8_t)(20 + round), true), SQLITE_OK);
        assert_written(1 + round);
    }
}

static void a_full_disk_is_told_and_nothing_comes_later(void **state)
{
    (void)state;
    assert_int_equal(header(), SQLITE_OK);
    assert_int_equal(frame(0, 1, false), SQLITE_OK);
    file.is_full = true;
    assert_int_equal(frame(1, 2, true), SQLITE_FULL);
    assert_int_equal(file.writes, 0);
    file.is_full = false;
    memset(expected, 0, sizeof expected);
    assert_int_equal(header(), SQLITE_OK);
    assert_int_equal(frame(0, 3, true), SQLITE_OK);
    assert_written(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_is_one_write, anew, closed),
        cmocka_unit_test_setup_teardown(much_is_written_in_parts, anew, closed),
        cmocka_unit_test_setup_teardown(what_comes_before_a_sync_is_written, anew, closed),
        cmocka_unit_test_setup_teardown(a_frame_that_is_written_again_is_the_later_one, anew, closed),
        cmocka_unit_test_setup_teardown(after_a_checkpoint_the_file_begins_anew, anew, closed),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_and_nothing_comes_later, anew, closed),
    };
    return cmocka_run_group_tests_name("gathering a WAL's writes", tests, NULL, NULL);
}
