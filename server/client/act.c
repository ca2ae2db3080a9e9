#include "server/client/act.h"

#include "ledger/base/calendar.h"
#include "ledger/registry/jws.h"
#include "server/client/http.h"

#include <string.h>

void client_answer_clear(client_answer *answer)
{
    json_decref(answer->body);
    *answer = (client_answer){0};
}

client_exit client_origin(client *c, const char **out)
{
    if (!c->config.origin && c->config.vkey) {
        lg_verifier verifier;
        if (lg_vkey_parse(c->arena, c->config.vkey, &verifier, &c->report) != LG_OK)
            return client_fail_report(c, CLIENT_USAGE, client_text(c, "The verifier key cannot be read"));
        c->config.origin = verifier.name;
    }
    if (!c->config.origin) {
        client_request request = {.path = "/checkpoint", .max = LG_NOTE_MAX};
        client_response response;
        client_exit code = client_http_send(c, c->arena, &request, &response);
        if (code != CLIENT_OK)
            return code;
        if (response.status != 200)
            return client_refused(c, &response);
        const char *end = memchr(response.body.data, '\n', response.body.len);
        const char *name = end ? lg_arena_strndup(c->arena, response.body.data,
                                                  (size_t)(end - (const char *)response.body.data))
                               : "";
        if (!lg_key_name_is_valid(name))
            return client_fail(c, CLIENT_UNREACHABLE, "What answers at /checkpoint is no ledger.");
        c->config.origin = name;
    }
    *out = c->config.origin;
    return CLIENT_OK;
}

client_exit client_key_open(client *c, const char *path, lg_signing_key **out)
{
    if (!path)
        path = c->config.key;
    if (!path) {
        c->hint =
            client_text(c, "Name a key file with --key, TALLYSTICK_KEY, or `key = …` in the "
                           "configuration file; `tallystick keygen` makes one. Where the registry keeps "
                           "your key, a token is enough: --token or TALLYSTICK_TOKEN.");
        return client_fail(c, CLIENT_USAGE, "This command is signed, and no key is named.");
    }
    if (lg_key_file_read(path, out, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_LOCAL, NULL);
    return CLIENT_OK;
}

client_exit client_act_compose(client *c, lg_arena *arena, const client_act *act, lg_bytes *out)
{
    lg_signing_key *key = NULL, *second = NULL;
    lg_jws_header header = {
        .url = act->path, .jti = act->jti, .cty = act->cty, .submission = act->submission};
    client_exit code = client_key_open(c, NULL, &key);
    if (code == CLIENT_OK && c->config.countersign)
        code = client_key_open(c, c->config.countersign, &second);
    if (code == CLIENT_OK)
        code = client_origin(c, &header.aud);
    header.iat = lg_now() / LG_TIME_PER_SECOND;
    if (code == CLIENT_OK)
        *out = lg_bytes_str(second ? lg_jws_compose_two(arena, key, second, &header, act->payload)
                                   : lg_jws_compose(arena, key, &header, act->payload));
    lg_signing_key_close(key);
    lg_signing_key_close(second);
    return code;
}

client_exit client_receipt_terms(client *c, lg_arena *arena, receipt_terms *out)
{
    *out = (receipt_terms){.origin = c->config.origin};
    if (!c->config.vkey)
        return CLIENT_OK;
    lg_verifier *verifier = lg_arena_alloc(arena, sizeof *verifier);
    if (lg_vkey_parse(arena, c->config.vkey, verifier, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_USAGE, client_text(c, "The verifier key cannot be read"));
    out->verifier = verifier;
    return CLIENT_OK;
}

/* The answer's receipt, and those of the rows of a CSV file. */
static client_exit receipts_check(client *c, lg_arena *arena, const lg_hash *req, client_answer *answer)
{
    const json_t *results = json_object_get(answer->body, "results");
    receipt_terms terms;
    client_exit code = client_receipt_terms(c, arena, &terms);
    size_t i;
    json_t *row;
    terms.req = req;
    answer->receipts = lg_arena_array(arena, json_array_size(results) + 1, sizeof *answer->receipts);
    const json_t *receipt = json_object_get(answer->body, "receipt");
    if (code == CLIENT_OK && receipt)
        code = client_receipt_check(c, arena, receipt, &terms, &answer->receipts[answer->receipt_count++]);
    json_array_foreach(results, i, row)
    {
        receipt = json_object_get(row, "receipt");
        if (code == CLIENT_OK && receipt)
            code =
                client_receipt_check(c, arena, receipt, &terms, &answer->receipts[answer->receipt_count++]);
    }
    return code;
}

/* What is asked of the registry's workings has no entry of its own. */
static bool leaves_no_entry(const char *path)
{
    size_t len = strlen(path), word = strlen("/replay");
    return strcmp(path, "/v1/sweeps") == 0 || (len > word && strcmp(path + len - word, "/replay") == 0);
}

/* Every part of the answer that says something was recorded must have its receipt: it could else be said of
 * anything. */
static client_exit receipts_complete(client *c, const char *path, const json_t *body)
{
    const json_t *results = json_object_get(body, "results");
    bool complete = json_object_get(body, "receipt") || json_array_size(results) || leaves_no_entry(path);
    size_t i;
    json_t *row;
    json_array_foreach(results, i, row) /* of a CSV file; what was refused before it was looked at has none */
    {
        complete = complete && (json_object_get(row, "receipt") || json_object_get(row, "problem"));
    }
    return complete ? CLIENT_OK
                    : client_fail(c, CLIENT_UNVERIFIED, "The answer to %s lacks a receipt.", path);
}

client_exit client_act_deliver(client *c, lg_arena *arena, const client_request *request, bool is_signed,
                               client_answer *out)
{
    client_response response;
    lg_hash req = lg_sha256(request->body);
    *out = (client_answer){0};
    client_exit code = client_http_send(c, arena, request, &response);
    if (code != CLIENT_OK)
        return code;
    out->status = response.status;
    out->text = response.body;
    if (response.status / 100 != 2)
        return client_refused(c, &response);
    if (lg_json_load(response.body, &out->body, &c->report) != LG_OK || !json_is_object(out->body))
        return client_fail(c, CLIENT_UNREACHABLE,
                           "The answer to %s is not a JSON object: is a registry there?", request->path);
    code = is_signed ? receipts_complete(c, request->path, out->body) : CLIENT_OK;
    return code == CLIENT_OK ? receipts_check(c, arena, is_signed ? &req : NULL, out) : code;
}

/* Without a key the token asks the registry's custody to sign. A name of its own makes it safe to repeat. */
static client_exit send_plain(client *c, lg_arena *arena, const client_act *act, client_answer *out)
{
    const client_request request = {
        .path = act->path,
        .body = act->payload,
        .content_type = act->cty ? act->cty : "application/json",
        .token = c->config.token,
        .idempotency_key = act->jti ? act->jti : lg_jti_new(arena),
        .submission = act->submission,
    };
    return client_act_deliver(c, arena, &request, false, out);
}

client_exit client_act_send(client *c, lg_arena *arena, const client_act *act, client_answer *out)
{
    lg_bytes jws;
    *out = (client_answer){0};
    if (!c->config.key && !c->config.countersign && c->config.token)
        return send_plain(c, arena, act, out);
    client_exit code = client_act_compose(c, arena, act, &jws);
    if (code != CLIENT_OK)
        return code;
    client_request request = {.path = act->path, .body = jws, .content_type = "application/jose+json"};
    return client_act_deliver(c, arena, &request, true, out);
}
