/* `submit` of many files: files into commands, commands into batches, results into the state file. One batch
 * is held at a time. */
#include "server/client/bulk.h"

#include "ledger/base/calendar.h"
#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"
#include "ledger/registry/jws.h"
#include "server/client/act.h"
#include "server/client/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FILES_FOR_BULK = 50, /* from so many on a run is worth a state file */
    BATCH_ITEMS = 200,
    BATCH_BYTES = 2 << 20, /* of payloads; the registry takes 8 MiB of text */
    FILE_MAX = 4 << 20,    /* bytes of an invoice */
    PART_ROWS = 200,       /* of a CSV file, submitted as one command */
    PART_BYTES = 1 << 20,
    BATCH_ROWS = 400, /* whose answer is still JSON of a size that is read */
};

typedef struct bulk_item {
    const char *name; /* in the state: the file, or a part of it */
    const char *file; /* as the report tells it */
    int64_t line;     /* part of a CSV: how many lines of the file stand before its own second line */
    int64_t rows;     /* of a CSV; 0 otherwise */
    client_act act;
    char sha256[65];
    int64_t iat;  /* when it was sent before with this content, and nobody knows what became of it; else 0 */
    lg_bytes jws; /* signed */
    bool again;   /* was sent again because its key was in use */
    bool done;
} bulk_item;

typedef struct bulk_run_state {
    client *c;
    const invoice_terms *terms;
    bulk_state *state;
    lg_signing_key *key, *second; /* NULL: the registry signs */
    lg_arena *arena;              /* of the batch */
    bulk_item items[BATCH_ITEMS];
    size_t count, bytes;
    int64_t rows;
    size_t file_count, files_done;
    uint64_t accepted, held, refused, failed, before; /* before: of them, in earlier runs */
    bool retry_refused;
    client_progress progress;
    struct timespec started;
    client_exit code; /* what stops the run */
} bulk;

bool bulk_is_meant(const client *c, size_t file_count)
{
    return file_count >= FILES_FOR_BULK || client_option_given(c, "state") ||
           client_option_given(c, "report");
}

/* ---- telling ---- */

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void progress_show(bulk *b)
{
    uint64_t total = b->accepted + b->held + b->refused + b->failed;
    double seconds = seconds_since(&b->started),
           rate = (double)(total - b->before) / (seconds > 0.001 ? seconds : 1);
    char line[200];
    size_t left = b->file_count - b->files_done;
    snprintf(line, sizeof line,
             "%" PRIu64 " accepted, %" PRIu64 " held, %" PRIu64 " refused, %" PRIu64
             " failed; %.0f/s, %.0f s left; files",
             b->accepted, b->held, b->refused, b->failed, rate, rate > 0 ? (double)left / rate : 0.0);
    client_progress_show(&b->progress, line, (int64_t)b->files_done, (int64_t)b->file_count);
}

static void count(bulk *b, bulk_outcome outcome, uint64_t many)
{
    switch (outcome) {
    case BULK_ACCEPTED:
        b->accepted += many;
        break;
    case BULK_HELD:
        b->held += many;
        break;
    case BULK_REFUSED:
        b->refused += many;
        break;
    case BULK_FAILED:
        b->failed += many;
        break;
    case BULK_UNKNOWN:
    case BULK_SENDING:
        break;
    }
}

static void count_line(bulk *b, const json_t *line, bulk_outcome outcome)
{
    const json_t *rows = json_object_get(line, "rows");
    size_t i;
    json_t *row;
    if (!rows) {
        count(b, outcome, 1);
        return;
    }
    json_array_foreach((json_t *)(uintptr_t)rows, i, row)
        count(b, (bulk_outcome)json_integer_value(json_object_get(row, "outcome")), 1);
}

static client_exit note(bulk *b, const json_t *line, bulk_outcome outcome)
{
    count_line(b, line, outcome);
    return bulk_state_add(b->c, b->state, line, outcome);
}

