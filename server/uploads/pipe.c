#include "server/uploads/pipe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PIPE_BYTES = 256 * 1024 };

struct pipe {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*room)(void *ctx); /* waits for room; NULL: nobody does */
    void *room_ctx;
    size_t head, len; /* of what is in the ring */
    bool ended, broken, discard;
    char ring[PIPE_BYTES];
};

pipe_t *pipe_open(void)
{
    pipe_t *p = malloc(sizeof *p);
    if (!p)
        lg_die("out of memory");
    memset(p, 0, offsetof(pipe_t, ring));
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    return p;
}

void pipe_close(pipe_t *p)
{
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

size_t pipe_put(pipe_t *p, const char *data, size_t len)
{
    pthread_mutex_lock(&p->lock);
    if (!p->discard) {
        size_t left = PIPE_BYTES - p->len;
        len = len < left ? len : left;
        size_t at = (p->head + p->len) % PIPE_BYTES, first = PIPE_BYTES - at;
        first = len < first ? len : first;
        memcpy(p->ring + at, data, first);
        memcpy(p->ring, data + first, len - first);
        p->len += len;
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return len;
}

void pipe_on_room(pipe_t *p, void (*room)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&p->lock);
    bool now = p->discard || p->len < PIPE_BYTES;
    if (!now) {
        p->room = room;
        p->room_ctx = ctx;
    }
    pthread_mutex_unlock(&p->lock);
    if (now)
        room(ctx);
}

/* With the lock held; the call itself must follow without it. */
static void (*take_room(pipe_t *p))(void *ctx)
{
    void (*room)(void *) = p->room;
    p->room = NULL;
    return room;
}

static void finish(pipe_t *p, bool *flag)
{
    pthread_mutex_lock(&p->lock);
    *flag = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

void pipe_end(pipe_t *p)
{
    finish(p, &p->ended);
}

void pipe_break(pipe_t *p)
{
    finish(p, &p->broken);
}

ssize_t pipe_read(pipe_t *p, void *out, size_t max)
{
    void (*room)(void *) = NULL;
    pthread_mutex_lock(&p->lock);
    while (p->len == 0 && !p->ended && !p->broken)
        pthread_cond_wait(&p->changed, &p->lock);
    size_t len = p->len < max ? p->len : max, first = PIPE_BYTES - p->head;
    ssize_t got = p->broken ? -1 : (ssize_t)len;
    if (!p->broken) {
        first = len < first ? len : first;
        memcpy(out, p->ring + p->head, first);
        memcpy((char *)out + first, p->ring, len - first);
        p->head = (p->head + len) % PIPE_BYTES;
        p->len -= len;
        /* Half of it: not every few bytes another round of suspending and resuming. */
        if (p->len <= PIPE_BYTES / 2)
            room = take_room(p);
    }
    void *ctx = p->room_ctx;
    pthread_mutex_unlock(&p->lock);
    if (room)
        room(ctx);
    return got;
}

void pipe_discard(pipe_t *p)
{
    pthread_mutex_lock(&p->lock);
    p->discard = true;
    p->len = 0;
    void (*room)(void *) = take_room(p);
    void *ctx = p->room_ctx;
    pthread_mutex_unlock(&p->lock);
    if (room)
        room(ctx);
}

bool pipe_is_broken(pipe_t *p)
{
    pthread_mutex_lock(&p->lock);
    bool broken = p->broken;
    pthread_mutex_unlock(&p->lock);
    return broken;
}
