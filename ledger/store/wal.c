#include "ledger/store/wal.h"

#include <pthread.h>
#include <stdlib.h>

/* Pages of the WAL. A step is some two milliseconds' work, which the next commit waits for; the more a
 * checkpoint moves at a time, the more pages it meets that were written more than once. */
enum {
    STEP = 500,
    FINISH_MIN = 1000,
    SYNC_AT = 12000, /* so that little is left to sync when it is ... */
    FULL = 16000,
};

struct lg_wal {
    lg_db *writer, *pin;
    bool is_pinned;
    int stepped_at;  /* pages in the WAL at the last step, */
    int finished_at; /* and when all that readers allowed was moved; 0: all was */
    pthread_t syncing;
    bool is_syncing; /* the thread was started, and not yet waited for */
};

lg_err lg_wal_open(lg_db *writer, const char *path, lg_wal **out, lg_report *report)
{
    lg_wal *wal = calloc(1, sizeof *wal);
    if (!wal)
        return LG_NO_MEMORY;
    wal->writer = writer;
    lg_err err = lg_db_open(path, LG_DB_READER, &wal->pin, report);
    if (err) {
        free(wal);
        return err;
    }
    *out = wal;
    return LG_OK;
}

static void unpin(lg_wal *wal)
{
    lg_db_rollback(wal->pin);
    wal->is_pinned = false;
}

static void pin(lg_wal *wal)
{
    static const lg_sql anything = {"SELECT id FROM writer"}; /* a snapshot is taken by the first read */
    if (lg_db_begin(wal->pin) != LG_OK)
        return;
    lg_query query = lg_query_start(wal->pin, &anything);
    wal->is_pinned = lg_query_run(&query) == LG_OK;
    if (!wal->is_pinned)
        unpin(wal);
}

static void *sync_database(void *writer)
{
    lg_db_sync(writer);
    return NULL;
}

/* Unless the last one still goes on. */
static void begin_sync(lg_wal *wal)
{
    if (wal->is_syncing && pthread_tryjoin_np(wal->syncing, NULL) != 0)
        return;
    wal->is_syncing = pthread_create(&wal->syncing, NULL, sync_database, wal->writer) == 0;
}

static void end_sync(lg_wal *wal)
{
    if (wal->is_syncing)
        pthread_join(wal->syncing, NULL);
    wal->is_syncing = false;
}

void lg_wal_close(lg_wal *wal)
{
    if (!wal)
        return;
    end_sync(wal);
    lg_db_close(wal->pin);
    free(wal);
}

bool lg_wal_is_due(const lg_wal *wal)
{
    const int pages = lg_db_wal_pages(wal->writer);
    return pages >= FINISH_MIN && pages != wal->finished_at && !lg_db_sync_failed(wal->writer);
}

lg_err lg_wal_finish(lg_wal *wal)
{
    end_sync(wal);
    unpin(wal);
    if (lg_db_sync_failed(wal->writer))
        return LG_IO; /* of what was moved before, something may be lost: the WAL must stay */
    lg_err err = lg_db_checkpoint(wal->writer);
    wal->finished_at = lg_db_wal_pages(wal->writer);
    return err;
}

lg_err lg_wal_step(lg_wal *wal, bool *moved)
{
    const int pages = lg_db_wal_pages(wal->writer);
    *moved = false;
    if (pages < wal->stepped_at)
        wal->stepped_at = 0; /* it began anew */
    const bool is_full = pages >= FULL && wal->stepped_at < FULL;
    if (pages - wal->stepped_at < STEP && !is_full)
        return LG_OK;
    wal->stepped_at = pages;
    *moved = true;
    if (pages >= FULL)
        return lg_wal_finish(wal);
    lg_err err = wal->is_pinned ? lg_db_checkpoint(wal->writer) : LG_OK;
    unpin(wal);
    pin(wal);
    if (!err && pages >= SYNC_AT)
        begin_sync(wal);
    return err;
}
