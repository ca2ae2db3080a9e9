/* Signed notes, checkpoints, cosignatures and tlog-proofs: known answers byte for byte, and what a hostile
 * server may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/log/entry.h"
#include "ledger/log/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN       "ledger.example.com/scf/debt-1"
#define WITNESS      "witness.example.com/w1"
#define DASH         "\xe2\x80\x94 "
#define LOG_VKEY     ORIGIN "+f9db4d9c+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define WITNESS_VKEY WITNESS "+745fb5e8+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define TEXT_8       ORIGIN "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define LOG_LINE_8                                                                                           \
    DASH ORIGIN                                                                                              \
        " +dtNnEz40nKgncAweUnf1YG6h9RD/PI8F+q22DLgmOm1y6RZ4HMYn24OhTTzy9BREAEbi6yqi+HikCthGj5SQjzmug4=\n"
#define WITNESS_LINE_8                                                                                       \
    DASH WITNESS " dF+16AAAAABkGFDLPa6EwH1Jfp1BeohZd+"                                                       \
                 "CFwZktwcT0mObAN1mmhEkyVHKwH0ZflZwFs0TF4OVdXuB1ozZA6qYFQCHEOJJULCkdAA==\n"
#define NOTE_8 TEXT_8 "\n" LOG_LINE_8 WITNESS_LINE_8

enum { COSIGNED_AT = 1679315147, LEAVES = 8 };

static const char *const leaf_data[LEAVES] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
};

static lg_arena *arena;
static lg_signing_key *log_key, *witness_key;
static lg_verifier verifiers[2]; /* log, witness */
static lg_hash leaves[LEAVES];
static json_t *vectors; /* NULL if the file is not there */

static lg_err read_leaves(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    (void)ctx;
    assert_int_equal(level, 0);
    assert_true(first + count <= LEAVES);
    memcpy(out, leaves + first, count * sizeof *out);
    return LG_OK;
}

static lg_checkpoint checkpoint_of(int64_t size)
{
    lg_checkpoint checkpoint = {.origin = ORIGIN, .size = size};
    assert_int_equal(lg_tree_root(read_leaves, NULL, size, &checkpoint.root), LG_OK);
    return checkpoint;
}

/* A checkpoint as the log signs it and the witness cosigns it. */
static const char *signed_checkpoint(int64_t size)
{
    lg_checkpoint checkpoint = checkpoint_of(size);
    const char *text = lg_checkpoint_text(arena, &checkpoint);
    const char *lines = lg_arena_printf(arena, "%s%s", lg_note_sign(arena, text, ORIGIN, log_key),
                                        lg_note_cosign(arena, text, WITNESS, witness_key, COSIGNED_AT));
    return lg_note_join(arena, text, lines);
}

static lg_err open_note(const char *note, lg_note *out)
{
    lg_report report;
    lg_report_init(&report, arena);
    lg_err err = lg_note_open(arena, lg_bytes_str(note), verifiers, 2, out, &report);
    if (err != LG_OK) {
        assert_int_equal(report.err, err);
        assert_non_null(report.detail);
    }
    return err;
}

static void refuse(const char *note)
{
    lg_note out;
    if (open_note(note, &out) != LG_NOTE_INVALID)
        fail_msg("accepted:\n%s", note);
}

/* --- known answers kept here --- */

static void the_key_vectors_match(void **state)
{
    (void)state;
    assert_string_equal(lg_vkey_format(arena, &verifiers[0]), LOG_VKEY);
    assert_string_equal(lg_vkey_format(arena, &verifiers[1]), WITNESS_VKEY);
    assert_string_equal(signed_checkpoint(8), NOTE_8);
    assert_string_equal(
        signed_checkpoint(0), ORIGIN
        "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n" DASH ORIGIN
        " +dtNnKEgMHubpTFbg198ezFhSDZgljpkK/tzntc8B95dxt3Mch3RL0VmmTmvofdM8xURNc8Wl5TMJedPmylgdmxVfQk=\n" DASH
            WITNESS " dF+16AAAAABkGFDL8aBlxzXHBI7GXv1OTgS3zA51pWpQ5x0CquVB+Zh8JjB/UP+xQJVa1cv74KfcDPoI8L5/"
        "p9dUnfkhalFGpTcqBA==\n");
    static const char *const roots[] = {
        "6e340b9c", "fac54203", "aeb6bcfe", NULL, NULL, NULL, NULL, "5dc9da79",
    };
    for (int64_t size = 1; size <= LEAVES; size++)
        if (roots[size - 1]) {
            lg_checkpoint checkpoint = checkpoint_of(size);
            assert_memory_equal(lg_hex_encode(arena, lg_bytes_of(checkpoint.root.b, 4)), roots[size - 1], 8);
        }
}

