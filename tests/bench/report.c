/* The table for people and the JSON for programs; both say the same. */
#include "ledger/base/buf.h"
#include "tests/bench/instruction.h"

#include <string.h>

enum {
    TICKS_FOR_SPLIT = 20, /* with fewer, user and system cannot be told apart */
    BAR_MS = 100,         /* for the p99 from acceptance to the instruction's arrival */
};

static double us(uint64_t ns)
{
    return (double)ns / 1e3;
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static double per_operation_us(const bench_result *r)
{
    return r->done ? us(r->used.cpu_ns) / (double)r->done : 0;
}

static double per_second(const bench_result *r)
{
    return r->elapsed_ns ? (double)r->done * 1e9 / (double)r->elapsed_ns : 0;
}

/* Negative: too short a run to tell. */
static double system_us(const bench_result *r)
{
    uint64_t ticks = r->used.user_ticks + r->used.system_ticks;
    if (ticks < TICKS_FOR_SPLIT)
        return -1;
    return per_operation_us(r) * (double)r->used.system_ticks / (double)ticks;
}

static uint64_t mean(uint64_t a, uint64_t b)
{
    return (a + b) / 2;
}

static double verify_us(const bench_report *report)
{
    return us(mean(report->before.verify_ns, report->after.verify_ns));
}

static void floor_line(FILE *out, const char *name, uint64_t before, uint64_t after)
{
    fprintf(out, "  %-42s %10.1f %10.1f\n", name, us(before), us(after));
}

static void floor_table(FILE *out, const bench_report *report)
{
    const floor_costs *a = &report->before, *b = &report->after;
    fprintf(out, "\nThis machine's floor, us of one                   before      after\n");
    floor_line(out, "Ed25519 verify", a->verify_ns, b->verify_ns);
    floor_line(out, "JSON parse of a submission (jansson)", a->parse_ns, b->parse_ns);
    floor_line(out, "SHA-256 of 300 bytes", a->sha256_ns, b->sha256_ns);
    floor_line(out, "4 KiB write and fdatasync (median, wall)", a->fdatasync_ns, b->fdatasync_ns);
    if (a->verify_ns * 10 > b->verify_ns * 11 || b->verify_ns * 10 > a->verify_ns * 11)
        fprintf(out, "  The machine's own speed moved by more than a tenth during the run: measure again "
                     "when it is quiet.\n");
}

static void result_line(FILE *out, const bench_report *report, const bench_result *r)
{
    double cpu = per_operation_us(r), system = system_us(r);
    char user_text[16] = "-", system_text[16] = "-", batch_text[16] = "-";
    if (system >= 0) {
        snprintf(user_text, sizeof user_text, "%.1f", cpu - system);
        snprintf(system_text, sizeof system_text, "%.1f", system);
    }
    if (r->commits)
        snprintf(batch_text, sizeof batch_text, "%.1f", (double)r->done / (double)r->commits);
    fprintf(out, "%-11s %5zu %8zu %8.0f  %8.3f %8.3f %8.3f %8.3f  %8.1f %8s %8s %8.2f  %6s %8.2f\n",
            r->scenario, r->connections, r->done, per_second(r), ms(r->p50_ns), ms(r->p90_ns), ms(r->p99_ns),
            ms(r->p999_ns), cpu, user_text, system_text, cpu / verify_us(report), batch_text,
            r->done ? (double)r->used.written_bytes / 1024 / (double)r->done : 0);
}

/* The results as ratios: what does not change with the machine. */
static void ratio_lines(FILE *out, const bench_report *report)
{
    /* The lesser: a disk still busy with what came before says nothing about what it can do. */
    uint64_t before_ns = report->before.fdatasync_ns, after_ns = report->after.fdatasync_ns;
    uint64_t sync_ns = before_ns < after_ns ? before_ns : after_ns;
    fprintf(out, "\n");
    for (size_t i = 0; i < report->result_count; i++) {
        const bench_result *r = &report->results[i];
        if (!r->is_write)
            continue;
        fprintf(out, "%s, %zu connection%s: %.0f us CPU = %.1f x verify", r->scenario, r->connections,
                r->connections == 1 ? "" : "s", per_operation_us(r), per_operation_us(r) / verify_us(report));
        if (r->connections == 1)
            fprintf(out, "; p50 %.2f ms = %.1f x fdatasync", ms(r->p50_ns),
                    (double)r->p50_ns / (double)sync_ns);
        fprintf(out, "\n");
    }
}

static const bench_result *result_named(const bench_report *report, const char *name, size_t connections)
{
    for (size_t i = 0; i < report->result_count; i++)
        if (strcmp(report->results[i].scenario, name) == 0 && report->results[i].connections == connections)
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
            double cpu = 0;
            size_t found = 0, wanted = 0;
            const bench_result *first = &report->results[i], *part;
            if (strcmp(first->scenario, sums[s].parts[0]) != 0)
                continue;
            for (; wanted < 3 && sums[s].parts[wanted]; wanted++)
                if ((part = result_named(report, sums[s].parts[wanted], first->connections))) {
                    cpu += per_operation_us(part);
                    found++;
                }
            if (found == wanted)
                fprintf(out, "%s, %zu connection%s: %.0f us CPU = %.1f x verify\n", sums[s].what,
                        first->connections, first->connections == 1 ? "" : "s", cpu, cpu / verify_us(report));
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
    fprintf(out, " per second; p50 %.1f ms, p99 %.1f ms\n", ms(m->p50_ns), ms(m->p99_ns));
    if (r->plan.told)
        fprintf(out, "  and %.0f messages per second to the endpoints of their own parties\n",
                (double)r->told / seconds(r->watched_ns));
}

static void instruction_lines(FILE *out, const instruction_result *r)
{
    double watched = seconds(r->watched_ns);
    fprintf(
        out, "%6zu %9zu %6zu %7.1f  %8.2f %8.2f %8.2f %8.2f %8.2f  %8.2f %8.2f %8.2f  %6.2f %5.2f %9.2f\n",
        r->plan.others, r->plan.endpoints, r->done, (double)r->done / seconds(r->elapsed_ns), ms(r->p50_ns),
        ms(r->p90_ns), ms(r->p99_ns), ms(r->p999_ns), ms(r->max_ns), ms(r->answered_p50_ns),
        ms(r->answered_p99_ns), ms(r->latest_ns), seconds(r->used.cpu_ns) / watched,
        seconds(r->self_ns) / watched, seconds(r->elsewhere_ns) / watched);
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
                    ms(r->p99_ns), ms(r->p99_ns) < BAR_MS ? "under the bar of" : "OVER THE BAR of", BAR_MS);
    }
}

