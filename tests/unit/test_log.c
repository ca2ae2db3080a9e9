/* server/base/log: what a line looks like, what cannot be forged in one, and a reader that does not read. */
#include "ledger/base/json.h"
#include "server/base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct kept {
    char line[4096]; /* the last one */
    unsigned count;
} kept;

static void keep(void *context, const char *line)
{
    kept *k = context;
    snprintf(k->line, sizeof k->line, "%s", line);
    k->count++;
}

static logger *open_kept(kept *k, log_form form, log_level level)
{
    logger *log = NULL;
    *k = (kept){0};
    assert_int_equal(
        logger_open(&(logger_config){.form = form, .level = level, .sink = keep, .context = k}, &log), LG_OK);
    return log;
}

/* The line behind its time. */
static const char *rest(const kept *k)
{
    assert_int_equal(k->line[26], 'Z');
    return k->line + 28;
}

static void text_lines(void **state)
{
    (void)state;
    kept k;
    logger *log = open_kept(&k, LOG_FORM_TEXT, LOG_INFO);
    log_event(log, LOG_INFO, "service.started", NULL);
    assert_string_equal(rest(&k), "info service.started");
    log_event(log, LOG_WARN, "webhook.dead", "A message was given up.", log_text("route", "/v1/claims/{id}"),
              log_number("status", -7), log_text("why", NULL), log_text("error", "it \"timed\" out"));
    assert_string_equal(rest(&k),
                        "warn webhook.dead \"A message was given up.\" route=/v1/claims/{id} status=-7 "
                        "error=\"it \\\"timed\\\" out\"");
    log_event(log, LOG_INFO, "x", NULL, log_text("empty", ""), log_text("equals", "a=b"));
    assert_string_equal(rest(&k), "info x empty=\"\" equals=\"a=b\"");
    logger_close(log);
}

static void levels(void **state)
{
    (void)state;
    kept k;
    logger *log = open_kept(&k, LOG_FORM_TEXT, LOG_WARN);
    log_event(log, LOG_INFO, "x", NULL);
    assert_int_equal(k.count, 0);
    logger_set_level(log, LOG_DEBUG);
    log_event(log, LOG_DEBUG, "x", NULL);
    assert_int_equal(k.count, 1);
    assert_int_equal(logger_get_stats(log).lines[LOG_DEBUG], 1);
    assert_int_equal(logger_get_stats(log).lines[LOG_INFO], 0);
    log_event(NULL, LOG_ERROR, "x", NULL);
    logger_close(log);
}

