#include "ledger/crypto/encoding.h"

#include <sodium.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t padded_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

static size_t unpadded_len(size_t len)
{
    return (len * 4 + 2) / 3;
}

/* Encoding is by table: libsodium's constant-time encoder costs five times as much, and a ledger entry's
 * salted facts are encoded twenty times over. Secret keys do not come this way (key_file.c). Writes without
 * padding and returns the end. */
static char *encode(char *out, const void *data, size_t len, const char *alphabet)
{
    const uint8_t *p = data;
    for (; len >= 3; p += 3, len -= 3) {
        unsigned bits = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = alphabet[bits >> 6 & 63];
        *out++ = alphabet[bits & 63];
    }
    if (len > 0) {
        unsigned bits = (unsigned)p[0] << 16 | (len == 2 ? (unsigned)p[1] << 8 : 0);
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        if (len == 2)
            *out++ = alphabet[bits >> 6 & 63];
    }
    return out;
}

size_t lg_base64_write(char *out, const void *data, size_t len)
{
    char *end = encode(out, data, len, standard);
    for (size_t pad = (3 - len % 3) % 3; pad > 0; pad--)
        *end++ = '=';
    *end = '\0';
    return padded_len(len);
}

size_t lg_base64url_write(char *out, const void *data, size_t len)
{
    *encode(out, data, len, url_safe) = '\0';
    return unpadded_len(len);
}

char *lg_base64_encode(lg_arena *arena, lg_bytes bytes)
{
    char *out = lg_arena_alloc(arena, padded_len(bytes.len) + 1);
    lg_base64_write(out, bytes.data, bytes.len);
    return out;
}

char *lg_base64url_encode(lg_arena *arena, lg_bytes bytes)
{
    char *out = lg_arena_alloc(arena, unpadded_len(bytes.len) + 1);
    lg_base64url_write(out, bytes.data, bytes.len);
    return out;
}

/* libsodium's decoder (1.0.18) takes some bytes above 0x7f for letters. */
static bool is_ascii(lg_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] > 0x7f)
            return false;
    return true;
}

/* Without a set of characters to ignore and without an end pointer, libsodium takes the whole text or
 * nothing, and refuses trailing bits that are not zero. */
static bool decode(lg_arena *arena, lg_bytes text, int variant, lg_bytes *out)
{
    size_t cap = text.len / 4 * 3 + 3, len = 0;
    if (!is_ascii(text))
        return false;
    uint8_t *data = lg_arena_alloc(arena, cap + 1);
    if (sodium_base642bin(data, cap, (const char *)text.data, text.len, NULL, &len, NULL, variant) != 0)
        return false;
    *out = lg_bytes_of(data, len);
    return true;
}

bool lg_base64_decode(lg_arena *arena, lg_bytes text, lg_bytes *out)
{
    return decode(arena, text, sodium_base64_VARIANT_ORIGINAL, out);
}

bool lg_base64url_decode(lg_arena *arena, lg_bytes text, lg_bytes *out)
{
    return decode(arena, text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, out);
}

void lg_hex_write(char *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

char *lg_hex_encode(lg_arena *arena, lg_bytes bytes)
{
    char *out = lg_arena_alloc(arena, 2 * bytes.len + 1);
    lg_hex_write(out, bytes.data, bytes.len);
    return out;
}

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool lg_hex_decode(lg_bytes text, void *out, size_t len)
{
    if (text.len % 2 != 0 || text.len / 2 != len)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (digit_value(text.data[i]) < 0)
            return false;
    uint8_t *bytes = out;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(digit_value(text.data[2 * i]) << 4 | digit_value(text.data[2 * i + 1]));
    return true;
}
