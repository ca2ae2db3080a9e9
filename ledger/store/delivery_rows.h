/* What became of each message to an endpoint: the database beside the ledger (LG_DB_SIDE). */
#ifndef LG_STORE_DELIVERY_ROWS_H
#define LG_STORE_DELIVERY_ROWS_H

#include "ledger/base/calendar.h"
#include "ledger/store/db.h"

typedef enum {
    LG_DELIVERY_PENDING,
    LG_DELIVERY_DELIVERED,
    LG_DELIVERY_DEAD,    /* given up; a replay takes it up again */
    LG_DELIVERY_SKIPPED, /* the endpoint was removed, or there is nothing to send any more */
    LG_DELIVERY_STATE_COUNT,
} lg_delivery_state;
const char *lg_delivery_state_name(lg_delivery_state state);

typedef struct lg_delivery {
    lg_webhook_no webhook;
    int64_t seq;
    const char *type;
    lg_delivery_state state;
    int64_t attempts;
    lg_time next_attempt_at, last_attempt_at, delivered_at; /* 0: none */
    int64_t last_status;                                    /* 0: none */
    const char *last_error;                                 /* NULL: none */
    int64_t duration_ms;
} lg_delivery;

/* Writes the row, over an earlier one. */
lg_err lg_delivery_put(lg_db *db, const lg_delivery *row) LG_MUST_CHECK;
/* The endpoint's oldest pending ones, in order. */
lg_err lg_delivery_list_pending(lg_db *db, lg_webhook_no webhook, size_t limit, lg_arena *arena,
                                lg_delivery **rows, size_t *count) LG_MUST_CHECK;
lg_err lg_delivery_count_pending(lg_db *db, lg_webhook_no webhook, int64_t *count) LG_MUST_CHECK;

typedef struct lg_delivery_filter {
    lg_webhook_no webhook;
    int state; /* lg_delivery_state or -1 */
    bool oldest_first;
    int64_t beyond_seq; /* keyset cursor; -1 from the start */
    size_t limit;
} lg_delivery_filter;
lg_err lg_delivery_list(lg_db *db, const lg_delivery_filter *filter, lg_arena *arena, lg_delivery **rows,
                        size_t *count) LG_MUST_CHECK;

/* Makes up to `limit` of the endpoint's messages from *from to `last` pending and due now; *from becomes the
 * place to go on from, beyond `last` when there are no more. *changed is increased. */
lg_err lg_delivery_requeue(lg_db *db, lg_webhook_no webhook, int64_t *from, int64_t last, size_t limit,
                           int64_t *changed) LG_MUST_CHECK;
/* Makes up to `limit` pending messages of a removed endpoint skipped; *changed is how many. */
lg_err lg_delivery_skip(lg_db *db, lg_webhook_no webhook, size_t limit, int64_t *changed) LG_MUST_CHECK;
/* The next endpoint after `after` that has pending messages; no 0: none. */
lg_err lg_delivery_next_waiting(lg_db *db, lg_webhook_no after, lg_webhook_no *out) LG_MUST_CHECK;

/* Entries up to *seq have been looked at; -1: none. */
lg_err lg_delivery_position(lg_db *db, int64_t *seq) LG_MUST_CHECK;
lg_err lg_delivery_position_set(lg_db *db, int64_t seq) LG_MUST_CHECK;

#endif
