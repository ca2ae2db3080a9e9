#include "server/gateway/invoice.h"

#include "ledger/base/text.h"

#include <csv.h>
#include <stddef.h>
#include <string.h>

enum { COLUMNS_MAX = 64 };

/* The columns that fill one field each; the parties' columns follow a pattern (see column_resolve). */
static const struct {
    const char *name;
    size_t offset; /* of the gw_field in gw_invoice */
    bool required;
} plain_columns[] = {
    {"number", offsetof(gw_invoice, number), true},
    {"issue_date", offsetof(gw_invoice, issue_date), true},
    {"due_date", offsetof(gw_invoice, due_date), false},
    {"currency", offsetof(gw_invoice, currency), true},
    {"gross_amount", offsetof(gw_invoice, gross_amount), true},
    {"payable_amount", offsetof(gw_invoice, payable_amount), false},
    {"amount", offsetof(gw_invoice, amount), false},
    {"part", offsetof(gw_invoice, part), false},
    {"order_reference", offsetof(gw_invoice, order_reference), false},
    {"contract_reference", offsetof(gw_invoice, contract_reference), false},
    {"note", offsetof(gw_invoice, note), false},
    {"document_sha256", offsetof(gw_invoice, documents[0].sha256), false},
    {"document_kind", offsetof(gw_invoice, documents[0].kind), false},
    {"seller_id", offsetof(gw_invoice, seller.participant), false},
    {"seller_name", offsetof(gw_invoice, seller.name), false},
    {"buyer_id", offsetof(gw_invoice, buyer.participant), false},
    {"buyer_name", offsetof(gw_invoice, buyer.name), false},
};
enum { PLAIN_COUNT = sizeof plain_columns / sizeof *plain_columns };

struct column {
    const char *name;
    size_t offset; /* of a gw_field, or of the gw_party an identifier belongs to */
    bool is_identifier;
    lg_scheme scheme;
};

struct reader {
    lg_report *report;
    lg_err err; /* set by a callback, which cannot stop the parser */
    struct column columns[COLUMNS_MAX];
    size_t column_count;
    bool has_header;
    int row_line;   /* where the present row starts */
    size_t cell;    /* of the present row */
    bool row_ended; /* during the present line */
    gw_invoice *rows;
    int *lines;
    size_t row_count, row_cap;
};

static bool column_resolve(const char *name, struct column *out)
{
    for (size_t i = 0; i < PLAIN_COUNT; i++) {
        if (strcmp(name, plain_columns[i].name) == 0) {
            *out = (struct column){.name = plain_columns[i].name, .offset = plain_columns[i].offset};
            return true;
        }
    }
    bool is_seller = strncmp(name, "seller_", 7) == 0;
    if (!is_seller && strncmp(name, "buyer_", 6) != 0)
        return false;
    *out = (struct column){
        .name = name,
        .offset = is_seller ? offsetof(gw_invoice, seller) : offsetof(gw_invoice, buyer),
        .is_identifier = true,
    };
    return lg_scheme_parse(name + (is_seller ? 7 : 6), &out->scheme);
}

static bool has_column(const struct reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->column_count; i++)
        if (strcmp(reader->columns[i].name, name) == 0)
            return true;
    return false;
}

static void take_heading(struct reader *reader, const char *name)
{
    struct column column;
    const char *shown = lg_text_clip(reader->report->arena, name, 60);
    const char *pointer = lg_arena_printf(reader->report->arena, "row 1, column %zu", reader->cell + 1);
    if (!column_resolve(name, &column))
        lg_fault_add(reader->report, "unknown_column", pointer,
                     "The header names a column \"%s\" the registry does not know.", shown);
    else if (has_column(reader, name))
        lg_fault_add(reader->report, "repeated_column", pointer, "The header names the column %s twice.",
                     shown);
    else
        reader->columns[reader->column_count++] = column;
}

