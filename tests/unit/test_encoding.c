/* base64, base64url and hexadecimal: known answers, round trips, and everything a strict decoder must refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"

#include <stdlib.h>
#include <string.h>

static void known_answers_of_rfc_4648(void **state)
{
    static const char *const rows[][3] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+", "-__-"},
    };
    lg_arena *arena = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lg_bytes plain = lg_bytes_str(rows[i][0]), back;
        char text[32];
        assert_string_equal(lg_base64_encode(arena, plain), rows[i][1]);
        assert_string_equal(lg_base64url_encode(arena, plain), rows[i][2]);
        assert_int_equal(lg_base64_write(text, plain.data, plain.len), strlen(rows[i][1]));
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(lg_base64url_write(text, plain.data, plain.len), strlen(rows[i][2]));
        assert_string_equal(text, rows[i][2]);
        assert_true(lg_base64_decode(arena, lg_bytes_str(rows[i][1]), &back));
        assert_int_equal(back.len, plain.len);
        assert_memory_equal(back.data, plain.data, plain.len);
        assert_true(lg_base64url_decode(arena, lg_bytes_str(rows[i][2]), &back));
        assert_int_equal(back.len, plain.len);
        assert_memory_equal(back.data, plain.data, plain.len);
    }
}

/* Every value at every place, whichever step of the encoders takes it: as the tables of the RFC say. */
static void every_value_has_its_letter_at_every_place(void **state)
{
    static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                      url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                      digits[] = "0123456789abcdef";
    enum { LEN = 32 };
    (void)state;
    for (size_t at = 0; at < LEN; at++)
        for (unsigned value = 0; value < 256; value++) {
            uint8_t data[LEN];
            char base64[(LEN + 2) / 3 * 4 + 1], url[(LEN * 4 + 2) / 3 + 1], hex[2 * LEN + 1];
            memset(data, (int)(value * 167 % 256), sizeof data);
            data[at] = (uint8_t)value;
            lg_base64_write(base64, data, LEN);
            lg_base64url_write(url, data, LEN);
            lg_hex_write(hex, data, LEN);
            for (size_t i = 0; i < (LEN * 4 + 2) / 3; i++) {
                const size_t bit = 6 * i;
                const unsigned two =
                    (unsigned)data[bit / 8] << 8 | (bit / 8 + 1 < LEN ? data[bit / 8 + 1] : 0);
                const unsigned sextet = two >> (10 - bit % 8) & 63;
                assert_int_equal(base64[i], standard[sextet]);
                assert_int_equal(url[i], url_safe[sextet]);
            }
            for (size_t i = 0; i < LEN; i++) {
                assert_int_equal(hex[2 * i], digits[data[i] >> 4]);
                assert_int_equal(hex[2 * i + 1], digits[data[i] & 15]);
            }
        }
}

/* Nothing is read or written beyond what was given: for the sanitizers. */
static void encoders_keep_within_their_bounds(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        uint8_t *data = malloc(len ? len : 1);
        char *base64 = malloc((len + 2) / 3 * 4 + 1), *url = malloc((len * 4 + 2) / 3 + 1),
             *hex = malloc(2 * len + 1);
        lg_random(data, len);
        const size_t base64_len = lg_base64_write(base64, data, len),
                     url_len = lg_base64url_write(url, data, len);
        lg_hex_write(hex, data, len);
        assert_int_equal(strlen(base64), base64_len);
        assert_int_equal(strlen(url), url_len);
        assert_int_equal(strlen(hex), 2 * len);
        free(data), free(base64), free(url), free(hex);
    }
}

static void every_length_goes_there_and_back(void **state)
{
    lg_arena *arena = *state;
    uint8_t data[200];
    for (size_t len = 0; len <= sizeof data; len++) {
        lg_bytes back, plain = lg_bytes_of(data, len);
        uint8_t again[200];
        lg_random(data, len);
        assert_true(lg_base64_decode(arena, lg_bytes_str(lg_base64_encode(arena, plain)), &back));
        assert_int_equal(back.len, len);
        assert_memory_equal(back.data, data, len);
        const char *url = lg_base64url_encode(arena, plain);
        assert_int_equal(strlen(url), (len * 4 + 2) / 3);
        assert_true(lg_base64url_decode(arena, lg_bytes_str(url), &back));
        assert_int_equal(back.len, len);
        assert_memory_equal(back.data, data, len);
        assert_true(lg_hex_decode(lg_bytes_str(lg_hex_encode(arena, plain)), again, len));
        assert_memory_equal(again, data, len);
        lg_arena_reset(arena);
    }
}

