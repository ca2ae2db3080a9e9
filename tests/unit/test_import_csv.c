#include "tests/unit/import_rig.h"

#include <stdlib.h>

#define HEAD              "number,issue_date,due_date,currency,gross_amount,buyer_uscc,note\r\n"
#define ROW(number, note) number ",2026-11-22,2027-01-21,CNY,100.00,91310000132207185Y," note "\r\n"

typedef struct csv_result {
    lg_err err;
    gw_invoice *rows;
    int *lines;
    size_t count;
} csv_result;

/* The importer sees a copy of exact size that is gone afterwards, so that a sanitizer notices any byte read
 * behind the end or kept. */
static csv_result read_csv(import_rig *rig, lg_bytes file)
{
    csv_result result = {0};
    lg_report_init(&rig->report, rig->arena);
    uint8_t *copy = malloc(file.len ? file.len : 1);
    assert_non_null(copy);
    memcpy(copy, file.data, file.len);
    result.err =
        import_csv(lg_bytes_of(copy, file.len), &result.rows, &result.lines, &result.count, &rig->report);
    free(copy);
    return result;
}

static lg_err judge(import_rig *rig, const gw_invoice *row)
{
    lg_report_init(&rig->report, rig->arena);
    return invoice_to_submission(row, 0, &rig->submission, &rig->report);
}

static void the_good_example_is_all_good(void **state)
{
    import_rig *rig = *state;
    csv_result csv = read_csv(rig, rig_example(rig, "csv/suzhou-november.csv"));
    assert_int_equal(csv.err, LG_OK);
    assert_int_equal(csv.count, 12);
    for (size_t i = 0; i < csv.count; i++) {
        assert_int_equal(csv.lines[i], i + 2);
        assert_int_equal(judge(rig, &csv.rows[i]), LG_OK);
        assert_string_equal(rig->submission.seller.name, "苏州精工轴承有限公司");
        assert_string_equal(rig->submission.buyer.identifiers[0].value, "91310000132207185Y");
    }
    assert_int_equal(judge(rig, &csv.rows[5]), LG_OK);
    assert_string_equal(rig->submission.note, "型号 \"32218/P5\" 补货");
    assert_int_equal(judge(rig, &csv.rows[1]), LG_OK);
    assert_int_equal(rig->submission.document_count, 1);
    assert_int_equal(rig->submission.documents[0].kind, LG_DOC_DELIVERY_NOTE);
}

static void each_bad_row_of_the_mixed_example_has_its_own_fault(void **state)
{
    static const struct {
        lg_err err;
        const char *codes, *pointer;
    } expected[] = {
        {LG_OK, "", NULL},
        {LG_INVALID_FIELDS, "malformed_date", "row 3, column due_date"},
        {LG_INVALID_FIELDS, "wrong_scale", "row 4, column gross_amount"},
        {LG_OK, "", NULL},
        {LG_INVALID_FIELDS, "malformed_amount", "row 6, column gross_amount"},
        {LG_INVALID_FIELDS, "unknown_currency", "row 7, column currency"},
        {LG_INVALID_FIELDS, "required", "row 8, column number"},
        {LG_INVALID_FIELDS, "wrong_field_count", "row 9"},
        {LG_NOT_A_RECEIVABLE, "nothing_due", "row 10, column payable_amount"},
        {LG_OK, "", NULL},
    };
    import_rig *rig = *state;
    csv_result csv = read_csv(rig, rig_example(rig, "csv/rheintal-mixed.csv"));
    assert_int_equal(csv.err, LG_OK);
    assert_int_equal(csv.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < csv.count; i++) {
        assert_int_equal(judge(rig, &csv.rows[i]), expected[i].err);
        assert_string_equal(rig_codes(rig), expected[i].codes);
        if (expected[i].pointer)
            assert_string_equal(rig->report.first->pointer, expected[i].pointer);
    }
    assert_string_equal(rig->submission.buyer.name, "Nordwind Maschinenbau GmbH; Werk 2");
    assert_int_equal(judge(rig, &csv.rows[7]), LG_INVALID_FIELDS);
    assert_string_equal(rig->report.detail, "The row has 5 fields, but the header has 10 columns.");
}

static void lines_are_counted_through_breaks_and_blanks(void **state)
{
    import_rig *rig = *state;
    csv_result csv =
        read_csv(rig, lg_bytes_str(HEAD "\r\n" ROW("A", "\"two\nlines\r\n\r\nand more\"") "  \n\n" ROW(
                          "B", "") ROW("C", "x")));
    assert_int_equal(csv.err, LG_OK);
    assert_int_equal(csv.count, 3);
    assert_int_equal(csv.lines[0], 3);
    assert_int_equal(csv.lines[1], 9);
    assert_int_equal(csv.lines[2], 10);
    assert_int_equal(judge(rig, &csv.rows[0]), LG_OK);
    assert_string_equal(rig->submission.note, "two lines and more");
}

