/* The 34 example invoices of the EN 16931 validation artefacts (EUPL-1.2). They are no part of the project:
 * where they do not lie beside the checkout, these tests are skipped. */
#include "tests/unit/import_rig.h"

#include <dirent.h>

#define CORPUS "../shared/data/en16931"

/* A file's outcome: refused with `err` and these fault codes, or read as these values. Sums in minor units;
 * parties as "scheme:value" of each identifier. */
static const struct outcome {
    const char *path;
    lg_err err;
    const char *codes;
    struct {
        const char *number, *issue_date, *due_date, *currency;
        int64_t gross_minor, payable_minor;
        const char *seller, *buyer, *payee;
    } values;
} corpus[] = {
    {.path = "cii/CII-BR-CO-10-RoundingIssue.xml",
     .err = LG_NOT_A_RECEIVABLE,
     .codes = "nothing_due nothing_due"},
    {.path = "cii/CII_business_example_01.xml",
     .values = {"TOSL108", "2013-06-30", "2013-07-20", "NOK", 180178, 80178,
                "tax_id:NO123456789MVA registration_no:123456789 gln:1238764941386",
                "tax_id:NO987654321MVA registration_no:987654321 gln:3456789012098", "Ebeneser Scrooge AS"}},
    {.path = "cii/CII_business_example_02.xml",
     .values = {"INV000013", "2013-08-25", "2013-05-10", "EUR", 1190, 1190,
                "tax_id:DE1111111 registration_no:111111111", "gln:1111111111", ""}},
    {.path = "cii/CII_business_example_Z.xml",
     .values = {"2016166", "2015-01-09", "2015-01-09", "EUR", 1169387, 1169387,
                "tax_id:DE3730230168 registration_no:57151520", "", ""}},
    {.path = "cii/CII_example1.xml",
     .values = {"12115118", "2015-01-09", "2015-01-09", "EUR", 25033, 25033,
                "tax_id:NL820098395B01 registration_no:57151520", "", ""}},
    {.path = "cii/CII_example2.xml",
     .values = {"TOSL108", "2013-06-30", "2013-07-20", "NOK", 180178, 80178,
                "tax_id:NO123456789MVA registration_no:123456789 gln:1238764941386",
                "tax_id:NO987654321MVA registration_no:987654321 gln:3456789012098", "Ebeneser Scrooge AS"}},
    {.path = "cii/CII_example3.xml",
     .values = {"TOSL108", "2013-04-10", "2013-05-10", "DKK", 112500, 112500,
                "tax_id:DK16356706 registration_no:DK16356706", "gln:5790000435975", ""}},
    {.path = "cii/CII_example4.xml",
     .values = {"TOSL110", "2013-04-10", "2013-05-10", "DKK", 467500, 467500,
                "tax_id:DK16356706 registration_no:DK16356706 gln:5790000436101", "gln:5790000436057", ""}},
    {.path = "cii/CII_example5.xml",
     .values = {"TOSL110", "2013-04-10", "2013-05-10", "DKK", 467500, 233750,
                "tax_id:NL16356706 registration_no:NL16356706 gln:5790000436101",
                "tax_id:DK16356607 registration_no:DK16356607 gln:5790000436057", "Dagobert Duck"}},
    {.path = "cii/CII_example6.xml",
     .values = {"TOSL110", "2013-04-10", "2013-05-10", "DKK", 467500, 467500, "tax_id:DK123456789MVA", "",
                ""}},
    {.path = "cii/CII_example7.xml", .err = LG_NOT_A_RECEIVABLE, .codes = "no_due_date"},
    {.path = "cii/CII_example8.xml",
     .values = {"1100512149", "2014-11-10", "2014-11-24", "EUR", 109978, 109978,
                "tax_id:NL809561074B01 registration_no:17131139", "", ""}},
    {.path = "cii/CII_example9.xml",
     .values = {"20150483", "2015-04-01", "2015-04-15", "EUR", 17787, 17787,
                "tax_id:NL809163160B01 registration_no:32081330AMERSFOORT", "", ""}},
    {.path = "cii/XRechnung-O.xml",
     .values = {"150377292", "2021-01-14", "2021-01-01", "EUR", 38554460, 38554460,
                "tax_id:XX registration_no:XX", "", ""}},
    {.path = "cii/huf_example_cii.xml",
     .values = {"21/001003559/996", "2021-10-05", "2021-11-01", "HUF", 8785900, 8785900, "tax_id:HU30048650",
                "tax_id:DE242688168", ""}},
    {.path = "ubl/BIS3_Invoice_negativ.XML",
     .err = LG_NOT_A_RECEIVABLE,
     .codes = "negative_amount negative_amount"},
    {.path = "ubl/BIS3_Invoice_positive.XML",
     .values = {"12345", "2019-01-25", "2019-02-24", "DKK", 78217943, 78217943,
                "tax_id:DK12345678 registration_no:DK12345678",
                "tax_id:DK87654321 registration_no:DK87654321", ""}},
    {.path = "ubl/FT G2G_TD01 con Allegato, Bonifico e Split Payment.xml",
     .err = LG_NOT_A_RECEIVABLE,
     .codes = "no_due_date"},
    {.path = "ubl/guide-example1.xml",
     .values = {"12115118", "2015-01-09", "2015-01-09", "EUR", 25033, 25033,
                "tax_id:NL820098395B01 registration_no:57151520", "", ""}},
    {.path = "ubl/guide-example2.xml",
     .values = {"TOSL108", "2013-06-30", "2013-07-20", "NOK", 180178, 80178,
                "tax_id:NO123456789MVA registration_no:123456789 gln:1238764941386",
                "tax_id:NO987654321MVA registration_no:987654321 gln:3456789012098", "Ebeneser Scrooge AS"}},
    {.path = "ubl/guide-example3.xml",
     .values = {"TOSL108", "2013-04-10", "2013-05-10", "DKK", 112500, 112500,
                "tax_id:DK16356706 registration_no:DK16356706 gln:1238764941386", "gln:5790000435975", ""}},
    {.path = "ubl/issue116.xml",
     .values = {"2018210", "2018-02-08", "2018-03-07", "SEK", 83000, 83000,
                "tax_id:SE123456789001 registration_no:1234567890",
                "tax_id:SE123451234501 registration_no:1234512345", ""}},
    {.path = "ubl/sample-discount-price.xml",
     .values = {"test decimal 1", "2018-02-05", "2018-02-28", "EUR", 1515, 1515,
                "tax_id:HR46830600751 registration_no:086374645",
                "tax_id:HR46830600751 registration_no:08634543", ""}},
    {.path = "ubl/ubl-tc434-creditnote1.xml", .err = LG_NOT_A_RECEIVABLE, .codes = "credit_note"},
    {.path = "ubl/ubl-tc434-example1.xml",
     .values = {"12115118", "2015-01-09", "2015-01-09", "EUR", 25033, 25033,
                "tax_id:NL820098395B01 registration_no:57151520", "", ""}},
    {.path = "ubl/ubl-tc434-example10.xml",
     .values = {"12115118", "2015-01-09", "2015-01-09", "EUR", 25033, 25033,
                "tax_id:NL820098395B01 registration_no:57151520", "", ""}},
    {.path = "ubl/ubl-tc434-example2.xml",
     .values = {"TOSL108", "2013-06-30", "2013-07-20", "NOK", 180178, 80178,
                "tax_id:NO123456789MVA registration_no:123456789 gln:1238764941386",
                "tax_id:NO987654321MVA registration_no:987654321 gln:3456789012098", "Ebeneser Scrooge AS"}},
    {.path = "ubl/ubl-tc434-example3.xml",
     .values = {"TOSL108", "2013-04-10", "2013-05-10", "DKK", 200500, 200500,
                "tax_id:DK16356706 registration_no:DK16356706 gln:1238764941386",
                "tax_id:NO987654321MVA registration_no:987654321 gln:5790000435975", ""}},
    {.path = "ubl/ubl-tc434-example4.xml",
     .values = {"TOSL110", "2013-04-10", "2013-05-10", "DKK", 467500, 467500,
                "tax_id:DK16356706 registration_no:DK16356706 gln:5790000436101", "gln:5790000436057", ""}},
    {.path = "ubl/ubl-tc434-example5.xml",
     .values = {"TOSL110", "2013-04-10", "2013-05-10", "DKK", 467500, 233750,
                "tax_id:NL16356706 registration_no:NL16356706 gln:5790000436101",
                "tax_id:DK16356607 registration_no:DK16356607 gln:5790000436057", "Dagobert Duck"}},
    {.path = "ubl/ubl-tc434-example6.xml",
     .values = {"TOSL110", "2013-04-10", "2013-05-10", "DKK", 467500, 467500, "tax_id:DK123456789MVA", "",
                ""}},
    {.path = "ubl/ubl-tc434-example7.xml", .err = LG_NOT_A_RECEIVABLE, .codes = "no_due_date"},
    {.path = "ubl/ubl-tc434-example8.xml",
     .values = {"1100512149", "2014-11-10", "2014-11-24", "EUR", 109978, 109978,
                "tax_id:NL809561074B01 registration_no:17131139", "", ""}},
    {.path = "ubl/ubl-tc434-example9.xml",
     .values = {"20150483", "2015-04-01", "2015-04-14", "EUR", 17787, 17787,
                "tax_id:NL809163160B01 registration_no:32081330AMERSFOORT", "", ""}},
};
enum { CORPUS_COUNT = sizeof corpus / sizeof *corpus };

