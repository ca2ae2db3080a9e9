/* Verification from outside, and receipts, against a log in memory that lies in every way a server could. */
#include "tests/unit/client_rig.h"

#include "ledger/crypto/encoding.h"
#include "server/client/receipt.h"
#include "server/client/verify.h"

#define ORIGIN "receivables.example.com/test"

/* ---- a log in memory ---- */

typedef struct fake_log {
    lg_arena *arena;
    lg_signing_key *key;
    lg_verifier verifier;
    lg_bytes *entries;
    lg_hash *leaves;
    int64_t size, held; /* of the tree shown; of the arrays */
    /* lies */
    const char *flip_path; /* a bit of this answer is wrong */
    size_t flip_at;
    const char *absent_path; /* nothing of that name */
    const char *longer_path; /* one byte too many */
} fake_log;

typedef enum {
    HONEST,
    WRONG_PREV,
    WRONG_TIME,
    WRONG_SEQ,
    NOT_CANONICAL,
    WRONG_GENESIS,
    OTHER_HISTORY
} fake_fault;

/* The fault is in entry `at`; the tree and the signature over it are in order, so only reading the entries
 * shows it. */
static fake_log fake_open(int64_t size, fake_fault fault, int64_t at)
{
    static const uint8_t seed[LG_SEED_LEN] = {7};
    fake_log log = {
        .arena = lg_arena_open(), .key = lg_signing_key_from_seed(seed), .size = size, .held = size};
    lg_public_key public_key = lg_signing_key_public(log.key);
    log.verifier = lg_verifier_make(log.arena, ORIGIN, LG_KEY_ED25519, &public_key);
    log.entries = lg_arena_array(log.arena, (size_t)size, sizeof *log.entries);
    log.leaves = lg_arena_array(log.arena, (size_t)size, sizeof *log.leaves);
    for (int64_t i = 0; i < size; i++) {
        bool here = i == at;
        lg_entry entry = {.seq = here && fault == WRONG_SEQ ? i + 1 : i,
                          .at = INT64_C(1790000000000000) + (here && fault == WRONG_TIME ? 0 : i + 1),
                          .type = i ? "receivable.registered" : "genesis"};
        if (i == 0) {
            entry.origin = ORIGIN;
            entry.vkey =
                fault == WRONG_GENESIS ? "other+00000000+AA==" : lg_vkey_format(log.arena, &log.verifier);
        } else {
            entry.prev = log.leaves[i - 1];
        }
        if (here && (fault == WRONG_PREV || fault == OTHER_HISTORY))
            (fault == WRONG_PREV ? &entry.prev : &entry.req)->b[0] ^= 1;
        assert_int_equal(lg_entry_encode(log.arena, &entry, &log.entries[i]), LG_OK);
        if (here && fault == NOT_CANONICAL)
            log.entries[i] = lg_bytes_str(lg_arena_printf(log.arena, "%.*s ", (int)log.entries[i].len,
                                                          (const char *)log.entries[i].data));
        log.leaves[i] = lg_leaf_hash(log.entries[i]);
    }
    return log;
}

static void fake_close(fake_log *log)
{
    lg_signing_key_close(log->key);
    lg_arena_close(log->arena);
}

/* Computed anew from the leaves: slow, and independent of how a log stores its nodes. */
static lg_hash fake_node(const fake_log *log, unsigned level, int64_t n)
{
    lg_hash hashes[LG_TILE_WIDTH];
    if (level == 0)
        return log->leaves[n];
    for (unsigned i = 0; i < LG_TILE_WIDTH; i++)
        hashes[i] = fake_node(log, level - 1, n * LG_TILE_WIDTH + i);
    for (unsigned count = LG_TILE_WIDTH; count > 1; count /= 2)
        for (unsigned i = 0; i < count / 2; i++)
            hashes[i] = lg_node_hash(&hashes[2 * i], &hashes[2 * i + 1]);
    return hashes[0];
}

static lg_err fake_read(void *ctx, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    for (unsigned i = 0; i < count; i++)
        out[i] = fake_node(ctx, level, first + i);
    return LG_OK;
}

static char *fake_checkpoint(fake_log *log, lg_arena *arena)
{
    lg_checkpoint checkpoint = {.origin = ORIGIN, .size = log->size};
    assert_int_equal(lg_tree_root(fake_read, log, log->size, &checkpoint.root), LG_OK);
    const char *text = lg_checkpoint_text(arena, &checkpoint);
    return lg_note_join(arena, text, lg_note_sign(arena, text, ORIGIN, log->key));
}

