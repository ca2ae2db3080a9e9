/* Entries as they are stored: the exact bytes come back, and nothing else is taken for an entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/crypto/secret.h"
#include "ledger/store/entry_pack.h"

#include <string.h>

static lg_arena *arena;

/* Another one each time. */
static lg_entry entry_of(int64_t seq, const char *type, size_t digest_count)
{
    lg_fact facts[LG_ENTRY_FACTS_MAX];
    lg_entry entry = {
        .seq = seq, .at = INT64_C(1795309323456789) + seq % 1000, .type = type, .digest_count = digest_count};
    for (size_t i = 0; i < digest_count; i++)
        facts[i] = (lg_fact){"name", "\"value\""};
    entry.digests = lg_disclose_facts(arena, facts, digest_count).digests;
    lg_random(entry.prev.b, sizeof entry.prev.b);
    lg_random(entry.req.b, sizeof entry.req.b);
    return entry;
}

static lg_bytes encoded(const lg_entry *entry)
{
    lg_bytes body;
    assert_int_equal(lg_entry_encode(arena, entry, &body), LG_OK);
    return body;
}

static lg_bytes packed_copy(const lg_entry *entry)
{
    uint8_t packed[LG_ENTRY_PACKED_MAX];
    const size_t len = lg_entry_pack(entry, packed);
    assert_in_range(len, 1, sizeof packed);
    return lg_arena_copy(arena, lg_bytes_of(packed, len));
}

static lg_bytes kept_copy(const void *data, size_t len)
{
    lg_buf packed = {0};
    lg_entry_keep(&packed, lg_bytes_of(data, len));
    const lg_bytes copy = lg_arena_copy(arena, lg_buf_bytes(&packed));
    lg_buf_clear(&packed);
    return copy;
}

/* What is said to be in the bytes is what reading them gives. */
static void assert_says(lg_bytes body, const lg_entry *members)
{
    lg_entry read;
    assert_int_equal(lg_entry_parse(arena, body, &read, NULL), LG_OK);
    assert_true(members->seq == read.seq && members->at == read.at && !members->origin && !members->vkey);
    assert_true(lg_hash_equal(&members->prev, &read.prev) && lg_hash_equal(&members->req, &read.req));
    assert_string_equal(members->type, read.type);
    assert_int_equal(members->digest_count, read.digest_count);
    if (read.digest_count > 0)
        assert_memory_equal(members->digests, read.digests, read.digest_count * sizeof *read.digests);
}

static void assert_unpacks(lg_bytes packed, lg_bytes body)
{
    lg_bytes again;
    const lg_entry *members;
    assert_int_equal(lg_entry_unpack_members(arena, packed, &again, &members), LG_OK);
    assert_int_equal(again.len, body.len);
    assert_memory_equal(again.data, body.data, body.len);
    assert_int_equal(again.data[again.len], '\0');
    assert_int_equal(members != NULL, *packed.data == 1);
    if (members)
        assert_says(again, members);
}

static void refuse(lg_bytes packed)
{
    lg_bytes body;
    assert_int_equal(lg_entry_unpack(arena, packed, &body), LG_CORRUPT);
}

static void every_entry_comes_back(void **state)
{
    (void)state;
    static const int64_t seqs[] = {1, 127, 128, 16383, 16384, 30000000, LG_SEQ_MAX};
    static const char longest[] = "a123456789.123456789_123456789.123456789_123456789.123456789_123";
    static const char *const types[] = {"x", "claim.accepted", "receivable.registered", longest};
    static const size_t counts[] = {0, 1, 2, 14, LG_ENTRY_FACTS_MAX};
    for (size_t s = 0; s < sizeof seqs / sizeof *seqs; s++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                const lg_entry entry = entry_of(seqs[s], types[t], counts[c]);
                const lg_bytes body = encoded(&entry), packed = packed_copy(&entry);
                assert_unpacks(packed, body);
                assert_true(body.len - packed.len >= 150 + 14 * counts[c]);
            }
}

static void entries_of_any_time_come_back(void **state)
{
    (void)state;
    static const char *const times[] = {"0001-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z",
                                        "1970-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"};
    unsigned encodable = 0;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        lg_entry entry = entry_of(7, "claim.accepted", 1);
        if (!lg_time_parse(times[i], &entry.at))
            continue;
        encodable++;
        assert_unpacks(packed_copy(&entry), encoded(&entry));
    }
    assert_in_range(encodable, 2, 4);
}

static void a_packed_entry_is_exactly_these_bytes(void **state)
{
    (void)state;
    lg_hash digest;
    lg_entry entry = {
        .seq = 300, .at = INT64_C(1795309323456789), .type = "a.b", .digests = &digest, .digest_count = 1};
    memset(&digest, 0xdd, sizeof digest);
    memset(&entry.prev, 0xab, sizeof entry.prev);
    memset(&entry.req, 0x01, sizeof entry.req);
    uint8_t expected[2 + 32 + 8 + 32 + 32 + 2 + 3];
    expected[0] = 1, expected[1] = 1;
    memset(expected + 2, 0xdd, 32);
    memcpy(expected + 34, "\x00\x06\x60\xd3\x06\x7c\x91\x15", 8);
    memset(expected + 42, 0xab, 32);
    memset(expected + 74, 0x01, 32);
    memcpy(expected + 106,
           "\xac\x02"
           "a.b",
           5);
    const lg_bytes packed = packed_copy(&entry);
    assert_int_equal(packed.len, sizeof expected);
    assert_memory_equal(packed.data, expected, sizeof expected);
}

