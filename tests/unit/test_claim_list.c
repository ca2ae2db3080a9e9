/* Lists and sums of claims against a naive selection: every role, filter and order, pages that neither repeat
 * nor lose a claim, and grants that tell no more than they say. */
#include "ledger/store/claim_rows.h"
#include "ledger/store/receivable_rows.h"
#include "tests/unit/rows_rig.h"

enum { CLAIMS = 150, FIRST = 200, NOW = 1000 };

static const char *const ratings[PARTIES + 1] = {NULL, "AA+", "A", NULL, "AA"};

typedef struct world {
    lg_claim claims[CLAIMS];
    lg_claim_view views[CLAIMS];
    size_t view_count;
    unsigned scans, sorts;
} world;

/* As the rig's own watch, but orders other than acceptance may sort, and so may what grants lead to. */
static int watch_lists(unsigned what, void *ctx, void *statement, void *unused)
{
    world *w = ctx;
    (void)what, (void)unused;
    const char *sql = sqlite3_sql(statement);
    w->scans += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1) > 0;
    bool sorted = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, 1) > 0;
    w->sorts += sorted && strstr(sql, "ORDER BY accepted_at") && !strstr(sql, "claim_views");
    return 0;
}

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
        .issue_day = 100,
        .due_day = 200,
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

static lg_participant_no somebody(rig *r)
{
    return party(1 + pick(r, PARTIES));
}

/* Few values of everything, so that all that could be equal is. */
static lg_claim random_claim(rig *r, const world *w, int at)
{
    static const lg_claim_life lives[] = {LG_CLAIM_CONFIRMED, LG_CLAIM_OVERDUE, LG_CLAIM_SPLIT};
    const lg_claim *parent = at > 10 && pick(r, 3) ? &w->claims[pick(r, at)] : NULL;
    lg_claim row = {
        .no = {FIRST + at},
        .id = {uuid_of('c', FIRST + at)},
        .receivable = {1},
        .root = parent ? parent->root : (lg_claim_no){FIRST + at},
        .parent = parent ? parent->no : (lg_claim_no){0},
        .hop = pick(r, 3),
        .origin = "tacit",
        .holder = somebody(r),
        .creditor = somebody(r),
        .debtor = somebody(r),
        .currency = money(pick(r, 3) ? "CNY" : "EUR"),
        .face_minor = 9000,
        .outstanding_minor = 100 * pick(r, 5),
        .due_day = (lg_day)(200 + pick(r, 5)),
        .life = lives[pick(r, 3)],
        .next_age_day = LG_DAY_NEVER,
        .encumbrance = (lg_encumbrance)pick(r, LG_ENCUMBRANCE_COUNT),
        .locks = pick(r, 3) ? 0 : (unsigned)pick(r, 1 << LG_LOCK_DEBTOR_STOPPED),
        .lender = pick(r, 3) ? party(0) : somebody(r),
        .offered_to = pick(r, 3) ? party(0) : somebody(r),
        .frozen_by = pick(r, 9) ? party(0) : somebody(r),
        .accepted_at = parent ? parent->accepted_at : 10 + at / 7,
        .updated_at = 18,
        .last_seq = FIRST + at,
    };
    return row;
}

/* Some of them stand, some are past. */
static lg_claim_view random_view(rig *r, const world *w, int at)
{
    const lg_claim *row = &w->claims[pick(r, CLAIMS)];
    return (lg_claim_view){
        .participant = pick(r, 4) ? somebody(r) : party(0),
        .claim = row->no,
        .source_no = at + 1,
        .fields = 1u + (unsigned)pick(r, LG_FIELDS_ALL),
        .valid_until = pick(r, 3) ? 0 : NOW - 1 + pick(r, 3),
    };
}

static world *make_world(rig *r)
{
    world *w = lg_arena_alloc(r->arena, sizeof *w);
    lg_participant row;
    insert_receivable(r);
    for (int64_t no = 1; no <= PARTIES; no++) {
        OK(lg_participant_get(r->db, party(no), r->arena, &row));
        row.rating = ratings[no];
        row.stopped = no == 4;
        OK(lg_participant_update(r->db, &row));
    }
    for (int i = 0; i < CLAIMS; i++) {
        w->claims[i] = random_claim(r, w, i);
        OK(lg_claim_insert(r->db, &w->claims[i]));
    }
    for (int i = 0; i < CLAIMS; i++) {
        w->views[i] = random_view(r, w, i);
        OK(lg_claim_view_insert(r->db, &w->views[i]));
    }
    sqlite3_trace_v2(r->handle, SQLITE_TRACE_PROFILE, watch_lists, w);
    return w;
}

