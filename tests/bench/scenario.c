#include "tests/bench/scenario.h"

#include <stdlib.h>
#include <string.h>

enum { TILE_WIDTH = 256, TILE_HASH = 32, PATH_MAX_LEN = 128 };

typedef struct subject {
    uint32_t supplier, core;
    size_t receivable; /* of a confirmation */
} subject;

struct scenario_run {
    const scenario *scenario;
    world *w;
    lg_arena *arena;
    uint64_t seed;      /* of this run's choices */
    lg_bytes *requests; /* made ready beforehand, where they are signed */
    subject *subjects;
    int64_t log_size;
    int64_t *checkpoints; /* sizes named in the receipts */
    size_t checkpoint_count;
};

/* The choice of request `index` among n; the same whenever asked. */
static size_t choice(const scenario_run *run, size_t index, size_t n)
{
    uint64_t state = run->seed + index * UINT64_C(0x9e3779b97f4a7c15);
    return n ? (size_t)(bench_next(&state) % n) : 0;
}

static bool has(const load_answer *answer, const char *text)
{
    return memmem(answer->body.data, answer->body.len, text, strlen(text)) != NULL;
}

static bool starts(const load_answer *answer, const char *text)
{
    size_t len = strlen(text);
    return answer->body.len >= len && memcmp(answer->body.data, text, len) == 0;
}