static void results_table(FILE *out, const bench_report *report)
{
    if (report->result_count == 0)
        return;
    fprintf(out, "\n%-11s %5s %8s %8s  %8s %8s %8s %8s  %8s %8s %8s %8s  %6s %8s\n", "", "conn-", "opera-",
            "per", "p50", "p90", "p99", "p99.9", "CPU us", "of it", "of it", "times", "per", "KiB disk");
    fprintf(out, "%-11s %5s %8s %8s  %8s %8s %8s %8s  %8s %8s %8s %8s  %6s %8s\n", "scenario", "ect.",
            "tions", "second", "ms", "ms", "ms", "ms", "per op", "user", "system", "verify", "commit",
            "per op");
    for (size_t i = 0; i < report->result_count; i++)
        result_line(out, report, &report->results[i]);
    ratio_lines(out, report);
    sum_lines(out, report);
}

void report_table(FILE *out, const bench_report *report)
{
    fprintf(out, "%s; seed %llu%s\n", report->machine, (unsigned long long)report->seed,
            report->quick ? "; QUICK: for function only, the figures mean nothing" : "");
    floor_table(out, report);
    results_table(out, report);
    instruction_table(out, report);
    fprintf(out, "\n%lld entries; ledger.db %.1f MiB, WAL %.1f MiB; the server's peak memory %.1f MiB\n",
            (long long)report->entries, (double)report->database_bytes / (1 << 20),
            (double)report->wal_bytes / (1 << 20), (double)report->peak_memory_bytes / (1 << 20));
}

/* ---- JSON ---- */

static void put_number(lg_buf *buf, const char *key, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.3f", value);
    lg_json_put_raw(buf, key, text);
}

static void put_floor(lg_buf *buf, const char *key, const floor_costs *costs)
{
    lg_json_key(buf, key);
    lg_json_open(buf);
    put_number(buf, "verify_us", us(costs->verify_ns));
    put_number(buf, "parse_us", us(costs->parse_ns));
    put_number(buf, "sha256_us", us(costs->sha256_ns));
    put_number(buf, "fdatasync_us", us(costs->fdatasync_ns));
    lg_json_close(buf);
}

