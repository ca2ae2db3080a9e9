/* Invoice files as the client sees them: what format they are, and the command that submits them. What they
 * say is read by the gateway, not here. */
#ifndef CLIENT_INVOICE_FILE_H
#define CLIENT_INVOICE_FILE_H

#include "server/client/act.h"

typedef enum {
    INVOICE_UNKNOWN,
    INVOICE_JSON,
    INVOICE_UBL,
    INVOICE_CII,
    INVOICE_XML,
    INVOICE_CSV
} invoice_format;

/* Told from the content: the first character, the root element, the CSV header. */
invoice_format client_invoice_detect(lg_bytes content);
const char *client_invoice_format_name(invoice_format format);

/* What the command line says about the invoices, beyond the files. */
typedef struct invoice_terms {
    const char *seller, *buyer; /* participant ids */
    const char *amount, *due_date, *part;
    const json_t *documents; /* array, or NULL */
} invoice_terms;

/* Reads --seller --debtor --amount --due-date --part --document; *documents is the caller's. */
client_exit client_invoice_terms(client *c, invoice_terms *out, json_t **documents) CLIENT_MUST_CHECK;
/* The command for one file. A JSON file is sent as it is unless terms must be put into it or it is an invoice
 * object alone. */
client_exit client_invoice_act(client *c, lg_arena *arena, lg_bytes content, invoice_format format,
                               const invoice_terms *terms, client_act *out) CLIENT_MUST_CHECK;

#endif
