"""What becomes of a claim after its confirmation: divided, passed down the chain, disputed, frozen, aged, given up."""

import base64
import datetime
import json
import threading

import jws
import pytest
from claim_world import DAY, DEFAULT, GRACE, World, minor, state_of, text
from contract import PROBLEM

NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"


@pytest.fixture(scope="module")
def world(registry):
    return World(registry)


@pytest.fixture
def own(fresh):
    """A world of the story's own: its policy changes, or its clock moves."""
    return World(fresh)


def facts(world, who, seq):
    """What a participant reads of an entry; None: nothing but its hash."""
    return who.get(f"/v1/entries/{seq}").ok().get("facts")


def types(world, since):
    return [entry["type"] for entry in world.operator.get(f"/v1/entries?from={since}&limit=1000").ok()["items"]]


def slug(answer):
    return answer.json["type"][len(PROBLEM) :] if answer.status >= 400 else answer.status


# ---- splitting ----


def test_a_split_closes_the_claim_and_opens_one_for_each_part(world):
    claim = world.claim(gross="1000.00")
    with world.registry.grows(1):
        answer = world.split(claim, "0.01", "599.99", "400.00", note="for three suppliers")
    done = answer.ok(201)
    assert answer.headers["location"] == f"/v1/claims/{claim['id']}"
    parent, parts = done["claim"], done["claims"]
    assert (parent["life"], parent["outstanding_amount"], parent["face_amount"]) == ("split", "0.00", "1000.00")
    assert [part["outstanding_amount"] for part in parts] == ["0.01", "599.99", "400.00"]
    for part in parts:
        assert part == world.shown(part, world.supplier)
        inherited = ("root", "creditor", "debtor", "currency", "due_date", "origin", "hop", "receivable", "accepted_at", "holder")
        assert {name: part[name] for name in inherited} == {name: claim[name] for name in inherited}
        assert (part["parent"], part["face_amount"]) == (claim["id"], part["outstanding_amount"])
        assert (part["life"], part["encumbrance"], part["paid_amount"]) == ("confirmed", "free", "0.00")
    assert facts(world, world.debtor, done["receipt"]["seq"])["note"] == "for three suppliers"
    assert world.shown(parts[0], world.debtor)["access"] == "full"


def test_a_part_is_split_again_and_every_claim_tells_the_whole_tree(world):
    claim = world.claim(gross="100.00")
    first, second = world.split(claim, "60.00", "40.00").ok(201)["claims"]
    third, fourth = world.split(first, "59.99", "0.01").ok(201)["claims"]
    tree = [(claim, None), (first, claim), (second, claim), (third, first), (fourth, first)]
    for one, _ in tree:
        lineage = world.supplier.get(f"/v1/claims/{one['id']}/lineage").ok()
        assert lineage["root"] == claim["id"]
        assert [(item["id"], item["parent"]) for item in lineage["items"]] == [(c["id"], p and p["id"]) for c, p in tree]
    assert [item["outstanding_amount"] for item in lineage["items"]] == ["0.00", "0.00", "40.00", "59.99", "0.01"]


@pytest.mark.parametrize("parts", [("500.00", "499.99"), ("500.00", "500.01"), ("1000.00", "1000.00"), ("0.01", "0.01")])
def test_parts_that_do_not_sum_to_what_is_outstanding_are_refused(world, parts):
    claim = world.claim(gross="1000.00")
    with world.registry.unchanged():
        assert "1000.00 CNY" in world.split(claim, *parts).problem("amount-out-of-range")["detail"]
    assert world.shown(claim, world.supplier) == claim


def test_what_was_paid_is_not_split_again(world):
    claim = world.claim(gross="1000.00")
    world.pay(claim, "300.00").ok(201)
    with world.registry.unchanged():
        world.split(claim, "500.00", "500.00").problem("amount-out-of-range")
    parts = world.split(claim, "350.00", "350.00").ok(201)
    assert (parts["claim"]["paid_amount"], parts["claim"]["life"]) == ("300.00", "split")
    assert {part["life"] for part in parts["claims"]} == {"confirmed"}


def test_a_part_of_nothing_is_refused(world):
    claim = world.claim(gross="1000.00")
    with world.registry.unchanged():
        world.split(claim, "0.00", "1000.00", bad=True).problem("amount-out-of-range")


