/* A ledger on which nearly everything happened that may happen to claims: divided, passed on, offered, sold,
 * pledged, released, bought back, paid in part and in full, reversed, credited, void, overdue and written
 * off. */
#ifndef LIFE_STORY_H
#define LIFE_STORY_H

#include "tests/unit/registry_rig.h"

#include "ledger/registry/internal.h"

static rig *r;
static actor lender, factor, tier2, late; /* late: a debtor that pays nothing in time */

/* Row numbers by which the tamperings know what the story made. */
static struct {
    const char *name;
    int64_t no;
} names[64];
static size_t name_count;

static void name(const char *text, int64_t no)
{
    if (!text)
        return;
    assert_true(name_count < sizeof names / sizeof *names);
    names[name_count].name = text;
    names[name_count++].no = no;
}

/* ---- the story ---- */

static const char *id_of(lg_uuid id)
{
    return lg_arena_strdup(r->arena, lg_uuid_format(id).s);
}

static const char *url_of(const char *set, lg_uuid id, const char *act)
{
    return lg_arena_printf(r->arena, "/v1/%s/%s/%s", set, lg_uuid_format(id).s, act);
}

/* A confirmed claim of the supplier, named for the tamperings. */
static lg_claim claim_on(const actor *debtor, const char *called, const char *amount)
{
    int n = ++r->serial;
    OK(act_as(r, &r->supplier, LG_CMD_SUBMIT, "/v1/receivables",
              lg_arena_printf(r->arena,
                              "{\"invoice\":{\"number\":\"IN-%d\",\"issue_date\":\"%s\",\"due_date\":\"%s\","
                              "\"currency\":\"CNY\",\"gross_amount\":\"%d.25\",\"seller\":{\"participant\":"
                              "\"%s\"},\"buyer\":{\"participant\":\"%s\"}}}",
                              n, day_from_today(r, -5), day_from_today(r, 60), 1000 + n, r->supplier.id_text,
                              debtor->id_text)));
    OK(act_as(r, debtor, LG_CMD_CONFIRM, receivable_url(r, "confirm"),
              lg_arena_printf(r->arena, "{\"amount\":\"%s\"}", amount)));
    name(called, r->outcome.results[0].claim.no.v);
    return r->outcome.results[0].claim;
}

static const lg_claim *split(const lg_claim *claim, const char *first, const char *second)
{
    OK(act_as(
        r, &r->supplier, LG_CMD_CLAIM_SPLIT, url_of("claims", claim->id.uuid, "split"),
        lg_arena_printf(r->arena, "{\"parts\":[{\"amount\":\"%s\"},{\"amount\":\"%s\"}]}", first, second)));
    assert_int_equal(r->outcome.results[0].claim_count, 2);
    return r->outcome.results[0].claims;
}

static void offer_transfer(const lg_claim *claim, const actor *to)
{
    OK(act_as(r, &r->supplier, LG_CMD_CLAIM_TRANSFER, url_of("claims", claim->id.uuid, "transfer"),
              lg_arena_printf(r->arena, "{\"recipients\":[{\"participant\":\"%s\"}]}", to->id_text)));
}

static void open_program(const char *called, const char *kind)
{
    OK(act_as(
        r, &lender, LG_CMD_PROGRAM_OPEN, "/v1/programs",
        lg_arena_printf(r->arena,
                        "{\"name\":\"%s\",\"kind\":\"%s\",\"recourse\":true,\"currency\":\"CNY\","
                        "\"debtors\":[],\"tenor_max_days\":180,\"amount_min\":\"1.00\","
                        "\"amount_max\":\"9000.00\",\"advance_rate_ppm\":800000,\"annual_rate_ppm\":45000,"
                        "\"day_count\":360,\"total_limit\":\"9000.00\",\"debtor_limit\":\"5000.00\","
                        "\"valid_until\":\"2999-01-01T00:00:00Z\"}",
                        called, kind)));
    name(called, r->outcome.results[0].program->no.v);
}

