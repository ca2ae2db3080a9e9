/* Many invoice files in one archive, unpacked in memory as they come, one at a time. Nothing is ever written
 * under a name that an archive brings, so its paths are only told, and links lead nowhere. What it may unpack
 * to is bounded, for one file and in all, and an archive inside an archive is not opened. */
#include "server/uploads/source.h"

#include "ledger/base/buf.h"
#include "ledger/base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { READ_BYTES = 64 * 1024, NAME_MAX_BYTES = 255, BLOCK_BYTES = 64 * 1024 };
/* Bytes that one upload may unpack to, and how many times what came: text packs to a twentieth, bombs to a
 * thousandth. Headers of entries count a block each, so that empty ones are not free. */
#define UNPACKED_MAX ((int64_t)4 * 1024 * 1024 * 1024)
enum { RATIO_MAX = 200, RATIO_FREE_BYTES = 16 * 1024 * 1024, ENTRY_BYTES = 512 };

typedef struct archive_source {
    upload_source base; /* its first member */
    pipe_t *pipe;
    struct archive *archive;
    bool is_open, broken;
    int64_t packed, unpacked; /* bytes so far */
    char block[BLOCK_BYTES];
    char *csv_text; /* of the CSV file whose rows are being given out; malloc'ed */
    char *csv_name;
    csv_rows csv;
} archive_source;

static la_ssize_t on_read(struct archive *archive, void *ctx, const void **block)
{
    archive_source *s = ctx;
    ssize_t got = pipe_read(s->pipe, s->block, sizeof s->block);
    *block = s->block;
    if (got < 0) {
        s->broken = true;
        archive_set_error(archive, EPIPE, "the rest did not come");
        return ARCHIVE_FATAL;
    }
    s->packed += got;
    return got;
}

static lg_err fail_archive(archive_source *s, lg_report *report)
{
    if (s->broken)
        return LG_REQUEST_TIMEOUT;
    const char *why = archive_error_string(s->archive);
    return lg_fail(report, LG_MALFORMED_ARCHIVE, "The archive cannot be read: %s.",
                   why && lg_text_is_line(lg_bytes_str(why)) ? lg_text_clip(report->arena, why, 200)
                                                             : "it is damaged or of another kind");
}

static lg_err open_archive(archive_source *s, lg_report *report)
{
    s->is_open = true;
    if (archive_read_support_filter_gzip(s->archive) != ARCHIVE_OK ||
        archive_read_support_format_tar(s->archive) != ARCHIVE_OK ||
        archive_read_support_format_zip_streamable(s->archive) != ARCHIVE_OK)
        return lg_fail(report, LG_INTERNAL, "libarchive lacks a format");
    return archive_read_open(s->archive, s, NULL, on_read, NULL) == ARCHIVE_OK ? LG_OK
                                                                               : fail_archive(s, report);
}

static lg_err count_unpacked(archive_source *s, int64_t bytes, lg_report *report)
{
    s->unpacked += bytes;
    if (s->unpacked > UNPACKED_MAX || (s->unpacked > RATIO_FREE_BYTES && s->unpacked / RATIO_MAX > s->packed))
        return lg_fail(report, LG_BODY_TOO_LARGE,
                       "The archive unpacks to more than it may: 4 GiB, or %d times what was sent.",
                       RATIO_MAX);
    return LG_OK;
}

/* The name as it can be shown: UTF-8 on one line, its end if it is long. */
static const char *shown_name(struct archive_entry *entry, lg_arena *arena)
{
    const char *name = archive_entry_pathname_utf8(entry);
    if (!name)
        name = archive_entry_pathname(entry);
    if (!name || !*name)
        return "?";
    size_t len = strlen(name);
    if (len > NAME_MAX_BYTES)
        name += len - NAME_MAX_BYTES;
    char *shown = lg_arena_strdup(arena, name);
    while (((unsigned char)*shown & 0xc0) == 0x80)
        shown++; /* not from the middle of a character on */
    if (!lg_text_is_line(lg_bytes_str(shown)))
        for (char *c = shown; *c; c++)
            if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
                *c = '?';
    return shown;
}

/* Folders, and what file managers leave between the files, are nothing to speak of. */
static bool is_passed_over(struct archive_entry *entry, const char *name)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    return archive_entry_filetype(entry) == AE_IFDIR || base[0] == '.' || base[0] == '\0' ||
           strncmp(name, "__MACOSX/", 9) == 0;
}

static bool is_plain_file(struct archive_entry *entry)
{
    return archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) &&
           !archive_entry_symlink(entry);
}

/* *too_large: the file is not kept, but read on to its end. */
static lg_err read_file(archive_source *s, lg_arena *arena, lg_bytes *out, bool *too_large, lg_report *report)
{
    lg_buf buf = {0};
    lg_err err = LG_OK;
    char block[READ_BYTES];
    la_ssize_t got = 1;
    *too_large = false;
    while (!err && got > 0) {
        got = archive_read_data(s->archive, block, sizeof block);
        if (got < 0)
            err = fail_archive(s, report);
        else
            err = count_unpacked(s, got, report);
        *too_large = *too_large || buf.len + (size_t)(got > 0 ? got : 0) > UPLOAD_FILE_MAX;
        if (!err && !*too_large)
            lg_buf_add(&buf, block, (size_t)got);
    }
    if (!err)
        *out = lg_arena_copy(arena, lg_buf_bytes(&buf));
    lg_buf_clear(&buf);
    return err;
}

