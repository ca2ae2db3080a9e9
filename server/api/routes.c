/* Every address of the service. To add one: a line here, a handler, and the operation in schema/openapi.json.
 */
#include "server/api/api.h"

enum {
    COMMAND_MAX = 64 * 1024, /* bytes of a signed command */
    BATCH_MAX = 8 * 1024 * 1024,
    UPLOAD_MAX = 1024 * 1024 * 1024, /* taken as it comes */
    SUBMISSION_MAX =
        12 * 1024 * 1024, /* its payload may be an invoice file, which base64 makes a third longer */
};

/* Signed, or plain with a token for those whose key the registry keeps. */
static const char *const command_types[] = {"application/jose+json", "application/json", NULL};
static const char *const signed_types[] = {"application/jose+json", NULL};
static const char *const batch_types[] = {"application/json", NULL};
static const char *const upload_types[] = {"text/csv",         "application/x-ndjson", "application/x-tar",
                                           "application/gzip", "application/zip",      NULL};
static const char *const upload_query[] = {"first_row", NULL};
static const char *const results_query[] = {"limit", "cursor", NULL};
static const char *const submission_types[] = {"application/jose+json", "application/json", "application/xml",
                                               "text/csv", NULL};

static const char *const participants_query[] = {"role", "status", "name", "limit", "cursor", NULL};
static const char *const tokens_query[] = {"participant", "limit", "cursor", NULL};
static const char *const receivables_query[] = {"part",     "life",   "currency",   "creditor",   "debtor",
                                                "due_from", "due_to", "amount_min", "amount_max", "number",
                                                "limit",    "cursor", "order",      NULL};
#define CLAIM_FILTERS                                                                                        \
    "part", "currency", "creditor", "debtor", "due_from", "due_to", "amount_min", "amount_max", "life",      \
        "encumbrance", "locked", "rating", "hop_max"
