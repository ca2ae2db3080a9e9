/* `tallystick audit`: the ledger's audit, with the gateway's opinion on whether an entry is what the signed
 * document had to become. */
#include "server/server.h"

#include "ledger/audit/audit.h"
#include "ledger/base/text.h"
#include "server/api/command.h"
#include "server/gateway/checks.h"
#include "server/gateway/gateway.h"
#include "server/service/folder.h"

#include <pthread.h>
#include <string.h>

static const char NO_PATH[] = "the command's path is not one that takes commands";

/* What a command comes to, read on one of the audit's threads. */
typedef struct prepared {
    lg_command command;     /* type, subject, kid and payload */
    bool has_type;          /* false: its path is not one that takes commands */
    const char *unreadable; /* why it cannot be judged; NULL: it can */
    /* Of a submission: that policy was stored as giving a missing due date so many days, and with it the
     * document was read. */
    int64_t policy_version, default_tenor_days;
    lg_err no_policy;
} prepared;

enum { POLICIES_AT_HAND = 8 };

/* Default tenors by policy version. */
typedef struct tenors {
    struct {
        int64_t version, days;
    } known[POLICIES_AT_HAND];
    size_t next;
} tenors;

typedef struct audit_run {
    lg_buf findings; /* JSON list, open */
    lg_registry *registry;
    lg_command *command; /* at hand */
    lg_trial trial;
    const char *unreadable; /* why it cannot be judged; NULL: it can */
    size_t next_row;        /* of its document, to be held against the next entry */
    tenors rebuilt;
    pthread_mutex_t lock;
    tenors stored; /* under the lock: of the audit's threads */
    const server_audit_request *request;
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
    if (run->request->progress)
        run->request->progress(run->request->ctx, done, total);
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

/* ---- reading, on the audit's threads ---- */

static lg_err tenor_of(tenors *cache, lg_db *db, int64_t version, int64_t *days)
{
    lg_policy policy;
    for (size_t i = 0; i < POLICIES_AT_HAND; i++)
        if (cache->known[i].version == version && version > 0) {
            *days = cache->known[i].days;
            return LG_OK;
        }
    lg_arena *arena = lg_arena_open();
    lg_err err = version > 0 ? lg_policy_load(db, version, arena, &policy) : LG_NOT_FOUND;
    lg_arena_close(arena);
    if (err)
        return err;
    *days = policy.default_tenor_days;
    cache->known[cache->next].version = version;
    cache->known[cache->next].days = *days;
    cache->next = (cache->next + 1) % POLICIES_AT_HAND;
    return LG_OK;
}

static const char *parse_document(lg_arena *arena, const lg_jws *jws, int64_t default_tenor_days,
                                  lg_command *out)
{
    lg_report report;
    lg_report_init(&report, arena);
    return gateway_parse(jws, (int)default_tenor_days, out, &report) == LG_OK
               ? NULL
               : "the signed document cannot be read as a submission";
}

static const char *parse_payload(lg_arena *arena, const lg_jws *jws, lg_command *out)
{
    lg_report report;
    json_t *payload = NULL;
    lg_report_init(&report, arena);
    bool readable = lg_json_load(jws->payload, &payload, &report) == LG_OK &&
                    lg_command_decode(payload, out, &report) == LG_OK;
    json_decref(payload);
    return readable ? NULL : "the signed command cannot be read";
}

/* What the HTTP thread made of the command when it came. */
static void *prepare(void *ctx, lg_db *db, lg_arena *arena, const lg_jws *jws, const lg_event *first)
{
    audit_run *run = ctx;
    prepared *out = lg_arena_alloc(arena, sizeof *out);
    const char *url = jws->signatures[0].url;
    if (strncmp(url, "/v1/", 4) != 0 || !command_type_of(url, &out->command.type)) {
        out->unreadable = NO_PATH;
        return out;
    }
    out->has_type = true;
    read_path(url, arena, &out->command);
    if (out->command.type != LG_CMD_SUBMIT) {
        out->unreadable = parse_payload(arena, jws, &out->command);
        return out;
    }
    out->policy_version = first->policy_version;
    pthread_mutex_lock(&run->lock);
    out->no_policy = tenor_of(&run->stored, db, out->policy_version, &out->default_tenor_days);
    pthread_mutex_unlock(&run->lock);
    if (!out->no_policy)
        out->unreadable = parse_document(arena, jws, out->default_tenor_days, &out->command);
    return out;
}

/* ---- judging ---- */

/* The audit's threads read it by a policy as stored, which was not checked yet; if it is another, once more.
 */
static const char *check_document(audit_run *run, const lg_audit_case *audited, const prepared *read)
{
    int64_t days;
    if (tenor_of(&run->rebuilt, audited->db, read->policy_version, &days) != LG_OK)
        return "the policy version of the review was never set";
    if (!gateway_may_submit(run->command->signers, run->command->signer_count))
        return "the signed document cannot be read as a submission";
    if (!read->no_policy && days == read->default_tenor_days)
        return read->unreadable;
    return parse_document(audited->arena, audited->jws, days, run->command);
}

/* What was decoded of the command, with who signed it. */
static void take_command(audit_run *run, const lg_audit_case *audited, prepared *read)
{
    const lg_command *c = audited->command;
    run->command = &read->command;
    run->command->jws = c->jws;
    run->command->req = c->req;
    run->command->jti = c->jti;
    run->command->url = c->url;
    memcpy(run->command->signers, c->signers, sizeof c->signers);
    run->command->signer_count = c->signer_count;
    run->command->token = c->token;
    run->command->payload = c->payload;
}

static void begin_command(audit_run *run, const lg_audit_case *audited)
{
    prepared *read = audited->prepared;
    take_command(run, audited, read);
    run->next_row = 0;
    run->trial = (lg_trial){
        .registry = run->registry,
        .db = audited->db,
        .arena = audited->arena,
        .command = run->command,
        .seq = audited->seq,
        .entry_count = (size_t)audited->row_count,
        .at = audited->at,
        .recorded = audited->events,
        .recorded_count = audited->event_count,
        .result = audited->result,
    };
    run->unreadable = read->has_type && read->command.type == LG_CMD_SUBMIT
                          ? check_document(run, audited, read)
                          : read->unreadable;
}

static const char *submission_opinion(audit_run *run, const lg_event *event)
{
    const lg_command *document = run->command;
    while (run->next_row < document->submission_count && document->submission_faults[run->next_row].err)
        run->next_row++; /* a row that could not be read made no entry */
    if (run->next_row == document->submission_count)
        return "the signed document has fewer rows than entries";
    return lg_submission_contradiction(&run->trial, &document->submissions[run->next_row++], event);
}

static const char *opinion(void *ctx, lg_audit_case *audited, const lg_event *event, int64_t row)
{
    audit_run *run = ctx;
    if (row == 0)
        begin_command(run, audited);
    else if (run->trial.seq != audited->seq)
        return "the command's first entry cannot be read, so that this one cannot be judged";
    const char *complaint = run->unreadable;
    if (!complaint)
        complaint = lg_command_contradiction(&run->trial, event, (size_t)row);
    if (!complaint && run->command->type == LG_CMD_SUBMIT)
        complaint = submission_opinion(run, event);
    audited->projected = run->trial.projected;
    audited->failed = run->trial.failed;
    return complaint;
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
static bool restore_rows(lg_arena *arena, const lg_command *command, const lg_result *results, size_t count,
                         lg_outcome *out)
{
    size_t used = 0;
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

static const char *judge_answer(void *ctx, const lg_audit_case *audited, const lg_command_row *stored,
                                lg_result *results, size_t count)
{
    const audit_run *run = ctx;
    const lg_command *command = run->command;
    lg_outcome outcome = {.results = results, .count = count};
    const char *complaint = NULL;
    int status = 0;
    if (run->trial.seq != audited->seq)
        return "the stored answer cannot be written anew";
    if (run->unreadable == NO_PATH)
        return NO_PATH;
    for (size_t i = 0; i < count; i++) {
        lg_report_init(&results[i].report, audited->arena);
        if (results[i].has_receivable && results[i].receivable.life == LG_LIFE_REJECTED &&
            command->type == LG_CMD_SUBMIT)
            restore_rejection(audited->arena, &results[i]);
    }
    const char *cty = audited->jws->signatures[0].cty;
    if (cty && strcmp(cty, "text/csv") == 0 &&
        !restore_rows(audited->arena, command, results, count, &outcome))
        return "the stored answer does not fit the rows of the signed file";
    if (api_render(audited->db, audited->arena, command, &outcome, &status, &outcome.answer) != LG_OK)
        complaint = "the stored answer cannot be written anew";
    else if (status != stored->status)
        complaint = "the status beside the command is not what it was answered";
    else if (strcmp(outcome.answer.data, stored->answer) != 0)
        complaint = "the stored answer is not what the ledger says";
    lg_buf_clear(&outcome.answer);
    return complaint;
}

/* What an audit that goes on from an earlier one leaves out, for whoever reads its report. */
static const char *const left_out[] = {
    LG_TEXT("the bytes, disclosures, commands and signatures of the entries audited before"),
    LG_TEXT("rows that no entry has written since, except those of tables that say who may do what"),
    LG_TEXT("the rules between tables, which are asked of whole tables"),
    LG_TEXT("the integrity of the database file"),
};

static void put_left_out(lg_buf *buf, const lg_audit_summary *summary)
{
    if (!summary->before)
        return;
    lg_json_put_int(buf, "audited_before", summary->before);
    lg_json_key(buf, "not_looked_at_again");
    lg_json_list(buf);
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        lg_json_str(buf, left_out[i]);
    lg_json_end(buf);
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
    put_left_out(&buf, summary);
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

lg_err server_audit(const server_audit_request *request, lg_arena *arena, char **report_json,
                    lg_report *report)
{
    audit_run run = {.request = request, .lock = PTHREAD_MUTEX_INITIALIZER, .trial = {.seq = -1}};
    lg_audit_summary summary;
    lg_audit_config config = {.dir = request->dir,
                              .state = request->state,
                              .anew = request->anew,
                              .prepare = prepare,
                              .opinion = opinion,
                              .answer = judge_answer,
                              .finding = note_finding,
                              .progress = note_progress,
                              .ctx = &run};
    lg_err err = service_read_origin(request->dir, arena, &config.origin, &config.vkey, report);
    if (!err)
        err = lg_registry_open_to_judge(request->dir, gateway_review, &run.registry, report);
    if (err)
        goto out;
    lg_json_list(&run.findings);
    err = lg_audit_run(&config, &summary, report);
    lg_json_end(&run.findings);
    if (err == LG_OK || (err == LG_CORRUPT && summary.findings))
        *report_json = write_report(arena, &summary, &run);
out:
    lg_buf_clear(&run.findings);
    lg_registry_close(run.registry);
    pthread_mutex_destroy(&run.lock);
    return err;
}
