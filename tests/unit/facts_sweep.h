/* No fact of any entry can be otherwise than it was signed or follows: of every command of a story, each fact
 * of each event is changed, left out or added, and the audit's judgement must notice; but for what the
 * registry draws itself, where any other value is as good. Included behind a story. */
#ifndef FACTS_SWEEP_H
#define FACTS_SWEEP_H

#include "ledger/registry/internal.h"

/* What the registry chooses: the ids of what an event makes. */
static const struct {
    lg_event_type type;
    const char *fact;
} drawn[] = {
    {LG_EV_PARTICIPANT_REGISTERED, "participant_id"},
    {LG_EV_TOKEN_ISSUED, "token_id"},
    {LG_EV_CLAIM_ACCEPTED, "claim_id"},
    {LG_EV_GRANT_MADE, "grant_id"},
    {LG_EV_PROGRAM_OPENED, "program_id"},
    {LG_EV_FINANCING_REQUESTED, "request_id"},
    {LG_EV_OFFER_MADE, "offer_id"},
    {LG_EV_FINANCING_ACCEPTED, "financing_id"},
    {LG_EV_PAYMENT_RECORDED, "payment_id"},
    {LG_EV_PROPOSAL_MADE, "proposal_id"},
    {LG_EV_WEBHOOK_REGISTERED, "webhook_id"},
    {LG_EV_APPROVAL_ASKED, "approval_id"},
    {LG_EV_RECEIVABLE_REGISTERED, "receivable_id"},
    {LG_EV_RECEIVABLE_HELD, "receivable_id"},
    {LG_EV_RECEIVABLE_REJECTED, "receivable_id"},
};

/* Of what a claim is divided into, only the ids are drawn. */
static bool only_part_ids_differ(const lg_event *a, const lg_event *b)
{
    lg_event named = *a;
    lg_event_part parts[LG_ENTRY_FACTS_MAX];
    if ((a->type != LG_EV_CLAIM_SPLIT && a->type != LG_EV_CLAIM_TRANSFER_OFFERED) ||
        a->part_count != b->part_count)
        return false;
    for (size_t i = 0; i < a->part_count; i++) {
        parts[i] = a->parts[i];
        parts[i].claim_id = b->parts[i].claim_id;
    }
    named.parts = parts;
    return lg_event_equal(&named, b);
}

static bool is_drawn(const lg_event *right, const char *fact, const lg_event *event)
{
    for (size_t i = 0; i < sizeof drawn / sizeof *drawn; i++)
        if (drawn[i].type == right->type && strcmp(drawn[i].fact, fact) == 0)
            return true;
    if (right->type == LG_EV_CLAIM_ACCEPTED && right->invoice_number && strcmp(fact, "receivable_id") == 0)
        return true; /* signed by both, it makes the receivable as well */
    return (right->key_in_custody && strcmp(fact, "public_key") == 0) || only_part_ids_differ(event, right);
}

/* Who signed is the audit's to judge from the signatures (ledger/audit/commands.c); and a review is not made
 * again. */
static bool is_judged_elsewhere(const char *fact)
{
    return strcmp(fact, "checks") == 0 || strcmp(fact, "by") == 0 || strcmp(fact, "countersigned_by") == 0 ||
           strcmp(fact, "custody") == 0;
}

/* ---- other values ---- */

static json_t *other_text(const char *text)
{
    lg_day day;
    lg_time time;
    if (lg_day_parse(text, &day))
        return json_string(lg_day_format(day + 1).s);
    if (lg_time_parse(text, &time))
        return json_string(lg_time_format(time + LG_TIME_PER_SECOND).s);
    if (strcmp(text, "CNY") == 0)
        return json_string("EUR");
    char *other = strdup(text);
    const size_t len = strlen(text);
    if (len >= 36) /* an id, a digest, a key: another one of the form */
        other[5] = other[5] == 'a' ? 'b' : 'a';
    json_t *value = len >= 36 ? json_string(other) : json_sprintf("%sx", text);
    free(other);
    return value;
}

/* With the scalar `*at` (counted through the whole value) another; NULL: there are fewer. */
static json_t *changed(const json_t *value, size_t *at)
{
    json_t *out, *inner, *member;
    const char *name;
    size_t i;
    if (json_is_array(value) || json_is_object(value)) {
        out = json_copy((json_t *)(uintptr_t)value);
        json_array_foreach(value, i, member)
        {
            inner = changed(member, at);
            if (inner) {
                json_array_set_new(out, i, inner);
                return out;
            }
        }
        json_object_foreach((json_t *)(uintptr_t)value, name, member)
        {
            inner = changed(member, at);
            if (inner) {
                json_object_set_new(out, name, inner);
                return out;
            }
        }
        json_decref(out);
        return NULL;
    }
    if ((*at)-- > 0)
        return NULL;
    return json_is_string(value)    ? other_text(json_string_value(value))
           : json_is_integer(value) ? json_integer(json_integer_value(value) + 1)
           : json_is_boolean(value) ? json_boolean(!json_is_true(value))
                                    : json_true();
}

