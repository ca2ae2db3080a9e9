/* Rate limits. Requests are counted by the client's address when they are routed, before their body comes and
 * before anything is looked up or verified; then by who asks: reads and plain commands by the token, signed
 * commands by the signer.
 *
 * An address (IPv6: a /64) has three budgets: the public ledger, everything else, and failed authentications,
 * of which it may have few: then whatever bears a token or a signature is refused unseen until some time has
 * passed. Addresses that the setting rate_exempt names are free of these, not of those of tokens and signers.
 */
#ifndef API_LIMITS_H
#define API_LIMITS_H

#include "server/api/api.h"
#include "server/base/limiter.h"
#include "server/base/metrics.h"

typedef enum {
    LIMIT_LEDGER,
    LIMIT_REQUESTS,
    LIMIT_FAILURES,
    LIMIT_READS,
    LIMIT_COMMANDS,
    LIMIT_COUNT
} api_budget;
extern const char *const api_budget_names[LIMIT_COUNT];

struct api_limits {
    limiter *buckets;
    metrics_counter refused[LIMIT_COUNT];
};

/* ---- for http_config ---- */
lg_err api_limit_admit(http_request *request) LG_MUST_CHECK;
void api_limit_problem(http_request *request, lg_err err);

/* ---- for handlers: LG_RATE_LIMITED, or units are taken. The answer's headers say what is left. ---- */
/* The bearer's: of reads for a GET, else of commands. api_read_open has taken one unit. */
lg_err api_limit_token(http_request *request, const lg_token *token, int64_t cost) LG_MUST_CHECK;
/* The commands of one who signs; once the signature is known to be good, whatever becomes of the command. */
lg_err api_limit_signer(http_request *request, lg_participant_no signer, int64_t cost) LG_MUST_CHECK;

/* A batch of `count` commands in one request: what the address, and the token if there is one, still owes for
 * them, beyond the one that is taken. Signed ones cost their signers besides. */
lg_err api_limit_batch(http_request *request, const api_read *read, size_t count) LG_MUST_CHECK;
/* A row of an upload, for which its token owes a unit of commands as for any command: 0, and it is taken, or
 * milliseconds to wait before it is asked for again. */
int64_t api_limit_row(api_context *api, int64_t token_no);
/* Before each signature of a batch is looked at: may this address still bring some? */
lg_err api_limit_failures(http_request *request) LG_MUST_CHECK;

#endif
