#include "server/outbound/url.h"

#include "ledger/base/arena.h"
#include "server/outbound/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* The parts, as the very parser sees them that will send to the URL. */
typedef struct url_parts {
    char *scheme, *host, *port, *rest;
} url_parts;

/* NULL, or why a host that is an IP address, or a name without a dot, cannot be an endpoint. */
static bool ends_in(const char *name, size_t len, const char *end)
{
    size_t end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* A name that can only mean this machine or its own network. A dot at its end changes nothing in what it
 * means. */
static bool is_local_name(const char *host)
{
    char name[256];
    size_t len = strlen(host);
    while (len > 0 && host[len - 1] == '.')
        len--;
    if (len == 0 || len >= sizeof name)
        return true;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)tolower((unsigned char)host[i]);
    name[len] = '\0';
    return !strchr(name, '.') || ends_in(name, len, ".localhost") || ends_in(name, len, ".localdomain");
}

static const char *host_refusal(const char *host, unsigned port)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    size_t len = strlen(host);
    char bare[64] = "";
    if (host[0] == '[' && len < sizeof bare) {
        memcpy(bare, host + 1, len - 2);
        if (inet_pton(AF_INET6, bare, &in6.sin6_addr) != 1 ||
            outbound_address_refusal((const struct sockaddr *)&in6))
            return LG_TEXT("The URL's address is not a public one.");
        return NULL;
    }
    if (inet_pton(AF_INET, host, &in4.sin_addr) == 1)
        return outbound_address_refusal((const struct sockaddr *)&in4)
                   ? "The URL's address is not a public one."
                   : NULL;
    /* Digits alone behind the last dot are an address that is written oddly. */
    const char *last = strrchr(host, '.');
    if (is_local_name(host) || (last && !last[1] && strspn(host, "0123456789.") == len))
        return LG_TEXT("The URL must name a public host.");
    return NULL;
}

static const char *parts_refusal(CURLU *url, url_parts *parts, bool private_ok)
{
    if (curl_url_get(url, CURLUPART_SCHEME, &parts->scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &parts->host, 0) != CURLUE_OK || !parts->host[0] ||
        curl_url_get(url, CURLUPART_PORT, &parts->port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return LG_TEXT("This is not a URL with a host.");
    if (strcmp(parts->scheme, "https") != 0 && !(private_ok && strcmp(parts->scheme, "http") == 0))
        return LG_TEXT("The URL must begin with https://.");
    static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
                                         CURLUPART_FRAGMENT, CURLUPART_ZONEID};
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        if (curl_url_get(url, unwanted[i], &parts->rest, 0) == CURLUE_OK)
            return LG_TEXT("The URL must hold no user name, password, fragment or zone.");
    unsigned port = (unsigned)strtoul(parts->port, NULL, 10); /* curl has checked that it is one */
    if (private_ok)
        return NULL;
    if (!outbound_port_allowed(port))
        return LG_TEXT("The URL's port must be 443, or 1024 or more.");
    return host_refusal(parts->host, port);
}

bool outbound_url_check(const char *url, bool private_ok, const char **why)
{
    url_parts parts = {0};
    *why = NULL;
    size_t len = strlen(url);
    if (len > OUTBOUND_URL_MAX)
        *why = LG_TEXT("The URL is longer than 2,000 characters.");
    for (size_t i = 0; i < len && !*why; i++)
        if (url[i] <= ' ' || url[i] > '~')
            *why = LG_TEXT(
                "The URL must be printable ASCII: write other characters percent-encoded, and the host "
                "in Punycode.");
    if (*why)
        return false;
    CURLU *parsed = curl_url();
    if (!parsed)
        lg_die("out of memory");
    /* No scheme is guessed: what does not begin with one is refused here. */
    *why = curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK
               ? parts_refusal(parsed, &parts, private_ok)
               : LG_TEXT("This is not a URL of https.");
    curl_free(parts.scheme);
    curl_free(parts.host);
    curl_free(parts.port);
    curl_free(parts.rest);
    curl_url_cleanup(parsed);
    return *why == NULL;
}