static void a_tlog_proof_is_exactly_this_text(void **state)
{
    (void)state;
    lg_proof proof;
    lg_tlog_proof parsed;
    assert_int_equal(lg_tree_prove_inclusion(read_leaves, NULL, 5, 8, &proof), LG_OK);
    const char *text = lg_tlog_proof_format(arena, 5, &proof, NOTE_8);
    assert_string_equal(text, "c2sp.org/tlog-proof@v1\nindex 5\n"
                              "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
                              "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n"
                              "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n\n" NOTE_8);
    assert_int_equal(lg_tlog_proof_parse(arena, lg_bytes_str(text), &parsed, NULL), LG_OK);
    assert_int_equal(parsed.index, 5);
    assert_int_equal(parsed.proof.count, 3);
    assert_memory_equal(parsed.proof.hashes, proof.hashes, 3 * sizeof(lg_hash));
    assert_int_equal(parsed.checkpoint.len, strlen(NOTE_8));
    assert_memory_equal(parsed.checkpoint.data, NOTE_8, strlen(NOTE_8));
    proof.count = 0;
    text = lg_tlog_proof_format(arena, 0, &proof, signed_checkpoint(1));
    assert_memory_equal(text, "c2sp.org/tlog-proof@v1\nindex 0\n\n" ORIGIN "\n1\n",
                        strlen("c2sp.org/tlog-proof@v1\nindex 0\n\n" ORIGIN "\n1\n"));
    assert_int_equal(lg_tlog_proof_parse(arena, lg_bytes_str(text), &parsed, NULL), LG_OK);
    assert_int_equal(parsed.proof.count, 0);
}

/* --- the vector file --- */

static json_t *load_vectors(void)
{
    const char *path = getenv("TALLYSTICK_VECTORS");
    json_t *out = NULL;
    lg_buf text = {0};
    char piece[4096];
    size_t len;
    FILE *file = fopen(path ? path : "../shared/vectors/tlog-kat.json", "rb");
    if (!file)
        return NULL;
    while ((len = fread(piece, 1, sizeof piece, file)) > 0)
        lg_buf_add(&text, piece, len);
    fclose(file);
    if (lg_json_load(lg_buf_bytes(&text), &out, NULL) != LG_OK)
        fail_msg("the vector file is not JSON"); /* absent is fine, spoilt is not */
    lg_buf_clear(&text);
    return out;
}

static const char *vector_text(const char *name)
{
    const char *text = json_string_value(json_object_get(vectors, name));
    assert_non_null(text);
    return text;
}

