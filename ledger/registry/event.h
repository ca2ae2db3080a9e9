/* Events: what the ledger records because of a command, as typed facts.
 *
 * Each event type has a struct and a table of its fields (event.c); both directions, facts to be disclosed
 * and facts read back by the audit, follow from the table. An event holds everything its projection needs, so
 * that the projections can be rebuilt from the entries alone (fingerprints and token hashes excepted, which
 * never enter an entry: apply_*.c says where they come from). */
#ifndef LG_REGISTRY_EVENT_H
#define LG_REGISTRY_EVENT_H

#include "ledger/log/entry.h"
#include "ledger/store/participant_rows.h"
#include "ledger/store/receivable_rows.h"

/* X(enumerator, name on the ledger) */
#define LG_EVENTS(X)                                                                                         \
    X(LG_EV_GENESIS, "genesis")                                                                              \
    X(LG_EV_PARTICIPANT_REGISTERED, "participant.registered")                                                \
    X(LG_EV_PARTICIPANT_STATUS_CHANGED, "participant.status_changed")                                        \
    X(LG_EV_PARTICIPANT_STOP_CHANGED, "participant.stop_changed")                                            \
    X(LG_EV_CREDIT_LINE_SET, "credit_line.set")                                                              \
    X(LG_EV_KEY_ADDED, "key.added")                                                                          \
    X(LG_EV_KEY_REVOKED, "key.revoked")                                                                      \
    X(LG_EV_TOKEN_ISSUED, "token.issued")                                                                    \
    X(LG_EV_TOKEN_REVOKED, "token.revoked")                                                                  \
    X(LG_EV_POLICY_SET, "policy.set")                                                                        \
    X(LG_EV_RECEIVABLE_REGISTERED, "receivable.registered")                                                  \
    X(LG_EV_RECEIVABLE_HELD, "receivable.held")                                                              \
    X(LG_EV_RECEIVABLE_REJECTED, "receivable.rejected")                                                      \
    X(LG_EV_REVIEW_APPROVED, "review.approved")                                                              \
    X(LG_EV_REVIEW_REJECTED, "review.rejected")                                                              \
    X(LG_EV_CLAIM_ACCEPTED, "claim.accepted")                                                                \
    X(LG_EV_RECEIVABLE_DECLINED, "receivable.declined")                                                      \
    X(LG_EV_RECEIVABLE_WITHDRAWN, "receivable.withdrawn")                                                    \
    X(LG_EV_RECEIVABLE_EXPIRED, "receivable.expired")

#define LG_EVENT_ENUM_(enumerator, name) enumerator,
typedef enum { LG_EVENTS(LG_EVENT_ENUM_) LG_EV_COUNT } lg_event_type;
#undef LG_EVENT_ENUM_

#define LG_ABSENT INT64_MIN /* an optional integer that is not there */

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
    int64_t limit_minor; /* LG_ABSENT: the credit line is removed */
    lg_uuid token_id;
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
    const char *checks; /* JSON array */

    lg_uuid claim_id;
    const char *origin; /* of a claim */
    int64_t face_minor;
} lg_event;

const char *lg_event_name(lg_event_type type);

/* The facts of an event, in its table's order; at most LG_ENTRY_FACTS_MAX. Values are JSON text in the arena.
 */
void lg_event_encode(lg_arena *arena, const lg_event *event, lg_fact *facts, size_t *fact_count);
/* The reverse: `type_name` as on the ledger. LG_CORRUPT for an unknown type, a missing, unknown or ill-typed
 * fact. */
lg_err lg_event_decode(lg_arena *arena, const char *type_name, const lg_fact *facts, size_t fact_count,
                       lg_event *out, lg_report *report) LG_MUST_CHECK;

#endif
