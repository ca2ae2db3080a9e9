/* Rows of receivables: what is written comes back, and lists equal a naive selection in their order. */
#include "ledger/store/party_runs.h"
#include "ledger/store/receivable_rows.h"
#include "tests/unit/rows_rig.h"

/* A registered one between 1 (creditor) and 2 (debtor). */
static lg_receivable receivable(rig *r, int64_t no)
{
    lg_receivable row = {
        .no = {no},
        .id = {uuid_of('r', no)},
        .life = LG_LIFE_REGISTERED,
        .submitter = party(1),
        .creditor = party(1),
        .debtor = party(2),
        .format = LG_FORMAT_UBL,
        .invoice_number = lg_arena_printf(r->arena, "R-%d", (int)no),
        .issue_day = 100,
        .due_day = 200,
        .currency = money("CNY"),
        .gross_minor = 1000,
        .amount_minor = 1000,
        .documents = "[]",
        .confirm_by = 5000 - no,
        .has_fingerprint = true,
        .fingerprint = {.exact = {1, (uint8_t)(no >> 16), (uint8_t)(no >> 8), (uint8_t)no},
                        .number_key = no + 1,
                        .similar_key = no + 1},
        .policy_version = 1,
        .checks = "[]",
        .registered_at = no,
        .updated_at = no,
        .last_seq = no,
    };
    return row;
}

static void receivable_comes_back(void **state)
{
    rig *r = *state;
    lg_receivable row = receivable(r, 7), got;
    row.by_debtor = true;
    row.payee = "Factor AG";
    row.part = "1/2";
    OK(lg_receivable_insert(r->db, &row));
    IS(lg_receivable_insert(r->db, &row), LG_ALREADY_EXISTS);
    OK(lg_receivable_get(r->db, row.no, r->arena, &got));
    assert_int_equal(got.life, LG_LIFE_REGISTERED);
    assert_true(got.by_debtor && got.has_fingerprint);
    assert_int_equal(got.format, LG_FORMAT_UBL);
    assert_string_equal(got.invoice_number, "R-7");
    assert_string_equal(got.payee, "Factor AG");
    assert_string_equal(got.part, "1/2");
    assert_null(got.note);
    assert_null(got.decision);
    assert_memory_equal(got.fingerprint.exact, row.fingerprint.exact, LG_KEYED_LEN);
    assert_int_equal(got.fingerprint.similar_key, 8);
    got.life = LG_LIFE_REJECTED;
    got.has_fingerprint = false;
    got.decision = "rejected";
    got.decided_by = party(4);
    got.reason_note = "why";
    got.confirmed_minor = 12;
    OK(lg_receivable_update(r->db, &got));
    OK(lg_receivable_by_id(r->db, row.id, r->arena, &row));
    assert_int_equal(row.life, LG_LIFE_REJECTED);
    assert_false(row.has_fingerprint);
    assert_int_equal(row.fingerprint.number_key, 0);
    assert_string_equal(row.decision, "rejected");
    assert_string_equal(row.reason_note, "why");
    assert_int_equal(row.decided_by.v, 4);
    assert_int_equal(row.confirmed_minor, 12);
    row.no.v = 8;
    IS(lg_receivable_update(r->db, &row), LG_NOT_FOUND);
    IS(lg_receivable_get(r->db, row.no, r->arena, &got), LG_NOT_FOUND);
}

static void unknown_words_are_corrupt(void **state)
{
    rig *r = *state;
    static const char *const changes[] = {
        "life = 'asleep'", "submitted_by = 'nobody'", "format = 'pdf'",    "currency = 'cny'",
        "decision = '?'",  "review_outcome = '?'",    "due_day = 1 << 40",
    };
    lg_receivable got;
    for (int i = 0; i < (int)(sizeof changes / sizeof *changes); i++) {
        lg_receivable row = receivable(r, i + 1);
        OK(lg_receivable_insert(r->db, &row));
        OK(lg_receivable_get(r->db, row.no, r->arena, &got));
        force(r,
              lg_arena_printf(
                  r->arena,
                  "PRAGMA ignore_check_constraints = 1; UPDATE receivables SET %s WHERE receivable_no = %d",
                  changes[i], i + 1));
        IS(lg_receivable_get(r->db, row.no, r->arena, &got), LG_CORRUPT);
    }
}

