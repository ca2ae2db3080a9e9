/* Taking text apart line by line, for the formats of note.h. Input may be hostile: nothing here reads past
 * what it was given. */
#ifndef LG_LOG_LINE_H
#define LG_LOG_LINE_H

#include "ledger/crypto/hash.h"

/* Takes the next line, without its LF, off the front of *rest; false if *rest holds no LF. */
bool lg_line_take(lg_bytes *rest, lg_bytes *line) LG_MUST_CHECK;
/* Takes `prefix` off the front; false, and nothing taken, if it is not there. */
bool lg_prefix_take(lg_bytes *rest, const char *prefix) LG_MUST_CHECK;
/* A whole text that is a decimal number without leading zeroes, 0 to LG_SEQ_MAX. */
bool lg_decimal_parse(lg_bytes text, int64_t *out) LG_MUST_CHECK;
/* A whole text that is the base64 of a hash; `arena` for scratch. */
bool lg_hash_parse_base64(lg_arena *arena, lg_bytes text, lg_hash *out) LG_MUST_CHECK;

#endif
