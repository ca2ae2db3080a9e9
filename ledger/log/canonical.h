/* A fast way for entry.c and disclosure.c, which see; nobody else calls it.
 *
 * What a registry writes has one form: an entry is canonical, and a disclosure is an array of salt, name and
 * a plain value. Both are read here in one pass, without making JSON values of them. Whatever is otherwise,
 * be it right or wrong, is left to the callers, who take it apart as JSON, and whose verdict and words then
 * count. So this may only ever say less than they do: it takes nothing that they refuse, and reads nothing
 * otherwise. */
#ifndef LG_LOG_CANONICAL_H
#define LG_LOG_CANONICAL_H

#include "ledger/log/entry.h"

/* An entry, but not the first one; false: not in its canonical form, or the first one. */
bool lg_canonical_entry(lg_arena *arena, lg_bytes bytes, lg_entry *out);
/* What a disclosure encodes; false: not what lg_disclosure_make makes of a plain value. */
bool lg_canonical_fact(lg_arena *arena, lg_bytes array, lg_fact *out);

#endif
