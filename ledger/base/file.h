/* Files that must be whole or not there at all. */
#ifndef LG_BASE_FILE_H
#define LG_BASE_FILE_H

#include "ledger/base/arena.h"

/* Creates `path` with these bytes and this mode (the umask does not apply): written to a temporary name
 * beside it, synced, given its name without replacing anything, directory synced. LG_ALREADY_EXISTS,
 * LG_DISK_FULL or LG_IO otherwise, and then nothing is left behind. */
lg_err lg_file_create(const char *path, lg_bytes bytes, unsigned mode, lg_report *report) LG_MUST_CHECK;

/* Reads a secret of less than `max` bytes. LG_NOT_FOUND if the file is absent, LG_IO if others than its owner
 * may touch it, LG_CORRUPT if it is longer. */
lg_err lg_file_read_private(const char *path, void *out, size_t max, size_t *out_len,
                            lg_report *report) LG_MUST_CHECK;

/* Makes the names in the directory that holds `path` durable. */
lg_err lg_file_sync_parent(const char *path, lg_report *report) LG_MUST_CHECK;

/* LG_DISK_FULL or LG_IO for an errno value, with "cannot <action> <path>: <reason>". */
lg_err lg_file_fail(lg_report *report, int error, const char *action, const char *path);

#endif
