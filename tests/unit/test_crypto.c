/* Hashes, randomness, signatures and key files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/file.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/seal.h"
#include "ledger/crypto/secret.h"
#include "ledger/crypto/sign.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static lg_arena *arena;
static char folder[] = "/tmp/tallystick-crypto-XXXXXX";

static const char *file_in_folder(const char *name)
{
    return lg_arena_printf(arena, "%s/%s", folder, name);
}

static lg_bytes unhex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    uint8_t *out = lg_arena_alloc(arena, len);
    assert_true(lg_hex_decode(lg_bytes_str(hex), out, len));
    return lg_bytes_of(out, len);
}

static void sha256_known_answers(void **state)
{
    (void)state;
    lg_hash hash = lg_sha256(lg_bytes_str(""));
    assert_string_equal(lg_hex_encode(arena, lg_bytes_of(hash.b, 32)),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash = lg_sha256(lg_bytes_str("abc"));
    assert_string_equal(lg_hex_encode(arena, lg_bytes_of(hash.b, 32)),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    lg_hash joined = lg_sha256_cat(lg_bytes_str("a"), lg_bytes_str("b"), lg_bytes_str("c"));
    assert_true(lg_hash_equal(&hash, &joined));
    joined = lg_sha256_cat(lg_bytes_of(NULL, 0), lg_bytes_str("abc"), lg_bytes_of(NULL, 0));
    assert_true(lg_hash_equal(&hash, &joined));
    joined.b[31] ^= 1;
    assert_false(lg_hash_equal(&hash, &joined));
}

static const char *keyed(const uint8_t *key, const char *tag, const char *a, const char *b)
{
    uint8_t out[LG_KEYED_LEN];
    const lg_bytes fields[] = {lg_bytes_str(a), lg_bytes_str(b)};
    lg_keyed_hash(key, tag, fields, 2, out);
    return lg_hex_encode(arena, lg_bytes_of(out, sizeof out));
}

/* The answers are Python's hashlib.blake2b over u32be(len) ‖ bytes of each field, the tag first. */
static void keyed_hashes_tell_fields_apart(void **state)
{
    (void)state;
    uint8_t key[LG_HASH_KEY_LEN], out[LG_KEYED_LEN];
    for (unsigned i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    assert_string_equal(keyed(key, "fingerprint", "ab", "c"), "8fbfecd6539fc611dc68a71c6f4db7c1");
    assert_string_equal(keyed(key, "fingerprint", "a", "bc"), "7d364ad0d0b5581902fcaf0044a02e42");
    lg_keyed_hash(key, "fingerprint", NULL, 0, out);
    assert_string_equal(lg_hex_encode(arena, lg_bytes_of(out, sizeof out)),
                        "b0d2c74a8843f786a3c8483889e8ee57");
    assert_string_not_equal(keyed(key, "other", "ab", "c"), keyed(key, "fingerprint", "ab", "c"));
    key[0] ^= 1;
    assert_string_not_equal(keyed(key, "fingerprint", "ab", "c"), "8fbfecd6539fc611dc68a71c6f4db7c1");
}

/* Pieces of every size, drawn across many refills: a repeated or a left-over byte run would show as equal
 * 16-byte blocks. */
static void random_bytes_do_not_repeat(void **state)
{
    (void)state;
    enum { BLOCKS = 4000 };
    uint8_t(*blocks)[16] = calloc(BLOCKS, sizeof *blocks);
    assert_non_null(blocks);
    for (size_t i = 0; i < BLOCKS; i++) {
        uint8_t waste[600];
        lg_random(blocks[i], sizeof *blocks);
        lg_random(waste, i % sizeof waste);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        for (size_t j = i + 1; j < BLOCKS; j++)
            if (memcmp(blocks[i], blocks[j], sizeof *blocks) == 0)
                fail_msg("blocks %zu and %zu are equal", i, j);
    free(blocks);
}

static void *draw(void *out)
{
    lg_random(out, 32);
    return NULL;
}

static void threads_and_children_draw_different_bytes(void **state)
{
    (void)state;
    uint8_t mine[32], thread[32], child[32];
    int ends[2], status;
    pthread_t id;
    lg_random(mine, sizeof mine); /* the pool now holds bytes that a child inherits */
    assert_int_equal(pthread_create(&id, NULL, draw, thread), 0);
    assert_int_equal(pthread_join(id, NULL), 0);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        lg_random(child, sizeof child);
        _exit(write(ends[1], child, sizeof child) == sizeof child ? 0 : 1);
    }
    assert_int_equal(read(ends[0], child, sizeof child), sizeof child);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    lg_random(mine, sizeof mine);
    assert_memory_not_equal(mine, child, 32);
    assert_memory_not_equal(mine, thread, 32);
    close(ends[0]);
    close(ends[1]);
}

static void secrets_are_wiped_and_compared(void **state)
{
    (void)state;
    char a[16] = "secret", b[16] = "secret";
    assert_true(lg_equal_secret(a, b, sizeof a));
    b[15] = 1;
    assert_false(lg_equal_secret(a, b, sizeof a));
    lg_wipe(a, sizeof a);
    for (size_t i = 0; i < sizeof a; i++)
        assert_int_equal(a[i], 0);
    void *secret = lg_secret_alloc(100);
    memset(secret, 7, 100);
    lg_secret_seal(secret);
    assert_int_equal(*(uint8_t *)secret, 7);
    lg_secret_free(secret);
    lg_secret_free(NULL);
    struct rlimit limit;
    assert_int_equal(lg_forbid_core_dumps(), LG_OK);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_max, 0);
}