/* Whatever the text: one line of printable ASCII, which is JSON. */
static void check_line(const kept *k, const char *value)
{
    lg_arena *arena = lg_arena_open();
    lg_report report;
    json_t *object = NULL;
    lg_report_init(&report, arena);
    for (const char *c = k->line; *c; c++)
        assert_true(*c >= 0x20 && *c < 0x7f);
    assert_int_equal(lg_json_load(lg_bytes_str(k->line), &object, &report), LG_OK);
    assert_string_equal(json_string_value(json_object_get(object, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(object, "event")), "x");
    if (value)
        assert_string_equal(json_string_value(json_object_get(object, "value")), value);
    json_decref(object);
    lg_arena_close(arena);
}

static void nothing_forges_a_line(void **state)
{
    (void)state;
    static const struct {
        const char *sent, *read; /* NULL: as sent */
    } cases[] = {
        {"a\nb", NULL},
        {"a\r\n2026-11-28T00:00:00.000000Z error storage.failed", NULL},
        {"\",\"level\":\"error\",\"x\":\"", NULL},
        {"\\", NULL},
        {"\x1b[2J\x07\x08\x7f", NULL},
        {"\xc2\x85 \xe2\x80\xa8 \xe2\x80\xae \xf0\x9f\x98\x80 \xe5\xa5\x91",
         NULL}, /* NEL, LS, RLO, emoji, 契 */
        {"\xff", "\xef\xbf\xbd"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\xc0\x8a", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* overlong line feed */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    kept k;
    logger *log = open_kept(&k, LOG_FORM_JSON, LOG_INFO);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        log_event(log, LOG_INFO, "x", NULL, log_text("value", cases[i].sent));
        check_line(&k, cases[i].read ? cases[i].read : cases[i].sent);
    }
    logger_close(log);
    log = open_kept(&k, LOG_FORM_TEXT, LOG_INFO);
    log_event(log, LOG_INFO, "x", NULL, log_text("value", "a b=c\nd"), log_text("word", "\xe2\x80\xae"));
    assert_string_equal(rest(&k), "info x value=\"a b=c\\u000ad\" word=\"\\u202e\"");
    logger_close(log);
}

static void long_text_is_cut(void **state)
{
    (void)state;
    char text[3000];
    kept k;
    logger *log = open_kept(&k, LOG_FORM_JSON, LOG_INFO);
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    log_event(log, LOG_INFO, "x", NULL, log_text("value", text));
    text[256] = '\0';
    memcpy(text + 256, "...", 4);
    check_line(&k, text);
    /* More than a line holds: fields are whole or not there. */
    memset(text, '\n', 200);
    text[200] = '\0';
    log_event(log, LOG_INFO, "x", NULL, log_text("a", text), log_text("b", text), log_text("c", text),
              log_text("value", text));
    assert_null(strstr(k.line, "value"));
    check_line(&k, NULL);
    logger_close(log);
}

/* ---- writing ---- */

static void open_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
}

static size_t count_lines(int fd, const char *part)
{
    size_t count = 0;
    char text[8192];
    FILE *file = fdopen(fd, "r");
    while (fgets(text, sizeof text, file)) {
        assert_int_equal(text[strlen(text) - 1], '\n');
        assert_int_equal(text[26], 'Z');
        count += strstr(text, part) != NULL;
    }
    fclose(file);
    return count;
}

static void lines_arrive_whole_and_in_order(void **state)
{
    (void)state;
    enum { LINES = 5000 };
    char name[] = "/tmp/test_log.XXXXXX", text[8192];
    int fd = mkstemp(name), at = 0;
    assert_true(fd >= 0);
    logger *log = NULL;
    assert_int_equal(logger_open(&(logger_config){.level = LOG_INFO, .fd = fd}, &log), LG_OK);
    for (int i = 0; i < LINES; i++)
        log_event(log, i % 100 ? LOG_INFO : LOG_WARN, "x", NULL, log_number("i", i));
    logger_close(log);
    FILE *file = fopen(name, "r");
    while (fgets(text, sizeof text, file)) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, " x i=%d\n", at++);
        assert_non_null(strstr(text, wanted));
    }
    assert_int_equal(at, LINES);
    fclose(file);
    close(fd);
    unlink(name);
}

/* Nobody reads: nobody waits, the rest is dropped and counted, and closing comes to an end. */
static void a_reader_that_is_stuck(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    int ends[2];
    logger *log = NULL;
    open_pipe(ends);
    assert_int_equal(logger_open(&(logger_config){.level = LOG_INFO, .fd = ends[1]}, &log), LG_OK);
    for (int i = 0; i < LINES; i++)
        log_event(log, LOG_INFO, "x", NULL,
                  log_text("why", "a line of some length, so that the buffer fills"));
    logger_stats stats = logger_get_stats(log);
    assert_int_equal(stats.lines[LOG_INFO], LINES);
    assert_true(stats.dropped > 0 && stats.dropped < LINES);
    logger_close(log);
    close(ends[1]);
    assert_in_range(count_lines(ends[0], " x why="), 1, LINES - stats.dropped);
}

/* Once there is room again the log says how much is missing. */
static void what_was_dropped_is_told(void **state)
{
    (void)state;
    char told[64];
    int ends[2];
    logger *log = NULL;
    open_pipe(ends);
    assert_int_equal(logger_open(&(logger_config){.level = LOG_INFO, .fd = ends[1]}, &log), LG_OK);
    while (logger_get_stats(log).dropped < 100)
        log_event(log, LOG_INFO, "x", NULL,
                  log_text("why", "a line of some length, so that the buffer fills"));
    snprintf(told, sizeof told, " lines=%llu\n", (unsigned long long)logger_get_stats(log).dropped);
    pid_t reader = fork();
    if (reader == 0) {
        close(ends[1]);
        _exit(count_lines(ends[0], told) == 1 ? 0 : 1);
    }
    int status;
    logger_close(log);
    close(ends[1]);
    close(ends[0]);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lines),
        cmocka_unit_test(levels),
        cmocka_unit_test(nothing_forges_a_line),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(lines_arrive_whole_and_in_order),
        cmocka_unit_test(a_reader_that_is_stuck),
        cmocka_unit_test(what_was_dropped_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
