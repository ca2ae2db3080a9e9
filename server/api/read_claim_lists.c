/* Many claims at once: pages, sums, and the export. */
#include "server/api/serve.h"

#include "ledger/crypto/encoding.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPORT_PAGE = 500 }; /* claims that an export reads in one snapshot */

/* ---- cursors: "v2:<order>:<its value>:<number>" of the last claim shown ---- */

static const char sort_letters[LG_CLAIM_SORT_COUNT + 1] = "adm";

static char *write_cursor(lg_arena *arena, const lg_claim *row, lg_claim_sort sort)
{
    const char *plain = lg_arena_printf(arena, "v2:%c:%" PRId64 ":%" PRId64, sort_letters[sort],
                                        lg_claim_sort_value(row, sort), row->no.v);
    return lg_base64url_encode(arena, lg_bytes_str(plain));
}

static bool parse_cursor(lg_arena *arena, const char *text, lg_claim_filter *filter)
{
    enum { HEAD = 5 }; /* "v2:a:" */
    lg_bytes bytes;
    char *end;
    if (!lg_base64url_decode(arena, lg_bytes_str(text), &bytes))
        return false;
    const char *plain = lg_arena_strndup(arena, bytes.data, bytes.len);
    const char head[] = {'v', '2', ':', sort_letters[filter->sort], ':', '\0'};
    /* A NUL inside would hide what follows it. */
    if (strlen(plain) != bytes.len || strncmp(plain, head, HEAD) != 0)
        return false;
    filter->after_value = strtoll(plain + HEAD, &end, 10);
    if (*end != ':' || !api_row_no_parse(end + 1, &filter->after.v))
        return false;
    filter->has_after = true;
    /* Only what write_cursor writes is one. */
    const char *again =
        lg_arena_printf(arena, "%s%" PRId64 ":%" PRId64, head, filter->after_value, filter->after.v);
    return strcmp(again, plain) == 0;
}

static lg_err query_page(api_view *view, lg_claim_filter *filter)
{
    http_request *request = view->request;
    const char *cursor = http_query(request, "cursor");
    lg_err err = api_query_claims(view, filter);
    if (err != LG_OK)
        return err;
    /* What is wrong is in the report, and api_query_end finds it. */
    if (api_query_limit(request, &filter->limit) == LG_OK)
        filter->limit++;
    if (cursor && !parse_cursor(view->read.arena, cursor, filter))
        api_query_refuse(request, "cursor", "not_a_cursor",
                         "cursor must be the next_cursor of an earlier page in the same order.");
    return api_query_end(request);
}

/* ---- pages ---- */

/* The claim as the caller sees it. */
static lg_err make_sheet(const api_read *read, lg_arena *arena, const lg_claim *row, api_claim_sheet *out)
{
    lg_claim_sight sight;
    lg_err err = api_claim_see(read, row, &sight);
    if (err == LG_OK)
        err = api_claim_sheet_fill(out, read->db, arena, row, read->caller.no, &sight);
    return err;
}

static lg_err build_claims(api_view *view)
{
    lg_claim_filter filter;
    lg_claim *rows;
    size_t count;
    lg_err err = query_page(view, &filter);
    if (err == LG_OK)
        err = lg_claim_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err != LG_OK)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; err == LG_OK && api_list_takes(view, shown, count, filter.limit); shown++) {
        api_claim_sheet sheet;
        err = make_sheet(&view->read, view->read.arena, &rows[shown], &sheet);
        if (err == LG_OK)
            json_claim_sheet(&view->body, &sheet);
    }
    api_list_close_at(view,
                      shown < count ? write_cursor(view->read.arena, &rows[shown - 1], filter.sort) : NULL);
    return err;
}

http_result read_claims(http_request *request)
{
    return api_serve(request, build_claims);
}

/* ---- sums ---- */

