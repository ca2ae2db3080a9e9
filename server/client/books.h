/* One's own books as an ERP exports them: a CSV file whose columns are found by their headers. */
#ifndef CLIENT_BOOKS_H
#define CLIENT_BOOKS_H

#include "ledger/base/calendar.h"
#include "ledger/registry/money.h"
#include "server/client/client.h"

typedef enum {
    BOOKS_AMOUNT,
    BOOKS_CURRENCY,
    BOOKS_INVOICE,
    BOOKS_CLAIM,
    BOOKS_REFERENCE,
    BOOKS_DUE,
    BOOKS_DEBTOR,
    BOOKS_CREDITOR,
    BOOKS_STATUS,
    BOOKS_FIELD_COUNT,
} books_field;
const char *books_field_name(books_field field);

typedef enum {
    BOOKS_YMD, /* 2026-11-22, also 2026/11/22, 2026.11.22, 20261122 */
    BOOKS_DMY, /* 22.11.2026, also 22/11/2026, 22-11-2026 */
    BOOKS_MDY, /* 11/22/2026 */
} books_dates;

typedef struct books_format {
    char delimiter; /* 0: whichever of comma, semicolon and tab the header has most of */
    bool decimal_comma;
    books_dates dates;
    const char *currency;                   /* of all rows, where no column says it; NULL: none */
    const char *headers[BOOKS_FIELD_COUNT]; /* as named by the person; NULL: one of the usual ones */
} books_format;

/* A line of either side. Strings are "" where nothing is said. */
typedef struct books_row {
    int64_t number; /* line of the file, or entry of the ledger */
    lg_currency currency;
    int64_t amount_minor;
    bool has_due;
    lg_day due;
    const char *invoice, *claim, *reference, *debtor, *creditor, *status;
} books_row;

typedef struct books {
    lg_arena *arena; /* holds the rows and their strings; closed by books_clear */
    books_row *rows;
    size_t count, cap;
    bool has[BOOKS_FIELD_COUNT]; /* which columns there are */
} books;

void books_clear(books *b);
/* A zeroed row more; stays where it is until the next one. */
books_row *books_add(books *b);
/* CLIENT_LOCAL with the line and the column for what cannot be read. */
client_exit books_read(client *c, const char *path, const books_format *format, books *out) CLIENT_MUST_CHECK;

/* Exposed for tests: an amount as ERPs write it ("1.234,50", "1,234.50-", "(12.00)"); false if it is none. */
bool books_amount_parse(const char *text, bool decimal_comma, lg_currency currency,
                        int64_t *minor) LG_MUST_CHECK;
bool books_day_parse(const char *text, books_dates order, lg_day *day) LG_MUST_CHECK;

#endif
