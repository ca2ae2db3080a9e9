/* Who is who, as a reader remembers it: participants with their identifiers, tokens, keys, and the newest
 * policy, which every request asks for and which seldom change. The row files ask here first
 * (participant_rows.c, token_rows.c, key_rows.c, credit_rows.c).
 *
 * What was read stands until the ledger's count of such changes moves. The writer moves it behind the COMMIT
 * and before any answer; a reader looks at it before it opens its snapshot. So whoever asks after the
 * acknowledgement of a revocation is judged by what the snapshot says, and never by what was remembered.
 *
 * The writer remembers too, without such a count: nobody else changes what it reads, its own changes make it
 * forget at once, and so does whatever takes them back (lg_db_unsettle, lg_db_rollback, lg_db_rollback_to).
 * It also remembers the claims that it read or wrote last, where the positions stand of the parties to its
 * last entries and the newest run of what concerns them, and who is party to the entry at hand. */
#ifndef LG_STORE_KNOWN_H
#define LG_STORE_KNOWN_H

#include "ledger/store/claim_rows.h"
#include "ledger/store/movement_rows.h"
#include "ledger/store/participant_rows.h"
#include "ledger/store/party_rows.h"

#include <stdatomic.h>

typedef struct lg_known lg_known;
typedef struct lg_known_changes {
    atomic_uint_fast64_t count;
} lg_known_changes;

/* One connection's memory; `changes` is borrowed, and NULL for the writer's own. Bounded: a few thousand
 * rows. */
lg_known *lg_known_open(const lg_known_changes *changes);
void lg_known_close(lg_known *known);
/* Before a snapshot is opened: forgets all if anything was changed. */
void lg_known_begin(lg_known *known);
/* Below `known` may be NULL. What was read may no longer be so; nor may who has which number, if a
 * registration was taken back. */
void lg_known_forget(lg_known *known);
void lg_known_forget_numbers(lg_known *known);

/* NULL remembers nothing. Strings of *out are copied to the arena. */
bool lg_known_participant(const lg_known *known, lg_participant_no no, lg_arena *arena, lg_participant *out);
void lg_known_keep_participant(lg_known *known, const lg_participant *row);
bool lg_known_token(const lg_known *known, const lg_hash *token_sha256, lg_arena *arena, lg_token *out);
void lg_known_keep_token(lg_known *known, const lg_token *row);
bool lg_known_key(const lg_known *known, const lg_kid *kid, lg_key *out);
void lg_known_keep_key(lg_known *known, const lg_key *row);
/* A participant's id never changes, so this outlives other changes. */
bool lg_known_id(const lg_known *known, lg_participant_no no, lg_participant_id *out);
bool lg_known_no(const lg_known *known, lg_participant_id id, lg_participant_no *out);
void lg_known_keep_id(lg_known *known, lg_participant_no no, lg_participant_id id);

/* Whose an identifier is, and which a participant has. */
bool lg_known_owner(const lg_known *known, lg_identifier identifier, lg_participant_no *out);
void lg_known_keep_owner(lg_known *known, lg_identifier identifier, lg_participant_no owner);
bool lg_known_identifiers(const lg_known *known, lg_participant_no no, lg_arena *arena, lg_identifier **rows,
                          size_t *count);
void lg_known_keep_identifiers(lg_known *known, lg_participant_no no, const lg_identifier *rows,
                               size_t count);
bool lg_known_policy(const lg_known *known, int64_t *version);
void lg_known_keep_policy(lg_known *known, int64_t version);

/* A claim's row as it is now, with those whose origin is a constant and which have no other text: of the
 * writer's own alone. */
bool lg_known_claim(const lg_known *known, lg_claim_no no, lg_claim *out);
bool lg_known_claim_by_id(const lg_known *known, lg_claim_id id, lg_claim *out);
void lg_known_keep_claim(lg_known *known, const lg_claim *row);
void lg_known_forget_claim(lg_known *known, lg_claim_no no);

/* Where a participant's positions stand, packed (positions.h), which its next entry starts from: of the
 * writer's own alone. Borrowed until the next is kept. */
bool lg_known_stands(const lg_known *known, lg_participant_no no, lg_bytes *out);
void lg_known_keep_stands(lg_known *known, lg_participant_no no, lg_bytes packed);
/* Its newest run of entries, which the next one joins (party_runs.h): likewise. */
bool lg_known_tail(const lg_known *known, lg_participant_no no, lg_bytes *out);
void lg_known_keep_tail(lg_known *known, lg_participant_no no, lg_bytes tail);
/* Who is party to the entry at hand, and how: of the last that was begun, unless they are very many. false:
 * that is not known. *shares of who is no party: none. */
void lg_known_begin_parties(lg_known *known, int64_t seq);
void lg_known_keep_party(lg_known *known, int64_t seq, const lg_entry_party *party);
bool lg_known_party(const lg_known *known, int64_t seq, lg_participant_no no, lg_shares *shares);
bool lg_known_parties(const lg_known *known, int64_t seq, lg_arena *arena, lg_entry_party **rows,
                      size_t *count);
/* Something was taken back, perhaps an entry: forgets all that is the writer's own, claims, positions and
 * runs too. */
void lg_known_forget_entries(lg_known *known);

#endif
