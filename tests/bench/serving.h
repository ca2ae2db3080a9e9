/* The server under measurement, and the bare one beside it, as child processes: started, stopped, killed; and
 * the registry audited when its server is gone. */
#ifndef TESTS_BENCH_SERVING_H
#define TESTS_BENCH_SERVING_H

#include "tests/bench/bench.h"

typedef struct serving {
    const char *binary, *dir;
    bool bare;         /* the floor (bare.h), not ours */
    const char *syncs; /* the library that counts syncs (preload/syncs.c), or NULL */
    int pid;           /* 0: not running */
    uint16_t port;
    uint64_t start_ns; /* how long the last start took, until it listened */
} serving;

/* Also ends it when this program ends, whatever the reason. */
void serving_start(serving *s);
void serving_stop(serving *s); /* SIGTERM; it must end well */
void serving_kill(serving *s); /* SIGKILL */
/* Syncs of the server since this program began; -1 if nobody counts them. */
int64_t serving_syncs(void);

typedef struct audit_result {
    int64_t entries; /* 0: not asked for */
    uint64_t elapsed_ns, cpu_ns, peak_memory_bytes;
} audit_result;
/* The full audit, which must find nothing. The server is not running. */
audit_result serving_audit(const serving *s);

#endif
