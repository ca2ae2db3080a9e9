/* A whole subcommand around one command, and what it tells of what became of it. */
#include "server/client/act.h"
#include "server/client/describe.h"
#include "server/client/listing.h"
#include "server/client/output.h"
#include "server/client/post.h"

#include <stdlib.h>
#include <string.h>

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
                                         "financing",  "payment", "proposal",    "webhook", "approval"};
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
