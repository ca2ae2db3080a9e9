/* Which uploads are under way. */
#include "server/uploads/uploads.h"

#include <stdlib.h>
#include <string.h>

struct uploads {
    pthread_mutex_t lock;
    upload *first;
};

uploads *uploads_open(void)
{
    uploads *all = calloc(1, sizeof *all);
    if (!all)
        lg_die("out of memory");
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

void uploads_close(uploads *all)
{
    if (!all)
        return;
    pthread_mutex_destroy(&all->lock);
    free(all);
}

static bool is_that(const upload *u, lg_uuid owner, const char *key)
{
    return lg_uuid_equal(u->owner, owner) && strcmp(u->key, key) == 0;
}

lg_err uploads_enter(uploads *all, upload *u, lg_report *report)
{
    lg_err err = LG_OK;
    unsigned of_one = 0;
    pthread_mutex_lock(&all->lock);
    for (const upload *other = all->first; other && !err; other = other->next) {
        of_one += lg_uuid_equal(other->owner, u->owner);
        if (is_that(other, u->owner, u->key))
            err = lg_fail(report, LG_BUSY, "This upload is still under way over another connection.");
    }
    if (!err && of_one >= UPLOADS_OF_ONE_MAX)
        err = lg_fail(report, LG_OVERLOADED, "A participant has %d uploads at a time at most.",
                      UPLOADS_OF_ONE_MAX);
    if (!err) {
        u->next = all->first;
        all->first = u;
    }
    pthread_mutex_unlock(&all->lock);
    return err;
}

void uploads_leave(uploads *all, upload *u)
{
    pthread_mutex_lock(&all->lock);
    for (upload **at = &all->first; *at; at = &(*at)->next) {
        if (*at == u) {
            *at = u->next;
            break;
        }
    }
    pthread_mutex_unlock(&all->lock);
}

bool uploads_has(uploads *all, lg_uuid owner, const char *key)
{
    bool has = false;
    pthread_mutex_lock(&all->lock);
    for (const upload *u = all->first; u && !has; u = u->next)
        has = is_that(u, owner, key);
    pthread_mutex_unlock(&all->lock);
    return has;
}
