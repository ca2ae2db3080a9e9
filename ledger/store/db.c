#include "ledger/store/db.h"

#include "ledger/store/known.h"
#include "ledger/store/pack.h"
#include "ledger/store/page_cache.h"
#include "ledger/store/pages.h"
#include "ledger/store/schema.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATEMENT_SLOTS = 512, /* power of two, well above the number of statements */
    SAVEPOINT_DEPTHS = 4,
    WRITER_CACHE_KIB = 256 * 1024 / LG_CACHE_DIVISOR, /* what is sought by hash, at ten million entries */
    REBUILD_CACHE_KIB = 128 * 1024,
    READER_CACHE_KIB = 8 * 1024 / LG_CACHE_DIVISOR,
    BUSY_TIMEOUT_MS = 5000, /* only start-up and the audit can meet a lock: there is one writer */
};

struct lg_db {
    sqlite3 *handle;
    lg_db_mode mode;
    int wal_pages;
    atomic_bool sync_failed;
    sqlite3_file *file; /* the database's, as its connection has it open */
    bool keeps_wal;
    int failure; /* what SQLite said when it last failed */
    bool unsettled;
    lg_known *known;
    lg_packer *packer;
    struct {
        const lg_sql *sql;
        sqlite3_stmt *statement;
    } slots[STATEMENT_SLOTS];
};

/* ENOSPC reaches us as SQLITE_FULL or as a failed write, depending on where it struck; a file-size limit only
 * as the latter. */
static lg_err map_error(lg_db *db, int code)
{
    const int primary = code & 0xff;
    if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE)
        return LG_OK;
    db->failure = primary;
    switch (primary) {
    case SQLITE_FULL:
        return LG_DISK_FULL;
    case SQLITE_IOERR: {
        if (code == SQLITE_IOERR_DATA)
            return LG_CORRUPT; /* pages.h */
        int system = sqlite3_system_errno(db->handle);
        if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
            db->sync_failed = true;
        return system == ENOSPC || system == EFBIG || system == EDQUOT ? LG_DISK_FULL : LG_IO;
    }
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return LG_BUSY;
    case SQLITE_NOMEM:
        return LG_NO_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return LG_CORRUPT;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return LG_IO;
    case SQLITE_CONSTRAINT: {
        int extended = sqlite3_extended_errcode(db->handle);
        return extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY
                   ? LG_ALREADY_EXISTS
                   : LG_INTERNAL;
    }
    default:
        return LG_INTERNAL;
    }
}

/* After opening, statements may not change the schema, attach other databases or change settings, and what is
 * append-only cannot even be named in an UPDATE or DELETE. The triggers and the chain say the same again. */
