/* An invoice as an importer read it: the texts of the document, not yet judged, each field with the place it
 * came from.
 *
 * Importers (json, ubl, cii, csv) all fill this one form, so that the checks and the fingerprint do not
 * depend on how an invoice arrived. invoice_to_submission (form.c) turns it into the typed lg_submission, or
 * into faults.
 *
 * The way of every invoice: an importer, import_overlay for XML and CSV, invoice_to_submission, all with one
 * lg_report (CSV: a fresh one for each row's overlay and form). Importers add the faults they see to the
 * report and go on, so that the form check adds its own behind them and the submitter learns of all at once.
 */
#ifndef GW_INVOICE_H
#define GW_INVOICE_H

#include "ledger/base/json.h"
#include "ledger/registry/submission.h"

/* A text and where it stood: JSON pointer, XML path such as /Invoice/cbc:ID, or "row 3, column due_date". */
typedef struct gw_field {
    const char *text;    /* NULL: absent. Collapsed white space. */
    const char *pointer; /* set even when absent: where it would stand */
    bool exact;          /* money in the API's own text form (JSON), not as invoice files write it */
} gw_field;

enum { GW_IDENTIFIERS_MAX = 8 };

typedef struct gw_identifier {
    lg_scheme scheme;
    gw_field value;
} gw_identifier;

typedef struct gw_party {
    const char *pointer;
    gw_field participant; /* a participant id */
    gw_field name;
    gw_identifier identifiers[GW_IDENTIFIERS_MAX];
    size_t identifier_count;
} gw_party;

typedef struct gw_document {
    gw_field kind, sha256, name;
} gw_document;

typedef struct gw_invoice {
    lg_invoice_format format;
    gw_field broken;    /* CSV: a sentence why this row cannot be read at all; everything else is then to be
                           ignored */
    gw_field type_code; /* UNTDID 1001, or empty: a commercial invoice */
    gw_field number, issue_date, due_date, currency;
    gw_field payment_terms;                /* in words; only to explain a missing due date */
    gw_field gross_amount, payable_amount; /* payable: what is still due after prepayment and rounding */
    gw_field amount;                       /* registered part of it */
    gw_field part;
    gw_field order_reference, contract_reference, note;
    gw_party seller, buyer, payee;
    bool has_payee;
    bool is_credit_note;
    gw_document documents[LG_DOCUMENTS_MAX];
    size_t document_count;
} gw_invoice;

/* Each importer fills *out (strings in report->arena). A document it cannot read at all is an error
 * (LG_MALFORMED_XML …, with report->detail); a document it can read but whose kind cannot be a receivable is
 * left to the form check. */

/* The JSON payload of POST /v1/receivables. LG_INVALID_FIELDS only if there is no `invoice` object to judge;
 * any other structural fault (wrong type, unknown field) waits in the report for the form check. */
lg_err import_json(const json_t *payload, gw_invoice *out, lg_report *report) LG_MUST_CHECK;

/* A UBL 2.1 Invoice or CreditNote, or a UN/CEFACT CII CrossIndustryInvoice; told apart by the root element.
 * Any other root is LG_NOT_A_RECEIVABLE; more than GW_XML_LEN_MAX bytes are LG_BODY_TOO_LARGE. Thread-safe;
 * silent on standard error. */
enum { GW_XML_LEN_MAX = 6 * 1024 * 1024 };
lg_err import_xml(lg_bytes document, gw_invoice *out, lg_report *report) LG_MUST_CHECK;

/* A CSV file: *rows (in the arena) gets one invoice per data row, row_lines the line each row starts at (the
 * header is line 1). A malformed file as a whole is LG_MALFORMED_CSV. */
enum { GW_CSV_ROWS_MAX = 1000 };
lg_err import_csv(lg_bytes file, gw_invoice **rows, int **row_lines, size_t *row_count,
                  lg_report *report) LG_MUST_CHECK;

/* The protected header's `submission` member, laid over what an XML document or a CSV row said. NULL object:
 * nothing to do. LG_INVALID_FIELDS only if it is not an object; other faults wait in the report for the form
 * check. */
lg_err import_overlay(const json_t *submission, gw_invoice *invoice, lg_report *report) LG_MUST_CHECK;

/* The form checks: required fields, dates, currency, money, document type. Fills *out (typed, normalised) and
 * returns LG_OK; else LG_INVALID_FIELDS or LG_NOT_A_RECEIVABLE with every fault in the report, those of the
 * importer among them. default_tenor_days > 0 supplies a missing due date. Identifier check digits are not
 * judged here (see checks.c) but values are normalised. */
lg_err invoice_to_submission(const gw_invoice *invoice, int default_tenor_days, lg_submission *out,
                             lg_report *report) LG_MUST_CHECK;

#endif
