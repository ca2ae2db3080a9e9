/* The headline: from a holder's acceptance of an offer until the instruction to pay out has arrived at the
 * lender's endpoint, while other clients work.
 *
 * Three threads: this one sends the acceptances at a steady rate, the receiver takes the messages, the others
 * do the rest. One clock for all of them; what is compared is gathered first and compared afterwards. */
#ifndef TESTS_BENCH_INSTRUCTION_H
#define TESTS_BENCH_INSTRUCTION_H

#include "tests/bench/others.h"

typedef struct instruction_plan {
    size_t endpoints; /* each a lender's */
    size_t others;    /* connections at work meanwhile */
    bool told;        /* the others' parties have endpoints too, one each for all that concerns them */
    size_t count;     /* of financings */
    unsigned per_second;
    unsigned limit_s; /* for each step of making ready, and for all of the acceptances */
} instruction_plan;

typedef struct instruction_result {
    instruction_plan plan;
    size_t done;
    uint64_t elapsed_ns;
    /* From before the acceptance's first byte is written until the message's last byte is read. */
    uint64_t p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
    uint64_t answered_p50_ns, answered_p99_ns; /* until the acceptance's own answer is read */
    uint64_t latest_ns;      /* the most that an acceptance was sent later than the rate says */
    usage used;              /* by the server from the first acceptance to the last message */
    uint64_t self_ns;        /* run time of this program meanwhile, and */
    uint64_t elsewhere_ns;   /* of what is neither it nor the server: noise */
    uint64_t watched_ns;     /* how long `used` and these two were looked at */
    size_t told;             /* messages delivered to the others' parties while it was looked at */
    others_result meanwhile; /* zeros if there were none */
} instruction_result;

/* Every message is checked afterwards: once each, in the ledger's order at its endpoint, its instruction the
 * financing's, its v1 signature right. */
instruction_result instruction_measure(world *w, int pid, const instruction_plan *plan);

#endif
