#include "server/gateway/import_xml.h"

#include "ledger/base/text.h"

#include <string.h>

static const xml_prefix cii_prefixes[] = {
    {"rsm", XML_NS_CII},
    {"ram", "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"},
    {"udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"},
    {NULL, NULL},
};

/* Dates come in UN/CEFACT format 102 (YYYYMMDD), which becomes ISO here; anything else is kept with its
 * format, for the form check to refuse. */
static gw_field day_field(xml_place from)
{
    gw_field field = xml_field_of(from);
    const char *format = xml_attribute(from, "format");
    lg_day day;
    if (!field.text)
        return field;
    if (format && strcmp(format, "102") != 0) {
        field.text = lg_arena_printf(from.report->arena, "%s (format %s)",
                                     lg_text_clip(from.report->arena, field.text, 40),
                                     lg_text_clip(from.report->arena, format, 10));
    } else if (lg_day_parse_compact(field.text, &day)) {
        lg_day_text iso = lg_day_format(day);
        field.text = lg_arena_strdup(from.report->arena, iso.s);
    }
    return field;
}

/* schemeID VA: VAT numbers; FC, a local tax number, only if there is none. */
static void read_tax_ids(gw_party *party, xml_place from)
{
    static const char *const order[] = {"VA", "FC"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        size_t before = party->identifier_count;
        for (xml_place tax = xml_find(from, "ram:SpecifiedTaxRegistration"); tax.node; tax = xml_next(tax)) {
            xml_place id = xml_find(tax, "ram:ID");
            if (lg_text_equal(xml_attribute(id, "schemeID"), order[i]))
                xml_add_identifier(party, LG_SCHEME_TAX_ID, xml_field_of(id));
        }
        if (party->identifier_count > before)
            return;
    }
}

/* ram:ID, a number one side gave the other, identifies nobody here. */
static void read_party(gw_party *party, xml_place from)
{
    party->pointer = from.path;
    party->name = xml_field_of(xml_find(from, "ram:Name"));
    if (!party->name.text)
        party->name = xml_field_of(xml_find(from, "ram:SpecifiedLegalOrganization/ram:TradingBusinessName"));
    read_tax_ids(party, from);
    xml_place legal = xml_find(from, "ram:SpecifiedLegalOrganization/ram:ID");
    if (!xml_add_iso6523(party, legal))
        xml_add_identifier(party, LG_SCHEME_REGISTRATION_NO, xml_field_of(legal));
    for (xml_place id = xml_find(from, "ram:GlobalID"); id.node; id = xml_next(id))
        (void)xml_add_iso6523(party, id);
    (void)xml_add_iso6523(party, xml_find(from, "ram:URIUniversalCommunication/ram:URIID"));
}

/* Instalments: the day by which all is to be paid. */
static gw_field read_due_date(xml_place settlement)
{
    xml_place terms = xml_find(settlement, "ram:SpecifiedTradePaymentTerms");
    gw_field due = {.pointer = xml_find(terms, "ram:DueDateDateTime/udt:DateTimeString").path};
    for (; terms.node; terms = xml_next(terms))
        xml_keep_latest(&due, day_field(xml_find(terms, "ram:DueDateDateTime/udt:DateTimeString")));
    return due;
}

void import_cii(const xmlNode *root, gw_invoice *out, lg_report *report)
{
    xml_place invoice = {
        .node = root, .path = "/CrossIndustryInvoice", .prefixes = cii_prefixes, .report = report};
    xml_place document = xml_only(invoice, "rsm:ExchangedDocument");
    xml_place trade = xml_only(invoice, "rsm:SupplyChainTradeTransaction");
    xml_place agreement = xml_only(trade, "ram:ApplicableHeaderTradeAgreement");
    xml_place settlement = xml_only(trade, "ram:ApplicableHeaderTradeSettlement");
    xml_place sums = xml_only(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation");
    out->format = LG_FORMAT_CII;
    out->type_code = xml_field(document, "ram:TypeCode");
    out->number = xml_field(document, "ram:ID");
    out->issue_date = day_field(xml_only(document, "ram:IssueDateTime/udt:DateTimeString"));
    out->due_date = read_due_date(settlement);
    out->currency = xml_field(settlement, "ram:InvoiceCurrencyCode");
    out->payment_terms = xml_remark(settlement, "ram:SpecifiedTradePaymentTerms/ram:Description", 200);
    out->gross_amount = xml_money(sums, "ram:GrandTotalAmount", out->currency.text);
    out->payable_amount = xml_money(sums, "ram:DuePayableAmount", out->currency.text);
    out->order_reference =
        xml_field_of(xml_find(agreement, "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"));
    out->contract_reference =
        xml_field_of(xml_find(agreement, "ram:ContractReferencedDocument/ram:IssuerAssignedID"));
    out->note = xml_remark(document, "ram:IncludedNote/ram:Content", LG_NOTE_TEXT_MAX);
    read_party(&out->seller, xml_only(agreement, "ram:SellerTradeParty"));
    read_party(&out->buyer, xml_only(agreement, "ram:BuyerTradeParty"));
    xml_place payee = xml_only(settlement, "ram:PayeeTradeParty");
    out->has_payee = payee.node != NULL;
    read_party(&out->payee, payee);
}
