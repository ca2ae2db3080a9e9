/* Events: what the ledger records because of a command, as typed facts.
 *
 * Each event type has a struct and a table of its fields (event_fields.c); both directions, facts to be
 * disclosed and facts read back by the audit, follow from the table. An event holds everything its projection
 * needs, so that the projections can be rebuilt from the entries alone (fingerprints and token hashes
 * excepted, which never enter an entry: apply_*.c says where they come from). */
#ifndef LG_REGISTRY_EVENT_H
#define LG_REGISTRY_EVENT_H

#include "ledger/log/entry.h"
#include "ledger/store/claim_rows.h"
#include "ledger/store/participant_rows.h"

/* The aggregates whose files know a command (its payload, its act, its match) and an event (its projection).
 */
typedef enum {
    LG_OF_PARTICIPANT, /* and of keys, tokens, credit lines, the policy */
    LG_OF_RECEIVABLE,
    LG_OF_CLAIM,
    LG_OF_DISCLOSURE, /* grants, questions about invoices */
    LG_OF_FINANCING,  /* programs, requests, offers, financings */
    LG_OF_PAYMENT,    /* and proposals */
    LG_OF_WEBHOOK,
    LG_OF_CUSTODY, /* four eyes: what two tokens must say */
} lg_aggregate;

/* X(enumerator, name on the ledger, aggregate whose file projects it). Movements keep the number: new ones
 * come last. */
