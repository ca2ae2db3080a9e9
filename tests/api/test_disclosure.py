"""Who is shown what of a claim: grants, questions about invoices, and ratings."""

import datetime
import itertools

import pytest
from claim_world import DAY, World

NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"
ALWAYS = {"id", "seq", "access"}
FIELDS = {
    "amounts": {"currency", "face_amount", "outstanding_amount", "paid_amount", "diluted_amount"},
    "due_date": {"due_date"},
    "debtor": {"debtor"},
    "creditor": {"creditor"},
    "holder": {"holder"},
    "state": {"life", "encumbrance", "locks"},
    "invoice": {"invoice"},
    "documents": {"documents"},
    "lineage": {"receivable", "root", "parent", "hop", "origin"},
}


@pytest.fixture(scope="module")
def world(registry):
    return World(registry)


@pytest.fixture
def own(fresh):
    return World(fresh)


def granted(world, claim, to=None, who=None, **members):
    return world.grant(claim, to or world.stranger, who, **members).ok(201)["grant"]


def status(world, grant, who=None):
    return (who or world.supplier).get(f"/v1/grants/{grant['id']}").ok()["status"]


def revoke(grant, who):
    return who.post(f"/v1/grants/{grant['id']}/revoke")


def listed(who, query):
    return {claim["id"] for claim in who.get(f"/v1/claims?limit=1000&{query}").ok()["items"]}


# ---- grants ----


@pytest.mark.parametrize("field", FIELDS)
def test_one_field_granted_is_one_field_shown(world, field):
    documents = [{"kind": "contract", "sha256": "ab" * 32, "name": "frame contract"}]
    claim = world.claim(documents=documents)
    world.see(claim, world.stranger).problem("not-found")
    granted(world, claim, fields=[field])
    shown = world.shown(claim, world.stranger)
    assert set(shown) == ALWAYS | FIELDS[field] and shown["access"] == "granted"
    whole = world.shown(claim, world.supplier)
    assert {name: shown[name] for name in FIELDS[field]} == {name: whole[name] for name in FIELDS[field]}
    lineage = world.stranger.get(f"/v1/claims/{claim['id']}/lineage")
    if field == "lineage":
        assert lineage.ok()["items"] == [{"id": claim["id"], "parent": None, "hop": 0, "life": "confirmed"}]
    else:
        lineage.problem("not-found")
    assert world.history(claim, world.stranger) == []
    item = [one for one in world.stranger.get("/v1/claims?part=granted&limit=1000").ok()["items"] if one["id"] == claim["id"]]
    assert item == [shown]
    assert claim["id"] in listed(world.stranger, "part=any")
    for part in ("creditor", "debtor", "holder", "lender", "offered"):
        assert claim["id"] not in listed(world.stranger, f"part={part}")


def test_without_fields_everything_is_granted_but_what_goes_on_between_the_parties(world):
    claim = world.claim()
    grant = granted(world, claim, note="for your books")
    assert grant["fields"] == list(FIELDS) and grant["valid_until"] is None and grant["status"] == "active"
    assert (grant["grantor"], grant["participant"], grant["note"]) == (world.supplier.id, world.stranger.id, "for your books")
    shown = world.shown(claim, world.stranger)
    assert set(shown) == ALWAYS.union(*FIELDS.values())
    assert shown["invoice"] == claim["invoice"]


def test_two_grants_show_what_either_shows(world):
    claim = world.claim()
    first = granted(world, claim, fields=["amounts", "state"])
    second = granted(world, claim, fields=["state", "due_date"])
    assert set(world.shown(claim, world.stranger)) == ALWAYS | FIELDS["amounts"] | FIELDS["state"] | FIELDS["due_date"]
    revoke(first, world.supplier).ok()
    assert set(world.shown(claim, world.stranger)) == ALWAYS | FIELDS["state"] | FIELDS["due_date"]
    revoke(second, world.supplier).ok()
    world.see(claim, world.stranger).problem("not-found")


def test_a_grant_shows_its_claim_to_nobody_else_and_no_other_claim(world):
    claim, other = world.claim(gross="50.00"), world.claim()
    granted(world, claim)
    world.see(other, world.stranger).problem("not-found")
    world.see(claim, world.third).problem("not-found")
    first, second = world.split(claim, "20.00", "30.00").ok(201)["claims"]
    for part in (first, second):
        world.see(part, world.stranger).problem("not-found")
    assert world.shown(claim, world.stranger)["life"] == "split"
    tree = world.stranger.get(f"/v1/claims/{claim['id']}/lineage").ok()["items"]
    assert [set(item) for item in tree[1:]] == [{"id", "parent", "hop", "life"}] * 2


