/* Rows of programs, requests, offers and financings: what is written comes back, lists are in order and page,
 * sums stay in range. No query may scan or sort (rows_rig.h), but for programs that are matched. */
#include "ledger/store/financing_rows.h"
#include "tests/unit/rows_rig.h"

static lg_program program(int64_t no, int64_t lender)
{
    return (lg_program){
        .no = {no},
        .id = {uuid_of('g', no)},
        .lender = party(lender),
        .name = "Standing",
        .terms = {.kind = LG_PLEDGE,
                  .recourse = true,
                  .advance_rate_ppm = 800000,
                  .annual_rate_ppm = 43500,
                  .day_count = 360,
                  .disburse_within_minutes = 30},
        .fee = {5, 1500},
        .currency = money("CNY"),
        .tenor_min_days = 1,
        .tenor_max_days = 180,
        .amount_min_minor = 100,
        .amount_max_minor = 100000,
        .total_limit_minor = 5000,
        .valid_until = 1000,
        .offer_valid_minutes = 60,
        .opened_at = no,
        .last_seq = no,
    };
}

static void a_program_comes_back(void **state)
{
    rig *r = *state;
    const lg_participant_no debtors[] = {party(3), party(1)};
    lg_participant_no *list;
    lg_program row = program(10, 4), got;
    size_t count;
    bool takes;
    row.debtor_limit_minor = 3000;
    OK(lg_program_insert(r->db, &row, debtors, 2));
    OK(lg_program_by_id(r->db, row.id, r->arena, &got));
    assert_int_equal(got.no.v, 10);
    assert_int_equal(got.terms.kind, LG_PLEDGE);
    assert_true(got.terms.recourse);
    assert_int_equal(got.terms.disburse_within_minutes, 30);
    assert_int_equal(got.fee.fixed_minor, 5);
    assert_int_equal(got.fee.rate_ppm, 1500);
    assert_int_equal(got.debtor_limit_minor, 3000);
    assert_int_equal(got.closed_at, 0);
    OK(lg_program_debtors(r->db, row.no, r->arena, &list, &count));
    assert_int_equal(count, 2);
    assert_int_equal(list[0].v, 3);
    assert_int_equal(list[1].v, 1);
    OK(lg_program_takes(r->db, row.no, party(1), &takes));
    assert_true(takes);
    OK(lg_program_takes(r->db, row.no, party(2), &takes));
    assert_false(takes);
    IS(lg_program_get(r->db, (lg_program_no){11}, r->arena, &got), LG_NOT_FOUND);
}

static void a_program_without_debtors_takes_any(void **state)
{
    rig *r = *state;
    lg_participant_no *list;
    lg_program row = program(10, 4);
    size_t count;
    bool takes;
    OK(lg_program_insert(r->db, &row, NULL, 0));
    OK(lg_program_debtors(r->db, row.no, r->arena, &list, &count));
    assert_int_equal(count, 0);
    OK(lg_program_takes(r->db, row.no, party(2), &takes));
    assert_true(takes);
}

static void draws_add_up_and_stay_in_range(void **state)
{
    rig *r = *state;
    lg_program row = program(10, 4);
    int64_t drawn;
    OK(lg_program_insert(r->db, &row, NULL, 0));
    OK(lg_program_draw(r->db, row.no, party(1), 2000));
    OK(lg_program_draw(r->db, row.no, party(2), 3000));
    OK(lg_program_draw(r->db, row.no, party(1), -500));
    OK(lg_program_drawn_on(r->db, row.no, party(1), &drawn));
    assert_int_equal(drawn, 1500);
    OK(lg_program_drawn_on(r->db, row.no, party(3), &drawn));
    assert_int_equal(drawn, 0);
    OK(lg_program_get(r->db, row.no, r->arena, &row));
    assert_int_equal(row.drawn_minor, 4500);
    IS(lg_program_draw(r->db, row.no, party(1), -1501), LG_CORRUPT);
    IS(lg_program_draw(r->db, row.no, party(3), -1), LG_CORRUPT);
    IS(lg_program_draw(r->db, (lg_program_no){11}, party(1), 1), LG_NOT_FOUND);
    OK(lg_program_draw(r->db, row.no, party(1),
                       501)); /* above the limit: whether there is room is the acceptance's to ask */
}

