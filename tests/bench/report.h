/* All that a run found out. */
#ifndef TESTS_BENCH_REPORT_H
#define TESTS_BENCH_REPORT_H

#include "tests/bench/beside.h"
#include "tests/bench/ending.h"
#include "tests/bench/instruction.h"

typedef struct bench_report {
    const char *machine; /* a line about where this ran */
    uint64_t seed;
    bool quick;
    floor_costs before, after;
    int64_t entries_before, entries;
    const bench_result *results;
    size_t result_count;
    const instruction_result *instructions;
    size_t instruction_count;
    const beside_result *besides;
    size_t beside_count;
    start_up_result start_up;
    audit_result audit;
    uint64_t database_bytes, peak_memory_bytes, wal_peak_bytes;
} bench_report;

void report_table(FILE *out, const bench_report *report);
void report_json(FILE *out, const bench_report *report);

/* ---- what table and JSON both derive ---- */

double report_us(uint64_t ns);
double report_ms(uint64_t ns);
double report_cpu_us(const bench_result *r);    /* per operation */
double report_system_us(const bench_result *r); /* of it; negative: too short a run to tell */
double report_per_second(const bench_result *r);
/* Of the database, that one operation read, since the server did not keep them. */
double report_pages(const bench_result *r);
double report_verify_us(const bench_report *report);
/* CPU over that of the bare server, measured last before it at the same level; negative: there is nothing to
 * compare. */
double report_times_bare(const bench_report *report, const bench_result *r);
double report_sync_ns(const bench_report *report);        /* of the floor */
double report_commit_ms(const bench_result *r);           /* mean; negative: there was none */
double report_syncs_per_operation(const bench_result *r); /* negative: not counted */

#endif
