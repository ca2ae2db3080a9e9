"""Financing told end to end: programs answer at once, an offer is accepted, the money is reported, and what may go wrong. The clock
is moved by restarting."""

import concurrent.futures

import pytest
from financing_world import DAY, World, half_even, minor, text
from http_client import HttpClient


@pytest.fixture(scope="module")
def world(registry):
    return World(registry)


@pytest.fixture
def own_world(fresh):
    return World(fresh)


def history(who, claim):
    return who.read_all(f"/v1/claims/{claim}/history?limit=200")


# ---- requests and automatic offers ----


def test_programs_answer_a_request_at_once_cheapest_first(own_world):
    w = own_world
    dear = w.program(annual_rate_ppm=90_000, name="Dear", recourse=True)
    w.program(annual_rate_ppm=60_000, name="Dearer than another of its lender and kind")
    older = w.program(name="Older")
    younger = w.program(w.second, name="Younger")
    claims = [w.claim("10000.00", days=90), w.claim("2500.01", days=30)]
    request, offers = w.asked(claims, note="two invoices")
    assert [offer["program"] for offer in offers] == [older["id"], younger["id"], dear["id"]]
    assert request["offers"] == offers and request["status"] == "open" and request["claims"] == claims
    assert request["total_amount"] == "12500.01" and request["lenders"] is None and request["kind"] is None
    advances = [1_000_000 * 800_000 // 1_000_000, 250_001 * 800_000 // 1_000_000]
    interest = sum(half_even(a * 43_500 * days, 1_000_000 * 360) for a, days in zip(advances, (90, 30)))
    best = offers[0]
    assert best["advance_amount"] == text(sum(advances)) and best["interest_amount"] == text(interest)
    assert best["fee_amount"] == "0.00" and best["net_amount"] == text(sum(advances) - interest)
    assert best["lender"] == w.lender.id and best["status"] == "open" and best["kind"] == "sale"
    shown = w.show(w.supplier, claims[0])
    assert shown["encumbrance"] == "offered" and shown["request"] == request["id"]
    # A lender sees its own offers only, and not where the money is to go.
    seen = w.second.get(f"/v1/financing_requests/{request['id']}").ok()
    assert [offer["program"] for offer in seen["offers"]] == [younger["id"]] and seen["pay_to"] is None
    listed = w.second.get("/v1/financing_requests?part=addressed&status=open").ok()["items"]
    assert [item["id"] for item in listed] == [request["id"]]
    assert w.second.get(f"/v1/claims/{claims[0]}").ok()["access"] == "granted"
    assert w.supplier.get("/v1/financing_requests").ok()["items"][0]["offers"] == offers
    assert [offer["id"] for offer in w.second.get("/v1/offers?status=open").ok()["items"]] == [offers[1]["id"]]


def test_a_fee_makes_an_offer_dearer(own_world):
    w = own_world
    w.program(fee_amount="50.00", fee_rate_ppm=1500, name="With fee")
    plain = w.program(w.second)
    _, offers = w.asked()
    assert [offer["program"] for offer in offers][0] == plain["id"]
    assert offers[1]["fee_amount"] == text(5000 + half_even(800_000 * 1500, 1_000_000))
    assert minor(offers[1]["net_amount"]) == minor(offers[0]["net_amount"]) - minor(offers[1]["fee_amount"])


@pytest.mark.parametrize(
    "terms, asked",
    [
        ({"currency": "EUR"}, {}),
        ({"tenor_max_days": 89}, {}),
        ({"tenor_min_days": 91}, {}),
        ({"amount_max": "9999.99"}, {}),
        ({"amount_min": "10000.01", "amount_max": "20000.00"}, {}),
        ({"total_limit": "7999.99"}, {}),
        ({"debtor_limit": "7999.99"}, {}),
        ({"fee_amount": "8000.00"}, {}),
        ({"kind": "sale"}, {"kind": "pledge"}),
        ({"recourse": False}, {"recourse": True}),
        ({"debtors": "other"}, {}),
        ({}, {"lenders": "second"}),
    ],
)  # fmt: skip
def test_a_program_that_does_not_match_makes_no_offer(own_world, terms, asked):
    w = own_world
    if terms.get("debtors"):
        terms = {"debtors": [w.registry.other_debtor.id]}
    if asked.get("lenders"):
        asked = {"lenders": [w.second.id]}
    w.program(**terms)
    claim = w.claim()
    with w.registry.grows(1):
        assert w.asked([claim], **asked)[1] == []


def test_limits_that_just_leave_room_are_enough(own_world):
    w = own_world
    program = w.program(total_limit="8000.00", debtor_limit="8000.00", debtors=[w.debtor.id], tenor_min_days=90,
                        tenor_max_days=90, amount_min="10000.00", amount_max="10000.00")  # fmt: skip
    _, offers = w.asked(kind="sale", recourse=False, lenders=[w.lender.id, w.second.id])
    assert [offer["program"] for offer in offers] == [program["id"]]


def test_a_closed_or_expired_program_makes_no_offer_and_a_suspended_lender_none(own_world):
    w = own_world
    closed, w_second = w.program(), w.program(w.second)
    assert w.close(closed).ok()["program"]["status"] == "closed"
    w.close(closed).problem("wrong-state")
    w.close(w_second).problem("not-permitted")
    w.close(w_second, w.bank).problem("not-permitted")
    w.registry.operator.post(f"/v1/participants/{w.second.id}/suspend", {"reason": "examined"}).ok()
    assert w.asked()[1] == []
    w.registry.operator.post(f"/v1/participants/{w.second.id}/activate", {"reason": "cleared"}).ok()
    listed = w.supplier.get("/v1/programs?status=open").ok()["items"]
    assert [item["id"] for item in listed] == [w_second["id"]]
    w.registry.restart(offset=31 * DAY)
    assert w.second.get(f"/v1/programs/{w_second['id']}").ok()["status"] == "expired"
    assert w.asked()[1] == []


def test_an_automatic_offer_ends_with_its_program(own_world):
    w = own_world
    program = w.program(valid_until=w.registry.time_text(days=0.5))
    assert program["offer_valid_minutes"] == 1440
    _, (offer,) = w.asked()
    assert offer["valid_until"] == program["valid_until"]
    w.registry.restart(offset=0.6 * DAY)
    with w.registry.unchanged():
        w.accept(offer).problem("past-deadline")


def test_a_lender_has_only_so_many_open_programs(own_world):
    w = own_world
    last = [w.program(w.second, valid_until=w.registry.time_text(days=1 if i < 50 else 30)) for i in range(100)][-1]
    terms = {"name": "One more", "kind": "sale", "recourse": False, "currency": "CNY", "debtors": [], "tenor_max_days": 10,
             "amount_min": "1.00", "amount_max": "2.00", "advance_rate_ppm": 1, "annual_rate_ppm": 0, "day_count": 365,
             "total_limit": "1.00", "valid_until": w.registry.time_text(days=30)}  # fmt: skip
    with w.registry.unchanged():
        w.second.post("/v1/programs", terms).problem("limit-exceeded")
    w.program(w.lender)
    w.close(last, w.second).ok()
    w.second.post("/v1/programs", terms).ok(201)
    w.second.post("/v1/programs", terms).problem("limit-exceeded")
    w.registry.restart(offset=2 * DAY)  # half of them expire
    w.second.post("/v1/programs", terms).ok(201)


def test_what_a_program_drew_is_told_its_lender_alone(world):
    w = world
    program = w.program(debtors=[w.debtor.id, w.registry.other_debtor.id], name="Two debtors")
    assert program["drawn_amount"] == "0.00" and program["debtors"] == [w.debtor.id, w.registry.other_debtor.id]
    seen = w.second.get(f"/v1/programs/{program['id']}").ok()
    assert "drawn_amount" not in seen and "debtors" not in seen and seen["total_limit"] == "1000000.00"
    assert w.lender.get(f"/v1/programs?lender={w.lender.id}&currency=CNY").ok()["items"][0] == program
    w.close(program).ok()


def test_a_program_is_a_lenders_and_its_fields_are_checked(world):
    w = world
    good = {"name": "x", "kind": "sale", "recourse": False, "currency": "CNY", "debtors": [], "tenor_max_days": 10,
            "amount_min": "1.00", "amount_max": "2.00", "advance_rate_ppm": 1, "annual_rate_ppm": 0, "day_count": 365,
            "total_limit": "1.00", "valid_until": w.registry.time_text(days=1)}  # fmt: skip
    with w.registry.unchanged():
        w.supplier.post("/v1/programs", good).problem("not-permitted")
        for change, fault in [
            ({"day_count": 364}, ("out_of_range", "/day_count")),
            ({"advance_rate_ppm": 1_000_001}, ("out_of_range", "/advance_rate_ppm")),
            ({"amount_max": "0.50"}, ("out_of_range", "/amount_max")),
            ({"total_limit": "1.0"}, ("malformed_amount", "/total_limit")),
            ({"kind": "gift"}, ("unknown_value", "/kind")),
            ({"tenor_min_days": 11}, ("out_of_range", "/tenor_max_days")),
            ({"debtors": [w.debtor.id, w.debtor.id]}, ("duplicate", "/debtors/1")),
            ({"valid_until": w.registry.time_text(days=-1)}, ("out_of_range", "/valid_until")),
            ({"surprise": 1}, ("unknown_field", "/surprise")),
        ]:
            w.lender.post("/v1/programs", {**good, **change}, bad=True).problem("invalid-fields", fault)
        w.lender.post("/v1/programs", {**good, "debtors": [w.registry.made["operator"][:-4] + "ffff"]}).problem("not-found")
        w.lender.post("/v1/programs/00000000-0000-7000-8000-000000000000/close").problem("not-found")


def test_which_claims_may_be_asked_money_for(world):
    w = world
    mine, other = w.claim(), w.claim(seller=w.registry.other_supplier)
    euro = w.registry.confirmed(currency="EUR", gross="10.00")[1]["id"]
    with w.registry.unchanged():
        w.ask([other]).problem("not-found")
        w.ask([mine], w.debtor).problem("not-permitted")
        w.ask([mine], w.registry.other_supplier).problem("not-found")
        w.ask([mine, euro]).problem("invalid-fields", ("other_currency", "/claims/1"))
        for claims, fault in [([mine, mine], ("duplicate", "/claims/1")), ([], ("not_a_list", "/claims")), (["x"], ("malformed_id", "/claims/0"))]:
            payload = {"claims": claims, "pay_to": "ICBC 1"}
            w.supplier.post("/v1/financing_requests", payload, bad=True).problem("invalid-fields", fault)
        w.ask([mine], lenders=[w.bank.id]).problem("invalid-fields", ("wrong_role", "/lenders/0"))
        w.ask([mine], lenders=[w.lender.id, mine]).problem("not-found")
        w.ask([mine], valid_until=w.registry.time_text(days=-1)).problem("invalid-fields", ("out_of_range", "/valid_until"))
    w.debtor.post(f"/v1/claims/{mine}/dispute", {"reason": "other"}).ok()
    w.ask([mine]).problem("claim-locked")
    w.debtor.post(f"/v1/claims/{mine}/resolve", {"note": "settled"}).ok()
    w.asked([mine])
    w.ask([mine]).problem("claim-encumbered")
    paid = w.claim("5.00")
    w.pay(paid, "5.00").ok(201)
    w.ask([paid]).problem("wrong-state")


def test_a_withdrawn_request_frees_its_claims_and_its_offers_lapse(world):
    w = world
    claim = w.claim()
    request, _ = w.asked([claim], lenders=[w.lender.id, w.second.id])
    assert request["lenders"] == [w.lender.id, w.second.id]
    offer = w.offer(request).ok(201)["offer"]
    path = f"/v1/financing_requests/{request['id']}/withdraw"
    with w.registry.unchanged():
        w.lender.post(path).problem("not-permitted")
        w.bank.post(path).problem("not-found")
        w.supplier.post(path.replace("withdraw", "lapse")).problem("not-permitted")
        w.registry.operator.post(path.replace("withdraw", "lapse")).problem("not-yet-due")
    ended = w.supplier.post(path).ok()["request"]
    assert ended["status"] == "withdrawn" and ended["offers"][0]["status"] == "lapsed"
    w.supplier.post(path).problem("wrong-state")
    shown = w.show(w.supplier, claim)
    assert shown["encumbrance"] == "free" and shown["request"] is None
    w.lender.get(f"/v1/claims/{claim}").problem("not-found")
    # A named lender reads the request still, and learns of no other lender.
    assert w.second.get(f"/v1/financing_requests/{request['id']}").ok()["lenders"] == [w.second.id]
    w.accept(offer).problem("wrong-state")
    w.offer(request).problem("wrong-state")
    w.asked([claim])


# ---- offers by hand ----


def test_a_lender_that_was_asked_makes_an_offer(world):
    w = world
    request, _ = w.asked(lenders=[w.lender.id], kind="pledge", recourse=True)
    terms = {"kind": "pledge", "recourse": True}
    with w.registry.unchanged():
        w.offer(request, w.second, **terms).problem("not-found")
        w.offer(request, w.supplier, **terms).problem("not-permitted")
        w.offer(request).problem("invalid-fields", ("contradiction", "/kind"), ("contradiction", "/recourse"))
        w.offer(request, **terms, fee_amount="1.500").problem("invalid-fields", ("malformed_amount", "/fee_amount"))
        w.offer(request, **terms, fee_amount="9000.00").problem("amount-out-of-range")
        past = w.registry.time_text(days=-0.1)
        w.offer(request, **terms, valid_until=past).problem("invalid-fields", ("out_of_range", "/valid_until"))
    offer = w.offer(request, **terms, fee_amount="10.00", fee_rate_ppm=1000).ok(201)["offer"]
    interest = half_even(900_000 * 36_500 * 90, 1_000_000 * 365)
    assert offer["program"] is None and offer["advance_amount"] == "9000.00"
    assert offer["interest_amount"] == text(interest) and offer["fee_amount"] == "19.00"
    for who in (w.lender, w.supplier):
        assert who.get(f"/v1/offers/{offer['id']}").ok() == offer
    w.second.get(f"/v1/offers/{offer['id']}").problem("not-found")
    path = f"/v1/offers/{offer['id']}/withdraw"
    with w.registry.unchanged():
        w.supplier.post(path).problem("not-permitted")
        w.second.post(path).problem("not-found")
    assert w.lender.post(path).ok()["offer"]["status"] == "withdrawn"
    w.lender.post(path).problem("wrong-state")
    w.accept(offer).problem("wrong-state")


def test_an_offer_of_a_program_cannot_be_withdrawn_and_binds_after_it_was_closed(world):
    w = world
    program = w.program()
    request, (offer,) = w.asked()
    w.lender.post(f"/v1/offers/{offer['id']}/withdraw").problem("wrong-state")
    w.close(program).ok()
    financing = w.accept(offer).ok(201)["financing"]
    assert financing["program"] == program["id"] and w.drawn(program) == "8000.00"
    w.act(financing, "cancel").ok()
    assert w.drawn(program) == "0.00"


def test_one_lender_makes_only_so_many_offers_on_a_request(world):
    w = world
    request, _ = w.asked(lenders=[w.lender.id, w.second.id])
    for _ in range(16):
        w.offer(request).ok(201)
    with w.registry.unchanged():
        w.offer(request).problem("limit-exceeded")
    w.offer(request, w.second).ok(201)


def test_a_refused_offer_tells_no_more_of_a_claim_than_was_granted(world):
    w = world
    claim, court = w.claim(), w.registry.register("Harbour Court", ["authority"], {})
    request, _ = w.asked([claim], lenders=[w.lender.id], fields=["amounts"])
    assert {"locks", "order_reference", "dispute", "life"}.isdisjoint(w.show(w.lender, claim))
    refused = lambda slug: w.offer(request).problem(slug)["detail"]  # noqa: E731
    locked = "A claim of the request is locked."
    w.debtor.post(f"/v1/claims/{claim}/dispute", {"reason": "value_differs"}).ok()
    assert refused("claim-locked") == locked
    court.post(f"/v1/claims/{claim}/freeze", {"order_reference": "2026-SECRET-17"}).ok()
    assert refused("claim-locked") == locked
    court.post(f"/v1/claims/{claim}/unfreeze", {"order_reference": "2026-18"}).ok()
    w.debtor.post(f"/v1/claims/{claim}/resolve", {"note": "settled"}).ok()
    operator, reason = w.registry.operator, {"reason": "examined"}
    operator.post(f"/v1/participants/{w.debtor.id}/stop", reason).ok()
    assert refused("claim-locked") == locked
    operator.post(f"/v1/participants/{w.debtor.id}/clear", reason).ok()
    w.pay(claim, "10000.00").ok(201)
    assert refused("wrong-state") == "Nothing is owed any more on a claim of the request."


# ---- acceptance ----


def test_acceptance_instructs_the_lender_and_ends_the_other_offers(world):
    w = world
    claim = w.claim()
    request, _ = w.asked([claim])
    taken, other = w.offer(request).ok(201)["offer"], w.offer(request, w.second).ok(201)["offer"]
    with w.registry.unchanged():
        w.accept(taken, w.lender).problem("not-permitted")
        w.accept(taken, w.second).problem("not-found")
        w.accept(taken, w.debtor).problem("not-found")
    answer = w.accept(taken).ok(201)
    financing = answer["financing"]
    assert financing["status"] == "instructed" and financing["seller"] == w.supplier.id
    assert financing["claims"] == [{"claim": claim, "amount": "10000.00", "advance_amount": "9000.00"}]
    instruction = financing["instruction"]
    assert instruction["pay_to"] == "ICBC 6222 0000 1111 2222" and instruction["reference"] == financing["id"]
    assert instruction["amount"] == financing["net_amount"] == taken["net_amount"]
    shown = w.show(w.lender, claim)
    assert (shown["encumbrance"], shown["lender"], shown["financing"]) == ("reserved", w.lender.id, financing["id"])
    assert shown["holder"] == w.supplier.id and shown["access"] == "full"
    seen = w.lender.get(f"/v1/financing_requests/{request['id']}").ok()
    assert seen["status"] == "accepted" and seen["pay_to"] == "ICBC 6222 0000 1111 2222"
    # The other lender hears that it was in vain, and no more of the claim.
    assert w.second.get(f"/v1/offers/{other['id']}").ok()["status"] == "lapsed"
    assert w.second.get(f"/v1/financing_requests/{request['id']}").ok()["pay_to"] is None
    w.second.get(f"/v1/claims/{claim}").problem("not-found")
    w.second.get(f"/v1/financings/{financing['id']}").problem("not-found")
    w.debtor.get(f"/v1/financings/{financing['id']}").problem("not-found")
    w.bank.get(f"/v1/financings/{financing['id']}").problem("not-found")
    entry = [item for item in history(w.lender, claim) if item["type"] == "financing.accepted"][0]
    assert entry["facts"]["pay_to"] == "ICBC 6222 0000 1111 2222" and entry["seq"] == answer["receipt"]["seq"]
    with w.registry.unchanged():
        w.accept(taken).problem("wrong-state")
        w.accept(other).problem("wrong-state")
        w.supplier.post(f"/v1/financing_requests/{request['id']}/withdraw").problem("wrong-state")
        w.supplier.post(f"/v1/claims/{claim}/split", {"parts": [{"amount": "1.00"}, {"amount": "9999.00"}]}).problem("claim-encumbered")


def test_a_claim_that_changed_since_the_offer_cannot_be_financed_on_it(world):
    w = world
    claim = w.claim()
    request, _ = w.asked([claim], lenders=[w.lender.id])
    offer = w.offer(request).ok(201)["offer"]
    w.pay(claim, "100.00").ok(201)
    with w.registry.unchanged():
        w.accept(offer).problem("wrong-state")
    anew = w.offer(request).ok(201)["offer"]
    assert anew["advance_amount"] == "8910.00"
    w.debtor.post(f"/v1/claims/{claim}/dispute", {"reason": "other"}).ok()
    with w.registry.unchanged():
        w.accept(anew).problem("claim-locked")
        w.offer(request).problem("claim-locked")
    w.debtor.post(f"/v1/claims/{claim}/resolve", {"note": "settled"}).ok()
    financing = w.accept(anew).ok(201)["financing"]
    assert financing["claims"][0]["amount"] == "9900.00"
    # Paid while the money is on its way: nothing is left to buy.
    w.pay(claim, "9900.00").ok(201)
    with w.registry.unchanged():
        w.disburse(financing).problem("wrong-state")
    assert w.act(financing, "cancel").ok()["financing"]["status"] == "cancelled"
    assert w.show(w.supplier, claim)["encumbrance"] == "free"


def test_a_suspended_lender_or_a_stopped_debtor_bars_acceptance(world):
    w = world
    request, _ = w.asked(lenders=[w.lender.id])
    offer = w.offer(request).ok(201)["offer"]
    operator, reason = w.registry.operator, {"reason": "examined"}
    operator.post(f"/v1/participants/{w.lender.id}/suspend", reason).ok()
    w.accept(offer).problem("not-permitted")
    operator.post(f"/v1/participants/{w.lender.id}/activate", reason).ok()
    operator.post(f"/v1/participants/{w.debtor.id}/stop", reason).ok()
    w.accept(offer).problem("claim-locked")
    operator.post(f"/v1/participants/{w.debtor.id}/clear", reason).ok()
    w.accept(offer).ok(201)


# ---- limits ----


def test_a_limit_is_drawn_at_acceptance_and_given_back(own_world):
    w = own_world
    program = w.program(total_limit="16000.00", debtor_limit="8000.00")
    (first,), (second,) = w.asked()[1], w.asked()[1]
    other_debtor = w.asked([w.claim(buyer=w.registry.other_debtor)])[1][0]
    financing = w.accept(first).ok(201)["financing"]
    assert w.drawn(program) == "8000.00"
    with w.registry.unchanged():
        w.accept(second).problem("limit-exceeded")  # the debtor's limit
    beside = w.accept(other_debtor).ok(201)["financing"]
    assert w.drawn(program) == "16000.00"
    assert w.asked()[1] == []  # there is no room to offer
    w.act(financing, "cancel").ok()
    assert w.drawn(program) == "8000.00"
    again = w.accept(second).ok(201)["financing"]
    w.disburse(again).ok()
    w.pay(again["claims"][0]["claim"], "10000.00").ok(201)
    assert w.show_financing(again)["status"] == "repaid" and w.drawn(program) == "8000.00"
    w.disburse(beside).ok()
    assert w.drawn(program) == "8000.00"


def test_racing_acceptances_never_overdraw_a_program(own_world):
    w = own_world
    program = w.program(total_limit="24000.00")
    offers = [w.asked()[1][0] for _ in range(8)]

    def accept(offer):
        path = f"/v1/offers/{offer['id']}/accept"
        http = HttpClient(w.registry.port)
        try:
            answer = http.request("POST", path, w.supplier.sign(path, {}), {"Content-Type": "application/jose+json"})
            return answer.status, answer.json.get("type", "").rpartition(":")[2]
        finally:
            http.close()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(accept, offers))
    assert outcomes == [(201, "")] * 3 + [(409, "limit-exceeded")] * 5
    assert w.drawn(program) == "24000.00"


