/* POST /v1/batches: up to 1,000 commands in one request, each with its own answer.
 *
 * An independent batch is as if each command were sent alone, one after the other; an atomic one is done in
 * one transaction, all or nothing. Commands are signed, or plain where the registry keeps the key. A batch
 * has no record of its own: sent again, each command is found by its jti and answered as before.
 *
 * All of it runs on a thread of the batch's own (bulk.h). Its request is suspended meanwhile, so that the
 * request is the thread's. */
#include "ledger/base/text.h"
#include "server/api/bulk.h"
#include "server/api/custody.h"
#include "server/api/group.h"
#include "server/api/limits.h"
#include "server/api/metrics.h"
#include "server/api/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COMMANDS_MAX = 1000,     /* a CSV file counts as many as it has rows */
    PIECE_BYTES = 64 * 1024, /* of the answer, made at once */
    URL_MAX = 500,
};

typedef struct batch {
    http_request *request;
    api_context *api;
    lg_arena *arena;
    lg_report *report; /* the request's */
    json_t *body;      /* items borrow texts of it */
    bool atomic;
    api_command *items;
    size_t count;
    api_group *groups;
    size_t group_count;
    lg_err err;  /* of the batch as a whole */
    bool undone; /* atomic, and one was refused */
    int spool;   /* the answer; -1 before */
} batch;

/* ---- reading ---- */

static lg_err read_body(batch *b)
{
    lg_report *report = b->report;
    lg_err err = lg_json_load(http_body(b->request), &b->body, report);
    if (err)
        return err;
    lg_decoder members = lg_decode_object(b->body, "", report);
    const char *mode = lg_decode_str(&members, "mode", true, 16);
    const json_t *commands = lg_decode_value(&members, "commands", true);
    lg_decode_finish(&members);
    b->atomic = mode && strcmp(mode, "atomic") == 0;
    if (mode && !b->atomic && strcmp(mode, "independent") != 0)
        lg_fault_add(report, "unknown_value", "/mode", "mode must be atomic or independent.");
    if (commands && !json_is_array(commands))
        lg_fault_add(report, "not_an_array", "/commands", "commands must be an array.");
    b->count = json_array_size(commands);
    if (json_is_array(commands) && (b->count == 0 || b->count > COMMANDS_MAX))
        lg_fault_add(report, "out_of_range", "/commands", "A batch holds 1 to %d commands; this one has %zu.",
                     COMMANDS_MAX, b->count);
    if (report->fault_count)
        return lg_fail(report, LG_INVALID_FIELDS, "%s", report->first->detail);
    b->items = lg_arena_array(b->arena, b->count, sizeof *b->items);
    return LG_OK;
}

/* A text of any length, line ends included. */
static const char *take_text(lg_decoder *members, const char *name, bool required)
{
    const json_t *value = lg_decode_value(members, name, required);
    if (value && !json_is_string(value))
        lg_fault_add(members->report, "not_a_string", lg_decode_pointer(members, name),
                     "%s must be a string.", name);
    return json_string_value(value);
}

static lg_bytes compact(lg_arena *arena, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    if (!text)
        lg_die("out of memory");
    lg_bytes bytes = lg_bytes_str(lg_arena_strdup(arena, text));
    free(text);
    return bytes;
}

/* JSON as an object, an invoice file as text with its content_type. */
static void take_payload(lg_decoder *members, lg_arena *arena, api_plain *plain)
{
    const json_t *payload = lg_decode_value(members, "payload", true);
    plain->cty = take_text(members, "content_type", false);
    const json_t *submission = lg_decode_value(members, "submission", false);
    if (plain->cty && strcmp(plain->cty, "application/json") == 0)
        plain->cty = NULL;
    if (payload && plain->cty && !json_is_string(payload))
        lg_fault_add(members->report, "not_a_string", lg_decode_pointer(members, "payload"),
                     "With the content_type %s the payload must be a string: the file's text.",
                     lg_text_clip(arena, plain->cty, 60));
    else if (payload && !plain->cty && !json_is_object(payload))
        lg_fault_add(members->report, "not_an_object", lg_decode_pointer(members, "payload"),
                     "The payload must be an object, or a file's text with its content_type.");
    else if (payload)
        plain->payload = plain->cty ? lg_bytes_of(json_string_value(payload), json_string_length(payload))
                                    : compact(arena, payload);
    if (submission && (!plain->cty || !json_is_object(submission)))
        lg_fault_add(members->report, "not_allowed", lg_decode_pointer(members, "submission"),
                     "submission is an object and goes with an XML or CSV payload.");
    else if (submission)
        plain->submission = (const char *)compact(arena, submission).data;
}

