/* server/uploads: the pipe, the records of a text, CSV rows, the journal. */
#include "ledger/base/buf.h"
#include "server/uploads/journal.h"
#include "server/uploads/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONG = 3 * 1024 * 1024 };

static void *read_all(void *arg)
{
    static char block[10000];
    pipe_t *pipe = arg;
    size_t total = 0, wrong = 0;
    ssize_t got;
    while ((got = pipe_read(pipe, block, sizeof block)) > 0)
        for (ssize_t i = 0; i < got; i++, total++)
            wrong += block[i] != (char)(total * 7);
    return (void *)(got == 0 && wrong == 0 ? total : 0);
}

typedef struct room {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool there;
} room;

static void on_room(void *ctx)
{
    room *r = ctx;
    pthread_mutex_lock(&r->lock);
    r->there = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void a_pipe_keeps_order_and_makes_the_writer_wait(void **state)
{
    (void)state;
    room r = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    pipe_t *pipe = pipe_open();
    pthread_t reader;
    void *total;
    size_t waits = 0;
    char *text = malloc(LONG);
    assert_non_null(text);
    for (size_t i = 0; i < LONG; i++)
        text[i] = (char)(i * 7);
    size_t at = pipe_put(pipe, text, LONG);
    assert_true(at > 0 && at < LONG); /* it is bounded */
    assert_int_equal(pthread_create(&reader, NULL, read_all, pipe), 0);
    while (at < LONG) {
        r.there = false;
        pipe_on_room(pipe, on_room, &r);
        pthread_mutex_lock(&r.lock);
        while (!r.there)
            pthread_cond_wait(&r.changed, &r.lock);
        pthread_mutex_unlock(&r.lock);
        at += pipe_put(pipe, text + at, LONG - at);
        waits++;
    }
    pipe_end(pipe);
    assert_int_equal(pthread_join(reader, &total), 0);
    assert_int_equal((size_t)total, LONG);
    assert_true(waits > 1);
    pipe_close(pipe);
    free(text);
}

static void a_broken_pipe_says_so_and_a_discarding_one_takes_all(void **state)
{
    (void)state;
    char out[8];
    static char much[LONG];
    pipe_t *pipe = pipe_open();
    assert_int_equal(pipe_put(pipe, "abc", 3), 3);
    pipe_break(pipe);
    assert_int_equal(pipe_read(pipe, out, sizeof out), -1);
    assert_true(pipe_is_broken(pipe));
    pipe_discard(pipe);
    assert_int_equal(pipe_put(pipe, much, sizeof much), sizeof much);
    pipe_close(pipe);
}

static void records_end_where_a_line_ends_outside_quotation_marks(void **state)
{
    (void)state;
    static char text[] = "a,\"b\n\"\"c\"\"\n\",d\r\n\n  \r\nx\"y,2\nlast";
    static const struct {
        const char *record;
        int64_t line;
    } expected[] = {{"a,\"b\n\"\"c\"\"\n\",d\r\n", 1}, {"x\"y,2\n", 6}, {"last", 7}};
    lg_arena *arena = lg_arena_open();
    text_reader reader = {.buffer = text, .is_borrowed = true, .len = sizeof text - 1};
    lg_bytes record;
    int64_t line;
    bool end = false;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(text_next(&reader, arena, true, 100, &record, &line, &end), LG_OK);
        assert_false(end);
        assert_string_equal((const char *)record.data, expected[i].record);
        assert_int_equal(line, expected[i].line);
    }
    assert_int_equal(text_next(&reader, arena, true, 100, &record, &line, &end), LG_OK);
    assert_true(end);
    text_reader longer = {.buffer = text, .is_borrowed = true, .len = sizeof text - 1};
    assert_int_equal(text_next(&longer, arena, true, 5, &record, &line, &end), LG_BODY_TOO_LARGE);
    lg_arena_close(arena);
}

static void each_csv_row_is_a_file_with_the_header(void **state)
{
    (void)state;
    static char text[] = "number,note\n1,one\n2,\"t\nwo\"";
    lg_arena *arena = lg_arena_open();
    lg_report report;
    csv_rows rows = {.text = {.buffer = text, .is_borrowed = true, .len = sizeof text - 1}};
    upload_row row = {0};
    bool end;
    lg_report_init(&report, arena);
    assert_int_equal(csv_next(&rows, arena, &row, &end, &report), LG_OK);
    assert_string_equal((const char *)row.payload.data, "number,note\n1,one\n");
    assert_int_equal(row.line, 2);
    assert_int_equal(csv_next(&rows, arena, &row, &end, &report), LG_OK);
    assert_string_equal((const char *)row.payload.data, "number,note\n2,\"t\nwo\"");
    assert_int_equal(csv_next(&rows, arena, &row, &end, &report), LG_OK);
    assert_true(end);
    csv_close(&rows);
    lg_arena_close(arena);
}

/* ---- the journal ---- */

static const lg_uuid owner = {{1, 2, 3}};
static const char KEY[] = "journal-of-the-unit-test";

static void add_row(upload_journal *journal, int row, const char *digest, int status)
{
    lg_buf line = {0};
    lg_buf_printf(&line, "{\"row\":%d,\"sha256\":\"%s\",\"status\":%d}", row, digest, status);
    upload_journal_add(journal, &line, status);
    lg_buf_clear(&line);
}

static void digest_of(char out[JOURNAL_DIGEST_LEN + 1], char c)
{
    memset(out, c, JOURNAL_DIGEST_LEN);
    out[JOURNAL_DIGEST_LEN] = '\0';
}

