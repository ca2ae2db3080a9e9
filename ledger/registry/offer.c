/* Offers: what a lender would pay for the claims of a request, and the holder's acceptance of one. */
#include "ledger/registry/financing.h"

lg_event lg_offer_event(const lg_request *request, lg_uuid lender, lg_uuid program, const lg_terms *terms,
                        const lg_price *price, lg_time valid_until)
{
    return (lg_event){
        .type = LG_EV_OFFER_MADE,
        .offer_id = lg_uuid_new(),
        .request_id = request->id.uuid,
        .lender_id = lender,
        .program_id = program,
        .kind = lg_financing_kind_name(terms->kind),
        .recourse = terms->recourse,
        .currency = request->currency,
        .advance_rate_ppm = terms->advance_rate_ppm,
        .annual_rate_ppm = terms->annual_rate_ppm,
        .day_count = terms->day_count,
        .advance_minor = price->advance_minor,
        .interest_minor = price->interest_minor,
        .fee_minor = price->fee_minor,
        .valid_until = valid_until,
        .disburse_within_minutes = terms->disburse_within_minutes,
    };
}

/* ---- by hand ---- */

/* The request, if it asks the signer, who is a lender. */
static lg_err find_request(lg_act *act, lg_request *out)
{
    const lg_signer *signer = &act->command->signers[0];
    lg_err err = lg_request_by_id(act->db, act->command->financing->request, act->arena, out);
    bool asked = !err && (out->any_lender || out->holder.v == signer->no.v);
    if (!err && !asked)
        err = lg_request_names(act->db, out->no, signer->no, &asked);
    if (err == LG_NOT_FOUND || (!err && !asked))
        return lg_fail(act->report, LG_NOT_FOUND, "No request that you may see has this id.");
    if (!err && out->holder.v == signer->no.v)
        err = lg_fail(act->report, LG_NOT_PERMITTED, "Nobody makes an offer on its own request.");
    return err;
}

/* The type of a refusal says enough: a lender sees of a claim what was granted, and the sentences for its
 * parties name the order or the dispute that hinders. */
static lg_err tell_no_more(lg_act *act, lg_err err)
{
    if (err == LG_WRONG_STATE)
        return lg_fail(act->report, err, "Nothing is owed any more on a claim of the request.");
    if (err == LG_CLAIM_LOCKED)
        return lg_fail(act->report, err, "A claim of the request is locked.");
    return err;
}

static lg_err check_claims(lg_act *act, const lg_claim *claims, size_t count)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < count && !err; i++)
        if (claims[i].debtor.v == act->command->signers[0].no.v)
            err = lg_fail(act->report, LG_NOT_PERMITTED, "Nobody finances its own debt.");
    for (size_t i = 0; i < count && !err; i++) {
        err = lg_require_live(act, &claims[i]);
        if (!err)
            err = lg_require_unlocked(act, &claims[i]);
    }
    return tell_no_more(act, err);
}

/* Where the request leaves no choice, the offer has none. */
static lg_err check_terms(lg_act *act, const lg_request *request)
{
    const lg_terms *terms = &act->command->financing->terms;
    if (request->kind != LG_EITHER && request->kind != (int)terms->kind)
        lg_fault_add(act->report, "contradiction", "/kind",
                     request->kind == LG_SALE ? LG_TEXT("The request asks for a sale.")
                                              : LG_TEXT("The request asks for a pledge."));
    if (request->recourse != LG_EITHER && request->recourse != (int)terms->recourse)
        lg_fault_add(act->report, "contradiction", "/recourse",
                     request->recourse ? LG_TEXT("The request asks for one with recourse.")
                                       : LG_TEXT("The request asks for one without recourse."));
    if (act->report->fault_count > 0)
        return lg_fail(act->report, LG_INVALID_FIELDS, "%s", act->report->first->detail);
    return LG_OK;
}

/* One lender cannot bury a request under offers. */
static lg_err check_count(lg_act *act, const lg_request *request)
{
    lg_offer *offers;
    size_t count, by_hand = 0;
    lg_err err =
        lg_offer_on_request(act->db, request->no, act->command->signers[0].no, act->arena, &offers, &count);
    for (size_t i = 0; i < count && !err; i++)
        by_hand += offers[i].program.v == 0;
    if (!err && by_hand >= LG_OFFERS_OF_LENDER)
        err = lg_fail(act->report, LG_LIMIT_EXCEEDED, "You made %d offers on this request; that is the most.",
                      LG_OFFERS_OF_LENDER);
    return err;
}

