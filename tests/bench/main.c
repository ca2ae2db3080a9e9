/* Measures a running registry over HTTP. scripts/bench.sh starts one and calls this; see README.md here. */
#include "ledger/base/buf.h"
#include "ledger/crypto/secret.h"
#include "tests/bench/command.h"
#include "tests/bench/instruction.h"
#include "tests/bench/scenario.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Among the scenarios' names: what instruction.h measures, after all of them. */
static const char INSTRUCTION[] = "instruction";

enum {
    OPERATIONS = 20000,
    OPERATIONS_MAX = 200000, /* signed in far less than the 300 s that a command stays fresh */
    OPERATIONS_QUICK = 200,
    ONE_CLIENT_SHARE = 20, /* writes one after the other wait for the disk each */
    LIMIT_S = 60,
    SUPPLIERS = 100,
    SUPPLIERS_QUICK = 4,
    CORES = 8,
    CORES_QUICK = 2,
    LENDERS = 4,
    CUSTODIANS = 4,
    FINANCINGS = 1500,
    FINANCINGS_QUICK = 40,
    FINANCINGS_MAX = 10000, /* signed before the first is sent, and fresh for 300 s */
    FINANCINGS_PER_SECOND = 50,
    OTHERS = 64,
    INSTRUCTIONS_MAX = 8,
    INSTRUCTION_LIMIT_S = 240,
    LEVELS_MAX = 8,
    RESULTS_MAX = 128,
    SUPPLY_CONNECTIONS = 64,
};

typedef struct options {
    uint16_t port;
    int pid;
    const char *dir, *machine, *only; /* only: names separated by commas, or NULL */
    size_t levels[LEVELS_MAX], level_count;
    size_t operations; /* 0: the default */
    size_t financings, others;
    unsigned per_second;
    unsigned limit_s;
    uint64_t seed;
    bool quick, json;
} options;

static void usage_text(FILE *out)
{
    fputs("usage: bench --port PORT --pid PID --dir REGISTRY [OPTION...]\n"
          "  --scenario A,B       only these (default: all)\n"
          "  --connections 1,64   how many clients at once, up to 8 numbers (default: 1,64,256)\n"
          "  --operations N       per scenario, at most 200000 (default: 20000; dear ones fewer, writes of "
          "one client 1/20)\n"
          "  --seconds S          no new request after so long in one scenario (default: 60)\n"
          "  --financings N       of the headline, each run (default: 1500)\n"
          "  --per-second N       so many of them, steadily (default: 50)\n"
          "  --others N           clients at work meanwhile (default: 64)\n"
          "  --seed N             of keys, invoices and choices (default: 1)\n"
          "  --quick              little of everything: shows that it works, not how fast\n"
          "  --json               results as JSON on standard output\n"
          "  --machine TEXT       where this runs, for the heading\n"
          "scenarios:\n",
          out);
    for (size_t i = 0; i < scenario_count; i++)
        fprintf(out, "  %-12s %s\n", scenarios[i].name, scenarios[i].what);
    fprintf(out, "  %-12s %s\n", INSTRUCTION, "the headline: from acceptance to the lender's endpoint");
}

static uint64_t number(const char *option, const char *text, uint64_t min, uint64_t max)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (!*text || *end || *text == '-' || value < min || value > max)
        bench_fail("--%s takes a number from %llu to %llu, not '%s'", option, (unsigned long long)min,
                   (unsigned long long)max, text);
    return value;
}

static void read_levels(options *o, const char *text)
{
    char copy[128];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    o->level_count = 0;
    for (const char *one; (one = strsep(&rest, ","));) {
        if (o->level_count == LEVELS_MAX)
            bench_fail("--connections takes at most %d numbers", LEVELS_MAX);
        o->levels[o->level_count++] = number("connections", one, 1, 512);
    }
}

