/* One command inside the writer's savepoint: idempotency, signers, the act itself, the stored answer. */
#include "ledger/registry/internal.h"

#include "ledger/base/buf.h"

#include <string.h>

bool lg_signer_has(const lg_signer *signer, lg_role role)
{
    return lg_has_role(signer->roles, role);
}

lg_err lg_require_role(lg_act *act, lg_role role)
{
    if (lg_signer_has(&act->command->signers[0], role))
        return LG_OK;
    return lg_fail(act->report, LG_NOT_PERMITTED, "This needs the role %s.", lg_role_name(role));
}

static void keep_entry(lg_act *act, const lg_entry_row *entry)
{
    lg_outcome *out = act->outcome;
    if (out->entry_count == out->entry_cap) {
        size_t cap = out->entry_cap ? out->entry_cap * 2 : 4;
        lg_entry_row *entries = lg_arena_array(act->arena, cap, sizeof *entries);
        if (out->entry_count)
            memcpy(entries, out->entries, out->entry_count * sizeof *entries);
        out->entries = entries;
        out->entry_cap = cap;
    }
    out->entries[out->entry_count++] = *entry;
    if (!act->result->has_entry)
        act->result->entry = *entry;
    act->result->has_entry = true;
}

lg_err lg_act_record(lg_act *act, lg_event *event)
{
    const lg_command *command = act->command;
    lg_fact facts[LG_ENTRY_FACTS_MAX];
    lg_entry_row entry;
    size_t fact_count;
    if (command->signer_count > 0) {
        event->by = command->signers[0].id.uuid;
        event->custody = command->signers[0].custody;
    }
    if (command->signer_count > 1)
        event->countersigned_by = command->signers[1].id.uuid;
    lg_err err = lg_require_within_token(act, event);
    if (err)
        return err;
    if (act->trial)
        return lg_trial_record(act, event);
    lg_event_encode(act->arena, event, facts, &fact_count);
    err = lg_ledger_append(act->ledger, act->arena, lg_event_name(event->type), act->now, &command->req,
                           facts, fact_count, &entry);
    if (err)
        return err;
    keep_entry(act, &entry);
    const lg_apply apply = {
        .db = act->db,
        .arena = act->arena,
        .hash_key = lg_registry_hash_key(act->registry),
        .seq = entry.seq,
        .at = act->now,
        .payload = command->payload,
        .receivable = act->receivable,
        .fingerprint = act->fingerprint,
    };
    act->receivable = NULL; /* the event may change it */
    err = lg_event_apply(&apply, event, act->result);
    /* The act was found possible: if it cannot be projected, that is no refusal but a fault of ours. */
    return lg_err_kind(err) == LG_KIND_CALLER ? LG_INTERNAL : err;
}

static lg_err do_participant_command(lg_act *act)
{
    switch ((int)act->command->type) {
    case LG_CMD_PARTICIPANT_REGISTER:
        return lg_do_participant_register(act);
    case LG_CMD_PARTICIPANT_SUSPEND:
    case LG_CMD_PARTICIPANT_ACTIVATE:
        return lg_do_participant_status(act);
    case LG_CMD_DEBTOR_STOP:
    case LG_CMD_DEBTOR_CLEAR:
        return lg_do_debtor_stop(act);
    case LG_CMD_CREDIT_LINE_SET:
        return lg_do_credit_line(act);
    case LG_CMD_KEY_ADD:
        return lg_do_key_add(act);
    case LG_CMD_KEY_REVOKE:
        return lg_do_key_revoke(act);
    case LG_CMD_TOKEN_ISSUE:
        return lg_do_token_issue(act);
    case LG_CMD_TOKEN_REVOKE:
        return lg_do_token_revoke(act);
    case LG_CMD_POLICY_SET:
        return lg_do_policy_set(act);
    case LG_CMD_PARTICIPANT_RATE:
        return lg_do_participant_rate(act);
    }
    return LG_INTERNAL;
}

static lg_err do_receivable_command(lg_act *act)
{
    switch ((int)act->command->type) {
    case LG_CMD_SUBMIT:
        return lg_do_submit(act, 0);
    case LG_CMD_CONFIRM:
    case LG_CMD_ACCEPT:
        return lg_do_confirm(act);
    case LG_CMD_DECLINE:
        return lg_do_decline(act);
    case LG_CMD_WITHDRAW:
        return lg_do_withdraw(act);
    case LG_CMD_LAPSE:
        return lg_do_lapse(act);
    case LG_CMD_REVIEW_APPROVE:
        return lg_do_review_approve(act);
    case LG_CMD_REVIEW_REJECT:
        return lg_do_review_reject(act);
    case LG_CMD_VERIFY:
        return lg_do_verify(act);
    }
    return LG_INTERNAL;
}

lg_aggregate lg_command_aggregate(lg_command_type type)
{
    static const lg_aggregate aggregates[] = {
#define AGGREGATE(enumerator, aggregate, scope) [enumerator] = aggregate,
        LG_COMMANDS(AGGREGATE)
#undef AGGREGATE
    };
    return aggregates[type];
}

lg_scope lg_command_scope(lg_command_type type)
{
    static const lg_scope scopes[] = {
#define SCOPE(enumerator, aggregate, scope) [enumerator] = scope,
        LG_COMMANDS(SCOPE)
#undef SCOPE
    };
    return scopes[type];
}

