/* Answers, and the receipts in them. */
#include "server/library/internal.h"

#include <stdlib.h>
#include <string.h>

tallystick_answer *answer_new(void)
{
    tallystick_answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        lg_die("out of memory");
    answer->arena = lg_arena_open();
    return answer;
}

void tallystick_answer_close(tallystick_answer *answer)
{
    if (!answer)
        return;
    client_answer_clear(&answer->answer);
    lg_arena_close(answer->arena);
    free(answer);
}

client_exit answer_give(tallystick_answer *answer, client_exit code, tallystick_answer **out)
{
    *out = code == CLIENT_OK ? answer : NULL;
    if (code != CLIENT_OK)
        tallystick_answer_close(answer);
    return code;
}

/* A string's text, or the JSON text of anything else but null. */
static const char *text_of(lg_arena *arena, const json_t *value)
{
    if (!value || json_is_null(value))
        return NULL;
    if (json_is_string(value))
        return json_string_value(value);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        lg_die("out of memory");
    const char *copy = lg_arena_strdup(arena, text);
    free(text);
    return copy;
}

/* Facts come as JSON text; what is asked for is a string's text. */
static const char *fact_text(lg_arena *arena, const char *json)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    const char *text = text_of(arena, value);
    const char *copy = text ? lg_arena_strdup(arena, text) : NULL;
    json_decref(value);
    return copy;
}

void answer_add_receipt(tallystick_answer *answer, const checked_receipt *checked, const json_t *json)
{
    tallystick_receipt *longer =
        lg_arena_array(answer->arena, answer->receipt_count + 1, sizeof *answer->receipts);
    if (answer->receipt_count)
        memcpy(longer, answer->receipts, answer->receipt_count * sizeof *longer);
    answer->receipts = longer;
    lg_time_text at = lg_time_format(checked->entry.at);
    tallystick_receipt *receipt = &longer[answer->receipt_count++];
    *receipt = (tallystick_receipt){.checked = *checked,
                                    .text = text_of(answer->arena, json),
                                    .at = lg_arena_strdup(answer->arena, at.s)};
    for (size_t i = 0; i < checked->fact_count; i++)
        receipt->checked.facts[i].value = fact_text(answer->arena, checked->facts[i].value);
}

client_exit answer_keep_receipts(tallystick *t, const tallystick_answer *answer)
{
    client_exit code = CLIENT_OK;
    for (size_t i = 0; t->state && i < answer->receipt_count && code == CLIENT_OK; i++) {
        const tallystick_receipt *receipt = &answer->receipts[i];
        const char *name = lg_arena_printf(t->c.arena, "%lld.json", (long long)receipt->checked.entry.seq);
        code = client_file_write(&t->c, handle_path(t->c.arena, t, "receipts/", name), 0600,
                                 lg_bytes_str(receipt->text));
    }
    return code;
}

long tallystick_answer_status(const tallystick_answer *answer)
{
    return answer->answer.status;
}

const char *tallystick_answer_text(const tallystick_answer *answer, size_t *len)
{
    if (len)
        *len = answer->answer.text.len;
    return answer->answer.text.data ? (const char *)answer->answer.text.data : "";
}

/* One token of a JSON pointer, RFC 6901 section 4: "~1" is a slash, "~0" a tilde. */
static char *token_of(lg_arena *arena, const char *from, size_t len)
{
    char *token = lg_arena_alloc(arena, len + 1), *to = token;
    for (size_t i = 0; i < len; i++) {
        bool escaped = from[i] == '~' && i + 1 < len && (from[i + 1] == '0' || from[i + 1] == '1');
        *to++ = !escaped ? from[i] : from[i + 1] == '0' ? '~' : '/';
        i += escaped;
    }
    return token;
}

const char *tallystick_answer_value(tallystick_answer *answer, const char *pointer)
{
    const json_t *value = answer->answer.body;
    while (*pointer == '/' && value) {
        size_t len = strcspn(++pointer, "/");
        const char *token = token_of(answer->arena, pointer, len);
        int64_t index;
        if (json_is_array(value))
            value = client_number_parse(token, 0, INT32_MAX, &index) ? json_array_get(value, (size_t)index)
                                                                     : NULL;
        else
            value = json_object_get(value, token);
        pointer += len;
    }
    return *pointer ? NULL : text_of(answer->arena, value);
}

size_t tallystick_answer_receipt_count(const tallystick_answer *answer)
{
    return answer->receipt_count;
}

const tallystick_receipt *tallystick_answer_receipt(const tallystick_answer *answer, size_t i)
{
    return i < answer->receipt_count ? &answer->receipts[i] : NULL;
}

int64_t tallystick_receipt_seq(const tallystick_receipt *receipt)
{
    return receipt->checked.entry.seq;
}

const char *tallystick_receipt_type(const tallystick_receipt *receipt)
{
    return receipt->checked.entry.type;
}

const char *tallystick_receipt_at(const tallystick_receipt *receipt)
{
    return receipt->at;
}

const char *tallystick_receipt_text(const tallystick_receipt *receipt)
{
    return receipt->text;
}

const char *tallystick_fact(const tallystick_receipt *receipt, const char *name)
{
    for (size_t i = 0; receipt && i < receipt->checked.fact_count; i++)
        if (strcmp(receipt->checked.facts[i].name, name) == 0)
            return receipt->checked.facts[i].value;
    return NULL;
}

const char *tallystick_fact_name(const tallystick_receipt *receipt, size_t i)
{
    return receipt && i < receipt->checked.fact_count ? receipt->checked.facts[i].name : NULL;
}
