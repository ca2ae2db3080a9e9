/* The watchdog tells that work gets done, not that a thread can sleep and wake: a job goes through the
 * writer, and each HTTP thread answers a request. */
#include "server/service/service.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct watchdog {
    service *service;
    lg_job job; /* changes nothing, and so commits nothing */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool queued; /* the writer has the job */
    int64_t batches_seen;
};

static lg_err do_nothing(lg_job *job, lg_ledger *ledger)
{
    (void)job, (void)ledger;
    return LG_OK;
}

static void on_done(lg_job *job)
{
    watchdog *dog = (watchdog *)((char *)job - offsetof(watchdog, job));
    pthread_mutex_lock(&dog->lock);
    dog->queued = false;
    pthread_cond_signal(&dog->changed);
    pthread_mutex_unlock(&dog->lock);
}

watchdog *watchdog_open(service *s)
{
    pthread_condattr_t monotonic;
    watchdog *dog = calloc(1, sizeof *dog);
    if (!dog)
        lg_die("out of memory");
    dog->service = s;
    pthread_mutex_init(&dog->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&dog->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return dog;
}

/* A full queue is no illness as long as the writer takes from it. */
static bool overloaded_but_moving(watchdog *dog)
{
    int64_t batches = lg_writer_get_stats(dog->service->api.writer).batches;
    bool moved = batches != dog->batches_seen;
    dog->batches_seen = batches;
    return moved;
}

static bool writer_is_well(watchdog *dog, unsigned timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&dog->lock);
    bool submit = !dog->queued;
    dog->queued = true;
    pthread_mutex_unlock(&dog->lock);
    if (submit) {
        dog->job = (lg_job){.apply = do_nothing, .done = on_done, .arena = dog->service->arena};
        lg_err err = lg_writer_submit(dog->service->api.writer, &dog->job);
        if (err) {
            dog->queued = false;
            return err == LG_OVERLOADED && overloaded_but_moving(dog);
        }
    }
    int timed_out = 0;
    pthread_mutex_lock(&dog->lock);
    while (dog->queued && !timed_out)
        timed_out = pthread_cond_timedwait(&dog->changed, &dog->lock, &until);
    bool well = !dog->queued;
    pthread_mutex_unlock(&dog->lock);
    return well;
}

bool watchdog_looks_well(watchdog *dog, unsigned timeout_ms)
{
    return writer_is_well(dog, timeout_ms / 2) &&
           http_server_is_alive(dog->service->api.http, timeout_ms / 2);
}

void watchdog_close(watchdog *dog)
{
    if (!dog)
        return;
    pthread_cond_destroy(&dog->changed);
    pthread_mutex_destroy(&dog->lock);
    free(dog);
}
