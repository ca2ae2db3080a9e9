/* Making a new registry: keys, head file, and the first three entries, each caused by a command of the
 * operator's own key. */
#include "ledger/registry/internal.h"

#include "ledger/base/buf.h"
#include "ledger/base/file.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/seal.h"
#include "ledger/crypto/secret.h"
#include "ledger/registry/webhook_keys.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { SECRET_LEN = 32 };
_Static_assert((int)SECRET_LEN == (int)LG_HASH_KEY_LEN && (int)SECRET_LEN == (int)LG_SEAL_KEY_LEN,
               "both secrets are of one length");

static lg_err make_folder(const char *path, lg_report *report)
{
    if (mkdir(path, 0700) == 0)
        return lg_file_sync_parent(path, report);
    if (errno == EEXIST)
        return LG_OK;
    return lg_file_fail(report, errno, "create the folder", path);
}

/* A registry is never made over anything. */
static lg_err check_empty(const char *dir, lg_report *report)
{
    DIR *folder = opendir(dir);
    struct dirent *item;
    lg_err err = LG_OK;
    if (!folder)
        return lg_file_fail(report, errno, "open", dir);
    while (!err && (item = readdir(folder)))
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            err = lg_fail(report, LG_ALREADY_EXISTS,
                          "The folder %s is not empty; a registry is made in a new or empty folder.", dir);
    closedir(folder);
    return err;
}

static lg_err make_keys(const char *dir, lg_arena *arena, lg_report *report)
{
    const char *const names[] = {"log", "operator"};
    lg_err err = LG_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && !err; i++) {
        lg_signing_key *key = lg_signing_key_new();
        err = lg_key_file_write(lg_arena_printf(arena, "%s/keys/%s.jwk", dir, names[i]), key, report);
        lg_signing_key_close(key);
    }
    const char *const secrets[] = {"hash", "master"};
    uint8_t *secret = lg_secret_alloc(SECRET_LEN);
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets && !err; i++) {
        lg_random(secret, SECRET_LEN);
        err = lg_secret_file_write(lg_arena_printf(arena, "%s/keys/%s.key", dir, secrets[i]), secret,
                                   SECRET_LEN, report);
    }
    lg_secret_free(secret);
    return err ? err : lg_webhook_keys_make(dir, report);
}

/* One of the first entries: the operator signs, and no signer's state can be checked yet because it is this
 * that makes it. */
static lg_err bootstrap(lg_registry *registry, lg_ledger *ledger, lg_arena *arena, lg_signer *operator,
                        const char * url, const char *payload, lg_event *event, lg_result *result)
{
    const char *jws = lg_registry_sign_as_operator(registry, arena, url, payload);
    lg_report report;
    lg_report_init(&report, arena);
    lg_jws parsed;
    lg_err err = lg_jws_parse(arena, lg_bytes_str(jws), &parsed, &report);
    if (err)
        return err;
    lg_command command = {.jws = parsed.bytes,
                          .req = lg_sha256(parsed.bytes),
                          .jti = parsed.signatures[0].jti,
                          .url = url,
                          .payload = parsed.payload,
                          .signers =
                              {
                                  *operator},
                                  .signer_count = event->type == LG_EV_GENESIS ? 0 : 1,
                          };
    lg_outcome outcome = {.results = result, .count = 1};
    *result = (lg_result){0};
    lg_act act = {
        .registry = registry,
        .ledger = ledger,
        .db = lg_ledger_db(ledger),
        .arena = arena,
        .command = &command,
        .now = lg_ledger_clock(ledger),
        .outcome = &outcome,
        .result = result,
        .report = &report,
    };
    if (event->type == LG_EV_PARTICIPANT_REGISTERED)
        event->valid_from = act.now;
    err = lg_act_record(&act, event);
    if (err)
        return err;
    const lg_command_row row = {
        .first_seq = result->entry.seq,
        .entry_count = 1,
        .signer = operator->no,
        .jti = command.jti,
        .url = url,
        .status = 201,
        .answer = lg_arena_printf(arena, "{\"receipt\":{\"seq\":%lld}}", (long long)result->entry.seq),
        .jws = command.jws,
    };
    return lg_command_insert(lg_ledger_db(ledger), &row);
}

