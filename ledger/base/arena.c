#include "ledger/base/arena.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_LEN = 16 * 1024,
#ifdef __SANITIZE_ADDRESS__
    SPARE_MAX = 0, /* what is used after it was freed shall be found */
#else
    SPARE_MAX = 256, /* 4 MiB */
#endif
};

struct block {
    struct block *next;
    size_t used, len;
    alignas(max_align_t) uint8_t data[];
};

/* It lies in its own first block. */
struct lg_arena {
    alignas(max_align_t) struct block *blocks; /* newest first; reset keeps the oldest */
};

/* Blocks of BLOCK_LEN that were freed, for whoever opens the next. One that a request takes here and the
 * writer's thread there would otherwise wander between malloc's arenas, which give memory back to the kernel
 * and fault it in again. The last freed is the warmest. */
static struct {
    pthread_mutex_t lock;
    struct block *first;
    size_t count;
} spare = {.lock = PTHREAD_MUTEX_INITIALIZER};

void lg_die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("tallystick: fatal: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

static struct block *take_spare(void)
{
    pthread_mutex_lock(&spare.lock);
    struct block *block = spare.first;
    if (block) {
        spare.first = block->next;
        spare.count--;
    }
    pthread_mutex_unlock(&spare.lock);
    return block;
}

static struct block *block_open(size_t len)
{
    struct block *block = len == BLOCK_LEN ? take_spare() : NULL;
    if (!block)
        block = malloc(sizeof *block + len);
    if (!block)
        lg_die("out of memory (%zu bytes)", len);
    *block = (struct block){.len = len};
    return block;
}

static void block_close(struct block *block)
{
    if (block->len == BLOCK_LEN) {
        pthread_mutex_lock(&spare.lock);
        if (spare.count != SPARE_MAX) {
            block->next = spare.first;
            spare.first = block;
            spare.count++;
            block = NULL;
        }
        pthread_mutex_unlock(&spare.lock);
    }
    free(block);
}

lg_arena *lg_arena_open_wide(size_t first_len)
{
    struct block *block = block_open(first_len);
    lg_arena *arena = (lg_arena *)block->data;
    block->used = sizeof *arena;
    arena->blocks = block;
    return arena;
}

lg_arena *lg_arena_open(void)
{
    return lg_arena_open_wide(BLOCK_LEN);
}

void lg_arena_reset(lg_arena *arena)
{
    while (arena->blocks->next) {
        struct block *next = arena->blocks->next;
        block_close(arena->blocks);
        arena->blocks = next;
    }
    arena->blocks->used = sizeof *arena;
}

void lg_arena_close(lg_arena *arena)
{
    if (!arena)
        return;
    lg_arena_reset(arena);
    block_close(arena->blocks);
}

/* Not zeroed. */
static void *take(lg_arena *arena, size_t len)
{
    const size_t align = alignof(max_align_t);
    if (len > SIZE_MAX / 2)
        lg_die("allocation of %zu bytes", len);
    len = (len + align - 1) / align * align;
    struct block *block = arena->blocks;
    if (block->len - block->used < len) {
        block = block_open(len > BLOCK_LEN ? len : BLOCK_LEN);
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *place = block->data + block->used;
    block->used += len;
    return place;
}

void *lg_arena_alloc(lg_arena *arena, size_t len)
{
    return memset(take(arena, len), 0, len);
}

void *lg_arena_array(lg_arena *arena, size_t count, size_t size)
{
    size_t len;
    if (__builtin_mul_overflow(count, size, &len))
        lg_die("array of %zu × %zu bytes", count, size);
    return lg_arena_alloc(arena, len);
}

char *lg_arena_strndup(lg_arena *arena, const void *data, size_t len)
{
    char *copy = take(arena, len + 1);
    if (len)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *lg_arena_strdup(lg_arena *arena, const char *text)
{
    return lg_arena_strndup(arena, text, strlen(text));
}

lg_bytes lg_arena_copy(lg_arena *arena, lg_bytes bytes)
{
    return lg_bytes_of(lg_arena_strndup(arena, bytes.data, bytes.len), bytes.len);
}

char *lg_arena_vprintf(lg_arena *arena, const char *fmt, va_list args)
{
    struct block *block = arena->blocks;
    char *place = (char *)block->data + block->used; /* where it goes if it fits, as it mostly does */
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(place, block->len - block->used, fmt, args);
    if (len < 0)
        lg_die("formatting failed");
    char *text = take(arena, (size_t)len + 1);
    if (text != place)
        vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

char *lg_arena_printf(lg_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = lg_arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}

lg_bytes lg_bytes_str(const char *text)
{
    return lg_bytes_of(text, text ? strlen(text) : 0);
}
