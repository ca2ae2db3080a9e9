/* base64 (RFC 4648 section 4, padded), base64url (section 5, unpadded) and lower-case hexadecimal. Decoders
 * are strict: no white space, no other alphabet, no non-zero trailing bits, padding exactly as specified. */
#ifndef LG_CRYPTO_ENCODING_H
#define LG_CRYPTO_ENCODING_H

#include "ledger/base/arena.h"

#include <stdbool.h>

char *lg_base64_encode(lg_arena *arena, lg_bytes bytes);
char *lg_base64url_encode(lg_arena *arena, lg_bytes bytes);
/* Writes the NUL-terminated base64url text of `len` bytes to out, which has room for (len * 4 + 2) / 3 + 1.
 * Returns its length. */
size_t lg_base64url_write(char *out, const void *data, size_t len);
size_t lg_base64_write(char *out, const void *data, size_t len); /* room for (len + 2) / 3 * 4 + 1 */
bool lg_base64_decode(lg_arena *arena, lg_bytes text, lg_bytes *out) LG_MUST_CHECK;
bool lg_base64url_decode(lg_arena *arena, lg_bytes text, lg_bytes *out) LG_MUST_CHECK;
size_t lg_base64url_span(const char *text); /* so many of its letters the text begins with */
/* Of the letters that the text begins with: returns how many they are, *len bytes of them in out, which has
 * room for as many as the text has. No bytes if so many letters are no encoding. */
size_t lg_base64url_decode_run(lg_bytes text, uint8_t *out, size_t *len);

char *lg_hex_encode(lg_arena *arena, lg_bytes bytes);
void lg_hex_write(char *out, const void *data, size_t len); /* room for 2 * len + 1 */
/* Exactly 2 * len hexadecimal digits, lower case only (ours), into out. */
bool lg_hex_decode(lg_bytes text, void *out, size_t len) LG_MUST_CHECK;

#endif
