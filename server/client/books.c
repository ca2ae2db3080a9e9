#include "server/client/books.h"

#include "ledger/base/text.h"
#include "server/client/output.h"

#include <csv.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
    COLUMNS_MAX = 256,
    ROWS_MAX = 1000000,
    CELL_MAX = 4096, /* bytes */
    PIECE = 64 * 1024,
    CURRENCY_SCALE_MAX = 4,
};

static const struct {
    const char *name;
    const char *usual[10]; /* headers, in any case */
} fields[BOOKS_FIELD_COUNT] = {
    [BOOKS_AMOUNT] = {"amount", {"amount", "open_amount", "betrag", "金额", NULL}},
    [BOOKS_CURRENCY] = {"currency", {"currency", "waehrung", "währung", "币种", NULL}},
    [BOOKS_INVOICE] = {"invoice",
                       {"invoice", "invoice_number", "invoice number", "number", "belegnummer", "发票号码",
                        "发票号", NULL}},
    [BOOKS_CLAIM] = {"claim", {"claim", "claim_id", "id", "债权编号", NULL}},
    [BOOKS_REFERENCE] = {"reference", {"reference", "order_reference", "referenz", "订单号", NULL}},
    [BOOKS_DUE] = {"due", {"due", "due_date", "due date", "faellig", "fällig", "到期日", NULL}},
    [BOOKS_DEBTOR] = {"debtor", {"debtor", "debtor_name", "customer", "debitor", "债务人", "客户", NULL}},
    [BOOKS_CREDITOR] = {"creditor",
                        {"creditor", "creditor_name", "vendor", "kreditor", "债权人", "供应商", NULL}},
    [BOOKS_STATUS] = {"status", {"status", "life", "state", "状态", NULL}},
};

const char *books_field_name(books_field field)
{
    return (unsigned)field < BOOKS_FIELD_COUNT ? fields[field].name : "unknown";
}

void books_clear(books *b)
{
    if (b->arena)
        lg_arena_close(b->arena);
    *b = (books){.arena = NULL};
}

books_row *books_add(books *b)
{
    if (!b->arena)
        b->arena = lg_arena_open();
    if (b->count == b->cap) {
        const size_t cap = b->cap ? 2 * b->cap : 256;
        books_row *more = lg_arena_array(b->arena, cap, sizeof *more);
        if (b->count)
            memcpy(more, b->rows, b->count * sizeof *more);
        b->rows = more;
        b->cap = cap;
    }
    books_row *row = &b->rows[b->count++];
    *row =
        (books_row){.invoice = "", .claim = "", .reference = "", .debtor = "", .creditor = "", .status = ""};
    return row;
}

/* ---- values ---- */

/* Digits in groups of three, if in groups at all, then a decimal mark and at most four decimals; a sign in
 * front or behind, or parentheses. */
bool books_amount_parse(const char *text, bool decimal_comma, lg_currency currency, int64_t *minor)
{
    const char mark = decimal_comma ? ',' : '.', *groups = decimal_comma ? ". '" : ", '";
    const size_t len = strlen(text);
    char plain[64];
    size_t used = 0, since_group = 0, decimals = 0;
    bool grouped = false, in_decimals = false, negative = false;
    size_t from = 0, to = len;
    if (len == 0 || len >= sizeof plain - 1)
        return false;
    if (text[0] == '(' && text[len - 1] == ')') {
        negative = true;
        from++;
        to--;
    } else if (text[0] == '-' || text[0] == '+') {
        negative = text[from++] == '-';
    } else if (text[len - 1] == '-') {
        negative = true;
        to--;
    }
    for (size_t i = from; i < to; i++) {
        const char c = text[i];
        if (c >= '0' && c <= '9') {
            since_group += !in_decimals;
            decimals += in_decimals;
            plain[used++] = c;
        } else if (c == mark && !in_decimals && since_group > 0 && (!grouped || since_group == 3)) {
            in_decimals = true;
            plain[used++] = '.';
        } else if (strchr(groups, c) && !in_decimals && since_group > 0 && since_group <= 3 &&
                   (!grouped || since_group == 3)) {
            grouped = true;
            since_group = 0;
        } else {
            return false;
        }
    }
    if (since_group == 0 || (grouped && since_group != 3) || (in_decimals && decimals == 0))
        return false;
    plain[used] = '\0';
    if (lg_amount_parse_decimal(plain, currency, minor) != LG_AMOUNT_OK)
        return false;
    if (negative)
        *minor = -*minor;
    return true;
}

