/* Does an event on programs, requests, offers or financings say what the signed command asked? For the audit.
 */
#include "ledger/registry/financing.h"

#include "ledger/base/text.h"

static bool same_kind(const char *text, lg_financing_kind kind)
{
    return lg_text_equal(text, lg_financing_kind_name(kind));
}

static bool same_terms(const lg_terms *terms, const lg_event *e)
{
    return same_kind(e->kind, terms->kind) && terms->recourse == e->recourse &&
           terms->advance_rate_ppm == e->advance_rate_ppm && terms->annual_rate_ppm == e->annual_rate_ppm &&
           terms->day_count == e->day_count && terms->disburse_within_minutes == e->disburse_within_minutes;
}

static const char *match_program(lg_arena *arena, const lg_command *c, const lg_event *e)
{
    const lg_financing_payload *p = c->financing;
    int64_t debtor_limit = e->debtor_limit_minor == LG_ABSENT ? 0 : e->debtor_limit_minor;
    if (!lg_text_equal(c->name, e->name) || !lg_currency_equal(c->currency, e->currency) ||
        !lg_text_equal(lg_ids_json(arena, p->debtors, p->debtor_count), e->debtors))
        return "the program's name, currency or debtors are not what was signed";
    if (!same_terms(&p->terms, e) || p->fee.fixed_minor != e->fee_minor || p->fee.rate_ppm != e->fee_rate_ppm)
        return "the program's terms are not what was signed";
    if (p->tenor_min_days != e->tenor_min_days || p->tenor_max_days != e->tenor_max_days ||
        p->amount_min_minor != e->amount_min_minor || p->amount_max_minor != e->amount_max_minor ||
        p->total_limit_minor != e->total_limit_minor || p->debtor_limit_minor != debtor_limit ||
        c->valid_until != e->valid_until || p->offer_valid_minutes != e->offer_valid_minutes)
        return "the program's limits are not what was signed";
    return NULL;
}

/* Claims and amounts of a request. */
static const char *match_request_claims(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    const lg_financing_payload *p = c->financing;
    int64_t total = 0;
    if (e->part_count != p->claim_count)
        return "the claims are not those that were signed";
    for (size_t i = 0; i < p->claim_count; i++) {
        lg_claim claim;
        if (!lg_uuid_equal(e->parts[i].claim_id, p->claims[i].uuid) ||
            lg_claim_by_id(db, p->claims[i], arena, &claim) != LG_OK)
            return "the claims are not those that were signed";
        if (claim.holder.v != c->signers[0].no.v)
            return "a claim is not the signer's";
        if (claim.outstanding_minor != e->parts[i].amount_minor ||
            !lg_currency_equal(claim.currency, e->currency) ||
            !lg_amount_add(total, claim.outstanding_minor, &total))
            return "an amount is not what is outstanding";
    }
    return total == e->amount_minor ? NULL : "total_minor is not the sum of what is outstanding";
}

static const char *match_request(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    const lg_financing_payload *p = c->financing;
    const char *kind = p->kind == LG_EITHER ? NULL : lg_financing_kind_name((lg_financing_kind)p->kind);
    const char *recourse = p->recourse == LG_EITHER ? NULL : p->recourse ? "true" : "false";
    if (!lg_text_equal(kind, e->kind) || !lg_text_equal(recourse, e->recourse_wanted) ||
        !lg_text_equal(p->lender_count ? lg_ids_json(arena, p->lenders, p->lender_count) : NULL, e->lenders))
        return "the lenders, or what is asked of them, are not what was signed";
    if (!lg_text_equal(p->pay_to, e->pay_to) || !lg_text_equal(lg_fields_json(arena, p->fields), e->fields) ||
        (c->valid_until && c->valid_until != e->valid_until) || !lg_text_equal(c->note, e->note))
        return "pay_to, fields, valid_until or the note is not what was signed";
    return match_request_claims(db, arena, c, e);
}

