/* A bounded stretch of a body between the HTTP thread that receives it and the thread that reads it. When it
 * is full the HTTP thread turns away and the client has to wait: memory stays flat however long the body. */
#ifndef UPLOADS_PIPE_H
#define UPLOADS_PIPE_H

#include "ledger/base/arena.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct pipe pipe_t;

pipe_t *pipe_open(void);
void pipe_close(pipe_t *pipe);

/* ---- the writing side; nothing here blocks ---- */
size_t pipe_put(pipe_t *pipe, const char *data, size_t len); /* how many bytes it took */
/* Calls room(ctx) once it takes bytes again: on the reading thread, or at once. */
void pipe_on_room(pipe_t *pipe, void (*room)(void *ctx), void *ctx);
void pipe_end(pipe_t *pipe);   /* that was all */
void pipe_break(pipe_t *pipe); /* the rest will not come */

/* ---- the reading side ---- */
/* Waits for bytes; 0 at the end. -1: the rest will not come. */
ssize_t pipe_read(pipe_t *pipe, void *out, size_t max);
/* Nobody reads any more: what still comes is taken and dropped. */
void pipe_discard(pipe_t *pipe);
bool pipe_is_broken(pipe_t *pipe);

#endif
