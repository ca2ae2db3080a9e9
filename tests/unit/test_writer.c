/* The single writer: many jobs from many threads, refusals that undo only themselves, a full queue, a lost
 * batch, and an orderly end. */
#include "tests/unit/ledger_rig.h"

#include "ledger/store/writer.h"

#include <pthread.h>

/* Lets a test hold the writer inside a job. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, open;
    int done;
} gate;

static void gate_init(gate *g)
{
    *g = (gate){0};
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
}

static void gate_clear(gate *g)
{
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
}

typedef struct work {
    lg_job job; /* first, so that a job is its work */
    gate *gate;
    int entries;
    lg_err refuse; /* after its entries are written */
    bool hold;     /* waits inside apply until the gate opens */
    bool spoil;    /* leaves a row that makes the commit fail, if no entry follows */
    bool finished;
} work;

static lg_err apply(lg_job *job, lg_ledger *ledger)
{
    work *w = (work *)job;
    lg_err err = LG_OK;
    if (w->hold) {
        pthread_mutex_lock(&w->gate->lock);
        w->gate->entered = true;
        pthread_cond_broadcast(&w->gate->changed);
        while (!w->gate->open)
            pthread_cond_wait(&w->gate->changed, &w->gate->lock);
        pthread_mutex_unlock(&w->gate->lock);
    }
    for (int i = 0; i < w->entries && !err; i++)
        err = append_to(ledger, job->arena, NULL);
    if (!err && w->spoil)
        err = lg_checkpoint_insert(lg_ledger_db(ledger), lg_ledger_next_seq(ledger), &(lg_hash){{0}});
    if (!err && w->refuse)
        err = lg_fail(&job->report, w->refuse, "refused");
    return err;
}

static void done(lg_job *job)
{
    work *w = (work *)job;
    pthread_mutex_lock(&w->gate->lock);
    w->finished = true;
    w->gate->done++;
    pthread_cond_broadcast(&w->gate->changed);
    pthread_mutex_unlock(&w->gate->lock);
}

