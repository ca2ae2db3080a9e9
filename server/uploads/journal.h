/* What became of the rows of an upload: a file of lines of JSON in uploads/<participant>/<key>.ndjson of the
 * registry's folder. It is no part of the ledger: what was done is in the ledger, each row under a jti of its
 * own; this says what was answered, also of rows that left no trace there. A journal that is lost costs
 * nothing but that: the upload is sent again and finds its rows done.
 *
 * The first line names the upload; then a line per row, in their order; behind each group of rows a tally,
 * written together with them, which has a sum of all lines before it. After a crash everything behind the
 * last whole tally is dropped, and all of a journal whose lines are not those that its tallies sum up: only
 * the end of an upload is synced, and the disk may have got a tally without the rows before it. */
#ifndef UPLOADS_JOURNAL_H
#define UPLOADS_JOURNAL_H

#include "ledger/base/buf.h"
#include "ledger/base/calendar.h"
#include "ledger/base/uuid.h"

typedef enum { JOURNAL_UNDER_WAY, JOURNAL_COMPLETE, JOURNAL_STOPPED } upload_journal_state;

typedef struct upload_journal_tally {
    upload_journal_state state;
    lg_time started_at, at;
    const char *content_type;
    int64_t rows, accepted, held, refused;
    const char *problem; /* JSON text, why it stopped; or NULL */
} upload_journal_tally;

typedef struct upload_journal upload_journal;

enum { JOURNAL_DIGEST_LEN = 64, JOURNALS_KEPT = 32 /* of one participant; older ones make room */ };

/* Begins the journal, or goes on with one there is. *tally_at(journal) is what it says already. */
lg_err upload_journal_open(const char *dir, lg_uuid owner, const char *key, const char *content_type,
                           upload_journal **out, lg_report *report) LG_MUST_CHECK;
void upload_journal_close(upload_journal *journal);
upload_journal_tally *upload_journal_tally_of(upload_journal *journal);

/* Was row `number`, which is among the tally's, of this content (SHA-256 in hexadecimal)? Asked in order. */
bool upload_journal_row_was(upload_journal *journal, int64_t number, const char *digest);
/* Adds a row's line, without its end, and counts it by its status. */
void upload_journal_add(upload_journal *journal, const lg_buf *line, int status);
/* Writes what was added, and the tally behind it. */
lg_err upload_journal_write(upload_journal *journal, upload_journal_state state,
                            const char *problem) LG_MUST_CHECK;
lg_err upload_journal_sync(upload_journal *journal) LG_MUST_CHECK;

/* ---- reading; any thread ---- */
typedef struct upload_journal_reader upload_journal_reader;
/* LG_NOT_FOUND if the participant has no such upload. */
lg_err upload_journal_read(const char *dir, lg_uuid owner, const char *key,
                           upload_journal_reader **out) LG_MUST_CHECK;
void upload_journal_reader_close(upload_journal_reader *reader);
/* Texts in the arena. */
upload_journal_tally upload_journal_reader_tally(const upload_journal_reader *reader, lg_arena *arena);
/* Goes on at a place that upload_journal_reader_place gave. False: there is no such place. */
bool upload_journal_reader_seek(upload_journal_reader *reader, int64_t place) LG_MUST_CHECK;
int64_t upload_journal_reader_place(const upload_journal_reader *reader);
/* The next row's line, without its end; NULL at the end. Valid until the next call. */
const char *upload_journal_reader_next(upload_journal_reader *reader);

#endif
