/* Rows of what daily statements are made from: entries by party, and movements of positions. */
#ifndef LG_STORE_MOVEMENT_ROWS_H
#define LG_STORE_MOVEMENT_ROWS_H

#include "ledger/registry/money.h"
#include "ledger/store/db.h"

/* What a participant has. A position is one account in one currency: so many items, together so much. The
 * numbers are stored: add at the end. */
typedef enum {
    LG_ACCOUNT_RECEIVABLES_REGISTERED, /* receivables that wait to be confirmed, for their creditor */
    LG_ACCOUNT_PAYABLES_REGISTERED,    /* the same for their debtor */
    LG_ACCOUNT_CLAIMS_HELD,            /* what is outstanding of live claims, for their holder */
    LG_ACCOUNT_CLAIMS_OWED,            /* the same for their debtor */
    LG_ACCOUNT_CLAIMS_RESERVED,        /* the same of those reserved for a lender, until it disburses */
    LG_ACCOUNT_CLAIMS_PLEDGED,         /* the same of those pledged to a lender */
    LG_ACCOUNT_ADVANCES_MADE,     /* advances of financings that are disbursed and not ended: the lender's */
    LG_ACCOUNT_ADVANCES_RECEIVED, /* the same for the seller */
    LG_ACCOUNT_COUNT,
} lg_account;
const char *lg_account_name(lg_account account);

typedef struct lg_party_entry {
    int64_t seq;
    lg_uuid subject; /* what it is about; nil: nothing that the participant may read */
} lg_party_entry;
/* When the entry is projected: the participant is party to it. */
lg_err lg_party_entry_insert(lg_db *db, lg_participant_no participant,
                             const lg_party_entry *row) LG_MUST_CHECK;
/* Entries from `from` on and before `until` that the participant was party to when they were made, in order;
 * up to `limit`. */
lg_err lg_party_entries(lg_db *db, lg_participant_no participant, int64_t from, int64_t until, size_t limit,
                        lg_arena *arena, lg_party_entry **rows, size_t *count) LG_MUST_CHECK;
/* How many, the first and the last; what is not there is left alone. */
lg_err lg_party_entries_span(lg_db *db, lg_participant_no participant, int64_t from, int64_t until,
                             int64_t *count, int64_t *first, int64_t *last) LG_MUST_CHECK;

typedef struct lg_position_key {
    lg_participant_no participant;
    lg_account account;
    lg_currency currency;
} lg_position_key;

typedef struct lg_balance {
    int64_t items, amount_minor;
} lg_balance;

typedef struct lg_movement {
    lg_position_key position;
    int64_t seq, line;
    int type; /* the entry's, an lg_event_type */
    int64_t subject_no;
    int64_t items, amount_minor; /* what came (or, negative, went) */
    lg_balance after;
} lg_movement;

/* Adds a movement to its position; seq may not be below that of the last one there. `line` and `after` follow
 * from what is there already and are set. */
lg_err lg_movement_insert(lg_db *db, lg_movement *row) LG_MUST_CHECK;
/* The participant's positions that moved before entry `until`, in the order of account and currency. */
lg_err lg_positions(lg_db *db, lg_participant_no participant, int64_t until, lg_arena *arena,
                    lg_position_key **keys, size_t *count) LG_MUST_CHECK;
/* The position before entry `until`. LG_AMOUNT_OUT_OF_RANGE if it comes to more than 64 bits hold. */
lg_err lg_position_before(lg_db *db, const lg_position_key *key, int64_t until,
                          lg_balance *out) LG_MUST_CHECK;

/* Movements of one position in order: those of entries before `until` that come behind (after_seq,
 * after_line); up to `limit`. */
lg_err lg_movements(lg_db *db, const lg_position_key *key, int64_t after_seq, int64_t after_line,
                    int64_t until, size_t limit, lg_arena *arena, lg_movement **rows,
                    size_t *count) LG_MUST_CHECK;

#endif
