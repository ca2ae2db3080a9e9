/* Looking through text eight or sixteen bytes at a time. */
#ifndef LG_BASE_SCAN_H
#define LG_BASE_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LG_SCAN_ONES UINT64_C(0x0101010101010101)
#define LG_SCAN_TOPS (LG_SCAN_ONES << 7)

/* The first byte is the lowest, whatever the machine's order. */
static inline uint64_t lg_scan_eight(const uint8_t *from)
{
    uint64_t eight;
    memcpy(&eight, from, sizeof eight);
    return le64toh(eight);
}

/* Of the bytes found: which is the first. */
static inline size_t lg_scan_first(uint64_t found)
{
    return (size_t)__builtin_ctzll(found) / 8;
}

/* What JSON does not let stand in a string as it is. */
static inline bool lg_scan_needs_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* Which of eight bytes have to be escaped: their highest bits. Only the first of them counts: subtracting
 * borrows into the highest bit of each byte that is too small (or, of the differences, zero), and beyond it
 * where there is such a byte. */
static inline uint64_t lg_scan_escapes(uint64_t eight)
{
    const uint64_t quotes = eight ^ LG_SCAN_ONES * '"', slashes = eight ^ LG_SCAN_ONES * '\\';
    return (((eight - LG_SCAN_ONES * 0x20) & ~eight) | ((quotes - LG_SCAN_ONES) & ~quotes) |
            ((slashes - LG_SCAN_ONES) & ~slashes)) &
           LG_SCAN_TOPS;
}

typedef uint8_t lg_scan_lanes __attribute__((vector_size(16)));

/* How many of sixteen bytes, from the first on, can stand in a JSON string as they are. */
static inline size_t lg_scan_sixteen(const uint8_t *from)
{
    lg_scan_lanes text;
    memcpy(&text, from, sizeof text);
    const lg_scan_lanes found = (lg_scan_lanes)((text < 0x20) | (text == '"') | (text == '\\'));
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    if (!(halves[0] | halves[1]))
        return sizeof text;
    return halves[0] ? lg_scan_first(le64toh(halves[0])) : 8 + lg_scan_first(le64toh(halves[1]));
}

/* How many bytes at the start can stand in a JSON string as they are. */
static inline size_t lg_scan_unescaped(const uint8_t *text, size_t len)
{
    size_t at = 0;
    for (; len - at >= sizeof(lg_scan_lanes); at += sizeof(lg_scan_lanes)) {
        const size_t plain = lg_scan_sixteen(text + at);
        if (plain < sizeof(lg_scan_lanes))
            return at + plain;
    }
    if (len - at >= sizeof(uint64_t)) {
        const uint64_t found = lg_scan_escapes(lg_scan_eight(text + at));
        if (found)
            return at + lg_scan_first(found);
        at += sizeof(uint64_t);
    }
    while (at < len && !lg_scan_needs_escape(text[at]))
        at++;
    return at;
}

/* How many bytes at the start are ASCII that shows: neither a control nor a blank; it may be up to seven
 * more. */
static inline size_t lg_scan_visible(const uint8_t *text, size_t len)
{
    size_t at = 0;
    for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        const uint64_t eight = lg_scan_eight(text + at);
        if ((((eight - LG_SCAN_ONES * 0x21) & ~eight) | (eight + LG_SCAN_ONES) | eight) & LG_SCAN_TOPS)
            break;
    }
    return at;
}

/* How many bytes at the start are ASCII; it may be up to seven more. */
static inline size_t lg_scan_ascii(const uint8_t *text, size_t len)
{
    size_t at = 0;
    while (len - at >= sizeof(uint64_t) && !(lg_scan_eight(text + at) & LG_SCAN_TOPS))
        at += sizeof(uint64_t);
    /* What is left is less than eight: seen together with some of what was seen before. */
    if (len >= sizeof(uint64_t) && len - at < sizeof(uint64_t) &&
        !(lg_scan_eight(text + len - sizeof(uint64_t)) & LG_SCAN_TOPS))
        return len;
    return at;
}

#endif
