"""What a liar, a snoop and a vandal try: look-alike numbers, other people's invoices, and requests made to cost."""

import json

import jws
import pytest
from test_custody import register as register_in_custody
from test_gateway import held, outcomes

PATH = "/v1/receivables"
PRIVATE = {"invoice_unused", "invoice_similar", "debtor_not_stopped", "credit_line", "payee_is_seller"}


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u2060", "\u200e", "\ufe0f", "\u3164"], ids=ascii)
def test_an_invisible_character_cannot_make_another_number(registry, hidden):
    paper = registry.invoice(number=f"HID-1{hidden}")
    with registry.unchanged():
        registry.supplier.post(PATH, paper).problem("invalid-fields", ("bad_character", "/invoice/number"))


@pytest.mark.parametrize(
    "number, look_alike",
    [
        ("LK-2026/0042", "LK-2026/42"),
        ("LK-2026-117", "LK\u20132026\u2013117"),
        ("LK-2026-118", "LK\u00b72026\u00b7118"),
        ("LK-2026-119", "\uff2c\uff2b-2026-119"),
        ("LK-2026-120", "L\u0301K-2026-120"),
        ("LK-2026-121", "LK-2026-\u0661\u0662\u0661"),
        ("LK-2026-\u2460", "LK-2026-1"),
    ],
    ids=ascii,
)
def test_a_look_alike_number_is_held(registry, number, look_alike):
    registry.registered(number=number, issued=20)
    held(registry, "invoice_similar", registry.invoice(number=look_alike, issued=2))


def test_a_stranger_learns_nothing_of_an_invoice(registry):
    """The answer to one who is neither seller nor buyer is the same whether the invoice is registered or not."""
    paper = registry.invoice()
    answers = []
    for _ in range(2):
        problem = registry.other_supplier.submit(paper).problem("gateway-rejected")
        assert [fault["code"] for fault in problem["errors"]] == ["signer_is_party"]
        answers.append(problem["receivable"]["review"]["checks"])
        registry.supplier.submit(paper)
    assert answers[0] == answers[1]
    assert not PRIVATE & {check["code"] for check in answers[0]}


def test_a_held_payable_can_be_seen_and_refused_by_the_seller_it_names(registry):
    paper = registry.invoice(invoice_payee={"name": "Somebody Else Ltd"})
    payable = held(registry, "payee_is_seller", paper, registry.debtor)
    assert registry.supplier.receivable(payable["id"])["life"] == "held"
    listed = registry.supplier.get(f"{PATH}?life=held&limit=1000").ok()["items"]
    assert payable["id"] in [item["id"] for item in listed]
    registry.other_supplier.get(f"{PATH}/{payable['id']}").problem("not-found")
    assert registry.supplier.act(payable, "reject", {"reason": "unrecognised"}).ok()["receivable"]["life"] == "rejected"
    del paper["invoice"]["payee"]
    registry.supplier.submit(paper).ok(201)


def test_a_jti_is_its_signers_own(registry):
    jti = jws.new_jti()
    registry.supplier.post(PATH, registry.invoice(), jti=jti).ok(201)
    registry.other_supplier.post(PATH, registry.invoice(seller=registry.other_supplier), jti=jti).ok(201)
    with registry.unchanged():
        registry.supplier.post(PATH, registry.invoice(), jti=jti).problem("jti-reused")


def test_an_oversized_protected_header_is_refused(registry):
    with registry.unchanged():
        registry.supplier.post(PATH, registry.invoice(), bad=True, submission={"k" * 20000: 1}).problem("malformed-jws")


def test_an_oversized_invoice_is_refused(registry):
    padded = json.dumps(registry.invoice()).encode() + b" " * (256 * 1024)
    with registry.unchanged():
        registry.supplier.post(PATH, padded, bad=True).problem("body-too-large")


def test_a_crowd_of_values_is_refused(registry):
    crowd = b'{"invoice":[' + b"[]," * 60000 + b"[]]}"
    with registry.unchanged():
        registry.supplier.post(PATH, crowd, bad=True).problem("malformed-json")


def test_long_unknown_names_are_not_echoed(registry):
    payload = {**registry.invoice(), "x" * 5000: 1}
    with registry.unchanged():
        answer = registry.supplier.post(PATH, payload, bad=True)
        answer.problem("invalid-fields")
    assert "x" * 100 not in answer.body.decode()


def test_who_may_not_submit_is_told_before_anything_is_read(registry):
    with registry.unchanged():
        registry.lender.post(PATH, b"number;what\n1;2\n", bad=True, cty="text/csv").problem("not-permitted")


def test_after_the_deadline_neither_side_can_undo_what_silence_said(fresh):
    """Between the deadline and the entry that records it, silence counts already."""
    fresh.policy(after_deadline="accept", confirm_within_days=1)
    receivable = fresh.registered(days=90)
    fresh.restart(offset=2 * 86400)
    for who, verb, payload in ((fresh.debtor, "reject", {"reason": "other"}), (fresh.supplier, "withdraw", {})):
        answer = who.act(receivable, verb, payload)
        assert answer.json["type"].rpartition(":")[2] in ("past-deadline", "wrong-state"), answer.body
    fresh.operator.post("/v1/sweeps", {}).ok()
    assert fresh.supplier.receivable(receivable["id"])["life"] == "confirmed"


def test_a_tax_number_in_other_letters_is_no_other_company(registry):
    registry.register("Plain Works", ["supplier"], {"tax_id": "DE998877665"})

    def again(tax_id):
        payload = {"name": "Twin", "roles": ["supplier"], "identifiers": {"tax_id": tax_id}, "custody": True}
        return registry.operator.post("/v1/participants", payload, bad=True)

    with registry.unchanged():
        again("DE 998.877-665").problem("already-exists", ("identifier_taken", "/identifiers/tax_id"))
        again("DE_998,877665").problem("already-exists", ("identifier_taken", "/identifiers/tax_id"))
        again("D\u0415998877665").problem("invalid-fields", ("malformed_identifier", "/identifiers/tax_id"))
    assert outcomes(registry.registered())["seller_identifiers"] == "pass"


def test_an_idempotency_key_covers_what_completes_the_file(registry):
    """The same file under the same key, but for another buyer, is another command."""
    small = register_in_custody(registry, "Key Reuse Ltd", ["supplier"], ["read", "submit"])
    row = f"IK-1,{registry.day(-1)},{registry.day(60)},CNY,4321.00\n"
    file = ("number,issue_date,due_date,currency,gross_amount\n" + row).encode()

    def send(buyer):
        header = {"Submission": json.dumps({"buyer": buyer.id}), "Idempotency-Key": "monthly-file-of-november-2026"}
        return small.post(PATH, file, bad=True, kind="text/csv", **header)

    first = send(registry.debtor).ok(200)
    assert first["registered"] == 1, first
    with registry.unchanged():
        assert send(registry.debtor).ok(200) == first
        send(registry.other_debtor).problem("jti-reused")
