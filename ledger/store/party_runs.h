/* Which entries concern a participant, in their order, and as what: one list for all that is shown by
 * participant.
 *
 * As rows of an index they would be a page written per participant and entry, however few bytes it is that a
 * page gets. So entries are packed in runs: a participant's newest run, which grows, is its row of
 * party_tails, where those of many lie on one page; when it is full it goes to party_runs and stays as it is.
 *
 *   run    = for each entry, in order: a varint (base/varint.h) of
 *            16 * (its seq, less that of the one before in the run) + the lg_concern bits; up to 64 bytes
 *
 * party_runs has the first entry's seq beside it. A run is full when the next entry has no room in it, so the
 * same entries make the same runs. */
#ifndef LG_STORE_PARTY_RUNS_H
#define LG_STORE_PARTY_RUNS_H

#include "ledger/base/uuid.h"
#include "ledger/store/db.h"

/* Bits; at least one. They are stored. */
typedef enum {
    LG_AS_PARTY = 1,     /* party to the entry when it was made: it has a row in party_entries */
    LG_AS_CREDITOR = 2,  /* the entry made a receivable with this creditor, whether it may read that or not */
    LG_AS_DEBTOR = 4,    /* likewise, with this debtor */
    LG_AS_SUBMITTER = 8, /* likewise, submitted by one that is neither */
} lg_concern;

enum { LG_RUN_MAX = 64 /* bytes, so entries as well */ };

/* When the entry is projected, once for each participant. LG_INTERNAL if seq is not above that of the
 * participant's last entry. */
lg_err lg_party_run_add(lg_db *db, lg_participant_no participant, int64_t seq, unsigned concerns,
                        lg_arena *arena) LG_MUST_CHECK;

/* From one entry to the next, in one snapshot. The fields are the walk's own but for err, which is looked at
 * behind the last step: LG_CORRUPT if a run is nothing that lg_party_run_add writes. */
typedef struct lg_party_walk {
    lg_db *db;
    lg_participant_no participant;
    unsigned concerns;
    bool ascending, tail_is_done;
    int64_t from;
    size_t count, at; /* of the run at hand: entries, and the next one's place */
    int64_t seqs[LG_RUN_MAX];
    uint8_t as[LG_RUN_MAX];
    lg_err err;
} lg_party_walk;

/* Entries that concern the participant as one of these. Ascending: from entry `from` on, the oldest first;
 * else those before it, the newest first. */
void lg_party_walk_start(lg_party_walk *walk, lg_db *db, lg_participant_no participant, unsigned concerns,
                         int64_t from, bool ascending);
bool lg_party_walk_next(lg_party_walk *walk, int64_t *seq);

#endif