static const char *identifiers_of(import_rig *rig, const lg_party_ref *party)
{
    const char *text = "";
    for (size_t i = 0; i < party->identifier_count; i++)
        text = lg_arena_printf(rig->arena, "%s%s%s:%s", text, *text ? " " : "",
                               lg_scheme_name(party->identifiers[i].scheme), party->identifiers[i].value);
    return text;
}

static bool is_expected(import_rig *rig, const struct outcome *outcome, lg_err err)
{
    const lg_submission *got = &rig->submission;
    if (err != outcome->err || strcmp(rig_codes(rig), outcome->codes ? outcome->codes : "") != 0)
        return false;
    if (err)
        return rig->report.detail != NULL;
    return strcmp(got->number, outcome->values.number) == 0 &&
           strcmp(lg_day_format(got->issue_day).s, outcome->values.issue_date) == 0 &&
           strcmp(lg_day_format(got->due_day).s, outcome->values.due_date) == 0 &&
           strcmp(got->currency.code, outcome->values.currency) == 0 &&
           got->gross_minor == outcome->values.gross_minor &&
           got->payable_minor == outcome->values.payable_minor &&
           got->amount_minor == outcome->values.payable_minor &&
           strcmp(identifiers_of(rig, &got->seller), outcome->values.seller) == 0 &&
           strcmp(identifiers_of(rig, &got->buyer), outcome->values.buyer) == 0 &&
           strcmp(got->has_payee ? got->payee.name : "", outcome->values.payee) == 0;
}

