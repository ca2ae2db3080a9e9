/* Entries byte for byte, and disclosures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/log/entry.h"

#include <stdlib.h>
#include <string.h>

#define AB8    "abababababababab"
#define O18    "0101010101010101"
#define ZERO8  "0000000000000000"
#define DIGEST "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY"
#define TWELVE                                                                                               \
    "{\"_sd\":[\"" DIGEST                                                                                    \
    "\"],\"_sd_alg\":\"sha-256\",\"at\":\"2026-11-22T01:02:03.456789Z\",\"prev\":\"" AB8 AB8 AB8 AB8         \
    "\",\"req\":\"" O18 O18 O18 O18 "\",\"seq\":12,\"type\":\"claim.accepted\",\"v\":1}"
#define GENESIS                                                                                              \
    "{\"_sd\":[],\"_sd_alg\":\"sha-256\",\"at\":\"2026-11-22T01:02:03.456789Z\",\"origin\":\"ledger."        \
    "example.com/\xe5\xa5\x91\","                                                                            \
    "\"prev\":\"" ZERO8 ZERO8 ZERO8 ZERO8 "\",\"req\":\"" O18 O18 O18 O18                                    \
    "\",\"seq\":0,\"type\":\"genesis\",\"v\":1,\"vkey\":\"ledger.example.com/\xe5\xa5\x91+00000000+AQ==\"}"

static lg_arena *arena;

static const lg_hash *digest_of(const char *text)
{
    lg_bytes bytes;
    assert_true(lg_base64url_decode(arena, lg_bytes_str(text), &bytes));
    assert_int_equal(bytes.len, LG_HASH_LEN);
    return (const lg_hash *)bytes.data;
}

static lg_entry twelve(void)
{
    lg_entry entry = {.seq = 12,
                      .at = INT64_C(1795309323456789),
                      .type = "claim.accepted",
                      .digests = digest_of(DIGEST),
                      .digest_count = 1};
    memset(entry.prev.b, 0xab, 32);
    memset(entry.req.b, 0x01, 32);
    return entry;
}

static lg_entry genesis(void)
{
    lg_entry entry = {.seq = 0,
                      .at = INT64_C(1795309323456789),
                      .type = "genesis",
                      .origin = "ledger.example.com/\xe5\xa5\x91",
                      .vkey = "ledger.example.com/\xe5\xa5\x91+00000000+AQ=="};
    memset(entry.req.b, 0x01, 32);
    return entry;
}

static void an_entry_is_exactly_these_bytes(void **state)
{
    (void)state;
    lg_entry entry = twelve();
    lg_bytes bytes;
    assert_int_equal(lg_entry_encode(arena, &entry, &bytes), LG_OK);
    assert_int_equal(bytes.len, strlen(TWELVE));
    assert_string_equal((const char *)bytes.data, TWELVE);
    lg_hash leaf = lg_leaf_hash(bytes);
    /* computed with Python's hashlib */
    assert_string_equal(lg_hex_encode(arena, lg_bytes_of(leaf.b, 32)),
                        "d0262ba91782b0c12bd71d3021d1078a1fadfd61cef6d0a6f3d09966469ae542");
    entry = genesis();
    assert_int_equal(lg_entry_encode(arena, &entry, &bytes), LG_OK);
    assert_string_equal((const char *)bytes.data, GENESIS);
}

