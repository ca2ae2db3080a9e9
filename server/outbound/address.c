/* Sources: IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890 and what updates it). */
#include "server/outbound/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct range4 {
    uint32_t first;
    unsigned bits;
    const char *what;
} range4;

static const range4 refused4[] = {
    {0x00000000, 8, "this network"},       {0x0a000000, 8, "private"},
    {0x64400000, 10, "carrier-grade NAT"}, {0x7f000000, 8, "loopback"},
    {0xa9fe0000, 16, "link-local"},        {0xac100000, 12, "private"},
    {0xc0000000, 24, "reserved"},          {0xc0000200, 24, "documentation"},
    {0xc0586300, 24, "reserved"},          {0xc0a80000, 16, "private"},
    {0xc6120000, 15, "benchmarking"},      {0xc6336400, 24, "documentation"},
    {0xcb007100, 24, "documentation"},     {0xe0000000, 4, "multicast"},
    {0xf0000000, 4, "reserved"},
};

typedef struct range6 {
    uint8_t first[16];
    unsigned bits;
    const char *what;
} range6;

/* Looked at in order; all that is not in 2000::/3 is refused in the end. */
static const range6 refused6[] = {
    {{0}, 128, "unspecified"},
    {{[15] = 1}, 128, "loopback"},
    {{0xfc}, 7, "private"},
    {{0xfe, 0x80}, 10, "link-local"},
    {{0xfe, 0xc0}, 10, "private"},
    {{0xff}, 8, "multicast"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    {{0x20, 0x01, 0x00, 0x02}, 48, "benchmarking"},
    {{0x20, 0x01}, 23, "reserved"}, /* protocol assignments: Teredo, ORCHID and others */
    {{0x20, 0x02}, 16, "6to4"},
    {{0x3f, 0xff}, 20, "documentation"},
};

static const char *refusal4(uint32_t address)
{
    for (size_t i = 0; i < sizeof refused4 / sizeof *refused4; i++)
        if ((address ^ refused4[i].first) >> (32 - refused4[i].bits) == 0)
            return refused4[i].what;
    return NULL;
}

static bool in_range(const uint8_t *address, const uint8_t *first, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address, first, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ first[whole]) >> (8 - rest) == 0;
}

static uint32_t last_four(const uint8_t *address)
{
    return (uint32_t)address[12] << 24 | (uint32_t)address[13] << 16 | (uint32_t)address[14] << 8 |
           address[15];
}

static const char *refusal6(const uint8_t *address)
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff}, nat64[16] = {0x00, 0x64, 0xff, 0x9b},
                         global[16] = {0x20};
    if (in_range(address, mapped, 96))
        return "IPv4-mapped";
    if (in_range(address, nat64, 96)) /* RFC 6052: an IPv4 address behind a translator */
        return refusal4(last_four(address));
    for (size_t i = 0; i < sizeof refused6 / sizeof *refused6; i++)
        if (in_range(address, refused6[i].first, refused6[i].bits))
            return refused6[i].what;
    return in_range(address, global, 3) ? NULL : "reserved";
}

bool outbound_port_allowed(unsigned port)
{
    return port == 443 || (port >= 1024 && port <= 65535);
}

bool outbound_address_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof in);
        return IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
    }
    return false;
}

const char *outbound_address_refusal(const struct sockaddr *address)
{
    const char *refusal = "no internet address";
    unsigned port = 0;
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        refusal = refusal4(ntohl(in.sin_addr.s_addr));
        port = ntohs(in.sin_port);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof in);
        refusal = refusal6(in.sin6_addr.s6_addr);
        port = ntohs(in.sin6_port);
    }
    if (!refusal && !outbound_port_allowed(port))
        refusal = "port not allowed";
    return refusal;
}