static void a_journal_drops_what_no_tally_covers(void **state)
{
    (void)state;
    char dir[] = "/tmp/tallystick-journal-XXXXXX", a[JOURNAL_DIGEST_LEN + 1], b[JOURNAL_DIGEST_LEN + 1];
    lg_arena *arena = lg_arena_open();
    upload_journal *journal;
    upload_journal_reader *reader;
    assert_non_null(mkdtemp(dir));
    digest_of(a, 'a');
    digest_of(b, 'b');
    assert_int_equal(upload_journal_read(dir, owner, KEY, &reader), LG_NOT_FOUND);
    assert_int_equal(upload_journal_open(dir, owner, KEY, "text/csv", &journal, NULL), LG_OK);
    add_row(journal, 1, a, 201);
    add_row(journal, 2, b, 422);
    assert_int_equal(upload_journal_write(journal, JOURNAL_UNDER_WAY, NULL), LG_OK);
    upload_journal_close(journal);
    const char *path = lg_arena_printf(arena, "%s/uploads/%s/%s.ndjson", dir, lg_uuid_format(owner).s, KEY);
    FILE *file = fopen(path, "ae");
    assert_non_null(file);
    fputs("{\"row\":3,\"sha256\":\"half a", file);
    fclose(file);

    assert_int_equal(upload_journal_read(dir, owner, KEY, &reader), LG_OK);
    upload_journal_tally tally = upload_journal_reader_tally(reader, arena);
    assert_int_equal(tally.rows, 2);
    assert_int_equal(tally.accepted, 1);
    assert_int_equal(tally.refused, 1);
    assert_non_null(upload_journal_reader_next(reader));
    int64_t place = upload_journal_reader_place(reader);
    assert_non_null(strstr(upload_journal_reader_next(reader), "\"row\":2"));
    assert_null(upload_journal_reader_next(reader));
    assert_true(upload_journal_reader_seek(reader, place));
    assert_false(upload_journal_reader_seek(reader, place + 1));
    upload_journal_reader_close(reader);

    assert_int_equal(upload_journal_open(dir, owner, KEY, "text/csv", &journal, NULL), LG_OK);
    assert_int_equal(upload_journal_tally_of(journal)->rows, 2);
    assert_true(upload_journal_row_was(journal, 1, a));
    assert_false(upload_journal_row_was(journal, 2, a));
    add_row(journal, 3, a, 202);
    assert_int_equal(upload_journal_write(journal, JOURNAL_COMPLETE, NULL), LG_OK);
    upload_journal_close(journal);
    assert_int_equal(upload_journal_read(dir, owner, KEY, &reader), LG_OK);
    tally = upload_journal_reader_tally(reader, arena);
    assert_int_equal(tally.rows, 3);
    assert_int_equal(tally.held, 1);
    assert_int_equal(tally.state, JOURNAL_COMPLETE);
    upload_journal_reader_close(reader);
    unlink(path);
    rmdir(lg_arena_printf(arena, "%s/uploads/%s", dir, lg_uuid_format(owner).s));
    rmdir(lg_arena_printf(arena, "%s/uploads", dir));
    rmdir(dir);
    lg_arena_close(arena);
}

static void let_files_grow_to(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk is full in the middle of a group, and has room again when the upload's end is noted. */
static void a_journal_goes_on_where_a_write_stopped(void **state)
{
    (void)state;
    char dir[] = "/tmp/tallystick-journal-XXXXXX", a[JOURNAL_DIGEST_LEN + 1];
    lg_arena *arena = lg_arena_open();
    upload_journal *journal;
    upload_journal_reader *reader;
    struct rlimit before;
    struct stat st;
    assert_non_null(mkdtemp(dir));
    digest_of(a, 'a');
    assert_int_equal(upload_journal_open(dir, owner, KEY, "text/csv", &journal, NULL), LG_OK);
    const char *path = lg_arena_printf(arena, "%s/uploads/%s/%s.ndjson", dir, lg_uuid_format(owner).s, KEY);
    assert_int_equal(stat(path, &st), 0);
    add_row(journal, 1, a, 201);
    add_row(journal, 2, a, 201);

    void (*usual)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    let_files_grow_to((rlim_t)st.st_size + 40);
    assert_int_not_equal(upload_journal_write(journal, JOURNAL_UNDER_WAY, NULL), LG_OK);
    let_files_grow_to(before.rlim_cur);
    signal(SIGXFSZ, usual);
    assert_int_equal(upload_journal_write(journal, JOURNAL_STOPPED, "{}"), LG_OK);
    upload_journal_close(journal);

    assert_int_equal(upload_journal_read(dir, owner, KEY, &reader), LG_OK);
    assert_int_equal(upload_journal_reader_tally(reader, arena).rows, 2);
    for (int row = 1; row <= 2; row++) {
        const char *line = upload_journal_reader_next(reader);
        assert_non_null(line);
        assert_string_equal(line,
                            lg_arena_printf(arena, "{\"row\":%d,\"sha256\":\"%s\",\"status\":201}", row, a));
    }
    assert_null(upload_journal_reader_next(reader));
    upload_journal_reader_close(reader);
    unlink(path);
    rmdir(lg_arena_printf(arena, "%s/uploads/%s", dir, lg_uuid_format(owner).s));
    rmdir(lg_arena_printf(arena, "%s/uploads", dir));
    rmdir(dir);
    lg_arena_close(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_keeps_order_and_makes_the_writer_wait),
        cmocka_unit_test(a_broken_pipe_says_so_and_a_discarding_one_takes_all),
        cmocka_unit_test(records_end_where_a_line_ends_outside_quotation_marks),
        cmocka_unit_test(each_csv_row_is_a_file_with_the_header),
        cmocka_unit_test(a_journal_drops_what_no_tally_covers),
        cmocka_unit_test(a_journal_goes_on_where_a_write_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
