/* Rows of financing requests and offers (request_rows.c), and of financings (financing_rows.c). */
#ifndef LG_STORE_FINANCING_ROWS_H
#define LG_STORE_FINANCING_ROWS_H

#include "ledger/store/claim_rows.h"
#include "ledger/store/program_rows.h"

/* A claim of a request or a financing. */
typedef struct lg_financed_claim {
    lg_claim_no claim;
    lg_claim_id id;        /* read only */
    int64_t amount_minor;  /* outstanding then */
    int64_t advance_minor; /* of a financing: its part of the advance */
} lg_financed_claim;

/* ---- requests ---- */

typedef enum {
    LG_REQUEST_OPEN,
    LG_REQUEST_WITHDRAWN,
    LG_REQUEST_LAPSED,
    LG_REQUEST_ACCEPTED,
    LG_REQUEST_STATUS_COUNT,
} lg_request_status;
const char *lg_request_status_name(lg_request_status status);

/* A wish that leaves the choice to the lender. */
enum { LG_EITHER = -1 };

typedef struct lg_request {
    lg_request_no no;
    lg_request_id id;
    lg_participant_no holder;
    lg_currency currency;
    int64_t total_minor; /* outstanding of its claims when it was made */
    int kind;            /* lg_financing_kind or LG_EITHER */
    int recourse;        /* 0, 1 or LG_EITHER */
    bool any_lender;
    unsigned fields; /* what lenders see of the claims */
    const char *pay_to;
    const char *note; /* may be NULL */
    lg_request_status status;
    lg_time valid_until, requested_at;
    int64_t last_seq;
} lg_request;

/* Claims and named lenders in the order they were given. */
lg_err lg_request_insert(lg_db *db, const lg_request *row, const lg_financed_claim *claims,
                         size_t claim_count, const lg_participant_no *lenders,
                         size_t lender_count) LG_MUST_CHECK;
lg_err lg_request_get(lg_db *db, lg_request_no no, lg_arena *arena, lg_request *out) LG_MUST_CHECK;
lg_err lg_request_by_id(lg_db *db, lg_request_id id, lg_arena *arena, lg_request *out) LG_MUST_CHECK;
lg_err lg_request_claims(lg_db *db, lg_request_no no, lg_arena *arena, lg_financed_claim **rows,
                         size_t *count) LG_MUST_CHECK;
lg_err lg_request_lenders(lg_db *db, lg_request_no no, lg_arena *arena, lg_participant_no **rows,
                          size_t *count) LG_MUST_CHECK;
/* Is the lender named in it? */
lg_err lg_request_names(lg_db *db, lg_request_no no, lg_participant_no lender, bool *out) LG_MUST_CHECK;
lg_err lg_request_end(lg_db *db, lg_request_no no, lg_request_status status, int64_t seq) LG_MUST_CHECK;

typedef struct lg_request_filter {
    lg_participant_no viewer;
    bool addressed;    /* those that ask the viewer, a lender: by its name, or any lender while they are open;
                          else its own */
    int status;        /* lg_request_status, -1: any */
    int64_t before_no; /* 0: from the newest */
    size_t limit;
} lg_request_filter;
/* Newest first. */
lg_err lg_request_list(lg_db *db, const lg_request_filter *filter, lg_arena *arena, lg_request **rows,
                       size_t *count) LG_MUST_CHECK;
/* For the sweep: open ones past their time. */
lg_err lg_request_waiting(lg_db *db, lg_time now, size_t limit, lg_arena *arena, lg_request_id **ids,
                          size_t *count) LG_MUST_CHECK;

/* ---- offers ---- */

typedef enum {
    LG_OFFER_OPEN,
    LG_OFFER_WITHDRAWN,
    LG_OFFER_ACCEPTED,
    LG_OFFER_LAPSED,
    LG_OFFER_STATUS_COUNT,
} lg_offer_status;
const char *lg_offer_status_name(lg_offer_status status);

typedef struct lg_offer {
    lg_offer_no no;
    lg_offer_id id;
    lg_request_no request;
    lg_participant_no lender;
    lg_program_no program; /* the standing offer it follows from; 0: made by hand */
    lg_terms terms;
    int64_t advance_minor, interest_minor, fee_minor;
    lg_time valid_until;
    lg_offer_status status;
    lg_time offered_at;
    int64_t last_seq;
} lg_offer;

