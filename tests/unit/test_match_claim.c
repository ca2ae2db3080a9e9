/* What the audit holds against a registry that records acts which the rules forbid: by whom, when, in what
 * state; or facts that do not follow from the command and the state it met. */
#include "ledger/registry/financing.h"
#include "ledger/registry/payment.h"
#include "tests/unit/registry_rig.h"

static actor tier2, lender, other, bank, court;

static int set_up_all(void **state)
{
    set_up_companies(state);
    rig *r = *state;
    enroll(r, &tier2, "Tier 2", "supplier");
    enroll(r, &lender, "Lender", "lender");
    enroll(r, &other, "Other Lender", "lender");
    enroll(r, &bank, "Bank", "bank");
    enroll(r, &court, "Court", "authority");
    return 0;
}

static int tear_down_all(void **state)
{
    actor *const actors[] = {&tier2, &lender, &other, &bank, &court};
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++)
        lg_signing_key_close(actors[i]->key);
    return tear_down(state);
}

static const char *text_of(rig *r, lg_uuid id)
{
    return lg_arena_strdup(r->arena, lg_uuid_format(id).s);
}

/* A confirmed claim of 100.00 of the supplier on the buyer. */
static lg_claim confirmed(rig *r)
{
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r)));
    OK(act_as(r, &r->buyer, LG_CMD_CONFIRM, receivable_url(r, "confirm"), "{\"amount\":\"100.00\"}"));
    return r->outcome.results[0].claim;
}

static void do_claim(rig *r, const actor *who, lg_command_type type, const lg_claim *claim, const char *act,
                     const char *payload)
{
    OK(act_as(r, who, type, lg_arena_printf(r->arena, "/v1/claims/%s/%s", text_of(r, claim->id.uuid), act),
              payload));
}

static void offer_to(rig *r, const lg_claim *claim, const actor *recipient)
{
    do_claim(r, &r->supplier, LG_CMD_CLAIM_TRANSFER, claim, "transfer",
             lg_arena_printf(r->arena, "{\"recipients\":[{\"participant\":\"%s\"}]}", recipient->id_text));
}

/* ---- a signed command, and what the registry may make of it ---- */

typedef struct signed_act {
    const actor *who;
    lg_command_type type;
    lg_uuid subject;
    const char *payload;
    lg_time at;
} signed_act;

static lg_trial on_trial(rig *r, const signed_act *act)
{
    lg_command *command = lg_arena_alloc(r->arena, sizeof *command);
    lg_participant row;
    lg_db *db = lg_ledger_db(r->ledger);
    json_t *object;
    *command = (lg_command){.type = act->type, .subject = act->subject, .signer_count = 1};
    command->payload = lg_bytes_str(act->payload);
    OK(lg_json_load(command->payload, &object, &r->report));
    OK(lg_command_decode(object, command, &r->report));
    json_decref(object);
    OK(lg_participant_by_id(db, act->who->id, r->arena, &row));
    command->signers[0] = (lg_signer){.no = row.no, .id = row.id, .roles = row.roles};
    return (lg_trial){
        .registry = r->registry,
        .db = db,
        .arena = r->arena,
        .command = command,
        .seq = lg_ledger_next_seq(r->ledger),
        .entry_count = 1,
        .at = act->at ? act->at : lg_now(),
    };
}

static const char *complaint(rig *r, const signed_act *act, const lg_event *event)
{
    lg_trial trial = on_trial(r, act);
    return lg_command_contradiction(&trial, event, 0);
}

/* What the rules make of it; it is then clean itself, and leaves the state as it was. */
static lg_event honest(rig *r, const signed_act *act)
{
    lg_trial trial = on_trial(r, act);
    const lg_event none = {.type = LG_EV_COUNT};
    const char *nothing = lg_trial_contradiction(&trial, &none, 0);
    if (trial.refusal)
        fail_msg("%s", trial.refusal);
    assert_non_null(nothing);
    const lg_event event = trial.events[0];
    trial.entry_count = trial.count;
    assert_null(lg_command_contradiction(&trial, &event, 0));
    return event;
}

static void found(rig *r, const signed_act *act, const lg_event *event, const char *words)
{
    const char *said = complaint(r, act, event);
    if (!said || !strstr(said, words))
        fail_msg("expected \"%s\", found: %s", words, said ? said : "nothing");
}

/* An event on the subject alone, as an operator would forge it. */
static void forbidden(rig *r, const signed_act *act, lg_event_type type, const char *words)
{
    const lg_event event = {.type = type,
                            .claim_id = act->subject,
                            .next_day = LG_DAY_NEVER,
                            .request_id = act->subject,
                            .offer_id = act->subject,
                            .financing_id = act->subject,
                            .grant_id = act->subject,
                            .program_id = act->subject,
                            .payment_id = act->subject,
                            .proposal_id = act->subject,
                            .webhook_id = act->subject};
    found(r, act, &event, words);
}

