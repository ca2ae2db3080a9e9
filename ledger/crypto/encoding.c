#include "ledger/crypto/encoding.h"

#include <endian.h>
#include <string.h>

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

/* Sixteen values, or their letters, one a byte: the compiler does with them what the machine can. */
typedef int8_t sixteen __attribute__((vector_size(16)));
typedef uint64_t two __attribute__((vector_size(16)));

/* The eight sextets of six bytes, one a byte, in their order in memory. Reads eight bytes. */
static uint64_t sextets(const uint8_t *from)
{
    uint64_t bits;
    memcpy(&bits, from, sizeof bits);
    bits = be64toh(bits) >> 16;
    bits = (bits & 0xffffff000000) << 8 | (bits & 0xffffff);
    bits = (bits & 0xfff00000fff000) << 4 | (bits & 0xfff00000fff);
    bits = (bits & 0xfc00fc00fc00fc0) << 2 | (bits & 0x3f003f003f003f);
    return htobe64(bits);
}

/* Capitals stand 65 above what they are for, small letters 71, digits 4 below. In this order of the terms no
 * lane ever exceeds 127. */
static sixteen letters_of(uint64_t first, uint64_t last, const char *alphabet)
{
    const int8_t as_62 = (int8_t)(alphabet[62] - (62 - 4)), as_63 = (int8_t)(alphabet[63] - (63 - 4));
    const sixteen s = (sixteen)(two){first, last};
    return s + ((s > 25) & 6) - ((s > 51) & 75) + 65 + ((s == 62) & as_62) + ((s == 63) & as_63);
}

/* libsodium's constant-time encoder costs five times as much or more, and a ledger entry's salted facts are
 * encoded twenty times over. Secret keys do not come this way (key_file.c). Writes without padding and
 * returns the end. Made once for each alphabet. */