static void leaf_hashes_of_the_standard_leaves(void **state)
{
    (void)state;
    lg_hash leaf = lg_leaf_hash(lg_bytes_str(""));
    assert_string_equal(lg_hex_encode(arena, lg_bytes_of(leaf.b, 32)),
                        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

static void parsing_gives_back_what_was_encoded(void **state)
{
    (void)state;
    lg_entry entry;
    assert_int_equal(lg_entry_parse(arena, lg_bytes_str(TWELVE), &entry, NULL), LG_OK);
    lg_entry expected = twelve();
    assert_int_equal(entry.seq, 12);
    assert_int_equal(entry.at, expected.at);
    assert_memory_equal(&entry.prev, &expected.prev, 32);
    assert_memory_equal(&entry.req, &expected.req, 32);
    assert_string_equal(entry.type, "claim.accepted");
    assert_null(entry.origin);
    assert_null(entry.vkey);
    assert_int_equal(entry.digest_count, 1);
    assert_string_equal(lg_digest_format(&entry.digests[0]).s, DIGEST);
    assert_int_equal(lg_entry_parse(arena, lg_bytes_str(GENESIS), &entry, NULL), LG_OK);
    assert_string_equal(entry.origin, "ledger.example.com/\xe5\xa5\x91");
    assert_string_equal(entry.vkey, "ledger.example.com/\xe5\xa5\x91+00000000+AQ==");
    assert_int_equal(entry.digest_count, 0);
}

/* Whatever is changed: either it is refused, or it is another valid entry whose bytes differ (a digit of a
 * hash, a time). It never parses to the entry it was. */
static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    static const char *const texts[] = {TWELVE, GENESIS};
    for (size_t t = 0; t < 2; t++) {
        size_t len = strlen(texts[t]);
        lg_arena *scratch = lg_arena_open();
        for (size_t bit = 0; bit < len * 8; bit++) {
            char *bad = lg_arena_strdup(scratch, texts[t]);
            lg_entry entry;
            lg_bytes again;
            bad[bit / 8] = (char)(bad[bit / 8] ^ (1 << bit % 8));
            if (lg_entry_parse(scratch, lg_bytes_of(bad, len), &entry, NULL) == LG_OK) {
                assert_int_equal(lg_entry_encode(scratch, &entry, &again), LG_OK);
                assert_int_equal(again.len, len);
                assert_memory_equal(again.data, bad, len);
            }
            lg_arena_reset(scratch);
        }
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(lg_entry_parse(scratch, lg_bytes_of(texts[t], cut), &(lg_entry){0}, NULL),
                             LG_CORRUPT);
        lg_arena_close(scratch);
    }
}

/* An entry is read without making JSON of it; if anything is read so that is not canonical, it shows here. */
static void what_is_read_is_written_the_same(void **state)
{
    (void)state;
    static const char junk[] = "\"\\,[]{}:.Zz09-_ \n\xe5";
    const size_t len = strlen(TWELVE);
    unsigned read = 0;
    lg_arena *scratch = lg_arena_open();
    for (size_t at = 0; at <= len; at++) {
        for (size_t j = 0; j < sizeof junk; j++) {
            for (size_t gone = 0; gone < 3 && at + gone <= len; gone++) {
                lg_entry entry;
                lg_bytes again;
                const char *bad = lg_arena_printf(scratch, "%.*s%.*s%s", (int)at, TWELVE, j < sizeof junk - 1,
                                                  &junk[j], TWELVE + at + gone);
                if (lg_entry_parse(scratch, lg_bytes_str(bad), &entry, NULL) != LG_OK)
                    continue;
                read++;
                assert_int_equal(lg_entry_encode(scratch, &entry, &again), LG_OK);
                assert_string_equal((const char *)again.data, bad);
            }
            lg_arena_reset(scratch);
        }
    }
    lg_arena_close(scratch);
    assert_in_range(read, 100, 100000);
}

static void other_forms_of_an_entry_are_refused(void **state)
{
    (void)state;
#define MIDDLE                                                                                               \
    "\"_sd_alg\":\"sha-256\",\"at\":\"2026-11-22T01:02:03.456789Z\",\"prev\":\"" AB8 AB8 AB8 AB8             \
    "\",\"req\":\"" O18 O18 O18 O18
#define TAIL "\",\"seq\":12,\"type\":\"claim.accepted\",\"v\":1}"
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "null",
        TWELVE " ",
        " " TWELVE,
        TWELVE "\n",
        TWELVE TWELVE,
        "{\"_sd\": [], " MIDDLE TAIL,
        "{" MIDDLE TAIL,
        "{\"_sd\":[],\"_sd\":[]," MIDDLE TAIL,
        "{\"_sd\":[],\"a\":1," MIDDLE TAIL,
        "{\"_sd\":[1]," MIDDLE TAIL,
        "{\"_sd\":[\"short\"]," MIDDLE TAIL,
        "{\"_sd\":[\"" DIGEST "\",\"" DIGEST "\"]," MIDDLE TAIL,
        "{\"_sd\":[\"zutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY\",\"" DIGEST "\"]," MIDDLE TAIL,
        "{\"_sd\":[\"uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYZ\"]," MIDDLE TAIL, /* bits behind the last */
        "{\"_sd\":[\"+utlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY\"]," MIDDLE TAIL,
        "{\"_sd\":{}," MIDDLE TAIL,
        "{\"_sd\":[]," MIDDLE "\",\"seq\":12.0,\"type\":\"claim.accepted\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":012,\"type\":\"claim.accepted\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":-1,\"type\":\"claim.accepted\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":9007199254740992,\"type\":\"claim.accepted\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":\"12\",\"type\":\"claim.accepted\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":12,\"type\":\"claim.accepted\",\"v\":2}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":12,\"type\":\"claim.accepted\"}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":12,\"type\":\"Claim\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":12,\"type\":\"\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":12,\"type\":\"genesis\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":12,\"type\":\"claim\\u002eaccepted\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":12,\"type\":\"claim.accepted\",\"v\":1,\"vkey\":\"x\"}",
        "{\"_sd\":[]," MIDDLE "\",\"seq\":0,\"type\":\"claim.accepted\",\"v\":1}",
        "{\"_sd\":[]," MIDDLE "00" TAIL,
        "{\"_sd\":[],\"_sd_alg\":\"sha-256\",\"at\":\"2026-11-22T01:02:03.45678Z\",\"prev\":\"" AB8 AB8 AB8
            AB8 "\",\"req\":\"" O18 O18 O18 O18 TAIL,
        "{\"_sd\":[],\"_sd_alg\":\"sha-512\",\"at\":\"2026-11-22T01:02:03.456789Z\",\"prev\":\"" AB8 AB8 AB8
            AB8 "\",\"req\":\"" O18 O18 O18 O18 TAIL,
    };
#undef MIDDLE
#undef TAIL
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lg_entry entry;
        lg_report report;
        lg_report_init(&report, arena);
        if (lg_entry_parse(arena, lg_bytes_str(bad[i]), &entry, &report) != LG_CORRUPT)
            fail_msg("accepted %s", bad[i]);
        assert_int_equal(report.err, LG_CORRUPT);
        assert_non_null(report.detail);
    }
    char *huge = lg_arena_alloc(arena, LG_ENTRY_MAX + 2);
    memset(huge, ' ', LG_ENTRY_MAX + 1);
    memcpy(huge, TWELVE, strlen(TWELVE));
    assert_int_equal(lg_entry_parse(arena, lg_bytes_str(huge), &(lg_entry){0}, NULL), LG_CORRUPT);
}

