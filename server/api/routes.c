/* Every address of the service. To add one: a line here, a handler, and the operation in schema/openapi.json.
 */
#include "server/api/api.h"

enum {
    COMMAND_MAX = 64 * 1024, /* bytes of a signed command */
    SUBMISSION_MAX =
        12 * 1024 * 1024, /* its payload may be an invoice file, which base64 makes a third longer */
};

/* Signed, or plain with a token for those whose key the registry keeps. */
static const char *const command_types[] = {"application/jose+json", "application/json", NULL};
static const char *const signed_types[] = {"application/jose+json", NULL};
static const char *const submission_types[] = {"application/jose+json", "application/json", "application/xml",
                                               "text/csv", NULL};

static const char *const participants_query[] = {"role", "status", "name", "limit", "cursor", NULL};
static const char *const tokens_query[] = {"participant", "limit", "cursor", NULL};
static const char *const receivables_query[] = {"part",     "life",   "currency",   "creditor",   "debtor",
                                                "due_from", "due_to", "amount_min", "amount_max", "number",
                                                "limit",    "cursor", "order",      NULL};
static const char *const claims_query[] = {"part", "currency", "creditor", "debtor", "due_from", "due_to",
                                           "life", "limit",    "cursor",   "order",  NULL};
static const char *const reviews_query[] = {"outcome", "open", "limit", "cursor", NULL};
static const char *const entries_query[] = {"from", "limit", NULL};
static const char *const consistency_query[] = {"from", "to", NULL};

/* read_policy: the route names a version. */
static const char WITH_VERSION[] = "version";

#define READ(path_, handler_)                                                                                \
    {                                                                                                        \
        .method = HTTP_GET, .path = path_, .handler = handler_                                               \
    }
#define LIST(path_, handler_, query_)                                                                        \
    {                                                                                                        \
        .method = HTTP_GET, .path = path_, .handler = handler_, .query = query_                              \
    }
/* File-scope compound literals are static (C17 6.5.2.5). */
#define COMMAND(path_, type_)                                                                                \
    {                                                                                                        \
        .method = HTTP_POST, .path = path_, .handler = post_command, .body_max = COMMAND_MAX,                \
        .types = command_types, .arg = &(const lg_command_type)                                              \
        {                                                                                                    \
            type_                                                                                            \
        }                                                                                                    \
    }

const http_route api_routes[] = {
    /* The ledger as the world sees it. */
    READ("/checkpoint", read_checkpoint),
    READ("/tile/{rest*}", read_tile),
    READ("/v1/entries/{seq}", read_entry),
    READ("/v1/entries/{seq}/proof", read_entry_proof),
    LIST("/v1/consistency", read_consistency, consistency_query),
    LIST("/v1/entries", read_entries, entries_query),

    /* The service. */
    READ("/healthz", read_health),
    READ("/readyz", read_ready),
    READ("/openapi.json", read_openapi),

    /* Participants, their keys and tokens; the policy. */
    READ("/v1/me", read_me),
    LIST("/v1/participants", read_participants, participants_query),
    READ("/v1/participants/{id}", read_participant),
    COMMAND("/v1/participants", LG_CMD_PARTICIPANT_REGISTER),
    COMMAND("/v1/participants/{id}/keys", LG_CMD_KEY_ADD),
    COMMAND("/v1/participants/{id}/keys/{kid}/revoke", LG_CMD_KEY_REVOKE),
    COMMAND("/v1/participants/{id}/suspend", LG_CMD_PARTICIPANT_SUSPEND),
    COMMAND("/v1/participants/{id}/activate", LG_CMD_PARTICIPANT_ACTIVATE),
    COMMAND("/v1/participants/{id}/stop", LG_CMD_DEBTOR_STOP),
    COMMAND("/v1/participants/{id}/clear", LG_CMD_DEBTOR_CLEAR),
    COMMAND("/v1/participants/{id}/credit_line", LG_CMD_CREDIT_LINE_SET),
    LIST("/v1/tokens", read_tokens, tokens_query),
    COMMAND("/v1/tokens", LG_CMD_TOKEN_ISSUE),
    COMMAND("/v1/tokens/{id}/revoke", LG_CMD_TOKEN_REVOKE),
    READ("/v1/policy", read_policy),
    {.method = HTTP_GET, .path = "/v1/policy/{version}", .handler = read_policy, .arg = WITH_VERSION},
    COMMAND("/v1/policy", LG_CMD_POLICY_SET),

    /* Receivables and claims. */
    LIST("/v1/receivables", read_receivables, receivables_query),
    READ("/v1/receivables/{id}", read_receivable),
    READ("/v1/receivables/{id}/history", read_receivable_history),
    {.method = HTTP_POST,
     .path = "/v1/receivables",
     .handler = post_command,
     .body_max = SUBMISSION_MAX,
     .types = submission_types,
     .arg = &(const lg_command_type){LG_CMD_SUBMIT}},
    COMMAND("/v1/receivables/{id}/confirm", LG_CMD_CONFIRM),
    COMMAND("/v1/receivables/{id}/accept", LG_CMD_ACCEPT),
    COMMAND("/v1/receivables/{id}/reject", LG_CMD_DECLINE),
    COMMAND("/v1/receivables/{id}/withdraw", LG_CMD_WITHDRAW),
    COMMAND("/v1/receivables/{id}/lapse", LG_CMD_LAPSE),
    {.method = HTTP_POST,
     .path = "/v1/sweeps",
     .handler = post_sweep,
     .body_max = COMMAND_MAX,
     .types = signed_types},
    LIST("/v1/claims", read_claims, claims_query),
    READ("/v1/claims/{id}", read_claim),
    READ("/v1/claims/{id}/history", read_claim_history),

    /* Reviews. */
    LIST("/v1/reviews", read_reviews, reviews_query),
    READ("/v1/reviews/{id}", read_review),
    COMMAND("/v1/reviews/{id}/approve", LG_CMD_REVIEW_APPROVE),
    COMMAND("/v1/reviews/{id}/reject", LG_CMD_REVIEW_REJECT),
};

const size_t api_route_count = sizeof api_routes / sizeof *api_routes;
