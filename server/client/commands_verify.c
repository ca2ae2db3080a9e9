/* `verify`: the log at a URL against its public key and what was seen of it before. */
#include "ledger/base/calendar.h"
#include "ledger/crypto/encoding.h"
#include "server/client/output.h"
#include "server/client/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

typedef struct state_file {
    const char *path;
    int lock_fd; /* one verification of a log at a time: none may put an older checkpoint over a newer one */
    lg_bytes note;
} state_file;

static client_exit state_open(client *c, const char *vkey, state_file *state)
{
    lg_hash hash = lg_sha256(lg_bytes_str(vkey));
    *state = (state_file){.path = client_option_value(c, "state"), .lock_fd = -1};
    if (!state->path)
        state->path =
            client_state_path(c->arena, lg_hex_encode(c->arena, lg_bytes_of(hash.b, sizeof hash.b)));
    if (!state->path)
        return client_fail(
            c, CLIENT_USAGE,
            "There is no home directory to remember checkpoints in: name a file with --state.");
    client_exit code = client_directories_make(c, state->path);
    if (code != CLIENT_OK)
        return code;
    const char *lock = lg_arena_printf(c->arena, "%s.lock", state->path);
    state->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (state->lock_fd < 0 || flock(state->lock_fd, LOCK_EX) != 0)
        return client_fail(c, CLIENT_LOCAL, "Cannot lock %s: %s.", lock, strerror(errno));
    return access(state->path, F_OK) == 0
               ? client_file_read(c, c->arena, state->path, LG_NOTE_MAX, &state->note)
               : CLIENT_OK;
}

static void state_close(state_file *state)
{
    if (state->lock_fd >= 0)
        close(state->lock_fd);
}

/* Two checkpoints signed by one key that contradict each other prove what the log did: both are kept. */
static client_exit evidence_keep(client *c, const state_file *state, const verify_report *report,
                                 json_t *files)
{
    lg_time_text stamp = lg_time_format(lg_now());
    const struct {
        const char *word;
        lg_bytes note;
    } sides[] = {{"seen-before", state->note}, {"served-now", report->note}};
    for (size_t i = 0; i < 2; i++) {
        const char *path = lg_arena_printf(c->arena, "%s.%s.%s", state->path, stamp.s, sides[i].word);
        client_exit code = client_file_write(c, path, 0600, sides[i].note);
        if (code != CLIENT_OK)
            return code;
        json_array_append_new(files, json_string(path));
    }
    return CLIENT_OK;
}

static void on_progress(void *ctx, int64_t done, int64_t total)
{
    client_progress_show(ctx, LG_TEXT("entries checked:"), done, total);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void report_json(client *c, const verify_report *r, const state_file *state, json_t *evidence,
                        int64_t elapsed_ms, bool ok)
{
    json_t *value = json_object();
    json_object_set_new(value, "ok", json_boolean(ok));
    if (r->checkpoint.origin) {
        json_object_set_new(value, "origin", json_string(r->checkpoint.origin));
        json_object_set_new(value, "size", json_integer(r->checkpoint.size));
        json_object_set_new(
            value, "root",
            json_string(lg_hex_encode(c->arena, lg_bytes_of(r->checkpoint.root.b, LG_HASH_LEN))));
    }
    json_object_set_new(value, "previous_size",
                        r->previous_size < 0 ? json_null() : json_integer(r->previous_size));
    if (ok) {
        json_object_set_new(value, "first_checked", json_integer(r->first_checked));
        json_object_set_new(value, "entries_checked", json_integer(r->entries));
        json_object_set_new(value, "tiles_fetched", json_integer(r->fetched));
    } else {
        json_object_set_new(value, "finding",
                            json_string(c->message ? c->message : client_text(c, "failed")));
        json_object_set(value, "evidence", evidence);
    }
    json_object_set_new(value, "state", json_string(state->path));
    json_object_set_new(value, "elapsed_ms", json_integer(elapsed_ms));
    client_print_json(value);
    json_decref(value);
}

static void report_print(client *c, const verify_report *r, const state_file *state, int64_t elapsed_ms)
{
    client_say(c, STYLE_GREEN, "verified: %s, %lld entries", r->checkpoint.origin,
               (long long)r->checkpoint.size);
    client_say(c, STYLE_PLAIN, "  root        %s",
               lg_hex_encode(c->arena, lg_bytes_of(r->checkpoint.root.b, LG_HASH_LEN)));
    client_say(
        c, STYLE_PLAIN,
        "  checked     signature, chain and tree over entries %lld to %lld; %lld tiles and bundles, %lld ms",
        (long long)r->first_checked, (long long)r->checkpoint.size - 1, (long long)r->fetched,
        (long long)elapsed_ms);
    if (r->previous_size >= 0)
        client_say(c, STYLE_PLAIN, "  consistent  with the %lld entries seen before",
                   (long long)r->previous_size);
    client_say(c, STYLE_DIM, "  remembered  %s", state->path);
}

static client_exit verify_with_state(client *c, const lg_verifier *verifier, state_file *state)
{
    int64_t started_ms = now_ms();
    client_progress line = client_progress_start(c);
    verify_terms terms = {.verifier = verifier,
                          .remembered = state->note,
                          .full = client_option_given(c, "full"),
                          .progress = on_progress,
                          .progress_ctx = &line};
    verify_report report;
    json_t *evidence = json_array();
    client_exit code = client_verify_log(c, tiles_fetch_http, c, &terms, &report);
    client_progress_end(&line);
    if (code == CLIENT_OK)
        code = client_file_write(c, state->path, 0600, report.note);
    if (report.contradicts && evidence_keep(c, state, &report, evidence) == CLIENT_OK)
        c->hint = lg_arena_printf(
            c->arena, client_text(c, "Both signed checkpoints are kept as evidence:\n  %s\n  %s"),
            json_string_value(json_array_get(evidence, 0)), json_string_value(json_array_get(evidence, 1)));
    if (c->json && (code == CLIENT_OK || code == CLIENT_UNVERIFIED)) {
        report_json(c, &report, state, evidence, now_ms() - started_ms, code == CLIENT_OK);
        c->quiet = true;
    } else if (code == CLIENT_OK) {
        report_print(c, &report, state, now_ms() - started_ms);
    }
    json_decref(evidence);
    return code;
}

client_exit command_verify(client *c)
{
    lg_verifier verifier;
    state_file state;
    if (c->args.operand_count)
        c->config.url = c->args.operands[0];
    if (!c->config.vkey)
        return client_fail(
            c, CLIENT_USAGE,
            "verify needs --vkey: the log's verifier key, got from someone you trust, not from the server.");
    if (lg_vkey_parse(c->arena, c->config.vkey, &verifier, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_USAGE, "--vkey");
    c->config.token = NULL; /* what is checked is public: nothing of ours is shown to the server */
    c->config.key = NULL;
    client_exit code = state_open(c, c->config.vkey, &state);
    if (code == CLIENT_OK)
        code = verify_with_state(c, &verifier, &state);
    state_close(&state);
    return code;
}
