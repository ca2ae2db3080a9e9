/* One SQLite connection, its prepared statements, and errors told in our own words. Only this folder knows
 * SQLite.
 *
 * Every statement is a static lg_sql next to the function that runs it, prepared once per connection. Any
 * step result but a row or the end is an error, kept in the query until lg_query_end returns it. A connection
 * belongs to one thread at a time. */
#ifndef LG_STORE_DB_H
#define LG_STORE_DB_H

#include "ledger/base/arena.h"
#include "ledger/base/uuid.h"
#include "ledger/crypto/hash.h"

#include <stdbool.h>

typedef struct lg_db lg_db;
typedef struct lg_sql {
    const char *text;
} lg_sql;

typedef enum {
    LG_DB_WRITER,   /* the one connection that writes and checkpoints: WAL, synchronous=FULL; migrates on open
                     */
    LG_DB_READER,   /* read-only */
    LG_DB_EXAMINER, /* the audit's: read-only, and shown pages that are damaged as well */
    LG_DB_SCRATCH,  /* private and temporary, in memory */
    LG_DB_REBUILD,  /* a file of the audit's own, in which it rebuilds the projections: made for speed, worth
                       nothing after a crash. What the rows refer to is not checked, that is the entries' word
                     */
    LG_DB_STATE, /* such a file that is there already, for a later audit to go on with: a transaction is whole
                    or not there. Never migrated */
    LG_DB_SIDE,  /* the writer of the database beside the ledger: what became of webhooks' messages. WAL,
                    synchronous=NORMAL: a power cut may take the last moments back */
    LG_DB_SIDE_READER,
} lg_db_mode;

/* path is ignored for LG_DB_SCRATCH. LG_SCHEMA_UNKNOWN if the database is newer than the program. */
lg_err lg_db_open(const char *path, lg_db_mode mode, lg_db **out, lg_report *report) LG_MUST_CHECK;
void lg_db_close(lg_db *db);
/* So much memory for pages; 0: as much as the mode has. */
lg_err lg_db_set_cache(lg_db *db, int kib) LG_MUST_CHECK;
/* What the connection remembers of who is who (known.h); NULL: nothing. */
struct lg_known *lg_db_known(const lg_db *db);
void lg_db_remember(lg_db *db, struct lg_known *known_take);
/* Of a writer: what others may remember was changed; and whether it was, since this was last asked. */
void lg_db_unsettle(lg_db *db);
bool lg_db_was_unsettled(lg_db *db);
struct lg_packer *lg_db_packer(lg_db *db); /* the connection's own; pack.h */
/* What SQLite said about the last error; for the log, not for users. */
const char *lg_db_message(const lg_db *db);

lg_err lg_db_begin(lg_db *db) LG_MUST_CHECK; /* BEGIN IMMEDIATE on a writer, BEGIN on a reader */
/* LG_OUTCOME_UNKNOWN: it may have happened; only opening the database anew finds out. After any other error
 * it has not. */
lg_err lg_db_commit(lg_db *db) LG_MUST_CHECK;
/* A sync failed at some time: what the disk holds is not known, and asking again would not tell. */
bool lg_db_sync_failed(const lg_db *db);
/* Closing it moves nothing: what was found in it is not to be trusted with the WAL's end. */
void lg_db_keep_wal(lg_db *db);
void lg_db_rollback(lg_db *db); /* fine when nothing is open */
bool lg_db_in_transaction(const lg_db *db);
/* Savepoints nest by depth 0..3. */
lg_err lg_db_savepoint(lg_db *db, unsigned depth) LG_MUST_CHECK;
lg_err lg_db_release(lg_db *db, unsigned depth) LG_MUST_CHECK;
lg_err lg_db_rollback_to(lg_db *db, unsigned depth) LG_MUST_CHECK; /* and releases */
/* Moves WAL frames into the database as far as readers allow. Writer only. */
lg_err lg_db_checkpoint(lg_db *db) LG_MUST_CHECK;
/* Syncs the database's file, not the WAL: what checkpoints moved. Any thread; a failure shows in
 * lg_db_sync_failed. */
void lg_db_sync(lg_db *db);
int lg_db_wal_pages(const lg_db *db); /* pages in the WAL after the last commit */

typedef struct lg_query {
    lg_db *db;
    void *statement;
    lg_err err;
    bool once; /* finalised at the end instead of kept */
} lg_query;

lg_query lg_query_start(lg_db *db, const lg_sql *sql);
/* A statement composed at run time from fixed pieces (list filters); not kept. */
lg_query lg_query_start_once(lg_db *db, const char *sql);
void lg_bind_int(lg_query *query, int at, int64_t value);
void lg_bind_int_or_null(lg_query *query, int at, int64_t value); /* 0 binds NULL */
void lg_bind_text(lg_query *query, int at,
                  const char *text); /* NULL binds NULL; borrowed until lg_query_end */
