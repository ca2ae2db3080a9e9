/* Rows of payments and proposals: what is written comes back, and lists show each party what is its own. */
#include "ledger/store/payment_rows.h"
#include "ledger/store/proposal_rows.h"
#include "tests/unit/rows_rig.h"

enum { PAYMENTS = 60, CLAIMS_EACH = 3, ROOTS = 4 };

/* ---- payments ---- */

static lg_payment payment(rig *r, int64_t no)
{
    return (lg_payment){
        .no = {no},
        .id = {uuid_of('y', no)},
        .root = {1000 + no % ROOTS},
        .debtor = party(1 + no % PARTIES),
        .recorded_by = party(1 + no % 3),
        .amount_minor = 100 * no,
        .excess_minor = no % 7,
        .currency = money("CNY"),
        .bank_reference = lg_arena_printf(r->arena, "FT-%d", (int)no),
        .paid_day = (lg_day)(20000 + no),
        .recorded_at = no * LG_TIME_PER_SECOND,
        .last_seq = no,
    };
}

/* Whom a payment pays: holder and payee differ now and then, and one payee may be paid on several claims. */
static lg_payment_share share(int64_t no, int64_t claim)
{
    return (lg_payment_share){
        .payment = {no},
        .claim = {claim},
        .holder = party(1 + (no / 2 + claim % 2) % PARTIES),
        .payee = party(1 + (no / 3) % PARTIES),
        .amount_minor = no + claim,
    };
}

static lg_claim_no claim_of(int64_t no, int64_t at)
{
    return (lg_claim_no){2000 + (no % ROOTS) * CLAIMS_EACH + at};
}

static void a_payment_comes_back(void **state)
{
    rig *r = *state;
    lg_payment row = payment(r, 5), got;
    lg_payment_share *shares;
    size_t count;
    OK(lg_payment_insert(r->db, &row));
    OK(lg_payment_by_id(r->db, row.id, r->arena, &got));
    assert_true(got.no.v == 5 && got.root.v == row.root.v && got.debtor.v == row.debtor.v);
    assert_true(got.recorded_by.v == row.recorded_by.v && got.amount_minor == 500 && got.excess_minor == 5);
    assert_string_equal(got.currency.code, "CNY");
    assert_string_equal(got.bank_reference, "FT-5");
    assert_true(got.paid_day == 20005 && got.recorded_at == row.recorded_at && got.reversed_at == 0);
    assert_null(got.reverse_reason);
    const lg_payment_share second = share(5, 8), first = share(5, 7);
    OK(lg_payment_share_insert(r->db, &second));
    OK(lg_payment_share_insert(r->db, &first));
    IS(lg_payment_share_insert(r->db, &first), LG_ALREADY_EXISTS);
    OK(lg_payment_shares(r->db, row.no, r->arena, &shares, &count));
    assert_true(count == 2 && shares[0].claim.v == 7 && shares[1].claim.v == 8);
    assert_true(shares[0].amount_minor == 12 && shares[0].holder.v == first.holder.v);
    assert_true(shares[0].payee.v == first.payee.v && shares[0].payment.v == 5);
    IS(lg_payment_by_id(r->db, (lg_payment_id){uuid_of('y', 6)}, r->arena, &got), LG_NOT_FOUND);
}

static void a_reference_stands_until_it_is_reversed(void **state)
{
    rig *r = *state;
    lg_payment row = payment(r, 5), again = payment(r, 8);
    bool stands;
    again.recorded_by = row.recorded_by;
    again.bank_reference = row.bank_reference;
    OK(lg_payment_reference_stands(r->db, row.recorded_by, "FT-5", &stands));
    assert_false(stands);
    OK(lg_payment_insert(r->db, &row));
    OK(lg_payment_reference_stands(r->db, row.recorded_by, "FT-5", &stands));
    assert_true(stands);
    OK(lg_payment_reference_stands(r->db, row.recorded_by, "ft-5", &stands));
    assert_false(stands);
    OK(lg_payment_reference_stands(r->db, party(4), "FT-5", &stands));
    assert_false(stands); /* another bank's references are its own */
    IS(lg_payment_insert(r->db, &again), LG_ALREADY_EXISTS);
    row.reversed_at = 77;
    row.reverse_reason = "bounced";
    row.last_seq = 9;
    OK(lg_payment_update(r->db, &row));
    OK(lg_payment_reference_stands(r->db, row.recorded_by, "FT-5", &stands));
    assert_false(stands);
    OK(lg_payment_insert(r->db, &again));
    lg_payment got;
    OK(lg_payment_by_id(r->db, row.id, r->arena, &got));
    assert_true(got.reversed_at == 77 && got.last_seq == 9);
    assert_string_equal(got.reverse_reason, "bounced");
    row.no.v = 99;
    IS(lg_payment_update(r->db, &row), LG_NOT_FOUND);
}

