/* What an answer says, without parsing all of it: the client must cost less than what it measures. */
#include "tests/bench/bench.h"

#include <stdlib.h>
#include <string.h>

enum { ID_LEN = 36 };

/* Behind the first occurrence of `before`; NULL if there is none. */
static const char *behind(const load_answer *answer, const char *before)
{
    size_t len = strlen(before);
    const char *at = memmem(answer->body.data, answer->body.len, before, len);
    return at ? at + len : NULL;
}

bool answer_has(const load_answer *answer, const char *text)
{
    return behind(answer, text) != NULL;
}

size_t answer_count(const load_answer *answer, const char *text)
{
    const char *at = (const char *)answer->body.data, *end = at + answer->body.len;
    size_t len = strlen(text), count = 0;
    while ((at = memmem(at, (size_t)(end - at), text, len))) {
        at += len;
        count++;
    }
    return count;
}

bool answer_starts(const load_answer *answer, const char *text)
{
    size_t len = strlen(text);
    return answer->body.len >= len && memcmp(answer->body.data, text, len) == 0;
}

bool answer_id(const load_answer *answer, const char *before, char out[37])
{
    const char *at = behind(answer, before), *end = (const char *)answer->body.data + answer->body.len;
    if (!at || end - at <= ID_LEN || at[ID_LEN] != '"')
        return false;
    memcpy(out, at, ID_LEN);
    out[ID_LEN] = '\0';
    return true;
}

int64_t answer_number(const load_answer *answer, const char *before)
{
    const char *at = behind(answer, before);
    return at && *at >= '0' && *at <= '9' ? strtoll(at, NULL, 10) : -1;
}
