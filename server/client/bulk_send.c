/* Sending a batch of items, and noting what became of each. */
#include "server/client/bulk_internal.h"

#include "ledger/base/calendar.h"
#include "ledger/base/text.h"
#include "ledger/registry/jws.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- noting ---- */

static void count(bulk *b, bulk_outcome outcome, uint64_t many)
{
    switch (outcome) {
    case BULK_ACCEPTED:
        b->accepted += many;
        break;
    case BULK_HELD:
        b->held += many;
        break;
    case BULK_REFUSED:
        b->refused += many;
        break;
    case BULK_FAILED:
        b->failed += many;
        break;
    case BULK_UNKNOWN:
    case BULK_SENDING:
        break;
    }
}

void bulk_count_line(bulk *b, const json_t *line, bulk_outcome outcome)
{
    const json_t *rows = json_object_get(line, "rows");
    size_t i;
    json_t *row;
    if (!rows) {
        count(b, outcome, 1);
        return;
    }
    json_array_foreach((json_t *)(uintptr_t)rows, i, row)
        count(b, (bulk_outcome)json_integer_value(json_object_get(row, "outcome")), 1);
}

client_exit bulk_note(bulk *b, const json_t *line, bulk_outcome outcome)
{
    bulk_count_line(b, line, outcome);
    return bulk_state_add(b->c, b->state, line, outcome);
}

/* ---- what came back ---- */

static const char *slug_of(const json_t *problem)
{
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *last = type ? strrchr(type, ':') : NULL;
    return last ? last + 1 : "unknown";
}

static bulk_outcome outcome_of(int64_t status)
{
    return status >= 400 ? BULK_REFUSED : status == 202 ? BULK_HELD : BULK_ACCEPTED;
}

static const char *result_name(bulk_outcome outcome)
{
    return outcome == BULK_REFUSED ? "refused" : outcome == BULK_HELD ? "held" : "registered";
}

/* Members of a result's line: from the answer, or the problem. */
static void put_outcome(json_t *line, int64_t status, const json_t *answer, const json_t *problem)
{
    const json_t *shown = answer ? answer : problem;
    json_t *receivable = json_object_get(shown, "receivable");
    json_t *seq = json_object_get(json_object_get(shown, "receipt"), "seq");
    json_object_set_new(line, "result", json_string(result_name(outcome_of(status))));
    json_object_set_new(line, "status", json_integer(status));
    if (receivable)
        json_object_set(line, "receivable", json_object_get(receivable, "id"));
    if (seq)
        json_object_set(line, "seq", seq);
    if (problem) {
        json_object_set_new(line, "problem", json_string(slug_of(problem)));
        json_object_set(line, "detail", json_object_get(problem, "detail"));
    }
}

