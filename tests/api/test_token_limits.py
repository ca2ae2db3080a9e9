"""How much one command with a token may commit: every row of the table in ledger/README.md, to the last unit; and that no
token gives more than it has."""

import json
import re
from decimal import Decimal

import jws
import pytest
from bearer import register
from bulk_world import plain, post
from contract import OPENAPI, ROOT

SCOPES = ["read", "submit", "confirm", "finance", "admin"]
README = (ROOT / "ledger" / "README.md").read_text(encoding="utf-8")
DOCUMENTED = set(re.findall(r"^\| (POST \S+) \|", README.split("<!-- stakes -->")[1].split("<!-- /stakes -->")[0], re.M))


class House:
    """A supplier, a core enterprise and a lender, all in custody. Money is CNY."""

    def __init__(self, registry):
        self.registry = registry
        self.supplier = register(registry, "Corner Workshop", ["supplier"], SCOPES)
        self.taker = register(registry, "Downstream Works", ["supplier"], SCOPES)
        self.debtor = register(registry, "Northgate Treasury", ["core_enterprise"], SCOPES)
        self.lender = register(registry, "Quayside Bank", ["lender"], SCOPES)

    def gross(self):
        return f"{20_000 + next(self.registry.serial)}.00"

    def paper(self, gross=None):
        return self.registry.invoice(seller=self.supplier, buyer=self.debtor, gross=gross or self.gross())

    def receivable(self, by=None, **how):
        return (by or self.supplier).post("/v1/receivables", self.paper(**how)).ok(201)["receivable"]

    def claim(self):
        return self.debtor.post(f"/v1/receivables/{self.receivable()['id']}/confirm").ok()["claim"]

    def offered(self):
        claim = self.claim()
        self.supplier.post(f"/v1/claims/{claim['id']}/transfer", {"recipients": [{"participant": self.taker.id}]}).ok(201)
        return claim

    def request(self):
        claim = self.claim()
        payload = {"claims": [claim["id"]], "pay_to": "ICBC 6222"}
        return claim, self.supplier.post("/v1/financing_requests", payload).ok(201)["request"]

    def terms(self, **changes):
        return {
            "kind": "sale", "recourse": False, "advance_rate_ppm": 500_000, "annual_rate_ppm": 0, "day_count": 360,
            "valid_until": self.registry.time_text(days=1), "disburse_within_minutes": 60, **changes,
        }  # fmt: skip

    def offer(self, **changes):
        claim, request = self.request()
        return claim, self.lender.post("/v1/offers", {"request": request["id"], **self.terms(**changes)}).ok(201)["offer"]

    def financing(self, **changes):
        claim, offer = self.offer(**changes)
        return claim, self.supplier.post(f"/v1/offers/{offer['id']}/accept").ok(201)["financing"]

    def disbursed(self, **changes):
        claim, financing = self.financing(**changes)
        self.lender.post(f"/v1/financings/{financing['id']}/disburse", {"bank_reference": "B"}).ok()
        return claim, financing

    def half(self, amount):
        return f"{Decimal(amount) / 2:.2f}"

    def proposal(self, kind, **members):
        claim = self.claim()
        payload = {"claim": claim["id"], "kind": kind, **members}
        return claim, self.supplier.post("/v1/proposals", payload).ok(201)["proposal"]


@pytest.fixture(scope="module")
def house(registry):
    registry.policy(similar_within_days=0)
    return House(registry)


# Each gives who acts, the path, the payload, the amount that counts, and the member that the problem names.


def submit(h):
    paper = h.paper()
    return h.supplier, "/v1/receivables", paper, paper["invoice"]["gross_amount"], "/invoice/gross_amount"


def submit_part(h):
    paper = {**h.paper(), "part": "1/2", "amount": "777.00"}
    return h.supplier, "/v1/receivables", paper, "777.00", "/amount"


