/* Looking through text eight bytes at a time. */
#ifndef LG_BASE_SCAN_H
#define LG_BASE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LG_SCAN_ONES UINT64_C(0x0101010101010101)
#define LG_SCAN_TOPS (LG_SCAN_ONES << 7)

static inline uint64_t lg_scan_eight(const uint8_t *from)
{
    uint64_t eight;
    memcpy(&eight, from, sizeof eight);
    return eight;
}

/* What JSON does not let stand in a string as it is. */
static inline bool lg_scan_needs_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* Has any of eight bytes to be escaped? Subtracting borrows into the highest bit of each byte that is too
 * small (or, of the differences, zero), and beyond it only where there is such a byte. */
static inline bool lg_scan_any_needs_escape(uint64_t eight)
{
    const uint64_t quotes = eight ^ LG_SCAN_ONES * '"', slashes = eight ^ LG_SCAN_ONES * '\\';
    return (((eight - LG_SCAN_ONES * 0x20) & ~eight) | ((quotes - LG_SCAN_ONES) & ~quotes) |
            ((slashes - LG_SCAN_ONES) & ~slashes)) &
           LG_SCAN_TOPS;
}

/* How many bytes at the start can stand in a JSON string as they are. */
static inline size_t lg_scan_unescaped(const uint8_t *text, size_t len)
{
    size_t at = 0;
    while (len - at >= sizeof(uint64_t) && !lg_scan_any_needs_escape(lg_scan_eight(text + at)))
        at += sizeof(uint64_t);
    /* What is left is less than eight: seen together with some of what was seen before. */
    if (len >= sizeof(uint64_t) && len - at < sizeof(uint64_t) &&
        !lg_scan_any_needs_escape(lg_scan_eight(text + len - sizeof(uint64_t))))
        return len;
    while (at < len && !lg_scan_needs_escape(text[at]))
        at++;
    return at;
}

/* How many bytes at the start are ASCII; it may be up to seven more. */
static inline size_t lg_scan_ascii(const uint8_t *text, size_t len)
{
    size_t at = 0;
    while (len - at >= sizeof(uint64_t) && !(lg_scan_eight(text + at) & LG_SCAN_TOPS))
        at += sizeof(uint64_t);
    return at;
}

#endif