static lg_bytes get(const scenario_run *run, lg_buf *scratch, const char *token, const char *path)
{
    lg_buf_reset(scratch);
    lg_buf_printf(scratch, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", path, run->w->port);
    if (token)
        lg_buf_printf(scratch, "Authorization: Bearer %s\r\n", token);
    lg_buf_str(scratch, "\r\n");
    return lg_buf_bytes(scratch);
}

/* ---- signed commands ---- */

static void prepare_commands(scenario_run *run, size_t count)
{
    run->requests = lg_arena_array(run->arena, count + 1, sizeof *run->requests);
    run->subjects = lg_arena_array(run->arena, count + 1, sizeof *run->subjects);
    run->checkpoints = lg_arena_array(run->arena, count + 1, sizeof *run->checkpoints);
}

static lg_bytes request_prepared(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    (void)scratch;
    return run->requests[index];
}

/* The receipt's proof holds the checkpoint: origin, then size. Each commit publishes one, so distinct sizes
 * count commits. */
static bool note_checkpoint(scenario_run *run, const load_answer *answer)
{
    char before[512];
    int len = snprintf(before, sizeof before, "\\n\\n%s\\n", run->w->origin);
    const char *at = memmem(answer->body.data, answer->body.len, before, (size_t)len);
    if (!at)
        return false;
    run->checkpoints[run->checkpoint_count++] = strtoll(at + len, NULL, 10);
    return true;
}

static size_t prepare_register(scenario_run *run, size_t count)
{
    prepare_commands(run, count);
    for (size_t i = 0; i < count; i++) {
        subject *s = &run->subjects[i];
        s->supplier = (uint32_t)(i % run->w->supplier_count);
        s->core = (uint32_t)choice(run, i, run->w->core_count);
        const world_party *supplier = &run->w->suppliers[s->supplier];
        lg_bytes invoice = world_invoice(run->w, run->arena, supplier, &run->w->cores[s->core]);
        run->requests[i] = world_command(run->w, run->arena, supplier->key, "/v1/receivables", invoice);
        if (i % 256 == 0)
            bench_progress("signing", i, count);
    }
    return count;
}

static bool accept_register(void *context, size_t index, const load_answer *answer)
{
    static const char before[] = "{\"receivable\":{\"id\":\"";
    scenario_run *run = context;
    if (answer->status != 201 || !starts(answer, before) || !has(answer, "\"life\":\"registered\"") ||
        !note_checkpoint(run, answer))
        return false;
    const subject *s = &run->subjects[index];
    world_add_receivable(run->w, (const char *)answer->body.data + sizeof before - 1, s->supplier, s->core);
    return true;
}

static size_t prepare_confirm(scenario_run *run, size_t count)
{
    world *w = run->w;
    char path[PATH_MAX_LEN];
    size_t ready = 0;
    prepare_commands(run, count);
    while (w->first_unconfirmed < w->receivable_count && w->receivables[w->first_unconfirmed].confirmed)
        w->first_unconfirmed++;
    for (size_t i = w->first_unconfirmed; i < w->receivable_count && ready < count; i++) {
        const world_receivable *receivable = &w->receivables[i];
        if (receivable->confirmed)
            continue;
        snprintf(path, sizeof path, "/v1/receivables/%s/confirm", receivable->id);
        run->subjects[ready] =
            (subject){.supplier = receivable->supplier, .core = receivable->core, .receivable = i};
        run->requests[ready++] =
            world_command(w, run->arena, w->cores[receivable->core].key, path, lg_bytes_str("{}"));
        if (ready % 256 == 0)
            bench_progress("signing", ready, count);
    }
    return ready;
}

static bool accept_confirm(void *context, size_t index, const load_answer *answer)
{
    scenario_run *run = context;
    world_receivable *receivable = &run->w->receivables[run->subjects[index].receivable];
    receivable->confirmed = true;
    return answer->status == 200 && has(answer, receivable->id) && has(answer, "\"life\":\"confirmed\"") &&
           has(answer, "\"claim\":{") && note_checkpoint(run, answer);
}

/* ---- reads ---- */

static size_t prepare_read(scenario_run *run, size_t count)
{
    run->log_size = scenario_log_size(run->w);
    return run->w->receivable_count ? count : 0;
}

static lg_bytes request_read(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    const world_receivable *r = &run->w->receivables[choice(run, index, run->w->receivable_count)];
    const world_party *reader = index % 2 ? &run->w->suppliers[r->supplier] : &run->w->cores[r->core];
    char path[PATH_MAX_LEN];
    snprintf(path, sizeof path, "/v1/receivables/%s", r->id);
    return get(run, scratch, reader->token, path);
}

static bool accept_read(void *context, size_t index, const load_answer *answer)
{
    const scenario_run *run = context;
    const world_receivable *r = &run->w->receivables[choice(run, index, run->w->receivable_count)];
    return answer->status == 200 && has(answer, r->id);
}

/* Registrations go round the suppliers, so all of them have a whole page. */
static size_t prepare_list(scenario_run *run, size_t count)
{
    return run->w->receivable_count >= SCENARIO_PAGE_ITEMS * run->w->supplier_count ? prepare_read(run, count)
                                                                                    : 0;
}

static lg_bytes request_list(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    const world_party *reader = &run->w->suppliers[choice(run, index, run->w->supplier_count)];
    return get(run, scratch, reader->token, "/v1/receivables?limit=50");
}

static bool accept_list(void *context, size_t index, const load_answer *answer)
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

static lg_bytes request_proof(void *context, size_t index, lg_buf *scratch)
{
    const scenario_run *run = context;
    char path[PATH_MAX_LEN];
    snprintf(path, sizeof path, "/v1/entries/%zu/proof", choice(run, index, (size_t)run->log_size));
    return get(run, scratch, NULL, path);
}

static bool accept_proof(void *context, size_t index, const load_answer *answer)
{
    const scenario_run *run = context;
    char before[128];
    snprintf(before, sizeof before, "c2sp.org/tlog-proof@v1\nindex %zu\n",
             choice(run, index, (size_t)run->log_size));
    return answer->status == 200 && starts(answer, before) && has(answer, run->w->origin);
}

static lg_bytes request_checkpoint(void *context, size_t index, lg_buf *scratch)
{
    (void)index;
    return get(context, scratch, NULL, "/checkpoint");
}

static bool accept_checkpoint(void *context, size_t index, const load_answer *answer)
{
    scenario_run *run = context;
    size_t origin_len = strlen(run->w->origin);
    (void)index;
    if (answer->status != 200 || !starts(answer, run->w->origin) || answer->body.data[origin_len] != '\n')
        return false;
    run->log_size = strtoll((const char *)answer->body.data + origin_len + 1, NULL, 10);
    return run->log_size > 0;
}

/* A full tile, or the only one as far as it is filled. */
static void tile_path(const scenario_run *run, size_t index, const char *kind, char out[PATH_MAX_LEN])
{
    size_t full = (size_t)run->log_size / TILE_WIDTH, n = choice(run, index, full);
    int len = snprintf(out, PATH_MAX_LEN, "/tile/%s/", kind);
    if (n >= 1000)
        len += snprintf(out + len, PATH_MAX_LEN - (size_t)len, "x%03zu/", n / 1000);
    len += snprintf(out + len, PATH_MAX_LEN - (size_t)len, "%03zu", n % 1000);
    if (full == 0)
        snprintf(out + len, PATH_MAX_LEN - (size_t)len, ".p/%d", (int)run->log_size);
}

static size_t tile_width(const scenario_run *run)
{
    return run->log_size < TILE_WIDTH ? (size_t)run->log_size : TILE_WIDTH;
}

static lg_bytes request_tile(void *context, size_t index, lg_buf *scratch)
{
    char path[PATH_MAX_LEN];
    tile_path(context, index, "0", path);
    return get(context, scratch, NULL, path);
}

static bool accept_tile(void *context, size_t index, const load_answer *answer)
{
    (void)index;
    return answer->status == 200 && answer->body.len == TILE_HASH * tile_width(context);
}

static lg_bytes request_bundle(void *context, size_t index, lg_buf *scratch)
{
    char path[PATH_MAX_LEN];
    tile_path(context, index, "entries", path);
    return get(context, scratch, NULL, path);
}

/* Runs of u16be(len) ‖ entry: exactly as many as the tile is wide. */
static bool accept_bundle(void *context, size_t index, const load_answer *answer)
{
    size_t at = 0, entries = 0;
    (void)index;
    while (at + 2 <= answer->body.len) {
        at += 2 + (size_t)(answer->body.data[at] << 8 | answer->body.data[at + 1]);
        entries++;
    }
    return answer->status == 200 && at == answer->body.len && entries == tile_width(context);
}

const scenario scenarios[] = {
    {"register", "an invoice, signed by its supplier", true, 1, prepare_register, request_prepared,
     accept_register},
    {"confirm", "the debtor confirms, signed", true, 1, prepare_confirm, request_prepared, accept_confirm},
    {"read", "GET /v1/receivables/{id} by a party", false, 1, prepare_read, request_read, accept_read},
    {"list", "a supplier's page of 50", false, 4, prepare_list, request_list, accept_list},
    {"proof", "GET /v1/entries/{seq}/proof", false, 1, prepare_read, request_proof, accept_proof},
    {"checkpoint", "GET /checkpoint", false, 1, prepare_read, request_checkpoint, accept_checkpoint},
    {"tile", "256 leaf hashes", false, 1, prepare_read, request_tile, accept_tile},
    {"bundle", "256 entries", false, 4, prepare_read, request_bundle, accept_bundle},
};
const size_t scenario_count = sizeof scenarios / sizeof *scenarios;

/* ---- measuring ---- */

int64_t scenario_log_size(world *w)
{
    scenario_run run = {.w = w};
    const load_work work = {.label = "checkpoint",
                            .count = 1,
                            .context = &run,
                            .request = request_checkpoint,
                            .accept = accept_checkpoint};
    load *l = load_open(w->port, 1);
    load_result result = load_run(l, 10, &work);
    load_close(l);
    free(result.latency_ns);
    return run.log_size;
}

static int compare_i64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static size_t count_commits(const scenario_run *run)
{
    size_t distinct = 0;
    if (run->checkpoint_count == 0)
        return 0;
    qsort(run->checkpoints, run->checkpoint_count, sizeof *run->checkpoints, compare_i64);
    for (size_t i = 0; i < run->checkpoint_count; i++)
        distinct += i == 0 || run->checkpoints[i] != run->checkpoints[i - 1];
    return distinct;
}

/* Nearest rank; `permille` of 999 is p99.9. */
static uint64_t percentile(const load_result *result, size_t permille)
{
    size_t rank = (result->done * permille + 999) / 1000;
    return result->done ? result->latency_ns[rank ? rank - 1 : 0] : 0;
}

static usage usage_between(const usage *a, const usage *b)
{
    return (usage){
        .cpu_ns = b->cpu_ns - a->cpu_ns,
        .user_ticks = b->user_ticks - a->user_ticks,
        .system_ticks = b->system_ticks - a->system_ticks,
        .written_bytes = b->written_bytes - a->written_bytes,
    };
}

bench_result scenario_measure(const scenario *s, world *w, int pid, size_t connections, size_t count,
                              unsigned limit_s)
{
    char label[64];
    scenario_run run = {.scenario = s, .w = w, .arena = lg_arena_open(), .seed = w->seed + connections};
    load_work work = {.label = label, .context = &run, .request = s->request, .accept = s->accept};
    snprintf(label, sizeof label, "%s, %zu connection%s", s->name, connections, connections == 1 ? "" : "s");
    work.count = s->prepare(&run, count);
    load *l = load_open(w->port, connections);
    usage before = usage_read_settled(pid);
    load_result done = load_run(l, limit_s, &work);
    usage after = usage_read_settled(pid);
    load_close(l);
    bench_result result = {
        .scenario = s->name,
        .is_write = s->is_write,
        .connections = connections,
        .done = done.done,
        .elapsed_ns = done.elapsed_ns,
        .p50_ns = percentile(&done, 500),
        .p90_ns = percentile(&done, 900),
        .p99_ns = percentile(&done, 990),
        .p999_ns = percentile(&done, 999),
        .used = usage_between(&before, &after),
        .commits = count_commits(&run),
    };
    free(done.latency_ns);
    lg_arena_close(run.arena);
    return result;
}
