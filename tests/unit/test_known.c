/* What readers and the writer remember of participants, tokens and keys, and when they must not. */
#include "tests/unit/ledger_rig.h"

#include "ledger/store/known.h"

typedef struct world {
    lg_participant participant;
    lg_token token;
    lg_key key;
} world;

/* One of each, in a batch of the ledger's. */
static world commit_world(ledger_rig *r)
{
    world w = {
        .participant =
            {.no = {128}, .name = "Acme", .country = "CN", .rating = "AA", .registered_at = 1, .last_seq = 1},
        .token = {.token_no = 128, .participant = {128}, .scopes = 1, .label = "till", .expires_at = 9},
        .key = {.key_no = 128, .participant = {128}, .valid_from = 1},
    };
    w.participant.id.uuid = w.token.id.uuid = (lg_uuid){{7}};
    w.token.token_sha256 = lg_sha256(lg_bytes_str("secret"));
    memset(w.key.kid.s, 'k', sizeof w.key.kid.s - 1);
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_participant_insert(lg_ledger_db(r->ledger), &w.participant));
    OK(lg_token_insert(lg_ledger_db(r->ledger), &w.token));
    OK(lg_key_insert(lg_ledger_db(r->ledger), &w.key));
    OK(lg_ledger_commit(r->ledger));
    return w;
}

/* Past the ledger, so that nobody is told: only who asks the database sees it. */
static void tamper(const ledger_rig *r, const char *sql)
{
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(r->database, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

/* What a new snapshot says: when the token and the key were revoked, and the name. */
static void assert_seen(ledger_rig *r, lg_readers *readers, const world *w, lg_time token_at, lg_time key_at,
                        const char *name)
{
    lg_participant participant;
    lg_participant_id id;
    lg_token token;
    lg_key key;
    for (int twice = 0; twice < 2; twice++) {
        lg_db *db = lg_readers_take(readers);
        OK(lg_token_by_hash(db, &w->token.token_sha256, r->arena, &token));
        OK(lg_key_get(db, w->key.kid.s, &key));
        OK(lg_participant_get(db, w->participant.no, r->arena, &participant));
        OK(lg_participant_id_of(db, w->participant.no, &id));
        lg_readers_give(readers, db);
        assert_int_equal(token.revoked_at, token_at);
        assert_string_equal(token.label, "till");
        assert_int_equal(key.revoked_at, key_at);
        assert_string_equal(key.kid.s, w->key.kid.s);
        assert_string_equal(participant.name, name);
        assert_string_equal(participant.rating, "AA");
        assert_null(participant.group);
        assert_true(lg_uuid_equal(id.uuid, w->participant.id.uuid));
    }
}

static void readers_remember_until_a_batch_changes_it(void **state)
{
    ledger_rig *r = *state;
    lg_readers *readers;
    const world w = commit_world(r);
    OK(lg_readers_open(r->database, 1, &readers, NULL));
    lg_readers_remember(readers, lg_ledger_changes(r->ledger));
    assert_seen(r, readers, &w, 0, 0, "Acme");

    tamper(r, "UPDATE participants SET name = 'Else'");
    assert_seen(r, readers, &w, 0, 0, "Acme"); /* remembered */
    commit_some(r, 1);
    assert_seen(r, readers, &w, 0, 0, "Acme"); /* a batch that is about other things */

    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_token_revoke(lg_ledger_db(r->ledger), w.token.token_no, 5));
    assert_seen(r, readers, &w, 0, 0, "Acme"); /* not committed */
    OK(lg_ledger_commit(r->ledger));
    assert_seen(r, readers, &w, 5, 0, "Else");

    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_key_revoke(lg_ledger_db(r->ledger), w.key.kid.s, 6));
    OK(lg_ledger_commit(r->ledger));
    assert_seen(r, readers, &w, 5, 6, "Else");
    lg_readers_close(readers);
}

