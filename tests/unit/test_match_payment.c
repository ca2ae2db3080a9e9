/* What the audit holds against a registry that records payments and proposals otherwise than they were
 * signed. */
#include "ledger/registry/payment.h"
#include "tests/unit/registry_rig.h"

static lg_db *db_of(rig *r)
{
    return lg_ledger_db(r->ledger);
}

/* A confirmed claim of the supplier on the buyer, divided in three. */
static lg_claim divided(rig *r)
{
    lg_claim claim;
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", invoice_named(r, "RE-9", "100.00", "")));
    OK(act_as(r, &r->buyer, LG_CMD_CONFIRM, receivable_url(r, "confirm"), "{}"));
    claim = r->outcome.results[0].claim;
    const char *url = lg_arena_printf(r->arena, "/v1/claims/%s/split", lg_uuid_format(claim.id.uuid).s);
    OK(act_as(r, &r->supplier, LG_CMD_CLAIM_SPLIT, url,
              "{\"parts\":[{\"amount\":\"50.00\"},{\"amount\":\"30.00\"},{\"amount\":\"20.00\"}]}"));
    return claim;
}

/* The command as the audit has it: decoded again from what was signed. */
static lg_command signed_command(rig *r, const actor *who, lg_command_type type, lg_uuid subject,
                                 const char *payload)
{
    lg_command command = {.type = type, .subject = subject, .signer_count = 1};
    json_t *object;
    lg_participant row;
    OK(lg_json_load(lg_bytes_str(payload), &object, &r->report));
    OK(lg_command_decode(object, &command, &r->report));
    json_decref(object);
    OK(lg_participant_by_id(db_of(r), who->id, r->arena, &row));
    command.signers[0] = (lg_signer){.no = row.no, .id = row.id, .roles = row.roles};
    return command;
}

static const char *complaint(rig *r, const lg_command *command, const lg_event *event)
{
    return lg_match_payment_event(db_of(r), r->arena, command, event);
}

static void a_payment_is_divided_as_it_must_be(void **state)
{
    rig *r = *state;
    lg_owed owed;
    lg_event_part *parts, other[3];
    lg_claim claim = divided(r);
    lg_event event = {.type = LG_EV_PAYMENT_RECORDED,
                      .claim_id = claim.id.uuid,
                      .currency = claim.currency,
                      .amount_minor = 1000,
                      .bank_reference = "FT-1",
                      .paid_day = 20000};
    lg_command command = signed_command(
        r, &r->buyer, LG_CMD_PAYMENT_RECORD, (lg_uuid){{0}},
        lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"amount\":\"10.00\",\"bank_reference\":\"FT-1\"}",
                        lg_uuid_format(claim.id.uuid).s));
    OK(lg_payment_owed(db_of(r), r->arena, claim.root, &owed));
    assert_true(owed.count == 3 && owed.total_minor == 10000);
    OK(lg_payment_parts(db_of(r), r->arena, &owed, 1000, &parts, &event.part_count));
    assert_true(event.part_count == 3 && parts[0].amount_minor == 500 && parts[2].amount_minor == 200);
    event.parts = parts;
    assert_null(complaint(r, &command, &event));

    memcpy(other, parts, sizeof other);
    event.parts = other;
    other[0].amount_minor++;
    other[1].amount_minor--;
    assert_string_equal(complaint(r, &command, &event),
                        "the payment was not divided pro rata among the live claims of the root");
    memcpy(other, parts, sizeof other);
    other[2].participant_id = r->buyer.id.uuid;
    assert_non_null(complaint(r, &command, &event));
    event.parts = parts;
    event.part_count = 2;
    assert_non_null(complaint(r, &command, &event));
    event.part_count = 3;
    event.excess_minor = 1;
    assert_string_equal(complaint(r, &command, &event),
                        "excess_minor is not what was paid above what was owed");
    event.excess_minor = 0;
    event.amount_minor = 1001;
    assert_string_equal(complaint(r, &command, &event), "amount_minor is not the amount that was signed");
    event.amount_minor = 1000;
    event.bank_reference = "FT-2";
    assert_non_null(complaint(r, &command, &event));
    event.bank_reference = "FT-1";
    event.claim_id = owed.claims[0].id.uuid; /* a part, not the root */
    assert_non_null(complaint(r, &command, &event));
    event.claim_id = claim.id.uuid;
    command.signers[0].no.v = 1; /* the operator */
    assert_string_equal(complaint(r, &command, &event),
                        "who signed is neither the claim's debtor nor a bank");
}

