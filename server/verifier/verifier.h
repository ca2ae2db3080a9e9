/* Asks an external service, such as a tax office, about invoices that the policy wants verified, and records
 * what it answers by commands that the operator's own key signs.
 *
 * One thread. Its work list is the ledger's table of verifications: what is pending there is asked about,
 * from the start again after a crash. Only an answer that is whole, signed and about the very question
 * counts; what has none by its deadline is recorded so and stays for a reviewer (or passes with a warning,
 * where the policy is advisory). */
#ifndef VERIFIER_VERIFIER_H
#define VERIFIER_VERIFIER_H

#include "server/api/api.h"

typedef struct verifier_config {
    const char *dir;       /* of the registry; keys/verifier.key is read there, and made if it is missing */
    const char *url;       /* https, or http to this machine; NULL: none is asked, and all time runs out */
    const char *ca;        /* file of certificates instead of the system's; NULL: those */
    int64_t timeout_ms;    /* of one call */
    int64_t at_once;       /* calls under way */
    int64_t cache_valid_s; /* how long "genuine" holds for the same invoice; 0: not at all */
} verifier_config;

lg_err verifier_open(const verifier_config *config, api_context *api, verifier **out,
                     lg_report *report) LG_MUST_CHECK;
/* Starts the thread, which sends commands to the writer from then on. */
lg_err verifier_start(verifier *v) LG_MUST_CHECK;
/* Ends the thread, if it runs; what is under way is asked again after the next start. While the writer still
 * runs. */
void verifier_stop(verifier *v);
/* After the writer's end. NULL is fine. */
void verifier_close(verifier *v);
/* The ledger has grown; any thread, never blocks. */
void verifier_wake(verifier *v);

typedef struct verifier_stats {
    int64_t answered, failed, known; /* calls; and questions that the cache answered */
    int64_t waiting;                 /* questions without an answer on the ledger */
    bool paused;                     /* the service is left alone for a while */
} verifier_stats;
/* Any thread. */
verifier_stats verifier_get_stats(const verifier *v);

#endif
