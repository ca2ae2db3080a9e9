/* The page cache as SQLite uses it: what is held stays, what is behind the end goes, and no page is ever
 * another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/store/page_cache.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

enum { PAGE = 4096, EXTRA = 132, FIND = 0, IF_EASY = 1, MAKE = 2, LOCK_PAGE = 262145, NUMBERS = 3000 };

static sqlite3_pcache_methods2 ours;
static sqlite3_pcache *cache;

static int begin(void **state)
{
    (void)state;
    lg_page_cache_install();
    sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &ours);
    return sqlite3_initialize();
}

static int end(void **state)
{
    (void)state;
    return sqlite3_shutdown();
}

static int closed(void **state)
{
    (void)state;
    ours.xDestroy(cache);
    return 0;
}

/* What fills a page; it is never one above a tree's leaves. */
static int leaf(unsigned number)
{
    return (int)(number % 200 + 10);
}

/* A page says in both its parts whose it is. */
static sqlite3_pcache_page *make(unsigned number, int how)
{
    static const uint8_t none[EXTRA];
    sqlite3_pcache_page *page = ours.xFetch(cache, number, how);
    if (page) {
        assert_memory_equal(page->pExtra, none, EXTRA);
        memset(page->pBuf, leaf(number), PAGE);
        memset(page->pExtra, (int)(number % 249 + 1), EXTRA);
    }
    return page;
}

static void assert_is(const sqlite3_pcache_page *page, unsigned number)
{
    const uint8_t *content = page->pBuf, *extra = page->pExtra;
    for (int i = 0; i < PAGE; i += PAGE / 4 - 1)
        assert_int_equal(content[i], leaf(number));
    for (int i = 0; i < EXTRA; i++)
        assert_int_equal(extra[i], number % 249 + 1);
}

static sqlite3_pcache_page *found(unsigned number)
{
    sqlite3_pcache_page *page = ours.xFetch(cache, number, FIND);
    if (page)
        assert_is(page, number);
    return page;
}

static bool has(unsigned number)
{
    sqlite3_pcache_page *page = found(number);
    if (page)
        ours.xUnpin(cache, page, 0);
    return page != NULL;
}

static int ten_pages(void **state)
{
    (void)state;
    cache = ours.xCreate(PAGE, EXTRA, 1);
    assert_non_null(cache);
    ours.xCachesize(cache, 10);
    for (unsigned number = 1; number <= 10; number++)
        ours.xUnpin(cache, make(number, MAKE), 0);
    assert_int_equal(ours.xPagecount(cache), 10);
    return 0;
}

static void what_is_behind_the_end_goes(void **state)
{
    (void)state;
    ours.xTruncate(cache, 11);
    assert_int_equal(ours.xPagecount(cache), 10);
    sqlite3_pcache_page *nine = found(9); /* held or not */
    assert_non_null(nine);
    ours.xTruncate(cache, 8);
    assert_int_equal(ours.xPagecount(cache), 7);
    assert_false(has(8) || has(9) || has(10));
    assert_true(has(7));
    ours.xTruncate(cache, 1);
    assert_int_equal(ours.xPagecount(cache), 0);
    ours.xUnpin(cache, make(3, MAKE), 0);
    assert_true(has(3));
    /* Far apart: the numbers between are more than the pages. */
    ours.xUnpin(cache, make(100000, MAKE), 0);
    ours.xTruncate(cache, 4);
    assert_false(has(100000));
    assert_true(has(3));
}

static void pages_trade_places_through_the_lock_page(void **state)
{
    (void)state;
    sqlite3_pcache_page *three = found(3), *nine = found(9);
    ours.xRekey(cache, three, 3, LOCK_PAGE);
    ours.xRekey(cache, nine, 9, 3);
    ours.xRekey(cache, three, LOCK_PAGE, 9);
    assert_ptr_equal(ours.xFetch(cache, 9, FIND), three);
    assert_ptr_equal(ours.xFetch(cache, 3, FIND), nine);
    ours.xTruncate(cache, 11);
    assert_int_equal(ours.xPagecount(cache), 10);
    ours.xRekey(cache, nine, 3, 20);
    ours.xTruncate(cache, 11);
    assert_int_equal(ours.xPagecount(cache), 9);
    assert_null(ours.xFetch(cache, 20, FIND));
}

static void a_page_that_stayed_on_its_way_goes_too(void **state)
{
    (void)state;
    ours.xRekey(cache, found(3), 3, LOCK_PAGE);
    ours.xTruncate(cache, 11);
    assert_null(ours.xFetch(cache, LOCK_PAGE, FIND));
    assert_int_equal(ours.xPagecount(cache), 9);
}

static void a_page_takes_the_place_of_one_that_nobody_holds(void **state)
{
    (void)state;
    sqlite3_pcache_page *three = found(3);
    ours.xRekey(cache, three, 3, 7);
    assert_int_equal(ours.xPagecount(cache), 9);
    assert_false(has(3));
    assert_ptr_equal(ours.xFetch(cache, 7, FIND), three);
}

static void a_new_page_takes_the_memory_of_one_not_used_of_late(void **state)
{
    (void)state;
    ours.xUnpin(cache, make(11, MAKE), 0); /* the first round takes note, and lets page 1 go */
    assert_int_equal(ours.xPagecount(cache), 10);
    assert_false(has(1));
    assert_true(has(2) && has(3) && has(4));
    ours.xUnpin(cache, make(12, MAKE), 0);
    assert_false(has(5));
    assert_true(has(2) && has(3) && has(4));
}

