/* Packed positions: what was packed comes back, movements with what each left behind; one form for one
 * meaning; and bytes that are none are refused, whatever they are. */
#include "ledger/base/varint.h"
#include "ledger/store/positions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OK(call)           assert_string_equal(lg_err_slug(call), lg_err_slug(LG_OK))
#define IS(call, expected) assert_string_equal(lg_err_slug(call), lg_err_slug(expected))

enum { SEQ = 1000 };

static lg_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = lg_arena_open();
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return 0;
}

static lg_movement movement(lg_account account, const char *currency, int64_t items, int64_t amount_minor)
{
    lg_movement row = {
        .account = account, .subject_no = lg_row_no(SEQ, 1), .items = items, .amount_minor = amount_minor};
    memcpy(row.currency.code, currency, sizeof row.currency.code);
    return row;
}

/* What the entry of that number makes of the blob before it. */
static lg_bytes moved(lg_bytes before, int64_t seq, const lg_movement *rows, size_t count)
{
    lg_positions positions;
    size_t len;
    OK(lg_positions_stand_len(before, &len));
    OK(lg_positions_unpack(lg_bytes_of(before.data, len), seq, arena, &positions));
    assert_true(positions.movement_count == 0);
    positions.type = 16;
    positions.movements = lg_arena_array(arena, count, sizeof *rows);
    memcpy(positions.movements, rows, count * sizeof *rows);
    positions.movement_count = count;
    OK(lg_positions_move(&positions, arena));
    return lg_positions_pack(&positions, seq, arena);
}

static void varints_come_back_and_have_one_form(void **state)
{
    (void)state;
    uint8_t out[LG_VARINT_MAX];
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int less = 0; less < 2; less++) {
            const uint64_t value = (UINT64_C(1) << bit) - (uint64_t)less;
            uint64_t back;
            lg_bytes rest = lg_bytes_of(out, lg_varint_put(out, value));
            for (size_t len = 0; len < rest.len; len++) {
                lg_bytes cut = lg_bytes_of(out, len);
                assert_false(lg_varint_take(&cut, &back));
            }
            assert_true(lg_varint_take(&rest, &back) && back == value && rest.len == 0);
            assert_true(lg_zigzag(lg_unzigzag(value)) == value);
        }
    }
    static const struct {
        uint8_t bytes[11];
        size_t len;
    } wrong[] = {
        {{0x80, 0x00}, 2},                                                        /* 0, too long */
        {{0xff, 0x80, 0x00}, 3},                                                  /* 127, too long */
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10},       /* 65 bits */
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00}, 11}, /* no end */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint64_t value;
        lg_bytes rest = lg_bytes_of(wrong[i].bytes, wrong[i].len);
        assert_false(lg_varint_take(&rest, &value));
    }
    assert_true(lg_unzigzag(lg_zigzag(INT64_MIN)) == INT64_MIN && lg_zigzag(-1) == 1);
}

static void nothing_is_no_bytes(void **state)
{
    (void)state;
    lg_positions positions;
    size_t len;
    OK(lg_positions_unpack(lg_bytes_of(NULL, 0), SEQ, arena, &positions));
    assert_true(positions.count == 0 && positions.movement_count == 0);
    assert_int_equal(lg_positions_pack(&positions, SEQ, arena).len, 0);
    OK(lg_positions_stand_len(lg_bytes_of(NULL, 0), &len));
    assert_int_equal(len, 0);
}