/* One item: signed, or plain. The report's faults point at it as a member of the batch. */
static void take_item(lg_decoder *members, lg_arena *arena, const char **jws, api_plain *plain)
{
    *jws = take_text(members, "jws", false);
    if (!*jws) {
        plain->url = lg_decode_str(members, "url", true, URL_MAX);
        plain->jti = lg_decode_str(members, "idempotency_key", false, LG_JTI_MAX);
        take_payload(members, arena, plain);
    }
    lg_decode_finish(members);
}

static lg_err check_content_type(const api_plain *plain, lg_report *report)
{
    if (!plain->cty || plain->type == LG_CMD_SUBMIT)
        return LG_OK;
    return lg_fail(report, LG_UNSUPPORTED_MEDIA_TYPE, "Only a submission may be a file of the type %s.",
                   lg_text_clip(report->arena, plain->cty, 60));
}

static lg_err sign_plain(batch *b, const api_read *read, api_command *c, api_plain *plain, lg_bytes *jws,
                         lg_report *report)
{
    lg_err err = api_command_find(b->api, b->arena, plain->url, &c->command, report);
    plain->type = c->command.type;
    if (!err)
        err = check_content_type(plain, report);
    if (!err)
        err = api_custody_sign(read, b->arena, plain, jws, &c->outcome.stored, &c->outcome.replayed, report);
    return err;
}

static lg_err prepare_item(batch *b, const api_read *read, size_t i, api_command *c, lg_report *report)
{
    const char *text;
    api_plain plain = {0};
    lg_jws jws;
    lg_decoder members = lg_decode_object(json_array_get(json_object_get(b->body, "commands"), i),
                                          lg_arena_printf(b->arena, "/commands/%zu", i), report);
    take_item(&members, b->arena, &text, &plain);
    if (report->fault_count)
        return lg_fail(report, LG_INVALID_FIELDS, "%s", report->first->detail);
    lg_bytes signed_bytes = lg_bytes_str(text);
    c->api = b->api;
    if (!text) {
        lg_err err = sign_plain(b, read, c, &plain, &signed_bytes, report);
        if (err || c->outcome.replayed)
            return err;
    }
    lg_err err = text ? api_limit_failures(b->request) : LG_OK;
    if (!err)
        err = api_command_identify(c, b->api, read->db, b->arena, signed_bytes, plain.url, &jws, report);
    if (text && err)
        api_limit_problem(b->request, err);
    if (text && c->command.signer_count) {
        lg_err limit = api_limit_signer(b->request, c->command.signers[0].no, 1);
        err = limit ? limit : err;
    }
    if (err || c->outcome.replayed)
        return err;
    if (text)
        err = api_command_find(b->api, b->arena, c->command.url, &c->command, report);
    if (!err)
        err = api_command_decode(c, read->db, &jws, report);
    if (!err && b->atomic && c->command.rows)
        err = lg_fail(report, LG_UNSUPPORTED_MEDIA_TYPE,
                      "The rows of a CSV file stand each for itself, so an atomic batch takes none.");
    return err;
}

static bool is_plain(const json_t *item)
{
    return json_is_object(item) && !json_object_get(item, "jws");
}

static lg_err check_caller(batch *b, const api_read *read)
{
    const json_t *commands = json_object_get(b->body, "commands");
    for (size_t i = 0; i < b->count; i++)
        if (is_plain(json_array_get(commands, i)) && read->caller.no.v == 0)
            return lg_fail(b->report, LG_UNAUTHENTICATED,
                           "Command %zu is not signed: send a token, 'Authorization: Bearer <token>'.", i);
    return LG_OK;
}

