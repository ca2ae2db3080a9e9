/* What the files of scenarios share. */
#ifndef TESTS_BENCH_SCENARIO_INTERNAL_H
#define TESTS_BENCH_SCENARIO_INTERNAL_H

#include "tests/bench/scenario.h"

enum { SCENARIO_PATH_MAX = 192, MIXED_PARTS = 6 };

struct scenario_run {
    const scenario *scenario;
    world *w;
    lg_arena *arena;
    lg_arena *one;      /* of one request made as it goes out */
    uint64_t seed;      /* of this run's choices */
    lg_bytes *requests; /* made ready beforehand, where they are signed */
    size_t *subjects;   /* which receivable each act is about, or those to choose from */
    size_t subject_count;
    size_t readable;          /* receivables to choose from, whatever is registered meanwhile */
    world_receivable *drafts; /* of registrations: what will be receivables */
    int64_t log_size;
    int64_t *checkpoints; /* sizes named in the receipts */
    size_t checkpoint_count;
    scenario_run *parts[MIXED_PARTS]; /* of the mixture */
};

/* The choice of request `index` among n; the same whenever asked. */
size_t scenario_choice(const scenario_run *run, size_t index, size_t n);

void scenario_prepare_commands(scenario_run *run, size_t count);
/* Of a write's receipt; false if it has none. */
bool scenario_note_checkpoint(scenario_run *run, const load_answer *answer);

/* ---- scenario.c ---- */
size_t prepare_act(scenario_run *run, size_t count);

/* ---- compound.c ---- */
size_t prepare_custody(scenario_run *run, size_t count);
bool accept_custody(void *run, size_t index, const load_answer *answer);
size_t prepare_batch(scenario_run *run, size_t count);
bool accept_batch(void *run, size_t index, const load_answer *answer);
size_t prepare_financing(scenario_run *run, size_t count);
bool follow_financing(void *run, size_t index, const load_answer *answer, lg_buf *scratch, lg_bytes *next);
bool accept_financing(void *run, size_t index, const load_answer *answer);
size_t prepare_mixed(scenario_run *run, size_t count);
lg_bytes request_mixed(void *run, size_t index, lg_buf *scratch);
bool follow_mixed(void *run, size_t index, const load_answer *answer, lg_buf *scratch, lg_bytes *next);
bool accept_mixed(void *run, size_t index, const load_answer *answer);

/* ---- reads.c ---- */
lg_bytes request_query(void *run, size_t index, lg_buf *scratch);
bool accept_query(void *run, size_t index, const load_answer *answer);
size_t prepare_claim(scenario_run *run, size_t count);
lg_bytes request_claim(void *run, size_t index, lg_buf *scratch);
bool follow_claim(void *run, size_t index, const load_answer *answer, lg_buf *scratch, lg_bytes *next);
bool accept_claim(void *run, size_t index, const load_answer *answer);
size_t prepare_read(scenario_run *run, size_t count);
lg_bytes request_read(void *run, size_t index, lg_buf *scratch);
bool accept_read(void *run, size_t index, const load_answer *answer);
size_t prepare_list(scenario_run *run, size_t count);
lg_bytes request_list(void *run, size_t index, lg_buf *scratch);
bool accept_list(void *run, size_t index, const load_answer *answer);
lg_bytes request_proof(void *run, size_t index, lg_buf *scratch);
bool accept_proof(void *run, size_t index, const load_answer *answer);
lg_bytes request_checkpoint(void *run, size_t index, lg_buf *scratch);
bool accept_checkpoint(void *run, size_t index, const load_answer *answer);
lg_bytes request_tile(void *run, size_t index, lg_buf *scratch);
bool accept_tile(void *run, size_t index, const load_answer *answer);
lg_bytes request_bundle(void *run, size_t index, lg_buf *scratch);
bool accept_bundle(void *run, size_t index, const load_answer *answer);

#endif