static void allowed(rig *r, const signed_act *act, lg_event_type type)
{
    assert_int_equal(honest(r, act).type, type);
}

/* ---- claims ---- */

static const char halves[] = "{\"parts\":[{\"amount\":\"50.00\"},{\"amount\":\"50.00\"}]}";

static lg_event halved(rig *r, const lg_claim *claim)
{
    lg_event_part *parts = lg_arena_array(r->arena, 2, sizeof *parts);
    for (int i = 0; i < 2; i++)
        parts[i] = (lg_event_part){lg_uuid_new(), {{0}}, 5000};
    return (lg_event){.type = LG_EV_CLAIM_SPLIT, .claim_id = claim->id.uuid, .parts = parts, .part_count = 2};
}

static void only_who_is_entitled(void **state)
{
    rig *r = *state;
    const lg_claim claim = confirmed(r);
    const lg_uuid id = claim.id.uuid;
    const lg_event split = halved(r, &claim);
    assert_null(complaint(r, &(signed_act){&r->supplier, LG_CMD_CLAIM_SPLIT, id, halves, 0}, &split));
    found(r, &(signed_act){&r->buyer, LG_CMD_CLAIM_SPLIT, id, halves, 0}, &split, "Only the claim's holder");
    found(r, &(signed_act){&tier2, LG_CMD_CLAIM_SPLIT, id, halves, 0}, &split, "No claim that you may see");
    found(r, &(signed_act){&r->operator, LG_CMD_CLAIM_SPLIT, id, halves, 0}, &split,
          "No claim that you may see");
    forbidden(r, &(signed_act){&r->supplier, LG_CMD_TRANSFER_ACCEPT, id, "{}", 0}, LG_EV_CLAIM_TRANSFERRED,
              "No transfer of this claim waits");
    offer_to(r, &claim, &tier2);
    allowed(r, &(signed_act){&tier2, LG_CMD_TRANSFER_ACCEPT, id, "{}", 0}, LG_EV_CLAIM_TRANSFERRED);
    forbidden(r, &(signed_act){&r->supplier, LG_CMD_TRANSFER_ACCEPT, id, "{}", 0}, LG_EV_CLAIM_TRANSFERRED,
              "Only the transfer's recipient");
    forbidden(r, &(signed_act){&r->buyer, LG_CMD_TRANSFER_DECLINE, id, "{}", 0},
              LG_EV_CLAIM_TRANSFER_DECLINED, "Only the transfer's recipient");
    forbidden(r, &(signed_act){&tier2, LG_CMD_TRANSFER_CANCEL, id, "{}", 0}, LG_EV_CLAIM_TRANSFER_CANCELLED,
              "Only the claim's holder");
    do_claim(r, &tier2, LG_CMD_TRANSFER_ACCEPT, &claim, "accept_transfer", "{}");
    allowed(r, &(signed_act){&r->buyer, LG_CMD_CLAIM_ACKNOWLEDGE, id, "{}", 0}, LG_EV_CLAIM_ACKNOWLEDGED);
    forbidden(r, &(signed_act){&tier2, LG_CMD_CLAIM_ACKNOWLEDGE, id, "{}", 0}, LG_EV_CLAIM_ACKNOWLEDGED,
              "Only the claim's debtor");
    forbidden(r, &(signed_act){&r->operator, LG_CMD_CLAIM_WRITE_OFF, id, "{\"note\":\"x\"}", 0},
              LG_EV_CLAIM_WRITTEN_OFF, "reason, note or order_reference is not what was signed");
    lg_event lost = {.type = LG_EV_CLAIM_WRITTEN_OFF, .claim_id = id, .note = "x"};
    found(r, &(signed_act){&tier2, LG_CMD_CLAIM_WRITE_OFF, id, "{\"note\":\"x\"}", 0}, &lost,
          "only a defaulted one is written off");
}

