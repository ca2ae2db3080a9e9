/* Memory for the values of a JSON text. jansson asks for a hundred small pieces a command and gives all of
 * them back when the command is decoded. A thread cuts them from a slot of its own, one behind the other, and
 * begins at its front again once none is in use; what does not fit, and all that is not asked for between
 * `begin` and `end`, is malloc's. Any thread may give back any piece at any time: one that is kept only keeps
 * its slot from beginning again.
 */
#ifndef LG_BASE_JSON_MEMORY_H
#define LG_BASE_JSON_MEMORY_H

#include <stddef.h>

/* What jansson asks for on this thread until `end` will be let go soon. */
void lg_json_memory_begin(void);
void lg_json_memory_end(void);

/* For json_set_alloc_funcs. The process ends when there is no memory. */
void *lg_json_memory_take(size_t len);
void lg_json_memory_give(void *piece);

#endif