lg_err lg_offer_insert(lg_db *db, const lg_offer *row) LG_MUST_CHECK;
lg_err lg_offer_get(lg_db *db, lg_offer_no no, lg_arena *arena, lg_offer *out) LG_MUST_CHECK;
lg_err lg_offer_by_id(lg_db *db, lg_offer_id id, lg_arena *arena, lg_offer *out) LG_MUST_CHECK;
lg_err lg_offer_end(lg_db *db, lg_offer_no no, lg_offer_status status, int64_t seq) LG_MUST_CHECK;
/* The open offers on a request lapse. */
lg_err lg_offer_lapse(lg_db *db, lg_request_no request, int64_t seq) LG_MUST_CHECK;
/* Offers on a request, oldest first; of one lender, or of all (0). */
lg_err lg_offer_on_request(lg_db *db, lg_request_no request, lg_participant_no lender, lg_arena *arena,
                           lg_offer **rows, size_t *count) LG_MUST_CHECK;
/* A lender's own, newest first, before `before_no` (0: from the newest). status -1: any. */
lg_err lg_offer_list(lg_db *db, lg_participant_no lender, int status, int64_t before_no, size_t limit,
                     lg_arena *arena, lg_offer **rows, size_t *count) LG_MUST_CHECK;

/* ---- financings ---- */

typedef enum {
    LG_FINANCING_INSTRUCTED,
    LG_FINANCING_DISBURSED,
    LG_FINANCING_CANCELLED,
    LG_FINANCING_LAPSED,
    LG_FINANCING_RELEASED,
    LG_FINANCING_REPAID,
    LG_FINANCING_RECOURSE,
    LG_FINANCING_REPURCHASED,
    LG_FINANCING_STATUS_COUNT,
} lg_financing_status;
const char *lg_financing_status_name(lg_financing_status status);

typedef struct lg_financing {
    lg_financing_no no;
    lg_financing_id id;
    lg_offer_no offer;
    lg_request_no request;
    lg_participant_no lender, seller;
    lg_program_no program; /* 0: none */
    lg_financing_kind kind;
    bool recourse;
    lg_currency currency;
    int64_t advance_minor, interest_minor, fee_minor;
    const char *pay_to;
    lg_financing_status status;
    lg_time disburse_by;
    const char *bank_reference, *registration_number; /* may be NULL */
    lg_time accepted_at, disbursed_at, updated_at;    /* disbursed_at 0: not */
    int64_t last_seq;
} lg_financing;

static inline int64_t lg_financing_net(const lg_financing *row)
{
    return row->advance_minor - row->interest_minor - row->fee_minor;
}

lg_err lg_financing_insert(lg_db *db, const lg_financing *row, const lg_financed_claim *claims,
                           size_t count) LG_MUST_CHECK;
lg_err lg_financing_get(lg_db *db, lg_financing_no no, lg_arena *arena, lg_financing *out) LG_MUST_CHECK;
lg_err lg_financing_by_id(lg_db *db, lg_financing_id id, lg_arena *arena, lg_financing *out) LG_MUST_CHECK;
/* What may change: status, bank_reference, registration_number, disbursed_at, updated_at, last_seq. */
lg_err lg_financing_update(lg_db *db, const lg_financing *row) LG_MUST_CHECK;
lg_err lg_financing_claims(lg_db *db, lg_financing_no no, lg_arena *arena, lg_financed_claim **rows,
                           size_t *count) LG_MUST_CHECK;
/* How many of its claims have something outstanding. */
lg_err lg_financing_unsettled(lg_db *db, lg_financing_no no, int64_t *count) LG_MUST_CHECK;

typedef enum { LG_FINANCING_PART_ANY, LG_FINANCING_PART_LENDER, LG_FINANCING_PART_SELLER } lg_financing_part;
typedef struct lg_financing_filter {
    lg_participant_no viewer;
    lg_financing_part part;
    int status;        /* lg_financing_status, -1: any */
    int64_t before_no; /* 0: from the newest */
    size_t limit;
} lg_financing_filter;
/* Newest first. */
lg_err lg_financing_list(lg_db *db, const lg_financing_filter *filter, lg_arena *arena, lg_financing **rows,
                         size_t *count) LG_MUST_CHECK;
/* For the sweep: those not disbursed in time. */
lg_err lg_financing_waiting(lg_db *db, lg_time now, size_t limit, lg_arena *arena, lg_financing_id **ids,
                            size_t *count) LG_MUST_CHECK;

#endif
