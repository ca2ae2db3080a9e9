/* Makes a realistic registry quickly, or makes one larger: see README.md. */
#include "ledger/crypto/secret.h"
#include "tests/bench/generate/direct.h"
#include "tests/bench/generate/life.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SUPPLIERS = 500,
    CORES = 100,
    LENDERS = 20,
    CUSTODIANS = 8,
    ENTRIES_PER_CLAIM = 4, /* about */
    ROUNDS_MIN = 64,       /* so that also a small registry sees lives from beginning to end */
    LIVES_MIN = 16,        /* at once, of each cohort */
    LIVES_MAX = 2048,
    SAMPLE = 20000, /* receivables kept for the bench to read */
    SAVE_EVERY_S = 60,
    TELL_EVERY_S = 10, /* where there is no terminal */
    REFUSED_PERMILLE_MAX = 10,
    NS_PER_SECOND = 1000000000,
};

typedef struct options {
    const char *dir;
    uint64_t seed;
    int64_t claims, entries; /* 0: not asked for */
} options;

/* Lives that take their steps together: while the writer is at one cohort, the other's commands are signed.
 */
typedef struct cohort {
    life *lives;
    direct_slot *slots, **submitted;
    size_t count, submitted_count;
} cohort;

typedef struct generation {
    const options *o;
    direct *d;
    world *w;
    life_chances *chances;
    uint64_t random;
    int64_t entries, entries_before; /* in the ledger: now, and when this began */
    uint64_t began_ns, told_ns, saved_ns;
    uint64_t steps[LIFE_OVER], refused, not_registered;
    char first_refusal[256];
} generation;

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* ---- telling ---- */

static int64_t reached(const generation *g)
{
    return g->o->claims ? (int64_t)g->w->lives : g->entries;
}

static int64_t target(const generation *g)
{
    return g->o->claims ? g->o->claims : g->o->entries;
}

static void tell(generation *g, int64_t begun_at)
{
    uint64_t now = bench_clock_ns(), elapsed = now - g->began_ns + 1;
    bool terminal = isatty(STDERR_FILENO);
    char label[64];
    double rate = (double)(g->entries - g->entries_before) * NS_PER_SECOND / (double)elapsed;
    double progress = (double)(reached(g) - begun_at) / (double)(target(g) - begun_at + 1);
    double left_s = progress > 0 ? (double)elapsed / NS_PER_SECOND * (1 - progress) / progress : 0;
    if (terminal) {
        snprintf(label, sizeof label, "%.0f/s, %.0f s left", rate, left_s > 0 ? left_s : 0);
        bench_progress(label, (size_t)reached(g), (size_t)target(g));
    } else if (now - g->told_ns >= (uint64_t)TELL_EVERY_S * NS_PER_SECOND) {
        fprintf(stderr, "%" PRId64 " entries, %" PRIu64 " claims; %.0f entries/s; %.0f s left\n", g->entries,
                g->w->lives, rate, left_s > 0 ? left_s : 0);
        g->told_ns = now;
    }
}

static void tell_result(const generation *g, size_t lives_at_once)
{
    double seconds = (double)(bench_clock_ns() - g->began_ns) / NS_PER_SECOND;
    int64_t made = g->entries - g->entries_before;
    printf("%" PRId64 " entries, %" PRIu64 " claims in %s; %" PRId64 " entries made in %.1f s, %.0f/s, %zu "
           "lives at once\n",
           g->entries, g->w->lives, g->o->dir, made, seconds, (double)made / seconds, 2 * lives_at_once);
    for (life_step step = 0; step < LIFE_OVER; step++)
        printf("  %-14s %" PRIu64 "\n", life_step_name(step), g->steps[step]);
    printf("  held or rejected by the gateway: %" PRIu64 "; refused: %" PRIu64 "%s%s\n", g->not_registered,
           g->refused, g->refused ? ", the first: " : "", g->first_refusal);
    printf("  ledger.db %.1f MiB, %.0f bytes per entry; peak memory %.1f MiB\n",
           (double)usage_file_bytes(g->o->dir, "ledger.db") / 1048576.0,
           (double)usage_file_bytes(g->o->dir, "ledger.db") / (double)g->entries,
           (double)usage_peak_memory_bytes(getpid()) / 1048576.0);
}

