/* Rows of proposals: credit notes and voids, which take effect once all who must have signed. */
#ifndef LG_STORE_PROPOSAL_ROWS_H
#define LG_STORE_PROPOSAL_ROWS_H

#include "ledger/base/calendar.h"
#include "ledger/store/db.h"

typedef enum { LG_PROPOSAL_CREDIT_NOTE, LG_PROPOSAL_VOID, LG_PROPOSAL_KIND_COUNT } lg_proposal_kind;
const char *lg_proposal_kind_name(lg_proposal_kind kind);
bool lg_proposal_kind_parse(const char *text, lg_proposal_kind *out) LG_MUST_CHECK;

typedef enum {
    LG_PROPOSAL_OPEN,
    LG_PROPOSAL_EFFECTIVE,
    LG_PROPOSAL_DECLINED,
    LG_PROPOSAL_EXPIRED, /* never stored: open, and its time is over */
    LG_PROPOSAL_STATUS_COUNT,
} lg_proposal_status;
const char *lg_proposal_status_name(lg_proposal_status status);

typedef struct lg_proposal {
    lg_proposal_no no;
    lg_proposal_id id;
    lg_proposal_kind kind;
    lg_claim_no claim;
    int64_t amount_minor;         /* of a credit note; 0 for a void */
    const char *reference, *note; /* may be NULL */
    lg_participant_no proposed_by;
    lg_proposal_status status;
    lg_time expires_at, proposed_at;
    int64_t last_seq;
} lg_proposal;

/* Creditor, debtor, holder, lender at most. */
enum { LG_PROPOSAL_SIGNERS_MAX = 4 };

typedef struct lg_proposal_signer {
    lg_participant_no participant;
    lg_time signed_at; /* 0: not yet */
} lg_proposal_signer;

typedef struct lg_proposal_signers {
    lg_proposal_signer
        rows[LG_PROPOSAL_SIGNERS_MAX]; /* creditor, debtor, holder, lender: those that are distinct */
    size_t count;
} lg_proposal_signers;

/* LG_NOT_FOUND if absent; strings in the arena. */
lg_err lg_proposal_by_id(lg_db *db, lg_proposal_id id, lg_arena *arena, lg_proposal *out) LG_MUST_CHECK;
lg_err lg_proposal_insert(lg_db *db, const lg_proposal *row) LG_MUST_CHECK;
lg_err lg_proposal_update(lg_db *db, const lg_proposal *row) LG_MUST_CHECK; /* status, last_seq */

lg_err lg_proposal_signers_insert(lg_db *db, lg_proposal_no proposal,
                                  const lg_proposal_signers *signers) LG_MUST_CHECK;
lg_err lg_proposal_signers_get(lg_db *db, lg_proposal_no proposal, lg_proposal_signers *out) LG_MUST_CHECK;
/* LG_NOT_FOUND if it need not sign. */
lg_err lg_proposal_sign(lg_db *db, lg_proposal_no proposal, lg_participant_no participant,
                        lg_time at) LG_MUST_CHECK;
/* NULL: it need not sign. */
const lg_proposal_signer *lg_proposal_signer_find(const lg_proposal_signers *signers,
                                                  lg_participant_no participant);

typedef struct lg_proposal_filter {
    lg_participant_no signer; /* required */
    int status;               /* lg_proposal_status or -1 */
    lg_time now;              /* tells open from expired */
    int64_t before_no;        /* cursor; 0: from the newest */
    size_t limit;
} lg_proposal_filter;
/* Newest first; those that need the signer's signature, or did. */
lg_err lg_proposal_list(lg_db *db, const lg_proposal_filter *filter, lg_arena *arena, lg_proposal **rows,
                        size_t *count) LG_MUST_CHECK;

#endif
