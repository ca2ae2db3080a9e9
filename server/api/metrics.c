#include "server/api/metrics.h"

#include "server/api/limits.h"
#include "server/gateway/checks.h"
#include "server/service/sweeper.h"
#include "server/verifier/verifier.h"
#include "server/version.h"
#include "server/webhooks/webhooks.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { LABELS_MAX = 160, WAL_PAGE_LEN = 4096 + 24 /* a frame of the WAL: its header and a page */ };

void api_count_command(api_context *api, lg_command_type type, lg_err err, bool replayed, int status)
{
    api_result result = replayed ? API_REPLAYED : status >= 400 ? API_REJECTED : API_ACCEPTED;
    switch (lg_err_kind(err)) {
    case LG_KIND_NONE:
        break;
    case LG_KIND_CALLER:
        result = API_REFUSED;
        break;
    case LG_KIND_RETRY:
        result = API_RETRY;
        break;
    case LG_KIND_OURS:
        result = API_FAILED;
        break;
    }
    metrics_add(&api->counters->commands[type][result], 1);
}

/* LG_CMD_CLAIM_SPLIT is "claim_split". */
static const char *command_name(lg_command_type type, char out[64])
{
#define NAME(enumerator, aggregate, scope) [enumerator] = #enumerator,
    static const char *const names[] = {LG_COMMANDS(NAME)};
#undef NAME
    const char *name = names[type] + sizeof "LG_CMD_" - 1;
    size_t i = 0;
    for (; name[i] && i < 63; i++)
        out[i] = name[i] == '_' ? '_' : (char)(name[i] | 0x20);
    out[i] = '\0';
    return out;
}

static void put_commands(api_context *api, lg_buf *buf)
{
    static const char *const results[API_RESULTS] = {"accepted", "replayed", "rejected",
                                                     "refused",  "retry",    "failed"};
    char labels[LABELS_MAX], name[64];
    metrics_family(
        buf, "tallystick_commands_total", "counter",
        "Commands by type and result; rejected: recorded as rejected by the gateway, refused: not recorded.");
    for (int type = LG_CMD_GENESIS + 1; type < LG_CMD_COUNT; type++) {
        for (int result = 0; result < API_RESULTS; result++) {
            int64_t count = metrics_get(&api->counters->commands[type][result]);
            if (count == 0 && result != API_ACCEPTED)
                continue;
            snprintf(labels, sizeof labels, "type=\"%s\",result=\"%s\"",
                     command_name((lg_command_type)type, name), results[result]);
            metrics_sample(buf, "tallystick_commands_total", labels, count);
        }
    }
}

static void put_checks(lg_buf *buf)
{
    static const lg_review_outcome outcomes[] = {LG_OUTCOME_PASS, LG_OUTCOME_WARN, LG_OUTCOME_HOLD,
                                                 LG_OUTCOME_REJECT};
    char labels[LABELS_MAX];
    metrics_family(buf, "tallystick_checks_total", "counter",
                   "Checks of the asset gateway that were made, by outcome.");
    for (size_t i = 0; gateway_check_code(i); i++) {
        for (size_t k = 0; k < sizeof outcomes / sizeof *outcomes; k++) {
            snprintf(labels, sizeof labels, "check=\"%s\",outcome=\"%s\"", gateway_check_code(i),
                     lg_review_outcome_name(outcomes[k]));
            metrics_sample(buf, "tallystick_checks_total", labels, gateway_check_count(i, outcomes[k]));
        }
    }
}

static void put_limits(api_context *api, lg_buf *buf)
{
    char labels[LABELS_MAX];
    metrics_family(buf, "tallystick_rate_limited_total", "counter",
                   "Requests refused because a budget was used up; ledger, requests and failures are an "
                   "address's, reads a "
                   "token's, commands a token's or a signer's.");
    for (int i = 0; i < LIMIT_COUNT; i++) {
        snprintf(labels, sizeof labels, "budget=\"%s\"", api_budget_names[i]);
        metrics_sample(buf, "tallystick_rate_limited_total", labels, metrics_get(&api->limits->refused[i]));
    }
}

