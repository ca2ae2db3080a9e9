/* server/service/watchdog.c: well while the writer and the HTTP threads work, unwell while one of them hangs,
 * well again afterwards. */
#include "tests/unit/ledger_rig.h"

#include "server/service/service.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

enum { PATIENCE_MS = 60000, LOOK_MS = 100 };

typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    unsigned waiting, gone;
} gate;

static gate the_gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void gate_set(bool closed)
{
    pthread_mutex_lock(&the_gate.lock);
    the_gate.closed = closed;
    pthread_cond_broadcast(&the_gate.changed);
    pthread_mutex_unlock(&the_gate.lock);
}

static void gate_pass(void)
{
    pthread_mutex_lock(&the_gate.lock);
    the_gate.waiting++;
    pthread_cond_broadcast(&the_gate.changed);
    while (the_gate.closed)
        pthread_cond_wait(&the_gate.changed, &the_gate.lock);
    the_gate.waiting--;
    pthread_mutex_unlock(&the_gate.lock);
}

static void gate_await(void)
{
    pthread_mutex_lock(&the_gate.lock);
    while (the_gate.waiting == 0)
        pthread_cond_wait(&the_gate.changed, &the_gate.lock);
    pthread_mutex_unlock(&the_gate.lock);
}

static lg_err hang_writer(lg_job *job, lg_ledger *ledger)
{
    (void)job, (void)ledger;
    gate_pass();
    return LG_OK;
}

static void job_done(lg_job *job)
{
    (void)job;
    pthread_mutex_lock(&the_gate.lock);
    the_gate.gone++;
    pthread_cond_broadcast(&the_gate.changed);
    pthread_mutex_unlock(&the_gate.lock);
}

static http_result hang_http(http_request *request)
{
    gate_pass();
    return http_answer_text(request, 200, "text/plain", lg_bytes_str("awake"));
}

static const http_route routes[] = {{HTTP_GET, "/hang", hang_http, 0, NULL, NULL, NULL, false, NULL}};

static void open_service(service *s, ledger_rig *r)
{
    static const char *const listen[] = {"127.0.0.1:0"};
    const http_config config = {
        .listen = listen, .listen_count = 1, .threads = 2, .routes = routes, .route_count = 1};
    s->arena = r->arena;
    OK(lg_writer_open(r->ledger, 0, &s->api.writer));
    OK(http_server_open(&config, &s->api.http, &r->report));
}

static void close_service(service *s, watchdog *dog)
{
    http_server_close(s->api.http);
    lg_writer_close(s->api.writer);
    watchdog_close(dog);
}

static void a_writer_that_hangs_is_noticed(void **state)
{
    ledger_rig *r = *state;
    service s = {0};
    open_service(&s, r);
    watchdog *dog = watchdog_open(&s);
    assert_true(watchdog_looks_well(dog, PATIENCE_MS));
    gate_set(true);
    lg_job job = {.apply = hang_writer, .done = job_done, .arena = r->arena};
    OK(lg_writer_submit(s.api.writer, &job));
    gate_await();
    assert_false(watchdog_looks_well(dog, LOOK_MS));
    assert_false(watchdog_looks_well(dog, LOOK_MS));
    gate_set(false);
    assert_true(watchdog_looks_well(dog, PATIENCE_MS));
    assert_int_equal(lg_ledger_next_seq(r->ledger), 0); /* it leaves nothing behind */
    close_service(&s, dog);
}

static void an_http_thread_that_hangs_is_noticed(void **state)
{
    static const char question[] = "GET /hang HTTP/1.1\r\nHost: x\r\n\r\n";
    ledger_rig *r = *state;
    service s = {0};
    open_service(&s, r);
    watchdog *dog = watchdog_open(&s);
    gate_set(true);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(http_server_port(s.api.http))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, question, sizeof question - 1, MSG_NOSIGNAL), sizeof question - 1);
    gate_await();
    assert_false(watchdog_looks_well(dog, LOOK_MS));
    gate_set(false);
    assert_true(watchdog_looks_well(dog, PATIENCE_MS));
    close(fd);
    close_service(&s, dog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_writer_that_hangs_is_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_http_thread_that_hangs_is_noticed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
