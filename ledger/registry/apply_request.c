/* Projections of events on financing requests and offers. */
#include "ledger/registry/financing.h"

#include <string.h>

/* ---- requests ---- */

/* The claims are offered; those who were asked see what the holder discloses of them. */
static lg_err offer_claims(const lg_apply *apply, const lg_event *event, const lg_request *request,
                           const lg_participant_no *lenders, size_t lender_count, lg_financed_claim *links)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < event->part_count && !err; i++) {
        lg_claim claim;
        err = lg_apply_claim_of(apply, event->parts[i].claim_id, &claim);
        if (err)
            return err;
        links[i] =
            (lg_financed_claim){.claim = claim.no, .id = claim.id, .amount_minor = claim.outstanding_minor};
        claim.encumbrance = LG_OFFERED;
        claim.request = request->no;
        err = lg_apply_claim_change(apply, &claim);
        lg_claim_view view = {
            .claim = claim.no,
            .source_no = request->no.v,
            .fields = request->fields,
            .valid_until = request->valid_until,
        };
        if (!err && request->any_lender)
            err = lg_claim_view_insert(apply->db, &view);
        for (size_t k = 0; k < lender_count && !err; k++) {
            view.participant = lenders[k];
            err = lg_claim_view_insert(apply->db, &view);
        }
    }
    return err;
}

static lg_err read_wishes(const lg_event *event, lg_request *row)
{
    lg_financing_kind kind;
    row->kind = row->recourse = LG_EITHER;
    if (event->kind && !lg_financing_kind_parse(event->kind, &kind))
        return LG_CORRUPT;
    if (event->kind)
        row->kind = (int)kind;
    if (event->recourse_wanted)
        row->recourse = strcmp(event->recourse_wanted, "true") == 0;
    return lg_apply_fields(event, &row->fields);
}

/* They learn which request it is. From the entry none may learn who else was asked, nor more of the claims
 * than the holder discloses: they read the request. */
static lg_err tell_lenders(const lg_apply *apply, const lg_participant_no *lenders, size_t count)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < count && !err; i++)
        err = lg_entry_party_insert(apply->db, apply->seq, lenders[i], LG_SHARE_REQUEST);
    return err;
}

static lg_err make_request(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_request *row = lg_arena_alloc(apply->arena, sizeof *row);
    lg_financed_claim *links = lg_arena_array(apply->arena, event->part_count + 1, sizeof *links);
    lg_participant_no *lenders;
    size_t lender_count;
    *row = (lg_request){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->request_id},
        .currency = event->currency,
        .total_minor = event->amount_minor,
        .any_lender = event->lenders == NULL,
        .pay_to = event->pay_to,
        .note = event->note,
        .status = LG_REQUEST_OPEN,
        .valid_until = event->valid_until,
        .requested_at = apply->at,
        .last_seq = apply->seq,
    };
    result->request = row;
    /* Programs may add to them. */
    result->offers = lg_arena_array(apply->arena, LG_OFFERS_AT_ONCE, sizeof *result->offers);
    lg_err err = read_wishes(event, row);
    if (!err)
        err = lg_apply_number_of(apply, &event->by, &row->holder);
    if (!err)
        err = lg_apply_ids(apply, event->lenders, &lenders, &lender_count);
    if (!err)
        err = offer_claims(apply, event, row, lenders, lender_count, links);
    if (!err)
        err = lg_request_insert(apply->db, row, links, event->part_count, lenders, lender_count);
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    if (!err)
        err = lg_apply_party(apply, row->holder);
    return err ? err : tell_lenders(apply, lenders, lender_count);
}

/* Every open offer lapses, and its lender hears of it; so does who withdrew one before. */
static lg_err end_offers(const lg_apply *apply, const lg_request *request)
{
    lg_offer *offers;
    size_t count = 0;
    lg_err err =
        lg_offer_on_request(apply->db, request->no, (lg_participant_no){0}, apply->arena, &offers, &count);
    for (size_t i = 0; i < count && !err; i++) {
        if (offers[i].status == LG_OFFER_OPEN)
            err = lg_history_insert(apply->db, offers[i].no.v, apply->seq);
        if (!err)
            err = tell_lenders(apply, &offers[i].lender, 1);
    }
    return err ? err : lg_offer_lapse(apply->db, request->no, apply->seq);
}

