/* Requests to a registry, over libcurl. Answers are bounded, redirects are not followed, and what can be
 * tried again safely is tried again: reads always, and signed commands because the registry answers the same
 * jti with the stored answer. */
#ifndef CLIENT_HTTP_H
#define CLIENT_HTTP_H

#include "server/client/client.h"

typedef struct client_request {
    const char *path; /* with query; appended to the registry's URL */
    lg_bytes body;    /* sent by POST when content_type is set */
    const char *content_type;
    const char *token;           /* bearer token, or NULL */
    const char *idempotency_key; /* of a command that is not signed, or NULL */
    const char *submission;      /* what goes with an invoice file that is not signed, or NULL */
    size_t max;                  /* bytes of the answer at most; 0: the default */
    /* Takes the body of a 2xx answer piece by piece, however long it is and may take, instead of
     * response.body; false ends the transfer. NULL: none. What a sink got a byte of is not asked for again.
     */
    bool (*sink)(void *ctx, lg_bytes piece);
    void *sink_ctx;
} client_request;

typedef struct client_response {
    long status;
    lg_bytes body; /* NUL-terminated behind the end */
    const char *content_type;
    const char *request_id;
    long retry_after_s; /* -1: not given */
} client_response;

enum { CLIENT_ANSWER_MAX = 64 << 20 }; /* bytes, default cap of an answer */

/* Reads the configured URL; the first request does it otherwise. What it keeps lives in c->arena. */
client_exit client_http_open(client *c) CLIENT_MUST_CHECK;
/* CLIENT_OK for any HTTP answer. The response lives in `arena`. */
client_exit client_http_send(client *c, lg_arena *arena, const client_request *request,
                             client_response *out) CLIENT_MUST_CHECK;
void client_http_close(struct client_http *http);

/* How long to wait before attempt number `attempt` (1 is the first repetition): what the registry asked for,
 * else doubling from a quarter of a second. Negative: the registry asks for longer than is worth waiting. */
int64_t client_retry_delay_ms(unsigned attempt, long retry_after_s);

/* GET whose answer must be 2xx JSON; *out is the caller's (json_decref). Anything else is a refusal or "try
 * again". */
client_exit client_get_json(client *c, lg_arena *arena, const char *path, json_t **out) CLIENT_MUST_CHECK;
/* Notes the problem document of an answer that is not 2xx. CLIENT_REFUSED, or CLIENT_UNREACHABLE for 429 and
 * 5xx. */
client_exit client_refused(client *c, const client_response *response);

/* Text as one path segment or query value, percent-encoded. */
char *client_url_escape(lg_arena *arena, const char *text);

#endif
