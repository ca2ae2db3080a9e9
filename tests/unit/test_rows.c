/* Rows of participants and of the ledger itself: what is written comes back, and what is written once stays.
 */
#include "ledger/crypto/encoding.h"
#include "ledger/store/receivable_rows.h"
#include "ledger/store/webhook_rows.h"
#include "tests/unit/rows_rig.h"

#include <ctype.h>

static void names_read_back(void **state)
{
    (void)state;
    for (lg_role role = LG_ROLE_SUPPLIER; role < LG_ROLE_COUNT; role++) {
        lg_role back = LG_ROLE_COUNT;
        assert_true(lg_role_parse(lg_role_name(role), &back));
        assert_int_equal(back, role);
    }
    for (lg_scope scope = LG_SCOPE_READ; scope < LG_SCOPE_COUNT; scope++) {
        lg_scope back = LG_SCOPE_COUNT;
        assert_true(lg_scope_parse(lg_scope_name(scope), &back));
        assert_int_equal(back, scope);
    }
    for (lg_receivable_life life = LG_LIFE_HELD; life < LG_LIFE_COUNT; life++) {
        lg_receivable_life back = LG_LIFE_COUNT;
        assert_true(lg_receivable_life_parse(lg_receivable_life_name(life), &back));
        assert_int_equal(back, life);
    }
    lg_role role;
    lg_review_outcome outcome;
    assert_true(lg_review_outcome_parse("reject", &outcome));
    assert_int_equal(outcome, LG_OUTCOME_REJECT);
    assert_false(lg_review_outcome_parse("Reject", &outcome));
    assert_false(lg_role_parse("", &role));
    assert_false(lg_role_parse(NULL, &role));
}

static void participants_come_back(void **state)
{
    rig *r = *state;
    lg_participant got;
    OK(lg_participant_get(r->db, party(1), r->arena, &got));
    assert_string_equal(got.name, "Firma A");
    assert_string_equal(got.country, "CN");
    assert_null(got.group);
    assert_int_equal(got.registered_at, LG_TIME_PER_SECOND);
    got.stopped = got.suspended = true;
    got.last_seq = 9;
    OK(lg_participant_update(r->db, &got));
    OK(lg_participant_by_id(r->db, got.id, r->arena, &got));
    assert_true(got.stopped && got.suspended);
    assert_int_equal(got.last_seq, 9);
    IS(lg_participant_insert(r->db, &got), LG_ALREADY_EXISTS);
    got.no = party(99);
    IS(lg_participant_update(r->db, &got), LG_NOT_FOUND);
    IS(lg_participant_get(r->db, party(99), r->arena, &got), LG_NOT_FOUND);

    lg_participant_no no;
    lg_participant_id id;
    OK(lg_participant_id_of(r->db, party(3), &id));
    OK(lg_participant_no_of(r->db, id, &no));
    assert_int_equal(no.v, 3);
    OK(lg_participant_id_of(r->db, party(0), &id));
    assert_true(lg_uuid_is_nil(id.uuid));
    IS(lg_participant_no_of(r->db, id, &no), LG_NOT_FOUND);
    IS(lg_participant_id_of(r->db, party(99), &id), LG_NOT_FOUND);
}

static void participants_are_listed(void **state)
{
    rig *r = *state;
    lg_participant *rows;
    size_t count;
    lg_participant_filter filter = {.role = -1, .suspended = -1, .limit = 3};
    OK(lg_participant_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 3);
    filter.after_no = rows[2].no.v;
    OK(lg_participant_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].no.v, 4);
    filter = (lg_participant_filter){.role = 1, .suspended = 0, .name = "firma", .limit = 10};
    OK(lg_participant_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 2); /* 1 and 4 */
    filter.name = "d";
    OK(lg_participant_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 1);
    filter.suspended = 1;
    OK(lg_participant_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 0);
    force(r, "UPDATE participants SET roles = 1 << 20 WHERE participant_no = 2");
    lg_participant got;
    IS(lg_participant_get(r->db, party(2), r->arena, &got), LG_CORRUPT);
}