def test_racing_acceptances_of_one_claim_have_one_winner(own_world):
    w = own_world
    request, _ = w.asked()
    offers = [w.offer(request, lender).ok(201)["offer"] for lender in (w.lender, w.second) for _ in range(3)]

    def accept(offer):
        path = f"/v1/offers/{offer['id']}/accept"
        http = HttpClient(w.registry.port)
        try:
            return http.request("POST", path, w.supplier.sign(path, {}), {"Content-Type": "application/jose+json"}).status
        finally:
            http.close()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(accept, offers)) == [201] + [409] * 5
    assert len(w.supplier.get("/v1/financings").ok()["items"]) == 1


# ---- disbursement ----


def test_a_sale_makes_the_lender_the_holder(world):
    w = world
    claims, financing = w.reserved([w.claim(), w.claim("77.77")])
    with w.registry.unchanged():
        w.disburse(financing, w.supplier).problem("not-permitted")
        w.disburse(financing, w.second).problem("not-found")
        w.act(financing, "release").problem("wrong-state")
        w.act(financing, "recourse").problem("wrong-state")
        w.act(financing, "repurchase", bank_reference="x").problem("wrong-state")
        w.act("00000000-0000-7000-8000-000000000000", "cancel").problem("not-found")
    paid = w.act(financing, "disburse", bank_reference="FT-1", registration_number="0123").ok()["financing"]
    assert paid["status"] == "disbursed" and paid["bank_reference"] == "FT-1" and paid["registration_number"] == "0123"
    for claim in claims:
        shown = w.show(w.lender, claim)
        assert shown["holder"] == w.lender.id and shown["encumbrance"] == "sold" and shown["lender"] is None
        assert shown["financing"] == financing["id"] and shown["notice"] == {"notified_at": paid["disbursed_at"], "acknowledged_at": None}
        # The seller knows that it was the seller; the debtor knows whom it owes, and nothing of the price.
        assert w.show(w.supplier, claim)["access"] == "creditor"
        assert w.show(w.debtor, claim)["holder"] == w.lender.id
        told = [item for item in history(w.debtor, claim) if item["type"].startswith("financing")]
        assert [item["type"] for item in told] == ["financing.disbursed"]
        owed = minor(w.show(w.debtor, claim)["outstanding_amount"])
        assert [claim, w.lender.id, owed] in told[0]["facts"].values()
        assert all(name.startswith("part_") for name in told[0]["facts"])
        assert {"claim.accepted", "financing.disbursed"} <= {item["type"] for item in history(w.lender, claim)}
    with w.registry.unchanged():
        w.disburse(financing).problem("wrong-state")
        w.act(financing, "cancel").problem("wrong-state")
        w.act(financing, "release").problem("wrong-state")
        w.act(financing, "recourse").problem("wrong-state")  # it is without recourse
    w.debtor.post(f"/v1/claims/{claims[0]}/acknowledge").ok()


