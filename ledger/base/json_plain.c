/* The JSON that programs write: objects, arrays, strings without escapes, whole numbers, true, false, null.
 *
 * jansson reads a text character by character through a callback, which costs a signed command as much as
 * half its signature check. What is plain is read here in one pass, into the same objects; all else, and all
 * that is wrong, is left to jansson, whose verdict and words then count. So this may only ever say less than
 * jansson: it never takes what that refuses, and never reads it otherwise. */
#include "ledger/base/json_plain.h"

#include "ledger/base/json_memory.h"
#include "ledger/base/scan.h"
#include "ledger/base/text.h"

#include <string.h>

enum {
    PLAIN_VALUES_MAX = 10000,
    PLAIN_DIGITS_MAX = 18, /* whatever they are, they fit */
};

typedef struct plain {
    const uint8_t *at, *end;
    size_t values, depth;
} plain;

static json_t *read_value(plain *p);

static void skip_space(plain *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

/* Skips white space and then `c`, if that is next. */
static bool took(plain *p, uint8_t c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

/* A string's inside; its opening quote was taken. */
static bool read_text(plain *p, lg_bytes *out)
{
    *out = lg_bytes_of(p->at, lg_scan_unescaped(p->at, (size_t)(p->end - p->at)));
    p->at += out->len;
    if (p->at == p->end || *p->at != '"')
        return false;
    p->at++;
    return lg_text_is_utf8(*out);
}

static json_t *read_string(plain *p)
{
    lg_bytes text;
    return read_text(p, &text) ? json_stringn_nocheck((const char *)text.data, text.len) : NULL;
}

static json_t *read_integer(plain *p)
{
    const bool negative = *p->at == '-';
    p->at += negative;
    const uint8_t *start = p->at;
    json_int_t value = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        if (p->at - start == PLAIN_DIGITS_MAX)
            return NULL;
        value = value * 10 + (*p->at - '0');
    }
    /* Neither "-", "-0" nor "01"; what follows is the caller's to look at, and none of it ".", "e" or "E". */
    if (p->at == start || (*start == '0' && (negative || p->at - start > 1)))
        return NULL;
    return json_integer(negative ? -value : value);
}

static json_t *read_word(plain *p)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t len = strlen(words[i]);
        if ((size_t)(p->end - p->at) < len || memcmp(p->at, words[i], len) != 0)
            continue;
        p->at += len;
        return i == 2 ? json_null() : json_boolean(i == 0);
    }
    return NULL;
}

static bool read_member(plain *p, json_t *object)
{
    lg_bytes name;
    if (!took(p, '"') || !read_text(p, &name) || !took(p, ':'))
        return false;
    const size_t before = json_object_size(object);
    json_t *value = read_value(p);
    return value && json_object_setn_new_nocheck(object, (const char *)name.data, name.len, value) == 0 &&
           json_object_size(object) > before; /* else the name came twice */
}

static bool read_element(plain *p, json_t *array)
{
    json_t *value = read_value(p);
    return value && json_array_append_new(array, value) == 0;
}

/* What is between the brackets, of which the opening one was taken. */
static json_t *read_container(plain *p, json_t *container, uint8_t closing,
                              bool (*read_one)(plain *, json_t *))
{
    bool ok = ++p->depth <= LG_JSON_DEPTH_MAX && container;
    if (ok && !took(p, closing)) {
        do
            ok = read_one(p, container);
        while (ok && took(p, ','));
        ok = ok && took(p, closing);
    }
    p->depth--;
    if (ok)
        return container;
    json_decref(container);
    return NULL;
}

static json_t *read_value(plain *p)
{
    if (++p->values > PLAIN_VALUES_MAX)
        return NULL;
    if (took(p, '"'))
        return read_string(p);
    if (took(p, '{'))
        return read_container(p, json_object(), '}', read_member);
    if (took(p, '['))
        return read_container(p, json_array(), ']', read_element);
    if (p->at == p->end)
        return NULL;
    return *p->at == '-' || (*p->at >= '0' && *p->at <= '9') ? read_integer(p) : read_word(p);
}

json_t *lg_json_load_plain(lg_bytes text)
{
    if (text.len == 0)
        return NULL;
    plain p = {.at = text.data, .end = text.data + text.len};
    lg_json_memory_begin();
    json_t *value = read_value(&p);
    lg_json_memory_end();
    skip_space(&p);
    if (value && p.at == p.end && (json_is_object(value) || json_is_array(value)))
        return value;
    json_decref(value);
    return NULL;
}

/* One member, whose place among the names is said. */
static bool read_named(plain *p, const char *const *names, size_t count, size_t *place, lg_bytes *value)
{
    lg_bytes name;
    if (!took(p, '"') || !read_text(p, &name) || !took(p, ':') || !took(p, '"') || !read_text(p, value))
        return false;
    for (*place = 0; *place < count; ++*place)
        if (strlen(names[*place]) == name.len && memcmp(names[*place], name.data, name.len) == 0)
            return true;
    return false;
}

bool lg_json_plain_strings(lg_bytes text, const char *const *names, size_t count, lg_bytes *values)
{
    plain p = {.at = text.data, .end = text.data + text.len};
    size_t place, seen = 0;
    lg_bytes value;
    for (size_t i = 0; i < count; i++)
        values[i] = (lg_bytes){0};
    if (text.len == 0 || !took(&p, '{'))
        return false;
    do {
        if (!read_named(&p, names, count, &place, &value) || values[place].data)
            return false;
        values[place] = value;
        seen++;
    } while (took(&p, ','));
    if (seen < count || !took(&p, '}'))
        return false;
    skip_space(&p);
    return p.at == p.end;
}
