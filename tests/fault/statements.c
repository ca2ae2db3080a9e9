/* One step of one of SQLite's statements that fails, in this process and for every step of every command:
 * what it left must be nothing, so the next attempt starts from the same registry, and the last, untouched
 * one leaves the very rows of the story. */
#include "tests/fault/fault.h"

#include <pthread.h>
#include <stdio.h>

/* Where the same statements run for each entry, only the first step of each counts. */
static struct firsts {
    bool only;
    pthread_mutex_t lock;
    const void *met[1024];
    size_t count;
} firsts = {.lock = PTHREAD_MUTEX_INITIALIZER};

void statements_only_first(bool only)
{
    firsts.only = only;
    firsts.count = 0;
}

static bool counts(const lg_query *query)
{
    if (!firsts.only)
        return true;
    pthread_mutex_lock(&firsts.lock);
    bool met = false;
    for (size_t i = 0; i < firsts.count && !met; i++)
        met = firsts.met[i] == query->statement;
    if (!met && firsts.count < sizeof firsts.met / sizeof *firsts.met)
        firsts.met[firsts.count++] = query->statement;
    pthread_mutex_unlock(&firsts.lock);
    return !met;
}

static void strike(lg_query *query)
{
    if (!query->err && atomic_load(&plan->armed) && counts(query) && fault_strikes(CALL_STATEMENT))
        query->err = LG_IO;
}

bool __real_lg_query_next(lg_query *query);
bool __wrap_lg_query_next(lg_query *query);
bool __wrap_lg_query_next(lg_query *query)
{
    strike(query);
    return __real_lg_query_next(query) && !fault_strikes(CALL_ROW);
}

lg_err __real_lg_query_run(lg_query *query);
lg_err __wrap_lg_query_run(lg_query *query);
lg_err __wrap_lg_query_run(lg_query *query)
{
    strike(query);
    return __real_lg_query_run(query);
}

static bool wrong(const step *s, long nth, const char *what, const char *detail)
{
    printf("WRONG %s, statement %ld: %s %s\n", s->name, nth, what, detail);
    return false;
}

static bool begin(const trial_place *place, size_t at, house *h)
{
    const step *s = &place->story->steps[at];
    folder_remove(place->work);
    folder_copy(story_snapshot(place->story, at), place->work);
    fault_set_time(s->now);
    return house_open(h, place->work) == LG_OK || wrong(s, 0, "it does not open:", h->report.detail);
}

/* What is right when a statement failed, and when none did. */
static bool judge(const trial_place *place, const step *s, long nth, bool struck, const answer *got)
{
    state now;
    if (struck && plan->kind == FAULT_NO_ROW)
        return true; /* whoever took it away is the audit's to find; here it may be as if it never had been */
    if (got->err)
        return got->err == LG_IO || wrong(s, nth, lg_err_slug(got->err), got->detail);
    if (got->status != s->status || got->digest != s->answer)
        return wrong(s, nth, "another answer than", struck ? "without a fault" : "before the faults");
    state_read(place->work, &now);
    const char *differs = state_difference(&now, &s->after);
    return !differs || wrong(s, nth, "it leaves another table:", differs);
}

void statements_run(const trial_place *place, size_t at, fault_kind kind,
                    void (*note)(fault_kind kind, trial_end end))
{
    const step *s = &place->story->steps[at];
    house h;
    bool good = begin(place, at, &h), struck = true;
    for (long nth = 1; good && struck; nth++) {
        answer got;
        fault_restart_random(s->seed);
        fault_arm(kind, nth);
        house_do(&h, s, &got, NULL);
        fault_disarm();
        struck = atomic_load(&plan->struck);
        good = judge(place, s, nth, struck, &got);
        note(kind, !good ? END_WRONG : got.err ? END_FAILED : END_ABSORBED);
        if (struck && (!got.err || s->makes_key || lg_ledger_is_broken(h.api.ledger))) {
            house_close(&h);
            good = begin(place, at, &h) && good;
        }
    }
    house_close(&h);
    folder_remove(place->work);
}
