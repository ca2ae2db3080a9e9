/* Paths of tiles and entry bundles, C2SP tlog-tiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/log/tree.h"

static void tile_paths_go_both_ways(void **state)
{
    static const struct {
        const char *text;
        int level;
        int64_t n;
        unsigned width;
    } paths[] = {
        {"0/000", 0, 0, 256},
        {"0/x001/x234/067", 0, 1234067, 256},
        {"1/017.p/5", 1, 17, 5},
        {"63/999.p/255", 63, 999, 255},
        {"entries/x001/000", -1, 1000, 256},
        {"entries/x999/x999/x999/x999/999.p/1", -1, INT64_C(999999999999999), 1},
    };
    lg_arena *arena = *state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int level;
        int64_t n;
        unsigned width;
        assert_true(lg_tile_path_parse(paths[i].text, &level, &n, &width));
        assert_int_equal(level, paths[i].level);
        assert_int_equal(n, paths[i].n);
        assert_int_equal(width, paths[i].width);
        assert_string_equal(lg_tile_path_format(arena, level, n, width), paths[i].text);
    }
}

static void other_tile_paths_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "0",
        "0/",
        "/000",
        "0/00",
        "0/0000",
        "0/x000/001",
        "0/x000/000",
        "00/000",
        "64/000",
        "100/000",
        "-1/000",
        "+0/000",
        "0/001/002",
        "0/x001",
        "0/x001/",
        "0/x001/x002",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/05",
        "0/000.p/",
        "0/000.p/1/",
        "0/000.p",
        "0/000/",
        "0/000 ",
        "entries",
        "entries/",
        "entries/00a",
        "entry/000",
        "Entries/000",
        "0/X001/000",
        "0/000.P/1",
        "0//000",
        "0/000.p/1000",
        "99999999999999999999/000",
        "0/x001/x001/x001/x001/x001/001",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int level;
        int64_t n;
        unsigned width;
        if (lg_tile_path_parse(bad[i], &level, &n, &width))
            fail_msg("accepted %s", bad[i]);
    }
}

static int set_up(void **state)
{
    *state = lg_arena_open();
    return 0;
}

static int tear_down(void **state)
{
    lg_arena_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tile_paths_go_both_ways),
        cmocka_unit_test(other_tile_paths_are_refused),
    };
    return cmocka_run_group_tests_name("tile_path", tests, set_up, tear_down);
}