static void parts_add_up(void **state)
{
    rig *r = *state;
    lg_receivable row = receivable(r, 10);
    lg_fingerprint print = row.fingerprint;
    lg_registered_parts parts;
    OK(lg_receivable_parts(r->db, &print, "a", (lg_receivable_no){0}, &parts));
    assert_int_equal(parts.amount_minor, 0);
    assert_false(parts.whole || parts.same_part);
    for (int64_t no = 10; no < 13; no++) {
        row = receivable(r, no);
        row.fingerprint = print;
        row.part = no == 10 ? "a" : no == 11 ? "b" : "c";
        row.amount_minor = no;
        OK(lg_receivable_insert(r->db, &row));
    }
    row.no.v = 13;
    row.id.uuid = uuid_of('r', 13);
    IS(lg_receivable_insert(r->db, &row), LG_ALREADY_EXISTS); /* "c" again */
    row.no.v = 12;
    row.has_fingerprint = false; /* withdrawn: free again */
    OK(lg_receivable_update(r->db, &row));
    OK(lg_receivable_parts(r->db, &print, "a", (lg_receivable_no){0}, &parts));
    assert_int_equal(parts.amount_minor, 21);
    assert_true(parts.same_part);
    assert_false(parts.whole);
    OK(lg_receivable_parts(r->db, &print, "a", (lg_receivable_no){10}, &parts));
    assert_int_equal(parts.amount_minor, 11);
    assert_false(parts.same_part);
    assert_true(lg_uuid_equal(parts.any.uuid, uuid_of('r', 11)));
    OK(lg_receivable_parts(r->db, &print, "c", (lg_receivable_no){0}, &parts));
    assert_false(parts.same_part);
    row = receivable(r, 20);
    row.fingerprint = print;
    OK(lg_receivable_insert(r->db, &row));
    OK(lg_receivable_parts(r->db, &print, "z", (lg_receivable_no){0}, &parts));
    assert_true(parts.whole);
}

static void similar_ones_are_found(void **state)
{
    rig *r = *state;
    lg_receivable row = receivable(r, 10);
    OK(lg_receivable_insert(r->db, &row));
    lg_fingerprint same = row.fingerprint, other = row.fingerprint;
    lg_receivable_no none = {0};
    other.exact[0] = 9;
    bool found;
    OK(lg_receivable_similar_number(r->db, &same, row.invoice_number, none, r->arena, &found));
    assert_false(found);
    OK(lg_receivable_similar_number(r->db, &other, row.invoice_number, none, r->arena, &found));
    assert_true(found);
    OK(lg_receivable_similar_number(r->db, &other, row.invoice_number, row.no, r->arena, &found));
    assert_false(found);
    /* The key only finds candidates. */
    OK(lg_receivable_similar_number(r->db, &other, "quite another", none, r->arena, &found));
    assert_false(found);
    static const struct {
        lg_day day;
        bool found;
    } days[] = {{92, false}, {93, true}, {100, true}, {107, true}, {108, false}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        OK(lg_receivable_similar_sale(r->db, &other, days[i].day, 7, none, &found));
        assert_int_equal(found, days[i].found);
        OK(lg_receivable_similar_sale(r->db, &same, days[i].day, 7, none, &found));
        assert_false(found);
    }
    row.has_fingerprint = false;
    OK(lg_receivable_update(r->db, &row));
    OK(lg_receivable_similar_number(r->db, &other, row.invoice_number, none, r->arena, &found));
    assert_false(found);
    OK(lg_receivable_similar_sale(r->db, &other, 100, 7, none, &found));
    assert_false(found);
}

static void lapsed_oldest_deadline_first(void **state)
{
    rig *r = *state;
    for (int64_t no = 1; no <= 20; no++) { /* deadlines 4999 down to 4980 */
        lg_receivable row = receivable(r, no);
        row.life = no % 5 == 0 ? LG_LIFE_CONFIRMED : LG_LIFE_REGISTERED;
        OK(lg_receivable_insert(r->db, &row));
    }
    lg_receivable_id *ids;
    size_t count;
    OK(lg_receivable_lapsed(r->db, 4984, 3, r->arena, &ids, &count));
    assert_int_equal(count, 3);
    assert_true(lg_uuid_equal(ids[0].uuid, uuid_of('r', 19)));
    OK(lg_receivable_lapsed(r->db, 4984, 30, r->arena, &ids, &count));
    assert_int_equal(count, 4); /* 19 to 16; 20 is confirmed */
}

