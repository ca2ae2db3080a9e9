/* Entries by party and positions: whatever moved, opening and movements are the closing, at every place of a
 * random history; and no look-up scans or sorts (rows_rig.h). */
#include "ledger/store/known.h"
#include "tests/unit/rows_rig.h"

enum { MOVEMENTS = 600, POSITIONS = 6, ENTRIES = 64 };

static lg_participant_no party_of(int64_t at)
{
    return party(1 + at % 2);
}

static lg_movement movement(int64_t at, int64_t seq, int64_t items, int64_t amount_minor)
{
    static const char *const currencies[] = {"CNY", "JPY", "EUR"};
    return (lg_movement){.account = at % 4 < 2 ? LG_ACCOUNT_CLAIMS_HELD : LG_ACCOUNT_CLAIMS_OWED,
                         .currency = money(currencies[at % 3]),
                         .subject_no = lg_row_no(seq, 1),
                         .items = items,
                         .amount_minor = amount_minor};
}

static void insert(rig *r, int64_t participant, int64_t seq, lg_movement *rows, size_t count)
{
    lg_party_entry row = {.seq = seq, .type = 16, .movements = rows, .movement_count = count};
    OK(lg_party_entry_insert(r->db, party(participant), &row, r->arena));
}

static lg_balance balance_before(rig *r, int64_t at, int64_t until)
{
    const lg_movement like = movement(at, 0, 0, 0);
    lg_position *rows;
    size_t count;
    OK(lg_positions_before(r->db, party_of(at), until, r->arena, &rows, &count));
    return lg_position_in(rows, count, like.account, like.currency).balance;
}

static void the_position_is_the_sum_of_what_moved_it(void **state)
{
    rig *r = *state;
    lg_balance naive[POSITIONS] = {{0}}, at_seq[ENTRIES][POSITIONS];
    memset(at_seq, 0, sizeof at_seq);
    for (int64_t seq = 0; seq < ENTRIES; seq++) {
        lg_movement rows[2][8];
        size_t counts[2] = {0};
        for (int64_t i = pick(r, 8); i > 0; i--) {
            const int64_t at = pick(r, POSITIONS), amount = pick(r, 1000) + 1;
            const bool in = naive[at].items == 0 || pick(r, 2);
            const int64_t out_amount =
                naive[at].items == 1 ? naive[at].amount_minor : naive[at].amount_minor / 2;
            const lg_movement row = in ? movement(at, seq, 1, amount) : movement(at, seq, -1, -out_amount);
            rows[at % 2][counts[at % 2]++] = row;
            naive[at].items += row.items;
            naive[at].amount_minor += row.amount_minor;
        }
        for (int64_t p = 0; p < 2; p++)
            insert(r, 1 + p, seq, rows[p], counts[p]);
        memcpy(at_seq[seq], naive, sizeof naive);
    }
    for (int64_t until = 1; until <= ENTRIES; until++) {
        for (int64_t at = 0; at < POSITIONS; at++) {
            const lg_balance got = balance_before(r, at, until);
            assert_true(got.items == at_seq[until - 1][at].items);
            assert_true(got.amount_minor == at_seq[until - 1][at].amount_minor);
        }
    }
}

static void one_entry_may_move_a_position_several_times(void **state)
{
    rig *r = *state;
    lg_movement made[] = {movement(0, 5, 1, 300), movement(4, 5, 1, 20), movement(0, 5, 1, 700),
                          movement(0, 5, -1, -1000)},
                later = movement(0, 6, 0, 5);
    lg_position *positions;
    lg_party_entry *entries;
    lg_moved *rows;
    size_t count;
    int64_t next;
    insert(r, 1, 5, made, 4);
    insert(r, 1, 6, &later, 1);
    OK(lg_positions_before(r->db, party(1), 7, r->arena, &positions, &count));
    assert_int_equal(count, 2);
    OK(lg_movements(r->db, party(1), &positions[0], 5, 6, 10, r->arena, &rows, &count, &next));
    assert_true(count == 3 && next == 6);
    assert_true(rows[0].seq == 5 && rows[0].movement.amount_minor == 300);
    assert_true(rows[1].movement.amount_minor == 700 && rows[1].movement.after.amount_minor == 1000);
    assert_true(rows[2].movement.after.items == 1 && rows[2].type == 16);
    OK(lg_party_entries(r->db, party(1), 5, 7, 10, r->arena, &entries, &count));
    assert_true(count == 2 && entries[0].movement_count == 4 && entries[1].movement_count == 1);
    assert_true(entries[0].movements[2].amount_minor ==
                -1000); /* those of a position are beside each other */
    assert_string_equal(entries[0].movements[3].currency.code, "JPY");
    assert_true(entries[1].movements[0].after.amount_minor == 5);
}