/* A number of exactly `digits` digits at *at, which goes behind it; -1 if there is none. */
static int take_digits(const char **at, int digits_min, int digits_max)
{
    int value = 0, count = 0;
    while (count < digits_max && isdigit((unsigned char)**at)) {
        value = value * 10 + (*(*at)++ - '0');
        count++;
    }
    return count >= digits_min ? value : -1;
}

bool books_day_parse(const char *text, books_dates order, lg_day *day)
{
    const char *at = text;
    int parts[3] = {0};
    char iso[12], mark = '\0';
    const bool year_first = order == BOOKS_YMD,
               compact = year_first && strlen(text) == 8 && strspn(text, "0123456789") == 8;
    for (int i = 0; i < 3; i++) {
        const bool year = year_first ? i == 0 : i == 2;
        parts[i] = take_digits(&at, year ? 4 : compact ? 2 : 1, year ? 4 : 2);
        if (parts[i] < 0 || (i == 2 && *at))
            return false;
        if (i == 2 || compact)
            continue;
        if (!*at || !strchr("-/.", *at) || (mark && *at != mark))
            return false;
        mark = *at++;
    }
    const int year = year_first ? parts[0] : parts[2];
    const int month = order == BOOKS_MDY ? parts[0] : parts[1];
    const int day_of_month = order == BOOKS_YMD ? parts[2] : order == BOOKS_DMY ? parts[0] : parts[1];
    if (year > 9999 || month > 99 || day_of_month > 99)
        return false;
    snprintf(iso, sizeof iso, "%04d-%02d-%02d", year % 10000, month % 100, day_of_month % 100);
    return lg_day_parse(iso, day);
}

/* ---- the file ---- */

typedef struct reading {
    client *c;
    const char *path;
    const books_format *format;
    books *out;
    lg_arena *row_arena;                  /* of the row that is being read */
    const char *cells[BOOKS_FIELD_COUNT]; /* of it */
    int field_of[COLUMNS_MAX];            /* books_field, or -1 */
    const char *title_of[BOOKS_FIELD_COUNT];
    size_t columns, column;
    int64_t line, row_line; /* counted from 1 */
    bool has_header, row_begun, row_has_text;
    client_exit code;
} reading;

static void refuse_cell(reading *r, books_field field, const char *why)
{
    const char *shown = client_clean(r->c->arena, r->cells[field] ? r->cells[field] : "");
    if (r->code == CLIENT_OK)
        r->code = client_fail(r->c, CLIENT_LOCAL, "%s, line %lld, column \"%s\": \"%s\" %s", r->path,
                              (long long)r->row_line, client_clean(r->c->arena, r->title_of[field]), shown,
                              client_text(r->c, why));
}

static void header_cell(reading *r, const char *text)
{
    r->field_of[r->column] = -1;
    for (int field = 0; field < BOOKS_FIELD_COUNT; field++) {
        const char *named = r->format->headers[field];
        bool is = named && strcasecmp(named, text) == 0;
        for (size_t i = 0; !named && fields[field].usual[i]; i++)
            is = is || strcasecmp(fields[field].usual[i], text) == 0;
        if (!is)
            continue;
        if (r->out->has[field] && r->code == CLIENT_OK)
            r->code =
                client_fail(r->c, CLIENT_LOCAL,
                            "%s: the columns \"%s\" and \"%s\" could both be the %s; name one with --%s.",
                            r->path, client_clean(r->c->arena, r->title_of[field]),
                            client_clean(r->c->arena, text), fields[field].name, fields[field].name);
        r->field_of[r->column] = field;
        r->out->has[field] = true;
        r->title_of[field] = lg_arena_strdup(r->c->arena, text);
        return;
    }
}

