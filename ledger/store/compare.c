/* Comparing the same table of two databases, for the audit. */
#include "ledger/store/db.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static bool same_value(sqlite3_value *a, sqlite3_value *b)
{
    int type = sqlite3_value_type(a);
    if (type != sqlite3_value_type(b))
        return false;
    if (type == SQLITE_NULL)
        return true;
    if (type == SQLITE_INTEGER)
        return sqlite3_value_int64(a) == sqlite3_value_int64(b);
    int len = sqlite3_value_bytes(a);
    return len == sqlite3_value_bytes(b) &&
           (len == 0 || memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b), (size_t)len) == 0);
}

/* How a value is shown in a finding: blobs in hexadecimal, shortened. */
static void show_value(char *out, size_t len, sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        snprintf(out, len, "NULL");
    } else if (sqlite3_column_type(row, column) == SQLITE_BLOB) {
        const unsigned char *data = sqlite3_column_blob(row, column);
        int bytes = sqlite3_column_bytes(row, column);
        size_t at = 0;
        for (int i = 0; i < bytes && i < 16 && at + 3 < len; i++)
            at += (size_t)snprintf(out + at, len - at, "%02x", data[i]);
    } else {
        snprintf(out, len, "%.60s", (const char *)sqlite3_column_text(row, column));
    }
}

enum { KEY_COLUMNS_MAX = 6 };

/* Where a table's key columns stand among all of its columns. */
typedef struct key_columns {
    int at[KEY_COLUMNS_MAX], count;
} key_columns;

/* The names are those of "ORDER BY": separated by ", ". */
static key_columns find_columns(sqlite3_stmt *row, const char *names)
{
    key_columns keys = {0};
    int columns = row ? sqlite3_column_count(row) : 0;
    for (; *names && keys.count < KEY_COLUMNS_MAX; names += strspn(names, ", ")) {
        size_t len = strcspn(names, ",");
        for (int i = 0; i < columns; i++) {
            const char *name = sqlite3_column_name(row, i);
            if (strncmp(name, names, len) == 0 && name[len] == '\0')
                keys.at[keys.count++] = i;
        }
        names += len;
    }
    return keys;
}

static void show_key(char *out, size_t len, sqlite3_stmt *row, const key_columns *keys)
{
    size_t at = 0;
    for (int i = 0; i < keys->count && at + 1 < len; i++) {
        char value[80];
        show_value(value, sizeof value, row, keys->at[i]);
        int wrote = snprintf(out + at, len - at, "%s%s", i ? "/" : "", value);
        at += (size_t)wrote;
    }
}

/* Order of two rows by their key columns, as SQLite's BINARY collation has it: integers, then text or blobs
 * by bytes. */
static int compare_keys(sqlite3_stmt *a, sqlite3_stmt *b, const key_columns *keys)
{
    for (int k = 0; k < keys->count; k++) {
        const int i = keys->at[k];
        if (sqlite3_column_type(a, i) == SQLITE_INTEGER) {
            int64_t x = sqlite3_column_int64(a, i), y = sqlite3_column_int64(b, i);
            if (x != y)
                return x < y ? -1 : 1;
            continue;
        }
        size_t len_a = (size_t)sqlite3_column_bytes(a, i), len_b = (size_t)sqlite3_column_bytes(b, i);
        size_t len = len_a < len_b ? len_a : len_b; /* of nothing, SQLite gives NULL */
        int order = len ? memcmp(sqlite3_column_blob(a, i), sqlite3_column_blob(b, i), len) : 0;
        if (order)
            return order;
        if (len_a != len_b)
            return len_a < len_b ? -1 : 1;
    }
    return 0;
}

static void compare_row(sqlite3_stmt *actual, sqlite3_stmt *expected, const char *table,
                        const key_columns *keys, lg_table_differ differ, void *ctx)
{
    for (int i = 0, count = sqlite3_column_count(actual); i < count; i++) {
        if (same_value(sqlite3_column_value(actual, i), sqlite3_column_value(expected, i)))
            continue;
        char is[80], should[80], key[256], detail[256];
        show_key(key, sizeof key, actual, keys);
        show_value(is, sizeof is, actual, i);
        show_value(should, sizeof should, expected, i);
        snprintf(detail, sizeof detail, "%s is %s, the ledger says %s", sqlite3_column_name(actual, i), is,
                 should);
        differ(ctx, table, key, detail);
    }
}

static void tell(sqlite3_stmt *row, const char *table, const key_columns *keys, const char *detail,
                 lg_table_differ differ, void *ctx)
{
    char key[256];
    show_key(key, sizeof key, row, keys);
    differ(ctx, table, key, detail);
}

lg_err lg_db_compare(lg_db *actual_db, lg_db *expected_db, const char *table, const char *order,
                     lg_table_differ differ, void *ctx, int64_t *rows)
{
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY %s", table, order);
    lg_query actual = lg_query_start_once(actual_db, sql), expected = lg_query_start_once(expected_db, sql);
    bool have_actual = lg_query_next(&actual), have_expected = lg_query_next(&expected);
    const key_columns keys = find_columns(expected.statement, order);
    *rows = 0;
    while (have_actual || have_expected) {
        int side = !have_actual     ? 1
                   : !have_expected ? -1
                                    : compare_keys(actual.statement, expected.statement, &keys);
        if (side == 0)
            compare_row(actual.statement, expected.statement, table, &keys, differ, ctx);
        else if (side < 0)
            tell(actual.statement, table, &keys, "the row is not of the ledger's making", differ, ctx);
        else
            tell(expected.statement, table, &keys, "the row is missing", differ, ctx);
        *rows += side <= 0;
        if (side <= 0)
            have_actual = lg_query_next(&actual);
        if (side >= 0)
            have_expected = lg_query_next(&expected);
    }
    lg_err err = lg_query_end(&actual), second = lg_query_end(&expected);
    return err ? err : second;
}

lg_err lg_db_integrity(lg_db *db, lg_table_differ differ, void *ctx)
{
    lg_query q = lg_query_start_once(db, "PRAGMA integrity_check(20)");
    while (lg_query_next(&q)) {
        const char *complaint = (const char *)sqlite3_column_text(q.statement, 0);
        if (complaint && strcmp(complaint, "ok") != 0)
            differ(ctx, "database", "", complaint);
    }
    return lg_query_end(&q);
}
