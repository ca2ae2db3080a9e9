/* Unsigned LEB128: seven bits a byte, the lowest first; the high bit says that more follow. One form for
 * each number, the shortest. */
#ifndef LG_BASE_VARINT_H
#define LG_BASE_VARINT_H

#include "ledger/base/arena.h"

#include <stdbool.h>

enum { LG_VARINT_MAX = 10 }; /* bytes */

/* How many bytes it wrote, up to LG_VARINT_MAX. */
static inline size_t lg_varint_put(uint8_t *out, uint64_t value)
{
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        out[len++] = (uint8_t)(value | 0x80);
    out[len++] = (uint8_t)value;
    return len;
}

/* Takes one off the front; false if there is none, or it is written longer than it need be. */
static inline bool lg_varint_take(lg_bytes *rest, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && rest->len > 0; shift += 7) {
        const uint8_t byte = *rest->data;
        rest->data++, rest->len--;
        if (shift == 63 && byte > 1)
            return false;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return byte != 0 || shift == 0;
    }
    return false;
}

/* Signed numbers near zero are short: 0, -1, 1, -2, … */
static inline uint64_t lg_zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t lg_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

#endif
