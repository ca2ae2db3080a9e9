#include "tests/bench/scenario_internal.h"

#include "tests/bench/command.h"
#include "tests/bench/watch.h"

#include <stdlib.h>
#include <string.h>

enum { SUPPLY_CONNECTIONS = 64 };

size_t scenario_choice(const scenario_run *run, size_t index, size_t n)
{
    uint64_t state = run->seed + index * UINT64_C(0x9e3779b97f4a7c15);
    return n ? (size_t)(bench_next(&state) % n) : 0;
}

/* ---- signed commands ---- */

void scenario_prepare_commands(scenario_run *run, size_t count)
{
    run->requests = lg_arena_array(run->arena, count + 1, sizeof *run->requests);
    run->checkpoints = lg_arena_array(run->arena, count + 1, sizeof *run->checkpoints);
}

static lg_bytes request_prepared(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    (void)scratch;
    return run->requests[index];
}

/* The receipt's proof holds the checkpoint: origin, then size. Each commit publishes one, so distinct sizes
 * count commits. */
bool scenario_note_checkpoint(scenario_run *run, const load_answer *answer)
{
    char before[512];
    int len = snprintf(before, sizeof before, "\\n\\n%s\\n", run->w->origin);
    const char *at = memmem(answer->body.data, answer->body.len, before, (size_t)len);
    if (!at)
        return false;
    run->checkpoints[run->checkpoint_count++] = strtoll(at + len, NULL, 10);
    return true;
}

static size_t prepare_register(scenario_run *run, size_t count)
{
    scenario_prepare_commands(run, count);
    run->drafts = lg_arena_array(run->arena, count + 1, sizeof *run->drafts);
    for (size_t i = 0; i < count; i++) {
        world_receivable *draft = &run->drafts[i];
        draft->supplier = (uint32_t)(i % run->w->supplier_count);
        draft->core = (uint32_t)scenario_choice(run, i, run->w->core_count);
        run->requests[i] = world_command(run->w, run->arena, command_register(run->w, run->arena, draft));
        if (i % 256 == 0)
            bench_progress("signing", i, count);
    }
    return count;
}

static bool accept_register(void *context, size_t index, const load_answer *answer)
{
    scenario_run *run = context;
    char id[37];
    if (!answered_register(answer, id) || !scenario_note_checkpoint(run, answer))
        return false;
    world_add_receivable(run->w, id, &run->drafts[index]);
    return true;
}

/* Of the bare server, which says of the command in which of its transactions it is. */
static bool accept_bare(void *context, size_t index, const load_answer *answer)
{
    scenario_run *run = context;
    const int64_t commit = answer_number(answer, "\"commit\":");
    (void)index;
    if (answer->status != 201 || commit < 1)
        return false;
    run->checkpoints[run->checkpoint_count++] = commit;
    return true;
}

/* The first `count` receivables that have come to the stage which the scenario takes. */
size_t prepare_act(scenario_run *run, size_t count)
{
    world *w = run->w;
    size_t ready = 0;
    scenario_prepare_commands(run, count);
    run->subjects = lg_arena_array(run->arena, count + 1, sizeof *run->subjects);
    for (size_t i = 0; i < w->receivable_count && ready < count; i++) {
        if (w->receivables[i].stage != run->scenario->takes)
            continue;
        run->subjects[ready] = i;
        run->requests[ready++] =
            world_command(w, run->arena, run->scenario->command(w, run->arena, &w->receivables[i]));
        if (ready % 256 == 0)
            bench_progress("signing", ready, count);
    }
    return ready;
}

static bool accept_act(void *context, size_t index, const load_answer *answer)
{
    scenario_run *run = context;
    return run->scenario->answered(answer, &run->w->receivables[run->subjects[index]]) &&
           scenario_note_checkpoint(run, answer);
}

/* ---- all of them, in the order in which each level does them ---- */

/* An act on a claim: a signed command prepared before it is timed, on a claim that `before` has left at
 * `takes`. */
#define ACT(act, what_, takes_, before_)                                                                     \
    {                                                                                                        \
        .name = #act, .what = what_, .is_write = true, .share = 4, .takes = takes_, .before = before_,       \
        .prepare = prepare_act, .request = request_prepared, .accept = accept_act, .command = command_##act, \
        .answered = answered_##act                                                                           \
    }

