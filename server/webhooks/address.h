/* Which addresses a webhook may be sent to. An endpoint's URL comes from a participant, and its name resolves
 * to whatever its owner wants at that moment: what counts is the address that a connection is about to be
 * opened to. */
#ifndef WEBHOOKS_ADDRESS_H
#define WEBHOOKS_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* NULL if the address is a public one and its port allowed; otherwise a short reason. IPv4 and IPv6; of IPv6
 * only 2000::/3 is public, without what is set aside in it. */
const char *webhook_address_refusal(const struct sockaddr *address);
/* 443, and what no well-known service uses. */
bool webhook_port_allowed(unsigned port);

#endif
