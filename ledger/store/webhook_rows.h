/* Endpoints that participants registered for webhooks, and the outbox they are served from. */
#ifndef LG_STORE_WEBHOOK_ROWS_H
#define LG_STORE_WEBHOOK_ROWS_H

#include "ledger/base/calendar.h"
#include "ledger/store/db.h"

typedef struct lg_webhook {
    lg_webhook_no no; /* entries after lg_row_seq(no.v) are delivered */
    lg_webhook_id id;
    lg_participant_no participant;
    const char *url;
    const char *events;      /* JSON array of entry types, or of their beginnings ending in '.'; empty: all */
    const char *description; /* may be NULL */
    int64_t generation;      /* of its secret, from 1 */
    lg_time registered_at;
    lg_time rotated_at, removed_at; /* 0: never */
    int64_t last_seq;
} lg_webhook;

/* Gets: LG_NOT_FOUND if absent; strings in the arena. */
lg_err lg_webhook_by_id(lg_db *db, lg_webhook_id id, lg_arena *arena, lg_webhook *out) LG_MUST_CHECK;
lg_err lg_webhook_insert(lg_db *db, const lg_webhook *row) LG_MUST_CHECK;
/* generation, rotated_at, removed_at, last_seq */
lg_err lg_webhook_update(lg_db *db, const lg_webhook *row) LG_MUST_CHECK;
/* A participant's, removed ones included, oldest first. */
lg_err lg_webhook_list(lg_db *db, lg_participant_no participant, lg_webhook_no after, size_t limit,
                       lg_arena *arena, lg_webhook **rows, size_t *count) LG_MUST_CHECK;
/* How many of a participant's are not removed. */
lg_err lg_webhook_count_active(lg_db *db, lg_participant_no participant, int64_t *count) LG_MUST_CHECK;
/* Everyone's that are not removed, oldest first. */
lg_err lg_webhook_list_active(lg_db *db, lg_webhook_no after, size_t limit, lg_arena *arena,
                              lg_webhook **rows, size_t *count) LG_MUST_CHECK;
/* Everyone's whose last change is an entry after `seq`. */
lg_err lg_webhook_list_changed(lg_db *db, int64_t seq, lg_arena *arena, lg_webhook **rows,
                               size_t *count) LG_MUST_CHECK;

/* ---- the outbox: the table of parties, in the order of the ledger ---- */

typedef struct lg_outbox_row {
    int64_t seq;
    lg_participant_no participant;
} lg_outbox_row;
/* Up to `limit` rows after the one given; each party of an entry once, whatever its shares. */
lg_err lg_outbox_range(lg_db *db, lg_outbox_row after, size_t limit, lg_arena *arena, lg_outbox_row **rows,
                       size_t *count) LG_MUST_CHECK;
/* The last entry there is; -1 if none. */
lg_err lg_outbox_head(lg_db *db, int64_t *seq) LG_MUST_CHECK;

#endif
