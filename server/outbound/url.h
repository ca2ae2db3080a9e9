/* What the URL of an endpoint must look like. The address behind its name is judged when a connection is
 * opened (address.h). */
#ifndef OUTBOUND_URL_H
#define OUTBOUND_URL_H

#include <stdbool.h>

enum { OUTBOUND_URL_MAX = 2000 };

/* private_ok: http and private addresses too (serve --webhooks-private). *why is a sentence on a refusal. */
bool outbound_url_check(const char *url, bool private_ok, const char **why);

#endif