/* The format, byte by byte: it is on the disk. */
static void the_bytes_are_those_of_the_format(void **state)
{
    (void)state;
    lg_movement rows[] = {movement(LG_ACCOUNT_CLAIMS_HELD, "CNY", 1, 300),
                          movement(LG_ACCOUNT_RECEIVABLES_REGISTERED, "CNY", -1, -300)};
    rows[1].subject_no = lg_row_no(SEQ - 1, 0);
    const lg_movement before = movement(LG_ACCOUNT_RECEIVABLES_REGISTERED, "CNY", 1, 300);
    const lg_bytes blob = moved(moved(lg_bytes_of(NULL, 0), SEQ - 1, &before, 1), SEQ, rows, 2);
    static const uint8_t expected[] = {
        1, /* one group: */
        0x06,
        0xb2,            /* CNY: (2 * 26 + 13) * 26 + 24 = 1714 ... */
        1 << 0 | 1 << 2, /* ... and two accounts: */
        0,
        0,
        1,
        0xac,
        0x02, /* nothing; 1 of 300 */
        16,   /* by an entry of this type */
        0,
        0xd7,
        0x04,
        0xff,
        1, /* of place 0 one went, -300; subject 255 below the entry's last number */
        5,
        0xd8,
        0x04,
        126, /* to place 1 one came, 300 */
    };
    assert_int_equal(blob.len, sizeof expected);
    assert_memory_equal(blob.data, expected, sizeof expected);
    size_t len;
    OK(lg_positions_stand_len(blob, &len));
    assert_int_equal(len, 9);
}

static void movements_come_back_in_order_with_what_is_behind_them(void **state)
{
    (void)state;
    const lg_movement made[] = {
        movement(LG_ACCOUNT_CLAIMS_OWED, "EUR", 1, 5), movement(LG_ACCOUNT_CLAIMS_HELD, "USD", 1, 700),
        movement(LG_ACCOUNT_CLAIMS_HELD, "CNY", 1, 10), movement(LG_ACCOUNT_CLAIMS_HELD, "USD", -1, -400),
        movement(LG_ACCOUNT_CLAIMS_HELD, "USD", 0, INT64_MIN)};
    lg_positions back;
    OK(lg_positions_unpack(moved(lg_bytes_of(NULL, 0), SEQ, made, 5), SEQ, arena, &back));
    assert_true(back.type == 16 && back.count == 3 && back.movement_count == 5);
    static const struct {
        const char *currency;
        lg_account account;
        int64_t items_after, amount_after_minor;
    } expected[] = {
        {"CNY", LG_ACCOUNT_CLAIMS_HELD, 1, 10},  {"USD", LG_ACCOUNT_CLAIMS_HELD, 1, 700},
        {"USD", LG_ACCOUNT_CLAIMS_HELD, 0, 300}, {"USD", LG_ACCOUNT_CLAIMS_HELD, 0, INT64_MIN + 300},
        {"EUR", LG_ACCOUNT_CLAIMS_OWED, 1, 5},
    };
    for (size_t i = 0; i < 5; i++) {
        const lg_movement *row = &back.movements[i];
        assert_string_equal(row->currency.code, expected[i].currency);
        assert_true(row->account == expected[i].account && row->after.items == expected[i].items_after &&
                    row->after.amount_minor == expected[i].amount_after_minor);
    }
    assert_true(back.movements[3].amount_minor == INT64_MIN);
    const lg_position usd =
        lg_position_in(back.rows, back.count, LG_ACCOUNT_CLAIMS_HELD, back.movements[1].currency);
    assert_true(usd.balance.items == 0 && usd.balance.amount_minor == INT64_MIN + 300);
    const lg_position none =
        lg_position_in(back.rows, back.count, LG_ACCOUNT_ADVANCES_MADE, back.movements[1].currency);
    assert_true(none.account == LG_ACCOUNT_ADVANCES_MADE && none.balance.items == 0);
}

static void more_than_is_there_cannot_leave(void **state)
{
    (void)state;
    lg_movement rows[] = {movement(LG_ACCOUNT_CLAIMS_HELD, "CNY", -1, -1),
                          movement(LG_ACCOUNT_CLAIMS_HELD, "CNY", 2, 1)};
    for (size_t i = 0; i < 2; i++) {
        lg_positions positions = {.type = 16, .movements = &rows[i], .movement_count = 1};
        IS(lg_positions_move(&positions, arena), LG_INTERNAL);
    }
}

