/* Positions: whatever moved, opening and movements are the closing, at every place of a random history; and
 * no look-up scans or sorts (rows_rig.h). */
#include "ledger/store/known.h"
#include "tests/unit/rows_rig.h"

enum { MOVEMENTS = 600, POSITIONS = 6, ENTRIES = 64 };

static lg_position_key position(int64_t at)
{
    static const char *const currencies[] = {"CNY", "JPY", "EUR"};
    return (lg_position_key){party(1 + at % 2), at % 4 < 2 ? LG_ACCOUNT_CLAIMS_HELD : LG_ACCOUNT_CLAIMS_OWED,
                             money(currencies[at % 3])};
}

static lg_movement movement(int64_t at, int64_t seq, int64_t items, int64_t amount_minor)
{
    return (lg_movement){.position = position(at),
                         .seq = seq,
                         .type = 16,
                         .subject_no = lg_row_no(seq, 1),
                         .items = items,
                         .amount_minor = amount_minor};
}

static void the_position_is_the_sum_of_what_moved_it(void **state)
{
    rig *r = *state;
    lg_balance naive[POSITIONS] = {{0}}, at_seq[ENTRIES][POSITIONS];
    memset(at_seq, 0, sizeof at_seq);
    int64_t seq = 0;
    for (int i = 0; i < MOVEMENTS && seq < ENTRIES; i++) {
        const int64_t at = pick(r, POSITIONS), amount = pick(r, 1000) + 1;
        const bool in = naive[at].items == 0 || pick(r, 2);
        const int64_t out_amount = naive[at].items == 1 ? naive[at].amount_minor : naive[at].amount_minor / 2;
        lg_movement row = in ? movement(at, seq, 1, amount) : movement(at, seq, -1, -out_amount);
        OK(lg_movement_insert(r->db, &row));
        naive[at].items += row.items;
        naive[at].amount_minor += row.amount_minor;
        assert_true(row.after.items == naive[at].items && row.after.amount_minor == naive[at].amount_minor);
        if (pick(r, 3) == 0) { /* the next entry */
            memcpy(at_seq[seq], naive, sizeof naive);
            seq++;
        }
    }
    for (int64_t until = 1; until <= seq; until++) {
        for (int64_t at = 0; at < POSITIONS; at++) {
            const lg_position_key key = position(at);
            lg_balance got;
            OK(lg_position_before(r->db, &key, until, &got));
            assert_true(got.items == at_seq[until - 1][at].items);
            assert_true(got.amount_minor == at_seq[until - 1][at].amount_minor);
        }
    }
}

static void one_entry_may_move_a_position_several_times(void **state)
{
    rig *r = *state;
    const lg_position_key key = position(0);
    lg_movement *rows, first = movement(0, 5, 1, 300), second = movement(0, 5, 1, 700),
                       out = movement(0, 5, -1, -1000);
    lg_movement later = movement(0, 6, 0, -1);
    size_t count;
    OK(lg_movement_insert(r->db, &first));
    OK(lg_movement_insert(r->db, &second));
    OK(lg_movement_insert(r->db, &out));
    OK(lg_movement_insert(r->db, &later));
    assert_true(first.line == 0 && second.line == 1 && out.line == 2 && later.line == 0);
    OK(lg_movements(r->db, &key, 5, 0, 6, 10, r->arena, &rows,
                    &count)); /* behind its first, before the next entry */
    assert_int_equal(count, 2);
    assert_true(rows[0].amount_minor == 700 && rows[0].after.amount_minor == 1000 &&
                rows[1].after.items == 1);
    assert_int_equal(rows[1].type, 16);
    OK(lg_movements(r->db, &key, 4, INT64_MAX, 7, 3, r->arena, &rows, &count));
    assert_true(count == 3 && rows[0].line == 0);
}

static void positions_are_listed_once_they_have_moved(void **state)
{
    rig *r = *state;
    lg_position_key *keys;
    size_t count;
    for (int64_t at = 0; at < POSITIONS; at++) {
        lg_movement row = movement(at, at, 1, 10);
        OK(lg_movement_insert(r->db, &row));
    }
    OK(lg_positions(r->db, party(1), 0, r->arena, &keys, &count));
    assert_int_equal(count, 0);
    OK(lg_positions(r->db, party(1), 3, r->arena, &keys,
                    &count)); /* 0 and 2 of party 1 moved before entry 3 */
    assert_int_equal(count, 2);
    OK(lg_positions(r->db, party(1), POSITIONS, r->arena, &keys, &count));
    assert_int_equal(count, 3);
    assert_true(keys[0].account == LG_ACCOUNT_CLAIMS_HELD && keys[2].account == LG_ACCOUNT_CLAIMS_OWED);
    assert_true(strcmp(keys[0].currency.code, keys[1].currency.code) < 0);
    OK(lg_positions(r->db, party(3), POSITIONS, r->arena, &keys, &count));
    assert_int_equal(count, 0);
}

