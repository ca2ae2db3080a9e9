/* The same things said in JSON, UBL, CII and CSV, and every rule of the form. */
#include "tests/unit/import_rig.h"

static void assert_same_party(const lg_party_ref *a, const lg_party_ref *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->identifier_count, b->identifier_count);
    for (size_t i = 0; i < a->identifier_count; i++) {
        assert_int_equal(a->identifiers[i].scheme, b->identifiers[i].scheme);
        assert_string_equal(a->identifiers[i].value, b->identifiers[i].value);
    }
}

static void assert_same_invoice(const lg_submission *a, const lg_submission *b)
{
    assert_string_equal(a->number, b->number);
    assert_int_equal(a->issue_day, b->issue_day);
    assert_int_equal(a->due_day, b->due_day);
    assert_true(lg_currency_equal(a->currency, b->currency));
    assert_int_equal(a->gross_minor, b->gross_minor);
    assert_int_equal(a->payable_minor, b->payable_minor);
    assert_int_equal(a->amount_minor, b->amount_minor);
    assert_string_equal(a->order_reference, b->order_reference);
    assert_string_equal(a->contract_reference, b->contract_reference);
    assert_string_equal(a->note, b->note);
    assert_same_party(&a->seller, &b->seller);
    assert_same_party(&a->buyer, &b->buyer);
    assert_false(a->has_payee || b->has_payee || a->part || b->part || a->due_day_by_policy ||
                 b->due_day_by_policy);
}

static void one_invoice_reads_the_same_in_four_formats(void **state)
{
    import_rig *rig = *state;
    lg_submission json, ubl, cii, csv;
    assert_int_equal(rig_json(rig, rig_example(rig, "json/suzhou-huadong.json")), LG_OK);
    json = rig->submission;
    assert_int_equal(rig_xml(rig, rig_example(rig, "ubl/suzhou-huadong.xml"), 0), LG_OK);
    ubl = rig->submission;
    assert_int_equal(rig_xml(rig, rig_example(rig, "cii/suzhou-huadong.xml"), 0), LG_OK);
    cii = rig->submission;
    gw_invoice *rows;
    int *lines;
    size_t count;
    assert_int_equal(
        import_csv(rig_example(rig, "csv/suzhou-november.csv"), &rows, &lines, &count, &rig->report), LG_OK);
    assert_int_equal(invoice_to_submission(&rows[0], 0, &csv, &rig->report), LG_OK);

    assert_string_equal(json.number, "26322000001837465021");
    assert_int_equal(json.gross_minor, 52951800);
    assert_string_equal(lg_day_format(json.due_day).s, "2027-03-08");
    assert_int_equal(json.seller.identifier_count, 1);
    assert_int_equal(json.seller.identifiers[0].scheme, LG_SCHEME_USCC);
    assert_same_invoice(&json, &ubl);
    assert_same_invoice(&json, &cii);
    assert_same_invoice(&json, &csv);
    assert_int_equal(json.format, LG_FORMAT_JSON);
    assert_int_equal(ubl.format, LG_FORMAT_UBL);
    assert_int_equal(cii.format, LG_FORMAT_CII);
    assert_int_equal(csv.format, LG_FORMAT_CSV);
}

