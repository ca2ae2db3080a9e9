#include "ledger/base/text.h"

#include "ledger/base/scan.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* Decodes one code point at text.data[*at] and moves on; returns -1 when it is not well-formed. */
static int32_t next_code_point(lg_bytes text, size_t *at)
{
    uint8_t lead = text.data[*at];
    size_t extra;
    int32_t code, least;
    if (lead < 0x80) {
        (*at)++;
        return lead;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        extra = 1, code = lead & 0x1f, least = 0x80;
    } else if ((lead & 0xf0) == 0xe0) {
        extra = 2, code = lead & 0x0f, least = 0x800;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        extra = 3, code = lead & 0x07, least = 0x10000;
    } else {
        return -1;
    }
    if (text.len - *at <= extra)
        return -1;
    for (size_t i = 1; i <= extra; i++) {
        uint8_t c = text.data[*at + i];
        if ((c & 0xc0) != 0x80)
            return -1;
        code = code << 6 | (c & 0x3f);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return -1;
    *at += extra + 1;
    return code;
}

static bool is_ascii(lg_bytes text)
{
    size_t at = lg_scan_ascii(text.data, text.len);
    while (at < text.len && text.data[at] < 0x80)
        at++;
    return at == text.len;
}

bool lg_text_is_utf8(lg_bytes text)
{
    if (is_ascii(text))
        return true;
    for (size_t at = lg_scan_ascii(text.data, text.len); at < text.len;)
        if (next_code_point(text, &at) < 0)
            return false;
    return true;
}

/* Controls, and characters that do not show, with which one text could pass for another. The joiners U+200C
 * and U+200D stay: some scripts are written with them. */
static bool is_control(int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x80 && c != 0x200c && c != 0x200d &&
            uc_is_property_default_ignorable_code_point((ucs4_t)c)) ||
           (c >= 0xfff0 && c <= 0xfffb) || c == 0x2800;
}

static bool is_space(int32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

/* ASCII that shows: neither a control nor white space of any kind. */
static bool is_visible_ascii(uint8_t c)
{
    return c > ' ' && c < 0x7f;
}

/* How many bytes at the start are that. */
static size_t visible_ascii(lg_bytes text)
{
    size_t at = lg_scan_visible(text.data, text.len);
    while (at < text.len && is_visible_ascii(text.data[at]))
        at++;
    return at;
}

/* The same, or blanks. */
static size_t printable_ascii(lg_bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        at += visible_ascii(lg_bytes_of(text.data + at, text.len - at));
        if (at == text.len || text.data[at] != ' ')
            break;
        at++;
    }
    return at;
}

bool lg_text_is_line(lg_bytes text)
{
    int32_t last = 'x';
    if (printable_ascii(text) == text.len)
        return text.len == 0 || (text.data[0] != ' ' && text.data[text.len - 1] != ' ');
    for (size_t at = 0; at < text.len;) {
        bool first = at == 0;
        int32_t c = next_code_point(text, &at);
        if (c < 0 || is_control(c) || (first && is_space(c)))
            return false;
        last = c;
    }
    return !is_space(last);
}

char *lg_text_collapse(lg_arena *arena, const char *text)
{
    lg_bytes in = lg_bytes_str(text);
    char *out = lg_arena_alloc(arena, in.len + 1);
    size_t len = 0;
    bool blank = false;
    for (size_t at = 0; at < in.len;) {
        size_t start = at;
        at += visible_ascii(lg_bytes_of(in.data + at, in.len - at));
        int32_t c = at == start ? next_code_point(in, &at) : 'x';
        if (c < 0) { /* not UTF-8: kept as it is; callers check */
            at = start + 1;
        } else if (is_space(c)) {
            blank = len > 0;
            continue;
        }
        if (blank)
            out[len++] = ' ';
        blank = false;
        memcpy(out + len, in.data + start, at - start);
        len += at - start;
    }
    out[len] = '\0';
    return out;
}