static void put_ledger(api_context *api, lg_buf *buf, const lg_writer_stats *stats)
{
    lg_published *published = lg_ledger_published(api->ledger);
    metrics_one(buf, "tallystick_ledger_tree_size", "gauge",
                "Entries that the newest signed checkpoint covers.", published->size);
    lg_published_drop(published);
    metrics_one(buf, "tallystick_ledger_entries_total", "counter", "Entries recorded since the start.",
                stats->entries);
    metrics_one(buf, "tallystick_ledger_writable", "gauge",
                "1, or 0 when storage failed and nothing is recorded until the next start.", !stats->broken);
}

static void put_writer(api_context *api, lg_buf *buf, const lg_writer_stats *stats)
{
    lg_writer_watch *watch = lg_writer_watched(api->writer);
    const struct {
        const char *name, *help;
        const lg_histogram *histogram;
        int64_t per;
    } spreads[] = {
        {"tallystick_writer_batch_jobs", "Commands that one commit recorded or refused.", &watch->batch_jobs,
         1},
        {"tallystick_writer_queue_wait_seconds", "From a command's queueing until its batch began.",
         &watch->wait_us, 1000000},
        {"tallystick_writer_apply_seconds", "Applying the commands of a batch.", &watch->apply_us, 1000000},
        {"tallystick_writer_commit_seconds", "Committing a batch: re-hash, tree, database, head file.",
         &watch->commit_us, 1000000},
        {"tallystick_writer_sync_seconds",
         "The part of a commit that writes and syncs database and head file.", &watch->sync_us, 1000000},
    };
    metrics_one(buf, "tallystick_writer_queue_jobs", "gauge", "Commands that wait for the writer.",
                (int64_t)stats->queued);
    metrics_one(buf, "tallystick_writer_queue_limit_jobs", "gauge",
                "How many may wait; then: 503 overloaded.", LG_WRITER_QUEUE_DEFAULT);
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
        metrics_family(buf, spreads[i].name, "histogram", spreads[i].help);
        metrics_histogram(buf, spreads[i].name, NULL, spreads[i].histogram, spreads[i].per);
    }
    metrics_one(buf, "tallystick_writer_wal_bytes", "gauge",
                "What the write-ahead log holds that is not yet in the database.",
                metrics_get(&watch->wal_pages) * WAL_PAGE_LEN);
    metrics_family(buf, "tallystick_writer_checkpoints_total", "counter",
                   "Times the write-ahead log was moved into the database.");
    metrics_sample(buf, "tallystick_writer_checkpoints_total", "result=\"done\"",
                   metrics_get(&watch->checkpoints));
    metrics_sample(buf, "tallystick_writer_checkpoints_total", "result=\"failed\"",
                   metrics_get(&watch->checkpoint_failures));
}

static void put_storage(api_context *api, lg_buf *buf)
{
    static const char *const files[] = {"ledger.db", "ledger.db-wal", "webhooks.db", "webhooks.db-wal"};
    char path[4096], labels[LABELS_MAX];
    struct stat info;
    struct statvfs disk;
    metrics_family(buf, "tallystick_file_bytes", "gauge", "Length of a file of the registry.");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", api->dir, files[i]);
        snprintf(labels, sizeof labels, "file=\"%s\"", files[i]);
        if (stat(path, &info) == 0)
            metrics_sample(buf, "tallystick_file_bytes", labels, info.st_size);
    }
    if (statvfs(api->dir, &disk) == 0) {
        metrics_one(buf, "tallystick_disk_free_bytes", "gauge",
                    "Room that the registry may use on its file system.",
                    (int64_t)disk.f_bavail * (int64_t)disk.f_frsize);
        metrics_one(buf, "tallystick_disk_size_bytes", "gauge", "Size of the registry's file system.",
                    (int64_t)disk.f_blocks * (int64_t)disk.f_frsize);
    }
}

