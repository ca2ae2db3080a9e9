"""Payments: divided among the live claims of a root to the last unit, once per bank reference, and taken back while nothing was
built on them. Credit notes and voids are in test_proposals.py."""

import pytest
from payment_world import World, minor, shares_of, text_of

NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"


@pytest.fixture(scope="module")
def world(registry):
    return World(registry)


@pytest.fixture
def own(fresh):
    """A world of the story's own, for other policies and other times."""
    return World(fresh)


# ---- what a payment does ----


def test_a_full_payment_settles_the_claim(world):
    before = minor(world.used())
    claim = world.claim("1000.00")
    assert minor(world.used()) == before + 100000
    with world.registry.grows(1):
        answer = world.pay(claim, "1000.00", reference="FT-FULL")
    payment = answer.ok(201)["payment"]
    assert answer.headers["location"] == f"/v1/payments/{payment['id']}"
    assert payment == {
        "id": payment["id"], "root": claim["id"], "debtor": world.debtor.id, "recorded_by": world.debtor.id,
        "amount": "1000.00", "excess_amount": "0.00", "currency": "CNY", "bank_reference": "FT-FULL",
        "paid_on": world.registry.day(), "recorded_at": payment["recorded_at"], "status": "recorded",
        "shares": [{"claim": claim["id"], "holder": world.supplier.id, "payee": world.supplier.id, "amount": "1000.00"}],
        "seq": answer.json["receipt"]["seq"],
    }  # fmt: skip
    for who in (world.debtor, world.supplier):
        seen = world.seen(claim, who)
        assert (seen["life"], seen["outstanding_amount"], seen["paid_amount"]) == ("settled", "0.00", "1000.00")
    assert minor(world.used()) == before
    world.pay(claim, "1.00").problem("wrong-state")


def test_a_partial_payment_leaves_the_rest(world):
    before = minor(world.used())
    claim = world.claim("1000.00")
    world.pay(claim, "0.01").ok(201)
    seen = world.seen(claim)
    assert (seen["life"], seen["outstanding_amount"], seen["paid_amount"]) == ("part_paid", "999.99", "0.01")
    world.pay(claim, "400.00").ok(201)
    assert world.seen(claim)["outstanding_amount"] == "599.99"
    assert minor(world.used()) == before + 59999
    world.pay(claim, "599.99").ok(201)
    assert world.seen(claim)["life"] == "settled"


def test_more_than_is_owed_is_refused_or_noted_as_the_policy_says(own):
    claim = own.claim("1000.00")
    with own.registry.unchanged():
        answer = own.pay(claim, "1000.01").problem("payment-refused")
    assert "1000.00 CNY" in answer["detail"]
    own.registry.policy(overpayment="record")
    payment = own.pay(claim, "1250.50").ok(201)["payment"]
    assert (payment["amount"], payment["excess_amount"]) == ("1250.50", "250.50")
    assert own.shares(payment) == {claim["id"]: "1000.00"}
    seen = own.seen(claim)
    assert (seen["life"], seen["paid_amount"], own.used()) == ("settled", "1000.00", "0.00")
    back = own.reverse(payment).ok()["payment"]
    assert back["status"] == "reversed" and own.seen(claim)["outstanding_amount"] == "1000.00" and own.used() == "1000.00"


def test_before_the_due_date_is_refused_if_the_policy_says_so(own):
    early, due = own.claim("1000.00", days=1), own.claim("500.00", days=0)
    own.registry.policy(early_payment="refuse")
    with own.registry.unchanged():
        answer = own.pay(early, "10.00").problem("payment-refused")
    assert early["due_date"] in answer["detail"] and "1000.00 CNY" in answer["detail"]
    own.pay(due, "500.00").ok(201)
    own.registry.restart(offset=86400)
    own.pay(early, "10.00", paid_on=own.registry.day(-1)).problem("payment-refused")  # the day of payment counts
    own.pay(early, "10.00").ok(201)


