/* The lenders' side of webhooks: a receiver of HTTP on 127.0.0.1 with a thread of its own, which answers 200
 * at once and keeps what came, and when. */
#ifndef TESTS_BENCH_RECEIVER_H
#define TESTS_BENCH_RECEIVER_H

#include "tests/bench/bench.h"

typedef struct receiver receiver;

typedef struct receiver_message {
    uint64_t arrived_ns; /* its last byte was read */
    const char *head;    /* request line and headers, NUL-terminated, each line with its CRLF */
    lg_bytes body;       /* NUL-terminated behind the end */
} receiver_message;

receiver *receiver_open(size_t endpoints, size_t kept);
uint16_t receiver_port(const receiver *r);
/* Until so many messages to keep have arrived, or for so long; how many there are. */
size_t receiver_wait(receiver *r, size_t count, unsigned limit_s);
/* Ends the thread; the messages in the order of their arrival, which live until close. */
const receiver_message *receiver_stop(receiver *r, size_t *count);
/* How many others have come so far; any thread. */
size_t receiver_passed(const receiver *r);
void receiver_close(receiver *r);

#endif