static lg_err build_totals(api_view *view)
{
    lg_claim_filter filter;
    lg_claim_total totals[LG_TOTALS_MAX];
    size_t count;
    lg_err err = api_query_claims(view, &filter);
    if (err == LG_OK)
        err = api_query_end(view->request);
    if (err == LG_OK)
        err = lg_claim_totals(view->read.db, &filter, totals, &count);
    if (err == LG_AMOUNT_OUT_OF_RANGE)
        return lg_fail(view->report, err, "A sum is beyond what can be counted; narrow the filters.");
    if (err != LG_OK)
        return err;
    lg_json_open(&view->body);
    lg_json_key(&view->body, "items");
    lg_json_list(&view->body);
    for (size_t i = 0; i < count; i++) {
        const lg_claim_total *total = &totals[i];
        lg_json_open(&view->body);
        lg_json_put_str(&view->body, "currency", total->currency.code);
        lg_json_put_int(&view->body, "count", total->count);
        lg_json_put_str(&view->body, "face_amount", lg_amount_format(total->face_minor, total->currency).s);
        lg_json_put_str(&view->body, "outstanding_amount",
                        lg_amount_format(total->outstanding_minor, total->currency).s);
        lg_json_close(&view->body);
    }
    lg_json_end(&view->body);
    lg_json_close(&view->body);
    return LG_OK;
}

http_result read_claim_totals(http_request *request)
{
    return api_serve(request, build_totals);
}

/* ---- the export: page after page, each in a snapshot of its own, so that a slow reader holds none ---- */

typedef struct csv_export {
    api_context *api;
    lg_token_id token;
    lg_claim_filter filter;
    lg_arena *kept; /* what the filter borrows */
    lg_arena *page;
    bool started, ended;
} csv_export;

static void export_release(void *context)
{
    csv_export *e = context;
    lg_arena_close(e->kept);
    lg_arena_close(e->page);
    free(e);
}

static lg_err export_rows(csv_export *e, const api_read *read, lg_buf *out)
{
    lg_claim *rows;
    size_t count;
    e->filter.is_lender = lg_has_role(read->caller.roles, LG_ROLE_LENDER);
    lg_err err = lg_claim_list(read->db, &e->filter, e->page, &rows, &count);
    for (size_t i = 0; err == LG_OK && i < count; i++) {
        api_claim_sheet sheet;
        err = make_sheet(read, e->page, &rows[i], &sheet);
        if (err == LG_OK)
            csv_claim(out, &sheet);
    }
    if (err != LG_OK || count < e->filter.limit) {
        e->ended = true;
        return err;
    }
    e->filter.has_after = true;
    e->filter.after = rows[count - 1].no;
    e->filter.after_value = lg_claim_sort_value(&rows[count - 1], e->filter.sort);
    return LG_OK;
}

static lg_err export_page(void *context, lg_buf *out)
{
    csv_export *e = context;
    if (!e->started)
        csv_claim_names(out);
    e->started = true;
    if (e->ended)
        return LG_OK;
    lg_arena_reset(e->page);
    api_read read;
    e->filter.now = lg_now();
    lg_err err = api_read_again(e->api, e->token, e->page, &read);
    if (err == LG_OK)
        err = export_rows(e, &read, out);
    api_read_close(&read);
    return err;
}

static csv_export *export_open(const api_view *view, const lg_claim_filter *filter)
{
    csv_export *e = calloc(1, sizeof *e);
    if (!e)
        lg_die("out of memory for an export");
    *e = (csv_export){
        .api = view->read.api,
        .token = view->read.token.id,
        .filter = *filter,
        .kept = lg_arena_open(),
        .page = lg_arena_open(),
    };
    if (filter->currency)
        e->filter.currency = lg_arena_strdup(e->kept, filter->currency);
    if (filter->ratings)
        e->filter.ratings = lg_arena_strdup(e->kept, filter->ratings);
    e->filter.limit = EXPORT_PAGE;
    return e;
}

http_result read_claims_csv(http_request *request)
{
    lg_claim_filter filter;
    api_view view = {.request = request, .report = http_report(request)};
    lg_err err = api_read_open(request, LG_SCOPE_READ, &view.read);
    if (err != LG_OK)
        return http_answer_problem(request, err, NULL);
    err = api_query_claims(&view, &filter);
    if (err == LG_OK)
        err = api_query_end(request);
    api_read_close(&view.read);
    if (err != LG_OK)
        return http_answer_problem(request, err, NULL);
    http_set_header(request, "Content-Disposition", "attachment; filename=\"claims.csv\"");
    return http_answer_stream(request, 200, "text/csv; charset=utf-8", export_page, export_release,
                              export_open(&view, &filter));
}
