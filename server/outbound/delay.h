/* How long to wait before something that failed is tried again. */
#ifndef OUTBOUND_DELAY_H
#define OUTBOUND_DELAY_H

#include <stdint.h>

enum { OUTBOUND_RETRY_AFTER_MAX_S = 3600 };

/* Microseconds: delay_s and up to a quarter more, as `random` (any 32 bits) says, so that what failed
 * together does not come back together. A longer wait that the other side asked for (seconds, 0: none) is
 * honoured up to an hour. */
int64_t outbound_delay(int64_t delay_s, int64_t retry_after_s, uint32_t random);

#endif
