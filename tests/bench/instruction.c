#include "tests/bench/instruction.h"

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"
#include "tests/bench/command.h"
#include "tests/bench/receiver.h"
#include "tests/bench/scenario.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 16, SUPPLY_CONNECTIONS = 64, PATIENCE_S = 30 };

static const char TYPE[] = "financing.accepted";

typedef struct endpoint_keys {
    char id[37];
    lg_arena *arena; /* of the next */
    lg_bytes secret;
} endpoint_keys;

typedef struct financing {
    world_receivable receivable; /* a copy: the world is the others' meanwhile */
    lg_bytes request;
    uint64_t sent_ns, answered_ns, arrived_ns;
    int64_t seq; /* of the acceptance's entry */
} financing;

typedef struct run {
    world *w;
    const instruction_plan *plan;
    lg_arena *arena;
    endpoint_keys *endpoints;
    size_t endpoint_count; /* with those of the others' parties */
    financing *financings;
} run;

/* ---- making ready ---- */

static bool accept_webhook(void *context, size_t index, const load_answer *answer)
{
    endpoint_keys *e = context;
    (void)index;
    return answer->status == 201 && answer_id(answer, "\"webhook\":{\"id\":\"", e->id);
}

static bool accept_removed(void *context, size_t index, const load_answer *answer)
{
    const endpoint_keys *e = context;
    (void)index;
    return answer->status == 200 && answer_has(answer, e->id) && answer_has(answer, "\"status\":\"removed\"");
}

static bool accept_secret(void *context, size_t index, const load_answer *answer)
{
    static const char before[] = "\"secret\":\"whsec_";
    endpoint_keys *e = context;
    const char *at = memmem(answer->body.data, answer->body.len, before, sizeof before - 1);
    (void)index;
    if (answer->status != 200 || !at)
        return false;
    at += sizeof before - 1;
    return lg_base64_decode(e->arena, lg_bytes_of(at, strcspn(at, "\"")), &e->secret);
}

/* Endpoint n is the n-th lender's, then come those of the suppliers and the core enterprises. */
static const world_party *owner_of(const run *r, size_t endpoint)
{
    if (endpoint < r->plan->endpoints)
        return &r->w->lenders[endpoint];
    endpoint -= r->plan->endpoints;
    return endpoint < r->w->supplier_count ? &r->w->suppliers[endpoint]
                                           : &r->w->cores[endpoint - r->w->supplier_count];
}

static void register_endpoint(run *r, uint16_t port, size_t n)
{
    lg_buf scratch = {0};
    endpoint_keys *e = &r->endpoints[n];
    const world_party *owner = owner_of(r, n);
    const char *events = n < r->plan->endpoints ? lg_arena_printf(r->arena, "\"%s\"", TYPE) : "";
    const char *payload =
        lg_arena_printf(r->arena, "{\"url\":\"http://127.0.0.1:%u/%zu\",\"events\":[%s]}", port, n, events);
    world_ask(r->w, "webhooks",
              world_command(r->w, r->arena, (world_act){owner, "/v1/webhooks", lg_bytes_str(payload)}), e,
              accept_webhook);
    e->arena = r->arena;
    const char *path = lg_arena_printf(r->arena, "/v1/webhooks/%s/secret", e->id);
    world_ask(r->w, "secrets", world_get(r->w, &scratch, owner->token, path), e, accept_secret);
    lg_buf_clear(&scratch);
}

static void remove_endpoint(run *r, size_t n)
{
    const char *path = lg_arena_printf(r->arena, "/v1/webhooks/%s/remove", r->endpoints[n].id);
    world_ask(r->w, "webhooks",
              world_command(r->w, r->arena, (world_act){owner_of(r, n), path, lg_bytes_str("{}")}),
              &r->endpoints[n], accept_removed);
}

/* Offers to accept, spread evenly over the lenders that have an endpoint. */
static void make_offers(run *r)
{
    world *w = r->w;
    const scenario *request = scenario_named("request");
    size_t ready = 0, count = r->plan->count;
    scenario_supply(request, w, count, r->plan->limit_s);
    size_t asked = w->lenders_asked;
    w->lenders_asked = r->plan->endpoints;
    bool *before = lg_arena_array(r->arena, w->receivable_count + 1, sizeof *before);
    for (size_t i = 0; i < w->receivable_count; i++)
        before[i] = w->receivables[i].stage == STAGE_REQUESTED;
    scenario_do(request, w, SUPPLY_CONNECTIONS, count, r->plan->limit_s);
    w->lenders_asked = asked;
    r->financings = lg_arena_array(r->arena, count, sizeof *r->financings);
    for (size_t i = 0; i < w->receivable_count && ready < count; i++)
        if (w->receivables[i].stage == STAGE_REQUESTED && !before[i]) {
            w->receivables[i].stage = STAGE_BUSY;
            r->financings[ready++].receivable = w->receivables[i];
        }
    if (ready < count)
        bench_fail("%zu of %zu offers could be made ready", ready, count);
}

