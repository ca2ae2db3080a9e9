/* The command-line client without a network: arguments, settings, text for terminals, files, invoice files.
 */
#include "tests/unit/client_rig.h"

#include "server/client/http.h"
#include "server/client/invoice_file.h"
#include "server/client/output.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- arguments and settings ---- */

static client_exit parse(client *c, int argc, const char **argv)
{
    return client_args_parse(c, argc, (char *const *)(uintptr_t)argv);
}

static void test_commands_are_found_by_their_longest_name(void **state)
{
    (void)state;
    int words;
    char *show_claim[] = {(char *)(uintptr_t) "show", (char *)(uintptr_t) "claim"};
    char *submit[] = {(char *)(uintptr_t) "submit", (char *)(uintptr_t) "claim"};
    assert_string_equal(client_command_find(2, show_claim, &words)->name, "show claim");
    assert_int_equal(words, 2);
    assert_string_equal(client_command_find(2, submit, &words)->name, "submit");
    assert_int_equal(words, 1);
    assert_null(client_command_find(1, show_claim, &words));
    client_menu_place place = {0};
    for (const client_command *a; (a = client_command_next(&place));) {
        client_menu_place later = place;
        assert_non_null(a->run);
        assert_non_null(a->help);
        for (const client_command *b; (b = client_command_next(&later));)
            assert_string_not_equal(a->name, b->name);
    }
}

static void test_options_and_operands_mix(void **state)
{
    (void)state;
    client c = new_client("submit");
    const char *argv[] = {"a.xml",      "--amount",   "12.00", "--seller=S", "--json",
                          "--document", "contract=x", "b.xml", "--",         "--c"};
    assert_int_equal(parse(&c, 10, argv), CLIENT_OK);
    assert_int_equal(c.args.operand_count, 3);
    assert_string_equal(c.args.operands[2], "--c");
    assert_string_equal(client_option_value(&c, "amount"), "12.00");
    assert_string_equal(client_option_value(&c, "seller"), "S");
    assert_true(c.json);
    assert_false(client_option_given(&c, "part"));
    end_client(&c);
}

static void test_wrong_arguments_are_usage_errors(void **state)
{
    (void)state;
    static const struct {
        const char *command, *argv[4];
        int argc;
    } wrong[] = {
        {"submit", {"--nonsense"}, 1},      {"submit", {0}, 0},          {"submit", {"f", "--amount"}, 2},
        {"submit", {"f", "--json=yes"}, 2}, {"confirm", {"1", "2"}, 2},  {"version", {"x"}, 1},
        {"confirm", {"1", "--amount="}, 2}, {"confirm", {"-v", "1"}, 2},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        client c = new_client(wrong[i].command);
        assert_int_equal(parse(&c, wrong[i].argc, (const char **)(uintptr_t)wrong[i].argv), CLIENT_USAGE);
        assert_non_null(c.message);
        end_client(&c);
    }
}

static void test_numbers_are_strict(void **state)
{
    (void)state;
    int64_t n = 7;
    assert_true(client_number_parse("0", 0, 10, &n));
    assert_int_equal(n, 0);
    assert_true(client_number_parse("9223372036854775807", 0, INT64_MAX, &n));
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "9223372036854775808", "11"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(client_number_parse(bad[i], 0, 10, &n));
}

static void test_flag_beats_environment_beats_file(void **state)
{
    (void)state;
    char path[] = "/tmp/tallystick-test-XXXXXX";
    static const char text[] =
        "# settings\r\n\nurl = http://file:1\nkey=/file/key\n token = file-token \norigin = file-origin\n";
    client c = new_client("sweep");
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    const char *argv[] = {"--url", "http://flag:1", "--config", path, "--retries", "0"};
    setenv("TALLYSTICK_URL", "http://environment:1", 1);
    setenv("TALLYSTICK_KEY", "/environment/key", 1);
    unsetenv("TALLYSTICK_TOKEN");
    setenv("TALLYSTICK_ORIGIN", "", 1);
    unsetenv("TALLYSTICK_VKEY");
    assert_int_equal(parse(&c, 6, argv), CLIENT_OK);
    assert_int_equal(client_config_load(&c), CLIENT_OK);
    assert_string_equal(c.config.url, "http://flag:1");
    assert_string_equal(c.config.key, "/environment/key");
    assert_string_equal(c.config.token, "file-token");
    assert_string_equal(c.config.origin, "file-origin");
    assert_null(c.config.vkey);
    assert_int_equal(c.attempts, 1);
    unsetenv("TALLYSTICK_URL");
    unsetenv("TALLYSTICK_KEY");
    unsetenv("TALLYSTICK_ORIGIN");
    unlink(path);
    end_client(&c);
}

static void test_faulty_settings_are_named(void **state)
{
    (void)state;
    static const char *const bad[] = {"nonsense\n", "colour = red\n", "url = a\n= b\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        client c = new_client("sweep");
        assert_int_equal(client_config_read(&c, "config", lg_bytes_str(bad[i])), CLIENT_LOCAL);
        assert_non_null(strstr(c.message, "line"));
        end_client(&c);
    }
}

