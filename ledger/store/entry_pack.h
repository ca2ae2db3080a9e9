/* An entry as it is stored. Its bytes are a JCS object in which every digest is written in base64url and
 * every hash in hexadecimal; what is kept are the members themselves, from which the one encoding of them
 * (log/entry.h) gives the exact bytes back: 530 bytes in place of 890, on average.
 *
 * A packed entry is one byte that says how, and
 *   0: the bytes themselves (the first entry, which names the log);
 *   1: how many digests (a byte), the digests, `at` (microseconds, i64be), `prev`, `req` (32 bytes each), seq
 * (LEB128), and the type up to the end.
 * One form for each entry of the second kind. */
#ifndef LG_STORE_ENTRY_PACK_H
#define LG_STORE_ENTRY_PACK_H

#include "ledger/base/buf.h"
#include "ledger/log/entry.h"

enum { LG_ENTRY_PACKED_MAX = 5 * 1024 }; /* of the second kind: more than the largest takes */

/* What an entry that lg_entry_encode takes is packed to; returns its length. 0: the first one. */
size_t lg_entry_pack(const lg_entry *entry, uint8_t out[LG_ENTRY_PACKED_MAX]);
/* Bytes of whatever kind, as they are. */
void lg_entry_keep(lg_buf *packed, lg_bytes body);

/* The exact bytes, in the arena, NUL-terminated behind their end. LG_CORRUPT if these are none that the two
 * above give of an entry; an entry's digests, chain and place are for the reader to judge. */
lg_err lg_entry_unpack(lg_arena *arena, lg_bytes packed, lg_bytes *body) LG_MUST_CHECK;
/* The same, and what the bytes say, which need not be parsed for it: NULL if they were kept as they are. */
lg_err lg_entry_unpack_members(lg_arena *arena, lg_bytes packed, lg_bytes *body,
                               const lg_entry **members) LG_MUST_CHECK;

#endif