static void refuse(lg_entry entry)
{
    lg_bytes bytes;
    assert_int_equal(lg_entry_encode(arena, &entry, &bytes), LG_INTERNAL);
}

static void members_outside_their_bounds_are_not_encoded(void **state)
{
    (void)state;
    lg_entry e;
    e = twelve(), e.seq = -1, refuse(e);
    e = twelve(), e.seq = LG_SEQ_MAX + 1, refuse(e);
    e = twelve(), e.seq = 0, refuse(e);
    e = twelve(), e.type = NULL, refuse(e);
    e = twelve(), e.type = "a b", refuse(e);
    e = twelve(), e.type = "genesis", refuse(e);
    e = twelve(), e.origin = "x", refuse(e);
    e = twelve(), e.vkey = "x", refuse(e);
    e = twelve(), e.at = INT64_MAX, refuse(e);
    e = twelve(), e.at = INT64_MIN, refuse(e);
    e = genesis(), e.seq = 1, refuse(e);
    e = genesis(), e.type = "other", refuse(e);
    e = genesis(), e.prev.b[0] = 1, refuse(e);
    e = genesis(), e.origin = NULL, refuse(e);
    e = genesis(), e.origin = "with blank", refuse(e);
    e = genesis(), e.vkey = NULL, refuse(e);
    e = genesis(), e.vkey = "", refuse(e);
    e = genesis(), e.vkey = "a\nb", refuse(e);
    const lg_hash first = *digest_of(DIGEST),
                  then = *digest_of("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzw");
    const lg_hash twice[] = {first, first}, unsorted[] = {then, first}, sorted[] = {first, then};
    e = twelve(), e.digests = unsorted, e.digest_count = 2, refuse(e);
    e = twelve(), e.digests = twice, e.digest_count = 2, refuse(e);
    lg_bytes bytes;
    e = twelve(), e.digests = sorted, e.digest_count = 2;
    assert_int_equal(lg_entry_encode(arena, &e, &bytes), LG_OK);
}

static void the_largest_entry_fits_and_one_more_fact_does_not(void **state)
{
    (void)state;
    lg_fact facts[LG_ENTRY_FACTS_MAX + 1];
    lg_bytes bytes;
    lg_entry entry = twelve(), again;
    for (size_t i = 0; i <= LG_ENTRY_FACTS_MAX; i++)
        facts[i] = (lg_fact){"name", "\"value\""};
    entry.seq = LG_SEQ_MAX;
    entry.digest_count = LG_ENTRY_FACTS_MAX;
    entry.digests = lg_disclose_facts(arena, facts, entry.digest_count).digests;
    assert_int_equal(lg_entry_encode(arena, &entry, &bytes), LG_OK);
    assert_int_equal(lg_entry_parse(arena, bytes, &again, NULL), LG_OK);
    assert_int_equal(again.digest_count, LG_ENTRY_FACTS_MAX);
    assert_int_equal(again.seq, LG_SEQ_MAX);
    entry.digests = lg_disclose_facts(arena, facts, LG_ENTRY_FACTS_MAX + 1).digests;
    entry.digest_count = LG_ENTRY_FACTS_MAX + 1;
    refuse(entry);
}

