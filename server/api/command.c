#include "server/api/command.h"

#include "ledger/base/text.h"
#include "server/api/custody.h"
#include "server/api/limits.h"
#include "server/api/metrics.h"
#include "server/gateway/checks.h"
#include "server/gateway/gateway.h"
#include "server/outbound/url.h"
#include "server/webhooks/webhooks.h"

#include <string.h>

/* ---- before the queue ---- */

/* From the bytes to who signed them. */
static lg_err authenticate(api_command *out, api_context *api, lg_db *db, lg_arena *arena, lg_bytes jws_bytes,
                           const char *url, lg_jws *jws, lg_report *report)
{
    out->api = api;
    out->job = (lg_job){.apply = api_command_apply, .arena = arena};
    lg_report_init(&out->job.report, arena);
    return lg_command_authenticate(api->registry, db, arena, jws_bytes, url, &out->command, jws, report);
}

/* LG_NOT_FOUND: it was not answered before. */
static lg_err find_answered(api_command *c, lg_db *db, lg_report *report)
{
    lg_err err = lg_command_find_stored(db, c->job.arena, &c->command, &c->outcome.stored, report);
    c->outcome.replayed = err == LG_OK;
    return err;
}

/* What is refused now may have been answered before, and then that answer stands; `report` says why it is
 * refused. Of what is not refused, the writer asks. */
static lg_err refuse_unless_answered(api_command *c, lg_db *db, lg_err refused, lg_report *report)
{
    lg_report said;
    lg_report_init(&said, c->job.arena);
    lg_err err = find_answered(c, db, &said);
    if (err == LG_NOT_FOUND)
        return refused;
    *report = said;
    return err;
}

/* A key is made only for those whose command can succeed; the writer refuses the others before it looks at a
 * key. */
static bool may_ask_for_custody(const lg_command *command)
{
    const lg_signer *signer = &command->signers[0];
    return lg_has_role(signer->roles, LG_ROLE_OPERATOR) ||
           (command->type == LG_CMD_KEY_ADD && lg_uuid_equal(command->subject, signer->id.uuid));
}

/* Which addresses may be called is this server's to say, not the ledger's. */
static lg_err check_webhook_url(const api_command *c, lg_report *report)
{
    const char *why;
    if (outbound_url_check(c->command.url_to_call, webhooks_private_ok(c->api->webhooks), &why))
        return LG_OK;
    lg_fault_add(report, "url", "/url", "%s", why);
    return lg_fail(report, LG_INVALID_FIELDS, "%s", why);
}

/* A repetition needs no second key. */
static lg_err create_key(api_command *c, lg_db *db, lg_report *report)
{
    lg_err err = find_answered(c, db, report);
    return err == LG_NOT_FOUND ? lg_custody_create(c->api->registry, &c->command.public_key, report) : err;
}

static lg_err decode(api_command *c, lg_db *db, const lg_jws *jws, lg_report *report)
{
    lg_policy policy;
    json_t *payload = NULL;
    if (c->command.type == LG_CMD_SUBMIT) {
        lg_err err = lg_registry_policy(c->api->registry, db, &policy);
        return err ? err : gateway_read(jws, &policy, &c->command, report);
    }
    if (jws->signatures[0].cty || jws->signatures[0].submission)
        return lg_fail(report, LG_MALFORMED_JWS,
                       "cty and submission belong to submissions of invoice files only.");
    if (jws->signature_count > 1)
        return lg_fail(report, LG_MALFORMED_JWS, "Only a submission is signed by two.");
    lg_err err = lg_json_load(c->command.payload, &payload, report);
    if (!err)
        err = lg_command_decode(payload, &c->command, report);
    json_decref(payload);
    if (!err && c->command.type == LG_CMD_WEBHOOK_REGISTER)
        err = check_webhook_url(c, report);
    if (!err && c->command.custody && may_ask_for_custody(&c->command))
        err = create_key(c, db, report);
    return err;
}

lg_err api_command_identify(api_command *out, api_context *api, lg_db *db, lg_arena *arena,
                            lg_bytes jws_bytes, const char *url, lg_jws *jws, lg_report *report)
{
    lg_err err = authenticate(out, api, db, arena, jws_bytes, url, jws, report);
    if (err)
        return err;
    err = find_answered(out, db, report);
    return err == LG_NOT_FOUND ? LG_OK : err;
}

lg_err api_command_decode(api_command *c, lg_db *db, const lg_jws *jws, lg_report *report)
{
    lg_err err = lg_command_check_age(&c->command, report);
    if (!err)
        err = decode(c, db, jws, report);
    c->job.weight = c->command.submission_count;
    return err;
}

lg_err api_command_prepare(api_command *out, api_context *api, lg_db *db, lg_arena *arena, lg_bytes jws_bytes,
                           const char *url, lg_command_type type, lg_report *report)
{
    lg_jws jws;
    out->command.type = type;
    lg_err err = authenticate(out, api, db, arena, jws_bytes, url, &jws, report);
    if (err)
        return err;
    err = api_command_decode(out, db, &jws, report);
    return err ? refuse_unless_answered(out, db, err, report) : LG_OK;
}

