/* What audit_story.h leaves out, behind it: members that may be left out, and the acts that its story lacks.
 */
#ifndef RICH_STORY_H
#define RICH_STORY_H

#include "tests/unit/audit_story.h"

static actor house, court;

static const char *rich_url(const char *set, lg_uuid id, const char *act)
{
    return lg_arena_printf(r->arena, "/v1/%s/%s/%s", set, lg_uuid_format(id).s, act);
}

static const char *rich_invoice(const char *number, const char *more, const char *beside)
{
    return lg_arena_printf(
        r->arena,
        "{\"invoice\":{\"number\":\"%s\",\"issue_date\":\"%s\",\"due_date\":\"%s\",\"currency\":\"CNY\","
        "\"gross_amount\":\"4000.00\",\"seller\":{\"participant\":\"%s\"},\"buyer\":{\"participant\":\"%s\"},"
        "\"order_reference\":\"PO-1\",\"contract_reference\":\"C-1\",\"note\":\"by lorry\"%s},"
        "\"documents\":[{\"kind\":\"order\",\"sha256\":\"%064d\",\"name\":\"order.pdf\"}]%s}",
        number, day_from_today(r, -5), day_from_today(r, 61), r->supplier.id_text, r->buyer.id_text, more, 7,
        beside);
}

static void rich_participants(void)
{
    const char *buyer = lg_arena_printf(r->arena, "/v1/participants/%s", r->buyer.id_text);
    const char *why = "{\"reason\":\"paid\"}";
    OK(act_as(r, &r->operator, LG_CMD_PARTICIPANT_ACTIVATE, lg_arena_printf(r->arena, "%s/activate", buyer),
              why));
    OK(act_as(r, &r->operator, LG_CMD_DEBTOR_CLEAR, lg_arena_printf(r->arena, "%s/clear", buyer), why));
    OK(act_as(r, &r->operator, LG_CMD_PARTICIPANT_RATE, lg_arena_printf(r->arena, "%s/rating", buyer),
              "{\"rating\":\"AA\",\"agency\":\"Rating House\"}"));
    lg_signing_key *spare = lg_signing_key_new();
    OK(act_as(r, &r->operator, LG_CMD_PARTICIPANT_REGISTER, "/v1/participants",
              lg_arena_printf(r->arena,
                              "{\"name\":\"Branch\",\"country\":\"DE\",\"group\":\"Core\",\"roles\":["
                              "\"supplier\",\"core_enterprise\"],\"identifiers\":{\"tax_id\":\"DE77\","
                              "\"registration_no\":\"HRB 77\"},\"public_key\":\"%s\"}",
                              rig_public_text(r, spare))));
    lg_signing_key_close(spare);
    spare = lg_signing_key_new();
    OK(act_as(r, &r->buyer, LG_CMD_KEY_ADD, lg_arena_printf(r->arena, "%s/keys", buyer),
              lg_arena_printf(r->arena,
                              "{\"public_key\":\"%s\",\"valid_from\":\"2998-01-01T00:00:00Z\","
                              "\"valid_until\":\"2999-01-01T00:00:00Z\"}",
                              rig_public_text(r, spare))));
    lg_signing_key_close(spare);
    enroll(r, &house, "Financing House", "lender");
    enroll(r, &court, "Court", "authority");
}

static lg_claim rich_claim(void)
{
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables",
              rich_invoice("RICH-1", "", ",\"part\":\"1/2\",\"amount\":\"1500.00\"")));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_REGISTERED);
    OK(act_as(r, &r->buyer, LG_CMD_CONFIRM, receivable_url(r, "confirm"), "{\"note\":\"half\"}"));
    const lg_claim claim = r->outcome.results[0].claim;
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables",
              rich_invoice("RICH-2",
                           ",\"payee\":{\"name\":\"Elsewhere\",\"identifiers\":{\"tax_id\":\"EF1\"}}", "")));
    assert_int_equal(r->outcome.results[0].receivable.life, LG_LIFE_HELD);
    OK(act_as(r, &r->reviewer, LG_CMD_REVIEW_REJECT,
              rich_url("reviews", r->outcome.results[0].receivable.id.uuid, "reject"),
              "{\"note\":\"another payee\"}"));
    OK(act_as(r, &r->buyer, LG_CMD_CLAIM_DISPUTE, rich_url("claims", claim.id.uuid, "dispute"),
              "{\"reason\":\"value_differs\",\"note\":\"two are broken\"}"));
    OK(act_as(r, &r->buyer, LG_CMD_CLAIM_RESOLVE, rich_url("claims", claim.id.uuid, "resolve"),
              "{\"note\":\"repaired\"}"));
    OK(act_as(r, &court, LG_CMD_CLAIM_FREEZE, rich_url("claims", claim.id.uuid, "freeze"),
              "{\"order_reference\":\"7 O 12/26\"}"));
    OK(act_as(r, &court, LG_CMD_CLAIM_UNFREEZE, rich_url("claims", claim.id.uuid, "unfreeze"),
              "{\"order_reference\":\"7 O 13/26\"}"));
    OK(act_as(r, &r->supplier, LG_CMD_GRANT_MAKE, "/v1/grants",
              lg_arena_printf(r->arena,
                              "{\"claim\":\"%s\",\"participant\":\"%s\",\"fields\":[\"amounts\",\"debtor\"],"
                              "\"valid_until\":\"2999-01-01T00:00:00Z\",\"note\":\"for the offer\"}",
                              lg_uuid_format(claim.id.uuid).s, house.id_text)));
    OK(act_as(r, &r->supplier, LG_CMD_GRANT_REVOKE,
              rich_url("grants", r->outcome.results[0].grant.id.uuid, "revoke"), "{}"));
    return claim;
}

