/* An arena: memory that lives exactly as long as one request (or one batch, or one command-line run) and is
 * freed at once.
 *
 * Allocation does not fail: when the system has no memory, the arena's out-of-memory handler runs, which ends
 * the process (the ledger is durable at every moment, so ending is the safe answer). Not thread-safe: one
 * owner at a time; ownership may pass between threads through a queue. */
#ifndef LG_BASE_ARENA_H
#define LG_BASE_ARENA_H

#include "ledger/base/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lg_arena lg_arena;

/* Borrowed bytes. Not NUL-terminated unless a function says so. */
typedef struct lg_bytes {
    const uint8_t *data;
    size_t len;
} lg_bytes;

lg_arena *lg_arena_open(void);
lg_arena *
lg_arena_open_wide(size_t first_len); /* whose first block has room for so many bytes, 256 at least */
void lg_arena_close(lg_arena *arena); /* NULL is fine; frees everything allocated from it */
void lg_arena_reset(lg_arena *arena); /* frees all but the first block, for reuse */

/* Zeroed, aligned for any object. Never NULL. */
void *lg_arena_alloc(lg_arena *arena, size_t len) __attribute__((malloc, returns_nonnull));
/* `count` zeroed objects of `size`; ends the process if the product overflows. */
void *lg_arena_array(lg_arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
char *lg_arena_strdup(lg_arena *arena, const char *text) __attribute__((returns_nonnull));
/* Copies and NUL-terminates. */
char *lg_arena_strndup(lg_arena *arena, const void *data, size_t len) __attribute__((returns_nonnull));
lg_bytes lg_arena_copy(lg_arena *arena, lg_bytes bytes); /* also NUL-terminated behind the end */
char *lg_arena_printf(lg_arena *arena, const char *fmt, ...) LG_PRINTF(2, 3) __attribute__((returns_nonnull));
char *lg_arena_vprintf(lg_arena *arena, const char *fmt, va_list args) LG_PRINTF(2, 0)
    __attribute__((returns_nonnull));

/* Ends the process with a message on standard error. For "cannot happen" and out of memory only. */
_Noreturn void lg_die(const char *fmt, ...) LG_PRINTF(1, 2);

static inline lg_bytes lg_bytes_of(const void *data, size_t len)
{
    return (lg_bytes){.data = data, .len = len};
}

lg_bytes lg_bytes_str(const char *text); /* without the NUL; NULL gives an empty one */

#endif
