#include "server/outbound/curl.h"

#include "server/outbound/address.h"

#include <sys/socket.h>

static const char *refusal_of(const outbound_guard *guard, const struct sockaddr *address)
{
    switch (guard->reach) {
    case OUTBOUND_PUBLIC:
        return outbound_address_refusal(address) ? "the address is not a public one" : NULL;
    case OUTBOUND_LOOPBACK:
        return outbound_address_is_loopback(address) ? NULL : "the address is not of this machine";
    case OUTBOUND_HTTPS:
    case OUTBOUND_ANYWHERE:
        break;
    }
    return NULL;
}

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    outbound_guard *guard = ctx;
    if (purpose == CURLSOCKTYPE_IPCXN)
        guard->refusal = refusal_of(guard, &address->addr);
    if (guard->refusal)
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void outbound_prepare(CURL *c, const outbound_rules *rules, outbound_guard *guard)
{
    bool http = rules->reach == OUTBOUND_LOOPBACK || rules->reach == OUTBOUND_ANYWHERE;
    *guard = (outbound_guard){.reach = rules->reach};
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, http ? "http,https" : "https");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, rules->connect_ms);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, rules->total_ms);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    /* A name server that does not answer must not hold up the thread when the time is over. */
    curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, guard);
    curl_easy_setopt(c, CURLOPT_USERAGENT, rules->agent);
    curl_easy_setopt(c, CURLOPT_POST, 1L);
}

const char *outbound_error(CURLcode code, const outbound_guard *guard)
{
    if (guard->refusal)
        return guard->refusal;
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT:
        return "no answer in time";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "the host name does not resolve";
    case CURLE_COULDNT_CONNECT:
        return "no connection";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "the certificate does not verify";
    default:
        return curl_easy_strerror(code);
    }
}