static void the_first_entry_and_any_bytes_are_kept_as_they_are(void **state)
{
    (void)state;
    static uint8_t noise[LG_ENTRY_MAX + 1];
    uint8_t packed[LG_ENTRY_PACKED_MAX];
    lg_entry genesis = entry_of(0, "genesis", 3);
    memset(&genesis.prev, 0, sizeof genesis.prev);
    genesis.origin = "ledger.example.com", genesis.vkey = "ledger.example.com+00000000+AQ==";
    const lg_bytes body = encoded(&genesis);
    assert_int_equal(lg_entry_pack(&genesis, packed), 0);
    assert_unpacks(kept_copy(body.data, body.len), body);
    lg_random(noise, sizeof noise);
    for (size_t len = 0; len <= LG_ENTRY_MAX; len = len * 2 + 1)
        assert_unpacks(kept_copy(noise, len), lg_bytes_of(noise, len));
    refuse(kept_copy(noise, LG_ENTRY_MAX + 1));
}

/* Whatever is changed: it is refused, or it is another entry, and none that packs otherwise. */
static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    const lg_entry entry = entry_of(70000, "claim.accepted", 2);
    const lg_bytes body = encoded(&entry), packed = packed_copy(&entry);
    size_t refused = 0;
    for (size_t bit = 0; bit < packed.len * 8; bit++) {
        const lg_bytes bent = lg_arena_copy(arena, packed);
        ((uint8_t *)bent.data)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        lg_bytes other;
        lg_entry read;
        const lg_entry *members;
        if (lg_entry_unpack_members(arena, bent, &other, &members) != LG_OK) {
            refused++;
            continue;
        }
        assert_true(other.len != body.len || memcmp(other.data, body.data, body.len) != 0);
        if (members)
            assert_says(other, members);
        if (lg_entry_parse(arena, other, &read, NULL) == LG_OK) {
            const lg_bytes again = packed_copy(&read);
            assert_int_equal(again.len, bent.len);
            assert_memory_equal(again.data, bent.data, bent.len);
        }
    }
    assert_in_range(refused, 50, 300);
}

static void what_is_cut_off_is_refused(void **state)
{
    (void)state;
    const lg_entry entry = entry_of(70000, "t", 5);
    const lg_bytes packed = packed_copy(&entry);
    for (size_t len = 0; len < packed.len; len++)
        refuse(lg_bytes_of(lg_arena_copy(arena, lg_bytes_of(packed.data, len)).data, len));
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    enum { AT = 34, SEQ = AT + 8 + 64 }; /* behind one digest */
    const lg_entry entry = entry_of(5, "claim.accepted", 1);
    const lg_bytes packed = packed_copy(&entry);
    static const char *const tails[] = {
        "\x85\x80t",                                 /* LEB128 longer than need be */
        "\x05",                                      /* no type */
        "\x05t t",                                   /* not a type's letters */
        "\x05genesis",                               /* the first entry's */
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfft", /* LEB128 without end */
        "\x80\x80\x80\x80\x80\x80\x80\x10t",         /* 2^53 */
        "\x05"
        "a123456789.123456789_123456789.123456789_123456789.123456789_1234",
    };
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        const char *tail = tails[i];
        lg_buf bent = {0};
        lg_buf_add(&bent, packed.data, SEQ);
        lg_buf_str(&bent, tail);
        refuse(lg_buf_bytes(&bent));
        lg_buf_clear(&bent);
    }
    lg_buf bent = {0};
    lg_buf_add(&bent, packed.data, SEQ);
    lg_buf_add(&bent, "\0t", 2); /* the first entry has no such form */
    refuse(lg_buf_bytes(&bent));
    lg_buf_reset(&bent);
    lg_buf_add(&bent, packed.data, SEQ);
    lg_buf_add(&bent, "\x05t\0t", 4);
    refuse(lg_buf_bytes(&bent));
    lg_buf_clear(&bent);
    for (unsigned kind = 2; kind < 256; kind++) {
        const lg_bytes other = lg_arena_copy(arena, packed);
        *(uint8_t *)other.data = (uint8_t)kind;
        refuse(other);
    }
    refuse(lg_bytes_of(NULL, 0));
}

/* Digests out of order, and more than an entry may have. */
static void digests_are_as_an_entry_has_them(void **state)
{
    (void)state;
    lg_entry entry = entry_of(5, "claim.accepted", 2);
    const lg_hash swapped[] = {entry.digests[1], entry.digests[0]};
    entry.digests = swapped;
    refuse(packed_copy(&entry));
    lg_buf many = {0};
    lg_buf_add(&many, "\x01\xff", 2);
    memset(lg_buf_extend(&many, 255 * LG_HASH_LEN + 8 + 64), 0, 255 * LG_HASH_LEN + 8 + 64);
    lg_buf_add(&many, "\x05t", 2);
    refuse(lg_buf_bytes(&many));
    lg_buf_clear(&many);
}

static int begin(void **state)
{
    (void)state;
    return lg_crypto_init() == LG_OK ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    arena = lg_arena_open();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(every_entry_comes_back),
        STORY(entries_of_any_time_come_back),
        STORY(a_packed_entry_is_exactly_these_bytes),
        STORY(the_first_entry_and_any_bytes_are_kept_as_they_are),
        STORY(every_flipped_bit_is_seen),
        STORY(what_is_cut_off_is_refused),
        STORY(other_forms_are_refused),
        STORY(digests_are_as_an_entry_has_them),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
