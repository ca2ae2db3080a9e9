/* What a registry does besides commands, with a call that fails: it is made, opened, audited. In this
 * process, because nothing that was acknowledged is at stake: each must say what failed and blame nobody
 * else; an audit that goes on nevertheless must report what it reports without the fault. */
#include "tests/fault/fault.h"

#include "server/server.h"

#include <stdio.h>
#include <string.h>

typedef struct task {
    const char *name;
    lg_err (*run)(const struct task *t, lg_arena *arena, lg_report *report);
    const char *from;        /* the registry it is done to, a copy each time; NULL: there is none yet */
    const char *state_from;  /* the state of an earlier audit, likewise */
    const char *dir, *state; /* the copies */
    bool is_audit;
} task;

static uint64_t reported, report_expected; /* of audits: digests */

static lg_err make(const task *t, lg_arena *arena, lg_report *report)
{
    lg_participant_id operator_id;
    return lg_registry_create(t->dir, HOUSE_ORIGIN, arena, &operator_id, report);
}

static lg_err open_and_close(const task *t, lg_arena *arena, lg_report *report)
{
    house h;
    lg_err err = house_open(&h, t->dir);
    report->detail = h.report.detail ? lg_arena_strdup(arena, h.report.detail) : NULL;
    house_close(&h);
    return err;
}

static lg_err audit(const task *t, lg_arena *arena, lg_report *report)
{
    char *findings = NULL;
    const server_audit_request request = {.dir = t->dir, .state = t->state};
    lg_err err = server_audit(&request, arena, &findings, report);
    reported = findings ? state_digest(STATE_DIGEST_START, findings, strlen(findings)) : 0;
    return err;
}

/* What may fail: a Kth of the many calls, all of the few. */
static const struct {
    fault_kind kind;
    long stride, audit_stride; /* 0: never */
} kinds[] = {
    {FAULT_STATEMENT, 1, 1},           {FAULT_OPEN, 1, 7},      {FAULT_READ_EIO, 7, 41},
    {FAULT_SHORT_READ, 7, 0},          {FAULT_FULL, 13, 41},    {FAULT_WRITE_EIO, 13, 41},
    {FAULT_INTERRUPTED, 1, 7},         {FAULT_SYNC_FULL, 1, 0}, {FAULT_OTHER, 1, 41},
    {FAULT_SQLITE_MEMORY, 1009, 4001},
};

static void begin(const task *t)
{
    folder_remove(t->dir);
    if (t->from)
        folder_copy(t->from, t->dir);
    if (t->state)
        folder_remove(t->state);
    if (t->state_from)
        folder_copy(t->state_from, t->state);
}

static trial_end end_of(const task *t, fault_kind kind, lg_err err, bool struck)
{
    if (err && (!struck || fault_is_none(kind) || lg_err_kind(err) == LG_KIND_CALLER))
        return END_WRONG;
    if (!err)
        return t->is_audit && reported != report_expected ? END_WRONG : END_ABSORBED;
    return lg_err_kind(err) == LG_KIND_RETRY ? END_REFUSED : END_FAILED;
}

/* Whether the fault came to be. */
static bool run_once(const task *t, fault_kind kind, long nth, void (*note)(fault_kind, trial_end))
{
    lg_arena *arena = lg_arena_open();
    lg_report report;
    lg_report_init(&report, arena);
    begin(t);
    fault_restart_random(1);
    statements_only_first(t->is_audit);
    fault_arm(kind, nth);
    lg_err err = t->run(t, arena, &report);
    fault_disarm();
    statements_only_first(false);
    const bool struck = atomic_load(&plan->struck);
    const trial_end end = end_of(t, kind, err, struck);
    if (end == END_WRONG)
        printf("WRONG %s, %s %ld: %s %s\n", t->name, fault_name(kind), nth, lg_err_slug(err),
               report.detail ? report.detail : "");
    if (struck || end == END_WRONG)
        note(kind, end);
    lg_arena_close(arena);
    return struck;
}

/* What it does without a fault, which must go well. */
static void run_untouched(const task *t, void (*note)(fault_kind, trial_end))
{
    lg_arena *arena = lg_arena_open();
    lg_report report;
    lg_report_init(&report, arena);
    begin(t);
    fault_restart_random(1);
    if (t->run(t, arena, &report) != LG_OK) {
        printf("WRONG %s: %s\n", t->name, report.detail ? report.detail : "");
        note(FAULT_STATEMENT, END_WRONG);
    }
    report_expected = reported;
    lg_arena_close(arena);
}

static void run_all(const task *t, bool (*is_chosen)(fault_kind), void (*note)(fault_kind, trial_end))
{
    run_untouched(t, note);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const long stride = t->is_audit ? kinds[k].audit_stride : kinds[k].stride;
        if (!stride || !is_chosen(kinds[k].kind))
            continue;
        for (long nth = 1; run_once(t, kinds[k].kind, nth, note); nth += stride)
            ;
    }
    folder_remove(t->dir);
    if (t->state)
        folder_remove(t->state);
}

void tasks_run(const story *told, const char *work, bool (*is_chosen)(fault_kind kind),
               void (*note)(fault_kind kind, trial_end end))
{
    lg_arena *arena = told->arena;
    const char *middle = story_snapshot(told, told->count / 2), *last = story_snapshot(told, told->count - 1);
    const char *kept = lg_arena_printf(arena, "%s.state", work),
               *earlier = lg_arena_printf(arena, "%s.earlier", work);
    fault_set_time(told->steps[told->count - 1].now);
    const task tasks[] = {
        {.name = "making", .run = make, .dir = work},
        {.name = "opening", .run = open_and_close, .dir = work, .from = last},
        {.name = "audit", .run = audit, .dir = work, .from = last, .state = kept, .is_audit = true},
        {.name = "audit from an earlier one",
         .run = audit,
         .dir = work,
         .from = last,
         .state = kept,
         .state_from = earlier,
         .is_audit = true},
    };
    const task first = {.name = "first audit", .run = audit, .dir = work, .from = middle, .state = earlier};
    run_untouched(&first, note);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        run_all(&tasks[i], is_chosen, note);
    folder_remove(earlier);
}