static char ascii_upper(uint8_t c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool is_ascii_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Compatibility forms folded, upper case; digits of any script as ASCII digits; of the rest only letters,
 * numbers, and a blank for each run of anything else. Marks and invisible characters vanish without a trace.
 */
static char *fold(lg_arena *arena, lg_bytes in, uninorm_t form)
{
    size_t len = 0, folded_len = 0;
    uint8_t *folded = u8_toupper(in.data, in.len, NULL, form, NULL, &folded_len);
    if (!folded) /* and what is nothing would be like everything that is */
        lg_die("out of memory");
    char *out = lg_arena_alloc(arena, folded_len + 1);
    for (size_t at = 0; at < folded_len;) {
        ucs4_t c;
        size_t start = at;
        at += (size_t)u8_mbtouc(&c, folded + at, folded_len - at);
        int digit = uc_decimal_value(c);
        if (digit >= 0) {
            out[len++] = (char)('0' + digit);
        } else if (uc_is_property_default_ignorable_code_point(c) ||
                   uc_is_general_category(c, UC_CATEGORY_M)) {
            continue;
        } else if (uc_is_general_category(c, UC_CATEGORY_L) || uc_is_general_category(c, UC_CATEGORY_N)) {
            memcpy(out + len, folded + start, at - start);
            len += at - start;
        } else {
            out[len++] = ' ';
        }
    }
    free(folded);
    out[len] = '\0';
    return out;
}

char *lg_text_letters_and_digits(lg_arena *arena, const char *text)
{
    const lg_bytes in = lg_bytes_str(text);
    char *out = is_ascii(in) ? lg_arena_strndup(arena, text, in.len) : fold(arena, in, UNINORM_NFKC);
    size_t len = 0;
    for (const char *at = out; *at; at++)
        if ((unsigned char)*at >= 0x80 || is_ascii_alnum((uint8_t)*at))
            out[len++] = ascii_upper((uint8_t)*at);
    out[len] = '\0';
    return out;
}

/* What counts as a leading zero. */
typedef enum {
    EVERY_ZERO,  /* all are dropped */
    JOINED_RUNS, /* separators do not end a run of digits: 1-001 reads as 1001 */
    SPLIT_RUNS,  /* they do: 2026/0042 reads as 2026/42 */
} zero_rule;

/* Letters and digits only, in one case; zeros dropped by the rule. */
static char *squash(lg_arena *arena, const char *text, zero_rule rule)
{
    lg_bytes in = lg_bytes_str(text);
    if (!is_ascii(in))
        in = lg_bytes_str(fold(arena, in, UNINORM_NFKD));
    char *out = lg_arena_alloc(arena, in.len + 1);
    size_t len = 0;
    bool in_digits = false; /* inside a digit run that has shown a significant digit */
    for (size_t i = 0; i < in.len; i++) {
        unsigned char c = in.data[i];
        if (c < 0x80 && !is_ascii_alnum(c)) {
            in_digits = in_digits && rule != SPLIT_RUNS;
        } else if (c != '0' || (in_digits && rule != EVERY_ZERO)) {
            in_digits = c >= '0' && c <= '9';
            out[len++] = ascii_upper(c);
        }
    }
    out[len] = '\0';
    return out;
}

char *lg_text_skeleton(lg_arena *arena, const char *text)
{
    return squash(arena, text, EVERY_ZERO);
}

bool lg_text_alike(lg_arena *arena, const char *a, const char *b)
{
    return strcmp(squash(arena, a, JOINED_RUNS), squash(arena, b, JOINED_RUNS)) == 0 ||
           strcmp(squash(arena, a, SPLIT_RUNS), squash(arena, b, SPLIT_RUNS)) == 0;
}

bool lg_text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

const char *lg_text_clip(lg_arena *arena, const char *text, size_t max_len)
{
    static const char ellipsis[] = "…";
    size_t len = strlen(text);
    if (len <= max_len)
        return text;
    len = max_len - strlen(ellipsis);
    while (len > 0 &&
           ((unsigned char)text[len] & 0xc0) == 0x80) /* a continuation byte: not between characters */
        len--;
    return lg_arena_printf(arena, "%.*s%s", (int)len, text, ellipsis);
}