def test_a_bank_reports_a_disbursement_it_only_knows_by_its_id(world):
    w = world
    claims, financing = w.reserved(kind="pledge", recourse=True)
    answer = w.disburse(financing, w.bank).ok()
    assert answer["financing"]["status"] == "disbursed"
    shown = w.show(w.supplier, claims[0])
    assert (shown["encumbrance"], shown["holder"], shown["lender"]) == ("pledged", w.supplier.id, w.lender.id)
    assert shown["notice"]["notified_at"] == answer["financing"]["disbursed_at"]
    w.bank.get(f"/v1/financings/{financing['id']}").problem("not-found")
    # What is paid on a pledged claim is the lender's.
    w.pay(claims[0], "10000.00").ok(201)
    assert w.show_financing(financing)["status"] == "repaid"
    with w.registry.unchanged():
        w.act(financing, "release").problem("wrong-state")


def test_a_pledge_is_released(world):
    w = world
    program = w.program(kind="pledge", name="Pledges")
    claim = w.claim()
    request, offers = w.asked([claim], kind="pledge")
    financing = w.accept(offers[0]).ok(201)["financing"]
    w.disburse(financing).ok()
    assert w.drawn(program) == "8000.00"
    with w.registry.unchanged():
        w.act(financing, "release", w.supplier).problem("not-permitted")
        w.act(financing, "release", w.second).problem("not-found")
    assert w.act(financing, "release").ok()["financing"]["status"] == "released"
    shown = w.show(w.supplier, claim)
    assert shown["encumbrance"] == "free" and shown["lender"] is None and shown["financing"] is None
    assert w.drawn(program) == "0.00"
    w.lender.get(f"/v1/claims/{claim}").problem("not-found")
    w.act(financing, "release").problem("wrong-state")
    w.close(program).ok()
    w.asked([claim])


