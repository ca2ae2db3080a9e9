/* The payloads of commands on claims, grants and questions about invoices. */
#include "ledger/registry/claim.h"

#include <string.h>

enum { AMOUNT_TEXT_MAX = 32, RESPOND_DAYS_MAX = 90 };

static const char *member(const lg_decoder *d, const char *name)
{
    return lg_decode_pointer(d, name);
}

static void decode_wish(const json_t *item, const char *pointer, bool to_participant, lg_report *report,
                        lg_wish *out)
{
    lg_decoder d = lg_decode_object(item, pointer, report);
    if (to_participant)
        lg_decode_uuid(&d, "participant", true, &out->participant.uuid);
    out->amount_text = lg_decode_str(&d, "amount", !to_participant, AMOUNT_TEXT_MAX);
    out->pointer = member(&d, "amount");
    lg_decode_finish(&d);
}

static void decode_wishes(lg_decoder *d, const char *name, size_t min, bool to_participant,
                          lg_claim_payload *out)
{
    const json_t *list = lg_decode_value(d, name, true), *item;
    size_t i;
    if (!list)
        return;
    if (!json_is_array(list) || json_array_size(list) < min || json_array_size(list) > LG_PARTS_MAX) {
        lg_fault_add(d->report, "not_a_list", member(d, name), "%s must be a list of %zu to %d.", name, min,
                     LG_PARTS_MAX);
        return;
    }
    out->wish_count = json_array_size(list);
    out->wishes = lg_arena_array(d->report->arena, out->wish_count, sizeof *out->wishes);
    json_array_foreach(list, i, item)
        decode_wish(item, lg_arena_printf(d->report->arena, "%s/%zu", member(d, name), i), to_participant,
                    d->report, &out->wishes[i]);
}

static void decode_transfer(lg_decoder *d, lg_command *c, lg_claim_payload *out)
{
    decode_wishes(d, "recipients", 1, true, out);
    for (size_t i = 1; i < out->wish_count; i++)
        for (size_t k = 0; k < i; k++)
            if (lg_uuid_equal(out->wishes[k].participant.uuid, out->wishes[i].participant.uuid))
                lg_fault_add(d->report, "duplicate",
                             lg_arena_printf(d->report->arena, "/recipients/%zu/participant", i),
                             "This participant is in the list already.");
    lg_decode_int(d, "respond_within_days", false, 1, RESPOND_DAYS_MAX, &out->respond_within_days);
    c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
}

unsigned lg_decode_fields(lg_decoder *d, const char *name)
{
    const json_t *list = lg_decode_value(d, name, false), *item;
    unsigned fields = 0;
    size_t i;
    if (!list)
        return LG_FIELDS_ALL;
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > LG_FIELD_COUNT) {
        lg_fault_add(d->report, "not_a_list", member(d, name), "%s must be a list of at least one field.",
                     name);
        return 0;
    }
    json_array_foreach(list, i, item)
    {
        lg_claim_field field;
        const char *pointer = lg_arena_printf(d->report->arena, "%s/%zu", member(d, name), i);
        if (!json_is_string(item) || !lg_claim_field_parse(json_string_value(item), &field))
            lg_fault_add(d->report, "unknown_value", pointer, "%s[%zu] is not a field that can be granted.",
                         name, i);
        else if (fields >> field & 1u)
            lg_fault_add(d->report, "duplicate", pointer, "%s[%zu] is in the list already.", name, i);
        else
            fields |= 1u << field;
    }
    return fields;
}

static void decode_grant(lg_decoder *d, lg_command *c, lg_claim_payload *out)
{
    lg_decode_uuid(d, "claim", true, &out->claim.uuid);
    lg_decode_uuid(d, "participant", true, &c->participant.uuid);
    out->fields = lg_decode_fields(d, "fields");
    lg_decode_time(d, "valid_until", false, &c->valid_until);
    c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
}

/* A party of an invoice, by its id here or by identifiers. */
static void decode_party(lg_decoder *parent, const char *name, lg_party_ref *out)
{
    const json_t *value = lg_decode_value(parent, name, true);
    if (!value)
        return;
    lg_decoder d = lg_decode_object(value, member(parent, name), parent->report);
    out->pointer = d.pointer;
    out->has_participant = lg_decode_uuid(&d, "participant", false, &out->participant.uuid);
    const json_t *identifiers = lg_decode_value(&d, "identifiers", false);
    if (identifiers) {
        lg_decoder each = lg_decode_object(identifiers, member(&d, "identifiers"), d.report);
        for (int scheme = 0; scheme < LG_SCHEME_COUNT; scheme++) {
            const char *text =
                lg_decode_str(&each, lg_scheme_name((lg_scheme)scheme), false, LG_IDENTIFIER_MAX);
            if (text && out->identifier_count < LG_IDENTIFIERS_MAX)
                out->identifiers[out->identifier_count++] =
                    lg_identifier_normalise(d.report->arena, (lg_scheme)scheme, text);
        }
        lg_decode_finish(&each);
    }
    lg_decode_finish(&d);
    if (!out->has_participant && out->identifier_count == 0)
        lg_fault_add(d.report, "required", d.pointer, "%s needs participant or identifiers.", name);
}

static void decode_check(lg_decoder *d, lg_command *c, lg_claim_payload *out)
{
    decode_party(d, "seller", &out->seller);
    decode_party(d, "buyer", &out->buyer);
    out->number = lg_decode_str(d, "number", true, LG_INVOICE_NUMBER_MAX);
    const char *day = lg_decode_str(d, "issue_date", true, 16);
    if (day && !lg_day_parse(day, &out->issue_day))
        lg_fault_add(d->report, "malformed_date", member(d, "issue_date"),
                     "issue_date must be a date such as 2026-11-22.");
    lg_decode_currency(d, "currency", true, &c->currency);
    out->gross_text = lg_decode_str(d, "gross_amount", true, AMOUNT_TEXT_MAX);
}

static void decode_dispute(lg_decoder *d, lg_command *c)
{
    c->reason = lg_decode_reason(d);
    c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
}

static void decode_order(lg_decoder *d, lg_command *c, lg_claim_payload *out)
{
    out->order_reference = lg_decode_str(d, "order_reference", true, LG_NAME_MAX);
    c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
}

void lg_decode_claim_command(lg_decoder *d, lg_command *c)
{
    lg_claim_payload *out = lg_arena_alloc(d->report->arena, sizeof *out);
    c->claim = out;
    switch ((int)c->type) {
    case LG_CMD_CLAIM_SPLIT:
        decode_wishes(d, "parts", 2, false, out);
        c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_CLAIM_TRANSFER:
        decode_transfer(d, c, out);
        break;
    case LG_CMD_TRANSFER_DECLINE:
        c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_CLAIM_DISPUTE:
        decode_dispute(d, c);
        break;
    case LG_CMD_CLAIM_RESOLVE:
    case LG_CMD_CLAIM_WRITE_OFF:
        c->note = lg_decode_str(d, "note", true, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_CLAIM_FREEZE:
    case LG_CMD_CLAIM_UNFREEZE:
        decode_order(d, c, out);
        break;
    case LG_CMD_GRANT_MAKE:
        decode_grant(d, c, out);
        break;
    case LG_CMD_INVOICE_CHECK:
        decode_check(d, c, out);
        break;
    }
}