def test_a_disputed_a_frozen_and_an_overdue_claim_are_paid_too(own):
    claim = own.claim("90.00", days=0)
    own.debtor.post(f"/v1/claims/{claim['id']}/dispute", {"reason": "other"}).ok()
    own.freeze(claim)
    own.pay(claim, "30.00").ok(201)
    own.registry.restart(offset=2 * 86400)
    own.registry.operator.post("/v1/sweeps").ok()
    assert own.seen(claim)["life"] == "overdue"
    own.pay(claim, "30.00").ok(201)
    assert own.seen(claim)["life"] == "overdue"
    own.pay(claim, "30.00").ok(201)
    assert own.seen(claim)["life"] == "settled"


def test_paying_frees_the_credit_line(own):
    path = f"/v1/participants/{own.debtor.id}/credit_line"
    own.registry.operator.post(path, {"currency": "CNY", "limit": "1000.00"}).ok()
    claim = own.claim("900.00")
    own.supplier.submit(own.registry.invoice(gross="200.00")).problem("gateway-rejected")
    payment = own.pay(claim, "100.00").ok(201)["payment"]
    other = own.claim("200.00")
    assert own.used() == "1000.00"
    own.pay(other, "200.00").ok(201)
    own.reverse(payment).ok()
    assert own.used() == "900.00"
    own.supplier.submit(own.registry.invoice(gross="101.00")).problem("gateway-rejected")
    own.supplier.submit(own.registry.invoice(gross="100.00")).ok(201)


# ---- division ----


def test_a_payment_is_divided_pro_rata_to_the_last_unit(world):
    claim = world.claim("100.00")
    parts = world.split(claim, "33.33", "33.33", "33.34")
    owed = [3333, 3333, 3334]
    for amount in ("10.00", "0.01", "0.02", "33.33"):
        payment = world.pay(claim, amount).ok(201)["payment"]
        shares = shares_of(minor(amount), owed)
        expected = {part["id"]: text_of(share) for part, share in zip(parts, shares) if share}
        assert world.shares(payment) == expected and list(world.shares(payment)) == list(expected), "oldest claim first"
        owed = [one - share for one, share in zip(owed, shares)]
        assert [minor(world.seen(part)["outstanding_amount"]) for part in parts] == owed
    payment = world.pay(parts[1], text_of(sum(owed))).ok(201)["payment"]  # any claim of the root names it
    assert payment["root"] == claim["id"]
    assert [world.seen(part)["life"] for part in parts] == ["settled"] * 3
    assert world.seen(claim)["life"] == "split"
    world.pay(claim, "0.01").problem("wrong-state")


def test_equal_claims_are_served_by_age(world):
    claim = world.claim("0.03")
    parts = world.split(claim, "0.01", "0.01", "0.01")
    for part in parts:
        payment = world.pay(claim, "0.01").ok(201)["payment"]
        assert world.shares(payment) == {part["id"]: "0.01"}


def test_a_hundred_claims_of_one_root_are_paid_by_one_entry(world):
    claim = world.claim("1000.00")
    amounts = [1 + i * 17 % 61 for i in range(99)]
    amounts.append(100000 - sum(amounts))
    parts = world.split(claim, *[text_of(amount) for amount in amounts])
    for amount in (4321, 50, 20000):
        with world.registry.grows(1):
            payment = world.pay(claim, text_of(amount)).ok(201)["payment"]
        shares = shares_of(amount, amounts)
        assert world.shares(payment) == {p["id"]: text_of(share) for p, share in zip(parts, shares) if share}
        amounts = [one - share for one, share in zip(amounts, shares)]
    payment = world.pay(claim, text_of(sum(amounts))).ok(201)["payment"]
    assert all(world.seen(part)["life"] == "settled" for part in parts[::9])


def test_only_live_claims_are_paid(world):
    claim = world.claim("90.00")
    first, second, third = world.split(claim, "30.00", "30.00", "30.00")
    deeper = world.split(second, "10.00", "20.00")
    credit = world.credit(first, "30.00")
    world.accept(credit, world.debtor).ok()
    assert world.seen(first)["life"] == "settled"
    payment = world.pay(first, "12.00").ok(201)["payment"]
    assert world.shares(payment) == {third["id"]: "6.00", deeper[0]["id"]: "2.00", deeper[1]["id"]: "4.00"}


# ---- who is paid, and who sees what ----