/* ---- the same, naively ---- */

static bool sees_by_itself(const lg_claim *row, lg_participant_no who)
{
    return who.v == row->holder.v || who.v == row->debtor.v || who.v == row->lender.v ||
           who.v == row->offered_to.v || who.v == row->frozen_by.v ||
           (who.v == row->creditor.v && row->parent.v == 0);
}

static unsigned viewed(const world *w, const lg_claim_filter *f, const lg_claim *row)
{
    unsigned fields = 0;
    for (int i = 0; i < CLAIMS; i++) {
        const lg_claim_view *view = &w->views[i];
        bool his = view->participant.v == f->party.v || (f->is_lender && view->participant.v == 0);
        if (his && view->claim.v == row->no.v && (view->valid_until == 0 || view->valid_until >= f->now))
            fields |= view->fields;
    }
    return fields;
}

static unsigned fields_spoken_of(const lg_claim_filter *f)
{
    unsigned amounts = 1u << LG_FIELD_AMOUNTS, due = 1u << LG_FIELD_DUE_DATE;
    return (f->currency || f->amount_min || f->amount_max != INT64_MAX || f->sort == LG_BY_AMOUNT ? amounts
                                                                                                  : 0) |
           (f->due_from != INT32_MIN || f->due_to != INT32_MAX || f->sort == LG_BY_DUE_DATE ? due : 0) |
           (f->debtor.v || f->ratings ? 1u << LG_FIELD_DEBTOR : 0) |
           (f->creditor.v ? 1u << LG_FIELD_CREDITOR : 0) | (f->hop_max >= 0 ? 1u << LG_FIELD_LINEAGE : 0) |
           (f->life >= 0 || f->encumbrance >= 0 || f->locked >= 0 ? 1u << LG_FIELD_STATE : 0);
}

static bool is_granted(const world *w, const lg_claim_filter *f, const lg_claim *row, unsigned fields)
{
    unsigned shown = viewed(w, f, row);
    return shown && (sees_by_itself(row, f->party) || (shown & fields) == fields);
}

static bool plays_part(const world *w, const lg_claim_filter *f, const lg_claim *row, lg_claims_part part,
                       unsigned fields)
{
    switch (part) {
    case LG_CLAIMS_CREDITOR:
        return row->creditor.v == f->party.v && row->parent.v == 0;
    case LG_CLAIMS_DEBTOR:
        return row->debtor.v == f->party.v;
    case LG_CLAIMS_HOLDER:
        return row->holder.v == f->party.v;
    case LG_CLAIMS_LENDER:
        return row->lender.v == f->party.v;
    case LG_CLAIMS_OFFERED:
        return row->offered_to.v == f->party.v;
    case LG_CLAIMS_GRANTED:
        return is_granted(w, f, row, fields);
    case LG_CLAIMS_ANY:
        for (lg_claims_part any = LG_CLAIMS_CREDITOR; any < LG_CLAIMS_PART_COUNT; any++)
            if (plays_part(w, f, row, any, fields))
                return true;
        return row->frozen_by.v == f->party.v;
    case LG_CLAIMS_PART_COUNT:
        break;
    }
    return false;
}

static bool passes(const lg_claim_filter *f, const lg_claim *row)
{
    const char *rating = ratings[row->debtor.v];
    bool rated = rating && f->ratings && strstr(f->ratings, rating) &&
                 strstr(f->ratings, rating)[-1] == ',' && strstr(f->ratings, rating)[strlen(rating)] == ',';
    return (!f->currency || strcmp(f->currency, row->currency.code) == 0) &&
           (!f->creditor.v || f->creditor.v == row->creditor.v) &&
           (!f->debtor.v || f->debtor.v == row->debtor.v) && row->due_day >= f->due_from &&
           row->due_day <= f->due_to && row->outstanding_minor >= f->amount_min &&
           row->outstanding_minor <= f->amount_max && (f->life < 0 || f->life == (int)row->life) &&
           (f->encumbrance < 0 || f->encumbrance == (int)row->encumbrance) &&
           (f->locked < 0 || f->locked == (row->locks != 0 || row->debtor.v == 4)) &&
           (!f->ratings || rated) && (f->hop_max < 0 || row->hop <= f->hop_max);
}

static const lg_claim_filter *sorting; /* qsort has no context */