static void locks_bind_those_who_set_them(void **state)
{
    rig *r = *state;
    const lg_claim claim = confirmed(r);
    const lg_uuid id = claim.id.uuid;
    const char *quarrel = "{\"reason\":\"value_differs\"}", *order = "{\"order_reference\":\"O-1\"}";
    const lg_event disputed = {.type = LG_EV_CLAIM_DISPUTED, .claim_id = id, .reason = "value_differs"};
    assert_null(complaint(r, &(signed_act){&r->buyer, LG_CMD_CLAIM_DISPUTE, id, quarrel, 0}, &disputed));
    found(r, &(signed_act){&r->operator, LG_CMD_CLAIM_DISPUTE, id, quarrel, 0}, &disputed, "No claim that");
    do_claim(r, &r->buyer, LG_CMD_CLAIM_DISPUTE, &claim, "dispute", quarrel);
    const lg_event resolved = {.type = LG_EV_CLAIM_DISPUTE_RESOLVED, .claim_id = id, .note = "n"};
    assert_null(
        complaint(r, &(signed_act){&r->buyer, LG_CMD_CLAIM_RESOLVE, id, "{\"note\":\"n\"}", 0}, &resolved));
    found(r, &(signed_act){&r->supplier, LG_CMD_CLAIM_RESOLVE, id, "{\"note\":\"n\"}", 0}, &resolved,
          "Only who disputed");
    const lg_event parted = halved(r, &claim);
    found(r, &(signed_act){&r->supplier, LG_CMD_CLAIM_SPLIT, id, halves, 0}, &parted,
          "The claim is disputed");
    const lg_event frozen = {.type = LG_EV_CLAIM_FROZEN, .claim_id = id, .order_reference = "O-1"};
    assert_null(complaint(r, &(signed_act){&court, LG_CMD_CLAIM_FREEZE, id, order, 0}, &frozen));
    found(r, &(signed_act){&r->operator, LG_CMD_CLAIM_FREEZE, id, order, 0}, &frozen, "the role authority");
    do_claim(r, &court, LG_CMD_CLAIM_FREEZE, &claim, "freeze", order);
    const lg_event split = halved(r, &claim);
    found(r, &(signed_act){&r->supplier, LG_CMD_CLAIM_SPLIT, id, halves, 0}, &split, "The claim is frozen");
    const lg_event freed = {.type = LG_EV_CLAIM_UNFROZEN, .claim_id = id, .order_reference = "O-1"};
    assert_null(complaint(r, &(signed_act){&court, LG_CMD_CLAIM_UNFREEZE, id, order, 0}, &freed));
    found(r, &(signed_act){&r->operator, LG_CMD_CLAIM_UNFREEZE, id, order, 0}, &freed, "the role authority");
}

static void time_is_not_the_operators(void **state)
{
    rig *r = *state;
    const lg_claim claim = confirmed(r);
    const lg_uuid id = claim.id.uuid;
    const lg_time now = lg_now(), due = (lg_time)claim.due_day * LG_TIME_PER_DAY;
    /* An offer's end, and who may say that it passed. */
    const char *payload =
        lg_arena_printf(r->arena, "{\"recipients\":[{\"participant\":\"%s\"}]}", tier2.id_text);
    const signed_act offer = {&r->supplier, LG_CMD_CLAIM_TRANSFER, id, payload, now};
    lg_event event = honest(r, &offer);
    assert_true(event.respond_by == now + 7 * LG_TIME_PER_DAY);
    event.respond_by += LG_TIME_PER_DAY;
    found(r, &offer, &event, "respond_by is ");
    offer_to(r, &claim, &tier2);
    forbidden(r, &(signed_act){&r->operator, LG_CMD_TRANSFER_LAPSE, id, "{}", now},
              LG_EV_CLAIM_TRANSFER_LAPSED, "The deadline is");
    forbidden(r, &(signed_act){&tier2, LG_CMD_TRANSFER_LAPSE, id, "{}", now + 8 * LG_TIME_PER_DAY},
              LG_EV_CLAIM_TRANSFER_LAPSED, "the role operator");
    allowed(r, &(signed_act){&r->operator, LG_CMD_TRANSFER_LAPSE, id, "{}", now + 8 * LG_TIME_PER_DAY},
            LG_EV_CLAIM_TRANSFER_LAPSED);
    forbidden(r, &(signed_act){&tier2, LG_CMD_TRANSFER_ACCEPT, id, "{}", now + 8 * LG_TIME_PER_DAY},
              LG_EV_CLAIM_TRANSFERRED, "The deadline was");
    /* Age: not before its day, by the operator alone, one step, and the day of the next by the policy. */
    const signed_act age = {&r->operator, LG_CMD_CLAIM_AGE, id, "{}", due};
    forbidden(r, &(signed_act){&r->operator, LG_CMD_CLAIM_AGE, id, "{}", due - 1}, LG_EV_CLAIM_DUE,
              "Time moves this claim on at");
    forbidden(r, &(signed_act){&r->buyer, LG_CMD_CLAIM_AGE, id, "{}", due}, LG_EV_CLAIM_DUE,
              "the role operator");
    forbidden(r, &age, LG_EV_CLAIM_DEFAULTED, "by the rules it had to be a claim.due");
    event = honest(r, &age);
    assert_true(event.type == LG_EV_CLAIM_DUE && event.next_day == claim.due_day + 1);
    event.next_day++;
    found(r, &age, &event, "next_date is ");
    event.next_day = LG_DAY_NEVER;
    found(r, &age, &event, "next_date is missing");
}

