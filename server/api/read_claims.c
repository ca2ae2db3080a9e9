/* One claim: itself, its history, and the family it belongs to. */
#include "server/api/serve.h"

lg_err api_claim_see(const api_read *read, const lg_claim *row, lg_claim_sight *out)
{
    bool is_lender = lg_has_role(read->caller.roles, LG_ROLE_LENDER);
    return lg_claim_see(read->db, row, read->caller.no, is_lender, lg_now(), out);
}

lg_err api_claim_find(api_view *view, lg_claim *out, lg_claim_sight *sight)
{
    lg_claim_id id;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_claim_by_id(view->read.db, id, view->read.arena, out);
    if (err == LG_OK)
        err = api_claim_see(&view->read, out, sight);
    return err == LG_OK && sight->access == LG_ACCESS_NONE ? LG_NOT_FOUND : err;
}

static lg_err build_claim(api_view *view)
{
    lg_claim row;
    lg_claim_sight sight;
    lg_err err = api_claim_find(view, &row, &sight);
    if (err == LG_OK)
        err = json_claim(&view->body, view->read.db, view->read.arena, &row, view->read.caller.no, &sight);
    /* What is shown depends on who asks, on grants, and on the debtor's standing. */
    if (err == LG_OK)
        api_view_tag_body(view);
    return err;
}

http_result read_claim(http_request *request)
{
    return api_serve(request, build_claim);
}

/* ---- history ---- */

static lg_err build_history(api_view *view)
{
    lg_claim row;
    lg_claim_sight sight;
    int64_t *subjects;
    size_t count;
    lg_err err = api_claim_find(view, &row, &sight);
    if (err == LG_OK)
        err = lg_claim_line(view->read.db, &row, view->read.arena, &subjects, &count);
    return err == LG_OK ? api_history(view, subjects, count) : err;
}

http_result read_claim_history(http_request *request)
{
    return api_serve(request, build_history);
}

/* ---- lineage ---- */

/* Of a claim that the caller sees whole, also who holds it and what it is worth; of others the shape of the
 * tree alone. */
static lg_err put_member(api_view *view, const lg_claim *row, const char *parent)
{
    lg_claim_sight sight;
    lg_participant_id holder;
    lg_buf *buf = &view->body;
    lg_err err = api_claim_see(&view->read, row, &sight);
    if (err == LG_OK)
        err = json_related(lg_participant_id_of(view->read.db, row->holder, &holder));
    if (err != LG_OK)
        return err;
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_put_str(buf, "parent", parent);
    lg_json_put_int(buf, "hop", row->hop);
    lg_json_put_str(buf, "life", lg_claim_life_name(row->life));
    if (sight.access == LG_ACCESS_FULL) {
        lg_json_put_str(buf, "holder", lg_uuid_format(holder.uuid).s);
        json_put_amount(buf, "face_amount", row->face_minor, row->currency);
        json_put_amount(buf, "outstanding_amount", row->outstanding_minor, row->currency);
    }
    lg_json_close(buf);
    return LG_OK;
}

/* *no and *id: of the parent that was named last, which most often is the next one's too. */
static lg_err name_parent(lg_db *db, lg_claim_no parent, lg_claim_no *no, lg_claim_id *id)
{
    if (parent.v == no->v)
        return LG_OK;
    *no = parent;
    return json_related(lg_claim_id_of(db, parent, id));
}

static lg_err put_family(api_view *view, const lg_claim *rows, size_t count, size_t limit)
{
    lg_claim_no parent = {0};
    lg_claim_id parent_id = {0};
    size_t shown = 0;
    lg_err err = LG_OK;
    lg_json_key(&view->body, "items");
    lg_json_list(&view->body);
    for (; err == LG_OK && api_list_takes(view, shown, count, limit); shown++) {
        const lg_claim *row = &rows[shown];
        if (row->parent.v)
            err = name_parent(view->read.db, row->parent, &parent, &parent_id);
        if (err == LG_OK)
            err = put_member(view, row, row->parent.v ? lg_uuid_format(parent_id.uuid).s : NULL);
    }
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

static lg_err build_lineage(api_view *view)
{
    lg_claim row, *family;
    lg_claim_sight sight;
    lg_claim_no after;
    lg_claim_id root;
    size_t limit, count;
    lg_err err = api_claim_find(view, &row, &sight);
    if (err == LG_OK && !api_claim_shows(&sight, LG_FIELD_LINEAGE))
        err = LG_NOT_FOUND;
    api_query_family_page(view->request, &limit, &after.v);
    if (err == LG_OK)
        err = api_query_end(view->request);
    if (err == LG_OK)
        err = json_related(lg_claim_id_of(view->read.db, row.root, &root));
    if (err == LG_OK)
        err = lg_claim_family_page(view->read.db, row.root, after, limit, view->read.arena, &family, &count);
    if (err != LG_OK)
        return err;
    lg_json_open(&view->body);
    json_put_id(&view->body, "root", root.uuid);
    err = put_family(view, family, count, limit);
    if (err == LG_OK)
        api_view_tag_body(view);
    return err;
}

http_result read_claim_lineage(http_request *request)
{
    return api_serve(request, build_lineage);
}
