"""Reading claims: who sees what of one, lists with every filter and order, sums, the export, lineage, history, certificates."""

import csv
import io

import ledger
import pytest
from financing_world import World

NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"
GRANTED = {
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
ALWAYS = {"id", "access", "seq"}


def path(claim, verb=""):
    identity = claim if isinstance(claim, str) else claim["id"]
    return f"/v1/claims/{identity}" + (f"/{verb}" if verb else "")


def read(who, claim):
    return who.get(path(claim)).ok()


def listed(who, query="", base="/v1/claims"):
    """All items of a list, through its pages."""
    return who.read_all(f"{base}?{query}" if query else base)


def ids(items):
    return [item["id"] for item in items]


def split(holder, claim, *amounts):
    return holder.post(path(claim, "split"), {"parts": [{"amount": amount} for amount in amounts]}).ok(201)["claims"]


def hand_over(holder, claim, recipient):
    """A transfer of the whole, accepted."""
    holder.post(path(claim, "transfer"), {"recipients": [{"participant": recipient.id}]}).ok(201)
    return recipient.post(path(claim, "accept_transfer"), {}).ok()["claim"]


def grant(holder, claim, participant, **members):
    payload = {"claim": claim["id"], "participant": participant.id, **members}
    return holder.post("/v1/grants", payload).ok(201)["grant"]


def people(registry, *roles):
    return [registry.register(f"Reader {next(registry.serial)}", [role]) for role in roles]


@pytest.fixture(scope="module")
def chain(registry):
    """A claim of 1000 that its seller divided: 400 stays, 350 goes to a second tier, which passes it on; 250 is only offered."""
    seller, debtor, second, third, lender, friend = people(
        registry, "supplier", "core_enterprise", "supplier", "supplier", "lender", "lender"
    )
    registry.chain = (seller, debtor, second, third, lender, friend)
    receivable, root = registry.confirmed(seller, debtor, gross="1000.00", days=60, number="CHAIN-1")
    kept, passed, offered = split(seller, root, "400.00", "350.00", "250.00")
    hand_over(seller, passed, second)
    hand_over(second, passed, third)
    seller.post(path(offered, "transfer"), {"recipients": [{"participant": second.id}]}).ok(201)
    return {
        "receivable": receivable, "root": root, "kept": kept, "passed": passed, "offered": offered, "seller": seller, "debtor": debtor,
        "second": second, "third": third, "lender": lender, "friend": friend,
    }  # fmt: skip


# ---- one claim ----


def test_each_party_sees_its_claims_and_strangers_nothing(chain):
    seen = {
        "root": {"seller": "full", "debtor": "full"},
        "kept": {"seller": "full", "debtor": "full"},
        "passed": {"third": "full", "debtor": "full"},
        "offered": {"seller": "full", "debtor": "full", "second": "full"},
    }
    for name, whom in seen.items():
        for who in ("seller", "debtor", "second", "third", "lender", "friend"):
            answer = chain[who].get(path(chain[name]))
            if who in whom:
                assert answer.ok()["access"] == whom[who], (name, who)
            else:
                answer.problem("not-found")
    chain["seller"].get(path(NOTHING)).problem("not-found")
    chain["seller"].get("/v1/claims/nonsense", bad=True).problem("not-found")


def test_a_claim_tells_where_it_stands(chain):
    third, debtor = chain["third"], chain["debtor"]
    passed = read(third, chain["passed"])
    assert passed["holder"] == third.id and passed["debtor"] == debtor.id and passed["creditor"] == chain["seller"].id
    assert passed["hop"] == 2 and passed["parent"] == passed["root"] == chain["root"]["id"]
    assert passed["receivable"] == chain["receivable"]["id"]
    assert passed["face_amount"] == passed["outstanding_amount"] == "350.00"
    assert passed["notice"]["notified_at"] == passed["updated_at"] and passed["notice"]["acknowledged_at"] is None
    assert passed["invoice"] is None and passed["documents"] is None, "a divided claim does not show the invoice to its holders"
    assert read(debtor, passed)["invoice"] == {
        "number": "CHAIN-1", "issue_date": chain["receivable"]["invoice"]["issue_date"], "gross_amount": "1000.00",
    }  # fmt: skip
    offered = read(chain["second"], chain["offered"])
    assert offered["offered_to"] == chain["second"].id and offered["encumbrance"] == "offered" and offered["respond_by"]
    root = read(debtor, chain["root"])
    assert root["life"] == "split" and root["outstanding_amount"] == "0.00" and root["face_amount"] == "1000.00"


def test_the_first_seller_sees_all_but_who_holds_it_now(registry):
    seller, debtor, second = people(registry, "supplier", "core_enterprise", "supplier")
    _, claim = registry.confirmed(seller, debtor)
    assert claim["access"] == "full"
    hand_over(seller, claim, second)
    seen = read(seller, claim)
    assert seen["access"] == "creditor" and seen["invoice"]["number"]
    assert [seen[name] for name in ("holder", "lender", "financing", "request", "offered_to", "notice")] == [None] * 6
    assert seen["outstanding_amount"] == claim["outstanding_amount"] and seen["hop"] == 1
    second.post(path(claim, "dispute"), {"reason": "other"}).ok()
    assert read(seller, claim)["locks"] == ["disputed"] and read(seller, claim)["dispute"]["by"] is None
    assert read(debtor, claim)["dispute"]["by"] == second.id
    assert ids(listed(seller, "part=creditor")) == ids(listed(seller)) == [claim["id"]]
    assert listed(seller, "part=holder") == []


# ---- grants ----


def test_a_grant_shows_exactly_its_fields(registry):
    seller, debtor, friend, stranger = people(registry, "supplier", "core_enterprise", "lender", "lender")
    _, claim = registry.confirmed(seller, debtor)
    whole = read(seller, claim)
    for field, members in GRANTED.items():
        given = grant(seller, claim, friend, fields=[field])
        seen = read(friend, claim)
        assert set(seen) == ALWAYS | members, field
        assert seen == {**{name: whole[name] for name in members | {"id", "seq"}}, "access": "granted"}
        assert listed(friend) == listed(friend, "part=granted") == [seen]
        stranger.get(path(claim)).problem("not-found")
        seller.post(f"/v1/grants/{given['id']}/revoke", {}).ok()
        friend.get(path(claim)).problem("not-found")
        assert listed(friend) == []
    grant(seller, claim, friend, fields=["amounts"])
    grant(seller, claim, friend, fields=["debtor", "state"])
    both = read(friend, claim)
    assert set(both) == ALWAYS | GRANTED["amounts"] | GRANTED["debtor"] | GRANTED["state"]
    assert listed(friend, "currency=CNY") == listed(friend, f"debtor={debtor.id}&sort=amount&currency=CNY") == [both]


def test_grants_end_with_time_and_with_the_holder(registry):
    seller, debtor, friend, second = people(registry, "supplier", "core_enterprise", "lender", "supplier")
    _, claim = registry.confirmed(seller, debtor)
    given = grant(seller, claim, friend, note="for your eyes")
    assert given["status"] == "active" and given["fields"] == list(GRANTED) and given["note"] == "for your eyes"
    assert given["grantor"] == seller.id and given["participant"] == friend.id and given["claim"] == claim["id"]
    for who in (seller, friend):
        assert who.get(f"/v1/grants/{given['id']}").ok() == given
    debtor.get(f"/v1/grants/{given['id']}").problem("not-found")
    assert listed(seller, "part=given", "/v1/grants") == listed(friend, "part=received", "/v1/grants") == [given]
    assert listed(seller, "part=received", "/v1/grants") == listed(friend, "part=given", "/v1/grants") == []
    assert ids(listed(friend, "part=granted")) == [claim["id"]]
    hand_over(seller, claim, second)
    assert friend.get(f"/v1/grants/{given['id']}").ok()["status"] == "ended"
    friend.get(path(claim)).problem("not-found")
    assert listed(friend, "part=granted") == []


def test_grants_come_in_pages(registry):
    seller, debtor, friend = people(registry, "supplier", "core_enterprise", "lender")
    _, claim = registry.confirmed(seller, debtor)
    given = [grant(seller, claim, friend, fields=["amounts"])["id"] for _ in range(5)]
    assert ids(listed(seller, "limit=2", "/v1/grants")) == ids(listed(friend, "part=received&limit=2", "/v1/grants")) == given[::-1]
    seller.get("/v1/grants?part=mine", bad=True).problem("bad-query", ("unknown_value", "part"))


def test_a_filter_tells_nothing_that_a_grant_keeps(registry):
    """Each filter and order that speaks of a field leaves out the claims granted without it, whether it would match or not."""
    seller, debtor, friend = people(registry, "supplier", "core_enterprise", "lender")
    registry.operator.post(f"/v1/participants/{debtor.id}/rating", {"rating": "AA"}).ok()
    _, claim = registry.confirmed(seller, debtor, days=30, gross="500.00")
    questions = {
        "amounts": ["currency=CNY", "currency=CNY&amount_min=1.00", "currency=CNY&amount_max=900.00", "sort=amount&currency=CNY"],
        "due_date": [f"due_from={registry.day()}", f"due_to={registry.day(40)}", "sort=due_date", "sort=due_date&order=asc"],
        "debtor": [f"debtor={debtor.id}", "rating=AA", "rating=A,AA"],
        "creditor": [f"creditor={seller.id}"],
        "state": ["life=confirmed", "encumbrance=free", "locked=false"],
        "lineage": ["hop_max=0"],
    }
    for field in GRANTED:
        given = grant(seller, claim, friend, fields=[field])
        for asked, queries in questions.items():
            for query in queries:
                for part in ("", "&part=granted"):
                    found = ids(listed(friend, query + part))
                    assert found == ([claim["id"]] if asked == field else []), (field, query)
        assert ids(listed(friend)) == [claim["id"]]
        totals = friend.get("/v1/claims/totals").ok()["items"]
        assert len(totals) == (field == "amounts"), field
        seller.post(f"/v1/grants/{given['id']}/revoke", {}).ok()


# ---- lists ----


@pytest.fixture(scope="module")
def book(registry):
    """A lender's view: a supplier's thirty claims on two debtors, many alike, some passed on; every value comes several times."""
    registry.policy(similar_within_days=0)
    seller, one, two, second = people(registry, "supplier", "core_enterprise", "core_enterprise", "supplier")
    registry.operator.post(f"/v1/participants/{one.id}/rating", {"rating": "AA+", "agency": "Northern Ratings"}).ok()
    claims = []
    for i in range(30):
        currency = "EUR" if i % 5 == 4 else "CNY"
        debtor = two if i % 3 == 0 else one
        how = {"days": 20 + i % 4, "issued": 1 + i, "gross": f"{100 * (1 + i % 3)}.00", "currency": currency}
        _, claim = registry.confirmed(seller, debtor, **how)
        claims.append(claim)
    for claim in claims[:8]:
        hand_over(seller, claim, second)
    two.post(path(claims[9], "dispute"), {"reason": "value_differs"}).ok()
    return {"seller": seller, "one": one, "two": two, "second": second, "claims": [c["id"] for c in claims]}


def expected(book, who, test, key=None, descending=True):
    """The claims of the book that `who` sees and that pass the test, in order."""
    items = [read(book[who], identity) for identity in book["claims"]]
    items = [item for item in items if test(item)]
    if key:
        items.sort(key=key)
    return items[::-1] if descending else items


FILTERS = [
    ("", lambda c: True),
    ("currency=EUR", lambda c: c["currency"] == "EUR"),
    ("currency=JPY", lambda c: False),
    ("currency=CNY&amount_min=200.00", lambda c: c["currency"] == "CNY" and c["outstanding_amount"] >= "200.00"),
    ("currency=CNY&amount_max=200.00", lambda c: c["currency"] == "CNY" and c["outstanding_amount"] <= "200.00"),
    ("life=confirmed", lambda c: True),
    ("life=settled", lambda c: False),
    ("encumbrance=free", lambda c: True),
    ("encumbrance=pledged", lambda c: False),
    ("locked=true", lambda c: bool(c["locks"])),
    ("locked=false", lambda c: not c["locks"]),
    ("hop_max=0", lambda c: c["hop"] == 0),
    ("hop_max=1", lambda c: True),
]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("query, test", FILTERS, ids=[query or "all" for query, _ in FILTERS])
def test_a_list_is_filtered(book, query, test, order):
    found = listed(book["seller"], "&".join(part for part in (query, f"order={order}", "limit=4") if part))
    assert found == expected(book, "seller", test, descending=order == "desc")


def test_a_list_is_filtered_by_parties_rating_and_due_date(registry, book):
    one, two, seller = book["one"], book["two"], book["seller"]
    day = registry.day
    is_of = lambda who: lambda c: c["debtor"] == who.id  # noqa: E731
    assert listed(seller, f"debtor={two.id}") == expected(book, "seller", is_of(two))
    assert listed(seller, f"debtor={NOTHING}") == listed(seller, f"creditor={one.id}") == []
    assert listed(seller, "rating=AAA,AA%2B") == listed(seller, "rating=AA%2B") == expected(book, "seller", is_of(one))
    assert listed(seller, "rating=A,AA,AAA") == listed(seller, "rating=%2B") == []
    soon = lambda c: day(21) <= c["due_date"] <= day(22)  # noqa: E731
    assert listed(seller, f"due_from={day(21)}&due_to={day(22)}") == expected(book, "seller", soon)
    assert one.get(f"/v1/participants/{one.id}").ok()["rating"] == {"rating": "AA+", "agency": "Northern Ratings"}
    assert seller.get(f"/v1/participants/{two.id}").ok()["rating"] is None


@pytest.mark.parametrize("limit", [1, 3, 29, 30, 1000])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort, key", [("accepted_at", None), ("due_date", lambda c: c["due_date"]),
                                       ("amount&currency=CNY", lambda c: float(c["outstanding_amount"]))])  # fmt: skip