static void end_header(struct reader *reader)
{
    reader->has_header = true;
    if (reader->cell > COLUMNS_MAX)
        lg_fault_add(reader->report, "too_many_columns", "row 1", "The header names more than %d columns.",
                     COLUMNS_MAX);
    for (size_t i = 0; i < PLAIN_COUNT; i++)
        if (plain_columns[i].required && !has_column(reader, plain_columns[i].name))
            lg_fault_add(reader->report, "missing_column", "row 1", "The header lacks the column %s.",
                         plain_columns[i].name);
    if (reader->report->fault_count)
        reader->err = lg_fail(reader->report, LG_MALFORMED_CSV, "%s", reader->report->first->detail);
}

static const char *cell_pointer(const struct reader *reader, const char *column)
{
    return lg_arena_printf(reader->report->arena, "row %d, column %s", reader->row_line, column);
}

static void start_row(struct reader *reader)
{
    if (reader->row_count == reader->row_cap) {
        reader->err =
            lg_fail(reader->report, LG_MALFORMED_CSV, "The file has more than %d rows.", GW_CSV_ROWS_MAX);
        return;
    }
    gw_invoice *row = &reader->rows[reader->row_count];
    row->format = LG_FORMAT_CSV;
    row->seller.pointer = cell_pointer(reader, "seller_*");
    row->buyer.pointer = cell_pointer(reader, "buyer_*");
    for (size_t i = 0; i < PLAIN_COUNT; i++) {
        gw_field *field = (void *)((char *)row + plain_columns[i].offset);
        field->pointer = cell_pointer(reader, plain_columns[i].name);
    }
    reader->lines[reader->row_count++] = reader->row_line;
}

static void take_cell(struct reader *reader, const char *text)
{
    if (!*text)
        return;
    gw_invoice *row = &reader->rows[reader->row_count - 1];
    const struct column *column = &reader->columns[reader->cell];
    void *target = (char *)row + column->offset;
    if (column->is_identifier) {
        gw_party *party = target; /* one column for each scheme, so there is room */
        party->identifiers[party->identifier_count++] = (gw_identifier){
            .scheme = column->scheme, .value = {.text = text, .pointer = cell_pointer(reader, column->name)}};
    } else {
        ((gw_field *)target)->text = text;
    }
}

static void on_cell(void *text, size_t len, void *data)
{
    struct reader *reader = data;
    if (reader->err)
        return;
    /* Cells without a column are only counted, so that a row of commas costs nothing. */
    if (reader->cell >= (reader->has_header ? reader->column_count : COLUMNS_MAX)) {
        reader->cell++;
        return;
    }
    lg_arena *arena = reader->report->arena;
    const char *cell = lg_text_collapse(arena, lg_arena_strndup(arena, text, len));
    if (!reader->has_header) {
        take_heading(reader, cell);
    } else {
        if (reader->cell == 0)
            start_row(reader);
        if (!reader->err)
            take_cell(reader, cell);
    }
    reader->cell++;
}

static void end_row(struct reader *reader)
{
    gw_invoice *row = &reader->rows[reader->row_count - 1];
    row->document_count = row->documents[0].sha256.text || row->documents[0].kind.text ? 1 : 0;
    if (reader->cell != reader->column_count)
        row->broken = (gw_field){
            .text = lg_arena_printf(reader->report->arena,
                                    LG_TEXT("The row has %zu fields, but the header has %zu columns."),
                                    reader->cell, reader->column_count),
            .pointer = lg_arena_printf(reader->report->arena, "row %d", reader->row_line),
        };
}

static void on_row(int terminator, void *data)
{
    (void)terminator;
    struct reader *reader = data;
    if (reader->err)
        return;
    if (reader->has_header)
        end_row(reader);
    else
        end_header(reader);
    reader->cell = 0;
    reader->row_ended = true;
}

/* The header holds no quoted text, so its first separator is the file's. */
static unsigned char separator_of(lg_bytes file)
{
    for (size_t i = 0; i < file.len && file.data[i] != '\n'; i++)
        if (file.data[i] == ',' || file.data[i] == ';')
            return file.data[i];
    return ',';
}

