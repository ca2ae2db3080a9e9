/* The endpoints in memory, and the lists they move through: idle → ready → flying → idle, ready or waiting.
 */
#include "ledger/base/json.h"
#include "ledger/store/participant_rows.h"
#include "server/webhooks/internal.h"

#include <stdlib.h>
#include <string.h>

enum { LOAD_STEP = 512 };

/* ---- the index ---- */

static int order(const endpoint *e, lg_participant_no participant, lg_webhook_no no)
{
    if (e->row.participant.v != participant.v)
        return e->row.participant.v < participant.v ? -1 : 1;
    return e->row.no.v < no.v ? -1 : e->row.no.v > no.v;
}

/* The place of the first that is not before the one asked for. */
static size_t place_of(const webhooks *w, lg_participant_no participant, lg_webhook_no no)
{
    size_t low = 0, high = w->endpoint_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (order(w->endpoints[middle], participant, no) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t endpoints_of(const webhooks *w, lg_participant_no participant)
{
    return place_of(w, participant, (lg_webhook_no){0});
}

/* Not on the way of a message, so it may look at all. */
endpoint *endpoint_find(webhooks *w, lg_webhook_no no)
{
    for (size_t i = 0; i < w->endpoint_count; i++)
        if (w->endpoints[i]->row.no.v == no.v)
            return w->endpoints[i];
    return NULL;
}

static void index_insert(webhooks *w, endpoint *e)
{
    size_t at = place_of(w, e->row.participant, e->row.no);
    if (w->endpoint_count == w->endpoint_cap) {
        w->endpoint_cap = w->endpoint_cap ? w->endpoint_cap * 2 : 64;
        w->endpoints = realloc(w->endpoints, w->endpoint_cap * sizeof(endpoint *));
        if (!w->endpoints)
            lg_die("out of memory");
    }
    memmove(&w->endpoints[at + 1], &w->endpoints[at], (w->endpoint_count - at) * sizeof(endpoint *));
    w->endpoints[at] = e;
    w->endpoint_count++;
}

static void index_remove(webhooks *w, const endpoint *e)
{
    size_t at = place_of(w, e->row.participant, e->row.no);
    w->endpoint_count--;
    memmove(&w->endpoints[at], &w->endpoints[at + 1], (w->endpoint_count - at) * sizeof(endpoint *));
}

/* ---- rows ---- */

static lg_err read_patterns(endpoint *e)
{
    json_t *events = NULL;
    const json_t *value;
    size_t i;
    lg_err err = lg_json_load(lg_bytes_str(e->row.events), &events, NULL);
    if (!err && !json_is_array(events))
        err = LG_CORRUPT;
    if (!err) {
        e->patterns = lg_arena_array(e->arena, json_array_size(events) + 1, sizeof *e->patterns);
        json_array_foreach(events, i, value)
        {
            const char *text = json_string_value(value);
            if (text)
                e->patterns[e->pattern_count++] = lg_arena_strdup(e->arena, text);
            else
                err = LG_CORRUPT;
        }
    }
    json_decref(events);
    return err ? LG_CORRUPT : LG_OK;
}

static void endpoint_free(endpoint *e)
{
    lg_arena_close(e->arena);
    free(e);
}

static lg_err endpoint_make(webhooks *w, const lg_webhook *row)
{
    lg_participant_id owner;
    lg_err err = lg_participant_id_of(w->ledger, row->participant, &owner);
    if (err)
        return err;
    endpoint *e = calloc(1, sizeof *e);
    if (!e)
        lg_die("out of memory");
    e->arena = lg_arena_open();
    e->row = *row;
    e->row.url = lg_arena_strdup(e->arena, row->url);
    e->row.events = lg_arena_strdup(e->arena, row->events);
    e->row.description = NULL; /* for reading only */
    e->owner = lg_uuid_format(owner.uuid);
    err = read_patterns(e);
    if (err) {
        endpoint_free(e);
        return err;
    }
    e->backlog = true; /* the store is asked once */
    index_insert(w, e);
    return LG_OK;
}

/* One row that cannot be read must not keep the others from being served. */
static lg_err endpoint_add(webhooks *w, const lg_webhook *row)
{
    lg_err err = endpoint_make(w, row);
    if (err != LG_CORRUPT && err != LG_NOT_FOUND)
        return err;
    log_event(webhooks_log(w), LOG_ERROR, "webhook.damaged",
              "The endpoint is not served: its row is damaged.",
              log_text("endpoint", lg_uuid_format(row->id.uuid).s));
    return LG_OK;
}

static void endpoint_remove(webhooks *w, endpoint *e)
{
    index_remove(w, e);
    e->removed = true;
    jobs_add(w, NULL, e->row.no);
    e->gone_next = w->gone;
    w->gone = e;
    w->earliest = 0; /* those that wait are looked through */
}

lg_err endpoint_put(webhooks *w, const lg_webhook *row)
{
    endpoint *e = endpoint_find(w, row->no);
    if (!e)
        return row->removed_at ? LG_OK : endpoint_add(w, row);
    if (row->removed_at) {
        endpoint_remove(w, e);
    } else {
        e->row.generation = row->generation;
        e->row.rotated_at = row->rotated_at;
        e->row.last_seq = row->last_seq;
    }
    return LG_OK;
}

lg_err endpoints_load(webhooks *w)
{
    lg_err err = LG_OK;
    lg_webhook *rows;
    size_t count = LOAD_STEP;
    for (lg_webhook_no after = {0}; !err && count == LOAD_STEP;) {
        lg_arena_reset(w->arena);
        err = lg_webhook_list_active(w->ledger, after, LOAD_STEP, w->arena, &rows, &count);
        for (size_t i = 0; i < count && !err; i++) {
            after = rows[i].no;
            err = endpoint_add(w, &rows[i]);
        }
    }
    for (size_t i = 0; i < w->endpoint_count && !err; i++)
        endpoint_ready(w, w->endpoints[i]);
    return err;
}

/* "financing." stands for every type that begins so. */
bool endpoint_wants(const endpoint *e, const char *type)
{
    for (size_t i = 0; i < e->pattern_count; i++) {
        size_t len = strlen(e->patterns[i]);
        bool prefix = len && e->patterns[i][len - 1] == '.';
        if (prefix ? strncmp(type, e->patterns[i], len) == 0 : strcmp(type, e->patterns[i]) == 0)
            return true;
    }
    return e->pattern_count == 0;
}

/* ---- the queue ---- */

void endpoint_push(endpoint *e, message m)
{
    e->queue[(e->first + e->count++) % QUEUE_MAX] = m;
}

void endpoint_pop(endpoint *e)
{
    e->first = (e->first + 1) % QUEUE_MAX;
    e->count--;
}

/* ---- the lists ---- */

static void list_add(endpoint_list *list, endpoint *e)
{
    e->next = NULL;
    if (list->last)
        list->last->next = e;
    else
        list->first = e;
    list->last = e;
}

void endpoint_ready(webhooks *w, endpoint *e)
{
    if (e->place != PLACE_IDLE || e->removed || e->holds || (!e->count && !e->backlog))
        return;
    e->place = PLACE_READY;
    list_add(&w->ready[e->doubtful ? LIST_DOUBTFUL : e->backlog ? LIST_BEHIND : LIST_LIVE], e);
}

endpoint *endpoint_take(webhooks *w, list_name name)
{
    endpoint_list *list = &w->ready[name];
    while (list->first) {
        endpoint *e = list->first;
        list->first = e->next;
        if (!list->first)
            list->last = NULL;
        e->place = PLACE_IDLE;
        if (!e->removed && !e->holds)
            return e;
    }
    return NULL;
}

void endpoint_wait(webhooks *w, endpoint *e, lg_time due)
{
    e->place = PLACE_WAITING;
    e->due = due;
    e->next = w->waiting;
    w->waiting = e;
    if (!e->next || due < w->earliest)
        w->earliest = due;
}

void endpoint_hurry(webhooks *w, endpoint *e)
{
    e->due = 0;
    w->earliest = 0;
}

void endpoints_due(webhooks *w, lg_time now)
{
    if (!w->waiting || now < w->earliest)
        return;
    endpoint *all = w->waiting;
    w->waiting = NULL;
    for (endpoint *e = all, *next; e; e = next) {
        next = e->next;
        e->place = PLACE_IDLE;
        if (e->removed)
            continue;
        if (e->due > now)
            endpoint_wait(w, e, e->due);
        else
            endpoint_ready(w, e);
    }
}

/* ---- the end ---- */

void endpoints_bury(webhooks *w)
{
    for (endpoint **at = &w->gone; *at;) {
        endpoint *e = *at;
        if (e->place == PLACE_IDLE && !e->dirty && !e->holds) {
            *at = e->gone_next;
            endpoint_free(e);
        } else {
            at = &e->gone_next;
        }
    }
}

void endpoints_clear(webhooks *w)
{
    for (size_t i = 0; i < w->endpoint_count; i++)
        endpoint_free(w->endpoints[i]);
    free(w->endpoints);
    for (endpoint *e = w->gone, *next; e; e = next) {
        next = e->gone_next;
        endpoint_free(e);
    }
}