@pytest.mark.parametrize(
    "parts, fault",
    [
        ([{"amount": "10.00"}], ("not_a_list", "/parts")),
        ([], ("not_a_list", "/parts")),
        ([{"amount": "0.10"}] * 101, ("not_a_list", "/parts")),
        ("all", ("not_a_list", "/parts")),
        ([{"amount": "5.00"}, {"amount": "5.0"}], ("wrong_scale", "/parts/1/amount")),
        ([{"amount": "5.00"}, {"amount": "-5.00"}], ("malformed_amount", "/parts/1/amount")),
        ([{"amount": "5.00"}, {"amount": 5}], ("not_a_string", "/parts/1/amount")),
        ([{"amount": "5.00"}, {}], ("required", "/parts/1/amount")),
        ([{"amount": "5.00"}, {"amount": "5.00", "participant": NOTHING}], ("unknown_field", "/parts/1/participant")),
    ],
)
def test_malformed_parts_are_named(world, parts, fault):
    claim = world.claim(gross="10.00")
    with world.registry.unchanged():
        world.act(claim, "split", world.supplier, {"parts": parts}, bad=True).problem("invalid-fields", fault)


def test_a_hundred_parts_are_the_most(world):
    claim = world.claim(gross="1000.00")
    assert len(world.split(claim, *["10.00"] * 100).ok(201)["claims"]) == 100


def test_the_policy_bounds_parts_and_live_claims_of_a_root(own):
    own.registry.policy(split_parts_max=4, split_claims_max=6, split_watch_claims=100)
    claim = own.claim(gross="1000.00")
    with own.registry.unchanged():
        own.split(claim, *["200.00"] * 5).problem("split-limit")
        people = (own.second, own.third, own.factor, own.lender)
        own.transfer(claim, *[(who, "1.00") for who in people]).problem("split-limit")  # with the rest, five
    first, *others = own.split(claim, *["250.00"] * 4).ok(201)["claims"]
    own.split(first, "100.00", "100.00", "50.00").ok(201)
    with own.registry.unchanged():
        own.split(others[0], "125.00", "125.00").problem("split-limit")
        own.transfer(others[0], (own.second, "1.00")).problem("split-limit")
    own.transfer(others[0], own.second).ok(201)
    own.pay(claim, "1000.00").ok(201)


def test_the_operator_is_told_of_a_root_that_is_divided_unusually_often(own):
    own.registry.policy(split_watch_claims=3)
    claim = own.claim(gross="1000.00")
    size = own.registry.size()
    first, *_ = own.split(claim, "500.00", "300.00", "200.00").ok(201)["claims"]
    assert types(own, size) == ["claim.split"]
    size = own.registry.size()
    first, *_ = own.split(first, "300.00", "200.00").ok(201)["claims"]
    own.transfer(first, (own.second, "100.00"), (own.third, "100.00")).ok(201)
    assert types(own, size) == ["claim.split", "watch.raised", "claim.transfer_offered", "watch.raised"]
    for seq, live in ((size + 1, 4), (size + 3, 6)):
        assert facts(own, own.operator, seq)["live_claims"] == live
        assert facts(own, own.operator, seq)["claim_id"] == claim["id"]
        for other in (own.supplier, own.debtor, own.second, own.stranger):
            assert facts(own, other, seq) is None


# ---- passing on ----


def test_a_claim_is_passed_on_whole(world):
    claim = world.claim(gross="1000.00")
    offered = world.transfer(claim, world.second, note="against invoice 77").ok(201)
    assert offered["claims"] == [] and offered["claim"]["encumbrance"] == "offered"
    assert (offered["claim"]["offered_to"], offered["claim"]["holder"]) == (world.second.id, world.supplier.id)
    assert world.registry.day(7) <= offered["claim"]["respond_by"][:10] <= world.registry.day(8)
    seen = world.shown(claim, world.second)
    assert (seen["access"], seen["invoice"]) == ("full", None)  # the invoice is not theirs yet
    accepted = world.act(claim, "accept_transfer", world.second).ok()
    after, at = accepted["claim"], json.loads(accepted["receipt"]["entry"])["at"]
    assert (after["holder"], after["hop"], after["encumbrance"], after["offered_to"]) == (world.second.id, 1, "free", None)
    assert after["notice"] == {"notified_at": at, "acknowledged_at": None}
    assert after["invoice"]["number"] == claim["invoice"]["number"]
    assert world.shown(claim, world.debtor)["notice"] == after["notice"]
    assert facts(world, world.debtor, accepted["receipt"]["seq"])["claim_id"] == claim["id"]
    # The seller knows its sale, and nothing of who has it now.
    left = world.shown(claim, world.supplier)
    assert left["access"] == "creditor" and left["invoice"]["number"] == claim["invoice"]["number"]
    assert [left[name] for name in ("holder", "lender", "financing", "request", "offered_to", "notice")] == [None] * 6
    world.passed(claim, world.third, who=world.second)
    assert world.shown(claim)["hop"] == 2
    world.see(claim, world.second).problem("not-found")


