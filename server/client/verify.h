/* Checking a log from outside: everything is recomputed from the entries' bytes and compared with what the
 * log signed. */
#ifndef CLIENT_VERIFY_H
#define CLIENT_VERIFY_H

#include "ledger/log/note.h"
#include "server/client/tiles.h"

typedef struct verify_report {
    lg_checkpoint checkpoint;
    lg_bytes note;            /* the signed checkpoint as served, in the arena of the run */
    int64_t previous_size;    /* of the remembered checkpoint; -1: none */
    int64_t first_checked;    /* seq of the first entry whose bytes were fetched */
    int64_t entries, fetched; /* entries checked; tiles and bundles fetched */
    bool contradicts;         /* the failure is a history that contradicts the remembered one */
} verify_report;

typedef void (*verify_progress)(void *ctx, int64_t done, int64_t total);

typedef struct verify_terms {
    const lg_verifier *verifier;
    lg_bytes remembered;      /* the signed checkpoint seen before; empty: none */
    bool full;                /* check all entries even if a checkpoint is remembered */
    verify_progress progress; /* may be NULL */
    void *progress_ctx;
} verify_terms;

/* The present tree must be the one seen before, or one that continues it. */
client_exit client_verify_continues(client *c, tiles *t, const lg_checkpoint *old,
                                    const lg_checkpoint *new) CLIENT_MUST_CHECK;
/* Fetches /checkpoint and holds it against the remembered one, which is read into *old. *t is open for more
 * of the same tree afterwards, however it ended: tiles_close. */
client_exit client_verify_head(client *c, tiles_fetch fetch, void *fetch_ctx, const verify_terms *terms,
                               tiles *t, lg_checkpoint *old, verify_report *out) CLIENT_MUST_CHECK;
/* Then every entry and tile behind `old` (NULL: all), and the root. */
client_exit client_verify_tree(client *c, tiles *t, const verify_terms *terms, const lg_checkpoint *old,
                               verify_report *out) CLIENT_MUST_CHECK;
/* Fetches /checkpoint and then, through tiles, what it commits to. CLIENT_UNVERIFIED with a sentence that
 * names what differs. */
client_exit client_verify_log(client *c, tiles_fetch fetch, void *fetch_ctx, const verify_terms *terms,
                              verify_report *out) CLIENT_MUST_CHECK;

#endif
