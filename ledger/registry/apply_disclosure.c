/* Projections of grants and of questions about invoices. */
#include "ledger/registry/claim.h"

#include "ledger/base/json.h"

static lg_err read_fields(const char *json, unsigned *fields)
{
    json_t *list = json_loads(json, 0, NULL), *item;
    lg_err err = json_is_array(list) ? LG_OK : LG_CORRUPT;
    size_t i;
    *fields = 0;
    json_array_foreach(list, i, item)
    {
        lg_claim_field field;
        if (!json_is_string(item) || !lg_claim_field_parse(json_string_value(item), &field))
            err = LG_CORRUPT;
        else
            *fields |= 1u << field;
    }
    json_decref(list);
    return err;
}

lg_err lg_apply_fields(const lg_event *event, unsigned *fields)
{
    return read_fields(event->fields, fields);
}

static lg_err tell(const lg_apply *apply, const lg_grant *row)
{
    lg_err err = lg_history_insert(apply->db, row->no.v, apply->seq);
    if (!err)
        err = lg_apply_party(apply, row->grantor);
    return err ? err : lg_apply_party(apply, row->grantee);
}

static lg_err make(const lg_apply *apply, const lg_event *event, lg_grant *row)
{
    lg_claim claim;
    lg_err err = lg_apply_claim_of(apply, event->claim_id, &claim);
    if (err)
        return err;
    *row = (lg_grant){
        .no = {lg_row_no(apply->seq, 0)},
        .id = {event->grant_id},
        .claim = claim.no,
        .valid_until = event->valid_until_or_open,
        .note = event->note,
        .granted_at = apply->at,
    };
    err = read_fields(event->fields, &row->fields);
    if (!err)
        err = lg_apply_number_of(apply, &event->by, &row->grantor);
    if (!err)
        err = lg_apply_number_of(apply, &event->recipient_id, &row->grantee);
    if (!err)
        err = lg_grant_insert(apply->db, row);
    const lg_claim_view view = {
        .participant = row->grantee,
        .claim = row->claim,
        .source_no = row->no.v,
        .fields = row->fields,
        .valid_until = row->valid_until,
    };
    return err ? err : lg_claim_view_insert(apply->db, &view);
}

static lg_err revoke(const lg_apply *apply, const lg_event *event, lg_grant *row)
{
    lg_err err = lg_grant_by_id(apply->db, (lg_grant_id){event->grant_id}, apply->arena, row);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    row->revoked_at = apply->at;
    err = lg_grant_revoke(apply->db, row->no, apply->at);
    return err ? err : lg_claim_view_delete(apply->db, row->no.v);
}

/* Only the lender who asked ever reads it. */
static lg_err note_check(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    lg_participant_no lender;
    lg_err err = lg_apply_number_of(apply, &event->by, &lender);
    if (!err)
        err = lg_check_count_add(apply->db, lender, lg_day_of(apply->at));
    if (!err)
        err = lg_apply_party(apply, lender);
    result->has_check = true;
    result->check_registered = event->registered;
    result->check_financed = event->financed;
    result->checked_at = apply->at;
    return err;
}

lg_err lg_apply_disclosure_event(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    if (event->type == LG_EV_INVOICE_CHECKED)
        return note_check(apply, event, result);
    lg_err err = event->type == LG_EV_GRANT_MADE ? make(apply, event, &result->grant)
                                                 : revoke(apply, event, &result->grant);
    result->has_grant = true;
    return err ? err : tell(apply, &result->grant);
}