def test_pages_of_equal_values_lose_and_repeat_nothing(book, sort, key, order, limit):
    test = (lambda c: c["currency"] == "CNY") if "CNY" in sort else (lambda c: True)
    found = listed(book["seller"], f"sort={sort}&order={order}&limit={limit}")
    assert ids(found) == ids(expected(book, "seller", test, key, order == "desc"))


def test_parts_make_up_the_whole(book):
    seller, second, one = book["seller"], book["second"], book["one"]
    assert len(listed(seller, "part=creditor")) == len(listed(seller)) == 30
    assert len(listed(seller, "part=holder")) == 22
    assert ids(listed(second, "part=holder")) == ids(listed(second)) == book["claims"][:8][::-1]
    assert ids(listed(one, "part=debtor")) == ids(listed(one)) == [c["id"] for c in expected(book, "seller", lambda c: c["debtor"] == one.id)]
    for part in ("lender", "offered", "granted", "debtor"):
        assert listed(seller, f"part={part}") == []


def test_a_bad_question_is_refused_by_name(book):
    seller = book["seller"]
    for query, fault in [
        ("part=all", ("unknown_value", "part")),
        ("life=open", ("unknown_value", "life")),
        ("encumbrance=none", ("unknown_value", "encumbrance")),
        ("locked=1", ("unknown_value", "locked")),
        ("sort=holder", ("unknown_value", "sort")),
        ("amount_min=1.00", ("currency_missing", "amount_min")),
        ("sort=amount", ("currency_missing", "sort")),
        ("currency=CNY&amount_max=1", ("not_an_amount", "amount_max")),
        ("hop_max=-1", ("out_of_range", "hop_max")),
        ("rating=", ("out_of_range", "rating")),
        ("cursor=djE6NDA5Ng", ("not_a_cursor", "cursor")),
    ]:
        seller.get(f"/v1/claims?{query}", bad=True).problem("bad-query", fault)
    by_date = seller.get("/v1/claims?sort=due_date&limit=2").ok()["next_cursor"]
    for sort in ("accepted_at", "amount&currency=CNY"):
        seller.get(f"/v1/claims?sort={sort}&cursor={by_date}").problem("bad-query", ("not_a_cursor", "cursor"))
    for target in ("/v1/claims/totals", "/v1/claims.csv"):
        seller.get(f"{target}?limit=3", bad=True).problem("bad-query")
        seller.get(f"{target}?amount_min=1.00", bad=True).problem("bad-query", ("currency_missing", "amount_min"))
    seller.get("/v1/claims/totals?sort=due_date", bad=True).problem("bad-query")


