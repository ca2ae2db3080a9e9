/* The interface's description as a page for people: schema/openapi.json in, one HTML document out. No script,
 * nothing fetched from elsewhere: it can be read offline, printed and saved. */
#ifndef DOCS_DOCS_H
#define DOCS_DOCS_H

#include "ledger/base/buf.h"
#include "server/language/language.h"

/* Appends the page to `out`, its own words in the language of the description. `openapi` is an OpenAPI 3.1
 * document with the members that ours has; what it lacks is left out. Fails with LG_MALFORMED_JSON if it is
 * no JSON. */
lg_err docs_page(language in, lg_bytes openapi, lg_buf *out, lg_report *report) LG_MUST_CHECK;

#endif
