"""Reading: lists with filters and keyset cursors, single reads with ETag, histories, and 404 for what is not yours."""

import base64

import pytest

NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"


@pytest.fixture(scope="module")
def trade(registry):
    """Nine receivables of a supplier with two buyers and two currencies; every third confirmed."""
    registry.seller = registry.register("Catalogue Seller", ["supplier"])
    registry.buyer = registry.register("Catalogue Buyer", ["core_enterprise"])
    registry.buyer2 = registry.register("Second Catalogue Buyer", ["core_enterprise"])
    made = []
    for i in range(9):
        buyer = registry.buyer if i % 2 == 0 else registry.buyer2
        currency = "EUR" if i % 4 == 3 else "CNY"
        made.append(
            registry.registered(
                seller=registry.seller, buyer=buyer, number=f"CAT-{i}", gross=f"{100 + i}.00", days=10 + i, currency=currency
            )
        )
    for i in (0, 3, 6):
        buyer = registry.buyer if i % 2 == 0 else registry.buyer2
        made[i] = buyer.act(made[i], "confirm").ok()["receivable"]
    return made


def ids(answer):
    return [item["id"] for item in answer.ok()["items"]]


def listed(registry, query, who=None, path="/v1/receivables"):
    return ids((who or registry.seller).get(f"{path}?{query}"))


def test_a_list_is_newest_first_unless_asked_otherwise(registry, trade):
    newest_first = [r["id"] for r in reversed(trade)]
    assert listed(registry, "") == listed(registry, "order=desc") == newest_first
    assert listed(registry, "order=asc") == newest_first[::-1]


@pytest.mark.parametrize(
    "query, picks",
    [
        ("life=confirmed", [0, 3, 6]),
        ("life=registered&currency=CNY", [1, 2, 4, 5, 8]),
        ("currency=EUR", [3, 7]),
        ("currency=JPY", []),
        ("number=CAT-5", [5]),
        ("currency=CNY&amount_min=102.00&amount_max=104.00", [2, 4]),
        ("currency=CNY&amount_max=100.00", [0]),
        ("part=creditor", list(range(9))),
        ("part=debtor", []),
        ("life=withdrawn", []),
    ],
)
def test_a_list_is_filtered(registry, trade, query, picks):
    assert listed(registry, f"{query}&order=asc") == [trade[i]["id"] for i in picks]


def test_a_list_is_filtered_by_due_date_and_by_parties(registry, trade):
    day = registry.day
    assert listed(registry, f"due_from={day(12)}&due_to={day(14)}&order=asc") == [trade[i]["id"] for i in (2, 3, 4)]
    assert listed(registry, f"debtor={registry.buyer2.id}&order=asc") == [trade[i]["id"] for i in (1, 3, 5, 7)]
    assert len(listed(registry, f"creditor={registry.seller.id}&debtor={registry.buyer.id}")) == 5
    assert listed(registry, f"creditor={NOTHING}") == []


