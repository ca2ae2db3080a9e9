/* A CSV file of any length: each row is submitted as a file of its own, its payload the very bytes of the
 * header and of the row, so that each has its own command, receipt and review. */
#include "server/uploads/source.h"

#include <stdlib.h>
#include <string.h>

static lg_err fail_record(lg_err err, int64_t line, lg_report *report)
{
    if (err == LG_BODY_TOO_LARGE)
        return lg_fail(
            report, LG_MALFORMED_CSV,
            "The row that starts in line %lld has more than %d bytes: is a quotation mark missing?",
            (long long)line, UPLOAD_LINE_MAX);
    return err;
}

static lg_err read_header(csv_rows *rows, lg_arena *arena, bool *end, lg_report *report)
{
    lg_bytes header;
    int64_t line;
    lg_err err = text_next(&rows->text, arena, true, UPLOAD_LINE_MAX, &header, &line, end);
    if (err)
        return fail_record(err, rows->text.line + 1, report);
    if (*end)
        return lg_fail(report, LG_MALFORMED_CSV, "The file is empty.");
    bool has_end = header.data[header.len - 1] == '\n';
    rows->header = malloc(header.len + 2);
    if (!rows->header)
        lg_die("out of memory");
    memcpy(rows->header, header.data, header.len);
    memcpy(rows->header + header.len, "\n", 2);
    rows->header_len = header.len + !has_end;
    return LG_OK;
}

lg_err csv_next(csv_rows *rows, lg_arena *arena, upload_row *out, bool *end, lg_report *report)
{
    lg_bytes record;
    lg_err err = rows->header ? LG_OK : read_header(rows, arena, end, report);
    if (err)
        return err;
    err = text_next(&rows->text, arena, true, UPLOAD_LINE_MAX, &record, &out->line, end);
    if (err || *end)
        return fail_record(err, rows->text.line + 1, report);
    char *file = lg_arena_alloc(arena, rows->header_len + record.len + 1);
    memcpy(file, rows->header, rows->header_len);
    memcpy(file + rows->header_len, record.data, record.len);
    out->payload = lg_bytes_of(file, rows->header_len + record.len);
    out->cty = "text/csv";
    return LG_OK;
}

void csv_close(csv_rows *rows)
{
    text_close(&rows->text);
    free(rows->header);
}

typedef struct csv_source {
    upload_source base; /* its first member */
    csv_rows rows;
} csv_source;

static lg_err next(upload_source *source, lg_arena *arena, upload_row *out, bool *end, lg_report *report)
{
    return csv_next(&((csv_source *)source)->rows, arena, out, end, report);
}

static void close_source(upload_source *source)
{
    csv_close(&((csv_source *)source)->rows);
    free(source);
}

upload_source *source_open_csv(pipe_t *pipe)
{
    csv_source *s = calloc(1, sizeof *s);
    if (!s)
        lg_die("out of memory");
    s->base = (upload_source){.next = next, .close = close_source};
    s->rows.text.pipe = pipe;
    return &s->base;
}