static int64_t vector_int(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void every_checkpoint_of_the_vectors_matches(void **state)
{
    (void)state;
    if (!vectors)
        skip();
    uint8_t seed[32];
    assert_true(lg_hex_decode(lg_bytes_str(vector_text("log_seed")), seed, 32));
    lg_signing_key *key = lg_signing_key_from_seed(seed);
    assert_string_equal(lg_hex_encode(arena, lg_bytes_of(lg_signing_key_public(key).b, 32)),
                        vector_text("log_pub"));
    lg_signing_key_close(key);
    assert_string_equal(vector_text("log_vkey"), LOG_VKEY);
    assert_string_equal(vector_text("witness_vkey"), WITNESS_VKEY);
    const json_t *list = json_object_get(vectors, "leaves");
    assert_int_equal(json_array_size(list), LEAVES);
    for (size_t i = 0; i < LEAVES; i++)
        assert_string_equal(json_string_value(json_array_get(list, i)), leaf_data[i]);
    list = json_object_get(vectors, "checkpoints");
    assert_int_equal(json_array_size(list), LEAVES + 1);
    for (size_t size = 0; size <= LEAVES; size++) {
        const char *expected = json_string_value(json_array_get(list, size));
        lg_note note;
        lg_checkpoint checkpoint, defined = checkpoint_of((int64_t)size);
        assert_string_equal(signed_checkpoint((int64_t)size), expected);
        assert_int_equal(open_note(expected, &note), LG_OK);
        assert_true(note.verified[0] && note.verified[1]);
        assert_int_equal(note.cosigned_at[1], vector_int(vectors, "time"));
        assert_int_equal(lg_checkpoint_parse(arena, note.text, &checkpoint, NULL), LG_OK);
        assert_string_equal(checkpoint.origin, ORIGIN);
        assert_int_equal(checkpoint.size, size);
        assert_memory_equal(&checkpoint.root, &defined.root, 32);
    }
}

static void assert_proof_is(const lg_proof *proof, const json_t *expected)
{
    assert_int_equal(proof->count, json_array_size(expected));
    for (unsigned i = 0; i < proof->count; i++)
        assert_string_equal(lg_base64_encode(arena, lg_bytes_of(proof->hashes[i].b, 32)),
                            json_string_value(json_array_get(expected, i)));
}

static void every_proof_of_the_vectors_matches(void **state)
{
    (void)state;
    if (!vectors)
        skip();
    const json_t *list = json_object_get(vectors, "inclusion");
    assert_int_equal(json_array_size(list), LEAVES * (LEAVES + 1) / 2);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        int64_t index = vector_int(row, "index"), size = vector_int(row, "size");
        lg_checkpoint checkpoint = checkpoint_of(size);
        lg_proof proof;
        assert_int_equal(lg_tree_prove_inclusion(read_leaves, NULL, index, size, &proof), LG_OK);
        assert_proof_is(&proof, json_object_get(row, "proof"));
        assert_int_equal(
            lg_verify_inclusion(&leaves[index], index, size, &checkpoint.root, proof.hashes, proof.count),
            LG_OK);
    }
    list = json_object_get(vectors, "consistency");
    assert_int_equal(json_array_size(list), LEAVES * (LEAVES + 1) / 2);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        int64_t old = vector_int(row, "size1"), size = vector_int(row, "size2");
        lg_checkpoint a = checkpoint_of(old), b = checkpoint_of(size);
        lg_proof proof;
        assert_int_equal(lg_tree_prove_consistency(read_leaves, NULL, old, size, &proof), LG_OK);
        assert_proof_is(&proof, json_object_get(row, "proof"));
        assert_int_equal(lg_verify_consistency(old, &a.root, size, &b.root, proof.hashes, proof.count),
                         LG_OK);
    }
}

/* --- keys --- */

static void verifier_keys_are_read_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "+",
        "++",
        ORIGIN,
        ORIGIN "+f9db4d9c",
        ORIGIN "+f9db4d9c+",
        "+f9db4d9c+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        ORIGIN "+f9db4d9d+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c", /* not its id */
        ORIGIN "+F9DB4D9C+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        ORIGIN "x+f9db4d9c+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        ORIGIN "+f9db4d9c+AoqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c", /* type 2 */
        ORIGIN "+f9db4d9c+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29",
        ORIGIN "+f9db4d9c+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c ",
        ORIGIN "+f9db4d9c+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29cAAAA",
        "with blank+f9db4d9c+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
    };
    lg_verifier verifier;
    assert_int_equal(lg_vkey_parse(arena, LOG_VKEY, &verifier, NULL), LG_OK);
    assert_string_equal(verifier.name, ORIGIN);
    assert_int_equal(verifier.type, LG_KEY_ED25519);
    assert_memory_equal(verifier.key.b, verifiers[0].key.b, 32);
    assert_int_equal(lg_vkey_parse(arena, WITNESS_VKEY, &verifier, NULL), LG_OK);
    assert_int_equal(verifier.type, LG_KEY_COSIGNATURE);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lg_report report;
        lg_report_init(&report, arena);
        assert_int_equal(lg_vkey_parse(arena, bad[i], &verifier, &report), LG_NOTE_INVALID);
        assert_int_equal(report.err, LG_NOTE_INVALID);
    }
}

