/* Amounts and dates as ERPs write them, files of all kinds, and which rows are set against which. */
#include "tests/unit/client_rig.h"

#include "server/client/reconcile.h"

#include <unistd.h>

static lg_currency money(const char *code)
{
    lg_currency currency = {0};
    assert_true(lg_currency_parse(code, &currency));
    return currency;
}

/* ---- values ---- */

static void amounts_are_read_as_they_are_meant(void **state)
{
    (void)state;
    static const struct {
        const char *text, *currency;
        bool comma;
        int64_t minor;
    } good[] = {
        {"1234.50", "CNY", false, 123450},  {"1,234.5", "CNY", false, 123450},
        {"1.234,50", "CNY", true, 123450},  {"1 234 567,00", "EUR", true, 123456700},
        {"1'234.50", "CHF", false, 123450}, {"-0.01", "CNY", false, -1},
        {"12.00-", "CNY", false, -1200},    {"(12.00)", "CNY", false, -1200},
        {"+7", "CNY", false, 700},          {"1,234", "JPY", false, 1234},
        {"1.234", "KWD", false, 1234},      {"1,234", "KWD", true, 1234},
        {"0012.30", "CNY", false, 1230},    {"5.000", "CNY", false, 500},
    };
    static const struct {
        const char *text, *currency;
        bool comma;
    } bad[] = {
        {"", "CNY", false},        {"-", "CNY", false},        {"()", "CNY", false},
        {"1,23", "CNY", false},    {"12,34.00", "CNY", false}, {"1,2345.00", "CNY", false},
        {"1.2.3", "CNY", false},   {"1.005", "CNY", false},    {"1e3", "CNY", false},
        {"0x10", "CNY", false},    {"1.", "CNY", false},       {".5", "CNY", false},
        {"1.5", "JPY", false},     {"--1", "CNY", false},      {"-(1)", "CNY", false},
        {"-1-", "CNY", false},     {",100", "CNY", false},     {"1,,000", "CNY", false},
        {"1.234,5", "CNY", false}, {"1,234.50", "CNY", true},  {"99999999999999999999", "CNY", false},
    };
    int64_t minor;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!books_amount_parse(good[i].text, good[i].comma, money(good[i].currency), &minor) ||
            minor != good[i].minor)
            fail_msg("%s %s", good[i].text, good[i].currency);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (books_amount_parse(bad[i].text, bad[i].comma, money(bad[i].currency), &minor))
            fail_msg("%s is taken for %lld", bad[i].text, (long long)minor);
}

static void dates_are_read_in_the_order_that_was_named(void **state)
{
    (void)state;
    lg_day expected, day;
    assert_true(lg_day_parse("2026-02-01", &expected));
    static const struct {
        const char *text;
        books_dates order;
    } good[] = {{"2026-02-01", BOOKS_YMD}, {"2026/2/1", BOOKS_YMD},   {"20260201", BOOKS_YMD},
                {"2026.02.01", BOOKS_YMD}, {"01.02.2026", BOOKS_DMY}, {"1/2/2026", BOOKS_DMY},
                {"02/01/2026", BOOKS_MDY}};
    static const struct {
        const char *text;
        books_dates order;
    } bad[] = {{"", BOOKS_YMD},           {"2026-02-30", BOOKS_YMD},  {"2026-02/01", BOOKS_YMD},
               {"01.02.26", BOOKS_DMY},   {"01.02.2026", BOOKS_YMD},  {"2026-02-01", BOOKS_DMY},
               {"13/13/2026", BOOKS_MDY}, {"2026-02-01x", BOOKS_YMD}, {"202602011", BOOKS_YMD},
               {"2026-02-", BOOKS_YMD},   {"1.2", BOOKS_DMY}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!books_day_parse(good[i].text, good[i].order, &day) || day != expected)
            fail_msg("%s", good[i].text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (books_day_parse(bad[i].text, bad[i].order, &day))
            fail_msg("%s is taken for a date", bad[i].text);
}

/* ---- pairs ---- */

static bool same_text(void *ctx, const char *in_books, const char *other)
{
    (void)ctx;
    return strcmp(in_books, other) == 0;
}

static books_row *add(books *b, int64_t number, const char *invoice, int64_t minor, const char *currency)
{
    books_row *row = books_add(b);
    row->number = number;
    row->invoice = invoice;
    row->amount_minor = minor;
    row->currency = money(currency);
    return row;
}

/* "amount sum": the kinds of the differences, in the order they are told. */
static char *kinds_of(const books *registry, const books *mine, bool unsigned_amounts, size_t *matched)
{
    static char text[512];
    reconcile_result result;
    const reconcile_terms terms = {.registry = registry,
                                   .books = mine,
                                   .unsigned_amounts = unsigned_amounts,
                                   .same_party = same_text,
                                   .same_status = same_text};
    assert_true(reconcile_run(&terms, &result));
    text[0] = '\0';
    for (size_t i = 0; i < result.count; i++) {
        const size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "",
                 difference_name(result.differences[i].kind));
    }
    *matched = result.matched;
    reconcile_clear(&result);
    return text;
}

