/* Rows of lenders' programs: their standing offers, and what is drawn from them. */
#ifndef LG_STORE_PROGRAM_ROWS_H
#define LG_STORE_PROGRAM_ROWS_H

#include "ledger/registry/interest.h"
#include "ledger/store/db.h"

typedef struct lg_program {
    lg_program_no no;
    lg_program_id id;
    lg_participant_no lender;
    const char *name;
    lg_terms terms;
    lg_fee fee;
    lg_currency currency;
    int64_t tenor_min_days, tenor_max_days;     /* from the day of the offer to the due date */
    int64_t amount_min_minor, amount_max_minor; /* of a request's total outstanding amount */
    int64_t total_limit_minor;                  /* of advances at one time */
    int64_t debtor_limit_minor;                 /* of those on one debtor's claims; 0: none */
    int64_t drawn_minor;
    lg_time valid_until;
    int64_t offer_valid_minutes;
    lg_time opened_at, closed_at; /* closed_at 0: not closed */
    int64_t last_seq;
} lg_program;

/* `debtors` are those it finances, in order; none: any. */
lg_err lg_program_insert(lg_db *db, const lg_program *row, const lg_participant_no *debtors,
                         size_t count) LG_MUST_CHECK;
lg_err lg_program_get(lg_db *db, lg_program_no no, lg_arena *arena, lg_program *out) LG_MUST_CHECK;
lg_err lg_program_by_id(lg_db *db, lg_program_id id, lg_arena *arena, lg_program *out) LG_MUST_CHECK;
/* The debtors as they were given; none if it finances any. */
lg_err lg_program_debtors(lg_db *db, lg_program_no no, lg_arena *arena, lg_participant_no **rows,
                          size_t *count) LG_MUST_CHECK;
/* Does it finance claims on this debtor? */
lg_err lg_program_takes(lg_db *db, lg_program_no no, lg_participant_no debtor, bool *out) LG_MUST_CHECK;
lg_err lg_program_close(lg_db *db, lg_program_no no, lg_time at, int64_t seq) LG_MUST_CHECK;
/* A lender's, neither closed nor expired. */
lg_err lg_program_count_open(lg_db *db, lg_participant_no lender, lg_time now, int64_t *count) LG_MUST_CHECK;

/* What is drawn on one debtor's claims. */
lg_err lg_program_drawn_on(lg_db *db, lg_program_no no, lg_participant_no debtor,
                           int64_t *minor) LG_MUST_CHECK;
/* Draws (or, below zero, gives back) on a debtor's claims; LG_CORRUPT if a sum would leave its range. */
lg_err lg_program_draw(lg_db *db, lg_program_no no, lg_participant_no debtor,
                       int64_t change_minor) LG_MUST_CHECK;

typedef struct lg_lenders_asked {
    bool all; /* or those: */
    lg_participant_no *lenders;
    size_t count;
} lg_lenders_asked;

/* Open programs of the lenders in the currency that finance the debtor, in no particular order. */
lg_err lg_program_candidates(lg_db *db, lg_lenders_asked asked, lg_currency currency,
                             lg_participant_no debtor, lg_time now, lg_arena *arena, lg_program **rows,
                             size_t *count) LG_MUST_CHECK;

typedef enum { LG_PROGRAM_OPEN, LG_PROGRAM_CLOSED, LG_PROGRAM_EXPIRED } lg_program_status;
static inline lg_program_status lg_program_status_at(const lg_program *row, lg_time now)
{
    if (row->closed_at)
        return LG_PROGRAM_CLOSED;
    return now > row->valid_until ? LG_PROGRAM_EXPIRED : LG_PROGRAM_OPEN;
}
const char *lg_program_status_name(lg_program_status status);

typedef struct lg_program_filter {
    lg_participant_no lender; /* 0: any */
    const char *currency;     /* NULL: any */
    int status;               /* lg_program_status, -1: any */
    lg_time now;
    int64_t before_no; /* 0: from the newest */
    size_t limit;
} lg_program_filter;
/* Newest first. */
lg_err lg_program_list(lg_db *db, const lg_program_filter *filter, lg_arena *arena, lg_program **rows,
                       size_t *count) LG_MUST_CHECK;

#endif
