"""After the walk: everything that anyone can read, held against the model."""

from answers import time_text
from claims import is_live
from life_walk import differences
from model import money

SAMPLE = 300


def same(what, expected, got):
    if expected != got:
        raise AssertionError(f"{what}: {differences('', expected, got)}"[:4000])


def read_all(walk, who, path):
    items, cursor = [], None
    while True:
        more = f"{'&' if '?' in path else '?'}limit=1000" + (f"&cursor={cursor}" if cursor else "")
        reply = walk.wire.get(who, path + more)
        assert reply.status == 200, (path, reply.body[:500])
        walk.wire.check("GET", path + more, None, None, reply)
        items += reply.json["items"]
        cursor = reply.json["next_cursor"]
        if not cursor:
            return items


def compare_list(walk, name, path, expected):
    """expected: id -> what this participant must be shown."""
    got = {item["id"]: item for item in read_all(walk, walk.people[name], path)}
    assert got.keys() == expected.keys(), (
        f"{name} {path}: lacks {list(expected.keys() - got.keys())[:3]}, has {list(got.keys() - expected.keys())[:3]} too much"
    )
    for identity, item in got.items():
        if item != expected[identity]:
            same(f"{name} {path} {identity} ({item.get('access')})", expected[identity], item)


def compare_claims(walk, name):
    model, who = walk.model, walk.people[name].id
    by_access = {"full": {}, "creditor": {}, "granted": {}}
    for c in model.claims.values():
        access = model.access(c, who)
        if access:
            by_access[access][c["id"]] = model.show_claim(c, who, access)
    party = {**by_access["full"], **by_access["creditor"]}
    compare_list(walk, name, "/v1/claims?part=any&order=asc", {**party, **by_access["granted"]})
    granted = [c for c in model.claims.values() if model.fields_granted(c, who) is not None]
    compare_list(walk, name, "/v1/claims?part=granted", {c["id"]: model.show_claim(c, who) for c in granted})
    held = {i: shown for i, shown in by_access["full"].items() if shown["holder"] == who}
    compare_list(walk, name, "/v1/claims?part=holder", held)
    compare_list(walk, name, "/v1/claims?part=debtor", {i: shown for i, shown in party.items() if shown["debtor"] == who})
    totals = {}
    for identity in held:
        c = model.claims[identity]
        count, face, outstanding = totals.get(c["currency"], (0, 0, 0))
        totals[c["currency"]] = (count + 1, face + c["face"], outstanding + c["outstanding"])
    expected = [
        {"currency": currency, "count": n, "face_amount": money(face, currency), "outstanding_amount": money(rest, currency)}
        for currency, (n, face, rest) in sorted(totals.items())
    ]
    got = walk.wire.get(walk.people[name], "/v1/claims/totals?part=holder").json["items"]
    same(f"totals of {name}", expected, sorted(got, key=lambda item: item["currency"]))


def compare_financing(walk, name):
    model, who = walk.model, walk.people[name].id
    lender = "lender" in model.parties[who]["roles"]
    programs = {p["id"]: model.show_program(p, who) for p in model.programs.values()}
    compare_list(walk, name, "/v1/programs", programs)
    mine = {r["id"]: model.show_request(r, who) for r in model.requests.values() if r["holder"] == who}
    compare_list(walk, name, "/v1/financing_requests?part=mine", mine)
    if lender:
        # Those that name the lender, and of those to any lender what is open.
        addressed = [
            r for r in model.requests.values()
            if r["holder"] != who and (who in r["lenders"] if r["lenders"] else r["status"] == "open")
        ]  # fmt: skip
        compare_list(walk, name, "/v1/financing_requests?part=addressed", {r["id"]: model.show_request(r, who) for r in addressed})
    offers = {o["id"]: model.show_offer(o) for o in model.offers.values() if o["lender"] == who}
    compare_list(walk, name, "/v1/offers", offers)
    for part in ("lender", "seller"):
        theirs = {f["id"]: model.show_financing(f) for f in model.financings.values() if f[part] == who}
        compare_list(walk, name, f"/v1/financings?part={part}", theirs)