typedef enum { FILE_EMPTY, FILE_JSON, FILE_XML, FILE_CSV, FILE_OTHER } file_kind;

/* By what stands in it; a CSV file has nothing to be known by but its name. */
static file_kind kind_of(const char *name, lg_bytes content)
{
    const char *text = (const char *)content.data, *dot = strrchr(name, '.');
    size_t len = content.len;
    if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return FILE_XML; /* UTF-16, which of these formats XML alone may be in */
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3, len -= 3;
    while (len && (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n'))
        text++, len--;
    if (len == 0)
        return FILE_EMPTY;
    if (*text == '{')
        return FILE_JSON;
    if (*text == '<')
        return FILE_XML;
    return dot && strcasecmp(dot, ".csv") == 0 ? FILE_CSV : FILE_OTHER;
}

static void refuse(upload_row *row, lg_err err, const char *sentence)
{
    row->err = lg_fail(&row->report, err, "%s", sentence);
}

static void start_csv(archive_source *s, const char *name, lg_bytes content)
{
    s->csv_name = strdup(name);
    s->csv_text = malloc(content.len + 1);
    if (!s->csv_name || !s->csv_text)
        lg_die("out of memory");
    memcpy(s->csv_text, content.data, content.len);
    s->csv = (csv_rows){.text = {.buffer = s->csv_text, .is_borrowed = true, .len = content.len}};
}

static void end_csv(archive_source *s)
{
    csv_close(&s->csv);
    free(s->csv_text);
    free(s->csv_name);
    s->csv_text = s->csv_name = NULL;
}

/* A row of the CSV file that was begun. False: it has no further one. */
static bool csv_row(archive_source *s, lg_arena *arena, upload_row *out)
{
    bool end;
    out->file = lg_arena_strdup(arena, s->csv_name);
    out->err = csv_next(&s->csv, arena, out, &end, &out->report);
    if (out->err || end)
        end_csv(s);
    return out->err || !end;
}

/* True: the row is this file. False: its rows follow. */
static bool take_file(archive_source *s, const char *name, lg_bytes content, upload_row *out)
{
    out->file = name;
    switch (kind_of(name, content)) {
    case FILE_JSON:
        out->payload = content;
        return true;
    case FILE_XML:
        out->payload = content;
        out->cty = "application/xml";
        return true;
    case FILE_CSV:
        start_csv(s, name, content);
        return false;
    case FILE_EMPTY:
        refuse(out, LG_NOT_A_RECEIVABLE, "The file is empty.");
        return true;
    case FILE_OTHER:
        refuse(out, LG_UNSUPPORTED_MEDIA_TYPE,
               LG_TEXT("The file is neither JSON nor XML, and is not named .csv."));
        return true;
    }
    return true;
}

static lg_err next_file(archive_source *s, lg_arena *arena, upload_row *out, bool *end, bool *is_row,
                        lg_report *report)
{
    struct archive_entry *entry;
    lg_bytes content;
    bool too_large;
    *is_row = false;
    int code = archive_read_next_header(s->archive, &entry);
    *end = code == ARCHIVE_EOF;
    if (*end)
        return LG_OK;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
        return fail_archive(s, report);
    lg_err err = count_unpacked(s, ENTRY_BYTES, report);
    const char *name = shown_name(entry, arena);
    if (err || is_passed_over(entry, name))
        return err;
    if (!is_plain_file(entry)) {
        *is_row = true;
        out->file = name;
        refuse(out, LG_NOT_A_RECEIVABLE, LG_TEXT("This is a link or a device, not a file."));
        return LG_OK;
    }
    err = read_file(s, arena, &content, &too_large, report);
    if (err)
        return err;
    *is_row = true;
    if (too_large) {
        out->file = name;
        refuse(out, LG_BODY_TOO_LARGE,
               LG_TEXT("The file is larger than the 6 MiB that an invoice may have."));
        return LG_OK;
    }
    *is_row = take_file(s, name, content, out);
    return LG_OK;
}

static locale_t utf8;

static void make_utf8(void)
{
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    if (!utf8)
        lg_die("the locale C.UTF-8 is missing");
}

/* libarchive translates names by the thread's locale; here all text is UTF-8. Made once, for the process. */
static locale_t utf8_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_utf8);
    return utf8;
}

static lg_err next_row(archive_source *s, lg_arena *arena, upload_row *out, bool *end, lg_report *report)
{
    bool is_row = false;
    lg_err err = s->is_open ? LG_OK : open_archive(s, report);
    *end = false;
    while (!err && !*end && !is_row) {
        if (s->csv_text)
            is_row = csv_row(s, arena, out);
        else
            err = next_file(s, arena, out, end, &is_row, report);
    }
    return err;
}

static lg_err next(upload_source *source, lg_arena *arena, upload_row *out, bool *end, lg_report *report)
{
    locale_t before = uselocale(utf8_locale());
    lg_err err = next_row((archive_source *)source, arena, out, end, report);
    uselocale(before);
    return err;
}

static void close_source(upload_source *source)
{
    archive_source *s = (archive_source *)source;
    if (s->csv_text)
        end_csv(s);
    archive_read_free(s->archive);
    free(s);
}

upload_source *source_open_archive(pipe_t *pipe)
{
    archive_source *s = calloc(1, sizeof *s);
    if (!s || !(s->archive = archive_read_new()))
        lg_die("out of memory");
    s->base = (upload_source){.next = next, .close = close_source};
    s->pipe = pipe;
    return &s->base;
}