static void a_snapshot_that_is_older_than_a_change_teaches_nothing(void **state)
{
    ledger_rig *r = *state;
    lg_readers *readers;
    lg_token token;
    const world w = commit_world(r);
    OK(lg_readers_open(r->database, 1, &readers, NULL));
    lg_readers_remember(readers, lg_ledger_changes(r->ledger));
    lg_db *early = lg_readers_take(readers);
    OK(lg_key_get(early, w.key.kid.s, &(lg_key){0})); /* the snapshot begins with the first query */
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_token_revoke(lg_ledger_db(r->ledger), w.token.token_no, 5));
    OK(lg_ledger_commit(r->ledger));
    OK(lg_token_by_hash(early, &w.token.token_sha256, r->arena, &token));
    assert_int_equal(token.revoked_at, 0);
    lg_readers_give(readers, early);
    assert_seen(r, readers, &w, 5, 0, "Acme");
    lg_readers_close(readers);
}

static void assert_named(ledger_rig *r, lg_uuid id, int64_t no, const char *name)
{
    lg_participant got;
    lg_participant_no found;
    lg_db *db = lg_ledger_db(r->ledger);
    for (int twice = 0; twice < 2; twice++) {
        OK(lg_participant_by_id(db, (lg_participant_id){id}, r->arena, &got));
        assert_string_equal(got.name, name);
        OK(lg_participant_no_of(db, (lg_participant_id){id}, &found));
        assert_int_equal(found.v, no);
    }
}

/* Inside a transaction the writer sees what it changed, and after taking it back what was. */
static void the_writer_forgets_what_it_changes_and_what_it_takes_back(void **state)
{
    ledger_rig *r = *state;
    lg_db *db = lg_ledger_db(r->ledger);
    lg_participant row;
    lg_key key;
    lg_mark mark;
    const world w = commit_world(r);
    const lg_uuid second = {{8}}, third = {{9}};
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_key_get(db, w.key.kid.s, &key));
    assert_named(r, w.participant.id.uuid, 128, "Acme");

    OK(lg_ledger_mark(r->ledger, 0, &mark));
    OK(lg_key_revoke(db, w.key.kid.s, 6));
    OK(lg_key_get(db, w.key.kid.s, &key));
    assert_int_equal(key.revoked_at, 6);
    row = w.participant;
    row.suspended = true;
    OK(lg_participant_update(db, &row));
    OK(lg_participant_get(db, row.no, r->arena, &row));
    assert_true(row.suspended);
    OK(lg_participant_insert(db, &(lg_participant){.no = {256}, .id = {second}, .name = "Second"}));
    assert_named(r, second, 256, "Second");
    OK(lg_ledger_undo(r->ledger, mark));

    OK(lg_key_get(db, w.key.kid.s, &key));
    assert_int_equal(key.revoked_at, 0);
    OK(lg_participant_get(db, w.participant.no, r->arena, &row));
    assert_false(row.suspended);
    IS(lg_participant_by_id(db, (lg_participant_id){second}, r->arena, &row), LG_NOT_FOUND);
    /* Its number is another's now. */
    OK(lg_participant_insert(db, &(lg_participant){.no = {256}, .id = {third}, .name = "Third"}));
    assert_named(r, third, 256, "Third");
    lg_ledger_abort(r->ledger);
    IS(lg_participant_by_id(db, (lg_participant_id){third}, r->arena, &row), LG_NOT_FOUND);
    assert_named(r, w.participant.id.uuid, 128, "Acme");
}

static const lg_identifier acme_lei = {LG_SCHEME_LEI, "5493001KJTIIGC8Y1R12"};

