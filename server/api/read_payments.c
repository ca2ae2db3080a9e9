/* Payments one has a part in, and proposals that need one's signature. */
#include "server/api/serve.h"

/* ---- payments ---- */

/* Any claim of a root stands for the root, as in a payment. One that nobody has heard of was never paid: the
 * list is empty. */
static lg_err query_claim(api_view *view, lg_payment_filter *filter)
{
    lg_claim_id id;
    lg_claim claim;
    const char *text = http_query(view->request, "claim");
    if (!text)
        return LG_OK;
    if (!lg_uuid_parse(text, &id.uuid)) {
        api_query_refuse(view->request, "claim", "not_an_id", "claim must be the id of a claim.");
        return LG_OK;
    }
    lg_err err = lg_claim_by_id(view->read.db, id, view->read.arena, &claim);
    filter->root.v = err ? -1 : claim.root.v;
    return err == LG_NOT_FOUND ? LG_OK : err;
}

static lg_err build_payments(api_view *view)
{
    lg_payment_filter filter = {.viewer = view->read.caller.no};
    lg_payment *rows;
    size_t count;
    api_query_page(view->request, &filter.limit, &filter.before_no);
    lg_err err = query_claim(view, &filter);
    if (!err)
        err = api_query_end(view->request);
    if (!err)
        err = lg_payment_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; !err && api_list_takes(view, shown, count, filter.limit); shown++)
        err = json_payment(&view->body, view->read.db, view->read.arena, &rows[shown], filter.viewer);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_payments(http_request *request)
{
    return api_serve(request, build_payments);
}

static lg_err build_payment(api_view *view)
{
    lg_payment_id id;
    lg_payment row;
    bool visible = false;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_payment_by_id(view->read.db, id, view->read.arena, &row);
    if (!err)
        err = lg_payment_visible(view->read.db, &row, view->read.caller.no, &visible);
    if (!err && !visible)
        err = LG_NOT_FOUND;
    if (!err &&
        !api_view_is_known(view, lg_arena_printf(view->read.arena, "payment-%lld", (long long)row.last_seq)))
        err = json_payment(&view->body, view->read.db, view->read.arena, &row, view->read.caller.no);
    return err;
}

http_result read_payment(http_request *request)
{
    return api_serve(request, build_payment);
}

/* ---- proposals ---- */

static lg_err build_proposals(api_view *view)
{
    static const char *const statuses[] = {"open", "effective", "declined", "expired",
                                           NULL}; /* lg_proposal_status */
    lg_proposal_filter filter = {.signer = view->read.caller.no, .status = -1, .now = lg_now()};
    lg_proposal *rows;
    size_t count;
    api_query_choice(view->request, "status", statuses, &filter.status);
    api_query_page(view->request, &filter.limit, &filter.before_no);
    lg_err err = api_query_end(view->request);
    if (!err)
        err = lg_proposal_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; !err && api_list_takes(view, shown, count, filter.limit); shown++)
        err = json_proposal(&view->body, view->read.db, view->read.arena, &rows[shown], filter.now);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_proposals(http_request *request)
{
    return api_serve(request, build_proposals);
}

static lg_err build_proposal(api_view *view)
{
    lg_proposal_id id;
    lg_proposal row;
    lg_proposal_signers signers;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_proposal_by_id(view->read.db, id, view->read.arena, &row);
    if (!err)
        err = lg_proposal_signers_get(view->read.db, row.no, &signers);
    if (!err && !lg_proposal_signer_find(&signers, view->read.caller.no))
        err = LG_NOT_FOUND;
    if (!err)
        err = json_proposal(&view->body, view->read.db, view->read.arena, &row, lg_now());
    if (!err)
        api_view_tag_body(view); /* it expires without an entry */
    return err;
}

http_result read_proposal(http_request *request)
{
    return api_serve(request, build_proposal);
}
