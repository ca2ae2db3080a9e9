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

/* How a value is shown in a finding: blobs in hexadecimal, of their bytes sixteen, from the one given. */
static void show_value(char *out, size_t len, sqlite3_stmt *row, int column, int from)
{
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        snprintf(out, len, "NULL");
    } else if (sqlite3_column_type(row, column) == SQLITE_BLOB) {
        const unsigned char *data = sqlite3_column_blob(row, column);
        int bytes = sqlite3_column_bytes(row, column);
        size_t at = 0;
        for (int i = from; i < bytes && i < from + 16 && at + 3 < len; i++)
            at += (size_t)snprintf(out + at, len - at, "%02x", data[i]);
    } else {
        snprintf(out, len, "%.60s", (const char *)sqlite3_column_text(row, column));
    }
}

enum { KEY_COLUMNS_MAX = 6, SQL_MAX = 512 };
static const char MISSING[] = "the row is missing",
                  NOT_ITS_MAKING[] = "the row is not of the ledger's making";

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
        show_value(value, sizeof value, row, keys->at[i], 0);
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

/* The first byte at which two blobs differ; 0 of anything else. */
static int find_difference(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    if (sqlite3_column_type(a, column) != SQLITE_BLOB || sqlite3_column_type(b, column) != SQLITE_BLOB)
        return 0;
    const unsigned char *x = sqlite3_column_blob(a, column), *y = sqlite3_column_blob(b, column);
    const int len_a = sqlite3_column_bytes(a, column), len_b = sqlite3_column_bytes(b, column);
    int at = 0;
    while (at < len_a && at < len_b && x[at] == y[at])
        at++;
    return at;
}

