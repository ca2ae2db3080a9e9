/* Financing: programs, requests, offers, and the way of the money. */
#include "server/client/act.h"
#include "server/client/describe.h"
#include "server/client/http.h"
#include "server/client/listing.h"
#include "server/client/post.h"

const client_post client_posts_finance[] = {
    {"program open",
     "/v1/programs",
     {{"name", NULL, POST_TEXT, POST_MUST},
      {"kind", "kind", POST_TEXT, POST_MUST},
      {"recourse", "recourse", POST_YES_NO, POST_MUST},
      {"currency", "currency", POST_TEXT, POST_MUST},
      {"debtors", "debtor", POST_WORDS_ALL, POST_MUST},
      {"tenor_min_days", "tenor-min", POST_COUNT, POST_MAY},
      {"tenor_max_days", "tenor-max", POST_COUNT, POST_MUST},
      {"amount_min", "amount-min", POST_AMOUNT, POST_MUST},
      {"amount_max", "amount-max", POST_AMOUNT, POST_MUST},
      {"advance_rate_ppm", "advance-rate", POST_RATE, POST_MUST},
      {"annual_rate_ppm", "annual-rate", POST_RATE, POST_MUST},
      {"day_count", "day-count", POST_COUNT, POST_MUST},
      {"fee_amount", "fee", POST_AMOUNT, POST_MAY},
      {"fee_rate_ppm", "fee-rate", POST_RATE, POST_MAY},
      {"total_limit", "total-limit", POST_AMOUNT, POST_MUST},
      {"debtor_limit", "debtor-limit", POST_AMOUNT, POST_MAY},
      {"valid_until", "valid-until", POST_TEXT, POST_MUST},
      {"offer_valid_minutes", "offer-valid-minutes", POST_COUNT, POST_MAY},
      {"disburse_within_minutes", "disburse-within-minutes", POST_COUNT, POST_MAY}}},
    {"program close", "/v1/programs/%/close", {{0}}},
    {"finance request",
     "/v1/financing_requests",
     {{"lenders", "lender", POST_WORDS, POST_MAY},
      {"kind", "kind", POST_TEXT, POST_MAY},
      {"recourse", "recourse", POST_YES_NO, POST_MAY},
      {"pay_to", "pay-to", POST_TEXT, POST_MUST},
      {"fields", "fields", POST_WORDS, POST_MAY},
      {"valid_until", "valid-until", POST_TEXT, POST_MAY},
      {"note", "note", POST_TEXT, POST_MAY}}},
    {"finance withdraw", "/v1/financing_requests/%/withdraw", {{0}}},
    {"finance lapse-request", "/v1/financing_requests/%/lapse", {{0}}},
    {"finance accept", "/v1/offers/%/accept", {{0}}},
    {"offer make",
     "/v1/offers",
     {{"request", NULL, POST_TEXT, POST_MUST},
      {"kind", "kind", POST_TEXT, POST_MUST},
      {"recourse", "recourse", POST_YES_NO, POST_MUST},
      {"advance_rate_ppm", "advance-rate", POST_RATE, POST_MUST},
      {"annual_rate_ppm", "annual-rate", POST_RATE, POST_MUST},
      {"day_count", "day-count", POST_COUNT, POST_MUST},
      {"fee_amount", "fee", POST_AMOUNT, POST_MAY},
      {"fee_rate_ppm", "fee-rate", POST_RATE, POST_MAY},
      {"valid_until", "valid-until", POST_TEXT, POST_MUST},
      {"disburse_within_minutes", "disburse-within-minutes", POST_COUNT, POST_MUST}}},
    {"offer withdraw", "/v1/offers/%/withdraw", {{0}}},
    {"finance disburse",
     "/v1/financings/%/disburse",
     {{"bank_reference", "reference", POST_TEXT, POST_MUST},
      {"registration_number", "registration-number", POST_TEXT, POST_MAY}}},
    {"finance cancel", "/v1/financings/%/cancel", {{0}}},
    {"finance lapse", "/v1/financings/%/lapse", {{0}}},
    {"finance register", "/v1/financings/%/register", {{"registration_number", NULL, POST_TEXT, POST_MUST}}},
    {"finance release", "/v1/financings/%/release", {{0}}},
    {"finance recourse", "/v1/financings/%/recourse", {{"note", "note", POST_TEXT, POST_MAY}}},
    {"finance repurchase",
     "/v1/financings/%/repurchase",
     {{"bank_reference", "reference", POST_TEXT, POST_MUST}}},
    {0},
};

client_exit command_finance_request(client *c)
{
    const char *path;
    json_t *payload, *claims = json_array();
    client_exit code = client_post_compose(c, &path, &payload);
    for (int i = 0; i < c->args.operand_count; i++)
        json_array_append_new(claims, json_string(c->args.operands[i]));
    if (code != CLIENT_OK) {
        json_decref(claims);
        return code;
    }
    json_object_set_new(payload, "claims", claims);
    return client_act_run(c, path, payload, NULL);
}

/* The offers for one request, as the reader may see them. */
client_exit command_finance_offers(client *c)
{
    json_t *answer = NULL;
    const char *path = lg_arena_printf(c->arena, "/v1/financing_requests/%s",
                                       client_url_escape(c->arena, c->args.operands[0]));
    client_exit code = client_get_json(c, c->arena, path, &answer);
    const json_t *request = json_object_get(answer, "request");
    const json_t *offers = json_object_get(request ? request : answer, "offers");
    if (code == CLIENT_OK && c->json) {
        json_t *list = json_object();
        json_object_set_new(list, "items", offers ? json_deep_copy(offers) : json_array());
        client_print_json(list);
        json_decref(list);
    } else if (code == CLIENT_OK) {
        client_print_summary(c, "request", request ? request : answer);
        client_listing_print(c, "offers", offers, "  ");
    }
    json_decref(answer);
    return code;
}