static void test_a_named_settings_file_must_exist(void **state)
{
    (void)state;
    client c = new_client("sweep");
    const char *argv[] = {"--config", "/nonexistent/config"};
    assert_int_equal(parse(&c, 2, argv), CLIENT_OK);
    assert_int_equal(client_config_load(&c), CLIENT_LOCAL);
    end_client(&c);
}

/* ---- text, waiting, files ---- */

static void test_wide_characters_count_two(void **state)
{
    (void)state;
    client c = new_client("version");
    client_output_init(&c);
    assert_int_equal(client_width("abc"), 3);
    assert_int_equal(client_width("华东重工股份有限公司"), 20);
    assert_int_equal(client_width("Präzision"), 9);
    end_client(&c);
}

static void test_text_from_outside_cannot_steer_a_terminal(void **state)
{
    (void)state;
    client c = new_client("version");
    assert_string_equal(client_clean(c.arena, "a\033[31mb\nc\x7f"), "a [31mb c ");
    assert_string_equal(client_clean(c.arena, "a\xc2\x9b"
                                              "b"),
                        "a??b");
    assert_string_equal(client_clean(c.arena, "a\xe2\x80\xae"
                                              "b"),
                        "a???b");
    assert_string_equal(client_clean(c.arena, "bad \xff utf-8"), "bad ? utf-8");
    assert_string_equal(client_clean(c.arena, "苏州精工轴承"), "苏州精工轴承");
    end_client(&c);
}

static void test_waiting_doubles_and_honours_retry_after(void **state)
{
    (void)state;
    assert_int_equal(client_retry_delay_ms(1, -1), 250);
    assert_int_equal(client_retry_delay_ms(2, -1), 500);
    assert_int_equal(client_retry_delay_ms(3, 0), 1000);
    assert_int_equal(client_retry_delay_ms(1, 5), 5000);
    assert_int_equal(client_retry_delay_ms(30, -1), 8000);
    assert_int_equal(client_retry_delay_ms(1, 61), -1);
}

static void test_what_people_type_is_escaped_in_urls(void **state)
{
    (void)state;
    client c = new_client("version");
    assert_string_equal(client_url_escape(c.arena, "a-b_c.~9"), "a-b_c.~9");
    assert_string_equal(client_url_escape(c.arena, "../x?y=1&é"), "..%2Fx%3Fy%3D1%26%C3%A9");
    end_client(&c);
}

