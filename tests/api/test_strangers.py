"""What a dishonest or careless participant tries: look-alikes, other people's invoices, floods, borrowed jtis, late words."""

import json

import jws
import pytest
from contract import ROOT
from bearer import register as register_in_custody
from test_gateway import held, outcomes

PATH = "/v1/receivables"
DAY = 86400
PROTECTED_MAX = 16384  # characters of base64url
JSON_MAX = 256 * 1024  # bytes of an invoice in JSON
VALUES_MAX = 100_000  # of one JSON text


def slug(answer):
    assert answer.status >= 400, answer.body
    return answer.json["type"].rpartition(":")[2]


# ---- numbers that look like others ----


@pytest.mark.parametrize("invisible", ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u202e"], ids=ascii)
def test_a_number_with_characters_that_do_not_show_is_refused(registry, invisible):
    registry.registered(number=f"INV-7-{ord(invisible)}")
    paper = registry.invoice(number=f"INV-{invisible}7-{ord(invisible)}")
    with registry.unchanged():
        answer = registry.supplier.submit(paper, bad=True)
        answer.problem("invalid-fields", ("bad_character", "/invoice/number"))


@pytest.mark.parametrize(
    "number",
    [
        "RE\u20132026/42", "RE\u20142026/42", "RE\u20102026/42", "RE\u00b72026/42", "R\u00c9-2026/42", "RE\u0301-2026/42",
        "\uff32\uff25-\uff12\uff10\uff12\uff16/\uff14\uff12", "RE-2026/\u2463\u2461", "RE-2026/\u32b7",
        "RE-\u0662\u0660\u0662\u0666/\u0664\u0662", "RE-2026/0042",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_registered_number_disguised_and_on_another_date_is_held(registry, number):
    """Eight days away, so the likeness of amount and date is not what holds it."""
    seller = registry.register("Often Copied", ["supplier"])
    registry.registered(seller=seller, number="RE-2026/42", gross="4200.00", issued=20)
    held(registry, "invoice_similar", registry.invoice(seller=seller, number=number, gross="4200.00", issued=12), seller)


def test_the_same_sale_eight_days_away_under_another_number_is_no_look_alike(registry):
    """The counterpart of the story above."""
    seller = registry.register("Never Copied", ["supplier"])
    registry.registered(seller=seller, number="RE-2026/42", gross="4200.00", issued=20)
    made = registry.registered(seller=seller, number="RE-2026/43", gross="4200.00", issued=12)
    assert outcomes(made)["invoice_similar"] == "pass"


# ---- strangers ----

TELLING = {"invoice_unused", "invoice_similar", "debtor_not_stopped", "credit_line", "payee_is_seller"}


def asked_by_a_stranger(registry, paper):
    """The checks a third supplier is told of."""
    with registry.grows(1):
        problem = registry.other_supplier.submit(paper).problem("gateway-rejected")
    assert [fault["code"] for fault in problem["errors"]] == ["signer_is_party"], problem["errors"]
    checks = problem["receivable"]["review"]["checks"]
    assert not TELLING & {check["code"] for check in checks}, checks
    return checks


def test_a_stranger_learns_nothing_of_an_invoice_between_others(registry):
    debtor = registry.register("Watched Debtor", ["core_enterprise"])
    paper = registry.invoice(buyer=debtor)
    before = asked_by_a_stranger(registry, paper)
    receivable = registry.supplier.submit(paper).ok(201)["receivable"]
    assert asked_by_a_stranger(registry, paper) == before
    debtor.act(receivable, "confirm").ok()
    assert asked_by_a_stranger(registry, paper) == before
    assert asked_by_a_stranger(registry, {**paper, "part": "1/2", "amount": "1.00"}) == before


def test_a_stranger_learns_nothing_of_a_debtors_standing(registry):
    debtor = registry.register("Watched Standing", ["core_enterprise"])
    before = asked_by_a_stranger(registry, registry.invoice(buyer=debtor))
    path = f"/v1/participants/{debtor.id}"
    registry.operator.post(f"{path}/credit_line", {"currency": "CNY", "limit": "0.00"}).ok()
    assert asked_by_a_stranger(registry, registry.invoice(buyer=debtor)) == before
    registry.operator.post(f"{path}/stop", {"reason": "missed maturity"}).ok()
    assert asked_by_a_stranger(registry, registry.invoice(buyer=debtor)) == before


def test_a_strangers_attempt_does_not_use_the_invoice_up(registry):
    paper = registry.invoice()
    asked_by_a_stranger(registry, paper)
    made = registry.supplier.submit(paper).ok(201)["receivable"]
    assert set(outcomes(made).values()) == {"pass"}


# ---- too much ----


def test_a_protected_header_is_bounded(registry):
    supplier = registry.supplier
    empty = json.loads(supplier.sign(PATH, registry.invoice(), typ=""))
    room = PROTECTED_MAX * 3 // 4 - len(jws.b64url_decode(empty["protected"]))
    fits = supplier.sign(PATH, registry.invoice(), typ="x" * room)
    over = supplier.sign(PATH, registry.invoice(), typ="x" * (room + 1))
    assert len(json.loads(fits)["protected"]) == PROTECTED_MAX < len(json.loads(over)["protected"])
    with registry.unchanged():
        registry.send(PATH, over).problem("malformed-jws")
    registry.send(PATH, fits).ok(201)


def test_an_invoice_in_json_is_bounded(registry):
    text = jws.compact(registry.invoice())
    with registry.unchanged():
        registry.supplier.submit(text.ljust(JSON_MAX + 1), bad=True).problem("body-too-large")
        registry.supplier.submit(b" " * (JSON_MAX + 1 - len(text)) + text, bad=True).problem("body-too-large")
    registry.supplier.submit(text.ljust(JSON_MAX), bad=True).ok(201)


def test_the_values_of_a_json_text_are_bounded(registry):
    def with_values(count):
        return b'{"invoice":[' + b",".join([b"1"] * count) + b"]}"

    with registry.unchanged():
        assert len(with_values(VALUES_MAX + 1)) < JSON_MAX
        registry.supplier.submit(with_values(VALUES_MAX + 1), bad=True).problem("malformed-json")
        answer = registry.supplier.submit(with_values(VALUES_MAX - 10), bad=True)
        answer.problem("invalid-fields", ("not_an_object", "/invoice"))


def test_a_lenders_csv_is_refused_as_a_whole(registry):
    head = "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id"
    row = f"LE-1,{registry.day(-1)},{registry.day(30)},CNY,4711.00,{registry.supplier.id},{registry.debtor.id}"
    with registry.unchanged():
        registry.lender.submit(f"{head}\n{row}\n".encode(), cty="text/csv").problem("not-permitted")


# ---- a payable that pays another ----


def test_a_held_payable_is_seen_and_rejected_by_the_seller_it_names(registry):
    paper = registry.invoice()
    payee = {"name": "Elsewhere Factors", "identifiers": {"tax_id": "EF1"}}
    foreign = {"invoice": {**paper["invoice"], "payee": payee}}
    receivable = held(registry, "payee_is_seller", foreign, registry.debtor)
    assert receivable["submitted_by"] == "debtor"
    seen = registry.supplier.receivable(receivable["id"])
    assert seen["life"] == "held" and seen["creditor"] == registry.supplier.id
    listed = registry.supplier.get(f"{PATH}?life=held&limit=1000").ok()["items"]
    assert receivable["id"] in [item["id"] for item in listed]
    registry.other_supplier.get(f"{PATH}/{receivable['id']}").problem("not-found")
    with registry.unchanged():
        registry.supplier.act(receivable, "accept").problem("wrong-state")
        registry.other_supplier.act(receivable, "reject", {"reason": "other"}).problem("not-found")
    after = registry.supplier.act(receivable, "reject", {"reason": "differs_from_contract"}).ok()["receivable"]
    assert after["life"] == "rejected" and after["reason"] == "differs_from_contract"
    with registry.unchanged():
        registry.reviewer.post(f"/v1/reviews/{receivable['id']}/approve", {"note": "x"}).problem("wrong-state")
    assert registry.supplier.submit(paper).ok(201)["receivable"]["life"] == "registered"


# ---- jtis ----


def test_a_jti_belongs_to_the_participant_that_uses_it(registry):
    """Nobody can spoil another's command by using its jti first."""
    jti = jws.new_jti()
    bodies = [
        (who, who.sign(PATH, registry.invoice(seller=who), jti=jti)) for who in (registry.supplier, registry.other_supplier)
    ]
    answers = [registry.send(PATH, body) for _, body in bodies]
    for (who, body), answer in zip(bodies, answers):
        assert answer.ok(201)["receivable"]["creditor"] == who.id
        with registry.unchanged():
            again = registry.send(PATH, body)
            assert (again.status, again.body) == (201, answer.body)
            registry.send(PATH, who.sign(PATH, registry.invoice(seller=who), jti=jti)).problem("jti-reused")


def test_an_idempotency_key_stands_for_the_submission_header_too(registry):
    small = register_in_custody(registry, "Filing Workshop", ["supplier"], ["read", "submit"])
    text = (ROOT / "examples/invoices/ubl/suzhou-huadong.xml").read_text(encoding="utf-8")
    text = text.replace("91320594MA1WJ4QX8P", small.identifiers["uscc"]).replace("2026-11-09", registry.day(-1))
    key = jws.new_jti()

    def post(days, separators=None):
        overlay = {"buyer": registry.debtor.id, "due_date": registry.day(days)}
        header = json.dumps(overlay, separators=separators)
        return small.post(PATH, text.encode(), kind="application/xml", Submission=header, Idempotency_Key=key)

    first = post(40)
    assert first.ok(201)["receivable"]["due_date"] == registry.day(40)
    with registry.unchanged():
        again = post(40)
        assert (again.status, again.body) == (201, first.body)
        post(41).problem("jti-reused")
        small.post(PATH, text.encode(), kind="application/xml", Idempotency_Key=key).problem("jti-reused")
        assert post(40, (",", ":")).body == first.body, "blanks in the header say nothing"


# ---- late words ----


@pytest.mark.parametrize("silence, life", [("expire", "expired"), ("accept", "confirmed")])
def test_after_the_deadline_neither_side_takes_its_word_back(fresh, silence, life):
    """Whether or not the sweep at start has been: silence has spoken."""
    fresh.policy(after_deadline=silence)
    receivable, payable = fresh.registered(), fresh.debtor.submit(fresh.invoice()).ok(201)["receivable"]
    fresh.restart(offset=31 * DAY)
    for submitter, other, paper in ((fresh.supplier, fresh.debtor, receivable), (fresh.debtor, fresh.supplier, payable)):
        assert slug(other.act(paper, "reject", {"reason": "other"})) in ("wrong-state", "past-deadline")
        assert slug(submitter.act(paper, "withdraw")) in ("wrong-state", "past-deadline")
    fresh.operator.post("/v1/sweeps").ok()
    for paper in (receivable, payable):
        assert fresh.supplier.receivable(paper["id"])["life"] == life


@pytest.mark.parametrize("silence", ["expire", "accept"])
def test_at_the_very_deadline_neither_side_takes_its_word_back(fresh, silence):
    """A policy of no days at all: the deadline is over before any sweep after the one at start."""
    fresh.policy(after_deadline=silence, confirm_within_days=0)
    receivable = fresh.registered()
    assert slug(fresh.debtor.act(receivable, "reject", {"reason": "other"})) in ("wrong-state", "past-deadline")
    assert slug(fresh.supplier.act(receivable, "withdraw")) in ("wrong-state", "past-deadline")


# ---- participants that look like others ----


def application(**identifiers):
    return {"name": "Second Self", "roles": ["supplier"], "identifiers": identifiers, "public_key": jws.Key().public}


@pytest.mark.parametrize("disguise", ["DE\u200d909090902", "\uff24\uff25\u2010909090903", "de 9090\u0669\u0660904"], ids=ascii)
def test_a_tax_id_in_disguise_is_the_registered_one(registry, disguise):
    registry.register("First Self", ["supplier"], {"tax_id": "DE90909090" + disguise[-1]})
    with registry.unchanged():
        registry.operator.post("/v1/participants", application(tax_id=disguise), bad=True).problem("already-exists")


@pytest.mark.parametrize("invisible", ["\u200b", "\u00ad", "\u2060"], ids=ascii)
def test_a_tax_id_with_characters_that_do_not_show_is_refused(registry, invisible):
    paper = application(tax_id=f"DE{invisible}909090901")
    with registry.unchanged():
        problem = registry.operator.post("/v1/participants", paper, bad=True).problem("invalid-fields")
    found = [(fault["code"], fault["pointer"]) for fault in problem["errors"]]
    assert ("bad_character", "/identifiers/tax_id") in found, found


@pytest.mark.parametrize("disguise", ["D\u0415909090905", "\u0410\u0412\u0421905"], ids=ascii)
def test_a_tax_id_in_cyrillic_letters_is_none(registry, disguise):
    with registry.unchanged():
        answer = registry.operator.post("/v1/participants", application(tax_id=disguise), bad=True)
        answer.problem("invalid-fields", ("malformed_identifier", "/identifiers/tax_id"))


def test_long_unknown_names_are_not_echoed(registry):
    payload = {**registry.invoice(), "x" * 5000: 1}
    with registry.unchanged():
        answer = registry.supplier.post(PATH, payload, bad=True)
        answer.problem("invalid-fields")
    assert "x" * 100 not in answer.body.decode()
