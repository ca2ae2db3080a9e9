/* Showing claims to others, and asking about claims that are not shown. */
#include "server/client/act.h"
#include "server/client/describe.h"
#include "server/client/post.h"

#include "ledger/base/uuid.h"

#include <string.h>

const client_post client_posts_grant[] = {
    {"grant make",
     "/v1/grants",
     {{"claim", NULL, POST_TEXT, POST_MUST},
      {"participant", NULL, POST_TEXT, POST_MUST},
      {"fields", "fields", POST_WORDS, POST_MAY},
      {"valid_until", "valid-until", POST_TEXT, POST_MAY},
      {"note", "note", POST_TEXT, POST_MAY}}},
    {"grant revoke", "/v1/grants/%/revoke", {{0}}},
    {"check",
     "/v1/checks",
     {{"number", NULL, POST_TEXT, POST_MUST},
      {"seller", "seller", POST_OWN, POST_MUST},
      {"buyer", "debtor", POST_OWN, POST_MUST},
      {"issue_date", "issue-date", POST_TEXT, POST_MUST},
      {"currency", "currency", POST_TEXT, POST_MUST},
      {"gross_amount", "amount", POST_AMOUNT, POST_MUST}}},
    {0},
};

/* A participant's id, or identifiers: "uscc=9132…,lei=…". */
static client_exit party_add(client *c, json_t *payload, const char *member, const char *option)
{
    const char *text = client_option_value(c, option);
    lg_uuid id;
    if (!text)
        return CLIENT_OK; /* client_act_run names all that is missing */
    json_t *party = json_object(), *identifiers = json_object();
    json_object_set_new(payload, member, party);
    if (lg_uuid_parse(text, &id)) {
        json_decref(identifiers);
        json_object_set_new(party, "participant", json_string(text));
        return CLIENT_OK;
    }
    json_object_set_new(party, "identifiers", identifiers);
    while (*text) {
        size_t len = strcspn(text, ","), name_len = strcspn(text, "=");
        if (name_len == 0 || name_len + 1 >= len)
            return client_fail(c, CLIENT_USAGE,
                               "--%s must be a participant's id or identifiers like uscc=91320594MA1WJ4QX8P.",
                               option);
        char *name = lg_arena_strndup(c->arena, text, name_len);
        for (char *p = name; *p; p++)
            *p = *p == '-' ? '_' : *p;
        json_object_set_new(identifiers, name, json_stringn(text + name_len + 1, len - name_len - 1));
        text += len;
        text += *text == ',' ? 1 : 0;
    }
    return CLIENT_OK;
}

client_exit command_check(client *c)
{
    const char *path;
    json_t *payload;
    client_exit code = client_post_compose(c, &path, &payload);
    if (code != CLIENT_OK)
        return code;
    code = party_add(c, payload, "seller", "seller");
    if (code == CLIENT_OK)
        code = party_add(c, payload, "buyer", "debtor");
    if (code == CLIENT_OK)
        return client_act_run(c, path, payload, NULL);
    json_decref(payload);
    return code;
}