static void await(gate *g, int count)
{
    pthread_mutex_lock(&g->lock);
    while (g->done < count)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void start(work *w, gate *g, int entries, lg_err refuse)
{
    *w = (work){.gate = g, .entries = entries, .refuse = refuse};
    w->job = (lg_job){.apply = apply, .done = done, .arena = lg_arena_open()};
    lg_report_init(&w->job.report, w->job.arena);
}

static void finish(work *w)
{
    lg_published_drop(w->job.published);
    lg_arena_close(w->job.arena);
}

/* Submits a job that waits inside the writer, and returns once it is there: what follows piles up behind it.
 */
static void block(lg_writer *writer, work *w, gate *g)
{
    start(w, g, 0, LG_OK);
    w->hold = true;
    OK(lg_writer_submit(writer, &w->job));
    pthread_mutex_lock(&g->lock);
    while (!g->entered)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void unblock(gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

/* Every entry of the job is proven against the checkpoint it was given, which is signed. */
static void assert_proven(ledger_rig *r, const work *w)
{
    assert_int_equal(w->job.entry_count, w->entries);
    assert_non_null(w->job.published);
    for (size_t i = 0; i < w->job.entry_count; i++) {
        lg_entry_row row;
        int64_t seq = w->job.first_seq + (int64_t)i;
        OK(lg_entry_get(lg_ledger_db(r->ledger), seq, r->arena, &row));
        lg_hash leaf = lg_leaf_hash(row.body);
        OK(lg_verify_inclusion(&leaf, seq, w->job.published->size, &w->job.published->root,
                               w->job.proofs[i].hashes, w->job.proofs[i].count));
    }
}

enum { THREADS = 8, JOBS_EACH = 60 };

typedef struct client {
    pthread_t thread;
    lg_writer *writer;
    gate gate;
    int number;
    work works[JOBS_EACH];
} client;

/* Half of the jobs are awaited one by one, half are thrown in at once; each third is refused. */
static void *be_a_client(void *arg)
{
    client *c = arg;
    for (int i = 0; i < JOBS_EACH; i++) {
        start(&c->works[i], &c->gate, 1 + i % 3, i % 3 == 2 ? LG_WRONG_STATE : LG_OK);
        if (lg_writer_submit(c->writer, &c->works[i].job) != LG_OK)
            return "refused";
        if (i < JOBS_EACH / 2)
            await(&c->gate, i + 1);
    }
    await(&c->gate, JOBS_EACH);
    return NULL;
}

static void many_clients_at_once(void **state)
{
    ledger_rig *r = *state;
    lg_writer *writer;
    static client clients[THREADS];
    int64_t entries = 0;
    OK(lg_writer_open(r->ledger, 0, &writer));
    for (int i = 0; i < THREADS; i++) {
        clients[i] = (client){.writer = writer, .number = i};
        gate_init(&clients[i].gate);
        assert_int_equal(pthread_create(&clients[i].thread, NULL, be_a_client, &clients[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *complaint;
        pthread_join(clients[i].thread, &complaint);
        assert_null(complaint);
    }
    lg_writer_close(writer);
    for (int i = 0; i < THREADS; i++) {
        for (int j = 0; j < JOBS_EACH; j++) {
            work *w = &clients[i].works[j];
            IS(w->job.err, w->refuse);
            if (w->refuse) {
                assert_int_equal(w->job.entry_count, 0);
                assert_null(w->job.published);
            } else {
                assert_proven(r, w);
                entries += w->entries;
            }
            finish(w);
        }
        gate_clear(&clients[i].gate);
    }
    assert_int_equal(entries, THREADS * JOBS_EACH / 3 * (1 + 2));
    assert_whole(r, entries);
}

static void a_refusal_undoes_only_itself(void **state)
{
    ledger_rig *r = *state;
    lg_writer *writer;
    gate g;
    work blocker, works[3];
    gate_init(&g);
    OK(lg_writer_open(r->ledger, 0, &writer));
    block(writer, &blocker, &g);
    start(&works[0], &g, 2, LG_OK);
    start(&works[1], &g, 5, LG_NOT_PERMITTED);
    start(&works[2], &g, 1, LG_OK);
    for (int i = 0; i < 3; i++)
        OK(lg_writer_submit(writer, &works[i].job));
    assert_int_equal(lg_writer_get_stats(writer).queued, 3);
    unblock(&g);
    await(&g, 4);
    lg_writer_close(writer);
    OK(works[0].job.err);
    IS(works[1].job.err, LG_NOT_PERMITTED);
    assert_string_equal(works[1].job.report.detail, "refused");
    assert_int_equal(works[2].job.first_seq, 2);
    assert_int_equal(works[0].job.published->size, 3); /* one commit for both */
    assert_ptr_equal(works[0].job.published, works[2].job.published);
    assert_proven(r, &works[0]);
    assert_proven(r, &works[2]);
    assert_whole(r, 3);
    for (int i = 0; i < 3; i++)
        finish(&works[i]);
    finish(&blocker);
    gate_clear(&g);
}

/* When the commit fails, even what was refused may try again, and is told why in that error's own words. */
static void a_lost_batch_is_lost_for_all(void **state)
{
    ledger_rig *r = *state;
    lg_writer *writer;
    gate g;
    work blocker, works[3];
    gate_init(&g);
    commit_some(r, 1);
    OK(lg_writer_open(r->ledger, 0, &writer));
    block(writer, &blocker, &g);
    start(&works[0], &g, 2, LG_OK);
    start(&works[1], &g, 1, LG_WRONG_STATE);
    start(&works[2], &g, 1, LG_OK);
    works[2].spoil = true;
    for (int i = 0; i < 3; i++)
        OK(lg_writer_submit(writer, &works[i].job));
    unblock(&g);
    await(&g, 4);
    OK(blocker.job.err);
    for (int i = 0; i < 3; i++) {
        IS(works[i].job.err, LG_ALREADY_EXISTS); /* of the row in the way */
        assert_null(works[i].job.report.detail);
        assert_int_equal(works[i].job.entry_count, 0);
        assert_null(works[i].job.published);
        finish(&works[i]);
    }
    start(&works[0], &g, 1, LG_OK); /* the writer goes on */
    OK(lg_writer_submit(writer, &works[0].job));
    await(&g, 5);
    lg_writer_close(writer);
    assert_proven(r, &works[0]);
    assert_whole(r, 2);
    finish(&works[0]);
    finish(&blocker);
    gate_clear(&g);
}

static void a_full_queue_refuses(void **state)
{
    ledger_rig *r = *state;
    lg_writer *writer;
    gate g;
    work blocker, works[4];
    gate_init(&g);
    OK(lg_writer_open(r->ledger, 3, &writer));
    block(writer, &blocker, &g);
    for (int i = 0; i < 4; i++)
        start(&works[i], &g, 1, LG_OK);
    for (int i = 0; i < 3; i++)
        OK(lg_writer_submit(writer, &works[i].job));
    IS(lg_writer_submit(writer, &works[3].job), LG_OVERLOADED);
    unblock(&g);
    await(&g, 4);
    assert_false(works[3].finished);
    OK(lg_writer_submit(writer, &works[3].job)); /* there is room again */
    lg_writer_close(writer);
    assert_true(works[3].finished); /* closing drains */
    assert_whole(r, 4);
    for (int i = 0; i < 4; i++)
        finish(&works[i]);
    finish(&blocker);
    gate_clear(&g);
}

static void *close_writer(void *writer)
{
    lg_writer_close(writer);
    return NULL;
}

static void closing_drains_what_is_queued(void **state)
{
    enum { MANY = LG_WRITER_BATCH_MAX + 88 }; /* more than one batch */
    ledger_rig *r = *state;
    lg_writer *writer;
    gate g;
    work blocker;
    pthread_t closer;
    static work works[MANY];
    gate_init(&g);
    OK(lg_writer_open(r->ledger, 0, &writer));
    block(writer, &blocker, &g);
    for (int i = 0; i < MANY; i++) {
        start(&works[i], &g, 1, LG_OK);
        OK(lg_writer_submit(writer, &works[i].job));
    }
    assert_int_equal(pthread_create(&closer, NULL, close_writer, writer), 0);
    unblock(&g);
    pthread_join(closer, NULL);
    for (int i = 0; i < MANY; i++) {
        OK(works[i].job.err);
        assert_int_equal(works[i].job.first_seq, i); /* in the order they came */
        finish(&works[i]);
    }
    assert_whole(r, MANY);
    finish(&blocker);
    gate_clear(&g);
    lg_writer_close(NULL);
}

static void note_broken(void *ctx)
{
    ++*(int *)ctx;
}

static void a_broken_ledger_refuses_everything(void **state)
{
    ledger_rig *r = *state;
    lg_writer *writer;
    gate g;
    work works[3];
    int told = 0;
    gate_init(&g);
    commit_some(r, 1);
    force(r, "UPDATE writer SET epoch = epoch + 1");
    OK(lg_writer_open(r->ledger, 0, &writer));
    lg_writer_on_broken(writer, note_broken, &told);
    for (int i = 0; i < 3; i++) {
        start(&works[i], &g, 1, LG_OK);
        OK(lg_writer_submit(writer, &works[i].job));
        await(&g, i + 1);
    }
    lg_writer_close(writer);
    IS(works[0].job.err, LG_WRITER_DISPLACED);
    IS(works[1].job.err, LG_STOPPING);
    IS(works[2].job.err, LG_STOPPING);
    assert_int_equal(told, 1);
    for (int i = 0; i < 3; i++)
        finish(&works[i]);
    OK(reopen(r));
    assert_whole(r, 1);
    gate_clear(&g);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(many_clients_at_once),          STORY(a_refusal_undoes_only_itself),
        STORY(a_lost_batch_is_lost_for_all),  STORY(a_full_queue_refuses),
        STORY(closing_drains_what_is_queued), STORY(a_broken_ledger_refuses_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