/* RFC 8032 section 7.1, tests 1 and 3. */
static void ed25519_known_answers(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25"
         "bf5f0595bbe24655141438e7a10"
         "0b"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7"
         "c15e9716ed28dc027beceea1ec4"
         "0a"},
    };
    for (size_t i = 0; i < 2; i++) {
        lg_signing_key *key = lg_signing_key_from_seed(unhex(rows[i][0]).data);
        lg_public_key public = lg_signing_key_public(key);
        lg_bytes message = unhex(rows[i][2]);
        lg_signature signature = lg_sign(key, message);
        assert_string_equal(lg_hex_encode(arena, lg_bytes_of(public.b, 32)), rows[i][1]);
        assert_string_equal(lg_hex_encode(arena, lg_bytes_of(signature.b, 64)), rows[i][3]);
        assert_true(lg_verify(&public, message, &signature));
        assert_false(lg_verify(&public, lg_bytes_str("other"), &signature));
        for (unsigned bit = 0; bit < 512; bit++) {
            lg_signature bad = signature;
            bad.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(lg_verify(&public, message, &bad));
        }
        for (unsigned bit = 0; bit < 256; bit++) {
            lg_public_key bad = public;
            bad.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(lg_verify(&bad, message, &signature));
        }
        lg_signing_key_close(key);
    }
}

static void weak_public_keys_are_not_valid(void **state)
{
    (void)state;
    static const char *const weak[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* of order 4 */
        "0100000000000000000000000000000000000000000000000000000000000000", /* the neutral element */
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* of order 2 */
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", /* of order 8 */
        "0200000000000000000000000000000000000000000000000000000000000000", /* not on the curve */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", /* not canonical */
    };
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        lg_public_key key;
        memcpy(key.b, unhex(weak[i]).data, 32);
        assert_false(lg_public_key_is_valid(&key));
    }
    lg_signing_key *key = lg_signing_key_new();
    lg_public_key public = lg_signing_key_public(key);
    assert_true(lg_public_key_is_valid(&public));
    lg_signing_key_close(key);
}

