/* Percent-decoding (RFC 3986 section 2.1) and query strings (application/x-www-form-urlencoded, as browsers
 * and curl send). */
#include "server/http/internal.h"

#include "ledger/base/text.h"

#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char *query_decode(lg_arena *arena, lg_bytes text, bool plus)
{
    char *decoded = lg_arena_strndup(arena, text.data, text.len);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = decoded[i];
        if (c == '%') {
            int high = text.len - i > 2 ? hex_value(decoded[i + 1]) : -1;
            int low = text.len - i > 2 ? hex_value(decoded[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return NULL;
        decoded[len++] = c;
    }
    decoded[len] = '\0';
    return lg_text_is_utf8(lg_bytes_of(decoded, len)) ? decoded : NULL;
}

/* One "name=value". */
static lg_err parse_one(lg_bytes item, const char *const *names, const char **values, lg_report *report)
{
    const uint8_t *equals = memchr(item.data, '=', item.len);
    size_t name_len = equals ? (size_t)(equals - item.data) : item.len;
    size_t skip = equals ? name_len + 1 : name_len;
    const char *name = query_decode(report->arena, lg_bytes_of(item.data, name_len), true);
    const char *value = query_decode(report->arena, lg_bytes_of(item.data + skip, item.len - skip), true);
    if (!name)
        return lg_fail(report, LG_BAD_QUERY, "The name of a query parameter is not percent-encoded UTF-8.");
    for (size_t i = 0; names && names[i]; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        if (!value)
            return lg_fail(report, LG_BAD_QUERY,
                           "The value of query parameter '%s' is not percent-encoded UTF-8.", name);
        if (values[i])
            return lg_fail(report, LG_BAD_QUERY, "The query parameter '%s' is given more than once.", name);
        values[i] = value;
        return LG_OK;
    }
    return lg_fail(report, LG_BAD_QUERY, "The query parameter '%s' is unknown here.", name);
}

lg_err query_parse(const char *text, const char *const *names, const char **values, lg_report *report)
{
    while (*text) {
        size_t len = strcspn(text, "&");
        if (len > 0) {
            lg_err err = parse_one(lg_bytes_of(text, len), names, values, report);
            if (err)
                return err;
        }
        text += len;
        if (*text == '&')
            text++;
    }
    return LG_OK;
}
