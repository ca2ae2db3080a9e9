/* The folder of a registry. */
#ifndef SERVICE_FOLDER_H
#define SERVICE_FOLDER_H

#include "ledger/base/arena.h"

/* DIR/origin: two lines, the ledger's name and its verifier key. LG_NOT_FOUND with a sentence if DIR is no
 * registry. */
lg_err service_read_origin(const char *dir, lg_arena *arena, const char **origin, const char **vkey,
                           lg_report *report) LG_MUST_CHECK;

#endif