static void equal_amounts_find_each_other_first(void **state)
{
    (void)state;
    books registry = {0}, mine = {0};
    size_t matched;
    add(&registry, 1, "A-1", 100, "CNY");
    add(&registry, 2, "A-1", 200, "CNY");
    add(&registry, 3, "A-1", -100, "CNY");
    add(&mine, 2, "a1", 250, "CNY"); /* would take the 100 if it came first */
    add(&mine, 3, "A-1", -100, "CNY");
    add(&mine, 4, "A-01", 100, "CNY");
    assert_string_equal(kinds_of(&registry, &mine, false, &matched), "amount sum");
    assert_int_equal(matched, 2);
    books_clear(&registry);
    books_clear(&mine);
}

static void what_is_alone_is_missing_or_said_twice(void **state)
{
    (void)state;
    books registry = {0}, mine = {0};
    size_t matched;
    add(&registry, 1, "A", 100, "CNY");
    add(&registry, 2, "B", 100, "CNY");
    add(&mine, 2, "A", 100, "CNY");
    add(&mine, 3, "A", 100, "CNY");
    add(&mine, 4, "C", 100, "CNY");
    assert_string_equal(kinds_of(&registry, &mine, false, &matched),
                        "duplicate missing_in_registry missing_in_books sum");
    assert_int_equal(matched, 1);
    books_clear(&registry);
    books_clear(&mine);
}

static void a_claim_goes_before_an_invoice_and_an_invoice_before_a_reference(void **state)
{
    (void)state;
    books registry = {0}, mine = {0};
    size_t matched;
    add(&registry, 1, "A", 100, "CNY")->claim = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17";
    add(&registry, 2, "A", 100, "CNY")->claim = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d18";
    add(&registry, 3, "B", 100, "CNY")->reference = "PO-7";
    add(&mine, 2, "Z", 100, "CNY")->claim = "0192F1C8-6D2E-7B41-9C55-0A4E8F3B2D18";
    add(&mine, 3, "", 100, "CNY")->reference = "PO 7";
    add(&mine, 4, "A", 100, "CNY");
    assert_string_equal(kinds_of(&registry, &mine, false, &matched), "");
    assert_int_equal(matched, 3);
    books_clear(&registry);
    books_clear(&mine);
}

static void every_member_that_differs_is_told(void **state)
{
    (void)state;
    books registry = {0}, mine = {0};
    size_t matched;
    books_row *theirs = add(&registry, 1, "A", 100, "CNY"), *row = add(&mine, 2, "A", 101, "EUR");
    theirs->has_due = row->has_due = true;
    theirs->due = 20000;
    row->due = 20001;
    theirs->debtor = "d", theirs->creditor = "c", theirs->status = "confirmed";
    row->debtor = "x", row->creditor = "y", row->status = "paid";
    assert_string_equal(kinds_of(&registry, &mine, false, &matched),
                        "currency amount due_date debtor creditor status sum sum");
    assert_int_equal(matched, 0);
    books_clear(&registry);
    books_clear(&mine);
}

static void amounts_without_a_sign_agree_with_either(void **state)
{
    (void)state;
    books registry = {0}, mine = {0};
    size_t matched;
    add(&registry, 1, "A", -100, "CNY");
    add(&mine, 2, "A", 100, "CNY");
    assert_string_equal(kinds_of(&registry, &mine, false, &matched), "amount sum");
    assert_string_equal(kinds_of(&registry, &mine, true, &matched), "");
    books_clear(&registry);
    books_clear(&mine);
}