def test_the_new_holder_proves_its_title_from_its_own_history(world):
    claim = world.claim(gross="100.00")
    part, _ = world.split(claim, "60.00", "40.00").ok(201)["claims"]
    world.passed(part, world.second)
    told = world.history(part, world.second)
    assert [item["type"] for item in told] == ["claim.accepted", "claim.split", "claim.transfer_offered", "claim.transferred"]
    root, division = told[0]["facts"], told[1]["facts"]
    assert root["face_minor"] == 10000 and "invoice_number" not in root
    assert "part_1" in division and "part_2" not in division


def test_several_recipients_each_see_their_own_part_alone(world):
    claim = world.claim(gross="1000.00")
    people, amounts = (world.second, world.third, world.factor), ("300.00", "250.00", "0.01")
    done = world.transfer(claim, *zip(people, amounts), respond_within_days=3).ok(201)
    assert done["claim"]["life"] == "split"
    *parts, rest = done["claims"]
    assert [part["outstanding_amount"] for part in parts] == list(amounts) and rest["outstanding_amount"] == "449.99"
    assert (rest["encumbrance"], rest["offered_to"], rest["holder"]) == ("free", None, world.supplier.id)
    for number, (who, part) in enumerate(zip(people, parts), 1):
        assert part["offered_to"] == who.id and part["respond_by"][:10] >= world.registry.day(3)
        told = facts(world, who, done["receipt"]["seq"])
        assert [name for name in told if name.startswith("part_")] == [f"part_{number}"]
        assert part["id"] in json.dumps(told[f"part_{number}"])
        entry = who.get(f"/v1/entries/{done['receipt']['seq']}").ok()
        disclosed = [json.loads(base64.urlsafe_b64decode(d + "==="))[1] for d in entry["disclosures"]]
        assert sorted(disclosed) == sorted(told)
        assert part["id"] in [c["id"] for c in who.get("/v1/claims?part=offered&limit=1000").ok()["items"]]
        for other in [one for one in (*parts, rest, claim) if one is not part]:
            world.see(other, who).problem("not-found")
            who.get(f"/v1/claims/{other['id']}/lineage").problem("not-found")
    assert facts(world, world.stranger, done["receipt"]["seq"]) is None
    assert len([name for name in facts(world, world.debtor, done["receipt"]["seq"]) if name.startswith("part_")]) == 4
    # One takes it, one does not: each its own affair.
    world.act(parts[0], "accept_transfer", world.second).ok()
    world.act(parts[1], "decline_transfer", world.third, {"note": "wrong amount"}).ok()
    told = facts(world, world.second, done["receipt"]["seq"])
    assert [name for name in told if name.startswith("part_")] == ["part_1"]
    lineage = world.second.get(f"/v1/claims/{parts[0]['id']}/lineage").ok()["items"]
    assert len(lineage) == 5 and [("holder" in item) for item in lineage] == [False, True, False, False, False]
    assert [world.shown(part)["holder"] for part in parts] == [world.second.id, world.supplier.id, world.supplier.id]


def test_one_recipient_of_the_whole_amount_gets_the_claim_itself(world):
    claim = world.claim(gross="500.00")
    done = world.transfer(claim, (world.second, "500.00")).ok(201)
    assert done["claims"] == [] and done["claim"]["id"] == claim["id"] and done["claim"]["encumbrance"] == "offered"


def test_declined_and_cancelled_transfers_leave_the_claim_with_its_holder(world):
    claim = world.claim()
    world.transfer(claim, world.second).ok(201)
    declined = world.act(claim, "decline_transfer", world.second, {"note": "not ours"}).ok()
    assert (declined["claim"]["encumbrance"], declined["claim"]["hop"]) == ("free", 0)
    world.see(claim, world.second).problem("not-found")
    assert facts(world, world.supplier, declined["receipt"]["seq"])["note"] == "not ours"
    with world.registry.unchanged():
        world.act(claim, "accept_transfer", world.second).problem("not-found")
        world.act(claim, "cancel_transfer", world.supplier).problem("wrong-state")
    world.transfer(claim, world.third).ok(201)
    cancelled = world.act(claim, "cancel_transfer", world.supplier).ok()
    assert state_of(cancelled["claim"]) == ("confirmed", "free", "none")
    with world.registry.unchanged():
        world.act(claim, "accept_transfer", world.third).problem("not-found")
        world.act(claim, "decline_transfer", world.third).problem("not-found")
    # Neither was told to the debtor; the acceptance will be.
    assert [item["type"] for item in world.history(claim)] == ["claim.accepted"]