/* Of all lenders, and so of the two there are, and of none of the others. */
static size_t candidates(rig *r, const char *currency, int64_t debtor, lg_time now)
{
    lg_participant_no both[] = {party(3), party(4)}, others[] = {party(1), party(2)};
    lg_program *rows;
    size_t count, of_both, of_others, of_nobody;
    OK(lg_program_candidates(r->db, (lg_lenders_asked){.all = true}, money(currency), party(debtor), now,
                             r->arena, &rows, &count));
    OK(lg_program_candidates(r->db, (lg_lenders_asked){.lenders = both, .count = 2}, money(currency),
                             party(debtor), now, r->arena, &rows, &of_both));
    assert_int_equal(of_both, count);
    for (size_t i = 0; i < count; i++)
        assert_true(rows[i].lender.v >= 3 && rows[i].no.v >= 10);
    OK(lg_program_candidates(r->db, (lg_lenders_asked){.lenders = others, .count = 2}, money(currency),
                             party(debtor), now, r->arena, &rows, &of_others));
    OK(lg_program_candidates(r->db, (lg_lenders_asked){0}, money(currency), party(debtor), now, r->arena,
                             &rows, &of_nobody));
    assert_int_equal(of_others + of_nobody, 0);
    return count;
}

static void open_programs_for_a_debtor_are_found(void **state)
{
    rig *r = *state;
    const lg_participant_no third[] = {party(3)};
    lg_program any = program(10, 4), of_third = program(11, 3), closed = program(12, 4),
               dollars = program(13, 4);
    dollars.currency = money("USD");
    OK(lg_program_insert(r->db, &any, NULL, 0));
    OK(lg_program_insert(r->db, &of_third, third, 1));
    OK(lg_program_insert(r->db, &closed, NULL, 0));
    OK(lg_program_insert(r->db, &dollars, NULL, 0));
    OK(lg_program_close(r->db, closed.no, 77, 12));
    assert_int_equal(candidates(r, "CNY", 3, 1000), 2);
    assert_int_equal(candidates(r, "CNY", 1, 1000), 1);
    assert_int_equal(candidates(r, "USD", 3, 1000), 1);
    assert_int_equal(candidates(r, "CNY", 3, 1001), 0);
    OK(lg_program_get(r->db, closed.no, r->arena, &closed));
    assert_int_equal(closed.closed_at, 77);
    assert_int_equal(lg_program_status_at(&closed, 5), LG_PROGRAM_CLOSED);
    assert_int_equal(lg_program_status_at(&any, 1000), LG_PROGRAM_OPEN);
    assert_int_equal(lg_program_status_at(&any, 1001), LG_PROGRAM_EXPIRED);
    IS(lg_program_close(r->db, (lg_program_no){99}, 1, 1), LG_NOT_FOUND);
}

static void programs_are_listed_newest_first(void **state)
{
    rig *r = *state;
    lg_program *rows;
    size_t count;
    for (int64_t no = 10; no < 20; no++) {
        lg_program row = program(no, no % 2 ? 3 : 4);
        OK(lg_program_insert(r->db, &row, NULL, 0));
    }
    OK(lg_program_close(r->db, (lg_program_no){19}, 1, 1));
    lg_program_filter filter = {.status = -1, .limit = 3};
    OK(lg_program_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].no.v, 19);
    filter = (lg_program_filter){
        .lender = party(3), .status = LG_PROGRAM_OPEN, .now = 5, .before_no = 17, .limit = 9};
    OK(lg_program_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].no.v, 15);
    filter = (lg_program_filter){.status = LG_PROGRAM_CLOSED, .limit = 9};
    OK(lg_program_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 1);
    filter = (lg_program_filter){.status = LG_PROGRAM_OPEN, .now = 1001, .currency = "CNY", .limit = 9};
    OK(lg_program_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 0);
}

/* ---- requests ---- */

static lg_financed_claim claim(rig *r, int64_t no)
{
    const lg_claim row = {
        .no = {no},
        .id = {uuid_of('c', no)},
        .receivable = {1},
        .root = {no},
        .origin = "confirmed",
        .holder = party(1),
        .creditor = party(1),
        .debtor = party(2),
        .currency = money("CNY"),
        .face_minor = 100 * no,
        .outstanding_minor = 100 * no,
        .due_day = 200,
        .next_age_day = 200,
    };
    force(r, "PRAGMA foreign_keys = OFF"); /* the receivable is not what this is about */
    OK(lg_claim_insert(r->db, &row));
    return (lg_financed_claim){
        .claim = row.no, .id = row.id, .amount_minor = row.outstanding_minor, .advance_minor = no};
}

