/* Commands that go through the writer together: the items of a batch, the rows of an upload. One job of the
 * writer, each command under a savepoint of its own, one commit, and every command with its own receipt. */
#ifndef API_GROUP_H
#define API_GROUP_H

#include "server/api/command.h"

enum {
    /* Entries that a group may append while other commands wait: a group goes to the end of the queue, and
     * the next one of the same request comes only when it is done. */
    API_GROUP_WEIGHT = 128
};

typedef struct api_group {
    lg_job job; /* its first member */
    api_command *items;
    size_t count;
    bool atomic;
    bool refused; /* atomic: items[at] was refused, so nothing was done */
    size_t at;
    struct api_wait *wait;
} api_group;

/* Prepared commands as a group: those with an error of their own, and those answered before, are passed over.
 * The arena is theirs. */
void api_group_init(api_group *group, lg_arena *arena, api_command *items, size_t count, bool atomic);
/* Hands it to the writer and waits until it is durable, or was refused. Each item's job.err and outcome then
 * say what became of it. The error returned is the whole group's: then nothing of it was done, and unless it
 * was refused every item has that error. */
lg_err api_group_run(api_group *group, lg_writer *writer) LG_MUST_CHECK;
/* Lets go of what the writer left, the items' answers included. */
void api_group_clear(api_group *group);

/* How many of the commands make the next group: as many as weigh API_GROUP_WEIGHT together, one at least. */
size_t api_group_fit(const api_command *items, size_t count);

#endif
