"""Answers stay small however much there is to tell: histories and families in pages, certificates of what matters, lists by size."""

import pytest
from financing_world import World

NOTE = '"' * 1000  # the longest there is, and each byte of it becomes two
ANSWER_MAX = 2_000_000  # bytes


def path(claim, verb=""):
    identity = claim if isinstance(claim, str) else claim["id"]
    return f"/v1/claims/{identity}" + (f"/{verb}" if verb else "")


def people(registry, *roles):
    return [registry.register(f"Page {next(registry.serial)}", [role]) for role in roles]


def quarrel(who, claim, times, note="not agreed"):
    """Disputed and resolved again and again: two entries each time."""
    for _ in range(times):
        who.post(path(claim, "dispute"), {"reason": "other", "note": note}).ok()
        who.post(path(claim, "resolve"), {"note": note}).ok()


def hand_over(holder, claim, to):
    holder.post(path(claim, "transfer"), {"recipients": [{"participant": to.id}]}).ok(201)
    to.post(path(claim, "accept_transfer")).ok()


def pages(who, base, query):
    """The list page by page."""
    cursor = None
    while True:
        page = who.get(f"{base}?{query}" + (f"&cursor={cursor}" if cursor else "")).ok()
        yield page
        cursor = page["next_cursor"]
        if cursor is None:
            return


# ---- histories ----