static void header_end(reading *r)
{
    const bool *has = r->out->has;
    r->has_header = true;
    r->columns = r->column;
    for (int field = 0; field < BOOKS_FIELD_COUNT && r->code == CLIENT_OK; field++)
        if (r->format->headers[field] && !has[field])
            r->code = client_fail(r->c, CLIENT_LOCAL, "%s has no column \"%s\" in its first row.", r->path,
                                  client_clean(r->c->arena, r->format->headers[field]));
    if (r->code != CLIENT_OK)
        return;
    if (!has[BOOKS_AMOUNT])
        r->code = client_fail(r->c, CLIENT_LOCAL,
                              "%s has no column of amounts: name it with --amount HEADER.", r->path);
    else if (!has[BOOKS_CURRENCY] && !r->format->currency)
        r->code = client_fail(
            r->c, CLIENT_LOCAL,
            "%s has no column of currencies: name it with --currency HEADER, or the currency of all "
            "rows with --all-in CUR.",
            r->path);
    else if (!has[BOOKS_INVOICE] && !has[BOOKS_CLAIM] && !has[BOOKS_REFERENCE])
        r->code =
            client_fail(r->c, CLIENT_LOCAL,
                        "%s has no column of invoice numbers, claims or references to tell its rows by: name "
                        "one with --invoice, --claim or --reference HEADER.",
                        r->path);
}

static const char *keep(reading *r, books_field field)
{
    const char *text = r->cells[field];
    return text && *text ? lg_arena_strdup(r->out->arena, text) : "";
}

static void row_values(reading *r, books_row *row)
{
    const char *currency = r->out->has[BOOKS_CURRENCY] ? r->cells[BOOKS_CURRENCY] : r->format->currency;
    row->number = r->row_line;
    if (!currency || !lg_currency_parse(currency, &row->currency))
        refuse_cell(r, BOOKS_CURRENCY, "is no ISO 4217 code as CNY.");
    else if (!r->cells[BOOKS_AMOUNT] || !books_amount_parse(r->cells[BOOKS_AMOUNT], r->format->decimal_comma,
                                                            row->currency, &row->amount_minor))
        refuse_cell(
            r, BOOKS_AMOUNT,
            r->format->decimal_comma
                ? LG_TEXT("is no amount of that currency with a decimal comma (--decimal point reads the "
                          "other kind).")
                : LG_TEXT(
                      "is no amount of that currency with a decimal point (--decimal comma reads the other "
                      "kind)."));
    if (r->cells[BOOKS_DUE] && *r->cells[BOOKS_DUE]) {
        row->has_due = books_day_parse(r->cells[BOOKS_DUE], r->format->dates, &row->due);
        if (!row->has_due)
            refuse_cell(r, BOOKS_DUE, "is no date in the order of --dates (ymd, dmy or mdy).");
    }
    row->invoice = keep(r, BOOKS_INVOICE);
    row->claim = keep(r, BOOKS_CLAIM);
    row->reference = keep(r, BOOKS_REFERENCE);
    row->debtor = keep(r, BOOKS_DEBTOR);
    row->creditor = keep(r, BOOKS_CREDITOR);
    row->status = keep(r, BOOKS_STATUS);
    if (r->code == CLIENT_OK && !*row->invoice && !*row->claim && !*row->reference)
        r->code = client_fail(
            r->c, CLIENT_LOCAL,
            "%s, line %lld names neither invoice nor claim nor reference: nothing tells what it is.", r->path,
            (long long)r->row_line);
}

static void cell_end(void *data, size_t len, void *ctx)
{
    reading *r = ctx;
    char *text = lg_arena_strndup(r->row_arena, data ? data : "", len);
    if (!r->row_begun)
        r->row_line = r->line;
    r->row_begun = true;
    if (r->code == CLIENT_OK &&
        (len > CELL_MAX || strlen(text) != len || !lg_text_is_utf8(lg_bytes_of(text, len))))
        r->code = client_fail(
            r->c, CLIENT_LOCAL,
            "%s, line %lld, column %zu is not text in UTF-8 of at most %d bytes. (A file in GB18030 is "
            "turned into UTF-8 by: iconv -f GB18030 -t UTF-8)",
            r->path, (long long)r->row_line, r->column + 1, CELL_MAX);
    if (r->code == CLIENT_OK && r->column == COLUMNS_MAX)
        r->code = client_fail(r->c, CLIENT_LOCAL, "%s, line %lld has more than %d columns.", r->path,
                              (long long)r->row_line, COLUMNS_MAX);
    if (r->code != CLIENT_OK)
        return;
    text = lg_text_collapse(r->row_arena, text);
    r->row_has_text = r->row_has_text || *text;
    if (!r->has_header)
        header_cell(r, text);
    else if (r->column < r->columns && r->field_of[r->column] >= 0)
        r->cells[r->field_of[r->column]] = text;
    r->column++;
}

