/* Receivables one is party to. */
#include "server/api/serve.h"

static lg_err query_receivables(api_view *view, lg_receivable_filter *filter)
{
    static const char *const parts[] = {"any", "creditor", "debtor", NULL}; /* as lg_party_part */
    static const char *const orders[] = {"desc", "asc", NULL};
    const char *lives[LG_LIFE_COUNT + 1] = {NULL};
    int part = LG_PART_ANY, ascending = 0;
    http_request *request = view->request;
    for (int life = 0; life < LG_LIFE_COUNT; life++)
        lives[life] = lg_receivable_life_name((lg_receivable_life)life);
    *filter = (lg_receivable_filter){
        .party = view->read.caller.no,
        .life = -1,
        .review_outcome = -1,
        .open = -1,
        .number = http_query(request, "number"),
        .due_from = INT32_MIN,
        .due_to = INT32_MAX,
        .amount_max = INT64_MAX,
    };
    api_query_choice(request, "part", parts, &part);
    api_query_choice(request, "life", lives, &filter->life);
    api_query_choice(request, "order", orders, &ascending);
    api_query_currency(request, "currency", &filter->currency);
    api_query_day(request, "due_from", &filter->due_from);
    api_query_day(request, "due_to", &filter->due_to);
    api_query_amount(request, "amount_min", filter->currency, &filter->amount_min);
    api_query_amount(request, "amount_max", filter->currency, &filter->amount_max);
    api_query_page(request, &filter->limit, &filter->after_no);
    lg_err err = api_query_participant(view, "creditor", &filter->creditor);
    if (err == LG_OK)
        err = api_query_participant(view, "debtor", &filter->debtor);
    filter->part = (lg_party_part)part;
    filter->ascending = ascending != 0;
    return err == LG_OK ? api_query_end(request) : err;
}

static lg_err build_receivables(api_view *view)
{
    lg_receivable_filter filter;
    lg_err err = query_receivables(view, &filter);
    return err == LG_OK ? api_list_receivables(view, &filter) : err;
}

http_result read_receivables(http_request *request)
{
    return api_serve(request, build_receivables);
}

/* The receivable of the path, if the caller may see it. */
static lg_err find(api_view *view, lg_receivable *out)
{
    lg_receivable_id id;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_receivable_by_id(view->read.db, id, view->read.arena, out);
    if (err == LG_OK && !lg_receivable_visible(out, view->read.caller.no))
        return LG_NOT_FOUND;
    return err;
}

static lg_err build_receivable(api_view *view)
{
    lg_receivable row;
    lg_err err = find(view, &row);
    if (err == LG_OK && !api_view_is_known(view, lg_arena_printf(view->read.arena, "receivable-%lld",
                                                                 (long long)row.last_seq)))
        err = json_receivable(&view->body, view->read.db, view->read.arena, &row);
    return err;
}

http_result read_receivable(http_request *request)
{
    return api_serve(request, build_receivable);
}

static lg_err build_history(api_view *view)
{
    lg_receivable row;
    lg_err err = find(view, &row);
    return err == LG_OK ? api_history(view, &row.no.v, 1) : err;
}

http_result read_receivable_history(http_request *request)
{
    return api_serve(request, build_history);
}