static int authorize(void *unused, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
    static const char *const append_only[] = {"entries", "disclosures", "commands", "nodes", "checkpoints"};
    (void)unused, (void)second, (void)database, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
    case SQLITE_INSERT:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return SQLITE_OK;
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        for (size_t i = 0; i < sizeof append_only / sizeof *append_only; i++)
            if (strcmp(first, append_only[i]) == 0)
                return SQLITE_DENY;
        return SQLITE_OK;
    case SQLITE_PRAGMA:
        return strcmp(first, "integrity_check") == 0 ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

static int note_wal_pages(void *db, sqlite3 *handle, const char *name, int pages)
{
    (void)handle, (void)name;
    ((lg_db *)db)->wal_pages = pages;
    return SQLITE_OK;
}

static lg_err run_script(lg_db *db, const char *sql, lg_report *report)
{
    lg_err err = map_error(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
    return err ? lg_fail(report, err, "The database refused a setting or migration: %s.", lg_db_message(db))
               : LG_OK;
}

static lg_err schema_version(lg_db *db, size_t *out)
{
    static const lg_sql version = {"PRAGMA user_version"};
    lg_query q = lg_query_start(db, &version);
    *out = lg_query_next(&q) ? (size_t)lg_column_int(&q, 0) : 0;
    return lg_query_end(&q);
}

static bool is_reader(lg_db_mode mode)
{
    return mode == LG_DB_READER || mode == LG_DB_EXAMINER || mode == LG_DB_SIDE_READER;
}

static bool is_rebuilt(lg_db_mode mode)
{
    return mode == LG_DB_REBUILD || mode == LG_DB_STATE;
}

enum { APPLICATION_ID = 0x54414c37 /* "TAL7"; "TALY" and "TAL1" to "TAL6" were before the first release */ };

static lg_err application_of(lg_db *db, int64_t *out)
{
    static const lg_sql application = {"PRAGMA application_id"};
    lg_query q = lg_query_start(db, &application);
    *out = lg_query_next(&q) ? lg_column_int(&q, 0) : 0;
    return lg_query_end(&q);
}

/* A ledger says whose file it is (PRAGMA application_id, set with the first migration). Those made by
 * programs from before the first release say nothing or another word: their rows are numbered otherwise, or
 * lack what statements are made from, and cannot be brought over. */
static lg_err check_application(lg_db *db, lg_report *report)
{
    int64_t application;
    lg_err err = application_of(db, &application);
    if (!err && application != APPLICATION_ID)
        err = lg_fail(report, LG_SCHEMA_UNKNOWN,
                      "The database is no ledger of this program, or one from before its first release.");
    return err;
}

static lg_err migrate(lg_db *db, lg_report *report)
{
    bool side = db->mode == LG_DB_SIDE || db->mode == LG_DB_SIDE_READER;
    const char *const *migrations = side ? lg_side_migrations : lg_schema_migrations;
    const size_t count = side ? lg_side_migration_count : lg_schema_migration_count;
    size_t version;
    lg_err err = schema_version(db, &version);
    if (err)
        return lg_fail(report, err, "The database cannot be read: %s.", lg_db_message(db));
    if (version > count)
        return lg_fail(report, LG_SCHEMA_UNKNOWN,
                       "The database has schema version %zu, this program knows up to %zu.", version, count);
    if (version > 0 && !side) {
        err = check_application(db, report);
        if (err)
            return err;
    }
    if (version < count && db->mode == LG_DB_STATE)
        return lg_fail(report, LG_SCHEMA_UNKNOWN,
                       "The database has schema version %zu, this program's is %zu.", version, count);
    if (version < count && is_reader(db->mode))
        return lg_fail(report, LG_SCHEMA_UNKNOWN,
                       "The database has schema version %zu and must be migrated by its server first.",
                       version);
    for (; version < count && !err; version++) {
        char bump[96];
        snprintf(bump, sizeof bump, "PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT;",
                 side ? 0 : APPLICATION_ID, version + 1);
        err = run_script(db, "BEGIN IMMEDIATE", report);
        if (!err)
            err = run_script(db, migrations[version], report);
        if (!err)
            err = run_script(db, bump, report);
        if (err)
            lg_db_rollback(db);
    }
    return err;
}

static const lg_sql rollback = {"ROLLBACK"};
static sqlite3_stmt *prepared(lg_db *db, const lg_sql *sql, lg_err *err);

static int cache_kib(lg_db_mode mode)
{
    return is_reader(mode) ? READER_CACHE_KIB : is_rebuilt(mode) ? REBUILD_CACHE_KIB : WRITER_CACHE_KIB;
}

static lg_err configure(lg_db *db, lg_report *report)
{
    char cache[64];
    snprintf(cache, sizeof cache, "PRAGMA cache_size = -%d", cache_kib(db->mode));
    if (db->mode == LG_DB_EXAMINER)
        lg_pages_trust(db->handle);
    if (db->mode == LG_DB_WRITER || db->mode == LG_DB_SIDE)
        lg_pages_ask(db->handle);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, !is_rebuilt(db->mode), NULL);
    lg_err err = run_script(db, "PRAGMA temp_store = MEMORY", report);
    if (!err)
        err = run_script(db, cache, report);
    if (!err && (db->mode == LG_DB_WRITER || db->mode == LG_DB_SIDE)) {
        sqlite3_wal_hook(db->handle, note_wal_pages, db); /* replaces the automatic checkpoint */
        err = run_script(db, "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864", report);
        if (!err)
            err = run_script(
                db, db->mode == LG_DB_SIDE ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
                report);
    }
    if (!err && db->mode == LG_DB_REBUILD)
        err = run_script(
            db, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF", report);
    if (!err && db->mode == LG_DB_STATE)
        err = run_script(db, "PRAGMA temp_store = FILE; PRAGMA secure_delete = OFF", report);
    if (!err)
        err = migrate(db, report);
    if (!err)
        sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &db->file);
    if (!err)
        sqlite3_set_authorizer(db->handle, authorize, NULL);
    if (!err) /* which must not need memory when there is none */
        (void)prepared(db, &rollback, &err);
    return err;
}

/* SQLite counts every allocation under one lock of the process, which the HTTP threads and the writer would
 * fight over. */
static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    lg_page_cache_install();
    lg_pages_install();
}

