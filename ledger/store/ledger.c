#include "ledger/store/ledger.h"

#include "ledger/store/known.h"
#include "ledger/store/wal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lg_ledger {
    lg_db *db;
    lg_wal *wal;
    lg_edge *edge; /* the tree of what is committed */
    lg_head *head;
    lg_signing_key *key;
    lg_arena *arena; /* origin and vkey live here, and nothing per commit */
    lg_arena *commit_arena;
    const char *origin, *vkey;
    char holder[128];
    lg_writer_row right; /* as the writer row stands in the database */
    lg_time last_at;
    lg_hash last_leaf;
    bool broken;
    int64_t sync_us; /* of the last commit */

    /* Entries of the open transaction, not yet in the edge. */
    struct staged {
        lg_hash leaf;
        lg_time at;
    } * staged;
    size_t staged_count, staged_cap;

    lg_known_changes changes; /* of participants, tokens and keys */
    pthread_mutex_t publish_lock;
    lg_published *published; /* never NULL after open */
    lg_prover *prover;
};

void lg_published_drop(lg_published *published)
{
    if (!published || __atomic_sub_fetch(&published->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(published->note);
    free(published);
}

lg_published *lg_ledger_published(lg_ledger *ledger)
{
    pthread_mutex_lock(&ledger->publish_lock);
    lg_published *published = ledger->published;
    __atomic_add_fetch(&published->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&ledger->publish_lock);
    return published;
}

char *lg_ledger_note(const lg_ledger *ledger, lg_arena *arena, int64_t size, const lg_hash *root)
{
    const char *text =
        lg_checkpoint_text(arena, &(lg_checkpoint){.origin = ledger->origin, .size = size, .root = *root});
    return lg_note_join(arena, text, lg_note_sign(arena, text, ledger->origin, ledger->key));
}

static void publish(lg_ledger *ledger, int64_t size, const lg_hash *root)
{
    lg_published *published = malloc(sizeof *published);
    char *note = strdup(lg_ledger_note(ledger, ledger->commit_arena, size, root));
    if (!published || !note)
        lg_die("out of memory");
    *published = (lg_published){.refs = 1, .size = size, .root = *root, .note = note};
    /* Without it proofs fail; the tree's root, just computed, is the last of it. */
    if (lg_edge_spine(ledger->edge, &published->spine) != LG_OK)
        published->spine = (lg_spine){0};
    pthread_mutex_lock(&ledger->publish_lock);
    lg_published *old = ledger->published;
    ledger->published = published;
    pthread_mutex_unlock(&ledger->publish_lock);
    lg_published_drop(old);
}

const lg_known_changes *lg_ledger_changes(const lg_ledger *ledger)
{
    return &ledger->changes;
}

/* ---- opening ---- */

/* The last entry gives the chain its next `prev` and the clock its floor. */
static lg_err load_last_entry(lg_ledger *ledger, int64_t size, lg_report *report)
{
    memset(&ledger->last_leaf, 0, sizeof ledger->last_leaf);
    ledger->last_at = 0;
    if (size == 0)
        return LG_OK;
    lg_entry_row row;
    lg_entry entry;
    lg_err err = lg_entry_get(ledger->db, size - 1, ledger->commit_arena, &row);
    if (!err)
        err = lg_entry_parse(ledger->commit_arena, row.body, &entry, report);
    if (err)
        return err;
    ledger->last_leaf = lg_leaf_hash(row.body);
    ledger->last_at = entry.at;
    return LG_OK;
}

/* (Re)reads everything that is held in memory from the database as committed. */
static lg_err load(lg_ledger *ledger, lg_report *report)
{
    int64_t size;
    lg_hash root, stored_root;
    lg_edge_close(ledger->edge);
    ledger->edge = NULL;
    ledger->staged_count = 0;
    lg_err err = lg_writer_get(ledger->db, &ledger->right);
    if (!err)
        err = lg_checkpoint_latest(ledger->db, &size, &root);
    if (!err && size != ledger->right.seq)
        err = lg_fail(report, LG_CORRUPT,
                      "The newest checkpoint is of %lld entries, the writer's row says %lld.",
                      (long long)size, (long long)ledger->right.seq);
    if (!err)
        err = lg_edge_open(lg_node_read, ledger->db, size, &ledger->edge);
    if (!err)
        err = lg_edge_root(ledger->edge, &stored_root);
    if (!err && !lg_hash_equal(&stored_root, &root))
        err = lg_fail(report, LG_CORRUPT, "The stored tree does not have the newest checkpoint's root.");
    if (!err)
        err = load_last_entry(ledger, size, report);
    if (!err && size > 0 && !lg_hash_equal(&ledger->last_leaf, &ledger->right.hash))
        err = lg_fail(report, LG_CORRUPT, "The last entry does not hash to what the writer's row says.");
    return err;
}

/* A database may be ahead of the head file (a crash between COMMIT and the head's sync: nothing of that was
 * answered), never behind it or beside it: a log must never sign two histories. */
static lg_err reconcile_head(lg_ledger *ledger, lg_report *report)
{
    int64_t size = lg_edge_size(ledger->edge);
    lg_checkpoint head = lg_head_get(ledger->head);
    lg_hash root_then, root_now;
    if (strcmp(head.origin, ledger->origin) != 0)
        return lg_fail(report, LG_HEAD_MISMATCH, "The head file is of the ledger %s, not %s.", head.origin,
                       ledger->origin);
    if (head.size > size)
        return lg_fail(report, LG_HEAD_MISMATCH,
                       "The head file says %lld entries were acknowledged, the database has %lld: it is "
                       "older (a restored backup?). "
                       "Serving it would sign a second history. Bring back the newer database.",
                       (long long)head.size, (long long)size);
    lg_err err = lg_tree_root(lg_edge_read, ledger->edge, head.size, &root_then);
    if (!err)
        err = lg_tree_root(lg_edge_read, ledger->edge, size, &root_now);
    if (err)
        return err;
    if (!lg_hash_equal(&root_then, &head.root))
        return lg_fail(report, LG_HEAD_MISMATCH,
                       "The database holds another history than the head file: the tree of the first %lld "
                       "entries has a different root.",
                       (long long)head.size);
    if (head.size < size)
        err = lg_head_swap(ledger->head, &head,
                           &(lg_checkpoint){.origin = ledger->origin, .size = size, .root = root_now});
    if (!err)
        publish(ledger, size, &root_now);
    return err;
}

static lg_err take_over(lg_ledger *ledger)
{
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    snprintf(ledger->holder, sizeof ledger->holder, "%s pid %ld", host, (long)getpid());
    lg_writer_row next = ledger->right;
    next.epoch++;
    lg_tree_tail tail;
    lg_edge_tail(ledger->edge, &tail);
    lg_err err = lg_db_begin(ledger->db);
    if (!err)
        err = lg_writer_swap(ledger->db, &ledger->right, &next, &tail, ledger->holder);
    if (!err)
        err = lg_db_commit(ledger->db);
    if (err)
        lg_db_rollback(ledger->db);
    else
        ledger->right = next;
    return err;
}

lg_err lg_ledger_open(const char *dir, const char *origin, lg_signing_key *key_take, lg_ledger **out,
                      lg_report *report)
{
    lg_ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger)
        lg_die("out of memory");
    ledger->arena = lg_arena_open();
    ledger->commit_arena = lg_arena_open();
    ledger->prover = lg_prover_open();
    pthread_mutex_init(&ledger->publish_lock, NULL);
    ledger->key = key_take;
    ledger->origin = lg_arena_strdup(ledger->arena, origin);
    lg_public_key public_key = lg_signing_key_public(key_take);
    lg_verifier verifier = lg_verifier_make(ledger->arena, origin, LG_KEY_ED25519, &public_key);
    ledger->vkey = lg_vkey_format(ledger->arena, &verifier);
    const char *path = lg_arena_printf(ledger->arena, "%s/ledger.db", dir);
    /* The head's lock comes first: nobody migrates or recovers a database that another server is writing. */
    lg_err err = lg_head_open(lg_arena_printf(ledger->arena, "%s/head", dir), &ledger->head, report);
    if (!err)
        err = lg_db_open(path, LG_DB_WRITER, &ledger->db, report);
    if (!err) {
        lg_db_remember(ledger->db, lg_known_open(NULL));
        err = load(ledger, report);
    }
    if (!err)
        err = reconcile_head(ledger, report);
    if (!err)
        err = take_over(ledger);
    if (!err)
        err = lg_wal_open(ledger->db, path, &ledger->wal, report);
    lg_arena_reset(ledger->commit_arena);
    if (err) {
        ledger->broken =
            true; /* what opening met may be gone the next time: it closes leaving all as it is */
        lg_ledger_close(ledger);
        return err;
    }
    *out = ledger;
    return LG_OK;
}

void lg_ledger_close(lg_ledger *ledger)
{
    if (!ledger)
        return;
    if (ledger->db)
        lg_db_rollback(ledger->db);
    if (ledger->db && ledger->broken)
        lg_db_keep_wal(ledger->db);
    lg_edge_close(ledger->edge);
    lg_wal_close(ledger->wal);
    lg_db_close(ledger->db);
    lg_head_close(ledger->head);
    lg_signing_key_close(ledger->key);
    lg_published_drop(ledger->published);
    lg_prover_close(ledger->prover);
    pthread_mutex_destroy(&ledger->publish_lock);
    lg_arena_close(ledger->commit_arena);
    lg_arena_close(ledger->arena);
    free(ledger->staged);
    free(ledger);
}

lg_db *lg_ledger_db(lg_ledger *ledger)
{
    return ledger->db;
}

const char *lg_ledger_origin(const lg_ledger *ledger)
{
    return ledger->origin;
}

const char *lg_ledger_vkey(const lg_ledger *ledger)
{
    return ledger->vkey;
}

int64_t lg_ledger_next_seq(const lg_ledger *ledger)
{
    return lg_edge_size(ledger->edge) + (int64_t)ledger->staged_count;
}

int64_t lg_ledger_sync_us(const lg_ledger *ledger)
{
    return ledger->sync_us;
}

bool lg_ledger_is_broken(const lg_ledger *ledger)
{
    return ledger->broken;
}

/* ---- a transaction ---- */

lg_err lg_ledger_begin(lg_ledger *ledger)
{
    if (ledger->broken)
        return LG_STOPPING;
    lg_known_begin(lg_db_known(ledger->db));
    return lg_db_begin(ledger->db);
}

lg_err lg_ledger_begin_anew(lg_ledger *ledger)
{
    lg_db_rollback(ledger->db);
    ledger->staged_count = 0;
    return lg_ledger_begin(ledger);
}

lg_err lg_ledger_mark(lg_ledger *ledger, unsigned depth, lg_mark *out)
{
    *out = (lg_mark){.depth = depth, .staged = ledger->staged_count};
    return lg_db_savepoint(ledger->db, depth);
}

lg_err lg_ledger_keep(lg_ledger *ledger, lg_mark mark)
{
    return lg_db_release(ledger->db, mark.depth);
}

lg_err lg_ledger_undo(lg_ledger *ledger, lg_mark mark)
{
    ledger->staged_count = mark.staged;
    return lg_db_rollback_to(ledger->db, mark.depth);
}

static void stage(lg_ledger *ledger, const lg_hash *leaf, lg_time at)
{
    if (ledger->staged_count == ledger->staged_cap) {
        ledger->staged_cap = ledger->staged_cap ? 2 * ledger->staged_cap : 256;
        ledger->staged = realloc(ledger->staged, ledger->staged_cap * sizeof *ledger->staged);
        if (!ledger->staged)
            lg_die("out of memory");
    }
    ledger->staged[ledger->staged_count++] = (struct staged){.leaf = *leaf, .at = at};
}

static const struct staged *last_staged(const lg_ledger *ledger)
{
    return ledger->staged_count ? &ledger->staged[ledger->staged_count - 1] : NULL;
}

lg_time lg_ledger_clock(const lg_ledger *ledger)
{
    const struct staged *last = last_staged(ledger);
    lg_time floor = last ? last->at : ledger->last_at, now = lg_now();
    return now > floor ? now : floor;
}

lg_err lg_ledger_append(lg_ledger *ledger, lg_arena *arena, const char *type, lg_time at, const lg_hash *req,
                        const lg_fact *facts, size_t fact_count, lg_entry_row *out)
{
    const struct staged *last = last_staged(ledger);
    lg_entry entry = {
        .seq = lg_ledger_next_seq(ledger),
        .at = at,
        .prev = last ? last->leaf : ledger->last_leaf,
        .req = *req,
        .type = type,
        .digest_count = fact_count,
    };
    if (entry.seq == 0) {
        entry.origin = ledger->origin;
        entry.vkey = ledger->vkey;
    }
    const lg_disclosures disclosures = lg_disclose_facts(arena, facts, fact_count);
    entry.digests = disclosures.digests;
    *out = (lg_entry_row){.seq = entry.seq, .disclosures = disclosures.joined};
    lg_err err = lg_entry_encode(arena, &entry, &out->body);
    if (!err)
        err = lg_entry_insert_disclosing(ledger->db, &entry, out->body, &disclosures);
    if (err)
        return err;
    lg_hash *leaf = lg_arena_alloc(arena, sizeof *leaf);
    *leaf = lg_leaf_hash(out->body);
    out->leaf = leaf;
    stage(ledger, leaf, entry.at);
    return LG_OK;
}

/* One flipped bit between hashing and disk has ended logs before: what the database now holds is read back
 * and hashed anew. */
static lg_err rehash(lg_ledger *ledger)
{
    int64_t first = lg_edge_size(ledger->edge);
    for (size_t done = 0; done < ledger->staged_count;) {
        lg_bytes *bodies;
        size_t count;
        lg_arena_reset(ledger->commit_arena);
        lg_err err =
            lg_entry_bodies(ledger->db, first + (int64_t)done, 256, ledger->commit_arena, &bodies, &count);
        if (err)
            return err;
        if (count == 0 || count > ledger->staged_count - done)
            return LG_CORRUPT;
        for (size_t i = 0; i < count; i++) {
            lg_hash leaf = lg_leaf_hash(bodies[i]);
            if (!lg_hash_equal(&leaf, &ledger->staged[done + i].leaf))
                return LG_CORRUPT;
        }
        done += count;
    }
    return LG_OK;
}

static lg_err grow_tree(lg_ledger *ledger)
{
    for (size_t i = 0; i < ledger->staged_count; i++) {
        lg_tree_row rows[LG_ROW_LEVELS];
        lg_edge_append(ledger->edge, &ledger->staged[i].leaf, NULL);
        for (unsigned n = 0, count = lg_edge_rows(ledger->edge, rows); n < count; n++) {
            lg_err err = lg_tree_row_insert(ledger->db, &rows[n]);
            if (err)
                return err;
        }
    }
    return LG_OK;
}

/* Everything of a commit that happens inside the database. */
static lg_err seal(lg_ledger *ledger, lg_hash *root, lg_writer_row *next)
{
    const struct staged *last = &ledger->staged[ledger->staged_count - 1];
    lg_tree_tail tail;
    lg_err err = rehash(ledger);
    if (!err)
        err = grow_tree(ledger);
    if (!err)
        err = lg_edge_root(ledger->edge, root);
    if (!err)
        err = lg_checkpoint_insert(ledger->db, lg_edge_size(ledger->edge), root);
    *next = (lg_writer_row){
        .epoch = ledger->right.epoch,
        .beat = ledger->right.beat + 1,
        .seq = lg_edge_size(ledger->edge),
        .hash = last->leaf,
    };
    lg_edge_tail(ledger->edge, &tail);
    if (!err)
        err = lg_writer_swap(ledger->db, &ledger->right, next, &tail, ledger->holder);
    return err;
}

lg_err lg_ledger_commit(lg_ledger *ledger)
{
    lg_hash root;
    lg_writer_row next;
    if (ledger->staged_count == 0) {
        lg_db_rollback(ledger->db);
        return LG_OK;
    }
    lg_published *before = ledger->published; /* only this thread replaces it */
    lg_err err = seal(ledger, &root, &next);
    const int64_t sealed_us = lg_monotonic_us();
    if (!err)
        err = lg_db_commit(ledger->db);
    if (err) {
        lg_ledger_abort(ledger);
        ledger->broken = ledger->broken || err == LG_OUTCOME_UNKNOWN;
        /* Reading the row anew just gave us the other writer's right; using it would take the ledger back
         * from it. */
        ledger->broken = ledger->broken || err == LG_WRITER_DISPLACED;
        return err;
    }
    if (lg_db_was_unsettled(ledger->db))
        atomic_fetch_add_explicit(&ledger->changes.count, 1, memory_order_release);
    const struct staged last = ledger->staged[ledger->staged_count - 1];
    ledger->staged_count = 0;
    ledger->right = next;
    ledger->last_leaf = last.leaf;
    ledger->last_at = last.at;
    err = lg_head_swap(ledger->head,
                       &(lg_checkpoint){.origin = ledger->origin, .size = before->size, .root = before->root},
                       &(lg_checkpoint){.origin = ledger->origin, .size = next.seq, .root = root});
    ledger->sync_us = lg_monotonic_us() - sealed_us;
    if (err)
        ledger->broken = true;
    else
        publish(ledger, next.seq, &root);
    lg_arena_reset(ledger->commit_arena);
    return err ? LG_OUTCOME_UNKNOWN : LG_OK; /* the database has it, the head file perhaps not */
}

bool lg_ledger_is_untidy(const lg_ledger *ledger)
{
    return !ledger->broken && lg_wal_is_due(ledger->wal);
}

lg_err lg_ledger_tidy(lg_ledger *ledger, bool idle, bool *moved)
{
    *moved = idle;
    if (ledger->broken)
        return LG_IO;
    lg_err err = idle ? lg_wal_finish(ledger->wal) : lg_wal_step(ledger->wal, moved);
    ledger->broken = lg_db_sync_failed(ledger->db);
    return err;
}

void lg_ledger_abort(lg_ledger *ledger)
{
    lg_db_rollback(ledger->db);
    /* The edge may have grown; a failed sync may have left more or less on disk than it seems. Begin again
     * from what is there, and if that is not the state last published, stop. */
    if (load(ledger, NULL) != LG_OK || lg_edge_size(ledger->edge) != ledger->published->size)
        ledger->broken = true;
    lg_arena_reset(ledger->commit_arena);
}

lg_err lg_ledger_prove_published(const lg_ledger *ledger, lg_db *reader, const lg_published *published,
                                 int64_t seq, lg_proof *out)
{
    return lg_prover_inclusion(ledger->prover, lg_node_read, reader, &published->spine, seq, out);
}

lg_err lg_ledger_prove(lg_ledger *ledger, int64_t seq, lg_proof *out)
{
    return lg_edge_prove_inclusion(ledger->edge, seq, out);
}