static void row_end(int mark, void *ctx)
{
    reading *r = ctx;
    (void)mark;
    if (r->code == CLIENT_OK && r->row_has_text) {
        if (!r->has_header)
            header_end(r);
        else if (r->column != r->columns)
            r->code =
                client_fail(r->c, CLIENT_LOCAL, "%s, line %lld has %zu columns, and the first row has %zu.",
                            r->path, (long long)r->row_line, r->column, r->columns);
        else if (r->out->count == ROWS_MAX)
            r->code = client_fail(r->c, CLIENT_LOCAL, "%s has more than %d rows.", r->path, ROWS_MAX);
        else
            row_values(r, books_add(r->out));
    }
    memset(r->cells, 0, sizeof r->cells);
    r->column = 0;
    r->row_begun = r->row_has_text = false;
    lg_arena_reset(r->row_arena);
}

/* Whichever mark the first line has most of. */
static char guess_delimiter(const char *text, size_t len)
{
    static const char marks[] = {',', ';', '\t'};
    size_t counts[sizeof marks] = {0}, best = 0;
    for (size_t i = 0; i < len && text[i] != '\n'; i++)
        for (size_t k = 0; k < sizeof marks; k++)
            counts[k] += text[i] == marks[k];
    for (size_t k = 1; k < sizeof marks; k++)
        if (counts[k] > counts[best])
            best = k;
    return marks[best];
}

/* The parser tells no lines: it is fed up to the end of each. */
static void feed(reading *r, struct csv_parser *parser, const char *text, size_t len)
{
    while (len > 0 && r->code == CLIENT_OK) {
        const char *end = memchr(text, '\n', len);
        const size_t part = end ? (size_t)(end - text) + 1 : len;
        if (csv_parse(parser, text, part, cell_end, row_end, r) != part)
            r->code = client_fail(r->c, CLIENT_LOCAL, "%s, line %lld: %s.", r->path, (long long)r->line,
                                  csv_strerror(csv_error(parser)));
        r->line += end != NULL;
        text += part;
        len -= part;
    }
}

static client_exit read_file(reading *r, FILE *file)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct csv_parser parser;
    char *piece = lg_arena_alloc(r->c->arena, PIECE);
    size_t len = fread(piece, 1, PIECE, file), skip = len >= 3 && memcmp(piece, bom, 3) == 0 ? 3 : 0;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
        return client_fail(r->c, CLIENT_LOCAL, "The CSV reader cannot start.");
    csv_set_delim(&parser, (unsigned char)(r->format->delimiter ? r->format->delimiter
                                                                : guess_delimiter(piece + skip, len - skip)));
    r->line = 1;
    while (len > 0 && r->code == CLIENT_OK) {
        feed(r, &parser, piece + skip, len - skip);
        skip = 0;
        len = fread(piece, 1, PIECE, file);
    }
    if (r->code == CLIENT_OK && ferror(file))
        r->code = client_fail(r->c, CLIENT_LOCAL, "Cannot read %s: %s.", r->path, strerror(errno));
    if (r->code == CLIENT_OK && csv_fini(&parser, cell_end, row_end, r) != 0)
        r->code = client_fail(r->c, CLIENT_LOCAL, "%s ends within a quoted field that began in line %lld.",
                              r->path, (long long)r->row_line);
    csv_free(&parser);
    if (r->code == CLIENT_OK && !r->has_header)
        r->code =
            client_fail(r->c, CLIENT_LOCAL, "%s is empty: its first row must name the columns.", r->path);
    return r->code;
}

client_exit books_read(client *c, const char *path, const books_format *format, books *out)
{
    reading r = {.c = c, .path = path, .format = format, .out = out, .row_arena = lg_arena_open()};
    *out = (books){.arena = lg_arena_open()};
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    client_exit code = file ? read_file(&r, file)
                            : client_fail(c, CLIENT_LOCAL, "Cannot read %s: %s.", path, strerror(errno));
    if (file && file != stdin)
        fclose(file);
    lg_arena_close(r.row_arena);
    return code;
}