/* Whose the identifier is, how many the participant has, and which policy is the newest; 0: none. */
static void assert_told(ledger_rig *r, lg_db *db, int64_t owner, size_t identifiers, int64_t policy)
{
    for (int twice = 0; twice < 2; twice++) {
        lg_participant_no no = {0};
        lg_identifier *rows;
        size_t count;
        int64_t version = 0;
        IS(lg_identifier_owner(db, acme_lei, &no), owner ? LG_OK : LG_NOT_FOUND);
        OK(lg_identifier_list(db, (lg_participant_no){128}, r->arena, &rows, &count));
        IS(lg_policy_newest(db, &version), policy ? LG_OK : LG_NOT_FOUND);
        assert_int_equal(no.v, owner);
        assert_int_equal(version, policy);
        assert_int_equal(count, identifiers);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(rows[i].scheme, LG_SCHEME_LEI);
            assert_non_null(rows[i].value);
        }
    }
}

static void assert_readers_told(ledger_rig *r, lg_readers *readers, int64_t owner, size_t identifiers,
                                int64_t policy)
{
    lg_db *db = lg_readers_take(readers);
    assert_told(r, db, owner, identifiers, policy);
    lg_readers_give(readers, db);
}

static void identifiers_and_the_policy_are_remembered_as_long(void **state)
{
    ledger_rig *r = *state;
    lg_readers *readers;
    lg_db *db = lg_ledger_db(r->ledger);
    const lg_policy_row first = {.version = 1, .set_seq = 1, .set_at = 1, .body = "{}"},
                        second = {.version = 2, .set_seq = 2, .set_at = 2, .body = "{}"};
    const lg_identifier other = {LG_SCHEME_LEI, "OTHER"};
    commit_world(r);
    OK(lg_readers_open(r->database, 1, &readers, NULL));
    lg_readers_remember(readers, lg_ledger_changes(r->ledger));
    assert_readers_told(r, readers, 0, 0, 0);
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    assert_told(r, db, 0, 0, 0);
    OK(lg_identifier_insert(db, acme_lei, (lg_participant_no){128}));
    OK(lg_policy_insert(db, &first));
    assert_told(r, db, 128, 1, 1);
    assert_readers_told(r, readers, 0, 0, 0);
    OK(lg_ledger_commit(r->ledger));
    assert_readers_told(r, readers, 128, 1, 1);

    tamper(r, "UPDATE identifiers SET participant_no = 7; UPDATE policies SET version = 7");
    assert_readers_told(r, readers, 128, 1, 1); /* remembered */
    assert_told(r, db, 128, 1, 1);
    tamper(r, "UPDATE identifiers SET participant_no = 128; UPDATE policies SET version = 1");

    /* What was written and taken back was never so. */
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_identifier_insert(db, other, (lg_participant_no){128}));
    OK(lg_policy_insert(db, &second));
    assert_told(r, db, 128, 2, 2);
    lg_ledger_abort(r->ledger);
    assert_told(r, db, 128, 1, 1);
    assert_readers_told(r, readers, 128, 1, 1);
    lg_readers_close(readers);
}

/* All that are party to the entry, as they are remembered, are those that the table has. */
static void assert_parties(ledger_rig *r, lg_db *db, int64_t seq, size_t expected)
{
    lg_entry_party *rows;
    size_t count;
    OK(lg_entry_parties(db, seq, r->arena, &rows, &count));
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        lg_shares shares;
        OK(lg_entry_party_shares(db, seq, rows[i].participant, &shares));
        assert_memory_equal(&shares, &rows[i].shares, sizeof shares);
        assert_true(i == 0 || rows[i - 1].participant.v < rows[i].participant.v);
    }
}

