#include "server/client/http.h"

#include "ledger/crypto/secret.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECT_TIMEOUT_S = 10, RETRY_FIRST_MS = 250, RETRY_MOST_MS = 8000, RETRY_AFTER_MOST_S = 60 };

struct client_http {
    CURL *curl;
    char *base; /* scheme://host[:port][/prefix], no slash at the end */
    bool local; /* the loopback interface: no proxy stands between */
};

/* What one transfer collects. */
typedef struct transfer {
    lg_buf body;
    size_t max;
    bool too_large, sunk, sink_failed;
    CURL *curl;
    const client_request *request;
    lg_arena *arena;
    client_response *response;
} transfer;

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    size_t len = size * count;
    long status = 0;
    if (t->request->sink && curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
        status / 100 == 2) {
        t->sunk = true;
        t->sink_failed = !t->request->sink(t->request->sink_ctx, lg_bytes_of(data, len));
        return t->sink_failed ? 0 : len;
    }
    if (len > t->max - t->body.len) {
        t->too_large = true;
        return 0;
    }
    lg_buf_add(&t->body, data, len);
    return len;
}

/* The value of the header line if it has that name. */
static const char *header_value(lg_arena *arena, const char *line, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
        return NULL;
    line += name_len + 1, len -= name_len + 1;
    while (len && (*line == ' ' || *line == '\t'))
        line++, len--;
    while (len && (unsigned char)line[len - 1] <= ' ')
        len--;
    return lg_arena_strndup(arena, line, len);
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    size_t len = size * count;
    const char *value;
    int64_t seconds;
    if ((value = header_value(t->arena, line, len, "content-type")))
        t->response->content_type = value;
    else if ((value = header_value(t->arena, line, len, "x-request-id")))
        t->response->request_id = value;
    else if ((value = header_value(t->arena, line, len, "retry-after")) &&
             client_number_parse(value, 0, INT32_MAX, &seconds))
        t->response->retry_after_s = (long)seconds;
    return len;
}

/* Takes the URL apart with curl's own parser, so that what is checked is what is used. */
static client_exit base_set(client *c, struct client_http *http)
{
    char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL, *rest = NULL;
    client_exit code = CLIENT_USAGE;
    CURLU *url = curl_url();
    if (!url)
        lg_die("out of memory");
    if (curl_url_set(url, CURLUPART_URL, c->config.url, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
        client_fail(c, code, "\"%s\" is not an http or https URL.", c->config.url);
    } else if (curl_url_get(url, CURLUPART_USER, &rest, 0) == CURLUE_OK ||
               curl_url_get(url, CURLUPART_QUERY, &rest, 0) == CURLUE_OK ||
               curl_url_get(url, CURLUPART_FRAGMENT, &rest, 0) == CURLUE_OK) {
        client_fail(c, code, "The registry's URL must hold no user name, query or fragment.");
    } else {
        size_t path_len = strlen(path);
        while (path_len && path[path_len - 1] == '/')
            path_len--;
        bool has_port = curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK;
        http->base = lg_arena_printf(c->arena, "%s://%s%s%s%.*s", scheme, host, has_port ? ":" : "",
                                     has_port ? port : "", (int)path_len, path);
        http->local =
            strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
        if (strcmp(scheme, "http") == 0 && !http->local && (c->config.token || c->config.key))
            client_warn(c, "%s is not https: what is sent and read there can be seen and changed on the way.",
                        http->base);
        code = CLIENT_OK;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(rest);
    curl_url_cleanup(url);
    return code;
}

client_exit client_http_open(client *c)
{
    if (!c->config.url) {
        c->hint = client_text(
            c, "Name the registry with --url, TALLYSTICK_URL, or `url = …` in the configuration file.");
        return client_fail(c, CLIENT_USAGE, "No registry is named.");
    }
    struct client_http *http = lg_arena_alloc(c->arena, sizeof *http);
    client_exit code = base_set(c, http);
    if (code != CLIENT_OK)
        return code;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(http->curl = curl_easy_init()))
        return client_fail(c, CLIENT_LOCAL, "libcurl cannot start.");
    c->http = http;
    return CLIENT_OK;
}

void client_http_close(struct client_http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    curl_global_cleanup();
}

static struct curl_slist *header_add(struct curl_slist *list, lg_arena *arena, const char *name,
                                     const char *value)
{
    struct curl_slist *longer = curl_slist_append(list, lg_arena_printf(arena, "%s: %s", name, value));
    if (!longer)
        lg_die("out of memory");
    return longer;
}

static void options_set(client *c, const client_request *request, transfer *t, struct curl_slist *headers,
                        const char *url)
{
    CURL *curl = c->http->curl;
    curl_easy_reset(curl); /* keeps the connection */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    if (request->sink) { /* a long answer is fine, a silent one is not */
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)c->timeout_s);
    } else {
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)c->timeout_s);
    }
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tallystick/" CLIENT_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    if (c->http->local)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (c->config.cacert)
        curl_easy_setopt(curl, CURLOPT_CAINFO, c->config.cacert);
    if (request->content_type) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.data);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    }
}