def test_totals_are_the_sums_of_the_list(book):
    for query, test in FILTERS:
        items = expected(book, "seller", test)
        totals = book["seller"].get("/v1/claims/totals" + (f"?{query}" if query else "")).ok()["items"]
        assert [total["currency"] for total in totals] == sorted({item["currency"] for item in items})
        for total in totals:
            mine = [item for item in items if item["currency"] == total["currency"]]
            assert total["count"] == len(mine)
            for name in ("face_amount", "outstanding_amount"):
                assert total[name] == f"{sum(float(item[name]) for item in mine):.2f}"


def test_a_stopped_debtor_locks_its_claims(registry):
    seller, debtor = people(registry, "supplier", "core_enterprise")
    _, claim = registry.confirmed(seller, debtor)
    tag = seller.get(path(claim)).headers["etag"]
    assert seller.get(path(claim), headers={"If-None-Match": tag}).status == 304
    registry.operator.post(f"/v1/participants/{debtor.id}/stop", {"reason": "unpaid elsewhere"}).ok()
    seen = seller.get(path(claim), headers={"If-None-Match": tag}).ok()
    assert seen["locks"] == ["debtor_stopped"]
    assert listed(seller, "locked=true") == [seen] and listed(seller, "locked=false") == []
    registry.operator.post(f"/v1/participants/{debtor.id}/clear", {"reason": "paid"}).ok()
    assert read(seller, claim)["locks"] == [] and listed(seller, "locked=true") == []
    assert debtor.get(f"/v1/participants/{debtor.id}").ok()["overdue_claims"] == 0
    assert "overdue_claims" not in seller.get(f"/v1/participants/{debtor.id}").ok()


