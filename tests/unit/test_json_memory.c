/* The memory of JSON values: whoever gives it back, in whatever order, nothing is given out twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/json.h"
#include "ledger/base/json_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 4000, THREADS = 100, ROUNDS = 200 };

/* Pieces that are in use at once, each filled with what is its own. */
typedef struct holding {
    uint8_t *pieces[PIECES];
    size_t lens[PIECES];
    uint8_t mark;
} holding;

static void take_all(holding *h, uint8_t mark)
{
    h->mark = mark;
    lg_json_memory_begin();
    for (size_t i = 0; i < PIECES; i++) {
        h->lens[i] = i % 100 == 99 ? 40000 : 1 + i * 7 % 120;
        h->pieces[i] = lg_json_memory_take(h->lens[i]);
        assert_int_equal((uintptr_t)h->pieces[i] % 16, 0);
        memset(h->pieces[i], mark ^ (uint8_t)i, h->lens[i]);
    }
    lg_json_memory_end();
}

static void give_some(holding *h, size_t from, size_t step)
{
    for (size_t i = from; i < PIECES; i += step) {
        for (size_t at = 0; at < h->lens[i]; at++)
            assert_int_equal(h->pieces[i][at], h->mark ^ (uint8_t)i);
        lg_json_memory_give(h->pieces[i]);
    }
}

static void pieces_never_overlap(void **state)
{
    (void)state;
    static holding first, second;
    for (uint8_t round = 0; round < 3; round++) {
        take_all(&first, round);
        give_some(&first, 0, 2);
        take_all(&second, round ^ 0x55);
        give_some(&second, 1, 2);
        give_some(&first, 1, 2);
        give_some(&second, 0, 2);
    }
}

/* The same memory serves the next text, once nothing of the last one is in use. */
static void memory_is_used_again(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* there all is malloc's */
#endif
    uintptr_t first = 0;
    for (int round = 0; round < 3; round++) {
        lg_json_memory_begin();
        void *one = lg_json_memory_take(100), *two = lg_json_memory_take(100);
        lg_json_memory_end();
        if (round == 0)
            first = (uintptr_t)one;
        assert_int_equal((uintptr_t)one, first);
        assert_int_equal((uintptr_t)two, first + 112);
        lg_json_memory_give(one);
        lg_json_memory_give(two);
    }
}

/* json_dumps gives what callers free(). */
static void what_is_made_of_a_value_is_ordinary_memory(void **state)
{
    (void)state;
    lg_report report;
    lg_arena *arena = lg_arena_open();
    lg_report_init(&report, arena);
    json_t *value;
    assert_int_equal(lg_json_load(lg_bytes_str("{\"a\":[1,\"b\"]}"), &value, &report), LG_OK);
    assert_int_equal(json_object_set_new(value, "c", json_string("d")), 0);
    char *text = json_dumps(value, JSON_COMPACT);
    assert_string_equal(text, "{\"a\":[1,\"b\"],\"c\":\"d\"}");
    free(text);
    json_decref(value);
    lg_arena_close(arena);
}

/* ---- threads ---- */

static pthread_barrier_t all_made;

static void *make_value(void *unused)
{
    (void)unused;
    static const char text[] = "{\"number\":\"2026/0042\",\"lines\":[{\"no\":1},{\"no\":2}]}";
    lg_report report;
    lg_arena *arena = lg_arena_open();
    lg_report_init(&report, arena);
    json_t *value = NULL;
    for (int round = 0; round < ROUNDS; round++) {
        json_decref(value);
        if (lg_json_load(lg_bytes_str(text), &value, &report) != LG_OK)
            value = NULL;
    }
    lg_arena_close(arena);
    pthread_barrier_wait(&all_made);
    return value;
}

/* More threads than there are slots; each leaves a value that another thread lets go, after its end. */
static void a_value_may_outlive_its_thread(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int times = 0; times < 2; times++) {
        assert_int_equal(pthread_barrier_init(&all_made, NULL, THREADS), 0);
        for (size_t i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, make_value, NULL), 0);
        for (size_t i = 0; i < THREADS; i++) {
            void *value;
            assert_int_equal(pthread_join(threads[i], &value), 0);
            assert_non_null(value);
            assert_string_equal(json_string_value(json_object_get(value, "number")), "2026/0042");
            json_decref(value);
        }
        pthread_barrier_destroy(&all_made);
    }
}

int main(void)
{
    lg_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_never_overlap),
        cmocka_unit_test(memory_is_used_again),
        cmocka_unit_test(what_is_made_of_a_value_is_ordinary_memory),
        cmocka_unit_test(a_value_may_outlive_its_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