/* How long ago the entry was recorded. */
static int64_t age_us(api_context *api, int64_t seq)
{
    lg_arena *arena = lg_arena_open();
    lg_report report;
    lg_entry_row row;
    lg_entry entry;
    int64_t age = 0;
    lg_report_init(&report, arena);
    lg_db *db = lg_readers_take(api->readers);
    if (lg_entry_get(db, seq, arena, &row) == LG_OK &&
        lg_entry_parse(arena, row.body, &entry, &report) == LG_OK)
        age = lg_now() - entry.at;
    lg_readers_give(api->readers, db);
    lg_arena_close(arena);
    return age;
}

static void put_webhooks(api_context *api, lg_buf *buf)
{
    static const char *const outcomes[WEBHOOKS_OUTCOMES] = {"delivered", "failed", "dead"};
    const webhooks_stats stats = webhooks_get_stats(api->webhooks);
    char labels[LABELS_MAX];
    metrics_family(buf, "tallystick_webhook_attempts_total", "counter",
                   "Attempts to deliver a message; failed: another follows, dead: it was given up.");
    for (int i = 0; i < WEBHOOKS_OUTCOMES; i++) {
        snprintf(labels, sizeof labels, "outcome=\"%s\"", outcomes[i]);
        metrics_sample(buf, "tallystick_webhook_attempts_total", labels, stats.attempts[i]);
    }
    metrics_family(buf, "tallystick_webhook_attempt_duration_seconds", "histogram",
                   "Duration of those attempts.");
    metrics_histogram(buf, "tallystick_webhook_attempt_duration_seconds", NULL, stats.duration_ms, 1000);
    metrics_one(buf, "tallystick_webhook_messages_in_flight", "gauge", "Messages being sent now.",
                stats.flying);
    metrics_family(
        buf, "tallystick_webhook_endpoints", "gauge",
        "Endpoints; doubtful: the last attempt failed or was slow, dead: a message was given up since the "
        "last delivery.");
    metrics_sample(buf, "tallystick_webhook_endpoints", "state=\"live\"", stats.live);
    metrics_sample(buf, "tallystick_webhook_endpoints", "state=\"doubtful\"", stats.doubtful);
    metrics_sample(buf, "tallystick_webhook_endpoints", "state=\"dead\"", stats.dead);
    metrics_family(buf, "tallystick_webhook_lag_seconds", "gauge",
                   "Age of the oldest entry that an endpoint is still to be told of; 0: none is waiting.");
    metrics_sample_us(buf, "tallystick_webhook_lag_seconds", NULL,
                      stats.oldest_seq < 0 ? 0 : age_us(api, stats.oldest_seq));
}

static void put_verifier(api_context *api, lg_buf *buf)
{
    const verifier_stats stats = verifier_get_stats(api->verifier);
    metrics_family(buf, "tallystick_verifier_calls_total", "counter",
                   "Calls to the external verifier; failed: they gave no answer that counts.");
    metrics_sample(buf, "tallystick_verifier_calls_total", "result=\"answered\"", stats.answered);
    metrics_sample(buf, "tallystick_verifier_calls_total", "result=\"failed\"", stats.failed);
    metrics_one(buf, "tallystick_verifier_cache_hits_total", "counter",
                "Questions that an earlier answer still answers.", stats.known);
    metrics_one(buf, "tallystick_verifier_questions_waiting", "gauge",
                "Held receivables that the external verifier has not answered yet.", stats.waiting);
    metrics_one(buf, "tallystick_verifier_paused", "gauge",
                "1 while the external verifier is left alone after failures.", stats.paused);
}

