/* Participants, their keys and their tokens. */
#include "ledger/base/calendar.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "server/client/act.h"
#include "server/client/commands.h"
#include "server/client/http.h"
#include "server/client/output.h"
#include "server/client/post.h"

#include <string.h>

const client_post client_posts_participant[] = {
    {"participant add", "/v1/participants", {{"roles", "role", POST_OWN, POST_MUST}}},
    {"participant suspend", "/v1/participants/%/suspend", {{"reason", "reason", POST_TEXT, POST_MAY}}},
    {"participant activate", "/v1/participants/%/activate", {{"reason", "reason", POST_TEXT, POST_MAY}}},
    {"participant stop", "/v1/participants/%/stop", {{"reason", "reason", POST_TEXT, POST_MAY}}},
    {"participant clear", "/v1/participants/%/clear", {{"reason", "reason", POST_TEXT, POST_MAY}}},
    {"participant credit-line",
     "/v1/participants/%/credit_line",
     {{"currency", "currency", POST_TEXT, POST_MUST}, {"limit", "limit", POST_OR_NONE, POST_MUST}}},
    {"participant rating",
     "/v1/participants/%/rating",
     {{"rating", NULL, POST_OR_NONE, POST_MUST}, {"agency", "agency", POST_TEXT, POST_MAY}}},
    {"participant revoke-key",
     "/v1/participants/%/keys/%/revoke",
     {{"reason", "reason", POST_TEXT, POST_MAY}}},
    {"token revoke", "/v1/tokens/%/revoke", {{0}}},
    {0},
};

void client_member_from_option(const client *c, json_t *object, const char *member, const char *option)
{
    const char *value = client_option_value(c, option);
    if (value)
        json_object_set_new(object, member, json_string(value));
}

const char *client_path(client *c, const char *prefix, const char *id)
{
    return lg_arena_printf(c->arena, "%s%s", prefix, client_url_escape(c->arena, id));
}

static json_t *words_as_list(const char *text)
{
    json_t *list = json_array();
    client_words_add(list, text);
    return list;
}

client_exit command_participant_add(client *c)
{
    static const struct {
        const char *member, *option;
    } identifiers[] = {{"uscc", "uscc"},
                       {"lei", "lei"},
                       {"gln", "gln"},
                       {"tax_id", "tax-id"},
                       {"registration_no", "registration-no"}};
    const char *role = client_option_value(c, "role");
    bool custody = client_option_given(c, "custody");
    bool one_key = custody != client_option_given(c, "public-key");
    if (!role || !one_key)
        return client_fail(c, CLIENT_USAGE,
                           one_key ? LG_TEXT("participant add needs --role.")
                           : role  ? LG_TEXT("participant add needs either --public-key or --custody.")
                                   : LG_TEXT("participant add needs --role, and either --public-key or "
                                              "--custody."));
    json_t *ids = json_object();
    for (size_t i = 0; i < sizeof identifiers / sizeof *identifiers; i++)
        client_member_from_option(c, ids, identifiers[i].member, identifiers[i].option);
    json_t *payload = json_object();
    json_object_set_new(payload, "name", json_string(c->args.operands[0]));
    json_object_set_new(payload, "roles", words_as_list(role));
    json_object_set_new(payload, "identifiers", ids);
    client_member_from_option(c, payload, "country", "country");
    client_member_from_option(c, payload, "group", "group");
    client_member_from_option(c, payload, "public_key", "public-key");
    if (custody)
        json_object_set_new(payload, "custody", json_true());
    return client_act_run(c, "/v1/participants", payload, NULL);
}

client_exit command_participant_add_key(client *c)
{
    bool custody = client_option_given(c, "custody");
    if (custody == client_option_given(c, "public-key"))
        return client_fail(c, CLIENT_USAGE, "participant add-key needs either --public-key or --custody.");
    json_t *payload = json_object();
    client_member_from_option(c, payload, "public_key", "public-key");
    if (custody)
        json_object_set_new(payload, "custody", json_true());
    client_member_from_option(c, payload, "valid_from", "valid-from");
    client_member_from_option(c, payload, "valid_until", "valid-until");
    return client_act_run(
        c, lg_arena_printf(c->arena, "%s/keys", client_path(c, "/v1/participants/", c->args.operands[0])),
        payload, NULL);
}