def test_filters_say_nothing_that_a_grant_keeps(world):
    claim = world.claim(gross="123.45")
    granted(world, claim, fields=["due_date"])
    due = claim["due_date"]
    assert claim["id"] in listed(world.stranger, f"part=granted&due_from={due}&due_to={due}")
    parties = (f"debtor={world.debtor.id}", f"creditor={world.supplier.id}")
    state = ("life=confirmed", "encumbrance=free", "locked=false", "hop_max=9")
    for query in (*parties, *state, "currency=CNY", "currency=CNY&amount_min=1.00"):
        assert claim["id"] not in listed(world.stranger, f"part=granted&{query}"), query
    totals = world.stranger.get("/v1/claims/totals?part=granted").ok()["items"]
    granted(world, claim, fields=["amounts", "debtor"])
    amount = "currency=CNY&amount_min=123.45&amount_max=123.45"
    assert claim["id"] in listed(world.stranger, f"part=granted&debtor={world.debtor.id}&{amount}")
    more = world.stranger.get("/v1/claims/totals?part=granted").ok()["items"]
    assert sum(item["count"] for item in more) == sum(item["count"] for item in totals) + 1


def test_a_revoked_grant_shows_nothing_any_more(world):
    claim = world.claim()
    grant = granted(world, claim)
    with world.registry.unchanged():
        revoke(grant, world.stranger).problem("not-permitted")
        revoke(grant, world.third).problem("not-found")
        revoke({"id": NOTHING}, world.supplier).problem("not-found")
        world.third.get(f"/v1/grants/{grant['id']}").problem("not-found")
    done = revoke(grant, world.supplier).ok()["grant"]
    assert done["status"] == "revoked" and done["revoked_at"]
    world.see(claim, world.stranger).problem("not-found")
    assert claim["id"] not in listed(world.stranger, "part=granted")
    assert status(world, grant, world.stranger) == "revoked"  # both sides still know that it was
    with world.registry.unchanged():
        revoke(grant, world.supplier).problem("wrong-state")


def test_a_grant_ends_when_its_claim_is_passed_on(world):
    claim = world.claim()
    grant = granted(world, claim)
    world.transfer(claim, world.second).ok(201)
    assert status(world, grant) == "active"
    world.act(claim, "accept_transfer", world.second).ok()
    assert status(world, grant) == "ended"
    world.see(claim, world.stranger).problem("not-found")
    with world.registry.unchanged():
        world.grant(claim, world.third).problem("not-permitted")  # it is not the seller's any more
    granted(world, claim, who=world.second, fields=["amounts"])
    assert world.shown(claim, world.stranger)["access"] == "granted"


def test_a_grant_with_an_end_shows_nothing_after_it(own):
    claim = own.claim(days=300)
    brief = granted(own, claim, valid_until=own.registry.time_text(days=10))
    longer = granted(own, claim, own.third, fields=["state"], valid_until=own.registry.time_text(days=30))
    assert own.shown(claim, own.stranger)["access"] == own.shown(claim, own.third)["access"] == "granted"
    own.registry.restart(offset=11 * DAY)
    own.see(claim, own.stranger).problem("not-found")
    assert listed(own.stranger, "part=granted") == set() and listed(own.third, "part=granted") == {claim["id"]}
    assert (status(own, brief), status(own, longer)) == ("expired", "active")
    assert revoke(brief, own.supplier).ok()["grant"]["status"] == "revoked"
    granted(own, claim)
    assert own.shown(claim, own.stranger)["access"] == "granted"


def test_each_side_lists_its_grants(own):
    claim = own.claim()
    grants = [granted(own, claim, to)["id"] for to in (own.stranger, own.third, own.stranger)]
    given = own.supplier.get("/v1/grants").ok()["items"]
    assert [grant["id"] for grant in given] == grants[::-1]
    received = own.stranger.get("/v1/grants?part=received").ok()["items"]
    assert [grant["id"] for grant in received] == [grants[2], grants[0]]
    assert own.stranger.get("/v1/grants?part=given").ok()["items"] == []
    first = own.supplier.get("/v1/grants?limit=2").ok()
    rest = own.supplier.get(f"/v1/grants?limit=2&cursor={first['next_cursor']}").ok()
    assert [grant["id"] for grant in first["items"] + rest["items"]] == grants[::-1] and rest["next_cursor"] is None


