/* The head file: (size, root) of the newest ledger state that was acknowledged, outside the database, so that
 * a restored backup does not bring an older one back. Two 512-byte slots are written in turn with pwrite and
 * fdatasync; each carries a generation and a SHA-256 of itself, so that a torn write leaves the slot before
 * it whole. */
#ifndef LG_LOG_HEAD_H
#define LG_LOG_HEAD_H

#include "ledger/log/note.h"

typedef struct lg_head lg_head;

/* Creates the file for an empty ledger of that origin; LG_ALREADY_EXISTS if it is there. Synced, directory
 * too. */
lg_err lg_head_create(const char *path, const char *origin, lg_report *report) LG_MUST_CHECK;
/* Opens and takes an exclusive lock (flock): one writer per ledger. LG_BUSY if another process holds it,
 * LG_NOT_FOUND if absent, LG_CORRUPT if no slot is whole. */
lg_err lg_head_open(const char *path, lg_head **out, lg_report *report) LG_MUST_CHECK;
/* Reads without a lock (audit); *out's origin is in the arena. */
lg_err lg_head_peek(const char *path, lg_arena *arena, lg_checkpoint *out, lg_report *report) LG_MUST_CHECK;
void lg_head_close(lg_head *head);
lg_checkpoint lg_head_get(const lg_head *head); /* origin borrowed from head */
/* Compare-and-swap: re-reads the file; if it does not hold exactly `expected`, LG_HEAD_MISMATCH. Then writes
 * `next` and syncs, and looks whether the file still has a name. After a failed sync, or without a name, the
 * head is unusable (every later call fails): what is on disk, or what the next start will find, is not known.
 */
lg_err lg_head_swap(lg_head *head, const lg_checkpoint *expected, const lg_checkpoint *next) LG_MUST_CHECK;

#endif
