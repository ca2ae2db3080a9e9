#include "server/gateway/gateway.h"

#include "server/gateway/checks.h"
#include "server/gateway/invoice.h"

#include <string.h>

enum { JSON_MAX = 256 * 1024, CSV_MAX = 4 * 1024 * 1024 }; /* bytes; XML has its own bound */

/* The header's `submission` member, laid over what the document said. */
static lg_err overlay(const lg_jws_signature *header, gw_invoice *invoice, lg_report *report)
{
    json_t *object = NULL;
    if (!header->submission)
        return LG_OK;
    lg_err err = lg_json_load(lg_bytes_str(header->submission), &object, report);
    if (!err)
        err = import_overlay(object, invoice, report);
    json_decref(object);
    return err;
}

static lg_err import_one(const lg_jws *jws, gw_invoice *invoice, lg_report *report)
{
    const lg_jws_signature *header = &jws->signatures[0];
    json_t *payload = NULL;
    if (header->cty) {
        lg_err err = import_xml(jws->payload, invoice, report);
        return err ? err : overlay(header, invoice, report);
    }
    if (header->submission)
        return lg_fail(
            report, LG_MALFORMED_JWS,
            "The header's submission goes with an XML or CSV payload; JSON says all of it itself.");
    if (jws->payload.len > JSON_MAX)
        return lg_fail(report, LG_BODY_TOO_LARGE, "An invoice in JSON may have %d bytes.", JSON_MAX);
    lg_err err = lg_json_load(jws->payload, &payload, report);
    if (!err)
        err = import_json(payload, invoice, report);
    json_decref(payload);
    return err;
}

static void room_for(lg_command *command, lg_arena *arena, size_t count)
{
    command->submission_count = count;
    command->submissions = lg_arena_array(arena, count, sizeof *command->submissions);
    command->submission_faults = lg_arena_array(arena, count, sizeof *command->submission_faults);
    command->early_reviews = lg_arena_array(arena, count, sizeof *command->early_reviews);
}

static lg_err parse_csv(const lg_jws *jws, int default_tenor_days, lg_command *command, lg_report *report)
{
    gw_invoice *rows;
    size_t count;
    if (jws->payload.len > CSV_MAX)
        return lg_fail(report, LG_BODY_TOO_LARGE, "A CSV file may have %d bytes.", CSV_MAX);
    lg_err err = import_csv(jws->payload, &rows, &command->rows, &count, report);
    if (err)
        return err;
    room_for(command, report->arena, count);
    for (size_t i = 0; i < count; i++) {
        lg_report *row_report = &command->submission_faults[i];
        lg_report_init(row_report, report->arena);
        err = overlay(&jws->signatures[0], &rows[i], row_report);
        if (!err)
            err = invoice_to_submission(&rows[i], default_tenor_days, &command->submissions[i], row_report);
        row_report->err = err;
        if (err && lg_err_kind(err) != LG_KIND_CALLER)
            return err;
    }
    return LG_OK;
}

lg_err gateway_parse(const lg_jws *jws, int default_tenor_days, lg_command *command, lg_report *report)
{
    const char *cty = jws->signatures[0].cty;
    if (cty && strcmp(cty, "text/csv") == 0)
        return parse_csv(jws, default_tenor_days, command, report);
    if (cty && strcmp(cty, "application/xml") != 0)
        return lg_fail(report, LG_UNSUPPORTED_MEDIA_TYPE,
                       "cty is %s; a submission is JSON (no cty), application/xml or text/csv.", cty);
    gw_invoice invoice = {0};
    lg_err err = import_one(jws, &invoice, report);
    if (err)
        return err;
    room_for(command, report->arena, 1);
    return invoice_to_submission(&invoice, default_tenor_days, &command->submissions[0], report);
}

bool gateway_may_submit(const lg_signer *signers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!lg_has_role(signers[i].roles, LG_ROLE_SUPPLIER) &&
            !lg_has_role(signers[i].roles, LG_ROLE_CORE_ENTERPRISE))
            return false;
    return true;
}

/* The checks that can be made alone. */
static lg_err review_rows(const lg_policy *policy, lg_command *command, lg_report *report)
{
    for (size_t i = 0; i < command->submission_count; i++) {
        const lg_review_input input = {
            .submission = &command->submissions[i], .policy = policy, .today = lg_day_of(lg_now())};
        if (command->submission_faults[i].err)
            continue;
        lg_err err = gateway_review(&input, report->arena, &command->early_reviews[i]);
        if (err)
            return err;
    }
    return LG_OK;
}

lg_err gateway_read(const lg_jws *jws, const lg_policy *policy, lg_command *command, lg_report *report)
{
    /* Reading costs; only those who may submit get that far. */
    if (!gateway_may_submit(command->signers, command->signer_count))
        return lg_fail(report, LG_NOT_PERMITTED, "Submitting needs the role supplier or core_enterprise.");
    lg_err err = gateway_parse(jws, (int)policy->default_tenor_days, command, report);
    return err ? err : review_rows(policy, command, report);
}