static void key_names_hold_no_space_and_no_plus(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "a b",
        "a+b",
        "a\tb",
        "a\nb",
        " a",
        "a ",
        "a\x7f",
        "\xff",
        "a\xc2\xa0z",
        "a\xe2\x80\x83z",
        "a\xe2\x80\xa8z",
        "a\xe3\x80\x80z",
        "a\xe1\x9a\x80z",
        "a\xe2\x81\x9fz",
        "a\xe2\x80\xafz",
        "a\xc2\x85z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(lg_key_name_is_valid(bad[i]));
    assert_true(lg_key_name_is_valid("a"));
    assert_true(lg_key_name_is_valid(ORIGIN));
    assert_true(lg_key_name_is_valid("\xe8\xb4\xa6\xe6\x9c\xac.example.com"));
    char name[LG_ORIGIN_MAX + 2];
    memset(name, 'a', sizeof name);
    name[LG_ORIGIN_MAX + 1] = '\0';
    assert_false(lg_key_name_is_valid(name));
    name[LG_ORIGIN_MAX] = '\0';
    assert_true(lg_key_name_is_valid(name));
}

/* --- notes --- */

static void unknown_keys_are_ignored_and_known_ones_must_verify(void **state)
{
    (void)state;
    lg_note note;
    assert_int_equal(open_note(NOTE_8, &note), LG_OK);
    assert_string_equal(note.text, TEXT_8);
    assert_string_equal(note.signatures, LOG_LINE_8 WITNESS_LINE_8);
    assert_int_equal(open_note(TEXT_8 "\n" LOG_LINE_8, &note), LG_OK);
    assert_true(note.verified[0]);
    assert_false(note.verified[1]);
    assert_int_equal(open_note(TEXT_8 "\n" WITNESS_LINE_8, &note), LG_OK);
    assert_false(note.verified[0]);
    /* same name with another id, same id under another name, another type of another length: unknown keys */
    assert_int_equal(open_note(TEXT_8 "\n" DASH ORIGIN " AAAAAAAA\n" DASH "other +dtNnAAA\n" DASH
                                      "pq.example AAAAAAAAAAAA\n" LOG_LINE_8,
                               &note),
                     LG_OK);
    refuse(TEXT_8 "\n" DASH "other AAAAAAAA\n");
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH ORIGIN " +dtNnAAA\n"); /* known key, wrong length */
    refuse(TEXT_8 "\n" DASH ORIGIN " +dtNnAAA\n" LOG_LINE_8);
    /* the log's key over another checkpoint's text, beside a good witness */
    refuse(TEXT_8
           "\n" WITNESS_LINE_8 DASH ORIGIN
           " +dtNnKEgMHubpTFbg198ezFhSDZgljpkK/tzntc8B95dxt3Mch3RL0VmmTmvofdM8xURNc8Wl5TMJedPmylgdmxVfQk=\n");
    assert_int_equal(lg_note_open(arena, lg_bytes_str(NOTE_8), NULL, 0, &note, NULL), LG_NOTE_INVALID);
    lg_verifier many[17] = {0};
    for (size_t i = 0; i < 17; i++)
        many[i] = verifiers[0];
    assert_int_equal(lg_note_open(arena, lg_bytes_str(NOTE_8), many, 17, &note, NULL), LG_INTERNAL);
    assert_int_equal(lg_note_open(arena, lg_bytes_str(NOTE_8), many, 16, &note, NULL), LG_OK);
    assert_true(note.verified[15]);
}

/* A key used for one type of signature says nothing about the other. */
static void types_of_signatures_are_kept_apart(void **state)
{
    (void)state;
    lg_note note;
    lg_public_key key = lg_signing_key_public(log_key);
    lg_verifier as_witness = lg_verifier_make(arena, ORIGIN, LG_KEY_COSIGNATURE, &key);
    assert_int_equal(lg_note_open(arena, lg_bytes_str(NOTE_8), &as_witness, 1, &note, NULL), LG_NOTE_INVALID);
    const char *cosigned = lg_note_join(arena, TEXT_8, lg_note_cosign(arena, TEXT_8, ORIGIN, log_key, 1));
    assert_int_equal(lg_note_open(arena, lg_bytes_str(cosigned), &as_witness, 1, &note, NULL), LG_OK);
    assert_int_equal(lg_note_open(arena, lg_bytes_str(cosigned), verifiers, 1, &note, NULL), LG_NOTE_INVALID);
}