def test_what_happens_meanwhile_does_not_undo_a_payment_to_the_seller(world):
    """The lender has paid: nobody can keep it from its right by a dispute or a cent, but a court can."""
    w = world
    court = w.registry.register("District Court", ["authority"], {})
    claims, financing = w.reserved([w.claim(), w.claim()])
    disputed, paid = claims
    with w.registry.unchanged():
        w.supplier.post(f"/v1/claims/{disputed}/dispute", {"reason": "other"}).problem("claim-encumbered")
    w.debtor.post(f"/v1/claims/{disputed}/dispute", {"reason": "other"}).ok()
    w.pay(disputed, "0.01").ok(201)
    w.pay(paid, "10000.00").ok(201)
    order = {"order_reference": "(2026) 1"}
    court.post(f"/v1/claims/{disputed}/freeze", order).ok()
    with w.registry.unchanged():
        w.disburse(financing).problem("claim-locked")
    court.post(f"/v1/claims/{disputed}/unfreeze", order).ok()
    w.disburse(financing).ok()
    seen = w.show(w.lender, disputed)
    assert (seen["holder"], seen["encumbrance"], seen["outstanding_amount"]) == (w.lender.id, "sold", "9999.99")
    assert seen["locks"] == ["disputed"]
    seen = w.show(w.supplier, paid)
    assert (seen["holder"], seen["encumbrance"], seen["financing"]) == (w.supplier.id, "free", None)
    w.debtor.post(f"/v1/claims/{disputed}/resolve", {"note": "settled"}).ok()
    w.pay(disputed, "9999.99").ok(201)
    assert w.show_financing(financing)["status"] == "repaid"