# ---- the export ----


def export(who, query=""):
    answer = who.get("/v1/claims.csv" + (f"?{query}" if query else ""))
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="claims.csv"'
    assert answer.body.endswith(b"\r\n") and answer.body.count(b"\n") == answer.body.count(b"\r\n")
    return list(csv.DictReader(io.StringIO(answer.text), strict=True))


def as_row(claim):
    """The members of a listed claim that the export has too."""
    shown = {name: "" if claim.get(name) is None else str(claim[name]) for name in (
        "id", "root", "parent", "hop", "origin", "receivable", "creditor", "debtor", "holder", "currency", "face_amount", "outstanding_amount",
        "paid_amount", "diluted_amount", "due_date", "life", "encumbrance", "lender", "accepted_at", "updated_at", "access",
    )}  # fmt: skip
    invoice = claim.get("invoice") or {"number": "", "issue_date": ""}
    return {**shown, "locks": " ".join(claim.get("locks", [])), "invoice_number": invoice["number"], "issue_date": invoice["issue_date"]}


def same_rows(rows, items):
    assert len(rows) == len(items)
    for row, item in zip(rows, items):
        assert {name: row[name] for name in as_row(item)} == as_row(item)


def test_the_export_is_the_list(book):
    for query, test in FILTERS:
        same_rows(export(book["seller"], query), expected(book, "seller", test))
    same_rows(export(book["seller"], "sort=due_date&order=asc"), expected(book, "seller", lambda c: True, lambda c: c["due_date"], False))
    row = export(book["one"], "part=debtor&order=asc")[0]
    assert row["debtor_name"].startswith("Reader ") and row["debtor_rating"] == "'AA+"[1:]
    assert export(book["seller"], "currency=JPY") == []
    book["seller"].registry.get("/v1/claims.csv").problem("unauthenticated")


