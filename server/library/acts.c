/* Commands and reads. A command is signed once: its bytes are kept until an answer holds, and those same
 * bytes are what is ever sent of it. */
#include "server/library/internal.h"

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_MAX = 64 << 20, JTI_LEN = 16 };

typedef struct act {
    const char *path;
    lg_bytes payload;
    const char *content_type; /* NULL: JSON */
    const char *kept;         /* the file that keeps it, or NULL */
    lg_bytes command;         /* the signed bytes; or the idempotency key of one that is not signed */
    bool fresh;               /* made by this call */
} act;

/* The file's name says what is asked and by whom, so that asking it again finds it. */
static client_exit act_file(tallystick *t, act *a)
{
    lg_signing_key *key = NULL;
    lg_kid kid = {"token"};
    lg_buf text = {0};
    if (!t->state)
        return CLIENT_OK;
    if (t->c.config.key) {
        client_exit code = client_key_open(&t->c, NULL, &key);
        if (code != CLIENT_OK)
            return code;
        lg_public_key public = lg_signing_key_public(key);
        kid = lg_kid_of(&public);
        lg_signing_key_close(key);
    }
    lg_buf_printf(&text, "%s %s ", kid.s, a->path);
    lg_buf_add(&text, a->payload.data, a->payload.len);
    lg_hash hash = lg_sha256(lg_buf_bytes(&text));
    lg_buf_clear(&text);
    a->kept =
        handle_path(t->c.arena, t, "outbox/", lg_hex_encode(t->c.arena, lg_bytes_of(hash.b, sizeof hash.b)));
    return CLIENT_OK;
}

static client_exit act_compose(tallystick *t, act *a)
{
    const client_act composed = {.path = a->path, .payload = a->payload, .cty = a->content_type};
    uint8_t random[JTI_LEN];
    a->fresh = true;
    if (t->c.config.key)
        return client_act_compose(&t->c, t->c.arena, &composed, &a->command);
    lg_random(random, sizeof random);
    a->command = lg_bytes_str(lg_base64url_encode(t->c.arena, lg_bytes_of(random, sizeof random)));
    return CLIENT_OK;
}

/* The command: the one that was kept, or a new one, kept now. */
static client_exit act_prepare(tallystick *t, act *a)
{
    a->fresh = false;
    if (a->kept && access(a->kept, F_OK) == 0)
        return client_file_read(&t->c, t->c.arena, a->kept, COMMAND_MAX, &a->command);
    client_exit code = act_compose(t, a);
    if (code == CLIENT_OK && a->kept)
        code = client_file_write(&t->c, a->kept, 0600, a->command);
    return code;
}

static client_exit act_forget(tallystick *t, const act *a)
{
    if (a->kept && unlink(a->kept) != 0 && errno != ENOENT)
        return client_fail(&t->c, CLIENT_LOCAL, "Cannot remove %s: %s.", a->kept, strerror(errno));
    return CLIENT_OK;
}

static void receipts_take(tallystick_answer *answer)
{
    const json_t *body = answer->answer.body, *receipt = json_object_get(body, "receipt");
    size_t taken = 0, i;
    json_t *row;
    if (receipt)
        answer_add_receipt(answer, &answer->answer.receipts[taken++], receipt);
    json_array_foreach(json_object_get(body, "results"), i,
                       row) if ((receipt = json_object_get(row, "receipt")))
        answer_add_receipt(answer, &answer->answer.receipts[taken++], receipt);
}

/* A rejected invoice: that it was rejected is on the ledger as well, and is to be proven. */
static client_exit refusal_check(tallystick *t, tallystick_answer *answer, const act *a)
{
    const json_t *receipt = json_object_get(t->c.problem, "receipt");
    const char *title = t->c.message;
    lg_hash req = lg_sha256(a->command);
    receipt_terms terms;
    checked_receipt checked;
    if (!t->c.problem) /* a proxy's page */
        return CLIENT_UNREACHABLE;
    if (!receipt)
        return CLIENT_REFUSED;
    client_exit code = client_receipt_terms(&t->c, answer->arena, &terms);
    terms.req = t->c.config.key ? &req : NULL;
    t->c.message = NULL; /* what is wrong with the receipt is worse than the refusal */
    if (code == CLIENT_OK)
        code = client_receipt_check(&t->c, answer->arena, receipt, &terms, &checked);
    if (code == CLIENT_OK) {
        answer_add_receipt(answer, &checked, receipt);
        code = answer_keep_receipts(t, answer);
    }
    if (code == CLIENT_OK) {
        t->c.message = title;
        return CLIENT_REFUSED;
    }
    json_decref(t->c.problem);
    t->c.problem = NULL;
    return code;
}