static void a_watch_is_raised_when_it_must_be(void **state)
{
    rig *r = *state;
    change_policy(r, "split_watch_claims", "2");
    const lg_claim claim = confirmed(r);
    const char *payload =
        "{\"parts\":[{\"amount\":\"50.00\"},{\"amount\":\"30.00\"},{\"amount\":\"20.00\"}]}";
    const signed_act split = {&r->supplier, LG_CMD_CLAIM_SPLIT, claim.id.uuid, payload, 0};
    const lg_event event = honest(r, &split);
    lg_trial trial = on_trial(r, &split);
    assert_string_equal(lg_command_contradiction(&trial, &event, 0),
                        "the command caused 1 entries; by the rules it causes 2");
    trial.entry_count = 2;
    assert_null(lg_command_contradiction(&trial, &event, 0));
    do_claim(r, &r->supplier, LG_CMD_CLAIM_SPLIT, &claim, "split", payload);
    const lg_claim child = r->outcome.results[0].claims[0];
    lg_event watch = {.type = LG_EV_WATCH_RAISED, .claim_id = claim.id.uuid, .count = 3};
    assert_null(lg_command_contradiction(&trial, &watch, 1));
    watch.count = 4;
    assert_string_equal(lg_command_contradiction(&trial, &watch, 1),
                        "live_claims is 4; by the rules it had to be 3");
    watch.count = 3;
    watch.claim_id = child.id.uuid;
    assert_non_null(strstr(lg_command_contradiction(&trial, &watch, 1), "claim_id is "));
    assert_string_equal(lg_command_contradiction(&trial, &watch, 2),
                        "by the rules the command causes no such entry");
    /* What was split is nobody's to split again. */
    const lg_event again = halved(r, &claim);
    found(r, &(signed_act){&r->supplier, LG_CMD_CLAIM_SPLIT, claim.id.uuid, halves, 0}, &again,
          "the parts do not sum to what was outstanding");
    forbidden(r,
              &(signed_act){&r->supplier, LG_CMD_CLAIM_DISPUTE, claim.id.uuid, "{\"reason\":\"other\"}", 0},
              LG_EV_CLAIM_DISPUTED, "is not what was signed");
}

/* ---- grants and questions ---- */

static void disclosures_are_the_holders(void **state)
{
    rig *r = *state;
    const lg_claim claim = confirmed(r);
    const lg_receivable sold = r->outcome.results[0].receivable;
    const char *payload = lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"participant\":\"%s\"}",
                                          text_of(r, claim.id.uuid), lender.id_text);
    const lg_event made = honest(r, &(signed_act){&r->supplier, LG_CMD_GRANT_MAKE, {{0}}, payload, 0});
    found(r, &(signed_act){&r->buyer, LG_CMD_GRANT_MAKE, {{0}}, payload, 0}, &made,
          "Only the claim's holder");
    OK(act_as(r, &r->supplier, LG_CMD_GRANT_MAKE, "/v1/grants", payload));
    const lg_uuid grant = r->outcome.results[0].grant.id.uuid;
    allowed(r, &(signed_act){&r->supplier, LG_CMD_GRANT_REVOKE, grant, "{}", 0}, LG_EV_GRANT_REVOKED);
    forbidden(r, &(signed_act){&lender, LG_CMD_GRANT_REVOKE, grant, "{}", 0}, LG_EV_GRANT_REVOKED,
              "Only who granted it");
    const signed_act check = {
        &lender,
        LG_CMD_INVOICE_CHECK,
        {{0}},
        lg_arena_printf(
            r->arena,
            "{\"seller\":{\"participant\":\"%s\"},\"buyer\":{\"participant\":\"%s\"},\"number\":\"%s\","
            "\"issue_date\":\"%s\",\"currency\":\"CNY\",\"gross_amount\":\"%s\"}",
            r->supplier.id_text, r->buyer.id_text, sold.invoice_number, lg_day_format(sold.issue_day).s,
            lg_amount_format(sold.gross_minor, sold.currency).s),
        0};
    lg_event event = honest(r, &check);
    assert_true(event.registered && !event.financed);
    event.registered = false;
    found(r, &check, &event, "registered is false; by the rules it had to be true");
    event.registered = event.financed = true;
    found(r, &check, &event, "financed is true");
    event = honest(r, &check);
    event.creditor_id = tier2.id.uuid;
    found(r, &check, &event, "creditor_id is ");
    event = honest(r, &check);
    found(r, &(signed_act){&r->buyer, LG_CMD_INVOICE_CHECK, {{0}}, check.payload, 0}, &event,
          "the role lender");
}

/* ---- financing ---- */

