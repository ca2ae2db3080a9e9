#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"
#include "server/gateway/document_type.h"
#include "server/gateway/invoice.h"

#include <string.h>

enum { QUOTE_MAX = 60 };

struct form {
    const gw_invoice *in;
    lg_submission *out;
    lg_report *report;
    bool lacks_due_date;   /* a complete invoice without one is no receivable; an incomplete one is just
                              incomplete */
    bool is_no_receivable; /* a fault that no correction of fields can mend was found */
};

static const char *quote(const struct form *form, const char *text)
{
    return lg_text_clip(form->report->arena, text, QUOTE_MAX);
}

/* What the importer has complained about already is not absent. */
static bool has_fault_at(const struct form *form, const char *pointer)
{
    for (const lg_fault *fault = form->report->first; fault; fault = fault->next)
        if (strcmp(fault->pointer, pointer) == 0)
            return true;
    return false;
}

/* A present text, or NULL after noting that a required one is missing. */
static const char *present(struct form *form, gw_field field, const char *label, bool required)
{
    const char *text = field.text ? lg_text_collapse(form->report->arena, field.text) : NULL;
    if (text && *text)
        return text;
    if (required && !has_fault_at(form, field.pointer))
        lg_fault_add(form->report, "required", field.pointer, "%s is required.", label);
    return NULL;
}

static const char *take_text(struct form *form, gw_field field, const char *label, bool required,
                             size_t max_len)
{
    const char *text = present(form, field, label, required);
    if (!text)
        return NULL;
    if (strlen(text) > max_len) {
        lg_fault_add(form->report, "too_long", field.pointer, "%s must be at most %zu bytes long.", label,
                     max_len);
        return NULL;
    }
    if (!lg_text_is_line(lg_bytes_str(text))) {
        lg_fault_add(form->report, "bad_character", field.pointer, "%s must hold no control characters.",
                     label);
        return NULL;
    }
    return text;
}

static bool take_day(struct form *form, gw_field field, const char *label, bool required, lg_day *out)
{
    const char *text = present(form, field, label, required);
    if (!text)
        return false;
    if (lg_day_parse(text, out))
        return true;
    lg_fault_add(form->report, "malformed_date", field.pointer,
                 "%s must be a date of the calendar such as 2026-11-22; it is \"%s\".", label,
                 quote(form, text));
    return false;
}

static bool take_currency(struct form *form)
{
    gw_field field = form->in->currency;
    const char *text = present(form, field, "currency", true);
    if (!text)
        return false;
    if (lg_currency_parse(text, &form->out->currency))
        return true;
    lg_fault_add(form->report, "unknown_currency", field.pointer,
                 "currency must be a code of ISO 4217 with a minor unit, such as CNY; it is \"%s\".",
                 quote(form, text));
    return false;
}

static void explain_money(struct form *form, gw_field field, const char *label, const char *text,
                          lg_amount_parse_result result)
{
    const char *shown = quote(form, text), *code = form->out->currency.code;
    lg_money_text example = lg_amount_format(123456, form->out->currency);
    lg_money_text most = lg_amount_format(LG_AMOUNT_MAX, form->out->currency);
    switch (result) {
    case LG_AMOUNT_OK:
        break;
    case LG_AMOUNT_MALFORMED:
        lg_fault_add(
            form->report, "malformed_amount", field.pointer,
            "%s must be a decimal number such as \"%s\", with no exponent and no separators; it is \"%s\".",
            label, example.s, shown);
        break;
    case LG_AMOUNT_NEGATIVE:
        lg_fault_add(form->report, "negative_amount", field.pointer, "%s must not be negative; it is \"%s\".",
                     label, shown);
        break;
    case LG_AMOUNT_WRONG_SCALE:
        lg_fault_add(form->report, "wrong_scale", field.pointer,
                     field.exact ? LG_TEXT("%s must have exactly %d decimals, as %s has; it is \"%s\".")
                                 : LG_TEXT("%s must have at most %d decimals, as %s has; it is \"%s\"."),
                     label, lg_currency_scale(form->out->currency), code, shown);
        break;
    case LG_AMOUNT_TOO_LARGE:
        lg_fault_add(form->report, "amount_too_large", field.pointer, "%s must be at most %s %s.", label,
                     most.s, code);
        break;
    }
}

/* Money above zero. A sum of the invoice itself (`is_sum`) at or below zero means that there is no
 * receivable; the amount asked for is only a wrong field. */
