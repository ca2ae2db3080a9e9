#include "server/client/export.h"

#include "server/client/http.h"
#include "server/client/output.h"

#include <inttypes.h>
#include <string.h>

typedef struct export_run {
    client *c;
    client_writer writer;
    int64_t lines;
    bool quoted; /* inside a quoted field, where a line break ends no row (RFC 4180 section 2) */
} export_run;

static bool piece_add(void *ctx, lg_bytes piece)
{
    export_run *run = ctx;
    for (size_t i = 0; i < piece.len; i++) {
        if (piece.data[i] == '"')
            run->quoted = !run->quoted;
        else if (piece.data[i] == '\n' && !run->quoted)
            run->lines++;
    }
    return client_writer_add(run->c, &run->writer, piece) == CLIENT_OK;
}

client_exit client_export(client *c, const char *path, const char *file)
{
    export_run run = {.c = c};
    client_response response;
    client_exit code = client_writer_open(c, file, &run.writer);
    if (code != CLIENT_OK)
        return code;
    client_request request = {.path = path, .token = c->config.token, .sink = piece_add, .sink_ctx = &run};
    code = client_http_send(c, c->arena, &request, &response);
    if (code == CLIENT_OK && response.status / 100 != 2)
        code = client_refused(c, &response);
    client_exit closed = client_writer_close(c, &run.writer, code == CLIENT_OK);
    if (code == CLIENT_OK)
        code = closed;
    if (code != CLIENT_OK || !run.writer.temporary)
        return code;
    int64_t rows = run.lines > 0 ? run.lines - 1 : 0; /* without the header */
    if (c->json) {
        json_t *value = json_pack("{s:s,s:I}", "file", file, "rows", (json_int_t)rows);
        client_print_json(value);
        json_decref(value);
    } else {
        client_say(c, STYLE_PLAIN, "%lld rows in %s", (long long)rows, file);
    }
    return CLIENT_OK;
}
