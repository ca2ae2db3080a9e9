#include "ledger/registry/event.h"

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"
#include "ledger/registry/event_fields.h"

#include <stdlib.h>
#include <string.h>

const char *lg_event_name(lg_event_type type)
{
    static const char *const names[] = {
#define NAME(enumerator, name, aggregate) [enumerator] = name,
        LG_EVENTS(NAME)
#undef NAME
    };
    return names[type];
}

bool lg_event_name_is_known(const char *name)
{
    size_t len = strlen(name);
    for (int i = 0; i < LG_EV_COUNT; i++) {
        const char *known = lg_event_name((lg_event_type)i);
        if (strcmp(known, name) == 0 || (len > 0 && name[len - 1] == '.' && strncmp(known, name, len) == 0))
            return true;
    }
    return false;
}

static bool is_absent(const field *f, const void *at)
{
    switch (f->kind) {
    case UUID:
        return lg_uuid_is_nil(*(const lg_uuid *)at);
    case TEXT:
    case JSON:
        return *(const char *const *)at == NULL;
    case INTEGER:
        return *(const int64_t *)at == LG_ABSENT;
    case BOOLEAN:
        return !*(const bool *)at;
    case TIME:
        return *(const lg_time *)at == 0;
    case DAY:
        return *(const lg_day *)at == LG_DAY_NEVER;
    case PARTS:
    case CURRENCY:
    case HASH:
    case PUBLIC_KEY:
        break;
    }
    return false;
}

static char *value_of(lg_arena *arena, const field *f, const void *at)
{
    switch (f->kind) {
    case UUID:
        return lg_json_quoted(arena, lg_uuid_format(*(const lg_uuid *)at).s);
    case TEXT:
        return lg_json_quoted(arena, *(const char *const *)at);
    case JSON:
        return lg_arena_strdup(arena, *(const char *const *)at);
    case INTEGER:
        return lg_arena_strdup(arena, lg_int_format(*(const int64_t *)at).s);
    case BOOLEAN:
        return lg_arena_strdup(arena, *(const bool *)at ? "true" : "false");
    case DAY:
        return lg_json_quoted(arena, lg_day_format(*(const lg_day *)at).s);
    case TIME:
        return lg_json_quoted(arena, lg_time_format(*(const lg_time *)at).s);
    case CURRENCY:
        return lg_json_quoted(arena, ((const lg_currency *)at)->code);
    case HASH:
        return lg_json_quoted(arena, lg_hex_encode(arena, lg_bytes_of(at, LG_HASH_LEN)));
    case PUBLIC_KEY:
        return lg_json_quoted(arena, lg_base64url_encode(arena, lg_bytes_of(at, LG_PUBLIC_KEY_LEN)));
    case PARTS: /* encode_parts */
        break;
    }
    lg_die("field kind %d", (int)f->kind);
}

static void encode_parts(lg_arena *arena, const lg_event *event, lg_fact *facts, size_t *count)
{
    for (size_t i = 0; i < event->part_count; i++) {
        const lg_event_part *part = &event->parts[i];
        const char *whom = lg_uuid_is_nil(part->participant_id)
                               ? "null"
                               : lg_json_quoted(arena, lg_uuid_format(part->participant_id).s);
        facts[(*count)++] = (lg_fact){
            .name = lg_arena_printf(arena, "part_%zu", i + 1),
            .value = lg_arena_printf(arena, "[\"%s\",%s,%lld]", lg_uuid_format(part->claim_id).s, whom,
                                     (long long)part->amount_minor),
        };
    }
}