/* What this run did not even send. The message is the last failure's. */
static client_exit note_failed(bulk *b, const char *name, const char *file)
{
    client *c = b->c;
    json_t *line =
        json_pack("{s:s,s:s,s:s,s:s?}", "item", name, "file", file, "result", "failed", "detail", c->message);
    c->message = NULL;
    c->hint = NULL;
    lg_report_init(&c->report, c->arena);
    client_exit code = note(b, line, BULK_FAILED);
    json_decref(line);
    return code;
}

/* ---- what came back ---- */

static const char *slug_of(const json_t *problem)
{
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *last = type ? strrchr(type, ':') : NULL;
    return last ? last + 1 : "unknown";
}

static bulk_outcome outcome_of(int64_t status)
{
    return status >= 400 ? BULK_REFUSED : status == 202 ? BULK_HELD : BULK_ACCEPTED;
}

static const char *result_name(bulk_outcome outcome)
{
    return outcome == BULK_REFUSED ? "refused" : outcome == BULK_HELD ? "held" : "registered";
}

/* Members of a result's line: from the answer, or the problem. */
static void put_outcome(json_t *line, int64_t status, const json_t *answer, const json_t *problem)
{
    const json_t *shown = answer ? answer : problem;
    json_t *receivable = json_object_get(shown, "receivable");
    json_t *seq = json_object_get(json_object_get(shown, "receipt"), "seq");
    json_object_set_new(line, "result", json_string(result_name(outcome_of(status))));
    json_object_set_new(line, "status", json_integer(status));
    if (receivable)
        json_object_set(line, "receivable", json_object_get(receivable, "id"));
    if (seq)
        json_object_set(line, "seq", seq);
    if (problem) {
        json_object_set_new(line, "problem", json_string(slug_of(problem)));
        json_object_set(line, "detail", json_object_get(problem, "detail"));
    }
}

static json_t *csv_rows(const bulk_item *item, const json_t *answer)
{
    json_t *rows = json_array(), *result;
    size_t i;
    json_array_foreach(json_object_get(answer, "results"), i, result)
    {
        json_t *row = json_object();
        int64_t status = json_integer_value(json_object_get(result, "status"));
        json_t *problem = json_object_get(result, "problem");
        json_object_set_new(row, "row",
                            json_integer(json_integer_value(json_object_get(result, "row")) + item->line));
        put_outcome(row, status, result, NULL);
        if (problem) {
            json_object_set_new(row, "problem", json_string(slug_of(problem)));
            json_object_set(row, "detail", json_object_get(problem, "detail"));
        }
        json_object_set_new(row, "outcome", json_integer(outcome_of(status)));
        json_array_append_new(rows, row);
    }
    return rows;
}

static client_exit receipts_check(bulk *b, const bulk_item *item, const json_t *shown)
{
    receipt_terms terms;
    checked_receipt checked;
    lg_hash req = lg_sha256(item->jws);
    client_exit code = client_receipt_terms(b->c, b->arena, &terms);
    const json_t *results = json_object_get(shown, "results"), *receipt = json_object_get(shown, "receipt");
    terms.req = b->key ? &req : NULL;
    if (code == CLIENT_OK && receipt)
        code = client_receipt_check(b->c, b->arena, receipt, &terms, &checked);
    for (size_t i = 0; code == CLIENT_OK && i < json_array_size(results); i++) {
        receipt = json_object_get(json_array_get(results, i), "receipt");
        if (receipt)
            code = client_receipt_check(b->c, b->arena, receipt, &terms, &checked);
    }
    return code;
}

static client_exit note_answer(bulk *b, bulk_item *item, int64_t status, const json_t *answer,
                               const json_t *problem)
{
    client_exit code = receipts_check(b, item, answer ? answer : problem);
    if (code != CLIENT_OK)
        return code;
    json_t *line = json_pack("{s:s,s:s,s:s}", "item", item->name, "file", item->file, "sha256", item->sha256);
    bulk_outcome outcome = outcome_of(status);
    if (answer && item->rows) {
        json_object_set_new(line, "rows", csv_rows(item, answer));
        if (json_integer_value(json_object_get(answer, "refused")) > 0)
            outcome = BULK_REFUSED; /* of some rows */
    }
    put_outcome(line, status, answer, problem);
    code = note(b, line, outcome);
    json_decref(line);
    item->done = true;
    return code;
}

