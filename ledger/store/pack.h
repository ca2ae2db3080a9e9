/* Texts that are kept for good (signed commands with their answers, disclosures), packed: a command of
 * 3,200 bytes takes 400. The exact bytes come back.
 *
 * A packed text is one byte that says how, and
 *   0: the text itself;
 *   1, 2: LEB128 length of the text, LEB128 length of `raw`, `raw`, and a Zstandard frame (RFC 8878) made
 * with the dictionary pack_1.dict or pack_2.dict beside this file. The frame holds the text with its
 * base64url undone, for base64 hides from any compressor what it hides from the eye. In it the bytes 1 to 5,
 * which no JSON text has, stand for 1 … 2: what is between them, encoded; 3, 4, 5: the next 16, 32 or 64
 * bytes of `raw`, encoded (salts, digests and keys, signatures). Only what encodes to the very same letters
 * is undone. A dictionary is never changed; a better one gets a number of its own.
 * scripts/train-dictionaries.py makes them. */
#ifndef LG_STORE_PACK_H
#define LG_STORE_PACK_H

#include "ledger/log/entry.h"

/* Buffers and contexts, used over and over. One thread at a time. */
typedef struct lg_packer lg_packer;
lg_packer *lg_packer_open(void);
void lg_packer_close(lg_packer *packer); /* NULL is fine */

/* What a text is, which is to say with which dictionary; the numbers are those of the format. */
typedef enum {
    LG_PACK_COMMAND = 1,     /* a JWS, followed by its answer */
    LG_PACK_DISCLOSURES = 2, /* joined by '~' */
} lg_pack_kind;

/* The packed bytes stay the packer's: good until it packs or unpacks again. */
lg_bytes lg_pack(lg_packer *packer, lg_pack_kind kind, lg_bytes text);
lg_bytes lg_pack_command(lg_packer *packer, lg_bytes jws, lg_bytes answer);
/* The joined text, without undoing what has just been encoded. */
lg_bytes lg_pack_disclosures(lg_packer *packer, const lg_disclosures *disclosures);
/* *text in the arena, NUL-terminated behind its end. LG_CORRUPT if these bytes are nothing that lg_pack
 * gives; no more is allocated for them than the largest real text of their kind would need. */
lg_err lg_unpack(lg_packer *packer, lg_bytes packed, lg_arena *arena, lg_bytes *text) LG_MUST_CHECK;

/* How long its text is, or would be: by its own word, which lg_unpack holds it to. */
size_t lg_unpacked_len(lg_bytes packed);

/* Larger ones are kept as they are: what unpacks to more was forged, and is not unpacked. */
enum { LG_PACKED_TEXT_MAX = 64 * 1024 * 1024, LG_PACKED_DISCLOSURES_MAX = 1024 * 1024 };

#endif