static int by_sort(const void *a, const void *b)
{
    const lg_claim *x = *(const lg_claim *const *)a, *y = *(const lg_claim *const *)b;
    int64_t one = lg_claim_sort_value(x, sorting->sort), other = lg_claim_sort_value(y, sorting->sort);
    int order = one != other ? (one < other ? -1 : 1) : (x->no.v < y->no.v ? -1 : 1);
    return sorting->ascending ? order : -order;
}

static size_t naive_list(const world *w, const lg_claim_filter *f, const lg_claim **out)
{
    size_t count = 0;
    for (int i = 0; i < CLAIMS; i++)
        if (passes(f, &w->claims[i]) && plays_part(w, f, &w->claims[i], f->part, fields_spoken_of(f)))
            out[count++] = &w->claims[i];
    sorting = f;
    qsort(out, count, sizeof *out, by_sort);
    return count;
}

/* ---- stories ---- */

static lg_claim_filter random_filter(rig *r)
{
    lg_claim_filter f = lg_claim_filter_of(somebody(r), pick(r, 2) == 0, NOW);
    f.part = (lg_claims_part)pick(r, LG_CLAIMS_PART_COUNT);
    f.sort = (lg_claim_sort)pick(r, LG_CLAIM_SORT_COUNT);
    f.ascending = pick(r, 2) == 0;
    f.limit = (size_t)(1 + pick(r, 40));
    f.currency = pick(r, 4) ? NULL : "CNY";
    f.creditor = party(pick(r, 6) ? 0 : 1 + pick(r, PARTIES));
    f.debtor = party(pick(r, 6) ? 0 : 1 + pick(r, PARTIES));
    f.due_from = pick(r, 5) ? INT32_MIN : 201;
    f.due_to = pick(r, 5) ? INT32_MAX : 203;
    f.amount_min = pick(r, 5) ? 0 : 100;
    f.amount_max = pick(r, 5) ? INT64_MAX : 300;
    f.life = pick(r, 5) ? -1 : LG_CLAIM_OVERDUE;
    f.encumbrance = pick(r, 6) ? -1 : (int)pick(r, LG_ENCUMBRANCE_COUNT);
    f.locked = pick(r, 5) ? -1 : (int)pick(r, 2);
    f.ratings = pick(r, 5) ? NULL : pick(r, 2) ? ",A,AA," : ",AA+,";
    f.hop_max = pick(r, 5) ? -1 : pick(r, 3);
    return f;
}

/* Follows the pages to the end. */
static size_t walk(rig *r, lg_claim_filter f, const lg_claim **expected, size_t total)
{
    size_t seen = 0, count = f.limit;
    lg_claim *rows;
    while (count == f.limit) {
        OK(lg_claim_list(r->db, &f, r->arena, &rows, &count));
        assert_true(count <= f.limit);
        for (size_t i = 0; i < count; i++) {
            assert_true(seen < total);
            assert_int_equal(rows[i].no.v, expected[seen++]->no.v);
        }
        if (count == 0)
            break;
        f.has_after = true;
        f.after = rows[count - 1].no;
        f.after_value = lg_claim_sort_value(&rows[count - 1], f.sort);
    }
    return seen;
}

static void lists_equal_a_naive_selection(void **state)
{
    rig *r = *state;
    world *w = make_world(r);
    const lg_claim *expected[CLAIMS];
    size_t longest = 0;
    for (int round = 0; round < 1500; round++) {
        lg_claim_filter f = random_filter(r);
        size_t total = naive_list(w, &f, expected);
        assert_int_equal(walk(r, f, expected, total), total);
        longest = total > longest ? total : longest;
    }
    assert_true(longest > 60);
    assert_int_equal(w->scans, 0);
    assert_int_equal(w->sorts, 0);
}

static void every_part_and_order_unfiltered(void **state)
{
    rig *r = *state;
    world *w = make_world(r);
    const lg_claim *expected[CLAIMS];
    for (int64_t no = 1; no <= PARTIES; no++) {
        for (int part = 0; part < LG_CLAIMS_PART_COUNT; part++) {
            for (int sort = 0; sort < LG_CLAIM_SORT_COUNT * 2; sort++) {
                lg_claim_filter f = lg_claim_filter_of(party(no), no == 3, NOW);
                f.part = (lg_claims_part)part;
                f.sort = (lg_claim_sort)(sort / 2);
                f.ascending = sort % 2;
                f.limit = 3;
                size_t total = naive_list(w, &f, expected);
                assert_true(total > 0);
                assert_int_equal(walk(r, f, expected, total), total);
            }
        }
    }
    lg_claim *rows;
    size_t count;
    lg_claim_filter nobody = lg_claim_filter_of(party(0), true, NOW);
    nobody.limit = 10;
    OK(lg_claim_list(r->db, &nobody, r->arena, &rows, &count));
    assert_int_equal(count, 0);
}