static lg_request request(int64_t no)
{
    return (lg_request){
        .no = {no},
        .id = {uuid_of('q', no)},
        .holder = party(1),
        .currency = money("CNY"),
        .total_minor = 1000,
        .kind = LG_EITHER,
        .recourse = LG_EITHER,
        .any_lender = true,
        .fields = LG_FIELDS_ALL,
        .pay_to = "ICBC 1",
        .valid_until = 1000 + no,
        .requested_at = no,
        .last_seq = no,
    };
}

static void a_request_comes_back_in_the_order_given(void **state)
{
    rig *r = *state;
    const lg_financed_claim claims[] = {claim(r, 22), claim(r, 21)};
    const lg_participant_no lenders[] = {party(4), party(3)};
    lg_request row = request(30), got;
    lg_financed_claim *links;
    lg_participant_no *named;
    size_t count;
    bool is_named;
    row.any_lender = false;
    row.recourse = 0;
    row.kind = LG_PLEDGE;
    row.note = "soon";
    OK(lg_request_insert(r->db, &row, claims, 2, lenders, 2));
    OK(lg_request_by_id(r->db, row.id, r->arena, &got));
    assert_int_equal(got.kind, LG_PLEDGE);
    assert_int_equal(got.recourse, 0);
    assert_false(got.any_lender);
    assert_int_equal(got.fields, LG_FIELDS_ALL);
    assert_string_equal(got.note, "soon");
    assert_int_equal(got.status, LG_REQUEST_OPEN);
    OK(lg_request_claims(r->db, row.no, r->arena, &links, &count));
    assert_int_equal(count, 2);
    assert_int_equal(links[0].claim.v, 22);
    assert_int_equal(links[1].amount_minor, 2100);
    assert_memory_equal(links[1].id.uuid.b, claims[1].id.uuid.b, 16);
    OK(lg_request_lenders(r->db, row.no, r->arena, &named, &count));
    assert_int_equal(count, 2);
    assert_int_equal(named[0].v, 4);
    OK(lg_request_names(r->db, row.no, party(3), &is_named));
    assert_true(is_named);
    OK(lg_request_names(r->db, row.no, party(2), &is_named));
    assert_false(is_named);
    OK(lg_request_end(r->db, row.no, LG_REQUEST_WITHDRAWN, 44));
    OK(lg_request_get(r->db, row.no, r->arena, &got));
    assert_string_equal(lg_request_status_name(got.status), "withdrawn");
    assert_int_equal(got.last_seq, 44);
    IS(lg_request_end(r->db, (lg_request_no){31}, LG_REQUEST_LAPSED, 1), LG_NOT_FOUND);
}

static void either_is_neither_no_nor_a_sale(void **state)
{
    rig *r = *state;
    lg_request row = request(30), got;
    OK(lg_request_insert(r->db, &row, NULL, 0, NULL, 0));
    OK(lg_request_get(r->db, row.no, r->arena, &got));
    assert_int_equal(got.kind, LG_EITHER);
    assert_int_equal(got.recourse, LG_EITHER);
    assert_null(got.note);
}

static void requests_are_listed_to_those_they_ask(void **state)
{
    rig *r = *state;
    const lg_participant_no fourth[] = {party(4)};
    lg_request *rows;
    lg_request_id *ids;
    size_t count;
    for (int64_t no = 30; no < 40; no++) {
        lg_request row = request(no);
        row.any_lender = no % 2 == 0;
        OK(lg_request_insert(r->db, &row, NULL, 0, fourth, no % 2 ? 1 : 0));
    }
    OK(lg_request_end(r->db, (lg_request_no){38}, LG_REQUEST_LAPSED, 1));
    OK(lg_request_end(r->db, (lg_request_no){39}, LG_REQUEST_ACCEPTED, 1));
    lg_request_filter filter = {.viewer = party(4), .addressed = true, .status = -1, .limit = 4};
    OK(lg_request_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 4); /* 38 was for any lender, and is over */
    assert_int_equal(rows[0].no.v, 39);
    assert_int_equal(rows[1].no.v, 37);
    assert_int_equal(rows[2].no.v, 36);
    filter.before_no = 36;
    filter.status = LG_REQUEST_OPEN;
    filter.limit = 99;
    OK(lg_request_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 6);
    filter = (lg_request_filter){.viewer = party(3), .addressed = true, .status = -1, .limit = 99};
    OK(lg_request_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 4);
    filter = (lg_request_filter){.viewer = party(1), .status = LG_REQUEST_LAPSED, .limit = 99};
    OK(lg_request_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 1);
    filter = (lg_request_filter){.viewer = party(1), .addressed = true, .status = -1, .limit = 99};
    OK(lg_request_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 0); /* not one's own */
    OK(lg_request_waiting(r->db, 1033, 99, r->arena, &ids, &count));
    assert_int_equal(count, 3);
    assert_memory_equal(ids[0].uuid.b, uuid_of('q', 30).b, 16);
}

