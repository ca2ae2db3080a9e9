/* A registry opened as the server opens it, and a command on its way through it, without HTTP. */
#include "tests/fault/fault.h"

#include "ledger/crypto/secret.h"
#include "server/gateway/checks.h"
#include "server/gateway/gateway.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

const char HOUSE_ORIGIN[] = "faults.test/ledger";

lg_err house_open(house *h, const char *dir)
{
    lg_signing_key *key = NULL;
    *h = (house){.arena = lg_arena_open()};
    lg_report_init(&h->report, h->arena);
    const lg_registry_config config = {
        .dir = dir, .origin = HOUSE_ORIGIN, .review = gateway_review, .render = api_render};
    h->api.origin = HOUSE_ORIGIN;
    h->api.dir = dir;
    lg_err err = lg_registry_open(&config, &h->api.registry, &h->report);
    if (!err)
        err = lg_key_file_read(lg_arena_printf(h->arena, "%s/keys/log.jwk", dir), &key, &h->report);
    if (!err)
        err = lg_ledger_open(dir, HOUSE_ORIGIN, key, &h->api.ledger, &h->report);
    if (!err)
        err = lg_readers_open(lg_arena_printf(h->arena, "%s/ledger.db", dir), 1, &h->api.readers, &h->report);
    if (!err)
        err = lg_writer_open(h->api.ledger, 0, &h->api.writer);
    if (!err)
        err = router_open(api_routes, api_route_count, &h->api.router, &h->report);
    return err;
}

void house_close(house *h)
{
    lg_writer_close(h->api.writer);
    lg_readers_close(h->api.readers);
    lg_ledger_close(h->api.ledger);
    lg_registry_close(h->api.registry);
    router_close(h->api.router);
    lg_arena_close(h->arena);
}

typedef struct waiting {
    api_command command; /* first: the writer gives it back */
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
} waiting;

static void done(lg_job *job)
{
    waiting *w = (waiting *)job;
    pthread_mutex_lock(&w->lock);
    w->is_done = true;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

static lg_err sign_in_custody(house *h, const step *s, const char **jws)
{
    const lg_jws_header header = {.aud = HOUSE_ORIGIN,
                                  .url = s->url,
                                  .jti = s->jti,
                                  .iat = s->now / LG_TIME_PER_SECOND,
                                  .token = s->token};
    char *text = NULL;
    lg_db *db = lg_readers_take(h->api.readers);
    lg_err err = lg_custody_sign(h->api.registry, db, h->arena, s->custody, &header, lg_bytes_str(s->payload),
                                 &text, &h->report);
    lg_readers_give(h->api.readers, db);
    *jws = text;
    return err;
}

static lg_err through_the_writer(house *h, waiting *w)
{
    w->command.job.done = done;
    lg_err err = lg_writer_submit(h->api.writer, &w->command.job);
    if (err)
        return err;
    pthread_mutex_lock(&w->lock);
    while (!w->is_done)
        pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (w->command.job.err)
        h->report = w->command.job.report;
    return w->command.job.err;
}

void house_do(house *h, const step *s, answer *out, const lg_result **result)
{
    lg_buf text = {0};
    const char *jws = s->jws;
    waiting *w = lg_arena_alloc(h->arena, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->done, NULL);
    lg_report_init(&h->report, h->arena);
    *out = (answer){0};
    out->err = api_command_find(&h->api, h->arena, s->url, &w->command.command, &h->report);
    if (!out->err && !jws)
        out->err = sign_in_custody(h, s, &jws);
    if (!out->err) {
        lg_db *db = lg_readers_take(h->api.readers);
        out->err = api_command_prepare(&w->command, &h->api, db, h->arena, lg_bytes_str(jws), s->url,
                                       w->command.command.type, &h->report);
        lg_readers_give(h->api.readers, db);
    }
    if (!out->err && !w->command.outcome.replayed)
        out->err = through_the_writer(h, w);
    if (!out->err)
        out->err = api_command_answer(&w->command, h->arena, &out->status, &text);
    if (!out->err)
        out->digest = state_digest(STATE_DIGEST_START, text.data, text.len);
    snprintf(out->detail, sizeof out->detail, "%s", out->err && h->report.detail ? h->report.detail : "");
    if (result)
        *result = w->command.outcome.results;
    lg_buf_clear(&text);
    api_command_clear(&w->command);
}