lg_err lg_db_open(const char *path, lg_db_mode mode, lg_db **out, lg_report *report)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    lg_db *db = calloc(1, sizeof *db);
    if (!db)
        return LG_NO_MEMORY;
    pthread_once(&once, configure_library);
    db->mode = mode;
    db->packer = lg_packer_open();
    int flags = is_reader(mode)       ? SQLITE_OPEN_READONLY
                : mode == LG_DB_STATE ? SQLITE_OPEN_READWRITE
                                      : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(mode == LG_DB_SCRATCH ? ":memory:" : path, &db->handle,
                               flags | SQLITE_OPEN_NOMUTEX, NULL);
    lg_err err = code == SQLITE_OK
                     ? configure(db, report)
                     : lg_fail(report, map_error(db, code), "%s: %s.", path, sqlite3_errstr(code));
    if (err) {
        lg_db_close(db);
        return err;
    }
    *out = db;
    return LG_OK;
}

lg_err lg_db_define(lg_db *db, const char *sql)
{
    sqlite3_set_authorizer(db->handle, NULL, NULL);
    lg_err err = run_script(db, sql, NULL);
    sqlite3_set_authorizer(db->handle, authorize, NULL);
    return err;
}

lg_err lg_db_set_cache(lg_db *db, int kib)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA cache_size = -%d", kib ? kib : cache_kib(db->mode));
    return lg_db_define(db, sql);
}

void lg_db_close(lg_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < STATEMENT_SLOTS; i++)
        sqlite3_finalize(db->slots[i].statement);
    /* Of what was moved something may be lost. What the WAL has of it must not go: it is moved again when the
     * database is opened. */
    if (db->sync_failed || db->keeps_wal)
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(db->handle);
    lg_known_close(db->known);
    lg_packer_close(db->packer);
    free(db);
}

lg_known *lg_db_known(const lg_db *db)
{
    return db->known;
}

void lg_db_remember(lg_db *db, lg_known *known_take)
{
    lg_known_close(db->known);
    db->known = known_take;
}

void lg_db_unsettle(lg_db *db)
{
    db->unsettled = true;
    lg_known_forget(db->known);
}

/* Entries were taken back, perhaps, and changes of who is who; what was read of them since must not stay.
 */
static void settle_back(lg_db *db)
{
    lg_known_forget_entries(db->known);
    if (!db->unsettled)
        return;
    lg_known_forget(db->known);
    lg_known_forget_numbers(db->known);
}

bool lg_db_was_unsettled(lg_db *db)
{
    const bool was = db->unsettled;
    db->unsettled = false;
    return was;
}

lg_packer *lg_db_packer(lg_db *db)
{
    return db->packer;
}

const char *lg_db_message(const lg_db *db)
{
    return sqlite3_errmsg(db->handle);
}

static lg_err run(lg_db *db, const lg_sql *sql)
{
    lg_query q = lg_query_start(db, sql);
    return lg_query_run(&q);
}