static void what_moved_comes_to_one_row_a_claim(void **state)
{
    (void)state;
    books registry = {0};
    add(&registry, 1, "A", 100, "CNY")->claim = "a";
    add(&registry, 2, "B", 50, "CNY")->claim = "b";
    add(&registry, 3, "A", -30, "CNY")->claim = "a";
    add(&registry, 4, "B", -50, "CNY")->claim = "b";
    assert_true(reconcile_net(&registry));
    assert_true(registry.count == 1 && registry.rows[0].amount_minor == 70 && registry.rows[0].number == 3);
    add(&registry, 5, "A", INT64_MAX, "CNY")->claim = "a";
    assert_false(reconcile_net(&registry));
    books_clear(&registry);
}

/* Whatever the rows, each is told of once: sums of matched, differing and missing are all there are. */
static void no_row_is_lost_or_told_twice(void **state)
{
    (void)state;
    static const char *const numbers[] = {"A", "B", "C-1", "C1", "D"};
    uint64_t random = 12345;
    for (int round = 0; round < 300; round++) {
        books registry = {0}, mine = {0};
        reconcile_result result;
        size_t alone_theirs = 0, alone_mine = 0;
        for (int i = 0; i < 24; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            add(random >> 63 ? &registry : &mine, i, numbers[(random >> 33) % 5],
                (int64_t)((random >> 40) % 4), (random >> 50) % 4 ? "CNY" : "EUR");
        }
        const reconcile_terms terms = {
            .registry = &registry, .books = &mine, .same_party = same_text, .same_status = same_text};
        assert_true(reconcile_run(&terms, &result));
        for (size_t i = 0; i < result.count; i++) {
            alone_theirs += result.differences[i].kind == DIFFERENCE_MISSING_IN_BOOKS;
            alone_mine += result.differences[i].kind == DIFFERENCE_MISSING_IN_REGISTRY ||
                          result.differences[i].kind == DIFFERENCE_DUPLICATE;
        }
        assert_true(registry.count - alone_theirs == mine.count - alone_mine); /* the pairs */
        assert_true(result.matched <= mine.count - alone_mine);
        reconcile_clear(&result);
        books_clear(&registry);
        books_clear(&mine);
    }
}

/* ---- files ---- */

/* What becomes of a file of these bytes, cut anywhere: rows, or a sentence. Nothing may break. */
static void damaged_files_never_break_the_reader(void **state)
{
    (void)state;
    static const char whole[] =
        "\xef\xbb\xbfinvoice;amount;currency;due\r\n\"A;\"\"1\";1,50;CNY;2026-01-02\r\nB;2,00;EUR;\r\n";
    char path[] = "/tmp/test_reconcile.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t len = 0; len < 4 * sizeof whole; len++) {
        char bytes[sizeof whole];
        memcpy(bytes, whole, sizeof whole);
        if (len >= sizeof whole)
            bytes[len % (sizeof whole - 1)] = "\0\"\n\xff"[len / sizeof whole];
        const size_t size = len < sizeof whole ? len : sizeof whole - 1;
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bytes, size, 0), size);
        client c = new_client("reconcile");
        books read;
        const books_format format = {.decimal_comma = true};
        const client_exit code = books_read(&c, path, &format, &read);
        assert_true(code == CLIENT_OK || (code == CLIENT_LOCAL && c.message));
        if (len == sizeof whole - 1) {
            assert_int_equal(code, CLIENT_OK);
            assert_true(read.count == 2 && read.rows[0].amount_minor == 150 && read.rows[0].number == 2);
            assert_string_equal(read.rows[0].invoice, "A;\"1");
        }
        books_clear(&read);
        end_client(&c);
    }
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_read_as_they_are_meant),
        cmocka_unit_test(dates_are_read_in_the_order_that_was_named),
        cmocka_unit_test(equal_amounts_find_each_other_first),
        cmocka_unit_test(what_is_alone_is_missing_or_said_twice),
        cmocka_unit_test(a_claim_goes_before_an_invoice_and_an_invoice_before_a_reference),
        cmocka_unit_test(every_member_that_differs_is_told),
        cmocka_unit_test(amounts_without_a_sign_agree_with_either),
        cmocka_unit_test(what_moved_comes_to_one_row_a_claim),
        cmocka_unit_test(no_row_is_lost_or_told_twice),
        cmocka_unit_test(damaged_files_never_break_the_reader),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
