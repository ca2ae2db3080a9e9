/* The sweeper: MHD's own time-out restarts with every byte, so a client that drips would hold its slot for
 * ever. Each phase of a connection ends at a fixed moment instead, and one thread shuts down the sockets that
 * are past theirs.
 *
 * Phase and moment are one atomic word. The sweeper cuts by swapping exactly the word it judged, so a
 * connection that moved on in between is left alone, and one that was cut learns it at its next step. */
#include "server/http/internal.h"

#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum {
    PHASE_BITS = 3,
    INTERVAL_MIN_MS = 10,
    INTERVAL_MAX_MS = 1000,
    INTERVAL_STOPPING_MS = 20,
    ANSWER_BYTES_PER_MS = 16, /* the slowest reader of a long answer that is waited for */
    BODY_BYTES_PER_MS = 16,   /* the slowest sender of a long body */
    DRAIN_IDLE_MS = 1000,     /* for a request that is on its way while we drain */
    CUT_ANSWER_MS = 2000,     /* to read an answer once we cut */
    RESTING_FREE = 512,    /* connections without a request that may stay for as long as the settings say */
    RESTING_MIN_MS = 1000, /* and so long stay all */
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t state_of(http_phase phase, uint64_t until_ms)
{
    return until_ms << PHASE_BITS | phase;
}

static http_phase phase_of(uint64_t state)
{
    return (http_phase)(state & ((1U << PHASE_BITS) - 1));
}

static uint64_t limit_ms(const http_profile *profile, http_phase phase, size_t answer_len)
{
    switch (phase) {
    case PHASE_OPEN:
    case PHASE_RECEIVING:
        return profile->deadline_ms;
    case PHASE_SENDING:
        return profile->deadline_ms + answer_len / ANSWER_BYTES_PER_MS;
    case PHASE_IDLE:
        return profile->idle_ms;
    case PHASE_WORKING:
    case PHASE_CUT:
        break;
    }
    return 0;
}

static bool enter_until(http_connection *connection, http_phase phase, uint64_t until)
{
    uint64_t state = atomic_load(&connection->state);
    do {
        if (phase_of(state) == PHASE_CUT)
            return false;
    } while (!atomic_compare_exchange_weak(&connection->state, &state, state_of(phase, until)));
    return true;
}

bool deadline_enter(http_connection *connection, http_phase phase, size_t answer_len)
{
    return enter_until(connection, phase, now_ms() + limit_ms(connection->profile, phase, answer_len));
}

bool deadline_earn(http_connection *connection, uint64_t before, uint64_t len)
{
    uint64_t now = now_ms(), until = atomic_load(&connection->state) >> PHASE_BITS;
    uint64_t most = now + limit_ms(connection->profile, PHASE_RECEIVING, 0);
    until += (before + len) / BODY_BYTES_PER_MS - before / BODY_BYTES_PER_MS;
    return enter_until(connection, PHASE_RECEIVING, until < most ? until : most);
}

uint64_t deadline_pause(http_connection *connection)
{
    uint64_t now = now_ms(), until = atomic_load(&connection->state) >> PHASE_BITS;
    return enter_until(connection, PHASE_WORKING, now) && until > now ? until - now : 0;
}

bool deadline_go_on(http_connection *connection, uint64_t left_ms)
{
    return enter_until(connection, PHASE_RECEIVING, now_ms() + left_ms);
}

/* When this phase ends while we stop, if that is sooner than it would end anyway; UINT64_MAX: it is not. */
static uint64_t stop_ms(const http_deadlines *deadlines, http_phase phase)
{
    switch (phase) {
    case PHASE_OPEN:
    case PHASE_IDLE:
        return deadlines->cut_ms     ? deadlines->cut_ms
               : deadlines->drain_ms ? deadlines->drain_ms + DRAIN_IDLE_MS
                                     : UINT64_MAX;
    case PHASE_RECEIVING:
        return deadlines->cut_ms ? deadlines->cut_ms : UINT64_MAX;
    case PHASE_SENDING:
        return deadlines->cut_ms ? deadlines->cut_ms + CUT_ANSWER_MS : UINT64_MAX;
    case PHASE_WORKING:
    case PHASE_CUT:
        break;
    }
    return UINT64_MAX;
}

