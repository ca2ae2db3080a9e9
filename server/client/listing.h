/* Lists of things as people see them: which members become columns, and how. */
#ifndef CLIENT_LISTING_H
#define CLIENT_LISTING_H

#include "server/client/table.h"

typedef enum {
    CELL_TEXT,
    CELL_STATE,    /* coloured */
    CELL_NAME,     /* a participant's id, shown as its name */
    CELL_LIST,     /* strings, joined */
    CELL_FINDINGS, /* the codes of checks that did not pass */
    CELL_SHORT,    /* the beginning of a hash */
    CELL_RATE,     /* parts per million, shown in percent */
    CELL_TIME,     /* shown to the second */
    CELL_YES_NO,
    CELL_COUNT, /* how many items a list has */
    CELL_TREE,  /* an id, indented by the member "depth" */
} cell_form;

typedef struct listing_column {
    const char *title; /* begins with '>' if aligned to the right */
    const char *field; /* "invoice.number": a member of a member */
    cell_form form;
} listing_column;

typedef struct client_listing {
    const char *name; /* "claims" */
    const char *path; /* where it is read, '%' an operand; NULL: a part of answers only */
    listing_column columns[TABLE_COLUMNS_MAX + 1]; /* ends with a NULL title */
} client_listing;

const client_listing *client_listing_find(const char *name); /* never NULL */
client_table client_listing_start(const client *c, lg_arena *arena, const client_listing *listing);
void client_listing_row(client *c, client_table *table, const client_listing *listing, const json_t *item);
/* The whole list at once; nothing if it is empty. */
void client_listing_print(client *c, const char *name, const json_t *items, const char *indent);

#endif