def test_only_the_recipient_answers_and_only_the_holder_cancels(world):
    claim = world.claim()
    world.transfer(claim, world.second).ok(201)
    with world.registry.unchanged():
        world.act(claim, "accept_transfer", world.supplier).problem("not-permitted")
        world.act(claim, "decline_transfer", world.debtor).problem("not-permitted")
        world.act(claim, "cancel_transfer", world.second).problem("not-permitted")
        world.act(claim, "accept_transfer", world.third).problem("not-found")
        world.act(claim, "cancel_transfer", world.operator).problem("not-found")
        world.act(claim, "lapse_transfer", world.supplier).problem("not-permitted")
        world.act(claim, "lapse_transfer", world.operator).problem("not-yet-due")
        world.transfer(claim, world.third).problem("claim-encumbered")
        world.transfer(claim, world.third, who=world.second).problem("not-permitted")


def test_who_cannot_be_given_a_claim(world):
    claim = world.claim(gross="100.00")
    gone = world.registry.register("Gone Trading", ["supplier"])
    world.operator.post(f"/v1/participants/{gone.id}/suspend", {"reason": "dissolved"}).ok()
    nobody = type("Nobody", (), {"id": NOTHING})
    with world.registry.unchanged():
        for who in (world.supplier, world.debtor, gone, world.court, world.registry.reviewer, world.operator):
            world.transfer(claim, who).problem("not-permitted")
            world.transfer(claim, (world.second, "1.00"), (who, "1.00")).problem("not-permitted")
        world.transfer(claim, nobody).problem("not-found")
        world.transfer(claim, (world.second, "1.00"), (world.second, "2.00")).problem(
            "invalid-fields", ("duplicate", "/recipients/1/participant")
        )
    for who in (world.second, world.factor, world.bank):
        world.transfer(claim, who).ok(201)
        world.act(claim, "cancel_transfer", world.supplier).ok()


@pytest.mark.parametrize(
    "amounts, problem, faults",
    [
        (("60.00", "40.01"), "amount-out-of-range", []),
        (("100.01",), "amount-out-of-range", []),
        (("0.00",), "amount-out-of-range", []),
        (("90071992547409.92",), "amount-out-of-range", []),
        (("60.00", None), "invalid-fields", [("required", "/recipients/1/amount")]),
        (("60.0",), "invalid-fields", [("wrong_scale", "/recipients/0/amount")]),
        (("-1.00",), "invalid-fields", [("malformed_amount", "/recipients/0/amount")]),
    ],
)
def test_amounts_that_cannot_be_passed_on(world, amounts, problem, faults):
    claim = world.claim(gross="100.00")
    with world.registry.unchanged():
        answer = world.transfer(claim, *zip((world.second, world.third), amounts), bad=True)
        answer.problem(problem, *faults)


def test_the_policy_bounds_how_often_a_claim_is_passed_on(own):
    own.registry.policy(hop_max=2)
    claim = own.claim(gross="100.00")
    own.passed(claim, own.second)
    part, rest = own.transfer(claim, (own.third, "40.00"), who=own.second).ok(201)["claims"]
    own.act(part, "accept_transfer", own.third).ok()
    with own.registry.unchanged():
        own.transfer(part, own.second, who=own.third).problem("hop-limit")
        own.transfer(part, (own.second, "1.00"), who=own.third).problem("hop-limit")
    own.split(part, "20.00", "20.00", who=own.third).ok(201)
    own.passed(rest, own.third, who=own.second)
    own.registry.policy(hop_max=0)
    fresh = own.claim()
    with own.registry.unchanged():
        own.transfer(fresh, own.second).problem("hop-limit")
        own.transfer(rest, own.second, who=own.third).problem("hop-limit")


def test_one_of_many_acceptances_at_once_is_recorded(world):
    claim = world.claim()
    world.transfer(claim, world.second).ok(201)
    path = f"/v1/claims/{claim['id']}/accept_transfer"
    answers = []
    bodies = [world.second.sign(path, {}) for _ in range(8)] + [world.supplier.sign(path.replace("accept", "cancel"), {})]

    def send(body):
        answers.append(world.registry.send(path if body is not bodies[-1] else path.replace("accept", "cancel"), body))

    with world.registry.grows(1):
        threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    outcomes = sorted(map(str, map(slug, answers)))
    assert outcomes.count("200") == 1 and set(outcomes) <= {"200", "wrong-state", "not-found", "not-permitted"}, outcomes


