/* Packed texts: the exact bytes come back, whatever they are; what is damaged is found out or is another
 * text, and never more than its stated length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/store/pack.h"

#include <stdlib.h>
#include <string.h>

static lg_arena *arena;
static lg_packer *packer;

static lg_bytes packed_copy(lg_pack_kind kind, lg_bytes text)
{
    return lg_arena_copy(arena, lg_pack(packer, kind, text));
}

static void assert_same(lg_bytes is, lg_bytes expected)
{
    assert_int_equal(is.len, expected.len);
    assert_memory_equal(is.data, expected.data, expected.len);
    assert_int_equal(is.data[is.len], 0);
}

/* Packs and unpacks; gives the packed length. */
static size_t there_and_back(lg_pack_kind kind, lg_bytes text)
{
    lg_bytes packed = packed_copy(kind, text), again;
    assert_int_equal(lg_unpack(packer, packed, arena, &again), LG_OK);
    assert_same(again, text);
    assert_true(packed.len <= text.len + 64);
    return packed.len;
}

static size_t both_ways(const char *text)
{
    there_and_back(LG_PACK_DISCLOSURES, lg_bytes_str(text));
    return there_and_back(LG_PACK_COMMAND, lg_bytes_str(text));
}

static lg_bytes noise(size_t len)
{
    uint8_t *data = lg_arena_alloc(arena, len);
    lg_random(data, len);
    return lg_bytes_of(data, len);
}

static char *encoded(const char *text)
{
    return lg_base64url_encode(arena, lg_bytes_str(text));
}

static char *encoded_noise(size_t len)
{
    return lg_base64url_encode(arena, noise(len));
}

/* As ledger/registry/jws.h has it. */
static char *a_command(const char *payload)
{
    const char *header = lg_arena_printf(
        arena,
        "{\"alg\":\"EdDSA\",\"aud\":\"ledger.example/scf\",\"iat\":1795841401,\"jti\":\"%s\",\"kid\":\"%s\","
        "\"url\":\"/v1/receivables\"}",
        encoded_noise(16), encoded_noise(32));
    return lg_arena_printf(arena, "{\"payload\":\"%s\",\"protected\":\"%s\",\"signature\":\"%s\"}",
                           encoded(payload), encoded(header), encoded_noise(64));
}

static char *disclosures(unsigned count)
{
    char *text = "";
    for (unsigned i = 0; i < count; i++)
        text = lg_arena_printf(
            arena, "%s%s%s", text, i ? "~" : "",
            encoded(lg_arena_printf(arena, "[\"%s\",\"invoice_number\",\"INV-%u\"]", encoded_noise(16), i)));
    return text;
}

static void commands_and_disclosures_become_small(void **state)
{
    (void)state;
    const char *payload =
        "{\"invoice\":{\"number\":\"INV-0000003768\",\"issue_date\":\"2026-11-28\",\"due_date\":\"2027-02-"
        "26\","
        "\"currency\":\"CNY\",\"gross_amount\":\"10037.68\",\"seller\":{\"name\":\"Bluewater Machinery\","
        "\"identifiers\":{\"lei\":\"54930000000000007083\"}},\"buyer\":{\"name\":\"Northgate Motors\","
        "\"identifiers\":{\"lei\":\"54930000000000010672\"}}}}";
    char *command = a_command(payload);
    /* What is random in it is 112 bytes. */
    assert_in_range(both_ways(command), 112, strlen(command) / 2);
    char *text = disclosures(20);
    assert_in_range(there_and_back(LG_PACK_DISCLOSURES, lg_bytes_str(text)), 20 * 16, strlen(text) / 2);
}

static void every_shape_comes_back(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "",
        "{}",
        "{\"reason\":\"other\",\"note\":\"\xe6\x94\xb6\xe6\x96\xb9\xe7\xad\xbe\xe6\x94\xb6\xe5\x8d\x95\"}",
        "<?xml version=\"1.0\"?>\r\n<Invoice>\t<ID>1</ID>\n</Invoice>\n",
        "number;date;amount\nA-1;2026-11-28;12.00\nA-2;2026-11-28;13.00\n",
        "not \xff\xfe UTF-8, and long enough to be a token of its own",
        "with a \x01 mark \x02 of \x03 our \x04 own \x05 in it",
    };
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
        both_ways(a_command(payloads[i]));
    static const char *const texts[] = {
        "",
        "~",
        "~~",
        "{\"payload\":\"e30\"}",
        "a text with marks \x01\x02\x03\x04\x05 in it, which is why it is kept as it is and nothing else",
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo",
        /* letters that encode nothing, or whose last bits are not zero */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAB AAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAAA==AAAAAAAAAAAAAAAAAAAAAA",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        both_ways(texts[i]);
    /* text in text in text: only two deep is undone */
    both_ways(encoded(encoded(encoded("{\"a\":\"text that is encoded three times over\"}"))));
    both_ways(lg_arena_printf(arena, "%s %s", encoded(a_command("{}")), encoded(disclosures(3))));
    /* letters of every length, of text and of noise, with something behind them and without */
    for (size_t len = 0; len < 200; len++) {
        char *text = lg_arena_alloc(arena, len + 1);
        memset(text, 'x', len);
        both_ways(lg_arena_printf(arena, "%s~%s", encoded(text), encoded_noise(len)));
        both_ways(lg_arena_printf(arena, "%s;%s,", encoded_noise(len), encoded(text)));
    }
}

