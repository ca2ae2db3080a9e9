/* Who is asked about next, and what an answer, or none, leads to. */
#include "server/verifier/internal.h"

#include "ledger/crypto/secret.h"

#include <string.h>

enum { AGAIN_MS = 1000, LATER_MS = 60000, STARTS_AT_ONCE = 32 };

static const char NOT_CONFIGURED[] = "no external verifier is configured at this server";

static void cannot_read(verifier *v, lg_err err)
{
    log_event(v->api->log, LOG_ERROR, "verifier.ledger_unreadable", "What is to be verified must wait.",
              log_text("problem", lg_err_slug(err)));
}

/* ---- taking up ---- */

static lg_err take_pending(verifier *v, lg_db *db, bool *more)
{
    lg_pending_verification *rows;
    size_t count;
    const int64_t now_ms = verifier_now_ms();
    lg_err err = lg_verification_list_pending(db, v->last, LOOK_STEP, v->arena, &rows, &count);
    for (size_t i = 0; i < count && !err; i++) {
        queue_add(&v->questions, rows[i].receivable, rows[i].id, rows[i].verify_by, now_ms);
        v->last = rows[i].receivable;
        if (!v->deadline || rows[i].verify_by < v->deadline)
            v->deadline = rows[i].verify_by;
    }
    *more = !err && count == LOOK_STEP;
    if (!err && count && !v->config.url && !v->complained) {
        log_event(v->api->log, LOG_WARN, "verifier.not_configured",
                  "The policy wants an external verifier asked, but verifier_url is not set; it all waits.");
        v->complained = true;
    }
    return err;
}

/* What is new, if the ledger has grown and it was not looked at just now. */
static void look(verifier *v, int64_t now_ms)
{
    bool more = false;
    if (!atomic_load(&v->woken) || now_ms < v->look_ms)
        return;
    atomic_store(&v->woken, false);
    v->look_ms = now_ms + LOOK_EVERY_MS;
    lg_arena_reset(v->arena);
    lg_db *db = lg_readers_take(v->api->readers);
    lg_err err = take_pending(v, db, &more);
    lg_readers_give(v->api->readers, db);
    if (err)
        cannot_read(v, err);
    if (err || more) { /* a commit may not come for a long time */
        atomic_store(&v->woken, true);
        v->look_ms = err ? now_ms + AGAIN_MS : now_ms;
    }
}

/* ---- letting go ---- */

static void record_or_wait(verifier *v, question *q, const verifier_answer *answer)
{
    lg_err err = record_start(v, q, answer);
    if (err)
        ask_recorded(v, q, err);
}

/* Why there is no answer; for the people who read the review. */
static const char *reason_of(const verifier *v, const question *q)
{
    if (!v->config.url)
        return NOT_CONFIGURED;
    return q->failure[0] ? q->failure : "no answer in time";
}

static void give_up(verifier *v, question *q)
{
    const verifier_answer none = {
        .answer = LG_ANSWER_NONE,
        .note = lg_arena_printf(v->arena, LG_TEXT("The verifier gave no answer that counts: %s."),
                                reason_of(v, q))};
    record_or_wait(v, q, &none);
}

/* Those whose time is over, as the ledger's clock has it; and when the next one's will be. */
static lg_err find_late(verifier *v, lg_time now, lg_pending_verification **rows, size_t *count)
{
    lg_pending_verification *next;
    size_t next_count;
    lg_db *db = lg_readers_take(v->api->readers);
    lg_err err = lg_verification_list_due(db, now, LOOK_STEP, v->arena, rows, count);
    if (!err && *count == 0) {
        err = lg_verification_list_due(db, INT64_MAX, 1, v->arena, &next, &next_count);
        v->deadline = !err && next_count ? next[0].verify_by : 0;
    }
    lg_readers_give(v->api->readers, db);
    return err;
}

/* True if there may be more. */
static bool let_go(verifier *v)
{
    lg_pending_verification *rows = NULL;
    size_t count = 0, given_up = 0;
    const lg_time now = lg_now();
    if (!v->deadline || now <= v->deadline || v->recording >= RECORDING_MAX)
        return false;
    lg_arena_reset(v->arena);
    lg_err err = find_late(v, now, &rows, &count);
    if (err)
        cannot_read(v, err);
    for (size_t i = 0; i < count && !err && v->recording < RECORDING_MAX; i++) {
        question *q = queue_find(&v->questions, rows[i].receivable);
        if (!q || q->place != PLACE_WAITING)
            continue;
        queue_take(&v->questions, q, PLACE_RECORDING);
        give_up(v, q);
        given_up++;
    }
    /* The others' calls or commands end first. */
    if (err || (count && !given_up))
        v->deadline = now + LG_TIME_PER_SECOND;
    return given_up > 0;
}

/* ---- asking ---- */

/* LG_NOT_FOUND: nobody waits for this answer any more. */
static lg_err still_pending(verifier *v, lg_db *db, const question *q, lg_receivable *row)
{
    lg_verification pending;
    lg_err err = lg_verification_get(db, q->no, v->arena, &pending);
    if (!err && pending.state != LG_VERIFICATION_PENDING)
        err = LG_NOT_FOUND;
    return err ? err : lg_receivable_get(db, q->no, v->arena, row);
}