def test_the_export_shows_what_a_grant_shows(chain):
    seller, friend = chain["seller"], chain["friend"]
    given = grant(seller, chain["kept"], friend, fields=["amounts", "state"])
    (row,) = export(friend)
    same_rows([row], listed(friend))
    assert row["outstanding_amount"] == "400.00" and row["holder"] == row["holder_name"] == row["debtor"] == row["accepted_at"] == ""
    seller.post(f"/v1/grants/{given['id']}/revoke", {}).ok()
    assert export(friend) == []


def test_the_export_holds_no_formulas(registry):
    seller = registry.register('@SUM("A1")', ["supplier"])
    (debtor,) = people(registry, "core_enterprise")
    for number in ("=1+1", "+49-30", "-2", "@x", 'A "quoted", number'):
        registry.confirmed(seller, debtor, number=number)
    rows = export(seller, "order=asc")
    assert [row["invoice_number"] for row in rows] == ["'=1+1", "'+49-30", "'-2", "'@x", 'A "quoted", number']
    assert {row["creditor_name"] for row in rows} == {"'@SUM(\"A1\")"}


def test_thousands_of_claims_are_exported_in_pages(registry, book):
    """Several of the export's pages, of claims that are equal in every order."""
    seller, debtor = people(registry, "supplier", "core_enterprise")
    for i in range(30):
        _, root = registry.confirmed(seller, debtor, gross="100.00", issued=1 + i)
        split(seller, root, *["1.00"] * 100)
    items = listed(debtor, "limit=1000")
    assert len(items) == len(set(ids(items))) == 3030
    same_rows(export(debtor), items)
    for query in ("sort=due_date&order=asc", "sort=amount&currency=CNY", "life=confirmed&order=asc"):
        rows = export(debtor, query)
        same_rows(rows, listed(debtor, query + "&limit=777"))
        assert len({row["id"] for row in rows}) == (3000 if "life" in query else 3030)
    (total,) = debtor.get("/v1/claims/totals").ok()["items"]
    assert total == {"currency": "CNY", "count": 3030, "face_amount": "6000.00", "outstanding_amount": "3000.00"}
    family = debtor.get(path(root, "lineage")).ok()
    assert len(family["items"]) == 101 and family["items"][0]["id"] == family["root"] == root["id"]


