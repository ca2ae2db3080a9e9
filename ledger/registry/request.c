/* Financing requests: holders ask lenders for money on their claims. */
#include "ledger/registry/financing.h"

lg_err lg_request_load_claims(lg_db *db, lg_arena *arena, lg_request_no no, lg_claim **claims, size_t *count)
{
    lg_financed_claim *links;
    lg_err err = lg_request_claims(db, no, arena, &links, count);
    if (err || *count == 0)
        return err ? err : LG_CORRUPT;
    *claims = lg_arena_array(arena, *count, sizeof **claims);
    for (size_t i = 0; i < *count && !err; i++)
        err = lg_claim_get(db, links[i].claim, arena, &(*claims)[i]);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

lg_priced *lg_priced_claims(lg_arena *arena, const lg_claim *claims, size_t count)
{
    lg_priced *priced = lg_arena_array(arena, count, sizeof *priced);
    for (size_t i = 0; i < count; i++)
        priced[i] =
            (lg_priced){.outstanding_minor = claims[i].outstanding_minor, .due_day = claims[i].due_day};
    return priced;
}

/* One claim of a request to be made, with all that is asked of it. */
static lg_err check_claim(lg_act *act, lg_claim_id id, lg_claim *out)
{
    lg_err err = lg_act_claim(act, id, out);
    if (!err)
        err = lg_require_holder(act, out);
    if (!err)
        err = lg_require_live(act, out);
    if (!err)
        err = lg_require_unlocked(act, out);
    if (!err)
        err = lg_require_free(act, out);
    if (!err && lg_day_of(act->now) > out->due_day)
        err = lg_fail(act->report, LG_PAST_MATURITY, "The claim %s fell due on %s.",
                      lg_uuid_format(id.uuid).s, lg_day_format(out->due_day).s);
    return err;
}

static lg_err check_claims(lg_act *act, lg_claim *claims, lg_event_part *parts, int64_t *total)
{
    const lg_financing_payload *payload = act->command->financing;
    lg_err err = LG_OK;
    *total = 0;
    for (size_t i = 0; i < payload->claim_count && !err; i++)
        err = check_claim(act, payload->claims[i], &claims[i]);
    for (size_t i = 0; i < payload->claim_count && !err; i++) {
        parts[i] = (lg_event_part){payload->claims[i].uuid, {{0}}, claims[i].outstanding_minor};
        if (!lg_currency_equal(claims[i].currency, claims[0].currency)) {
            lg_fault_add(act->report, "other_currency", lg_arena_printf(act->arena, "/claims/%zu", i),
                         "claims[%zu] is in %s, the first in %s.", i, claims[i].currency.code,
                         claims[0].currency.code);
            err = lg_fail(act->report, LG_INVALID_FIELDS, "All claims of a request must be of one currency.");
        } else if (!lg_amount_add(*total, claims[i].outstanding_minor, total)) {
            err = lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE, "The claims together are too large.");
        }
    }
    return err;
}

/* Nobody finances its own debt or its own claim. */
static lg_err check_lender(lg_act *act, size_t at, const lg_claim *claims)
{
    const lg_financing_payload *payload = act->command->financing;
    const char *pointer = lg_arena_printf(act->arena, "/lenders/%zu", at);
    lg_participant row;
    lg_err err = lg_participant_by_id(act->db, payload->lenders[at], act->arena, &row);
    if (err == LG_NOT_FOUND)
        return lg_fail(act->report, err, "No participant has the id lenders[%zu].", at);
    if (err)
        return err;
    if (!lg_has_role(row.roles, LG_ROLE_LENDER))
        lg_fault_add(act->report, "wrong_role", pointer, "lenders[%zu] has not the role lender.", at);
    else if (row.suspended)
        lg_fault_add(act->report, "participant_suspended", pointer, "lenders[%zu] is suspended.", at);
    else if (row.no.v == act->command->signers[0].no.v)
        lg_fault_add(act->report, "own_participant", pointer, "lenders[%zu] is the holder itself.", at);
    for (size_t i = 0; i < payload->claim_count; i++) {
        if (claims[i].debtor.v != row.no.v)
            continue;
        lg_fault_add(act->report, "debtor", pointer, "lenders[%zu] is the debtor of a claim.", at);
        break;
    }
    return LG_OK;
}

