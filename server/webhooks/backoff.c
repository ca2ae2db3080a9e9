#include "server/webhooks/backoff.h"

#include <stddef.h>

bool webhook_backoff(int64_t failures, int64_t retry_after_s, uint32_t random, int64_t *delay_us)
{
    static const int64_t schedule_s[] = {1, 5, 30, 2 * 60, 10 * 60, 1800, 7200, 21600, 12 * 3600, 24 * 3600};
    _Static_assert(sizeof schedule_s / sizeof *schedule_s == WEBHOOK_ATTEMPTS_MAX - 1,
                   "a delay between any two attempts");
    if (failures < 1 || failures >= WEBHOOK_ATTEMPTS_MAX)
        return false;
    int64_t delay = schedule_s[failures - 1] * 1000000;
    delay += delay / 4 * (random >> 16) / 65536;
    if (retry_after_s > WEBHOOK_RETRY_AFTER_MAX_S)
        retry_after_s = WEBHOOK_RETRY_AFTER_MAX_S;
    if (delay < retry_after_s * 1000000)
        delay = retry_after_s * 1000000;
    *delay_us = delay;
    return true;
}
