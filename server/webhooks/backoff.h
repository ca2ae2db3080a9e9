/* When a message that was not delivered is tried again. */
#ifndef WEBHOOKS_BACKOFF_H
#define WEBHOOKS_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WEBHOOK_ATTEMPTS_MAX = 11, /* over a little more than 45 hours */
    WEBHOOK_RETRY_AFTER_MAX_S = 3600,
};

/* The delay after the `failures`th failure in a row, microseconds: that of the schedule and up to a quarter
 * more, as `random` (any 32 bits) says, so that endpoints that failed together do not come back together. A
 * longer wait that the endpoint asked for (seconds, 0: none) is honoured up to an hour. False: it was the
 * last attempt. */
bool webhook_backoff(int64_t failures, int64_t retry_after_s, uint32_t random, int64_t *delay_us);

#endif
