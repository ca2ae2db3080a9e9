"""Many hands on one claim, one offer, one limit at the same moment, each over its own connection: as many win as may, all others
are told the problem that is theirs, and what is left adds up."""

import threading
from decimal import Decimal

import pytest
from registry import Registry
from wire import Wire

HANDS = 16


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    made = Registry(tmp_path_factory.mktemp("races") / "ledger")
    made.start()
    try:
        made.cast()
        made.suppliers = [made.supplier, made.other_supplier, *(made.register(f"Tier {n}", ["supplier"]) for n in range(2, 5))]
        made.bank = made.register("Clearing Bank", ["bank"])
        made.court = made.register("Maritime Court", ["authority"])
        yield made
        made.verify()
        made.stop()
        code, report = made.audit()
        assert code == 0 and report["findings"] == [], report
    finally:
        if made.process:
            made.kill()


def at_once(registry, commands):
    """commands: (who, path, payload). Signed first, then sent by threads that start together; the answers in order."""
    wires = [Wire(registry) for _ in commands]
    signed = [wire.signed([who], path, payload) for wire, (who, path, payload) in zip(wires, commands)]
    answers, start = [None] * len(commands), threading.Barrier(len(commands))

    def hand(place):
        wires[place].line(0)
        start.wait()
        answers[place] = wires[place].salvo([signed[place][0]])[0]

    threads = [threading.Thread(target=hand, args=(place,)) for place in range(len(commands))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for wire, (_, path, payload), (_, body), answer in zip(wires, commands, signed, answers):
        wire.count = -1
        wire.check("POST", path, payload, body, answer)
        wire.close()
    return answers


def won(answers):
    return [answer.json for answer in answers if answer.status < 300]


def lost(answers):
    return {answer.json["type"].rpartition(":")[2] for answer in answers if answer.status >= 300}


def claim_of(registry, amount="1000.00"):
    """A claim of this amount, confirmed lower than an invoice that looks like no other."""
    receivable = registry.registered(gross=f"{10_000 + next(registry.serial)}.00")
    return registry.debtor.act(receivable, "confirm", {"amount": amount}).ok()["claim"]


def on(claim, verb):
    return f"/v1/claims/{claim['id']}/{verb}"


def read(registry, claim):
    return registry.debtor.get(f"/v1/claims/{claim['id']}").ok()


def program(registry, total, debtor_limit=None, debtors=None):
    """A program that advances the whole for nothing, so that limits are easy to count."""
    payload = {
        "name": "Race", "kind": "sale", "recourse": False, "currency": "CNY", "debtors": debtors or [registry.debtor.id],
        "tenor_min_days": 0, "tenor_max_days": 300, "amount_min": "0.01", "amount_max": "100000.00", "advance_rate_ppm": 1_000_000,
        "annual_rate_ppm": 0, "day_count": 360, "total_limit": total, "valid_until": registry.time_text(days=30),
    }  # fmt: skip
    if debtor_limit:
        payload["debtor_limit"] = debtor_limit
    return registry.lender.post("/v1/programs", payload).ok(201)["program"]


def requested(registry, claims, seller=None, **members):
    payload = {"claims": [claim["id"] for claim in claims], "pay_to": "CN00123", "lenders": [registry.lender.id], **members}
    return (seller or registry.supplier).post("/v1/financing_requests", payload).ok(201)


def accepted(registry):
    """A financing by an offer made by hand, not yet disbursed."""
    claim = claim_of(registry)
    request = requested(registry, [claim])["request"]
    offer = registry.lender.post("/v1/offers", by_hand(registry, request)).ok(201)["offer"]
    return claim, registry.supplier.post(f"/v1/offers/{offer['id']}/accept", {}).ok(201)["financing"]


def by_hand(registry, request, **members):
    return {
        "request": request["id"], "kind": "pledge", "recourse": True, "advance_rate_ppm": 900_000, "annual_rate_ppm": 40_000,
        "day_count": 360, "valid_until": registry.time_text(days=1), "disburse_within_minutes": 60, **members,
    }  # fmt: skip


# ---- limits ----


def race_for_limit(registry, limits, allowed):
    made = program(registry, **limits)
    offers = []
    for _ in range(HANDS):
        found = requested(registry, [claim_of(registry, "100.00")])["offers"]
        offers += [offer["id"] for offer in found if offer["program"] == made["id"]]
    assert len(offers) == HANDS
    answers = at_once(registry, [(registry.supplier, f"/v1/offers/{offer}/accept", {}) for offer in offers])
    assert len(won(answers)) == allowed and lost(answers) == {"limit-exceeded"}
    drawn = registry.lender.get(f"/v1/programs/{made['id']}").ok()["drawn_amount"]
    assert drawn == f"{allowed * 100}.00"
    registry.lender.post(f"/v1/programs/{made['id']}/close").ok()
    return made, [answer["financing"] for answer in won(answers)]


def test_of_sixteen_offers_of_a_program_with_room_for_five_five_are_accepted(registry):
    made, financings = race_for_limit(registry, {"total": "599.99"}, 5)
    answers = at_once(registry, [(registry.lender, f"/v1/financings/{f['id']}/cancel", {}) for f in financings * 3])
    assert len(won(answers)) == 5 and lost(answers) == {"wrong-state"}
    assert registry.lender.get(f"/v1/programs/{made['id']}").ok()["drawn_amount"] == "0.00", "each released its limit once"


def test_a_limit_on_one_debtor_holds_against_sixteen_hands(registry):
    race_for_limit(registry, {"total": "100000.00", "debtor_limit": "300.00"}, 3)


def test_questions_at_once_are_counted_one_by_one(registry):
    lender = registry.register("Curious Bank", ["lender"], {})
    before = registry.operator.get("/v1/policy").ok()["checks_per_day"]
    registry.policy(checks_per_day=5)
    question = {
        "seller": {"participant": registry.supplier.id}, "buyer": {"participant": registry.debtor.id}, "number": "NONE-1",
        "issue_date": registry.day(-3), "currency": "CNY", "gross_amount": "77.00",
    }  # fmt: skip
    answers = at_once(registry, [(lender, "/v1/checks", question)] * HANDS)
    registry.policy(checks_per_day=before)
    assert len(won(answers)) == 5 and lost(answers) == {"rate-limited"}


# ---- one claim ----


def test_a_claim_is_split_or_passed_on_but_only_once(registry):
    for _ in range(4):
        claim = claim_of(registry)
        split = (registry.supplier, on(claim, "split"), {"parts": [{"amount": "400.00"}, {"amount": "600.00"}]})
        whole = {"recipients": [{"participant": registry.other_supplier.id}]}
        part = {"recipients": [{"participant": registry.other_supplier.id, "amount": "1.00"}]}
        request = {"claims": [claim["id"]], "pay_to": "CN1"}
        commands = [
            split, (registry.supplier, on(claim, "transfer"), whole), (registry.supplier, on(claim, "transfer"), part),
            (registry.supplier, "/v1/financing_requests", request),
        ] * 4  # fmt: skip
        answers = at_once(registry, commands)
        assert len(won(answers)) == 1 and lost(answers) <= {"wrong-state", "claim-encumbered"}


def test_a_recipient_accepts_or_declines_or_the_holder_cancels(registry):
    for _ in range(4):
        claim = claim_of(registry)
        registry.supplier.post(on(claim, "transfer"), {"recipients": [{"participant": registry.other_supplier.id}]}).ok(201)
        commands = [(registry.other_supplier, on(claim, verb), {}) for verb in ("accept_transfer", "decline_transfer")] * 3
        commands += [(registry.supplier, on(claim, "cancel_transfer"), {})] * 3
        answers = at_once(registry, commands)
        assert len(won(answers)) == 1
        # Whoever has lost sight of the claim meanwhile is told that there is none.
        assert lost(answers) <= {"wrong-state", "not-found", "not-permitted"}
        after = read(registry, claim)
        passed = after["holder"] == registry.other_supplier.id
        assert (after["encumbrance"], after["hop"]) == ("free", int(passed))


def test_a_freeze_and_a_split_at_once_leave_one_truth(registry):
    for _ in range(4):
        claim = claim_of(registry)
        parts = {"parts": [{"amount": "500.00"}, {"amount": "500.00"}]}
        freeze = (registry.court, on(claim, "freeze"), {"order_reference": "Order 7"})
        answers = at_once(registry, [(registry.supplier, on(claim, "split"), parts), freeze] * 4)
        assert len(won(answers)) == 1 and lost(answers) <= {"wrong-state", "claim-locked"}
        after = read(registry, claim)
        assert (after["life"], after["locks"]) in (("split", []), ("confirmed", ["frozen"]))


def test_a_chain_of_hands_never_has_two_holders(registry):
    """Everyone passes the same claim on as fast as they can; each acceptance has one owner before and one after."""
    claim, hops = claim_of(registry), 0
    for _ in range(12):
        others = [one for one in registry.suppliers]
        commands = [
            (one, on(claim, "transfer"), {"recipients": [{"participant": other.id}]})
            for one, other in zip(others, others[1:] + others[:1])
        ]
        answers = at_once(registry, commands + [(one, on(claim, "accept_transfer"), {}) for one in others])
        moves = [answer for answer in won(answers) if answer["claim"]["encumbrance"] == "free"]
        hops += len(moves)
        assert len({answer["claim"]["hop"] for answer in moves}) == len(moves)
        assert lost(answers) <= {"not-found", "not-permitted", "wrong-state", "claim-encumbered", "hop-limit"}
    assert read(registry, claim)["hop"] == hops


# ---- one offer, one financing ----


def test_an_offer_is_accepted_once_and_so_is_a_request(registry):
    claim = claim_of(registry)
    request = requested(registry, [claim])["request"]
    offers = [registry.lender.post("/v1/offers", by_hand(registry, request)).ok(201)["offer"] for _ in range(4)]
    commands = [(registry.supplier, f"/v1/offers/{offer['id']}/accept", {}) for offer in offers * 3]
    commands += [(registry.supplier, f"/v1/financing_requests/{request['id']}/withdraw", {})] * 2
    answers = at_once(registry, commands)
    assert len(won(answers)) == 1 and lost(answers) == {"wrong-state"}
    assert read(registry, claim)["encumbrance"] in ("reserved", "free")


def test_a_claim_is_in_one_request_at_a_time(registry):
    claims = [claim_of(registry) for _ in range(4)]
    sets = [[0], [0, 1], [1, 2], [2, 3], [3, 0], [1], [2], [3]]
    payloads = [{"claims": [claims[i]["id"] for i in one], "pay_to": "CN2"} for one in sets * 2]
    answers = at_once(registry, [(registry.supplier, "/v1/financing_requests", payload) for payload in payloads])
    taken = [claim for answer in won(answers) for claim in answer["request"]["claims"]]
    assert len(taken) == len(set(taken)) and lost(answers) == {"claim-encumbered"}


def test_a_financing_is_disbursed_once_or_falls_through(registry):
    for _ in range(4):
        claim, financing = accepted(registry)
        path = f"/v1/financings/{financing['id']}"
        commands = [(who, f"{path}/disburse", {"bank_reference": f"{financing['id']}-{n}"})
                    for n, who in enumerate([registry.lender, registry.bank] * 4)]  # fmt: skip
        answers = at_once(registry, commands + [(registry.lender, f"{path}/cancel", {})] * 4)
        assert len(won(answers)) == 1 and lost(answers) == {"wrong-state"}
        status = registry.lender.get(path).ok()["status"]
        assert (status, read(registry, claim)["encumbrance"]) in (("disbursed", "pledged"), ("cancelled", "free"))


# ---- money ----


def test_payments_at_once_never_exceed_what_is_owed(registry):
    registry.policy(overpayment="refuse", early_payment="record")
    claim = claim_of(registry)
    registry.supplier.post(on(claim, "split"), {"parts": [{"amount": "333.33"}] * 2 + [{"amount": "333.34"}]}).ok(201)
    payload = {"claim": claim["id"], "amount": "70.00"}
    commands = [(registry.bank, "/v1/payments", {**payload, "bank_reference": f"R-{claim['id']}-{n}"}) for n in range(HANDS)]
    answers = at_once(registry, commands)
    assert len(won(answers)) == 14 and lost(answers) == {"payment-refused"}
    for answer in won(answers):
        assert sum(Decimal(share["amount"]) for share in answer["payment"]["shares"]) == Decimal("70.00")


def test_a_bank_reference_is_used_once(registry):
    claim = claim_of(registry)
    payload = {"claim": claim["id"], "amount": "10.00", "bank_reference": f"ONE-{claim['id']}"}
    answers = at_once(registry, [(registry.bank, "/v1/payments", payload)] * HANDS)
    assert len(won(answers)) == 1 and lost(answers) == {"already-exists"}


def test_payments_and_their_reversals_at_once_add_up(registry):
    registry.policy(overpayment="refuse", early_payment="record")
    claim, standing = claim_of(registry), []
    for turn in range(6):
        payload = {"claim": claim["id"], "amount": "60.00"}
        commands = [(registry.bank, "/v1/payments", {**payload, "bank_reference": f"V-{claim['id']}-{turn}-{n}"}) for n in range(6)]
        undo = [(registry.bank, f"/v1/payments/{payment}/reverse", {"reason": "recalled"}) for payment in standing[:3] * 2]
        answers = at_once(registry, commands + undo)
        for answer in won(answers):
            payment = answer["payment"]
            standing.append(payment["id"]) if payment["status"] == "recorded" else standing.remove(payment["id"])
        assert lost(answers) <= {"payment-refused", "wrong-state"}
        after = read(registry, claim)
        assert Decimal(after["paid_amount"]) == 60 * len(standing)
        assert Decimal(after["outstanding_amount"]) == 1000 - 60 * len(standing)


def test_a_credit_note_takes_effect_once_and_never_below_nothing(registry):
    registry.policy(overpayment="refuse", early_payment="record")
    for _ in range(4):
        claim = claim_of(registry)
        payload = {"claim": claim["id"], "kind": "credit_note", "amount": "600.00"}
        notes = [registry.supplier.post("/v1/proposals", payload).ok(201)["proposal"]["id"] for _ in range(3)]
        pay = {"claim": claim["id"], "amount": "300.00"}
        commands = [(registry.debtor, f"/v1/proposals/{note}/accept", {}) for note in notes * 2]
        commands += [(registry.bank, "/v1/payments", {**pay, "bank_reference": f"C-{claim['id']}-{n}"}) for n in range(4)]
        answers = at_once(registry, commands)
        assert lost(answers) <= {"wrong-state", "amount-out-of-range", "payment-refused"}
        after = read(registry, claim)
        paid = 300 * sum("payment" in answer for answer in won(answers))
        struck = 600 * sum("proposal" in answer for answer in won(answers))
        assert Decimal(after["outstanding_amount"]) == 1000 - paid - struck >= 0
        assert (Decimal(after["paid_amount"]), Decimal(after["diluted_amount"])) == (paid, struck)


def test_one_command_sent_by_sixteen_hands_is_done_once(registry):
    claim = claim_of(registry)
    path = on(claim, "split")
    body = registry.supplier.sign(path, {"parts": [{"amount": "1.00"}, {"amount": "999.00"}]})
    wires = [Wire(registry) for _ in range(HANDS)]
    request = wires[0].request("POST", path, body, b"Content-Type: application/jose+json\r\n")
    with registry.grows(1):
        for wire in wires:
            wire.line(0).sendall(request)
        answers = [wire.read(wire.lines[0]) for wire in wires]
    for wire in wires:
        wire.close()
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1, "everyone gets the same answer, byte for byte"
