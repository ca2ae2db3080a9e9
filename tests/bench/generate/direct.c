#include "tests/bench/generate/direct.h"

#include "ledger/crypto/secret.h"
#include "server/gateway/checks.h"
#include "server/server.h"
#include "server/service/folder.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READERS = 2,
    PATH_LEN = 4096,
    TOGETHER = 128, /* parties introduced in one go */
};

static const char ORIGIN[] = "bench.tallystick.example/ledger";

struct direct {
    api_context api;
    lg_arena *arena;
    world *w;
    lg_signer *signers; /* by a party's number, once its first command was authenticated */
    lg_db *reader;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    size_t pending; /* under the lock: commands that the writer has */
};

static void check(lg_err err, const char *doing, const lg_report *report)
{
    if (err)
        bench_fail("%s: %s: %s", doing, lg_err_slug(err),
                   report && report->detail ? report->detail : lg_err_title(err));
}

/* ---- opening ---- */

static bool is_registry(const char *dir)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/origin", dir);
    return access(path, F_OK) == 0;
}

direct *direct_open(const char *dir)
{
    direct *d = calloc(1, sizeof *d);
    lg_report report;
    lg_signing_key *log_key = NULL;
    char *summary;
    if (!d)
        bench_fail("out of memory");
    d->arena = lg_arena_open();
    lg_report_init(&report, d->arena);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->idle, NULL);
    if (!is_registry(dir))
        check(server_init(dir, ORIGIN, d->arena, &summary, &report), "making the registry", &report);
    check(service_read_origin(dir, d->arena, &d->api.origin, &d->api.vkey, &report), dir, &report);
    const lg_registry_config config = {
        .dir = dir, .origin = d->api.origin, .review = gateway_review, .render = api_render};
    check(lg_registry_open(&config, &d->api.registry, &report), dir, &report);
    check(lg_key_file_read(lg_arena_printf(d->arena, "%s/keys/log.jwk", dir), &log_key, &report), dir,
          &report);
    check(lg_ledger_open(dir, d->api.origin, log_key, &d->api.ledger, &report), dir, &report);
    check(lg_readers_open(lg_arena_printf(d->arena, "%s/ledger.db", dir), READERS, &d->api.readers, &report),
          dir, &report);
    check(lg_writer_open(d->api.ledger, 0, &d->api.writer), "starting the writer", NULL);
    check(router_open(api_routes, api_route_count, &d->api.router, &report), "reading the routes", &report);
    return d;
}

void direct_close(direct *d)
{
    lg_writer_close(d->api.writer);
    lg_readers_close(d->api.readers);
    lg_ledger_close(d->api.ledger);
    lg_registry_close(d->api.registry);
    router_close(d->api.router);
    pthread_cond_destroy(&d->idle);
    pthread_mutex_destroy(&d->lock);
    free(d->signers);
    lg_arena_close(d->arena);
    free(d);
}

int64_t direct_entries(direct *d)
{
    lg_published *published = lg_ledger_published(d->api.ledger);
    int64_t size = published->size;
    lg_published_drop(published);
    return size;
}

void direct_set_world(direct *d, world *w)
{
    d->w = w;
}

/* ---- one command ---- */

static void done(lg_job *job)
{
    direct *d = ((direct_slot *)job)->owner;
    pthread_mutex_lock(&d->lock);
    if (--d->pending == 0)
        pthread_cond_signal(&d->idle);
    pthread_mutex_unlock(&d->lock);
}

void direct_slot_open(direct *d, direct_slot *slot)
{
    *slot = (direct_slot){.arena = lg_arena_open(), .owner = d};
}

void direct_slot_reset(direct_slot *slot)
{
    api_command_clear(&slot->command);
    lg_arena_reset(slot->arena);
    slot->command = (api_command){0};
}

void direct_slot_close(direct_slot *slot)
{
    api_command_clear(&slot->command);
    lg_arena_close(slot->arena);
}

void direct_begin(direct *d)
{
    d->reader = lg_readers_take(d->api.readers);
}

void direct_end(direct *d)
{
    lg_readers_give(d->api.readers, d->reader);
    d->reader = NULL;
}

