/* Subcommands that need no registry to talk to. */
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/sign.h"
#include "server/client/describe.h"
#include "server/server.h"

#include <inttypes.h>
#include <string.h>

/* A fault of this machine or of the arguments, as the ledger library tells it. */
static client_exit local_fail(client *c, lg_err err)
{
    bool file = err == LG_ALREADY_EXISTS || err == LG_NOT_FOUND || err == LG_INVALID_FIELDS ||
                err == LG_MALFORMED_JSON;
    bool caller = lg_err_kind(err) == LG_KIND_CALLER && !file;
    c->report.err = err;
    return client_fail_report(c, caller ? CLIENT_USAGE : CLIENT_LOCAL, NULL);
}

client_exit command_init(client *c)
{
    char *summary = NULL;
    json_t *value = NULL;
    const char *origin = client_option_value(c, "origin");
    if (!origin)
        return client_fail(
            c, CLIENT_USAGE,
            "init needs --origin NAME: the registry's name, such as receivables.example.com/2026.");
    lg_err err = server_init(c->args.operands[0], origin, c->arena, &summary, &c->report);
    if (err != LG_OK)
        return local_fail(c, err);
    if (lg_json_load(lg_bytes_str(summary), &value, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_LOCAL, "init");
    if (c->json)
        client_print_json(value);
    else
        client_print_members(c, value, 0);
    json_decref(value);
    return CLIENT_OK;
}

client_exit command_serve(client *c)
{
    const char *dir = c->args.operands[0];
    server_flag flags[CLIENT_OPTIONS_MAX];
    for (size_t i = 0; i < c->args.option_count; i++)
        flags[i] = (server_flag){c->args.options[i].name, c->args.options[i].value};
    const server_options options = {
        .config_file = client_option_value(c, "config"), .flags = flags, .flag_count = c->args.option_count};
    if (!client_option_given(c, "check-config")) {
        lg_err err = server_serve(dir, &options, &c->report);
        return err == LG_OK ? CLIENT_OK : local_fail(c, err);
    }
    lg_err err = server_check_config(dir, &options, &c->report);
    if (err != LG_OK)
        return local_fail(c, err);
    client_say(c, STYLE_GREEN, "the configuration is good");
    return CLIENT_OK;
}

typedef struct audit_progress {
    client_progress line;
} audit_progress;

static void on_progress(void *ctx, int64_t done, int64_t total)
{
    audit_progress *p = ctx;
    client_progress_show(&p->line, LG_TEXT("audited"), done, total);
}

/* What the earlier audit saw, and this one did not look at again. */
static void audit_print_left_out(client *c, const json_t *report)
{
    size_t i;
    json_t *left_out;
    if (!json_object_get(report, "audited_before"))
        return;
    client_say(c, STYLE_PLAIN, "it went on from an earlier audit of %s entries; not looked at again:",
               client_field(c->arena, report, "audited_before"));
    json_array_foreach(json_object_get(report, "not_looked_at_again"), i, left_out)
        client_say(c, STYLE_DIM, "%s",
                   lg_arena_printf(c->arena, "  - %s",
                                   language_sentence(c->language, c->arena, json_string_value(left_out))));
}

static void audit_print(client *c, const json_t *report)
{
    size_t i;
    json_t *finding, *rows;
    const char *table;
    bool ok = json_is_true(json_object_get(report, "ok"));
    client_say(c, ok ? STYLE_GREEN : STYLE_RED,
               ok ? LG_TEXT("audit passed: %s entries, %s commands")
                  : LG_TEXT("AUDIT FAILED: %s entries, %s commands"),
               client_field(c->arena, report, "entries"), client_field(c->arena, report, "commands"));
    audit_print_left_out(c, report);
    json_object_foreach(json_object_get(report, "tables"), table, rows)
        client_say(c, STYLE_DIM, "  %-20s %lld rows", table, (long long)json_integer_value(rows));
    json_array_foreach(json_object_get(report, "findings"), i, finding)
        client_say(c, STYLE_RED, "  %s %s: %s", client_field(c->arena, finding, "table"),
                   client_field(c->arena, finding, "key"),
                   language_sentence(c->language, c->arena, client_field(c->arena, finding, "detail")));
}

client_exit command_audit(client *c)
{
    char *text = NULL;
    json_t *report = NULL;
    if (client_option_given(c, "anew") && !client_option_given(c, "state"))
        return client_fail(c, CLIENT_USAGE,
                           "--anew goes with --state FOLDER: it begins the state there anew.");
    audit_progress progress = {.line = client_progress_start(c)};
    const server_audit_request request = {
        .dir = c->args.operands[0],
        .state = client_option_value(c, "state"),
        .anew = client_option_given(c, "anew"),
        .progress = on_progress,
        .ctx = &progress,
    };
    if (request.anew && !request.state)
        return client_fail(c, CLIENT_USAGE,
                           "--anew goes with --state FOLDER: it begins the state there anew.");
    lg_err err = server_audit(&request, c->arena, &text, &c->report);
    client_progress_end(&progress.line);
    if (text && lg_json_load(lg_bytes_str(text), &report, NULL) == LG_OK) {
        if (c->json)
            client_print_json(report);
        else
            audit_print(c, report);
        json_decref(report);
    }
    if (err == LG_CORRUPT) {
        c->quiet = report && c->json; /* the report has said it */
        if (!c->report.detail)
            return client_fail(c, CLIENT_UNVERIFIED, "The registry is not what its entries say.");
        return client_fail_report(c, CLIENT_UNVERIFIED, NULL);
    }
    return err == LG_OK ? CLIENT_OK : local_fail(c, err);
}

client_exit command_keygen(client *c)
{
    const char *path = c->args.operands[0];
    lg_signing_key *key = lg_signing_key_new();
    lg_err err = lg_key_file_write(path, key, &c->report);
    lg_public_key public_key = lg_signing_key_public(key);
    lg_signing_key_close(key);
    if (err != LG_OK)
        return client_fail_report(c, CLIENT_LOCAL, NULL);
    json_t *value = json_pack("{s:s,s:s,s:s}", "kid", lg_kid_of(&public_key).s, "public_key",
                              lg_base64url_encode(c->arena, lg_bytes_of(public_key.b, sizeof public_key.b)),
                              "file", path);
    if (!value)
        lg_die("out of memory");
    if (c->json)
        client_print_json(value);
    else
        client_print_members(c, value, 0);
    json_decref(value);
    return CLIENT_OK;
}

client_exit command_version(client *c)
{
    if (c->json)
        printf("{\"version\": \"%s\"}\n", CLIENT_VERSION);
    else
        printf("tallystick %s\n", CLIENT_VERSION);
    return CLIENT_OK;
}