def test_what_was_paid_altogether_is_not_disbursed(world):
    w = world
    claims, financing = w.reserved()
    w.pay(claims[0], "10000.00").ok(201)
    with w.registry.unchanged():
        w.disburse(financing).problem("wrong-state")
    w.act(financing, "cancel").ok()


def test_a_frozen_pledge_is_not_released(world):
    w = world
    court = w.registry.register("High Court", ["authority"], {})
    claims, financing = w.financed(kind="pledge")
    order = {"order_reference": "(2026) 2"}
    court.post(f"/v1/claims/{claims[0]}/freeze", order).ok()
    with w.registry.unchanged():
        w.act(financing, "release").problem("claim-locked")
    court.post(f"/v1/claims/{claims[0]}/unfreeze", order).ok()
    w.act(financing, "release").ok()


def test_the_number_of_a_registration_is_kept_and_replaced(world):
    w = world
    _, financing = w.reserved()
    with w.registry.unchanged():
        w.act(financing, "register", w.supplier, registration_number="1").problem("not-permitted")
    assert w.act(financing, "register", registration_number="0001").ok()["financing"]["registration_number"] == "0001"
    w.disburse(financing).ok()
    assert w.act(financing, "register", registration_number="0002").ok()["financing"]["registration_number"] == "0002"
    _, cancelled = w.reserved()
    with w.registry.unchanged():
        w.act(cancelled, "cancel", w.supplier).problem("not-permitted")
        w.act(cancelled, "cancel", w.bank).problem("not-found")
    w.act(cancelled, "cancel").ok()
    w.act(cancelled, "register", registration_number="0003").problem("wrong-state")
    w.act(cancelled, "cancel").problem("wrong-state")