static const char *digest_text(const char *disclosure)
{
    const lg_hash digest = lg_disclosure_digest(lg_bytes_str(disclosure));
    return lg_arena_strdup(arena, lg_digest_format(&digest).s);
}

static void disclosure_digests_of_rfc_9901(void **state)
{
    (void)state;
    assert_string_equal(digest_text("WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"),
                        "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY");
    assert_string_equal(digest_text("WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd"),
                        "jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4");
}

static void a_disclosure_is_exactly_this_text(void **state)
{
    (void)state;
    uint8_t salt[LG_SALT_LEN];
    for (unsigned i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)i;
    const char *made = lg_disclosure_make(arena, salt, "amount_minor", "123456");
    assert_string_equal(made, "WyJBQUVDQXdRRkJnY0lDUW9MREEwT0R3IiwgImFtb3VudF9taW5vciIsIDEyMzQ1Nl0");
    assert_string_equal(digest_text(made), "waD0MAPCdu1tP8OHa6f3-f8379mec24U3mAnJxs1a4Y");
    lg_bytes plain;
    made = lg_disclosure_make(arena, salt, "a\"b", "{\"x\":[1,2]}");
    assert_true(lg_base64url_decode(arena, lg_bytes_str(made), &plain));
    assert_string_equal((const char *)plain.data, "[\"AAECAwQFBgcICQoLDA0ODw\", \"a\\\"b\", {\"x\":[1,2]}]");
}

static void facts_come_back_from_their_disclosures(void **state)
{
    (void)state;
    static const lg_fact facts[] = {
        {"holder", "\"\xe5\xa5\x91\xe7\xba\xa6\""},
        {"amount_minor", "9007199254740991"},
        {"parts", "[{\"a\":\"x, y\"},\"]\",null]"},
        {"quoted", "\"a\\\\\\\"b\""},
        {"empty", "{}"},
        {"flag", "true"},
    };
    enum { COUNT = sizeof facts / sizeof *facts };
    unsigned seen[COUNT] = {0};
    const lg_disclosures disclosures = lg_disclose_facts(arena, facts, COUNT);
    const char *digests[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        digests[i] = lg_arena_strdup(arena, lg_digest_format(&disclosures.digests[i]).s);
    for (size_t i = 1; i < COUNT; i++)
        assert_true(strcmp(digests[i - 1], digests[i]) < 0);
    const char *p = disclosures.joined;
    for (size_t i = 0; i < COUNT; i++) {
        size_t len = strcspn(p, "~");
        lg_fact fact;
        lg_bytes plain;
        assert_true(lg_base64url_decode(arena, lg_bytes_of(p, len), &plain));
        assert_int_equal(plain.len, disclosures.arrays[i].len);
        assert_memory_equal(plain.data, disclosures.arrays[i].data, plain.len);
        char *salt =
            lg_base64url_encode(arena, lg_bytes_of(disclosures.salts + i * LG_SALT_LEN, LG_SALT_LEN));
        assert_memory_equal(plain.data + 2, salt, strlen(salt));
        assert_int_equal(lg_disclosure_parse(arena, lg_bytes_of(p, len), &fact, NULL), LG_OK);
        assert_string_equal(fact.name, facts[i].name);
        assert_string_equal(fact.value, facts[i].value);
        for (size_t d = 0; d < COUNT; d++)
            seen[d] += strcmp(digests[d], digest_text(lg_arena_strndup(arena, p, len))) == 0;
        p += len + (p[len] == '~');
    }
    assert_int_equal(*p, '\0');
    for (size_t d = 0; d < COUNT; d++)
        assert_int_equal(seen[d], 1);
    /* fresh salts */
    assert_string_not_equal(lg_disclose_facts(arena, facts, COUNT).joined, disclosures.joined);
    assert_string_equal(lg_disclose_facts(arena, NULL, 0).joined, "");
}

static lg_err parse_plain(const char *plain, lg_fact *fact)
{
    return lg_disclosure_parse(arena, lg_bytes_str(lg_base64url_encode(arena, lg_bytes_str(plain))), fact,
                               NULL);
}

static void disclosures_of_others_are_read_and_compacted(void **state)
{
    (void)state;
    lg_fact fact;
    assert_int_equal(
        lg_disclosure_parse(arena,
                            lg_bytes_str("WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd"),
                            &fact, NULL),
        LG_OK);
    assert_string_equal(fact.name, "given_name");
    assert_string_equal(fact.value, "\"John\"");
    assert_int_equal(parse_plain(" [ \"2GLC42sKQveCfGfryNRN9w-_\" ,\n\"a,\\\"b\" ,\t{ \"x\" : [ 1 , \" y, "
                                 "\\\" \" ] , \"z\":{} } ] ",
                                 &fact),
                     LG_OK);
    assert_string_equal(fact.name, "a,\"b");
    assert_string_equal(fact.value, "{\"x\":[1,\" y, \\\" \"],\"z\":{}}");
    assert_int_equal(parse_plain("[\"2GLC42sKQveCfGfryNRN9w\",\"n\",[]]", &fact), LG_OK);
    assert_string_equal(fact.value, "[]");
}

/* A plain disclosure is read without making JSON of it. Whatever is done to one, what is then said of it must
 * be what is said when a space forces the way over JSON. */
static void plain_disclosures_are_read_as_any_other(void **state)
{
    (void)state;
    static const char *const values[] = {
        "\"2026-11-22\"",
        "\"\"",
        "0",
        "12",
        "true",
        "false",
        "null",
        "[]",
        "[\"a\",null,-1,[7,[true]]]",
        "\"\xe5\xa5\x91\"",
        "999999999999999",
        "{\"a\":[1]}",
        "-3",
        "1.5",
        "[[[[[1]]]]]",
    };
    const char junk[] = "\"\\,[]{} 0e-\n\x7f\xe5_";
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        const char *whole = lg_arena_printf(arena, "[\"2GLC42sKQveCfGfryNRN9w\", \"name\", %s]", values[v]);
        for (size_t at = 0; at < strlen(whole); at++) {
            for (size_t j = 0; j < sizeof junk; j++) {
                char *text = lg_arena_strdup(arena, whole);
                lg_fact plain, other;
                if (j < sizeof junk - 1)
                    text[at] = junk[j];
                lg_err err = parse_plain(text, &plain);
                assert_int_equal(parse_plain(lg_arena_printf(arena, " %s", text), &other), err);
                if (err)
                    continue;
                assert_string_equal(plain.name, other.name);
                assert_string_equal(plain.value, other.value);
            }
        }
    }
}