def test_a_retry_of_the_same_command_gets_the_same_answer(world):
    claim = world.claim(gross="100.00")
    path = f"/v1/claims/{claim['id']}/split"
    body = world.supplier.sign(path, {"parts": [{"amount": "40.00"}, {"amount": "60.00"}]})
    first = world.registry.send(path, body)
    with world.registry.unchanged():
        assert world.registry.send(path, body).body == first.body
        world.split(claim, "40.00", "60.00").problem("wrong-state")


# ---- deadlines ----


def test_a_transfer_nobody_answers_lapses_after_its_deadline(own):
    whole, divided, answered = own.claim(), own.claim(gross="900.00"), own.claim()
    own.transfer(whole, own.second).ok(201)
    part, rest = own.transfer(divided, (own.second, "100.00"), respond_within_days=2).ok(201)["claims"]
    long_one = own.claim()
    own.transfer(long_one, own.second, respond_within_days=90).ok(201)
    own.passed(answered, own.second)
    own.registry.restart(offset=8 * DAY)
    # Whether or not the sweep has been: the recipient's word no longer counts.
    for claim in (whole, part):
        assert slug(own.act(claim, "accept_transfer", own.second)) in ("past-deadline", "not-found")
        assert slug(own.act(claim, "decline_transfer", own.second)) in ("past-deadline", "not-found")
    own.operator.post("/v1/sweeps").ok()
    for claim in (whole, part):
        after = own.shown(claim)
        assert (after["encumbrance"], after["holder"], after["hop"], after["respond_by"]) == ("free", own.supplier.id, 0, None)
        lapse = own.history(claim, own.supplier)[-1]
        assert lapse["type"] == "claim.transfer_lapsed" and lapse["facts"]["by"] == own.operator.id
        with own.registry.unchanged():
            own.act(claim, "accept_transfer", own.second).problem("not-found")
            own.act(claim, "lapse_transfer", own.operator).problem("wrong-state")
    assert own.shown(long_one)["encumbrance"] == "offered" and own.shown(answered)["holder"] == own.second.id
    with own.registry.unchanged():
        assert own.operator.post("/v1/sweeps").ok() == {"lapsed": 0, "aged": 0, "failed": 0}
    own.transfer(whole, own.third).ok(201)


# ---- notice ----


def test_the_debtor_acknowledges_each_notice_once(world):
    claim = world.claim()
    with world.registry.unchanged():
        world.act(claim, "acknowledge", world.debtor).problem("wrong-state")
    world.passed(claim, world.second)
    with world.registry.unchanged():
        world.act(claim, "acknowledge", world.second).problem("not-permitted")
        world.act(claim, "acknowledge", world.stranger).problem("not-found")
    done = world.act(claim, "acknowledge", world.debtor).ok()
    notice = done["claim"]["notice"]
    assert notice["acknowledged_at"] == json.loads(done["receipt"]["entry"])["at"] >= notice["notified_at"]
    assert world.shown(claim, world.second)["notice"] == notice
    with world.registry.unchanged():
        world.act(claim, "acknowledge", world.debtor).problem("wrong-state")
    world.passed(claim, world.third, who=world.second)
    assert world.shown(claim)["notice"]["acknowledged_at"] is None
    world.act(claim, "acknowledge", world.debtor).ok()


# ---- disputes and freezes ----


@pytest.mark.parametrize("by", ["debtor", "holder"])
def test_debtor_and_holder_may_dispute_and_only_who_did_resolves(world, by):
    claim = world.claim()
    world.passed(claim, world.second)
    who, other = (world.debtor, world.second) if by == "debtor" else (world.second, world.debtor)
    done = world.dispute(claim, who).ok()["claim"]
    assert done["locks"] == ["disputed"] and (done["dispute"]["by"], done["dispute"]["reason"]) == (who.id, "value_differs")
    with world.registry.unchanged():
        world.dispute(claim, who).problem("wrong-state")
        world.dispute(claim, other).problem("wrong-state")
        world.resolve(claim, other).problem("not-permitted")
        world.resolve(claim, world.supplier).problem("not-permitted")  # it sold the claim
        world.dispute(claim, world.supplier).problem("not-permitted")
        world.resolve(claim, world.stranger).problem("not-found")
        world.split(claim, "1.00", "2.00", who=world.second).problem("claim-locked")
        world.transfer(claim, world.third, who=world.second).problem("claim-locked")
        world.ask(claim["id"], who=world.second).problem("claim-locked")
    assert world.shown(claim, world.supplier)["dispute"]["by"] == (who.id if by == "debtor" else None)
    world.pay(claim, "1.00").ok(201)
    after = world.resolve(claim, who).ok()["claim"]
    assert after["locks"] == [] and after["dispute"] is None
    with world.registry.unchanged():
        world.resolve(claim, who).problem("wrong-state")
    world.dispute(claim, other).ok()
    world.resolve(claim, other).ok()