/* The holder asks one lender; programs of that kind offer at once. */
static lg_uuid ask(const actor *holder, const lg_claim *claim, const actor *whom, const char *kind,
                   const char *called)
{
    OK(act_as(r, holder, LG_CMD_FINANCING_REQUEST, "/v1/financing_requests",
              lg_arena_printf(r->arena,
                              "{\"claims\":[\"%s\"],\"lenders\":[\"%s\"],\"kind\":\"%s\","
                              "\"pay_to\":\"DE02 1203\"}",
                              id_of(claim->id.uuid), whom->id_text, kind)));
    name(called, r->outcome.results[0].request->no.v);
    return r->outcome.results[0].request->id.uuid;
}

static lg_uuid accept_offer(const actor *holder, const char *called)
{
    assert_int_equal(r->outcome.results[0].offer_count, 1);
    OK(act_as(r, holder, LG_CMD_OFFER_ACCEPT,
              url_of("offers", r->outcome.results[0].offers[0].id.uuid, "accept"), "{}"));
    name(called, r->outcome.results[0].financing->no.v);
    return r->outcome.results[0].financing->id.uuid;
}

static void disburse(const actor *whom, lg_uuid financing)
{
    OK(act_as(r, whom, LG_CMD_FINANCING_DISBURSE, url_of("financings", financing, "disburse"),
              lg_arena_printf(r->arena, "{\"bank_reference\":\"B-%d\"}", ++r->serial)));
}

/* By a program of the lender's. */
static lg_uuid finance(const actor *holder, const lg_claim *claim, const char *kind, const char *called)
{
    ask(holder, claim, &lender, kind, NULL);
    lg_uuid financing = accept_offer(holder, called);
    disburse(&lender, financing);
    return financing;
}

/* By an offer made by hand: no program is drawn. */
static lg_uuid finance_by_hand(const lg_claim *claim, const char *kind, const char *called)
{
    lg_uuid request = ask(&r->supplier, claim, &factor, kind, NULL);
    OK(act_as(r, &factor, LG_CMD_OFFER_MAKE, "/v1/offers",
              lg_arena_printf(r->arena,
                              "{\"request\":\"%s\",\"kind\":\"%s\",\"recourse\":false,\"advance_rate_ppm\":"
                              "900000,\"annual_rate_ppm\":36500,\"day_count\":365,\"valid_until\":"
                              "\"2999-01-01T00:00:00Z\",\"disburse_within_minutes\":60}",
                              id_of(request), kind)));
    lg_uuid financing = accept_offer(&r->supplier, called);
    disburse(&factor, financing);
    return financing;
}

static lg_uuid pay(const lg_claim *claim, const char *amount, const char *called)
{
    OK(act_as(r, &r->buyer, LG_CMD_PAYMENT_RECORD, "/v1/payments",
              lg_arena_printf(r->arena, "{\"claim\":\"%s\",\"amount\":\"%s\",\"bank_reference\":\"P-%d\"}",
                              id_of(claim->id.uuid), amount, ++r->serial)));
    name(called, r->outcome.results[0].payment->no.v);
    return r->outcome.results[0].payment->id.uuid;
}

static void reverse(lg_uuid payment)
{
    OK(act_as(r, &r->buyer, LG_CMD_PAYMENT_REVERSE, url_of("payments", payment, "reverse"),
              "{\"reason\":\"bounced\"}"));
}

/* Proposed by the supplier, signed by the other one, if any: a credit note or a void. */
static void propose(const lg_claim *claim, const char *what, const actor *other, const char *called)
{
    OK(act_as(r, &r->supplier, LG_CMD_PROPOSAL_MAKE, "/v1/proposals",
              lg_arena_printf(r->arena, "{\"claim\":\"%s\",%s}", id_of(claim->id.uuid), what)));
    name(called, r->outcome.results[0].proposal->no.v);
    if (other)
        OK(act_as(r, other, LG_CMD_PROPOSAL_ACCEPT,
                  url_of("proposals", r->outcome.results[0].proposal->id.uuid, "accept"), "{}"));
}

