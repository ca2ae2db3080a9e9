/* The thread that works on one upload: reads rows, makes each a command, sends them through the writer in
 * groups, and notes in the journal what became of them. One group is held at a time, however long the upload.
 *
 * A row's jti is made of the upload's key and the row's number, so an upload that is sent again does nothing
 * twice. Rows that the journal has already are passed over, if they are what they were. */
#include "server/uploads/uploads.h"

#include "ledger/crypto/encoding.h"
#include "server/api/bulk.h"
#include "server/api/custody.h"
#include "server/api/group.h"
#include "server/api/limits.h"
#include "server/api/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GROUP_ROWS = 128, GROUP_BYTES = 1024 * 1024, PROBLEM_DETAIL = 600 };

static const char SUBMIT_URL[] = "/v1/receivables";

/* Rows on their way together. */
typedef struct upload_group {
    lg_arena *arena;
    upload_row rows[GROUP_ROWS];
    int64_t numbers[GROUP_ROWS];
    char digests[GROUP_ROWS][JOURNAL_DIGEST_LEN + 1];
    api_command *items;
    size_t count, bytes;
} upload_group;

/* ---- reading ---- */

static void digest_of(lg_bytes payload, char out[JOURNAL_DIGEST_LEN + 1])
{
    lg_hash hash = lg_sha256(payload);
    lg_hex_write(out, hash.b, LG_HASH_LEN);
}

/* A row that was done already: *done, unless it was another one then. */
static lg_err find_done(upload *u, const char *digest, bool *done)
{
    *done = u->row <= upload_journal_tally_of(u->journal)->rows;
    if (!*done || upload_journal_row_was(u->journal, u->row, digest))
        return LG_OK;
    return lg_fail(
        &u->report, LG_JTI_REUSED,
        "Row %lld is not the one that was sent under this key before; a changed upload needs a key "
        "of its own.",
        (long long)u->row);
}

/* The next rows that are not done. *end: there are no more. An error ends the upload, behind these rows. */
static lg_err read_group(upload *u, upload_group *g, bool *end)
{
    g->count = g->bytes = 0;
    *end = false;
    while (g->count < GROUP_ROWS && g->bytes < GROUP_BYTES) {
        upload_row *row = &g->rows[g->count];
        bool done;
        *row = (upload_row){0};
        lg_report_init(&row->report, g->arena);
        lg_err err = u->source->next(u->source, g->arena, row, end, &u->report);
        if (err || *end)
            return err;
        if (u->row > UPLOAD_ROWS_MAX)
            return lg_fail(&u->report, LG_BODY_TOO_LARGE, "An upload has %d rows at most.", UPLOAD_ROWS_MAX);
        digest_of(row->payload, g->digests[g->count]);
        err = find_done(u, g->digests[g->count], &done);
        if (err)
            return err;
        g->numbers[g->count] = u->row++;
        if (done && g->count == 0 && g->bytes == 0)
            lg_arena_reset(g->arena);
        if (done)
            continue;
        g->bytes += row->payload.len + 1;
        g->count++;
    }
    return LG_OK;
}

/* ---- making commands ---- */

static const char *jti_of(const upload *u, int64_t number, lg_arena *arena)
{
    return lg_jti_among(arena, lg_arena_printf(arena, "tallystick/upload/v1\n%s", u->key),
                        lg_arena_printf(arena, "%lld", (long long)number));
}

static lg_err prepare_row(upload *u, const api_read *read, const upload_row *row, int64_t number,
                          api_command *c, lg_report *report)
{
    lg_jws jws;
    lg_bytes bytes = row->payload;
    c->api = u->api;
    if (row->err) {
        *report = row->report;
        return row->err;
    }
    if (!row->is_signed) {
        const api_plain plain = {
            .type = LG_CMD_SUBMIT,
            .url = SUBMIT_URL,
            .jti = jti_of(u, number, read->arena),
            .cty = row->cty,
            .payload = row->payload,
            .is_row = true,
        };
        lg_err err = api_custody_sign(read, read->arena, &plain, &bytes, &c->outcome.stored,
                                      &c->outcome.replayed, report);
        if (err || c->outcome.replayed)
            return err;
    }
    lg_err err = api_command_identify(c, u->api, read->db, read->arena, bytes, NULL, &jws, report);
    if (err || c->outcome.replayed)
        return err;
    err = api_command_find(u->api, read->arena, c->command.url, &c->command, report);
    return err ? err : api_command_decode(c, read->db, &jws, report);
}

/* What the whole upload is refused for: it is not this row's fault, and may be past when it comes again. */
static bool ends_upload(lg_err err)
{
    return lg_err_kind(err) == LG_KIND_RETRY || lg_err_kind(err) == LG_KIND_OURS || err == LG_SCOPE_MISSING ||
           err == LG_PARTICIPANT_SUSPENDED;
}

/* A CSV's header is every row's: what is wrong with it is wrong with the upload. */
static bool is_header_fault(const upload_row *row, lg_err err, const lg_report *report)
{
    return err == LG_MALFORMED_CSV && row->cty && !row->file && report->first &&
           strncmp(report->first->pointer, "row 1", 5) == 0 && report->first->pointer[5] != '0';
}

