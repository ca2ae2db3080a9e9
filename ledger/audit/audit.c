#include "ledger/audit/internal.h"

#include "ledger/base/text.h"
#include "ledger/crypto/secret.h"
#include "ledger/store/invariants.h"

#include <stdio.h>
#include <string.h>

enum { ENTRIES_AT_ONCE = 500 };

void lg_audit_find(lg_audit *audit, const char *table, const char *key, const char *fmt, ...)
{
    char detail[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    /* Tampered bytes may be anything; a report is text. */
    if (!lg_text_is_utf8(lg_bytes_str(detail)))
        for (char *c = detail; *c; c++)
            *c = (unsigned char)*c < 0x80 ? *c : '?';
    audit->summary->findings++;
    audit->config->finding(audit->config->ctx, table, key, detail);
}

static void differ(void *ctx, const char *table, const char *key, const char *detail)
{
    lg_audit_find(ctx, table, key, "%s", detail);
}

static const char *seq_key(const lg_audit *audit, int64_t seq)
{
    return lg_arena_printf(audit->arena, "%lld", (long long)seq);
}

/* ---- one entry ---- */

/* Digests are sorted, so a binary search finds them. */
static bool has_digest(const lg_entry *entry, const char *digest)
{
    size_t low = 0, high = entry->digest_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(entry->digests[middle], digest);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Splits the stored disclosures, holds each against the entry's digests, and reads the facts. */
static void read_facts(lg_audit *audit, const lg_entry *entry, const char *disclosures, lg_fact *facts,
                       size_t *count)
{
    const char *key = seq_key(audit, entry->seq);
    *count = 0;
    for (const char *at = disclosures; *at;) {
        size_t len = strcspn(at, "~");
        lg_bytes disclosure = lg_bytes_of(at, len);
        if (*count == LG_ENTRY_FACTS_MAX || !has_digest(entry, lg_disclosure_digest(disclosure).s))
            lg_audit_find(audit, "disclosures", key, "disclosure %zu does not belong to the entry's digests",
                          *count + 1);
        else if (lg_disclosure_parse(audit->command_arena, disclosure, &facts[*count], NULL) != LG_OK)
            lg_audit_find(audit, "disclosures", key, "disclosure %zu is malformed", *count + 1);
        else
            ++*count;
        at += len + (at[len] == '~');
    }
    audit->summary->facts += (int64_t)*count;
    if (*count != entry->digest_count)
        lg_audit_find(audit, "disclosures", key, "%zu of the entry's %zu facts are there", *count,
                      entry->digest_count);
}

static void check_chain(lg_audit *audit, const lg_entry *entry, int64_t expected_seq)
{
    const char *key = seq_key(audit, expected_seq);
    if (entry->seq != expected_seq)
        lg_audit_find(audit, "entries", key, "the entry says it is number %lld", (long long)entry->seq);
    if (!lg_hash_equal(&entry->prev, &audit->last_leaf))
        lg_audit_find(audit, "entries", key,
                      "prev is not the leaf hash of the entry before: the chain is broken here");
    if (entry->at < audit->last_at)
        lg_audit_find(audit, "entries", key, "at goes back in time");
    if (expected_seq == 0 && (!entry->origin || strcmp(entry->origin, audit->config->origin) != 0 ||
                              !entry->vkey || strcmp(entry->vkey, audit->config->vkey) != 0))
        lg_audit_find(audit, "entries", key, "genesis names another origin or verifier key");
}

static lg_err grow_tree(lg_audit *audit, const lg_hash *leaf)
{
    lg_new_node nodes[LG_TILE_LEVELS + 1];
    unsigned count = lg_edge_append(audit->edge, leaf, nodes);
    lg_err err = LG_OK;
    for (unsigned i = 0; i < count && !err; i++)
        err = lg_node_insert(audit->rebuilt, &nodes[i]);
    return err;
}

static lg_err project(lg_audit *audit, const lg_entry *entry, const lg_event *event)
{
    /* Facts, event and result live as long as the command: its answer is judged after its last entry. */
    lg_result *result = lg_audit_next_result(audit);
    const lg_apply apply = {
        .db = audit->rebuilt,
        .arena = audit->command_arena,
        .hash_key = audit->hash_key,
        .seq = entry->seq,
        .at = entry->at,
        .payload = audit->command.payload,
    };
    lg_err err = lg_event_apply(&apply, event, result);
    if (err == LG_NO_MEMORY || err == LG_IO || err == LG_DISK_FULL)
        return err;
    if (err)
        lg_audit_find(audit, "entries", seq_key(audit, entry->seq),
                      "the event %s is impossible at this point: %s", entry->type, lg_err_slug(err));
    if (!result->has_entry)
        result->entry.seq = entry->seq;
    result->has_entry = true;
    if (!err)
        lg_audit_command_projected(audit, entry);
    return LG_OK;
}

static lg_err check_entry(lg_audit *audit, int64_t seq, const lg_entry_row *row)
{
    lg_report report;
    lg_entry entry;
    lg_event event;
    lg_fact *facts = lg_arena_array(audit->arena, LG_ENTRY_FACTS_MAX, sizeof *facts);
    size_t fact_count = 0;
    lg_hash leaf = lg_leaf_hash(row->body);
    lg_report_init(&report, audit->arena);
    lg_err err = lg_entry_insert(audit->rebuilt, seq, lg_bytes_str("{}"), "");
    if (!err)
        err = grow_tree(audit, &leaf);
    if (err)
        return err;
    if (row->seq != seq) {
        lg_audit_find(audit, "entries", seq_key(audit, seq), "the entry is missing");
        return LG_OK;
    }
    if (lg_entry_parse(audit->arena, row->body, &entry, &report) != LG_OK) {
        lg_audit_find(audit, "entries", seq_key(audit, seq), "the bytes are not an entry: %s",
                      report.detail ? report.detail : "");
        audit->last_leaf = leaf;
        return LG_OK;
    }
    check_chain(audit, &entry, seq);
    entry.seq = seq; /* what it says of itself was just judged; from here on its place counts */
    audit->last_leaf = leaf;
    audit->last_at = entry.at;
    err = lg_audit_command_begin(audit, &entry);
    if (err)
        return err;
    read_facts(audit, &entry, row->disclosures, facts, &fact_count);
    if (lg_event_decode(audit->command_arena, entry.type, facts, fact_count, &event, &report) != LG_OK) {
        lg_audit_find(audit, "disclosures", seq_key(audit, seq), "%s", report.detail);
        return LG_OK;
    }
    lg_audit_command_check(audit, &entry, &event);
    return project(audit, &entry, &event);
}

/* ---- all entries ---- */

/* Checkpoints are the tree heads that were signed and answered with. */
static lg_err check_checkpoints(lg_audit *audit)
{
    int64_t after = 0;
    size_t count;
    do {
        int64_t *sizes;
        lg_hash *roots, root;
        lg_arena_reset(audit->arena);
        lg_err err =
            lg_checkpoint_range(audit->actual, after, ENTRIES_AT_ONCE, audit->arena, &sizes, &roots, &count);
        for (size_t i = 0; i < count && !err; i++) {
            after = sizes[i];
            if (sizes[i] > lg_edge_size(audit->edge)) {
                lg_audit_find(audit, "checkpoints", seq_key(audit, sizes[i]),
                              "a tree of this size was signed, the entries are fewer");
                continue;
            }
            err = lg_tree_root(lg_edge_read, audit->edge, sizes[i], &root);
            if (!err && !lg_hash_equal(&root, &roots[i]))
                lg_audit_find(audit, "checkpoints", seq_key(audit, sizes[i]),
                              "the root is not that of the entries");
        }
        if (err)
            return err;
    } while (count > 0);
    if (after != lg_edge_size(audit->edge))
        lg_audit_find(audit, "checkpoints", seq_key(audit, after),
                      "the newest checkpoint does not cover all entries");
    return LG_OK;
}

static lg_err check_entries(lg_audit *audit)
{
    int64_t seq = 0;
    lg_arena *batch = lg_arena_open();
    lg_err err = LG_OK;
    while (!err) {
        lg_entry_row *rows;
        size_t count;
        lg_arena_reset(batch);
        err = lg_entry_range(audit->actual, seq, ENTRIES_AT_ONCE, batch, &rows, &count);
        if (err || count == 0)
            break;
        for (size_t i = 0; i < count && !err; i++) {
            if (rows[i].seq > seq && seq >= audit->size) {
                lg_audit_find(audit, "entries", seq_key(audit, rows[i].seq),
                              "the entry lies beyond the end of the ledger");
                count = 0; /* and whatever lies behind it */
                break;
            }
            while (!err && seq < rows[i].seq && seq < audit->size) /* a gap: each missing one is named */
                err = check_entry(audit, seq++, &rows[i]);
            if (!err)
                err = check_entry(audit, seq, &rows[i]);
            lg_arena_reset(audit->arena);
            audit->summary->entries++;
            seq++;
        }
        if (audit->config->progress)
            audit->config->progress(audit->config->ctx, seq, audit->size);
        if (count == 0)
            break;
    }
    lg_arena_close(batch);
    return err;
}

/* ---- what the entries make, against what is stored ---- */

static lg_err compare_tables(lg_audit *audit)
{
    static const struct {
        const char *table, *order;
    } projections[] = {
        {"nodes", "level, n"},
        {"participants", "participant_no"},
        {"identifiers", "scheme, value"},
        {"keys", "kid"},
        {"tokens", "token_no"},
        {"token_limits", "token_no, currency"},
        {"four_eyes", "participant_no, currency"},
        {"approvals", "approval_no"},
        {"credit_lines", "participant_no, currency"},
        {"exposures", "participant_no, currency"},
        {"policies", "version"},
        {"receivables", "receivable_no"},
        {"verifications", "receivable_no"},
        {"claims", "claim_no"},
        {"claim_versions", "claim_no, until_seq"},
        {"claim_views", "participant_no, claim_no, source_no"},
        {"grants", "grant_no"},
        {"check_counts", "participant_no, day"},
        {"programs", "program_no"},
        {"program_debtors", "debtor_no, program_no"},
        {"program_draws", "program_no, debtor_no"},
        {"requests", "request_no"},
        {"request_claims", "request_no, place"},
        {"request_lenders", "lender_no, request_no"},
        {"offers", "offer_no"},
        {"financings", "financing_no"},
        {"financing_claims", "financing_no, place"},
        {"payments", "payment_no"},
        {"payment_shares", "payment_no, claim_no"},
        {"proposals", "proposal_no"},
        {"proposal_signers", "proposal_no, place"},
        {"webhooks", "webhook_no"},
        {"history", "subject_no, seq"},
        {"parties", "seq, participant_no, share"},
        {"party_entries", "participant_no, seq"},
        {"movements", "participant_no, account, currency, seq, line"},
    };
    lg_err err = LG_OK;
    for (size_t i = 0; i < sizeof projections / sizeof *projections && !err; i++) {
        lg_audit_table *table = &audit->summary->tables[audit->summary->table_count++];
        table->name = projections[i].table;
        err = lg_db_compare(audit->actual, audit->rebuilt, projections[i].table, projections[i].order, differ,
                            audit, &table->rows);
    }
    return err;
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
        lg_audit_find(audit, "head", seq_key(audit, audit->head.size),
                      "the head file knows %lld entries, the database has %lld: it is older",
                      (long long)audit->head.size, (long long)size);
        return LG_OK;
    }
    lg_err err = lg_tree_root(lg_edge_read, audit->edge, audit->head.size, &root);
    if (!err && !lg_hash_equal(&root, &audit->head.root))
        lg_audit_find(audit, "head", seq_key(audit, audit->head.size),
                      "the head file's root is not that of the entries");
    return err;
}

/* The writer's row counts commits, each of which left one checkpoint; and every command left an entry. */
static lg_err check_counts(lg_audit *audit)
{
    lg_writer_row right;
    lg_log_counts counts;
    lg_err err = lg_writer_get(audit->actual, &right);
    if (!err)
        err = lg_log_count(audit->actual, &counts);
    if (err)
        return err;
    if (right.seq != lg_edge_size(audit->edge) || !lg_hash_equal(&right.hash, &audit->last_leaf))
        lg_audit_find(audit, "writer", "1", "the writer's row does not name the last entry");
    if (counts.checkpoints != right.beat)
        lg_audit_find(audit, "checkpoints", "", "there are %lld, the writer's row counts %lld commits",
                      (long long)counts.checkpoints, (long long)right.beat);
    if (counts.commands != audit->summary->commands)
        lg_audit_find(audit, "commands", "", "there are %lld, the entries were caused by %lld",
                      (long long)counts.commands, (long long)audit->summary->commands);
    if (counts.stray_disclosures)
        lg_audit_find(audit, "disclosures", "", "%lld belong to no entry",
                      (long long)counts.stray_disclosures);
    return LG_OK;
}

static lg_err open_audit(lg_audit *audit, lg_report *report)
{
    const lg_audit_config *config = audit->config;
    lg_hash root;
    const char *key_path = lg_arena_printf(audit->arena, "%s/keys/hash.key", config->dir);
    read_head(audit, report);
    lg_err err = lg_secret_file_read(key_path, audit->hash_key, sizeof audit->hash_key, report);
    if (!err)
        err = lg_db_open(lg_arena_printf(audit->arena, "%s/ledger.db", config->dir), LG_DB_READER,
                         &audit->actual, report);
    if (!err)
        err = lg_db_begin(audit->actual);
    if (!err)
        err = lg_checkpoint_latest(audit->actual, &audit->size, &root);
    if (!err)
        err = lg_db_open(NULL, LG_DB_SCRATCH, &audit->rebuilt, report);
    if (!err)
        err = lg_db_begin(audit->rebuilt);
    if (!err)
        err = lg_edge_open(lg_node_read, audit->rebuilt, 0, &audit->edge);
    return err;
}

lg_err lg_audit_run(const lg_audit_config *config, lg_audit_summary *summary, lg_report *report)
{
    lg_audit audit = {
        .config = config, .summary = summary, .arena = lg_arena_open(), .command_arena = lg_arena_open()};
    *summary = (lg_audit_summary){0};
    lg_err err = open_audit(&audit, report);
    if (!err)
        err = lg_db_integrity(audit.actual, differ, &audit);
    if (!err)
        err = check_entries(&audit);
    if (!err)
        err = check_checkpoints(&audit);
    if (!err)
        err = compare_tables(&audit);
    if (!err)
        err = lg_db_check_invariants(audit.rebuilt, differ, &audit, &summary->invariants);
    if (!err)
        err = check_head(&audit);
    if (!err)
        err = check_counts(&audit);
    lg_edge_close(audit.edge);
    if (audit.rebuilt)
        lg_db_rollback(audit.rebuilt);
    if (audit.actual)
        lg_db_rollback(audit.actual);
    lg_db_close(audit.rebuilt);
    lg_db_close(audit.actual);
    lg_wipe(audit.hash_key, sizeof audit.hash_key);
    lg_arena_close(audit.command_arena);
    lg_arena_close(audit.arena);
    if (err)
        return err;
    return summary->findings ? lg_fail(report, LG_CORRUPT, "%lld findings.", (long long)summary->findings)
                             : LG_OK;
}