lg_err lg_db_begin(lg_db *db)
{
    static const lg_sql immediate = {"BEGIN IMMEDIATE"}, deferred = {"BEGIN"};
    return run(db, is_reader(db->mode) ? &deferred : &immediate);
}

/* Behind a write or sync that failed, the frame that ends the transaction may be on the disk all the same,
 * and opening anew would find it there. Without room, or with a broken constraint, it is not. */
lg_err lg_db_commit(lg_db *db)
{
    static const lg_sql commit = {"COMMIT"};
    db->failure = 0;
    lg_err err = run(db, &commit);
    const bool undone =
        db->failure == SQLITE_FULL || db->failure == SQLITE_CONSTRAINT || db->failure == SQLITE_BUSY;
    return err && !undone ? LG_OUTCOME_UNKNOWN : err;
}

void lg_db_rollback(lg_db *db)
{
    if (lg_db_in_transaction(db) && run(db, &rollback) != LG_OK && lg_db_in_transaction(db))
        lg_die("rollback failed: %s", lg_db_message(db));
    settle_back(db);
}

bool lg_db_in_transaction(const lg_db *db)
{
    return !sqlite3_get_autocommit(db->handle);
}

lg_err lg_db_savepoint(lg_db *db, unsigned depth)
{
    static const lg_sql open[SAVEPOINT_DEPTHS] = {
        {"SAVEPOINT s0"}, {"SAVEPOINT s1"}, {"SAVEPOINT s2"}, {"SAVEPOINT s3"}};
    return run(db, &open[depth]);
}

lg_err lg_db_release(lg_db *db, unsigned depth)
{
    static const lg_sql release[SAVEPOINT_DEPTHS] = {
        {"RELEASE s0"}, {"RELEASE s1"}, {"RELEASE s2"}, {"RELEASE s3"}};
    return run(db, &release[depth]);
}

lg_err lg_db_rollback_to(lg_db *db, unsigned depth)
{
    static const lg_sql back[SAVEPOINT_DEPTHS] = {
        {"ROLLBACK TO s0"}, {"ROLLBACK TO s1"}, {"ROLLBACK TO s2"}, {"ROLLBACK TO s3"}};
    lg_err err = run(db, &back[depth]);
    settle_back(db);
    return err ? err : lg_db_release(db, depth);
}

lg_err lg_db_checkpoint(lg_db *db)
{
    int in_wal = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_PASSIVE, &in_wal, &moved);
    if ((code & 0xff) == SQLITE_BUSY)
        return LG_OK; /* a reader is in the way; the next one gets further */
    if (in_wal == moved)
        db->wal_pages = 0; /* the next commit starts the file over */
    return map_error(db, code);
}

void lg_db_keep_wal(lg_db *db)
{
    db->keeps_wal = true;
}

bool lg_db_sync_failed(const lg_db *db)
{
    return db->sync_failed;
}

void lg_db_sync(lg_db *db)
{
    if (db->file && db->file->pMethods &&
        db->file->pMethods->xSync(db->file, SQLITE_SYNC_NORMAL) != SQLITE_OK)
        db->sync_failed = true;
}

int lg_db_wal_pages(const lg_db *db)
{
    return db->wal_pages;
}

int64_t lg_db_changes(const lg_db *db)
{
    return sqlite3_changes64(db->handle);
}

/* The connection's prepared statement for sql: open addressing over the address of the static text. */
static sqlite3_stmt *prepared(lg_db *db, const lg_sql *sql, lg_err *err)
{
    size_t at = ((uintptr_t)sql / sizeof *sql * UINT64_C(0x9e3779b97f4a7c15)) >> 55;
    for (size_t tried = 0; db->slots[at].sql != sql; tried++) {
        if (tried == STATEMENT_SLOTS)
            lg_die("more than %d statements", STATEMENT_SLOTS);
        if (!db->slots[at].sql) {
            sqlite3_stmt *statement = NULL;
            int code =
                sqlite3_prepare_v3(db->handle, sql->text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
            *err = map_error(db, code);
            if (*err)
                return NULL;
            db->slots[at].sql = sql;
            db->slots[at].statement = statement;
            break;
        }
        at = (at + 1) % STATEMENT_SLOTS;
    }
    return db->slots[at].statement;
}

lg_query lg_query_start(lg_db *db, const lg_sql *sql)
{
    lg_query query = {.db = db};
    query.statement = prepared(db, sql, &query.err);
    return query;
}

lg_query lg_query_start_once(lg_db *db, const char *sql)
{
    lg_query query = {.db = db, .once = true};
    sqlite3_stmt *statement = NULL;
    query.err = map_error(db, sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL));
    query.statement = statement;
    return query;
}