def test_a_grant_and_its_end_are_entries_that_both_sides_read(world):
    claim = world.claim()
    answer = world.grant(claim, world.stranger, fields=["invoice", "amounts"])
    made = answer.ok(201)
    assert answer.headers["location"] == f"/v1/grants/{made['grant']['id']}"
    ended = revoke(made["grant"], world.supplier).ok()
    for done, kind in ((made, "grant.made"), (ended, "grant.revoked")):
        for who in (world.supplier, world.stranger):
            entry = who.get(f"/v1/entries/{done['receipt']['seq']}").ok()
            assert entry["type"] == kind and entry["facts"]["grant_id"] == made["grant"]["id"]
        assert "facts" not in world.debtor.get(f"/v1/entries/{done['receipt']['seq']}").ok()
    assert sorted(made["grant"]["fields"]) == ["amounts", "invoice"]


def test_who_may_grant_what_to_whom(world):
    claim, paid = world.claim(), world.claim()
    world.pay(paid, paid["face_amount"]).ok(201)
    with world.registry.unchanged():
        world.grant(claim, world.stranger, world.debtor).problem("not-permitted")
        world.grant(claim, world.third, world.stranger).problem("not-found")
        world.grant(claim, world.supplier).problem("not-permitted")
        world.grant(claim, type("Nobody", (), {"id": NOTHING})).problem("not-found")
        world.grant(NOTHING, world.stranger).problem("not-found")
        world.grant(paid, world.stranger).problem("wrong-state")


@pytest.mark.parametrize(
    "members, fault",
    [
        ({"fields": []}, ("not_a_list", "/fields")),
        ({"fields": "amounts"}, ("not_a_list", "/fields")),
        ({"fields": ["amounts", "price"]}, ("unknown_value", "/fields/1")),
        ({"fields": ["amounts", "amounts"]}, ("duplicate", "/fields/1")),
        ({"fields": ["amounts", 3]}, ("unknown_value", "/fields/1")),
        ({"valid_until": "tomorrow"}, ("malformed_time", "/valid_until")),
        ({"valid_until": "2020-01-01T00:00:00Z"}, ("out_of_range", "/valid_until")),
        ({"note": ""}, ("empty", "/note")),
        ({"hurry": 1}, ("unknown_field", "/hurry")),
        ({"participant": "me"}, ("malformed_id", "/participant")),
    ],
)
def test_malformed_grants_are_named(world, members, fault):
    claim = world.claim()
    with world.registry.unchanged():
        answer = world.supplier.post("/v1/grants", {"claim": claim["id"], "participant": world.stranger.id, **members}, bad=True)
        answer.problem("invalid-fields", fault)


# ---- is this invoice registered or financed? ----


def question(world, claim, **changes):
    invoice = claim["invoice"]
    asked = {
        "seller": {"participant": world.supplier.id}, "buyer": {"participant": world.debtor.id}, "number": invoice["number"],
        "issue_date": invoice["issue_date"], "currency": claim["currency"], "gross_amount": invoice["gross_amount"],
    }  # fmt: skip
    return {**asked, **changes}


def check(world, asked, who=None):
    answer = (who or world.factor).post("/v1/checks", asked).ok()["check"]
    return answer["registered"], answer["financed"]


def test_a_lender_learns_yes_or_no_and_nothing_else(world):
    claim = world.claim(gross="4321.00")
    asked = question(world, claim)
    answer = world.factor.post("/v1/checks", asked).ok()
    assert set(answer["check"]) == {"registered", "financed", "checked_at"}
    assert check(world, asked) == (True, False)
    assert check(world, {**asked, "number": "NO-SUCH-1"}) == (False, False)
    assert check(world, {**asked, "gross_amount": "4321.01"}) == (False, False)
    assert check(world, {**asked, "currency": "EUR"}) == (False, False)
    day = datetime.date.fromisoformat(asked["issue_date"]) - datetime.timedelta(days=1)
    assert check(world, {**asked, "issue_date": day.isoformat()}) == (False, False)
    assert check(world, {**asked, "seller": asked["buyer"], "buyer": asked["seller"]}) == (False, False)
    assert check(world, {**asked, "seller": {"participant": NOTHING}}) == (False, False)
    by_number = {"seller": {"identifiers": world.supplier.identifiers}, "buyer": {"identifiers": world.debtor.identifiers}}
    assert check(world, {**asked, **by_number}) == (True, False)
    assert check(world, {**asked, "seller": {"identifiers": {"tax_id": "UNKNOWN-77"}}}) == (False, False)
    world.see(claim, world.factor).problem("not-found")