static void every_good_example_passes(void **state)
{
    static const char *const json[] = {"suzhou-huadong", "suzhou-huadong-with-documents", "ningbo-suzhou",
                                       "huadong-payable-to-suzhou", "rheintal-nordwind-part"};
    static const char *const xml[] = {"ubl/suzhou-huadong", "ubl/rheintal-nordwind", "cii/suzhou-huadong",
                                      "cii/rheintal-nordwind"};
    import_rig *rig = *state;
    for (size_t i = 0; i < sizeof json / sizeof *json; i++) {
        rig_reset(rig);
        assert_int_equal(
            rig_json(rig, rig_example(rig, lg_arena_printf(rig->arena, "json/%s.json", json[i]))), LG_OK);
        lg_day tenor = rig->submission.due_day - rig->submission.issue_day;
        assert_in_range(tenor, 1, 180);
    }
    assert_int_equal(rig->submission.amount_minor, 5000000);
    assert_string_equal(rig->submission.part, "1/2");
    assert_int_equal(rig->submission.document_count, 1);
    assert_int_equal(rig->submission.documents[0].kind, LG_DOC_DELIVERY_NOTE);
    for (size_t i = 0; i < sizeof xml / sizeof *xml; i++) {
        rig_reset(rig);
        assert_int_equal(rig_xml(rig, rig_example(rig, lg_arena_printf(rig->arena, "%s.xml", xml[i])), 0),
                         LG_OK);
        for (size_t k = 0; k < rig->submission.seller.identifier_count; k++)
            assert_int_equal(lg_identifier_check(rig->submission.seller.identifiers[k]), LG_IDENTIFIER_OK);
    }
}

static void xml_names_german_parties_by_all_their_numbers(void **state)
{
    import_rig *rig = *state;
    static const char *const files[] = {"ubl/rheintal-nordwind.xml", "cii/rheintal-nordwind.xml"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rig_xml(rig, rig_example(rig, files[i]), 0), LG_OK);
        const lg_party_ref *seller = &rig->submission.seller, *buyer = &rig->submission.buyer;
        assert_int_equal(seller->identifier_count, 3);
        assert_int_equal(seller->identifiers[0].scheme, LG_SCHEME_TAX_ID);
        assert_string_equal(seller->identifiers[0].value, "DE271945084");
        assert_int_equal(seller->identifiers[1].scheme, LG_SCHEME_REGISTRATION_NO);
        assert_string_equal(seller->identifiers[1].value, "HRB23117");
        assert_int_equal(seller->identifiers[2].scheme, LG_SCHEME_GLN);
        assert_string_equal(seller->identifiers[2].value, "4260123456016");
        assert_int_equal(buyer->identifier_count, 2);
        assert_int_equal(buyer->identifiers[1].scheme, LG_SCHEME_LEI);
        assert_string_equal(buyer->identifiers[1].value, "529900NW4MB26HAMB170");
    }
}

static void a_credit_note_cannot_be_owed(void **state)
{
    import_rig *rig = *state;
    lg_bytes document = rig_example(rig, "ubl/rheintal-nordwind-credit-note.xml");
    assert_int_equal(rig_xml(rig, document, 0), LG_NOT_A_RECEIVABLE);
    assert_string_equal(rig_codes(rig), "credit_note");
    assert_string_equal(rig->report.first->pointer, "/CreditNote/cbc:CreditNoteTypeCode");
    assert_string_equal(rig->report.detail, "A document of type code 381 cannot be a receivable: a credit "
                                            "note lowers what the buyer owes and cannot itself be "
                                            "owed.");
}

/* ---- JSON ---- */

#define PARTIES                                                                                              \
    "\"seller\":{\"participant\":\"01932d1e-0000-7000-8000-000000000001\"},\"buyer\":{\"name\":"             \
    "\"华东重工\"}"
#define GOOD                                                                                                 \
    "\"number\":\"A-1\",\"issue_date\":\"2026-11-22\",\"due_date\":\"2027-01-21\",\"currency\":\"CNY\","     \
    "\"gross_amount\":\"100.00\"," PARTIES
#define SHA "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""