lg_err api_command_apply(lg_job *job, lg_ledger *ledger)
{
    api_command *c = (api_command *)job; /* its first member */
    return lg_command_apply(c->api->registry, ledger, job->arena, &c->command, &c->outcome, &job->report);
}

/* ---- after the commit ---- */

/* What was proven when the command was committed can be proven in the same words at any later time. */
static lg_err receipts_of_stored(api_context *api, lg_db *db, lg_arena *arena, const lg_command_row *stored,
                                 api_receipts *out)
{
    size_t count = (size_t)stored->entry_count;
    lg_entry_row *entries = lg_arena_array(arena, count, sizeof *entries);
    lg_proof *proofs = lg_arena_array(arena, count, sizeof *proofs);
    int64_t size;
    lg_hash root;
    lg_err err = lg_checkpoint_including(db, stored->first_seq + stored->entry_count - 1, &size, &root);
    for (size_t i = 0; i < count && !err; i++) {
        err = lg_entry_get(db, stored->first_seq + (int64_t)i, arena, &entries[i]);
        if (!err)
            err = lg_tree_prove_inclusion(lg_node_read, db, stored->first_seq + (int64_t)i, size, &proofs[i]);
    }
    if (err)
        return err;
    *out = (api_receipts){
        .first_seq = stored->first_seq,
        .count = count,
        .entries = entries,
        .proofs = proofs,
        .note = lg_ledger_note(api->ledger, arena, size, &root),
    };
    return LG_OK;
}

static api_receipts receipts_of_job(api_command *c)
{
    return (api_receipts){
        .first_seq = c->job.first_seq,
        .count = c->outcome.entry_count,
        .entries = c->outcome.entries,
        .proofs = c->job.proofs,
        .note = c->job.published ? c->job.published->note : "",
    };
}

static void set_location(http_request *request, const lg_outcome *outcome)
{
    lg_arena *arena = http_arena(request);
    const lg_result *result = &outcome->results[0];
    const struct {
        bool has;
        const char *folder;
        lg_uuid id;
    } made[] = {
        {result->has_receivable, "receivables", result->receivable.id.uuid},
        {result->has_token, "tokens", result->token.id.uuid},
        {result->has_participant, "participants", result->participant.id.uuid},
        {result->has_grant, "grants", result->grant.id.uuid},
        {result->has_webhook, "webhooks", result->webhook.id.uuid},
        {result->program != NULL, "programs", result->program ? result->program->id.uuid : (lg_uuid){{0}}},
        {result->request != NULL, "financing_requests",
         result->request ? result->request->id.uuid : (lg_uuid){{0}}},
        {result->offer_count > 0, "offers", result->offer_count ? result->offers[0].id.uuid : (lg_uuid){{0}}},
        {result->financing != NULL, "financings",
         result->financing ? result->financing->id.uuid : (lg_uuid){{0}}},
        {result->payment != NULL, "payments", result->payment ? result->payment->id.uuid : (lg_uuid){{0}}},
        {result->proposal != NULL, "proposals",
         result->proposal ? result->proposal->id.uuid : (lg_uuid){{0}}},
        {result->has_claim, "claims", result->claim.id.uuid},
    };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        if (!made[i].has)
            continue;
        http_set_header(request, "Location",
                        lg_arena_printf(arena, "/v1/%s/%s", made[i].folder, lg_uuid_format(made[i].id).s));
        return;
    }
    if (result->has_policy)
        http_set_header(request, "Location",
                        lg_arena_printf(arena, "/v1/policy/%lld", (long long)result->policy.version));
}

lg_err api_command_answer(api_command *c, lg_arena *arena, int *status, lg_buf *out)
{
    api_receipts receipts;
    if (!c->outcome.replayed) {
        receipts = receipts_of_job(c);
        *status = c->outcome.status;
        return api_expand(out, arena, c->outcome.answer.data, &receipts);
    }
    lg_db *db = lg_readers_take(c->api->readers);
    lg_err err = receipts_of_stored(c->api, db, arena, &c->outcome.stored, &receipts);
    lg_readers_give(c->api->readers, db);
    *status = c->outcome.stored.status;
    return err ? err : api_expand(out, arena, c->outcome.stored.answer, &receipts);
}

static http_result send(http_request *request, api_command *c)
{
    lg_buf body = {0};
    int status;
    lg_err err = api_command_answer(c, http_arena(request), &status, &body);
    if (err) {
        lg_buf_clear(&body);
        return http_answer_problem(request, err, NULL);
    }
    if (c->outcome.replayed)
        http_set_header(request, "Idempotent-Replayed", "true");
    else if (status == 201)
        set_location(request, &c->outcome);
    if (status < 400)
        return http_answer_json(request, status, &body);
    return http_answer_refusal(request, status, &body);
}

/* The only rate that commands are held to is counted by the day (UTC). */
static void set_retry_after(http_request *request)
{
    const lg_time now = lg_now(), tomorrow = (lg_day_of(now) + 1) * LG_TIME_PER_DAY;
    const long long seconds = (tomorrow - now) / LG_TIME_PER_SECOND + 1;
    http_set_header(request, "Retry-After", lg_arena_printf(http_arena(request), "%lld", seconds));
}

