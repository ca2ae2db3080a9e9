/* The table for people and the JSON for programs; both say the same. */
#include "tests/bench/report.h"
#include "ledger/base/buf.h"

#include <string.h>

enum {
    TICKS_FOR_SPLIT = 20, /* with fewer, user and system cannot be told apart */
    BAR_MS = 100,         /* for the p99 from acceptance to the instruction's arrival */
};

#define RESULT_HEAD                                                                                          \
    "%-10s %6s %7s %7s  %8s %8s %8s %8s %7s %7s  %8s %8s %8s %7s %6s  %6s %7s %6s %8s %6s %6s %6s\n"
#define BESIDE_HEAD "%-10s %8s %8s %7s  %8s %8s %7s  %9s %9s  %s\n"

double report_us(uint64_t ns)
{
    return (double)ns / 1e3;
}

double report_ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

double report_cpu_us(const bench_result *r)
{
    return r->done ? report_us(r->used.cpu_ns) / (double)r->done : 0;
}

double report_per_second(const bench_result *r)
{
    return r->elapsed_ns ? (double)r->done * 1e9 / (double)r->elapsed_ns : 0;
}

/* Negative: too short a run to tell. */
double report_system_us(const bench_result *r)
{
    uint64_t ticks = r->used.user_ticks + r->used.system_ticks;
    if (ticks < TICKS_FOR_SPLIT)
        return -1;
    return report_cpu_us(r) * (double)r->used.system_ticks / (double)ticks;
}

/* Of the writer's batches meanwhile, its own figures. */
double report_commit_ms(const bench_result *r)
{
    return r->seen.batches ? report_ms(r->seen.commit_total_ns) / (double)r->seen.batches : -1;
}

double report_syncs_per_operation(const bench_result *r)
{
    return r->seen.syncs >= 0 && r->done ? (double)r->seen.syncs / (double)r->done : -1;
}

double report_pages(const bench_result *r)
{
    enum { PAGE = 4096 };
    return r->done ? (double)r->used.read_bytes / PAGE / (double)r->done : 0;
}

/* The lesser: a disk still busy with what came before says nothing about what it can do. */
double report_sync_ns(const bench_report *report)
{
    uint64_t before_ns = report->before.fdatasync_ns, after_ns = report->after.fdatasync_ns;
    return (double)(before_ns < after_ns ? before_ns : after_ns);
}

static uint64_t mean(uint64_t a, uint64_t b)
{
    return (a + b) / 2;
}

double report_verify_us(const bench_report *report)
{
    return report_us(mean(report->before.verify_ns, report->after.verify_ns));
}

static bool same_level(const bench_result *a, const bench_result *b)
{
    return a->connections == b->connections && a->per_second == b->per_second;
}

static bool is_bare(const bench_result *r)
{
    return strcmp(r->scenario, "bare") == 0;
}

double report_times_bare(const bench_report *report, const bench_result *r)
{
    const bool is_compared = r->is_write && !is_bare(r);
    for (const bench_result *before = r; is_compared && before-- > report->results;)
        if (is_bare(before) && same_level(before, r))
            return report_cpu_us(r) / report_cpu_us(before);
    return -1;
}

static void floor_line(FILE *out, const char *name, uint64_t before, uint64_t after)
{
    fprintf(out, "  %-42s %10.1f %10.1f\n", name, report_us(before), report_us(after));
}

static void floor_table(FILE *out, const bench_report *report)
{
    const floor_costs *a = &report->before, *b = &report->after;
    fprintf(out, "\nThis machine's floor, us of one                   before      after\n");
    floor_line(out, "Ed25519 verify", a->verify_ns, b->verify_ns);
    floor_line(out, "JSON parse of a submission (jansson)", a->parse_ns, b->parse_ns);
    floor_line(out, "SHA-256 of 300 bytes", a->sha256_ns, b->sha256_ns);
    floor_line(out, "4 KiB write and fdatasync (median, wall)", a->fdatasync_ns, b->fdatasync_ns);
    floor_line(out, "4 KiB read from anywhere in the database", a->page_ns, b->page_ns);
    if (a->verify_ns * 10 > b->verify_ns * 11 || b->verify_ns * 10 > a->verify_ns * 11)
        fprintf(out, "  The machine's own speed moved by more than a tenth during the run: measure again "
                     "when it is quiet.\n");
}