static json_t *csv_rows(const bulk_item *item, const json_t *answer)
{
    json_t *rows = json_array(), *result;
    size_t i;
    json_array_foreach(json_object_get(answer, "results"), i, result)
    {
        json_t *row = json_object();
        int64_t status = json_integer_value(json_object_get(result, "status"));
        json_t *problem = json_object_get(result, "problem");
        json_object_set_new(row, "row",
                            json_integer(json_integer_value(json_object_get(result, "row")) + item->line));
        put_outcome(row, status, result, NULL);
        if (problem) {
            json_object_set_new(row, "problem", json_string(slug_of(problem)));
            json_object_set(row, "detail", json_object_get(problem, "detail"));
        }
        json_object_set_new(row, "outcome", json_integer(outcome_of(status)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static client_exit receipts_check(bulk *b, const bulk_item *item, const json_t *shown)
{
    receipt_terms terms;
    checked_receipt checked;
    lg_hash req = lg_sha256(item->jws);
    client_exit code = client_receipt_terms(b->c, b->arena, &terms);
    const json_t *results = json_object_get(shown, "results"), *receipt = json_object_get(shown, "receipt");
    terms.req = b->key ? &req : NULL;
    if (code == CLIENT_OK && receipt)
        code = client_receipt_check(b->c, b->arena, receipt, &terms, &checked);
    for (size_t i = 0; code == CLIENT_OK && i < json_array_size(results); i++) {
        receipt = json_object_get(json_array_get(results, i), "receipt");
        if (receipt)
            code = client_receipt_check(b->c, b->arena, receipt, &terms, &checked);
    }
    return code;
}

static client_exit note_answer(bulk *b, bulk_item *item, int64_t status, const json_t *answer,
                               const json_t *problem)
{
    client_exit code = receipts_check(b, item, answer ? answer : problem);
    if (code != CLIENT_OK)
        return code;
    json_t *line = json_pack("{s:s,s:s,s:s}", "item", item->name, "file", item->file, "sha256", item->sha256);
    bulk_outcome outcome = outcome_of(status);
    if (answer && item->rows) {
        json_object_set_new(line, "rows", csv_rows(item, answer));
        if (json_integer_value(json_object_get(answer, "refused")) > 0)
            outcome = BULK_REFUSED; /* of some rows */
    }
    put_outcome(line, status, answer, problem);
    code = bulk_note(b, line, outcome);
    json_decref(line);
    item->done = true;
    return code;
}

/* The registry could not take it now; it was signed too long ago, and has not arrived: both are sent anew. So
 * is what the registry is signing at this moment for a run that was killed: then the earlier answer comes. */
static bool is_to_be_sent_again(const bulk *b, int64_t status, const json_t *problem, bulk_item *item)
{
    if (problem && !b->key && !item->again && strcmp(slug_of(problem), "jti-reused") == 0) {
        item->again = true;
        return true;
    }
    if (problem && strcmp(slug_of(problem), "stale-command") == 0 && item->iat) {
        item->iat = 0;
        return true;
    }
    return status == 429 || status >= 500;
}

/* ---- sending ---- */

const char *bulk_jti(bulk *b, const bulk_item *item)
{
    const bulk_record r = bulk_state_find(b->state, item->name);
    return lg_jti_among(
        b->arena, lg_arena_printf(b->arena, "tallystick/submit/v1\n%s", bulk_state_id(b->state)),
        lg_arena_printf(b->arena, "%s\n%" PRId64 "\n%s", item->name, r.attempt, item->sha256));
}

static client_exit sign(bulk *b, bulk_item *item, int64_t iat)
{
    lg_jws_header header = {.url = item->act.path,
                            .jti = item->act.jti,
                            .cty = item->act.cty,
                            .submission = item->act.submission,
                            .iat = item->iat ? item->iat : iat};
    client_exit code = client_origin(b->c, &header.aud);
    if (code == CLIENT_OK)
        item->jws = lg_bytes_str(
            b->second ? lg_jws_compose_two(b->arena, b->key, b->second, &header, item->act.payload)
                      : lg_jws_compose(b->arena, b->key, &header, item->act.payload));
    return code;
}

static json_t *signed_command(const bulk_item *item)
{
    return json_pack("{s:s%}", "jws", item->jws.data, item->jws.len);
}

static json_t *plain_command(const bulk_item *item)
{
    const client_act *act = &item->act;
    json_t *command = json_pack("{s:s,s:s}", "url", act->path, "idempotency_key", act->jti);
    if (act->cty) {
        json_object_set_new(command, "content_type", json_string(act->cty));
        json_object_set_new(command, "payload",
                            json_stringn((const char *)act->payload.data, act->payload.len));
    } else {
        json_object_set_new(command, "payload",
                            json_loadb((const char *)act->payload.data, act->payload.len, 0, NULL));
    }
    if (act->submission)
        json_object_set_new(command, "submission", json_loads(act->submission, 0, NULL));
    return command;
}

/* A file of another encoding than UTF-8 cannot be quoted in JSON: it goes alone, as it is. */
static bool goes_alone(const bulk *b, const bulk_item *item)
{
    return !b->key && item->act.cty && !lg_text_is_utf8(item->act.payload);
}

static client_exit send_alone(bulk *b, bulk_item *item)
{
    client_answer answer = {0};
    const client_request request = {.path = item->act.path,
                                    .body = item->act.payload,
                                    .content_type = item->act.cty,
                                    .token = b->c->config.token,
                                    .idempotency_key = item->act.jti};
    client_exit code = client_act_deliver(b->c, b->arena, &request, false, &answer);
    if (code == CLIENT_OK || code == CLIENT_REFUSED)
        code = note_answer(b, item, answer.status, answer.body, code == CLIENT_OK ? NULL : b->c->problem);
    client_answer_clear(&answer);
    return code;
}

static client_exit post_batch(bulk *b, json_t *commands, json_t **out)
{
    client_response response;
    json_t *body = json_pack("{s:s,s:O}", "mode", "independent", "commands", commands);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!text)
        lg_die("out of memory");
    const client_request request = {.path = "/v1/batches",
                                    .body = lg_bytes_str(text),
                                    .content_type = "application/json",
                                    .token = b->key ? NULL : b->c->config.token};
    client_exit code = client_http_send(b->c, b->arena, &request, &response);
    free(text);
    if (code != CLIENT_OK)
        return code;
    if (response.status / 100 != 2)
        return client_refused(b->c, &response);
    if (lg_json_load(response.body, out, &b->c->report) != LG_OK)
        return client_fail(b->c, CLIENT_UNREACHABLE,
                           "The answer to /v1/batches is not JSON: is a registry there?");
    return CLIENT_OK;
}

/* One round over what is not done yet. */
static client_exit send_round(bulk *b)
{
    json_t *commands = json_array(), *answer = NULL;
    size_t sent[BATCH_ITEMS], count = 0;
    client_exit code = CLIENT_OK;
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].done || goes_alone(b, &b->items[i]))
            continue;
        json_array_append_new(commands, b->key ? signed_command(&b->items[i]) : plain_command(&b->items[i]));
        sent[count++] = i;
    }
    if (count)
        code = post_batch(b, commands, &answer);
    json_decref(commands);
    const json_t *results = json_object_get(answer, "results");
    if (code == CLIENT_OK && count && json_array_size(results) != count)
        code = client_fail(b->c, CLIENT_UNREACHABLE,
                           "The answer to a batch has not one result for each command.");
    for (size_t i = 0; i < count && code == CLIENT_OK; i++) {
        const json_t *result = json_array_get(results, i);
        const json_t *problem = json_object_get(result, "problem");
        int64_t status = json_integer_value(json_object_get(result, "status"));
        if (!is_to_be_sent_again(b, status, problem, &b->items[sent[i]]))
            code = note_answer(b, &b->items[sent[i]], status, json_object_get(result, "answer"), problem);
    }
    json_decref(answer);
    for (size_t i = 0; i < b->count && code == CLIENT_OK; i++)
        if (!b->items[i].done && goes_alone(b, &b->items[i]))
            code = send_alone(b, &b->items[i]);
    return code;
}

