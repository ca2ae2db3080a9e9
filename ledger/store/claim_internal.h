/* What claim_rows.c, claim_list.c and claim_views.c share. */
#ifndef LG_STORE_CLAIM_INTERNAL_H
#define LG_STORE_CLAIM_INTERNAL_H

#include "ledger/store/claim_rows.h"

#define LG_CLAIM_FIXED                                                                                       \
    "claim_no, id, receivable_no, root_no, parent_no, origin, creditor_no, debtor_no, currency, "            \
    "face_minor, due_day, accepted_at"
#define LG_CLAIM_CHANGING                                                                                    \
    "hop, holder_no, held_seq, outstanding_minor, paid_minor, diluted_minor, life, age, "                    \
    "next_age_day, encumbrance, locks, lender_no, lent_seq, financing_no, request_no, offered_to_no, "       \
    "respond_by, disputed_by_no, dispute_reason, dispute_note, disputed_at, frozen_by_no, "                  \
    "order_reference, notified_at, acknowledged_at, updated_at, last_seq"
#define LG_CLAIM_COLUMNS LG_CLAIM_FIXED ", " LG_CLAIM_CHANGING

/* A row of LG_CLAIM_COLUMNS. */
void lg_claim_read(lg_query *query, lg_arena *arena, lg_claim *out);

#endif
