/* What the files of the verifier's thread share. All of it belongs to that thread, but for what verifier.c
 * guards. */
#ifndef VERIFIER_INTERNAL_H
#define VERIFIER_INTERNAL_H

#include "ledger/crypto/hash.h"
#include "ledger/store/verification_rows.h"
#include "server/base/log.h"
#include "server/base/metrics.h"
#include "server/outbound/curl.h"
#include "server/verifier/answer.h"
#include "server/verifier/breaker.h"
#include "server/verifier/cache.h"
#include "server/verifier/queue.h"
#include "server/verifier/verifier.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    LOOK_STEP = 256,    /* rows taken up in one turn */
    LOOK_EVERY_MS = 20, /* however often the ledger grows */
    RECORDING_MAX = 64, /* commands with the writer */
};

typedef struct call call;
typedef struct recording recording;

struct verifier {
    verifier_config config;
    api_context *api;
    uint8_t *secret; /* secret memory, VERIFIER_SECRET_LEN bytes; NULL without a URL */
    pthread_t thread;
    bool started;
    CURLM *multi;
    atomic_bool woken, closing;
    pthread_mutex_t lock;   /* of the next two */
    pthread_cond_t settled; /* nothing is with the writer any more */
    recording *recorded;    /* back from the writer */

    metrics_counter answered, failed, known, waiting, paused; /* for those who watch */

    /* ---- the thread's own ---- */
    lg_arena *arena;
    question_queue questions;
    lg_receivable_no last; /* pending ones up to here are in the queue */
    lg_time deadline;      /* no question's is before this; 0: not known */
    int64_t look_ms;       /* it does not look before */
    breaker breaker;
    answer_cache *cache;
    call *idle, *calls;
    size_t calling, recording;
    bool complained; /* of having no service to ask */
};

int64_t verifier_now_ms(void); /* monotonic */

/* ---- call.c ---- */
/* Starts asking; on success the question is PLACE_CALLING until call_ended. */
lg_err call_start(verifier *v, question *q, lg_bytes body, const lg_hash *identity) LG_MUST_CHECK;
void calls_collect(verifier *v);
void calls_clear(verifier *v);

/* ---- ask.c ---- */
/* Takes up what is new, lets go of what is late, asks what is due. True if there is more to do at once. */
bool ask_turn(verifier *v);
/* What a call came to: an answer, or why there is none. */
void ask_ended(verifier *v, question *q, const lg_hash *identity, const verifier_answer *answer,
               const char *failure, int64_t retry_after_s);
/* What the writer made of a question's record. */
void ask_recorded(verifier *v, question *q, lg_err err);

/* ---- record.c ---- */
/* Signs and queues the command; the question is PLACE_RECORDING until ask_recorded. */
lg_err record_start(verifier *v, question *q, const verifier_answer *answer) LG_MUST_CHECK;
void records_collect(verifier *v);
/* Waits until nothing is with the writer. */
void records_settle(verifier *v);

#endif
