#include "server/outbound/delay.h"

int64_t outbound_delay(int64_t delay_s, int64_t retry_after_s, uint32_t random)
{
    int64_t delay = delay_s * 1000000;
    delay += delay / 4 * (random >> 16) / 65536;
    if (retry_after_s > OUTBOUND_RETRY_AFTER_MAX_S)
        retry_after_s = OUTBOUND_RETRY_AFTER_MAX_S;
    return delay < retry_after_s * 1000000 ? retry_after_s * 1000000 : delay;
}
