/* A submission: an invoice, or a stated part of one, that a supplier or a core enterprise asks to have
 * registered. Typed and normalised; whether it may be registered is the gateway's question. All strings are
 * borrowed from the request's arena. */
#ifndef LG_REGISTRY_SUBMISSION_H
#define LG_REGISTRY_SUBMISSION_H

#include "ledger/base/calendar.h"
#include "ledger/base/uuid.h"
#include "ledger/crypto/hash.h"
#include "ledger/registry/identifier.h"
#include "ledger/registry/money.h"

typedef enum {
    LG_FORMAT_JSON,
    LG_FORMAT_UBL,
    LG_FORMAT_CII,
    LG_FORMAT_CSV,
    LG_FORMAT_COUNT
} lg_invoice_format;
const char *lg_invoice_format_name(lg_invoice_format format);

typedef enum {
    LG_DOC_CONTRACT,
    LG_DOC_ORDER,
    LG_DOC_DELIVERY_NOTE,
    LG_DOC_WAREHOUSE_RECEIPT,
    LG_DOC_LOGISTICS,
    LG_DOC_INVOICE,
    LG_DOC_ACCEPTANCE,
    LG_DOC_OTHER,
    LG_DOC_COUNT,
} lg_document_kind;
const char *lg_document_kind_name(lg_document_kind kind);
bool lg_document_kind_parse(const char *text, lg_document_kind *out) LG_MUST_CHECK;

enum {
    LG_DOCUMENTS_MAX = 16,
    LG_INVOICE_NUMBER_MAX = 128, /* bytes */
    LG_PART_MAX = 32,
    LG_NAME_MAX = 256,
    LG_REFERENCE_MAX = 128,
    LG_NOTE_TEXT_MAX = 1000,
};

/* A document behind the receivable: only its digest is registered. */
typedef struct lg_document {
    lg_document_kind kind;
    lg_hash sha256;
    const char *name; /* may be NULL */
} lg_document;

/* How the submission names a party: by participant id, or by identifiers that must belong to one participant.
 */
typedef struct lg_party_ref {
    bool has_participant;
    lg_participant_id participant;
    const char *name; /* as the document says it; may be NULL */
    lg_identifier identifiers[LG_IDENTIFIERS_MAX];
    size_t identifier_count;
    const char *pointer; /* where the document names it */
} lg_party_ref;

typedef struct lg_submission {
    lg_invoice_format format;
    const char *number; /* white space collapsed */
    lg_day issue_day, due_day;
    bool due_day_by_policy; /* the document had none */
    lg_currency currency;
    int64_t gross_minor, payable_minor; /* of the whole invoice */
    int64_t amount_minor;               /* to be registered */
    const char *part;                   /* label of a part registration, or NULL */
    lg_party_ref seller, buyer, payee;
    bool has_payee;
    const char *order_reference, *contract_reference, *note; /* may be NULL */
    lg_document documents[LG_DOCUMENTS_MAX];
    size_t document_count;
} lg_submission;

#endif