/* ---- offers ---- */

static lg_offer offer(int64_t no, int64_t on_request, int64_t lender)
{
    return (lg_offer){
        .no = {no},
        .id = {uuid_of('o', no)},
        .request = {on_request},
        .lender = party(lender),
        .terms = {.advance_rate_ppm = 900000,
                  .annual_rate_ppm = 36500,
                  .day_count = 365,
                  .disburse_within_minutes = 7},
        .advance_minor = 900,
        .interest_minor = 9,
        .fee_minor = 1,
        .valid_until = 99,
        .offered_at = no,
        .last_seq = no,
    };
}

static void offers_come_back_and_lapse_together(void **state)
{
    rig *r = *state;
    lg_request asked = request(30);
    lg_offer *rows, got;
    size_t count;
    OK(lg_request_insert(r->db, &asked, NULL, 0, NULL, 0));
    for (int64_t no = 40; no < 46; no++) {
        lg_offer row = offer(no, 30, no % 2 ? 3 : 4);
        row.program.v = no == 40 ? 0 : 9;
        OK(lg_offer_insert(r->db, &row));
    }
    OK(lg_offer_end(r->db, (lg_offer_no){41}, LG_OFFER_ACCEPTED, 50));
    OK(lg_offer_end(r->db, (lg_offer_no){42}, LG_OFFER_WITHDRAWN, 51));
    OK(lg_offer_lapse(r->db, asked.no, 52));
    OK(lg_offer_by_id(r->db, (lg_offer_id){uuid_of('o', 40)}, r->arena, &got));
    assert_int_equal(got.status, LG_OFFER_LAPSED);
    assert_int_equal(got.last_seq, 52);
    assert_int_equal(got.program.v, 0);
    assert_int_equal(got.terms.disburse_within_minutes, 7);
    OK(lg_offer_get(r->db, (lg_offer_no){41}, r->arena, &got));
    assert_int_equal(got.status, LG_OFFER_ACCEPTED);
    assert_int_equal(got.last_seq, 50);
    OK(lg_offer_on_request(r->db, asked.no, party(0), r->arena, &rows, &count));
    assert_int_equal(count, 6);
    assert_int_equal(rows[0].no.v, 40);
    OK(lg_offer_on_request(r->db, asked.no, party(3), r->arena, &rows, &count));
    assert_int_equal(count, 3);
    OK(lg_offer_list(r->db, party(4), -1, 0, 2, r->arena, &rows, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].no.v, 44);
    OK(lg_offer_list(r->db, party(4), LG_OFFER_LAPSED, 44, 9, r->arena, &rows, &count));
    assert_int_equal(count, 1);
    IS(lg_offer_end(r->db, (lg_offer_no){99}, LG_OFFER_LAPSED, 1), LG_NOT_FOUND);
    IS(lg_offer_get(r->db, (lg_offer_no){99}, r->arena, &got), LG_NOT_FOUND);
}

/* ---- financings ---- */

static lg_financing financing(int64_t no, int64_t lender, int64_t seller)
{
    return (lg_financing){
        .no = {no},
        .id = {uuid_of('f', no)},
        .offer = {40},
        .request = {30},
        .lender = party(lender),
        .seller = party(seller),
        .kind = LG_SALE,
        .currency = money("CNY"),
        .advance_minor = 900,
        .interest_minor = 9,
        .fee_minor = 1,
        .pay_to = "ICBC 1",
        .disburse_by = 1000 + no,
        .accepted_at = no,
        .updated_at = no,
        .last_seq = no,
    };
}

static void make_origin(rig *r)
{
    lg_request asked = request(30);
    lg_offer made = offer(40, 30, 4);
    OK(lg_request_insert(r->db, &asked, NULL, 0, NULL, 0));
    OK(lg_offer_insert(r->db, &made));
}

