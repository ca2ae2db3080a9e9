/* One call with libcurl: the question out, the answer in, and both bounded. */
#include "server/verifier/internal.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECT_TIMEOUT_MS = 5000 };

/* Handles are kept and used again. */
struct call {
    CURL *easy;
    outbound_guard guard;
    struct curl_slist *headers;
    lg_buf body, answer;
    bool too_long;
    question *about; /* NULL: idle */
    lg_hash identity;
    char timestamp[24];
    call *next;     /* in the list of idle ones */
    call *all_next; /* in that of all */
};

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    call *c = ctx;
    if (c->answer.len + size * count > VERIFIER_ANSWER_MAX) {
        c->too_long = true;
        return 0;
    }
    lg_buf_add(&c->answer, data, size * count);
    return size * count;
}

static outbound_reach reach_of(const char *url)
{
    return strncmp(url, "https:", 6) == 0 ? OUTBOUND_HTTPS : OUTBOUND_LOOPBACK;
}

static call *take(verifier *v)
{
    call *c = v->idle;
    if (c) {
        v->idle = c->next;
        return c;
    }
    c = calloc(1, sizeof *c);
    if (!c || !(c->easy = curl_easy_init()))
        lg_die("out of memory");
    const long total_ms = (long)v->config.timeout_ms;
    const outbound_rules rules = {
        .reach = reach_of(v->config.url),
        .connect_ms = total_ms < CONNECT_TIMEOUT_MS ? total_ms : CONNECT_TIMEOUT_MS,
        .total_ms = total_ms,
        .agent = "tallystick-verifier",
    };
    outbound_prepare(c->easy, &rules, &c->guard);
    curl_easy_setopt(c->easy, CURLOPT_URL, v->config.url);
    curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    if (v->config.ca) {
        curl_easy_setopt(c->easy, CURLOPT_CAINFO, v->config.ca);
        curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL);
    }
    c->all_next = v->calls;
    v->calls = c;
    return c;
}

static void give(verifier *v, call *c)
{
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    c->about = NULL;
    c->next = v->idle;
    v->idle = c;
}

static void header_add(call *c, const char *line)
{
    struct curl_slist *longer = curl_slist_append(c->headers, line);
    if (!longer)
        lg_die("out of memory");
    c->headers = longer;
}

static void add_headers(verifier *v, call *c, const char *id)
{
    lg_buf signature = {0};
    question_sign(&signature, v->secret, id, c->timestamp, lg_buf_bytes(&c->body));
    header_add(c, "Content-Type: application/json");
    header_add(c, "Accept: application/json");
    header_add(c, "Expect:"); /* no 100-continue round trip */
    header_add(c, lg_arena_printf(v->arena, "webhook-id: %s", id));
    header_add(c, lg_arena_printf(v->arena, "webhook-timestamp: %s", c->timestamp));
    header_add(c, lg_arena_printf(v->arena, "webhook-signature: %s", signature.data));
    lg_buf_clear(&signature);
}

lg_err call_start(verifier *v, question *q, lg_bytes body, const lg_hash *identity)
{
    call *c = take(v);
    c->identity = *identity;
    c->too_long = false;
    c->guard.refusal = NULL;
    lg_buf_reset(&c->answer);
    lg_buf_reset(&c->body);
    lg_buf_add(&c->body, body.data, body.len);
    snprintf(c->timestamp, sizeof c->timestamp, "%lld", (long long)(lg_now() / LG_TIME_PER_SECOND));
    add_headers(v, c, lg_uuid_format(q->id.uuid).s);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body.data);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.len);
    if (curl_multi_add_handle(v->multi, c->easy) != CURLM_OK) {
        give(v, c);
        return LG_NO_MEMORY;
    }
    c->about = q;
    v->calling++;
    queue_take(&v->questions, q, PLACE_CALLING);
    return LG_OK;
}

/* NULL unless the answer has it exactly once. */
static const char *header_of(verifier *v, const call *c, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(c->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK || header->amount != 1)
        return NULL;
    return lg_arena_strdup(v->arena, header->value);
}

static void finish(verifier *v, call *c, CURLcode code)
{
    question *q = c->about;
    verifier_answer answer = {0};
    const char *failure = NULL;
    curl_off_t retry_after_s = 0;
    raw_answer raw = {.body = lg_buf_bytes(&c->answer)};
    lg_arena_reset(v->arena);
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &raw.status);
    if (c->too_long) {
        failure = "the answer is too long";
    } else if (code != CURLE_OK) {
        failure = outbound_error(code, &c->guard);
    } else {
        curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
        raw.content_type = header_of(v, c, "content-type");
        raw.id = header_of(v, c, "webhook-id");
        raw.timestamp = header_of(v, c, "webhook-timestamp");
        raw.signature = header_of(v, c, "webhook-signature");
        failure = answer_read(v->arena, &raw, v->secret, lg_uuid_format(q->id.uuid).s, c->timestamp, &answer);
    }
    const lg_hash identity = c->identity;
    curl_multi_remove_handle(v->multi, c->easy);
    v->calling--;
    give(v, c);
    ask_ended(v, q, &identity, &answer, failure, retry_after_s);
}

void calls_collect(verifier *v)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(v->multi, &left))) {
        char *c = NULL;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
        finish(v, (call *)(void *)c, code);
    }
}

void calls_clear(verifier *v)
{
    for (call *c = v->calls, *next; c; c = next) {
        next = c->all_next;
        if (c->about) /* still under way */
            curl_multi_remove_handle(v->multi, c->easy);
        curl_easy_cleanup(c->easy);
        curl_slist_free_all(c->headers);
        lg_buf_clear(&c->body);
        lg_buf_clear(&c->answer);
        free(c);
    }
    v->calls = NULL;
}