static const char offer_terms[] =
    "\"kind\":\"pledge\",\"recourse\":true,\"advance_rate_ppm\":800000,\"annual_rate_ppm\":45000,"
    "\"day_count\":360,\"disburse_within_minutes\":60,\"valid_until\":\"2999-01-01T00:00:00Z\"";

static lg_uuid asked(rig *r, const lg_claim *claim)
{
    OK(act_as(r, &r->supplier, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
              lg_arena_printf(r->arena, "{\"claims\":[\"%s\"],\"lenders\":[\"%s\"],\"pay_to\":\"DE02\"}",
                              text_of(r, claim->id.uuid), lender.id_text)));
    return r->outcome.results[0].request->id.uuid;
}

static void requests_and_offers(void **state)
{
    rig *r = *state;
    const lg_time now = lg_now(), later = now + 8 * LG_TIME_PER_DAY;
    const lg_claim claim = confirmed(r);
    const signed_act ask = {
        &r->supplier,
        LG_CMD_FINANCING_REQUEST,
        {{0}},
        lg_arena_printf(r->arena, "{\"claims\":[\"%s\"],\"pay_to\":\"DE02\"}", text_of(r, claim.id.uuid)),
        now};
    lg_event event = honest(r, &ask);
    assert_true(event.valid_until == now + 7 * LG_TIME_PER_DAY);
    event.valid_until--;
    found(r, &ask, &event, "valid_until is ");
    const lg_uuid request = asked(r, &claim);
    const lg_event split = halved(r, &claim);
    found(r, &(signed_act){&r->supplier, LG_CMD_CLAIM_SPLIT, claim.id.uuid, halves, 0}, &split,
          "The claim is offered");
    allowed(r, &(signed_act){&r->supplier, LG_CMD_REQUEST_WITHDRAW, request, "{}", 0},
            LG_EV_REQUEST_WITHDRAWN);
    forbidden(r, &(signed_act){&lender, LG_CMD_REQUEST_WITHDRAW, request, "{}", 0}, LG_EV_REQUEST_WITHDRAWN,
              "Only who made a request");
    allowed(r, &(signed_act){&r->operator, LG_CMD_REQUEST_LAPSE, request, "{}", later}, LG_EV_REQUEST_LAPSED);
    forbidden(r, &(signed_act){&r->operator, LG_CMD_REQUEST_LAPSE, request, "{}", now}, LG_EV_REQUEST_LAPSED,
              "The request is open until");
    const char *terms =
        lg_arena_printf(r->arena, "{\"request\":\"%s\",%s}", text_of(r, request), offer_terms);
    const signed_act bid = {&lender, LG_CMD_OFFER_MAKE, {{0}}, terms, now};
    const lg_event offered = honest(r, &bid);
    event = offered;
    event.interest_minor--;
    found(r, &bid, &event, "interest_minor is ");
    event = offered;
    event.fee_minor++;
    found(r, &bid, &event, "fee_minor is 1; by the rules it had to be 0");
    event.interest_minor = event.fee_minor = INT64_MAX;
    found(r, &bid, &event, "interest and fee are not below the advance");
    event = offered;
    event.lender_id = other.id.uuid;
    found(r, &(signed_act){&other, LG_CMD_OFFER_MAKE, {{0}}, terms, now}, &event,
          "No request that you may see");
    found(r, &(signed_act){&lender, LG_CMD_OFFER_MAKE, {{0}}, terms, later}, &offered,
          "The request was open");
    OK(act_as(r, &lender, LG_CMD_OFFER_MAKE, "/v1/offers", terms));
    const lg_uuid offer = r->outcome.results[0].offers[0].id.uuid;
    allowed(r, &(signed_act){&lender, LG_CMD_OFFER_WITHDRAW, offer, "{}", 0}, LG_EV_OFFER_WITHDRAWN);
    forbidden(r, &(signed_act){&other, LG_CMD_OFFER_WITHDRAW, offer, "{}", 0}, LG_EV_OFFER_WITHDRAWN,
              "No offer that you may see");
    const signed_act accept = {&r->supplier, LG_CMD_OFFER_ACCEPT, offer, "{}", now};
    const lg_event accepted = honest(r, &accept);
    assert_true(accepted.disburse_by == now + 60 * LG_TIME_PER_MINUTE);
    event = accepted;
    event.disburse_by += LG_TIME_PER_MINUTE;
    found(r, &accept, &event, "disburse_by is ");
    found(r, &(signed_act){&lender, LG_CMD_OFFER_ACCEPT, offer, "{}", now}, &accepted,
          "the offer was not made to the signer");
    found(r, &(signed_act){&r->supplier, LG_CMD_OFFER_ACCEPT, offer, "{}", later}, &accepted,
          "the rules did not allow this");
}

