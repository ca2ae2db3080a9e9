/* The ledger as the writer holds it: commits, savepoints undone, opening again, and every disagreement
 * between the database and the head file. */
#include "tests/unit/ledger_rig.h"

static void it_begins_empty_and_grows(void **state)
{
    ledger_rig *r = *state;
    lg_published *empty = lg_ledger_published(r->ledger);
    assert_int_equal(empty->size, 0);
    commit_some(r, 1);
    commit_some(r, 300); /* past a full tile */
    assert_whole(r, 301);
    assert_int_equal(empty->size, 0); /* what was published stays as it was */
    lg_published_drop(empty);
    lg_published_drop(NULL);
    OK(reopen(r));
    assert_whole(r, 301);
    commit_some(r, 2);
    assert_whole(r, 303);
}

static void the_checkpoint_is_signed_and_proves(void **state)
{
    ledger_rig *r = *state;
    lg_verifier verifier;
    lg_note note;
    lg_checkpoint checkpoint;
    commit_some(r, 5);
    lg_published *published = lg_ledger_published(r->ledger);
    OK(lg_vkey_parse(r->arena, lg_ledger_vkey(r->ledger), &verifier, &r->report));
    OK(lg_note_open(r->arena, lg_bytes_str(published->note), &verifier, 1, &note, &r->report));
    OK(lg_checkpoint_parse(r->arena, note.text, &checkpoint, &r->report));
    assert_string_equal(checkpoint.origin, ORIGIN);
    assert_int_equal(checkpoint.size, 5);
    assert_string_equal(lg_ledger_note(r->ledger, r->arena, 5, &published->root), published->note);
    for (int64_t seq = 0; seq < 5; seq++) {
        lg_proof proof;
        lg_entry_row row;
        OK(lg_entry_get(lg_ledger_db(r->ledger), seq, r->arena, &row));
        lg_hash leaf = lg_leaf_hash(row.body);
        OK(lg_ledger_prove(r->ledger, seq, &proof));
        OK(lg_verify_inclusion(&leaf, seq, 5, &checkpoint.root, proof.hashes, proof.count));
    }
    lg_published_drop(published);
}

static void entries_say_what_was_appended(void **state)
{
    ledger_rig *r = *state;
    lg_entry_row row;
    lg_entry entry;
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, &row));
    OK(lg_entry_parse(r->arena, row.body, &entry, &r->report));
    assert_string_equal(entry.origin, ORIGIN);
    assert_string_equal(entry.vkey, lg_ledger_vkey(r->ledger));
    assert_string_equal(entry.type, "genesis");
    assert_int_equal(entry.digest_count, 1);
    const lg_hash digest = lg_disclosure_digest(lg_bytes_str(row.disclosures));
    assert_memory_equal(&digest, &entry.digests[0], sizeof digest);
    OK(append_to(r->ledger, r->arena, &row));
    OK(lg_entry_parse(r->arena, row.body, &entry, &r->report));
    assert_null(entry.origin);
    OK(lg_ledger_commit(r->ledger));
}

static void time_never_goes_back(void **state)
{
    ledger_rig *r = *state;
    const lg_hash req = {{0}};
    lg_entry_row row;
    lg_time future = lg_now() + LG_TIME_PER_DAY;
    OK(lg_ledger_begin(r->ledger));
    OK(lg_ledger_append(r->ledger, r->arena, "genesis", future, &req, NULL, 0, &row));
    assert_true(lg_ledger_clock(r->ledger) == future);
    OK(lg_ledger_commit(r->ledger));
    assert_true(lg_ledger_clock(r->ledger) == future);
    OK(reopen(r));
    assert_true(lg_ledger_clock(r->ledger) == future);
}

static void a_commit_of_nothing_publishes_nothing(void **state)
{
    ledger_rig *r = *state;
    commit_some(r, 3);
    lg_published *before = lg_ledger_published(r->ledger);
    OK(lg_ledger_begin(r->ledger));
    OK(lg_ledger_commit(r->ledger));
    lg_published *after = lg_ledger_published(r->ledger);
    assert_ptr_equal(before, after);
    assert_false(lg_db_in_transaction(lg_ledger_db(r->ledger)));
    lg_published_drop(before);
    lg_published_drop(after);
}

