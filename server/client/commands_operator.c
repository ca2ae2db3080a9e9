/* What the operator does from time to time: the sweep, the policy. */
#include "server/client/act.h"
#include "server/client/commands.h"
#include "server/client/http.h"
#include "server/client/output.h"

client_exit command_sweep(client *c)
{
    client_answer answer = {0};
    client_exit code = client_act_run(c, "/v1/sweeps", json_object(), &answer);
    if (code != CLIENT_OK)
        return code;
    if (c->json)
        client_print_json(answer.body);
    else
        client_say(c, STYLE_PLAIN, "swept: %lld lapsed, %lld aged, %lld failed",
                   (long long)json_integer_value(json_object_get(answer.body, "lapsed")),
                   (long long)json_integer_value(json_object_get(answer.body, "aged")),
                   (long long)json_integer_value(json_object_get(answer.body, "failed")));
    client_answer_clear(&answer);
    return CLIENT_OK;
}

/* The file is the fields, the wrapper that `policy show --json` prints, or the command's payload. */
static client_exit policy_read(client *c, json_t **fields, int64_t *base_version)
{
    enum { POLICY_MAX = 1 << 20 };
    const char *path = c->args.operands[0];
    static const char *const stamps[] = {"version", "set_at",
                                         "seq"}; /* of the registry's answer, not fields */
    lg_bytes text;
    json_t *file = NULL;
    client_exit code = client_file_read(c, c->arena, path, POLICY_MAX, &text);
    if (code != CLIENT_OK)
        return code;
    if (lg_json_load(text, &file, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_LOCAL, path);
    json_t *inner = json_object_get(file, "policy");
    const json_t *version = json_object_get(file, "base_version");
    *fields = json_incref(json_is_object(inner) ? inner : file);
    if (!version)
        version = json_object_get(*fields, "version");
    if (json_is_integer(version) && *base_version < 0)
        *base_version = json_integer_value(version);
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++)
        json_object_del(*fields, stamps[i]);
    json_decref(file);
    return CLIENT_OK;
}

client_exit command_policy_set(client *c)
{
    json_t *fields = NULL, *present = NULL;
    int64_t base_version = -1;
    client_exit code = client_option_number(c, "base-version", 1, INT64_C(1) << 53, &base_version);
    if (code == CLIENT_OK)
        code = policy_read(c, &fields, &base_version);
    if (code == CLIENT_OK && base_version < 0)
        code = client_get_json(c, c->arena, "/v1/policy", &present);
    if (present)
        base_version = json_integer_value(json_object_get(json_object_get(present, "policy"), "version"));
    json_decref(present);
    if (code != CLIENT_OK) {
        json_decref(fields);
        return code;
    }
    json_t *payload = json_object();
    json_object_set_new(payload, "base_version", json_integer(base_version));
    json_object_set_new(payload, "policy", fields);
    return client_act_run(c, "/v1/policy", payload, NULL);
}
