/* A registry in a temporary folder, driven through the library without HTTP and without threads: keys, a
 * ledger, and commands signed, authenticated, decoded, applied and committed one at a time. */
#ifndef REGISTRY_RIG_H
#define REGISTRY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/file.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/registry/registry.h"
#include "server/api/command.h"
#include "server/gateway/checks.h"
#include "server/gateway/gateway.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ORIGIN             "ledger.example.com/unit"
#define OK(call)           assert_string_equal(lg_err_slug(call), lg_err_slug(LG_OK))
#define IS(call, expected) assert_string_equal(lg_err_slug(call), lg_err_slug(expected))

/* Who signs. */
typedef struct actor {
    lg_signing_key *key;
    lg_participant_id id;
    const char *id_text;
} actor;

typedef struct rig {
    char dir[64];
    lg_arena *arena;
    lg_registry *registry;
    lg_ledger *ledger;
    actor operator, supplier, buyer, reviewer;
    lg_report report;   /* of the last command */
    lg_outcome outcome; /* of the last command */
    const char *last_jws;
    int serial; /* of companies and invoices */
} rig;

/* See each command as it is about to be applied, and as it was. */
static void (*rig_before_apply)(const lg_command *command) = NULL;
static void (*rig_after_apply)(const lg_command *command) = NULL;

static lg_review_fn rig_review = gateway_review; /* another one: a gateway that was tampered with */

static inline int rig_forget_file(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static inline void rig_attach(rig *r)
{
    lg_signing_key *log_key;
    const lg_registry_config config = {
        .dir = r->dir, .origin = ORIGIN, .review = rig_review, .render = api_render};
    OK(lg_registry_open(&config, &r->registry, &r->report));
    OK(lg_key_file_read(lg_arena_printf(r->arena, "%s/keys/log.jwk", r->dir), &log_key, &r->report));
    OK(lg_ledger_open(r->dir, ORIGIN, log_key, &r->ledger, &r->report));
}

static inline void rig_detach(rig *r)
{
    lg_ledger_close(r->ledger);
    lg_registry_close(r->registry);
    r->ledger = NULL;
    r->registry = NULL;
}

static inline rig *rig_open(void)
{
    rig *r = calloc(1, sizeof *r);
    OK(lg_crypto_init());
    r->arena = lg_arena_open();
    lg_report_init(&r->report, r->arena);
    strcpy(r->dir, "/tmp/tallystick-unit-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    OK(lg_registry_create(r->dir, ORIGIN, r->arena, &r->operator.id, &r->report));
    OK(lg_key_file_read(lg_arena_printf(r->arena, "%s/keys/operator.jwk", r->dir), &r->operator.key,
                        &r->report));
    r->operator.id_text = lg_arena_strdup(r->arena, lg_uuid_format(r->operator.id.uuid).s);
    rig_attach(r);
    return r;
}

static inline void rig_close(rig *r)
{
    rig_detach(r);
    lg_signing_key_close(r->operator.key);
    lg_signing_key_close(r->supplier.key);
    lg_signing_key_close(r->buyer.key);
    lg_signing_key_close(r->reviewer.key);
    lg_buf_clear(&r->outcome.answer);
    nftw(r->dir, rig_forget_file, 8, FTW_DEPTH | FTW_PHYS);
    lg_arena_close(r->arena);
    free(r);
}

/* What the HTTP thread does with a signed command before it queues it. */
static inline lg_err rig_prepare(rig *r, lg_command *command, const char *jws, const char *url)
{
    lg_jws parsed;
    lg_policy policy;
    json_t *payload = NULL;
    lg_db *db = lg_ledger_db(r->ledger);
    lg_err err = lg_command_authenticate(r->registry, db, r->arena, lg_bytes_str(jws), url, command, &parsed,
                                         &r->report);
    if (!err && command->type == LG_CMD_SUBMIT) {
        err = lg_registry_policy(r->registry, db, &policy);
        return err ? err : gateway_read(&parsed, &policy, command, &r->report);
    }
    if (!err)
        err = lg_json_load(command->payload, &payload, &r->report);
    if (!err)
        err = lg_command_decode(payload, command, &r->report);
    json_decref(payload);
    return err;
}

/* A path such as /v1/claims/{id}/act, or one without an id. */
static inline lg_uuid rig_subject(const char *url)
{
    lg_uuid id = {{0}};
    char text[37] = "";
    for (const char *at = strchr(url, '/'); at; at = strchr(at + 1, '/')) {
        if (strlen(at) > 36) {
            memcpy(text, at + 1, 36);
            if (lg_uuid_parse(text, &id))
                return id;
        }
    }
    return (lg_uuid){{0}};
}

/* Applies one prepared command alone in its transaction, as the writer does. */
static inline lg_err rig_apply(rig *r, const lg_command *command)
{
    lg_mark mark;
    if (rig_before_apply)
        rig_before_apply(command);
    lg_buf_clear(&r->outcome.answer);
    r->outcome = (lg_outcome){0};
    OK(lg_ledger_begin(r->ledger));
    OK(lg_ledger_mark(r->ledger, 0, &mark));
    lg_err err = lg_command_apply(r->registry, r->ledger, r->arena, command, &r->outcome, &r->report);
    if (err)
        OK(lg_ledger_undo(r->ledger, mark));
    else
        OK(lg_ledger_keep(r->ledger, mark));
    OK(lg_ledger_commit(r->ledger));
    if (rig_after_apply)
        rig_after_apply(command);
    return err;
}

static inline lg_err rig_send(rig *r, lg_command_type type, const char *url, const char *jws)
{
    lg_command *command = lg_arena_alloc(r->arena, sizeof *command);
    command->type = type;
    command->subject = rig_subject(url);
    command->kid = strrchr(url, '/') ? lg_arena_strdup(r->arena, "") : NULL;
    const char *keys = strstr(url, "/keys/");
    if (keys)
        command->kid = lg_arena_strndup(r->arena, keys + 6, strcspn(keys + 6, "/"));
    lg_report_init(&r->report, r->arena);
    r->last_jws = jws;
    lg_err err = rig_prepare(r, command, jws, url);
    return err ? err : rig_apply(r, command);
}

static inline lg_jws_header rig_header(const char *url, const char *cty)
{
    return (lg_jws_header){.aud = ORIGIN, .url = url, .iat = lg_now() / LG_TIME_PER_SECOND, .cty = cty};
}

static inline lg_err act_as(rig *r, const actor *who, lg_command_type type, const char *url,
                            const char *payload)
{
    const lg_jws_header header = rig_header(url, NULL);
    return rig_send(r, type, url, lg_jws_compose(r->arena, who->key, &header, lg_bytes_str(payload)));
}

static inline lg_err act_together(rig *r, const actor *first, const actor *second, lg_command_type type,
                                  const char *url, const char *cty, const char *payload)
{
    const lg_jws_header header = rig_header(url, cty);
    return rig_send(r, type, url,
                    lg_jws_compose_two(r->arena, first->key, second->key, &header, lg_bytes_str(payload)));
}

static inline const char *rig_public_text(rig *r, const lg_signing_key *key)
{
    lg_public_key public_key = lg_signing_key_public(key);
    return lg_base64url_encode(r->arena, lg_bytes_of(public_key.b, sizeof public_key.b));
}

/* Registers a company of one role, known by a registration number. */
static inline void enroll(rig *r, actor *who, const char *name, const char *role)
{
    who->key = lg_signing_key_new();
    const char *payload = lg_arena_printf(
        r->arena,
        "{\"name\":\"%s\",\"roles\":[\"%s\"],\"identifiers\":{\"registration_no\":\"HRB %d\"},"
        "\"public_key\":\"%s\"}",
        name, role, 1000 + ++r->serial, rig_public_text(r, who->key));
    OK(act_as(r, &r->operator, LG_CMD_PARTICIPANT_REGISTER, "/v1/participants", payload));
    who->id = r->outcome.results[0].participant.id;
    who->id_text = lg_arena_strdup(r->arena, lg_uuid_format(who->id.uuid).s);
}

static inline void enroll_all(rig *r)
{
    enroll(r, &r->supplier, "Supplier Ltd", "supplier");
    enroll(r, &r->buyer, "Core AG", "core_enterprise");
    enroll(r, &r->reviewer, "Reviewer", "reviewer");
}

static inline const char *day_from_today(rig *r, int days)
{
    return lg_arena_strdup(r->arena, lg_day_format(lg_day_of(lg_now()) + days).s);
}

/* An invoice of the supplier to the buyer; `extra` is further members of the payload, beginning with a comma.
 */
static inline const char *invoice_named(rig *r, const char *number, const char *gross, const char *extra)
{
    return lg_arena_printf(r->arena,
                           "{\"invoice\":{\"number\":\"%s\",\"issue_date\":\"%s\",\"due_date\":\"%s\","
                           "\"currency\":\"CNY\",\"gross_amount\":\"%s\",\"seller\":{\"participant\":\"%s\"},"
                           "\"buyer\":{\"participant\":\"%s\"}}%s}",
                           number, day_from_today(r, -5), day_from_today(r, 60), gross, r->supplier.id_text,
                           r->buyer.id_text, extra);
}

/* One that resembles none before it. */
static inline const char *fresh_invoice(rig *r)
{
    int n = ++r->serial;
    return invoice_named(r, lg_arena_printf(r->arena, "RE-%d", n),
                         lg_arena_printf(r->arena, "%d.25", 1000 + n), "");
}

static inline const char *receivable_url(rig *r, const char *act)
{
    return lg_arena_printf(r->arena, "/v1/receivables/%s/%s",
                           lg_uuid_format(r->outcome.results[0].receivable.id.uuid).s, act);
}

/* Leaves outcome.results[0].receivable to act on. */
static inline void submit_fresh(rig *r)
{
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r)));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_REGISTERED);
}

