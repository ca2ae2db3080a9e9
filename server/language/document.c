/* JSON texts in another language: some members' strings are replaced, all else stays byte for byte. */
#include "server/language/internal.h"

#include <string.h>

/* The end of the string whose quotation mark is at `at`: behind the closing one. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\' && at + 1 < end;
    return at < end ? at + 1 : end;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* Behind the value at `at`. */
static const char *value_end(const char *at, const char *end)
{
    size_t depth = 0;
    do {
        if (at < end && *at == '"') {
            at = string_end(at, end);
            continue;
        }
        depth += at < end && (*at == '{' || *at == '[');
        depth -= depth && at < end && (*at == '}' || *at == ']');
        at++;
    } while (at < end && (depth || !strchr(",}]", *at)));
    return at < end ? at : end;
}

static bool is_key(const char *at, const char *behind, const char *key)
{
    size_t len = strlen(key);
    return (size_t)(behind - at) == len + 2 && memcmp(at + 1, key, len) == 0;
}

static bool is_spoken(const char *at, const char *behind, const dialect *in)
{
    for (const char *const *key = in->spoken; *key; key++)
        if (is_key(at, behind, *key))
            return true;
    return false;
}

/* The control character that the JSON writer wrote as \u00XX; 0: none. */
static char control_at(const char *digits)
{
    static const char hex[] = "0123456789abcdef";
    const char *high = digits[0] == '0' && digits[1] == '0' && digits[2] ? strchr("01", digits[2]) : NULL;
    const char *low = high && digits[3] ? strchr(hex, digits[3]) : NULL;
    return low ? (char)(16 * (*high - '0') + (low - hex)) : '\0';
}

/* What a quoted string says; NULL if it is written as our writer writes none. */
static char *unquote(lg_arena *arena, const char *at, const char *behind)
{
    static const char escaped[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (behind - at < 2 || behind[-1] != '"')
        return NULL;
    char *text = lg_arena_strndup(arena, at + 1, (size_t)(behind - at) - 2), *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        const char *found = *++from ? strchr(escaped, *from) : NULL;
        char c = found ? meant[found - escaped] : *from == 'u' ? control_at(from + 1) : '\0';
        if (!c)
            return NULL;
        from += found ? 0 : 4;
        *to++ = c;
    }
    *to = '\0';
    return text;
}

static void speak(const dialect *in, const char *at, const char *behind, lg_arena *arena, lg_buf *out)
{
    const char *english = unquote(arena, at, behind);
    const char *spoken = english ? in->translate(arena, english) : NULL;
    if (spoken && spoken != english)
        lg_json_quote(out, spoken, strlen(spoken));
    else
        lg_buf_add(out, at, (size_t)(behind - at));
}

void document_render(const dialect *in, lg_bytes json, lg_buf *out)
{
    const char *at = (const char *)json.data, *end = at + json.len, *copied = at;
    lg_arena *arena = lg_arena_open();
    while (at < end) {
        if (*at != '"') {
            at++;
            continue;
        }
        const char *key = at;
        at = string_end(at, end);
        const char *value = skip_space(at, end);
        if (value >= end || *value != ':')
            continue; /* a value of no member of interest */
        value = skip_space(value + 1, end);
        if (in->silent && is_key(key, at, in->silent)) {
            at = value_end(value, end);
        } else if (value < end && *value == '"' && is_spoken(key, at, in)) {
            lg_buf_add(out, copied, (size_t)(value - copied));
            at = copied = string_end(value, end);
            speak(in, value, at, arena, out);
            lg_arena_reset(arena);
        } else {
            at = value;
        }
    }
    lg_buf_add(out, copied, (size_t)(end - copied));
    lg_arena_close(arena);
}

static const char *chinese_sentence(lg_arena *arena, const char *english)
{
    return language_sentence(LANGUAGE_CHINESE, arena, english);
}

void language_json(language in, lg_bytes json, lg_buf *out)
{
    static const char *const spoken[] = {"title", "detail", NULL};
    static const dialect answers = {.spoken = spoken, .silent = "facts", .translate = chinese_sentence};
    if (in == LANGUAGE_CHINESE)
        document_render(&answers, json, out);
    else
        lg_buf_add(out, json.data, json.len);
}
