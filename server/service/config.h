/* The settings of `tallystick serve`: DIR/server.json (or --config FILE) and flags, of which a flag wins.
 *
 * SERVER_SETTINGS is the one table. The type server_config, what is accepted and refused, and the options
 * that `help serve` prints all come from it: a new setting is one line here. */
#ifndef SERVICE_CONFIG_H
#define SERVICE_CONFIG_H

#include "server/base/log.h"
#include "server/server.h"

/* X(member, flag, TYPE, min, max, default, WHEN, value, help)
 *
 *   member   its name in server.json and in server_config; units in the name
 *   flag     its option of `serve`, without the two dashes
 *   TYPE     INT; BOOL (a flag without a value, which can only say yes); TEXT; FILE (relative to the folder
 * of the file that names it); CHOICE (one of `value`, which reads "a|b"); ADDRESSES (a list) min, max of an
 * integer; of the number of items of a list; of the bytes of a text default  as it would be typed; NULL: not
 * set WHEN     RELOAD: a reload (SIGHUP) changes it; START: the next start does value    how help writes it;
 * NULL for BOOL */
#define SERVER_SETTINGS(X)                                                                                   \
    X(listen, "listen", ADDRESSES, 1, 16, "127.0.0.1:8080", START, "ADDR:PORT,…",                            \
      "where to listen, like 127.0.0.1:8080, [::1]:8080 or https://0.0.0.0:8443; port 0 chooses a free "     \
      "one; "                                                                                                \
      "may be repeated")                                                                                     \
    X(tls_certificate, "tls-certificate", FILE, 0, 0, NULL, RELOAD, "FILE",                                  \
      "PEM file of the server's certificate and those between it and its root; addresses without http:// "   \
      "are "                                                                                                 \
      "https then")                                                                                          \
    X(tls_key, "tls-key", FILE, 0, 0, NULL, RELOAD, "FILE",                                                  \
      "PEM file of its private key, which only the owner and the group may read")                            \
    X(hsts_max_age_s, "hsts-max-age-s", INT, 0, 63072000, "31536000", RELOAD, "N",                           \
      "seconds that clients shall remember to come by https (Strict-Transport-Security); 0: not told")       \
    X(trusted_proxies, "trusted-proxies", NETWORKS, 0, 64, NULL, RELOAD, "NETWORK,…",                        \
      "addresses or networks, like 10.0.0.0/8, whose X-Forwarded-For, X-Forwarded-Proto and X-Request-Id "   \
      "are "                                                                                                 \
      "believed; may be repeated")                                                                           \
    X(user, "user", TEXT, 1, 64, NULL, START, "NAME",                                                        \
      "serve as this user, once the addresses are listened on; for a start as root")                         \
    X(sandbox, "sandbox", CHOICE, 0, 0, "on", START, "on|off",                                               \
      "whether the server confines itself to its own folder, the settings' and the system's (Landlock) and " \
      "to the system calls it needs (seccomp)")                                                              \
    X(threads, "threads", INT, 0, 256, "0", START, "N", "threads that answer requests; 0: one per core")     \
    X(connections_max, "connections-max", INT, 1, 16384, "1024", RELOAD, "N", "connections at once")         \
    X(connections_per_address_max, "connections-per-address-max", INT, 1, 16384, "512", RELOAD, "N",         \
      "connections at once from one address (IPv6: /64); trusted proxies are free of it")                    \
    X(request_deadline_ms, "request-deadline-ms", INT, 100, 3600000, "30000", RELOAD, "N",                   \
      "milliseconds a client has to send a request, and to read its answer")                                 \
    X(idle_ms, "idle-ms", INT, 100, 3600000, "60000", RELOAD, "N",                                           \
      "milliseconds a connection may stay open without a request; fewer while more than 512 do")             \
    X(drain_delay_ms, "drain-delay-ms", INT, 0, 300000, "0", RELOAD, "N",                                    \
      "milliseconds to go on after SIGTERM while /readyz says 503 already, for load balancers to notice")    \
    X(drain_deadline_ms, "drain-deadline-ms", INT, 0, 600000, "30000", RELOAD, "N",                          \
      "milliseconds after that to answer those who are connected")                                           \
    X(metrics_listen, "metrics-listen", TEXT, 3, 80, NULL, START, "ADDR:PORT",                               \
      "where to answer /metrics and health without a token and without TLS: a private address")              \
    X(rate_ledger_per_minute, "rate-ledger-per-minute", INT, 0, 10000000, "60000", RELOAD, "N",              \
      "requests for checkpoint, tiles and entries from one address (IPv6: /64); 0: no limit")                \
    X(rate_ledger_burst, "rate-ledger-burst", INT, 1, 10000000, "20000", RELOAD, "N",                        \
      "and how many of them at once after a pause")                                                          \
    X(rate_requests_per_minute, "rate-requests-per-minute", INT, 0, 10000000, "60000", RELOAD, "N",          \
      "other requests from one address; 0: no limit")                                                        \
    X(rate_requests_burst, "rate-requests-burst", INT, 1, 10000000, "20000", RELOAD, "N",                    \
      "and how many of them at once after a pause")                                                          \
    X(rate_failures_per_minute, "rate-failures-per-minute", INT, 0, 10000000, "60", RELOAD, "N",             \
      "tokens and signatures that are not valid, from one address; 0: no limit")                             \
    X(rate_failures_burst, "rate-failures-burst", INT, 1, 10000000, "100", RELOAD, "N",                      \
      "and how many of them at once after a pause")                                                          \
    X(rate_reads_per_minute, "rate-reads-per-minute", INT, 0, 10000000, "30000", RELOAD, "N",                \
      "reads with one token; 0: no limit")                                                                   \
    X(rate_reads_burst, "rate-reads-burst", INT, 1, 10000000, "10000", RELOAD, "N",                          \
      "and how many of them at once after a pause")                                                          \
    X(rate_commands_per_minute, "rate-commands-per-minute", INT, 0, 10000000, "30000", RELOAD, "N",          \
      "commands with one token, or signed by one participant; 0: no limit")                                  \
    X(rate_commands_burst, "rate-commands-burst", INT, 1, 10000000, "20000", RELOAD, "N",                    \
      "and how many of them at once after a pause")                                                          \
    X(rate_exempt, "rate-exempt", NETWORKS, 0, 64, "127.0.0.0/8,::1", RELOAD, "NETWORK,…",                   \
      "addresses or networks that the limits by address do not hold; may be repeated")                       \
    X(log_format, "log-format", CHOICE, 0, 0, "text", START, "text|json",                                    \
      "how the log on standard error is written, a line each")                                               \
    X(log_level, "log-level", CHOICE, 0, 0, "info", RELOAD, "debug|info|warn|error",                         \
      "the least that is logged; each request is one line of info")                                          \
    X(log_addresses, "log-addresses", CHOICE, 0, 0, "off", RELOAD, "off|truncated|full",                     \
      "whether a request's line tells the client's address, which is personal data: its network or all")     \
    X(webhooks_private, "webhooks-private", BOOL, 0, 0, NULL, START, NULL,                                   \
      "webhooks may go to http:// and private addresses: for rehearsals")                                    \
    X(verifier_url, "verifier-url", TEXT, 1, 2000, NULL, START, "URL",                                       \
      "the service that the policy's external_verifier asks; its secret is DIR/keys/verifier.key")           \
    X(verifier_ca, "verifier-ca", FILE, 0, 0, NULL, START, "FILE",                                           \
      "certificates (PEM) that it is known by, instead of the system's")                                     \
    X(verifier_timeout_ms, "verifier-timeout-ms", INT, 100, 120000, "15000", START, "N",                     \
      "milliseconds that one question to it may take")                                                       \
    X(verifier_at_once, "verifier-at-once", INT, 1, 64, "8", START, "N", "questions under way at once")      \
    X(verifier_cache_s, "verifier-cache-s", INT, 0, 2592000, "86400", START, "N",                            \
      "seconds for which its word that an invoice is genuine holds; 0: it is asked again")

