#ifndef API_CUSTODY_H
#define API_CUSTODY_H

#include "server/api/api.h"

/* From a plain command (JSON, or an invoice file) with a bearer token to the signed one: *jws in the
 * request's arena. The Idempotency-Key header is its jti; when that was accepted before with the same body,
 * *replayed and *earlier say so. */
lg_err api_custody_compose(http_request *request, lg_command_type type, lg_bytes *jws,
                           lg_command_row *earlier, bool *replayed) LG_MUST_CHECK;

#endif