/* q is the first that waits. */
static void ask(verifier *v, question *q)
{
    lg_receivable row;
    lg_buf body = {0};
    lg_hash identity;
    verifier_answer known;
    lg_arena_reset(v->arena);
    lg_db *db = lg_readers_take(v->api->readers);
    lg_err err = still_pending(v, db, q, &row);
    if (!err)
        err = question_build(db, v->arena, &row, &body, &identity);
    lg_readers_give(v->api->readers, db);
    if (err == LG_NOT_FOUND) {
        queue_take(&v->questions, q, PLACE_DONE);
        queue_drop(&v->questions, q);
    } else if (!err && cache_get(v->cache, &identity, lg_now(), v->arena, &known)) {
        metrics_add(&v->known, 1);
        queue_take(&v->questions, q, PLACE_RECORDING);
        record_or_wait(v, q, &known);
    } else if (!err) {
        err = call_start(v, q, lg_buf_bytes(&body), &identity);
    }
    if (err && err != LG_NOT_FOUND) {
        cannot_read(v, err);
        queue_take(&v->questions, q, PLACE_WAITING);
        queue_put(&v->questions, q, verifier_now_ms() + AGAIN_MS);
    }
    lg_buf_clear(&body);
}

static bool may_ask(const verifier *v, int64_t now_ms)
{
    const question *first = queue_first(&v->questions);
    return v->config.url && first && first->due_ms <= now_ms && v->recording < RECORDING_MAX &&
           breaker_room(&v->breaker, now_ms, v->calling, (size_t)v->config.at_once) > 0;
}

bool ask_turn(verifier *v)
{
    const int64_t now_ms = verifier_now_ms();
    look(v, now_ms);
    bool more = let_go(v);
    for (int i = 0; i < STARTS_AT_ONCE && may_ask(v, now_ms); i++)
        ask(v, queue_first(&v->questions));
    return more || may_ask(v, now_ms);
}

/* ---- what became of it ---- */

/* The text may hold what the service sent: only what any terminal and any entry bears is kept of it. */
static void note_failure(question *q, const char *failure)
{
    size_t len = 0;
    for (; failure[len] && len + 1 < sizeof q->failure; len++)
        q->failure[len] = failure[len] >= ' ' && failure[len] <= '~' ? failure[len] : '?';
    while (len && (q->failure[len - 1] == '.' || q->failure[len - 1] == ' '))
        len--;
    q->failure[len] = '\0';
    q->failures++;
}

/* Without the service's own words, which may stand behind a colon. */
static void say_down(verifier *v, const question *q, int64_t now_ms)
{
    log_event(v->api->log, LOG_WARN, "verifier.down",
              "The external verifier gives no answer that counts; it is left alone for a while.",
              log_text("why", lg_arena_strndup(v->arena, q->failure, strcspn(q->failure, ":"))),
              log_number("pause_ms", v->breaker.resume_ms - now_ms));
}

static void failed(verifier *v, question *q, const char *failure, int64_t retry_after_s)
{
    uint32_t random;
    const int64_t now_ms = verifier_now_ms();
    lg_random(&random, sizeof random);
    note_failure(q, failure);
    if (breaker_failure(&v->breaker, now_ms, retry_after_s, random))
        say_down(v, q, now_ms);
    queue_put(&v->questions, q, now_ms + breaker_retry_ms(q->failures, retry_after_s, random));
}

void ask_ended(verifier *v, question *q, const lg_hash *identity, const verifier_answer *answer,
               const char *failure, int64_t retry_after_s)
{
    metrics_add(failure ? &v->failed : &v->answered, 1);
    if (failure) {
        failed(v, q, failure, retry_after_s);
        return;
    }
    if (breaker_success(&v->breaker))
        log_event(v->api->log, LOG_INFO, "verifier.up", "The external verifier answers again.");
    cache_put(v->cache, identity, answer, lg_now());
    record_or_wait(v, q, answer);
}

void ask_recorded(verifier *v, question *q, lg_err err)
{
    int64_t wait_ms = LATER_MS;
    switch ((int)err) {
    case LG_OK:
    case LG_WRONG_STATE: /* a reviewer, or who submitted it, was quicker */
    case LG_NOT_FOUND:
        queue_drop(&v->questions, q);
        return;
    case LG_PAST_DEADLINE: /* the ledger's clock is a little ahead, or behind */
    case LG_NOT_YET_DUE:
    case LG_OVERLOADED:
    case LG_BUSY:
        wait_ms = AGAIN_MS;
        break;
    default:
        log_event(v->api->log, LOG_ERROR, "verifier.not_recorded",
                  "An answer cannot be recorded; is keys/operator.jwk a valid key?",
                  log_text("problem", lg_err_slug(err)));
    }
    if (!v->deadline || q->verify_by < v->deadline)
        v->deadline = q->verify_by;
    queue_put(&v->questions, q, verifier_now_ms() + wait_ms);
}
