/* Was who signed entitled, was it time, did the state allow it, and what else had to become of the command?
 * The audit does not tell the rules a second time: the acts themselves decide once more, on the state that
 * the entries before make, and what they would record is held against what was recorded. */
#include "ledger/registry/internal.h"

#include "ledger/store/log_rows.h"

#include <string.h>

enum { SAVEPOINT = 3 /* below any that the ledger uses */ };

/* ---- comparing ---- */

/* Later events of the command name the thing that its first one made: by the id just drawn, where the one
 * that was recorded is meant. */
static void rename_made(lg_event *event, const lg_event *drawn, const lg_event *named)
{
    if (lg_uuid_equal(event->request_id, drawn->request_id))
        event->request_id = named->request_id;
    if (lg_uuid_equal(event->proposal_id, drawn->proposal_id))
        event->proposal_id = named->proposal_id;
}

/* The parts as recorded but for what was decided of each. */
static void adopt_parts(lg_arena *arena, lg_event *decided, const lg_event *recorded)
{
    lg_event_part *parts = lg_arena_array(arena, decided->part_count + 1, sizeof *parts);
    for (size_t i = 0; i < decided->part_count; i++) {
        parts[i] = decided->parts[i];
        if (i < recorded->part_count)
            parts[i].claim_id = recorded->parts[i].claim_id;
    }
    decided->parts = parts;
}

/* The id of what an event makes is drawn at random, and so is a key that the registry keeps: the one recorded
 * is as good as the one drawn just now. */
static void adopt(lg_arena *arena, lg_event *decided, const lg_event *recorded)
{
    switch ((int)decided->type) {
    case LG_EV_PARTICIPANT_REGISTERED:
        decided->participant_id = recorded->participant_id;
        break;
    case LG_EV_TOKEN_ISSUED:
        decided->token_id = recorded->token_id;
        break;
    case LG_EV_CLAIM_ACCEPTED:
        decided->claim_id = recorded->claim_id;
        break;
    case LG_EV_CLAIM_SPLIT:
    case LG_EV_CLAIM_TRANSFER_OFFERED:
        adopt_parts(arena, decided, recorded);
        break;
    case LG_EV_GRANT_MADE:
        decided->grant_id = recorded->grant_id;
        break;
    case LG_EV_PROGRAM_OPENED:
        decided->program_id = recorded->program_id;
        break;
    case LG_EV_FINANCING_REQUESTED:
        decided->request_id = recorded->request_id;
        break;
    case LG_EV_OFFER_MADE:
        decided->offer_id = recorded->offer_id;
        break;
    case LG_EV_FINANCING_ACCEPTED:
        decided->financing_id = recorded->financing_id;
        break;
    case LG_EV_PAYMENT_RECORDED:
        decided->payment_id = recorded->payment_id;
        break;
    case LG_EV_PROPOSAL_MADE:
        decided->proposal_id = recorded->proposal_id;
        break;
    case LG_EV_WEBHOOK_REGISTERED:
        decided->webhook_id = recorded->webhook_id;
        break;
    case LG_EV_APPROVAL_ASKED:
        decided->approval_id = recorded->approval_id;
        break;
    }
    if (decided->key_in_custody && recorded->key_in_custody)
        decided->public_key = recorded->public_key;
}

static const char *value_of(const lg_fact *facts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(facts[i].name, name) == 0)
            return facts[i].value;
    return NULL;
}

static const char *compare_facts(lg_arena *arena, const lg_event *decided, const lg_event *recorded)
{
    lg_fact *due = lg_arena_array(arena, LG_ENTRY_FACTS_MAX, sizeof *due),
            *found = lg_arena_array(arena, LG_ENTRY_FACTS_MAX, sizeof *found);
    size_t due_count, found_count;
    lg_event_encode(arena, decided, due, &due_count);
    lg_event_encode(arena, recorded, found, &found_count);
    for (size_t i = 0; i < due_count; i++) {
        const char *value = value_of(found, found_count, due[i].name);
        if (!value)
            return lg_arena_printf(arena, "%s is missing; by the rules it had to be %s", due[i].name,
                                   due[i].value);
        if (strcmp(value, due[i].value) != 0)
            return lg_arena_printf(arena, "%s is %s; by the rules it had to be %s", due[i].name, value,
                                   due[i].value);
    }
    for (size_t i = 0; i < found_count; i++)
        if (!value_of(due, due_count, found[i].name))
            return lg_arena_printf(arena, "%s is %s; by the rules it had to be absent", found[i].name,
                                   found[i].value);
    return NULL;
}

