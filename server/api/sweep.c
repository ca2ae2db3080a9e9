/* POST /v1/sweeps: the operator asks for the time-driven sweep now instead of within the minute. It records
 * nothing of its own, so its jti is not kept: asking twice sweeps twice, and the second finds nothing. */
#include "server/api/limits.h"
#include "server/service/sweeper.h"

static void swept(sweep_request *asked)
{
    http_resume(asked->owner);
}

static http_result answer(http_request *request)
{
    const sweep_request *asked = http_data(request);
    lg_buf body = {0};
    if (asked->result.err)
        return http_answer_problem(request, asked->result.err, NULL);
    lg_json_open(&body);
    lg_json_put_int(&body, "lapsed", asked->result.lapsed);
    lg_json_put_int(&body, "aged", asked->result.aged);
    lg_json_put_int(&body, "failed", asked->result.failed);
    lg_json_close(&body);
    return http_answer_json(request, 200, &body);
}

static lg_err check_asker(http_request *request, api_context *api, lg_db *db)
{
    lg_command command = {0};
    lg_jws jws;
    lg_report *report = http_report(request);
    json_t *payload = NULL;
    lg_err err = lg_command_authenticate(api->registry, db, http_arena(request), http_body(request),
                                         http_path(request), &command, &jws, report);
    if (!err)
        err = api_limit_signer(request, command.signers[0].no, 1);
    if (!err)
        err = lg_command_check_age(&command, report);
    if (!err && !lg_has_role(command.signers[0].roles, LG_ROLE_OPERATOR))
        err = lg_fail(report, LG_NOT_PERMITTED, "This needs the role operator.");
    if (!err)
        err = lg_json_load(command.payload, &payload, report);
    if (!err) {
        lg_decoder empty = lg_decode_object(payload, "", report);
        lg_decode_finish(&empty);
        if (report->fault_count > 0)
            err = lg_fail(report, LG_INVALID_FIELDS, "%s", report->first->detail);
    }
    json_decref(payload);
    return err;
}

http_result post_sweep(http_request *request)
{
    api_context *api = http_context(request);
    lg_db *db = lg_readers_take(api->readers);
    lg_err err = check_asker(request, api, db);
    lg_readers_give(api->readers, db);
    if (err)
        return http_answer_problem(request, err, NULL);
    sweep_request *asked = lg_arena_alloc(http_arena(request), sizeof *asked);
    *asked = (sweep_request){.done = swept, .owner = request};
    http_set_data(request, asked);
    http_result result = http_suspend(request, answer);
    err = sweeper_ask(api->sweeper, asked);
    if (err) {
        asked->result.err = err;
        http_resume(request);
    }
    return result;
}