/* On a request of that claim. */
static lg_uuid rich_offer(const lg_claim *claim, lg_uuid *request)
{
    OK(act_as(r, &r->supplier, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
              lg_arena_printf(r->arena,
                              "{\"claims\":[\"%s\"],\"lenders\":[\"%s\"],\"kind\":\"pledge\",\"recourse\":"
                              "false,\"pay_to\":\"DE02 1203\",\"fields\":[\"amounts\"],\"valid_until\":\"%s"
                              "T00:00:00Z\",\"note\":\"soon\"}",
                              lg_uuid_format(claim->id.uuid).s, house.id_text, day_from_today(r, 5))));
    *request = r->outcome.results[0].request->id.uuid;
    OK(act_as(r, &house, LG_CMD_OFFER_MAKE, "/v1/offers",
              lg_arena_printf(r->arena,
                              "{\"request\":\"%s\",\"kind\":\"pledge\",\"recourse\":false,"
                              "\"advance_rate_ppm\":900000,\"annual_rate_ppm\":36500,\"day_count\":365,"
                              "\"fee_amount\":\"1.00\",\"valid_until\":\"2999-01-01T00:00:00Z\","
                              "\"disburse_within_minutes\":60}",
                              lg_uuid_format(*request).s)));
    return r->outcome.results[0].offers[0].id.uuid;
}

static void rich_financing(const lg_claim *claim)
{
    lg_uuid request, offer = rich_offer(claim, &request);
    OK(act_as(r, &house, LG_CMD_OFFER_WITHDRAW, rich_url("offers", offer, "withdraw"), "{}"));
    OK(act_as(r, &r->supplier, LG_CMD_REQUEST_WITHDRAW, rich_url("financing_requests", request, "withdraw"),
              "{}"));
    offer = rich_offer(claim, &request);
    OK(act_as(r, &r->supplier, LG_CMD_OFFER_ACCEPT, rich_url("offers", offer, "accept"), "{}"));
    OK(act_as(r, &house, LG_CMD_FINANCING_CANCEL,
              rich_url("financings", r->outcome.results[0].financing->id.uuid, "cancel"), "{}"));
    offer = rich_offer(claim, &request);
    OK(act_as(r, &r->supplier, LG_CMD_OFFER_ACCEPT, rich_url("offers", offer, "accept"), "{}"));
    const lg_uuid financing = r->outcome.results[0].financing->id.uuid;
    OK(act_as(r, &house, LG_CMD_FINANCING_DISBURSE, rich_url("financings", financing, "disburse"),
              "{\"bank_reference\":\"B-7\"}"));
    OK(act_as(r, &house, LG_CMD_FINANCING_REGISTER, rich_url("financings", financing, "register"),
              "{\"registration_number\":\"ZD-7\"}"));
    OK(act_as(r, &house, LG_CMD_FINANCING_RELEASE, rich_url("financings", financing, "release"), "{}"));
}

static void rich_hooks(void)
{
    OK(act_as(r, &house, LG_CMD_WEBHOOK_REGISTER, "/v1/webhooks",
              "{\"url\":\"https://house.example.com/hook\",\"events\":[],\"description\":\"all\"}"));
    const lg_uuid hook = r->outcome.results[0].webhook.id.uuid;
    OK(act_as(r, &house, LG_CMD_WEBHOOK_ROTATE, rich_url("webhooks", hook, "rotate"), "{}"));
    OK(act_as(r, &house, LG_CMD_WEBHOOK_REMOVE, rich_url("webhooks", hook, "remove"), "{}"));
}

static void rich_custody(void)
{
    const lg_uuid key = {{0}};
    const actor buyer = r->buyer;
    enroll_in_custody(r, &r->buyer, "Southgate", "core_enterprise");
    const lg_uuid token = issue_token(r, &r->operator, key, &r->buyer, NULL),
                  other = issue_token(r, &r->operator, key, &r->buyer, NULL);
    OK(act_with(r, &r->buyer, token, LG_CMD_FOUR_EYES_SET, four_eyes_url(r, &r->buyer),
                "{\"currency\":\"CNY\",\"above\":\"100.00\"}"));
    submit_fresh(r);
    const char *confirm = receivable_url(r, "confirm");
    OK(act_with(r, &r->buyer, token, LG_CMD_CONFIRM, confirm, "{\"note\":\"first\"}"));
    OK(act_with(r, &r->buyer, token, LG_CMD_APPROVAL_WITHDRAW,
                rich_url("approvals", r->outcome.results[0].approval->id.uuid, "withdraw"),
                "{\"note\":\"too early\"}"));
    OK(act_with(r, &r->buyer, token, LG_CMD_CONFIRM, confirm, "{\"note\":\"now\"}"));
    OK(act_with(r, &r->buyer, other, LG_CMD_CONFIRM, confirm, "{\"note\":\"now\"}"));
    OK(act_with(r, &r->buyer, token, LG_CMD_FOUR_EYES_SET, four_eyes_url(r, &r->buyer),
                "{\"currency\":\"CNY\",\"above\":null}"));
    OK(act_with(r, &r->buyer, other, LG_CMD_FOUR_EYES_SET, four_eyes_url(r, &r->buyer),
                "{\"currency\":\"CNY\",\"above\":null}"));
    lg_signing_key_close(r->buyer.key);
    r->buyer = buyer;
}

static void act_out_the_rest(void)
{
    rich_participants();
    const lg_claim claim = rich_claim();
    rich_financing(&claim);
    rich_hooks();
    rich_custody();
    lg_signing_key_close(house.key);
    lg_signing_key_close(court.key);
}

#endif
