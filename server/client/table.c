#include "server/client/table.h"

typedef struct table_row {
    const char *cells[TABLE_COLUMNS_MAX];
    client_style styles[TABLE_COLUMNS_MAX];
    size_t count;
    struct table_row *next;
} table_row;

client_table client_table_start(lg_arena *arena, const char *const *titles, size_t columns)
{
    client_table table = {.arena = arena, .columns = columns};
    for (size_t i = 0; i < columns; i++) {
        table.right[i] = titles[i][0] == '>';
        table.titles[i] = titles[i] + (table.right[i] ? 1 : 0);
        table.widths[i] = client_width(table.titles[i]);
    }
    return table;
}

void client_table_row(client_table *table)
{
    table_row *row = lg_arena_alloc(table->arena, sizeof *row);
    if (table->last)
        table->last->next = row;
    else
        table->first = row;
    table->last = row;
}

void client_table_cell(client_table *table, const char *text, client_style style)
{
    table_row *row = table->last;
    if (!row || row->count == table->columns)
        lg_die("table: a cell too many");
    text = text ? client_clean(table->arena, text) : "–";
    size_t width = client_width(text);
    if (width > table->widths[row->count])
        table->widths[row->count] = width;
    row->styles[row->count] = style;
    row->cells[row->count++] = text;
}

static void cell_print(const client_table *table, size_t column, const char *text, client_style style,
                       bool colour)
{
    size_t width = client_width(text);
    int pad = (int)(table->widths[column] - width);
    bool last = column + 1 == table->columns;
    printf("%*s%s%s%s%*s%s", table->right[column] ? pad : 0, "", client_style_on(colour, style), text,
           client_style_off(colour && style != STYLE_PLAIN), table->right[column] || last ? 0 : pad, "",
           last ? "\n" : "  ");
}

void client_table_print(client_table *table, bool colour, const char *indent)
{
    if (!table->header_done) {
        fputs(indent, stdout);
        for (size_t i = 0; i < table->columns; i++)
            cell_print(table, i, table->titles[i], STYLE_BOLD, colour);
    }
    table->header_done = true;
    for (const table_row *row = table->first; row; row = row->next) {
        fputs(indent, stdout);
        for (size_t i = 0; i < table->columns; i++)
            cell_print(table, i, i < row->count ? row->cells[i] : "",
                       i < row->count ? row->styles[i] : STYLE_PLAIN, colour);
    }
    table->first = table->last = NULL;
}