/* The registry could not take it now; it was signed too long ago, and has not arrived: both are sent anew. So
 * is what the registry is signing at this moment for a run that was killed: then the earlier answer comes. */
static bool is_to_be_sent_again(const bulk *b, int64_t status, const json_t *problem, bulk_item *item)
{
    if (problem && !b->key && !item->again && strcmp(slug_of(problem), "jti-reused") == 0) {
        item->again = true;
        return true;
    }
    if (problem && strcmp(slug_of(problem), "stale-command") == 0 && item->iat) {
        item->iat = 0;
        return true;
    }
    return status == 429 || status >= 500;
}

/* ---- sending ---- */

static const char *jti_of(bulk *b, const bulk_item *item)
{
    const bulk_record r = bulk_state_find(b->state, item->name);
    lg_hash hash = lg_sha256(
        lg_bytes_str(lg_arena_printf(b->arena, "tallystick/submit/v1\n%s\n%s\n%" PRId64 "\n%s",
                                     bulk_state_id(b->state), item->name, r.attempt, item->sha256)));
    return lg_base64url_encode(b->arena, lg_bytes_of(hash.b, LG_HASH_LEN));
}

static client_exit sign(bulk *b, bulk_item *item, int64_t iat)
{
    lg_jws_header header = {.url = item->act.path,
                            .jti = item->act.jti,
                            .cty = item->act.cty,
                            .submission = item->act.submission,
                            .iat = item->iat ? item->iat : iat};
    client_exit code = client_origin(b->c, &header.aud);
    if (code == CLIENT_OK)
        item->jws = lg_bytes_str(
            b->second ? lg_jws_compose_two(b->arena, b->key, b->second, &header, item->act.payload)
                      : lg_jws_compose(b->arena, b->key, &header, item->act.payload));
    return code;
}

static json_t *signed_command(const bulk_item *item)
{
    return json_pack("{s:s%}", "jws", item->jws.data, item->jws.len);
}

static json_t *plain_command(const bulk_item *item)
{
    const client_act *act = &item->act;
    json_t *command = json_pack("{s:s,s:s}", "url", act->path, "idempotency_key", act->jti);
    if (act->cty) {
        json_object_set_new(command, "content_type", json_string(act->cty));
        json_object_set_new(command, "payload",
                            json_stringn((const char *)act->payload.data, act->payload.len));
    } else {
        json_object_set_new(command, "payload",
                            json_loadb((const char *)act->payload.data, act->payload.len, 0, NULL));
    }
    if (act->submission)
        json_object_set_new(command, "submission", json_loads(act->submission, 0, NULL));
    return command;
}

/* A file of another encoding than UTF-8 cannot be quoted in JSON: it goes alone, as it is. */
static bool goes_alone(const bulk *b, const bulk_item *item)
{
    return !b->key && item->act.cty && !lg_text_is_utf8(item->act.payload);
}

static client_exit send_alone(bulk *b, bulk_item *item)
{
    client_answer answer = {0};
    const client_request request = {.path = item->act.path,
                                    .body = item->act.payload,
                                    .content_type = item->act.cty,
                                    .token = b->c->config.token,
                                    .idempotency_key = item->act.jti};
    client_exit code = client_act_deliver(b->c, b->arena, &request, false, &answer);
    if (code == CLIENT_OK || code == CLIENT_REFUSED)
        code = note_answer(b, item, answer.status, answer.body, code == CLIENT_OK ? NULL : b->c->problem);
    client_answer_clear(&answer);
    return code;
}

