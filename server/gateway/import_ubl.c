#include "server/gateway/import_xml.h"

#include "ledger/base/text.h"

#include <string.h>

static const xml_prefix ubl_prefixes[] = {
    {"cac", "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"},
    {"cbc", "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"},
    {NULL, NULL},
};

/* xsd:date may carry a time zone ("2026-11-22Z", "2026-11-22+08:00"); the day meant is the one written. */
static gw_field day_field(lg_arena *arena, gw_field field)
{
    enum { DAY_LEN = 10 };
    if (!field.text || strlen(field.text) <= DAY_LEN)
        return field;
    const char *zone = field.text + DAY_LEN;
    if (strcmp(zone, "Z") == 0 || ((*zone == '+' || *zone == '-') && strlen(zone) == 6 && zone[3] == ':'))
        field.text = lg_arena_strndup(arena, field.text, DAY_LEN);
    return field;
}

/* VAT numbers; a number of another tax scheme only if there is none. */
static void read_tax_ids(gw_party *party, xml_place from)
{
    for (int pass = 0; pass < 2; pass++) {
        size_t before = party->identifier_count;
        for (xml_place tax = xml_find(from, "cac:PartyTaxScheme"); tax.node; tax = xml_next(tax)) {
            bool is_vat = lg_text_equal(xml_text(xml_find(tax, "cac:TaxScheme/cbc:ID")), "VAT");
            if (is_vat == (pass == 0))
                xml_add_identifier(party, LG_SCHEME_TAX_ID, xml_field_of(xml_find(tax, "cbc:CompanyID")));
        }
        if (party->identifier_count > before)
            return;
    }
}

/* `from` is a cac:Party, or a cac:PayeeParty, which has the same content. A PartyIdentification of unknown
 * scheme is the other side's private number for the party (a customer number) and identifies nobody here. */
static void read_party(gw_party *party, xml_place from)
{
    party->pointer = from.path;
    party->name = xml_field_of(xml_find(from, "cac:PartyLegalEntity/cbc:RegistrationName"));
    if (!party->name.text)
        party->name = xml_field_of(xml_find(from, "cac:PartyName/cbc:Name"));
    read_tax_ids(party, from);
    for (xml_place entity = xml_find(from, "cac:PartyLegalEntity"); entity.node; entity = xml_next(entity)) {
        xml_place id = xml_find(entity, "cbc:CompanyID");
        if (!xml_add_iso6523(party, id))
            xml_add_identifier(party, LG_SCHEME_REGISTRATION_NO, xml_field_of(id));
    }
    for (xml_place item = xml_find(from, "cac:PartyIdentification"); item.node; item = xml_next(item))
        (void)xml_add_iso6523(party, xml_find(item, "cbc:ID"));
    (void)xml_add_iso6523(party, xml_find(from, "cbc:EndpointID"));
}

/* cbc:DueDate, which a credit note and some older documents lack; else the day by which all is to be paid. */
static gw_field read_due_date(xml_place invoice)
{
    static const char *const others[][2] = {{"cac:PaymentMeans", "cbc:PaymentDueDate"},
                                            {"cac:PaymentTerms", "cbc:PaymentDueDate"}};
    lg_arena *arena = invoice.report->arena;
    gw_field due = day_field(arena, xml_field(invoice, "cbc:DueDate"));
    if (due.text)
        return due;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (xml_place each = xml_find(invoice, others[i][0]); each.node; each = xml_next(each))
            xml_keep_latest(&due, day_field(arena, xml_field_of(xml_find(each, others[i][1]))));
    return due;
}

void import_ubl(const xmlNode *root, gw_invoice *out, lg_report *report)
{
    xml_place invoice = {
        .node = root,
        .path = lg_arena_printf(report->arena, "/%s", (const char *)root->name),
        .prefixes = ubl_prefixes,
        .report = report,
    };
    out->format = LG_FORMAT_UBL;
    out->is_credit_note = strcmp((const char *)root->name, "CreditNote") == 0;
    out->type_code =
        xml_field(invoice, out->is_credit_note ? "cbc:CreditNoteTypeCode" : "cbc:InvoiceTypeCode");
    out->number = xml_field(invoice, "cbc:ID");
    out->issue_date = day_field(report->arena, xml_field(invoice, "cbc:IssueDate"));
    out->due_date = read_due_date(invoice);
    out->currency = xml_field(invoice, "cbc:DocumentCurrencyCode");
    out->payment_terms = xml_remark(invoice, "cac:PaymentTerms/cbc:Note", 200);
    out->gross_amount =
        xml_money(invoice, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount", out->currency.text);
    out->payable_amount = xml_money(invoice, "cac:LegalMonetaryTotal/cbc:PayableAmount", out->currency.text);
    out->order_reference = xml_field_of(xml_find(invoice, "cac:OrderReference/cbc:ID"));
    out->contract_reference = xml_field_of(xml_find(invoice, "cac:ContractDocumentReference/cbc:ID"));
    out->note = xml_remark(invoice, "cbc:Note", LG_NOTE_TEXT_MAX);
    read_party(&out->seller, xml_only(invoice, "cac:AccountingSupplierParty/cac:Party"));
    read_party(&out->buyer, xml_only(invoice, "cac:AccountingCustomerParty/cac:Party"));
    xml_place payee = xml_only(invoice, "cac:PayeeParty");
    out->has_payee = payee.node != NULL;
    read_party(&out->payee, payee);
}