static void sums_equal_those_of_the_list(void **state)
{
    rig *r = *state;
    world *w = make_world(r);
    const lg_claim *expected[CLAIMS];
    for (int round = 0; round < 500; round++) {
        lg_claim_total totals[LG_TOTALS_MAX],
            naive[2] = {{.currency = money("CNY")}, {.currency = money("EUR")}};
        size_t count, at = 0;
        lg_claim_filter f = random_filter(r);
        /* Sums speak of amounts, as does an order by amount. */
        f.sort = LG_BY_AMOUNT;
        size_t total = naive_list(w, &f, expected);
        for (size_t i = 0; i < total; i++) {
            lg_claim_total *sum = &naive[expected[i]->currency.code[0] == 'E'];
            sum->count++;
            sum->face_minor += expected[i]->face_minor;
            sum->outstanding_minor += expected[i]->outstanding_minor;
        }
        OK(lg_claim_totals(r->db, &f, totals, &count));
        for (int i = 0; i < 2; i++) {
            if (!naive[i].count)
                continue;
            assert_true(at < count);
            assert_string_equal(totals[at].currency.code, naive[i].currency.code);
            assert_int_equal(totals[at].count, naive[i].count);
            assert_int_equal(totals[at].face_minor, naive[i].face_minor);
            assert_int_equal(totals[at++].outstanding_minor, naive[i].outstanding_minor);
        }
        assert_int_equal(at, count);
    }
    assert_int_equal(w->scans, 0);
}

static void a_sum_beyond_counting_is_refused(void **state)
{
    rig *r = *state;
    make_world(r);
    lg_claim_total totals[LG_TOTALS_MAX];
    size_t count;
    force(r, "UPDATE claims SET face_minor = 9223372036854775000 WHERE claim_no < 300");
    lg_claim_filter f = lg_claim_filter_of(party(1), false, NOW);
    IS(lg_claim_totals(r->db, &f, totals, &count), LG_AMOUNT_OUT_OF_RANGE);
    force(r, "PRAGMA ignore_check_constraints = 1; UPDATE claims SET currency = 'eurocent', face_minor = 1");
    IS(lg_claim_totals(r->db, &f, totals, &count), LG_CORRUPT);
}

/* What a list shows of a claim is what lg_claim_see says. */
static void a_list_and_a_look_agree(void **state)
{
    rig *r = *state;
    world *w = make_world(r);
    for (int i = 0; i < CLAIMS; i++) {
        for (int64_t no = 1; no <= PARTIES; no++) {
            lg_claim_filter f = lg_claim_filter_of(party(no), no % 2 == 0, NOW);
            lg_claim_sight sight;
            OK(lg_claim_see(r->db, &w->claims[i], f.party, f.is_lender, NOW, &sight));
            bool itself = sees_by_itself(&w->claims[i], f.party);
            unsigned fields = viewed(w, &f, &w->claims[i]);
            assert_int_equal(sight.access == LG_ACCESS_GRANTED, !itself && fields);
            assert_int_equal(sight.access == LG_ACCESS_NONE, !itself && !fields);
            if (sight.access == LG_ACCESS_GRANTED)
                assert_int_equal(sight.fields, fields);
        }
    }
}