static const char *text_of(json_t *value_take)
{
    char *text = json_dumps(value_take, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *kept = lg_arena_strdup(r->arena, text);
    free(text);
    json_decref(value_take);
    return kept;
}

/* ---- judging ---- */

typedef struct judged {
    lg_command command;
    lg_trial trial;                  /* as the audit begins it */
    const lg_submission *submission; /* what the signed document says; NULL: it is none */
    lg_event events[8];
    size_t count;
} judged;

static size_t judgements;

/* What is held against a later entry of the command, which the audit finds recorded behind the first ones: as
 * far as all is decided likewise, it is projected on the way. */
static const char *complaint_behind(const judged *j, size_t at, const lg_event *event)
{
    lg_trial trial = j->trial;
    lg_result result = {.err = LG_OK};
    const lg_event *recorded[sizeof j->events / sizeof *j->events];
    const char *said = NULL;
    OK(lg_db_begin(trial.db));
    for (size_t row = 0; row < j->count; row++) {
        recorded[row] = row == at ? event : &j->events[row];
        OK(lg_entry_insert(trial.db, trial.seq + (int64_t)row, lg_bytes_str("{}"), ""));
    }
    trial.recorded = recorded;
    trial.recorded_count = j->count;
    trial.result = &result;
    for (size_t row = 0; row <= at; row++) {
        said = lg_command_contradiction(&trial, recorded[row], row);
        if (row < at)
            assert_null(said);
    }
    lg_db_rollback(trial.db);
    return said;
}

/* What is held against entry `at` if it said `event`. */
static const char *complaint(const judged *j, size_t at, const lg_event *event)
{
    lg_trial trial = j->trial;
    judgements++;
    if (j->submission) {
        const char *said = lg_command_contradiction(&trial, event, 0);
        return said ? said : lg_submission_contradiction(&trial, j->submission, event);
    }
    return at == 0 ? lg_command_contradiction(&trial, event, 0) : complaint_behind(j, at, event);
}

static size_t impossible; /* what could not be projected */

/* Whatever an entry says, projecting it ends, and in nothing worse than a finding. */
static void project(const judged *j, size_t at, const lg_event *event)
{
    lg_result result = {.err = LG_OK};
    lg_err err = LG_OK;
    lg_event other = *event;
    if (j->submission) { /* it is projected already */
        other.receivable_id = lg_uuid_new();
        other.invoice_number = lg_arena_printf(r->arena, "%.20s-2", event->invoice_number);
    }
    OK(lg_db_begin(j->trial.db));
    for (size_t row = 0; row <= at && !err; row++) {
        const lg_apply apply = {.db = j->trial.db,
                                .arena = r->arena,
                                .hash_key = lg_registry_hash_key(r->registry),
                                .seq = j->trial.seq + (int64_t)row,
                                .at = j->trial.at,
                                .payload = j->command.payload};
        OK(lg_entry_insert(apply.db, apply.seq, lg_bytes_str("{}"), ""));
        err = lg_event_apply(&apply, row < at ? &j->events[row] : &other, &result);
    }
    lg_db_rollback(j->trial.db);
    impossible += err != LG_OK;
    if (err == LG_NO_MEMORY || err == LG_IO || err == LG_DISK_FULL || err == LG_BUSY)
        fail_msg("%s: %s", lg_event_name(event->type), lg_err_slug(err));
}

/* Puts the fact in the place of the one at `f`, which may be behind the last; NULL: leaves it out. */
static void try_instead(const judged *j, size_t at, const lg_fact *facts, size_t count, size_t f,
                        const lg_fact *instead)
{
    lg_fact tried[LG_ENTRY_FACTS_MAX + 1];
    lg_event event;
    lg_report report;
    size_t n = 0;
    lg_report_init(&report, r->arena);
    for (size_t i = 0; i <= count; i++) {
        if (i == f && instead)
            tried[n++] = *instead;
        else if (i != f && i < count)
            tried[n++] = facts[i];
    }
    if (n > LG_ENTRY_FACTS_MAX ||
        lg_event_decode(r->arena, lg_event_name(j->events[at].type), tried, n, &event, &report) != LG_OK)
        return; /* no event at all: the audit says so where it reads the entry */
    if (lg_event_equal(&event, &j->events[at]))
        return;
    const char *name = f < count ? facts[f].name : instead->name;
    const char *said = complaint(j, at, &event);
    project(j, at, &event);
    if (!said != is_drawn(&j->events[at], name, &event))
        fail_msg("%s of a %s as %s instead of %s: %s", name, lg_event_name(event.type),
                 instead ? instead->value : "nothing", f < count ? facts[f].value : "nothing",
                 said ? said : "nobody noticed");
}

static lg_fact seen[256]; /* one of each name, from anywhere in the story */
static size_t seen_count;

/* Where a fact is JSON, it can be any. */
static const char *const ill_typed[] = {"{}",          "[]", "[7]", "[[\"x\",7]]", "{\"CNY\":\"1\"}",
                                        "{\"cny\":1}", "7"};

static void try_all(const judged *j, size_t at)
{
    lg_fact facts[LG_ENTRY_FACTS_MAX];
    size_t count;
    lg_event_encode(r->arena, &j->events[at], facts, &count);
    const char *said = complaint(j, at, &j->events[at]);
    if (said)
        fail_msg("%s as it must be: %s", lg_event_name(j->events[at].type), said);
    for (size_t f = 0; f < count; f++) {
        if (is_judged_elsewhere(facts[f].name))
            continue;
        json_t *value = json_loads(facts[f].value, JSON_DECODE_ANY, NULL), *other;
        try_instead(j, at, facts, count, f, NULL);
        for (size_t i = 0; i < sizeof ill_typed / sizeof *ill_typed; i++)
            try_instead(j, at, facts, count, f, &(lg_fact){facts[f].name, ill_typed[i]});
        for (size_t leaf = 0, left = 0; (other = changed(value, &left)); left = ++leaf)
            try_instead(j, at, facts, count, f, &(lg_fact){facts[f].name, text_of(other)});
        json_decref(value);
        bool known = false;
        for (size_t i = 0; i < seen_count; i++)
            known = known || strcmp(seen[i].name, facts[f].name) == 0;
        if (!known)
            seen[seen_count++] = (lg_fact){lg_arena_strdup(r->arena, facts[f].name),
                                           lg_arena_strdup(r->arena, facts[f].value)};
    }
    for (size_t i = 0; i < seen_count; i++) {
        bool has = false;
        for (size_t f = 0; f < count; f++)
            has = has || strcmp(facts[f].name, seen[i].name) == 0;
        if (!has)
            try_instead(j, at, facts, count, count, &seen[i]);
    }
}

static judged begin_judgement(const lg_command *command)
{
    judged j = {.command = *command};
    j.trial = (lg_trial){
        .registry = r->registry,
        .db = lg_ledger_db(r->ledger),
        .arena = r->arena,
        .seq = lg_ledger_next_seq(r->ledger),
        .entry_count = 1,
        .at = lg_ledger_clock(r->ledger),
    };
    return j;
}

/* Before a command is applied: what it must become is decided, and then held against everything else. */
static void judge_command(const lg_command *command)
{
    const lg_event none = {.type = LG_EV_COUNT};
    if (command->type == LG_CMD_SUBMIT)
        return;
    judged j = begin_judgement(command);
    j.trial.command = &j.command;
    lg_trial trial = j.trial;
    assert_non_null(lg_trial_contradiction(&trial, &none, 0));
    if (trial.refusal)
        return; /* the story's own refusals */
    assert_in_range(trial.count, 1, sizeof j.events / sizeof *j.events);
    memcpy(j.events, trial.events, trial.count * sizeof *j.events);
    j.count = j.trial.entry_count = trial.count;
    for (size_t at = 0; at < j.count; at++)
        try_all(&j, at);
    const lg_event another = {.type = command->type == LG_CMD_WEBHOOK_REMOVE ? LG_EV_GRANT_REVOKED
                                                                             : LG_EV_WEBHOOK_REMOVED};
    assert_string_equal(complaint(&j, 0, &another), "the event is not what a command of this kind does");
}

/* And behind a submission, whose facts follow from its document. */
static void judge_submission(const lg_command *command)
{
    if (command->type != LG_CMD_SUBMIT)
        return;
    for (size_t i = 0; i < r->outcome.count; i++) {
        const lg_result *result = &r->outcome.results[i];
        lg_fact facts[LG_ENTRY_FACTS_MAX];
        lg_entry entry;
        size_t count = 0;
        if (!result->has_entry)
            continue;
        judged j = begin_judgement(command);
        j.trial.command = &j.command;
        j.submission = &command->submissions[i];
        OK(lg_entry_parse(r->arena, result->entry.body, &entry, &r->report));
        j.trial.at = entry.at;
        for (const char *at = result->entry.disclosures; *at; at += *at == '~') {
            const size_t len = strcspn(at, "~");
            OK(lg_disclosure_parse(r->arena, lg_bytes_of(at, len), &facts[count++], NULL));
            at += len;
        }
        OK(lg_event_decode(r->arena, entry.type, facts, count, &j.events[0], &r->report));
        j.count = 1;
        try_all(&j, 0);
    }
}

/* From here on, every command of the story is judged. */
static void sweep_facts(void)
{
    rig_before_apply = judge_command;
    rig_after_apply = judge_submission;
}

#endif