#define LG_EVENTS(X)                                                                                         \
    X(LG_EV_GENESIS, "genesis", LG_OF_PARTICIPANT)                                                           \
    X(LG_EV_PARTICIPANT_REGISTERED, "participant.registered", LG_OF_PARTICIPANT)                             \
    X(LG_EV_PARTICIPANT_STATUS_CHANGED, "participant.status_changed", LG_OF_PARTICIPANT)                     \
    X(LG_EV_PARTICIPANT_STOP_CHANGED, "participant.stop_changed", LG_OF_PARTICIPANT)                         \
    X(LG_EV_CREDIT_LINE_SET, "credit_line.set", LG_OF_PARTICIPANT)                                           \
    X(LG_EV_KEY_ADDED, "key.added", LG_OF_PARTICIPANT)                                                       \
    X(LG_EV_KEY_REVOKED, "key.revoked", LG_OF_PARTICIPANT)                                                   \
    X(LG_EV_TOKEN_ISSUED, "token.issued", LG_OF_PARTICIPANT)                                                 \
    X(LG_EV_TOKEN_REVOKED, "token.revoked", LG_OF_PARTICIPANT)                                               \
    X(LG_EV_POLICY_SET, "policy.set", LG_OF_PARTICIPANT)                                                     \
    X(LG_EV_RECEIVABLE_REGISTERED, "receivable.registered", LG_OF_RECEIVABLE)                                \
    X(LG_EV_RECEIVABLE_HELD, "receivable.held", LG_OF_RECEIVABLE)                                            \
    X(LG_EV_RECEIVABLE_REJECTED, "receivable.rejected", LG_OF_RECEIVABLE)                                    \
    X(LG_EV_REVIEW_APPROVED, "review.approved", LG_OF_RECEIVABLE)                                            \
    X(LG_EV_REVIEW_REJECTED, "review.rejected", LG_OF_RECEIVABLE)                                            \
    X(LG_EV_REVIEW_VERIFIED, "review.verified", LG_OF_RECEIVABLE)                                            \
    X(LG_EV_CLAIM_ACCEPTED, "claim.accepted", LG_OF_RECEIVABLE)                                              \
    X(LG_EV_RECEIVABLE_DECLINED, "receivable.declined", LG_OF_RECEIVABLE)                                    \
    X(LG_EV_RECEIVABLE_WITHDRAWN, "receivable.withdrawn", LG_OF_RECEIVABLE)                                  \
    X(LG_EV_RECEIVABLE_EXPIRED, "receivable.expired", LG_OF_RECEIVABLE)                                      \
    X(LG_EV_CLAIM_SPLIT, "claim.split", LG_OF_CLAIM)                                                         \
    X(LG_EV_CLAIM_TRANSFER_OFFERED, "claim.transfer_offered", LG_OF_CLAIM)                                   \
    X(LG_EV_CLAIM_TRANSFERRED, "claim.transferred", LG_OF_CLAIM)                                             \
    X(LG_EV_CLAIM_TRANSFER_DECLINED, "claim.transfer_declined", LG_OF_CLAIM)                                 \
    X(LG_EV_CLAIM_TRANSFER_CANCELLED, "claim.transfer_cancelled", LG_OF_CLAIM)                               \
    X(LG_EV_CLAIM_TRANSFER_LAPSED, "claim.transfer_lapsed", LG_OF_CLAIM)                                     \
    X(LG_EV_CLAIM_ACKNOWLEDGED, "claim.acknowledged", LG_OF_CLAIM)                                           \
    X(LG_EV_CLAIM_DISPUTED, "claim.disputed", LG_OF_CLAIM)                                                   \
    X(LG_EV_CLAIM_DISPUTE_RESOLVED, "claim.dispute_resolved", LG_OF_CLAIM)                                   \
    X(LG_EV_CLAIM_FROZEN, "claim.frozen", LG_OF_CLAIM)                                                       \
    X(LG_EV_CLAIM_UNFROZEN, "claim.unfrozen", LG_OF_CLAIM)                                                   \
    X(LG_EV_CLAIM_DUE, "claim.due", LG_OF_CLAIM)                                                             \
    X(LG_EV_CLAIM_OVERDUE, "claim.overdue", LG_OF_CLAIM)                                                     \
    X(LG_EV_CLAIM_DEFAULTED, "claim.defaulted", LG_OF_CLAIM)                                                 \
    X(LG_EV_CLAIM_WRITTEN_OFF, "claim.written_off", LG_OF_CLAIM)                                             \
    X(LG_EV_WATCH_RAISED, "watch.raised", LG_OF_CLAIM)                                                       \
    X(LG_EV_GRANT_MADE, "grant.made", LG_OF_DISCLOSURE)                                                      \
    X(LG_EV_GRANT_REVOKED, "grant.revoked", LG_OF_DISCLOSURE)                                                \
    X(LG_EV_INVOICE_CHECKED, "invoice.checked", LG_OF_DISCLOSURE)                                            \
    X(LG_EV_PARTICIPANT_RATED, "participant.rated", LG_OF_PARTICIPANT)                                       \
    X(LG_EV_PROGRAM_OPENED, "program.opened", LG_OF_FINANCING)                                               \
    X(LG_EV_PROGRAM_CLOSED, "program.closed", LG_OF_FINANCING)                                               \
    X(LG_EV_FINANCING_REQUESTED, "financing.requested", LG_OF_FINANCING)                                     \
    X(LG_EV_REQUEST_WITHDRAWN, "request.withdrawn", LG_OF_FINANCING)                                         \
    X(LG_EV_REQUEST_LAPSED, "request.lapsed", LG_OF_FINANCING)                                               \
    X(LG_EV_OFFER_MADE, "offer.made", LG_OF_FINANCING)                                                       \
    X(LG_EV_OFFER_WITHDRAWN, "offer.withdrawn", LG_OF_FINANCING)                                             \
    X(LG_EV_FINANCING_ACCEPTED, "financing.accepted", LG_OF_FINANCING)                                       \
    X(LG_EV_FINANCING_DISBURSED, "financing.disbursed", LG_OF_FINANCING)                                     \
    X(LG_EV_FINANCING_CANCELLED, "financing.cancelled", LG_OF_FINANCING)                                     \
    X(LG_EV_FINANCING_LAPSED, "financing.lapsed", LG_OF_FINANCING)                                           \
    X(LG_EV_FINANCING_REGISTERED, "financing.registered", LG_OF_FINANCING)                                   \
    X(LG_EV_FINANCING_RELEASED, "financing.released", LG_OF_FINANCING)                                       \
    X(LG_EV_FINANCING_RECOURSE, "financing.recourse", LG_OF_FINANCING)                                       \
    X(LG_EV_FINANCING_REPURCHASED, "financing.repurchased", LG_OF_FINANCING)                                 \
    X(LG_EV_PAYMENT_RECORDED, "payment.recorded", LG_OF_PAYMENT)                                             \
    X(LG_EV_PAYMENT_REVERSED, "payment.reversed", LG_OF_PAYMENT)                                             \
    X(LG_EV_PROPOSAL_MADE, "proposal.made", LG_OF_PAYMENT)                                                   \
    X(LG_EV_PROPOSAL_ACCEPTED, "proposal.accepted", LG_OF_PAYMENT)                                           \
    X(LG_EV_PROPOSAL_DECLINED, "proposal.declined", LG_OF_PAYMENT)                                           \
    X(LG_EV_CLAIM_DILUTED, "claim.diluted", LG_OF_PAYMENT)                                                   \
    X(LG_EV_CLAIM_VOIDED, "claim.voided", LG_OF_PAYMENT)                                                     \
    X(LG_EV_WEBHOOK_REGISTERED, "webhook.registered", LG_OF_WEBHOOK)                                         \
    X(LG_EV_WEBHOOK_ROTATED, "webhook.rotated", LG_OF_WEBHOOK)                                               \
    X(LG_EV_WEBHOOK_REMOVED, "webhook.removed", LG_OF_WEBHOOK)                                               \
    X(LG_EV_FOUR_EYES_SET, "four_eyes.set", LG_OF_CUSTODY)                                                   \
    X(LG_EV_APPROVAL_ASKED, "approval.asked", LG_OF_CUSTODY)                                                 \
    X(LG_EV_APPROVAL_GIVEN, "approval.given", LG_OF_CUSTODY)                                                 \
    X(LG_EV_APPROVAL_WITHDRAWN, "approval.withdrawn", LG_OF_CUSTODY)

