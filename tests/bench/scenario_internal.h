/* What the files of scenarios share. */
#ifndef TESTS_BENCH_SCENARIO_INTERNAL_H
#define TESTS_BENCH_SCENARIO_INTERNAL_H

#include "tests/bench/scenario.h"

enum { SCENARIO_PATH_MAX = 128 };

struct scenario_run {
    const scenario *scenario;
    world *w;
    lg_arena *arena;
    uint64_t seed;            /* of this run's choices */
    lg_bytes *requests;       /* made ready beforehand, where they are signed */
    size_t *subjects;         /* which receivable each act is about */
    world_receivable *drafts; /* of registrations: what will be receivables */
    int64_t log_size;
    int64_t *checkpoints; /* sizes named in the receipts */
    size_t checkpoint_count;
};

/* The choice of request `index` among n; the same whenever asked. */
size_t scenario_choice(const scenario_run *run, size_t index, size_t n);

/* ---- reads.c ---- */
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