static void identifiers_have_one_owner(void **state)
{
    rig *r = *state;
    lg_identifier gln = {LG_SCHEME_GLN, "4012345000009"}, lei = {LG_SCHEME_LEI, "5493001KJTIIGC8Y1R12"};
    OK(lg_identifier_insert(r->db, lei, party(2)));
    OK(lg_identifier_insert(r->db, gln, party(2)));
    IS(lg_identifier_insert(r->db, gln, party(3)), LG_ALREADY_EXISTS);
    lg_participant_no owner;
    OK(lg_identifier_owner(r->db, gln, &owner));
    assert_int_equal(owner.v, 2);
    gln.value = "4012345000010";
    IS(lg_identifier_owner(r->db, gln, &owner), LG_NOT_FOUND);
    lg_identifier *rows;
    size_t count;
    OK(lg_identifier_list(r->db, party(2), r->arena, &rows, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[1].scheme, LG_SCHEME_LEI);
    assert_string_equal(rows[1].value, lei.value);
    force(r,
          "PRAGMA ignore_check_constraints = 1; UPDATE identifiers SET scheme = 'duns' WHERE scheme = 'gln'");
    IS(lg_identifier_list(r->db, party(2), r->arena, &rows, &count), LG_CORRUPT);
}

static void keys_and_tokens(void **state)
{
    rig *r = *state;
    lg_key key = {.key_no = 5, .participant = party(1), .custody = true, .valid_from = 10, .valid_until = 20},
           *keys, got;
    memset(key.public_key.b, 0x42, sizeof key.public_key.b);
    key.kid = lg_kid_of(&key.public_key);
    OK(lg_key_insert(r->db, &key));
    IS(lg_key_insert(r->db, &key), LG_ALREADY_EXISTS);
    OK(lg_key_revoke(r->db, key.kid.s, 15));
    OK(lg_key_get(r->db, key.kid.s, &got));
    assert_string_equal(got.kid.s, key.kid.s);
    assert_memory_equal(&got.public_key, &key.public_key, sizeof key.public_key);
    assert_int_equal(got.valid_until, 20);
    assert_int_equal(got.revoked_at, 15);
    assert_true(got.custody);
    IS(lg_key_get(r->db, "short", &got), LG_NOT_FOUND);
    IS(lg_key_revoke(r->db, "short", 1), LG_NOT_FOUND);
    size_t count;
    OK(lg_key_list(r->db, party(1), r->arena, &keys, &count));
    assert_int_equal(count, 1);
    assert_string_equal(keys[0].kid.s, key.kid.s);

    lg_token token = {.token_no = 6,
                      .id = {uuid_of('t', 6)},
                      .participant = party(1),
                      .scopes = 3,
                      .expires_at = 99},
             read, *tokens;
    token.token_sha256 = lg_sha256(lg_bytes_str("ts_secret"));
    OK(lg_token_insert(r->db, &token));
    OK(lg_token_by_hash(r->db, &token.token_sha256, r->arena, &read));
    assert_int_equal(read.token_no, 6);
    assert_int_equal(read.scopes, 3);
    assert_null(read.label);
    assert_int_equal(read.revoked_at, 0);
    OK(lg_token_revoke(r->db, 6, 50));
    OK(lg_token_by_id(r->db, token.id, r->arena, &read));
    assert_int_equal(read.revoked_at, 50);
    IS(lg_token_revoke(r->db, 7, 50), LG_NOT_FOUND);
    OK(lg_token_list(r->db, party(1), r->arena, &tokens, &count));
    assert_int_equal(count, 1);
    OK(lg_token_list(r->db, party(2), r->arena, &tokens, &count));
    assert_int_equal(count, 0);
}

static void exposure_keeps_its_bounds(void **state)
{
    rig *r = *state;
    lg_currency cny = money("CNY"), eur = money("EUR");
    int64_t max = LG_AMOUNT_MAX * 1000;
    lg_credit_line line, *lines;
    size_t count;
    OK(lg_credit_line_get(r->db, party(1), cny, &line));
    assert_int_equal(line.limit_minor, -1);
    assert_int_equal(line.used_minor, 0);
    IS(lg_exposure_change(r->db, party(1), cny, -1), LG_CORRUPT);
    OK(lg_exposure_change(r->db, party(1), cny, 0));
    OK(lg_exposure_change(r->db, party(1), cny, max));
    IS(lg_exposure_change(r->db, party(1), cny, 1), LG_CORRUPT);
    IS(lg_exposure_change(r->db, party(1), cny, INT64_MAX), LG_CORRUPT);
    IS(lg_exposure_change(r->db, party(1), cny, INT64_MIN), LG_CORRUPT);
    OK(lg_exposure_change(r->db, party(1), cny, 5 - max));
    IS(lg_exposure_change(r->db, party(1), cny, -6), LG_CORRUPT);
    OK(lg_credit_line_set(r->db, party(1), eur, 0));
    OK(lg_credit_line_set(r->db, party(1), eur, 700));
    OK(lg_credit_line_list(r->db, party(1), r->arena, &lines, &count));
    assert_int_equal(count, 2);
    assert_string_equal(lines[0].currency.code, "CNY");
    assert_int_equal(lines[0].limit_minor, -1);
    assert_int_equal(lines[0].used_minor, 5);
    assert_int_equal(lines[1].limit_minor, 700);
    assert_int_equal(lines[1].used_minor, 0);
    OK(lg_exposure_change(r->db, party(1), cny, -5));
    OK(lg_credit_line_set(r->db, party(1), eur, -1));
    OK(lg_credit_line_list(r->db, party(1), r->arena, &lines, &count));
    assert_int_equal(count, 0);
}

static void policies_by_version(void **state)
{
    rig *r = *state;
    lg_policy_row row = {.version = 1, .set_seq = 3, .set_at = 4, .body = "{}"}, got;
    IS(lg_policy_get(r->db, 0, r->arena, &got), LG_NOT_FOUND);
    OK(lg_policy_insert(r->db, &row));
    IS(lg_policy_insert(r->db, &row), LG_ALREADY_EXISTS);
    row.version = 2;
    row.body = "{\"a\":1}";
    OK(lg_policy_insert(r->db, &row));
    OK(lg_policy_get(r->db, 0, r->arena, &got));
    assert_string_equal(got.body, "{\"a\":1}");
    OK(lg_policy_get(r->db, 1, r->arena, &got));
    assert_string_equal(got.body, "{}");
    IS(lg_policy_get(r->db, 3, r->arena, &got), LG_NOT_FOUND);
}

static void entries_in_order(void **state)
{
    rig *r = *state;
    lg_entry_row row, *rows;
    size_t count;
    OK(lg_entry_get(r->db, 2, r->arena, &row));
    assert_memory_equal(row.body.data, "{\"seq\":2}", row.body.len);
    assert_string_equal(row.disclosures, "YQ~Yg");
    OK(lg_entry_get(r->db, 3, r->arena, &row));
    assert_string_equal(row.disclosures, "");
    IS(lg_entry_get(r->db, 64, r->arena, &row), LG_NOT_FOUND);
    IS(lg_entry_insert(r->db, 3, lg_bytes_str("{}"), ""), LG_ALREADY_EXISTS);
    OK(lg_entry_range(r->db, 60, 10, r->arena, &rows, &count));
    assert_int_equal(count, 4);
    assert_int_equal(rows[3].seq, 63);
    OK(lg_entry_range(r->db, 0, 2, r->arena, &rows, &count));
    assert_int_equal(count, 2);
}

/* Participant 1 is party to every entry here, participant 2 to entry 12 alone. */
static void a_history_as_its_parties_read_it(void **state)
{
    rig *r = *state;
    lg_history_row *rows;
    size_t count;
    static const struct {
        int64_t subject, seq;
    } told[] = {{7, 7}, {7, 9}, {9, 9}, {9, 12}, {7, 20}, {0, 5}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        OK(lg_history_insert(r->db, told[i].subject, told[i].seq));
        OK(lg_entry_party_insert(r->db, told[i].seq, party(1), LG_SHARE_ALL));
    }
    OK(lg_entry_party_insert(r->db, 12, party(2), 3));
    OK(lg_entry_party_insert(r->db, 12, party(2), 5));
    static const int64_t subjects[] = {7, 9};
    static const struct {
        size_t subjects;
        int64_t party, after, before;
        bool descending;
        size_t limit, count;
        int64_t seqs[4];
    } cases[] = {
        {2, 1, -1, 64, false, 10, 4, {7, 9, 12, 20}},
        {2, 1, -1, 64, true, 10, 4, {20, 12, 9, 7}},
        {2, 1, 9, 64, false, 1, 1, {12}},
        {2, 1, -1, 64, false, 2, 2, {7, 9}}, /* what the second tells comes into a full page, or not */
        {2, 1, 7, 64, false, 2, 2, {9, 12}},
        {2, 1, -1, 12, true, 2, 2, {9, 7}},
        {2, 1, -1, 64, true, 2, 2, {20, 12}},
        {2, 1, -1, 9, false, 10, 1, {7}},
        {1, 1, -1, 64, false, 10, 3, {7, 9, 20}},
        {2, 2, -1, 64, false, 10, 1, {12}},
        {2, 3, -1, 64, false, 10, 0, {0}},
        {2, 1, 20, 64, false, 10, 0, {0}},
        {2, 1, -1, 64, false, 0, 0, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const lg_history_page page = {party(cases[i].party), cases[i].after, cases[i].before,
                                      !cases[i].descending, cases[i].limit};
        OK(lg_entry_history(r->db, subjects, cases[i].subjects, &page, r->arena, &rows, &count));
        assert_int_equal(count, cases[i].count);
        for (size_t at = 0; at < count; at++) {
            assert_int_equal(rows[at].seq, cases[i].seqs[at]);
            assert_int_equal(rows[at].shares.all, cases[i].party == 1);
            assert_true(lg_shares_show(&rows[at].shares, "part_3"));
            assert_int_equal(lg_shares_show(&rows[at].shares, "part_4"), cases[i].party == 1);
        }
    }
}

static lg_shares shares_of(rig *r, int64_t seq, int64_t no)
{
    lg_shares shares;
    lg_err err = lg_entry_party_shares(r->db, seq, party(no), &shares);
    if (err == LG_NOT_FOUND)
        assert_true(lg_shares_are_none(&shares));
    else
        OK(err);
    return shares;
}

static int64_t count_parties(rig *r, int64_t seq)
{
    lg_query query = lg_query_start_once(
        r->db, lg_arena_printf(r->arena, "SELECT count(*) FROM parties WHERE seq = %lld", (long long)seq));
    assert_true(lg_query_next(&query));
    int64_t count = lg_column_int(&query, 0);
    OK(lg_query_end(&query));
    return count;
}

/* What a party gains it keeps, in whatever order its shares come; one that shows nothing new leaves no row.
 */
static void a_party_reads_what_any_share_shows(void **state)
{
    rig *r = *state;
    static const char *const names[] = {"claim_id", "request_id", "note", "part_2", "part_100"};
    static const struct {
        int shares[3];
        int rows;
        bool shown[5]; /* of the names above */
    } cases[] = {
        {{0, 0, 0}, 1, {true, true, true, true, true}},
        {{0, 2, -1}, 1, {true, true, true, true, true}},
        {{2, 0, 0}, 2, {true, true, true, true, true}},
        {{2, 100, 2}, 2, {true, true, true, true, true}},
        {{100, 2, -1}, 2, {true, true, true, true, true}},
        {{-1, 2, 2}, 2, {true, true, true, true, false}},
        {{2, -1, -2}, 1, {true, true, true, true, false}},
        {{-1, -1, -1}, 1, {true, false, false, false, false}},
        {{-2, -1, -2}, 2, {true, true, false, false, false}},
        {{LG_SHARE_ALONE + 2, -2, LG_SHARE_ALONE + 100}, 3, {false, true, false, true, true}},
        {{LG_SHARE_ALONE + 2, 2, LG_SHARE_ALONE + 2}, 2, {true, true, true, true, false}},
        {{2, LG_SHARE_ALONE + 2, LG_SHARE_ALONE + 100}, 2, {true, true, true, true, true}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t seq = (int64_t)i;
        for (size_t k = 0; k < 3; k++)
            OK(lg_entry_party_insert(r->db, seq, party(1), cases[i].shares[k]));
        lg_shares shares = shares_of(r, seq, 1), other = shares_of(r, seq, 2);
        for (size_t k = 0; k < 5; k++)
            assert_int_equal(lg_shares_show(&shares, names[k]), cases[i].shown[k]);
        assert_true(lg_shares_are_none(&other));
        assert_int_equal(count_parties(r, seq), cases[i].rows);
    }
    const char *check = "CHECK constraint failed: share BETWEEN -2 AND 255 AND share <> 128";
    refuse(r, "INSERT INTO parties VALUES (1, 1, -3)", check);
    refuse(r, "INSERT INTO parties VALUES (1, 1, 128)", check);
    refuse(r, "INSERT INTO parties VALUES (1, 1, 256)", check);
    force(r, "PRAGMA ignore_check_constraints = 1; UPDATE parties SET share = -3 WHERE seq = 1");
    lg_shares shares;
    IS(lg_entry_party_shares(r->db, 1, party(1), &shares), LG_CORRUPT);
}

static void a_late_party_reads_what_went_before(void **state)
{
    rig *r = *state;
    for (int64_t seq = 10; seq < 16; seq++)
        OK(lg_history_insert(r->db, 7 + seq % 2, seq));
    OK(lg_entry_party_insert(r->db, 12, party(2), LG_SHARE_ALL));
    OK(lg_entry_party_insert_history(r->db, 7, party(2), LG_SHARE_TITLE));
    OK(lg_entry_party_insert_history(r->db, 99, party(2), LG_SHARE_ALL)); /* of nothing */
    for (int64_t seq = 0; seq < 20; seq++) {
        lg_shares shares = shares_of(r, seq, 2);
        assert_int_equal(lg_shares_show(&shares, "claim_id"), seq == 10 || seq == 12 || seq == 14);
        assert_int_equal(lg_shares_show(&shares, "note"), seq == 12);
    }
}

/* However many shares a party has of an entry, it is sent once; pages of any size join. */
static void the_outbox_names_a_party_once(void **state)
{
    rig *r = *state;
    static const lg_outbox_row expected[] = {{3, {1}}, {3, {2}}, {4, {2}}, {9, {1}}};
    for (int share = 1; share <= 100; share++)
        OK(lg_entry_party_insert(r->db, 3, party(2), share));
    OK(lg_entry_party_insert(r->db, 3, party(1), 1));
    OK(lg_entry_party_insert(r->db, 3, party(1), LG_SHARE_ALL));
    OK(lg_entry_party_insert(r->db, 4, party(2), LG_SHARE_TITLE));
    OK(lg_entry_party_insert(r->db, 4, party(2), LG_SHARE_REQUEST));
    OK(lg_entry_party_insert(r->db, 9, party(1), LG_SHARE_ALL));
    for (size_t limit = 1; limit <= 5; limit++) {
        lg_outbox_row *rows, at = {.seq = -1};
        size_t count, seen = 0;
        do {
            OK(lg_outbox_range(r->db, at, limit, r->arena, &rows, &count));
            for (size_t i = 0; i < count; i++, seen++) {
                at = rows[i];
                assert_true(seen < 4);
                assert_int_equal(at.seq, expected[seen].seq);
                assert_int_equal(at.participant.v, expected[seen].participant.v);
            }
        } while (count == limit);
        assert_int_equal(seen, 4);
    }
}

static void commands_by_key_and_entry(void **state)
{
    rig *r = *state;
    lg_command_row row = {.first_seq = 10,
                          .entry_count = 2,
                          .signer = party(1),
                          .jti = "abc",
                          .url = "/v1/receivables",
                          .status = 201,
                          .answer = "{}",
                          .jws = lg_bytes_of("\0x", 2)},
                   got;
    OK(lg_command_insert(r->db, &row));
    OK(lg_command_by_jti(r->db, party(1), "abc", r->arena, &got));
    assert_int_equal(got.first_seq, 10);
    assert_string_equal(got.url, row.url);
    assert_int_equal(got.jws.len, 2);
    IS(lg_command_by_jti(r->db, party(1), "abd", r->arena, &got), LG_NOT_FOUND);
    IS(lg_command_by_jti(r->db, party(2), "abc", r->arena, &got), LG_NOT_FOUND); /* each signer its own */
    OK(lg_command_by_seq(r->db, 11, r->arena, &got));
    assert_string_equal(got.jti, "abc");
    IS(lg_command_by_seq(r->db, 12, r->arena, &got), LG_NOT_FOUND);
    IS(lg_command_by_seq(r->db, 9, r->arena, &got), LG_NOT_FOUND);
}

static void keep_command(rig *r, int64_t seq, const char *jti)
{
    const lg_command_row row = {.first_seq = seq,
                                .entry_count = 1,
                                .signer = party(1),
                                .jti = jti,
                                .url = "/v1/receivables",
                                .status = 201,
                                .answer = "{}"};
    int64_t found;
    OK(lg_command_insert(r->db, &row));
    OK(lg_command_seq_by_jti(r->db, party(1), jti, &found));
    assert_int_equal(found, seq);
}

/* What "SELECT hex(substr(jti_key, 1, len))" gives of that command. */
static const char *key_of(rig *r, int64_t seq, int len)
{
    sqlite3_stmt *statement;
    assert_int_equal(
        sqlite3_prepare_v2(r->handle, "SELECT hex(substr(jti_key, 1, ?2)) FROM commands WHERE first_seq = ?1",
                           -1, &statement, NULL),
        SQLITE_OK);
    sqlite3_bind_int64(statement, 1, seq);
    sqlite3_bind_int(statement, 2, len);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const char *text = lg_arena_strdup(r->arena, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return text;
}

/* However a jti says when it was made, as the first of a UUID of version 7, its key begins with that; what
 * comes behind tells those of one moment apart. Any other is known by its hash alone. */
static void the_time_of_a_jti_comes_first(void **state)
{
    rig *r = *state;
    static const char *const timely[] = {
        "0199d7d6-2c01-7abc-8def-0123456789ab", "0199d7d6-2c01-7abc-8def-0123456789ac",
        "0199D7D6-2C01-7ABC-8DEF-0123456789AB", "AZnX1iwBerxN7wEjRWeJqw", /* base64url of sixteen bytes */
        "AZnX1iwBcAAAAAAAAAAAAAAAAAAAAAAB",     "AZnX1iwBf___any-other-letters",
    };
    static const char *const untimely[] = {
        "0199d7d6-2c01-4abc-8def-0123456789ab", /* version 4 */
        "AZnX1iwBgAAAAAAAAAAAAAAAAAAAAAAB",     /* 8, where the version would be */
        "abcdefghijk",                          /* too short for a time; no client's */
    };
    const size_t timely_count = sizeof timely / sizeof *timely;
    for (size_t i = 0; i < timely_count; i++)
        keep_command(r, 10 + (int64_t)i, timely[i]);
    for (size_t i = 0; i < sizeof untimely / sizeof *untimely; i++)
        keep_command(r, 30 + (int64_t)i, untimely[i]);
    for (size_t i = 0; i < timely_count; i++) {
        assert_string_equal(key_of(r, 10 + (int64_t)i, 6), "0199D7D62C01");
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(key_of(r, 10 + (int64_t)i, 12), key_of(r, 10 + (int64_t)k, 12));
    }
    for (size_t i = 0; i < sizeof untimely / sizeof *untimely; i++) {
        const lg_hash hash = lg_sha256(lg_bytes_str(untimely[i]));
        char hex[25];
        lg_hex_write(hex, hash.b, 12);
        for (char *c = hex; *c; c++)
            *c = (char)toupper((unsigned char)*c);
        assert_string_equal(key_of(r, 30 + (int64_t)i, 12), hex);
    }
    int64_t found;
    IS(lg_command_seq_by_jti(r->db, party(1), "0199d7d6-2c01-7abc-8def-0123456789ad", &found), LG_NOT_FOUND);
}

/* As a commit of one entry leaves them. */
static void grow_tree(lg_db *db, lg_edge *edge, int64_t size)
{
    lg_tree_row rows[LG_ROW_LEVELS];
    lg_tree_tail tail;
    lg_writer_row is, next;
    while (lg_edge_size(edge) < size) {
        const int64_t seq = lg_edge_size(edge);
        const lg_hash leaf = lg_sha256(lg_bytes_of(&seq, sizeof seq));
        lg_edge_append(edge, &leaf, NULL);
        for (unsigned i = 0, count = lg_edge_rows(edge, rows); i < count; i++)
            OK(lg_tree_row_insert(db, &rows[i]));
    }
    lg_edge_tail(edge, &tail);
    OK(lg_writer_get(db, &is));
    next = is;
    next.beat++;
    next.seq = size;
    OK(lg_writer_swap(db, &is, &next, &tail, "here 1"));
}

/* Whatever stands in full rows and whatever does not: what was grown in memory is what is read. */
static void the_tree_reads_back(void **state)
{
    static const int64_t sizes[] = {1, 15, 16, 17, 255, 256, 257, 300, 511, 512, 4095, 4096, 4097, 4400};
    rig *r = *state;
    lg_edge *edge, *loaded;
    lg_hash grown[LG_TILE_WIDTH], read[LG_TILE_WIDTH], root, again;
    OK(lg_edge_open(lg_node_read, r->db, 0, &edge));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int64_t size = sizes[i];
        grow_tree(r->db, edge, size);
        OK(lg_edge_open(lg_node_read, r->db, size, &loaded));
        OK(lg_edge_root(edge, &root));
        OK(lg_edge_root(loaded, &again));
        assert_memory_equal(again.b, root.b, LG_HASH_LEN);
        OK(lg_tree_root(lg_node_read, r->db, size, &again));
        assert_memory_equal(again.b, root.b, LG_HASH_LEN);
        lg_edge_close(loaded);
        for (int64_t first = 0; first < size; first += 7) {
            const unsigned rest = (unsigned)(LG_TILE_WIDTH - first % LG_TILE_WIDTH);
            const unsigned count = size - first < rest ? (unsigned)(size - first) : rest;
            OK(lg_edge_read(edge, 0, first, count, grown));
            OK(lg_node_read(r->db, 0, first, count, read));
            assert_memory_equal(read, grown, count * sizeof *read);
            if (count < rest)
                IS(lg_node_read(r->db, 0, first, count + 1, read), LG_CORRUPT);
        }
    }
    IS(lg_node_read(r->db, 1, 0, 18, read), LG_CORRUPT);
    OK(lg_node_read(r->db, 1, 0, 17, read));
    OK(lg_node_read(r->db, LG_MIDDLE_LEVEL, 16, 16, read));
    lg_edge_close(edge);
}

/* A row that is gone is not made up for by those behind it, nor by what is still growing. */
static void a_missing_row_of_the_tree_is_seen(void **state)
{
    rig *r = *state;
    lg_edge *edge;
    lg_hash read[LG_TILE_WIDTH];
    OK(lg_edge_open(lg_node_read, r->db, 0, &edge));
    grow_tree(r->db, edge, 70);
    lg_edge_close(edge);
    OK(lg_node_read(r->db, 0, 0, 70, read));
    force(r, "DROP TRIGGER nodes_stay; DELETE FROM nodes WHERE place = 2");
    OK(lg_node_read(r->db, 0, 0, 32, read));
    OK(lg_node_read(r->db, 0, 48, 22, read));
    IS(lg_node_read(r->db, 0, 0, 48, read), LG_CORRUPT);
    IS(lg_node_read(r->db, 0, 0, 64, read), LG_CORRUPT);
    IS(lg_node_read(r->db, 0, 0, 70, read), LG_CORRUPT);
    IS(lg_node_read(r->db, 0, 32, 1, read), LG_CORRUPT);
    force(r, "UPDATE writer SET tail = substr(tail, 33)");
    IS(lg_node_read(r->db, 0, 64, 1, read), LG_CORRUPT);
}

static void tree_and_writer(void **state)
{
    rig *r = *state;
    lg_hash root, *roots;
    int64_t size, *sizes;
    size_t count;
    OK(lg_checkpoint_latest(r->db, &size, &root));
    assert_int_equal(size, 0);
    lg_hash empty = lg_sha256(lg_bytes_of("", 0));
    assert_true(lg_hash_equal(&root, &empty));
    for (int64_t n = 0; n < 4; n++)
        OK(lg_checkpoint_insert(r->db, 10 * (n + 1), &(lg_hash){{(uint8_t)n}}));
    OK(lg_checkpoint_latest(r->db, &size, &root));
    assert_int_equal(size, 40);
    OK(lg_checkpoint_including(r->db, 9, &size, &root));
    assert_int_equal(size, 10);
    OK(lg_checkpoint_including(r->db, 10, &size, &root));
    assert_int_equal(size, 20);
    IS(lg_checkpoint_including(r->db, 40, &size, &root), LG_NOT_FOUND);
    OK(lg_checkpoint_range(r->db, 10, 2, r->arena, &sizes, &roots, &count));
    assert_int_equal(count, 2);
    assert_int_equal(sizes[1], 30);
    assert_int_equal(roots[1].b[0], 2);

    lg_writer_row held, next = {.epoch = 1, .beat = 2, .seq = 3, .hash = {{4}}}, got;
    const lg_tree_tail tail = {.size = 3};
    OK(lg_writer_get(r->db, &held));
    assert_int_equal(held.seq, 0);
    OK(lg_writer_swap(r->db, &held, &next, &tail, "here 1"));
    IS(lg_writer_swap(r->db, &held, &next, &tail, "there 2"), LG_WRITER_DISPLACED);
    OK(lg_writer_get(r->db, &got));
    assert_int_equal(got.beat, 2);
    assert_int_equal(got.hash.b[0], 4);
}

/* First the authorizer refuses, then, without it, the triggers. */
static void written_once(void **state)
{
    rig *r = *state;
    const lg_hash hashes[LG_ROW_WIDTH] = {0};
    const lg_tree_row row = {.hashes = hashes};
    lg_command_row command = {.first_seq = 1,
                              .entry_count = 1,
                              .jti = "j",
                              .url = "/",
                              .status = 200,
                              .answer = "{}",
                              .jws = lg_bytes_str("x")};
    OK(lg_tree_row_insert(r->db, &row));
    OK(lg_checkpoint_insert(r->db, 1, &hashes[0]));
    OK(lg_command_insert(r->db, &command));
    static const struct {
        const char *table, *column;
    } kept[] = {{"entries", "body"}, {"commands", "jti"}, {"nodes", "hashes"}, {"checkpoints", "root"}};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
            const char *remove = lg_arena_printf(r->arena, "DELETE FROM %s", kept[i].table);
            const char *change = lg_arena_printf(r->arena, "UPDATE %s SET %s = %s", kept[i].table,
                                                 kept[i].column, kept[i].column);
            const char *message = lg_arena_printf(r->arena, "%s are append-only", kept[i].table);
            if (pass == 0) {
                lg_query query = lg_query_start_once(r->db, remove);
                IS(lg_query_run(&query), LG_INTERNAL);
                query = lg_query_start_once(r->db, change);
                IS(lg_query_run(&query), LG_INTERNAL);
            } else {
                refuse(r, remove, message);
                refuse(r, change, message);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(names_read_back),
        STORY(participants_come_back),
        STORY(participants_are_listed),
        STORY(identifiers_have_one_owner),
        STORY(keys_and_tokens),
        STORY(exposure_keeps_its_bounds),
        STORY(policies_by_version),
        STORY(entries_in_order),
        STORY(a_history_as_its_parties_read_it),
        STORY(a_party_reads_what_any_share_shows),
        STORY(a_late_party_reads_what_went_before),
        STORY(the_outbox_names_a_party_once),
        STORY(commands_by_key_and_entry),
        STORY(the_time_of_a_jti_comes_first),
        STORY(the_tree_reads_back),
        STORY(a_missing_row_of_the_tree_is_seen),
        STORY(tree_and_writer),
        STORY(written_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