/* More than 64 bits hold is told, not shown wrong; and it goes as it came. */
static void a_sum_beyond_64_bits_is_refused_until_it_fits_again(void **state)
{
    rig *r = *state;
    const lg_position_key key = position(0);
    lg_balance got;
    for (int64_t seq = 0; seq < 3; seq++) {
        lg_movement row = movement(0, seq, 1, INT64_MAX / 2);
        OK(lg_movement_insert(r->db, &row));
    }
    OK(lg_position_before(r->db, &key, 2, &got));
    IS(lg_position_before(r->db, &key, 3, &got), LG_AMOUNT_OUT_OF_RANGE);
    lg_movement out = movement(0, 4, -1, -(INT64_MAX / 2));
    OK(lg_movement_insert(r->db, &out));
    OK(lg_position_before(r->db, &key, 5, &got));
    assert_true(got.items == 2 && got.amount_minor == INT64_MAX / 2 * 2);
}

static void entries_are_listed_for_their_parties(void **state)
{
    rig *r = *state;
    lg_party_entry *rows, row = {.seq = 3, .subject = uuid_of('c', 3)};
    size_t count;
    int64_t total, first = -1, last = -1;
    OK(lg_party_entry_insert(r->db, party(1), &row));
    row = (lg_party_entry){.seq = 7};
    OK(lg_party_entry_insert(r->db, party(1), &row));
    OK(lg_party_entry_insert(r->db, party(2), &row));
    OK(lg_party_entries(r->db, party(1), 0, 8, 10, r->arena, &rows, &count));
    assert_true(count == 2 && rows[0].seq == 3 && rows[0].subject.b[0] == 'c');
    assert_true(lg_uuid_is_nil(rows[1].subject));
    OK(lg_party_entries(r->db, party(1), 4, 7, 10, r->arena, &rows, &count));
    assert_int_equal(count, 0);
    OK(lg_party_entries_span(r->db, party(1), 3, 8, &total, &first, &last));
    assert_true(total == 2 && first == 3 && last == 7);
    OK(lg_party_entries_span(r->db, party(3), 3, 8, &total, &first, &last));
    assert_int_equal(total, 0);
}

/* The writer's memory of where positions stand gives the same rows as looking, and forgets what is taken
 * back.
 */
static void what_is_remembered_is_what_is_there(void **state)
{
    rig *r = *state;
    lg_db_remember(r->db, lg_known_open(NULL));
    lg_movement row = movement(0, 1, 1, 100);
    OK(lg_movement_insert(r->db, &row));
    OK(lg_db_begin(r->db));
    OK(lg_db_savepoint(r->db, 0));
    row = movement(0, 2, 1, 50);
    OK(lg_movement_insert(r->db, &row));
    row = movement(0, 2, 1, 7);
    OK(lg_movement_insert(r->db, &row));
    assert_int_equal(row.line, 1);
    assert_int_equal(row.after.amount_minor, 157);
    OK(lg_db_rollback_to(r->db, 0));
    row = movement(0, 2, 0, -1);
    OK(lg_movement_insert(r->db, &row));
    assert_int_equal(row.line, 0);
    assert_int_equal(row.after.items, 1);
    assert_int_equal(row.after.amount_minor, 99);
    lg_db_rollback(r->db);
    row = movement(0, 2, 0, -2);
    row.position.currency = money("USD");
    OK(lg_movement_insert(r->db, &row));
    assert_int_equal(row.after.amount_minor, -2);
    row = movement(0, 2, 0, -2);
    OK(lg_movement_insert(r->db, &row));
    assert_int_equal(row.after.amount_minor, 98);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_position_is_the_sum_of_what_moved_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_entry_may_move_a_position_several_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(positions_are_listed_once_they_have_moved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sum_beyond_64_bits_is_refused_until_it_fits_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(entries_are_listed_for_their_parties, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_remembered_is_what_is_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