def test_each_side_sees_its_own(registry, trade):
    assert len(listed(registry, "", registry.buyer)) == 5
    assert listed(registry, "part=creditor", registry.buyer) == []
    assert listed(registry, f"creditor={registry.seller.id}", registry.lender) == []


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 4, 9])
def test_pages_make_up_the_whole_list(registry, trade, order, limit):
    whole = listed(registry, f"order={order}")
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = registry.seller.get(f"/v1/receivables?order={order}&limit={limit}" + (f"&cursor={cursor}" if cursor else "")).ok()
        assert 0 < len(page["items"]) <= limit
        seen += [item["id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert seen == whole and pages == -(-9 // limit)


def test_a_page_turned_while_others_register_misses_nothing_and_repeats_nothing(registry):
    seller = registry.register("Busy Pages", ["supplier"])
    made = [registry.registered(seller=seller)["id"] for _ in range(4)]
    first = seller.get("/v1/receivables?limit=2").ok()
    registry.registered(seller=seller)
    second = seller.get(f"/v1/receivables?limit=2&cursor={first['next_cursor']}").ok()
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]


def test_claims_are_listed_by_part_and_filters(registry, trade):
    claims = [trade[i]["claim"] for i in (0, 3, 6)]
    get = lambda query, who: listed(registry, query, who, "/v1/claims")  # noqa: E731
    assert get("order=asc", registry.seller) == get("order=asc&part=holder", registry.seller) == claims
    assert get("part=creditor&order=asc", registry.seller) == claims
    assert get("part=debtor", registry.seller) == []
    assert get("part=debtor&order=asc", registry.buyer) == [claims[0], claims[2]]
    assert get("part=holder", registry.buyer) == []
    assert get("currency=EUR", registry.seller) == [claims[1]]
    assert get(f"debtor={registry.buyer2.id}", registry.seller) == [claims[1]]
    assert get(f"due_from={registry.day(11)}&due_to={registry.day(14)}", registry.seller) == [claims[1]]
    assert get("life=confirmed&order=asc", registry.seller) == claims
    assert get("", registry.lender) == []


def cursor(number):
    """As lists have them, of a row that nothing can have."""
    return base64.urlsafe_b64encode(f"v1:{number}".encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query, parameter",
    [
        ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=ten", "limit"), ("limit=1e2", "limit"), ("limit=-1", "limit"),
        ("limit=", "limit"), ("cursor=nonsense!", "cursor"), ("cursor=AAAA", "cursor"), ("life=dead", "life"),
        ("part=holder", "part"), ("currency=cny", "currency"), ("creditor=me", "creditor"), ("due_from=2026-02-30", "due_from"),
        ("due_to=tomorrow", "due_to"), ("amount_min=1.00", "amount_min"), ("currency=CNY&amount_max=1.5", "amount_max"),
        ("order=random", "order"), ("colour=red", "colour"), ("life=held&life=held", "life"), ("LIMIT=5", "LIMIT"),
        ("offset=5", "offset"), *((f"cursor={cursor(number)}", "cursor") for number in (-1, 2**60, 2**63 - 1, 2**63, 2**63 + 99, 2**64, 10**60)),
    ],
)  # fmt: skip
def test_a_faulty_query_names_its_parameter(registry, query, parameter):
    problem = registry.supplier.get(f"/v1/receivables?{query}", bad=True).problem("bad-query")
    assert parameter in problem["detail"]


@pytest.mark.parametrize("path", ["/v1/me", "/v1/policy", "/v1/receivables/x", "/checkpoint", "/healthz", "/v1/claims"])
def test_parameters_a_resource_does_not_know_are_refused_not_ignored(registry, path):
    registry.supplier.get(f"{path}?pretty=1", bad=True).problem("bad-query")


# ---- single reads ----


def test_a_single_read_has_an_etag_and_can_be_asked_if_changed(registry):
    receivable, claim = registry.confirmed()
    held = registry.registered()
    paths = (
        f"/v1/receivables/{held['id']}", f"/v1/claims/{claim['id']}", f"/v1/participants/{registry.debtor.id}", "/v1/policy",
        "/v1/policy/1", "/v1/entries/0",
    )  # fmt: skip
    for path in paths:
        first = registry.supplier.get(path)
        etag = first.headers["etag"]
        assert etag.startswith('"') and etag.endswith('"') and len(etag) > 2
        same = registry.supplier.get(path, headers={"If-None-Match": etag})
        assert same.status == 304 and same.body == b"" and same.headers["etag"] == etag
        assert registry.supplier.get(path, headers={"If-None-Match": f'"x", {etag}'}).status == 304
        assert registry.supplier.get(path, headers={"If-None-Match": '"other"'}).status == 200
    path = f"/v1/receivables/{held['id']}"
    etag = registry.supplier.get(path).headers["etag"]
    registry.debtor.act(held, "confirm").ok()
    changed = registry.supplier.get(path, headers={"If-None-Match": etag})
    assert changed.status == 200 and changed.headers["etag"] != etag
    assert receivable["id"] != held["id"]


def test_what_a_participant_may_see_of_itself_has_its_own_etag(registry):
    """The same participant, seen with and without its standing, is not the same representation."""
    path = f"/v1/participants/{registry.debtor.id}"
    assert registry.debtor.get(path).headers["etag"] != registry.supplier.get(path).headers["etag"]


def anonymous(answer):
    """The problem without what names the request."""
    return {name: value for name, value in answer.json.items() if name != "instance"}


def test_what_is_not_yours_is_not_there(registry):
    receivable, claim = registry.confirmed()
    paths = [f"/v1/receivables/{receivable['id']}", f"/v1/claims/{claim['id']}"]
    paths += [f"{path}/history" for path in paths]
    for path in paths:
        assert registry.supplier.get(path).status == registry.debtor.get(path).status == 200
        for stranger in (registry.other_supplier, registry.other_debtor, registry.lender):
            theirs = stranger.get(path)
            theirs.problem("not-found")
            absent = stranger.get(path.replace(receivable["id"], NOTHING).replace(claim["id"], NOTHING))
            absent.problem("not-found")
            assert anonymous(theirs) == anonymous(absent), "nothing tells the two apart"


@pytest.mark.parametrize("identity", [NOTHING, "x", NOTHING.upper(), NOTHING[:-1], "%00", "..", "%2e%2e%2fpolicy"])
def test_ids_that_name_nothing_are_not_found(registry, identity):
    for kind in ("receivables", "claims", "participants", "reviews"):
        answer = registry.operator.get(f"/v1/{kind}/{identity}")
        assert answer.json["type"].rpartition(":")[2] in ("not-found", "bad-request"), answer.body


def test_a_history_tells_every_act_with_its_facts(registry):
    receivable, claim = registry.confirmed(gross="77.00", amount="70.00")
    items = registry.debtor.get(f"/v1/receivables/{receivable['id']}/history").ok()["items"]
    assert [item["type"] for item in items] == ["receivable.registered", "claim.accepted"]
    assert items == registry.supplier.get(f"/v1/claims/{claim['id']}/history").ok()["items"]
    first, second = (item["facts"] for item in items)
    assert first["receivable_id"] == receivable["id"] and first["by"] == registry.supplier.id
    assert first["gross_minor"] == 7700 and first["amount_minor"] == 7000 and first["currency"] == "CNY"
    assert first["creditor_id"] == registry.supplier.id and first["debtor_id"] == registry.debtor.id
    assert second["claim_id"] == claim["id"] and second["face_minor"] == 7000 and second["by"] == registry.debtor.id


def test_the_operator_sees_that_a_receivable_is_there_only_as_far_as_it_is_party(registry):
    """Neutral means: acts for nobody unseen. What it may read is decided by role, and reviews are its window."""
    receivable = registry.registered()
    answer = registry.operator.get(f"/v1/receivables/{receivable['id']}")
    assert answer.status in (200, 404)
    assert registry.operator.get(f"/v1/reviews/{receivable['id']}").ok()["id"] == receivable["id"]


@pytest.mark.parametrize("path", ["/v1/participants", "/v1/tokens", "/v1/reviews", "/v1/claims"])
def test_every_list_is_read_in_pages(registry, trade, path):
    registry.operator.issue_token()
    who = registry.seller if path == "/v1/claims" else registry.operator
    whole = [item["id"] for item in who.get(f"{path}?limit=1000").ok()["items"]]
    seen, cursor = [], ""
    while cursor is not None:
        page = who.get(f"{path}?limit=2" + (f"&cursor={cursor}" if cursor else "")).ok()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert len(whole) > 1 and seen == whole


def test_a_head_request_and_a_get_agree(registry):
    path = f"/v1/receivables/{registry.registered()['id']}"
    head = registry.request("HEAD", path, headers={"Authorization": f"Bearer {registry.supplier.token}"})
    shown = registry.supplier.get(path)
    assert head.status == 200 and head.body == b"" and head.headers["etag"] == shown.headers["etag"]
