/* The ledger as the world sees it: checkpoint, tiles, entries and proofs. Everything is held against the
 * newest published checkpoint: nothing beyond its size is shown, even if the snapshot holds it already. */
#include "server/api/serve.h"

#include "ledger/crypto/encoding.h"
#include "ledger/log/note.h"
#include "ledger/store/party_rows.h"

#include <string.h>

static const char TEXT[] = "text/plain; charset=utf-8";

/* A full tile never changes; of a partial one a client soon wants a wider one. */
static const char CACHE_FULL[] = "public, max-age=31536000, immutable";
static const char CACHE_PARTIAL[] = "public, max-age=60";

/* What the public reads use: no caller, whatever the request carries. */
typedef struct log_view {
    const lg_ledger *ledger;
    lg_published *published;
    lg_readers *readers;
    lg_db *db;
} log_view;

/* The checkpoint comes first: a snapshot opened after it was published holds all its entries. */
static log_view open_log(const http_request *request)
{
    api_context *api = http_context(request);
    log_view log = {
        .ledger = api->ledger,
        .published = lg_ledger_published(api->ledger),
        .readers = api->readers,
    };
    log.db = lg_readers_take(api->readers);
    return log;
}

static void close_log(log_view *log)
{
    lg_readers_give(log->readers, log->db);
    lg_published_drop(log->published);
}

http_result read_checkpoint(http_request *request)
{
    api_context *api = http_context(request);
    lg_published *published = lg_ledger_published(api->ledger);
    http_set_header(request, "Cache-Control", "no-cache");
    http_result result = http_answer_text(request, 200, TEXT, lg_bytes_str(published->note));
    lg_published_drop(published);
    return result;
}

/* ---- tiles (C2SP tlog-tiles) ---- */

/* Nodes a tree of `size` has at a level; level -1 are the entries. */
static int64_t nodes_at(int64_t size, int level)
{
    for (; level > 0 && size > 0; level--)
        size /= LG_TILE_WIDTH;
    return size;
}

static lg_err load_tile(lg_db *db, int level, int64_t first, unsigned width, lg_buf *out)
{
    lg_hash *nodes = (lg_hash *)lg_buf_extend(out, width * sizeof *nodes);
    return lg_node_read(db, (unsigned)level, first, width, nodes);
}

/* u16be(len) ‖ entry, one behind the other. */
static lg_err load_bundle(lg_db *db, lg_arena *arena, int64_t first, unsigned width, lg_buf *out)
{
    lg_bytes *bodies;
    size_t count;
    lg_err err = lg_entry_bodies(db, first, width, arena, &bodies, &count);
    if (err != LG_OK)
        return err;
    if (count != width)
        return LG_CORRUPT;
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += 2 + bodies[i].len;
    uint8_t *place = lg_buf_extend(out, total);
    for (size_t i = 0; i < count; i++) {
        *place++ = (uint8_t)(bodies[i].len >> 8);
        *place++ = (uint8_t)bodies[i].len;
        memcpy(place, bodies[i].data, bodies[i].len);
        place += bodies[i].len;
    }
    return LG_OK;
}

static lg_err build_tile(http_request *request, const log_view *log, lg_buf *out)
{
    int level;
    int64_t n;
    unsigned width;
    if (!lg_tile_path_parse(http_param(request, "rest"), &level, &n, &width) || level >= LG_TILE_LEVELS ||
        n > LG_SEQ_MAX / LG_TILE_WIDTH || nodes_at(log->published->size, level) - n * LG_TILE_WIDTH < width)
        return lg_fail(http_report(request), LG_NOT_FOUND,
                       "The ledger has no such tile at its published size of %lld.",
                       (long long)log->published->size);
    http_set_header(request, "Cache-Control", width == LG_TILE_WIDTH ? CACHE_FULL : CACHE_PARTIAL);
    int64_t first = n * LG_TILE_WIDTH;
    return level < 0 ? load_bundle(log->db, http_arena(request), first, width, out)
                     : load_tile(log->db, level, first, width, out);
}

http_result read_tile(http_request *request)
{
    lg_buf body = {0};
    log_view log = open_log(request);
    lg_err err = build_tile(request, &log, &body);
    close_log(&log);
    if (err == LG_OK)
        return http_answer_bytes(request, 200, "application/octet-stream", &body);
    lg_buf_clear(&body);
    return http_answer_problem(request, err, NULL);
}

/* ---- proofs ---- */

http_result read_entry_proof(http_request *request)
{
    lg_proof proof;
    int64_t seq;
    lg_err err = LG_NOT_FOUND;
    http_result result;
    log_view log = open_log(request);
    if (api_number_parse(http_param(request, "seq"), &seq) && seq < log.published->size)
        err = lg_ledger_prove_published(log.ledger, log.db, log.published, seq, &proof);
    if (err == LG_OK) {
        const char *text = lg_tlog_proof_format(http_arena(request), seq, &proof, log.published->note);
        result = http_answer_text(request, 200, TEXT, lg_bytes_str(text));
    } else {
        result = http_answer_problem(request, err, NULL);
    }
    close_log(&log);
    return result;
}

