/* What a clean audit leaves for the next one: the projections as it rebuilt them, with the tree and its head,
 * in audit.db of a folder that is the auditor's. The next audit goes on from there, in one transaction: it is
 * kept when nothing was found, and otherwise, or when the audit is cut short, it never was. */
#include "ledger/audit/internal.h"

#include "ledger/base/file.h"
#include "ledger/store/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- opening ---- */

static lg_err open_new(lg_audit *audit, const char *path, lg_report *report)
{
    lg_err err = lg_db_open(path, LG_DB_REBUILD, &audit->rebuilt, report);
    if (!err)
        err = lg_db_lighten(audit->rebuilt);
    for (size_t i = 0; i < audit->thread_count && !err; i++)
        err = lg_db_open(path, LG_DB_READER, &audit->rebuilts[i], report);
    if (!err)
        lg_db_remember(audit->rebuilt, lg_known_open(NULL));
    if (!err)
        err = lg_db_begin(audit->rebuilt);
    return err ? err : lg_edge_open(lg_node_read, audit->rebuilt, 0, &audit->edge);
}

/* The file has no name once it is open: whatever ends the audit, nothing stays behind. */
static lg_err open_nameless(lg_audit *audit, lg_report *report)
{
    const char *folder = getenv("TMPDIR");
    char *path = lg_arena_printf(audit->arena, "%s/tallystick-audit.XXXXXX", folder ? folder : "/var/tmp");
    int fd = mkstemp(path);
    if (fd < 0)
        return lg_file_fail(report, errno, "creating", path);
    close(fd);
    lg_err err = open_new(audit, path, report);
    unlink(path);
    return err;
}

/* Whoever can change what lies there can make the next audit believe a history that never was. */
static lg_err check_folder(const char *path, lg_report *report)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return lg_file_fail(report, errno, "opening", path);
    if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0)
        return lg_fail(report, LG_IO,
                       "%s must be a folder that is the auditor's, and only its owner can write in.", path);
    return LG_OK;
}

static lg_err open_to_keep(lg_audit *audit, lg_report *report)
{
    snprintf(audit->new_path, sizeof audit->new_path, "%s.new", audit->state_path);
    unlink(audit->new_path); /* of an audit that was cut short */
    int fd = open(audit->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        lg_err err = lg_file_fail(report, errno, "creating", audit->new_path);
        audit->new_path[0] = '\0';
        return err;
    }
    close(fd);
    return open_new(audit, audit->new_path, report);
}

/* Does what was kept hold together? */
static lg_err load_kept(lg_audit *audit)
{
    int64_t size;
    lg_hash root;
    lg_err err = lg_writer_get(audit->rebuilt, &audit->before);
    if (!err)
        err = lg_checkpoint_latest(audit->rebuilt, &size, &audit->root_before);
    if (!err)
        err = lg_edge_open(lg_node_read, audit->rebuilt, size, &audit->edge);
    if (!err)
        err = lg_edge_root(audit->edge, &root);
    if (!err && (size != audit->before.seq || size == 0 || !lg_hash_equal(&root, &audit->root_before)))
        err = LG_CORRUPT;
    return err;
}

static lg_err open_kept(lg_audit *audit, lg_report *report)
{
    lg_err err = lg_db_open(audit->state_path, LG_DB_STATE, &audit->rebuilt, report);
    if (!err)
        lg_db_remember(audit->rebuilt, lg_known_open(NULL));
    if (!err)
        err = lg_db_begin(audit->rebuilt);
    if (err == LG_BUSY)
        return lg_fail(report, LG_BUSY, "Another audit is at work with the state in %s.",
                       audit->config->state);
    if (!err)
        err = load_kept(audit);
    if (err == LG_CORRUPT || err == LG_SCHEMA_UNKNOWN || err == LG_INTERNAL)
        return lg_fail(
            report, LG_SCHEMA_UNKNOWN,
            "The state in %s is damaged, or another version of this program made it. Begin it anew.",
            audit->config->state);
    for (size_t i = 0; i < lg_audit_projection_count && !err; i++)
        err = lg_db_watch(audit->rebuilt, lg_audit_projections[i].table, lg_audit_projections[i].key);
    return err;
}

lg_err lg_audit_state_open(lg_audit *audit, lg_report *report)
{
    const lg_audit_config *config = audit->config;
    if (!config->state)
        return open_nameless(audit, report);
    const int len = snprintf(audit->state_path, sizeof audit->state_path, "%s/audit.db", config->state);
    if (len < 0 || (size_t)len + sizeof ".new" > sizeof audit->state_path)
        return lg_file_fail(report, ENAMETOOLONG, "opening", config->state);
    if (mkdir(config->state, 0700) != 0 && errno != EEXIST)
        return lg_file_fail(report, errno, "creating", config->state);
    lg_err err = check_folder(config->state, report);
    if (err)
        return err;
    if (config->anew || access(audit->state_path, F_OK) != 0)
        return open_to_keep(audit, report);
    return open_kept(audit, report);
}

/* ---- is the registry the one that was audited, and does it go on from there? ---- */

/* The bytes of an entry and their hash; no bytes, and one that nothing has, if it is missing or damaged. */
static lg_err stored_entry(lg_audit *audit, int64_t seq, lg_bytes *body, lg_hash *leaf)
{
    lg_entry_row *row;
    size_t count;
    *body = lg_bytes_str("");
    *leaf = (lg_hash){{0}};
    lg_err err = lg_entry_range(audit->actual, seq, 1, audit->arena, &row, &count);
    if (err || count == 0 || row->seq != seq || row->body_is_damaged)
        return err;
    *body = row->body;
    *leaf = lg_leaf_hash(*body);
    return LG_OK;
}

