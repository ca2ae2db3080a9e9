/* Cells of CSV (RFC 4180), each behind its comma. */
#ifndef API_CSV_H
#define API_CSV_H

#include "ledger/base/buf.h"
#include "ledger/base/uuid.h"

#include <string.h>

/* Text that people wrote. A spreadsheet takes a leading = + - @, tab or carriage return for a formula, and
 * would run it: an apostrophe makes it text (OWASP, CSV injection). */
static inline void csv_put_text(lg_buf *buf, const char *text)
{
    lg_buf_char(buf, ',');
    if (!text || !*text)
        return;
    lg_buf_char(buf, '"');
    if (strchr("=+-@\t\r", *text))
        lg_buf_char(buf, '\'');
    for (; *text; text++) {
        if (*text == '"')
            lg_buf_char(buf, '"');
        lg_buf_char(buf, *text);
    }
    lg_buf_char(buf, '"');
}

/* Text of the registry's own, which needs no quotes. */
static inline void csv_put_plain(lg_buf *buf, const char *text)
{
    lg_buf_char(buf, ',');
    lg_buf_str(buf, text);
}

static inline void csv_put_int(lg_buf *buf, int64_t value)
{
    lg_buf_printf(buf, ",%lld", (long long)value);
}

/* Empty for nil. */
static inline void csv_put_id(lg_buf *buf, lg_uuid id)
{
    csv_put_plain(buf, lg_uuid_is_nil(id) ? "" : lg_uuid_format(id).s);
}

#endif