static void json_forms_and_their_faults(void **state)
{
    static const struct {
        const char *payload;
        lg_err err;
        const char *codes;
    } cases[] = {
        {"{\"invoice\":{" GOOD "}}", LG_OK, ""},
        {"[]", LG_INVALID_FIELDS, "not_an_object"},
        {"{}", LG_INVALID_FIELDS, "required"},
        {"{\"invoice\":[]}", LG_INVALID_FIELDS, "not_an_object"},
        {"{\"invoice\":{}}", LG_INVALID_FIELDS, "required required no_due_date required required"},
        {"{\"invoice\":{" GOOD ",\"colour\":\"red\"},\"extra\":1}", LG_INVALID_FIELDS,
         "unknown_field unknown_field"},
        {"{\"invoice\":{" GOOD ",\"seller\":{}}}", LG_MALFORMED_JSON, ""}, /* a name twice */
        /* numbers, dates, currency */
        {"{\"invoice\":{\"number\":7,\"issue_date\":20261122,\"due_date\":\"2027-02-29\",\"currency\":"
         "\"RMB\"," PARTIES "}}",
         LG_INVALID_FIELDS, "not_a_string not_a_string malformed_date unknown_currency required"},
        {"{\"invoice\":{\"number\":\" "
         "A\",\"issue_date\":\"2026-11-22\",\"due_date\":\"22.01.2027\",\"currency\":\"CNY\","
         "\"gross_amount\":\"1.00\"," PARTIES "}}",
         LG_INVALID_FIELDS, "bad_character malformed_date"},
        /* money */
        {"{\"invoice\":{\"number\":\"1\",\"issue_date\":\"2026-11-22\",\"due_date\":\"2027-01-21\","
         "\"currency\":\"CNY\","
         "\"gross_amount\":100.00,\"payable_amount\":100," PARTIES "}}",
         LG_INVALID_FIELDS, "not_a_string not_a_string"},
        {"{\"invoice\":{" GOOD ",\"payable_amount\":\"1e2\"},\"amount\":\"1.0\"}", LG_INVALID_FIELDS,
         "malformed_amount wrong_scale"},
        {"{\"invoice\":{" GOOD ",\"payable_amount\":\"90071992547409.92\"}}", LG_INVALID_FIELDS,
         "amount_too_large"},
        {"{\"invoice\":{" GOOD ",\"payable_amount\":\"0.00\"}}", LG_NOT_A_RECEIVABLE, "nothing_due"},
        {"{\"invoice\":{" GOOD ",\"payable_amount\":\"-1.00\"}}", LG_NOT_A_RECEIVABLE, "negative_amount"},
        {"{\"invoice\":{" GOOD "},\"amount\":\"0.00\"}", LG_INVALID_FIELDS, "amount_zero"},
        {"{\"invoice\":{" GOOD "},\"amount\":\"-1.00\"}", LG_INVALID_FIELDS, "negative_amount"},
        /* parties */
        {"{\"invoice\":{\"number\":\"1\",\"issue_date\":\"2026-11-22\",\"due_date\":\"2027-01-21\","
         "\"currency\":\"CNY\","
         "\"gross_amount\":\"1.00\",\"seller\":{\"participant\":\"me\"},\"buyer\":{\"identifiers\":{\"duns\":"
         "\"1\",\"gln\":\"--\"}},"
         "\"payee\":{\"participant\":\"x\"}}}",
         LG_INVALID_FIELDS, "unknown_field unknown_field malformed_id malformed_identifier"},
        /* part and documents */
        {"{\"invoice\":{" GOOD "},\"part\":\"a label that is longer than thirty-two bytes\"}",
         LG_INVALID_FIELDS, "too_long"},
        {"{\"invoice\":{" GOOD "},\"documents\":{}}", LG_INVALID_FIELDS, "not_an_array"},
        {"{\"invoice\":{" GOOD "},\"documents\":[{\"kind\":\"contract\",\"sha256\":" SHA
         "},{\"kind\":\"order\",\"sha256\":" SHA "}]}",
         LG_INVALID_FIELDS, "repeated"},
        {"{\"invoice\":{" GOOD "},\"documents\":[{\"kind\":\"selfie\",\"sha256\":\"E3B0\"},{},7]}",
         LG_INVALID_FIELDS, "not_an_object malformed_sha256 unknown_document_kind required required"},
        {"{\"invoice\":{" GOOD "},\"documents\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}",
         LG_INVALID_FIELDS, "too_many"},
    };
    import_rig *rig = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_reset(rig);
        lg_err err = rig_json(rig, lg_bytes_str(cases[i].payload));
        if (err != cases[i].err || strcmp(rig_codes(rig), cases[i].codes) != 0) {
            print_error("%s\n -> %s, %s\n", cases[i].payload, lg_err_slug(err), rig_codes(rig));
            rig_print_faults(rig);
            fail();
        }
        assert_true(err == LG_OK || (rig->report.err == err && rig->report.detail));
    }
}