static const char *const claims_query[] = {CLAIM_FILTERS, "sort", "order", "limit", "cursor", NULL};
static const char *const totals_query[] = {CLAIM_FILTERS, NULL};
static const char *const export_query[] = {CLAIM_FILTERS, "sort", "order", NULL};
static const char *const certificate_query[] = {"at", NULL};
static const char *const history_query[] = {"limit", "cursor", "order", NULL};
static const char *const lineage_query[] = {"limit", "cursor", NULL};
static const char *const grants_query[] = {"part", "limit", "cursor", NULL};
static const char *const webhooks_query[] = {"limit", "cursor", NULL};
static const char *const deliveries_query[] = {"state", "limit", "cursor", "order", NULL};
static const char *const programs_query[] = {"lender", "currency", "status", "limit", "cursor", NULL};
static const char *const requests_query[] = {"part", "status", "limit", "cursor", NULL};
static const char *const offers_query[] = {"status", "limit", "cursor", NULL};
static const char *const financings_query[] = {"part", "status", "limit", "cursor", NULL};
static const char *const payments_query[] = {"claim", "limit", "cursor", NULL};
static const char *const approvals_query[] = {"status", "limit", "cursor", NULL};
static const char *const proposals_query[] = {"status", "limit", "cursor", NULL};
static const char *const reviews_query[] = {"outcome", "open", "waits_for", "limit", "cursor", NULL};
static const char *const statement_query[] = {"utc_offset", NULL};
static const char *const statement_entries_query[] = {"utc_offset", "limit", "cursor", NULL};
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
    {.method = HTTP_GET, .path = "/healthz", .handler = read_health, .quiet = true},
    {.method = HTTP_GET, .path = "/readyz", .handler = read_ready, .quiet = true},
    READ("/openapi.json", read_openapi),
    {.method = HTTP_GET, .path = "/metrics", .handler = read_metrics, .quiet = true},
    READ("/docs", read_docs),

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
    COMMAND("/v1/participants/{id}/rating", LG_CMD_PARTICIPANT_RATE),
    LIST("/v1/tokens", read_tokens, tokens_query),
    COMMAND("/v1/tokens", LG_CMD_TOKEN_ISSUE),
    COMMAND("/v1/tokens/{id}/revoke", LG_CMD_TOKEN_REVOKE),
    COMMAND("/v1/participants/{id}/four_eyes", LG_CMD_FOUR_EYES_SET),
    LIST("/v1/approvals", read_approvals, approvals_query),
    READ("/v1/approvals/{id}", read_approval),
    COMMAND("/v1/approvals/{id}/withdraw", LG_CMD_APPROVAL_WITHDRAW),
    READ("/v1/policy", read_policy),
    {.method = HTTP_GET, .path = "/v1/policy/{version}", .handler = read_policy, .arg = WITH_VERSION},
    COMMAND("/v1/policy", LG_CMD_POLICY_SET),

    /* Receivables and claims. */
    LIST("/v1/receivables", read_receivables, receivables_query),
    READ("/v1/receivables/{id}", read_receivable),
    LIST("/v1/receivables/{id}/history", read_receivable_history, history_query),
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
    LIST("/v1/claims/{id}/history", read_claim_history, history_query),
    LIST("/v1/claims/{id}/lineage", read_claim_lineage, lineage_query),
    LIST("/v1/claims/{id}/certificate", read_claim_certificate, certificate_query),
    LIST("/v1/claims/totals", read_claim_totals, totals_query),
    LIST("/v1/claims.csv", read_claims_csv, export_query),
    COMMAND("/v1/claims/{id}/split", LG_CMD_CLAIM_SPLIT),
    COMMAND("/v1/claims/{id}/transfer", LG_CMD_CLAIM_TRANSFER),
    COMMAND("/v1/claims/{id}/accept_transfer", LG_CMD_TRANSFER_ACCEPT),
    COMMAND("/v1/claims/{id}/decline_transfer", LG_CMD_TRANSFER_DECLINE),
    COMMAND("/v1/claims/{id}/cancel_transfer", LG_CMD_TRANSFER_CANCEL),
    COMMAND("/v1/claims/{id}/lapse_transfer", LG_CMD_TRANSFER_LAPSE),
    COMMAND("/v1/claims/{id}/acknowledge", LG_CMD_CLAIM_ACKNOWLEDGE),
    COMMAND("/v1/claims/{id}/dispute", LG_CMD_CLAIM_DISPUTE),
    COMMAND("/v1/claims/{id}/resolve", LG_CMD_CLAIM_RESOLVE),
    COMMAND("/v1/claims/{id}/freeze", LG_CMD_CLAIM_FREEZE),
    COMMAND("/v1/claims/{id}/unfreeze", LG_CMD_CLAIM_UNFREEZE),
    COMMAND("/v1/claims/{id}/age", LG_CMD_CLAIM_AGE),
    COMMAND("/v1/claims/{id}/write_off", LG_CMD_CLAIM_WRITE_OFF),

    /* Daily statements. */
    LIST("/v1/statements/{date}", read_statement, statement_query),
    LIST("/v1/statements/{date}/entries", read_statement_entries, statement_entries_query),
    LIST("/v1/statements/{date}/statement.csv", read_statement_csv, statement_query),

    /* Many at once. */
    {.method = HTTP_POST,
     .path = "/v1/batches",
     .handler = post_batch,
     .body_max = BATCH_MAX,
     .types = batch_types},
    {.method = HTTP_POST,
     .path = "/v1/uploads",
     .handler = post_upload,
     .body_max = UPLOAD_MAX,
     .types = upload_types,
     .query = upload_query,
     .sink = &upload_sink},
    READ("/v1/uploads/{key}", read_upload),
    LIST("/v1/uploads/{key}/results", read_upload_results, results_query),
    READ("/v1/uploads/{key}/results.ndjson", read_upload_ndjson),
    READ("/v1/uploads/{key}/results.csv", read_upload_csv),

    /* Views of claims, and questions about invoices. */
    LIST("/v1/grants", read_grants, grants_query),
    READ("/v1/grants/{id}", read_grant),
    COMMAND("/v1/grants", LG_CMD_GRANT_MAKE),
    COMMAND("/v1/grants/{id}/revoke", LG_CMD_GRANT_REVOKE),
    COMMAND("/v1/checks", LG_CMD_INVOICE_CHECK),

    /* Financing. */
    LIST("/v1/programs", read_programs, programs_query),
    READ("/v1/programs/{id}", read_program),
    COMMAND("/v1/programs", LG_CMD_PROGRAM_OPEN),
    COMMAND("/v1/programs/{id}/close", LG_CMD_PROGRAM_CLOSE),
    LIST("/v1/financing_requests", read_requests, requests_query),
    READ("/v1/financing_requests/{id}", read_request),
    COMMAND("/v1/financing_requests", LG_CMD_FINANCING_REQUEST),
    COMMAND("/v1/financing_requests/{id}/withdraw", LG_CMD_REQUEST_WITHDRAW),
    COMMAND("/v1/financing_requests/{id}/lapse", LG_CMD_REQUEST_LAPSE),
    LIST("/v1/offers", read_offers, offers_query),
    READ("/v1/offers/{id}", read_offer),
    COMMAND("/v1/offers", LG_CMD_OFFER_MAKE),
    COMMAND("/v1/offers/{id}/withdraw", LG_CMD_OFFER_WITHDRAW),
    COMMAND("/v1/offers/{id}/accept", LG_CMD_OFFER_ACCEPT),
    LIST("/v1/financings", read_financings, financings_query),
    READ("/v1/financings/{id}", read_financing),
    COMMAND("/v1/financings/{id}/disburse", LG_CMD_FINANCING_DISBURSE),
    COMMAND("/v1/financings/{id}/cancel", LG_CMD_FINANCING_CANCEL),
    COMMAND("/v1/financings/{id}/lapse", LG_CMD_FINANCING_LAPSE),
    COMMAND("/v1/financings/{id}/register", LG_CMD_FINANCING_REGISTER),
    COMMAND("/v1/financings/{id}/release", LG_CMD_FINANCING_RELEASE),
    COMMAND("/v1/financings/{id}/recourse", LG_CMD_FINANCING_RECOURSE),
    COMMAND("/v1/financings/{id}/repurchase", LG_CMD_FINANCING_REPURCHASE),

    /* Payments, and what several sign. */
    LIST("/v1/payments", read_payments, payments_query),
    READ("/v1/payments/{id}", read_payment),
    COMMAND("/v1/payments", LG_CMD_PAYMENT_RECORD),
    COMMAND("/v1/payments/{id}/reverse", LG_CMD_PAYMENT_REVERSE),
    LIST("/v1/proposals", read_proposals, proposals_query),
    READ("/v1/proposals/{id}", read_proposal),
    COMMAND("/v1/proposals", LG_CMD_PROPOSAL_MAKE),
    COMMAND("/v1/proposals/{id}/accept", LG_CMD_PROPOSAL_ACCEPT),
    COMMAND("/v1/proposals/{id}/decline", LG_CMD_PROPOSAL_DECLINE),

    /* Webhooks. */
    LIST("/v1/webhooks", read_webhooks, webhooks_query),
    READ("/v1/webhooks/{id}", read_webhook),
    COMMAND("/v1/webhooks", LG_CMD_WEBHOOK_REGISTER),
    COMMAND("/v1/webhooks/{id}/rotate", LG_CMD_WEBHOOK_ROTATE),
    COMMAND("/v1/webhooks/{id}/remove", LG_CMD_WEBHOOK_REMOVE),
    READ("/v1/webhooks/{id}/secret", read_webhook_secret),
    LIST("/v1/webhooks/{id}/deliveries", read_webhook_deliveries, deliveries_query),
    {.method = HTTP_POST,
     .path = "/v1/webhooks/{id}/replay",
     .handler = post_webhook_replay,
     .body_max = COMMAND_MAX,
     .types = command_types},

    /* Reviews. */
    LIST("/v1/reviews", read_reviews, reviews_query),
    READ("/v1/reviews/{id}", read_review),
    COMMAND("/v1/reviews/{id}/approve", LG_CMD_REVIEW_APPROVE),
    COMMAND("/v1/reviews/{id}/reject", LG_CMD_REVIEW_REJECT),
    COMMAND("/v1/reviews/{id}/verify", LG_CMD_VERIFY),
};

const size_t api_route_count = sizeof api_routes / sizeof *api_routes;
