/* From the ledger's outbox to the endpoints' queues: one reader of the ledger, one position for all. */
#include "ledger/store/log_rows.h"
#include "server/webhooks/internal.h"

#include <string.h>

const char *outbox_type(webhooks *w, const char *type)
{
    for (size_t i = 0; i < w->type_count; i++)
        if (strcmp(w->types[i], type) == 0)
            return w->types[i];
    if (w->type_count == TYPES_MAX)
        lg_die("more than %d types of entries", TYPES_MAX);
    char *kept = strdup(type);
    if (!kept)
        lg_die("out of memory");
    w->types[w->type_count++] = kept;
    return kept;
}

static lg_err type_of(webhooks *w, int64_t seq, const char **type)
{
    lg_entry_row row;
    lg_entry entry;
    lg_err err = lg_entry_get(w->ledger, seq, w->arena, &row);
    if (!err)
        err = lg_entry_parse(w->arena, row.body, &entry, NULL);
    if (!err)
        *type = outbox_type(w, entry.type);
    return err;
}

#define CHANGED_STATUS "participant.status_changed"

/* Into the queue as long as everything before it is there too; otherwise into the store, behind the rest. */
static void dispatch(webhooks *w, endpoint *e, int64_t seq, const char *type)
{
    if (!e->backlog && e->count < QUEUE_MAX) {
        endpoint_push(e, (message){.seq = seq, .type = type});
        journal_dirty(w, e);
    } else {
        journal_add(w, &(lg_delivery){.webhook = e->row.no, .seq = seq, .type = type});
        e->backlog = true;
    }
    endpoint_ready(w, e);
}

/* *type is kept from row to row of one entry; the entry is read only if someone may want it. */
static lg_err dispatch_row(webhooks *w, const lg_outbox_row *row, const char **type)
{
    lg_err err = LG_OK;
    if (row->seq != w->at.seq)
        *type = NULL;
    for (size_t i = endpoints_of(w, row->participant);
         !err && i < w->endpoint_count && w->endpoints[i]->row.participant.v == row->participant.v; i++) {
        endpoint *e = w->endpoints[i];
        if (row->seq <= lg_row_seq(e->row.no.v))
            continue;
        if (!*type)
            err = type_of(w, row->seq, type);
        if (!err && e->place == PLACE_WAITING && strcmp(*type, CHANGED_STATUS) == 0)
            endpoint_hurry(w, e); /* its owner may be suspended no more */
        if (!err && endpoint_wants(e, *type))
            dispatch(w, e, row->seq, *type);
    }
    if (!err)
        w->at = *row;
    return err;
}

/* Endpoints that are new, removed, or have a new secret, as the snapshot has them. */
static lg_err look_at_endpoints(webhooks *w)
{
    lg_webhook *rows;
    size_t count;
    lg_err err = lg_webhook_list_changed(w->ledger, w->known_seq, w->arena, &rows, &count);
    for (size_t i = 0; i < count && !err; i++) {
        err = endpoint_put(w, &rows[i]);
        if (!err)
            w->known_seq = rows[i].last_seq;
    }
    return err;
}

static lg_err look(webhooks *w, bool *more)
{
    lg_outbox_row *rows;
    size_t count = 0;
    int64_t head;
    const char *type = NULL;
    lg_err err = look_at_endpoints(w);
    if (!err)
        err = lg_outbox_head(w->ledger, &head);
    if (!err && w->endpoint_count)
        err = lg_outbox_range(w->ledger, w->at, OUTBOX_STEP, w->arena, &rows, &count);
    for (size_t i = 0; i < count && !err; i++)
        err = dispatch_row(w, &rows[i], &type);
    *more = !err && count == OUTBOX_STEP;
    /* Who becomes party to an entry behind this position only reads it: the snapshot's last one is done with.
     */
    if (!err && !*more)
        w->at = (lg_outbox_row){.seq = head, .participant = {INT64_MAX}};
    return err;
}

bool outbox_step(webhooks *w)
{
    bool more = false;
    if (w->journal_count >= JOURNAL_MAX) {
        atomic_store(&w->woken, true); /* the store takes nothing; the ledger keeps it for us */
        return false;
    }
    lg_arena_reset(w->arena);
    lg_err err = lg_db_begin(w->ledger);
    if (!err) {
        err = look(w, &more);
        lg_db_rollback(w->ledger);
    }
    if (err)
        log_event(webhooks_log(w), LOG_ERROR, "webhook.outbox_unread",
                  "The ledger cannot be read; the next commit tries again.",
                  log_text("problem", lg_err_slug(err)));
    journal_moved(w);
    return more;
}

/* Where to begin: where the store left off; without one, behind the first endpoint's creation. */
static void choose_start(webhooks *w, int64_t stored, int64_t head)
{
    int64_t first = head;
    for (size_t i = 0; i < w->endpoint_count; i++)
        if (lg_row_seq(w->endpoints[i]->row.no.v) < first)
            first = lg_row_seq(w->endpoints[i]->row.no.v);
    int64_t seq = stored < 0 ? first : stored > head ? head : stored;
    w->at = (lg_outbox_row){.seq = seq, .participant = {INT64_MAX}};
    w->stored_seq = stored;
    w->known_seq = head;
}

lg_err outbox_start(webhooks *w)
{
    int64_t stored, head;
    lg_err err = lg_delivery_position(w->store, &stored);
    if (!err)
        err = lg_db_begin(w->ledger);
    if (err)
        return err;
    err = lg_outbox_head(w->ledger, &head);
    if (!err)
        err = endpoints_load(w);
    if (!err)
        choose_start(w, stored, head);
    lg_db_rollback(w->ledger);
    return err;
}
