#ifndef API_CUSTODY_H
#define API_CUSTODY_H

#include "server/api/api.h"

/* A plain command as it came: in a request of its own, in a batch, or as a row of an upload. */
typedef struct api_plain {
    lg_command_type type;
    const char *url;
    const char *jti;        /* the idempotency key; NULL: a fresh one */
    const char *cty;        /* NULL: JSON */
    const char *submission; /* JSON text, or NULL */
    lg_bytes payload;
    bool is_row; /* of an upload, which another token of its owner may send again */
} api_plain;

/* From a plain command of the token's owner to the signed one: *jws in the arena. When its jti was accepted
 * before with the same content, *replayed and *earlier say so. LG_SCOPE_MISSING if the token is not for this.
 */
lg_err api_custody_sign(const api_read *read, lg_arena *arena, const api_plain *plain, lg_bytes *jws,
                        lg_command_row *earlier, bool *replayed, lg_report *report) LG_MUST_CHECK;
/* The same of a whole request: JSON or an invoice file as its body, the jti in the header Idempotency-Key.
 * *jws in the request's arena. */
lg_err api_custody_compose(http_request *request, lg_command_type type, lg_bytes *jws,
                           lg_command_row *earlier, bool *replayed) LG_MUST_CHECK;

#endif
