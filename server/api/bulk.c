#include "server/api/bulk.h"

#include "ledger/base/arena.h"

#include <pthread.h>
#include <stdlib.h>

struct bulk {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    unsigned running[BULK_KINDS];
    bool closing;
};

typedef struct bulk_work {
    bulk *bulk;
    bulk_kind kind;
    void (*work)(void *arg);
    void *arg;
} bulk_work;

bulk *bulk_open(void)
{
    bulk *b = calloc(1, sizeof *b);
    if (!b)
        lg_die("out of memory");
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->ended, NULL);
    return b;
}

static void leave(bulk *b, bulk_kind kind)
{
    pthread_mutex_lock(&b->lock);
    b->running[kind]--;
    pthread_cond_signal(&b->ended);
    pthread_mutex_unlock(&b->lock);
}

static void *run(void *arg)
{
    bulk_work work = *(bulk_work *)arg;
    free(arg);
    work.work(work.arg);
    leave(work.bulk, work.kind);
    return NULL;
}

static lg_err enter(bulk *b, bulk_kind kind)
{
    static const unsigned most[BULK_KINDS] = {
        [BULK_BATCH] = BULK_BATCHES_MAX,
        [BULK_UPLOAD] = BULK_UPLOADS_MAX,
    };
    lg_err err = LG_OK;
    pthread_mutex_lock(&b->lock);
    if (b->closing)
        err = LG_STOPPING;
    else if (b->running[kind] >= most[kind])
        err = LG_OVERLOADED;
    else
        b->running[kind]++;
    pthread_mutex_unlock(&b->lock);
    return err;
}

lg_err bulk_start(bulk *b, bulk_kind kind, void (*work)(void *arg), void *arg)
{
    pthread_t thread;
    lg_err err = enter(b, kind);
    if (err)
        return err;
    bulk_work *w = malloc(sizeof *w);
    if (!w)
        lg_die("out of memory");
    *w = (bulk_work){.bulk = b, .kind = kind, .work = work, .arg = arg};
    if (pthread_create(&thread, NULL, run, w) != 0) {
        free(w);
        leave(b, kind);
        return LG_OVERLOADED;
    }
    pthread_detach(thread);
    return LG_OK;
}

bool bulk_is_closing(bulk *b)
{
    pthread_mutex_lock(&b->lock);
    bool closing = b->closing;
    pthread_mutex_unlock(&b->lock);
    return closing;
}

void bulk_close(bulk *b)
{
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->closing = true;
    while (b->running[BULK_BATCH] + b->running[BULK_UPLOAD] > 0)
        pthread_cond_wait(&b->ended, &b->lock);
    pthread_mutex_unlock(&b->lock);
    pthread_cond_destroy(&b->ended);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
