/* The delivery thread over a real ledger in a temporary folder, a writer that wakes it, and a receiver;
 * participants, endpoints and entries to tell of are made without commands. */
#ifndef WEBHOOK_RIG_H
#define WEBHOOK_RIG_H

#include "tests/unit/ledger_rig.h"

#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"
#include "ledger/store/delivery_rows.h"
#include "ledger/store/participant_rows.h"
#include "ledger/store/party_rows.h"
#include "ledger/store/webhook_rows.h"
#include "ledger/store/writer.h"
#include "server/webhooks/sign.h"
#include "server/webhooks/webhooks.h"
#include "tests/unit/receiver.h"

#include <ftw.h>
#include <sys/stat.h>

typedef struct rig {
    ledger_rig *ledger;
    lg_writer *writer;
    webhooks *w;
    receiver *receiver;
    logger *logger;
    char log[4096]; /* under the lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
} rig;

static inline void keep_line(void *context, const char *line)
{
    rig *r = context;
    pthread_mutex_lock(&r->lock);
    size_t len = strlen(r->log);
    snprintf(r->log + len, sizeof r->log - len, "%s\n", line);
    pthread_mutex_unlock(&r->lock);
}

/* ---- work for the writer ---- */

typedef struct work {
    lg_job job; /* first, so that a job is its work */
    rig *rig;
    lg_err (*act)(struct work *work, lg_ledger *ledger);
    const char *type;
    lg_participant_no participant;
    int share;
    lg_webhook webhook;
    bool finished;
} work;

static inline lg_err apply(lg_job *job, lg_ledger *ledger)
{
    work *w = (work *)job;
    return w->act(w, ledger);
}

static inline void done(lg_job *job)
{
    work *w = (work *)job;
    pthread_mutex_lock(&w->rig->lock);
    w->finished = true;
    pthread_cond_broadcast(&w->rig->changed);
    pthread_mutex_unlock(&w->rig->lock);
}

/* Runs one job to its end; the seq of its entry, or -1. */
static inline int64_t run(rig *r, work *w)
{
    w->rig = r;
    w->finished = false;
    w->job = (lg_job){.apply = apply, .done = done, .arena = lg_arena_open()};
    lg_report_init(&w->job.report, w->job.arena);
    OK(lg_writer_submit(r->writer, &w->job));
    pthread_mutex_lock(&r->lock);
    while (!w->finished)
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
    int64_t seq = w->job.entry_count ? w->job.first_seq : -1;
    OK(w->job.err);
    lg_published_drop(w->job.published);
    lg_arena_close(w->job.arena);
    return seq;
}

static inline lg_err append(work *w, lg_ledger *ledger, int64_t *seq)
{
    lg_entry_row row;
    const lg_hash req = lg_sha256(lg_bytes_str("request"));
    const lg_fact facts[] = {{"amount", "\"12.50\""}, {"part_1", "\"first\""}, {"part_2", "\"second\""}};
    lg_err err =
        lg_ledger_append(ledger, w->job.arena, w->type, lg_ledger_clock(ledger), &req, facts, 3, &row);
    *seq = row.seq;
    return err;
}

static inline lg_err act_entry(work *w, lg_ledger *ledger)
{
    int64_t seq;
    lg_err err = append(w, ledger, &seq);
    return err ? err : lg_entry_party_insert(lg_ledger_db(ledger), seq, w->participant, w->share);
}

static inline lg_err act_participant(work *w, lg_ledger *ledger)
{
    int64_t seq;
    const lg_participant row = {
        .no = w->participant, .name = "Somebody", .id.uuid = {{0xaa, (uint8_t)w->participant.v}}};
    lg_err err = append(w, ledger, &seq);
    return err ? err : lg_participant_insert(lg_ledger_db(ledger), &row);
}

static inline lg_err act_register(work *w, lg_ledger *ledger)
{
    int64_t seq;
    lg_err err = append(w, ledger, &seq);
    w->webhook.no.v = lg_row_no(seq, 0);
    w->webhook.last_seq = seq;
    return err ? err : lg_webhook_insert(lg_ledger_db(ledger), &w->webhook);
}

static inline lg_err act_change(work *w, lg_ledger *ledger)
{
    lg_err err = append(w, ledger, &w->webhook.last_seq);
    return err ? err : lg_webhook_update(lg_ledger_db(ledger), &w->webhook);
}

/* An entry that the participant is party to. */
static inline int64_t entry(rig *r, const char *type, int64_t participant, int share)
{
    work w = {.act = act_entry, .type = type, .participant = {participant}, .share = share};
    return run(r, &w);
}

static inline lg_webhook endpoint(rig *r, int64_t participant, const char *path, const char *events)
{
    work w = {.act = act_register,
              .type = "webhook.registered",
              .webhook = {.id.uuid = lg_uuid_new(),
                          .participant = {participant},
                          .url = lg_arena_printf(r->ledger->arena, "http://127.0.0.1:%u%s",
                                                 (unsigned)r->receiver->port, path),
                          .events = events,
                          .generation = 1,
                          .registered_at = 1}};
    run(r, &w);
    return w.webhook;
}

static inline void change(rig *r, lg_webhook *webhook, const char *type)
{
    work w = {.act = act_change, .type = type, .webhook = *webhook};
    run(r, &w);
    *webhook = w.webhook;
}

/* ---- the rig ---- */

static inline void engine_open(rig *r, bool private_ok)
{
    const webhooks_config config = {
        .dir = r->ledger->dir, .readers = 1, .private_ok = private_ok, .log = r->logger};
    OK(lg_writer_open(r->ledger->ledger, 0, &r->writer));
    OK(webhooks_open(&config, &r->w, &r->ledger->report));
    lg_writer_on_commit(r->writer, webhooks_wake, r->w);
}

static inline void engine_close(rig *r)
{
    lg_writer_close(r->writer);
    webhooks_close(r->w);
    r->writer = NULL;
    r->w = NULL;
}

static inline int open_rig(void **state)
{
    rig *r = calloc(1, sizeof *r);
    set_up((void **)&r->ledger);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    OK(logger_open(&(logger_config){.sink = keep_line, .context = r}, &r->logger));
    assert_int_equal(mkdir(lg_arena_printf(r->ledger->arena, "%s/keys", r->ledger->dir), 0700), 0);
    r->receiver = receiver_open(0);
    engine_open(r, true);
    for (int64_t no = 1; no <= 3; no++)
        run(r, &(work){.act = act_participant,
                       .type = no == 1 ? "genesis" : "participant.registered",
                       .participant = {no}});
    *state = r;
    return 0;
}

static inline int forget(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static inline int close_rig(void **state)
{
    rig *r = *state;
    engine_close(r);
    receiver_close(r->receiver);
    lg_ledger_close(r->ledger->ledger);
    nftw(r->ledger->dir, forget, 8, FTW_DEPTH | FTW_PHYS);
    lg_arena_close(r->ledger->arena);
    free(r->ledger);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    logger_close(r->logger);
    free(r);
    return 0;
}

/* ---- looking ---- */

typedef struct asking {
    webhooks_replay replay;
    rig *rig;
    bool finished;
} asking;

static inline void asked(webhooks_replay *replay)
{
    asking *a = replay->owner;
    pthread_mutex_lock(&a->rig->lock);
    a->finished = true;
    pthread_cond_broadcast(&a->rig->changed);
    pthread_mutex_unlock(&a->rig->lock);
}

static inline lg_err replay(rig *r, lg_webhook_no no, int64_t from, int64_t last, int64_t *queued)
{
    asking a = {.replay = {.webhook = no, .from = from, .last = last, .done = asked}, .rig = r};
    a.replay.owner = &a;
    OK(webhooks_ask(r->w, &a.replay));
    pthread_mutex_lock(&r->lock);
    while (!a.finished)
        pthread_cond_wait(&r->changed, &r->lock);
    pthread_mutex_unlock(&r->lock);
    *queued = a.replay.queued;
    return a.replay.err;
}

static inline lg_delivery delivery_of(rig *r, lg_webhook_no no, int64_t seq)
{
    lg_delivery *rows, found = {.state = LG_DELIVERY_STATE_COUNT};
    size_t count;
    const lg_delivery_filter filter = {
        .webhook = no, .state = -1, .beyond_seq = seq - 1, .oldest_first = true, .limit = 1};
    lg_db *db = lg_readers_take(webhooks_readers(r->w));
    OK(lg_delivery_list(db, &filter, r->ledger->arena, &rows, &count));
    lg_readers_give(webhooks_readers(r->w), db);
    if (count && rows[0].seq == seq)
        found = rows[0];
    return found;
}

/* Waits for a message's state. A replay of nothing makes the thread write what it has, so this does not wait
 * for time to pass. */
static inline lg_delivery await_state(rig *r, lg_webhook_no no, int64_t seq, lg_delivery_state state,
                                      int64_t attempts)
{
    int64_t queued;
    lg_delivery row = delivery_of(r, no, seq);
    while (row.state != state || row.attempts < attempts) {
        (void)!replay(r, no, LG_SEQ_MAX, LG_SEQ_MAX, &queued);
        row = delivery_of(r, no, seq);
    }
    return row;
}

static inline bool logged(rig *r, const char *part)
{
    pthread_mutex_lock(&r->lock);
    bool found = strstr(r->log, part) != NULL;
    pthread_mutex_unlock(&r->lock);
    return found;
}

static inline void assert_id(const hit *h, const lg_webhook *webhook, int64_t seq)
{
    lg_arena *arena = lg_arena_open();
    assert_string_equal(h->id, webhook_message_id(arena, webhook->id, seq));
    lg_arena_close(arena);
}

#endif
