/* What receivables, claims and financings are to the positions of their parties (store/positions.h).
 * Whatever writes one of the three tells what it was before and is now; what moved follows from the two, and
 * is gathered until the entry's parties are known, whose rows it becomes part of. Likewise who has a new
 * receivable among its own (store/party_runs.h). */
#ifndef LG_REGISTRY_MOVEMENT_H
#define LG_REGISTRY_MOVEMENT_H

#include "ledger/registry/internal.h"
#include "ledger/store/financing_rows.h"
#include "ledger/store/movement_rows.h"

typedef struct lg_move {
    lg_participant_no participant;
    lg_movement movement;
    struct lg_move *next;
} lg_move;
enum { LG_LISTED_MAX = 3 };
typedef struct lg_moves {
    lg_move *first, **end;
    size_t count;
    struct {
        lg_participant_no participant;
        unsigned concerns;
    } listed[LG_LISTED_MAX]; /* whose lists get a new receivable, each once */
    size_t listed_count;
} lg_moves;

/* `before` NULL: it is new, and goes to the lists of its creditor, its debtor and its submitter. */
void lg_apply_receivable_moved(const lg_apply *apply, const lg_receivable *before,
                               const lg_receivable *after);
void lg_apply_claim_moved(const lg_apply *apply, const lg_claim *before, const lg_claim *after);
void lg_apply_financing_moved(const lg_apply *apply, const lg_financing *before, const lg_financing *after);

/* Those of the participant become the row's, and how the entry concerns it besides. */
void lg_moves_of(const lg_moves *moves, lg_participant_no participant, lg_arena *arena, lg_party_entry *row);

#endif
