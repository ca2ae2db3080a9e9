#include "server/api/group.h"

#include <pthread.h>
#include <time.h>

enum {
    DEPTH = 2, /* of the savepoint: 0 is the job's, 1 that of a CSV's row */
    TRIES = 100,
    TRY_EVERY_MS = 50,
};

struct api_wait {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
};

static size_t weight_of(const api_command *c)
{
    return c->job.weight ? c->job.weight : 1;
}

static bool is_waiting(const api_command *c)
{
    return !c->job.err && !c->outcome.replayed;
}

/* A refusal undoes the command alone; an error is returned when the transaction is lost. */
static lg_err apply_one(api_group *group, api_command *c, lg_ledger *ledger)
{
    lg_mark mark;
    lg_err err = lg_ledger_mark(ledger, DEPTH, &mark);
    if (err)
        return err;
    c->owner = group;
    c->job.first_seq = lg_ledger_next_seq(ledger);
    c->job.err = api_command_apply(&c->job, ledger);
    if (!lg_db_in_transaction(lg_ledger_db(ledger)))
        return c->job.err ? c->job.err : LG_INTERNAL;
    if (c->job.err)
        return lg_ledger_undo(ledger, mark);
    c->job.entry_count = (size_t)(lg_ledger_next_seq(ledger) - c->job.first_seq);
    return lg_ledger_keep(ledger, mark);
}

/* What the gateway rejects is put on record when it is sent alone. Where all or nothing is asked for, it is a
 * refusal like any other. */
static lg_err refusal_of(api_command *c)
{
    const lg_outcome *outcome = &c->outcome;
    if (c->job.err || outcome->replayed || !outcome->results[0].err)
        return c->job.err;
    c->job.report = outcome->results[0].report;
    c->job.err = outcome->results[0].err;
    return c->job.err;
}

/* What another attempt came to does not count. */
static void start_over(api_group *group)
{
    group->refused = false;
    for (size_t i = 0; i < group->count; i++) {
        api_command *c = &group->items[i];
        if (c->owner != group)
            continue;
        c->owner = NULL;
        c->outcome.replayed = false;
        c->job.err = LG_OK;
        c->job.entry_count = 0;
        lg_report_init(&c->job.report, group->job.arena);
    }
}

static lg_err apply(lg_job *job, lg_ledger *ledger)
{
    api_group *group = (api_group *)job;
    start_over(group);
    for (size_t i = 0; i < group->count; i++) {
        api_command *c = &group->items[i];
        if (!is_waiting(c))
            continue;
        lg_err err = apply_one(group, c, ledger);
        if (err)
            return err;
        if (group->atomic && refusal_of(c)) {
            group->refused = true;
            group->at = i;
            return c->job.err;
        }
    }
    return LG_OK;
}

/* Nothing of the group was recorded, so nothing that was found of it in the ledger meanwhile is there either,
 * and a refusal may have rested on it. */
static void forget(api_group *group, lg_err err)
{
    for (size_t i = 0; i < group->count; i++) {
        api_command *c = &group->items[i];
        if (c->owner != group && !is_waiting(c))
            continue;
        c->outcome.replayed = false;
        c->job.entry_count = 0;
        if (group->refused)
            continue;
        lg_report_init(&c->job.report, group->job.arena);
        c->job.err = err;
    }
}

static void share_receipts(api_group *group)
{
    lg_job *job = &group->job;
    for (size_t i = 0; i < group->count; i++) {
        lg_job *one = &group->items[i].job;
        if (one->err || one->entry_count == 0)
            continue;
        one->proofs = job->proofs + (one->first_seq - job->first_seq);
        one->published = job->published; /* borrowed */
    }
}

/* On the writer's thread. */
static void done(lg_job *job)
{
    struct api_wait *wait = ((api_group *)job)->wait;
    pthread_mutex_lock(&wait->lock);
    wait->is_done = true;
    pthread_cond_signal(&wait->done);
    pthread_mutex_unlock(&wait->lock);
}

void api_group_init(api_group *group, lg_arena *arena, api_command *items, size_t count, bool atomic)
{
    *group = (api_group){
        .job = {.apply = apply, .done = done, .arena = arena},
        .items = items,
        .count = count,
        .atomic = atomic,
    };
    lg_report_init(&group->job.report, arena);
    for (size_t i = 0; i < count; i++)
        if (is_waiting(&items[i]))
            group->job.weight += weight_of(&items[i]);
}

/* Others may have filled the queue: who waits for a group's answer can wait a little longer. */
static lg_err submit(api_group *group, lg_writer *writer)
{
    const struct timespec pause = {.tv_nsec = TRY_EVERY_MS * 1000000L};
    lg_err err = lg_writer_submit(writer, &group->job);
    for (unsigned i = 0; i < TRIES && err == LG_OVERLOADED; i++) {
        nanosleep(&pause, NULL);
        err = lg_writer_submit(writer, &group->job);
    }
    return err;
}

lg_err api_group_run(api_group *group, lg_writer *writer)
{
    struct api_wait wait = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
    if (group->job.weight == 0)
        return LG_OK; /* nothing to do */
    /* cppcheck-suppress autoVariables ; the writer is done with the group before this returns */
    group->wait = &wait;
    lg_err err = submit(group, writer);
    if (!err) {
        pthread_mutex_lock(&wait.lock);
        while (!wait.is_done)
            pthread_cond_wait(&wait.done, &wait.lock);
        pthread_mutex_unlock(&wait.lock);
        err = group->job.err;
        /* A commit that failed afterwards is another matter than the refusal. */
        group->refused = group->refused && err == group->items[group->at].job.err;
    }
    pthread_cond_destroy(&wait.done);
    pthread_mutex_destroy(&wait.lock);
    if (err)
        forget(group, err);
    else
        share_receipts(group);
    return err;
}

void api_group_clear(api_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        group->items[i].job.published = NULL;
        api_command_clear(&group->items[i]);
    }
    lg_published_drop(group->job.published);
    group->job.published = NULL;
}

size_t api_group_fit(const api_command *items, size_t count)
{
    size_t fit = 0, weight = 0;
    for (; fit < count; fit++) {
        weight += is_waiting(&items[fit]) ? weight_of(&items[fit]) : 0;
        if (weight > API_GROUP_WEIGHT && fit > 0)
            break;
    }
    return fit;
}