lg_err lg_do_command(lg_act *act)
{
    switch (lg_command_aggregate(act->command->type)) {
    case LG_OF_PARTICIPANT:
        return do_participant_command(act);
    case LG_OF_RECEIVABLE:
        return do_receivable_command(act);
    case LG_OF_CLAIM:
        return lg_do_claim_act(act);
    case LG_OF_DISCLOSURE:
        return lg_do_disclosure_act(act);
    case LG_OF_FINANCING:
        return lg_do_financing_act(act);
    case LG_OF_PAYMENT:
        return lg_do_payment_act(act);
    case LG_OF_WEBHOOK:
        return lg_do_webhook_act(act);
    case LG_OF_CUSTODY:
        return lg_do_custody_act(act);
    }
    return LG_INTERNAL;
}

static lg_act begin_act(lg_registry *registry, lg_ledger *ledger, lg_arena *arena, const lg_command *command,
                        lg_time now, lg_outcome *out, lg_result *result, lg_report *report)
{
    return (lg_act){
        .registry = registry,
        .ledger = ledger,
        .db = lg_ledger_db(ledger),
        .arena = arena,
        .command = command,
        .now = now,
        .outcome = out,
        .result = result,
        .report = report,
    };
}

static bool is_beyond_signer(lg_err err)
{
    return err == LG_NOT_PERMITTED || err == LG_TOKEN_LIMIT || err == LG_FOUR_EYES;
}

/* A refusal of one row undoes only that row; what the signers may not do, and our own faults, end the whole
 * command. */
static lg_err do_rows(lg_registry *registry, lg_ledger *ledger, lg_arena *arena, const lg_command *command,
                      lg_time now, lg_outcome *out, lg_report *report)
{
    for (size_t i = 0; i < command->submission_count; i++) {
        lg_result *result = &out->results[i];
        lg_mark mark;
        lg_report_init(&result->report, arena);
        result->row = command->rows[i];
        if (command->submission_faults[i].err) {
            result->report = command->submission_faults[i];
            result->err = result->report.err;
            continue;
        }
        lg_act act = begin_act(registry, ledger, arena, command, now, out, result, &result->report);
        lg_err err = lg_require_token(&act);
        if (err)
            *report = result->report;
        else
            err = lg_ledger_mark(ledger, 1, &mark);
        if (err)
            return err;
        result->err = lg_do_submit(&act, i);
        if (is_beyond_signer(result->err) || lg_err_kind(result->err) > LG_KIND_CALLER) {
            *report = result->report;
            if (is_beyond_signer(result->err))
                return lg_fail(report, result->err, "Row %d: %s", result->row, report->detail);
            return result->err;
        }
        err = result->err && !result->has_entry ? lg_ledger_undo(ledger, mark) : lg_ledger_keep(ledger, mark);
        if (err)
            return err;
    }
    return LG_OK;
}

static lg_err do_one(lg_registry *registry, lg_ledger *ledger, lg_arena *arena, const lg_command *command,
                     lg_time now, lg_outcome *out, lg_report *report)
{
    lg_act act = begin_act(registry, ledger, arena, command, now, out, &out->results[0], report);
    lg_err err = lg_require_token(&act);
    if (!err)
        err = lg_do_command(&act);
    out->results[0].err = err;
    out->results[0].report = *report;
    /* What the gateway rejected is on the ledger: it stands, with its own answer. */
    return err == LG_GATEWAY_REJECTED && out->results[0].has_entry ? LG_OK : err;
}

static lg_err store(lg_registry *registry, lg_ledger *ledger, lg_arena *arena, const lg_command *command,
                    int64_t first_seq, lg_outcome *out)
{
    int64_t count = lg_ledger_next_seq(ledger) - first_seq;
    lg_err err =
        lg_registry_render(registry)(lg_ledger_db(ledger), arena, command, out, &out->status, &out->answer);
    if (err || count == 0)
        return err; /* a CSV of which no row was taken leaves nothing to remember */
    const lg_command_row row = {
        .first_seq = first_seq,
        .entry_count = count,
        .signer = command->signers[0].no,
        .jti = command->jti,
        .url = command->url,
        .status = out->status,
        .answer = out->answer.data,
        .jws = command->jws,
    };
    return lg_command_insert(lg_ledger_db(ledger), &row);
}

lg_err lg_command_apply(lg_registry *registry, lg_ledger *ledger, lg_arena *arena, const lg_command *command,
                        lg_outcome *out, lg_report *report)
{
    lg_db *db = lg_ledger_db(ledger);
    int64_t first_seq = lg_ledger_next_seq(ledger);
    /* One time for the whole command: its keys are valid at the very time its entries carry. */
    lg_time now = lg_ledger_clock(ledger);
    lg_err err = lg_command_recheck_signers(db, arena, command, now, report);
    if (err)
        return err;
    err = lg_command_find_stored(db, arena, command, &out->stored, report);
    out->replayed = err == LG_OK;
    if (err != LG_NOT_FOUND)
        return err;
    bool many = command->rows != NULL;
    out->count = many ? command->submission_count : 1;
    out->results = lg_arena_array(arena, out->count, sizeof *out->results);
    lg_buf_reset(&out->answer); /* of another attempt */
    out->entries = NULL;
    out->entry_count = out->entry_cap = 0;
    err = many ? do_rows(registry, ledger, arena, command, now, out, report)
               : do_one(registry, ledger, arena, command, now, out, report);
    return err ? err : store(registry, ledger, arena, command, first_seq, out);
}
