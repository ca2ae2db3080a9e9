/* `tallystick audit`: the ledger's audit, with the gateway's opinion on whether an entry is what the signed
 * document had to become. */
#include "server/server.h"

#include "ledger/audit/audit.h"
#include "ledger/base/text.h"
#include "server/api/command.h"
#include "server/gateway/checks.h"
#include "server/gateway/gateway.h"
#include "server/service/folder.h"

#include <string.h>

typedef struct audit_run {
    lg_buf findings; /* JSON list, open */
    lg_registry *registry;
    /* The command at hand, read once for all its entries. */
    lg_arena *command_arena;
    lg_command command;
    lg_trial trial;
    const char *unreadable; /* why it cannot be judged; NULL: it can */
    size_t next_row;        /* of its document, to be held against the next entry */
    server_progress progress;
    void *ctx;
} audit_run;

static void note_finding(void *ctx, const char *table, const char *key, const char *detail)
{
    audit_run *run = ctx;
    lg_json_open(&run->findings);
    lg_json_put_str(&run->findings, "table", table);
    lg_json_put_str(&run->findings, "key", key);
    lg_json_put_str(&run->findings, "detail", detail);
    lg_json_close(&run->findings);
}

static void note_progress(void *ctx, int64_t done, int64_t total)
{
    const audit_run *run = ctx;
    if (run->progress)
        run->progress(run->ctx, done, total);
}

/* Which command a path is for: the route table read backwards. */
static bool command_type_of(const char *url, lg_command_type *out)
{
    for (size_t i = 0; i < api_route_count; i++) {
        const http_route *route = &api_routes[i];
        const char *pattern = route->path, *at = url;
        if (route->method != HTTP_POST || !route->arg)
            continue;
        while (*pattern && *at) {
            if (*pattern == '{') {
                pattern += strcspn(pattern, "/");
                at += strcspn(at, "/");
            } else if (*pattern++ != *at++) {
                break;
            }
        }
        if (!*pattern && !*at) {
            *out = *(const lg_command_type *)route->arg;
            return true;
        }
    }
    return false;
}

/* The ids in a command's path. */
static void read_path(const char *url, lg_arena *arena, lg_command *out)
{
    static const char keys[] = "/keys/";
    const char *id = strchr(url + sizeof "/v1/" - 1, '/');
    if (id && !lg_uuid_parse(lg_arena_strndup(arena, id + 1, strcspn(id + 1, "/")), &out->subject))
        out->subject = (lg_uuid){{0}};
    const char *kid = strstr(url, keys);
    if (kid)
        out->kid = lg_arena_strndup(arena, kid + sizeof keys - 1, strcspn(kid + sizeof keys - 1, "/"));
}

static const char *read_document(audit_run *run, lg_db *db, const lg_jws *jws, const lg_event *event)
{
    lg_report report;
    lg_policy policy;
    lg_report_init(&report, run->command_arena);
    run->command.submission_count = run->next_row = 0;
    if (lg_policy_load(db, event->policy_version, run->command_arena, &policy) != LG_OK)
        return "the policy version of the review was never set";
    if (gateway_read(jws, &policy, &run->command, &report) != LG_OK)
        return "the signed document cannot be read as a submission";
    return NULL;
}

static const char *read_payload(audit_run *run, const lg_jws *jws)
{
    lg_report report;
    json_t *payload = NULL;
    lg_report_init(&report, run->command_arena);
    bool readable = lg_json_load(jws->payload, &payload, &report) == LG_OK &&
                    lg_command_decode(payload, &run->command, &report) == LG_OK;
    json_decref(payload);
    return readable ? NULL : "the signed command cannot be read";
}

/* What the HTTP thread made of the command when it came. */
static const char *read_command(audit_run *run, lg_db *db, const lg_command *command, const lg_jws *jws,
                                const lg_event *event)
{
    run->command = *command;
    if (strncmp(command->url, "/v1/", 4) != 0 || !command_type_of(command->url, &run->command.type))
        return "the command's path is not one that takes commands";
    read_path(command->url, run->command_arena, &run->command);
    return run->command.type == LG_CMD_SUBMIT ? read_document(run, db, jws, event) : read_payload(run, jws);
}

static void begin_command(audit_run *run, lg_db *db, const lg_command *command, const lg_jws *jws,
                          const lg_event *event, const lg_audit_place *place)
{
    lg_arena_reset(run->command_arena);
    run->trial = (lg_trial){
        .registry = run->registry,
        .db = db,
        .arena = run->command_arena,
        .command = &run->command,
        .seq = place->seq,
        .entry_count = (size_t)place->row_count,
        .at = place->at,
    };
    run->unreadable = read_command(run, db, command, jws, event);
}

static const char *submission_opinion(audit_run *run, const lg_event *event)
{
    const lg_command *document = &run->command;
    while (run->next_row < document->submission_count && document->submission_faults[run->next_row].err)
        run->next_row++; /* a row that could not be read made no entry */
    if (run->next_row == document->submission_count)
        return "the signed document has fewer rows than entries";
    return lg_submission_contradiction(&run->trial, &document->submissions[run->next_row++], event);
}

static const char *opinion(void *ctx, lg_db *db, lg_arena *arena, const lg_command *command,
                           const lg_jws *jws, const lg_event *event, const lg_audit_place *place)
{
    audit_run *run = ctx;
    if (place->row == 0)
        begin_command(run, db, command, jws, event, place);
    else if (run->trial.seq + place->row != place->seq)
        return "the command's first entry cannot be read, so that this one cannot be judged";
    const char *complaint = run->unreadable;
    if (!complaint)
        complaint = lg_command_contradiction(&run->trial, event, (size_t)place->row);
    if (!complaint && run->command.type == LG_CMD_SUBMIT)
        complaint = submission_opinion(run, event);
    return complaint ? lg_arena_strdup(arena, complaint) : NULL;
}

