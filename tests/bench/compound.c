/* The scenarios whose operation is more than one signed command or one read: in custody, in batches, there
 * and back again, and everything mixed. */
#include "tests/bench/command.h"
#include "tests/bench/scenario_internal.h"

#include <string.h>

enum { BATCH_COMMANDS = 1000, ROUND_TRIP_COMMANDS = 3 };

/* ---- register in custody: plain JSON with a bearer token; the registry signs ---- */

size_t prepare_custody(scenario_run *run, size_t count)
{
    world *w = run->w;
    scenario_prepare_commands(run, count);
    for (size_t i = 0; i < count; i++) {
        world_receivable draft = {.core = (uint32_t)scenario_choice(run, i, w->core_count)};
        const world_terms terms = world_next_terms(w);
        const world_act act =
            command_register_on(w, run->arena, &draft, &w->custodians[i % w->custodian_count], &terms);
        run->requests[i] = world_command(w, run->arena, act);
    }
    return count;
}

bool accept_custody(void *context, size_t index, const load_answer *answer)
{
    char id[37];
    (void)index;
    return answered_register(answer, id) && scenario_note_checkpoint(context, answer);
}

/* ---- a batch of signed registrations ---- */

static lg_bytes batch_request(scenario_run *run, size_t index)
{
    world *w = run->w;
    lg_buf body = {0};
    lg_json_open(&body);
    lg_json_put_str(&body, "mode", "independent");
    lg_json_key(&body, "commands");
    lg_json_list(&body);
    for (size_t i = 0; i < BATCH_COMMANDS; i++) {
        const size_t n = index * BATCH_COMMANDS + i;
        world_receivable draft = {.supplier = (uint32_t)(n % w->supplier_count),
                                  .core = (uint32_t)scenario_choice(run, n, w->core_count)};
        const world_act act = command_register(w, run->arena, &draft);
        lg_json_open(&body);
        lg_json_put_str(&body, "jws", world_sign(w, run->arena, &act));
        lg_json_close(&body);
    }
    lg_json_end(&body);
    lg_json_close(&body);
    lg_bytes request =
        lg_bytes_str(lg_arena_printf(run->arena,
                                     "POST /v1/batches HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: "
                                     "application/json\r\nContent-Length: %zu\r\n\r\n%.*s",
                                     w->port, body.len, (int)body.len, body.data));
    lg_buf_clear(&body);
    return request;
}

size_t prepare_batch(scenario_run *run, size_t count)
{
    scenario_prepare_commands(run, count);
    for (size_t i = 0; i < count; i++) {
        run->requests[i] = batch_request(run, i);
        bench_progress("signing batches", i, count);
    }
    return count;
}

bool accept_batch(void *context, size_t index, const load_answer *answer)
{
    (void)context;
    (void)index;
    return answer->status == 200 && answer_count(answer, "\"life\":\"registered\"") == BATCH_COMMANDS &&
           answer_count(answer, "\"status\":201") == BATCH_COMMANDS;
}

/* ---- a financing: asked for, accepted, paid out ---- */

size_t prepare_financing(scenario_run *run, size_t count)
{
    const size_t ready = prepare_act(run, count);
    run->checkpoints =
        lg_arena_array(run->arena, ROUND_TRIP_COMMANDS * (count + 1), sizeof *run->checkpoints);
    return ready;
}

static bool send_act(scenario_run *run, world_act act, lg_buf *scratch, lg_bytes *next)
{
    const lg_bytes request = world_command(run->w, run->one, act);
    lg_buf_reset(scratch);
    lg_buf_add(scratch, request.data, request.len);
    *next = lg_buf_bytes(scratch);
    return true;
}

bool follow_financing(void *context, size_t index, const load_answer *answer, lg_buf *scratch, lg_bytes *next)
{
    scenario_run *run = context;
    world_receivable *r = &run->w->receivables[run->subjects[index]];
    lg_arena_reset(run->one);
    if (r->stage == STAGE_CONFIRMED && answered_request(answer, r) && scenario_note_checkpoint(run, answer))
        return send_act(run, command_accept(run->w, run->one, r), scratch, next);
    if (r->stage == STAGE_REQUESTED && answered_accept(answer, r) && scenario_note_checkpoint(run, answer))
        return send_act(run, command_disburse(run->w, run->one, r), scratch, next);
    return false;
}

bool accept_financing(void *context, size_t index, const load_answer *answer)
{
    scenario_run *run = context;
    world_receivable *r = &run->w->receivables[run->subjects[index]];
    return r->stage == STAGE_ACCEPTED && answered_disburse(answer, r) &&
           scenario_note_checkpoint(run, answer);
}

/* ---- everything: seven reads of ten ---- */

static const struct part {
    const char *scenario;
    unsigned tenths;
} parts[MIXED_PARTS] = {{"read", 3},  {"list", 1},     {"query", 1},
                        {"claim", 2}, {"register", 2}, {"confirm", 1}};
enum { TENTHS = 10 };

/* The part that operation `index` belongs to, and its number there. */
static scenario_run *part_of(scenario_run *run, size_t index, size_t *at)
{
    size_t place = index % TENTHS, part = 0;
    while (place >= parts[part].tenths)
        place -= parts[part++].tenths;
    *at = index / TENTHS * parts[part].tenths + place;
    return run->parts[part];
}

size_t prepare_mixed(scenario_run *run, size_t count)
{
    scenario_prepare_commands(run, count);
    for (size_t i = 0; i < MIXED_PARTS; i++) {
        const size_t wanted = (count / TENTHS + 1) * parts[i].tenths;
        scenario_run *part = run->parts[i] = lg_arena_alloc(run->arena, sizeof *part);
        *part = (scenario_run){.scenario = scenario_named(parts[i].scenario),
                               .w = run->w,
                               .arena = run->arena,
                               .one = run->one,
                               .seed = run->seed + i};
        const size_t ready = part->scenario->prepare(part, wanted);
        if (ready < wanted && ready / parts[i].tenths * TENTHS < count)
            count = ready / parts[i].tenths * TENTHS;
    }
    return count;
}

lg_bytes request_mixed(void *context, size_t index, lg_buf *scratch)
{
    size_t at;
    scenario_run *part = part_of(context, index, &at);
    return part->scenario->request(part, at, scratch);
}

bool follow_mixed(void *context, size_t index, const load_answer *answer, lg_buf *scratch, lg_bytes *next)
{
    size_t at;
    scenario_run *part = part_of(context, index, &at);
    return part->scenario->follow && part->scenario->follow(part, at, answer, scratch, next);
}

bool accept_mixed(void *context, size_t index, const load_answer *answer)
{
    size_t at;
    scenario_run *run = context, *part = part_of(run, index, &at);
    if (!part->scenario->accept(part, at, answer))
        return false;
    return !part->scenario->is_write || scenario_note_checkpoint(run, answer);
}
