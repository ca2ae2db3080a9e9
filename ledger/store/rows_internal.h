/* What the row files of this folder share: growing lists, single-row look-ups, enums kept as text. */
#ifndef LG_STORE_ROWS_INTERNAL_H
#define LG_STORE_ROWS_INTERNAL_H

#include "ledger/registry/money.h"
#include "ledger/store/db.h"

#include <string.h>

/* A list that grows in an arena; outgrown copies are left to the arena, so rows stay where a caller saw them
 * only until the next lg_row_add. Zeroed is empty. */
typedef struct lg_row_list {
    void *rows;
    size_t count, cap;
} lg_row_list;

/* Room for one more row of `size` bytes, zeroed. */
static inline void *lg_row_add(lg_row_list *list, lg_arena *arena, size_t size)
{
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 8;
        void *rows = lg_arena_array(arena, cap, size);
        if (list->count)
            memcpy(rows, list->rows, list->count * size);
        list->rows = rows;
        list->cap = cap;
    }
    return (char *)list->rows + list->count++ * size;
}

/* What is due by `until`, soonest first: the ids that "SELECT id … ?1 … LIMIT ?2" gives. Every kind of id
 * wraps one lg_uuid, so the rows are an array of the kind that the statement names. */
static inline lg_err lg_ids_due(lg_db *db, const lg_sql *sql, int64_t until, size_t limit, lg_arena *arena,
                                lg_row_list *out)
{
    *out = (lg_row_list){0};
    lg_query query = lg_query_start(db, sql);
    lg_bind_int(&query, 1, until);
    lg_bind_int(&query, 2, (int64_t)limit);
    while (lg_query_next(&query)) {
        lg_uuid *id = lg_row_add(out, arena, sizeof *id);
        lg_column_fixed(&query, 0, id->b, sizeof id->b);
    }
    return lg_query_end(&query);
}

/* The stored row is not what this program writes. Keeps an earlier error. */
static inline void lg_query_spoil(lg_query *query)
{
    if (query->err == LG_OK)
        query->err = LG_CORRUPT;
}

/* Ends a look-up of one row. */
static inline lg_err lg_query_end_found(lg_query *query, bool found)
{
    lg_err err = lg_query_end(query);
    return err == LG_OK && !found ? LG_NOT_FOUND : err;
}

/* Runs a change of one row; LG_NOT_FOUND if there was none to change. */
static inline lg_err lg_query_run_found(lg_query *query)
{
    lg_db *db = query->db;
    lg_err err = lg_query_run(query);
    return err == LG_OK && lg_db_changes(db) == 0 ? LG_NOT_FOUND : err;
}

/* Position of `text` among the names; `count` if it is none of them. */
static inline size_t lg_name_find(const char *const *names, size_t count, const char *text)
{
    size_t at = 0;
    while (at < count && !(text && strcmp(names[at], text) == 0))
        at++;
    return at;
}

/* A column that holds one of the names; any other text spoils the query and gives 0. */
static inline size_t lg_column_name(lg_query *query, int at, lg_arena *arena, const char *const *names,
                                    size_t count)
{
    size_t found = lg_name_find(names, count, lg_column_text(query, at, arena));
    if (found < count)
        return found;
    lg_query_spoil(query);
    return 0;
}

/* Three capital letters; whether the code is still in ISO 4217 is no question for what was once written. */
static inline lg_currency lg_column_currency(lg_query *query, int at, lg_arena *arena)
{
    lg_currency currency = {0};
    const char *text = lg_column_text(query, at, arena);
    if (text && strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3)
        memcpy(currency.code, text, sizeof currency.code);
    else
        lg_query_spoil(query);
    return currency;
}

/* A column of days since 1970-01-01. */
static inline int32_t lg_column_day(lg_query *query, int at)
{
    int64_t day = lg_column_int(query, at);
    if (day >= INT32_MIN && day <= INT32_MAX)
        return (int32_t)day;
    lg_query_spoil(query);
    return 0;
}

/* A column that is a set of the bits below `bit_count`. */
static inline unsigned lg_column_bits(lg_query *query, int at, unsigned bit_count)
{
    int64_t bits = lg_column_int(query, at);
    if (bits >= 0 && bits >> bit_count == 0)
        return (unsigned)bits;
    lg_query_spoil(query);
    return 0;
}

#endif