# ---- lineage and history ----


def test_the_lineage_shows_the_tree_and_of_others_only_its_shape(chain):
    whole = {"id", "parent", "hop", "life", "holder", "face_amount", "outstanding_amount"}
    shape = {"id", "parent", "hop", "life"}
    order = [chain[name]["id"] for name in ("root", "kept", "passed", "offered")]
    mine = {"debtor": {0, 1, 2, 3}, "seller": {0, 1, 3}, "third": {2}, "second": {3}}
    for who, places in mine.items():
        start = chain["passed"] if who == "third" else chain["offered"]
        family = chain[who].get(path(start, "lineage")).ok()
        assert family["root"] == order[0] and ids(family["items"]) == order
        for place, item in enumerate(family["items"]):
            assert set(item) == (whole if place in places else shape), (who, place)
        assert [item["parent"] for item in family["items"]] == [None] + order[:1] * 3
        assert [item["hop"] for item in family["items"]] == [0, 0, 2, 0]
        assert [item["life"] for item in family["items"]] == ["split", "confirmed", "confirmed", "confirmed"]
    chain["lender"].get(path(chain["kept"], "lineage")).problem("not-found")
    for fields, sees in ((["lineage"], True), (["amounts", "state"], False)):
        given = grant(chain["seller"], chain["kept"], chain["friend"], fields=fields)
        answer = chain["friend"].get(path(chain["kept"], "lineage"))
        if sees:
            assert all(set(item) == shape for item in answer.ok()["items"])
        else:
            answer.problem("not-found")
        chain["seller"].post(f"/v1/grants/{given['id']}/revoke", {}).ok()


def types(who, claim):
    return [entry["type"] for entry in who.read_all(path(claim, "history"))]


def test_a_history_goes_back_to_the_invoice_as_far_as_one_was_party_to_it(chain):
    line = ["receivable.registered", "claim.accepted", "claim.split"]
    assert types(chain["seller"], chain["kept"]) == line
    assert types(chain["debtor"], chain["passed"]) == line + ["claim.transferred", "claim.transferred"]
    title = types(chain["third"], chain["passed"])
    assert title[-1] == "claim.transferred" and {"claim.accepted", "claim.split"} <= set(title)
    history = chain["third"].get(path(chain["passed"], "history")).ok()["items"]
    facts = {entry["type"]: entry["facts"] for entry in history}
    assert "invoice_number" not in facts["claim.accepted"], "a later holder learns nothing of the invoice"
    parts = [name for name in facts["claim.split"] if name.startswith("part_")]
    assert parts == ["part_2"], "nor of the other parts"
    assert facts["claim.split"]["part_2"][0] == chain["passed"]["id"]


