/* Moving the WAL into the database, in steps that no commit notices.
 *
 * A checkpoint of SQLite's moves all that it may and then syncs the database, which takes tens of
 * milliseconds. But one that may not move everything, since a reader still looks at an older state, syncs
 * nothing: the WAL stays, and with it all that is needed after a power cut. So there is a reader of our own,
 * the pin, that looks at the state of one step ago; each step moves what came before it, and pins the present
 * one. When the WAL is nearly full, a thread syncs the database meanwhile; when it is full the pin goes, and
 * SQLite's own checkpoint finds little to move and little to sync. It alone lets the WAL begin anew. Whenever
 * the writer has nothing to do, the same is done at once.
 *
 * Whatever goes wrong here loses nothing: the frames stay in the WAL. Only a failed sync ends all work, as
 * anywhere: lg_db_sync_failed. */
#ifndef LG_STORE_WAL_H
#define LG_STORE_WAL_H

#include "ledger/store/db.h"

typedef struct lg_wal lg_wal;

/* `writer` is borrowed; `path` is its database. */
lg_err lg_wal_open(lg_db *writer, const char *path, lg_wal **out, lg_report *report) LG_MUST_CHECK;
void lg_wal_close(lg_wal *wal); /* NULL is fine; before the writer's connection */

/* Behind a commit: takes a step if one is due. *moved: whether it did. */
lg_err lg_wal_step(lg_wal *wal, bool *moved) LG_MUST_CHECK;
/* With nothing else to do: moves everything that readers allow. */
lg_err lg_wal_finish(lg_wal *wal) LG_MUST_CHECK;
/* There is enough in the WAL for lg_wal_finish to be worth it. */
bool lg_wal_is_due(const lg_wal *wal);

#endif
