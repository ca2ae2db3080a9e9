/* Handles: settings, and why a call failed. */
#include "server/library/internal.h"

#include "ledger/base/file.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert((int)TALLYSTICK_REFUSED == CLIENT_REFUSED && (int)TALLYSTICK_USAGE == CLIENT_USAGE &&
                   (int)TALLYSTICK_UNREACHABLE == CLIENT_UNREACHABLE &&
                   (int)TALLYSTICK_UNVERIFIED == CLIENT_UNVERIFIED && (int)TALLYSTICK_LOCAL == CLIENT_LOCAL,
               "the library's codes are the client's");

enum { TIMEOUT_S = 30, TIMEOUT_MOST_S = 3600, ATTEMPTS = 5, ATTEMPTS_MOST = 100 };

const char *tallystick_version(void)
{
    return CLIENT_VERSION;
}

client_exit handle_begin(tallystick *t)
{
    lg_arena_reset(t->c.arena);
    lg_report_init(&t->c.report, t->c.arena);
    json_decref(t->c.problem);
    free(t->problem_text);
    t->c.problem = NULL;
    t->problem_text = NULL;
    t->c.message = NULL;
    t->c.hint = NULL;
    return t->usable ? CLIENT_OK : client_fail(&t->c, CLIENT_USAGE, "The handle was not opened well.");
}

/* The connection's memory is the handle's, not the call's. */
static client_exit connection_prepare(tallystick *t)
{
    lg_arena *of_call = t->c.arena;
    t->c.arena = t->keeping;
    client_exit code = client_http_open(&t->c);
    t->c.arena = of_call;
    return code;
}

tallystick_code tallystick_open(const char *url, const char *vkey, tallystick **out)
{
    *out = NULL;
    if (lg_crypto_init() != LG_OK)
        return TALLYSTICK_LOCAL;
    tallystick *t = calloc(1, sizeof *t);
    if (!t)
        return TALLYSTICK_LOCAL;
    *out = t;
    t->keeping = lg_arena_open();
    t->lock_fd = -1;
    t->c = (client){.arena = lg_arena_open(), .timeout_s = TIMEOUT_S, .attempts = ATTEMPTS};
    lg_report_init(&t->c.report, t->c.arena);
    if (!url || !vkey)
        return (tallystick_code)client_fail(&t->c, CLIENT_USAGE, "A registry needs its URL and its vkey.");
    t->c.config.url = lg_arena_strdup(t->keeping, url);
    t->c.config.vkey = lg_arena_strdup(t->keeping, vkey);
    client_exit code = CLIENT_OK;
    if (lg_vkey_parse(t->keeping, t->c.config.vkey, &t->verifier, &t->c.report) != LG_OK)
        code = client_fail_report(&t->c, CLIENT_USAGE, "The verifier key cannot be read");
    if (code == CLIENT_OK)
        code = connection_prepare(t);
    t->c.config.origin = t->verifier.name;
    t->usable = code == CLIENT_OK;
    return (tallystick_code)code;
}

void tallystick_close(tallystick *t)
{
    if (!t)
        return;
    client_http_close(t->c.http);
    json_decref(t->c.problem);
    free(t->problem_text);
    lg_buf_clear(&t->remembered);
    lg_arena_close(t->c.arena);
    lg_arena_close(t->keeping);
    if (t->lock_fd >= 0)
        close(t->lock_fd);
    free(t);
}

tallystick_code tallystick_use_key_file(tallystick *t, const char *path)
{
    lg_signing_key *key = NULL;
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK && !path)
        code = client_fail(&t->c, CLIENT_USAGE, "No key file is named.");
    if (code == CLIENT_OK)
        code = client_key_open(&t->c, path, &key);
    lg_signing_key_close(key);
    if (code == CLIENT_OK)
        t->c.config.key = lg_arena_strdup(t->keeping, path);
    return (tallystick_code)code;
}

/* What a header can carry: visible ASCII. */
static bool is_token(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

tallystick_code tallystick_use_token(tallystick *t, const char *token)
{
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK && token && !is_token(token))
        code = client_fail(&t->c, CLIENT_USAGE, "A token is visible ASCII characters only.");
    if (code == CLIENT_OK)
        t->c.config.token = token ? lg_arena_strdup(t->keeping, token) : NULL;
    return (tallystick_code)code;
}

const char *handle_path(lg_arena *arena, const tallystick *t, const char *folder, const char *name)
{
    return lg_arena_printf(arena, "%s/%s%s", t->state, folder, name);
}

