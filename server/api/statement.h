/* A participant's statement of one day: what its resources share. Everything is made from the projections
 * that belong to entries before the day's end and never change after, so a past day reads the same for ever.
 */
#ifndef API_STATEMENT_H
#define API_STATEMENT_H

#include "ledger/store/movement_rows.h"
#include "server/api/serve.h"

/* The day {date} of the path in the zone of the query's utc_offset, and where it lies in the ledger. */
typedef struct api_day {
    lg_day date;
    int offset_minutes;  /* east of UTC */
    lg_time from, until; /* the first moment of the day, and of the next */
    int64_t first, end;  /* entries of the day: first <= seq < end */
    bool final;          /* no further entry can come to it */
} api_day;
/* LG_BAD_QUERY for what is no date or has not begun; LG_NOT_FOUND before the registry's first day. */
lg_err api_day_find(api_view *view, api_day *out) LG_MUST_CHECK;
/* Members "date", "utc_offset", "from", "until", "final" of the open object. */
void json_put_day(lg_buf *buf, const api_day *day);
/* "+08:00", in the arena. */
const char *api_offset_format(lg_arena *arena, int offset_minutes);

/* What moved, as it stood behind the entry that moved it, in words and ids. Strings may be NULL, ids nil: not
 * of this kind of thing. */
typedef struct api_moved {
    lg_uuid receivable, claim, financing, creditor, debtor;
    const char *creditor_name, *debtor_name, *invoice_number, *order_reference, *life;
    bool has_due;
    lg_day due_day;
    int64_t face_minor;
} api_moved;
/* The participant is one whose position of the account it moved. */
lg_err api_moved_find(lg_db *db, lg_arena *arena, lg_participant_no participant, lg_account account,
                      int64_t subject_no, int64_t seq, api_moved *out) LG_MUST_CHECK;
/* Members "receivable" to "life" of the open object. */
void json_put_moved(lg_buf *buf, const api_moved *thing, lg_currency currency);
/* Members "items" and "amount" under a name of their own. */
void json_put_balance(lg_buf *buf, const char *key, lg_balance balance, lg_currency currency);

#endif