/* What the lists must equal: the rule, applied to one payment after the other. */
static bool belongs(const lg_payment *row, int64_t no, const lg_payment_filter *filter)
{
    bool mine = lg_payment_sees_all(row, filter->viewer);
    for (int64_t at = 0; at < 1 + no % CLAIMS_EACH; at++) {
        const lg_payment_share s = share(no, claim_of(no, at).v);
        mine = mine || lg_payment_share_is_of(&s, filter->viewer);
    }
    return mine && (!filter->root.v || row->root.v == filter->root.v);
}

static void walk(rig *r, lg_payment_filter filter, const lg_payment *all)
{
    size_t seen = 0, expected = 0, count;
    lg_payment *rows;
    int64_t next = PAYMENTS;
    for (int64_t no = 1; no <= PAYMENTS; no++)
        expected += belongs(&all[no], no, &filter);
    do {
        OK(lg_payment_list(r->db, &filter, r->arena, &rows, &count));
        for (size_t i = 0; i < count; i++, seen++) {
            while (next > 0 && !belongs(&all[next], next, &filter))
                next--;
            assert_int_equal(rows[i].no.v, next);
            next--;
            filter.before_no = rows[i].no.v;
        }
    } while (count == filter.limit);
    assert_int_equal(seen, expected);
}

static void everybody_sees_its_own_payments(void **state)
{
    rig *r = *state;
    lg_payment all[PAYMENTS + 1];
    for (int64_t no = 1; no <= PAYMENTS; no++) {
        all[no] = payment(r, no);
        OK(lg_payment_insert(r->db, &all[no]));
        for (int64_t at = 0; at < 1 + no % CLAIMS_EACH; at++) {
            const lg_payment_share s = share(no, claim_of(no, at).v);
            OK(lg_payment_share_insert(r->db, &s));
        }
    }
    for (int64_t viewer = 0; viewer <= PARTIES + 1; viewer++) {
        for (size_t limit = 1; limit <= 64; limit *= 4) {
            lg_payment_filter filter = {.viewer = party(viewer), .limit = limit};
            walk(r, filter, all);
            filter.root.v = 1002;
            walk(r, filter, all);
            filter.root.v = -1; /* no such claim */
            walk(r, filter, all);
        }
        for (int64_t no = 1; no <= PAYMENTS; no++) {
            const lg_payment_filter any = {.viewer = party(viewer)};
            bool visible;
            OK(lg_payment_visible(r->db, &all[no], any.viewer, &visible));
            assert_int_equal(visible, belongs(&all[no], no, &any));
        }
    }
}

/* ---- proposals ---- */

static lg_proposal proposal(int64_t no)
{
    return (lg_proposal){
        .no = {no},
        .id = {uuid_of('o', no)},
        .kind = no % 3 ? LG_PROPOSAL_CREDIT_NOTE : LG_PROPOSAL_VOID,
        .claim = {7},
        .amount_minor = no % 3 ? 100 + no : 0,
        .reference = no % 2 ? "CN-1" : NULL,
        .proposed_by = party(1),
        .status = (lg_proposal_status)(no % 4 == 3 ? 0 : no % 4),
        .expires_at = 1000 + no,
        .proposed_at = no,
        .last_seq = no,
    };
}

