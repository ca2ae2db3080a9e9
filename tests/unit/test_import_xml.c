/* XML that wants to do harm, and XML that only looks strange. */
#include "tests/unit/import_rig.h"

#include <fcntl.h>
#include <unistd.h>

static lg_err import(import_rig *rig, lg_bytes document)
{
    rig_reset(rig);
    return import_xml(document, &rig->invoice, &rig->report);
}

static lg_err import_text(import_rig *rig, const char *document)
{
    return import(rig, lg_bytes_str(document));
}

#define NO_DOCTYPE                                                                                           \
    "The document has a DOCTYPE declaration; an invoice needs none and the registry takes none."

static void no_doctype_is_taken(void **state)
{
    static const char *const documents[] = {
        "<!DOCTYPE Invoice><Invoice/>",
        "<!DOCTYPE Invoice SYSTEM 'http://127.0.0.1:9/invoice.dtd'><Invoice/>",
        "<!DOCTYPE Invoice PUBLIC 'x' 'file:///etc/passwd'><Invoice/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x'> %x;]><a/>",
        "<?xml version='1.0' standalone='yes'?>\n<!-- c --><!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
    };
    import_rig *rig = *state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        assert_int_equal(import_text(rig, documents[i]), LG_MALFORMED_XML);
        assert_string_equal(rig->report.detail, NO_DOCTYPE);
    }
}

static void a_billion_laughs_end_before_the_first(void **state)
{
    import_rig *rig = *state;
    lg_buf bomb = {0};
    lg_buf_str(&bomb, "<!DOCTYPE lolz [<!ENTITY lol0 'lol'>");
    for (int i = 1; i < 10; i++) {
        lg_buf_printf(&bomb, "<!ENTITY lol%d '", i);
        for (int k = 0; k < 10; k++)
            lg_buf_printf(&bomb, "&lol%d;", i - 1);
        lg_buf_str(&bomb, "'>");
    }
    lg_buf_str(&bomb, "]><lolz>&lol9;</lolz>");
    assert_int_equal(import(rig, lg_buf_bytes(&bomb)), LG_MALFORMED_XML);
    assert_string_equal(rig->report.detail, NO_DOCTYPE);
    lg_buf_clear(&bomb);
}

static void repeat(lg_buf *buf, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        lg_buf_str(buf, text);
}

static void assert_refused(import_rig *rig, lg_buf *document, lg_err err, const char *why)
{
    assert_int_equal(import(rig, lg_buf_bytes(document)), err);
    assert_non_null(rig->report.detail);
    if (!strstr(rig->report.detail, why))
        fail_msg("%s", rig->report.detail);
    lg_buf_reset(document);
}

static void what_would_cost_too_much_is_refused(void **state)
{
    import_rig *rig = *state;
    lg_buf document = {0};
    repeat(&document, "<a>", 101);
    repeat(&document, "</a>", 101);
    assert_refused(rig, &document, LG_MALFORMED_XML, "nested deeper");
    repeat(&document, "<a>", 1000000);
    assert_refused(rig, &document, LG_MALFORMED_XML, "nested deeper");

    lg_buf_str(&document, "<a>");
    repeat(&document, "<a/>", 300000);
    lg_buf_str(&document, "</a>");
    assert_refused(rig, &document, LG_MALFORMED_XML, "more elements and attributes");

    lg_buf_str(&document, "<a");
    for (int i = 0; i < 300000; i++)
        lg_buf_printf(&document, " a%d='>'", i);
    lg_buf_str(&document, "/>");
    assert_refused(rig, &document, LG_MALFORMED_XML, "A tag is longer than 8192 bytes.");

    for (int i = 0; i < 90; i++)
        lg_buf_printf(&document, "<a xmlns:n%d='u' xmlns:m='v'>", i);
    assert_refused(rig, &document, LG_MALFORMED_XML, "more namespaces");

    lg_buf_str(&document, "<a>");
    repeat(&document, " ", GW_XML_LEN_MAX);
    lg_buf_str(&document, "</a>");
    assert_refused(rig, &document, LG_BODY_TOO_LARGE, "larger than");
    lg_buf_clear(&document);
}

#define CBC "xmlns:c='urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2'"
#define UBL "<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2' " CBC ">"

