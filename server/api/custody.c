/* Plain commands with a bearer token, for participants whose key the registry keeps: composed into the very
 * JWS they would have signed themselves, so that everything behind this point is one way. The entry says
 * `custody`. */
#include "server/api/custody.h"

#include "ledger/base/text.h"

#include <stdlib.h>
#include <string.h>

/* The header's `submission` member comes as a request header, because the body is the invoice file itself. */
static lg_err read_submission(http_request *request, const char *cty, const char **out)
{
    lg_report *report = http_report(request);
    const char *text = http_header(request, "Submission");
    json_t *object;
    *out = NULL;
    if (!text)
        return LG_OK;
    if (!cty)
        return lg_fail(report, LG_BAD_REQUEST,
                       "The Submission header goes with an XML or CSV body; JSON says all of it itself.");
    lg_err err = lg_json_load(lg_bytes_str(text), &object, report);
    if (err)
        return err;
    char *compact = json_is_object(object) ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!compact)
        return lg_fail(report, LG_MALFORMED_JSON, "The Submission header must be a JSON object.");
    *out = lg_arena_strdup(http_arena(request), compact);
    free(compact);
    return LG_OK;
}

/* A retry bears the same Idempotency-Key, but iat has moved on, so the bytes would differ: what is held
 * against the stored command is what the client sent, and the token it sent it with: what a second person
 * says is no repetition of the first one's words. (A row's jti is made of its upload's key: whoever goes on
 * with the upload only asks what became of the row.) */
static lg_err find_earlier(const api_read *read, lg_arena *arena, const api_plain *plain, lg_command_row *out,
                           lg_report *report)
{
    lg_jws jws;
    lg_err err = lg_command_by_jti(read->db, read->caller.no, plain->jti, arena, out);
    if (err)
        return err;
    err = lg_jws_parse(arena, out->jws, &jws, report);
    if (err)
        return LG_CORRUPT;
    if (strcmp(out->url, plain->url) == 0 && lg_text_equal(jws.signatures[0].cty, plain->cty) &&
        lg_text_equal(jws.signatures[0].submission, plain->submission) &&
        (plain->is_row || lg_uuid_equal(jws.signatures[0].token, read->token.id.uuid)) &&
        jws.payload.len == plain->payload.len &&
        memcmp(jws.payload.data, plain->payload.data, plain->payload.len) == 0)
        return LG_OK;
    return lg_fail(report, LG_JTI_REUSED, "The Idempotency-Key %s belongs to another command of yours.",
                   plain->jti);
}

lg_err api_custody_sign(const api_read *read, lg_arena *arena, const api_plain *plain, lg_bytes *jws,
                        lg_command_row *earlier, bool *replayed, lg_report *report)
{
    const lg_jws_header header = {
        .aud = read->api->origin,
        .url = plain->url,
        .jti = plain->jti,
        .iat = lg_now() / LG_TIME_PER_SECOND,
        .cty = plain->cty,
        .submission = plain->submission,
        .token = read->token.id.uuid,
    };
    char *text;
    lg_err err = lg_token_check_scope(&read->token, lg_command_scope(plain->type), report);
    if (err)
        return err;
    if (plain->jti && !lg_jti_is_valid(plain->jti))
        return lg_fail(report, LG_BAD_REQUEST, "Idempotency-Key must be %d to %d base64url characters.",
                       LG_JTI_MIN, LG_JTI_MAX);
    err = plain->jti ? find_earlier(read, arena, plain, earlier, report) : LG_NOT_FOUND;
    *replayed = err == LG_OK;
    if (err != LG_NOT_FOUND)
        return err;
    err = lg_custody_sign(read->api->registry, read->db, arena, read->caller.no, &header, plain->payload,
                          &text, report);
    if (!err)
        *jws = lg_bytes_str(text);
    return err;
}

lg_err api_custody_compose(http_request *request, lg_command_type type, lg_bytes *jws,
                           lg_command_row *earlier, bool *replayed)
{
    api_read read;
    const char *media_type = http_media_type(request);
    api_plain plain = {
        .type = type,
        .url = http_path(request),
        .jti = http_header(request, "Idempotency-Key"),
        .cty = strcmp(media_type, "application/json") == 0 ? NULL : media_type,
        .payload = http_body(request),
    };
    lg_err err = api_read_open(request, lg_command_scope(type), &read);
    if (err)
        return err;
    err = read_submission(request, plain.cty, &plain.submission);
    if (!err)
        err = api_custody_sign(&read, http_arena(request), &plain, jws, earlier, replayed,
                               http_report(request));
    api_read_close(&read);
    return err;
}
