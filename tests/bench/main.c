/* Measures a registry over HTTP: starts its server, does the scenarios, tells what came of them. See
 * README.md here; scripts/bench.sh prepares the registry. */
#include "ledger/crypto/secret.h"
#include "tests/bench/bare.h"
#include "tests/bench/command.h"
#include "tests/bench/options.h"
#include "tests/bench/report.h"

enum {
    ONE_CLIENT_SHARE = 20, /* writes one after the other wait for the disk each */
    RATE_SECONDS = 5,
    RATE_QUICK_SHARE = 5, /* of a second */
    SUPPLIERS = 100,
    SUPPLIERS_QUICK = 4,
    CORES = 8,
    CORES_QUICK = 2,
    LENDERS = 4,
    CUSTODIANS = 4,
    INSTRUCTIONS_MAX = 8,
    INSTRUCTION_LIMIT_S = 240,
    RESULTS_MAX = 256,
    SUPPLY_CONNECTIONS = 64,
    BESIDE_READERS = 16,
    BESIDE_WRITERS = 64,
    BESIDE_SECONDS = 5,
    WRITES_BEFORE_KILL = 5000,
    WRITES_BEFORE_KILL_QUICK = 300,
};

static floor_costs measure_floor(const options *o, world *w)
{
    char scratch[4096], database[4096];
    lg_arena *arena = lg_arena_open();
    snprintf(scratch, sizeof scratch, "%s.fdatasync", o->dir);
    snprintf(database, sizeof database, "%s/ledger.db", o->dir);
    world_receivable draft = {0};
    world_act act = command_register(w, arena, &draft);
    floor_costs costs = floor_measure(world_sign(w, arena, &act), scratch, database);
    lg_arena_close(arena);
    return costs;
}

static size_t operations_of(const options *o, const scenario *s, scenario_level level)
{
    size_t operations = o->operations / s->share;
    if (level.per_second)
        operations = o->quick ? level.per_second / RATE_QUICK_SHARE : level.per_second * RATE_SECONDS;
    else if (level.connections == 1 && s->is_write && !o->quick)
        operations /= ONE_CLIENT_SHARE;
    return operations ? operations : 1;
}

/* Not measured: what the scenario uses up or reads, as far as those before it at this level leave it wanting.
 * Pages want 50 items of somebody's. */
static void supply(const options *o, world *w, const scenario *s, size_t operations)
{
    const size_t pages = SCENARIO_PAGE_ITEMS * w->supplier_count;
    if (s->is_write)
        scenario_supply(s, w, operations, o->limit_s);
    else if (s->before)
        scenario_supply(s, w, SCENARIO_PAGE_ITEMS * w->lender_count, o->limit_s);
    if (!w->kept && w->receivable_count < pages)
        scenario_do(scenario_named("register"), w, SUPPLY_CONNECTIONS, pages - w->receivable_count,
                    o->limit_s);
    if (world_count(w, STAGE_REGISTERED) == world_readable(w))
        scenario_do(scenario_named("confirm"), w, SUPPLY_CONNECTIONS, SCENARIO_PAGE_ITEMS, o->limit_s);
}

/* Of a scenario that takes only so many connections at most, each number once, and no steady rate. */
static bool is_left_out(const scenario *s, scenario_level *level, const bench_result *results, size_t count)
{
    if (!s->connections_max)
        return false;
    if (level->connections > s->connections_max)
        level->connections = s->connections_max;
    for (size_t i = 0; i < count; i++)
        if (results[i].scenario == s->name && results[i].connections == level->connections)
            return true;
    return level->per_second > 0;
}

static bench_result measure_one(const options *o, world *w, int pid, const serving *bare, const scenario *s,
                                scenario_level level)
{
    const size_t operations = operations_of(o, s, level);
    if (s->at_bare)
        return bare_measure(s, w, bare, level, operations, o->limit_s);
    supply(o, w, s, operations);
    return scenario_measure(s, w, pid, level, operations, o->limit_s);
}

/* Every level does the scenarios in their order. */
static size_t measure_all(const options *o, world *w, int pid, bench_result results[RESULTS_MAX])
{
    size_t count = 0;
    serving bare = {0};
    if (options_choose(o, "bare"))
        bare_start(&bare, o->bare, w, o->syncs);
    for (size_t at = 0; at < o->level_count; at++) {
        for (size_t i = 0; i < scenario_count; i++) {
            const scenario *s = &scenarios[i];
            scenario_level level = o->levels[at];
            if (!options_choose(o, s->name) || is_left_out(s, &level, results, count))
                continue;
            const bench_result result = measure_one(o, w, pid, &bare, s, level);
            if (result.done == 0)
                bench_fail("%s at %zu connections: nothing is registered for it", s->name, level.connections);
            results[count++] = result;
        }
    }
    if (bare.pid)
        serving_stop(&bare);
    return count;
}