static void a_page_above_the_leaves_outlasts_many_that_were_read_once(void **state)
{
    (void)state;
    static const uint8_t inner[] = {2, 5};
    for (unsigned i = 0; i < 2; i++) {
        sqlite3_pcache_page *page = found(3 + i);
        *(uint8_t *)page->pBuf = inner[i];
        ours.xUnpin(cache, page, 0);
    }
    for (unsigned number = 11; number <= 40; number++)
        ours.xUnpin(cache, make(number, MAKE), 0);
    for (unsigned i = 0; i < 2; i++) {
        sqlite3_pcache_page *page = ours.xFetch(cache, 3 + i, FIND);
        assert_non_null(page);
        ours.xUnpin(cache, page, 0);
    }
    assert_int_equal(ours.xPagecount(cache), 10);
    for (unsigned number = 41; number <= 400; number++)
        ours.xUnpin(cache, make(number, MAKE), 0);
    assert_null(ours.xFetch(cache, 3, FIND)); /* but not for ever */
    assert_null(ours.xFetch(cache, 4, FIND));
}

static void what_is_held_stays(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= 9; number++)
        assert_non_null(found(number));
    assert_null(make(11, IF_EASY)); /* SQLite is to write what waits before */
    assert_non_null(make(11, MAKE));
    assert_false(has(10));
    sqlite3_pcache_page *more = make(12, MAKE);
    assert_int_equal(ours.xPagecount(cache), 11);
    for (unsigned number = 1; number <= 9; number++)
        assert_non_null(found(number));
    ours.xUnpin(cache, more, 0); /* more than it was to keep */
    assert_int_equal(ours.xPagecount(cache), 10);
    assert_false(has(12));
    ours.xUnpin(cache, found(5), 1);
    assert_false(has(5));
}

/* Against a model: which pages are held, and that a page found is the one that was put there. */
static void random_use(void **state, int max, int purgeable)
{
    (void)state;
    static sqlite3_pcache_page *held[NUMBERS + 1];
    uint64_t random = 42;
    int held_count = 0;
    memset(held, 0, sizeof held);
    cache = ours.xCreate(PAGE, EXTRA, purgeable);
    ours.xCachesize(cache, max);
    for (int i = 0; i < 150000; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
        const unsigned number = (unsigned)(random >> 33) % NUMBERS + 1, dice = (unsigned)(random >> 20) % 64;
        if (i % 20000 == 19999) {
            const unsigned from = i % 40000 == 39999 ? 1 : NUMBERS / 2;
            for (unsigned n = from; n <= NUMBERS; n++) {
                held_count -= held[n] != NULL;
                held[n] = NULL;
            }
            ours.xTruncate(cache, from);
            for (unsigned n = from; n <= NUMBERS; n++)
                assert_null(ours.xFetch(cache, n, FIND));
        } else if (held[number]) {
            assert_ptr_equal(found(number), held[number]);
            if (dice < 60 && purgeable)
                ours.xUnpin(cache, held[number], dice == 0);
            else if (dice < 60)
                ours.xUnpin(cache, held[number], 1);
            held_count -= dice < 60;
            held[number] = dice < 60 ? NULL : held[number];
        } else {
            sqlite3_pcache_page *page = found(number);
            held[number] = page ? page : make(number, MAKE);
            assert_non_null(held[number]);
            held_count++;
            if (purgeable && dice < 50) {
                ours.xUnpin(cache, held[number], 0);
                held[number] = NULL;
                held_count--;
            }
        }
        assert_true(ours.xPagecount(cache) >= held_count);
        assert_true(ours.xPagecount(cache) <= (held_count > max ? held_count : max));
    }
    ours.xDestroy(cache);
}

static void a_small_cache_keeps_its_pages_apart(void **state)
{
    random_use(state, 100, 1);
}

static void a_large_cache_keeps_its_pages_apart(void **state)
{
    random_use(state, 5000, 1); /* by large chunks */
}

static void a_database_in_memory_is_never_thrown_away(void **state)
{
    random_use(state, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_behind_the_end_goes, ten_pages, closed),
        cmocka_unit_test_setup_teardown(pages_trade_places_through_the_lock_page, ten_pages, closed),
        cmocka_unit_test_setup_teardown(a_page_that_stayed_on_its_way_goes_too, ten_pages, closed),
        cmocka_unit_test_setup_teardown(a_page_takes_the_place_of_one_that_nobody_holds, ten_pages, closed),
        cmocka_unit_test_setup_teardown(a_new_page_takes_the_memory_of_one_not_used_of_late, ten_pages,
                                        closed),
        cmocka_unit_test_setup_teardown(a_page_above_the_leaves_outlasts_many_that_were_read_once, ten_pages,
                                        closed),
        cmocka_unit_test_setup_teardown(what_is_held_stays, ten_pages, closed),
        cmocka_unit_test(a_small_cache_keeps_its_pages_apart),
        cmocka_unit_test(a_large_cache_keeps_its_pages_apart),
        cmocka_unit_test(a_database_in_memory_is_never_thrown_away),
    };
    return cmocka_run_group_tests_name("the page cache", tests, begin, end);
}
