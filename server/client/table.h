/* Aligned tables on standard output. Widths are terminal columns, so that Chinese names line up. */
#ifndef CLIENT_TABLE_H
#define CLIENT_TABLE_H

#include "server/client/output.h"

enum { TABLE_COLUMNS_MAX = 12 };

typedef struct client_table {
    lg_arena *arena; /* of the rows not printed yet */
    size_t columns;
    const char *titles[TABLE_COLUMNS_MAX];
    bool right[TABLE_COLUMNS_MAX]; /* aligned to the right: numbers */
    size_t widths[TABLE_COLUMNS_MAX];
    struct table_row *first, *last;
    bool header_done;
} client_table;

/* Titles are borrowed; one that begins with '>' is of a column aligned to the right. */
client_table client_table_start(lg_arena *arena, const char *const *titles, size_t columns);
/* Starts a row; then client_table_cell for each column. */
void client_table_row(client_table *table);
void client_table_cell(client_table *table, const char *text, client_style style); /* NULL shows as "–" */
/* Prints the rows so far, the header before the first ones, each line begun with indent; forgets them but
 * keeps the widths, so that a long list can be printed in parts. Rows live in the arena, which may be reset
 * afterwards. */
void client_table_print(client_table *table, bool colour, const char *indent);

#endif
