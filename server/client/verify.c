#include "server/client/verify.h"

#include <string.h>

/* Nodes computed from the entries, collected per tile to be compared with the tile that is served. Level 0 is
 * the leaves. */
typedef struct computed_tile {
    int64_t n;
    unsigned from, count; /* hashes [from, count) are ours; those before from were not recomputed */
    lg_hash hashes[LG_TILE_WIDTH];
} computed_tile;

typedef struct scan {
    client *c;
    tiles *tiles;
    const verify_terms *terms;
    int64_t first; /* seq of the first entry read, a multiple of the tile width */
    lg_edge *edge;
    computed_tile computed[LG_TILE_LEVELS];
    lg_hash prev; /* leaf hash of the entry before; known once one was read, or at seq 0 */
    lg_time at;
} scan;

/* Reads a signed checkpoint: our key's signature, and the name that goes with the key. */
static client_exit checkpoint_read(client *c, lg_bytes note, const lg_verifier *verifier, const char *what,
                                   lg_checkpoint *out)
{
    lg_note opened;
    if (lg_note_open(c->arena, note, verifier, 1, &opened, &c->report) != LG_OK ||
        lg_checkpoint_parse(c->arena, opened.text, out, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_UNVERIFIED, what);
    if (strcmp(out->origin, verifier->name) != 0)
        return client_fail(c, CLIENT_UNVERIFIED, "%s is of the log \"%s\", not of \"%s\".", what, out->origin,
                           verifier->name);
    return CLIENT_OK;
}

client_exit client_verify_continues(client *c, tiles *t, const lg_checkpoint *old, const lg_checkpoint *new)
{
    lg_proof proof = {0};
    if (new->size < old->size)
        return client_fail(c, CLIENT_UNVERIFIED,
                           "The ledger shrank: it had %lld entries when last seen and shows %lld now.",
                           (long long)old->size, (long long)new->size);
    if (old->size == 0)
        return CLIENT_OK;
    if (new->size > old->size &&
        lg_tree_prove_consistency(tiles_read_nodes, t, old->size, new->size, &proof) != LG_OK)
        return t->failure != CLIENT_OK
                   ? t->failure
                   : client_fail(c, CLIENT_UNVERIFIED, "The served tiles prove no consistency.");
    if (lg_verify_consistency(old->size, &old->root, new->size, &new->root, proof.hashes, proof.count) !=
        LG_OK)
        return client_fail(
            c, CLIENT_UNVERIFIED,
            "The ledger of %lld entries does not continue the one of %lld entries seen before: "
            "its history was changed.",
            (long long)new->size, (long long)old->size);
    return CLIENT_OK;
}

/* Compares what was computed of a tile with what is served. */
static client_exit tile_compare(scan *s, unsigned level)
{
    computed_tile *mine = &s->computed[level];
    lg_hash served[LG_TILE_WIDTH];
    if (mine->count == mine->from)
        return CLIENT_OK;
    client_exit code = tiles_get(s->tiles, level, mine->n, mine->count, served);
    if (code != CLIENT_OK)
        return code;
    for (unsigned i = mine->from; i < mine->count; i++) {
        if (!lg_hash_equal(&mine->hashes[i], &served[i]))
            return level
                       ? client_fail(s->c, CLIENT_UNVERIFIED,
                                     "Tile %u/%lld differs at hash %u from what the entries give.", level,
                                     (long long)mine->n, i)
                       : client_fail(s->c, CLIENT_UNVERIFIED,
                                     "Tile %u/%lld differs at hash %u from what the entries give: entry "
                                     "%lld or the tile was changed.",
                                     level, (long long)mine->n, i, (long long)(mine->n * LG_TILE_WIDTH + i));
    }
    return CLIENT_OK;
}

/* Takes a node; compares its tile when that is full. */
static client_exit node_take(scan *s, const lg_new_node *node)
{
    computed_tile *tile = &s->computed[node->level];
    unsigned place = (unsigned)(node->n % LG_TILE_WIDTH);
    if (tile->count == tile->from) {
        tile->n = node->n / LG_TILE_WIDTH;
        tile->from = place;
    }
    tile->hashes[place] = node->hash;
    tile->count = place + 1;
    if (tile->count < LG_TILE_WIDTH)
        return CLIENT_OK;
    client_exit code = tile_compare(s, node->level);
    tile->from = tile->count = 0;
    return code;
}

/* What one entry says of itself and of the one before. */
static client_exit entry_check(scan *s, lg_arena *arena, int64_t seq, lg_bytes bytes)
{
    static const lg_hash zeros;
    lg_entry entry;
    client *c = s->c;
    long long number = (long long)seq;
    lg_report report;
    lg_report_init(&report, arena);
    if (lg_entry_parse(arena, bytes, &entry, &report) != LG_OK)
        return client_fail(c, CLIENT_UNVERIFIED, "Entry %lld is not an entry in canonical form: %s", number,
                           report.detail ? language_sentence(c->language, arena, report.detail)
                                         : client_text(c, "it cannot be read."));
    if (entry.seq != seq)
        return client_fail(c, CLIENT_UNVERIFIED, "Entry %lld says that it is entry %lld.", number,
                           (long long)entry.seq);
    bool before_known = seq == 0 || seq > s->first;
    if (before_known && !lg_hash_equal(&entry.prev, seq ? &s->prev : &zeros))
        return client_fail(c, CLIENT_UNVERIFIED,
                           "The chain breaks at entry %lld: its prev is not the hash of entry %lld.", number,
                           number - 1);
    if (before_known && seq > 0 && entry.at < s->at)
        return client_fail(c, CLIENT_UNVERIFIED, "Entry %lld is dated before entry %lld.", number,
                           number - 1);
    s->at = entry.at;
    if (seq > 0)
        return CLIENT_OK;
    const char *vkey = lg_vkey_format(arena, s->terms->verifier);
    if (strcmp(entry.type, "genesis") != 0 || !entry.origin ||
        strcmp(entry.origin, s->terms->verifier->name) != 0 || !entry.vkey || strcmp(entry.vkey, vkey) != 0)
        return client_fail(c, CLIENT_UNVERIFIED, "Entry 0 is not the genesis of this log under this key.");
    return CLIENT_OK;
}

static client_exit bundle_scan(scan *s, lg_arena *arena, int64_t n, unsigned width)
{
    lg_bytes entries[LG_TILE_WIDTH];
    lg_new_node nodes[LG_TILE_LEVELS + 1];
    client_exit code = tiles_get_entries(s->tiles, arena, n, width, entries);
    for (unsigned i = 0; i < width && code == CLIENT_OK; i++) {
        int64_t seq = n * LG_TILE_WIDTH + i;
        code = entry_check(s, arena, seq, entries[i]);
        if (code != CLIENT_OK)
            break;
        s->prev = lg_leaf_hash(entries[i]);
        unsigned made = lg_edge_append(s->edge, &s->prev, nodes);
        for (unsigned k = 0; k < made && code == CLIENT_OK; k++)
            code = node_take(s, &nodes[k]);
    }
    return code;
}

/* Every entry from s->first on, every tile they make, and the root. */
static client_exit scan_run(scan *s, const lg_checkpoint *checkpoint)
{
    client_exit code = CLIENT_OK;
    lg_hash root;
    lg_arena *arena = lg_arena_open();
    for (int64_t seq = s->first; seq < checkpoint->size && code == CLIENT_OK; seq += LG_TILE_WIDTH) {
        int64_t n = seq / LG_TILE_WIDTH;
        if (s->terms->progress)
            s->terms->progress(s->terms->progress_ctx, seq - s->first, checkpoint->size - s->first);
        code = bundle_scan(s, arena, n, tiles_width(s->tiles, 0, n));
        lg_arena_reset(arena);
    }
    lg_arena_close(arena);
    for (unsigned level = 0; level < LG_TILE_LEVELS && code == CLIENT_OK; level++)
        code = tile_compare(s, level); /* those that are not full yet */
    if (code != CLIENT_OK)
        return code;
    if (lg_tree_root(lg_edge_read, s->edge, checkpoint->size, &root) != LG_OK)
        return s->tiles->failure != CLIENT_OK
                   ? s->tiles->failure
                   : client_fail(s->c, CLIENT_UNVERIFIED, "The tree cannot be read.");
    if (!lg_hash_equal(&root, &checkpoint->root))
        return client_fail(s->c, CLIENT_UNVERIFIED,
                           "The root of the %lld entries served is not the root in the signed checkpoint.",
                           (long long)checkpoint->size);
    return CLIENT_OK;
}

client_exit client_verify_tree(client *c, tiles *t, const verify_terms *terms, const lg_checkpoint *old,
                               verify_report *out)
{
    scan s = {.c = c, .tiles = t, .terms = terms};
    if (!terms->full && old && old->size > 0)
        s.first = (old->size - 1) / LG_TILE_WIDTH * LG_TILE_WIDTH;
    if (lg_edge_open(tiles_read_nodes, t, s.first, &s.edge) != LG_OK)
        return t->failure != CLIENT_OK ? t->failure
                                       : client_fail(c, CLIENT_UNVERIFIED, "The tree cannot be read.");
    client_exit code = scan_run(&s, &out->checkpoint);
    out->first_checked = s.first;
    out->entries = out->checkpoint.size - s.first;
    out->fetched = t->fetched;
    lg_edge_close(s.edge);
    return code;
}

client_exit client_verify_head(client *c, tiles_fetch fetch, void *fetch_ctx, const verify_terms *terms,
                               tiles *t, lg_checkpoint *old, verify_report *out)
{
    bool absent = false, has_old = terms->remembered.len > 0;
    *out = (verify_report){.previous_size = -1};
    *old = (lg_checkpoint){0};
    tiles_open(t, c, fetch, fetch_ctx, 0);
    client_exit code = fetch(fetch_ctx, c->arena, "/checkpoint", LG_NOTE_MAX, &out->note, &absent);
    if (code == CLIENT_OK && absent)
        code = client_fail(c, CLIENT_UNREACHABLE, "There is no /checkpoint: no ledger is there.");
    if (code == CLIENT_OK)
        code = checkpoint_read(c, out->note, terms->verifier, client_text(c, "The checkpoint served"),
                               &out->checkpoint);
    if (code == CLIENT_OK && has_old)
        code = checkpoint_read(c, terms->remembered, terms->verifier,
                               client_text(c, "The remembered checkpoint"), old);
    t->size = out->checkpoint.size;
    if (code != CLIENT_OK || !has_old)
        return code;
    out->previous_size = old->size;
    code = client_verify_continues(c, t, old, &out->checkpoint);
    out->contradicts = code == CLIENT_UNVERIFIED;
    return code;
}

client_exit client_verify_log(client *c, tiles_fetch fetch, void *fetch_ctx, const verify_terms *terms,
                              verify_report *out)
{
    lg_checkpoint old;
    tiles t;
    client_exit code = client_verify_head(c, fetch, fetch_ctx, terms, &t, &old, out);
    if (code == CLIENT_OK)
        code = client_verify_tree(c, &t, terms, out->previous_size >= 0 ? &old : NULL, out);
    tiles_close(&t);
    return code;
}