def compare_rest(walk, name):
    model, who = walk.model, walk.people[name].id
    proposals = {p["id"]: model.show_proposal(p) for p in model.proposals.values() if who in p["signers"]}
    compare_list(walk, name, "/v1/proposals", proposals)
    for part, member in (("given", "grantor"), ("received", "participant")):
        grants = {g["id"]: model.show_grant(g) for g in model.grants.values() if g[member] == who}
        compare_list(walk, name, f"/v1/grants?part={part}", grants)
    shown = walk.wire.get(walk.people[name], "/v1/me").json["participant"]
    party = model.parties[who]
    assert shown["stopped"] == party["stopped"], name
    assert shown["rating"] == (party["rating"] and {"rating": party["rating"], "agency": None}), name
    assert shown["overdue_claims"] == len(model.unpaid_overdue(who)), name


def compare_payments(walk):
    model = walk.model
    payments = list(model.payments.values())
    for p in payments[:: max(1, len(payments) // SAMPLE)]:
        for name in ("operator", walk.random.choice(list(walk.people)), walk.by_id[p["recorded_by"]].name):
            who = walk.people[name]
            reply = walk.wire.get(who, f"/v1/payments/{p['id']}")
            if model.sees_payment(p, who.id):
                same(f"payment for {name}", model.show_payment(p, who.id), reply.json)
            else:
                assert reply.status == 404, (name, reply.body)


def compare_lineage(walk):
    """The tree of a claim: everyone who sees the claim sees its shape, and the amounts of what is his."""
    model, roots = walk.model, list(walk.model.trees)
    for root in roots[:: max(1, len(roots) // SAMPLE)]:
        who = walk.by_id[model.claims[root]["debtor"]]
        reply = walk.wire.get(who, f"/v1/claims/{root}/lineage?limit=1000").json
        assert reply["next_cursor"] is None
        got = [(item["id"], item["parent"], item["hop"], item["life"], item.get("outstanding_amount")) for item in reply["items"]]
        whole = [model.whole_view(c, who.id) for c in model.trees[root]]
        assert got == [(c["id"], c["parent"], c["hop"], c["life"], c["outstanding_amount"]) for c in whole], root


def compare_certificates(walk):
    """What the registry certifies of earlier times is what the model saw then; the stop list keeps no past."""
    for claim, at, size, view, lender in walk.snapshots[-SAMPLE:]:
        reply = walk.wire.get(walk.by_id[view["debtor"]], f"/v1/claims/{claim}/certificate?at={time_text(at)}")
        got = reply.json
        then = {**view, "access": "full"}
        for shown in (then, got["claim"]):
            shown["locks"] = [lock for lock in shown["locks"] if lock != "debtor_stopped"]
        same(f"certificate of {claim} at {time_text(at)}", then, got["claim"])
        assert got["as_of"] == time_text(at) and got["size"] == size, (claim, at, size, got["as_of"], got["size"])
        interests = {(one["kind"], one["participant"]) for one in got["interests"]}
        expected = {("ownership", view["holder"])}
        if lender:
            expected.add(("pledge" if view["encumbrance"] == "pledged" else "reservation", lender))
        assert interests == expected, (claim, got["interests"])


def compare_everything(walk):
    walk.model.now = walk.now()
    for name in walk.people:
        compare_claims(walk, name)
        compare_financing(walk, name)
        compare_rest(walk, name)
    compare_payments(walk)
    compare_lineage(walk)
    compare_certificates(walk)


def compare_entries(walk, entries):
    """The public ledger tells of each command by its type, in the model's order."""
    for seq, text in enumerate(entries):
        at = text.index('"type":"') + 8
        told = text[at : text.index('"', at)]
        assert walk.model.types.get(seq, told) == told, (seq, told, walk.model.types.get(seq))
    assert len(entries) == walk.model.entries


def live_claims(walk):
    return sum(is_live(c) for c in walk.model.claims.values())
