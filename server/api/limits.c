#include "server/api/limits.h"

#include "ledger/base/calendar.h"

#include <string.h>

const char *const api_budget_names[LIMIT_COUNT] = {"ledger", "requests", "failures", "reads", "commands"};

/* RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers): q units in w seconds; r are left,
 * and in t seconds it is q again. */
static void set_headers(http_request *request, api_budget budget, const limit_rule *rule,
                        const limit_answer *answer)
{
    lg_arena *arena = http_arena(request);
    const char *name = api_budget_names[budget];
    const long long window = (rule->burst * 60 + rule->per_minute - 1) / rule->per_minute;
    http_set_header(request, "RateLimit-Policy",
                    lg_arena_printf(arena, "\"%s\";q=%lld;w=%lld", name, (long long)rule->burst, window));
    http_set_header(request, "RateLimit",
                    lg_arena_printf(arena, "\"%s\";r=%lld;t=%lld", name, (long long)answer->remaining,
                                    (long long)answer->full_s));
}

static lg_err refuse(http_request *request, api_budget budget, const limit_rule *rule,
                     const limit_answer *answer)
{
    api_context *api = http_context(request);
    const long long seconds = answer->retry_s > 0 ? answer->retry_s : 1;
    metrics_add(&api->limits->refused[budget], 1);
    set_headers(request, budget, rule, answer);
    http_set_header(request, "Retry-After", lg_arena_printf(http_arena(request), "%lld", seconds));
    switch (budget) {
    case LIMIT_LEDGER:
    case LIMIT_REQUESTS:
        return lg_fail(http_report(request), LG_RATE_LIMITED,
                       "Too many requests came from this address; try again in %lld s.", seconds);
    case LIMIT_FAILURES:
        return lg_fail(
            http_report(request), LG_RATE_LIMITED,
            "Too many tokens or signatures that are not valid came from this address; try again in %lld s.",
            seconds);
    case LIMIT_READS:
        return lg_fail(http_report(request), LG_RATE_LIMITED,
                       "This token has read too much in a short time; try again in %lld s.", seconds);
    case LIMIT_COMMANDS:
        return lg_fail(http_report(request), LG_RATE_LIMITED,
                       "Too many commands in a short time; try again in %lld s.", seconds);
    case LIMIT_COUNT:
        break;
    }
    return LG_INTERNAL;
}

/* ---- by address ---- */

static limit_key address_key(const http_request *request)
{
    limit_key key;
    http_client_subscriber(request, key.bytes);
    return key;
}

static lg_err take_by_address(http_request *request, api_budget budget, int64_t cost)
{
    api_context *api = http_context(request);
    const limit_rule rule = limiter_rule(api->limits->buckets, budget);
    const limit_key key = address_key(request);
    const limit_answer answer = limiter_take(api->limits->buckets, budget, &key, cost, lg_monotonic_us());
    return answer.allowed ? LG_OK : refuse(request, budget, &rule, &answer);
}

static bool is_public_ledger(const http_route *route)
{
    return route && (route->handler == read_tile || route->handler == read_checkpoint ||
                     route->handler == read_entry || route->handler == read_entries ||
                     route->handler == read_entry_proof || route->handler == read_consistency);
}

static bool is_watching(const http_route *route)
{
    return route && (route->handler == read_health || route->handler == read_ready);
}

lg_err api_limit_admit(http_request *request)
{
    const http_route *route = http_route_of(request);
    if (is_watching(route) || http_client_is_exempt(request))
        return LG_OK;
    lg_err err = take_by_address(request, is_public_ledger(route) ? LIMIT_LEDGER : LIMIT_REQUESTS, 1);
    const bool claims_somebody =
        http_header(request, "Authorization") || (route && route->method == HTTP_POST);
    if (!err && claims_somebody)
        err = take_by_address(request, LIMIT_FAILURES, 0);
    return err;
}

void api_limit_problem(http_request *request, lg_err err)
{
    const api_context *api = http_context(request);
    if (http_status_of(err) != 401 || http_client_is_exempt(request))
        return;
    /* Without any token nothing was looked up. */
    if (err == LG_UNAUTHENTICATED && !http_header(request, "Authorization"))
        return;
    const limit_key key = address_key(request);
    limiter_charge(api->limits->buckets, LIMIT_FAILURES, &key, 1, lg_monotonic_us());
}

lg_err api_limit_failures(http_request *request)
{
    return http_client_is_exempt(request) ? LG_OK : take_by_address(request, LIMIT_FAILURES, 0);
}

/* ---- by caller ---- */

/* Tokens and participants are numbered each by themselves. */
static limit_key number_key(char kind, int64_t number)
{
    limit_key key = {{0}};
    memcpy(key.bytes, &number, sizeof number);
    key.bytes[sizeof number] = (uint8_t)kind;
    return key;
}

static lg_err take_by_number(http_request *request, api_budget budget, char kind, int64_t number,
                             int64_t cost)
{
    api_context *api = http_context(request);
    const limit_rule rule = limiter_rule(api->limits->buckets, budget);
    const limit_key key = number_key(kind, number);
    if (rule.per_minute == 0)
        return LG_OK;
    const limit_answer answer = limiter_take(api->limits->buckets, budget, &key, cost, lg_monotonic_us());
    if (!answer.allowed)
        return refuse(request, budget, &rule, &answer);
    set_headers(request, budget, &rule, &answer);
    return LG_OK;
}

lg_err api_limit_token(http_request *request, const lg_token *token, int64_t cost)
{
    const bool reads = http_route_of(request)->method == HTTP_GET;
    return take_by_number(request, reads ? LIMIT_READS : LIMIT_COMMANDS, 't', token->token_no, cost);
}

lg_err api_limit_signer(http_request *request, lg_participant_no signer, int64_t cost)
{
    return take_by_number(request, LIMIT_COMMANDS, 'p', signer.v, cost);
}

lg_err api_limit_batch(http_request *request, const api_read *read, size_t count)
{
    const int64_t more = (int64_t)count - 1;
    lg_err err = LG_OK;
    if (more > 0 && !http_client_is_exempt(request))
        err = take_by_address(request, LIMIT_REQUESTS, more);
    if (!err && more > 0 && read->caller.no.v)
        err = api_limit_token(request, &read->token, more);
    return err;
}

int64_t api_limit_row(api_context *api, int64_t token_no)
{
    enum { MS_PER_MINUTE = 60000, MS_MAX = 100 }; /* so that a stop or a broken connection is soon seen */
    const limit_rule rule = limiter_rule(api->limits->buckets, LIMIT_COMMANDS);
    const limit_key key = number_key('t', token_no);
    if (limiter_take(api->limits->buckets, LIMIT_COMMANDS, &key, 1, lg_monotonic_us()).allowed)
        return 0;
    const int64_t each = rule.per_minute ? MS_PER_MINUTE / rule.per_minute : 0;
    return each < 1 ? 1 : each < MS_MAX ? each : MS_MAX;
}
