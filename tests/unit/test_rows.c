/* Rows of participants and of the ledger itself: what is written comes back, and what is written once stays.
 */
#include "ledger/store/receivable_rows.h"
#include "tests/unit/rows_rig.h"

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

static void entries_and_history(void **state)
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

    static const struct {
        int64_t subject, seq;
    } told[] = {{7, 7}, {7, 9}, {9, 9}, {9, 12}, {7, 20}, {0, 5}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        OK(lg_history_insert(r->db, told[i].subject, told[i].seq));
    OK(lg_entry_history(r->db, 7, 9, -1, 10, r->arena, &rows, &count));
    assert_int_equal(count, 4);
    assert_int_equal(rows[1].seq, 9);
    assert_int_equal(rows[2].seq, 12);
    assert_string_equal(rows[2].disclosures, "YQ~Yg");
    OK(lg_entry_history(r->db, 7, 9, 9, 1, r->arena, &rows, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].seq, 12);
    OK(lg_entry_history(r->db, 7, 0, -1, 10, r->arena, &rows, &count));
    assert_int_equal(count, 3); /* 0 is no subject */
    int64_t *subjects;
    OK(lg_entry_subjects(r->db, 9, r->arena, &subjects, &count));
    assert_int_equal(count, 2);
    assert_int_equal(subjects[0], 7);
    assert_int_equal(subjects[1], 9);
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

static void tree_and_writer(void **state)
{
    rig *r = *state;
    lg_hash read[4], root, *roots;
    int64_t size, *sizes;
    size_t count;
    OK(lg_checkpoint_latest(r->db, &size, &root));
    assert_int_equal(size, 0);
    lg_hash empty = lg_sha256(lg_bytes_of("", 0));
    assert_true(lg_hash_equal(&root, &empty));
    for (int64_t n = 0; n < 4; n++) {
        lg_new_node node = {.level = 1, .n = n == 3 ? 9 : n, .hash = {{(uint8_t)n}}};
        OK(lg_node_insert(r->db, &node));
        OK(lg_checkpoint_insert(r->db, 10 * (n + 1), &node.hash));
    }
    OK(lg_node_read(r->db, 1, 0, 3, read));
    assert_int_equal(read[2].b[0], 2);
    IS(lg_node_read(r->db, 1, 0, 4, read), LG_CORRUPT);
    IS(lg_node_read(r->db, 0, 0, 1, read), LG_CORRUPT);
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
    OK(lg_writer_get(r->db, &held));
    assert_int_equal(held.seq, 0);
    OK(lg_writer_swap(r->db, &held, &next, "here 1"));
    IS(lg_writer_swap(r->db, &held, &next, "there 2"), LG_WRITER_DISPLACED);
    OK(lg_writer_get(r->db, &got));
    assert_int_equal(got.beat, 2);
    assert_int_equal(got.hash.b[0], 4);
}

/* First the authorizer refuses, then, without it, the triggers. */
static void written_once(void **state)
{
    rig *r = *state;
    lg_new_node node = {.level = 0, .n = 0};
    lg_command_row command = {.first_seq = 1,
                              .entry_count = 1,
                              .jti = "j",
                              .url = "/",
                              .status = 200,
                              .answer = "{}",
                              .jws = lg_bytes_str("x")};
    OK(lg_node_insert(r->db, &node));
    OK(lg_checkpoint_insert(r->db, 1, &node.hash));
    OK(lg_command_insert(r->db, &command));
    static const struct {
        const char *table, *column;
    } kept[] = {{"entries", "body"}, {"commands", "answer"}, {"nodes", "hash"}, {"checkpoints", "root"}};
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
        STORY(entries_and_history),
        STORY(commands_by_key_and_entry),
        STORY(tree_and_writer),
        STORY(written_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