/* RFC 8037 appendix A.3. */
static void kid_is_the_jwk_thumbprint(void **state)
{
    (void)state;
    lg_public_key key;
    memcpy(key.b, unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").data, 32);
    assert_string_equal(lg_kid_of(&key).s, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static const char *read_text(const char *path)
{
    char *text = lg_arena_alloc(arena, 4096);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, 4095, file);
    fclose(file);
    text[len] = '\0';
    return text;
}

static unsigned files_in_folder(void)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void key_files_are_private_jwks(void **state)
{
    (void)state;
    const char *path = file_in_folder("key.jwk");
    struct stat status;
    lg_signing_key *key = lg_signing_key_from_seed(
        unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").data);
    lg_signing_key *again, *other = lg_signing_key_new();
    lg_report report;
    lg_report_init(&report, arena);
    mode_t old_mask = umask(0);
    assert_int_equal(lg_key_file_write(path, key, &report), LG_OK);
    umask(old_mask);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_string_equal(read_text(path),
                        "{\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
                        "\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}\n");
    assert_int_equal(lg_key_file_read(path, &again, &report), LG_OK);
    assert_memory_equal(lg_signing_key_public(again).b, lg_signing_key_public(key).b, 32);
    assert_memory_equal(lg_sign(again, lg_bytes_str("x")).b, lg_sign(key, lg_bytes_str("x")).b, 64);
    assert_int_equal(lg_key_file_write(path, other, &report), LG_ALREADY_EXISTS);
    assert_int_equal(files_in_folder(), 1); /* no temporary file left, and the old key untouched */
    assert_non_null(strstr(read_text(path), "11qYAYKx"));
    static const mode_t open_modes[] = {0640, 0604, 0660, 0644, 0700 | 01, 0620};
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        assert_int_equal(chmod(path, open_modes[i]), 0);
        assert_int_equal(lg_key_file_read(path, &again, &report), LG_IO);
    }
    assert_int_equal(chmod(path, 0400), 0);
    lg_signing_key_close(again);
    assert_int_equal(lg_key_file_read(path, &again, &report), LG_OK);
    lg_signing_key_close(again);
    lg_signing_key_close(key);
    lg_signing_key_close(other);
    lg_signing_key_close(NULL);
    assert_int_equal(unlink(path), 0);
}

static void bad_key_files_are_refused_without_quoting_them(void **state)
{
    (void)state;
#define D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    static const char *const bad[] = {
        "",
        "[]",
        "{\"crv\":\"Ed25519\",\"d\":\"" D "\",\"kty\":\"OKP\"}",
        "{\"crv\":\"Ed25519\",\"x\":\"" X "\",\"kty\":\"OKP\"}",
        "{\"crv\":\"Ed25519\",\"d\":\"" D "\",\"kty\":\"OKP\",\"x\":\"" D "\"}",
        "{\"crv\":\"X25519\",\"d\":\"" D "\",\"kty\":\"OKP\",\"x\":\"" X "\"}",
        "{\"crv\":\"Ed25519\",\"d\":\"" D "\",\"kty\":\"EC\",\"x\":\"" X "\"}",
        "{\"crv\":\"Ed25519\",\"d\":\"" D "=\",\"kty\":\"OKP\",\"x\":\"" X "\"}",
        "{\"crv\":\"Ed25519\",\"d\":\"" D "\",\"kty\":\"OKP\",\"x\":\"" X "=\"}",
        "{\"crv\":\"Ed25519\",\"d\":\"=WGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",\"kty\":\"OKP\",\"x\":"
        "\"" X "\"}",
        /* 257 bits: what is left of the last letter must be nothing */
        "{\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B\",\"kty\":\"OKP\",\"x\":"
        "\"" X "\"}",
        "{\"crv\":\"Ed25519\",\"d\":12,\"kty\":\"OKP\",\"x\":\"" X "\"}",
        "{\"crv\":\"Ed25519\",\"d\":\"" D "\",\"kty\":\"OKP\",\"x\":\"" X "\"",
        "{\"crv\":\"Ed25519\",\"d\":\"" D "\",\"d\":\"" D "\",\"kty\":\"OKP\",\"x\":\"" X "\"}",
        D,
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lg_report report;
        lg_signing_key *key = NULL;
        const char *path = file_in_folder("bad.jwk");
        lg_report_init(&report, arena);
        assert_int_equal(lg_file_create(path, lg_bytes_str(bad[i]), 0600, &report), LG_OK);
        assert_int_equal(lg_key_file_read(path, &key, &report), LG_CORRUPT);
        assert_null(key);
        assert_null(strstr(report.detail, "nWGx"));
        assert_int_equal(unlink(path), 0);
    }
#undef D
#undef X
    lg_signing_key *key;
    lg_report report;
    lg_report_init(&report, arena);
    char *huge = lg_arena_alloc(arena, 5001);
    memset(huge, ' ', 5000);
    assert_int_equal(lg_file_create(file_in_folder("huge"), lg_bytes_str(huge), 0600, &report), LG_OK);
    assert_int_equal(lg_key_file_read(file_in_folder("huge"), &key, &report), LG_CORRUPT);
    assert_int_equal(unlink(file_in_folder("huge")), 0);
    assert_int_equal(lg_key_file_read(file_in_folder("absent"), &key, &report), LG_NOT_FOUND);
    assert_int_equal(lg_key_file_read(folder, &key, &report), LG_IO);
}

static void files_are_created_whole_or_not_at_all(void **state)
{
    (void)state;
    lg_report report;
    lg_report_init(&report, arena);
    assert_int_equal(lg_file_create(file_in_folder("no/such/folder"), lg_bytes_str("x"), 0600, &report),
                     LG_IO);
    assert_non_null(strstr(report.detail, "no/such/folder"));
    assert_int_equal(lg_file_create(file_in_folder("a"), lg_bytes_str("first"), 0644, &report), LG_OK);
    assert_int_equal(lg_file_create(file_in_folder("a"), lg_bytes_str("second"), 0644, &report),
                     LG_ALREADY_EXISTS);
    assert_string_equal(read_text(file_in_folder("a")), "first");
    assert_int_equal(unlink(file_in_folder("a")), 0);
    assert_int_equal(files_in_folder(), 0);
    assert_int_equal(lg_file_sync_parent("name-without-folder", &report), LG_OK);
    assert_int_equal(lg_file_sync_parent("/name", &report), LG_OK);
    assert_int_equal(lg_file_sync_parent("/no-such-folder/name", &report), LG_IO);
}

static void a_secret_file_holds_exactly_its_secret(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } files[] = {
        {"00ff10ab\n", true},  {"00ff10ab", false},     {"00ff10ab\n\n", false},
        {"00ff10a\n", false},  {"00ff10abcd\n", false}, {"00FF10AB\n", false},
        {"00ff10ag\n", false}, {"00ff10ab ", false},    {"", false},
    };
    lg_report report;
    uint8_t secret[4];
    lg_report_init(&report, arena);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = file_in_folder("secret");
        assert_int_equal(lg_file_create(path, lg_bytes_str(files[i].text), 0600, &report), LG_OK);
        if (lg_secret_file_read(path, secret, sizeof secret, &report) != (files[i].good ? LG_OK : LG_CORRUPT))
            fail_msg("\"%s\"", files[i].text);
        if (files[i].good)
            assert_memory_equal(secret, "\x00\xff\x10\xab", 4);
        else
            assert_string_equal(
                report.detail,
                lg_arena_printf(arena, "%s does not hold 4 bytes in hexadecimal and a line feed.", path));
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(lg_secret_file_write(file_in_folder("secret"), secret, 65, &report), LG_INTERNAL);
    assert_int_equal(files_in_folder(), 0);
    assert_int_equal(lg_secret_file_read(file_in_folder("secret"), secret, 4, &report), LG_NOT_FOUND);
}