def submit_payable(h):
    paper = h.paper()
    return h.debtor, "/v1/receivables", paper, paper["invoice"]["gross_amount"], "/invoice/gross_amount"


def confirm(h):
    receivable = h.receivable()
    return h.debtor, f"/v1/receivables/{receivable['id']}/confirm", {}, receivable["amount"], ""


def confirm_less(h):
    return h.debtor, f"/v1/receivables/{h.receivable()['id']}/confirm", {"amount": "1234.56"}, "1234.56", "/amount"


def accept(h):
    receivable = h.receivable(by=h.debtor)
    return h.supplier, f"/v1/receivables/{receivable['id']}/accept", {}, receivable["amount"], ""


def split(h):
    claim = h.claim()
    parts = [{"amount": "1.00"}, {"amount": f"{Decimal(claim['face_amount']) - 1:.2f}"}]
    return h.supplier, f"/v1/claims/{claim['id']}/split", {"parts": parts}, claim["face_amount"], ""


def transfer_whole(h):
    claim = h.claim()
    payload = {"recipients": [{"participant": h.taker.id}]}
    return h.supplier, f"/v1/claims/{claim['id']}/transfer", payload, claim["face_amount"], ""


def transfer_parts(h):
    payload = {"recipients": [{"participant": h.taker.id, "amount": "10.00"}, {"participant": h.lender.id, "amount": "20.50"}]}
    return h.supplier, f"/v1/claims/{h.claim()['id']}/transfer", payload, "30.50", "/recipients"


def accept_transfer(h):
    claim = h.offered()
    return h.taker, f"/v1/claims/{claim['id']}/accept_transfer", {}, claim["face_amount"], ""


def open_program(h):
    payload = {
        "name": "Standing", "kind": "sale", "recourse": False, "currency": "CNY", "debtors": [h.supplier.id],
        "tenor_max_days": 90, "amount_min": "1.00", "amount_max": "5000.00", "advance_rate_ppm": 800_000,
        "annual_rate_ppm": 40_000, "day_count": 360, "total_limit": "100000.00", "valid_until": h.registry.time_text(days=9),
    }  # fmt: skip
    return h.lender, "/v1/programs", payload, "100000.00", "/total_limit"


def request_financing(h):
    claims = [h.claim(), h.claim()]
    total = f"{sum(Decimal(claim['face_amount']) for claim in claims):.2f}"
    payload = {"claims": [claim["id"] for claim in claims], "pay_to": "ICBC 6222"}
    return h.supplier, "/v1/financing_requests", payload, total, "/claims"


def make_offer(h):
    claim, request = h.request()
    return h.lender, "/v1/offers", {"request": request["id"], **h.terms()}, h.half(claim["face_amount"]), ""


def accept_offer(h):
    claim, offer = h.offer()
    return h.supplier, f"/v1/offers/{offer['id']}/accept", {}, claim["face_amount"], ""


def disburse(h):
    claim, financing = h.financing()
    return h.lender, f"/v1/financings/{financing['id']}/disburse", {"bank_reference": "B"}, financing["net_amount"], ""


def release(h):
    claim, financing = h.disbursed(kind="pledge")
    return h.lender, f"/v1/financings/{financing['id']}/release", {}, claim["face_amount"], ""


def pay(h):
    payload = {"claim": h.claim()["id"], "amount": "321.00", "bank_reference": f"P-{next(h.registry.serial)}"}
    return h.debtor, "/v1/payments", payload, "321.00", "/amount"


def reverse(h):
    who, path, payload, _, _ = pay(h)
    payment = who.post(path, payload).ok(201)["payment"]
    return h.debtor, f"/v1/payments/{payment['id']}/reverse", {"reason": "typed wrongly"}, "321.00", ""


def propose_credit_note(h):
    return h.supplier, "/v1/proposals", {"claim": h.claim()["id"], "kind": "credit_note", "amount": "55.00"}, "55.00", "/amount"


