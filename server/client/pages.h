/* Answers that come in pages: {"items":[…],"next_cursor":…}. */
#ifndef CLIENT_PAGES_H
#define CLIENT_PAGES_H

#include "server/client/client.h"

/* Sets "name=value" in a path that may hold it already. */
const char *client_path_with(lg_arena *arena, const char *path, const char *name, const char *value);

/* Follows the cursors from `path` on, asking for `page` items at a time, until there are `most` of them. *out
 * is the first page with the items of all and the last one's next_cursor, which is null when nothing is
 * missing. The caller's (json_decref). */
client_exit client_get_pages(client *c, const char *path, int64_t page, int64_t most,
                             json_t **out) CLIENT_MUST_CHECK;

#endif