# ---- certificates ----


def certificate(who, claim, at=None):
    return who.get(path(claim, "certificate") + (f"?at={at}" if at else "")).ok()


def verify(paper, vkey, with_facts=True):
    """Everything a certificate says, from its own text and the log's public key."""
    head = ledger.open_checkpoint(paper["checkpoint"], vkey)
    assert paper["size"] <= head.size
    entries = {}
    for receipt in paper["entries"]:
        entry = ledger.parse_entry(receipt["entry"])
        leaf = ledger.leaf_hash(receipt["entry"].encode())
        index, hashes, note = ledger.parse_tlog_proof(receipt["proof"])
        assert receipt["leaf"] == leaf.hex() and index == entry["seq"] == receipt["seq"] and note == paper["checkpoint"]
        ledger.check_inclusion(leaf, index, head.size, head.root, hashes)
        assert entry["at"] <= paper["as_of"] and entry["seq"] < paper["size"]
        facts = ledger.open_disclosures(entry, receipt["disclosures"])
        assert with_facts or not facts
        entries[entry["seq"]] = (entry, facts, leaf)
    index, hashes, note = ledger.parse_tlog_proof(paper["proof"])
    assert note == paper["checkpoint"] and index == paper["claim"]["seq"] == max(entries)
    ledger.check_inclusion(entries[index][2], index, head.size, head.root, hashes)
    for rank, interest in enumerate(paper["interests"], 1):
        assert interest["rank"] == rank and interest["since"] <= paper["as_of"]
        if interest["seq"] in entries:
            assert entries[interest["seq"]][0]["at"] == interest["since"]
    return entries


def test_a_certificate_proves_the_claim_as_it_stands(registry, chain):
    third = chain["third"]
    paper = certificate(third, chain["passed"])
    assert paper["claim"] == read(third, chain["passed"])
    entries = verify(paper, registry.vkey)
    (ownership,) = paper["interests"]
    assert ownership["kind"] == "ownership" and ownership["participant"] == third.id
    assert ownership["seq"] == paper["claim"]["seq"] and ownership["notified_at"] == ownership["since"]
    kinds = [entry["type"] for entry, _, _ in entries.values()]
    assert kinds[-1] == "claim.transferred" and "claim.split" in kinds and "claim.accepted" in kinds
    title = next(facts for entry, facts, _ in entries.values() if entry["type"] == "claim.accepted")
    assert title["claim_id"] == paper["claim"]["root"] and "invoice_number" not in title
    own = certificate(chain["seller"], chain["kept"])
    assert own["interests"][0]["notified_at"] is None, "the debtor owed it to its seller from the start"
    verify(own, registry.vkey)


def test_a_certificate_ranks_the_rights_in_a_claim(registry):
    """Requested, reserved, pledged, released: as it is at each time, and once more looking back."""
    world = World(registry)
    claim = world.claim()
    request, _ = world.asked([claim], lenders=[world.lender.id], fields=["amounts", "due_date"])
    assert ids(listed(world.lender, "part=granted")) == [claim] and listed(world.second) == []
    assert set(read(world.lender, claim)) == ALWAYS | GRANTED["amounts"] | GRANTED["due_date"]
    financing = world.accept(world.offer(request, kind="pledge").ok(201)["offer"]).ok(201)["financing"]
    assert ids(listed(world.lender, "part=lender")) == ids(listed(world.lender)) == [claim]
    told = [certificate(world.supplier, claim)]
    world.disburse(financing).ok()
    told.append(certificate(world.lender, claim))
    world.act(financing, "release").ok()
    told.append(certificate(world.supplier, claim))
    rights = [[(i["kind"], i["participant"], i["notified_at"] is not None) for i in paper["interests"]] for paper in told]
    own = ("ownership", world.supplier.id, False)
    assert rights == [[own, ("reservation", world.lender.id, False)], [own, ("pledge", world.lender.id, True)], [own]]
    for paper, who in zip(told, (world.supplier, world.lender, world.debtor)):
        verify(paper, registry.vkey)
        again = certificate(who, claim, paper["as_of"])
        verify(again, registry.vkey)
        assert again["claim"] == paper["claim"] and again["interests"] == paper["interests"]
    world.lender.get(path(claim, "certificate")).problem("not-found")