static client_exit post_batch(bulk *b, json_t *commands, json_t **out)
{
    client_response response;
    json_t *body = json_pack("{s:s,s:O}", "mode", "independent", "commands", commands);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!text)
        lg_die("out of memory");
    const client_request request = {.path = "/v1/batches",
                                    .body = lg_bytes_str(text),
                                    .content_type = "application/json",
                                    .token = b->key ? NULL : b->c->config.token};
    client_exit code = client_http_send(b->c, b->arena, &request, &response);
    free(text);
    if (code != CLIENT_OK)
        return code;
    if (response.status / 100 != 2)
        return client_refused(b->c, &response);
    if (lg_json_load(response.body, out, &b->c->report) != LG_OK)
        return client_fail(b->c, CLIENT_UNREACHABLE,
                           "The answer to /v1/batches is not JSON: is a registry there?");
    return CLIENT_OK;
}

/* One round over what is not done yet. */
static client_exit send_round(bulk *b)
{
    json_t *commands = json_array(), *answer = NULL;
    size_t sent[BATCH_ITEMS], count = 0;
    client_exit code = CLIENT_OK;
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].done || goes_alone(b, &b->items[i]))
            continue;
        json_array_append_new(commands, b->key ? signed_command(&b->items[i]) : plain_command(&b->items[i]));
        sent[count++] = i;
    }
    if (count)
        code = post_batch(b, commands, &answer);
    json_decref(commands);
    const json_t *results = json_object_get(answer, "results");
    if (code == CLIENT_OK && count && json_array_size(results) != count)
        code = client_fail(b->c, CLIENT_UNREACHABLE,
                           "The answer to a batch has not one result for each command.");
    for (size_t i = 0; i < count && code == CLIENT_OK; i++) {
        const json_t *result = json_array_get(results, i);
        const json_t *problem = json_object_get(result, "problem");
        int64_t status = json_integer_value(json_object_get(result, "status"));
        if (!is_to_be_sent_again(b, status, problem, &b->items[sent[i]]))
            code = note_answer(b, &b->items[sent[i]], status, json_object_get(result, "answer"), problem);
    }
    json_decref(answer);
    for (size_t i = 0; i < b->count && code == CLIENT_OK; i++)
        if (!b->items[i].done && goes_alone(b, &b->items[i]))
            code = send_alone(b, &b->items[i]);
    return code;
}

/* Names and the time they are signed for, before anything is sent. Those that were sent before keep theirs.
 */
static client_exit prepare_round(bulk *b)
{
    const int64_t now = lg_now() / LG_TIME_PER_SECOND;
    json_t *names = json_array();
    client_exit code = CLIENT_OK;
    for (size_t i = 0; i < b->count && code == CLIENT_OK; i++) {
        bulk_item *item = &b->items[i];
        if (item->done)
            continue;
        if (b->key)
            code = sign(b, item, now);
        if (!item->iat)
            json_array_append_new(names, json_string(item->name));
    }
    if (code == CLIENT_OK && json_array_size(names))
        code = bulk_state_sending(b->c, b->state, names, now);
    json_decref(names);
    for (size_t i = 0; i < b->count; i++)
        if (!b->items[i].iat)
            b->items[i].iat = now;
    return code;
}

static client_exit flush(bulk *b)
{
    client_exit code = CLIENT_OK;
    bool left = b->count > 0;
    for (unsigned round = 0; left && code == CLIENT_OK; round++) {
        if (round > b->c->attempts)
            return client_fail(b->c, CLIENT_UNREACHABLE, "The registry does not take some of the files now.");
        if (round > 1)
            nanosleep(&(struct timespec){.tv_nsec = 500 * 1000000L}, NULL);
        code = prepare_round(b);
        if (code == CLIENT_OK)
            code = send_round(b);
        left = false;
        for (size_t i = 0; i < b->count; i++)
            left = left || !b->items[i].done;
    }
    b->count = b->bytes = 0;
    b->rows = 0;
    lg_arena_reset(b->arena);
    progress_show(b);
    return code;
}