static bool is_chosen(const options *o, const char *name)
{
    size_t len = strlen(name);
    if (!o->only)
        return true;
    for (const char *at = o->only; (at = strstr(at, name)); at += len)
        if ((at == o->only || at[-1] == ',') && (at[len] == '\0' || at[len] == ','))
            return true;
    return false;
}

/* Every name given is a scenario. */
static void check_names(const options *o)
{
    char copy[256];
    char *rest = copy;
    if (!o->only)
        return;
    snprintf(copy, sizeof copy, "%s", o->only);
    for (const char *one; (one = strsep(&rest, ","));) {
        if (!scenario_named(one) && strcmp(one, INSTRUCTION) != 0) {
            usage_text(stderr);
            bench_fail("no scenario is called '%s'", one);
        }
    }
}

static void read_option(options *o, int c)
{
    switch (c) {
    case 'p':
        o->port = (uint16_t)number("port", optarg, 1, UINT16_MAX);
        break;
    case 'i':
        o->pid = (int)number("pid", optarg, 1, INT32_MAX);
        break;
    case 'd':
        o->dir = optarg;
        break;
    case 's':
        o->only = optarg;
        break;
    case 'c':
        read_levels(o, optarg);
        break;
    case 'n':
        o->operations = number("operations", optarg, 1, OPERATIONS_MAX);
        break;
    case 't':
        o->limit_s = (unsigned)number("seconds", optarg, 1, 240);
        break;
    case 'f':
        o->financings = number("financings", optarg, LENDERS, FINANCINGS_MAX);
        break;
    case 'e':
        o->per_second = (unsigned)number("per-second", optarg, 1, 10000);
        break;
    case 'o':
        o->others = number("others", optarg, 1, 400);
        break;
    case 'r':
        o->seed = number("seed", optarg, 0, INT64_MAX);
        break;
    case 'm':
        o->machine = optarg;
        break;
    case 'q':
        o->quick = true;
        break;
    case 'j':
        o->json = true;
        break;
    case 'h':
        usage_text(stdout);
        exit(0);
    default:
        usage_text(stderr);
        exit(2);
    }
}

static options read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},
        {"pid", required_argument, NULL, 'i'},
        {"dir", required_argument, NULL, 'd'},
        {"scenario", required_argument, NULL, 's'},
        {"connections", required_argument, NULL, 'c'},
        {"operations", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 't'},
        {"financings", required_argument, NULL, 'f'},
        {"per-second", required_argument, NULL, 'e'},
        {"others", required_argument, NULL, 'o'},
        {"seed", required_argument, NULL, 'r'},
        {"machine", required_argument, NULL, 'm'},
        {"quick", no_argument, NULL, 'q'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    options o = {.levels = {1, 64, 256},
                 .level_count = 3,
                 .limit_s = LIMIT_S,
                 .others = OTHERS,
                 .per_second = FINANCINGS_PER_SECOND,
                 .seed = 1,
                 .machine = "an unnamed machine"};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;)
        read_option(&o, c);
    if (!o.port || !o.pid || !o.dir || optind < argc) {
        usage_text(stderr);
        exit(2);
    }
    check_names(&o);
    if (!o.operations)
        o.operations = o.quick ? OPERATIONS_QUICK : OPERATIONS;
    if (!o.financings)
        o.financings = o.quick ? FINANCINGS_QUICK : FINANCINGS;
    return o;
}

static floor_costs measure_floor(const options *o, world *w)
{
    char scratch[4096];
    lg_arena *arena = lg_arena_open();
    snprintf(scratch, sizeof scratch, "%s.fdatasync", o->dir);
    world_receivable draft = {0};
    world_act act = command_register(w, arena, &draft);
    floor_costs costs = floor_measure(world_sign(w, arena, &act), scratch);
    lg_arena_close(arena);
    return costs;
}