/* `by`, `countersigned_by` and `custody` are the audit's own to judge, from the signatures. */
static lg_event signed_alike(const lg_event *event, const lg_event *recorded)
{
    lg_event out = *event;
    out.by = recorded->by;
    out.countersigned_by = recorded->countersigned_by;
    out.custody = recorded->custody;
    return out;
}

/* ---- deciding ---- */

static lg_event *keep(lg_trial *trial, const lg_event *event)
{
    if (trial->count == trial->cap) {
        size_t cap = trial->cap ? trial->cap * 2 : trial->recorded_count + 1;
        lg_event *events = lg_arena_array(trial->arena, cap, sizeof *events);
        if (trial->count)
            memcpy(events, trial->events, trial->count * sizeof *events);
        trial->events = events;
        trial->cap = cap;
    }
    lg_event *kept = &trial->events[trial->count++];
    *kept = *event;
    if (event->part_count) { /* an act may have them on its stack */
        lg_event_part *parts = lg_arena_array(trial->arena, event->part_count, sizeof *parts);
        memcpy(parts, event->parts, event->part_count * sizeof *parts);
        kept->parts = parts;
    }
    return kept;
}

static lg_apply context_of(const lg_act *act, size_t row)
{
    return (lg_apply){
        .db = act->db,
        .arena = act->arena,
        .hash_key = lg_registry_hash_key(act->registry),
        .seq = act->trial->seq + (int64_t)row,
        .at = act->now,
        .payload = act->command->payload,
        .receivable = act->receivable,
    };
}

/* Is that the event that was recorded as the next one? */
static bool is_recorded(const lg_trial *trial, const lg_event *event)
{
    const size_t row = trial->count;
    if (row >= trial->recorded_count || event->type != trial->recorded[row]->type)
        return false;
    lg_event decided = signed_alike(event, trial->recorded[row]);
    if (row > 0)
        rename_made(&decided, &trial->events[0], trial->recorded[0]);
    adopt(trial->arena, &decided, trial->recorded[row]);
    return lg_event_equal(&decided, trial->recorded[row]);
}

/* Projects what was recorded, which is what was decided, for good. */
static lg_err go_along(lg_act *act, const lg_event *event)
{
    lg_trial *trial = act->trial;
    const size_t row = trial->count;
    const lg_event *recorded = trial->recorded[row];
    if (row > 0)
        trial->complaints[row] = lg_match_event(act->db, act->arena, act->command, recorded);
    keep(trial, event);
    const lg_apply context = context_of(act, row);
    trial->failed = lg_event_apply(&context, recorded, act->result);
    trial->projected += !trial->failed;
    return trial->failed;
}

/* From here on what the act makes is undone in the end. */
static lg_err part(lg_act *act)
{
    lg_result *result = lg_arena_alloc(act->arena, sizeof *result);
    *result = *act->result;
    act->result = result;
    act->trial->beside = true;
    return lg_db_savepoint(act->db, SAVEPOINT);
}

static lg_err go_beside(lg_act *act, const lg_event *event)
{
    lg_entry_row row;
    const lg_apply context = context_of(act, act->trial->count);
    lg_err err = lg_entry_get(act->db, context.seq, act->arena, &row);
    if (err == LG_NOT_FOUND)
        err = lg_entry_insert(act->db, context.seq, lg_bytes_str("{}"), "");
    return err ? err : lg_event_apply(&context, keep(act->trial, event), act->result);
}