/* "ts_" and 32 random bytes; its hash is all that leaves this machine. */
static char *token_make(lg_arena *arena, char hash_hex[2 * LG_HASH_LEN + 1])
{
    uint8_t random[32];
    lg_random(random, sizeof random);
    char *token =
        lg_arena_printf(arena, "ts_%s", lg_base64url_encode(arena, lg_bytes_of(random, sizeof random)));
    lg_hash hash = lg_sha256(lg_bytes_str(token));
    lg_hex_write(hash_hex, hash.b, sizeof hash.b);
    lg_wipe(random, sizeof random);
    return token;
}

/* --participant, or whoever the token in use belongs to. */
static client_exit token_owner(client *c, const char **out)
{
    json_t *me = NULL;
    *out = client_option_value(c, "participant");
    if (*out)
        return CLIENT_OK;
    if (!c->config.token)
        return client_fail(c, CLIENT_USAGE,
                           "token create needs --participant ID (the default is the owner of --token).");
    client_exit code = client_get_json(c, c->arena, "/v1/me", &me);
    if (code != CLIENT_OK)
        return code;
    const char *id = json_string_value(json_object_get(json_object_get(me, "participant"), "id"));
    *out = id ? lg_arena_strdup(c->arena, id) : NULL;
    json_decref(me);
    return *out ? CLIENT_OK
                : client_fail(c, CLIENT_UNREACHABLE, "The answer to /v1/me names no participant.");
}

/* --limit CUR=AMOUNT, as often as given. */
static client_exit limits_add(client *c, json_t *payload)
{
    json_t *limits = NULL;
    for (size_t i = 0; i < c->args.option_count; i++) {
        if (strcmp(c->args.options[i].name, "limit") != 0)
            continue;
        const char *text = c->args.options[i].value, *equals = strchr(text, '=');
        if (!equals || equals == text)
            return client_fail(c, CLIENT_USAGE, "--limit must be like CNY=500000.00, not \"%s\".", text);
        if (!limits)
            json_object_set_new(payload, "amount_limits", limits = json_object());
        json_object_set_new(limits, lg_arena_strndup(c->arena, text, (size_t)(equals - text)),
                            json_string(equals + 1));
    }
    return CLIENT_OK;
}

client_exit command_token_create(client *c)
{
    int64_t days = 90;
    const char *owner, *scopes = client_option_value(c, "scope");
    char hash[2 * LG_HASH_LEN + 1];
    client_answer answer = {0};
    client_exit code = client_option_number(c, "days", 1, 3660, &days);
    if (code == CLIENT_OK)
        code = token_owner(c, &owner);
    if (code != CLIENT_OK)
        return code;
    char *token = token_make(c->arena, hash);
    json_t *payload = json_object();
    json_object_set_new(payload, "participant", json_string(owner));
    json_object_set_new(payload, "token_sha256", json_string(hash));
    json_object_set_new(payload, "scopes", words_as_list(scopes ? scopes : "read"));
    json_object_set_new(payload, "expires_at",
                        json_string(lg_time_format(lg_now() + days * LG_TIME_PER_DAY).s));
    client_member_from_option(c, payload, "label", "label");
    code = limits_add(c, payload);
    if (code != CLIENT_OK) {
        json_decref(payload);
        return code;
    }
    code = client_act_run(c, "/v1/tokens", payload, &answer);
    if (code != CLIENT_OK)
        return code;
    if (c->json) {
        json_object_set_new(answer.body, "token_text", json_string(token));
        client_print_json(answer.body);
    } else {
        client_print_outcome(c, answer.body);
        printf("%s%s%s\n", client_style_on(c->colour, STYLE_BOLD), token, client_style_off(c->colour));
        client_say(c, STYLE_DIM,
                   "  Keep it now: it is printed only once, and the registry has only its hash.");
    }
    client_answer_clear(&answer);
    return CLIENT_OK;
}
