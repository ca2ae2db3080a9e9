#include "server/verifier/breaker.h"

#include "server/outbound/delay.h"

static int64_t step_ms(unsigned step, int64_t retry_after_s, uint32_t random)
{
    static const int64_t schedule_s[] = {1, 2, 5, 15, 30, 60, 120, 300};
    const unsigned last = sizeof schedule_s / sizeof *schedule_s - 1;
    return outbound_delay(schedule_s[step < last ? step : last], retry_after_s, random) / 1000;
}

size_t breaker_room(const breaker *b, int64_t now_ms, size_t calling, size_t max)
{
    if (b->pauses)
        return now_ms >= b->resume_ms && calling == 0 ? 1 : 0;
    return calling < max ? max - calling : 0;
}

bool breaker_success(breaker *b)
{
    bool ended = b->pauses > 0;
    *b = (breaker){0};
    return ended;
}

bool breaker_failure(breaker *b, int64_t now_ms, int64_t retry_after_s, uint32_t random)
{
    b->failures++;
    /* Calls that were under way when the pause began fail as well; they say nothing new. */
    if (b->failures < BREAKER_FAILURES || (b->pauses && now_ms < b->resume_ms))
        return false;
    b->resume_ms = now_ms + step_ms(b->pauses, retry_after_s, random);
    b->pauses++;
    return true;
}

int64_t breaker_retry_ms(unsigned failures, int64_t retry_after_s, uint32_t random)
{
    return step_ms(failures ? failures - 1 : 0, retry_after_s, random);
}