static lg_err price_offer(lg_act *act, const lg_request *request, const lg_claim *claims, size_t count,
                          lg_price *price)
{
    const lg_financing_payload *payload = act->command->financing;
    lg_fee fee = payload->fee;
    if (payload->fee_text &&
        lg_amount_parse(payload->fee_text, request->currency, &fee.fixed_minor) != LG_AMOUNT_OK) {
        lg_fault_add(act->report, "malformed_amount", "/fee_amount",
                     "fee_amount must be a decimal string with exactly %d decimals.",
                     lg_currency_scale(request->currency));
        return lg_fail(act->report, LG_INVALID_FIELDS, "fee_amount breaks a rule.");
    }
    if (!lg_price_terms(&payload->terms, &fee, lg_day_of(act->now),
                        lg_priced_claims(act->arena, claims, count), count, price))
        return lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE,
                       "After interest and fee nothing would be paid out.");
    return LG_OK;
}

static lg_err make_offer(lg_act *act)
{
    lg_request request;
    lg_claim *claims;
    lg_price price;
    size_t count;
    lg_err err = find_request(act, &request);
    if (!err && request.status != LG_REQUEST_OPEN)
        err = lg_fail(act->report, LG_WRONG_STATE, "The request is %s.",
                      lg_request_status_name(request.status));
    if (!err)
        err = lg_request_load_claims(act->db, act->arena, request.no, &claims, &count);
    if (!err)
        err = check_claims(act, claims, count);
    if (!err && act->now > request.valid_until)
        err = lg_fail(act->report, LG_PAST_DEADLINE, "The request was open until %s.",
                      lg_time_format(request.valid_until).s);
    if (!err)
        err = lg_require_future(act);
    if (!err)
        err = check_terms(act, &request);
    if (!err)
        err = price_offer(act, &request, claims, count, &price);
    if (!err)
        err = check_count(act, &request);
    if (err)
        return err;
    lg_event event = lg_offer_event(&request, act->command->signers[0].id.uuid, (lg_uuid){{0}},
                                    &act->command->financing->terms, &price, act->command->valid_until);
    return lg_act_record(act, &event);
}

/* ---- answers ---- */

/* The offer the path names and its request, if the signer is its lender or the holder. */
static lg_err find_offer(lg_act *act, lg_offer *offer, lg_request *request)
{
    int64_t signer = act->command->signers[0].no.v;
    lg_err err = lg_offer_by_id(act->db, (lg_offer_id){act->command->subject}, act->arena, offer);
    if (!err)
        err = lg_request_get(act->db, offer->request, act->arena, request);
    if (err == LG_NOT_FOUND || (!err && offer->lender.v != signer && request->holder.v != signer))
        return lg_fail(act->report, LG_NOT_FOUND, "No offer that you may see has this id.");
    return err;
}

static lg_err require_open(lg_act *act, const lg_offer *offer)
{
    if (offer->status == LG_OFFER_OPEN)
        return LG_OK;
    return lg_fail(act->report, LG_WRONG_STATE, "The offer is %s.", lg_offer_status_name(offer->status));
}

static lg_err withdraw(lg_act *act)
{
    lg_offer offer = {.no = {0}};
    lg_request request = {.no = {0}};
    lg_err err = find_offer(act, &offer, &request);
    if (!err && offer.lender.v != act->command->signers[0].no.v)
        err = lg_fail(act->report, LG_NOT_PERMITTED, "Only its lender may withdraw an offer.");
    if (!err)
        err = require_open(act, &offer);
    if (!err && offer.program.v)
        err = lg_fail(act->report, LG_WRONG_STATE, "The offer follows from a program, which binds until %s.",
                      lg_time_format(offer.valid_until).s);
    lg_event event = {.type = LG_EV_OFFER_WITHDRAWN, .offer_id = act->command->subject};
    return err ? err : lg_act_record(act, &event);
}

/* ---- acceptance ---- */

static lg_err check_sides(lg_act *act, const lg_offer *offer, const lg_request *request,
                          lg_participant *lender)
{
    if (request->holder.v != act->command->signers[0].no.v)
        return lg_fail(act->report, LG_NOT_PERMITTED, "Only who made the request may accept an offer on it.");
    lg_err err = lg_participant_get(act->db, offer->lender, act->arena, lender);
    if (!err && lender->suspended)
        err = lg_fail(act->report, LG_NOT_PERMITTED, "The lender is suspended.");
    if (!err)
        err = require_open(act, offer);
    if (!err && request->status != LG_REQUEST_OPEN)
        err = lg_fail(act->report, LG_WRONG_STATE, "The request is %s.",
                      lg_request_status_name(request->status));
    return err;
}

static lg_err check_offered(lg_act *act, const lg_request *request, const lg_claim *claim)
{
    lg_err err = lg_require_holder(act, claim);
    if (!err)
        err = lg_require_live(act, claim);
    if (!err)
        err = lg_require_unlocked(act, claim);
    if (!err && (claim->encumbrance != LG_OFFERED || claim->request.v != request->no.v))
        err = lg_fail(act->report, LG_CLAIM_ENCUMBERED, "The claim is %s, but not with this request.",
                      lg_encumbrance_name(claim->encumbrance));
    return err;
}

