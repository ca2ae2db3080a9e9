/* What the files of the delivery thread share. All of it belongs to that thread, but for what webhooks.c
 * guards. */
#ifndef WEBHOOKS_INTERNAL_H
#define WEBHOOKS_INTERNAL_H

#include "ledger/base/buf.h"
#include "ledger/store/delivery_rows.h"
#include "ledger/store/webhook_rows.h"
#include "server/outbound/curl.h"
#include "server/webhooks/webhooks.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    QUEUE_MAX = 32,          /* messages of one endpoint kept in memory; the rest waits in the store */
    TYPES_MAX = 256,         /* entry types there can be */
    FLYING_MAX = 256,        /* messages under way, of all endpoints; */
    FLYING_BEHIND_MAX = 192, /* the last of them are for endpoints that keep up */
    FLYING_DOUBTFUL_MAX = 128,
    OUTBOX_STEP = 256, /* rows looked at, and */
    JOB_STEP = 500,    /* rows replayed, before everything else gets its turn */
    JOURNAL_WAIT_MS =
        50, /* results are written together; waiting costs nothing but sending again after a crash */
    JOURNAL_STEP = 256,
    JOURNAL_MAX = 8192, /* results that cannot be written: then no more is taken up */
    CLOSE_GRACE_MS = 1000,
};

typedef struct message {
    int64_t seq;
    const char *type; /* outbox_type's */
    int64_t attempts;
    lg_time due; /* 0: at once */
    bool stored; /* has its row in the store */
} message;

/* Where an endpoint is: in one list at a time. Those that keep up go before those that are behind; those
 * whose last attempt failed or was slow may use half of the room. */
typedef enum { LIST_LIVE, LIST_BEHIND, LIST_DOUBTFUL, LIST_COUNT } list_name;
typedef enum { PLACE_IDLE, PLACE_READY, PLACE_WAITING, PLACE_FLYING } place;

typedef struct endpoint endpoint;
struct endpoint {
    lg_arena *arena; /* of the row's strings and the patterns */
    lg_webhook row;
    lg_uuid_text owner;
    const char **patterns; /* none: all types */
    size_t pattern_count;

    message queue[QUEUE_MAX]; /* a ring; the first is the one under way, if any is */
    size_t first, count;
    bool backlog;   /* the store holds more pending ones, all after those of the queue */
    bool reload;    /* what the store holds has changed: after this attempt forget the queue */
    bool removed;   /* to be forgotten once it is in no list */
    bool doubtful;  /* the last attempt failed or was slow */
    bool down;      /* a message was given up, and none delivered since */
    bool dirty;     /* in the journal's list: has messages without a row */
    unsigned holds; /* replays at work on its rows: nothing is sent meanwhile */
    place place;
    lg_time due;    /* while PLACE_WAITING */
    endpoint *next; /* in the list of its place */
    endpoint *dirty_next, *gone_next;
};

typedef struct endpoint_list {
    endpoint *first, *last;
} endpoint_list;

/* One message under way; handles are kept and used again. */
typedef struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    lg_buf body;
    size_t received;
    outbound_guard guard;
    endpoint *to;
    bool doubtful; /* counted as such */
    lg_time started;
    struct transfer *next;     /* in the list of idle ones */
    struct transfer *all_next; /* in that of all */
} transfer;

typedef struct job {
    webhooks_replay *replay; /* NULL: the endpoint was removed, its pending messages are skipped */
    lg_webhook_no webhook;
    endpoint *held;
    struct job *next;
} job;

/* webhooks_stats as they are counted. */
typedef struct webhooks_watch {
    metrics_counter attempts[WEBHOOKS_OUTCOMES];
    lg_histogram duration_ms;
    _Atomic int64_t flying, live, doubtful, dead, oldest_seq;
} webhooks_watch;

struct webhooks {
    webhooks_config config;
    webhooks_watch watch;
    lg_webhook_keys *keys;
    lg_readers *readers;
    pthread_t thread;
    CURLM *multi;
    atomic_bool woken, closing;
    pthread_mutex_t lock; /* of the next line */
    webhooks_replay *asked, **asked_last;

    /* ---- the thread's own ---- */
    lg_db *ledger; /* read-only */
    lg_db *store;  /* webhooks.db */
    lg_arena *arena;
    char *types[TYPES_MAX];
    size_t type_count;
    endpoint **endpoints; /* by participant and number */
    size_t endpoint_count, endpoint_cap;
    int64_t known_seq; /* endpoints are as this entry left them */
    lg_outbox_row at;  /* the outbox is dispatched up to here */

    endpoint_list ready[LIST_COUNT];
    endpoint *waiting;
    lg_time earliest; /* among the waiting; 0: not known */
    endpoint *gone;
    transfer *idle, *transfers;
    size_t flying, flying_doubtful;