def test_the_question_is_an_entry_that_only_its_lender_reads(world):
    claim = world.claim()
    done = world.factor.post("/v1/checks", question(world, claim)).ok()
    entry = world.factor.get(f"/v1/entries/{done['receipt']['seq']}").ok()
    assert entry["type"] == "invoice.checked" and entry["facts"]["by"] == world.factor.id
    for who in (world.supplier, world.debtor, world.lender, world.operator):
        assert "facts" not in who.get(f"/v1/entries/{done['receipt']['seq']}").ok()
    assert "invoice.checked" not in {item["type"] for item in world.history(claim, world.supplier)}


def test_registered_and_financed_follow_what_happens(world):
    held = world.registry.invoice(invoice_payee={"name": "Elsewhere", "identifiers": {"tax_id": "E1"}})
    world.supplier.submit(held).ok(202)
    pending = {name: held["invoice"][name] for name in ("number", "issue_date", "currency", "gross_amount")}
    sides = {"seller": {"participant": world.supplier.id}, "buyer": {"participant": world.debtor.id}}
    assert check(world, {**pending, **sides}) == (True, False)
    claim = world.claim(gross="900.00")
    asked = question(world, claim)
    part, _ = world.split(claim, "300.00", "600.00").ok(201)["claims"]
    request = world.ask(part["id"]).ok(201)["request"]["id"]
    offer = world.offer(request).ok(201)["offer"]["id"]
    assert check(world, asked) == (True, False)
    financing = world.supplier.post(f"/v1/offers/{offer}/accept").ok(201)["financing"]["id"]
    assert check(world, asked) == (True, True)
    world.lender.post(f"/v1/financings/{financing}/cancel").ok()
    assert check(world, asked) == (True, False)


@pytest.mark.parametrize("kind", ("sale", "pledge"))
def test_a_settled_claim_is_financed_no_more(world, kind):
    claim = world.claim(gross="700.00")
    request = world.ask(claim["id"]).ok(201)["request"]["id"]
    offer = world.offer(request, kind).ok(201)["offer"]["id"]
    financing = world.supplier.post(f"/v1/offers/{offer}/accept").ok(201)["financing"]["id"]
    world.lender.post(f"/v1/financings/{financing}/disburse", {"bank_reference": "FT-1"}).ok()
    world.pay(claim, "100.00").ok(201)
    assert check(world, question(world, claim)) == (True, True)
    world.pay(claim, "600.00").ok(201)
    shown = world.shown(claim)
    assert shown["life"] == "settled" and shown["encumbrance"] == ("sold" if kind == "sale" else "pledged")
    assert check(world, question(world, claim)) == (True, False)


def test_a_voided_invoice_is_registered_no_more(world):
    claim = world.claim()
    proposal = world.supplier.post("/v1/proposals", {"claim": claim["id"], "kind": "void"}).ok(201)["proposal"]["id"]
    assert check(world, question(world, claim)) == (True, False)
    world.debtor.post(f"/v1/proposals/{proposal}/accept").ok()
    assert check(world, question(world, claim)) == (False, False)


def test_only_lenders_ask(world):
    claim = world.claim()
    with world.registry.unchanged():
        for who in (world.supplier, world.debtor, world.bank, world.court, world.operator, world.stranger):
            who.post("/v1/checks", question(world, claim)).problem("not-permitted")


def test_the_policy_bounds_a_lenders_questions_a_day(own):
    own.registry.policy(checks_per_day=3)
    claim = own.claim(days=300)
    own.at(own.registry.moment().date() + datetime.timedelta(days=1))  # well before midnight
    for _ in range(3):
        assert check(own, question(own, claim)) == (True, False)
    with own.registry.unchanged():
        answer = own.factor.post("/v1/checks", question(own, claim))
        answer.problem("rate-limited")
        assert 0 < int(answer.headers["retry-after"]) <= DAY
    assert check(own, question(own, claim), own.lender) == (True, False)  # another lender's day
    own.registry.policy(checks_per_day=4)
    assert check(own, question(own, claim)) == (True, False)
    own.factor.post("/v1/checks", question(own, claim)).problem("rate-limited")
    own.at(own.registry.moment().date() + datetime.timedelta(days=1))
    assert check(own, question(own, claim)) == (True, False)