lg_err lg_trial_record(lg_act *act, const lg_event *event)
{
    lg_trial *trial = act->trial;
    lg_err err = LG_OK;
    if (!trial->beside && is_recorded(trial, event)) {
        err = go_along(act, event);
    } else {
        err = trial->beside ? LG_OK : part(act);
        if (!err)
            err = go_beside(act, event);
    }
    act->receivable = NULL; /* the event may have changed it */
    return lg_err_kind(err) == LG_KIND_CALLER ? LG_INTERNAL : err;
}

static const char *refusal(lg_arena *arena, lg_err err, const lg_report *report)
{
    if (!err)
        return NULL;
    if (lg_err_kind(err) != LG_KIND_CALLER)
        return lg_arena_printf(arena, "the command cannot be decided anew: %s", lg_err_slug(err));
    return lg_arena_printf(arena, "the rules did not allow this: %s",
                           report->detail ? report->detail : lg_err_slug(err));
}

static lg_act begin_act(lg_trial *trial, lg_report *report)
{
    lg_report_init(report, trial->arena);
    return (lg_act){
        .registry = trial->registry,
        .db = trial->db,
        .arena = trial->arena,
        .command = trial->command,
        .now = trial->at,
        .report = report,
        .trial = trial,
    };
}

/* Leaves the database as it was, but for what was recorded as well. */
static void decide(lg_trial *trial)
{
    lg_report report;
    lg_result unwanted = {.err = LG_OK}, *result = trial->recorded_count ? trial->result : &unwanted;
    lg_outcome outcome = {.results = result, .count = 1};
    lg_act act = begin_act(trial, &report);
    act.outcome = &outcome;
    act.result = result;
    trial->count = trial->projected = 0;
    trial->beside = false;
    trial->complaints = lg_arena_array(trial->arena, trial->recorded_count + 1, sizeof *trial->complaints);
    lg_err err = lg_require_token(&act);
    if (!err)
        err = lg_do_command(&act);
    if (trial->beside) {
        lg_err undone = lg_db_rollback_to(trial->db, SAVEPOINT);
        err = undone ? undone : err;
        lg_registry_forget_policy(trial->registry);
    }
    trial->refusal = refusal(trial->arena, err, &report);
}

lg_err lg_trial_policy(const lg_trial *trial, lg_policy *out)
{
    lg_act act = {.registry = trial->registry, .db = trial->db};
    return lg_act_policy(&act, out);
}

const char *lg_trial_of_token(lg_trial *trial, const lg_event *event)
{
    lg_report report;
    lg_act act = begin_act(trial, &report);
    lg_err err = lg_require_token(&act);
    if (!err)
        err = lg_submission_allowed(&act, event);
    return refusal(trial->arena, err, &report);
}

/* ---- judging ---- */

const char *lg_trial_contradiction(lg_trial *trial, const lg_event *event, size_t row)
{
    if (row == 0) {
        decide(trial);
        if (trial->count > 0 && trial->events[0].type == event->type) {
            const lg_event first = trial->events[0];
            adopt(trial->arena, &trial->events[0], event);
            for (size_t i = 1; i < trial->count; i++)
                rename_made(&trial->events[i], &first, &trial->events[0]);
        }
    }
    if (trial->refusal)
        return trial->refusal;
    if (row >= trial->count)
        return "by the rules the command causes no such entry";
    if (event->type != trial->events[row].type)
        return lg_arena_printf(trial->arena, "by the rules it had to be a %s",
                               lg_event_name(trial->events[row].type));
    const char *complaint = NULL;
    if (row >= trial->projected) {
        lg_event decided = signed_alike(&trial->events[row], event);
        if (row > 0)
            adopt(trial->arena, &decided, event);
        complaint = compare_facts(trial->arena, &decided, event);
    }
    if (!complaint && row == 0 && trial->count != trial->entry_count)
        complaint =
            lg_arena_printf(trial->arena, "the command caused %zu entries; by the rules it causes %zu",
                            trial->entry_count, trial->count);
    return complaint;
}
