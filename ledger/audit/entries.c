/* Entries in order: the chain, the tree, and what each makes of the state. */
#include "ledger/audit/internal.h"

#include "ledger/store/known.h"

#include <string.h>

enum { ENTRIES_PER_COMMIT = 16 * 1024 }; /* of the rebuilt database: bounds its journal, which is in memory */

static void check_chain(lg_audit *audit, const lg_entry *entry, int64_t expected_seq)
{
    if (entry->seq != expected_seq)
        lg_audit_find_at(audit, "entries", expected_seq, "the entry says it is number %lld",
                         (long long)entry->seq);
    if (!lg_hash_equal(&entry->prev, &audit->last_leaf))
        lg_audit_find_at(audit, "entries", expected_seq,
                         "prev is not the leaf hash of the entry before: the chain is broken here");
    if (entry->at < audit->last_at)
        lg_audit_find_at(audit, "entries", expected_seq, "at goes back in time");
    if (expected_seq == 0 && (!entry->origin || strcmp(entry->origin, audit->config->origin) != 0 ||
                              !entry->vkey || strcmp(entry->vkey, audit->config->vkey) != 0))
        lg_audit_find_at(audit, "entries", expected_seq, "genesis names another origin or verifier key");
}

static lg_err grow_tree(lg_audit *audit, const lg_hash *leaf)
{
    lg_tree_row rows[LG_ROW_LEVELS];
    lg_edge_append(audit->edge, leaf, NULL);
    lg_err err = LG_OK;
    for (unsigned i = 0, count = lg_edge_rows(audit->edge, rows); i < count && !err; i++)
        err = lg_tree_row_insert(audit->rebuilt, &rows[i]);
    return err;
}

/* What the event does to the state: unless the opinion has done it already. */
static lg_err apply(lg_audit *audit, const lg_ahead_entry *entry, lg_result *result)
{
    const lg_audit_case *audited = &audit->audited;
    if (audit->read && entry->seq < audited->seq + (int64_t)audited->projected)
        return LG_OK;
    if (audit->read && audited->failed && entry->seq == audited->seq + (int64_t)audited->projected)
        return audited->failed;
    const lg_apply context = {
        .db = audit->rebuilt,
        .arena = audit->command_arena,
        .hash_key = audit->hash_key,
        .seq = entry->seq,
        .at = entry->entry.at,
        .payload = audit->command.payload,
    };
    return lg_event_apply(&context, entry->event, result);
}

static lg_err project(lg_audit *audit, const lg_ahead_entry *entry)
{
    /* The result lives as long as the command: its answer is judged after its last entry. */
    lg_result *result = lg_audit_next_result(audit);
    lg_err err = apply(audit, entry, result);
    if (err == LG_NO_MEMORY || err == LG_IO || err == LG_DISK_FULL)
        return err;
    if (err)
        lg_audit_find_at(audit, "entries", entry->seq, "the event %s is impossible at this point: %s",
                         entry->entry.type, lg_err_slug(err));
    if (!result->has_entry)
        result->entry.seq = entry->seq;
    result->has_entry = true;
    if (!err)
        lg_audit_command_projected(audit, &entry->entry);
    return LG_OK;
}

static lg_err check_entry(lg_audit *audit, lg_ahead_entry *entry)
{
    lg_err err = grow_tree(audit, &entry->leaf);
    if (err)
        return err;
    if (entry->malformed) {
        lg_audit_find_at(audit, "entries", entry->seq, "the bytes are not an entry: %s", entry->malformed);
        audit->last_leaf = entry->leaf;
        return LG_OK;
    }
    check_chain(audit, &entry->entry, entry->seq);
    entry->entry.seq = entry->seq; /* what it says of itself was just judged; from here on its place counts */
    audit->last_leaf = entry->leaf;
    audit->last_at = entry->entry.at;
    err = lg_audit_command_begin(audit, entry);
    if (err)
        return err;
    for (const lg_ahead_fault *fault = entry->faults; fault; fault = fault->next)
        lg_audit_find_at(audit, "disclosures", entry->seq, "%s", fault->detail);
    audit->summary->facts += (int64_t)entry->fact_count;
    if (!entry->event) {
        lg_audit_find_at(audit, "disclosures", entry->seq, "%s", entry->undecoded);
        return LG_OK;
    }
    lg_audit_command_check(audit, entry);
    return project(audit, entry);
}

/* The tree goes on, with a leaf that nothing hashes to. */
static lg_err miss_entry(lg_audit *audit, int64_t seq)
{
    const lg_hash nothing = {{0}};
    lg_audit_find_at(audit, "entries", seq, "the entry is missing");
    return grow_tree(audit, &nothing);
}

static lg_err check_chunk(lg_audit *audit, lg_ahead_chunk *chunk)
{
    lg_err err = chunk->err;
    size_t at = 0;
    for (int64_t seq = chunk->from; seq < chunk->until && !err; seq++) {
        if (at < chunk->count && chunk->entries[at].seq == seq) {
            err = check_entry(audit, &chunk->entries[at++]);
            audit->summary->entries++;
        } else {
            err = miss_entry(audit, seq);
        }
        if (!err)
            err = lg_audit_checkpoints_now(audit);
        lg_arena_reset(audit->arena);
    }
    return err;
}

/* The chunk before is let go, unless the current command or any of its entries lies in it: a file of a
 * thousand rows has entries in many. */
static void take_up(lg_audit *audit, lg_ahead_chunk *next)
{
    const lg_ahead_command *read = audit->read;
    if (read && read->row.first_seq + read->row.entry_count > audit->chunk->from) {
        audit->chunk->next = audit->held;
        audit->held = audit->chunk;
    } else {
        lg_ahead_give_back(audit->chunk);
    }
    audit->chunk = next;
}

static lg_err check_chunks(lg_audit *audit, lg_ahead *ahead, int64_t end)
{
    lg_err err = LG_OK;
    int64_t uncommitted = 0;
    for (lg_ahead_chunk *next; !err && (next = lg_ahead_take(ahead));) {
        take_up(audit, next);
        lg_known_begin(lg_db_known(audit->rebuilt)); /* when it is full, it begins anew */
        /* Who was registered so far stays so: what is taken back is no more than the act at hand. */
        (void)lg_db_was_unsettled(audit->rebuilt);
        err = check_chunk(audit, next);
        uncommitted += next->until - next->from;
        if (!err && uncommitted >= ENTRIES_PER_COMMIT && !audit->before.seq) {
            err = lg_db_commit(audit->rebuilt);
            if (!err)
                err = lg_db_begin(audit->rebuilt);
            uncommitted = 0;
        }
        if (audit->config->progress)
            audit->config->progress(audit->config->ctx, next->until - audit->before.seq,
                                    end - audit->before.seq);
    }
    lg_ahead_give_back(audit->held);
    lg_ahead_give_back(audit->chunk);
    audit->held = audit->chunk = NULL;
    audit->read = NULL;
    return err;
}

lg_err lg_audit_entries(lg_audit *audit)
{
    lg_ahead *ahead = NULL;
    int64_t end, stray;
    lg_err err = lg_entry_end(audit->actual, audit->size, &end, &stray);
    if (!err)
        err = lg_ahead_open(audit->config, audit->actuals, audit->thread_count, lg_edge_size(audit->edge),
                            end, &ahead);
    if (!err)
        err = check_chunks(audit, ahead, end);
    if (!err && stray >= 0)
        lg_audit_find_at(audit, "entries", stray, "the entry lies beyond the end of the ledger");
    lg_ahead_close(ahead);
    return err;
}
