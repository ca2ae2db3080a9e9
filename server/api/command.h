/* The way of one command: authenticate → decode → gateway → queue → writer → commit → answer. Shared by the
 * HTTP handler and the sweeper, whose commands the operator's key signs. */
#ifndef API_COMMAND_H
#define API_COMMAND_H

#include "server/api/api.h"

/* A command on its way through the writer; lives in its arena. */
typedef struct api_command {
    lg_job job;
    api_context *api;
    lg_command command;
    lg_outcome outcome;
    http_request *request; /* NULL for the sweeper's */
    void *owner;           /* the sweeper's own */
} api_command;

/* Everything before the queue, on a reader's snapshot. `subject` and `kid` come from the path. LG_OK: ready
 * for the writer, or, when outcome.replayed, answered before. Whether it was answered before is asked here
 * only of what would be refused: of all else the writer asks, so that a new command, as nearly all are, needs
 * no look into the database here. */
lg_err api_command_prepare(api_command *out, api_context *api, lg_db *db, lg_arena *arena, lg_bytes jws,
                           const char *url, lg_command_type type, lg_report *report) LG_MUST_CHECK;
/* The same in two halves, for commands that name their own address. From the bytes of a JWS to who signed it,
 * and whether it was answered before (outcome.replayed); url NULL: any. */
lg_err api_command_identify(api_command *out, api_context *api, lg_db *db, lg_arena *arena,
                            lg_bytes jws_bytes, const char *url, lg_jws *jws,
                            lg_report *report) LG_MUST_CHECK;
/* Then, with command.type, subject and kid set: its age and its payload. */
lg_err api_command_decode(api_command *c, lg_db *db, const lg_jws *parsed, lg_report *report) LG_MUST_CHECK;
/* The job's apply function. */
lg_err api_command_apply(lg_job *job, lg_ledger *ledger);
/* The type, subject and kid that a command's own url names; LG_NOT_FOUND if that is no command's. */
lg_err api_command_find(api_context *api, lg_arena *arena, const char *url, lg_command *command,
                        lg_report *report) LG_MUST_CHECK;
/* What a command that went well is answered, receipts written out: the same bytes at any later time. */
lg_err api_command_answer(api_command *c, lg_arena *arena, int *status, lg_buf *out) LG_MUST_CHECK;
/* Lets go of what the writer left. */
void api_command_clear(api_command *c);
/* An lg_render_fn (render.c). */
lg_err api_render(lg_db *db, lg_arena *arena, const lg_command *command, const lg_outcome *outcome,
                  int *status, lg_buf *answer);

/* Receipts of one answer: entries first_seq … with their proofs against one checkpoint. */
typedef struct api_receipts {
    int64_t first_seq;
    size_t count;
    const lg_entry_row *entries;
    const lg_proof *proofs;
    const char *note;
} api_receipts;
/* Copies a stored answer, with each {"seq":n} of a receipt written out in full (render.c). */
lg_err api_expand(lg_buf *out, lg_arena *arena, const char *answer,
                  const api_receipts *receipts) LG_MUST_CHECK;

#endif
