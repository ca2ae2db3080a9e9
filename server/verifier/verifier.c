/* The verifier's thread: its life and its turn. */
#include "server/verifier/internal.h"

#include "ledger/crypto/secret.h"
#include "server/outbound/url.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* However long nothing is due: a clock that was set forward must be noticed. */
enum { SLEEP_MAX_MS = 5000 };

int64_t verifier_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the thread ---- */

static int64_t soonest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int sleep_ms(const verifier *v)
{
    const int64_t now_ms = verifier_now_ms();
    int64_t until_ms = now_ms + SLEEP_MAX_MS;
    const question *first = queue_first(&v->questions);
    if (atomic_load(&v->woken))
        until_ms = soonest(until_ms, v->look_ms);
    if (v->deadline && v->recording < RECORDING_MAX)
        until_ms = soonest(until_ms, now_ms + (v->deadline - lg_now()) / 1000 + 1);
    if (first && v->config.url && v->recording < RECORDING_MAX) {
        int64_t start_ms = first->due_ms > v->breaker.resume_ms ? first->due_ms : v->breaker.resume_ms;
        if (start_ms > now_ms || breaker_room(&v->breaker, now_ms, v->calling, (size_t)v->config.at_once))
            until_ms = soonest(until_ms, start_ms);
    }
    return until_ms <= now_ms ? 0 : (int)(until_ms - now_ms);
}

static void *run(void *arg)
{
    verifier *v = arg;
    int running;
    while (!atomic_load(&v->closing)) {
        records_collect(v);
        bool more = ask_turn(v);
        curl_multi_perform(v->multi, &running);
        calls_collect(v);
        atomic_store(&v->waiting, (int64_t)(v->questions.count - v->questions.done));
        atomic_store(&v->paused, v->breaker.pauses > 0);
        curl_multi_poll(v->multi, NULL, 0, more ? 0 : sleep_ms(v), NULL);
    }
    records_settle(v);
    return NULL;
}

void verifier_wake(verifier *v)
{
    if (!atomic_exchange(&v->woken, true))
        curl_multi_wakeup(v->multi);
}

verifier_stats verifier_get_stats(const verifier *v)
{
    return (verifier_stats){
        .answered = metrics_get(&v->answered),
        .failed = metrics_get(&v->failed),
        .known = metrics_get(&v->known),
        .waiting = metrics_get(&v->waiting),
        .paused = metrics_get(&v->paused) != 0,
    };
}

/* ---- its life ---- */

/* One secret is shared with the service. Somebody may have made it before: that one counts. */
static lg_err open_secret(verifier *v, lg_report *report)
{
    const char *path = lg_arena_printf(v->arena, "%s/keys/verifier.key", v->config.dir);
    lg_report first;
    lg_report_init(&first, v->arena);
    v->secret = lg_secret_alloc(VERIFIER_SECRET_LEN);
    lg_random(v->secret, VERIFIER_SECRET_LEN);
    lg_err err = lg_secret_file_write(path, v->secret, VERIFIER_SECRET_LEN, &first);
    if (err && err != LG_ALREADY_EXISTS)
        return lg_fail(report, err, "%s",
                       first.detail ? first.detail : LG_TEXT("The verifier's key cannot be made."));
    if (!err)
        log_event(v->api->log, LOG_INFO, "verifier.key_made",
                  "keys/verifier.key is made; the service needs it too.");
    err = lg_secret_file_read(path, v->secret, VERIFIER_SECRET_LEN, report);
    if (!err)
        lg_secret_seal(v->secret);
    return err;
}

/* Whether it is this machine indeed is seen when a connection is opened. */
static bool is_of_this_machine(const char *host)
{
    static const char *const hosts[] = {"127.", "localhost:", "localhost/", "[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strncmp(host, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return false;
}

static lg_err check_url(const char *url, lg_report *report)
{
    static const char http[] = "http://";
    const char *why;
    if (!outbound_url_check(url, true, &why))
        return lg_fail(report, LG_INVALID_FIELDS, "verifier_url is refused. %s", why);
    if (strncmp(url, http, sizeof http - 1) == 0 && !is_of_this_machine(url + sizeof http - 1))
        return lg_fail(report, LG_INVALID_FIELDS,
                       "verifier_url must begin with https://, unless the service runs on this machine.");
    return LG_OK;
}

static lg_err open_curl(verifier *v, lg_report *report)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(v->multi = curl_multi_init()))
        return lg_fail(report, LG_INTERNAL, "libcurl cannot start.");
    curl_multi_setopt(v->multi, CURLMOPT_MAXCONNECTS, (long)v->config.at_once);
    return LG_OK;
}

lg_err verifier_open(const verifier_config *config, api_context *api, verifier **out, lg_report *report)
{
    verifier *v = calloc(1, sizeof *v);
    if (!v)
        return LG_NO_MEMORY;
    v->config = *config;
    v->api = api;
    v->arena = lg_arena_open();
    v->cache = cache_open(config->cache_valid_s * LG_TIME_PER_SECOND);
    atomic_store(&v->woken, true);
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->settled, NULL);
    lg_err err = config->url ? check_url(config->url, report) : LG_OK;
    if (!err && config->url)
        err = open_secret(v, report);
    if (!err)
        err = open_curl(v, report);
    if (err)
        verifier_close(v);
    else
        *out = v;
    return err;
}

lg_err verifier_start(verifier *v)
{
    v->started = pthread_create(&v->thread, NULL, run, v) == 0;
    return v->started ? LG_OK : LG_NO_MEMORY;
}

void verifier_stop(verifier *v)
{
    if (!v || !v->started)
        return;
    atomic_store(&v->closing, true);
    curl_multi_wakeup(v->multi);
    pthread_join(v->thread, NULL);
}

void verifier_close(verifier *v)
{
    if (!v)
        return;
    calls_clear(v);
    if (v->multi) {
        curl_multi_cleanup(v->multi);
        curl_global_cleanup();
    }
    queue_clear(&v->questions);
    cache_close(v->cache);
    lg_secret_free(v->secret);
    lg_arena_close(v->arena);
    pthread_cond_destroy(&v->settled);
    pthread_mutex_destroy(&v->lock);
    free(v);
}
