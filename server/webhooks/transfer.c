/* Sending one message with libcurl: what is allowed, what is limited, and what came of it. */
#include "server/webhooks/internal.h"

#include "server/webhooks/sign.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    TOTAL_TIMEOUT_MS = 15000,
    ANSWER_MAX = 64 * 1024, /* bytes of an answer's body; what is said beyond is not heard */
};

/* The answer's body says nothing to us. */
static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    (void)data;
    t->received += size * count;
    return t->received > ANSWER_MAX ? 0 : size * count;
}

/* What is the same for every message. */
static void set_once(webhooks *w, transfer *t)
{
    CURL *c = t->easy;
    const outbound_rules rules = {
        .reach = w->config.private_ok ? OUTBOUND_ANYWHERE : OUTBOUND_PUBLIC,
        .connect_ms = CONNECT_TIMEOUT_MS,
        .total_ms = TOTAL_TIMEOUT_MS,
        .agent = "tallystick-webhooks",
    };
    outbound_prepare(c, &rules, &t->guard);
    curl_easy_setopt(c, CURLOPT_PRIVATE, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
}

static transfer *take(webhooks *w)
{
    transfer *t = w->idle;
    if (t) {
        w->idle = t->next;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (!t || !(t->easy = curl_easy_init()))
        lg_die("out of memory");
    set_once(w, t);
    t->all_next = w->transfers;
    w->transfers = t;
    return t;
}

static void give(webhooks *w, transfer *t)
{
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    t->to = NULL;
    t->next = w->idle;
    w->idle = t;
}

static void header_add(transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    if (!longer)
        lg_die("out of memory");
    t->headers = longer;
}

/* Headers of the Standard Webhooks specification over the body in t. */
static void add_headers(webhooks *w, transfer *t, const char *id)
{
    const lg_webhook *row = &t->to->row;
    const webhook_signer signer = {
        .keys = w->keys, .id = row->id, .generation = row->generation, .rotated_at = row->rotated_at};
    long long timestamp = (long long)(t->started / LG_TIME_PER_SECOND);
    lg_buf content = {0}, signatures = {0};
    lg_buf_printf(&content, "%s.%lld.", id, timestamp);
    lg_buf_add(&content, t->body.data, t->body.len);
    webhook_sign(&signatures, &signer, t->started, lg_buf_bytes(&content));
    header_add(t, "Content-Type: application/json");
    header_add(t, "Expect:"); /* no 100-continue round trip */
    header_add(t, lg_arena_printf(w->arena, "webhook-id: %s", id));
    header_add(t, lg_arena_printf(w->arena, "webhook-timestamp: %lld", timestamp));
    header_add(t, lg_arena_printf(w->arena, "webhook-signature: %s", signatures.data));
    lg_buf_clear(&signatures);
    lg_buf_clear(&content);
}

lg_err transfer_start(webhooks *w, endpoint *e)
{
    transfer *t = take(w);
    int64_t seq = endpoint_head(e)->seq;
    lg_arena_reset(w->arena);
    lg_err err = message_build(w, e, seq, &t->body);
    if (err) {
        give(w, t);
        return err;
    }
    t->to = e;
    t->received = 0;
    t->guard.refusal = NULL;
    t->started = lg_now();
    add_headers(w, t, webhook_message_id(w->arena, e->row.id, seq));
    curl_easy_setopt(t->easy, CURLOPT_URL, e->row.url);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body.data);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
    if (curl_multi_add_handle(w->multi, t->easy) != CURLM_OK) {
        give(w, t);
        return LG_NO_MEMORY;
    }
    e->place = PLACE_FLYING;
    t->doubtful = e->doubtful;
    w->flying++;
    w->flying_doubtful += t->doubtful;
    return LG_OK;
}

static void finish(webhooks *w, transfer *t, CURLcode code)
{
    long status = 0;
    curl_off_t retry_after = 0, total_us = 0;
    endpoint *e = t->to;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    /* Cut off by ourselves, after the status was read. */
    bool heard = code == CURLE_OK || (code == CURLE_WRITE_ERROR && t->received > ANSWER_MAX);
    const attempt result = {
        .status = status,
        .error = heard ? NULL : outbound_error(code, &t->guard),
        .retry_after_s = status == 429 || status == 503 ? retry_after : 0,
        .duration_ms = total_us / 1000,
        .started = t->started,
    };
    curl_multi_remove_handle(w->multi, t->easy);
    w->flying--;
    w->flying_doubtful -= t->doubtful;
    give(w, t);
    deliver_result(w, e, &result);
}

void transfers_collect(webhooks *w)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(w->multi, &left))) {
        char *t = NULL;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
        finish(w, (transfer *)(void *)t, code);
    }
}

void transfers_clear(webhooks *w)
{
    for (transfer *t = w->transfers, *next; t; t = next) {
        next = t->all_next;
        if (t->to) /* still under way */
            curl_multi_remove_handle(w->multi, t->easy);
        curl_easy_cleanup(t->easy);
        curl_slist_free_all(t->headers);
        lg_buf_clear(&t->body);
        free(t);
    }
}