/* ---- lives ---- */

/* The bench acts on those that are as one of its own scenarios leaves them; others it reads. */
static world_stage stage_to_keep(const life *l)
{
    bool untouched = l->splits == 0 && l->hops == 0 && l->step != LIFE_PAY_PART;
    if (untouched && (l->r.stage == STAGE_REGISTERED || l->r.stage == STAGE_CONFIRMED) &&
        (l->step == LIFE_REGISTER || l->step == LIFE_CONFIRM))
        return l->r.stage;
    return STAGE_LEFT;
}

/* Each life has the same chance to be in the sample (Vitter's algorithm R). */
static void keep(generation *g, const life *l)
{
    world *w = g->w;
    world_receivable *row;
    g->w->lives++;
    if (w->receivable_count < SAMPLE) {
        row = world_room(w);
        w->kept = ++w->receivable_count;
    } else {
        uint64_t at = bench_next(&g->random) % w->lives;
        if (at >= SAMPLE)
            return;
        row = &w->receivables[at];
    }
    *row = l->r;
    row->recipient = (uint32_t)((row->supplier + 1) % w->supplier_count);
    row->stage = stage_to_keep(l);
}

static void end_life(generation *g, life *l)
{
    if (*l->r.id)
        keep(g, l);
    *l = (life){0};
}

/* What the writer made of one step. */
static void harvest_one(generation *g, life *l, const direct_slot *slot)
{
    const api_command *c = &slot->command;
    const lg_result *result = c->outcome.results;
    g->steps[l->step]++;
    if (c->job.err && lg_err_kind(c->job.err) != LG_KIND_CALLER)
        bench_fail("%s: %s", life_step_name(l->step), lg_err_title(c->job.err));
    if (c->job.err) {
        if (g->refused++ == 0)
            snprintf(g->first_refusal, sizeof g->first_refusal, "%s: %s", life_step_name(l->step),
                     c->job.report.detail ? c->job.report.detail : lg_err_title(c->job.err));
        end_life(g, l);
        return;
    }
    if (l->step == LIFE_REGISTER)
        g->w->registered[l->r.supplier]++;
    if (life_took(l, result, &g->random))
        return;
    g->not_registered += l->step == LIFE_REGISTER;
    end_life(g, l);
}

static void harvest(generation *g, cohort *c)
{
    for (size_t i = 0; i < c->submitted_count; i++)
        harvest_one(g, &c->lives[c->submitted[i] - c->slots], c->submitted[i]);
    c->submitted_count = 0;
    g->entries = direct_entries(g->d);
}

/* The next step of every life; where one is over, another begins. */
static void prepare(generation *g, cohort *c)
{
    direct_begin(g->d);
    for (size_t i = 0; i < c->count; i++) {
        life *l = &c->lives[i];
        l->step = life_next(l, g->chances, &g->random);
        if (l->step == LIFE_OVER) {
            end_life(g, l);
            l->step = life_next(l, g->chances, &g->random);
        }
        direct_slot_reset(&c->slots[i]);
        const world_act act = life_act(l, g->w, c->slots[i].arena, &g->random);
        direct_prepare(&c->slots[i], &act);
        c->submitted[c->submitted_count++] = &c->slots[i];
    }
    direct_end(g->d);
}

/* ---- all of it ---- */

static cohort cohort_open(direct *d, size_t count)
{
    cohort c = {.lives = calloc(count, sizeof *c.lives),
                .slots = calloc(count, sizeof *c.slots),
                .submitted = calloc(count, sizeof(direct_slot *)),
                .count = count};
    if (!c.lives || !c.slots || !c.submitted)
        bench_fail("out of memory");
    for (size_t i = 0; i < count; i++)
        direct_slot_open(d, &c.slots[i]);
    return c;
}

static void cohort_close(cohort *c)
{
    for (size_t i = 0; i < c->count; i++)
        direct_slot_close(&c->slots[i]);
    free(c->lives);
    free(c->slots);
    free(c->submitted);
}