/* A policy like the present one but for one field, given as JSON text. */
static inline void change_policy(rig *r, const char *field, const char *value)
{
    lg_policy_row row;
    json_error_t error;
    OK(lg_policy_get(lg_ledger_db(r->ledger), 0, r->arena, &row));
    json_t *policy = json_loads(row.body, 0, NULL), *changed = json_loads(value, JSON_DECODE_ANY, &error);
    assert_non_null(changed);
    assert_int_equal(json_object_set_new(policy, field, changed), 0);
    char *text = json_dumps(policy, JSON_COMPACT);
    OK(act_as(r, &r->operator, LG_CMD_POLICY_SET, "/v1/policy",
              lg_arena_printf(r->arena, "{\"base_version\":%d,\"policy\":%s}", (int)row.version, text)));
    free(text);
    json_decref(policy);
}

static inline bool has_fault(const lg_report *report, const char *code, const char *pointer)
{
    for (const lg_fault *fault = report->first; fault; fault = fault->next)
        if (strcmp(fault->code, code) == 0 && strcmp(fault->pointer, pointer) == 0)
            return true;
    return false;
}

static inline int set_up(void **state)
{
    *state = rig_open();
    return 0;
}

static inline int set_up_companies(void **state)
{
    rig *r = rig_open();
    enroll_all(r);
    *state = r;
    return 0;
}

static inline int tear_down(void **state)
{
    rig_close(*state);
    return 0;
}

#endif
