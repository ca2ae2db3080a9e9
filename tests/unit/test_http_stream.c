/* server/http: answers of any length, made while they are read. */
#include "tests/unit/http_rig.h"

enum { PIECE = 50000 };

/* What a stream of these tests is to do; `left` pieces, then the end or an error. */
typedef struct source {
    struct world *world;
    unsigned left;
    lg_err last;
} source;

typedef struct world {
    http_server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned made, released; /* pieces; streams */
    bool stuck;              /* the next piece waits until this is taken back */
} world;

static lg_err produce(void *stream, lg_buf *out)
{
    source *s = stream;
    world *w = s->world;
    pthread_mutex_lock(&w->lock);
    w->made++;
    pthread_cond_broadcast(&w->changed);
    while (w->stuck)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
    if (s->left == 0)
        return s->last;
    s->left--;
    for (int i = 0; i < PIECE; i++)
        lg_buf_char(out, (char)('a' + (int)(s->left + (unsigned)i) % 26));
    return LG_OK;
}

static void release(void *stream)
{
    source *s = stream;
    world *w = s->world;
    pthread_mutex_lock(&w->lock);
    w->released++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    free(s);
}

static http_result answer_with(http_request *request)
{
    source *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->world = http_context(request);
    s->left = (unsigned)strtoul(http_param(request, "pieces"), NULL, 10);
    s->last = http_query(request, "fail") ? LG_IO : LG_OK;
    return http_answer_stream(request, 200, "text/plain", produce, release, s);
}

static http_result answer_plainly(http_request *request)
{
    return http_answer_text(request, 200, "text/plain", lg_bytes_str("plain"));
}

static const char *const query[] = {"fail", NULL};
static const http_route routes[] = {
    {HTTP_GET, "/stream/{pieces}", answer_with, 0, NULL, query, NULL, false, NULL},
    {HTTP_GET, "/plain", answer_plainly, 0, NULL, NULL, NULL, false, NULL},
};

static world *open_world(unsigned deadline_ms)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    lg_arena *arena = lg_arena_open();
    lg_report report;
    lg_report_init(&report, arena);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    static const char *const listen[] = {"127.0.0.1:0"};
    const http_config config = {
        .listen = listen,
        .listen_count = 1,
        .threads = 2,
        .settings = {.deadline_ms = deadline_ms},
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .context = w,
    };
    assert_int_equal(http_server_open(&config, &w->server, &report), LG_OK);
    lg_arena_close(arena);
    return w;
}

static void close_world(world *w)
{
    http_server_close(w->server);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static client *ask(const world *w, const char *method, const char *target)
{
    char text[200];
    const rig address = {.server = w->server};
    client *c = client_open(&address);
    int len = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, target);
    client_send(c, text, (size_t)len);
    return c;
}

/* One byte of what comes; false at the end. Reads ahead. */
static bool next_byte(client *c, char *out)
{
    if (c->len == 0) {
        ssize_t got = recv(c->fd, c->data, sizeof c->data, 0);
        if (got <= 0)
            return false;
        c->len = (size_t)got;
        memmove(c->data + sizeof c->data - c->len, c->data, c->len);
    }
    *out = c->data[sizeof c->data - c->len--];
    return true;
}

/* A line without its CRLF; false at the end. */
static bool next_line(client *c, char line[256])
{
    size_t len = 0;
    char byte;
    while (next_byte(c, &byte)) {
        if (byte == '\n')
            return true;
        assert_true(len < 255);
        if (byte != '\r')
            line[len++] = byte;
        line[len] = '\0';
    }
    return false;
}

static void skip_head(client *c)
{
    char line[256] = "";
    bool chunked = false;
    assert_true(next_line(c, line));
    assert_string_equal(line, "HTTP/1.1 200 OK");
    do {
        line[0] = '\0';
        assert_true(next_line(c, line));
        chunked = chunked || strcasecmp(line, "Transfer-Encoding: chunked") == 0;
    } while (*line);
    assert_true(chunked);
}

/* Bytes of the chunked body; *whole: its last chunk came. */
static size_t read_body(client *c, unsigned pieces, bool *whole)
{
    size_t total = 0;
    char line[256], byte;
    *whole = false;
    for (;;) {
        line[0] = '\0';
        if (!next_line(c, line))
            return total;
        size_t left = (size_t)strtoul(line, NULL, 16);
        if (left == 0) {
            line[0] = '\0';
            *whole = next_line(c, line) && !*line;
            return total;
        }
        for (; left > 0; left--, total++) {
            if (!next_byte(c, &byte))
                return total;
            size_t piece = pieces - 1 - total / PIECE;
            assert_int_equal(byte, 'a' + (int)((piece + total % PIECE) % 26));
        }
        if (!next_line(c, line))
            return total;
    }
}

