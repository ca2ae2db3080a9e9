/* `sign`: the JWS alone, for other programs to send. */
#include "server/client/act.h"

enum { PAYLOAD_MAX = 16 << 20 }; /* bytes */

client_exit command_sign(client *c)
{
    lg_bytes payload, jws;
    json_t *value = NULL;
    const char *path = client_option_value(c, "url");
    const char *submission = client_option_value(c, "submission");
    if (!path || *path != '/')
        return client_fail(
            c, CLIENT_USAGE,
            "sign needs --url PATH: the path that the command is for, such as /v1/receivables.");
    if (submission && lg_json_load(lg_bytes_str(submission), &value, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_USAGE, "--submission");
    json_decref(value);
    client_act act = {.path = path,
                      .cty = client_option_value(c, "cty"),
                      .submission = submission,
                      .jti = client_option_value(c, "jti")};
    client_exit code = client_file_read(c, c->arena, c->args.operands[0], PAYLOAD_MAX, &payload);
    act.payload = payload;
    if (code == CLIENT_OK)
        code = client_act_compose(c, c->arena, &act, &jws);
    if (code != CLIENT_OK)
        return code;
    fwrite(jws.data, 1, jws.len, stdout);
    return CLIENT_OK;
}
