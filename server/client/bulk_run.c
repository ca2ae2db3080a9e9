/* `submit` of many files: files into items, items into batches (bulk_send.c). One batch is held at a time. */
#include "server/client/bulk_internal.h"

#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"

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
    FILES_FOR_BULK = 50,   /* from so many on a run is worth a state file */
    BATCH_BYTES = 2 << 20, /* of payloads; the registry takes 8 MiB of text */
    BATCH_ROWS = 400,      /* whose answer is still JSON of a size that is read */
    FILE_MAX = 4 << 20,    /* bytes of an invoice */
    PART_ROWS = 200,       /* of a CSV file, submitted as one command */
    PART_BYTES = 1 << 20,
};

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

/* What this run did not even send. The message is the last failure's. */
static client_exit note_failed(bulk *b, const char *name, const char *file)
{
    client *c = b->c;
    json_t *line =
        json_pack("{s:s,s:s,s:s,s:s?}", "item", name, "file", file, "result", "failed", "detail", c->message);
    c->message = NULL;
    c->hint = NULL;
    lg_report_init(&c->report, c->arena);
    client_exit code = bulk_note(b, line, BULK_FAILED);
    json_decref(line);
    return code;
}

/* ---- files into items ---- */

/* Was it told before, and is not to be asked again? What was refused and then mended is another file, and so
 * is a part of a CSV file to which rows were added; sha256 NULL: it has not been read. */
static bool is_settled(bulk *b, const char *name, const char *sha256)
{
    const bulk_record r = bulk_state_find(b->state, name);
    const bool went_in = r.outcome == BULK_ACCEPTED || r.outcome == BULK_HELD;
    if (!sha256 || (!went_in && (r.outcome != BULK_REFUSED || b->retry_refused)))
        return went_in;
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
    bulk_count_line(b, line, bulk_state_find(b->state, name).outcome);
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
    item->act.jti = bulk_jti(b, item);
    item->name = lg_arena_strdup(b->arena, item->name); /* the batch outlives the file at hand */
    item->file = lg_arena_strdup(b->arena, item->file);
    b->items[b->count++] = *item;
    b->bytes += item->act.payload.len;
    b->rows += item->rows ? item->rows : 1;
    bool full = b->count == BATCH_ITEMS || b->bytes >= BATCH_BYTES || b->rows + PART_ROWS > BATCH_ROWS;
    return full ? bulk_flush(b) : CLIENT_OK;
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
    return code == CLIENT_OK ? bulk_flush(b) : code;
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