def test_holders_are_paid_and_each_sees_its_own_share_only(world):
    claim = world.claim("100.00")
    mine, theirs = world.split(claim, "60.00", "40.00")
    world.transfer(theirs, world.partner)
    answer = world.pay(claim, "50.00", who=world.bank).ok(201)
    payment, seq = answer["payment"], answer["receipt"]["seq"]
    assert payment["recorded_by"] == world.bank.id and payment["debtor"] == world.debtor.id
    both = [
        {"claim": mine["id"], "holder": world.supplier.id, "payee": world.supplier.id, "amount": "30.00"},
        {"claim": theirs["id"], "holder": world.partner.id, "payee": world.partner.id, "amount": "20.00"},
    ]
    path = f"/v1/payments/{payment['id']}"
    for who, shares in ((world.bank, both), (world.debtor, both), (world.supplier, both[:1]), (world.partner, both[1:])):
        seen = who.get(path).ok()
        assert seen["shares"] == shares
        for one in (claim, mine, theirs):  # any claim of the root
            assert who.get(f"/v1/payments?claim={one['id']}").ok()["items"] == [seen]
        facts = who.get(f"/v1/entries/{seq}").ok()["facts"]
        parts = {name for name in facts if name.startswith("part_")}
        assert parts == {f"part_{1 + both.index(share)}" for share in shares}
    for who in (world.stranger, world.factor, world.registry.operator):
        who.get(path).problem("not-found")
        assert who.get(f"/v1/payments?claim={claim['id']}").ok()["items"] == []
        assert "facts" not in who.get(f"/v1/entries/{seq}").ok()


def test_the_lender_of_a_pledged_claim_is_paid_and_its_holder_knows(world):
    claim = world.claim("100.00")
    world.finance(claim, "pledge")
    payment = world.pay(claim, "40.00").ok(201)["payment"]
    share = {"claim": claim["id"], "holder": world.supplier.id, "payee": world.factor.id, "amount": "40.00"}
    assert payment["shares"] == [share]
    for who in (world.supplier, world.factor):
        assert who.get(f"/v1/payments/{payment['id']}").ok()["shares"] == [share]
    sold = world.claim("100.00")
    world.finance(sold, "sale")
    payment = world.pay(sold, "40.00").ok(201)["payment"]
    assert payment["shares"][0]["holder"] == payment["shares"][0]["payee"] == world.factor.id
    world.supplier.get(f"/v1/payments/{payment['id']}").problem("not-found")


def test_settling_the_claims_repays_the_financing_until_the_payment_bounces(world):
    claim = world.claim("100.00")
    financing = world.finance(claim, "pledge")
    world.pay(claim, "40.00").ok(201)
    last = world.pay(claim, "60.00").ok(201)["payment"]
    status = lambda: world.factor.get(f"/v1/financings/{financing['id']}").ok()["status"]  # noqa: E731
    assert status() == "repaid"
    world.reverse(last).ok()
    assert status() == "disbursed"
    after = world.factor.get(f"/v1/claims/{claim['id']}").ok()
    assert (after["life"], after["encumbrance"], after["outstanding_amount"]) == ("part_paid", "pledged", "60.00")
    world.pay(claim, "60.00").ok(201)
    assert status() == "repaid"


def test_the_list_goes_page_by_page(own):
    claims = [own.claim(f"{100 + i}.00") for i in range(3)]
    made = [own.pay(claims[i % 3], "1.00", who=(own.debtor, own.bank)[i % 2]).ok(201)["payment"]["id"] for i in range(7)]
    for who in (own.debtor, own.supplier):
        seen, cursor = [], ""
        while cursor is not None:
            page = who.get(f"/v1/payments?limit=2{cursor and '&cursor=' + cursor}").ok()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == made[::-1]
    assert [item["id"] for item in own.bank.get("/v1/payments").ok()["items"]] == made[1::2][::-1]
    of_one = own.supplier.get(f"/v1/payments?claim={claims[0]['id']}").ok()["items"]
    assert [item["id"] for item in of_one] == made[0::3][::-1]
    assert own.supplier.get(f"/v1/payments?claim={NOTHING}").ok()["items"] == []
    own.supplier.get("/v1/payments?claim=x", bad=True).problem("bad-query")


