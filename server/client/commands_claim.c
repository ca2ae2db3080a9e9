/* Acts on claims. */
#include "server/client/act.h"
#include "server/client/output.h"
#include "server/client/post.h"

#include <string.h>

const client_post client_posts_claim[] = {
    {"split", "/v1/claims/%/split", {{"note", "note", POST_TEXT, POST_MAY}}},
    {"transfer",
     "/v1/claims/%/transfer",
     {{"recipients", "to", POST_OWN, POST_MUST},
      {"respond_within_days", "respond-within-days", POST_COUNT, POST_MAY},
      {"note", "note", POST_TEXT, POST_MAY}}},
    {"accept-transfer", "/v1/claims/%/accept_transfer", {{0}}},
    {"decline-transfer", "/v1/claims/%/decline_transfer", {{"note", "note", POST_TEXT, POST_MAY}}},
    {"cancel-transfer", "/v1/claims/%/cancel_transfer", {{0}}},
    {"lapse-transfer", "/v1/claims/%/lapse_transfer", {{0}}},
    {"acknowledge", "/v1/claims/%/acknowledge", {{0}}},
    {"dispute",
     "/v1/claims/%/dispute",
     {{"reason", "reason", POST_TEXT, POST_MUST}, {"note", "note", POST_TEXT, POST_MAY}}},
    {"resolve", "/v1/claims/%/resolve", {{"note", "note", POST_TEXT, POST_MUST}}},
    {"freeze",
     "/v1/claims/%/freeze",
     {{"order_reference", "order", POST_TEXT, POST_MUST}, {"note", "note", POST_TEXT, POST_MAY}}},
    {"unfreeze",
     "/v1/claims/%/unfreeze",
     {{"order_reference", "order", POST_TEXT, POST_MUST}, {"note", "note", POST_TEXT, POST_MAY}}},
    {"age", "/v1/claims/%/age", {{0}}},
    {"write-off", "/v1/claims/%/write_off", {{"note", "note", POST_TEXT, POST_MUST}}},
    {0},
};

/* {"amount"} for each operand behind the claim's id. */
static client_exit parts_add(client *c, json_t *payload)
{
    json_t *parts = json_array();
    json_object_set_new(payload, "parts", parts);
    for (int i = 1; i < c->args.operand_count; i++) {
        json_t *amount = client_post_value(c, POST_AMOUNT, LG_TEXT("A part"), c->args.operands[i]);
        if (!amount)
            return CLIENT_USAGE;
        json_t *part = json_object();
        json_object_set_new(part, "amount", amount);
        json_array_append_new(parts, part);
    }
    return CLIENT_OK;
}

/* Each --to PARTICIPANT or PARTICIPANT=AMOUNT. */
static client_exit recipients_add(client *c, json_t *payload)
{
    json_t *recipients = json_array();
    json_object_set_new(payload, "recipients", recipients);
    for (size_t i = 0; i < c->args.option_count; i++) {
        const char *text = c->args.options[i].value;
        if (strcmp(c->args.options[i].name, "to") != 0)
            continue;
        const char *equals = strchr(text, '=');
        json_t *recipient = json_object(),
               *participant = equals ? json_stringn(text, (size_t)(equals - text)) : json_string(text);
        json_object_set_new(recipient, "participant", participant);
        json_array_append_new(recipients, recipient);
        json_t *amount =
            equals ? client_post_value(c, POST_AMOUNT, LG_TEXT("The amount in --to"), equals + 1) : NULL;
        if (equals && !amount)
            return CLIENT_USAGE;
        if (amount)
            json_object_set_new(recipient, "amount", amount);
    }
    return CLIENT_OK;
}

static client_exit post_with(client *c, client_exit (*add)(client *c, json_t *payload))
{
    const char *path;
    json_t *payload;
    client_exit code = client_post_compose(c, &path, &payload);
    if (code == CLIENT_OK)
        code = add(c, payload);
    if (code == CLIENT_OK)
        return client_act_run(c, path, payload, NULL);
    json_decref(payload);
    return code;
}

client_exit command_split(client *c)
{
    return post_with(c, parts_add);
}

client_exit command_transfer(client *c)
{
    return post_with(c, recipients_add);
}
