#include "ledger/log/line.h"

#include "ledger/crypto/encoding.h"
#include "ledger/log/entry.h"

#include <string.h>

enum { HASH_BASE64_LEN = 44 };

static void skip(lg_bytes *rest, size_t len)
{
    rest->data += len;
    rest->len -= len;
}

bool lg_line_take(lg_bytes *rest, lg_bytes *line)
{
    const uint8_t *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    if (!end)
        return false;
    *line = lg_bytes_of(rest->data, (size_t)(end - rest->data));
    skip(rest, line->len + 1);
    return true;
}

bool lg_prefix_take(lg_bytes *rest, const char *prefix)
{
    size_t len = strlen(prefix);
    if (rest->len < len || memcmp(rest->data, prefix, len) != 0)
        return false;
    skip(rest, len);
    return true;
}

bool lg_decimal_parse(lg_bytes text, int64_t *out)
{
    int64_t value = 0;
    if (text.len == 0 || text.len > 16 || (text.len > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    if (value > LG_SEQ_MAX)
        return false;
    *out = value;
    return true;
}

bool lg_hash_parse_base64(lg_arena *arena, lg_bytes text, lg_hash *out)
{
    lg_bytes hash;
    if (text.len != HASH_BASE64_LEN || !lg_base64_decode(arena, text, &hash) || hash.len != LG_HASH_LEN)
        return false;
    memcpy(out->b, hash.data, LG_HASH_LEN);
    return true;
}
