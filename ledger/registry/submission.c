#include "ledger/registry/submission.h"

#include <string.h>

static const char *const format_names[LG_FORMAT_COUNT] = {
    [LG_FORMAT_JSON] = "json",
    [LG_FORMAT_UBL] = "ubl",
    [LG_FORMAT_CII] = "cii",
    [LG_FORMAT_CSV] = "csv",
};

static const char *const kind_names[LG_DOC_COUNT] = {
    [LG_DOC_CONTRACT] = "contract",           [LG_DOC_ORDER] = "order",
    [LG_DOC_DELIVERY_NOTE] = "delivery_note", [LG_DOC_WAREHOUSE_RECEIPT] = "warehouse_receipt",
    [LG_DOC_LOGISTICS] = "logistics",         [LG_DOC_INVOICE] = "invoice",
    [LG_DOC_ACCEPTANCE] = "acceptance",       [LG_DOC_OTHER] = "other",
};

const char *lg_invoice_format_name(lg_invoice_format format)
{
    return format < LG_FORMAT_COUNT ? format_names[format] : "unknown";
}

const char *lg_document_kind_name(lg_document_kind kind)
{
    return kind < LG_DOC_COUNT ? kind_names[kind] : "unknown";
}

bool lg_document_kind_parse(const char *text, lg_document_kind *out)
{
    for (lg_document_kind kind = 0; kind < LG_DOC_COUNT; kind++) {
        if (text && strcmp(text, kind_names[kind]) == 0) {
            *out = kind;
            return true;
        }
    }
    return false;
}