static inline __attribute__((always_inline)) char *encode(char *out, const void *data, size_t len,
                                                          const char *alphabet)
{
    const uint8_t *p = data;
    for (; len >= 14; p += 12, len -= 12, out += 16) {
        const sixteen letters = letters_of(sextets(p), sextets(p + 6), alphabet);
        memcpy(out, &letters, 16);
    }
    if (len >= 8) {
        const sixteen letters = letters_of(sextets(p), 0, alphabet);
        memcpy(out, &letters, 8);
        p += 6, len -= 6, out += 8;
    }
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

/* What the letter at each of four places adds to the three bytes that they stand for, the first byte lowest;
 * above them, whose letter it is. */
enum { NOBODYS = 1 << 24, STANDARD_ALONE = 1 << 25, URL_ALONE = 1 << 26 };
#define AT_0(sextet) ((sextet) << 2)
#define AT_1(sextet) ((sextet) >> 4 | ((sextet) % 16) << 12)
#define AT_2(sextet) ((sextet) >> 2 << 8 | ((sextet) % 4) << 22)
#define AT_3(sextet) ((sextet) << 16)
/* clang-format off */
#define TABLE(AT)                                                                                            \
    ['A'] = AT(0), ['B'] = AT(1), ['C'] = AT(2), ['D'] = AT(3), ['E'] = AT(4), ['F'] = AT(5), ['G'] = AT(6), \
    ['H'] = AT(7), ['I'] = AT(8), ['J'] = AT(9), ['K'] = AT(10), ['L'] = AT(11), ['M'] = AT(12),             \
    ['N'] = AT(13), ['O'] = AT(14), ['P'] = AT(15), ['Q'] = AT(16), ['R'] = AT(17), ['S'] = AT(18),          \
    ['T'] = AT(19), ['U'] = AT(20), ['V'] = AT(21), ['W'] = AT(22), ['X'] = AT(23), ['Y'] = AT(24),          \
    ['Z'] = AT(25), ['a'] = AT(26), ['b'] = AT(27), ['c'] = AT(28), ['d'] = AT(29), ['e'] = AT(30),          \
    ['f'] = AT(31), ['g'] = AT(32), ['h'] = AT(33), ['i'] = AT(34), ['j'] = AT(35), ['k'] = AT(36),          \
    ['l'] = AT(37), ['m'] = AT(38), ['n'] = AT(39), ['o'] = AT(40), ['p'] = AT(41), ['q'] = AT(42),          \
    ['r'] = AT(43), ['s'] = AT(44), ['t'] = AT(45), ['u'] = AT(46), ['v'] = AT(47), ['w'] = AT(48),          \
    ['x'] = AT(49), ['y'] = AT(50), ['z'] = AT(51), ['0'] = AT(52), ['1'] = AT(53), ['2'] = AT(54),          \
    ['3'] = AT(55), ['4'] = AT(56), ['5'] = AT(57), ['6'] = AT(58), ['7'] = AT(59), ['8'] = AT(60),          \
    ['9'] = AT(61), ['+'] = AT(62) | STANDARD_ALONE, ['/'] = AT(63) | STANDARD_ALONE,                        \
    ['-'] = AT(62) | URL_ALONE, ['_'] = AT(63) | URL_ALONE, [0 ... '*'] = NOBODYS, [','] = NOBODYS,          \
    ['.'] = NOBODYS, [':' ... '@'] = NOBODYS, ['[' ... '^'] = NOBODYS, ['`'] = NOBODYS, ['{' ... 255] = NOBODYS
/* clang-format on */
static const uint32_t at_place[4][256] = {{TABLE(AT_0)}, {TABLE(AT_1)}, {TABLE(AT_2)}, {TABLE(AT_3)}};

/* By table as well: a command comes in 2,000 characters, and is stored without its base64. Decodes text
 * without padding as far as its letters go and returns how many they are; *len bytes of them are in `out`,
 * which has room for as many. None if so many letters are no encoding: trailing bits must be zero, so that
 * no two texts mean the same bytes. */
static size_t decode_run(lg_bytes text, uint32_t not_ours, uint8_t *out, size_t *len)
{
    const uint8_t *in = text.data, *end = in + text.len;
    uint8_t *p = out;
    uint32_t bits = 0;
    for (; end - in >= 4; in += 4, p += 3) {
        bits = at_place[0][in[0]] | at_place[1][in[1]] | at_place[2][in[2]] | at_place[3][in[3]];
        if (bits & not_ours)
            break;
        p[0] = (uint8_t)bits;
        p[1] = (uint8_t)(bits >> 8);
        p[2] = (uint8_t)(bits >> 16);
    }
    size_t rest = 0;
    bits = 0;
    for (; rest < 3 && in < end && !(at_place[rest][*in] & not_ours); in++)
        bits |= at_place[rest++][*in];
    const size_t rest_len = rest ? rest - 1 : 0; /* rest 1 is refused below */
    for (size_t i = 0; i < rest_len; i++)
        p[i] = (uint8_t)(bits >> 8 * i);
    const bool is_whole = rest != 1 && (bits & 0xffffff) >> 8 * rest_len == 0;
    *len = is_whole ? (size_t)(p - out) + rest_len : 0;
    return (size_t)(in - text.data);
}

static bool decode(lg_arena *arena, lg_bytes text, uint32_t not_ours, lg_bytes *out)
{
    size_t len;
    uint8_t *data = lg_arena_alloc(arena, text.len / 4 * 3 + 3);
    if (decode_run(text, not_ours, data, &len) < text.len || (len == 0 && text.len > 0))
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
    return decode(arena, text, NOBODYS | URL_ALONE, out);
}

bool lg_base64url_decode(lg_arena *arena, lg_bytes text, lg_bytes *out)
{
    return decode(arena, text, NOBODYS | STANDARD_ALONE, out);
}

size_t lg_base64url_span(const char *text)
{
    size_t len = 0;
    while (!(at_place[0][(uint8_t)text[len]] & (NOBODYS | STANDARD_ALONE)))
        len++;
    return len;
}

size_t lg_base64url_decode_run(lg_bytes text, uint8_t *out, size_t *len)
{
    return decode_run(text, NOBODYS | STANDARD_ALONE, out, len);
}

/* The sixteen digits of eight bytes. */
static sixteen digits_of(const uint8_t *from)
{
    static const uint64_t low_halves = 0x0f0f0f0f0f0f0f0f;
    uint64_t eight;
    memcpy(&eight, from, sizeof eight);
    const sixteen high = (sixteen)(two){eight >> 4 & low_halves}, low = (sixteen)(two){eight & low_halves};
    const sixteen values =
        __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return values + '0' + ((values > 9) & ('a' - 10 - '0'));
}

void lg_hex_write(char *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    size_t i = 0;
    for (; len - i >= 8; i += 8) {
        const sixteen eight = digits_of(bytes + i);
        memcpy(out + 2 * i, &eight, sizeof eight);
    }
    for (; i < len; i++) {
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

/* One more than a digit is worth; 0: it is none. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

bool lg_hex_decode(lg_bytes text, void *out, size_t len)
{
    if (text.len % 2 != 0 || text.len / 2 != len)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!hex_digits[text.data[i]])
            return false;
    uint8_t *bytes = out;
    for (size_t i = 0; i < len; i++)
        bytes[i] =
            (uint8_t)((hex_digits[text.data[2 * i]] - 1) << 4 | (hex_digits[text.data[2 * i + 1]] - 1));
    return true;
}
