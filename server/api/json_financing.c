/* Programs, requests, offers and financings as JSON: each as the one who asks may see it. */
#include "server/api/serve.h"

#include <stdlib.h>

/* A list of ids, as an open member's value. */
static lg_err list_participants(lg_buf *buf, lg_db *db, const lg_participant_no *rows, size_t count)
{
    lg_err err = LG_OK;
    lg_json_list(buf);
    for (size_t i = 0; i < count && !err; i++) {
        lg_participant_id id;
        err = json_related(lg_participant_id_of(db, rows[i], &id));
        if (!err)
            lg_json_str(buf, lg_uuid_format(id.uuid).s);
    }
    lg_json_end(buf);
    return err;
}

static lg_err put_program_of(lg_buf *buf, lg_db *db, lg_arena *arena, lg_program_no no)
{
    lg_program row = {.no = {0}};
    lg_err err = no.v ? json_related(lg_program_get(db, no, arena, &row)) : LG_OK;
    json_put_id(buf, "program", row.id.uuid);
    return err;
}

static void put_kind(lg_buf *buf, lg_financing_kind kind, bool recourse)
{
    lg_json_put_str(buf, "kind", lg_financing_kind_name(kind));
    lg_json_put_bool(buf, "recourse", recourse);
}

static void put_rates(lg_buf *buf, const lg_terms *terms)
{
    lg_json_put_int(buf, "advance_rate_ppm", terms->advance_rate_ppm);
    lg_json_put_int(buf, "annual_rate_ppm", terms->annual_rate_ppm);
    lg_json_put_int(buf, "day_count", terms->day_count);
}

static void put_price(lg_buf *buf, int64_t advance_minor, int64_t interest_minor, int64_t fee_minor,
                      lg_currency currency)
{
    lg_json_put_str(buf, "currency", currency.code);
    json_put_amount(buf, "advance_amount", advance_minor, currency);
    json_put_amount(buf, "interest_amount", interest_minor, currency);
    json_put_amount(buf, "fee_amount", fee_minor, currency);
    json_put_amount(buf, "net_amount", advance_minor - interest_minor - fee_minor, currency);
}

/* ---- programs ---- */

static void put_limits(lg_buf *buf, const lg_program *row)
{
    const lg_currency currency = row->currency;
    lg_json_put_str(buf, "currency", currency.code);
    lg_json_put_int(buf, "tenor_min_days", row->tenor_min_days);
    lg_json_put_int(buf, "tenor_max_days", row->tenor_max_days);
    json_put_amount(buf, "amount_min", row->amount_min_minor, currency);
    json_put_amount(buf, "amount_max", row->amount_max_minor, currency);
    put_rates(buf, &row->terms);
    json_put_amount(buf, "fee_amount", row->fee.fixed_minor, currency);
    lg_json_put_int(buf, "fee_rate_ppm", row->fee.rate_ppm);
    json_put_amount(buf, "total_limit", row->total_limit_minor, currency);
    if (row->debtor_limit_minor)
        json_put_amount(buf, "debtor_limit", row->debtor_limit_minor, currency);
    else
        lg_json_put_str(buf, "debtor_limit", NULL);
    json_put_time(buf, "valid_until", row->valid_until);
    lg_json_put_int(buf, "offer_valid_minutes", row->offer_valid_minutes);
    lg_json_put_int(buf, "disburse_within_minutes", row->terms.disburse_within_minutes);
}

/* Whom it finances and how much it has lent is its lender's business. */
static lg_err put_own(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_program *row)
{
    lg_participant_no *debtors;
    size_t count;
    lg_err err = lg_program_debtors(db, row->no, arena, &debtors, &count);
    if (err)
        return err;
    json_put_amount(buf, "drawn_amount", row->drawn_minor, row->currency);
    lg_json_key(buf, "debtors");
    return list_participants(buf, db, debtors, count);
}