static void undoing_a_savepoint_leaves_no_trace(void **state)
{
    ledger_rig *r = *state;
    lg_mark outer, inner;
    commit_some(r, 2);
    OK(lg_ledger_begin(r->ledger));
    OK(lg_ledger_mark(r->ledger, 0, &outer));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_ledger_keep(r->ledger, outer));
    OK(lg_ledger_mark(r->ledger, 0, &outer));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_ledger_mark(r->ledger, 1, &inner));
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_ledger_undo(r->ledger, inner));
    assert_int_equal(lg_ledger_next_seq(r->ledger), 4);
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_ledger_mark(r->ledger, 1, &inner)); /* left open: the outer one closes it */
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_ledger_undo(r->ledger, outer));
    assert_int_equal(lg_ledger_next_seq(r->ledger), 3);
    OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_ledger_commit(r->ledger));
    assert_whole(r, 4);
}

static void an_aborted_transaction_leaves_no_trace(void **state)
{
    ledger_rig *r = *state;
    commit_some(r, 2);
    OK(lg_ledger_begin(r->ledger));
    for (int i = 0; i < 300; i++)
        OK(append_to(r->ledger, r->arena, NULL));
    lg_ledger_abort(r->ledger);
    assert_false(lg_ledger_is_broken(r->ledger));
    assert_whole(r, 2);
    lg_ledger_abort(r->ledger); /* nothing open */
    commit_some(r, 1);
    assert_whole(r, 3);
}

/* A row in the way makes the tree's growth fail after the edge in memory has moved on. */
static void a_failed_commit_leaves_no_trace(void **state)
{
    ledger_rig *r = *state;
    const lg_hash hashes[LG_ROW_WIDTH] = {0};
    commit_some(r, 14);
    OK(lg_ledger_begin(r->ledger));
    for (int i = 0; i < 3; i++)
        OK(append_to(r->ledger, r->arena, NULL));
    OK(lg_tree_row_insert(lg_ledger_db(r->ledger), &(lg_tree_row){.hashes = hashes}));
    IS(lg_ledger_commit(r->ledger), LG_ALREADY_EXISTS);
    assert_false(lg_ledger_is_broken(r->ledger));
    assert_whole(r, 14);
    commit_some(r, 3);
    assert_whole(r, 17);
}

static void an_entry_too_large_is_ours(void **state)
{
    ledger_rig *r = *state;
    lg_entry_row row;
    const lg_hash req = {{0}};
    OK(lg_ledger_begin(r->ledger));
    IS(lg_ledger_append(r->ledger, r->arena, "Not a type!", lg_now(), &req, NULL, 0, &row), LG_INTERNAL);
    lg_ledger_abort(r->ledger);
    assert_whole(r, 0);
}

static void one_ledger_has_one_writer(void **state)
{
    ledger_rig *r = *state;
    lg_ledger *second;
    IS(lg_ledger_open(r->dir, ORIGIN, log_key(), &second, &r->report), LG_BUSY);
    commit_some(r, 1);
    assert_whole(r, 1);
}

/* Whoever took the row over keeps it: the displaced writer stops, and does not come back by reading the row
 * anew. */
static void a_displaced_writer_stops_for_good(void **state)
{
    ledger_rig *r = *state;
    commit_some(r, 1);
    force(r, "UPDATE writer SET epoch = epoch + 1, holder = 'another'");
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    IS(lg_ledger_commit(r->ledger), LG_WRITER_DISPLACED);
    assert_true(lg_ledger_is_broken(r->ledger));
    IS(lg_ledger_begin(r->ledger), LG_STOPPING);
    OK(reopen(r)); /* takes the right back openly, with a new epoch */
    assert_whole(r, 1);
    commit_some(r, 1);
    assert_whole(r, 2);
}

static void a_restored_backup_is_refused(void **state)
{
    ledger_rig *r = *state;
    commit_some(r, 3);
    OK(lg_db_checkpoint(lg_ledger_db(r->ledger)));
    lg_ledger_close(r->ledger);
    r->ledger = NULL;
    copy backup = file_copy(r, r->database);
    OK(reopen(r));
    commit_some(r, 4);
    lg_ledger_close(r->ledger);
    r->ledger = NULL;
    copy newest = file_copy(r, r->database);
    file_restore(r->database, backup);
    IS(reopen(r), LG_HEAD_MISMATCH);
    assert_non_null(strstr(r->report.detail, "7 entries were acknowledged, the database has 3"));
    file_restore(r->database, newest);
    OK(reopen(r));
    assert_whole(r, 7);
}

/* The same number of entries, but others. */
static void another_history_is_refused(void **state)
{
    ledger_rig *r = *state;
    commit_some(r, 3);
    lg_ledger_close(r->ledger);
    r->ledger = NULL;
    copy first_head = file_copy(r, r->head);
    unlink(r->head);
    unlink(r->database);
    OK(lg_head_create(r->head, ORIGIN, NULL));
    OK(reopen(r));
    commit_some(r, 5);
    lg_ledger_close(r->ledger);
    r->ledger = NULL;
    file_restore(r->head, first_head);
    IS(reopen(r), LG_HEAD_MISMATCH);
    assert_non_null(strstr(r->report.detail, "another history"));
    lg_head *head;
    OK(lg_head_open(r->head, &head, NULL)); /* the refusal let go of the lock, and changed nothing */
    assert_int_equal(lg_head_get(head).size, 3);
    lg_head_close(head);
}

