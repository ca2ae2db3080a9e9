/* What a proxy in front of us says of its client: X-Forwarded-For, X-Forwarded-Proto, X-Request-Id. It counts
 * only from proxies that the settings trust: anybody can send such headers. */
#include "server/http/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOPS_MAX = 16, ADDRESS_MAX = 64, REQUEST_ID_MIN = 8 };

/* The last HOPS_MAX items of all X-Forwarded-For lines, in their order: a ring. */
typedef struct hops {
    lg_bytes items[HOPS_MAX];
    size_t count;
    const char *proto, *id;
} hops;

static void add_items(hops *found, const char *list)
{
    while (*list) {
        size_t len = strcspn(list, ",");
        found->items[found->count++ % HOPS_MAX] = lg_bytes_of(list, len);
        list += len + (list[len] == ',');
    }
}

static enum MHD_Result see(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    hops *found = context;
    (void)kind;
    if (!value)
        return MHD_YES;
    if (strcasecmp(name, "X-Forwarded-For") == 0)
        add_items(found, value);
    else if (strcasecmp(name, "X-Forwarded-Proto") == 0)
        found->proto = value;
    else if (strcasecmp(name, "X-Request-Id") == 0)
        found->id = value;
    return MHD_YES;
}

/* "203.0.113.7", "2001:db8::1", and with a port "203.0.113.7:4711", "[2001:db8::1]:4711". */
static bool parse_hop(lg_bytes item, http_address *out)
{
    char text[ADDRESS_MAX], *start = text;
    const char *from = (const char *)item.data;
    size_t len = item.len;
    while (len && (*from == ' ' || *from == '\t'))
        from++, len--;
    while (len && (from[len - 1] == ' ' || from[len - 1] == '\t'))
        len--;
    if (len == 0 || len >= sizeof text)
        return false;
    memcpy(text, from, len);
    text[len] = '\0';
    char *first = strchr(text, ':'), *last = strrchr(text, ':');
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        *end = '\0';
        start = text + 1;
    } else if (first && first == last) {
        *first = '\0';
    }
    return address_parse(start, out);
}

/* From the nearest hop outwards: whom a trusted one names, and so on. What a stranger says of those before it
 * is not heard. */
static http_address client_of(const http_connection *connection, const hops *found)
{
    http_address client = connection->peer, next;
    size_t known = found->count < HOPS_MAX ? found->count : HOPS_MAX;
    for (size_t i = 0; i < known && profile_trusts(connection->profile, &client); i++) {
        if (!parse_hop(found->items[(found->count - 1 - i) % HOPS_MAX], &next))
            break;
        client = next;
    }
    return client;
}

static bool is_request_id(const char *text)
{
    size_t len = strlen(text);
    return len >= REQUEST_ID_MIN && len <= HTTP_REQUEST_ID_MAX &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == len;
}

void forwarded_read(http_request *request)
{
    const http_connection *connection = request->connection;
    hops found = {0};
    request->client = connection->peer;
    request->secure = connection->tls;
    if (!connection->trusted)
        return;
    MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, see, &found);
    request->client = client_of(connection, &found);
    request->secure |= found.proto && strcasecmp(found.proto, "https") == 0;
    if (found.id && is_request_id(found.id))
        memcpy(request->id, found.id, strlen(found.id) + 1);
}