static void visibility_by_story(void **state)
{
    rig *r = *state;
    lg_receivable row = receivable(r, 1);
    assert_true(lg_receivable_visible(&row, party(1)));
    assert_true(lg_receivable_visible(&row, party(2)));
    assert_false(lg_receivable_visible(&row, party(3)));
    row.life = LG_LIFE_REJECTED; /* declined by the debtor */
    assert_true(lg_receivable_visible(&row, party(2)));
    row.review_outcome = LG_OUTCOME_REJECT; /* by the gateway */
    assert_true(lg_receivable_visible(&row, party(1)));
    assert_false(lg_receivable_visible(&row, party(2)));
    row.review_outcome = LG_OUTCOME_HOLD;
    row.decision = "rejected"; /* by a reviewer */
    assert_false(lg_receivable_visible(&row, party(2)));
    row.life = LG_LIFE_REGISTERED;
    row.decision = "approved";
    assert_true(lg_receivable_visible(&row, party(2)));
    row.life = LG_LIFE_WITHDRAWN;
    assert_true(lg_receivable_visible(&row, party(2)));
    row.decision = NULL; /* withdrawn while it was held */
    assert_false(lg_receivable_visible(&row, party(2)));
    row.creditor = party(0);
    assert_false(lg_receivable_visible(&row, party(0)));
}

/* Every combination the columns allow, the odd ones too. */
static lg_receivable any_receivable(rig *r, int64_t no)
{
    lg_receivable row = receivable(r, no);
    row.life = (lg_receivable_life)pick(r, LG_LIFE_COUNT);
    row.submitter = party(1 + pick(r, PARTIES));
    row.creditor = party(pick(r, PARTIES + 1));
    row.debtor = party(pick(r, PARTIES + 1));
    row.review_outcome = (lg_review_outcome)pick(r, LG_OUTCOME_COUNT);
    int64_t decision = pick(r, 3);
    row.decision = decision == 0 ? NULL : decision == 1 ? "approved" : "rejected";
    row.currency = money(pick(r, 2) ? "CNY" : "EUR");
    row.due_day = (lg_day)(200 + pick(r, 20));
    row.amount_minor = 1 + pick(r, 1000);
    row.invoice_number = lg_arena_printf(r->arena, "R-%d", (int)pick(r, 10));
    return row;
}

static lg_receivable_filter any_filter(rig *r)
{
    lg_receivable_filter filter = {
        .party = party(1 + pick(r, PARTIES)),
        .part = (lg_party_part)pick(r, 3),
        .life = pick(r, 3) ? -1 : (int)pick(r, LG_LIFE_COUNT),
        .review_outcome = pick(r, 3) ? -1 : (int)pick(r, LG_OUTCOME_COUNT),
        .review_queue = pick(r, 3) == 0,
        .open = (int)pick(r, 3) - 1,
        .creditor = party(pick(r, 4) ? 0 : 1 + pick(r, PARTIES)),
        .debtor = party(pick(r, 4) ? 0 : 1 + pick(r, PARTIES)),
        .currency = pick(r, 3) ? NULL : "EUR",
        .number = pick(r, 5) ? NULL : "R-4",
        .due_from = pick(r, 3) ? INT32_MIN : 205,
        .due_to = pick(r, 3) ? INT32_MAX : 215,
        .amount_min = pick(r, 3) ? 0 : 200,
        .amount_max = pick(r, 3) ? INT64_MAX : 900,
        .ascending = pick(r, 2) == 0,
        .limit = (size_t)(1 + pick(r, 40)),
    };
    return filter;
}