REASONS = ["unrecognised", "duplicate", "differs_from_contract", "no_relation", "value_differs", "other"]


@pytest.mark.parametrize("reason", REASONS)
def test_a_dispute_has_a_reason_of_the_list(world, reason):
    claim = world.claim()
    done = world.act(claim, "dispute", world.debtor, {"reason": reason}).ok()
    assert done["claim"]["dispute"]["reason"] == reason and done["claim"]["dispute"]["note"] is None
    assert facts(world, world.supplier, done["receipt"]["seq"])["reason"] == reason


def test_an_offer_waits_while_the_claim_is_disputed(world):
    claim = world.claim()
    world.transfer(claim, world.second).ok(201)
    world.dispute(claim).ok()
    with world.registry.unchanged():
        world.act(claim, "accept_transfer", world.second).problem("claim-locked")
    world.resolve(claim).ok()
    world.act(claim, "accept_transfer", world.second).ok()


def test_an_authority_freezes_and_only_the_same_one_frees(world):
    claim = world.claim(gross="700.00")
    world.see(claim, world.court).problem("not-found")
    frozen = world.freeze(claim).ok()["claim"]
    assert frozen["locks"] == ["frozen"] and frozen["order_reference"] == "2026-17" and frozen["access"] == "full"
    assert world.shown(claim, world.court)["outstanding_amount"] == "700.00"
    assert world.shown(claim, world.supplier)["order_reference"] == "2026-17"
    with world.registry.unchanged():
        world.freeze(claim, world.court).problem("wrong-state")
        assert "2026-17" in world.freeze(claim, world.tax_office).problem("wrong-state")["detail"]
        world.unfreeze(claim, world.tax_office).problem("not-permitted")
        world.unfreeze(claim, world.supplier).problem("not-permitted")
        world.see(claim, world.tax_office).problem("not-found")
        world.dispute(claim).problem("claim-locked")
        world.split(claim, "1.00", "699.00").problem("claim-locked")
        world.transfer(claim, world.second).problem("claim-locked")
        world.ask(claim["id"]).problem("claim-locked")
    world.pay(claim, "200.00").ok(201)
    free = world.unfreeze(claim).ok()["claim"]
    assert free["locks"] == [] and free["order_reference"] is None and free["outstanding_amount"] == "500.00"
    world.see(claim, world.court).problem("not-found")
    with world.registry.unchanged():
        world.unfreeze(claim).problem("wrong-state")
        world.act(NOTHING, "freeze", world.court, {"order_reference": "1"}).problem("not-found")
        world.act(claim, "freeze", world.debtor, {"order_reference": "1"}).problem("not-permitted")
    world.freeze(claim, world.tax_office).ok()
    world.unfreeze(claim, world.tax_office).ok()


# ---- time ----