/* Movements come in pages of whole entries, and each page says where the next begins. */
static void movements_are_read_in_pages(void **state)
{
    rig *r = *state;
    for (int64_t seq = 0; seq < 30; seq++) {
        lg_movement rows[] = {movement(0, seq, 1, seq + 1), movement(4, seq, 1, 1), movement(0, seq, 1, 1)};
        insert(r, 1, seq, rows, seq % 3 ? 3 : 2);
    }
    const lg_movement like = movement(0, 0, 0, 0);
    const lg_position of = {.account = like.account, .currency = like.currency};
    for (size_t limit = 1; limit < 60; limit++) {
        int64_t from = 2, sum = 0, expected = 0, last = 1;
        while (from < 28) {
            lg_moved *rows;
            size_t count;
            OK(lg_movements(r->db, party(1), &of, from, 28, limit, r->arena, &rows, &count, &from));
            assert_true(count <= limit + 1);
            for (size_t i = 0; i < count; i++) {
                assert_true(rows[i].seq >= last);
                last = rows[i].seq;
                sum += rows[i].movement.amount_minor;
            }
        }
        for (int64_t seq = 2; seq < 28; seq++)
            expected += seq + 1 + (seq % 3 != 0);
        assert_int_equal(sum, expected);
    }
}

static void positions_are_listed_once_they_have_moved(void **state)
{
    rig *r = *state;
    lg_position *rows;
    size_t count;
    for (int64_t at = 0; at < POSITIONS; at++) {
        lg_movement row = movement(at, at, 1, 10);
        insert(r, party_of(at).v, at, &row, 1);
    }
    OK(lg_positions_before(r->db, party(1), 0, r->arena, &rows, &count));
    assert_int_equal(count, 0);
    OK(lg_positions_before(r->db, party(1), 3, r->arena, &rows,
                           &count)); /* 0 and 2 of party 1 moved before entry 3 */
    assert_int_equal(count, 2);
    OK(lg_positions_before(r->db, party(1), POSITIONS, r->arena, &rows, &count));
    assert_int_equal(count, 3);
    assert_true(rows[0].account == LG_ACCOUNT_CLAIMS_HELD && rows[2].account == LG_ACCOUNT_CLAIMS_OWED);
    assert_true(strcmp(rows[0].currency.code, rows[1].currency.code) < 0);
    OK(lg_positions_before(r->db, party(3), POSITIONS, r->arena, &rows, &count));
    assert_int_equal(count, 0);
}

/* More than 64 bits hold is told, not shown wrong; and it goes as it came. */
static void a_sum_beyond_64_bits_is_refused_until_it_fits_again(void **state)
{
    rig *r = *state;
    lg_position *rows;
    size_t count;
    for (int64_t seq = 0; seq < 3; seq++) {
        lg_movement row = movement(0, seq, 1, INT64_MAX / 2);
        insert(r, 1, seq, &row, 1);
    }
    OK(lg_positions_before(r->db, party(1), 2, r->arena, &rows, &count));
    IS(lg_positions_before(r->db, party(1), 3, r->arena, &rows, &count), LG_AMOUNT_OUT_OF_RANGE);
    lg_movement out = movement(0, 4, -1, -(INT64_MAX / 2));
    insert(r, 1, 4, &out, 1);
    OK(lg_positions_before(r->db, party(1), 5, r->arena, &rows, &count));
    assert_true(rows[0].balance.items == 2 && rows[0].balance.amount_minor == INT64_MAX / 2 * 2);
}

static void entries_are_listed_for_their_parties(void **state)
{
    rig *r = *state;
    lg_party_entry *rows, row = {.seq = 3, .subject = uuid_of('c', 3)};
    size_t count;
    OK(lg_party_entry_insert(r->db, party(1), &row, r->arena));
    row = (lg_party_entry){.seq = 7};
    OK(lg_party_entry_insert(r->db, party(1), &row, r->arena));
    OK(lg_party_entry_insert(r->db, party(2), &row, r->arena));
    OK(lg_party_entries(r->db, party(1), 0, 8, 10, r->arena, &rows, &count));
    assert_true(count == 2 && rows[0].seq == 3 && rows[0].subject.b[0] == 'c');
    assert_true(lg_uuid_is_nil(rows[1].subject) && rows[1].movement_count == 0);
    OK(lg_party_entries(r->db, party(1), 4, 7, 10, r->arena, &rows, &count));
    assert_int_equal(count, 0);
}

