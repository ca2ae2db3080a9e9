/* Who takes part, who the caller is, its tokens, and the policy in force. */
#include "server/api/serve.h"

static bool is_operator(const lg_participant *caller)
{
    return lg_has_role(caller->roles, LG_ROLE_OPERATOR);
}

/* Credit lines and the stop list concern the operator and the participant itself. */
static bool sees_private(const lg_participant *caller, const lg_participant *row)
{
    return caller->no.v == row->no.v || is_operator(caller);
}

static lg_err put_participant(api_view *view, const lg_participant *row)
{
    return json_participant(&view->body, view->read.db, view->read.arena, row,
                            sees_private(&view->read.caller, row));
}

static lg_err build_me(api_view *view)
{
    const lg_token *token = &view->read.token;
    lg_json_open(&view->body);
    lg_json_key(&view->body, "participant");
    lg_err err = put_participant(view, &view->read.caller);
    lg_json_key(&view->body, "token");
    lg_json_open(&view->body);
    lg_json_put_str(&view->body, "id", lg_uuid_format(token->id.uuid).s);
    json_put_scopes(&view->body, token->scopes);
    json_put_time(&view->body, "expires_at", token->expires_at);
    if (err == LG_OK)
        err = json_put_limits(&view->body, view->read.db, view->read.arena, token);
    lg_json_close(&view->body);
    lg_json_close(&view->body);
    return err;
}

http_result read_me(http_request *request)
{
    return api_serve(request, build_me);
}

static lg_err query_participants(api_view *view, lg_participant_filter *filter)
{
    static const char *const statuses[] = {"active", "suspended", NULL};
    const char *roles[LG_ROLE_COUNT + 1] = {NULL};
    for (int role = 0; role < LG_ROLE_COUNT; role++)
        roles[role] = lg_role_name((lg_role)role);
    *filter = (lg_participant_filter){.role = -1, .suspended = -1, .name = http_query(view->request, "name")};
    api_query_choice(view->request, "role", roles, &filter->role);
    api_query_choice(view->request, "status", statuses, &filter->suspended);
    api_query_page(view->request, &filter->limit, &filter->after_no);
    return api_query_end(view->request);
}

static lg_err build_participants(api_view *view)
{
    lg_participant_filter filter;
    lg_participant *rows;
    size_t count;
    lg_err err = query_participants(view, &filter);
    if (err == LG_OK)
        err = lg_participant_list(view->read.db, &filter, view->read.arena, &rows, &count);
    if (err != LG_OK)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; err == LG_OK && api_list_takes(view, shown, count, filter.limit); shown++)
        err = put_participant(view, &rows[shown]);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_participants(http_request *request)
{
    return api_serve(request, build_participants);
}

static lg_err build_participant(api_view *view)
{
    lg_participant_id id;
    lg_participant row;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_participant_by_id(view->read.db, id, view->read.arena, &row);
    if (err == LG_OK)
        err = put_participant(view, &row);
    /* What is used of a credit line changes with every receivable. */
    if (err == LG_OK)
        api_view_tag_body(view);
    return err;
}

http_result read_participant(http_request *request)
{
    return api_serve(request, build_participant);
}

/* The caller's own; only the operator may ask for another's. */
static lg_err query_tokens(api_view *view, lg_participant_no *owner, size_t *limit, int64_t *after_no)
{
    const lg_participant *caller = &view->read.caller;
    *owner = caller->no;
    lg_err err = api_query_participant(view, "participant", owner);
    if (owner->v != caller->no.v && !is_operator(caller))
        owner->v = -1;
    api_query_page(view->request, limit, after_no);
    return err == LG_OK ? api_query_end(view->request) : err;
}

static lg_err build_tokens(api_view *view)
{
    lg_participant_no owner;
    lg_token *rows;
    size_t limit, count, shown = 0;
    int64_t after_no, last_no = 0;
    lg_err err = query_tokens(view, &owner, &limit, &after_no);
    if (err == LG_OK)
        err = lg_token_list(view->read.db, owner, view->read.arena, &rows, &count);
    if (err != LG_OK)
        return err;
    api_list_open(view);
    /* A participant has few tokens: the page is cut out here. They come in the order of their numbers. */
    for (size_t i = 0; err == LG_OK && i < count; i++) {
        if (rows[i].token_no <= after_no)
            continue;
        if (shown == limit - 1) {
            api_list_close(view, last_no);
            return LG_OK;
        }
        err = json_token(&view->body, view->read.db, view->read.arena, &rows[i]);
        last_no = rows[i].token_no;
        shown++;
    }
    api_list_close(view, 0);
    return err;
}

http_result read_tokens(http_request *request)
{
    return api_serve(request, build_tokens);
}

/* The newest policy, or where the route has a {version}, that one. */
static lg_err build_policy(api_view *view)
{
    lg_policy_row row;
    int64_t version = 0;
    if (http_route_of(view->request)->arg &&
        (!api_number_parse(http_param(view->request, "version"), &version) || version == 0))
        return LG_NOT_FOUND;
    lg_err err = lg_policy_get(view->read.db, version, view->read.arena, &row);
    if (err != LG_OK)
        return err;
    /* A version never changes. */
    if (!api_view_is_known(view, lg_arena_printf(view->read.arena, "policy-%lld", (long long)row.version)))
        json_policy(&view->body, &row);
    return LG_OK;
}

http_result read_policy(http_request *request)
{
    return api_serve(request, build_policy);
}
