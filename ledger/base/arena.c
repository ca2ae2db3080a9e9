#include "ledger/base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_LEN = 16 * 1024 };

struct block {
    struct block *next;
    size_t used, len;
    alignas(max_align_t) uint8_t data[];
};

struct lg_arena {
    struct block *blocks; /* newest first; the oldest is of BLOCK_LEN and kept by reset */
};

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

static struct block *block_open(size_t len)
{
    struct block *block = malloc(sizeof *block + len);
    if (!block)
        lg_die("out of memory (%zu bytes)", len);
    *block = (struct block){.len = len};
    return block;
}

lg_arena *lg_arena_open(void)
{
    lg_arena *arena = malloc(sizeof *arena);
    if (!arena)
        lg_die("out of memory");
    arena->blocks = block_open(BLOCK_LEN);
    return arena;
}

void lg_arena_reset(lg_arena *arena)
{
    while (arena->blocks->next) {
        struct block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    arena->blocks->used = 0;
}

void lg_arena_close(lg_arena *arena)
{
    if (!arena)
        return;
    lg_arena_reset(arena);
    free(arena->blocks);
    free(arena);
}

void *lg_arena_alloc(lg_arena *arena, size_t len)
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
    return memset(place, 0, len);
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
    char *copy = lg_arena_alloc(arena, len + 1);
    if (len)
        memcpy(copy, data, len);
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
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    if (len < 0)
        lg_die("formatting failed");
    char *text = lg_arena_alloc(arena, (size_t)len + 1);
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
