/* Query parameters into C. Every fault is noted under its parameter's name; the first one is the problem's
 * sentence. */
#include "server/api/serve.h"

#include "ledger/base/buf.h"
#include "ledger/crypto/encoding.h"

#include <inttypes.h>
#include <string.h>

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 1000, HISTORY_MAX = 200 };

/* A cursor is the number of the last row shown. The prefix lets a later form be told apart. */
static const char CURSOR_PREFIX[] = "v1:";

void api_query_refuse(http_request *request, const char *name, const char *code, const char *fmt, ...)
{
    lg_report *report = http_report(request);
    va_list args;
    va_start(args, fmt);
    const char *sentence = lg_arena_vprintf(report->arena, fmt, args);
    va_end(args);
    lg_fault_add(report, code, name, "%s", sentence);
    if (report->err == LG_OK)
        (void)lg_fail(report, LG_BAD_QUERY, "%s", sentence);
}

lg_err api_query_end(http_request *request)
{
    return http_report(request)->fault_count > 0 ? LG_BAD_QUERY : LG_OK;
}

/* "a, b or c" */
static const char *join_names(lg_arena *arena, const char *const *names)
{
    char *text = lg_arena_strdup(arena, names[0]);
    for (size_t i = 1; names[i]; i++)
        text = lg_arena_printf(arena, "%s%s%s", text, names[i + 1] ? ", " : " or ", names[i]);
    return text;
}

void api_query_choice(http_request *request, const char *name, const char *const *names, int *out)
{
    const char *text = http_query(request, name);
    if (!text)
        return;
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return;
        }
    }
    api_query_refuse(request, name, "unknown_value", "%s must be %s.", name,
                     join_names(http_arena(request), names));
}

void api_query_number(http_request *request, const char *name, int64_t min, int64_t max, int64_t *out)
{
    int64_t value;
    const char *text = http_query(request, name);
    if (!text)
        return;
    if (api_number_parse(text, &value) && value >= min && value <= max)
        *out = value;
    else
        api_query_refuse(request, name, "out_of_range", "%s must be a whole number from %lld to %lld.", name,
                         (long long)min, (long long)max);
}

void api_query_day(http_request *request, const char *name, lg_day *out)
{
    const char *text = http_query(request, name);
    if (text && !lg_day_parse(text, out))
        api_query_refuse(request, name, "not_a_date", "%s must be a date as 2026-11-22.", name);
}

void api_query_currency(http_request *request, const char *name, const char **code)
{
    lg_currency currency;
    const char *text = http_query(request, name);
    if (!text)
        return;
    if (lg_currency_parse(text, &currency))
        *code = text;
    else
        api_query_refuse(request, name, "unknown_currency", "%s must be an ISO 4217 code as CNY.", name);
}

void api_query_amount(http_request *request, const char *name, const char *currency_code, int64_t *minor)
{
    lg_currency currency;
    const char *text = http_query(request, name);
    if (!text)
        return;
    if (!currency_code || !lg_currency_parse(currency_code, &currency)) {
        api_query_refuse(request, name, "currency_missing", "%s needs the parameter currency beside it.",
                         name);
        return;
    }
    if (lg_amount_parse(text, currency, minor) != LG_AMOUNT_OK)
        api_query_refuse(request, name, "not_an_amount", "%s must be an amount with exactly %d decimals.",
                         name, lg_currency_scale(currency));
}

lg_err api_query_participant(api_view *view, const char *name, lg_participant_no *out)
{
    lg_participant_id id;
    const char *text = http_query(view->request, name);
    if (!text)
        return LG_OK;
    if (!lg_uuid_parse(text, &id.uuid)) {
        api_query_refuse(view->request, name, "not_an_id", "%s must be the id of a participant.", name);
        return LG_OK;
    }
    lg_err err = lg_participant_no_of(view->read.db, id, out);
    if (err == LG_NOT_FOUND)
        out->v = -1;
    return err == LG_NOT_FOUND ? LG_OK : err;
}

static lg_err query_limit(http_request *request, int64_t normal, int64_t max, size_t *limit)
{
    int64_t value = normal;
    api_query_number(request, "limit", 1, max, &value);
    *limit = (size_t)value;
    return api_query_end(request);
}

lg_err api_query_limit(http_request *request, size_t *limit)
{
    return query_limit(request, LIMIT_DEFAULT, LIMIT_MAX, limit);
}

lg_err api_query_cursor(http_request *request, int64_t *after_no)
{
    const char *text = http_query(request, "cursor");
    *after_no = 0;
    if (text && !api_cursor_parse(http_arena(request), text, after_no))
        api_query_refuse(request, "cursor", "not_a_cursor",
                         "cursor must be the next_cursor of an earlier page.");
    return api_query_end(request);
}

static void query_page(http_request *request, int64_t normal, int64_t max, size_t *limit, int64_t *after_no)
{
    /* What is wrong is in the report, and api_query_end finds it. */
    if (query_limit(request, normal, max, limit) == LG_OK)
        ++*limit;
    (void)!api_query_cursor(request, after_no);
}

void api_query_page(http_request *request, size_t *limit, int64_t *after_no)
{
    query_page(request, LIMIT_DEFAULT, LIMIT_MAX, limit, after_no);
}

void api_query_family_page(http_request *request, size_t *limit, int64_t *after_no)
{
    enum { FAMILY_DEFAULT = 200 };
    query_page(request, FAMILY_DEFAULT, LIMIT_MAX, limit, after_no);
}

lg_err api_query_history(api_view *view, lg_history_page *out)
{
    static const char *const orders[] = {"asc", "desc", NULL};
    int descending = 0;
    int64_t beyond = 0;
    *out = (lg_history_page){
        .party = view->read.caller.no,
        .after_seq = -1,
        /* The snapshot may hold a commit whose checkpoint is not out yet. */
        .before_seq = view->published->size,
    };
    api_query_choice(view->request, "order", orders, &descending);
    query_page(view->request, LIMIT_DEFAULT, HISTORY_MAX, &out->limit, &beyond);
    out->ascending = !descending;
    if (beyond && out->ascending)
        out->after_seq = beyond;
    else if (beyond && beyond < out->before_seq)
        out->before_seq = beyond;
    return api_query_end(view->request);
}

char *api_cursor(lg_arena *arena, int64_t no)
{
    return lg_base64url_encode(arena, lg_bytes_str(lg_arena_printf(arena, "%s%" PRId64, CURSOR_PREFIX, no)));
}

bool api_cursor_parse(lg_arena *arena, const char *text, int64_t *no)
{
    const size_t prefix_len = sizeof CURSOR_PREFIX - 1;
    lg_bytes plain;
    int64_t value;
    if (!lg_base64url_decode(arena, lg_bytes_str(text), &plain) || plain.len <= prefix_len ||
        memcmp(plain.data, CURSOR_PREFIX, prefix_len) != 0)
        return false;
    const char *number = lg_arena_strndup(arena, plain.data + prefix_len, plain.len - prefix_len);
    /* A NUL inside would hide what follows it. */
    if (strlen(number) != plain.len - prefix_len || !api_row_no_parse(number, &value) || value == 0)
        return false;
    *no = value;
    return true;
}
