/* Signed commands, one a line (newline-delimited JSON): for those who keep their keys. */
#include "server/uploads/source.h"

#include <stdlib.h>

typedef struct lines_source {
    upload_source base; /* its first member */
    text_reader text;
} lines_source;

static lg_err next(upload_source *source, lg_arena *arena, upload_row *out, bool *end, lg_report *report)
{
    lines_source *s = (lines_source *)source;
    lg_err err = text_next(&s->text, arena, false, UPLOAD_COMMAND_MAX, &out->payload, &out->line, end);
    if (err == LG_BODY_TOO_LARGE)
        return lg_fail(report, err, "Line %lld has more than %d bytes.", (long long)s->text.line + 1,
                       UPLOAD_COMMAND_MAX);
    /* The command is the line without its end, as it would be posted alone. */
    while (
        !err && !*end &&
        (out->payload.data[out->payload.len - 1] == '\n' || out->payload.data[out->payload.len - 1] == '\r'))
        out->payload.len--;
    out->is_signed = true;
    return err;
}

static void close_source(upload_source *source)
{
    text_close(&((lines_source *)source)->text);
    free(source);
}

upload_source *source_open_lines(pipe_t *pipe)
{
    lines_source *s = calloc(1, sizeof *s);
    if (!s)
        lg_die("out of memory");
    s->base = (upload_source){.next = next, .close = close_source};
    s->text.pipe = pipe;
    return &s->base;
}