const scenario scenarios[] = {
    {.name = "bare",
     .what = "the floor: the same invoice, parsed, verified and kept",
     .is_write = true,
     .at_bare = true,
     .share = 1,
     .prepare = prepare_register,
     .request = request_prepared,
     .accept = accept_bare},
    {.name = "register",
     .what = "an invoice, signed by its supplier",
     .is_write = true,
     .share = 1,
     .prepare = prepare_register,
     .request = request_prepared,
     .accept = accept_register},
    {.name = "custody",
     .what = "an invoice in plain JSON, signed in custody",
     .is_write = true,
     .share = 2,
     .prepare = prepare_custody,
     .request = request_prepared,
     .accept = accept_custody},
    {.name = "batch",
     .what = "1,000 signed invoices in one request",
     .is_write = true,
     .share = 4000,
     .commands = 1000,
     .connections_max = 4,
     .prepare = prepare_batch,
     .request = request_prepared,
     .accept = accept_batch},
    {.name = "confirm",
     .what = "the debtor confirms, signed",
     .is_write = true,
     .share = 1,
     .takes = STAGE_REGISTERED,
     .before = "register",
     .prepare = prepare_act,
     .request = request_prepared,
     .accept = accept_act,
     .command = command_confirm,
     .answered = answered_confirm},
    ACT(split, "the holder splits a claim in two", STAGE_CONFIRMED, "confirm"),
    ACT(transfer, "the holder offers a claim to a supplier", STAGE_CONFIRMED, "confirm"),
    ACT(take, "that one accepts it", STAGE_OFFERED, "transfer"),
    ACT(request, "the holder asks, a program offers at once", STAGE_CONFIRMED, "confirm"),
    ACT(accept, "the holder accepts the offer", STAGE_REQUESTED, "request"),
    ACT(disburse, "the lender reports that it has paid out", STAGE_ACCEPTED, "accept"),
    ACT(pay, "the debtor pays the lender all of it", STAGE_DISBURSED, "disburse"),
    {.name = "financing",
     .what = "asked for, accepted and paid out: there and back",
     .is_write = true,
     .share = 8,
     .takes = STAGE_CONFIRMED,
     .before = "confirm",
     .commands = 3,
     .prepare = prepare_financing,
     .request = request_prepared,
     .follow = follow_financing,
     .accept = accept_financing,
     .command = command_request,
     .answered = answered_request},
    {.name = "read",
     .what = "GET /v1/receivables/{id} by a party",
     .share = 1,
     .prepare = prepare_read,
     .request = request_read,
     .accept = accept_read},
    {.name = "list",
     .what = "a supplier's page of 50",
     .share = 4,
     .prepare = prepare_list,
     .request = request_list,
     .accept = accept_list},
    {.name = "query",
     .what = "a lender's page of 50 that it bought, above an amount",
     .share = 4,
     .takes = STAGE_DISBURSED,
     .before = "disburse",
     .prepare = prepare_read,
     .request = request_query,
     .accept = accept_query},
    {.name = "claim",
     .what = "a claim and the proof of its last entry",
     .share = 2,
     .prepare = prepare_claim,
     .request = request_claim,
     .follow = follow_claim,
     .accept = accept_claim},
    {.name = "proof",
     .what = "GET /v1/entries/{seq}/proof",
     .share = 1,
     .prepare = prepare_read,
     .request = request_proof,
     .accept = accept_proof},
    {.name = "checkpoint",
     .what = "GET /checkpoint",
     .share = 1,
     .prepare = prepare_read,
     .request = request_checkpoint,
     .accept = accept_checkpoint},
    {.name = "tile",
     .what = "256 leaf hashes",
     .share = 1,
     .prepare = prepare_read,
     .request = request_tile,
     .accept = accept_tile},
    {.name = "bundle",
     .what = "256 entries",
     .share = 4,
     .prepare = prepare_read,
     .request = request_bundle,
     .accept = accept_bundle},
    {.name = "mixed",
     .what = "seven reads, two registrations, a confirmation",
     .is_write = true,
     .share = 1,
     .takes = STAGE_REGISTERED,
     .before = "register",
     .uses = 10,
     .prepare = prepare_mixed,
     .request = request_mixed,
     .follow = follow_mixed,
     .accept = accept_mixed},
};
const size_t scenario_count = sizeof scenarios / sizeof *scenarios;

/* ---- measuring ---- */

