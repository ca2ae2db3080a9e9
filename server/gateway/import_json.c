#include "server/gateway/invoice.h"

#include "ledger/base/text.h"

#include <string.h>

enum { CODE_MAX = 64, MONEY_MAX = 40, HEX_MAX = 128 };

static gw_field text_field(lg_decoder *decoder, const char *name, size_t max_len)
{
    return (gw_field){
        .text = lg_decode_str(decoder, name, false, max_len),
        .pointer = lg_decode_pointer(decoder, name),
    };
}

/* A number would pass through floating point in most writers and readers, so money is a string only. */
static gw_field money_field(lg_decoder *decoder, const char *name)
{
    gw_field field = {.pointer = lg_decode_pointer(decoder, name), .exact = true};
    const json_t *value = decoder->object ? json_object_get(decoder->object, name) : NULL;
    if (json_is_number(value)) {
        (void)lg_decode_value(decoder, name, false);
        lg_fault_add(decoder->report, "not_a_string", field.pointer,
                     "%s must be a string such as \"1234.50\": money is never a JSON number.", name);
    } else {
        field.text = lg_decode_str(decoder, name, false, MONEY_MAX);
    }
    return field;
}

static void read_identifiers(const json_t *value, const char *pointer, gw_party *out, lg_report *report)
{
    lg_decoder decoder = lg_decode_object(value, pointer, report);
    for (lg_scheme scheme = 0; scheme < LG_SCHEME_COUNT; scheme++) {
        gw_field field = text_field(&decoder, lg_scheme_name(scheme), 2 * LG_IDENTIFIER_MAX);
        if (field.text)
            out->identifiers[out->identifier_count++] = (gw_identifier){.scheme = scheme, .value = field};
    }
    lg_decode_finish(&decoder);
}

/* False if the member is absent. */
static bool read_party(lg_decoder *parent, const char *name, bool may_be_participant, gw_party *out)
{
    const json_t *value = lg_decode_value(parent, name, false);
    const char *pointer = lg_decode_pointer(parent, name);
    *out = (gw_party){.pointer = pointer};
    if (!value)
        return false;
    lg_decoder decoder = lg_decode_object(value, pointer, parent->report);
    if (may_be_participant)
        out->participant = text_field(&decoder, "participant", CODE_MAX);
    out->name = text_field(&decoder, "name", LG_NAME_MAX);
    const json_t *identifiers = lg_decode_value(&decoder, "identifiers", false);
    if (identifiers)
        read_identifiers(identifiers, lg_decode_pointer(&decoder, "identifiers"), out, parent->report);
    lg_decode_finish(&decoder);
    return true;
}

/* Adds to what the invoice has; a document that is not readable leaves a fault. */
static void read_documents(lg_decoder *parent, gw_invoice *out)
{
    const json_t *list = lg_decode_value(parent, "documents", false);
    const char *pointer = lg_decode_pointer(parent, "documents");
    lg_report *report = parent->report;
    if (!list)
        return;
    if (!json_is_array(list)) {
        lg_fault_add(report, "not_an_array", pointer, "documents must be an array.");
        return;
    }
    if (json_array_size(list) > LG_DOCUMENTS_MAX - out->document_count) {
        lg_fault_add(report, "too_many", pointer, "documents must be at most %d.", LG_DOCUMENTS_MAX);
        return;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        lg_decoder decoder = lg_decode_object(json_array_get(list, i),
                                              lg_arena_printf(report->arena, "%s/%zu", pointer, i), report);
        if (decoder.object)
            out->documents[out->document_count++] = (gw_document){
                .kind = text_field(&decoder, "kind", CODE_MAX),
                .sha256 = text_field(&decoder, "sha256", HEX_MAX),
                .name = text_field(&decoder, "name", LG_NAME_MAX),
            };
        lg_decode_finish(&decoder);
    }
}

static void read_invoice(const json_t *value, const char *pointer, gw_invoice *out, lg_report *report)
{
    lg_decoder decoder = lg_decode_object(value, pointer, report);
    out->number = text_field(&decoder, "number", LG_INVOICE_NUMBER_MAX);
    out->issue_date = text_field(&decoder, "issue_date", CODE_MAX);
    out->due_date = text_field(&decoder, "due_date", CODE_MAX);
    out->currency = text_field(&decoder, "currency", CODE_MAX);
    out->gross_amount = money_field(&decoder, "gross_amount");
    out->payable_amount = money_field(&decoder, "payable_amount");
    out->order_reference = text_field(&decoder, "order_reference", LG_REFERENCE_MAX);
    out->contract_reference = text_field(&decoder, "contract_reference", LG_REFERENCE_MAX);
    out->note = text_field(&decoder, "note", LG_NOTE_TEXT_MAX);
    (void)read_party(&decoder, "seller", true, &out->seller);
    (void)read_party(&decoder, "buyer", true, &out->buyer);
    out->has_payee = read_party(&decoder, "payee", false, &out->payee);
    lg_decode_finish(&decoder);
}

lg_err import_json(const json_t *payload, gw_invoice *out, lg_report *report)
{
    *out = (gw_invoice){.format = LG_FORMAT_JSON};
    lg_decoder decoder = lg_decode_object(payload, "", report);
    const json_t *invoice = lg_decode_value(&decoder, "invoice", true);
    if (invoice)
        read_invoice(invoice, lg_decode_pointer(&decoder, "invoice"), out, report);
    out->amount = money_field(&decoder, "amount");
    out->part = text_field(&decoder, "part", LG_PART_MAX);
    read_documents(&decoder, out);
    lg_decode_finish(&decoder);
    if (!json_is_object(invoice))
        return lg_fail(report, LG_INVALID_FIELDS, "%s", report->first->detail);
    return LG_OK;
}

/* A CSV file has many invoices, so that one value for all of them would be wrong. */
static void lay_over(gw_field *under, gw_field over, bool is_csv, lg_report *report)
{
    if (!over.text)
        return;
    if (is_csv)
        lg_fault_add(report, "not_for_csv", over.pointer,
                     "%s cannot be given for a whole CSV file; it has a column.", over.pointer);
    else
        *under = over;
}

lg_err import_overlay(const json_t *submission, gw_invoice *invoice, lg_report *report)
{
    if (!submission)
        return LG_OK;
    bool is_csv = invoice->format == LG_FORMAT_CSV;
    lg_decoder decoder = lg_decode_object(submission, "/submission", report);
    if (!decoder.object)
        return lg_fail(report, LG_INVALID_FIELDS, "%s", report->last->detail);
    lay_over(&invoice->seller.participant, text_field(&decoder, "seller", CODE_MAX), false, report);
    lay_over(&invoice->buyer.participant, text_field(&decoder, "buyer", CODE_MAX), false, report);
    lay_over(&invoice->due_date, text_field(&decoder, "due_date", CODE_MAX), is_csv, report);
    lay_over(&invoice->amount, money_field(&decoder, "amount"), is_csv, report);
    lay_over(&invoice->part, text_field(&decoder, "part", LG_PART_MAX), is_csv, report);
    read_documents(&decoder, invoice);
    lg_decode_finish(&decoder);
    return LG_OK;
}
