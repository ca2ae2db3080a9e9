/* Small questions about text. All text is UTF-8. */
#ifndef LG_BASE_TEXT_H
#define LG_BASE_TEXT_H

#include "ledger/base/arena.h"

#include <stdbool.h>

/* Well-formed UTF-8 (Unicode 15 table 3-7): no surrogates, no overlong forms. */
bool lg_text_is_utf8(lg_bytes text);
/* One line for people: UTF-8, no control characters (C0, DEL, C1, line and paragraph separators, bidirectional overrides),
 * no white space at either end. */
bool lg_text_is_line(lg_bytes text);
/* XML and CSV text as a line: trims the ends, folds each run of white space to one blank. Copy in the arena. */
char *lg_text_collapse(lg_arena *arena, const char *text);
/* Letters and digits only: full-width forms (U+FF01 to U+FF5E) folded to ASCII, ASCII upper-cased, everything in ASCII that is
 * neither letter nor digit dropped, leading zeros of each digit run dropped. Other scripts stay. Copy in the arena. */
char *lg_text_squash(lg_arena *arena, const char *text);
bool lg_text_equal(const char *a, const char *b); /* NULL equals only NULL */

#endif