/* Names and the time they are signed for, before anything is sent. Those that were sent before keep theirs.
 */
static client_exit prepare_round(bulk *b)
{
    const int64_t now = lg_now() / LG_TIME_PER_SECOND;
    json_t *names = json_array();
    client_exit code = CLIENT_OK;
    for (size_t i = 0; i < b->count && code == CLIENT_OK; i++) {
        bulk_item *item = &b->items[i];
        if (item->done)
            continue;
        if (b->key)
            code = sign(b, item, now);
        if (!item->iat)
            json_array_append_new(names, json_string(item->name));
    }
    if (code == CLIENT_OK && json_array_size(names))
        code = bulk_state_sending(b->c, b->state, names, now);
    json_decref(names);
    for (size_t i = 0; i < b->count; i++)
        if (!b->items[i].iat)
            b->items[i].iat = now;
    return code;
}

client_exit bulk_flush(bulk *b)
{
    client_exit code = CLIENT_OK;
    bool left = b->count > 0;
    for (unsigned round = 0; left && code == CLIENT_OK; round++) {
        if (round > b->c->attempts)
            return client_fail(b->c, CLIENT_UNREACHABLE, "The registry does not take some of the files now.");
        if (round > 1)
            nanosleep(&(struct timespec){.tv_nsec = 500 * 1000000L}, NULL);
        code = prepare_round(b);
        if (code == CLIENT_OK)
            code = send_round(b);
        left = false;
        for (size_t i = 0; i < b->count; i++)
            left = left || !b->items[i].done;
    }
    b->count = b->bytes = 0;
    b->rows = 0;
    lg_arena_reset(b->arena);
    return code;
}
