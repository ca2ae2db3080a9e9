/* Figures of the delivery thread for those who watch. Counters move as things happen; what takes a look at
 * every endpoint is looked at once a second at most, and not at all while nothing happens. */
#include "server/webhooks/internal.h"

enum { SURVEY_EVERY_MS = 1000 };

static const int64_t ms_bounds[] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 15000};

void watch_open(webhooks_watch *watch)
{
    *watch = (webhooks_watch){.duration_ms = LG_HISTOGRAM_OF(ms_bounds), .oldest_seq = -1};
}

void watch_attempt(webhooks *w, webhooks_outcome outcome, int64_t duration_ms)
{
    metrics_add(&w->watch.attempts[outcome], 1);
    lg_histogram_add(&w->watch.duration_ms, duration_ms);
}

/* The first message that the endpoint is still to take; -1: none. */
static int64_t oldest_of(webhooks *w, const endpoint *e)
{
    lg_delivery *rows;
    size_t count = 0;
    if (e->count)
        return e->queue[e->first].seq;
    if (!e->backlog || lg_delivery_list_pending(w->store, e->row.no, 1, w->arena, &rows, &count) != LG_OK ||
        !count)
        return -1;
    return rows[0].seq;
}

static void survey(webhooks *w)
{
    int64_t oldest = -1, live = 0, doubtful = 0, dead = 0;
    lg_arena_reset(w->arena);
    for (size_t i = 0; i < w->endpoint_count; i++) {
        const endpoint *e = w->endpoints[i];
        int64_t seq = oldest_of(w, e);
        if (seq >= 0 && (oldest < 0 || seq < oldest))
            oldest = seq;
        dead += e->down;
        doubtful += !e->down && e->doubtful;
        live += !e->down && !e->doubtful;
    }
    atomic_store(&w->watch.oldest_seq, oldest);
    atomic_store(&w->watch.live, live);
    atomic_store(&w->watch.doubtful, doubtful);
    atomic_store(&w->watch.dead, dead);
}

void watch_turn(webhooks *w, lg_time now)
{
    atomic_store(&w->watch.flying, (int64_t)w->flying);
    w->survey_due = w->surveyed_at + SURVEY_EVERY_MS * INT64_C(1000);
    if (now < w->survey_due && now >= w->surveyed_at)
        return;
    survey(w);
    w->surveyed_at = now;
    w->survey_due = 0;
}

webhooks_stats webhooks_get_stats(webhooks *w)
{
    webhooks_watch *watch = &w->watch;
    webhooks_stats stats = {
        .duration_ms = &watch->duration_ms,
        .flying = metrics_get(&watch->flying),
        .live = metrics_get(&watch->live),
        .doubtful = metrics_get(&watch->doubtful),
        .dead = metrics_get(&watch->dead),
        .oldest_seq = metrics_get(&watch->oldest_seq),
    };
    for (int i = 0; i < WEBHOOKS_OUTCOMES; i++)
        stats.attempts[i] = metrics_get(&watch->attempts[i]);
    return stats;
}
