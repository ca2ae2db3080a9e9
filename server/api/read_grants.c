/* Grants: who was given a view of which claim, for the two sides of each. */
#include "server/api/serve.h"

static lg_err build_grants(api_view *view)
{
    static const char *const parts[] = {"given", "received", NULL};
    int received = 0;
    lg_grant *rows;
    size_t limit, count;
    int64_t before_no;
    api_query_choice(view->request, "part", parts, &received);
    api_query_page(view->request, &limit, &before_no);
    lg_err err = api_query_end(view->request);
    if (err == LG_OK)
        err = lg_grant_list(view->read.db, view->read.caller.no, received != 0, before_no, limit,
                            view->read.arena, &rows, &count);
    if (err != LG_OK)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; err == LG_OK && api_list_takes(view, shown, count, limit); shown++)
        err = json_grant(&view->body, view->read.db, view->read.arena, &rows[shown], lg_now());
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_grants(http_request *request)
{
    return api_serve(request, build_grants);
}

static lg_err build_grant(api_view *view)
{
    lg_grant_id id;
    lg_grant row;
    const lg_participant_no caller = view->read.caller.no;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_grant_by_id(view->read.db, id, view->read.arena, &row);
    if (err == LG_OK && row.grantor.v != caller.v && row.grantee.v != caller.v)
        err = LG_NOT_FOUND;
    if (err == LG_OK)
        err = json_grant(&view->body, view->read.db, view->read.arena, &row, lg_now());
    /* Its status changes with the clock and with who holds the claim. */
    if (err == LG_OK)
        api_view_tag_body(view);
    return err;
}

http_result read_grant(http_request *request)
{
    return api_serve(request, build_grant);
}