/* How an attempt failed, when libcurl's word for it is not enough. */
typedef enum { FAULT_NONE, FAULT_TOO_LARGE, FAULT_SUNK, FAULT_SINK } send_fault;

/* One attempt. */
static CURLcode send_once(client *c, lg_arena *arena, const client_request *request, client_response *out,
                          send_fault *fault)
{
    transfer t = {.max = request->max ? request->max : CLIENT_ANSWER_MAX,
                  .arena = arena,
                  .response = out,
                  .request = request,
                  .curl = c->http->curl};
    struct curl_slist *headers = header_add(NULL, arena, "Expect", ""); /* no 100-continue round trip */
    headers = header_add(headers, arena, "Accept-Language", language_tag(c->language));
    *out = (client_response){.retry_after_s = -1};
    if (request->content_type)
        headers = header_add(headers, arena, "Content-Type", request->content_type);
    if (request->token)
        headers =
            header_add(headers, arena, "Authorization", lg_arena_printf(arena, "Bearer %s", request->token));
    if (request->idempotency_key)
        headers = header_add(headers, arena, "Idempotency-Key", request->idempotency_key);
    if (request->submission)
        headers = header_add(headers, arena, "Submission", request->submission);
    options_set(c, request, &t, headers, lg_arena_printf(arena, "%s%s", c->http->base, request->path));
    CURLcode result = curl_easy_perform(c->http->curl);
    curl_easy_getinfo(c->http->curl, CURLINFO_RESPONSE_CODE, &out->status);
    out->body = lg_arena_copy(arena, lg_buf_bytes(&t.body));
    *fault = t.sink_failed ? FAULT_SINK : t.too_large ? FAULT_TOO_LARGE : t.sunk ? FAULT_SUNK : FAULT_NONE;
    lg_buf_clear(&t.body);
    curl_slist_free_all(headers);
    return result;
}

int64_t client_retry_delay_ms(unsigned attempt, long retry_after_s)
{
    if (retry_after_s > RETRY_AFTER_MOST_S)
        return -1;
    int64_t delay = RETRY_FIRST_MS;
    for (unsigned i = 1; i < attempt && delay < RETRY_MOST_MS; i++)
        delay *= 2;
    int64_t asked = retry_after_s > 0 ? retry_after_s * INT64_C(1000) : 0;
    return asked > delay ? asked : delay;
}

