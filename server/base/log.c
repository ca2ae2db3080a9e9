#include "server/base/log.h"

#include "ledger/base/arena.h"
#include "ledger/base/calendar.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_LEN_MAX = 2048,      /* bytes, with its end */
    TEXT_LEN_MAX = 256,       /* bytes of one field's text that are looked at */
    BUFFER_LEN = 256 * 1024,  /* of each of the two */
    GATHER_MS = 20,           /* lines that come within it are written together */
    CLOSE_MS = 2000,          /* how long a stuck reader is waited for at the end */
    WRITE_LEN_MAX = PIPE_BUF, /* a pipe that poll calls writable takes so much without blocking (POSIX) */
};

const char *const log_level_names[] = {"debug", "info", "warn", "error", NULL};
const char *const log_form_names[] = {"text", "json", NULL};

struct logger {
    logger_config config;
    _Atomic int level;
    _Atomic uint64_t lines[LOG_ERROR + 1], dropped;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t wake;
    char *filling;   /* BUFFER_LEN bytes, */
    size_t len;      /* used by whole lines */
    uint64_t untold; /* dropped since the last line about it */
    bool urgent;     /* something above LOG_INFO waits, or the buffer is half full */
    bool sleeping;   /* the thread waits without an end */
    bool closing;
    int64_t close_until; /* monotonic ms */
    char *writing;       /* the thread's own */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- one line ---- */

typedef struct line {
    char s[LINE_LEN_MAX];
    size_t len;
    bool full;
} line;

static void put(line *l, const char *text, size_t len)
{
    /* What closes a line must always find room. */
    if (l->full || l->len + len + sizeof "\"}\n" > sizeof l->s) {
        l->full = true;
        return;
    }
    memcpy(l->s + l->len, text, len);
    l->len += len;
}

static void put_str(line *l, const char *text)
{
    put(l, text, strlen(text));
}

/* The code point that starts at text[0]; U+FFFD for one byte that starts none. *len: its bytes. */
static unsigned decode(const unsigned char *text, size_t left, size_t *len)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned c = text[0];
    size_t need = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    *len = 1;
    if (need == 0 || need > left)
        return 0xfffd;
    c &= 0xffU >> (need + 1);
    for (size_t i = 1; i < need; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0xfffd;
        c = c << 6 | (text[i] & 0x3fU);
    }
    if (c < least[need] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0xfffd;
    *len = need;
    return c;
}

static void put_escape(line *l, unsigned c)
{
    char text[16];
    if (c >= 0x10000)
        snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                 0xdc00 + ((c - 0x10000) & 0x3ff));
    else
        snprintf(text, sizeof text, "\\u%04x", c);
    put_str(l, text);
}

/* How many bytes at the start stand for themselves. */
static size_t plain_len(const unsigned char *text, size_t len)
{
    size_t at = 0;
    while (at < len && text[at] >= 0x20 && text[at] < 0x7f && text[at] != '"' && text[at] != '\\')
        at++;
    return at;
}

/* A JSON string of nothing but printable ASCII; what is longer than TEXT_LEN_MAX ends in "...". */
static void put_quoted(line *l, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strnlen(text, TEXT_LEN_MAX + 1), len;
    bool cut = left > TEXT_LEN_MAX;
    put(l, "\"", 1);
    for (left = cut ? TEXT_LEN_MAX : left; left > 0; at += len, left -= len) {
        len = plain_len(at, left);
        if (len) {
            put(l, (const char *)at, len);
        } else if (*at == '"' || *at == '\\') {
            len = 1;
            put(l, *at == '"' ? "\\\"" : "\\\\", 2);
        } else {
            unsigned c = decode(at, left, &len);
            put_escape(l, *at < 0x80 ? *at : c);
        }
    }
    put_str(l, cut ? "...\"" : "\"");
}

/* Text that needs no quotation marks to be one word. */
static bool is_word(const char *text)
{
    static const bool of_words[UCHAR_MAX + 1] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['-' ... ':'] = true, /* - . / 0 to 9 : */
        ['_'] = true,         ['{'] = true,         ['}'] = true,         ['*'] = true,
    };
    size_t len = 0;
    while (of_words[(unsigned char)text[len]])
        len++;
    return len > 0 && len <= TEXT_LEN_MAX && text[len] == '\0';
}