void lg_bind_blob(lg_query *query, int at, const void *data,
                  size_t len); /* NULL data binds NULL; borrowed likewise */
void lg_bind_uuid(lg_query *query, int at, const lg_uuid *id);
/* Steps; true while there is a row. */
bool lg_query_next(lg_query *query);
/* Back to before its first row. What was bound stays so. */
void lg_query_again(lg_query *query);
/* Ends; the first error met, or LG_OK. */
lg_err lg_query_end(lg_query *query) LG_MUST_CHECK;
/* For statements without rows: steps to the end, then ends. */
lg_err lg_query_run(lg_query *query) LG_MUST_CHECK;
/* Rows changed by the last INSERT, UPDATE or DELETE. */
int64_t lg_db_changes(const lg_db *db);
/* Rows changed since the connection was opened, what was undone included: the same as before, and nothing was
 * changed. */
int64_t lg_db_changes_ever(const lg_db *db);

int64_t lg_column_int(lg_query *query, int at); /* NULL reads 0 */
bool lg_column_is_null(lg_query *query, int at);
char *lg_column_text(lg_query *query, int at, lg_arena *arena); /* NULL reads NULL */
lg_bytes lg_column_blob(lg_query *query, int at, lg_arena *arena);
lg_bytes lg_column_borrow(lg_query *query, int at); /* until the query moves on */
/* A blob of exactly len bytes; otherwise the query's error becomes LG_CORRUPT and out is zeroed. */
void lg_column_fixed(lg_query *query, int at, void *out, size_t len);

/* Read-only connections, lent to threads. */
typedef struct lg_readers lg_readers;
lg_err lg_readers_open(const char *path, unsigned count, lg_readers **out, lg_report *report) LG_MUST_CHECK;
/* The same for a database beside the ledger. */
lg_err lg_readers_open_side(const char *path, unsigned count, lg_readers **out,
                            lg_report *report) LG_MUST_CHECK;
void lg_readers_close(lg_readers *readers);
/* So many are lent most of the time, the others only when these are out: they share 80 MiB for pages, if
 * there are so few that each gets more than the others. In a large ledger those hold the upper levels of its
 * trees. Before the first is lent. */
lg_err lg_readers_favor(lg_readers *readers, unsigned count) LG_MUST_CHECK;
/* From now on they remember who is who, until `changes`, which is borrowed, says otherwise. */
struct lg_known_changes;
void lg_readers_remember(lg_readers *readers, const struct lg_known_changes *changes);
lg_db *lg_readers_take(
    lg_readers *readers); /* waits for a free one; begins a read transaction (a consistent snapshot) */
void lg_readers_give(lg_readers *readers, lg_db *db); /* ends the transaction */

/* Compares the rows and columns of one table in two databases, in the order of its key, whose columns `key`
 * names, separated by ", "; calls differ for each difference. `from`: only rows whose first key column is
 * that or greater; INT64_MIN: every row. *rows: how many `actual` has. */
typedef void (*lg_table_differ)(void *ctx, const char *table, const char *row_key, const char *detail);
lg_err lg_db_compare(lg_db *actual, lg_db *expected, const char *table, const char *key, int64_t from,
                     lg_table_differ differ, void *ctx, int64_t *rows) LG_MUST_CHECK;
/* Only rows that were written or deleted in `expected` since lg_db_watch; with `below`, only those whose
 * first key column is less; INT64_MAX: all. *rows: how many these are. */
lg_err lg_db_compare_watched(lg_db *actual, lg_db *expected, const char *table, const char *key,
                             int64_t below, lg_table_differ differ, void *ctx, int64_t *rows) LG_MUST_CHECK;
/* From now on, which rows of the table are written or deleted is remembered, in a temporary table. On the
 * audit's own databases only. */
lg_err lg_db_watch(lg_db *db, const char *table, const char *key) LG_MUST_CHECK;
/* Runs statements that define things, past the authorizer; they are fixed texts of this folder. */
lg_err lg_db_define(lg_db *db, const char *sql) LG_MUST_CHECK;
/* Of a new LG_DB_REBUILD: leaves out what the rows themselves do not need (rebuild.c). */
lg_err lg_db_lighten(lg_db *db) LG_MUST_CHECK;
/* Are the tables and indexes defined as this program defines them? Like lg_db_integrity. */
lg_err lg_db_check_schema(lg_db *db, lg_table_differ differ, void *ctx) LG_MUST_CHECK;
/* SQLite's own integrity check; every complaint goes to differ with table "database". */
lg_err lg_db_integrity(lg_db *db, lg_table_differ differ, void *ctx) LG_MUST_CHECK;

#endif
