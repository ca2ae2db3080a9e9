/* Payments, and what both sides must sign: credit notes and voiding. */
#include "server/client/act.h"
#include "server/client/post.h"

#include <string.h>

const client_post client_posts_payment[] = {
    {"pay",
     "/v1/payments",
     {{"claim", NULL, POST_TEXT, POST_MUST},
      {"amount", NULL, POST_AMOUNT, POST_MUST},
      {"bank_reference", "reference", POST_TEXT, POST_MUST},
      {"paid_on", "paid-on", POST_TEXT, POST_MAY}}},
    {"reverse", "/v1/payments/%/reverse", {{"reason", "reason", POST_TEXT, POST_MUST}}},
    {"credit-note",
     "/v1/proposals",
     {{"claim", NULL, POST_TEXT, POST_MUST},
      {"amount", NULL, POST_AMOUNT, POST_MUST},
      {"reference", "reference", POST_TEXT, POST_MAY},
      {"note", "note", POST_TEXT, POST_MAY}}},
    {"void",
     "/v1/proposals",
     {{"claim", NULL, POST_TEXT, POST_MUST},
      {"reference", "reference", POST_TEXT, POST_MAY},
      {"note", "note", POST_TEXT, POST_MAY}}},
    {"proposal accept", "/v1/proposals/%/accept", {{0}}},
    {"proposal decline", "/v1/proposals/%/decline", {{0}}},
    {0},
};

/* credit-note and void: the subcommand's name is the kind. */
client_exit command_propose(client *c)
{
    const char *path;
    json_t *payload;
    client_exit code = client_post_compose(c, &path, &payload);
    if (code != CLIENT_OK)
        return code;
    json_object_set_new(payload, "kind",
                        json_string(strcmp(c->command->name, "void") == 0 ? "void" : "credit_note"));
    return client_act_run(c, path, payload, NULL);
}