def propose_void(h):
    claim = h.claim()
    return h.supplier, "/v1/proposals", {"claim": claim["id"], "kind": "void"}, claim["face_amount"], ""


def accept_credit_note(h):
    _, proposal = h.proposal("credit_note", amount="55.00")
    return h.debtor, f"/v1/proposals/{proposal['id']}/accept", {}, "55.00", ""


def accept_void(h):
    claim, proposal = h.proposal("void")
    return h.debtor, f"/v1/proposals/{proposal['id']}/accept", {}, claim["face_amount"], ""


ACTS = [
    submit, submit_part, submit_payable, confirm, confirm_less, accept, split, transfer_whole, transfer_parts, accept_transfer,
    open_program, request_financing, make_offer, accept_offer, disburse, release, pay, reverse, propose_credit_note, propose_void,
    accept_credit_note, accept_void,
]  # fmt: skip
COVERED = set()


def limited(house, who, limits):
    return who.issue_token(SCOPES, signer=house.registry.operator, amount_limits=limits)[0]


def hold_to_its_limit(house, who, path, payload, amount, pointer):
    below = f"{Decimal(amount) - Decimal('0.01'):.2f}"
    with house.registry.unchanged():
        for limits, named in (({"CNY": below, "EUR": "9999999.00"}, below), ({"EUR": "9999999.00"}, "0.00"), ({}, "0.00")):
            answer = who.post(path, payload, token=limited_token(house, who, limits))
            answer.problem("token-limit", ("above_token_limit", pointer))
            detail = answer.json["detail"]
            assert f"{amount} CNY" in detail and f"{named} CNY" in detail and (pointer[1:] or "the amount") in detail
    answer = who.post(path, payload, token=limited_token(house, who, {"CNY": amount}))
    assert answer.status in (200, 201), answer.body


TOKENS = {}


def limited_token(house, who, limits):
    """Issued beforehand, so that nothing is recorded meanwhile."""
    return TOKENS[who.id, json.dumps(limits)]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_a_token_commits_what_its_limit_allows_and_no_unit_more(house, act):
    who, path, payload, amount, pointer = act(house)
    below = f"{Decimal(amount) - Decimal('0.01'):.2f}"
    for limits in ({"CNY": below, "EUR": "9999999.00"}, {"EUR": "9999999.00"}, {}, {"CNY": amount}):
        TOKENS[who.id, json.dumps(limits)] = limited(house, who, limits)
    hold_to_its_limit(house, who, path, payload, amount, pointer)
    COVERED.add("POST " + re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "{id}", path))


def test_what_only_age_allows_is_limited_too(fresh):
    fresh.policy(similar_within_days=0, grace_days=0, default_after_days=5)
    h = House(fresh)
    written_off, (sold, financing) = h.claim(), h.disbursed(recourse=True)
    fresh.restart(offset=75 * 86400)
    fresh.operator.post("/v1/sweeps").ok()
    h.lender.post(f"/v1/financings/{financing['id']}/recourse").ok()
    for who, path, payload, claim in (
        (h.supplier, f"/v1/claims/{written_off['id']}/write_off", {"note": "lost"}, written_off),
        (h.lender, f"/v1/financings/{financing['id']}/repurchase", {"bank_reference": "R"}, sold),
    ):
        amount = claim["face_amount"]
        below = f"{Decimal(amount) - Decimal('0.01'):.2f}"
        for limits in ({"CNY": below, "EUR": "9999999.00"}, {"EUR": "9999999.00"}, {}, {"CNY": amount}):
            TOKENS[who.id, json.dumps(limits)] = limited(h, who, limits)
        hold_to_its_limit(h, who, path, payload, amount, "")