def test_time_moves_a_claim_through_every_step_in_one_sweep_and_stops_its_debtor(own):
    other = own.registry.other_debtor
    late, paid, later = own.claim(days=3), own.claim(days=3), own.claim(days=100)
    bystander = own.claim(other, days=3)
    own.pay(paid, paid["face_amount"]).ok(201)
    own.pay(bystander, bystander["face_amount"], other).ok(201)
    with own.registry.unchanged():
        own.act(late, "age", own.operator).problem("not-yet-due")
        own.act(late, "age", own.supplier).problem("not-permitted")
        own.act(paid, "age", own.operator).problem("wrong-state")
    day = datetime.date.fromisoformat(late["due_date"]) + datetime.timedelta(days=GRACE + DEFAULT + 1)
    own.at(day)
    after = own.shown(late)
    assert (after["life"], after["locks"]) == ("defaulted", ["debtor_stopped"])
    assert [item["type"] for item in own.history(late)] == ["claim.accepted", "claim.due", "claim.overdue", "claim.defaulted"]
    aged = own.history(late)[1]["seq"]
    for who in (own.operator, own.supplier, own.debtor):  # who signed it, and whom it is about
        assert who.get(f"/v1/entries/{aged}").ok()["facts"]["claim_id"] == late["id"]
    assert own.shown(paid)["life"] == "settled" and own.shown(later)["life"] == "confirmed"
    assert own.shown(later)["locks"] == ["debtor_stopped"] and own.shown(bystander, other)["locks"] == []
    me = own.debtor.get("/v1/me").ok()["participant"]
    assert me["stopped"] is True and me["overdue_claims"] == 1
    with own.registry.unchanged():
        own.act(late, "age", own.operator).problem("wrong-state")
        own.operator.post(f"/v1/participants/{own.debtor.id}/clear", {"reason": "asked nicely"}).problem("wrong-state")
        own.split(later, "1.00", "2.00").problem("claim-locked")
    rejected = own.supplier.submit(own.registry.invoice())
    rejected.problem("gateway-rejected")
    own.pay(late, "0.01").ok(201)
    assert own.shown(late)["life"] == "defaulted"
    own.pay(late, text(minor(late["face_amount"]) - 1)).ok(201)
    assert own.shown(late)["life"] == "settled"
    assert own.debtor.get("/v1/me").ok()["participant"]["overdue_claims"] == 0
    assert own.shown(later)["locks"] == ["debtor_stopped"]  # until the operator clears it
    own.operator.post(f"/v1/participants/{own.debtor.id}/clear", {"reason": "paid"}).ok()
    assert own.shown(later)["locks"] == []
    own.registry.registered()


@pytest.mark.parametrize("days, life", [(-1, "confirmed"), (0, "due"), (GRACE, "due"), (GRACE + 1, "overdue"),
                                        (GRACE + DEFAULT, "overdue"), (GRACE + DEFAULT + 1, "defaulted")])  # fmt: skip
def test_each_step_comes_on_its_day(own, days, life):
    claim = own.claim(days=30)
    own.at(datetime.date.fromisoformat(claim["due_date"]) + datetime.timedelta(days=days))
    assert own.shown(claim)["life"] == life
    if life != "defaulted":
        own.act(claim, "age", own.operator).problem("not-yet-due")


def test_parts_of_an_aged_claim_are_as_old_as_it_was(own):
    claim = own.claim(gross="100.00", days=0)
    own.age(claim)
    part, other = own.split(claim, "99.99", "0.01").ok(201)["claims"]
    assert (part["life"], other["life"]) == ("due", "due")
    own.at(datetime.date.fromisoformat(claim["due_date"]) + datetime.timedelta(days=GRACE + 1))
    assert own.shown(part)["life"] == own.shown(other)["life"] == "overdue"
    assert own.debtor.get("/v1/me").ok()["participant"]["overdue_claims"] == 2


def test_a_payment_taken_back_puts_the_debtor_on_the_stop_list_again(own):
    claim = own.claim(days=-10)
    own.age(claim)
    payment = own.pay(claim, claim["face_amount"]).ok(201)["payment"]
    own.operator.post(f"/v1/participants/{own.debtor.id}/clear", {"reason": "paid"}).ok()
    own.debtor.post(f"/v1/payments/{payment['id']}/reverse", {"reason": "bounced"}).ok()
    after = own.shown(claim)
    assert (after["life"], after["locks"]) == ("overdue", ["debtor_stopped"])


def test_a_defaulted_claim_is_written_off_by_its_holder(own):
    claim, overdue = own.claim(gross="800.00", days=-100), own.claim(days=-10)
    own.pay(claim, "300.00").ok(201)
    own.age(claim)
    own.age(overdue)
    note = {"note": "liquidator says nothing is left"}
    with own.registry.unchanged():
        own.act(overdue, "write_off", own.supplier, note).problem("wrong-state")
        own.act(claim, "write_off", own.debtor, note).problem("not-permitted")
        own.act(claim, "write_off", own.stranger, note).problem("not-found")
        own.act(claim, "write_off", own.supplier, {}, bad=True).problem("invalid-fields", ("required", "/note"))
    done = own.act(claim, "write_off", own.supplier, note).ok()["claim"]
    assert (done["life"], done["outstanding_amount"], done["paid_amount"]) == ("written_off", "500.00", "300.00")
    with own.registry.unchanged():
        own.act(claim, "write_off", own.supplier, note).problem("wrong-state")
        own.pay(claim, "1.00").problem("wrong-state")
        own.grant(claim, own.stranger).problem("wrong-state")
    assert own.debtor.get("/v1/me").ok()["participant"]["overdue_claims"] == 1


