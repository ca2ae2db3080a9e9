/* Lenders' programs: opening, closing, and the offers they make at once on a request they match. */
#include "ledger/registry/financing.h"

#include "ledger/base/buf.h"

#include <stdlib.h>

char *lg_ids_json(lg_arena *arena, const lg_participant_id *ids, size_t count)
{
    lg_buf buf = {0};
    lg_json_list(&buf);
    for (size_t i = 0; i < count; i++)
        lg_json_str(&buf, lg_uuid_format(ids[i].uuid).s);
    lg_json_end(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

lg_err lg_require_future(lg_act *act)
{
    if (act->command->valid_until > act->now)
        return LG_OK;
    lg_fault_add(act->report, "out_of_range", "/valid_until", "valid_until must be in the future.");
    return lg_fail(act->report, LG_INVALID_FIELDS, "valid_until must be in the future.");
}

/* ---- opening and closing ---- */

static lg_err require_debtors(lg_act *act)
{
    const lg_financing_payload *payload = act->command->financing;
    lg_participant_no unused;
    lg_err err = LG_OK;
    for (size_t i = 0; i < payload->debtor_count && !err; i++)
        err = lg_participant_no_of(act->db, payload->debtors[i], &unused);
    return err == LG_NOT_FOUND ? lg_fail(act->report, err, "No participant has one of the ids in debtors.")
                               : err;
}

static lg_err require_few(lg_act *act)
{
    int64_t count;
    lg_err err = lg_program_count_open(act->db, act->command->signers[0].no, act->now, &count);
    if (!err && count >= LG_PROGRAMS_OF_LENDER)
        err = lg_fail(act->report, LG_LIMIT_EXCEEDED, "You have %d open programs; that is the most.",
                      LG_PROGRAMS_OF_LENDER);
    return err;
}

static lg_err open_program(lg_act *act)
{
    const lg_command *c = act->command;
    const lg_financing_payload *p = c->financing;
    lg_err err = require_debtors(act);
    if (!err)
        err = lg_require_future(act);
    if (!err)
        err = require_few(act);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_PROGRAM_OPENED,
        .program_id = lg_uuid_new(),
        .name = c->name,
        .kind = lg_financing_kind_name(p->terms.kind),
        .recourse = p->terms.recourse,
        .currency = c->currency,
        .debtors = lg_ids_json(act->arena, p->debtors, p->debtor_count),
        .tenor_min_days = p->tenor_min_days,
        .tenor_max_days = p->tenor_max_days,
        .amount_min_minor = p->amount_min_minor,
        .amount_max_minor = p->amount_max_minor,
        .advance_rate_ppm = p->terms.advance_rate_ppm,
        .annual_rate_ppm = p->terms.annual_rate_ppm,
        .day_count = p->terms.day_count,
        .fee_minor = p->fee.fixed_minor,
        .fee_rate_ppm = p->fee.rate_ppm,
        .total_limit_minor = p->total_limit_minor,
        .debtor_limit_minor = p->debtor_limit_minor ? p->debtor_limit_minor : LG_ABSENT,
        .valid_until = c->valid_until,
        .offer_valid_minutes = p->offer_valid_minutes,
        .disburse_within_minutes = p->terms.disburse_within_minutes,
    };
    return lg_act_record(act, &event);
}

static lg_err close_program(lg_act *act)
{
    lg_program program;
    lg_err err = lg_program_by_id(act->db, (lg_program_id){act->command->subject}, act->arena, &program);
    if (err == LG_NOT_FOUND)
        return lg_fail(act->report, err, "No program has this id.");
    if (!err && program.lender.v != act->command->signers[0].no.v)
        err = lg_fail(act->report, LG_NOT_PERMITTED, "Only its lender may close a program.");
    if (!err && program.closed_at)
        err = lg_fail(act->report, LG_WRONG_STATE, "The program was closed at %s.",
                      lg_time_format(program.closed_at).s);
    lg_event event = {.type = LG_EV_PROGRAM_CLOSED, .program_id = act->command->subject};
    return err ? err : lg_act_record(act, &event);
}

lg_err lg_do_program_act(lg_act *act)
{
    lg_err err = lg_require_role(act, LG_ROLE_LENDER);
    if (err)
        return err;
    return act->command->type == LG_CMD_PROGRAM_OPEN ? open_program(act) : close_program(act);
}

/* ---- offers at once ---- */

lg_err lg_program_has_room(lg_db *db, const lg_program *program, const lg_claim *claims,
                           const lg_priced *priced, size_t count, bool *out)
{
    lg_err err = LG_OK;
    int64_t sum = program->drawn_minor;
    *out = true;
    for (size_t i = 0; i < count; i++)
        *out = *out && lg_amount_add(sum, priced[i].advance_minor, &sum);
    *out = *out && sum <= program->total_limit_minor;
    for (size_t i = 0; i < count && !err && *out && program->debtor_limit_minor; i++) {
        err = lg_program_drawn_on(db, program->no, claims[i].debtor, &sum);
        for (size_t k = 0; k < count && !err; k++)
            if (claims[k].debtor.v == claims[i].debtor.v)
                *out = *out && lg_amount_add(sum, priced[k].advance_minor, &sum);
        *out = *out && sum <= program->debtor_limit_minor;
    }
    return err;
}

/* A program that makes an offer, and its price. */
typedef struct match {
    lg_program program;
    lg_participant_id lender;
    lg_price price;
} match;

/* What can be told of the program without asking the database. */
static bool suits(const lg_program *program, const lg_request *request, const lg_claim *claims, size_t count,
                  lg_day today)
{
    if ((request->kind != LG_EITHER && request->kind != (int)program->terms.kind) ||
        (request->recourse != LG_EITHER && request->recourse != (int)program->terms.recourse) ||
        program->lender.v == request->holder.v || request->total_minor < program->amount_min_minor ||
        request->total_minor > program->amount_max_minor)
        return false;
    for (size_t i = 0; i < count; i++) {
        int64_t tenor = (int64_t)claims[i].due_day - today;
        if (tenor < program->tenor_min_days || tenor > program->tenor_max_days ||
            claims[i].debtor.v == program->lender.v)
            return false;
    }
    return true;
}

static lg_err may_offer(lg_act *act, const lg_claim *claims, const lg_priced *priced, size_t count,
                        match *candidate, bool *out)
{
    lg_participant lender;
    const lg_program *program = &candidate->program;
    lg_err err = lg_participant_get(act->db, program->lender, act->arena, &lender);
    candidate->lender = lender.id;
    *out = !err && !lender.suspended;
    for (size_t i = 0; i < count && !err && *out; i++)
        err = lg_program_takes(act->db, program->no, claims[i].debtor, out);
    if (!err && *out)
        err = lg_program_has_room(act->db, program, claims, priced, count, out);
    return err;
}

/* Cheapest first; of equal ones the older. */
static int compare(const void *a, const void *b)
{
    const match *x = a, *y = b;
    int64_t costs_x = x->price.interest_minor + x->price.fee_minor,
            costs_y = y->price.interest_minor + y->price.fee_minor;
    if (costs_x != costs_y)
        return costs_x < costs_y ? -1 : 1;
    return (x->program.no.v > y->program.no.v) - (x->program.no.v < y->program.no.v);
}

static lg_err find_matches(lg_act *act, const lg_request *request, match **matches, size_t *match_count)
{
    lg_claim *claims;
    lg_program *programs = NULL;
    size_t count, program_count = 0;
    lg_day today = lg_day_of(act->now);
    lg_lenders_asked asked = {.all = request->any_lender};
    *match_count = 0;
    lg_err err = lg_request_load_claims(act->db, act->arena, request->no, &claims, &count);
    if (!err && !asked.all)
        err = lg_request_lenders(act->db, request->no, act->arena, &asked.lenders, &asked.count);
    if (!err)
        err = lg_program_candidates(act->db, asked, request->currency, claims[0].debtor, act->now, act->arena,
                                    &programs, &program_count);
    if (err)
        return err;
    lg_priced *priced = lg_priced_claims(act->arena, claims, count);
    *matches = lg_arena_array(act->arena, program_count + 1, sizeof **matches);
    for (size_t i = 0; i < program_count && !err; i++) {
        match *next = &(*matches)[*match_count];
        bool offers = false;
        next->program = programs[i];
        if (suits(&programs[i], request, claims, count, today) &&
            lg_price_terms(&programs[i].terms, &programs[i].fee, today, priced, count, &next->price))
            err = may_offer(act, claims, priced, count, next, &offers);
        *match_count += offers;
    }
    if (!err)
        qsort(*matches, *match_count, sizeof **matches, compare);
    return err;
}

/* Of each lender only the cheapest of a kind is left, in place, so that no lender crowds out the others. */
static size_t keep_cheapest(match *matches, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const lg_program *program = &matches[i].program;
        bool known = false;
        for (size_t k = 0; k < kept && !known; k++)
            known = matches[k].program.lender.v == program->lender.v &&
                    matches[k].program.terms.kind == program->terms.kind &&
                    matches[k].program.terms.recourse == program->terms.recourse;
        if (!known)
            matches[kept++] = matches[i];
    }
    return kept;
}

lg_err lg_programs_offer(lg_act *act, const lg_request *request)
{
    match *matches;
    size_t count;
    lg_err err = find_matches(act, request, &matches, &count);
    if (!err)
        count = keep_cheapest(matches, count);
    for (size_t i = 0; i < count && i < LG_OFFERS_AT_ONCE && !err; i++) {
        const lg_program *program = &matches[i].program;
        lg_time until = act->now + program->offer_valid_minutes * LG_TIME_PER_MINUTE;
        if (until > request->valid_until)
            until = request->valid_until;
        if (until > program->valid_until)
            until = program->valid_until;
        lg_event event = lg_offer_event(request, matches[i].lender.uuid, program->id.uuid, &program->terms,
                                        &matches[i].price, until);
        err = lg_act_record(act, &event);
    }
    return err;
}
