/* The API: what every handler shares. Handlers of reads are in read_*.c, of commands in command.c,
 * resources as JSON in json_*.c, and the one route table in routes.c. */
#ifndef API_API_H
#define API_API_H

#include "ledger/registry/registry.h"
#include "ledger/registry/share.h"
#include "ledger/store/claim_rows.h"
#include "ledger/store/financing_rows.h"
#include "ledger/store/ledger.h"
#include "ledger/store/participant_rows.h"
#include "ledger/store/payment_rows.h"
#include "ledger/store/proposal_rows.h"
#include "ledger/store/receivable_rows.h"
#include "ledger/store/webhook_rows.h"
#include "ledger/store/writer.h"
#include "server/http/http.h"

#include <stdatomic.h>

typedef struct sweeper sweeper;
typedef struct webhooks webhooks;
typedef struct verifier verifier;
typedef struct bulk bulk;
typedef struct uploads uploads;

/* What handlers reach through http_context(). Everything in it is safe to use from any HTTP thread. */
typedef struct api_context {
    lg_readers *readers;
    lg_ledger *ledger; /* only published checkpoints and notes from here */
    lg_writer *writer;
    lg_registry *registry;
    sweeper *sweeper;
    webhooks *webhooks;
    verifier *verifier;
    bulk *bulk;
    uploads *uploads;
    http_router *router;    /* of api_routes, for commands that come inside another request */
    lg_buf docs[LANGUAGES]; /* the page of /docs, made once at the start */
    http_server *http;      /* the public one; set before the other one is opened, which tells of it */
    struct api_counters *counters;
    struct api_limits *limits;
    const char *origin;
    const char *vkey;
    const char *dir;      /* of the registry */
    logger *log;          /* for the operator; any thread */
    atomic_bool draining; /* about to stop: not ready for more */
} api_context;

/* One read request: a snapshot and who asks. Opened at a handler's start, closed before it answers. */
typedef struct api_read {
    api_context *api;
    lg_db *db;
    lg_arena *arena;
    lg_participant caller; /* no 0: nobody authenticated */
    lg_token token;
} api_read;

/* ---- auth.c ---- */
/* Opens a snapshot and authenticates the bearer token (LG_UNAUTHENTICATED, LG_TOKEN_EXPIRED,
 * LG_TOKEN_REVOKED, LG_SCOPE_MISSING when it lacks `scope`, LG_PARTICIPANT_SUSPENDED). On error nothing is
 * open. */
lg_err api_read_open(http_request *request, lg_scope scope, api_read *out) LG_MUST_CHECK;
/* The same where a token is optional: without one, caller.no is 0. */
lg_err api_read_open_public(http_request *request, api_read *out) LG_MUST_CHECK;
/* The same whatever the token's scopes are: lg_token_check_scope asks for each thing done with it. */
lg_err api_read_open_any(http_request *request, api_read *out) LG_MUST_CHECK;
/* A further snapshot for one whose token was good before: it may be revoked, expire, or its owner be
 * suspended while a download runs. Also on error something is open. */
lg_err api_read_again(api_context *api, lg_token_id token, lg_arena *arena, api_read *out) LG_MUST_CHECK;
void api_read_close(api_read *read);

/* ---- query.c: query parameters into C; faults go to the request's report, LG_BAD_QUERY ---- */
lg_err api_query_limit(http_request *request, size_t *limit) LG_MUST_CHECK; /* 1..1000, default 50 */
lg_err api_query_cursor(http_request *request,
                        int64_t *after_no) LG_MUST_CHECK; /* opaque text; 0 if absent */
char *api_cursor(lg_arena *arena, int64_t no);

/* ---- json_*.c: resources as JSON; they look up ids of the numbers in the row through db ---- */
lg_err json_participant(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_participant *row,
                        bool with_private) LG_MUST_CHECK;
lg_err json_receivable(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_receivable *row) LG_MUST_CHECK;
/* As the answer to an act, which may have its claim at hand; NULL: it has not. */
lg_err json_receivable_answer(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_receivable *row,
                              const lg_claim *claim) LG_MUST_CHECK;
/* As the sight (lg_claim_see) of the viewer allows. */
lg_err json_claim(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_claim *row, lg_participant_no viewer,
                  const lg_claim_sight *sight) LG_MUST_CHECK;
/* As the answer to an act shows it to its first signer, who is shown what it acted on even if it has no sight
 * of the claim, or has lost it by this very act. NULL: its receivable is not at hand. */
lg_err json_claim_answer(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_claim *row,
                         const lg_receivable *receivable, const lg_command *command) LG_MUST_CHECK;
lg_err json_grant(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_grant *row, lg_time now) LG_MUST_CHECK;
/* What a lender is told of an invoice. */
void json_check(lg_buf *buf, bool registered, bool financed, lg_time at);
lg_err json_token(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_token *row) LG_MUST_CHECK;
/* now tells what still waits; 0: as it was just recorded. */
lg_err json_approval(lg_buf *buf, lg_db *db, lg_arena *arena, const struct lg_approval *row,
                     lg_time now) LG_MUST_CHECK;