/* Whoever wrote them, the amounts may be anything. */
static bool net_of(int64_t advance, int64_t interest, int64_t fee, int64_t *net)
{
    return interest >= 0 && fee >= 0 && lg_amount_sub(advance, interest, net) &&
           lg_amount_sub(*net, fee, net);
}

/* The advance follows from the terms and what is outstanding; interest and fee rest on the day, and cannot
 * exceed it. */
static const char *match_price(lg_db *db, lg_arena *arena, const lg_request *request, const lg_event *e)
{
    lg_claim *claims;
    size_t count;
    int64_t advance = 0, net;
    if (lg_request_load_claims(db, arena, request->no, &claims, &count) != LG_OK)
        return "the request's claims cannot be read";
    for (size_t i = 0; i < count; i++)
        if (!lg_amount_add(advance, lg_part_floor(claims[i].outstanding_minor, e->advance_rate_ppm),
                           &advance))
            return "the advance is beyond any amount";
    if (advance != e->advance_minor)
        return "the advance does not follow from the rate and what is outstanding";
    return net_of(advance, e->interest_minor, e->fee_minor, &net) && net > 0
               ? NULL
               : "interest and fee are not below the advance";
}

/* By a program: its terms, its lender. By hand: what was signed. */
static const char *match_offer(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    lg_request request;
    if (lg_request_by_id(db, (lg_request_id){e->request_id}, arena, &request) != LG_OK)
        return "the request does not exist";
    if (!lg_currency_equal(request.currency, e->currency))
        return "the currency is not the request's";
    if (c->type == LG_CMD_OFFER_MAKE) {
        if (!lg_uuid_equal(e->lender_id, c->signers[0].id.uuid) || !lg_uuid_is_nil(e->program_id) ||
            !lg_uuid_equal(e->request_id, c->financing->request.uuid) ||
            !same_terms(&c->financing->terms, e) || c->valid_until != e->valid_until)
            return "the offer is not what was signed";
        return match_price(db, arena, &request, e);
    }
    lg_program program;
    lg_participant_id lender;
    if (request.holder.v != c->signers[0].no.v)
        return "the offer is on another's request";
    if (lg_program_by_id(db, (lg_program_id){e->program_id}, arena, &program) != LG_OK ||
        lg_participant_id_of(db, program.lender, &lender) != LG_OK)
        return "the program does not exist";
    if (!lg_uuid_equal(e->lender_id, lender.uuid) || !same_terms(&program.terms, e) || program.closed_at)
        return "the offer does not follow from an open program";
    return match_price(db, arena, &request, e);
}

static const char *match_accepted_claims(lg_db *db, lg_arena *arena, const lg_offer *offer, const lg_event *e)
{
    lg_claim *claims;
    size_t count;
    int64_t advance = 0;
    if (lg_request_load_claims(db, arena, offer->request, &claims, &count) != LG_OK || count != e->part_count)
        return "the claims are not the request's";
    for (size_t i = 0; i < count; i++) {
        if (!lg_uuid_equal(claims[i].id.uuid, e->parts[i].claim_id))
            return "the claims are not the request's";
        if (e->parts[i].amount_minor !=
            lg_part_floor(claims[i].outstanding_minor, offer->terms.advance_rate_ppm))
            return "a claim's advance does not follow from what is outstanding";
        if (!lg_amount_add(advance, e->parts[i].amount_minor, &advance))
            return "the advance is beyond any amount";
    }
    return advance == offer->advance_minor ? NULL : "the claims' advances are not the offer's";
}