static void nothing_takes_effect_before_all_have_signed(void **state)
{
    rig *r = *state;
    lg_claim claim = divided(r);
    lg_owed owed;
    OK(lg_payment_owed(db_of(r), r->arena, claim.root, &owed));
    const char *part = lg_arena_strdup(r->arena, lg_uuid_format(owed.claims[0].id.uuid).s);
    const char *made =
        lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"kind\":\"credit_note\",\"amount\":\"5.00\"}", part);
    OK(act_as(r, &r->supplier, LG_CMD_PROPOSAL_MAKE, "/v1/proposals", made));
    const lg_proposal proposal = *r->outcome.results[0].proposal;
    lg_command command = signed_command(r, &r->buyer, LG_CMD_PROPOSAL_ACCEPT, proposal.id.uuid, "{}");
    lg_event event = {.type = LG_EV_PROPOSAL_ACCEPTED, .proposal_id = proposal.id.uuid};
    assert_null(complaint(r, &command, &event));
    event.proposal_id = claim.id.uuid;
    assert_non_null(complaint(r, &command, &event));
    event = (lg_event){.type = LG_EV_CLAIM_DILUTED,
                       .proposal_id = proposal.id.uuid,
                       .claim_id = owed.claims[0].id.uuid,
                       .amount_minor = 500};
    assert_string_equal(complaint(r, &command, &event), "the proposal took effect before all had signed");

    lg_participant_no buyer;
    OK(lg_participant_no_of(db_of(r), r->buyer.id, &buyer));
    OK(lg_proposal_sign(db_of(r), proposal.no, buyer, 1)); /* as its entry would project it */
    assert_null(complaint(r, &command, &event));
    event.amount_minor = 501;
    assert_string_equal(complaint(r, &command, &event), "what took effect is not what was proposed");
    event.amount_minor = 500;
    event.claim_id = owed.claims[1].id.uuid;
    assert_non_null(complaint(r, &command, &event));
    event = (lg_event){
        .type = LG_EV_CLAIM_VOIDED, .proposal_id = proposal.id.uuid, .claim_id = owed.claims[0].id.uuid};
    assert_non_null(complaint(r, &command, &event));
}

static void a_proposal_says_what_was_signed(void **state)
{
    rig *r = *state;
    lg_claim claim = divided(r);
    const char *id = lg_arena_strdup(r->arena, lg_uuid_format(claim.id.uuid).s);
    const char *made = lg_arena_printf(
        r->arena, "{\"claim\":\"%s\",\"kind\":\"credit_note\",\"amount\":\"5.00\",\"reference\":\"CN-1\"}",
        id);
    const lg_command command = signed_command(r, &r->supplier, LG_CMD_PROPOSAL_MAKE, (lg_uuid){{0}}, made);
    const lg_event honest = {.type = LG_EV_PROPOSAL_MADE,
                             .proposal_id = lg_uuid_new(),
                             .claim_id = claim.id.uuid,
                             .kind = "credit_note",
                             .amount_minor = 500,
                             .reference = "CN-1"};
    lg_event event = honest;
    assert_null(complaint(r, &command, &event));
    event.amount_minor = 50;
    assert_non_null(complaint(r, &command, &event));
    event = honest;
    event.kind = "void";
    assert_non_null(complaint(r, &command, &event));
    event = honest;
    event.reference = NULL;
    assert_non_null(complaint(r, &command, &event));
    event = honest;
    event.note = "added";
    assert_non_null(complaint(r, &command, &event));
    const lg_command reverse =
        signed_command(r, &r->buyer, LG_CMD_PAYMENT_REVERSE, claim.id.uuid, "{\"reason\":\"bounced\"}");
    event = (lg_event){.type = LG_EV_PAYMENT_REVERSED, .payment_id = claim.id.uuid, .reason = "bounced"};
    assert_null(complaint(r, &reverse, &event));
    event.reason = "fraud";
    assert_non_null(complaint(r, &reverse, &event));
    event.payment_id = honest.proposal_id;
    assert_string_equal(complaint(r, &reverse, &event), "another payment was reversed than was signed");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up_companies, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_payment_is_divided_as_it_must_be),
        STORY(nothing_takes_effect_before_all_have_signed),
        STORY(a_proposal_says_what_was_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
