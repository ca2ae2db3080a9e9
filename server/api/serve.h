/* What the handlers of reads share beyond api.h: the frame around each, query parameters, lists. */
#ifndef API_SERVE_H
#define API_SERVE_H

#include "server/api/api.h"

/* One read on its way: a handler's builder fills `body` (and may set `etag`), the frame does the rest. */
typedef struct api_view {
    http_request *request;
    lg_report *report;
    api_read read;
    lg_published *published; /* taken before the snapshot, which therefore holds all that it promises */
    lg_buf body;             /* JSON */
    bool not_modified;
} api_view;

typedef lg_err (*api_build)(api_view *view);

/* Opens a snapshot, authenticates (scope read), builds, closes, answers: 200, 304 or a problem. */
http_result api_serve(http_request *request, api_build build);
/* The same where a token is optional. */
http_result api_serve_public(http_request *request, api_build build);
/* Names the version of what is read. True: the client has it already, and nothing need be built. */
bool api_view_is_known(api_view *view, const char *etag);
/* Names it by what was built, for resources whose parts change without a mark on their own row. */
void api_view_tag_body(api_view *view);

/* ---- path parameters: false if it cannot be the name of anything ---- */
bool api_param_uuid(const http_request *request, const char *name, lg_uuid *out) LG_MUST_CHECK;
/* A decimal number from 0 to LG_SEQ_MAX without leading zeros. */
bool api_number_parse(const char *text, int64_t *out) LG_MUST_CHECK;

/* ---- query.c. A getter leaves *out alone if the parameter is absent; what is wrong becomes a fault of the
 * request's report with the parameter's name as pointer, and api_query_end tells whether there was any. ----
 */
void api_query_refuse(http_request *request, const char *name, const char *code, const char *fmt, ...)
    LG_PRINTF(4, 5);
/* One of `names` (a contiguous part of an enum's, NULL-terminated, starting at 0) as its number. */
void api_query_choice(http_request *request, const char *name, const char *const *names, int *out);
void api_query_number(http_request *request, const char *name, int64_t min, int64_t max, int64_t *out);
void api_query_day(http_request *request, const char *name, lg_day *out);
/* *code stays NULL if absent, else a known currency. */
void api_query_currency(http_request *request, const char *name, const char **code);
/* Needs the currency; a fault without one. */
void api_query_amount(http_request *request, const char *name, const char *currency, int64_t *minor);
/* A participant's id as its number; -1, which matches nothing, if there is no such participant. Fails only
 * with the store. */
lg_err api_query_participant(api_view *view, const char *name, lg_participant_no *out) LG_MUST_CHECK;
/* limit and cursor. *limit gets one more than asked: whether there is a next page. */
void api_query_page(http_request *request, size_t *limit, int64_t *after_no);
lg_err api_query_end(http_request *request) LG_MUST_CHECK;
bool api_cursor_parse(lg_arena *arena, const char *text, int64_t *no) LG_MUST_CHECK;

/* ---- lists: {"items":[…],"next_cursor":…} ---- */
void api_list_open(api_view *view);
/* last_no: number of the last item shown; 0 if there is no further page. */
void api_list_close(api_view *view, int64_t last_no);
/* The number to show of `found` rows asked for with one more than the page holds. */
static inline size_t api_list_shown(size_t found, size_t limit_and_one)
{
    return found < limit_and_one ? found : limit_and_one - 1;
}

/* Member `key`: the time, or null for 0. */
static inline void json_put_time(lg_buf *buf, const char *key, lg_time time)
{
    lg_json_put_str(buf, key, time ? lg_time_format(time).s : NULL);
}

/* A row that another names must be there. */
static inline lg_err json_related(lg_err err)
{
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

void json_put_scopes(lg_buf *buf, unsigned scopes); /* member "scopes" */
/* One page of receivables; filter->limit is one more than the page holds. */
lg_err api_list_receivables(api_view *view, const lg_receivable_filter *filter) LG_MUST_CHECK;
/* {"items":[…]}: the entries that tell of one or two subjects, oldest first, with their facts. */
lg_err api_history(api_view *view, int64_t subject_no, int64_t other_no) LG_MUST_CHECK;

/* schema/openapi.json, as built in. */
lg_bytes api_openapi(void);

#endif
