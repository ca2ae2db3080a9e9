/* What the two halves of a run over many files share: bulk_run.c makes items of files, bulk_send.c sends them
 * and notes what became of them. */
#ifndef CLIENT_BULK_INTERNAL_H
#define CLIENT_BULK_INTERNAL_H

#include "ledger/crypto/sign.h"
#include "server/client/act.h"
#include "server/client/bulk.h"
#include "server/client/output.h"

enum { BATCH_ITEMS = 200 };

typedef struct bulk_item {
    const char *name; /* in the state: the file, or a part of it */
    const char *file; /* as the report tells it */
    int64_t line;     /* part of a CSV: how many lines of the file stand before its own second line */
    int64_t rows;     /* of a CSV; 0 otherwise */
    client_act act;
    char sha256[65];
    int64_t iat;  /* when it was sent before with this content, and nobody knows what became of it; else 0 */
    lg_bytes jws; /* signed */
    bool again;   /* was sent again because its key was in use */
    bool done;
} bulk_item;

typedef struct bulk_run_state {
    client *c;
    const invoice_terms *terms;
    bulk_state *state;
    lg_signing_key *key, *second; /* NULL: the registry signs */
    lg_arena *arena;              /* of the batch */
    bulk_item items[BATCH_ITEMS];
    size_t count, bytes;
    int64_t rows;
    size_t file_count, files_done;
    uint64_t accepted, held, refused, failed, before; /* before: of them, in earlier runs */
    bool retry_refused;
    client_progress progress;
    struct timespec started;
    client_exit code; /* what stops the run */
} bulk;

/* ---- bulk_send.c ---- */
void bulk_count_line(bulk *b, const json_t *line, bulk_outcome outcome);
/* Counts it and adds it to the state. */
client_exit bulk_note(bulk *b, const json_t *line, bulk_outcome outcome) CLIENT_MUST_CHECK;
/* What makes the item's next command unlike any other of the run, and like itself when it is sent again. */
const char *bulk_jti(bulk *b, const bulk_item *item);
/* Sends the items, until each has its result, and empties the batch. */
client_exit bulk_flush(bulk *b) CLIENT_MUST_CHECK;

#endif
