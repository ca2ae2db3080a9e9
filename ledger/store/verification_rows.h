/* Rows of what an external verifier is asked about held receivables. */
#ifndef LG_STORE_VERIFICATION_ROWS_H
#define LG_STORE_VERIFICATION_ROWS_H

#include "ledger/base/calendar.h"
#include "ledger/store/receivable_rows.h"

typedef enum {
    LG_VERIFICATION_PENDING,
    LG_VERIFICATION_ANSWERED,
    LG_VERIFICATION_OVERTAKEN, /* decided or withdrawn before there was an answer */
    LG_VERIFICATION_STATE_COUNT,
} lg_verification_state;
const char *lg_verification_state_name(lg_verification_state state);

typedef enum {
    LG_ANSWER_GENUINE,
    LG_ANSWER_NOT_GENUINE,
    LG_ANSWER_DIFFERS, /* there is such an invoice, but it says something else */
    LG_ANSWER_UNKNOWN, /* the verifier cannot tell */
    LG_ANSWER_NONE,    /* it did not answer in time */
    LG_ANSWER_COUNT,
} lg_verifier_answer;
const char *lg_verifier_answer_name(lg_verifier_answer answer);
bool lg_verifier_answer_parse(const char *text, lg_verifier_answer *out) LG_MUST_CHECK;

typedef struct lg_verification {
    lg_receivable_no receivable;
    lg_verification_state state;
    lg_time verify_by; /* then the registry decides without an answer */
    /* Once answered: */
    lg_verifier_answer answer;
    lg_review_outcome outcome;
    const char *reference, *note; /* may be NULL */
    lg_time answered_at;          /* as the verifier says; 0: it does not */
    const char *hindered_by;      /* the check that kept it from being registered all the same, or NULL */
    lg_time recorded_at;
} lg_verification;

lg_err lg_verification_get(lg_db *db, lg_receivable_no no, lg_arena *arena,
                           lg_verification *out) LG_MUST_CHECK;
lg_err lg_verification_insert(lg_db *db, lg_receivable_no no, lg_time verify_by) LG_MUST_CHECK;
/* The answer and what belongs to it. */
lg_err lg_verification_update(lg_db *db, const lg_verification *row) LG_MUST_CHECK;
/* If it is pending, it is no longer. */
lg_err lg_verification_overtake(lg_db *db, lg_receivable_no no) LG_MUST_CHECK;

/* Pending ones behind `after`, in the order of submission. */
typedef struct lg_pending_verification {
    lg_receivable_no receivable;
    lg_receivable_id id;
    lg_time verify_by;
} lg_pending_verification;
lg_err lg_verification_list_pending(lg_db *db, lg_receivable_no after, size_t limit, lg_arena *arena,
                                    lg_pending_verification **rows, size_t *count) LG_MUST_CHECK;
/* Pending ones whose time is over at `now`, soonest first. */
lg_err lg_verification_list_due(lg_db *db, lg_time now, size_t limit, lg_arena *arena,
                                lg_pending_verification **rows, size_t *count) LG_MUST_CHECK;

#endif