static void put_number(line *l, int64_t number)
{
    char digits[20]; /* of 2^63 at most, and a sign */
    char *const end = digits + sizeof digits, *at = end;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *--at = '-';
    put(l, at, (size_t)(end - at));
}

static void put_field(line *l, log_form form, const log_field *field)
{
    const size_t before = l->len;
    if (field->kind == LOG_IS_TEXT && !field->text)
        return;
    put_str(l, form == LOG_FORM_JSON ? ",\"" : " ");
    put_str(l, field->name);
    put_str(l, form == LOG_FORM_JSON ? "\":" : "=");
    if (field->kind == LOG_IS_NUMBER)
        put_number(l, field->number);
    else if (form == LOG_FORM_TEXT && is_word(field->text))
        put_str(l, field->text);
    else
        put_quoted(l, field->text);
    if (l->full)
        l->len = before; /* a field is whole or not there */
}

static void compose(line *l, log_form form, log_level level, const char *event, const char *message,
                    const log_field *fields)
{
    const lg_time_text now = lg_time_format(lg_now());
    l->len = 0;
    l->full = false;
    put_str(l, form == LOG_FORM_JSON ? "{\"time\":\"" : "");
    put_str(l, now.s);
    put_str(l, form == LOG_FORM_JSON ? "\",\"level\":\"" : " ");
    put_str(l, log_level_names[level]);
    put_str(l, form == LOG_FORM_JSON ? "\",\"event\":\"" : " ");
    put_str(l, event);
    put_str(l, form == LOG_FORM_JSON ? "\"" : "");
    if (message) {
        put_str(l, form == LOG_FORM_JSON ? ",\"message\":" : " ");
        put_quoted(l, message);
    }
    for (; fields->name && !l->full; fields++)
        put_field(l, form, fields);
    if (form == LOG_FORM_JSON)
        l->s[l->len++] = '}';
    l->s[l->len++] = '\n';
}

/* ---- the buffer and its thread ---- */

static void enqueue(logger *log, const line *l, bool urgent)
{
    pthread_mutex_lock(&log->lock);
    if (log->len + l->len > BUFFER_LEN) {
        log->untold++;
        atomic_fetch_add_explicit(&log->dropped, 1, memory_order_relaxed);
    } else {
        memcpy(log->filling + log->len, l->s, l->len);
        log->len += l->len;
    }
    bool half_full = log->len >= BUFFER_LEN / 2;
    urgent = urgent || half_full;
    bool wake = log->sleeping || (urgent && !log->urgent);
    log->urgent |= urgent;
    log->sleeping = false;
    pthread_mutex_unlock(&log->lock);
    if (wake)
        pthread_cond_signal(&log->wake);
}

void log_write(logger *log, log_level level, const char *event, const char *message, const log_field *fields)
{
    line l;
    if (!log || !logger_takes(log, level))
        return;
    atomic_fetch_add_explicit(&log->lines[level], 1, memory_order_relaxed);
    compose(&l, log->config.form, level, event, message, fields);
    if (log->config.sink) {
        l.s[l.len - 1] = '\0';
        log->config.sink(log->config.context, l.s);
    } else {
        enqueue(log, &l, level > LOG_INFO);
    }
}

/* Waits until fd takes something; false when closing has lasted too long. */
static bool wait_writable(logger *log)
{
    for (;;) {
        struct pollfd poll_fd = {.fd = log->config.fd, .events = POLLOUT};
        if (poll(&poll_fd, 1, 200) > 0)
            return true;
        pthread_mutex_lock(&log->lock);
        bool late = log->closing && now_ms() >= log->close_until;
        pthread_mutex_unlock(&log->lock);
        if (late)
            return false;
    }
}