/* An entry that moves nothing tells where the positions stand all the same. */
static void positions_stand_until_they_move(void **state)
{
    rig *r = *state;
    lg_movement row = movement(0, 1, 1, 100);
    insert(r, 1, 1, &row, 1);
    for (int64_t seq = 2; seq < 6; seq++)
        insert(r, 1, seq, NULL, 0);
    for (int64_t until = 2; until < 7; until++)
        assert_int_equal(balance_before(r, 0, until).amount_minor, 100);
}

static void a_row_that_is_damaged_is_told(void **state)
{
    rig *r = *state;
    lg_movement row = movement(0, 1, 1, 100);
    lg_position *positions, of = {.account = row.account, .currency = row.currency};
    lg_party_entry *entries, next = {.seq = 2};
    lg_moved *moved;
    size_t count;
    int64_t from;
    insert(r, 1, 1, &row, 1);
    assert_int_equal(
        sqlite3_exec(r->handle, "UPDATE party_entries SET positions = x'ff01'", NULL, NULL, NULL), SQLITE_OK);
    IS(lg_positions_before(r->db, party(1), 2, r->arena, &positions, &count), LG_CORRUPT);
    IS(lg_party_entries(r->db, party(1), 0, 2, 10, r->arena, &entries, &count), LG_CORRUPT);
    IS(lg_movements(r->db, party(1), &of, 0, 2, 10, r->arena, &moved, &count, &from), LG_CORRUPT);
    IS(lg_party_entry_insert(r->db, party(1), &next, r->arena), LG_CORRUPT);
}

/* The writer's memory of where positions stand gives the same rows as looking, and forgets what is taken
 * back. */
static void what_is_remembered_is_what_is_there(void **state)
{
    rig *r = *state;
    lg_db_remember(r->db, lg_known_open(NULL));
    lg_movement row = movement(0, 1, 1, 100);
    insert(r, 1, 1, &row, 1);
    OK(lg_db_begin(r->db));
    OK(lg_db_savepoint(r->db, 0));
    lg_movement two[] = {movement(0, 2, 1, 50), movement(0, 2, 1, 7)};
    insert(r, 1, 2, two, 2);
    assert_int_equal(two[1].after.amount_minor, 157);
    OK(lg_db_rollback_to(r->db, 0));
    row = movement(0, 2, 0, -1);
    insert(r, 1, 2, &row, 1);
    assert_int_equal(row.after.items, 1);
    assert_int_equal(row.after.amount_minor, 99);
    lg_db_rollback(r->db);
    row = movement(0, 2, 0, -2);
    row.currency = money("USD");
    insert(r, 1, 2, &row, 1);
    assert_int_equal(row.after.amount_minor, -2);
    row = movement(0, 3, 0, -2);
    insert(r, 1, 3, &row, 1);
    assert_int_equal(row.after.amount_minor, 98);
}

/* Nor is what it cannot hold remembered as it was before. */
static void more_positions_than_are_remembered(void **state)
{
    static const char *const currencies[] = {"AED", "AUD", "BRL", "CAD", "CHF", "CLP", "CNY",
                                             "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR",
                                             "ILS", "INR", "JPY", "KRW", "MXN", "NOK"};
    rig *r = *state;
    lg_db_remember(r->db, lg_known_open(NULL));
    for (int64_t seq = 1; seq <= 40; seq++) {
        lg_movement row = movement(0, seq, 1, INT64_MAX / 4);
        row.currency = money(currencies[seq % 20]);
        insert(r, 1, seq, &row, 1);
        assert_int_equal(row.after.items, 1 + (seq - 1) / 20);
    }
    lg_position *rows;
    size_t count;
    OK(lg_positions_before(r->db, party(1), 41, r->arena, &rows, &count));
    assert_int_equal(count, 20);
    for (size_t i = 0; i < count; i++)
        assert_true(rows[i].balance.items == 2 && rows[i].balance.amount_minor == INT64_MAX / 4 * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_position_is_the_sum_of_what_moved_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_entry_may_move_a_position_several_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(movements_are_read_in_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(positions_are_listed_once_they_have_moved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sum_beyond_64_bits_is_refused_until_it_fits_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(entries_are_listed_for_their_parties, set_up, tear_down),
        cmocka_unit_test_setup_teardown(positions_stand_until_they_move, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_that_is_damaged_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_remembered_is_what_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_positions_than_are_remembered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
