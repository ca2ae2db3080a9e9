/* Threads for requests that bring much: a batch, an upload. What takes longer than a moment must not run on
 * an HTTP thread, which has other connections to serve. Each piece of work has a thread of its own while it
 * lasts, and there are never more than a fixed number. */
#ifndef API_BULK_H
#define API_BULK_H

#include "ledger/base/error.h"

#include <stdbool.h>

typedef struct bulk bulk; /* also api.h */

/* An upload may last long, a batch may not: neither takes the other's place. */
typedef enum { BULK_BATCH, BULK_UPLOAD, BULK_KINDS } bulk_kind;

enum {
    BULK_BATCHES_MAX = 4,
    BULK_UPLOADS_MAX = 8,
    BULK_THREADS_MAX = BULK_BATCHES_MAX + BULK_UPLOADS_MAX,
};

bulk *bulk_open(void);
/* Runs work(arg) on a thread of its own. LG_OVERLOADED when as many are at work as may be; LG_STOPPING. */
lg_err bulk_start(bulk *bulk, bulk_kind kind, void (*work)(void *arg), void *arg) LG_MUST_CHECK;
/* Work that lasts asks now and then, and ends early. Any thread. */
bool bulk_is_closing(bulk *bulk);
void bulk_close(bulk *bulk); /* waits for what runs; NULL is fine */

#endif
