/* Four eyes: what one token said and a second one must say too. */
#include "server/client/act.h"
#include "server/client/commands.h"
#include "server/client/describe.h"
#include "server/client/http.h"
#include "server/client/post.h"

#include <string.h>

const client_post client_posts_approval[] = {
    {"participant four-eyes",
     "/v1/participants/%/four_eyes",
     {{"currency", "currency", POST_TEXT, POST_MUST}, {"above", "above", POST_OR_NONE, POST_MUST}}},
    {"approval give", "/v1/approvals/%", {{"note", "note", POST_TEXT, POST_MAY}}},
    {"approval withdraw", "/v1/approvals/%/withdraw", {{"note", "note", POST_TEXT, POST_MAY}}},
    {0},
};

/* The setting is changed under one's own id. */
static client_exit setting_path(client *c, const char **out)
{
    json_t *me = NULL;
    client_exit code = client_get_json(c, c->arena, "/v1/me", &me);
    if (code != CLIENT_OK)
        return code;
    const char *id = client_field(c->arena, me, "participant.id");
    *out = lg_arena_printf(c->arena, "%s/four_eyes", client_path(c, "/v1/participants/", id ? id : ""));
    json_decref(me);
    return CLIENT_OK;
}

/* The second half says what the first said, and names it, so that it cannot become a first one. */
static client_exit second_half(client *c, const json_t *approval, const char **path, json_t *payload)
{
    const char *kind = client_field(c->arena, approval, "kind");
    const char *receivable = client_field(c->arena, approval, "receivable");
    if (kind && strcmp(kind, "four_eyes") == 0) {
        json_object_set(payload, "currency", json_object_get(approval, "currency"));
        json_object_set(payload, "above", json_object_get(approval, "amount"));
        return setting_path(c, path);
    }
    bool confirm = kind && strcmp(kind, "confirm") == 0;
    if (!receivable || (!confirm && (!kind || strcmp(kind, "accept") != 0)))
        return client_fail(c, CLIENT_UNREACHABLE,
                           "The approval is of a kind that this program does not know.");
    json_object_set(payload, "approval", json_object_get(approval, "id"));
    if (confirm)
        json_object_set(payload, "amount", json_object_get(approval, "amount"));
    *path = lg_arena_printf(c->arena, "%s/%s", client_path(c, "/v1/receivables/", receivable), kind);
    return CLIENT_OK;
}

client_exit command_approval_give(client *c)
{
    const char *path;
    json_t *payload, *approval = NULL;
    client_exit code = client_post_compose(c, &path, &payload);
    if (code != CLIENT_OK)
        return code;
    code = client_get_json(c, c->arena, path, &approval);
    if (code == CLIENT_OK)
        code = second_half(c, approval, &path, payload);
    json_decref(approval);
    if (code == CLIENT_OK)
        return client_act_run(c, path, payload, NULL);
    json_decref(payload);
    return code;
}