/* ---- the stored answer, written anew ---- */

/* A rejection's errors are the failed checks of the review on record. */
static void restore_rejection(lg_arena *arena, lg_result *result)
{
    json_t *checks = json_loads(result->receivable.checks, 0, NULL), *check;
    size_t i;
    json_array_foreach(checks, i, check)
    {
        const char *outcome = json_string_value(json_object_get(check, "outcome"));
        if (!outcome || strcmp(outcome, "reject") != 0)
            continue;
        const char *code = json_string_value(json_object_get(check, "code"));
        const char *pointer = json_string_value(json_object_get(check, "pointer"));
        const char *detail = json_string_value(json_object_get(check, "detail"));
        lg_fault_add(&result->report, code ? code : "", pointer ? pointer : "", "%s", detail ? detail : "");
    }
    json_decref(checks);
    result->report.detail = result->report.first ? result->report.first->detail : NULL;
    result->err = result->report.err = LG_GATEWAY_REJECTED;
    result->report.arena = arena;
}

/* Rows of a CSV: those that could not be read lie between those that became entries. False if they do not add
 * up. */
static bool restore_rows(lg_db *db, lg_arena *arena, lg_command *command, const lg_jws *jws,
                         const lg_result *results, size_t count, lg_outcome *out)
{
    lg_report report;
    lg_policy policy;
    size_t used = 0;
    lg_report_init(&report, arena);
    if (lg_policy_load(db, results[0].receivable.policy_version, arena, &policy) != LG_OK ||
        gateway_read(jws, &policy, command, &report) != LG_OK)
        return false;
    out->count = command->submission_count;
    out->results = lg_arena_array(arena, out->count, sizeof *out->results);
    for (size_t i = 0; i < out->count; i++) {
        if (command->submission_faults[i].err) {
            out->results[i] = (lg_result){.err = command->submission_faults[i].err,
                                          .report = command->submission_faults[i]};
        } else if (used < count) {
            out->results[i] = results[used++];
        } else {
            return false;
        }
        out->results[i].row = command->rows[i];
    }
    return used == count;
}

static const char *judge_answer(lg_db *db, lg_arena *arena, const lg_command *command, const lg_jws *jws,
                                const lg_command_row *stored, lg_result *results, size_t count)
{
    lg_command again = *command;
    lg_outcome outcome = {.results = results, .count = count};
    const char *complaint = NULL;
    int status = 0;
    if (!command_type_of(command->url, &again.type))
        return "the command's path is not one that takes commands";
    for (size_t i = 0; i < count; i++) {
        lg_report_init(&results[i].report, arena);
        if (results[i].has_receivable && results[i].receivable.life == LG_LIFE_REJECTED &&
            again.type == LG_CMD_SUBMIT)
            restore_rejection(arena, &results[i]);
    }
    const char *cty = jws->signatures[0].cty;
    if (cty && strcmp(cty, "text/csv") == 0 &&
        !restore_rows(db, arena, &again, jws, results, count, &outcome))
        return "the stored answer does not fit the rows of the signed file";
    if (api_render(db, arena, &again, &outcome, &status, &outcome.answer) != LG_OK)
        complaint = "the stored answer cannot be written anew";
    else if (status != stored->status)
        complaint = "the status beside the command is not what it was answered";
    else if (strcmp(outcome.answer.data, stored->answer) != 0)
        complaint = "the stored answer is not what the ledger says";
    lg_buf_clear(&outcome.answer);
    return complaint;
}

static char *write_report(lg_arena *arena, const lg_audit_summary *summary, const audit_run *run)
{
    lg_buf buf = {0};
    lg_json_open(&buf);
    lg_json_put_bool(&buf, "ok", summary->findings == 0);
    lg_json_put_int(&buf, "entries", summary->entries);
    lg_json_put_int(&buf, "commands", summary->commands);
    lg_json_put_int(&buf, "signatures", summary->signatures);
    lg_json_put_int(&buf, "facts", summary->facts);
    lg_json_put_int(&buf, "invariants", summary->invariants);
    lg_json_key(&buf, "tables");
    lg_json_open(&buf);
    for (size_t i = 0; i < summary->table_count; i++)
        lg_json_put_int(&buf, summary->tables[i].name, summary->tables[i].rows);
    lg_json_close(&buf);
    lg_json_put_raw(&buf, "findings", run->findings.data);
    lg_json_close(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

lg_err server_audit(const char *dir, lg_arena *arena, char **report_json, server_progress progress, void *ctx,
                    lg_report *report)
{
    audit_run run = {.progress = progress, .ctx = ctx, .command_arena = lg_arena_open()};
    lg_audit_summary summary;
    lg_audit_config config = {.dir = dir,
                              .opinion = opinion,
                              .answer = judge_answer,
                              .finding = note_finding,
                              .progress = note_progress,
                              .ctx = &run};
    lg_err err = service_read_origin(dir, arena, &config.origin, &config.vkey, report);
    if (!err)
        err = lg_registry_open_to_judge(dir, gateway_review, &run.registry, report);
    if (err)
        goto out;
    lg_json_list(&run.findings);
    err = lg_audit_run(&config, &summary, report);
    lg_json_end(&run.findings);
    if (err == LG_OK || err == LG_CORRUPT)
        *report_json = write_report(arena, &summary, &run);
out:
    lg_buf_clear(&run.findings);
    lg_registry_close(run.registry);
    lg_arena_close(run.command_arena);
    return err;
}