static void links_are_the_ids_behind_numbers(void **state)
{
    rig *r = *state;
    world *w = make_world(r);
    for (int i = 0; i < CLAIMS; i++) {
        const lg_claim *row = &w->claims[i];
        lg_claim_links links;
        OK(lg_claim_links_get(r->db, row, r->arena, &links));
        assert_true(lg_uuid_equal(links.holder, uuid_of('p', row->holder.v)));
        assert_true(lg_uuid_equal(links.creditor, uuid_of('p', row->creditor.v)));
        assert_true(lg_uuid_equal(links.debtor, uuid_of('p', row->debtor.v)));
        assert_true(lg_uuid_equal(links.root, uuid_of('c', row->root.v)));
        assert_true(row->parent.v ? lg_uuid_equal(links.parent, uuid_of('c', row->parent.v))
                                  : lg_uuid_is_nil(links.parent));
        assert_true(row->lender.v ? lg_uuid_equal(links.lender, uuid_of('p', row->lender.v))
                                  : lg_uuid_is_nil(links.lender));
        assert_true(lg_uuid_is_nil(links.financing) && lg_uuid_is_nil(links.request));
        assert_int_equal(links.debtor_stopped, row->debtor.v == 4);
        assert_string_equal(links.invoice_number, "R 1");
        assert_string_equal(links.documents, "[]");
        assert_int_equal(links.issue_day, 100);
        assert_int_equal(links.gross_minor, 5);
    }
    lg_claim_links links;
    lg_claim broken = w->claims[0];
    broken.request.v = 77;
    IS(lg_claim_links_get(r->db, &broken, r->arena, &links), LG_CORRUPT);
    broken = w->claims[0];
    broken.receivable.v = 77;
    IS(lg_claim_links_get(r->db, &broken, r->arena, &links), LG_CORRUPT);
}

/* A root 200, its child 201, that one's child 202; and a sister 203. */
static void insert_family(rig *r)
{
    insert_receivable(r);
    for (int i = 0; i < 4; i++) {
        lg_claim row = {.no = {FIRST + i},
                        .id = {uuid_of('c', FIRST + i)},
                        .receivable = {1},
                        .root = {FIRST},
                        .parent = {i == 0   ? 0
                                   : i == 2 ? FIRST + 1
                                            : FIRST},
                        .origin = "tacit",
                        .holder = party(1),
                        .held_seq = lg_row_seq(FIRST + i),
                        .creditor = party(1),
                        .debtor = party(2),
                        .currency = money("CNY"),
                        .face_minor = 5,
                        .last_seq = lg_row_seq(FIRST + i),
                        .next_age_day = LG_DAY_NEVER};
        OK(lg_claim_insert(r->db, &row));
    }
}

static void a_line_goes_back_to_the_invoice(void **state)
{
    rig *r = *state;
    lg_claim row;
    int64_t *line;
    size_t count;
    insert_family(r);
    OK(lg_claim_get(r->db, (lg_claim_no){FIRST + 2}, r->arena, &row));
    OK(lg_claim_line(r->db, &row, r->arena, &line, &count));
    static const int64_t expected[] = {FIRST + 2, FIRST + 1, FIRST, 1};
    assert_int_equal(count, 4);
    assert_memory_equal(line, expected, sizeof expected);
    lg_claim_id id;
    OK(lg_claim_id_of(r->db, (lg_claim_no){FIRST + 3}, &id));
    assert_true(lg_uuid_equal(id.uuid, uuid_of('c', FIRST + 3)));
    IS(lg_claim_id_of(r->db, (lg_claim_no){FIRST + 4}, &id), LG_NOT_FOUND);
}

static void a_family_comes_in_pages(void **state)
{
    rig *r = *state;
    lg_claim *rows;
    size_t count;
    insert_family(r);
    for (size_t limit = 1; limit < 6; limit++) {
        int64_t next = FIRST;
        do {
            lg_claim_no after = {next == FIRST ? 0 : next - 1};
            OK(lg_claim_family_page(r->db, (lg_claim_no){FIRST}, after, limit, r->arena, &rows, &count));
            for (size_t i = 0; i < count; i++)
                assert_int_equal(rows[i].no.v, next++);
        } while (count == limit);
        assert_int_equal(next, FIRST + 4);
    }
    OK(lg_claim_family(r->db, (lg_claim_no){FIRST}, r->arena, &rows, &count));
    assert_int_equal(count, 4);
}

/* Who holds the claim, and what burdens it, as the entries from 1001 on change it. */
static void change_claim(rig *r, int64_t seq, int64_t holder, lg_encumbrance encumbrance, int64_t lender)
{
    lg_claim row, before;
    OK(lg_claim_get(r->db, (lg_claim_no){FIRST + 1}, r->arena, &before));
    row = before;
    if (holder != row.holder.v)
        row.held_seq = seq;
    if (lender != row.lender.v)
        row.lent_seq = lender ? seq : 0;
    row.holder = party(holder);
    row.lender.v = lender;
    row.encumbrance = encumbrance;
    row.last_seq = seq;
    OK(lg_claim_update(r->db, &before, &row));
}

