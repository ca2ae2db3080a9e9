#include "tests/bench/ending.h"

enum { STARTS = 3, WRITERS = 64 };

static void start_again(serving *s, world *w, uint64_t *slowest_ns)
{
    serving_start(s);
    w->port = s->port;
    *slowest_ns = s->start_ns > *slowest_ns ? s->start_ns : *slowest_ns;
}

start_up_result ending_start_up(serving *s, world *w, size_t writes, unsigned limit_s)
{
    start_up_result result = {.starts = STARTS, .writes = writes};
    for (size_t i = 0; i < STARTS; i++) {
        serving_stop(s);
        start_again(s, w, &result.clean_ns);
    }
    for (size_t i = 0; i < STARTS; i++) {
        scenario_do(scenario_named("register"), w, WRITERS, writes, limit_s);
        serving_kill(s);
        result.wal_bytes = usage_file_bytes(s->dir, "ledger.db-wal");
        start_again(s, w, &result.killed_ns);
    }
    return result;
}
