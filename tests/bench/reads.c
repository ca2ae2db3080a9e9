/* The scenarios that only read. */
#include "tests/bench/scenario_internal.h"

#include <stdlib.h>
#include <string.h>

enum { TILE_WIDTH = 256, TILE_HASH = 32 };

size_t prepare_read(scenario_run *run, size_t count)
{
    run->log_size = scenario_log_size(run->w);
    return run->w->receivable_count ? count : 0;
}

lg_bytes request_read(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    const world_receivable *r = &run->w->receivables[scenario_choice(run, index, run->w->receivable_count)];
    const world_party *reader = index % 2 ? &run->w->suppliers[r->supplier] : &run->w->cores[r->core];
    char path[SCENARIO_PATH_MAX];
    snprintf(path, sizeof path, "/v1/receivables/%s", r->id);
    return world_get(run->w, scratch, reader->token, path);
}

bool accept_read(void *context, size_t index, const load_answer *answer)
{
    const scenario_run *run = context;
    const world_receivable *r = &run->w->receivables[scenario_choice(run, index, run->w->receivable_count)];
    return answer->status == 200 && answer_has(answer, r->id);
}

/* Registrations go round the suppliers, so all of them have a whole page. */
size_t prepare_list(scenario_run *run, size_t count)
{
    return run->w->receivable_count >= SCENARIO_PAGE_ITEMS * run->w->supplier_count ? prepare_read(run, count)
                                                                                    : 0;
}

lg_bytes request_list(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    const world_party *reader = &run->w->suppliers[scenario_choice(run, index, run->w->supplier_count)];
    return world_get(run->w, scratch, reader->token, "/v1/receivables?limit=50");
}

bool accept_list(void *context, size_t index, const load_answer *answer)
{
    static const char once[] = "\"submitted_by\":";
    const char *at = (const char *)answer->body.data, *end = at + answer->body.len;
    size_t items = 0;
    (void)context;
    (void)index;
    while ((at = memmem(at, (size_t)(end - at), once, sizeof once - 1))) {
        at += sizeof once - 1;
        items++;
    }
    return answer->status == 200 && items == SCENARIO_PAGE_ITEMS;
}

lg_bytes request_proof(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    char path[SCENARIO_PATH_MAX];
    snprintf(path, sizeof path, "/v1/entries/%zu/proof", scenario_choice(run, index, (size_t)run->log_size));
    return world_get(run->w, scratch, NULL, path);
}

bool accept_proof(void *context, size_t index, const load_answer *answer)
{
    const scenario_run *run = context;
    char before[128];
    snprintf(before, sizeof before, "c2sp.org/tlog-proof@v1\nindex %zu\n",
             scenario_choice(run, index, (size_t)run->log_size));
    return answer->status == 200 && answer_starts(answer, before) && answer_has(answer, run->w->origin);
}

lg_bytes request_checkpoint(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    (void)index;
    return world_get(run->w, scratch, NULL, "/checkpoint");
}

bool accept_checkpoint(void *context, size_t index, const load_answer *answer)
{
    scenario_run *run = context;
    size_t origin_len = strlen(run->w->origin);
    (void)index;
    if (answer->status != 200 || !answer_starts(answer, run->w->origin) ||
        answer->body.data[origin_len] != '\n')
        return false;
    run->log_size = strtoll((const char *)answer->body.data + origin_len + 1, NULL, 10);
    return run->log_size > 0;
}

/* A full tile, or the only one as far as it is filled. */
static void tile_path(const scenario_run *run, size_t index, const char *kind, char out[SCENARIO_PATH_MAX])
{
    size_t full = (size_t)run->log_size / TILE_WIDTH, n = scenario_choice(run, index, full);
    int len = snprintf(out, SCENARIO_PATH_MAX, "/tile/%s/", kind);
    if (n >= 1000)
        len += snprintf(out + len, SCENARIO_PATH_MAX - (size_t)len, "x%03zu/", n / 1000);
    len += snprintf(out + len, SCENARIO_PATH_MAX - (size_t)len, "%03zu", n % 1000);
    if (full == 0)
        snprintf(out + len, SCENARIO_PATH_MAX - (size_t)len, ".p/%d", (int)run->log_size);
}

static size_t tile_width(const scenario_run *run)
{
    return run->log_size < TILE_WIDTH ? (size_t)run->log_size : TILE_WIDTH;
}

lg_bytes request_tile(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    char path[SCENARIO_PATH_MAX];
    tile_path(run, index, "0", path);
    return world_get(run->w, scratch, NULL, path);
}

bool accept_tile(void *context, size_t index, const load_answer *answer)
{
    (void)index;
    return answer->status == 200 && answer->body.len == TILE_HASH * tile_width(context);
}

lg_bytes request_bundle(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    char path[SCENARIO_PATH_MAX];
    tile_path(run, index, "entries", path);
    return world_get(run->w, scratch, NULL, path);
}

/* Runs of u16be(len) ‖ entry: exactly as many as the tile is wide. */
bool accept_bundle(void *context, size_t index, const load_answer *answer)
{
    size_t at = 0, entries = 0;
    (void)index;
    while (at + 2 <= answer->body.len) {
        at += 2 + (size_t)(answer->body.data[at] << 8 | answer->body.data[at + 1]);
        entries++;
    }
    return answer->status == 200 && at == answer->body.len && entries == tile_width(context);
}
