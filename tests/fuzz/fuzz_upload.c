/* The body of an upload: CSV, lines of JSON, or an archive. The first byte says which. */
#include "server/uploads/source.h"
#include "tests/fuzz/fuzz.h"

enum { ROWS_MAX = 2000, BODY_MAX = 200 * 1024 };

static upload_source *open_source(unsigned which, pipe_t *pipe)
{
    return which % 3 == 0   ? source_open_csv(pipe)
           : which % 3 == 1 ? source_open_lines(pipe)
                            : source_open_archive(pipe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lg_arena *arena = fuzz_arena();
    fuzz_input input = {data, len < BODY_MAX ? len : BODY_MAX};
    unsigned which = fuzz_byte(&input);
    pipe_t *pipe = pipe_open();
    upload_source *source = open_source(which, pipe);
    FUZZ_HOLDS(source && pipe_put(pipe, (const char *)input.at, input.left) == input.left);
    pipe_end(pipe);
    lg_err err = LG_OK;
    bool end = false;
    for (int rows = 0; !err && !end && rows < ROWS_MAX; rows++) {
        upload_row row = {0};
        lg_report report;
        lg_arena_reset(arena);
        lg_report_init(&report, arena);
        lg_report_init(&row.report, arena);
        err = source->next(source, arena, &row, &end, &report);
        if (err)
            fuzz_refusal_is_sound(&report, err);
        else if (!end && row.err)
            fuzz_refusal_is_sound(&row.report, row.err);
        else if (!end)
            FUZZ_HOLDS(row.payload.len <= (row.is_signed ? UPLOAD_COMMAND_MAX : UPLOAD_FILE_MAX));
    }
    source->close(source);
    pipe_close(pipe);
    return 0;
}
