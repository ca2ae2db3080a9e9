/* What the handlers of reads share beyond api.h: the frame around each, query parameters, lists. */
#ifndef API_SERVE_H
#define API_SERVE_H

#include "ledger/store/party_rows.h"
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
/* The same with another scope. */
http_result api_serve_scope(http_request *request, lg_scope scope, api_build build);
/* The same where a token is optional. */
http_result api_serve_public(http_request *request, api_build build);
/* Names the version of what is read. True: the client has it already, and nothing need be built. */
bool api_view_is_known(api_view *view, const char *etag);
/* Names it by what was built, for resources whose parts change without a mark on their own row. */
void api_view_tag_body(api_view *view);

lg_err api_entry_time(const api_read *read, int64_t seq, lg_time *out) LG_MUST_CHECK;
/* How many of the first `size` entries are of before `time`: entries' times never go back. */
lg_err api_entries_before(const api_read *read, int64_t size, lg_time time, int64_t *count) LG_MUST_CHECK;

/* ---- path parameters: false if it cannot be the name of anything ---- */
bool api_param_uuid(const http_request *request, const char *name, lg_uuid *out) LG_MUST_CHECK;
/* A decimal number from 0 to LG_SEQ_MAX without leading zeros. */
bool api_number_parse(const char *text, int64_t *out) LG_MUST_CHECK;
/* The same for a row number, which is larger (lg_row_no). */
bool api_row_no_parse(const char *text, int64_t *out) LG_MUST_CHECK;

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
/* The same for the claims of one root: 200 by default. */
void api_query_family_page(http_request *request, size_t *limit, int64_t *after_no);
/* limit (at most 200), cursor and order of what the caller may read of a history. */
lg_err api_query_history(api_view *view, lg_history_page *out) LG_MUST_CHECK;
lg_err api_query_end(http_request *request) LG_MUST_CHECK;
bool api_cursor_parse(lg_arena *arena, const char *text, int64_t *no) LG_MUST_CHECK;

/* ---- lists: {"items":[…],"next_cursor":…} ---- */
void api_list_open(api_view *view);
/* last_no: number of the last item shown; 0 if there is no further page. */
void api_list_close(api_view *view, int64_t last_no);
/* The same with a cursor's own text; NULL if there is no further page. */
void api_list_close_at(api_view *view, const char *cursor);
/* Is the next of `found` rows, which were asked for with one more than the page holds, shown behind the
 * `shown` ones? A page has the items asked for, or fewer where they are large (one at least): no answer is so
 * long that clients who do not read theirs exhaust the memory. Behind the first, room is made for all the
 * others, as if they were alike. */
static inline bool api_list_takes(api_view *view, size_t shown, size_t found, size_t limit_and_one)
{
    enum { LIST_BYTES = 1536 * 1024 };
    const size_t len = view->body.len;
    if (shown == found || shown + 1 >= limit_and_one || (shown > 0 && len >= LIST_BYTES))
        return false;
    if (shown == 1)
        lg_buf_reserve(&view->body, len < LIST_BYTES / found ? len * found : LIST_BYTES);
    return true;
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

/* Member `key`: the id, or null for nil. */
static inline void json_put_id(lg_buf *buf, const char *key, lg_uuid id)
{
    lg_json_put_str(buf, key, lg_uuid_is_nil(id) ? NULL : lg_uuid_format(id).s);
}

/* The same of a participant by its number; null for number 0. */
static inline lg_err json_put_participant(lg_buf *buf, lg_db *db, const char *key, lg_participant_no no)
{
    lg_participant_id id;
    lg_err err = json_related(lg_participant_id_of(db, no, &id));
    if (!err)
        json_put_id(buf, key, id.uuid);
    return err;
}

static inline void json_put_amount(lg_buf *buf, const char *key, int64_t minor, lg_currency currency)
{
    lg_json_put_str(buf, key, lg_amount_format(minor, currency).s);
}

/* The owner's endpoint of this id; LG_NOT_FOUND for anyone else's (read_webhooks.c). */
lg_err api_own_webhook(lg_db *db, lg_arena *arena, lg_participant_no owner, const char *id_text,
                       lg_webhook *out) LG_MUST_CHECK;
void json_put_scopes(lg_buf *buf, unsigned scopes); /* member "scopes" */
/* Member "amount_limits": null where there are none. */
lg_err json_put_limits(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_token *row) LG_MUST_CHECK;
void json_put_fields(lg_buf *buf, unsigned fields); /* member "fields": of lg_claim_field (json_claim.c) */
/* One page of receivables; filter->limit is one more than the page holds. */
lg_err api_list_receivables(api_view *view, const lg_receivable_filter *filter) LG_MUST_CHECK;
/* The page that the query asks for of the entries that tell of the subjects and that the caller is party to,
 * each with the facts of its shares. */
lg_err api_history(api_view *view, const int64_t *subjects, size_t subject_count) LG_MUST_CHECK;

/* ---- claims ---- */

/* All that showing a claim takes: the row, what it links to, and what of it this viewer is shown. Links that
 * are kept from the viewer are nil. */
typedef struct api_claim_sheet {
    const lg_claim *row; /* borrowed */
    lg_claim_sight sight;
    lg_claim_links links;
    unsigned locks;          /* with the debtor's being stopped */
    bool invoice, documents; /* these are shown */
    bool notice;             /* there is one, and it is shown */
} api_claim_sheet;
lg_err api_claim_sheet_fill(api_claim_sheet *sheet, lg_db *db, lg_arena *arena, const lg_claim *row,
                            lg_participant_no viewer, const lg_claim_sight *sight) LG_MUST_CHECK;
bool api_claim_shows(const lg_claim_sight *sight, lg_claim_field field);
const char *api_claim_access_name(lg_claim_access access);
void json_claim_sheet(lg_buf *buf, const api_claim_sheet *sheet);
/* One line per claim, behind the line of names (claim_csv.c). */
void csv_claim_names(lg_buf *buf);
void csv_claim(lg_buf *buf, const api_claim_sheet *sheet);

/* lg_claim_see for the caller, now. */
lg_err api_claim_see(const api_read *read, const lg_claim *row, lg_claim_sight *out) LG_MUST_CHECK;
/* The claim of the path's {id}; LG_NOT_FOUND unless the caller may see some of it. */
lg_err api_claim_find(api_view *view, lg_claim *out, lg_claim_sight *sight) LG_MUST_CHECK;
/* The filters and the order in the request's query. Faults go to its report: end with api_query_end. */
lg_err api_query_claims(api_view *view, lg_claim_filter *out) LG_MUST_CHECK;

/* schema/openapi.json, as built in. */
lg_bytes api_openapi(language in);

#endif
