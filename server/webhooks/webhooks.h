/* Delivers entries to the endpoints that participants registered: one thread, woken by each commit.
 *
 * The durable outbox is the ledger's table of parties, written with the entry. What became of each message is
 * in webhooks.db, which only this thread writes. A message is sent at least once, and to one endpoint in the
 * order of the ledger, one at a time; endpoints do not wait for each other. */
#ifndef WEBHOOKS_WEBHOOKS_H
#define WEBHOOKS_WEBHOOKS_H

#include "ledger/registry/webhook_keys.h"
#include "ledger/store/db.h"
#include "server/base/log.h"
#include "server/base/metrics.h"

typedef struct webhooks webhooks;

typedef struct webhooks_config {
    const char *dir;  /* of the registry */
    unsigned readers; /* connections to webhooks.db for HTTP threads */
    bool private_ok;  /* http and private addresses are allowed: for rehearsals and tests */
    logger *log;      /* borrowed */
} webhooks_config;

lg_err webhooks_open(const webhooks_config *config, webhooks **out, lg_report *report) LG_MUST_CHECK;
/* What is under way gets a second to end; what it does not end is sent again after the next start. NULL is
 * fine. */
void webhooks_close(webhooks *w);

/* The ledger has grown; any thread, never blocks (for lg_writer_on_commit). */
void webhooks_wake(void *w);

/* For handlers; any thread. */
lg_readers *webhooks_readers(webhooks *w);
const lg_webhook_keys *webhooks_keys(const webhooks *w);
bool webhooks_private_ok(const webhooks *w);

/* Sends an endpoint's messages from `from` to `last` once more, also those that are waiting for a later
 * attempt. Embedded in what the asker keeps until `done`, which runs on the delivery thread. */
typedef struct webhooks_replay webhooks_replay;
struct webhooks_replay {
    lg_webhook_no webhook;
    int64_t from, last; /* `from` moves */
    void (*done)(webhooks_replay *replay);
    void *owner;
    /* filled before `done`: */
    lg_err err; /* LG_NOT_FOUND: the endpoint is not, or no longer, served */
    int64_t queued;
    webhooks_replay *next; /* the queue's */
};
/* LG_STOPPING when closing; the request then stays the caller's. */
lg_err webhooks_ask(webhooks *w, webhooks_replay *replay) LG_MUST_CHECK;

/* For those who watch; any thread. */
typedef enum { WEBHOOKS_DELIVERED, WEBHOOKS_FAILED, WEBHOOKS_DEAD, WEBHOOKS_OUTCOMES } webhooks_outcome;
typedef struct webhooks_stats {
    int64_t attempts[WEBHOOKS_OUTCOMES]; /* by outcome; dead: the message was given up */
    const lg_histogram *duration_ms;     /* of attempts; lives as long as w */
    int64_t flying;                      /* messages under way */
    int64_t live, doubtful, dead;        /* endpoints, each in one state */
    int64_t oldest_seq; /* of the entries that an endpoint is still to be told of; -1: none waits */
} webhooks_stats;
webhooks_stats webhooks_get_stats(webhooks *w);

#endif
