#include "server/client/act.h"

#include "ledger/base/calendar.h"
#include "ledger/registry/jws.h"
#include "server/client/describe.h"
#include "server/client/http.h"
#include "server/client/listing.h"
#include "server/client/output.h"
#include "server/client/post.h"

#include <stdlib.h>
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
            return client_fail_report(c, CLIENT_USAGE, "The verifier key cannot be read");
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
        c->hint = "Name a key file with --key, TALLYSTICK_KEY, or `key = …` in the configuration file; "
                  "`tallystick keygen` makes one.";
        return client_fail(c, CLIENT_USAGE, "This command is signed, and no key is named.");
    }
    if (lg_key_file_read(path, out, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_LOCAL, NULL);
    return CLIENT_OK;
}

client_exit client_act_compose(client *c, lg_arena *arena, const client_act *act, lg_bytes *out)
{
    lg_signing_key *key = NULL, *second = NULL;
    const char *countersign = client_option_value(c, "countersign");
    lg_jws_header header = {
        .url = act->path, .jti = act->jti, .cty = act->cty, .submission = act->submission};
    client_exit code = client_key_open(c, NULL, &key);
    if (code == CLIENT_OK && countersign)
        code = client_key_open(c, countersign, &second);
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

/* The answer's receipt, and those of the rows of a CSV file. */
static client_exit receipts_check(client *c, lg_arena *arena, const json_t *answer, lg_bytes jws)
{
    lg_hash req = lg_sha256(jws);
    lg_verifier verifier;
    receipt_terms terms = {.origin = c->config.origin, .req = &req};
    checked_receipt checked;
    size_t i;
    json_t *row;
    if (c->config.vkey) {
        if (lg_vkey_parse(arena, c->config.vkey, &verifier, &c->report) != LG_OK)
            return client_fail_report(c, CLIENT_USAGE, "The verifier key cannot be read");
        terms.verifier = &verifier;
    }
    const json_t *receipt = json_object_get(answer, "receipt");
    client_exit code = receipt ? client_receipt_check(c, arena, receipt, &terms, &checked) : CLIENT_OK;
    json_array_foreach(json_object_get(answer, "results"), i, row)
    {
        receipt = json_object_get(row, "receipt");
        if (code == CLIENT_OK && receipt)
            code = client_receipt_check(c, arena, receipt, &terms, &checked);
    }
    return code;
}

client_exit client_act_send(client *c, lg_arena *arena, const client_act *act, client_answer *out)
{
    lg_bytes jws;
    client_response response;
    *out = (client_answer){0};
    client_exit code = client_act_compose(c, arena, act, &jws);
    if (code != CLIENT_OK)
        return code;
    client_request request = {.path = act->path, .body = jws, .content_type = "application/jose+json"};
    code = client_http_send(c, arena, &request, &response);
    if (code != CLIENT_OK)
        return code;
    out->status = response.status;
    out->text = response.body;
    if (response.status / 100 != 2)
        return client_refused(c, &response);
    if (lg_json_load(response.body, &out->body, &c->report) != LG_OK || !json_is_object(out->body))
        return client_fail(c, CLIENT_UNREACHABLE,
                           "The answer to %s is not a JSON object: is a registry there?", act->path);
    return receipts_check(c, arena, out->body, jws);
}

client_exit client_receipt_keep(client *c, const json_t *receipt)
{
    const char *path = client_option_value(c, "receipt");
    if (!path || !receipt)
        return CLIENT_OK;
    char *text = json_dumps(receipt, JSON_INDENT(2));
    if (!text)
        lg_die("out of memory");
    client_exit code =
        client_file_write(c, path, 0600, lg_bytes_str(lg_arena_printf(c->arena, "%s\n", text)));
    free(text);
    return code;
}

/* One line per thing the command made or changed, and a table of those that came with it. */
void client_print_outcome(client *c, const json_t *answer)
{
    static const char *const things[] = {"receivable", "claim",   "participant", "policy",  "token",
                                         "grant",      "check",   "program",     "request", "offer",
                                         "financing",  "payment", "proposal",    "webhook"};
    static const struct {
        const char *holder, *list, *listing; /* holder NULL: the answer itself */
    } lists[] = {{NULL, "claims", "children"}, {NULL, "offers", "offers"}, {"payment", "shares", "shares"}};
    const json_t *receipt = json_object_get(answer, "receipt");
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        const json_t *thing = json_object_get(answer, things[i]);
        if (json_is_object(thing))
            client_print_summary(c, things[i], thing);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const json_t *holder = lists[i].holder ? json_object_get(answer, lists[i].holder) : answer;
        client_listing_print(c, lists[i].listing, json_object_get(holder, lists[i].list), "  ");
    }
    if (!receipt)
        return;
    lg_tlog_proof proof;
    const char *text = json_string_value(json_object_get(receipt, "proof"));
    const char *leaf = json_string_value(json_object_get(receipt, "leaf"));
    if (!text || !leaf || lg_tlog_proof_parse(c->arena, lg_bytes_str(text), &proof, NULL) != LG_OK)
        return;
    client_say(c, STYLE_DIM, "  entry %lld, leaf %.16s…, included by a proof of %u hashes (checked)",
               (long long)proof.index, leaf, proof.proof.count);
}

client_exit client_act_run(client *c, const char *path, json_t *payload_take, client_answer *answer)
{
    client_answer own = {0};
    client_exit code = client_post_needs(c);
    char *text = json_dumps(payload_take, JSON_COMPACT);
    json_decref(payload_take);
    if (code != CLIENT_OK) {
        free(text);
        return code;
    }
    if (!text)
        return client_fail(c, CLIENT_USAGE, "What the command says is not UTF-8 text.");
    client_act act = {.path = path, .payload = lg_bytes_str(lg_arena_strdup(c->arena, text))};
    free(text);
    code = client_act_send(c, c->arena, &act, &own);
    if (code == CLIENT_OK)
        code = client_receipt_keep(c, json_object_get(own.body, "receipt"));
    if (code == CLIENT_OK && answer) {
        *answer = own; /* the caller prints */
        return code;
    }
    if (code == CLIENT_OK && c->json)
        client_print_json(own.body);
    else if (code == CLIENT_OK)
        client_print_outcome(c, own.body);
    client_answer_clear(&own);
    return code;
}