static lg_err prepare_items(batch *b, const api_read *read)
{
    size_t rows = 0;
    lg_err err = check_caller(b, read);
    for (size_t i = 0; i < b->count && !err; i++) {
        api_command *c = &b->items[i];
        lg_report report;
        lg_report_init(&report, b->arena);
        lg_err refused = prepare_item(b, read, i, c, &report);
        c->job.err = refused;
        c->job.report = report;
        rows += c->command.rows ? c->command.submission_count : 1;
        if (rows > COMMANDS_MAX && c->command.rows)
            err = lg_fail(b->report, LG_BODY_TOO_LARGE,
                          "The commands and the rows of CSV files in one batch are %d at most together.",
                          COMMANDS_MAX);
    }
    return err;
}

static lg_err prepare(batch *b)
{
    api_read read;
    lg_err err = api_read_open_any(b->request, &read);
    if (err)
        return err;
    err = read_body(b);
    if (!err)
        err = api_limit_batch(b->request, &read, b->count);
    if (!err)
        err = prepare_items(b, &read);
    api_read_close(&read);
    return err;
}

/* ---- doing ---- */

static void run_independent(batch *b)
{
    b->groups = lg_arena_array(b->arena, b->count, sizeof *b->groups);
    for (size_t from = 0; from < b->count;) {
        api_group *group = &b->groups[b->group_count++];
        size_t count = api_group_fit(&b->items[from], b->count - from);
        api_group_init(group, b->arena, &b->items[from], count, false);
        /* An error is noted with each of its commands: those before are done, those behind may be. */
        (void)!api_group_run(group, b->api->writer);
        from += count;
    }
}

/* The others were not done because of the one that was refused. */
static void undo(batch *b)
{
    b->undone = true;
    for (size_t i = 0; i < b->count; i++) {
        api_command *c = &b->items[i];
        if (!c->job.err && !c->outcome.replayed)
            c->job.err =
                lg_fail(&c->job.report, LG_BATCH_UNDONE,
                        "Another command of this atomic batch was refused, so this one was not done.");
    }
}

static lg_err run_atomic(batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        b->undone = b->undone || b->items[i].job.err;
    if (!b->undone) {
        b->groups = lg_arena_alloc(b->arena, sizeof *b->groups);
        b->group_count = 1;
        api_group_init(b->groups, b->arena, b->items, b->count, true);
        lg_err err = api_group_run(b->groups, b->api->writer);
        if (err && !b->groups->refused)
            return err;
        b->undone = err != LG_OK;
    }
    if (b->undone)
        undo(b);
    return LG_OK;
}

/* ---- answering ---- */

static lg_err put_done(api_command *c, lg_buf *out)
{
    lg_buf answer = {0};
    int status;
    lg_arena *arena = lg_arena_open();
    lg_err err = api_command_answer(c, arena, &status, &answer);
    if (!err) {
        lg_json_put_int(out, "status", status);
        lg_json_put_bool(out, "replayed", c->outcome.replayed);
        lg_json_put_raw(out, status < 400 ? "answer" : "problem", answer.data);
    }
    lg_buf_clear(&answer);
    lg_arena_close(arena);
    return err;
}

static lg_err put_result(batch *b, size_t i, lg_buf *out)
{
    api_command *c = &b->items[i];
    lg_err err = LG_OK;
    lg_json_open(out);
    lg_json_put_int(out, "index", (int64_t)i);
    api_count_command(b->api, c->command.type, c->job.err, c->outcome.replayed, c->outcome.status);
    if (c->job.err) {
        lg_json_put_int(out, "status", http_status_of(c->job.err));
        lg_json_put_bool(out, "replayed", false);
        lg_json_key(out, "problem");
        http_problem_json(out, c->job.err, &c->job.report, NULL);
    } else {
        err = put_done(c, out);
    }
    lg_json_close(out);
    return err;
}

static bool is_refused(const api_command *c)
{
    return c->job.err || (c->outcome.replayed ? c->outcome.stored.status : c->outcome.status) >= 400;
}