static bool belongs(const lg_receivable_filter *f, const lg_receivable *row)
{
    bool creditor = row->creditor.v == f->party.v, debtor = row->debtor.v == f->party.v, mine = false;
    switch (f->part) {
    case LG_PART_ANY:
        mine = true;
        break;
    case LG_PART_CREDITOR:
        mine = creditor;
        break;
    case LG_PART_DEBTOR:
        mine = debtor;
        break;
    }
    mine = mine && lg_receivable_visible(row, f->party);
    if (f->review_queue)
        mine = f->open < 0 || (f->open == 1) == (row->life == LG_LIFE_HELD);
    return mine && (f->life < 0 || f->life == (int)row->life) &&
           (f->review_outcome < 0 || f->review_outcome == (int)row->review_outcome) &&
           (f->creditor.v == 0 || f->creditor.v == row->creditor.v) &&
           (f->debtor.v == 0 || f->debtor.v == row->debtor.v) &&
           (!f->currency || strcmp(f->currency, row->currency.code) == 0) &&
           (!f->number || strcmp(f->number, row->invoice_number) == 0) && row->due_day >= f->due_from &&
           row->due_day <= f->due_to && row->amount_minor >= f->amount_min &&
           row->amount_minor <= f->amount_max;
}

/* Follows the cursor to the end and expects exactly the rows that belong, in order. */
static size_t walk(rig *r, lg_receivable_filter filter, const lg_receivable *all, int64_t total)
{
    size_t seen = 0;
    int64_t at = filter.ascending ? 0 : total - 1, step = filter.ascending ? 1 : -1;
    for (;;) {
        lg_receivable *rows;
        size_t count;
        OK(lg_receivable_list(r->db, &filter, r->arena, &rows, &count));
        assert_true(count <= filter.limit);
        for (size_t i = 0; i < count; i++, at += step) {
            while (at >= 0 && at < total && !belongs(&filter, &all[at]))
                at += step;
            assert_in_range(at, 0, total - 1);
            assert_int_equal(rows[i].no.v, all[at].no.v);
        }
        seen += count;
        if (count < filter.limit)
            break;
        filter.after_no = rows[count - 1].no.v;
    }
    for (; at >= 0 && at < total; at += step)
        assert_false(belongs(&filter, &all[at]));
    return seen;
}

/* As the registry's projection does. */
static void list(rig *r, const lg_receivable *row)
{
    const lg_participant_no all[] = {row->creditor, row->debtor, row->submitter};
    for (size_t i = 0; i < 3; i++) {
        const bool is_creditor = all[i].v == row->creditor.v, is_debtor = all[i].v == row->debtor.v;
        const unsigned concerns = (is_creditor ? LG_AS_CREDITOR : 0) | (is_debtor ? LG_AS_DEBTOR : 0);
        bool is_listed = all[i].v == 0;
        for (size_t k = 0; k < i; k++)
            is_listed = is_listed || all[k].v == all[i].v;
        if (!is_listed)
            OK(lg_party_run_add(r->db, all[i], lg_row_seq(row->no.v), concerns ? concerns : LG_AS_SUBMITTER,
                                r->arena));
    }
}

static void lists_equal_a_naive_selection(void **state)
{
    rig *r = *state;
    enum { TOTAL = 400, FILTERS = 600 };
    lg_receivable *all = lg_arena_array(r->arena, TOTAL, sizeof *all);
    for (int64_t i = 0; i < TOTAL; i++) {
        all[i] = any_receivable(r, lg_row_no(1 + 2 * i, 0));
        OK(lg_receivable_insert(r->db, &all[i]));
        list(r, &all[i]);
    }
    size_t seen = 0;
    for (int i = 0; i < FILTERS; i++)
        seen += walk(r, any_filter(r), all, TOTAL);
    assert_true(seen > FILTERS); /* not all of them empty */
    lg_receivable_filter nobody = {
        .life = -1, .review_outcome = -1, .due_to = INT32_MAX, .amount_max = INT64_MAX, .limit = 9};
    lg_receivable *rows;
    size_t count;
    OK(lg_receivable_list(r->db, &nobody, r->arena, &rows, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(receivable_comes_back),         STORY(unknown_words_are_corrupt),    STORY(parts_add_up),
        STORY(similar_ones_are_found),        STORY(lapsed_oldest_deadline_first), STORY(visibility_by_story),
        STORY(lists_equal_a_naive_selection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
