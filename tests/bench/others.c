#include "tests/bench/others.h"

#include "tests/bench/command.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPERATIONS_MAX = 4000000,
    LIMIT_S = 280,    /* no run is so long */
    UNDER_WAY = 2000, /* answers */
    MIXTURE = 8,
};

static const others_kind mixture[MIXTURE] = {OTHERS_REGISTER, OTHERS_CONFIRM,  OTHERS_REGISTER, OTHERS_LIST,
                                             OTHERS_CONFIRM,  OTHERS_REGISTER, OTHERS_SPLIT,    OTHERS_LIST};

/* The same without the pages. */
static const others_kind writes[] = {OTHERS_REGISTER, OTHERS_CONFIRM,  OTHERS_REGISTER,
                                     OTHERS_CONFIRM,  OTHERS_REGISTER, OTHERS_SPLIT};
enum { WRITES = sizeof writes / sizeof *writes };

typedef struct operation {
    others_kind kind;
    size_t subject;         /* of the world's receivables; for a page the supplier */
    world_receivable draft; /* of a registration */
} operation;

/* Receivables that the next act can be done to; indexes, first come, first served. */
typedef struct queue {
    size_t *items, first, count;
} queue;

struct others {
    world *w;
    bool only_writes;
    load *l;
    pthread_t thread;
    lg_arena *arena; /* of one request */
    operation *operations;
    queue registered, confirmed;
    atomic_bool stop;
    sem_t under_way;
    others_result result;
};

const char *others_name(others_kind kind)
{
    static const char *const names[OTHERS_KINDS] = {
        [OTHERS_REGISTER] = "registered",
        [OTHERS_CONFIRM] = "confirmed",
        [OTHERS_SPLIT] = "split",
        [OTHERS_LIST] = "pages",
    };
    return names[kind];
}

/* The operation that is due; a registration if there is nothing to do it to. */
static operation choose(others *o, size_t index)
{
    others_kind kind = o->only_writes ? writes[index % WRITES] : mixture[index % MIXTURE];
    queue *from = kind == OTHERS_CONFIRM ? &o->registered : &o->confirmed;
    operation op = {.kind = kind, .subject = index % o->w->supplier_count};
    if (kind == OTHERS_CONFIRM || kind == OTHERS_SPLIT) {
        if (from->first < from->count)
            op.subject = from->items[from->first++];
        else
            op.kind = OTHERS_REGISTER;
    }
    op.draft.supplier = (uint32_t)(index % o->w->supplier_count);
    op.draft.core = (uint32_t)(index / o->w->supplier_count % o->w->core_count);
    return op;
}

static lg_bytes request(void *context, size_t index, lg_buf *scratch)
{
    others *o = context;
    operation *op = &o->operations[index];
    lg_bytes bytes = {0};
    *op = choose(o, index);
    lg_arena_reset(o->arena);
    switch (op->kind) {
    case OTHERS_REGISTER:
        bytes = world_command(o->w, o->arena, command_register(o->w, o->arena, &op->draft));
        break;
    case OTHERS_CONFIRM:
        bytes =
            world_command(o->w, o->arena, command_confirm(o->w, o->arena, &o->w->receivables[op->subject]));
        break;
    case OTHERS_SPLIT:
        bytes = world_command(o->w, o->arena, command_split(o->w, o->arena, &o->w->receivables[op->subject]));
        break;
    case OTHERS_LIST:
        return world_get(o->w, scratch, o->w->suppliers[op->subject].token, "/v1/receivables?limit=50");
    case OTHERS_KINDS:
        break;
    }
    lg_buf_reset(scratch);
    lg_buf_add(scratch, bytes.data, bytes.len);
    return lg_buf_bytes(scratch);
}

static bool take_registered(others *o, const operation *op, const load_answer *answer)
{
    char id[37];
    if (!answered_register(answer, id))
        return false;
    o->registered.items[o->registered.count++] = o->w->receivable_count;
    world_add_receivable(o->w, id, &op->draft);
    return true;
}

static bool accept(void *context, size_t index, const load_answer *answer)
{
    others *o = context;
    const operation *op = &o->operations[index];
    bool right = false;
    switch (op->kind) {
    case OTHERS_REGISTER:
        right = take_registered(o, op, answer);
        break;
    case OTHERS_CONFIRM:
        right = answered_confirm(answer, &o->w->receivables[op->subject]);
        o->confirmed.items[o->confirmed.count++] = op->subject;
        break;
    case OTHERS_SPLIT:
        right = answered_split(answer, &o->w->receivables[op->subject]);
        break;
    case OTHERS_LIST:
        right = answer->status == 200 && answer_has(answer, "\"next_cursor\":");
        break;
    case OTHERS_KINDS:
        break;
    }
    o->result.done[op->kind]++;
    if (index == UNDER_WAY)
        sem_post(&o->under_way);
    return right;
}

static void *run(void *arg)
{
    others *o = arg;
    const load_work work = {.label = "the others",
                            .count = OPERATIONS_MAX,
                            .context = o,
                            .request = request,
                            .accept = accept,
                            .stop = &o->stop,
                            .quiet = true};
    load_result done = load_run(o->l, LIMIT_S, &work);
    o->result.elapsed_ns = done.elapsed_ns;
    o->result.p50_ns = load_percentile(done.latency_ns, done.done, 500);
    o->result.p99_ns = load_percentile(done.latency_ns, done.done, 990);
    free(done.latency_ns);
    return NULL;
}

others *others_start(world *w, size_t connections, bool only_writes)
{
    others *o = calloc(1, sizeof *o);
    if (!o)
        bench_fail("out of memory");
    o->w = w;
    o->only_writes = only_writes;
    o->result.connections = connections;
    o->arena = lg_arena_open();
    /* Most of this is never touched, so it costs addresses only. */
    o->operations = calloc(OPERATIONS_MAX, sizeof *o->operations);
    o->registered.items = calloc(OPERATIONS_MAX, sizeof *o->registered.items);
    o->confirmed.items = calloc(OPERATIONS_MAX, sizeof *o->confirmed.items);
    if (!o->operations || !o->registered.items || !o->confirmed.items)
        bench_fail("out of memory");
    o->l = load_open(w->port, connections);
    sem_init(&o->under_way, 0, 0);
    if (pthread_create(&o->thread, NULL, run, o) != 0)
        bench_fail("no thread for the others");
    while (sem_wait(&o->under_way) != 0)
        ;
    return o;
}

others_result others_stop(others *o)
{
    atomic_store(&o->stop, true);
    pthread_join(o->thread, NULL);
    others_result result = o->result;
    load_close(o->l);
    sem_destroy(&o->under_way);
    lg_arena_close(o->arena);
    free(o->operations);
    free(o->registered.items);
    free(o->confirmed.items);
    free(o);
    return result;
}
