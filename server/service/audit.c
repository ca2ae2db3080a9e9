/* `tallystick audit`: the ledger's audit, with the gateway's opinion on whether an entry says what the signed document says. */
#include "server/server.h"

#include "ledger/audit/audit.h"
#include "ledger/base/text.h"
#include "server/gateway/gateway.h"
#include "server/service/folder.h"

#include <string.h>

typedef struct audit_run {
    lg_buf findings; /* JSON list, open */
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

/* The signed document read anew, held against the facts on the ledger. */
static const char *compare_submission(const lg_submission *s, const lg_event *event)
{
    if (strcmp(s->number, event->invoice_number) != 0)
        return "invoice_number is not what the signed document says";
    if (s->issue_day != event->issue_day || s->due_day != event->due_day)
        return "a date is not what the signed document says";
    if (!lg_currency_equal(s->currency, event->currency) || s->gross_minor != event->gross_minor ||
        s->amount_minor != event->amount_minor)
        return "an amount is not what the signed document says";
    if (!lg_text_equal(s->part, event->part))
        return "part is not what the signed document says";
    return NULL;
}

static const char *submission_opinion(lg_db *db, lg_arena *arena, const lg_command *command, const lg_jws *jws, const lg_event *event,
                                      int64_t row)
{
    lg_command again = *command;
    lg_report report;
    lg_policy policy;
    lg_report_init(&report, arena);
    again.type = LG_CMD_SUBMIT;
    if (lg_policy_load(db, event->policy_version, arena, &policy) != LG_OK)
        return "the policy version of the review was never set";
    if (gateway_read(jws, &policy, &again, &report) != LG_OK)
        return "the signed document cannot be read as a submission";
    lg_hash digest = lg_sha256(jws->payload);
    if (!lg_hash_equal(&digest, &event->document_sha256))
        return "document_sha256 is not the digest of the signed payload";
    for (size_t i = 0; i < again.submission_count; i++)
        if (!again.submission_faults[i].err && row-- == 0)
            return compare_submission(&again.submissions[i], event);
    return "the signed document has fewer rows than entries";
}

static const char *confirm_opinion(lg_db *db, lg_arena *arena, const lg_jws *jws, const lg_event *event)
{
    lg_report report;
    lg_receivable receivable;
    json_t *payload = NULL;
    const char *complaint = NULL;
    int64_t amount;
    lg_report_init(&report, arena);
    if (lg_receivable_by_id(db, (lg_receivable_id){event->receivable_id}, arena, &receivable) != LG_OK)
        return "the receivable does not exist";
    if (lg_json_load(jws->payload, &payload, &report) != LG_OK)
        return "the signed command is not JSON";
    const char *text = json_string_value(json_object_get(payload, "amount"));
    amount = receivable.amount_minor;
    if (text && lg_amount_parse(text, receivable.currency, &amount) != LG_AMOUNT_OK)
        complaint = "the signed command's amount cannot be read";
    else if (amount != event->face_minor)
        complaint = "face_minor is not the amount that was signed";
    json_decref(payload);
    return complaint;
}

static const char *opinion(lg_db *db, lg_arena *arena, const lg_command *command, const lg_jws *jws, const lg_event *event, int64_t row)
{
    const char *id = lg_uuid_format(event->receivable_id).s;
    if (event->invoice_number)
        return strcmp(command->url, "/v1/receivables") == 0 ? submission_opinion(db, arena, command, jws, event, row)
                                                            : "the command's path is not a submission's";
    if (!lg_uuid_is_nil(event->receivable_id) && !strstr(command->url, id))
        return "the command's path names another receivable";
    return event->type == LG_EV_CLAIM_ACCEPTED ? confirm_opinion(db, arena, jws, event) : NULL;
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

lg_err server_audit(const char *dir, lg_arena *arena, char **report_json, server_progress progress, void *ctx, lg_report *report)
{
    audit_run run = {.progress = progress, .ctx = ctx};
    lg_audit_summary summary;
    lg_audit_config config = {.dir = dir, .opinion = opinion, .finding = note_finding, .progress = note_progress, .ctx = &run};
    lg_err err = service_read_origin(dir, arena, &config.origin, &config.vkey, report);
    if (err)
        return err;
    lg_json_list(&run.findings);
    err = lg_audit_run(&config, &summary, report);
    lg_json_end(&run.findings);
    if (err == LG_OK || err == LG_CORRUPT)
        *report_json = write_report(arena, &summary, &run);
    lg_buf_clear(&run.findings);
    return err;
}