static void malformed_files_are_refused_as_a_whole(void **state)
{
    static const struct {
        const char *text, *codes, *detail;
    } cases[] = {
        {"", "", "The file is empty."},
        {"\n\n", "", "The file has no row behind its header."},
        {HEAD, "", "The file has no row behind its header."},
        {"number,issue_date,currency,gross_amount,colour\n1,2,3,4,5\n", "unknown_column",
         "The header names a column \"colour\" the registry does not know."},
        {"number,issue_date,currency,gross_amount,seller_duns\n1,2,3,4,5\n", "unknown_column",
         "The header names a column \"seller_duns\" the registry does not know."},
        {"number,issue_date,currency,gross_amount,\n1,2,3,4,5\n", "unknown_column",
         "The header names a column \"\" the registry does not know."},
        {"number,issue_date,currency,number,gross_amount\n1,2,3,4,5\n", "repeated_column",
         "The header names the column number twice."},
        {"number;due_date\n1;2\n", "missing_column missing_column missing_column",
         "The header lacks the column issue_date."},
        {HEAD ROW("A", "say \"hello\""), "",
         "Line 2: a quotation mark stands where none may (RFC 4180, rule 5)."},
        {HEAD ROW("A", "\"he\"llo"), "",
         "Line 2: a quotation mark stands where none may (RFC 4180, rule 5)."},
        {HEAD ROW("A", "") ROW("B", "\"open"), "", "Line 3: a quoted field is never closed."},
        {HEAD "A,\r2026", "", "Line 2: a carriage return stands without a line feed."},
        {HEAD "\xff\xfe", "", "The file is not UTF-8 text."},
        {HEAD "\xd6\xd0\xb9\xfa", "", "The file is not UTF-8 text."}, /* GBK */
    };
    import_rig *rig = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        csv_result csv = read_csv(rig, lg_bytes_str(cases[i].text));
        assert_int_equal(csv.err, LG_MALFORMED_CSV);
        assert_string_equal(rig_codes(rig), cases[i].codes);
        assert_string_equal(rig->report.detail, cases[i].detail);
    }
    assert_int_equal(read_csv(rig, lg_bytes_of(HEAD "\0", sizeof HEAD)).err, LG_MALFORMED_CSV);
}

static void a_thousand_rows_are_the_limit(void **state)
{
    import_rig *rig = *state;
    lg_buf file = {0};
    lg_buf_str(&file, HEAD);
    for (int i = 0; i < GW_CSV_ROWS_MAX; i++)
        lg_buf_printf(&file, "A-%d,2026-11-22,2027-01-21,CNY,100.00,91310000132207185Y,\n", i);
    csv_result csv = read_csv(rig, lg_buf_bytes(&file));
    assert_int_equal(csv.err, LG_OK);
    assert_int_equal(csv.count, GW_CSV_ROWS_MAX);
    assert_int_equal(judge(rig, &csv.rows[GW_CSV_ROWS_MAX - 1]), LG_OK);
    assert_string_equal(rig->submission.number, "A-999");
    lg_buf_str(&file, ROW("one too many", ""));
    assert_int_equal(read_csv(rig, lg_buf_bytes(&file)).err, LG_MALFORMED_CSV);
    assert_string_equal(rig->report.detail, "The file has more than 1000 rows.");
    lg_buf_clear(&file);
}

static void columns_have_a_limit(void **state)
{
    import_rig *rig = *state;
    lg_buf file = {0};
    for (int i = 0; i < 65; i++)
        lg_buf_str(&file, "x,");
    lg_buf_str(&file, "x\n1\n");
    assert_int_equal(read_csv(rig, lg_buf_bytes(&file)).err, LG_MALFORMED_CSV);
    assert_non_null(strstr(rig_codes(rig), "too_many_columns"));
    lg_buf_clear(&file);
}

static void documents_of_a_row(void **state)
{
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DOCUMENT(sha, kind)                                                                                  \
    "number,issue_date,due_date,currency,gross_amount,document_sha256,document_kind\n"                       \
    "A,2026-11-22,2027-01-21,CNY,100.00," sha "," kind "\n"
    static const struct {
        const char *text;
        lg_err err;
        const char *codes;
        size_t count;
    } cases[] = {
        {DOCUMENT("", ""), LG_OK, "", 0},
        {DOCUMENT(SHA, ""), LG_OK, "", 1},
        {DOCUMENT(SHA, "order"), LG_OK, "", 1},
        {DOCUMENT(SHA, "photo"), LG_INVALID_FIELDS, "unknown_document_kind", 1},
        {DOCUMENT("", "order"), LG_INVALID_FIELDS, "required", 0},
        {DOCUMENT("abc", "order"), LG_INVALID_FIELDS, "malformed_sha256", 0},
    };
    import_rig *rig = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        csv_result csv = read_csv(rig, lg_bytes_str(cases[i].text));
        assert_int_equal(csv.err, LG_OK);
        assert_int_equal(judge(rig, &csv.rows[0]), cases[i].err);
        assert_string_equal(rig_codes(rig), cases[i].codes);
        assert_int_equal(rig->submission.document_count, cases[i].count);
    }
    csv_result csv = read_csv(rig, lg_bytes_str(DOCUMENT(SHA, "")));
    assert_int_equal(judge(rig, &csv.rows[0]), LG_OK);
    assert_int_equal(rig->submission.documents[0].kind, LG_DOC_OTHER);
}

static void a_header_cannot_give_all_rows_one_amount(void **state)
{
    import_rig *rig = *state;
    csv_result csv = read_csv(rig, lg_bytes_str(HEAD ROW("A", "")));
    json_t *object = json_pack("{s:s,s:s}", "due_date", "2027-01-21", "amount", "1.00");
    assert_int_equal(import_overlay(object, &csv.rows[0], &rig->report), LG_OK);
    json_decref(object);
    assert_int_equal(invoice_to_submission(&csv.rows[0], 0, &rig->submission, &rig->report),
                     LG_INVALID_FIELDS);
    assert_string_equal(rig_codes(rig), "not_for_csv not_for_csv");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(the_good_example_is_all_good),
        TEST(each_bad_row_of_the_mixed_example_has_its_own_fault),
        TEST(lines_are_counted_through_breaks_and_blanks),
        TEST(malformed_files_are_refused_as_a_whole),
        TEST(a_thousand_rows_are_the_limit),
        TEST(columns_have_a_limit),
        TEST(documents_of_a_row),
        TEST(a_header_cannot_give_all_rows_one_amount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
