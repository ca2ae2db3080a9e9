/* The payloads of commands about payments and proposals. */
#include "ledger/registry/payment.h"

enum { AMOUNT_TEXT_MAX = 32, DAY_TEXT_MAX = 16, KIND_TEXT_MAX = 16 };

static const char *member(const lg_decoder *d, const char *name)
{
    return lg_decode_pointer(d, name);
}

static void decode_payment(lg_decoder *d, lg_command *c, lg_payment_payload *out)
{
    lg_decode_uuid(d, "claim", true, &out->claim.uuid);
    c->amount_text = lg_decode_str(d, "amount", true, AMOUNT_TEXT_MAX);
    out->bank_reference = lg_decode_str(d, "bank_reference", true, LG_REFERENCE_MAX);
    const char *day = lg_decode_str(d, "paid_on", false, DAY_TEXT_MAX);
    out->has_paid_day = day != NULL;
    if (day && !lg_day_parse(day, &out->paid_day))
        lg_fault_add(d->report, "malformed_date", member(d, "paid_on"),
                     "paid_on must be a date such as 2026-11-22.");
}

static void decode_proposal(lg_decoder *d, lg_command *c, lg_payment_payload *out)
{
    lg_decode_uuid(d, "claim", true, &out->claim.uuid);
    const char *kind = lg_decode_str(d, "kind", true, KIND_TEXT_MAX);
    bool known = kind && lg_proposal_kind_parse(kind, &out->kind);
    bool is_void = known && out->kind == LG_PROPOSAL_VOID;
    if (kind && !known)
        lg_fault_add(d->report, "unknown_value", member(d, "kind"), "kind must be credit_note or void.");
    c->amount_text = lg_decode_str(d, "amount", known && !is_void, AMOUNT_TEXT_MAX);
    if (is_void && c->amount_text)
        lg_fault_add(d->report, "contradiction", member(d, "amount"),
                     "A void has no amount: it ends the whole claim.");
    out->reference = lg_decode_str(d, "reference", false, LG_REFERENCE_MAX);
    c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
}

void lg_decode_payment_command(lg_decoder *d, lg_command *c)
{
    lg_payment_payload *out = lg_arena_alloc(d->report->arena, sizeof *out);
    c->payment = out;
    switch ((int)c->type) {
    case LG_CMD_PAYMENT_RECORD:
        decode_payment(d, c, out);
        break;
    case LG_CMD_PAYMENT_REVERSE:
        c->reason = lg_decode_str(d, "reason", true, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_PROPOSAL_MAKE:
        decode_proposal(d, c, out);
        break;
    }
}