/* Time moves the claim on, before its day: what the operator's command would record then. */
static void age(const lg_claim *claim, lg_event_type type)
{
    const char *url = url_of("claims", claim->id.uuid, "age");
    const lg_jws_header header = rig_header(url, NULL);
    lg_command command = {.type = LG_CMD_CLAIM_AGE, .subject = claim->id.uuid};
    lg_result result = {0};
    lg_outcome outcome = {.results = &result, .count = 1};
    lg_event event = {.type = type, .claim_id = claim->id.uuid, .next_day = LG_DAY_NEVER};
    OK(rig_prepare(r, &command, lg_jws_compose(r->arena, r->operator.key, &header, lg_bytes_str("{}")), url));
    OK(lg_ledger_begin(r->ledger));
    lg_act act = {
        .registry = r->registry,
        .ledger = r->ledger,
        .db = lg_ledger_db(r->ledger),
        .arena = r->arena,
        .command = &command,
        .now = lg_ledger_clock(r->ledger),
        .outcome = &outcome,
        .result = &result,
        .report = &r->report,
    };
    const lg_command_row row = {.first_seq = lg_ledger_next_seq(r->ledger),
                                .entry_count = 1,
                                .signer = command.signers[0].no,
                                .jti = command.jti,
                                .url = url,
                                .status = 200,
                                .answer = "{}",
                                .jws = command.jws};
    OK(lg_act_record(&act, &event));
    OK(lg_command_insert(act.db, &row));
    OK(lg_ledger_commit(r->ledger));
}

static void make_overdue(const lg_claim *claim)
{
    age(claim, LG_EV_CLAIM_DUE);
    age(claim, LG_EV_CLAIM_OVERDUE);
}

static void give_up(const actor *holder, const lg_claim *claim)
{
    make_overdue(claim);
    age(claim, LG_EV_CLAIM_DEFAULTED);
    OK(act_as(r, holder, LG_CMD_CLAIM_WRITE_OFF, url_of("claims", claim->id.uuid, "write_off"),
              "{\"note\":\"nothing to get\"}"));
}

/* Divided, credited and divided again; one part is passed on and sold, all of it is paid in part. */
static void a_divided_claim(void)
{
    const lg_claim root = claim_on(&r->buyer, "divided", "1000.00");
    const lg_claim *parts = split(&root, "400.00", "600.00");
    const lg_claim passed = parts[0], kept = parts[1];
    name("passed", passed.no.v);
    name("kept", kept.no.v);
    propose(&kept, "\"kind\":\"credit_note\",\"amount\":\"10.00\"", &r->buyer, "credit note");
    parts = split(&kept, "290.00", "300.00");
    name("left", parts[0].no.v);
    name("right", parts[1].no.v);
    offer_transfer(&passed, &tier2);
    OK(act_as(r, &tier2, LG_CMD_TRANSFER_ACCEPT, url_of("claims", passed.id.uuid, "accept_transfer"), "{}"));
    finance(&tier2, &passed, "sale", "sale of the passed one");
    pay(&root, "100.01", "payment in part");
}

static void sales(void)
{
    const lg_claim reopened = claim_on(&r->buyer, "sold", "300.00");
    finance(&r->supplier, &reopened, "sale", "sale");
    lg_uuid payment = pay(&reopened, "300.00", "payment reversed");
    reverse(payment); /* the sale was repaid, and is open again */
    const lg_claim part = claim_on(&r->buyer, "sold by hand", "310.00");
    finance_by_hand(&part, "sale", "sale by hand");
    pay(&part, "10.00", "payment on the sold one");
    const lg_claim quiet = claim_on(&r->buyer, "sold at rest", "315.00");
    finance(&r->supplier, &quiet, "sale", "sale at rest");
    const lg_claim returned = claim_on(&late, "bought back", "320.00");
    lg_uuid sale = finance(&r->supplier, &returned, "sale", "sale undone");
    const lg_claim lost = claim_on(&late, "sold and lost", "330.00");
    finance(&r->supplier, &lost, "sale", "sale lost");
    make_overdue(&returned);
    OK(act_as(r, &lender, LG_CMD_FINANCING_RECOURSE, url_of("financings", sale, "recourse"), "{}"));
    OK(act_as(r, &lender, LG_CMD_FINANCING_REPURCHASE, url_of("financings", sale, "repurchase"),
              "{\"bank_reference\":\"R-1\"}"));
    name("entry that undid the sale", r->outcome.results[0].entry.seq);
    give_up(&lender, &lost);
}