/* What an entry's facts are made into, packed from what they were made of. */
static void disclosures_need_not_be_undone(void **state)
{
    (void)state;
    static const lg_fact facts[] = {
        {"receivable_id", "\"01a22071-3a16-7009-a43f-6c4ddd45c0da\""},
        {"gross_minor", "1029774"},
        {"note", "\"\xe6\x94\xb6 AAAAAAAAAAAAAAAAAAAAAB 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo ~\""},
        {"m", "1"},
        {"marked", "\"\x01\x02\x03\x04\x05\""},
    };
    for (size_t count = 0; count <= sizeof facts / sizeof *facts; count++) {
        const lg_disclosures made = lg_disclose_facts(arena, facts, count);
        const lg_bytes joined = lg_bytes_str(made.joined);
        lg_bytes packed = lg_arena_copy(arena, lg_pack_disclosures(packer, &made)), again;
        assert_int_equal(lg_unpack(packer, packed, arena, &again), LG_OK);
        assert_same(again, joined);
        assert_in_range(packed.len, 1, packed_copy(LG_PACK_DISCLOSURES, joined).len + 16);
    }
    lg_fact many[LG_ENTRY_FACTS_MAX];
    for (size_t i = 0; i < LG_ENTRY_FACTS_MAX; i++)
        many[i] = (lg_fact){"large", lg_arena_printf(arena, "\"%s\"", encoded_noise(20000))};
    const lg_disclosures large = lg_disclose_facts(arena, many, LG_ENTRY_FACTS_MAX);
    lg_bytes packed = lg_arena_copy(arena, lg_pack_disclosures(packer, &large)), again;
    assert_true(strlen(large.joined) > LG_PACKED_DISCLOSURES_MAX);
    assert_int_equal(lg_unpack(packer, packed, arena, &again), LG_OK);
    assert_same(again, lg_bytes_str(large.joined));
}

static void a_command_and_its_answer_are_one_text(void **state)
{
    (void)state;
    char *jws = a_command("{\"a\":1}");
    const char *answers[] = {"", "{\"receipt\":{\"seq\":7}}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                             "\x01"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        lg_bytes packed = lg_pack_command(packer, lg_bytes_str(jws), lg_bytes_str(answers[i])), again;
        packed = lg_arena_copy(arena, packed);
        assert_int_equal(lg_unpack(packer, packed, arena, &again), LG_OK);
        assert_same(again, lg_bytes_str(lg_arena_printf(arena, "%s%s", jws, answers[i])));
    }
}

static void any_bytes_come_back(void **state)
{
    (void)state;
    for (size_t len = 0; len < 3000; len += 7) {
        there_and_back(LG_PACK_COMMAND, noise(len));
        there_and_back(LG_PACK_DISCLOSURES, noise(len));
    }
    /* Large: a file of rows with its answers; and larger than what is packed at all. */
    const size_t large = 3 * 1024 * 1024;
    char *text = lg_arena_alloc(arena, large + 1);
    for (size_t i = 0; i < large; i++)
        text[i] = "0123456789,;\n\" abcdef"[(i * i / 7 + i / 1000) % 21];
    there_and_back(LG_PACK_COMMAND, lg_bytes_of(text, large));
    char *command = a_command(text);
    assert_in_range(there_and_back(LG_PACK_COMMAND, lg_bytes_str(command)), 1, large);
    uint8_t *huge = calloc(1, LG_PACKED_TEXT_MAX + 1);
    assert_non_null(huge);
    memset(huge, ' ', LG_PACKED_TEXT_MAX + 1);
    there_and_back(LG_PACK_COMMAND, lg_bytes_of(huge, LG_PACKED_TEXT_MAX + 1));
    assert_in_range(there_and_back(LG_PACK_COMMAND, lg_bytes_of(huge, LG_PACKED_TEXT_MAX)), 1, 100000);
    assert_int_equal(there_and_back(LG_PACK_DISCLOSURES, lg_bytes_of(huge, LG_PACKED_DISCLOSURES_MAX + 1)),
                     LG_PACKED_DISCLOSURES_MAX + 2);
    assert_in_range(there_and_back(LG_PACK_DISCLOSURES, lg_bytes_of(huge, LG_PACKED_DISCLOSURES_MAX)), 1,
                    10000);
    free(huge);
}

static void refuse(const void *data, size_t len)
{
    lg_bytes out;
    assert_int_equal(lg_unpack(packer, lg_bytes_of(data, len), arena, &out), LG_CORRUPT);
}

/* A packed text made by hand: whatever is between the header and the end of a real one. */
static lg_bytes with_header(const char *header, size_t header_len, lg_bytes rest)
{
    uint8_t *data = lg_arena_alloc(arena, header_len + rest.len);
    memcpy(data, header, header_len);
    memcpy(data + header_len, rest.data, rest.len);
    return lg_bytes_of(data, header_len + rest.len);
}