static void faults_say_where_they_are(void **state)
{
    import_rig *rig = *state;
    const char *payload = "{\"invoice\":{" GOOD ",\"payable_amount\":12.5}}";
    assert_int_equal(rig_json(rig, lg_bytes_str(payload)), LG_INVALID_FIELDS);
    assert_string_equal(rig->report.first->pointer, "/invoice/payable_amount");
    assert_string_equal(rig->report.detail,
                        "payable_amount must be a string such as \"1234.50\": money is never a JSON number.");
}

/* ---- XML documents made here ---- */

#define UBL_OPEN                                                                                             \
    "<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2' "                               \
    "xmlns:a='urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2' "                    \
    "xmlns:b='urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2'>"
#define UBL_HEAD                                                                                             \
    "<b:ID> A  1\n</b:ID><b:IssueDate>2026-11-22Z</b:IssueDate><b:DueDate>2027-01-21+08:00</b:DueDate>"
#define UBL_EUR "<b:DocumentCurrencyCode>EUR</b:DocumentCurrencyCode>"
#define UBL_SUM(gross, payable)                                                                              \
    "<a:LegalMonetaryTotal><b:TaxInclusiveAmount currencyID='EUR'>" gross "</b:TaxInclusiveAmount>"          \
    "<b:PayableAmount currencyID='EUR'>" payable "</b:PayableAmount></a:LegalMonetaryTotal>"
#define UBL_DATED(date) "<b:ID>1</b:ID><b:IssueDate>2026-11-22</b:IssueDate>" date
#define MEANS(date)     "<a:PaymentMeans><b:PaymentDueDate>" date "</b:PaymentDueDate></a:PaymentMeans>"
#define TYPE(code)      "<b:InvoiceTypeCode>" code "</b:InvoiceTypeCode>"