lg_err json_program(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_program *row, lg_participant_no viewer,
                    lg_time now)
{
    lg_json_open(buf);
    json_put_id(buf, "id", row->id.uuid);
    lg_err err = json_put_participant(buf, db, "lender", row->lender);
    lg_json_put_str(buf, "name", row->name);
    lg_json_put_str(buf, "status", lg_program_status_name(lg_program_status_at(row, now)));
    put_kind(buf, row->terms.kind, row->terms.recourse);
    put_limits(buf, row);
    if (!err && viewer.v == row->lender.v)
        err = put_own(buf, db, arena, row);
    json_put_time(buf, "opened_at", row->opened_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_close(buf);
    return err;
}

/* ---- offers ---- */

static lg_err put_offer(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_offer *row,
                        const lg_request *request)
{
    lg_json_open(buf);
    json_put_id(buf, "id", row->id.uuid);
    json_put_id(buf, "request", request->id.uuid);
    lg_err err = json_put_participant(buf, db, "lender", row->lender);
    if (!err)
        err = put_program_of(buf, db, arena, row->program);
    put_kind(buf, row->terms.kind, row->terms.recourse);
    put_price(buf, row->advance_minor, row->interest_minor, row->fee_minor, request->currency);
    put_rates(buf, &row->terms);
    json_put_time(buf, "valid_until", row->valid_until);
    lg_json_put_int(buf, "disburse_within_minutes", row->terms.disburse_within_minutes);
    lg_json_put_str(buf, "status", lg_offer_status_name(row->status));
    json_put_time(buf, "offered_at", row->offered_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_close(buf);
    return err;
}

lg_err json_offer(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_offer *row)
{
    lg_request request;
    lg_err err = json_related(lg_request_get(db, row->request, arena, &request));
    return err ? err : put_offer(buf, db, arena, row, &request);
}

/* ---- requests ---- */

static lg_err put_request_claims(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_request *row)
{
    lg_financed_claim *claims;
    size_t count;
    lg_err err = lg_request_claims(db, row->no, arena, &claims, &count);
    if (err)
        return err;
    lg_json_key(buf, "claims");
    lg_json_list(buf);
    for (size_t i = 0; i < count; i++)
        lg_json_str(buf, lg_uuid_format(claims[i].id.uuid).s);
    lg_json_end(buf);
    return LG_OK;
}

/* A lender does not learn who else was asked. */
static lg_err put_request_lenders(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_request *row,
                                  lg_participant_no viewer)
{
    lg_participant_no *lenders;
    size_t count;
    bool named = false;
    lg_json_key(buf, "lenders");
    if (row->any_lender) {
        lg_json_null(buf);
        return LG_OK;
    }
    lg_err err = lg_request_lenders(db, row->no, arena, &lenders, &count);
    if (err)
        return err;
    if (viewer.v == row->holder.v)
        return list_participants(buf, db, lenders, count);
    for (size_t i = 0; i < count; i++)
        named = named || lenders[i].v == viewer.v;
    return list_participants(buf, db, &viewer, named ? 1 : 0);
}

static int compare_worth(const void *a, const void *b)
{
    static const int ranks[LG_OFFER_STATUS_COUNT] = {
        [LG_OFFER_ACCEPTED] = 0,
        [LG_OFFER_OPEN] = 1,
        [LG_OFFER_WITHDRAWN] = 2,
        [LG_OFFER_LAPSED] = 2,
    };
    const lg_offer *x = a, *y = b;
    const int64_t x_costs = x->interest_minor + x->fee_minor, y_costs = y->interest_minor + y->fee_minor;
    if (ranks[x->status] != ranks[y->status])
        return ranks[x->status] - ranks[y->status];
    if (x_costs != y_costs)
        return x_costs < y_costs ? -1 : 1;
    return (x->no.v > y->no.v) - (x->no.v < y->no.v);
}

static int compare_age(const void *a, const void *b)
{
    const lg_offer *x = a, *y = b;
    return (x->no.v > y->no.v) - (x->no.v < y->no.v);
}

/* Any number of lenders may offer: of too many the accepted one is kept, then open ones, the cheapest first.
 */
static size_t keep_best(lg_offer *offers, size_t count)
{
    enum { OFFERS_MAX = 50 };
    if (count <= OFFERS_MAX)
        return count;
    qsort(offers, count, sizeof *offers, compare_worth);
    qsort(offers, OFFERS_MAX, sizeof *offers, compare_age);
    return OFFERS_MAX;
}

/* The holder's view has everybody's offers, a lender's its own. */
static lg_err put_offers(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_request *row,
                         const lg_offer *offers, size_t count)
{
    lg_err err = LG_OK;
    lg_json_key(buf, "offers");
    lg_json_list(buf);
    for (size_t i = 0; i < count && !err; i++)
        err = put_offer(buf, db, arena, &offers[i], row);
    lg_json_end(buf);
    return err;
}

static void put_wishes(lg_buf *buf, const lg_request *row)
{
    lg_json_put_str(buf, "kind",
                    row->kind == LG_EITHER ? NULL : lg_financing_kind_name((lg_financing_kind)row->kind));
    if (row->recourse == LG_EITHER)
        lg_json_put_str(buf, "recourse", NULL);
    else
        lg_json_put_bool(buf, "recourse", row->recourse != 0);
}

lg_err json_request(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_request *row, lg_participant_no viewer)
{
    lg_offer *offers;
    size_t count;
    const lg_participant_no all = {0};
    bool own = viewer.v == row->holder.v, paying = own;
    lg_err err = lg_offer_on_request(db, row->no, own ? all : viewer, arena, &offers, &count);
    if (err)
        return err;
    for (size_t i = 0; i < count; i++)
        paying = paying || offers[i].status == LG_OFFER_ACCEPTED;
    count = keep_best(offers, count);
    lg_json_open(buf);
    json_put_id(buf, "id", row->id.uuid);
    err = json_put_participant(buf, db, "holder", row->holder);
    if (!err)
        err = put_request_claims(buf, db, arena, row);
    lg_json_put_str(buf, "currency", row->currency.code);
    json_put_amount(buf, "total_amount", row->total_minor, row->currency);
    if (!err)
        err = put_request_lenders(buf, db, arena, row, viewer);
    put_wishes(buf, row);
    lg_json_put_str(buf, "pay_to", paying ? row->pay_to : NULL);
    json_put_fields(buf, row->fields);
    lg_json_put_str(buf, "status", lg_request_status_name(row->status));
    json_put_time(buf, "valid_until", row->valid_until);
    lg_json_put_str(buf, "note", row->note);
    json_put_time(buf, "requested_at", row->requested_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    if (!err)
        err = put_offers(buf, db, arena, row, offers, count);
    lg_json_close(buf);
    return err;
}

/* ---- financings ---- */

static lg_err put_financed_claims(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_financing *row)
{
    lg_financed_claim *claims;
    size_t count;
    lg_err err = lg_financing_claims(db, row->no, arena, &claims, &count);
    if (err)
        return err;
    lg_json_key(buf, "claims");
    lg_json_list(buf);
    for (size_t i = 0; i < count; i++) {
        lg_json_open(buf);
        json_put_id(buf, "claim", claims[i].id.uuid);
        json_put_amount(buf, "amount", claims[i].amount_minor, row->currency);
        json_put_amount(buf, "advance_amount", claims[i].advance_minor, row->currency);
        lg_json_close(buf);
    }
    lg_json_end(buf);
    return LG_OK;
}

static void put_instruction(lg_buf *buf, const lg_financing *row)
{
    lg_json_key(buf, "instruction");
    lg_json_open(buf);
    lg_json_put_str(buf, "pay_to", row->pay_to);
    json_put_amount(buf, "amount", lg_financing_net(row), row->currency);
    lg_json_put_str(buf, "currency", row->currency.code);
    json_put_id(buf, "reference", row->id.uuid);
    json_put_time(buf, "disburse_by", row->disburse_by);
    lg_json_close(buf);
}

static lg_err put_origin(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_financing *row)
{
    lg_offer offer;
    lg_request request;
    lg_err err = json_related(lg_offer_get(db, row->offer, arena, &offer));
    if (!err)
        err = json_related(lg_request_get(db, row->request, arena, &request));
    if (err)
        return err;
    json_put_id(buf, "offer", offer.id.uuid);
    json_put_id(buf, "request", request.id.uuid);
    err = json_put_participant(buf, db, "lender", row->lender);
    if (!err)
        err = json_put_participant(buf, db, "seller", row->seller);
    return err ? err : put_program_of(buf, db, arena, row->program);
}

lg_err json_financing(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_financing *row)
{
    lg_json_open(buf);
    json_put_id(buf, "id", row->id.uuid);
    lg_err err = put_origin(buf, db, arena, row);
    put_kind(buf, row->kind, row->recourse);
    put_price(buf, row->advance_minor, row->interest_minor, row->fee_minor, row->currency);
    if (!err)
        err = put_financed_claims(buf, db, arena, row);
    lg_json_put_str(buf, "status", lg_financing_status_name(row->status));
    put_instruction(buf, row);
    lg_json_put_str(buf, "bank_reference", row->bank_reference);
    lg_json_put_str(buf, "registration_number", row->registration_number);
    json_put_time(buf, "accepted_at", row->accepted_at);
    json_put_time(buf, "disbursed_at", row->disbursed_at);
    json_put_time(buf, "updated_at", row->updated_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_close(buf);
    return err;
}