static client_exit act_deliver(tallystick *t, const act *a, tallystick_answer *answer)
{
    client_request request = {.path = a->path, .body = a->command, .content_type = "application/jose+json"};
    bool is_signed = t->c.config.key != NULL;
    if (!is_signed)
        request = (client_request){.path = a->path,
                                   .body = a->payload,
                                   .content_type = a->content_type ? a->content_type : "application/json",
                                   .token = t->c.config.token,
                                   .idempotency_key =
                                       lg_arena_strndup(t->c.arena, a->command.data, a->command.len)};
    client_exit code = client_act_deliver(&t->c, answer->arena, &request, is_signed, &answer->answer);
    if (code == CLIENT_REFUSED)
        return refusal_check(t, answer, a);
    if (code != CLIENT_OK)
        return code;
    receipts_take(answer);
    return answer_keep_receipts(t, answer);
}

static client_exit arguments_check(tallystick *t, const char *path, bool signs)
{
    client *c = &t->c;
    if (!path || *path != '/')
        return client_fail(c, CLIENT_USAGE, "A path begins with a slash.");
    if (signs ? !c->config.key : !c->config.key && !c->config.token)
        return client_fail(c, CLIENT_USAGE, "A command needs a key file%s.", signs ? "" : ", or a token");
    return CLIENT_OK;
}

tallystick_code tallystick_act(tallystick *t, const char *path, const void *payload, size_t payload_len,
                               const char *content_type, tallystick_answer **out)
{
    act a = {.path = path, .payload = lg_bytes_of(payload, payload_len), .content_type = content_type};
    tallystick_answer *answer = answer_new();
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK)
        code = arguments_check(t, path, false);
    if (code == CLIENT_OK)
        code = act_file(t, &a);
    for (bool again = true; again && code == CLIENT_OK;) {
        code = act_prepare(t, &a);
        if (code != CLIENT_OK)
            break;
        code = act_deliver(t, &a, answer);
        if (code == CLIENT_OK || code == CLIENT_REFUSED) {
            client_exit forgotten = act_forget(t, &a);
            code = forgotten == CLIENT_OK ? code : forgotten;
        }
        /* What was taken before is answered from memory first: a stale command was never taken. */
        again = code == CLIENT_REFUSED && !a.fresh && strcmp(tallystick_problem(t), "stale-command") == 0;
        if (again)
            code = handle_begin(t);
        if (again && code == CLIENT_OK)
            code = act_file(t, &a); /* its name was the call's that was begun anew */
    }
    return (tallystick_code)answer_give(answer, code, out);
}

tallystick_code tallystick_sign(tallystick *t, const char *path, const void *payload, size_t payload_len,
                                const char *content_type, char **command)
{
    const client_act composed = {
        .path = path, .payload = lg_bytes_of(payload, payload_len), .cty = content_type};
    lg_bytes text;
    *command = NULL;
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK)
        code = arguments_check(t, path, true);
    if (code == CLIENT_OK)
        code = client_act_compose(&t->c, t->c.arena, &composed, &text);
    if (code == CLIENT_OK && !(*command = strndup((const char *)text.data, text.len)))
        lg_die("out of memory");
    return (tallystick_code)code;
}

tallystick_code tallystick_send(tallystick *t, const char *path, const char *command, tallystick_answer **out)
{
    act a = {.path = path, .command = lg_bytes_str(command)};
    tallystick_answer *answer = answer_new();
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK)
        code = arguments_check(t, path, true);
    if (code == CLIENT_OK)
        code = act_deliver(t, &a, answer);
    return (tallystick_code)answer_give(answer, code, out);
}

/* ---- reads ---- */

static client_exit get(tallystick *t, const char *path, tallystick_answer *answer, bool is_json)
{
    const client_request request = {.path = path, .token = t->c.config.token};
    client_response response;
    client_exit code = client_http_send(&t->c, answer->arena, &request, &response);
    if (code != CLIENT_OK)
        return code;
    if (response.status / 100 != 2) {
        code = client_refused(&t->c, &response);
        return code == CLIENT_REFUSED && !t->c.problem ? CLIENT_UNREACHABLE : code;
    }
    answer->answer.status = response.status;
    answer->answer.text = response.body;
    json_decref(answer->answer.body);
    answer->answer.body = NULL;
    if (is_json && lg_json_load(response.body, &answer->answer.body, &t->c.report) != LG_OK)
        return client_fail(&t->c, CLIENT_UNREACHABLE, "The answer to %s is not JSON: is a registry there?",
                           path);
    return CLIENT_OK;
}

