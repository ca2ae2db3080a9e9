"""Credit notes and voids: effective once everybody has signed whose right they touch, and not before."""

import pytest
from payment_world import World, minor

NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"


@pytest.fixture(scope="module")
def world(registry):
    return World(registry)


@pytest.fixture
def own(fresh):
    return World(fresh)


# ---- credit notes ----


def test_a_credit_note_takes_two_signatures(world):
    before = minor(world.used())
    claim = world.claim("1000.00")
    with world.registry.grows(1):
        answer = world.propose(claim, "credit_note", "150.00", reference="CN-7", note="broken pallets")
    proposal = answer.ok(201)["proposal"]
    assert answer.headers["location"] == f"/v1/proposals/{proposal['id']}" and "claim" not in answer.json
    assert world.signed(proposal) == {world.supplier.id: True, world.debtor.id: False}
    assert (proposal["status"], proposal["amount"], proposal["currency"]) == ("open", "150.00", "CNY")
    assert (proposal["reference"], proposal["note"], proposal["proposed_by"]) == ("CN-7", "broken pallets", world.supplier.id)
    assert world.registry.day(14) <= proposal["expires_at"][:10] <= world.registry.day(15)
    assert world.seen(claim)["outstanding_amount"] == "1000.00"
    with world.registry.grows(2):  # the signature, and what it brings about
        done = world.accept(proposal, world.debtor).ok()
    assert done["proposal"]["status"] == "effective" and all(world.signed(done["proposal"]).values())
    assert done["receipt"]["entry"].count('"type":"proposal.accepted"') == 1
    claim = done["claim"]
    assert (claim["outstanding_amount"], claim["diluted_amount"], claim["life"]) == ("850.00", "150.00", "confirmed")
    assert world.seen(claim) == claim and minor(world.used()) == before + 85000
    effect = world.supplier.get(f"/v1/entries/{done['receipt']['seq'] + 1}").ok()
    assert effect["type"] == "claim.diluted" and effect["facts"]["amount_minor"] == 15000
    with world.registry.unchanged():
        world.accept(proposal, world.debtor).problem("wrong-state")
        world.decline(proposal, world.supplier).problem("wrong-state")


def test_the_holder_must_sign_too(world):
    claim = world.claim("100.00")
    world.transfer(claim, world.partner)
    proposal = world.credit(claim, "10.00", who=world.debtor)
    assert list(world.signed(proposal).items()) == [
        (world.supplier.id, False), (world.debtor.id, True), (world.partner.id, False),
    ]  # fmt: skip
    first = world.accept(proposal, world.supplier).ok()
    assert first["proposal"]["status"] == "open" and first["claim"]["outstanding_amount"] == "100.00"
    with world.registry.unchanged():
        world.accept(proposal, world.supplier).problem("wrong-state")  # signed already
    done = world.accept(proposal, world.partner).ok()
    assert done["proposal"]["status"] == "effective" and done["claim"]["outstanding_amount"] == "90.00"


def test_the_lender_of_a_pledge_must_sign_too(world):
    claim = world.claim("100.00")
    world.finance(claim, "pledge")
    proposal = world.credit(claim, "10.00")
    assert list(world.signed(proposal)) == [world.supplier.id, world.debtor.id, world.factor.id]
    world.accept(proposal, world.debtor).ok()
    assert world.seen(claim)["outstanding_amount"] == "100.00"
    assert world.accept(proposal, world.factor).ok()["claim"]["outstanding_amount"] == "90.00"


def test_a_credit_note_of_all_of_it_settles(world):
    claim = world.claim("100.00")
    world.pay(claim, "30.00").ok(201)
    with world.registry.unchanged():
        detail = world.propose(claim, "credit_note", "70.01").problem("amount-out-of-range")["detail"]
    assert "70.00 CNY" in detail
    done = world.accept(world.credit(claim, "70.00"), world.debtor).ok()
    assert (done["claim"]["life"], done["claim"]["paid_amount"], done["claim"]["diluted_amount"]) == ("settled", "30.00", "70.00")
    with world.registry.unchanged():
        world.propose(claim, "credit_note", "0.01").problem("wrong-state")


def test_a_credit_note_of_everything_repays_a_financing(world):
    claim = world.claim("100.00")
    financing = world.finance(claim, "sale")
    proposal = world.credit(claim, "100.00", who=world.debtor)
    world.accept(proposal, world.supplier).ok()
    assert world.accept(proposal, world.factor).ok()["claim"]["life"] == "settled"
    assert world.factor.get(f"/v1/financings/{financing['id']}").ok()["status"] == "repaid"