static void every_file_has_its_outcome(void **state)
{
    import_rig *rig = *state;
    if (!rig_read(rig, CORPUS "/"
                              "LICENSE.txt")
             .data)
        skip();
    int wrong = 0;
    for (size_t i = 0; i < CORPUS_COUNT; i++) {
        rig_reset(rig);
        lg_bytes document = rig_read(rig, lg_arena_printf(rig->arena, CORPUS "/%s", corpus[i].path));
        assert_non_null(document.data);
        lg_err err = rig_xml(rig, document, 0);
        if (is_expected(rig, &corpus[i], err))
            continue;
        wrong++;
        print_error("%s: %s, %s\n", corpus[i].path, lg_err_slug(err), rig_codes(rig));
        rig_print_faults(rig);
    }
    assert_int_equal(wrong, 0);
}

static size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static void no_file_is_left_out(void **state)
{
    (void)state;
    size_t count = count_files(CORPUS "/ubl") + count_files(CORPUS "/cii");
    if (count == 0)
        skip();
    assert_int_equal(count, CORPUS_COUNT);
}

/* What has no due date is registered where the policy has a default tenor. */
static void a_default_tenor_lets_three_more_in(void **state)
{
    import_rig *rig = *state;
    if (!rig_read(rig, CORPUS "/LICENSE.txt").data)
        skip();
    size_t by_policy = 0;
    for (size_t i = 0; i < CORPUS_COUNT; i++) {
        if (!corpus[i].codes || strcmp(corpus[i].codes, "no_due_date") != 0)
            continue;
        rig_reset(rig);
        lg_bytes document = rig_read(rig, lg_arena_printf(rig->arena, CORPUS "/%s", corpus[i].path));
        assert_int_equal(rig_xml(rig, document, 60), LG_OK);
        assert_true(rig->submission.due_day_by_policy);
        assert_int_equal(rig->submission.due_day, rig->submission.issue_day + 60);
        by_policy++;
    }
    assert_int_equal(by_policy, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(every_file_has_its_outcome),
        TEST(no_file_is_left_out),
        TEST(a_default_tenor_lets_three_more_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