static void what_nobody_packs_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[24];
        size_t len;
    } wrong[] = {
        {"a group is missing", {1}, 1},
        {"no accounts", {1, 0x06, 0xb2, 0}, 4},
        {"no such currency", {1, 0x44, 0xa8, 1, 0, 0}, 6},
        {"a currency twice", {2, 0x06, 0xb2, 1, 0, 0, 0x06, 0xb2, 1, 0, 0}, 11},
        {"currencies out of order", {2, 0x06, 0xb3, 1, 0, 0, 0x06, 0xb2, 1, 0, 0}, 11},
        {"no amount", {1, 0x06, 0xb2, 1, 0}, 5},
        {"items beyond what is counted",
         {1, 0x06, 0xb2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0},
         15},
        {"type 0", {1, 0x06, 0xb2, 1, 1, 5, 0, 2, 10, 0}, 10},
        {"a type and no movement", {1, 0x06, 0xb2, 1, 1, 5, 16}, 7},
        {"a movement cut short", {1, 0x06, 0xb2, 1, 1, 5, 16, 2, 10}, 9},
        {"a movement of no place", {1, 0x06, 0xb2, 1, 1, 5, 16, 3, 10, 0}, 10},
        {"more left than was there", {1, 0x06, 0xb2, 1, 0, 5, 16, 2, 10, 0}, 10},
        {"a subject below all numbers", {1, 0x06, 0xb2, 1, 1, 5, 16, 2, 10, 0xff, 0xff, 0xff, 0x7f}, 13},
        {"movements out of order", {1, 0x06, 0xb2, 3, 1, 5, 1, 5, 16, 5, 10, 0, 2, 10, 0}, 15},
        {"no groups", {0}, 1},
        {"no positions, and movements", {0, 16, 2, 10, 0}, 5},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lg_positions positions;
        if (lg_positions_unpack(lg_bytes_of(wrong[i].bytes, wrong[i].len), SEQ, arena, &positions) !=
            LG_CORRUPT)
            fail_msg("%s was taken", wrong[i].what);
    }
}

/* Whatever is read of bytes that were changed or cut is what its own bytes say: packing it gives them again.
 */
static void damaged_bytes_are_refused_or_are_another_meaning(void **state)
{
    (void)state;
    static const char *const currencies[] = {"CNY", "EUR", "JPY", "USD"};
    lg_bytes blob = {0};
    srandom(7);
    for (int i = 0; i < 20; i++) {
        const lg_movement row =
            movement((lg_account)(random() % LG_ACCOUNT_COUNT), currencies[random() % 4], 1, random());
        blob = moved(blob, SEQ, &row, 1);
    }
    lg_arena *kept = lg_arena_open();
    blob = lg_arena_copy(kept, blob);
    unsigned refused = 0;
    for (int i = 0; i < 20000; i++) {
        lg_positions positions;
        size_t len = (size_t)random() % 4 ? blob.len : (size_t)random() % (blob.len + 1);
        uint8_t *bytes = malloc(len + 1); /* its own, so that a sanitizer sees a step beyond */
        memcpy(bytes, blob.data, len);
        if (len > 0)
            bytes[(size_t)random() % len] = (uint8_t)random();
        const lg_bytes damaged = lg_bytes_of(bytes, len);
        if (lg_positions_unpack(damaged, SEQ, arena, &positions) == LG_OK) {
            const lg_bytes again = lg_positions_pack(&positions, SEQ, arena);
            assert_int_equal(again.len, len);
            if (len > 0)
                assert_memory_equal(again.data, bytes, len);
        } else {
            refused++;
        }
        free(bytes);
        lg_arena_reset(arena);
    }
    lg_arena_close(kept);
    assert_in_range(refused, 2000, 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_come_back_and_have_one_form),
        cmocka_unit_test(nothing_is_no_bytes),
        cmocka_unit_test(the_bytes_are_those_of_the_format),
        cmocka_unit_test(movements_come_back_in_order_with_what_is_behind_them),
        cmocka_unit_test(more_than_is_there_cannot_leave),
        cmocka_unit_test(what_nobody_packs_is_refused),
        cmocka_unit_test(damaged_bytes_are_refused_or_are_another_meaning),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