static lg_err is_other_registry(lg_audit *audit, bool *other)
{
    lg_bytes body;
    lg_hash genesis, leaf;
    lg_err err = lg_edge_read(audit->edge, 0, 0, 1, &genesis);
    if (!err)
        err = stored_entry(audit, 0, &body, &leaf);
    *other = !err && !lg_hash_equal(&leaf, &genesis);
    return err;
}

/* The entry that was the last one then gives the chain its next prev. */
static lg_err check_last_entry(lg_audit *audit)
{
    lg_bytes body;
    lg_hash leaf;
    lg_entry entry;
    const int64_t seq = audit->before.seq - 1;
    lg_err err = stored_entry(audit, seq, &body, &leaf);
    if (err)
        return err;
    if (!lg_hash_equal(&leaf, &audit->before.hash) ||
        lg_entry_parse(audit->arena, body, &entry, NULL) != LG_OK) {
        lg_audit_find(audit, "entries", lg_audit_seq_key(audit, seq),
                      "the bytes are not those that were audited before");
        return LG_OK;
    }
    audit->last_leaf = leaf;
    audit->last_at = entry.at;
    return LG_OK;
}

static lg_err check_before(lg_audit *audit)
{
    const int64_t size = audit->before.seq;
    const char *key = lg_audit_seq_key(audit, size);
    lg_hash root;
    bool other;
    lg_err err = is_other_registry(audit, &other);
    if (err)
        return err;
    if (other) {
        lg_audit_find(audit, "state", "",
                      "the state is that of another registry: its first entry is another");
        return LG_OK;
    }
    if (audit->size < size) {
        lg_audit_find(audit, "entries", key,
                      "%lld entries were audited before, the database has %lld: it is older", (long long)size,
                      (long long)audit->size);
        return LG_OK;
    }
    err = lg_tree_root(lg_node_read, audit->actual, size, &root);
    if (err && err != LG_CORRUPT)
        return err;
    if (err || !lg_hash_equal(&root, &audit->root_before)) {
        lg_audit_find(audit, "nodes", key,
                      "the tree of the first %lld entries has another root than when they were audited",
                      (long long)size);
        return LG_OK;
    }
    return check_last_entry(audit);
}

lg_err lg_audit_state_check(lg_audit *audit, bool *same)
{
    const int64_t found_before = audit->summary->findings;
    lg_err err = check_before(audit);
    *same = audit->summary->findings == found_before;
    return err;
}

lg_err lg_audit_state_check_consistency(lg_audit *audit)
{
    const int64_t old_size = audit->before.seq, size = lg_edge_size(audit->edge);
    lg_proof proof;
    lg_hash root;
    lg_err err = lg_edge_root(audit->edge, &root);
    if (err || size > audit->size)
        return err; /* what lies beyond was reported */
    err = lg_tree_prove_consistency(lg_node_read, audit->actual, old_size, size, &proof);
    if (!err)
        err = lg_verify_consistency(old_size, &audit->root_before, size, &root, proof.hashes, proof.count);
    if (err != LG_CORRUPT && err != LG_PROOF_INVALID)
        return err;
    lg_audit_find(
        audit, "nodes", lg_audit_seq_key(audit, size),
        "the stored tree does not prove that it goes on from that of the %lld entries audited before",
        (long long)old_size);
    return LG_OK;
}

/* ---- keeping ---- */

static lg_err mark(lg_audit *audit)
{
    lg_writer_row is, next;
    lg_tree_tail tail;
    lg_hash root;
    lg_err err = lg_db_in_transaction(audit->rebuilt) ? LG_OK : lg_db_begin(audit->rebuilt);
    if (!err)
        err = lg_writer_get(audit->rebuilt, &is);
    if (!err)
        err = lg_writer_get(audit->actual, &next);
    if (!err)
        err = lg_edge_root(audit->edge, &root);
    lg_edge_tail(audit->edge, &tail);
    if (!err)
        err = lg_writer_swap(audit->rebuilt, &is, &next, &tail, "audit");
    if (!err && next.seq > audit->before.seq)
        err = lg_checkpoint_insert(audit->rebuilt, next.seq, &root);
    return err ? err : lg_db_commit(audit->rebuilt);
}

/* A transaction that was cut short leaves a journal, from which SQLite would bring back the old state's pages
 * into the new one. The state goes first: without its journal it is worth nothing. */
static bool remove_kept(const char *path)
{
    char journal[LG_AUDIT_PATH_MAX + sizeof "-journal"];
    snprintf(journal, sizeof journal, "%s-journal", path);
    return (unlink(path) == 0 || errno == ENOENT) && (unlink(journal) == 0 || errno == ENOENT);
}

/* Under its name only when it is whole, and on the disk. */
static lg_err publish(lg_audit *audit, lg_report *report)
{
    int fd = open(audit->new_path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0 && remove_kept(audit->state_path) &&
                rename(audit->new_path, audit->state_path) == 0;
    lg_err err = good ? LG_OK : lg_file_fail(report, errno, "writing", audit->new_path);
    if (fd >= 0)
        close(fd);
    if (err)
        return err;
    audit->new_path[0] = '\0';
    return lg_file_sync_parent(audit->state_path, report);
}

lg_err lg_audit_state_keep(lg_audit *audit, lg_report *report)
{
    if (!audit->config->state || audit->summary->findings)
        return LG_OK;
    lg_err err = mark(audit);
    return err || !audit->new_path[0] ? err : publish(audit, report);
}

void lg_audit_state_close(lg_audit *audit)
{
    if (audit->new_path[0])
        unlink(audit->new_path);
}