def test_what_changed_meanwhile_is_looked_at_with_the_last_signature(world):
    claim = world.claim("100.00")
    large, small = world.credit(claim, "80.00"), world.credit(claim, "50.00")
    world.accept(small, world.debtor).ok()
    with world.registry.unchanged():
        world.accept(large, world.debtor).problem("amount-out-of-range")
    fitting, moved = world.credit(claim, "5.00"), world.credit(claim, "6.00")
    world.offer(claim, world.partner)
    with world.registry.unchanged():
        world.accept(fitting, world.debtor).problem("claim-encumbered")  # nobody accepts less than was offered to it
    world.partner.post(f"/v1/claims/{claim['id']}/accept_transfer").ok()
    with world.registry.unchanged():
        world.accept(moved, world.debtor).problem("wrong-state")  # the new holder was not asked
        world.accept(moved, world.partner).problem("not-found")
    halves = world.claim("10.00")
    late = world.credit(halves, "1.00")
    world.split(halves, "5.00", "5.00")
    with world.registry.unchanged():
        assert "split" in world.accept(late, world.debtor).problem("wrong-state")["detail"]


def test_a_pledge_made_meanwhile_needs_its_lender(world):
    claim = world.claim("100.00")
    proposal = world.credit(claim, "10.00")
    world.finance(claim, "pledge")
    with world.registry.unchanged():
        assert "lender" in world.accept(proposal, world.debtor).problem("wrong-state")["detail"]


def test_a_declined_proposal_is_over(world):
    claim = world.claim("100.00")
    proposal = world.credit(claim, "10.00")
    with world.registry.grows(1):
        answer = world.decline(proposal, world.debtor).ok()
    assert answer["proposal"]["status"] == "declined"
    with world.registry.unchanged():
        world.accept(proposal, world.debtor).problem("wrong-state")
    assert world.seen(claim)["outstanding_amount"] == "100.00"
    own = world.credit(claim, "10.00")
    assert world.decline(own, world.supplier).ok()["proposal"]["status"] == "declined"  # who signed may think better of it


def test_a_proposal_expires(own):
    own.registry.policy(proposal_days=2)
    claim = own.claim("100.00")
    late, early = own.credit(claim, "10.00"), own.credit(claim, "20.00")
    own.accept(early, own.debtor).ok()
    own.registry.restart(offset=3 * 86400)
    with own.registry.unchanged():
        own.accept(late, own.debtor).problem("past-deadline")
        own.decline(late, own.debtor).problem("past-deadline")
    assert own.supplier.get(f"/v1/proposals/{late['id']}").ok()["status"] == "expired"
    listed = {p["id"]: p["status"] for p in own.debtor.get("/v1/proposals").ok()["items"]}
    assert listed == {late["id"]: "expired", early["id"]: "effective"}
    for status, expected in (("expired", [late["id"]]), ("effective", [early["id"]]), ("open", []), ("declined", [])):
        items = own.debtor.get(f"/v1/proposals?status={status}").ok()["items"]
        assert [item["id"] for item in items] == expected


def test_a_frozen_claim_is_not_lowered_a_disputed_one_may_be(world):
    claim = world.claim("100.00")
    world.debtor.post(f"/v1/claims/{claim['id']}/dispute", {"reason": "value_differs"}).ok()
    proposal = world.credit(claim, "10.00")
    pending = world.credit(claim, "20.00")
    assert world.accept(proposal, world.debtor).ok()["claim"]["locks"] == ["disputed"]
    world.freeze(claim)
    with world.registry.unchanged():
        world.accept(pending, world.debtor).problem("claim-locked")
        world.propose(claim, "credit_note", "1.00").problem("claim-locked")
        world.propose(claim, "void").problem("wrong-state")  # it is credited already: life before locks


def test_strangers_neither_propose_nor_see_nor_sign(world):
    claim = world.claim("100.00")
    proposal = world.credit(claim, "10.00")
    with world.registry.unchanged():
        for who in (world.stranger, world.partner, world.factor):
            world.propose(claim, "credit_note", "1.00", who=who).problem("not-found")
            world.accept(proposal, who).problem("not-found")
            world.decline(proposal, who).problem("not-found")
            who.get(f"/v1/proposals/{proposal['id']}").problem("not-found")
        world.accept({"id": NOTHING}, world.debtor).problem("not-found")
    world.offer(claim, world.partner)  # now it sees the claim, but has no right in it yet
    with world.registry.unchanged():
        world.propose(claim, "credit_note", "1.00", who=world.partner).problem("not-permitted")


