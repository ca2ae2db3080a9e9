/* Fast ways through JSON as programs write it, for json.c, which see, and for signed commands. */
#ifndef LG_BASE_JSON_PLAIN_H
#define LG_BASE_JSON_PLAIN_H

#include "ledger/base/json.h"

/* The value, owned by the caller; NULL if the text is not plain, whether well-formed or not. */
json_t *lg_json_load_plain(lg_bytes text);

/* Of an object with these members and no others, each once, all of them strings without escapes: the values,
 * in the names' order, inside `text`. Of any other text false, and then `values` mean nothing. */
bool lg_json_plain_strings(lg_bytes text, const char *const *names, size_t count, lg_bytes *values);

#endif
