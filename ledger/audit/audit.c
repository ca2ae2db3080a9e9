#include "ledger/audit/internal.h"

#include "ledger/base/text.h"
#include "ledger/crypto/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SNAPSHOT_ATTEMPTS = 10000,
    COMMAND_MEMORY = 256 * 1024, /* bytes, enough for nearly every one */
};

static LG_PRINTF(4, 0) void find(lg_audit *audit, const char *table, const char *key, const char *fmt,
                                 va_list args)
{
    char detail[1024];
    vsnprintf(detail, sizeof detail, fmt, args);
    /* Tampered bytes may be anything; a report is text. */
    if (!lg_text_is_utf8(lg_bytes_str(detail)))
        for (char *c = detail; *c; c++)
            *c = (unsigned char)*c < 0x80 ? *c : '?';
    audit->summary->findings++;
    audit->config->finding(audit->config->ctx, table, key, detail);
}

void lg_audit_find(lg_audit *audit, const char *table, const char *key, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    find(audit, table, key, fmt, args);
    va_end(args);
}

void lg_audit_find_at(lg_audit *audit, const char *table, int64_t seq, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    find(audit, table, lg_audit_seq_key(audit, seq), fmt, args);
    va_end(args);
}

void lg_audit_differ(void *audit, const char *table, const char *key, const char *detail)
{
    lg_audit_find(audit, table, key, "%s", detail);
}

const char *lg_audit_seq_key(const lg_audit *audit, int64_t seq)
{
    return lg_arena_printf(audit->arena, "%lld", (long long)seq);
}

/* Before the snapshot, so that a server's commits meanwhile cannot make it look newer than the database. */
static void read_head(lg_audit *audit, lg_report *report)
{
    lg_err err = lg_head_peek(lg_arena_printf(audit->arena, "%s/head", audit->config->dir), audit->arena,
                              &audit->head, report);
    audit->has_head = err == LG_OK;
    if (err)
        lg_audit_find(audit, "head", "", "the head file cannot be read: %s",
                      report->detail ? report->detail : lg_err_slug(err));
    else if (strcmp(audit->head.origin, audit->config->origin) != 0)
        lg_audit_find(audit, "head", "", "the head file is of the ledger %s", audit->head.origin);
}

static lg_err check_head(lg_audit *audit)
{
    lg_hash root;
    int64_t size = lg_edge_size(audit->edge);
    if (!audit->has_head)
        return LG_OK;
    /* It may lag by what was being committed just then. */
    if (audit->head.size > size) {
        lg_audit_find(audit, "head", lg_audit_seq_key(audit, audit->head.size),
                      "the head file knows %lld entries, the database has %lld: it is older",
                      (long long)audit->head.size, (long long)size);
        return LG_OK;
    }
    lg_err err = lg_tree_root(lg_edge_read, audit->edge, audit->head.size, &root);
    if (!err && !lg_hash_equal(&root, &audit->head.root))
        lg_audit_find(audit, "head", lg_audit_seq_key(audit, audit->head.size),
                      "the head file's root is not that of the entries");
    return err;
}

/* The tree's hashes that are in no full row, and so in no table that is compared. */
static lg_err check_tail(lg_audit *audit)
{
    lg_tree_tail is, should;
    lg_edge_tail(audit->edge, &should);
    lg_err err = lg_tree_tail_get(audit->actual, &is);
    if (err && err != LG_CORRUPT)
        return err;
    if (err || is.size != should.size ||
        memcmp(is.hashes, should.hashes, lg_tail_count(is.size) * sizeof *is.hashes) != 0)
        lg_audit_find(audit, "writer", "1",
                      "the end of the tree, in the writer's row, is not that of the entries");
    return LG_OK;
}

/* The writer's row counts commits, each of which left one checkpoint; and every command left an entry. */
static lg_err check_counts(lg_audit *audit)
{
    lg_writer_row right;
    const lg_log_counts counts = audit->counts;
    lg_err err = lg_writer_get(audit->actual, &right);
    if (err)
        return err;
    if (right.seq != lg_edge_size(audit->edge) || !lg_hash_equal(&right.hash, &audit->last_leaf))
        lg_audit_find(audit, "writer", "1", "the writer's row does not name the last entry");
    else
        err = check_tail(audit);
    if (err)
        return err;
    const int64_t commits = right.beat - audit->before.beat;
    if (counts.checkpoints != commits)
        lg_audit_find(audit, "checkpoints", "", "there are %lld, the writer's row counts %lld commits",
                      (long long)counts.checkpoints, (long long)commits);
    if (counts.commands != audit->summary->commands)
        lg_audit_find(audit, "commands", "", "there are %lld, the entries were caused by %lld",
                      (long long)counts.commands, (long long)audit->summary->commands);
    if (counts.stray_disclosures)
        lg_audit_find(audit, "disclosures", "", "%lld belong to no entry",
                      (long long)counts.stray_disclosures);
    return LG_OK;
}

/* ---- opening and closing ---- */

static lg_err begin_snapshots(lg_db **all, size_t count, bool *same)
{
    lg_writer_row first = {0}, right;
    lg_err err = LG_OK;
    *same = true;
    for (size_t i = 0; i < count && !err; i++) {
        err = lg_db_begin(all[i]);
        if (!err)
            err = lg_writer_get(all[i], i ? &right : &first);
        *same = *same && (i == 0 || err || right.beat == first.beat);
    }
    return err;
}