static bool take_money(struct form *form, gw_field field, const char *label, bool required, bool is_sum,
                       int64_t *out)
{
    const char *text = present(form, field, label, required);
    if (!text)
        return false;
    int64_t minor = 0;
    lg_amount_parse_result result = field.exact ? lg_amount_parse(text, form->out->currency, &minor)
                                                : lg_amount_parse_decimal(text, form->out->currency, &minor);
    if (result == LG_AMOUNT_OK && minor < 0)
        result = LG_AMOUNT_NEGATIVE;
    if (result == LG_AMOUNT_OK && minor == 0) {
        lg_fault_add(form->report, is_sum ? "nothing_due" : "amount_zero", field.pointer,
                     "%s is zero: nothing is due.", label);
    } else if (result != LG_AMOUNT_OK) {
        explain_money(form, field, label, text, result);
    } else {
        *out = minor;
        return true;
    }
    if (is_sum && (result == LG_AMOUNT_OK || result == LG_AMOUNT_NEGATIVE))
        form->is_no_receivable = true;
    return false;
}

static void take_amounts(struct form *form)
{
    const gw_invoice *in = form->in;
    lg_submission *out = form->out;
    if (!take_currency(form)) { /* without it no amount can be read, but a missing one can be named */
        (void)present(form, in->gross_amount, "gross_amount", true);
        return;
    }
    if (take_money(form, in->gross_amount, "gross_amount", true, true, &out->gross_minor))
        out->payable_minor = out->gross_minor;
    (void)take_money(form, in->payable_amount, "payable_amount", false, true, &out->payable_minor);
    out->amount_minor = out->payable_minor;
    (void)take_money(form, in->amount, "amount", false, false, &out->amount_minor);
}

/* True if the document is of a kind that can be owed. */
static bool take_type(struct form *form)
{
    const gw_field *type = &form->in->type_code;
    const char *code = type->text;
    gw_type_refusal refusal;
    bool acceptable = gw_type_can_be_receivable(code, &refusal);
    if (form->in->is_credit_note && acceptable) /* UBL says it by its root element; the code is optional */
        acceptable = gw_type_can_be_receivable("381", &refusal);
    if (acceptable)
        return true;
    if (code)
        lg_fault_add(form->report, refusal.code, type->pointer,
                     "A document of type code %s cannot be a receivable: %s.", quote(form, code),
                     refusal.reason);
    else
        lg_fault_add(form->report, refusal.code, type->pointer, "The document cannot be a receivable: %s.",
                     refusal.reason);
    form->is_no_receivable = true;
    return false;
}

static void take_days(struct form *form, int default_tenor_days, bool may_be_owed)
{
    const gw_invoice *in = form->in;
    lg_submission *out = form->out;
    bool has_issue_day = take_day(form, in->issue_date, "issue_date", true, &out->issue_day);
    if (present(form, in->due_date, "due_date", false)) {
        (void)take_day(form, in->due_date, "due_date", false, &out->due_day);
        return;
    }
    if (!may_be_owed || has_fault_at(form, in->due_date.pointer))
        return;
    if (default_tenor_days > 0) {
        if (has_issue_day)
            out->due_day = out->issue_day + default_tenor_days;
        /* The ledger writes dates of the years 1900 to 2999 and reads no others. */
        if (has_issue_day && !lg_day_parse(lg_day_format(out->due_day).s, &out->due_day))
            lg_fault_add(
                form->report, "out_of_range", in->issue_date.pointer,
                "The issue date and the policy's default tenor give a due date beyond the year 2999.");
        out->due_day_by_policy = true;
        return;
    }
    const char *terms = in->payment_terms.text;
    if (terms)
        lg_fault_add(form->report, "no_due_date", in->due_date.pointer,
                     "The invoice states no due date, and the registry's policy has none to put in its "
                     "place; its payment terms say only: \"%s\".",
                     lg_text_clip(form->report->arena, terms, 200));
    else
        lg_fault_add(form->report, "no_due_date", in->due_date.pointer,
                     "The invoice states no due date, and the registry's policy has none to put in its "
                     "place.");
    form->lacks_due_date = true;
}

static void take_identifier(struct form *form, const gw_identifier *in, lg_party_ref *out)
{
    const char *label = lg_scheme_name(in->scheme);
    const char *text = take_text(form, in->value, label, false, 4 * LG_IDENTIFIER_MAX);
    if (!text)
        return;
    lg_identifier identifier = lg_identifier_normalise(form->report->arena, in->scheme, text);
    if (!*identifier.value || strlen(identifier.value) > LG_IDENTIFIER_MAX) {
        lg_fault_add(form->report, "malformed_identifier", in->value.pointer,
                     "%s must have 1 to %d letters or digits; it is \"%s\".", label, LG_IDENTIFIER_MAX,
                     quote(form, text));
        return;
    }
    for (size_t i = 0; i < out->identifier_count; i++)
        if (out->identifiers[i].scheme == identifier.scheme &&
            strcmp(out->identifiers[i].value, identifier.value) == 0)
            return;
    out->identifiers[out->identifier_count++] = identifier; /* as many as the importer has room for */
}
_Static_assert((int)GW_IDENTIFIERS_MAX == (int)LG_IDENTIFIERS_MAX,
               "an invoice's identifiers fit a submission");

