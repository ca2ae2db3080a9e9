/* Commands into a registry without HTTP: signed, decoded, reviewed and written by the very functions that
 * serve. Only the check of a signature made a moment before is left out; the audit makes it. */
#ifndef TESTS_BENCH_GENERATE_DIRECT_H
#define TESTS_BENCH_GENERATE_DIRECT_H

#include "server/api/command.h"
#include "tests/bench/world.h"

typedef struct direct direct;

/* A command's room, used again and again: its memory is let go when the next one is prepared in it. */
typedef struct direct_slot {
    api_command command; /* its first member; job.err and outcome say what became of it */
    lg_arena *arena;
    direct *owner;
} direct_slot;

/* Makes the registry if `dir` is none, and opens it. */
direct *direct_open(const char *dir);
void direct_close(direct *d);
/* The world whose origin and keys sign; before the first command. */
void direct_set_world(direct *d, world *w);
int64_t direct_entries(direct *d);

void direct_slot_open(direct *d, direct_slot *slot);
void direct_slot_close(direct_slot *slot);
/* Between begin and end a reader's snapshot is held for all that is prepared. */
void direct_begin(direct *d);
/* Signs and decodes; anything but a good command ends the program. The act may live in slot->arena, which
 * direct_slot_reset empties. */
void direct_slot_reset(direct_slot *slot);
void direct_prepare(direct_slot *slot, const world_act *act);
void direct_end(direct *d);
/* Hands the prepared commands to the writer, in this order. */
void direct_submit(direct *d, direct_slot *const *slots, size_t count);
/* Until everything submitted is durable. */
void direct_wait(direct *d);

/* A world_doer; ctx is the direct. */
void direct_do(void *ctx, world *w, const world_step *step);

#endif