def test_histories_come_in_pages_from_either_end(registry):
    seller, debtor = people(registry, "supplier", "core_enterprise")
    receivable, claim = registry.confirmed(seller, debtor, gross="1000.00")
    quarrel(debtor, claim, 4)
    child = seller.post(path(claim, "split"), {"parts": [{"amount": "999.00"}, {"amount": "1.00"}]}).ok(201)["claims"][0]
    quarrel(seller, child, 3)
    for base, count in ((path(child, "history"), 17), (f"/v1/receivables/{receivable['id']}/history", None)):
        whole = debtor.get(f"{base}?limit=200").ok()["items"]
        numbers = [item["seq"] for item in whole]
        assert numbers == sorted(set(numbers)) and (count is None or len(numbers) == count)
        assert debtor.get(base).ok() == {"items": whole, "next_cursor": None}, "oldest first, fifty a page"
        for limit in (1, 2, 3, len(whole), len(whole) + 1):
            for order in ("asc", "desc"):
                told = list(pages(debtor, base, f"limit={limit}&order={order}"))
                assert all(len(page["items"]) == limit for page in told[:-1]) and len(told) == -(-len(whole) // limit)
                joined = [item for page in told for item in page["items"]]
                assert joined == (whole if order == "asc" else whole[::-1]), (limit, order)
        for limit in ("0", "201", "x"):
            debtor.get(f"{base}?limit={limit}", bad=True).problem("bad-query", ("out_of_range", "limit"))
        debtor.get(f"{base}?order=up", bad=True).problem("bad-query", ("unknown_value", "order"))
        debtor.get(f"{base}?cursor=nonsense").problem("bad-query", ("not_a_cursor", "cursor"))
    later = debtor.get(path(child, "history") + "?limit=2").ok()["next_cursor"]
    debtor.post(path(child, "dispute"), {"reason": "other"}).ok()
    rest = debtor.read_all(path(child, "history") + f"?limit=200&cursor={later}")
    assert rest[-1]["type"] == "claim.disputed" and len(rest) == 16, "what is new comes at the end of a walk begun before"


@pytest.fixture(scope="module")
def quarrelled(registry):
    """A claim with two hundred and forty entries of history, each with a long note."""
    seller, debtor = people(registry, "supplier", "core_enterprise")
    _, claim = registry.confirmed(seller, debtor, gross="1000.00")
    quarrel(debtor, claim, 120, NOTE)
    return seller, debtor, claim


def test_a_page_of_long_notes_has_a_bearable_size(quarrelled):
    _, debtor, claim = quarrelled
    base = path(claim, "history")
    answer = debtor.get(f"{base}?limit=200")
    assert len(answer.ok()["items"]) == 200 and len(answer.body) < ANSWER_MAX
    whole = debtor.read_all(f"{base}?limit=200")
    assert len(whole) == len({item["seq"] for item in whole}) == 242
    assert whole == debtor.read_all(base)


def test_a_certificate_leaves_quarrels_to_the_history(registry, quarrelled):
    _, debtor, claim = quarrelled
    answer = debtor.get(path(claim, "certificate"))
    paper = answer.ok()
    told = debtor.get(path(claim, "history") + "?limit=2").ok()["items"]
    last = debtor.get(path(claim, "history") + "?limit=1&order=desc").ok()["items"]
    assert [entry["seq"] for entry in paper["entries"]] == [item["seq"] for item in told + last]
    assert paper["entries_omitted"] == 0 and last[0]["type"] == "claim.dispute_resolved"
    assert len(answer.body) < 50_000


# ---- families and titles ----


@pytest.fixture(scope="module")
def stairs(registry):
    """A claim whose first part is divided again, seventy times."""
    seller, debtor = people(registry, "supplier", "core_enterprise")
    registry.policy(similar_within_days=0)
    receivable, claim = registry.confirmed(seller, debtor, gross="1000.00")
    steps = [claim]
    for step in range(1, 71):
        payload = {"parts": [{"amount": f"{1000 - step}.00"}, {"amount": "1.00"}]}
        steps.append(seller.post(path(steps[-1], "split"), payload).ok(201)["claims"][0])
    return seller, debtor, receivable, steps


def test_a_family_comes_in_pages(stairs):
    seller, debtor, _, steps = stairs
    base = path(steps[35], "lineage")
    whole = debtor.get(base).ok()
    assert whole["root"] == steps[0]["id"] and len(whole["items"]) == 141 and whole["next_cursor"] is None
    parents = {item["id"]: item["parent"] for item in whole["items"]}
    assert all(parents[step["id"]] == above["id"] for above, step in zip(steps, steps[1:]))
    assert whole["items"][0] == {**whole["items"][0], "id": steps[0]["id"], "parent": None, "face_amount": "1000.00"}
    for limit in (1, 2, 47, 140, 141, 1000):
        told = list(pages(debtor, base, f"limit={limit}"))
        assert all(page["root"] == whole["root"] for page in told) and len(told) == -(-141 // limit)
        assert [item for page in told for item in page["items"]] == whole["items"], limit
    debtor.get(f"{base}?limit=1001", bad=True).problem("bad-query", ("out_of_range", "limit"))
    debtor.get(f"{base}?cursor=AAAA").problem("bad-query", ("not_a_cursor", "cursor"))
    registry = seller.registry
    people(registry, "supplier")[0].get(f"{base}?limit=1001", bad=True).problem("not-found")


def test_a_long_title_is_certified_by_its_newest_entries(stairs):
    seller, _, _, steps = stairs
    paper = seller.get(path(steps[70], "certificate")).ok()
    kinds = [seller.registry.get(f"/v1/entries/{entry['seq']}").ok()["type"] for entry in paper["entries"]]
    assert kinds == ["claim.split"] * 64 and paper["entries_omitted"] == 8
    assert paper["entries"][-1]["seq"] == paper["claim"]["seq"]
    short = seller.get(path(steps[60], "certificate")).ok()
    assert len(short["entries"]) == 63 and short["entries_omitted"] == 0, "and the one that divided it"


# ---- what a certificate keeps to the parties of the time ----


def test_a_grantee_learns_of_a_pledge_but_not_whose_it_is(registry):
    world = World(registry)
    claim = world.claim()
    world.financed([claim], kind="pledge")
    grantees = [*people(registry, "supplier"), world.second]
    for friend in grantees:
        world.supplier.post("/v1/grants", {"claim": claim, "participant": friend.id}).ok(201)
        paper = friend.get(path(claim, "certificate")).ok()
        assert paper["claim"]["access"] == "granted" and paper["claim"]["encumbrance"] == "pledged"
        owner, pledgee = paper["interests"]
        assert (owner["kind"], owner["participant"]) == ("ownership", paper["claim"]["holder"])
        assert (pledgee["kind"], pledgee["participant"], pledgee["rank"]) == ("pledge", None, 2)
        assert all(entry["disclosures"] == [] for entry in paper["entries"])
    for party in (world.supplier, world.debtor, world.lender):
        interests = party.get(path(claim, "certificate")).ok()["interests"]
        assert [i["participant"] for i in interests] == [world.supplier.id, world.lender.id]


DEALINGS = ("lender", "financing", "request", "offered_to", "respond_by", "dispute", "order_reference", "notice")


def test_who_is_offered_a_claim_reads_nothing_of_earlier_dealings(registry):
    """Disputes, those who declined, and lenders that were given up stay among those who were parties then."""
    world = World(registry)
    seller, debtor = world.supplier, world.debtor
    declined, offered, court = people(registry, "supplier", "supplier", "authority")
    claim = world.claim()
    moments = {}

    def now(name):
        moments[name] = debtor.get(path(claim)).ok()["updated_at"]

    debtor.post(path(claim, "dispute"), {"reason": "other", "note": "the goods were wet"}).ok()
    now("disputed")
    debtor.post(path(claim, "resolve"), {"note": "dried"}).ok()
    seller.post(path(claim, "transfer"), {"recipients": [{"participant": declined.id}]}).ok(201)
    now("offered to another")
    declined.post(path(claim, "decline_transfer"), {}).ok()
    _, financing = world.reserved([claim])
    now("reserved")
    world.act(financing, "cancel").ok()
    court.post(path(claim, "freeze"), {"order_reference": "(2026) 17"}).ok()
    now("frozen")
    court.post(path(claim, "unfreeze"), {"order_reference": "(2026) 17"}).ok()
    seller.post(path(claim, "transfer"), {"recipients": [{"participant": offered.id}]}).ok(201)
    now("offered")
    for accepted in (False, True):
        for name, at in moments.items():
            theirs = debtor.get(path(claim, "certificate") + f"?at={at}").ok()
            answer = offered.get(path(claim, "certificate") + f"?at={at}")
            paper = answer.ok()
            if name == "offered":
                assert paper["claim"]["access"] == "full" and paper["claim"]["offered_to"] == offered.id
                continue
            assert paper["claim"]["access"] == "granted" and not set(DEALINGS) & set(paper["claim"]), name
            assert paper["claim"]["invoice"] is None and paper["claim"]["documents"] is None
            for member in ("holder", "outstanding_amount", "life", "encumbrance", "locks", "seq"):
                assert paper["claim"][member] == theirs["claim"][member], (name, member)
            told = {i["kind"]: i["participant"] for i in paper["interests"]}
            assert told == {"ownership": seller.id, **({"reservation": None} if name == "reserved" else {})}, name
            for secret in ("the goods were wet", declined.id, world.lender.id, "(2026) 17"):
                assert secret not in answer.text, (name, secret)
        if not accepted:
            offered.post(path(claim, "accept_transfer")).ok()
    assert offered.get(path(claim, "certificate")).ok()["claim"]["access"] == "full"
    theirs = debtor.get(path(claim, "certificate") + f"?at={moments['disputed']}").ok()
    assert theirs["claim"]["dispute"]["note"] == "the goods were wet"


# ---- lists ----


def test_a_request_shows_its_holder_the_fifty_best_offers(registry):
    world = World(registry)
    lenders = people(registry, *["lender"] * 4)
    request, _ = world.asked([world.claim()])
    made = []
    for place in range(56):
        rate = 90_000 - 1_000 * place if place % 2 else 30_000 + 1_000 * place
        offer = world.offer(request, lenders[place % 4], annual_rate_ppm=rate).ok(201)["offer"]
        made.append((float(offer["interest_amount"]) + float(offer["fee_amount"]), place, offer["id"]))
    target = f"/v1/financing_requests/{request['id']}"
    best = {identity for _, _, identity in sorted(made)[:50]}
    shown = [offer["id"] for offer in world.supplier.get(target).ok()["offers"]]
    assert shown == [identity for _, _, identity in made if identity in best], "in the order they were made"
    own = [offer["id"] for offer in lenders[1].get(target).ok()["offers"]]
    assert own == [identity for _, place, identity in made if place % 4 == 1]
    dearest = sorted(made)[-1]
    world.accept({"id": dearest[2]}).ok(201)
    shown = world.supplier.get(target).ok()["offers"]
    assert len(shown) == 50 and {"accepted", "lapsed"} == {offer["status"] for offer in shown}
    assert dearest[2] in [offer["id"] for offer in shown]


def test_lists_of_large_things_come_in_smaller_pages(registry):
    """A thousand are asked for; as many come as make an answer of bearable size, and the pages join."""
    seller, debtor, friend = people(registry, "supplier", "core_enterprise", "lender")
    _, claim = registry.confirmed(seller, debtor)
    given = []
    for _ in range(700):
        payload = {"claim": claim["id"], "participant": friend.id, "note": NOTE}
        given.append(seller.post("/v1/grants", payload).ok(201)["grant"]["id"])
    first = seller.get("/v1/grants?limit=1000")
    assert len(first.body) < ANSWER_MAX and 350 < len(first.ok()["items"]) < 700
    assert [grant["id"] for grant in seller.read_all("/v1/grants?limit=1000")] == given[::-1]
