/* One step of one of SQLite's statements that fails, in this process and for every step of every command:
 * what it left must be nothing, so the next attempt starts from the same registry, and the last, untouched
 * one leaves the very rows of the story. */
#include "tests/fault/fault.h"

#include <stdio.h>

bool __real_lg_query_next(lg_query *query);
bool __wrap_lg_query_next(lg_query *query);
bool __wrap_lg_query_next(lg_query *query)
{
    if (!query->err && fault_strikes(CALL_STATEMENT))
        query->err = LG_IO;
    return __real_lg_query_next(query);
}

lg_err __real_lg_query_run(lg_query *query);
lg_err __wrap_lg_query_run(lg_query *query);
lg_err __wrap_lg_query_run(lg_query *query)
{
    if (!query->err && fault_strikes(CALL_STATEMENT))
        query->err = LG_IO;
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
    if (got->err)
        return got->err == LG_IO || wrong(s, nth, lg_err_slug(got->err), got->detail);
    if (got->status != s->status || got->digest != s->answer)
        return wrong(s, nth, "another answer than", struck ? "without a fault" : "before the faults");
    state_read(place->work, &now);
    const char *differs = state_difference(&now, &s->after);
    return !differs || wrong(s, nth, "it leaves another table:", differs);
}

void statements_run(const trial_place *place, size_t at, void (*note)(trial_end end))
{
    const step *s = &place->story->steps[at];
    house h;
    bool good = begin(place, at, &h), struck = true;
    for (long nth = 1; good && struck; nth++) {
        answer got;
        fault_restart_random(s->seed);
        fault_arm(FAULT_STATEMENT, nth);
        house_do(&h, s, &got, NULL);
        fault_disarm();
        struck = atomic_load(&plan->struck);
        good = judge(place, s, nth, struck, &got);
        note(!good ? END_WRONG : got.err ? END_FAILED : END_ABSORBED);
        if (struck && (!got.err || s->makes_key || lg_ledger_is_broken(h.api.ledger))) {
            house_close(&h);
            good = begin(place, at, &h) && good;
        }
    }
    house_close(&h);
    folder_remove(place->work);
}
