/* Making the parties, or finding those that were made before. */
#include "ledger/crypto/secret.h"
#include "tests/bench/world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SETUP_CONNECTIONS = 16, SETUP_LIMIT_S = 120, PATH_LEN = 4096 };
#define OPERATOR_TOKENS (UINT64_C(1) << 40) /* their numbers, behind all others */

/* In the registry's folder, which a copy of it takes along. */
static const char FILE_NAME[] = "bench.world";

/* ---- the steps ---- */

static world_act introduce(world *w, lg_arena *arena, size_t index)
{
    return party_introduce(arena, &w->operator, & w->parties[index]);
}

static char *party_id(world *w, size_t index)
{
    return w->parties[index].id;
}

static world_act give_token(world *w, lg_arena *arena, size_t index)
{
    return party_give_token(arena, &w->operator, & w->parties[index]);
}

static world_act open_program(world *w, lg_arena *arena, size_t index)
{
    return party_open_program(arena, &w->lenders[index]);
}

/* ---- over HTTP ---- */

typedef struct setup {
    world *w;
    lg_arena *arena;
    const world_step *step;
} setup;

static lg_bytes request_step(void *context, size_t index, lg_buf *scratch)
{
    setup *s = context;
    (void)scratch;
    return world_command(s->w, s->arena, s->step->act(s->w, s->arena, index));
}

static bool accept_step(void *context, size_t index, const load_answer *answer)
{
    setup *s = context;
    return answer->status == 201 &&
           (!s->step->id || answer_id(answer, "{\"participant\":{\"id\":\"", s->step->id(s->w, index)));
}

void world_do_over_http(void *ctx, world *w, const world_step *step)
{
    (void)ctx;
    setup s = {.w = w, .arena = lg_arena_open(), .step = step};
    const load_work work = {.label = step->label,
                            .count = step->count,
                            .context = &s,
                            .request = request_step,
                            .accept = accept_step};
    load *l = load_open(w->port, step->count < SETUP_CONNECTIONS ? step->count : SETUP_CONNECTIONS);
    load_result result = load_run(l, SETUP_LIMIT_S, &work);
    load_close(l);
    lg_arena_close(s.arena);
    if (result.done != work.count)
        bench_fail("%s: not finished within %d s", step->label, SETUP_LIMIT_S);
    free(result.latency_ns);
}

static bool accept_operator(void *context, size_t index, const load_answer *answer)
{
    world *w = context;
    (void)index;
    return answer->status == 200 && answer_id(answer, "\"id\":\"", w->operator.id);
}

static bool accept_created(void *context, size_t index, const load_answer *answer)
{
    (void)context;
    (void)index;
    return answer->status == 201;
}

void world_give_operator_token(world *w)
{
    lg_arena *arena = lg_arena_open();
    lg_buf scratch = {0};
    party_make_token(&w->operator, w->seed, OPERATOR_TOKENS + w->serial++);
    world_ask(w, "operator", world_get(w, &scratch, w->suppliers[0].token, "/v1/participants?role=operator"),
              w, accept_operator);
    world_ask(w, "token", world_command(w, arena, party_give_token(arena, &w->operator, & w->operator)), w,
              accept_created);
    lg_buf_clear(&scratch);
    lg_arena_close(arena);
}

/* ---- the file ---- */

static void file_path(const world *w, const char *suffix, char out[PATH_LEN])
{
    snprintf(out, PATH_LEN, "%s/%s%s", w->dir, FILE_NAME, suffix);
}

/* Written whole or not at all. */
static world_stage stage_to_save(const world_receivable *r, bool in_use)
{
    return !in_use && (r->stage == STAGE_REGISTERED || r->stage == STAGE_CONFIRMED) ? r->stage : STAGE_LEFT;
}

void world_save(const world *w, bool in_use)
{
    char path[PATH_LEN], fresh[PATH_LEN];
    file_path(w, "", path);
    file_path(w, ".new", fresh);
    FILE *file = fopen(fresh, "we");
    if (!file)
        bench_fail("cannot write %s: %s", fresh, strerror(errno));
    fprintf(file, "tallystick-bench 2\nseed %" PRIu64 "\nparties %zu %zu %zu %zu\nlives %" PRIu64 " %zu\n",
            w->seed, w->supplier_count, w->core_count, w->lender_count, w->custodian_count, w->lives,
            world_readable(w));
    for (size_t i = 0; i < w->party_count; i++)
        fprintf(file, "%s %u\n", w->parties[i].id, i < w->supplier_count ? w->registered[i] : 0);
    for (size_t i = 0; i < world_readable(w); i++) {
        const world_receivable *r = &w->receivables[i];
        fprintf(file, "%s %s %u %u %u %u %u %" PRId64 " %d %d\n", r->id, *r->claim ? r->claim : "-",
                r->supplier, r->core, r->lender, r->holder, r->recipient, r->amount_minor, r->due,
                (int)stage_to_save(r, in_use));
    }
    if (fflush(file) != 0 || fclose(file) != 0 || rename(fresh, path) != 0)
        bench_fail("cannot write %s: %s", path, strerror(errno));
}

