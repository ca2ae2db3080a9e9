/* Settings as connections use them. A reload makes a new profile and leaves the old one to those who have it,
 * so that nothing changes under a request. */
#include "server/http/internal.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CONNECTIONS_MAX = 1024,
    CONNECTIONS_PER_ADDRESS_MAX = 512,
    DEADLINE_MS = 30 * 1000,
    IDLE_MS = 60 * 1000,
};

static unsigned or_default(unsigned value, unsigned preset)
{
    return value ? value : preset;
}

static lg_err take_networks(const char *const *texts, size_t count, http_network **out, lg_report *report)
{
    *out = calloc(count + 1, sizeof **out);
    if (!*out)
        lg_die("out of memory for settings");
    for (size_t i = 0; i < count; i++) {
        if (!network_parse(texts[i], &(*out)[i]))
            return lg_fail(report, LG_BAD_REQUEST, "\"%s\" is not an address or a network like 10.0.0.0/8.",
                           texts[i]);
    }
    return LG_OK;
}

lg_err profile_open(const http_settings *settings, http_profile **out, lg_report *report)
{
    http_profile *profile = calloc(1, sizeof *profile);
    if (!profile)
        lg_die("out of memory for settings");
    atomic_init(&profile->users, 1);
    profile->connections_max = or_default(settings->connections_max, CONNECTIONS_MAX);
    profile->connections_per_address_max =
        or_default(settings->connections_per_address_max, CONNECTIONS_PER_ADDRESS_MAX);
    profile->deadline_ms = or_default(settings->deadline_ms, DEADLINE_MS);
    profile->idle_ms = or_default(settings->idle_ms, IDLE_MS);
    if (settings->hsts_max_age_s)
        snprintf(profile->hsts, sizeof profile->hsts, "max-age=%u", settings->hsts_max_age_s);
    profile->logged_address = settings->logged_address;
    profile->trusted_count = settings->trusted_proxy_count;
    profile->exempt_count = settings->exempt_count;
    lg_err err = take_networks(settings->trusted_proxies, profile->trusted_count, &profile->trusted, report);
    if (!err)
        err = take_networks(settings->exempt, profile->exempt_count, &profile->exempt, report);
    if (!err && settings->tls_certificate)
        err = tls_load(settings->tls_certificate, settings->tls_key, &profile->certificate, report);
    if (err)
        profile_drop(profile);
    else
        *out = profile;
    return err;
}

void profile_drop(http_profile *profile)
{
    if (!profile || atomic_fetch_sub(&profile->users, 1) > 1)
        return;
    tls_free(profile->certificate);
    free(profile->trusted);
    free(profile->exempt);
    free(profile);
}

lg_err http_settings_check(const http_settings *settings, lg_report *report)
{
    http_profile *profile = NULL;
    lg_err err = profile_open(settings, &profile, report);
    profile_drop(profile);
    return err;
}

static bool any_holds(const http_network *networks, size_t count, const http_address *address)
{
    for (size_t i = 0; i < count; i++) {
        if (network_holds(&networks[i], address))
            return true;
    }
    return false;
}

bool profile_trusts(const http_profile *profile, const http_address *address)
{
    return any_holds(profile->trusted, profile->trusted_count, address);
}

bool profile_exempts(const http_profile *profile, const http_address *address)
{
    return any_holds(profile->exempt, profile->exempt_count, address);
}