static bool has_lone_return(const uint8_t *line, size_t len)
{
    const uint8_t *at = memchr(line, '\r', len);
    return at && !(at == line + len - 2 && line[len - 1] == '\n') && !(at == line + len - 1);
}

static bool is_blank(const uint8_t *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!memchr(" \t\r\n", line[i], 4))
            return false;
    return true;
}

static lg_err malformed_line(struct reader *reader, int line, const char *reason)
{
    return lg_fail(reader->report, LG_MALFORMED_CSV, "Line %d: %s.", line, reason);
}

/* libcsv gives no line numbers, so it gets one line at a time: a row starts where a line starts that is not
 * empty while no row is open. */
static lg_err read_lines(struct reader *reader, struct csv_parser *parser, lg_bytes file)
{
    const uint8_t *at = file.data, *end = file.data + file.len;
    bool row_open = false;
    for (int line = 1; at < end; line++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline ? newline + 1 : end) - at);
        if (has_lone_return(at, len))
            return malformed_line(reader, line, "a carriage return stands without a line feed");
        if (!row_open)
            reader->row_line = line;
        reader->row_ended = false;
        if (csv_parse(parser, at, len, on_cell, on_row, reader) != len && csv_error(parser) != CSV_EPARSE)
            lg_die("out of memory for a CSV field");
        if (csv_error(parser) == CSV_EPARSE)
            return malformed_line(reader, line, "a quotation mark stands where none may (RFC 4180, rule 5)");
        if (reader->err)
            return reader->err;
        row_open = !reader->row_ended && (row_open || !is_blank(at, len));
        at += len;
    }
    if (csv_fini(parser, on_cell, on_row, reader) != 0)
        return malformed_line(reader, reader->row_line, "a quoted field is never closed");
    return reader->err;
}

static size_t count_lines(lg_bytes file)
{
    size_t lines = 1;
    for (size_t i = 0; i < file.len; i++)
        lines += file.data[i] == '\n';
    return lines;
}

static lg_err read_file(struct reader *reader, lg_bytes file)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return lg_fail(reader->report, LG_INTERNAL, "The CSV parser does not start.");
    csv_set_blk_size(&parser,
                     65536); /* cells grow by this much; its own 128 bytes make long ones quadratic */
    csv_set_delim(&parser, separator_of(file));
    lg_err err = read_lines(reader, &parser, file);
    csv_free(&parser);
    if (err)
        return err;
    if (reader->row_count == 0)
        return lg_fail(reader->report, LG_MALFORMED_CSV, "The file has no row behind its header.");
    return LG_OK;
}

lg_err import_csv(lg_bytes file, gw_invoice **rows, int **row_lines, size_t *row_count, lg_report *report)
{
    if (file.len == 0)
        return lg_fail(report, LG_MALFORMED_CSV, "The file is empty.");
    if (!lg_text_is_utf8(file) || memchr(file.data, '\0', file.len))
        return lg_fail(report, LG_MALFORMED_CSV, "The file is not UTF-8 text.");
    if (file.len >= 3 && memcmp(file.data, "\xef\xbb\xbf", 3) == 0)
        file = lg_bytes_of(file.data + 3, file.len - 3);
    size_t lines = count_lines(file);
    struct reader reader = {.report = report, .row_cap = lines < GW_CSV_ROWS_MAX ? lines : GW_CSV_ROWS_MAX};
    reader.rows = lg_arena_array(report->arena, reader.row_cap, sizeof *reader.rows);
    reader.lines = lg_arena_array(report->arena, reader.row_cap, sizeof *reader.lines);
    lg_err err = read_file(&reader, file);
    if (err)
        return err;
    *rows = reader.rows;
    *row_lines = reader.lines;
    *row_count = reader.row_count;
    return LG_OK;
}