static void a_financing_comes_back_and_changes(void **state)
{
    rig *r = *state;
    const lg_financed_claim claims[] = {claim(r, 22), claim(r, 21)};
    lg_financing row = financing(50, 4, 1), got;
    lg_financed_claim *links;
    size_t count;
    int64_t unsettled;
    make_origin(r);
    OK(lg_financing_insert(r->db, &row, claims, 2));
    OK(lg_financing_by_id(r->db, row.id, r->arena, &got));
    assert_int_equal(lg_financing_net(&got), 890);
    assert_int_equal(got.program.v, 0);
    assert_null(got.bank_reference);
    assert_int_equal(got.disbursed_at, 0);
    got.status = LG_FINANCING_DISBURSED;
    got.bank_reference = "FT-1";
    got.disbursed_at = 60;
    got.updated_at = 61;
    got.last_seq = 62;
    OK(lg_financing_update(r->db, &got));
    OK(lg_financing_get(r->db, row.no, r->arena, &row));
    assert_string_equal(lg_financing_status_name(row.status), "disbursed");
    assert_string_equal(row.bank_reference, "FT-1");
    assert_int_equal(row.disbursed_at, 60);
    OK(lg_financing_claims(r->db, row.no, r->arena, &links, &count));
    assert_int_equal(count, 2);
    assert_int_equal(links[0].claim.v, 22);
    assert_int_equal(links[0].advance_minor, 22);
    OK(lg_financing_unsettled(r->db, row.no, &unsettled));
    assert_int_equal(unsettled, 2);
    force(r, "UPDATE claims SET outstanding_minor = 0 WHERE claim_no = 22");
    OK(lg_financing_unsettled(r->db, row.no, &unsettled));
    assert_int_equal(unsettled, 1);
    got.no.v = 51;
    IS(lg_financing_update(r->db, &got), LG_NOT_FOUND);
}

static void financings_are_listed_for_their_sides(void **state)
{
    rig *r = *state;
    lg_financing *rows;
    lg_financing_id *ids;
    size_t count;
    make_origin(r);
    for (int64_t no = 50; no < 60; no++) {
        lg_financing row = no % 2 ? financing(no, 4, 1) : financing(no, 3, 4);
        row.status = no < 58 ? LG_FINANCING_INSTRUCTED : LG_FINANCING_CANCELLED;
        OK(lg_financing_insert(r->db, &row, NULL, 0));
    }
    lg_financing_filter filter = {.viewer = party(4), .status = -1, .limit = 99};
    OK(lg_financing_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 10);
    assert_int_equal(rows[0].no.v, 59);
    assert_int_equal(rows[9].no.v, 50);
    filter.part = LG_FINANCING_PART_LENDER;
    filter.before_no = 59;
    OK(lg_financing_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 4);
    assert_int_equal(rows[0].no.v, 57);
    filter = (lg_financing_filter){
        .viewer = party(4), .part = LG_FINANCING_PART_SELLER, .status = LG_FINANCING_CANCELLED, .limit = 99};
    OK(lg_financing_list(r->db, &filter, r->arena, &rows, &count));
    assert_int_equal(count, 1);
    OK(lg_financing_waiting(r->db, 1053, 2, r->arena, &ids, &count));
    assert_int_equal(count, 2);
    assert_memory_equal(ids[0].uuid.b, uuid_of('f', 50).b, 16);
    OK(lg_financing_waiting(r->db, 9999, 99, r->arena, &ids, &count));
    assert_int_equal(count, 8);
}

static void unknown_words_are_corrupt(void **state)
{
    rig *r = *state;
    lg_program standing = program(10, 4);
    lg_financing row = financing(50, 4, 1), got;
    make_origin(r);
    OK(lg_program_insert(r->db, &standing, NULL, 0));
    OK(lg_financing_insert(r->db, &row, NULL, 0));
    force(r, "PRAGMA ignore_check_constraints = ON");
    force(r, "UPDATE financings SET status = 'lost'");
    IS(lg_financing_get(r->db, row.no, r->arena, &got), LG_CORRUPT);
    force(r, "UPDATE programs SET kind = 'gift'");
    IS(lg_program_get(r->db, standing.no, r->arena, &standing), LG_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_program_comes_back),
        STORY(a_program_without_debtors_takes_any),
        STORY(draws_add_up_and_stay_in_range),
        STORY(open_programs_for_a_debtor_are_found),
        STORY(programs_are_listed_newest_first),
        STORY(a_request_comes_back_in_the_order_given),
        STORY(either_is_neither_no_nor_a_sale),
        STORY(requests_are_listed_to_those_they_ask),
        STORY(offers_come_back_and_lapse_together),
        STORY(a_financing_comes_back_and_changes),
        STORY(financings_are_listed_for_their_sides),
        STORY(unknown_words_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
