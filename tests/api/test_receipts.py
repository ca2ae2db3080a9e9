"""Receipts: what each accepted command's answer proves, and that nothing of it can be bent. (Every other story verifies its
receipts too; here the facts themselves are looked at.)"""

import copy
import hashlib
import json

import ledger
import pytest


@pytest.fixture(scope="module")
def submission(registry):
    """(command bytes, receipt) of a submission."""
    body = registry.supplier.sign("/v1/receivables", registry.invoice(gross="88.00"))
    return body, registry.send("/v1/receivables", body).ok(201)["receipt"]


def test_a_receipt_names_the_exact_command(registry, submission):
    body, receipt = submission
    entry, facts, checkpoint = ledger.check_receipt(receipt, body, registry.vkey)
    assert entry["req"] == hashlib.sha256(body).hexdigest()
    assert facts["gross_minor"] == 8800 and facts["creditor_id"] == registry.supplier.id
    assert checkpoint.size > receipt["seq"], "the proof is against a checkpoint that includes the entry: no promise"


def test_a_receipt_is_valid_in_the_ledger_as_it_is_now(registry, submission):
    _, receipt = submission
    assert registry.get(f"/v1/entries/{receipt['seq']}").ok()["leaf"] == receipt["leaf"]
    _, entries = registry.verify()
    assert entries[receipt["seq"]] == receipt["entry"]


def flip(text, at):
    return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]


@pytest.mark.parametrize("member", ["leaf", "entry", "proof"])
def test_no_letter_of_a_receipt_can_be_changed(registry, submission, member):
    body, receipt = submission
    text = receipt[member]
    for at in range(0, len(text), 7):
        bent = {**copy.deepcopy(receipt), member: flip(text, at)}
        with pytest.raises(Exception):  # noqa: B017 (a parser may stumble before a hash differs)
            ledger.check_receipt(bent, body, registry.vkey)


def test_a_disclosure_cannot_be_changed_or_left_out_unseen(registry, submission):
    body, receipt = submission
    for i, disclosure in enumerate(receipt["disclosures"]):
        others = receipt["disclosures"][:i] + receipt["disclosures"][i + 1 :]
        for bent in (others, others + [flip(disclosure, len(disclosure) // 2)], receipt["disclosures"] + [disclosure]):
            with pytest.raises(Exception):  # noqa: B017
                ledger.check_receipt({**receipt, "disclosures": bent}, body, registry.vkey)


def test_a_receipt_does_not_fit_another_command(registry, submission):
    _, receipt = submission
    other = registry.supplier.sign("/v1/receivables", registry.invoice())
    with pytest.raises(AssertionError, match="exact command"):
        ledger.check_receipt(receipt, other, registry.vkey)


def test_erasing_a_disclosure_leaves_the_proof_valid(registry, submission):
    """Privacy law may ask for it: the entry and its proof stand without the facts."""
    _, receipt = submission
    index, path, note = ledger.parse_tlog_proof(receipt["proof"])
    checkpoint = ledger.open_checkpoint(note, registry.vkey)
    ledger.check_inclusion(bytes.fromhex(receipt["leaf"]), index, checkpoint.size, checkpoint.root, path)
    some = ledger.open_disclosures(json.loads(receipt["entry"]), receipt["disclosures"][:2])
    assert len(some) == 2


def test_each_kind_of_act_is_an_entry_of_its_own_type(registry):
    redirect = {"name": "Elsewhere", "identifiers": {"tax_id": "E1"}}
    supplier, debtor, reviewer = registry.supplier, registry.debtor, registry.reviewer
    kind = lambda answer: json.loads(answer["receipt"]["entry"])["type"]  # noqa: E731
    first, second, third = (supplier.submit(registry.invoice()).ok(201) for _ in range(3))
    assert kind(first) == "receivable.registered"
    held = [supplier.submit(registry.invoice(invoice_payee=redirect)).ok(202) for _ in range(2)]
    assert kind(held[0]) == "receivable.held"
    assert kind(supplier.submit(registry.invoice(days=999)).problem("gateway-rejected")) == "receivable.rejected"
    assert kind(debtor.act(first["receivable"], "confirm").ok()) == "claim.accepted"
    assert kind(debtor.act(second["receivable"], "reject", {"reason": "other"}).ok()) == "receivable.declined"
    assert kind(supplier.act(third["receivable"], "withdraw").ok()) == "receivable.withdrawn"
    decide = lambda i, verb: reviewer.post(f"/v1/reviews/{held[i]['receivable']['id']}/{verb}", {"note": "x"}).ok()  # noqa: E731
    assert kind(decide(0, "approve")) == "review.approved" and kind(decide(1, "reject")) == "review.rejected"


def test_no_fingerprint_of_an_invoice_stands_on_the_ledger(registry, submission):
    """Neither the entry nor its facts carry a value that a plain hash of the invoice's key data would give."""
    _, receipt = submission
    facts = ledger.open_disclosures(json.loads(receipt["entry"]), receipt["disclosures"])
    assert not any("fingerprint" in name for name in facts)


def test_the_document_digest_is_that_of_the_signed_payload(registry):
    paper = registry.invoice()
    body = registry.supplier.sign("/v1/receivables", paper)
    receivable = registry.send("/v1/receivables", body).ok(201)["receivable"]
    payload = json.loads(body)["payload"]
    assert receivable["document_sha256"] == hashlib.sha256(ledger.b64url_decode(payload)).hexdigest()
