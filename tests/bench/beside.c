#include "tests/bench/beside.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { READS_MAX = 2000000 };

static const char *const reads[] = {"read", "list", "query", "claim", "proof", "tile"};
enum { READS = sizeof reads / sizeof *reads };
_Static_assert((int)READS <= (int)BESIDE_MAX, "each has its row");

static double writes_of(const others_result *r)
{
    double sum = 0;
    for (int kind = 0; kind < OTHERS_KINDS; kind++)
        sum += (double)r->done[kind];
    return sum;
}

static double per_second(const others_result *r)
{
    return writes_of(r) * 1e9 / (double)r->elapsed_ns;
}

/* The world as it is now, for reading, while the others change it. */
static world freeze(const world *w)
{
    world frozen = *w;
    frozen.receivables = calloc(w->receivable_count + 1, sizeof *w->receivables);
    frozen.registered = calloc(w->supplier_count, sizeof *w->registered);
    if (!frozen.receivables || !frozen.registered)
        bench_fail("out of memory");
    memcpy(frozen.receivables, w->receivables, w->receivable_count * sizeof *w->receivables);
    memcpy(frozen.registered, w->registered, w->supplier_count * sizeof *w->registered);
    return frozen;
}

/* CPU of one write. */
static double write_alone(world *w, int pid, size_t writers, unsigned seconds, double *rate)
{
    const struct timespec pause = {.tv_sec = seconds};
    const usage before = usage_read_settled(pid);
    others *o = others_start(w, writers, true);
    nanosleep(&pause, NULL);
    const others_result done = others_stop(o);
    const usage after = usage_read_settled(pid);
    *rate = per_second(&done);
    return (double)usage_between(&before, &after).cpu_ns / writes_of(&done);
}

static beside_result measure(world *w, int pid, const scenario *s, scenario_level level, size_t writers,
                             unsigned seconds, double write_cpu_ns)
{
    beside_result result = {.scenario = s->name};
    world frozen = freeze(w);
    result.alone = scenario_measure(s, &frozen, pid, level, READS_MAX, seconds);
    result.alone_cpu_ns = (double)result.alone.used.cpu_ns / (double)result.alone.done;
    const usage before = usage_read_settled(pid);
    others *o = others_start(w, writers, true);
    result.beside = scenario_do(s, &frozen, level.connections, READS_MAX, seconds);
    const others_result writes = others_stop(o);
    const usage after = usage_read_settled(pid);
    const double all_ns = (double)usage_between(&before, &after).cpu_ns;
    result.beside_cpu_ns = (all_ns - write_cpu_ns * writes_of(&writes)) / (double)result.beside.done;
    result.writes_beside_per_second = per_second(&writes);
    free(frozen.receivables);
    free(frozen.registered);
    return result;
}

size_t beside_measure(world *w, int pid, size_t readers, size_t writers, unsigned seconds,
                      beside_result results[BESIDE_MAX])
{
    double rate;
    const double write_cpu_ns = write_alone(w, pid, writers, seconds, &rate);
    for (size_t i = 0; i < READS; i++) {
        results[i] = measure(w, pid, scenario_named(reads[i]), (scenario_level){.connections = readers},
                             writers, seconds, write_cpu_ns);
        results[i].writes_alone_per_second = rate;
    }
    return READS;
}