tallystick_code tallystick_get(tallystick *t, const char *path, tallystick_answer **out)
{
    tallystick_answer *answer = answer_new();
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK && (!path || *path != '/'))
        code = client_fail(&t->c, CLIENT_USAGE, "A path begins with a slash.");
    if (code == CLIENT_OK)
        code = get(t, path, answer, false);
    if (code == CLIENT_OK) /* what is not JSON has no values, but its text */
        answer->answer.body = json_loadb((const char *)answer->answer.text.data, answer->answer.text.len,
                                         JSON_REJECT_DUPLICATES, NULL);
    return (tallystick_code)answer_give(answer, code, out);
}

/* Checks a receipt and makes it the answer's next. */
static client_exit receipt_add(tallystick *t, tallystick_answer *answer, const json_t *json)
{
    receipt_terms terms;
    checked_receipt checked;
    client_exit code = client_receipt_terms(&t->c, answer->arena, &terms);
    if (code == CLIENT_OK)
        code = client_receipt_check(&t->c, answer->arena, json, &terms, &checked);
    if (code == CLIENT_OK)
        answer_add_receipt(answer, &checked, json);
    return code;
}

tallystick_code tallystick_entry(tallystick *t, int64_t seq, tallystick_answer **out)
{
    tallystick_answer *answer = answer_new(), *proof = answer_new();
    json_t *receipt = NULL;
    client_exit code = handle_begin(t);
    const char *path = lg_arena_printf(t->c.arena, "/v1/entries/%lld", (long long)seq);
    if (code == CLIENT_OK)
        code = get(t, path, answer, true);
    if (code == CLIENT_OK)
        code = get(t, lg_arena_printf(t->c.arena, "%s/proof", path), proof, false);
    if (code == CLIENT_OK) {
        receipt = json_copy(answer->answer.body);
        json_object_set_new(receipt, "proof",
                            json_stringn((const char *)proof->answer.text.data, proof->answer.text.len));
        code = receipt_add(t, answer, receipt);
    }
    if (code == CLIENT_OK && answer->receipts[0].checked.entry.seq != seq)
        code = client_fail(&t->c, CLIENT_UNVERIFIED, "Entry %lld was asked for, and another was answered.",
                           (long long)seq);
    json_decref(receipt);
    tallystick_answer_close(proof);
    return (tallystick_code)answer_give(answer, code, out);
}

tallystick_code tallystick_certificate(tallystick *t, const char *claim_id, tallystick_answer **out)
{
    tallystick_answer *answer = answer_new();
    receipt_terms terms;
    checked_certificate checked;
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK && !claim_id)
        code = client_fail(&t->c, CLIENT_USAGE, "No claim is named.");
    if (code == CLIENT_OK)
        code = get(
            t,
            lg_arena_printf(t->c.arena, "/v1/claims/%s/certificate", client_url_escape(t->c.arena, claim_id)),
            answer, true);
    if (code == CLIENT_OK)
        code = client_receipt_terms(&t->c, answer->arena, &terms);
    if (code == CLIENT_OK)
        code = client_certificate_check(&t->c, answer->arena, answer->answer.body, &terms, &checked);
    if (code == CLIENT_OK && checked.count == 0)
        code = client_fail(&t->c, CLIENT_UNVERIFIED, "The certificate holds no entry.");
    for (size_t i = 0; code == CLIENT_OK && i < checked.count; i++)
        answer_add_receipt(answer, &checked.entries[i],
                           json_array_get(json_object_get(answer->answer.body, "entries"), i));
    return (tallystick_code)answer_give(answer, code, out);
}

tallystick_code tallystick_receipt_check(tallystick *t, const char *text, size_t len, tallystick_answer **out)
{
    tallystick_answer *answer = answer_new();
    client_exit code = handle_begin(t);
    answer->answer.text = lg_arena_copy(answer->arena, lg_bytes_of(text ? text : "", text ? len : 0));
    if (code == CLIENT_OK && lg_json_load(answer->answer.text, &answer->answer.body, &t->c.report) != LG_OK)
        code = client_fail_report(&t->c, CLIENT_UNVERIFIED, "The receipt cannot be read");
    if (code == CLIENT_OK)
        code = receipt_add(t, answer, answer->answer.body);
    return (tallystick_code)answer_give(answer, code, out);
}