static void test_files_are_replaced_whole_and_read_within_bounds(void **state)
{
    (void)state;
    client c = new_client("version");
    char folder[] = "/tmp/tallystick-test-XXXXXX", hex[65];
    struct stat st;
    lg_bytes got;
    assert_non_null(mkdtemp(folder));
    const char *path = lg_arena_printf(c.arena, "%s/a/b/file", folder);
    assert_int_equal(client_file_write(&c, path, 0600, lg_bytes_str("x")), CLIENT_LOCAL);
    assert_int_equal(client_directories_make(&c, path), CLIENT_OK);
    assert_int_equal(client_file_write(&c, path, 0600, lg_bytes_str("first")), CLIENT_OK);
    assert_int_equal(client_file_write(&c, path, 0600, lg_bytes_str("abc")), CLIENT_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(client_file_read(&c, c.arena, path, 3, &got), CLIENT_OK);
    assert_int_equal(got.len, 3);
    assert_memory_equal(got.data, "abc", 3);
    assert_int_equal(client_file_read(&c, c.arena, path, 2, &got), CLIENT_LOCAL);
    assert_int_equal(client_file_digest(&c, path, hex), CLIENT_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    unlink(path);
    rmdir(lg_arena_printf(c.arena, "%s/a/b", folder));
    rmdir(lg_arena_printf(c.arena, "%s/a", folder));
    assert_int_equal(rmdir(folder), 0);
    end_client(&c);
}

/* ---- invoice files ---- */

static void test_formats_are_told_from_the_content(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        invoice_format format;
    } files[] = {
        {" \n{\"invoice\":{}}", INVOICE_JSON},
        {"<?xml version=\"1.0\"?><Invoice xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\">",
         INVOICE_UBL},
        {"\xef\xbb\xbf<rsm:CrossIndustryInvoice xmlns:rsm=\"urn:x\">", INVOICE_CII},
        {"<html>", INVOICE_XML},
        {"\xef\xbb\xbfnumber,issue_date\n1,2\n", INVOICE_CSV},
        {"\"Number\";\"issue_date\"\n", INVOICE_CSV},
        {"hello, world\n", INVOICE_UNKNOWN},
        {"", INVOICE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        assert_int_equal(client_invoice_detect(lg_bytes_str(files[i].text)), files[i].format);
}

static void expect_payload(client *c, const char *file, const invoice_terms *terms, const char *payload)
{
    client_act act;
    assert_int_equal(client_invoice_act(c, c->arena, lg_bytes_str(file), INVOICE_JSON, terms, &act),
                     CLIENT_OK);
    assert_int_equal(act.payload.len, strlen(payload));
    assert_memory_equal(act.payload.data, payload, act.payload.len);
    assert_null(act.cty);
}

static void test_json_invoices_are_completed_not_rewritten(void **state)
{
    (void)state;
    client c = new_client("submit");
    invoice_terms none = {0}, terms = {.buyer = "B", .amount = "5.00", .due_date = "2027-01-31"};
    static const char whole[] = "{ \"invoice\": {\"number\": \"1\", \"gross_amount\": 1.10} }";
    expect_payload(&c, whole, &none, whole);
    expect_payload(&c, "{\"number\":\"1\"}", &none, "{\"invoice\":{\"number\":\"1\"}}");
    expect_payload(&c, "{\"invoice\":{\"number\":\"1\",\"buyer\":{\"name\":\"N\"}},\"amount\":\"9.00\"}",
                   &terms,
                   "{\"invoice\":{\"number\":\"1\",\"buyer\":{\"name\":\"N\",\"participant\":\"B\"},\"due_"
                   "date\":\"2027-01-31\"},"
                   "\"amount\":\"5.00\"}");
    end_client(&c);
}

static void test_xml_and_csv_are_sent_as_they_are(void **state)
{
    (void)state;
    client c = new_client("submit");
    client_act act;
    invoice_terms terms = {.seller = "S", .part = "1/2"};
    lg_bytes file = lg_bytes_str("<x/>");
    assert_int_equal(client_invoice_act(&c, c.arena, file, INVOICE_UBL, &terms, &act), CLIENT_OK);
    assert_ptr_equal(act.payload.data, file.data);
    assert_string_equal(act.cty, "application/xml");
    assert_string_equal(act.submission, "{\"seller\":\"S\",\"part\":\"1/2\"}");
    assert_int_equal(client_invoice_act(&c, c.arena, file, INVOICE_CSV, &terms, &act), CLIENT_USAGE);
    terms.part = NULL;
    assert_int_equal(client_invoice_act(&c, c.arena, file, INVOICE_CSV, &terms, &act), CLIENT_OK);
    assert_string_equal(act.cty, "text/csv");
    assert_int_equal(client_invoice_act(&c, c.arena, file, INVOICE_UNKNOWN, &terms, &act), CLIENT_LOCAL);
    end_client(&c);
}

static void test_documents_are_files_or_digests(void **state)
{
    (void)state;
    static const char digest[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    char path[] = "/tmp/tallystick-test-XXXXXX";
    client c = new_client("submit");
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "abc", 3), 3);
    close(fd);
    const char *argv[] = {"f", "--document", lg_arena_printf(c.arena, "order=%s", digest), "--document",
                          lg_arena_printf(c.arena, "contract=%s", path)};
    invoice_terms terms;
    json_t *documents;
    assert_int_equal(parse(&c, 5, argv), CLIENT_OK);
    assert_int_equal(client_invoice_terms(&c, &terms, &documents), CLIENT_OK);
    assert_int_equal(json_array_size(documents), 2);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(documents, i), "sha256")),
                            digest);
    assert_string_equal(json_string_value(json_object_get(json_array_get(documents, 1), "kind")), "contract");
    json_decref(documents);
    unlink(path);
    c.args.option_count = 0;
    const char *missing[] = {"f", "--document", "contract=/nonexistent"};
    assert_int_equal(parse(&c, 3, missing), CLIENT_OK);
    assert_int_equal(client_invoice_terms(&c, &terms, &documents), CLIENT_LOCAL);
    json_decref(documents);
    end_client(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_are_found_by_their_longest_name),
        cmocka_unit_test(test_options_and_operands_mix),
        cmocka_unit_test(test_wrong_arguments_are_usage_errors),
        cmocka_unit_test(test_numbers_are_strict),
        cmocka_unit_test(test_flag_beats_environment_beats_file),
        cmocka_unit_test(test_faulty_settings_are_named),
        cmocka_unit_test(test_a_named_settings_file_must_exist),
        cmocka_unit_test(test_wide_characters_count_two),
        cmocka_unit_test(test_text_from_outside_cannot_steer_a_terminal),
        cmocka_unit_test(test_waiting_doubles_and_honours_retry_after),
        cmocka_unit_test(test_what_people_type_is_escaped_in_urls),
        cmocka_unit_test(test_files_are_replaced_whole_and_read_within_bounds),
        cmocka_unit_test(test_formats_are_told_from_the_content),
        cmocka_unit_test(test_json_invoices_are_completed_not_rewritten),
        cmocka_unit_test(test_xml_and_csv_are_sent_as_they_are),
        cmocka_unit_test(test_documents_are_files_or_digests),
    };
    return cmocka_run_group_tests_name("client", tests, set_up, NULL);
}