static void financings(void **state)
{
    rig *r = *state;
    const lg_time now = lg_now(), later = now + 2 * 60 * LG_TIME_PER_MINUTE;
    const lg_claim claim = confirmed(r);
    const lg_uuid request = asked(r, &claim);
    OK(act_as(r, &lender, LG_CMD_OFFER_MAKE, "/v1/offers",
              lg_arena_printf(r->arena, "{\"request\":\"%s\",%s}", text_of(r, request), offer_terms)));
    const char *offer = text_of(r, r->outcome.results[0].offers[0].id.uuid);
    OK(act_as(r, &r->supplier, LG_CMD_OFFER_ACCEPT, lg_arena_printf(r->arena, "/v1/offers/%s/accept", offer),
              "{}"));
    const lg_uuid id = r->outcome.results[0].financing->id.uuid;
    const char *paid = "{\"bank_reference\":\"B-1\"}";
    const signed_act pay_out = {&bank, LG_CMD_FINANCING_DISBURSE, id, paid, now};
    const lg_event disbursed = honest(r, &pay_out);
    allowed(r, &(signed_act){&lender, LG_CMD_FINANCING_DISBURSE, id, paid, now}, LG_EV_FINANCING_DISBURSED);
    found(r, &(signed_act){&r->supplier, LG_CMD_FINANCING_DISBURSE, id, paid, now}, &disbursed,
          "Only the financing's lender");
    found(r, &(signed_act){&r->operator, LG_CMD_FINANCING_DISBURSE, id, paid, now}, &disbursed,
          "No financing that you may see");
    found(r, &(signed_act){&bank, LG_CMD_FINANCING_DISBURSE, id, paid, later}, &disbursed,
          "It had to be disbursed by");
    assert_int_equal(disbursed.part_count, 1);
    lg_event partless = disbursed;
    partless.part_count = 0;
    found(r, &pay_out, &partless, "the parts are not the financing's claims");
    forbidden(r, &(signed_act){&r->supplier, LG_CMD_FINANCING_CANCEL, id, "{}", now},
              LG_EV_FINANCING_CANCELLED, "Only the financing's lender");
    forbidden(r, &(signed_act){&r->operator, LG_CMD_FINANCING_LAPSE, id, "{}", now}, LG_EV_FINANCING_LAPSED,
              "It may be disbursed until");
    allowed(r, &(signed_act){&r->operator, LG_CMD_FINANCING_LAPSE, id, "{}", later}, LG_EV_FINANCING_LAPSED);
    OK(act_as(r, &lender, LG_CMD_FINANCING_DISBURSE,
              lg_arena_printf(r->arena, "/v1/financings/%s/disburse", text_of(r, id)), paid));
    const lg_event split = halved(r, &claim);
    found(r, &(signed_act){&r->supplier, LG_CMD_CLAIM_SPLIT, claim.id.uuid, halves, 0}, &split,
          "The claim is pledged");
    forbidden(r, &(signed_act){&lender, LG_CMD_FINANCING_CANCEL, id, "{}", now}, LG_EV_FINANCING_CANCELLED,
              "The financing is disbursed");
    allowed(r, &(signed_act){&lender, LG_CMD_FINANCING_RELEASE, id, "{}", now}, LG_EV_FINANCING_RELEASED);
    const lg_event released = honest(r, &(signed_act){&lender, LG_CMD_FINANCING_RELEASE, id, "{}", now});
    found(r, &(signed_act){&r->supplier, LG_CMD_FINANCING_RELEASE, id, "{}", now}, &released,
          "Only the financing's lender");
    forbidden(r, &(signed_act){&lender, LG_CMD_FINANCING_RECOURSE, id, "{}", now}, LG_EV_FINANCING_RECOURSE,
              "No claim of this financing is overdue");
}

static const char program_terms[] =
    "{\"name\":\"P\",\"kind\":\"sale\",\"recourse\":false,\"currency\":\"CNY\",\"debtors\":[],"
    "\"tenor_max_days\":180,\"amount_min\":\"1.00\",\"amount_max\":\"9000.00\",\"advance_rate_ppm\":%d,"
    "\"annual_rate_ppm\":45000,\"day_count\":360,\"total_limit\":\"9000.00\","
    "\"valid_until\":\"2999-01-01T00:00:00Z\"}";