/* "-" where there is nothing to tell. */
static void put_or_dash(char out[16], int decimals, double value, bool there)
{
    if (there)
        snprintf(out, 16, "%.*f", decimals, value);
    else
        snprintf(out, 16, "-");
}

static const char *level_of(const bench_result *r, char out[16])
{
    if (r->per_second)
        snprintf(out, 16, "%u/s", r->per_second);
    else
        snprintf(out, 16, "%zu", r->connections);
    return out;
}

static void result_line(FILE *out, const bench_report *report, const bench_result *r)
{
    char level[16], user[16], system_text[16], bare[16], batch[16], commit[16], syncs[16], wal[16];
    const double cpu = report_cpu_us(r), system = report_system_us(r);
    put_or_dash(user, 1, cpu - system, system >= 0);
    put_or_dash(system_text, 1, system, system >= 0);
    put_or_dash(bare, 2, report_times_bare(report, r), report_times_bare(report, r) >= 0);
    put_or_dash(batch, 1, (double)r->done * r->commands / (double)(r->commits ? r->commits : 1),
                r->commits > 0);
    put_or_dash(commit, 2, report_commit_ms(r), report_commit_ms(r) >= 0);
    put_or_dash(syncs, 2, report_syncs_per_operation(r), report_syncs_per_operation(r) >= 0);
    put_or_dash(wal, 1, (double)r->seen.wal_peak_bytes / (1 << 20), r->is_write);
    fprintf(out,
            "%-10s %6s %7zu %7.0f  %8.3f %8.3f %8.3f %8.3f %7.1f %7.1f  "
            "%8.1f %8s %8s %7.2f %6s  %6s %7s %6s %8.2f %6.1f %6s %6.1f\n",
            r->scenario, level_of(r, level), r->done, report_per_second(r), report_ms(r->p50_ns),
            report_ms(r->p90_ns), report_ms(r->p99_ns), report_ms(r->p999_ns),
            (double)r->p50_ns / report_sync_ns(report), (double)r->p99_ns / report_sync_ns(report), cpu, user,
            system_text, cpu / report_verify_us(report), bare, batch, commit, syncs,
            r->done ? (double)r->used.written_bytes / 1024 / (double)r->done : 0, report_pages(r), wal,
            (double)r->seen.peak_memory_bytes / (1 << 20));
}

/* The results as ratios: what does not change with the machine. */
static void ratio_lines(FILE *out, const bench_report *report)
{
    fprintf(out, "\n");
    for (size_t i = 0; i < report->result_count; i++) {
        const bench_result *r = &report->results[i];
        char level[16];
        if (!r->is_write)
            continue;
        fprintf(out, "%s, %s%s: %.0f us CPU = %.1f x verify", r->scenario, level_of(r, level),
                r->per_second ? "" : " at once", report_cpu_us(r),
                report_cpu_us(r) / report_verify_us(report));
        if (report_times_bare(report, r) >= 0)
            fprintf(out, " = %.2f x bare", report_times_bare(report, r));
        if (r->commands > 1)
            fprintf(out, ", %.0f us = %.1f x for each of its %u commands", report_cpu_us(r) / r->commands,
                    report_cpu_us(r) / report_verify_us(report) / r->commands, r->commands);
        if (r->connections == 1)
            fprintf(out, "; p50 %.2f ms = %.1f x fdatasync", report_ms(r->p50_ns),
                    (double)r->p50_ns / report_sync_ns(report));
        if (r->per_second)
            fprintf(out, "; p99 %.2f ms = %.1f x fdatasync, max %.1f ms", report_ms(r->p99_ns),
                    (double)r->p99_ns / report_sync_ns(report), report_ms(r->max_ns));
        fprintf(out, "\n");
    }
}

/* The scenario's row at the level of another. */
static const bench_result *result_like(const bench_report *report, const char *name, const bench_result *like)
{
    for (size_t i = 0; i < report->result_count; i++)
        if (strcmp(report->results[i].scenario, name) == 0 && same_level(&report->results[i], like))
            return &report->results[i];
    return NULL;
}

