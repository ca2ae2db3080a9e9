/* When the service is down it is left alone: after some failures in a row nobody asks for a while, then one
 * question tries, and only its success lets the others follow. Times are monotonic milliseconds. */
#ifndef VERIFIER_BREAKER_H
#define VERIFIER_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BREAKER_FAILURES = 5 };

typedef struct breaker {
    unsigned failures; /* in a row */
    unsigned pauses;   /* since it last answered; 0: it is not paused */
    int64_t resume_ms; /* the present pause's end */
} breaker;

/* How many calls may start, of `max` at once, when `calling` are under way. */
size_t breaker_room(const breaker *b, int64_t now_ms, size_t calling, size_t max);
/* True if this ends a pause. */
bool breaker_success(breaker *b);
/* True if this begins a pause, or a longer one. `random`, retry_after_s: as outbound_delay takes them. */
bool breaker_failure(breaker *b, int64_t now_ms, int64_t retry_after_s, uint32_t random);

/* The delay before a question's call that failed `failures` times is made again, milliseconds. */
int64_t breaker_retry_ms(unsigned failures, int64_t retry_after_s, uint32_t random);

#endif
