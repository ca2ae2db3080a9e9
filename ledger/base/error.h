/* Errors of the ledger library: one enum, and one table that names each error for people and programs.
 *
 * An error has one of three kinds: the caller's fault, try again, or ours. The ledger knows no HTTP: the
 * server maps each error to a status (server/http/problem.c) and a test proves that map total. The slug is a
 * stable name that programs may rely on; it becomes the last part of the problem type (RFC 9457). */
#ifndef LG_BASE_ERROR_H
#define LG_BASE_ERROR_H

#include <stddef.h>

#define LG_MUST_CHECK        __attribute__((warn_unused_result))
#define LG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Marks a sentence for people that is no argument of the functions below, for the translators. */
#define LG_TEXT(english) (english)

typedef enum {
    LG_KIND_NONE,   /* no error */
    LG_KIND_CALLER, /* the request cannot be served as it stands; the same request fails again */
    LG_KIND_RETRY,  /* nothing happened; the same request may succeed later */
    LG_KIND_OURS,   /* a fault of this program or machine; logged */
} lg_error_kind;

/* X(enumerator, kind, slug, title) */
#define LG_ERRORS(X)                                                                                         \
    X(LG_OK, NONE, "ok", "No error")                                                                         \
    /* reading a request */                                                                                  \
    X(LG_BAD_REQUEST, CALLER, "bad-request", "The request cannot be understood")                             \
    X(LG_NOT_FOUND, CALLER, "not-found", "Nothing of that name is here for you")                             \
    X(LG_METHOD_NOT_ALLOWED, CALLER, "method-not-allowed", "This resource does not take this method")        \
    X(LG_UNSUPPORTED_MEDIA_TYPE, CALLER, "unsupported-media-type",                                           \
      "This resource does not take this content type")                                                       \
    X(LG_BODY_TOO_LARGE, CALLER, "body-too-large", "The body is larger than this resource takes")            \
    X(LG_URI_TOO_LONG, CALLER, "uri-too-long", "The request target is too long")                             \
    X(LG_HEADERS_TOO_LARGE, CALLER, "headers-too-large", "The request's headers are too large")              \
    X(LG_BAD_QUERY, CALLER, "bad-query", "A query parameter is unknown or out of range")                     \
    X(LG_REQUEST_TIMEOUT, CALLER, "request-timeout", "The request took longer than its deadline")            \
    X(LG_UNAUTHENTICATED, CALLER, "unauthenticated", "A valid bearer token is required")                     \
    X(LG_TOKEN_EXPIRED, CALLER, "token-expired", "The bearer token has expired")                             \
    X(LG_TOKEN_REVOKED, CALLER, "token-revoked", "The bearer token was revoked")                             \
    X(LG_SCOPE_MISSING, CALLER, "scope-missing", "The bearer token lacks the scope for this")                \
    X(LG_TOKEN_LIMIT, CALLER, "token-limit", "The amount is above what the bearer token may commit")         \
    X(LG_WIDER_THAN_ISSUER, CALLER, "wider-than-issuer", "A token cannot give more than it has")             \
    X(LG_MALFORMED_JSON, CALLER, "malformed-json", "The JSON text is malformed")                             \
    X(LG_MALFORMED_XML, CALLER, "malformed-xml", "The XML text is malformed or forbidden")                   \
    X(LG_MALFORMED_CSV, CALLER, "malformed-csv", "The CSV text is malformed")                                \
    X(LG_INVALID_FIELDS, CALLER, "invalid-fields", "One or more fields break a rule")                        \
    X(LG_NOT_A_RECEIVABLE, CALLER, "not-a-receivable", "This document cannot be a receivable")               \
    /* signed commands */                                                                                    \
    X(LG_MALFORMED_JWS, CALLER, "malformed-jws", "The signed command is not a JWS in JSON serialization")    \
    X(LG_WRONG_ALG, CALLER, "wrong-alg", "The signature algorithm must be EdDSA (Ed25519)")                  \
    X(LG_WRONG_AUDIENCE, CALLER, "wrong-audience", "The command was signed for another registry")            \
    X(LG_WRONG_URL, CALLER, "wrong-url", "The command was signed for another path")                          \
    X(LG_STALE_COMMAND, CALLER, "stale-command", "The command's iat is too far from the registry's clock")   \
    X(LG_UNKNOWN_KEY, CALLER, "unknown-key", "No registered key has this kid")                               \
    X(LG_KEY_REVOKED, CALLER, "key-revoked", "The signing key was revoked")                                  \
    X(LG_KEY_NOT_VALID, CALLER, "key-not-valid", "The signing key is not valid at this time")                \
    X(LG_BAD_SIGNATURE, CALLER, "bad-signature", "The signature does not verify")                            \
    X(LG_JTI_REUSED, CALLER, "jti-reused", "This jti was used for another command")                          \
    /* rules of the registry */                                                                              \
    X(LG_NOT_PERMITTED, CALLER, "not-permitted", "The signer may not do this")                               \
    X(LG_PARTICIPANT_SUSPENDED, CALLER, "participant-suspended", "The signer is suspended")                  \
    X(LG_SIGNATURE_MISSING, CALLER, "signature-missing", "The other side's signature is missing")            \
    X(LG_WRONG_STATE, CALLER, "wrong-state", "The current state does not allow this")                        \
    X(LG_FOUR_EYES, CALLER, "four-eyes", "This amount needs two tokens, which this command cannot have")     \
    X(LG_SAME_TOKEN, CALLER, "same-token", "A second token, of another line, must say this")                 \
    X(LG_TERMS_DIFFER, CALLER, "terms-differ", "The two tokens do not say the same")                         \
    X(LG_ALREADY_EXISTS, CALLER, "already-exists", "Something with this identity exists already")            \
    X(LG_AMOUNT_OUT_OF_RANGE, CALLER, "amount-out-of-range", "The amount is outside what is possible here")  \
    X(LG_PAST_DEADLINE, CALLER, "past-deadline", "The deadline for this has passed")                         \
    X(LG_PAST_MATURITY, CALLER, "past-maturity", "The receivable is past its due date")                      \
    X(LG_NOT_YET_DUE, CALLER, "not-yet-due", "The time for this has not come")                               \
    X(LG_VERSION_CONFLICT, CALLER, "version-conflict", "The version named is not the current one")           \
    X(LG_CLAIM_LOCKED, CALLER, "claim-locked", "The claim is disputed, frozen, or its debtor is stopped")    \
    X(LG_CLAIM_ENCUMBERED, CALLER, "claim-encumbered", "The claim is offered, reserved, pledged or sold")    \
    X(LG_LIMIT_EXCEEDED, CALLER, "limit-exceeded", "A limit does not leave room for this")                   \
    X(LG_HOP_LIMIT, CALLER, "hop-limit", "The claim was passed on as often as the policy allows")            \
    X(LG_SPLIT_LIMIT, CALLER, "split-limit", "The claim cannot be divided further under the policy")         \
    X(LG_PAYMENT_REFUSED, CALLER, "payment-refused", "The policy does not take such a payment")              \
    X(LG_MALFORMED_ARCHIVE, CALLER, "malformed-archive", "The archive cannot be read")                       \
    X(LG_BATCH_UNDONE, CALLER, "batch-undone",                                                               \
      "A command of this atomic batch was refused, so none of it was done")                                  \
    X(LG_GATEWAY_REJECTED, CALLER, "gateway-rejected", "The asset gateway rejected the submission")          \
    /* verifying from outside, command line */                                                               \
    X(LG_PROOF_INVALID, CALLER, "proof-invalid", "The proof does not verify")                                \
    X(LG_NOTE_INVALID, CALLER, "note-invalid", "The signed note does not verify")                            \
    X(LG_LEDGER_FORKED, CALLER, "ledger-forked",                                                             \
      "The ledger shows a history that contradicts the one seen before")                                     \
    /* try again */                                                                                          \
    X(LG_OVERLOADED, RETRY, "overloaded", "The registry is at its limit; try again shortly")                 \
    X(LG_STOPPING, RETRY, "stopping", "The registry is stopping; try again shortly")                         \
    X(LG_RATE_LIMITED, RETRY, "rate-limited", "Too many requests; try again shortly")                        \
    X(LG_BUSY, RETRY, "busy", "The store is busy; try again shortly")                                        \
    X(LG_DISK_FULL, RETRY, "disk-full", "The disk is full; nothing was recorded")                            \
    /* ours */                                                                                               \
    X(LG_NO_MEMORY, OURS, "no-memory", "Out of memory")                                                      \
    X(LG_OUTCOME_UNKNOWN, OURS, "outcome-unknown",                                                           \
      "Storage failed; whether this was recorded shows after a restart: send it again")                      \
    X(LG_IO, OURS, "io-error", "Reading or writing storage failed")                                          \
    X(LG_CORRUPT, OURS, "corrupt", "Stored data is not what was written")                                    \
    X(LG_HEAD_MISMATCH, OURS, "head-mismatch", "The database is behind or different from the head file")     \
    X(LG_SCHEMA_UNKNOWN, OURS, "schema-unknown", "The database schema is newer than this program")           \
    X(LG_WRITER_DISPLACED, OURS, "writer-displaced", "Another writer took over this ledger")                 \
    X(LG_INTERNAL, OURS, "internal-error", "An internal error")