def test_a_payment_has_an_etag(world):
    payment = world.pay(world.claim("10.00"), "1.00").ok(201)["payment"]
    path = f"/v1/payments/{payment['id']}"
    tag = world.debtor.get(path).headers["etag"]
    assert world.debtor.get(path, headers={"If-None-Match": tag}).status == 304
    world.reverse(payment).ok()
    assert world.debtor.get(path, headers={"If-None-Match": tag}).ok()["status"] == "reversed"


# ---- what is refused ----


def test_only_the_debtor_and_banks_report_payments(world):
    claim = world.claim("100.00")
    with world.registry.unchanged():
        world.pay(claim, "1.00", who=world.supplier).problem("not-permitted")  # it holds the claim
        world.pay(claim, "1.00", who=world.stranger).problem("not-found")
        world.pay(claim, "1.00", who=world.registry.other_debtor).problem("not-found")
        world.pay(NOTHING, "1.00").problem("not-found")
        world.pay(NOTHING, "1.00", who=world.bank).problem("not-found")
    world.pay(claim, "1.00", who=world.bank).ok(201)


def test_one_bank_reference_is_one_payment(world):
    claim, other = world.claim("100.00"), world.claim("200.00")
    payment = world.pay(claim, "10.00", reference="FT-TWICE").ok(201)["payment"]
    with world.registry.unchanged():
        world.pay(claim, "10.00", reference="FT-TWICE").problem("already-exists")
        world.pay(other, "20.00", reference="FT-TWICE").problem("already-exists")
    world.pay(claim, "10.00", reference="FT-TWICE", who=world.bank).ok(201)  # another reporter's references are its own
    world.reverse(payment).ok()
    world.pay(other, "20.00", reference="FT-TWICE").ok(201)


@pytest.mark.parametrize(
    "members, slug, faults",
    [
        ({"amount": "1.0"}, "invalid-fields", [("wrong_scale", "/amount")]),
        ({"amount": "-1.00"}, "invalid-fields", [("malformed_amount", "/amount")]),
        ({"amount": "0.00"}, "amount-out-of-range", []),
        ({"amount": None}, "invalid-fields", [("required", "/amount")]),
        ({"bank_reference": None}, "invalid-fields", [("required", "/bank_reference")]),
        ({"bank_reference": "x" * 129}, "invalid-fields", [("too_long", "/bank_reference")]),
        ({"paid_on": "22.11.2026"}, "invalid-fields", [("malformed_date", "/paid_on")]),
        ({"claim": "mine"}, "invalid-fields", [("malformed_id", "/claim")]),
        ({"currency": "CNY"}, "invalid-fields", [("unknown_field", "/currency")]),
    ],
    ids=str,
)
def test_a_faulty_report_is_refused(world, members, slug, faults):
    payload = {"claim": world.claim("100.00")["id"], "amount": "1.00", "bank_reference": world.reference(), **members}
    with world.registry.unchanged():
        world.debtor.post("/v1/payments", {k: v for k, v in payload.items() if v is not None}, bad=True).problem(slug, *faults)


def test_the_day_of_payment_lies_between_acceptance_and_today(world):
    claim = world.claim("100.00")
    with world.registry.unchanged():
        for days in (1, -1):
            world.pay(claim, "1.00", paid_on=world.registry.day(days)).problem("invalid-fields", ("out_of_range", "/paid_on"))
    assert world.pay(claim, "1.00", paid_on=world.registry.day()).ok(201)["payment"]["paid_on"] == world.registry.day()


def test_a_repeated_report_gets_the_same_answer(world):
    claim = world.claim("100.00")
    payload = {"claim": claim["id"], "amount": "1.00", "bank_reference": world.reference()}
    body = world.debtor.sign("/v1/payments", payload)
    first, again = world.registry.send("/v1/payments", body), world.registry.send("/v1/payments", body)
    assert first.ok(201) == again.ok(201) and again.headers["idempotent-replayed"] == "true"
    assert world.seen(claim)["paid_amount"] == "1.00"


# ---- taking back ----


