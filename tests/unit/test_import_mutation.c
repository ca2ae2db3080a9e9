/* Damaged invoices: cut short, with flipped bits, with pieces swapped. No outcome is expected but a sound
 * one; what counts is that nothing is read or written out of bounds (run under AddressSanitizer) and that
 * every refusal says something. */
#include "tests/unit/import_rig.h"

#include "ledger/base/text.h"

#include <stdlib.h>

enum { ROUNDS = 1500 };

/* xorshift64*: the same damage in every run. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

static size_t below(uint64_t *seed, size_t limit)
{
    return limit ? (size_t)(next_random(seed) % limit) : 0;
}

/* Damages the copy and returns its new length. */
static size_t damage(uint8_t *copy, size_t len, uint64_t *seed)
{
    static const char hostile[] = "<>&\"',;\r\n\0-{}[]:/\xff\xc3";
    switch (below(seed, 4)) {
    case 0:
        return below(seed, len);
    case 1:
        for (size_t i = 0, flips = 1 + below(seed, 8); i < flips; i++)
            copy[below(seed, len)] ^= (uint8_t)(1u << below(seed, 8));
        return len;
    case 2:
        for (size_t i = 0, writes = 1 + below(seed, 4); i < writes; i++)
            copy[below(seed, len)] = (uint8_t)hostile[below(seed, sizeof hostile - 1)];
        return len;
    default: {
        size_t piece = 1 + below(seed, 64), from = below(seed, len - piece), to = below(seed, len - piece);
        memmove(copy + to, copy + from, piece);
        return len;
    }
    }
}

static void assert_sound(const import_rig *rig, lg_err err)
{
    if (err == LG_OK) {
        assert_int_equal(rig->report.fault_count, 0);
        assert_non_null(rig->submission.number);
        assert_true(rig->submission.gross_minor > 0 && rig->submission.payable_minor > 0 &&
                    rig->submission.amount_minor > 0);
        assert_true(rig->submission.gross_minor <= LG_AMOUNT_MAX &&
                    rig->submission.amount_minor <= LG_AMOUNT_MAX);
        return;
    }
    assert_int_equal(lg_err_kind(err), LG_KIND_CALLER);
    assert_int_equal(rig->report.err, err);
    assert_non_null(rig->report.detail);
    assert_true(lg_text_is_utf8(lg_bytes_str(rig->report.detail)));
    for (const lg_fault *fault = rig->report.first; fault; fault = fault->next) {
        assert_true(lg_text_is_utf8(lg_bytes_str(fault->detail)));
        assert_true(lg_text_is_utf8(lg_bytes_str(fault->pointer)));
    }
}

static void read_damaged_csv(import_rig *rig, lg_bytes file)
{
    gw_invoice *rows;
    int *lines;
    size_t count;
    lg_err err = import_csv(file, &rows, &lines, &count, &rig->report);
    if (err)
        assert_sound(rig, err);
    for (size_t i = 0; !err && i < count; i++) {
        lg_report_init(&rig->report, rig->arena);
        assert_sound(rig, invoice_to_submission(&rows[i], 0, &rig->submission, &rig->report));
    }
}

static void damage_often(import_rig *rig, const char *name, uint64_t seed)
{
    lg_arena *keep = lg_arena_open();
    lg_bytes whole = lg_arena_copy(keep, rig_example(rig, name));
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t *copy = malloc(whole.len);
        assert_non_null(copy);
        memcpy(copy, whole.data, whole.len);
        size_t len = damage(copy, whole.len, &seed);
        uint8_t *exact = malloc(len ? len : 1); /* of exact size, for the sanitizer */
        assert_non_null(exact);
        memcpy(exact, copy, len);
        free(copy);
        rig_reset(rig);
        if (strncmp(name, "csv/", 4) == 0)
            read_damaged_csv(rig, lg_bytes_of(exact, len));
        else if (strncmp(name, "json/", 5) == 0)
            assert_sound(rig, rig_json(rig, lg_bytes_of(exact, len)));
        else
            assert_sound(rig, rig_xml(rig, lg_bytes_of(exact, len), 30));
        free(exact);
    }
    lg_arena_close(keep);
}

static void damaged_json(void **state)
{
    damage_often(*state, "json/suzhou-huadong-with-documents.json", 1);
    damage_often(*state, "json/rheintal-nordwind-part.json", 2);
}

static void damaged_ubl(void **state)
{
    damage_often(*state, "ubl/suzhou-huadong.xml", 3);
    damage_often(*state, "ubl/rheintal-nordwind-credit-note.xml", 4);
}

static void damaged_cii(void **state)
{
    damage_often(*state, "cii/suzhou-huadong.xml", 5);
    damage_often(*state, "cii/rheintal-nordwind.xml", 6);
}

static void damaged_csv(void **state)
{
    damage_often(*state, "csv/suzhou-november.csv", 7);
    damage_often(*state, "csv/rheintal-mixed.csv", 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(damaged_json),
        TEST(damaged_ubl),
        TEST(damaged_cii),
        TEST(damaged_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
