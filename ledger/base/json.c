#include "ledger/base/json.h"

#include "ledger/base/json_memory.h"
#include "ledger/base/json_plain.h"
#include "ledger/base/text.h"

#include <string.h>

enum { VALUES_MAX = 100000 }; /* far above what any command holds: each costs jansson some hundred bytes */

static const char *const TOO_MANY = LG_TEXT("The JSON text holds more than 100,000 values.");

/* jansson bounds depth at a compile-time 2048 and the number of values not at all; the text is scanned first,
 * so that deep or crowded input costs nothing. Returns what is wrong, or NULL. */
static const char *excess(lg_bytes text)
{
    size_t depth = 0, values = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            values++;
            if (++depth > LG_JSON_DEPTH_MAX)
                return LG_TEXT("The JSON text is nested deeper than 32 levels.");
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        } else if (c == ',' && ++values > VALUES_MAX) {
            return TOO_MANY;
        }
    }
    return values > VALUES_MAX ? TOO_MANY : NULL;
}
_Static_assert(LG_JSON_DEPTH_MAX == 32 && VALUES_MAX == 100000, "as the sentences say");

void lg_json_init(void)
{
    json_set_alloc_funcs(lg_json_memory_take, lg_json_memory_give);
}

lg_err lg_json_load(lg_bytes text, json_t **out, lg_report *report)
{
    json_error_t error;
    *out = lg_json_load_plain(text);
    if (*out)
        return LG_OK;
    const char *too_much = excess(text);
    if (too_much)
        return lg_fail(report, LG_MALFORMED_JSON, "%s", too_much);
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        /* jansson quotes what it stumbled over and cuts its sentence off at a byte, perhaps inside a
         * character. */
        char *quoted = strstr(error.text, " near '");
        if (quoted && !lg_text_is_utf8(lg_bytes_str(error.text)))
            *quoted = '\0';
        return lg_fail(report, LG_MALFORMED_JSON, "Line %d, column %d: %s.", error.line, error.column,
                       error.text);
    }
    *out = value;
    return LG_OK;
}

/* RFC 6901: ~ and / are escaped in reference tokens. */
static const char *pointer_of(const char *parent, const char *name, lg_arena *arena)
{
    const size_t parent_len = strlen(parent), name_len = strlen(name);
    char *text = lg_arena_alloc(arena, parent_len + 2 * name_len + 2);
    char *p = text + parent_len;
    memcpy(text, parent, parent_len);
    *p++ = '/';
    if (!memchr(name, '~', name_len) && !memchr(name, '/', name_len)) {
        memcpy(p, name, name_len);
        return text;
    }
    for (; *name; name++) {
        if (*name == '~' || *name == '/') {
            *p++ = '~';
            *p++ = *name == '~' ? '0' : '1';
        } else {
            *p++ = *name;
        }
    }
    return text;
}

lg_decoder lg_decode_object(const json_t *value, const char *pointer, lg_report *report)
{
    lg_decoder decoder = {.pointer = pointer, .report = report};
    if (json_is_object(value))
        decoder.object = value;
    else
        lg_fault_add(report, "not_an_object", pointer, "%s must be an object.",
                     *pointer ? pointer : "The JSON text");
    return decoder;
}

const char *lg_decode_pointer(const lg_decoder *decoder, const char *name)
{
    return pointer_of(decoder->pointer, name, decoder->report->arena);
}

const json_t *lg_decode_value(lg_decoder *decoder, const char *name, bool required)
{
    if (!decoder->object)
        return NULL;
    if (decoder->asked_count == sizeof decoder->asked / sizeof *decoder->asked)
        lg_die("decoder: more than %zu members", decoder->asked_count);
    decoder->asked[decoder->asked_count++] = name;
    const json_t *value = json_object_get(decoder->object, name);
    if (value && !json_is_null(value))
        return value;
    if (required)
        lg_fault_add(decoder->report, "required", lg_decode_pointer(decoder, name), "%s is required.", name);
    return NULL;
}

const char *lg_decode_str(lg_decoder *decoder, const char *name, bool required, size_t max_len)
{
    const json_t *value = lg_decode_value(decoder, name, required);
    if (!value)
        return NULL;
    if (!json_is_string(value)) {
        lg_fault_add(decoder->report, "not_a_string", lg_decode_pointer(decoder, name),
                     "%s must be a string.", name);
        return NULL;
    }
    lg_bytes text = lg_bytes_of(json_string_value(value), json_string_length(value));
    if (text.len == 0) {
        lg_fault_add(decoder->report, "empty", lg_decode_pointer(decoder, name), "%s must not be empty.",
                     name);
    } else if (text.len > max_len) {
        lg_fault_add(decoder->report, "too_long", lg_decode_pointer(decoder, name),
                     "%s must be at most %zu bytes long.", name, max_len);
    } else if (!lg_text_is_line(text)) {
        lg_fault_add(decoder->report, "bad_character", lg_decode_pointer(decoder, name),
                     "%s must hold no control characters and no white space at its ends.", name);
    } else {
        return lg_arena_strndup(decoder->report->arena, text.data, text.len);
    }
    return NULL;
}

bool lg_decode_int(lg_decoder *decoder, const char *name, bool required, int64_t min, int64_t max,
                   int64_t *out)
{
    const json_t *value = lg_decode_value(decoder, name, required);
    if (!value)
        return false;
    if (!json_is_integer(value)) {
        lg_fault_add(decoder->report, "not_an_integer", lg_decode_pointer(decoder, name),
                     "%s must be an integer.", name);
        return false;
    }
    int64_t number = json_integer_value(value);
    if (number < min || number > max) {
        lg_fault_add(decoder->report, "out_of_range", lg_decode_pointer(decoder, name),
                     "%s must be from %lld to %lld.", name, (long long)min, (long long)max);
        return false;
    }
    *out = number;
    return true;
}

bool lg_decode_bool(lg_decoder *decoder, const char *name, bool required, bool *out)
{
    const json_t *value = lg_decode_value(decoder, name, required);
    if (!value)
        return false;
    if (!json_is_boolean(value)) {
        lg_fault_add(decoder->report, "not_a_boolean", lg_decode_pointer(decoder, name),
                     "%s must be true or false.", name);
        return false;
    }
    *out = json_is_true(value);
    return true;
}

enum { NAME_SHOWN_MAX = 64, UNKNOWN_FIELDS_MAX = 100 };

static bool was_asked(const lg_decoder *decoder, const char *name)
{
    for (size_t i = 0; i < decoder->asked_count; i++)
        if (strcmp(decoder->asked[i], name) == 0)
            return true;
    return false;
}

void lg_decode_finish(lg_decoder *decoder)
{
    const char *name;
    json_t *value;
    if (!decoder->object)
        return;
    size_t unknown = 0;
    json_object_foreach((json_t *)(uintptr_t)decoder->object, name, value)
    {
        if (unknown == UNKNOWN_FIELDS_MAX)
            break;
        if (was_asked(decoder, name))
            continue;
        unknown++;
        /* What a client can make long or many is told once: a name may be as long as the whole text. */
        if (strlen(name) > NAME_SHOWN_MAX)
            lg_fault_add(decoder->report, "unknown_field", decoder->pointer,
                         "A name of %zu bytes is not a field here.", strlen(name));
        else
            lg_fault_add(decoder->report, "unknown_field", lg_decode_pointer(decoder, name),
                         "%s is not a field here.", name);
    }
}
