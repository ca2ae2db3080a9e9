/* What became of an upload, during it and after: its state, and its rows in pages or as a whole. */
#include "server/api/csv.h"
#include "server/api/serve.h"
#include "server/uploads/uploads.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 64 * 1024 };

static lg_err open_reader(http_request *request, const api_read *read, upload_journal_reader **out)
{
    const char *key = http_param(request, "key");
    lg_err err = lg_jti_is_valid(key) ? upload_journal_read(read->api->dir, read->caller.id.uuid, key, out)
                                      : LG_NOT_FOUND;
    if (err == LG_NOT_FOUND)
        return lg_fail(http_report(request), err, "You have no upload of this key.");
    return err;
}

static lg_err build_upload(api_view *view)
{
    const char *key = http_param(view->request, "key");
    upload_journal_reader *reader;
    bool under_way = uploads_has(view->read.api->uploads, view->read.caller.id.uuid, key);
    lg_err err = open_reader(view->request, &view->read, &reader);
    if (err)
        return err;
    upload_journal_tally tally = upload_journal_reader_tally(reader, view->read.arena);
    upload_put_status(&view->body, key, &tally, under_way);
    upload_journal_reader_close(reader);
    return LG_OK;
}

http_result read_upload(http_request *request)
{
    return api_serve(request, build_upload);
}

/* The cursor is a place in the journal. */
static lg_err list_rows(api_view *view, upload_journal_reader *reader, size_t limit, int64_t place)
{
    const char *line = NULL;
    size_t shown = 0;
    if (!upload_journal_reader_seek(reader, place)) {
        api_query_refuse(view->request, "cursor", "not_a_cursor",
                         "cursor must be the next_cursor of an earlier page.");
        return api_query_end(view->request);
    }
    api_list_open(view);
    while (shown < limit && view->body.len < 1024 * 1024 && (line = upload_journal_reader_next(reader))) {
        lg_json_raw(&view->body, line);
        shown++;
    }
    place = upload_journal_reader_place(reader);
    bool more = line && upload_journal_reader_next(reader) != NULL;
    api_list_close(view, more ? place : 0);
    return LG_OK;
}

static lg_err build_results(api_view *view)
{
    size_t limit;
    int64_t place = 0;
    upload_journal_reader *reader;
    api_query_page(view->request, &limit, &place);
    lg_err err = api_query_end(view->request);
    if (!err)
        err = open_reader(view->request, &view->read, &reader);
    if (err)
        return err;
    err = list_rows(view, reader, limit - 1, place);
    upload_journal_reader_close(reader);
    return err;
}

http_result read_upload_results(http_request *request)
{
    return api_serve(request, build_results);
}

/* ---- the whole ---- */

typedef struct export
{
    upload_journal_reader *reader;
    bool as_csv, started;
}
export;

static void put_json_text(lg_buf *out, const json_t *object, const char *name)
{
    csv_put_text(out, json_string_value(json_object_get(object, name)));
}

static void put_json_int(lg_buf *out, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    lg_buf_char(out, ',');
    if (value)
        lg_buf_printf(out, "%lld", (long long)json_integer_value(value));
}

static void put_csv_row(lg_buf *out, const char *line)
{
    json_t *row = json_loads(line, 0, NULL);
    const json_t *problem = json_object_get(row, "problem");
    const char *type = json_string_value(json_object_get(problem, "type"));
    lg_buf_printf(out, "%lld", (long long)json_integer_value(json_object_get(row, "row")));
    put_json_text(out, row, "file");
    put_json_int(out, row, "line");
    put_json_int(out, row, "status");
    put_json_text(out, row, "receivable");
    put_json_text(out, row, "life");
    put_json_int(out, row, "seq");
    csv_put_text(out, type ? strrchr(type, ':') + 1 : NULL);
    put_json_text(out, problem, "detail");
    lg_buf_str(out, "\r\n");
    json_decref(row);
}

static lg_err produce(void *stream, lg_buf *out)
{
    export *e = stream;
    const char *line;
    if (e->as_csv && !e->started)
        lg_buf_str(out, "row,file,line,status,receivable,life,seq,problem,detail\r\n");
    e->started = true;
    while (out->len < PIECE_BYTES && (line = upload_journal_reader_next(e->reader))) {
        if (e->as_csv) {
            put_csv_row(out, line);
        } else {
            lg_buf_str(out, line);
            lg_buf_char(out, '\n');
        }
    }
    return LG_OK;
}

static void release(void *stream)
{
    export *e = stream;
    upload_journal_reader_close(e->reader);
    free(e);
}

static http_result answer_whole(http_request *request, bool as_csv)
{
    api_read read;
    upload_journal_reader *reader = NULL;
    lg_err err = api_read_open(request, LG_SCOPE_READ, &read);
    if (!err) {
        err = open_reader(request, &read, &reader);
        api_read_close(&read);
    }
    if (err)
        return http_answer_problem(request, err, NULL);
    export *e = calloc(1, sizeof *e);
    if (!e)
        lg_die("out of memory");
    *e = (export){.reader = reader, .as_csv = as_csv};
    return http_answer_stream(request, 200, as_csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
                              produce, release, e);
}

http_result read_upload_ndjson(http_request *request)
{
    return answer_whole(request, false);
}

http_result read_upload_csv(http_request *request)
{
    return answer_whole(request, true);
}
