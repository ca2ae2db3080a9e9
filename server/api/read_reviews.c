/* The gateway's reviews: receivables as reviewers see them, whoever is party to them. */
#include "server/api/serve.h"

static bool is_reviewer(const lg_participant *caller)
{
    return lg_has_role(caller->roles, LG_ROLE_REVIEWER) || lg_has_role(caller->roles, LG_ROLE_OPERATOR);
}

static lg_err query_reviews(api_view *view, lg_receivable_filter *filter)
{
    static const char *const truth[] = {"false", "true", NULL}, *const whom[] = {"reviewer", "verifier",
                                                                                 NULL};
    int waits_for = -1;
    const char *outcomes[LG_OUTCOME_COUNT + 1] = {NULL};
    for (int outcome = 0; outcome < LG_OUTCOME_COUNT; outcome++)
        outcomes[outcome] = lg_review_outcome_name((lg_review_outcome)outcome);
    *filter = (lg_receivable_filter){
        .review_queue = true,
        .life = -1,
        .review_outcome = -1,
        .open = -1,
        .due_from = INT32_MIN,
        .due_to = INT32_MAX,
        .amount_max = INT64_MAX,
    };
    api_query_choice(view->request, "outcome", outcomes, &filter->review_outcome);
    api_query_choice(view->request, "open", truth, &filter->open);
    api_query_choice(view->request, "waits_for", whom, &waits_for);
    if (waits_for >= 0 && filter->open != 1)
        api_query_refuse(view->request, "waits_for", "contradiction", "waits_for goes with open=true.");
    else if (waits_for >= 0)
        filter->waits_for = waits_for == 1 ? LG_WAITS_FOR_VERIFIER : LG_WAITS_FOR_REVIEWER;
    api_query_page(view->request, &filter->limit, &filter->after_no);
    return api_query_end(view->request);
}

static lg_err build_reviews(api_view *view)
{
    lg_receivable_filter filter;
    if (!is_reviewer(&view->read.caller))
        return lg_fail(view->report, LG_NOT_PERMITTED,
                       "Only reviewers and the operator read the review queue.");
    lg_err err = query_reviews(view, &filter);
    return err == LG_OK ? api_list_receivables(view, &filter) : err;
}

http_result read_reviews(http_request *request)
{
    return api_serve(request, build_reviews);
}

static lg_err build_review(api_view *view)
{
    lg_receivable_id id;
    lg_receivable row;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_receivable_by_id(view->read.db, id, view->read.arena, &row);
    if (err == LG_OK && row.submitter.v != view->read.caller.no.v && !is_reviewer(&view->read.caller))
        err = LG_NOT_FOUND;
    if (err == LG_OK &&
        !api_view_is_known(view, lg_arena_printf(view->read.arena, "review-%lld", (long long)row.last_seq)))
        err = json_receivable(&view->body, view->read.db, view->read.arena, &row);
    return err;
}

http_result read_review(http_request *request)
{
    return api_serve(request, build_review);
}