/* First without the others, for comparison: what a financing takes when nothing stands in its way. */
static size_t measure_instructions(const options *o, world *w, int pid,
                                   instruction_result results[INSTRUCTIONS_MAX])
{
    const instruction_plan plans[] = {{.endpoints = w->lender_count, .others = 0},
                                      {.endpoints = w->lender_count, .others = o->others},
                                      {.endpoints = 1, .others = o->others},
                                      {.endpoints = w->lender_count, .others = o->others, .told = true}};
    size_t count = 0;
    if (!options_choose(o, NAME_INSTRUCTION))
        return 0;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        instruction_plan plan = plans[i];
        plan.count = o->financings;
        plan.per_second = o->per_second;
        plan.limit_s = INSTRUCTION_LIMIT_S;
        results[count++] = instruction_measure(w, pid, &plan);
    }
    return count;
}

static size_t measure_beside(const options *o, world *w, int pid, beside_result results[BESIDE_MAX])
{
    if (!options_choose(o, NAME_BESIDE))
        return 0;
    supply(o, w, scenario_named("query"), 1);
    return beside_measure(w, pid, BESIDE_READERS, BESIDE_WRITERS, o->quick ? 1 : BESIDE_SECONDS, results);
}

static void note_peaks(bench_report *report, int pid)
{
    report->peak_memory_bytes = usage_peak_memory_bytes(pid);
    for (size_t i = 0; i < report->result_count; i++) {
        const watched *seen = &report->results[i].seen;
        if (seen->peak_memory_bytes > report->peak_memory_bytes)
            report->peak_memory_bytes = seen->peak_memory_bytes;
        if (seen->wal_peak_bytes > report->wal_peak_bytes)
            report->wal_peak_bytes = seen->wal_peak_bytes;
    }
}

static void measure(const options *o, serving *s, world *w, bench_report *report)
{
    static bench_result results[RESULTS_MAX];
    static instruction_result instructions[INSTRUCTIONS_MAX];
    static beside_result besides[BESIDE_MAX];
    report->entries_before = scenario_log_size(w);
    report->before = measure_floor(o, w);
    report->results = results;
    report->result_count = measure_all(o, w, s->pid, results);
    report->besides = besides;
    report->beside_count = measure_beside(o, w, s->pid, besides);
    report->instructions = instructions;
    report->instruction_count = measure_instructions(o, w, s->pid, instructions);
    report->after = measure_floor(o, w);
    note_peaks(report, s->pid);
    if (options_choose(o, NAME_START_UP))
        report->start_up =
            ending_start_up(s, w, o->quick ? WRITES_BEFORE_KILL_QUICK : WRITES_BEFORE_KILL, o->limit_s);
    report->entries = scenario_log_size(w);
    serving_stop(s);
    report->database_bytes = usage_file_bytes(o->dir, "ledger.db");
    if (options_choose(o, NAME_AUDIT))
        report->audit = serving_audit(s);
}

int main(int argc, char **argv)
{
    options o = options_read(argc, argv);
    serving s = {.binary = o.tallystick, .dir = o.dir, .syncs = o.syncs};
    world w = {0};
    if (lg_crypto_init() != LG_OK)
        bench_fail("libsodium does not start");
    serving_start(&s);
    w.port = s.port;
    const world_size size = {.suppliers = o.quick ? SUPPLIERS_QUICK : SUPPLIERS,
                             .cores = o.quick ? CORES_QUICK : CORES,
                             .lenders = LENDERS,
                             .custodians = CUSTODIANS};
    world_open(&w, o.dir, o.seed, size, world_do_over_http, NULL);
    world_number_behind(&w, scenario_log_size(&w));
    world_give_operator_token(&w);
    if (w.kept)
        world_save(&w, true);
    bench_report report = {.machine = o.machine, .seed = o.seed, .quick = o.quick};
    measure(&o, &s, &w, &report);
    if (w.kept)
        world_save(&w, false);
    world_close(&w);
    if (o.json)
        report_json(stdout, &report);
    else
        report_table(stdout, &report);
    return 0;
}
