/* A fast way for json.c, which see; nobody else calls it. */
#ifndef LG_BASE_JSON_PLAIN_H
#define LG_BASE_JSON_PLAIN_H

#include "ledger/base/json.h"

/* The value, owned by the caller; NULL if the text is not plain, whether well-formed or not. */
json_t *lg_json_load_plain(lg_bytes text);

#endif
