/* Programs, requests, offers and financings, each for those who may see it. */
#include "server/api/serve.h"

/* ---- programs ---- */

static lg_err build_programs(api_view *view)
{
    static const char *const statuses[] = {"open", "closed", NULL}; /* as lg_program_status */
    lg_program_filter filter = {.status = -1, .now = lg_now()};
    lg_program *rows;
    size_t count;
    api_query_choice(view->request, "status", statuses, &filter.status);
    api_query_currency(view->request, "currency", &filter.currency);
    api_query_page(view->request, &filter.limit, &filter.before_no);
    lg_err err = api_query_participant(view, "lender", &filter.lender);
    if (!err)
        err = api_query_end(view->request);
    if (!err)
        err = lg_program_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; !err && api_list_takes(view, shown, count, filter.limit); shown++)
        err = json_program(&view->body, view->read.db, view->read.arena, &rows[shown], view->read.caller.no,
                           filter.now);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_programs(http_request *request)
{
    return api_serve(request, build_programs);
}

static lg_err build_program(api_view *view)
{
    lg_program_id id;
    lg_program row;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_program_by_id(view->read.db, id, view->read.arena, &row);
    if (!err)
        err =
            json_program(&view->body, view->read.db, view->read.arena, &row, view->read.caller.no, lg_now());
    if (!err)
        api_view_tag_body(view);
    return err;
}

http_result read_program(http_request *request)
{
    return api_serve(request, build_program);
}

/* ---- requests ---- */

static lg_err build_requests(api_view *view)
{
    static const char *const parts[] = {"mine", "addressed", NULL};
    static const char *const statuses[] = {"open", "withdrawn", "lapsed", "accepted", NULL};
    const lg_participant *caller = &view->read.caller;
    lg_request_filter filter = {.viewer = caller->no, .status = -1};
    lg_request *rows = NULL;
    size_t count = 0;
    int part = 0;
    api_query_choice(view->request, "part", parts, &part);
    api_query_choice(view->request, "status", statuses, &filter.status);
    api_query_page(view->request, &filter.limit, &filter.before_no);
    lg_err err = api_query_end(view->request);
    filter.addressed = part == 1;
    /* Nobody but a lender is asked for money. */
    if (!err && !(filter.addressed && !lg_has_role(caller->roles, LG_ROLE_LENDER)))
        err = lg_request_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; !err && api_list_takes(view, shown, count, filter.limit); shown++)
        err = json_request(&view->body, view->read.db, view->read.arena, &rows[shown], caller->no);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_requests(http_request *request)
{
    return api_serve(request, build_requests);
}

/* Its holder; lenders named in it; any lender while it is open to any; who made an offer on it. */
static lg_err sees_request(const api_view *view, const lg_request *row, bool *sees)
{
    const lg_participant *caller = &view->read.caller;
    lg_offer *offers;
    size_t count = 0;
    lg_err err = LG_OK;
    *sees = caller->no.v == row->holder.v;
    if (*sees || !lg_has_role(caller->roles, LG_ROLE_LENDER))
        return LG_OK;
    if (row->any_lender)
        *sees = row->status == LG_REQUEST_OPEN;
    else
        err = lg_request_names(view->read.db, row->no, caller->no, sees);
    if (!err && !*sees)
        err = lg_offer_on_request(view->read.db, row->no, caller->no, view->read.arena, &offers, &count);
    *sees = *sees || count > 0;
    return err;
}

static lg_err build_request(api_view *view)
{
    lg_request_id id;
    lg_request row;
    bool sees = false;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_request_by_id(view->read.db, id, view->read.arena, &row);
    if (!err)
        err = sees_request(view, &row, &sees);
    if (!err && !sees)
        return LG_NOT_FOUND;
    if (!err)
        err = json_request(&view->body, view->read.db, view->read.arena, &row, view->read.caller.no);
    if (!err)
        api_view_tag_body(view);
    return err;
}

http_result read_request(http_request *request)
{
    return api_serve(request, build_request);
}

/* ---- offers ---- */

static lg_err build_offers(api_view *view)
{
    static const char *const statuses[] = {"open", "withdrawn", "accepted", "lapsed", NULL};
    lg_offer *rows;
    size_t count, limit;
    int64_t before;
    int status = -1;
    api_query_choice(view->request, "status", statuses, &status);
    api_query_page(view->request, &limit, &before);
    lg_err err = api_query_end(view->request);
    if (!err)
        err = lg_offer_list(view->read.db, view->read.caller.no, status, before, limit, view->read.arena,
                            &rows, &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; !err && api_list_takes(view, shown, count, limit); shown++)
        err = json_offer(&view->body, view->read.db, view->read.arena, &rows[shown]);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_offers(http_request *request)
{
    return api_serve(request, build_offers);
}

static lg_err build_offer(api_view *view)
{
    const int64_t caller = view->read.caller.no.v;
    lg_offer_id id;
    lg_offer row;
    lg_request request;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_offer_by_id(view->read.db, id, view->read.arena, &row);
    if (!err)
        err = json_related(lg_request_get(view->read.db, row.request, view->read.arena, &request));
    if (!err && caller != row.lender.v && caller != request.holder.v)
        return LG_NOT_FOUND;
    if (!err)
        err = json_offer(&view->body, view->read.db, view->read.arena, &row);
    if (!err)
        api_view_tag_body(view);
    return err;
}

http_result read_offer(http_request *request)
{
    return api_serve(request, build_offer);
}

/* ---- financings ---- */

static lg_err build_financings(api_view *view)
{
    static const char *const parts[] = {"any", "lender", "seller", NULL}; /* as lg_financing_part */
    static const char *const statuses[] = {"instructed", "disbursed", "cancelled",   "lapsed", "released",
                                           "repaid",     "recourse",  "repurchased", NULL};
    lg_financing_filter filter = {.viewer = view->read.caller.no, .status = -1};
    lg_financing *rows;
    size_t count;
    int part = LG_FINANCING_PART_ANY;
    api_query_choice(view->request, "part", parts, &part);
    api_query_choice(view->request, "status", statuses, &filter.status);
    api_query_page(view->request, &filter.limit, &filter.before_no);
    lg_err err = api_query_end(view->request);
    filter.part = (lg_financing_part)part;
    if (!err)
        err = lg_financing_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; !err && api_list_takes(view, shown, count, filter.limit); shown++)
        err = json_financing(&view->body, view->read.db, view->read.arena, &rows[shown]);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_financings(http_request *request)
{
    return api_serve(request, build_financings);
}

static lg_err build_financing(api_view *view)
{
    const int64_t caller = view->read.caller.no.v;
    lg_financing_id id;
    lg_financing row;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_financing_by_id(view->read.db, id, view->read.arena, &row);
    if (!err && caller != row.lender.v && caller != row.seller.v)
        return LG_NOT_FOUND;
    if (!err)
        err = json_financing(&view->body, view->read.db, view->read.arena, &row);
    if (!err)
        api_view_tag_body(view);
    return err;
}

http_result read_financing(http_request *request)
{
    return api_serve(request, build_financing);
}