static void a_sealed_key_opens_with_its_master_key_alone(void **state)
{
    (void)state;
    const uint8_t master[LG_SEAL_KEY_LEN] = {1}, other[LG_SEAL_KEY_LEN] = {2};
    lg_signing_key *key = lg_signing_key_new(), *back = NULL;
    const lg_public_key public = lg_signing_key_public(key);
    char *sealed = lg_seal_signing_key(arena, master, key);
    assert_int_equal(lg_unseal_signing_key(arena, master, lg_bytes_str(sealed), &back), LG_OK);
    const lg_public_key again = lg_signing_key_public(back);
    assert_memory_equal(again.b, public.b, sizeof public.b);
    lg_signing_key_close(back);
    lg_signing_key_close(key);
    assert_int_equal(lg_unseal_signing_key(arena, other, lg_bytes_str(sealed), &back), LG_CORRUPT);
    assert_int_equal(lg_unseal_signing_key(arena, master, lg_bytes_of(sealed, strlen(sealed) - 4), &back),
                     LG_CORRUPT);
    assert_int_equal(lg_unseal_signing_key(arena, master, lg_bytes_str("no base64!"), &back), LG_CORRUPT);
    sealed[40] = sealed[40] == 'A' ? 'B' : 'A';
    assert_int_equal(lg_unseal_signing_key(arena, master, lg_bytes_str(sealed), &back), LG_CORRUPT);
}

static void paths_have_their_length(void **state)
{
    (void)state;
    lg_report report;
    lg_report_init(&report, arena);
    char *path = lg_arena_alloc(arena, 2 * 4096 + 1);
    memset(path, 'p', 2 * 4096);
    assert_int_equal(lg_file_create(path, lg_bytes_str("x"), 0600, &report), LG_IO);
    assert_non_null(strstr(report.detail, "File name too long"));
    path[2 * 4096 - 1] = '/';
    assert_int_equal(lg_file_sync_parent(path, &report), LG_OK); /* a name in this folder */
    path[2 * 4096 - 2] = '/';
    path[2 * 4096 - 1] = 'n';
    assert_int_equal(lg_file_sync_parent(path, &report), LG_IO);
    assert_non_null(strstr(report.detail, "File name too long"));
}

static int set_up(void **state)
{
    (void)state;
    arena = lg_arena_open();
    return mkdtemp(folder) && lg_crypto_init() == LG_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    lg_arena_close(arena);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_known_answers),
        cmocka_unit_test(keyed_hashes_tell_fields_apart),
        cmocka_unit_test(random_bytes_do_not_repeat),
        cmocka_unit_test(threads_and_children_draw_different_bytes),
        cmocka_unit_test(secrets_are_wiped_and_compared),
        cmocka_unit_test(ed25519_known_answers),
        cmocka_unit_test(weak_public_keys_are_not_valid),
        cmocka_unit_test(kid_is_the_jwk_thumbprint),
        cmocka_unit_test(key_files_are_private_jwks),
        cmocka_unit_test(bad_key_files_are_refused_without_quoting_them),
        cmocka_unit_test(files_are_created_whole_or_not_at_all),
        cmocka_unit_test(a_secret_file_holds_exactly_its_secret),
        cmocka_unit_test(a_sealed_key_opens_with_its_master_key_alone),
        cmocka_unit_test(paths_have_their_length),
    };
    return cmocka_run_group_tests_name("crypto", tests, set_up, tear_down);
}