static lg_err prepare_group(upload *u, upload_group *g)
{
    api_read read;
    lg_err err = api_read_again(u->api, u->token, g->arena, &read);
    if (err) {
        lg_fail(&u->report, err, "The token with which the upload began is not valid any more.");
        g->count = 0;
    }
    g->items = lg_arena_array(g->arena, g->count, sizeof *g->items);
    for (size_t i = 0; i < g->count && !err; i++) {
        api_command *c = &g->items[i];
        lg_report report;
        lg_report_init(&report, g->arena);
        lg_err refused = prepare_row(u, &read, &g->rows[i], g->numbers[i], c, &report);
        if (ends_upload(refused) || is_header_fault(&g->rows[i], refused, &report)) {
            err = lg_fail(&u->report, refused, "%s", report.detail ? report.detail : lg_err_title(refused));
            g->count = i; /* those before it are done */
        }
        c->job.err = refused;
        c->job.report = report;
    }
    api_read_close(&read);
    return err;
}

/* ---- noting ---- */

/* An answer whose receipt was asked for never is: only its numbers are told. */
static lg_err note_group(upload *u, upload_group *g)
{
    lg_buf line = {0};
    lg_err err = LG_OK;
    for (size_t i = 0; i < g->count && !err; i++) {
        const api_command *c = &g->items[i];
        int status = 0;
        if (ends_upload(c->job.err)) {
            err = lg_fail(&u->report, c->job.err, "%s",
                          c->job.report.detail ? c->job.report.detail : lg_err_title(c->job.err));
            break;
        }
        lg_buf_reset(&line);
        api_count_command(u->api, c->command.type, c->job.err, c->outcome.replayed, c->outcome.status);
        err = upload_outcome(c, &g->rows[i], g->numbers[i], g->digests[i], &status, &line);
        if (!err)
            upload_journal_add(u->journal, &line, status);
    }
    lg_buf_clear(&line);
    lg_err written = upload_journal_write(u->journal, JOURNAL_UNDER_WAY, NULL);
    return err ? err : written;
}

static lg_err run_commands(upload *u, upload_group *g)
{
    lg_err err = LG_OK;
    for (size_t from = 0; from < g->count && !err;) {
        api_group group;
        size_t count = api_group_fit(&g->items[from], g->count - from);
        api_group_init(&group, g->arena, &g->items[from], count, false);
        err = api_group_run(&group, u->api->writer);
        from += count;
        lg_published_drop(group.job.published);
        for (size_t i = 0; i < count; i++)
            group.items[i].job.published = NULL;
    }
    return err;
}

static lg_err do_group(upload *u, upload_group *g)
{
    lg_err stopped = prepare_group(u, g);
    lg_err err = run_commands(u, g);
    /* What was done is noted, up to the first row that was not. */
    lg_err noted = note_group(u, g);
    for (size_t i = 0; i < g->count; i++)
        lg_buf_clear(&g->items[i].outcome.answer);
    return stopped ? stopped : err ? err : noted;
}

/* Rows cost their token what commands sent alone would; where those would be refused, an upload waits. */
static lg_err await_turn(upload *u, size_t rows)
{
    while (rows > 0) {
        int64_t wait_ms = api_limit_row(u->api, u->token_no);
        if (wait_ms == 0) {
            rows--;
            continue;
        }
        if (pipe_is_broken(u->pipe))
            return LG_REQUEST_TIMEOUT;
        if (atomic_load(&u->api->draining))
            return LG_STOPPING;
        const struct timespec pause = {.tv_nsec = wait_ms * 1000000};
        nanosleep(&pause, NULL);
    }
    return LG_OK;
}

static lg_err do_rows(upload *u)
{
    upload_group g = {.arena = lg_arena_open()};
    bool end = false;
    lg_err err = LG_OK;
    while (!err && !end) {
        lg_err reading = read_group(u, &g, &end);
        if (g.count)
            err = await_turn(u, g.count);
        if (!err && g.count)
            err = do_group(u, &g);
        if (!err)
            err = reading;
        if (!err && bulk_is_closing(u->api->bulk))
            err = LG_STOPPING;
        lg_arena_reset(g.arena);
    }
    lg_arena_close(g.arena);
    return err;
}

/* ---- the whole ---- */

static void note_end(upload *u, lg_err err)
{
    lg_buf problem = {0};
    lg_err noted;
    if (!err) {
        noted = upload_journal_write(u->journal, JOURNAL_COMPLETE, NULL);
        if (!noted)
            noted = upload_journal_sync(u->journal);
        err = noted;
    } else if (err == LG_REQUEST_TIMEOUT || err == LG_STOPPING) {
        noted = LG_OK; /* cut off: the last tally says how far it came */
    } else {
        http_problem_json(&problem, err, &(lg_report){.detail = u->report.detail}, NULL);
        noted = upload_journal_write(u->journal, JOURNAL_STOPPED, problem.data);
        upload_journal_tally_of(u->journal)->problem = NULL;
    }
    (void)noted; /* the upload has failed already, or fails with it */
    lg_buf_clear(&problem);
    u->err = err;
}

void upload_work(void *arg)
{
    upload *u = arg;
    lg_err err = do_rows(u);
    pipe_discard(u->pipe);
    note_end(u, err);
    uploads_leave(u->api->uploads, u);
    pthread_mutex_lock(&u->lock);
    u->finished = true;
    http_request *waiting = u->waiting;
    pthread_mutex_unlock(&u->lock);
    if (waiting)
        http_resume(waiting);
    upload_release(u);
}

void upload_release(upload *u)
{
    pthread_mutex_lock(&u->lock);
    bool last = --u->holders == 0;
    pthread_mutex_unlock(&u->lock);
    if (!last)
        return;
    if (u->source)
        u->source->close(u->source);
    if (u->pipe)
        pipe_close(u->pipe);
    upload_journal_close(u->journal);
    lg_arena_close(u->arena);
    pthread_mutex_destroy(&u->lock);
    free(u);
}