/* Only what changed is written; of that, all. */
static void whatever_changes_is_written(void **state)
{
    rig *r = *state;
    insert_family(r);
    for (unsigned what = 0; what < 1u << 7; what++) {
        lg_claim before, row, got;
        OK(lg_claim_get(r->db, (lg_claim_no){FIRST + 1}, r->arena, &before));
        row = before;
        row.hop += what & 1;
        row.holder.v = what & 2 ? 1 + before.holder.v % PARTIES : before.holder.v;
        row.held_seq += what >> 2 & 1;
        if (what & 8)
            row.life = before.life == LG_CLAIM_DUE ? LG_CLAIM_OVERDUE : LG_CLAIM_DUE;
        if (what & 16)
            row.age = before.age == LG_AGE_DUE ? LG_AGE_OVERDUE : LG_AGE_DUE;
        if (what & 32)
            row.next_age_day = before.next_age_day == LG_DAY_NEVER ? 7 : LG_DAY_NEVER;
        row.paid_minor += what >> 6 & 1;
        row.last_seq = 2000 + what;
        OK(lg_claim_update(r->db, &before, &row));
        OK(lg_claim_get(r->db, row.no, r->arena, &got));
        assert_true(got.hop == row.hop && got.holder.v == row.holder.v && got.held_seq == row.held_seq);
        assert_true(got.life == row.life && got.age == row.age && got.next_age_day == row.next_age_day);
        assert_true(got.paid_minor == row.paid_minor && got.last_seq == row.last_seq);
    }
}

static void a_title_is_what_made_the_claim_what_it_is(void **state)
{
    rig *r = *state;
    enum { LAST = 1009 };
    /* The seq of the last entry that counts, and those of the title then behind the claim's opening. */
    static const struct {
        int64_t until, seqs[4];
        size_t count;
    } cases[] = {
        {1000, {0}, 0},
        {1001, {1001}, 1},             /* offered */
        {1002, {1002}, 1},             /* passed on, and so free again */
        {1003, {1002, 1003}, 2},       /* reserved */
        {1004, {1002, 1003, 1004}, 3}, /* disputed */
        {1006, {1002, 1005, 1006}, 3}, /* pledged, disputed */
        {1007, {1002, 1007}, 2},       /* released */
        {1008, {1002, 1008}, 2},       /* sold */
        {LAST, {1002, 1008, LAST}, 3},
    };
    lg_claim row;
    int64_t *seqs;
    size_t count;
    insert_family(r);
    change_claim(r, 1001, 1, LG_OFFERED, 0);
    change_claim(r, 1002, 3, LG_FREE, 0);
    change_claim(r, 1003, 3, LG_RESERVED, 4);
    change_claim(r, 1004, 3, LG_RESERVED, 4);
    change_claim(r, 1005, 3, LG_PLEDGED, 5);
    change_claim(r, 1006, 3, LG_PLEDGED, 5);
    change_claim(r, 1007, 3, LG_FREE, 0);
    change_claim(r, 1008, 5, LG_SOLD, 0);
    change_claim(r, LAST, 5, LG_SOLD, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OK(lg_claim_version(r->db, (lg_claim_no){FIRST + 1}, cases[i].until, r->arena, &row));
        OK(lg_claim_title(r->db, &row, r->arena, &seqs, &count));
        /* The receivable, the root and the claim were opened by the first entries. */
        assert_true(count >= cases[i].count && seqs[0] == lg_row_seq(1));
        assert_int_equal(seqs[count - cases[i].count - 1], lg_row_seq(FIRST + 1));
        assert_memory_equal(seqs + count - cases[i].count, cases[i].seqs, cases[i].count * sizeof *seqs);
    }
}

static void ratings_come_back(void **state)
{
    rig *r = *state;
    lg_participant row;
    OK(lg_participant_get(r->db, party(2), r->arena, &row));
    assert_null(row.rating);
    row.rating = "BBB-";
    row.rating_agency = "Agency";
    OK(lg_participant_update(r->db, &row));
    OK(lg_participant_get(r->db, party(2), r->arena, &row));
    assert_string_equal(row.rating, "BBB-");
    assert_string_equal(row.rating_agency, "Agency");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(lists_equal_a_naive_selection),
        STORY(every_part_and_order_unfiltered),
        STORY(sums_equal_those_of_the_list),
        STORY(a_sum_beyond_counting_is_refused),
        STORY(a_list_and_a_look_agree),
        STORY(links_are_the_ids_behind_numbers),
        STORY(a_line_goes_back_to_the_invoice),
        STORY(a_family_comes_in_pages),
        STORY(whatever_changes_is_written),
        STORY(a_title_is_what_made_the_claim_what_it_is),
        STORY(ratings_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
