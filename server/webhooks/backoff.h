/* When a message that was not delivered is tried again. */
#ifndef WEBHOOKS_BACKOFF_H
#define WEBHOOKS_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum { WEBHOOK_ATTEMPTS_MAX = 11 /* over a little more than 45 hours */ };

/* The delay after the `failures`th failure in a row, microseconds: that of the schedule, varied as
 * outbound_delay says. False: it was the last attempt. */
bool webhook_backoff(int64_t failures, int64_t retry_after_s, uint32_t random, int64_t *delay_us);

#endif
