/* POST /v1/uploads: the HTTP thread's part. The body goes into the upload's pipe as it comes; the answer
 * waits until the upload's thread is done with it. */
#include "server/api/bulk.h"
#include "server/api/serve.h"
#include "server/uploads/uploads.h"

#include <stdlib.h>
#include <string.h>

/* Whose key signs is for each command to say, so a stream of signed ones needs no more than to know the
 * owner.
 */
static lg_scope scope_of(http_request *request)
{
    return strcmp(http_media_type(request), "application/x-ndjson") == 0 ? LG_SCOPE_READ : LG_SCOPE_SUBMIT;
}

static lg_err read_key(http_request *request, upload *u)
{
    const char *key = http_header(request, "Idempotency-Key");
    if (!key || !lg_jti_is_valid(key))
        return lg_fail(http_report(request), LG_BAD_REQUEST,
                       "An upload needs an Idempotency-Key of %d to %d base64url characters, by which it is "
                       "found and sent again.",
                       LG_JTI_MIN, LG_JTI_MAX);
    memcpy(u->key, key, strlen(key) + 1);
    u->row = 1;
    api_query_number(request, "first_row", 1, UPLOAD_ROWS_MAX, &u->row);
    return api_query_end(request);
}

static lg_err read_caller(http_request *request, upload *u)
{
    api_read read;
    lg_err err = api_read_open(request, scope_of(request), &read);
    if (err)
        return err;
    u->owner = read.caller.id.uuid;
    u->token = read.token.id;
    u->token_no = read.token.token_no;
    api_read_close(&read);
    return LG_OK;
}

static lg_err open_parts(http_request *request, upload *u)
{
    lg_report *report = http_report(request);
    const char *type = http_media_type(request);
    lg_err err = upload_journal_open(u->api->dir, u->owner, u->key, type, &u->journal, report);
    if (err)
        return err;
    int64_t done = upload_journal_tally_of(u->journal)->rows;
    if (u->row > done + 1)
        return lg_fail(report, LG_WRONG_STATE,
                       "%lld rows of this upload are done; it can go on from row %lld at the latest.",
                       (long long)done, (long long)done + 1);
    u->pipe = pipe_open();
    u->source = source_open(type, u->pipe);
    if (!u->source)
        return lg_fail(report, LG_INTERNAL, "a route takes a media type that has no source");
    u->holders = 2; /* before the thread may let go */
    err = bulk_start(u->api->bulk, BULK_UPLOAD, upload_work, u);
    if (err)
        u->holders = 1;
    return err;
}

static lg_err begin(http_request *request)
{
    upload *u = calloc(1, sizeof *u);
    if (!u)
        lg_die("out of memory");
    u->api = http_context(request);
    u->arena = lg_arena_open();
    u->holders = 1;
    lg_report_init(&u->report, u->arena);
    pthread_mutex_init(&u->lock, NULL);
    lg_err err = read_caller(request, u);
    if (!err)
        err = read_key(request, u);
    if (!err)
        err = uploads_enter(u->api->uploads, u, http_report(request));
    if (!err) {
        err = open_parts(request, u);
        if (err)
            uploads_leave(u->api->uploads, u);
    }
    if (err)
        upload_release(u);
    else
        http_set_data(request, u);
    return err;
}

static size_t take(http_request *request, const char *data, size_t len)
{
    const upload *u = http_data(request);
    return pipe_put(u->pipe, data, len);
}

static void resume(void *request)
{
    http_resume(request);
}

static void await_room(http_request *request)
{
    const upload *u = http_data(request);
    pipe_on_room(u->pipe, resume, request);
}

static void abandon(http_request *request)
{
    upload *u = http_data(request);
    pipe_break(u->pipe);
    upload_release(u);
}

const http_body_sink upload_sink = {
    .begin = begin,
    .take = take,
    .await_room = await_room,
    .abandon = abandon,
};

static http_result answer(http_request *request)
{
    upload *u = http_data(request);
    lg_buf body = {0};
    http_result result;
    if (u->err) {
        *http_report(request) = u->report;
        result = http_answer_problem(request, u->err, NULL);
    } else {
        upload_put_status(&body, u->key, upload_journal_tally_of(u->journal), false);
        result = http_answer_json(request, 200, &body);
    }
    upload_release(u);
    return result;
}

static void gone(void *data)
{
    upload_release(data);
}

http_result post_upload(http_request *request)
{
    upload *u = http_data(request);
    http_on_gone(request, gone);
    http_result result = http_suspend(request, answer);
    pipe_end(u->pipe);
    pthread_mutex_lock(&u->lock);
    bool finished = u->finished;
    u->waiting = request;
    pthread_mutex_unlock(&u->lock);
    if (finished)
        http_resume(request);
    return result;
}