static lg_err build_consistency(http_request *request, const log_view *log, lg_buf *out)
{
    static const char *const names[] = {"from", "to"};
    const int64_t size = log->published->size;
    int64_t sizes[2] = {0};
    lg_proof proof;
    for (size_t i = 0; i < 2; i++) {
        if (http_query(request, names[i]))
            api_query_number(request, names[i], 1, size, &sizes[i]);
        else
            api_query_refuse(request, names[i], "required", "%s is required.", names[i]);
    }
    if (sizes[0] > sizes[1] && sizes[1] > 0)
        api_query_refuse(request, "from", "out_of_range", "from must not be larger than to.");
    lg_err err = api_query_end(request);
    if (err == LG_OK)
        err = lg_tree_prove_consistency(lg_node_read, log->db, sizes[0], sizes[1], &proof);
    if (err != LG_OK)
        return err;
    lg_json_open(out);
    lg_json_put_int(out, "from", sizes[0]);
    lg_json_put_int(out, "to", sizes[1]);
    lg_json_key(out, "hashes");
    lg_json_list(out);
    for (unsigned i = 0; i < proof.count; i++)
        lg_json_str(out, lg_base64_encode(http_arena(request), lg_bytes_of(proof.hashes[i].b, LG_HASH_LEN)));
    lg_json_end(out);
    lg_json_close(out);
    return LG_OK;
}

http_result read_consistency(http_request *request)
{
    lg_buf body = {0};
    log_view log = open_log(request);
    lg_err err = build_consistency(request, &log, &body);
    close_log(&log);
    return err == LG_OK ? http_answer_json(request, 200, &body) : http_answer_problem(request, err, NULL);
}

/* ---- entries ---- */

static lg_err build_entries(api_view *view)
{
    const int64_t size = view->published->size;
    int64_t from = 0;
    size_t limit = 0, count = 0;
    lg_entry_row *rows = NULL;
    const lg_shares none = {0};
    api_query_number(view->request, "from", 0, LG_SEQ_MAX, &from);
    lg_err err = api_query_limit(view->request, &limit);
    if (err == LG_OK && from < size) {
        if (size - from < (int64_t)limit)
            limit = (size_t)(size - from);
        err = lg_entry_range(view->read.db, from, limit, view->read.arena, &rows, &count);
    }
    lg_json_open(&view->body);
    lg_json_key(&view->body, "items");
    lg_json_list(&view->body);
    for (size_t shown = 0; err == LG_OK && api_list_takes(view, shown, count, limit + 1); shown++)
        err = json_entry(&view->body, view->read.arena, &rows[shown], &none);
    lg_json_end(&view->body);
    lg_json_put_int(&view->body, "size", size);
    lg_json_close(&view->body);
    return err;
}

http_result read_entries(http_request *request)
{
    return api_serve(request, build_entries);
}

/* Entries of the registry's own keeping, which are the operator's business whomever they are about. */
static lg_err is_administrative(lg_arena *arena, const lg_entry_row *row, bool *out)
{
    static const char *const kinds[] = {"genesis", "participant.", "credit_line.",
                                        "key.",    "token.",       "policy."};
    lg_entry entry;
    lg_err err = lg_entry_parse(arena, row->body, &entry, NULL);
    *out = false;
    for (size_t i = 0; err == LG_OK && i < sizeof kinds / sizeof *kinds; i++)
        *out = *out || strncmp(entry.type, kinds[i], strlen(kinds[i])) == 0;
    return err;
}

/* How much of this entry's facts the caller may see. */
static lg_err shares_of(const api_read *read, const lg_entry_row *row, lg_shares *out)
{
    bool administrative = false;
    lg_err err = LG_OK;
    *out = (lg_shares){0};
    if (read->caller.no.v == 0)
        return LG_OK;
    if (lg_has_role(read->caller.roles, LG_ROLE_OPERATOR))
        err = is_administrative(read->arena, row, &administrative);
    if (err != LG_OK)
        return err;
    if (administrative) {
        *out = lg_shares_of(LG_SHARE_ALL);
        return LG_OK;
    }
    err = lg_entry_party_shares(read->db, row->seq, read->caller.no, out);
    return err == LG_NOT_FOUND ? LG_OK : err;
}

static lg_err build_entry(api_view *view)
{
    int64_t seq;
    lg_entry_row row;
    lg_shares shares;
    if (!api_number_parse(http_param(view->request, "seq"), &seq) || seq >= view->published->size)
        return LG_NOT_FOUND;
    lg_err err = lg_entry_get(view->read.db, seq, view->read.arena, &row);
    if (err == LG_OK)
        err = shares_of(&view->read, &row, &shares);
    if (err == LG_OK)
        err = json_entry(&view->body, view->read.arena, &row, &shares);
    /* What is shown depends on who asks, and facts may be erased later. */
    http_set_header(view->request, "Vary", "Authorization");
    if (err == LG_OK)
        api_view_tag_body(view);
    return err;
}

http_result read_entry(http_request *request)
{
    return api_serve_public(request, build_entry);
}
