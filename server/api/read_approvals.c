/* What one token of the caller's participant said, and a second one must say too. */
#include "ledger/store/approval_rows.h"
#include "server/api/serve.h"

static lg_err build_approvals(api_view *view)
{
    static const char *const statuses[] = {"waiting",   "given",   "withdrawn",
                                           "overtaken", "expired", NULL}; /* lg_approval_status */
    lg_approval_filter filter = {.participant = view->read.caller.no, .status = -1, .now = lg_now()};
    lg_approval *rows;
    size_t count;
    api_query_choice(view->request, "status", statuses, &filter.status);
    api_query_page(view->request, &filter.limit, &filter.before_no);
    lg_err err = api_query_end(view->request);
    if (!err)
        err = lg_approval_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; !err && api_list_takes(view, shown, count, filter.limit); shown++)
        err = json_approval(&view->body, view->read.db, view->read.arena, &rows[shown], filter.now);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_approvals(http_request *request)
{
    return api_serve(request, build_approvals);
}

static lg_err build_approval(api_view *view)
{
    lg_approval_id id;
    lg_approval row;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_approval_by_id(view->read.db, id, view->read.arena, &row);
    if (!err && row.participant.v != view->read.caller.no.v)
        err = LG_NOT_FOUND;
    if (!err)
        err = json_approval(&view->body, view->read.db, view->read.arena, &row, lg_now());
    if (!err)
        api_view_tag_body(view); /* it expires, or is overtaken, without an entry */
    return err;
}

http_result read_approval(http_request *request)
{
    return api_serve(request, build_approval);
}
