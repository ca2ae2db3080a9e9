/* Runs of what concerns a participant: a walk from anywhere, either way, is a naive selection of what was
 * added; and what is no run is said to be none. */
#include "ledger/store/known.h"
#include "ledger/store/party_runs.h"
#include "tests/unit/rows_rig.h"

enum { PEOPLE = 3, ENTRIES = 900, WALKS = 400 };

typedef struct entry {
    int64_t seq;
    unsigned concerns[1 + PEOPLE]; /* 0: not this participant */
} entry;

static void add(rig *r, entry *all, bool forgets)
{
    int64_t seq = pick(r, 2);
    for (size_t i = 0; i < ENTRIES; i++, seq += 1 + (pick(r, 20) ? pick(r, 5) : pick(r, 100000))) {
        all[i] = (entry){.seq = seq};
        for (int64_t p = 1; p <= PEOPLE; p++) {
            all[i].concerns[p] = pick(r, 3) ? (unsigned)pick(r, 16) : 0;
            if (all[i].concerns[p])
                OK(lg_party_run_add(r->db, party(p), seq, all[i].concerns[p], r->arena));
        }
        if (forgets && pick(r, 10) == 0)
            lg_known_forget_entries(lg_db_known(r->db));
    }
}

/* From entry to entry it is the next one of the naive selection. */
static size_t walk_once(rig *r, const entry *all)
{
    const int64_t p = 1 + pick(r, PEOPLE);
    const unsigned concerns = (unsigned)pick(r, 15) + 1;
    const bool ascending = pick(r, 2);
    const int64_t from = pick(r, 5) ? all[pick(r, ENTRIES)].seq + pick(r, 3) - 1 : ascending ? 0 : INT64_MAX;
    lg_party_walk *walk = lg_arena_alloc(r->arena, sizeof *walk);
    size_t seen = 0;
    int64_t seq;
    lg_party_walk_start(walk, r->db, party(p), concerns, from, ascending);
    for (size_t i = 0; i < ENTRIES; i++) {
        const entry *next = &all[ascending ? i : ENTRIES - 1 - i];
        if (!(next->concerns[p] & concerns) || (ascending ? next->seq < from : next->seq >= from))
            continue;
        assert_true(lg_party_walk_next(walk, &seq));
        assert_int_equal(seq, next->seq);
        seen++;
    }
    assert_false(lg_party_walk_next(walk, &seq));
    assert_false(lg_party_walk_next(walk, &seq));
    OK(walk->err);
    return seen;
}

static int64_t rows_of(rig *r, const char *table)
{
    sqlite3_stmt *statement;
    const char *sql = lg_arena_printf(r->arena, "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(r->handle, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const int64_t count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

static void a_walk_is_a_naive_selection(void **state)
{
    rig *r = *state;
    entry *all = lg_arena_array(r->arena, ENTRIES, sizeof *all);
    size_t seen = 0;
    add(r, all, true);
    assert_int_equal(rows_of(r, "party_tails"), PEOPLE);
    assert_true(rows_of(r, "party_runs") > 10 * PEOPLE);
    for (int i = 0; i < WALKS; i++)
        seen += walk_once(r, all);
    assert_true(seen > WALKS);
}

static void an_entry_is_added_once_and_in_order(void **state)
{
    rig *r = *state;
    OK(lg_party_run_add(r->db, party(1), 0, LG_AS_PARTY, r->arena));
    IS(lg_party_run_add(r->db, party(1), 0, LG_AS_PARTY, r->arena), LG_INTERNAL);
    OK(lg_party_run_add(r->db, party(1), 7, LG_AS_PARTY, r->arena));
    IS(lg_party_run_add(r->db, party(1), 7, LG_AS_DEBTOR, r->arena), LG_INTERNAL);
    IS(lg_party_run_add(r->db, party(1), 6, LG_AS_PARTY, r->arena), LG_INTERNAL);
    OK(lg_party_run_add(r->db, party(2), 6, LG_AS_PARTY, r->arena));
}

static void nobody_has_no_entries(void **state)
{
    rig *r = *state;
    lg_party_walk *walk = lg_arena_alloc(r->arena, sizeof *walk);
    int64_t seq;
    for (int way = 0; way < 2; way++) {
        lg_party_walk_start(walk, r->db, party(4), LG_AS_PARTY, way ? 0 : INT64_MAX, way);
        assert_false(lg_party_walk_next(walk, &seq));
        OK(walk->err);
    }
}

#define ELEVEN "2121212121212121212121"

static void expect_corrupt(rig *r, const char *sql)
{
    lg_party_walk *walk = lg_arena_alloc(r->arena, sizeof *walk);
    int64_t seq;
    if (sqlite3_exec(r->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(r->handle));
    for (int way = 0; way < 2; way++) {
        lg_party_walk_start(walk, r->db, party(1), 15, way ? 0 : INT64_MAX, way);
        while (lg_party_walk_next(walk, &seq))
            ;
        if (walk->err != LG_CORRUPT)
            fail_msg("taken for a run, %s: %s", way ? "ascending" : "descending", sql);
    }
}

static void what_is_no_run_is_corrupt(void **state)
{
    rig *r = *state;
    static const char *const runs[] = {
        "80",   /* an entry that ends in its middle */
        "10",   /* one that concerns nobody */
        "2101", /* one that is the one before again */
        "8100", /* a number longer than it need be */
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        expect_corrupt(r, lg_arena_printf(r->arena,
                                          "DELETE FROM party_tails;"
                                          "INSERT INTO party_tails (participant_no, run) VALUES (1, x'%s')",
                                          runs[i]));
    IS(lg_party_run_add(r->db, party(1), 99, LG_AS_PARTY, r->arena), LG_CORRUPT);
    expect_corrupt(
        r, "DELETE FROM party_tails; INSERT INTO party_tails (participant_no, run) VALUES (1, x'9108');"
           "INSERT INTO party_runs (participant_no, first_seq, run) VALUES (1, 3, x'21')");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_walk_is_a_naive_selection),
        STORY(an_entry_is_added_once_and_in_order),
        STORY(nobody_has_no_entries),
        STORY(what_is_no_run_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