/* As many whole lines as may be written at once without blocking. */
static size_t chunk_len(const char *text, size_t len)
{
    if (len <= WRITE_LEN_MAX)
        return len;
    const char *end = memrchr(text, '\n', WRITE_LEN_MAX);
    return (size_t)(end - text) + 1;
}

static void count_lost(logger *log, const char *text, size_t len)
{
    const char *end = text + len;
    for (; (text = memchr(text, '\n', (size_t)(end - text))); text++)
        atomic_fetch_add_explicit(&log->dropped, 1, memory_order_relaxed);
}

static void write_out(logger *log, const char *text, size_t len)
{
    while (len > 0) {
        size_t chunk = chunk_len(text, len);
        ssize_t written = wait_writable(log) ? write(log->config.fd, text, chunk) : -1;
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) { /* there is nowhere to say so */
            count_lost(log, text, len);
            return;
        }
        text += written;
        len -= (size_t)written;
    }
}

static void tell_dropped(logger *log, uint64_t count)
{
    line l;
    compose(&l, log->config.form, LOG_WARN, "log.dropped",
            "Lines were dropped because the log is not read fast enough.",
            (const log_field[]){log_number("lines", (int64_t)count), {0}});
    write_out(log, l.s, l.len);
}

/* Under the lock: until there is something, and then a moment more for company. */
static void wait_for_lines(logger *log)
{
    struct timespec until;
    while (log->len == 0 && !log->closing) {
        log->sleeping = true;
        pthread_cond_wait(&log->wake, &log->lock);
    }
    log->sleeping = false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += GATHER_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int late = 0;
    while (!log->urgent && !log->closing && !late)
        late = pthread_cond_timedwait(&log->wake, &log->lock, &until);
}

static void *run(void *arg)
{
    logger *log = arg;
    bool closing = false;
    while (!closing) {
        pthread_mutex_lock(&log->lock);
        wait_for_lines(log);
        char *text = log->filling;
        size_t len = log->len;
        uint64_t untold = log->untold;
        log->filling = log->writing;
        log->writing = text;
        log->len = 0;
        log->untold = 0;
        log->urgent = false;
        closing = log->closing;
        pthread_mutex_unlock(&log->lock);
        write_out(log, text, len);
        if (untold)
            tell_dropped(log, untold);
    }
    return NULL;
}

static lg_err start(logger *log)
{
    pthread_condattr_t monotonic;
    log->filling = malloc(BUFFER_LEN);
    log->writing = malloc(BUFFER_LEN);
    pthread_mutex_init(&log->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&log->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (log->filling && log->writing && pthread_create(&log->thread, NULL, run, log) == 0)
        return LG_OK;
    return LG_NO_MEMORY;
}

lg_err logger_open(const logger_config *config, logger **out)
{
    logger *log = calloc(1, sizeof *log);
    if (!log)
        return LG_NO_MEMORY;
    log->config = *config;
    atomic_init(&log->level, (int)config->level);
    if (!config->sink && start(log) != LG_OK) {
        free(log->filling);
        free(log->writing);
        free(log);
        return LG_NO_MEMORY;
    }
    *out = log;
    return LG_OK;
}

void logger_close(logger *log)
{
    if (!log)
        return;
    if (!log->config.sink) {
        pthread_mutex_lock(&log->lock);
        log->closing = true;
        log->close_until = now_ms() + CLOSE_MS;
        pthread_cond_signal(&log->wake);
        pthread_mutex_unlock(&log->lock);
        pthread_join(log->thread, NULL);
        pthread_cond_destroy(&log->wake);
        pthread_mutex_destroy(&log->lock);
    }
    free(log->filling);
    free(log->writing);
    free(log);
}

void logger_set_level(logger *log, log_level level)
{
    atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

bool logger_takes(const logger *log, log_level level)
{
    return log && (int)level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

logger_stats logger_get_stats(const logger *log)
{
    logger_stats stats = {.dropped = atomic_load_explicit(&log->dropped, memory_order_relaxed)};
    for (int level = 0; level <= LOG_ERROR; level++)
        stats.lines[level] = atomic_load_explicit(&log->lines[level], memory_order_relaxed);
    return stats;
}
