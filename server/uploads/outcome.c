/* What is told of an upload and of each of its rows. */
#include "server/api/command.h"
#include "server/api/serve.h"
#include "server/uploads/uploads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_TOLD = 8, TEXT_TOLD = 400 };

/* A row was submitted as a file of its own, in which it stood in line 2. */
static void place_fault(json_t *fault, int64_t line)
{
    const char *pointer = json_string_value(json_object_get(fault, "pointer"));
    char placed[200];
    if (!pointer || !line || strncmp(pointer, "row 2", 5) != 0)
        return;
    snprintf(placed, sizeof placed, "row %lld%s", (long long)line, pointer + 5);
    json_object_set_new(fault, "pointer", json_string(placed));
}

static void put_problem(lg_buf *out, json_t *problem, int64_t line)
{
    static const char *const told[] = {"type", "title", "status", "detail", "errors"};
    json_t *errors = json_object_get(problem, "errors"), *fault;
    size_t i;
    while (json_array_size(errors) > FAULTS_TOLD)
        json_array_remove(errors, json_array_size(errors) - 1);
    json_array_foreach(errors, i, fault) place_fault(fault, line);
    lg_json_key(out, "problem");
    lg_json_open(out);
    for (i = 0; i < sizeof told / sizeof *told; i++) {
        const json_t *value = json_object_get(problem, told[i]);
        char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (text)
            lg_json_put_raw(out, told[i], text);
        free(text);
    }
    lg_json_close(out);
}

/* What a command that was done made: the receivable, or whatever its entry is about. */
static void put_made(lg_buf *out, const json_t *answer)
{
    const json_t *receivable = json_object_get(answer, "receivable");
    const json_t *receipt = json_object_get(answer, "receipt");
    if (receivable) {
        lg_json_put_str(out, "receivable", json_string_value(json_object_get(receivable, "id")));
        lg_json_put_str(out, "life", json_string_value(json_object_get(receivable, "life")));
    }
    if (receipt)
        lg_json_put_int(out, "seq", json_integer_value(json_object_get(receipt, "seq")));
}

static void put_head(lg_buf *out, const upload_row *row, int64_t number, const char *digest, int status)
{
    lg_json_open(out);
    lg_json_put_int(out, "row", number);
    lg_json_put_str(out, "sha256", digest);
    if (row->file)
        lg_json_put_str(out, "file", row->file);
    if (row->line)
        lg_json_put_int(out, "line", row->line);
    lg_json_put_int(out, "status", status);
}

static lg_err put_refused(const api_command *c, const upload_row *row, int64_t number, const char *digest,
                          int *status, lg_buf *line)
{
    lg_buf text = {0};
    json_t *problem = NULL;
    http_problem_json(&text, c->job.err, &c->job.report, NULL);
    lg_err err = lg_json_load(lg_buf_bytes(&text), &problem, NULL);
    if (!err) {
        *status = http_status_of(c->job.err);
        put_head(line, row, number, digest, *status);
        put_problem(line, problem, row->line);
        lg_json_close(line);
    }
    json_decref(problem);
    lg_buf_clear(&text);
    return err;
}

lg_err upload_outcome(const api_command *c, const upload_row *row, int64_t number, const char *digest,
                      int *status, lg_buf *line)
{
    json_t *root = NULL;
    if (c->job.err)
        return put_refused(c, row, number, digest, status, line);
    const char *text = c->outcome.replayed ? c->outcome.stored.answer : c->outcome.answer.data;
    lg_err err = lg_json_load(lg_bytes_str(text), &root, NULL);
    if (err)
        return LG_CORRUPT;
    const json_t *answer = root, *first = json_array_get(json_object_get(root, "results"), 0);
    *status = c->outcome.replayed ? c->outcome.stored.status : c->outcome.status;
    json_t *problem = *status >= 400 ? root : NULL;
    if (first) { /* of the row's own file */
        answer = first;
        *status = (int)json_integer_value(json_object_get(first, "status"));
        problem = json_object_get(first, "problem");
    }
    put_head(line, row, number, digest, *status);
    put_made(line, answer);
    if (problem)
        put_problem(line, problem, row->line);
    lg_json_close(line);
    json_decref(root);
    return LG_OK;
}

static const char *state_name(const upload_journal_tally *tally, bool under_way)
{
    switch (tally->state) {
    case JOURNAL_UNDER_WAY:
        return under_way ? "running" : "interrupted";
    case JOURNAL_COMPLETE:
        return under_way ? "running" : "complete";
    case JOURNAL_STOPPED:
        return under_way ? "running" : "stopped";
    }
    return "stopped";
}

void upload_put_status(lg_buf *buf, const char *key, const upload_journal_tally *tally, bool under_way)
{
    lg_json_open(buf);
    lg_json_put_str(buf, "key", key);
    lg_json_put_str(buf, "state", state_name(tally, under_way));
    lg_json_put_str(buf, "content_type", tally->content_type);
    lg_json_put_int(buf, "rows", tally->rows);
    lg_json_put_int(buf, "accepted", tally->accepted);
    lg_json_put_int(buf, "held", tally->held);
    lg_json_put_int(buf, "refused", tally->refused);
    lg_json_put_int(buf, "next_row", tally->rows + 1);
    json_put_time(buf, "started_at", tally->started_at);
    json_put_time(buf, "updated_at", tally->at);
    if (tally->problem && !under_way)
        lg_json_put_raw(buf, "problem", tally->problem);
    lg_json_close(buf);
}
