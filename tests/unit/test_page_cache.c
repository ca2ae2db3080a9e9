/* The page cache: what is behind the end is dropped, pages that trade places stay, and nobody walks for
 * nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/store/page_cache.h"

#include <sqlite3.h>

enum { PAGE = 4096, EXTRA = 128, MAKE = 2, LOCK_PAGE = 262145 };

static sqlite3_pcache_methods2 theirs, ours;
static int walks;
static sqlite3_pcache *cache;

static void count_walk(sqlite3_pcache *of, unsigned number)
{
    walks++;
    theirs.xTruncate(of, number);
}

static int begin(void **state)
{
    (void)state;
    sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &theirs);
    sqlite3_pcache_methods2 counted = theirs;
    counted.xTruncate = count_walk;
    sqlite3_config(SQLITE_CONFIG_PCACHE2, &counted);
    lg_page_cache_install();
    sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &ours);
    return sqlite3_initialize();
}

static int end(void **state)
{
    (void)state;
    return sqlite3_shutdown();
}

static int ten_pages(void **state)
{
    (void)state;
    cache = ours.xCreate(PAGE, EXTRA, 1);
    assert_non_null(cache);
    ours.xCachesize(cache, 100);
    for (unsigned number = 1; number <= 10; number++)
        ours.xUnpin(cache, ours.xFetch(cache, number, MAKE), 0);
    walks = 0;
    return 0;
}

static int destroyed(void **state)
{
    (void)state;
    ours.xDestroy(cache);
    return 0;
}

static sqlite3_pcache_page *held(unsigned number)
{
    return ours.xFetch(cache, number, 0);
}

static void what_is_behind_the_end_goes(void **state)
{
    (void)state;
    ours.xTruncate(cache, 11);
    assert_int_equal(walks, 0);
    assert_int_equal(ours.xPagecount(cache), 10);
    ours.xTruncate(cache, 8);
    assert_int_equal(walks, 1);
    assert_int_equal(ours.xPagecount(cache), 7);
    assert_null(held(8));
    assert_non_null(held(7));
    ours.xTruncate(cache, 8);
    assert_int_equal(walks, 1);
    ours.xUnpin(cache, ours.xFetch(cache, 9, MAKE), 0);
    ours.xTruncate(cache, 8);
    assert_int_equal(walks, 2);
    assert_null(held(9));
    ours.xTruncate(cache, 1);
    assert_int_equal(ours.xPagecount(cache), 0);
}

static void pages_trade_places_and_nobody_walks_for_it(void **state)
{
    (void)state;
    sqlite3_pcache_page *three = held(3), *nine = held(9);
    ours.xRekey(cache, three, 3, LOCK_PAGE);
    ours.xRekey(cache, nine, 9, 3);
    ours.xRekey(cache, three, LOCK_PAGE, 9);
    assert_ptr_equal(held(9), three);
    assert_ptr_equal(held(3), nine);
    ours.xTruncate(cache, 11);
    assert_int_equal(walks, 0);
    assert_int_equal(ours.xPagecount(cache), 10);
    ours.xRekey(cache, nine, 3, 20);
    ours.xTruncate(cache, 11);
    assert_int_equal(walks, 1);
    assert_null(held(20));
    assert_int_equal(ours.xPagecount(cache), 9);
}

static void a_page_that_stayed_on_its_way_goes_too(void **state)
{
    (void)state;
    ours.xRekey(cache, held(3), 3, LOCK_PAGE);
    ours.xTruncate(cache, 11);
    assert_null(held(LOCK_PAGE));
    assert_int_equal(ours.xPagecount(cache), 9);
    ours.xTruncate(cache, 11);
    assert_int_equal(walks, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_behind_the_end_goes, ten_pages, destroyed),
        cmocka_unit_test_setup_teardown(pages_trade_places_and_nobody_walks_for_it, ten_pages, destroyed),
        cmocka_unit_test_setup_teardown(a_page_that_stayed_on_its_way_goes_too, ten_pages, destroyed),
    };
    return cmocka_run_group_tests_name("the page cache", tests, begin, end);
}