/* ---- the acceptances ---- */

static lg_bytes request_accept(void *context, size_t index, lg_buf *scratch)
{
    const run *r = context;
    (void)scratch;
    return r->financings[index].request;
}

static bool take_accept(void *context, size_t index, const load_answer *answer)
{
    run *r = context;
    financing *f = &r->financings[index];
    f->sent_ns = answer->started_ns;
    f->answered_ns = answer->answered_ns;
    f->seq = answer_number(answer, "\"receipt\":{\"seq\":");
    return answered_accept(answer, &f->receivable) && f->seq >= 0;
}

/* ---- looking at what arrived ---- */

static int compare_financings(const void *a, const void *b)
{
    const financing *x = a, *y = b;
    if (x->receivable.lender != y->receivable.lender)
        return x->receivable.lender < y->receivable.lender ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* A header's value; ends the program if there is none. */
static const char *header(run *r, const receiver_message *m, const char *name)
{
    const char *at = strcasestr(m->head, lg_arena_printf(r->arena, "\r\n%s:", name));
    if (!at)
        bench_fail("a message without %s:\n%s", name, m->head);
    at += 2 + strlen(name) + 1;
    at += strspn(at, " ");
    return lg_arena_strndup(r->arena, at, strcspn(at, "\r"));
}

/* One of the signatures is the v1 of this endpoint's secret over "<id>.<timestamp>.<body>". */
static bool signature_is_right(run *r, const receiver_message *m, lg_bytes secret)
{
    const char *id = header(r, m, "webhook-id"), *timestamp = header(r, m, "webhook-timestamp");
    const char *before = lg_arena_printf(r->arena, "%s.%s.", id, timestamp);
    const lg_bytes parts[] = {lg_bytes_str(before), m->body};
    lg_hash mac = lg_hmac_sha256(secret, parts, 2);
    const char *wanted =
        lg_arena_printf(r->arena, "v1,%s", lg_base64_encode(r->arena, lg_bytes_of(mac.b, sizeof mac.b)));
    const char *given = header(r, m, "webhook-signature");
    size_t len = strlen(wanted);
    for (const char *at = given; (at = strstr(at, wanted)); at += len)
        if ((at == given || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

/* The message is the one that was to come next at this endpoint. */
static void check_message(run *r, const receiver_message *m, size_t endpoint, financing *f)
{
    const load_answer body = {.body = m->body};
    const char *type = lg_arena_printf(r->arena, "{\"type\":\"%s\",", TYPE);
    if (!answer_starts(&body, type) || answer_number(&body, "\"data\":{\"seq\":") != f->seq ||
        !answer_has(&body, f->receivable.deal))
        bench_fail("endpoint %zu was to get entry %lld, financing %s, but got\n%.4000s", endpoint,
                   (long long)f->seq, f->receivable.deal, (const char *)m->body.data);
    if (!signature_is_right(r, m, r->endpoints[endpoint].secret))
        bench_fail("endpoint %zu: the v1 signature of entry %lld is wrong:\n%s", endpoint, (long long)f->seq,
                   m->head);
    f->arrived_ns = m->arrived_ns;
}

static void check_messages(run *r, const receiver_message *messages, size_t message_count)
{
    financing *all = r->financings;
    size_t count = r->plan->count, *next = lg_arena_array(r->arena, r->plan->endpoints + 1, sizeof *next);
    qsort(all, count, sizeof *all, compare_financings);
    for (size_t i = 0; i < count; i++)
        next[all[i].receivable.lender + 1] = i + 1; /* where the next lender's begin */
    for (size_t i = 0; i < message_count; i++) {
        size_t endpoint = strtoul(messages[i].head + strlen("POST /"), NULL, 10);
        size_t at = endpoint < r->plan->endpoints ? next[endpoint] : count;
        if (at >= count || all[at].receivable.lender != endpoint)
            bench_fail("more was delivered than was accepted:\n%s", messages[i].head);
        check_message(r, &messages[i], endpoint, &all[at]);
        next[endpoint]++;
    }
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void note_times(const run *r, instruction_result *result)
{
    size_t count = r->plan->count;
    uint64_t *arrived = lg_arena_array(r->arena, count, sizeof *arrived);
    uint64_t *answered = lg_arena_array(r->arena, count, sizeof *answered);
    for (size_t i = 0; i < count; i++) {
        arrived[i] = r->financings[i].arrived_ns - r->financings[i].sent_ns;
        answered[i] = r->financings[i].answered_ns - r->financings[i].sent_ns;
    }
    qsort(arrived, count, sizeof *arrived, compare_u64);
    qsort(answered, count, sizeof *answered, compare_u64);
    result->done = count;
    result->p50_ns = load_percentile(arrived, count, 500);
    result->p90_ns = load_percentile(arrived, count, 900);
    result->p99_ns = load_percentile(arrived, count, 990);
    result->p999_ns = load_percentile(arrived, count, 999);
    result->max_ns = arrived[count - 1];
    result->answered_p50_ns = load_percentile(answered, count, 500);
    result->answered_p99_ns = load_percentile(answered, count, 990);
}

/* ---- all of it ---- */

typedef struct clocks {
    uint64_t now_ns, machine_ns, self_ns;
    usage server;
} clocks;

static clocks read_clocks(int pid)
{
    return (clocks){.now_ns = bench_clock_ns(),
                    .machine_ns = usage_machine_ns(),
                    .self_ns = usage_self_ns(),
                    .server = usage_read(pid)};
}

static void note_usage(const clocks *before, const clocks *after, instruction_result *result)
{
    uint64_t machine = after->machine_ns - before->machine_ns;
    result->watched_ns = after->now_ns - before->now_ns;
    result->used = usage_between(&before->server, &after->server);
    result->self_ns = after->self_ns - before->self_ns;
    uint64_t ours = result->self_ns + result->used.cpu_ns;
    result->elsewhere_ns = machine > ours ? machine - ours : 0; /* the machine counts in coarse ticks */
}

static void accept_offers(run *r, receiver *lenders, int pid, instruction_result *result)
{
    size_t count = r->plan->count;
    const load_work work = {.label = "acceptances",
                            .count = count,
                            .context = r,
                            .request = request_accept,
                            .accept = take_accept,
                            .interval_ns = UINT64_C(1000000000) / r->plan->per_second};
    for (size_t i = 0; i < count; i++)
        r->financings[i].request =
            world_command(r->w, r->arena, command_accept(r->w, r->arena, &r->financings[i].receivable));
    load *l = load_open(r->w->port, CONNECTIONS);
    others *busy = r->plan->others ? others_start(r->w, r->plan->others, false) : NULL;
    size_t told = receiver_passed(lenders);
    clocks before = read_clocks(pid);
    load_result done = load_run(l, r->plan->limit_s, &work);
    if (done.done != count)
        bench_fail("%zu of %zu acceptances within %u s", done.done, count, r->plan->limit_s);
    size_t arrived = receiver_wait(lenders, count, PATIENCE_S);
    clocks after = read_clocks(pid);
    result->told = receiver_passed(lenders) - told;
    if (busy)
        result->meanwhile = others_stop(busy);
    if (arrived < count)
        bench_fail("%zu of %zu messages arrived", arrived, count);
    note_usage(&before, &after, result);
    result->elapsed_ns = done.elapsed_ns;
    result->latest_ns = done.latest_ns;
    free(done.latency_ns);
    load_close(l);
}

instruction_result instruction_measure(world *w, int pid, const instruction_plan *plan)
{
    run r = {.w = w, .plan = plan, .arena = lg_arena_open(), .endpoint_count = plan->endpoints};
    instruction_result result = {.plan = *plan};
    size_t message_count;
    if (plan->told)
        r.endpoint_count += w->supplier_count + w->core_count;
    r.endpoints = lg_arena_array(r.arena, r.endpoint_count, sizeof *r.endpoints);
    receiver *lenders = receiver_open(r.endpoint_count, plan->endpoints);
    make_offers(&r);
    for (size_t i = 0; i < r.endpoint_count; i++)
        register_endpoint(&r, receiver_port(lenders), i);
    accept_offers(&r, lenders, pid, &result);
    for (size_t i = 0; i < r.endpoint_count; i++)
        remove_endpoint(&r, i);
    const receiver_message *messages = receiver_stop(lenders, &message_count);
    check_messages(&r, messages, message_count);
    note_times(&r, &result);
    receiver_close(lenders);
    lg_arena_close(r.arena);
    return result;
}