def test_financings_are_listed_for_their_sides(own_world):
    w = own_world
    _, first = w.reserved()
    _, second = w.financed(lender=w.second)
    assert [f["id"] for f in w.supplier.get("/v1/financings").ok()["items"]] == [second["id"], first["id"]]
    assert [f["id"] for f in w.supplier.get("/v1/financings?part=seller&status=disbursed").ok()["items"]] == [second["id"]]
    assert w.supplier.get("/v1/financings?part=lender").ok()["items"] == []
    page = w.supplier.get("/v1/financings?limit=1").ok()
    assert [f["id"] for f in w.supplier.get(f"/v1/financings?cursor={page['next_cursor']}").ok()["items"]] == [first["id"]]
    assert [f["id"] for f in w.second.get("/v1/financings?part=lender").ok()["items"]] == [second["id"]]
    assert w.debtor.get("/v1/financings").ok()["items"] == []
    etag = w.lender.get(f"/v1/financings/{first['id']}").headers["etag"]
    assert w.lender.get(f"/v1/financings/{first['id']}", headers={"If-None-Match": etag}).status == 304


# ---- time ----


def test_what_nobody_answers_lapses(own_world):
    w = own_world
    program = w.program(valid_until=w.registry.time_text(days=300), disburse_within_minutes=30)
    asked_claim, reserved_claim = w.claim(days=300), w.claim(days=300)
    request, offers = w.asked([asked_claim])
    late = w.accept(w.asked([reserved_claim])[1][0]).ok(201)["financing"]
    with w.registry.unchanged():
        w.act(late, "lapse", w.registry.operator).problem("not-yet-due")
        w.act(late, "lapse").problem("not-permitted")
    # The sweep at start may be there first; either way it is done once.
    w.registry.restart(offset=8 * DAY)
    w.registry.operator.post("/v1/sweeps").ok()
    assert w.show_financing(late)["status"] == "lapsed" and w.drawn(program) == "0.00"
    assert w.supplier.get(f"/v1/financing_requests/{request['id']}").ok()["status"] == "lapsed"
    for claim in (asked_claim, reserved_claim):
        assert w.show(w.supplier, claim)["encumbrance"] == "free"
    with w.registry.unchanged():
        w.disburse(late).problem("wrong-state")
        w.act(late, "lapse", w.registry.operator).problem("wrong-state")
        w.accept(offers[0]).problem("wrong-state")
        w.registry.operator.post(f"/v1/financing_requests/{request['id']}/lapse").problem("wrong-state")
    w.registry.operator.post("/v1/financing_requests/00000000-0000-7000-8000-000000000000/lapse").problem("not-found")
    w.asked([asked_claim, reserved_claim])