/* Offers at once: as many as the programs make, in their order, at their price. */
static void programs(void **state)
{
    rig *r = *state;
    const lg_claim claim = confirmed(r);
    const char *first = lg_arena_printf(r->arena, program_terms, 800000),
               *second = lg_arena_printf(r->arena, program_terms, 700000);
    const lg_event opened = honest(r, &(signed_act){&lender, LG_CMD_PROGRAM_OPEN, {{0}}, first, 0});
    found(r, &(signed_act){&r->operator, LG_CMD_PROGRAM_OPEN, {{0}}, first, 0}, &opened, "the role lender");
    OK(act_as(r, &lender, LG_CMD_PROGRAM_OPEN, "/v1/programs", first));
    OK(act_as(r, &other, LG_CMD_PROGRAM_OPEN, "/v1/programs", second));
    const lg_uuid program = r->outcome.results[0].program->id.uuid;
    allowed(r, &(signed_act){&other, LG_CMD_PROGRAM_CLOSE, program, "{}", 0}, LG_EV_PROGRAM_CLOSED);
    forbidden(r, &(signed_act){&lender, LG_CMD_PROGRAM_CLOSE, program, "{}", 0}, LG_EV_PROGRAM_CLOSED,
              "Only its lender");
    lg_trial trial =
        on_trial(r, &(signed_act){&r->supplier,
                                  LG_CMD_FINANCING_REQUEST,
                                  {{0}},
                                  lg_arena_printf(r->arena, "{\"claims\":[\"%s\"],\"pay_to\":\"DE02\"}",
                                                  text_of(r, claim.id.uuid)),
                                  0});
    const lg_event none = {.type = LG_EV_COUNT};
    assert_non_null(lg_trial_contradiction(&trial, &none, 0));
    assert_true(!trial.refusal && trial.count == 3);
    const lg_event request = trial.events[0], cheap = trial.events[1], dear = trial.events[2];
    assert_true(cheap.advance_minor == 7000 && dear.advance_minor == 8000);
    assert_true(lg_uuid_equal(cheap.lender_id, other.id.uuid));
    assert_string_equal(lg_trial_contradiction(&trial, &request, 0),
                        "the command caused 1 entries; by the rules it causes 3");
    trial.entry_count = 3;
    assert_null(lg_trial_contradiction(&trial, &request, 0));
    lg_event event = cheap;
    assert_null(lg_trial_contradiction(&trial, &event, 1));
    assert_non_null(strstr(lg_trial_contradiction(&trial, &dear, 1), "lender_id is "));
    event.interest_minor--;
    assert_non_null(strstr(lg_trial_contradiction(&trial, &event, 1), "interest_minor is "));
    event = cheap;
    event.request_id = claim.id.uuid;
    assert_non_null(strstr(lg_trial_contradiction(&trial, &event, 1), "request_id is "));
    event = cheap;
    event.valid_until++;
    assert_non_null(strstr(lg_trial_contradiction(&trial, &event, 1), "valid_until is "));
}

/* ---- payments, proposals, webhooks ---- */

static void payments_and_proposals(void **state)
{
    rig *r = *state;
    const lg_time now = lg_now();
    const lg_claim claim = confirmed(r);
    const char *id = text_of(r, claim.id.uuid);
    const char *payload =
        lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"amount\":\"10.00\",\"bank_reference\":\"FT-1\"}", id);
    const signed_act pay = {&r->buyer, LG_CMD_PAYMENT_RECORD, {{0}}, payload, now};
    lg_event event = honest(r, &pay);
    assert_true(event.paid_day == lg_day_of(now));
    event.paid_day--;
    found(r, &pay, &event, "paid_on is ");
    event = honest(r, &(signed_act){&bank, LG_CMD_PAYMENT_RECORD, {{0}}, payload, now});
    found(r, &(signed_act){&r->supplier, LG_CMD_PAYMENT_RECORD, {{0}}, payload, now}, &event,
          "neither the claim's debtor nor a bank");
    OK(act_as(r, &bank, LG_CMD_PAYMENT_RECORD, "/v1/payments", payload));
    found(r, &(signed_act){&bank, LG_CMD_PAYMENT_RECORD, {{0}}, payload, now}, &event,
          "with the bank reference FT-1 already"); /* another state */
    const lg_uuid payment = r->outcome.results[0].payment->id.uuid;
    const lg_event back = {.type = LG_EV_PAYMENT_REVERSED, .payment_id = payment, .reason = "bounced"};
    const char *reason = "{\"reason\":\"bounced\"}";
    assert_null(complaint(r, &(signed_act){&bank, LG_CMD_PAYMENT_REVERSE, payment, reason, 0}, &back));
    found(r, &(signed_act){&r->supplier, LG_CMD_PAYMENT_REVERSE, payment, reason, 0}, &back,
          "Only who recorded a payment");
    found(r, &(signed_act){&tier2, LG_CMD_PAYMENT_REVERSE, payment, reason, 0}, &back,
          "No payment that you may");

    payload =
        lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"kind\":\"credit_note\",\"amount\":\"5.00\"}", id);
    const signed_act propose = {&r->supplier, LG_CMD_PROPOSAL_MAKE, {{0}}, payload, now};
    event = honest(r, &propose);
    assert_true(event.expires_at == now + 14 * LG_TIME_PER_DAY);
    event.expires_at++;
    found(r, &propose, &event, "expires_at is ");
    found(r, &(signed_act){&tier2, LG_CMD_PROPOSAL_MAKE, {{0}}, payload, now}, &event,
          "No claim that you may");
    OK(act_as(r, &r->supplier, LG_CMD_PROPOSAL_MAKE, "/v1/proposals", payload));
    const lg_uuid proposal = r->outcome.results[0].proposal->id.uuid;
    const signed_act sign = {&r->buyer, LG_CMD_PROPOSAL_ACCEPT, proposal, "{}", now};
    const lg_event signature = {.type = LG_EV_PROPOSAL_ACCEPTED, .proposal_id = proposal};
    found(r, &sign, &signature, "the command caused 1 entries; by the rules it causes 2");
    allowed(r, &sign, LG_EV_PROPOSAL_ACCEPTED);
    forbidden(r, &(signed_act){&r->operator, LG_CMD_PROPOSAL_ACCEPT, proposal, "{}", now},
              LG_EV_PROPOSAL_ACCEPTED, "No proposal for you to sign");
    forbidden(r, &(signed_act){&r->supplier, LG_CMD_PROPOSAL_ACCEPT, proposal, "{}", now},
              LG_EV_PROPOSAL_ACCEPTED, "You signed it at");
    forbidden(r,
              &(signed_act){&r->buyer, LG_CMD_PROPOSAL_DECLINE, proposal, "{}", now + 15 * LG_TIME_PER_DAY},
              LG_EV_PROPOSAL_DECLINED, "The proposal expired");
}