static void put_result(lg_buf *buf, const bench_report *report, const bench_result *r)
{
    lg_json_open(buf);
    lg_json_put_str(buf, "scenario", r->scenario);
    lg_json_put_int(buf, "connections", (int64_t)r->connections);
    lg_json_put_int(buf, "operations", (int64_t)r->done);
    put_number(buf, "seconds", (double)r->elapsed_ns / 1e9);
    put_number(buf, "per_second", per_second(r));
    put_number(buf, "p50_ms", ms(r->p50_ns));
    put_number(buf, "p90_ms", ms(r->p90_ns));
    put_number(buf, "p99_ms", ms(r->p99_ns));
    put_number(buf, "p999_ms", ms(r->p999_ns));
    put_number(buf, "cpu_us", per_operation_us(r));
    if (system_us(r) >= 0) {
        put_number(buf, "cpu_user_us", per_operation_us(r) - system_us(r));
        put_number(buf, "cpu_system_us", system_us(r));
    }
    put_number(buf, "cpu_per_verify", per_operation_us(r) / verify_us(report));
    lg_json_put_int(buf, "commits", (int64_t)r->commits);
    lg_json_put_int(buf, "written_bytes", (int64_t)r->used.written_bytes);
    lg_json_close(buf);
}

static void put_instruction(lg_buf *buf, const instruction_result *r)
{
    lg_json_open(buf);
    lg_json_put_int(buf, "others", (int64_t)r->plan.others);
    lg_json_put_int(buf, "endpoints", (int64_t)r->plan.endpoints);
    lg_json_put_int(buf, "financings", (int64_t)r->done);
    put_number(buf, "seconds", seconds(r->elapsed_ns));
    put_number(buf, "p50_ms", ms(r->p50_ns));
    put_number(buf, "p90_ms", ms(r->p90_ns));
    put_number(buf, "p99_ms", ms(r->p99_ns));
    put_number(buf, "p999_ms", ms(r->p999_ns));
    put_number(buf, "max_ms", ms(r->max_ns));
    put_number(buf, "answered_p50_ms", ms(r->answered_p50_ns));
    put_number(buf, "answered_p99_ms", ms(r->answered_p99_ns));
    put_number(buf, "sent_late_max_ms", ms(r->latest_ns));
    put_number(buf, "server_cores", seconds(r->used.cpu_ns) / seconds(r->watched_ns));
    put_number(buf, "bench_cores", seconds(r->self_ns) / seconds(r->watched_ns));
    put_number(buf, "elsewhere_cores", seconds(r->elsewhere_ns) / seconds(r->watched_ns));
    lg_json_put_int(buf, "told", (int64_t)r->told);
    lg_json_key(buf, "meanwhile");
    lg_json_open(buf);
    for (int kind = 0; kind < OTHERS_KINDS; kind++)
        lg_json_put_int(buf, others_name((others_kind)kind), (int64_t)r->meanwhile.done[kind]);
    put_number(buf, "seconds", seconds(r->meanwhile.elapsed_ns));
    put_number(buf, "p50_ms", ms(r->meanwhile.p50_ns));
    put_number(buf, "p99_ms", ms(r->meanwhile.p99_ns));
    lg_json_close(buf);
    lg_json_close(buf);
}

void report_json(FILE *out, const bench_report *report)
{
    lg_buf buf = {0};
    lg_json_open(&buf);
    lg_json_put_str(&buf, "machine", report->machine);
    lg_json_put_int(&buf, "seed", (int64_t)report->seed);
    lg_json_put_bool(&buf, "quick", report->quick);
    lg_json_key(&buf, "floor");
    lg_json_open(&buf);
    put_floor(&buf, "before", &report->before);
    put_floor(&buf, "after", &report->after);
    lg_json_close(&buf);
    lg_json_key(&buf, "results");
    lg_json_list(&buf);
    for (size_t i = 0; i < report->result_count; i++)
        put_result(&buf, report, &report->results[i]);
    lg_json_end(&buf);
    lg_json_key(&buf, "instructions");
    lg_json_list(&buf);
    for (size_t i = 0; i < report->instruction_count; i++)
        put_instruction(&buf, &report->instructions[i]);
    lg_json_end(&buf);
    lg_json_put_int(&buf, "entries", report->entries);
    lg_json_put_int(&buf, "database_bytes", (int64_t)report->database_bytes);
    lg_json_put_int(&buf, "wal_bytes", (int64_t)report->wal_bytes);
    lg_json_put_int(&buf, "peak_memory_bytes", (int64_t)report->peak_memory_bytes);
    lg_json_close(&buf);
    fwrite(buf.data, 1, buf.len, out);
    fputc('\n', out);
    lg_buf_clear(&buf);
}
