/* The description of the HTTP interface: its texts are a catalogue of their own, and are looked up whole. */
#include "server/language/internal.h"

LANGUAGE_CATALOGUE(catalogue_openapi, "openapi.zh.mo")

extern const uint8_t catalogue_openapi[];

static const char *chinese_description(lg_arena *arena, const char *english)
{
    (void)arena;
    return catalogue_find(catalogue_openapi, english);
}

void language_describe(lg_bytes openapi, lg_buf *out)
{
    static const char *const spoken[] = {"description", "summary", "title", NULL};
    static const dialect descriptions = {.spoken = spoken, .translate = chinese_description};
    document_render(&descriptions, openapi, out);
}
