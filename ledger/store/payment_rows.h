/* Rows of payments, and of whom they paid. */
#ifndef LG_STORE_PAYMENT_ROWS_H
#define LG_STORE_PAYMENT_ROWS_H

#include "ledger/base/calendar.h"
#include "ledger/registry/money.h"
#include "ledger/store/db.h"

typedef struct lg_payment {
    lg_payment_no no;
    lg_payment_id id;
    lg_claim_no root;
    lg_participant_no debtor, recorded_by; /* the debtor itself, or the bank that reports it */
    int64_t amount_minor, excess_minor;    /* the excess is part of the amount */
    lg_currency currency;
    const char *bank_reference;
    lg_day paid_day;
    lg_time recorded_at, reversed_at; /* reversed_at 0: it stands */
    const char *reverse_reason;
    int64_t last_seq;
} lg_payment;

typedef struct lg_payment_share {
    lg_payment_no payment;
    lg_claim_no claim;
    lg_participant_no holder, payee; /* as they were then */
    int64_t amount_minor;
} lg_payment_share;

/* LG_NOT_FOUND if absent; strings in the arena. */
lg_err lg_payment_by_id(lg_db *db, lg_payment_id id, lg_arena *arena, lg_payment *out) LG_MUST_CHECK;
lg_err lg_payment_insert(lg_db *db, const lg_payment *row) LG_MUST_CHECK;
lg_err lg_payment_update(lg_db *db,
                         const lg_payment *row) LG_MUST_CHECK; /* reversed_at, reverse_reason, last_seq */
/* Does a payment with this reference stand that the participant recorded? */
lg_err lg_payment_reference_stands(lg_db *db, lg_participant_no recorded_by, const char *bank_reference,
                                   bool *stands) LG_MUST_CHECK;

lg_err lg_payment_share_insert(lg_db *db, const lg_payment_share *row) LG_MUST_CHECK;
/* Oldest claim first. */
lg_err lg_payment_shares(lg_db *db, lg_payment_no payment, lg_arena *arena, lg_payment_share **rows,
                         size_t *count) LG_MUST_CHECK;
/* Of the parties to a payment, its debtor and its recorder see all of it, others the shares they hold or were
 * paid. */
static inline bool lg_payment_sees_all(const lg_payment *row, lg_participant_no viewer)
{
    return viewer.v != 0 && (viewer.v == row->debtor.v || viewer.v == row->recorded_by.v);
}
static inline bool lg_payment_share_is_of(const lg_payment_share *row, lg_participant_no viewer)
{
    return viewer.v != 0 && (viewer.v == row->holder.v || viewer.v == row->payee.v);
}
lg_err lg_payment_visible(lg_db *db, const lg_payment *row, lg_participant_no viewer,
                          bool *visible) LG_MUST_CHECK;

typedef struct lg_payment_filter {
    lg_participant_no viewer; /* required */
    lg_claim_no root;         /* payments on this root; 0: on any */
    int64_t before_no;        /* cursor; 0: from the newest */
    size_t limit;
} lg_payment_filter;
/* Newest first; those the viewer may see. */
lg_err lg_payment_list(lg_db *db, const lg_payment_filter *filter, lg_arena *arena, lg_payment **rows,
                       size_t *count) LG_MUST_CHECK;

#endif
