/* Claims one is party to. */
#include "server/api/serve.h"

static lg_err query_claims(api_view *view, lg_claim_filter *filter)
{
    static const char *const parts[] = {"any", "creditor", "debtor", "holder", NULL}; /* as lg_party_part */
    static const char *const orders[] = {"desc", "asc", NULL};
    static const char *const lives[] = {"confirmed", NULL};
    int part = LG_PART_ANY, ascending = 0, life = -1;
    http_request *request = view->request;
    *filter = (lg_claim_filter){.party = view->read.caller.no, .due_from = INT32_MIN, .due_to = INT32_MAX};
    api_query_choice(request, "part", parts, &part);
    api_query_choice(request, "life", lives, &life);
    api_query_choice(request, "order", orders, &ascending);
    api_query_currency(request, "currency", &filter->currency);
    api_query_day(request, "due_from", &filter->due_from);
    api_query_day(request, "due_to", &filter->due_to);
    api_query_page(request, &filter->limit, &filter->after_no);
    lg_err err = api_query_participant(view, "creditor", &filter->creditor);
    if (err == LG_OK)
        err = api_query_participant(view, "debtor", &filter->debtor);
    filter->part = (lg_party_part)part;
    filter->ascending = ascending != 0;
    filter->life = life >= 0 ? lives[life] : NULL;
    return err == LG_OK ? api_query_end(request) : err;
}

static lg_err build_claims(api_view *view)
{
    lg_claim_filter filter;
    lg_claim *rows;
    size_t count;
    lg_err err = query_claims(view, &filter);
    if (err == LG_OK)
        err = lg_claim_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err != LG_OK)
        return err;
    size_t shown = api_list_shown(count, filter.limit);
    api_list_open(view);
    for (size_t i = 0; err == LG_OK && i < shown; i++)
        err = json_claim(&view->body, view->read.db, view->read.arena, &rows[i]);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_claims(http_request *request)
{
    return api_serve(request, build_claims);
}

/* The claim of the path, if the caller may see it. */
static lg_err find(api_view *view, lg_claim *out)
{
    lg_claim_id id;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_claim_by_id(view->read.db, id, view->read.arena, out);
    if (err == LG_OK && !lg_claim_visible(out, view->read.caller.no))
        return LG_NOT_FOUND;
    return err;
}

static lg_err build_claim(api_view *view)
{
    lg_claim row;
    lg_err err = find(view, &row);
    if (err == LG_OK &&
        !api_view_is_known(view, lg_arena_printf(view->read.arena, "claim-%lld", (long long)row.last_seq)))
        err = json_claim(&view->body, view->read.db, view->read.arena, &row);
    return err;
}

http_result read_claim(http_request *request)
{
    return api_serve(request, build_claim);
}

static lg_err build_history(api_view *view)
{
    lg_claim row;
    lg_err err = find(view, &row);
    return err == LG_OK ? api_history(view, row.no.v, row.receivable.v) : err;
}

http_result read_claim_history(http_request *request)
{
    return api_serve(request, build_history);
}