typedef struct server_list {
    const char *const *items;
    size_t count;
} server_list;

#define SETTING_MEMBER_INT                                                  int64_t
#define SETTING_MEMBER_BOOL                                                 bool
#define SETTING_MEMBER_TEXT                                                 const char *
#define SETTING_MEMBER_FILE                                                 const char *
#define SETTING_MEMBER_CHOICE                                               const char *
#define SETTING_MEMBER_ADDRESSES                                            server_list
#define SETTING_MEMBER_NETWORKS                                             server_list
#define SETTING_MEMBER_(name, flag, type, min, max, def, when, value, help) SETTING_MEMBER_##type name;

typedef struct server_config {
    SERVER_SETTINGS(SETTING_MEMBER_)
    lg_arena *arena;  /* owns this and all it points to */
    const char *path; /* of the file; NULL: there is none */
} server_config;

/* A row of the menu's options (client_option), whose help ends with range and default. */
#define SETTING_OPTION(name, flag, type, min, max, def, when, value, help)                                   \
    {flag, value, help SETTING_HELP_##type(min, max, def)},
#define SETTING_HELP_INT(min, max, def)       "; " #min " to " #max ", default " def
#define SETTING_HELP_CHOICE(min, max, def)    "; default " def
#define SETTING_HELP_ADDRESSES(min, max, def) "; default " def
#define SETTING_HELP_NETWORKS(min, max, def)
#define SETTING_HELP_BOOL(min, max, def)
#define SETTING_HELP_TEXT(min, max, def)
#define SETTING_HELP_FILE(min, max, def)

/* Reads file and flags. On failure every fault is in the report's list and in its detail, a sentence each:
 * LG_BAD_REQUEST for flags, LG_INVALID_FIELDS, LG_MALFORMED_JSON or LG_IO for the file. */
lg_err config_load(const char *dir, const server_options *options, server_config **out,
                   lg_report *report) LG_MUST_CHECK;
void config_close(server_config *config);
/* Names, separated by blanks, of settings that only a start changes and that differ; NULL: there are none. */
const char *config_waiting(const server_config *started, const server_config *fresh, lg_arena *arena);
log_level config_log_level(const server_config *config);

#endif