static void ubl_forms_and_their_faults(void **state)
{
    static const struct {
        const char *document;
        lg_err err;
        const char *codes;
    } cases[] = {
        {UBL_OPEN UBL_HEAD UBL_EUR UBL_SUM("100", "99.500") "</Invoice>", LG_OK, ""},
        {UBL_OPEN TYPE("380") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_OK, ""},
        {UBL_OPEN TYPE("389") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_OK, ""},
        {UBL_OPEN TYPE("381") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_NOT_A_RECEIVABLE,
         "credit_note"},
        {UBL_OPEN TYPE("261") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_NOT_A_RECEIVABLE,
         "credit_note"},
        {UBL_OPEN TYPE("386") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_NOT_A_RECEIVABLE,
         "prepayment"},
        {UBL_OPEN TYPE("325") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_NOT_A_RECEIVABLE,
         "pro_forma"},
        {UBL_OPEN TYPE("393") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_NOT_A_RECEIVABLE,
         "factored_invoice"},
        {UBL_OPEN TYPE("751") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_NOT_A_RECEIVABLE,
         "accounting_only"},
        {UBL_OPEN TYPE("38") UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>", LG_NOT_A_RECEIVABLE,
         "unsupported_document_type"},
        {UBL_OPEN UBL_HEAD UBL_EUR UBL_SUM("-5", "-5") "</Invoice>", LG_NOT_A_RECEIVABLE,
         "negative_amount negative_amount"},
        {UBL_OPEN UBL_HEAD UBL_EUR UBL_SUM("5", "0") "</Invoice>", LG_NOT_A_RECEIVABLE, "nothing_due"},
        {UBL_OPEN UBL_HEAD UBL_EUR UBL_SUM("5.001", "5,00") "</Invoice>", LG_INVALID_FIELDS,
         "wrong_scale malformed_amount"},
        {UBL_OPEN UBL_HEAD UBL_EUR UBL_SUM("90071992547409.92", "5") "</Invoice>", LG_INVALID_FIELDS,
         "amount_too_large"},
        {UBL_OPEN UBL_HEAD
         "<b:DocumentCurrencyCode>SEK</b:DocumentCurrencyCode>" UBL_SUM("5", "5") "</Invoice>",
         LG_INVALID_FIELDS, "currency_mismatch currency_mismatch"},
        {UBL_OPEN UBL_HEAD UBL_EUR UBL_SUM("5", "5") UBL_SUM("6", "6") "</Invoice>", LG_INVALID_FIELDS,
         "repeated repeated"},
        {UBL_OPEN "<b:ID>2</b:ID>" UBL_HEAD UBL_EUR UBL_SUM("5", "5") "</Invoice>", LG_INVALID_FIELDS,
         "repeated"},
        {UBL_OPEN "</Invoice>", LG_INVALID_FIELDS, "required required no_due_date required required"},
        {UBL_OPEN UBL_DATED("") UBL_EUR UBL_SUM("5", "5") "</Invoice>", LG_NOT_A_RECEIVABLE, "no_due_date"},
        {UBL_OPEN UBL_DATED(MEANS("2027-01-01") MEANS("2027-03-01") MEANS("2027-02-01"))
             UBL_EUR UBL_SUM("5", "5") "</Invoice>",
         LG_OK, ""},
        {UBL_OPEN UBL_DATED(MEANS("2027-01-01") MEANS("soon")) UBL_EUR UBL_SUM("5", "5") "</Invoice>",
         LG_INVALID_FIELDS, "malformed_date"},
        {"<Invoice/>", LG_NOT_A_RECEIVABLE, "unsupported_document_type"},
        {"<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>", LG_NOT_A_RECEIVABLE,
         "unsupported_document_type"},
        {"<x:CrossIndustryDocument xmlns:x='urn:ferd:CrossIndustryDocument:invoice:1p0'/>",
         LG_NOT_A_RECEIVABLE, "unsupported_document_type"},
    };
    import_rig *rig = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_reset(rig);
        lg_err err = rig_xml(rig, lg_bytes_str(cases[i].document), 0);
        if (err != cases[i].err || strcmp(rig_codes(rig), cases[i].codes) != 0) {
            print_error("%s\n -> %s, %s\n", cases[i].document, lg_err_slug(err), rig_codes(rig));
            rig_print_faults(rig);
            fail();
        }
    }
}

static void ubl_values_are_normalised(void **state)
{
    import_rig *rig = *state;
    assert_int_equal(
        rig_xml(rig, lg_bytes_str(UBL_OPEN UBL_HEAD UBL_EUR UBL_SUM("100", "99.500") "</Invoice>"), 0),
        LG_OK);
    assert_string_equal(rig->submission.number, "A 1");
    assert_string_equal(lg_day_format(rig->submission.issue_day).s, "2026-11-22");
    assert_string_equal(lg_day_format(rig->submission.due_day).s, "2027-01-21");
    assert_int_equal(rig->submission.gross_minor, 10000);
    assert_int_equal(rig->submission.payable_minor, 9950);
    assert_int_equal(rig->submission.amount_minor, 9950);

    const char *instalments = UBL_OPEN UBL_DATED(MEANS("2027-01-01") MEANS("2027-03-01") MEANS("2027-02-01"))
        UBL_EUR UBL_SUM("5", "5") "</Invoice>";
    assert_int_equal(rig_xml(rig, lg_bytes_str(instalments), 0), LG_OK);
    assert_string_equal(lg_day_format(rig->submission.due_day).s, "2027-03-01");
}

static void repeats_have_a_limit(void **state)
{
    import_rig *rig = *state;
    lg_buf document = {0};
    lg_buf_str(&document, UBL_OPEN UBL_DATED("") UBL_EUR UBL_SUM("5", "5"));
    for (int i = 0; i < 250; i++)
        lg_buf_str(&document, MEANS("2027-01-01"));
    lg_buf_str(&document, "</Invoice>");
    assert_int_equal(rig_xml(rig, lg_buf_bytes(&document), 0), LG_INVALID_FIELDS);
    assert_string_equal(rig_codes(rig), "too_many");
    assert_string_equal(rig->report.first->pointer, "/Invoice/cac:PaymentMeans");
    lg_buf_clear(&document);
}

