/* Rows of what daily statements are made from: which entries a participant was party to when they were made,
 * and what they moved of its positions. */
#ifndef LG_STORE_MOVEMENT_ROWS_H
#define LG_STORE_MOVEMENT_ROWS_H

#include "ledger/store/db.h"
#include "ledger/store/party_runs.h"
#include "ledger/store/positions.h"

typedef struct lg_party_entry {
    int64_t seq;
    lg_uuid subject;        /* what it is about; nil: nothing that the participant may read */
    int type;               /* the entry's, an lg_event_type; 0 where nothing moved */
    lg_movement *movements; /* of the participant's positions; in the order of account, currency and line */
    size_t movement_count;
    unsigned concerns; /* when it is written: as what else it concerns the participant (lg_concern) */
} lg_party_entry;
/* When the entry is projected: the participant is party to it, and it moved that much. The movements may come
 * in any order, those of one position in the order of their lines; they are put in order, and `after` is set.
 * seq must be above that of the participant's last row. */
lg_err lg_party_entry_insert(lg_db *db, lg_participant_no participant, lg_party_entry *row,
                             lg_arena *arena) LG_MUST_CHECK;
/* Entries from `from` on and before `until` that the participant was party to when they were made, in order;
 * up to `limit`. */
lg_err lg_party_entries(lg_db *db, lg_participant_no participant, int64_t from, int64_t until, size_t limit,
                        lg_arena *arena, lg_party_entry **rows, size_t *count) LG_MUST_CHECK;

/* The positions behind one entry that the participant was party to, and what it moved. LG_CORRUPT if there is
 * no such row, or none that this program writes. */
lg_err lg_positions_at(lg_db *db, lg_participant_no participant, int64_t seq, lg_arena *arena,
                       lg_positions *out) LG_MUST_CHECK;
/* The participant's positions that moved before entry `until`, as they stood then, in the order of account
 * and currency. However many entries there are, one row and the run that leads to it are read.
 * LG_AMOUNT_OUT_OF_RANGE if one comes to more than 64 bits hold. */
lg_err lg_positions_before(lg_db *db, lg_participant_no participant, int64_t until, lg_arena *arena,
                           lg_position **rows, size_t *count) LG_MUST_CHECK;

/* Of one position of a participant: the movements of its entries from `from` on and before `until`, in order.
 * Ends behind the entry that makes them `limit` or more; *next: the entry to go on from, `until` when there
 * are no more. */
typedef struct lg_moved {
    int64_t seq;
    int type;
    lg_movement movement;
} lg_moved;
lg_err lg_movements(lg_db *db, lg_participant_no participant, const lg_position *of, int64_t from,
                    int64_t until, size_t limit, lg_arena *arena, lg_moved **rows, size_t *count,
                    int64_t *next) LG_MUST_CHECK;

#endif
