/* Addresses of clients: as text, as networks, and counted, so that no address can take all connections. */
#include "server/http/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IPv4 addresses are kept as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that there is one kind. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
enum { MAPPED_BITS = 96, HALF = 8 };

static bool is_ipv4(const http_address *address)
{
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

http_address address_of(const struct sockaddr *from)
{
    http_address address = {0};
    if (from && from->sa_family == AF_INET6) {
        memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
    } else if (from && from->sa_family == AF_INET) {
        memcpy(address.bytes, mapped, sizeof mapped);
        memcpy(address.bytes + sizeof mapped, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    }
    return address;
}

bool address_is_known(const http_address *address)
{
    static const http_address unknown;
    return memcmp(address->bytes, unknown.bytes, sizeof unknown.bytes) != 0;
}

bool address_parse(const char *text, http_address *out)
{
    memcpy(out->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, text, out->bytes + sizeof mapped) == 1 ||
           inet_pton(AF_INET6, text, out->bytes) == 1;
}

http_address_text address_format(const http_address *address)
{
    http_address_text text = {""};
    if (is_ipv4(address))
        inet_ntop(AF_INET, address->bytes + sizeof mapped, text.s, sizeof text.s);
    else
        inet_ntop(AF_INET6, address->bytes, text.s, sizeof text.s);
    return text;
}

/* ---- networks ---- */

bool network_parse(const char *text, http_network *out)
{
    char host[INET6_ADDRSTRLEN + 1];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof host)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    if (!address_parse(host, &out->base))
        return false;
    unsigned width = is_ipv4(&out->base) && !strchr(host, ':') ? 32 : 128;
    unsigned long bits = width;
    if (slash) {
        size_t digits = strspn(slash + 1, "0123456789");
        if (digits == 0 || digits > 3 || slash[1 + digits])
            return false;
        bits = strtoul(slash + 1, NULL, 10);
    }
    if (bits > width)
        return false;
    out->bits = (unsigned)bits + (width == 32 ? MAPPED_BITS : 0);
    return true;
}

bool network_holds(const http_network *network, const http_address *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->base.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || ((network->base.bytes[whole] ^ address->bytes[whole]) >> (8 - rest)) == 0;
}

bool http_network_is_valid(const char *text)
{
    http_network network;
    return network_parse(text, &network);
}

/* ---- connections by address ---- */

struct address_count {
    http_address address;
    unsigned count;
    struct address_count *next;
};

http_address address_truncated(const http_address *address)
{
    http_address truncated = *address;
    const size_t kept = is_ipv4(address) ? 15 : 6;
    memset(truncated.bytes + kept, 0, sizeof truncated.bytes - kept);
    return truncated;
}

http_address address_subscriber(const http_address *address)
{
    http_address subscriber = *address;
    if (!is_ipv4(address))
        memset(subscriber.bytes + HALF, 0, HALF);
    return subscriber;
}

/* FNV-1a; who fills one bucket on purpose is still bound by the limit of all connections. */
static address_count **find(address_counts *counts, const http_address *address)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof address->bytes; i++)
        hash = (hash ^ address->bytes[i]) * 16777619u;
    address_count **at = &counts->buckets[hash % ADDRESS_BUCKETS];
    while (*at && memcmp((*at)->address.bytes, address->bytes, sizeof address->bytes) != 0)
        at = &(*at)->next;
    return at;
}

bool address_enter(address_counts *counts, const http_address *address, unsigned max)
{
    const http_address subscriber = address_subscriber(address);
    address_count **at = find(counts, &subscriber);
    if (!*at) {
        address_count *made = calloc(1, sizeof *made);
        if (!made)
            lg_die("out of memory for a connection");
        made->address = subscriber;
        *at = made;
    }
    if ((*at)->count >= max) /* so it has connections, and is not new */
        return false;
    (*at)->count++;
    return true;
}

void address_leave(address_counts *counts, const http_address *address)
{
    const http_address subscriber = address_subscriber(address);
    address_count **at = find(counts, &subscriber);
    if (!*at || --(*at)->count > 0)
        return;
    address_count *gone = *at;
    *at = gone->next;
    free(gone);
}

void address_forget_all(address_counts *counts)
{
    for (size_t i = 0; i < ADDRESS_BUCKETS; i++)
        for (address_count *gone = counts->buckets[i], *next; gone; gone = next) {
            next = gone->next;
            free(gone);
        }
}