static char *operator_payload(lg_arena *arena, const lg_public_key *key)
{
    return lg_arena_printf(arena, "{\"name\":\"Operator\",\"public_key\":\"%s\",\"roles\":[\"operator\"]}",
                           lg_base64url_encode(arena, lg_bytes_of(key->b, sizeof key->b)));
}

static lg_err write_first_entries(lg_registry *registry, lg_ledger *ledger, lg_arena *arena,
                                  const lg_public_key *operator_key, lg_participant_id *operator_id)
{
    const lg_policy policy = lg_policy_default();
    lg_signer operator= {.kid = lg_kid_of(operator_key)};
    lg_result result = {0};
    lg_event genesis = {.type = LG_EV_GENESIS};
    lg_event first = {
        .type = LG_EV_PARTICIPANT_REGISTERED,
        .participant_id = lg_uuid_new(),
        .name = "Operator",
        .roles = lg_roles_json(arena, 1u << LG_ROLE_OPERATOR),
        .identifiers = "[]",
        .public_key = *operator_key,
    };
    lg_event policy_event = {
        .type = LG_EV_POLICY_SET,
        .policy_version = 1,
        .policy = lg_policy_format(arena, &policy),
    };
    operator.id.uuid = first.participant_id;
    lg_err err = lg_ledger_begin(ledger);
    if (!err)
        err = bootstrap(registry, ledger, arena, &operator, "/v1/genesis", "{}", &genesis, &result);
    if (!err)
        err = bootstrap(registry, ledger, arena, &operator, "/v1/participants",
                        operator_payload(arena, operator_key), &first, &result);
    operator.no = result.participant.no;
    const char *policy_payload =
        lg_arena_printf(arena, "{\"base_version\":0,\"policy\":%s}", policy_event.policy);
    if (!err)
        err = bootstrap(registry, ledger, arena, &operator, "/v1/policy", policy_payload, &policy_event,
                        &result);
    if (err)
        lg_ledger_abort(ledger);
    else
        err = lg_ledger_commit(ledger);
    *operator_id = (lg_participant_id){operator.id.uuid };
    return err;
}

lg_err lg_registry_create(const char *dir, const char *origin, lg_arena *arena,
                          lg_participant_id *operator_id, lg_report *report)
{
    lg_registry *registry = NULL;
    lg_ledger *ledger = NULL;
    lg_signing_key *log_key = NULL, *operator_key = NULL;
    if (!lg_key_name_is_valid(origin))
        return lg_fail(
            report, LG_INVALID_FIELDS,
            "The origin must be a name without white space or '+', such as ledger.example.com/scf-1.");
    lg_err err = make_folder(dir, report);
    if (!err)
        err = check_empty(dir, report);
    if (!err)
        err = make_folder(lg_arena_printf(arena, "%s/keys", dir), report);
    if (!err)
        err = make_folder(lg_arena_printf(arena, "%s/keys/custody", dir), report);
    if (!err)
        err = make_keys(dir, arena, report);
    if (!err)
        err = lg_head_create(lg_arena_printf(arena, "%s/head", dir), origin, report);
    const lg_registry_config config = {.dir = dir, .origin = origin};
    if (!err)
        err = lg_registry_open(&config, &registry, report);
    if (!err)
        err = lg_key_file_read(lg_arena_printf(arena, "%s/keys/operator.jwk", dir), &operator_key, report);
    if (!err)
        err = lg_key_file_read(lg_arena_printf(arena, "%s/keys/log.jwk", dir), &log_key, report);
    if (!err)
        err = lg_ledger_open(dir, origin, log_key, &ledger, report);
    if (!err) {
        lg_public_key public_key = lg_signing_key_public(operator_key);
        err = write_first_entries(registry, ledger, arena, &public_key, operator_id);
    }
    if (!err)
        err = lg_file_create(lg_arena_printf(arena, "%s/origin", dir),
                             lg_bytes_str(lg_arena_printf(arena, "%s\n%s\n", origin, lg_ledger_vkey(ledger))),
                             0644, report);
    lg_ledger_close(ledger);
    lg_signing_key_close(operator_key);
    lg_registry_close(registry);
    return err;
}
