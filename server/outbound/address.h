/* Which addresses may be called on a participant's word. An endpoint's URL comes from a participant, and its
 * name resolves to whatever its owner wants at that moment: what counts is the address that a connection is
 * about to be opened to. */
#ifndef OUTBOUND_ADDRESS_H
#define OUTBOUND_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* NULL if the address is a public one and its port allowed; otherwise a short reason. IPv4 and IPv6; of IPv6
 * only 2000::/3 is public, without what is set aside in it. */
const char *outbound_address_refusal(const struct sockaddr *address);
/* 127.0.0.0/8 or ::1. */
bool outbound_address_is_loopback(const struct sockaddr *address);
/* 443, and what no well-known service uses. */
bool outbound_port_allowed(unsigned port);

#endif