@pytest.mark.parametrize(
    "members, slug, faults",
    [
        ({"kind": "gift"}, "invalid-fields", [("unknown_value", "/kind")]),
        ({"kind": None}, "invalid-fields", [("required", "/kind")]),
        ({"amount": None}, "invalid-fields", [("required", "/amount")]),
        ({"amount": "1"}, "invalid-fields", [("wrong_scale", "/amount")]),
        ({"amount": "0.00"}, "amount-out-of-range", []),
        ({"kind": "void"}, "invalid-fields", [("contradiction", "/amount")]),
        ({"claim": "x"}, "invalid-fields", [("malformed_id", "/claim")]),
    ],
    ids=str,
)
def test_a_faulty_proposal_is_refused(world, members, slug, faults):
    payload = {"claim": world.claim("100.00")["id"], "kind": "credit_note", "amount": "1.00", **members}
    with world.registry.unchanged():
        world.supplier.post("/v1/proposals", {k: v for k, v in payload.items() if v is not None}, bad=True).problem(slug, *faults)


# ---- voids ----


def test_a_void_frees_the_invoice_for_another_registration(world):
    before = minor(world.used())
    paper = world.registry.invoice(gross="500.00")
    receivable = world.supplier.submit(paper).ok(201)["receivable"]
    claim = world.debtor.act(receivable, "confirm").ok()["claim"]
    world.supplier.submit(paper).problem("gateway-rejected")
    proposal = world.void(claim, world.debtor)
    assert proposal["amount"] is None and world.signed(proposal) == {world.supplier.id: False, world.debtor.id: True}
    with world.registry.grows(2):
        done = world.accept(proposal, world.supplier).ok()
    assert done["proposal"]["status"] == "effective"
    assert (done["claim"]["life"], done["claim"]["outstanding_amount"]) == ("void", "0.00")
    assert minor(world.used()) == before
    for who in (world.supplier, world.debtor):
        assert world.seen(claim, who)["life"] == "void"
    world.pay(claim, "1.00").problem("wrong-state")
    again = world.supplier.submit(paper).ok(201)["receivable"]
    assert again["id"] != receivable["id"]
    assert world.debtor.act(again, "confirm").ok()["claim"]["outstanding_amount"] == "500.00"
    assert minor(world.used()) == before + 50000


def test_a_void_undoes_only_what_nothing_happened_to(world):
    paid, credited, divided, moved, offered, frozen = (world.claim("100.00") for _ in range(6))
    world.pay(paid, "1.00").ok(201)
    world.accept(world.credit(credited, "1.00"), world.debtor).ok()
    part = world.split(divided, "50.00", "50.00")[0]
    world.transfer(moved, world.partner)
    world.offer(offered, world.partner)
    world.freeze(frozen)
    with world.registry.unchanged():
        for claim in (paid, credited, divided, moved):
            world.propose(claim, "void").problem("wrong-state")
        world.propose(part, "void").problem("wrong-state")
        world.propose(offered, "void").problem("claim-encumbered")
        world.propose(frozen, "void").problem("claim-locked")


def test_a_void_is_looked_at_again_with_the_last_signature(world):
    for change, slug in (
        (lambda claim: world.pay(claim, "1.00").ok(201), "wrong-state"),
        (lambda claim: world.offer(claim, world.partner), "claim-encumbered"),
        (lambda claim: world.freeze(claim), "claim-locked"),
        (lambda claim: world.finance(claim, "sale"), "wrong-state"),
    ):
        claim = world.claim("100.00")
        proposal = world.void(claim)
        change(claim)
        with world.registry.unchanged():
            world.accept(proposal, world.debtor).problem(slug)


def test_a_dispute_may_end_in_a_void(world):
    claim = world.claim("100.00")
    world.debtor.post(f"/v1/claims/{claim['id']}/dispute", {"reason": "duplicate"}).ok()
    assert world.accept(world.void(claim), world.debtor).ok()["claim"]["life"] == "void"


def test_a_void_reversed_payment_leaves_the_claim_voidable(world):
    claim = world.claim("100.00")
    payment = world.pay(claim, "10.00").ok(201)["payment"]
    world.reverse(payment).ok()
    world.accept(world.void(claim), world.debtor).ok()
    with world.registry.unchanged():
        world.reverse(payment).problem("wrong-state")


def test_a_signature_does_not_speak_for_a_right_that_is_newer(world):
    """The lender signs while the claim is merely reserved, lets that go, and takes it in pledge anew: it did not agree to lower that."""
    claim = world.claim("100.00")
    financing = world.finance(claim, "pledge", disburse=False)
    proposal = world.propose(claim, "credit_note", "99.99", who=world.supplier).ok(201)["proposal"]
    world.accept(proposal, world.factor).ok()
    world.factor.post(f"/v1/financings/{financing['id']}/cancel").ok()
    world.finance(claim, "pledge")
    with world.registry.unchanged():
        world.accept(proposal, world.debtor).problem("wrong-state")
    assert world.seen(claim)["outstanding_amount"] == "100.00"