int64_t scenario_log_size(world *w)
{
    scenario_run run = {.w = w};
    const load_work work = {.label = "checkpoint",
                            .count = 1,
                            .context = &run,
                            .request = request_checkpoint,
                            .accept = accept_checkpoint};
    load *l = load_open(w->port, 1);
    load_result result = load_run(l, 10, &work);
    load_close(l);
    free(result.latency_ns);
    return run.log_size;
}

static int compare_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static size_t count_commits(const scenario_run *run)
{
    size_t distinct = 0;
    if (run->checkpoint_count == 0)
        return 0;
    qsort(run->checkpoints, run->checkpoint_count, sizeof *run->checkpoints, compare_i64);
    for (size_t i = 0; i < run->checkpoint_count; i++)
        distinct += i == 0 || run->checkpoints[i] != run->checkpoints[i - 1];
    return distinct;
}

const scenario *scenario_named(const char *name)
{
    size_t i = 0;
    while (i < scenario_count && strcmp(scenarios[i].name, name) != 0)
        i++;
    return i < scenario_count ? &scenarios[i] : NULL;
}

void scenario_supply(const scenario *s, world *w, size_t count, unsigned limit_s)
{
    if (s->uses)
        count = count / s->uses + s->uses;
    size_t there = s->before ? world_count(w, s->takes) : count;
    if (there >= count)
        return;
    const scenario *before = scenario_named(s->before);
    scenario_supply(before, w, count - there, limit_s);
    scenario_do(before, w, SUPPLY_CONNECTIONS, count - there, limit_s);
}

static load_work work_of(const scenario *s, scenario_run *run, const char *label)
{
    return (load_work){
        .label = label, .context = run, .request = s->request, .follow = s->follow, .accept = s->accept};
}

static scenario_run run_open(const scenario *s, world *w, uint64_t salt)
{
    return (scenario_run){
        .scenario = s, .w = w, .arena = lg_arena_open(), .one = lg_arena_open(), .seed = w->seed + salt};
}

static void run_close(scenario_run *run)
{
    lg_arena_close(run->one);
    lg_arena_close(run->arena);
}

static void note_latencies(bench_result *result, const load_result *done)
{
    result->done = done->done;
    result->elapsed_ns = done->elapsed_ns;
    result->p50_ns = load_percentile(done->latency_ns, done->done, 500);
    result->p90_ns = load_percentile(done->latency_ns, done->done, 900);
    result->p99_ns = load_percentile(done->latency_ns, done->done, 990);
    result->p999_ns = load_percentile(done->latency_ns, done->done, 999);
    result->max_ns = load_percentile(done->latency_ns, done->done, 1000);
}

bench_result scenario_do(const scenario *s, world *w, size_t connections, size_t count, unsigned limit_s)
{
    bench_result result = {.scenario = s->name, .connections = connections};
    scenario_run run = run_open(s, w, connections);
    load_work work = work_of(s, &run, s->name);
    work.count = s->prepare(&run, count);
    load *l = load_open(w->port, connections);
    load_result done = load_run(l, limit_s, &work);
    load_close(l);
    note_latencies(&result, &done);
    free(done.latency_ns);
    run_close(&run);
    return result;
}

bench_result scenario_measure(const scenario *s, world *w, int pid, scenario_level level, size_t count,
                              unsigned limit_s)
{
    char label[64];
    scenario_run run = run_open(s, w, level.connections);
    load_work work = work_of(s, &run, label);
    snprintf(label, sizeof label, level.per_second ? "%s, %zu connections, %u/s" : "%s, %zu at once", s->name,
             level.connections, level.per_second);
    work.interval_ns = level.per_second ? UINT64_C(1000000000) / level.per_second : 0;
    work.from_due = level.per_second > 0;
    work.count = s->prepare(&run, count);
    load *l = load_open(w->port, level.connections);
    usage before = usage_read_settled(pid);
    watch *seen_by = watch_start(w, pid);
    load_result done = load_run(l, limit_s, &work);
    usage after = usage_read_settled(pid);
    bench_result result = {.scenario = s->name,
                           .is_write = s->is_write,
                           .connections = level.connections,
                           .per_second = level.per_second,
                           .commands = s->commands ? s->commands : s->is_write,
                           .used = usage_between(&before, &after),
                           .commits = count_commits(&run),
                           .seen = watch_stop(seen_by)};
    load_close(l);
    note_latencies(&result, &done);
    free(done.latency_ns);
    run_close(&run);
    return result;
}
