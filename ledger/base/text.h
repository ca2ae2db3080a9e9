/* Small questions about text. All text is UTF-8. */
#ifndef LG_BASE_TEXT_H
#define LG_BASE_TEXT_H

#include "ledger/base/arena.h"

#include <stdbool.h>

/* Well-formed UTF-8 (Unicode 15 table 3-7): no surrogates, no overlong forms. */
bool lg_text_is_utf8(lg_bytes text);
/* One line for people: UTF-8, no control and no invisible characters (C0, DEL, C1, separators, bidirectional
 * marks, zero width), no white space at either end. */
bool lg_text_is_line(lg_bytes text);
/* XML and CSV text as a line: trims the ends, folds each run of white space to one blank. Copy in the arena.
 */
char *lg_text_collapse(lg_arena *arena, const char *text);
/* `text` for a message or a remark: at most max_len bytes, cut between characters and then ending in "…". The
 * text itself if it fits. (A precision in a format, "%.60s", would cut within a character.) */
const char *lg_text_clip(lg_arena *arena, const char *text, size_t max_len);
/* Do two numbers differ only in separators, case, accents, compatibility forms (full-width, circled),
 * invisible characters or leading zeros: INV-2026-001 and inv2026001, RE-2026/0042 and RE-2026/42. Letters of
 * other scripts must be the same. */
bool lg_text_alike(lg_arena *arena, const char *a, const char *b) LG_MUST_CHECK;
/* Letters and non-zero digits of a number, in one case: equal for all that are alike, and for some that are
 * not, so that an index can find candidates. Copy in the arena; "" if nothing is left. */
char *lg_text_skeleton(lg_arena *arena, const char *text);
/* Letters (with their accents) and digits, upper case, compatibility forms folded (NFKC); all else dropped.
 * Copy in the arena. */
char *lg_text_letters_and_digits(lg_arena *arena, const char *text);
bool lg_text_equal(const char *a, const char *b); /* NULL equals only NULL */

#endif