static void fake_tile(fake_log *log, const char *path, lg_buf *body)
{
    int level;
    int64_t n;
    unsigned width;
    assert_true(lg_tile_path_parse(path, &level, &n, &width));
    for (unsigned i = 0; i < width; i++) {
        int64_t at = n * LG_TILE_WIDTH + i;
        if (level >= 0) {
            lg_hash hash = fake_node(log, (unsigned)level, at);
            lg_buf_add(body, hash.b, sizeof hash.b);
            continue;
        }
        assert_in_range(at, 0, log->held - 1);
        lg_buf_char(body, (char)(log->entries[at].len >> 8));
        lg_buf_char(body, (char)(log->entries[at].len & 0xff));
        lg_buf_add(body, log->entries[at].data, log->entries[at].len);
    }
}

static client_exit fake_fetch(void *ctx, lg_arena *arena, const char *path, size_t max, lg_bytes *out,
                              bool *absent)
{
    fake_log *log = ctx;
    lg_buf body = {0};
    *absent = log->absent_path && strcmp(path, log->absent_path) == 0;
    if (*absent)
        return CLIENT_OK;
    if (strcmp(path, "/checkpoint") == 0)
        lg_buf_str(&body, fake_checkpoint(log, arena));
    else
        fake_tile(log, path + strlen("/tile/"), &body);
    if (log->flip_path && strcmp(path, log->flip_path) == 0)
        body.data[log->flip_at % body.len] ^= 1;
    if (log->longer_path && strcmp(path, log->longer_path) == 0)
        lg_buf_char(&body, 'x');
    assert_in_range(body.len, 0, max);
    *out = lg_arena_copy(arena, lg_buf_bytes(&body));
    lg_buf_clear(&body);
    return CLIENT_OK;
}

/* Verifies; *message gets the reason of a failure (static storage until the next call). */
static client_exit verify(fake_log *log, lg_bytes remembered, bool full, verify_report *report,
                          const char **message)
{
    static char reason[512];
    client c = new_client("verify");
    verify_terms terms = {.verifier = &log->verifier, .remembered = remembered, .full = full};
    client_exit code = client_verify_log(&c, fake_fetch, log, &terms, report);
    snprintf(reason, sizeof reason, "%s", c.message ? c.message : "");
    *message = reason;
    report->note = lg_arena_copy(log->arena, report->note);
    end_client(&c);
    return code;
}

static void test_honest_logs_of_every_shape_verify(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 600};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        verify_report report;
        const char *message;
        fake_log log = fake_open(sizes[i], HONEST, 0);
        client_exit code = verify(&log, (lg_bytes){0}, false, &report, &message);
        if (code != CLIENT_OK)
            fail_msg("size %d: %s", (int)sizes[i], message);
        assert_int_equal(report.checkpoint.size, sizes[i]);
        assert_int_equal(report.entries, sizes[i]);
        assert_int_equal(report.previous_size, -1);
        fake_close(&log);
    }
}

static void test_only_what_is_new_is_read_again(void **state)
{
    (void)state;
    fake_log log = fake_open(1200, HONEST, 0);
    static const int64_t steps[] = {1, 256, 257, 700, 768, 1024, 1200, 1200};
    lg_bytes remembered = {0};
    int64_t before = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        verify_report report;
        const char *message;
        log.size = steps[i];
        client_exit code = verify(&log, remembered, false, &report, &message);
        if (code != CLIENT_OK)
            fail_msg("size %d: %s", (int)steps[i], message);
        assert_int_equal(report.previous_size, before ? before : -1);
        assert_int_equal(report.first_checked, before ? (before - 1) / 256 * 256 : 0);
        remembered = report.note;
        before = steps[i];
    }
    verify_report report;
    const char *message;
    assert_int_equal(verify(&log, remembered, true, &report, &message), CLIENT_OK);
    assert_int_equal(report.first_checked, 0);
    fake_close(&log);
}

/* Growing between two requests, a log may drop the partial tiles of the checkpoint that was asked for first.
 */
