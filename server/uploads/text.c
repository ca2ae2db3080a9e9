/* Records of a text that comes piece by piece: lines, and rows of CSV. */
#include "server/uploads/source.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 * 1024 };

static bool is_blank(lg_bytes record)
{
    for (size_t i = 0; i < record.len; i++)
        if (!strchr(" \t\r\n", record.data[i]) || record.data[i] == '\0')
            return false;
    return true;
}

/* More of the text behind what is there; what was used is dropped. */
static lg_err fill(text_reader *r)
{
    if (!r->pipe) {
        r->ended = true;
        return LG_OK;
    }
    if (r->at > 0) {
        memmove(r->buffer, r->buffer + r->at, r->len - r->at);
        r->len -= r->at;
        r->at = 0;
    }
    if (r->len == r->cap) {
        r->cap = r->cap ? 2 * r->cap : FIRST_CAP;
        r->buffer = realloc(r->buffer, r->cap);
        if (!r->buffer)
            lg_die("out of memory");
    }
    ssize_t got = pipe_read(r->pipe, r->buffer + r->len, r->cap - r->len);
    if (got < 0)
        return LG_REQUEST_TIMEOUT;
    r->len += (size_t)got;
    r->ended = got == 0;
    return LG_OK;
}

/* Where a record is being looked through. A quotation mark opens a field only where the field starts. */
typedef struct scan {
    size_t at; /* behind reader->at */
    bool in_quotes, at_start;
    int64_t lines;
} scan;

/* True when the record ends at s->at, the line end included. */
static bool scan_on(const text_reader *r, scan *s, bool quoted)
{
    size_t len = r->len - r->at;
    if (s->at == len)
        return false; /* nothing new; before the first bytes there is no buffer either */
    const char *text = r->buffer + r->at;
    if (!quoted) {
        const char *end = memchr(text + s->at, '\n', len - s->at);
        s->at = end ? (size_t)(end - text) + 1 : len;
        s->lines += end != NULL;
        return end != NULL;
    }
    while (s->at < len) {
        char c = text[s->at++];
        s->lines += c == '\n';
        if (c == '"')
            s->in_quotes = s->in_quotes ? false : s->at_start || (s->at > 1 && text[s->at - 2] == '"');
        else if (c == '\n' && !s->in_quotes)
            return true;
        s->at_start = c == ',' || c == ';' || c == '\t';
    }
    return false;
}

lg_err text_next(text_reader *r, lg_arena *arena, bool quoted, size_t max, lg_bytes *out, int64_t *line,
                 bool *end)
{
    *end = false;
    for (;;) {
        scan s = {.at_start = true};
        while (!scan_on(r, &s, quoted) && !r->ended) {
            if (s.at > max)
                return LG_BODY_TOO_LARGE;
            lg_err err = fill(r);
            if (err)
                return err;
        }
        if (s.at > max)
            return LG_BODY_TOO_LARGE;
        if (s.at == 0) {
            *end = true;
            return LG_OK;
        }
        lg_bytes record = lg_bytes_of(r->buffer + r->at, s.at);
        *line = r->line + 1;
        r->at += s.at;
        r->line += s.lines;
        if (is_blank(record))
            continue;
        *out = lg_arena_copy(arena, record);
        return LG_OK;
    }
}

void text_close(text_reader *r)
{
    if (!r->is_borrowed)
        free(r->buffer);
}
