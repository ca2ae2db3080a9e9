/* A growing byte buffer, and a writer of JSON text into it.
 *
 * The JSON writer emits no white space and escapes exactly as RFC 8785 (JCS) section 3.2.2.2 asks, so that
 * what it writes is canonical as soon as the caller gives object members in order. It writes only: reading
 * JSON is jansson's work (json.h). */
#ifndef LG_BASE_BUF_H
#define LG_BASE_BUF_H

#include "ledger/base/arena.h"

#include <stdbool.h>

typedef struct lg_buf {
    char *data; /* NUL-terminated behind len once anything was added; NULL while empty */
    size_t len, cap;
} lg_buf;

/* A zeroed lg_buf is an empty one. Growth does not fail (see lg_arena). */
void lg_buf_clear(lg_buf *buf); /* frees */
void lg_buf_reset(lg_buf *buf); /* empties, keeps the memory */
void lg_buf_add(lg_buf *buf, const void *data, size_t len);
void lg_buf_reserve(lg_buf *buf, size_t len); /* about so much will come: grows at once */
/* `len` more bytes, for the caller to write before anything else is added. */
void *lg_buf_extend(lg_buf *buf, size_t len);
void lg_buf_str(lg_buf *buf, const char *text);
void lg_buf_char(lg_buf *buf, char c);
void lg_buf_printf(lg_buf *buf, const char *fmt, ...) LG_PRINTF(2, 3);
static inline lg_bytes lg_buf_bytes(const lg_buf *buf)
{
    return lg_bytes_of(buf->data ? buf->data : "", buf->len);
}

typedef struct lg_int_text {
    char s[21]; /* of -2^63 at most, and NUL */
} lg_int_text;
lg_int_text lg_int_format(int64_t value); /* decimal */

/* JSON values. A comma is put before a value or a key whenever the text so far needs one. */
void lg_json_open(lg_buf *buf);  /* { */
void lg_json_close(lg_buf *buf); /* } */
void lg_json_list(lg_buf *buf);  /* [ */
void lg_json_end(lg_buf *buf);   /* ] */
void lg_json_key(lg_buf *buf, const char *key);
void lg_json_str(lg_buf *buf, const char *text); /* UTF-8; NULL writes null */
void lg_json_strn(lg_buf *buf, const char *text, size_t len);
void lg_json_int(lg_buf *buf, int64_t value);
void lg_json_bool(lg_buf *buf, bool value);
void lg_json_null(lg_buf *buf);
void lg_json_raw(lg_buf *buf, const char *json); /* a value that is JSON text already */

/* A quoted string alone, without a comma before it: for texts whose spacing is not this writer's. */
void lg_json_quote(lg_buf *buf, const char *text, size_t len);
char *lg_json_quoted(lg_arena *arena, const char *text); /* NULL: null */

/* Member of an object: key and value at once. */
void lg_json_put_str(lg_buf *buf, const char *key, const char *text);
void lg_json_put_int(lg_buf *buf, const char *key, int64_t value);
void lg_json_put_bool(lg_buf *buf, const char *key, bool value);
void lg_json_put_raw(lg_buf *buf, const char *key, const char *json);

#endif