void lg_event_encode(lg_arena *arena, const lg_event *event, lg_fact *facts, size_t *fact_count)
{
    size_t count = 0;
    for (const field *f = event_fields_of(event->type, event->invoice_number != NULL); f->name; f++) {
        const void *at = (const char *)event + f->offset;
        if (f->kind == PARTS)
            encode_parts(arena, event, facts, &count);
        if (f->kind == PARTS || (f->optional && is_absent(f, at)))
            continue;
        facts[count++] = (lg_fact){.name = f->name, .value = value_of(arena, f, at)};
    }
    *fact_count = count;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_parts(const lg_event *a, const lg_event *b)
{
    if (a->part_count != b->part_count)
        return false;
    for (size_t i = 0; i < a->part_count; i++)
        if (!lg_uuid_equal(a->parts[i].claim_id, b->parts[i].claim_id) ||
            !lg_uuid_equal(a->parts[i].participant_id, b->parts[i].participant_id) ||
            a->parts[i].amount_minor != b->parts[i].amount_minor)
            return false;
    return true;
}

static bool same_value(const field *f, const void *a, const void *b)
{
    switch (f->kind) {
    case UUID:
        return lg_uuid_equal(*(const lg_uuid *)a, *(const lg_uuid *)b);
    case TEXT:
    case JSON:
        return same_text(*(const char *const *)a, *(const char *const *)b);
    case INTEGER:
        return *(const int64_t *)a == *(const int64_t *)b;
    case BOOLEAN:
        return *(const bool *)a == *(const bool *)b;
    case DAY:
        return *(const lg_day *)a == *(const lg_day *)b;
    case TIME:
        return *(const lg_time *)a == *(const lg_time *)b;
    case CURRENCY:
        return lg_currency_equal(*(const lg_currency *)a, *(const lg_currency *)b);
    case HASH:
        return lg_hash_equal(a, b);
    case PUBLIC_KEY:
        return memcmp(a, b, LG_PUBLIC_KEY_LEN) == 0;
    case PARTS: /* same_parts */
        break;
    }
    return true;
}

bool lg_event_equal(const lg_event *a, const lg_event *b)
{
    bool at_once = a->invoice_number != NULL;
    if (a->type != b->type || at_once != (b->invoice_number != NULL))
        return false;
    for (const field *f = event_fields_of(a->type, at_once); f->name; f++) {
        if (f->kind == PARTS ? !same_parts(a, b)
                             : !same_value(f, (const char *)a + f->offset, (const char *)b + f->offset))
            return false;
    }
    return true;
}

/* ---- reading back ---- */

static bool read_text_value(lg_arena *arena, const field *f, const char *text, void *at)
{
    lg_bytes raw;
    switch (f->kind) {
    case UUID:
        return lg_uuid_parse(text, at);
    case TEXT:
        *(const char **)at = text;
        return true;
    case DAY:
        return lg_day_parse(text, at);
    case TIME:
        return lg_time_parse(text, at);
    case CURRENCY:
        return lg_currency_parse(text, at);
    case HASH:
        return lg_hex_decode(lg_bytes_str(text), at, LG_HASH_LEN);
    case PUBLIC_KEY:
        if (!lg_base64url_decode(arena, lg_bytes_str(text), &raw) || raw.len != LG_PUBLIC_KEY_LEN)
            return false;
        memcpy(at, raw.data, raw.len);
        return true;
    case INTEGER:
    case BOOLEAN:
    case JSON:
    case PARTS:
        break;
    }
    return false;
}

/* The inside of a JSON string of ASCII without escapes, as nearly all are; NULL: read it as JSON. */
static const char *plain_text(lg_arena *arena, const char *text)
{
    size_t len = 1;
    if (text[0] != '"')
        return NULL;
    while (text[len] >= ' ' && text[len] != '"' && text[len] != '\\') /* char is signed */
        len++;
    return text[len] == '"' && !text[len + 1] ? lg_arena_strndup(arena, text + 1, len - 1) : NULL;
}
_Static_assert((char)-1 < 0, "plain_text takes a byte above 0x7f for one below a space");

static bool is_plain_number(const char *text)
{
    const size_t len = strspn(text, "0123456789");
    return len >= 1 && len <= 18 && !text[len] && (text[0] != '0' || len == 1);
}

static bool read_json_value(lg_arena *arena, const field *f, const char *text, void *at)
{
    bool ok = false;
    json_t *value;
    if (f->kind != JSON || lg_json_load(lg_bytes_str(text), &value, NULL) != LG_OK)
        value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (f->kind == JSON) {
        ok = value != NULL;
        *(const char **)at = text;
    } else if (f->kind == INTEGER) {
        ok = json_is_integer(value);
        *(int64_t *)at = json_integer_value(value);
    } else if (f->kind == BOOLEAN) {
        ok = json_is_boolean(value);
        *(bool *)at = json_is_true(value);
    } else if (json_is_string(value)) {
        ok = read_text_value(arena, f, lg_arena_strdup(arena, json_string_value(value)), at);
    }
    json_decref(value);
    return ok;
}

/* What is plain is read without making JSON values of it. */
static bool read_value(lg_arena *arena, const field *f, const char *text, void *at)
{
    if (f->kind == INTEGER && is_plain_number(text)) {
        *(int64_t *)at = strtoll(text, NULL, 10);
        return true;
    }
    const char *inside =
        f->kind == INTEGER || f->kind == BOOLEAN || f->kind == JSON ? NULL : plain_text(arena, text);
    return inside ? read_text_value(arena, f, inside, at) : read_json_value(arena, f, text, at);
}

/* Most differ in their first letter. */
static inline bool same_name(const char *a, const char *b)
{
    return *a == *b && strcmp(a, b) == 0;
}

/* Facts come in the order of their fields, so that the one after the last is looked at first. */
static const lg_fact *find_fact(const lg_fact *facts, size_t fact_count, const char *name, size_t *next)
{
    for (size_t i = 0; i < fact_count; i++) {
        const size_t at = *next + i < fact_count ? *next + i : *next + i - fact_count;
        if (same_name(facts[at].name, name)) {
            *next = at + 1;
            return &facts[at];
        }
    }
    return NULL;
}

static bool read_part(const char *text, lg_event_part *out)
{
    json_t *list = NULL;
    if (lg_json_load(lg_bytes_str(text), &list, NULL) != LG_OK)
        return false;
    const char *claim = json_string_value(json_array_get(list, 0)),
               *whom = json_string_value(json_array_get(list, 1));
    const json_t *amount = json_array_get(list, 2);
    *out = (lg_event_part){.amount_minor = json_integer_value(amount)};
    bool ok = json_array_size(list) == 3 && claim && lg_uuid_parse(claim, &out->claim_id) &&
              json_is_integer(amount) &&
              (whom ? lg_uuid_parse(whom, &out->participant_id) : json_is_null(json_array_get(list, 1)));
    json_decref(list);
    return ok;
}

/* part_1, part_2, … as far as they go. */
static bool read_parts(lg_arena *arena, const lg_fact *facts, size_t fact_count, size_t *next, lg_event *out,
                       size_t *used)
{
    lg_event_part *parts = lg_arena_array(arena, LG_PARTS_MAX, sizeof *parts);
    const lg_fact *fact;
    while (out->part_count < LG_PARTS_MAX &&
           (fact = find_fact(facts, fact_count, lg_arena_printf(arena, "part_%zu", out->part_count + 1),
                             next))) {
        if (!read_part(fact->value, &parts[out->part_count++]))
            return false;
        ++*used;
    }
    out->parts = parts;
    return true;
}

static bool find_type(const char *name, lg_event_type *out)
{
    for (int i = 0; i < LG_EV_COUNT; i++) {
        if (same_name(lg_event_name((lg_event_type)i), name)) {
            *out = (lg_event_type)i;
            return true;
        }
    }
    return false;
}

lg_err lg_event_decode(lg_arena *arena, const char *type_name, const lg_fact *facts, size_t fact_count,
                       lg_event *out, lg_report *report)
{
    size_t used = 0, next = 0;
    *out = (lg_event){.limit_minor = LG_ABSENT, .debtor_limit_minor = LG_ABSENT, .next_day = LG_DAY_NEVER};
    if (!find_type(type_name, &out->type))
        return lg_fail(report, LG_CORRUPT, "The entry's type %s is unknown.", type_name);
    bool at_once = find_fact(facts, fact_count, "invoice_number", &next) !=
                   NULL; /* invoice.checked has it too, and one table */
    next = 0;
    for (const field *f = event_fields_of(out->type, at_once); f->name; f++) {
        const lg_fact *fact = find_fact(facts, fact_count, f->name, &next);
        if (f->kind == PARTS && !read_parts(arena, facts, fact_count, &next, out, &used))
            return lg_fail(report, LG_CORRUPT, "A part cannot be read.");
        if (!fact && f->optional)
            continue;
        if (!fact)
            return lg_fail(report, LG_CORRUPT, "The fact %s is missing (erased, or never there).", f->name);
        if (!read_value(arena, f, fact->value, (char *)out + f->offset))
            return lg_fail(report, LG_CORRUPT, "The fact %s cannot be read.", f->name);
        used++;
    }
    return used == fact_count ? LG_OK
                              : lg_fail(report, LG_CORRUPT, "The entry has facts its type does not know.");
}