static void bound(lg_query *query, int code)
{
    if (!query->err)
        query->err = map_error(query->db, code);
}

void lg_bind_int(lg_query *query, int at, int64_t value)
{
    bound(query, sqlite3_bind_int64(query->statement, at, value));
}

void lg_bind_int_or_null(lg_query *query, int at, int64_t value)
{
    bound(query,
          value ? sqlite3_bind_int64(query->statement, at, value) : sqlite3_bind_null(query->statement, at));
}

void lg_bind_text(lg_query *query, int at, const char *text)
{
    bound(query, text ? sqlite3_bind_text(query->statement, at, text, -1, SQLITE_STATIC)
                      : sqlite3_bind_null(query->statement, at));
}

void lg_bind_blob(lg_query *query, int at, const void *data, size_t len)
{
    bound(query, data ? sqlite3_bind_blob64(query->statement, at, data, len, SQLITE_STATIC)
                      : sqlite3_bind_null(query->statement, at));
}

void lg_bind_uuid(lg_query *query, int at, const lg_uuid *id)
{
    lg_bind_blob(query, at, id->b, sizeof id->b);
}

bool lg_query_next(lg_query *query)
{
    if (query->err)
        return false;
    int code = sqlite3_step(query->statement);
    query->err = map_error(query->db, code);
    return code == SQLITE_ROW;
}

void lg_query_again(lg_query *query)
{
    if (!query->err)
        sqlite3_reset(query->statement);
}

lg_err lg_query_end(lg_query *query)
{
    if (!query->statement)
        return query->err;
    if (query->once) {
        sqlite3_finalize(query->statement);
    } else {
        sqlite3_reset(query->statement);
        sqlite3_clear_bindings(query->statement);
    }
    query->statement = NULL;
    return query->err;
}

lg_err lg_query_run(lg_query *query)
{
    while (lg_query_next(query))
        ;
    return lg_query_end(query);
}

int64_t lg_db_changes_ever(const lg_db *db)
{
    return sqlite3_total_changes64(db->handle);
}

int64_t lg_column_int(lg_query *query, int at)
{
    return sqlite3_column_int64(query->statement, at);
}

bool lg_column_is_null(lg_query *query, int at)
{
    return sqlite3_column_type(query->statement, at) == SQLITE_NULL;
}

char *lg_column_text(lg_query *query, int at, lg_arena *arena)
{
    const unsigned char *text = sqlite3_column_text(query->statement, at);
    return text ? lg_arena_strndup(arena, text, (size_t)sqlite3_column_bytes(query->statement, at)) : NULL;
}

lg_bytes lg_column_borrow(lg_query *query, int at)
{
    const void *data = sqlite3_column_blob(query->statement, at);
    return lg_bytes_of(data, (size_t)sqlite3_column_bytes(query->statement, at));
}

lg_bytes lg_column_blob(lg_query *query, int at, lg_arena *arena)
{
    return lg_arena_copy(arena, lg_column_borrow(query, at));
}

void lg_column_fixed(lg_query *query, int at, void *out, size_t len)
{
    const void *data = sqlite3_column_blob(query->statement, at);
    if (data && (size_t)sqlite3_column_bytes(query->statement, at) == len) {
        memcpy(out, data, len);
        return;
    }
    memset(out, 0, len);
    if (!query->err)
        query->err = LG_CORRUPT;
}