/* What several commands cost together, where all of them were measured. */
static void sum_lines(FILE *out, const bench_report *report)
{
    static const struct {
        const char *what, *parts[3];
    } sums[] = {
        {"handing a claim on (transfer, take)", {"transfer", "take"}},
        {"financing a claim (request, accept, disburse)", {"request", "accept", "disburse"}},
    };
    for (size_t s = 0; s < sizeof sums / sizeof *sums; s++)
        for (size_t i = 0; i < report->result_count; i++) {
            char level[16];
            double cpu = 0;
            size_t found = 0, wanted = 0;
            const bench_result *first = &report->results[i], *part;
            if (strcmp(first->scenario, sums[s].parts[0]) != 0)
                continue;
            for (; wanted < 3 && sums[s].parts[wanted]; wanted++)
                if ((part = result_like(report, sums[s].parts[wanted], first))) {
                    cpu += report_cpu_us(part);
                    found++;
                }
            if (found == wanted)
                fprintf(out, "%s, %s%s: %.0f us CPU = %.1f x verify\n", sums[s].what, level_of(first, level),
                        first->per_second ? "" : " at once", cpu, cpu / report_verify_us(report));
        }
}

/* ---- the headline ---- */

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static void meanwhile_line(FILE *out, const instruction_result *r)
{
    const others_result *m = &r->meanwhile;
    fprintf(out, "  meanwhile %zu others:", m->connections);
    for (int kind = 0; kind < OTHERS_KINDS; kind++)
        fprintf(out, "%s %.0f %s", kind ? "," : "", (double)m->done[kind] / seconds(m->elapsed_ns),
                others_name((others_kind)kind));
    fprintf(out, " per second; p50 %.1f ms, p99 %.1f ms\n", report_ms(m->p50_ns), report_ms(m->p99_ns));
    if (r->plan.told)
        fprintf(out, "  and %.0f messages per second to the endpoints of their own parties\n",
                (double)r->told / seconds(r->watched_ns));
}

static void instruction_lines(FILE *out, const instruction_result *r)
{
    double watched_s = seconds(r->watched_ns);
    fprintf(out,
            "%6zu %9zu %6zu %7.1f  %8.2f %8.2f %8.2f %8.2f %8.2f  %8.2f %8.2f %8.2f  %6.2f %5.2f %9.2f\n",
            r->plan.others, r->plan.endpoints, r->done, (double)r->done / seconds(r->elapsed_ns),
            report_ms(r->p50_ns), report_ms(r->p90_ns), report_ms(r->p99_ns), report_ms(r->p999_ns),
            report_ms(r->max_ns), report_ms(r->answered_p50_ns), report_ms(r->answered_p99_ns),
            report_ms(r->latest_ns), seconds(r->used.cpu_ns) / watched_s, seconds(r->self_ns) / watched_s,
            seconds(r->elsewhere_ns) / watched_s);
    if (r->meanwhile.connections)
        meanwhile_line(out, r);
}

static void instruction_table(FILE *out, const bench_report *report)
{
    if (report->instruction_count == 0)
        return;
    fprintf(out, "\nFrom a holder's acceptance to the instruction's arrival at the lender's endpoint, ms\n");
    fprintf(out, "%6s %9s %6s %7s  %44s  %17s %8s  %22s\n", "", "lenders'", "finan-", "per",
            "acceptance written to message read", "to its own answer", "sent", "cores used by");
    fprintf(out, "%6s %9s %6s %7s  %8s %8s %8s %8s %8s  %8s %8s %8s  %6s %5s %9s\n", "others", "endpoints",
            "cings", "second", "p50", "p90", "p99", "p99.9", "max", "p50", "p99", "late max", "server",
            "bench", "elsewhere");
    for (size_t i = 0; i < report->instruction_count; i++)
        instruction_lines(out, &report->instructions[i]);
    fprintf(out,
            "  Every message came once, in order, with its financing's instruction and a right signature.\n");
    for (size_t i = 0; i < report->instruction_count; i++) {
        const instruction_result *r = &report->instructions[i];
        if (r->plan.others && !report->quick)
            fprintf(out, "  %zu endpoint%s%s: p99 %.1f ms, %s %d ms\n", r->plan.endpoints,
                    r->plan.endpoints == 1 ? "" : "s", r->plan.told ? ", the others told too" : "",
                    report_ms(r->p99_ns),
                    report_ms(r->p99_ns) < BAR_MS ? "under the bar of" : "OVER THE BAR of", BAR_MS);
    }
}

