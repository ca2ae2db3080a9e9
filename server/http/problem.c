/* Errors as HTTP answers: one status each, and RFC 9457 problem details. */
#include "server/http/http.h"

static const int statuses[LG_ERROR_COUNT] = {
    [LG_OK] = 200,
    [LG_BAD_REQUEST] = 400,
    [LG_BAD_QUERY] = 400,
    [LG_MALFORMED_JSON] = 400,
    [LG_MALFORMED_XML] = 400,
    [LG_MALFORMED_CSV] = 400,
    [LG_MALFORMED_ARCHIVE] = 400,
    [LG_MALFORMED_JWS] = 400,
    [LG_WRONG_ALG] = 400,
    [LG_WRONG_AUDIENCE] = 400,
    [LG_WRONG_URL] = 400,
    [LG_UNAUTHENTICATED] = 401,
    [LG_TOKEN_EXPIRED] = 401,
    [LG_TOKEN_REVOKED] = 401,
    [LG_STALE_COMMAND] = 401,
    [LG_UNKNOWN_KEY] = 401,
    [LG_KEY_REVOKED] = 401,
    [LG_KEY_NOT_VALID] = 401,
    [LG_BAD_SIGNATURE] = 401,
    [LG_SCOPE_MISSING] = 403,
    [LG_TOKEN_LIMIT] = 403,
    [LG_WIDER_THAN_ISSUER] = 403,
    [LG_NOT_PERMITTED] = 403,
    [LG_PARTICIPANT_SUSPENDED] = 403,
    [LG_SIGNATURE_MISSING] = 403,
    [LG_NOT_FOUND] = 404,
    [LG_METHOD_NOT_ALLOWED] = 405,
    [LG_REQUEST_TIMEOUT] = 408,
    [LG_JTI_REUSED] = 409,
    [LG_WRONG_STATE] = 409,
    [LG_FOUR_EYES] = 403,
    [LG_SAME_TOKEN] = 409,
    [LG_TERMS_DIFFER] = 409,
    [LG_ALREADY_EXISTS] = 409,
    [LG_PAST_DEADLINE] = 409,
    [LG_PAST_MATURITY] = 409,
    [LG_NOT_YET_DUE] = 409,
    [LG_CLAIM_LOCKED] = 409,
    [LG_CLAIM_ENCUMBERED] = 409,
    [LG_LIMIT_EXCEEDED] = 409,
    [LG_HOP_LIMIT] = 409,
    [LG_SPLIT_LIMIT] = 409,
    [LG_PAYMENT_REFUSED] = 409,
    [LG_VERSION_CONFLICT] = 409,
    [LG_LEDGER_FORKED] = 409,
    [LG_BODY_TOO_LARGE] = 413,
    [LG_URI_TOO_LONG] = 414,
    [LG_UNSUPPORTED_MEDIA_TYPE] = 415,
    [LG_INVALID_FIELDS] = 422,
    [LG_NOT_A_RECEIVABLE] = 422,
    [LG_AMOUNT_OUT_OF_RANGE] = 422,
    [LG_GATEWAY_REJECTED] = 422,
    [LG_PROOF_INVALID] = 422,
    [LG_NOTE_INVALID] = 422,
    [LG_BATCH_UNDONE] = 424,
    [LG_RATE_LIMITED] = 429,
    [LG_HEADERS_TOO_LARGE] = 431,
    [LG_OVERLOADED] = 503,
    [LG_STOPPING] = 503,
    [LG_BUSY] = 503,
    [LG_DISK_FULL] = 507,
    [LG_OUTCOME_UNKNOWN] = 503,
    [LG_NO_MEMORY] = 503,
    [LG_IO] = 500,
    [LG_CORRUPT] = 500,
    [LG_HEAD_MISMATCH] = 500,
    [LG_SCHEMA_UNKNOWN] = 500,
    [LG_WRITER_DISPLACED] = 500,
    [LG_INTERNAL] = 500,
};

int http_status_of(lg_err err)
{
    return (unsigned)err < LG_ERROR_COUNT ? statuses[err] : 500;
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