static lg_signer *signer_of(direct *d, const world_party *party)
{
    if (!d->signers)
        d->signers = calloc(d->w->party_count + 1, sizeof *d->signers);
    if (!d->signers)
        bench_fail("out of memory");
    return &d->signers[party->number];
}

/* What lg_command_authenticate finds of a command whose signer it found before. */
static void identify_known(direct_slot *slot, const lg_signer *signer, lg_jws *jws, lg_report *report)
{
    lg_command *command = &slot->command.command;
    const lg_bytes bytes = jws->bytes;
    check(lg_jws_parse(slot->arena, bytes, jws, report), "parsing", report);
    command->signers[0] = *signer;
    command->signer_count = 1;
    command->jws = bytes;
    command->req = lg_sha256(bytes);
    command->jti = jws->signatures[0].jti;
    command->url = jws->signatures[0].url;
    command->payload = jws->payload;
    command->issued_at = command->issued_last = jws->signatures[0].iat * LG_TIME_PER_SECOND;
    slot->command.api = &slot->owner->api;
    slot->command.job = (lg_job){.apply = api_command_apply, .arena = slot->arena};
    lg_report_init(&slot->command.job.report, slot->arena);
}

void direct_prepare(direct_slot *slot, const world_act *act)
{
    direct *d = slot->owner;
    lg_report report;
    lg_signer *known = signer_of(d, act->by);
    lg_jws jws = {.bytes = lg_bytes_str(world_sign(d->w, slot->arena, act))};
    lg_report_init(&report, slot->arena);
    if (known->no.v)
        identify_known(slot, known, &jws, &report);
    else
        check(api_command_identify(&slot->command, &d->api, d->reader, slot->arena, jws.bytes, act->path,
                                   &jws, &report),
              act->path, &report);
    *known = slot->command.command.signers[0];
    check(api_command_find(&d->api, slot->arena, act->path, &slot->command.command, &report), act->path,
          &report);
    check(api_command_decode(&slot->command, d->reader, &jws, &report), act->path, &report);
    slot->command.job.done = done;
}

void direct_submit(direct *d, direct_slot *const *slots, size_t count)
{
    pthread_mutex_lock(&d->lock);
    d->pending += count;
    pthread_mutex_unlock(&d->lock);
    for (size_t i = 0; i < count; i++)
        check(lg_writer_submit(d->api.writer, &slots[i]->command.job), "queueing", NULL);
}

void direct_wait(direct *d)
{
    pthread_mutex_lock(&d->lock);
    while (d->pending > 0)
        pthread_cond_wait(&d->idle, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

/* ---- setting up ---- */

static void note_id(const direct_slot *slot, const world_step *step, world *w, size_t index)
{
    const lg_result *result = slot->command.outcome.results;
    check(slot->command.job.err, step->label, &slot->command.job.report);
    if (!step->id)
        return;
    if (!result->has_participant)
        bench_fail("%s: the outcome has no participant", step->label);
    memcpy(step->id(w, index), lg_uuid_format(result->participant.id.uuid).s, sizeof(lg_uuid_text));
}

/* The `count` from `first` on, in one go. */
static void do_some(direct *d, const world_step *step, direct_slot *slots, size_t first, size_t count)
{
    direct_slot *submitted[TOGETHER];
    direct_begin(d);
    for (size_t i = 0; i < count; i++) {
        submitted[i] = &slots[i];
        direct_slot_reset(&slots[i]);
        const world_act act = step->act(d->w, slots[i].arena, first + i);
        direct_prepare(&slots[i], &act);
    }
    direct_end(d);
    direct_submit(d, submitted, count);
    direct_wait(d);
    for (size_t i = 0; i < count; i++)
        note_id(&slots[i], step, d->w, first + i);
}

void direct_do(void *ctx, world *w, const world_step *step)
{
    direct *d = ctx;
    direct_slot slots[TOGETHER];
    d->w = w;
    for (size_t i = 0; i < TOGETHER; i++)
        direct_slot_open(d, &slots[i]);
    for (size_t first = 0; first < step->count; first += TOGETHER) {
        const size_t rest = step->count - first;
        do_some(d, step, slots, first, rest < TOGETHER ? rest : TOGETHER);
    }
    for (size_t i = 0; i < TOGETHER; i++)
        direct_slot_close(&slots[i]);
}