/* ---- files into items ---- */

/* Was it told before, and is not to be asked again? What was refused and then mended is another file;
 * sha256 NULL: it has not been read. */
static bool is_settled(bulk *b, const char *name, const char *sha256)
{
    const bulk_record r = bulk_state_find(b->state, name);
    if (r.outcome != BULK_REFUSED)
        return r.outcome == BULK_ACCEPTED || r.outcome == BULK_HELD;
    if (b->retry_refused || !sha256)
        return false;
    json_t *line = bulk_state_result(b->state, name);
    const char *then = json_string_value(json_object_get(line, "sha256"));
    bool settled = then && strcmp(then, sha256) == 0;
    json_decref(line);
    return settled;
}

static void count_settled(bulk *b, const char *name)
{
    const uint64_t before = b->accepted + b->held + b->refused + b->failed;
    json_t *line = bulk_state_result(b->state, name);
    count_line(b, line, bulk_state_find(b->state, name).outcome);
    b->before += b->accepted + b->held + b->refused + b->failed - before;
    json_decref(line);
}

static client_exit add(bulk *b, bulk_item *item)
{
    const bulk_record r = bulk_state_find(b->state, item->name);
    lg_hash hash = lg_sha256(item->act.payload);
    lg_hex_write(item->sha256, hash.b, LG_HASH_LEN);
    if (is_settled(b, item->name, item->sha256)) {
        count_settled(b, item->name);
        return CLIENT_OK;
    }
    item->iat = r.outcome == BULK_SENDING ? r.iat : 0;
    item->act.jti = jti_of(b, item);
    item->name = lg_arena_strdup(b->arena, item->name); /* the batch outlives the file at hand */
    item->file = lg_arena_strdup(b->arena, item->file);
    b->items[b->count++] = *item;
    b->bytes += item->act.payload.len;
    b->rows += item->rows ? item->rows : 1;
    bool full = b->count == BATCH_ITEMS || b->bytes >= BATCH_BYTES || b->rows + PART_ROWS > BATCH_ROWS;
    return full ? flush(b) : CLIENT_OK;
}

static client_exit add_whole(bulk *b, const char *name, const char *file, lg_bytes content,
                             invoice_format format)
{
    bulk_item item = {.name = name, .file = file};
    lg_arena *arena = b->arena;
    client_exit code =
        client_invoice_act(b->c, arena, lg_arena_copy(arena, content), format, b->terms, &item.act);
    if (code != CLIENT_OK)
        return code;
    b->code = add(b, &item);
    return CLIENT_OK;
}

/* The end of the CSV record that starts at `text`: line ends within quotation marks are part of it. */
static size_t record_len(const char *text, size_t len, int64_t *lines)
{
    bool in_quotes = false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            in_quotes = !in_quotes;
        *lines += text[i] == '\n';
        if (text[i] == '\n' && !in_quotes)
            return i + 1;
    }
    return len;
}

/* A CSV file of any length, a few hundred rows at a time, each part with the header. */
static client_exit add_csv(bulk *b, const char *name, const char *file, lg_bytes content)
{
    const char *text = (const char *)content.data;
    int64_t lines = 0;
    size_t head = record_len(text, content.len, &lines), at = head;
    const int64_t head_lines = lines;
    while (at < content.len && b->code == CLIENT_OK) {
        size_t end = at;
        bulk_item item = {.file = file, .line = lines - head_lines};
        const int64_t line = lines + 1;
        while (end < content.len && item.rows < PART_ROWS && end - at < PART_BYTES) {
            end += record_len(text + end, content.len - end, &lines);
            item.rows++;
        }
        lg_buf part = {0};
        lg_buf_add(&part, text, head);
        lg_buf_add(&part, text + at, end - at);
        item.name = at == head && end == content.len
                        ? name
                        : lg_arena_printf(b->arena, "%s, from line %" PRId64, name, line);
        client_exit code = client_invoice_act(b->c, b->arena, lg_arena_copy(b->arena, lg_buf_bytes(&part)),
                                              INVOICE_CSV, b->terms, &item.act);
        lg_buf_clear(&part);
        if (code != CLIENT_OK)
            return code;
        b->code = add(b, &item);
        at = end;
    }
    return CLIENT_OK;
}

