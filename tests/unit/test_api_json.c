/* The API's own parts: the route table against schema/openapi.json, cursors, and resources as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ledger/base/json.h"
#include "ledger/log/note.h"
#include "server/api/serve.h"

#include <stdio.h>
#include <string.h>

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

static json_t *parse_take(lg_buf *buf)
{
    lg_report report;
    json_t *value = NULL;
    lg_report_init(&report, arena);
    if (lg_json_load(lg_buf_bytes(buf), &value, &report) != LG_OK)
        fail_msg("not JSON: %s: %.*s", report.detail, (int)buf->len, buf->data);
    lg_buf_clear(buf);
    return value;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* ---- routes ---- */

static size_t list_len(const char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

static bool list_has(const char *const *list, const char *text)
{
    for (size_t i = 0; list && list[i]; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static void every_route_is_unique_and_whole(void **state)
{
    (void)state;
    size_t commands[LG_CMD_COUNT] = {0};
    for (size_t i = 0; i < api_route_count; i++) {
        const http_route *route = &api_routes[i];
        for (size_t j = 0; j < i; j++)
            if (strcmp(route->path, api_routes[j].path) == 0)
                assert_int_not_equal(route->method, api_routes[j].method);
        assert_non_null(route->handler);
        assert_int_equal(route->method == HTTP_POST, list_len(route->types) > 0);
        assert_int_equal(route->method == HTTP_POST, route->body_max > 0);
        if (route->handler == post_command) {
            lg_command_type type = *(const lg_command_type *)route->arg;
            assert_true(type < LG_CMD_COUNT);
            commands[type]++;
        }
    }
    assert_int_equal(commands[LG_CMD_GENESIS], 0);
    for (int type = LG_CMD_GENESIS + 1; type < LG_CMD_COUNT; type++)
        assert_int_equal(commands[type], 1);
}

static const http_route *find_route(http_method method, const char *path)
{
    if (strcmp(path, "/tile/{level}/{n}") == 0)
        path = "/tile/{rest*}"; /* OpenAPI has no parameter that spans segments */
    for (size_t i = 0; i < api_route_count; i++)
        if (api_routes[i].method == method && strcmp(api_routes[i].path, path) == 0)
            return &api_routes[i];
    fail_msg("%s is described but not served", path);
    return NULL;
}

/* A parameter as written, or the shared one that a $ref names. */
static const json_t *resolve_parameter(const json_t *document, const json_t *parameter)
{
    static const char prefix[] = "#/components/parameters/";
    const char *ref = json_string_value(json_object_get(parameter, "$ref"));
    if (!ref)
        return parameter;
    assert_memory_equal(ref, prefix, sizeof prefix - 1);
    const json_t *shared = json_object_get(json_object_get(document, "components"), "parameters");
    const json_t *found = json_object_get(shared, ref + sizeof prefix - 1);
    assert_non_null(found);
    return found;
}

/* The scope that the description names for a bearer; NULL if it takes none. */
static const char *scope_in(const json_t *operation)
{
    size_t i;
    json_t *way;
    json_array_foreach(json_object_get(operation, "security"), i, way)
    {
        const json_t *scopes = json_object_get(way, "bearer");
        if (scopes)
            return json_string_value(json_array_get(scopes, 0));
    }
    return NULL;
}

static void check_operation(const json_t *document, const http_route *route, const json_t *operation)
{
    size_t i, query_count = 0;
    const json_t *parameter;
    const char *type;
    json_t *content;
    json_array_foreach(json_object_get(operation, "parameters"), i, parameter)
    {
        parameter = resolve_parameter(document, parameter);
        if (strcmp(text_of(parameter, "in"), "query") != 0)
            continue;
        if (!list_has(route->query, text_of(parameter, "name")))
            fail_msg("%s does not take %s", route->path, text_of(parameter, "name"));
        query_count++;
    }
    assert_int_equal(query_count, list_len(route->query));
    if (route->handler == post_command) {
        const char *scope = lg_scope_name(lg_command_scope(*(const lg_command_type *)route->arg));
        if (!scope_in(operation) || strcmp(scope_in(operation), scope) != 0)
            fail_msg("%s needs the scope %s", route->path, scope);
    }
    json_t *types = json_object_get(json_object_get(operation, "requestBody"), "content");
    json_object_foreach(types, type, content)
    {
        if (!list_has(route->types, type))
            fail_msg("%s does not take %s", route->path, type);
    }
    assert_int_equal(json_object_size(types), list_len(route->types));
}

static void routes_are_those_of_openapi(void **state)
{
    (void)state;
    lg_report report;
    json_t *document, *operations, *operation;
    const char *path, *method;
    size_t described = 0;
    lg_report_init(&report, arena);
    assert_int_equal(lg_json_load(api_openapi(LANGUAGE_ENGLISH), &document, &report), LG_OK);
    json_object_foreach(json_object_get(document, "paths"), path, operations)
    {
        json_object_foreach(operations, method, operation)
        {
            check_operation(document, find_route(strcmp(method, "post") == 0 ? HTTP_POST : HTTP_GET, path),
                            operation);
            described++;
        }
    }
    assert_int_equal(described, api_route_count);
    json_decref(document);
}

/* ---- cursors and numbers ---- */

static void cursors_come_back(void **state)
{
    (void)state;
    static const int64_t numbers[] = {1, 9, 10, 4096, 1234567890123, LG_SEQ_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int64_t no = -1;
        assert_true(api_cursor_parse(arena, api_cursor(arena, numbers[i]), &no));
        assert_int_equal(no, numbers[i]);
    }
}

static void other_texts_are_no_cursors(void **state)
{
    (void)state;
    /* garbage; "v1:"; "v1:0"; "v1:-1"; "v1:01"; "v2:7"; "v1:7\0"; "v1:7 "; padded; "v1:" and 2^60 */
    static const char *const texts[] = {"",        "7",       "!!!!",     "djE6",
                                        "djE6MA",  "djE6LTE", "djE6MDE",  "djI6Nw",
                                        "djE6NwA", "djE6NyA", "djE6Nw==", "djE6MTE1MjkyMTUwNDYwNjg0Njk3Ng"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t no = -1;
        if (api_cursor_parse(arena, texts[i], &no))
            fail_msg("'%s' was taken for a cursor", texts[i]);
        assert_int_equal(no, -1);
    }
}

static void numbers_are_plain(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "01", "1.0", "1e3", "0x10", "9007199254740992", "99999999999999999999"};
    int64_t value;
    assert_true(api_number_parse("0", &value));
    assert_int_equal(value, 0);
    assert_true(api_number_parse("9007199254740991", &value));
    assert_int_equal(value, LG_SEQ_MAX);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(api_number_parse(bad[i], &value));
    /* Row numbers, and with them cursors, go as far as the entries they are made of. */
    assert_true(api_row_no_parse("1152921504606846975", &value));
    assert_int_equal(value, lg_row_no(LG_SEQ_MAX, LG_ROW_INDEX_MAX));
    assert_int_equal(lg_row_seq(value), LG_SEQ_MAX);
    assert_int_equal(lg_row_index(value), LG_ROW_INDEX_MAX);
    assert_false(api_row_no_parse("1152921504606846976", &value));
    assert_true(api_cursor_parse(arena, api_cursor(arena, value), &value));
}

/* ---- entries and receipts ---- */

static const lg_shares all = {.all = true}, none = {0};

static lg_entry_row make_entry(bool with_facts)
{
    static const lg_fact facts[] = {{"amount", "\"12.00\""}, {"parties", "[1,{\"a\":null}]"}};
    lg_entry entry = {
        .seq = 7, .at = 1790000000123456, .type = "claim.accepted", .digest_count = with_facts ? 2 : 0};
    const lg_disclosures disclosures = lg_disclose_facts(arena, facts, entry.digest_count);
    entry.digests = disclosures.digests;
    lg_entry_row row = {.seq = 7, .disclosures = disclosures.joined};
    assert_int_equal(lg_entry_encode(arena, &entry, &row.body), LG_OK);
    return row;
}

static void an_entry_shows_its_facts_to_parties_only(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_entry_row row = make_entry(true);
    assert_int_equal(json_entry(&buf, arena, &row, &all), LG_OK);
    json_t *shown = parse_take(&buf);
    assert_int_equal(json_integer_value(json_object_get(shown, "seq")), 7);
    assert_string_equal(text_of(shown, "type"), "claim.accepted");
    assert_string_equal(text_of(shown, "at"), "2026-09-21T14:13:20.123456Z");
    assert_string_equal(text_of(shown, "entry"), (const char *)row.body.data);
    assert_int_equal(strlen(text_of(shown, "leaf")), 64);
    assert_int_equal(json_array_size(json_object_get(shown, "disclosures")), 2);
    const json_t *facts = json_object_get(shown, "facts");
    assert_int_equal(json_object_size(facts), 2);
    assert_string_equal(text_of(facts, "amount"), "12.00");
    assert_true(json_is_null(json_object_get(json_array_get(json_object_get(facts, "parties"), 1), "a")));
    json_decref(shown);

    assert_int_equal(json_entry(&buf, arena, &row, &none), LG_OK);
    shown = parse_take(&buf);
    assert_int_equal(json_object_size(shown), 5);
    json_decref(shown);
}

static void a_share_shows_no_other_part(void **state)
{
    (void)state;
    static const lg_fact facts[] = {
        {"claim_id", "\"c\""}, {"note", "\"n\""}, {"part_1", "1"}, {"part_2", "2"}};
    static const struct {
        int share;
        const char *shown[4]; /* of the facts above, in order */
        size_t count;
    } cases[] = {
        {LG_SHARE_ALL, {"claim_id", "note", "part_1", "part_2"}, 4},
        {1, {"claim_id", "note", "part_1"}, 3},
        {2, {"claim_id", "note", "part_2"}, 3},
        {3, {"claim_id", "note"}, 2},
        {LG_SHARE_ALONE + 2, {"part_2"}, 1},
        {LG_SHARE_TITLE, {"claim_id"}, 1},
    };
    lg_entry entry = {.seq = 7, .at = 1, .type = "claim.split", .digest_count = 4};
    lg_entry_row row = {.seq = 7};
    lg_buf buf = {0};
    const lg_disclosures disclosures = lg_disclose_facts(arena, facts, entry.digest_count);
    entry.digests = disclosures.digests;
    row.disclosures = disclosures.joined;
    assert_int_equal(lg_entry_encode(arena, &entry, &row.body), LG_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t count = cases[i].count;
        const lg_shares shares = lg_shares_of(cases[i].share);
        assert_int_equal(json_entry(&buf, arena, &row, &shares), LG_OK);
        json_t *shown = parse_take(&buf);
        for (size_t at = 0; at < count; at++) {
            const char *disclosure =
                json_string_value(json_array_get(json_object_get(shown, "disclosures"), at));
            lg_fact fact;
            assert_non_null(disclosure);
            assert_int_equal(lg_disclosure_parse(arena, lg_bytes_str(disclosure), &fact, NULL), LG_OK);
            assert_string_equal(fact.name, cases[i].shown[at]);
            assert_non_null(json_object_get(json_object_get(shown, "facts"), fact.name));
        }
        assert_int_equal(json_array_size(json_object_get(shown, "disclosures")), count);
        assert_int_equal(json_object_size(json_object_get(shown, "facts")), count);
        json_decref(shown);
    }
}

static void erased_facts_leave_empty_members(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_entry_row row = make_entry(true);
    row.disclosures = "";
    assert_int_equal(json_entry(&buf, arena, &row, &all), LG_OK);
    json_t *shown = parse_take(&buf);
    assert_int_equal(json_array_size(json_object_get(shown, "disclosures")), 0);
    assert_int_equal(json_object_size(json_object_get(shown, "facts")), 0);
    json_decref(shown);
}

static void damaged_rows_are_not_shown(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_entry_row row = make_entry(true);
    row.disclosures = "bm90IGpzb24";
    assert_int_equal(json_entry(&buf, arena, &row, &all), LG_CORRUPT);
    lg_buf_clear(&buf);
    row.body = lg_bytes_str("{\"seq\":7}");
    assert_int_equal(json_entry(&buf, arena, &row, &none), LG_CORRUPT);
    lg_buf_clear(&buf);
}

static void a_receipt_carries_a_proof(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_entry_row row = make_entry(false);
    lg_proof proof = {.count = 2};
    const char *note = "log.test\n8\nAAAA\n\n\u2014 log.test BBBB\n";
    assert_int_equal(json_receipt(&buf, arena, &row, &proof, note), LG_OK);
    json_t *receipt = parse_take(&buf);
    assert_int_equal(json_object_size(receipt), 5);
    assert_string_equal(text_of(receipt, "proof"), lg_tlog_proof_format(arena, 7, &proof, note));
    assert_int_equal(json_array_size(json_object_get(receipt, "disclosures")), 0);
    json_decref(receipt);
}

static void a_policy_is_one_object(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_policy_row row = {.version = 3,
                         .set_seq = 9,
                         .set_at = 1790000000000000,
                         .body = "{\"currencies\":[],\"past_due\":\"warn\"}"};
    json_policy(&buf, &row);
    assert_string_equal(buf.data, "{\"version\":3,\"set_at\":\"2026-09-21T14:13:20.000000Z\",\"seq\":9,"
                                  "\"currencies\":[],\"past_due\":\"warn\"}");
    lg_buf_clear(&buf);
}

/* ---- resources, over a database of two companies ---- */

static const char SELLER[] = "019a0000-0000-7000-8000-000000000001",
                  BUYER[] = "019a0000-0000-7000-8000-000000000002";
static const char RECEIVABLE[] = "019a0000-0000-7000-8000-000000000003",
                  CLAIM[] = "019a0000-0000-7000-8000-000000000004";

static lg_uuid uuid(const char *text)
{
    lg_uuid id;
    assert_true(lg_uuid_parse(text, &id));
    return id;
}

static lg_currency currency(const char *code)
{
    lg_currency out;
    assert_true(lg_currency_parse(code, &out));
    return out;
}

static lg_participant company(int64_t no, const char *id, const char *name, unsigned roles)
{
    return (lg_participant){.no = {no},
                            .id = {uuid(id)},
                            .name = name,
                            .roles = roles,
                            .registered_at = 1790000000000000,
                            .last_seq = no};
}

static lg_receivable a_receivable(void)
{
    return (lg_receivable){
        .no = {3},
        .id = {uuid(RECEIVABLE)},
        .life = LG_LIFE_REGISTERED,
        .submitter = {1},
        .creditor = {1},
        .debtor = {2},
        .format = LG_FORMAT_UBL,
        .invoice_number = "INV \"1\"",
        .issue_day = 20000,
        .due_day = 20090,
        .currency = currency("JPY"),
        .gross_minor = 5000,
        .amount_minor = 4000,
        .documents = "[]",
        .confirm_by = 1790000000000000,
        .policy_version = 1,
        .review_outcome = LG_OUTCOME_PASS,
        .checks = "[]",
        .registered_at = 1790000000000000,
        .updated_at = 1790000000000000,
        .last_seq = 3,
    };
}

static lg_db *a_database(void)
{
    lg_db *db;
    lg_report report;
    lg_report_init(&report, arena);
    assert_int_equal(lg_db_open(NULL, LG_DB_SCRATCH, &db, &report), LG_OK);
    lg_participant seller = company(1, SELLER, "Weaver", 1u << LG_ROLE_SUPPLIER | 1u << LG_ROLE_OPERATOR);
    lg_participant buyer = company(2, BUYER, "Mill", 1u << LG_ROLE_CORE_ENTERPRISE);
    assert_int_equal(lg_participant_insert(db, &seller), LG_OK);
    assert_int_equal(lg_participant_insert(db, &buyer), LG_OK);
    return db;
}

static void a_participant_keeps_its_private_side(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_db *db = a_database();
    lg_participant row = company(1, SELLER, "Weaver", 1u << LG_ROLE_SUPPLIER | 1u << LG_ROLE_OPERATOR);
    assert_int_equal(lg_identifier_insert(db, (lg_identifier){LG_SCHEME_TAX_ID, "DE123"}, row.no), LG_OK);
    assert_int_equal(lg_credit_line_set(db, row.no, currency("EUR"), 12345), LG_OK);
    assert_int_equal(lg_exposure_change(db, row.no, currency("KWD"), 7), LG_OK);
    assert_int_equal(json_participant(&buf, db, arena, &row, false), LG_OK);
    assert_string_equal(
        buf.data, "{\"id\":\"019a0000-0000-7000-8000-000000000001\",\"name\":\"Weaver\",\"country\":null,"
                  "\"roles\":[\"supplier\",\"operator\"],\"identifiers\":{\"tax_id\":\"DE123\"},"
                  "\"status\":\"active\",\"rating\":null,\"keys\":[],\"registered_at\":\"2026-09-21T14:13:20."
                  "000000Z\",\"seq\":1}");
    lg_buf_clear(&buf);
    assert_int_equal(json_participant(&buf, db, arena, &row, true), LG_OK);
    assert_non_null(strstr(buf.data, "\"stopped\":false,\"overdue_claims\":0,\"credit_lines\":["
                                     "{\"currency\":\"EUR\",\"limit\":\"123.45\",\"used\":\"0.00\"},"
                                     "{\"currency\":\"KWD\",\"limit\":null,\"used\":\"0.007\"}]"));
    lg_buf_clear(&buf);
    lg_db_close(db);
}

static void a_receivable_is_written_whole(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_db *db = a_database();
    lg_receivable row = a_receivable();
    assert_int_equal(json_receivable(&buf, db, arena, &row), LG_OK);
    assert_string_equal(
        buf.data,
        "{\"id\":\"019a0000-0000-7000-8000-000000000003\",\"life\":\"registered\",\"submitted_by\":"
        "\"creditor\","
        "\"creditor\":\"019a0000-0000-7000-8000-000000000001\",\"debtor\":\"019a0000-0000-7000-8000-"
        "000000000002\","
        "\"invoice\":{\"number\":\"INV "
        "\\\"1\\\"\",\"issue_date\":\"2024-10-04\",\"due_date\":\"2025-01-02\",\"currency\":\"JPY\","
        "\"gross_amount\":\"5000\",\"format\":\"ubl\"},\"amount\":\"4000\",\"confirmed_amount\":null,"
        "\"currency\":\"JPY\","
        "\"part\":null,\"due_date\":\"2025-01-02\",\"confirm_by\":\"2026-09-21T14:13:20.000000Z\","
        "\"documents\":[],"
        "\"document_sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"order_"
        "reference\":null,"
        "\"contract_reference\":null,\"claim\":null,\"reason\":null,\"registered_at\":\"2026-09-21T14:13:20."
        "000000Z\","
        "\"updated_at\":\"2026-09-21T14:13:20.000000Z\",\"seq\":3,\"review\":{\"outcome\":\"pass\",\"policy_"
        "version\":1,"
        "\"checks\":[],\"decision\":null}}");
    lg_buf_clear(&buf);

    row.debtor.v = 0; /* refused, and the buyer is not known here */
    row.decision = "rejected";
    row.decided_by.v = 2;
    row.decided_at = 1790000000000000;
    assert_int_equal(json_receivable(&buf, db, arena, &row), LG_OK);
    assert_non_null(strstr(buf.data, "\"debtor\":null,"));
    assert_non_null(strstr(
        buf.data, "\"decision\":{\"outcome\":\"rejected\",\"by\":\"019a0000-0000-7000-8000-000000000002\","
                  "\"at\":\"2026-09-21T14:13:20.000000Z\",\"note\":null}"));
    lg_buf_clear(&buf);

    row.creditor.v = 99; /* a row that names one who is not there is our fault, not the caller's */
    assert_int_equal(json_receivable(&buf, db, arena, &row), LG_CORRUPT);
    lg_buf_clear(&buf);
    lg_db_close(db);
}

static void a_claim_names_its_line(void **state)
{
    (void)state;
    lg_buf buf = {0};
    lg_db *db = a_database();
    lg_receivable receivable = a_receivable();
    lg_claim row = {.no = {4},
                    .id = {uuid(CLAIM)},
                    .receivable = {3},
                    .root = {4},
                    .origin = "confirmed",
                    .holder = {1},
                    .creditor = {1},
                    .debtor = {2},
                    .currency = currency("JPY"),
                    .face_minor = 4000,
                    .outstanding_minor = 3000,
                    .due_day = 20090,
                    .paid_minor = 1000,
                    .next_age_day = 20090,
                    .life = LG_CLAIM_PART_PAID,
                    .encumbrance = LG_FREE,
                    .locks = 1,
                    .disputed_by = {2},
                    .dispute_reason = "duplicate",
                    .disputed_at = 1790000000000000,
                    .accepted_at = 1790000000000000,
                    .updated_at = 1790000000000000,
                    .last_seq = 4};
    assert_int_equal(lg_receivable_insert(db, &receivable), LG_OK);
    assert_int_equal(lg_claim_insert(db, &row), LG_OK);
    const lg_claim_sight whole = {LG_ACCESS_FULL, LG_FIELDS_ALL};
    assert_int_equal(json_claim(&buf, db, arena, &row, (lg_participant_no){1}, &whole), LG_OK);
    assert_string_equal(
        buf.data, "{\"id\":\"019a0000-0000-7000-8000-000000000004\",\"receivable\":\"019a0000-0000-7000-8000-"
                  "000000000003\",\"root\":\"019a0000-0000-7000-8000-000000000004\",\"parent\":null,\"hop\":0"
                  ",\"origin\":\"confirmed\",\"holder\":\"019a0000-0000-7000-8000-000000000001\",\"creditor\""
                  ":\"019a0000-0000-7000-8000-000000000001\",\"debtor\":\"019a0000-0000-7000-8000-00000000000"
                  "2\",\"currency\":\"JPY\",\"face_amount\":\"4000\",\"outstanding_amount\":\"3000\",\"paid_a"
                  "mount\":\"1000\",\"diluted_amount\":\"0\",\"due_date\":\"2025-01-02\",\"life\":\"part_paid"
                  "\",\"encumbrance\":\"free\",\"locks\":[\"disputed\"],\"lender\":null,\"financing\":null,\""
                  "request\":null,\"offered_to\":null,\"respond_by\":null,\"dispute\":{\"by\":\"019a0000-0000"
                  "-7000-8000-000000000002\",\"reason\":\"duplicate\",\"note\":null,\"at\":\"2026-09-21T14:13"
                  ":20.000000Z\"},\"order_reference\":null,\"notice\":null,\"invoice\":{\"number\":\"INV \\\""
                  "1\\\"\",\"issue_date\":\"2024-10-04\",\"gross_amount\":\"5000\"},\"documents\":[],\"accept"
                  "ed_at\":\"2026-09-21T14:13:20.000000Z\",\"updated_at\":\"2026-09-21T14:13:20.000000Z\",\"s"
                  "eq\":4,\"access\":\"full\"}");
    lg_buf_clear(&buf);
    lg_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_unique_and_whole),
        cmocka_unit_test(routes_are_those_of_openapi),
        cmocka_unit_test(cursors_come_back),
        cmocka_unit_test(other_texts_are_no_cursors),
        cmocka_unit_test(numbers_are_plain),
        cmocka_unit_test(an_entry_shows_its_facts_to_parties_only),
        cmocka_unit_test(a_share_shows_no_other_part),
        cmocka_unit_test(erased_facts_leave_empty_members),
        cmocka_unit_test(damaged_rows_are_not_shown),
        cmocka_unit_test(a_receipt_carries_a_proof),
        cmocka_unit_test(a_policy_is_one_object),
        cmocka_unit_test(a_participant_keeps_its_private_side),
        cmocka_unit_test(a_receivable_is_written_whole),
        cmocka_unit_test(a_claim_names_its_line),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
