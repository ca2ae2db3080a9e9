/* Who is party to which entry, and the histories of things as a party may read them. */
#ifndef LG_STORE_PARTY_ROWS_H
#define LG_STORE_PARTY_ROWS_H

#include "ledger/registry/share.h"
#include "ledger/store/log_rows.h"

/* The entry is new: nobody is party to it yet. Spares reading who is, until the next is begun. */
void lg_entry_parties_begin(lg_db *db, int64_t seq);
/* Makes the participant party to an entry by this share. What it may read by others already, it goes on
 * reading. */
lg_err lg_entry_party_insert(lg_db *db, int64_t seq, lg_participant_no participant, int share) LG_MUST_CHECK;
/* The same for every entry that a subject's history has so far. */
lg_err lg_entry_party_insert_history(lg_db *db, int64_t subject_no, lg_participant_no participant,
                                     int share) LG_MUST_CHECK;
/* LG_NOT_FOUND if it is no party to the entry. */
lg_err lg_entry_party_shares(lg_db *db, int64_t seq, lg_participant_no participant,
                             lg_shares *shares) LG_MUST_CHECK;

typedef struct lg_entry_party {
    lg_participant_no participant;
    lg_shares shares;
} lg_entry_party;
/* All that are party to the entry by now. */
lg_err lg_entry_parties(lg_db *db, int64_t seq, lg_arena *arena, lg_entry_party **rows,
                        size_t *count) LG_MUST_CHECK;

/* The entry tells of the subject: the number of a participant, receivable, claim, … */
lg_err lg_history_insert(lg_db *db, int64_t subject_no, int64_t seq) LG_MUST_CHECK;

/* Which page of a history: entries after after_seq and before before_seq, from the one end or the other. */
typedef struct lg_history_page {
    lg_participant_no party; /* only entries that it is party to */
    int64_t after_seq, before_seq;
    bool ascending;
    size_t limit;
} lg_history_page;
typedef struct lg_history_row {
    int64_t seq;
    lg_shares shares; /* the asking party's */
} lg_history_row;
/* The entries that tell of any of the subjects, each once. However long the histories are, what is read and
 * held at a time is in proportion to the page. */
lg_err lg_entry_history(lg_db *db, const int64_t *subjects, size_t subject_count, const lg_history_page *page,
                        lg_arena *arena, lg_history_row **rows, size_t *count) LG_MUST_CHECK;

#endif
