/* Listening sockets: those of the settings, or those that another process opened and left to us. */
#include "server/http/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 /* bursts of new connections beyond what is accepted at once */ };

/* A text like "https://[::1]:8443", taken apart. */
typedef struct place {
    bool has_scheme, tls;
    char host[64], port[6];
} place;

static bool place_parse(const char *text, place *out)
{
    static const char plain[] = "http://", secure[] = "https://";
    *out = (place){0};
    if (strncmp(text, secure, sizeof secure - 1) == 0) {
        out->has_scheme = out->tls = true;
        text += sizeof secure - 1;
    } else if (strncmp(text, plain, sizeof plain - 1) == 0) {
        out->has_scheme = true;
        text += sizeof plain - 1;
    }
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0, digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!colon || digits == 0 || digits > 5 || colon[1 + digits] || strtoul(colon + 1, NULL, 10) > UINT16_MAX)
        return false;
    bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof out->host || (!bracketed && memchr(text, ':', len)) ||
        memchr(text, '/', len))
        return false;
    memcpy(out->host, text, len);
    memcpy(out->port, colon + 1, digits);
    return true;
}

bool http_listen_is_valid(const char *text)
{
    place ignored;
    return place_parse(text, &ignored);
}

/* Fills in port and URL from what the socket is bound to. */
static void describe(http_listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(listener->fd, (struct sockaddr *)&address, &len) != 0)
        return;
    bool ipv6 = address.ss_family == AF_INET6;
    listener->port = ntohs(ipv6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                : ((struct sockaddr_in *)&address)->sin_port);
    const http_address host = address_of((struct sockaddr *)&address);
    const http_address_text text = address_format(&host);
    snprintf(listener->url, sizeof listener->url, "%s://%s%s%s:%u", listener->tls ? "https" : "http",
             ipv6 ? "[" : "", text.s, ipv6 ? "]" : "", (unsigned)listener->port);
}

static lg_err listen_at(http_listener *listener, const char *text, const struct addrinfo *address,
                        lg_report *report)
{
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* [::] is IPv6 alone, so that 0.0.0.0 can stand beside it. */
    bool good =
        fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (address->ai_family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    if (good) {
        listener->fd = fd;
        describe(listener);
        return LG_OK;
    }
    lg_err err = lg_fail(report, LG_IO, "Cannot listen on %s: %s.", text, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err;
}

static lg_err open_own(http_listeners *listeners, const char *text, bool tls_preset, lg_report *report)
{
    place at;
    struct addrinfo *address = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (!place_parse(text, &at))
        return lg_fail(report, LG_BAD_REQUEST,
                       "The address to listen on must look like 127.0.0.1:8080, [::1]:8080 or "
                       "https://0.0.0.0:8443, not \"%s\".",
                       text);
    int failure = getaddrinfo(at.host, at.port, &hints, &address);
    if (failure)
        return lg_fail(report, LG_BAD_REQUEST, "Cannot listen on %s: %s.", text, gai_strerror(failure));
    http_listener *listener = &listeners->list[listeners->count];
    *listener = (http_listener){.fd = -1, .tls = at.has_scheme ? at.tls : tls_preset};
    lg_err err = listen_at(listener, text, address, report);
    if (!err)
        listeners->count++;
    freeaddrinfo(address);
    return err;
}

static lg_err take_inherited(http_listeners *listeners, const http_inherited *inherited, lg_report *report)
{
    int listening = 0, family = AF_UNSPEC;
    socklen_t len = sizeof listening;
    if (getsockopt(inherited->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0 || !listening ||
        getsockopt(inherited->fd, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0 ||
        (family != AF_INET && family != AF_INET6))
        return lg_fail(report, LG_BAD_REQUEST,
                       "The descriptor %d that was passed is no listening socket of TCP.", inherited->fd);
    int flags = fcntl(inherited->fd, F_GETFL);
    if (flags < 0 || fcntl(inherited->fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return lg_fail(report, LG_IO, "The descriptor %d that was passed cannot be used: %s.", inherited->fd,
                       strerror(errno));
    http_listener *listener = &listeners->list[listeners->count++];
    *listener = (http_listener){.fd = inherited->fd, .tls = inherited->tls};
    describe(listener);
    return LG_OK;
}

lg_err http_listen(const char *text, bool tls, http_inherited *out, lg_report *report)
{
    http_listeners one = {0};
    lg_err err = open_own(&one, text, tls, report);
    if (!err)
        *out = (http_inherited){.fd = one.list[0].fd, .tls = one.list[0].tls, .ours = true};
    return err;
}

lg_err listeners_open(http_listeners *listeners, const http_config *config, lg_report *report)
{
    lg_err err = LG_OK;
    bool tls = config->settings.tls_certificate != NULL;
    size_t count = config->inherited_count ? config->inherited_count : config->listen_count;
    if (count == 0 || count > HTTP_LISTENERS_MAX)
        return lg_fail(report, LG_BAD_REQUEST, "There must be from 1 to %d addresses to listen on.",
                       HTTP_LISTENERS_MAX);
    listeners->inherited = config->inherited_count > 0 && !config->inherited[0].ours;
    for (size_t i = 0; i < count && !err; i++) {
        if (config->inherited_count)
            err = take_inherited(listeners, &config->inherited[i], report);
        else
            err = open_own(listeners, config->listen[i], tls, report);
        if (!err && listeners->list[i].tls && !tls)
            err = lg_fail(report, LG_BAD_REQUEST, "%s needs a certificate.", listeners->list[i].url);
    }
    if (err)
        listeners_close(listeners);
    return err;
}

void listeners_close(http_listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        close(listeners->list[i].fd);
    listeners->count = 0;
}
