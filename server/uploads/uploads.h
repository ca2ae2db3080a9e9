/* Uploads: many invoices in one request, taken as they come. What is shared by the handlers and the thread
 * that works on an upload; its README says how it goes. */
#ifndef UPLOADS_UPLOADS_H
#define UPLOADS_UPLOADS_H

#include "server/api/api.h"
#include "server/uploads/journal.h"
#include "server/uploads/source.h"

#include <pthread.h>

enum {
    UPLOAD_ROWS_MAX = 250000,
    UPLOADS_OF_ONE_MAX = 2, /* of one participant at a time */
};

typedef struct upload {
    struct upload *next; /* in the list of those under way */
    api_context *api;
    lg_uuid owner;
    lg_token_id token; /* looked at again for each group of rows */
    int64_t token_no;
    char key[LG_JTI_MAX + 1];
    int64_t row; /* number of the next row to come */
    bool is_signed;
    lg_arena *arena;
    lg_report report;
    pipe_t *pipe;
    upload_source *source;
    upload_journal *journal;

    pthread_mutex_t lock;
    lg_err err; /* why it ended early */
    bool finished;
    http_request *waiting; /* for the answer; NULL: not yet, or never */
    unsigned holders;      /* the request and the thread */
} upload;

/* Those under way. */
uploads *uploads_open(void);
void uploads_close(uploads *uploads);
/* LG_BUSY if that very upload is under way, LG_OVERLOADED if its owner has enough of them. */
lg_err uploads_enter(uploads *uploads, upload *upload, lg_report *report) LG_MUST_CHECK;
void uploads_leave(uploads *uploads, upload *upload);
bool uploads_has(uploads *uploads, lg_uuid owner, const char *key);

/* ---- work.c ---- */
void upload_work(void *upload);
void upload_release(upload *upload); /* one holder less */

/* ---- outcome.c ---- */
/* What is told of a row: {"row":…,"sha256":…,…}; *status is that of its command. */
struct api_command;
lg_err upload_outcome(const struct api_command *c, const upload_row *row, int64_t number, const char *digest,
                      int *status, lg_buf *line) LG_MUST_CHECK;
/* {"key":…,"state":…,…} */
void upload_put_status(lg_buf *buf, const char *key, const upload_journal_tally *tally, bool under_way);

#endif
