/* Payments and proposals: what commands say about them, and what their acts, projections and the audit share.
 */
#ifndef LG_REGISTRY_PAYMENT_H
#define LG_REGISTRY_PAYMENT_H

#include "ledger/registry/claim.h"
#include "ledger/store/payment_rows.h"
#include "ledger/store/proposal_rows.h"

typedef struct lg_payment_payload {
    lg_claim_id claim; /* any of the root that is paid; or the one a proposal is about */
    const char *bank_reference;
    bool has_paid_day; /* false: the day of the entry */
    lg_day paid_day;
    lg_proposal_kind kind;
    const char *reference; /* of a credit note; may be NULL */
} lg_payment_payload;

/* ---- payments ---- */

/* What a root's live claims are owed. */
typedef struct lg_owed {
    lg_claim *claims; /* oldest first */
    size_t count;
    int64_t total_minor;
} lg_owed;
lg_err lg_payment_owed(lg_db *db, lg_arena *arena, lg_claim_no root, lg_owed *out) LG_MUST_CHECK;
/* The parts of a payment of `amount_minor`, of which at most owed->total_minor is distributed: each claim
 * that gets something of it, and who is paid for it. LG_INTERNAL if there are more than an entry holds, which
 * the policy's split_claims_max forbids. */
lg_err lg_payment_parts(lg_db *db, lg_arena *arena, const lg_owed *owed, int64_t amount_minor,
                        lg_event_part **parts, size_t *count) LG_MUST_CHECK;

/* ---- proposals ---- */

/* Who must sign for the claim as it stands: creditor, debtor, holder, and the lender of a reservation or
 * pledge; each once. */
void lg_proposal_signers_of(const lg_claim *claim, lg_proposal_signers *out);

lg_err lg_do_proposal_make(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_proposal_accept(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_proposal_decline(lg_act *act) LG_MUST_CHECK;
lg_err lg_apply_proposal_event(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;

#endif