@pytest.mark.parametrize(
    "changes, problem, faults",
    [
        ({"seller": {}}, "invalid-fields", [("required", "/seller")]),
        ({"seller": None}, "invalid-fields", [("required", "/seller")]),
        ({"seller": "me"}, "invalid-fields", [("not_an_object", "/seller"), ("required", "/seller")]),
        ({"issue_date": "2026-02-30"}, "invalid-fields", [("malformed_date", "/issue_date")]),
        ({"gross_amount": "1.0"}, "invalid-fields", [("wrong_scale", "/gross_amount")]),
        ({"gross_amount": "0.00"}, "amount-out-of-range", []),
        ({"currency": "XYZ"}, "invalid-fields", [("unknown_currency", "/currency")]),
        ({"number": ""}, "invalid-fields", [("empty", "/number")]),
        ({"hint": "yes"}, "invalid-fields", [("unknown_field", "/hint")]),
    ],
)
def test_malformed_questions_are_named(world, changes, problem, faults):
    claim = world.claim()
    with world.registry.unchanged():
        world.factor.post("/v1/checks", question(world, claim, **changes), bad=True).problem(problem, *faults)


# ---- ratings ----


def rate(world, who, rating, by=None, bad=False, **members):
    return (by or world.operator).post(f"/v1/participants/{who.id}/rating", {"rating": rating, **members}, bad=bad)


def test_a_rating_is_set_changed_and_removed_and_everyone_sees_it(world):
    debtor = world.registry.other_debtor
    assert world.stranger.get(f"/v1/participants/{debtor.id}").ok()["rating"] is None
    for rating, agency in (("AA+", "Northern Ratings"), ("A-1", None)):
        members = {"agency": agency} if agency else {}
        done = rate(world, debtor, rating, **members).ok()["participant"]
        assert done["rating"] == {"rating": rating, "agency": agency}
        assert world.stranger.get(f"/v1/participants/{debtor.id}").ok()["rating"] == done["rating"]
    assert rate(world, debtor, None).ok()["participant"]["rating"] is None
    with world.registry.unchanged():
        rate(world, debtor, None).problem("wrong-state")
        rate(world, debtor, "AAA", by=debtor).problem("not-permitted")
        rate(world, type("Nobody", (), {"id": NOTHING}), "AAA").problem("not-found")


def test_claims_are_found_by_their_debtors_rating(own):
    others = {rating: own.registry.register(f"Debtor {rating}", ["core_enterprise"]) for rating in ("AAA", "AA", "BB")}
    claims = {rating: own.claim(debtor)["id"] for rating, debtor in others.items()}
    unrated = own.claim()["id"]
    for rating, debtor in others.items():
        rate(own, debtor, rating).ok()
    for count in (1, 2, 3):
        for wanted in itertools.combinations(claims, count):
            assert listed(own.supplier, f"rating={','.join(wanted)}") == {claims[rating] for rating in wanted}
    assert listed(own.supplier, "rating=A") == set() and unrated in listed(own.supplier, "")
    rate(own, others["AA"], "AAA").ok()
    assert listed(own.supplier, "rating=AAA") == {claims["AAA"], claims["AA"]}


@pytest.mark.parametrize(
    "payload, faults",
    [
        ({}, [("required", "/rating")]),
        ({"rating": ""}, []),
        ({"rating": "A A"}, []),
        ({"rating": "A,B"}, []),
        ({"rating": "x" * 17}, []),
        ({"rating": 1}, []),
        ({"rating": None, "agency": "Northern"}, []),
    ],
)
def test_ratings_that_cannot_be(world, payload, faults):
    with world.registry.unchanged():
        path = f"/v1/participants/{world.registry.other_debtor.id}/rating"
        world.operator.post(path, payload, bad=True).problem("invalid-fields", *faults)


def test_whoever_was_shown_a_field_learns_no_other_by_asking_for_what_is_not_theirs(world):
    claim = world.claim()
    granted(world, claim, fields=["due_date"])
    answers = set()
    for offer in (False, True):
        if offer:
            world.transfer(claim, world.third).ok(201)
        with world.registry.unchanged():
            for verb in ("accept_transfer", "decline_transfer"):
                answers.add(world.act(claim, verb, world.stranger).problem("not-permitted")["detail"])
    assert len(answers) == 1, answers
