/* Rows of four eyes: from which amount on two tokens must say the same, and what one of them has said. */
#ifndef LG_STORE_APPROVAL_ROWS_H
#define LG_STORE_APPROVAL_ROWS_H

#include "ledger/base/calendar.h"
#include "ledger/registry/money.h"
#include "ledger/store/db.h"

typedef struct lg_four_eyes {
    lg_currency currency;
    int64_t above_minor;
} lg_four_eyes;
/* LG_NOT_FOUND: one token is enough for any amount. */
lg_err lg_four_eyes_get(lg_db *db, lg_participant_no no, lg_currency currency,
                        int64_t *above_minor) LG_MUST_CHECK;
/* above_minor < 0 removes it. */
lg_err lg_four_eyes_set(lg_db *db, lg_participant_no no, lg_currency currency,
                        int64_t above_minor) LG_MUST_CHECK;
/* By currency. */
lg_err lg_four_eyes_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_four_eyes **rows,
                         size_t *count) LG_MUST_CHECK;

/* What waits for a second token. */
typedef enum {
    LG_APPROVAL_CONFIRM,
    LG_APPROVAL_ACCEPT,
    LG_APPROVAL_FOUR_EYES, /* the setting itself is raised or lifted */
    LG_APPROVAL_KIND_COUNT,
} lg_approval_kind;
const char *lg_approval_kind_name(lg_approval_kind kind);
bool lg_approval_kind_parse(const char *text, lg_approval_kind *out) LG_MUST_CHECK;

typedef enum {
    LG_APPROVAL_WAITING,
    LG_APPROVAL_GIVEN,
    LG_APPROVAL_WITHDRAWN,
    LG_APPROVAL_OVERTAKEN, /* stored, or: waiting, but the receivable or the first token is gone */
    LG_APPROVAL_EXPIRED,   /* never stored: waiting, and its time is over */
    LG_APPROVAL_STATUS_COUNT,
} lg_approval_status;
const char *lg_approval_status_name(lg_approval_status status);

typedef struct lg_approval {
    lg_approval_no no;
    lg_approval_id id;
    lg_participant_no participant;
    lg_approval_kind kind;
    lg_receivable_no receivable; /* 0 with LG_APPROVAL_FOUR_EYES */
    lg_currency currency;
    int64_t amount_minor; /* -1: the setting is lifted */
    const char *note;
    int64_t token_no, second_no;             /* second_no 0: nobody yet, or a key withdrew it */
    lg_approval_status status;               /* as stored */
    lg_time asked_at, expires_at, closed_at; /* closed_at 0: it waits */
    int64_t last_seq;
} lg_approval;

/* LG_NOT_FOUND if absent; strings in the arena. */
lg_err lg_approval_by_id(lg_db *db, lg_approval_id id, lg_arena *arena, lg_approval *out) LG_MUST_CHECK;
/* The one stored as waiting for the thing. `receivable` 0: the setting of four eyes in the currency. */
lg_err lg_approval_waiting(lg_db *db, lg_participant_no no, lg_receivable_no receivable, lg_currency currency,
                           lg_arena *arena, lg_approval *out) LG_MUST_CHECK;
lg_err lg_approval_insert(lg_db *db, const lg_approval *row) LG_MUST_CHECK;
/* status, second_no, closed_at, last_seq */
lg_err lg_approval_update(lg_db *db, const lg_approval *row) LG_MUST_CHECK;
/* What it is at `now`, everything considered. */
lg_err lg_approval_status_at(lg_db *db, lg_arena *arena, const lg_approval *row, lg_time now,
                             lg_approval_status *out) LG_MUST_CHECK;

typedef struct lg_approval_filter {
    lg_participant_no participant; /* required */
    int status;                    /* lg_approval_status or -1 */
    lg_time now;                   /* tells waiting from expired */
    int64_t before_no;             /* cursor; 0: from the newest */
    size_t limit;
} lg_approval_filter;
/* Newest first. */
lg_err lg_approval_list(lg_db *db, const lg_approval_filter *filter, lg_arena *arena, lg_approval **rows,
                        size_t *count) LG_MUST_CHECK;

#endif
