/* Errors as HTTP answers: one status each, and RFC 9457 problem details. */
#include "server/http/http.h"

int http_status_of(lg_err err)
{
    switch (err) {
    case LG_OK:
        return 200;
    case LG_BAD_REQUEST:
    case LG_BAD_QUERY:
    case LG_MALFORMED_JSON:
    case LG_MALFORMED_XML:
    case LG_MALFORMED_CSV:
    case LG_MALFORMED_JWS:
    case LG_WRONG_ALG:
    case LG_WRONG_AUDIENCE:
    case LG_WRONG_URL:
        return 400;
    case LG_UNAUTHENTICATED:
    case LG_TOKEN_EXPIRED:
    case LG_TOKEN_REVOKED:
    case LG_STALE_COMMAND:
    case LG_UNKNOWN_KEY:
    case LG_KEY_REVOKED:
    case LG_KEY_NOT_VALID:
    case LG_BAD_SIGNATURE:
        return 401;
    case LG_SCOPE_MISSING:
    case LG_NOT_PERMITTED:
    case LG_PARTICIPANT_SUSPENDED:
    case LG_SIGNATURE_MISSING:
        return 403;
    case LG_NOT_FOUND:
        return 404;
    case LG_METHOD_NOT_ALLOWED:
        return 405;
    case LG_REQUEST_TIMEOUT:
        return 408;
    case LG_JTI_REUSED:
    case LG_WRONG_STATE:
    case LG_ALREADY_EXISTS:
    case LG_PAST_DEADLINE:
    case LG_PAST_MATURITY:
    case LG_NOT_YET_DUE:
    case LG_VERSION_CONFLICT:
    case LG_LEDGER_FORKED:
        return 409;
    case LG_BODY_TOO_LARGE:
        return 413;
    case LG_URI_TOO_LONG:
        return 414;
    case LG_UNSUPPORTED_MEDIA_TYPE:
        return 415;
    case LG_INVALID_FIELDS:
    case LG_NOT_A_RECEIVABLE:
    case LG_AMOUNT_OUT_OF_RANGE:
    case LG_GATEWAY_REJECTED:
    case LG_PROOF_INVALID:
    case LG_NOTE_INVALID:
        return 422;
    case LG_RATE_LIMITED:
        return 429;
    case LG_OVERLOADED:
    case LG_STOPPING:
    case LG_BUSY:
        return 503;
    case LG_DISK_FULL:
        return 507;
    case LG_NO_MEMORY:
    case LG_IO:
    case LG_CORRUPT:
    case LG_HEAD_MISMATCH:
    case LG_SCHEMA_UNKNOWN:
    case LG_WRITER_DISPLACED:
    case LG_INTERNAL:
    case LG_ERROR_COUNT:
        break;
    }
    return 500;
}

const char *http_problem_type(lg_arena *arena, lg_err err)
{
    return lg_arena_printf(arena, "urn:tallystick:problem:%s", lg_err_slug(err));
}

static void put_faults(lg_buf *buf, const lg_fault *first)
{
    lg_json_key(buf, "errors");
    lg_json_list(buf);
    for (const lg_fault *fault = first; fault; fault = fault->next) {
        lg_json_open(buf);
        lg_json_put_str(buf, "code", fault->code);
        lg_json_put_str(buf, "pointer", fault->pointer);
        lg_json_put_str(buf, "detail", fault->detail);
        lg_json_close(buf);
    }
    lg_json_end(buf);
}

void http_problem_json(lg_buf *buf, lg_err err, const lg_report *report, const char *extra_members)
{
    lg_json_open(buf);
    lg_json_key(buf, "type");
    lg_buf_printf(buf, "\"urn:tallystick:problem:%s\"", lg_err_slug(err));
    lg_json_put_str(buf, "title", lg_err_title(err));
    lg_json_put_int(buf, "status", http_status_of(err));
    /* What went wrong inside the machine is for its log only. */
    if (report && report->detail && lg_err_kind(err) != LG_KIND_OURS)
        lg_json_put_str(buf, "detail", report->detail);
    if (report && report->first)
        put_faults(buf, report->first);
    if (extra_members)
        lg_buf_str(buf, extra_members);
    lg_json_close(buf);
}
