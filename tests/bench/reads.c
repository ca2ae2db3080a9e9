/* The scenarios that only read. */
#include "tests/bench/scenario_internal.h"

#include <stdlib.h>
#include <string.h>

enum { TILE_WIDTH = 256, TILE_HASH = 32 };

size_t prepare_read(scenario_run *run, size_t count)
{
    run->log_size = scenario_log_size(run->w);
    run->readable = world_readable(run->w);
    return run->readable ? count : 0;
}

lg_bytes request_read(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    const world_receivable *r = &run->w->receivables[scenario_choice(run, index, run->readable)];
    const world_party *reader = index % 2 ? &run->w->suppliers[r->supplier] : &run->w->cores[r->core];
    char path[SCENARIO_PATH_MAX];
    snprintf(path, sizeof path, "/v1/receivables/%s", r->id);
    return world_get(run->w, scratch, reader->token, path);
}

bool accept_read(void *context, size_t index, const load_answer *answer)
{
    const scenario_run *run = context;
    const world_receivable *r = &run->w->receivables[scenario_choice(run, index, run->readable)];
    return answer->status == 200 && answer_has(answer, r->id);
}

/* Suppliers with a whole page at least. */
size_t prepare_list(scenario_run *run, size_t count)
{
    const world *w = run->w;
    run->subjects = lg_arena_array(run->arena, w->supplier_count + 1, sizeof *run->subjects);
    run->subject_count = 0;
    for (size_t i = 0; i < w->supplier_count; i++)
        if (w->registered[i] >= SCENARIO_PAGE_ITEMS)
            run->subjects[run->subject_count++] = i;
    return run->subject_count ? prepare_read(run, count) : 0;
}

lg_bytes request_list(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    const size_t supplier = run->subjects[scenario_choice(run, index, run->subject_count)];
    return world_get(run->w, scratch, run->w->suppliers[supplier].token, "/v1/receivables?limit=50");
}

bool accept_list(void *context, size_t index, const load_answer *answer)
{
    (void)context;
    (void)index;
    return answer->status == 200 && answer_count(answer, "\"submitted_by\":") == SCENARIO_PAGE_ITEMS;
}

lg_bytes request_query(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    const world_party *lender = &run->w->lenders[scenario_choice(run, index, run->w->lender_count)];
    return world_get(run->w, scratch, lender->token,
                     "/v1/claims?part=holder&encumbrance=sold&currency=CNY&amount_min=1000.00&limit=50");
}

bool accept_query(void *context, size_t index, const load_answer *answer)
{
    const size_t items = answer_count(answer, "\"encumbrance\":\"sold\"");
    (void)context;
    (void)index;
    return answer->status == 200 && items > 0 && items <= SCENARIO_PAGE_ITEMS &&
           answer_count(answer, "\"outstanding_amount\":") == items;
}

size_t prepare_claim(scenario_run *run, size_t count)
{
    const world *w = run->w;
    const size_t readable = world_readable(w);
    run->subjects = lg_arena_array(run->arena, readable + 1, sizeof *run->subjects);
    run->subject_count = 0;
    for (size_t i = 0; i < readable; i++)
        if (*w->receivables[i].claim)
            run->subjects[run->subject_count++] = i;
    return run->subject_count ? count : 0;
}

static const world_receivable *claim_of(const scenario_run *run, size_t index)
{
    return &run->w->receivables[run->subjects[scenario_choice(run, index, run->subject_count)]];
}

/* Its debtor asks, whoever holds it by now. */
lg_bytes request_claim(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    const world_receivable *r = claim_of(run, index);
    char path[SCENARIO_PATH_MAX];
    snprintf(path, sizeof path, "/v1/claims/%s", r->claim);
    return world_get(run->w, scratch, run->w->cores[r->core].token, path);
}

bool follow_claim(void *context, size_t index, const load_answer *answer, lg_buf *scratch, lg_bytes *next)
{
    const scenario_run *run = context;
    char path[SCENARIO_PATH_MAX];
    const int64_t seq = answer_number(answer, "\"seq\":");
    if (answer->status != 200 || seq < 0 || !answer_has(answer, claim_of(run, index)->claim))
        return false;
    snprintf(path, sizeof path, "/v1/entries/%lld/proof", (long long)seq);
    *next = world_get(run->w, scratch, NULL, path);
    return true;
}

bool accept_claim(void *context, size_t index, const load_answer *answer)
{
    const scenario_run *run = context;
    (void)index;
    return answer->status == 200 && answer_starts(answer, "c2sp.org/tlog-proof@v1\nindex ") &&
           answer_has(answer, run->w->origin);
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