static size_t operations_of(const options *o, const scenario *s, size_t connections)
{
    size_t operations = o->operations / s->share;
    if (connections == 1 && s->is_write && !o->quick)
        operations /= ONE_CLIENT_SHARE;
    return operations ? operations : 1;
}

/* Not measured: what the scenario uses up or reads, as far as those before it at this level leave it wanting.
 * The suppliers' pages want 50 from each. */
static void supply(const options *o, world *w, const scenario *s, size_t connections)
{
    const scenario *registering = scenario_named("register");
    size_t pages = SCENARIO_PAGE_ITEMS * w->supplier_count;
    if (s->is_write)
        scenario_supply(s, w, o->pid, operations_of(o, s, connections), o->limit_s);
    else if (w->receivable_count < pages)
        scenario_measure(registering, w, o->pid, SUPPLY_CONNECTIONS, pages - w->receivable_count, o->limit_s);
}

/* Every level does the scenarios in their order. */
static size_t measure_all(const options *o, world *w, bench_result results[RESULTS_MAX])
{
    size_t count = 0;
    for (size_t level = 0; level < o->level_count; level++) {
        size_t connections = o->levels[level];
        for (size_t i = 0; i < scenario_count; i++) {
            const scenario *s = &scenarios[i];
            if (!is_chosen(o, s->name))
                continue;
            supply(o, w, s, connections);
            bench_result result =
                scenario_measure(s, w, o->pid, connections, operations_of(o, s, connections), o->limit_s);
            if (result.done == 0)
                bench_fail("%s at %zu connections: nothing is registered for it", s->name, connections);
            results[count++] = result;
        }
    }
    return count;
}

/* First without the others, for comparison: what a financing takes when nothing stands in its way. */
static size_t measure_instructions(const options *o, world *w, instruction_result results[INSTRUCTIONS_MAX])
{
    const instruction_plan plans[] = {{.endpoints = w->lender_count, .others = 0},
                                      {.endpoints = w->lender_count, .others = o->others},
                                      {.endpoints = 1, .others = o->others},
                                      {.endpoints = w->lender_count, .others = o->others, .told = true}};
    size_t count = 0;
    if (!is_chosen(o, INSTRUCTION))
        return 0;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        instruction_plan plan = plans[i];
        plan.count = o->financings;
        plan.per_second = o->per_second;
        plan.limit_s = INSTRUCTION_LIMIT_S;
        results[count++] = instruction_measure(w, o->pid, &plan);
    }
    return count;
}

int main(int argc, char **argv)
{
    options o = read_options(argc, argv);
    bench_result results[RESULTS_MAX];
    instruction_result instructions[INSTRUCTIONS_MAX];
    world w = {.port = o.port};
    if (lg_crypto_init() != LG_OK)
        bench_fail("libsodium does not start");
    const world_size size = {.suppliers = o.quick ? SUPPLIERS_QUICK : SUPPLIERS,
                             .cores = o.quick ? CORES_QUICK : CORES,
                             .lenders = LENDERS,
                             .custodians = CUSTODIANS};
    world_open(&w, o.dir, o.seed, size, world_do_over_http, NULL);
    world_number_behind(&w, scenario_log_size(&w));
    bench_report report = {.machine = o.machine,
                           .seed = o.seed,
                           .quick = o.quick,
                           .results = results,
                           .instructions = instructions};
    report.before = measure_floor(&o, &w);
    report.result_count = measure_all(&o, &w, results);
    report.instruction_count = measure_instructions(&o, &w, instructions);
    report.after = measure_floor(&o, &w);
    report.entries = scenario_log_size(&w);
    report.database_bytes = usage_file_bytes(o.dir, "ledger.db");
    report.wal_bytes = usage_file_bytes(o.dir, "ledger.db-wal");
    report.peak_memory_bytes = usage_peak_memory_bytes(o.pid);
    world_close(&w);
    if (o.json)
        report_json(stdout, &report);
    else
        report_table(stdout, &report);
    return 0;
}