def test_the_table_names_every_command_that_can_be_refused_for_its_amount():
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    carriers = {"POST /v1/batches", "POST /v1/batch"}
    described = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "token-limit" in operation["x-problems"]
    }
    assert described - carriers == DOCUMENTED
    told = {"POST /v1/claims/{id}/write_off", "POST /v1/financings/{id}/repurchase"}
    assert COVERED | told == DOCUMENTED, "each row has its story"


def test_a_file_with_a_row_above_the_limit_is_refused_whole(house):
    registry, small = house.registry, house.supplier
    token = limited(house, small, {"CNY": "100.00"})
    head = "number,issue_date,due_date,currency,gross_amount,buyer_id\n"
    row = f"%s,{registry.day(-1)},{registry.day(30)},CNY,%s,{house.debtor.id}\n"
    rows = [row % ("L-1", "100.00"), row % ("L-2", "100.01")]
    with registry.unchanged():
        answer = small.post("/v1/receivables", (head + "".join(rows)).encode(), kind="text/csv", token=token)
        answer.problem("token-limit", ("above_token_limit", ""))
        assert answer.json["detail"].startswith("Row 3: 100.01 CNY")
    answer = small.post("/v1/receivables", (head + rows[0]).encode(), kind="text/csv", token=token).ok(200)
    assert answer["registered"] == 1


def test_what_puts_no_money_at_stake_needs_no_limit(house):
    receivable = house.receivable()
    token = limited(house, house.debtor, {})
    house.debtor.post(f"/v1/receivables/{receivable['id']}/reject", {"reason": "no_relation"}, token=token).ok()


def test_a_token_without_limits_has_none(house):
    _, token = house.debtor.issue_token(signer=house.registry.operator)
    assert token["amount_limits"] is None and token["issued_with"] is None and token["line"] == token["id"]


def test_a_token_shows_its_limits(house):
    limits = {"JPY": "5000", "CNY": "500000.00"}
    text, token = house.debtor.issue_token(signer=house.registry.operator, amount_limits=limits)
    assert token["amount_limits"] == limits
    assert house.debtor.get("/v1/me", token=text).ok()["token"]["amount_limits"] == limits
    assert token in house.debtor.read_all("/v1/tokens?limit=1000")


@pytest.mark.parametrize(
    "limits, fault",
    [
        ("500000.00", ("not_an_object", "/amount_limits")),
        ({"CNY": "5"}, ("malformed_amount", "/amount_limits/CNY")),
        ({"CNY": "-5.00"}, ("malformed_amount", "/amount_limits/CNY")),
        ({"JPY": "5.00"}, ("malformed_amount", "/amount_limits/JPY")),
        ({"CNY": 500}, ("not_a_string", "/amount_limits/CNY")),
        ({"CNY": None}, ("required", "/amount_limits/CNY")),
        ({"XXX": "5.00"}, ("unknown_currency", "/amount_limits/XXX")),
        ({"cny": "5.00"}, ("unknown_currency", "/amount_limits/cny")),
        ({f"A{a}{b}": "1" for a in "ABCDEF" for b in "ABCDEF"}, ("too_many", "/amount_limits")),
    ],
    ids=str,
)
def test_faulty_limits_are_refused(house, limits, fault):
    payload = {
        "participant": house.debtor.id, "token_sha256": "cd" * 32, "scopes": ["read"],
        "expires_at": house.registry.time_text(1), "amount_limits": limits,
    }  # fmt: skip
    with house.registry.unchanged():
        house.registry.operator.post("/v1/tokens", payload, bad=True).problem("invalid-fields", fault)


# ---- no token gives more than it has ----


def ask_for(house, issuer, **members):
    payload = {
        "participant": house.debtor.id, "token_sha256": jws.new_jti()[:2].encode().hex() * 16, "scopes": ["read"],
        "expires_at": house.registry.time_text(1), **members,
    }  # fmt: skip
    return house.debtor.post("/v1/tokens", payload, token=issuer)