static size_t first_refused(const batch *b)
{
    size_t i = 0;
    while (i + 1 < b->count && (!b->items[i].job.err || b->items[i].job.err == LG_BATCH_UNDONE))
        i++;
    return i;
}

static void put_problem(const batch *b, lg_buf *out)
{
    size_t at = first_refused(b);
    lg_json_put_str(out, "type", http_problem_type(b->arena, LG_BATCH_UNDONE));
    lg_json_put_str(out, "title", lg_err_title(LG_BATCH_UNDONE));
    lg_json_put_int(out, "status", http_status_of(LG_BATCH_UNDONE));
    lg_json_put_str(out, "detail",
                    lg_arena_printf(b->arena,
                                    LG_TEXT("Command %zu was refused (%s), so none of this batch was done."),
                                    at, lg_err_slug(b->items[at].job.err)));
}

static lg_err put_answer(batch *b, lg_buf *piece)
{
    size_t refused = 0;
    lg_err err = LG_OK;
    for (size_t i = 0; i < b->count; i++)
        refused += is_refused(&b->items[i]);
    lg_json_open(piece);
    if (b->undone)
        put_problem(b, piece);
    lg_json_put_str(piece, "mode", b->atomic ? "atomic" : "independent");
    lg_json_put_int(piece, "done", (int64_t)(b->count - refused));
    lg_json_put_int(piece, "refused", (int64_t)refused);
    lg_json_key(piece, "results");
    lg_json_list(piece);
    for (size_t i = 0; i < b->count && !err; i++) {
        err = put_result(b, i, piece);
        if (!err && piece->len >= PIECE_BYTES && i + 1 < b->count)
            err = spool_write(b->spool, piece);
        lg_buf_char(piece, '\n'); /* so that the next item sees that something stands before it; behind each,
                                     so that where a piece ends leaves no trace */
    }
    lg_json_end(piece);
    lg_json_close(piece);
    return err ? err : spool_write(b->spool, piece);
}

/* All that the batch took is let go before the answer is sent: it waits in a file, since a thousand receipts
 * are some megabytes, and who asks and never reads must cost no memory. */
static void release(batch *b)
{
    for (size_t i = 0; i < b->group_count; i++)
        api_group_clear(&b->groups[i]);
    json_decref(b->body);
    lg_arena_close(b->arena);
    b->arena = NULL;
}

static void run(void *arg)
{
    batch *b = arg;
    lg_buf piece = {0};
    b->err = spool_open(b->api->dir, &b->spool, b->report);
    if (!b->err)
        b->err = prepare(b);
    if (!b->err && b->atomic)
        b->err = run_atomic(b);
    else if (!b->err)
        run_independent(b);
    if (!b->err)
        b->err = put_answer(b, &piece);
    lg_buf_clear(&piece);
    release(b);
    http_resume(b->request);
}

static http_result answer(http_request *request)
{
    batch *b = http_data(request);
    http_result result;
    if (b->err) {
        result = http_answer_problem(request, b->err, NULL);
        if (b->spool >= 0)
            close(b->spool);
    } else {
        result = http_answer_file(request, b->undone ? http_status_of(LG_BATCH_UNDONE) : 200,
                                  b->undone ? "application/problem+json" : "application/json", b->spool);
    }
    free(b);
    return result;
}

static void gone(void *data)
{
    batch *b = data;
    if (b->spool >= 0)
        close(b->spool);
    free(b);
}

http_result post_batch(http_request *request)
{
    batch *b = calloc(1, sizeof *b);
    if (!b)
        lg_die("out of memory");
    b->request = request;
    b->spool = -1;
    b->api = http_context(request);
    b->arena = lg_arena_open();
    b->report = http_report(request);
    http_set_data(request, b);
    http_on_gone(request, gone);
    /* Suspended before it is handed over: it may be done before the next line runs. */
    http_result result = http_suspend(request, answer);
    lg_err err = bulk_start(b->api->bulk, BULK_BATCH, run, b);
    if (err) {
        b->err = err;
        release(b);
        http_resume(request);
    }
    return result;
}
