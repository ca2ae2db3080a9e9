/* Webhooks: where the registry tells a participant's own systems what happened. */
#include "server/client/act.h"
#include "server/client/commands.h"
#include "server/client/describe.h"
#include "server/client/http.h"
#include "server/client/post.h"

const client_post client_posts_webhook[] = {
    {"webhook add",
     "/v1/webhooks",
     {{"url", NULL, POST_TEXT, POST_MUST},
      {"events", "events", POST_WORDS, POST_MAY},
      {"description", "description", POST_TEXT, POST_MAY}}},
    {"webhook rotate", "/v1/webhooks/%/rotate", {{0}}},
    {"webhook replay",
     "/v1/webhooks/%/replay",
     {{"seq", "seq", POST_COUNT, POST_MAY}, {"from_seq", "from", POST_COUNT, POST_MAY}}},
    {"webhook remove", "/v1/webhooks/%/remove", {{0}}},
    {0},
};

static void queued_print(client *c, const json_t *queued)
{
    const long long count = json_integer_value(queued);
    if (count == 1)
        client_say(c, STYLE_PLAIN, "1 message will be sent again");
    else
        client_say(c, STYLE_PLAIN, "%lld messages will be sent again", count);
}

client_exit command_webhook_replay(client *c)
{
    const char *path;
    json_t *payload;
    client_answer answer = {0};
    if (client_option_given(c, "seq") == client_option_given(c, "from"))
        return client_fail(c, CLIENT_USAGE, "webhook replay needs either --seq or --from.");
    client_exit code = client_post_compose(c, &path, &payload);
    if (code == CLIENT_OK)
        code = client_act_run(c, path, payload, &answer);
    if (code == CLIENT_OK && c->json)
        client_print_json(answer.body);
    else if (code == CLIENT_OK)
        queued_print(c, json_object_get(answer.body, "queued"));
    client_answer_clear(&answer);
    return code;
}

/* What the receiver verifies deliveries with. */
client_exit command_webhook_secret(client *c)
{
    json_t *answer = NULL;
    const char *path =
        lg_arena_printf(c->arena, "%s/secret", client_path(c, "/v1/webhooks/", c->args.operands[0]));
    client_exit code = client_get_json(c, c->arena, path, &answer);
    if (code == CLIENT_OK && c->json)
        client_print_json(answer);
    else if (code == CLIENT_OK)
        client_print_members(c, answer, 0);
    json_decref(answer);
    return code;
}