def test_a_reversed_payment_is_owed_again(world):
    claim = world.claim("100.00")
    parts = world.split(claim, "50.00", "30.00", "20.00")
    payment = world.pay(claim, "33.33").ok(201)["payment"]
    other = world.pay(claim, "10.00").ok(201)["payment"]
    with world.registry.grows(1):
        answer = world.reverse(payment).ok()
    assert answer["payment"]["status"] == "reversed" and answer["payment"]["shares"] == payment["shares"]
    assert answer["payment"]["seq"] == answer["receipt"]["seq"]
    left = world.shares(other)
    for part in parts:
        assert world.seen(part)["paid_amount"] == left[part["id"]]
    with world.registry.unchanged():
        world.reverse(payment).problem("wrong-state")
    world.reverse(other).ok()
    assert [world.seen(part)["life"] for part in parts] == ["confirmed"] * 3


def test_a_settled_claim_lives_again(world):
    claim = world.claim("100.00")
    payment = world.pay(claim, "100.00").ok(201)["payment"]
    world.reverse(payment).ok()
    seen = world.seen(claim)
    assert (seen["life"], seen["outstanding_amount"], seen["paid_amount"]) == ("confirmed", "100.00", "0.00")
    world.split(claim, "40.00", "60.00")


def test_only_who_recorded_it_may_reverse_it(world):
    claim = world.claim("100.00")
    payment = world.pay(claim, "10.00", who=world.bank).ok(201)["payment"]
    with world.registry.unchanged():
        world.reverse(payment, world.debtor).problem("not-permitted")
        world.reverse(payment, world.supplier).problem("not-permitted")
        world.reverse(payment, world.stranger).problem("not-found")
        world.bank.post(f"/v1/payments/{NOTHING}/reverse", {"reason": "bounced"}).problem("not-found")
        world.bank.post(f"/v1/payments/{payment['id']}/reverse", {}, bad=True).problem("invalid-fields", ("required", "/reason"))
    world.reverse(payment, world.bank).ok()


def test_nothing_is_taken_back_that_others_built_upon(world):
    def split(claim):
        world.split(claim, "10.00", "80.00")

    def passed_on(claim):
        world.transfer(claim, world.partner)

    def there_and_back(claim):
        world.transfer(claim, world.partner)
        world.transfer(claim, world.supplier, world.partner)

    for change in (split, passed_on, there_and_back):
        claim = world.claim("100.00")
        payment = world.pay(claim, "10.00").ok(201)["payment"]
        change(claim)
        with world.registry.unchanged():
            assert "since" in world.reverse(payment).problem("wrong-state")["detail"]


def test_nothing_is_taken_back_from_under_a_lender(world):
    for kind in ("pledge", "sale"):
        claim = world.claim("100.00")
        before = world.pay(claim, "10.00").ok(201)["payment"]
        world.finance(claim, kind)
        with world.registry.unchanged():
            world.reverse(before).problem("wrong-state")
        after = world.pay(claim, "10.00").ok(201)["payment"]
        world.reverse(after).ok()
        assert world.seen(claim)["paid_amount"] == "10.00"


def test_an_open_offer_does_not_stand_in_the_way(world):
    claim = world.claim("100.00")
    payment = world.pay(claim, "100.00").ok(201)["payment"]
    world.reverse(payment).ok()
    payment = world.pay(claim, "10.00").ok(201)["payment"]
    world.offer(claim, world.partner)
    world.reverse(payment).ok()
    accepted = world.partner.post(f"/v1/claims/{claim['id']}/accept_transfer").ok()["claim"]
    assert accepted["outstanding_amount"] == "100.00"


def test_a_reversal_cannot_make_the_debtor_owe_more_than_any_sum_can_be(own):
    w, most = own, 2**53 - 1
    claim = w.claim(text_of(most))
    payment = w.pay(claim, text_of(most)).ok(201)["payment"]
    head = "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n"
    rows = [
        f"MAX-{i},{w.registry.day(-1)},{w.registry.day(60)},CNY,{text_of(most - i)},{w.supplier.id},{w.debtor.id}\n" for i in range(1, 1001)
    ]
    assert w.supplier.submit((head + "".join(rows)).encode(), cty="text/csv").ok(200)["registered"] == 1000
    with w.registry.unchanged():
        w.reverse(payment).problem("amount-out-of-range")
    assert w.seen(claim)["life"] == "settled"