    lg_delivery *journal;
    size_t journal_count, journal_cap;
    endpoint *dirty;
    int64_t stored_seq;      /* position in the store */
    lg_time journal_since;   /* the oldest of what is not written; 0: nothing */
    lg_time journal_blocked; /* writing failed: not before this */
    job *jobs, **jobs_last;

    lg_time surveyed_at, survey_due; /* due 0: nothing has happened since */
    lg_time log_minute;
    unsigned log_lines; /* in that minute */
};

/* ---- webhooks.c ---- */
/* The log; NULL, which takes nothing, when this minute has had its share of lines. */
logger *webhooks_log(webhooks *w);

/* ---- endpoint.c ---- */
lg_err endpoints_load(webhooks *w) LG_MUST_CHECK;
/* A row that is new or has changed. */
lg_err endpoint_put(webhooks *w, const lg_webhook *row) LG_MUST_CHECK;
endpoint *endpoint_find(webhooks *w, lg_webhook_no no); /* NULL: none, or removed */
/* The first of the participant's endpoints; the others follow it in w->endpoints. */
size_t endpoints_of(const webhooks *w, lg_participant_no participant);
bool endpoint_wants(const endpoint *e, const char *type);
void endpoint_push(endpoint *e, message m); /* there must be room */
static inline message *endpoint_head(endpoint *e)
{
    return &e->queue[e->first];
}
void endpoint_pop(endpoint *e);
/* Puts an idle endpoint in line, if it has anything to send and is not held. */
void endpoint_ready(webhooks *w, endpoint *e);
void endpoint_wait(webhooks *w, endpoint *e, lg_time due);
endpoint *endpoint_take(webhooks *w, list_name list); /* NULL: the list is empty */
/* Those whose time has come are put in line. */
void endpoints_due(webhooks *w, lg_time now);
/* Ends all waiting for this endpoint. */
void endpoint_hurry(webhooks *w, endpoint *e);
void endpoints_bury(webhooks *w);
void endpoints_clear(webhooks *w);

/* ---- watch.c ---- */
void watch_open(webhooks_watch *watch);
void watch_attempt(webhooks *w, webhooks_outcome outcome, int64_t duration_ms);
/* At the end of each turn. */
void watch_turn(webhooks *w, lg_time now);

/* ---- outbox.c ---- */
/* One step through the outbox; true if there may be more. */
bool outbox_step(webhooks *w);
lg_err outbox_start(webhooks *w) LG_MUST_CHECK;
const char *outbox_type(webhooks *w, const char *type); /* the same text, kept for good */

/* ---- journal.c ---- */
void journal_add(webhooks *w, const lg_delivery *row);
void journal_dirty(webhooks *w, endpoint *e);
/* Empties the queue; what is in memory alone gets its row with the next flush. */
void journal_take_queue(webhooks *w, endpoint *e);
/* The outbox has moved on. */
void journal_moved(webhooks *w);
/* Writes all of it. */
lg_err journal_flush(webhooks *w) LG_MUST_CHECK;
void journal_maybe_flush(webhooks *w, lg_time now);
/* Fills the empty queue of an endpoint from the store. */
lg_err journal_load(webhooks *w, endpoint *e) LG_MUST_CHECK;
void jobs_add(webhooks *w, webhooks_replay *replay, lg_webhook_no webhook);
/* Messages left by endpoints that are no more. */
lg_err jobs_start(webhooks *w) LG_MUST_CHECK;
/* One step of one job; true if there is more. */
bool jobs_step(webhooks *w);
void jobs_clear(webhooks *w);

/* ---- message.c ---- */
/* The body of a message; LG_NOT_FOUND if the owner is no party to the entry. */
lg_err message_build(webhooks *w, const endpoint *e, int64_t seq, lg_buf *body) LG_MUST_CHECK;

/* ---- transfer.c ---- */
/* Starts sending the head of e's queue. */
lg_err transfer_start(webhooks *w, endpoint *e) LG_MUST_CHECK;
/* Takes up results. */
void transfers_collect(webhooks *w);
void transfers_clear(webhooks *w);

/* ---- deliver.c ---- */
/* Starts what can be started in one turn. */
void deliver_some(webhooks *w);
/* More is in line, and there is room for it. */
bool deliver_more(const webhooks *w);
typedef struct attempt {
    int64_t status;    /* 0: no answer */
    const char *error; /* NULL: none */
    int64_t retry_after_s, duration_ms;
    lg_time started;
} attempt;
/* What an attempt at the head of e's queue came to. */
void deliver_result(webhooks *w, endpoint *e, const attempt *result);

#endif