static void the_parties_of_the_entry_at_hand_are_remembered(void **state)
{
    ledger_rig *r = *state;
    lg_db *db = lg_ledger_db(r->ledger);
    static const int64_t order[] = {5, 3, 9, 3, 5};
    static const int shares[] = {2, LG_SHARE_ALL, 1, 4, 3};
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_entry_party_insert(db, 6, (lg_participant_no){5}, 1));
    lg_entry_parties_begin(db, 7);
    assert_parties(r, db, 7, 0);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        OK(lg_entry_party_insert(db, 7, (lg_participant_no){order[i]}, shares[i]));
    assert_parties(r, db, 7, 3);
    /* Others' are read as ever, and change nothing of these. */
    OK(lg_entry_party_insert(db, 6, (lg_participant_no){5}, LG_SHARE_ALL));
    OK(lg_entry_party_insert(db, 6, (lg_participant_no){6}, 1));
    assert_parties(r, db, 6, 2);
    assert_parties(r, db, 7, 3);
    /* Too many to remember. */
    for (int64_t no = 10; no < 60; no++)
        OK(lg_entry_party_insert(db, 7, (lg_participant_no){no % 30 + 10}, no % 2 ? 1 : 2));
    assert_parties(r, db, 7, 33);
    /* Taken back, they are no more. */
    lg_entry_parties_begin(db, 8);
    OK(lg_entry_party_insert(db, 8, (lg_participant_no){1}, LG_SHARE_ALL));
    lg_ledger_abort(r->ledger);
    assert_parties(r, db, 8, 0);
}

static void what_is_remembered_is_bounded(void **state)
{
    ledger_rig *r = *state;
    lg_known_changes changes = {0};
    lg_known *known = lg_known_open(&changes);
    lg_participant out;
    for (int64_t no = 1; no <= 5000; no++)
        lg_known_keep_participant(known, &(lg_participant){.no = {no}, .name = "N"});
    assert_true(lg_known_participant(known, (lg_participant_no){1}, r->arena, &out));
    assert_false(lg_known_participant(known, (lg_participant_no){5000}, r->arena, &out));
    lg_known_begin(known); /* full: begins anew, so that others get a place */
    assert_false(lg_known_participant(known, (lg_participant_no){1}, r->arena, &out));
    lg_known_keep_participant(known, &(lg_participant){.no = {5000}, .name = "N"});
    assert_true(lg_known_participant(known, (lg_participant_no){5000}, r->arena, &out));
    assert_false(lg_known_participant(NULL, (lg_participant_no){5000}, r->arena, &out));
    lg_known_close(known);
}

/* Where positions stand is told as it was kept last or not at all, however participants share their places:
 * an older word, or another participant's, would go into the ledger. */
static void positions_are_told_as_they_were_kept_last(void **state)
{
    (void)state;
    enum { PARTICIPANTS = 6000, KEPT = 60000 };
    static int64_t last[PARTICIPANTS]; /* 0: nothing that can be kept */
    uint8_t too_long[256] = {0};
    size_t told = 0, random = 1;
    lg_known *known = lg_known_open(NULL);
    lg_bytes packed;
    memset(last, 0, sizeof last);
    for (int64_t now = 1; now <= KEPT; now++) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const size_t one = (random >> 33) % PARTICIPANTS;
        const lg_participant_no no = {(int64_t)one << 7};
        if (lg_known_stands(known, no, &packed)) {
            assert_int_equal(packed.len, sizeof now);
            assert_memory_equal(packed.data, &last[one], sizeof now);
            told++;
        }
        last[one] = now % 16 ? now : 0;
        lg_known_keep_stands(
            known, no, now % 16 ? lg_bytes_of(&now, sizeof now) : lg_bytes_of(too_long, sizeof too_long));
        assert_int_equal(lg_known_stands(known, no, &packed), now % 16 != 0);
    }
    assert_in_range(told, KEPT / 4, KEPT);
    lg_known_forget_entries(known);
    for (size_t one = 0; one < PARTICIPANTS; one++)
        assert_false(lg_known_stands(known, (lg_participant_no){(int64_t)one << 7}, &packed));
    lg_known_close(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_remember_until_a_batch_changes_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_snapshot_that_is_older_than_a_change_teaches_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_writer_forgets_what_it_changes_and_what_it_takes_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(identifiers_and_the_policy_are_remembered_as_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_parties_of_the_entry_at_hand_are_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_remembered_is_bounded, set_up, tear_down),
        cmocka_unit_test(positions_are_told_as_they_were_kept_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
