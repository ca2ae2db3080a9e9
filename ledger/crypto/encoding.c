#include "ledger/crypto/encoding.h"

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

/* One more than what a letter or digit of both alphabets stands for; 0: neither. */
static const uint8_t sextets[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62,
};

/* What `c` stands for in the alphabet; 64 or more: nothing. */
static unsigned sextet(uint8_t c, const char *alphabet)
{
    if (c == (uint8_t)alphabet[62])
        return 62;
    if (c == (uint8_t)alphabet[63])
        return 63;
    return (unsigned)sextets[c] - 1;
}

/* By table as well: a command comes in 2,000 characters. Of text without padding; refuses trailing bits that
 * are not zero, so that no two texts mean the same bytes. */
static bool decode(lg_arena *arena, lg_bytes text, const char *alphabet, lg_bytes *out)
{
    const size_t rest = text.len % 4, len = text.len / 4 * 3 + (rest ? rest - 1 : 0);
    const uint8_t *in = text.data, *whole_end = in + (text.len - rest);
    if (rest == 1)
        return false;
    uint8_t *data = lg_arena_alloc(arena, len + 1), *p = data;
    unsigned seen = 0;
    for (; in < whole_end; in += 4, p += 3) {
        const unsigned a = sextet(in[0], alphabet), b = sextet(in[1], alphabet), c = sextet(in[2], alphabet),
                       d = sextet(in[3], alphabet);
        seen |= a | b | c | d;
        p[0] = (uint8_t)(a << 2 | b >> 4);
        p[1] = (uint8_t)(b << 4 | c >> 2);
        p[2] = (uint8_t)(c << 6 | d);
    }
    if (rest) {
        const unsigned a = sextet(in[0], alphabet), b = sextet(in[1], alphabet),
                       c = rest == 3 ? sextet(in[2], alphabet) : 0;
        seen |= a | b | c;
        if (rest == 3 ? c & 3 : b & 15)
            return false;
        p[0] = (uint8_t)(a << 2 | b >> 4);
        if (rest == 3)
            p[1] = (uint8_t)(b << 4 | c >> 2);
    }
    if (seen >= 64)
        return false;
    *out = lg_bytes_of(data, len);
    return true;
}

bool lg_base64_decode(lg_arena *arena, lg_bytes text, lg_bytes *out)
{
    if (text.len % 4 != 0)
        return false;
    for (int padding = 0; padding < 2 && text.len > 0 && text.data[text.len - 1] == '='; padding++)
        text.len--;
    return decode(arena, text, standard, out);
}

bool lg_base64url_decode(lg_arena *arena, lg_bytes text, lg_bytes *out)
{
    return decode(arena, text, url_safe, out);
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
