#include "ledger/base/buf.h"

#include <inttypes.h>
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

/* Makes room for `more` bytes and the NUL. */
static void reserve(lg_buf *buf, size_t more)
{
    if (more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4)
        lg_die("buffer of %zu + %zu bytes", buf->len, more);
    size_t need = buf->len + more + 1;
    if (need <= buf->cap)
        return;
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;
    while (cap < need)
        cap *= 2;
    char *data = realloc(buf->data, cap);
    if (!data)
        lg_die("out of memory (%zu bytes)", cap);
    buf->data = data;
    buf->cap = cap;
}

void lg_buf_add(lg_buf *buf, const void *data, size_t len)
{
    reserve(buf, len);
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void lg_buf_str(lg_buf *buf, const char *text)
{
    lg_buf_add(buf, text, strlen(text));
}

void lg_buf_char(lg_buf *buf, char c)
{
    lg_buf_add(buf, &c, 1);
}

void lg_buf_printf(lg_buf *buf, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    if (len < 0)
        lg_die("formatting failed");
    reserve(buf, (size_t)len);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
    buf->len += (size_t)len;
    va_end(again);
    va_end(args);
}

/* A comma is due unless the value opens the text, a container, or follows its key. */
static void separate(lg_buf *buf)
{
    if (buf->len == 0)
        return;
    char last = buf->data[buf->len - 1];
    if (last != '{' && last != '[' && last != ':')
        lg_buf_char(buf, ',');
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

/* RFC 8785 section 3.2.2.2: the two-character escapes where they exist, \u00xx for other control characters,
 * all else as is. */
void lg_json_quote(lg_buf *buf, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t start = 0;
    lg_buf_char(buf, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        lg_buf_add(buf, text + start, i - start);
        start = i + 1;
        char escape[6] = {'\\', 0};
        size_t escape_len = 2;
        switch (c) {
        case '"':
        case '\\':
            escape[1] = (char)c;
            break;
        case '\b':
            escape[1] = 'b';
            break;
        case '\f':
            escape[1] = 'f';
            break;
        case '\n':
            escape[1] = 'n';
            break;
        case '\r':
            escape[1] = 'r';
            break;
        case '\t':
            escape[1] = 't';
            break;
        default:
            memcpy(escape, "\\u00", 4);
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
            escape_len = 6;
        }
        lg_buf_add(buf, escape, escape_len);
    }
    lg_buf_add(buf, text + start, len - start);
    lg_buf_char(buf, '"');
}

void lg_json_key(lg_buf *buf, const char *key)
{
    separate(buf);
    lg_json_quote(buf, key, strlen(key));
    lg_buf_char(buf, ':');
}

void lg_json_strn(lg_buf *buf, const char *text, size_t len)
{
    separate(buf);
    lg_json_quote(buf, text, len);
}

void lg_json_str(lg_buf *buf, const char *text)
{
    if (text)
        lg_json_strn(buf, text, strlen(text));
    else
        lg_json_null(buf);
}

void lg_json_int(lg_buf *buf, int64_t value)
{
    separate(buf);
    lg_buf_printf(buf, "%" PRId64, value);
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