static const char *match_acceptance(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    lg_offer offer;
    lg_request request;
    lg_participant_id lender;
    lg_program program = {.no = {0}};
    if (!lg_uuid_equal(e->offer_id, c->subject) ||
        lg_offer_by_id(db, (lg_offer_id){e->offer_id}, arena, &offer) != LG_OK ||
        lg_request_get(db, offer.request, arena, &request) != LG_OK ||
        lg_participant_id_of(db, offer.lender, &lender) != LG_OK ||
        (offer.program.v && lg_program_get(db, offer.program, arena, &program) != LG_OK))
        return "the accepted offer is not the one that was signed";
    if (request.holder.v != c->signers[0].no.v)
        return "the offer was not made to the signer";
    if (!lg_uuid_equal(e->request_id, request.id.uuid) || !lg_uuid_equal(e->lender_id, lender.uuid) ||
        !lg_uuid_equal(e->program_id, program.id.uuid) || !same_kind(e->kind, offer.terms.kind) ||
        e->recourse != offer.terms.recourse || !lg_text_equal(e->pay_to, request.pay_to) ||
        !lg_currency_equal(e->currency, request.currency))
        return "the financing is not what was offered";
    int64_t net;
    if (e->advance_minor != offer.advance_minor || e->interest_minor != offer.interest_minor ||
        e->fee_minor != offer.fee_minor ||
        !net_of(offer.advance_minor, offer.interest_minor, offer.fee_minor, &net) || e->net_minor != net)
        return "an amount is not what was offered";
    return match_accepted_claims(db, arena, &offer, e);
}

/* The claims of the financing, and no others; to whom each is payable then is no choice of the registry's. */
static const char *match_parts(lg_db *db, lg_arena *arena, const lg_event *e)
{
    lg_financing row;
    lg_event_part *parts;
    size_t count;
    if (lg_financing_by_id(db, (lg_financing_id){e->financing_id}, arena, &row) != LG_OK ||
        lg_financing_parts(db, arena, &row, e->type, &parts, &count) != LG_OK)
        return "the financing's claims cannot be read";
    bool same = e->part_count == count;
    for (size_t i = 0; i < count && same; i++)
        same = lg_uuid_equal(e->parts[i].claim_id, parts[i].claim_id) &&
               lg_uuid_equal(e->parts[i].participant_id, parts[i].participant_id) &&
               e->parts[i].amount_minor == parts[i].amount_minor;
    return same ? NULL
                : "the parts are not the financing's claims, what is outstanding, and whom their debtors pay";
}

static const char *match_financing(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    const lg_financing_payload *p = c->financing;
    if (!lg_uuid_equal(e->financing_id, c->subject))
        return "another financing was changed than was signed";
    if (!lg_text_equal(p->bank_reference, e->bank_reference) ||
        !lg_text_equal(p->registration_number, e->registration_number) || !lg_text_equal(c->note, e->note))
        return "a reference or the note is not what was signed";
    return e->type == LG_EV_FINANCING_DISBURSED || e->type == LG_EV_FINANCING_RELEASED ||
                   e->type == LG_EV_FINANCING_REPURCHASED
               ? match_parts(db, arena, e)
               : NULL;
}

const char *lg_match_financing_event(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    switch ((int)e->type) {
    case LG_EV_PROGRAM_OPENED:
        return match_program(arena, c, e);
    case LG_EV_PROGRAM_CLOSED:
        return lg_uuid_equal(e->program_id, c->subject) ? NULL : "another program was closed than was signed";
    case LG_EV_FINANCING_REQUESTED:
        return match_request(db, arena, c, e);
    case LG_EV_REQUEST_WITHDRAWN:
    case LG_EV_REQUEST_LAPSED:
        return lg_uuid_equal(e->request_id, c->subject) ? NULL : "another request ended than was signed";
    case LG_EV_OFFER_MADE:
        return match_offer(db, arena, c, e);
    case LG_EV_OFFER_WITHDRAWN:
        return lg_uuid_equal(e->offer_id, c->subject) ? NULL : "another offer was withdrawn than was signed";
    case LG_EV_FINANCING_ACCEPTED:
        return match_acceptance(db, arena, c, e);
    }
    return match_financing(db, arena, c, e);
}
