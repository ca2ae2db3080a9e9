/* The filters and the order of lists, sums and exports of claims, from the query into C. */
#include "server/api/serve.h"

#include <string.h>

enum { RATINGS_LEN_MAX = 256 }; /* bytes of the list of ratings */

static void query_choices(http_request *request, lg_claim_filter *filter)
{
    /* as lg_claims_part and lg_claim_sort */
    static const char *const parts[] = {"any",    "creditor", "debtor",  "holder",
                                        "lender", "offered",  "granted", NULL};
    static const char *const sorts[] = {"accepted_at", "due_date", "amount", NULL};
    static const char *const orders[] = {"desc", "asc", NULL};
    static const char *const truth[] = {"false", "true", NULL};
    const char *lives[LG_CLAIM_LIFE_COUNT + 1] = {NULL}, *encumbrances[LG_ENCUMBRANCE_COUNT + 1] = {NULL};
    int part = LG_CLAIMS_ANY, sort = LG_BY_ACCEPTED_AT, ascending = 0;
    for (int life = 0; life < LG_CLAIM_LIFE_COUNT; life++)
        lives[life] = lg_claim_life_name((lg_claim_life)life);
    for (int encumbrance = 0; encumbrance < LG_ENCUMBRANCE_COUNT; encumbrance++)
        encumbrances[encumbrance] = lg_encumbrance_name((lg_encumbrance)encumbrance);
    api_query_choice(request, "part", parts, &part);
    api_query_choice(request, "sort", sorts, &sort);
    api_query_choice(request, "order", orders, &ascending);
    api_query_choice(request, "life", lives, &filter->life);
    api_query_choice(request, "encumbrance", encumbrances, &filter->encumbrance);
    api_query_choice(request, "locked", truth, &filter->locked);
    filter->part = (lg_claims_part)part;
    filter->sort = (lg_claim_sort)sort;
    filter->ascending = ascending != 0;
}

static void query_ratings(http_request *request, lg_claim_filter *filter)
{
    const char *text = http_query(request, "rating");
    if (!text)
        return;
    if (!*text || strlen(text) > RATINGS_LEN_MAX)
        api_query_refuse(request, "rating", "out_of_range",
                         "rating must be one or more ratings with commas between them, %d bytes at most.",
                         RATINGS_LEN_MAX);
    else
        filter->ratings = lg_arena_printf(http_arena(request), ",%s,", text);
}

lg_err api_query_claims(api_view *view, lg_claim_filter *out)
{
    http_request *request = view->request;
    const lg_participant *caller = &view->read.caller;
    *out = lg_claim_filter_of(caller->no, lg_has_role(caller->roles, LG_ROLE_LENDER), lg_now());
    query_choices(request, out);
    query_ratings(request, out);
    api_query_currency(request, "currency", &out->currency);
    api_query_day(request, "due_from", &out->due_from);
    api_query_day(request, "due_to", &out->due_to);
    api_query_amount(request, "amount_min", out->currency, &out->amount_min);
    api_query_amount(request, "amount_max", out->currency, &out->amount_max);
    if (out->sort == LG_BY_AMOUNT && !http_query(request, "currency"))
        api_query_refuse(request, "sort", "currency_missing",
                         "sort=amount needs the parameter currency beside it.");
    api_query_number(request, "hop_max", 0, INT32_MAX, &out->hop_max);
    lg_err err = api_query_participant(view, "creditor", &out->creditor);
    return err == LG_OK ? api_query_participant(view, "debtor", &out->debtor) : err;
}