def test_an_offer_is_over_before_its_request_is(own_world):
    w = own_world
    request, _ = w.asked([w.claim(days=300)], valid_until=w.registry.time_text(days=60))
    offer = w.offer(request).ok(201)["offer"]
    w.registry.restart(offset=2 * DAY)
    with w.registry.unchanged():
        w.accept(offer).problem("past-deadline")
    w.accept(w.offer(request).ok(201)["offer"]).ok(201)


def test_claims_past_their_due_date_are_not_financed(own_world):
    w = own_world
    w.registry.policy(grace_days=30)
    asked, free = w.claim(days=5), w.claim(days=5)
    request, _ = w.asked([asked], valid_until=w.registry.time_text(days=60))
    offer = w.offer(request, valid_until=w.registry.time_text(days=60)).ok(201)["offer"]
    w.registry.restart(offset=5 * DAY)
    w.asked([free], valid_until=w.registry.time_text(days=1))
    w.registry.restart(offset=7 * DAY)
    w.registry.operator.post("/v1/sweeps").ok()
    with w.registry.unchanged():
        w.ask([free]).problem("past-maturity")
        w.accept(offer).problem("past-maturity")


def test_overdue_claims_go_back_to_the_seller_with_recourse(own_world):
    w = own_world
    w.registry.policy(grace_days=0, default_after_days=90)
    program = w.program(recourse=True, valid_until=w.registry.time_text(days=300))
    claims, unsold = [w.claim(days=5), w.claim("300.00", days=5)], w.claim(days=5)
    request, offers = w.asked(claims, recourse=True)
    financing = w.accept(offers[0]).ok(201)["financing"]
    w.disburse(financing).ok()
    with w.registry.unchanged():
        w.act(financing, "recourse").problem("not-yet-due")
        w.act(financing, "recourse", w.supplier).problem("not-permitted")
        w.act(financing, "repurchase", bank_reference="FT-9").problem("wrong-state")
    w.registry.restart(offset=7 * DAY)
    w.registry.operator.post("/v1/sweeps").ok()
    assert w.show(w.lender, claims[0])["life"] == "overdue"
    w.registry.operator.post(f"/v1/participants/{w.debtor.id}/clear", {"reason": "x"}).problem("wrong-state")
    w.ask([unsold]).problem("claim-locked")
    w.pay(claims[1], "300.00").ok(201)
    assert w.act(financing, "recourse", note="unpaid").ok()["financing"]["status"] == "recourse"
    w.act(financing, "recourse").problem("wrong-state")
    with w.registry.unchanged():
        w.act(financing, "repurchase", w.supplier, bank_reference="FT-9").problem("not-permitted")
    back = w.act(financing, "repurchase", bank_reference="FT-9").ok()["financing"]
    assert back["status"] == "repurchased" and w.drawn(program) == "0.00"
    shown = w.show(w.supplier, claims[0])
    assert (shown["holder"], shown["encumbrance"], shown["financing"]) == (w.supplier.id, "free", None)
    # What was paid stays the lender's.
    assert w.show(w.lender, claims[1])["holder"] == w.lender.id
    w.act(financing, "repurchase", bank_reference="FT-9").problem("wrong-state")
    told = [item["type"] for item in history(w.debtor, claims[0])]
    assert told[-1] == "financing.repurchased"


