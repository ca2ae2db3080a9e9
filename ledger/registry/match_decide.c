/* Was who signed entitled, was it time, did the state allow it, and what else had to become of the command?
 * The audit does not tell the rules a second time: the acts themselves decide once more, on the state that
 * the entries before make, and what they would record is held against what was recorded. */
#include "ledger/registry/internal.h"

#include "ledger/store/log_rows.h"

#include <string.h>

enum { SAVEPOINT = 3 /* below any that the ledger uses */ };

/* ---- deciding ---- */

static lg_event *keep(lg_trial *trial, const lg_event *event)
{
    if (trial->count == trial->cap) {
        size_t cap = trial->cap ? trial->cap * 2 : 4;
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

lg_err lg_trial_record(lg_act *act, const lg_event *event)
{
    lg_trial *trial = act->trial;
    lg_entry_row row;
    const lg_apply apply = {
        .db = act->db,
        .arena = act->arena,
        .hash_key = lg_registry_hash_key(act->registry),
        .seq = trial->seq + (int64_t)trial->count,
        .at = act->now,
        .payload = act->command->payload,
    };
    lg_err err = lg_entry_get(act->db, apply.seq, act->arena, &row);
    if (err == LG_NOT_FOUND)
        err = lg_entry_insert(act->db, apply.seq, lg_bytes_str("{}"), "");
    if (!err)
        err = lg_event_apply(&apply, keep(trial, event), act->result);
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

/* Leaves the database as it was. */
static void decide(lg_trial *trial)
{
    lg_report report;
    lg_result result = {.err = LG_OK};
    lg_outcome outcome = {.results = &result, .count = 1};
    lg_act act = begin_act(trial, &report);
    act.outcome = &outcome;
    act.result = &result;
    trial->count = 0;
    lg_err err = lg_db_savepoint(trial->db, SAVEPOINT);
    if (!err) {
        err = lg_require_token(&act);
        if (!err)
            err = lg_do_command(&act);
        lg_err undone = lg_db_rollback_to(trial->db, SAVEPOINT);
        err = undone ? undone : err;
    }
    trial->refusal = refusal(trial->arena, err, &report);
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

/* ---- comparing ---- */

/* Later events of the command name the thing that its first one made. */
static void rename_made(lg_trial *trial, const lg_event *first)
{
    const lg_event *named = &trial->events[0];
    for (size_t i = 1; i < trial->count; i++) {
        lg_event *event = &trial->events[i];
        if (lg_uuid_equal(event->request_id, first->request_id))
            event->request_id = named->request_id;
        if (lg_uuid_equal(event->proposal_id, first->proposal_id))
            event->proposal_id = named->proposal_id;
    }
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

const char *lg_trial_contradiction(lg_trial *trial, const lg_event *event, size_t row)
{
    if (row == 0) {
        decide(trial);
        if (trial->count > 0 && trial->events[0].type == event->type) {
            const lg_event first = trial->events[0];
            adopt(trial->arena, &trial->events[0], event);
            rename_made(trial, &first);
        }
    }
    if (trial->refusal)
        return trial->refusal;
    if (row >= trial->count)
        return "by the rules the command causes no such entry";
    if (event->type != trial->events[row].type)
        return lg_arena_printf(trial->arena, "by the rules it had to be a %s",
                               lg_event_name(trial->events[row].type));
    lg_event decided = signed_alike(&trial->events[row], event);
    if (row > 0)
        adopt(trial->arena, &decided, event);
    const char *complaint = compare_facts(trial->arena, &decided, event);
    if (!complaint && row == 0 && trial->count != trial->entry_count)
        complaint =
            lg_arena_printf(trial->arena, "the command caused %zu entries; by the rules it causes %zu",
                            trial->entry_count, trial->count);
    return complaint;
}
