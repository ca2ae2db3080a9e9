/* Projections of events on programs. */
#include "ledger/registry/financing.h"

lg_err lg_apply_ids(const lg_apply *apply, const char *ids, lg_participant_no **numbers, size_t *count)
{
    json_t *list = ids ? json_loads(ids, JSON_REJECT_DUPLICATES, NULL) : NULL;
    lg_err err = ids && !json_is_array(list) ? LG_CORRUPT : LG_OK;
    *count = json_array_size(list);
    *numbers = lg_arena_array(apply->arena, *count + 1, sizeof **numbers);
    for (size_t i = 0; i < *count && !err; i++) {
        const json_t *item = json_array_get(list, i);
        lg_uuid id;
        err = json_is_string(item) && lg_uuid_parse(json_string_value(item), &id)
                  ? lg_apply_number_of(apply, &id, &(*numbers)[i])
                  : LG_CORRUPT;
    }
    json_decref(list);
    return err;
}

lg_err lg_apply_terms(const lg_event *event, lg_terms *out)
{
    *out = (lg_terms){
        .recourse = event->recourse,
        .advance_rate_ppm = event->advance_rate_ppm,
        .annual_rate_ppm = event->annual_rate_ppm,
        .day_count = event->day_count,
        .disburse_within_minutes = event->disburse_within_minutes,
    };
    return lg_financing_kind_parse(event->kind, &out->kind) ? LG_OK : LG_CORRUPT;
}

static lg_err open_program(const lg_apply *apply, const lg_event *event, lg_program *row)
{
    lg_participant_no *debtors;
    size_t count;
    *row = (lg_program){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->program_id},
        .name = event->name,
        .fee = {event->fee_minor, event->fee_rate_ppm},
        .currency = event->currency,
        .tenor_min_days = event->tenor_min_days,
        .tenor_max_days = event->tenor_max_days,
        .amount_min_minor = event->amount_min_minor,
        .amount_max_minor = event->amount_max_minor,
        .total_limit_minor = event->total_limit_minor,
        .debtor_limit_minor = event->debtor_limit_minor == LG_ABSENT ? 0 : event->debtor_limit_minor,
        .valid_until = event->valid_until,
        .offer_valid_minutes = event->offer_valid_minutes,
        .opened_at = apply->at,
        .last_seq = apply->seq,
    };
    lg_err err = lg_apply_terms(event, &row->terms);
    if (!err)
        err = lg_apply_number_of(apply, &event->by, &row->lender);
    if (!err)
        err = lg_apply_ids(apply, event->debtors, &debtors, &count);
    return err ? err : lg_program_insert(apply->db, row, debtors, count);
}

static lg_err close_program(const lg_apply *apply, const lg_event *event, lg_program *row)
{
    lg_err err = lg_program_by_id(apply->db, (lg_program_id){event->program_id}, apply->arena, row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row->closed_at = apply->at;
    row->last_seq = apply->seq;
    return lg_program_close(apply->db, row->no, apply->at, apply->seq);
}

lg_err lg_apply_program_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_program *row = lg_arena_alloc(apply->arena, sizeof *row);
    lg_err err = event->type == LG_EV_PROGRAM_OPENED ? open_program(apply, event, row)
                                                     : close_program(apply, event, row);
    result->program = row;
    if (!err)
        err = lg_history_insert(apply->db, row->no.v, apply->seq);
    return err ? err : lg_apply_party(apply, row->lender);
}
