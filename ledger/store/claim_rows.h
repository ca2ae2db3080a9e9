/* Rows of claims, their earlier states, and the views granted of them. */
#ifndef LG_STORE_CLAIM_ROWS_H
#define LG_STORE_CLAIM_ROWS_H

#include "ledger/registry/share.h"
#include "ledger/store/receivable_rows.h"

typedef enum {
    LG_CLAIM_CONFIRMED,
    LG_CLAIM_DUE,
    LG_CLAIM_PART_PAID,
    LG_CLAIM_OVERDUE,
    LG_CLAIM_DEFAULTED,
    LG_CLAIM_SETTLED, /* from here on final */
    LG_CLAIM_SPLIT,
    LG_CLAIM_VOID,
    LG_CLAIM_WRITTEN_OFF,
    LG_CLAIM_LIFE_COUNT,
} lg_claim_life;
const char *lg_claim_life_name(lg_claim_life life);

typedef enum {
    LG_FREE,
    LG_OFFERED, /* to the recipient of a transfer, or with a financing request */
    LG_RESERVED,
    LG_PLEDGED,
    LG_SOLD,
    LG_POOLED,
    LG_ENCUMBRANCE_COUNT,
} lg_encumbrance;
const char *lg_encumbrance_name(lg_encumbrance encumbrance);

typedef enum { LG_LOCK_DISPUTED, LG_LOCK_FROZEN, LG_LOCK_DEBTOR_STOPPED, LG_LOCK_COUNT } lg_claim_lock;
const char *lg_claim_lock_name(lg_claim_lock lock);

/* How far time has moved a claim. */
typedef enum { LG_AGE_NONE, LG_AGE_DUE, LG_AGE_OVERDUE, LG_AGE_DEFAULTED } lg_claim_age;

typedef struct lg_claim {
    lg_claim_no no;
    lg_claim_id id;
    lg_receivable_no receivable;
    lg_claim_no root, parent; /* parent 0: none */
    int64_t hop;
    const char *origin; /* confirmed, accepted, both_signed, tacit */
    lg_participant_no holder;
    int64_t held_seq; /* the entry that made the holder its holder */
    lg_participant_no creditor, debtor;
    lg_currency currency;
    int64_t face_minor, outstanding_minor, paid_minor, diluted_minor;
    lg_day due_day;
    lg_claim_life life;
    lg_claim_age age;
    lg_day next_age_day; /* LG_DAY_NEVER: time does not move it further */
    lg_encumbrance encumbrance;
    unsigned locks; /* bit set of lg_claim_lock; never has LG_LOCK_DEBTOR_STOPPED, which is the debtor's */
    lg_participant_no lender; /* for whom it is reserved or pledged; 0: nobody */
    int64_t lent_seq;
    lg_financing_no financing; /* it is reserved, pledged or sold under; 0: none */
    lg_request_no request;     /* the open one that offers it; 0: none */
    lg_participant_no offered_to;
    lg_time respond_by;            /* with offered_to */
    lg_participant_no disputed_by; /* 0: nobody */
    const char *dispute_reason, *dispute_note;
    lg_time disputed_at;
    lg_participant_no frozen_by; /* 0: nobody */
    const char *order_reference;
    lg_time notified_at, acknowledged_at; /* 0: never */
    lg_time accepted_at, updated_at;
    int64_t last_seq;
} lg_claim;

#define LG_DAY_NEVER INT32_MAX

/* Still owed: in one of the lives before LG_CLAIM_SETTLED. */
static inline bool lg_claim_is_live(const lg_claim *claim)
{
    return claim->life < LG_CLAIM_SETTLED;
}
/* What a claim that is not split, void or written off is called, from its amounts and age. */
lg_claim_life lg_claim_life_from(const lg_claim *claim);

lg_err lg_claim_get(lg_db *db, lg_claim_no no, lg_arena *arena, lg_claim *out) LG_MUST_CHECK;
lg_err lg_claim_by_id(lg_db *db, lg_claim_id id, lg_arena *arena, lg_claim *out) LG_MUST_CHECK;
lg_err lg_claim_insert(lg_db *db, const lg_claim *row) LG_MUST_CHECK;
/* `before` is what is there. Everything but identity, origin, parties by invoice, face, due day and
 * accepted_at may change. The state before is kept as the version that ended with row->last_seq. */
lg_err lg_claim_update(lg_db *db, const lg_claim *before, const lg_claim *row) LG_MUST_CHECK;
/* The claim as it stood after entry `seq`; LG_NOT_FOUND if it was not there yet. */
lg_err lg_claim_version(lg_db *db, lg_claim_no no, int64_t seq, lg_arena *arena, lg_claim *out) LG_MUST_CHECK;
/* All claims of a root, the root first, in the order they were opened. */
lg_err lg_claim_family(lg_db *db, lg_claim_no root, lg_arena *arena, lg_claim **rows,
                       size_t *count) LG_MUST_CHECK;