static lg_err check_lenders(lg_act *act, const lg_claim *claims)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < act->command->financing->lender_count && !err; i++)
        err = check_lender(act, i, claims);
    if (!err && act->report->fault_count > 0)
        err = lg_fail(act->report, LG_INVALID_FIELDS, "%s", act->report->first->detail);
    return err;
}

static lg_err check_valid_until(lg_act *act, lg_time *until)
{
    lg_policy policy;
    *until = act->command->valid_until;
    if (*until)
        return lg_require_future(act);
    lg_err err = lg_act_policy(act, &policy);
    *until = act->now + policy.request_valid_days * LG_TIME_PER_DAY;
    return err;
}

static lg_err make_request(lg_act *act)
{
    const lg_financing_payload *p = act->command->financing;
    lg_claim *claims = lg_arena_array(act->arena, p->claim_count, sizeof *claims);
    lg_event_part *parts = lg_arena_array(act->arena, p->claim_count, sizeof *parts);
    lg_event event = {
        .type = LG_EV_FINANCING_REQUESTED,
        .request_id = lg_uuid_new(),
        .parts = parts,
        .part_count = p->claim_count,
        .lenders = p->lender_count ? lg_ids_json(act->arena, p->lenders, p->lender_count) : NULL,
        .kind = p->kind == LG_EITHER ? NULL : lg_financing_kind_name((lg_financing_kind)p->kind),
        .pay_to = p->pay_to,
        .fields = lg_fields_json(act->arena, p->fields),
        .note = act->command->note,
    };
    if (p->recourse != LG_EITHER)
        event.recourse_wanted = p->recourse ? "true" : "false";
    lg_err err = check_claims(act, claims, parts, &event.amount_minor);
    if (!err)
        err = check_lenders(act, claims);
    if (!err)
        err = check_valid_until(act, &event.valid_until);
    if (err)
        return err;
    event.currency = claims[0].currency;
    err = lg_act_record(act, &event);
    return err ? err : lg_programs_offer(act, act->result->request);
}

/* ---- its end ---- */

static lg_err require_open(lg_act *act, const lg_request *request)
{
    if (request->status == LG_REQUEST_OPEN)
        return LG_OK;
    return lg_fail(act->report, LG_WRONG_STATE, "The request is %s.",
                   lg_request_status_name(request->status));
}

static lg_err withdraw(lg_act *act, const lg_request *request)
{
    const lg_signer *signer = &act->command->signers[0];
    bool asked = request->holder.v == signer->no.v;
    lg_err err = LG_OK;
    if (!asked && lg_signer_has(signer, LG_ROLE_LENDER)) {
        asked = request->any_lender;
        if (!asked)
            err = lg_request_names(act->db, request->no, signer->no, &asked);
    }
    if (!err && !asked)
        err = lg_fail(act->report, LG_NOT_FOUND, "No request that you may see has this id.");
    if (!err && request->holder.v != signer->no.v)
        err = lg_fail(act->report, LG_NOT_PERMITTED, "Only who made a request may withdraw it.");
    return err ? err : require_open(act, request);
}

static lg_err lapse(lg_act *act, const lg_request *request)
{
    lg_err err = require_open(act, request);
    if (!err && act->now <= request->valid_until)
        err = lg_fail(act->report, LG_NOT_YET_DUE, "The request is open until %s.",
                      lg_time_format(request->valid_until).s);
    return err;
}

static lg_err end_request(lg_act *act, bool lapses)
{
    lg_request request;
    lg_err err = lapses ? lg_require_role(act, LG_ROLE_OPERATOR) : LG_OK;
    if (err)
        return err;
    err = lg_request_by_id(act->db, (lg_request_id){act->command->subject}, act->arena, &request);
    if (err == LG_NOT_FOUND)
        return lg_fail(act->report, err, "No request that you may see has this id.");
    if (!err)
        err = lapses ? lapse(act, &request) : withdraw(act, &request);
    lg_event event = {
        .type = lapses ? LG_EV_REQUEST_LAPSED : LG_EV_REQUEST_WITHDRAWN,
        .request_id = act->command->subject,
    };
    return err ? err : lg_act_record(act, &event);
}

lg_err lg_do_request_act(lg_act *act)
{
    if (act->command->type == LG_CMD_FINANCING_REQUEST)
        return make_request(act);
    return end_request(act, act->command->type == LG_CMD_REQUEST_LAPSE);
}
