/* The catalogues as msgfmt compiled them (GNU gettext manual, "The Format of GNU MO Files"): sorted by the
 * English, so that a text is found by halving. Built for this machine, so its byte order is theirs. */
#include "server/language/internal.h"

#include <stdio.h>
#include <string.h>

LANGUAGE_CATALOGUE(catalogue_messages, "zh.mo")

enum { MO_MAGIC, MO_REVISION, MO_COUNT, MO_ENGLISH, MO_CHINESE }; /* the header's words */

static uint32_t word_at(const uint8_t *file, size_t offset)
{
    uint32_t word;
    memcpy(&word, file + offset, sizeof word);
    return word;
}

/* The tables hold a length and an offset for each text. */
static const char *text_at(const uint8_t *file, int table, size_t i)
{
    size_t row = word_at(file, 4 * (size_t)table) + 8 * i;
    return (const char *)file + word_at(file, row + 4);
}

size_t catalogue_count(const uint8_t *file)
{
    return word_at(file, 4 * MO_COUNT);
}

void catalogue_entry(const uint8_t *file, size_t i, const char **english, const char **chinese)
{
    *english = text_at(file, MO_ENGLISH, i);
    *chinese = text_at(file, MO_CHINESE, i);
}

const char *catalogue_find(const uint8_t *file, const char *english)
{
    size_t low = 1, high = catalogue_count(file); /* behind the header */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(english, text_at(file, MO_ENGLISH, middle));
        if (order == 0)
            return text_at(file, MO_CHINESE, middle);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *language_text(language in, const char *english)
{
    const char *chinese = in == LANGUAGE_CHINESE ? catalogue_find(catalogue_messages, english) : NULL;
    return chinese ? chinese : english;
}

const char *language_word(language in, const char *context, const char *english)
{
    enum { CONTEXT_ENDS = 4 }; /* the byte that gettext puts between context and text */
    char key[128];
    int len = snprintf(key, sizeof key, "%s%c%s", context, CONTEXT_ENDS, english);
    const char *chinese = in == LANGUAGE_CHINESE && len > 0 && len < (int)sizeof key
                              ? catalogue_find(catalogue_messages, key)
                              : NULL;
    return chinese ? chinese : english;
}
