/* A file without a name, for an answer that is made before it is sent: it costs no memory however long it
 * waits for its reader, and is gone with the program. */
#ifndef API_SPOOL_H
#define API_SPOOL_H

#include "ledger/base/buf.h"

/* In the registry's folder; the caller closes *fd. LG_IO, LG_DISK_FULL. */
lg_err spool_open(const char *dir, int *fd, lg_report *report) LG_MUST_CHECK;
/* Appends the piece and empties it. */
lg_err spool_write(int fd, lg_buf *piece) LG_MUST_CHECK;

#endif
