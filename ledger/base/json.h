/* Reading JSON with jansson, strictly: RFC 8259, UTF-8 only, no duplicate names, no text behind the value,
 * depth bounded, and no NUL inside strings. jansson's objects are used only to decode; nothing behind the
 * decoders sees them. */
#ifndef LG_BASE_JSON_H
#define LG_BASE_JSON_H

#include "ledger/base/arena.h"

#include <jansson.h>
#include <stdbool.h>

enum { LG_JSON_DEPTH_MAX = 32 };

/* For a program of our own: who has no memory for JSON ends (lg_die), as with arenas, so that nobody is told
 * that good JSON is bad. Before the first use. */
void lg_json_init(void);

/* Parses `text`, whose top level must be an object or an array. On success *out is owned by the caller
 * (json_decref). LG_MALFORMED_JSON with line, column and reason in report->detail otherwise. */
lg_err lg_json_load(lg_bytes text, json_t **out, lg_report *report) LG_MUST_CHECK;

/* One object being decoded into C: takes members out by name, notes every broken rule as a fault with its
 * JSON pointer, and at the end refuses members nobody asked for. Getters return NULL / false when the member
 * is absent or faulty. */
typedef struct lg_decoder {
    const json_t *object; /* NULL if the value was not an object; a fault has been added */
    const char *pointer;  /* of the object itself, "" at the top */
    lg_report *report;
    const char *asked[48]; /* names taken so far */
    size_t asked_count;
} lg_decoder;

lg_decoder lg_decode_object(const json_t *value, const char *pointer, lg_report *report);
/* The JSON pointer of a member, in the report's arena. */
const char *lg_decode_pointer(const lg_decoder *decoder, const char *name);
/* Any value; NULL if absent or null. Adds "required" if `required` and absent. */
const json_t *lg_decode_value(lg_decoder *decoder, const char *name, bool required);
/* A string of 1 to max_len bytes without control characters, copied to the arena; surrounding white space is
 * refused. Codes: required, not_a_string, empty, too_long, bad_character. */
const char *lg_decode_str(lg_decoder *decoder, const char *name, bool required, size_t max_len);
/* An integer in [min, max]. Codes: required, not_an_integer, out_of_range. */
bool lg_decode_int(lg_decoder *decoder, const char *name, bool required, int64_t min, int64_t max,
                   int64_t *out);
bool lg_decode_bool(lg_decoder *decoder, const char *name, bool required, bool *out);
/* Adds "unknown_field" for each member not asked for. */
void lg_decode_finish(lg_decoder *decoder);

#endif