# ---- bad input of every act ----

TO_NOBODY = {"recipients": [{"participant": NOTHING}]}
ACTS = {
    "split": {"parts": [{"amount": "1.00"}, {"amount": "1.00"}]}, "transfer": TO_NOBODY,
    "accept_transfer": {}, "decline_transfer": {}, "cancel_transfer": {}, "lapse_transfer": {}, "acknowledge": {},
    "dispute": {"reason": "other"}, "resolve": {"note": "n"}, "freeze": {"order_reference": "1"},
    "unfreeze": {"order_reference": "1"}, "age": {}, "write_off": {"note": "n"},
}  # fmt: skip
OFFICE = {"lapse_transfer": "operator", "age": "operator", "freeze": "court", "unfreeze": "court"}


@pytest.mark.parametrize("act", ACTS)
def test_a_claim_that_is_not_there_or_not_an_id(world, act):
    who = getattr(world, OFFICE.get(act, "supplier"))
    with world.registry.unchanged():
        world.act(NOTHING, act, who, ACTS[act]).problem("not-found")
        world.act("not-an-id", act, who, ACTS[act], bad=True).problem("not-found")


@pytest.mark.parametrize("act", ACTS)
def test_members_nobody_knows_are_refused(world, act):
    claim, who = world.claim(), getattr(world, OFFICE.get(act, "supplier"))
    with world.registry.unchanged():
        answer = world.act(claim, act, who, {**ACTS[act], "hurry": True}, bad=True)
        answer.problem("invalid-fields", ("unknown_field", "/hurry"))


@pytest.mark.parametrize(
    "act, payload, fault",
    [
        ("dispute", {}, ("required", "/reason")),
        ("dispute", {"reason": "mood"}, ("unknown_value", "/reason")),
        ("dispute", {"reason": "other", "note": "x" * 1001}, ("too_long", "/note")),
        ("resolve", {}, ("required", "/note")),
        ("freeze", {}, ("required", "/order_reference")),
        ("freeze", {"order_reference": "x" * 257}, ("too_long", "/order_reference")),
        ("freeze", {"order_reference": 7}, ("not_a_string", "/order_reference")),
        ("transfer", {"recipients": []}, ("not_a_list", "/recipients")),
        ("transfer", {}, ("required", "/recipients")),
        ("transfer", {"recipients": [{"participant": "me"}]}, ("malformed_id", "/recipients/0/participant")),
        ("transfer", {"recipients": [{}]}, ("required", "/recipients/0/participant")),
        ("transfer", {**TO_NOBODY, "respond_within_days": 0}, ("out_of_range", "/respond_within_days")),
        ("transfer", {**TO_NOBODY, "respond_within_days": 91}, ("out_of_range", "/respond_within_days")),
    ],
)
def test_malformed_payloads_are_named(world, act, payload, fault):
    claim, who = world.claim(), getattr(world, OFFICE.get(act, "supplier"))
    with world.registry.unchanged():
        world.act(claim, act, who, payload, bad=True).problem("invalid-fields", fault)


def test_a_command_for_one_claim_is_not_one_for_another(world):
    mine, other = world.claim(), world.claim()
    path = f"/v1/claims/{mine['id']}/dispute"
    body = world.supplier.sign(path, {"reason": "other"})
    with world.registry.unchanged():
        world.registry.send(path.replace(mine["id"], other["id"]), body).problem("wrong-url")
        head = jws.header(world.supplier.key, world.registry.origin, path, world.registry.now())
        world.registry.send(path, jws.flattened(world.stranger.key, head, {})).problem("bad-signature")


def test_the_certificate_says_who_held_the_claim_when(world):
    claim = world.claim(gross="640.00")
    world.transfer(claim, world.second).ok(201)
    before = world.shown(claim)["updated_at"]
    world.act(claim, "accept_transfer", world.second).ok()
    then = world.second.get(f"/v1/claims/{claim['id']}/certificate?at={before}").ok()
    now = world.second.get(f"/v1/claims/{claim['id']}/certificate").ok()
    assert (then["claim"]["holder"], then["claim"]["encumbrance"]) == (world.supplier.id, "offered")
    assert (now["claim"]["holder"], now["claim"]["hop"]) == (world.second.id, 1)
    (interest,) = now["interests"]
    assert (interest["participant"], interest["kind"]) == (world.second.id, "ownership")
    assert interest["notified_at"] == now["claim"]["notice"]["notified_at"]
    world.stranger.get(f"/v1/claims/{claim['id']}/certificate").problem("not-found")