static void another_origin_is_refused(void **state)
{
    ledger_rig *r = *state;
    commit_some(r, 1);
    lg_ledger_close(r->ledger);
    r->ledger = NULL;
    lg_report_init(&r->report, r->arena);
    IS(lg_ledger_open(r->dir, "other.example.com/x", log_key(), &r->ledger, &r->report), LG_HEAD_MISMATCH);
    assert_null(r->ledger);
    unlink(r->head);
    IS(reopen(r), LG_NOT_FOUND);
    OK(lg_head_create(r->head, ORIGIN, NULL));
    OK(reopen(r));
}

/* The plug was pulled between COMMIT and the head's sync: nothing of that was answered, and it is completed.
 */
static void a_crash_between_commit_and_head_is_completed(void **state)
{
    ledger_rig *r = *state;
    commit_some(r, 3);
    copy before = file_copy(r, r->head);
    commit_some(r, 260);
    lg_ledger_close(r->ledger);
    r->ledger = NULL;
    file_restore(r->head, before);
    OK(reopen(r));
    assert_whole(r, 263);
    commit_some(r, 1);
    assert_whole(r, 264);
}

/* A head that someone else moved: what was committed is not answered, and nothing further is taken. */
static void a_moved_head_stops_the_ledger(void **state)
{
    ledger_rig *r = *state;
    commit_some(r, 3);
    copy before = file_copy(r, r->head);
    commit_some(r, 1);
    file_restore(r->head, before);
    OK(lg_ledger_begin(r->ledger));
    OK(append_to(r->ledger, r->arena, NULL));
    IS(lg_ledger_commit(r->ledger), LG_OUTCOME_UNKNOWN);
    assert_true(lg_ledger_is_broken(r->ledger));
    IS(lg_ledger_begin(r->ledger), LG_STOPPING);
    lg_published *published = lg_ledger_published(r->ledger);
    assert_int_equal(published->size, 4); /* never signed */
    lg_published_drop(published);
    OK(reopen(r));
    assert_whole(r, 5);
}

static void a_database_at_odds_with_itself_is_refused(void **state)
{
    static const char *const damage[] = {
        "UPDATE writer SET seq = seq - 1",
        "UPDATE writer SET hash = zeroblob(32)",
        "DROP TRIGGER checkpoints_stay; DELETE FROM checkpoints WHERE size = 19",
        "DROP TRIGGER nodes_stay; DELETE FROM nodes WHERE place = 0",
        "DROP TRIGGER nodes_keep; UPDATE nodes SET hashes = zeroblob(512) WHERE place = 0",
        "UPDATE writer SET tail = x''",
        "UPDATE writer SET tail = zeroblob(length(tail))",
        "DROP TRIGGER entries_keep; UPDATE entries SET body = x'007b7d' WHERE seq = 18",
        "DROP TRIGGER entries_keep; UPDATE entries SET body = x'ffff' WHERE seq = 18",
        "DELETE FROM writer",
    };
    ledger_rig *r = *state;
    commit_some(r, 19);
    OK(lg_db_checkpoint(lg_ledger_db(r->ledger)));
    lg_ledger_close(r->ledger);
    r->ledger = NULL;
    copy whole = file_copy(r, r->database);
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        force(r, damage[i]);
        IS(reopen(r), LG_CORRUPT);
        file_restore(r->database, whole);
    }
    OK(reopen(r));
    assert_whole(r, 19);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(it_begins_empty_and_grows),
        STORY(the_checkpoint_is_signed_and_proves),
        STORY(entries_say_what_was_appended),
        STORY(time_never_goes_back),
        STORY(a_commit_of_nothing_publishes_nothing),
        STORY(undoing_a_savepoint_leaves_no_trace),
        STORY(an_aborted_transaction_leaves_no_trace),
        STORY(a_failed_commit_leaves_no_trace),
        STORY(an_entry_too_large_is_ours),
        STORY(one_ledger_has_one_writer),
        STORY(a_displaced_writer_stops_for_good),
        STORY(a_restored_backup_is_refused),
        STORY(another_history_is_refused),
        STORY(another_origin_is_refused),
        STORY(a_crash_between_commit_and_head_is_completed),
        STORY(a_moved_head_stops_the_ledger),
        STORY(a_database_at_odds_with_itself_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
