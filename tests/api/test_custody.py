"""Participants that cannot keep a key: the registry keeps it, and a bearer token with the right scope lets it sign for them.
Behind that point everything is as if they had signed themselves, and the entry says so."""

import json

import jws
import pytest
from bearer import register
from contract import ROOT
from registry import Participant

PATH = "/v1/receivables"


@pytest.fixture(scope="module")
def small(registry):
    """A supplier too small to keep keys."""
    return register(registry, "Corner Workshop", ["supplier"], ["read", "submit", "confirm"])


def test_the_registry_makes_and_keeps_the_key(registry, small):
    keys = small.get("/v1/me").ok()["participant"]["keys"]
    assert len(keys) == 1 and keys[0]["custody"] is True
    for file in (registry.directory / "keys").rglob("*"):
        if file.is_file():
            assert file.stat().st_mode & 0o077 == 0, file


def test_a_custody_participant_submits_with_a_token_and_the_entry_says_custody(registry, small):
    paper = registry.invoice(seller=small)
    answer = small.post(PATH, paper).ok(201)
    assert answer["receivable"]["creditor"] == small.id
    history = small.get(f"{PATH}/{answer['receivable']['id']}/history").ok()["items"]
    assert history[0]["facts"]["by"] == small.id and history[0]["facts"]["custody"] is True
    claim = registry.debtor.act(answer["receivable"], "confirm").ok()["claim"]
    assert claim["holder"] == small.id


def test_a_participant_that_signs_itself_is_not_marked_custody(registry):
    receivable = registry.registered()
    history = registry.supplier.get(f"{PATH}/{receivable['id']}/history").ok()["items"]
    assert "custody" not in history[0]["facts"]


def test_a_custody_participant_accepts_a_payable(registry, small):
    receivable = registry.debtor.submit(registry.invoice(seller=small)).ok(201)["receivable"]
    assert small.post(f"{PATH}/{receivable['id']}/accept").ok()["claim"]["origin"] == "accepted"


@pytest.mark.parametrize(
    "scopes, allowed",
    [(["read"], False), (["read", "confirm"], False), (["submit"], True), (["read", "submit"], True)],
)
def test_a_token_signs_only_within_its_scopes(registry, small, scopes, allowed):
    token, _ = small.issue_token(scopes, signer=registry.operator)
    paper = registry.invoice(seller=small)
    if allowed:
        small.post(PATH, paper, token=token).ok(201)
    else:
        with registry.unchanged():
            small.post(PATH, paper, token=token).problem("scope-missing")


def test_a_token_without_admin_issues_no_tokens(registry, small):
    with registry.unchanged():
        payload = {"participant": small.id, "token_sha256": "ab" * 32, "scopes": ["read"], "expires_at": registry.time_text(1)}
        small.post("/v1/tokens", payload).problem("scope-missing")


def test_without_a_valid_token_nothing_is_signed(registry, small):
    paper = registry.invoice(seller=small)
    token, issued = small.issue_token(["submit"], signer=registry.operator)
    registry.operator.post(f"/v1/tokens/{issued['id']}/revoke").ok()
    with registry.unchanged():
        small.post(PATH, paper, token="ts_" + "A" * 43).problem("unauthenticated")
        small.post(PATH, paper, token=token).problem("token-revoked")
        registry.send(PATH, jws.compact(paper), "application/json").problem("unauthenticated")


def test_custody_signs_for_nobody_else(registry, small):
    receivable = registry.registered()
    with registry.unchanged():
        small.post(f"{PATH}/{receivable['id']}/withdraw").problem("not-found")


def test_an_idempotency_key_makes_a_retry_safe(registry, small):
    key, paper = jws.new_jti(), registry.invoice(seller=small)
    first = small.post(PATH, paper, Idempotency_Key=key)
    first.ok(201)
    with registry.unchanged():
        again = small.post(PATH, paper, Idempotency_Key=key)
        assert (again.status, again.body) == (201, first.body)
        small.post(PATH, registry.invoice(seller=small), Idempotency_Key=key).problem("jti-reused")
        small.post(PATH, paper, Idempotency_Key="short").problem("bad-request")


def test_a_file_is_sent_as_it_is(registry, small):
    text = (ROOT / "examples/invoices/ubl/suzhou-huadong.xml").read_text(encoding="utf-8")
    text = text.replace("91320594MA1WJ4QX8P", small.identifiers["uscc"]).replace("2026-11-09", registry.day(-1))
    overlay = {"buyer": registry.debtor.id, "due_date": registry.day(40)}
    made = small.post(PATH, text.encode(), kind="application/xml", Submission=json.dumps(overlay)).ok(201)["receivable"]
    assert made["invoice"]["format"] == "ubl" and made["debtor"] == registry.debtor.id and made["due_date"] == registry.day(40)
    head = "number,issue_date,due_date,currency,gross_amount,buyer_id"
    rows = f"{head}\nCU-1,{registry.day(-1)},{registry.day(30)},CNY,4711.00,{registry.debtor.id}\n"
    assert small.post(PATH, rows.encode(), kind="text/csv").ok(200)["registered"] == 1


@pytest.mark.parametrize(
    "payload, slug",
    [
        (b"{", "malformed-json"),
        (b"", "malformed-json"),
        (b"\xff", "malformed-json"),
        (b'{"invoice":5}', "invalid-fields"),
        (b'{"invoice":{}}', "invalid-fields"),
    ],
)
def test_a_bad_payload_is_refused_as_a_signed_one_is(registry, small, payload, slug):
    with registry.unchanged():
        small.post(PATH, payload, bad=True).problem(slug)


def test_a_revoked_custody_key_signs_no_more(registry):
    company = register(registry, "Short Custody", ["supplier"], ["read", "submit"])
    kid = company.get("/v1/me").ok()["participant"]["keys"][0]["kid"]
    registry.operator.post(f"/v1/participants/{company.id}/keys/{kid}/revoke", {"reason": "keeps its own now"}).ok()
    with registry.unchanged():
        company.post(PATH, registry.invoice(seller=company)).problem("not-permitted")
    own = jws.Key()
    registry.operator.post(f"/v1/participants/{company.id}/keys", {"public_key": own.public}).ok(201)
    signer = Participant(registry, own, {"id": company.id, "name": "", "identifiers": {}})
    signer.submit(registry.invoice(seller=company)).ok(201)


def test_custody_and_a_key_of_ones_own_contradict_each_other(registry):
    payload = {"name": "Both Ways", "roles": ["lender"], "public_key": jws.Key().public, "custody": True}
    with registry.unchanged():
        registry.operator.post("/v1/participants", payload, bad=True).problem("invalid-fields", ("contradiction", "/public_key"))


def test_custody_survives_a_restart(fresh):
    company = register(fresh, "Patient Workshop", ["supplier"], ["read", "submit"])
    fresh.restart()
    company.post(PATH, fresh.invoice(seller=company)).ok(201)


def test_a_suspended_custody_participant_does_not_act(registry):
    company = register(registry, "Suspended Workshop", ["supplier"], ["read", "submit"])
    registry.operator.post(f"/v1/participants/{company.id}/suspend", {"reason": "x"}).ok()
    with registry.unchanged():
        company.post(PATH, registry.invoice(seller=company)).problem("participant-suspended")
