/* Rows of receivables. */
#ifndef LG_STORE_RECEIVABLE_ROWS_H
#define LG_STORE_RECEIVABLE_ROWS_H

#include "ledger/base/calendar.h"
#include "ledger/registry/money.h"
#include "ledger/registry/submission.h"
#include "ledger/store/db.h"

typedef enum {
    LG_LIFE_HELD,
    LG_LIFE_REGISTERED,
    LG_LIFE_CONFIRMED,
    LG_LIFE_REJECTED,
    LG_LIFE_WITHDRAWN,
    LG_LIFE_EXPIRED,
    LG_LIFE_COUNT,
} lg_receivable_life;
const char *lg_receivable_life_name(lg_receivable_life life);
bool lg_receivable_life_parse(const char *text, lg_receivable_life *out) LG_MUST_CHECK;

typedef enum {
    LG_OUTCOME_PASS,
    LG_OUTCOME_WARN,
    LG_OUTCOME_HOLD,
    LG_OUTCOME_REJECT,
    LG_OUTCOME_COUNT
} lg_review_outcome;
const char *lg_review_outcome_name(lg_review_outcome outcome);
bool lg_review_outcome_parse(const char *text, lg_review_outcome *out) LG_MUST_CHECK;

/* Keyed hashes of an invoice (registry/fingerprint.h). Never on the ledger. */
typedef struct lg_fingerprint {
    uint8_t exact[LG_KEYED_LEN];
    int64_t number_key, similar_key; /* 63 bits, never 0 */
} lg_fingerprint;

typedef struct lg_receivable {
    lg_receivable_no no;
    lg_receivable_id id;
    lg_receivable_life life;
    bool by_debtor; /* submitted as a payable by the debtor */
    lg_participant_no submitter, creditor, debtor;
    lg_invoice_format format;
    const char *invoice_number;
    lg_day issue_day, due_day;
    lg_currency currency;
    int64_t gross_minor, amount_minor, confirmed_minor;                     /* confirmed 0: not yet */
    const char *part, *order_reference, *contract_reference, *note, *payee; /* may be NULL */
    lg_hash document_sha256;
    const char *documents; /* JSON array */
    lg_time confirm_by;
    bool has_fingerprint;
    lg_fingerprint fingerprint;
    lg_claim_no claim; /* 0: none */
    const char *reason, *reason_note;
    int64_t policy_version; /* the gateway's review */
    int64_t
        terms_version; /* policy whose deadline rules hold: the review's, or the one it was approved under */
    lg_review_outcome review_outcome;
    const char *checks;   /* JSON array */
    const char *decision; /* "approved", "rejected" or NULL */
    lg_participant_no decided_by;
    lg_time decided_at;
    const char *decision_note;
    bool verified; /* an external verifier's answer registered what was held */
    lg_time registered_at, updated_at;
    int64_t last_seq;
} lg_receivable;

lg_err lg_receivable_get(lg_db *db, lg_receivable_no no, lg_arena *arena, lg_receivable *out) LG_MUST_CHECK;
lg_err lg_receivable_by_id(lg_db *db, lg_receivable_id id, lg_arena *arena, lg_receivable *out) LG_MUST_CHECK;
lg_err lg_receivable_insert(lg_db *db, const lg_receivable *row) LG_MUST_CHECK;
/* What may change: life, confirmed_minor, fingerprint, claim, reason, decision, updated_at, last_seq,
 * confirm_by, terms_version, verified. */
lg_err lg_receivable_update(lg_db *db, const lg_receivable *row) LG_MUST_CHECK;

/* Sum of the live registered amounts of the invoice, and whether one without part label, or with this label,
 * is among them. */
typedef struct lg_registered_parts {
    int64_t amount_minor;
    bool whole, same_part;
    lg_receivable_id any; /* one of them */
} lg_registered_parts;
lg_err lg_receivable_parts(lg_db *db, const lg_fingerprint *fingerprint, const char *part,
                           lg_receivable_no except, lg_registered_parts *out) LG_MUST_CHECK;
/* Is there another live registration alike: a number of the seller's that is alike (lg_text_alike) but not
 * the same invoice; or same seller, buyer, currency and gross amount with an issue day within `days`, again
 * not the same invoice. */
lg_err lg_receivable_similar_number(lg_db *db, const lg_fingerprint *fingerprint, const char *number,
                                    lg_receivable_no except, lg_arena *arena, bool *found) LG_MUST_CHECK;
lg_err lg_receivable_similar_sale(lg_db *db, const lg_fingerprint *fingerprint, lg_day issue_day, int days,
                                  lg_receivable_no except, bool *found) LG_MUST_CHECK;
/* Registered ones whose deadline is at or before `now`, oldest deadline first. */
lg_err lg_receivable_lapsed(lg_db *db, lg_time now, size_t limit, lg_arena *arena, lg_receivable_id **ids,
                            size_t *count) LG_MUST_CHECK;

typedef enum { LG_PART_ANY, LG_PART_CREDITOR, LG_PART_DEBTOR } lg_party_part;

/* Whom a held receivable waits for: the external verifier, or people alone. */
typedef enum { LG_WAITS_FOR_ANY, LG_WAITS_FOR_REVIEWER, LG_WAITS_FOR_VERIFIER } lg_waits_for;

/* Filters; zeros and NULLs mean "not asked". party is whose view it is: required unless `held` (the review
 * queue). */
typedef struct lg_receivable_filter {
    lg_participant_no party;
    lg_party_part part;
    int life;               /* lg_receivable_life or -1 */
    int review_outcome;     /* lg_review_outcome or -1 */
    bool review_queue;      /* the reviewer's view: any party */
    int open;               /* review queue: 1 only held, 0 only decided or never held, -1 all */
    lg_waits_for waits_for; /* review queue with open 1 */
    lg_participant_no creditor, debtor;
    const char *currency, *number;
    lg_day due_from, due_to;        /* INT32_MIN / INT32_MAX when not asked */
    int64_t amount_min, amount_max; /* 0 / INT64_MAX when not asked */
    bool ascending;
    int64_t after_no; /* keyset cursor: 0 from the start */
    size_t limit;
} lg_receivable_filter;
lg_err lg_receivable_list(lg_db *db, const lg_receivable_filter *filter, lg_arena *arena,
                          lg_receivable **rows, size_t *count) LG_MUST_CHECK;
/* May `party` see it? Its creditor and debtor may; what is held or was never registered only its submitter,
 * and a held payable also the creditor it names. */
bool lg_receivable_visible(const lg_receivable *row, lg_participant_no party);

#endif