/* pending: messages that wait, or -1 where that is not told. */
lg_err json_webhook(lg_buf *buf, lg_db *db, const lg_webhook *row, int64_t pending) LG_MUST_CHECK;
void json_policy(lg_buf *buf, const lg_policy_row *row);
/* Its debtor and who recorded it see every share, others their own. */
lg_err json_payment(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_payment *row,
                    lg_participant_no viewer) LG_MUST_CHECK;
/* now tells open from expired. What only its lender may know is shown to no other viewer. */
lg_err json_program(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_program *row, lg_participant_no viewer,
                    lg_time now) LG_MUST_CHECK;
/* For its holder with all offers, for a lender with its own. */
lg_err json_request(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_request *row,
                    lg_participant_no viewer) LG_MUST_CHECK;
lg_err json_offer(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_offer *row) LG_MUST_CHECK;
lg_err json_financing(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_financing *row) LG_MUST_CHECK;
/* now tells open from expired. */
lg_err json_proposal(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_proposal *row,
                     lg_time now) LG_MUST_CHECK;
/* {"seq","type","at","entry","leaf"} and, unless there are no shares, "disclosures" and "facts":
 * those that the shares show. */
lg_err json_entry(lg_buf *buf, lg_arena *arena, const lg_entry_row *row,
                  const lg_shares *shares) LG_MUST_CHECK;
/* Members "disclosures" and "facts" of those disclosures, joined by '~', that the shares show. */
lg_err json_put_shared(lg_buf *buf, lg_arena *arena, const char *joined,
                       const lg_shares *shares) LG_MUST_CHECK;
/* The receipt of entry row.seq proven by `proof` against the signed note. */
lg_err json_receipt(lg_buf *buf, lg_arena *arena, const lg_entry_row *row, const lg_proof *proof,
                    const char *note) LG_MUST_CHECK;
/* The same with those disclosures alone that the shares show. */
lg_err json_receipt_shared(lg_buf *buf, lg_arena *arena, const lg_entry_row *row, const lg_shares *shares,
                           const lg_proof *proof, const char *note) LG_MUST_CHECK;

/* ---- handlers of reads ---- */
http_result read_me(http_request *request);
http_result read_participants(http_request *request);
http_result read_participant(http_request *request);
http_result read_tokens(http_request *request);
http_result read_approvals(http_request *request);
http_result read_approval(http_request *request);
http_result read_policy(http_request *request); /* newest, or {version} */
http_result read_receivables(http_request *request);
http_result read_receivable(http_request *request);
http_result read_receivable_history(http_request *request);
http_result read_claims(http_request *request);
http_result read_claim_totals(http_request *request);
http_result read_claims_csv(http_request *request);
http_result read_claim(http_request *request);
http_result read_claim_history(http_request *request);
http_result read_claim_lineage(http_request *request);
http_result read_claim_certificate(http_request *request);
http_result read_statement(http_request *request);
http_result read_statement_entries(http_request *request);
http_result read_statement_csv(http_request *request);
http_result read_programs(http_request *request);
http_result read_program(http_request *request);
http_result read_requests(http_request *request);
http_result read_request(http_request *request);
http_result read_offers(http_request *request);
http_result read_offer(http_request *request);
http_result read_financings(http_request *request);
http_result read_financing(http_request *request);
http_result read_payments(http_request *request);
http_result read_payment(http_request *request);
http_result read_proposals(http_request *request);
http_result read_proposal(http_request *request);
http_result read_grants(http_request *request);
http_result read_grant(http_request *request);
http_result read_reviews(http_request *request);
http_result read_review(http_request *request);
http_result read_entries(http_request *request);
http_result read_entry(http_request *request);
http_result read_entry_proof(http_request *request);
http_result read_consistency(http_request *request);
http_result read_checkpoint(http_request *request);
http_result read_tile(http_request *request);
http_result read_webhooks(http_request *request);
http_result read_webhook(http_request *request);
http_result read_webhook_secret(http_request *request);
http_result read_webhook_deliveries(http_request *request);
http_result read_health(http_request *request);
http_result read_ready(http_request *request);
http_result read_metrics(http_request *request); /* for the operator's token (metrics.c) */
http_result read_openapi(http_request *request);
http_result read_docs(http_request *request);

/* ---- handlers of commands ---- */
http_result post_command(http_request *request); /* route->arg is the lg_command_type */
http_result post_upload(http_request *request);  /* behind upload_sink */
extern const http_body_sink upload_sink;
http_result read_upload(http_request *request);
http_result read_upload_results(http_request *request);
http_result read_upload_ndjson(http_request *request);
http_result read_upload_csv(http_request *request);
http_result post_batch(http_request *request);
http_result post_sweep(http_request *request);
http_result post_webhook_replay(http_request *request);

extern const http_route api_routes[];
extern const size_t api_route_count;

#endif
