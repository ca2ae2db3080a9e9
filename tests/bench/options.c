#include "tests/bench/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPERATIONS = 20000,
    OPERATIONS_MAX = 200000, /* signed in far less than the 300 s that a command stays fresh */
    OPERATIONS_QUICK = 200,
    LIMIT_S = 60,
    FINANCINGS = 1500,
    FINANCINGS_QUICK = 40,
    FINANCINGS_MIN = 4,
    FINANCINGS_MAX = 10000, /* signed before the first is sent, and fresh for 300 s */
    FINANCINGS_PER_SECOND = 50,
    OTHERS = 64,
    CONNECTIONS_MAX = 512,
    RATE_CONNECTIONS = 256, /* as many as a steady rate may need when answers are late */
};

static const struct {
    const char *name, *what;
} more[] = {
    {NAME_INSTRUCTION, "the headline: from acceptance to the lender's endpoint"},
    {NAME_BESIDE, "reads while 64 clients write, and alone"},
    {NAME_START_UP, "starts after a clean stop and after kill -9"},
    {NAME_AUDIT, "the full audit of the registry at the end"},
};
enum { MORE = sizeof more / sizeof *more };

static void usage_text(FILE *out)
{
    fputs("usage: bench --tallystick BINARY --bare BINARY --dir REGISTRY [OPTION...]\n"
          "  --scenario A,B       only these (default: all)\n"
          "  --connections 1,64   how many clients at once; 1000/s: so many requests a second, steadily; up "
          "to\n"
          "                       8 of them (default: 1,64,256,1000/s)\n"
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
          "  --syncs LIBRARY      counts the server's syncs (preload/syncs.c)\n"
          "scenarios:\n",
          out);
    for (size_t i = 0; i < scenario_count; i++)
        fprintf(out, "  %-12s %s\n", scenarios[i].name, scenarios[i].what);
    for (size_t i = 0; i < MORE; i++)
        fprintf(out, "  %-12s %s\n", more[i].name, more[i].what);
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

static scenario_level read_level(char *text)
{
    const size_t len = strlen(text);
    if (len < 2 || strcmp(text + len - 2, "/s") != 0)
        return (scenario_level){.connections = number("connections", text, 1, CONNECTIONS_MAX)};
    text[len - 2] = '\0';
    return (scenario_level){.connections = RATE_CONNECTIONS,
                            .per_second = (unsigned)number("connections", text, 1, 100000)};
}

static void read_levels(options *o, const char *text)
{
    char copy[128];
    char *rest = copy;
    snprintf(copy, sizeof copy, "%s", text);
    o->level_count = 0;
    for (char *one; (one = strsep(&rest, ","));) {
        if (o->level_count == LEVELS_MAX)
            bench_fail("--connections takes at most %d numbers", LEVELS_MAX);
        o->levels[o->level_count++] = read_level(one);
    }
}

bool options_choose(const options *o, const char *name)
{
    size_t len = strlen(name);
    if (!o->only)
        return true;
    for (const char *at = o->only; (at = strstr(at, name)); at += len)
        if ((at == o->only || at[-1] == ',') && (at[len] == '\0' || at[len] == ','))
            return true;
    return false;
}

static bool is_name(const char *text)
{
    for (size_t i = 0; i < MORE; i++)
        if (strcmp(text, more[i].name) == 0)
            return true;
    return scenario_named(text) != NULL;
}

/* Every name given is a scenario. */
static void check_names(const options *o)
{
    char copy[512];
    char *rest = copy;
    if (!o->only)
        return;
    snprintf(copy, sizeof copy, "%s", o->only);
    for (const char *one; (one = strsep(&rest, ","));) {
        if (!is_name(one)) {
            usage_text(stderr);
            bench_fail("no scenario is called '%s'", one);
        }
    }
}

static void read_option(options *o, int c)
{
    switch (c) {
    case 'b':
        o->tallystick = optarg;
        break;
    case 'a':
        o->bare = optarg;
        break;
    case 'd':
        o->dir = optarg;
        break;
    case 'y':
        o->syncs = optarg;
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
        o->financings = number("financings", optarg, FINANCINGS_MIN, FINANCINGS_MAX);
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

options options_read(int argc, char **argv)
{
    static const struct option known[] = {
        {"tallystick", required_argument, NULL, 'b'},
        {"bare", required_argument, NULL, 'a'},
        {"dir", required_argument, NULL, 'd'},
        {"syncs", required_argument, NULL, 'y'},
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
    options o = {.limit_s = LIMIT_S,
                 .others = OTHERS,
                 .per_second = FINANCINGS_PER_SECOND,
                 .seed = 1,
                 .machine = "an unnamed machine"};
    read_levels(&o, "1,64,256,1000/s");
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;)
        read_option(&o, c);
    if (!o.tallystick || !o.bare || !o.dir || optind < argc) {
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