static void malformed_disclosures_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"n\"]",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"n\",1,2]",
        "[\"2GLC42sKQveCfGfryNRN9\",\"n\",1]",
        "[\"2GLC42sKQveCfGfryNRN9+\",\"n\",1]",
        "[\"2GLC42sKQveCfGfryNRN9w=\",\"n\",1]",
        "[12,\"n\",1]",
        "[\"2GLC42sKQveCfGfryNRN9w\",2,1]",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"_sd\",1]",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"...\",1]",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"n\",1] x",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"n\",{\"a\":1,\"a\":2}]",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"n\",\"\\u0000\"]",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"n\",\"\xff\"]",
        "[\"2GLC42sKQveCfGfryNRN9w\",\"n\",]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lg_fact fact;
        if (parse_plain(bad[i], &fact) != LG_CORRUPT)
            fail_msg("accepted %s", bad[i]);
    }
    lg_fact fact;
    lg_report report;
    lg_report_init(&report, arena);
    assert_int_equal(lg_disclosure_parse(arena, lg_bytes_str("not base64url!"), &fact, &report), LG_CORRUPT);
    assert_int_equal(report.err, LG_CORRUPT);
}

static int set_up(void **state)
{
    (void)state;
    arena = lg_arena_open();
    return lg_crypto_init() == LG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_exactly_these_bytes),
        cmocka_unit_test(leaf_hashes_of_the_standard_leaves),
        cmocka_unit_test(parsing_gives_back_what_was_encoded),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(what_is_read_is_written_the_same),
        cmocka_unit_test(other_forms_of_an_entry_are_refused),
        cmocka_unit_test(members_outside_their_bounds_are_not_encoded),
        cmocka_unit_test(the_largest_entry_fits_and_one_more_fact_does_not),
        cmocka_unit_test(disclosure_digests_of_rfc_9901),
        cmocka_unit_test(a_disclosure_is_exactly_this_text),
        cmocka_unit_test(facts_come_back_from_their_disclosures),
        cmocka_unit_test(disclosures_of_others_are_read_and_compacted),
        cmocka_unit_test(plain_disclosures_are_read_as_any_other),
        cmocka_unit_test(malformed_disclosures_are_refused),
    };
    return cmocka_run_group_tests_name("entry", tests, set_up, tear_down);
}