static void what_is_no_packed_text_is_refused(void **state)
{
    (void)state;
    refuse("", 0);
    refuse("\1", 1);
    refuse("\3text", 5);
    refuse("\377", 1);
    refuse("\1\377\377\377\377\377\377\377\377\377\1\0", 12);
    refuse("\1\5\200", 3);
    refuse("\1\5\7raw", 6);
    char *text = a_command("{\"number\":\"INV-1\",\"currency\":\"CNY\"}");
    lg_bytes packed = packed_copy(LG_PACK_COMMAND, lg_bytes_str(text)), out;
    assert_int_equal(packed.data[0], LG_PACK_COMMAND);
    assert_true(packed.data[1] >= 0x80 && packed.data[2] < 0x80); /* the length takes two bytes */
    lg_bytes rest = lg_bytes_of(packed.data + 3, packed.len - 3);
    for (size_t len = 0; len < packed.len; len++)
        refuse(packed.data, len);
    static const struct {
        const char *header;
        size_t len;
    } lies[] = {
        {"\1\0", 2},                  /* no text at all */
        {"\1\1", 2},                  /* one byte */
        {"\1\200\200\1", 4},          /* 16 KiB, of which there is less */
        {"\1\200\200\200\40", 5},     /* 64 MiB */
        {"\1\201\200\200\40", 5},     /* more than is ever packed */
        {"\1\377\377\377\377\17", 6}, /* 4 GiB */
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        lg_bytes lie = with_header(lies[i].header, lies[i].len, rest);
        assert_int_equal(lg_unpack(packer, lie, arena, &out), LG_CORRUPT);
    }
    /* one byte less and one more than the text has */
    for (int off = -1; off <= 1; off += 2) {
        uint8_t *bent = (uint8_t *)lg_arena_copy(arena, packed).data;
        bent[1] = (uint8_t)(bent[1] + off);
        refuse(bent, packed.len);
    }
    assert_int_equal(lg_unpack(packer, packed, arena, &out), LG_OK);
    assert_same(out, lg_bytes_str(text));
}

/* Another dictionary's number, other bits: LG_CORRUPT, or a text that the digests will not fit. */
static void damage_is_survived(void **state)
{
    (void)state;
    lg_bytes texts[] = {packed_copy(LG_PACK_COMMAND, lg_bytes_str(a_command("{\"number\":\"INV-1\"}"))),
                        packed_copy(LG_PACK_DISCLOSURES, lg_bytes_str(disclosures(7)))};
    unsigned refused = 0;
    for (size_t t = 0; t < 2; t++) {
        for (size_t bit = 0; bit < 8 * texts[t].len; bit++) {
            lg_arena *own = lg_arena_open();
            uint8_t *bent = (uint8_t *)lg_arena_copy(own, texts[t]).data;
            lg_bytes out;
            bent[bit / 8] ^= (uint8_t)(1 << bit % 8);
            lg_err err = lg_unpack(packer, lg_bytes_of(bent, texts[t].len), own, &out);
            assert_true(err == LG_OK || err == LG_CORRUPT);
            refused += err == LG_CORRUPT;
            lg_arena_close(own);
        }
    }
    assert_true(refused > 0);
    for (unsigned i = 0; i < 20000; i++) {
        lg_arena *own = lg_arena_open();
        lg_bytes text = texts[i % 2], out;
        uint8_t *bent = (uint8_t *)lg_arena_copy(own, text).data;
        uint32_t chance[4];
        lg_random(chance, sizeof chance);
        for (unsigned k = 0; k < 1 + chance[3] % 3; k++)
            bent[1 + chance[k] % (text.len - 1)] = (uint8_t)(chance[k] >> 24);
        lg_err err = lg_unpack(packer, lg_bytes_of(bent, text.len), own, &out);
        assert_true(err == LG_OK || err == LG_CORRUPT);
        lg_arena_close(own);
    }
}

/* What was packed by the first release must be readable for ever. */
static void old_texts_stay_readable(void **state)
{
    (void)state;
    lg_bytes out;
    assert_int_equal(lg_unpack(packer, lg_bytes_of("\0as it is", 9), arena, &out), LG_OK);
    assert_same(out, lg_bytes_str("as it is"));
}

static int begin(void **state)
{
    (void)state;
    assert_int_equal(lg_crypto_init(), LG_OK);
    arena = lg_arena_open();
    packer = lg_packer_open();
    return 0;
}

static int end(void **state)
{
    (void)state;
    lg_packer_close(packer);
    lg_arena_close(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_and_disclosures_become_small),
        cmocka_unit_test(every_shape_comes_back),
        cmocka_unit_test(disclosures_need_not_be_undone),
        cmocka_unit_test(a_command_and_its_answer_are_one_text),
        cmocka_unit_test(any_bytes_come_back),
        cmocka_unit_test(what_is_no_packed_text_is_refused),
        cmocka_unit_test(damage_is_survived),
        cmocka_unit_test(old_texts_stay_readable),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