def test_a_certificate_tells_how_it_was(registry, chain):
    """The same claim at every moment of its life, for its debtor, who saw it all."""
    debtor, passed = chain["debtor"], chain["passed"]
    history = debtor.get(path(passed, "history")).ok()["items"]
    holders = {"claim.split": chain["seller"], "claim.transferred": None}
    heirs = iter([chain["second"], chain["third"]])
    for entry in history:
        if entry["type"] not in holders:
            debtor.get(path(passed, "certificate") + f"?at={entry['at']}").problem("not-found")
            continue
        holder = holders[entry["type"]] or next(heirs)
        paper = certificate(debtor, passed, entry["at"])
        assert paper["claim"]["holder"] == holder.id and paper["claim"]["seq"] == entry["seq"], entry["type"]
        assert paper["interests"][0]["participant"] == holder.id and paper["as_of"] == entry["at"]
        verify(paper, registry.vkey)
    root = certificate(debtor, chain["root"], history[1]["at"])
    assert root["claim"]["life"] == "confirmed" and root["claim"]["outstanding_amount"] == "1000.00"
    assert root["interests"][0]["participant"] == chain["seller"].id
    verify(root, registry.vkey)


def test_a_past_holder_certifies_the_time_it_held(registry, chain):
    second, passed = chain["second"], chain["passed"]
    moved = [e for e in chain["debtor"].get(path(passed, "history")).ok()["items"] if e["type"] == "claim.transferred"]
    second.get(path(passed)).problem("not-found")
    second.get(path(passed, "certificate")).problem("not-found")
    second.get(path(passed, "certificate") + f"?at={moved[1]['at']}").problem("not-found")
    paper = certificate(second, passed, moved[0]["at"])
    assert paper["claim"]["holder"] == second.id and paper["claim"]["access"] == "full"
    verify(paper, registry.vkey)


def test_a_certificate_is_for_those_who_see_everything(registry):
    seller, debtor, friend, second = people(registry, "supplier", "core_enterprise", "lender", "supplier")
    _, claim = registry.confirmed(seller, debtor)
    before = registry.time_text()
    friend.get(path(claim, "certificate")).problem("not-found")
    given = grant(seller, claim, friend, fields=["amounts", "holder"])
    friend.get(path(claim, "certificate")).problem("not-found")
    seller.post(f"/v1/grants/{given['id']}/revoke", {}).ok()
    grant(seller, claim, friend)
    paper = certificate(friend, claim)
    assert paper["claim"] == read(friend, claim) and paper["claim"]["access"] == "granted"
    verify(paper, registry.vkey, with_facts=False)
    hand_over(seller, claim, second)
    grant(second, claim, friend)
    friend.get(path(claim, "certificate") + f"?at={before}").problem("not-found")
    assert certificate(friend, claim)["claim"]["holder"] == second.id
    assert certificate(seller, claim, before)["claim"]["holder"] == seller.id
    seller.get(path(claim, "certificate")).problem("not-found")


def test_a_certificate_needs_a_moment_that_was(registry, chain):
    debtor, kept = chain["debtor"], chain["kept"]
    base = path(kept, "certificate")
    debtor.get(f"{base}?at={registry.time_text(days=1)}").problem("bad-query", ("in_the_future", "at"))
    debtor.get(f"{base}?at=2020-01-01T00:00:00Z").problem("not-found")
    debtor.get(f"{base}?at=yesterday", bad=True).problem("bad-query", ("not_a_time", "at"))
    debtor.get(path(NOTHING, "certificate")).problem("not-found")