static void test_a_partial_tile_may_be_gone_once_the_full_one_is_there(void **state)
{
    (void)state;
    static const char *const gone[] = {"/tile/0/001.p/44", "/tile/entries/001.p/44"};
    verify_report report;
    const char *message;
    fake_log log = fake_open(512, HONEST, 0);
    log.size = 300;
    for (size_t i = 0; i < 2; i++) {
        log.absent_path = gone[i];
        if (verify(&log, (lg_bytes){0}, false, &report, &message) != CLIENT_OK)
            fail_msg("%s", message);
        assert_int_equal(report.entries, 300);
    }
    fake_close(&log);
}

static void test_every_flipped_bit_is_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"/checkpoint",           "/tile/0/000",       "/tile/0/002.p/88",
                                        "/tile/1/000.p/2",       "/tile/entries/000", "/tile/entries/001",
                                        "/tile/entries/002.p/88"};
    fake_log log = fake_open(600, HONEST, 0);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        log.flip_path = paths[i];
        for (size_t at = 0; at < 5; at++) {
            verify_report report;
            const char *message;
            log.flip_at = at * 7919;
            if (verify(&log, (lg_bytes){0}, false, &report, &message) != CLIENT_UNVERIFIED)
                fail_msg("%s with a flipped bit at %zu passed", paths[i], log.flip_at);
            assert_string_not_equal(message, "");
            assert_false(report.contradicts);
        }
    }
    fake_close(&log);
}

static void test_missing_and_overlong_answers_are_found(void **state)
{
    (void)state;
    verify_report report;
    const char *message;
    fake_log log = fake_open(600, HONEST, 0);
    log.absent_path = "/tile/0/001";
    assert_int_equal(verify(&log, (lg_bytes){0}, false, &report, &message), CLIENT_UNVERIFIED);
    log.absent_path = "/tile/entries/000";
    assert_int_equal(verify(&log, (lg_bytes){0}, false, &report, &message), CLIENT_UNVERIFIED);
    log.absent_path = "/checkpoint";
    assert_int_equal(verify(&log, (lg_bytes){0}, false, &report, &message), CLIENT_UNREACHABLE);
    log.absent_path = NULL;
    log.longer_path = "/tile/entries/001";
    assert_int_equal(verify(&log, (lg_bytes){0}, false, &report, &message), CLIENT_UNVERIFIED);
    log.longer_path = "/tile/entries/002.p/88";
    assert_int_equal(verify(&log, (lg_bytes){0}, false, &report, &message), CLIENT_UNVERIFIED);
    fake_close(&log);
}

static void test_entries_that_the_log_signed_wrongly_are_found(void **state)
{
    (void)state;
    static const struct {
        fake_fault fault;
        int64_t at;
        const char *says;
    } faults[] = {
        {WRONG_PREV, 5, "chain breaks at entry 5"},
        {WRONG_PREV, 256, "chain breaks at entry 256"},
        {WRONG_TIME, 299, "dated before"},
        {WRONG_SEQ, 257, "says that it is entry 258"},
        {NOT_CANONICAL, 3, "canonical"},
        {WRONG_GENESIS, 0, "genesis"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        verify_report report;
        const char *message;
        fake_log log = fake_open(300, faults[i].fault, faults[i].at);
        assert_int_equal(verify(&log, (lg_bytes){0}, false, &report, &message), CLIENT_UNVERIFIED);
        if (!strstr(message, faults[i].says))
            fail_msg("expected \"%s\" in \"%s\"", faults[i].says, message);
        fake_close(&log);
    }
}

static void test_a_log_that_shrank_or_was_rewritten_is_found(void **state)
{
    (void)state;
    static const int64_t places[] = {1, 100, 299};
    verify_report report;
    const char *message;
    fake_log log = fake_open(300, HONEST, 0);
    lg_bytes seen = lg_bytes_str(fake_checkpoint(&log, log.arena));
    log.size = 299;
    assert_int_equal(verify(&log, seen, false, &report, &message), CLIENT_UNVERIFIED);
    assert_true(report.contradicts);
    assert_non_null(strstr(message, "shrank"));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        for (int64_t size = 300; size <= 400; size += 100) {
            fake_log other = fake_open(size, OTHER_HISTORY, places[i]);
            assert_int_equal(verify(&other, (lg_bytes){0}, false, &report, &message), CLIENT_OK);
            assert_int_equal(verify(&other, seen, false, &report, &message), CLIENT_UNVERIFIED);
            assert_true(report.contradicts);
            assert_int_equal(verify(&other, seen, true, &report, &message), CLIENT_UNVERIFIED);
            fake_close(&other);
        }
    }
    fake_close(&log);
}

