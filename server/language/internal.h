/* What the files of this folder share. */
#ifndef LANGUAGE_INTERNAL_H
#define LANGUAGE_INTERNAL_H

#include "server/language/language.h"

/* ---- catalogue.c: GNU .mo files inside the program ---- */

/* Puts the file into the object at hand; it is looked for along the assembler's -I. */
#define LANGUAGE_CATALOGUE(name, path)                                                                       \
    __asm__(".pushsection .rodata." #name ",\"a\"\n"                                                         \
            ".balign 4\n"                                                                                    \
            ".hidden " #name "\n"                                                                            \
            ".global " #name "\n" #name ":\n"                                                                \
            ".incbin \"" path "\"\n"                                                                         \
            ".byte 0\n"                                                                                      \
            ".popsection\n");

extern const uint8_t catalogue_messages[];

size_t catalogue_count(const uint8_t *file);
/* Entry i in the order of strcmp; the first is the catalogue's header, with an empty English. */
void catalogue_entry(const uint8_t *file, size_t i, const char **english, const char **chinese);
/* NULL: it has none. */
const char *catalogue_find(const uint8_t *file, const char *english);

/* ---- format.c: printf's formats, read from both ends ---- */

enum {
    FORMAT_ARGUMENTS_MAX = 8,
    SENTENCE_MAX = 1024, /* bytes; a longer one stays English */
    TELLING_MIN = 6,     /* bytes of a format with conversions that are its own */
};

/* Text that stands before a conversion, or behind the last one. */
typedef struct format_piece {
    lg_bytes text;
    bool number;       /* the conversion is an integer, else any text */
    unsigned argument; /* the conversion's, from 0 */
} format_piece;

typedef struct format {
    size_t count; /* conversions */
    format_piece pieces[FORMAT_ARGUMENTS_MAX];
    lg_bytes tail;
    size_t literal_len; /* bytes of text in all */
    bool tells;         /* whether a finished sentence can be told to be of it; see format_parse */
} format;

/* A sentence is told by its own text: there must be some ("%s to %s" fits too much), and some between any two
 * texts that are put in (nobody can tell where one ends). False if it has more conversions than that, or ones
 * that no message has. Texts point into `text`, or into the arena. */
bool format_parse(lg_arena *arena, const char *text, format *out) LG_MUST_CHECK;

typedef struct format_match {
    lg_bytes arguments[FORMAT_ARGUMENTS_MAX]; /* by number */
} format_match;

/* In how many ways the sentence can be read as the format: 0, 1, or 2 for more. The arguments are set for 1.
 */
int format_read(const format *in, lg_bytes sentence, format_match *out);

/* ---- document.c: JSON texts, some members' strings replaced ---- */

typedef const char *(*translate_fn)(lg_arena *arena, const char *english); /* NULL: it stays */

/* Which members hold sentences, which none whatever is in them, and how sentences are translated. */
typedef struct dialect {
    const char *const *spoken; /* ends with NULL */
    const char *silent;        /* NULL: none */
    translate_fn translate;
} dialect;

void document_render(const dialect *in, lg_bytes json, lg_buf *out);

#endif