@pytest.fixture(scope="module")
def officer(house):
    """A token that administers and confirms, up to an amount."""
    how = {"signer": house.registry.operator, "amount_limits": {"CNY": "1000.00", "EUR": "10.00"}, "days": 30}
    return house.debtor.issue_token(["read", "admin", "confirm"], **how)


@pytest.mark.parametrize(
    "members, pointer",
    [
        ({"amount_limits": {"CNY": "1.00"}, "scopes": ["read", "finance"]}, "/scopes"),
        ({"amount_limits": {"CNY": "1000.01"}}, "/amount_limits/CNY"),
        ({"amount_limits": {"CNY": "1.00", "USD": "0.01"}}, "/amount_limits/USD"),
        ({}, "/amount_limits"),
    ],
    ids=str,
)
def test_a_token_gives_no_more_than_it_has(house, officer, members, pointer):
    with house.registry.unchanged():
        ask_for(house, officer[0], **members).problem("wider-than-issuer", ("wider_than_issuer", pointer))


def test_a_token_gives_no_more_time_than_it_has(house, officer):
    with house.registry.unchanged():
        answer = ask_for(house, officer[0], amount_limits={}, expires_at=house.registry.time_text(31))
        answer.problem("wider-than-issuer", ("wider_than_issuer", "/expires_at"))


def test_what_a_token_gives_is_of_its_line(house, officer):
    text, issuer = officer
    made = ask_for(house, text, amount_limits={"CNY": "1000.00"}, scopes=["read", "confirm"]).ok(201)["token"]
    assert made["issued_with"] == issuer["id"] and made["line"] == issuer["line"] == issuer["id"]


def test_a_token_adds_no_key_of_ones_own(house):
    """With a key one would sign whatever no token may."""
    path = f"/v1/participants/{house.debtor.id}/keys"
    with house.registry.unchanged():
        house.debtor.post(path, {"public_key": jws.Key().public}).problem("wider-than-issuer")
    house.debtor.post(path, {"custody": True}).ok(201)




# ---- many at once ----


def test_each_item_of_a_batch_is_held_to_the_limit(house):
    token = limited(house, house.debtor, {"CNY": "1000.00"})
    receivables = [house.receivable() for _ in range(3)]
    items = [plain(f"/v1/receivables/{r['id']}/confirm", {"amount": a}) for r, a in zip(receivables, ("999.99", "1000.01", "1000.00"))]
    answer = post(house.registry, "independent", items, token=token)
    assert [r["status"] for r in answer.ok()["results"]] == [200, 403, 200]
    assert answer.json["results"][1]["problem"]["type"].endswith(":token-limit")
    items = [plain(f"/v1/receivables/{house.receivable()['id']}/confirm", {"amount": a}) for a in ("5.00", "1000.01")]
    with house.registry.unchanged():
        answer = post(house.registry, "atomic", items, token=token)
    assert any(r["problem"]["type"].endswith(":token-limit") for r in answer.json["results"])


def test_a_batch_holds_first_and_second_halves_too(house):
    firm = register(house.registry, "Batching Motors", ["core_enterprise"], SCOPES)
    firm.post(f"/v1/participants/{firm.id}/four_eyes", {"currency": "CNY", "above": "100.00"}).ok()
    other, _ = firm.issue_token(SCOPES, signer=house.registry.operator)
    receivables = [house.registry.registered(buyer=firm) for _ in range(2)]
    items = [plain(f"/v1/receivables/{r['id']}/confirm", {}) for r in receivables]
    said = post(house.registry, "atomic", items, token=firm.token).ok()["results"]
    assert [r["status"] for r in said] == [202, 202]
    again = post(house.registry, "independent", items, token=firm.token).ok()["results"]
    assert [r["problem"]["type"].rsplit(":", 1)[1] for r in again] == ["same-token", "same-token"]
    assert [r["status"] for r in post(house.registry, "atomic", items, token=other).ok()["results"]] == [200, 200]