static void every_flipped_bit_of_a_note_is_seen(void **state)
{
    (void)state;
    const size_t len = strlen(NOTE_8);
    lg_arena *scratch = lg_arena_open();
    for (size_t bit = 0; bit < len * 8; bit++) {
        char *bad = lg_arena_strdup(scratch, NOTE_8);
        lg_note note;
        bad[bit / 8] = (char)(bad[bit / 8] ^ (1 << bit % 8));
        if (lg_note_open(scratch, lg_bytes_of(bad, len), verifiers, 2, &note, NULL) == LG_OK) {
            /* A changed name or key id makes a line that of an unknown key; the text is never another one. */
            assert_string_equal(note.text, TEXT_8);
            assert_false(note.verified[0] && note.verified[1]);
        }
        lg_arena_reset(scratch);
    }
    for (size_t cut = 0; cut < len; cut++) {
        lg_note note;
        lg_err err = lg_note_open(scratch, lg_bytes_of(NOTE_8, cut), verifiers, 2, &note, NULL);
        assert_int_equal(err, cut == strlen(TEXT_8 "\n" LOG_LINE_8) ? LG_OK : LG_NOTE_INVALID);
    }
    lg_arena_close(scratch);
}

static void malformed_notes_are_refused(void **state)
{
    (void)state;
    refuse("");
    refuse("\n");
    refuse("\n\n");
    refuse(TEXT_8);
    refuse(TEXT_8 "\n");
    refuse(TEXT_8 LOG_LINE_8);
    refuse(TEXT_8 "\n" LOG_LINE_8 "\n");
    refuse(TEXT_8 "\n\n" LOG_LINE_8 "x\n");
    refuse(TEXT_8 "\n" LOG_LINE_8 "- " ORIGIN " AAAAAAAA\n");
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH "\n");
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH "name\n");
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH " AAAAAAAA\n");
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH "na+me AAAAAAAA\n");
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH "name AAAAAA==\n"); /* a key id and no signature */
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH "name AAAA AAAA\n");
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH "name AAAAAAA\n");
    refuse(TEXT_8 "\r\n" LOG_LINE_8);
    refuse(TEXT_8 "\n" LOG_LINE_8 DASH "na\xffme AAAAAAAA\n");
    lg_note note;
    char with_nul[] = NOTE_8;
    with_nul[3] = '\0';
    assert_int_equal(
        lg_note_open(arena, lg_bytes_of(with_nul, sizeof with_nul - 1), verifiers, 2, &note, NULL),
        LG_NOTE_INVALID);
    /* The text may hold empty lines; the last one separates. */
    const char *text = "a\n\nb\n";
    const char *good = lg_note_join(arena, text, lg_note_sign(arena, text, ORIGIN, log_key));
    assert_int_equal(open_note(good, &note), LG_OK);
    assert_string_equal(note.text, text);
}

static void the_number_and_size_of_signatures_is_bounded(void **state)
{
    (void)state;
    lg_buf text = {0};
    lg_note note;
    lg_buf_str(&text, TEXT_8 "\n" LOG_LINE_8);
    for (int i = 1; i < LG_NOTE_SIGNATURES_MAX; i++)
        lg_buf_str(&text, DASH "other AAAAAAAA\n");
    assert_int_equal(open_note(text.data, &note), LG_OK);
    lg_buf_str(&text, DASH "other AAAAAAAA\n");
    refuse(text.data);
    lg_buf_reset(&text);
    lg_buf_str(&text, TEXT_8 "\n" LOG_LINE_8 DASH "other ");
    while (text.len < LG_NOTE_MAX)
        lg_buf_str(&text, "AAAA");
    lg_buf_str(&text, "\n");
    refuse(text.data);
    lg_buf_clear(&text);
}

