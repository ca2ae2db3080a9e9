/* Languages: English, which the program is written in, and Chinese, which schema/zh.po says.
 *
 * A sentence is written once, in English, where it is needed, as a literal format string; nothing else in the
 * program knows of languages. It is put into the reader's language at the edge: by its format where the
 * format is at hand (the client), and else as a finished sentence, whose format and arguments are found again
 * by matching (answers, which may have been stored long before they are read). What has no translation, or
 * could be read in two ways, stays English. */
#ifndef LANGUAGE_LANGUAGE_H
#define LANGUAGE_LANGUAGE_H

#include "ledger/base/buf.h"

typedef enum { LANGUAGE_ENGLISH, LANGUAGE_CHINESE, LANGUAGES } language;

/* ---- choose.c ---- */

/* The name in HTTP's headers: "en", "zh". */
const char *language_tag(language of);
/* What a request with this Accept-Language (RFC 9110 section 12.5.4) is answered in; NULL: it has none. */
language language_accepted(const char *accept_language);
/* The same of a range or locale name alone, "zh-Hans-CN", "zh_CN.UTF-8", "en"; false: neither. */
bool language_named(const char *name, language *out);
/* What LANGUAGE, LC_ALL, LC_MESSAGES and LANG ask for, as gettext reads them; no such locale need be
 * installed. English where they name no UTF-8 terminal. */
language language_of_environment(void);

/* ---- catalogue.c ---- */

/* A literal text or format, by itself: in this language if the catalogue has it. Static. */
const char *language_text(language in, const char *english) __attribute__((format_arg(2)));
/* A word that means several things: `context` says which ("state"). */
const char *language_word(language in, const char *context, const char *english);

/* ---- sentence.c ---- */

/* A finished sentence. Returns it as it is, or a translation in the arena. */
const char *language_sentence(language in, lg_arena *arena, const char *sentence);

/* ---- document.c ---- */

/* Appends a JSON text, with the sentences of its members "title" and "detail" translated; all else byte for
 * byte. Recorded facts ("facts") are left as they are. */
void language_json(language in, lg_bytes json, lg_buf *out);
/* ---- describe.c ---- */

/* Appends the description of the HTTP interface (OpenAPI, English) with its descriptions and summaries in
 * Chinese. */
void language_describe(lg_bytes openapi, lg_buf *out);

#endif
