#include "server/client/tiles.h"

#include "server/client/http.h"

#include <string.h>

enum { BUNDLE_MAX = LG_TILE_WIDTH * (2 + LG_ENTRY_MAX), TILE_MAX = LG_TILE_WIDTH * LG_HASH_LEN };

void tiles_open(tiles *t, client *c, tiles_fetch fetch, void *ctx, int64_t size)
{
    *t = (tiles){.c = c, .fetch = fetch, .ctx = ctx, .size = size, .scratch = lg_arena_open()};
}

void tiles_close(tiles *t)
{
    lg_arena_close(t->scratch);
}

unsigned tiles_width(const tiles *t, unsigned level, int64_t n)
{
    int64_t nodes = t->size >> (8 * level); /* 256 wide */
    int64_t left = nodes - n * LG_TILE_WIDTH;
    return left <= 0 ? 0 : left < LG_TILE_WIDTH ? (unsigned)left : LG_TILE_WIDTH;
}

/* Fetches tile or bundle (level < 0) of that width; of the full one where the partial one is gone. */
static client_exit part_fetch(tiles *t, lg_arena *arena, int level, int64_t n, unsigned width, size_t max,
                              lg_bytes *out, bool *is_full)
{
    bool absent = false;
    const char *path = lg_arena_printf(arena, "/tile/%s", lg_tile_path_format(arena, level, n, width));
    client_exit code = t->fetch(t->ctx, arena, path, max, out, &absent);
    *is_full = width == LG_TILE_WIDTH;
    if (code == CLIENT_OK && absent && !*is_full) {
        *is_full = true;
        const char *full =
            lg_arena_printf(arena, "/tile/%s", lg_tile_path_format(arena, level, n, LG_TILE_WIDTH));
        code = t->fetch(t->ctx, arena, full, max, out, &absent);
    }
    if (code == CLIENT_OK && absent)
        return client_fail(t->c, CLIENT_UNVERIFIED, "%s, which the checkpoint commits to, is not served.",
                           path);
    t->fetched++;
    return code;
}

client_exit tiles_get(tiles *t, unsigned level, int64_t n, unsigned width, lg_hash *out)
{
    lg_bytes body = {0};
    bool full;
    lg_arena_reset(t->scratch);
    client_exit code = part_fetch(t, t->scratch, (int)level, n, width, TILE_MAX, &body, &full);
    if (code != CLIENT_OK)
        return code;
    size_t expected = (size_t)(full ? LG_TILE_WIDTH : width) * LG_HASH_LEN;
    if (body.len != expected)
        return client_fail(t->c, CLIENT_UNVERIFIED, "Tile %u/%lld is %zu bytes long instead of %zu.", level,
                           (long long)n, body.len, expected);
    memcpy(out, body.data, (size_t)width * LG_HASH_LEN);
    return CLIENT_OK;
}

client_exit tiles_get_entries(tiles *t, lg_arena *arena, int64_t n, unsigned width, lg_bytes *out)
{
    lg_bytes body = {0};
    bool full;
    client_exit code = part_fetch(t, arena, -1, n, width, BUNDLE_MAX, &body, &full);
    if (code != CLIENT_OK)
        return code;
    const uint8_t *at = body.data, *end = body.data + body.len;
    for (unsigned i = 0; i < width; i++) {
        size_t len = end - at >= 2 ? (size_t)at[0] << 8 | at[1] : 0;
        if (end - at < 2 || (size_t)(end - at) - 2 < len)
            return client_fail(t->c, CLIENT_UNVERIFIED, "Entry bundle %lld ends within entry %lld.",
                               (long long)n, (long long)(n * LG_TILE_WIDTH + i));
        out[i] = lg_bytes_of(at + 2, len);
        at += 2 + len;
    }
    if (at != end && (!full || width == LG_TILE_WIDTH))
        return client_fail(t->c, CLIENT_UNVERIFIED, "Entry bundle %lld holds more than its %u entries.",
                           (long long)n, width);
    return CLIENT_OK;
}

lg_err tiles_read_nodes(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    tiles *t = ctx;
    int64_t n = first / LG_TILE_WIDTH;
    unsigned offset = (unsigned)(first % LG_TILE_WIDTH);
    for (unsigned i = 0; i < TILES_CACHE; i++) {
        if (!t->cache[i].used || t->cache[i].level != level || t->cache[i].n != n ||
            t->cache[i].width < offset + count)
            continue;
        memcpy(out, t->cache[i].hashes + offset, count * sizeof *out);
        return LG_OK;
    }
    unsigned width = tiles_width(t, level, n), slot = t->cache_next++ % TILES_CACHE;
    if (width < offset + count)
        return LG_INTERNAL;
    t->cache[slot].used = false;
    t->failure = tiles_get(t, level, n, width, t->cache[slot].hashes);
    if (t->failure != CLIENT_OK)
        return LG_IO;
    t->cache[slot].used = true;
    t->cache[slot].level = level;
    t->cache[slot].width = width;
    t->cache[slot].n = n;
    memcpy(out, t->cache[slot].hashes + offset, count * sizeof *out);
    return LG_OK;
}

client_exit tiles_fetch_http(void *client_ctx, lg_arena *arena, const char *path, size_t max, lg_bytes *out,
                             bool *absent)
{
    client *c = client_ctx;
    client_request request = {.path = path, .max = max};
    client_response response;
    client_exit code = client_http_send(c, arena, &request, &response);
    if (code != CLIENT_OK)
        return code;
    *absent = response.status == 404 || response.status == 410;
    if (response.status != 200 && !*absent)
        return client_refused(c, &response);
    *out = response.body;
    return CLIENT_OK;
}
