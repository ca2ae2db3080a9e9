#include "server/webhooks/backoff.h"

#include "server/outbound/delay.h"

#include <stddef.h>

bool webhook_backoff(int64_t failures, int64_t retry_after_s, uint32_t random, int64_t *delay_us)
{
    static const int64_t schedule_s[] = {1, 5, 30, 2 * 60, 10 * 60, 1800, 7200, 21600, 12 * 3600, 24 * 3600};
    _Static_assert(sizeof schedule_s / sizeof *schedule_s == WEBHOOK_ATTEMPTS_MAX - 1,
                   "a delay between any two attempts");
    if (failures < 1 || failures >= WEBHOOK_ATTEMPTS_MAX)
        return false;
    *delay_us = outbound_delay(schedule_s[failures - 1], retry_after_s, random);
    return true;
}