static void the_newest_of_several_cosignatures_counts(void **state)
{
    (void)state;
    lg_note note;
    const char *lines =
        lg_arena_printf(arena, "%s%s%s", lg_note_cosign(arena, TEXT_8, WITNESS, witness_key, 5),
                        lg_note_cosign(arena, TEXT_8, WITNESS, witness_key, 9),
                        lg_note_cosign(arena, TEXT_8, WITNESS, witness_key, 7));
    assert_int_equal(open_note(lg_note_join(arena, TEXT_8, lines), &note), LG_OK);
    assert_int_equal(note.cosigned_at[1], 9);
    assert_int_equal(note.cosigned_at[0], 0);
    /* A time that is not the one signed. */
    lg_bytes bytes;
    const char *line = lg_note_cosign(arena, TEXT_8, WITNESS, witness_key, 5);
    assert_true(lg_base64_decode(
        arena, lg_bytes_of(line + strlen(DASH WITNESS " "), strlen(line) - strlen(DASH WITNESS " ") - 1),
        &bytes));
    assert_int_equal(bytes.len, 4 + 8 + 64);
    uint8_t *later = lg_arena_alloc(arena, bytes.len);
    memcpy(later, bytes.data, bytes.len);
    later[11]++;
    refuse(lg_arena_printf(arena, TEXT_8 "\n" DASH WITNESS " %s\n",
                           lg_base64_encode(arena, lg_bytes_of(later, bytes.len))));
    /* A time beyond 2^63 - 1, well signed: as a signed number it would read -1. */
    refuse(lg_note_join(arena, TEXT_8, lg_note_cosign(arena, TEXT_8, WITNESS, witness_key, -1)));
}

/* --- checkpoints and proofs --- */

static void checkpoints_are_read_strictly(void **state)
{
    (void)state;
#define ROOT "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
    static const char *const bad[] = {
        "",
        "o",
        "o\n",
        "o\n8",
        "o\n8\n",
        "o\n8\n" ROOT,
        "\n8\n" ROOT "\n",
        " o\n8\n" ROOT "\n",
        "o\n08\n" ROOT "\n",
        "o\n+8\n" ROOT "\n",
        "o\n-8\n" ROOT "\n",
        "o\n 8\n" ROOT "\n",
        "o\n8 \n" ROOT "\n",
        "o\n0x8\n" ROOT "\n",
        "o\n\n" ROOT "\n",
        "o\n9007199254740992\n" ROOT "\n",
        "o\n99999999999999999999\n" ROOT "\n",
        "o\n8\n" ROOT "=\n",
        "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",
        "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz-Nw7_RgQyg=\n",
        "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n", /* trailing bits */
        "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQygA\n",
        "o\n8\n" ROOT "\n\n",
        "o\n8\n" ROOT "\nextension",
        "o\n8\n" ROOT "\nextension\n\nx\n",
    };
    lg_checkpoint out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lg_report report;
        lg_report_init(&report, arena);
        if (lg_checkpoint_parse(arena, bad[i], &out, &report) != LG_NOTE_INVALID)
            fail_msg("accepted:\n%s", bad[i]);
        assert_int_equal(report.err, LG_NOTE_INVALID);
    }
    assert_int_equal(lg_checkpoint_parse(arena, "o\n9007199254740991\n" ROOT "\n", &out, NULL), LG_OK);
    assert_int_equal(out.size, INT64_C(9007199254740991));
    assert_int_equal(
        lg_checkpoint_parse(arena, "some other log\n8\n" ROOT "\nextension\nanother\n", &out, NULL), LG_OK);
    assert_string_equal(out.origin, "some other log");
    assert_int_equal(out.size, 8);
#undef ROOT
}

static lg_err parse_proof(const char *text)
{
    lg_tlog_proof out;
    lg_report report;
    lg_report_init(&report, arena);
    lg_err err = lg_tlog_proof_parse(arena, lg_bytes_str(text), &out, &report);
    if (err != LG_OK)
        assert_int_equal(report.err, err);
    return err;
}

