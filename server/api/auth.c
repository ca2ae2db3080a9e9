/* Who asks: a snapshot of the store and, in it, the owner of the bearer token (RFC 6750 section 2.1). */
#include "server/api/limits.h"

#include <string.h>
#include <strings.h>

/* The token's text; NULL if the request has no Authorization header, or one of another scheme. */
static const char *bearer_text(const http_request *request)
{
    static const char scheme[] = "Bearer ";
    const char *header = http_header(request, "Authorization");
    if (!header || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
        return NULL;
    header += sizeof scheme - 1;
    return header + strspn(header, " ");
}

/* scope NULL: any token will do. */
static lg_err authenticate(api_read *read, const char *text, const lg_scope *scope, lg_report *report)
{
    lg_hash hash = lg_sha256(lg_bytes_str(text));
    lg_err err = lg_token_by_hash(read->db, &hash, read->arena, &read->token);
    if (err == LG_NOT_FOUND)
        return lg_fail(report, LG_UNAUTHENTICATED, "This bearer token is not known here.");
    if (err == LG_OK)
        err = lg_token_check_time(&read->token, lg_now(), report);
    if (err == LG_OK && scope)
        err = lg_token_check_scope(&read->token, *scope, report);
    if (err == LG_OK) {
        err = lg_participant_get(read->db, read->token.participant, read->arena, &read->caller);
        if (err == LG_NOT_FOUND)
            err = LG_CORRUPT; /* a token without its owner */
    }
    if (err == LG_OK && read->caller.suspended)
        err = lg_fail(report, LG_PARTICIPANT_SUSPENDED, "The owner of this token is suspended.");
    return err;
}

static lg_err open_as(http_request *request, const char *text, const lg_scope *scope, api_read *out)
{
    api_context *api = http_context(request);
    lg_err err = LG_OK;
    *out = (api_read){.api = api, .arena = http_arena(request), .db = lg_readers_take(api->readers)};
    if (text)
        err = authenticate(out, text, scope, http_report(request));
    if (!err && text)
        err = api_limit_token(request, &out->token, 1);
    if (text && out->caller.no.v)
        http_note(request, log_text("participant", lg_uuid_format(out->caller.id.uuid).s));
    if (err != LG_OK)
        api_read_close(out);
    return err;
}

lg_err api_read_open(http_request *request, lg_scope scope, api_read *out)
{
    const char *text = bearer_text(request);
    if (!text)
        return lg_fail(http_report(request), LG_UNAUTHENTICATED,
                       "Send a token: 'Authorization: Bearer <token>'.");
    return open_as(request, text, &scope, out);
}

lg_err api_read_open_public(http_request *request, api_read *out)
{
    const lg_scope scope = LG_SCOPE_READ;
    return open_as(request, bearer_text(request), &scope, out);
}

lg_err api_read_open_any(http_request *request, api_read *out)
{
    return open_as(request, bearer_text(request), NULL, out);
}

lg_err api_read_again(api_context *api, lg_token_id token, lg_arena *arena, api_read *out)
{
    *out = (api_read){.api = api, .arena = arena, .db = lg_readers_take(api->readers)};
    lg_err err = lg_token_by_id(out->db, token, arena, &out->token);
    if (err == LG_OK)
        err = lg_token_check_time(&out->token, lg_now(), NULL);
    if (err == LG_OK)
        err = lg_participant_get(out->db, out->token.participant, arena, &out->caller);
    return err == LG_OK && out->caller.suspended ? LG_PARTICIPANT_SUSPENDED : err;
}

void api_read_close(api_read *read)
{
    if (read->db)
        lg_readers_give(read->api->readers, read->db);
    read->db = NULL;
}
