/* What the page is made of. */
#ifndef DOCS_INTERNAL_H
#define DOCS_INTERNAL_H

#include "ledger/base/buf.h"
#include "server/language/language.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct docs {
    language in;
    const json_t *root; /* the whole description */
    lg_buf *out;
} docs;

/* ---- html.c ---- */
void docs_text(docs *d, const char *text); /* escaped; NULL writes nothing */
void docs_html(docs *d, const char *html); /* as it is */
void docs_say(docs *d, const char *words); /* the page's own words, in its language */
void docs_heading(docs *d, const char *words);
void docs_table(docs *d,
                const char *first); /* the head of a table: what the first column holds, kind, meaning */
/* A paragraph of the element's description, if it has one. */
void docs_description(docs *d, const json_t *element);
/* A string member, or NULL. */
const char *docs_str(const json_t *object, const char *name);

/* ---- schema.c ---- */
/* The schema itself, or the one that its $ref names. */
const json_t *docs_resolve(const docs *d, const json_t *schema);
/* A schema's kind in a few words, with links to named ones: "string", "array of Claim", "Id or null". */
void docs_kind(docs *d, const json_t *schema);
/* The rules beside its kind: values, bounds, pattern, default, example. */
void docs_rules(docs *d, const json_t *schema);
/* A table of an object's members, those of unnamed inner objects with dotted names. Nothing for other
 * schemas. */
void docs_members(docs *d, const json_t *schema);

/* ---- example.c ---- */
/* A value that fits the schema, made of its examples; a new reference, or NULL if there is none to make. */
json_t *docs_example(const docs *d, const json_t *schema);
/* The same as indented text in a box. */
void docs_example_box(docs *d, const json_t *schema);

#endif