static client_exit folder_make(client *c, const char *path)
{
    if (mkdir(path, 0700) == 0)
        return lg_file_sync_parent(path, &c->report) == LG_OK ? CLIENT_OK
                                                              : client_fail_report(c, CLIENT_LOCAL, NULL);
    return errno == EEXIST
               ? CLIENT_OK
               : client_fail(c, CLIENT_LOCAL, "Cannot make directory %s: %s.", path, strerror(errno));
}

/* Two that do the same at the same time would each sign a command for it. */
static client_exit folder_lock(tallystick *t, const char *root)
{
    const char *path = lg_arena_printf(t->c.arena, "%s/lock", root);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return client_fail(&t->c, CLIENT_LOCAL, "Cannot lock %s: %s.", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return client_fail(&t->c, CLIENT_LOCAL, "%s is in use by another handle or process.", root);
    }
    if (t->lock_fd >= 0)
        close(t->lock_fd);
    t->lock_fd = fd;
    return CLIENT_OK;
}

tallystick_code tallystick_use_state(tallystick *t, const char *folder)
{
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK && (!folder || !*folder))
        code = client_fail(&t->c, CLIENT_USAGE, "No state folder is named.");
    if (code != CLIENT_OK)
        return (tallystick_code)code;
    const char *root = lg_arena_strdup(t->keeping, folder);
    code = folder_make(&t->c, root);
    if (code == CLIENT_OK)
        code = folder_make(&t->c, lg_arena_printf(t->c.arena, "%s/outbox", root));
    if (code == CLIENT_OK)
        code = folder_make(&t->c, lg_arena_printf(t->c.arena, "%s/receipts", root));
    if (code == CLIENT_OK)
        code = folder_lock(t, root);
    if (code == CLIENT_OK)
        t->state = root;
    return (tallystick_code)code;
}

void tallystick_set_timeout(tallystick *t, unsigned seconds)
{
    t->c.timeout_s = seconds < 1 ? 1 : seconds > TIMEOUT_MOST_S ? TIMEOUT_MOST_S : seconds;
}

void tallystick_set_attempts(tallystick *t, unsigned attempts)
{
    t->c.attempts = attempts < 1 ? 1 : attempts > ATTEMPTS_MOST ? ATTEMPTS_MOST : attempts;
}

tallystick_code tallystick_key_create(tallystick *t, const char *path, char public_key[44])
{
    client_exit code = handle_begin(t);
    public_key[0] = '\0';
    if (code == CLIENT_OK && !path)
        code = client_fail(&t->c, CLIENT_USAGE, "No key file is named.");
    if (code != CLIENT_OK)
        return (tallystick_code)code;
    lg_signing_key *key = lg_signing_key_new();
    lg_public_key public = lg_signing_key_public(key);
    if (lg_key_file_write(path, key, &t->c.report) != LG_OK)
        code = client_fail_report(&t->c, CLIENT_LOCAL, NULL);
    else
        lg_base64url_write(public_key, public.b, sizeof public.b);
    lg_signing_key_close(key);
    return (tallystick_code)code;
}

/* ---- why a call failed ---- */

const char *tallystick_message(const tallystick *t)
{
    if (!t)
        return LG_TEXT("The library cannot start.");
    const char *detail = json_string_value(json_object_get(t->c.problem, "detail"));
    return detail ? detail : t->c.message ? t->c.message : "";
}

const char *tallystick_problem(const tallystick *t)
{
    const char *type = t ? json_string_value(json_object_get(t->c.problem, "type")) : NULL;
    const char *last = type ? strrchr(type, ':') : NULL;
    return last ? last + 1 : type ? type : "";
}

const char *tallystick_problem_text(const tallystick *t)
{
    tallystick *mine = (tallystick *)(uintptr_t)t; /* the text is made when it is first asked for */
    if (t && t->c.problem && !t->problem_text)
        mine->problem_text = json_dumps(t->c.problem, JSON_COMPACT);
    return t && t->problem_text ? t->problem_text : "";
}

size_t tallystick_fault_count(const tallystick *t)
{
    return t ? json_array_size(json_object_get(t->c.problem, "errors")) : 0;
}

tallystick_fault tallystick_fault_at(const tallystick *t, size_t i)
{
    const json_t *fault = t ? json_array_get(json_object_get(t->c.problem, "errors"), i) : NULL;
    const char *code = json_string_value(json_object_get(fault, "code"));
    const char *pointer = json_string_value(json_object_get(fault, "pointer"));
    const char *detail = json_string_value(json_object_get(fault, "detail"));
    return (tallystick_fault){code ? code : "", pointer ? pointer : "", detail ? detail : ""};
}

void tallystick_free(void *memory)
{
    free(memory);
}