static void administration(void **state)
{
    rig *r = *state;
    OK(act_as(r, &lender, LG_CMD_WEBHOOK_REGISTER, "/v1/webhooks",
              "{\"url\":\"https://lender.example.com/hook\",\"events\":[]}"));
    const lg_uuid hook = r->outcome.results[0].webhook.id.uuid;
    const signed_act rotate = {&lender, LG_CMD_WEBHOOK_ROTATE, hook, "{}", 0};
    lg_event event = honest(r, &rotate);
    assert_int_equal(event.generation, 2);
    event.generation = 1;
    found(r, &rotate, &event, "generation is 1; by the rules it had to be 2");
    forbidden(r, &(signed_act){&r->operator, LG_CMD_WEBHOOK_REMOVE, hook, "{}", 0}, LG_EV_WEBHOOK_REMOVED,
              "No webhook of yours");
    event = (lg_event){.type = LG_EV_PARTICIPANT_STATUS_CHANGED,
                       .participant_id = lender.id.uuid,
                       .suspended = true,
                       .reason = "x"};
    const lg_uuid whom = lender.id.uuid;
    assert_null(complaint(
        r, &(signed_act){&r->operator, LG_CMD_PARTICIPANT_SUSPEND, whom, "{\"reason\":\"x\"}", 0}, &event));
    found(r, &(signed_act){&other, LG_CMD_PARTICIPANT_SUSPEND, whom, "{\"reason\":\"x\"}", 0}, &event,
          "the role operator");
    lg_signing_key *key = lg_signing_key_new();
    const char *payload = lg_arena_printf(r->arena, "{\"public_key\":\"%s\"}", rig_public_text(r, key));
    lg_signing_key_close(key);
    event = honest(r, &(signed_act){&lender, LG_CMD_KEY_ADD, whom, payload, 0});
    found(r, &(signed_act){&other, LG_CMD_KEY_ADD, whom, payload, 0}, &event,
          "Only the participant itself or the operator");
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables", fresh_invoice(r)));
    const lg_uuid receivable = r->outcome.results[0].receivable.id.uuid;
    const signed_act confirm = {&r->buyer, LG_CMD_CONFIRM, receivable, "{}", 0};
    event = honest(r, &confirm);
    assert_int_equal(event.type, LG_EV_CLAIM_ACCEPTED);
    found(r, &(signed_act){&r->operator, LG_CMD_CONFIRM, receivable, "{}", 0}, &event, "Only the debtor");
    found(r, &(signed_act){&r->buyer, LG_CMD_CONFIRM, receivable, "{}", lg_now() + 99 * LG_TIME_PER_DAY},
          &event, "The deadline was");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up_all, tear_down_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(only_who_is_entitled),
        STORY(locks_bind_those_who_set_them),
        STORY(time_is_not_the_operators),
        STORY(a_watch_is_raised_when_it_must_be),
        STORY(disclosures_are_the_holders),
        STORY(requests_and_offers),
        STORY(financings),
        STORY(programs),
        STORY(payments_and_proposals),
        STORY(administration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
