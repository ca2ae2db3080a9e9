/* Many invoice files in one run: sent in batches, with a state file by which an interrupted run goes on. */
#ifndef CLIENT_BULK_H
#define CLIENT_BULK_H

#include "server/client/invoice_file.h"

/* ---- the state file (bulk_state.c) ----
 * Lines of JSON, only ever added to: whose run it is, then what is about to be sent, and what became of each
 * file. What is about to be sent is on the disk before it is sent, with the time it is signed for, so that
 * the very same bytes can be sent again: the registry answers them as before. */

typedef enum { BULK_UNKNOWN, BULK_SENDING, BULK_ACCEPTED, BULK_HELD, BULK_REFUSED, BULK_FAILED } bulk_outcome;

typedef struct bulk_record {
    bulk_outcome outcome;
    int64_t attempt; /* results it has had */
    int64_t iat;     /* BULK_SENDING: what it was signed for */
    int64_t place;   /* of its last result's line */
} bulk_record;

typedef struct bulk_state bulk_state;

/* who: names registry and signer; a file of another run is refused. A torn last line is dropped. */
client_exit bulk_state_open(client *c, const char *path, const char *who, bulk_state **out) CLIENT_MUST_CHECK;
void bulk_state_close(bulk_state *state);
const char *bulk_state_id(const bulk_state *state); /* random, of the run */
bulk_record bulk_state_find(const bulk_state *state, const char *name);
/* The last result's line; NULL if there is none. The caller's (json_decref). */
json_t *bulk_state_result(const bulk_state *state, const char *name);
/* Names sent next, durable when this returns. */
client_exit bulk_state_sending(client *c, bulk_state *state, const json_t *names,
                               int64_t iat) CLIENT_MUST_CHECK;
/* line: {"item":…,…} */
client_exit bulk_state_add(client *c, bulk_state *state, const json_t *line,
                           bulk_outcome outcome) CLIENT_MUST_CHECK;
/* All names with a result, in the order they came in: json_object_iter over it. */
const json_t *bulk_state_names(const bulk_state *state);

/* ---- the run (bulk_run.c) ---- */

/* Is this a run for a state file: a folder's worth of files, or one asked for? */
bool bulk_is_meant(const client *c, size_t file_count);
client_exit bulk_run(client *c, const invoice_terms *terms, const char **files,
                     size_t file_count) CLIENT_MUST_CHECK;

/* ---- the report (bulk_report.c) ---- */

/* A line for each file, and for each row of a CSV file, as the state has it: JSON if the name ends in .json,
 * else CSV. */
client_exit bulk_report(client *c, const bulk_state *state, const char *path) CLIENT_MUST_CHECK;

#endif