lg_err lg_apply_request_end(const lg_apply *apply, const lg_request *request, lg_request_status status)
{
    lg_participant_no *lenders;
    size_t count;
    lg_err err = lg_request_end(apply->db, request->no, status, apply->seq);
    if (!err)
        err = end_offers(apply, request);
    if (!err)
        err = lg_claim_view_delete(apply->db, request->no.v);
    if (!err)
        err = lg_history_insert(apply->db, request->no.v, apply->seq);
    if (!err)
        err = lg_request_lenders(apply->db, request->no, apply->arena, &lenders, &count);
    return err ? err : tell_lenders(apply, lenders, count);
}

static lg_err end_request(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_request *row = lg_arena_alloc(apply->arena, sizeof *row);
    lg_claim *claims;
    size_t count = 0;
    result->request = row;
    lg_err err = lg_request_by_id(apply->db, (lg_request_id){event->request_id}, apply->arena, row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row->status = event->type == LG_EV_REQUEST_LAPSED ? LG_REQUEST_LAPSED : LG_REQUEST_WITHDRAWN;
    row->last_seq = apply->seq;
    err = lg_apply_request_end(apply, row, row->status);
    if (!err)
        err = lg_request_load_claims(apply->db, apply->arena, row->no, &claims, &count);
    for (size_t i = 0; i < count && !err; i++) {
        claims[i].encumbrance = LG_FREE;
        claims[i].request = (lg_request_no){0};
        err = lg_apply_claim_change(apply, &claims[i]);
    }
    return err ? err : lg_apply_party(apply, row->holder);
}

lg_err lg_apply_request_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    return event->type == LG_EV_FINANCING_REQUESTED ? make_request(apply, event, result)
                                                    : end_request(apply, event, result);
}

/* ---- offers ---- */

static lg_err find_program(const lg_apply *apply, const lg_event *event, lg_program_no *out)
{
    lg_program program;
    if (lg_uuid_is_nil(event->program_id))
        return LG_OK;
    lg_err err = lg_program_by_id(apply->db, (lg_program_id){event->program_id}, apply->arena, &program);
    if (!err)
        *out = program.no;
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err make_offer(const lg_apply *apply, const lg_event *event, lg_offer *row, lg_request *request)
{
    *row = (lg_offer){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->offer_id},
        .advance_minor = event->advance_minor,
        .interest_minor = event->interest_minor,
        .fee_minor = event->fee_minor,
        .valid_until = event->valid_until,
        .status = LG_OFFER_OPEN,
        .offered_at = apply->at,
        .last_seq = apply->seq,
    };
    lg_err err = lg_apply_terms(event, &row->terms);
    if (err)
        return err;
    err = lg_request_by_id(apply->db, (lg_request_id){event->request_id}, apply->arena, request);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row->request = request->no;
    err = lg_apply_number_of(apply, &event->lender_id, &row->lender);
    if (!err)
        err = find_program(apply, event, &row->program);
    if (!err)
        err = lg_offer_insert(apply->db, row);
    return err ? err : lg_history_insert(apply->db, request->no.v, apply->seq);
}

static lg_err withdraw_offer(const lg_apply *apply, const lg_event *event, lg_offer *row, lg_request *request)
{
    lg_err err = lg_offer_by_id(apply->db, (lg_offer_id){event->offer_id}, apply->arena, row);
    if (!err)
        err = lg_request_get(apply->db, row->request, apply->arena, request);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row->status = LG_OFFER_WITHDRAWN;
    row->last_seq = apply->seq;
    return lg_offer_end(apply->db, row->no, row->status, apply->seq);
}

lg_err lg_apply_offer_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_request request;
    if (!result->offers)
        result->offers = lg_arena_array(apply->arena, 1, sizeof *result->offers);
    else if (result->offer_count == LG_OFFERS_AT_ONCE)
        return LG_CORRUPT;
    lg_offer *row = &result->offers[result->offer_count++];
    lg_err err = event->type == LG_EV_OFFER_MADE ? make_offer(apply, event, row, &request)
                                                 : withdraw_offer(apply, event, row, &request);
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    if (!err)
        err = lg_apply_party(apply, request.holder);
    return err ? err : lg_apply_party(apply, row->lender);
}