static void base64_is_strict(void **state)
{
    static const char *const bad[] = {
        "Z",        "Zg",     "Zg=",    "Zg===", "Zm8",   "Zm8==",      "Zm9v=",  "Zm9v====",  "Zh==",
        "Zm9=",     "Zg==\n", "\nZg==", "Z g==", "Zg= =", " Zg==",      "Zg== ",  "Zm9\nv",    "-__-",
        "Zg==Zg==", "=",      "====",   "Zg=a",  "Zm9v!", "Zm\xc3\xb6", "Zm9vYg", "Zm9vYg==A",
    };
    lg_arena *arena = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lg_bytes out;
        if (lg_base64_decode(arena, lg_bytes_str(bad[i]), &out))
            fail_msg("accepted \"%s\"", bad[i]);
    }
    lg_bytes out;
    assert_false(lg_base64_decode(arena, lg_bytes_of("Zm9v\0", 5), &out));
}

static void base64url_is_strict(void **state)
{
    static const char *const bad[] = {
        "Z",   "Zg==", "Zm8=", "Zh",    "Zm9",   "+//+",  "Zg\n",
        " Zg", "Zg ",  "Z\tg", "Zm9vZ", "-__-=", "Zm9v.", "Zm\xc3\xb6",
    };
    lg_arena *arena = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lg_bytes out;
        if (lg_base64url_decode(arena, lg_bytes_str(bad[i]), &out))
            fail_msg("accepted \"%s\"", bad[i]);
    }
    lg_bytes out;
    assert_false(lg_base64url_decode(arena, lg_bytes_of("Zm9v\0", 5), &out));
}

/* Of all one-byte endings, exactly the canonical one is taken: no two texts decode to the same bytes. */
static void each_value_has_one_text(void **state)
{
    lg_arena *arena = *state;
    int taken = 0;
    for (int c = 0; c < 256; c++) {
        const uint8_t text[2] = {'Z', (uint8_t)c};
        lg_bytes out;
        if (lg_base64url_decode(arena, lg_bytes_of(text, 2), &out)) {
            assert_int_equal(out.len, 1);
            taken++;
        }
    }
    assert_int_equal(taken, 4); /* the two bits left over choose among 'ZA', 'ZQ', 'Zg' and 'Zw' */
}

/* Every byte at every place of a group: only the alphabet's 64 are taken. */
static void only_the_alphabet_is_taken(void **state)
{
    static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    lg_arena *arena = *state;
    for (size_t at = 0; at < 4; at++)
        for (int c = 0; c < 256; c++) {
            char text[5] = "AAAA";
            lg_bytes out;
            text[at] = (char)c;
            assert_int_equal(lg_base64_decode(arena, lg_bytes_of(text, 4), &out),
                             (c && strchr(standard, c)) || (at == 3 && c == '='));
            assert_int_equal(lg_base64url_decode(arena, lg_bytes_of(text, 4), &out),
                             c && strchr(url_safe, c));
        }
}

static void hexadecimal_is_strict(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    static const char *const bad[] = {"",         "0",        "00",       "000000",   "00000000ff",
                                      "0000000G", "0000000F", "0000 000", "0x000000", "-1000000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(lg_hex_decode(lg_bytes_str(bad[i]), out, sizeof out));
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(out[i], 9); /* written only on success */
    assert_true(lg_hex_decode(lg_bytes_str("00ff10ab"), out, sizeof out));
    assert_memory_equal(out, "\x00\xff\x10\xab", 4);
    assert_true(lg_hex_decode(lg_bytes_str(""), out, 0));
}

static int set_up(void **state)
{
    *state = lg_arena_open();
    return lg_crypto_init() == LG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    lg_arena_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_of_rfc_4648),
        cmocka_unit_test(every_value_has_its_letter_at_every_place),
        cmocka_unit_test(encoders_keep_within_their_bounds),
        cmocka_unit_test(every_length_goes_there_and_back),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(base64url_is_strict),
        cmocka_unit_test(each_value_has_one_text),
        cmocka_unit_test(hexadecimal_is_strict),
        cmocka_unit_test(only_the_alphabet_is_taken),
    };
    return cmocka_run_group_tests_name("encoding", tests, set_up, tear_down);
}