# ---- who sees what ----


def test_strangers_to_a_financing_find_nothing(world):
    w = world
    claims, financing = w.reserved()
    request, offer = financing["request"], financing["offer"]
    for who in (w.debtor, w.second, w.bank, w.registry.other_supplier, w.registry.reviewer):
        for target in (f"/v1/financings/{financing['id']}", f"/v1/offers/{offer}", f"/v1/financing_requests/{request}"):
            who.get(target).problem("not-found")
    for target in ("financings", "offers", "financing_requests", "programs"):
        w.supplier.get(f"/v1/{target}/not-an-id", bad=True).problem("not-found")
        w.supplier.get(f"/v1/{target}?status=strange", bad=True).problem("bad-query")
    assert w.bank.get("/v1/financing_requests?part=addressed").ok()["items"] == []


def test_a_request_open_to_any_lender_is_seen_until_it_ends(world):
    w = world
    request, _ = w.asked()
    target = f"/v1/financing_requests/{request['id']}"
    assert w.second.get(target).ok()["offers"] == []
    w.offer(request).ok(201)
    w.supplier.post(f"{target}/withdraw").ok()
    assert w.lender.get(target).ok()["status"] == "withdrawn"
    w.second.get(target).problem("not-found")


def test_a_command_sent_twice_finances_once(world):
    w = world
    claim = w.claim()
    path = "/v1/financing_requests"
    body = w.supplier.sign(path, {"claims": [claim], "pay_to": "ICBC 1"})
    program = w.program()
    first = w.registry.send(path, body)
    with w.registry.unchanged():
        again = w.registry.send(path, body)
    assert first.ok(201) == again.ok(201) and again.headers["idempotent-replayed"] == "true"
    assert first.headers["location"] == f"/v1/financing_requests/{first.json['request']['id']}"
    w.close(program).ok()


def test_a_bounced_repayment_draws_its_program_again_be_it_full(world):
    w = world
    program = w.program(total_limit="8000.00", name="Room for one")
    first, second = w.claim(), w.claim()

    def financed(claim):
        request, offers = w.asked([claim], lenders=[w.lender.id])
        offer = next(o for o in offers if o["program"] == program["id"])
        return w.disburse(w.accept(offer).ok(201)["financing"]).ok()["financing"]

    one = financed(first)
    payment = w.pay(first, "10000.00").ok(201)["payment"]
    assert (w.drawn(program), w.show_financing(one)["status"]) == ("0.00", "repaid")
    two = financed(second)
    assert w.drawn(program) == "8000.00"
    reverse = f"/v1/payments/{payment['id']}/reverse"
    w.lender.post(reverse, {"reason": "it never came"}).ok()  # the debtor alone said that it paid
    assert (w.drawn(program), w.show_financing(one)["status"]) == ("16000.00", "disbursed")  # a fact, above the limit
    w.pay(second, "10000.00").ok(201)
    assert (w.drawn(program), w.show_financing(two)["status"]) == ("8000.00", "repaid")
    claim = w.show(w.lender, first)
    assert (claim["holder"], claim["encumbrance"], claim["outstanding_amount"]) == (w.lender.id, "sold", "10000.00")
    w.pay(first, "10000.00").ok(201)
    assert w.drawn(program) == "0.00"
    w.close(program).ok()


def test_a_repurchase_leaves_nothing_behind(own_world):
    """Of three claims one is paid, the others go back. None stays with a financing that is over, and no dispute of the lender's."""
    w = own_world
    claims = [w.claim() for _ in range(3)]
    paid = claims[0]
    financing = w.financed(claims, recourse=True)[1]
    payment = w.pay(paid, "10000.00").ok(201)["payment"]
    w.registry.restart(100 * 86400)
    w.registry.operator.post("/v1/sweeps").ok()
    w.lender.post(f"/v1/claims/{claims[1]}/dispute", {"reason": "value_differs"}).ok()
    w.act(financing, "recourse").ok()
    w.act(financing, "repurchase", bank_reference="RC-1").ok()
    for claim, life, holder in zip(claims, ("settled", "overdue", "overdue"), (w.lender, w.supplier, w.supplier)):
        seen = w.show(w.debtor, claim)
        assert (seen["life"], seen["encumbrance"], seen["financing"], seen["lender"]) == (life, "free", None, None)
        assert (seen["holder"], seen["dispute"], seen["locks"]) == (holder.id, None, ["debtor_stopped"])
    with w.registry.unchanged():
        w.debtor.post(f"/v1/payments/{payment['id']}/reverse", {"reason": "bounced"}).problem("wrong-state")