static void a_missing_due_date_comes_from_policy_or_is_explained(void **state)
{
    import_rig *rig = *state;
    lg_bytes document = lg_bytes_str(UBL_OPEN UBL_DATED(
        "<a:PaymentTerms><b:Note>Net 30</b:Note></a:PaymentTerms>") UBL_EUR UBL_SUM("5", "5") "</Invoice>");
    assert_int_equal(rig_xml(rig, document, 60), LG_OK);
    assert_string_equal(lg_day_format(rig->submission.due_day).s, "2027-01-21");
    assert_true(rig->submission.due_day_by_policy);

    assert_int_equal(rig_xml(rig, document, 0), LG_NOT_A_RECEIVABLE);
    assert_string_equal(rig_codes(rig), "no_due_date");
    assert_string_equal(rig->report.first->pointer, "/Invoice/cbc:DueDate");
    assert_string_equal(
        rig->report.detail,
        "The invoice states no due date, and the registry's policy has none to put in its place; "
        "its payment terms say only: \"Net 30\".");
}

static void an_unknown_root_is_named(void **state)
{
    import_rig *rig = *state;
    lg_bytes document = lg_bytes_str("<Order xmlns='urn:example:orders'/>");
    assert_int_equal(rig_xml(rig, document, 0), LG_NOT_A_RECEIVABLE);
    assert_non_null(strstr(rig->report.detail, "Order in namespace \"urn:example:orders\""));
}

#define CII(settlement)                                                                                      \
    "<x:CrossIndustryInvoice xmlns:x='urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100' "        \
    "xmlns:r='urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100' "          \
    "xmlns:u='urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100'><x:ExchangedDocument><r:ID>1</"   \
    "r:ID>"                                                                                                  \
    "<r:IssueDateTime><u:DateTimeString format='102'>20261122</u:DateTimeString></r:IssueDateTime>"          \
    "</x:ExchangedDocument><x:SupplyChainTradeTransaction><r:ApplicableHeaderTradeSettlement>"               \
    "<r:InvoiceCurrencyCode>JPY</r:InvoiceCurrencyCode>" settlement                                          \
    "<r:SpecifiedTradeSettlementHeaderMonetarySummation><r:GrandTotalAmount>1000.00</r:GrandTotalAmount>"    \
    "</r:SpecifiedTradeSettlementHeaderMonetarySummation></r:ApplicableHeaderTradeSettlement>"               \
    "</x:SupplyChainTradeTransaction></x:CrossIndustryInvoice>"
#define DUE(format, date)                                                                                    \
    "<r:SpecifiedTradePaymentTerms><r:DueDateDateTime><u:DateTimeString format='" format "'>" date           \
    "</u:DateTimeString></r:DueDateDateTime></r:SpecifiedTradePaymentTerms>"

static void cii_dates_have_format_102(void **state)
{
    import_rig *rig = *state;
    assert_int_equal(rig_xml(rig, lg_bytes_str(CII(DUE("102", "20270121") DUE("102", "20270221"))), 0),
                     LG_OK);
    assert_string_equal(lg_day_format(rig->submission.due_day).s, "2027-02-21");
    assert_int_equal(rig->submission.gross_minor, 1000);
    assert_int_equal(rig->submission.payable_minor, 1000);

    assert_int_equal(rig_xml(rig, lg_bytes_str(CII(DUE("616", "202704"))), 0), LG_INVALID_FIELDS);
    assert_string_equal(rig_codes(rig), "malformed_date");
    assert_non_null(strstr(rig->report.detail, "202704 (format 616)"));
    rig_reset(rig);
    assert_int_equal(rig_xml(rig, lg_bytes_str(CII(DUE("102", "20270230"))), 0), LG_INVALID_FIELDS);
    assert_string_equal(rig_codes(rig), "malformed_date");
}