static bool is_enough(const generation *g)
{
    return interrupted || reached(g) >= target(g);
}

static void run(generation *g, cohort cohorts[2])
{
    int64_t begun_at = reached(g);
    for (size_t turn = 0; !is_enough(g); turn++) {
        cohort *ours = &cohorts[turn % 2], *theirs = &cohorts[(turn + 1) % 2];
        prepare(g, ours);
        direct_wait(g->d);
        direct_submit(g->d, ours->submitted, ours->submitted_count);
        harvest(g, theirs);
        tell(g, begun_at);
        if (bench_clock_ns() - g->saved_ns >= (uint64_t)SAVE_EVERY_S * NS_PER_SECOND) {
            world_save(g->w, false);
            g->saved_ns = bench_clock_ns();
        }
    }
    direct_wait(g->d);
    for (size_t i = 0; i < 2; i++) {
        harvest(g, &cohorts[i]);
        for (size_t k = 0; k < cohorts[i].count; k++)
            end_life(g, &cohorts[i].lives[k]);
    }
    bench_progress_end();
    world_save(g->w, false);
}

static size_t lives_at_once(const options *o, int64_t entries, uint64_t claims)
{
    int64_t missing = o->claims ? (o->claims - (int64_t)claims) * ENTRIES_PER_CLAIM : o->entries - entries;
    int64_t lives = missing / ROUNDS_MIN / 2;
    return lives < LIVES_MIN ? LIVES_MIN : lives > LIVES_MAX ? LIVES_MAX : (size_t)lives;
}

static void generate(const options *o)
{
    const world_size size = {SUPPLIERS, CORES, LENDERS, CUSTODIANS};
    world w = {0};
    generation g = {.o = o, .w = &w, .d = direct_open(o->dir)};
    direct_set_world(g.d, &w);
    world_open(&w, o->dir, o->seed, size, direct_do, g.d);
    g.entries = g.entries_before = direct_entries(g.d);
    world_number_behind(&w, g.entries);
    g.random = w.seed + (uint64_t)g.entries;
    g.chances = life_chances_open(&w);
    const size_t lives = lives_at_once(o, g.entries, w.lives);
    cohort cohorts[2] = {cohort_open(g.d, lives), cohort_open(g.d, lives)};
    g.began_ns = g.told_ns = g.saved_ns = bench_clock_ns();
    run(&g, cohorts);
    cohort_close(&cohorts[0]);
    cohort_close(&cohorts[1]);
    life_chances_close(g.chances);
    direct_close(g.d);
    tell_result(&g, lives);
    world_close(&w);
    uint64_t all = 0;
    for (life_step step = 0; step < LIFE_OVER; step++)
        all += g.steps[step];
    if (g.refused * 1000 > all * REFUSED_PERMILLE_MAX)
        bench_fail("more than one command in a hundred was refused");
}

/* ---- options ---- */

static void usage_text(FILE *out)
{
    fputs("usage: generate DIR (--claims N | --to-entries N) [--seed S]\n"
          "Makes a registry in DIR, or makes the one there larger, until it holds that many receivables or\n"
          "entries. What the bench needs to use it is kept in DIR/bench.world. An interrupt ends it in good\n"
          "order; called again it goes on.\n",
          out);
}

static int64_t number(const char *option, const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    if (!*text || *end || value < 0 || (value == 0 && strcmp(option, "seed") != 0))
        bench_fail("--%s takes a number above zero, not '%s'", option, text);
    return value;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"claims", required_argument, NULL, 'c'},
                                          {"to-entries", required_argument, NULL, 'e'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    options o = {.seed = 1};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'c')
            o.claims = number("claims", optarg);
        else if (c == 'e')
            o.entries = number("to-entries", optarg);
        else if (c == 's')
            o.seed = (uint64_t)number("seed", optarg);
        else {
            usage_text(c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    if (optind + 1 != argc || (o.claims > 0) == (o.entries > 0)) {
        usage_text(stderr);
        return 2;
    }
    o.dir = argv[optind];
    if (lg_crypto_init() != LG_OK)
        bench_fail("libsodium does not start");
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    generate(&o);
    return 0;
}