#define LG_EVENT_ENUM_(enumerator, name, aggregate) enumerator,
typedef enum { LG_EVENTS(LG_EVENT_ENUM_) LG_EV_COUNT } lg_event_type;
#undef LG_EVENT_ENUM_

#define LG_ABSENT INT64_MIN /* an optional integer that is not there */

/* One claim's part in an event; on the ledger the fact part_<n>, [claim, participant or null, amount], n
 * from 1. */
typedef struct lg_event_part {
    lg_uuid claim_id;
    lg_uuid participant_id; /* recipient, payee; nil: nobody in particular */
    int64_t amount_minor;
} lg_event_part;

enum { LG_PARTS_MAX = 100 };

/* The event as one record; each type uses the fields its table names, the others stay zero. Strings are
 * borrowed. */
typedef struct lg_event {
    lg_event_type type;
    /* who signed: every type but genesis */
    lg_uuid by, countersigned_by; /* the second is nil unless two signed */
    bool custody;                 /* the registry's custody signed for `by` */

    lg_uuid participant_id; /* whom it is about */
    const char *name, *country, *group;
    const char *roles;       /* JSON array of names */
    const char *identifiers; /* JSON array of [scheme, value] */
    lg_public_key public_key;
    bool key_in_custody;
    lg_time valid_from, valid_until; /* valid_until 0: open */
    const char *kid;
    bool suspended, stopped;
    const char *reason, *note;
    lg_currency currency;
    int64_t limit_minor; /* LG_ABSENT: the credit line, or the setting of four eyes, is removed */
    lg_uuid token_id;
    lg_uuid issued_with;       /* the token that asked for another; nil: a key signed */
    const char *amount_limits; /* JSON object of minor units by currency; NULL: none */
    lg_uuid approval_id;
    const char *scopes; /* JSON array of names */
    const char *label;
    lg_time expires_at;
    int64_t policy_version;
    const char *policy; /* JSON object */

    lg_uuid receivable_id;
    const char *submitted_by;                     /* creditor, debtor */
    lg_uuid submitter_id, creditor_id, debtor_id; /* the last two nil when not known (rejected only) */
    const char *format, *invoice_number;
    lg_day issue_day, due_day;
    int64_t gross_minor, amount_minor;
    const char *part, *order_reference, *contract_reference, *payee;
    lg_hash document_sha256;
    const char *documents; /* JSON array, NULL when there are none */
    lg_time confirm_by;
    const char *review_outcome;
    const char *checks;      /* JSON array */
    lg_time verify_by;       /* held: an external verifier may answer until then; 0: none is asked */
    const char *answer;      /* of the verifier: a name of lg_verifier_answer */
    lg_time answered_at;     /* as the verifier says; 0: it does not */
    const char *hindered_by; /* the check that keeps it from being registered all the same */

    lg_uuid claim_id;
    const char *origin; /* of a claim */
    int64_t face_minor;

    /* of claims: the parts of a split, the shares of a payment, the claims of a request or a financing */
    const lg_event_part *parts;
    size_t part_count;
    lg_uuid recipient_id; /* of a transfer, a grant, a demand */
    lg_time respond_by;
    lg_day next_day; /* when time moves the claim on again; LG_DAY_NEVER: it does not */
    lg_uuid grant_id;
    const char *fields;          /* JSON array of names of lg_claim_field */
    lg_time valid_until_or_open; /* 0: open */
    bool registered, financed;   /* what a lender was told of an invoice */
    int64_t count;               /* live claims of a root that is watched */
    const char *rating, *agency;

    lg_uuid program_id, request_id, offer_id, financing_id;
    const char *kind; /* sale, pledge; credit_note, void; NULL where either will do */
    bool recourse;
    const char *recourse_wanted; /* JSON true or false; NULL where either will do */
    const char *debtors;         /* JSON array of ids; empty: any */
    const char *lenders;         /* JSON array of ids; NULL: any */
    lg_uuid lender_id;
    int64_t tenor_min_days, tenor_max_days;
    int64_t amount_min_minor, amount_max_minor;
    int64_t advance_rate_ppm, annual_rate_ppm, day_count, fee_minor, fee_rate_ppm;
    int64_t total_limit_minor, debtor_limit_minor; /* debtor_limit_minor LG_ABSENT: none */
    int64_t offer_valid_minutes, disburse_within_minutes;
    int64_t advance_minor, interest_minor, net_minor;
    const char *pay_to;
    lg_time disburse_by;
    const char *bank_reference, *registration_number;

    lg_uuid payment_id;
    int64_t excess_minor;
    lg_day paid_day;
    lg_uuid proposal_id;
    const char *reference;

    lg_uuid webhook_id;
    const char *url, *events, *description; /* events: JSON array */
    int64_t generation;
} lg_event;

const char *lg_event_name(lg_event_type type);
/* Is it an entry's type, or the beginning of one up to and with its dot ("claim.")? */
bool lg_event_name_is_known(const char *name);

/* The facts of an event, in its table's order; at most LG_ENTRY_FACTS_MAX. Values are JSON text in the arena.
 */
void lg_event_encode(lg_arena *arena, const lg_event *event, lg_fact *facts, size_t *fact_count);
/* Would both be encoded as the same facts? */
bool lg_event_equal(const lg_event *a, const lg_event *b);
/* The reverse: `type_name` as on the ledger. LG_CORRUPT for an unknown type, a missing, unknown or ill-typed
 * fact. */
lg_err lg_event_decode(lg_arena *arena, const char *type_name, const lg_fact *facts, size_t fact_count,
                       lg_event *out, lg_report *report) LG_MUST_CHECK;

#endif