static void results_table(FILE *out, const bench_report *report)
{
    if (report->result_count == 0)
        return;
    fputc('\n', out);
    fprintf(out, RESULT_HEAD, "", "at", "opera-", "per", "p50", "p90", "p99", "p99.9", "p50 in", "p99 in",
            "CPU us", "of it", "of it", "times", "times", "per", "commit", "syncs", "KiB disk", "pages",
            "WAL", "memory");
    fprintf(out, RESULT_HEAD, "scenario", "once", "tions", "second", "ms", "ms", "ms", "ms", "syncs", "syncs",
            "per op", "user", "system", "verify", "bare", "commit", "ms", "per op", "per op", "read", "MiB",
            "MiB");
    for (size_t i = 0; i < report->result_count; i++)
        result_line(out, report, &report->results[i]);
    ratio_lines(out, report);
    sum_lines(out, report);
}

static void beside_table(FILE *out, const bench_report *report)
{
    if (report->beside_count == 0)
        return;
    const beside_result *first = &report->besides[0];
    fprintf(out, "\nReads by %zu clients, alone and while 64 others write; alone these write %.0f a second\n",
            first->alone.connections, first->writes_alone_per_second);
    fprintf(out, BESIDE_HEAD, "", "CPU us", "", "times", "p50 ms", "", "times", "reads/s", "", "writes/s");
    fprintf(out, BESIDE_HEAD, "scenario", "alone", "beside", "alone", "alone", "beside", "alone", "alone",
            "beside", "beside");
    for (size_t i = 0; i < report->beside_count; i++) {
        const beside_result *r = &report->besides[i];
        fprintf(out, "%-10s %8.1f %8.1f %7.2f  %8.3f %8.3f %7.2f  %9.0f %9.0f  %.0f\n", r->scenario,
                r->alone_cpu_ns / 1e3, r->beside_cpu_ns / 1e3, r->beside_cpu_ns / r->alone_cpu_ns,
                report_ms(r->alone.p50_ns), report_ms(r->beside.p50_ns),
                (double)r->beside.p50_ns / (double)r->alone.p50_ns, report_per_second(&r->alone),
                report_per_second(&r->beside), r->writes_beside_per_second);
    }
}

static void ending_lines(FILE *out, const bench_report *report)
{
    const start_up_result *start = &report->start_up;
    const audit_result *audit = &report->audit;
    if (start->starts)
        fprintf(out,
                "start-up, the slowest of %zu: %.0f ms after a clean stop, %.0f ms after kill -9 behind %zu "
                "registrations (WAL file %.1f MiB)\n",
                start->starts, report_ms(start->clean_ns), report_ms(start->killed_ns), start->writes,
                (double)start->wal_bytes / (1 << 20));
    if (audit->entries)
        fprintf(
            out,
            "full audit: %lld entries in %.1f s, %.0f a second; CPU %.0f us = %.1f x verify an entry; peak "
            "memory %.1f MiB\n",
            (long long)audit->entries, seconds(audit->elapsed_ns),
            (double)audit->entries / seconds(audit->elapsed_ns),
            report_us(audit->cpu_ns) / (double)audit->entries,
            report_us(audit->cpu_ns) / (double)audit->entries / report_verify_us(report),
            (double)audit->peak_memory_bytes / (1 << 20));
}

void report_table(FILE *out, const bench_report *report)
{
    fprintf(out, "%s; seed %llu%s\n", report->machine, (unsigned long long)report->seed,
            report->quick ? "; QUICK: for function only, the figures mean nothing" : "");
    floor_table(out, report);
    results_table(out, report);
    instruction_table(out, report);
    beside_table(out, report);
    fprintf(out,
            "\n%lld entries, %lld before; ledger.db %.1f MiB, %.0f bytes an entry; WAL at most %.1f MiB; the "
            "server's peak memory %.1f MiB\n",
            (long long)report->entries, (long long)report->entries_before,
            (double)report->database_bytes / (1 << 20),
            (double)report->database_bytes / (double)report->entries,
            (double)report->wal_peak_bytes / (1 << 20), (double)report->peak_memory_bytes / (1 << 20));
    ending_lines(out, report);
}
