/* Claims: what commands say about them, and what the acts and projections of claims, financing and payments
 * share. */
#ifndef LG_REGISTRY_CLAIM_H
#define LG_REGISTRY_CLAIM_H

#include "ledger/registry/internal.h"

/* A wish in a split or transfer; the amount's scale is judged against the claim's currency. */
typedef struct lg_wish {
    lg_participant_id participant; /* nil in a split */
    const char *amount_text;       /* NULL: the whole */
    const char *pointer;           /* of the amount, for faults */
} lg_wish;

typedef struct lg_claim_payload {
    lg_wish *wishes;
    size_t wish_count;
    int64_t respond_within_days; /* 0: as the policy says */
    const char *order_reference;
    lg_claim_id claim; /* grant */
    unsigned fields;   /* grant; LG_FIELDS_ALL when none were named */
    /* of an invoice that a lender asks about */
    const char *number, *gross_text;
    lg_day issue_day;
    lg_party_ref seller, buyer;
} lg_claim_payload;

/* ---- acts ---- */

/* The claim, if the first signer may see any of it; LG_NOT_FOUND otherwise. */
lg_err lg_act_claim(lg_act *act, lg_claim_id id, lg_claim *out) LG_MUST_CHECK;
/* LG_NOT_PERMITTED unless the first signer holds it. */
lg_err lg_require_holder(lg_act *act, const lg_claim *claim) LG_MUST_CHECK;
/* LG_WRONG_STATE unless it is still owed. */
lg_err lg_require_live(lg_act *act, const lg_claim *claim) LG_MUST_CHECK;
/* LG_CLAIM_LOCKED if it is disputed or frozen or its debtor is stopped. */
lg_err lg_require_unlocked(lg_act *act, const lg_claim *claim) LG_MUST_CHECK;
/* LG_CLAIM_ENCUMBERED unless it is free. */
lg_err lg_require_free(lg_act *act, const lg_claim *claim) LG_MUST_CHECK;
/* A decimal amount of a payload, above zero. `pointer` as in "/amount". */
lg_err lg_require_amount(lg_act *act, const char *text, lg_currency currency, const char *pointer,
                         int64_t *out) LG_MUST_CHECK;

/* claim_split.c */
lg_err lg_do_split(lg_act *act, const lg_claim *claim) LG_MUST_CHECK;
lg_err lg_do_transfer(lg_act *act, const lg_claim *claim) LG_MUST_CHECK;

char *lg_fields_json(lg_arena *arena,
                     unsigned fields); /* names of a bit set of lg_claim_field, as a JSON array */

/* ---- projections ---- */

/* The first claim of a receivable (apply_receivable.c has that event). */
lg_err lg_apply_claim_accepted(const lg_apply *apply, const lg_event *event, const lg_receivable *receivable,
                               lg_result *result) LG_MUST_CHECK;
/* event->fields as a bit set; LG_CORRUPT if it is none. */
lg_err lg_apply_fields(const lg_event *event, unsigned *fields) LG_MUST_CHECK;
/* The claim an event names; LG_CORRUPT if there is none. */
lg_err lg_apply_claim_of(const lg_apply *apply, lg_uuid id, lg_claim *out) LG_MUST_CHECK;
/* Writes the changed claim: its time and entry are set here, the entry joins its history. */
lg_err lg_apply_claim_change(const lg_apply *apply, lg_claim *claim) LG_MUST_CHECK;
/* Those who have a part in the claim as it stands become parties of this entry: holder, debtor, lender,
 * recipient of an open transfer. */
lg_err lg_apply_claim_parties(const lg_apply *apply, const lg_claim *claim) LG_MUST_CHECK;
/* `participant` becomes a party of this entry and sees all of its facts. */
lg_err lg_apply_party(const lg_apply *apply, lg_participant_no participant) LG_MUST_CHECK;
/* A new holder or lender must be able to prove its title: it becomes a party of the entries by which the
 * claim came to be, seeing of each only what concerns this claim. */
lg_err lg_apply_title(const lg_apply *apply, const lg_claim *claim,
                      lg_participant_no participant) LG_MUST_CHECK;
/* An unpaid overdue claim puts its debtor on the stop list; nothing happens for one that is not overdue. */
lg_err lg_apply_stop_debtor(const lg_apply *apply, const lg_claim *claim) LG_MUST_CHECK;
/* The claim gets another holder by this entry, and the debtor is told with it. Views the one before granted
 * end. */
lg_err lg_apply_holder(const lg_apply *apply, lg_claim *claim, lg_participant_no holder) LG_MUST_CHECK;
/* The claim is disputed no longer. */
void lg_apply_dispute_end(lg_claim *claim);
/* What is owed of the claim changes by the three amounts (outstanding = face − paid − diluted); its life and
 * the debtor's exposure follow. LG_CORRUPT if an amount would leave its range. The caller writes the claim.
 */
lg_err lg_apply_owed(const lg_apply *apply, lg_claim *claim, int64_t paid_minor,
                     int64_t diluted_minor) LG_MUST_CHECK;

#endif