static void tlog_proofs_are_read_strictly(void **state)
{
    (void)state;
#define FIRST "c2sp.org/tlog-proof@v1\n"
#define HASH  "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n"
    static const char *const bad[] = {
        "",
        FIRST,
        "c2sp.org/tlog-proof@v2\nindex 5\n\nx",
        "c2sp.org/tlog-proof@v1 \nindex 5\n\nx",
        FIRST "index 5\n",
        FIRST "index 5\n\n",
        FIRST "index 5\n" HASH,
        FIRST "index 5\n" HASH "x\n\nx",
        FIRST "index 5\n" HASH "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnm==\n\nx",
        FIRST "index 05\n\nx",
        FIRST "index -5\n\nx",
        FIRST "index\n\nx",
        FIRST "index 9007199254740992\n\nx",
        FIRST "Index 5\n\nx",
        FIRST "extra !\nindex 5\n\nx",
        FIRST "extra AAAA\nextra AAAA\nindex 5\n\nx",
        FIRST "extra AAAA\n",
        FIRST "index 5\nindex 5\n\nx",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse_proof(bad[i]) != LG_NOTE_INVALID)
            fail_msg("accepted:\n%s", bad[i]);
    assert_int_equal(parse_proof(FIRST "index 5\n\nx"), LG_OK);
    assert_int_equal(parse_proof(FIRST "extra AAAA\nindex 5\n" HASH "\nx"), LG_OK);
    lg_buf text = {0};
    lg_buf_str(&text, FIRST "index 5\n");
    for (int i = 0; i < LG_PROOF_MAX; i++)
        lg_buf_str(&text, HASH);
    assert_int_equal(parse_proof(lg_arena_printf(arena, "%s\nx", text.data)), LG_OK);
    assert_int_equal(parse_proof(lg_arena_printf(arena, "%s" HASH "\nx", text.data)), LG_NOTE_INVALID);
    lg_buf_reset(&text);
    lg_buf_str(&text, FIRST "index 5\n\n");
    while (text.len <= LG_NOTE_MAX + 64)
        lg_buf_str(&text, "checkpoint ");
    assert_int_equal(parse_proof(text.data), LG_NOTE_INVALID);
    lg_buf_clear(&text);
#undef FIRST
#undef HASH
}

static int set_up(void **state)
{
    (void)state;
    uint8_t seed[LG_SEED_LEN];
    arena = lg_arena_open();
    if (lg_crypto_init() != LG_OK)
        return -1;
    memset(seed, 1, sizeof seed);
    log_key = lg_signing_key_from_seed(seed);
    memset(seed, 2, sizeof seed);
    witness_key = lg_signing_key_from_seed(seed);
    lg_public_key key = lg_signing_key_public(log_key);
    verifiers[0] = lg_verifier_make(arena, ORIGIN, LG_KEY_ED25519, &key);
    key = lg_signing_key_public(witness_key);
    verifiers[1] = lg_verifier_make(arena, WITNESS, LG_KEY_COSIGNATURE, &key);
    for (size_t i = 0; i < LEAVES; i++) {
        uint8_t data[16];
        size_t len = strlen(leaf_data[i]) / 2;
        if (!lg_hex_decode(lg_bytes_str(leaf_data[i]), data, len))
            return -1;
        leaves[i] = lg_leaf_hash(lg_bytes_of(data, len));
    }
    vectors = load_vectors();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(vectors);
    lg_signing_key_close(log_key);
    lg_signing_key_close(witness_key);
    lg_arena_close(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_vectors_match),
        cmocka_unit_test(a_tlog_proof_is_exactly_this_text),
        cmocka_unit_test(every_checkpoint_of_the_vectors_matches),
        cmocka_unit_test(every_proof_of_the_vectors_matches),
        cmocka_unit_test(verifier_keys_are_read_strictly),
        cmocka_unit_test(key_names_hold_no_space_and_no_plus),
        cmocka_unit_test(unknown_keys_are_ignored_and_known_ones_must_verify),
        cmocka_unit_test(types_of_signatures_are_kept_apart),
        cmocka_unit_test(every_flipped_bit_of_a_note_is_seen),
        cmocka_unit_test(malformed_notes_are_refused),
        cmocka_unit_test(the_number_and_size_of_signatures_is_bounded),
        cmocka_unit_test(the_newest_of_several_cosignatures_counts),
        cmocka_unit_test(checkpoints_are_read_strictly),
        cmocka_unit_test(tlog_proofs_are_read_strictly),
    };
    return cmocka_run_group_tests_name("note", tests, set_up, tear_down);
}