static void compare_row(sqlite3_stmt *actual, sqlite3_stmt *expected, const char *table,
                        const key_columns *keys, lg_table_differ differ, void *ctx)
{
    for (int i = 0, count = sqlite3_column_count(actual); i < count; i++) {
        if (same_value(sqlite3_column_value(actual, i), sqlite3_column_value(expected, i)))
            continue;
        char is[80], should[80], key[256], place[40] = "", detail[256];
        const int from = find_difference(actual, expected, i);
        show_key(key, sizeof key, actual, keys);
        show_value(is, sizeof is, actual, i, from);
        show_value(should, sizeof should, expected, i, from);
        if (from > 0)
            snprintf(place, sizeof place, " from byte %d on", from);
        snprintf(detail, sizeof detail, "%s is %s%s, the ledger says %s", sqlite3_column_name(actual, i), is,
                 place, should);
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

static int first_name_len(const char *names)
{
    return (int)strcspn(names, ",");
}

lg_err lg_db_compare(lg_db *actual_db, lg_db *expected_db, const char *table, const char *key, int64_t from,
                     lg_table_differ differ, void *ctx, int64_t *rows)
{
    char sql[SQL_MAX], where[SQL_MAX] = "";
    if (from != INT64_MIN)
        snprintf(where, sizeof where, " WHERE %.*s >= %lld", first_name_len(key), key, (long long)from);
    snprintf(sql, sizeof sql, "SELECT * FROM %s%s ORDER BY %s", table, where, key);
    lg_query actual = lg_query_start_once(actual_db, sql), expected = lg_query_start_once(expected_db, sql);
    bool have_actual = lg_query_next(&actual), have_expected = lg_query_next(&expected);
    const key_columns keys = find_columns(expected.statement, key);
    *rows = 0;
    while (have_actual || have_expected) {
        int side = !have_actual     ? 1
                   : !have_expected ? -1
                                    : compare_keys(actual.statement, expected.statement, &keys);
        if (side == 0)
            compare_row(actual.statement, expected.statement, table, &keys, differ, ctx);
        else if (side < 0)
            tell(actual.statement, table, &keys, NOT_ITS_MAKING, differ, ctx);
        else
            tell(expected.statement, table, &keys, MISSING, differ, ctx);
        *rows += side <= 0;
        if (side <= 0)
            have_actual = lg_query_next(&actual);
        if (side >= 0)
            have_expected = lg_query_next(&expected);
    }
    lg_err err = lg_query_end(&actual), second = lg_query_end(&expected);
    return err ? err : second;
}

/* ---- only what was written ---- */

/* "a = NEW.a AND b = NEW.b" of the key "a, b" and a row; without one "a = ?1 AND b = ?2". */
static void write_condition(char *out, const char *names, const char *row)
{
    size_t at = 0;
    for (int number = 1; *names; names += strspn(names, ", "), number++) {
        const int len = first_name_len(names);
        at += (size_t)snprintf(out + at, SQL_MAX - at, "%s%.*s = ", number > 1 ? " AND " : "", len, names);
        at += row ? (size_t)snprintf(out + at, SQL_MAX - at, "%s.%.*s", row, len, names)
                  : (size_t)snprintf(out + at, SQL_MAX - at, "?%d", number);
        names += len;
    }
}

/* "NEW.a, NEW.b" */
static void write_values(char *out, const char *names, const char *row)
{
    size_t at = 0;
    for (bool first = true; *names; names += strspn(names, ", "), first = false) {
        const int len = first_name_len(names);
        at += (size_t)snprintf(out + at, SQL_MAX - at, "%s%s.%.*s", first ? "" : ", ", row, len, names);
        names += len;
    }
}

/* Not INSERT OR IGNORE: what the statement that fires a trigger says of conflicts overrides that. */
lg_err lg_db_watch(lg_db *db, const char *table, const char *key)
{
    static const struct {
        const char *what, *row;
    } changes[] = {{"INSERT", "NEW"}, {"UPDATE", "NEW"}, {"UPDATE", "OLD"}, {"DELETE", "OLD"}};
    char sql[3 * SQL_MAX], values[SQL_MAX], condition[SQL_MAX];
    snprintf(sql, sizeof sql, "CREATE TEMP TABLE watched_%s (%s, PRIMARY KEY (%s)) WITHOUT ROWID", table, key,
             key);
    lg_err err = lg_db_define(db, sql);
    for (size_t i = 0; i < sizeof changes / sizeof *changes && !err; i++) {
        write_values(values, key, changes[i].row);
        write_condition(condition, key, changes[i].row);
        snprintf(
            sql, sizeof sql,
            "CREATE TEMP TRIGGER watch_%s_%zu AFTER %s ON main.%s BEGIN"
            " INSERT INTO watched_%s SELECT %s WHERE NOT EXISTS (SELECT 1 FROM watched_%s WHERE %s); END",
            table, i, changes[i].what, table, table, values, table, condition);
        err = lg_db_define(db, sql);
    }
    return err;
}

/* The row of that key, if it is there. */
static bool find_row(lg_query *query, sqlite3_stmt *keys, int key_count)
{
    for (int i = 0; i < key_count && !query->err; i++)
        sqlite3_bind_value(query->statement, i + 1, sqlite3_column_value(keys, i));
    return lg_query_next(query);
}

static void compare_found(lg_query *actual, lg_query *expected, const char *table, const key_columns *keys,
                          bool has_actual, bool has_expected, lg_table_differ differ, void *ctx)
{
    if (has_actual && has_expected)
        compare_row(actual->statement, expected->statement, table, keys, differ, ctx);
    else if (has_actual)
        tell(actual->statement, table, keys, NOT_ITS_MAKING, differ, ctx);
    else if (has_expected)
        tell(expected->statement, table, keys, MISSING, differ, ctx);
}

lg_err lg_db_compare_watched(lg_db *actual_db, lg_db *expected_db, const char *table, const char *key,
                             int64_t below, lg_table_differ differ, void *ctx, int64_t *rows)
{
    char sql[SQL_MAX], names[SQL_MAX], where[SQL_MAX] = "";
    if (below != INT64_MAX)
        snprintf(where, sizeof where, " WHERE %.*s < %lld", first_name_len(key), key, (long long)below);
    snprintf(sql, sizeof sql, "SELECT %s FROM watched_%s%s ORDER BY %s", key, table, where, key);
    lg_query watched = lg_query_start_once(expected_db, sql);
    write_condition(names, key, NULL);
    snprintf(sql, sizeof sql, "SELECT * FROM main.%s WHERE %s", table, names);
    lg_query actual = lg_query_start_once(actual_db, sql), expected = lg_query_start_once(expected_db, sql);
    const key_columns keys = find_columns(expected.statement, key);
    *rows = 0;
    while (!actual.err && !expected.err && lg_query_next(&watched)) {
        bool has_actual = find_row(&actual, watched.statement, keys.count),
             has_expected = find_row(&expected, watched.statement, keys.count);
        compare_found(&actual, &expected, table, &keys, has_actual, has_expected, differ, ctx);
        sqlite3_reset(actual.statement);
        sqlite3_reset(expected.statement);
        ++*rows;
    }
    lg_err err = lg_query_end(&actual), second = lg_query_end(&expected), third = lg_query_end(&watched);
    return err ? err : second ? second : third;
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