static void note_caller(http_request *request, const api_command *c)
{
    if (c->command.signer_count)
        http_note(request, log_text("participant", lg_uuid_format(c->command.signers[0].id.uuid).s));
}

/* The writer took it not, or could not do it: a repetition is answered all the same. An unknown outcome stays
 * unknown until the next start has found out. */
static void look_again(api_command *c)
{
    if (lg_err_kind(c->job.err) == LG_KIND_CALLER || c->job.err == LG_OUTCOME_UNKNOWN)
        return;
    lg_db *db = lg_readers_take(c->api->readers);
    c->job.err = refuse_unless_answered(c, db, c->job.err, &c->job.report);
    lg_readers_give(c->api->readers, db);
}

static http_result finish(http_request *request)
{
    api_command *c = http_data(request);
    http_result result;
    if (c->job.err)
        look_again(c);
    api_count_command(c->api, c->command.type, c->job.err, c->outcome.replayed, c->outcome.status);
    http_note(request, log_number("queue_us", c->job.wait_us));
    http_note(request, log_number("commit_us", c->job.commit_us));
    if (c->job.err) {
        *http_report(request) = c->job.report;
        if (c->job.err == LG_RATE_LIMITED)
            set_retry_after(request);
        result = http_answer_problem(request, c->job.err, NULL);
    } else {
        result = send(request, c);
    }
    api_command_clear(c);
    return result;
}

void api_command_clear(api_command *c)
{
    lg_published_drop(c->job.published);
    c->job.published = NULL;
    lg_buf_clear(&c->outcome.answer);
}

static void done(lg_job *job)
{
    http_resume(((api_command *)job)->request);
}

/* The ids in the path; what cannot be an id names nothing. */
static lg_err read_ids(const http_route *route, const char *id, const char *kid, lg_command *command,
                       lg_report *report)
{
    command->type = *(const lg_command_type *)route->arg;
    command->kid = kid;
    if (id && !lg_uuid_parse(id, &command->subject))
        return lg_fail(report, LG_NOT_FOUND, "The id in the path is not a UUID.");
    return LG_OK;
}

static lg_err read_path(http_request *request, lg_command *command)
{
    const http_route *route = http_route_of(request);
    const char *id = strstr(route->path, "{id}") ? http_param(request, "id") : NULL;
    const char *kid = strstr(route->path, "{kid}") ? http_param(request, "kid") : NULL;
    return read_ids(route, id, kid ? lg_arena_strdup(http_arena(request), kid) : NULL, command,
                    http_report(request));
}

lg_err api_command_find(api_context *api, lg_arena *arena, const char *url, lg_command *command,
                        lg_report *report)
{
    http_target target;
    if (!router_find(api->router, arena, HTTP_POST, url, &target) || target.route->handler != post_command)
        return lg_fail(report, LG_NOT_FOUND, "There is no command at the url %s.",
                       lg_text_clip(arena, url, 200));
    return read_ids(target.route, http_target_param(&target, "id"), http_target_param(&target, "kid"),
                    command, report);
}

static lg_err prepare(http_request *request, api_command *c, lg_command_type type)
{
    api_context *api = http_context(request);
    lg_bytes jws = http_body(request);
    c->api = api;
    const bool is_signed = strcmp(http_media_type(request), "application/jose+json") == 0;
    if (!is_signed) {
        lg_err err = api_custody_compose(request, type, &jws, &c->outcome.stored, &c->outcome.replayed);
        if (err || c->outcome.replayed)
            return err;
    }
    lg_db *db = lg_readers_take(api->readers);
    lg_err err = api_command_prepare(c, api, db, http_arena(request), jws, http_path(request), type,
                                     http_report(request));
    lg_readers_give(api->readers, db);
    if (is_signed && c->command.signer_count) {
        lg_err limit = api_limit_signer(request, c->command.signers[0].no, 1);
        err = limit ? limit : err;
    }
    return err;
}

static void gone(void *data)
{
    api_command_clear(data);
}

http_result post_command(http_request *request)
{
    api_context *api = http_context(request);
    api_command *c = lg_arena_alloc(http_arena(request), sizeof *c);
    lg_err err = read_path(request, &c->command);
    if (err)
        return http_answer_problem(request, err, NULL);
    err = prepare(request, c, c->command.type);
    note_caller(request, c);
    if (err || c->outcome.replayed) {
        api_count_command(api, c->command.type, err, c->outcome.replayed, 0);
        return err ? http_answer_problem(request, err, NULL) : send(request, c);
    }
    c->request = request;
    c->job.done = done;
    http_set_data(request, c);
    http_on_gone(request, gone);
    /* Suspended before it is queued: the writer may be done with it before the next line runs. */
    http_result result = http_suspend(request, finish);
    err = lg_writer_submit(api->writer, &c->job);
    if (err) {
        c->job.err = err;
        http_resume(request);
    }
    return result;
}