static void what_only_looks_strange_is_read(void **state)
{
    static const char *const documents[] = {
        UBL "<c:ID>7 &amp; 8</c:ID></Invoice>",
        "\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\n" UBL "<c:ID>7 &amp; 8</c:ID></Invoice>",
        "<!-- > \" ' <a --><?x <a b=\"?>" UBL "<c:ID><![CDATA[7 & 8]]></c:ID></Invoice>",
        UBL "<!-- <c:ID>9</c:ID> --><c:ID>7 <!-- x -->&#38;<?p?> 8</c:ID></Invoice>",
        UBL "<ID>9</ID><d:ID xmlns:d='urn:other'>9</d:ID><c:ID>\n7\t&amp; 8 </c:ID></Invoice>",
        "<u:Invoice xmlns:u='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'><ID "
        "xmlns='urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2'>7 &amp; "
        "8</ID></u:Invoice>",
    };
    import_rig *rig = *state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        assert_int_equal(import_text(rig, documents[i]), LG_OK);
        assert_string_equal(rig->invoice.number.text, "7 & 8");
        assert_string_equal(rig->invoice.number.pointer, "/Invoice/cbc:ID");
    }
}

static void a_large_attachment_is_read_over(void **state)
{
    import_rig *rig = *state;
    lg_buf document = {0};
    lg_buf_str(&document, UBL "<c:ID>1</c:ID><c:EmbeddedDocumentBinaryObject>");
    repeat(&document, "JVBERi0xLjQKJcfsj6IKNSAwIG9iago8PC9MZW5n", 150000);
    lg_buf_str(&document, "</c:EmbeddedDocumentBinaryObject></Invoice>");
    assert_in_range(document.len, 5900000, GW_XML_LEN_MAX);
    assert_int_equal(import(rig, lg_buf_bytes(&document)), LG_OK);
    assert_string_equal(rig->invoice.number.text, "1");
    lg_buf_clear(&document);
}

static void malformed_text_is_named_by_line(void **state)
{
    import_rig *rig = *state;
    assert_int_equal(import_text(rig, "<a>\n<b>\n</a>"), LG_MALFORMED_XML);
    assert_string_equal(rig->report.detail, "Line 3: Opening and ending tag mismatch: b line 2 and a.");
    static const char *const documents[] = {
        "",
        " ",
        "no xml",
        "{\"a\":1}",
        "<a",
        "<a b='",
        "<a></b>",
        "<a/><b/>",
        "<a>&undefined;</a>",
        "<a:b/>x",
        "<!--",
        "<![CDATA[",
        "<?xml version='1.0' encoding='UTF-16'?>",
        "<a b='1' b='2'/>",
        "<a>\x01</a>",
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        assert_int_equal(import_text(rig, documents[i]), LG_MALFORMED_XML);
        assert_non_null(rig->report.detail);
    }
    assert_int_equal(import_text(rig, "<a>\xd6\xd0</a>"), LG_MALFORMED_XML);
    assert_string_equal(rig->report.detail, "The document is not UTF-8.");
    assert_int_equal(import(rig, lg_bytes_of("\xff\xfe<\0a\0/\0>\0", 10)), LG_MALFORMED_XML);
    assert_int_equal(import(rig, lg_bytes_of("<a>\0</a>", 8)), LG_MALFORMED_XML);
}

/* libxml2 writes its complaints to standard error unless told otherwise; they hold parts of the document. */
static void nothing_reaches_standard_error(void **state)
{
    import_rig *rig = *state;
    FILE *sink = tmpfile();
    assert_non_null(sink);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fileno(sink), STDERR_FILENO) >= 0);
    lg_err mismatch = import_text(rig, "<a><b secret='1'></a>");
    lg_err doctype = import_text(rig, "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///none'>]><a>&x;</a>");
    lg_err namespaced = import_text(rig, "<n:a b:c='1'/>");
    lg_err warned = import_text(rig, "<a xmlns='relative'/>");
    fflush(stderr);
    long written = lseek(STDERR_FILENO, 0, SEEK_END);
    dup2(kept, STDERR_FILENO);
    close(kept);
    fclose(sink);
    assert_int_equal(written, 0);
    assert_int_equal(mismatch, LG_MALFORMED_XML);
    assert_int_equal(doctype, LG_MALFORMED_XML);
    assert_int_equal(namespaced, LG_MALFORMED_XML);
    assert_int_equal(warned, LG_NOT_A_RECEIVABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(no_doctype_is_taken),
        TEST(a_billion_laughs_end_before_the_first),
        TEST(what_would_cost_too_much_is_refused),
        TEST(what_only_looks_strange_is_read),
        TEST(a_large_attachment_is_read_over),
        TEST(malformed_text_is_named_by_line),
        TEST(nothing_reaches_standard_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
