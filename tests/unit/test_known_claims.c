/* The writer is told of a claim what its row says, however it comes to know it: read, made, changed, taken
 * back, and many more than it remembers. */
#include "ledger/store/claim_rows.h"
#include "ledger/store/known.h"
#include "ledger/store/receivable_rows.h"
#include "tests/unit/rows_rig.h"

enum { CLAIMS = 300, STEPS = 20000, FIRST = 1000 };

static void insert_receivable(rig *r)
{
    lg_receivable row = {
        .no = {1},
        .id = {uuid_of('r', 1)},
        .life = LG_LIFE_CONFIRMED,
        .submitter = party(1),
        .creditor = party(1),
        .debtor = party(2),
        .invoice_number = "R 1",
        .currency = money("CNY"),
        .gross_minor = 5,
        .amount_minor = 5,
        .documents = "[]",
        .checks = "[]",
        .policy_version = 1,
        .terms_version = 1,
    };
    OK(lg_receivable_insert(r->db, &row));
}

static lg_claim_id id_of(int64_t no)
{
    lg_claim_id id = {uuid_of('c', no)};
    id.uuid.b[15] = (uint8_t)no;
    return id;
}

static lg_err insert_claim(rig *r, int64_t no)
{
    char origin[] = "accepted"; /* gone when it is read again */
    const lg_claim row = {
        .no = {no},
        .id = id_of(no),
        .receivable = {1},
        .root = {no},
        .origin = origin,
        .holder = party(1 + pick(r, PARTIES)),
        .creditor = party(1),
        .debtor = party(2),
        .currency = money("EUR"),
        .face_minor = 9000,
        .outstanding_minor = 9000,
        .next_age_day = LG_DAY_NEVER,
        .last_seq = no,
    };
    return lg_claim_insert(r->db, &row);
}

static lg_err change_claim(rig *r, int64_t no, int64_t seq)
{
    static const char *const texts[] = {NULL, NULL, NULL, "quality"};
    lg_claim before, row;
    lg_err err = lg_claim_get(r->db, (lg_claim_no){no}, r->arena, &before);
    if (err)
        return err;
    row = before;
    row.paid_minor = pick(r, 9000);
    row.outstanding_minor = row.face_minor - row.paid_minor;
    row.holder = pick(r, 2) ? row.holder : party(1 + pick(r, PARTIES));
    row.encumbrance = (lg_encumbrance)pick(r, LG_ENCUMBRANCE_COUNT);
    row.dispute_reason = texts[pick(r, 4)];
    row.last_seq = seq;
    return lg_claim_update(r->db, &before, &row);
}

/* Perhaps what others do since then is taken back. */
static void mark_or_undo(rig *r, bool *marked)
{
    if (*marked)
        OK(pick(r, 2) ? lg_db_rollback_to(r->db, 0) : lg_db_release(r->db, 0));
    else
        OK(lg_db_savepoint(r->db, 0));
    *marked = !*marked;
}

static void assert_as_its_row(rig *r, int64_t no)
{
    lg_claim told, *rows;
    size_t count;
    lg_err err = pick(r, 2) ? lg_claim_get(r->db, (lg_claim_no){no}, r->arena, &told)
                            : lg_claim_by_id(r->db, id_of(no), r->arena, &told);
    OK(lg_claim_family_page(r->db, (lg_claim_no){no}, (lg_claim_no){0}, 2, r->arena, &rows, &count));
    IS(err, count ? LG_OK : LG_NOT_FOUND);
    if (err)
        return;
    assert_int_equal(count, 1);
    assert_string_equal(told.origin, rows->origin);
    assert_string_equal(told.dispute_reason ? told.dispute_reason : "",
                        rows->dispute_reason ? rows->dispute_reason : "");
    assert_true(told.no.v == no && told.root.v == rows->root.v && told.receivable.v == rows->receivable.v);
    assert_true(lg_uuid_equal(told.id.uuid, rows->id.uuid));
    assert_true(told.holder.v == rows->holder.v && told.debtor.v == rows->debtor.v);
    assert_true(told.paid_minor == rows->paid_minor && told.outstanding_minor == rows->outstanding_minor);
    assert_true(told.encumbrance == rows->encumbrance && told.next_age_day == rows->next_age_day);
    assert_int_equal(told.last_seq, rows->last_seq);
}

static void the_writer_is_told_what_the_row_says(void **state)
{
    rig *r = *state;
    bool marked = false;
    insert_receivable(r);
    lg_db_remember(r->db, lg_known_open(NULL));
    for (int64_t step = 0; step < STEPS; step++) {
        const int64_t no = FIRST + pick(r, CLAIMS);
        lg_err err = LG_OK;
        switch (pick(r, 8)) {
        case 0:
            err = insert_claim(r, no);
            break;
        case 1:
            mark_or_undo(r, &marked);
            break;
        case 2:
        case 3:
            err = change_claim(r, no, FIRST + CLAIMS + step);
            break;
        }
        assert_true(err == LG_OK || err == LG_ALREADY_EXISTS || err == LG_NOT_FOUND);
        assert_as_its_row(r, pick(r, 2) ? no : FIRST + pick(r, CLAIMS));
    }
}

/* What never was there, or breaks a rule, changes nothing. */
static void what_fails_is_not_remembered(void **state)
{
    rig *r = *state;
    lg_claim before, row;
    insert_receivable(r);
    lg_db_remember(r->db, lg_known_open(NULL));
    OK(insert_claim(r, FIRST));
    OK(lg_claim_get(r->db, (lg_claim_no){FIRST}, r->arena, &before));
    row = before;
    row.outstanding_minor = -1;
    row.last_seq = FIRST + 1;
    IS(lg_claim_update(r->db, &before, &row), LG_INTERNAL);
    assert_as_its_row(r, FIRST);
    row = before;
    row.no.v = FIRST + 1;
    IS(lg_claim_update(r->db, &before, &row), LG_NOT_FOUND);
    IS(lg_claim_get(r->db, row.no, r->arena, &row), LG_NOT_FOUND);
    IS(insert_claim(r, FIRST), LG_ALREADY_EXISTS);
    assert_as_its_row(r, FIRST);
}

/* The memory is used at all: a row that was changed past it is not seen, until something is taken back. */
static void a_claim_is_read_once(void **state)
{
    rig *r = *state;
    lg_claim row;
    insert_receivable(r);
    lg_db_remember(r->db, lg_known_open(NULL));
    OK(insert_claim(r, FIRST));
    force(r, "UPDATE claims SET paid_minor = 7");
    OK(lg_claim_by_id(r->db, id_of(FIRST), r->arena, &row));
    assert_int_equal(row.paid_minor, 0);
    OK(lg_db_savepoint(r->db, 0));
    OK(lg_db_rollback_to(r->db, 0));
    OK(lg_claim_get(r->db, (lg_claim_no){FIRST}, r->arena, &row));
    assert_int_equal(row.paid_minor, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_writer_is_told_what_the_row_says),
        STORY(what_fails_is_not_remembered),
        STORY(a_claim_is_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
