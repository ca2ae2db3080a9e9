/* Which kinds of document can be a receivable, by the code of UN/CEFACT list 1001 that UBL and CII carry. */
#ifndef GW_DOCUMENT_TYPE_H
#define GW_DOCUMENT_TYPE_H

#include <stdbool.h>

/* Why a document of this kind is none: a fault code and the rest of a sentence that starts with "The
 * document". */
typedef struct gw_type_refusal {
    const char *code, *reason;
} gw_type_refusal;

/* True if a document with this type code (NULL: none given, a commercial invoice) can be a receivable. */
bool gw_type_can_be_receivable(const char *type_code, gw_type_refusal *refusal);

#endif