static lg_err check_times(lg_act *act, const lg_offer *offer, const lg_request *request,
                          const lg_claim *claims, size_t count)
{
    lg_time until = offer->valid_until < request->valid_until ? offer->valid_until : request->valid_until;
    if (act->now > until)
        return lg_fail(act->report, LG_PAST_DEADLINE, "It could be accepted until %s.",
                       lg_time_format(until).s);
    for (size_t i = 0; i < count; i++)
        if (lg_day_of(act->now) > claims[i].due_day)
            return lg_fail(act->report, LG_PAST_MATURITY, "The claim %s fell due on %s.",
                           lg_uuid_format(claims[i].id.uuid).s, lg_day_format(claims[i].due_day).s);
    return LG_OK;
}

/* The price was for what was outstanding when the offer was made. */
static lg_err check_unchanged(lg_act *act, const lg_offer *offer, const lg_claim *claim)
{
    lg_claim then;
    lg_err err = lg_claim_version(act->db, claim->no, lg_row_seq(offer->no.v), act->arena, &then);
    if (!err && then.outstanding_minor != claim->outstanding_minor)
        err = lg_fail(act->report, LG_WRONG_STATE,
                      "Of the claim %s %s %s was outstanding when the offer was made; now it is %s.",
                      lg_uuid_format(claim->id.uuid).s,
                      lg_amount_format(then.outstanding_minor, claim->currency).s, claim->currency.code,
                      lg_amount_format(claim->outstanding_minor, claim->currency).s);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err check_limits(lg_act *act, const lg_program *program, const lg_claim *claims,
                           const lg_priced *priced, size_t count)
{
    bool room;
    lg_err err = lg_program_has_room(act->db, program, claims, priced, count, &room);
    if (!err && !room)
        err = lg_fail(act->report, LG_LIMIT_EXCEEDED,
                      "The program's limits leave no room for this advance now.");
    return err;
}

static lg_err record_acceptance(lg_act *act, const lg_offer *offer, const lg_request *request,
                                const lg_participant *lender, const lg_program *program,
                                const lg_claim *claims, const lg_priced *priced, size_t count)
{
    lg_event_part *parts = lg_arena_array(act->arena, count, sizeof *parts);
    for (size_t i = 0; i < count; i++)
        parts[i] = (lg_event_part){claims[i].id.uuid, {{0}}, priced[i].advance_minor};
    lg_event event = {
        .type = LG_EV_FINANCING_ACCEPTED,
        .financing_id = lg_uuid_new(),
        .offer_id = offer->id.uuid,
        .request_id = request->id.uuid,
        .lender_id = lender->id.uuid,
        .program_id = program->id.uuid,
        .kind = lg_financing_kind_name(offer->terms.kind),
        .recourse = offer->terms.recourse,
        .currency = request->currency,
        .advance_minor = offer->advance_minor,
        .interest_minor = offer->interest_minor,
        .fee_minor = offer->fee_minor,
        .net_minor = offer->advance_minor - offer->interest_minor - offer->fee_minor,
        .pay_to = request->pay_to,
        .disburse_by = act->now + offer->terms.disburse_within_minutes * LG_TIME_PER_MINUTE,
        .parts = parts,
        .part_count = count,
    };
    return lg_act_record(act, &event);
}

static lg_err accept(lg_act *act)
{
    lg_offer offer = {.no = {0}};
    lg_request request = {.no = {0}};
    lg_participant lender;
    lg_program program = {.no = {0}};
    lg_claim *claims = NULL;
    size_t count = 0;
    lg_err err = find_offer(act, &offer, &request);
    if (!err)
        err = check_sides(act, &offer, &request, &lender);
    if (!err)
        err = lg_request_load_claims(act->db, act->arena, request.no, &claims, &count);
    for (size_t i = 0; i < count && !err; i++)
        err = check_offered(act, &request, &claims[i]);
    if (!err)
        err = check_times(act, &offer, &request, claims, count);
    for (size_t i = 0; i < count && !err; i++)
        err = check_unchanged(act, &offer, &claims[i]);
    if (err)
        return err;
    lg_priced *priced = lg_priced_claims(act->arena, claims, count);
    for (size_t i = 0; i < count; i++)
        priced[i].advance_minor = lg_part_floor(priced[i].outstanding_minor, offer.terms.advance_rate_ppm);
    if (offer.program.v)
        err = lg_program_get(act->db, offer.program, act->arena, &program);
    if (!err && offer.program.v)
        err = check_limits(act, &program, claims, priced, count);
    return err ? err : record_acceptance(act, &offer, &request, &lender, &program, claims, priced, count);
}

lg_err lg_do_offer_act(lg_act *act)
{
    if (act->command->type == LG_CMD_OFFER_ACCEPT)
        return accept(act);
    lg_err err = lg_require_role(act, LG_ROLE_LENDER);
    if (err)
        return err;
    return act->command->type == LG_CMD_OFFER_MAKE ? make_offer(act) : withdraw(act);
}
