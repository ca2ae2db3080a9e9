/* What became of each file, for those who were not there: from the state file, one result at a time. */
#include "server/client/bulk.h"

#include <string.h>
#include <strings.h>

static const char *const columns[] = {"file",       "row", "result",  "status",
                                      "receivable", "seq", "problem", "detail"};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void put_cell(lg_buf *out, const json_t *value)
{
    const char *text = json_string_value(value);
    if (json_is_integer(value))
        lg_buf_printf(out, "%lld", (long long)json_integer_value(value));
    if (!text || !*text)
        return;
    lg_buf_char(out, '"');
    if (strchr("=+-@\t\r", *text))
        lg_buf_char(out, '\''); /* a spreadsheet would run it */
    for (; *text; text++) {
        if (*text == '"')
            lg_buf_char(out, '"');
        lg_buf_char(out, *text);
    }
    lg_buf_char(out, '"');
}

static void put_row(lg_buf *out, const json_t *row, bool as_json, bool *first)
{
    if (as_json) {
        char *text = json_dumps(row, JSON_COMPACT);
        lg_buf_str(out, *first ? "\n" : ",\n");
        lg_buf_str(out, text ? text : "null");
        free(text);
    } else {
        for (size_t i = 0; i < COLUMNS; i++) {
            if (i)
                lg_buf_char(out, ',');
            put_cell(out, json_object_get(row, columns[i]));
        }
        lg_buf_str(out, "\r\n");
    }
    *first = false;
}

static json_t *row_of(const json_t *line, const json_t *result)
{
    json_t *row = json_object();
    for (size_t i = 0; i < COLUMNS; i++) {
        json_t *value = json_object_get(result, columns[i]);
        if (!value)
            value = json_object_get(line, columns[i]);
        if (value && !(json_is_array(value)))
            json_object_set(row, columns[i], value);
    }
    return row;
}

/* A file is one row, a CSV file as many as it has. */
static void put_result(lg_buf *out, const json_t *line, bool as_json, bool *first)
{
    const json_t *rows = json_object_get(line, "rows");
    for (size_t i = 0; i < (rows ? json_array_size(rows) : 1); i++) {
        json_t *row = row_of(line, rows ? json_array_get(rows, i) : line);
        put_row(out, row, as_json, first);
        json_decref(row);
    }
}

static void put_head(lg_buf *out, bool as_json)
{
    if (as_json) {
        lg_buf_str(out, "[");
        return;
    }
    for (size_t i = 0; i < COLUMNS; i++)
        lg_buf_printf(out, "%s%s", i ? "," : "", columns[i]);
    lg_buf_str(out, "\r\n");
}

client_exit bulk_report(client *c, const bulk_state *state, const char *path)
{
    client_writer writer;
    lg_buf piece = {0};
    const char *dot = strrchr(path, '.'), *name;
    bool as_json = dot && strcasecmp(dot, ".json") == 0, first = true;
    json_t *names = (json_t *)(uintptr_t)bulk_state_names(state), *record;
    client_exit code = client_writer_open(c, path, &writer);
    if (code != CLIENT_OK)
        return code;
    put_head(&piece, as_json);
    json_object_foreach(names, name, record)
    {
        json_t *line = bulk_state_result(state, name);
        if (line)
            put_result(&piece, line, as_json, &first);
        json_decref(line);
        if (code == CLIENT_OK && piece.len > 0)
            code = client_writer_add(c, &writer, lg_buf_bytes(&piece));
        lg_buf_reset(&piece);
    }
    if (as_json)
        lg_buf_str(&piece, "\n]\n");
    if (code == CLIENT_OK)
        code = client_writer_add(c, &writer, lg_buf_bytes(&piece));
    lg_buf_clear(&piece);
    client_exit closed = client_writer_close(c, &writer, code == CLIENT_OK);
    return code != CLIENT_OK ? code : closed;
}
