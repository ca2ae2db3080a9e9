/* What every call to a system of somebody else's has in common: what is allowed, what is verified, what is
 * never done. */
#ifndef OUTBOUND_CURL_H
#define OUTBOUND_CURL_H

#include <curl/curl.h>

typedef enum {
    OUTBOUND_PUBLIC,   /* https to public addresses: where a participant may point */
    OUTBOUND_HTTPS,    /* https to any address: where the operator may point */
    OUTBOUND_LOOPBACK, /* http too, but to this machine alone */
    OUTBOUND_ANYWHERE, /* http and https to any address: rehearsals */
} outbound_reach;

typedef struct outbound_rules {
    outbound_reach reach;
    long connect_ms, total_ms; /* time-outs */
    const char *agent;
} outbound_rules;

/* Of one handle; stays with it. */
typedef struct outbound_guard {
    outbound_reach reach;
    const char *refusal; /* why the last connection was not opened, as a sentence's end; NULL: it was */
} outbound_guard;

/* Sets up a fresh handle: protocols, TLS verified (1.2 at least), no redirect, no proxy, no netrc, time-outs,
 * POST, and the guard, which has the last word on where a connection goes: after the name was resolved,
 * before anything is sent. */
void outbound_prepare(CURL *handle, const outbound_rules *rules, outbound_guard *guard);

/* In words for whoever chose the URL; nothing of what its name resolved to. */
const char *outbound_error(CURLcode code, const outbound_guard *guard);

#endif