/* Up to a quarter more than asked, so that clients refused together do not come back together. */
static void wait_ms(int64_t delay_ms)
{
    uint16_t random;
    lg_random(&random, sizeof random);
    delay_ms += delay_ms * random / INT64_C(262144);
    struct timespec left = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static bool worth_repeating(CURLcode result, const client_response *response, send_fault fault)
{
    if (result == CURLE_OK)
        return response->status == 429 || response->status == 503;
    return fault == FAULT_NONE && result != CURLE_PEER_FAILED_VERIFICATION && result != CURLE_URL_MALFORMAT &&
           result != CURLE_SSL_CACERT_BADFILE;
}

client_exit client_http_send(client *c, lg_arena *arena, const client_request *request, client_response *out)
{
    client_exit code = c->http ? CLIENT_OK : client_http_open(c);
    if (code != CLIENT_OK)
        return code;
    for (unsigned attempt = 1;; attempt++) {
        send_fault fault;
        CURLcode result = send_once(c, arena, request, out, &fault);
        int64_t delay_ms = client_retry_delay_ms(attempt, out->retry_after_s);
        if (worth_repeating(result, out, fault) && attempt < c->attempts && delay_ms >= 0) {
            client_warn(c, "%s; trying again (%u of %u).",
                        result == CURLE_OK ? client_text(c, "The registry is busy")
                                           : curl_easy_strerror(result),
                        attempt, c->attempts - 1);
            wait_ms(delay_ms);
            continue;
        }
        if (fault == FAULT_SINK)
            return client_fail(c, CLIENT_LOCAL, "The answer to %s cannot be kept.", request->path);
        if (fault == FAULT_TOO_LARGE)
            return client_fail(c, CLIENT_UNREACHABLE,
                               "The answer to %s is larger than the %zu bytes allowed for it.", request->path,
                               request->max ? request->max : (size_t)CLIENT_ANSWER_MAX);
        if (result == CURLE_SSL_CACERT_BADFILE)
            return client_fail(c, CLIENT_LOCAL, "The authorities in %s cannot be read.", c->config.cacert);
        if (result == CURLE_PEER_FAILED_VERIFICATION)
            c->hint = client_text(
                c, "Behind a private authority, name its certificate with --cacert or TALLYSTICK_CACERT.");
        if (result != CURLE_OK)
            return client_fail(c, CLIENT_UNREACHABLE, "%s does not answer: %s.", c->http->base,
                               curl_easy_strerror(result));
        return CLIENT_OK;
    }
}

client_exit client_refused(client *c, const client_response *response)
{
    json_t *problem = NULL;
    bool again = response->status == 429 || response->status >= 500;
    if (response->status / 100 == 3)
        return client_fail(c, CLIENT_UNREACHABLE, "The server redirects (HTTP %ld), which is not followed.",
                           response->status);
    if (lg_json_load(response->body, &problem, NULL) == LG_OK && json_is_object(problem)) {
        json_decref(c->problem);
        c->problem = problem;
        const char *title = json_string_value(json_object_get(problem, "title"));
        client_fail(c, CLIENT_REFUSED, "%s", title ? title : client_text(c, "The registry refused"));
    } else {
        json_decref(problem);
        client_fail(c, CLIENT_REFUSED, "HTTP %ld without a problem document.", response->status);
    }
    return again ? CLIENT_UNREACHABLE : CLIENT_REFUSED;
}

client_exit client_get_json(client *c, lg_arena *arena, const char *path, json_t **out)
{
    client_request request = {.path = path, .token = c->config.token};
    client_response response;
    client_exit code = client_http_send(c, arena, &request, &response);
    if (code != CLIENT_OK)
        return code;
    if (response.status / 100 != 2)
        return client_refused(c, &response);
    if (lg_json_load(response.body, out, &c->report) != LG_OK)
        return client_fail(c, CLIENT_UNREACHABLE, "The answer to %s is not JSON: is a registry there?", path);
    return CLIENT_OK;
}

/* RFC 3986 section 2.3: everything but the unreserved characters is encoded. */
char *client_url_escape(lg_arena *arena, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = lg_arena_alloc(arena, 3 * strlen(text) + 1), *p = out;
    for (; *text; text++) {
        unsigned char b = (unsigned char)*text;
        if ((b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || strchr("-._~", b)) {
            *p++ = (char)b;
        } else {
            *p++ = '%';
            *p++ = hex[b >> 4];
            *p++ = hex[b & 15];
        }
    }
    *p = '\0';
    return out;
}