static void pledges(void)
{
    const lg_claim open = claim_on(&r->buyer, "pledged", "700.00");
    finance(&r->supplier, &open, "pledge", "pledge");
    pay(&open, "50.00", "payment on the pledged one");
    const lg_claim repaid = claim_on(&r->buyer, "pledged and paid", "710.00");
    finance(&r->supplier, &repaid, "pledge", "pledge repaid");
    pay(&repaid, "710.00", "payment in full");
    const lg_claim again = claim_on(&r->buyer, "pledged again", "720.00");
    lg_uuid first = finance_by_hand(&again, "pledge", "pledge released");
    OK(act_as(r, &factor, LG_CMD_FINANCING_RELEASE, url_of("financings", first, "release"), "{}"));
    name("entry that released it", r->outcome.results[0].entry.seq);
    finance(&r->supplier, &again, "pledge", "second pledge");
}

/* The last of all: an overdue claim stops its debtor. */
static void pledges_with_recourse(void)
{
    const lg_claim claim = claim_on(&r->buyer, "pledged with recourse", "730.00");
    lg_uuid pledge = finance(&r->supplier, &claim, "pledge", "pledge with recourse");
    const lg_claim other = claim_on(&r->buyer, "pledged and given back", "740.00");
    lg_uuid undone = finance(&r->supplier, &other, "pledge", "pledge undone");
    const lg_claim lost = claim_on(&r->buyer, "written off", "630.00");
    make_overdue(&claim);
    make_overdue(&other);
    OK(act_as(r, &lender, LG_CMD_FINANCING_RECOURSE, url_of("financings", pledge, "recourse"), "{}"));
    OK(act_as(r, &lender, LG_CMD_FINANCING_RECOURSE, url_of("financings", undone, "recourse"), "{}"));
    OK(act_as(r, &lender, LG_CMD_FINANCING_REPURCHASE, url_of("financings", undone, "repurchase"),
              "{\"bank_reference\":\"R-2\"}"));
    name("entry that undid the pledge", r->outcome.results[0].entry.seq);
    give_up(&r->supplier, &lost);
}

static void what_waits(void)
{
    const lg_claim reserved = claim_on(&r->buyer, "reserved", "500.00");
    ask(&r->supplier, &reserved, &lender, "sale", NULL);
    accept_offer(&r->supplier, "instruction");
    const lg_claim offered = claim_on(&r->buyer, "offered", "510.00");
    ask(&r->supplier, &offered, &lender, "sale", "request");
    const lg_claim other = claim_on(&r->buyer, "offered too", "520.00");
    ask(&r->supplier, &other, &factor, "pledge", "other request");
    const lg_claim passing = claim_on(&r->buyer, "passing", "530.00");
    offer_transfer(&passing, &tier2);
    claim_on(&r->buyer, "free", "540.00");
    submit_fresh(r); /* owed only once it is confirmed, but the debtor's line counts it */
}

static void what_is_over(void)
{
    const lg_claim wrong = claim_on(&r->buyer, "void", "600.00");
    propose(&wrong, "\"kind\":\"void\"", &r->buyer, "void agreed");
    const lg_claim disputed = claim_on(&r->buyer, "not credited", "610.00");
    propose(&disputed, "\"kind\":\"credit_note\",\"amount\":\"1.00\"", NULL, "open proposal");
    const lg_claim settled = claim_on(&r->buyer, "paid and credited", "620.00");
    pay(&settled, "20.00", "payment before the credit");
    propose(&settled, "\"kind\":\"credit_note\",\"amount\":\"600.00\"", &r->buyer, "credit of the rest");
}

static int64_t number_of(const actor *who)
{
    lg_participant row;
    OK(lg_participant_by_id(lg_ledger_db(r->ledger), who->id, r->arena, &row));
    return row.no.v;
}

static void act_out_a_story(void)
{
    enroll_all(r);
    enroll(r, &lender, "Bank", "lender");
    enroll(r, &factor, "Factor", "lender");
    enroll(r, &tier2, "Tier 2", "supplier");
    enroll(r, &late, "Late AG", "core_enterprise");
    name("supplier", number_of(&r->supplier));
    name("buyer", number_of(&r->buyer));
    name("lender", number_of(&lender));
    name("factor", number_of(&factor));
    name("tier2", number_of(&tier2));
    open_program("sales", "sale");
    open_program("pledges", "pledge");
    a_divided_claim();
    sales();
    pledges();
    what_waits();
    what_is_over();
    pledges_with_recourse();
}

#endif