/* The file in memory, as the kernel pages it in. */
static client_exit map_file(client *c, const char *file, lg_bytes *out)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    client_exit code = CLIENT_OK;
    *out = (lg_bytes){.data = (const uint8_t *)"", .len = 0};
    if (fd < 0)
        return client_fail(c, CLIENT_LOCAL, "Cannot open it: %s.", strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        code = client_fail(c, CLIENT_LOCAL, "It is not a file.");
    } else if (st.st_size > 0) {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            code = client_fail(c, CLIENT_LOCAL, "Cannot read it: %s.", strerror(errno));
        else
            *out = lg_bytes_of(data, (size_t)st.st_size);
    } else {
        code = client_fail(c, CLIENT_LOCAL, "It is empty.");
    }
    close(fd);
    return code;
}

static client_exit add_content(bulk *b, const char *name, const char *file, lg_bytes content)
{
    invoice_format format = client_invoice_detect(content);
    if (format == INVOICE_CSV)
        return add_csv(b, name, file, content);
    if (content.len > FILE_MAX)
        return client_fail(b->c, CLIENT_LOCAL, "It is larger than the 4 MiB that an invoice may have.");
    return add_whole(b, name, file, content, format);
}

/* Names are bytes, JSON is text: what is not UTF-8 is shown in its percent-encoding. */
static const char *name_of(const char *file)
{
    static char encoded[3 * 4096 + 1];
    if (lg_text_is_utf8(lg_bytes_str(file)))
        return file;
    lg_arena *arena = lg_arena_open();
    snprintf(encoded, sizeof encoded, "%s", client_url_escape(arena, file));
    lg_arena_close(arena);
    return encoded;
}

static client_exit add_file(bulk *b, const char *file)
{
    const char *name = name_of(file);
    lg_bytes content = {0};
    b->files_done++;
    /* A file that went in is not even read again. */
    if (is_settled(b, name, NULL)) {
        count_settled(b, name);
        return CLIENT_OK;
    }
    client_exit code = map_file(b->c, file, &content);
    if (code == CLIENT_OK)
        code = add_content(b, name, name, content);
    if (content.len)
        munmap((void *)(uintptr_t)content.data, content.len);
    if (b->code != CLIENT_OK)
        return b->code;
    return code == CLIENT_OK ? CLIENT_OK : code == CLIENT_LOCAL ? note_failed(b, name, name) : code;
}

/* ---- the whole ---- */

/* Who signs at which registry; its name, since its address may change. */
static client_exit open_signer(bulk *b, const char **who)
{
    client *c = b->c;
    const char *origin, *signer;
    client_exit code = CLIENT_OK;
    if (c->config.key || !c->config.token)
        code = client_key_open(c, NULL, &b->key);
    if (code == CLIENT_OK && c->config.countersign)
        code = client_key_open(c, c->config.countersign, &b->second);
    if (code == CLIENT_OK)
        code = client_origin(c, &origin);
    if (code != CLIENT_OK)
        return code;
    if (b->key) {
        lg_public_key public_key = lg_signing_key_public(b->key);
        signer = lg_arena_strdup(c->arena, lg_kid_of(&public_key).s);
    } else {
        lg_hash hash =
            lg_sha256(lg_bytes_str(lg_arena_printf(c->arena, "tallystick/submit/who\n%s", c->config.token)));
        signer = lg_hex_encode(c->arena, lg_bytes_of(hash.b, 16));
    }
    *who = lg_arena_printf(c->arena, "%s %s", origin, signer);
    return CLIENT_OK;
}