static bool load_receivable(FILE *file, world_receivable *r)
{
    int stage;
    bool read =
        fscanf(file, "%36s %36s %u %u %u %u %u %" SCNd64 " %d %d", r->id, r->claim, &r->supplier, &r->core,
               &r->lender, &r->holder, &r->recipient, &r->amount_minor, &r->due, &stage) == 10;
    r->stage = read && r->due > lg_day_of(lg_now()) ? (world_stage)stage : STAGE_LEFT;
    if (strcmp(r->claim, "-") == 0)
        *r->claim = '\0';
    return read;
}

static void make_parties(world *w, world_size size);

/* False if there is none. */
static bool load_file(world *w)
{
    char path[PATH_LEN];
    world_size size;
    size_t kept;
    file_path(w, "", path);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool good =
        fscanf(file, "tallystick-bench 2 seed %" SCNu64 " parties %zu %zu %zu %zu lives %" SCNu64 " %zu",
               &w->seed, &size.suppliers, &size.cores, &size.lenders, &size.custodians, &w->lives,
               &kept) == 7;
    if (good)
        make_parties(w, size);
    for (size_t i = 0; good && i < w->party_count; i++) {
        uint32_t registered = 0;
        good = fscanf(file, "%36s %u", w->parties[i].id, &registered) == 2;
        if (i < w->supplier_count)
            w->registered[i] = registered;
    }
    for (size_t i = 0; good && i < kept; i++) {
        world_receivable *row = world_room(w);
        *row = (world_receivable){0};
        good = load_receivable(file, row);
        w->receivable_count++;
    }
    w->kept = w->receivable_count;
    fclose(file);
    if (!good)
        bench_fail("%s is not what it should be", path);
    return true;
}

/* ---- opening ---- */

static void make_kind(world *w, party_kind kind, size_t count, world_party **first, size_t *out)
{
    *first = &w->parties[w->party_count];
    *out = count;
    for (size_t i = 0; i < count; i++, w->party_count++)
        party_make(&(*first)[i], kind, w->seed, i, (unsigned)w->party_count + 1);
}

static void make_parties(world *w, world_size size)
{
    w->parties = calloc(size.suppliers + size.cores + size.lenders + size.custodians, sizeof *w->parties);
    w->registered = calloc(size.suppliers, sizeof *w->registered);
    if (!w->parties || !w->registered)
        bench_fail("out of memory");
    make_kind(w, PARTY_SUPPLIER, size.suppliers, &w->suppliers, &w->supplier_count);
    make_kind(w, PARTY_CORE, size.cores, &w->cores, &w->core_count);
    make_kind(w, PARTY_LENDER, size.lenders, &w->lenders, &w->lender_count);
    make_kind(w, PARTY_CUSTODIAN, size.custodians, &w->custodians, &w->custodian_count);
    w->lenders_asked = size.lenders;
}

static char *read_origin(const char *dir)
{
    char path[PATH_LEN], line[1024];
    snprintf(path, sizeof path, "%s/origin", dir);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof line, file))
        bench_fail("cannot read %s", path);
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    char *origin = strdup(line);
    if (!origin)
        bench_fail("out of memory");
    return origin;
}

void world_open(world *w, const char *dir, uint64_t seed, world_size size, world_doer doer, void *ctx)
{
    char path[PATH_LEN];
    lg_report report = {0};
    w->seed = seed;
    w->origin = read_origin(dir);
    w->dir = strdup(dir);
    if (!w->dir)
        bench_fail("out of memory");
    snprintf(path, sizeof path, "%s/keys/operator.jwk", dir);
    if (lg_key_file_read(path, &w->operator.key, &report) != LG_OK)
        bench_fail("%s: %s", path, report.detail ? report.detail : "not a key");
    if (load_file(w))
        return;
    make_parties(w, size);
    const world_step steps[] = {
        {"participants", w->party_count, introduce, party_id},
        {"tokens", w->party_count, give_token, NULL},
        {"programs", w->lender_count, open_program, NULL},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        doer(ctx, w, &steps[i]);
    world_save(w, false);
}

void world_close(world *w)
{
    for (size_t i = 0; i < w->party_count; i++)
        lg_signing_key_close(w->parties[i].key);
    lg_signing_key_close(w->operator.key);
    free(w->parties);
    free(w->registered);
    free(w->receivables);
    free(w->origin);
    free(w->dir);
}
