/* The ledger as the writer holds it: database, tree edge, head file and log key, moved forward together.
 *
 * Order of one commit: BEGIN IMMEDIATE; entries, disclosures, projections, commands; tree nodes, checkpoint
 * row, the writer's right (compare and set); re-read and re-hash of the new entries; COMMIT with
 * synchronous=FULL; head file; signed checkpoint. Only then may anything be answered. One thread at a time.
 */
#ifndef LG_STORE_LEDGER_H
#define LG_STORE_LEDGER_H

#include "ledger/log/head.h"
#include "ledger/store/log_rows.h"

typedef struct lg_ledger lg_ledger;

/* A signed checkpoint, immutable, shared between threads by reference count. */
typedef struct lg_published {
    int refs; /* atomic */
    int64_t size;
    lg_hash root;
    char *note; /* the signed note, NUL-terminated */
    lg_spine spine;
} lg_published;
void lg_published_drop(lg_published *published); /* NULL is fine */

/* Opens the writer's side in `dir` (ledger.db, head). Refuses (LG_HEAD_MISMATCH) a database that is behind
 * the head file or different from it; one that is ahead (a crash between COMMIT and head) is completed.
 * key_take is owned from here on. */
lg_err lg_ledger_open(const char *dir, const char *origin, lg_signing_key *key_take, lg_ledger **out,
                      lg_report *report) LG_MUST_CHECK;
void lg_ledger_close(lg_ledger *ledger);
lg_db *lg_ledger_db(lg_ledger *ledger);
const char *lg_ledger_origin(const lg_ledger *ledger);
const char *lg_ledger_vkey(const lg_ledger *ledger);
int64_t lg_ledger_next_seq(const lg_ledger *ledger); /* the seq the next appended entry gets */

lg_err lg_ledger_begin(lg_ledger *ledger) LG_MUST_CHECK;
/* Back to where the transaction began. */
lg_err lg_ledger_begin_anew(lg_ledger *ledger) LG_MUST_CHECK;
/* A point to come back to; depth as in lg_db_savepoint. */
typedef struct lg_mark {
    unsigned depth;
    size_t staged;
} lg_mark;
lg_err lg_ledger_mark(lg_ledger *ledger, unsigned depth, lg_mark *out) LG_MUST_CHECK;
lg_err lg_ledger_keep(lg_ledger *ledger, lg_mark mark) LG_MUST_CHECK;
lg_err lg_ledger_undo(lg_ledger *ledger, lg_mark mark) LG_MUST_CHECK;
/* Appends one entry: salts the facts, chains, stores. Entry 0 also carries origin and vkey. *out (in the
 * arena) is the entry as stored. `at` must be lg_ledger_clock's or later. */
lg_err lg_ledger_append(lg_ledger *ledger, lg_arena *arena, const char *type, lg_time at, const lg_hash *req,
                        const lg_fact *facts, size_t fact_count, lg_entry_row *out) LG_MUST_CHECK;
/* The time the next entry carries: now, but never before the entry ahead of it. */
lg_time lg_ledger_clock(const lg_ledger *ledger);
/* Makes everything since begin durable and publishes the new checkpoint. Without entries it only rolls back.
 * After a failure nothing was recorded, except when the error is LG_OUTCOME_UNKNOWN: then the ledger refuses
 * further work (LG_STOPPING), since what the disk holds shows only when it is opened anew. */
lg_err lg_ledger_commit(lg_ledger *ledger) LG_MUST_CHECK;
/* How long the last commit waited for the disk: writing and syncing database and head file. */
int64_t lg_ledger_sync_us(const lg_ledger *ledger);
/* Between commits: moves a part of the WAL into the database if one is due (wal.h); when idle, all of it. A
 * failure loses nothing, but a failed sync breaks the ledger as one in a commit does. */
lg_err lg_ledger_tidy(lg_ledger *ledger, bool idle, bool *moved) LG_MUST_CHECK;
bool lg_ledger_is_untidy(const lg_ledger *ledger); /* there is something to do when idle */
void lg_ledger_abort(lg_ledger *ledger);
bool lg_ledger_is_broken(const lg_ledger *ledger);

/* Inclusion proof of a recent entry in the newest tree; writer's thread. */
lg_err lg_ledger_prove(lg_ledger *ledger, int64_t seq, lg_proof *out) LG_MUST_CHECK;
/* Of any entry below the size of a checkpoint, on a reader whose snapshot holds it; any thread. */
lg_err lg_ledger_prove_published(const lg_ledger *ledger, lg_db *reader, const lg_published *published,
                                 int64_t seq, lg_proof *out) LG_MUST_CHECK;
/* The newest checkpoint, one reference for the caller; any thread. */
lg_published *lg_ledger_published(lg_ledger *ledger);
/* How often committed batches changed participants, tokens or keys, for lg_readers_remember; any thread. */
const struct lg_known_changes *lg_ledger_changes(const lg_ledger *ledger);
/* The signed checkpoint of an earlier tree head of this ledger (the same bytes as it had then); any thread.
 */
char *lg_ledger_note(const lg_ledger *ledger, lg_arena *arena, int64_t size, const lg_hash *root);

#endif