/* One for each registry, signer and set of operands. */
static const char *state_path(bulk *b, const char *who)
{
    client *c = b->c;
    const char *named = client_option_value(c, "state"), *text = who;
    if (named)
        return named;
    for (int i = 0; i < c->args.operand_count; i++) {
        char *real = realpath(c->args.operands[i], NULL);
        text = lg_arena_printf(c->arena, "%s\n%s", text, real ? real : c->args.operands[i]);
        free(real);
    }
    lg_hash hash = lg_sha256(lg_bytes_str(text));
    return client_state_path(c->arena, lg_arena_printf(c->arena, "submit-%s.ndjson",
                                                       lg_hex_encode(c->arena, lg_bytes_of(hash.b, 8))));
}

static void print_summary(const bulk *b, const char *path, const char *report)
{
    client *c = b->c;
    if (c->json) {
        json_t *value =
            json_pack("{s:I,s:I,s:I,s:I,s:I,s:s,s:s?}", "files", (json_int_t)b->file_count, "accepted",
                      (json_int_t)b->accepted, "held", (json_int_t)b->held, "refused", (json_int_t)b->refused,
                      "failed", (json_int_t)b->failed, "state", path, "report", report);
        client_print_json(value);
        json_decref(value);
        return;
    }
    client_say(c, STYLE_BOLD,
               "%zu files: %" PRIu64 " accepted, %" PRIu64 " held, %" PRIu64 " refused, %" PRIu64 " failed",
               b->file_count, b->accepted, b->held, b->refused, b->failed);
    if (b->before)
        client_say(c, STYLE_DIM, "%" PRIu64 " of them in earlier runs.", b->before);
    client_say(c, STYLE_DIM, "State: %s", path);
    if (report)
        client_say(c, STYLE_DIM, "What became of each: %s", report);
    else if (b->refused + b->failed)
        client_say(c, STYLE_DIM,
                   "Run it again with --report FILE to see the reasons; what went in is not sent again.");
}

static client_exit submit_files(bulk *b, const char **files)
{
    client_exit code = CLIENT_OK;
    for (size_t i = 0; i < b->file_count && code == CLIENT_OK; i++) {
        code = add_file(b, files[i]);
        progress_show(b);
    }
    return code == CLIENT_OK ? flush(b) : code;
}

static client_exit finish(bulk *b, client_exit code, const char *path)
{
    client *c = b->c;
    const char *report = client_option_value(c, "report");
    client_exit reported = report ? bulk_report(c, b->state, report) : CLIENT_OK;
    if (code == CLIENT_OK)
        code = reported;
    if (code != CLIENT_OK) {
        if (!c->hint)
            c->hint = client_text(c, "Run the same command again to go on: what went in is not sent again.");
        return code;
    }
    print_summary(b, path, report);
    c->quiet = true;
    return b->refused ? CLIENT_REFUSED : b->failed ? CLIENT_LOCAL : CLIENT_OK;
}

client_exit bulk_run(client *c, const invoice_terms *terms, const char **files, size_t file_count)
{
    bulk *b = lg_arena_alloc(c->arena, sizeof *b);
    const char *who = NULL, *path = NULL;
    *b = (bulk){.c = c, .terms = terms, .file_count = file_count, .arena = lg_arena_open()};
    b->retry_refused = client_option_given(c, "retry-refused");
    b->progress = client_progress_start(c);
    clock_gettime(CLOCK_MONOTONIC, &b->started);
    client_exit code = open_signer(b, &who);
    if (code == CLIENT_OK) {
        path = state_path(b, who);
        code = path ? bulk_state_open(c, path, who, &b->state)
                    : client_fail(c, CLIENT_USAGE,
                                  "There is no home directory for the state file; name one with --state.");
    }
    if (code == CLIENT_OK)
        code = submit_files(b, files);
    client_progress_end(&b->progress);
    if (b->state)
        code = finish(b, code, path);
    bulk_state_close(b->state);
    lg_signing_key_close(b->key);
    lg_signing_key_close(b->second);
    lg_arena_close(b->arena);
    return code;
}