static void await(world *w, const unsigned *counter, unsigned count)
{
    pthread_mutex_lock(&w->lock);
    while (*counter < count)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static void a_body_comes_whole_and_the_connection_stays(void **state)
{
    (void)state;
    static const unsigned pieces[] = {0, 1, 2, 200};
    world *w = open_world(0);
    client *c = ask(w, "GET", "/stream/3");
    bool whole;
    skip_head(c);
    assert_int_equal(read_body(c, 3, &whole), 3 * PIECE);
    assert_true(whole);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char text[100];
        int len = snprintf(text, sizeof text, "GET /stream/%u HTTP/1.1\r\nHost: x\r\n\r\n", pieces[i]);
        client_send(c, text, (size_t)len);
        skip_head(c);
        assert_int_equal(read_body(c, pieces[i], &whole), pieces[i] * PIECE);
        assert_true(whole);
    }
    client_close(c);
    await(w, &w->released, 5);
    close_world(w);
}

static void a_head_makes_no_piece(void **state)
{
    (void)state;
    world *w = open_world(0);
    char line[256] = "";
    client *c = ask(w, "HEAD", "/stream/5");
    assert_true(next_line(c, line));
    assert_string_equal(line, "HTTP/1.1 200 OK");
    await(w, &w->released, 1);
    client_close(c);
    assert_int_equal(w->made, 0);
    close_world(w);
}

static void an_error_ends_it_in_the_middle(void **state)
{
    (void)state;
    world *w = open_world(0);
    client *c = ask(w, "GET", "/stream/4?fail=1");
    bool whole;
    skip_head(c);
    assert_true(read_body(c, 4, &whole) <= 4 * PIECE);
    assert_false(whole);
    client_close(c);
    await(w, &w->released, 1);
    close_world(w);
}

/* A client that goes away in the middle, or at once, leaves nothing behind. */
static void a_client_that_vanishes_is_forgotten(void **state)
{
    (void)state;
    enum { CLIENTS = 20 };
    world *w = open_world(0);
    for (int i = 0; i < CLIENTS; i++) {
        client *c = ask(w, "GET", "/stream/1000000");
        if (i % 2)
            skip_head(c);
        client_close(c);
    }
    await(w, &w->released, CLIENTS);
    close_world(w);
}

/* Who stops reading is cut; the deadline does not run while the answer is made. */
static void a_stalled_reader_is_cut(void **state)
{
    (void)state;
    world *w = open_world(200);
    client *stalled = ask(w, "GET", "/stream/1000000");
    skip_head(stalled);
    await(w, &w->released, 1); /* without having read it to the end */
    client_close(stalled);

    /* The silent one's deadline begins after the piece was asked for, and passes while it is being made. */
    w->stuck = true;
    w->made = 0;
    client *patient = ask(w, "GET", "/stream/2");
    await(w, &w->made, 1);
    const rig address = {.server = w->server};
    client *silent = client_open(&address);
    assert_true(client_sees_end(silent));
    client_close(silent);
    pthread_mutex_lock(&w->lock);
    w->stuck = false;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    bool whole;
    skip_head(patient);
    assert_int_equal(read_body(patient, 2, &whole), 2 * PIECE);
    assert_true(whole);
    client_close(patient);
    close_world(w);
}

/* A stop that is in no hurry lets a download go on; one that cuts does not wait for its end. */
static void stopping_ends_downloads(void **state)
{
    (void)state;
    static const char last_chunk[5] = {'0', '\r', '\n', '\r', '\n'};
    world *w = open_world(0);
    client *c = ask(w, "GET", "/stream/1000000000");
    char tail[5] = "", byte;
    skip_head(c);
    http_server_quiesce(w->server);
    for (size_t i = 0; i < (size_t)100 * PIECE; i++)
        assert_true(next_byte(c, &byte));
    http_server_cut(w->server);
    while (next_byte(c, &byte)) {
        memmove(tail, tail + 1, sizeof tail - 1);
        tail[sizeof tail - 1] = byte;
    }
    assert_memory_not_equal(tail, last_chunk, sizeof tail);
    client_close(c);
    close_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_comes_whole_and_the_connection_stays),
        cmocka_unit_test(a_head_makes_no_piece),
        cmocka_unit_test(an_error_ends_it_in_the_middle),
        cmocka_unit_test(a_client_that_vanishes_is_forgotten),
        cmocka_unit_test(a_stalled_reader_is_cut),
        cmocka_unit_test(stopping_ends_downloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