/* All connections in one snapshot: a server that commits in between makes another attempt necessary. */
static lg_err share_snapshot(lg_audit *audit, lg_report *report)
{
    lg_db *all[LG_AUDIT_THREADS_MAX + 1];
    size_t count = audit->thread_count + 1;
    memcpy(all, audit->actuals, audit->thread_count * sizeof *all);
    all[audit->thread_count] = audit->actual;
    for (int attempt = 0; attempt < SNAPSHOT_ATTEMPTS; attempt++) {
        bool same;
        lg_err err = begin_snapshots(all, count, &same);
        if (err || same)
            return err;
        for (size_t i = 0; i < count; i++)
            lg_db_rollback(all[i]);
    }
    return lg_fail(report, LG_BUSY, "The server commits so often that the audit finds no moment to begin.");
}

static lg_err open_actual(lg_audit *audit, lg_report *report)
{
    const char *path = lg_arena_printf(audit->arena, "%s/ledger.db", audit->config->dir);
    lg_hash root;
    lg_err err = lg_db_open(path, LG_DB_EXAMINER, &audit->actual, report);
    for (size_t i = 0; i < audit->thread_count && !err; i++)
        err = lg_db_open(path, LG_DB_EXAMINER, &audit->actuals[i], report);
    if (!err)
        err = share_snapshot(audit, report);
    return err ? err : lg_checkpoint_latest(audit->actual, &audit->size, &root);
}

static size_t thread_count(const lg_audit_config *config)
{
    long cores = config->threads ? (long)config->threads : sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > LG_AUDIT_THREADS_MAX ? LG_AUDIT_THREADS_MAX : (size_t)cores;
}

static lg_err open_audit(lg_audit *audit, lg_report *report)
{
    const lg_audit_config *config = audit->config;
    const char *key_path = lg_arena_printf(audit->arena, "%s/keys/hash.key", config->dir);
    audit->thread_count = thread_count(config);
    read_head(audit, report);
    lg_err err = lg_secret_file_read(key_path, audit->hash_key, sizeof audit->hash_key, report);
    if (!err)
        err = open_actual(audit, report);
    return err ? err : lg_audit_state_open(audit, report);
}

static void close_db(lg_db *db)
{
    if (db)
        lg_db_rollback(db);
    lg_db_close(db);
}

static void close_audit(lg_audit *audit)
{
    lg_edge_close(audit->edge);
    for (size_t i = 0; i < audit->thread_count; i++) {
        close_db(audit->actuals[i]);
        close_db(audit->rebuilts[i]);
    }
    close_db(audit->rebuilt);
    close_db(audit->actual);
    lg_wipe(audit->hash_key, sizeof audit->hash_key);
    lg_audit_state_close(audit);
    lg_arena_close(audit->command_arena);
    lg_arena_close(audit->checkpoints.arena);
    lg_arena_close(audit->arena);
    free(audit);
}

static lg_err check_ends(lg_audit *audit)
{
    lg_err err = check_head(audit);
    return err ? err : check_counts(audit);
}

static lg_err audit_all(lg_audit *audit)
{
    lg_err err = lg_audit_entries(audit);
    if (err == LG_CORRUPT && lg_db_integrity(audit->actual, lg_audit_differ, audit) == LG_OK)
        return err; /* the tables cannot be read: at least it was said what is damaged */
    if (!err)
        err = lg_db_commit(audit->rebuilt);
    if (!err)
        err = lg_audit_checkpoints_end(audit);
    if (!err)
        err = lg_audit_tables(audit);
    return err ? err : check_ends(audit);
}

/* What went before is taken as the earlier audit found it, if it is still that. */
static lg_err audit_since(lg_audit *audit)
{
    bool same;
    audit->summary->before = audit->before.seq;
    lg_err err = lg_audit_state_check(audit, &same);
    if (err || !same)
        return err;
    err = lg_audit_entries(audit);
    if (!err)
        err = lg_audit_state_check_consistency(audit);
    if (!err)
        err = lg_audit_checkpoints_end(audit);
    if (!err)
        err = lg_audit_tables_since(audit);
    if (!err)
        err = lg_log_count(audit->actual, audit->before.seq, &audit->counts);
    return err ? err : check_ends(audit);
}

lg_err lg_audit_run(const lg_audit_config *config, lg_audit_summary *summary, lg_report *report)
{
    lg_audit *audit = calloc(1, sizeof *audit);
    if (!audit)
        lg_die("out of memory");
    *audit = (lg_audit){.config = config,
                        .summary = summary,
                        .arena = lg_arena_open(),
                        .checkpoints.arena = lg_arena_open(),
                        .command_arena = lg_arena_open_wide(COMMAND_MEMORY)};
    *summary = (lg_audit_summary){0};
    lg_err err = open_audit(audit, report);
    if (!err)
        err = lg_db_check_schema(audit->actual, lg_audit_differ, audit);
    if (!err)
        err = audit->before.seq ? audit_since(audit) : audit_all(audit);
    if (!err)
        err = lg_audit_state_keep(audit, report);
    close_audit(audit);
    if (err)
        return err;
    return summary->findings ? lg_fail(report, LG_CORRUPT, "%lld findings.", (long long)summary->findings)
                             : LG_OK;
}
