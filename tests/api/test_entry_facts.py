"""What each party reads of one entry, asked for at /v1/entries/{seq} and told by webhook: all that is its own, in whatever order
its rights came, and nothing of anybody else's."""

import datetime
import json
import sqlite3

import ledger
import pytest
from claim_world import World
from receiver import Receiver
from registry import Registry

from conftest import close

ASKED = ("total_minor", "part_1", "lenders", "pay_to", "fields", "valid_until", "note", "by")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    yield from opened(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def own(tmp_path):
    yield from opened(tmp_path)


def opened(folder):
    made = Registry(folder / "ledger", options=["--webhooks-private"])
    made.start()
    try:
        yield World(made.cast())
        close(made)
    finally:
        if made.process:
            made.kill()


class Inbox:
    """An endpoint for some entry types; a message must say exactly what its owner reads of the entry."""

    def __init__(self, receiver, owner, *events):
        self.receiver, self.owner, self.path = receiver, owner, f"/{owner.id}"
        owner.post("/v1/webhooks", {"url": receiver.url(self.path), "events": list(events)}).ok(201)

    def seqs(self, count):
        hits = self.receiver.at(self.path, count)
        for hit in hits:
            data = hit.message["data"]
            assert data["facts"] == told(self.owner, data["seq"])
            assert ledger.open_disclosures(json.loads(data["entry"]), data["disclosures"]) == data["facts"]
        return [hit.message["data"]["seq"] for hit in hits]


def told(who, seq):
    """The facts of an entry; None for who is no party to it."""
    entry = who.get(f"/v1/entries/{seq}").ok()
    if "facts" not in entry:
        return None
    assert ledger.open_disclosures(json.loads(entry["entry"]), entry["disclosures"]) == entry["facts"]
    return entry["facts"]


def parts(who, seq):
    return {name for name in told(who, seq) or {} if name.startswith("part_")}


def offer(world, request, lender, **changes):
    payload = {
        "request": request["id"], "kind": "sale", "recourse": True, "advance_rate_ppm": 700_000, "annual_rate_ppm": 50_000,
        "day_count": 360, "valid_until": world.registry.time_text(days=90), "disburse_within_minutes": 90 * 1440, **changes,
    }  # fmt: skip
    return lender.post("/v1/offers", payload).ok(201)["offer"]


def accept(world, taken):
    return world.supplier.post(f"/v1/offers/{taken['id']}/accept").ok(201)


def act(world, financing, verb, **payload):
    done = world.lender.post(f"/v1/financings/{financing['id']}/{verb}", payload).ok()
    return done["financing"], done["receipt"]["seq"]


def financed(world, claims, kind):
    """(financing, the disbursement's seq)"""
    request = world.ask(*(claim["id"] for claim in claims)).ok(201)["request"]
    accepted = accept(world, offer(world, request, world.lender, kind=kind))
    return act(world, accepted["financing"], "disburse", bank_reference="FT-1", registration_number="0123")


# ---- several parts of one entry ----


def test_who_holds_two_parts_of_one_claim_reads_both_and_not_the_third(world):
    claim = world.claim(gross="100.00")
    done = world.split(claim, "50.00", "30.00", "20.00").ok(201)
    first, second, third = done["claims"]
    split = done["receipt"]["seq"]
    assert told(world.second, split) is None
    world.passed(first, world.second)
    assert parts(world.second, split) == {"part_1"}
    world.passed(second, world.second)
    assert parts(world.second, split) == {"part_1", "part_2"}
    world.passed(third, world.third)
    assert parts(world.second, split) == {"part_1", "part_2"} and parts(world.third, split) == {"part_3"}
    assert parts(world.debtor, split) == parts(world.supplier, split) == {"part_1", "part_2", "part_3"}
    with Receiver() as receiver:
        inboxes = [Inbox(receiver, who, "payment.") for who in (world.second, world.third, world.debtor)]
        seq = world.pay(claim, "10.00").ok(201)["receipt"]["seq"]
        assert [inbox.seqs(1) for inbox in inboxes] == [[seq]] * 3
        again = world.pay(claim, "20.00").ok(201)["receipt"]["seq"]
        assert [inbox.seqs(2) for inbox in inboxes] == [[seq, again]] * 3  # and none of them twice
    paid = told(world.second, seq)
    assert paid["part_1"] == [first["id"], world.second.id, 500] and paid["part_2"] == [second["id"], world.second.id, 300]
    assert "part_3" not in paid and paid["amount_minor"] == 1000
    assert parts(world.third, seq) == {"part_3"} and parts(world.debtor, seq) == {"part_1", "part_2", "part_3"}
    assert told(world.supplier, seq) is None
    for one in (first, second):
        item = next(item for item in world.history(one, world.second) if item["seq"] == seq)
        assert item["facts"] == paid
        certificate = world.second.get(f"/v1/claims/{one['id']}/certificate").ok()
        shown = next(receipt for receipt in certificate["entries"] if receipt["seq"] == split)
        assert ledger.open_disclosures(json.loads(shown["entry"]), shown["disclosures"]) == told(world.second, split)


def test_parts_offered_to_one_recipient_are_both_read_and_stay_so(world):
    claim = world.claim(gross="100.00")
    first, second, third = world.split(claim, "50.00", "30.00", "20.00").ok(201)["claims"]
    split = world.history(claim)[-1]["seq"]
    for one in (second, first):  # the later part first
        world.passed(one, world.factor)
    assert parts(world.factor, split) == {"part_1", "part_2"}
    world.passed(first, world.third, who=world.factor)
    assert parts(world.factor, split) == {"part_1", "part_2"} and parts(world.third, split) == {"part_1"}
    assert third["holder"] == world.supplier.id


# ---- requests ----


def test_named_lenders_hear_that_they_are_asked_and_read_the_rest_as_the_holder_discloses_it(world):
    lone, both = world.claim(), world.claim()
    with Receiver() as receiver:
        inboxes = [Inbox(receiver, who, "financing.requested") for who in (world.lender, world.factor)]
        one = world.ask(lone["id"], fields=["due_date"], note="only to you").ok(201)
        two = world.ask(both["id"], fields=["due_date"], lenders=[world.lender, world.factor]).ok(201)
        seqs = [one["receipt"]["seq"], two["receipt"]["seq"]]
        assert inboxes[0].seqs(2) == seqs and inboxes[1].seqs(1) == seqs[1:]
    for asked, lenders in ((one, [world.lender]), (two, [world.lender, world.factor])):
        seq = asked["receipt"]["seq"]
        for lender in lenders:
            assert told(lender, seq) == {"request_id": asked["request"]["id"], "currency": "CNY"}
            assert lender.get(f"/v1/financing_requests/{asked['request']['id']}").ok()["id"] == asked["request"]["id"]
        held = told(world.supplier, seq)
        assert all(name in held for name in ASKED if name != "note")
        assert told(world.debtor, seq) is None and told(world.stranger, seq) is None
    assert told(world.factor, seqs[0]) is None
    # A claim's later holder learns of no request made before it.
    for asked in (one, two):
        world.supplier.post(f"/v1/financing_requests/{asked['request']['id']}/withdraw").ok()
    world.passed(lone, world.second)
    assert told(world.second, seqs[0]) == {"currency": "CNY"}


def test_lenders_whose_offers_come_to_nothing_hear_of_it(world):
    third = world.registry.register("Quay Capital", ["lender"], {})
    lenders = [world.lender, world.factor, third]
    with Receiver() as receiver:
        inboxes = [Inbox(receiver, who, "financing.accepted", "request.") for who in lenders]
        ends, lapsed = [], []
        for accepted in (True, False):
            request = world.ask(world.claim()["id"], lenders=lenders).ok(201)["request"]
            taken, other, gone = (offer(world, request, who) for who in lenders)
            third.post(f"/v1/offers/{gone['id']}/withdraw").ok()
            if accepted:
                done = accept(world, taken)
            else:
                done = world.supplier.post(f"/v1/financing_requests/{request['id']}/withdraw").ok()
            seq = done["receipt"]["seq"]
            ends.append(seq)
            lapsed += [(other["id"], seq)] + ([] if accepted else [(taken["id"], seq)])
            narrow = {"request_id": request["id"], **({"currency": "CNY"} if accepted else {})}
            for lender in lenders[1:] if accepted else lenders:
                assert told(lender, seq) == narrow
            assert told(world.supplier, seq)["request_id"] == request["id"]
            assert told(world.debtor, seq) is None and told(world.stranger, seq) is None
            if accepted:
                assert told(world.lender, seq)["pay_to"] == "6222-0000-1111-2222"
            assert world.factor.get(f"/v1/offers/{other['id']}").ok()["status"] == "lapsed"
            assert third.get(f"/v1/offers/{gone['id']}").ok()["status"] == "withdrawn"
        assert [inbox.seqs(2) for inbox in inboxes] == [ends] * 3
    database = sqlite3.connect(f"file:{world.registry.directory / 'ledger.db'}?mode=ro", uri=True)
    for identity, seq in lapsed:
        found = database.execute(
            "SELECT h.seq FROM offers o JOIN history h ON h.subject_no = o.offer_no WHERE o.id = ? ORDER BY h.seq",
            [bytes.fromhex(identity.replace("-", ""))],
        ).fetchall()
        assert len(found) == 2 and found[-1] == (seq,)
    database.close()


def test_a_lapsed_request_is_told_to_those_who_made_an_offer_on_it(own):
    payload = {"claims": [own.claim(days=300)["id"]], "pay_to": "6222", "valid_until": own.registry.time_text(days=2)}
    request = own.supplier.post("/v1/financing_requests", payload).ok(201)["request"]
    assert own.lender.get(f"/v1/financing_requests/{request['id']}").ok()["status"] == "open"
    made = offer(own, request, own.factor)
    own.registry.restart(offset=3 * 86400)
    own.operator.post("/v1/sweeps").ok()
    ended = own.factor.get(f"/v1/offers/{made['id']}").ok()
    assert ended["status"] == "lapsed" and ended["seq"] > made["seq"]
    assert told(own.factor, ended["seq"]) == {"request_id": request["id"]}
    assert told(own.lender, ended["seq"]) is None  # it made none


# ---- whom to pay ----


@pytest.mark.parametrize("kind", ["sale", "pledge"])
def test_a_debtor_is_told_which_of_its_claims_is_to_be_paid_to_whom(world, kind):
    other = world.registry.other_debtor
    mine, theirs, also = world.claim(gross="100.00"), world.claim(other, gross="200.00"), world.claim(gross="300.00")
    world.pay(mine, "25.00").ok(201)
    with Receiver() as receiver:
        inboxes = [Inbox(receiver, who, "financing.") for who in (world.debtor, other)]
        financing, seq = financed(world, [mine, theirs, also], kind)
        assert [inbox.seqs(1) for inbox in inboxes] == [[seq]] * 2
        lender = world.lender.id
        expected = {"part_1": [mine["id"], lender, 7500], "part_2": [theirs["id"], lender, 20000], "part_3": [also["id"], lender, 30000]}
        assert told(world.debtor, seq) == {name: expected[name] for name in ("part_1", "part_3")}
        assert told(other, seq) == {"part_2": expected["part_2"]}
        for side in (world.lender, world.supplier):
            assert told(side, seq).items() >= {**expected, "bank_reference": "FT-1", "financing_id": financing["id"]}.items()
        assert told(world.stranger, seq) is None and told(world.factor, seq) is None
        if kind == "sale":
            return
        world.pay(also, "300.00").ok(201)
        _, seq = act(world, financing, "release")
        assert [inbox.seqs(2)[1] for inbox in inboxes] == [seq] * 2
    back = world.supplier.id
    assert told(world.debtor, seq) == {"part_1": [mine["id"], back, 7500]}  # the paid one is no news to it
    assert told(other, seq) == {"part_2": [theirs["id"], back, 20000]}
    assert told(world.lender, seq).items() >= {"part_3": [also["id"], back, 0], "financing_id": financing["id"]}.items()


def test_a_debtor_is_told_that_its_claim_went_back(own):
    other = own.registry.other_debtor
    late, paid, theirs = own.claim(gross="100.00", days=3), own.claim(gross="50.00", days=3), own.claim(other, gross="70.00", days=90)
    financing, _ = financed(own, [late, paid, theirs], "sale")
    own.pay(paid, "50.00").ok(201)
    own.at(own.registry.moment().date() + datetime.timedelta(days=10))
    own.age(late)
    act(own, financing, "recourse")
    _, seq = act(own, financing, "repurchase", bank_reference="FT-2")
    back = own.supplier.id
    assert told(own.debtor, seq) == {"part_1": [late["id"], back, 10000]}
    assert told(other, seq) == {"part_3": [theirs["id"], back, 7000]}
    assert told(own.supplier, seq)["part_2"] == [paid["id"], own.lender.id, 0]  # it is settled, and stays where it is
    assert own.shown(late)["holder"] == back and own.shown(theirs, other)["holder"] == back