static void take_party(struct form *form, const gw_party *in, const char *id_label, const char *name_label,
                       lg_party_ref *out)
{
    const char *id = present(form, in->participant, id_label, false);
    out->pointer = in->pointer;
    out->has_participant = id && lg_uuid_parse(id, &out->participant.uuid);
    if (id && !out->has_participant)
        lg_fault_add(form->report, "malformed_id", in->participant.pointer,
                     "%s must be a participant's id (a UUID); it is \"%s\".", id_label, quote(form, id));
    out->name = take_text(form, in->name, name_label, false, LG_NAME_MAX);
    for (size_t i = 0; i < in->identifier_count; i++)
        take_identifier(form, &in->identifiers[i], out);
}

static bool has_document(const lg_submission *out, const lg_hash *sha256)
{
    for (size_t i = 0; i < out->document_count; i++)
        if (lg_hash_equal(&out->documents[i].sha256, sha256))
            return true;
    return false;
}

static void take_document(struct form *form, const gw_document *in)
{
    lg_submission *out = form->out;
    lg_document document = {.kind = LG_DOC_OTHER};
    const char *sha256 = present(form, in->sha256, "sha256", true);
    bool is_sound = sha256 && lg_hex_decode(lg_bytes_str(sha256), document.sha256.b, LG_HASH_LEN);
    if (sha256 && !is_sound)
        lg_fault_add(form->report, "malformed_sha256", in->sha256.pointer,
                     "A document's sha256 must be 64 hexadecimal digits in lower case; it is \"%s\".",
                     quote(form, sha256));
    /* A CSV may leave the column out. */
    const char *kind = present(form, in->kind, "kind", form->in->format != LG_FORMAT_CSV);
    if (kind && !lg_document_kind_parse(kind, &document.kind)) {
        lg_fault_add(form->report, "unknown_document_kind", in->kind.pointer,
                     "A document's kind must be contract, order, delivery_note, warehouse_receipt, "
                     "logistics, invoice, "
                     "acceptance or other; it is \"%s\".",
                     quote(form, kind));
    }
    document.name = take_text(form, in->name, "name", false, LG_NAME_MAX);
    if (is_sound && has_document(out, &document.sha256))
        lg_fault_add(form->report, "repeated", in->sha256.pointer,
                     "The document with sha256 %s is named twice.", sha256);
    else if (is_sound)
        out->documents[out->document_count++] = document;
}

static void take_all(struct form *form, int default_tenor_days)
{
    const gw_invoice *in = form->in;
    lg_submission *out = form->out;
    out->format = in->format;
    bool may_be_owed = take_type(form);
    out->number = take_text(form, in->number, "number", true, LG_INVOICE_NUMBER_MAX);
    take_days(form, default_tenor_days, may_be_owed);
    take_amounts(form);
    out->part = take_text(form, in->part, "part", false, LG_PART_MAX);
    take_party(form, &in->seller, "seller", "seller's name", &out->seller);
    take_party(form, &in->buyer, "buyer", "buyer's name", &out->buyer);
    out->has_payee = in->has_payee;
    if (in->has_payee)
        take_party(form, &in->payee, "payee", "payee's name", &out->payee);
    out->order_reference = take_text(form, in->order_reference, "order_reference", false, LG_REFERENCE_MAX);
    out->contract_reference =
        take_text(form, in->contract_reference, "contract_reference", false, LG_REFERENCE_MAX);
    out->note = take_text(form, in->note, "note", false, LG_NOTE_TEXT_MAX);
    for (size_t i = 0; i < in->document_count; i++)
        take_document(form, &in->documents[i]);
}

lg_err invoice_to_submission(const gw_invoice *invoice, int default_tenor_days, lg_submission *out,
                             lg_report *report)
{
    struct form form = {.in = invoice, .out = out, .report = report};
    *out = (lg_submission){0};
    if (invoice->broken.text)
        lg_fault_add(report, "wrong_field_count", invoice->broken.pointer, "%s", invoice->broken.text);
    else
        take_all(&form, default_tenor_days);
    if (report->fault_count == 0)
        return LG_OK;
    bool no_receivable = form.is_no_receivable || (form.lacks_due_date && report->fault_count == 1);
    lg_err err = no_receivable ? LG_NOT_A_RECEIVABLE : LG_INVALID_FIELDS;
    if (report->fault_count == 1)
        return lg_fail(report, err, "%s", report->first->detail);
    return lg_fail(report, err, "%zu rules are broken; the first: %s", report->fault_count,
                   report->first->detail);
}
