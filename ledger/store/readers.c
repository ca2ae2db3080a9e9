#include "ledger/store/known.h"
#include "ledger/store/page_cache.h"

#include <pthread.h>
#include <stdlib.h>

struct lg_readers {
    pthread_mutex_t lock;
    pthread_cond_t given;
    unsigned count, free_count;
    lg_db **all;
    lg_db **free; /* a stack: the last given is the warmest */
};

static lg_err open_all(const char *path, lg_db_mode mode, unsigned count, lg_readers **out, lg_report *report)
{
    lg_err err = LG_OK;
    lg_readers *readers = calloc(1, sizeof *readers);
    if (!readers)
        return LG_NO_MEMORY;
    pthread_mutex_init(&readers->lock, NULL);
    pthread_cond_init(&readers->given, NULL);
    readers->all = calloc(count, sizeof *readers->all);
    readers->free = calloc(count, sizeof *readers->free);
    if (!readers->all || !readers->free)
        err = LG_NO_MEMORY;
    while (!err && readers->count < count) {
        err = lg_db_open(path, mode, &readers->all[readers->count], report);
        if (!err) {
            readers->free[readers->free_count++] = readers->all[readers->count];
            readers->count++;
        }
    }
    if (err) {
        lg_readers_close(readers);
        return err;
    }
    *out = readers;
    return LG_OK;
}

lg_err lg_readers_open(const char *path, unsigned count, lg_readers **out, lg_report *report)
{
    return open_all(path, LG_DB_READER, count, out, report);
}

lg_err lg_readers_open_side(const char *path, unsigned count, lg_readers **out, lg_report *report)
{
    return open_all(path, LG_DB_SIDE_READER, count, out, report);
}

void lg_readers_close(lg_readers *readers)
{
    if (!readers)
        return;
    for (unsigned i = 0; i < readers->count; i++)
        lg_db_close(readers->all[i]);
    free(readers->all);
    free(readers->free);
    pthread_cond_destroy(&readers->given);
    pthread_mutex_destroy(&readers->lock);
    free(readers);
}

void lg_readers_remember(lg_readers *readers, const lg_known_changes *changes)
{
    for (unsigned i = 0; i < readers->count; i++)
        lg_db_remember(readers->all[i], lg_known_open(changes));
}

lg_err lg_readers_favor(lg_readers *readers, unsigned count)
{
    enum { SHARED_KIB = 80 * 1024 / LG_CACHE_DIVISOR, WORTH_KIB = 12 * 1024 / LG_CACHE_DIVISOR };
    const int each = count ? SHARED_KIB / (int)count : 0;
    lg_err err = LG_OK;
    for (unsigned i = 0; i < count && i < readers->free_count && each >= WORTH_KIB && !err; i++)
        err = lg_db_set_cache(readers->free[readers->free_count - 1 - i], each);
    return err;
}

lg_db *lg_readers_take(lg_readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    while (readers->free_count == 0)
        pthread_cond_wait(&readers->given, &readers->lock);
    lg_db *db = readers->free[--readers->free_count];
    pthread_mutex_unlock(&readers->lock);
    if (lg_db_known(db))
        lg_known_begin(lg_db_known(db)); /* before the snapshot */
    /* If even BEGIN fails, so does the first query, which then reports it. */
    if (lg_db_begin(db) != LG_OK)
        lg_db_rollback(db);
    return db;
}

void lg_readers_give(lg_readers *readers, lg_db *db)
{
    lg_db_rollback(db);
    pthread_mutex_lock(&readers->lock);
    readers->free[readers->free_count++] = db;
    pthread_cond_signal(&readers->given);
    pthread_mutex_unlock(&readers->lock);
}
