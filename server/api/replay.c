/* POST /v1/webhooks/{id}/replay: messages are sent once more. It records nothing on the ledger, so a jti is
 * not kept: asking twice sends twice, under the ids that the messages had before. */
#include "server/api/limits.h"
#include "server/api/serve.h"
#include "server/webhooks/webhooks.h"

#include <string.h>

static void replayed(webhooks_replay *replay)
{
    http_resume(replay->owner);
}

static http_result answer(http_request *request)
{
    const webhooks_replay *replay = http_data(request);
    lg_buf body = {0};
    bool one = replay->last < LG_SEQ_MAX;
    lg_err err = replay->err;
    if (!err && one && replay->queued == 0)
        err =
            lg_fail(http_report(request), LG_NOT_FOUND, "There is no message of this seq for the endpoint.");
    if (err)
        return http_answer_problem(request, err, NULL);
    lg_json_open(&body);
    lg_json_put_int(&body, "queued", replay->queued);
    lg_json_close(&body);
    return http_answer_json(request, 202, &body);
}

/* Who asks, and the payload: a signed command, or plain JSON with a token. */
static lg_err read_signed(http_request *request, api_context *api, lg_db *db, lg_participant_no *asker,
                          lg_bytes *payload)
{
    lg_command command = {0};
    lg_jws jws;
    lg_participant signer;
    lg_report *report = http_report(request);
    lg_err err = lg_command_authenticate(api->registry, db, http_arena(request), http_body(request),
                                         http_path(request), &command, &jws, report);
    if (!err)
        err = api_limit_signer(request, command.signers[0].no, 1);
    if (!err)
        err = lg_command_check_age(&command, report);
    if (!err && command.signer_count != 1)
        err = lg_fail(report, LG_MALFORMED_JWS, "A replay is signed by one.");
    if (!err)
        err = lg_participant_get(db, command.signers[0].no, http_arena(request), &signer);
    if (!err && signer.suspended)
        err = lg_fail(report, LG_PARTICIPANT_SUSPENDED, "The signer is suspended.");
    *asker = command.signers[0].no;
    *payload = command.payload;
    return err;
}

static lg_err read_payload(lg_bytes bytes, webhooks_replay *replay, lg_report *report)
{
    json_t *payload = NULL;
    int64_t seq;
    lg_err err = lg_json_load(bytes, &payload, report);
    if (err)
        return err;
    lg_decoder members = lg_decode_object(payload, "", report);
    bool from = lg_decode_int(&members, "from_seq", false, 0, LG_SEQ_MAX, &replay->from);
    bool one = lg_decode_int(&members, "seq", false, 0, LG_SEQ_MAX, &seq);
    lg_decode_finish(&members);
    replay->last = LG_SEQ_MAX;
    if (one)
        replay->from = replay->last = seq;
    if (!report->fault_count && from == one)
        lg_fault_add(report, "required", "",
                     "Name either seq, for one message, or from_seq, for all from there.");
    if (report->fault_count)
        err = lg_fail(report, LG_INVALID_FIELDS, "%s", report->first->detail);
    json_decref(payload);
    return err;
}

static lg_err find_webhook(http_request *request, lg_db *db, lg_participant_no asker, lg_webhook_no *out)
{
    lg_webhook row;
    lg_err err = api_own_webhook(db, http_arena(request), asker, http_param(request, "id"), &row);
    if (!err && row.removed_at)
        err = lg_fail(http_report(request), LG_WRONG_STATE, "The endpoint is removed.");
    *out = row.no;
    return err;
}

static lg_err prepare(http_request *request, api_context *api, webhooks_replay *replay)
{
    lg_participant_no asker;
    lg_bytes payload = http_body(request);
    api_read read = {.api = api};
    lg_err err;
    if (strcmp(http_media_type(request), "application/jose+json") == 0) {
        read.db = lg_readers_take(api->readers);
        err = read_signed(request, api, read.db, &asker, &payload);
    } else {
        err = api_read_open(request, LG_SCOPE_ADMIN, &read);
        asker = read.caller.no;
    }
    if (!err)
        err = find_webhook(request, read.db, asker, &replay->webhook);
    api_read_close(&read);
    return err ? err : read_payload(payload, replay, http_report(request));
}

http_result post_webhook_replay(http_request *request)
{
    api_context *api = http_context(request);
    webhooks_replay *replay = lg_arena_alloc(http_arena(request), sizeof *replay);
    lg_err err = prepare(request, api, replay);
    if (err)
        return http_answer_problem(request, err, NULL);
    replay->done = replayed;
    replay->owner = request;
    http_set_data(request, replay);
    http_result result = http_suspend(request, answer);
    err = webhooks_ask(api->webhooks, replay);
    if (err) {
        replay->err = err;
        http_resume(request);
    }
    return result;
}