/* A page of them: those behind `after` (0: from the root on). */
lg_err lg_claim_family_page(lg_db *db, lg_claim_no root, lg_claim_no after, size_t limit, lg_arena *arena,
                            lg_claim **rows, size_t *count) LG_MUST_CHECK;
/* Live claims of a root. */
lg_err lg_claim_count_live(lg_db *db, lg_claim_no root, int64_t *count) LG_MUST_CHECK;
/* Overdue and defaulted claims on a debtor. */
lg_err lg_claim_count_unpaid(lg_db *db, lg_participant_no debtor, int64_t *count) LG_MUST_CHECK;
/* For the sweep: ids of claims whose transfer was not answered by `now`, and of claims that `today` moves on.
 */
lg_err lg_claim_unanswered(lg_db *db, lg_time now, size_t limit, lg_arena *arena, lg_claim_id **ids,
                           size_t *count) LG_MUST_CHECK;
lg_err lg_claim_ageing(lg_db *db, lg_day today, size_t limit, lg_arena *arena, lg_claim_id **ids,
                       size_t *count) LG_MUST_CHECK;

/* ---- who sees what of a claim ---- */

typedef enum {
    LG_FIELD_AMOUNTS,
    LG_FIELD_DUE_DATE,
    LG_FIELD_DEBTOR,
    LG_FIELD_CREDITOR,
    LG_FIELD_HOLDER,
    LG_FIELD_STATE,
    LG_FIELD_INVOICE,
    LG_FIELD_DOCUMENTS,
    LG_FIELD_LINEAGE,
    LG_FIELD_COUNT,
} lg_claim_field;
const char *lg_claim_field_name(lg_claim_field field);
bool lg_claim_field_parse(const char *text, lg_claim_field *out) LG_MUST_CHECK;
#define LG_FIELDS_ALL ((1u << LG_FIELD_COUNT) - 1)

typedef enum {
    LG_ACCESS_NONE,
    LG_ACCESS_GRANTED,  /* the fields of the grants and requests addressed to the viewer */
    LG_ACCESS_CREDITOR, /* all but who holds it now */
    LG_ACCESS_FULL,
} lg_claim_access;
typedef struct lg_claim_sight {
    lg_claim_access access;
    unsigned fields; /* of LG_ACCESS_GRANTED */
} lg_claim_sight;
/* Holder, debtor, lender, recipient of an open transfer, and the authority that froze it see everything; the
 * first creditor all but the holder's side; others what was granted to them. `is_lender`: has the role. */
lg_err lg_claim_see(lg_db *db, const lg_claim *row, lg_participant_no viewer, bool is_lender, lg_time now,
                    lg_claim_sight *out) LG_MUST_CHECK;

typedef struct lg_claim_view {
    lg_participant_no participant; /* 0: every lender */
    lg_claim_no claim;
    int64_t source_no; /* grant_no or request_no */
    unsigned fields;
    lg_time valid_until; /* 0: open */
} lg_claim_view;
lg_err lg_claim_view_insert(lg_db *db, const lg_claim_view *row) LG_MUST_CHECK;
lg_err lg_claim_view_end(lg_db *db, lg_claim_no claim) LG_MUST_CHECK;    /* all of one claim */
lg_err lg_claim_view_delete(lg_db *db, int64_t source_no) LG_MUST_CHECK; /* all of one grant or request */

typedef struct lg_grant {
    lg_grant_no no;
    lg_grant_id id;
    lg_claim_no claim;
    lg_participant_no grantor, grantee;
    unsigned fields;
    lg_time valid_until; /* 0: open */
    const char *note;
    lg_time granted_at, revoked_at; /* revoked_at 0: not */
} lg_grant;
lg_err lg_grant_insert(lg_db *db, const lg_grant *row) LG_MUST_CHECK;
lg_err lg_grant_by_id(lg_db *db, lg_grant_id id, lg_arena *arena, lg_grant *out) LG_MUST_CHECK;
lg_err lg_grant_revoke(lg_db *db, lg_grant_no no, lg_time at) LG_MUST_CHECK;
/* Newest first, before `before_no` (0: from the newest). */
lg_err lg_grant_list(lg_db *db, lg_participant_no participant, bool received, int64_t before_no, size_t limit,
                     lg_arena *arena, lg_grant **rows, size_t *count) LG_MUST_CHECK;

/* Questions a lender asked on a day. */
lg_err lg_check_count(lg_db *db, lg_participant_no lender, lg_day day, int64_t *count) LG_MUST_CHECK;
/* Is an invoice registered (also in part, also held for review), and has a lender taken any claim on it? */
lg_err lg_claim_invoice_state(lg_db *db, const lg_fingerprint *fingerprint, bool *registered,
                              bool *financed) LG_MUST_CHECK;
lg_err lg_check_count_add(lg_db *db, lg_participant_no lender, lg_day day) LG_MUST_CHECK;

/* ---- lists ---- */