static void test_another_key_or_name_does_not_verify(void **state)
{
    (void)state;
    verify_report report;
    const char *message;
    fake_log log = fake_open(3, HONEST, 0);
    lg_signing_key *other = lg_signing_key_new();
    lg_public_key other_public = lg_signing_key_public(other), own_public = lg_signing_key_public(log.key);
    log.verifier = lg_verifier_make(log.arena, ORIGIN, LG_KEY_ED25519, &other_public);
    assert_int_equal(verify(&log, (lg_bytes){0}, false, &report, &message), CLIENT_UNVERIFIED);
    log.verifier = lg_verifier_make(log.arena, "another.example.com", LG_KEY_ED25519, &own_public);
    assert_int_equal(verify(&log, (lg_bytes){0}, false, &report, &message), CLIENT_UNVERIFIED);
    lg_signing_key_close(other);
    fake_close(&log);
}

/* ---- receipts ---- */

static json_t *receipt_of(fake_log *log, int64_t seq)
{
    lg_proof proof;
    assert_int_equal(lg_tree_prove_inclusion(fake_read, log, seq, log->size, &proof), LG_OK);
    const char *text = lg_tlog_proof_format(log->arena, seq, &proof, fake_checkpoint(log, log->arena));
    return json_pack("{s:I,s:s,s:s#,s:s}", "seq", (json_int_t)seq, "leaf",
                     lg_hex_encode(log->arena, lg_bytes_of(log->leaves[seq].b, LG_HASH_LEN)), "entry",
                     (const char *)log->entries[seq].data, (int)log->entries[seq].len, "proof", text);
}

static client_exit check_receipt(const json_t *receipt, const receipt_terms *terms)
{
    client c = new_client("prove");
    checked_receipt checked;
    client_exit code = client_receipt_check(&c, c.arena, receipt, terms, &checked);
    end_client(&c);
    return code;
}

static void test_receipts_are_checked_by_computing(void **state)
{
    (void)state;
    fake_log log = fake_open(300, HONEST, 0);
    lg_hash zeros = {0}, other_req = {.b = {1}};
    receipt_terms terms = {.verifier = &log.verifier}, by_name = {.origin = ORIGIN, .req = &zeros};
    receipt_terms other_name = {.origin = "another.example.com"}, other_command = {.req = &other_req};
    for (int64_t seq = 0; seq < 299; seq += 23) {
        json_t *receipt = receipt_of(&log, seq), *next = receipt_of(&log, seq + 1);
        assert_int_equal(check_receipt(receipt, &terms), CLIENT_OK);
        assert_int_equal(check_receipt(receipt, &by_name), CLIENT_OK);
        assert_int_equal(check_receipt(receipt, &other_name), CLIENT_UNVERIFIED);
        assert_int_equal(check_receipt(receipt, &other_command), CLIENT_UNVERIFIED);
        static const char *const members[] = {"seq", "leaf", "entry", "proof"};
        for (size_t i = 0; i < 4; i++) {
            json_t *mixed = json_copy(receipt);
            json_object_set(mixed, members[i], json_object_get(next, members[i]));
            assert_int_equal(check_receipt(mixed, &terms), CLIENT_UNVERIFIED);
            json_decref(mixed);
        }
        json_t *more = json_copy(receipt);
        json_object_set_new(more, "disclosures",
                            json_pack("[s]", "WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"));
        assert_int_equal(check_receipt(more, &terms), CLIENT_UNVERIFIED);
        json_decref(more);
        json_decref(receipt);
        json_decref(next);
    }
    fake_close(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_logs_of_every_shape_verify),
        cmocka_unit_test(test_only_what_is_new_is_read_again),
        cmocka_unit_test(test_a_partial_tile_may_be_gone_once_the_full_one_is_there),
        cmocka_unit_test(test_every_flipped_bit_is_found),
        cmocka_unit_test(test_missing_and_overlong_answers_are_found),
        cmocka_unit_test(test_entries_that_the_log_signed_wrongly_are_found),
        cmocka_unit_test(test_a_log_that_shrank_or_was_rewritten_is_found),
        cmocka_unit_test(test_another_key_or_name_does_not_verify),
        cmocka_unit_test(test_receipts_are_checked_by_computing),
    };
    return cmocka_run_group_tests_name("client verify", tests, set_up, NULL);
}
