/* Endpoints of one's own: what they are, their secret, and what became of each message. */
#include "server/api/serve.h"
#include "server/webhooks/sign.h"
#include "server/webhooks/webhooks.h"

#include "ledger/store/delivery_rows.h"

lg_err json_webhook(lg_buf *buf, lg_db *db, const lg_webhook *row, int64_t pending)
{
    lg_participant_id owner;
    lg_err err = json_related(lg_participant_id_of(db, row->participant, &owner));
    if (err)
        return err;
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_put_str(buf, "participant", lg_uuid_format(owner.uuid).s);
    lg_json_put_str(buf, "url", row->url);
    lg_json_put_raw(buf, "events", row->events);
    lg_json_put_str(buf, "description", row->description);
    lg_json_put_str(buf, "status", row->removed_at ? "removed" : "active");
    lg_json_put_int(buf, "generation", row->generation);
    if (pending >= 0)
        lg_json_put_int(buf, "pending", pending);
    json_put_time(buf, "registered_at", row->registered_at);
    json_put_time(buf, "rotated_at", row->rotated_at);
    json_put_time(buf, "removed_at", row->removed_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_close(buf);
    return LG_OK;
}

lg_err api_own_webhook(lg_db *db, lg_arena *arena, lg_participant_no owner, const char *id_text,
                       lg_webhook *out)
{
    lg_webhook_id id;
    if (!lg_uuid_parse(id_text, &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = lg_webhook_by_id(db, id, arena, out);
    return !err && out->participant.v != owner.v ? LG_NOT_FOUND : err;
}

static lg_err own(api_view *view, lg_webhook *out)
{
    return api_own_webhook(view->read.db, view->read.arena, view->read.caller.no,
                           http_param(view->request, "id"), out);
}

/* A connection to webhooks.db is held no longer than one question takes. */
static lg_err put_webhook(api_view *view, const lg_webhook *row)
{
    int64_t pending;
    lg_readers *readers = webhooks_readers(view->read.api->webhooks);
    lg_db *store = lg_readers_take(readers);
    lg_err err = lg_delivery_count_pending(store, row->no, &pending);
    lg_readers_give(readers, store);
    return err ? err : json_webhook(&view->body, view->read.db, row, pending);
}

static lg_err build_webhooks(api_view *view)
{
    lg_webhook *rows;
    lg_webhook_no after;
    size_t limit, count;
    api_query_page(view->request, &limit, &after.v);
    lg_err err = api_query_end(view->request);
    if (!err)
        err = lg_webhook_list(view->read.db, view->read.caller.no, after, limit, view->read.arena, &rows,
                              &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; !err && api_list_takes(view, shown, count, limit); shown++)
        err = put_webhook(view, &rows[shown]);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

http_result read_webhooks(http_request *request)
{
    return api_serve(request, build_webhooks);
}

static lg_err build_webhook(api_view *view)
{
    lg_webhook row;
    lg_err err = own(view, &row);
    if (!err)
        err = put_webhook(view, &row);
    if (!err)
        api_view_tag_body(view);
    return err;
}

http_result read_webhook(http_request *request)
{
    return api_serve(request, build_webhook);
}

static lg_err build_secret(api_view *view)
{
    lg_webhook row;
    const lg_webhook_keys *keys = webhooks_keys(view->read.api->webhooks);
    lg_err err = own(view, &row);
    if (err)
        return err;
    http_set_header(view->request, "Cache-Control", "no-store");
    lg_json_open(&view->body);
    lg_json_put_str(&view->body, "secret",
                    webhook_secret_text(view->read.arena, keys, row.id, row.generation));
    lg_json_put_str(&view->body, "previous_secret",
                    webhook_overlaps(row.generation, row.rotated_at, lg_now())
                        ? webhook_secret_text(view->read.arena, keys, row.id, row.generation - 1)
                        : NULL);
    lg_json_put_str(&view->body, "public_key", webhook_public_text(view->read.arena, keys));
    lg_json_close(&view->body);
    return LG_OK;
}

http_result read_webhook_secret(http_request *request)
{
    return api_serve_scope(request, LG_SCOPE_ADMIN, build_secret);
}

/* ---- the log of deliveries ---- */

static void put_number(lg_buf *buf, const char *key, bool known, int64_t value)
{
    if (known)
        lg_json_put_int(buf, key, value);
    else
        lg_json_put_raw(buf, key, "null");
}

static void put_delivery(api_view *view, const lg_webhook *webhook, const lg_delivery *row)
{
    lg_buf *buf = &view->body;
    lg_json_open(buf);
    lg_json_put_str(buf, "message_id", webhook_message_id(view->read.arena, webhook->id, row->seq));
    lg_json_put_int(buf, "seq", row->seq);
    lg_json_put_str(buf, "type", row->type);
    lg_json_put_str(buf, "state", lg_delivery_state_name(row->state));
    lg_json_put_int(buf, "attempts", row->attempts);
    put_number(buf, "last_status", row->last_status != 0, row->last_status);
    lg_json_put_str(buf, "last_error", row->last_error);
    json_put_time(buf, "next_attempt_at", row->next_attempt_at);
    json_put_time(buf, "last_attempt_at", row->last_attempt_at);
    json_put_time(buf, "delivered_at", row->delivered_at);
    put_number(buf, "duration_ms", row->last_attempt_at != 0, row->duration_ms);
    lg_json_close(buf);
}

static lg_err query_deliveries(api_view *view, lg_delivery_filter *filter)
{
    static const char *const orders[] = {"desc", "asc", NULL};
    const char *states[LG_DELIVERY_STATE_COUNT + 1] = {NULL};
    int order = 0;
    int64_t beyond;
    for (int state = 0; state < LG_DELIVERY_STATE_COUNT; state++)
        states[state] = lg_delivery_state_name((lg_delivery_state)state);
    filter->state = -1;
    api_query_choice(view->request, "state", states, &filter->state);
    api_query_choice(view->request, "order", orders, &order);
    api_query_page(view->request, &filter->limit, &beyond);
    filter->oldest_first = order == 1;
    filter->beyond_seq = beyond ? beyond : -1;
    return api_query_end(view->request);
}

static lg_err list_deliveries(api_view *view, const lg_delivery_filter *filter, lg_delivery **rows,
                              size_t *count)
{
    lg_readers *readers = webhooks_readers(view->read.api->webhooks);
    lg_db *store = lg_readers_take(readers);
    lg_err err = lg_delivery_list(store, filter, view->read.arena, rows, count);
    lg_readers_give(readers, store);
    return err;
}

static lg_err build_deliveries(api_view *view)
{
    lg_delivery_filter filter;
    lg_webhook webhook;
    lg_delivery *rows;
    size_t count;
    lg_err err = own(view, &webhook);
    if (!err)
        err = query_deliveries(view, &filter);
    filter.webhook = webhook.no;
    if (!err)
        err = list_deliveries(view, &filter, &rows, &count);
    if (err)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; api_list_takes(view, shown, count, filter.limit); shown++)
        put_delivery(view, &webhook, &rows[shown]);
    api_list_close(view, shown < count ? rows[shown - 1].seq : 0);
    return LG_OK;
}

http_result read_webhook_deliveries(http_request *request)
{
    return api_serve(request, build_deliveries);
}