#define LG_ERROR_ENUM_(name, kind, slug, title) name,
typedef enum { LG_ERRORS(LG_ERROR_ENUM_) LG_ERROR_COUNT } lg_err;
#undef LG_ERROR_ENUM_

lg_error_kind lg_err_kind(lg_err err);
const char *lg_err_slug(lg_err err);  /* static string, never NULL */
const char *lg_err_title(lg_err err); /* static string, never NULL */

struct lg_arena;

/* One broken rule: a stable code, where it was broken (JSON pointer, or a path of the source document; "" for
 * the whole), and a sentence that names the field and the rule. */
typedef struct lg_fault {
    const char *code;
    const char *pointer;
    const char *detail;
    struct lg_fault *next;
} lg_fault;

/* What went wrong with one request. `detail` is the sentence for a person. All strings live in `arena`.
 * Start with lg_report_init; the first lg_fail sets the error, lg_fault_add collects further broken rules. */
typedef struct lg_report {
    struct lg_arena *arena; /* borrowed */
    lg_err err;
    const char *detail; /* NULL: the title says it all */
    lg_fault *first, *last;
    size_t fault_count;
} lg_report;

void lg_report_init(lg_report *report, struct lg_arena *arena);

/* Sets error and detail, and returns err, so that a function can `return lg_fail(report, LG_X, "…")`. report
 * may be NULL. */
lg_err lg_fail(lg_report *report, lg_err err, const char *fmt, ...) LG_PRINTF(3, 4);

/* Adds a broken rule; does not set report->err. At most 100 are kept, further ones are only counted. */
void lg_fault_add(lg_report *report, const char *code, const char *pointer, const char *fmt, ...)
    LG_PRINTF(4, 5);

#endif