/* MHD cannot answer before the body is complete. While it reads it writes nothing, so the sweeper may. */
static void send_timeout(int fd)
{
    static const char body[] =
        "{\"type\":\"urn:tallystick:problem:request-timeout\",\"title\":\"The request took longer "
        "than its deadline\",\"status\":408}";
    char text[512];
    int len = snprintf(
        text, sizeof text,
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        "Cache-Control: no-store\r\nContent-Length: %zu\r\n\r\n%s",
        sizeof body - 1, body);
    if (len > 0 && (size_t)len < sizeof text)
        /* Best effort: a client that does not read loses only the explanation. */
        (void)!send(fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool is_resting(http_phase phase)
{
    return phase == PHASE_OPEN || phase == PHASE_IDLE;
}

/* How much sooner than the settings say a connection without a request ends while there are many: MHD's poll
 * looks at each of them for every request of the others. */
static uint64_t crowded_ms(const http_connection *connection, http_phase phase, size_t resting)
{
    if (resting <= RESTING_FREE || !is_resting(phase))
        return 0;
    uint64_t limit = limit_ms(connection->profile, phase, 0), left = limit * RESTING_FREE / resting;
    if (left < RESTING_MIN_MS)
        left = RESTING_MIN_MS;
    return left < limit ? limit - left : 0;
}

static size_t count_resting(const http_deadlines *deadlines)
{
    size_t count = 0;
    for (http_connection *c = deadlines->first; c; c = c->next)
        count += is_resting(phase_of(atomic_load_explicit(&c->state, memory_order_relaxed)));
    return count;
}

static void cut_if_due(const http_deadlines *deadlines, http_connection *connection, uint64_t now,
                       size_t resting)
{
    uint64_t state = atomic_load(&connection->state);
    http_phase phase = phase_of(state);
    if (phase == PHASE_WORKING || phase == PHASE_CUT)
        return;
    uint64_t stop = stop_ms(deadlines, phase);
    bool due = now + crowded_ms(connection, phase, resting) >= state >> PHASE_BITS;
    if (!due && now < stop)
        return;
    if (!atomic_compare_exchange_strong(&connection->state, &state, state_of(PHASE_CUT, 0)))
        return;
    if (due && phase == PHASE_RECEIVING && !connection->tls)
        send_timeout(connection->fd); /* under TLS only its own thread may write */
    /* MHD's poll sees the end of the stream and closes the connection on its own thread. */
    shutdown(connection->fd, SHUT_RDWR);
}

static struct timespec after_ms(unsigned ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    at.tv_sec += (time_t)(ms / 1000) + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

static void *sweep(void *context)
{
    http_deadlines *deadlines = context;
    pthread_mutex_lock(&deadlines->lock);
    while (!deadlines->stop) {
        struct timespec at = after_ms(deadlines->interval_ms);
        pthread_cond_timedwait(&deadlines->wake, &deadlines->lock, &at);
        uint64_t now = now_ms();
        size_t resting = count_resting(deadlines);
        for (http_connection *c = deadlines->first; c; c = c->next)
            cut_if_due(deadlines, c, now, resting);
    }
    pthread_mutex_unlock(&deadlines->lock);
    return NULL;
}

static unsigned interval_for(const http_profile *profile)
{
    unsigned shortest = profile->deadline_ms < profile->idle_ms ? profile->deadline_ms : profile->idle_ms;
    unsigned interval = shortest / 8;
    if (interval < INTERVAL_MIN_MS)
        interval = INTERVAL_MIN_MS;
    return interval > INTERVAL_MAX_MS ? INTERVAL_MAX_MS : interval;
}

lg_err deadline_open(http_deadlines *deadlines, const http_profile *profile)
{
    pthread_condattr_t attributes;
    *deadlines = (http_deadlines){.interval_ms = interval_for(profile)};
    pthread_mutex_init(&deadlines->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&deadlines->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&deadlines->sweeper, NULL, sweep, deadlines) == 0)
        return LG_OK;
    pthread_cond_destroy(&deadlines->wake);
    pthread_mutex_destroy(&deadlines->lock);
    return LG_NO_MEMORY;
}

void deadline_follow(http_deadlines *deadlines, const http_profile *profile)
{
    unsigned interval = interval_for(profile);
    pthread_mutex_lock(&deadlines->lock);
    /* Connections that began under shorter ones may still be open. */
    if (interval < deadlines->interval_ms)
        deadlines->interval_ms = interval;
    pthread_cond_signal(&deadlines->wake);
    pthread_mutex_unlock(&deadlines->lock);
}

static void begin(http_deadlines *deadlines, uint64_t *since)
{
    pthread_mutex_lock(&deadlines->lock);
    if (!*since)
        *since = now_ms();
    if (deadlines->interval_ms > INTERVAL_STOPPING_MS)
        deadlines->interval_ms = INTERVAL_STOPPING_MS;
    pthread_cond_signal(&deadlines->wake);
    pthread_mutex_unlock(&deadlines->lock);
}

void deadline_drain(http_deadlines *deadlines)
{
    begin(deadlines, &deadlines->drain_ms);
}

void deadline_cut(http_deadlines *deadlines)
{
    begin(deadlines, &deadlines->cut_ms);
}

void deadline_close(http_deadlines *deadlines)
{
    pthread_mutex_lock(&deadlines->lock);
    deadlines->stop = true;
    pthread_cond_signal(&deadlines->wake);
    pthread_mutex_unlock(&deadlines->lock);
    pthread_join(deadlines->sweeper, NULL);
    pthread_cond_destroy(&deadlines->wake);
    pthread_mutex_destroy(&deadlines->lock);
}

void deadline_watch(http_deadlines *deadlines, http_connection *connection)
{
    atomic_init(&connection->state, state_of(PHASE_OPEN, now_ms() + connection->profile->deadline_ms));
    pthread_mutex_lock(&deadlines->lock);
    connection->previous = NULL;
    connection->next = deadlines->first;
    if (connection->next)
        connection->next->previous = connection;
    deadlines->first = connection;
    pthread_mutex_unlock(&deadlines->lock);
}

void deadline_forget(http_deadlines *deadlines, http_connection *connection)
{
    pthread_mutex_lock(&deadlines->lock);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        deadlines->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    pthread_mutex_unlock(&deadlines->lock);
}
