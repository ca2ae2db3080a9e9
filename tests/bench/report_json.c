/* What report.c prints, for programs. */
#include "ledger/base/buf.h"
#include "tests/bench/report.h"

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

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
    put_number(buf, "verify_us", report_us(costs->verify_ns));
    put_number(buf, "parse_us", report_us(costs->parse_ns));
    put_number(buf, "sha256_us", report_us(costs->sha256_ns));
    put_number(buf, "fdatasync_us", report_us(costs->fdatasync_ns));
    put_number(buf, "page_us", report_us(costs->page_ns));
    lg_json_close(buf);
}

static void put_result(lg_buf *buf, const bench_report *report, const bench_result *r)
{
    lg_json_open(buf);
    lg_json_put_str(buf, "scenario", r->scenario);
    lg_json_put_int(buf, "connections", (int64_t)r->connections);
    lg_json_put_int(buf, "asked_per_second", r->per_second);
    lg_json_put_int(buf, "commands", r->commands);
    lg_json_put_int(buf, "operations", (int64_t)r->done);
    put_number(buf, "seconds", (double)r->elapsed_ns / 1e9);
    put_number(buf, "per_second", report_per_second(r));
    put_number(buf, "p50_ms", report_ms(r->p50_ns));
    put_number(buf, "p90_ms", report_ms(r->p90_ns));
    put_number(buf, "p99_ms", report_ms(r->p99_ns));
    put_number(buf, "p999_ms", report_ms(r->p999_ns));
    put_number(buf, "cpu_us", report_cpu_us(r));
    if (report_system_us(r) >= 0) {
        put_number(buf, "cpu_user_us", report_cpu_us(r) - report_system_us(r));
        put_number(buf, "cpu_system_us", report_system_us(r));
    }
    put_number(buf, "cpu_per_verify", report_cpu_us(r) / report_verify_us(report));
    if (report_times_bare(report, r) >= 0)
        put_number(buf, "cpu_per_bare", report_times_bare(report, r));
    lg_json_put_int(buf, "commits", (int64_t)r->commits);
    put_number(buf, "max_ms", report_ms(r->max_ns));
    put_number(buf, "p50_syncs", (double)r->p50_ns / report_sync_ns(report));
    put_number(buf, "p99_syncs", (double)r->p99_ns / report_sync_ns(report));
    if (report_commit_ms(r) >= 0)
        put_number(buf, "commit_ms", report_commit_ms(r));
    if (report_syncs_per_operation(r) >= 0)
        put_number(buf, "syncs_per_operation", report_syncs_per_operation(r));
    lg_json_put_int(buf, "wal_peak_bytes", (int64_t)r->seen.wal_peak_bytes);
    lg_json_put_int(buf, "peak_memory_bytes", (int64_t)r->seen.peak_memory_bytes);
    lg_json_put_int(buf, "written_bytes", (int64_t)r->used.written_bytes);
    put_number(buf, "pages_read", report_pages(r));
    lg_json_close(buf);
}

static void put_instruction(lg_buf *buf, const instruction_result *r)
{
    lg_json_open(buf);
    lg_json_put_int(buf, "others", (int64_t)r->plan.others);
    lg_json_put_int(buf, "endpoints", (int64_t)r->plan.endpoints);
    lg_json_put_int(buf, "financings", (int64_t)r->done);
    put_number(buf, "seconds", seconds(r->elapsed_ns));
    put_number(buf, "p50_ms", report_ms(r->p50_ns));
    put_number(buf, "p90_ms", report_ms(r->p90_ns));
    put_number(buf, "p99_ms", report_ms(r->p99_ns));
    put_number(buf, "p999_ms", report_ms(r->p999_ns));
    put_number(buf, "max_ms", report_ms(r->max_ns));
    put_number(buf, "answered_p50_ms", report_ms(r->answered_p50_ns));
    put_number(buf, "answered_p99_ms", report_ms(r->answered_p99_ns));
    put_number(buf, "sent_late_max_ms", report_ms(r->latest_ns));
    put_number(buf, "server_cores", seconds(r->used.cpu_ns) / seconds(r->watched_ns));
    put_number(buf, "bench_cores", seconds(r->self_ns) / seconds(r->watched_ns));
    put_number(buf, "elsewhere_cores", seconds(r->elsewhere_ns) / seconds(r->watched_ns));
    lg_json_put_int(buf, "told", (int64_t)r->told);
    lg_json_key(buf, "meanwhile");
    lg_json_open(buf);
    for (int kind = 0; kind < OTHERS_KINDS; kind++)
        lg_json_put_int(buf, others_name((others_kind)kind), (int64_t)r->meanwhile.done[kind]);
    put_number(buf, "seconds", seconds(r->meanwhile.elapsed_ns));
    put_number(buf, "p50_ms", report_ms(r->meanwhile.p50_ns));
    put_number(buf, "p99_ms", report_ms(r->meanwhile.p99_ns));
    lg_json_close(buf);
    lg_json_close(buf);
}

static void put_beside(lg_buf *buf, const beside_result *r)
{
    lg_json_open(buf);
    lg_json_put_str(buf, "scenario", r->scenario);
    put_number(buf, "alone_cpu_us", r->alone_cpu_ns / 1e3);
    put_number(buf, "beside_cpu_us", r->beside_cpu_ns / 1e3);
    put_number(buf, "alone_p50_ms", report_ms(r->alone.p50_ns));
    put_number(buf, "beside_p50_ms", report_ms(r->beside.p50_ns));
    put_number(buf, "alone_per_second", report_per_second(&r->alone));
    put_number(buf, "beside_per_second", report_per_second(&r->beside));
    put_number(buf, "writes_alone_per_second", r->writes_alone_per_second);
    put_number(buf, "writes_beside_per_second", r->writes_beside_per_second);
    lg_json_close(buf);
}

static void put_ending(lg_buf *buf, const bench_report *report)
{
    if (report->start_up.starts) {
        lg_json_key(buf, "start_up");
        lg_json_open(buf);
        put_number(buf, "clean_ms", report_ms(report->start_up.clean_ns));
        put_number(buf, "killed_ms", report_ms(report->start_up.killed_ns));
        lg_json_put_int(buf, "wal_bytes", (int64_t)report->start_up.wal_bytes);
        lg_json_close(buf);
    }
    if (report->audit.entries) {
        lg_json_key(buf, "audit");
        lg_json_open(buf);
        lg_json_put_int(buf, "entries", report->audit.entries);
        put_number(buf, "seconds", seconds(report->audit.elapsed_ns));
        put_number(buf, "cpu_seconds", seconds(report->audit.cpu_ns));
        lg_json_put_int(buf, "peak_memory_bytes", (int64_t)report->audit.peak_memory_bytes);
        lg_json_close(buf);
    }
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
    lg_json_key(&buf, "beside");
    lg_json_list(&buf);
    for (size_t i = 0; i < report->beside_count; i++)
        put_beside(&buf, &report->besides[i]);
    lg_json_end(&buf);
    put_ending(&buf, report);
    lg_json_put_int(&buf, "entries_before", report->entries_before);
    lg_json_put_int(&buf, "entries", report->entries);
    lg_json_put_int(&buf, "database_bytes", (int64_t)report->database_bytes);
    lg_json_put_int(&buf, "wal_peak_bytes", (int64_t)report->wal_peak_bytes);
    lg_json_put_int(&buf, "peak_memory_bytes", (int64_t)report->peak_memory_bytes);
    lg_json_close(&buf);
    fwrite(buf.data, 1, buf.len, out);
    fputc('\n', out);
    lg_buf_clear(&buf);
}
