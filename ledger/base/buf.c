#include "ledger/base/buf.h"

#include "ledger/base/scan.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 512 };

void lg_buf_clear(lg_buf *buf)
{
    free(buf->data);
    *buf = (lg_buf){0};
}

void lg_buf_reset(lg_buf *buf)
{
    buf->len = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

static void grow(lg_buf *buf, size_t more)
{
    if (more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4)
        lg_die("buffer of %zu + %zu bytes", buf->len, more);
    size_t need = buf->len + more + 1;
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;
    while (cap < need)
        cap *= 2;
    char *data = realloc(buf->data, cap);
    if (!data)
        lg_die("out of memory (%zu bytes)", cap);
    buf->data = data;
    buf->cap = cap;
}

/* Makes room for `more` bytes and the NUL, and gives the place for them. */
static inline char *reserve(lg_buf *buf, size_t more)
{
    if (buf->cap - buf->len <= more)
        grow(buf, more);
    return buf->data + buf->len;
}

/* What was written up to `end` belongs to the buffer. */
static inline void commit(lg_buf *buf, char *end)
{
    *end = '\0';
    buf->len = (size_t)(end - buf->data);
}

void lg_buf_add(lg_buf *buf, const void *data, size_t len)
{
    char *place = reserve(buf, len);
    if (len)
        memcpy(place, data, len);
    commit(buf, place + len);
}

void lg_buf_reserve(lg_buf *buf, size_t len)
{
    (void)reserve(buf, len);
}

void *lg_buf_extend(lg_buf *buf, size_t len)
{
    char *place = reserve(buf, len);
    commit(buf, place + len);
    return place;
}

void lg_buf_str(lg_buf *buf, const char *text)
{
    lg_buf_add(buf, text, strlen(text));
}

void lg_buf_char(lg_buf *buf, char c)
{
    char *place = reserve(buf, 1);
    *place = c;
    commit(buf, place + 1);
}

void lg_buf_printf(lg_buf *buf, const char *fmt, ...)
{
    enum { MOSTLY_ENOUGH = 256 };
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    char *place = reserve(buf, MOSTLY_ENOUGH);
    const int len = vsnprintf(place, MOSTLY_ENOUGH + 1, fmt, args);
    if (len < 0)
        lg_die("formatting failed");
    if (len > MOSTLY_ENOUGH) {
        place = reserve(buf, (size_t)len);
        vsnprintf(place, (size_t)len + 1, fmt, again);
    }
    commit(buf, place + len);
    va_end(again);
    va_end(args);
}

/* A comma is due unless the value opens the text, a container, or follows its key. */
static inline char *put_comma(const lg_buf *buf, char *place)
{
    if (buf->len == 0)
        return place;
    const char last = place[-1];
    if (last != '{' && last != '[' && last != ':')
        *place++ = ',';
    return place;
}

static void separate(lg_buf *buf)
{
    commit(buf, put_comma(buf, reserve(buf, 1)));
}

void lg_json_open(lg_buf *buf)
{
    separate(buf);
    lg_buf_char(buf, '{');
}

void lg_json_close(lg_buf *buf)
{
    lg_buf_char(buf, '}');
}

void lg_json_list(lg_buf *buf)
{
    separate(buf);
    lg_buf_char(buf, '[');
}

void lg_json_end(lg_buf *buf)
{
    lg_buf_char(buf, ']');
}

enum { FEW = sizeof(uint32_t), SOME = sizeof(uint64_t), MANY = sizeof(lg_scan_lanes) };

/* Copies sixteen bytes and says how many of them, from the first on, can stand in a string as they are. */
static inline size_t copy_many(char *place, const char *text)
{
    memcpy(place, text, MANY);
    return lg_scan_sixteen((const uint8_t *)text);
}

/* The same of eight bytes. */
static inline size_t copy_some(char *place, const char *text)
{
    const uint64_t found = lg_scan_escapes(lg_scan_eight((const uint8_t *)text));
    memcpy(place, text, SOME);
    return found ? lg_scan_first(found) : SOME;
}

/* The same of four to eight bytes. */
static inline size_t copy_few(char *place, const char *text, size_t len)
{
    uint32_t first, last;
    const size_t last_at = len - sizeof last; /* some of them are in both */
    memcpy(&first, text, sizeof first);
    memcpy(&last, text + last_at, sizeof last);
    memcpy(place, &first, sizeof first);
    memcpy(place + last_at, &last, sizeof last);
    const uint64_t found = lg_scan_escapes((uint64_t)le32toh(last) << 32 | le32toh(first));
    if (!found)
        return len;
    const size_t plain = lg_scan_first(found);
    return plain < FEW ? plain : last_at + plain - FEW;
}

/* Copies what can stand in a string as it is, up to the first byte that cannot; returns how much. What is
 * behind it, of `len`, may be written over. */
static size_t copy_plain(char *place, const char *text, size_t len)
{
    size_t at = 0;
    for (size_t plain = MANY; len - at > MANY; at += plain)
        if ((plain = copy_many(place + at, text + at)) < MANY)
            return at + plain;
    if (len >= MANY) /* the rest, with some of those before */
        return len - MANY + copy_many(place + len - MANY, text + len - MANY);
    if (len >= SOME) {
        const size_t plain = copy_some(place, text);
        return plain < SOME ? plain : len - SOME + copy_some(place + len - SOME, text + len - SOME);
    }
    if (len >= FEW)
        return copy_few(place, text, len);
    for (; at < len && !lg_scan_needs_escape((uint8_t)text[at]); at++)
        place[at] = text[at];
    return at;
}

/* RFC 8785 section 3.2.2.2: the two-character escapes where they exist, \u00xx for other control characters,
 * all else as is. */
static char *put_escape(char *place, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* each with its letter */
    *place++ = '\\';
    for (size_t i = 0; i < sizeof named - 1; i += 2)
        if ((unsigned char)named[i] == c) {
            *place++ = named[i + 1];
            return place;
        }
    memcpy(place, "u00", 3);
    place[3] = hex[c >> 4];
    place[4] = hex[c & 15];
    return place + 5;
}

enum { ESCAPE_MAX = 6 };

/* Adds the quoted text to what stands before `place`, and has room for `more` bytes behind it. */
static char *put_quoted(lg_buf *buf, char *place, const char *text, size_t len, size_t more)
{
    commit(buf, place);
    place = reserve(buf, len + ESCAPE_MAX + 2 + more);
    *place++ = '"';
    for (;;) {
        const size_t plain = copy_plain(place, text, len);
        place += plain;
        if (plain == len)
            break;
        place = put_escape(place, (unsigned char)text[plain]);
        text += plain + 1;
        len -= plain + 1;
        commit(buf, place);
        place = reserve(buf, len + ESCAPE_MAX + 2 + more);
    }
    *place++ = '"';
    return place;
}

char *lg_json_quoted(lg_arena *arena, const char *text)
{
    if (!text)
        return lg_arena_strdup(arena, "null");
    const size_t len = strlen(text);
    char *quoted = lg_arena_alloc(arena, len + 3);
    if (copy_plain(quoted + 1, text, len) == len) {
        quoted[0] = quoted[len + 1] = '"';
        return quoted;
    }
    lg_buf buf = {0};
    lg_json_quote(&buf, text, len);
    quoted = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return quoted;
}

void lg_json_quote(lg_buf *buf, const char *text, size_t len)
{
    commit(buf, put_quoted(buf, reserve(buf, 0), text, len, 0));
}

void lg_json_key(lg_buf *buf, const char *key)
{
    char *place = put_quoted(buf, put_comma(buf, reserve(buf, 1)), key, strlen(key), 1);
    *place++ = ':';
    commit(buf, place);
}

void lg_json_strn(lg_buf *buf, const char *text, size_t len)
{
    commit(buf, put_quoted(buf, put_comma(buf, reserve(buf, 1)), text, len, 0));
}

void lg_json_str(lg_buf *buf, const char *text)
{
    if (text)
        lg_json_strn(buf, text, strlen(text));
    else
        lg_json_null(buf);
}

lg_int_text lg_int_format(int64_t value)
{
    lg_int_text text;
    char digits[sizeof text.s]; /* from the last to the first */
    size_t len = 0;
    char *place = text.s;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        digits[len++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *place++ = '-';
    while (len > 0)
        *place++ = digits[--len];
    *place = '\0';
    return text;
}

void lg_json_int(lg_buf *buf, int64_t value)
{
    const lg_int_text text = lg_int_format(value);
    char *place = put_comma(buf, reserve(buf, sizeof text.s));
    const size_t len = strlen(text.s);
    memcpy(place, text.s, len);
    commit(buf, place + len);
}

void lg_json_bool(lg_buf *buf, bool value)
{
    lg_json_raw(buf, value ? "true" : "false");
}

void lg_json_null(lg_buf *buf)
{
    lg_json_raw(buf, "null");
}

void lg_json_raw(lg_buf *buf, const char *json)
{
    separate(buf);
    lg_buf_str(buf, json);
}

void lg_json_put_str(lg_buf *buf, const char *key, const char *text)
{
    lg_json_key(buf, key);
    lg_json_str(buf, text);
}

void lg_json_put_int(lg_buf *buf, const char *key, int64_t value)
{
    lg_json_key(buf, key);
    lg_json_int(buf, value);
}

void lg_json_put_bool(lg_buf *buf, const char *key, bool value)
{
    lg_json_key(buf, key);
    lg_json_bool(buf, value);
}

void lg_json_put_raw(lg_buf *buf, const char *key, const char *json)
{
    lg_json_key(buf, key);
    lg_json_raw(buf, json);
}