static void a_payee_is_read(void **state)
{
    import_rig *rig = *state;
    const char *payee = UBL_OPEN UBL_HEAD UBL_EUR
        "<a:PayeeParty><a:PartyName><b:Name>Factor AG</b:Name></a:PartyName></a:PayeeParty>" UBL_SUM(
            "5", "5") "</Invoice>";
    assert_int_equal(rig_xml(rig, lg_bytes_str(payee), 0), LG_OK);
    assert_true(rig->submission.has_payee);
    assert_string_equal(rig->submission.payee.name, "Factor AG");
    assert_string_equal(rig->submission.payee.pointer, "/Invoice/cac:PayeeParty");
}

/* ---- the submission member beside a file ---- */

static lg_err overlay(import_rig *rig, const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    lg_err err = import_overlay(object, &rig->invoice, &rig->report);
    json_decref(object);
    return err ? err : invoice_to_submission(&rig->invoice, 0, &rig->submission, &rig->report);
}

static void the_header_completes_what_a_file_cannot_say(void **state)
{
    import_rig *rig = *state;
    lg_bytes document = lg_bytes_str(UBL_OPEN UBL_DATED("") UBL_EUR UBL_SUM("100", "100") "</Invoice>");
    const char *id = "01932d1e-0000-7000-8000-000000000001";
    assert_int_equal(import_xml(document, &rig->invoice, &rig->report), LG_OK);
    assert_int_equal(import_overlay(NULL, &rig->invoice, &rig->report), LG_OK);
    assert_int_equal(
        overlay(rig, lg_arena_printf(
                         rig->arena,
                         "{\"seller\":\"%s\",\"due_date\":\"2027-01-21\",\"amount\":\"40.00\",\"part\":\"a\","
                         "\"documents\":[{\"kind\":\"contract\",\"sha256\":" SHA "}]}",
                         id)),
        LG_OK);
    assert_true(rig->submission.seller.has_participant);
    assert_string_equal(lg_uuid_format(rig->submission.seller.participant.uuid).s, id);
    assert_string_equal(lg_day_format(rig->submission.due_day).s, "2027-01-21");
    assert_int_equal(rig->submission.amount_minor, 4000);
    assert_int_equal(rig->submission.gross_minor, 10000);
    assert_string_equal(rig->submission.part, "a");
    assert_int_equal(rig->submission.document_count, 1);
}

static void the_header_follows_the_rules_of_json(void **state)
{
    import_rig *rig = *state;
    lg_bytes document = lg_bytes_str(UBL_OPEN UBL_HEAD UBL_EUR UBL_SUM("100", "100") "</Invoice>");
    assert_int_equal(import_xml(document, &rig->invoice, &rig->report), LG_OK);
    assert_int_equal(overlay(rig, "{\"amount\":\"40\",\"buyer\":\"x\",\"price\":1}"), LG_INVALID_FIELDS);
    assert_string_equal(rig_codes(rig), "unknown_field wrong_scale malformed_id");
    assert_string_equal(rig->report.last->pointer, "/submission/buyer");
    assert_int_equal(overlay(rig, "[]"), LG_INVALID_FIELDS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(one_invoice_reads_the_same_in_four_formats),
        TEST(every_good_example_passes),
        TEST(xml_names_german_parties_by_all_their_numbers),
        TEST(a_credit_note_cannot_be_owed),
        TEST(json_forms_and_their_faults),
        TEST(faults_say_where_they_are),
        TEST(ubl_forms_and_their_faults),
        TEST(ubl_values_are_normalised),
        TEST(repeats_have_a_limit),
        TEST(a_missing_due_date_comes_from_policy_or_is_explained),
        TEST(an_unknown_root_is_named),
        TEST(cii_dates_have_format_102),
        TEST(a_payee_is_read),
        TEST(the_header_completes_what_a_file_cannot_say),
        TEST(the_header_follows_the_rules_of_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