/* In whose role a participant lists claims. */
typedef enum {
    LG_CLAIMS_ANY,      /* all the following, and what it froze as an authority; each claim once */
    LG_CLAIMS_CREDITOR, /* its own sales: root claims */
    LG_CLAIMS_DEBTOR,
    LG_CLAIMS_HOLDER,
    LG_CLAIMS_LENDER,  /* reserved for or pledged to it */
    LG_CLAIMS_OFFERED, /* by a transfer it has not answered */
    LG_CLAIMS_GRANTED, /* by a grant, or a financing request addressed to it */
    LG_CLAIMS_PART_COUNT,
} lg_claims_part;

typedef enum {
    LG_BY_ACCEPTED_AT,
    LG_BY_DUE_DATE,
    LG_BY_AMOUNT, /* outstanding, in minor units, whatever the currency */
    LG_CLAIM_SORT_COUNT,
} lg_claim_sort;

typedef struct lg_claim_filter {
    lg_participant_no party; /* required: whose view it is */
    bool is_lender;          /* it has that role, and so sees what is offered to every lender */
    lg_time now;             /* at which grants must be valid */
    lg_claims_part part;
    const char *currency; /* NULL: any */
    lg_participant_no creditor, debtor;
    lg_day due_from, due_to;        /* INT32_MIN, INT32_MAX when not asked */
    int64_t amount_min, amount_max; /* of what is outstanding; 0, INT64_MAX when not asked */
    int life, encumbrance;          /* lg_claim_life, lg_encumbrance; -1: any */
    int locked;          /* 1: disputed, frozen or its debtor stopped; 0: none of these; -1: either */
    const char *ratings; /* of the debtor, each between commas: ",AA+,AA,"; NULL: any */
    int64_t hop_max;     /* -1: any */
    lg_claim_sort sort;
    bool ascending;
    bool has_after; /* beyond the claim `after`, whose sort value is after_value */
    int64_t after_value;
    lg_claim_no after;
    size_t limit;
} lg_claim_filter;
/* A filter that lets everything through. A claim that the party sees by grants alone is left out wherever
 * they do not show it a field that a filter or the order speaks of: a list tells nothing that a grant keeps.
 */
lg_claim_filter lg_claim_filter_of(lg_participant_no party, bool is_lender, lg_time now);
lg_err lg_claim_list(lg_db *db, const lg_claim_filter *filter, lg_arena *arena, lg_claim **rows,
                     size_t *count) LG_MUST_CHECK;
/* What the claim has in the column it is sorted by. */
int64_t lg_claim_sort_value(const lg_claim *row, lg_claim_sort sort);

typedef struct lg_claim_total {
    lg_currency currency;
    int64_t count, face_minor, outstanding_minor;
} lg_claim_total;
enum { LG_TOTALS_MAX = 256 }; /* more than there are currencies */
/* Sums over all that the filter lets through, by currency in alphabetical order; sort, place and limit do not
 * count. LG_AMOUNT_OUT_OF_RANGE if a sum leaves 64 bits. `out` has room for LG_TOTALS_MAX. */
lg_err lg_claim_totals(lg_db *db, const lg_claim_filter *filter, lg_claim_total *out,
                       size_t *count) LG_MUST_CHECK;

/* ---- what showing a claim takes ---- */

/* The ids behind a claim's numbers, nil for number 0, and what belongs to it elsewhere. */
typedef struct lg_claim_links {
    lg_uuid receivable, root, parent, holder, creditor, debtor, lender, financing, request, offered_to,
        disputed_by;
    const char *holder_name, *creditor_name, *debtor_name;
    const char *debtor_rating; /* NULL: none */
    bool debtor_stopped;
    const char *invoice_number;
    lg_day issue_day;
    int64_t gross_minor;
    const char *documents; /* JSON array */
} lg_claim_links;
/* The row may be an earlier version. LG_CORRUPT if something it names is not there. */
lg_err lg_claim_links_get(lg_db *db, const lg_claim *row, lg_arena *arena, lg_claim_links *out) LG_MUST_CHECK;
/* The same where the claim's receivable is at hand, whose texts *out then borrows. */
lg_err lg_claim_links_from(lg_db *db, const lg_claim *row, const lg_receivable *receivable, lg_arena *arena,
                           lg_claim_links *out) LG_MUST_CHECK;

lg_err lg_claim_id_of(lg_db *db, lg_claim_no no, lg_claim_id *out) LG_MUST_CHECK;

/* Whose histories tell the claim's: itself, those it was split from up to the root, and last its receivable.
 */
lg_err lg_claim_line(lg_db *db, const lg_claim *row, lg_arena *arena, int64_t **subjects,
                     size_t *count) LG_MUST_CHECK;
/* The entries that made the claim as it stands in `row`, which may be an earlier version: those that
 * registered its receivable and opened it and its forebears, that gave them another holder, that brought the
 * lender and the encumbrance it has, and its last. Oldest first, each once. */
lg_err lg_claim_title(lg_db *db, const lg_claim *row, lg_arena *arena, int64_t **seqs,
                      size_t *count) LG_MUST_CHECK;

#endif