static void put_service(api_context *api, lg_buf *buf)
{
    static const char *const results[] = {"lapsed", "aged", "failed"};
    const sweeper_stats sweeps = sweeper_get_stats(api->sweeper);
    const int64_t done[] = {sweeps.lapsed, sweeps.aged, sweeps.failed};
    const logger_stats log = logger_get_stats(api->log);
    char labels[LABELS_MAX];
    metrics_family(buf, "tallystick_sweeps_total", "counter",
                   "Rounds of the sweeper, which does what time makes due.");
    metrics_sample(buf, "tallystick_sweeps_total", "result=\"done\"", sweeps.done);
    metrics_sample(buf, "tallystick_sweeps_total", "result=\"cut_short\"", sweeps.cut_short);
    metrics_family(buf, "tallystick_sweep_acts_total", "counter",
                   "What the sweeper did, and what it could not do.");
    for (size_t i = 0; i < sizeof done / sizeof *done; i++) {
        snprintf(labels, sizeof labels, "result=\"%s\"", results[i]);
        metrics_sample(buf, "tallystick_sweep_acts_total", labels, done[i]);
    }
    metrics_family(buf, "tallystick_sweep_last_timestamp_seconds", "gauge",
                   "When the sweeper last came to its end.");
    metrics_sample_us(buf, "tallystick_sweep_last_timestamp_seconds", NULL, sweeps.last_at);
    metrics_family(buf, "tallystick_log_lines_total", "counter", "Lines logged, by level.");
    for (int level = 0; level <= LOG_ERROR; level++) {
        snprintf(labels, sizeof labels, "level=\"%s\"", log_level_names[level]);
        metrics_sample(buf, "tallystick_log_lines_total", labels, (int64_t)log.lines[level]);
    }
    metrics_one(buf, "tallystick_log_dropped_lines_total", "counter",
                "Lines lost because the log is not read fast enough.", (int64_t)log.dropped);
    metrics_family(buf, "tallystick_build_info", "gauge", "The program's version.");
    metrics_sample(buf, "tallystick_build_info", "version=\"" TALLYSTICK_VERSION "\"", 1);
}

static http_result answer_metrics(http_request *request, const http_server *http)
{
    api_context *api = http_context(request);
    const lg_writer_stats stats = lg_writer_get_stats(api->writer);
    lg_buf buf = {0};
    http_server_metrics(http, &buf);
    put_commands(api, &buf);
    put_checks(&buf);
    put_limits(api, &buf);
    put_ledger(api, &buf, &stats);
    put_writer(api, &buf, &stats);
    put_storage(api, &buf);
    put_webhooks(api, &buf);
    put_verifier(api, &buf);
    put_service(api, &buf);
    metrics_process(&buf);
    http_result result = http_answer_text(request, 200, METRICS_CONTENT_TYPE, lg_buf_bytes(&buf));
    lg_buf_clear(&buf);
    return result;
}

http_result read_metrics(http_request *request)
{
    api_read read;
    lg_err err = api_read_open(request, LG_SCOPE_READ, &read);
    if (!err) {
        if (!lg_has_role(read.caller.roles, LG_ROLE_OPERATOR))
            err = lg_fail(http_report(request), LG_NOT_PERMITTED, "The figures are for the operator.");
        api_read_close(&read);
    }
    return err ? http_answer_problem(request, err, NULL) : answer_metrics(request, http_server_of(request));
}

static http_result read_metrics_openly(http_request *request)
{
    const api_context *api = http_context(request);
    return answer_metrics(request, api->http);
}

const http_route api_watch_routes[] = {
    {.method = HTTP_GET, .path = "/metrics", .handler = read_metrics_openly, .quiet = true},
    {.method = HTTP_GET, .path = "/healthz", .handler = read_health, .quiet = true},
    {.method = HTTP_GET, .path = "/readyz", .handler = read_ready, .quiet = true},
};
const size_t api_watch_route_count = sizeof api_watch_routes / sizeof *api_watch_routes;
