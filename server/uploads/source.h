/* What an upload brings, taken apart into rows while it comes. A row is one command to be: a line of a CSV
 * file, an invoice file of an archive, a signed command on a line of its own. */
#ifndef UPLOADS_SOURCE_H
#define UPLOADS_SOURCE_H

#include "server/uploads/pipe.h"

typedef struct upload_row {
    const char *file; /* of an archive; NULL otherwise */
    int64_t line;     /* where it starts in its file, from 1; 0 for a whole file */
    const char *cty;  /* of the payload; NULL: JSON */
    bool is_signed;   /* the payload is a whole JWS */
    lg_bytes payload;
    lg_err err; /* what was found there cannot be a command; the report says why */
    lg_report report;
} upload_row;

/* A source reads from a pipe. All texts of a row live in the arena given for it. */
typedef struct upload_source upload_source;
struct upload_source {
    /* The next row: LG_OK and *end, or a row. An error ends the upload: what follows cannot be understood, or
     * will not come (LG_REQUEST_TIMEOUT). */
    lg_err (*next)(upload_source *source, lg_arena *arena, upload_row *out, bool *end, lg_report *report);
    void (*close)(upload_source *source);
};

enum {
    UPLOAD_FILE_MAX = 6 * 1024 * 1024,     /* bytes of one invoice file, unpacked */
    UPLOAD_LINE_MAX = 64 * 1024,           /* bytes of a CSV row */
    UPLOAD_COMMAND_MAX = 12 * 1024 * 1024, /* bytes of a signed command */
};

/* NULL if uploads of this media type are not taken. */
upload_source *source_open(const char *media_type, pipe_t *pipe);
upload_source *source_open_csv(pipe_t *pipe);
upload_source *source_open_lines(pipe_t *pipe);   /* application/x-ndjson */
upload_source *source_open_archive(pipe_t *pipe); /* tar and zip, also packed with gzip */

/* Reads a pipe by records; shared by the sources of text. */
typedef struct text_reader {
    pipe_t *pipe; /* or, if NULL, all there is stands in `buffer` */
    char *buffer; /* owned, unless borrowed */
    bool is_borrowed;
    size_t at, len, cap;
    bool ended;
    int64_t line; /* at which the next record starts */
} text_reader;

/* The next record in *out (in the arena, NUL-terminated): a line, or with `quoted` a CSV row, in which line
 * ends may stand within quotation marks. *line is where it starts. LG_BODY_TOO_LARGE if it is longer than
 * max; LG_REQUEST_TIMEOUT if the rest will not come. */
lg_err text_next(text_reader *reader, lg_arena *arena, bool quoted, size_t max, lg_bytes *out, int64_t *line,
                 bool *end) LG_MUST_CHECK;
void text_close(text_reader *reader);

/* Rows of a CSV text: each becomes a file of its own, the header and the row. */
typedef struct csv_rows {
    text_reader text;
    char *header; /* malloc'ed; NULL before it was read */
    size_t header_len;
} csv_rows;
lg_err csv_next(csv_rows *rows, lg_arena *arena, upload_row *out, bool *end, lg_report *report) LG_MUST_CHECK;
void csv_close(csv_rows *rows);

#endif