static void a_proposal_comes_back(void **state)
{
    rig *r = *state;
    lg_proposal row = proposal(5), got;
    lg_proposal_signers signers = {.rows = {{party(3), 0}, {party(1), 42}, {party(2), 0}}, .count = 3}, back;
    OK(lg_proposal_insert(r->db, &row));
    OK(lg_proposal_signers_insert(r->db, row.no, &signers));
    OK(lg_proposal_by_id(r->db, row.id, r->arena, &got));
    assert_true(got.no.v == 5 && got.kind == LG_PROPOSAL_CREDIT_NOTE && got.claim.v == 7);
    assert_true(got.amount_minor == 105 && got.proposed_by.v == 1 && got.status == row.status);
    assert_true(got.expires_at == 1005 && got.proposed_at == 5 && got.last_seq == 5);
    assert_string_equal(got.reference, "CN-1");
    assert_null(got.note);
    OK(lg_proposal_signers_get(r->db, row.no, &back));
    assert_memory_equal(&back, &signers, sizeof back); /* in the order they were named */
    OK(lg_proposal_sign(r->db, row.no, party(2), 50));
    IS(lg_proposal_sign(r->db, row.no, party(4), 50), LG_NOT_FOUND);
    OK(lg_proposal_signers_get(r->db, row.no, &back));
    assert_int_equal(lg_proposal_signer_find(&back, party(2))->signed_at, 50);
    assert_int_equal(lg_proposal_signer_find(&back, party(3))->signed_at, 0);
    assert_null(lg_proposal_signer_find(&back, party(4)));
    got.status = LG_PROPOSAL_EFFECTIVE;
    got.last_seq = 8;
    OK(lg_proposal_update(r->db, &got));
    OK(lg_proposal_by_id(r->db, row.id, r->arena, &got));
    assert_true(got.status == LG_PROPOSAL_EFFECTIVE && got.last_seq == 8);
    got.no.v = 99;
    IS(lg_proposal_update(r->db, &got), LG_NOT_FOUND);
    IS(lg_proposal_by_id(r->db, (lg_proposal_id){uuid_of('o', 6)}, r->arena, &got), LG_NOT_FOUND);
}

static void proposal_words_read_back(void **state)
{
    (void)state;
    for (lg_proposal_kind kind = 0; kind < LG_PROPOSAL_KIND_COUNT; kind++) {
        lg_proposal_kind back = LG_PROPOSAL_KIND_COUNT;
        assert_true(lg_proposal_kind_parse(lg_proposal_kind_name(kind), &back));
        assert_int_equal(back, kind);
    }
    lg_proposal_kind kind;
    assert_false(lg_proposal_kind_parse("Void", &kind));
    assert_false(lg_proposal_kind_parse(NULL, &kind));
    assert_string_equal(lg_proposal_status_name(LG_PROPOSAL_EXPIRED), "expired");
}

static int status_at(const lg_proposal *row, lg_time now)
{
    return row->status == LG_PROPOSAL_OPEN && now > row->expires_at ? LG_PROPOSAL_EXPIRED : (int)row->status;
}

static void signers_see_their_proposals(void **state)
{
    rig *r = *state;
    enum { TOTAL = 40 };
    for (int64_t no = 1; no <= TOTAL; no++) {
        const lg_proposal row = proposal(no);
        const lg_proposal_signers signers = {.rows = {{party(1 + no % 2), 0}, {party(3), 0}}, .count = 2};
        OK(lg_proposal_insert(r->db, &row));
        OK(lg_proposal_signers_insert(r->db, row.no, &signers));
    }
    for (int64_t who = 1; who <= PARTIES; who++) {
        for (int status = -1; status < LG_PROPOSAL_STATUS_COUNT; status++) {
            lg_proposal_filter filter = {.signer = party(who), .status = status, .now = 1020, .limit = 7};
            lg_proposal *rows;
            size_t count;
            int64_t next = TOTAL;
            do {
                OK(lg_proposal_list(r->db, &filter, r->arena, &rows, &count));
                for (size_t i = 0; i < count; i++, next--) {
                    lg_proposal row = proposal(next);
                    while ((who != 3 && who != 1 + next % 2) ||
                           (status >= 0 && status_at(&row, 1020) != status))
                        row = proposal(--next);
                    assert_int_equal(rows[i].no.v, next);
                    filter.before_no = next;
                }
            } while (count == filter.limit);
            for (; next > 0; next--) {
                const lg_proposal row = proposal(next);
                assert_false((who == 3 || who == 1 + next % 2) &&
                             (status < 0 || status_at(&row, 1020) == status));
            }
        }
    }
}

/* The claims that these rows name are other tests' matter. */
static int set_up_without_claims(void **state)
{
    int failed = set_up(state);
    force(*state, "PRAGMA foreign_keys = OFF");
    return failed;
}

#define PLAIN(name) cmocka_unit_test_setup_teardown(name, set_up_without_claims, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(a_payment_comes_back),
        PLAIN(a_reference_stands_until_it_is_reversed),
        PLAIN(everybody_sees_its_own_payments),
        PLAIN(a_proposal_comes_back),
        PLAIN(proposal_words_read_back),
        PLAIN(signers_see_their_proposals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
